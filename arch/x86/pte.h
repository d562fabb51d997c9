/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page-table entries as both x86 architectures know them (SDM 3A 4.3 to 4.5, APM 2 5.3). For
 * arch/ only: the core sees entries through arch_leaf_entry and its kin.
 */
#ifndef X86_PTE_H
#define X86_PTE_H

#include <bootmem/paging.h>

#define PTE_PRESENT  UINT64_C(0x01)
#define PTE_WRITABLE UINT64_C(0x02)
#define PTE_PWT      UINT64_C(0x08)
#define PTE_PCD      UINT64_C(0x10)
#define PTE_ACCESSED UINT64_C(0x20)
#define PTE_DIRTY    UINT64_C(0x40)
#define PTE_LARGE    UINT64_C(0x80) /* in levels above the lowest */
#define PTE_NX       (UINT64_C(1) << 63)
#define PTE_ADDRESS  UINT64_C(0x000ffffffffff000)

/*
 * The page attribute table that MAP_WC counts on, entry 0 first: WB WC UC- UC WB WP UC- WT, as
 * Linux programs it. Only entries 0, 1 and 3 are used, so the PAT bit, which moves between page
 * sizes, stays clear. Entries 0 and 3 are the same after reset; entry 1 is WT there, which is
 * slower and just as right.
 */
#define X86_PAT      UINT64_C(0x0407050600070106)

/*
 * Flags of a leaf, but for its size. Accessed is set beforehand, and dirty where it can be written.
 * Not dirty and read-only at once: that marks a shadow stack under CET (SDM 3A, "Shadow-Stack
 * Accesses").
 */
static inline uint64_t pte_flags(uint32_t rights, bool nx)
{
	uint64_t flags = PTE_PRESENT | PTE_ACCESSED;

	if (rights & MAP_WRITE)
		flags |= PTE_WRITABLE | PTE_DIRTY;
	if (rights & MAP_UC)
		flags |= PTE_PCD | PTE_PWT;
	if (rights & MAP_WC)
		flags |= PTE_PWT;
	if (nx && !(rights & MAP_EXEC))
		flags |= PTE_NX;
	return flags;
}

static inline uint32_t pte_rights(uint64_t entry)
{
	uint32_t rights = 0;

	if (entry & PTE_WRITABLE)
		rights |= MAP_WRITE;
	if (!(entry & PTE_NX))
		rights |= MAP_EXEC;
	if (entry & PTE_PCD)
		rights |= MAP_UC;
	else if (entry & PTE_PWT)
		rights |= MAP_WC;
	return rights;
}

/* UC is PCD and PWT together; PCD alone would be UC-, which an MTRR can change. */
static inline bool pte_type_known(uint64_t entry)
{
	return !(entry & PTE_PCD) || (entry & PTE_PWT);
}

/* Every bit of a leaf: PAT, global, user and whatever is reserved or ignored must be clear. */
static inline bool pte_leaf_sound(uint64_t entry, uint64_t address_mask, bool large, bool nx)
{
	uint64_t allowed = PTE_PRESENT | PTE_WRITABLE | PTE_PWT | PTE_PCD | PTE_ACCESSED |
			   PTE_DIRTY | address_mask;
	bool writable = (entry & PTE_WRITABLE) != 0, dirty = (entry & PTE_DIRTY) != 0;

	if (large)
		allowed |= PTE_LARGE;
	if (nx)
		allowed |= PTE_NX;
	return (entry & ~allowed) == 0 && (entry & PTE_ACCESSED) && dirty == writable &&
	       pte_type_known(entry);
}

static inline bool pte_table_sound(uint64_t entry, uint64_t address_mask)
{
	return (entry & ~address_mask) == (PTE_PRESENT | PTE_WRITABLE | PTE_ACCESSED);
}

/* The bits that hold the address of something aligned to 1 << shift below phys_end, a power of two. */
static inline uint64_t pte_address_mask(unsigned shift, phys_t phys_end)
{
	return (phys_end - 1) & ~((UINT64_C(1) << shift) - 1);
}

#endif

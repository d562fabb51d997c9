/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * i386: the geometry of 2 level tables and of PAE, and their entries. Pure: no state, no memory
 * touched. Called by core/paging.c and core/mapplan.c.
 */
#include <x86/pte.h>

#define VIRT_END (UINT64_C(1) << 32)

static bool is_pae(const struct paging_mode *mode)
{
	return mode->levels == 3;
}

/* Entries of 2 level tables have no room for it. */
static bool has_nx(const struct paging_mode *mode)
{
	return is_pae(mode) && mode->nx;
}

/* PAE's four top-level entries have no rights: those bits are reserved and fault at the CR3 load.
 */
static bool is_pdpte(const struct paging_mode *mode, unsigned level)
{
	return is_pae(mode) && level == 3;
}

/* The gap is at least ARCH_VMALLOC_OFFSET, and rounded so that no page table serves both sides. */
static uint64_t vmalloc_start(uint64_t high_memory)
{
	return align_up(high_memory, ARCH_VMALLOC_OFFSET) + ARCH_VMALLOC_OFFSET;
}

void arch_address_space(
	struct address_space *space, const struct limits *limits, const struct paging_mode *mode)
{
	uint64_t room = ARCH_VMALLOC_END - 2 * ARCH_VMALLOC_OFFSET - ARCH_DIRECT_BASE;
	uint64_t bytes = min_u64(pfn_phys(limits->max_low_pfn), room);

	(void)mode;
	*space = (struct address_space){
		.identity_end = ARCH_DIRECT_BASE,
		.direct_base = ARCH_DIRECT_BASE,
		.direct_bytes = bytes,
		.vmalloc_start = vmalloc_start(ARCH_DIRECT_BASE + bytes),
		.vmalloc_end = ARCH_VMALLOC_END,
		.pkmap_start = ARCH_PKMAP_START,
		.pkmap_end = ARCH_PKMAP_END,
		.fixmap_start = ARCH_FIXMAP_START,
		.fixmap_end = ARCH_FIXMAP_END,
	};
}

bool arch_place_kernel(struct address_space *space, uint64_t start, uint64_t end, uint64_t base)
{
	bool low = end <= space->identity_end;
	uint64_t vmalloc_end = align_down(start, 4 * MIB); /* a page table of its own */

	if (!low && (vmalloc_end <= space->vmalloc_start || end > space->vmalloc_end))
		return false;
	if (!low)
		space->vmalloc_end = vmalloc_end;
	space->kernel_start = start;
	space->kernel_end = end;
	space->kernel_base = base;
	return true;
}

/* Large pages where the physical address allows them: both are equal modulo 4 MiB. */
bool arch_place_screen(struct address_space *space, phys_t start_phys, phys_t end_phys)
{
	uint64_t large = 4 * MIB, vmalloc_bytes = space->vmalloc_end - space->vmalloc_start;
	uint64_t span = align_up(end_phys, large) - align_down(start_phys, large);
	uint64_t base = ARCH_VMALLOC_END - span - align_down(start_phys, large);
	bool kernel_above = space->kernel_end > space->vmalloc_start;

	if (span > vmalloc_bytes / 2 ||
		(kernel_above && space->kernel_end > ARCH_VMALLOC_END - span))
		return false;
	space->screen = (struct map_span){ base + start_phys, base + end_phys, base };
	space->vmalloc_end = min_u64(space->vmalloc_end, ARCH_VMALLOC_END - span);
	return true;
}

bool arch_place_serial(struct address_space *space, phys_t start_phys, phys_t end_phys)
{
	uint64_t start = space->fixmap_start, bytes = end_phys - start_phys;

	if (bytes > (space->fixmap_end - start) / 2)
		return false;
	space->serial = (struct map_span){ start, start + bytes, start - start_phys };
	space->fixmap_start += bytes;
	return true;
}

unsigned arch_level_shift(const struct paging_mode *mode, unsigned level)
{
	return PAGE_SHIFT + (is_pae(mode) ? 9u : 10u) * (level - 1);
}

unsigned arch_level_bits(const struct paging_mode *mode, unsigned level)
{
	if (is_pdpte(mode, level))
		return 2;
	return is_pae(mode) ? 9 : 10;
}

bool arch_leaf_allowed(const struct paging_mode *mode, unsigned level)
{
	return level == 1 || (level == 2 && mode->large);
}

bool arch_virt_canonical(const struct paging_mode *mode, uint64_t virt)
{
	(void)mode;
	return virt < VIRT_END;
}

/* What it has no room for is high memory, and needs none. */
phys_t arch_direct_end(const struct paging_mode *mode)
{
	(void)mode;
	return PHYS_END;
}

phys_t arch_phys_end(const struct paging_mode *mode)
{
	phys_t end = is_pae(mode) ? PHYS_END : UINT64_C(1) << 32;

	return min_u64(UINT64_C(1) << (mode->phys_bits & 63u), end);
}

/* CR3 has 32 bits. */
phys_t arch_tables_end(const struct paging_mode *mode)
{
	return min_u64(arch_phys_end(mode), UINT64_C(1) << 32);
}

uint64_t arch_leaf_entry(
	const struct paging_mode *mode, unsigned level, phys_t phys, uint32_t rights)
{
	return phys | pte_flags(rights, has_nx(mode)) | (level > 1 ? PTE_LARGE : 0);
}

/* Tables allow everything; the leaves below them decide. */
uint64_t arch_table_entry(const struct paging_mode *mode, unsigned level, phys_t phys)
{
	if (is_pdpte(mode, level))
		return phys | PTE_PRESENT;
	return phys | PTE_PRESENT | PTE_WRITABLE | PTE_ACCESSED;
}

bool arch_entry_present(uint64_t entry)
{
	return (entry & PTE_PRESENT) != 0;
}

bool arch_entry_is_leaf(unsigned level, uint64_t entry)
{
	return level == 1 || (level == 2 && (entry & PTE_LARGE));
}

phys_t arch_entry_phys(const struct paging_mode *mode, unsigned level, uint64_t entry)
{
	phys_t phys = entry & PTE_ADDRESS;

	if (!arch_entry_is_leaf(level, entry))
		return phys;
	return align_down(phys, UINT64_C(1) << arch_level_shift(mode, level));
}

uint32_t arch_entry_rights(const struct paging_mode *mode, unsigned level, uint64_t entry)
{
	if (is_pdpte(mode, level))
		return MAP_WRITE | MAP_EXEC;
	return pte_rights(entry);
}

bool arch_entry_sound(const struct paging_mode *mode, unsigned level, uint64_t entry)
{
	phys_t end = arch_phys_end(mode);
	uint64_t table_mask = pte_address_mask(PAGE_SHIFT, end);

	if (is_pdpte(mode, level))
		return (entry & ~table_mask) == PTE_PRESENT;
	if (!arch_entry_is_leaf(level, entry))
		return pte_table_sound(entry, table_mask);
	return arch_leaf_allowed(mode, level) &&
	       pte_leaf_sound(entry, pte_address_mask(arch_level_shift(mode, level), end),
		       level > 1, has_nx(mode));
}

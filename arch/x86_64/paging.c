/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * x86_64: the geometry of 4 and 5 level tables and their entries. Pure: no state, no memory
 * touched. Called by core/paging.c and core/mapplan.c.
 */
#include <x86/pte.h>

#define LEVEL_BITS 9u

static unsigned virt_bits(const struct paging_mode *mode)
{
	return PAGE_SHIFT + LEVEL_BITS * mode->levels;
}

void arch_address_space(
	struct address_space *space, const struct limits *limits, const struct paging_mode *mode)
{
	bool five = mode->levels == 5;
	uint64_t base = five ? ARCH_DIRECT_BASE_5 : ARCH_DIRECT_BASE;
	uint64_t end = five ? ARCH_DIRECT_END_5 : ARCH_DIRECT_END;

	*space = (struct address_space){
		.identity_end = UINT64_C(1) << (virt_bits(mode) - 1),
		.direct_base = base,
		.direct_bytes = min_u64(pfn_phys(limits->max_pfn), end - base),
		.vmalloc_start = five ? ARCH_VMALLOC_START_5 : ARCH_VMALLOC_START,
		.vmalloc_end = five ? ARCH_VMALLOC_END_5 : ARCH_VMALLOC_END,
		.fixmap_start = ARCH_FIXMAP_START,
		.fixmap_end = ARCH_FIXMAP_END,
	};
}

bool arch_place_kernel(struct address_space *space, uint64_t start, uint64_t end, uint64_t base)
{
	bool low = end <= space->identity_end;

	if (!low && (start < space->vmalloc_end || end > space->fixmap_start))
		return false;
	space->kernel_start = start;
	space->kernel_end = end;
	space->kernel_base = base;
	return true;
}

bool arch_place_screen(struct address_space *space, phys_t start_phys, phys_t end_phys)
{
	(void)space;
	(void)start_phys;
	(void)end_phys;
	return false;
}

bool arch_place_serial(struct address_space *space, phys_t start_phys, phys_t end_phys)
{
	(void)space;
	(void)start_phys;
	(void)end_phys;
	return false;
}

unsigned arch_level_shift(const struct paging_mode *mode, unsigned level)
{
	(void)mode;
	return PAGE_SHIFT + LEVEL_BITS * (level - 1);
}

unsigned arch_level_bits(const struct paging_mode *mode, unsigned level)
{
	(void)mode;
	(void)level;
	return LEVEL_BITS;
}

bool arch_leaf_allowed(const struct paging_mode *mode, unsigned level)
{
	return level == 1 || (level == 2 && mode->large) ||
	       (level == 3 && mode->large && mode->huge);
}

bool arch_virt_canonical(const struct paging_mode *mode, uint64_t virt)
{
	unsigned sign = virt_bits(mode) - 1;
	uint64_t high = virt >> sign;

	return high == 0 || high == UINT64_MAX >> sign;
}

phys_t arch_direct_end(const struct paging_mode *mode)
{
	return mode->levels == 5 ? ARCH_DIRECT_END_5 - ARCH_DIRECT_BASE_5
				 : ARCH_DIRECT_END - ARCH_DIRECT_BASE;
}

phys_t arch_phys_end(const struct paging_mode *mode)
{
	return min_u64(UINT64_C(1) << (mode->phys_bits & 63u), PHYS_END);
}

phys_t arch_tables_end(const struct paging_mode *mode)
{
	return arch_phys_end(mode);
}

uint64_t arch_leaf_entry(
	const struct paging_mode *mode, unsigned level, phys_t phys, uint32_t rights)
{
	return phys | pte_flags(rights, mode->nx) | (level > 1 ? PTE_LARGE : 0);
}

/* Tables allow everything; the leaves below them decide. */
uint64_t arch_table_entry(const struct paging_mode *mode, unsigned level, phys_t phys)
{
	(void)mode;
	(void)level;
	return phys | PTE_PRESENT | PTE_WRITABLE | PTE_ACCESSED;
}

bool arch_entry_present(uint64_t entry)
{
	return (entry & PTE_PRESENT) != 0;
}

bool arch_entry_is_leaf(unsigned level, uint64_t entry)
{
	return level == 1 || (level <= 3 && (entry & PTE_LARGE));
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
	(void)mode;
	(void)level;
	return pte_rights(entry);
}

bool arch_entry_sound(const struct paging_mode *mode, unsigned level, uint64_t entry)
{
	phys_t end = arch_phys_end(mode);

	if (!arch_entry_is_leaf(level, entry))
		return pte_table_sound(entry, pte_address_mask(PAGE_SHIFT, end));
	return arch_leaf_allowed(mode, level) &&
	       pte_leaf_sound(entry, pte_address_mask(arch_level_shift(mode, level), end),
		       level > 1, mode->nx);
}

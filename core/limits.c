/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limits: where memory ends and where low memory ends (limits.h). A pure function of the table, so
 * that settle can repeat it.
 */
#include <bootmem/arch.h>
#include <bootmem/limits.h>

/*@ requires ARCH_HIGHMEM == 1 && \valid(refusal);
    assigns *refusal;
    ensures LIMITS_MIN_LOW <= GIB - \result < GIB; */
static uint64_t vmalloc_reserve(uint64_t vmalloc_bytes, enum split_refusal *refusal)
{
	const uint64_t kernel = GIB, standard = kernel - ARCH_SPLIT_PHYS;

	if (vmalloc_bytes == LIMITS_NOT_GIVEN)
		return standard;
	if (vmalloc_bytes < LIMITS_MIN_VMALLOC)
		*refusal = SPLIT_VMALLOC_TOO_SMALL;
	else if (vmalloc_bytes > kernel - LIMITS_MIN_LOW - LIMITS_VMALLOC_GUARD)
		*refusal = SPLIT_VMALLOC_TOO_LARGE;
	else
		return align_up(vmalloc_bytes, PAGE_SIZE) + LIMITS_VMALLOC_GUARD;
	return standard;
}

/* RAM is all low: highmem= takes from the top of it. */
/*@ requires \valid(split) && ram_end <= split->low_end_phys;
    assigns split->highmem, split->low_end_phys;
    ensures split->low_end_phys <= \old(split->low_end_phys);
    ensures split->low_end_phys == \old(split->low_end_phys) || split->low_end_phys >= LIMITS_MIN_LOW; */
static void split_low_ram(struct split *split, phys_t ram_end, uint64_t highmem)
{
	if (highmem >= ram_end)
		split->highmem = SPLIT_HIGHMEM_MORE_THAN_RAM;
	else if (ram_end - highmem < LIMITS_MIN_LOW)
		split->highmem = SPLIT_HIGHMEM_LEAVES_TOO_LITTLE;
	else
		split->low_end_phys = ram_end - highmem;
}

/* There is high memory anyway: highmem= says how much of it counts. */
/*@ requires \valid(split) && split->low_end_phys < ram_end <= split->ram_end_phys;
    assigns split->highmem, split->ram_end_phys;
    ensures split->low_end_phys <= split->ram_end_phys <= \old(split->ram_end_phys); */
static void split_high_ram(struct split *split, phys_t ram_end, uint64_t highmem)
{
	if (highmem > ram_end - split->low_end_phys)
		split->highmem = SPLIT_HIGHMEM_NOT_THERE;
	else
		split->ram_end_phys = split->low_end_phys + highmem;
}

struct split limits_split(pfn_t max_pfn, uint64_t highmem_bytes, uint64_t vmalloc_bytes)
{
	struct split split = { .low_end_phys = ARCH_SPLIT_PHYS, .ram_end_phys = PHYS_END };
	phys_t ram_end;
	uint64_t highmem;

	if (!ARCH_HIGHMEM)
		return split;
	ram_end = pfn_phys(max_pfn);
	split.low_end_phys = GIB - vmalloc_reserve(vmalloc_bytes, &split.vmalloc);
	if (highmem_bytes == LIMITS_NOT_GIVEN)
		return split;
	highmem = align_down(min_u64(highmem_bytes, PHYS_END), PAGE_SIZE);
	if (ram_end <= split.low_end_phys)
		split_low_ram(&split, ram_end, highmem);
	else
		split_high_ram(&split, ram_end, highmem);
	return split;
}

const char *split_refusal_text(enum split_refusal refusal)
{
	static const char *const text[] = {
		[SPLIT_ACCEPTED] = "accepted",
		[SPLIT_VMALLOC_TOO_SMALL] = "needs at least 32 MiB",
		[SPLIT_VMALLOC_TOO_LARGE] = "leaves less than 64 MiB for low memory",
		[SPLIT_HIGHMEM_MORE_THAN_RAM] = "is more than there is RAM",
		[SPLIT_HIGHMEM_LEAVES_TOO_LITTLE] = "leaves less than 64 MiB of low memory",
		[SPLIT_HIGHMEM_NOT_THERE] = "is more than there is high memory",
	};

	return text[refusal];
}

enum bm_error limits_find(struct limits *out, const struct e820 *map, phys_t split_phys)
{
	pfn_t split = pfn_down(split_phys);
	struct limits l = { .min_low_pfn = PFN_END };
	struct pfn_range ram;

	/*@ loop invariant 0 <= i;
	    loop invariant l.min_low_pfn <= PFN_END && l.max_low_pfn <= split && l.max_low_pfn <= l.max_pfn <= PFN_END;
	    loop invariant 0 < l.min_low_pfn;
	    loop invariant i <= map->count || i == 0;
	    loop invariant \forall integer k; 0 <= k < i && k < map->count && map->entry[k].type == E820_RAM ==>
	        map->entry[k].end <= l.max_pfn * PAGE_SIZE;
	    loop assigns i, ram, l; */
	for (uint32_t i = 0; e820_next_ram(map, &i, &ram);) {
		pfn_t usable = max_u64(ram.start, 1); /* page 0 is never used */

		if (usable < ram.end && usable < l.min_low_pfn)
			l.min_low_pfn = usable;
		if (ram.start < split)
			l.max_low_pfn = min_u64(ram.end, split);
		l.max_pfn = ram.end;
	}
	if (l.min_low_pfn >= l.max_low_pfn)
		return BM_NOMEM;
	l.highstart_pfn = l.max_low_pfn;
	l.highend_pfn = l.max_pfn;
	*out = l;
	return BM_OK;
}

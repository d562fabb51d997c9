/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limits: where memory ends and where low memory ends (limits.h). A pure function of the table, so
 * that settle can repeat it.
 */
#include <bootmem/limits.h>

enum bm_error limits_find(struct limits *out, const struct e820 *map, phys_t split_phys)
{
	pfn_t split = pfn_down(split_phys);
	struct limits l = { .min_low_pfn = PFN_END };
	struct pfn_range ram;

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

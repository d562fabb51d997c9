/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where memory ends, and where low memory ends: find_max_pfn and find_max_low_pfn of the lineage.
 */
#ifndef BOOTMEM_LIMITS_H
#define BOOTMEM_LIMITS_H

#include <bootmem/e820.h>
#include <bootmem/types.h>

/*
 * max_pfn       end of the highest RAM
 * min_low_pfn   first RAM page that is not page 0
 * max_low_pfn   end of the highest RAM below the split
 * highstart_pfn == max_low_pfn, highend_pfn == max_pfn; all three are equal without high RAM
 */
struct limits {
	pfn_t min_low_pfn;
	pfn_t max_low_pfn;
	pfn_t max_pfn;
	pfn_t highstart_pfn;
	pfn_t highend_pfn;
};

/* All RAM below split_phys is low memory. BM_NOMEM when there is none. */
BM_MUST_USE enum bm_error limits_find(struct limits *out, const struct e820 *map, phys_t split_phys);

#endif

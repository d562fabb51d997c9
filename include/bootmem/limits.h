/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where memory ends, and where low memory ends: find_max_pfn and find_max_low_pfn of the lineage.
 */
#ifndef BOOTMEM_LIMITS_H
#define BOOTMEM_LIMITS_H

#include <bootmem/arch.h>
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

/*
 * Where low memory may end, and where RAM must end, by i386's options:
 *
 *   vmalloc=  address space kept for vmalloc, fixmap and pkmap, besides the guard gap; low memory gets
 *             the rest of the kernel's GiB. When not given, gap and all are 128 MiB.
 *   highmem=  exactly so much high memory. On a machine whose RAM is all low, it is taken from the top
 *             of low memory; otherwise RAM above it is not used.
 *
 * As Linux's options of the same names (Documentation/admin-guide/kernel-parameters). A value that
 * is impossible is ignored, and said why. Architectures without high memory ignore both.
 */
#define LIMITS_NOT_GIVEN     UINT64_MAX
#define LIMITS_MIN_VMALLOC   (32 * MIB) /* pkmap and fixmap, and a little vmalloc */
#define LIMITS_VMALLOC_GUARD (8 * MIB)  /* above low memory; Linux adds it to vmalloc= */
#define LIMITS_MIN_LOW       (64 * MIB)

enum split_refusal {
	SPLIT_ACCEPTED,
	SPLIT_VMALLOC_TOO_SMALL,
	SPLIT_VMALLOC_TOO_LARGE,
	SPLIT_HIGHMEM_MORE_THAN_RAM,
	SPLIT_HIGHMEM_LEAVES_TOO_LITTLE,
	SPLIT_HIGHMEM_NOT_THERE,
};

struct split {
	phys_t low_end_phys;                 /* low memory ends here or below */
	phys_t ram_end_phys;                 /* RAM above is not used */
	enum split_refusal vmalloc, highmem; /* why the option was ignored */
};

/*@ requires max_pfn <= PFN_END;
    assigns \nothing;
    ensures 0 < \result.low_end_phys <= \result.ram_end_phys <= PHYS_END;
    ensures ARCH_HIGHMEM == 0 ==> \result.low_end_phys == ARCH_SPLIT_PHYS && \result.ram_end_phys == PHYS_END;
    ensures ARCH_HIGHMEM == 1 ==> \result.low_end_phys >= LIMITS_MIN_LOW;
*/
struct split limits_split(pfn_t max_pfn, uint64_t highmem_bytes, uint64_t vmalloc_bytes);

/* "leaves less than 64 MiB of low memory", ...: a reason for people. */
/*@ requires refusal <= SPLIT_HIGHMEM_NOT_THERE;
    assigns \nothing; */
const char *split_refusal_text(enum split_refusal refusal);

/* All RAM below split_phys is low memory. BM_NOMEM when there is none. */
/*@ requires e820_readable(map) && e820_finished(map) && \valid(out);
    requires \separated(out, map, map->entry + (0 .. map->count - 1));
    assigns *out;
    ensures \result == BM_OK || \result == BM_NOMEM && *out == \old(*out);
    ensures \result == BM_OK ==> 0 < out->min_low_pfn < out->max_low_pfn <= out->max_pfn <= PFN_END;
    ensures \result == BM_OK ==> out->highstart_pfn == out->max_low_pfn && out->highend_pfn == out->max_pfn;
    ensures \result == BM_OK ==> out->max_low_pfn <= split_phys / PAGE_SIZE;
    ensures \result == BM_OK ==> \forall integer i; 0 <= i < map->count && map->entry[i].type == E820_RAM ==>
        map->entry[i].end <= out->max_pfn * PAGE_SIZE;
*/
BM_MUST_USE enum bm_error limits_find(
	struct limits *out, const struct e820 *map, phys_t split_phys);

#endif

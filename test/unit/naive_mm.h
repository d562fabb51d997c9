/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * naive_mm: a struct mm made from a naive model (naive.h), in one of two ways: in a few pages of host memory,
 * its sections written or deferred directly; or by the whole of mem_init, out of a bootmem of
 * several nodes.
 */
#ifndef TEST_NAIVE_MM_H
#define TEST_NAIVE_MM_H

#include "naive.h"

/* --- in a few pages ------------------------------------------------------------------------------ */

/*
 * Everything mm names lies at physical 0 to size_bytes, which is not RAM of the model. Whoever restores these
 * bytes restores the allocator.
 */
struct image {
	uint8_t *bytes;
	size_t size_bytes;
	struct mm *mm;
};

/*
 * Limits, zones and sections of the model are laid out, its free pages released by section_put_run
 * or section_defer, watermarks set. Compares the state. *image is all zero, or holds an image that
 * is replaced.
 */
void image_make(struct image *image, struct naive *n, pfn_t split_pfn, enum naive_way way);
void image_free(struct image *image);

/* --- by mem_init --------------------------------------------------------------------------------- */

struct full {
	uint8_t *arena;
	uint64_t arena_bytes;
	struct e820 map;
	struct owners owners;
	struct node_map nodes;
	struct bootmem bootmem[NAIVE_NODES];
	struct pfn_range bitmap[NAIVE_NODES];
	struct bootmem_pool pool;
	struct mm *mm;
	uint64_t left_out_pages;
};

/*
 * Reserved pages of the model belong to "reserve="; bitmaps and tables take free ones; then mem_init.
 * Checks where it puts descriptors and that the books balance; compares the state. False, and nothing
 * is left to free, when there is no room for the bitmaps and tables. One at a time: the arena is shared. It has
 * room for 256 MiB of low memory on i386, and for 8 GiB of RAM on x86_64.
 */
bool full_make(struct full *full, struct naive *n, pfn_t split_pfn);
void full_free(struct full *full);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * naive_tables: page tables read entry by entry, as the processor's manual has it (SDM 3A, 4.3 to 4.5). Nothing of
 * core/paging*.c and arch/<arch>/paging.c is used, so that these can be judged by it. What no table of ours may hold
 * fails the test.
 */
#ifndef TEST_NAIVE_TABLES_H
#define TEST_NAIVE_TABLES_H

#include <bootmem/paging.h>

/* Pages of one size that follow one another in both address spaces, with the same rights. */
struct shown {
	uint64_t virt; /* canonical */
	phys_t phys;
	uint64_t bytes;
	unsigned page_shift;
	uint32_t rights; /* MAP_*; without NX all have MAP_EXEC */
};

struct shown_list {
	struct shown *item; /* ascending */
	uint32_t count, capacity;
	uint64_t tables; /* met on the way, the root too */
};

/* Append, as part of the last one where it continues that. */
void shown_add(struct shown_list *list, struct shown shown);

/* Everything that the tables show. The list is to be empty, and freed with shown_free. */
void shown_read(
	struct shown_list *list, phys_t root, const struct paging_mode *mode, struct window window);
void shown_free(struct shown_list *list);

/* How many pages of each size there are in [start, end). */
struct page_counts shown_pages(const struct shown_list *list, uint64_t start, uint64_t end);

/* Each area of the plan shows the pages that paging_area_pages says, and nothing else is shown. */
void shown_matches_plan(
	const struct shown_list *list, const struct map_plan *plan, const struct paging_mode *mode);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Limits, nodes, zones and sections in a small scope: all maps of twelve pages, all maps of a few ranges of
 * two nodes, and all maps of seven pages and three nodes, with every border of zones there is at
 * every place in them. Each is compared with the obvious count (naive.h). Counts are printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "naive.h"

#define S         SECTION_PAGES
#define DMA       (16 * MIB / PAGE_SIZE)
#define MAX_PAGES 12
#define TABLES    8 /* pages for tables, and the first of them is physical page 1 */

/*
 * Where a border lies: the window is so that it falls in front of page at of it. On i386 the second
 * border is the split, which goes where it is wanted; on x86_64 it is at 4 GiB.
 */
struct border {
	const char *what;
	pfn_t (*window)(uint32_t at);
	pfn_t (*split)(uint32_t at);
};

static pfn_t dma_window(uint32_t at)
{
	return DMA - at;
}

static pfn_t no_split(uint32_t at)
{
	(void)at;
	return PFN_END;
}

static pfn_t top_window(uint32_t at)
{
	return ARCH_HIGHMEM ? S - 5 : 4 * GIB / PAGE_SIZE - at;
}

static pfn_t top_split(uint32_t at)
{
	return S - 5 + at;
}

static pfn_t both_window(uint32_t at)
{
	(void)at;
	return DMA - 5;
}

static pfn_t both_split(uint32_t at)
{
	return DMA - 5 + at;
}

/* The last one differs from the first on i386 only. */
static const struct border borders[] = {
	{ "the first zone's end", dma_window, no_split },
	{ "the second zone's end", top_window, top_split },
	{ "both", both_window, both_split },
};

#define BORDERS (ARCH_HIGHMEM ? 3u : 2u)

/* --- one map --------------------------------------------------------------------------------------------- */

struct scope {
	uint32_t pages, nodes, entries; /* entries: at most so many ranges */
	uint8_t letter[MAX_PAGES];      /* 0: no RAM, else nid + 1 */
	struct naive *n;
	pfn_t split;
	uint8_t *memory;
	uint64_t maps, without_low;
};

static struct mm *mm_of(const struct scope *s)
{
	return (struct mm *)(s->memory + PAGE_SIZE);
}

static bool find_limits(struct scope *s, const struct e820 *map)
{
	bool low = s->n->limits.min_low_pfn < s->n->limits.max_low_pfn;
	phys_t split = pfn_phys(ARCH_HIGHMEM ? s->split : ARCH_DMA32_END_PFN);
	struct limits limits = { 0 };

	if ((limits_find(&limits, map, split) == BM_OK) != low)
		fail_msg("after: %s: low memory: %d", s->n->trace, low);
	if (low && memcmp(&limits, &s->n->limits, sizeof(limits)) != 0)
		fail_msg("after: %s: limits %llx %llx %llx", s->n->trace,
			(unsigned long long)limits.min_low_pfn,
			(unsigned long long)limits.max_low_pfn, (unsigned long long)limits.max_pfn);
	return low;
}

static void build(struct scope *s, const struct e820 *map, const struct node_map *nodes)
{
	uint64_t node_pages = nodes_table_pages(nodes);
	uint64_t section_pages = sparse_table_pages(map, s->n->limits.max_pfn);
	struct mm *mm = mm_of(s);

	assert_true(2 + node_pages + section_pages <= TABLES);
	memset(s->memory, 0, TABLES * PAGE_SIZE);
	mm->window.base = (uintptr_t)s->memory;
	mm->limits = s->n->limits;
	nodes_init(mm, nodes, 2);
	sparse_init(mm, map, 2 + node_pages);
}

/* Without low memory there is nothing to build. */
static void check_map(struct scope *s)
{
	struct e820_entry entry[MAX_PAGES];
	struct node_range range[MAX_PAGES];
	struct e820 map = { entry, 0, MAX_PAGES };
	static struct node_map nodes;

	s->maps++;
	naive_cut(s->n, ARCH_HIGHMEM ? s->split : ARCH_DMA32_END_PFN);
	naive_e820(s->n, &map);
	if (!find_limits(s, &map)) {
		s->without_low++;
		return;
	}
	nodes.range = range;
	nodes.range_capacity = MAX_PAGES;
	naive_node_map(s->n, &nodes);
	if (!e820_check(&map) || !node_map_check(&nodes, &map))
		fail_msg("after: %s: not a map", s->n->trace);
	build(s, &map, &nodes);
	naive_compare_layout(s->n, mm_of(s));
}

/* --- all maps -------------------------------------------------------------------------------------------- */

static void paint(struct scope *s)
{
	for (uint32_t i = 0; i < s->pages; i++) {
		s->n->state[i] = s->letter[i] != 0 ? NAIVE_RESERVED : NAIVE_HOLE;
		s->n->nid[i] = s->letter[i] != 0 ? (uint8_t)(s->letter[i] - 1) : 0;
		s->n->trace[i] = ".abcdefgh"[s->letter[i]];
	}
	s->n->trace[s->pages] = '\0';
}

static void all_maps(struct scope *s, uint32_t page, uint32_t entries)
{
	if (page == s->pages) {
		paint(s);
		check_map(s);
		return;
	}
	for (uint8_t letter = 0; letter <= s->nodes; letter++) {
		bool starts = letter != 0 && (page == 0 || s->letter[page - 1] != letter);

		if (starts && entries == s->entries)
			continue;
		s->letter[page] = letter;
		all_maps(s, page + 1, entries + starts);
	}
}

static void at_border(struct scope *s, const struct border *border, uint32_t at)
{
	pfn_t start = border->window(at);
	struct pfn_range window = { start, start + s->pages };

	s->n = naive_new(&window, 1);
	s->split = border->split(at);
	s->n->nodes = s->nodes;
	for (uint32_t from = 0; from < s->nodes; from++)
		for (uint32_t to = 0; to < s->nodes; to++)
			s->n->distance[from * s->nodes + to] =
				(uint8_t)(from == to ? 10 : 40 - 5 * to);
	all_maps(s, 0, 0);
	naive_delete(s->n);
}

static uint64_t run_scope(uint32_t pages, uint32_t nodes, uint32_t entries)
{
	struct scope s = { .pages = pages, .nodes = nodes, .entries = entries };

	s.memory = aligned_alloc(PAGE_SIZE, TABLES * PAGE_SIZE);
	for (uint32_t b = 0; b < BORDERS; b++)
		for (uint32_t at = 0; at <= pages; at++)
			at_border(&s, &borders[b], at);
	free(s.memory);
	print_message("zones: %llu maps of up to %u ranges in %u pages and %u nodes, "
		      "%llu without low memory\n",
		(unsigned long long)s.maps, entries, pages, nodes,
		(unsigned long long)s.without_low);
	return s.maps;
}

static void test_one_node(void **state)
{
	(void)state;
	assert_int_equal(run_scope(12, 1, 12), (uint64_t)BORDERS * 13 << 12);
}

/* Four ranges and what is between and around them occur in all orders within nine pages. */
static void test_two_nodes(void **state)
{
	(void)state;
	assert_true(run_scope(12, 2, 3) > 500000);
	assert_true(run_scope(9, 2, 4) > 200000);
}

static void test_three_nodes(void **state)
{
	(void)state;
	assert_int_equal(run_scope(7, 3, 7), (uint64_t)BORDERS * 8 << 14);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_node),
		cmocka_unit_test(test_two_nodes),
		cmocka_unit_test(test_three_nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

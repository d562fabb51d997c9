/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The obvious model (naive.h). Nothing here is clever, and nothing is taken from the core but the
 * structures that the comparisons read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "naive.h"

#define SEEN 0x80 /* in order: met on a list */

#define CHECK(n, condition, ...)                                                                   \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			print_error("after: %s\n", (n)->trace);                                    \
			print_error(__VA_ARGS__);                                                  \
			fail_msg(" (%s)", #condition);                                             \
		}                                                                                  \
	} while (0)

typedef unsigned long long ull;

/* --- the model ---------------------------------------------------------------------------------- */

struct naive *naive_new(const struct pfn_range *window, uint32_t windows)
{
	struct naive *n = calloc(1, sizeof(*n));

	assert_true(windows <= NAIVE_WINDOWS);
	n->nodes = 1;
	n->distance[0] = DISTANCE_LOCAL;
	n->windows = windows;
	for (uint32_t w = 0; w < windows; w++) {
		n->window[w] = (struct naive_window){ window[w].start, window[w].end, n->pages };
		n->pages += (uint32_t)(window[w].end - window[w].start);
	}
	n->state = calloc(3, n->pages);
	n->taken = n->state + n->pages;
	n->section = n->taken + n->pages;
	n->nid = calloc(3, n->pages);
	n->zone = n->nid + n->pages;
	n->order = n->zone + n->pages;
	memset(n->taken, NO_BLOCK, n->pages);
	return n;
}

void naive_delete(struct naive *n)
{
	free(n->state);
	free(n->nid);
	free(n);
}

void naive_say(struct naive *n, const char *format, ...)
{
	size_t length = strlen(n->trace);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(n->trace + length, sizeof(n->trace) - length, format, arguments);
	va_end(arguments);
}

uint32_t naive_index(const struct naive *n, pfn_t pfn)
{
	for (uint32_t w = 0; w < n->windows; w++)
		if (pfn >= n->window[w].start && pfn < n->window[w].end)
			return n->window[w].first + (uint32_t)(pfn - n->window[w].start);
	return NAIVE_NONE;
}

pfn_t naive_pfn(const struct naive *n, uint32_t i)
{
	uint32_t w = n->windows - 1;

	while (i < n->window[w].first)
		w--;
	return n->window[w].start + (i - n->window[w].first);
}

void naive_fill(struct naive *n, pfn_t start, pfn_t end, enum naive_state state, uint32_t nid)
{
	for (pfn_t pfn = start; pfn < end; pfn++) {
		uint32_t i = naive_index(n, pfn);

		n->state[i] = (uint8_t)state;
		n->nid[i] = (uint8_t)nid;
	}
}

/* --- zones and sections ------------------------------------------------------------------------- */

static uint32_t zone_index(const struct naive *n, pfn_t pfn)
{
	if (ARCH_HIGHMEM && pfn >= n->limits.max_low_pfn)
		return 2;
	if (pfn < 16 * MIB / PAGE_SIZE)
		return 0;
	if (!ARCH_HIGHMEM && pfn >= 4 * GIB / PAGE_SIZE)
		return 2;
	return 1;
}

void naive_cut(struct naive *n, pfn_t split_pfn)
{
	struct limits *l = &n->limits;

	*l = (struct limits){ .min_low_pfn = PFN_END };
	for (uint32_t i = 0; i < n->pages; i++) {
		pfn_t pfn = naive_pfn(n, i);

		if (!naive_is_ram(n, i))
			continue;
		if (pfn != 0 && pfn < l->min_low_pfn)
			l->min_low_pfn = pfn;
		if (pfn < split_pfn)
			l->max_low_pfn = pfn + 1;
		l->max_pfn = pfn + 1;
	}
	l->highstart_pfn = l->max_low_pfn;
	l->highend_pfn = l->max_pfn;
	for (uint32_t i = 0; i < n->pages; i++)
		n->zone[i] = (uint8_t)(n->nid[i] * ARCH_NR_ZONES + zone_index(n, naive_pfn(n, i)));
}

static pfn_t section_of(const struct naive *n, uint32_t i)
{
	return naive_pfn(n, i) / SECTION_PAGES;
}

/* Is page i + 1 the next page of the same section? */
static bool goes_on(const struct naive *n, uint32_t i)
{
	return i + 1 < n->pages && naive_pfn(n, i + 1) == naive_pfn(n, i) + 1 &&
	       section_of(n, i + 1) == section_of(n, i);
}

bool naive_next_run(const struct naive *n, uint32_t *i, struct pfn_range *run)
{
	uint32_t at = *i;

	while (at < n->pages && n->state[at] != NAIVE_FREE)
		at++;
	if (at == n->pages)
		return false;
	run->start = naive_pfn(n, at);
	while (goes_on(n, at) && n->state[at + 1] == NAIVE_FREE && n->zone[at + 1] == n->zone[at])
		at++;
	run->end = naive_pfn(n, at) + 1;
	*i = at + 1;
	return true;
}

/* All in one zone? */
static bool can_be_deferred(const struct naive *n, pfn_t nr)
{
	uint32_t runs = 0, zone = 0;
	struct pfn_range run;

	for (uint32_t i = 0; naive_next_run(n, &i, &run);) {
		if (run.start / SECTION_PAGES != nr)
			continue;
		if (runs != 0 && n->zone[i - 1] != zone)
			return false;
		zone = n->zone[i - 1];
		runs++;
	}
	return true;
}

static void set_section(struct naive *n, pfn_t nr, enum naive_section section)
{
	for (uint32_t i = 0; i < n->pages; i++)
		if (section_of(n, i) == nr)
			n->section[i] = (uint8_t)section;
}

void naive_lay_sections(struct naive *n, enum naive_way way)
{
	memset(n->section, NAIVE_ABSENT, n->pages);
	for (uint32_t i = 0; i < n->pages; i++) {
		pfn_t nr = section_of(n, i);

		if (naive_is_ram(n, i) && n->section[i] == NAIVE_ABSENT)
			set_section(n, nr,
				way == NAIVE_DEFER && can_be_deferred(n, nr) ? NAIVE_DEFERRED
									     : NAIVE_WRITTEN);
	}
}

void naive_section_map(const struct naive *n, pfn_t nr, uint32_t *first, uint32_t *pages)
{
	*first = *pages = 0;
	for (uint32_t i = 0; i < n->pages; i++) {
		uint32_t at = (uint32_t)(naive_pfn(n, i) % SECTION_PAGES / PAGES_PER_MAP_PAGE);

		if (!naive_is_ram(n, i) || section_of(n, i) != nr)
			continue;
		if (*pages == 0)
			*first = at;
		*pages = at - *first + 1;
	}
}

void naive_opened(struct naive *n, pfn_t pfn)
{
	uint32_t i = naive_index(n, pfn);

	if (n->section[i] == NAIVE_DEFERRED)
		set_section(n, pfn / SECTION_PAGES, NAIVE_WRITTEN);
}

/* --- as input of the core ------------------------------------------------------------------------- */

void naive_e820(const struct naive *n, struct e820 *map)
{
	map->count = 0;
	for (uint32_t i = 0; i < n->pages; i++) {
		phys_t start = pfn_phys(naive_pfn(n, i));

		if (!naive_is_ram(n, i))
			continue;
		if (map->count == 0 || map->entry[map->count - 1].end != start)
			map->entry[map->count++] = (struct e820_entry){ start, 0, E820_RAM, 0 };
		map->entry[map->count - 1].end = start + PAGE_SIZE;
	}
}

/* How many nodes are nearer to one than another; equal ones count up from it. */
static uint32_t rank(const struct naive *n, uint32_t from, uint32_t to)
{
	const uint8_t *distance = &n->distance[from * n->nodes];
	uint32_t nearer = 0;

	for (uint32_t nid = 0; nid < n->nodes; nid++) {
		uint32_t steps = (nid + n->nodes - from) % n->nodes;

		if (distance[nid] < distance[to] ||
			(distance[nid] == distance[to] &&
				steps < (to + n->nodes - from) % n->nodes))
			nearer++;
	}
	return nearer;
}

void naive_node_map(const struct naive *n, struct node_map *map)
{
	map->nodes = n->nodes;
	map->ranges = 0;
	for (uint32_t i = 0; i < n->pages; i++) {
		struct node_range *last = map->ranges != 0 ? &map->range[map->ranges - 1] : NULL;
		pfn_t pfn = naive_pfn(n, i);

		if (!naive_is_ram(n, i))
			continue;
		if (last == NULL || last->end != pfn || last->nid != n->nid[i])
			last = &map->range[map->ranges++];
		else
			pfn = last->start;
		*last = (struct node_range){ pfn, naive_pfn(n, i) + 1, n->nid[i], 0 };
	}
	for (uint32_t from = 0; from < n->nodes; from++)
		for (uint32_t to = 0; to < n->nodes; to++)
			map->order[from * n->nodes + rank(n, from, to)] = (uint8_t)to;
	memcpy(map->distance, n->distance, (size_t)n->nodes * n->nodes);
}

/* --- the buddy allocator -------------------------------------------------------------------------- */

/* Two blocks of an order become one if the first of them is aligned and both are free. */
static void merge_pair(struct naive *n, uint32_t i, unsigned order)
{
	pfn_t pfn = naive_pfn(n, i), size = (pfn_t)1 << order;
	uint32_t buddy = naive_index(n, pfn + size);

	if (pfn % (2 * size) != 0 || buddy == NAIVE_NONE || n->order[buddy] != order ||
		n->zone[buddy] != n->zone[i])
		return;
	n->order[i]++;
	n->order[buddy] = NO_BLOCK;
}

void naive_blocks(struct naive *n)
{
	for (uint32_t i = 0; i < n->pages; i++)
		n->order[i] = n->state[i] == NAIVE_FREE ? 0 : NO_BLOCK;
	for (unsigned order = 0; order < MAX_ORDER; order++)
		for (uint32_t i = 0; i < n->pages; i++)
			if (n->order[i] == order)
				merge_pair(n, i, order);
}

static uint32_t highest_zone(enum gfp gfp)
{
	static const uint32_t with_highmem[] = { 0, 1, 1, 2 }, without[] = { 0, 1, 2, 2 };

	return ARCH_HIGHMEM ? with_highmem[gfp] : without[gfp];
}

uint32_t naive_zonelist(const struct naive *n, int nid, enum gfp gfp, uint32_t *list)
{
	uint32_t from = nid < 0 ? 0 : (uint32_t)nid, zones = 0;

	for (uint32_t place = 0; place < n->nodes; place++)
		for (uint32_t to = 0; to < n->nodes; to++)
			for (uint32_t index = highest_zone(gfp) + 1; index-- > 0;)
				if (rank(n, from, to) == place)
					list[zones++] = to * ARCH_NR_ZONES + index;
	return zones;
}

/* The smallest free block of a zone that is large enough, in sections of one kind; or NO_BLOCK. */
static unsigned smallest(
	const struct naive *n, uint32_t zone, unsigned order, enum naive_section section)
{
	unsigned best = NO_BLOCK;

	for (uint32_t i = 0; i < n->pages; i++)
		if (n->order[i] != NO_BLOCK && n->order[i] >= order && n->order[i] < best &&
			n->zone[i] == zone && n->section[i] == section)
			best = n->order[i];
	return best;
}

static bool can_serve(const struct naive *n, uint32_t zone, unsigned order)
{
	return smallest(n, zone, order, NAIVE_WRITTEN) != NO_BLOCK ||
	       smallest(n, zone, order, NAIVE_DEFERRED) != NO_BLOCK;
}

/* Order of the free block that a free page is in. */
static unsigned block_around(const struct naive *n, pfn_t pfn)
{
	for (unsigned order = 0; order < NR_ORDERS; order++) {
		uint32_t i = naive_index(n, pfn >> order << order);

		if (i != NAIVE_NONE && n->order[i] == order)
			return order;
	}
	return NO_BLOCK;
}

/* A block of free pages, aligned? */
static void check_taken(const struct naive *n, uint32_t zone, unsigned order, pfn_t pfn)
{
	CHECK(n, pfn % ((pfn_t)1 << order) == 0, "%llx is not aligned to order %u", (ull)pfn,
		order);
	for (pfn_t p = pfn; p < pfn + ((pfn_t)1 << order); p++) {
		uint32_t i = naive_index(n, p);

		CHECK(n, i != NAIVE_NONE, "%llx was handed out", (ull)p);
		CHECK(n, n->state[i] == NAIVE_FREE, "%llx was handed out in state %u", (ull)p,
			n->state[i]);
		CHECK(n, n->zone[i] == zone, "%llx is of zone %u, not %u", (ull)p, n->zone[i],
			zone);
	}
}

/* Was the best block cut, and no deferred section opened without need? */
static void check_choice(struct naive *n, uint32_t zone, unsigned order, pfn_t pfn)
{
	unsigned written = smallest(n, zone, order, NAIVE_WRITTEN);
	unsigned cut = block_around(n, pfn);

	if (written == NO_BLOCK) {
		CHECK(n, n->section[naive_index(n, pfn)] == NAIVE_DEFERRED,
			"%llx is not in a deferred section", (ull)pfn);
		naive_opened(n, pfn);
		written = smallest(n, zone, order, NAIVE_WRITTEN);
	}
	CHECK(n, n->section[naive_index(n, pfn)] == NAIVE_WRITTEN,
		"a section was opened for %llx without need", (ull)pfn);
	CHECK(n, cut == written, "a block of order %u was cut, not one of %u", cut, written);
}

static void take(struct naive *n, pfn_t pfn, unsigned order)
{
	for (pfn_t p = pfn; p < pfn + ((pfn_t)1 << order); p++)
		n->state[naive_index(n, p)] = NAIVE_TAKEN;
	n->taken[naive_index(n, pfn)] = (uint8_t)order;
}

void naive_allocated(
	struct naive *n, const uint32_t *list, uint32_t zones, unsigned order, pfn_t pfn)
{
	uint32_t k = 0;

	naive_blocks(n);
	while (k < zones && !can_serve(n, list[k], order))
		k++;
	if (k == zones) {
		CHECK(n, pfn == PFN_NONE, "%llx of order %u can't be", (ull)pfn, order);
		return;
	}
	CHECK(n, pfn != PFN_NONE, "order %u failed, zone %u has it", order, list[k]);
	check_taken(n, list[k], order, pfn);
	check_choice(n, list[k], order, pfn);
	take(n, pfn, order);
}

void naive_followed(
	struct naive *n, const uint32_t *list, uint32_t zones, unsigned order, pfn_t pfn)
{
	uint32_t k = 0, i = naive_index(n, pfn);

	CHECK(n, i != NAIVE_NONE, "%llx was handed out", (ull)pfn);
	while (k < zones && list[k] != n->zone[i])
		k++;
	CHECK(n, k < zones, "%llx is of zone %u, which was not asked", (ull)pfn, n->zone[i]);
	check_taken(n, list[k], order, pfn);
	naive_opened(n, pfn);
	take(n, pfn, order);
}

void naive_freed(struct naive *n, pfn_t pfn)
{
	uint32_t i = naive_index(n, pfn);

	memset(n->state + i, NAIVE_FREE, (size_t)1 << n->taken[i]);
	n->taken[i] = NO_BLOCK;
}

void naive_released(struct naive *n, pfn_t start, pfn_t end)
{
	for (pfn_t pfn = start; pfn < end; pfn++) {
		naive_opened(n, pfn);
		n->state[naive_index(n, pfn)] = NAIVE_FREE;
	}
}

/* --- counting --------------------------------------------------------------------------------------- */

enum list_kind { ON_LIST, OF_DEFERRED };

struct counts {
	uint64_t present, managed, free;
	uint64_t blocks[2][NR_ORDERS]; /* [enum list_kind] */
};

static void count(const struct naive *n, struct counts *counts)
{
	memset(counts, 0, NAIVE_ZONES * sizeof(*counts));
	for (uint32_t i = 0; i < n->pages; i++) {
		struct counts *c = &counts[n->zone[i]];

		if (!naive_is_ram(n, i))
			continue;
		c->present++;
		c->managed += n->state[i] == NAIVE_FREE || n->state[i] == NAIVE_TAKEN;
		c->free += n->state[i] == NAIVE_FREE;
		if (n->order[i] != NO_BLOCK)
			c->blocks[n->section[i] == NAIVE_DEFERRED ? OF_DEFERRED : ON_LIST]
				 [n->order[i]]++;
	}
}

static bool is_high(uint32_t zone)
{
	return ARCH_HIGHMEM && zone % ARCH_NR_ZONES == 2;
}

/* In KiB: 4 times the square root of low memory, from 128 KiB to 256 MiB. In pages: a quarter of that. */
static uint64_t min_pages(uint64_t low)
{
	uint64_t kib = 0;

	while ((kib + 1) * (kib + 1) <= low * 4 * 16)
		kib++;
	kib = kib < 128 ? 128 : kib;
	kib = kib > 262144 ? 262144 : kib;
	return kib / 4;
}

static uint64_t high_min(uint64_t managed)
{
	if (managed / 1024 < 32)
		return 32;
	return managed / 1024 > 128 ? 128 : managed / 1024;
}

void naive_set_watermarks(struct naive *n)
{
	struct counts counts[NAIVE_ZONES];
	uint64_t low = 0;

	count(n, counts);
	for (uint32_t z = 0; z < n->nodes * ARCH_NR_ZONES; z++)
		low += is_high(z) ? 0 : counts[z].managed;
	for (uint32_t z = 0; z < n->nodes * ARCH_NR_ZONES && low != 0; z++) {
		uint64_t managed = counts[z].managed, share = min_pages(low) * managed / low;
		uint64_t step = share / 4 > managed / 1000 ? share / 4 : managed / 1000;

		n->mark[z][0] = is_high(z) ? high_min(managed) : share;
		n->mark[z][1] = n->mark[z][0] + step;
		n->mark[z][2] = n->mark[z][1] + step;
	}
}

/* --- comparing what operations change --------------------------------------------------------------- */

static const struct zone *zone_at(const struct mm *mm, uint32_t z)
{
	return &mm->node[z / ARCH_NR_ZONES].zone[z % ARCH_NR_ZONES];
}

static void compare_blocks(
	const struct naive *n, const struct counts *c, const struct zone *zone, uint32_t z)
{
	for (unsigned order = 0; order < NR_ORDERS; order++) {
		uint64_t listed = c->blocks[ON_LIST][order];
		uint64_t deferred = c->blocks[OF_DEFERRED][order];

		CHECK(n, zone->area[order].blocks == listed, "zone %u order %u: %llu, not %llu", z,
			order, (ull)zone->area[order].blocks, (ull)listed);
		CHECK(n, zone->deferred_blocks[order] == deferred,
			"zone %u order %u deferred: %llu, not %llu", z, order,
			(ull)zone->deferred_blocks[order], (ull)deferred);
		CHECK(n, zone_free_blocks(zone, order) == listed + deferred, "zone %u order %u", z,
			order);
	}
}

static void compare_zones(const struct naive *n, const struct mm *mm)
{
	struct counts counts[NAIVE_ZONES];

	count(n, counts);
	for (uint32_t z = 0; z < n->nodes * ARCH_NR_ZONES; z++) {
		const struct zone *zone = zone_at(mm, z);

		CHECK(n, zone->free_pages == counts[z].free, "zone %u free: %llu, not %llu", z,
			(ull)zone->free_pages, (ull)counts[z].free);
		CHECK(n, zone->managed_pages == counts[z].managed,
			"zone %u managed: %llu, not %llu", z, (ull)zone->managed_pages,
			(ull)counts[z].managed);
		CHECK(n, zone->present_pages == counts[z].present,
			"zone %u present: %llu, not %llu", z, (ull)zone->present_pages,
			(ull)counts[z].present);
		CHECK(n,
			zone->watermark_min == n->mark[z][0] &&
				zone->watermark_low == n->mark[z][1] &&
				zone->watermark_high == n->mark[z][2],
			"zone %u watermarks: %llu %llu %llu, not %llu %llu %llu", z,
			(ull)zone->watermark_min, (ull)zone->watermark_low,
			(ull)zone->watermark_high, (ull)n->mark[z][0], (ull)n->mark[z][1],
			(ull)n->mark[z][2]);
		compare_blocks(n, &counts[z], zone, z);
	}
}

/* Every block on a list is one of the model's, and is met once. */
static void compare_list(struct naive *n, const struct mm *mm, uint32_t z, unsigned order)
{
	pfn_t pfn = zone_at(mm, z)->area[order].head_pfn;

	while (pfn != PFN_NONE) {
		uint32_t i = naive_index(n, pfn);

		CHECK(n,
			i != NAIVE_NONE && n->order[i] == order && n->zone[i] == z &&
				n->section[i] == NAIVE_WRITTEN,
			"%llx is on the list of zone %u order %u", (ull)pfn, z, order);
		n->order[i] |= SEEN;
		pfn = pfn_to_page(mm, pfn)->link & PFN_NONE;
	}
}

static void compare_lists(struct naive *n, const struct mm *mm)
{
	for (uint32_t z = 0; z < n->nodes * ARCH_NR_ZONES; z++)
		for (unsigned order = 0; order < NR_ORDERS; order++)
			compare_list(n, mm, z, order);
	for (uint32_t i = 0; i < n->pages; i++) {
		if (n->order[i] != NO_BLOCK && !(n->order[i] & SEEN))
			CHECK(n, n->section[i] == NAIVE_DEFERRED, "%llx is on no list",
				(ull)naive_pfn(n, i));
		n->order[i] &= (uint8_t)~SEEN;
	}
}

/* Flags and order that a written descriptor must have, as page_info puts them. */
static uint64_t expected_info(const struct naive *n, uint32_t i)
{
	unsigned order = 0, flags = PAGE_RESERVED;

	if (n->state[i] == NAIVE_FREE) {
		flags = n->order[i] != NO_BLOCK ? PAGE_FREE : 0;
		order = flags != 0 ? n->order[i] : 0;
	} else if (n->state[i] == NAIVE_TAKEN) {
		flags = n->taken[i] != NO_BLOCK ? PAGE_HEAD : 0;
		order = flags != 0 ? n->taken[i] : 0;
	}
	return page_info(n->zone[i], order, flags);
}

static void compare_page(const struct naive *n, const struct mm *mm, uint32_t i)
{
	pfn_t pfn = naive_pfn(n, i);
	uint64_t expected = expected_info(n, i);
	const struct page *page;

	CHECK(n, pfn_valid(mm, pfn) || !naive_is_ram(n, i), "%llx has no descriptor", (ull)pfn);
	if (!pfn_valid(mm, pfn))
		return;
	page = pfn_to_page(mm, pfn);
	CHECK(n, page_to_pfn(mm, page) == pfn, "%llx is another page", (ull)pfn);
	CHECK(n, page_flags(page) == (expected >> PAGE_FLAGS_SHIFT), "%llx has flags %u, not %u",
		(ull)pfn, page_flags(page), (unsigned)(expected >> PAGE_FLAGS_SHIFT));
	if (!naive_is_ram(n, i))
		return; /* a hole's zone is any */
	CHECK(n, (page->info & ~PFN_NONE) == (expected & ~PFN_NONE),
		"%llx has zone %u order %u, not %u", (ull)pfn, page_zone(page), page_order(page),
		n->zone[i]);
}

static unsigned section_flags(enum naive_section section)
{
	static const unsigned flags[] = { 0, SECTION_PRESENT | SECTION_INITIALISED,
		SECTION_PRESENT | SECTION_DEFERRED, SECTION_PRESENT | SECTION_LEFT_OUT };

	return flags[section];
}

static void compare_section(const struct naive *n, const struct mm *mm, uint32_t i)
{
	const struct section *section = section_nr(mm, (uint32_t)section_of(n, i));
	bool out = section != NULL && section_map_pfn(section) == 0;

	CHECK(n, (section != NULL ? section->flags : 0) == section_flags(n->section[i]),
		"section %llx has flags %u", (ull)section_of(n, i),
		section != NULL ? section->flags : 0);
	if (section != NULL && n->section[i] != NAIVE_ABSENT)
		CHECK(n, out == (n->section[i] == NAIVE_LEFT_OUT), "section %llx is left out: %d",
			(ull)section_of(n, i), out);
}

/* Is this the first page of its section that the model knows? */
static bool opens_section(const struct naive *n, uint32_t i)
{
	return i == 0 || section_of(n, i) != section_of(n, i - 1);
}

void naive_compare(struct naive *n, const struct mm *mm)
{
	uint64_t written = 0;

	CHECK(n, mm_check(mm), "mm_check fails");
	naive_blocks(n);
	compare_zones(n, mm);
	for (uint32_t i = 0; i < n->pages; i++)
		if (opens_section(n, i)) {
			compare_section(n, mm, i);
			written += n->section[i] == NAIVE_WRITTEN;
		}
	CHECK(n, mm->sections_initialised == written, "%llu sections are written, not %llu",
		(ull)mm->sections_initialised, (ull)written);
	compare_lists(n, mm);
	for (uint32_t i = 0; i < n->pages; i++)
		if (n->section[i] == NAIVE_WRITTEN)
			compare_page(n, mm, i);
}

/* --- comparing what they don't change ----------------------------------------------------------------- */

/* From the first to the last page of RAM of a node; 0 to 0 without. */
static struct pfn_range node_pages(const struct naive *n, uint32_t nid, uint64_t *present)
{
	struct pfn_range span = { 0, 0 };

	*present = 0;
	for (uint32_t i = 0; i < n->pages; i++) {
		if (!naive_is_ram(n, i) || n->nid[i] != nid)
			continue;
		if (*present == 0)
			span.start = naive_pfn(n, i);
		span.end = naive_pfn(n, i) + 1;
		(*present)++;
	}
	return span;
}

static void compare_node(const struct naive *n, const struct mm *mm, uint32_t nid)
{
	const struct node *node = &mm->node[nid];
	uint64_t present[ARCH_NR_ZONES] = { 0 }, spanned[ARCH_NR_ZONES] = { 0 }, all;
	pfn_t start[ARCH_NR_ZONES] = { 0 };
	struct pfn_range span = node_pages(n, nid, &all);

	CHECK(n, node->start_pfn == span.start && node->end_pfn == span.end,
		"node %u spans [%llx, %llx), not [%llx, %llx)", nid, (ull)node->start_pfn,
		(ull)node->end_pfn, (ull)span.start, (ull)span.end);
	CHECK(n, node->present_pages == all, "node %u has %llu pages", nid,
		(ull)node->present_pages);
	for (uint32_t i = 0; i < n->pages; i++)
		if (naive_is_ram(n, i) && n->nid[i] == nid)
			present[n->zone[i] % ARCH_NR_ZONES]++;
	for (pfn_t pfn = span.start; pfn < span.end; pfn++)
		if (present[zone_index(n, pfn)] != 0 && spanned[zone_index(n, pfn)]++ == 0)
			start[zone_index(n, pfn)] = pfn;
	for (uint32_t z = 0; z < ARCH_NR_ZONES; z++) {
		const struct zone *zone = &node->zone[z];

		CHECK(n,
			zone->nid == nid && zone->present_pages == present[z] &&
				zone->spanned_pages == spanned[z] && zone->start_pfn == start[z],
			"node %u zone %u: %llx + %llu with %llu, not %llx + %llu with %llu", nid, z,
			(ull)zone->start_pfn, (ull)zone->spanned_pages, (ull)zone->present_pages,
			(ull)start[z], (ull)spanned[z], (ull)present[z]);
	}
}

/* From page i on, RAM of one zone goes on as far as the core says, and no farther than it is. */
static uint32_t compare_zone_run(const struct naive *n, const struct mm *mm, uint32_t i)
{
	pfn_t pfn = naive_pfn(n, i), end, limit = pfn + 1;
	bool solid = true;
	uint32_t zone;

	while (naive_index(n, limit) != NAIVE_NONE)
		limit++;
	zone = zone_of_pfn(mm, pfn, limit, &end);
	CHECK(n, zone == n->zone[i], "%llx is of zone %u, not %u", (ull)pfn, zone, n->zone[i]);
	CHECK(n, pfn < end && end <= limit, "zone %u from %llx on ends at %llx", zone, (ull)pfn,
		(ull)end);
	for (; pfn < end; pfn++, i++) {
		solid = solid && naive_is_ram(n, i);
		CHECK(n, n->zone[i] == zone || !naive_is_ram(n, i), "%llx is not of zone %u",
			(ull)pfn, zone);
	}
	CHECK(n, end == limit || !solid || !naive_is_ram(n, i) || n->zone[i] != zone,
		"zone %u goes on at %llx", zone, (ull)end);
	return i;
}

static void compare_pages(const struct naive *n, const struct mm *mm)
{
	for (uint32_t i = 0; i < n->pages; i++)
		if (naive_is_ram(n, i))
			CHECK(n, mm_pfn_to_nid(mm, naive_pfn(n, i)) == n->nid[i],
				"%llx is of node %u", (ull)naive_pfn(n, i),
				mm_pfn_to_nid(mm, naive_pfn(n, i)));
	for (uint32_t i = 0; i < n->pages;)
		i = naive_is_ram(n, i) ? compare_zone_run(n, mm, i) : i + 1;
}

static void compare_section_map(const struct naive *n, const struct mm *mm, pfn_t nr)
{
	const struct section *section = section_nr(mm, (uint32_t)nr);
	uint32_t first, pages;

	naive_section_map(n, nr, &first, &pages);
	CHECK(n, section != NULL && section->map_first == first && section->map_pages == pages,
		"descriptors of section %llx: %u + %u", (ull)nr, first, pages);
}

/* Exactly the sections with RAM are present, and met in their order. */
static void compare_sections(const struct naive *n, const struct mm *mm)
{
	uint64_t sections = 0;
	uint32_t nr = 0;

	for (uint32_t i = 0; i < n->pages; i++) {
		pfn_t at = section_of(n, i);

		if (!naive_is_ram(n, i) || at < nr)
			continue;
		CHECK(n, sparse_next(mm, &nr) && nr == at, "section %llx is not present", (ull)at);
		compare_section_map(n, mm, at);
		sections++;
		nr++;
	}
	CHECK(n, !sparse_next(mm, &nr), "section %x is present", nr);
	CHECK(n, mm->sections_present == sections, "%llu sections, not %llu",
		(ull)mm->sections_present, (ull)sections);
}

static void compare_distances(const struct naive *n, const struct mm *mm)
{
	for (uint32_t from = 0; from < n->nodes; from++)
		for (uint32_t to = 0; to < n->nodes; to++) {
			CHECK(n, node_distance(mm, from, to) == n->distance[from * n->nodes + to],
				"distance of nodes %u and %u", from, to);
			CHECK(n, node_nearest(mm, from, rank(n, from, to)) == to,
				"node %u is not at its place from node %u", to, from);
		}
}

void naive_compare_layout(const struct naive *n, const struct mm *mm)
{
	CHECK(n, mm->nodes == n->nodes, "%u nodes", mm->nodes);
	for (uint32_t nid = 0; nid < n->nodes; nid++)
		compare_node(n, mm, nid);
	compare_pages(n, mm);
	compare_sections(n, mm);
	compare_distances(n, mm);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How pages reach the buddy allocator, in a small scope: every subset of twelve pages, at each kind of border, is
 * released in every way there is (runs of a section, deferred runs, free_reserved_pages in several
 * orders, the whole of mem_init), and the blocks must be those of the naive model (naive.h). Counts are printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "naive_mm.h"

#define S   SECTION_PAGES
#define DMA (16 * MIB / PAGE_SIZE)
#define TOP (ARCH_HIGHMEM ? 2 * S + 5 : GIB / KIB) /* where the second zone ends */

/* A few units of pages from start on, each of node a or b. */
struct place {
	const char *what;
	pfn_t start;
	uint32_t unit_pages;
	const char *nodes;
};

static const struct place places[] = {
	{ "an aligned place", 0x2010, 1, "aaaaaaaaaaaa" },
	{ "an odd place", 0x2013, 1, "aaaaaaaaaaaa" },
	{ "the border of the largest blocks", 0x2400 - 6, 1, "aaaaaaaaaaaa" },
	{ "the border of two sections", S - 5, 1, "aaaaaaaaaaaa" },
	{ "the end of the first zone", DMA - 7, 1, "aaaaaaaaaaaa" },
	{ "the end of the second zone", TOP - 6, 1, "aaaaaaaaaaaa" },
	{ "the border of two nodes", 0x2010, 1, "aaaaaabbbbbb" },
	{ "borders of two nodes, odd", 0x2013, 1, "aaabbbbbaaaa" },
	{ "a node in the other's sections", S - 5, 1, "abbbbaaaaaaa" },
};

static const struct place large_places[] = {
	{ "blocks of 2 MiB", 0x2400, 512, "aaaaaaaa" },
	{ "blocks of 1 MiB, odd", 0x2501, 256, "aaaaaaaaaa" },
};

static uint32_t units(const struct place *place)
{
	return (uint32_t)strlen(place->nodes);
}

/* The set of all units. */
static unsigned all(const struct place *place)
{
	return (1u << units(place)) - 1;
}

static struct pfn_range unit_pages(const struct place *place, uint32_t unit)
{
	pfn_t start = place->start + unit * place->unit_pages;

	return (struct pfn_range){ start, start + place->unit_pages };
}

static struct pfn_range place_pages(const struct place *place)
{
	return (struct pfn_range){ place->start, unit_pages(place, units(place)).start };
}

static void set_nodes(struct naive *n, const struct place *place)
{
	n->nodes = strchr(place->nodes, 'b') != NULL ? 2 : 1;
	for (uint32_t from = 0; from < n->nodes; from++)
		for (uint32_t to = 0; to < n->nodes; to++)
			n->distance[from * n->nodes + to] = from == to ? 10 : 20;
}

static void paint(struct naive *n, const struct place *place, unsigned free)
{
	for (uint32_t unit = 0; unit < units(place); unit++) {
		struct pfn_range r = unit_pages(place, unit);

		naive_fill(n, r.start, r.end, free >> unit & 1 ? NAIVE_FREE : NAIVE_RESERVED,
			(uint32_t)(place->nodes[unit] - 'a'));
	}
}

/* On i386 a page of low memory must lie below high memory. */
static struct naive *model_of(const struct place *place, unsigned free)
{
	struct pfn_range window[] = { { 0x800, 0x801 }, place_pages(place) };
	struct naive *n = naive_new(window, ARRAY_SIZE(window));

	set_nodes(n, place);
	naive_fill(n, 0x800, 0x801, NAIVE_RESERVED, 0);
	paint(n, place, free);
	naive_say(n, "%s, %03x free", place->what, free);
	return n;
}

/* --- runs of sections ---------------------------------------------------------------------------------- */

/* What is RAM is the same for all subsets of a place; it is looked at once. */
static void check_layout(const struct place *place)
{
	struct naive *n = model_of(place, 0);
	struct image image = { 0 };

	image_make(&image, n, TOP, NAIVE_WRITE_ALL);
	naive_compare_layout(n, image.mm);
	image_free(&image);
	naive_delete(n);
}

/* image_make compares. Opening the deferred sections changes nothing but where the blocks are listed. */
static void check_runs(const struct place *place, struct image *image, unsigned free)
{
	struct naive *n = model_of(place, free);

	image_make(image, n, TOP, NAIVE_WRITE_ALL);
	image_make(image, n, TOP, NAIVE_DEFER);
	naive_say(n, "; sections_initialise_all");
	sections_initialise_all(image->mm);
	naive_lay_sections(n, NAIVE_WRITE_ALL);
	naive_compare(n, image->mm);
	naive_delete(n);
}

static uint64_t all_runs(const struct place *place)
{
	struct image image = { 0 };

	check_layout(place);
	for (unsigned free = 0; free <= all(place); free++)
		check_runs(place, &image, free);
	image_free(&image);
	return all(place) + 1;
}

static void test_runs_of_sections(void **state)
{
	uint64_t subsets = 0;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(places); i++)
		subsets += all_runs(&places[i]);
	for (unsigned i = 0; i < ARRAY_SIZE(large_places); i++)
		subsets += all_runs(&large_places[i]);
	print_message("release: %llu subsets as runs of sections, written and deferred\n",
		(unsigned long long)subsets);
	assert_int_equal(subsets, (ARRAY_SIZE(places) << 12) + (1 << 8) + (1 << 10));
}

/* --- free_reserved_pages ------------------------------------------------------------------------------- */

enum how { BY_RUNS, UPWARDS, DOWNWARDS, HOWS };

static void give(struct naive *n, const struct image *image, pfn_t start, pfn_t end)
{
	naive_say(n, "; %llx-%llx", (unsigned long long)start, (unsigned long long)end);
	if (free_reserved_pages(image->mm, start, end) != BM_OK)
		fail_msg("after: %s: refused", n->trace);
	naive_released(n, start, end);
}

/* Units of a set that follow each other, together. */
static void give_runs(
	struct naive *n, const struct image *image, const struct place *place, unsigned set)
{
	for (uint32_t unit = 0, first; unit < units(place); unit++) {
		if (!(set >> unit & 1))
			continue;
		first = unit;
		while (set >> (unit + 1) & 1)
			unit++;
		give(n, image, unit_pages(place, first).start, unit_pages(place, unit).end);
	}
}

static void give_set(struct naive *n, const struct image *image, const struct place *place,
	unsigned set, enum how how)
{
	if (how == BY_RUNS) {
		give_runs(n, image, place, set);
		return;
	}
	for (uint32_t k = 0; k < units(place); k++) {
		uint32_t unit = how == UPWARDS ? k : units(place) - 1 - k;
		struct pfn_range r = unit_pages(place, unit);

		if (set >> unit & 1)
			give(n, image, r.start, r.end);
	}
}

/* An image and its model as they were. */
struct saved {
	uint8_t *bytes, *model;
};

static struct saved save(const struct image *image, const struct naive *n)
{
	struct saved saved = { malloc(image->size_bytes), malloc(naive_saved_bytes(n)) };

	memcpy(saved.bytes, image->bytes, image->size_bytes);
	memcpy(saved.model, n->state, naive_saved_bytes(n));
	return saved;
}

static void restore(const struct saved *saved, const struct image *image, struct naive *n)
{
	memcpy(image->bytes, saved->bytes, image->size_bytes);
	memcpy(n->state, saved->model, naive_saved_bytes(n));
}

static void check_reserved(const struct place *place, const struct image *image, struct naive *n,
	const struct saved *saved, unsigned set)
{
	static const char *const name[] = { "in runs", "upwards", "downwards" };
	size_t trace = strlen(n->trace);

	for (unsigned how = 0; how < HOWS; how++) {
		naive_say(n, "; %03x %s", set, name[how]);
		give_set(n, image, place, set, (enum how)how);
		naive_compare(n, image->mm);
		give_set(n, image, place, all(place) & ~set, (enum how)how);
		naive_compare(n, image->mm);
		restore(saved, image, n);
		n->trace[trace] = '\0';
	}
}

/* Nothing is free at first, a set is released, then the rest. */
static uint64_t all_reserved_sets(const struct place *place)
{
	struct naive *n = model_of(place, 0);
	struct image image = { 0 };
	struct saved saved;

	image_make(&image, n, TOP, NAIVE_DEFER);
	saved = save(&image, n);
	for (unsigned set = 0; set <= all(place); set++)
		check_reserved(place, &image, n, &saved, set);
	free(saved.bytes);
	free(saved.model);
	image_free(&image);
	naive_delete(n);
	return all(place) + 1;
}

static void test_reserved_pages(void **state)
{
	uint64_t subsets = 0;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(places); i++)
		subsets += all_reserved_sets(&places[i]);
	print_message("release: %llu subsets by free_reserved_pages, each in %u ways\n",
		(unsigned long long)subsets, (unsigned)HOWS);
	assert_int_equal(subsets, ARRAY_SIZE(places) << 12);
}

/* --- refusals ------------------------------------------------------------------------------------------ */

static bool all_reserved(const struct naive *n, pfn_t start, pfn_t end)
{
	for (pfn_t pfn = start; pfn < end; pfn++)
		if (n->state[naive_index(n, pfn)] != NAIVE_RESERVED)
			return false;
	return true;
}

/* Every range: a page of it that is free or allocated forbids it, and nothing changes. */
static uint64_t check_ranges(struct naive *n, const struct image *image, uint8_t *bytes)
{
	const struct naive_window *w = &n->window[1];
	uint64_t refused = 0;

	memcpy(bytes, image->bytes, image->size_bytes);
	for (pfn_t start = w->start; start < w->end; start++)
		for (pfn_t end = start; end <= w->end; end++) {
			bool expected = all_reserved(n, start, end);

			if ((free_reserved_pages(image->mm, start, end) == BM_OK) != expected)
				fail_msg("%s: [%llx, %llx) %s", n->trace, (unsigned long long)start,
					(unsigned long long)end, expected ? "refused" : "accepted");
			refused += !expected;
			if (!expected && memcmp(image->bytes, bytes, image->size_bytes) != 0)
				fail_msg("%s: [%llx, %llx) changed something", n->trace,
					(unsigned long long)start, (unsigned long long)end);
			if (expected)
				memcpy(image->bytes, bytes, image->size_bytes);
		}
	return refused;
}

/* One page is allocated, if one is free: it is not reserved either. */
static uint64_t check_refusals(const struct place *place, struct image image[2], unsigned free)
{
	struct naive *n = model_of(place, free);
	struct mm *mm;
	uint64_t refused;
	pfn_t pfn;

	image_make(&image[1], n, TOP, NAIVE_WRITE_ALL); /* for its room: a copy of the other */
	image_make(&image[0], n, TOP, NAIVE_WRITE_ALL);
	mm = image[0].mm;
	pfn = alloc_pages(mm, GFP_KERNEL, 0);
	if (pfn != PFN_NONE)
		n->state[naive_index(n, pfn)] = NAIVE_TAKEN;
	refused = check_ranges(n, &image[0], image[1].bytes);
	assert_int_equal(free_reserved_pages(mm, place->start + 1, place->start), BM_INVALID);
	assert_int_equal(free_reserved_pages(mm, PFN_END - 1, PFN_END + 1), BM_INVALID);
	naive_delete(n);
	return refused;
}

static void test_refused_ranges(void **state)
{
	static const struct place refused_place = { "the border of two sections", S - 5, 1,
		"aaaaaaaaaa" };
	const struct place *place = &refused_place;
	struct image image[2] = { { 0 } };
	uint64_t refused = 0;

	(void)state;
	for (unsigned free = 0; free <= all(place); free++)
		refused += check_refusals(place, image, free);
	image_free(&image[0]);
	image_free(&image[1]);
	print_message("release: %llu ranges refused, of all in %u subsets\n",
		(unsigned long long)refused, all(place) + 1);
	assert_true(refused > 40000);
}

/* --- mem_init ------------------------------------------------------------------------------------------ */

#define ROOM 0x60 /* free pages of node a for bitmaps, tables and descriptors */

/* Room below and near by; above a place that begins with one page of a node, so that it stays the first one. */
static struct naive *mem_init_model(const struct place *place, unsigned free)
{
	bool above = place->nodes[0] != place->nodes[1];
	pfn_t room = above ? place->start + 40 : place->start - ROOM - 8;
	struct pfn_range pages[] = { { room, room + ROOM }, place_pages(place) };
	struct pfn_range window[] = { pages[above], pages[!above] };
	struct naive *n = naive_new(window, ARRAY_SIZE(window));

	set_nodes(n, place);
	naive_fill(n, room, room + ROOM, NAIVE_FREE, 0);
	paint(n, place, free);
	naive_say(n, "%s, %03x free, mem_init", place->what, free);
	return n;
}

static uint64_t all_mem_inits(const struct place *place)
{
	for (unsigned free = 0; free <= all(place); free++) {
		struct naive *n = mem_init_model(place, free);
		struct full full;

		assert_true(full_make(&full, n, TOP));
		full_free(&full);
		naive_delete(n);
	}
	return all(place) + 1;
}

static void test_mem_init(void **state)
{
	uint64_t subsets = 0;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(places); i++)
		subsets += all_mem_inits(&places[i]);
	print_message("release: %llu subsets by mem_init\n", (unsigned long long)subsets);
	assert_int_equal(subsets, ARRAY_SIZE(places) << 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs_of_sections),
		cmocka_unit_test(test_reserved_pages),
		cmocka_unit_test(test_refused_ranges),
		cmocka_unit_test(test_mem_init),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

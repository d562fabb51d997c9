/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buddy allocator in a small scope: on a few layouts of free runs, holes, nodes and sections, all
 * sequences of up to a depth of allocations, frees and releases of reserved pages. After each
 * operation everything is compared with the naive model (naive.h), at the end of each sequence all
 * blocks are given back, and what is left must be the start. Counts are printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "naive_mm.h"

#define S           SECTION_PAGES
#define DMA         (16 * MIB / PAGE_SIZE)                 /* the first zone ends here, */
#define TOP         (ARCH_HIGHMEM ? 2 * S + 9 : GIB / KIB) /* and the second here */
#define MAX_DEPTH   8
#define MAX_PIECES  4
#define MAX_CALLS   6
#define MAX_RELEASE 2

/*
 * A stretch of memory, one letter for each unit of pages: "." is no RAM, a small letter a free unit of node a,
 * b, ..., a capital one that is reserved.
 */
struct stretch {
	pfn_t start;
	const char *picture;
};

struct call {
	int nid;
	enum gfp gfp;
	unsigned order;
};

struct layout {
	const char *what;
	struct stretch stretch[MAX_PIECES];
	uint32_t unit;
	struct call call[MAX_CALLS]; /* up to the first of order NR_ORDERS or the end */
	uint32_t calls;
	struct pfn_range release[MAX_RELEASE]; /* reserved pages that may be given up */
	uint32_t releases;
	unsigned depth;
};

static const struct layout layouts[] = {
	/* Only the second of them has a block of order 3. */
	{ "odd runs and a hole", { { 0x2003, "aaaaa.aaaaaaaaaaaaaaa" } }, 1,
		{ { -1, GFP_KERNEL, 0 }, { -1, GFP_KERNEL, 1 }, { -1, GFP_KERNEL, 2 },
			{ -1, GFP_KERNEL, 3 } },
		4, { { 0 } }, 0, 6 },
	/* No block may grow beyond the border, not even where all pages on both sides are free. */
	{ "across the largest block's border", { { 0x2400 - 6, "aaaaaaaaaaaaaa" } }, 1,
		{ { -1, GFP_KERNEL, 0 }, { -1, GFP_KERNEL, 1 }, { -1, GFP_KERNEL, 2 } }, 3,
		{ { 0 } }, 0, 7 },
	{ "two sections that touch", { { S - 7, "aaaaaaaaaaaa" } }, 1,
		{ { -1, GFP_KERNEL, 0 }, { -1, GFP_KERNEL, 1 }, { -1, GFP_KERNEL, 2 } }, 3,
		{ { 0 } }, 0, 7 },
	/* Only the middle one has a block of order 2. */
	{ "three sections of one zone",
		{ { 0x2001, "aaa" }, { S - 1, "aaaaa" }, { 2 * S - 2, "aaaa" } }, 1,
		{ { -1, GFP_KERNEL, 0 }, { -1, GFP_KERNEL, 1 }, { -1, GFP_KERNEL, 2 } }, 3,
		{ { 0 } }, 0, 6 },
	/* One of them has nothing at all. */
	{ "four sections", { { 0x2001, "aaa" }, { S - 2, "aaAA" }, { TOP + S, "aaaaa" } }, 1,
		{ { -1, GFP_KERNEL, 0 }, { -1, GFP_HIGHUSER, 0 }, { -1, GFP_HIGHUSER, 2 },
			{ -1, GFP_DMA32, 1 } },
		4, { { 0 } }, 0, 6 },
	{ "across the DMA border", { { DMA - 6, "aaaaaaaaaaaaa" } }, 1,
		{ { -1, GFP_KERNEL, 0 }, { -1, GFP_KERNEL, 2 }, { -1, GFP_DMA, 0 },
			{ -1, GFP_DMA, 1 } },
		4, { { 0 } }, 0, 6 },
	{ "three zones", { { DMA - 3, "aaaaa" }, { TOP - 3, "aaaaaaaa" } }, 1,
		{ { -1, GFP_HIGHUSER, 0 }, { -1, GFP_HIGHUSER, 1 }, { -1, GFP_KERNEL, 1 },
			{ -1, GFP_DMA, 0 } },
		4, { { 0 } }, 0, 6 },
	/* Buddies of two nodes stay apart. */
	{ "interleaved nodes", { { 0x2003, "aaabbbbaaaccc.bb" } }, 1,
		{ { 0, GFP_KERNEL, 0 }, { 1, GFP_KERNEL, 1 }, { 2, GFP_KERNEL, 0 },
			{ 2, GFP_KERNEL, 1 } },
		4, { { 0 } }, 0, 6 },
	{ "nodes and zones", { { DMA - 2, "abbab" }, { TOP - 2, "bacb" }, { TOP + 2 * S, "ab" } },
		1,
		{ { 0, GFP_KERNEL, 0 }, { 1, GFP_HIGHUSER, 0 }, { 2, GFP_HIGHUSER, 1 },
			{ 1, GFP_DMA, 0 } },
		4, { { 0 } }, 0, 6 },
	{ "reserved pages given up", { { 0x2003, "aaAAaaaAaBBBbb" } }, 1,
		{ { -1, GFP_KERNEL, 0 }, { -1, GFP_KERNEL, 1 }, { 1, GFP_KERNEL, 2 } }, 3,
		{ { 0x2005, 0x2007 }, { 0x200c, 0x200f } }, 2, 6 },
	{ "nothing is free at first", { { S - 4, "AAAAAAAA" } }, 1,
		{ { -1, GFP_KERNEL, 0 }, { -1, GFP_KERNEL, 1 } }, 2,
		{ { S - 3, S + 2 }, { S + 2, S + 4 } }, 2, 7 },
	/* 256 pages a letter: blocks of 1, 2 and 4 MiB, and two of 4 MiB that are buddies but never join. */
	{ "the largest blocks", { { 0x2700, "aaaaaaaaaaaa" } }, 256,
		{ { -1, GFP_KERNEL, 8 }, { -1, GFP_KERNEL, 9 }, { -1, GFP_KERNEL, 10 },
			{ -1, GFP_KERNEL, 11 } },
		4, { { 0 } }, 0, 4 },
	/* A block without a buddy, where the descriptors of another section lie in front of its own. */
	{ "descriptors side by side", { { S - 256, "a" }, { S + 256, "a" } }, 256,
		{ { -1, GFP_KERNEL, 0 }, { -1, GFP_KERNEL, 8 }, { -1, GFP_KERNEL, 9 } }, 3,
		{ { 0 } }, 0, 5 },
};

/* A layout as it stands, and how it stood before each step. */
struct scope {
	const struct layout *layout;
	struct naive *n;
	struct image image;
	uint8_t *saved_image[MAX_DEPTH + 1], *saved_naive[MAX_DEPTH + 1];
	uint8_t *start; /* the model's bytes at the start */
	uint64_t sequences, failures;
};

/* --- setting up ------------------------------------------------------------------------------------- */

static uint32_t node_of(char letter)
{
	return (uint32_t)((letter | 0x20) - 'a');
}

static void paint(struct naive *n, const struct layout *l, const struct stretch *stretch)
{
	for (uint32_t i = 0; stretch->picture[i] != '\0'; i++) {
		char letter = stretch->picture[i];
		pfn_t at = stretch->start + i * l->unit;

		if (letter == '.')
			continue;
		naive_fill(n, at, at + l->unit, letter >= 'a' ? NAIVE_FREE : NAIVE_RESERVED,
			node_of(letter));
		if (node_of(letter) >= n->nodes)
			n->nodes = node_of(letter) + 1;
	}
}

static struct naive *model_of(const struct layout *l)
{
	/* Not symmetric: 0 and 1 are near each other, 2 is nearer to 1 than 1 to 2. */
	static const uint8_t distance[3][3] = { { 10, 20, 40 }, { 20, 10, 30 }, { 25, 15, 10 } };
	struct pfn_range window[MAX_PIECES];
	uint32_t windows = 0;
	struct naive *n;

	for (; windows < MAX_PIECES && l->stretch[windows].picture != NULL; windows++) {
		const struct stretch *s = &l->stretch[windows];

		window[windows] =
			(struct pfn_range){ s->start, s->start + strlen(s->picture) * l->unit };
	}
	n = naive_new(window, windows);
	for (uint32_t i = 0; i < windows; i++)
		paint(n, l, &l->stretch[i]);
	for (uint32_t from = 0; from < n->nodes; from++)
		for (uint32_t to = 0; to < n->nodes; to++)
			n->distance[from * n->nodes + to] = distance[from][to];
	return n;
}

static void scope_begin(struct scope *s, const struct layout *layout, enum naive_way way)
{
	*s = (struct scope){ .layout = layout, .n = model_of(layout) };
	naive_say(s->n, "%s%s", layout->what, way == NAIVE_DEFER ? ", deferred" : "");
	image_make(&s->image, s->n, TOP, way);
	naive_compare_layout(s->n, s->image.mm);
	for (unsigned depth = 0; depth <= layout->depth; depth++) {
		s->saved_image[depth] = malloc(s->image.size_bytes);
		s->saved_naive[depth] = malloc(naive_saved_bytes(s->n));
	}
	s->start = malloc(naive_saved_bytes(s->n));
	memcpy(s->start, s->n->state, naive_saved_bytes(s->n));
}

static void scope_end(struct scope *s)
{
	for (unsigned depth = 0; depth <= s->layout->depth; depth++) {
		free(s->saved_image[depth]);
		free(s->saved_naive[depth]);
	}
	free(s->start);
	image_free(&s->image);
	naive_delete(s->n);
}

/* --- operations ------------------------------------------------------------------------------------- */

static void do_call(struct scope *s, const struct call *call)
{
	pfn_t pfn = alloc_pages_node(s->image.mm, call->nid, call->gfp, call->order);
	uint32_t list[NAIVE_ZONES];
	uint32_t zones = naive_zonelist(s->n, call->nid, call->gfp, list);

	naive_say(s->n, "; alloc(%d, %d, %u) = %llx", call->nid, (int)call->gfp, call->order,
		(unsigned long long)pfn);
	naive_allocated(s->n, list, zones, call->order, pfn);
	s->failures += pfn == PFN_NONE;
}

static void do_free(struct scope *s, uint32_t i)
{
	pfn_t pfn = naive_pfn(s->n, i);

	naive_say(s->n, "; free(%llx, %u)", (unsigned long long)pfn, s->n->taken[i]);
	if (free_pages(s->image.mm, pfn, s->n->taken[i]) != BM_OK)
		fail_msg("after: %s: refused", s->n->trace);
	naive_freed(s->n, pfn);
}

static bool all_reserved(const struct naive *n, pfn_t start, pfn_t end)
{
	for (pfn_t pfn = start; pfn < end; pfn++)
		if (n->state[naive_index(n, pfn)] != NAIVE_RESERVED)
			return false;
	return true;
}

/* What was given up already is refused; either way the sections are written now. */
static void do_release(struct scope *s, struct pfn_range r)
{
	bool expected = all_reserved(s->n, r.start, r.end);

	naive_say(s->n, "; release(%llx, %llx)", (unsigned long long)r.start,
		(unsigned long long)r.end);
	if ((free_reserved_pages(s->image.mm, r.start, r.end) == BM_OK) != expected)
		fail_msg("after: %s: %s", s->n->trace, expected ? "refused" : "accepted");
	if (expected)
		naive_released(s->n, r.start, r.end);
	for (pfn_t pfn = r.start; pfn < r.end; pfn++)
		naive_opened(s->n, pfn);
}

/*
 * What must be refused, and change not a bit: to free anything but the head of a block of this order, and to
 * allocate from a node or zone that is not there.
 */
static void check_refusals(struct scope *s, unsigned depth)
{
	uint32_t nodes = s->n->nodes;

	assert_int_equal(alloc_pages_node(s->image.mm, (int)nodes, GFP_KERNEL, 0), PFN_NONE);
	assert_int_equal(zone_alloc_pages(s->image.mm, nodes * ARCH_NR_ZONES, 0), PFN_NONE);
	for (uint32_t i = 0; i < s->n->pages; i++)
		for (unsigned order = 0; order <= NR_ORDERS; order++)
			if (s->n->taken[i] != order &&
				free_pages(s->image.mm, naive_pfn(s->n, i), order) != BM_INVALID)
				fail_msg("after: %s: free(%llx, %u) is accepted", s->n->trace,
					(unsigned long long)naive_pfn(s->n, i), order);
	if (memcmp(s->image.bytes, s->saved_image[depth], s->image.size_bytes) != 0)
		fail_msg("after: %s: what was refused changed something", s->n->trace);
}

/* --- sequences -------------------------------------------------------------------------------------- */

static void save(struct scope *s, unsigned depth)
{
	memcpy(s->saved_image[depth], s->image.bytes, s->image.size_bytes);
	memcpy(s->saved_naive[depth], s->n->state, naive_saved_bytes(s->n));
}

static void restore(struct scope *s, unsigned depth, size_t trace)
{
	memcpy(s->image.bytes, s->saved_image[depth], s->image.size_bytes);
	memcpy(s->n->state, s->saved_naive[depth], naive_saved_bytes(s->n));
	s->n->trace[trace] = '\0';
}

/* The start, but for what was released and which sections are written. */
static void check_start(const struct scope *s)
{
	for (uint32_t i = 0; i < s->n->pages; i++)
		if (s->n->state[i] != s->start[i] &&
			(s->start[i] != NAIVE_RESERVED || s->n->state[i] != NAIVE_FREE))
			fail_msg("after: %s: %llx is not as it was", s->n->trace,
				(unsigned long long)naive_pfn(s->n, i));
}

/* Give everything back, every other time from the end, and be where it began. */
static void give_all_back(struct scope *s)
{
	uint32_t pages = s->n->pages;

	for (uint32_t k = 0; k < pages; k++) {
		uint32_t i = s->sequences & 1 ? pages - 1 - k : k;

		if (s->n->taken[i] != NO_BLOCK)
			do_free(s, i);
	}
	naive_compare(s->n, s->image.mm);
	check_start(s);
}

static void all_sequences(struct scope *s, unsigned depth);

/* An operation is done: compare, go on from here, and take it back. */
static void step(struct scope *s, unsigned depth, size_t trace)
{
	naive_compare(s->n, s->image.mm);
	s->sequences++;
	if (depth > 1)
		all_sequences(s, depth - 1);
	else
		give_all_back(s);
	restore(s, depth, trace);
}

static void all_sequences(struct scope *s, unsigned depth)
{
	const struct layout *l = s->layout;
	size_t trace = strlen(s->n->trace);

	save(s, depth);
	if (depth + 2 >= l->depth)
		check_refusals(s, depth);
	for (uint32_t i = 0; i < l->calls; i++) {
		do_call(s, &l->call[i]);
		step(s, depth, trace);
	}
	for (uint32_t i = 0; i < l->releases; i++) {
		do_release(s, l->release[i]);
		step(s, depth, trace);
	}
	for (uint32_t i = 0; i < s->n->pages; i++)
		if (s->n->taken[i] != NO_BLOCK) {
			do_free(s, i);
			step(s, depth, trace);
		}
}

static bool has_deferred(const struct naive *n)
{
	return memchr(n->section, NAIVE_DEFERRED, n->pages) != NULL;
}

/* Where no section can be deferred, it would only be the written layout again. */
static uint64_t run_layout(const struct layout *l, enum naive_way way)
{
	struct scope s;

	scope_begin(&s, l, way);
	if (way == NAIVE_WRITE_ALL || has_deferred(s.n)) {
		all_sequences(&s, l->depth);
		print_message(
			"buddy: %8llu sequences of up to %u operations, %8llu calls failed: %s\n",
			(unsigned long long)s.sequences, l->depth, (unsigned long long)s.failures,
			s.n->trace);
		assert_true(s.failures != 0); /* a layout that never runs out tests too little */
	}
	scope_end(&s);
	return s.sequences;
}

static void test_all_sequences_written(void **state)
{
	uint64_t sequences = 0;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(layouts); i++)
		sequences += run_layout(&layouts[i], NAIVE_WRITE_ALL);
	print_message("buddy: %llu sequences on written sections\n", (unsigned long long)sequences);
	assert_true(sequences > 400000);
}

static void test_all_sequences_deferred(void **state)
{
	uint64_t sequences = 0;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(layouts); i++)
		sequences += run_layout(&layouts[i], NAIVE_DEFER);
	print_message(
		"buddy: %llu sequences on deferred sections\n", (unsigned long long)sequences);
	assert_true(sequences > 200000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_sequences_written),
		cmocka_unit_test(test_all_sequences_deferred),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

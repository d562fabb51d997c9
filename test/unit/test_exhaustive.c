/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything in a small scope: all maps of a few entries over 12 pages, and all sequences of a few
 * operations on a small node and a small zone, each compared with the obvious model. What is wrong in a large
 * machine is wrong in one of these, or needs large numbers (test_bootmem, test_mm). Counts are printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/bootmem.h>
#include <bootmem/e820.h>

#define P(n)  ((phys_t)(n) << PAGE_SHIFT)
#define PAGES 12
#define PAIRS (PAGES * (PAGES + 1) / 2) /* non-empty ranges */

static struct pfn_range pair[PAIRS];

static void make_pairs(void)
{
	unsigned n = 0;

	for (pfn_t start = 0; start < PAGES; start++)
		for (pfn_t end = start + 1; end <= PAGES; end++)
			pair[n++] = (struct pfn_range){ start, end };
}

/* --- e820 ------------------------------------------------------------------------------------------- */

struct map_scope {
	const uint32_t *types;
	uint32_t kinds; /* entries to choose from: a range and a type */
	uint32_t n;
	pfn_t pages;
	uint64_t maps;
};

static void check_map(const struct e820_entry *raw, uint32_t n)
{
	struct e820_entry entry[8];
	struct e820 out = { .entry = entry, .capacity = ARRAY_SIZE(entry) };

	if (e820_sanitise(raw, n, &out, NULL) != BM_OK ||
		!e820_check(&out))
		fail_msg("the table breaks its invariant");
	for (pfn_t page = 0; page < PAGES; page++) {
		uint32_t type = E820_TYPES;

		for (uint32_t i = 0; i < n; i++)
			if (raw[i].start <= P(page) && P(page) < raw[i].end &&
				(type == E820_TYPES || raw[i].type > type))
				type = raw[i].type;
		if (e820_type_at(&out, page) != type)
			fail_msg("page %u is %u, not %u", (unsigned)page, e820_type_at(&out, page),
				type);
	}
}

/* Every other map is handed over backwards. */
static void check_either_way(const struct map_scope *s, const struct e820_entry *raw)
{
	struct e820_entry backwards[4];

	for (uint32_t i = 0; i < s->n; i++)
		backwards[s->n - 1 - i] = raw[i];
	check_map(s->maps & 1 ? backwards : raw, s->n);
}

/* All multisets: entries in ascending order of kind. */
static void all_maps(struct map_scope *s, struct e820_entry *raw, uint32_t used, uint32_t kind)
{
	if (used == s->n) {
		s->maps++;
		check_either_way(s, raw);
		return;
	}
	for (; kind < s->kinds; kind++) {
		const struct pfn_range *r = &pair[kind % PAIRS];

		if (r->end > s->pages)
			continue;
		raw[used] =
			(struct e820_entry){ P(r->start), P(r->end), s->types[kind / PAIRS], 0 };
		all_maps(s, raw, used + 1, kind);
	}
}

static void test_all_maps(void **state)
{
	static const uint32_t all[] = { E820_RESERVED, E820_RAM, E820_SOFT, E820_PMEM,
		E820_UNACCEPTED, E820_ACPI, E820_NVS, E820_UNUSABLE };
	/* Four entries have at most eight ends, so their orders all occur within eight pages. */
	static const struct {
		uint32_t entries, types;
		pfn_t pages;
	} scope[] = { { 0, 8, 12 }, { 1, 8, 12 }, { 2, 8, 12 }, { 3, 3, 12 }, { 4, 2, 8 },
		{ 4, 1, 12 } };
	struct e820_entry raw[4];
	uint64_t maps = 0;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(scope); i++) {
		struct map_scope s = { all, scope[i].types * PAIRS, scope[i].entries,
			scope[i].pages, 0 };

		all_maps(&s, raw, 0, 0);
		maps += s.maps;
	}
	print_message("e820: %llu maps\n", (unsigned long long)maps);
	assert_true(maps > 3000000);
}

/* --- bootmem ------------------------------------------------------------------------------------------ */

/*
 * A node's 12 pages lie across the edge of a unit of bootmem's level 2, with reserved pages before them; or across one
 * of level 3, a GiB into a node whose other pages stay reserved.
 */
struct scope {
	pfn_t start; /* of the node */
	pfn_t first; /* of the 12 pages */
	uint32_t depth;
};

static struct scope scope;

struct operation {
	enum { FREE_RANGE, RESERVE_RANGE, ALLOCATE } what;
	uint64_t a, b, goal; /* pages; size and alignment of an allocation */
};

static struct operation operation[512];
static uint32_t operations;

static void make_operations(void)
{
	operations = 0;
	for (unsigned i = 0; i < PAIRS; i++) {
		operation[operations++] =
			(struct operation){ FREE_RANGE, pair[i].start, pair[i].end, 0 };
		if (i % 3 == 0)
			operation[operations++] =
				(struct operation){ RESERVE_RANGE, pair[i].start, pair[i].end, 0 };
	}
	for (uint64_t size = 1; size <= 4; size++)
		for (uint64_t align = 1; align <= 4; align *= 2)
			for (uint64_t goal = 0; goal <= 8; goal += 4)
				operation[operations++] =
					(struct operation){ ALLOCATE, size, align, goal };
}

struct node_model {
	struct bootmem bm;
	struct bootmem_pool pool;
	uint8_t free[PAGES];
	uint64_t bitmap[];
};

static size_t model_bytes(void)
{
	return sizeof(struct node_model) +
	       (size_t)pfn_phys(bootmem_bootmap_pages(scope.start, scope.first + PAGES));
}

static void start_node(struct node_model *m)
{
	m->pool = (struct bootmem_pool){ .node = &m->bm,
		.nodes = 1,
		.current_limit = PHYS_END,
		.window = { (uintptr_t)m->bitmap } };
	if (init_bootmem(&m->bm, m->pool.window, 0, scope.start, scope.first + PAGES) != BM_OK)
		fail_msg("init_bootmem");
	memset(m->free, 0, sizeof(m->free));
}

static bool fits(const struct node_model *m, uint64_t at, uint64_t size)
{
	for (uint64_t i = at; i < at + size; i++)
		if (i >= PAGES || !m->free[i])
			return false;
	return true;
}

/* Is there an aligned place at or above from? */
static bool has_place(const struct node_model *m, uint64_t from, const struct operation *op)
{
	for (uint64_t at = from; at < PAGES; at++)
		if ((scope.first + at) % op->b == 0 && fits(m, at, op->a))
			return true;
	return false;
}

static void do_allocate(struct node_model *m, const struct operation *op)
{
	struct bootmem_request request = { P(op->a), P(op->b),
		op->goal ? P(scope.first + op->goal) : 0, 0, -1 };
	struct bootmem_result result;
	uint64_t at;

	if (bootmem_alloc(&m->pool, &request, &result) != BM_OK) {
		if (has_place(m, 0, op))
			fail_msg("an allocation failed that has a place");
		return;
	}
	at = pfn_down(result.start_phys) - scope.first;
	if ((scope.first + at) % op->b != 0 || !fits(m, at, op->a))
		fail_msg("an allocation got pages that are not free, or not aligned");
	if (result.below_goal != (at < op->goal) || (at < op->goal && has_place(m, op->goal, op)))
		fail_msg("a goal was not honoured");
	memset(m->free + at, 0, op->a);
}

static void apply(struct node_model *m, const struct operation *op)
{
	phys_t start = P(scope.first + op->a);
	enum bm_error error = BM_OK;

	if (op->what == ALLOCATE) {
		do_allocate(m, op);
		return;
	}
	error = op->what == FREE_RANGE ? free_bootmem(&m->bm, start, P(op->b - op->a))
				       : reserve_bootmem(&m->bm, start, P(op->b - op->a));
	if (error != BM_OK)
		fail_msg("a range was refused");
	memset(m->free + op->a, op->what == FREE_RANGE, op->b - op->a);
}

static void compare(const struct node_model *m)
{
	if (!bootmem_check(&m->bm))
		fail_msg("bootmem breaks its invariant");
	for (uint64_t i = 0; i < PAGES; i++)
		if (bootmem_reserved(&m->bm, scope.first + i) == m->free[i])
			fail_msg("page %u", (unsigned)i);
}

/* Every sequence up to a depth; the state before each step is copied, not made again. */
static uint64_t all_sequences(const struct node_model *before, uint32_t depth, uint32_t last)
{
	uint64_t sequences = 0;

	for (uint32_t i = 0; i < last; i++) {
		struct node_model *m = malloc(model_bytes());

		memcpy(m, before, model_bytes());
		m->pool.node = &m->bm;
		m->pool.window.base = (uintptr_t)m->bitmap;
		bootmem_set_window(&m->bm, m->pool.window);
		apply(m, &operation[i]);
		compare(m);
		sequences++;
		if (depth > 1)
			sequences += all_sequences(m, depth - 1, last);
		free(m);
	}
	return sequences;
}

static void test_all_bootmem_sequences(void **state)
{
	static const struct scope scopes[] = { { 4090, 4090, 3 }, { 0, 262138, 2 } };
	uint64_t sequences = 0;

	(void)state;
	make_operations();
	for (unsigned i = 0; i < ARRAY_SIZE(scopes); i++) {
		struct node_model *m;

		scope = scopes[i];
		m = malloc(model_bytes());
		start_node(m);
		sequences += all_sequences(m, scope.depth, operations);
		free(m);
	}
	print_message("bootmem: %llu sequences of up to 3 of %u operations\n",
		(unsigned long long)sequences, operations);
	assert_true(sequences > 1000000);
}

static int set_up(void **state)
{
	(void)state;
	make_pairs();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_maps),
		cmocka_unit_test(test_all_bootmem_sequences),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}

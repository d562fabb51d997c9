/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random machines of several nodes, sections and zones, and long random sequences of everything the
 * buddy allocator offers, against the naive model (naive.h): small ones compared after each operation,
 * large ones made by mem_init and compared now and then. A round's seed is one more than that of the round
 * before; SEED=n in the environment starts at n.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "naive_mm.h"
#include "random.h"

#define S   SECTION_PAGES
#define DMA (16 * MIB / PAGE_SIZE)

struct round {
	uint64_t seed; /* of the next number */
	pfn_t top;     /* the second zone ends here */
	struct naive *n;
	struct mm *mm;
	const struct full *full; /* or null */
	unsigned most_order;
	uint64_t calls, failures, frees, releases;
};

static uint64_t below(struct round *r, uint64_t n)
{
	return random_below(&r->seed, n);
}

static bool one_in(struct round *r, uint64_t n)
{
	return below(r, n) == 0;
}

/* --- machines --------------------------------------------------------------------------------------------- */

/* A low one more often than a high one. */
static uint64_t small_number(struct round *r, uint64_t most)
{
	return below(r, 1 + below(r, 1 + most));
}

static pfn_t random_top(struct round *r)
{
	static const uint32_t odd[] = { 0, 0, 1, 9, 512, 1000 };

	return ARCH_HIGHMEM ? 2 * S + odd[below(r, ARRAY_SIZE(odd))] : 4 * GIB / PAGE_SIZE;
}

static void random_distances(struct round *r, uint32_t nodes)
{
	struct naive *n = r->n;

	n->nodes = nodes;
	for (uint32_t from = 0; from < nodes; from++)
		for (uint32_t to = 0; to < nodes; to++)
			n->distance[from * nodes + to] =
				(uint8_t)(from == to ? 10 : 11 + below(r, 4) * 5);
}

/* Cut pages [start, end) into pieces of up to most pages; holes one in so many, and reserved ones. */
static void random_pieces(
	struct round *r, struct pfn_range pages, uint64_t most, uint64_t holes, uint64_t reserved)
{
	for (pfn_t at = pages.start, end; at < pages.end; at = end) {
		enum naive_state state = one_in(r, holes)      ? NAIVE_HOLE
					 : one_in(r, reserved) ? NAIVE_RESERVED
							       : NAIVE_FREE;

		end = min_u64(at + 1 + small_number(r, most), pages.end);
		if (state != NAIVE_HOLE)
			naive_fill(r->n, at, end, state, (uint32_t)below(r, r->n->nodes));
	}
}

/* Every other machine: nodes change only at multiples of 4, 16 or 64 MiB, so that the node map is an array. */
static void align_nodes(struct round *r)
{
	unsigned shift = 10 + 2 * (unsigned)below(r, 3);
	uint8_t nid[64];

	if (one_in(r, 2))
		return;
	for (uint32_t k = 0; k < ARRAY_SIZE(nid); k++)
		nid[k] = (uint8_t)below(r, r->n->nodes);
	for (uint32_t i = 0; i < r->n->pages; i++)
		if (naive_is_ram(r->n, i))
			r->n->nid[i] = nid[(naive_pfn(r->n, i) >> shift) % ARRAY_SIZE(nid)];
}

/* Around some of the places where something ends. */
static uint32_t random_windows(struct round *r, struct pfn_range *window)
{
	const pfn_t place[] = { DMA, 0x2400, S, r->top, r->top + S };
	uint32_t windows = 0;

	for (uint32_t i = 0; i < ARRAY_SIZE(place); i++) {
		pfn_t pages = one_in(r, 12) ? 2500 : 8 + below(r, 90);
		pfn_t start = place[i] - below(r, pages);

		if (one_in(r, 2) && windows != 0)
			continue;
		if (windows != 0 && start <= window[windows - 1].end)
			continue;
		window[windows++] = (struct pfn_range){ start, start + pages };
	}
	return windows;
}

static void random_small(struct round *r)
{
	struct pfn_range window[NAIVE_WINDOWS];
	uint32_t windows = random_windows(r, window);

	r->n = naive_new(window, windows);
	random_distances(r, 1 + (uint32_t)small_number(r, 4));
	for (uint32_t w = 0; w < windows; w++)
		random_pieces(r, window[w], 2 + (window[w].end - window[w].start) / 3, 6, 5);
	/* One page of RAM in low memory there must be. */
	naive_fill(r->n, window[0].start, window[0].start + 1, NAIVE_RESERVED, 0);
	align_nodes(r);
}

/* --- operations ------------------------------------------------------------------------------------------- */

/* Whoever has a page may write to it: nothing of ours may suffer. */
static void scribble(const struct round *r, pfn_t pfn)
{
	if (r->full != NULL && pfn_phys(pfn) < r->full->arena_bytes)
		memset(phys_to_virt(r->mm->window, pfn_phys(pfn)), 0x5a, 64);
}

static void judge(struct round *r, const uint32_t *list, uint32_t zones, unsigned order, pfn_t pfn)
{
	r->calls++;
	r->failures += pfn == PFN_NONE;
	if (pfn == PFN_NONE || r->full == NULL || one_in(r, 12))
		naive_allocated(r->n, list, zones, order, pfn);
	else
		naive_followed(r->n, list, zones, order, pfn);
	if (pfn != PFN_NONE) {
		scribble(r, pfn);
		scribble(r, pfn + ((pfn_t)1 << order) - 1);
	}
}

static unsigned random_order(struct round *r)
{
	return (unsigned)(one_in(r, 10) ? below(r, NR_ORDERS + 1) : small_number(r, r->most_order));
}

static void call_node(struct round *r)
{
	int nid = (int)below(r, r->n->nodes + 1) - 1;
	enum gfp gfp = (enum gfp)below(r, 4);
	unsigned order = random_order(r);
	uint32_t list[NAIVE_ZONES];

	judge(r, list, naive_zonelist(r->n, nid, gfp, list), order,
		alloc_pages_node(r->mm, nid, gfp, order));
}

static void call_zone(struct round *r)
{
	uint32_t zone = (uint32_t)below(r, r->n->nodes * ARCH_NR_ZONES);
	unsigned order = random_order(r);

	judge(r, &zone, 1, order, zone_alloc_pages(r->mm, zone, order));
}

/* The first page at or after a random one, around the end, for which a byte is as wanted. */
static uint32_t random_page(struct round *r, const uint8_t *bytes, bool (*wanted)(uint8_t byte))
{
	uint32_t start = (uint32_t)below(r, r->n->pages);

	for (uint32_t k = 0; k < r->n->pages; k++) {
		uint32_t i = (start + k) % r->n->pages;

		if (wanted(bytes[i]))
			return i;
	}
	return NAIVE_NONE;
}

static bool is_block(uint8_t byte)
{
	return byte != NO_BLOCK;
}

static bool is_reserved(uint8_t byte)
{
	return byte == NAIVE_RESERVED;
}

static void free_one(struct round *r)
{
	uint32_t i = random_page(r, r->n->taken, is_block);

	if (i == NAIVE_NONE)
		return;
	if (free_pages(r->mm, naive_pfn(r->n, i), r->n->taken[i]) != BM_OK)
		fail_msg("%s: free(%llx, %u) is refused", r->n->trace,
			(unsigned long long)naive_pfn(r->n, i), r->n->taken[i]);
	naive_freed(r->n, naive_pfn(r->n, i));
	r->frees++;
}

static void free_wrongly(struct round *r)
{
	uint32_t i = (uint32_t)below(r, r->n->pages);
	unsigned order = random_order(r);

	if (r->n->taken[i] != order && free_pages(r->mm, naive_pfn(r->n, i), order) != BM_INVALID)
		fail_msg("%s: free(%llx, %u) is accepted", r->n->trace,
			(unsigned long long)naive_pfn(r->n, i), order);
}

/* Tables stay where they are: only what was reserved by hand is given up. */
static bool may_go(const struct round *r, pfn_t pfn)
{
	uint32_t i = naive_index(r->n, pfn);
	const struct owner_range *owner;

	if (i == NAIVE_NONE || !is_reserved(r->n->state[i]))
		return false;
	if (r->full == NULL)
		return true;
	owner = owners_from(&r->full->owners, pfn);
	return owner != NULL && owner->start <= pfn && owner->owner == OWNER_RESERVE;
}

static bool has_descriptors(const struct naive *n, pfn_t start, pfn_t end)
{
	for (pfn_t pfn = start; pfn < end; pfn++)
		if (n->section[naive_index(n, pfn)] == NAIVE_LEFT_OUT)
			return false;
	return true;
}

static void release_some(struct round *r)
{
	uint32_t i = random_page(r, r->n->state, is_reserved);
	pfn_t start = i == NAIVE_NONE ? 0 : naive_pfn(r->n, i), end = start;
	pfn_t most = start + 1 + small_number(r, 40);
	bool expected;

	while (i != NAIVE_NONE && end < most && may_go(r, end))
		end++;
	if (start == end)
		return;
	expected = has_descriptors(r->n, start, end);
	if ((free_reserved_pages(r->mm, start, end) == BM_OK) != expected)
		fail_msg("%s: release(%llx, %llx) is %s", r->n->trace, (unsigned long long)start,
			(unsigned long long)end, expected ? "refused" : "accepted");
	if (expected)
		naive_released(r->n, start, end);
	for (pfn_t pfn = start; pfn < end; pfn++)
		naive_opened(r->n, pfn);
	r->releases++;
}

/* Sections that are written now for whatever reason. */
static void follow_sections(struct round *r)
{
	for (uint32_t i = 0; i < r->n->pages; i++)
		if (r->n->section[i] == NAIVE_DEFERRED &&
			(section_of_pfn(r->mm, naive_pfn(r->n, i))->flags & SECTION_INITIALISED))
			naive_opened(r->n, naive_pfn(r->n, i));
}

/* Whole-machine operations that leave all counts as they are. */
static void do_rare(struct round *r)
{
	bool balanced = true;

	switch (below(r, 3)) {
	case 0:
		mm_selftest(r->mm, &balanced);
		assert_true(balanced);
		break;
	case 1:
		zones_set_watermarks(r->mm);
		naive_set_watermarks(r->n);
		break;
	default:
		sections_initialise_all(r->mm);
		break;
	}
	follow_sections(r);
}

static void random_operation(struct round *r)
{
	uint64_t what = below(r, 100);

	if (what < 45)
		call_node(r);
	else if (what < 55)
		call_zone(r);
	else if (what < 92)
		free_one(r);
	else if (what < 96)
		free_wrongly(r);
	else if (what < 99)
		release_some(r);
	else if (one_in(r, 4))
		do_rare(r);
}

/* Give everything back; only what was released has become free, and nothing is reserved that was not. */
static void finish(struct round *r, const uint8_t *start)
{
	for (uint32_t i = 0; i < r->n->pages; i++)
		if (r->n->taken[i] != NO_BLOCK) {
			assert_int_equal(
				free_pages(r->mm, naive_pfn(r->n, i), r->n->taken[i]), BM_OK);
			naive_freed(r->n, naive_pfn(r->n, i));
		}
	naive_compare(r->n, r->mm);
	for (uint32_t i = 0; i < r->n->pages; i++)
		if (r->n->state[i] != start[i] &&
			(start[i] != NAIVE_RESERVED || r->n->state[i] != NAIVE_FREE))
			fail_msg("%s: %llx is not as it was", r->n->trace,
				(unsigned long long)naive_pfn(r->n, i));
}

static void run(struct round *r, unsigned operations, unsigned every)
{
	uint8_t *start = malloc(r->n->pages);
	size_t trace = strlen(r->n->trace);

	memcpy(start, r->n->state, r->n->pages);
	naive_compare_layout(r->n, r->mm);
	for (unsigned i = 0; i < operations; i++) {
		r->n->trace[trace] = '\0';
		naive_say(r->n, ", operation %u", i);
		random_operation(r);
		if (i % every == 0)
			naive_compare(r->n, r->mm);
	}
	finish(r, start);
	free(start);
}

static void add_counts(struct round *sum, const struct round *r)
{
	sum->calls += r->calls;
	sum->failures += r->failures;
	sum->frees += r->frees;
	sum->releases += r->releases;
}

static void print_counts(const char *what, unsigned rounds, const struct round *sum)
{
	print_message("%s: %u rounds, %llu allocations of which %llu failed, %llu frees, "
		      "%llu releases\n",
		what, rounds, (unsigned long long)sum->calls, (unsigned long long)sum->failures,
		(unsigned long long)sum->frees, (unsigned long long)sum->releases);
	assert_true(sum->failures != 0 && sum->frees != 0 && sum->releases != 0);
}

/* --- small ones ------------------------------------------------------------------------------------------- */

#define SMALL_ROUNDS 600

static void test_small(void **state)
{
	uint64_t seed = random_seed("small machines", 20);
	struct round sum = { 0 };
	struct image image = { 0 };

	(void)state;
	for (unsigned i = 0; i < SMALL_ROUNDS; i++) {
		struct round r = { .seed = seed + i, .most_order = 4 };

		r.top = random_top(&r);
		random_small(&r);
		naive_say(r.n, "SEED=%llu, small", (unsigned long long)(seed + i));
		image_make(&image, r.n, r.top, one_in(&r, 3) ? NAIVE_WRITE_ALL : NAIVE_DEFER);
		r.mm = image.mm;
		run(&r, 120, 1);
		add_counts(&sum, &r);
		naive_delete(r.n);
	}
	image_free(&image);
	print_counts("small machines", SMALL_ROUNDS, &sum);
}

/* --- large ones, by mem_init -------------------------------------------------------------------------------- */

#define LARGE_ROUNDS 16

/* Runs with an odd end here and there, long ones without anything reserved, and crowded ones. */
static void random_stretch(struct round *r, struct pfn_range pages)
{
	for (pfn_t at = pages.start, end; at < pages.end; at = end) {
		struct pfn_range part;

		end = min_u64(at + 1 + below(r, S), pages.end);
		part = (struct pfn_range){ at, end };
		if (one_in(r, 3))
			random_pieces(r, part, 300, 20, 4);
		else
			random_pieces(r, part, S, 20, 20);
	}
}

/* Low memory and what lies around the end of the second zone; page 0 is never anybody's. */
static void random_large(struct round *r)
{
	struct pfn_range window[] = { { 0, S + 2000 }, { r->top - 3000, r->top + S + 1 } };

	r->n = naive_new(window, ARRAY_SIZE(window));
	random_distances(r, 1 + (uint32_t)small_number(r, 4));
	random_stretch(r, window[0]);
	random_stretch(r, window[1]);
	naive_fill(r->n, 0, 1, NAIVE_RESERVED, 0);
	naive_fill(r->n, 1, 400, NAIVE_FREE, 0); /* bitmaps and tables find room */
	align_nodes(r);
}

/* Little of the memory that can hold tables is left. */
static void make_tight(struct round *r)
{
	pfn_t left = (ARCH_HIGHMEM ? 30 : 160) + below(r, 250); /* i386 has smaller bitmaps */

	for (uint32_t i = 0; i < r->n->pages; i++)
		if (r->n->state[i] == NAIVE_FREE && naive_pfn(r->n, i) >= left &&
			(!ARCH_HIGHMEM || naive_pfn(r->n, i) < r->top))
			r->n->state[i] = NAIVE_RESERVED;
}

static uint32_t sections_left_out(const struct naive *n)
{
	uint32_t sections = 0;

	for (uint32_t i = 0; i < n->pages; i++)
		sections += n->section[i] == NAIVE_LEFT_OUT &&
			    (i == 0 || n->section[i - 1] != NAIVE_LEFT_OUT);
	return sections;
}

/* False: there is no room for bitmaps and tables. */
static bool large_round(struct round *r, struct round *sum, uint32_t *left_out)
{
	uint64_t seed = r->seed;
	struct full full;

	r->top = random_top(r);
	random_large(r);
	if (one_in(r, 4))
		make_tight(r);
	naive_say(r->n, "SEED=%llu, large", (unsigned long long)seed);
	if (!full_make(&full, r->n, r->top)) {
		naive_delete(r->n);
		return false;
	}
	r->mm = full.mm;
	r->full = &full;
	*left_out += sections_left_out(r->n);
	run(r, 1500, 100);
	add_counts(sum, r);
	full_free(&full);
	naive_delete(r->n);
	return true;
}

static void test_large(void **state)
{
	uint64_t seed = random_seed("large machines", 1);
	struct round sum = { 0 };
	uint32_t left_out = 0;
	unsigned rounds = 0;

	(void)state;
	for (unsigned i = 0; i < LARGE_ROUNDS; i++) {
		struct round r = { .seed = seed + i, .most_order = MAX_ORDER };

		rounds += large_round(&r, &sum, &left_out);
	}
	print_counts("large machines", rounds, &sum);
	print_message(
		"large machines: %u had no room for tables, %u sections had none for descriptors\n",
		LARGE_ROUNDS - rounds, left_out);
	assert_true(rounds > LARGE_ROUNDS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bootmem: the defects of the 2.4 lineage as regression tests, the semantics of the classic entry
 * points, and a naive model (a byte for each page) over random operations, the checker after each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <bootmem/bootmem.h>

#include "random.h"

#define P(n) ((phys_t)(n) << PAGE_SHIFT)
#define K    UINT64_C(1024)

/*
 * Nodes that lie anywhere; the bitmaps lie in host memory, at physical address 0 of the window.
 * Allocated memory itself is not touched unless it is in the window.
 */
struct fixture {
	uint8_t *memory;
	struct bootmem node[3];
	struct bootmem_pool pool;
	phys_t next_bitmap;
};

#define MEMORY_PAGES 512

static struct fixture *make(void)
{
	struct fixture *x = calloc(1, sizeof(*x));

	x->memory = aligned_alloc(PAGE_SIZE, MEMORY_PAGES * PAGE_SIZE);
	memset(x->memory, 0x5a, MEMORY_PAGES * PAGE_SIZE);
	x->pool = (struct bootmem_pool){ .node = x->node,
		.current_limit = PHYS_END,
		.dma_limit = 16 * MIB,
		.window = { (uintptr_t)x->memory } };
	return x;
}

static void destroy(struct fixture *x)
{
	free(x->memory);
	free(x);
}

static struct bootmem *add_node(struct fixture *x, pfn_t start, pfn_t end)
{
	struct bootmem *bm = &x->node[x->pool.nodes++];
	uint64_t pages = bootmem_bootmap_pages(start, end);

	assert_true(x->next_bitmap + (pages << PAGE_SHIFT) <= MEMORY_PAGES * PAGE_SIZE);
	assert_int_equal(init_bootmem(bm, x->pool.window, x->next_bitmap, start, end), BM_OK);
	x->next_bitmap += pages << PAGE_SHIFT;
	assert_true(bootmem_check(bm));
	return bm;
}

static void make_free(struct bootmem *bm, pfn_t start, pfn_t end)
{
	assert_int_equal(free_bootmem(bm, P(start), P(end - start)), BM_OK);
	assert_true(bootmem_check(bm));
}

/* The address, or 0. */
static phys_t alloc_at(struct fixture *x, uint64_t size, uint64_t align, phys_t goal)
{
	struct bootmem_request request = { size, align, goal, 0, -1 };
	struct bootmem_result result = { 0 };

	if (bootmem_alloc(&x->pool, &request, &result) != BM_OK)
		return 0;
	for (uint32_t nid = 0; nid < x->pool.nodes; nid++)
		assert_true(bootmem_check(&x->node[nid]));
	return result.start_phys;
}

/* --- defects of 2.4 (M8) ------------------------------------------------------------------------------- */

/* A page freed after the last allocation ended in it must not be merged into. */
static void test_24_merge_into_freed_page(void **state)
{
	struct fixture *x = make();
	struct bootmem *bm = add_node(x, 0, 1024);
	phys_t a, b;

	(void)state;
	make_free(bm, 512, 1024);
	a = alloc_at(x, 100, 16, P(512));
	assert_int_equal(a, P(512));
	assert_int_equal(free_bootmem(bm, a, PAGE_SIZE), BM_OK);
	b = alloc_at(x, 100, 16, P(513));
	assert_int_equal(b, P(513));
	assert_true(bootmem_reserved(bm, pfn_down(b)));
	destroy(x);
}

/* align 0 means 1, and never memory already handed out; other non-powers of two are refused. */
static void test_24_align_zero(void **state)
{
	struct fixture *x = make();
	struct bootmem *bm = add_node(x, 0, 64);
	phys_t a;

	(void)state;
	make_free(bm, 2, 64);
	a = alloc_at(x, 100, 16, 0);
	assert_int_equal(alloc_at(x, 50, 0, 0), a + 100);
	assert_int_equal(alloc_at(x, 50, 24, 0), 0);
	assert_int_equal(alloc_at(x, 0, 16, 0), 0);
	destroy(x);
}

/* Alignment is of the physical address, wherever the node starts. */
static void test_24_alignment_is_absolute(void **state)
{
	struct fixture *x = make();
	struct bootmem *bm = add_node(x, 0x1001, 0x3000);

	(void)state;
	make_free(bm, 0x1001, 0x3000);
	assert_int_equal(alloc_at(x, P(1), 64 * K, 0), 0x1010000);
	assert_int_equal(alloc_at(x, P(1), 16 * MIB, 0), 0x2000000);
	destroy(x);
}

/* A full node is no crash: the next one is tried, and then failure is a value. */
static void test_24_next_node(void **state)
{
	struct fixture *x = make();
	struct bootmem_request request = { P(4), PAGE_SIZE, 0, 0, 0 };
	struct bootmem_result result = { 0 };

	(void)state;
	make_free(add_node(x, 0, 8), 5, 8);
	make_free(add_node(x, 8, 32), 10, 15);
	assert_int_equal(bootmem_alloc(&x->pool, &request, &result), BM_OK);
	assert_int_equal(result.nid, 1);
	assert_int_equal(result.start_phys, P(10));
	result.start_phys = 77;
	assert_int_equal(bootmem_alloc(&x->pool, &request, &result), BM_NOMEM);
	assert_int_equal(result.start_phys, 77);
	assert_int_equal(bootmem_free_pages(&x->node[0]), 3);
	assert_int_equal(bootmem_free_pages(&x->node[1]), 1);
	destroy(x);
}

/* A goal beyond memory falls back, and the caller is told. */
static void test_24_goal_beyond_the_node(void **state)
{
	struct fixture *x = make();
	struct bootmem_request request = { P(1), PAGE_SIZE, UINT64_C(0x3fff000000), 0, -1 };
	struct bootmem_result result;

	(void)state;
	make_free(add_node(x, 0, 64), 2, 64);
	assert_int_equal(bootmem_alloc(&x->pool, &request, &result), BM_OK);
	assert_int_equal(result.start_phys, P(2));
	assert_true(result.below_goal);
	request.goal_phys = P(3);
	assert_int_equal(bootmem_alloc(&x->pool, &request, &result), BM_OK);
	assert_false(result.below_goal);
	destroy(x);
}

/* Nothing wraps. */
static void test_24_wrapping_sizes(void **state)
{
	struct fixture *x = make();
	struct bootmem *bm = add_node(x, 0, 64);

	(void)state;
	make_free(bm, 2, 64);
	assert_int_equal(reserve_bootmem(bm, UINT64_MAX - 10, 100), BM_INVALID);
	assert_int_equal(free_bootmem(bm, UINT64_MAX - 10, 100), BM_INVALID);
	assert_int_equal(alloc_at(x, UINT64_MAX, 16, 0), 0);
	assert_int_equal(alloc_at(x, UINT64_MAX - 0x1000, 16, P(3)), 0);
	assert_int_equal(bootmem_free_pages(bm), 62);
	assert_int_equal(init_bootmem(bm, x->pool.window, 0, 5, 4), BM_INVALID);
	assert_int_equal(init_bootmem(bm, x->pool.window, 5, 4, 5), BM_INVALID);
	destroy(x);
}

/* One formula for the size of the bitmap: what init writes and updates touch fits what was asked for. */
static void test_24_bitmap_size(void **state)
{
	static const pfn_t start[] = { 0, 1, 63, 64, 4095, 4096, 4097, 262143 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(start); i++)
		for (unsigned j = 0; j < ARRAY_SIZE(start); j++) {
			pfn_t end = start[i] + start[j];
			uint64_t pages = bootmem_bootmap_pages(start[i], end);
			struct window window;
			struct bootmem bm;
			uint8_t *exact = malloc((size_t)(pages << PAGE_SHIFT) + 1);

			/* Exactly that much: ASan sees a byte too many. */
			window.base = (uintptr_t)exact;
			assert_int_equal(init_bootmem(&bm, window, 0, start[i], end), BM_OK);
			assert_int_equal(free_bootmem(&bm, P(start[i]), P(end - start[i])), BM_OK);
			for (pfn_t pfn = start[i]; pfn < end; pfn += 61)
				assert_int_equal(reserve_bootmem(&bm, P(pfn), 1), BM_OK);
			assert_true(bootmem_check(&bm));
			free(exact);
		}
}

/* --- semantics ----------------------------------------------------------------------------------------- */

/* free rounds in, reserve rounds out, both clip to the node. */
static void test_rounding(void **state)
{
	struct fixture *x = make();
	struct bootmem *bm = add_node(x, 10, 40);

	(void)state;
	assert_int_equal(free_bootmem(bm, P(12) + 1, P(3)), BM_OK); /* pages 13 and 14 */
	assert_int_equal(bootmem_free_pages(bm), 2);
	assert_int_equal(free_bootmem(bm, 0, P(100)), BM_OK);
	assert_int_equal(bootmem_free_pages(bm), 30);
	assert_int_equal(reserve_bootmem(bm, P(20) + 4095, 2), BM_OK); /* pages 20 and 21 */
	assert_int_equal(bootmem_free_pages(bm), 28);
	assert_int_equal(reserve_bootmem(bm, P(20), 0), BM_OK);
	assert_int_equal(bootmem_free_pages(bm), 28);
	assert_true(bootmem_reserved(bm, 9));
	assert_true(bootmem_reserved(bm, 20));
	assert_false(bootmem_reserved(bm, 22));
	assert_true(bootmem_reserved(bm, 40));
	destroy(x);
}

/* Small requests share a page; one that does not fit takes the free page behind it. */
static void test_merging(void **state)
{
	struct fixture *x = make();
	struct bootmem *bm = add_node(x, 0, 64);

	(void)state;
	make_free(bm, 2, 5);
	assert_int_equal(alloc_at(x, 100, 16, 0), P(2));
	assert_int_equal(alloc_at(x, 100, 16, 0), P(2) + 112);
	assert_int_equal(alloc_at(x, 3000, 1024, 0), P(2) + 1024);
	assert_int_equal(bm->allocated_pages, 1);
	assert_int_equal(alloc_at(x, 5000, 8, 0), P(2) + 4024);
	assert_int_equal(bm->allocated_pages, 3);
	assert_int_equal(bm->merged, 3);
	assert_int_equal(bm->requested_bytes, 100 + 100 + 3000 + 5000);
	/* 4024 + 5000 = page 4 + 832; the rest of page 4 is used up before failure. */
	assert_int_equal(alloc_at(x, 3264, 1, 0), P(4) + 832);
	assert_int_equal(alloc_at(x, 1, 1, 0), 0);
	destroy(x);
}

/* A request that would look lower first does not merge above. */
static void test_low_does_not_merge_high(void **state)
{
	struct fixture *x = make();
	struct bootmem *bm = add_node(x, 0, 64);

	(void)state;
	make_free(bm, 2, 5);
	make_free(bm, 20, 25);
	assert_int_equal(alloc_at(x, 100, 16, P(20)), P(20));
	assert_int_equal(alloc_at(x, 100, 16, 0), P(2));
	assert_int_equal(alloc_at(x, 100, 16, P(2)), P(2) + 112);
	destroy(x);
}

/* Small requests and whole pages take turns: each kind goes on where it was, so that little is lost. */
static void test_chunk_beside_pages(void **state)
{
	struct fixture *x = make();
	struct bootmem *bm = add_node(x, 0, 256);

	(void)state;
	make_free(bm, 2, 200);
	for (unsigned i = 0; i < 8; i++) {
		assert_int_equal(alloc_at(x, 5000, 8, 0), P(2) + i * 5000);
		assert_int_equal(alloc_at(x, P(3), PAGE_SIZE, 0), P(18 + 3 * i));
	}
	assert_int_equal(bm->allocated_pages, (8 * 5000 + 4095) / 4096 + 8 * 3);
	/* The chunk's other pages are free for everybody. */
	assert_int_equal(reserve_bootmem(bm, P(12), P(1)), BM_OK);
	assert_int_equal(alloc_at(x, 5000, 8, 0), P(13));
	assert_int_equal(free_bootmem(bm, P(13), P(1)), BM_OK);
	assert_true(bootmem_check(bm));
	/* Aligned requests leave what is before them to the others. */
	assert_int_equal(alloc_at(x, P(64), P(64), 0), P(64));
	assert_int_equal(alloc_at(x, P(1), PAGE_SIZE, 0), P(42));
	destroy(x);
}

/* What an odd request leaves of its last page goes to small ones. */
static void test_rest_of_a_large_request(void **state)
{
	struct fixture *x = make();
	struct bootmem *bm = add_node(x, 0, 256);

	(void)state;
	make_free(bm, 2, 200);
	assert_int_equal(alloc_at(x, P(9) + 100, 8, 0), P(2));
	assert_int_equal(alloc_at(x, 3000, 4, 0), P(11) + 100);
	assert_int_equal(bm->allocated_pages, 10);
	destroy(x);
}

/*
 * Requests with a goal go on together, wherever that is at or above the goal, and not behind those without one before
 * these have come that far.
 */
static void test_goals_share(void **state)
{
	struct fixture *x = make();
	struct bootmem *bm = add_node(x, 0, 256);
	struct bootmem_request low = { P(1), PAGE_SIZE, P(3), P(30), -1 };
	struct bootmem_result result;

	(void)state;
	make_free(bm, 2, 200);
	assert_int_equal(alloc_at(x, P(4), PAGE_SIZE, P(100)), P(100));
	assert_int_equal(alloc_at(x, P(4), PAGE_SIZE, P(50)), P(104));
	assert_int_equal(
		alloc_at(x, P(1), PAGE_SIZE, P(120)), P(120)); /* a goal above takes them there */
	assert_int_equal(alloc_at(x, P(1), PAGE_SIZE, P(50)), P(121));
	assert_int_equal(
		bootmem_alloc(&x->pool, &low, &result), BM_OK); /* a limit brings them back */
	assert_int_equal(result.start_phys, P(3));
	assert_int_equal(alloc_at(x, P(1), PAGE_SIZE, 0), P(2));
	assert_int_equal(alloc_at(x, P(90), PAGE_SIZE, 0), P(4));
	assert_int_equal(
		alloc_at(x, P(2), PAGE_SIZE, P(50)), P(94)); /* behind those without a goal */
	assert_int_equal(alloc_at(x, P(1), PAGE_SIZE, 0), P(96));
	assert_true(bootmem_check(bm));
	destroy(x);
}

/* A page behind that is reserved, a limit or a goal stops the merge. */
static void test_no_merge(void **state)
{
	struct fixture *x = make();
	struct bootmem *bm = add_node(x, 0, 64);
	struct bootmem_request request = { 5000, 16, 0, P(3), -1 };
	struct bootmem_result result;

	(void)state;
	make_free(bm, 2, 3);
	make_free(bm, 10, 20);
	assert_int_equal(alloc_at(x, 100, 16, 0), P(2));
	assert_int_equal(alloc_at(x, 5000, 16, 0), P(10)); /* page 3 is reserved */
	assert_int_equal(alloc_at(x, 100, 16, P(15)), P(15));
	assert_int_equal(bootmem_alloc(&x->pool, &request, &result), BM_NOMEM);
	destroy(x);
}

static void test_limits(void **state)
{
	struct fixture *x = make();
	struct bootmem_request request = { P(2), PAGE_SIZE, 0, P(11), -1 };
	struct bootmem_result result;

	(void)state;
	make_free(add_node(x, 0, 64), 10, 64);
	assert_int_equal(bootmem_alloc(&x->pool, &request, &result), BM_NOMEM);
	request.limit_phys = P(12);
	assert_int_equal(bootmem_alloc(&x->pool, &request, &result), BM_OK);
	x->pool.current_limit = P(13);
	request.limit_phys = 0;
	assert_int_equal(bootmem_alloc(&x->pool, &request, &result), BM_NOMEM);
	request.limit_phys = P(60); /* the pool's limit still applies */
	assert_int_equal(bootmem_alloc(&x->pool, &request, &result), BM_NOMEM);
	x->pool.current_limit = P(14);
	assert_int_equal(bootmem_alloc(&x->pool, &request, &result), BM_OK);
	assert_int_equal(result.start_phys, P(12));
	destroy(x);
}

/* The search order of the nodes is the caller's; without one it ascends and wraps. */
static void test_node_order(void **state)
{
	static const uint8_t order[] = { 0, 2, 1, 1, 0, 2, 2, 0, 1 };
	struct fixture *x = make();
	struct bootmem_request request = { P(1), PAGE_SIZE, 0, 0, 1 };
	struct bootmem_result result;

	(void)state;
	make_free(add_node(x, 0, 8), 6, 8);
	make_free(add_node(x, 8, 16), 9, 10);
	make_free(add_node(x, 16, 24), 20, 22);
	for (unsigned i = 0; i < 5; i++) {
		static const phys_t expected[] = { P(9), P(20), P(21), P(6), P(7) };

		assert_int_equal(bootmem_alloc(&x->pool, &request, &result), BM_OK);
		assert_int_equal(result.start_phys, expected[i]);
	}
	for (unsigned nid = 0; nid < 3; nid++)
		make_free(&x->node[nid], 0, 64);
	x->pool.node_order = order;
	assert_int_equal(reserve_bootmem(&x->node[1], P(8), P(8)), BM_OK);
	assert_int_equal(bootmem_alloc(&x->pool, &request, &result), BM_OK);
	assert_int_equal(result.nid, 0); /* the nearest to 1 */
	request.nid = 3;
	assert_int_equal(bootmem_alloc(&x->pool, &request, &result), BM_INVALID);
	destroy(x);
}

/* A goal is worth more than the preferred node: below it only when no node has room above. */
static void test_goal_before_node(void **state)
{
	struct fixture *x = make();
	struct bootmem_request request = { P(1), PAGE_SIZE, P(12), 0, 0 };
	struct bootmem_result result;

	(void)state;
	make_free(add_node(x, 0, 10), 2, 10);
	make_free(add_node(x, 10, 20), 12, 13);
	assert_int_equal(bootmem_alloc(&x->pool, &request, &result), BM_OK);
	assert_int_equal(result.start_phys, P(12));
	assert_int_equal(bootmem_alloc(&x->pool, &request, &result), BM_OK);
	assert_int_equal(result.start_phys, P(2));
	assert_true(result.below_goal);
	destroy(x);
}

/* The classic entry points clear what they return, and prefer memory above the DMA limit. */
static void test_classic(void **state)
{
	struct fixture *x = make();
	struct bootmem *bm = add_node(x, 0, MEMORY_PAGES);
	struct window w = x->pool.window;
	uint8_t *p;

	(void)state;
	x->pool.dma_limit = P(100);
	make_free(bm, 8, 9);
	make_free(bm, 90, 110);
	p = alloc_bootmem(&x->pool, 100);
	assert_int_equal(virt_to_phys(w, p), P(100));
	for (int i = 0; i < 100; i++)
		assert_int_equal(p[i], 0);
	assert_int_equal(p[100], 0x5a);
	assert_int_equal(virt_to_phys(w, alloc_bootmem(&x->pool, 1)), P(100) + 128);
	assert_int_equal(virt_to_phys(w, alloc_bootmem_pages(&x->pool, 1)), P(101));
	assert_int_equal(virt_to_phys(w, alloc_bootmem_low(&x->pool, PAGE_SIZE)), P(8));
	assert_int_equal(virt_to_phys(w, alloc_bootmem_low_pages(&x->pool, 1)), P(90));
	assert_int_equal(virt_to_phys(w, alloc_bootmem_node(&x->pool, 0, P(2))), P(102));
	assert_null(alloc_bootmem_pages(&x->pool, P(10)));
	/* A table is aligned to its own size: page 104, not 106. */
	assert_int_equal(virt_to_phys(w, early_alloc(&x->pool, P(4))), P(104));
	assert_null(early_alloc(&x->pool, 5000));
	destroy(x);
}

/* --- the claim hook ------------------------------------------------------------------------------------ */

struct claims {
	struct bootmem *bm;
	pfn_t refuse;  /* this page is refused, and reserved when asked for */
	bool stubborn; /* refuses without reserving */
	uint64_t asked, pages;
};

static enum bm_error claim_hook(void *ctx, pfn_t start, uint64_t pages)
{
	struct claims *c = ctx;

	c->asked++;
	if (start <= c->refuse && c->refuse < start + pages) {
		if (!c->stubborn)
			assert_int_equal(reserve_bootmem(c->bm, P(c->refuse), 1), BM_OK);
		return BM_REFUSED;
	}
	c->pages += pages;
	return BM_OK;
}

/* ..FFFRFFFF: the run before the refused page is too short; expect the one behind it. */
static void test_claim_refused(void **state)
{
	struct fixture *x = make();
	struct bootmem *bm = add_node(x, 0, 64);
	struct claims claims = { .bm = bm, .refuse = 5 };

	(void)state;
	make_free(bm, 2, 10);
	x->pool.claim = claim_hook;
	x->pool.claim_ctx = &claims;
	assert_int_equal(alloc_at(x, P(4), PAGE_SIZE, 0), P(6));
	assert_int_equal(claims.asked, 2);
	assert_int_equal(claims.pages, 4);
	assert_int_equal(alloc_at(x, 10, 1, 0), P(2)); /* nothing merges into a page that is full */
	assert_int_equal(alloc_at(x, 10, 1, 0), P(2) + 10);
	assert_int_equal(claims.asked, 3); /* a merge inside a page asks for nothing */
	destroy(x);
}

/* A merge whose new page is refused falls back to fresh pages. */
static void test_claim_refused_in_merge(void **state)
{
	struct fixture *x = make();
	struct bootmem *bm = add_node(x, 0, 64);
	struct claims claims = { .bm = bm, .refuse = 3 };

	(void)state;
	make_free(bm, 2, 20);
	x->pool.claim = claim_hook;
	x->pool.claim_ctx = &claims;
	assert_int_equal(alloc_at(x, 100, 1, 0), P(2));
	assert_int_equal(alloc_at(x, 4096, 1, 0), P(4));
	destroy(x);
}

/* A hook that breaks its promise ends in failure, not in a loop. */
static void test_stubborn_claim(void **state)
{
	struct fixture *x = make();
	struct bootmem *bm = add_node(x, 0, 64);
	struct claims claims = { .bm = bm, .refuse = 2, .stubborn = true };

	(void)state;
	make_free(bm, 2, 20);
	x->pool.claim = claim_hook;
	x->pool.claim_ctx = &claims;
	assert_int_equal(alloc_at(x, P(1), PAGE_SIZE, 0), 0);
	assert_int_equal(bootmem_free_pages(bm), 18);
	destroy(x);
}

/* Whoever names no goal gets the lowest there is, wherever others went before: in pages, chunks and aligned runs. */
static void test_lowest_after_a_goal(void **state)
{
	static const struct {
		uint64_t size, align;
	} of[] = { { 100, 1 }, { PAGE_SIZE, PAGE_SIZE }, { P(3), 1 }, { P(4), P(4) } };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(of); i++) {
		struct fixture *x = make();
		struct bootmem *bm = add_node(x, 0, 1024);

		make_free(bm, 8, 1000);
		assert_int_equal(alloc_at(x, of[i].size, of[i].align, P(512)), P(512));
		assert_int_equal(alloc_at(x, of[i].size, of[i].align, 0), P(8));
		assert_true(alloc_at(x, of[i].size, of[i].align, P(512)) >= P(512));
		assert_true(alloc_at(x, of[i].size, of[i].align, 0) < P(20));
		assert_true(alloc_at(x, of[i].size, of[i].align, P(600)) >= P(600));
		assert_true(alloc_at(x, of[i].size, of[i].align, 0) < P(24));
		destroy(x);
	}
}

/* --- the checker ---------------------------------------------------------------------------------------- */

static void test_checker(void **state)
{
	struct fixture *x = make();
	struct bootmem *bm = add_node(x, 100, 20000);

	(void)state;
	make_free(bm, 5000, 5003);
	make_free(bm, 9000, 20000);
	bm->level[0].full[5000 >> 6] = ~UINT64_C(0); /* a word that says "mixed" is full */
	assert_false(bootmem_check(bm));
	bm->level[0].full[5000 >> 6] = ~(UINT64_C(7) << (5000 & 63));
	assert_true(bootmem_check(bm));
	bm->level[1].some[5000 >> 12] = 0;
	assert_false(bootmem_check(bm));
	bm->level[1].some[5000 >> 12] = ~UINT64_C(0);
	assert_true(bootmem_check(bm));
	bm->level[2].some[0] &= ~UINT64_C(1); /* a full unit can't hold nothing */
	assert_false(bootmem_check(bm));
	bm->level[2].some[0] |= 1;
	assert_true(bootmem_check(bm));
	bm->level[3].full[0] |= 1; /* "full" over a free page */
	assert_true(bootmem_reserved(bm, 5001));
	bm->level[3].full[0] &= ~UINT64_C(1);
	bm->end_pfn = 19999; /* page 19999 is free outside the span */
	assert_false(bootmem_check(bm));
	bm->end_pfn = 20000;
	assert_true(bootmem_check(bm));
	bm->cursor[0] = (struct bootmem_cursor){ P(5001) + 8,
		P(5002) }; /* no allocation ends in a free page */
	assert_false(bootmem_check(bm));
	bm->cursor[0].next = P(5001) + 1;
	assert_false(bootmem_check(bm));
	bm->cursor[0].next = P(5001);
	assert_true(bootmem_check(bm));
	bm->cursor[0].end -= 8; /* not whole pages */
	assert_false(bootmem_check(bm));
	bm->cursor[0].end = P(5002) - PAGE_SIZE + 1;
	assert_false(bootmem_check(bm));
	bm->cursor[0] = (struct bootmem_cursor){ P(4999) + 8, P(5002) }; /* behind an allocation */
	assert_true(bootmem_check(bm));
	bm->cursor[2] = bm->cursor[0]; /* only a chunk begins inside a page */
	bm->cursor[0] = (struct bootmem_cursor){ 0, 0 };
	assert_false(bootmem_check(bm));
	bm->cursor[2] =
		(struct bootmem_cursor){ P(4999) + 8, P(4999) + 8 }; /* not even an empty one */
	assert_false(bootmem_check(bm));
	bm->cursor[2] = (struct bootmem_cursor){ P(5000), P(5002) };
	assert_true(bootmem_check(bm));
	bm->cursor[5] = (struct bootmem_cursor){ P(5001), P(5003) }; /* page 5001 is known twice */
	assert_false(bootmem_check(bm));
	bm->cursor[5].next = P(5002);
	assert_true(bootmem_check(bm));
	bm->merged = P(20000); /* what is only for the report is no cursor */
	assert_true(bootmem_check(bm));
	bm->cursor[5].end = P(5004); /* known to be free, and is not */
	assert_false(bootmem_check(bm));
	destroy(x);
}

/* A cursor is an address; the bitmap of this node begins at page 16384. */
static void test_checker_of_later_node(void **state)
{
	struct fixture *x = make();
	struct bootmem *bm = add_node(x, 20000, 40000);

	(void)state;
	make_free(bm, 25000, 25004);
	bm->cursor[2] = (struct bootmem_cursor){ P(25000), P(25004) };
	assert_true(bootmem_check(bm));
	bm->cursor[2].end = P(25005);
	assert_false(bootmem_check(bm));
	bm->cursor[2] = (struct bootmem_cursor){ P(24999), P(25004) };
	assert_false(bootmem_check(bm));
	bm->cursor[2] = (struct bootmem_cursor){ P(25003), P(25002) }; /* ends before it begins */
	assert_false(bootmem_check(bm));
	destroy(x);
}

/* A bit for each page, and two for each unit of 64, 4096 and 262144 pages, in words of 64 bits. */
static void test_bitmap_pages(void **state)
{
	(void)state;
	for (uint64_t pages = 0; pages < UINT64_C(1) << 23; pages += 63) {
		uint64_t words = (pages + 63) / 64;

		for (uint64_t unit = 64; unit <= 262144; unit *= 64)
			words += 2 * ((pages + 64 * unit - 1) / (64 * unit));
		assert_int_equal(
			bootmem_bootmap_pages(0, pages), (words * 8 + PAGE_SIZE - 1) / PAGE_SIZE);
	}
}

/* --- the naive model ------------------------------------------------------------------------------------ */

#define SPAN 20000

struct model {
	pfn_t start, end;
	uint8_t reserved[SPAN];
};

static void model_set(struct model *m, pfn_t from, pfn_t to, uint8_t value)
{
	for (pfn_t pfn = max_u64(from, m->start); pfn < min_u64(to, m->end); pfn++)
		m->reserved[pfn - m->start] = value;
}

static void compare(const struct bootmem *bm, const struct model *m)
{
	struct pfn_range run;
	pfn_t pfn = m->start;

	assert_true(bootmem_check(bm));
	while (bootmem_next_free(bm, pfn, m->end, &run)) {
		for (; pfn < run.start; pfn++)
			assert_int_equal(m->reserved[pfn - m->start], 1);
		for (; pfn < run.end; pfn++)
			assert_int_equal(m->reserved[pfn - m->start], 0);
	}
	for (; pfn < m->end; pfn++)
		assert_int_equal(m->reserved[pfn - m->start], 1);
}

/* A page near an edge of a word or a unit of level 2, where mistakes live, or anywhere. */
static pfn_t random_pfn(uint64_t *seed, const struct model *m)
{
	pfn_t pfn = m->start + random_below(seed, m->end - m->start);

	switch (random_below(seed, 4)) {
	case 0:
		return align_up(pfn, 64) + 1 - min_u64(pfn, random_below(seed, 3));
	case 1:
		return align_up(pfn, 4096) + 1 - min_u64(pfn, random_below(seed, 3));
	default:
		return pfn;
	}
}

/* The pages an allocation took must have been free; then they are reserved in the model, too. */
static void model_take(struct model *m, phys_t start, uint64_t size, uint64_t new_pages)
{
	pfn_t end = pfn_up(start + size);

	for (pfn_t pfn = end - new_pages; pfn < end; pfn++)
		assert_int_equal(m->reserved[pfn - m->start], 0);
	for (pfn_t pfn = pfn_down(start); pfn < end - new_pages; pfn++)
		assert_int_equal(m->reserved[pfn - m->start], 1);
	model_set(m, end - new_pages, end, 1);
}

/* Is there room in the model for an aligned run? */
static bool model_has_room(const struct model *m, uint64_t pages, uint64_t align_pages)
{
	uint64_t run = 0;

	for (pfn_t pfn = m->end; pfn-- > m->start;) {
		run = m->reserved[pfn - m->start] ? 0 : run + 1;
		if (run >= pages && (pfn & (align_pages - 1)) == 0)
			return true;
	}
	return false;
}

static void random_alloc(struct fixture *x, struct model *m, uint64_t *seed)
{
	struct bootmem *bm = &x->node[0];
	uint64_t size = random_below(seed, 3) ? 1 + random_below(seed, 9000)
					      : P(1 + random_below(seed, 5000));
	struct bootmem_request request = {
		.size_bytes = size, .align_bytes = UINT64_C(1) << random_below(seed, 26), .nid = -1
	};
	struct bootmem_result result;
	uint64_t before = bm->allocated_pages;

	if (random_below(seed, 2))
		request.goal_phys = P(random_pfn(seed, m)) + random_below(seed, 4096);
	if (bootmem_alloc(&x->pool, &request, &result) != BM_OK) {
		assert_false(model_has_room(
			m, pfn_up(size), max_u64(request.align_bytes >> PAGE_SHIFT, 1)));
		return;
	}
	assert_int_equal(result.start_phys & (request.align_bytes - 1), 0);
	assert_true(result.below_goal || result.start_phys >= request.goal_phys);
	assert_true(result.start_phys >= P(m->start) && result.start_phys + size <= P(m->end));
	model_take(m, result.start_phys, size, bm->allocated_pages - before);
}

static void random_round(uint64_t *seed)
{
	struct fixture *x = make();
	struct model *m = malloc(sizeof(*m));
	struct bootmem *bm;

	m->start = random_below(seed, 2) ? random_below(seed, 10000)
					 : (UINT64_C(1) << 32) + random_below(seed, 10000);
	m->end = m->start + 1 + random_below(seed, SPAN);
	memset(m->reserved, 1, sizeof(m->reserved));
	bm = add_node(x, m->start, m->end);
	for (int step = 0; step < 60; step++) {
		pfn_t a = random_pfn(seed, m), b = random_pfn(seed, m);
		uint64_t pages = a < b ? b - a : random_below(seed, 70);

		switch (random_below(seed, 4)) {
		case 0:
			assert_int_equal(free_bootmem(bm, P(a), P(pages)), BM_OK);
			model_set(m, a, a + pages, 0);
			break;
		case 1:
			pages = min_u64(pages, 200);
			assert_int_equal(reserve_bootmem(bm, P(a), P(pages)), BM_OK);
			model_set(m, a, a + pages, 1);
			break;
		default:
			random_alloc(x, m, seed);
		}
		compare(bm, m);
	}
	free(m);
	destroy(x);
}

static void test_random(void **state)
{
	uint64_t seed = 24;

	(void)state;
	for (int round = 0; round < 600; round++)
		random_round(&seed);
}

/* Every second page free, then ranges that end in the 64 pages with 64 or 4096 times the number of their start. */
static void test_far_ends(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		struct fixture *x = make();
		struct model *m = calloc(1, sizeof(*m));
		struct bootmem *bm = add_node(x, 0, SPAN);
		pfn_t from = 1 + i / 2, end = from * (i % 2 != 0 ? 64 : 4096) + 33;

		m->end = SPAN;
		model_set(m, 0, SPAN, 1);
		for (pfn_t pfn = 0; pfn < SPAN; pfn += 2) {
			assert_int_equal(free_bootmem(bm, P(pfn), P(1)), BM_OK);
			model_set(m, pfn, pfn + 1, 0);
		}
		assert_int_equal(reserve_bootmem(bm, P(from), P(end - from)), BM_OK);
		model_set(m, from, end, 1);
		compare(bm, m);
		assert_int_equal(free_bootmem(bm, P(from), P(end - from)), BM_OK);
		model_set(m, from, end, 0);
		compare(bm, m);
		free(m);
		destroy(x);
	}
}

/*
 * Words below a unit that was reserved as a whole say what they said before, and nobody believes them, whether or not another
 * free page keeps the levels above it mixed.
 */
static void test_stale_words(void **state)
{
	static const uint64_t sizes[] = { 64, 4096, 8192, (GIB >> PAGE_SHIFT) - 1,
		GIB >> PAGE_SHIFT };
	pfn_t end = GIB >> PAGE_SHIFT;
	void *bitmap = calloc((size_t)bootmem_bootmap_pages(0, end), PAGE_SIZE);
	struct window window = { (uintptr_t)bitmap };
	struct bootmem bm;

	(void)state;
	for (unsigned i = 0; i < 2 * ARRAY_SIZE(sizes); i++) {
		uint64_t size = sizes[i / 2], other = i % 2 != 0 && size != end;

		assert_int_equal(init_bootmem(&bm, window, 0, 0, end), BM_OK);
		assert_int_equal(free_bootmem(&bm, P(end - other), P(other)), BM_OK);
		assert_int_equal(free_bootmem(&bm, 0, P(3)), BM_OK);
		assert_int_equal(reserve_bootmem(&bm, 0, P(size)), BM_OK);
		assert_int_equal(free_bootmem(&bm, P(1), P(1)), BM_OK);
		assert_false(bootmem_reserved(&bm, 1));
		assert_int_equal(bootmem_free_pages(&bm), 1 + other);
		assert_true(bootmem_check(&bm));
	}
	free(bitmap);
}

/* A full node far up, its bitmap in front of a page that can't be read: no search leaves the bitmap. */
static void test_searches_stay_in_the_bitmap(void **state)
{
	const pfn_t start = UINT64_C(1) << 31, end = start + 4096;
	const size_t bytes =
		(64 + 3 * 2) *
		sizeof(uint64_t); /* a bit for each page; two words of each level above */
	uint8_t *pages = mmap(
		NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct window window = { (uintptr_t)pages + PAGE_SIZE - bytes };
	struct bootmem bm;
	struct pfn_range run;

	(void)state;
	assert_true(pages != MAP_FAILED);
	memset(pages, 0xff, PAGE_SIZE);
	assert_int_equal(mprotect(pages + PAGE_SIZE, PAGE_SIZE, PROT_NONE), 0);
	assert_int_equal(init_bootmem(&bm, window, 0, start, end), BM_OK);
	assert_false(bootmem_next_free(&bm, start, end, &run));
	assert_false(bootmem_next_free(&bm, 0, UINT64_MAX, &run));
	assert_true(bootmem_reserved(&bm, start) && bootmem_reserved(&bm, end - 1));
	assert_int_equal(bootmem_free_pages(&bm), 0);
	assert_true(bootmem_check(&bm));
	assert_int_equal(munmap(pages, 2 * PAGE_SIZE), 0);
}

/* A terabyte (16 where the host has the address space): a few ranges write a few words. */
static void test_huge(void **state)
{
	uint64_t bytes = sizeof(void *) == 4 ? TIB : 16 * TIB;
	pfn_t end = bytes >> PAGE_SHIFT;
	uint64_t pages = bootmem_bootmap_pages(0, end);
	struct bootmem bm;
	struct window window;
	struct pfn_range run;
	uint8_t *bitmap;

	(void)state;
	/* 33 KiB and 16 bytes per GiB, and two bits */
	assert_int_equal(pages << PAGE_SHIFT,
		align_up(bytes / GIB * (33 * KIB + 16) + bytes / GIB / 4, PAGE_SIZE));
	bitmap = calloc((size_t)pages, PAGE_SIZE);
	window.base = (uintptr_t)bitmap;
	assert_int_equal(init_bootmem(&bm, window, 0, 0, end), BM_OK);
	assert_int_equal(free_bootmem(&bm, 0, bytes), BM_OK);
	assert_int_equal(reserve_bootmem(&bm, bytes / 2 - 1, 2), BM_OK);
	assert_true(bootmem_next_free(&bm, 5, end, &run));
	assert_int_equal(run.end, end / 2 - 1);
	assert_true(bootmem_next_free(&bm, run.end, end, &run));
	assert_int_equal(run.start, end / 2 + 1);
	assert_int_equal(run.end, end);
	assert_true(bootmem_check(&bm));
	free(bitmap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_24_merge_into_freed_page),
		cmocka_unit_test(test_24_align_zero),
		cmocka_unit_test(test_24_alignment_is_absolute),
		cmocka_unit_test(test_24_next_node),
		cmocka_unit_test(test_24_goal_beyond_the_node),
		cmocka_unit_test(test_24_wrapping_sizes),
		cmocka_unit_test(test_24_bitmap_size),
		cmocka_unit_test(test_rounding),
		cmocka_unit_test(test_merging),
		cmocka_unit_test(test_low_does_not_merge_high),
		cmocka_unit_test(test_chunk_beside_pages),
		cmocka_unit_test(test_rest_of_a_large_request),
		cmocka_unit_test(test_goals_share),
		cmocka_unit_test(test_no_merge),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_node_order),
		cmocka_unit_test(test_goal_before_node),
		cmocka_unit_test(test_classic),
		cmocka_unit_test(test_claim_refused),
		cmocka_unit_test(test_claim_refused_in_merge),
		cmocka_unit_test(test_stubborn_claim),
		cmocka_unit_test(test_lowest_after_a_goal),
		cmocka_unit_test(test_checker),
		cmocka_unit_test(test_checker_of_later_node),
		cmocka_unit_test(test_bitmap_pages),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_far_ends),
		cmocka_unit_test(test_stale_words),
		cmocka_unit_test(test_searches_stay_in_the_bitmap),
		cmocka_unit_test(test_huge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

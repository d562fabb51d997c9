/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * limits: the split of every shape of RAM. R is RAM, | the split.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <bootmem/arch.h>
#include <bootmem/limits.h>

#define P(n) ((phys_t)(n) << PAGE_SHIFT)

static enum bm_error find(struct limits *l, const struct pfn_range *ram, uint32_t n, pfn_t split)
{
	struct e820_entry entry[8];
	struct e820 map = { .entry = entry, .capacity = 8 };

	for (uint32_t i = 0; i < n; i++)
		entry[map.count++] =
			(struct e820_entry){ P(ram[i].start), P(ram[i].end), E820_RAM, 0 };
	/* A reserved entry far above RAM must not count. */
	entry[map.count++] = (struct e820_entry){ P(0xfffff), P(0x100000), E820_RESERVED, 0 };
	return limits_find(l, &map, P(split));
}

static void check(
	const struct pfn_range *ram, uint32_t n, pfn_t split, pfn_t min, pfn_t low, pfn_t max)
{
	struct limits l;

	assert_int_equal(find(&l, ram, n, split), BM_OK);
	assert_int_equal(l.min_low_pfn, min);
	assert_int_equal(l.max_low_pfn, low);
	assert_int_equal(l.max_pfn, max);
	assert_int_equal(l.highstart_pfn, low);
	assert_int_equal(l.highend_pfn, max);
}

#define R(...)                                                                                     \
	(const struct pfn_range[]){ __VA_ARGS__ },                                                 \
		ARRAY_SIZE(((const struct pfn_range[]){ __VA_ARGS__ }))

static void test_split(void **state)
{
	(void)state;
	check(R({ 0, 50 }), 100, 1, 50, 50);                /* RRRRR..... |            */
	check(R({ 0, 100 }), 100, 1, 100, 100);             /* RRRRRRRRRR |            */
	check(R({ 0, 150 }), 100, 1, 100, 150);             /* RRRRRRRRRR | RRRR       */
	check(R({ 0, 50 }, { 150, 180 }), 100, 1, 50, 180); /* RRRRR..... | ...RRR   */
	check(R({ 0, 50 }, { 100, 180 }), 100, 1, 50, 180); /* RRRRR..... | RRRR     */
	check(R({ 10, 50 }, { 60, 80 }), 100, 10, 80, 80);  /* .RRR.RRR.. |          */
}

/* Page 0 alone is no memory; a first range of page 0 only is passed over. */
static void test_page_0(void **state)
{
	struct limits l = { .max_pfn = 77 };

	(void)state;
	check(R({ 0, 1 }, { 5, 9 }), 100, 5, 9, 9);
	assert_int_equal(find(&l, (struct pfn_range[]){ { 0, 1 } }, 1, 100), BM_NOMEM);
	assert_int_equal(l.max_pfn, 77);
}

static void test_no_low_memory(void **state)
{
	struct limits l;

	(void)state;
	assert_int_equal(find(&l, NULL, 0, 100), BM_NOMEM);
	assert_int_equal(find(&l, (struct pfn_range[]){ { 200, 300 } }, 1, 100), BM_NOMEM);
}

/* --- highmem= and vmalloc= -------------------------------------------------------------------------- */

#define NO LIMITS_NOT_GIVEN

struct split_case {
	uint64_t ram, highmem, vmalloc; /* MiB, or NO */
	uint64_t low_end, ram_end;      /* MiB; 0: no limit */
	enum split_refusal highmem_refusal, vmalloc_refusal;
};

static uint64_t mib(uint64_t n)
{
	return n == NO ? NO : n * MIB;
}

static void check_split(const struct split_case *c)
{
	struct split s = limits_split(mib(c->ram) >> PAGE_SHIFT, mib(c->highmem), mib(c->vmalloc));

	if (!ARCH_HIGHMEM) {
		assert_int_equal(s.low_end_phys, ARCH_SPLIT_PHYS);
		assert_int_equal(s.ram_end_phys, PHYS_END);
		return;
	}
	assert_int_equal(s.low_end_phys, mib(c->low_end));
	assert_int_equal(s.ram_end_phys, c->ram_end != 0 ? mib(c->ram_end) : PHYS_END);
	assert_int_equal(s.highmem, c->highmem_refusal);
	assert_int_equal(s.vmalloc, c->vmalloc_refusal);
}

static void test_split_options(void **state)
{
	static const struct split_case cases[] = {
		{ 512, NO, NO, 896, 0, 0, 0 },
		{ 4096, NO, NO, 896, 0, 0, 0 },
		/* vmalloc= moves the split. */
		{ 4096, NO, 256, 760, 0, 0, 0 },
		{ 4096, NO, 64, 952, 0, 0, 0 },
		{ 4096, NO, 952, 64, 0, 0, 0 },
		{ 4096, NO, 953, 896, 0, 0, SPLIT_VMALLOC_TOO_LARGE },
		{ 4096, NO, 31, 896, 0, 0, SPLIT_VMALLOC_TOO_SMALL },
		/* highmem= on a machine with low memory only. */
		{ 512, 64, NO, 448, 0, 0, 0 },
		{ 512, 448, NO, 64, 0, 0, 0 },
		{ 512, 449, NO, 896, 0, SPLIT_HIGHMEM_LEAVES_TOO_LITTLE, 0 },
		{ 512, 512, NO, 896, 0, SPLIT_HIGHMEM_MORE_THAN_RAM, 0 },
		{ 512, 0, NO, 512, 0, 0, 0 },
		/* RAM that ends at the split is all low. */
		{ 896, 100, NO, 796, 0, 0, 0 },
		{ 896, 0, NO, 896, 0, 0, 0 },
		/* highmem= on a machine with high memory: what is above is not used. */
		{ 4096, 100, NO, 896, 996, 0, 0 },
		{ 4096, 0, NO, 896, 896, 0, 0 },
		{ 4096, 3200, NO, 896, 4096, 0, 0 },
		{ 4096, 3201, NO, 896, 0, SPLIT_HIGHMEM_NOT_THERE, 0 },
		{ 4096, 100, 256, 760, 860, 0, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
		check_split(&cases[i]);
	for (unsigned r = SPLIT_ACCEPTED; r <= SPLIT_HIGHMEM_NOT_THERE; r++)
		assert_non_null(split_refusal_text((enum split_refusal)r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_page_0),
		cmocka_unit_test(test_no_low_memory),
		cmocka_unit_test(test_split_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * owner: the first owner keeps a page; a naive model over random operations.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/owner.h>

#include "random.h"

#define P(n)  ((phys_t)(n) << PAGE_SHIFT)
#define PAGES 64

/* RAM: pages 0 to 19 and 24 to 63. */
static struct e820_entry entry[] = { { P(0), P(20), E820_RAM, 0 }, { P(20), P(24), E820_NVS, 0 },
	{ P(24), P(64), E820_RAM, 0 } };
static const struct e820 map = { entry, 3, 3 };

static bool is_ram(pfn_t pfn)
{
	return pfn < 20 || pfn >= 24;
}

static void compare(const struct owners *o, const uint8_t owner[PAGES])
{
	uint64_t pages[OWNER_COUNT] = { 0 };

	assert_true(owners_check(o));
	for (pfn_t pfn = 0; pfn < PAGES; pfn++) {
		const struct owner_range *r = owners_from(o, pfn);

		assert_int_equal(r != NULL && r->start <= pfn ? r->owner : OWNER_COUNT, owner[pfn]);
		if (owner[pfn] < OWNER_COUNT)
			pages[owner[pfn]]++;
	}
	for (unsigned id = 0; id < OWNER_COUNT; id++)
		assert_int_equal(owners_pages(o, (enum owner)id), pages[id]);
}

static void test_random(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (int round = 0; round < 500; round++) {
		struct owner_range range[PAGES];
		struct owners o = { range, 0, PAGES };
		uint8_t owner[PAGES];

		memset(owner, OWNER_COUNT, sizeof(owner));
		for (int step = 0; step < 40; step++) {
			pfn_t a = random_below(&seed, PAGES + 1),
			      b = random_below(&seed, PAGES + 1);
			uint8_t who = (uint8_t)random_below(&seed, 4);
			bool add = random_below(&seed, 3) != 0;

			if (add)
				assert_int_equal(
					owners_add(&o, &map, (enum owner)who, a, b), BM_OK);
			else
				assert_int_equal(owners_remove(&o, a, b), BM_OK);
			for (pfn_t pfn = a; pfn < b; pfn++)
				if (!add)
					owner[pfn] = OWNER_COUNT;
				else if (is_ram(pfn) && owner[pfn] == OWNER_COUNT)
					owner[pfn] = who;
			compare(&o, owner);
		}
	}
}

/* A full table says so. */
static void test_full(void **state)
{
	struct owner_range range[2];
	struct owners o = { range, 0, 2 };

	(void)state;
	assert_int_equal(owners_add(&o, &map, OWNER_IMAGE, 1, 2), BM_OK);
	assert_int_equal(owners_add(&o, &map, OWNER_IMAGE, 3, 9), BM_OK);
	assert_int_equal(owners_add(&o, &map, OWNER_IMAGE, 11, 12), BM_FULL);
	assert_int_equal(owners_remove(&o, 4, 5), BM_FULL);
	assert_int_equal(o.count, 2);
	assert_int_equal(owners_add(&o, &map, OWNER_IMAGE, 2, 3), BM_OK); /* joins both */
	assert_int_equal(o.count, 1);
}

/* The checker sees what breaks a rule, and nothing else. */
static void test_checker(void **state)
{
	const struct owner_range sane[] = { { 1, 3, OWNER_IMAGE, 0 }, { 3, 5, OWNER_MM, 0 },
		{ 6, 7, OWNER_MM, 0 } };
	struct owner_range range[3];
	struct owners o = { range, 3, 3 };

	(void)state;
	for (unsigned i = 0; i < 7; i++) {
		memcpy(range, sane, sizeof(sane));
		assert_true(owners_check(&o));
		if (i == 0)
			o.capacity = 2;
		else if (i == 1)
			range[0].end = range[0].start;
		else if (i == 2)
			range[0].end = range[0].start - 1;
		else if (i == 3)
			range[2].owner = OWNER_COUNT;
		else if (i == 4)
			range[0].end = 4; /* overlap */
		else if (i == 5)
			range[1].owner = OWNER_IMAGE; /* one range in two */
		else
			range[2].start = 2;
		assert_false(owners_check(&o));
		o.capacity = 3;
	}
}

/* What a kernel may have once it needs it no more. */
static void test_words(void **state)
{
	static const bool reclaimable[OWNER_COUNT] = { [OWNER_IMAGE] = true,
		[OWNER_WORKSPACE] = true,
		[OWNER_BITMAP] = true,
		[OWNER_CPU] = true,
		[OWNER_INITRD] = true,
		[OWNER_HANDOFF] = true,
		[OWNER_FIRMWARE_TABLES] = true,
		[OWNER_FIRMWARE] = true };

	(void)state;
	for (unsigned id = 0; id < OWNER_COUNT; id++)
		assert_string_not_equal(owner_name((enum owner)id), "none");
	assert_string_equal(owner_name(OWNER_COUNT), "none");
	for (unsigned id = 0; id < OWNER_COUNT; id++)
		assert_int_equal(owner_reclaimable((enum owner)id), reclaimable[id]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_checker),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * e820: repairs of strange maps, one picture each, and a naive model over random maps.
 *
 * In the pictures a column is a page: R ram, X reserved, A acpi, N nvs, U unusable, . nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/e820.h>

#include "random.h"

#define P(n)    ((phys_t)(n) << PAGE_SHIFT)
#define MAX_RAW 512

struct fixture {
	struct e820_entry out_entry[2 * MAX_RAW];
	struct e820 out;
	struct findings f;
};

static struct fixture *make(const struct e820_entry *raw, uint32_t n)
{
	struct fixture *x = calloc(1, sizeof(*x));

	x->out = (struct e820){ .entry = x->out_entry, .capacity = ARRAY_SIZE(x->out_entry) };
	assert_int_equal(e820_sanitise(raw, n, &x->out, &x->f), BM_OK);
	assert_true(e820_check(&x->out));
	return x;
}

/* The finished table as text, a letter for each of the first pages. */
static void expect(const struct fixture *x, const char *picture)
{
	static const char letter[] = "RSPaANUX.";
	char got[65] = "";

	for (size_t i = 0; i < strlen(picture); i++)
		got[i] = letter[e820_type_at(&x->out, i)];
	assert_string_equal(got, picture);
}

static void check_picture(const struct e820_entry *raw, uint32_t n, const char *picture,
	enum finding_id finding, uint32_t count)
{
	struct fixture *x = make(raw, n);

	expect(x, picture);
	assert_int_equal(x->f.of[finding].count, count);
	free(x);
}

#define PICTURE(picture, finding, count, ...)                                                      \
	do {                                                                                       \
		static const struct e820_entry raw_[] = { __VA_ARGS__ };                           \
		check_picture(raw_, ARRAY_SIZE(raw_), picture, finding, count);                    \
	} while (0)

#define E(from, to, what)                                                                          \
	{                                                                                          \
		.start = P(from), .end = P(to), .type = E820_##what                                \
	}
#define B(from, to, what)                                                                          \
	{                                                                                          \
		.start = (from), .end = (to), .type = E820_##what                                  \
	}

/* Expect neighbours of one type to become one entry, and no finding. */
static void test_merges(void **state)
{
	(void)state;
	PICTURE("RRRRX.", FINDING_MAP_OVERLAP, 0, E(0, 2, RAM), E(2, 4, RAM), E(4, 5, RESERVED));
}

/*  .....RRRR
 *  XX.......   listed second: expect it first */
static void test_unsorted(void **state)
{
	(void)state;
	PICTURE("XX...RRRR.", FINDING_MAP_UNSORTED, 1, E(5, 9, RAM), E(0, 2, RESERVED));
}

/*  RRRRRR....
 *  ....NNNN..   expect the stricter type to win */
static void test_overlap(void **state)
{
	(void)state;
	PICTURE("RRRRNNNN..", FINDING_MAP_OVERLAP, 1, E(0, 6, RAM), E(4, 8, NVS));
	PICTURE("RRRRNNNN..", FINDING_MAP_OVERLAP, 1, E(4, 8, NVS), E(0, 6, RAM));
}

/*  RRRRRRRR
 *  ..AAAA..
 *  ...XX...   expect all three, nested */
static void test_nested(void **state)
{
	(void)state;
	PICTURE("RRAXXARR", FINDING_MAP_OVERLAP, 2, E(0, 8, RAM), E(2, 6, ACPI), E(3, 5, RESERVED));
}

/* Expect the order of strictness: reserved, unusable, nvs, acpi, unaccepted, pmem, soft, ram. */
static void test_strictness(void **state)
{
	static const enum e820_type order[] = { E820_RAM, E820_SOFT, E820_PMEM, E820_UNACCEPTED,
		E820_ACPI, E820_NVS, E820_UNUSABLE, E820_RESERVED };

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(order); i++)
		for (uint32_t j = 0; j < i; j++) {
			struct e820_entry raw[] = { { P(1), P(2), order[j], 0 },
				{ P(1), P(2), order[i], 0 } };
			struct fixture *x = make(raw, 2);

			assert_int_equal(e820_type_at(&x->out, 1), order[i]);
			free(x);
		}
}

/* Expect an empty entry to vanish, even inside another one. */
static void test_zero_length(void **state)
{
	(void)state;
	PICTURE("RRRR.", FINDING_MAP_ZERO_LENGTH, 2, E(0, 4, RAM), E(2, 2, RESERVED), E(9, 9, RAM));
}

/* Expect entries that wrap or end above 2^52 to vanish. */
static void test_wraps(void **state)
{
	(void)state;
	PICTURE("RR..", FINDING_MAP_WRAPS, 3, E(0, 2, RAM), B(P(3), P(1), RAM),
		B(P(1), UINT64_MAX, RAM), B(P(1), PHYS_END + 1, RESERVED));
	PICTURE("..XX", FINDING_MAP_WRAPS, 0, B(P(2), PHYS_END, RESERVED));
}

/* Expect RAM to lose its partial pages and all other types to keep theirs. */
static void test_rounding(void **state)
{
	(void)state;
	PICTURE(".RR..", FINDING_MAP_UNALIGNED, 1, B(0x800, 0x3800, RAM));
	PICTURE("XXXX.", FINDING_MAP_UNALIGNED, 1, B(0x800, 0x3800, RESERVED));
	PICTURE("R.", FINDING_MAP_UNALIGNED, 1, B(0, 0x1fff, RAM));
	PICTURE("...", FINDING_MAP_UNALIGNED, 1, B(0x800, 0x17ff, RAM));
}

/*  0        0x1800      0x4000
 *  RRRRRRRRRRRRR|RRRRRRRRRRRRR   two pieces meet inside page 1: expect no page to be lost */
static void test_merge_before_rounding(void **state)
{
	(void)state;
	PICTURE("RRRR.", FINDING_MAP_UNALIGNED, 0, B(0, 0x1800, RAM), B(0x1800, 0x4000, RAM));
	PICTURE("RRRR.", FINDING_MAP_UNALIGNED, 0, B(0x1801, 0x4000, RAM), B(0, 0x1801, RAM));
}

/* Two types share page 1: expect the stricter one to have it. */
static void test_shared_page(void **state)
{
	(void)state;
	PICTURE("RAAX.", FINDING_MAP_UNALIGNED, 3, B(0, 0x1800, RAM), B(0x1800, 0x2800, ACPI),
		B(0x3000, 0x3010, RESERVED));
	PICTURE("NXX.", FINDING_MAP_UNALIGNED, 2, B(0, 0x1800, NVS), B(0x1800, 0x3000, RESERVED));
}

/* All of an entry's pages go to a stricter neighbour: expect nothing of it, and what is then side by side merged. */
static void test_swallowed_page(void **state)
{
	(void)state;
	PICTURE("XX.", FINDING_MAP_UNALIGNED, 2, B(0x400, 0x800, ACPI), B(0x800, 0x1800, RESERVED));
	PICTURE("XX.", FINDING_MAP_UNALIGNED, 2, B(0, 0x1000, RESERVED), B(0x1000, 0x1400, ACPI),
		B(0x1400, 0x2000, RESERVED));
	PICTURE("XXA.", FINDING_MAP_UNALIGNED, 3, B(0, 0x1400, RESERVED), B(0x1400, 0x1800, NVS),
		B(0x1800, 0x3000, ACPI));
}

/* Expect an unknown type to be reserved. */
static void test_unknown_type(void **state)
{
	(void)state;
	PICTURE("RXX.", FINDING_MAP_OVERLAP, 0, E(0, 1, RAM),
		{ .start = P(1), .end = P(3), .type = 77 });
}

static void test_too_small(void **state)
{
	struct e820_entry raw[] = { E(0, 1, RAM), E(2, 3, RAM) };
	struct e820_entry entry[4];
	struct e820 out = { .entry = entry, .capacity = 3 };

	(void)state;
	assert_int_equal(e820_sanitise(raw, 2, &out, NULL), BM_FULL);
	out.capacity = 4;
	assert_int_equal(e820_sanitise(raw, 2, &out, NULL), BM_OK);
	assert_int_equal(out.count, 2);
	assert_int_equal(e820_sanitise(raw, 0, &out, NULL), BM_OK);
	assert_int_equal(out.count, 0);
}

static void finds(
	const struct e820_entry *raw, uint32_t n, enum finding_id id, phys_t start, phys_t end)
{
	struct fixture *x = make(raw, n);

	assert_int_equal(x->f.of[id].start_phys, start);
	assert_int_equal(x->f.of[id].end_phys, end);
	free(x);
}

#define FINDS(finding, start, end, ...)                                                            \
	do {                                                                                       \
		static const struct e820_entry raw_[] = { __VA_ARGS__ };                           \
		finds(raw_, ARRAY_SIZE(raw_), finding, start, end);                                \
	} while (0)

/* More entries than can be counted twice in 32 bits are not even looked at. */
static void test_too_many_to_count(void **state)
{
	struct e820 out = { NULL, 0, UINT32_MAX };
	struct findings f = { 0 };

	(void)state;
	assert_int_equal(e820_sanitise(NULL, UINT32_MAX / 8 + 1, &out, &f), BM_FULL);
	assert_int_equal(e820_sanitise(NULL, UINT32_MAX, &out, &f), BM_FULL);
}

/* The first place of each. */
static void test_where(void **state)
{
	(void)state;
	FINDS(FINDING_MAP_OVERLAP, P(4), P(4), E(0, 6, RAM), E(4, 8, NVS), E(7, 9, RESERVED));
	FINDS(FINDING_MAP_ZERO_LENGTH, P(2), P(2), E(0, 4, RAM), E(2, 2, RESERVED), E(9, 9, RAM));
	FINDS(FINDING_MAP_WRAPS, P(3), P(1), E(0, 2, RAM), B(P(3), P(1), RAM), B(P(9), P(8), RAM));
	FINDS(FINDING_MAP_UNSORTED, 0, P(2), E(5, 9, RAM), E(0, 2, RESERVED), E(20, 21, RAM),
		E(3, 4, RAM));
	FINDS(FINDING_MAP_UNALIGNED, 0x1800, 0x3800, E(0, 1, RAM), B(0x1800, 0x3800, RAM),
		B(0x4800, 0x5000, RAM));
}

/* Every other page is RAM: more than 128 entries stay, and are reported. */
static void test_many(void **state)
{
	struct e820_entry raw[300];
	struct fixture *x;

	(void)state;
	for (uint32_t i = 0; i < 300; i++)
		raw[i] = (struct e820_entry)E(2 * i, 2 * i + 1, RAM);
	x = make(raw, 300);
	assert_int_equal(x->out.count, 300);
	assert_int_equal(x->f.of[FINDING_MAP_LARGE].count, 1);
	assert_int_equal(x->f.of[FINDING_MAP_LARGE].start_phys, 0);
	assert_int_equal(x->f.of[FINDING_MAP_LARGE].end_phys, P(599));
	free(x);
	x = make(raw, 129);
	assert_int_equal(x->f.of[FINDING_MAP_LARGE].count, 1);
	free(x);
	x = make(raw, 128);
	assert_int_equal(x->f.of[FINDING_MAP_LARGE].count, 0);
	free(x);
}

static void test_cut(void **state)
{
	static const struct e820_entry raw[] = { E(0, 4, RAM), E(4, 5, NVS), E(5, 9, RAM),
		E(12, 14, RAM), E(14, 15, ACPI) };
	struct fixture *x = make(raw, ARRAY_SIZE(raw));

	(void)state;
	assert_int_equal(e820_ram_pages(&x->out, 0, PFN_END), 10);
	assert_int_equal(e820_ram_pages(&x->out, 2, 13), 2 + 4 + 1);
	assert_int_equal(e820_cut_ram(&x->out, P(7) + 5), P(2 + 2));
	assert_true(e820_check(&x->out));
	expect(x, "RRRRNRR.......A.");
	assert_int_equal(e820_cut_ram(&x->out, P(7)), 0);
	assert_int_equal(e820_cut_ram(&x->out, 0), P(6));
	expect(x, "....N.........A.");
	free(x);
}

static void test_equal(void **state)
{
	static const struct e820_entry raw[] = { E(0, 4, RAM), E(4, 5, NVS) };
	static const struct e820_entry other[] = { E(0, 4, RAM), E(4, 5, ACPI) };
	struct fixture *x = make(raw, 2), *y = make(raw, 2), *z = make(other, 2), *w = make(raw, 1);

	(void)state;
	assert_true(e820_equal(&x->out, &y->out));
	assert_false(e820_equal(&x->out, &z->out));
	assert_false(e820_equal(&x->out, &w->out));
	free(x);
	free(y);
	free(z);
	free(w);
}

/* The checker must see each way to break the invariant. */
static void test_check(void **state)
{
	static const struct e820_entry bad[][2] = {
		{ E(0, 2, RAM), E(1, 3, NVS) },
		{ E(0, 2, RAM), E(2, 3, RAM) },
		{ E(4, 5, RAM), E(1, 3, RAM) },
		{ E(0, 2, RAM), E(3, 3, RAM) },
		{ E(0, 2, RAM), B(0x3000, 0x4001, RESERVED) },
		{ E(0, 2, RAM), B(0x3000, PHYS_END + 0x1000, RESERVED) },
		{ E(0, 2, RAM), { .start = P(3), .end = P(4), .type = E820_TYPES } },
	};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct e820_entry entry[2] = { bad[i][0], bad[i][1] };
		struct e820 map = { .entry = entry, .count = 2, .capacity = 2 };

		assert_false(e820_check(&map));
		/* The last four are bad on their own: the first entry is looked at, too. */
		map.entry = entry + 1;
		map.count = 1;
		assert_int_equal(e820_check(&map), i < 3);
	}
}

/* --- the naive model: a byte for each quarter of a page ------------------------------------------- */

#define UNIT  1024u
#define UNITS 256u

static void naive_units(const struct e820_entry *raw, uint32_t n, uint8_t unit[UNITS])
{
	memset(unit, E820_TYPES, UNITS);
	for (uint32_t i = 0; i < n; i++)
		for (uint64_t u = raw[i].start / UNIT; u < raw[i].end / UNIT; u++)
			if (unit[u] == E820_TYPES || raw[i].type > unit[u])
				unit[u] = (uint8_t)raw[i].type;
}

/* RAM needs the whole page; any other type takes it. */
static uint32_t naive_page(const uint8_t unit[UNITS], uint32_t page)
{
	uint32_t type = E820_RAM, ram = 0;

	for (uint32_t u = 4 * page; u < 4 * page + 4; u++) {
		ram += unit[u] == E820_RAM;
		if (unit[u] < E820_TYPES && unit[u] > type)
			type = unit[u];
	}
	return type == E820_RAM && ram != 4 ? E820_TYPES : type;
}

static void test_random(void **state)
{
	uint64_t seed = 820;
	uint8_t unit[UNITS];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct e820_entry raw[12];
		uint32_t n = (uint32_t)random_below(&seed, 13);
		uint32_t grain = random_below(&seed, 2) ? 1 : 4;
		struct fixture *x;

		for (uint32_t i = 0; i < n; i++) {
			uint64_t a = random_below(&seed, UNITS / grain + 1) * grain;
			uint64_t b = random_below(&seed, UNITS / grain + 1) * grain;

			raw[i] = (struct e820_entry){ .start = min_u64(a, b) * UNIT,
				.end = max_u64(a, b) * UNIT,
				.type = (uint32_t)random_below(&seed, E820_TYPES) };
		}
		naive_units(raw, n, unit);
		x = make(raw, n);
		for (uint32_t page = 0; page < UNITS / 4; page++)
			assert_int_equal(e820_type_at(&x->out, page), naive_page(unit, page));
		free(x);
	}
}

static void test_type_names(void **state)
{
	(void)state;
	for (uint32_t type = 0; type < E820_TYPES; type++)
		assert_string_not_equal(e820_type_name(type), "none");
	assert_string_equal(e820_type_name(E820_TYPES), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merges),
		cmocka_unit_test(test_unsorted),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_strictness),
		cmocka_unit_test(test_zero_length),
		cmocka_unit_test(test_wraps),
		cmocka_unit_test(test_rounding),
		cmocka_unit_test(test_merge_before_rounding),
		cmocka_unit_test(test_shared_page),
		cmocka_unit_test(test_swallowed_page),
		cmocka_unit_test(test_unknown_type),
		cmocka_unit_test(test_too_small),
		cmocka_unit_test(test_where),
		cmocka_unit_test(test_too_many_to_count),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_type_names),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

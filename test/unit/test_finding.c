/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Findings: counting, and words for every kind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/finding.h>

static void counts_and_remembers_the_first(void **state)
{
	struct findings f = { 0 };
	const struct finding *overlap = &f.of[FINDING_MAP_OVERLAP];

	(void)state;
	assert_int_equal(findings_kinds(&f), 0);
	finding_add(&f, FINDING_MAP_OVERLAP, 0x1000, 0x3000);
	finding_add(&f, FINDING_MAP_OVERLAP, 0x8000, 0x9000);
	finding_add(&f, FINDING_MAP_UNSORTED, 0, 0);
	assert_int_equal(overlap->count, 2);
	assert_int_equal(overlap->start_phys, 0x1000);
	assert_int_equal(overlap->end_phys, 0x3000);
	assert_int_equal(overlap->bytes, 0x3000);
	assert_int_equal(f.of[FINDING_MAP_UNSORTED].count, 1);
	assert_int_equal(f.of[FINDING_MAP_UNSORTED].bytes, 0);
	assert_int_equal(findings_kinds(&f), 2);
}

static void wrapping_range_adds_no_bytes(void **state)
{
	struct findings f = { 0 };

	(void)state;
	finding_add(&f, FINDING_MAP_WRAPS, UINT64_MAX - 0xfff, 0x1000);
	assert_int_equal(f.of[FINDING_MAP_WRAPS].count, 1);
	assert_int_equal(f.of[FINDING_MAP_WRAPS].bytes, 0);
	assert_true(f.of[FINDING_MAP_WRAPS].start_phys == UINT64_MAX - 0xfff);
}

static void count_saturates(void **state)
{
	struct findings f = { 0 };

	(void)state;
	f.of[FINDING_MAP_GREW].count = UINT32_MAX;
	finding_add(&f, FINDING_MAP_GREW, 0, 0);
	assert_true(f.of[FINDING_MAP_GREW].count == UINT32_MAX);
}

static void null_table_is_ignored(void **state)
{
	(void)state;
	finding_add(NULL, FINDING_MAP_OVERLAP, 0, 0x1000);
}

/* The map's are taken from another table, the nodes' and the plan's cleared: every kind by one of them, or by none. */
static void kinds_are_cleared_by_their_stage(void **state)
{
	(void)state;
	for (unsigned id = 0; id < FINDING_COUNT; id++) {
		struct findings f = { 0 }, none = { 0 };

		finding_add(&f, id, 0x1000, 0x3000);
		findings_clear_nodes(&f);
		assert_int_equal(
			findings_kinds(&f), id < FINDING_NODE_FIRST || id >= FINDING_PLAN_FIRST);
		finding_add(&f, id, 0x1000, 0x3000);
		findings_clear_plan(&f);
		assert_int_equal(findings_kinds(&f), id < FINDING_PLAN_FIRST);
		finding_add(&f, id, 0x1000, 0x3000);
		findings_take_map(&f, &none);
		assert_int_equal(findings_kinds(&f), id > FINDING_MAP_LAST);
	}
}

/* Expect words for every kind, no two kinds with one number or phrase, all short enough. */
static void every_kind_has_its_own_words(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FINDING_COUNT; i++) {
		assert_non_null(finding_quirk(i));
		assert_non_null(strchr("QPN", finding_quirk(i)[0]));
		assert_non_null(finding_text(i));
		assert_in_range(strlen(finding_text(i)), 10, 52);
		assert_true(finding_text(i)[strlen(finding_text(i)) - 1] != '.');
		for (unsigned j = 0; j < i; j++) {
			assert_string_not_equal(finding_quirk(i), finding_quirk(j));
			assert_string_not_equal(finding_text(i), finding_text(j));
		}
	}
	assert_string_equal(finding_quirk(FINDING_MAP_UNSORTED), "Q12");
	assert_string_equal(finding_quirk(FINDING_CLAIM_REFUSED), "Q51");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_and_remembers_the_first),
		cmocka_unit_test(wrapping_range_adds_no_bytes),
		cmocka_unit_test(count_saturates),
		cmocka_unit_test(null_table_is_ignored),
		cmocka_unit_test(kinds_are_cleared_by_their_stage),
		cmocka_unit_test(every_kind_has_its_own_words),
	};

	return cmocka_run_group_tests_name("finding", tests, NULL, NULL);
}

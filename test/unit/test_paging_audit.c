/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The summary of tables that somebody else made: by hand, entry by entry, in the formats of the manual.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/paging.h>

#define TABLES_PHYS 0x10000u
#define TABLES      16u
#define P           UINT64_C(0x1)
#define W           UINT64_C(0x2)
#define PS          UINT64_C(0x80)
#define NX          (UINT64_C(1) << 63)

static unsigned char *arena;
static struct paging paging;
static struct paging_audit audit;

static struct e820_entry ram = { 0, 0x400000, E820_RAM, 0 };
static const struct e820 map = { &ram, 1, 1 };

static int setup(void **state)
{
	(void)state;
	arena = aligned_alloc(PAGE_SIZE, TABLES * PAGE_SIZE);
	if (arena == NULL)
		return -1;
	memset(arena, 0, TABLES * PAGE_SIZE);
	ram.end = 0x400000;
	paging = (struct paging){ .root = TABLES_PHYS,
		.mode = { .levels = ARCH_HIGHMEM ? 3 : 4,
			.nx = true,
			.large = true,
			.huge = true,
			.phys_bits = 40 } };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(arena);
	return 0;
}

static phys_t table(unsigned n)
{
	return TABLES_PHYS + n * PAGE_SIZE;
}

static void set(unsigned n, unsigned index, uint64_t entry)
{
	memcpy(arena + n * PAGE_SIZE + index * sizeof(entry), &entry, sizeof(entry));
}

static void run(void)
{
	paging_audit(&audit, &paging, (struct window){ (uintptr_t)arena - TABLES_PHYS },
		table(TABLES), &map);
}

/* Tables 0, 1, ... lead to table last, whose entries are those of level 2. */
static unsigned path(void)
{
	unsigned n = 0;

	for (unsigned level = paging.mode.levels; level > 2; level--, n++)
		set(n, 0, table(n + 1) | P | (paging.mode.levels == 3 ? 0 : W));
	return n;
}

/*
 *   0     2M: W, X    2M    table: a page R, X    4M
 */
static void counts_pages_and_rights(void **state)
{
	unsigned n = path();

	(void)state;
	set(n, 0, 0 | P | W | PS);
	set(n, 1, table(n + 1) | P | W);
	set(n + 1, 0, 0x200000 | P);
	set(n + 1, 1, 0x201000 | P | W | NX);
	set(n + 1, 511, 0x3ff000 | P | W);
	run();
	assert_int_equal(audit.levels, paging.mode.levels);
	assert_true(audit.complete);
	assert_int_equal(audit.tables, n + 2);
	assert_int_equal(audit.pages.pages_2m, 1);
	assert_int_equal(audit.pages.pages_4k, 3);
	assert_int_equal(audit.pages.pages_1g, 0);
	assert_int_equal(audit.write_exec_bytes, 0x201000);
	assert_int_equal(audit.ram_unmapped_pages, 512 - 3);
	assert_int_equal(audit.read_only_tables, 0);
}

/* A level above takes the right to write: no page below has it. */
static void rights_of_all_levels_together(void **state)
{
	unsigned n = path();

	(void)state;
	set(n, 0, table(n + 1) | P);
	set(n + 1, 0, 0x0 | P | W);
	run();
	assert_int_equal(audit.pages.pages_4k, 1);
	assert_int_equal(audit.write_exec_bytes, 0);
}

/* Tables that are mapped, but not writable, where they are. */
static void sees_read_only_tables(void **state)
{
	unsigned n = path();

	(void)state;
	set(n, 0, 0 | P | PS);
	run();
	assert_int_equal(audit.read_only_tables, n + 1);
}

/* RAM shown somewhere else is not where it is. */
static void other_addresses_do_not_count(void **state)
{
	unsigned n = path();

	(void)state;
	set(n, 0, 0x200000 | P | W | PS);
	set(n, 1, 0x000000 | P | W | PS);
	run();
	assert_int_equal(audit.pages.pages_2m, 2);
	assert_int_equal(audit.ram_unmapped_pages, 1024);
}

static void no_ram_is_missing(void **state)
{
	unsigned n = path();

	(void)state;
	for (unsigned i = 0; i < 512; i++)
		set(n, i, i * 0x200000 | P | W | PS);
	run();
	assert_int_equal(audit.ram_unmapped_pages, 0);
	assert_int_equal(audit.write_exec_bytes, GIB);
}

/* A table that leads to itself in every entry: the walk ends all the same. */
static void ends_in_a_loop(void **state)
{
	(void)state;
	if (ARCH_HIGHMEM)
		skip(); /* three levels, four entries in the root: too short a walk to stop */
	for (unsigned i = 0; i < 512; i++)
		set(0, i, table(0) | P | W);
	run();
	assert_false(audit.complete);
	assert_int_equal(audit.tables, PAGING_AUDIT_TABLES);
}

/* An entry that leads to where no memory is: not followed, and said. */
static void stays_where_memory_is(void **state)
{
	unsigned n = path();

	(void)state;
	set(n, 1, table(TABLES) | P | W);
	set(n, 2, (ARCH_HIGHMEM ? UINT64_C(0xfffff000) : UINT64_C(0xffffffffff000)) | P | W);
	run();
	assert_false(audit.complete);
	assert_int_equal(audit.tables, n + 1);
}

struct visited {
	phys_t table[2 * TABLES];
	unsigned count;
};

static void note(void *ctx, phys_t table)
{
	struct visited *v = ctx;

	if (v->count < ARRAY_SIZE(v->table))
		v->table[v->count] = table;
	v->count++;
}

static struct visited visit_all(void)
{
	struct visited v = { .count = 0 };

	paging_visit_tables(&paging, (struct window){ (uintptr_t)arena - TABLES_PHYS },
		table(TABLES), note, &v);
	return v;
}

/*
 *   ..  2M   table   not there   beyond all memory   table
 *
 * Expect each table once, a table before those below it, and no page taken for a table.
 */
static void visits_each_table(void **state)
{
	unsigned n = path();
	struct visited v;

	(void)state;
	set(n, 0, 0x200000 | P | W | PS);
	set(n, 1, table(n + 1) | P | W);
	set(n, 2, table(n + 3) | W);
	set(n, 3, table(TABLES) | P | W);
	set(n, 511, table(n + 2) | P);
	set(n + 1, 0, 0x400000 | P);
	v = visit_all();
	assert_int_equal(v.count, n + 3);
	for (unsigned i = 0; i < v.count; i++)
		assert_int_equal(v.table[i], table(i));
}

/* Three levels, with four entries in the root, are too short a walk to stop. */
static void visits_end_in_a_loop(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 512; i++)
		set(0, i, table(0) | P | W);
	assert_int_equal(visit_all().count, ARCH_HIGHMEM ? 1 + 4 + 4 * 512 : PAGING_AUDIT_TABLES);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(counts_pages_and_rights),
		TEST(rights_of_all_levels_together),
		TEST(sees_read_only_tables),
		TEST(other_addresses_do_not_count),
		TEST(no_ram_is_missing),
		TEST(ends_in_a_loop),
		TEST(stays_where_memory_is),
		TEST(visits_each_table),
		TEST(visits_end_in_a_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI table finder: good tables, every byte broken, every truncation, hostile lengths and
 * pointers.
 *
 * The arena is physical memory from 0 on; it is allocated to the byte, so that the address
 * sanitizer sees any read beyond what the finder was allowed.
 *
 *   0x100 RSDP   0x201 XSDT   0x301 RSDT
 *   0x401 SRAT   0x481 SSDT   0x501 SSDT   0x581 SLIT (in the RSDT only)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/acpi.h>

#include "acpi_bytes.h"
#include "random.h"

#define RSDP       0x100
#define XSDT       0x201 /* nothing is aligned */
#define RSDT       0x301
#define SRAT       0x401
#define SSDT1      0x481
#define SSDT2      0x501
#define SLIT       0x581
#define ARENA      0x600
#define XSDT_BYTES (36 + 4 * 8)
#define RSDT_BYTES (36 + 2 * 4)
#define SRAT_BYTES 100
#define SSDT_BYTES 40

struct machine {
	uint8_t *arena;
	struct acpi acpi;
	struct findings f;
};

static void put_lists(uint8_t *arena, phys_t first_entry)
{
	static const uint32_t xsdt[] = { SRAT, SSDT1, 0, SSDT2 };

	for (uint32_t i = 0; i < 4; i++)
		put(arena + XSDT + 36 + 8 * i, xsdt[i], 8);
	put(arena + XSDT + 36, first_entry, 8);
	put_header(arena + XSDT, "XSDT", XSDT_BYTES, 1);
	put(arena + RSDT + 36, SRAT, 4);
	put(arena + RSDT + 40, SLIT, 4);
	put_header(arena + RSDT, "RSDT", RSDT_BYTES, 1);
}

static void put_rsdp(uint8_t *arena, uint8_t revision, phys_t xsdt, phys_t rsdt)
{
	uint8_t *rsdp = arena + RSDP;

	memcpy(rsdp, "RSD PTR ", 8);
	rsdp[15] = revision;
	put(rsdp + 16, rsdt, 4);
	put(rsdp + 20, 36, 4);
	put(rsdp + 24, xsdt, 8);
	seal(rsdp, 20, 8);
	seal(rsdp, 36, 32);
}

static struct machine *make(void)
{
	struct machine *m = calloc(1, sizeof(*m));

	m->arena = calloc(1, ARENA);
	put_lists(m->arena, SRAT);
	put_rsdp(m->arena, 2, XSDT, RSDT);
	put_header(m->arena + SRAT, "SRAT", SRAT_BYTES, 3);
	m->arena[SSDT1 + 36] = 1;
	put_header(m->arena + SSDT1, "SSDT", SSDT_BYTES, 2);
	m->arena[SSDT2 + 36] = 2;
	put_header(m->arena + SSDT2, "SSDT", SSDT_BYTES, 2);
	put_header(m->arena + SLIT, "SLIT", 45, 1);
	return m;
}

static void drop(struct machine *m)
{
	free(m->arena);
	free(m);
}

static enum acpi_error open_to(struct machine *m, phys_t end_phys)
{
	struct window window = { .base = (uintptr_t)m->arena };

	memset(&m->f, 0, sizeof(m->f));
	return acpi_open(&m->acpi, window, end_phys, RSDP, &m->f);
}

/* A length that is wrong by a high bit looks like a table out of reach. */
static uint32_t findings(const struct machine *m)
{
	return m->f.of[FINDING_ACPI_BROKEN].count + m->f.of[FINDING_ACPI_UNREACHABLE].count;
}

static void open_ok(struct machine *m, uint32_t entry_bytes, uint32_t count)
{
	assert_int_equal(open_to(m, ARENA), ACPI_OK);
	assert_int_equal(m->acpi.entry_bytes, entry_bytes);
	assert_int_equal(findings(m), count);
}

static void find(struct machine *m, const char *signature, uint32_t at)
{
	struct acpi_table table;

	assert_int_equal(acpi_find(&m->acpi, signature, &table, &m->f), ACPI_OK);
	assert_ptr_equal(table.bytes, m->arena + at);
}

static void find_none(struct machine *m, const char *signature)
{
	struct acpi_table table = { .length = 77 };

	assert_int_equal(acpi_find(&m->acpi, signature, &table, &m->f), ACPI_ABSENT);
	assert_int_equal(table.length, 77);
}

/* Expect the XSDT's tables where there is an XSDT, the RSDT's where not, and no finding. */
static void test_finds(void **state)
{
	struct machine *m = make();

	(void)state;
	open_ok(m, 8, 0);
	find(m, "SRAT", SRAT);
	find_none(m, "SLIT");
	put_rsdp(m->arena, 0, XSDT, RSDT);
	open_ok(m, 4, 0);
	find(m, "SRAT", SRAT);
	find(m, "SLIT", SLIT);
	put_rsdp(m->arena, 2, 0, RSDT);
	open_ok(m, 4, 0);
	assert_int_equal(findings_kinds(&m->f), 0);
	drop(m);
}

/* Expect every table of a signature in turn, a null entry passed over, a broken one counted. */
static void test_next(void **state)
{
	struct machine *m = make();
	struct acpi_table table;
	uint32_t index = 0;

	(void)state;
	open_ok(m, 8, 0);
	assert_int_equal(acpi_next(&m->acpi, "SSDT", &index, &table, &m->f), ACPI_OK);
	assert_int_equal(table.bytes[36], 1);
	assert_int_equal(table.length, SSDT_BYTES);
	assert_int_equal(acpi_next(&m->acpi, "SSDT", &index, &table, &m->f), ACPI_OK);
	assert_int_equal(table.bytes[36], 2);
	assert_int_equal(acpi_next(&m->acpi, "SSDT", &index, &table, &m->f), ACPI_ABSENT);
	m->arena[SSDT1 + 37] ^= 1;
	index = 0;
	assert_int_equal(acpi_next(&m->acpi, "SSDT", &index, &table, &m->f), ACPI_OK);
	assert_int_equal(table.bytes[36], 2);
	assert_int_equal(m->f.of[FINDING_ACPI_BROKEN].count, 1);
	assert_int_equal(m->f.of[FINDING_ACPI_BROKEN].start_phys, SSDT1);
	drop(m);
}

/* The table that another one names: expect its signature to be checked. */
static void test_table_at(void **state)
{
	struct machine *m = make();
	struct acpi_table table;

	(void)state;
	open_ok(m, 8, 0);
	assert_int_equal(acpi_table_at(&m->acpi, SLIT, "SLIT", &table, &m->f), ACPI_OK);
	assert_int_equal(table.length, 45);
	assert_int_equal(acpi_table_at(&m->acpi, 0, "SLIT", &table, &m->f), ACPI_ABSENT);
	assert_int_equal(findings_kinds(&m->f), 0);
	assert_int_equal(acpi_table_at(&m->acpi, SLIT, "DSDT", &table, &m->f), ACPI_BROKEN);
	assert_int_equal(
		acpi_table_at(&m->acpi, ARENA - 35, "SLIT", &table, &m->f), ACPI_UNREACHABLE);
	assert_int_equal(m->f.of[FINDING_ACPI_BROKEN].count, 1);
	assert_int_equal(m->f.of[FINDING_ACPI_UNREACHABLE].count, 1);
	drop(m);
}

/* Which structure a byte of the arena is part of decides what its corruption must cost. */
static void check_broken_byte(struct machine *m, uint32_t at)
{
	enum acpi_error error = open_to(m, ARENA);

	if (at < RSDP + 20) {
		assert_int_equal(error, ACPI_BROKEN);
		assert_int_equal(m->f.of[FINDING_ACPI_BROKEN].count, 1);
	} else if (at < XSDT + XSDT_BYTES) { /* the RSDP's second part, or the XSDT */
		open_ok(m, 4, 1);
		find(m, "SRAT", SRAT);
	} else {
		open_ok(m, 8, 0);
		find_none(m, "SRAT");
		assert_int_equal(findings(m), at >= SRAT + 4);
	}
}

/* Expect each wrong bit to be noticed, and the next best to be taken. */
static void test_every_bit(void **state)
{
	static const struct {
		uint32_t at, bytes;
	} part[] = { { RSDP, 36 }, { XSDT, XSDT_BYTES }, { SRAT, SRAT_BYTES } };
	struct machine *m = make();

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(part); i++)
		for (uint32_t bit = 0; bit < 8 * part[i].bytes; bit++) {
			uint32_t at = part[i].at + bit / 8;

			m->arena[at] ^= (uint8_t)(1u << bit % 8);
			check_broken_byte(m, at);
			m->arena[at] ^= (uint8_t)(1u << bit % 8);
		}
	drop(m);
}

/* Expect a broken RSDT to matter only where it is needed, and then to be the end of it. */
static void test_broken_rsdt(void **state)
{
	struct machine *m = make();

	(void)state;
	m->arena[RSDT + 20] ^= 1;
	open_ok(m, 8, 0);
	m->arena[XSDT + 20] ^= 1;
	assert_int_equal(open_to(m, ARENA), ACPI_BROKEN);
	assert_int_equal(m->f.of[FINDING_ACPI_BROKEN].count, 2);
	put_rsdp(m->arena, 2, 0, 0);
	assert_int_equal(open_to(m, ARENA), ACPI_ABSENT);
	drop(m);
}

/* Memory that ends anywhere: expect no read beyond (the sanitizer's part), and all or nothing. */
static void test_every_end(void **state)
{
	(void)state;
	for (uint32_t end = 1; end <= ARENA; end++) {
		struct machine *m = make();
		struct acpi_table table;

		m->arena = realloc(m->arena, end);
		if (open_to(m, end) == ACPI_OK) {
			assert_true(end >= XSDT + XSDT_BYTES);
			assert_int_equal(acpi_find(&m->acpi, "SRAT", &table, &m->f) == ACPI_OK,
				end >= SRAT + SRAT_BYTES);
			assert_int_equal(
				m->f.of[FINDING_ACPI_UNREACHABLE].count != 0, end < SSDT2 + 36);
		} else {
			assert_true(end < XSDT + XSDT_BYTES);
			assert_int_not_equal(m->f.of[FINDING_ACPI_UNREACHABLE].count, 0);
		}
		drop(m);
	}
}

static void check_length(uint32_t at, uint32_t length, const char *signature, bool found)
{
	struct machine *m = make();

	put(m->arena + at + 4, length, 4);
	seal(m->arena + at, 36, 9);
	if (open_to(m, ARENA) == ACPI_OK && m->acpi.entry_bytes == 8) {
		struct acpi_table table;

		assert_int_equal(acpi_find(&m->acpi, signature, &table, &m->f) == ACPI_OK, found);
	} else {
		assert_false(found);
	}
	assert_int_equal(findings_kinds(&m->f) != 0, !found);
	drop(m);
}

/* Lengths that lie, in an empty table whose checksum is right: expect a finding, and no read. */
static void test_lengths(void **state)
{
	static const uint32_t length[] = { 0, 1, 8, 35, ARENA, ACPI_TABLE_MAX_BYTES,
		ACPI_TABLE_MAX_BYTES + 1, 0x7fffffff, 0x80000000, 0xffffffff };

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(length); i++) {
		check_length(SRAT, length[i], "SRAT", false);
		check_length(XSDT, length[i], "SRAT", false);
	}
}

/* The longest table that is taken, and one byte more: expect a finding for that one. */
static void test_longest(void **state)
{
	(void)state;
	for (uint32_t length = ACPI_TABLE_MAX_BYTES; length <= ACPI_TABLE_MAX_BYTES + 1; length++) {
		struct machine *m = make();
		struct acpi_table table;

		m->arena = realloc(m->arena, ARENA + length);
		memset(m->arena + ARENA, 0, length);
		put_header(m->arena + ARENA, "SRAT", length, 3);
		put_lists(m->arena, ARENA);
		assert_int_equal(open_to(m, ARENA + length), ACPI_OK);
		if (length <= ACPI_TABLE_MAX_BYTES)
			find(m, "SRAT", ARENA);
		else
			assert_int_equal(acpi_find(&m->acpi, "SRAT", &table, &m->f), ACPI_ABSENT);
		assert_int_equal(findings(m), length > ACPI_TABLE_MAX_BYTES);
		drop(m);
	}
}

/* An XSDT with half an entry at its end: expect the whole ones to count. */
static void test_odd_list(void **state)
{
	struct machine *m = make();
	struct acpi_table table;
	uint32_t index = 0;

	(void)state;
	put_header(m->arena + XSDT, "XSDT", XSDT_BYTES - 3, 1);
	open_ok(m, 8, 0);
	assert_int_equal(acpi_next(&m->acpi, "SSDT", &index, &table, &m->f), ACPI_OK);
	assert_int_equal(acpi_next(&m->acpi, "SSDT", &index, &table, &m->f), ACPI_ABSENT);
	put_header(m->arena + XSDT, "XSDT", 36, 1);
	open_ok(m, 8, 0);
	find_none(m, "SRAT");
	drop(m);
}

/* RSDP lengths: expect 36 to 256 to be taken, with the checksum over all of it. */
static void test_rsdp_length(void **state)
{
	static const uint32_t bad[] = { 0, 20, 35, 257, 0x10000, 0xffffffff };
	struct machine *m = make();

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(bad); i++) {
		put(m->arena + RSDP + 20, bad[i], 4);
		seal(m->arena + RSDP, 36, 32);
		open_ok(m, 4, 1);
	}
	put(m->arena + RSDP + 20, 64, 4);
	seal(m->arena + RSDP, 64, 32);
	open_ok(m, 8, 0);
	m->arena[RSDP + 60] ^= 1;
	open_ok(m, 4, 1);
	drop(m);
}

/* A table above what can be read: expect one finding, however often something is looked for. */
static void test_entry_out_of_reach(void **state)
{
	static const phys_t far[] = { ARENA, ARENA - 35, UINT64_C(0x100000000), PHYS_END - 36,
		PHYS_END, UINT64_MAX - 35, UINT64_MAX };

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(far); i++) {
		struct machine *m = make();

		put_lists(m->arena, far[i]);
		open_ok(m, 8, 1);
		find_none(m, "SRAT");
		find_none(m, "SRAT");
		assert_int_equal(m->f.of[FINDING_ACPI_UNREACHABLE].count, 1);
		assert_true(m->f.of[FINDING_ACPI_UNREACHABLE].start_phys == far[i]);
		drop(m);
	}
}

/* Expect an XSDT out of reach to leave the RSDT, and an RSDP out of reach to be an error value. */
static void test_root_out_of_reach(void **state)
{
	struct machine *m = make();
	struct window window = { .base = (uintptr_t)m->arena };
	struct window identity = { .base = 0 };
	phys_t beyond = sizeof(void *) == 4 ? 4 * GIB : PHYS_END;

	(void)state;
	put_rsdp(m->arena, 2, UINT64_C(0x123456789), RSDT);
	assert_int_equal(open_to(m, ARENA), ACPI_OK);
	assert_int_equal(m->acpi.entry_bytes, 4);
	assert_int_equal(m->f.of[FINDING_ACPI_UNREACHABLE].count, 1);
	assert_int_equal(acpi_open(&m->acpi, window, ARENA, ARENA - 19, &m->f), ACPI_UNREACHABLE);
	assert_int_equal(
		acpi_open(&m->acpi, identity, UINT64_MAX, beyond, &m->f), ACPI_UNREACHABLE);
	assert_int_equal(
		acpi_open(&m->acpi, identity, UINT64_MAX, UINT64_MAX, &m->f), ACPI_UNREACHABLE);
	assert_int_equal(m->f.of[FINDING_ACPI_UNREACHABLE].count, 4);
	assert_int_equal(acpi_open(&m->acpi, window, ARENA, 0, &m->f), ACPI_ABSENT);
	drop(m);
}

/* Garbage with right checksums, and pointers into it: expect an answer, whatever it is. */
static void test_random(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (uint32_t round = 0; round < 20000; round++) {
		struct machine *m = make();
		struct acpi_table table;

		for (uint32_t i = 0; i < 8; i++)
			m->arena[XSDT + random_below(&seed, ARENA - XSDT)] =
				(uint8_t)random_next(&seed);
		for (uint32_t i = 0; i < 4; i++)
			if (random_below(&seed, 2) == 0)
				put(m->arena + XSDT + 36 + 8 * i, random_below(&seed, ARENA + 16),
					8);
		put_header(m->arena + XSDT, "XSDT", XSDT_BYTES, 1);
		assert_int_equal(open_to(m, ARENA), ACPI_OK);
		if (acpi_find(&m->acpi, "SRAT", &table, &m->f) == ACPI_OK)
			assert_true(table.bytes >= m->arena && table.length <= ARENA &&
				    table.bytes + table.length <= m->arena + ARENA);
		drop(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finds),
		cmocka_unit_test(test_next),
		cmocka_unit_test(test_table_at),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_broken_rsdt),
		cmocka_unit_test(test_every_end),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_odd_list),
		cmocka_unit_test(test_rsdp_length),
		cmocka_unit_test(test_entry_out_of_reach),
		cmocka_unit_test(test_root_out_of_reach),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

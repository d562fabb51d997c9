/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SRAT and SLIT: every entry type, every broken field, every truncation, random tables against a
 * parser that is written the other way round.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/srat.h>

#include "acpi_bytes.h"
#include "random.h"

#define MAX_RANGES 2048
#define ENABLED    1u

struct fixture {
	struct srat_bytes in;
	struct srat srat;
	struct srat_range range[MAX_RANGES];
	struct findings f;
};

static struct fixture *make(void)
{
	struct fixture *x = calloc(1, sizeof(*x));

	srat_begin(&x->in);
	x->srat.range = x->range;
	x->srat.range_capacity = MAX_RANGES;
	return x;
}

/* A copy to the byte, so that the address sanitizer sees reads beyond the end. */
static enum bm_error parse(struct fixture *x, uint32_t length)
{
	uint8_t *copy = malloc(length != 0 ? length : 1);
	struct acpi_table table = { .bytes = copy, .length = length };
	enum bm_error error;

	memcpy(copy, x->in.bytes, length);
	memset(&x->f, 0, sizeof(x->f));
	error = srat_parse(&x->srat, &table, &x->f);
	free(copy);
	return error;
}

static void parse_ok(struct fixture *x, uint8_t revision, uint32_t bad_entries)
{
	srat_end(&x->in, revision);
	assert_int_equal(parse(x, x->in.length), BM_OK);
	assert_int_equal(x->f.of[FINDING_SRAT_ENTRY].count, bad_entries);
	assert_int_equal(findings_kinds(&x->f), bad_entries != 0);
}

static void expect_node(const struct fixture *x, uint32_t nid, uint32_t domain, uint32_t processors)
{
	assert_true(nid < x->srat.nodes);
	assert_int_equal(x->srat.domain[nid], domain);
	assert_int_equal(x->srat.processors[nid], processors);
}

static void expect_range(const struct fixture *x, uint32_t i, uint32_t nid, uint64_t start,
	uint64_t end, uint32_t flags)
{
	const struct srat_range *r = &x->range[i];

	assert_true(i < x->srat.ranges);
	assert_int_equal(r->nid, nid);
	assert_true(r->start_phys == start && r->end_phys == end);
	assert_int_equal(r->flags, flags);
}

/* Expect processors to number the nodes before memory does, each kind in table order. */
static void test_numbering(void **state)
{
	struct fixture *x = make();

	(void)state;
	srat_memory(&x->in, 9, 0, GIB, ENABLED);
	srat_x2apic(&x->in, 7, ENABLED);
	srat_memory(&x->in, 3, GIB, GIB, ENABLED);
	srat_processor(&x->in, 3, ENABLED);
	srat_initiator(&x->in, 5, ENABLED);
	srat_processor(&x->in, 7, ENABLED);
	parse_ok(x, 3, 0);
	assert_int_equal(x->srat.nodes, 4);
	expect_node(x, 0, 7, 2);
	expect_node(x, 1, 3, 1);
	expect_node(x, 2, 5, 0);
	expect_node(x, 3, 9, 0);
	expect_range(x, 0, 3, 0, GIB, 0);
	expect_range(x, 1, 1, GIB, 2 * GIB, 0);
	assert_int_equal(x->srat.ranges, 2);
	free(x);
}

/* Expect disabled entries to name nothing, and flags to be kept. */
static void test_flags(void **state)
{
	struct fixture *x = make();

	(void)state;
	srat_processor(&x->in, 1, 0);
	srat_x2apic(&x->in, 2, ~ENABLED);
	srat_initiator(&x->in, 3, ~ENABLED);
	srat_memory(&x->in, 4, 0, GIB, ~ENABLED);
	srat_memory(&x->in, 5, GIB, GIB, ENABLED | 2);
	srat_memory(&x->in, 5, 2 * GIB, GIB, ENABLED | 4);
	parse_ok(x, 3, 0);
	assert_int_equal(x->srat.nodes, 1);
	expect_node(x, 0, 5, 0);
	expect_range(x, 0, 0, GIB, 2 * GIB, SRAT_HOTPLUG);
	expect_range(x, 1, 0, 2 * GIB, 3 * GIB, SRAT_NONVOLATILE);
	free(x);
}

static void check_domains(uint8_t revision, uint32_t processor, uint32_t memory)
{
	struct fixture *x = make();

	srat_processor(&x->in, 0x12345678, ENABLED);
	srat_x2apic(&x->in, 0x12345678, ENABLED);
	srat_memory(&x->in, 0xabcdef01, 0, GIB, ENABLED);
	parse_ok(x, revision, 0);
	expect_node(x, 0, processor, processor == 0x12345678 ? 2 : 1);
	assert_int_equal(x->srat.domain[x->srat.nodes - 1], memory);
	free(x);
}

/* Expect 8 bits of domain before revision 2 and 32 since, and 32 always in an x2APIC entry. */
static void test_revisions(void **state)
{
	(void)state;
	check_domains(0, 0x78, 0x01);
	check_domains(1, 0x78, 0x01);
	check_domains(2, 0x12345678, 0xabcdef01);
	check_domains(3, 0x12345678, 0xabcdef01);
}

/* Empty memory names its domain, as in Linux; wrapping memory does so with a finding. */
static void test_odd_memory(void **state)
{
	struct fixture *x = make();

	(void)state;
	srat_memory(&x->in, 1, GIB, 0, ENABLED);
	srat_memory(&x->in, 2, UINT64_MAX, 1, ENABLED);
	srat_memory(&x->in, 3, GIB, UINT64_MAX, ENABLED);
	srat_memory(&x->in, 4, 0, UINT64_MAX, ENABLED);
	srat_memory(&x->in, 5, 0x123, 0x456, ENABLED);
	parse_ok(x, 3, 2);
	assert_int_equal(x->srat.nodes, 5);
	assert_int_equal(x->srat.ranges, 2);
	expect_range(x, 0, 3, 0, UINT64_MAX, 0);
	expect_range(x, 1, 4, 0x123, 0x579, 0);
	assert_true(x->f.of[FINDING_SRAT_ENTRY].start_phys == UINT64_MAX);
	free(x);
}

/* One entry of a type with a length, between two good ones. */
static void check_entry(uint8_t type, uint8_t length, uint32_t nodes, uint32_t findings)
{
	struct fixture *x = make();
	uint8_t *at;

	srat_processor(&x->in, 1, ENABLED);
	at = srat_entry(&x->in, type, length);
	memset(at + 2, 0xff, length - 2u);
	srat_processor(&x->in, 2, ENABLED);
	parse_ok(x, 3, findings);
	assert_int_equal(x->srat.nodes, nodes);
	free(x);
}

/*
 * Expect an entry that is too short to be skipped, a longer one to be taken, an unknown one to be
 * passed over.
 */
static void test_entry_lengths(void **state)
{
	static const struct {
		uint8_t type, bytes;
		uint32_t wraps; /* all ones is memory that wraps */
	} known[] = { { 0, 16, 0 }, { 1, 40, 1 }, { 2, 24, 0 }, { 5, 32, 0 } };

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(known); i++) {
		for (uint8_t length = 2; length < known[i].bytes; length++)
			check_entry(known[i].type, length, 2, 1);
		check_entry(known[i].type, known[i].bytes, 3, known[i].wraps);
		check_entry(known[i].type, known[i].bytes + 1, 3, known[i].wraps);
		check_entry(known[i].type, 255, 3, known[i].wraps);
	}
	for (uint32_t type = 0; type < 256; type++)
		if (type > 5 || type == 3 || type == 4)
			check_entry((uint8_t)type, (uint8_t)(2 + type % 254), 2, 0);
}

/* An entry that leads nowhere: expect what comes before it to count, and one finding. */
static void test_entry_without_end(void **state)
{
	static const uint8_t length[] = { 0, 1, 41, 255 };

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(length); i++) {
		struct fixture *x = make();

		srat_processor(&x->in, 1, ENABLED);
		srat_memory(&x->in, 2, 0, GIB, ENABLED);
		srat_memory(&x->in, 3, GIB, GIB, ENABLED);
		x->in.bytes[48 + 16 + 40 + 1] = length[i];
		parse_ok(x, 3, 1);
		assert_int_equal(x->srat.nodes, 2);
		assert_int_equal(x->srat.ranges, 1);
		free(x);
	}
}

static void fill(struct fixture *x)
{
	srat_processor(&x->in, 1, ENABLED);
	srat_memory(&x->in, 2, 0, GIB, ENABLED);
	srat_x2apic(&x->in, 3, ENABLED);
	srat_memory(&x->in, 4, GIB, GIB, ENABLED);
	srat_end(&x->in, 3);
}

/* Expect the whole entries to count at every length, and a finding where one is cut. */
static void test_every_length(void **state)
{
	static const uint32_t end[] = { 48, 64, 104, 128, 168 };
	static const uint32_t nodes[] = { 0, 1, 2, 3, 4 };
	struct fixture *x = make();

	(void)state;
	fill(x);
	assert_int_equal(x->in.length, 168);
	for (uint32_t length = 0; length <= 168; length++) {
		uint32_t whole = 0;

		if (length < 48) {
			assert_int_equal(parse(x, length), BM_INVALID);
			continue;
		}
		while (whole + 1 < ARRAY_SIZE(end) && end[whole + 1] <= length)
			whole++;
		assert_int_equal(parse(x, length), BM_OK);
		assert_int_equal(x->srat.nodes, nodes[whole]);
		assert_int_equal(x->f.of[FINDING_SRAT_ENTRY].count, length != end[whole]);
	}
	free(x);
}

/* Expect any byte with any bit wrong to be survived, and entries before it to count. */
static void test_every_bit(void **state)
{
	struct fixture *x = make();

	(void)state;
	fill(x);
	for (uint32_t bit = 8 * 64; bit < 8 * x->in.length; bit++) {
		x->in.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(parse(x, x->in.length), BM_OK);
		expect_node(x, 0, 1, x->srat.processors[0]);
		assert_true(x->srat.nodes <= 5 && x->srat.ranges <= 2);
		x->in.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(parse(x, x->in.length), BM_OK);
	assert_int_equal(x->srat.nodes, 4);
	free(x);
}

/* Expect 64 domains to fit, and one more to be an error that changes nothing. */
static void test_too_many_domains(void **state)
{
	struct fixture *x = make();

	(void)state;
	for (uint32_t i = 0; i < BOOTMEM_MAX_NODES; i++)
		srat_memory(&x->in, 1000 - i, i * GIB, GIB, ENABLED);
	parse_ok(x, 3, 0);
	assert_int_equal(x->srat.nodes, BOOTMEM_MAX_NODES);
	expect_node(x, 63, 937, 0);
	srat_memory(&x->in, 1, 99 * GIB, GIB, ENABLED);
	srat_end(&x->in, 3);
	assert_int_equal(parse(x, x->in.length), BM_INVALID);
	assert_int_equal(x->f.of[FINDING_SRAT_DOMAINS].count, 1);
	assert_int_equal(x->srat.nodes, BOOTMEM_MAX_NODES);
	assert_int_equal(x->srat.ranges, BOOTMEM_MAX_NODES);
	srat_begin(&x->in);
	for (uint32_t i = 0; i <= BOOTMEM_MAX_NODES; i++)
		srat_processor(&x->in, i, ENABLED);
	srat_end(&x->in, 3);
	assert_int_equal(parse(x, x->in.length), BM_INVALID);
	assert_int_equal(x->f.of[FINDING_SRAT_DOMAINS].count, 1);
	free(x);
}

/* Expect srat_max_ranges to suffice exactly for a table of memory, and less to be BM_FULL. */
static void test_capacity(void **state)
{
	struct fixture *x = make();
	struct acpi_table table = { .bytes = x->in.bytes };

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		srat_memory(&x->in, i & 3, i * GIB, GIB, ENABLED);
	srat_end(&x->in, 3);
	table.length = x->in.length;
	assert_int_equal(srat_max_ranges(&table), 100);
	x->srat.range_capacity = 100;
	assert_int_equal(parse(x, x->in.length), BM_OK);
	x->srat.range_capacity = 99;
	x->srat.nodes = 77;
	assert_int_equal(parse(x, x->in.length), BM_FULL);
	assert_int_equal(x->srat.nodes, 77);
	assert_int_equal(findings_kinds(&x->f), 0);
	table.length = 47;
	assert_int_equal(srat_max_ranges(&table), 0);
	free(x);
}

/* --- a naive parser --------------------------------------------------------------------------- */

struct model {
	uint64_t at[8192]; /* offsets of whole entries */
	uint32_t entries;
	uint32_t domain[8192];
	uint32_t nodes, ranges, bad;
};

static uint64_t get(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | at[bytes];
	return value;
}

static void model_domain(struct model *m, uint32_t domain)
{
	for (uint32_t i = 0; i < m->nodes; i++)
		if (m->domain[i] == domain)
			return;
	m->domain[m->nodes++] = domain;
}

static void model_split(struct model *m, const struct srat_bytes *in)
{
	uint32_t at = 48;

	while (at < in->length) {
		uint32_t length = at + 1 < in->length ? in->bytes[at + 1] : 0;

		if (length < 2 || at + length > in->length) {
			m->bad++;
			return;
		}
		m->at[m->entries++] = at;
		at += length;
	}
}

static void model_entry(struct model *m, const uint8_t *e, bool memory)
{
	static const uint8_t bytes[6] = { 16, 40, 24, 0, 0, 32 };
	static const uint8_t flags_at[6] = { 4, 28, 12, 0, 0, 24 };
	static const uint8_t domain_at[6] = { 2, 2, 4, 0, 0, 4 };
	uint8_t type = e[0];
	uint64_t base, end;

	if (type > 5 || bytes[type] == 0 || memory != (type == 1))
		return;
	if (e[1] < bytes[type]) {
		m->bad++;
		return;
	}
	if ((e[flags_at[type]] & 1) == 0)
		return;
	model_domain(m, type == 0 ? (uint32_t)(e[2] | get(e + 9, 3) << 8)
				  : (uint32_t)get(e + domain_at[type], 4));
	if (type != 1)
		return;
	base = get(e + 8, 8);
	end = base + get(e + 16, 8);
	m->ranges += end > base;
	m->bad += end < base;
}

static void compare(struct fixture *x)
{
	struct model *m = calloc(1, sizeof(*m));

	model_split(m, &x->in);
	for (uint32_t i = 0; i < m->entries; i++)
		model_entry(m, x->in.bytes + m->at[i], false);
	for (uint32_t i = 0; i < m->entries; i++)
		model_entry(m, x->in.bytes + m->at[i], true);
	if (m->nodes > BOOTMEM_MAX_NODES) {
		assert_int_equal(parse(x, x->in.length), BM_INVALID);
	} else {
		assert_int_equal(parse(x, x->in.length), BM_OK);
		assert_int_equal(x->srat.nodes, m->nodes);
		assert_int_equal(x->srat.ranges, m->ranges);
		assert_int_equal(x->f.of[FINDING_SRAT_ENTRY].count, m->bad);
		assert_memory_equal(x->srat.domain, m->domain, m->nodes * sizeof(uint32_t));
	}
	free(m);
}

static void random_entry(struct srat_bytes *in, uint64_t *seed)
{
	static const uint8_t type[] = { 0, 1, 2, 5, 1, 1, 3, 77 };
	static const uint8_t bytes[] = { 16, 40, 24, 32, 40, 40, 20, 9 };
	uint64_t i = random_below(seed, ARRAY_SIZE(type));
	uint8_t *at = srat_entry(in, type[i], bytes[i]);

	for (uint32_t b = 2; b < bytes[i]; b++)
		at[b] = (uint8_t)(random_below(seed, 3) == 0 ? random_next(seed) : 0);
	if (random_below(seed, 30) == 0)
		at[1] = (uint8_t)random_next(seed);
}

static void test_random(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (uint32_t round = 0; round < 5000; round++) {
		struct fixture *x = make();
		uint64_t entries = random_below(&seed, 100);

		for (uint64_t i = 0; i < entries; i++)
			random_entry(&x->in, &seed);
		x->in.length -= (uint32_t)random_below(&seed, min_u64(5, x->in.length - 47));
		srat_end(&x->in, 2);
		compare(x);
		free(x);
	}
}

/* --- SLIT ------------------------------------------------------------------------------------- */

static enum bm_error parse_slit(
	const uint8_t *bytes, uint32_t length, struct slit *out, struct findings *f)
{
	struct acpi_table table = { .bytes = bytes, .length = length };

	memset(f, 0, sizeof(*f));
	return slit_parse(out, &table, f);
}

static void put_slit(uint8_t *bytes, uint64_t localities)
{
	put(bytes + 36, localities, 8);
	for (uint64_t from = 0; from < localities; from++)
		for (uint64_t to = 0; to < localities; to++)
			bytes[44 + from * localities + to] =
				from == to ? 10 : (uint8_t)(20 + from + to);
}

/* Expect the matrix's numbers, unsymmetric ones too, and the defaults beside it. */
static void test_slit(void **state)
{
	uint8_t bytes[44 + 16] = { 0 };
	struct findings f;
	struct slit slit;

	(void)state;
	put_slit(bytes, 4);
	bytes[44 + 4 * 1 + 2] = 255;
	bytes[44 + 4 * 2 + 1] = 11;
	assert_int_equal(parse_slit(bytes, sizeof(bytes), &slit, &f), BM_OK);
	assert_int_equal(findings_kinds(&f), 0);
	assert_int_equal(slit_distance(&slit, 0, 3), 23);
	assert_int_equal(slit_distance(&slit, 1, 2), 255);
	assert_int_equal(slit_distance(&slit, 2, 1), 11);
	assert_int_equal(slit_distance(&slit, 2, 2), 10);
	assert_int_equal(slit_distance(&slit, 2, 4), 20);
	assert_int_equal(slit_distance(&slit, 4, 2), 20);
	assert_int_equal(slit_distance(&slit, 9, 9), 10);
	assert_int_equal(slit_distance(NULL, 0, 1), 20);
	assert_int_equal(slit_distance(NULL, 1, 1), 10);
	put_slit(bytes, 0);
	assert_int_equal(parse_slit(bytes, 44, &slit, &f), BM_OK);
	assert_int_equal(slit_distance(&slit, 0, 1), 20);
}

/* Expect every cell that breaks a rule to be noticed, and nothing else. */
static void test_slit_cells(void **state)
{
	uint8_t bytes[44 + 9] = { 0 };
	struct findings f;

	(void)state;
	for (uint32_t cell = 0; cell < 9; cell++)
		for (uint32_t value = 0; value < 256; value++) {
			struct slit slit = { .localities = 77 };
			bool valid = cell % 4 == 0 ? value == 10 : value > 10;

			put_slit(bytes, 3);
			bytes[44 + cell] = (uint8_t)value;
			assert_int_equal(parse_slit(bytes, sizeof(bytes), &slit, &f),
				valid ? BM_OK : BM_INVALID);
			assert_int_equal(f.of[FINDING_SLIT].count, !valid);
			assert_int_equal(slit.localities, valid ? 3 : 77);
		}
}

/*
 * Expect any length but the right one, and any number of localities but the right one, to be
 * refused.
 */
static void test_slit_sizes(void **state)
{
	static const uint64_t wrong[] = { 0, 1, 2, 4, 1024, 1025, 65536, UINT64_C(1) << 32,
		(UINT64_C(1) << 32) + 3, UINT64_C(1) << 63, UINT64_MAX,
		(UINT64_C(1) << 63) + 3 /* squared it is 9 again */ };
	uint8_t bytes[44 + 16] = { 0 };
	struct findings f;
	struct slit slit;

	(void)state;
	put_slit(bytes, 3);
	for (uint32_t length = 0; length <= sizeof(bytes); length++) {
		uint8_t *copy = malloc(length != 0 ? length : 1);

		memcpy(copy, bytes, length);
		assert_int_equal(parse_slit(copy, length, &slit, &f) == BM_OK, length == 53);
		free(copy);
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		put(bytes + 36, wrong[i], 8);
		assert_int_equal(parse_slit(bytes, 53, &slit, &f), BM_INVALID);
		assert_int_equal(f.of[FINDING_SLIT].count, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbering),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_revisions),
		cmocka_unit_test(test_odd_memory),
		cmocka_unit_test(test_entry_lengths),
		cmocka_unit_test(test_entry_without_end),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_too_many_domains),
		cmocka_unit_test(test_capacity),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_slit),
		cmocka_unit_test(test_slit_cells),
		cmocka_unit_test(test_slit_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

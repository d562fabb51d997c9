/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Node map: rules one picture each, machines from the field with what their own kernels made of
 * them, random tables against a naive model page by page, numa=fake against a model that steps, and
 * pfn_to_nid.
 *
 * In the pictures a column is 64 KiB, 16 pages: R RAM, . none; in the result the digit is the node.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/node.h>

#include "acpi_bytes.h"
#include "random.h"

#define MAX_RAM    512
#define MAX_SRAT   512
#define MAX_RANGES 2048
#define COLUMN     16 /* pages */

struct fixture {
	struct e820_entry entry[2 * MAX_RAM];
	struct e820_entry raw[MAX_RAM];
	uint32_t raws;
	struct e820 e820;
	struct srat_bytes bytes;
	struct srat_range srat_range[MAX_SRAT];
	struct srat srat;
	struct node_range range[MAX_RANGES], scratch[MAX_RANGES];
	struct node_map map;
	struct node_input input;
	struct findings f;
};

static struct fixture *make(void)
{
	struct fixture *x = calloc(1, sizeof(*x));

	x->e820 = (struct e820){ .entry = x->entry, .capacity = ARRAY_SIZE(x->entry) };
	x->srat.range = x->srat_range;
	x->srat.range_capacity = MAX_SRAT;
	x->map.range = x->range;
	x->map.range_capacity = MAX_RANGES;
	x->map.scratch = x->scratch;
	x->map.scratch_capacity = MAX_RANGES;
	x->input = (struct node_input){ .e820 = &x->e820, .srat = &x->srat };
	srat_begin(&x->bytes);
	return x;
}

static void add_ram(struct fixture *x, phys_t start, phys_t end)
{
	assert_true(x->raws < MAX_RAM);
	x->raw[x->raws++] = (struct e820_entry){ .start = start, .end = end, .type = E820_RAM };
}

static void add_srat(struct fixture *x, uint32_t domain, phys_t start, phys_t end)
{
	srat_memory(&x->bytes, domain, start, end - start, 1);
}

static void expect_physnode(const struct fixture *x);

/* Parse and build, and check what must hold of any map. */
static void build(struct fixture *x)
{
	struct acpi_table table = { .bytes = x->bytes.bytes, .length = x->bytes.length };

	x->bytes.bytes[8] = 3;
	assert_int_equal(e820_sanitise(x->raw, x->raws, &x->e820, NULL), BM_OK);
	assert_int_equal(srat_parse(&x->srat, &table, NULL), BM_OK);
	/* exactly what is promised to suffice, and none of it cleared */
	x->map.range_capacity = node_max_ranges(&x->e820, &x->srat);
	x->map.scratch_capacity = node_max_scratch(&x->srat);
	assert_true(x->map.range_capacity <= MAX_RANGES && x->map.scratch_capacity <= MAX_RANGES);
	memset(x->range, 0x5a, sizeof(x->range));
	memset(x->scratch, 0xa5, sizeof(x->scratch));
	memset(&x->f, 0, sizeof(x->f));
	assert_int_equal(node_map_build(&x->map, &x->input, &x->f), BM_OK);
	assert_true(node_map_check(&x->map, &x->e820));
	expect_physnode(x);
}

static int nid_at(const struct node_map *map, pfn_t pfn)
{
	for (uint32_t i = 0; i < map->ranges; i++)
		if (map->range[i].start <= pfn && pfn < map->range[i].end)
			return (int)map->range[i].nid;
	return -1;
}

/* --- pfn_to_nid, of every map that any test builds -------------------------------------------- */

/* A copy to the byte, at another address than it was built at. */
static struct physnode_map *make_physnode(const struct node_map *map)
{
	uint64_t bytes = physnode_map_bytes(map);
	struct physnode_map *built = malloc(bytes), *moved = malloc(bytes);

	memset(built, 0x77, bytes);
	physnode_map_build(built, map);
	memcpy(moved, built, bytes);
	free(built);
	return moved;
}

/* Up to where it says, the answer is the same. */
static void expect_same_until_end(const struct physnode_map *p, pfn_t pfn)
{
	pfn_t end = pfn_to_nid_end(p, pfn);

	assert_true(pfn < end && end <= PFN_END);
	assert_int_equal(pfn_to_nid(p, end - 1), pfn_to_nid(p, pfn));
	assert_int_equal(pfn_to_nid(p, pfn + (end - pfn) / 2), pfn_to_nid(p, pfn));
}

/*
 * Expect the right node at both ends of each range and inside, and nothing read out of bounds
 * elsewhere.
 */
static void expect_physnode(const struct fixture *x)
{
	struct physnode_map *p = make_physnode(&x->map);
	uint64_t seed = 1;

	for (uint32_t i = 0; i < x->map.ranges; i++) {
		const struct node_range *r = &x->map.range[i];

		assert_int_equal(pfn_to_nid(p, r->start), r->nid);
		assert_int_equal(pfn_to_nid(p, r->end - 1), r->nid);
		assert_int_equal(
			pfn_to_nid(p, r->start + random_below(&seed, r->end - r->start)), r->nid);
		assert_in_range(pfn_to_nid(p, r->end) + 1, 0, x->map.nodes);
		if (p->shift == 0)
			assert_int_equal(pfn_to_nid_end(p, r->start),
				i + 1 < x->map.ranges ? r[1].start : PFN_END);
		expect_same_until_end(p, r->start);
		expect_same_until_end(p, r->end - 1);
	}
	expect_same_until_end(p, 0);
	expect_same_until_end(p, PFN_END - 1);
	assert_in_range(pfn_to_nid(p, 0) + 1, 0, x->map.nodes);
	assert_in_range(pfn_to_nid(p, PFN_END) + 1, 0, x->map.nodes);
	assert_in_range(pfn_to_nid(p, UINT64_MAX) + 1, 0, x->map.nodes);
	free(p);
}

/* --- pictures --------------------------------------------------------------------------------- */

static void add_picture(struct fixture *x, const char *ram)
{
	for (uint32_t i = 0; i < strlen(ram); i++)
		if (ram[i] == 'R')
			add_ram(x, pfn_phys(i * COLUMN), pfn_phys((i + 1) * COLUMN));
}

static void expect_picture(const struct fixture *x, const char *picture)
{
	char got[128] = "";

	for (uint32_t i = 0; i < strlen(picture); i++) {
		int nid = nid_at(&x->map, i * COLUMN);

		assert_int_equal(nid, nid_at(&x->map, i * COLUMN + COLUMN - 1));
		got[i] = nid < 0 ? '.' : (char)('0' + nid);
	}
	assert_string_equal(got, picture);
}

struct columns {
	uint32_t domain, start, end;
};

static void check_picture(const char *ram, const char *nodes, const struct columns *range,
	uint32_t n, enum finding_id finding, uint32_t count)
{
	struct fixture *x = make();

	add_picture(x, ram);
	for (uint32_t i = 0; i < n; i++)
		add_srat(x, range[i].domain, pfn_phys(range[i].start * COLUMN),
			pfn_phys(range[i].end * COLUMN));
	build(x);
	expect_picture(x, nodes);
	assert_int_equal(x->f.of[finding].count, count);
	assert_int_equal(findings_kinds(&x->f), count != 0);
	free(x);
}

#define PICTURE(ram, nodes, finding, count, ...)                                                   \
	do {                                                                                       \
		static const struct columns range_[] = { __VA_ARGS__ };                            \
		check_picture(ram, nodes, range_, ARRAY_SIZE(range_), finding, count);             \
	} while (0)

/* Expect each node its ranges, on both sides of a hole and of another node too, in any order. */
static void test_plain(void **state)
{
	(void)state;
	PICTURE("RRRRRRRR", "00001111", FINDING_SRAT_GAP, 0, { 0, 0, 4 }, { 1, 4, 8 });
	PICTURE("RRR..RRR", "000..111", FINDING_SRAT_GAP, 0, { 0, 0, 4 }, { 1, 4, 8 });
	PICTURE("RRRRRRRR", "00111100", FINDING_SRAT_GAP, 0, { 0, 6, 8 }, { 1, 2, 6 }, { 0, 0, 2 });
	PICTURE("RRRRRRRR", "10101010", FINDING_SRAT_GAP, 0, { 5, 1, 2 }, { 4, 0, 1 }, { 4, 2, 3 },
		{ 4, 4, 5 }, { 4, 6, 7 }, { 5, 7, 8 }, { 5, 5, 6 }, { 5, 3, 4 });
}

static void expect_where(
	const struct columns *range, enum finding_id id, uint32_t start, uint32_t end)
{
	struct fixture *x = make();

	add_picture(x, "RRRRRRRR");
	for (uint32_t i = 0; i < 2; i++)
		add_srat(x, range[i].domain, pfn_phys(range[i].start * COLUMN),
			pfn_phys(range[i].end * COLUMN));
	build(x);
	assert_int_equal(x->f.of[id].start_phys, pfn_phys(start * COLUMN));
	assert_int_equal(x->f.of[id].end_phys, pfn_phys(end * COLUMN));
	free(x);
}

/* Where two nodes' ranges overlap, and where no range is. */
static void test_where(void **state)
{
	(void)state;
	expect_where((struct columns[]){ { 0, 0, 5 }, { 1, 4, 8 } }, FINDING_SRAT_OVERLAP, 4, 5);
	expect_where((struct columns[]){ { 0, 0, 8 }, { 1, 3, 4 } }, FINDING_SRAT_OVERLAP, 3, 4);
	expect_where((struct columns[]){ { 0, 0, 3 }, { 1, 4, 8 } }, FINDING_SRAT_GAP, 3, 4);
	expect_where((struct columns[]){ { 0, 2, 4 }, { 1, 4, 8 } }, FINDING_SRAT_GAP, 0, 2);
	expect_where((struct columns[]){ { 0, 0, 4 }, { 1, 4, 7 } }, FINDING_SRAT_GAP, 7, 8);
}

/* One node's ranges overlap, repeat and nest: expect no contradiction. */
static void test_same_node_overlap(void **state)
{
	(void)state;
	PICTURE("RRRRRRRR", "00000111", FINDING_SRAT_OVERLAP, 0, { 0, 0, 4 }, { 0, 0, 4 },
		{ 0, 2, 5 }, { 0, 1, 2 }, { 1, 5, 8 });
}

/* Two nodes claim the same page: expect one node and a finding, in whatever order and nesting. */
static void test_contradiction(void **state)
{
	(void)state;
	PICTURE("RRRRRRRR", "00000000", FINDING_SRAT_OVERLAP, 1, { 0, 0, 5 }, { 1, 4, 8 });
	PICTURE("RRRRRRRR", "00000000", FINDING_SRAT_OVERLAP, 1, { 1, 4, 8 }, { 0, 0, 5 });
	PICTURE("RRRRRRRR", "00000000", FINDING_SRAT_OVERLAP, 1, { 0, 0, 8 }, { 1, 3, 4 });
	PICTURE("RRRRRRRR", "00000000", FINDING_SRAT_OVERLAP, 1, { 0, 3, 4 }, { 0, 0, 8 },
		{ 1, 7, 8 });
	/* as in Linux the ranges count, not only their RAM */
	PICTURE("RRR..RRR", "000..000", FINDING_SRAT_OVERLAP, 1, { 0, 0, 5 }, { 1, 4, 8 });
}

/*
 * Ranges without RAM, as hotplug windows are: expect nothing of them, even where they contradict.
 */
static void test_range_without_ram(void **state)
{
	(void)state;
	PICTURE("RRRR....", "0011....", FINDING_SRAT_OVERLAP, 0, { 0, 0, 2 }, { 1, 2, 4 },
		{ 0, 5, 9 }, { 1, 5, 9 });
	PICTURE("RR....RR", "00....11", FINDING_SRAT_OVERLAP, 0, { 0, 0, 2 }, { 1, 6, 8 },
		{ 0, 3, 5 }, { 1, 2, 6 });
	/* what reaches beyond all RAM is cut there, before it can overlap */
	PICTURE("RRRR....", "0011....", FINDING_SRAT_OVERLAP, 0, { 0, 0, 2 }, { 1, 2, 99 },
		{ 0, 6, 9 });
}

/* RAM between two ranges of one node: expect it to be that node's without ado. */
static void test_joined(void **state)
{
	(void)state;
	PICTURE("RRRRRRRR", "00000011", FINDING_SRAT_GAP, 0, { 0, 0, 2 }, { 0, 5, 6 }, { 1, 6, 8 });
	PICTURE("RRRRRRRR", "00110000", FINDING_SRAT_GAP, 1, { 0, 0, 2 }, { 1, 2, 3 }, { 0, 4, 8 });
}

/* A little RAM without affinity: expect the node below to get it, at the bottom the first one. */
static void test_gap(void **state)
{
	(void)state;
	PICTURE("RRRRRRRR", "00001111", FINDING_SRAT_GAP, 1, { 0, 0, 3 }, { 1, 4, 8 });
	PICTURE("RRRRRRRR", "00001111", FINDING_SRAT_GAP, 1, { 0, 2, 4 }, { 1, 4, 8 });
	PICTURE("RRRRRRRR", "00001111", FINDING_SRAT_GAP, 1, { 0, 0, 4 }, { 1, 4, 7 });
	PICTURE("RR.R..RR", "00.0..11", FINDING_SRAT_GAP, 1, { 0, 0, 2 }, { 1, 6, 8 });
	PICTURE("RRRRRRRRRRRRRRRRRR", "000000000000000001", FINDING_SRAT_GAP, 1, { 0, 0, 2 },
		{ 1, 17, 18 });
}

/* 1 MiB without affinity in all: expect one node. */
static void test_uncovered(void **state)
{
	(void)state;
	PICTURE("RRRRRRRRRRRRRRRRRRR", "0000000000000000000", FINDING_SRAT_UNCOVERED, 1,
		{ 0, 0, 2 }, { 1, 18, 19 });
	PICTURE("RRRRRRRRR.RRRRRRRRRRR", "000000000.00000000000", FINDING_SRAT_UNCOVERED, 4,
		{ 0, 1, 2 }, { 1, 18, 19 });
	PICTURE("RR", "00", FINDING_SRAT_UNCOVERED, 1, { 1, 5, 6 });
	PICTURE("RR..", "00..", FINDING_SRAT_UNCOVERED, 1, { 1, 3, 3 });
}

/* 1 MiB less a page, and 1 MiB: expect the line to be drawn there. */
static void test_gap_limit(void **state)
{
	(void)state;
	for (pfn_t pages = 255; pages <= 256; pages++) {
		struct fixture *x = make();

		add_ram(x, 0, pfn_phys(1000));
		add_srat(x, 0, 0, pfn_phys(500));
		add_srat(x, 1, pfn_phys(500 + pages), pfn_phys(1000));
		build(x);
		assert_int_equal(x->map.nodes, pages == 255 ? 2 : 1);
		assert_true(x->f.of[FINDING_SRAT_GAP].bytes == (pages == 255 ? pfn_phys(255) : 0));
		assert_true(x->f.of[FINDING_SRAT_UNCOVERED].bytes == (pages == 256 ? MIB : 0));
		free(x);
	}
}

/* Borders inside a page: expect the page to go where its first byte is. */
static void test_unaligned(void **state)
{
	struct fixture *x = make();

	(void)state;
	add_ram(x, 0, pfn_phys(10));
	add_srat(x, 0, 0, pfn_phys(4) + 1);
	add_srat(x, 1, pfn_phys(4) + 1, pfn_phys(10) - 1);
	add_srat(x, 2, pfn_phys(7) + 1, pfn_phys(7) + 2);
	build(x);
	assert_int_equal(x->map.ranges, 2);
	assert_int_equal(x->map.range[0].end, 5);
	assert_int_equal(x->map.nodes, 2);
	assert_int_equal(findings_kinds(&x->f), 0);
	free(x);
}

/* Ranges up to the last address there is: expect no arithmetic to wrap. */
static void test_far_ends(void **state)
{
	struct fixture *x = make();

	(void)state;
	add_ram(x, 0, pfn_phys(1000));
	add_ram(x, PHYS_END - pfn_phys(1000), PHYS_END);
	add_srat(x, 0, 0, pfn_phys(1000));
	add_srat(x, 1, pfn_phys(1000), UINT64_MAX);
	build(x);
	assert_int_equal(x->map.nodes, 2);
	assert_int_equal(nid_at(&x->map, PFN_END - 1), 1);
	free(x);
}

/* --- which nodes there are -------------------------------------------------------------------- */

/*
 * Expect a node for processors without memory, a number but no node for windows, and no tail of
 * those.
 */
static void test_nodes_without_memory(void **state)
{
	struct fixture *x = make();

	(void)state;
	add_ram(x, 0, pfn_phys(100));
	srat_processor(&x->bytes, 10, 1);
	srat_processor(&x->bytes, 11, 1);
	srat_initiator(&x->bytes, 12, 1);
	srat_x2apic(&x->bytes, 13, 1);
	add_srat(x, 14, GIB, 2 * GIB);
	add_srat(x, 10, 0, pfn_phys(100));
	build(x);
	assert_int_equal(x->srat.nodes, 5);
	assert_int_equal(x->map.nodes, 4);
	assert_int_equal(x->map.flags[0], NODE_MEMORY | NODE_PROCESSORS);
	assert_int_equal(x->map.flags[1], NODE_PROCESSORS);
	assert_int_equal(x->map.flags[2], 0);
	assert_int_equal(x->map.flags[3], NODE_PROCESSORS);
	for (uint32_t nid = 0; nid < 4; nid++)
		assert_int_equal(x->map.domain[nid], 10 + nid);
	assert_int_equal(node_span(&x->map, 1).end, 0);
	free(x);
}

static void expect_one(const struct fixture *x)
{
	assert_int_equal(x->map.nodes, 1);
	assert_int_equal(x->map.domain[0], NODE_DOMAIN_NONE);
	assert_int_equal(x->map.flags[0], NODE_PROCESSORS | (x->map.ranges != 0 ? NODE_MEMORY : 0));
	assert_int_equal(x->map.distance[0], DISTANCE_LOCAL);
	assert_int_equal(x->map.order[0], 0);
	for (uint32_t i = 0; i < x->map.ranges; i++)
		assert_int_equal(x->map.range[i].nid, 0);
}

/* numa=off, and no SRAT at all: expect one node and no finding, even about a bad SRAT. */
static void test_off(void **state)
{
	struct fixture *x = make();

	(void)state;
	add_ram(x, 0, GIB);
	add_ram(x, 4 * GIB, 5 * GIB);
	add_srat(x, 0, 0, 2 * GIB);
	add_srat(x, 1, GIB, 5 * GIB);
	x->input.numa = NUMA_OFF;
	build(x);
	expect_one(x);
	assert_int_equal(x->map.ranges, 2);
	assert_int_equal(findings_kinds(&x->f), 0);
	x->input.numa = NUMA_ON;
	x->input.srat = NULL;
	build(x);
	expect_one(x);
	assert_int_equal(findings_kinds(&x->f), 0);
	free(x);
}

/* No RAM at all, with and without SRAT and fake nodes: expect one empty node. */
static void test_no_ram(void **state)
{
	struct fixture *x = make();

	(void)state;
	add_srat(x, 0, 0, 2 * GIB);
	add_srat(x, 1, 2 * GIB, 5 * GIB);
	build(x);
	expect_one(x);
	x->input.numa = NUMA_FAKE;
	x->input.fake_nodes = 4;
	build(x);
	expect_one(x);
	assert_int_equal(x->map.ranges, 0);
	free(x);
}

/* Expect one slot too few to be an error that changes nothing. */
static void test_capacity(void **state)
{
	struct fixture *x = make();

	(void)state;
	add_ram(x, 0, GIB);
	add_srat(x, 0, 0, GIB / 2);
	add_srat(x, 1, GIB / 2, GIB);
	build(x);
	x->map.range_capacity--;
	x->input.numa = NUMA_OFF;
	assert_int_equal(node_map_build(&x->map, &x->input, &x->f), BM_FULL);
	x->map.range_capacity++;
	x->map.scratch_capacity--;
	assert_int_equal(node_map_build(&x->map, &x->input, &x->f), BM_FULL);
	assert_int_equal(x->map.nodes, 2);
	assert_true(node_map_check(&x->map, &x->e820));
	free(x);
}

/* --- distances -------------------------------------------------------------------------------- */

static void expect_order(const struct fixture *x, uint32_t nid, const char *order)
{
	char got[BOOTMEM_MAX_NODES + 1] = "";

	for (uint32_t i = 0; i < x->map.nodes; i++)
		got[i] = (char)('0' + x->map.order[nid * x->map.nodes + i]);
	assert_string_equal(got, order);
}

static struct fixture *make_nodes(uint32_t nodes)
{
	struct fixture *x = make();

	add_ram(x, 0, nodes * GIB);
	for (uint32_t i = 0; i < nodes; i++)
		add_srat(x, i, i * GIB, (i + 1) * GIB);
	return x;
}

/* Equal distances: expect the next node first, and after the last the first. */
static void test_default_order(void **state)
{
	struct fixture *x = make_nodes(4);

	(void)state;
	build(x);
	expect_order(x, 0, "0123");
	expect_order(x, 1, "1230");
	expect_order(x, 2, "2301");
	expect_order(x, 3, "3012");
	assert_int_equal(x->map.distance[0 * 4 + 3], DISTANCE_REMOTE);
	free(x);
}

/* Expect distances by the domains of the nodes, not by their numbers. */
static void test_slit_order(void **state)
{
	static const uint8_t matrix[] = {
		10, 30, 20, 40, /* */
		30, 10, 40, 20, /* */
		20, 40, 10, 30, /* */
		21, 20, 30, 10, /* not symmetric */
	};
	struct slit slit = { .distance = matrix, .localities = 4 };
	struct fixture *x = make_nodes(4);

	(void)state;
	x->input.slit = &slit;
	build(x);
	expect_order(x, 0, "0213");
	expect_order(x, 1, "1302");
	expect_order(x, 2, "2031");
	expect_order(x, 3, "3102");
	free(x);

	x = make();
	add_ram(x, 0, 3 * GIB);
	add_srat(x, 3, 0, GIB);
	add_srat(x, 0, GIB, 2 * GIB);
	add_srat(x, 9, 2 * GIB, 3 * GIB); /* not in the SLIT */
	x->input.slit = &slit;
	build(x);
	assert_int_equal(x->map.distance[0 * 3 + 1], 21);
	assert_int_equal(x->map.distance[1 * 3 + 0], 40);
	assert_int_equal(x->map.distance[2 * 3 + 0], DISTANCE_REMOTE);
	expect_order(x, 0, "021");
	expect_order(x, 1, "120");
	free(x);
}

/* 64 nodes: expect the tables to hold them. */
static void test_most_nodes(void **state)
{
	struct fixture *x = make_nodes(BOOTMEM_MAX_NODES);

	(void)state;
	build(x);
	assert_int_equal(x->map.nodes, BOOTMEM_MAX_NODES);
	assert_int_equal(x->map.order[63 * 64], 63);
	assert_int_equal(x->map.order[63 * 64 + 1], 0);
	assert_int_equal(x->map.order[63 * 64 + 63], 62);
	free(x);
}

/* --- the checker ------------------------------------------------------------------------------ */

#define EXPECT_BROKEN(field, value)                                                                \
	do {                                                                                       \
		__typeof__(field) was_ = field;                                                    \
		field = value;                                                                     \
		assert_false(node_map_check(&x->map, &x->e820));                                   \
		field = was_;                                                                      \
		assert_true(node_map_check(&x->map, &x->e820));                                    \
	} while (0)

static void test_checker(void **state)
{
	struct fixture *x = make_nodes(3);

	(void)state;
	build(x);
	EXPECT_BROKEN(x->map.nodes, 0);
	EXPECT_BROKEN(x->map.nodes, BOOTMEM_MAX_NODES + 1);
	EXPECT_BROKEN(x->map.ranges, 2);
	EXPECT_BROKEN(x->map.range_capacity, 2);
	EXPECT_BROKEN(x->range[0].end, x->range[0].end - 1);
	EXPECT_BROKEN(x->range[0].end, x->range[0].end + 1);
	EXPECT_BROKEN(x->range[0].start, 1);
	EXPECT_BROKEN(x->range[1].nid, 0);
	EXPECT_BROKEN(x->range[1].nid, 3);
	EXPECT_BROKEN(x->range[2].end, x->range[2].start);
	EXPECT_BROKEN(x->map.order[1], 0);
	EXPECT_BROKEN(x->map.order[0], 1);
	EXPECT_BROKEN(x->map.order[8], 3);
	EXPECT_BROKEN(x->map.distance[0], 11);
	EXPECT_BROKEN(x->map.distance[1], 21);
	free(x);
}

/* Expect the ranges of one node in order, and its span. */
static void test_next_range(void **state)
{
	struct fixture *x = make();
	struct pfn_range range;
	uint32_t i = 0;

	(void)state;
	add_ram(x, 0, 4 * GIB);
	add_srat(x, 0, 0, GIB);
	add_srat(x, 1, GIB, 2 * GIB);
	add_srat(x, 0, 2 * GIB, 3 * GIB);
	add_srat(x, 1, 3 * GIB, 4 * GIB);
	build(x);
	assert_true(node_next_range(&x->map, 1, &i, &range));
	assert_int_equal(range.start, pfn_down(GIB));
	assert_int_equal(range.end, pfn_down(2 * GIB));
	assert_true(node_next_range(&x->map, 1, &i, &range));
	assert_int_equal(range.start, pfn_down(3 * GIB));
	assert_false(node_next_range(&x->map, 1, &i, &range));
	assert_int_equal(node_span(&x->map, 1).start, pfn_down(GIB));
	assert_int_equal(node_span(&x->map, 1).end, pfn_down(4 * GIB));
	free(x);
}

/* --- machines from the field ------------------------------------------------------------------ */

/* A line of a kernel log: the end is the last byte. */
struct piece {
	uint32_t nid;
	phys_t start, last;
};

/* clang-format off */
/* opteron-2node-overlapping-srat */
static const struct piece opteron_ram[] = {
	{ 0, 0x0, 0x9f7ff }, { 0, 0x100000, 0xfbfeffff },
};
static const struct piece opteron_srat[] = {
	{ 0, 0x100000, 0x7fffffff }, { 1, 0x80000000, 0xfbffffff }, { 1, 0x80000000, 0xffffffff },
	{ 0, 0x0, 0x7fffffff },
};
static const struct piece opteron_range[] = {
	{ 0, 0x0, 0x7fffffff }, { 1, 0x80000000, 0xfbfeffff },
};

/* dell-poweredge-r7425-08v001-256m-numa8 */
static const struct piece r7425_ram[] = {
	{ 0, 0x1000, 0x8efff }, { 0, 0x27000000, 0x36f6dfff },
};
static const struct piece r7425_srat[] = {
	{ 0, 0x0, 0x9ffff }, { 0, 0x100000, 0x7fffffff }, { 0, 0x100000000, 0x207fffffff },
	{ 1, 0x2080000000, 0x407fffffff }, { 2, 0x4080000000, 0x607fffffff },
	{ 3, 0x6080000000, 0x807fffffff }, { 4, 0x8080000000, 0xa07fffffff },
	{ 5, 0xa080000000, 0xc07fffffff }, { 6, 0xc080000000, 0xe07fffffff },
	{ 7, 0xe080000000, 0x1007fffffff },
};
static const struct piece r7425_range[] = {
	{ 0, 0x1000, 0x8efff }, { 0, 0x27000000, 0x36f6dfff },
};

/* asus-pro-ws-trx50-sage-wifi-127g-numa4 */
static const struct piece trx50_ram[] = {
	{ 0, 0x0, 0x9ffff }, { 0, 0x100000, 0x3ffffff }, { 0, 0x403a000, 0x99fefff },
	{ 0, 0xa000000, 0xaffffff }, { 0, 0xb021000, 0x50e7efff }, { 0, 0x5dfff000, 0x5f76efff },
	{ 0, 0x5f772000, 0x5fffafff }, { 0, 0x68000000, 0x6a6fffff },
	{ 0, 0x78000000, 0x7d7fffff }, { 0, 0x100010000, 0x207bffffff },
	{ 0, 0x207c800000, 0x207d9bffff },
};
static const struct piece trx50_srat[] = {
	{ 0, 0x0, 0x7fffffff }, { 0, 0x100000000, 0x87fffffff }, { 1, 0x880000000, 0x107fffffff },
	{ 2, 0x1080000000, 0x187fffffff }, { 3, 0x1880000000, 0x207fffffff },
};
static const struct piece trx50_range[] = {
	{ 0, 0x1000, 0x9ffff }, { 0, 0x100000, 0x3ffffff }, { 0, 0x403a000, 0x99fefff },
	{ 0, 0xa000000, 0xaffffff }, { 0, 0xb021000, 0x50e7efff }, { 0, 0x5dfff000, 0x5f76efff },
	{ 0, 0x5f772000, 0x5fffafff }, { 0, 0x68000000, 0x6a6fffff },
	{ 0, 0x78000000, 0x7d7fffff }, { 0, 0x100010000, 0x87fffffff },
	{ 1, 0x880000000, 0x107fffffff }, { 2, 0x1080000000, 0x187fffffff },
	{ 3, 0x1880000000, 0x207bffffff }, { 3, 0x207c800000, 0x207d9bffff },
};

/* microsoft-virtual-machine-virtual-machine-128g-numa4 */
static const struct piece hyperv_ram[] = {
	{ 0, 0x0, 0x9fbff }, { 0, 0x100000, 0x3ffeffff }, { 0, 0x100000000, 0xfdfffffff },
	{ 0, 0x1000000000, 0x20dfffffff },
};
static const struct piece hyperv_srat[] = {
	{ 0, 0x0, 0x3fffffff }, { 0, 0x100000000, 0x8bfffffff }, { 1, 0x8c0000000, 0xfdfffffff },
	{ 1, 0x1000000000, 0x10dfffffff }, { 2, 0x10e0000000, 0x18dfffffff },
	{ 3, 0x18e0000000, 0x20dfffffff }, { 0, 0x20e0000000, 0x57e7ffffff },
	{ 0, 0x10000000000, 0x13fffffffff }, { 0, 0x20000000000, 0x27fffffffff },
	{ 1, 0x57e8000000, 0x8eefffffff }, { 1, 0x14000000000, 0x17fffffffff },
	{ 1, 0x28000000000, 0x2ffffffffff }, { 2, 0x8ef0000000, 0xc5f7ffffff },
	{ 2, 0x18000000000, 0x1bfffffffff }, { 2, 0x30000000000, 0x37fffffffff },
	{ 3, 0xc5f8000000, 0xfcffffffff }, { 3, 0x1c000000000, 0x1ffffffffff },
	{ 3, 0x38000000000, 0x3ffffffffff },
};
static const struct piece hyperv_range[] = {
	{ 0, 0x1000, 0x9efff }, { 0, 0x100000, 0x3ffeffff }, { 0, 0x100000000, 0x8bfffffff },
	{ 1, 0x8c0000000, 0xfdfffffff }, { 1, 0x1000000000, 0x10dfffffff },
	{ 2, 0x10e0000000, 0x18dfffffff }, { 3, 0x18e0000000, 0x20dfffffff },
};

/* lkp-linux-btrfs-256g-numa4 */
static const struct piece btrfs_ram[] = {
	{ 0, 0x100, 0x9dfff }, { 0, 0x100000, 0x63041fff }, { 0, 0x667fe000, 0x6f7fffff },
	{ 0, 0x100000000, 0x407fffffff },
};
static const struct piece btrfs_srat[] = {
	{ 0, 0x0, 0x7fffffff }, { 0, 0x100000000, 0x207fffffff },
	{ 2, 0x4080000000, 0xbe7fffffff }, { 1, 0x2080000000, 0x407fffffff },
	{ 3, 0xbe80000000, 0x13c7fffffff },
};
static const struct piece btrfs_range[] = {
	{ 0, 0x1000, 0x9dfff }, { 0, 0x100000, 0x63041fff }, { 0, 0x667fe000, 0x6f7fffff },
	{ 0, 0x100000000, 0x207fffffff }, { 1, 0x2080000000, 0x407fffffff },
};

/* amd-titanite-4g-titanite-4g-1530g-numa2 */
static const struct piece titanite_ram[] = {
	{ 0, 0x0, 0x9ffff }, { 0, 0x100000, 0x75bbffff }, { 0, 0x75c68000, 0x75cbffff },
	{ 0, 0x76000000, 0x9f7b2fff }, { 0, 0xa63ff000, 0xa7ffbfff },
	{ 0, 0xa7fff000, 0xa7ffffff }, { 0, 0x100000000, 0xfc4fffffff },
	{ 0, 0x10000000000, 0x18278efffff }, { 0, 0x183fd000000, 0x183fd0bffff },
};
static const struct piece titanite_srat[] = {
	{ 0, 0x0, 0x9ffff }, { 0, 0xc0000, 0xafffffff }, { 0, 0x100000000, 0xc04fffffff },
	{ 1, 0xc050000000, 0xfc4fffffff }, { 1, 0x10000000000, 0x183ffffffff },
};
static const struct piece titanite_range[] = {
	{ 0, 0x1000, 0x9ffff }, { 0, 0x100000, 0x75bbffff }, { 0, 0x75c68000, 0x75cbffff },
	{ 0, 0x76000000, 0x9f7b2fff }, { 0, 0xa63ff000, 0xa7ffbfff },
	{ 0, 0xa7fff000, 0xa7ffffff }, { 0, 0x100000000, 0xc04fffffff },
	{ 1, 0xc050000000, 0xfc4fffffff }, { 1, 0x10000000000, 0x18278efffff },
	{ 1, 0x183fd000000, 0x183fd0bffff },
};

/* vmware-vmware7-1-440bx-desktop-reference-pla-1024g-numa3 */
static const struct piece vmware_ram[] = {
	{ 0, 0x1000, 0x9ffff }, { 0, 0x100000, 0xef23fff }, { 0, 0xef2d000, 0xef3bfff },
	{ 0, 0xef48000, 0xef60fff }, { 0, 0xef66000, 0xfee6fff }, { 0, 0xff77000, 0xbfffffff },
	{ 0, 0x100000000, 0xfcffffffff }, { 0, 0x10000000000, 0x1033fffffff },
};
static const struct piece vmware_srat[] = {
	{ 0, 0x0, 0x9ffff }, { 0, 0x100000, 0xbfffffff }, { 0, 0x100000000, 0x55ffffffff },
	{ 1, 0x5600000000, 0xaaffffffff }, { 2, 0xab00000000, 0xfcffffffff },
	{ 2, 0x10000000000, 0x1033fffffff },
};
static const struct piece vmware_range[] = {
	{ 0, 0x1000, 0x9ffff }, { 0, 0x100000, 0xef23fff }, { 0, 0xef2d000, 0xef3bfff },
	{ 0, 0xef48000, 0xef60fff }, { 0, 0xef66000, 0xfee6fff }, { 0, 0xff77000, 0xbfffffff },
	{ 0, 0x100000000, 0x55ffffffff }, { 1, 0x5600000000, 0xaaffffffff },
	{ 2, 0xab00000000, 0xfcffffffff }, { 2, 0x10000000000, 0x1033fffffff },
};

/* google-compute-engine-google-compute-engine-8g */
static const struct piece google_ram[] = {
	{ 0, 0x0, 0x9fbff }, { 0, 0x100000, 0xbfffcfff }, { 0, 0x100000000, 0x23fffffff },
};
static const struct piece google_srat[] = {
	{ 0, 0x0, 0x9ffff }, { 0, 0x100000, 0xbfffffff }, { 0, 0x100000000, 0x23fffffff },
};
static const struct piece google_range[] = {
	{ 0, 0x1000, 0x9efff }, { 0, 0x100000, 0xbfffcfff }, { 0, 0x100000000, 0x13fffffff },
	{ 1, 0x140000000, 0x23fffffff },
};
/* clang-format on */

struct machine {
	const struct piece *ram, *srat, *range;
	uint32_t rams, srats, ranges;
	uint32_t processors; /* nodes that have some, from 0 */
	uint32_t nodes;
	uint32_t fake;
};

#define MACHINE(name)                                                                              \
	.ram = name##_ram, .rams = ARRAY_SIZE(name##_ram), .srat = name##_srat,                    \
	.srats = ARRAY_SIZE(name##_srat), .range = name##_range,                                   \
	.ranges = ARRAY_SIZE(name##_range)

static struct fixture *build_machine(const struct machine *m)
{
	struct fixture *x = make();

	for (uint32_t i = 0; i < m->rams; i++)
		add_ram(x, m->ram[i].start, m->ram[i].last + 1);
	for (uint32_t nid = 0; nid < m->processors; nid++)
		srat_processor(&x->bytes, nid, 1);
	for (uint32_t i = 0; i < m->srats; i++)
		add_srat(x, m->srat[i].nid, m->srat[i].start, m->srat[i].last + 1);
	if (m->fake != 0) {
		x->input.numa = NUMA_FAKE;
		x->input.fake_nodes = m->fake;
	}
	build(x);
	assert_int_equal(x->map.nodes, m->nodes);
	assert_int_equal(findings_kinds(&x->f), 0);
	return x;
}

/* Pages of a node in a stretch. */
static uint64_t node_pages(const struct node_map *map, uint32_t nid, pfn_t start, pfn_t end)
{
	struct pfn_range range;
	uint64_t pages = 0;

	for (uint32_t i = 0; node_next_range(map, nid, &i, &range);) {
		pfn_t from = max_u64(range.start, start), to = min_u64(range.end, end);

		pages += from < to ? to - from : 0;
	}
	return pages;
}

/*
 * Expect the kernel's node ranges: all RAM but page 0, which kernels take away, is in a range of
 * the same node. The oldest logs have only spans of nodes; these may have holes.
 */
static void check_machine(const struct machine *m)
{
	struct fixture *x = build_machine(m);
	uint64_t pages = nid_at(&x->map, 0) >= 0 && m->range[0].start != 0;

	for (uint32_t i = 0; i < m->ranges; i++) {
		const struct piece *r = &m->range[i];
		pfn_t start = pfn_down(r->start), end = pfn_down(r->last + 1);
		uint64_t found = node_pages(&x->map, r->nid, start, end);

		assert_true(found == end - start || m->range[0].start == 0);
		pages += found;
	}
	assert_true(pages == e820_ram_pages(&x->e820, 0, PFN_END));
	free(x);
}

/* Duplicates and overlaps of one node; ranges out of order. */
static void test_opteron(void **state)
{
	(void)state;
	check_machine(&(struct machine){ MACHINE(opteron), .processors = 2, .nodes = 2 });
}

/* A crash kernel's share of node 0's RAM: seven nodes have processors only. */
static void test_r7425(void **state)
{
	(void)state;
	check_machine(&(struct machine){ MACHINE(r7425), .processors = 8, .nodes = 8 });
}

static void test_trx50(void **state)
{
	(void)state;
	check_machine(&(struct machine){ MACHINE(trx50), .processors = 4, .nodes = 4 });
}

/* Hotplug windows up to 4 TiB, interleaved. */
static void test_hyperv(void **state)
{
	(void)state;
	check_machine(&(struct machine){ MACHINE(hyperv), .processors = 4, .nodes = 4 });
}

/* Domains 2 and 3 are persistent memory: they have numbers, but nothing for us. */
static void test_btrfs(void **state)
{
	(void)state;
	check_machine(&(struct machine){ MACHINE(btrfs), .processors = 2, .nodes = 2 });
}

/* 1.5 TiB with holes of gigabytes. */
static void test_titanite(void **state)
{
	(void)state;
	check_machine(&(struct machine){ MACHINE(titanite), .processors = 2, .nodes = 2 });
}

static void test_vmware(void **state)
{
	(void)state;
	check_machine(&(struct machine){ MACHINE(vmware), .processors = 3, .nodes = 3 });
}

/* One real node, and a kernel built with numa=fake=2. */
static void test_google_fake(void **state)
{
	(void)state;
	check_machine(&(struct machine){ MACHINE(google), .processors = 1, .nodes = 2, .fake = 2 });
}

/* --- random tables against a naive model ------------------------------------------------------ */

#define SPACE 2048 /* pages */

struct model {
	uint8_t ram[SPACE];
	uint8_t owners[SPACE]; /* bit mask of nodes whose ranges hold the page */
	int nid[SPACE];
	bool overlap;
	uint32_t uncovered, kept;
};

/* Ranges with RAM, page by page: a page belongs where its first byte is. */
static void model_ranges(struct model *m, const struct srat *srat, pfn_t end_pfn)
{
	for (uint32_t i = 0; i < srat->ranges; i++) {
		const struct srat_range *r = &srat->range[i];
		bool has_ram = false;

		for (pfn_t pfn = 0; pfn < end_pfn; pfn++)
			if (r->start_phys <= pfn_phys(pfn) && pfn_phys(pfn) < r->end_phys)
				has_ram = has_ram || m->ram[pfn] != 0;
		m->kept += has_ram;
		for (pfn_t pfn = 0; pfn < end_pfn && has_ram; pfn++)
			if (r->start_phys <= pfn_phys(pfn) && pfn_phys(pfn) < r->end_phys)
				m->owners[pfn] |= (uint8_t)(1u << r->nid);
	}
	for (pfn_t pfn = 0; pfn < end_pfn; pfn++)
		m->overlap = m->overlap || (m->owners[pfn] & (m->owners[pfn] - 1)) != 0;
}

/* The nearest page in a direction that a range holds. */
static int model_neighbour(const struct model *m, int pfn, int step)
{
	while (pfn >= 0 && pfn < SPACE && m->owners[pfn] == 0)
		pfn += step;
	return pfn < 0 || pfn >= SPACE ? -1 : (int)lowest_bit(m->owners[pfn]);
}

static void model_assign(struct model *m)
{
	for (int pfn = 0; pfn < SPACE; pfn++) {
		int below = model_neighbour(m, pfn, -1), above = model_neighbour(m, pfn, 1);

		m->nid[pfn] = !m->ram[pfn] ? -1 : below >= 0 ? below : above;
		m->uncovered += m->ram[pfn] && m->owners[pfn] == 0 && below != above;
	}
	if (m->overlap || m->uncovered >= 256 || m->kept == 0)
		for (int pfn = 0; pfn < SPACE; pfn++)
			m->nid[pfn] = m->ram[pfn] ? 0 : -1;
}

static struct model *make_model(const struct fixture *x)
{
	struct model *m = calloc(1, sizeof(*m));
	pfn_t end_pfn = 0;

	for (uint32_t pfn = 0; pfn < SPACE; pfn++) {
		m->ram[pfn] = e820_type_at(&x->e820, pfn) == E820_RAM;
		end_pfn = m->ram[pfn] ? pfn + 1 : end_pfn;
	}
	model_ranges(m, &x->srat, end_pfn);
	model_assign(m);
	return m;
}

static void compare(const struct fixture *x, uint32_t seen[4])
{
	struct model *m = make_model(x);
	bool uncovered = !m->overlap && (m->uncovered >= 256 || m->kept == 0);
	bool gap = !m->overlap && !uncovered && m->uncovered != 0;

	for (uint32_t pfn = 0; pfn < SPACE; pfn++)
		assert_int_equal(nid_at(&x->map, pfn), m->nid[pfn]);
	assert_int_equal(x->f.of[FINDING_SRAT_OVERLAP].count != 0, m->overlap);
	assert_int_equal(x->f.of[FINDING_SRAT_GAP].count != 0, gap);
	if (gap)
		assert_true(x->f.of[FINDING_SRAT_GAP].bytes == pfn_phys(m->uncovered));
	if (uncovered && m->uncovered != 0)
		assert_int_not_equal(x->f.of[FINDING_SRAT_UNCOVERED].count, 0);
	seen[m->overlap ? 0 : uncovered ? 1 : gap ? 2 : 3]++;
	free(m);
}

static void random_ram(struct fixture *x, uint64_t *seed)
{
	pfn_t pfn = random_below(seed, 40);

	while (pfn < SPACE) {
		pfn_t end = pfn + 1 + random_below(seed, 400);

		add_ram(x, pfn_phys(pfn), pfn_phys(min_u64(end, SPACE)));
		pfn = end + random_below(seed, 80);
	}
}

/* A cut of the space into ranges, some left out, and now and then one that is put on top. */
static void random_srat(struct fixture *x, uint64_t *seed)
{
	phys_t at = random_below(seed, 3) * 0x1800;

	while (at < pfn_phys(SPACE)) {
		phys_t end =
			at + random_below(seed, 500) * 0x800 + random_below(seed, 900) * PAGE_SIZE;

		if (random_below(seed, 12) != 0)
			add_srat(x, (uint32_t)random_below(seed, 3), at, end);
		if (random_below(seed, 40) == 0)
			add_srat(x, (uint32_t)random_below(seed, 3), end - (end - at) / 2,
				end + 0x1000);
		at = end + (random_below(seed, 4) == 0 ? random_below(seed, 60) * PAGE_SIZE : 0);
	}
}

static void test_random(void **state)
{
	uint32_t seen[4] = { 0 }; /* overlap, uncovered, gap, clean */
	uint64_t seed = 42;

	(void)state;
	for (uint32_t round = 0; round < 2000; round++) {
		struct fixture *x = make();

		random_ram(x, &seed);
		random_srat(x, &seed);
		build(x);
		compare(x, seen);
		free(x);
	}
	for (uint32_t i = 0; i < 4; i++)
		assert_true(seen[i] > 50);
}

/* --- numa=fake -------------------------------------------------------------------------------- */

#define UNIT (32 * MIB)

static struct fixture *build_fake(struct fixture *x, uint32_t nodes)
{
	x->input.numa = NUMA_FAKE;
	x->input.fake_nodes = nodes;
	build(x);
	return x;
}

/* Expect equal parts of what divides evenly, and the remainder's units on the first nodes. */
static void test_fake_even(void **state)
{
	struct fixture *x = make();

	(void)state;
	x->input.srat = NULL;
	add_ram(x, 0, 8 * GIB);
	build_fake(x, 4);
	assert_int_equal(x->map.nodes, 4);
	for (uint32_t nid = 0; nid < 4; nid++)
		assert_int_equal(node_span(&x->map, nid).end, pfn_down((nid + 1) * 2 * GIB));
	assert_int_equal(x->map.distance[1], DISTANCE_LOCAL);
	expect_order(x, 2, "2301");
	build_fake(x, 3); /* 85 units and a third: three thirds less a byte make no unit */
	assert_int_equal(node_span(&x->map, 0).end, pfn_down(85 * UNIT));
	assert_int_equal(node_span(&x->map, 1).end, pfn_down(170 * UNIT));
	assert_int_equal(node_span(&x->map, 2).end, pfn_down(256 * UNIT));
	x->raws = 0;
	add_ram(x, 0, 254 * UNIT);
	build_fake(x, 4); /* 63 units and a half: two are longer */
	assert_int_equal(node_span(&x->map, 0).end, pfn_down(64 * UNIT));
	assert_int_equal(node_span(&x->map, 1).end, pfn_down(128 * UNIT));
	assert_int_equal(node_span(&x->map, 2).end, pfn_down(191 * UNIT));
	assert_int_equal(node_span(&x->map, 3).end, pfn_down(254 * UNIT));
	free(x);
}

/* A page less than a unit up to 4 GiB is not left over, whatever RAM begins there. */
static void test_fake_border_of_dma32(void **state)
{
	struct fixture *x = make();

	(void)state;
	x->input.srat = NULL;
	add_ram(x, 0, 2 * GIB + UNIT - PAGE_SIZE);
	add_ram(x, 4 * GIB, 8 * GIB - UNIT + PAGE_SIZE);
	build_fake(x, 3);
	assert_int_equal(node_span(&x->map, 0).end, pfn_down(2 * GIB + UNIT) - 1);
	assert_int_equal(node_span(&x->map, 1).start, pfn_down(4 * GIB));
	x->raws = 0;
	add_ram(x, 0, 2 * GIB + UNIT);
	add_ram(x, 4 * GIB, 8 * GIB - UNIT);
	build_fake(x, 3);
	assert_int_equal(node_span(&x->map, 0).end, pfn_down(2 * GIB));
	free(x);
}

/* More nodes than units: expect a finding and none; the most nodes there can be: expect them. */
static void test_fake_limits(void **state)
{
	struct fixture *x = make();

	(void)state;
	x->input.srat = NULL;
	add_ram(x, 0, 64 * UNIT);
	build_fake(x, 64);
	assert_int_equal(x->map.nodes, 64);
	for (uint32_t nid = 0; nid < 64; nid++) {
		assert_int_equal(x->map.flags[nid], NODE_MEMORY | NODE_PROCESSORS);
		assert_int_equal(x->map.domain[nid], NODE_DOMAIN_NONE);
	}
	build_fake(x, 1000000);
	assert_int_equal(x->map.nodes, 64);
	build_fake(x, 0);
	assert_int_equal(x->map.nodes, 1);
	x->raws = 0;
	add_ram(x, 0, 64 * UNIT - PAGE_SIZE);
	build_fake(x, 64);
	assert_int_equal(x->map.nodes, 1);
	assert_int_equal(x->f.of[FINDING_NUMA_FAKE].count, 1);
	free(x);
}

/* Two real nodes, the second with processors: expect fake ones in turn, with their distance. */
static void test_fake_over_real(void **state)
{
	static const uint8_t matrix[] = { 10, 33, 33, 10 };
	struct slit slit = { .distance = matrix, .localities = 2 };
	struct fixture *x = make();

	(void)state;
	x->input.slit = &slit;
	add_ram(x, 0, 2 * GIB);
	add_ram(x, 4 * GIB, 6 * GIB);
	add_srat(x, 0, 0, 2 * GIB);
	srat_processor(&x->bytes, 1, 1);
	add_srat(x, 1, 4 * GIB, 6 * GIB);
	build_fake(x, 4);
	assert_int_equal(x->map.nodes, 4);
	assert_int_equal(node_span(&x->map, 0).start, pfn_down(4 * GIB)); /* domain 1 is nid 0 */
	assert_int_equal(node_span(&x->map, 1).start, 0);
	assert_int_equal(node_span(&x->map, 2).end, pfn_down(6 * GIB));
	assert_int_equal(node_span(&x->map, 3).end, pfn_down(2 * GIB));
	assert_int_equal(x->map.flags[2], NODE_MEMORY | NODE_PROCESSORS);
	assert_int_equal(x->map.flags[3], NODE_MEMORY);
	assert_int_equal(x->map.domain[2], 1);
	assert_int_equal(x->map.distance[0 * 4 + 1], 33);
	assert_int_equal(x->map.distance[0 * 4 + 2], 10);
	expect_order(x, 0, "0213");
	expect_order(x, 1, "1320");
	free(x);
}

/*
 * The model works in units of 32 MiB only where the rule does, and steps through memory instead of
 * computing where it has enough.
 */
struct fake_model {
	const struct e820 *e820;
	struct node_range real[64]; /* ascending, what is left */
	uint32_t reals;
	struct node_range piece[1024];
	uint32_t pieces;
	uint64_t size, longer;
};

static uint64_t ram_bytes(const struct fake_model *m, phys_t start, phys_t end)
{
	return start < end ? pfn_phys(e820_ram_pages(m->e820, pfn_down(start), pfn_down(end))) : 0;
}

static phys_t model_piece_end(const struct fake_model *m, phys_t start, phys_t limit)
{
	phys_t end = start + m->size + (m->pieces < m->longer ? UNIT : 0);

	while (end < limit && ram_bytes(m, start, end) < m->size)
		end += UNIT;
	if (end < 4 * GIB && ram_bytes(m, end, 4 * GIB) < UNIT)
		end = 4 * GIB;
	return end >= limit || ram_bytes(m, end, limit) < m->size ? limit : end;
}

static void model_cut(struct fake_model *m, uint32_t nodes)
{
	bool cut = true;

	while (cut) {
		cut = false;
		for (uint32_t nid = 0; nid < 4; nid++)
			for (uint32_t i = 0; i < m->reals; i++) {
				struct node_range *real = &m->real[i];
				phys_t end;

				if (real->nid != nid || real->start == real->end)
					continue;
				end = model_piece_end(
					m, pfn_phys(real->start), pfn_phys(real->end));
				assert_true(m->pieces < 1024);
				m->piece[m->pieces] = (struct node_range){ real->start,
					pfn_down(end), m->pieces % nodes, 0 };
				m->pieces++;
				real->start = pfn_down(end);
				cut = true;
				break;
			}
	}
}

/* All RAM of a piece belongs to its node, and pieces hold all RAM. */
static void compare_fake(struct fixture *x, struct fake_model *m, uint32_t nodes)
{
	uint64_t total = ram_bytes(m, 0, PHYS_END), pages = 0;

	m->size = total / nodes / UNIT * UNIT;
	m->longer = (total / nodes - m->size) * nodes / UNIT;
	assert_int_equal(x->f.of[FINDING_NUMA_FAKE].count, m->size == 0);
	if (m->size == 0)
		return;
	model_cut(m, nodes);
	for (uint32_t i = 0; i < m->pieces; i++) {
		const struct node_range *p = &m->piece[i];
		uint64_t got = node_pages(&x->map, p->nid, p->start, p->end);

		assert_true(got == e820_ram_pages(m->e820, p->start, p->end));
		pages += got;
	}
	assert_true(pfn_phys(pages) == total);
	assert_int_equal(x->map.nodes, min_u64(nodes, m->pieces));
}

static void test_fake_random(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (uint32_t round = 0; round < 1500; round++) {
		struct fixture *x = make();
		struct fake_model *m = calloc(1, sizeof(*m));
		uint32_t nodes = 1 + (uint32_t)random_below(&seed, 64);
		pfn_t at = 0;

		for (uint32_t i = 0; i <= random_below(&seed, 6); i++) {
			pfn_t start = at + random_below(&seed, 1 << 15) + 1;
			pfn_t end = start + 1 +
				    random_below(&seed, 1 << (10 + random_below(&seed, 10)));
			uint32_t nid = i < 4 ? i : (uint32_t)random_below(&seed, 4);

			add_ram(x, pfn_phys(start), pfn_phys(start + (end - start + 1) / 2));
			add_ram(x, pfn_phys(end + 77), pfn_phys(end + 78));
			srat_processor(&x->bytes, nid, 1);
			add_srat(x, nid, pfn_phys(at), pfn_phys(end + 78));
			if (m->reals != 0 && m->real[m->reals - 1].nid == nid)
				m->real[m->reals - 1].end = end + 78;
			else
				m->real[m->reals++] = (struct node_range){ at, end + 78, nid, 0 };
			at = end + 78;
		}
		m->e820 = &x->e820;
		build_fake(x, nodes);
		compare_fake(x, m, nodes);
		free(m);
		free(x);
	}
}

/* --- pfn_to_nid ------------------------------------------------------------------------------- */

static void check_elements(struct fixture *x, uint32_t shift, uint32_t count)
{
	struct physnode_map *p;

	build(x);
	p = make_physnode(&x->map);
	assert_int_equal(p->shift, shift);
	assert_int_equal(p->count, count);
	assert_true(physnode_map_bytes(&x->map) == 8 + (shift != 0 ? count : 24 * count));
	free(p);
	free(x);
}

static struct fixture *two_nodes(phys_t end0, phys_t start1, phys_t end1)
{
	struct fixture *x = make();

	add_ram(x, 0, end0);
	add_ram(x, start1, end1);
	add_srat(x, 0, 0, end0);
	add_srat(x, 1, end0, end1);
	return x;
}

/* Expect 256 MiB where that separates the nodes, then as little less as needed, then the ranges. */
static void test_element_size(void **state)
{
	(void)state;
	check_elements(two_nodes(GIB, GIB, 2 * GIB), 16, 8);
	check_elements(two_nodes(GIB, GIB, 2 * GIB + 1 * MIB), 16, 9);
	check_elements(two_nodes(GIB + 128 * MIB, GIB + 128 * MIB, 2 * GIB), 15, 16);
	check_elements(two_nodes(GIB + 64 * MIB, GIB + 64 * MIB, 2 * GIB), 14, 32);
	check_elements(two_nodes(GIB + 4 * MIB, GIB + 4 * MIB, 2 * GIB), 10, 512);
	check_elements(two_nodes(GIB + 2 * MIB, GIB + 2 * MIB, 2 * GIB), 0, 2);
	/* the hole decides, not the edge of the range */
	check_elements(two_nodes(GIB - 2 * MIB, GIB + 2 * MIB, 2 * GIB), 16, 8);
	check_elements(two_nodes(GIB + 2 * MIB, GIB + 130 * MIB, 2 * GIB), 15, 16);
	check_elements(two_nodes(GIB + 2 * MIB, GIB + 3 * MIB, 2 * GIB), 0, 2);
}

/* Expect coarser elements for far ends where the nodes allow it, and the ranges where not. */
static void test_element_bound(void **state)
{
	(void)state;
	check_elements(two_nodes(8 * TIB, 8 * TIB, 16 * TIB), 16, 65536);
	check_elements(two_nodes(8 * TIB, 8 * TIB, 16 * TIB + MIB), 17, 32769);
	check_elements(two_nodes(TIB, 2048 * TIB, 4096 * TIB), 24, 65536);
	check_elements(two_nodes(GIB, GIB, 16 * TIB + MIB), 17, 32769);
	check_elements(two_nodes(GIB + 256 * MIB, GIB + 256 * MIB, 16 * TIB + MIB), 0, 2);
	check_elements(two_nodes(GIB + 4 * MIB, GIB + 4 * MIB, 256 * GIB), 10, 65536);
	check_elements(two_nodes(GIB + 4 * MIB, GIB + 4 * MIB, 256 * GIB + MIB), 0, 2);
}

/* Expect holes of whole elements, and what is beyond the end, to be no node's. */
static void test_element_holes(void **state)
{
	struct fixture *x = two_nodes(GIB, 4 * GIB, 5 * GIB);
	struct physnode_map *p;

	(void)state;
	build(x);
	p = make_physnode(&x->map);
	assert_int_equal(pfn_to_nid(p, pfn_down(GIB)), -1);
	assert_int_equal(pfn_to_nid(p, pfn_down(4 * GIB) - 1), -1);
	assert_int_equal(pfn_to_nid(p, pfn_down(5 * GIB)), -1);
	assert_int_equal(pfn_to_nid(p, pfn_down(5 * GIB) - 1), 1);
	free(p);
	free(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_where),
		cmocka_unit_test(test_same_node_overlap),
		cmocka_unit_test(test_contradiction),
		cmocka_unit_test(test_range_without_ram),
		cmocka_unit_test(test_joined),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_uncovered),
		cmocka_unit_test(test_gap_limit),
		cmocka_unit_test(test_unaligned),
		cmocka_unit_test(test_far_ends),
		cmocka_unit_test(test_nodes_without_memory),
		cmocka_unit_test(test_off),
		cmocka_unit_test(test_no_ram),
		cmocka_unit_test(test_capacity),
		cmocka_unit_test(test_default_order),
		cmocka_unit_test(test_slit_order),
		cmocka_unit_test(test_most_nodes),
		cmocka_unit_test(test_checker),
		cmocka_unit_test(test_next_range),
		cmocka_unit_test(test_opteron),
		cmocka_unit_test(test_r7425),
		cmocka_unit_test(test_trx50),
		cmocka_unit_test(test_hyperv),
		cmocka_unit_test(test_btrfs),
		cmocka_unit_test(test_titanite),
		cmocka_unit_test(test_vmware),
		cmocka_unit_test(test_google_fake),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_fake_even),
		cmocka_unit_test(test_fake_border_of_dma32),
		cmocka_unit_test(test_fake_limits),
		cmocka_unit_test(test_fake_over_real),
		cmocka_unit_test(test_fake_random),
		cmocka_unit_test(test_element_size),
		cmocka_unit_test(test_element_bound),
		cmocka_unit_test(test_element_holes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

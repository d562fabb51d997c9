/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report of a machine built by hand:
 *
 *   0        640K   960K 1M    16M          126M 127M 128M       4G           5G
 *   |  RAM   |      |rsvd|  RAM |    RAM     |ACPI|NVS | others   |    RAM      |
 *    page 0,                      image, page
 *    low 64K                      tables, mem_map
 *
 * Both reports are compared with test/unit/golden/report-*; GOLDEN=write in the environment records
 * it anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/report.h>
#include <bootmem/svg.h>

#include "golden.h"

#define TABLE_PFN     UINT64_C(0x1800)
#define TABLE_PAGES   8
#define GOLDEN_REPORT "test/unit/golden/report-" ARCH_NAME

static struct e820_entry entries[] = {
	{ 0, 0xa0000, E820_RAM, 0 },
	{ 0xf0000, 0x100000, E820_RESERVED, 0 },
	{ 0x100000, 126 * MIB, E820_RAM, 0 },
	{ 126 * MIB, 127 * MIB, E820_ACPI, 0 },
	{ 127 * MIB, 128 * MIB, E820_NVS, 0 },
	{ 256 * MIB, 257 * MIB, E820_SOFT, 0 },
	{ 257 * MIB, 258 * MIB, E820_PMEM, 0 },
	{ 258 * MIB, 259 * MIB, E820_UNACCEPTED, 0 },
	{ 259 * MIB, 260 * MIB, E820_UNUSABLE, 0 },
	{ 4 * GIB, 5 * GIB, E820_RAM, 0 },
};

static struct node_range ram[] = {
	{ 0, 0xa0, 0, 0 },
	{ 0x100, 0x7e00, 0, 0 },
	{ 0x100000, 0x140000, 0, 0 },
};

static const struct efi_memory_desc descriptors[] = {
	{ EFI_MEM_CONVENTIONAL, 0, 0, 0, 0xa0, EFI_ATTR_WB },
	{ EFI_MEM_RUNTIME_DATA, 0, 0xf0000, 0, 0x10, EFI_ATTR_WB | EFI_ATTR_RUNTIME },
	{ EFI_MEM_ACPI_RECLAIM, 0, 126 * MIB, 0, 0x100, EFI_ATTR_WB },
	{ EFI_MEM_ACPI_NVS, 0, 127 * MIB, 0, 0x100, EFI_ATTR_WB },
	{ EFI_MEM_MMIO, 0, UINT64_C(0xffc00000), 0, 0x400, EFI_ATTR_RUNTIME },
	{ EFI_MEM_BOOT_DATA, 0, 0x200000, 0, 1, EFI_ATTR_RUNTIME },
};

static struct srat_range affinity[] = { { 0, 5 * GIB, 1, SRAT_HOTPLUG } };

static struct boot boot;
static struct owner_range owner_ranges[32];
static _Alignas(4096) uint8_t table[TABLE_PAGES << PAGE_SHIFT];
static _Alignas(16) uint8_t mm_storage[8192];
static char text[64 * 1024];

static struct map_area areas[] = {
	{ 0x400000, 0x400000, 0x4000, MAP_EXEC, MAP_IDENTITY },
	{ 0x80000000, 0x80000000, 0x800000, MAP_WRITE | MAP_WC, MAP_IDENTITY },
	{ ARCH_DIRECT_BASE + 0x1000, 0x1000, 0x7dff000, MAP_WRITE, MAP_DIRECT },
	{ ARCH_FIXMAP_START, 0, ARCH_FIXMAP_END - ARCH_FIXMAP_START, MAP_TABLES, MAP_FIXMAP },
};
static struct text_buffer buffer;

static void own(enum owner owner, pfn_t start, pfn_t end)
{
	assert_int_equal(owners_add(&boot.owners, &boot.e820, owner, start, end), BM_OK);
}

/* The whole zone is free but for the pages that owners hold; so many blocks of each order. */
static void free_zone(uint32_t index, uint64_t reserved)
{
	struct zone *zone = mm_zone(boot.mm, index);
	pfn_t start = 0x100000;

	zone->managed_pages = zone->present_pages - reserved;
	zone->free_pages = zone->managed_pages;
	buddy_count_run(zone->deferred_blocks, start, start + zone->free_pages);
}

static void build_mm(void)
{
	pfn_t map_pfn = 0x2000;
	uint64_t in_zone_1;

	memset(table, 0, sizeof(table));
	memset(mm_storage, 0xa5, sizeof(mm_storage)); /* what is behind the only node is none */
	assert_true(mm_bytes(1) < sizeof(mm_storage) - sizeof(struct node));
	memset(mm_storage, 0, mm_bytes(1));
	boot.mm = (struct mm *)mm_storage;
	boot.mm->node[1].zone[0] =
		(struct zone){ .spanned_pages = 0x1000, .present_pages = 0x1000 };
	assert_true(sparse_table_pages(&boot.e820, boot.limits.max_pfn) <= TABLE_PAGES);
	boot.mm->nodes = 1;
	boot.mm->limits = boot.limits;
	boot.mm->window.base = (uintptr_t)table - (uintptr_t)pfn_phys(TABLE_PFN);
	nodes_init(boot.mm, &boot.node_map, TABLE_PFN);
	sparse_init(boot.mm, &boot.e820, TABLE_PFN + 2);
	for (uint32_t nr = 0; sparse_next(boot.mm, &nr); nr++) {
		section_set_map(section_nr(boot.mm, nr), map_pfn);
		map_pfn += section_nr(boot.mm, nr)->map_pages;
	}
	in_zone_1 = owners_pages(&boot.owners, OWNER_IMAGE) +
		    owners_pages(&boot.owners, OWNER_PAGE_TABLES) + mem_map_pages(boot.mm);
	free_zone(0, 16);
	free_zone(1, in_zone_1);
	free_zone(2, 0);
}

static int build(void **state)
{
	(void)state;
	memset(&boot, 0, sizeof(boot));
	boot.e820 = (struct e820){ entries, ARRAY_SIZE(entries), ARRAY_SIZE(entries) };
	boot.map = (struct fw_map){ .bytes = (const uint8_t *)descriptors,
		.count = ARRAY_SIZE(descriptors),
		.stride = sizeof(descriptors[0]) };
	boot.owners = (struct owners){ owner_ranges, 0, ARRAY_SIZE(owner_ranges) };
	assert_int_equal(limits_find(&boot.limits, &boot.e820, ARCH_SPLIT_PHYS), BM_OK);
	strcpy(boot.input.firmware_vendor, "Test Firmware");
	boot.input.firmware_revision = 0x10000;
	options_defaults(&boot.input.options);
	boot.input.options.numa = NUMA_OFF;
	boot.input.image_start_phys = 0x1000000;
	boot.input.image_end_phys = 0x1020000;
	boot.input.special[0] =
		(struct map_special){ 0x1000000, 0x1020000, MAP_EXEC, true, false, false, false };
	boot.input.specials = 1;
	boot.srat =
		(struct srat){ .range = affinity, .ranges = 1, .nodes = 2, .processors = { 4 } };
	boot.exit_attempts = 2;
	finding_add(&boot.findings, FINDING_MAP_UNSORTED, 0, 0);
	finding_add(&boot.findings, FINDING_MAP_OVERLAP, 0x1000, 0x3000);
	finding_add(&boot.findings, FINDING_MAP_OVERLAP, 0x5000, 0x6000);
	own(OWNER_PAGE_0, 0, 1);
	own(OWNER_LOW_64K, 1, 16);
	own(OWNER_IMAGE, 0x1000, 0x1020);
	own(OWNER_PAGE_TABLES, 0x1020, 0x1030);
	own(OWNER_IMAGE, 0x1030, 0x1034);
	boot.node_map.range = ram;
	boot.node_map.ranges = ARRAY_SIZE(ram);
	boot.node_map.nodes = 1;
	boot.node_map.distance[0] = DISTANCE_LOCAL;
	boot.bitmap_pfn[0] = 11;
	boot.bitmap_pages[0] = 2;
	build_mm();
	boot.bootmem[0].allocations = 7;
	boot.paging = (struct paging){ .root = 0x1020000,
		.tables_phys = 0x1020000,
		.table_pages = 16,
		.mode = { .levels = 4, .nx = true, .large = true } };
	boot.space = (struct address_space){ .direct_base = ARCH_DIRECT_BASE,
		.direct_bytes = 126 * MIB,
		.vmalloc_start = UINT64_C(0xffffc90000000000),
		.vmalloc_end = UINT64_C(0xffffc98000000000),
		.fixmap_start = ARCH_FIXMAP_START,
		.fixmap_end = ARCH_FIXMAP_END,
		.pkmap_start = 0,
		.pkmap_end = 0 };
	boot.plan = (struct map_plan){ areas, ARRAY_SIZE(areas), ARRAY_SIZE(areas) };
	boot.audit = (struct paging_audit){ .levels = 4,
		.complete = true,
		.tables = 7,
		.pages = { .pages_2m = 2048 },
		.write_exec_bytes = 4 * GIB };
	boot.selftest = (struct boot_selftest){ .blocks = 33, .balanced = true };
	for (unsigned i = 0; i < STAGE_COUNT; i++)
		boot.cycles[i] = 1000 * i + 1;
	return 0;
}

static const char *text_report(enum report_stage stage)
{
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));

	report_text(&boot, stage, &sink);
	assert_true(buffer.used < sizeof(text));
	return text;
}

static const char *json_report(enum report_stage stage)
{
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));

	report_json(&boot, stage, &sink);
	assert_true(buffer.used < sizeof(text));
	return text;
}

static void assert_has(const char *expected)
{
	if (strstr(text, expected) == NULL)
		fail_msg("no \"%s\" in:\n%s", expected, text);
}

static void assert_has_not(const char *unexpected)
{
	if (strstr(text, unexpected) != NULL)
		fail_msg("\"%s\" in:\n%s", unexpected, text);
}

/* --- text ----------------------------------------------------------------------------------- */

static void text_matches_the_golden_report(void **state)
{
	(void)state;
	text_report(REPORT_BOOTED);
	matches_golden(text, GOLDEN_REPORT ".txt");
}

/* Without an exit, and without even a start. */
static void other_stages_match_the_golden_reports(void **state)
{
	(void)state;
	text_report(REPORT_REPORT);
	matches_golden(text, GOLDEN_REPORT "-report.txt");
	text_report(REPORT_PLANNED);
	matches_golden(text, GOLDEN_REPORT "-planned.txt");
}

static void json_matches_the_golden_report(void **state)
{
	(void)state;
	json_report(REPORT_BOOTED);
	matches_golden(text, GOLDEN_REPORT ".json");
}

static void draw(const struct svg_page *page)
{
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));

	svg_draw(page, &sink);
	assert_true(buffer.used < sizeof(text));
}

static void picture_matches_the_golden_one(void **state)
{
	(void)state;
	draw(&(struct svg_page){ .boot = &boot,
		.stage = REPORT_BOOTED,
		.title = "Test Machine",
		.origin = "by hand" });
	matches_golden(text, GOLDEN_REPORT ".svg");
}

/* Remarks take the place of the findings, each with a square in the colour of its weight; one has none. Two nodes have a lane. */
static void picture_has_the_remarks(void **state)
{
	static const struct svg_remark remarks[] = { { NULL, SVG_NOTE, "plain words" },
		{ "Q1", SVG_NOTE, "a note" }, { "Q2", SVG_CARE, "take care" },
		{ "Q3", SVG_TROUBLE, "in trouble" } };
	static struct node_range two_nodes[] = { { 0, 0xa0, 0, 0 }, { 0x100, 0x7e00, 0, 0 },
		{ 0x100000, 0x140000, 1, 0 } };
	struct svg_page page = { .boot = &boot,
		.stage = REPORT_BOOTED,
		.title = "",
		.origin = "",
		.heading = "Doctor" };

	(void)state;
	draw(&page);
	assert_has("Doctor");
	assert_has_not(finding_text(FINDING_MAP_OVERLAP));
	assert_has_not("plain words");
	page.remark = remarks;
	page.remarks = ARRAY_SIZE(remarks);
	boot.node_map.range = two_nodes;
	boot.node_map.nodes = 2;
	draw(&page);
	matches_golden(text, GOLDEN_REPORT "-remarks.svg");
}

/* Types that do not occur need no colour. */
static void legend_has_what_there_is(void **state)
{
	(void)state;
	boot.e820.count = 2;
	draw(&(struct svg_page){ .boot = &boot, .title = "", .origin = "" });
	for (uint32_t type = 0; type < E820_TYPES; type++) {
		char name[32];

		snprintf(name, sizeof(name), ">%s<", e820_type_name(type));
		if (type == E820_RAM || type == E820_RESERVED)
			assert_has(name);
		else
			assert_has_not(name);
	}
}

static void assert_lines_fit(void)
{
	for (const char *line = text; *line != '\0';) {
		size_t length = strcspn(line, "\n");

		if (length > 79)
			fail_msg("%zu columns: %.*s", length, (int)length, line);
		if (length != 0 && line[length - 1] == ' ')
			fail_msg("blank at the end: %.*s", (int)length, line);
		line += length + 1;
	}
}

/* Every finding, the largest counts, addresses of full width: Expect at most 79 columns. */
static void no_line_is_longer_than_the_terminal(void **state)
{
	(void)state;
	text_report(REPORT_BOOTED);
	assert_lines_fit();
	for (unsigned id = 0; id < FINDING_COUNT; id++) {
		finding_add(&boot.findings, id, 0, UINT64_MAX);
		boot.findings.of[id].count = 1000000;
	}
	for (unsigned i = 0; i < STAGE_COUNT; i++)
		boot.cycles[i] = UINT64_C(1000000000000000);
	memset(boot.input.firmware_vendor, 'V', sizeof(boot.input.firmware_vendor) - 1);
	boot.exit_attempts = 1000;
	boot.map.stride = 256;
	for (uint32_t i = 0; i < ARCH_NR_ZONES; i++) {
		struct zone *zone = mm_zone(boot.mm, i);

		zone->spanned_pages = zone->present_pages = UINT64_C(1) << 34;
		for (unsigned order = 0; order < NR_ORDERS; order++)
			zone->deferred_blocks[order] = 1000;
		zone->deferred_blocks[MAX_ORDER] = UINT64_C(1) << 24;
	}
	text_report(REPORT_REPORT);
	assert_lines_fit();
	text_report(REPORT_PLANNED);
	assert_lines_fit();
}

static void verdict_is_ready_only_when_all_is_well(void **state)
{
	(void)state;
	text_report(REPORT_BOOTED);
	assert_has("  READY.");
	assert_has_not("PROBLEM");

	boot.selftest.balanced = false;
	text_report(REPORT_BOOTED);
	assert_has("  NOT READY.");
	assert_has("PROBLEM: counts changed");

	boot.selftest.balanced = true;
	mm_zone(boot.mm, 1)->free_pages--;
	text_report(REPORT_BOOTED);
	assert_has("  NOT READY.");
	assert_has("PROBLEM: free and reserved");
	assert_has("PROBLEM: e820 has");
}

static void other_stages_say_what_they_are(void **state)
{
	(void)state;
	text_report(REPORT_REPORT);
	assert_has("REPORT ONLY.");
	assert_has_not("READY");
	text_report(REPORT_PLANNED);
	assert_has("PLAN.");
	text_report(REPORT_SIMULATED);
	assert_has("READY.");
	boot.selftest.balanced = false; /* it has not run yet */
	text_report(REPORT_PLANNED);
	assert_has("\nPLANNED: ");
	assert_has_not("NOT READY");
	memset(&boot.findings, 0, sizeof(boot.findings));
	text_report(REPORT_BOOTED);
	assert_has("\n  none\n");
}

/* With one node an empty zone is told, too; with several most would be. */
static void empty_zones_of_one_node_are_told(void **state)
{
	char line[32];

	(void)state;
	snprintf(line, sizeof(line), "\n  %-7s    0 ", zone_name(1));
	boot.mm->node[0].zone[1].present_pages = 0;
	text_report(REPORT_BOOTED);
	assert_has(line);
	memset(&boot.mm->node[1], 0, sizeof(boot.mm->node[1]));
	boot.mm->nodes = 2;
	text_report(REPORT_BOOTED);
	assert_has_not(line);
}

/* Of each size those that there are. */
static void pages_of_the_firmware_are_told_by_size(void **state)
{
	(void)state;
	boot.audit.pages =
		(struct page_counts){ .pages_1g = 1, .pages_4m = 2, .pages_2m = 3, .pages_4k = 4 };
	text_report(REPORT_BOOTED);
	assert_has("\n    1G:1 4M:2 2M:3 4K:4, 4 GiB writable");
	boot.audit.pages = (struct page_counts){ .pages_4m = 5 };
	text_report(REPORT_BOOTED);
	assert_has("\n    4M:5, 4 GiB writable");
}

/* A stage that has not run has no time. */
static void times_are_those_of_stages_that_ran(void **state)
{
	(void)state;
	text_report(REPORT_BOOTED);
	assert_has("\n  snapshot                 1      e820                  1001\n");
	boot.cycles[STAGE_E820] = 0;
	text_report(REPORT_BOOTED);
	assert_has("\n  snapshot                 1      limits                2001\n");
	assert_has("\n  console              13001\n");
}

/* A line has room for twelve distances, and says so when there are more. */
static void twelve_distances_are_shown(void **state)
{
	(void)state;
	for (uint32_t nodes = 11; nodes <= 13; nodes++) {
		boot.node_map.nodes = nodes;
		for (uint32_t i = 0; i < nodes * nodes; i++)
			boot.node_map.distance[i] = (uint8_t)(100 + i);
		text_report(REPORT_BOOTED);
		assert_int_equal(strstr(text, " 111\n") != NULL, nodes == 12);
		assert_int_equal(strstr(text, " 111 ...\n") != NULL, nodes == 13);
		assert_int_equal(strstr(text, " 110\n") != NULL, nodes == 11);
	}
}

/* --- totals --------------------------------------------------------------------------------- */

static void totals_add_up(void **state)
{
	struct report_totals t;
	uint64_t present = 0xa0 + 0x7d00 + 0x40000;

	(void)state;
	report_totals(&boot, REPORT_BOOTED, &t);
	assert_true(t.present_pages == present);
	assert_true(t.reserved_pages == 16 + 0x34 + mem_map_pages(boot.mm));
	assert_true(t.free_pages == present - t.reserved_pages);
	assert_true(t.highmem_pages == (ARCH_HIGHMEM ? 0x40000 : 0));
	assert_true(t.reclaimable_pages <= t.reserved_pages);

	mm_zone(boot.mm, 2)->free_pages -= 5;
	report_totals(&boot, REPORT_BOOTED, &t);
	assert_true(t.free_pages + 5 == present - t.reserved_pages);
	report_totals(&boot, REPORT_REPORT, &t);
	assert_true(t.free_pages == present - t.reserved_pages);
}

/* --- JSON ----------------------------------------------------------------------------------- */

/* A reader of JSON's grammar (RFC 8259): returns where a value ends, or null if it is none. */
static const char *read_value(const char *at);

static const char *read_blanks(const char *at)
{
	return at + strspn(at, " \n");
}

static const char *read_string(const char *at)
{
	if (*at++ != '"')
		return NULL;
	for (; *at != '"'; at++) {
		if ((unsigned char)*at < ' ' || (unsigned char)*at > '~')
			return NULL;
		if (*at != '\\')
			continue;
		at++;
		if (*at == 'u' && strspn(at + 1, "0123456789abcdef") >= 4)
			at += 4;
		else if (*at != '"' && *at != '\\')
			return NULL;
	}
	return at + 1;
}

static const char *read_item(const char *at, char bracket)
{
	if (bracket == '{') {
		at = read_string(at);
		if (at == NULL || *at != ':')
			return NULL;
		at = read_blanks(at + 1);
	}
	return read_value(at);
}

static const char *read_items(const char *at, char bracket, char end)
{
	at = read_blanks(at + 1);
	if (*at == end)
		return at + 1;
	for (;;) {
		at = read_item(at, bracket);
		if (at == NULL)
			return NULL;
		at = read_blanks(at);
		if (*at == end)
			return at + 1;
		if (*at != ',')
			return NULL;
		at = read_blanks(at + 1);
	}
}

static const char *read_value(const char *at)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t digits = strspn(at, "0123456789");

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strncmp(at, words[i], strlen(words[i])) == 0)
			return at + strlen(words[i]);
	if (digits != 0)
		return at[0] == '0' && digits > 1 ? NULL : at + digits;
	if (*at == '{')
		return read_items(at, '{', '}');
	if (*at == '[')
		return read_items(at, '[', ']');
	return read_string(at);
}

static void assert_json(void)
{
	const char *end = read_value(text);

	if (end == NULL || strcmp(end, "\n") != 0)
		fail_msg("not one JSON value and a newline:\n%s", text);
}

static void the_reader_refuses_what_is_not_json(void **state)
{
	static const char *const bad[] = { "{", "{ \"a\" }", "{ \"a\": 1, }", "[1 2]", "[1,]", "01",
		"\"\n\"", "\"\\x\"", "tru", "{ a: 1 }", "{ \"a\": 1 \"b\": 2 }" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *end = read_value(bad[i]);

		assert_true(end == NULL || *end != '\0');
	}
}

static void json_is_valid_in_every_stage(void **state)
{
	static const char *const words[] = { "booted", "report", "planned", "simulated" };

	(void)state;
	for (unsigned stage = REPORT_BOOTED; stage <= REPORT_SIMULATED; stage++) {
		char member[64];

		json_report(stage);
		assert_json();
		snprintf(member, sizeof(member), "\"stage\": \"%s\"", words[stage]);
		assert_has(member);
		assert_has(stage == REPORT_BOOTED || stage == REPORT_SIMULATED
				   ? "\"selftest\": { \"blocks\": 33, "
				   : "\"selftest\": null");
	}
}

static void json_has_the_facts(void **state)
{
	(void)state;
	json_report(REPORT_BOOTED);
	assert_has("{ \"schema\": \"bootmem-report/1\", \"arch\": \"" ARCH_NAME "\"");
	assert_has("\"firmware\": { \"vendor\": \"Test Firmware\", \"revision\": 65536, "
		   "\"descriptor_size\": 40, \"descriptors\": 6, \"exit_attempts\": 2 }");
	assert_has("{ \"quirk\": \"Q11\", \"count\": 2, \"text\": \"");
	assert_has("\"start\": \"0x1000\", \"end\": \"0x3000\", \"bytes\": 12288 }");
	assert_has("{ \"start\": \"0xf0000\", \"end\": \"0x100000\", \"type\": \"reserved\" }");
	assert_has("{ \"start\": \"0x100000000\", \"end\": \"0x140000000\", \"type\": \"ram\" }");
	assert_has(
		"\"limits\": { \"min_low_pfn\": 1, \"max_low_pfn\": 32256, \"max_pfn\": 1310720, "
		"\"highstart_pfn\": 32256, \"highend_pfn\": 1310720 }");
	assert_has(
		"{ \"nid\": 0, \"start_pfn\": 0, \"end_pfn\": 1310720, \"present_pages\": 294304, "
		"\"distances\": [10], \"fallback\": [0], \"ranges\": [{ \"start_pfn\": 0, "
		"\"end_pfn\": 160 }, ");
	assert_has(
		"\"bootmem\": { \"bitmap_pfn\": 11, \"bitmap_bytes\": 8192, \"allocations\": 7, ");
	assert_has("{ \"nid\": 0, \"name\": \"DMA\", \"start_pfn\": 0, ");
	assert_has("\"sections\": { \"size_bytes\": ");
	assert_has("\"paging\": { \"levels\": 4, \"root\": \"0x1020000\", \"nx\": true, ");
	assert_has("\"pkmap\": null");
	assert_has("{ \"owner\": \"image\", \"pages\": 36, \"reclaimable\": true, \"ranges\": "
		   "[{ \"start_pfn\": 4096, \"end_pfn\": 4128 }, "
		   "{ \"start_pfn\": 4144, \"end_pfn\": 4148 }] }");
	assert_has("{ \"owner\": \"mem_map\", ");
	assert_has("\"ranges\": [{ \"start_pfn\": 8192, ");
	assert_has("\"runs\": 1 }");
	assert_has("{ \"start\": \"0xf0000\", \"end\": \"0x100000\", \"kind\": \"runtime data\" }");
	assert_has("{ \"type\": 6, \"start\": \"0xf0000\", \"pages\": 16, \"attribute\": "
		   "\"0x8000000000000008\" }");
	assert_has("\"affinity\": { \"processors\": [4, 0], \"memory\": [\n{ \"nid\": 1, "
		   "\"start\": \"0x0\", "
		   "\"end\": \"0x140000000\", \"hotplug\": true, \"nonvolatile\": false }] }");
	assert_has("\"input\": { \"options\": \"numa=off\", ");
	assert_has("\"image\": { \"start\": \"0x1000000\", \"end\": \"0x1020000\" }, ");
	assert_has(
		"\"parts\": [{ \"start\": \"0x1000000\", \"end\": \"0x1020000\", \"write\": false, "
		"\"exec\": true }], \"claimed\": [] }");
	assert_has("{ \"start\": \"0x7e00000\", \"end\": \"0x7f00000\", \"kind\": \"acpi\" }");
	assert_has("{ \"start\": \"0x7f00000\", \"end\": \"0x8000000\", \"kind\": \"nvs\" }");
	assert_has("{ \"start\": \"0xffc00000\", \"end\": \"0x100000000\", \"kind\": \"mmio\" }");
	assert_has("{ \"start\": \"0x200000\", \"end\": \"0x201000\", \"kind\": \"other\" }");
	assert_has("\"selftest\": { \"blocks\": 33, \"high_pages\": 0, \"balanced\": true }");
	assert_has("{ \"stage\": \"snapshot\", \"cycles\": 1 }");
	assert_has("{ \"stage\": \"console\", \"cycles\": 13001 }");
	assert_has("\"handoff\": null }\n");
}

/* From each node to each, and which ones it falls back to. */
static void json_has_the_matrices(void **state)
{
	(void)state;
	boot.node_map.nodes = 3;
	memcpy(boot.node_map.distance, "\012\024\025\026\012\027\030\031\012", 9);
	memcpy(boot.node_map.order, "\0\1\2\1\0\2\2\0\1", 9);
	json_report(REPORT_BOOTED);
	assert_json();
	assert_has("\"distances\": [10, 20, 21], \"fallback\": [0, 1, 2], ");
	assert_has("\"distances\": [22, 10, 23], \"fallback\": [1, 0, 2], ");
	assert_has("\"distances\": [24, 25, 10], \"fallback\": [2, 0, 1], ");
}

static void json_escapes_what_comes_from_outside(void **state)
{
	(void)state;
	strcpy(boot.input.firmware_vendor, "a\"b\\c\n\x01\x7f\xff");
	json_report(REPORT_BOOTED);
	assert_json();
	assert_has("\"vendor\": \"a\\\"b\\\\c\\u000a\\u0001\\u007f\\u00ff\"");
}

/* A start that stopped early has neither zones nor owners nor nodes. */
static void json_is_valid_when_empty(void **state)
{
	(void)state;
	memset(&boot, 0, sizeof(boot));
	json_report(REPORT_PLANNED);
	assert_json();
	assert_has("\"e820\": []");
	assert_has("\"zones\": []");
	assert_has("\"owners\": []");
	assert_has("\"vmalloc\": null");
	text_report(REPORT_PLANNED);
	assert_lines_fit();
}

/* More runs of mem_map than fit a serial line: Expect the first ones and the number of all. */
static void long_mem_map_is_cut_and_counted(void **state)
{
	struct e820_entry large = { 0, 300 * SECTION_PAGES << PAGE_SHIFT, E820_RAM, 0 };
	const char *ranges;
	unsigned shown = 0;

	(void)state;
	boot.e820 = (struct e820){ &large, 1, 1 };
	boot.limits.max_pfn = pfn_down(large.end);
	boot.mm->limits = boot.limits;
	memset(table, 0, sizeof(table));
	assert_true(sparse_table_pages(&boot.e820, boot.limits.max_pfn) <= TABLE_PAGES);
	sparse_init(boot.mm, &boot.e820, TABLE_PFN + 2);
	for (uint32_t nr = 0; sparse_next(boot.mm, &nr); nr++)
		section_set_map(section_nr(boot.mm, nr), 0x2000 + 0x1000 * (pfn_t)nr);
	json_report(REPORT_BOOTED);
	assert_json();
	assert_has("\"runs\": 300 }");
	ranges = strstr(text, "\"mem_map\"");
	assert_non_null(ranges);
	for (const char *at = ranges; at < strstr(ranges, "\"runs\""); at++)
		shown += strncmp(at, "start_pfn", 9) == 0;
	assert_int_equal(shown, 128);
}

static void frame_surrounds_the_document(void **state)
{
	static const char begin[] = "-----BEGIN BOOTMEM REPORT-----\n{ ";
	static const char end[] = " }\n-----END BOOTMEM REPORT-----\n";
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));

	(void)state;
	report_json_framed(&boot, REPORT_BOOTED, &sink);
	assert_memory_equal(text, begin, sizeof(begin) - 1);
	assert_string_equal(text + strlen(text) - (sizeof(end) - 1), end);
}

/* All that the simulator needs to make the start again. */
static void json_tells_the_kernels_demands(void **state)
{
	struct boot_kernel *k = &boot.kernel;

	(void)state;
	boot.claimed[0] = (struct pfn_range){ 3, 5 };
	boot.claimed[1] = (struct pfn_range){ 9, 10 };
	boot.claims = 2;
	boot.input.initrd_start_phys = 0x200000;
	boot.input.initrd_end_phys = 0x200123;
	k->protocol = PROTOCOL_NATIVE;
	k->virt = 0x1000;
	k->phys = 0x300000;
	k->bytes = 0x2000;
	k->entry = 0x1002;
	strcpy(boot.input.options.kernel, "/k");
	k->elf.segments = 2;
	k->elf.segment[0] =
		(struct elf_segment){ .virt = 0x1000, .mem_bytes = 5, .rights = MAP_EXEC };
	k->elf.segment[1] =
		(struct elf_segment){ .virt = 0x2010, .mem_bytes = 6, .rights = MAP_WRITE };
	json_report(REPORT_BOOTED);
	assert_has("\"claimed\": [{ \"start_pfn\": 3, \"end_pfn\": 5 }, "
		   "{ \"start_pfn\": 9, \"end_pfn\": 10 }] }");
	assert_has("\"initrd\": { \"start\": \"0x200000\", \"end\": \"0x200123\" }");
	assert_has("\"handoff\": { \"protocol\": \"native\", \"kernel\": \"/k\", \"entry\": "
		   "\"0x1002\", "
		   "\"record\": \"0x0\", \"virt\": \"0x1000\", \"phys\": \"0x300000\", "
		   "\"bytes\": 8192, "
		   "\"segments\": [{ \"virt\": \"0x1000\", \"bytes\": 5, \"write\": false, "
		   "\"exec\": true }, { \"virt\": \"0x2010\", \"bytes\": 6, \"write\": true, "
		   "\"exec\": false }] } }\n");
	text_report(REPORT_BOOTED);
	assert_has("\n  /k, native protocol\n");
	assert_has("\n  [0x0000000000001000, 0x0000000000003000)       8 KiB  as it is linked\n");
	assert_has("\n  [0x0000000000300000, 0x0000000000302000)       8 KiB  where it is\n");
	assert_has("\n  entry 0x1002, record at 0x0\n");
	k->protocol = PROTOCOL_LINUX;
	boot.record_phys = 0x5000;
	text_report(REPORT_BOOTED);
	assert_has("\n  /k, linux protocol\n");
	assert_has_not("as it is linked");
	assert_has("\n  entry 0x1002, boot_params at 0x5000\n");
	k->bzimage.header_bytes = 3;
	memcpy(k->bzimage.header, "\x1f\0\xff", 3);
	json_report(REPORT_BOOTED);
	assert_has("\"setup_header\": \"1f00ff\" }");
}

#define TEST(name) cmocka_unit_test_setup(name, build)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(text_matches_the_golden_report),
		TEST(other_stages_match_the_golden_reports),
		TEST(json_matches_the_golden_report),
		TEST(picture_matches_the_golden_one),
		TEST(picture_has_the_remarks),
		TEST(legend_has_what_there_is),
		TEST(no_line_is_longer_than_the_terminal),
		TEST(verdict_is_ready_only_when_all_is_well),
		TEST(other_stages_say_what_they_are),
		TEST(times_are_those_of_stages_that_ran),
		TEST(pages_of_the_firmware_are_told_by_size),
		TEST(empty_zones_of_one_node_are_told),
		TEST(twelve_distances_are_shown),
		TEST(totals_add_up),
		TEST(the_reader_refuses_what_is_not_json),
		TEST(json_is_valid_in_every_stage),
		TEST(json_has_the_facts),
		TEST(json_has_the_matrices),
		TEST(json_tells_the_kernels_demands),
		TEST(json_escapes_what_comes_from_outside),
		TEST(json_is_valid_when_empty),
		TEST(long_mem_map_is_cut_and_counted),
		TEST(frame_surrounds_the_document),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}

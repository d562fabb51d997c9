/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scale of the picture of memory, up to the most that five levels of page tables reach.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/mm.h>
#include <bootmem/owner.h>

#include "../../core/svg_memory.h"
#include "../../core/svg_out.h"
#include "golden.h"

static struct boot boot;
static struct mm mm;

/* The picture of RAM up to 3/4 of end, and of what is reserved above it, 1000 pixels wide. */
static const char *draw(phys_t end)
{
	static char text[16384];
	struct e820_entry entries[] = { { 0, end / 4 * 3, E820_RAM, 0 },
		{ end / 4 * 3, end, E820_RESERVED, 0 } };
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));

	boot = (struct boot){ .e820 = { entries, ARRAY_SIZE(entries), ARRAY_SIZE(entries) },
		.mm = &mm };
	boot.limits.max_pfn = pfn_down(end / 4 * 3);
	svg_memory(&boot, &sink, 0, 0, 1000 * PX);
	return text;
}

static void everything_is_to_scale(void **state)
{
	(void)state;
	for (phys_t end = 4 * GIB; end <= 2048 * TIB; end *= 2) {
		const char *text = draw(end);
		const char *reserved =
			strstr(text, "<rect x=\"750.00\" y=\"16.00\" width=\"250.00\"");

		assert_non_null(reserved);
		assert_non_null(strstr(text, "<rect x=\"0.00\" y=\"16.00\" width=\"750.00\""));
	}
}

/*
 * Ranges in crowds: more of them than a row has room for, crowds within crowds, one at the very end of RAM; owners that
 * touch, pages apart and alone; two nodes.
 */
static void crowds_match_the_golden_picture(void **state)
{
	static char text[64 * 1024];
	static struct e820_entry entries[] = {
		{ 0, 0x9f000, E820_RAM, 0 },
		{ 0x9f000, 0xa0000, E820_NVS, 0 },
		{ 0xf0000, 0x100000, E820_RESERVED, 0 },
		{ 0x100000, 0x800000, E820_RAM, 0 },
		{ 0x800000, 0x808000, E820_NVS, 0 },
		{ 0x808000, 0x810000, E820_RAM, 0 },
		{ 0x810000, 0x900000, E820_NVS, 0 },
		{ 0x900000, 0x7bfe5000, E820_RAM, 0 },
		{ 0x7bfe5000, 0x7bfe6000, E820_RESERVED, 0 },
		{ 0x7bfe6000, 0x7dff0000, E820_RAM, 0 },
		{ 0x7dff0000, 0x7e000000, E820_ACPI, 0 },
		{ 0x7e000000, 0x7e100000, E820_UNUSABLE, 0 },
		{ 0xe0000000, 0xf0000000, E820_RESERVED, 0 },
		{ 0xfec00000, 0xfec01000, E820_RESERVED, 0 },
		{ 0xfee00000, 0xfee01000, E820_RESERVED, 0 },
		{ 4 * GIB, 17 * GIB, E820_RAM, 0 },
		{ 17 * GIB, 17 * GIB + 4 * MIB, E820_PMEM, 0 },
		{ 17 * GIB + 4 * MIB, 17 * GIB + 6 * MIB, E820_SOFT, 0 },
		{ 17 * GIB + 6 * MIB, 63 * GIB, E820_RAM, 0 },
		{ 64 * GIB - 0x3000, 64 * GIB - 0x2000, E820_RAM, 0 },
		{ 64 * GIB - 0x2000, 64 * GIB, E820_UNACCEPTED, 0 },
	};
	static struct owner_range owned[] = { { 0, 1, OWNER_PAGE_0, 0 },
		{ 1, 16, OWNER_LOW_64K, 0 }, { 0x1000, 0x1002, OWNER_BITMAP, 0 },
		{ 0x1002, 0x1400, OWNER_KERNEL, 0 }, { 0x1400, 0x1420, OWNER_PAGE_TABLES, 0 },
		{ 0x1422, 0x1423, OWNER_MM, 0 }, { 0x7b000, 0x7b100, OWNER_IMAGE, 0 },
		{ 0x200000, 0x201000, OWNER_RESERVE, 0 } };
	static struct node_range nodes[] = { { 0, 0x9f, 0, 0 }, { 0x100, 0x440000, 0, 0 },
		{ 0x440600, 0xffffe, 1, 0 } };
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));

	(void)state;
	boot = (struct boot){ .e820 = { entries, ARRAY_SIZE(entries), ARRAY_SIZE(entries) },
		.owners = { owned, ARRAY_SIZE(owned), ARRAY_SIZE(owned) },
		.node_map = { .range = nodes, .ranges = ARRAY_SIZE(nodes), .nodes = 2 },
		.mm = &mm };
	boot.limits.max_pfn = pfn_down(64 * GIB) - 2;
	assert_true(svg_memory(&boot, &sink, 7 * PX, 11 * PX, 1000 * PX) > 11 * PX);
	assert_true(buffer.used < sizeof(text));
	matches_golden(text, "test/unit/golden/crowds");
}

/* Pages of RAM with a page between them. */
static void add_crowd(struct e820 *map, phys_t at, uint32_t pages)
{
	for (uint32_t i = 0; i < pages; i++, at += 2 * PAGE_SIZE)
		map->entry[map->count++] = (struct e820_entry){ at, at + PAGE_SIZE, E820_RAM, 0 };
}

/* Of crowds that are equally full the first ones are enlarged. */
static void fullest_crowds_are_enlarged(void **state)
{
	static const uint32_t pages[] = { 2, 3, 3, 5, 2, 4, 3 };
	static const bool shown[] = { false, true, false, true, false, true, false };
	static char text[64 * 1024];
	struct e820_entry entries[32];
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));

	(void)state;
	boot = (struct boot){ .e820 = { entries, 0, ARRAY_SIZE(entries) }, .mm = &mm };
	for (uint32_t i = 0; i < ARRAY_SIZE(pages); i++)
		add_crowd(&boot.e820, (i + 1) * 4 * GIB, pages[i]);
	boot.limits.max_pfn = pfn_down(32 * GIB);
	svg_memory(&boot, &sink, 0, 0, 1000 * PX);
	for (uint32_t i = 0; i < ARRAY_SIZE(pages); i++) {
		char start[ADDRESS_TEXT];

		svg_address(start, (i + 1) * 4 * GIB - 32 * KIB); /* what is around it */
		assert_int_equal(strstr(text, start) != NULL, shown[i]);
	}
}

static unsigned count(const char *text, const char *wanted)
{
	unsigned found = 0;

	for (; (text = strstr(text, wanted)) != NULL; text++)
		found++;
	return found;
}

/* A zone has the same colour in each node, and only where it has RAM. */
static void zones_of_two_nodes(void **state)
{
	static char text[16384];
	struct e820_entry entry = { 0, GIB, E820_RAM, 0 };
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));

	(void)state;
	boot = (struct boot){ .e820 = { &entry, 1, 1 }, .mm = calloc(1, mm_bytes(2)) };
	boot.limits.max_pfn = pfn_down(GIB);
	boot.mm->nodes = 2;
	for (uint32_t i = 0; i < 2 * ARCH_NR_ZONES - 1; i++)
		*mm_zone(boot.mm, i) = (struct zone){
			.start_pfn = i * 0x4000, .spanned_pages = 0x4000, .present_pages = 0x4000
		};
	svg_memory(&boot, &sink, 0, 0, 1000 * PX);
	for (uint32_t zone = 0; zone < ARCH_NR_ZONES; zone++)
		assert_int_equal(
			count(text, svg_zone_colour(zone)), zone == ARCH_NR_ZONES - 1 ? 1 : 2);
	free(boot.mm);
}

/* What firmware says of itself can be anything; the document stays well formed. */
static void text_is_escaped(void **state)
{
	char text[256];
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));

	(void)state;
	svg_text(&sink, 100, 250, ANCHOR_START, "t", "a<b>&\"c\"\n\x7f~ \xe9");
	assert_string_equal(text, "<text class=\"t\" x=\"1.00\" "
				  "y=\"2.50\">a&lt;b&gt;&amp;&quot;c&quot;??~ ?</text>\n");
}

/* In one picture nobody is taken for bad RAM, and free RAM for nobody's. */
static void colours_are_told_apart(void **state)
{
	(void)state;
	for (uint32_t owner = 0; owner <= OWNER_COUNT; owner++)
		for (uint32_t other = 0; other < owner; other++)
			if (owner == OWNER_COUNT || owner == OWNER_BADRAM || other == OWNER_BADRAM)
				assert_string_not_equal(
					svg_owner_colour(owner), svg_owner_colour(other));
	for (uint32_t type = 0; type < E820_TYPES; type++)
		assert_string_not_equal(svg_type_colour(type), svg_type_colour(E820_TYPES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_to_scale),
		cmocka_unit_test(crowds_match_the_golden_picture),
		cmocka_unit_test(fullest_crowds_are_enlarged),
		cmocka_unit_test(zones_of_two_nodes),
		cmocka_unit_test(text_is_escaped),
		cmocka_unit_test(colours_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scale of the picture of memory, up to the most that five levels of page tables reach.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/mm.h>
#include <bootmem/owner.h>

#include "../../core/svg_memory.h"
#include "../../core/svg_out.h"

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
		cmocka_unit_test(text_is_escaped),
		cmocka_unit_test(colours_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

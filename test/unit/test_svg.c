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

#include "../../core/svg_memory.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_to_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

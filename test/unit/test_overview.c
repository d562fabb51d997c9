/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The overview of started machines, on canvases of all sizes: nothing is drawn outside of them or into what is below, and
 * everything else is covered. Read back: the strip's colours are where e820 says, and the text. Two pictures are compared with
 * test/unit/golden/overview-*, pixel by pixel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/overview.h>

#include "fake_firmware.h"
#include "golden.h"

#define UNTOUCHED 0xdeadbeefu
#define RAM       0x8fc9a3u
#define HOLE      COLOUR_BAR
#define RESERVED  0x8b95a5u

static uint8_t rows_8[FONT_GLYPHS * 16], rows_12[FONT_GLYPHS * 24 * 2];
static const struct font font[] = { { 8, 16, rows_8 }, { 12, 24, rows_12 } };
static const struct fonts fonts = { font, 2 };

static struct fake_firmware fw;
static struct boot boot;

/* 1 GiB of RAM, a hole, 256 MiB of something else from 2 GiB, RAM from 4 GiB to 8 GiB. */
static void start(const struct boot_options *options)
{
	fake_init(&fw, ARCH_HIGHMEM ? GIB : 9 * GIB); /* nobody touches high memory */
	fake_add(&fw, EFI_MEM_CONVENTIONAL, 0, 0xa0000, EFI_ATTR_WB);
	fake_add(&fw, EFI_MEM_CONVENTIONAL, 0x100000, GIB, EFI_ATTR_WB);
	fake_add(&fw, EFI_MEM_RESERVED, 2 * GIB, 2 * GIB + 256 * MIB, 0);
	fake_add(&fw, EFI_MEM_CONVENTIONAL, 4 * GIB, 8 * GIB, EFI_ATTR_WB);
	assert_int_equal(fake_start(&fw, &boot, options), BM_OK);
	assert_int_equal(boot_prepare(&boot), BM_OK);
	assert_int_equal(boot_exit(&boot), BM_OK);
	fake_activate(&fw, &boot);
	assert_int_equal(boot_mem_init(&boot), BM_OK);
}

struct picture {
	uint32_t *pixels;
	uint32_t width, height;
	struct canvas canvas;
};

static struct picture draw(uint32_t width, uint32_t height, uint32_t bottom)
{
	struct picture p = { malloc((size_t)width * height * 4), width, height, { 0 } };
	const struct handoff_framebuffer format = { .width = width,
		.height = height,
		.pitch = width * 4,
		.bits_per_pixel = 32,
		.red_mask = 0xff0000,
		.green_mask = 0xff00,
		.blue_mask = 0xff };

	for (size_t i = 0; i < (size_t)width * height; i++)
		p.pixels[i] = UNTOUCHED;
	assert_int_equal(
		canvas_init(&p.canvas, &fonts, p.pixels, (uint64_t)width * height * 4, &format),
		BM_OK);
	overview_draw(&p.canvas, &boot, bottom);
	return p;
}

static uint32_t at(const struct picture *p, uint32_t x, uint32_t y)
{
	return p->pixels[(size_t)y * p->width + x];
}

static void any_size(void **state)
{
	static const uint32_t width[] = { 1, 7, 64, 320, 640, 799, 1280 };
	static const uint32_t height[] = { 1, 9, 33, 200, 480, 601 };

	(void)state;
	start(NULL);
	finding_add(&boot.findings, FINDING_MAP_OVERLAP, 0, PAGE_SIZE);
	for (unsigned i = 0; i < ARRAY_SIZE(width); i++)
		for (unsigned j = 0; j < ARRAY_SIZE(height); j++) {
			uint32_t bottom = height[j] / 10;
			struct picture p = draw(width[i], height[j], bottom);

			assert_int_not_equal(at(&p, width[i] - 1, 0), UNTOUCHED);
			assert_int_not_equal(at(&p, 0, height[j] - bottom - 1), UNTOUCHED);
			if (bottom != 0 && height[j] >= 480)
				assert_int_equal(at(&p, 0, height[j] - bottom), UNTOUCHED);
			free(p.pixels);
		}
	fake_free(&fw);
}

/* The map's lane: the first line below the title that has the colour of RAM near its left end. */
static uint32_t find_strip(const struct picture *p)
{
	for (uint32_t y = 60; y < p->height; y++)
		if (at(p, p->width / 16, y) == RAM)
			return y + 4;
	fail_msg("no strip");
	return 0;
}

/* RAM is 0 to 1 GiB and 4 to 8; the margins are three characters of 12 pixels. */
static void strip_is_to_scale(void **state)
{
	struct picture p;
	uint32_t y, ram = 0, reserved = 0, hole = 0;

	(void)state;
	start(NULL);
	p = draw(1280, 800, 36);
	y = find_strip(&p);
	for (uint32_t x = 36; x < 1280 - 36; x++) {
		ram += at(&p, x, y) == RAM;
		reserved += at(&p, x, y) == RESERVED;
		hole += at(&p, x, y) == HOLE;
	}
	assert_in_range(ram, 1208 * 5 / 8 - 8, 1208 * 5 / 8 + 2);
	assert_in_range(reserved, 1208 / 32 - 1, 1208 / 32 + 1);
	assert_in_range(hole, 1208 * 3 / 8 - 1208 / 32 - 4, 1208 * 3 / 8 - 1208 / 32 + 8);
	assert_int_equal(at(&p, 36 + 1208 / 8 - 2, y), RAM);
	assert_int_equal(at(&p, 36 + 1208 / 8 + 2, y), HOLE);
	assert_int_equal(at(&p, 36 + 1208 / 2 + 2, y), RAM);
	free(p.pixels);
	fake_free(&fw);
}

/* More zones than there are lines. */
static void many_nodes_fit(void **state)
{
	struct boot_options options;
	struct picture p;

	(void)state;
	options_defaults(&options);
	options.numa = NUMA_FAKE;
	options.numa_fake_nodes = 48;
	start(&options);
	assert_true(boot.mm->nodes > 16);
	p = draw(640, 480, 24);
	assert_int_equal(at(&p, 0, 479), UNTOUCHED);
	free(p.pixels);
	fake_free(&fw);
}

/* --- the text ---------------------------------------------------------------------------------------- */

/* Glyphs that can be told apart: their index in the second row, from the second pixel on. */
static int make_fonts(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FONT_GLYPHS; i++) {
		rows_8[i * 16 + 1] = (uint8_t)i;
		rows_12[(i * 24 + 1) * 2] = (uint8_t)i;
	}
	return 0;
}

static char read_glyph(const struct picture *p, uint32_t x, uint32_t y)
{
	unsigned index = 0;

	for (unsigned i = 1; i < 8; i++)
		index = 2 * index + (at(p, x + i, y + 1) != at(p, x, y));
	return index < FONT_GLYPHS ? (char)(FONT_FIRST + index) : '?';
}

/* What a line says from its left margin on, blanks at the end left out. */
static const char *read_line(const struct picture *p, uint32_t y, uint32_t characters)
{
	struct face face = overview_face(&p->canvas);
	uint32_t x = overview_margin(&p->canvas), length = 0;
	static char line[256];

	assert_int_equal(face.scale, 1);
	for (; length < characters && x + face_width(&face) <= p->width; x += face_width(&face))
		line[length++] = read_glyph(p, x, y);
	while (length != 0 && line[length - 1] == ' ')
		length--;
	line[length] = '\0';
	return line;
}

/* The first y from this one on where a line with this text is; 0: none. */
static uint32_t find_line(const struct picture *p, uint32_t y, const char *text)
{
	for (; y + 2 < p->height; y++)
		if (strstr(read_line(p, y, 200), text) != NULL)
			return y;
	return 0;
}

/* Is a text anywhere in the column that begins at x? */
static bool shows_at(const struct picture *p, uint32_t x, const char *text)
{
	struct face face = overview_face(&p->canvas);
	uint32_t width = face_width(&face);

	if (x + strlen(text) * width > p->width)
		return false;
	for (uint32_t y = 0; y + 2 < p->height; y++) {
		size_t i = 0;

		while (text[i] != '\0' && read_glyph(p, x + (uint32_t)i * width, y) == text[i])
			i++;
		if (text[i] == '\0')
			return true;
	}
	return false;
}

/*
 * On strips of all widths: a zone has its name as soon as there is a character's room on both sides of it, and the scale a
 * mark in the middle, at 4 of 8 GiB, as soon as it has room for eleven.
 */
static void strip_says_what_it_has_room_for(void **state)
{
	const char *name = zone_name(2);
	const struct zone *zone;

	(void)state;
	start(NULL);
	zone = &boot.mm->node[0].zone[2];
	for (uint32_t width = 64; width < 200; width++) {
		struct picture p = draw(8 + width + 8, 400, 0);
		uint32_t from = (uint32_t)(zone->start_pfn * width / pfn_down(8 * GIB));
		bool room = width - from >= 8 * (strlen(name) + 2);

		assert_int_equal(overview_margin(&p.canvas), 8);
		assert_int_equal(shows_at(&p, 8 + from + 8, name), room);
		assert_int_equal(shows_at(&p, 8 + width / 2, "4 GiB"), width / 2 >= 11 * 8);
		free(p.pixels);
	}
	fake_free(&fw);
}

/* Eighty columns and thirty lines, in the largest letters that leave room for them. */
static void letters_are_as_large_as_they_fit(void **state)
{
	struct canvas c = { .fonts = &fonts, .width = 80 * 12, .height = 30 * 24 };

	(void)state;
	assert_ptr_equal(overview_face(&c).font, &font[1]);
	assert_int_equal(overview_face(&c).scale, 1);
	c.width--;
	assert_ptr_equal(overview_face(&c).font, &font[0]);
	c.width++;
	c.height--;
	assert_ptr_equal(overview_face(&c).font, &font[0]);
}

/* The column below FINDINGS, its lines put together with single blanks. */
static void read_findings(const struct picture *p, char *text, size_t size)
{
	struct face face = overview_face(&p->canvas);
	uint32_t y = find_line(p, 0, "FINDINGS");
	uint32_t across = (p->width - 2 * overview_margin(&p->canvas)) / face_width(&face);
	uint32_t column = 39 + (across > 78 ? (across - 78) / 2 : 0); /* characters */

	assert_int_not_equal(y, 0);
	text[0] = '\0';
	while ((y += face_height(&face)) + face_height(&face) <= p->height) {
		const char *line = read_line(p, y, column);

		line += strspn(line, " ");
		if (*line == '\0' || at(p, 0, y) == UNTOUCHED)
			break;
		assert_true(strlen(text) + strlen(line) + 2 < size);
		strcat(strcat(text, text[0] != '\0' ? " " : ""), line);
	}
}

static const struct {
	uint32_t width, height;
} sizes[] = { { 640, 480 }, { 800, 600 }, { 1024, 768 } };

/* One by one: each is there to its last word. */
static void findings_are_whole(void **state)
{
	char shown[1024], wanted[128];

	(void)state;
	start(NULL);
	for (unsigned id = 0; id < FINDING_COUNT; id++)
		for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct picture p;

			boot.findings = (struct findings){ 0 };
			finding_add(&boot.findings, (enum finding_id)id, 0, PAGE_SIZE);
			p = draw(sizes[i].width, sizes[i].height, 24);
			read_findings(&p, shown, sizeof(shown));
			snprintf(wanted, sizeof(wanted), "%-4s %s",
				finding_quirk((enum finding_id)id),
				finding_text((enum finding_id)id));
			assert_string_equal(shown, wanted);
			free(p.pixels);
		}
	fake_free(&fw);
}

/* However many zones and findings there are: the balance is there, a finding, and how many more. */
static void nothing_is_lost_silently(void **state)
{
	struct boot_options options;
	char shown[1024];

	(void)state;
	options_defaults(&options);
	options.numa = NUMA_FAKE;
	options.numa_fake_nodes = 48;
	start(&options);
	for (unsigned id = 0; id < FINDING_COUNT; id++)
		finding_add(&boot.findings, (enum finding_id)id, 0, PAGE_SIZE);
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct picture p = draw(sizes[i].width, sizes[i].height, 24);
		uint32_t zones = find_line(&p, 0, "ZONES"), memory = find_line(&p, zones, "MEMORY");

		assert_true(zones != 0 && memory != 0);
		assert_in_range(find_line(&p, zones, " more"), zones, memory);
		assert_int_not_equal(find_line(&p, memory, "= present"), 0);
		read_findings(&p, shown, sizeof(shown));
		assert_int_equal(strncmp(shown, finding_quirk(0), strlen(finding_quirk(0))), 0);
		assert_string_equal(shown + strlen(shown) - 5, " more");
		free(p.pixels);
	}
	fake_free(&fw);
}

/* The lines below FINDINGS; how many there are. */
static uint32_t findings_of(const struct picture *p, char line[][64], uint32_t most)
{
	struct face face = overview_face(&p->canvas);
	uint32_t y = find_line(p, 0, "FINDINGS"), lines = 0;

	while (y != 0 && (y += face_height(&face)) + face_height(&face) <= p->height &&
		at(p, 0, y) != UNTOUCHED) {
		const char *text = read_line(p, y, 39);

		if (*text == '\0')
			break;
		assert_true(lines < most);
		snprintf(line[lines++], sizeof(line[0]), "%s", text);
	}
	return lines;
}

/* Of all lines, what room for so many shows: whole findings, and how many others there are. */
static uint32_t fitting_findings(char line[][64], uint32_t lines, uint32_t room)
{
	uint32_t shown = 0, more = 0;

	if (lines <= room)
		return lines;
	for (uint32_t i = 1; i < room; i++)
		if (line[i][0] != ' ')
			shown = i;
	for (uint32_t i = shown; i < lines; i++)
		more += line[i][0] != ' ';
	snprintf(line[shown], sizeof(line[0]), "... %u more", more);
	return shown + 1;
}

/* On screens of all heights: as many findings as fit, none of them cut. */
static void findings_fill_the_room(void **state)
{
	static const enum finding_id ids[] = { FINDING_MAP_UNSORTED, FINDING_MAP_OVERLAP,
		FINDING_STRIDE, FINDING_RAM_TOO_LATE, FINDING_TABLES_FREE, FINDING_EXIT_RETRIED };
	char all[32][64], wanted[32][64], shown[32][64];
	struct picture p;
	uint32_t lines;

	(void)state;
	start(NULL);
	boot.findings = (struct findings){ 0 };
	for (unsigned i = 0; i < ARRAY_SIZE(ids); i++)
		finding_add(&boot.findings, ids[i], 0, PAGE_SIZE);
	p = draw(640, 900, 24);
	lines = findings_of(&p, all, ARRAY_SIZE(all));
	assert_true(lines > ARRAY_SIZE(ids));
	free(p.pixels);
	for (uint32_t height = 400, full = 0; full < 2; height += 16) {
		uint32_t y, room, count;

		p = draw(640, height, 24);
		y = find_line(&p, 0, "FINDINGS");
		room = (height - 24 - y - 16) / 16;
		if (y != 0 && room != 0) {
			memcpy(wanted, all, sizeof(all));
			count = fitting_findings(wanted, lines, room);
			assert_int_equal(findings_of(&p, shown, ARRAY_SIZE(shown)), count);
			for (uint32_t i = 0; i < count; i++)
				assert_string_equal(shown[i], wanted[i]);
			full += lines <= room;
		}
		free(p.pixels);
	}
	fake_free(&fw);
}

/* Only what the strip shows. */
static void legend_ends_with_the_strip(void **state)
{
	struct boot_options options;
	struct picture p;
	uint32_t y;

	(void)state;
	start(NULL);
	assert_true(boot.e820.count < boot.e820.capacity);
	boot.e820.entry[boot.e820.count] = (struct e820_entry){ 0, GIB, E820_NVS, 0 };
	p = draw(800, 600, 24);
	y = find_line(&p, 0, "not memory");
	assert_non_null(strstr(read_line(&p, y, 200), e820_type_label(E820_RESERVED)));
	assert_null(strstr(read_line(&p, y, 200), e820_type_label(E820_NVS)));
	free(p.pixels);
	fake_free(&fw);
	options_defaults(&options);
	options.mem_bytes = GIB;
	start(&options);
	p = draw(800, 600, 24);
	y = find_line(&p, 0, "not memory");
	assert_int_not_equal(y, 0);
	assert_null(strstr(read_line(&p, y, 200), e820_type_label(E820_RESERVED)));
	free(p.pixels);
	fake_free(&fw);
}

/* When something is wrong nobody can overlook it. */
static void bad_news_is_shown(void **state)
{
	struct picture p;

	(void)state;
	start(NULL);
	p = draw(800, 600, 24);
	assert_int_not_equal(find_line(&p, 0, "every page is free or has an owner"), 0);
	free(p.pixels);
	boot.selftest.balanced = false;
	boot.input.firmware_vendor[0] = '\0';
	p = draw(800, 600, 24);
	assert_int_not_equal(find_line(&p, 0, "the counts do not agree"), 0);
	free(p.pixels);
	boot.selftest.balanced = true;
	boot.findings = (struct findings){ 0 };
	finding_add(&boot.findings, FINDING_MAP_UNSORTED, 0, 0);
	p = draw(800, 600, 24);
	assert_int_equal(find_line(&p, 0, "none"), 0);
	free(p.pixels);
	boot.findings = (struct findings){ 0 };
	p = draw(800, 600, 24);
	assert_int_not_equal(find_line(&p, find_line(&p, 0, "FINDINGS"), "none"), 0);
	free(p.pixels);
	boot.mm->node[0].zone[0].free_pages++;
	p = draw(800, 600, 24);
	assert_int_not_equal(find_line(&p, 0, "the counts do not agree"), 0);
	free(p.pixels);
	fake_free(&fw);
}

/* --- the whole picture --------------------------------------------------------------------------------- */

/* Something of each type and each use, two nodes, two findings. */
static void start_with_everything(void)
{
	static const uint32_t types[] = { EFI_MEM_ACPI_RECLAIM, EFI_MEM_ACPI_NVS, EFI_MEM_UNUSABLE,
		EFI_MEM_PERSISTENT, EFI_MEM_UNACCEPTED, EFI_MEM_RESERVED };
	struct boot_options options;

	options_defaults(&options);
	options.numa = NUMA_FAKE;
	options.numa_fake_nodes = 2;
	options.reserves = 1;
	options.reserve[0] = (struct option_range){ 512 * MIB, 64 * MIB };
	fake_init(&fw, ARCH_HIGHMEM ? GIB : 9 * GIB);
	fw.dirty = true;
	fake_add(&fw, EFI_MEM_CONVENTIONAL, 0, 0xa0000, EFI_ATTR_WB);
	fake_add(&fw, EFI_MEM_CONVENTIONAL, 0x100000, GIB, EFI_ATTR_WB);
	for (unsigned i = 0; i < ARRAY_SIZE(types); i++)
		fake_add(&fw, types[i], (8 + i) * 256 * MIB, (8 + i) * 256 * MIB + 128 * MIB, 0);
	fake_add(&fw, EFI_MEM_CONVENTIONAL, 4 * GIB, 7 * GIB, EFI_ATTR_WB);
	fake_add(
		&fw, EFI_MEM_CONVENTIONAL, 7 * GIB, 7 * GIB + 512 * MIB, EFI_ATTR_WB | EFI_ATTR_SP);
	fake_add(&fw, EFI_MEM_CONVENTIONAL, 7 * GIB + 512 * MIB, 8 * GIB, EFI_ATTR_WB);
	assert_true(
		fake_allocate(&fw, pfn_down(256 * MIB), pfn_down(32 * MIB), EFI_MEM_LOADER_DATA));
	assert_int_equal(fake_start(&fw, &boot, &options), BM_OK);
	boot.input.initrd_start_phys = 256 * MIB;
	boot.input.initrd_end_phys = 288 * MIB;
	assert_int_equal(boot_prepare(&boot), BM_OK);
	assert_int_equal(boot_exit(&boot), BM_OK);
	fake_activate(&fw, &boot);
	assert_int_equal(boot_mem_init(&boot), BM_OK);
	boot.findings = (struct findings){ 0 };
	finding_add(&boot.findings, FINDING_MAP_UNSORTED, 0, 0);
	finding_add(&boot.findings, FINDING_MAP_OVERLAP, 0x1000, 0x3000);
}

/* A letter for each colour, in the order they come up; the last line says which they are. */
struct palette {
	uint32_t colour[52];
	unsigned colours;
};

static char letter(struct palette *p, uint32_t colour)
{
	unsigned i = 0;

	while (i < p->colours && p->colour[i] != colour)
		i++;
	assert_true(i < ARRAY_SIZE(p->colour));
	if (i == p->colours)
		p->colour[p->colours++] = colour;
	return (char)(i < 26 ? 'a' + i : 'A' + i - 26);
}

/* Its lines from top to bottom, equal ones once, as runs of pixels: "60-62 a36b10a594". */
static void describe(const struct picture *p, const struct sink *out)
{
	struct palette palette = { .colours = 0 };
	const size_t line_bytes = p->width * sizeof(*p->pixels);

	for (uint32_t y = 0, end; y < p->height; y = end) {
		const uint32_t *line = p->pixels + (size_t)y * p->width;

		for (end = y + 1; end < p->height; end++)
			if (memcmp(line, p->pixels + (size_t)end * p->width, line_bytes) != 0)
				break;
		sink_printf(out, "%u-%u ", y, end);
		for (uint32_t x = 0, stop; x < p->width; x = stop) {
			for (stop = x + 1; stop < p->width && line[stop] == line[x]; stop++)
				;
			sink_printf(out, "%c%u", letter(&palette, line[x]), stop - x);
		}
		sink_puts(out, "\n");
	}
	for (unsigned i = 0; i < palette.colours; i++)
		sink_printf(
			out, "%06x%s", palette.colour[i], i + 1 == palette.colours ? "\n" : " ");
}

static void matches_golden_picture(uint32_t width, uint32_t height, const char *path)
{
	static char text[64 * 1024];
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));
	struct picture p = draw(width, height, 24);

	describe(&p, &sink);
	assert_true(buffer.used < sizeof(text));
	matches_golden(text, path);
	free(p.pixels);
}

static void pictures_match_the_golden_ones(void **state)
{
	(void)state;
	start_with_everything();
	matches_golden_picture(640, 480, "test/unit/golden/overview-" ARCH_NAME "-640x480");
	matches_golden_picture(1400, 1050, "test/unit/golden/overview-" ARCH_NAME "-1400x1050");
	fake_free(&fw);
}

/* --- what an address is ------------------------------------------------------------------------------ */

static void place_is(uint64_t virt, const char *wanted)
{
	char text[160];
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));

	boot_put_place(&boot, virt, &sink);
	assert_string_equal(text, wanted);
}

static void places_have_names(void **state)
{
	const struct boot_input *in = &boot.input;
	static const uint8_t guard[] = ARCH_CPU_GUARDS;
	char text[80];

	(void)state;
	start(NULL);
	place_is(0x10, "page 0, mapped nowhere");
	place_is(boot.cpu_block_phys + ((uint64_t)guard[0] << PAGE_SHIFT) + 0xff8,
		"the guard page below the program's stack");
	place_is(boot.cpu_block_phys + ((uint64_t)guard[1] << PAGE_SHIFT),
		"the guard page below an exception's stack");
	place_is(boot.cpu_block_phys, "cpu tables and stacks");
	place_is(in->init_start_phys, "code that only the start needs, not mapped where it is");
	place_is(in->init_end_phys, "the program's code");
	place_is(in->special[1].start_phys, "the program's constants");
	place_is(in->special[2].end_phys - 1, "the program's data");
	boot.input.specials = 2;
	place_is(in->special[2].start_phys, "the program");
	place_is(boot.space.direct_base + 1, "the direct map of 0x1, page 0, mapped nowhere");
	snprintf(text, sizeof(text), "the direct map of 0x%llx, page tables",
		ULL(boot.paging.root + 8));
	place_is(boot.space.direct_base + boot.paging.root + 8, text);
	place_is(0x40000000, "not RAM, not mapped where it is");
	place_is(0x30000000, "free RAM, not mapped where it is");
	place_is(boot.space.vmalloc_start, "the vmalloc area, where nothing is mapped yet");
	place_is(boot.space.fixmap_start, "the fixmap area, where nothing is mapped yet");
	place_is(boot.space.fixmap_end, "an address that nothing is at");
	fake_free(&fw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_size),
		cmocka_unit_test(strip_is_to_scale),
		cmocka_unit_test(many_nodes_fit),
		cmocka_unit_test(strip_says_what_it_has_room_for),
		cmocka_unit_test(letters_are_as_large_as_they_fit),
		cmocka_unit_test(findings_are_whole),
		cmocka_unit_test(nothing_is_lost_silently),
		cmocka_unit_test(findings_fill_the_room),
		cmocka_unit_test(legend_ends_with_the_strip),
		cmocka_unit_test(bad_news_is_shown),
		cmocka_unit_test(pictures_match_the_golden_ones),
		cmocka_unit_test(places_have_names),
	};

	return cmocka_run_group_tests_name("overview", tests, make_fonts, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Drawing, against a model that sets one pixel at a time. The framebuffer is as long as its last pixel, on the heap: the
 * sanitizer sees every byte too far, and the bytes between two lines must stay as they were.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/canvas.h>
#include <bootmem/terminal.h>

#include "random.h"

#define UNTOUCHED 0xa5

/* --- fonts: glyph c, row r is a pattern of its own ----------------------------------------------- */

static uint8_t rows_small[FONT_GLYPHS * 7], rows_wide[FONT_GLYPHS * 9 * 2];
static const struct font font[] = { { 5, 7, rows_small }, { 11, 9, rows_wide } };
static const struct fonts fonts = { font, 2 };

static int make_fonts(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (unsigned i = 0; i < sizeof(rows_small); i++)
		rows_small[i] = (uint8_t)random_below(&seed, 256);
	for (unsigned i = 0; i < sizeof(rows_wide); i++)
		rows_wide[i] = (uint8_t)random_below(&seed, 256);
	memset(rows_small, 0, font[0].height); /* a blank is blank */
	memset(rows_wide, 0, 2u * font[1].height);
	return 0;
}

static bool glyph_bit(const struct font *f, char ch, uint32_t x, uint32_t y)
{
	unsigned index = (uint8_t)ch >= 0x20 && (uint8_t)ch < 0x7f ? (uint8_t)ch - 0x20u : 95;
	unsigned row_bytes = (f->width + 7u) / 8;

	return (f->rows[(index * f->height + y) * row_bytes + x / 8] >> (7 - x % 8) & 1) != 0;
}

/* --- a framebuffer and its model ------------------------------------------------------------------ */

struct format {
	uint32_t bits, red, green, blue;
};

static const struct format formats[] = {
	{ 32, 0xff0000, 0xff00, 0xff },     /* BGR: blue in the lowest byte */
	{ 32, 0xff, 0xff00, 0xff0000 },     /* RGB */
	{ 32, 0x3ff00000, 0xffc00, 0x3ff }, /* 10 bits each */
	{ 24, 0xff0000, 0xff00, 0xff }, { 16, 0xf800, 0x7e0, 0x1f }, { 16, 0x7c00, 0x3e0, 0x1f },
	{ 8, 0xe0, 0x1c, 0x03 },
	{ 32, 0xaa000000, 0x00550000, 0x1000f }, /* bits that are not together */
};

struct screen {
	struct handoff_framebuffer format;
	uint8_t *bytes;
	size_t size;
	struct canvas canvas;
	uint32_t *model; /* 0xrrggbb for each pixel; UINT32_MAX: untouched */
};

static struct screen make(
	const struct format *f, uint32_t width, uint32_t height, uint32_t extra_pixels)
{
	struct screen s = { .format = { .width = width,
				    .height = height,
				    .bits_per_pixel = f->bits,
				    .red_mask = f->red,
				    .green_mask = f->green,
				    .blue_mask = f->blue } };
	uint32_t pixel_bytes = f->bits / 8;

	s.format.pitch = (width + extra_pixels) * pixel_bytes;
	s.size = (size_t)(height - 1) * s.format.pitch + (size_t)width * pixel_bytes;
	s.bytes = malloc(s.size);
	memset(s.bytes, UNTOUCHED, s.size);
	s.model = malloc((size_t)width * height * sizeof(*s.model));
	memset(s.model, 0xff, (size_t)width * height * sizeof(*s.model));
	assert_int_equal(canvas_init(&s.canvas, &fonts, s.bytes, s.size, &s.format), BM_OK);
	assert_int_equal(s.canvas.height, height);
	return s;
}

static void discard(struct screen *s)
{
	free(s->bytes);
	free(s->model);
}

/* The n highest bits of a colour with 8, repeated downwards, in a mask from its highest bit on. */
static uint32_t model_channel(uint32_t value, uint32_t mask)
{
	uint32_t out = 0;
	unsigned taken = 0;

	for (int bit = 31; bit >= 0; bit--)
		if ((mask >> bit & 1) != 0) {
			out |= (value >> (7 - taken % 8) & 1) << bit;
			taken++;
		}
	return out;
}

static uint32_t model_pixel(const struct screen *s, uint32_t rgb)
{
	return model_channel(rgb >> 16, s->format.red_mask) |
	       model_channel(rgb >> 8 & 0xff, s->format.green_mask) |
	       model_channel(rgb & 0xff, s->format.blue_mask);
}

static void model_set(struct screen *s, uint64_t x, uint64_t y, uint32_t rgb)
{
	if (x < s->format.width && y < s->format.height)
		s->model[y * s->format.width + x] = rgb;
}

static void check(const struct screen *s)
{
	uint32_t pixel_bytes = s->format.bits_per_pixel / 8;

	for (size_t at = 0; at < s->size; at++) {
		size_t line = at / s->format.pitch, x = at % s->format.pitch / pixel_bytes;
		uint32_t rgb =
			x < s->format.width ? s->model[line * s->format.width + x] : UINT32_MAX;
		uint32_t wanted = UNTOUCHED;

		if (rgb != UINT32_MAX)
			wanted = model_pixel(s, rgb) >> 8 * (at % s->format.pitch % pixel_bytes) &
				 0xff;
		if (s->bytes[at] != wanted)
			fail_msg("%u bits: byte %zu is %02x, not %02x", s->format.bits_per_pixel,
				at, s->bytes[at], wanted);
	}
}

/* --- tests ------------------------------------------------------------------------------------------ */

static void colours_known(void **state)
{
	struct canvas c = { .red_mask = 0xf800, .green_mask = 0x7e0, .blue_mask = 0x1f };

	(void)state;
	assert_int_equal(canvas_pixel(&c, 0xffffff), 0xffff);
	assert_int_equal(canvas_pixel(&c, 0xff0000), 0xf800);
	assert_int_equal(canvas_pixel(&c, 0x804020), 0x8204);
	c = (struct canvas){ .red_mask = 0xff, .green_mask = 0xff00, .blue_mask = 0xff0000 };
	assert_int_equal(canvas_pixel(&c, 0x123456), 0x563412);
}

static void rectangles_match_the_model(void **state)
{
	uint64_t seed = 2;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(formats) * 20; i++) {
		uint32_t width = 1 + (uint32_t)random_below(&seed, 40);
		uint32_t height = 1 + (uint32_t)random_below(&seed, 20);
		struct screen s = make(&formats[i % ARRAY_SIZE(formats)], width, height,
			(uint32_t)random_below(&seed, 5));

		for (unsigned n = 0; n < 8; n++) {
			uint32_t x = (uint32_t)random_below(&seed, width + 3),
				 rgb = (uint32_t)random_below(&seed, 1u << 24);
			uint32_t y = (uint32_t)random_below(&seed, height + 3);
			uint32_t w = n == 7 ? UINT32_MAX : (uint32_t)random_below(&seed, width + 3);
			uint32_t h =
				n == 7 ? UINT32_MAX : (uint32_t)random_below(&seed, height + 3);

			canvas_fill(&s.canvas, x, y, w, h, rgb);
			for (uint64_t at_y = y; at_y < (uint64_t)y + h && at_y < height; at_y++)
				for (uint64_t at_x = x; at_x < (uint64_t)x + w && at_x < width;
					at_x++)
					model_set(&s, at_x, at_y, rgb);
		}
		check(&s);
		discard(&s);
	}
}

static void model_glyph(struct screen *s, const struct face *face, uint32_t x, uint32_t y, char ch,
	uint32_t rgb, uint32_t paper)
{
	for (uint32_t i = 0; i < face_height(face); i++)
		for (uint32_t j = 0; j < face_width(face); j++)
			model_set(s, (uint64_t)x + j, (uint64_t)y + i,
				glyph_bit(face->font, ch, j / face->scale, i / face->scale)
					? rgb
					: paper);
}

static void glyphs_match_the_model(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(formats) * 25; i++) {
		struct screen s = make(&formats[i % ARRAY_SIZE(formats)],
			1 + (uint32_t)random_below(&seed, 60),
			1 + (uint32_t)random_below(&seed, 40), (uint32_t)random_below(&seed, 3));

		for (unsigned n = 0; n < 6; n++) {
			struct face face = { &font[random_below(&seed, 2)],
				1 + (uint32_t)random_below(&seed, 3) };
			uint32_t x = (uint32_t)random_below(&seed, 62),
				 y = (uint32_t)random_below(&seed, 42);
			char ch = (char)random_below(&seed, 256);

			canvas_glyph(&s.canvas, &face, x, y, ch, 0xd0e0f0, 0x102030);
			model_glyph(&s, &face, x, y, ch, 0xd0e0f0, 0x102030);
		}
		check(&s);
		discard(&s);
	}
}

/* The widest font there can be has a word of pixels in a row. */
static void widest_glyphs_match_the_model(void **state)
{
	static uint8_t rows[FONT_GLYPHS * 2 * 4];
	static const struct font widest = { 32, 2, rows };
	const struct face face = { &widest, 1 };
	uint64_t seed = 6;

	(void)state;
	for (unsigned i = 0; i < sizeof(rows); i++)
		rows[i] = (uint8_t)random_below(&seed, 256);
	for (unsigned ch = 0; ch < 256; ch++) {
		struct screen s = make(&formats[0], 40, 4, 0);

		canvas_glyph(&s.canvas, &face, 3, 1, (char)ch, 0xd0e0f0, 0x102030);
		model_glyph(&s, &face, 3, 1, (char)ch, 0xd0e0f0, 0x102030);
		check(&s);
		discard(&s);
	}
}

static void bad_descriptions_are_refused(void **state)
{
	const struct handoff_framebuffer good = { .width = 10,
		.height = 4,
		.pitch = 40,
		.bits_per_pixel = 32,
		.red_mask = 0xff0000,
		.green_mask = 0xff00,
		.blue_mask = 0xff };
	struct handoff_framebuffer f = good;
	uint8_t bytes[160];
	struct canvas c;

	(void)state;
	assert_int_equal(canvas_init(&c, &fonts, bytes, 160, &f), BM_OK);
	/* what is not there is left out, in whole lines */
	assert_int_equal(canvas_init(&c, &fonts, bytes, 159, &f), BM_OK);
	assert_int_equal(c.height, 3);
	assert_int_equal(canvas_init(&c, &fonts, bytes, 39, &f), BM_INVALID);
	f.pitch = 39;
	assert_int_equal(canvas_init(&c, &fonts, bytes, 160, &f), BM_INVALID);
	f = good;
	f.bits_per_pixel = 0;
	assert_int_equal(canvas_init(&c, &fonts, bytes, 160, &f), BM_INVALID);
	f.bits_per_pixel = 64;
	assert_int_equal(canvas_init(&c, &fonts, bytes, 160, &f), BM_INVALID);
	f = good;
	f.width = 0;
	assert_int_equal(canvas_init(&c, &fonts, bytes, 160, &f), BM_INVALID);
	f = good;
	f.width = UINT32_MAX;
	assert_int_equal(canvas_init(&c, &fonts, bytes, 160, &f), BM_INVALID);
	f = good;
	f.green_mask = 0;
	assert_int_equal(canvas_init(&c, &fonts, bytes, 160, &f), BM_INVALID);
	f = good;
	f.red_mask = 0;
	assert_int_equal(canvas_init(&c, &fonts, bytes, 160, &f), BM_INVALID);
	f = good;
	f.blue_mask = 0;
	assert_int_equal(canvas_init(&c, &fonts, bytes, 160, &f), BM_INVALID);
}

/* Of all faces in which 10 lines fill the height, and 20 characters fit the width, the one of the least height. */
static void smallest_is(const struct face *small, uint32_t width, uint32_t height)
{
	uint32_t least = UINT32_MAX;

	for (unsigned i = 0; i < 2 * 60; i++) {
		const struct face face = { &font[i % 2], 1 + i / 2 };

		if (face_height(&face) * 10 >= height && face_width(&face) * 20 <= width &&
			face_height(&face) < least)
			least = face_height(&face);
	}
	if (least != UINT32_MAX)
		assert_true(face_height(small) == least && face_width(small) * 20 <= width);
	else
		assert_true(small->font == font && small->scale == 1);
}

static void faces_fit(void **state)
{
	(void)state;
	for (uint32_t width = 1; width < 600; width += 7)
		for (uint32_t height = 1; height < 400; height += 11) {
			struct canvas c = { .fonts = &fonts, .width = width, .height = height };
			struct face large = face_largest(&c, 20, 10),
				    small = face_smallest(&c, 20, 10);

			if (width < 20 * 5 || height < 10 * 7)
				assert_true(large.font == font && large.scale == 1);
			else
				assert_true(face_width(&large) * 20 <= width &&
					    face_height(&large) * 10 <= height);
			smallest_is(&small, width, height);
		}
}

/* --- the terminal ----------------------------------------------------------------------------------- */

static void show_text(struct terminal *t, const char *text, uint32_t page)
{
	struct sink sink = terminal_sink(t);

	terminal_clear(t);
	t->at_page = 0;
	t->page = page;
	sink_puts(&sink, text);
}

static bool cell_shows(struct screen *s, const struct terminal *t, uint32_t column, uint32_t line,
	uint32_t at, char ch)
{
	struct screen wanted = make(&formats[0], s->format.width, s->format.height, 0);
	uint32_t width = face_width(&t->face), height = face_height(&t->face);
	uint32_t x = t->gap + column * (t->characters * width + t->gap) + at * width;
	uint32_t y = t->top + line * height;
	bool same = true;

	canvas_glyph(&wanted.canvas, &t->face, x, y, ch, t->ink, t->paper);
	for (uint32_t i = 0; i < height; i++)
		same = same &&
		       memcmp(wanted.bytes + (y + i) * s->format.pitch + x * 4,
			       s->bytes + (y + i) * s->format.pitch + x * 4, width * 4) == 0;
	discard(&wanted);
	return same;
}

/*
 * 850 pixels: two columns of 79 characters of 5 pixels. 40 pixels less 3 above and 2 below: 5 lines of 7. Ten lines are
 * a page.
 */
static void pages_have_columns(void **state)
{
	struct screen s = make(&formats[0], 850, 40, 0);
	struct face face = { &font[0], 1 };
	char text[1024] = "";
	struct terminal t;

	(void)state;
	for (unsigned line = 0; line < 23; line++) {
		text[2 * line] = (char)('a' + line);
		text[2 * line + 1] = '\n';
	}
	terminal_init(&t, &s.canvas, &face, 3, 2);
	t.ink = t.heading = 0xffffff;
	assert_int_equal(t.columns, 2);
	assert_int_equal(t.lines, 5);
	show_text(&t, text, 0);
	assert_int_equal(terminal_pages(&t), 3);
	assert_true(cell_shows(&s, &t, 0, 0, 0, 'a') && cell_shows(&s, &t, 0, 4, 0, 'e'));
	assert_true(cell_shows(&s, &t, 1, 0, 0, 'f') && cell_shows(&s, &t, 1, 4, 0, 'j'));
	show_text(&t, text, 2);
	assert_true(cell_shows(&s, &t, 0, 2, 0, 'w') && cell_shows(&s, &t, 0, 3, 0, ' '));
	show_text(&t, text, TERMINAL_NO_PAGE);
	assert_int_equal(terminal_pages(&t), 3);
	assert_true(cell_shows(&s, &t, 0, 0, 0, ' '));
	/* exactly full is one page */
	text[20] = '\0';
	show_text(&t, text, 0);
	assert_int_equal(terminal_pages(&t), 1);
	assert_true(cell_shows(&s, &t, 1, 4, 0, 'j'));
	/* nothing is none, a character one, wherever the next one would be */
	show_text(&t, "", 0);
	assert_int_equal(terminal_pages(&t), 0);
	show_text(&t, "x", 0);
	assert_int_equal(terminal_pages(&t), 1);
	text[12] = '\0'; /* six lines: one in the second column */
	show_text(&t, text, 0);
	assert_int_equal(terminal_pages(&t), 1);
	text[10] = '\0'; /* the first column, exactly */
	show_text(&t, text, 0);
	assert_int_equal(terminal_pages(&t), 1);
	discard(&s);
}

/* Whole lines where they fit, and as many of them as a screen of 68 has. */
static void long_text_has_small_letters(void **state)
{
	(void)state;
	for (uint32_t width = 20; width < 2000; width += 37)
		for (uint32_t height = 20; height < 1500; height += 91) {
			struct canvas c = { .fonts = &fonts, .width = width, .height = height };
			struct face face = terminal_face(&c);

			if (width >= 79 * 5 && height <= 68 * 7)
				assert_true(face_width(&face) * 79 <= width);
			if (width < 79 * 5)
				assert_true(face.font == font && face.scale == 1);
		}
}

/* A line of 79 is one line, one of 80 is two. */
static void long_lines_go_on_below(void **state)
{
	struct screen s = make(&formats[0], 400, 70, 0);
	struct face face = { &font[0], 1 };
	struct terminal t;
	char text[200];

	(void)state;
	terminal_init(&t, &s.canvas, &face, 0, 0);
	t.ink = t.heading = 0xffffff;
	memset(text, 'x', 79);
	strcpy(text + 79, "\ny\n");
	show_text(&t, text, 0);
	assert_true(cell_shows(&s, &t, 0, 0, 78, 'x') && cell_shows(&s, &t, 0, 1, 0, 'y'));
	memset(text, 'x', 80);
	strcpy(text + 80, "\ny\n");
	show_text(&t, text, 0);
	assert_true(cell_shows(&s, &t, 0, 1, 0, 'x') && cell_shows(&s, &t, 0, 2, 0, 'y'));
	discard(&s);
}

/* As text comes, without pages: what does not fit begins again on an empty page. */
static void live_text_begins_again(void **state)
{
	struct screen s = make(&formats[0], 400, 21, 0);
	struct face face = { &font[0], 1 };
	struct sink sink;
	struct terminal t;

	(void)state;
	terminal_init(&t, &s.canvas, &face, 0, 0);
	t.ink = t.heading = 0xffffff;
	sink = terminal_sink(&t);
	sink_puts(&sink, "a\nb\nc\n");
	assert_true(cell_shows(&s, &t, 0, 0, 0, 'a') && cell_shows(&s, &t, 0, 2, 0, 'c'));
	sink_puts(&sink, "d");
	assert_true(cell_shows(&s, &t, 0, 0, 0, 'd') && cell_shows(&s, &t, 0, 1, 0, ' '));
	discard(&s);
}

/* Any size, any place of the bars: nothing is written outside. */
/* All its lines from edge to edge, and nothing above or below. */
static void terminals_are_cleared_whole(void **state)
{
	struct screen s = make(&formats[0], 850, 40, 0);
	struct face face = { &font[0], 1 };
	struct terminal t;

	(void)state;
	canvas_fill(&s.canvas, 0, 0, 850, 40, 0xffffff);
	terminal_init(&t, &s.canvas, &face, 3, 2);
	t.paper = 0;
	terminal_clear(&t);
	for (uint32_t y = 0; y < 40; y++)
		for (uint32_t x = 0; x < 850; x++) {
			const uint8_t *pixel = s.bytes + y * s.format.pitch + x * 4;

			assert_int_equal(pixel[0], y >= 3 && y < 3 + 5 * 7 ? 0 : 0xff);
		}
	discard(&s);
}

static void tiny_terminals_stay_inside(void **state)
{
	uint64_t seed = 4;

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		struct screen s = make(&formats[i % ARRAY_SIZE(formats)],
			1 + (uint32_t)random_below(&seed, 30),
			1 + (uint32_t)random_below(&seed, 30), (uint32_t)random_below(&seed, 3));
		struct face face = { &font[random_below(&seed, 2)],
			1 + (uint32_t)random_below(&seed, 4) };
		uint32_t top = (uint32_t)random_below(&seed, 40),
			 bottom = (uint32_t)random_below(&seed, 40);
		struct terminal t;
		struct sink sink = terminal_sink(&t);

		terminal_init(&t, &s.canvas, &face, top, bottom);
		assert_true(t.lines == 1 ||
			    top + bottom + t.lines * face_height(&face) <= s.canvas.height);
		sink_puts(&sink, "READY, and a line that is longer than all this\nand\n\n\nmore\n");
		show_text(&t, "one\ntwo\nthree\n", 1);
		discard(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(colours_known),
		cmocka_unit_test(rectangles_match_the_model),
		cmocka_unit_test(glyphs_match_the_model),
		cmocka_unit_test(widest_glyphs_match_the_model),
		cmocka_unit_test(bad_descriptions_are_refused),
		cmocka_unit_test(faces_fit),
		cmocka_unit_test(pages_have_columns),
		cmocka_unit_test(long_text_has_small_letters),
		cmocka_unit_test(long_lines_go_on_below),
		cmocka_unit_test(live_text_begins_again),
		cmocka_unit_test(terminals_are_cleared_whole),
		cmocka_unit_test(tiny_terminals_stay_inside),
	};

	return cmocka_run_group_tests_name("canvas", tests, make_fonts, NULL);
}

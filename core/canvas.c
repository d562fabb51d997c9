/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pixels, glyphs and lines of text (canvas.h). Invariant: every write is inside the canvas. Called by
 * core/terminal.c, core/overview.c and the front end.
 */
#include <bootmem/canvas.h>

/* Lines of a framebuffer need no more alignment than a pixel has, and nobody says how much that is. */
struct pixel_32 {
	uint32_t value;
} __attribute__((packed, may_alias));

struct pixel_16 {
	uint16_t value;
} __attribute__((packed, may_alias));

/* --- pixels ------------------------------------------------------------------------------------- */

enum bm_error canvas_init(struct canvas *c, const struct fonts *fonts, void *pixels, uint64_t bytes,
	const struct handoff_framebuffer *format)
{
	uint32_t pixel_bytes = format->bits_per_pixel / 8;
	uint64_t line = (uint64_t)format->width * pixel_bytes, end = line;

	if (pixel_bytes < 1 || pixel_bytes > 4 || line == 0 || line > format->pitch)
		return BM_INVALID;
	if (format->red_mask == 0 || format->green_mask == 0 || format->blue_mask == 0)
		return BM_INVALID;
	*c = (struct canvas){ .fonts = fonts,
		.pixels = pixels,
		.width = format->width,
		.pitch = format->pitch,
		.pixel_bytes = pixel_bytes,
		.red_mask = format->red_mask,
		.green_mask = format->green_mask,
		.blue_mask = format->blue_mask };
	for (; c->height < format->height && end <= bytes; end += format->pitch)
		c->height++;
	return c->height != 0 ? BM_OK : BM_INVALID;
}

/* The bits of an 8-bit value from the highest on, into those of a mask from its highest on. */
static uint32_t spread(uint32_t value, uint32_t mask)
{
	uint32_t out = 0;

	value |= value << 8;
	value |= value << 16;
	for (uint32_t bit = 1u << 31; bit != 0; bit >>= 1) {
		if ((mask & bit) == 0)
			continue;
		if ((value & 1u << 31) != 0)
			out |= bit;
		value <<= 1;
	}
	return out;
}

uint32_t canvas_pixel(const struct canvas *c, uint32_t rgb)
{
	return spread(rgb >> 16 & 0xff, c->red_mask) | spread(rgb >> 8 & 0xff, c->green_mask) |
	       spread(rgb & 0xff, c->blue_mask);
}

static uint8_t *put_bytes(uint8_t *at, uint32_t count, uint32_t pixel, uint32_t bytes)
{
	for (uint32_t i = 0; i < count * bytes; i++)
		*at++ = (uint8_t)(pixel >> 8 * (i % bytes));
	return at;
}

/* A run of one colour; returns its end. */
static uint8_t *put_run(const struct canvas *c, uint8_t *at, uint32_t count, uint32_t pixel)
{
	switch (c->pixel_bytes) {
	case 4:
		for (; count != 0; count--, at += 4)
			((struct pixel_32 *)(void *)at)->value = pixel;
		return at;
	case 2:
		for (; count != 0; count--, at += 2)
			((struct pixel_16 *)(void *)at)->value = (uint16_t)pixel;
		return at;
	default:
		return put_bytes(at, count, pixel, c->pixel_bytes);
	}
}

static uint8_t *pixel_at(const struct canvas *c, uint32_t x, uint32_t y)
{
	return c->pixels + (size_t)y * c->pitch + (size_t)x * c->pixel_bytes;
}

static uint32_t clip(uint32_t start, uint32_t size, uint32_t end)
{
	return start >= end ? 0 : size < end - start ? size : end - start;
}

void canvas_fill(const struct canvas *c, uint32_t x, uint32_t y, uint32_t width, uint32_t height,
	uint32_t rgb)
{
	uint32_t pixel = canvas_pixel(c, rgb);

	width = clip(x, width, c->width);
	height = width == 0 ? 0 : clip(y, height, c->height);
	for (uint32_t i = 0; i < height; i++)
		(void)put_run(c, pixel_at(c, x, y + i), width, pixel);
}

/* --- glyphs --------------------------------------------------------------------------------------- */

uint32_t face_width(const struct face *face)
{
	return face->font->width * face->scale;
}

uint32_t face_height(const struct face *face)
{
	return face->font->height * face->scale;
}

uint32_t text_width(const struct face *face, const char *text)
{
	uint32_t width = 0;

	for (; *text != '\0'; text++)
		width += face_width(face);
	return width;
}

static bool fits(const struct canvas *c, const struct face *face, uint32_t columns, uint32_t lines)
{
	return (uint64_t)face_width(face) * columns <= c->width &&
	       (uint64_t)face_height(face) * lines <= c->height;
}

struct face face_largest(const struct canvas *c, uint32_t columns, uint32_t lines)
{
	struct face best = { &c->fonts->font[0], 1 };

	for (unsigned i = 0; i < c->fonts->count; i++) {
		struct face face = { &c->fonts->font[i], 1 };

		for (; fits(c, &face, columns, lines); face.scale++)
			if (face_height(&face) > face_height(&best))
				best = face;
	}
	return best;
}

struct face face_smallest(const struct canvas *c, uint32_t columns, uint32_t lines)
{
	struct face best = { &c->fonts->font[0], 1 };
	uint32_t best_height = UINT32_MAX;

	for (unsigned i = 0; i < c->fonts->count; i++) {
		struct face face = { &c->fonts->font[i], 1 };

		while ((uint64_t)face_height(&face) * lines < c->height)
			face.scale++;
		if (face_height(&face) < best_height && fits(c, &face, columns, 0)) {
			best = face;
			best_height = face_height(&face);
		}
	}
	return best;
}

/* One row of a glyph, its leftmost pixel in the highest bit. */
static uint32_t glyph_row(const struct font *font, char ch, uint32_t row)
{
	uint32_t index = (uint32_t)(uint8_t)ch - FONT_FIRST, row_bytes = (font->width + 7u) / 8;
	const uint8_t *at;
	uint32_t bits = 0;

	if (index >= FONT_GLYPHS)
		index = FONT_GLYPHS - 1;
	at = font->rows + (index * font->height + row) * row_bytes;
	for (uint32_t i = 0; i < row_bytes; i++)
		bits |= (uint32_t)at[i] << (24 - 8 * i);
	return bits;
}

/* One line of pixels of a glyph, no more than width of them. */
static void put_row(const struct canvas *c, uint8_t *at, const struct face *face, uint32_t bits,
	uint32_t width, const uint32_t pixel[2])
{
	for (uint32_t x = 0; x < width; x += face->scale, bits <<= 1) {
		uint32_t run = width - x < face->scale ? width - x : face->scale;

		at = put_run(c, at, run, pixel[bits >> 31]);
	}
}

void canvas_glyph(const struct canvas *c, const struct face *face, uint32_t x, uint32_t y, char ch,
	uint32_t rgb, uint32_t paper)
{
	const uint32_t pixel[2] = { canvas_pixel(c, paper), canvas_pixel(c, rgb) };
	uint32_t width = clip(x, face_width(face), c->width);
	uint32_t height = width == 0 ? 0 : clip(y, face_height(face), c->height);

	for (uint32_t i = 0; i < height; i++)
		put_row(c, pixel_at(c, x, y + i), face, glyph_row(face->font, ch, i / face->scale),
			width, pixel);
}

/* --- text ------------------------------------------------------------------------------------------- */

static void pen_put(struct pen *pen, char ch)
{
	uint32_t width = face_width(&pen->face);

	if (ch == '\n') {
		pen->x = pen->left;
		pen->y += face_height(&pen->face);
		return;
	}
	if (pen->x <= pen->end_x && width <= pen->end_x - pen->x) {
		canvas_glyph(pen->canvas, &pen->face, pen->x, pen->y, ch, pen->ink, pen->paper);
		pen->x += width;
	}
}

static void pen_write(void *ctx, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		pen_put(ctx, text[i]);
}

struct sink pen_sink(struct pen *pen)
{
	return (struct sink){ pen_write, pen };
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Drawing into a framebuffer: rectangles and text. Pixels are written, never read (the memory is
 * uncached or write-combining), each line from left to right. What lies outside is clipped.
 *
 * Colours are 0xrrggbb; the canvas turns them into its own format. Coordinates are pixels from
 * the upper left corner.
 */
#ifndef BOOTMEM_CANVAS_H
#define BOOTMEM_CANVAS_H

#include <bootmem/format.h>
#include <bootmem/handoff.h>
#include <bootmem/types.h>

/*
 * A font of printable ASCII, and one glyph for every other byte. Rows are whole bytes, the leftmost
 * pixel in the highest bit. tools/mkfont.py makes them.
 */
#define FONT_FIRST  0x20
#define FONT_GLYPHS 96
struct font {
	uint8_t width, height; /* width: at most 32 */
	const uint8_t *rows;
};

struct fonts {
	const struct font *font; /* the smallest first */
	unsigned count;          /* at least 1 */
};

struct canvas {
	const struct fonts *fonts;
	uint8_t *pixels;
	uint32_t width, height; /* pixels */
	uint32_t pitch;         /* bytes from one line to the next */
	uint32_t pixel_bytes;   /* 1 to 4 */
	uint32_t red_mask, green_mask, blue_mask;
};

/*
 * BM_INVALID: the description has no pixels, lines that overlap, or a colour without bits. Lines that do not
 * fit into bytes are left out of the canvas.
 */
BM_MUST_USE enum bm_error canvas_init(struct canvas *c, const struct fonts *fonts, void *pixels,
	uint64_t bytes, const struct handoff_framebuffer *format);

/* A colour in the canvas's own format: masks of any shape, the highest bits of each colour. */
uint32_t canvas_pixel(const struct canvas *c, uint32_t rgb);

void canvas_fill(const struct canvas *c, uint32_t x, uint32_t y, uint32_t width, uint32_t height,
	uint32_t rgb);

/* A font in a size: each of its pixels is scale by scale pixels. */
struct face {
	const struct font *font;
	uint32_t scale;
};

uint32_t face_width(const struct face *face);
uint32_t face_height(const struct face *face);
uint32_t text_width(const struct face *face, const char *text);

/*
 * The largest face with at least so many columns and lines on a canvas, and the smallest with at most so many lines
 * but at least so many columns; else the smallest font as it is.
 */
struct face face_largest(const struct canvas *c, uint32_t columns, uint32_t lines);
struct face face_smallest(const struct canvas *c, uint32_t columns, uint32_t lines);

void canvas_glyph(const struct canvas *c, const struct face *face, uint32_t x, uint32_t y, char ch,
	uint32_t rgb, uint32_t paper);

/*
 * A pen writes text from (x, y) on; what reaches end_x is cut. "\n" goes to the start of the next
 * line. As a sink it takes all that sink_printf writes.
 */
struct pen {
	const struct canvas *canvas;
	struct face face;
	uint32_t left, end_x;
	uint32_t x, y;
	uint32_t ink, paper;
};

struct sink pen_sink(struct pen *pen);

#endif

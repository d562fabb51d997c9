/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svg_out: the few shapes of which the picture is made, and its colours.
 *
 * Lengths are hundredths of a pixel, so that no floating point is needed and every machine
 * writes the same bytes; a picture is less than 2^31 of them wide and high, and none of its places is negative.
 * Text is escaped.
 */
#ifndef SVG_OUT_H
#define SVG_OUT_H

#include <bootmem/format.h>

#define PX 100 /* one pixel */

struct box {
	int64_t x, y, width, height;
};

enum text_anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END };

/* class is a CSS class of the document's style sheet (svg.c); its "t" prefix ones are of text. */
void svg_box(const struct sink *out, struct box box, const char *fill, const char *title);
void svg_text(const struct sink *out, int64_t x, int64_t y, enum text_anchor anchor,
	const char *class, const char *text);
/* The same with a format, cut after SVG_TEXT - 1 characters. */
#define SVG_TEXT 160
BM_PRINTF(6, 7)
void svg_printf(const struct sink *out, int64_t x, int64_t y, enum text_anchor anchor,
	const char *class, const char *format, ...);
void svg_line(
	const struct sink *out, int64_t x1, int64_t y1, int64_t x2, int64_t y2, const char *class);

/* The tapering shade between a piece of a strip and its enlargement below. */
void svg_funnel(const struct sink *out, int64_t top_x1, int64_t top_x2, int64_t top_y,
	int64_t bottom_x1, int64_t bottom_x2, int64_t bottom_y);

/* A small square and what it stands for; returns the width used. */
int64_t svg_swatch(
	const struct sink *out, int64_t x, int64_t y, const char *fill, const char *text);

/*
 * Colours: of e820 types (E820_TYPES: nothing there), owners (OWNER_COUNT: free), zones and
 * nodes.
 */
const char *svg_type_colour(uint32_t type);
const char *svg_owner_colour(uint32_t owner);
const char *svg_zone_colour(uint32_t index);
const char *svg_node_colour(uint32_t nid);

/* Width of a text of class "t" or "ts" as most fonts set it: for deciding what fits. */
int64_t svg_text_width(const char *text);

#endif

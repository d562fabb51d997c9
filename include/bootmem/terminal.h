/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text on a canvas: columns of lines, as many side by side as there is room for. It never scrolls,
 * because that would read the framebuffer: when the last column is full the page is cleared and the first
 * one begins again.
 */
#ifndef BOOTMEM_TERMINAL_H
#define BOOTMEM_TERMINAL_H

#include <bootmem/canvas.h>

#define TERMINAL_COLUMNS 79u /* characters of a line of the report; longer lines go on below */
#define TERMINAL_NO_PAGE (UINT32_MAX - 1) /* only count */

struct terminal {
	const struct canvas *canvas;
	struct face face;
	uint32_t top;                        /* pixels above that are somebody else's */
	uint32_t characters, columns, lines; /* in a line, of text, in a column */
	uint32_t gap;                        /* pixels left of each column */
	uint32_t
		page; /* the one that is shown, of the others lines are only counted; UINT32_MAX: each as it comes */
	uint32_t at_page, at_column, at_line, at_character;
	bool in_heading;
	uint32_t ink, heading, paper;
};

/* A face for long text: small, with as many columns as that gives. */
struct face terminal_face(const struct canvas *canvas);

/* Pages below top pixels and above bottom pixels that are left alone. Draws nothing; set the colours. */
void terminal_init(struct terminal *t, const struct canvas *canvas, const struct face *face,
	uint32_t top, uint32_t bottom);

/* Clear the page's part of the canvas and begin with it. */
void terminal_clear(struct terminal *t);

/* Pages begun. */
uint32_t terminal_pages(const struct terminal *t);

struct sink terminal_sink(struct terminal *t);

#endif

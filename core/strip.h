/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical memory as a strip to scale, up to the end of RAM: the address map, who uses it, the zones, and a scale.
 * Marks thinner than can be seen are widened.
 */
#ifndef CORE_STRIP_H
#define CORE_STRIP_H

#include <bootmem/overview.h>

struct strip {
	const struct canvas *canvas;
	const struct boot *boot;
	struct face face;
	uint32_t x, width;
	uint32_t thin; /* pixels of the thinnest mark */
	phys_t end;
};

/* Draw it from y on; returns the y below it. */
uint32_t strip_draw(const struct canvas *canvas, const struct boot *b, const struct face *face,
	uint32_t x, uint32_t y, uint32_t width);

/* What the colours mean, those that occur, in as many lines as it takes; returns the y below. */
uint32_t strip_legend(const struct canvas *canvas, const struct boot *b, const struct face *face,
	uint32_t x, uint32_t y, uint32_t width);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svg_memory: physical memory as strips: all of it to scale, and below it rows of enlargements of
 * the places where too much happens for the scale, each row enlarging the one above.
 */
#ifndef SVG_MEMORY_H
#define SVG_MEMORY_H

#include <bootmem/boot.h>

#include "svg_out.h"

/* Draw into [x, x + width) from y down; returns where it ends. */
int64_t svg_memory(
	const struct boot *b, const struct sink *out, int64_t x, int64_t y, int64_t width);

/* "0x100000" */
#define ADDRESS_TEXT 24
const char *svg_address(char text[ADDRESS_TEXT], phys_t phys);

#endif

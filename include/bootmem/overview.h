/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report's most important page as a picture: verdict, memory as a strip to scale, zones, owners and the
 * balance of pages. Reads the boot as report.h does; needs no memory.
 */
#ifndef BOOTMEM_OVERVIEW_H
#define BOOTMEM_OVERVIEW_H

#include <bootmem/boot.h>
#include <bootmem/canvas.h>

/* The colours of everything on the screen, 0xrrggbb. */
#define COLOUR_PAPER   0x11171eu
#define COLOUR_BAR     0x1c2630u
#define COLOUR_INK     0xd6dee6u
#define COLOUR_DIM     0x8494a4u
#define COLOUR_HEADING 0x8fc1e8u
#define COLOUR_GOOD    0x8fc9a3u
#define COLOUR_BAD     0xe06c75u

/* The face of the overview and of the bars around other pages, and where their text begins. */
struct face overview_face(const struct canvas *canvas);
uint32_t overview_margin(const struct canvas *canvas);

/* Draw it over the whole canvas but the lowest bottom pixels. The start has ended well, or in a report that says so. */
void overview_draw(const struct canvas *canvas, const struct boot *b, uint32_t bottom);

#endif

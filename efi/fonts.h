/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The console fonts that the build found in the distribution's package (tools/mkfont.py).
 */
#ifndef EFI_FONTS_H
#define EFI_FONTS_H

#include <bootmem/canvas.h>

extern const struct fonts the_fonts;

#endif

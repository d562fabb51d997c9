/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svg: a picture of a simulated machine's physical memory, to scale: one XML document (SVG 1.1)
 * without scripts, links or fonts of its own.
 */
#ifndef SIM_SVG_H
#define SIM_SVG_H

#include <bootmem/format.h>

#include "simulate.h"

void svg_draw(const struct simulation *s, const struct sink *out);

#endif

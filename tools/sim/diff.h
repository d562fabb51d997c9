/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff: what changed between two simulated machines, such as one before and after a firmware
 * update.
 */
#ifndef SIM_DIFF_H
#define SIM_DIFF_H

#include <bootmem/format.h>

#include "simulate.h"

/* Text for people; says so when nothing differs. */
void diff_text(
	const struct simulation *before, const struct simulation *after, const struct sink *out);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * meter: thread CPU time, or instructions.
 *
 * Instructions are counted by callgrind: meter_count_instructions starts this program again under it, with
 * METER_CHILD as its only argument. There each meter_stop leaves a dump of what was counted since meter_start, and
 * the program prints one line for it.
 */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <stdbool.h>

#define METER_CHILD "--under-callgrind"

/* Nanoseconds of CPU time of this thread. */
double meter_now(void);

/* Around the counted stretch; they do nothing unless the program runs under callgrind. */
void meter_start(void);
void meter_stop(void);

/*
 * Run this program under callgrind; each is called with every line that it prints and the instructions of the
 * stretch it is about. False, with a message, when that does not work.
 */
bool meter_count_instructions(
	const char *program, void (*each)(const char *line, double instructions));

#endif

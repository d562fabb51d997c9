/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * make_start: a recording started in the simulated machine, with everything around it that a start can have, up to the
 * handoff; all that it yields is the outcome.
 */
#ifndef TEST_MAKE_START_H
#define TEST_MAKE_START_H

#include "outcome.h"
#include "simulate.h"

#define WITH_ELF     0x1u  /* a kernel of the native protocol, with three segments */
#define WITH_LINUX   0x2u  /* a bzImage */
#define WITH_INITRD  0x4u  /* and one more page of the loader's */
#define WITH_SCREEN  0x8u  /* a framebuffer at 3.25 GiB */
#define WITH_UART    0x10u /* a serial port in memory at 4064 MiB */
#define WITH_RUNTIME 0x20u /* runtime services with a table of memory attributes */
#define WITH_OLD_CPU 0x40u /* small pages, no NX */
#define WITH_NEW_CPU 0x80u /* 5 levels, where there are any */
#define WITH_CHANGES                                                                               \
	0x100u /* the firmware takes pages and gives some back before the exit succeeds */
#define WITH_TABLES   0x200u /* pages that are the firmware's page tables */
#define WITH_HIGH_DEV 0x400u /* framebuffer and serial port where i386 has no identity mapping */
#define WITH_LOW      0x800u /* the kernel is linked at 4 MiB; the bzImage is memtest86+'s */
#define WITH_SECURE   0x1000u
#define ONLY_PREPARED 0x2000u /* boot_prepare and no more, which is quick */

/* One of test/maps, by its name in the index; freed with recording_free. */
void read_recorded(struct recording *r, const char *map);

/* words are options.c's. A start that fails has an outcome too: what it said. */
void make_start(struct outcome *out, const struct recording *r, enum map_choice choice,
	const char *words, uint32_t with);

#endif

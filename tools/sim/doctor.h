/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor: what a memory map will do to kernels and loaders. A pure function of a simulation.
 *
 * Two sources: the core's findings (Q, N and P numbers, docs/quirks.md), and the shape of the map
 * itself, which the core copes with silently (Q numbers where there is one, else S numbers,
 * docs/simulator.md).
 */
#ifndef SIM_DOCTOR_H
#define SIM_DOCTOR_H

#include <bootmem/format.h>

#include "simulate.h"

enum severity {
	SEVERITY_NOTE,    /* worth knowing; nothing current trips over it */
	SEVERITY_CARE,    /* some kernels and loaders trip over it */
	SEVERITY_TROUBLE, /* memory is lost, or a common kind of kernel does not start */
};

struct diagnosis {
	const char *quirk; /* "Q12" */
	enum severity severity;
	const char *sentence; /* what it is, for people */
	const char *victims;  /* which kind of kernel or loader trips over it */
	uint32_t count;
	phys_t start, end; /* where, or empty */
};

#define DOCTOR_MAX 64

/* The gravest first. */
struct checkup {
	uint32_t count;
	struct diagnosis of[DOCTOR_MAX];
};

/* Never null; the caller frees it with free(). */
struct checkup *doctor_examine(const struct simulation *s);

/* "note", "care", "trouble" */
const char *severity_name(enum severity severity);

/* One line that sums up: how many of what, or that the map is clean. */
void doctor_summary(const struct checkup *checkup, char *text, size_t size);

/* The section of the text report. */
void doctor_text(const struct simulation *s, const struct sink *out);

#endif

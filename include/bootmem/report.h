/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report: text for people, JSON for programs (the schema is a contract, "bootmem-report/1").
 * Reads the boot, changes nothing, needs no memory.
 *
 * Both read the accepted map through boot->map and the nodes through boot->mm, so these must be
 * mapped where they were. A null mm (a start that stopped early) gives a report without zones.
 */
#ifndef BOOTMEM_REPORT_H
#define BOOTMEM_REPORT_H

#include <bootmem/boot.h>
#include <bootmem/format.h>

enum report_stage { REPORT_BOOTED, REPORT_REPORT, REPORT_PLANNED, REPORT_SIMULATED };

/* Before mem_init the zones are empty, and what has no owner is free. */
bool report_is_live(enum report_stage stage);

/* The pages of the machine. A balanced report has present == free + reserved. */
struct report_totals {
	uint64_t present_pages;     /* whole pages of RAM in e820 */
	uint64_t free_pages;        /* in the zones; before mem_init, what nobody owns */
	uint64_t reserved_pages;    /* the sum over all owners */
	uint64_t reclaimable_pages; /* of these, what a kernel may take back */
	uint64_t highmem_pages;     /* present pages that are not in the direct map */
};

void report_totals(const struct boot *b, enum report_stage stage, struct report_totals *out);

/* At most 79 columns. */
void report_text(const struct boot *b, enum report_stage stage, const struct sink *out);

/* One document, a newline at its end, without the BEGIN and END lines. */
void report_json(const struct boot *b, enum report_stage stage, const struct sink *out);

/* The document between its two lines, as it goes to the serial port. */
void report_json_framed(const struct boot *b, enum report_stage stage, const struct sink *out);

#endif

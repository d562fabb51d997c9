/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial port that the firmware's console uses: ACPI's Serial Port Console Redirection table (SPCR,
 * Microsoft's specification, revision 1.10).
 */
#ifndef BOOTMEM_SPCR_H
#define BOOTMEM_SPCR_H

#include <bootmem/acpi.h>

struct spcr {
	uint16_t port; /* the first of a 16550's eight I/O ports */
	uint32_t baud; /* 0: as the firmware has set it */
};

/*
 * Read a verified SPCR. BM_INVALID: too short, or an I/O port that can't be; BM_REFUSED: a console that is not a
 * 16550 at I/O ports, such as one in memory. *out is written on success only.
 */
BM_MUST_USE enum bm_error spcr_parse(struct spcr *out, const struct acpi_table *table);

#endif

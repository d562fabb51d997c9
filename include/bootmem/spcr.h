/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial port that the firmware's console uses: ACPI's Serial Port Console Redirection table (SPCR,
 * Microsoft's specification, revision 1.10).
 */
#ifndef BOOTMEM_SPCR_H
#define BOOTMEM_SPCR_H

#include <bootmem/acpi.h>

struct spcr {
	uint16_t port;   /* the first of a 16550's eight I/O ports; 0: they are in memory */
	uint32_t baud;   /* 0: as the firmware has set it */
	phys_t phys;     /* of the registers in memory */
	uint32_t stride; /* bytes from one to the next, and of each: 1 or 4 */
};

/*
 * Read a verified SPCR. BM_INVALID: too short, or an address that can't be; BM_REFUSED: a console that is not a
 * 16550, or whose registers have another width. *out is written on success only.
 */
BM_MUST_USE enum bm_error spcr_parse(struct spcr *out, const struct acpi_table *table);

#endif

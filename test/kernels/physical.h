/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical memory that the loader's tables show nowhere, because it is no RAM: seen through the fixmap.
 */
#ifndef KERNELS_PHYSICAL_H
#define KERNELS_PHYSICAL_H

#include <bootmem/mm.h>

#include "record.h"

struct physical {
	struct mm *mm;
	struct handoff_range fixmap;
	phys_t rsdp_phys; /* 0: none */
};

/* Everything that is needed of the record, which may be given back then. */
struct physical physical_of(const struct handoff *record, struct mm *mm);

/*
 * Show bytes for reading, from the fixmap's start on, or null where they don't fit. What was shown before
 * disappears as far as its pages are needed.
 */
const uint8_t *physical_show(const struct physical *p, phys_t phys, uint64_t bytes);

struct acpi_result {
	uint32_t tables;    /* whose checksum is right, the RSDP included */
	phys_t broken_phys; /* the first that is not sound; 0: none */
};

/* The checksums of RSDP, XSDT (RSDT without one), every table in it, and the DSDT. */
struct acpi_result acpi_verify(const struct physical *p);

#endif

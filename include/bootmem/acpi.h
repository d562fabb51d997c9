/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI tables: from the address of the RSDP to the bytes of a table (ACPI 6.5, chapter 5.2).
 *
 * Nothing that the firmware wrote is believed before it is checked: no pointer is followed before
 * the checksum of the structure it stands in, no length before it is bounded, no byte is read
 * beyond the end that the caller names. Fields lie unaligned and are read bytewise.
 */
#ifndef BOOTMEM_ACPI_H
#define BOOTMEM_ACPI_H

#include <bootmem/bootmem.h>
#include <bootmem/finding.h>
#include <bootmem/types.h>

/*
 * A table that claims to be longer is broken: the largest known DSDTs stay well below, and an SRAT
 * of this size has 26,000 entries.
 */
#define ACPI_TABLE_MAX_BYTES MIB

#define ACPI_HEADER_BYTES    36 /* of every table but the RSDP */
#define ACPI_REVISION        8  /* offset of the table's revision, a byte */

enum acpi_error {
	ACPI_OK = 0,
	ACPI_ABSENT,      /* there is no such table */
	ACPI_BROKEN,      /* signature, length or checksum is wrong */
	ACPI_UNREACHABLE, /* lies where the caller can't read, as above 4 GiB on i386 */
};

/* A verified table; its bytes stay the firmware's. */
struct acpi_table {
	const uint8_t *bytes;
	uint32_t length; /* header included: ACPI_HEADER_BYTES to ACPI_TABLE_MAX_BYTES */
};

/* The root table: XSDT or RSDT. */
struct acpi {
	struct window window;
	phys_t end_phys; /* nothing at or above is read */
	struct acpi_table list;
	uint32_t entry_bytes; /* 8 in an XSDT, 4 in an RSDT */
};

/*
 * Find the root table from the RSDP at rsdp_phys (0: there is none). The XSDT is preferred; where
 * it is missing, broken or out of reach, the RSDT is taken. window must show physical memory up
 * to end_phys; UINT64_MAX: as far as an address of this architecture reaches.
 *
 * Findings: each broken structure, and each table that the root table names out of reach. *acpi is
 * written on success only.
 */
BM_MUST_USE enum acpi_error acpi_open(struct acpi *acpi, struct window window, phys_t end_phys,
	phys_t rsdp_phys, struct findings *f);

/*
 * The next table with this signature (4 characters) among the root table's entries from *index on,
 * which moves past it; start with 0. A broken one is counted in f and passed over. ACPI_ABSENT: no
 * more of them; *table is as it was.
 */
BM_MUST_USE enum acpi_error acpi_next(const struct acpi *acpi, const char *signature,
	uint32_t *index, struct acpi_table *table, struct findings *f);

/* The first table with this signature: acpi_next from 0. */
BM_MUST_USE enum acpi_error acpi_find(const struct acpi *acpi, const char *signature,
	struct acpi_table *table, struct findings *f);

/*
 * The table at an address that another table gives (the FADT's DSDT). Address 0 is ACPI_ABSENT.
 * *table is written on success only.
 */
BM_MUST_USE enum acpi_error acpi_table_at(const struct acpi *acpi, phys_t phys,
	const char *signature, struct acpi_table *table, struct findings *f);

/* Little-endian fields at any alignment. */
static inline uint16_t acpi_read16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t acpi_read32(const uint8_t *at)
{
	return acpi_read16(at) | (uint32_t)acpi_read16(at + 2) << 16;
}

static inline uint64_t acpi_read64(const uint8_t *at)
{
	return acpi_read32(at) | (uint64_t)acpi_read32(at + 4) << 32;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FADT, and the \_S5 package in DSDT or SSDT, found by its encoding: an interpreter for one
 * constant would be out of proportion. core/acpi.c finds and verifies the tables; lengths come from
 * them and bound every read.
 */
#include <bootmem/acpi.h>
#include <bootmem/string.h>

#include "acpi.h"
#include "tables.h"

/* Offsets: ACPI 6.5, table 5.9 (FADT). */
#define FADT_DSDT        40
#define FADT_SMI_CMD     48
#define FADT_ACPI_ENABLE 52
#define FADT_PM1A_CNT    64
#define FADT_PM1B_CNT    68
#define FADT_FLAGS       112
#define FADT_RESET_SPACE 116
#define FADT_RESET_ADDR  120
#define FADT_RESET_VALUE 128
#define FADT_X_DSDT      140
#define FADT_ACPI1_BYTES 116
#define FADT_X_DSDT_END  148
#define FADT_RESET_BYTES 129
#define FADT_RESET_SUP   (1u << 10)
#define SPACE_IO         1

/* AML: ACPI 6.5, 20.2 */
#define AML_ZERO         0x00
#define AML_ONE          0x01
#define AML_BYTE_PREFIX  0x0a
#define AML_PACKAGE      0x12

/* One element of a package of small numbers; false for any other encoding. */
static bool read_number(const uint8_t **at, const uint8_t *end, uint8_t *value)
{
	if (*at < end && (**at == AML_ZERO || **at == AML_ONE)) {
		*value = *(*at)++;
		return true;
	}
	if (end - *at < 2 || **at != AML_BYTE_PREFIX)
		return false;
	*value = (*at)[1];
	*at += 2;
	return true;
}

/*
 * Package: opcode, length in 1 to 4 bytes (the top two bits of the first say how many follow),
 * count.
 */
static bool read_sleep_package(const uint8_t *at, const uint8_t *end, struct acpi_power *power)
{
	if (end - at < 8 || *at++ != AML_PACKAGE)
		return false;
	at += 1 + (*at >> 6);
	at += 1;
	return read_number(&at, end, &power->sleep_type_a) &&
	       read_number(&at, end, &power->sleep_type_b);
}

static bool find_sleep_package(const struct acpi_table *t, struct acpi_power *power)
{
	const uint8_t *end = t->bytes + t->length;

	if (t->length < ACPI_HEADER_BYTES + 4)
		return false;
	for (const uint8_t *at = t->bytes + ACPI_HEADER_BYTES; at + 4 <= end; at++)
		if (memcmp(at, "_S5_", 4) == 0 && read_sleep_package(at + 4, end, power))
			return true;
	return false;
}

static void read_fadt(const struct acpi_table *fadt, struct acpi_power *power)
{
	const uint8_t *f = fadt->bytes;

	power->pm1a_control = acpi_read16(f + FADT_PM1A_CNT);
	power->pm1b_control = acpi_read16(f + FADT_PM1B_CNT);
	power->smi_command = acpi_read16(f + FADT_SMI_CMD);
	power->acpi_enable = f[FADT_ACPI_ENABLE];
	if (fadt->length >= FADT_RESET_BYTES &&
		(acpi_read32(f + FADT_FLAGS) & FADT_RESET_SUP) != 0 &&
		f[FADT_RESET_SPACE] == SPACE_IO) {
		power->reset_port = acpi_read16(f + FADT_RESET_ADDR);
		power->reset_value = f[FADT_RESET_VALUE];
	}
}

/* ACPI 2.0's 64-bit field wins, where there is one. */
static phys_t dsdt_phys(const struct acpi_table *fadt)
{
	phys_t phys = 0;

	if (fadt->length >= FADT_X_DSDT_END)
		phys = acpi_read64(fadt->bytes + FADT_X_DSDT);
	return phys != 0 ? phys : acpi_read32(fadt->bytes + FADT_DSDT);
}

static bool find_sleep_type(
	const struct acpi *acpi, const struct acpi_table *fadt, struct acpi_power *power)
{
	struct acpi_table table;
	uint32_t index = 0;

	if (acpi_table_at(acpi, dsdt_phys(fadt), "DSDT", &table, NULL) == ACPI_OK &&
		find_sleep_package(&table, power))
		return true;
	while (acpi_next(acpi, "SSDT", &index, &table, NULL) == ACPI_OK)
		if (find_sleep_package(&table, power))
			return true;
	return false;
}

enum bm_error acpi_serial_find(EFI_SYSTEM_TABLE *st, struct spcr *out)
{
	const struct window identity = { .base = 0 };
	struct acpi_table table;
	struct acpi acpi;

	*out = (struct spcr){ 0 };
	if (acpi_open(&acpi, identity, UINT64_MAX, table_acpi(st), NULL) != ACPI_OK ||
		acpi_find(&acpi, "SPCR", &table, NULL) != ACPI_OK)
		return BM_OK;
	return spcr_parse(out, &table);
}

/* Findings about these tables are left to the node stage, which opens the root table again. */
struct acpi_power acpi_power_find(EFI_SYSTEM_TABLE *st)
{
	const struct window identity = { .base = 0 };
	struct acpi_power power = { .can_sleep = false };
	struct acpi_table fadt;
	struct acpi acpi;

	if (acpi_open(&acpi, identity, UINT64_MAX, table_acpi(st), NULL) != ACPI_OK ||
		acpi_find(&acpi, "FACP", &fadt, NULL) != ACPI_OK || fadt.length < FADT_ACPI1_BYTES)
		return power;
	read_fadt(&fadt, &power);
	power.can_sleep = find_sleep_type(&acpi, &fadt, &power) && power.pm1a_control != 0;
	return power;
}

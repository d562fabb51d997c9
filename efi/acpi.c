/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RSDP, XSDT or RSDT, FADT, and the \_S5 package in DSDT or SSDT, found by its encoding: an
 * interpreter for one constant would be out of proportion. Lengths come from the tables and bound
 * every read.
 */
#include "acpi.h"

#include <bootmem/string.h>

static EFI_GUID acpi2_guid = { 0x8868e871, 0xe4f1, 0x11d3,
	{ 0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81 } };
static EFI_GUID acpi1_guid = { 0xeb9d2d30, 0x2d88, 0x11d3,
	{ 0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d } };

/* Offsets: ACPI 6.5, tables 5.3 (RSDP), 5.4 (header), 5.9 (FADT). */
#define RSDP_REVISION    15
#define RSDP_RSDT        16
#define RSDP_XSDT        24
#define TABLE_LENGTH     4
#define TABLE_HEADER     36
#define FADT_DSDT        40
#define FADT_SMI_CMD     48
#define FADT_ACPI_ENABLE 52
#define FADT_PM1A_CNT    64
#define FADT_PM1B_CNT    68
#define FADT_FLAGS       112
#define FADT_RESET_SPACE 116
#define FADT_RESET_ADDR  120
#define FADT_RESET_VALUE 128
#define FADT_ACPI1_BYTES 116
#define FADT_RESET_BYTES 129
#define FADT_RESET_SUP   (1u << 10)
#define SPACE_IO         1

/* AML: ACPI 6.5, 20.2 */
#define AML_ZERO         0x00
#define AML_ONE          0x01
#define AML_BYTE_PREFIX  0x0a
#define AML_PACKAGE      0x12

struct table {
	const uint8_t *bytes;
	uint32_t length;
};

static uint32_t read32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* An address that this processor can't reach now gives an empty table. */
static struct table table_at(uint64_t phys)
{
	const uint8_t *bytes = (const uint8_t *)(uintptr_t)phys;

	if (phys == 0 || phys > UINTPTR_MAX)
		return (struct table){ NULL, 0 };
	return (struct table){ bytes, read32(bytes + TABLE_LENGTH) };
}

static bool table_is(const struct table *t, const char signature[4], uint32_t min_length)
{
	return t->bytes != NULL && t->length >= min_length && memcmp(t->bytes, signature, 4) == 0;
}

static const uint8_t *find_rsdp(EFI_SYSTEM_TABLE *st)
{
	const uint8_t *acpi1 = NULL;

	for (UINTN i = 0; i < st->NumberOfTableEntries; i++) {
		EFI_CONFIGURATION_TABLE *entry = &st->ConfigurationTable[i];

		if (memcmp(&entry->VendorGuid, &acpi2_guid, sizeof(EFI_GUID)) == 0)
			return entry->VendorTable;
		if (memcmp(&entry->VendorGuid, &acpi1_guid, sizeof(EFI_GUID)) == 0)
			acpi1 = entry->VendorTable;
	}
	return acpi1;
}

/* The list of tables and how wide its entries are. */
static struct table find_list(const uint8_t *rsdp, unsigned *width)
{
	uint64_t xsdt = 0;

	if (rsdp[RSDP_REVISION] >= 2)
		memcpy(&xsdt, rsdp + RSDP_XSDT, sizeof(xsdt));
	*width = xsdt != 0 ? 8 : 4;
	return table_at(xsdt != 0 ? xsdt : read32(rsdp + RSDP_RSDT));
}

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

static bool find_sleep_package(const struct table *t, struct acpi_power *power)
{
	const uint8_t *end = t->bytes + t->length;

	if (t->length < TABLE_HEADER + 4)
		return false;
	for (const uint8_t *at = t->bytes + TABLE_HEADER; at + 4 <= end; at++)
		if (memcmp(at, "_S5_", 4) == 0 && read_sleep_package(at + 4, end, power))
			return true;
	return false;
}

static void read_fadt(const struct table *fadt, struct acpi_power *power)
{
	const uint8_t *f = fadt->bytes;

	power->pm1a_control = (uint16_t)read32(f + FADT_PM1A_CNT);
	power->pm1b_control = (uint16_t)read32(f + FADT_PM1B_CNT);
	power->smi_command = (uint16_t)read32(f + FADT_SMI_CMD);
	power->acpi_enable = f[FADT_ACPI_ENABLE];
	if (fadt->length >= FADT_RESET_BYTES && (read32(f + FADT_FLAGS) & FADT_RESET_SUP) != 0 &&
		f[FADT_RESET_SPACE] == SPACE_IO) {
		power->reset_port = (uint16_t)read32(f + FADT_RESET_ADDR);
		power->reset_value = f[FADT_RESET_VALUE];
	}
}

static void visit(const struct table *t, struct acpi_power *power, bool *sleep_found)
{
	struct table dsdt;

	if (table_is(t, "SSDT", TABLE_HEADER) && !*sleep_found)
		*sleep_found = find_sleep_package(t, power);
	if (!table_is(t, "FACP", FADT_ACPI1_BYTES))
		return;
	read_fadt(t, power);
	dsdt = table_at(read32(t->bytes + FADT_DSDT));
	if (table_is(&dsdt, "DSDT", TABLE_HEADER))
		*sleep_found = find_sleep_package(&dsdt, power) || *sleep_found;
}

struct acpi_power acpi_power_find(EFI_SYSTEM_TABLE *st)
{
	struct acpi_power power = { .can_sleep = false };
	const uint8_t *rsdp = find_rsdp(st);
	struct table list;
	unsigned width;
	bool sleep_found = false;

	if (rsdp == NULL)
		return power;
	list = find_list(rsdp, &width);
	for (uint32_t at = TABLE_HEADER; list.bytes != NULL && at + width <= list.length;
		at += width) {
		uint64_t phys = 0;
		struct table t;

		memcpy(&phys, list.bytes + at, width);
		t = table_at(phys);
		visit(&t, &power, &sleep_found);
	}
	power.can_sleep = sleep_found && power.pm1a_control != 0;
	return power;
}

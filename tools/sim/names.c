/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * names: what memory types and attributes are called in kernel logs, shells and sysfs
 * (recording.h). Pure functions. Called by the parsers.
 */
#include <string.h>

#include "recording.h"

struct name {
	const char *name;
	uint64_t value;
};

static bool by_name(const struct name *names, size_t count, struct text text, uint64_t *value)
{
	for (size_t i = 0; i < count; i++)
		if (text_is(text, names[i].name)) {
			*value = names[i].value;
			return true;
		}
	return false;
}

/* --- e820 ------------------------------------------------------------------------------------ */

static const struct name e820_names[] = {
	{ "ram", E820_RAM },
	{ "usable", E820_RAM },
	{ "System RAM", E820_RAM },
	{ "reserved", E820_RESERVED },
	{ "device reserved", E820_RESERVED },
	{ "acpi", E820_ACPI },
	{ "ACPI data", E820_ACPI },
	{ "ACPI Tables", E820_ACPI },
	{ "nvs", E820_NVS },
	{ "ACPI NVS", E820_NVS },
	{ "ACPI Non-volatile Storage", E820_NVS },
	{ "unusable", E820_UNUSABLE },
	{ "Unusable memory", E820_UNUSABLE },
	{ "pmem", E820_PMEM },
	{ "pmem12", E820_PMEM },
	{ "persistent", E820_PMEM },
	{ "persistent (type 7)", E820_PMEM },
	{ "persistent (type 12)", E820_PMEM },
	{ "Persistent Memory", E820_PMEM },
	{ "Persistent Memory (legacy)", E820_PMEM },
	{ "soft", E820_SOFT },
	{ "soft reserved", E820_SOFT },
	{ "Unaccepted", E820_UNACCEPTED },
	{ "Unaccepted Memory", E820_UNACCEPTED },
	{ "Unknown E820 type", RECORD_TYPE_UNKNOWN },
};

/* ACPI 6.5, table 15.2; 12 was used for persistent memory before it had a number. */
static uint32_t e820_type_of_number(uint64_t number)
{
	static const uint32_t types[] = { RECORD_TYPE_UNKNOWN, E820_RAM, E820_RESERVED, E820_ACPI,
		E820_NVS, E820_UNUSABLE, E820_UNUSABLE, E820_PMEM };

	if (number < ARRAY_SIZE(types))
		return types[number];
	return number == 12 ? E820_PMEM : RECORD_TYPE_UNKNOWN;
}

bool e820_type_of(struct text name, uint32_t *type)
{
	uint64_t value;

	name = text_trim(name);
	if (by_name(e820_names, ARRAY_SIZE(e820_names), name, &value)) {
		*type = (uint32_t)value;
		return true;
	}
	if (!text_skip(&name, "type=") && !text_skip(&name, "type "))
		return false;
	if (!text_decimal(&name, &value) || !text_empty(&name))
		return false;
	*type = e820_type_of_number(value);
	return true;
}

/* --- EFI ------------------------------------------------------------------------------------- */

static const struct name efi_names[] = {
	{ "reserved", EFI_MEM_RESERVED },
	{ "loadercode", EFI_MEM_LOADER_CODE },
	{ "loaderdata", EFI_MEM_LOADER_DATA },
	{ "bscode", EFI_MEM_BOOT_CODE },
	{ "bootcode", EFI_MEM_BOOT_CODE },
	{ "bootservicescode", EFI_MEM_BOOT_CODE },
	{ "bsdata", EFI_MEM_BOOT_DATA },
	{ "bootdata", EFI_MEM_BOOT_DATA },
	{ "bootservicesdata", EFI_MEM_BOOT_DATA },
	{ "rtcode", EFI_MEM_RUNTIME_CODE },
	{ "runtimecode", EFI_MEM_RUNTIME_CODE },
	{ "runtimeservicescode", EFI_MEM_RUNTIME_CODE },
	{ "rtdata", EFI_MEM_RUNTIME_DATA },
	{ "runtimedata", EFI_MEM_RUNTIME_DATA },
	{ "runtimeservicesdata", EFI_MEM_RUNTIME_DATA },
	{ "available", EFI_MEM_CONVENTIONAL },
	{ "conventional", EFI_MEM_CONVENTIONAL },
	{ "conventionalmemory", EFI_MEM_CONVENTIONAL },
	{ "unusable", EFI_MEM_UNUSABLE },
	{ "unusablememory", EFI_MEM_UNUSABLE },
	{ "acpirecl", EFI_MEM_ACPI_RECLAIM },
	{ "acpireclaim", EFI_MEM_ACPI_RECLAIM },
	{ "acpireclaimmem", EFI_MEM_ACPI_RECLAIM },
	{ "acpireclaimmemory", EFI_MEM_ACPI_RECLAIM },
	{ "acpinvs", EFI_MEM_ACPI_NVS },
	{ "acpimemnvs", EFI_MEM_ACPI_NVS },
	{ "acpimemorynvs", EFI_MEM_ACPI_NVS },
	{ "mmio", EFI_MEM_MMIO },
	{ "memorymappedi/o", EFI_MEM_MMIO },
	{ "memorymappedio", EFI_MEM_MMIO },
	{ "mmioport", EFI_MEM_MMIO_PORT },
	{ "mmioportspace", EFI_MEM_MMIO_PORT },
	{ "palcode", EFI_MEM_PAL_CODE },
	{ "persistent", EFI_MEM_PERSISTENT },
	{ "persistentmemory", EFI_MEM_PERSISTENT },
	{ "unaccepted", EFI_MEM_UNACCEPTED },
	{ "unacceptedmemory", EFI_MEM_UNACCEPTED },
};

/* Without blanks, "_" and "-"; what is longer than any name stays cut and matches none. */
static struct text squeeze(struct text name, char *buffer, size_t size)
{
	size_t n = 0;

	for (; name.at < name.end && n < size; name.at++)
		if (strchr(" \t_-", *name.at) == NULL)
			buffer[n++] = *name.at;
	return (struct text){ buffer, buffer + n };
}

/* Decimal, or hexadecimal with 0x, as for OEM types. */
static bool efi_type_number(struct text name, uint32_t *type)
{
	struct text hex = name;
	uint64_t value;
	bool ok;

	text_skip(&name, "type=");
	hex = name;
	ok = text_skip(&hex, "0x") ? text_hex(&name, &value) : text_decimal(&name, &value);
	if (!ok || !text_empty(&name) || value > UINT32_MAX)
		return false;
	*type = (uint32_t)value;
	return true;
}

bool efi_type_of(struct text name, uint32_t *type)
{
	char buffer[32];
	struct text squeezed = squeeze(name, buffer, sizeof(buffer));
	uint64_t value;

	if (by_name(efi_names, ARRAY_SIZE(efi_names), squeezed, &value)) {
		*type = (uint32_t)value;
		return true;
	}
	return efi_type_number(squeezed, type);
}

static const struct name attribute_names[] = {
	{ "UC", EFI_ATTR_UC },
	{ "WC", EFI_ATTR_WC },
	{ "WT", EFI_ATTR_WT },
	{ "WB", EFI_ATTR_WB },
	{ "UCE", EFI_ATTR_UCE },
	{ "SP", EFI_ATTR_SP },
	{ "RUN", EFI_ATTR_RUNTIME },
};

uint64_t efi_attributes_of(struct text names)
{
	uint64_t all = 0, value;

	if (text_skip(&names, "attr=") && text_hex(&names, &value))
		return value;
	while (!text_empty(&names)) {
		struct text one = names;

		while (one.at < one.end && *one.at != '|')
			one.at++;
		if (by_name(attribute_names, ARRAY_SIZE(attribute_names),
			    text_trim((struct text){ names.at, one.at }), &value))
			all |= value;
		names.at = one.at < one.end ? one.at + 1 : one.end;
	}
	return all;
}

/* --- ranges ---------------------------------------------------------------------------------- */

bool record_range(struct text *t, struct record *out)
{
	struct text rest = *t;

	if (!text_hex(&rest, &out->start))
		return false;
	text_blanks(&rest);
	if (!text_skip(&rest, "-"))
		return false;
	text_blanks(&rest);
	if (!text_hex(&rest, &out->end))
		return false;
	*t = rest;
	return true;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looking up configuration tables by their GUIDs, and variables by their names (tables.h). Called by main.c and acpi.c.
 */
#include <bootmem/string.h>

#include "tables.h"

static phys_t find(EFI_SYSTEM_TABLE *st, const EFI_GUID *guid)
{
	for (UINTN i = 0; i < st->NumberOfTableEntries; i++)
		if (memcmp(&st->ConfigurationTable[i].VendorGuid, guid, sizeof(*guid)) == 0)
			return (uintptr_t)st->ConfigurationTable[i].VendorTable;
	return 0;
}

phys_t table_acpi(EFI_SYSTEM_TABLE *st)
{
	static const EFI_GUID acpi2 = { 0x8868e871, 0xe4f1, 0x11d3,
		{ 0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81 } };
	static const EFI_GUID acpi1 = { 0xeb9d2d30, 0x2d88, 0x11d3,
		{ 0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d } };
	phys_t rsdp = find(st, &acpi2);

	return rsdp != 0 ? rsdp : find(st, &acpi1);
}

phys_t table_smbios(EFI_SYSTEM_TABLE *st)
{
	static const EFI_GUID guid = { 0xeb9d2d31, 0x2d88, 0x11d3,
		{ 0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d } };

	return find(st, &guid);
}

phys_t table_smbios3(EFI_SYSTEM_TABLE *st)
{
	static const EFI_GUID guid = { 0xf2fd1544, 0x9794, 0x4a2c,
		{ 0x99, 0x2e, 0xe5, 0xbb, 0xcf, 0x20, 0xe3, 0x94 } };

	return find(st, &guid);
}

phys_t table_memory_attributes(EFI_SYSTEM_TABLE *st)
{
	static const EFI_GUID guid = { 0xdcfa911d, 0x26eb, 0x469f,
		{ 0xa2, 0x20, 0x38, 0xb7, 0xdc, 0x46, 0x12, 0x20 } };

	return find(st, &guid);
}

/* A global variable of one byte. */
static EFI_STATUS read_byte(EFI_SYSTEM_TABLE *st, CHAR16 *name, uint8_t *value)
{
	static EFI_GUID global = EFI_GLOBAL_VARIABLE;
	UINTN bytes = sizeof(*value);

	return st->RuntimeServices->GetVariable(name, &global, NULL, &bytes, value);
}

enum linux_secure_boot table_secure_boot(EFI_SYSTEM_TABLE *st)
{
	static CHAR16 secure_boot[] = L"SecureBoot", setup_mode[] = L"SetupMode";
	uint8_t secure = 0, setup = 0;
	EFI_STATUS status;

	if (st->RuntimeServices == NULL)
		return LINUX_SECURE_BOOT_UNSET;
	status = read_byte(st, secure_boot, &secure);
	if (status == EFI_NOT_FOUND)
		return LINUX_SECURE_BOOT_DISABLED;
	if (EFI_ERROR(status) || EFI_ERROR(read_byte(st, setup_mode, &setup)))
		return LINUX_SECURE_BOOT_UNKNOWN;
	return secure == 1 && setup == 0 ? LINUX_SECURE_BOOT_ENABLED : LINUX_SECURE_BOOT_DISABLED;
}

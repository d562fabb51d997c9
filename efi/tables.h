/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The firmware's configuration tables (UEFI 2.10, 4.6): where the standards' own tables begin; and what its variables say.
 */
#ifndef EFI_TABLES_H
#define EFI_TABLES_H

#include <bootmem/linux_boot.h>
#include <bootmem/types.h>

#include "uefi.h"

/* Physical addresses; 0: not there. */
phys_t table_acpi(EFI_SYSTEM_TABLE *st); /* the RSDP: ACPI 2.0's before ACPI 1.0's */
phys_t table_smbios(EFI_SYSTEM_TABLE *st);
phys_t table_smbios3(EFI_SYSTEM_TABLE *st);
phys_t table_memory_attributes(EFI_SYSTEM_TABLE *st);

/* Does it verify what it starts (UEFI 2.10, 3.3)? In setup mode it does not; one without such a variable neither. Unset:
 * it has no runtime services to be asked; unknown: it does not say. */
enum linux_secure_boot table_secure_boot(EFI_SYSTEM_TABLE *st);

/* Firmware that does not say is taken to verify. */
static inline bool secure_boot_on(enum linux_secure_boot state)
{
	return state == LINUX_SECURE_BOOT_ENABLED || state == LINUX_SECURE_BOOT_UNKNOWN;
}

#endif

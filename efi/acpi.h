/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What ACPI's tables say about switching off and resetting. Copied before the exit, while the firmware's page tables still show its tables.
 */
#ifndef EFI_ACPI_H
#define EFI_ACPI_H

#include <bootmem/spcr.h>
#include <bootmem/types.h>

#include "uefi.h"

/* Ports; 0: not there. */
struct acpi_power {
	bool can_sleep; /* \_S5 and PM1a_CNT found */
	uint16_t pm1a_control, pm1b_control;
	uint8_t sleep_type_a, sleep_type_b; /* SLP_TYP for S5 */
	uint16_t smi_command;
	uint8_t acpi_enable; /* written there to switch ACPI mode on */
	uint16_t reset_port;
	uint8_t reset_value;
};

/*
 * The firmware's serial console; port 0: there is no such table. BM_INVALID and BM_REFUSED as spcr_parse, with port 0.
 */
enum bm_error acpi_serial_find(EFI_SYSTEM_TABLE *st, struct spcr *out);

/* All zero where there is no ACPI. */
struct acpi_power acpi_power_find(EFI_SYSTEM_TABLE *st);

#endif

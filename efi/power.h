/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end: what after= asks for, by the firmware or by the machine's own registers.
 */
#ifndef EFI_POWER_H
#define EFI_POWER_H

#include <bootmem/options.h>

#include "acpi.h"
#include "log.h"

/* The last line of a machine that halts. */
#define POWER_HALTED "Halted. It is safe to switch off.\n"

/*
 * Halt, switch off (ResetSystem, ACPI S5) or reset (ResetSystem, ACPI reset register, 0xCF9, keyboard controller,
 * triple fault). Where switching off fails the machine says so and halts. runtime is null where runtime
 * services can't be called. After the exit only.
 */
_Noreturn void power_finish(enum option_after after, const struct acpi_power *acpi,
	EFI_RUNTIME_SERVICES *runtime, struct log *log);

#endif

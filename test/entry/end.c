/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of the application for tests of what no debugger shows: linked instead of efi/power.c, it prints
 * the registers, the page attribute table among them, and stops.
 */
#include <bootmem/cpu.h>

#include "power.h"
#include "state.h"

_Noreturn void power_finish(enum option_after after, const struct acpi_power *acpi,
	EFI_RUNTIME_SERVICES *runtime, struct log *log)
{
	(void)after;
	(void)acpi;
	(void)runtime;
	state_print(&log->text, "at the end");
	sink_puts(&log->text, "Halted.\n");
	log_flush(log);
	arch_halt();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Power-off and reset: the firmware knows its machine best, where its ranges are mapped with their
 * rights. If it returns, or can't be asked, ports alone: they need no mapping, so they work whatever the
 * state of the address space.
 */
#include "power.h"

#include <bootmem/cpu.h>
#include <x86/io.h>

#define PM1_SCI_EN         0x0001 /* ACPI 6.5, 4.8.3.2.1 */
#define PM1_SLP_TYP        0x1c00
#define PM1_SLP_TYP_POS    10
#define PM1_SLP_EN         0x2000

#define RESET_CONTROL      0xcf9
#define RESET_CONTROL_PREP 0x02
#define RESET_CONTROL_FULL 0x06
#define KEYBOARD_COMMAND   0x64
#define KEYBOARD_RESET     0xfe

/* About a microsecond each. */
#define WAIT_READS         500000u

static void wait_a_moment(void)
{
	for (uint32_t i = 0; i < WAIT_READS; i++)
		(void)io_in8(0x80);
}

/* Until the SCI is enabled the PM1 registers belong to the firmware. */
static void enable_acpi(const struct acpi_power *acpi)
{
	if (acpi->smi_command == 0 || acpi->acpi_enable == 0)
		return;
	if ((io_in16(acpi->pm1a_control) & PM1_SCI_EN) != 0)
		return;
	io_out8(acpi->smi_command, acpi->acpi_enable);
	for (uint32_t i = 0; i < WAIT_READS; i++)
		if ((io_in16(acpi->pm1a_control) & PM1_SCI_EN) != 0)
			return;
}

static void enter_sleep(uint16_t port, uint8_t type)
{
	uint16_t value;

	if (port == 0)
		return;
	value = (uint16_t)(io_in16(port) & ~PM1_SLP_TYP);
	io_out16(port, (uint16_t)(value | type << PM1_SLP_TYP_POS | PM1_SLP_EN));
}

static void power_off(const struct acpi_power *acpi)
{
	if (!acpi->can_sleep)
		return;
	enable_acpi(acpi);
	enter_sleep(acpi->pm1a_control, acpi->sleep_type_a);
	enter_sleep(acpi->pm1b_control, acpi->sleep_type_b);
	wait_a_moment();
}

static _Noreturn void reboot(const struct acpi_power *acpi)
{
	if (acpi->reset_port != 0) {
		io_out8(acpi->reset_port, acpi->reset_value);
		wait_a_moment();
	}
	io_out8(RESET_CONTROL, RESET_CONTROL_PREP);
	io_out8(RESET_CONTROL, RESET_CONTROL_FULL);
	wait_a_moment();
	io_out8(KEYBOARD_COMMAND, KEYBOARD_RESET);
	wait_a_moment();
	arch_triple_fault();
}

/* It does not return where it works. */
static void ask_firmware(enum option_after after, EFI_RUNTIME_SERVICES *runtime)
{
	EFI_RESET_TYPE type = after == AFTER_POWEROFF ? EfiResetShutdown : EfiResetCold;

	if (runtime == NULL || after == AFTER_HALT)
		return;
	arch_allow_sse();
	runtime->ResetSystem(type, EFI_SUCCESS, 0, NULL);
}

_Noreturn void power_finish(enum option_after after, const struct acpi_power *acpi,
	EFI_RUNTIME_SERVICES *runtime, struct log *log)
{
	log_flush(log);
	ask_firmware(after, runtime);
	if (after == AFTER_REBOOT)
		reboot(acpi);
	if (after == AFTER_POWEROFF) {
		power_off(acpi);
		sink_puts(&log->text, "The machine does not switch off by ACPI.\n");
	}
	sink_puts(&log->text, POWER_HALTED);
	log_flush(log);
	log_rest(log);
	arch_halt();
}

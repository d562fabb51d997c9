/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EFI's runtime services (UEFI 2.10, 4.3, 4.5 and 8), as much of them as the test kernels need. They are mapped where
 * they are; calls are by Microsoft's convention on x86_64 and by cdecl on i386 (2.3). Called by bare,
 * probe and torture; hello shows the way to ResetSystem itself.
 */
#include "firmware.h"

#include <bootmem/string.h>

#define SYSTEM_TABLE_SIGNATURE UINT64_C(0x5453595320494249) /* "IBI SYST" */
#define RESET_SHUTDOWN         2
#define ERROR_BIT              ((uintptr_t)1 << (8 * sizeof(uintptr_t) - 1))
#define NOT_FOUND              (ERROR_BIT | 14)
#define NAME_ROOM              256 /* characters of a variable's name */

struct efi_time {
	uint16_t year;
	uint8_t month, day, hour, minute, second, pad1;
	uint32_t nanosecond;
	int16_t zone;
	uint8_t daylight, pad2;
};

struct efi_guid {
	uint32_t a;
	uint16_t b, c;
	uint8_t d[8];
};

struct efi_runtime {
	uint64_t header[3];
	uintptr_t(EFIAPI *get_time)(struct efi_time *time, void *capabilities);
	void *other1[6];
	uintptr_t(EFIAPI *next_variable)(uintptr_t *bytes, uint16_t *name, struct efi_guid *vendor);
	void *other2[2];
	void(EFIAPI *reset_system)(int type, uintptr_t status, uintptr_t bytes, void *data);
};

struct efi_system {
	uint64_t signature;
	uint64_t header[2];
	void *other[8]; /* vendor, revision, and the handles and protocols of three consoles */
	struct efi_runtime *runtime;
};

_Static_assert(offsetof(struct efi_system, runtime) == 24 + 8 * sizeof(void *), "UEFI 4.3");
_Static_assert(offsetof(struct efi_runtime, reset_system) == 24 + 10 * sizeof(void *), "UEFI 4.5");

static struct efi_system *system_of(const struct firmware *firmware)
{
	return (struct efi_system *)(uintptr_t)firmware->system_table_phys;
}

static bool time_works(struct efi_runtime *runtime)
{
	struct efi_time time = { 0 };

	return runtime->get_time(&time, NULL) == 0 && time.year >= 1900 && time.year <= 9999 &&
	       time.month >= 1 && time.month <= 12 && time.day >= 1 && time.day <= 31 &&
	       time.hour < 24 && time.minute < 60 && time.second < 60;
}

/* Names of all variables, one by one, up to a few: the firmware reads its own data for that. */
static bool variables_work(struct efi_runtime *runtime)
{
	static uint16_t name[NAME_ROOM];
	struct efi_guid vendor = { 0 };
	uint32_t found = 0;

	name[0] = 0;
	for (; found < 8; found++) {
		uintptr_t bytes = sizeof(name);
		uintptr_t status = runtime->next_variable(&bytes, name, &vendor);

		if (status == NOT_FOUND)
			break;
		if (status != 0 || name[0] == 0)
			return false;
	}
	return found != 0;
}

struct firmware firmware_of(const struct handoff *record)
{
	bool usable = (record->flags & HANDOFF_RUNTIME_USABLE) != 0;

	return (struct firmware){ usable ? record->firmware.system_table_phys : 0 };
}

bool firmware_has_signature(const struct firmware *firmware)
{
	return system_of(firmware)->signature == SYSTEM_TABLE_SIGNATURE;
}

bool firmware_works(const struct firmware *firmware)
{
	struct efi_runtime *runtime = system_of(firmware)->runtime;

	return time_works(runtime) && variables_work(runtime);
}

_Noreturn void firmware_power_off(const struct firmware *firmware)
{
	if (firmware->system_table_phys != 0)
		system_of(firmware)->runtime->reset_system(RESET_SHUTDOWN, 0, 0, NULL);
	machine_halt();
}

_Noreturn void machine_halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt");
}

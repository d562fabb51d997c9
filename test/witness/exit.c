/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The application for the witness test: the moment boot services are left, it stops the machine by QEMU's pvpanic
 * device, so that memory can be looked at from outside, and goes on when QEMU lets it. Linked with
 * --wrap=exit_boot_services; nothing else differs.
 */
#include <x86/io.h>

#include "exit.h"

#define PVPANIC_PORT     0x505
#define PVPANIC_PANICKED 1

enum bm_error __real_exit_boot_services(EFI_BOOT_SERVICES *bs, EFI_HANDLE image,
	struct memory_map *mm, struct fw_map *map, uint32_t *attempts);
enum bm_error __wrap_exit_boot_services(EFI_BOOT_SERVICES *bs, EFI_HANDLE image,
	struct memory_map *mm, struct fw_map *map, uint32_t *attempts);

enum bm_error __wrap_exit_boot_services(EFI_BOOT_SERVICES *bs, EFI_HANDLE image,
	struct memory_map *mm, struct fw_map *map, uint32_t *attempts)
{
	enum bm_error error = __real_exit_boot_services(bs, image, mm, map, attempts);

	io_out8(PVPANIC_PORT, PVPANIC_PANICKED);
	return error;
}

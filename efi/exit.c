/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The exit: read the map, offer its key, again with a fresh map when the key is stale because
 * something in the firmware allocated in between (Q1, Q2). Between the two calls nothing is called,
 * printed or allocated.
 */
#include "exit.h"

#include <bootmem/cpu.h>

enum bm_error exit_boot_services(EFI_BOOT_SERVICES *bs, EFI_HANDLE image, struct memory_map *mm,
	struct fw_map *map, uint32_t *attempts)
{
	for (*attempts = 0; *attempts < EXIT_ATTEMPTS;) {
		enum bm_error error = memory_map_read(mm, bs, map);

		if (error != BM_OK)
			return error == BM_REFUSED ? BM_INVALID : error;
		++*attempts;
		if (EFI_ERROR(bs->ExitBootServices(image, (UINTN)map->key)))
			continue;
		/* Some firmware leaves them on, with a table that is no longer anybody's (Q9). */
		arch_disable_interrupts();
		return BM_OK;
	}
	return BM_REFUSED;
}

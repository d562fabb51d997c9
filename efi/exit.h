/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ExitBootServices.
 */
#ifndef EFI_EXIT_H
#define EFI_EXIT_H

#include "memory_map.h"

#define EXIT_ATTEMPTS 64

/*
 * Leave boot services; *map is the map whose key was accepted, in mm's buffer, *attempts how often
 * ExitBootServices was called. Interrupts are off afterwards. After a failure no other boot service may
 * be called either: the firmware has begun to shut down (Q6); unless there was no attempt, because
 * the map can't be read: then it is as it was. BM_REFUSED: EXIT_ATTEMPTS were in vain; BM_FULL, BM_INVALID: of the map.
 */
BM_MUST_USE enum bm_error exit_boot_services(EFI_BOOT_SERVICES *bs, EFI_HANDLE image,
	struct memory_map *mm, struct fw_map *map, uint32_t *attempts);

#endif

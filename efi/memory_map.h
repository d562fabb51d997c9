/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * GetMemoryMap into a buffer of ours that never moves. The buffer has slack, because every
 * allocation can add descriptors, and a canary behind it, because firmware has written past the
 * size it was told (Q4).
 */
#ifndef EFI_MEMORY_MAP_H
#define EFI_MEMORY_MAP_H

#include <bootmem/fw_map.h>

#include "uefi.h"

#define MEMORY_MAP_SLACK        64u  /* descriptors beyond what the firmware says it needs */
#define MEMORY_MAP_CANARY_BYTES 512u /* behind the buffer */

struct memory_map {
	uint8_t *buffer;
	UINTN capacity_bytes; /* without the canary */
	bool outgrown;        /* the last read did not fit */
	bool overrun;         /* the firmware wrote past the end */
};

/* Bytes of buffer, canary not included, for the map as it is now and slack more descriptors. */
BM_MUST_USE enum bm_error memory_map_wanted(
	EFI_BOOT_SERVICES *bs, uint32_t slack, UINTN *bytes, uint32_t *descriptors);

/* buffer is capacity_bytes + MEMORY_MAP_CANARY_BYTES long. */
void memory_map_init(struct memory_map *mm, void *buffer, UINTN capacity_bytes);

/*
 * One call of GetMemoryMap, and nothing else. BM_FULL: outgrown; BM_INVALID: overrun, or a
 * descriptor size that makes no sense; BM_REFUSED: any other refusal.
 */
BM_MUST_USE enum bm_error memory_map_read(
	struct memory_map *mm, EFI_BOOT_SERVICES *bs, struct fw_map *map);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the firmware's map; main.c before the exit, exit.c during it.
 */
#include "memory_map.h"

#include <bootmem/string.h>

#define CANARY_BYTE   0xc5

/* Firmware that leaves the size unset means the standard's (Q5). */
#define PRESET_STRIDE sizeof(struct efi_memory_desc)

static bool canary_intact(const struct memory_map *mm)
{
	const uint8_t *canary = mm->buffer + mm->capacity_bytes;

	for (unsigned i = 0; i < MEMORY_MAP_CANARY_BYTES; i++)
		if (canary[i] != CANARY_BYTE)
			return false;
	return true;
}

enum bm_error memory_map_wanted(
	EFI_BOOT_SERVICES *bs, uint32_t slack, UINTN *bytes, uint32_t *descriptors)
{
	UINTN size = 0, key, stride = PRESET_STRIDE;
	UINT32 version;

	if (bs->GetMemoryMap(&size, NULL, &key, &stride, &version) != EFI_BUFFER_TOO_SMALL)
		return BM_REFUSED;
	if (stride < FW_MAP_MIN_STRIDE || stride > FW_MAP_MAX_STRIDE)
		return BM_INVALID;
	*bytes = size + slack * stride;
	/* the division is of machine words */
	*descriptors = (uint32_t)(*bytes / stride);
	return BM_OK;
}

void memory_map_init(struct memory_map *mm, void *buffer, UINTN capacity_bytes)
{
	*mm = (struct memory_map){ .buffer = buffer, .capacity_bytes = capacity_bytes };
	memset(mm->buffer + capacity_bytes, CANARY_BYTE, MEMORY_MAP_CANARY_BYTES);
}

enum bm_error memory_map_read(struct memory_map *mm, EFI_BOOT_SERVICES *bs, struct fw_map *map)
{
	UINTN size = mm->capacity_bytes, key = 0, stride = PRESET_STRIDE;
	UINT32 version = 0;
	EFI_STATUS status;

	status = bs->GetMemoryMap(
		&size, (EFI_MEMORY_DESCRIPTOR *)(void *)mm->buffer, &key, &stride, &version);
	mm->outgrown = status == EFI_BUFFER_TOO_SMALL;
	mm->overrun = !canary_intact(mm) || (!EFI_ERROR(status) && size > mm->capacity_bytes);
	if (mm->overrun)
		return BM_INVALID;
	if (EFI_ERROR(status))
		return mm->outgrown ? BM_FULL : BM_REFUSED;
	return fw_map_init(map, mm->buffer, size, stride, version, key);
}

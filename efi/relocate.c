/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A second relocation of the image, by the same table as the first; main.c begins with it. Every
 * word the table names holds an address inside the image, already right for where the firmware put
 * it.
 */
#include "relocate.h"

#include <bootmem/arch.h>
#include <bootmem/string.h>

#include "image.h"

#define IMAGE_END_MAX  (ARCH_HIGHMEM ? ARCH_DIRECT_BASE : UINT64_MAX)
#define R_386_RELATIVE 8

/* Elf32_Rel: what the linker writes for i386. */
struct rel {
	uint32_t offset, type;
};

static void shift_addresses(char *image, uint32_t delta)
{
	const struct rel *rel = (const struct rel *)(const void *)rel_start;
	size_t count = ((uintptr_t)rel_end - (uintptr_t)rel_start) / sizeof(*rel);

	for (; count-- > 0; rel++) {
		uint32_t address;

		if (rel->type != R_386_RELATIVE)
			continue;
		memcpy(&address, image + rel->offset, sizeof(address));
		address += delta;
		memcpy(image + rel->offset, &address, sizeof(address));
	}
}

bool image_misplaced(void)
{
	return (uintptr_t)image_end > IMAGE_END_MAX;
}

EFI_STATUS image_run_moved(image_entry entry, EFI_HANDLE handle, EFI_SYSTEM_TABLE *st)
{
	UINTN bytes = (uintptr_t)image_end - (uintptr_t)image_start;
	EFI_PHYSICAL_ADDRESS to = IMAGE_END_MAX - 1;
	EFI_STATUS status = st->BootServices->AllocatePages(
		AllocateMaxAddress, EfiLoaderCode, (UINTN)pfn_up(bytes), &to);
	uintptr_t delta = (uintptr_t)to - (uintptr_t)image_start;

	if (EFI_ERROR(status))
		return status;
	memcpy((char *)image_start + delta, image_start, bytes);
	shift_addresses((char *)image_start + delta, (uint32_t)delta);
	status = ((image_entry)((uintptr_t)entry + delta))(handle, st);
	st->BootServices->FreePages(to, (UINTN)pfn_up(bytes));
	return status;
}

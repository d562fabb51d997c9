/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files on the volume that the application was loaded from.
 */
#ifndef EFI_FILE_H
#define EFI_FILE_H

#include <bootmem/types.h>

#include "uefi.h"

/* Contents in memory from AllocatePool. */
struct file {
	char *text;
	UINTN length;
};

/*
 * Read a whole file of at most limit bytes. BM_REFUSED: no such file or volume; BM_INVALID: longer
 * than limit, or unreadable; BM_NOMEM.
 */
BM_MUST_USE enum bm_error file_read(
	EFI_BOOT_SERVICES *bs, EFI_HANDLE device, CHAR16 *path, UINTN limit, struct file *out);

void file_free(EFI_BOOT_SERVICES *bs, struct file *file);

#endif

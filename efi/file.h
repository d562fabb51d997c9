/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files on the volume that the application was loaded from.
 */
#ifndef EFI_FILE_H
#define EFI_FILE_H

#include <bootmem/options.h>
#include <bootmem/types.h>

#include "uefi.h"

/* The firmware's paths have backslashes; users may write either. */
void file_wide_path(CHAR16 out[OPTIONS_PATH], const char *path);

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

/* Contents in whole pages of EfiLoaderData; the last page's rest is zero. */
struct file_pages {
	phys_t start_phys;
	uint64_t bytes; /* of the file */
	uint64_t pages;
};

/*
 * Read a whole file into pages that end at or below limit_phys, in bounded pieces (Q54). An empty file is BM_INVALID;
 * otherwise as file_read. The pages in *out are the caller's to free after an error, too.
 */
BM_MUST_USE enum bm_error file_read_pages(EFI_BOOT_SERVICES *bs, EFI_HANDLE device, CHAR16 *path,
	phys_t limit_phys, struct file_pages *out);

/* The volume's root directory, which the caller closes; null: no volume. */
EFI_FILE_HANDLE file_open_root(EFI_BOOT_SERVICES *bs, EFI_HANDLE device);

void file_free(EFI_BOOT_SERVICES *bs, struct file *file);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files that the start is for: the kernel and its initrd, read from the volume the application was loaded from.
 */
#ifndef EFI_KERNEL_H
#define EFI_KERNEL_H

#include <bootmem/boot.h>

#include "file.h"

/* No pages: not asked for. */
struct kernel_files {
	struct file_pages kernel, initrd;
};

/*
 * Read what the options name and tell the input. Pages lie below 4 GiB (i386: below the split), and below mem=. False, with a
 * line on errors: one of them can't be read. In either case kernel_files_release is what gives the pages back.
 */
bool kernel_files_read(struct kernel_files *files, EFI_BOOT_SERVICES *bs, EFI_HANDLE device,
	struct boot_input *input, const struct sink *errors);

/* The pages go back; true when the firmware took them all. */
bool kernel_files_release(struct kernel_files *files, EFI_BOOT_SERVICES *bs);

#endif

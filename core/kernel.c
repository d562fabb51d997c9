/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's file: recognised by content, for the protocol it wants. Called by core/boot.c before the exit, while
 * the file is still there and a refusal costs nothing.
 */
#include "boot_internal.h"

enum bm_error boot_place_kernel(struct boot *b)
{
	const struct boot_input *in = &b->input;

	if (in->kernel_file == NULL)
		return BM_OK;
	if (elf_recognise(in->kernel_file, in->kernel_file_bytes))
		return boot_place_elf(b);
	if (linux_recognise(in->kernel_file, in->kernel_file_bytes))
		return boot_place_linux(b);
	return boot_fail(b, BM_INVALID, "handoff: %s is neither an ELF file nor a Linux kernel (bzImage)",
		in->options.kernel);
}

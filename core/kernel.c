/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's file: recognised by content, for the protocol it wants. Called by core/boot.c before the exit, while
 * the file is still there and a refusal costs nothing.
 */
#include "boot_internal.h"

phys_t boot_kernel_wish_end(const struct boot *b)
{
	return b->input.kernel_file != NULL ? boot_linux_wish_end(b) : 0;
}

/* Some of the initrd's pages can be nobody's RAM, or the user's. */
static bool initrd_is_ours(const struct boot *b)
{
	const struct boot_input *in = &b->input;

	return boot_owner_pages(b, OWNER_INITRD) ==
	       pfn_up(in->initrd_end_phys) - pfn_down(in->initrd_start_phys);
}

enum bm_error boot_place_kernel(struct boot *b)
{
	const struct boot_input *in = &b->input;

	if (in->kernel_file == NULL)
		return BM_OK;
	if (!initrd_is_ours(b))
		return boot_fail(b, BM_CONFLICT,
			"handoff: %s lies at %llx, where mem=, reserve= or badram= leave no RAM "
			"for it",
			in->options.initrd, ULL(in->initrd_start_phys));
	if (elf_recognise(in->kernel_file, in->kernel_file_bytes))
		return boot_place_elf(b);
	if (linux_recognise(in->kernel_file, in->kernel_file_bytes))
		return boot_place_linux(b);
	return boot_fail(b, BM_INVALID,
		"handoff: %s is neither an ELF file nor a Linux kernel (bzImage)",
		in->options.kernel);
}

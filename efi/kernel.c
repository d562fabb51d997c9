/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the kernel and its initrd (kernel.h); core/kernel.c understands them. The kernel's file is copied before
 * the exit and is the firmware's memory; the initrd stays where it was read. Called by main.c.
 */
#include "kernel.h"

static const char *reason(enum bm_error error)
{
	switch (error) {
	case BM_REFUSED:
		return "there is no such file on the volume this program was loaded from";
	case BM_NOMEM:
		return "there is no room for it";
	default:
		return "it is empty or can't be read";
	}
}

/* Nothing is kept in RAM that mem= takes away. */
static phys_t files_end(const struct boot_options *options)
{
	return options->mem_bytes != 0 ? min_u64(options->mem_bytes, ARCH_SPLIT_PHYS)
				       : ARCH_SPLIT_PHYS;
}

static bool read_named(struct file_pages *out, EFI_BOOT_SERVICES *bs, EFI_HANDLE device,
	const char *path, phys_t end_phys, const struct sink *errors)
{
	CHAR16 wide[OPTIONS_PATH];
	enum bm_error error;

	if (path[0] == '\0')
		return true;
	file_wide_path(wide, path);
	error = file_read_pages(bs, device, wide, end_phys, out);
	if (error != BM_OK)
		sink_printf(errors, "handoff: %s: %s\n", path, reason(error));
	return error == BM_OK;
}

bool kernel_files_read(struct kernel_files *files, EFI_BOOT_SERVICES *bs, EFI_HANDLE device,
	struct boot_input *input, const struct sink *errors)
{
	phys_t end = files_end(&input->options);

	if (!read_named(&files->kernel, bs, device, input->options.kernel, end, errors))
		return false;
	if (files->kernel.pages != 0 &&
		!read_named(&files->initrd, bs, device, input->options.initrd, end, errors))
		return false;
	if (files->kernel.pages == 0)
		return true;
	input->kernel_file = (const void *)(uintptr_t)files->kernel.start_phys;
	input->kernel_file_bytes = files->kernel.bytes;
	input->initrd_start_phys = files->initrd.start_phys;
	input->initrd_end_phys = files->initrd.start_phys + files->initrd.bytes;
	return true;
}

static bool release(struct file_pages *file, EFI_BOOT_SERVICES *bs)
{
	EFI_STATUS status = EFI_SUCCESS;

	if (file->pages != 0)
		status = bs->FreePages(file->start_phys, (UINTN)file->pages);
	*file = (struct file_pages){ 0 };
	return !EFI_ERROR(status);
}

bool kernel_files_release(struct kernel_files *files, EFI_BOOT_SERVICES *bs)
{
	bool kernel = release(&files->kernel, bs);

	return release(&files->initrd, bs) && kernel;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Moving the running image: on i386 the firmware may load it above PAGE_OFFSET, where our page
 * tables have the kernel's half of the address space and can't show it at its own address.
 */
#ifndef EFI_RELOCATE_H
#define EFI_RELOCATE_H

#include <bootmem/types.h>

#include "uefi.h"

typedef EFI_STATUS (*image_entry)(EFI_HANDLE handle, EFI_SYSTEM_TABLE *st);

/* Does the image run where our page tables can't show it? Never on x86_64. */
bool image_misplaced(void);

/*
 * Copy the image below PAGE_OFFSET and call entry, a function of this image, in the copy. Must be
 * called before any of the image's data has changed. Returns what entry returns, with the copy
 * freed, or EFI_OUT_OF_RESOURCES.
 */
EFI_STATUS image_run_moved(image_entry entry, EFI_HANDLE handle, EFI_SYSTEM_TABLE *st);

#endif

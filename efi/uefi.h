/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gnu-efi's headers, and proof that they say what the UEFI specification says about what we use.
 *
 * On ia32 they lay some structures out wrongly unless built with -malign-double (M6). That flag
 * would change the layout of our own structures too, which the library and a kernel share; so it is
 * not used, and fields behind a misplaced UINT64 (EFI_LOADED_IMAGE.ImageSize and later) are off
 * limits.
 */
#ifndef EFI_UEFI_H
#define EFI_UEFI_H

#include <efi.h>

#include <stddef.h>

#define UEFI_PTR sizeof(void *)

_Static_assert(sizeof(CHAR16) == 2 && sizeof(UINTN) == UEFI_PTR, "UEFI 2.10, 2.3.1");
_Static_assert(sizeof(EFI_TABLE_HEADER) == 24, "UEFI 2.10, 4.2");
_Static_assert(offsetof(EFI_BOOT_SERVICES, AllocatePages) == 24 + 2 * UEFI_PTR, "UEFI 2.10, 4.4");
_Static_assert(offsetof(EFI_BOOT_SERVICES, GetMemoryMap) == 24 + 4 * UEFI_PTR, "UEFI 2.10, 4.4");
_Static_assert(
	offsetof(EFI_BOOT_SERVICES, ExitBootServices) == 24 + 26 * UEFI_PTR, "UEFI 2.10, 4.4");
_Static_assert(
	offsetof(EFI_BOOT_SERVICES, SetWatchdogTimer) == 24 + 29 * UEFI_PTR, "UEFI 2.10, 4.4");
_Static_assert(offsetof(EFI_LOADED_IMAGE, DeviceHandle) == 3 * UEFI_PTR, "UEFI 2.10, 9.1");
_Static_assert(offsetof(EFI_LOADED_IMAGE, LoadOptions) == 7 * UEFI_PTR, "UEFI 2.10, 9.1");
_Static_assert(offsetof(EFI_FILE_INFO, FileSize) == 8, "UEFI 2.10, 13.5");
_Static_assert(offsetof(EFI_GRAPHICS_OUTPUT_PROTOCOL_MODE, FrameBufferBase) == 8 + 2 * UEFI_PTR,
	"UEFI 2.10, 12.9");

#endif

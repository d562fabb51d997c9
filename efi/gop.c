/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding the framebuffer through the graphics output protocol; no mode is set, nothing is drawn
 * (Q63).
 */
#include "gop.h"

static EFI_GUID gop_guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;

/* A mode is set (Q60), and there is memory behind it (Q58). */
static bool usable(const EFI_GRAPHICS_OUTPUT_PROTOCOL *gop)
{
	return gop->Mode != NULL && gop->Mode->Info != NULL &&
	       gop->Mode->Info->PixelFormat != PixelBltOnly && gop->Mode->FrameBufferBase != 0;
}

/* The console's own device first, others may lead nowhere (Q59). Null without a display (Q57). */
static EFI_GRAPHICS_OUTPUT_PROTOCOL *find_gop(EFI_SYSTEM_TABLE *st)
{
	EFI_BOOT_SERVICES *bs = st->BootServices;
	void *interface;

	if (!EFI_ERROR(bs->HandleProtocol(st->ConsoleOutHandle, &gop_guid, &interface)) &&
		usable(interface))
		return interface;
	if (!EFI_ERROR(bs->LocateProtocol(&gop_guid, NULL, &interface)) && usable(interface))
		return interface;
	return NULL;
}

struct framebuffer gop_framebuffer(EFI_SYSTEM_TABLE *st)
{
	EFI_GRAPHICS_OUTPUT_PROTOCOL *gop = find_gop(st);

	if (gop == NULL)
		return (struct framebuffer){ 0, 0 };
	return (struct framebuffer){ gop->Mode->FrameBufferBase, gop->Mode->FrameBufferSize };
}

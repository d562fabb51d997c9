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

/* What a handle has; null when that is none, or none to draw to. */
static EFI_GRAPHICS_OUTPUT_PROTOCOL *gop_of(EFI_BOOT_SERVICES *bs, EFI_HANDLE handle)
{
	void *interface;

	if (EFI_ERROR(bs->HandleProtocol(handle, &gop_guid, &interface)) || !usable(interface))
		return NULL;
	return interface;
}

static EFI_GRAPHICS_OUTPUT_PROTOCOL *first_gop(EFI_BOOT_SERVICES *bs)
{
	EFI_GRAPHICS_OUTPUT_PROTOCOL *gop = NULL;
	EFI_HANDLE *handle;
	UINTN count;

	if (EFI_ERROR(bs->LocateHandleBuffer(ByProtocol, &gop_guid, NULL, &count, &handle)))
		return NULL;
	for (UINTN i = 0; i < count && gop == NULL; i++)
		gop = gop_of(bs, handle[i]);
	bs->FreePool(handle);
	return gop;
}

/*
 * The console's own device first, others may lead nowhere; where it stands for several outputs it has no
 * memory of its own (Q59). Null without a display (Q57).
 */
static EFI_GRAPHICS_OUTPUT_PROTOCOL *find_gop(EFI_SYSTEM_TABLE *st)
{
	EFI_GRAPHICS_OUTPUT_PROTOCOL *gop = gop_of(st->BootServices, st->ConsoleOutHandle);

	return gop != NULL ? gop : first_gop(st->BootServices);
}

/* All formats but a mask of the mode's own have 8 bits of each colour. */
static void describe_colours(
	struct handoff_framebuffer *out, const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *info)
{
	uint32_t all;

	out->reserved_mask = 0xff000000u;
	out->green_mask = 0x0000ff00u;
	out->red_mask =
		info->PixelFormat == PixelBlueGreenRedReserved8BitPerColor ? 0xff0000u : 0xffu;
	out->blue_mask = out->red_mask ^ 0xff00ffu;
	if (info->PixelFormat == PixelBitMask) {
		out->red_mask = info->PixelInformation.RedMask;
		out->green_mask = info->PixelInformation.GreenMask;
		out->blue_mask = info->PixelInformation.BlueMask;
		out->reserved_mask = info->PixelInformation.ReservedMask;
	}
	all = out->red_mask | out->green_mask | out->blue_mask | out->reserved_mask;
	while (out->bits_per_pixel < 32 && all >> out->bits_per_pixel != 0)
		out->bits_per_pixel += 8;
}

static struct handoff_framebuffer describe_screen(const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *info)
{
	struct handoff_framebuffer out = { .width = info->HorizontalResolution,
		.height = info->VerticalResolution };

	describe_colours(&out, info);
	out.pitch = info->PixelsPerScanLine * (out.bits_per_pixel / 8);
	return out;
}

struct framebuffer gop_framebuffer(EFI_SYSTEM_TABLE *st)
{
	EFI_GRAPHICS_OUTPUT_PROTOCOL *gop = find_gop(st);

	if (gop == NULL)
		return (struct framebuffer){ .bytes = 0 };
	return (struct framebuffer){ gop->Mode->FrameBufferBase, gop->Mode->FrameBufferSize,
		describe_screen(gop->Mode->Info) };
}

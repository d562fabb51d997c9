/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The framebuffer, as the firmware left it.
 */
#ifndef EFI_GOP_H
#define EFI_GOP_H

#include <bootmem/handoff.h>
#include <bootmem/types.h>

#include "uefi.h"

/* bytes == 0: none that can be used after the exit. */
struct framebuffer {
	phys_t start_phys;
	uint64_t bytes;
	struct handoff_framebuffer screen; /* its size and colours only */
};

struct framebuffer gop_framebuffer(EFI_SYSTEM_TABLE *st);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The options of this start: \bootmem.conf on the volume of the image, then the load options, which
 * win.
 */
#ifndef EFI_CONFIG_H
#define EFI_CONFIG_H

#include <bootmem/format.h>
#include <bootmem/options.h>

#include "uefi.h"

/* Fill *options. What can't be used is named on errors and left at its default. */
void config_read(EFI_BOOT_SERVICES *bs, const EFI_LOADED_IMAGE *image, struct boot_options *options,
	const struct sink *errors);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The options of this start: the configuration in the image, \bootmem.conf on the image's volume, then the load
 * options. Later ones win, except where they may not say it (docs/secure-boot.md).
 */
#ifndef EFI_CONFIG_H
#define EFI_CONFIG_H

#include <bootmem/format.h>
#include <bootmem/options.h>

#include "measure.h"

/* The PE section of the embedded configuration. */
#define CONFIG_SECTION ".config"

struct config_sources {
	EFI_BOOT_SERVICES *bs;
	const EFI_LOADED_IMAGE *image;
	bool secure;         /* Secure Boot is on: only what is in the image is trusted */
	struct measure *tpm; /* takes what is not in the image, before it is read */
};

/* Fill *options. What can't be used is named on errors and left at its default. */
void config_read(
	const struct config_sources *from, struct boot_options *options, const struct sink *errors);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The firmware's part in <bootmem/trust.h>: it checks signatures, and has the TPM.
 */
#ifndef EFI_SECURE_H
#define EFI_SECURE_H

#include <bootmem/boot.h>

#include "measure.h"

#define SECURE_PATH_BYTES 2048

struct secure {
	EFI_BOOT_SERVICES *bs;
	EFI_HANDLE image, device; /* this application, and the volume it was loaded from */
	struct measure *tpm;
	const struct boot_input *input;
	uint8_t path[SECURE_PATH_BYTES]; /* the kernel's device path */
};

/*
 * May the kernel of the input start, if there is one? Measures what is to be used, and shortens kernel_file_bytes to
 * what its signature covers. False, with a sentence on errors: no.
 */
bool secure_allows(struct secure *s, struct boot_input *input, const struct sink *errors);

#endif

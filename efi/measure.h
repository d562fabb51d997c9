/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measuring into the TPM, before the thing measured is used: what was said into PCR 8, what is started into PCR 9, as
 * GRUB has it.
 */
#ifndef EFI_MEASURE_H
#define EFI_MEASURE_H

#include <bootmem/format.h>
#include <bootmem/options.h>

#include "tcg2.h"

#define MEASURE_TEXTS      8 /* bootmem.conf, load options, cmdline */
#define MEASURE_FILES      9 /* kernel, initrd */

#define MEASURE_DETAIL_MAX (OPTIONS_CMDLINE + 32)

struct measure {
	struct tcg2 *tpm; /* null: there is none, and all that is measured costs nothing */
	bool failed;      /* something could not be measured */
	const struct sink *errors;
	struct __attribute__((packed)) {
		struct tcg2_event head;
		char description[MEASURE_DETAIL_MAX];
	} event;
};

/* What can't be measured later on is named on errors. */
void measure_open(struct measure *m, EFI_BOOT_SERVICES *bs, const struct sink *errors);

/*
 * Extend the PCR by the hash of these bytes, and log "what: detail", a text of at most MEASURE_DETAIL_MAX - 1
 * characters, beyond which it is cut. No bytes: no event.
 */
void measure(struct measure *m, uint32_t pcr, const char *what, const char *detail,
	const void *data, uint64_t bytes);

#endif

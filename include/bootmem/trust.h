/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What may be started with Secure Boot on (docs/secure-boot.md has the rules for people). Decided before the exit,
 * with the bytes in memory that would be used.
 *
 *   kernel    its SHA-256 is named in the embedded configuration, or the firmware verifies it
 *   initrd    its SHA-256 is named; or none is, and the firmware has verified the kernel
 *   cmdline   is the embedded configuration's, or empty, or the firmware has verified the kernel
 *   TPM       where there is one, it has taken every measurement
 *
 * A kernel that the firmware verifies would start with any initrd and command line from the firmware's own menu, and
 * guards itself; one that is only named by its hash need not, so all that it gets is named, too.
 */
#ifndef BOOTMEM_TRUST_H
#define BOOTMEM_TRUST_H

#include <bootmem/format.h>
#include <bootmem/options.h>
#include <bootmem/types.h>

/* What the firmware says of an image. */
enum trust_answer {
	TRUST_VERIFIED,
	TRUST_SIGNATURE, /* no signature that it accepts */
	TRUST_NO_ANSWER, /* it can't load such an image, or has no memory for it */
};

struct trust_bytes {
	const void *at;
	uint64_t bytes;
};

struct trust {
	bool secure; /* Secure Boot is on, or may be */
	const struct boot_options *options;
	struct trust_bytes kernel, initrd; /* no initrd: 0 bytes */
	void *ctx;
	enum trust_answer (*verify)(void *ctx, const void *image, uint64_t bytes);
	/* Kernel, initrd and cmdline into the TPM. False: there is one, and it has refused these or something before. */
	bool (*measure)(void *ctx);
};

/*
 * May this kernel start? *kernel_bytes becomes how many of its first bytes may be used: all, or with a signature those
 * that it covers. The firmware is asked only where its answer matters, and what is refused, or (mode=report) not going to
 * be used, is not measured. False, with a line on errors that names what is refused and why, and where a SHA-256 would
 * help with that.
 */
bool trust_allows(const struct trust *trust, uint64_t *kernel_bytes, const struct sink *errors);

#endif

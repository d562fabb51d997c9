/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules of Secure Boot (trust.h): pure but for what the firmware and the TPM are asked to do. Called by efi/secure.c.
 */
#include <bootmem/pe.h>
#include <bootmem/trust.h>

enum kernel_verdict {
	KERNEL_NAMED,
	KERNEL_VERIFIED,
	KERNEL_NO_PE,
	KERNEL_SIGNATURE,
	KERNEL_PARTLY,
	KERNEL_NO_ANSWER
};

static bool is_named(const struct boot_options *options, const struct trust_bytes *file)
{
	struct sha256 hash;

	if (options->hashes == 0)
		return false;
	hash = sha256(file->at, file->bytes);
	for (uint32_t i = 0; i < options->hashes; i++)
		if (sha256_equal(&hash, &options->sha256[i]))
			return true;
	return false;
}

/* With a signature, only what it covers counts: it may be followed by anything. */
static enum kernel_verdict ask_firmware(const struct trust *t, uint64_t *signed_bytes)
{
	struct pe pe;

	if (!pe_parse(&pe, t->kernel.at, t->kernel.bytes))
		return KERNEL_NO_PE;
	switch (t->verify(t->ctx, t->kernel.at, t->kernel.bytes)) {
	case TRUST_VERIFIED:
		*signed_bytes = pe_signed_bytes(&pe);
		return *signed_bytes != 0 ? KERNEL_VERIFIED : KERNEL_PARTLY;
	case TRUST_SIGNATURE:
		return KERNEL_SIGNATURE;
	default:
		return KERNEL_NO_ANSWER;
	}
}

static void say_refused(const struct sink *errors, const char *what, const char *why)
{
	sink_printf(errors, "handoff: %s is refused, as Secure Boot is on: %s\n", what, why);
}

static void say_hash(const struct sink *errors, const struct trust_bytes *file)
{
	struct sha256 hash = sha256(file->at, file->bytes);
	char text[SHA256_TEXT_BYTES];

	sink_printf(errors, "    sha256 = %s\n    is not in the signed image's configuration\n",
		sha256_text(text, &hash));
}

static bool allows_kernel(
	const struct trust *t, enum kernel_verdict verdict, const struct sink *errors)
{
	static const char *const why[] = {
		[KERNEL_NO_PE] = "it is no PE image, so it can't have a signature",
		[KERNEL_SIGNATURE] = "it has no signature that the firmware accepts",
		[KERNEL_PARTLY] = "its signature does not cover all of it",
		[KERNEL_NO_ANSWER] = "the firmware can't load it to check its signature",
	};

	if (verdict == KERNEL_NAMED || verdict == KERNEL_VERIFIED)
		return true;
	say_refused(errors, t->options->kernel, why[verdict]);
	say_hash(errors, &t->kernel);
	return false;
}

static bool allows_initrd(
	const struct trust *t, enum kernel_verdict kernel, const struct sink *errors)
{
	if (t->initrd.bytes == 0 || is_named(t->options, &t->initrd))
		return true;
	if (kernel == KERNEL_VERIFIED && t->options->hashes == 0)
		return true;
	say_refused(errors, t->options->initrd,
		kernel == KERNEL_VERIFIED ? "other files are named by their SHA-256, and it is not"
					  : "a kernel that is named by its SHA-256 takes no other");
	say_hash(errors, &t->initrd);
	return false;
}

/* Where kernel, initrd and cmdline were denied to the stick, the embedded configuration has said them. */
static bool allows_cmdline(
	const struct trust *t, enum kernel_verdict kernel, const struct sink *errors)
{
	if (t->options->cmdline[0] == '\0' || (t->options->denied & OPTIONS_START) ||
		kernel == KERNEL_VERIFIED)
		return true;
	say_refused(errors, "cmdline",
		"a kernel that is named by its SHA-256 takes only the signed image's own");
	return false;
}

static bool is_measured(const struct trust *t, const struct sink *errors)
{
	if (t->options->mode != MODE_BOOT || t->measure(t->ctx) || !t->secure)
		return true;
	say_refused(errors, t->options->kernel, "the TPM did not take the measurements");
	return false;
}

bool trust_allows(const struct trust *t, uint64_t *kernel_bytes, const struct sink *errors)
{
	enum kernel_verdict kernel;

	*kernel_bytes = t->kernel.bytes;
	if (t->secure) {
		kernel = is_named(t->options, &t->kernel) ? KERNEL_NAMED
							  : ask_firmware(t, kernel_bytes);
		if (!allows_kernel(t, kernel, errors) || !allows_initrd(t, kernel, errors) ||
			!allows_cmdline(t, kernel, errors))
			return false;
	}
	return is_measured(t, errors);
}

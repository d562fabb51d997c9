/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules of Secure Boot: every combination of what can be said of a start, against the rules as docs/secure-boot.md
 * has them; and the sentences.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/trust.h>

#include "pe_image.h"

enum kernel_kind { SIGNED, BAD_SIGNATURE, NO_ANSWER, GAPS, ELF, KERNEL_KINDS };
enum initrd_kind { NO_INITRD, INITRD, INITRD_KINDS };
enum cmdline_kind { NO_CMDLINE, STICKS_CMDLINE, EMBEDDED_CMDLINE, CMDLINE_KINDS };

#define OTHER "another file"

static struct boot_options options;
static struct pe_image image;
static enum trust_answer answer;
static bool tpm_works;
static unsigned asked, measured;
static char said[1024];
static struct trust trust;
static const char initrd_bytes[] = "an initrd";

static enum trust_answer verify(void *ctx, const void *at, uint64_t bytes)
{
	assert_ptr_equal(ctx, &image);
	assert_ptr_equal(at, trust.kernel.at);
	assert_true(bytes == trust.kernel.bytes);
	asked++;
	return answer;
}

static bool measure(void *ctx)
{
	assert_ptr_equal(ctx, &image);
	measured++;
	return tpm_works;
}

static void name(const void *data, size_t bytes)
{
	options.sha256[options.hashes++] = sha256(data, bytes);
}

static void set_up(
	bool secure, enum kernel_kind kernel, enum initrd_kind initrd, enum cmdline_kind cmdline)
{
	options_defaults(&options);
	strcpy(options.kernel, "/k");
	pe_image_init(&image, true);
	pe_image_sign(&image, 0x58);
	if (kernel == ELF)
		memcpy(image.at, "\177ELF", 4);
	if (kernel == GAPS)
		pe_image_put32(&image, image.table + 20, PE_IMAGE_HEADERS + 1);
	answer = kernel == BAD_SIGNATURE ? TRUST_SIGNATURE
		 : kernel == NO_ANSWER   ? TRUST_NO_ANSWER
					 : TRUST_VERIFIED;
	if (initrd != NO_INITRD)
		strcpy(options.initrd, "/i");
	if (cmdline != NO_CMDLINE)
		strcpy(options.cmdline, "words");
	if (cmdline == EMBEDDED_CMDLINE)
		options.denied |= OPTIONS_START;
	trust = (struct trust){ .secure = secure,
		.options = &options,
		.kernel = { image.at, image.bytes },
		.initrd = { initrd_bytes, initrd != NO_INITRD ? sizeof(initrd_bytes) : 0 },
		.ctx = &image,
		.verify = verify,
		.measure = measure };
	asked = measured = 0;
	tpm_works = true;
}

static bool allows(uint64_t *bytes)
{
	struct text_buffer buffer;
	struct sink errors = text_buffer_sink(&buffer, said, sizeof(said));
	bool allowed = trust_allows(&trust, bytes, &errors);

	/* a refusal says why, and only a refusal says something */
	assert_int_equal(said[0] == '\0', allowed);
	return allowed;
}

/* One case of the table; names is a set of bits: kernel, initrd, other. */
static void one_case(bool secure, enum kernel_kind kernel, enum initrd_kind initrd,
	enum cmdline_kind cmdline, unsigned names, bool works)
{
	bool kernel_named = names & 1, initrd_named = names & 2,
	     verified = kernel == SIGNED && !kernel_named;
	bool kernel_good = kernel_named || verified;
	bool initrd_good = initrd == NO_INITRD || initrd_named || (verified && names == 0);
	bool cmdline_good = cmdline != STICKS_CMDLINE || verified;
	bool expected = !secure || (kernel_good && initrd_good && cmdline_good && works);
	uint64_t bytes = 0;

	set_up(secure, kernel, initrd, cmdline);
	if (names & 4)
		name(OTHER, sizeof(OTHER));
	if (names & 1)
		name(image.at, image.bytes);
	if (names & 2)
		name(initrd_bytes, sizeof(initrd_bytes));
	tpm_works = works;
	assert_int_equal(allows(&bytes), expected);
	/* the firmware loads nothing where that can't matter, and what is refused is not measured */
	assert_int_equal(asked, secure && !kernel_named && kernel != ELF);
	assert_int_equal(measured, !secure || (kernel_good && initrd_good && cmdline_good));
	if (expected)
		assert_true(bytes == image.bytes - (secure && verified ? 0x58 : 0));
}

static void every_combination(void **state)
{
	unsigned cases = 0;

	(void)state;
	for (unsigned i = 0; i < 2 * KERNEL_KINDS * INITRD_KINDS * CMDLINE_KINDS * 8 * 2;
		i++, cases++) {
		unsigned rest = i;
		bool secure = rest % 2, works = (rest /= 2) % 2;
		unsigned names = (rest /= 2) % 8;
		enum initrd_kind initrd = (rest /= 8) % INITRD_KINDS;
		enum cmdline_kind cmdline = (rest /= INITRD_KINDS) % CMDLINE_KINDS;

		one_case(secure, rest / CMDLINE_KINDS, initrd, cmdline, names, works);
	}
	assert_int_equal(cases, 960);
}

/* Bit by bit, so that a hash of part of a file or a comparison of part of a hash is noticed. */
static void every_bit_counts(void **state)
{
	uint64_t bytes;

	(void)state;
	for (size_t bit = 0; bit < 8 * image.bytes; bit += 7) {
		set_up(true, ELF, NO_INITRD, NO_CMDLINE);
		name(image.at, image.bytes);
		image.at[bit / 8] ^= (uint8_t)(1 << bit % 8);
		if (bit < 16 && image.at[0] == 'M')
			continue;
		assert_false(allows(&bytes));
	}
	set_up(true, ELF, INITRD, NO_CMDLINE);
	name(image.at, image.bytes);
	name(initrd_bytes, sizeof(initrd_bytes));
	trust.initrd.bytes--;
	assert_false(allows(&bytes));
	for (unsigned i = 0; i < 8 * SHA256_BYTES; i++) {
		set_up(true, ELF, NO_INITRD, NO_CMDLINE);
		name(image.at, image.bytes);
		options.sha256[0].byte[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_false(allows(&bytes));
	}
}

/* mode=report uses nothing of it, so a TPM that does not work is no reason. */
static void only_looking_measures_nothing(void **state)
{
	uint64_t bytes;

	(void)state;
	set_up(true, SIGNED, NO_INITRD, NO_CMDLINE);
	options.mode = MODE_REPORT;
	tpm_works = false;
	assert_true(allows(&bytes));
	assert_int_equal(measured, 0);
}

static void says(const char *sentence)
{
	uint64_t bytes;

	assert_false(allows(&bytes));
	assert_memory_equal(said, sentence, strlen(sentence));
}

static void sentences(void **state)
{
	char hash[SHA256_TEXT_BYTES], line[128];
	struct sha256 of_initrd = sha256(initrd_bytes, sizeof(initrd_bytes));

	(void)state;
	set_up(true, ELF, NO_INITRD, NO_CMDLINE);
	says("handoff: /k is refused, as Secure Boot is on: it is no PE image, so it can't have a "
	     "signature\n"
	     "    sha256 = ");
	set_up(true, BAD_SIGNATURE, NO_INITRD, NO_CMDLINE);
	says("handoff: /k is refused, as Secure Boot is on: it has no signature that the firmware "
	     "accepts\n"
	     "    sha256 = ");
	set_up(true, GAPS, NO_INITRD, NO_CMDLINE);
	says("handoff: /k is refused, as Secure Boot is on: its signature does not cover all of "
	     "it\n    sha256 = ");
	set_up(true, NO_ANSWER, NO_INITRD, NO_CMDLINE);
	says("handoff: /k is refused, as Secure Boot is on: the firmware can't load it to check "
	     "its signature\n"
	     "    sha256 = ");
	set_up(true, ELF, INITRD, NO_CMDLINE);
	name(image.at, image.bytes);
	says("handoff: /i is refused, as Secure Boot is on: a kernel that is named by its SHA-256 "
	     "takes no other\n"
	     "    sha256 = ");
	set_up(true, SIGNED, INITRD, NO_CMDLINE);
	name(OTHER, sizeof(OTHER));
	says("handoff: /i is refused, as Secure Boot is on: other files are named by their "
	     "SHA-256, and it is not\n");
	snprintf(line, sizeof(line),
		"    sha256 = %s\n    is not in the signed image's configuration\n",
		sha256_text(hash, &of_initrd));
	assert_non_null(strstr(said, line));
	set_up(true, ELF, NO_INITRD, STICKS_CMDLINE);
	name(image.at, image.bytes);
	says("handoff: cmdline is refused, as Secure Boot is on: a kernel that is named by its "
	     "SHA-256 takes only the "
	     "signed image's own\n");
	set_up(true, SIGNED, NO_INITRD, NO_CMDLINE);
	tpm_works = false;
	says("handoff: /k is refused, as Secure Boot is on: the TPM did not take the "
	     "measurements\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_combination),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(only_looking_measures_nothing),
		cmocka_unit_test(sentences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

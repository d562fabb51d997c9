/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration as any text at all (libFuzzer): the first byte says whether it is a file or words, and whether it is
 * narrowed first. No byte behind it is read; every refusal is said, values are of their kinds, and the words that
 * options_format makes of the options make the same options.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bootmem/options.h>

#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct text {
	char bytes[1 << 16];
	size_t length;
};

static void keep(void *ctx, const char *text, size_t length)
{
	struct text *t = ctx;

	require(t->length + length < sizeof(t->bytes), "no end of words");
	memcpy(t->bytes + t->length, text, length);
	t->length += length;
}

static void check_ranges(const struct option_range *range, uint32_t ranges)
{
	require(ranges <= OPTIONS_RANGES, "too many ranges");
	for (uint32_t i = 0; i < ranges; i++)
		require(range[i].bytes != 0 && range[i].start_phys <= PHYS_END &&
				range[i].bytes <= PHYS_END - range[i].start_phys,
			"an impossible range");
}

static void check_values(const struct boot_options *o)
{
	check_ranges(o->reserve, o->reserves);
	check_ranges(o->badram, o->badrams);
	require(memchr(o->kernel, '\0', sizeof(o->kernel)) != NULL, "an endless kernel");
	require(memchr(o->initrd, '\0', sizeof(o->initrd)) != NULL, "an endless initrd");
	require(memchr(o->cmdline, '\0', sizeof(o->cmdline)) != NULL, "an endless cmdline");
	require(o->numa != NUMA_FAKE ||
			(o->numa_fake_nodes != 0 && o->numa_fake_nodes <= OPTIONS_NODES),
		"fake nodes");
	for (unsigned i = 0; i < HOSTILE_FAULTS; i++)
		require(o->hostile.fault[i] <= OPTIONS_FAULT_MAX, "a fault's number");
}

static void check_format(const struct boot_options *o)
{
	static struct text words, again, errors;
	struct boot_options other;

	words.length = again.length = errors.length = 0;
	options_format(o, &(struct sink){ keep, &words });
	options_defaults(&other);
	options_parse_words(
		&other, "words", words.bytes, words.length, &(struct sink){ keep, &errors });
	options_format(&other, &(struct sink){ keep, &again });
	require(words.length == again.length && memcmp(words.bytes, again.bytes, words.length) == 0,
		"other words for the same options");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct text errors;
	struct sink sink = { keep, &errors };
	struct boot_options options;
	size_t length;
	char *text;
	uint32_t refused;

	if (size == 0)
		return 0;
	length = size - 1;
	/* In a block of its exact size, so that a byte read beyond it is noticed. */
	text = malloc(length != 0 ? length : 1);
	memcpy(text, data + 1, length);
	errors.length = 0;
	options_defaults(&options);
	if (data[0] & 1)
		length = options_narrow(text, length);
	refused = data[0] & 2 ? options_parse_words(&options, "words", text, length, &sink)
			      : options_parse_file(&options, "file", text, length, &sink);
	require(refused == 0 || errors.length > 10, "a refusal without a word");
	check_values(&options);
	check_format(&options);
	free(text);
	return 0;
}

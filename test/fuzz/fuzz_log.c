/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Linux kernel's log as any text at all (libFuzzer), whatever else it looks like: no byte behind it is read, a refusal
 * names a line that exists, and what surrounds a line is noise: the same text with time stamps gives the same lists.
 */
#include <stdlib.h>
#include <string.h>

#include "recording.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool parse(struct recording *r, const char *bytes, size_t size)
{
	struct parse_error error = { UINT32_MAX, NULL };
	uint32_t lines = 1;
	bool ok;

	for (size_t i = 0; i < size; i++)
		lines += bytes[i] == '\n';
	recording_init(r);
	ok = parse_log(r, (struct text){ bytes, bytes + size }, &error);
	require(ok || (error.expected != NULL && error.line <= lines),
		"a refusal that can't be found");
	for (uint32_t i = 0; i < r->srat.count; i++)
		require(r->srat.item[i].type < BOOTMEM_MAX_NODES, "a node");
	for (uint32_t i = 0; i < r->e820.count; i++)
		require(r->e820.item[i].type <= E820_TYPES, "a type");
	return ok;
}

static bool same(const struct record_list *a, const struct record_list *b)
{
	return a->count == b->count &&
	       (a->count == 0 || memcmp(a->item, b->item, a->count * sizeof(*a->item)) == 0);
}

/* [    0.000000] before each line. */
static char *stamp(const char *bytes, size_t size, size_t *stamped)
{
	static const char time[] = "[    0.000000] ";
	size_t length = 0;
	char *text = malloc(size * sizeof(time) + sizeof(time));

	for (size_t i = 0; i < size; i++) {
		if (i == 0 || bytes[i - 1] == '\n') {
			memcpy(text + length, time, sizeof(time) - 1);
			length += sizeof(time) - 1;
		}
		text[length++] = bytes[i];
	}
	*stamped = length;
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* In a block of its exact size, so that a byte read beyond it is noticed. */
	char *bytes = malloc(size != 0 ? size : 1), *text;
	struct recording r, other;
	size_t length;

	memcpy(bytes, data, size);
	text = stamp(bytes, size, &length);
	if (parse(&r, bytes, size)) {
		require(parse(&other, text, length), "a time stamp is refused");
		require(same(&r.e820, &other.e820) && same(&r.user, &other.user) &&
				same(&r.efi, &other.efi) && same(&r.srat, &other.srat),
			"a time stamp makes another map");
		recording_free(&other);
	}
	recording_free(&r);
	free(text);
	free(bytes);
	return 0;
}

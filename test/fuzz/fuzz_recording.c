/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recording_parse on any bytes at all (libFuzzer): all forms of recordings, recognised as a file's content is. No
 * byte beyond the input is read; a refusal names a line that exists, and what it expected; what is accepted has
 * values of their kinds only, and the same text with CRLF is accepted as the same lists.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recording.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_types(const struct record_list *list, uint32_t end, const char *what)
{
	for (uint32_t i = 0; i < list->count; i++)
		require(list->item[i].type < end, what);
}

static void check_accepted(const struct recording *r)
{
	require(r->format < FORMAT_UNKNOWN, "no format");
	require(r->efi.count != 0 || r->e820.count != 0, "no map");
	require(memchr(r->machine, '\0', sizeof(r->machine)) != NULL, "an endless machine");
	check_types(&r->e820, E820_TYPES + 1, "an e820 type");
	check_types(&r->user, E820_TYPES + 1, "a user type");
	check_types(&r->srat, BOOTMEM_MAX_NODES, "a node");
	require(r->start.nodes <= BOOTMEM_MAX_NODES, "the distances");
	require(r->start.kernel.setup_bytes <= LINUX_HEADER_MAX_BYTES, "the setup header");
}

static void check_refused(const struct parse_error *error, const char *bytes, size_t size)
{
	uint32_t lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += bytes[i] == '\n';
	require(error->expected != NULL && error->expected[0] != '\0', "nothing was expected");
	require(error->line <= lines, "a line that is not there");
}

static bool parse(struct recording *r, const char *bytes, size_t size)
{
	struct parse_error error = { UINT32_MAX, NULL };
	bool ok;

	recording_init(r);
	ok = recording_parse(r, bytes, size, &error);
	if (ok)
		check_accepted(r);
	else
		check_refused(&error, bytes, size);
	return ok;
}

static bool same_list(const struct record_list *a, const struct record_list *b)
{
	return a->count == b->count &&
	       (a->count == 0 || memcmp(a->item, b->item, a->count * sizeof(*a->item)) == 0);
}

/* With the line ends of another system; a text that has carriage returns or UTF-16 already is left alone. */
static void parse_crlf(const struct recording *r, const char *bytes, size_t size)
{
	char *text = malloc(2 * size + 1);
	struct recording other;
	size_t length = 0;

	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == '\n')
			text[length++] = '\r';
		text[length++] = bytes[i];
	}
	require(parse(&other, text, length), "CRLF is refused");
	require(same_list(&r->efi, &other.efi) && same_list(&r->e820, &other.e820) &&
			same_list(&r->user, &other.user) && same_list(&r->srat, &other.srat),
		"CRLF is another map");
	recording_free(&other);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* In a block of its exact size, so that a byte read beyond it is noticed. */
	char *bytes = malloc(size != 0 ? size : 1);
	struct recording r;

	memcpy(bytes, data, size);
	if (parse(&r, bytes, size) && memchr(bytes, '\r', size) == NULL && data[0] != 0xff)
		parse_crlf(&r, bytes, size);
	recording_free(&r);
	free(bytes);
	return 0;
}

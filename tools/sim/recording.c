/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recording: lists that grow, and the choice of the parser by content (recording.h). Called by
 * main.c and by the tests of the parsers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recording.h"

void recording_init(struct recording *r)
{
	*r = (struct recording){ .format = FORMAT_UNKNOWN };
}

void recording_free(struct recording *r)
{
	free(r->efi.item);
	free(r->e820.item);
	free(r->user.item);
	free(r->srat.item);
	free(r->start.parts.item);
	free(r->start.areas.item);
	free(r->start.tables.item);
	free(r->start.claimed.item);
	free(r->start.kernel.segments.item);
	free(r->start.options);
	recording_init(r);
}

bool parse_lines(struct recording *r, struct text text,
	const char *(*parse)(struct recording *r, struct text line), struct parse_error *error)
{
	struct text line;

	for (uint32_t number = 1; text_line(&text, &line); number++) {
		const char *expected = parse(r, line);

		if (expected != NULL) {
			*error = (struct parse_error){ number, expected };
			return false;
		}
	}
	return true;
}

void record_add(struct record_list *list, struct record record)
{
	if (list->count == list->capacity) {
		uint32_t capacity = list->capacity != 0 ? 2 * list->capacity : 64;
		struct record *item = realloc(list->item, capacity * sizeof(*item));

		if (item == NULL) {
			fputs("bootmem-sim: out of memory\n", stderr);
			exit(EXIT_FAILURE);
		}
		list->item = item;
		list->capacity = capacity;
	}
	list->item[list->count++] = record;
}

const char *recording_format_name(enum recording_format format)
{
	static const char *const name[] = {
		[FORMAT_PLAIN] = "plain map",
		[FORMAT_LOG] = "kernel log",
		[FORMAT_SHELL] = "UEFI shell memmap",
		[FORMAT_SYSFS] = "/sys/firmware/memmap",
		[FORMAT_REPORT] = "bootmem report",
		[FORMAT_UNKNOWN] = "unknown",
	};

	return name[format];
}

/* --- recognising ----------------------------------------------------------------------------- */

typedef bool (*line_fn)(struct text line);

static bool any_line(struct text text, line_fn matches)
{
	struct text line;

	while (text_line(&text, &line))
		if (matches(line))
			return true;
	return false;
}

/* A plain map starts like one; the other formats may have anything around them. */
static bool starts_plain(struct text text)
{
	struct text line, word;

	while (text_line(&text, &line)) {
		struct text rest = line;

		if (text_word(&rest, &word) && *word.at != '#')
			return plain_line(line);
	}
	return false;
}

static enum recording_format recognise(struct text text)
{
	struct text report = text;

	if (text_find(&report, "\"bootmem-report/1\"") || any_line(text, report_line))
		return FORMAT_REPORT;
	if (starts_plain(text))
		return FORMAT_PLAIN;
	if (any_line(text, sysfs_line))
		return FORMAT_SYSFS;
	if (any_line(text, log_line))
		return FORMAT_LOG;
	return any_line(text, shell_line) ? FORMAT_SHELL : FORMAT_UNKNOWN;
}

/* What would have been recognised instead. */
static const char *recognisable(struct text text)
{
	if (text_find(&text, ": this machine's memory, as a kernel finds it"))
		return "report.json or the whole serial log: a report's text is for people";
	return "a kernel log with e820 or EFI memory lines, the UEFI shell's memmap, "
	       "/sys/firmware/memmap, a bootmem report, or a plain map";
}

/* --- UTF-16 ---------------------------------------------------------------------------------- */

/* Little-endian with a byte order mark; what is not ASCII becomes '?'. Null: it is not. */
static char *narrow(const char *bytes, size_t size)
{
	char *out;

	if (size < 2 || (unsigned char)bytes[0] != 0xff || (unsigned char)bytes[1] != 0xfe)
		return NULL;
	out = malloc(size / 2);
	for (size_t i = 2; out != NULL && i + 1 < size; i += 2)
		out[i / 2 - 1] = bytes[i + 1] == '\0' ? bytes[i] : '?';
	return out;
}

/* --- all ------------------------------------------------------------------------------------- */

static bool parse_as(struct recording *r, struct text text, struct parse_error *error)
{
	static bool (*const parse[])(struct recording *, struct text, struct parse_error *) = {
		[FORMAT_PLAIN] = parse_plain,
		[FORMAT_LOG] = parse_log,
		[FORMAT_SHELL] = parse_shell,
		[FORMAT_SYSFS] = parse_sysfs,
		[FORMAT_REPORT] = parse_report,
	};

	r->format = recognise(text);
	if (r->format == FORMAT_UNKNOWN) {
		*error = (struct parse_error){ 1, recognisable(text) };
		return false;
	}
	if (!parse[r->format](r, text, error))
		return false;
	if (r->efi.count == 0 && r->e820.count == 0) {
		*error = (struct parse_error){ 0, "at least one entry of a memory map" };
		return false;
	}
	return true;
}

bool recording_parse(struct recording *r, const char *bytes, size_t size, struct parse_error *error)
{
	char *narrowed = narrow(bytes, size);
	struct text text = { bytes, bytes + size };
	bool ok;

	if (narrowed != NULL)
		text = (struct text){ narrowed, narrowed + size / 2 - 1 };
	ok = parse_as(r, text, error);
	free(narrowed);
	return ok;
}

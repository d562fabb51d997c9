/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parse_sysfs: /sys/firmware/memmap, the kernel's copy of the firmware's e820 table, as one file
 * for each number, with a file name before each line:
 *
 *   /sys/firmware/memmap/0/start:0x0
 *   /sys/firmware/memmap/0/end:0x9fbff          inclusive
 *   /sys/firmware/memmap/0/type:System RAM
 *
 * This is what `grep -r . /sys/firmware/memmap` prints, and how main.c hands over a copied
 * directory. The files come in any order; entries are kept in the order of their numbers. Called
 * by recording_parse.
 */
#include "recording.h"

#define MAX_ENTRIES 4096

enum field { FIELD_START = 1, FIELD_END = 2, FIELD_TYPE = 4, FIELD_ALL = 7 };

struct line {
	uint64_t number; /* of the entry */
	enum field field;
	struct text value;
};

/* "start:", "end:" or "type:" at the front of a view that stands behind a "/". */
static bool take_field(struct text *t, enum field *field)
{
	if (text_skip(t, "start:"))
		*field = FIELD_START;
	else if (text_skip(t, "end:"))
		*field = FIELD_END;
	else if (text_skip(t, "type:"))
		*field = FIELD_TYPE;
	else
		return false;
	return true;
}

/* The number may be the first thing on the line, or follow a path. */
static bool take_line(struct text line, struct line *out)
{
	const char *start = line.at;

	for (; !text_empty(&line); line.at++) {
		struct text rest = line;
		uint64_t number;

		if (line.at != start && line.at[-1] != '/')
			continue;
		if (text_decimal(&rest, &number) && text_skip(&rest, "/") &&
			take_field(&rest, &out->field)) {
			out->number = number;
			out->value = text_trim(rest);
			return true;
		}
	}
	return false;
}

bool sysfs_line(struct text line)
{
	struct line parsed;

	return take_line(line, &parsed);
}

/* The list is indexed by the entries' numbers; attribute collects which fields were seen. */
static struct record *entry_of(struct record_list *list, uint32_t number)
{
	while (list->count <= number)
		record_add(list, (struct record){ 0 });
	return &list->item[number];
}

static bool parse_field(struct recording *r, const struct line *line)
{
	struct text value = line->value;
	struct record *entry;

	if (line->number >= MAX_ENTRIES)
		return false;
	entry = entry_of(&r->e820, (uint32_t)line->number);
	if (entry->attribute & line->field)
		return false;
	entry->attribute |= line->field;
	if (line->field == FIELD_TYPE)
		return e820_type_of(value, &entry->type);
	if (!text_hex(&value, line->field == FIELD_START ? &entry->start : &entry->end))
		return false;
	if (line->field == FIELD_END)
		record_close(entry);
	return text_empty(&value);
}

/* Every entry needs its three files; numbers that don't occur are left out. */
static bool finish(struct recording *r)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < r->e820.count; i++) {
		struct record entry = r->e820.item[i];

		if (entry.attribute != 0 && entry.attribute != FIELD_ALL)
			return false;
		entry.attribute = 0;
		if (r->e820.item[i].attribute != 0)
			r->e820.item[kept++] = entry;
	}
	r->e820.count = kept;
	return true;
}

bool parse_sysfs(struct recording *r, struct text text, struct parse_error *error)
{
	struct text line;
	struct line parsed;

	for (uint32_t number = 1; text_line(&text, &line); number++)
		if (take_line(line, &parsed) && !parse_field(r, &parsed)) {
			*error =
				(struct parse_error){ number, "start and end in hexadecimal, a "
							      "type such as System RAM; each once, "
							      "for entries below 4096" };
			return false;
		}
	if (!finish(r)) {
		*error = (struct parse_error){ 0, "start, end and type of every entry" };
		return false;
	}
	return true;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parse_shell: what the UEFI shell's memmap prints.
 *
 *   Type       Start            End              # Pages          Attributes
 *   Available  0000000000000000-000000000009FFFF 00000000000000A0 000000000000000F
 *
 * Invariant: a line whose first word is a memory type and whose second starts like a range must
 * be an entry; everything else (banners, totals) is passed over. Called by recording_parse.
 */
#include "recording.h"

/* Types that the shell has no name for are eight digits: 80000000 and above belong to operating systems, below to OEMs. */
static bool oem_type(struct text word, uint32_t *type)
{
	const char *start = word.at;
	uint64_t value;

	if (!text_hex(&word, &value) || !text_empty(&word) || word.at - start != 8 ||
		value < 0x70000000)
		return false;
	*type = (uint32_t)value;
	return true;
}

/* The type's name may be two words in some shells ("MMIO Port"). */
static bool take_type(struct text *line, uint32_t *type)
{
	struct text rest = *line, first, second;

	if (!text_word(&rest, &first))
		return false;
	*line = rest;
	if (text_word(&rest, &second) && efi_type_of((struct text){ first.at, second.end }, type)) {
		*line = rest;
		return true;
	}
	return (*first.at > '9' && efi_type_of(first, type)) || oem_type(first, type);
}

/* Sixteen digits: "Reserved : 59 Pages" is a total. */
static bool starts_range(struct text line)
{
	struct text rest = line;
	uint64_t value;

	text_blanks(&rest);
	line = rest;
	return text_hex(&rest, &value) && rest.at - line.at >= 8;
}

bool shell_line(struct text line)
{
	uint32_t type;

	return take_type(&line, &type) && starts_range(line);
}

static bool parse_entry(struct recording *r, struct text line)
{
	struct record record = { 0 };
	uint64_t pages;

	if (!take_type(&line, &record.type))
		return false;
	text_blanks(&line);
	if (!record_range(&line, &record))
		return false;
	record_close(&record);
	text_blanks(&line);
	if (!text_hex(&line, &pages))
		return false;
	text_blanks(&line);
	if (!text_hex(&line, &record.attribute))
		return false;
	/* The number of pages is the firmware's own; the end was computed from it. */
	if ((record.end - record.start) >> PAGE_SHIFT != pages)
		return false;
	record_add(&r->efi, record);
	return true;
}

bool parse_shell(struct recording *r, struct text text, struct parse_error *error)
{
	struct text line;

	for (uint32_t number = 1; text_line(&text, &line); number++)
		if (shell_line(line) && !parse_entry(r, line)) {
			*error = (struct parse_error){ number,
				"<type> <start>-<end> <pages> <attributes>, the pages as many as "
				"the range has" };
			return false;
		}
	return true;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parse_plain: the form of test/maps (its README says what each line means). Strict: a line that
 * is none of the format's is an error. What the kernel made of the map ("expect") is for tests;
 * only the map it used in the firmware's place ("expect user_map") is read. Called by
 * recording_parse.
 */
#include "recording.h"

static const char *const keywords[] = { "e820", "efi", "srat", "expect", "cmdline", "note" };

/* Take the line's keyword; "" for a comment or an empty line, null for anything else. */
static const char *take_keyword(struct text *line)
{
	struct text word;

	if (!text_word(line, &word))
		return "";
	if (*word.at == '#')
		return "";
	for (size_t i = 0; i < ARRAY_SIZE(keywords); i++)
		if (text_is(word, keywords[i]))
			return keywords[i];
	return NULL;
}

bool plain_line(struct text line)
{
	const char *keyword = take_keyword(&line);

	return keyword != NULL && *keyword != '\0';
}

/* A whole word; the end of an empty entry at address 0 is -0x1. */
static bool take_number(struct text *line, uint64_t *value)
{
	struct text word;
	bool negative;

	if (!text_word(line, &word))
		return false;
	negative = text_skip(&word, "-");
	if (!text_hex(&word, value) || !text_empty(&word))
		return false;
	if (negative)
		*value = 0 - *value;
	return true;
}

/* "<start> <end_inclusive>" */
static bool take_range(struct text *line, struct record *record)
{
	if (!take_number(line, &record->start) || !take_number(line, &record->end))
		return false;
	record_close(record);
	return true;
}

static bool parse_e820(struct record_list *list, struct text line)
{
	struct record record = { 0 };

	if (!take_range(&line, &record) || !e820_type_of(line, &record.type))
		return false;
	record_add(list, record);
	return true;
}

static bool parse_efi(struct recording *r, struct text line)
{
	struct record record = { 0 };
	struct text type;

	if (!take_range(&line, &record) || !record_pages(&record) || !text_word(&line, &type) ||
		!efi_type_of(type, &record.type))
		return false;
	record.attribute = efi_attributes_of(text_trim(line));
	record_add(&r->efi, record);
	return true;
}

static bool parse_srat(struct recording *r, struct text line)
{
	struct record record = { 0 };
	struct text word;
	uint64_t nid;

	if (!text_word(&line, &word) || !text_decimal(&word, &nid) || !text_empty(&word) ||
		nid >= BOOTMEM_MAX_NODES || !take_range(&line, &record))
		return false;
	record.type = (uint32_t)nid;
	while (text_word(&line, &word)) {
		if (text_is(word, "hotplug"))
			record.attribute |= SRAT_HOTPLUG;
		else if (text_is(word, "nonvolatile"))
			record.attribute |= SRAT_NONVOLATILE;
		else
			return false;
	}
	record_add(&r->srat, record);
	return true;
}

static bool parse_expect(struct recording *r, struct text line)
{
	struct text word;

	if (!text_word(&line, &word))
		return false;
	return text_is(word, "user_map") ? parse_e820(&r->user, line) : true;
}

static void take_machine(struct recording *r, struct text line)
{
	if (text_skip(&line, "# machine:"))
		text_copy(text_trim(line), r->machine, sizeof(r->machine));
}

/* What is wrong with the line, or null. */
static const char *parse_line(struct recording *r, struct text line)
{
	struct text rest = line;
	const char *keyword = take_keyword(&rest);

	take_machine(r, line);
	if (keyword == NULL)
		return "a line that starts with e820, efi, srat, expect, cmdline, note or #";
	if (keyword == keywords[0] && !parse_e820(&r->e820, rest))
		return "e820 <start> <end_inclusive> "
		       "ram|reserved|acpi|nvs|unusable|pmem|soft|type=N";
	if (keyword == keywords[1] && !parse_efi(r, rest))
		return "efi <start> <end_inclusive> <EFI type> <attributes>, whole pages";
	if (keyword == keywords[2] && !parse_srat(r, rest))
		return "srat <node below 64> <start> <end_inclusive> [hotplug|nonvolatile]";
	if (keyword == keywords[3] && !parse_expect(r, rest))
		return "expect <key> <value>, with user_map an e820 entry";
	return NULL;
}

bool parse_plain(struct recording *r, struct text text, struct parse_error *error)
{
	return parse_lines(r, text, parse_line, error);
}

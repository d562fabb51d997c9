/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parse_log: a Linux kernel's messages, of any version, with time stamps, syslog prefixes, log
 * levels and any amount of other text around them. Invariant: a line without one of the marks
 * below is noise and passed over; a line with a mark must make sense. Called by recording_parse.
 *
 *   BIOS-e820: [mem 0x0-0x9fbff] usable         since 3.5; later ones add sizes and [gap ...]
 *   BIOS-e820: 0000 - 9fc00 (usable)            before; end exclusive; also BIOS-88, BIOS-e801
 *   BIOS-e820: 0009fc00 @ 00000000 (usable)     2.2: size @ start
 *   user: [mem ...] usable                      after mem= and memmap=
 *   efi: mem00: type=7, attr=0xf, range=[0x0-0x1000) (0MB)
 *   efi: mem00: [Boot Data|...|WB|WT|WC|UC] range=[0x0-0xfff] (0MB)
 *   ACPI: SRAT: Node 0 PXM 0 [mem 0x0-0x9ffff] hotplug
 *   SRAT: Node 0 PXM 0 0-a0000                  before 3.5; end exclusive
 *   SRAT: PXM 0 -> APIC 0x00 -> Node 0
 *   Linux version 6.1.0 ...                     a start begins; of several in a log the last with a map counts
 */
#include <ctype.h>
#include <string.h>

#include "recording.h"

enum mark { MARK_NONE, MARK_E820, MARK_USER, MARK_EFI, MARK_SRAT };

/* --- which line is it? ----------------------------------------------------------------------- */

static bool take_firmware_map(struct text *line)
{
	return text_find(line, "BIOS-e820:") || text_find(line, "BIOS-e801:") ||
	       text_find(line, "BIOS-88:") || text_find(line, "Xen: [mem ") ||
	       text_find(line, "Xen: 0");
}

/* Back to the first digit or bracket of the range, for marks that swallowed it. */
static void rewind_to_range(struct text *line, const char *from)
{
	while (line->at > from && line->at[-1] != ':')
		line->at--;
}

/* "[mem ...", or the old forms, which have eight digits at least: "0009fc00 @ 00000000". */
static bool at_range(struct text line)
{
	const char *start = line.at;
	uint64_t number;

	if (text_skip(&line, "[mem "))
		return true;
	return text_hex(&line, &number) && line.at - start >= 8;
}

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

/* "user: [mem ...": what stands before must not be part of a word. */
static bool take_user_map(struct text *line)
{
	static const char who[] = "user: ";

	for (struct text rest = *line; text_find(&rest, who);) {
		const char *word = rest.at - strlen(who);

		if ((word == line->at || !in_word(word[-1])) && at_range(rest)) {
			*line = rest;
			return true;
		}
	}
	return false;
}

/* "efi: mem00: ", also "EFI: mem00: "; not "efi: Remove mem49: ". */
static bool take_efi(struct text *line)
{
	uint64_t number;

	return text_find(line, "efi: mem") && text_decimal(line, &number) && text_skip(line, ":");
}

static enum mark take_mark(struct text *line)
{
	const struct text whole = *line;

	if (take_firmware_map(line)) {
		rewind_to_range(line, whole.at);
		return MARK_E820;
	}
	if (take_user_map(line))
		return MARK_USER;
	if (take_efi(line))
		return MARK_EFI;
	*line = whole;
	return text_find(line, "SRAT: ") ? MARK_SRAT : MARK_NONE;
}

bool log_line(struct text line)
{
	enum mark mark = take_mark(&line);

	return mark != MARK_NONE && mark != MARK_SRAT;
}

/* --- e820 ------------------------------------------------------------------------------------ */

/* Newer kernels put a size, newer still several blanks, before or behind the type. */
static bool take_type(struct text line, uint32_t *type)
{
	struct text cut = line;

	line = text_trim(line);
	if (e820_type_of(line, type))
		return true;
	while (cut.at < cut.end && *cut.at != ')' && *cut.at != '(')
		cut.at++;
	return e820_type_of((struct text){ line.at, cut.at < line.at ? line.at : cut.at }, type);
}

/* "[mem 0x0-0x9fbff] usable" */
static bool new_e820(struct text line, struct record *record)
{
	if (!record_range(&line, record) || !text_skip(&line, "]"))
		return false;
	record_close(record);
	return take_type(line, &record->type);
}

/* "(usable)", "(persistent (type 7))" */
static bool old_type(struct text line, uint32_t *type)
{
	text_blanks(&line);
	if (!text_skip(&line, "("))
		return false;
	for (struct text name = { line.at, line.at }; name.end < line.end; name.end++)
		if (*name.end == ')' && e820_type_of(name, type))
			return true;
	return false;
}

/* "0000 - 9fc00 (usable)", "0009fc00 @ 00000000 (usable)" */
static bool old_e820(struct text line, struct record *record)
{
	struct text rest = line;

	if (record_range(&rest, record))
		return old_type(rest, &record->type);
	if (!text_hex(&line, &record->end))
		return false;
	text_blanks(&line);
	if (!text_skip(&line, "@"))
		return false;
	text_blanks(&line);
	if (!text_hex(&line, &record->start))
		return false;
	record->end += record->start;
	return old_type(line, &record->type);
}

static bool parse_e820(struct record_list *list, struct text line)
{
	struct record record = { 0 };

	text_blanks(&line);
	if (text_skip(&line, "[gap "))
		return true; /* a stretch that no entry covers, printed for information */
	if (text_skip(&line, "[mem ") ? !new_e820(line, &record) : !old_e820(line, &record))
		return false;
	record_add(list, record);
	return true;
}

/* --- EFI ------------------------------------------------------------------------------------- */

/* "range=[0x0-0x1000)": exclusive; "range=[0x0-0xfff]": inclusive. */
static bool take_efi_range(struct text *line, struct record *record)
{
	if (!text_find(line, "range=[") || !record_range(line, record))
		return false;
	if (text_skip(line, "]"))
		record_close(record);
	else if (!text_skip(line, ")"))
		return false;
	return true;
}

/* "type=7, attr=0xf, " */
static bool old_efi(struct text line, struct record *record)
{
	struct text type = line, attribute = line;
	uint64_t value;

	if (!text_find(&type, "type=") || !text_decimal(&type, &value) || value > UINT32_MAX)
		return false;
	if (!text_find(&attribute, "attr=") || !text_hex(&attribute, &record->attribute))
		return false;
	record->type = (uint32_t)value;
	return true;
}

/* "[Boot Data          |   |  |  |WB|WT|WC|UC]" behind the bracket */
static bool new_efi(struct text line, struct record *record)
{
	struct text name = { line.at, line.at };
	struct text attributes;

	while (name.end < line.end && *name.end != '|' && *name.end != ']')
		name.end++;
	attributes = (struct text){ name.end, name.end };
	while (attributes.end < line.end && *attributes.end != ']')
		attributes.end++;
	if (attributes.at < attributes.end)
		attributes.at++; /* the first bar */
	record->attribute = efi_attributes_of(attributes);
	return efi_type_of(text_trim(name), &record->type);
}

static bool parse_efi(struct recording *r, struct text line)
{
	struct record record = { 0 };
	struct text range = line;

	if (!take_efi_range(&range, &record) || !record_pages(&record))
		return false;
	text_blanks(&line);
	if (text_skip(&line, "[") ? !new_efi(line, &record) : !old_efi(line, &record))
		return false;
	record_add(&r->efi, record);
	return true;
}

/* --- SRAT ------------------------------------------------------------------------------------ */

static bool take_node(struct text *line, uint32_t *nid)
{
	uint64_t value;

	if (!text_find(line, "Node ") || !text_decimal(line, &value) || value >= BOOTMEM_MAX_NODES)
		return false;
	*nid = (uint32_t)value;
	return true;
}

/* Behind "PXM 0 ": "[mem 0x0-0x9ffff] hotplug", or "0-a0000" */
static bool take_srat_range(struct text *line, struct record *record)
{
	bool inclusive = text_skip(line, "[mem ");

	if (!record_range(line, record))
		return false;
	if (inclusive)
		record_close(record);
	return true;
}

static uint64_t srat_flags(struct text line)
{
	struct text nonvolatile = line;
	uint64_t flags = text_find(&nonvolatile, "non-volatile") ? SRAT_NONVOLATILE : 0;

	return text_find(&line, "hotplug") ? flags | SRAT_HOTPLUG : flags;
}

static bool parse_srat_memory(struct recording *r, struct text line)
{
	struct record record = { 0 };
	uint64_t domain;

	if (!take_node(&line, &record.type) || !text_find(&line, "PXM ") ||
		!text_decimal(&line, &domain))
		return false;
	text_blanks(&line);
	if (!take_srat_range(&line, &record))
		return false;
	record.attribute = srat_flags(line);
	record_add(&r->srat, record);
	return true;
}

/* "PXM 0 -> APIC 0x00 -> Node 0"; other SRAT lines are remarks. */
static bool parse_srat(struct recording *r, struct text line)
{
	struct text memory = line, processor = line;
	uint32_t nid;

	if (text_skip(&memory, "Node "))
		return parse_srat_memory(r, line);
	if (text_find(&processor, "-> APIC ")) {
		if (!take_node(&processor, &nid))
			return false;
		r->processor_nids |= UINT64_C(1) << nid;
	}
	return true;
}

/* --- all ------------------------------------------------------------------------------------- */

/*
 * A log may have several starts, each from a kernel's first line on. The last one with a map of the firmware's counts, and
 * what was read, or could not be read, of those before is forgotten.
 */
struct reading {
	struct recording *r;
	bool banner; /* no map since a kernel's first line */
	struct parse_error error;
};

static bool has_map(const struct recording *r)
{
	return r->efi.count + r->e820.count != 0;
}

/* The map of another start, if a first line stood before it. */
static void begin_map(struct reading *reading)
{
	struct recording *r = reading->r;

	if (reading->banner) {
		r->log.earlier_starts += has_map(r);
		r->log.left_out = false;
		r->efi.count = r->e820.count = r->user.count = r->srat.count = 0;
		r->processor_nids = 0;
		r->machine[0] = '\0';
		reading->error = (struct parse_error){ 0 };
	}
	reading->banner = false;
}

static void take_machine(struct recording *r, struct text line)
{
	if (r->machine[0] == '\0' && text_find(&line, "DMI: "))
		text_copy(text_trim(line), r->machine, sizeof(r->machine));
}

/* What is wrong with the line, or null. */
static const char *parse_line(struct reading *reading, struct text line)
{
	struct recording *r = reading->r;
	struct text version = line;
	enum mark mark;

	if (text_find(&version, "Linux version ")) {
		reading->banner = true;
		return NULL; /* a map's line in front of it was cut off */
	}
	mark = take_mark(&line);
	if (mark == MARK_E820 || mark == MARK_EFI)
		begin_map(reading);
	if (reading->banner && has_map(r)) {
		r->log.left_out |= mark != MARK_NONE;
		return NULL; /* of a start whose map is not in the log */
	}
	switch (mark) {
	case MARK_E820:
		return parse_e820(&r->e820, line) ? NULL
						  : "an e820 entry: [mem 0x<start>-0x<end>] <type>";
	case MARK_USER:
		return parse_e820(&r->user, line) ? NULL
						  : "an e820 entry: [mem 0x<start>-0x<end>] <type>";
	case MARK_EFI:
		return parse_efi(r, line) ? NULL
					  : "an EFI entry: [<type>|<attributes>] "
					    "range=[0x<start>-0x<end>], whole pages";
	case MARK_SRAT:
		return parse_srat(r, line)
			       ? NULL
			       : "an SRAT entry: Node <n> PXM <n> [mem 0x<start>-0x<end>]";
	case MARK_NONE:
		break;
	}
	take_machine(r, line);
	return NULL;
}

bool parse_log(struct recording *r, struct text text, struct parse_error *error)
{
	struct reading reading = { .r = r };
	struct text line;

	for (uint32_t number = 1; text_line(&text, &line); number++) {
		const char *expected = parse_line(&reading, line);

		if (expected != NULL && reading.error.line == 0)
			reading.error = (struct parse_error){ number, expected };
	}
	*error = reading.error;
	return error->line == 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parser of bootmem.conf and of the load options. Invariant: a value is applied as a whole or
 * not at all, and whatever is not applied is named. Called by the front ends before the pipeline
 * starts.
 */
#include <bootmem/arch.h>
#include <bootmem/limits.h>
#include <bootmem/options.h>
#include <bootmem/string.h>

#include "options_words.h"

#define SHOWN        24 /* characters of a key or value that a message repeats */
#define MESSAGES_MAX 16 /* about one text; a file that is no text would fill the screen */

/* A piece of the input; never NUL-terminated. */
struct text {
	const char *at;
	size_t length;
	bool quoted; /* from between quotes: two quotes in it stand for one */
};

enum verdict {
	APPLIED,
	NOT_HERE, /* valid, but means nothing on this architecture */
	REFUSED,  /* not a value of this key */
	TOO_MANY,
	DENIED, /* not for this text to say */
};

struct key {
	const char *name;
	const char *accepts;
	enum verdict (*apply)(struct boot_options *options, struct text value);
	uint32_t kind; /* as boot_options.denied; 0: anybody's */
};

/* Where a message points: "bootmem.conf:3" or "load options:2". */
struct place {
	const char *origin;
	uint32_t number;
	const struct sink *errors;
};

/* --- texts ---------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0';
}

static struct text trim(struct text t)
{
	while (t.length != 0 && is_blank(t.at[0])) {
		t.at++;
		t.length--;
	}
	while (t.length != 0 && is_blank(t.at[t.length - 1]))
		t.length--;
	return t;
}

static bool text_is(struct text t, const char *word)
{
	size_t i = 0;

	while (i < t.length && word[i] != '\0' && t.at[i] == word[i])
		i++;
	return i == t.length && word[i] == '\0';
}

static bool starts_with(struct text t, const char *prefix)
{
	size_t i = 0;

	while (i < t.length && prefix[i] != '\0' && t.at[i] == prefix[i])
		i++;
	return prefix[i] == '\0';
}

static struct text skip(struct text t, size_t count)
{
	return (struct text){ t.at + count, t.length - count, t.quoted };
}

/* Split at the first separator: what is before it is returned, *t becomes what follows. */
static struct text cut(struct text *t, char separator)
{
	struct text head = { t->at, 0, t->quoted };

	while (head.length < t->length && t->at[head.length] != separator)
		head.length++;
	*t = skip(*t, head.length + (head.length < t->length));
	return head;
}

static bool has(struct text t, char c)
{
	for (size_t i = 0; i < t.length; i++)
		if (t.at[i] == c)
			return true;
	return false;
}

/* The items between commas, one by one, empty ones too; a list without commas has one. */
static bool next_item(struct text *list, struct text *item)
{
	bool last = !has(*list, ',');

	if (list->at == NULL)
		return false;
	*item = trim(cut(list, ','));
	if (last)
		list->at = NULL;
	return true;
}

/* Bytes that the first character takes. */
static size_t character_bytes(struct text t)
{
	return t.quoted && t.length >= 2 && t.at[0] == '"' && t.at[1] == '"' ? 2 : 1;
}

static size_t characters(struct text t)
{
	size_t count = 0;

	for (; t.length != 0; t = skip(t, character_bytes(t)))
		count++;
	return count;
}

static bool has_single_quote(struct text t)
{
	for (; t.length != 0; t = skip(t, character_bytes(t)))
		if (t.at[0] == '"' && character_bytes(t) == 1)
			return true;
	return false;
}

/* Quotes round the whole of it are not part of it; they are that when all within come in pairs. */
static struct text unquoted(struct text t)
{
	struct text inner = { t.at + 1, t.length - 2, true };

	if (t.quoted || t.length < 2 || t.at[0] != '"' || t.at[t.length - 1] != '"')
		return t;
	return has_single_quote(inner) ? t : inner;
}

/* --- values --------------------------------------------------------------------------------- */

/* The index of the word that t is, or count. */
static unsigned choose(struct text t, const char *const *words, unsigned count)
{
	unsigned i = 0;

	while (i < count && !text_is(t, words[i]))
		i++;
	return i;
}

#define CHOOSE(t, words) choose(t, words, ARRAY_SIZE(words))

static unsigned digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 16;
}

/* All of t, without a unit. */
static bool parse_number(struct text t, uint64_t *number)
{
	bool hex = starts_with(t, "0x") || starts_with(t, "0X");
	unsigned base = hex ? 16 : 10;
	uint64_t most = hex ? UINT64_MAX / 16 : UINT64_MAX / 10;
	uint64_t value = 0;

	if (hex)
		t = skip(t, 2);
	if (t.length == 0)
		return false;
	for (; t.length != 0; t = skip(t, 1)) {
		unsigned digit = digit_value(t.at[0]);

		if (digit >= base || value > most || value * base > UINT64_MAX - digit)
			return false;
		value = value * base + digit;
	}
	*number = value;
	return true;
}

static unsigned unit_shift(char c)
{
	switch (c) {
	case 'K':
	case 'k':
		return 10;
	case 'M':
	case 'm':
		return 20;
	case 'G':
	case 'g':
		return 30;
	case 'T':
	case 't':
		return 40;
	default:
		return 0;
	}
}

/* A number of bytes, with or without a unit. */
static bool parse_bytes(struct text t, uint64_t *bytes)
{
	unsigned shift = t.length != 0 ? unit_shift(t.at[t.length - 1]) : 0;
	uint64_t value;

	if (shift != 0)
		t.length--;
	if (!parse_number(t, &value) || value > UINT64_MAX >> shift)
		return false;
	*bytes = value << shift;
	return true;
}

static bool parse_size(struct text t, uint64_t *bytes)
{
	uint64_t value;

	if (!parse_bytes(t, &value) || value == 0)
		return false;
	*bytes = value;
	return true;
}

static bool parse_range(struct text t, struct option_range *range)
{
	struct text size = cut(&t, '@');

	return parse_size(size, &range->bytes) && parse_bytes(t, &range->start_phys) &&
	       range->start_phys <= PHYS_END && range->bytes <= PHYS_END - range->start_phys;
}

/* Append a list to range[0 .. *count); *count grows only when the whole list is good. */
static enum verdict parse_ranges(struct text list, struct option_range *range, uint32_t *count)
{
	uint32_t n = *count;
	struct text item;

	while (next_item(&list, &item)) {
		struct option_range one;

		if (!parse_range(item, &one))
			return REFUSED;
		if (n == OPTIONS_RANGES)
			return TOO_MANY;
		range[n++] = one;
	}
	*count = n;
	return APPLIED;
}

/* --- keys ----------------------------------------------------------------------------------- */

static enum verdict apply_mode(struct boot_options *options, struct text value)
{
	unsigned i = CHOOSE(value, options_mode_words);

	if (i == ARRAY_SIZE(options_mode_words))
		return REFUSED;
	options->mode = (enum option_mode)i;
	return APPLIED;
}

static enum verdict apply_pae(struct boot_options *options, struct text value)
{
	unsigned i = CHOOSE(value, options_pae_words);

	if (i == ARRAY_SIZE(options_pae_words))
		return REFUSED;
	options->pae = (enum option_pae)i;
	return ARCH_HIGHMEM || i == PAE_AUTO ? APPLIED : NOT_HERE;
}

static enum verdict apply_after(struct boot_options *options, struct text value)
{
	unsigned i = CHOOSE(value, options_after_words);

	if (i == ARRAY_SIZE(options_after_words))
		return REFUSED;
	options->after = (enum option_after)i;
	return APPLIED;
}

static enum verdict apply_console(struct boot_options *options, struct text value)
{
	unsigned i = CHOOSE(value, options_console_words);

	if (i == ARRAY_SIZE(options_console_words))
		return REFUSED;
	options->console = (enum option_console)i;
	return APPLIED;
}

static enum verdict apply_files(struct boot_options *options, struct text value)
{
	unsigned i = CHOOSE(value, options_files_words);

	if (i == ARRAY_SIZE(options_files_words))
		return REFUSED;
	options->files = (enum option_files)i;
	return APPLIED;
}

static enum verdict apply_numa_fake(struct boot_options *options, struct text count)
{
	uint64_t nodes;

	if (!parse_number(count, &nodes) || nodes == 0 || nodes > OPTIONS_NODES)
		return REFUSED;
	options->numa = NUMA_FAKE;
	options->numa_fake_nodes = (uint32_t)nodes;
	return APPLIED;
}

static enum verdict apply_numa(struct boot_options *options, struct text value)
{
	unsigned i = CHOOSE(value, options_numa_words);

	if (starts_with(value, "fake="))
		return apply_numa_fake(options, skip(value, sizeof("fake=") - 1));
	if (i == ARRAY_SIZE(options_numa_words))
		return REFUSED;
	options->numa = (enum option_numa)i;
	return APPLIED;
}

static enum verdict apply_mem(struct boot_options *options, struct text value)
{
	return parse_size(value, &options->mem_bytes) ? APPLIED : REFUSED;
}

/* highmem= and vmalloc= move the split, which only an architecture with high memory has. */
static enum verdict split_verdict(bool good)
{
	if (!good)
		return REFUSED;
	return ARCH_HIGHMEM ? APPLIED : NOT_HERE;
}

static enum verdict apply_highmem(struct boot_options *options, struct text value)
{
	uint64_t bytes;

	if (!parse_bytes(value, &bytes))
		return REFUSED;
	options->highmem_bytes = bytes;
	return split_verdict(true);
}

static enum verdict apply_vmalloc(struct boot_options *options, struct text value)
{
	return split_verdict(parse_size(value, &options->vmalloc_bytes));
}

static enum verdict apply_reserve(struct boot_options *options, struct text value)
{
	return parse_ranges(value, options->reserve, &options->reserves);
}

static enum verdict apply_badram(struct boot_options *options, struct text value)
{
	return parse_ranges(value, options->badram, &options->badrams);
}

/* ttyS0 to ttyS3 are where PCs have always had them. */
static bool parse_port(struct text t, uint16_t *port)
{
	static const char *const words[] = { "ttyS0", "ttyS1", "ttyS2", "ttyS3" };
	static const uint16_t ports[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };
	unsigned i = CHOOSE(t, words);
	uint64_t number;

	if (i < ARRAY_SIZE(words)) {
		*port = ports[i];
		return true;
	}
	/* a UART has eight registers */
	if (!starts_with(t, "0x") || !parse_number(t, &number) || number == 0 || number > 0xfff8)
		return false;
	*port = (uint16_t)number;
	return true;
}

/* The UART divides its clock by a whole number. */
static bool parse_baud(struct text t, uint32_t *baud)
{
	uint64_t number;

	if (!parse_number(t, &number) || number < 50 || number > 115200 ||
		115200u % (uint32_t)number != 0)
		return false;
	*baud = (uint32_t)number;
	return true;
}

static enum verdict apply_serial_port(struct boot_options *options, struct text value)
{
	bool has_baud = has(value, ',');
	struct text port_text = cut(&value, ',');
	uint32_t baud = options->serial_baud;
	uint16_t port;

	if ((options->denied & OPTIONS_HARM) && starts_with(port_text, "0x"))
		return DENIED;
	if (!parse_port(port_text, &port) || (has_baud && !parse_baud(value, &baud)))
		return REFUSED;
	options->serial = SERIAL_PORT;
	options->serial_port = port;
	options->serial_baud = baud;
	return APPLIED;
}

static enum verdict apply_serial(struct boot_options *options, struct text value)
{
	unsigned i = CHOOSE(value, options_serial_words);

	if (i == ARRAY_SIZE(options_serial_words))
		return apply_serial_port(options, value);
	options->serial = (enum option_serial)i;
	return APPLIED;
}

/* Append to a NUL-terminated text of at most size bytes; false when it does not fit. */
static bool append(char *out, size_t size, const char *at, size_t length)
{
	size_t used = 0;

	while (out[used] != '\0')
		used++;
	if (size - used <= length)
		return false;
	memcpy(out + used, at, length);
	out[used + length] = '\0';
	return true;
}

#define ARCH_PLACE "{arch}"

/* A path, with this architecture's name where it is asked for; empty: none after all. */
static enum verdict apply_path(char path[OPTIONS_PATH], struct text value)
{
	char expanded[OPTIONS_PATH] = "";

	while (value.length != 0) {
		bool place = starts_with(value, ARCH_PLACE);

		if (place ? !append(expanded, sizeof(expanded), ARCH_NAME, sizeof(ARCH_NAME) - 1)
			  : !append(expanded, sizeof(expanded), value.at, 1))
			return REFUSED;
		value = skip(value, place ? sizeof(ARCH_PLACE) - 1 : character_bytes(value));
	}
	memcpy(path, expanded, sizeof(expanded));
	return APPLIED;
}

static enum verdict apply_kernel(struct boot_options *options, struct text value)
{
	return apply_path(options->kernel, value);
}

static enum verdict apply_initrd(struct boot_options *options, struct text value)
{
	return apply_path(options->initrd, value);
}

static enum verdict apply_cmdline(struct boot_options *options, struct text value)
{
	size_t used = 0;

	if (characters(value) >= OPTIONS_CMDLINE)
		return REFUSED;
	for (; value.length != 0; value = skip(value, character_bytes(value)))
		options->cmdline[used++] = value.at[0];
	options->cmdline[used] = '\0';
	return APPLIED;
}

/* name=n */
static bool parse_fault(struct text t, struct option_hostile *hostile)
{
	struct text name = cut(&t, '=');
	unsigned i = CHOOSE(name, options_hostile_words);
	uint64_t number;

	if (i == HOSTILE_FAULTS || !parse_number(t, &number) || number > OPTIONS_FAULT_MAX)
		return false;
	hostile->fault[i] = (uint32_t)number;
	return true;
}

/* Faults add up over all texts; 0 takes one back. */
static enum verdict apply_hostile(struct boot_options *options, struct text value)
{
	struct option_hostile hostile = options->hostile;
	struct text item;

	while (next_item(&value, &item))
		if (!parse_fault(item, &hostile))
			return REFUSED;
	options->hostile = hostile;
	return APPLIED;
}

/* 64 hexadecimal digits, as sha256sum writes them. */
static bool parse_sha256(struct text t, struct sha256 *hash)
{
	if (t.length != 2 * SHA256_BYTES)
		return false;
	for (size_t i = 0; i < SHA256_BYTES; i++) {
		unsigned high = digit_value(t.at[2 * i]), low = digit_value(t.at[2 * i + 1]);

		if (high > 15 || low > 15)
			return false;
		hash->byte[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static enum verdict apply_sha256(struct boot_options *options, struct text value)
{
	uint32_t n = options->hashes;
	struct text item;

	while (next_item(&value, &item)) {
		struct sha256 one;

		if (!parse_sha256(item, &one))
			return REFUSED;
		if (n == OPTIONS_HASHES)
			return TOO_MANY;
		options->sha256[n++] = one;
	}
	options->hashes = n;
	return APPLIED;
}

static const struct key keys[] = {
	{ "mode", "boot or report", apply_mode, 0 },
	{ "kernel", "a path of at most 255 bytes", apply_kernel, OPTIONS_START },
	{ "cmdline", "a text of at most 2047 bytes", apply_cmdline, OPTIONS_START },
	{ "initrd", "a path of at most 255 bytes", apply_initrd, OPTIONS_START },
	{ "mem", "a size like 512M", apply_mem, 0 },
	{ "highmem", "a size like 512M", apply_highmem, 0 },
	{ "vmalloc", "a size like 128M", apply_vmalloc, 0 },
	{ "numa", "on, off or fake=N, N from 1 to 64", apply_numa, 0 },
	{ "pae", "auto, on or off", apply_pae, OPTIONS_HARM },
	{ "reserve", "size@address, like 16M@0x4000000", apply_reserve, 0 },
	{ "badram", "size@address, like 4K@0x1234000", apply_badram, 0 },
	{ "serial", "auto, off, ttyS0 or 0x3f8,115200", apply_serial, 0 },
	{ "console", "both, serial or screen", apply_console, 0 },
	{ "files", "on or off", apply_files, 0 },
	{ "hostile",
		"faults like stale=2,refuse=1: stale, grow, stride, nested, unsorted, zero, "
		"refuse, "
		"pool, pages, nogop, noconout",
		apply_hostile, 0 },
	{ "sha256", "64 hexadecimal digits, several with commas between", apply_sha256,
		OPTIONS_NAMES },
	{ "after", "halt, poweroff or reboot", apply_after, 0 },
};

static const struct key *find_key(struct text name)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (text_is(name, keys[i].name))
			return &keys[i];
	return NULL;
}

/* --- messages ------------------------------------------------------------------------------- */

/* Input is repeated shortened and without bytes that a terminal would act on. */
static const char *shown(char buffer[SHOWN + 4], struct text t)
{
	size_t length = t.length <= SHOWN ? t.length : SHOWN;

	for (size_t i = 0; i < length; i++)
		buffer[i] = t.at[i] >= ' ' && t.at[i] <= '~' ? t.at[i] : '?';
	memcpy(buffer + length, t.length <= SHOWN ? "" : "...", t.length <= SHOWN ? 1 : 4);
	return buffer;
}

static void say_unknown(const struct place *place, struct text word)
{
	char buffer[SHOWN + 4];

	sink_printf(place->errors, "%s:%u: \"%s\" is no option, ignored\n", place->origin,
		place->number, shown(buffer, word));
}

static void say_verdict(
	const struct place *place, const struct key *key, struct text value, enum verdict verdict)
{
	char buffer[SHOWN + 4];

	sink_printf(place->errors, "%s:%u: %s", place->origin, place->number, key->name);
	if (verdict == NOT_HERE)
		sink_printf(place->errors, ": does nothing on %s\n", ARCH_NAME);
	else if (verdict == TOO_MANY)
		sink_printf(place->errors, ": more than %d %s, line ignored\n",
			key->kind == OPTIONS_NAMES ? OPTIONS_HASHES : OPTIONS_RANGES,
			key->kind == OPTIONS_NAMES ? "hashes" : "ranges");
	else if (verdict == DENIED)
		sink_puts(place->errors,
			" ignored: only the configuration in the signed image may say this\n");
	else
		sink_printf(place->errors, "=%s ignored\n    expected %s\n", shown(buffer, value),
			key->accepts);
}

/* --- lines and words ------------------------------------------------------------------------ */

/* One assignment; the number of refusals, 0 or 1. */
static uint32_t apply(struct boot_options *options, const struct place *place, struct text word)
{
	struct text value = word;
	struct text name = trim(cut(&value, '='));
	const struct key *key = has(word, '=') ? find_key(name) : NULL;
	enum verdict verdict;

	if (key == NULL) {
		say_unknown(place, name);
		return 1;
	}
	value = unquoted(trim(value));
	/* What follows a NUL would be lost, or joined with what is before it. */
	if (has(value, '\0'))
		verdict = REFUSED;
	else
		verdict = key->kind & options->denied ? DENIED : key->apply(options, value);
	if (verdict != APPLIED)
		say_verdict(place, key, value, verdict);
	return verdict != APPLIED && verdict != NOT_HERE;
}

/* A # inside a word is part of it: kernel arguments have them. */
static struct text without_comment(struct text line)
{
	for (size_t i = 0; i < line.length; i++)
		if (line.at[i] == '#' && (i == 0 || is_blank(line.at[i - 1])))
			line.length = i;
	return line;
}

/* The next word; quotes hold it together and are kept. */
static struct text next_word(struct text *t)
{
	struct text word;
	bool quoted = false;

	*t = trim(*t);
	word = (struct text){ t->at, 0, false };
	while (word.length < t->length && (quoted || !is_blank(t->at[word.length]))) {
		quoted ^= t->at[word.length] == '"';
		word.length++;
	}
	*t = skip(*t, word.length);
	return word;
}

/* Editors put a byte order mark before a text, some boot managers too (Q66). */
static struct text without_mark(struct text t)
{
	return starts_with(t, "\xef\xbb\xbf") ? skip(t, 3) : t;
}

void options_defaults(struct boot_options *options)
{
	memset(options, 0, sizeof(*options));
	options->serial_port = 0x3f8;
	options->serial_baud = 115200;
	options->highmem_bytes = options->vmalloc_bytes = LIMITS_NOT_GIVEN;
	options->denied = OPTIONS_NAMES;
}

uint32_t options_denied(const struct boot_options *embedded, bool secure)
{
	bool starts = embedded->kernel[0] != '\0' || embedded->initrd[0] != '\0' ||
		      embedded->cmdline[0] != '\0';

	if (!secure)
		return OPTIONS_NAMES;
	return OPTIONS_NAMES | OPTIONS_HARM | (starts ? OPTIONS_START : 0);
}

/* One assignment more; after the first messages the others are only counted. */
static void apply_next(
	struct boot_options *options, struct place *place, uint32_t *refused, struct text word)
{
	*refused += apply(options, place, word);
	if (*refused == MESSAGES_MAX)
		place->errors = &sink_nowhere;
}

static uint32_t say_rest(const struct place *place, const struct sink *errors, uint32_t refused)
{
	if (refused > MESSAGES_MAX)
		sink_printf(errors, "%s: %u more that can't be used\n", place->origin,
			refused - MESSAGES_MAX);
	return refused;
}

size_t options_narrow(char *text, size_t length)
{
	const uint8_t *from = (const uint8_t *)text;
	bool little = length >= 2 && from[0] == 0xff && from[1] == 0xfe;
	bool big = length >= 2 && from[0] == 0xfe && from[1] == 0xff;
	size_t units = length / 2;

	if (!little && !big)
		return length;
	for (size_t i = 1; i < units; i++) {
		uint8_t low = from[2 * i + big], high = from[2 * i + little];

		text[i - 1] = high == 0 && low < 0x80 ? (char)low : '?';
	}
	return units - 1;
}

uint32_t options_parse_file(struct boot_options *options, const char *origin, const char *text,
	size_t length, const struct sink *errors)
{
	struct place place = { origin, 0, errors };
	struct text rest = without_mark((struct text){ text, length, false });
	uint32_t refused = 0;

	while (rest.length != 0) {
		struct text line = trim(without_comment(cut(&rest, '\n')));

		place.number++;
		if (line.length != 0)
			apply_next(options, &place, &refused, line);
	}
	return say_rest(&place, errors, refused);
}

uint32_t options_parse_words(struct boot_options *options, const char *origin, const char *text,
	size_t length, const struct sink *errors)
{
	struct place place = { origin, 0, errors };
	struct text rest = without_mark((struct text){ text, length, false });
	uint32_t refused = 0;

	for (struct text word; (word = next_word(&rest)).length != 0;) {
		place.number++;
		word = unquoted(word);
		if (place.number > 1 || has(word, '='))
			apply_next(options, &place, &refused, word);
	}
	return say_rest(&place, errors, refused);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding the configuration; core/options.c understands it. Called once by main.c.
 */
#include "config.h"

#include <bootmem/pe.h>

#include "file.h"

#define CONFIG_LIMIT       65536u
#define LOAD_OPTIONS_LIMIT 512u
#define BYTE_ORDER_MARK    0xfeff

static CHAR16 config_path[] = L"\\bootmem.conf";

/*
 * What was added to the image before it was signed. Firmware loads the headers, too, and says where; that is not where
 * the program runs if it has moved itself.
 */
static void read_embedded(
	const EFI_LOADED_IMAGE *image, struct boot_options *options, const struct sink *errors)
{
	struct pe_section section;
	struct pe pe;

	options->denied = 0;
	if (pe_parse(&pe, image->ImageBase, PAGE_SIZE) && pe_find(&pe, CONFIG_SECTION, &section))
		options_parse_file(options, "signed image",
			(const char *)image->ImageBase + section.address, section.memory_bytes,
			errors);
}

static void read_file(
	const struct config_sources *from, struct boot_options *options, const struct sink *errors)
{
	struct file file;

	switch (file_read(from->bs, from->image->DeviceHandle, config_path, CONFIG_LIMIT, &file)) {
	case BM_OK:
		measure(from->tpm, MEASURE_TEXTS, "bootmem.conf", "", file.text, file.length);
		options_parse_file(options, "bootmem.conf", file.text,
			options_narrow(file.text, file.length), errors);
		file_free(from->bs, &file);
		break;
	case BM_REFUSED: /* no file: the defaults */
		break;
	default:
		sink_printf(errors,
			"bootmem.conf: unreadable, or longer than %u bytes; using defaults\n",
			CONFIG_LIMIT);
	}
}

/*
 * The load options as ASCII: UTF-16, perhaps with a byte order mark, perhaps without an end (Q66).
 * Returns the length, 0 for what is no text: a boot entry may carry anything.
 */
static size_t load_options_text(const EFI_LOADED_IMAGE *image, char text[LOAD_OPTIONS_LIMIT])
{
	const CHAR16 *from = image->LoadOptions;
	size_t count = image->LoadOptionsSize / sizeof(CHAR16), length = 0;

	if (from == NULL)
		return 0;
	for (size_t i = 0; i < count && from[i] != 0; i++) {
		if (i == 0 && from[i] == BYTE_ORDER_MARK)
			continue;
		if (from[i] < ' ' || from[i] > '~' || length == LOAD_OPTIONS_LIMIT)
			return 0;
		text[length++] = (char)from[i];
	}
	return length;
}

/* Length of the program's name, which the shell puts first and a boot entry does not, with the blank behind it. */
static size_t program_name_length(const char *text, size_t length)
{
	bool quoted = false;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '=' && !quoted)
			return 0;
		if (text[i] == ' ' && !quoted)
			return i + 1;
		if (text[i] == '"')
			quoted = !quoted;
	}
	return length;
}

static void read_load_options(
	const struct config_sources *from, struct boot_options *options, const struct sink *errors)
{
	const EFI_LOADED_IMAGE *image = from->image;
	char text[LOAD_OPTIONS_LIMIT];
	size_t length = load_options_text(image, text);
	size_t name = program_name_length(text, length);

	if (length == 0 && image->LoadOptionsSize > sizeof(CHAR16))
		sink_printf(errors,
			"load options: no text, or longer than %u characters; ignored\n",
			LOAD_OPTIONS_LIMIT);
	measure(from->tpm, MEASURE_TEXTS, "load options", "", text + name, length - name);
	options_parse_words(options, "load options", text + name, length - name, errors);
}

void config_read(
	const struct config_sources *from, struct boot_options *options, const struct sink *errors)
{
	options_defaults(options);
	read_embedded(from->image, options, errors);
	options->denied = options_denied(options, from->secure);
	read_file(from, options, errors);
	read_load_options(from, options, errors);
}

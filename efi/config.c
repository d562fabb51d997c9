/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding the configuration; core/options.c understands it. Called once by main.c.
 */
#include "config.h"

#include "file.h"

#define CONFIG_LIMIT       65536u
#define LOAD_OPTIONS_LIMIT 512u
#define BYTE_ORDER_MARK    0xfeff

static CHAR16 config_path[] = L"\\bootmem.conf";

static void read_file(EFI_BOOT_SERVICES *bs, EFI_HANDLE device, struct boot_options *options,
	const struct sink *errors)
{
	struct file file;

	switch (file_read(bs, device, config_path, CONFIG_LIMIT, &file)) {
	case BM_OK:
		options_parse_file(options, "bootmem.conf", file.text,
			options_narrow(file.text, file.length), errors);
		file_free(bs, &file);
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

/* Length of the program's name, which the shell puts first and a boot entry does not. */
static size_t program_name_length(const char *text, size_t length)
{
	bool quoted = false;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '=' && !quoted)
			return 0;
		if (text[i] == ' ' && !quoted)
			return i;
		if (text[i] == '"')
			quoted = !quoted;
	}
	return length;
}

static void read_load_options(
	const EFI_LOADED_IMAGE *image, struct boot_options *options, const struct sink *errors)
{
	char text[LOAD_OPTIONS_LIMIT];
	size_t length = load_options_text(image, text);
	size_t name = program_name_length(text, length);

	if (length == 0 && image->LoadOptionsSize > sizeof(CHAR16))
		sink_printf(errors,
			"load options: no text, or longer than %u characters; ignored\n",
			LOAD_OPTIONS_LIMIT);
	options_parse_words(options, "load options", text + name, length - name, errors);
}

void config_read(EFI_BOOT_SERVICES *bs, const EFI_LOADED_IMAGE *image, struct boot_options *options,
	const struct sink *errors)
{
	options_defaults(options);
	read_file(bs, image->DeviceHandle, options, errors);
	read_load_options(image, options, errors);
}

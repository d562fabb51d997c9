/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * simulate: from a recording to a booted machine (simulate.h). The core and the architecture are
 * the same files as in the application; the firmware is fake_firmware.c's. Called by main.c and
 * its tests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "affinity.h"
#include "simulate.h"

/* Entries of a map: allocations split some, and the firmware has room for FAKE_MAX_DESCRIPTORS. */
#define MAX_ENTRIES 1024u

/* Physical addresses that the arena may have: what a host process can set aside. */
#define ARENA_END   (ARCH_HIGHMEM ? GIB : 64 * TIB)

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count != 0 ? count : 1, size);

	if (memory == NULL) {
		fputs("bootmem-sim: out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	return memory;
}

/* --- the maps -------------------------------------------------------------------------------- */

static struct e820_entry *raw_of(const struct record_list *list)
{
	struct e820_entry *raw = allocate(list->count, sizeof(*raw));

	for (uint32_t i = 0; i < list->count; i++)
		raw[i] = (struct e820_entry){ .start = list->item[i].start,
			.end = list->item[i].end,
			.type = list->item[i].type };
	return raw;
}

/* A finished table in storage of its own. */
static struct e820 finish(const struct e820_entry *raw, uint32_t count)
{
	struct e820 table = { .capacity = 2 * count + 1 };

	table.entry = allocate(table.capacity, sizeof(*table.entry));
	if (e820_sanitise(raw, count, &table, NULL) != BM_OK)
		abort(); /* the storage is as the header asks */
	return table;
}

/* What a firmware would say that has this finished table. */
static void add_table(struct fake_firmware *fw, const struct e820 *table)
{
	static const uint32_t type[E820_TYPES] = {
		[E820_RAM] = EFI_MEM_CONVENTIONAL,
		[E820_SOFT] = EFI_MEM_CONVENTIONAL,
		[E820_PMEM] = EFI_MEM_PERSISTENT,
		[E820_UNACCEPTED] = EFI_MEM_UNACCEPTED,
		[E820_ACPI] = EFI_MEM_ACPI_RECLAIM,
		[E820_NVS] = EFI_MEM_ACPI_NVS,
		[E820_UNUSABLE] = EFI_MEM_UNUSABLE,
		[E820_RESERVED] = EFI_MEM_RESERVED,
	};

	for (uint32_t i = 0; i < table->count; i++) {
		const struct e820_entry *e = &table->entry[i];
		uint64_t special = e->type == E820_SOFT ? EFI_ATTR_SP : 0;

		fake_add(fw, type[e->type], e->start, e->end, EFI_ATTR_WB | special);
	}
}

static void take_efi(struct simulation *s, const struct record_list *list)
{
	struct fw_map map = { .stride = sizeof(*s->desc), .count = list->count };

	s->desc = allocate(list->count, sizeof(*s->desc));
	s->descs = list->count;
	for (uint32_t i = 0; i < list->count; i++)
		s->desc[i] = (struct efi_memory_desc){ .type = list->item[i].type,
			.phys_start = list->item[i].start,
			.pages = (list->item[i].end - list->item[i].start) >> PAGE_SHIFT,
			.attribute = list->item[i].attribute };
	map.bytes = (const uint8_t *)s->desc;
	s->raw = allocate(list->count, sizeof(*s->raw));
	s->raws = list->count;
	if (fw_map_to_raw(&map, s->raw, list->count, NULL) != BM_OK)
		abort(); /* the storage is as the header asks */
	s->input = finish(s->raw, list->count);
	s->from_efi = true;
}

static void take_e820(struct simulation *s, const struct record_list *list)
{
	s->raw = raw_of(list);
	s->raws = list->count;
	s->input = finish(s->raw, list->count);
}

/* The list that a choice means, or null. */
static const struct record_list *chosen(const struct recording *r, enum map_choice choice)
{
	const struct record_list *list = &r->e820;

	if (choice == MAP_EFI || (choice == MAP_BEST && r->efi.count != 0))
		list = &r->efi;
	else if (choice == MAP_USER)
		list = &r->user;
	return list->count != 0 ? list : NULL;
}

/* The table in a report of our own is what an earlier start made of the same EFI map, mem= and all. */
static void take_other(struct simulation *s)
{
	const struct recording *r = s->recording;
	struct e820_entry *raw = raw_of(&r->e820);
	bool compared = s->from_efi && r->format != FORMAT_REPORT;

	s->other = finish(raw, compared ? r->e820.count : 0);
	free(raw);
}

/* False: a replay is not possible after all. */
static bool fill_firmware(struct simulation *s)
{
	struct fake_firmware *fw = &s->fw;

	if (!s->from_efi) {
		fw->raw = s->raw;
		fw->raws = s->raws;
		add_table(fw, &s->input);
		return true;
	}
	memcpy(fw->desc, s->desc, s->descs * sizeof(*s->desc));
	fw->count = s->descs;
	fw->last = s->desc;
	fw->lasts = s->descs;
	if (replay_possible(s->recording))
		return replay_prepare(&s->replay, fw, s->recording);
	return true;
}

/* --- the machine ----------------------------------------------------------------------------- */

static phys_t ram_end(const struct e820 *table)
{
	struct pfn_range ram = { 0, 0 };

	for (uint32_t i = 0; e820_next_ram(table, &i, &ram);)
		;
	return pfn_phys(ram.end);
}

/* The ACPI tables lie above all RAM that is ever touched. */
static void make_affinity(struct simulation *s, phys_t phys)
{
	if (s->recording->srat.count == 0)
		return;
	affinity_write(
		fake_open(&s->fw, phys, phys + align_up(affinity_bytes(s->recording), PAGE_SIZE)),
		phys, s->recording);
	s->fw.rsdp_phys = phys;
}

static bool make_machine(struct simulation *s)
{
	phys_t end = ARCH_HIGHMEM ? ARENA_END : min_u64(ram_end(&s->input), ARENA_END);

	fake_init(&s->fw, end + align_up(affinity_bytes(s->recording), PAGE_SIZE));
	make_affinity(s, end);
	s->fw.vendor =
		s->recording->machine[0] != '\0' ? s->recording->machine : "recorded machine";
	return fill_firmware(s);
}

/* --- running --------------------------------------------------------------------------------- */

static void choose_mode(struct fake_firmware *fw, const struct boot_options *options)
{
	if (fw->input != NULL)
		return;
	if (ARCH_HIGHMEM && options->pae == PAE_OFF)
		fw->mode = (struct paging_mode){ .levels = 2, .large = true, .phys_bits = 32 };
}

/* The text of the last message on the simulated console. */
static const char *last_words(struct fake_firmware *fw)
{
	char *text = fw->console_text;
	size_t length = strlen(text);

	if (length != 0 && text[length - 1] == '\n')
		text[--length] = '\0';
	while (length != 0 && text[length - 1] != '\n')
		length--;
	return text[length] != '\0' ? text + length : "there is no room for the loader";
}

static bool run(struct simulation *s, const struct boot_options *options)
{
	return fake_boot(&s->fw, &s->boot, options) == BM_OK && boot_make_record(&s->boot) == BM_OK;
}

/* The options a report begins with. What does nothing was said when that start was made. */
static bool take_options(struct boot_options *options, const char *words, const struct sink *errors)
{
	char text[512];
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));
	bool ok = options_parse_words(
			  options, "options of the report", words, strlen(words), &sink) == 0;

	if (!ok)
		sink_puts(errors, text);
	return ok;
}

static bool misbehaves(const struct option_hostile *hostile)
{
	for (unsigned i = 0; i < HOSTILE_FAULTS; i++)
		if (hostile->fault[i] != 0)
			return true;
	return false;
}

/* Keys that only the application does something with, on a line of their own each. */
static void say_without_effect(
	const struct simulation *s, const struct boot_options *options, const struct sink *errors)
{
	bool kernel = s->replay.kernel_file != NULL;
	const struct {
		const char *key;
		bool given;
	} here[] = {
		{ "cmdline", options->cmdline[0] != '\0' && !kernel },
		{ "initrd", options->initrd[0] != '\0' },
		{ "mode", options->mode != MODE_BOOT },
		{ "serial", options->serial != SERIAL_AUTO },
		{ "console", options->console != CONSOLE_BOTH },
		{ "files", options->files != FILES_ON },
		{ "hostile", misbehaves(&options->hostile) },
		{ "after", options->after != AFTER_HALT },
	};

	if (options->kernel[0] != '\0')
		sink_puts(errors,
			"--set: kernel: no file is read; only the report of a start with a kernel "
			"says what it needs\n");
	for (unsigned i = 0; i < ARRAY_SIZE(here); i++)
		if (here[i].given)
			sink_printf(
				errors, "--set: %s: does nothing in a simulation\n", here[i].key);
}

/* What --set says, apart from a report's options. */
static void check_set(const struct simulation *s, const char *words, const struct sink *errors)
{
	struct boot_options given;
	struct text_buffer said;
	char text[1];
	struct sink nowhere = text_buffer_sink(&said, text, sizeof(text));

	options_defaults(&given);
	options_parse_words(&given, "--set", words, strlen(words), &nowhere);
	say_without_effect(s, &given, errors);
}

/* A split that was asked for and not made: the console of a machine shows it. */
static void say_split(const struct split *split, const struct sink *errors)
{
	if (split->vmalloc != SPLIT_ACCEPTED)
		sink_printf(
			errors, "vmalloc= ignored: it %s\n", split_refusal_text(split->vmalloc));
	if (split->highmem != SPLIT_ACCEPTED)
		sink_printf(
			errors, "highmem= ignored: it %s\n", split_refusal_text(split->highmem));
}

/* A start that can't be made again is one of the same map, and without the options that it had. */
static void say_no_replay(
	const struct recording *r, const struct record_list *list, const struct sink *errors)
{
	if (r->format == FORMAT_REPORT && list == &r->efi && !replay_possible(r))
		sink_puts(errors, "the start of this report can't be made again here; its map and "
				  "affinity are taken\n");
}

/* The chosen map, and the options; false, with a line on errors, when one of them can't be used. */
static bool accept(const struct recording *r, const struct record_list *list, const char *words,
	struct boot_options *options, const struct sink *errors)
{
	if (list == NULL) {
		sink_puts(errors, "the recording has no such map\n");
		return false;
	}
	if (list->count > MAX_ENTRIES) {
		sink_printf(errors, "the map has more than %u entries\n", MAX_ENTRIES);
		return false;
	}
	options_defaults(options);
	if (list == &r->efi && replay_possible(r) && r->start.options != NULL &&
		!take_options(options, r->start.options, errors))
		return false;
	if (options_parse_words(options, "--set", words, strlen(words), errors) == 0)
		return true;
	sink_puts(errors, "nothing is simulated with an option that can't be used\n");
	return false;
}

/* Null: a replay is not possible after all, which the console says. */
static struct simulation *with_machine(
	struct simulation *s, const struct boot_options *options, const struct sink *errors)
{
	if (make_machine(s)) {
		choose_mode(&s->fw, options);
		return s;
	}
	sink_printf(errors, "%s\n", last_words(&s->fw));
	simulation_free(s);
	return NULL;
}

struct simulation *simulation_make(const struct recording *r, enum map_choice choice,
	const char *options, struct boot_options *parsed, const struct sink *errors)
{
	const struct record_list *list = chosen(r, choice);
	struct simulation *s;

	if (!accept(r, list, options, parsed, errors))
		return NULL;
	s = allocate(1, sizeof(*s));
	s->recording = r;
	if (list == &r->efi)
		take_efi(s, list);
	else
		take_e820(s, list);
	take_other(s);
	return with_machine(s, parsed, errors);
}

struct simulation *simulate(const struct recording *r, enum map_choice choice, const char *options,
	const struct sink *errors)
{
	struct boot_options parsed;
	struct simulation *s = simulation_make(r, choice, options, &parsed, errors);

	if (s == NULL)
		return NULL;
	if (run(s, &parsed)) {
		say_no_replay(r, chosen(r, choice), errors);
		check_set(s, options, errors);
		say_split(&s->boot.split, errors);
		return s;
	}
	sink_printf(errors, "%s\n", last_words(&s->fw));
	simulation_free(s);
	return NULL;
}

void simulation_free(struct simulation *s)
{
	fake_free(&s->fw);
	replay_free(&s->replay);
	free(s->input.entry);
	free(s->other.entry);
	free(s->raw);
	free(s->desc);
	free(s);
}

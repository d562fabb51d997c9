/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options as words again (options.h), for the report. Apart from the parser, which is gone by then: nothing
 * runs it once the start is over. Called by core/report_json.c.
 */
#include <bootmem/limits.h>
#include <bootmem/options.h>

#include "options_words.h"

const char *const options_mode_words[2] = { "boot", "report" };
const char *const options_pae_words[3] = { "auto", "on", "off" };
const char *const options_numa_words[2] = { "on", "off" };
const char *const options_serial_words[2] = { "auto", "off" };
const char *const options_console_words[3] = { "both", "serial", "screen" };
const char *const options_files_words[2] = { "on", "off" };
const char *const options_after_words[3] = { "halt", "poweroff", "reboot" };
const char *const options_hostile_words[HOSTILE_FAULTS] = {
	[HOSTILE_STALE] = "stale",
	[HOSTILE_GROW] = "grow",
	[HOSTILE_STRIDE] = "stride",
	[HOSTILE_NESTED] = "nested",
	[HOSTILE_UNSORTED] = "unsorted",
	[HOSTILE_ZERO] = "zero",
	[HOSTILE_REFUSE] = "refuse",
	[HOSTILE_POOL] = "pool",
	[HOSTILE_PAGES] = "pages",
	[HOSTILE_NOGOP] = "nogop",
	[HOSTILE_NOCONOUT] = "noconout",
};

/* Words with one blank between them. */
struct words {
	const struct sink *out;
	bool started;
};

static void put_key(struct words *w, const char *key)
{
	sink_printf(w->out, "%s%s=", w->started ? " " : "", key);
	w->started = true;
}

static void put_choice(struct words *w, const char *key, const char *const *words, unsigned i)
{
	if (i == 0)
		return;
	put_key(w, key);
	sink_puts(w->out, words[i]);
}

static void put_size(const struct sink *out, uint64_t bytes)
{
	static const char units[] = "KMGT";
	unsigned unit = 0;

	while (unit < 4 && bytes != 0 && (bytes & (KIB - 1)) == 0) {
		bytes >>= 10;
		unit++;
	}
	sink_printf(out, "%llu", ULL(bytes));
	if (unit != 0)
		sink_printf(out, "%c", units[unit - 1]);
}

static void put_size_word(struct words *w, const char *key, uint64_t bytes, uint64_t not_given)
{
	if (bytes == not_given)
		return;
	put_key(w, key);
	put_size(w->out, bytes);
}

void options_put_range(const struct option_range *range, const struct sink *out)
{
	put_size(out, range->bytes);
	sink_printf(out, "@0x%llx", ULL(range->start_phys));
}

static void put_ranges(
	struct words *w, const char *key, const struct option_range *range, uint32_t ranges)
{
	for (uint32_t i = 0; i < ranges; i++) {
		if (i == 0)
			put_key(w, key);
		else
			sink_puts(w->out, ",");
		options_put_range(&range[i], w->out);
	}
}

static void put_numa(struct words *w, const struct boot_options *options)
{
	if (options->numa != NUMA_FAKE) {
		put_choice(w, "numa", options_numa_words, options->numa);
		return;
	}
	put_key(w, "numa");
	sink_printf(w->out, "fake=%u", options->numa_fake_nodes);
}

static void put_serial(struct words *w, const struct boot_options *options)
{
	if (options->serial != SERIAL_PORT) {
		put_choice(w, "serial", options_serial_words, options->serial);
		return;
	}
	put_key(w, "serial");
	sink_printf(w->out, "0x%x,%u", options->serial_port, options->serial_baud);
}

static void put_text(struct words *w, const char *key, const char *text)
{
	if (text[0] == '\0')
		return;
	put_key(w, key);
	sink_puts(w->out, "\"");
	for (; *text != '\0'; text++)
		sink_printf(w->out, *text == '"' ? "\"\"" : "%c", *text);
	sink_puts(w->out, "\"");
}

static void put_hostile(struct words *w, const struct option_hostile *hostile)
{
	bool first = true;

	for (unsigned i = 0; i < HOSTILE_FAULTS; i++) {
		if (hostile->fault[i] == 0)
			continue;
		if (first)
			put_key(w, "hostile");
		sink_printf(w->out, "%s%s=%u", first ? "" : ",", options_hostile_words[i],
			hostile->fault[i]);
		first = false;
	}
}

void options_format(const struct boot_options *o, const struct sink *out)
{
	struct words w = { .out = out };

	put_choice(&w, "mode", options_mode_words, o->mode);
	put_text(&w, "kernel", o->kernel);
	put_text(&w, "cmdline", o->cmdline);
	put_text(&w, "initrd", o->initrd);
	put_size_word(&w, "mem", o->mem_bytes, 0);
	put_size_word(&w, "highmem", o->highmem_bytes, LIMITS_NOT_GIVEN);
	put_size_word(&w, "vmalloc", o->vmalloc_bytes, LIMITS_NOT_GIVEN);
	put_numa(&w, o);
	put_choice(&w, "pae", options_pae_words, o->pae);
	put_ranges(&w, "reserve", o->reserve, o->reserves);
	put_ranges(&w, "badram", o->badram, o->badrams);
	put_serial(&w, o);
	put_choice(&w, "console", options_console_words, o->console);
	put_choice(&w, "files", options_files_words, o->files);
	put_hostile(&w, &o->hostile);
	put_choice(&w, "after", options_after_words, o->after);
}

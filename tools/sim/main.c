/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bootmem-sim: the memory half of a kernel's start on the recorded map of any machine.
 *
 * Reads one recording, or two with --diff, runs the pipeline, and writes what was asked for.
 * Status 0: done; 1: the pipeline failed on this machine; 2: the command line or the file can't
 * be used.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <bootmem/report.h>
#include <bootmem/svg.h>

#include "diff.h"
#include "doctor.h"
#include "simulate.h"

enum status { STATUS_DONE, STATUS_FAILED, STATUS_UNUSABLE };
enum output { OUTPUT_TEXT, OUTPUT_JSON };

struct command {
	const char *file[2];
	unsigned files;
	enum output output;
	enum map_choice choice;
	const char *svg;
	bool diff;
	char options[1024];
};

static const char usage[] =
	"usage: bootmem-sim [--json] [--svg FILE] [--set KEY=VALUE]... [--map efi|e820|user] "
	"MAPFILE|-\n"
	"       bootmem-sim --diff [--set KEY=VALUE]... [--map efi|e820|user] MAPFILE MAPFILE\n"
	"\n"
	"MAPFILE is recognised by its content: a Linux kernel log, the UEFI shell's memmap, a copy "
	"of\n"
	"/sys/firmware/memmap (the directory, or grep -r . of it), a bootmem report, or a plain "
	"map.\n"
	"  --json      one JSON document instead of the text report\n"
	"  --svg FILE  draw the machine's memory\n"
	"  --set       an option of bootmem.conf: mem=, highmem=, vmalloc=, numa=, pae=, reserve=, "
	"badram=\n"
	"  --map       which of several maps in the file: EFI is preferred, user is the kernel's "
	"own\n"
	"  --diff      what changed between two machines\n";

/* --- files ----------------------------------------------------------------------------------- */

struct buffer {
	char *bytes;
	size_t size, capacity;
};

static void buffer_reserve(struct buffer *b, size_t size)
{
	if (b->capacity - b->size >= size)
		return;
	b->capacity = 2 * b->capacity + size;
	b->bytes = realloc(b->bytes, b->capacity);
	if (b->bytes == NULL) {
		fputs("bootmem-sim: out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
}

static void buffer_add(struct buffer *b, const char *text)
{
	size_t size = strlen(text);

	buffer_reserve(b, size);
	memcpy(b->bytes + b->size, text, size);
	b->size += size;
}

static bool read_stream(struct buffer *b, FILE *in)
{
	size_t n;

	do {
		buffer_reserve(b, 65536);
		n = fread(b->bytes + b->size, 1, 65536, in);
		b->size += n;
	} while (n != 0);
	return ferror(in) == 0;
}

static bool read_file(struct buffer *b, const char *path)
{
	FILE *in = fopen(path, "rb");
	bool ok;

	if (in == NULL)
		return false;
	ok = read_stream(b, in);
	fclose(in);
	return ok;
}

/* One file of a copied /sys/firmware/memmap, as grep -r would print it. */
static void read_field(
	struct buffer *b, const char *directory, const char *entry, const char *field)
{
	char path[8192];

	buffer_add(b, entry);
	buffer_add(b, "/");
	buffer_add(b, field);
	buffer_add(b, ":");
	snprintf(path, sizeof(path), "%s/%s/%s", directory, entry, field);
	read_file(b, path); /* what is missing, the parser names */
	buffer_add(b, "\n");
}

/* The kernel names them by numbers from 0 on; the parser knows how many there may be. */
static bool is_entry(const char *directory, const char *name)
{
	size_t digits = strspn(name, "0123456789");

	if (digits <= 9 && name[digits] == '\0')
		return true;
	if (name[0] != '.')
		fprintf(stderr, "%s/%s: left out: expected the number of an entry\n", directory,
			name);
	return false;
}

static bool read_directory(struct buffer *b, const char *path)
{
	DIR *directory = opendir(path);

	if (directory == NULL)
		return false;
	for (struct dirent *e; (e = readdir(directory)) != NULL;) {
		if (!is_entry(path, e->d_name))
			continue;
		read_field(b, path, e->d_name, "start");
		read_field(b, path, e->d_name, "end");
		read_field(b, path, e->d_name, "type");
	}
	closedir(directory);
	return true;
}

static bool is_directory(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool read_input(struct buffer *b, const char *path)
{
	if (strcmp(path, "-") == 0)
		return read_stream(b, stdin);
	if (is_directory(path))
		return read_directory(b, path);
	return read_file(b, path);
}

static const char *shown(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

/* A line of a directory's text names the file that it is from, as read_field wrote it. */
static struct text line_at(const struct buffer *b, uint32_t number)
{
	struct text all = { b->bytes, b->bytes + b->size }, line = { 0 };

	for (uint32_t i = 0; i < number && text_line(&all, &line); i++)
		;
	return line;
}

static void say_parse_error(
	const char *path, const struct buffer *b, const struct parse_error *error)
{
	struct text line = line_at(b, error->line);

	if (error->line != 0 && is_directory(path))
		fprintf(stderr, "%s/%.*s: expected %s\n", path, (int)(line.end - line.at), line.at,
			error->expected);
	else if (error->line != 0)
		fprintf(stderr, "%s: line %u: expected %s\n", shown(path), error->line,
			error->expected);
	else
		fprintf(stderr, "%s: expected %s\n", shown(path), error->expected);
}

static void say_what_is_left_out(const char *path, const struct recording *r)
{
	if (r->log.earlier_starts != 0)
		fprintf(stderr, "%s: the log has maps of %u starts, the last one is taken\n",
			shown(path), r->log.earlier_starts + 1);
	if (r->log.left_out)
		fprintf(stderr, "%s: the last start in the log has no map, the one before is taken\n",
			shown(path));
}

/* A usable recording of a file; on false the reason is on standard error. */
static bool load(struct recording *r, const char *path)
{
	struct buffer b = { 0 };
	struct parse_error error;
	bool ok = read_input(&b, path);

	recording_init(r);
	if (!ok) {
		fprintf(stderr, "%s: %s\n", shown(path), strerror(errno));
	} else if (b.size == 0 && is_directory(path)) {
		fprintf(stderr, "%s: expected directories 0, 1, ..., as in /sys/firmware/memmap\n",
			path);
		ok = false;
	} else {
		ok = recording_parse(r, b.bytes, b.size, &error);
		if (ok)
			say_what_is_left_out(path, r);
		else
			say_parse_error(path, &b, &error);
	}
	free(b.bytes);
	return ok;
}

/* --- sinks ----------------------------------------------------------------------------------- */

static void write_stream(void *ctx, const char *text, size_t length)
{
	fwrite(text, 1, length, ctx);
}

static struct sink stream_sink(FILE *stream)
{
	return (struct sink){ write_stream, stream };
}

/* All that was written is there; else the reason on standard error. */
static enum status finish_output(void)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return STATUS_DONE;
	fprintf(stderr, "standard output: %s\n", strerror(errno));
	return STATUS_UNUSABLE;
}

/* --- what to do ------------------------------------------------------------------------------ */

/* Each line behind the file's name, but for those that go on with the one before. */
static void say_lines(const char *path, const char *text)
{
	for (size_t length; *text != '\0'; text += length) {
		length = strcspn(text, "\n");
		length += text[length] == '\n';
		if (*text != ' ')
			fprintf(stderr, "%s: ", shown(path));
		fwrite(text, 1, length, stderr);
	}
}

/* Null: the machine can't be simulated. The reason, and options that do nothing, on standard error. */
static struct simulation *simulate_file(
	const struct command *c, const struct recording *r, const char *path)
{
	char text[2048];
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));
	struct simulation *s = simulate(r, c->choice, c->options, &sink);

	say_lines(path, text);
	return s;
}

/* The doctor's opinion, beside the picture. */
static void draw(const struct simulation *s, const struct sink *out)
{
	static const enum svg_weight weight[] = { [SEVERITY_NOTE] = SVG_NOTE,
		[SEVERITY_CARE] = SVG_CARE,
		[SEVERITY_TROUBLE] = SVG_TROUBLE };
	struct checkup *checkup = doctor_examine(s);
	struct svg_remark remark[DOCTOR_MAX + 1];
	char summary[96], origin[48];
	struct svg_page page = { .boot = &s->boot,
		.stage = REPORT_SIMULATED,
		.title = s->fw.vendor,
		.origin = origin,
		.heading = "Doctor",
		.remark = remark,
		.remarks = checkup->count + 1 };

	snprintf(origin, sizeof(origin), "from a %s", recording_format_name(s->recording->format));
	doctor_summary(checkup, summary, sizeof(summary));
	remark[0] = (struct svg_remark){ .text = summary };
	for (uint32_t i = 0; i < checkup->count; i++) {
		const struct diagnosis *d = &checkup->of[i];

		remark[i + 1] = (struct svg_remark){ d->quirk, weight[d->severity], d->sentence };
	}
	svg_draw(&page, out);
	free(checkup);
}

static bool write_svg(const struct simulation *s, const char *path)
{
	FILE *out = fopen(path, "w");
	struct sink sink = stream_sink(out);
	bool failed;

	if (out == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return false;
	}
	draw(s, &sink);
	failed = ferror(out) != 0;
	if (fclose(out) == 0 && !failed)
		return true;
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	return false;
}

static enum status show(const struct command *c, const struct simulation *s)
{
	struct sink out = stream_sink(stdout);

	if (c->svg != NULL && !write_svg(s, c->svg))
		return STATUS_UNUSABLE;
	if (c->output == OUTPUT_JSON) {
		report_json(&s->boot, REPORT_SIMULATED, &out);
	} else {
		report_text(&s->boot, REPORT_SIMULATED, &out);
		doctor_text(s, &out);
	}
	return finish_output();
}

static enum status compare(struct simulation *const s[2])
{
	struct sink out = stream_sink(stdout);

	diff_text(s[0], s[1], &out);
	return finish_output();
}

/* One file, or two with --diff; of two that can't be used, both are named. */
static enum status run(const struct command *c)
{
	struct recording r[2];
	struct simulation *s[2] = { NULL, NULL };
	enum status status = STATUS_DONE;

	for (unsigned i = 0; i < c->files; i++)
		if (!load(&r[i], c->file[i]))
			status = STATUS_UNUSABLE;
	for (unsigned i = 0; status != STATUS_UNUSABLE && i < c->files; i++) {
		s[i] = simulate_file(c, &r[i], c->file[i]);
		if (s[i] == NULL)
			status = STATUS_FAILED;
	}
	if (status == STATUS_DONE)
		status = c->diff ? compare(s) : show(c, s[0]);
	for (unsigned i = 0; i < c->files; i++) {
		if (s[i] != NULL)
			simulation_free(s[i]);
		recording_free(&r[i]);
	}
	return status;
}

/* --- the command line ------------------------------------------------------------------------ */

static bool take_map(struct command *c, const char *word)
{
	static const char *const words[] = { "efi", "e820", "user" };
	static const enum map_choice choice[] = { MAP_EFI, MAP_E820, MAP_USER };

	for (unsigned i = 0; word != NULL && i < ARRAY_SIZE(words); i++)
		if (strcmp(word, words[i]) == 0) {
			c->choice = choice[i];
			return true;
		}
	return false;
}

static bool take_option(struct command *c, const char *word)
{
	size_t used = strlen(c->options);

	if (word == NULL || strchr(word, '=') == NULL ||
		used + strlen(word) + 2 > sizeof(c->options))
		return false;
	snprintf(c->options + used, sizeof(c->options) - used, "%s%s", used != 0 ? " " : "", word);
	return true;
}

/* One word of the command line, and perhaps its value; how many were taken, 0: not understood. */
static int take_word(struct command *c, char **word)
{
	if (strcmp(word[0], "--json") == 0) {
		c->output = OUTPUT_JSON;
		return 1;
	}
	if (strcmp(word[0], "--diff") == 0) {
		c->diff = true;
		return 1;
	}
	if (strcmp(word[0], "--svg") == 0)
		return (c->svg = word[1]) != NULL ? 2 : 0;
	if (strcmp(word[0], "--set") == 0)
		return take_option(c, word[1]) ? 2 : 0;
	if (strcmp(word[0], "--map") == 0)
		return take_map(c, word[1]) ? 2 : 0;
	if ((word[0][0] == '-' && word[0][1] != '\0') || c->files == 2)
		return 0;
	c->file[c->files++] = word[0];
	return 1;
}

/* Null, or what is wrong with the words together. */
static const char *wrong_command(const struct command *c)
{
	if (c->files != (c->diff ? 2 : 1))
		return c->diff ? "--diff needs two MAPFILEs" : "one MAPFILE is needed";
	if (c->diff && (c->output != OUTPUT_TEXT || c->svg != NULL))
		return "--diff is a text: no --json, no --svg";
	if (c->diff && strcmp(c->file[0], "-") == 0 && strcmp(c->file[1], "-") == 0)
		return "standard input is one file only";
	return NULL;
}

/* False, and the reason on standard error: the command line can't be used. */
static bool take_command(struct command *c, char **word)
{
	const char *wrong;

	while (*word != NULL) {
		int taken = take_word(c, word);

		if (taken == 0) {
			fprintf(stderr, "bootmem-sim: %s%s%s: can't be used here\n", word[0],
				word[1] != NULL ? " " : "", word[1] != NULL ? word[1] : "");
			return false;
		}
		word += taken;
	}
	wrong = wrong_command(c);
	if (wrong != NULL)
		fprintf(stderr, "bootmem-sim: %s\n", wrong);
	return wrong == NULL;
}

int main(int argc, char **argv)
{
	struct command c = { 0 };

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return STATUS_DONE;
	}
	if (!take_command(&c, argv + 1)) {
		fputs(usage, stderr);
		return STATUS_UNUSABLE;
	}
	return run(&c);
}

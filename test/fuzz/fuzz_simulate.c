/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole pipeline on any map at all (libFuzzer): whatever can be read as a recording is started, a report of our
 * own is replayed as far as it goes. A start that fails says why; one that does not has pages that balance, and
 * its report is a recording again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bootmem/report.h>

#include "diff.h"
#include "doctor.h"
#include "require.h"
#include "simulate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A text that grows. */
struct output {
	char *text;
	size_t size;
	FILE *stream;
	struct sink sink;
};

static void write_stream(void *ctx, const char *text, size_t length)
{
	fwrite(text, 1, length, ctx);
}

static void open_output(struct output *o)
{
	o->stream = open_memstream(&o->text, &o->size);
	require(o->stream != NULL, "no memory");
	o->sink = (struct sink){ write_stream, o->stream };
}

static void close_output(struct output *o)
{
	fclose(o->stream);
	free(o->text);
}

static void check_balance(const struct simulation *s)
{
	struct report_totals totals;

	report_totals(&s->boot, REPORT_SIMULATED, &totals);
	require(totals.present_pages == totals.free_pages + totals.reserved_pages,
		"the pages don't balance");
	require(e820_check(&s->boot.e820), "the table is broken");
	require(s->boot.mm == NULL || mm_check(s->boot.mm), "the zones are broken");
}

/* What people read, for its own sake. */
static void write_texts(const struct simulation *s)
{
	struct output out;

	open_output(&out);
	report_text(&s->boot, REPORT_SIMULATED, &out.sink);
	doctor_text(s, &out.sink);
	diff_text(s, s, &out.sink);
	fflush(out.stream);
	require(strstr(out.text, "\nno difference\n") != NULL, "a machine differs from itself");
	close_output(&out);
}

/* Start a machine; its report, if it started, on out. */
static bool start(const struct recording *r, const struct sink *out)
{
	struct output errors;
	struct simulation *s;

	open_output(&errors);
	s = simulate(r, MAP_BEST, "", &errors.sink);
	fflush(errors.stream);
	require(s != NULL || errors.size > 1, "a start fails without a word");
	if (s != NULL) {
		check_balance(s);
		write_texts(s);
		report_json(&s->boot, REPORT_SIMULATED, out);
		simulation_free(s);
	}
	close_output(&errors);
	return s != NULL;
}

/* Parse a recording and start it. */
static bool start_text(const char *text, size_t size, bool ours, const struct sink *out)
{
	struct parse_error error;
	struct recording r;
	bool ok;

	recording_init(&r);
	ok = recording_parse(&r, text, size, &error);
	require(ok || !ours, "our own report is refused");
	ok = ok && start(&r, out);
	recording_free(&r);
	return ok;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct output first, again;

	open_output(&first);
	if (start_text((const char *)data, size, false, &first.sink)) {
		fflush(first.stream);
		open_output(&again);
		start_text(first.text, first.size, true, &again.sink);
		close_output(&again);
	}
	close_output(&first);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parse_report: a report of our own (schema bootmem-report/1), alone or between its two lines in
 * a serial log. Taken from it: e820, and where there are several nodes, their ranges, as SRAT
 * entries. Unknown members are passed over. Invariant: nesting is bounded, so no document can
 * exhaust the stack. Called by recording_parse.
 */
#include <string.h>

#include "recording.h"

#define MAX_DEPTH 32

struct json {
	struct text rest;
	const char *start;    /* of the whole input, for line numbers */
	const char *expected; /* null: no error so far */
	unsigned depth;
};

typedef void (*member_fn)(struct json *j, struct text key, void *ctx);
typedef void (*element_fn)(struct json *j, void *ctx);

/* --- reading JSON ---------------------------------------------------------------------------- */

static void fail(struct json *j, const char *expected)
{
	if (j->expected == NULL)
		j->expected = expected;
}

static void space(struct json *j)
{
	while (!text_empty(&j->rest) && strchr(" \t\r\n", *j->rest.at) != NULL)
		j->rest.at++;
}

static bool next_is(struct json *j, char c)
{
	space(j);
	return j->expected == NULL && !text_empty(&j->rest) && *j->rest.at == c;
}

static bool take(struct json *j, char c)
{
	if (!next_is(j, c))
		return false;
	j->rest.at++;
	return true;
}

/* The bytes between the quotes, escapes and all. */
static struct text take_string(struct json *j)
{
	struct text string = { j->rest.at, j->rest.at };

	if (!take(j, '"')) {
		fail(j, "a string");
		return string;
	}
	string.at = j->rest.at;
	while (!text_empty(&j->rest) && *j->rest.at != '"')
		j->rest.at += *j->rest.at == '\\' && j->rest.at + 1 < j->rest.end ? 2 : 1;
	string.end = j->rest.at;
	if (!take(j, '"'))
		fail(j, "the end of a string");
	return string;
}

static bool enter(struct json *j, char bracket, const char *expected)
{
	if (!take(j, bracket) || j->depth == MAX_DEPTH) {
		fail(j, expected);
		return false;
	}
	j->depth++;
	return true;
}

static void take_object(struct json *j, member_fn member, void *ctx)
{
	if (!enter(j, '{', "an object"))
		return;
	while (!take(j, '}') && j->expected == NULL) {
		struct text key = take_string(j);

		if (!take(j, ':'))
			fail(j, "a colon behind a member's name");
		else
			member(j, key, ctx);
		if (!take(j, ',') && !next_is(j, '}'))
			fail(j, "a comma or the end of an object");
	}
	j->depth--;
}

static void take_array(struct json *j, element_fn element, void *ctx)
{
	if (!enter(j, '[', "an array"))
		return;
	while (!take(j, ']') && j->expected == NULL) {
		element(j, ctx);
		if (!take(j, ',') && !next_is(j, ']'))
			fail(j, "a comma or the end of an array");
	}
	j->depth--;
}

static void skip_value(struct json *j, void *ctx);

static void skip_member(struct json *j, struct text key, void *ctx)
{
	(void)key;
	skip_value(j, ctx);
}

static void skip_value(struct json *j, void *ctx)
{
	if (next_is(j, '{')) {
		take_object(j, skip_member, ctx);
	} else if (next_is(j, '[')) {
		take_array(j, skip_value, ctx);
	} else if (next_is(j, '"')) {
		take_string(j);
	} else {
		const char *from = j->rest.at;

		while (!text_empty(&j->rest) && strchr(",]} \t\r\n", *j->rest.at) == NULL)
			j->rest.at++;
		if (j->rest.at == from)
			fail(j, "a value");
	}
}

static uint64_t take_number(struct json *j)
{
	uint64_t value = 0;

	space(j);
	if (!text_decimal(&j->rest, &value))
		fail(j, "a number");
	return value;
}

static phys_t take_address(struct json *j)
{
	struct text string = take_string(j);
	uint64_t value = 0;

	if (!text_hex(&string, &value) || !text_empty(&string))
		fail(j, "an address such as \"0x1000\"");
	return value;
}

/* --- the report ------------------------------------------------------------------------------ */

static void e820_member(struct json *j, struct text key, void *ctx)
{
	struct record *record = ctx;

	if (text_is(key, "start"))
		record->start = take_address(j);
	else if (text_is(key, "end"))
		record->end = take_address(j);
	else if (!text_is(key, "type"))
		skip_value(j, NULL);
	else if (!e820_type_of(take_string(j), &record->type))
		fail(j, "an e820 type");
}

static void e820_element(struct json *j, void *ctx)
{
	struct record record = { 0 };

	take_object(j, e820_member, &record);
	record_add(ctx, record);
}

struct node_reader {
	struct recording *recording;
	struct record range;
	uint64_t nid;
	uint32_t first; /* this node's first range in the list */
};

static void range_member(struct json *j, struct text key, void *ctx)
{
	struct node_reader *reader = ctx;

	if (text_is(key, "start_pfn"))
		reader->range.start = pfn_phys(take_number(j));
	else if (text_is(key, "end_pfn"))
		reader->range.end = pfn_phys(take_number(j));
	else
		skip_value(j, NULL);
}

static void range_element(struct json *j, void *ctx)
{
	struct node_reader *reader = ctx;

	reader->range = (struct record){ 0 };
	take_object(j, range_member, reader);
	record_add(&reader->recording->srat, reader->range);
}

static void node_member(struct json *j, struct text key, void *ctx)
{
	struct node_reader *reader = ctx;

	if (text_is(key, "nid"))
		reader->nid = take_number(j);
	else if (text_is(key, "ranges"))
		take_array(j, range_element, reader);
	else
		skip_value(j, NULL);
}

static void node_element(struct json *j, void *ctx)
{
	struct recording *r = ctx;
	struct node_reader reader = { .recording = r, .first = r->srat.count };

	take_object(j, node_member, &reader);
	if (reader.nid >= BOOTMEM_MAX_NODES) {
		fail(j, "a node number below 64");
		return;
	}
	r->processor_nids |= UINT64_C(1) << reader.nid;
	for (uint32_t i = reader.first; i < r->srat.count; i++)
		r->srat.item[i].type = (uint32_t)reader.nid;
}

static void firmware_member(struct json *j, struct text key, void *ctx)
{
	struct recording *r = ctx;

	if (text_is(key, "vendor"))
		text_copy(take_string(j), r->machine, sizeof(r->machine));
	else
		skip_value(j, NULL);
}

static void report_member(struct json *j, struct text key, void *ctx)
{
	struct recording *r = ctx;

	if (text_is(key, "e820"))
		take_array(j, e820_element, &r->e820);
	else if (text_is(key, "nodes"))
		take_array(j, node_element, r);
	else if (text_is(key, "firmware"))
		take_object(j, firmware_member, r);
	else
		skip_value(j, NULL);
}

static uint32_t line_number(const struct json *j)
{
	uint32_t line = 1;

	for (const char *at = j->start; at < j->rest.at; at++)
		line += *at == '\n';
	return line;
}

/* The document starts at the last brace before the schema's name. */
static void seek_document(struct json *j)
{
	struct text schema = j->rest;

	if (!text_find(&schema, "bootmem-report/1"))
		return;
	while (schema.at > j->rest.at && *schema.at != '{')
		schema.at--;
	j->rest.at = schema.at;
}

bool parse_report(struct recording *r, struct text text, struct parse_error *error)
{
	struct json j = { .rest = text, .start = text.at };

	seek_document(&j);
	take_object(&j, report_member, r);
	/* One node needs no affinity. */
	if ((r->processor_nids & (r->processor_nids - 1)) == 0)
		r->srat.count = 0;
	if (j.expected == NULL)
		return true;
	*error = (struct parse_error){ line_number(&j), j.expected };
	return false;
}

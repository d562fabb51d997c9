/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The writer of JSON (json.h). Invariant: whatever texts and numbers come in, what goes out is valid JSON as
 * long as brackets are closed in order. Called by core/report_json.c.
 */
#include "json.h"

static void item(struct json *j)
{
	if (j->comma)
		sink_puts(j->out, j->line ? ",\n" : ", ");
	else if (j->line)
		sink_puts(j->out, "\n");
	j->comma = true;
	j->line = false;
}

/* Anything that is not plain ASCII becomes an escape; bytes above it are read as Latin-1. */
static void put_character(const struct sink *out, unsigned char c)
{
	if (c == '"' || c == '\\')
		sink_printf(out, "\\%c", c);
	else if (c < ' ' || c > '~')
		sink_printf(out, "\\u%04x", c);
	else
		sink_printf(out, "%c", c);
}

static void put_escaped(void *ctx, const char *text, size_t length)
{
	const struct json *j = ctx;

	for (size_t i = 0; i < length; i++)
		put_character(j->out, (unsigned char)text[i]);
}

void json_open(struct json *j, const char *bracket)
{
	item(j);
	sink_puts(j->out, bracket);
	j->comma = false;
}

void json_close(struct json *j, const char *bracket)
{
	sink_puts(j->out, bracket);
	j->comma = true;
	j->line = false;
}

void json_key(struct json *j, const char *name)
{
	item(j);
	sink_printf(j->out, "\"%s\": ", name);
	j->comma = false;
}

struct sink json_string_begin(struct json *j)
{
	item(j);
	sink_puts(j->out, "\"");
	return (struct sink){ put_escaped, j };
}

void json_string_end(struct json *j)
{
	sink_puts(j->out, "\"");
}

void json_string(struct json *j, const char *text)
{
	struct sink sink = json_string_begin(j);

	sink_puts(&sink, text);
	json_string_end(j);
}

void json_number(struct json *j, uint64_t value)
{
	item(j);
	sink_printf(j->out, "%llu", ULL(value));
}

void json_word(struct json *j, const char *literal)
{
	item(j);
	sink_puts(j->out, literal);
}

void json_string_member(struct json *j, const char *name, const char *text)
{
	json_key(j, name);
	json_string(j, text);
}

void json_number_member(struct json *j, const char *name, uint64_t value)
{
	json_key(j, name);
	json_number(j, value);
}

void json_truth_member(struct json *j, const char *name, const bool *value)
{
	json_key(j, name);
	json_word(j, *value ? "true" : "false");
}

void json_address_member(struct json *j, const char *name, uint64_t address)
{
	json_key(j, name);
	item(j);
	sink_printf(j->out, "\"0x%llx\"", ULL(address));
}

void json_address_range_member(struct json *j, const char *name, uint64_t start, uint64_t end)
{
	json_key(j, name);
	if (start == end) {
		json_word(j, "null");
		return;
	}
	json_open(j, "{ ");
	json_address_member(j, "start", start);
	json_address_member(j, "end", end);
	json_close(j, " }");
}

void json_open_member(struct json *j, const char *name, const char *bracket)
{
	j->line = true;
	json_key(j, name);
	json_open(j, bracket);
}

void json_null_member(struct json *j, const char *name)
{
	j->line = true;
	json_key(j, name);
	json_word(j, "null");
}

void json_open_element(struct json *j)
{
	j->line = true;
	json_open(j, "{ ");
}

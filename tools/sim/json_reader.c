/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json_reader: a reader of JSON for documents of known shape (json_reader.h). Called by parse_report.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_reader.h"

#define MAX_DEPTH 32

typedef void (*member_fn)(struct json_reader *j, struct text key, const void *ctx, void *object);

struct table {
	const struct json_field *field;
	unsigned fields;
};

void json_fail(struct json_reader *j, const char *expected)
{
	if (j->expected == NULL)
		j->expected = expected;
}

static void space(struct json_reader *j)
{
	while (!text_empty(&j->rest) && strchr(" \t\r\n", *j->rest.at) != NULL)
		j->rest.at++;
}

static bool next_is(struct json_reader *j, char c)
{
	if (j->expected != NULL)
		return false; /* rest stays where the error is */
	space(j);
	return !text_empty(&j->rest) && *j->rest.at == c;
}

static bool take(struct json_reader *j, char c)
{
	if (!next_is(j, c))
		return false;
	j->rest.at++;
	return true;
}

/* The number of a \uNNNN whose backslash is at text's start. */
static bool unicode_escape(struct text t, uint64_t *character)
{
	if (t.end - t.at < 6 || t.at[1] != 'u')
		return false;
	t = (struct text){ t.at + 2, t.at + 6 };
	return !text_skip(&t, "0x") && text_hex(&t, character) && text_empty(&t);
}

/* Bytes of the character at text's start, 0: it can't stand in a string. */
static size_t character_bytes(struct text t)
{
	uint64_t character;

	if ((unsigned char)*t.at < ' ')
		return 0;
	if (*t.at != '\\')
		return 1;
	if (t.end - t.at >= 2 && t.at[1] != '\0' && strchr("\"\\/bfnrt", t.at[1]) != NULL)
		return 2;
	return unicode_escape(t, &character) ? 6 : 0;
}

static char character_value(struct text t)
{
	static const char letters[] = "bfnrt", values[] = "\b\f\n\r\t";
	const char *letter;
	uint64_t character;

	if (*t.at != '\\')
		return *t.at;
	if (unicode_escape(t, &character))
		return character != 0 && character <= 0xff ? (char)character : '?';
	letter = strchr(letters, t.at[1]);
	return letter != NULL ? values[letter - letters] : t.at[1];
}

char *json_string_value(struct text string)
{
	char *value = malloc((size_t)(string.end - string.at) + 1);
	size_t length = 0;

	if (value == NULL) {
		fputs("bootmem-sim: out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	for (size_t bytes; !text_empty(&string) && (bytes = character_bytes(string)) != 0;
		string.at += bytes)
		value[length++] = character_value(string);
	value[length] = '\0';
	return value;
}

struct text json_read_string(struct json_reader *j)
{
	struct text string = { j->rest.at, j->rest.at };

	if (!take(j, '"')) {
		json_fail(j, "a string");
		return string;
	}
	string.at = j->rest.at;
	for (size_t bytes = 1; bytes != 0 && !text_empty(&j->rest) && *j->rest.at != '"';
		j->rest.at += bytes)
		bytes = character_bytes(j->rest);
	string.end = j->rest.at;
	if (text_empty(&j->rest) || *j->rest.at != '"')
		json_fail(j, "the rest of a string");
	else
		j->rest.at++;
	return string;
}

static bool enter(struct json_reader *j, char bracket, const char *expected)
{
	if (!take(j, bracket) || j->depth == MAX_DEPTH) {
		json_fail(j, expected);
		return false;
	}
	j->depth++;
	return true;
}

static void take_members(struct json_reader *j, member_fn member, const void *ctx, void *object)
{
	if (!enter(j, '{', "an object"))
		return;
	while (!take(j, '}') && j->expected == NULL) {
		struct text key = json_read_string(j);

		if (!take(j, ':'))
			json_fail(j, "a colon behind a member's name");
		else
			member(j, key, ctx, object);
		if (!take(j, ',') && !next_is(j, '}'))
			json_fail(j, "a comma or the end of an object");
	}
	j->depth--;
}

void json_read_array(struct json_reader *j, json_read_fn read, void *target)
{
	if (!enter(j, '[', "an array"))
		return;
	while (!take(j, ']') && j->expected == NULL) {
		read(j, target);
		if (!take(j, ',') && !next_is(j, ']'))
			json_fail(j, "a comma or the end of an array");
	}
	j->depth--;
}

static void skip_member(struct json_reader *j, struct text key, const void *ctx, void *object);

/* A number, true, false or null. */
static void skip_word(struct json_reader *j)
{
	const char *from = j->rest.at;

	while (!text_empty(&j->rest) && strchr(",]} \t\r\n", *j->rest.at) == NULL)
		j->rest.at++;
	if (j->rest.at == from)
		json_fail(j, "a value");
}

static void skip_value(struct json_reader *j, void *target)
{
	if (next_is(j, '{'))
		take_members(j, skip_member, NULL, target);
	else if (next_is(j, '['))
		json_read_array(j, skip_value, target);
	else if (next_is(j, '"'))
		json_read_string(j);
	else
		skip_word(j);
}

static void skip_member(struct json_reader *j, struct text key, const void *ctx, void *object)
{
	(void)key;
	(void)ctx;
	skip_value(j, object);
}

static void table_member(struct json_reader *j, struct text key, const void *ctx, void *object)
{
	const struct table *table = ctx;

	for (unsigned i = 0; i < table->fields; i++)
		if (text_is(key, table->field[i].name)) {
			table->field[i].read(j, (char *)object + table->field[i].offset);
			return;
		}
	skip_value(j, NULL);
}

void json_read_object(
	struct json_reader *j, const struct json_field *field, unsigned fields, void *object)
{
	const struct table table = { field, fields };

	take_members(j, table_member, &table, object);
}

bool json_take_null(struct json_reader *j)
{
	if (!next_is(j, 'n'))
		return false;
	skip_word(j);
	return true;
}

void json_read_number(struct json_reader *j, void *number)
{
	space(j);
	if (!text_decimal(&j->rest, number))
		json_fail(j, "a number");
}

void json_read_address(struct json_reader *j, void *address)
{
	struct text string = json_read_string(j);

	if (!text_hex(&string, address) || !text_empty(&string))
		json_fail(j, "an address such as \"0x1000\"");
}

void json_read_truth(struct json_reader *j, void *truth)
{
	bool *out = truth;

	*out = next_is(j, 't');
	if (!*out && !next_is(j, 'f'))
		json_fail(j, "true or false");
	skip_word(j);
}

uint32_t json_line_number(const struct json_reader *j)
{
	uint32_t line = 1;

	for (const char *at = j->start; at < j->rest.at; at++)
		line += *at == '\n';
	return line;
}

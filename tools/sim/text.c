/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text: the small words of which the parsers of the simulator are made (text.h). Invariant: at <=
 * end, and no byte outside is looked at. Called by every parser.
 */
#include <string.h>

#include "text.h"

struct text text_of(const char *string)
{
	return (struct text){ string, string + strlen(string) };
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same(const char *a, const char *b, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

static size_t length_of(const struct text *t)
{
	return (size_t)(t->end - t->at);
}

bool text_empty(const struct text *t)
{
	return t->at == t->end;
}

bool text_line(struct text *rest, struct text *line)
{
	const char *newline;

	if (text_empty(rest))
		return false;
	newline = memchr(rest->at, '\n', length_of(rest));
	line->at = rest->at;
	line->end = newline != NULL ? newline : rest->end;
	rest->at = newline != NULL ? newline + 1 : rest->end;
	while (line->end > line->at && line->end[-1] == '\r')
		line->end--;
	return true;
}

void text_blanks(struct text *t)
{
	while (t->at < t->end && is_blank(*t->at))
		t->at++;
}

struct text text_trim(struct text t)
{
	text_blanks(&t);
	while (t.end > t.at && is_blank(t.end[-1]))
		t.end--;
	return t;
}

bool text_word(struct text *t, struct text *word)
{
	struct text rest = *t;

	text_blanks(&rest);
	if (text_empty(&rest))
		return false;
	word->at = rest.at;
	while (rest.at < rest.end && !is_blank(*rest.at))
		rest.at++;
	word->end = rest.at;
	*t = rest;
	return true;
}

bool text_is(struct text t, const char *string)
{
	return text_skip(&t, string) && text_empty(&t);
}

bool text_skip(struct text *t, const char *string)
{
	size_t length = strlen(string);

	if (length_of(t) < length || !same(t->at, string, length))
		return false;
	t->at += length;
	return true;
}

bool text_find(struct text *t, const char *string)
{
	for (struct text rest = *t; !text_empty(&rest); rest.at++)
		if (text_skip(&rest, string)) {
			*t = rest;
			return true;
		}
	return false;
}

/* The value of a digit in any base up to 16, or 16. */
static unsigned digit(char c)
{
	c = lower(c);
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

static bool digits(struct text *t, unsigned base, uint64_t *value)
{
	struct text rest = *t;
	uint64_t v = 0;

	while (rest.at < rest.end && digit(*rest.at) < base) {
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
			__builtin_add_overflow(v, (uint64_t)digit(*rest.at), &v))
			return false;
		rest.at++;
	}
	if (rest.at == t->at)
		return false;
	*value = v;
	*t = rest;
	return true;
}

bool text_hex(struct text *t, uint64_t *value)
{
	struct text rest = *t;

	text_skip(&rest, "0x");
	if (!digits(&rest, 16, value))
		return false;
	*t = rest;
	return true;
}

bool text_decimal(struct text *t, uint64_t *value)
{
	return digits(t, 10, value);
}

void text_copy(struct text t, char *buffer, size_t size)
{
	size_t n = 0;

	for (; t.at < t.end && n + 1 < size; t.at++)
		buffer[n++] = *t.at >= ' ' && *t.at <= '~' ? *t.at : '?';
	buffer[n] = '\0';
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A writer of JSON: it places commas and lines, and escapes what comes from outside. Needs no memory but
 * its own. Names and literals are the caller's and are written as they are.
 */
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include <bootmem/format.h>
#include <bootmem/types.h>

struct json {
	const struct sink *out;
	bool comma; /* something stands before in this object or array */
	bool line;  /* start the next item on a line of its own */
};

/* Brackets with what stands beside them: "[", "{ ", " }". */
void json_open(struct json *j, const char *bracket);
void json_close(struct json *j, const char *bracket);
void json_key(struct json *j, const char *name);

/* Elements, and values behind a key. */
void json_string(struct json *j, const char *text);
void json_number(struct json *j, uint64_t value);
void json_word(struct json *j, const char *literal);

/* What is written to this sink until json_string_end becomes one string. */
struct sink json_string_begin(struct json *j);
void json_string_end(struct json *j);

/* "name": value */
void json_string_member(struct json *j, const char *name, const char *text);
void json_number_member(struct json *j, const char *name, uint64_t value);
void json_truth_member(struct json *j, const char *name, const bool *value);
void json_address_member(struct json *j, const char *name, uint64_t address);

/* "name": { "start": .., "end": .. }, or null where they are equal. */
void json_address_range_member(struct json *j, const char *name, uint64_t start, uint64_t end);

/* A member of the document itself, on a line of its own. */
void json_open_member(struct json *j, const char *name, const char *bracket);
void json_null_member(struct json *j, const char *name);

/* An element of an array that has a line for each. */
void json_open_element(struct json *j);

#endif

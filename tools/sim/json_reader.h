/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading JSON whose shape is known: an object is a table of fields, what it does not name is passed over.
 *
 * The first error stays and ends everything: expected then says what should have stood at rest. Nesting is
 * bounded, so no document can exhaust the stack.
 */
#ifndef SIM_JSON_READER_H
#define SIM_JSON_READER_H

#include <bootmem/types.h>

#include "text.h"

struct json_reader {
	struct text rest;
	const char *start;    /* of the whole input, for line numbers */
	const char *expected; /* null: no error so far */
	unsigned depth;
};

/* Reads one value into what the field describes. */
typedef void (*json_read_fn)(struct json_reader *j, void *target);

struct json_field {
	const char *name;
	json_read_fn read;
	size_t offset; /* of the target in the object */
};

void json_fail(struct json_reader *j, const char *expected);
void json_read_object(
	struct json_reader *j, const struct json_field *field, unsigned fields, void *object);
#define JSON_OBJECT(j, table, object) json_read_object(j, table, ARRAY_SIZE(table), object)

/* Reads each element with read(j, target). */
void json_read_array(struct json_reader *j, json_read_fn read, void *target);

/* null is passed over: true, and nothing else is to be read. */
bool json_take_null(struct json_reader *j);

/* The bytes between the quotes, escapes and all; each of them is good. */
struct text json_read_string(struct json_reader *j);

/*
 * What such a string says, NUL-terminated, to be freed by the caller. \u0001 to \u00ff become the byte that
 * core/json.c made them of, other characters '?'. Ends the program when the host has no memory.
 */
char *json_string_value(struct text string);

/* Of type json_read_fn, for uint64_t; an address is a string in hexadecimal. */
void json_read_number(struct json_reader *j, void *number);
void json_read_address(struct json_reader *j, void *address);
void json_read_truth(struct json_reader *j, void *truth); /* for bool */

uint32_t json_line_number(const struct json_reader *j);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading text that somebody else wrote: a view of bytes that shrinks from the front.
 *
 * Nothing is copied and nothing is read at or beyond end; the bytes need no NUL and may hold one. A
 * function that returns false has left the view as it was.
 */
#ifndef SIM_TEXT_H
#define SIM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	const char *at, *end;
};

struct text text_of(const char *string);

/* The next line without its end ("\n", "\r\n"); false when there are no more bytes. */
bool text_line(struct text *rest, struct text *line);

/* Pass over blanks and tabs, then take a word up to the next one; false at the end. */
bool text_word(struct text *t, struct text *word);

/* Pass over blanks and tabs. */
void text_blanks(struct text *t);

/* Drop blanks and tabs at both ends. */
struct text text_trim(struct text t);

bool text_empty(const struct text *t);

/* Equal to a string, letter case ignored. */
bool text_is(struct text t, const char *string);

/* Pass over a string that the view starts with, letter case ignored. */
bool text_skip(struct text *t, const char *string);

/* Move behind the first occurrence of a string, letter case ignored. */
bool text_find(struct text *t, const char *string);

/*
 * A hexadecimal number, with or without 0x, that fits 64 bits; the digits end at the first other
 * byte.
 */
bool text_hex(struct text *t, uint64_t *value);

/* A decimal number that fits 64 bits. */
bool text_decimal(struct text *t, uint64_t *value);

/*
 * Copy into a buffer of size bytes, cut where full, always NUL-terminated; bytes outside
 * printable ASCII become '?'.
 */
void text_copy(struct text t, char *buffer, size_t size);

#endif

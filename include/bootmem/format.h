/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text output: one formatter for every phase and every sink, before and after the exit.
 *
 * A sink takes bytes. "\n" is written as it is; a sink that needs "\r\n" adds the "\r" itself.
 */
#ifndef BOOTMEM_FORMAT_H
#define BOOTMEM_FORMAT_H

#include <stdarg.h>

#include <bootmem/types.h>

struct sink {
	void (*write)(void *ctx, const char *text, size_t length);
	void *ctx;
};

/*
 * The subset of printf that is understood: %c %s %d %u %x %X %p %%, with the lengths l, ll and z,
 * the flags 0, - and a width (also *); %s takes a precision (also .*) and shows a null pointer
 * as (null). Anything else is written as it stands. Output is gathered and reaches the sink in few
 * calls. No floating point.
 */
#define ULL(x) ((unsigned long long)(x)) /* a 64-bit argument of %llu or %llx on every width */
BM_PRINTF(2, 3) void sink_printf(const struct sink *sink, const char *format, ...);
void sink_vprintf(const struct sink *sink, const char *format, va_list args);

/* Takes everything and keeps nothing. */
extern const struct sink sink_nowhere;

void sink_puts(const struct sink *sink, const char *text);

/* A sink into a buffer: always NUL-terminated, cut where full; used counts what was wanted. */
struct text_buffer {
	char *text;
	size_t capacity; /* with the NUL; 0: only count */
	size_t used;
};

struct sink text_buffer_sink(struct text_buffer *buffer, char *text, size_t capacity);

/*
 * "640 KiB", "1023 MiB", "16383 GiB": the largest unit that is exact with at most 5 digits, else
 * rounded down in the largest unit that leaves at least 3, so never wrong by more than 1 %.
 */
#define SIZE_TEXT_MAX 24
const char *format_size(char text[SIZE_TEXT_MAX], uint64_t bytes);

/* What follows a noun that a number of things is told with. */
static inline const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

#endif

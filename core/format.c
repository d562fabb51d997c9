/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The formatter behind every line the program writes. Invariant: it needs no memory but its stack
 * frame and no 64-bit division, so it works in every phase, exception handlers included, on both
 * widths.
 */
#include <bootmem/format.h>
#include <bootmem/string.h>

#define GATHER     128 /* bytes between two calls of the sink */
#define DIGITS_MAX 24  /* 20 decimal digits, or a sign or 0x and 16 */

struct gather {
	const struct sink *sink;
	size_t used;
	char text[GATHER];
};

/* va_list may be an array type; in a structure it can be passed by reference. */
struct arguments {
	va_list list;
};

enum length { LENGTH_INT, LENGTH_LONG, LENGTH_LONG_LONG, LENGTH_SIZE };

struct field {
	bool zero, left, has_precision;
	enum length length;
	size_t width, precision;
};

static void flush(struct gather *g)
{
	if (g->used != 0)
		g->sink->write(g->sink->ctx, g->text, g->used);
	g->used = 0;
}

static void put(struct gather *g, char c)
{
	if (g->used == GATHER)
		flush(g);
	g->text[g->used++] = c;
}

static void put_text(struct gather *g, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		put(g, text[i]);
}

static void pad(struct gather *g, char c, size_t length, size_t width)
{
	for (; length < width; length++)
		put(g, c);
}

static void put_padded(struct gather *g, const struct field *f, const char *text, size_t length)
{
	if (!f->left)
		pad(g, ' ', length, f->width);
	put_text(g, text, length);
	if (f->left)
		pad(g, ' ', length, f->width);
}

/* Zeros go between the prefix (a sign, 0x) and the digits. */
static void put_number(
	struct gather *g, const struct field *f, const char *text, size_t prefix, size_t length)
{
	if (!f->zero || f->left) {
		put_padded(g, f, text, length);
		return;
	}
	put_text(g, text, prefix);
	pad(g, '0', length, f->width);
	put_text(g, text + prefix, length - prefix);
}

/* Digit by digit from the top, by subtraction: a 32-bit compiler would call a helper to divide. */
static size_t decimal(char *text, uint64_t value)
{
	static const uint64_t power[] = {
		UINT64_C(10000000000000000000),
		UINT64_C(1000000000000000000),
		UINT64_C(100000000000000000),
		UINT64_C(10000000000000000),
		UINT64_C(1000000000000000),
		UINT64_C(100000000000000),
		UINT64_C(10000000000000),
		UINT64_C(1000000000000),
		UINT64_C(100000000000),
		UINT64_C(10000000000),
		UINT64_C(1000000000),
		UINT64_C(100000000),
		UINT64_C(10000000),
		UINT64_C(1000000),
		UINT64_C(100000),
		UINT64_C(10000),
		UINT64_C(1000),
		UINT64_C(100),
		UINT64_C(10),
		UINT64_C(1),
	};
	size_t length = 0;

	for (size_t i = 0; i < ARRAY_SIZE(power); i++) {
		char digit = '0';

		for (; value >= power[i]; value -= power[i])
			digit++;
		if (digit != '0' || length != 0 || power[i] == 1)
			text[length++] = digit;
	}
	return length;
}

static size_t hexadecimal(char *text, uint64_t value, const char *digits)
{
	unsigned shift = value == 0 ? 0 : highest_bit(value) & ~3u;
	size_t length = 0;

	for (; shift != 0; shift -= 4)
		text[length++] = digits[(value >> shift) & 15];
	text[length++] = digits[value & 15];
	return length;
}

static uint64_t next_unsigned(struct arguments *a, enum length length)
{
	switch (length) {
	case LENGTH_LONG:
		return va_arg(a->list, unsigned long);
	case LENGTH_LONG_LONG:
		return va_arg(a->list, unsigned long long);
	case LENGTH_SIZE:
		return va_arg(a->list, size_t);
	default:
		return va_arg(a->list, unsigned);
	}
}

static int64_t next_signed(struct arguments *a, enum length length)
{
	switch (length) {
	case LENGTH_LONG:
		return va_arg(a->list, long);
	case LENGTH_LONG_LONG:
		return va_arg(a->list, long long);
	case LENGTH_SIZE:
		return va_arg(a->list, ptrdiff_t);
	default:
		return va_arg(a->list, int);
	}
}

static void put_signed(struct gather *g, const struct field *f, int64_t value)
{
	char text[DIGITS_MAX];
	size_t prefix = value < 0;
	uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;

	text[0] = '-';
	put_number(g, f, text, prefix, prefix + decimal(text + prefix, magnitude));
}

static void put_unsigned(struct gather *g, const struct field *f, uint64_t value)
{
	char text[DIGITS_MAX];

	put_number(g, f, text, 0, decimal(text, value));
}

static void put_hexadecimal(
	struct gather *g, const struct field *f, uint64_t value, const char *digits)
{
	char text[DIGITS_MAX];

	put_number(g, f, text, 0, hexadecimal(text, value, digits));
}

static void put_pointer(struct gather *g, const struct field *f, const void *pointer)
{
	char text[DIGITS_MAX] = "0x";

	put_number(
		g, f, text, 2, 2 + hexadecimal(text + 2, (uintptr_t)pointer, "0123456789abcdef"));
}

static void put_string(struct gather *g, const struct field *f, const char *text)
{
	size_t length = 0;

	if (text == NULL)
		text = "(null)";
	while ((!f->has_precision || length < f->precision) && text[length] != '\0')
		length++;
	put_padded(g, f, text, length);
}

/* False: not a conversion we know; nothing was taken from the arguments for it. */
static bool convert(struct gather *g, char conversion, const struct field *f, struct arguments *a)
{
	char c;

	switch (conversion) {
	case 'c':
		c = (char)va_arg(a->list, int);
		put_padded(g, f, &c, 1);
		return true;
	case 's':
		put_string(g, f, va_arg(a->list, const char *));
		return true;
	case 'd':
		put_signed(g, f, next_signed(a, f->length));
		return true;
	case 'u':
		put_unsigned(g, f, next_unsigned(a, f->length));
		return true;
	case 'x':
		put_hexadecimal(g, f, next_unsigned(a, f->length), "0123456789abcdef");
		return true;
	case 'X':
		put_hexadecimal(g, f, next_unsigned(a, f->length), "0123456789ABCDEF");
		return true;
	case 'p':
		put_pointer(g, f, va_arg(a->list, const void *));
		return true;
	default:
		return false;
	}
}

static const char *parse_flags(const char *at, struct field *f)
{
	for (;; at++) {
		if (*at == '0')
			f->zero = true;
		else if (*at == '-')
			f->left = true;
		else
			return at;
	}
}

/* A number, or * for the next argument; negative means 0. */
static const char *parse_count(const char *at, size_t *count, struct arguments *a)
{
	*count = 0;
	if (*at == '*') {
		int n = va_arg(a->list, int);

		*count = n < 0 ? 0 : (size_t)n;
		return at + 1;
	}
	for (; *at >= '0' && *at <= '9'; at++)
		*count = *count * 10 + (size_t)(*at - '0');
	return at;
}

static const char *parse_length(const char *at, enum length *length)
{
	*length = LENGTH_INT;
	if (*at == 'z') {
		*length = LENGTH_SIZE;
		return at + 1;
	}
	for (; *at == 'l' && *length != LENGTH_LONG_LONG; at++)
		*length = *length == LENGTH_INT ? LENGTH_LONG : LENGTH_LONG_LONG;
	return at;
}

/* at follows the %; the position after the conversion is returned. */
static const char *put_conversion(struct gather *g, const char *at, struct arguments *a)
{
	const char *percent = at - 1;
	struct field f = { .length = LENGTH_INT };

	if (*at == '%') {
		put(g, '%');
		return at + 1;
	}
	at = parse_flags(at, &f);
	at = parse_count(at, &f.width, a);
	if (*at == '.') {
		f.has_precision = true;
		at = parse_count(at + 1, &f.precision, a);
	}
	at = parse_length(at, &f.length);
	if (convert(g, *at, &f, a))
		return at + 1;
	put_text(g, percent, (size_t)(at - percent));
	return at;
}

void sink_vprintf(const struct sink *sink, const char *format, va_list args)
{
	struct gather g = { .sink = sink, .used = 0 };
	struct arguments a;

	va_copy(a.list, args);
	while (*format != '\0') {
		if (*format == '%')
			format = put_conversion(&g, format + 1, &a);
		else
			put(&g, *format++);
	}
	va_end(a.list);
	flush(&g);
}

void sink_printf(const struct sink *sink, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	sink_vprintf(sink, format, args);
	va_end(args);
}

static void discard(void *ctx, const char *text, size_t length)
{
	(void)ctx;
	(void)text;
	(void)length;
}

const struct sink sink_nowhere = { discard, NULL };

void sink_puts(const struct sink *sink, const char *text)
{
	size_t length = 0;

	while (text[length] != '\0')
		length++;
	if (length != 0)
		sink->write(sink->ctx, text, length);
}

static void text_buffer_write(void *ctx, const char *text, size_t length)
{
	struct text_buffer *buffer = ctx;
	size_t room = buffer->used + 1 < buffer->capacity ? buffer->capacity - 1 - buffer->used : 0;
	size_t taken = length < room ? length : room;

	if (taken != 0) {
		memcpy(buffer->text + buffer->used, text, taken);
		buffer->text[buffer->used + taken] = '\0';
	}
	buffer->used += length;
}

struct sink text_buffer_sink(struct text_buffer *buffer, char *text, size_t capacity)
{
	*buffer = (struct text_buffer){ .text = text, .capacity = capacity };
	if (capacity != 0)
		text[0] = '\0';
	return (struct sink){ .write = text_buffer_write, .ctx = buffer };
}

static const char *const size_unit[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };

/* The shift of the unit to show a size in. */
static unsigned size_shift(uint64_t bytes)
{
	const unsigned last = 10 * (ARRAY_SIZE(size_unit) - 1);
	unsigned exact = bytes == 0 ? 0 : lowest_bit(bytes);
	unsigned shift = 0;

	while (shift < last && exact >= shift + 10)
		shift += 10;
	if ((bytes >> shift) < 100000)
		return shift;
	while ((bytes >> (shift + 10)) >= 100)
		shift += 10;
	return shift;
}

const char *format_size(char text[SIZE_TEXT_MAX], uint64_t bytes)
{
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, SIZE_TEXT_MAX);
	unsigned shift = size_shift(bytes);
	unsigned unit = 0;

	for (unsigned s = shift; s != 0; s -= 10)
		unit++;
	sink_printf(&sink, "%llu %s", (unsigned long long)(bytes >> shift), size_unit[unit]);
	return text;
}

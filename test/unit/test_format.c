/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The formatter against the C library's, and the sinks and sizes it adds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/format.h>

static char text[512];
static struct text_buffer buffer;

static const char *ours(const char *format, ...)
{
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));
	va_list args;

	va_start(args, format);
	sink_vprintf(&sink, format, args);
	va_end(args);
	return text;
}

/* Expect the same bytes as from snprintf. */
#define SAME(...)                                                                                  \
	do {                                                                                       \
		char expected[512];                                                                \
		snprintf(expected, sizeof(expected), __VA_ARGS__);                                 \
		assert_string_equal(ours(__VA_ARGS__), expected);                                  \
	} while (0)

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static void same_number(unsigned long long v)
{
	SAME("%llu|%lld|%llx|%llX", v, (long long)v, v, v);
	SAME("%25llu|%-25lld|%025llx|%-25llX|", v, (long long)v, v, v);
	SAME("%012lld|%016llx|%4llu", (long long)v, v, v);
	SAME("%u|%d|%x|%X", (unsigned)v, (int)v, (unsigned)v, (unsigned)v);
	SAME("%lu|%ld|%lx|%zu|%zx", (unsigned long)v, (long)v, (unsigned long)v, (size_t)v,
		(size_t)v);
	SAME("%*d|%-*d|%0*d", (int)(v & 31), (int)v, (int)(v & 15), (int)v, (int)(v & 7), (int)v);
}

static void numbers_match_the_c_library(void **state)
{
	uint64_t random = UINT64_C(0x2545f4914f6cdd1d);

	(void)state;
	for (unsigned bit = 0; bit < 64; bit++) {
		same_number(1ULL << bit);
		same_number((1ULL << bit) - 1);
		same_number(-(1ULL << bit));
	}
	for (unsigned long long ten = 1, i = 0; i < 20; i++, ten *= 10) {
		same_number(ten);
		same_number(ten - 1);
	}
	for (unsigned i = 0; i < 2000; i++)
		same_number(next_random(&random) >> (random & 63));
}

static void strings_match_the_c_library(void **state)
{
	(void)state;
	SAME("%s|%8s|%-8s|%2s|", "abc", "abc", "abc", "abc");
	SAME("%.2s|%.0s|%.9s|%5.1s|%-5.1s|", "abc", "abc", "abc", "abc", "abc");
	SAME("%.*s|%*s|%-*s|", 2, "abc", 5, "abc", 5, "abc");
	SAME("%c%c|%3c|%-3c|", 'a', 'b', 'c', 'd');
	SAME("100%% %d%%", 7);
	SAME("%s", "");
	assert_string_equal(ours("%p|%20p|", (void *)(uintptr_t)0xabc, (void *)(uintptr_t)0xabc),
		"0xabc|               0xabc|");
	assert_string_equal(ours("%p", (void *)0), "0x0");
}

/* A precision bounds the read: Expect no access behind an unterminated text. */
static void precision_bounds_the_read(void **state)
{
	char *unterminated = test_malloc(3);

	(void)state;
	memcpy(unterminated, "abc", 3);
	assert_string_equal(ours("[%.*s]", 3, unterminated), "[abc]");
	/* Negative means 0, of a width and of a precision. */
	assert_string_equal(ours("[%.*s]", -3, "abc"), "[]");
	assert_string_equal(ours("[%*s]", -5, ""), "[]");
	test_free(unterminated);
}

static void null_strings_are_named(void **state)
{
	const char *volatile none = NULL;

	(void)state;
	assert_string_equal(ours("%s", none), "(null)");
}

static void unknown_conversions_stand(void **state)
{
	(void)state;
	assert_string_equal(ours("%q %d", 5), "%q 5");
	assert_string_equal(ours("%-5y|%d", 5), "%-5y|5");
	assert_string_equal(ours("%5:d|%d", 5), "%5:d|5");
	assert_string_equal(ours("%5/d|%d", 5), "%5/d|5");
	assert_string_equal(ours("%"), "%");
	assert_string_equal(ours("a%ll"), "a%ll");
	assert_string_equal(ours(""), "");
}

static unsigned calls;
static size_t bytes;

static void counting_write(void *ctx, const char *written, size_t length)
{
	(void)ctx;
	(void)written;
	calls++;
	bytes += length;
}

static void output_is_gathered(void **state)
{
	const struct sink sink = { .write = counting_write };

	(void)state;
	calls = 0;
	bytes = 0;
	sink_printf(&sink, "%d %s %x\n", 1, "two", 3);
	assert_int_equal(calls, 1);
	assert_int_equal(bytes, 8);
	sink_printf(&sink, "%400s", "x");
	assert_int_equal(bytes, 408);
	assert_true(calls <= 5);
	calls = 0;
	sink_puts(&sink, "");
	sink_printf(&sink, "%s", "");
	assert_int_equal(calls, 0);
}

/* Expect a cut at the capacity, a NUL there, and the full count. */
static void buffers_cut_and_count(void **state)
{
	char small[8];
	struct sink sink = text_buffer_sink(&buffer, small, sizeof(small));

	(void)state;
	assert_string_equal(small, "");
	sink_puts(&sink, "hello");
	assert_string_equal(small, "hello");
	sink_puts(&sink, " world");
	assert_string_equal(small, "hello w");
	assert_int_equal(buffer.used, 11);
	sink_puts(&sink, "!");
	assert_string_equal(small, "hello w");
	assert_int_equal(buffer.used, 12);

	sink = text_buffer_sink(&buffer, NULL, 0);
	sink_puts(&sink, "counted");
	assert_int_equal(buffer.used, 7);

	sink = text_buffer_sink(&buffer, small, 1);
	sink_puts(&sink, "x");
	assert_string_equal(small, "");
}

static void assert_size(uint64_t size, const char *expected)
{
	char got[SIZE_TEXT_MAX];

	assert_string_equal(format_size(got, size), expected);
}

static void sizes_are_exact_or_within_a_percent(void **state)
{
	(void)state;
	assert_size(0, "0 B");
	assert_size(1, "1 B");
	assert_size(1536, "1536 B");
	assert_size(99999, "99999 B");
	assert_size(1000001, "976 KiB");
	assert_size(4 * KIB, "4 KiB");
	assert_size(640 * KIB, "640 KiB");
	assert_size(1023 * MIB, "1023 MiB");
	assert_size(1 * GIB, "1 GiB");
	assert_size(2 * TIB, "2 TiB");
	assert_size(16383 * GIB, "16383 GiB");
	assert_size(16383 * GIB + 4 * KIB, "16383 GiB");
	assert_size(2047 * MIB + 124 * KIB, "2047 MiB");
	assert_size(100 * MIB + 4 * KIB, "100 MiB");
	assert_size(99 * MIB + 4 * KIB, "101380 KiB");
	assert_size(UINT64_C(1) << 52, "4 PiB");
	assert_size(UINT64_C(1) << 60, "1024 PiB");
	assert_size(UINT64_MAX, "16383 PiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_match_the_c_library),
		cmocka_unit_test(strings_match_the_c_library),
		cmocka_unit_test(precision_bounds_the_read),
		cmocka_unit_test(null_strings_are_named),
		cmocka_unit_test(unknown_conversions_stand),
		cmocka_unit_test(output_is_gathered),
		cmocka_unit_test(buffers_cut_and_count),
		cmocka_unit_test(sizes_are_exact_or_within_a_percent),
	};

	return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}

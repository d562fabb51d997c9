/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * string: the functions of core/string.c against the C library's, at every alignment and length around a word, with
 * guard bytes on both sides.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void *core_memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *core_memmove(void *to, const void *from, size_t bytes);
void *core_memset(void *to, int byte, size_t bytes);
int core_memcmp(const void *a, const void *b, size_t bytes);

#define ALIGNMENTS 9
#define LENGTHS    36
#define AREA       64 /* an alignment, a length, and guards */

/* No two bytes near each other are equal, and the highest bit is seen, too. */
static void fill(uint8_t *area, unsigned first)
{
	for (unsigned i = 0; i < AREA; i++)
		area[i] = (uint8_t)(first + 37 * i);
}

static void test_memcpy(void **state)
{
	_Alignas(16) uint8_t from[AREA], to[AREA], expected[AREA];

	(void)state;
	for (unsigned a = 0; a < ALIGNMENTS; a++)
		for (unsigned b = 0; b < ALIGNMENTS; b++)
			for (unsigned bytes = 0; bytes < LENGTHS; bytes++) {
				fill(from, 1);
				fill(to, 100);
				fill(expected, 100);
				memcpy(expected + 8 + a, from + 8 + b, bytes);
				assert_ptr_equal(
					core_memcpy(to + 8 + a, from + 8 + b, bytes), to + 8 + a);
				assert_memory_equal(to, expected, AREA);
			}
}

/* Both ways, from no overlap over every overlap to none. */
static void test_memmove(void **state)
{
	_Alignas(16) uint8_t area[AREA], expected[AREA];

	(void)state;
	for (unsigned to = 0; to < AREA; to++)
		for (unsigned from = 0; from < AREA; from++)
			for (unsigned bytes = 0;
				bytes < LENGTHS && to + bytes <= AREA && from + bytes <= AREA;
				bytes++) {
				fill(area, 1);
				fill(expected, 1);
				memmove(expected + to, expected + from, bytes);
				assert_ptr_equal(
					core_memmove(area + to, area + from, bytes), area + to);
				assert_memory_equal(area, expected, AREA);
			}
}

static void test_memset(void **state)
{
	static const int byte[] = { 0, 1, 0x80, 0xff, 0x1a5, -1 };
	_Alignas(16) uint8_t area[AREA], expected[AREA];

	(void)state;
	for (unsigned a = 0; a < ALIGNMENTS; a++)
		for (unsigned bytes = 0; bytes < LENGTHS; bytes++)
			for (unsigned i = 0; i < sizeof(byte) / sizeof(byte[0]); i++) {
				fill(area, 1);
				fill(expected, 1);
				memset(expected + 8 + a, byte[i], bytes);
				assert_ptr_equal(
					core_memset(area + 8 + a, byte[i], bytes), area + 8 + a);
				assert_memory_equal(area, expected, AREA);
			}
}

/* Bytes are unsigned; the first difference counts, and what lies beyond the length doesn't. */
static void test_memcmp(void **state)
{
	uint8_t a[AREA], b[AREA];

	(void)state;
	for (unsigned bytes = 0; bytes < LENGTHS; bytes++) {
		fill(a, 1);
		fill(b, 1);
		b[bytes] ^= 0xff;
		assert_int_equal(core_memcmp(a, b, bytes), 0);
		for (unsigned i = 0; i < bytes; i++) {
			fill(b, 1);
			a[i] = 0x7f;
			b[i] = 0x80;
			b[i + 1] = 0;
			assert_true(core_memcmp(a, b, bytes) < 0);
			assert_true(core_memcmp(b, a, bytes) > 0);
			fill(a, 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memcpy),
		cmocka_unit_test(test_memmove),
		cmocka_unit_test(test_memset),
		cmocka_unit_test(test_memcmp),
	};

	return cmocka_run_group_tests_name("string", tests, NULL, NULL);
}

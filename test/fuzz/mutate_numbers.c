/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mutation for texts full of numbers, which maps are in all their forms: linked into a target it is libFuzzer's custom
 * mutator. Every second time one number of the text becomes another one (a border of some type, a neighbour, one bit
 * changed) in the same base, else it is libFuzzer's own mutation: bytes at random break a text's form nearly every time.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <bootmem/types.h>

#include "random.h"

#define DIGITS 24 /* of the longest number that is written */

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

static bool digit(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') ||
	       c == 'x';
}

/* The first number at or after a byte: from a decimal digit to the last digit of any base. */
static bool find_number(const uint8_t *data, size_t size, size_t *start, size_t *end)
{
	while (*start < size && (data[*start] < '0' || data[*start] > '9'))
		++*start;
	for (*end = *start; *end < size && digit(data[*end]) && *end - *start < DIGITS;)
		++*end;
	return *start < *end;
}

static uint64_t other_number(uint64_t old, uint64_t *random)
{
	static const uint64_t border[] = { 0, 1, 2, 0xff, 0x100, 0xfff, 0x1000, 0x9fc00, 0x100000,
		UINT32_MAX, UINT64_C(1) << 32, UINT64_C(1) << 36, (UINT64_C(1) << 40) - 1,
		UINT64_C(1) << 46, (UINT64_C(1) << 52) - 1, UINT64_C(1) << 52, (uint64_t)INT64_MAX,
		UINT64_MAX - 0xfff, UINT64_MAX };

	switch (random_below(random, 4)) {
	case 0:
		return border[random_below(random, ARRAY_SIZE(border))];
	case 1:
		return old + random_below(random, 3) - 1;
	case 2:
		return old ^ (UINT64_C(1) << random_below(random, 64));
	default:
		return random_next(random) >> random_below(random, 64);
	}
}

/* Another number in the base that the old one's form tells; its length. */
static size_t write_other(char text[DIGITS + 1], uint64_t *random)
{
	bool prefix = strncmp(text, "0x", 2) == 0;
	bool hex = prefix || text[strspn(text, "0123456789")] != '\0' ||
		   (text[0] == '0' && text[1] != '\0');
	uint64_t number = other_number(strtoull(text, NULL, hex ? 16 : 10), random);

	return (size_t)snprintf(text, DIGITS + 1,
		prefix ? "0x%" PRIx64
		: hex  ? "%016" PRIx64
		       : "%" PRIu64,
		number);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	uint64_t random = seed;
	size_t start = size != 0 ? random_below(&random, size) : 0, end, length;
	char text[DIGITS + 1] = { 0 };

	if (random_below(&random, 2) == 0 || !find_number(data, size, &start, &end))
		return LLVMFuzzerMutate(data, size, max_size);
	memcpy(text, data + start, end - start);
	length = write_other(text, &random);
	if (start + length + (size - end) > max_size)
		return LLVMFuzzerMutate(data, size, max_size);
	memmove(data + start + length, data + end, size - end);
	memcpy(data + start, text, length);
	return start + length + (size - end);
}

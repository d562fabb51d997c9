/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SHA-256 against the examples of NIST, against another implementation's hashes of all short lengths
 * (sha256_vectors.h, from Python's hashlib), and a message of more than 2^32 bits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/sha256.h>

#include "sha256_vectors.h"

/* From a block of the exact length, so that reading past the end is noticed. */
static const char *hash_of(const void *data, size_t bytes)
{
	static char text[SHA256_TEXT_BYTES];
	uint8_t *block = malloc(bytes + 1);
	struct sha256 hash;

	memcpy(block + 1, data, bytes);
	hash = sha256(block + 1, bytes);
	free(block);
	return sha256_text(text, &hash);
}

/* FIPS 180-4's examples ("Secure Hash Standard: SHA-256", csrc.nist.gov). */
static void test_nist(void **state)
{
	static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	static char many[1000000];

	(void)state;
	assert_string_equal(
		hash_of("", 0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_string_equal(hash_of("abc", 3),
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_string_equal(hash_of(two, sizeof(two) - 1),
		"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(many, 'a', sizeof(many));
	assert_string_equal(hash_of(many, sizeof(many)),
		"cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* Every length from 0 to 200: each way in which the padding can fall. */
static void test_lengths(void **state)
{
	uint8_t data[ARRAY_SIZE(sha256_vectors)];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(7 * i + 1);
	for (size_t length = 0; length < ARRAY_SIZE(sha256_vectors); length++)
		assert_string_equal(hash_of(data, length), sha256_vectors[length]);
}

/* The length in bits needs its upper word. Only here: an emulated 32-bit program would take minutes. */
static void test_long(void **state)
{
	size_t bytes = (size_t)(512 * MIB + 3);
	char text[SHA256_TEXT_BYTES];
	struct sha256 hash;
	void *zeros;

	(void)state;
	if (sizeof(long) < sizeof(uint64_t))
		return;
	zeros = calloc(1, bytes);
	assert_non_null(zeros);
	hash = sha256(zeros, bytes);
	free(zeros);
	assert_string_equal(sha256_text(text, &hash), sha256_of_long);
}

static void test_equal(void **state)
{
	struct sha256 a = sha256("a", 1), b = a;

	(void)state;
	assert_true(sha256_equal(&a, &b));
	for (unsigned bit = 0; bit < 8 * SHA256_BYTES; bit++) {
		b = a;
		b.byte[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(sha256_equal(&a, &b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nist),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests_name("sha256", tests, NULL, NULL);
}

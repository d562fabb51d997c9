/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SHA-256 in one go: whole blocks from where they lie, then one or two padded ones. Names follow FIPS 180-4, with the
 * section that defines them. Called by core/trust.c.
 */
#include <bootmem/sha256.h>
#include <bootmem/string.h>

#define BLOCK_BYTES  64
#define LENGTH_BYTES 8
#define ROUNDS       64

/* The first 32 bits of the fractions of the cube roots of the first 64 primes (4.2.2). */
static const uint32_t k[ROUNDS] = {
	0x428a2f98,
	0x71374491,
	0xb5c0fbcf,
	0xe9b5dba5,
	0x3956c25b,
	0x59f111f1,
	0x923f82a4,
	0xab1c5ed5,
	0xd807aa98,
	0x12835b01,
	0x243185be,
	0x550c7dc3,
	0x72be5d74,
	0x80deb1fe,
	0x9bdc06a7,
	0xc19bf174,
	0xe49b69c1,
	0xefbe4786,
	0x0fc19dc6,
	0x240ca1cc,
	0x2de92c6f,
	0x4a7484aa,
	0x5cb0a9dc,
	0x76f988da,
	0x983e5152,
	0xa831c66d,
	0xb00327c8,
	0xbf597fc7,
	0xc6e00bf3,
	0xd5a79147,
	0x06ca6351,
	0x14292967,
	0x27b70a85,
	0x2e1b2138,
	0x4d2c6dfc,
	0x53380d13,
	0x650a7354,
	0x766a0abb,
	0x81c2c92e,
	0x92722c85,
	0xa2bfe8a1,
	0xa81a664b,
	0xc24b8b70,
	0xc76c51a3,
	0xd192e819,
	0xd6990624,
	0xf40e3585,
	0x106aa070,
	0x19a4c116,
	0x1e376c08,
	0x2748774c,
	0x34b0bcb5,
	0x391c0cb3,
	0x4ed8aa4a,
	0x5b9cca4f,
	0x682e6ff3,
	0x748f82ee,
	0x78a5636f,
	0x84c87814,
	0x8cc70208,
	0x90befffa,
	0xa4506ceb,
	0xbef9a3f7,
	0xc67178f2,
};

/* 5.3.3 */
static const uint32_t initial[8] = {
	0x6a09e667,
	0xbb67ae85,
	0x3c6ef372,
	0xa54ff53a,
	0x510e527f,
	0x9b05688c,
	0x1f83d9ab,
	0x5be0cd19,
};

static uint32_t rotr(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static uint32_t load_word(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void store_word(uint8_t *at, uint32_t word)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(word >> (24 - 8 * i));
}

/* 6.2.2, step 1 */
static void schedule(uint32_t w[ROUNDS], const uint8_t *block)
{
	for (unsigned t = 0; t < 16; t++)
		w[t] = load_word(block + 4 * t);
	for (unsigned t = 16; t < ROUNDS; t++) {
		uint32_t s0 = rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ w[t - 15] >> 3;
		uint32_t s1 = rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ w[t - 2] >> 10;

		w[t] = s1 + w[t - 7] + s0 + w[t - 16];
	}
}

/* One round of 6.2.2, step 3. Nothing is shifted from a to h: the next round calls h's place a, and so on. */
static void compress_word(uint32_t v[8], unsigned t, uint32_t word)
{
	uint32_t a = v[-t & 7], b = v[(1 - t) & 7], c = v[(2 - t) & 7];
	uint32_t e = v[(4 - t) & 7], f = v[(5 - t) & 7], g = v[(6 - t) & 7];
	uint32_t t1 = v[(7 - t) & 7] + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) +
		      ((e & f) ^ (~e & g)) + word;

	v[(3 - t) & 7] += t1;
	v[(7 - t) & 7] =
		t1 + (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
}

/* 6.2.2 */
static void compress(uint32_t state[8], const uint8_t *block)
{
	uint32_t w[ROUNDS], v[8];

	schedule(w, block);
	memcpy(v, state, sizeof(v));
	for (unsigned t = 0; t < ROUNDS; t++)
		compress_word(v, t, k[t] + w[t]);
	for (unsigned i = 0; i < 8; i++)
		state[i] += v[i];
}

/* 5.1.1: a one bit, zeros, and the length in bits at the end of a block. */
static void compress_rest(uint32_t state[8], const uint8_t *rest, size_t rest_bytes, uint64_t bytes)
{
	uint8_t block[2 * BLOCK_BYTES] = { 0 };
	size_t padded =
		rest_bytes + 1 + LENGTH_BYTES <= BLOCK_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES;

	memcpy(block, rest, rest_bytes);
	block[rest_bytes] = 0x80;
	store_word(block + padded - 8, (uint32_t)(bytes >> 29));
	store_word(block + padded - 4, (uint32_t)(bytes << 3));
	for (size_t at = 0; at < padded; at += BLOCK_BYTES)
		compress(state, block + at);
}

struct sha256 sha256(const void *data, uint64_t bytes)
{
	const uint8_t *at = data;
	uint64_t left = bytes;
	uint32_t state[8];
	struct sha256 hash = { { 0 } };

	memcpy(state, initial, sizeof(state));
	for (; left >= BLOCK_BYTES; left -= BLOCK_BYTES, at += BLOCK_BYTES)
		compress(state, at);
	compress_rest(state, at, (size_t)left, bytes);
	for (unsigned i = 0; i < 8; i++)
		store_word(hash.byte + 4 * i, state[i]);
	return hash;
}

bool sha256_equal(const struct sha256 *a, const struct sha256 *b)
{
	return memcmp(a->byte, b->byte, SHA256_BYTES) == 0;
}

const char *sha256_text(char text[SHA256_TEXT_BYTES], const struct sha256 *hash)
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < SHA256_BYTES; i++) {
		text[2 * i] = digits[hash->byte[i] >> 4];
		text[2 * i + 1] = digits[hash->byte[i] & 15];
	}
	text[SHA256_TEXT_BYTES - 1] = '\0';
	return text;
}

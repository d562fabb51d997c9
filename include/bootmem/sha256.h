/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SHA-256 (FIPS 180-4), by which a signed configuration names files.
 */
#ifndef BOOTMEM_SHA256_H
#define BOOTMEM_SHA256_H

#include <bootmem/types.h>

#define SHA256_BYTES 32

struct sha256 {
	uint8_t byte[SHA256_BYTES]; /* in the order in which it is written */
};

/* The hash of bytes, which are fewer than 2^61 and all addressable. */
struct sha256 sha256(const void *data, uint64_t bytes);

bool sha256_equal(const struct sha256 *a, const struct sha256 *b);

/* 64 hexadecimal digits and a NUL. */
#define SHA256_TEXT_BYTES (2 * SHA256_BYTES + 1)
const char *sha256_text(char text[SHA256_TEXT_BYTES], const struct sha256 *hash);

#endif

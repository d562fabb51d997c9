/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACPI tables for the tests, byte by byte: little-endian stores, headers with a right checksum, and
 * the entries of an SRAT.
 */
#ifndef TEST_ACPI_BYTES_H
#define TEST_ACPI_BYTES_H

#include <stdint.h>
#include <string.h>

static inline void put(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* Make bytes sum to 0 by the one at checksum. */
static inline void seal(uint8_t *bytes, uint32_t length, uint32_t checksum)
{
	uint8_t sum = 0;

	bytes[checksum] = 0;
	for (uint32_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + bytes[i]);
	bytes[checksum] = (uint8_t)-sum;
}

/* The header of a table whose contents are in place. */
static inline void put_header(
	uint8_t *table, const char *signature, uint32_t length, uint8_t revision)
{
	memcpy(table, signature, 4);
	put(table + 4, length, 4);
	table[8] = revision;
	memcpy(table + 10, "BOOTMETEST", 10);
	seal(table, length, 9);
}

/* An SRAT as it is being written. */
struct srat_bytes {
	uint8_t bytes[65536];
	uint32_t length;
};

static inline void srat_begin(struct srat_bytes *s)
{
	memset(s->bytes, 0, 48);
	s->length = 48;
}

static inline void srat_end(struct srat_bytes *s, uint8_t revision)
{
	put_header(s->bytes, "SRAT", s->length, revision);
}

static inline uint8_t *srat_entry(struct srat_bytes *s, uint8_t type, uint8_t length)
{
	uint8_t *at = s->bytes + s->length;

	memset(at, 0, length);
	at[0] = type;
	at[1] = length;
	s->length += length;
	return at;
}

static inline void srat_processor(struct srat_bytes *s, uint32_t domain, uint32_t flags)
{
	uint8_t *at = srat_entry(s, 0, 16);

	at[2] = (uint8_t)domain;
	put(at + 4, flags, 4);
	put(at + 9, domain >> 8, 3);
}

static inline void srat_x2apic(struct srat_bytes *s, uint32_t domain, uint32_t flags)
{
	uint8_t *at = srat_entry(s, 2, 24);

	put(at + 4, domain, 4);
	put(at + 12, flags, 4);
}

static inline void srat_initiator(struct srat_bytes *s, uint32_t domain, uint32_t flags)
{
	uint8_t *at = srat_entry(s, 5, 32);

	put(at + 4, domain, 4);
	put(at + 24, flags, 4);
}

static inline void srat_memory(
	struct srat_bytes *s, uint32_t domain, uint64_t base, uint64_t length, uint32_t flags)
{
	uint8_t *at = srat_entry(s, 1, 40);

	put(at + 2, domain, 4);
	put(at + 8, base, 8);
	put(at + 16, length, 8);
	put(at + 28, flags, 4);
}

#endif

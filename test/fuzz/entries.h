/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How targets make numbers, ranges and tables of an input's bytes, and what they know of e820 without core/e820.c.
 */
#ifndef FUZZ_ENTRIES_H
#define FUZZ_ENTRIES_H

#include <string.h>

#include <bootmem/e820.h>

#include "require.h"

#define MAX_RAW 96u

/* Bytes of an input that are still to be used; behind the end there are zeros. */
struct bytes {
	const uint8_t *at;
	size_t left;
};

static inline uint64_t take(struct bytes *from, size_t bytes)
{
	uint64_t value = 0;
	size_t n = bytes < from->left ? bytes : from->left;

	memcpy(&value, from->at, n);
	from->at += n;
	from->left -= n;
	return value;
}

/* An address: mostly within a few pages, or within a machine, so that ranges meet; else anything. */
static inline uint64_t take_address(struct bytes *from)
{
	uint64_t kind = take(from, 1);

	switch (kind % 4) {
	case 0:
		return take(from, 1) << 10;
	case 1:
		return take(from, 2) << PAGE_SHIFT;
	case 2:
		return take(from, 2) << (16 + kind / 4 % 32);
	default:
		return take(from, 8);
	}
}

/* The strictest raw entry over a byte; E820_TYPES: none. Empty and wrapping ones are none (e820.h). */
static inline uint32_t type_of_byte(const struct e820_entry *raw, uint32_t n, phys_t at)
{
	uint32_t type = E820_TYPES;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t its = raw[i].type < E820_TYPES ? raw[i].type : E820_RESERVED;

		if (raw[i].start <= at && at < raw[i].end && raw[i].end <= PHYS_END &&
			(type == E820_TYPES || its > type))
			type = its;
	}
	return type;
}

/* What a page must be: RAM if all of it is; else what is strictest in it and not RAM. */
static inline uint32_t type_of_page(const struct e820_entry *raw, uint32_t n, pfn_t pfn)
{
	phys_t start = pfn_phys(pfn), end = start + PAGE_SIZE;
	uint32_t type = type_of_byte(raw, n, start), strictest = type;
	bool all_ram = type == E820_RAM;

	for (uint32_t i = 0; i < 2 * n; i++) {
		phys_t edge = i % 2 == 0 ? raw[i / 2].start : raw[i / 2].end;

		if (edge <= start || edge >= end)
			continue;
		type = type_of_byte(raw, n, edge);
		all_ram = all_ram && type == E820_RAM;
		if (type != E820_TYPES && (strictest == E820_TYPES || type > strictest))
			strictest = type;
	}
	return strictest == E820_RAM && !all_ram ? E820_TYPES : strictest;
}

static inline void check_page(
	const struct e820 *map, const struct e820_entry *raw, uint32_t n, pfn_t pfn)
{
	if (pfn < PFN_END)
		require(e820_type_at(map, pfn) == type_of_page(raw, n, pfn),
			"a page has another type");
}

/* The pages at and beside each edge of the raw entries and of the table: between them nothing changes. */
static inline void check_table(const struct e820 *map, const struct e820_entry *raw, uint32_t n)
{
	require(e820_check(map), "the table breaks its rules");
	for (uint32_t i = 0; i < 2 * n; i++) {
		pfn_t pfn = pfn_down(i % 2 == 0 ? raw[i / 2].start : raw[i / 2].end);

		check_page(map, raw, n, pfn);
		check_page(map, raw, n, pfn + 1);
		check_page(map, raw, n, pfn != 0 ? pfn - 1 : 0);
	}
	for (uint32_t i = 0; i < map->count; i++) {
		check_page(map, raw, n, pfn_down(map->entry[i].start));
		check_page(map, raw, n, pfn_down(map->entry[i].end));
	}
}

#endif

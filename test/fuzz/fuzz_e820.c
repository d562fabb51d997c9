/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * e820_sanitise on any list of ranges (libFuzzer): the table keeps its rules, and each page at an edge has the type that
 * the list gives it, read naively; cutting RAM takes what it says, and RAM only.
 */
#include "entries.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t ram_bytes(const struct e820 *map)
{
	return e820_ram_pages(map, 0, PFN_END) << PAGE_SHIFT;
}

/* RAM below the limit stays, none above does, and nothing else changes. */
static void check_cut(const struct e820 *map, phys_t limit)
{
	static struct e820_entry entry[2 * MAX_RAW + 1];
	struct e820 cut = { .entry = entry, .count = map->count, .capacity = 2 * MAX_RAW + 1 };
	uint64_t bytes;

	memcpy(entry, map->entry, map->count * sizeof(*entry));
	bytes = e820_cut_ram(&cut, limit);
	require(e820_check(&cut), "the cut table breaks its rules");
	require(ram_bytes(map) - bytes == ram_bytes(&cut), "the cut is miscounted");
	require(ram_bytes(&cut) == e820_ram_pages(map, 0, pfn_down(limit)) << PAGE_SHIFT,
		"RAM that is left");
	for (uint32_t i = 0; i < map->count; i++)
		if (map->entry[i].type != E820_RAM)
			require(e820_type_at(&cut, pfn_down(map->entry[i].start)) ==
					map->entry[i].type,
				"what is no RAM was cut");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct e820_entry raw[MAX_RAW], entry[2 * MAX_RAW];
	struct e820 map = { .entry = entry, .capacity = 2 * MAX_RAW };
	struct bytes from = { data, size };
	phys_t limit = take_address(&from);
	uint32_t n = 0;

	for (; from.left != 0 && n < MAX_RAW; n++) {
		raw[n].type = (uint32_t)take(&from, 1) % (E820_TYPES + 1);
		raw[n].start = take_address(&from);
		raw[n].end = raw[n].start + take_address(&from);
	}
	require(e820_sanitise(raw, n, &map, NULL) == BM_OK, "there is room, and it fails");
	check_table(&map, raw, n);
	check_cut(&map, limit);
	return 0;
}

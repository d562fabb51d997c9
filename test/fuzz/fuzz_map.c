/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A firmware's map of any bytes at all (libFuzzer): a header of stride, then the descriptors as they lie in memory. No
 * byte behind them is read; what is accepted becomes a table in which no page is RAM that a stricter descriptor covers,
 * and runtime ranges that lie within descriptors the firmware keeps.
 */
#include <stdlib.h>

#include <bootmem/efi_mat.h>
#include <bootmem/fw_map.h>

#include "entries.h"

#define RUNTIME_MAX 256u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_raw(const struct fw_map *map, struct e820_entry raw[MAX_RAW])
{
	require(fw_map_to_raw(map, raw, MAX_RAW, NULL) == BM_OK, "there is room, and it fails");
	for (uint32_t i = 0; i < map->count; i++) {
		struct efi_memory_desc desc = fw_map_entry(map, i);

		require(raw[i].type < E820_TYPES, "a type that is none");
		require(raw[i].start == desc.phys_start, "a start that moved");
		if (raw[i].type == E820_RAM)
			require((desc.attribute & EFI_ATTR_RUNTIME) == 0, "a runtime range is RAM");
		if (raw[i].end > raw[i].start)
			require((raw[i].end - raw[i].start) >> PAGE_SHIFT == desc.pages,
				"a length that changed");
		else
			require(desc.pages == 0 ||
					desc.pages > (UINT64_MAX - desc.phys_start) >> PAGE_SHIFT,
				"a range that was dropped");
	}
}

static bool is_runtime(const struct fw_map *map, phys_t start, phys_t end)
{
	for (uint32_t i = 0; i < map->count; i++) {
		struct efi_memory_desc desc = fw_map_entry(map, i);

		if ((desc.attribute & EFI_ATTR_RUNTIME) != 0 &&
			align_down(desc.phys_start, PAGE_SIZE) <= start &&
			end <= align_up(desc.phys_start + pfn_phys(desc.pages), PAGE_SIZE))
			return true;
	}
	return false;
}

static void check_runtime(const struct fw_map *map)
{
	struct map_special special[RUNTIME_MAX];
	struct runtime_ranges ranges = { .special = special, .capacity = RUNTIME_MAX };
	struct efi_mat none = { .count = 0 };
	struct findings findings = { 0 };

	runtime_ranges_find(&ranges, map, &none, 4 * GIB, &findings);
	require(ranges.count <= RUNTIME_MAX, "more ranges than room");
	for (uint32_t i = 0; i < ranges.count; i++) {
		require(special[i].start_phys < special[i].end_phys, "an empty runtime range");
		require(is_runtime(map, special[i].start_phys, special[i].end_phys),
			"a runtime range of nobody");
	}
}

static void try_map(const struct fw_map *map)
{
	static struct e820_entry raw[MAX_RAW], entry[2 * MAX_RAW];
	struct e820 table = { .entry = entry, .capacity = 2 * MAX_RAW };

	check_raw(map, raw);
	require(e820_sanitise(raw, map->count, &table, NULL) == BM_OK,
		"there is room, and it fails");
	check_table(&table, raw, map->count);
	check_runtime(map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes from = { data, size };
	uint64_t stride = take(&from, 2);
	struct fw_map map;
	/* In a block of its exact size, so that a byte read beyond it is noticed. */
	uint8_t *block = malloc(from.left + 1);

	memcpy(block + 1, from.at, from.left);
	if (fw_map_init(&map, block + 1, from.left, stride, 1, 0) == BM_OK) {
		require(map.stride == stride && (uint64_t)map.count * stride == from.left,
			"another size");
		if (map.count <= MAX_RAW)
			try_map(&map);
	}
	free(block);
	return 0;
}

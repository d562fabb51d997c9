/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostile: memory maps as bad firmware gives them (hostile.h). Invariant: the real descriptors are all there,
 * and what is added never makes RAM of what is not. Called by efi/hostile.c and by the host's firmware.
 */
#include <bootmem/hostile.h>
#include <bootmem/string.h>

#define RUBBISH 0xa5

/* Descriptors being written; those beyond the room are only counted. */
struct spoiled {
	uint8_t *to;
	uint64_t room_bytes;
	uint32_t stride, count;
};

static void put(struct spoiled *out, const struct efi_memory_desc *desc)
{
	uint64_t at = (uint64_t)out->count++ * out->stride;

	if (out->room_bytes < out->stride || at > out->room_bytes - out->stride)
		return;
	memset(out->to + at, RUBBISH, out->stride);
	memcpy(out->to + at, desc, out->stride < sizeof(*desc) ? out->stride : sizeof(*desc));
}

/* --- what is added ------------------------------------------------------------------------------------ */

/* Index of the free descriptor with the most pages; map->count: there is none. */
static uint32_t largest_free(const struct fw_map *map)
{
	uint32_t best = map->count;
	uint64_t most = 0;

	for (uint32_t i = 0; i < map->count; i++) {
		struct efi_memory_desc desc = fw_map_entry(map, i);

		if (desc.type != EFI_MEM_CONVENTIONAL || desc.pages <= most)
			continue;
		most = desc.pages;
		best = i;
	}
	return best;
}

/* The real descriptors; the largest free one loses some pages, which follow one by one. */
static void put_real(struct spoiled *out, const struct fw_map *map, uint64_t crumbs)
{
	uint32_t cut = crumbs != 0 ? largest_free(map) : map->count;
	struct efi_memory_desc crumb;

	for (uint32_t i = 0; i < map->count; i++) {
		struct efi_memory_desc desc = fw_map_entry(map, i);

		if (i == cut) {
			crumbs = min_u64(crumbs, desc.pages - 1);
			desc.pages -= crumbs;
		}
		put(out, &desc);
	}
	if (cut == map->count)
		return;
	crumb = fw_map_entry(map, cut);
	crumb.phys_start += pfn_phys(crumb.pages - crumbs);
	crumb.pages = 1;
	for (uint64_t i = 0; i < crumbs; i++) {
		put(out, &crumb);
		crumb.phys_start += PAGE_SIZE;
	}
}

static void put_empty(struct spoiled *out, const struct fw_map *map, uint32_t wanted)
{
	for (uint32_t i = 0; i < wanted && map->count != 0; i++) {
		struct efi_memory_desc desc = fw_map_entry(map, i % map->count);

		desc.pages = 0;
		put(out, &desc);
	}
}

static void put_nested(struct spoiled *out, const struct fw_map *map, uint32_t wanted)
{
	for (uint32_t i = 0; i < map->count && wanted != 0; i++) {
		struct efi_memory_desc desc = fw_map_entry(map, i);

		if (desc.type == EFI_MEM_CONVENTIONAL)
			continue;
		desc.type = EFI_MEM_CONVENTIONAL;
		desc.attribute = EFI_ATTR_WB;
		put(out, &desc);
		wanted--;
	}
}

/* --- their order --------------------------------------------------------------------------------------- */

static void swap(uint8_t *a, uint8_t *b, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++) {
		uint8_t byte = a[i];

		a[i] = b[i];
		b[i] = byte;
	}
}

/* Fisher-Yates with a 32-bit linear congruential generator. */
static void shuffle(const struct spoiled *out, uint32_t seed)
{
	for (uint32_t left = out->count; left > 1; left--) {
		seed = seed * 1664525u + 1013904223u;
		swap(out->to + (size_t)(left - 1) * out->stride,
			out->to + (size_t)((seed >> 8) % left) * out->stride, out->stride);
	}
}

uint64_t hostile_map(const struct option_hostile *hostile, uint32_t reading,
	const struct fw_map *map, void *to, uint64_t room_bytes, uint32_t *stride)
{
	const uint32_t *fault = hostile->fault;
	struct spoiled out = { .to = to,
		.room_bytes = room_bytes,
		.stride = fault[HOSTILE_STRIDE] != 0 ? fault[HOSTILE_STRIDE] : map->stride };
	uint64_t bytes;

	put_real(&out, map, (uint64_t)fault[HOSTILE_GROW] * reading);
	put_empty(&out, map, fault[HOSTILE_ZERO]);
	put_nested(&out, map, fault[HOSTILE_NESTED]);
	bytes = (uint64_t)out.count * out.stride;
	if (fault[HOSTILE_UNSORTED] != 0 && bytes <= room_bytes)
		shuffle(&out, fault[HOSTILE_UNSORTED]);
	*stride = out.stride;
	return bytes;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runtime ranges of the firmware as specials (efi_mat.h). Invariant: what comes out is never writable
 * and executable, and each range is either there as a whole or a finding. Called by core/boot.c each time
 * it plans the address space.
 */
#include <bootmem/efi_mat.h>
#include <bootmem/string.h>

struct mat_header {
	uint32_t version, count, stride, flags;
};

_Static_assert(sizeof(struct mat_header) == EFI_MAT_HEADER_BYTES, "UEFI 2.10, 4.6.4");

/* A stretch of runtime memory, page aligned. */
struct stretch {
	phys_t start, end;
	uint32_t type;
	uint64_t attribute;
};

static struct stretch stretch_of(const struct efi_memory_desc *desc)
{
	phys_t end = PHYS_END;

	if (desc->phys_start < PHYS_END && desc->pages < PFN_END)
		end = min_u64(PHYS_END, pfn_phys(pfn_up(desc->phys_start) + desc->pages));
	return (struct stretch){ align_down(desc->phys_start, PAGE_SIZE), end, desc->type,
		desc->attribute };
}

static struct stretch mat_entry(const struct efi_mat *mat, uint32_t i)
{
	struct efi_memory_desc desc;

	memcpy(&desc, mat->bytes + (size_t)i * mat->stride, sizeof(desc));
	return stretch_of(&desc);
}

static bool is_code_or_data(uint32_t type)
{
	return type == EFI_MEM_RUNTIME_CODE || type == EFI_MEM_RUNTIME_DATA;
}

static uint32_t memory_type(uint64_t attribute)
{
	if (attribute & EFI_ATTR_WB)
		return 0;
	return attribute & EFI_ATTR_WC ? MAP_WC : MAP_UC;
}

static uint32_t mat_rights(uint64_t attribute)
{
	return (attribute & EFI_ATTR_RO ? 0 : MAP_WRITE) | (attribute & EFI_ATTR_XP ? 0 : MAP_EXEC);
}

static void put(
	struct runtime_ranges *out, const struct stretch *s, uint32_t rights, struct findings *f)
{
	if (out->count == out->capacity) {
		out->usable = false;
		finding_add(f, FINDING_RUNTIME_LEFT_OUT, s->start, s->end);
		return;
	}
	out->special[out->count++] = (struct map_special){
		.start_phys = s->start,
		.end_phys = s->end,
		.rights = rights | memory_type(s->attribute),
		.identity = true,
	};
}

/* Without word from the table, code may have to write to itself: not here. */
static void put_untold(struct runtime_ranges *out, const struct stretch *s, struct findings *f)
{
	if (s->type != EFI_MEM_RUNTIME_CODE) {
		put(out, s, MAP_WRITE, f);
		return;
	}
	out->usable = false;
	finding_add(f, FINDING_RUNTIME_NO_RIGHTS, s->start, s->end);
	put(out, s, MAP_EXEC, f);
}

static void put_told(
	struct runtime_ranges *out, const struct stretch *s, uint32_t rights, struct findings *f)
{
	if (rights == (MAP_WRITE | MAP_EXEC)) {
		out->usable = false;
		finding_add(f, FINDING_RUNTIME_NO_RIGHTS, s->start, s->end);
		rights = MAP_WRITE;
	}
	put(out, s, rights, f);
}

/* The first entry that reaches into [at, end), or what begins there first. */
static bool next_entry(const struct efi_mat *mat, phys_t at, phys_t end, struct stretch *found)
{
	bool any = false;

	for (uint32_t i = 0; mat != NULL && i < mat->count; i++) {
		struct stretch e = mat_entry(mat, i);

		if (!is_code_or_data(e.type) || e.end <= at || e.start >= end || e.start >= e.end ||
			(any && e.start >= found->start))
			continue;
		*found = e;
		any = true;
	}
	return any;
}

/* Alternately what no entry covers, and what one does. */
static void split(struct runtime_ranges *out, const struct stretch *whole,
	const struct efi_mat *mat, struct findings *f)
{
	struct stretch part = *whole, entry = *whole;

	while (part.start < whole->end) {
		bool told = next_entry(mat, part.start, whole->end, &entry);

		part.end = told ? min_u64(entry.start, whole->end) : whole->end;
		if (part.start < part.end)
			put_untold(out, &part, f);
		if (!told)
			return;
		part.start = max_u64(part.start, entry.start);
		part.end = min_u64(entry.end, whole->end);
		put_told(out, &part, mat_rights(entry.attribute), f);
		part.start = part.end;
	}
}

enum bm_error efi_mat_open(struct efi_mat *mat, const void *bytes)
{
	struct mat_header header;

	*mat = (struct efi_mat){ 0 };
	if (bytes == NULL)
		return BM_INVALID;
	memcpy(&header, bytes, sizeof(header));
	if (header.version == 0 || header.version > 2 || header.count > EFI_MAT_MAX_ENTRIES ||
		header.stride < FW_MAP_MIN_STRIDE || header.stride > FW_MAP_MAX_STRIDE ||
		header.stride % 8 != 0)
		return BM_INVALID;
	*mat = (struct efi_mat){
		.bytes = (const uint8_t *)bytes + sizeof(header),
		.count = header.count,
		.stride = header.stride,
	};
	return BM_OK;
}

void runtime_ranges_find(struct runtime_ranges *out, const struct fw_map *map,
	const struct efi_mat *mat, phys_t end_phys, struct findings *f)
{
	out->count = 0;
	out->usable = true;
	for (uint32_t i = 0; i < map->count; i++) {
		struct efi_memory_desc desc = fw_map_entry(map, i);
		struct stretch s = stretch_of(&desc);

		if (!(desc.attribute & EFI_ATTR_RUNTIME) || desc.pages == 0 || s.start >= s.end)
			continue;
		if (s.end > end_phys) {
			out->usable = false;
			finding_add(f, FINDING_RUNTIME_LEFT_OUT, s.start, s.end);
		} else if (is_code_or_data(s.type)) {
			split(out, &s, mat, f);
		} else {
			put(out, &s, MAP_WRITE, f);
		}
	}
}

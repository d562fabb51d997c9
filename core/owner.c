/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * owner: who holds each reserved page (owner.h). Ranges ascend and are disjoint; the first owner of a page
 * keeps it. The pipeline records every reservation and allocation here.
 */
#include <bootmem/owner.h>
#include <bootmem/string.h>

/* Index of the first range that ends above pfn. */
static uint32_t find(const struct owners *o, pfn_t pfn)
{
	uint32_t low = 0, high = o->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (o->range[middle].end > pfn)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static bool continues(const struct owner_range *a, const struct owner_range *b)
{
	return a->end == b->start && a->owner == b->owner;
}

static void remove_at(struct owners *o, uint32_t i)
{
	memmove(&o->range[i], &o->range[i + 1], (o->count - i - 1) * sizeof(o->range[0]));
	o->count--;
}

static enum bm_error insert_at(struct owners *o, uint32_t i, struct owner_range range)
{
	if (o->count == o->capacity)
		return BM_FULL;
	memmove(&o->range[i + 1], &o->range[i], (o->count - i) * sizeof(o->range[0]));
	o->range[i] = range;
	o->count++;
	return BM_OK;
}

/* Insert pages that nobody owns, joined to neighbours of the same owner. */
static enum bm_error insert_free(struct owners *o, uint32_t i, struct owner_range range)
{
	if (i > 0 && continues(&o->range[i - 1], &range)) {
		o->range[i - 1].end = range.end;
		if (i < o->count && continues(&o->range[i - 1], &o->range[i])) {
			o->range[i - 1].end = o->range[i].end;
			remove_at(o, i);
		}
		return BM_OK;
	}
	if (i < o->count && continues(&range, &o->range[i])) {
		o->range[i].start = range.start;
		return BM_OK;
	}
	return insert_at(o, i, range);
}

/* Give the unowned parts of one stretch of RAM to an owner. */
static enum bm_error add_stretch(struct owners *o, enum owner owner, pfn_t start, pfn_t end)
{
	while (start < end) {
		uint32_t i = find(o, start);
		pfn_t stop = i < o->count ? min_u64(end, o->range[i].start) : end;

		if (start < stop) {
			enum bm_error error = insert_free(
				o, i, (struct owner_range){ start, stop, (uint32_t)owner, 0 });

			if (error != BM_OK)
				return error;
			start = stop;
		} else {
			start = o->range[i].end;
		}
	}
	return BM_OK;
}

enum bm_error owners_add(
	struct owners *o, const struct e820 *map, enum owner owner, pfn_t start_pfn, pfn_t end_pfn)
{
	struct pfn_range ram;

	for (uint32_t i = 0; e820_next_ram(map, &i, &ram);) {
		enum bm_error error = add_stretch(
			o, owner, max_u64(ram.start, start_pfn), min_u64(ram.end, end_pfn));

		if (error != BM_OK)
			return error;
	}
	return BM_OK;
}

enum bm_error owners_remove(struct owners *o, pfn_t start_pfn, pfn_t end_pfn)
{
	uint32_t i = find(o, start_pfn);

	if (start_pfn >= end_pfn)
		return BM_OK;
	if (i < o->count && o->range[i].start < start_pfn && o->range[i].end > end_pfn) {
		struct owner_range tail = o->range[i];

		tail.start = end_pfn;
		if (insert_at(o, i + 1, tail) != BM_OK)
			return BM_FULL;
		o->range[i].end = start_pfn;
		return BM_OK;
	}
	while (i < o->count && o->range[i].start < end_pfn) {
		struct owner_range *r = &o->range[i];

		if (r->start < start_pfn) {
			r->end = start_pfn;
			i++;
		} else if (r->end > end_pfn) {
			r->start = end_pfn;
		} else {
			remove_at(o, i);
		}
	}
	return BM_OK;
}

const struct owner_range *owners_from(const struct owners *o, pfn_t pfn)
{
	uint32_t i = find(o, pfn);

	return i < o->count ? &o->range[i] : NULL;
}

uint64_t owners_pages(const struct owners *o, enum owner owner)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < o->count; i++)
		if (o->range[i].owner == (uint32_t)owner)
			pages += o->range[i].end - o->range[i].start;
	return pages;
}

bool owners_check(const struct owners *o)
{
	if (o->count > o->capacity)
		return false;
	for (uint32_t i = 0; i < o->count; i++) {
		const struct owner_range *r = &o->range[i];

		if (r->start >= r->end || r->owner >= OWNER_COUNT)
			return false;
		if (i > 0 && (r[-1].end > r->start || continues(&r[-1], r)))
			return false;
	}
	return true;
}

const char *owner_name(enum owner owner)
{
	static const char *const name[OWNER_COUNT] = {
		[OWNER_PAGE_0] = "page 0",
		[OWNER_LOW_64K] = "low 64 KiB",
		[OWNER_INIT] = "init",
		[OWNER_IMAGE] = "image",
		[OWNER_WORKSPACE] = "workspace",
		[OWNER_BITMAP] = "bitmap",
		[OWNER_PAGE_TABLES] = "page tables",
		[OWNER_CPU] = "cpu tables and stacks",
		[OWNER_MM] = "mm",
		[OWNER_NODES] = "node map",
		[OWNER_ZERO_PAGE] = "zero page",
		[OWNER_PKMAP] = "pkmap slots",
		[OWNER_SECTIONS] = "section table",
		[OWNER_MEM_MAP] = "mem_map",
		[OWNER_KERNEL] = "kernel",
		[OWNER_INITRD] = "initrd",
		[OWNER_HANDOFF] = "handoff record",
		[OWNER_RESERVE] = "reserve=",
		[OWNER_BADRAM] = "badram=",
		[OWNER_LEFT_OUT] = "left out",
		[OWNER_FIRMWARE_TABLES] = "firmware page tables",
		[OWNER_FIRMWARE] = "firmware until exit",
	};

	return owner < OWNER_COUNT ? name[owner] : "none";
}

bool owner_reclaimable(enum owner owner)
{
	/* The low 64 KiB stay: firmware scribbles there (Q29). Page tables, mm and mem_map are in use. */
	return owner == OWNER_IMAGE || owner == OWNER_WORKSPACE || owner == OWNER_BITMAP ||
	       owner == OWNER_CPU || owner == OWNER_INITRD || owner == OWNER_HANDOFF ||
	       owner == OWNER_FIRMWARE_TABLES || owner == OWNER_FIRMWARE;
}

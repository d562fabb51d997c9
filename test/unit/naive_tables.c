/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading page tables the obvious way (naive_tables.h).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "naive_tables.h"

struct reader {
	struct shown_list *list;
	const struct paging_mode *mode;
	struct window window;
};

void shown_add(struct shown_list *list, struct shown shown)
{
	struct shown *last = list->count != 0 ? &list->item[list->count - 1] : NULL;

	if (last != NULL && last->rights == shown.rights && last->page_shift == shown.page_shift &&
		last->virt + last->bytes == shown.virt && last->phys + last->bytes == shown.phys) {
		last->bytes += shown.bytes;
		return;
	}
	if (list->count == list->capacity) {
		list->capacity = list->capacity != 0 ? 2 * list->capacity : 256;
		list->item = realloc(list->item, list->capacity * sizeof(*list->item));
		assert_non_null(list->item);
	}
	list->item[list->count++] = shown;
}

void shown_free(struct shown_list *list)
{
	free(list->item);
	*list = (struct shown_list){ 0 };
}

static unsigned level_bits(const struct paging_mode *mode)
{
	return mode->levels == 2 ? 10 : 9;
}

static uint64_t entry_of(const struct reader *r, phys_t table, unsigned index)
{
	const unsigned char *bytes = phys_to_virt(r->window, table);
	unsigned size = r->mode->levels == 2 ? 4 : 8;
	uint64_t entry = 0;

	memcpy(&entry, bytes + (size_t)index * size, size);
	return entry;
}

/* PCD and PWT choose among the first four entries of the PAT; PCD alone is UC-, which is not ours. */
static uint32_t type_of(uint64_t entry)
{
	unsigned type = (unsigned)(entry >> 3) & 3;

	assert_int_not_equal(type, 2);
	return type == 3 ? MAP_UC : type == 1 ? MAP_WC : 0;
}

static void read_leaf(const struct reader *r, unsigned shift, uint64_t virt, uint64_t entry)
{
	uint64_t bytes = UINT64_C(1) << shift;
	phys_t phys = entry & UINT64_C(0x000ffffffffff000);

	assert_int_equal(entry & 0x125, 0x21); /* not global, accessed, not a user's */
	assert_int_equal((entry >> 6) & 1, (entry >> 1) & 1); /* dirty exactly where writable */
	assert_int_equal(
		(entry >> 7) & 1, shift != PAGE_SHIFT); /* PAT in small pages, else the size */
	assert_int_equal(phys & (bytes - 1), 0); /* PAT of large pages, and what is reserved */
	shown_add(r->list, (struct shown){ .virt = virt,
				   .phys = phys,
				   .bytes = bytes,
				   .page_shift = shift,
				   .rights = (entry & 2 ? MAP_WRITE : 0) |
					     (entry >> 63 ? 0 : MAP_EXEC) | type_of(entry) });
}

static void read_table(const struct reader *r, unsigned level, phys_t table, uint64_t virt)
{
	unsigned bits = level_bits(r->mode), shift = PAGE_SHIFT + (level - 1) * bits;
	unsigned entries = r->mode->levels == 3 && level == 3 ? 4 : 1u << bits;

	r->list->tables++;
	for (unsigned i = 0; i < entries; i++) {
		uint64_t entry = entry_of(r, table, i), at = virt + ((uint64_t)i << shift);

		if (r->mode->levels > 3 && level == r->mode->levels && i >= entries / 2)
			at |= UINT64_MAX << (shift + bits);
		if (!(entry & 1))
			continue;
		if (level == 1 || (entry & 0x80))
			read_leaf(r, shift, at, entry);
		else
			read_table(r, level - 1, entry & UINT64_C(0x000ffffffffff000), at);
	}
}

void shown_read(
	struct shown_list *list, phys_t root, const struct paging_mode *mode, struct window window)
{
	const struct reader r = { list, mode, window };

	read_table(&r, mode->levels, root, 0);
}

struct page_counts shown_pages(const struct shown_list *list, uint64_t start, uint64_t end)
{
	struct page_counts counts = { 0 };

	for (uint32_t i = 0; i < list->count; i++) {
		const struct shown *s = &list->item[i];
		uint64_t from = max_u64(s->virt, start), to = min_u64(s->virt + s->bytes, end);
		uint64_t pages = from < to ? (to - from) >> s->page_shift : 0;

		counts.pages_4k += s->page_shift == 12 ? pages : 0;
		counts.pages_2m += s->page_shift == 21 ? pages : 0;
		counts.pages_4m += s->page_shift == 22 ? pages : 0;
		counts.pages_1g += s->page_shift == 30 ? pages : 0;
	}
	return counts;
}

void shown_matches_plan(
	const struct shown_list *list, const struct map_plan *plan, const struct paging_mode *mode)
{
	struct page_counts all = paging_plan_pages(plan, mode);
	struct page_counts shown = shown_pages(list, 0, UINT64_MAX);

	for (uint32_t i = 0; i < plan->count; i++) {
		const struct map_area *area = &plan->area[i];
		struct page_counts said = paging_area_pages(area, mode);
		struct page_counts there = shown_pages(list, area->virt, area->virt + area->bytes);

		assert_memory_equal(&said, &there, sizeof(said));
	}
	assert_memory_equal(&all, &shown, sizeof(all));
}

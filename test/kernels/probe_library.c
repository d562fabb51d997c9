/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe, H44 to H51: the live allocator, held against the record, which tells how it was at the jump.
 */
#include "probe.h"

#include <bootmem/string.h>

/* What this kernel stands on, and what the other processors do: it calls the firmware. */
#define KEEP                                                                                       \
	(OWNER_BIT(OWNER_CPU) | OWNER_BIT(OWNER_IMAGE) | OWNER_BIT(OWNER_HANDOFF) |                \
		OWNER_BIT(OWNER_FIRMWARE_TABLES))
#define KMAP_PAGES 32

static bool adopted(struct probe *p)
{
	return p->mm != NULL || saw(p, "the record was not adopted");
}

static uint32_t zones_of(const struct probe *p)
{
	return p->mm->nodes * ARCH_NR_ZONES;
}

static uint64_t free_of_all(const struct probe *p)
{
	uint64_t pages = 0;

	for (uint32_t zone = 0; zone < zones_of(p); zone++)
		pages += mm_zone(p->mm, zone)->free_pages;
	return pages;
}

/* --- adopting ------------------------------------------------------------------------------------- */

/* A record that somebody has written to is refused; the byte is put back. */
static bool damage_is_seen(const struct handoff *record)
{
	volatile uint8_t *last = (volatile uint8_t *)(uintptr_t)record + record->record_bytes - 1;
	bool seen;

	*last ^= 1;
	seen = !handoff_valid(record);
	*last ^= 1;
	return seen;
}

bool check_adopt(struct probe *p)
{
	struct mm *mm = NULL;
	enum bm_error error;

	if (!handoff_valid(p->record))
		return saw(p, "the record is not valid");
	if (!damage_is_seen(p->record))
		return saw(p, "a changed record is valid");
	if (p->record->layout_hash != handoff_layout_hash())
		return saw(p, "layout %llx, the library's %llx", ULL(p->record->layout_hash),
			ULL(handoff_layout_hash()));
	error = bootmem_adopt(p->record, &mm);
	if (error != BM_OK || mm == NULL)
		return saw(p, "error %u", error);
	p->mm = mm;
	return mm_check(mm) || saw(p, "the zones' lists are broken");
}

/* --- zones and nodes --------------------------------------------------------------------------------- */

static bool same_zone(struct probe *p, uint32_t i)
{
	const struct handoff_zone *said = table_at(&p->record->zones, i);
	const struct zone *zone = mm_zone(p->mm, i);

	if (zone->start_pfn != said->start_pfn || zone->spanned_pages != said->spanned_pages ||
		zone->present_pages != said->present_pages ||
		zone->managed_pages != said->managed_pages || zone->free_pages != said->free_pages)
		return saw(p, "zone %u has %llu free pages, %llu in the record", i,
			ULL(zone->free_pages), ULL(said->free_pages));
	for (unsigned order = 0; order < NR_ORDERS; order++)
		if (zone_free_blocks(zone, order) != said->free_blocks[order])
			return saw(p, "zone %u has %llu blocks of order %u, %llu in the record", i,
				ULL(zone_free_blocks(zone, order)), order,
				ULL(said->free_blocks[order]));
	return true;
}

bool check_same_zones(struct probe *p)
{
	if (!adopted(p))
		return false;
	if (zones_of(p) != p->record->zones.count)
		return saw(p, "%u zones, %u in the record", zones_of(p), p->record->zones.count);
	for (uint32_t i = 0; i < zones_of(p); i++)
		if (!same_zone(p, i))
			return false;
	return true;
}

bool check_node_queries(struct probe *p)
{
	if (!adopted(p))
		return false;
	for (uint32_t i = 0; i < p->record->node_ranges.count; i++) {
		const struct handoff_node_range *r = table_at(&p->record->node_ranges, i);

		if (mm_pfn_to_nid(p->mm, r->start_pfn) != r->nid ||
			mm_pfn_to_nid(p->mm, r->end_pfn - 1) != r->nid)
			return saw(p, "range %u is of node %u, not %u", i,
				mm_pfn_to_nid(p->mm, r->start_pfn), r->nid);
	}
	for (uint32_t nid = 0; nid < p->mm->nodes; nid++)
		if (node_distance(p->mm, nid, nid) != 10 || node_nearest(p->mm, nid, 0) != nid)
			return saw(p, "node %u is at distance %u to itself", nid,
				node_distance(p->mm, nid, nid));
	return true;
}

/* --- blocks --------------------------------------------------------------------------------------------- */

static uint64_t word_for(pfn_t pfn)
{
	return pfn_phys(pfn) ^ HANDOFF_MAGIC;
}

/* Write the first and the last word of a page, and read them through the next mapping. */
static bool page_holds(struct probe *p, pfn_t pfn)
{
	const size_t last = PAGE_SIZE / sizeof(uint64_t) - 1;
	volatile uint64_t *word = kmap(p->mm, pfn);
	bool holds;

	if (word == NULL)
		return saw(p, "page %llx can't be mapped", ULL(pfn));
	word[0] = word_for(pfn);
	word[last] = ~word_for(pfn);
	if (kunmap(p->mm, pfn) != BM_OK)
		return saw(p, "page %llx can't be unmapped", ULL(pfn));
	word = kmap(p->mm, pfn);
	holds = word != NULL && word[0] == word_for(pfn) && word[last] == ~word_for(pfn);
	return (kunmap(p->mm, pfn) == BM_OK && holds) ||
	       saw(p, "page %llx does not hold", ULL(pfn));
}

/* A block is what the record calls free, aligned, and in its zone. */
static bool try_block(struct probe *p, uint32_t zone, unsigned order)
{
	const struct zone *z = mm_zone(p->mm, zone);
	pfn_t pfn = zone_alloc_pages(p->mm, zone, order);
	uint64_t pages = UINT64_C(1) << order;
	bool kept;

	if (pfn == PFN_NONE)
		return saw(p, "zone %u has no block of order %u", zone, order);
	kept = (pfn & (pages - 1)) == 0 && pfn >= z->start_pfn &&
	       pfn + pages <= z->start_pfn + z->spanned_pages &&
	       pages_in_table(&p->record->free, (struct pfn_range){ pfn, pfn + pages }) == pages;
	if (!kept)
		(void)saw(p, "zone %u gives page %llx for order %u", zone, ULL(pfn), order);
	else
		kept = page_holds(p, pfn) && page_holds(p, pfn + pages - 1);
	if (free_pages(p->mm, pfn, order) != BM_OK)
		return saw(p, "block %llx of order %u can't be freed", ULL(pfn), order);
	if (free_pages(p->mm, pfn, order) != BM_INVALID)
		return saw(p, "block %llx can be freed twice", ULL(pfn));
	return kept;
}

static unsigned highest_order(const struct zone *zone)
{
	unsigned order = MAX_ORDER;

	while (order > 0 && zone_free_blocks(zone, order) == 0)
		order--;
	return order;
}

bool check_blocks(struct probe *p)
{
	if (!adopted(p))
		return false;
	for (uint32_t zone = 0; zone < zones_of(p); zone++) {
		const struct zone *z = mm_zone(p->mm, zone);

		for (unsigned order = 0; z->free_pages != 0 && order <= highest_order(z); order++)
			if (!try_block(p, zone, order))
				return false;
	}
	if (alloc_pages(p->mm, GFP_KERNEL, MAX_ORDER + 1) != PFN_NONE)
		return saw(p, "there are blocks above the highest order");
	return check_same_zones(p) && (mm_check(p->mm) || saw(p, "the zones' lists are broken"));
}

/* --- kmap ------------------------------------------------------------------------------------------------ */

/* Several pages at a time, each at an address of its own, from the highest zone that has some. */
static bool map_many(struct probe *p, const pfn_t *pfn, uint32_t pages)
{
	uint64_t *address[KMAP_PAGES];

	for (uint32_t i = 0; i < pages; i++) {
		address[i] = kmap(p->mm, pfn[i]);
		if (address[i] == NULL)
			return saw(p, "%u pages can be mapped at a time", i);
		*address[i] = word_for(pfn[i]);
	}
	for (uint32_t i = 0; i < pages; i++)
		if (*address[i] != word_for(pfn[i]))
			return saw(p, "page %llx holds %llx", ULL(pfn[i]), ULL(*address[i]));
	for (uint32_t i = 0; i < pages; i++)
		if (kunmap(p->mm, pfn[i]) != BM_OK)
			return saw(p, "page %llx can't be unmapped", ULL(pfn[i]));
	return true;
}

bool check_kmap(struct probe *p)
{
	pfn_t pfn[KMAP_PAGES];
	uint32_t pages = 0;
	bool kept;

	if (!adopted(p))
		return false;
	while (pages < KMAP_PAGES && (pfn[pages] = alloc_pages(p->mm, GFP_HIGHUSER, 0)) != PFN_NONE)
		pages++;
	kept = pages == KMAP_PAGES || saw(p, "there are %u pages", pages);
	if (kept)
		kept = map_many(p, pfn, pages);
	for (uint32_t i = 0; i < pages; i++)
		if (free_pages(p->mm, pfn[i], 0) != BM_OK)
			return saw(p, "page %llx can't be freed", ULL(pfn[i]));
	return kept &&
	       (kmap(p->mm, PFN_END) == NULL || saw(p, "a page that is not there is mapped"));
}

/* --- the fixmap -------------------------------------------------------------------------------------------- */

static bool try_fixmap(struct probe *p, uint64_t virt, pfn_t pfn)
{
	volatile uint64_t *direct = kmap(p->mm, pfn), *word = (uint64_t *)(uintptr_t)virt;

	if (direct == NULL ||
		!paging_set_page(&p->mm->paging, p->mm->window, virt, pfn_phys(pfn), MAP_WRITE))
		return saw(p, "%llx has no entry", ULL(virt));
	arch_flush_page(virt);
	*word = word_for(pfn) ^ virt;
	if (*direct != (word_for(pfn) ^ virt))
		return saw(p, "%llx does not show page %llx", ULL(virt), ULL(pfn));
	if (kunmap(p->mm, pfn) != BM_OK || !paging_clear_page(&p->mm->paging, p->mm->window, virt))
		return saw(p, "%llx can't be cleared", ULL(virt));
	arch_flush_page(virt);
	return true;
}

bool check_fixmap(struct probe *p)
{
	const struct handoff_range *fixmap = &p->record->paging.fixmap;
	pfn_t pfn = adopted(p) ? alloc_pages(p->mm, GFP_KERNEL, 0) : PFN_NONE;
	bool kept;

	if (pfn == PFN_NONE)
		return saw(p, "there is no page for it");
	kept = try_fixmap(p, fixmap->start, pfn) && try_fixmap(p, fixmap->end - PAGE_SIZE, pfn);
	return free_pages(p->mm, pfn, 0) == BM_OK && kept;
}

/* --- giving back --------------------------------------------------------------------------------------------- */

/* What bootmem_reclaim is asked for. */
static bool is_asked_for(const struct handoff_owner_range *r)
{
	return (r->flags & HANDOFF_RECLAIMABLE) != 0 && (KEEP >> r->owner & 1) == 0;
}

static uint64_t pages_asked_for(const struct probe *p)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < p->record->owners.count; i++) {
		const struct handoff_owner_range *r = table_at(&p->record->owners, i);

		if (is_asked_for(r))
			pages += r->end_pfn - r->start_pfn;
	}
	return pages;
}

/* With a small mem= there may be none. */
bool check_reclaim(struct probe *p)
{
	uint64_t before, freed, again;

	if (!adopted(p))
		return false;
	before = free_of_all(p);
	freed = bootmem_reclaim(p->mm, p->record, KEEP);
	again = bootmem_reclaim(p->mm, p->record, KEEP);
	if (freed != pages_asked_for(p) || free_of_all(p) - before != freed || again != 0)
		return saw(p, "%llu of %llu pages, %llu more free, %llu the second time",
			ULL(freed), ULL(pages_asked_for(p)), ULL(free_of_all(p) - before),
			ULL(again));
	return mm_check(p->mm) || saw(p, "the zones' lists are broken");
}

bool check_reclaimed(struct probe *p)
{
	const struct handoff_paging *paging = &p->record->paging;
	struct paging_leaf leaf;

	if (!adopted(p))
		return false;
	for (uint32_t i = 0; i < p->record->owners.count; i++) {
		const struct handoff_owner_range *r = table_at(&p->record->owners, i);
		phys_t start = pfn_phys(r->start_pfn);
		phys_t end = min_u64(pfn_phys(r->end_pfn), paging->direct_bytes);

		if (!is_asked_for(r))
			continue;
		if (start < end &&
			!is_mapped(p, paging->direct_base + start, start, end - start, MAP_WRITE))
			return false;
		for (phys_t at = start; at < pfn_phys(r->end_pfn); at += PAGE_SIZE)
			if (paging_lookup(&p->paging, p->window, at, &leaf) &&
				(leaf.rights & MAP_EXEC) && (p->record->flags & HANDOFF_NX))
				return saw(p, "%llx can still be executed", ULL(at));
	}
	return true;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * buddy: blocks of 2^order pages (mm.h). Free blocks of a zone and order form a list through their
 * head descriptors, by pfn. Invariant (mm_check): two free buddies of one order and zone never exist; they
 * would be one block.
 */
#include <bootmem/mm.h>

#define PFN_MASK PFN_NONE

/* --- lists -------------------------------------------------------------------------------------- */

static pfn_t next_of(const struct page *page)
{
	return page->link & PFN_MASK;
}

static pfn_t prev_of(const struct page *page)
{
	return page->info & PFN_MASK;
}

static void set_next(struct page *page, pfn_t pfn)
{
	page->link = (page->link & ~PFN_MASK) | pfn;
}

static void set_prev(struct page *page, pfn_t pfn)
{
	page->info = (page->info & ~PFN_MASK) | pfn;
}

/* Put a block at the front of its list. */
static void list_add(struct mm *mm, uint32_t zone, pfn_t pfn, unsigned order)
{
	struct free_area *area = &mm_zone(mm, zone)->area[order];
	struct page *page = pfn_to_page(mm, pfn);

	page->info = page_info(zone, order, PAGE_FREE);
	set_next(page, area->head_pfn);
	if (area->head_pfn != PFN_NONE)
		set_prev(pfn_to_page(mm, area->head_pfn), pfn);
	area->head_pfn = pfn;
	area->blocks++;
}

static void list_remove(struct mm *mm, uint32_t zone, struct page *page, unsigned order)
{
	struct free_area *area = &mm_zone(mm, zone)->area[order];
	pfn_t next = next_of(page), prev = prev_of(page);

	if (prev != PFN_NONE)
		set_next(pfn_to_page(mm, prev), next);
	else
		area->head_pfn = next;
	if (next != PFN_NONE)
		set_prev(pfn_to_page(mm, next), prev);
	area->blocks--;
	page->info = page_info(zone, 0, 0);
}

/* --- runs --------------------------------------------------------------------------------------- */

/* Order of the largest aligned block at the start of a run. */
/*@ requires start < end <= PFN_END;
    assigns \nothing;
    ensures \result <= MAX_ORDER;
    ensures start % (1 << \result) == 0;
    ensures start + (1 << \result) <= end;
    ensures \result == MAX_ORDER || start % (1 << (\result + 1)) != 0 || start + (1 << (\result + 1)) > end; */
static unsigned first_order(pfn_t start, pfn_t end)
{
	unsigned order = highest_bit(end - start);

	if (start != 0 && lowest_bit(start) < order)
		order = lowest_bit(start);
	return order < MAX_ORDER ? order : MAX_ORDER;
}

/* Is there an aligned block of this order in the run? */
/*@ requires start < end <= PFN_END && order <= MAX_ORDER;
    assigns \nothing;
    ensures \result <==> block_between(start, end, order);
    ensures order == 0 ==> \result; */
static bool has_block(pfn_t start, pfn_t end, unsigned order)
{
	return align_up(start, UINT64_C(1) << order) + (UINT64_C(1) << order) <= end;
}

unsigned buddy_largest_order(pfn_t start_pfn, pfn_t end_pfn)
{
	unsigned order = highest_bit(end_pfn - start_pfn);

	if (order > MAX_ORDER)
		order = MAX_ORDER;
	/*@ loop invariant order <= MAX_ORDER;
	    loop invariant \forall integer larger; order < larger <= MAX_ORDER ==> !block_between(start_pfn, end_pfn, larger);
	    loop assigns order;
	    loop variant order; */
	while (!has_block(start_pfn, end_pfn, order))
		order--;
	return order;
}

void buddy_count_run(uint64_t blocks[NR_ORDERS], pfn_t start_pfn, pfn_t end_pfn)
{
	const uint64_t largest = UINT64_C(1) << MAX_ORDER;

	/*@ loop invariant \at(start_pfn, Pre) <= start_pfn && (start_pfn <= end_pfn || start_pfn == \at(start_pfn, Pre));
	    loop assigns start_pfn, blocks[0 .. MAX_ORDER];
	    loop variant end_pfn - start_pfn; */
	while (start_pfn < end_pfn) {
		unsigned order = first_order(start_pfn, end_pfn);
		uint64_t count = order < MAX_ORDER ? 1 : (end_pfn - start_pfn) / largest;

		blocks[order] += count;
		start_pfn += count << order;
	}
}

void buddy_release_run(struct mm *mm, uint32_t zone, pfn_t start_pfn, pfn_t end_pfn)
{
	struct zone *z = mm_zone(mm, zone);

	z->managed_pages += end_pfn - start_pfn;
	z->free_pages += end_pfn - start_pfn;
	while (start_pfn < end_pfn) {
		unsigned order = first_order(start_pfn, end_pfn);

		list_add(mm, zone, start_pfn, order);
		start_pfn += UINT64_C(1) << order;
	}
}

/* --- allocation --------------------------------------------------------------------------------- */

/* Take a block off the lists, of the order itself or cut from a larger one. */
static pfn_t take_block(struct mm *mm, uint32_t zone, unsigned order)
{
	struct zone *z = mm_zone(mm, zone);
	unsigned from = order;
	struct page *page;
	pfn_t pfn;

	while (from <= MAX_ORDER && z->area[from].head_pfn == PFN_NONE)
		from++;
	if (from > MAX_ORDER)
		return PFN_NONE;
	pfn = z->area[from].head_pfn;
	page = pfn_to_page(mm, pfn);
	list_remove(mm, zone, page, from);
	while (from-- > order) /* keep the lower half, free the upper one */
		list_add(mm, zone, pfn + (UINT64_C(1) << from), from);
	page->info = page_info(zone, order, PAGE_HEAD);
	z->free_pages -= UINT64_C(1) << order;
	return pfn;
}

static bool can_give(const struct section *section, unsigned order)
{
	return section->runs != 0 && section->order >= order;
}

/* Write the descriptors of the first deferred section that can give such a block. */
static bool initialise_one(struct mm *mm, uint32_t zone, unsigned order)
{
	uint32_t nr = mm_zone(mm, zone)->deferred_head;

	while (nr != SECTION_NONE && !can_give(section_nr(mm, nr), order))
		nr = section_nr(mm, nr)->next;
	if (nr == SECTION_NONE)
		return false;
	section_initialise(mm, nr);
	return true;
}

pfn_t zone_alloc_pages(struct mm *mm, uint32_t zone, unsigned order)
{
	pfn_t pfn;

	if (zone >= mm->nodes * ARCH_NR_ZONES || order > MAX_ORDER)
		return PFN_NONE;
	pfn = take_block(mm, zone, order);
	if (pfn == PFN_NONE && initialise_one(mm, zone, order))
		pfn = take_block(mm, zone, order);
	return pfn;
}

/* Index of the highest zone that may serve a request. */
/*@ assigns \nothing;
    ensures \result < ARCH_NR_ZONES; */
static uint32_t gfp_zone(enum gfp gfp)
{
	switch (gfp) {
	case GFP_DMA:
		return 0;
	case GFP_DMA32:
		return 1;
	case GFP_KERNEL:
		return ARCH_HIGHMEM ? ARCH_NR_ZONES - 2 : ARCH_NR_ZONES - 1;
	default:
		return ARCH_NR_ZONES - 1;
	}
}

pfn_t alloc_pages_node(struct mm *mm, int nid, enum gfp gfp, unsigned order)
{
	uint32_t first = nid >= 0 ? (uint32_t)nid : 0;

	for (uint32_t i = 0; first < mm->nodes && i < mm->nodes; i++) {
		uint32_t n = node_nearest(mm, first, i);

		for (uint32_t index = gfp_zone(gfp) + 1; index-- > 0;) {
			pfn_t pfn = zone_alloc_pages(mm, n * ARCH_NR_ZONES + index, order);

			if (pfn != PFN_NONE)
				return pfn;
		}
	}
	return PFN_NONE;
}

/* --- freeing ------------------------------------------------------------------------------------ */

static bool is_free_buddy(const struct page *page, uint32_t zone, unsigned order)
{
	return (page_flags(page) & PAGE_FREE) && page_order(page) == order &&
	       page_zone(page) == zone;
}

/* Put a block back and join it with its free buddies. Sections are aligned far above MAX_ORDER. */
static void merge_block(struct mm *mm, uint32_t zone, pfn_t pfn, unsigned order)
{
	mm_zone(mm, zone)->free_pages += UINT64_C(1) << order;
	for (; order < MAX_ORDER; order++) {
		pfn_t buddy = pfn ^ (UINT64_C(1) << order);
		struct page *page;

		if (!pfn_valid(mm, buddy))
			break;
		page = pfn_to_page(mm, buddy);
		if (!is_free_buddy(page, zone, order))
			break;
		list_remove(mm, zone, page, order);
		pfn = min_u64(pfn, buddy);
	}
	list_add(mm, zone, pfn, order);
}

static bool initialised(const struct mm *mm, pfn_t pfn)
{
	return pfn_valid(mm, pfn) && (section_of_pfn(mm, pfn)->flags & SECTION_INITIALISED);
}

enum bm_error free_pages(struct mm *mm, pfn_t pfn, unsigned order)
{
	struct page *page;
	uint32_t zone;

	if (!initialised(mm, pfn))
		return BM_INVALID;
	page = pfn_to_page(mm, pfn);
	if (!(page_flags(page) & PAGE_HEAD) || page_order(page) != order)
		return BM_INVALID;
	zone = page_zone(page);
	page->info = page_info(zone, 0, 0);
	merge_block(mm, zone, pfn, order);
	return BM_OK;
}

static bool all_reserved(const struct mm *mm, pfn_t start, pfn_t end)
{
	for (pfn_t pfn = start; pfn < end; pfn++)
		if (!initialised(mm, pfn) || !(page_flags(pfn_to_page(mm, pfn)) & PAGE_RESERVED))
			return false;
	return true;
}

/* A deferred section's reserved pages have no descriptors yet. */
static void initialise_range(struct mm *mm, pfn_t start, pfn_t end)
{
	for (pfn_t pfn = start; pfn < end; pfn = align_down(pfn, SECTION_PAGES) + SECTION_PAGES) {
		const struct section *section = section_of_pfn(mm, pfn);

		if (section != NULL && (section->flags & SECTION_DEFERRED))
			section_initialise(mm, (uint32_t)(pfn >> SECTION_PAGE_SHIFT));
	}
}

enum bm_error free_reserved_pages(struct mm *mm, pfn_t start_pfn, pfn_t end_pfn)
{
	if (start_pfn > end_pfn || end_pfn > PFN_END)
		return BM_INVALID;
	initialise_range(mm, start_pfn, end_pfn);
	if (!all_reserved(mm, start_pfn, end_pfn))
		return BM_INVALID;
	for (pfn_t pfn = start_pfn; pfn < end_pfn; pfn++) {
		struct page *page = pfn_to_page(mm, pfn);
		uint32_t zone = page_zone(page);

		page->info = page_info(zone, 0, 0);
		mm_zone(mm, zone)->managed_pages++;
		merge_block(mm, zone, pfn, 0);
	}
	return BM_OK;
}

uint64_t zone_free_blocks(const struct zone *zone, unsigned order)
{
	return zone->area[order].blocks + zone->deferred_blocks[order];
}

/* --- the checker -------------------------------------------------------------------------------- */

/* One block on a list: does its descriptor agree, and has it no free buddy? */
static bool check_block(const struct mm *mm, uint32_t zone, pfn_t pfn, pfn_t prev, unsigned order)
{
	pfn_t buddy = pfn ^ (UINT64_C(1) << order);
	const struct page *page;

	if ((pfn & ((UINT64_C(1) << order) - 1)) != 0 || !initialised(mm, pfn) ||
		!pfn_valid(mm, pfn + (UINT64_C(1) << order) - 1))
		return false;
	page = pfn_to_page(mm, pfn);
	if (!is_free_buddy(page, zone, order) || prev_of(page) != prev ||
		page_to_pfn(mm, page) != pfn)
		return false;
	return order == MAX_ORDER || !pfn_valid(mm, buddy) ||
	       !is_free_buddy(pfn_to_page(mm, buddy), zone, order);
}

static bool check_list(
	const struct mm *mm, uint32_t zone, const struct free_area *area, unsigned order)
{
	pfn_t prev = PFN_NONE, pfn = area->head_pfn;
	uint64_t blocks = 0;

	/* It ends: no block has two that come before it. */
	for (; pfn != PFN_NONE; blocks++) {
		if (!check_block(mm, zone, pfn, prev, order))
			return false;
		prev = pfn;
		pfn = next_of(pfn_to_page(mm, pfn));
	}
	return blocks == area->blocks;
}

static bool check_deferred(const struct mm *mm, const struct zone *zone)
{
	uint64_t blocks[NR_ORDERS] = { 0 }, pages = 0;
	uint32_t nr = zone->deferred_head;

	while (nr != SECTION_NONE) {
		const struct section *section = section_nr(mm, nr);

		if (section == NULL || !(section->flags & SECTION_DEFERRED))
			return false;
		for (uint32_t i = 0; i < section->runs; i++) {
			struct section_run run = section_deferred_run(mm, section, i);
			pfn_t start = ((pfn_t)nr << SECTION_PAGE_SHIFT) + run.first;

			buddy_count_run(blocks, start, start + run.pages);
			pages += run.pages;
		}
		nr = section->next;
	}
	for (unsigned order = 0; order < NR_ORDERS; order++)
		if (blocks[order] != zone->deferred_blocks[order])
			return false;
	return pages == zone->deferred_pages;
}

bool mm_check(const struct mm *mm)
{
	for (uint32_t z = 0; z < mm->nodes * ARCH_NR_ZONES; z++) {
		const struct zone *zone = &mm->node[z / ARCH_NR_ZONES].zone[z % ARCH_NR_ZONES];
		uint64_t free = zone->deferred_pages;

		for (unsigned order = 0; order < NR_ORDERS; order++) {
			if (!check_list(mm, z, &zone->area[order], order))
				return false;
			free += zone->area[order].blocks << order;
		}
		if (free != zone->free_pages || zone->free_pages > zone->managed_pages ||
			zone->managed_pages > zone->present_pages ||
			zone->present_pages > zone->spanned_pages || !check_deferred(mm, zone))
			return false;
	}
	return true;
}

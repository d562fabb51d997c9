/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mem_init: the end of bootmem. Everything it calls free, and high memory, goes to the buddy allocator
 * (mm.h), in maximal runs, a section at a time.
 */
#include <bootmem/mm.h>

struct source {
	struct mm *mm;
	struct bootmem_pool *pool;
	struct owners *owners;
	const struct e820 *map;
	/* What the last question about a whole section was answered with: free pages of one zone. */
	struct pfn_range known_free;
	uint32_t known_zone;
};

/* --- free runs ------------------------------------------------------------------------------------ */

/* The first run in [from, end) that some node's bootmem calls free. */
static bool next_low_run(const struct source *s, pfn_t from, pfn_t end, struct pfn_range *run)
{
	struct pfn_range best = { end, end }, r;

	for (uint32_t nid = 0; nid < s->pool->nodes; nid++)
		if (bootmem_next_free(&s->pool->node[nid], from, end, &r) && r.start < best.start)
			best = r;
	*run = best;
	return best.start < end;
}

/* The first RAM page at or above from that nobody owns. Only high memory is asked about. */
static bool next_unowned(const struct source *s, pfn_t from, pfn_t end, struct pfn_range *run)
{
	struct pfn_range ram;

	for (uint32_t i = 0; e820_next_ram(s->map, &i, &ram);) {
		pfn_t start = max_u64(ram.start, from), stop = min_u64(ram.end, end);

		while (start < stop) {
			const struct owner_range *owned = owners_from(s->owners, start);

			if (owned == NULL || owned->start > start) {
				run->start = start;
				run->end = owned != NULL ? min_u64(stop, owned->start) : stop;
				return true;
			}
			start = owned->end;
		}
	}
	return false;
}

/* End of what the nodes' bitmaps describe; above it the table and the owners tell what is free. */
static pfn_t bootmem_end(const struct source *s)
{
	pfn_t end = 0;

	for (uint32_t nid = 0; nid < s->pool->nodes; nid++)
		end = max_u64(end, s->pool->node[nid].end_pfn);
	return end;
}

/*
 * The first free run in [from, end), cut where the zone ends. One that reaches the end of the bitmaps goes
 * on above it: free pages that touch must be one run.
 */
static bool next_run(
	const struct source *s, pfn_t from, pfn_t end, struct pfn_range *run, uint32_t *zone)
{
	pfn_t low_end = bootmem_end(s), zone_end;
	struct pfn_range more;

	if (from >= end)
		return false;
	if (!next_low_run(s, from, min_u64(end, low_end), run) &&
		!next_unowned(s, max_u64(from, low_end), end, run))
		return false;
	if (run->end == low_end && next_unowned(s, low_end, end, &more) && more.start == low_end)
		run->end = more.end;
	*zone = zone_of_pfn(s->mm, run->start, run->end, &zone_end);
	run->end = zone_end;
	return true;
}

/* --- room for descriptors --------------------------------------------------------------------------- */

static struct pfn_range section_pfns(uint32_t nr)
{
	pfn_t start = (pfn_t)nr << SECTION_PAGE_SHIFT;

	return (struct pfn_range){ start, start + SECTION_PAGES };
}

/* A run of free low memory inside the section, above the DMA limit, that holds its descriptors. */
static bool room_in_section(const struct source *s, uint32_t nr, uint64_t pages, pfn_t *start)
{
	struct pfn_range section = section_pfns(nr), run;
	pfn_t from = max_u64(section.start, pfn_up(s->pool->dma_limit));

	for (; next_low_run(s, from, section.end, &run); from = run.end)
		if (run.end - run.start >= pages) {
			*start = run.start;
			return true;
		}
	return false;
}

/* The first page of RAM at or above a page. */
static pfn_t first_ram(const struct e820 *map, pfn_t pfn)
{
	struct pfn_range ram;

	for (uint32_t i = 0; e820_next_ram(map, &i, &ram);)
		if (ram.end > pfn)
			return max_u64(ram.start, pfn);
	return pfn;
}

static void place_map(const struct source *s, uint32_t nr)
{
	struct section *section = section_nr(s->mm, nr);
	struct bootmem_request request = {
		.size_bytes = (uint64_t)section->map_pages << PAGE_SHIFT,
		.align_bytes = PAGE_SIZE,
		.goal_phys = s->pool->dma_limit,
		.nid = (int)mm_pfn_to_nid(s->mm, first_ram(s->map, section_pfns(nr).start)),
	};
	struct bootmem_result result;
	pfn_t start;

	/* That run and no other: its node may not be the section's first, nor is the last search's end the place. */
	if (room_in_section(s, nr, section->map_pages, &start)) {
		request.goal_phys = pfn_phys(start);
		request.limit_phys = request.goal_phys + request.size_bytes;
		request.nid = (int)mm_pfn_to_nid(s->mm, start);
	}
	if (bootmem_alloc(s->pool, &request, &result) == BM_OK)
		section_set_map(section, pfn_down(result.start_phys));
	else
		section->flags |= SECTION_LEFT_OUT;
}

/* The free run and the zone that a page begins or lies in; empty when it is not free. */
static void look_at(struct source *s, pfn_t pfn)
{
	const struct bootmem *bm = &s->pool->node[mm_pfn_to_nid(s->mm, pfn)];
	struct pfn_range run;

	s->known_free = (struct pfn_range){ pfn, pfn };
	if (!bootmem_next_free(bm, pfn, bm->end_pfn, &run) || run.start != pfn)
		return;
	s->known_zone = zone_of_pfn(s->mm, pfn, run.end, &run.end);
	s->known_free = run;
}

static bool is_known_free(const struct source *s, struct pfn_range pages)
{
	return s->known_free.start <= pages.start && pages.end <= s->known_free.end;
}

/* All of it free low memory above the DMA limit, in one zone: the usual case, a search for many sections. */
static bool is_whole(struct source *s, uint32_t nr)
{
	struct pfn_range section = section_pfns(nr);

	if (section.start < pfn_up(s->pool->dma_limit))
		return false;
	if (!is_known_free(s, section))
		look_at(s, section.start);
	return is_known_free(s, section);
}

/* A section without descriptors that is neither left out nor whole. */
static bool wants_place(struct source *s, uint32_t nr)
{
	const struct section *section = section_nr(s->mm, nr);

	return section_map_pfn(section) == 0 && !(section->flags & SECTION_LEFT_OUT) &&
	       !is_whole(s, nr);
}

/*
 * Room for every section that is not whole. What one of them takes elsewhere may make another one wait for its
 * turn, too; in the end those without a place are whole, and have room for themselves.
 */
static void place_maps(struct source *s)
{
	bool again = true;

	while (again) {
		again = false;
		for (uint32_t nr = 0; sparse_next(s->mm, &nr); nr++)
			if (wants_place(s, nr)) {
				place_map(s, nr);
				s->known_free = (struct pfn_range){ 0, 0 };
				again = true;
			}
	}
}

/* --- the release ---------------------------------------------------------------------------------- */

/* Free pages in the bitmaps of the nodes they belong to. */
static enum bm_error free_in_nodes(const struct source *s, pfn_t start, pfn_t end)
{
	enum bm_error error = BM_OK;

	while (start < end && error == BM_OK) {
		uint32_t nid = mm_pfn_to_nid(s->mm, start);
		pfn_t stop = start + 1;

		while (stop < end && mm_pfn_to_nid(s->mm, stop) == nid)
			stop++;
		error = free_bootmem(&s->pool->node[nid], pfn_phys(start), pfn_phys(stop - start));
		start = stop;
	}
	return error;
}

/*
 * The bitmaps' pages become free while the bitmaps are still read: the buddy allocator writes
 * descriptors, never the pages it holds.
 */
static enum bm_error release_bitmaps(const struct source *s)
{
	for (uint32_t i = 0; i < s->owners->count;) {
		struct owner_range r = s->owners->range[i];
		enum bm_error error;

		if (r.owner != OWNER_BITMAP) {
			i++;
			continue;
		}
		error = free_in_nodes(s, r.start, r.end);
		if (error == BM_OK)
			error = owners_remove(s->owners, r.start, r.end);
		if (error != BM_OK)
			return error;
	}
	return BM_OK;
}

static struct section_run run_in(struct pfn_range section, struct pfn_range run)
{
	return (struct section_run){ (uint32_t)(run.start - section.start),
		(uint32_t)(run.end - run.start) };
}

/* Give a section its free runs; false when it can't be deferred. */
static bool gather(const struct source *s, uint32_t nr)
{
	struct pfn_range pfns = section_pfns(nr), run;
	uint32_t zone;

	for (pfn_t from = pfns.start; next_run(s, from, pfns.end, &run, &zone); from = run.end)
		if (!section_defer_run(s->mm, nr, run_in(pfns, run), zone))
			return false;
	return true;
}

static void write_section(const struct source *s, uint32_t nr)
{
	struct pfn_range pfns = section_pfns(nr), run;
	struct section_writer writer;
	uint32_t zone;

	section_open(&writer, s->mm, nr);
	for (pfn_t from = pfns.start; next_run(s, from, pfns.end, &run, &zone); from = run.end)
		section_put_run(&writer, run_in(pfns, run), zone);
	section_close(&writer);
}

/* What is free in a section without descriptors stays out of use, under a name. */
static enum bm_error leave_out(const struct source *s, uint32_t nr)
{
	struct pfn_range pfns = section_pfns(nr), run;
	enum bm_error error = BM_OK;
	uint32_t zone;

	for (pfn_t from = pfns.start; error == BM_OK && next_run(s, from, pfns.end, &run, &zone);
		from = run.end)
		error = owners_add(s->owners, s->map, OWNER_LEFT_OUT, run.start, run.end);
	return error;
}

/* Its descriptors at its start, all the rest one run; bootmem need not know any more. */
static bool defer_whole(struct source *s, uint32_t nr)
{
	struct section *section = section_nr(s->mm, nr);
	struct pfn_range pfns = section_pfns(nr);
	const struct pfn_range run = { pfns.start + section->map_pages, pfns.end };

	/* place_maps saw that it is whole; since then pages have become free, but none was taken. */
	if (!is_known_free(s, pfns))
		look_at(s, pfns.start);
	section_set_map(section, pfns.start);
	return section_defer_run(s->mm, nr, run_in(pfns, run), s->known_zone);
}

static enum bm_error release_section(struct source *s, uint32_t nr)
{
	const struct section *section = section_nr(s->mm, nr);

	if (section->flags & SECTION_LEFT_OUT)
		return leave_out(s, nr);
	if (section_map_pfn(section) == 0 ? defer_whole(s, nr) : gather(s, nr))
		section_defer(s->mm, nr);
	else
		write_section(s, nr);
	return BM_OK;
}

enum bm_error mem_init(
	struct mm *mm, struct bootmem_pool *pool, struct owners *owners, const struct e820 *map)
{
	struct source s = { .mm = mm, .pool = pool, .owners = owners, .map = map };
	enum bm_error error;

	place_maps(&s);
	error = release_bitmaps(&s);
	for (uint32_t nr = 0; error == BM_OK && sparse_next(mm, &nr); nr++)
		error = release_section(&s, nr);
	if (error == BM_OK)
		zones_set_watermarks(mm);
	return error;
}

uint64_t mem_map_pages(const struct mm *mm)
{
	uint64_t pages = 0;

	for (uint32_t nr = 0; sparse_next(mm, &nr); nr++) {
		const struct section *section = section_nr(mm, nr);

		if (section_map_pfn(section) != 0)
			pages += section->map_pages;
	}
	return pages;
}

/* --- the self-test -------------------------------------------------------------------------------- */

static bool same_counts(const struct zone *a, const struct zone *b)
{
	for (unsigned order = 0; order < NR_ORDERS; order++)
		if (zone_free_blocks(a, order) != zone_free_blocks(b, order))
			return false;
	return a->free_pages == b->free_pages && a->managed_pages == b->managed_pages;
}

/* Take a block of every order, then give them back, smallest first so that they must merge. */
static uint32_t try_zone(struct mm *mm, uint32_t zone, bool *balanced)
{
	struct zone before = *mm_zone(mm, zone);
	pfn_t block[NR_ORDERS];
	uint32_t taken = 0;

	for (unsigned order = NR_ORDERS; order-- > 0;)
		block[order] = zone_alloc_pages(mm, zone, order);
	for (unsigned order = 0; order < NR_ORDERS; order++) {
		if (block[order] == PFN_NONE)
			continue;
		taken++;
		if (free_pages(mm, block[order], order) != BM_OK)
			*balanced = false;
	}
	if (!same_counts(&before, mm_zone(mm, zone)))
		*balanced = false;
	return taken;
}

uint32_t mm_selftest(struct mm *mm, bool *balanced)
{
	uint32_t blocks = 0;

	*balanced = true;
	for (uint32_t zone = 0; zone < mm->nodes * ARCH_NR_ZONES; zone++)
		blocks += try_zone(mm, zone, balanced);
	*balanced = *balanced && mm_check(mm);
	return blocks;
}

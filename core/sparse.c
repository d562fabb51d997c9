/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sparse: the section table (mm.h). Two levels, so that holes cost nothing; descriptors are written
 * a section at a time, each exactly once, at mem_init or when the section is first needed.
 */
#include <bootmem/mm.h>
#include <bootmem/string.h>

static uint64_t root_of_pfn(pfn_t pfn)
{
	return (pfn >> SECTION_PAGE_SHIFT) / SECTIONS_PER_ROOT;
}

static uint64_t roots_for(pfn_t max_pfn)
{
	return max_pfn == 0 ? 0 : root_of_pfn(max_pfn - 1) + 1;
}

static uint64_t root_pages(uint64_t roots)
{
	return pfn_up(roots * sizeof(pfn_t));
}

static pfn_t *root_table(const struct mm *mm)
{
	return phys_to_virt(mm->window, pfn_phys(mm->root_pfn));
}

/* A section that is known to be in the table. */
static struct section *known_section(const struct mm *mm, uint32_t nr)
{
	pfn_t table = root_table(mm)[nr / SECTIONS_PER_ROOT];

	return (struct section *)phys_to_virt(mm->window, pfn_phys(table)) + nr % SECTIONS_PER_ROOT;
}

static struct section *known_section_of(const struct mm *mm, pfn_t pfn)
{
	return known_section(mm, (uint32_t)(pfn >> SECTION_PAGE_SHIFT));
}

uint64_t sparse_table_pages(const struct e820 *map, pfn_t max_pfn)
{
	uint64_t pages = root_pages(roots_for(max_pfn)), next = 0;
	struct pfn_range ram;

	for (uint32_t i = 0; e820_next_ram(map, &i, &ram);) {
		uint64_t first = max_u64(root_of_pfn(ram.start), next);

		next = max_u64(next, root_of_pfn(ram.end - 1) + 1);
		pages += next > first ? next - first : 0;
	}
	return pages;
}

/* Widen the stretch of a section that has descriptors to hold page indexes [from, to). */
static void cover(struct section *section, uint64_t from, uint64_t to)
{
	uint64_t first = from / PAGES_PER_MAP_PAGE;
	uint64_t end = (to + PAGES_PER_MAP_PAGE - 1) / PAGES_PER_MAP_PAGE;

	if (section->flags & SECTION_PRESENT) {
		end = max_u64(end, (uint64_t)section->map_first + section->map_pages);
		first = min_u64(first, section->map_first);
	}
	section->map_first = (uint8_t)first;
	section->map_pages = (uint8_t)(end - first);
}

/* memory_present of the lineage: a range of RAM makes its sections present. */
static void memory_present(struct mm *mm, struct pfn_range ram, pfn_t *next_table_pfn)
{
	pfn_t *root = root_table(mm);

	for (pfn_t pfn = ram.start; pfn < ram.end;) {
		pfn_t first = align_down(pfn, SECTION_PAGES);
		pfn_t stop = min_u64(first + SECTION_PAGES, ram.end);
		struct section *section;

		if (root[root_of_pfn(pfn)] == 0)
			root[root_of_pfn(pfn)] = (*next_table_pfn)++;
		section = known_section_of(mm, pfn);
		cover(section, pfn - first, stop - first);
		if (!(section->flags & SECTION_PRESENT))
			mm->sections_present++;
		section->flags |= SECTION_PRESENT;
		section->next = SECTION_NONE;
		pfn = stop;
	}
}

void sparse_init(struct mm *mm, const struct e820 *map, pfn_t table_pfn)
{
	struct pfn_range ram;
	pfn_t next = table_pfn;

	mm->root_pfn = table_pfn;
	mm->roots = roots_for(mm->limits.max_pfn);
	mm->sections_present = 0;
	mm->sections_initialised = 0;
	next += root_pages(mm->roots);
	for (uint32_t i = 0; e820_next_ram(map, &i, &ram);)
		memory_present(mm, ram, &next);
}

struct section *section_nr(const struct mm *mm, uint32_t nr)
{
	uint64_t root = nr / SECTIONS_PER_ROOT;

	if (root >= mm->roots || root_table(mm)[root] == 0)
		return NULL;
	return known_section(mm, nr);
}

struct section *section_of_pfn(const struct mm *mm, pfn_t pfn)
{
	return pfn < PFN_END ? section_nr(mm, (uint32_t)(pfn >> SECTION_PAGE_SHIFT)) : NULL;
}

bool sparse_next(const struct mm *mm, uint32_t *nr)
{
	uint64_t end = mm->roots * SECTIONS_PER_ROOT;

	while (*nr < end) {
		const struct section *section = section_nr(mm, *nr);

		if (section == NULL) {
			*nr = (uint32_t)align_up(*nr + 1, SECTIONS_PER_ROOT);
			continue;
		}
		if (section->flags & SECTION_PRESENT)
			return true;
		(*nr)++;
	}
	return false;
}

pfn_t section_map_pfn(const struct section *section)
{
	return ((pfn_t)section->map_pfn_high << 32) | section->map_pfn_low;
}

void section_set_map(struct section *section, pfn_t map_pfn)
{
	section->map_pfn_low = (uint32_t)map_pfn;
	section->map_pfn_high = (uint8_t)(map_pfn >> 32);
}

/* Does a page index lie in the stretch that has descriptors? */
static bool covered(const struct section *section, uint64_t index)
{
	uint64_t map_page = index / PAGES_PER_MAP_PAGE;

	return section_map_pfn(section) != 0 && map_page >= section->map_first &&
	       map_page < (uint64_t)section->map_first + section->map_pages;
}

bool pfn_valid(const struct mm *mm, pfn_t pfn)
{
	const struct section *section = section_of_pfn(mm, pfn);

	return section != NULL && covered(section, pfn & (SECTION_PAGES - 1));
}

/* Where the descriptor of page index map_first * PAGES_PER_MAP_PAGE is. */
static struct page *first_page(const struct mm *mm, const struct section *section)
{
	return phys_to_virt(mm->window, pfn_phys(section_map_pfn(section)));
}

static struct page *section_page(const struct mm *mm, const struct section *section, uint64_t index)
{
	return first_page(mm, section) + (index - section->map_first * PAGES_PER_MAP_PAGE);
}

struct page *pfn_to_page(const struct mm *mm, pfn_t pfn)
{
	return section_page(mm, known_section_of(mm, pfn), pfn & (SECTION_PAGES - 1));
}

pfn_t page_to_pfn(const struct mm *mm, const struct page *page)
{
	uint32_t nr = (uint32_t)(page->link >> PAGE_SECTION_SHIFT);
	const struct section *section = known_section(mm, nr);
	uint64_t index = section->map_first * PAGES_PER_MAP_PAGE +
			 (uint64_t)(page - first_page(mm, section));

	return ((pfn_t)nr << SECTION_PAGE_SHIFT) + index;
}

/* --- writing descriptors ------------------------------------------------------------------------ */

/* The same descriptor for every page up to index end, as fast as one store follows the other. */
static void write_to(struct section_writer *w, uint32_t end, uint32_t zone, unsigned flags)
{
	uint64_t link = ((uint64_t)w->nr << PAGE_SECTION_SHIFT) | PFN_NONE;
	uint64_t info = page_info(zone, 0, flags);
	struct page *page = section_page(w->mm, w->section, w->cursor);
	uint32_t count = end > w->cursor ? end - w->cursor : 0;

#pragma GCC unroll 8
	for (uint32_t i = 0; i < count; i++)
		page[i] = (struct page){ .link = link, .info = info };
	w->cursor += count;
}

static pfn_t section_start(uint32_t nr)
{
	return (pfn_t)nr << SECTION_PAGE_SHIFT;
}

/* Pages between runs: reserved, each with the zone it would go to. */
static void write_reserved(struct section_writer *w, uint32_t end)
{
	while (w->cursor < end) {
		pfn_t pfn = section_start(w->nr) + w->cursor;
		pfn_t zone_end;
		uint32_t zone = zone_of_pfn(w->mm, pfn, section_start(w->nr) + end, &zone_end);

		write_to(w, (uint32_t)(zone_end - section_start(w->nr)), zone, PAGE_RESERVED);
	}
}

void section_open(struct section_writer *w, struct mm *mm, uint32_t nr)
{
	*w = (struct section_writer){ .mm = mm, .section = known_section(mm, nr), .nr = nr };
	w->cursor = (uint32_t)(w->section->map_first * PAGES_PER_MAP_PAGE);
}

void section_put_run(struct section_writer *w, struct section_run run, uint32_t zone)
{
	pfn_t start = section_start(w->nr) + run.first;

	write_reserved(w, run.first);
	write_to(w, run.first + run.pages, zone, 0);
	buddy_release_run(w->mm, zone, start, start + run.pages);
}

void section_close(struct section_writer *w)
{
	uint64_t end =
		((uint64_t)w->section->map_first + w->section->map_pages) * PAGES_PER_MAP_PAGE;

	write_reserved(w, (uint32_t)end);
	w->section->flags |= SECTION_INITIALISED;
	w->mm->sections_initialised++;
}

/* --- deferred sections -------------------------------------------------------------------------- */

/* Where the descriptors will be. */
static struct section_run *long_list(const struct mm *mm, const struct section *section)
{
	return phys_to_virt(mm->window, pfn_phys(section_map_pfn(section)));
}

static const struct section_run *run_list(const struct mm *mm, const struct section *section)
{
	return section->runs > SECTION_INLINE_RUNS ? long_list(mm, section) : section->run;
}

struct section_run section_deferred_run(
	const struct mm *mm, const struct section *section, uint32_t i)
{
	return run_list(mm, section)[i];
}

static void add_run(struct mm *mm, struct section *section, struct section_run run)
{
	if (section->runs < SECTION_INLINE_RUNS) {
		section->run[section->runs++] = run;
		return;
	}
	if (section->runs == SECTION_INLINE_RUNS)
		memcpy(long_list(mm, section), section->run, sizeof(section->run));
	long_list(mm, section)[section->runs++] = run;
}

bool section_defer_run(struct mm *mm, uint32_t nr, struct section_run run, uint32_t zone)
{
	struct section *section = known_section(mm, nr);
	pfn_t start = section_start(nr) + run.first;
	unsigned order = buddy_largest_order(start, start + run.pages);

	if (section->runs != 0 && section->zone != zone) {
		section->runs = 0;
		return false;
	}
	section->order = (uint8_t)(section->runs != 0 ? max_u64(section->order, order) : order);
	section->zone = (uint8_t)zone;
	add_run(mm, section, run);
	return true;
}

/* A deferred section's runs as the zone counts them: the blocks they will become, and how many pages that is. */
static uint64_t count_deferred(const struct mm *mm, uint32_t nr, uint64_t blocks[NR_ORDERS])
{
	const struct section *section = known_section(mm, nr);
	const struct section_run *run = run_list(mm, section);
	uint64_t pages = 0;

	for (uint32_t i = 0; i < section->runs; i++) {
		pfn_t start = section_start(nr) + run[i].first;

		buddy_count_run(blocks, start, start + run[i].pages);
		pages += run[i].pages;
	}
	return pages;
}

void section_defer(struct mm *mm, uint32_t nr)
{
	struct section *section = known_section(mm, nr);
	struct zone *zone = mm_zone(mm, section->zone);
	uint64_t pages = count_deferred(mm, nr, zone->deferred_blocks);

	zone->deferred_pages += pages;
	zone->free_pages += pages;
	zone->managed_pages += pages;
	section->flags |= SECTION_DEFERRED;
	section->next = zone->deferred_head;
	zone->deferred_head = nr;
}

/* Take a section off its zone's deferred list. */
static void unlink_deferred(struct mm *mm, struct zone *zone, uint32_t nr)
{
	uint32_t *link = &zone->deferred_head;

	while (*link != nr)
		link = &known_section(mm, *link)->next;
	*link = known_section(mm, nr)->next;
}

/* The counts of section_defer, taken back: buddy_release_run makes them again. */
static void uncount_deferred(struct mm *mm, struct zone *zone, uint32_t nr)
{
	uint64_t blocks[NR_ORDERS] = { 0 };
	uint64_t pages = count_deferred(mm, nr, blocks);

	for (unsigned order = 0; order < NR_ORDERS; order++)
		zone->deferred_blocks[order] -= blocks[order];
	zone->deferred_pages -= pages;
	zone->free_pages -= pages;
	zone->managed_pages -= pages;
}

/*
 * A long list goes to the end of the pages that will be overwritten from the start. When the descriptors up to the
 * end of one run are written, each run still to come needs a page for itself and one before it, 32 bytes of
 * descriptors, and has 8 bytes of list: it is not reached before it was read.
 */
static const struct section_run *move_list_away(struct mm *mm, struct section *section)
{
	struct section_run *list = long_list(mm, section), *end;

	if (section->runs <= SECTION_INLINE_RUNS)
		return section->run;
	end = list + pfn_phys(section->map_pages) / sizeof(*list);
	return memmove(end - section->runs, list, section->runs * sizeof(*list));
}

void section_initialise(struct mm *mm, uint32_t nr)
{
	struct section *section = known_section(mm, nr);
	struct zone *zone = mm_zone(mm, section->zone);
	const struct section_run *run;
	struct section_writer writer;

	unlink_deferred(mm, zone, nr);
	uncount_deferred(mm, zone, nr);
	section->flags &= (uint8_t)~SECTION_DEFERRED;
	section->next = SECTION_NONE;
	run = move_list_away(mm, section);
	section_open(&writer, mm, nr);
	for (uint32_t i = 0; i < section->runs; i++)
		section_put_run(&writer, run[i], section->zone);
	section_close(&writer);
}

void sections_initialise_all(struct mm *mm)
{
	for (uint32_t zone = 0; zone < mm->nodes * ARCH_NR_ZONES; zone++)
		while (mm_zone(mm, zone)->deferred_head != SECTION_NONE)
			section_initialise(mm, mm_zone(mm, zone)->deferred_head);
}

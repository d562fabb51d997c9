/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An mm from a naive model (naive_mm.h). Memory that the core must not expect to be cleared is filled
 * with a pattern first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "naive_mm.h"

#define PATTERN     0xa5
#define ARENA_BYTES (ARCH_HIGHMEM ? 256 * MIB : 8 * GIB)

/* Storage for the tables that describe a model. */
static void describe(const struct naive *n, struct e820 *map, struct node_map *nodes)
{
	uint32_t most = n->pages + 1;

	*map = (struct e820){ calloc(most, sizeof(struct e820_entry)), 0, most };
	memset(nodes, 0, sizeof(*nodes));
	nodes->range = calloc(most, sizeof(struct node_range));
	nodes->range_capacity = most;
	naive_e820(n, map);
	naive_node_map(n, nodes);
	assert_true(e820_check(map));
	assert_true(node_map_check(nodes, map));
}

/* --- in a few pages ------------------------------------------------------------------------------ */

/* Pages of an image, as they are handed out to tables. */
struct layout {
	pfn_t mm, nodes, sections, maps, end;
};

static struct layout lay_out(
	const struct naive *n, const struct e820 *map, const struct node_map *nodes)
{
	struct layout l = { .mm = 1 };
	pfn_t nr = PFN_END;

	l.nodes = l.mm + pfn_up(mm_bytes(n->nodes));
	l.sections = l.nodes + nodes_table_pages(nodes);
	l.maps = l.sections + sparse_table_pages(map, n->limits.max_pfn);
	l.end = l.maps;
	for (uint32_t i = 0; i < n->pages; i++) {
		uint32_t first, pages;

		if (naive_pfn(n, i) / SECTION_PAGES == nr)
			continue;
		nr = naive_pfn(n, i) / SECTION_PAGES;
		naive_section_map(n, nr, &first, &pages);
		l.end += pages;
	}
	return l;
}

static void place_maps(struct mm *mm, pfn_t maps)
{
	for (uint32_t nr = 0; sparse_next(mm, &nr); nr++) {
		section_set_map(section_nr(mm, nr), maps);
		maps += section_nr(mm, nr)->map_pages;
	}
}

static struct section_run in_section(struct pfn_range run)
{
	return (struct section_run){ (uint32_t)(run.start % SECTION_PAGES),
		(uint32_t)(run.end - run.start) };
}

static void defer(const struct naive *n, struct mm *mm, uint32_t nr)
{
	struct pfn_range run;

	for (uint32_t i = 0; naive_next_run(n, &i, &run);)
		if (run.start / SECTION_PAGES == nr)
			assert_true(section_defer_run(mm, nr, in_section(run), n->zone[i - 1]));
	section_defer(mm, nr);
}

static void write_section(const struct naive *n, struct mm *mm, uint32_t nr)
{
	struct section_writer writer;
	struct pfn_range run;

	section_open(&writer, mm, nr);
	for (uint32_t i = 0; naive_next_run(n, &i, &run);)
		if (run.start / SECTION_PAGES == nr)
			section_put_run(&writer, in_section(run), n->zone[i - 1]);
	section_close(&writer);
}

static void release(const struct naive *n, struct mm *mm)
{
	pfn_t nr = PFN_END;

	for (uint32_t i = 0; i < n->pages; i++) {
		if (naive_pfn(n, i) / SECTION_PAGES == nr)
			continue;
		nr = naive_pfn(n, i) / SECTION_PAGES;
		if (n->section[i] == NAIVE_DEFERRED)
			defer(n, mm, (uint32_t)nr);
		else if (n->section[i] == NAIVE_WRITTEN)
			write_section(n, mm, (uint32_t)nr);
	}
}

void image_make(struct image *image, struct naive *n, pfn_t split_pfn, enum naive_way way)
{
	struct node_map nodes;
	struct e820 map;
	struct layout l;

	naive_cut(n, split_pfn);
	naive_lay_sections(n, way);
	describe(n, &map, &nodes);
	l = lay_out(n, &map, &nodes);
	if (image->size_bytes != (size_t)pfn_phys(l.end)) {
		free(image->bytes);
		image->size_bytes = (size_t)pfn_phys(l.end);
		image->bytes = aligned_alloc(PAGE_SIZE, image->size_bytes);
	}
	memset(image->bytes, PATTERN, image->size_bytes);
	memset(image->bytes + pfn_phys(l.mm), 0, (size_t)pfn_phys(l.maps - l.mm));
	image->mm = (struct mm *)(image->bytes + pfn_phys(l.mm));
	image->mm->window.base = (uintptr_t)image->bytes;
	image->mm->limits = n->limits;
	nodes_init(image->mm, &nodes, l.nodes);
	sparse_init(image->mm, &map, l.sections);
	place_maps(image->mm, l.maps);
	release(n, image->mm);
	zones_set_watermarks(image->mm);
	naive_set_watermarks(n);
	naive_compare(n, image->mm);
	free(map.entry);
	free(nodes.range);
}

void image_free(struct image *image)
{
	free(image->bytes);
}

/* --- by mem_init --------------------------------------------------------------------------------- */

static bool is_low(const struct naive *n, pfn_t pfn)
{
	return !ARCH_HIGHMEM || pfn < n->limits.max_low_pfn;
}

/* The first free pages in a row, in low memory of one node, at or above a page. */
static bool find_room(const struct naive *n, pfn_t from, pfn_t end, uint64_t pages, pfn_t *start)
{
	uint64_t row = 0;

	for (uint32_t i = 0; i < n->pages && row < pages; i++) {
		pfn_t pfn = naive_pfn(n, i);

		if (pfn < from || pfn >= end || n->state[i] != NAIVE_FREE || !is_low(n, pfn)) {
			row = 0;
			continue;
		}
		if (row == 0 || naive_pfn(n, i - 1) != pfn - 1 || n->nid[i - 1] != n->nid[i]) {
			row = 0;
			*start = pfn;
		}
		row++;
	}
	return row >= pages && pages != 0;
}

static void mark(struct naive *n, pfn_t start, pfn_t end, enum naive_state state)
{
	memset(n->state + naive_index(n, start), state, (size_t)(end - start));
}

/* Mapped once, and emptied for each user: thousands of mappings would scatter over a 32-bit address space. */
static uint8_t *arena_of(uint64_t bytes)
{
	static uint8_t *arena;

	assert_true(bytes <= ARENA_BYTES);
	if (arena == NULL)
		arena = mmap(NULL, (size_t)ARENA_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_true(arena != MAP_FAILED);
	assert_int_equal(madvise(arena, (size_t)ARENA_BYTES, MADV_DONTNEED), 0);
	return arena;
}

static enum bm_error own(struct full *f, enum owner owner, pfn_t start, pfn_t end)
{
	return owners_add(&f->owners, &f->map, owner, start, end);
}

/* Where a node's bootmem ends: at the end of low memory at the latest. */
static struct pfn_range bootmem_span(const struct full *f, const struct naive *n, uint32_t nid)
{
	struct pfn_range span = node_span(&f->nodes, nid);

	span.end = is_low(n, span.end) ? span.end : n->limits.max_low_pfn;
	return span.start < span.end ? span : (struct pfn_range){ 0, 0 };
}

static bool start_node(struct full *f, struct naive *n, uint32_t nid)
{
	struct pfn_range span = bootmem_span(f, n, nid);
	uint64_t pages = bootmem_bootmap_pages(span.start, span.end);
	pfn_t at;

	if (span.start == span.end)
		return true;
	if (!find_room(n, 1, PFN_END, pages, &at))
		return false;
	f->bitmap[nid] = (struct pfn_range){ at, at + pages };
	mark(n, at, at + pages, NAIVE_RESERVED);
	assert_int_equal(own(f, OWNER_BITMAP, at, at + pages), BM_OK);
	assert_int_equal(
		init_bootmem(&f->bootmem[nid], f->pool.window, pfn_phys(at), span.start, span.end),
		BM_OK);
	return true;
}

/* RAM is free in its node's bitmap, but for what has an owner. */
static void fill_bitmaps(struct full *f)
{
	for (uint32_t i = 0; i < f->nodes.ranges; i++) {
		const struct node_range *r = &f->nodes.range[i];

		assert_int_equal(free_bootmem(&f->bootmem[r->nid], pfn_phys(r->start),
					 pfn_phys(r->end - r->start)),
			BM_OK);
	}
	for (uint32_t i = 0; i < f->owners.count; i++)
		for (uint32_t nid = 0; nid < f->nodes.nodes; nid++) {
			const struct owner_range *r = &f->owners.range[i];

			assert_int_equal(reserve_bootmem(&f->bootmem[nid], pfn_phys(r->start),
						 pfn_phys(r->end - r->start)),
				BM_OK);
		}
}

static void own_reserved(struct full *f, const struct naive *n)
{
	for (uint32_t i = 0; i < n->pages; i++) {
		pfn_t pfn = naive_pfn(n, i);

		if (n->state[i] == NAIVE_RESERVED)
			assert_int_equal(own(f, OWNER_RESERVE, pfn, pfn + 1), BM_OK);
	}
}

static bool start_bootmem(struct full *f, struct naive *n)
{
	f->pool = (struct bootmem_pool){ .node = f->bootmem,
		.nodes = n->nodes,
		.node_order = f->nodes.order,
		.current_limit = f->arena_bytes,
		.dma_limit = 16 * MIB,
		.window = { (uintptr_t)f->arena } };
	own_reserved(f, n);
	if (n->nodes < NAIVE_NODES)
		f->bootmem[n->nodes].end_pfn = PFN_END; /* none of the pool's */
	for (uint32_t nid = 0; nid < n->nodes; nid++)
		if (!start_node(f, n, nid))
			return false;
	fill_bitmaps(f);
	return true;
}

/* Cleared pages for a table. */
static bool take(struct full *f, struct naive *n, enum owner owner, uint64_t pages, pfn_t *start)
{
	struct bootmem_request request = { pfn_phys(pages), PAGE_SIZE, f->pool.dma_limit, 0, -1 };
	struct bootmem_result result;

	if (bootmem_alloc(&f->pool, &request, &result) != BM_OK)
		return false;
	*start = pfn_down(result.start_phys);
	assert_int_equal(own(f, owner, *start, *start + pages), BM_OK);
	memset(phys_to_virt(f->pool.window, result.start_phys), 0, (size_t)pfn_phys(pages));
	mark(n, *start, *start + pages, NAIVE_RESERVED);
	return true;
}

static bool start_mm(struct full *f, struct naive *n)
{
	pfn_t mm, nodes, sections;

	if (!take(f, n, OWNER_MM, pfn_up(mm_bytes(n->nodes)), &mm) ||
		!take(f, n, OWNER_NODES, nodes_table_pages(&f->nodes), &nodes) ||
		!take(f, n, OWNER_SECTIONS, sparse_table_pages(&f->map, n->limits.max_pfn),
			&sections))
		return false;
	f->mm = phys_to_virt(f->pool.window, pfn_phys(mm));
	f->mm->window = f->pool.window;
	f->mm->limits = n->limits;
	nodes_init(f->mm, &f->nodes, nodes);
	sparse_init(f->mm, &f->map, sections);
	return true;
}

static void set_left_out(struct full *f, struct naive *n, uint32_t nr)
{
	for (uint32_t i = 0; i < n->pages; i++) {
		if (naive_pfn(n, i) / SECTION_PAGES != nr)
			continue;
		n->section[i] = NAIVE_LEFT_OUT;
		if (n->state[i] == NAIVE_FREE) {
			n->state[i] = NAIVE_RESERVED;
			f->left_out_pages++;
		}
	}
}

/*
 * A section's descriptors took pages that were free: in the section where it has room above the DMA limit,
 * somewhere else where it has not, and none only where there is none at all.
 */
static void follow_map(const struct full *f, struct naive *n, uint32_t nr)
{
	pfn_t first = (pfn_t)nr * SECTION_PAGES, end = first + SECTION_PAGES, at;
	pfn_t dma_end = pfn_down(f->pool.dma_limit);
	const struct section *section = section_nr(f->mm, nr);
	pfn_t map = section_map_pfn(section);

	if (map == 0) {
		assert_false(find_room(n, 0, PFN_END, section->map_pages, &at));
		return;
	}
	if (find_room(n, first > dma_end ? first : dma_end, end, section->map_pages, &at) &&
		(map < first || map >= end))
		fail_msg("%s: section %x has room for its descriptors at %llx; they are at %llx",
			n->trace, nr, (unsigned long long)at, (unsigned long long)map);
	for (pfn_t pfn = map; pfn < map + section->map_pages; pfn++)
		if (naive_index(n, pfn) == NAIVE_NONE || !is_low(n, pfn) ||
			n->state[naive_index(n, pfn)] != NAIVE_FREE)
			fail_msg("descriptors in %llx", (unsigned long long)pfn);
	mark(n, map, map + section->map_pages, NAIVE_RESERVED);
}

/* What mem_init has done, as far as it was free to choose; the rest follows. */
static void follow_mem_init(struct full *f, struct naive *n)
{
	for (uint32_t nr = 0; sparse_next(f->mm, &nr); nr++)
		follow_map(f, n, nr);
	for (uint32_t nid = 0; nid < n->nodes; nid++)
		if (f->bitmap[nid].start < f->bitmap[nid].end)
			mark(n, f->bitmap[nid].start, f->bitmap[nid].end, NAIVE_FREE);
	naive_lay_sections(n, NAIVE_DEFER);
	for (uint32_t nr = 0; sparse_next(f->mm, &nr); nr++)
		if (section_map_pfn(section_nr(f->mm, nr)) == 0)
			set_left_out(f, n, nr);
	naive_set_watermarks(n);
}

static void check_books(const struct full *f, const struct naive *n)
{
	uint64_t counted = mem_map_pages(f->mm), present = 0;

	for (uint32_t owner = 0; owner < OWNER_COUNT; owner++)
		counted += owners_pages(&f->owners, (enum owner)owner);
	for (uint32_t z = 0; z < n->nodes * ARCH_NR_ZONES; z++)
		counted += mm_zone(f->mm, z)->free_pages;
	for (uint32_t i = 0; i < n->pages; i++)
		present += naive_is_ram(n, i);
	assert_int_equal(counted, present);
	assert_int_equal(owners_pages(&f->owners, OWNER_LEFT_OUT), f->left_out_pages);
	assert_int_equal(owners_pages(&f->owners, OWNER_BITMAP), 0);
	assert_true(owners_check(&f->owners));
}

bool full_make(struct full *f, struct naive *n, pfn_t split_pfn)
{
	struct limits limits;

	memset(f, 0, sizeof(*f));
	naive_cut(n, split_pfn);
	describe(n, &f->map, &f->nodes);
	assert_int_equal(limits_find(&limits, &f->map, pfn_phys(split_pfn)), BM_OK);
	assert_memory_equal(&limits, &n->limits, sizeof(limits));
	f->owners = (struct owners){ calloc(n->pages, sizeof(struct owner_range)), 0, n->pages };
	f->arena_bytes = pfn_phys(ARCH_HIGHMEM ? limits.max_low_pfn : limits.max_pfn);
	f->arena = arena_of(f->arena_bytes);
	if (!start_bootmem(f, n) || !start_mm(f, n)) {
		full_free(f);
		return false;
	}
	assert_int_equal(mem_init(f->mm, &f->pool, &f->owners, &f->map), BM_OK);
	follow_mem_init(f, n);
	check_books(f, n);
	naive_compare(n, f->mm);
	return true;
}

void full_free(struct full *f)
{
	free(f->map.entry);
	free(f->nodes.range);
	free(f->owners.range);
}

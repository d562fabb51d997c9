/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm: sections, zones, mem_init and the buddy allocator over an arena, against a naive model that
 * remembers each page.
 *
 * A machine here is a list of RAM ranges and of free ranges inside them; one node. Physical
 * memory that is touched (the section table, descriptors) lies in the arena; the rest is only counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <bootmem/mm.h>

#include "random.h"

#define P(n)       ((phys_t)(n) << PAGE_SHIFT)
#define MAX_RANGES 64
#define ARENA      (ARCH_HIGHMEM ? ARCH_SPLIT_PHYS : 64 * GIB)

struct machine {
	uint8_t *arena;
	struct e820_entry entry[MAX_RANGES];
	struct e820 map;
	struct owner_range owner[MAX_RANGES];
	struct owners owners;
	struct bootmem bootmem;
	struct bootmem_pool pool;
	struct mm *mm;
};

/* Reserve pages, and give them an owner. */
static void own(struct machine *m, enum owner owner, pfn_t start, pfn_t end)
{
	assert_int_equal(owners_add(&m->owners, &m->map, owner, start, end), BM_OK);
	assert_int_equal(reserve_bootmem(&m->bootmem, P(start), P(end - start)), BM_OK);
}

static phys_t take(struct machine *m, enum owner owner, uint64_t pages)
{
	struct bootmem_request request = { P(pages), PAGE_SIZE, m->pool.dma_limit, 0, -1 };
	struct bootmem_result result;

	assert_int_equal(bootmem_alloc(&m->pool, &request, &result), BM_OK);
	assert_int_equal(owners_add(&m->owners, &m->map, owner, pfn_down(result.start_phys),
				 pfn_down(result.start_phys) + pages),
		BM_OK);
	memset(phys_to_virt(m->pool.window, result.start_phys), 0, (size_t)P(pages));
	return result.start_phys;
}

/* Bitmap at the first RAM above 1 MiB. */
static void start_bootmem(struct machine *m, const struct limits *l)
{
	pfn_t end = ARCH_HIGHMEM ? l->max_low_pfn : l->max_pfn;
	uint64_t pages = bootmem_bootmap_pages(0, end);
	pfn_t at = 256;

	m->pool = (struct bootmem_pool){ .node = &m->bootmem,
		.nodes = 1,
		.current_limit = ARCH_HIGHMEM ? P(l->max_low_pfn) : PHYS_END,
		.dma_limit = 16 * MIB,
		.window = { (uintptr_t)m->arena } };
	assert_int_equal(init_bootmem(&m->bootmem, m->pool.window, P(at), 0, end), BM_OK);
	for (uint32_t i = 0; i < m->map.count; i++)
		assert_int_equal(free_bootmem(&m->bootmem, m->map.entry[i].start,
					 m->map.entry[i].end - m->map.entry[i].start),
			BM_OK);
	own(m, OWNER_PAGE_0, 0, 1);
	own(m, OWNER_BITMAP, at, at + pages);
}

static void start_mm(struct machine *m, const struct limits *l)
{
	struct node_range range[MAX_RANGES];
	struct node_map nodes = { .range = range, .nodes = 1, .distance = { DISTANCE_LOCAL } };
	struct pfn_range ram;
	phys_t table, node_table;

	for (uint32_t i = 0; e820_next_ram(&m->map, &i, &ram);)
		range[nodes.ranges++] = (struct node_range){ ram.start, ram.end, 0, 0 };
	m->mm = phys_to_virt(m->pool.window, take(m, OWNER_MM, pfn_up(mm_bytes(1))));
	table = take(m, OWNER_SECTIONS, sparse_table_pages(&m->map, l->max_pfn));
	m->mm->window = m->pool.window;
	m->mm->limits = *l;
	node_table = take(m, OWNER_NODES, nodes_table_pages(&nodes));
	memset(m->mm->node, 0xa5, sizeof(*m->mm->node));
	nodes_init(m->mm, &nodes, pfn_down(node_table));
	sparse_init(m->mm, &m->map, pfn_down(table));
}

static struct machine *make(const struct pfn_range *ram, uint32_t ranges)
{
	struct machine *m = calloc(1, sizeof(*m));
	struct limits limits;

	m->arena = mmap(NULL, (size_t)ARENA, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_true(m->arena != MAP_FAILED);
	m->map = (struct e820){ m->entry, 0, MAX_RANGES };
	m->owners = (struct owners){ m->owner, 0, MAX_RANGES };
	for (uint32_t i = 0; i < ranges; i++)
		m->entry[m->map.count++] =
			(struct e820_entry){ P(ram[i].start), P(ram[i].end), E820_RAM, 0 };
	assert_int_equal(limits_find(&limits, &m->map, ARCH_SPLIT_PHYS), BM_OK);
	start_bootmem(m, &limits);
	start_mm(m, &limits);
	return m;
}

static void destroy(struct machine *m)
{
	munmap(m->arena, (size_t)ARENA);
	free(m);
}

#define MAKE(...)                                                                                  \
	make((const struct pfn_range[]){ __VA_ARGS__ },                                            \
		ARRAY_SIZE(((const struct pfn_range[]){ __VA_ARGS__ })))

static uint64_t free_pages_of(const struct mm *mm)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < ARCH_NR_ZONES; i++)
		pages += mm->node[0].zone[i].free_pages;
	return pages;
}

/* mem_init, and the books balance. */
static void run_mem_init(struct machine *m)
{
	uint64_t owned = 0;

	assert_int_equal(mem_init(m->mm, &m->pool, &m->owners, &m->map), BM_OK);
	assert_true(mm_check(m->mm));
	for (unsigned id = 0; id < OWNER_COUNT; id++)
		owned += owners_pages(&m->owners, (enum owner)id);
	assert_int_equal(owned + mem_map_pages(m->mm) + free_pages_of(m->mm),
		e820_ram_pages(&m->map, 0, PFN_END));
	assert_int_equal(owners_pages(&m->owners, OWNER_BITMAP), 0);
}

/* --- sections ------------------------------------------------------------------------------------------- */

static void test_sections(void **state)
{
	const pfn_t s = SECTION_PAGES;
	struct machine *m = MAKE({ 0, 160 }, { 256, s - 1 }, { s, s + 1 }, { 3 * s + 5, 3 * s + 7 },
		{ 5 * s - 1, 6 * s + 1 });
	static const uint32_t present[] = { 0, 1, 3, 4, 5, 6 };
	uint32_t nr = 0;

	(void)state;
	assert_int_equal(m->mm->sections_present, 6);
	for (unsigned i = 0; i < ARRAY_SIZE(present); i++, nr++) {
		assert_true(sparse_next(m->mm, &nr));
		assert_int_equal(nr, present[i]);
	}
	assert_false(sparse_next(m->mm, &nr));
	assert_int_equal(section_nr(m->mm, 1)->map_pages, 1);
	assert_int_equal(section_nr(m->mm, 3)->map_first, 0);
	assert_int_equal(section_nr(m->mm, 4)->map_first, s / PAGES_PER_MAP_PAGE - 1);
	assert_int_equal(section_nr(m->mm, 5)->map_pages, s / PAGES_PER_MAP_PAGE);
	assert_null(section_nr(m->mm, 1000000));
	assert_null(section_of_pfn(m->mm, PFN_END));
	destroy(m);
}

/* pfn_valid, pfn_to_page and back at every section's edges. */
static void test_section_edges(void **state)
{
	const pfn_t s = SECTION_PAGES;
	struct machine *m = MAKE({ 0, 160 }, { 256, 2 * s }, { 3 * s, 4 * s + 300 });
	struct mm *mm = m->mm;

	(void)state;
	assert_false(pfn_valid(mm, 300)); /* no descriptors yet */
	run_mem_init(m);
	sections_initialise_all(mm);
	assert_true(mm_check(mm));
	for (pfn_t pfn = 0; pfn < 5 * s; pfn++) {
		bool expected = pfn < 2 * s || (pfn >= 3 * s && pfn < 4 * s + 512);

		assert_int_equal(pfn_valid(mm, pfn), expected);
		if (expected)
			assert_int_equal(page_to_pfn(mm, pfn_to_page(mm, pfn)), pfn);
	}
	/* Neighbouring pages have descriptors of their own. */
	assert_true(pfn_to_page(mm, s) != pfn_to_page(mm, s - 1));
	assert_true(page_flags(pfn_to_page(mm, 200)) & PAGE_RESERVED); /* a hole */
	destroy(m);
}

/* RAM terabytes away costs a page of the section table for each stretch, and nothing for the hole. */
static void test_far_memory(void **state)
{
	struct e820_entry entry[] = { { 0, GIB, E820_RAM, 0 },
		{ 8 * TIB, 8 * TIB + GIB, E820_RAM, 0 } };
	struct e820 map = { entry, 2, 2 };
	uint64_t roots = (8 * TIB + GIB) >> (ARCH_SECTION_SHIFT + 7);

	(void)state;
	assert_int_equal(SECTIONS_PER_ROOT, 128);
	assert_int_equal(sparse_table_pages(&map, (8 * TIB + GIB) >> PAGE_SHIFT),
		pfn_up((roots + 1) * 8) + 2);
}

/* A page of sections for each 128 of them that have RAM in them, however little that is. */
static void test_section_table_pages(void **state)
{
	const pfn_t root = SECTIONS_PER_ROOT * SECTION_PAGES;
	const struct {
		struct pfn_range ram[2];
		uint64_t tables;
	} of[] = {
		{ { { 1, 2 }, { 3, 4 } }, 1 },
		{ { { 1, root }, { root + 1, root + 2 } }, 2 },
		{ { { 1, root + 1 }, { root + 2, root + 3 } }, 2 },
		{ { { root - 1, root }, { root + 5, 2 * root } }, 2 },
		{ { { root - 1, root + 1 }, { 2 * root, 2 * root + 1 } }, 3 },
		{ { { 0, 1 }, { 5 * root - 1, 5 * root + 1 } }, 3 },
		{ { { 2 * root, 4 * root }, { 4 * root + 9, 5 * root + 1 } }, 4 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(of); i++) {
		const struct pfn_range *ram = of[i].ram;
		struct e820_entry entry[2] = { { pfn_phys(ram[0].start), pfn_phys(ram[0].end),
						       E820_RAM, 0 },
			{ pfn_phys(ram[1].start), pfn_phys(ram[1].end), E820_RAM, 0 } };
		struct e820 map = { entry, 2, 2 };

		assert_int_equal(sparse_table_pages(&map, ram[1].end), 1 + of[i].tables);
	}
}

/* --- zones ---------------------------------------------------------------------------------------------- */

static void test_zone_sizes(void **state)
{
	struct machine *m = MAKE({ 0, 0x9f }, { 0x100, 0x2000 }, { 0x3000, 0x30000 });
	const struct zone *zone = m->mm->node[0].zone;

	(void)state;
	assert_int_equal(zone[0].start_pfn, 0);
	assert_int_equal(zone[0].spanned_pages, 0x1000);
	assert_int_equal(zone[0].present_pages, 0x9f + 0xf00);
	assert_int_equal(zone[1].start_pfn, 0x1000);
	assert_int_equal(zone[1].spanned_pages, 0x2f000);
	assert_int_equal(zone[1].present_pages, 0x1000 + 0x2d000);
	assert_int_equal(zone[2].spanned_pages, 0);
	assert_int_equal(zone[2].present_pages, 0);
	assert_int_equal(m->mm->node[0].end_pfn, 0x30000);
	destroy(m);
}

/* The third zone: above 4 GiB, or high memory. */
static void test_third_zone(void **state)
{
	pfn_t split = ARCH_SPLIT_PHYS >> PAGE_SHIFT;
	struct machine *m = MAKE({ 0, split }, { split + 0x4000, split + 0x20000 });
	const struct zone *zone = m->mm->node[0].zone;
	pfn_t pfn;

	(void)state;
	assert_int_equal(zone[2].start_pfn, split);
	assert_int_equal(zone[2].spanned_pages, 0x20000);
	assert_int_equal(zone[2].present_pages, 0x1c000);
	own(m, OWNER_IMAGE, split + 0x8001, split + 0x8003);
	run_mem_init(m);
	assert_true(zone[2].free_pages > 0x1b000 && zone[2].free_pages < 0x1c000);
	while ((pfn = zone_alloc_pages(m->mm, 2, 0)) != PFN_NONE) {
		assert_true(pfn >= split + 0x4000 && pfn < split + 0x20000);
		assert_true(pfn != split + 0x8001 && pfn != split + 0x8002);
	}
	assert_int_equal(zone[2].free_pages, 0);
	/* A kernel's own pages come from the direct map, a user's from anywhere. */
	pfn = alloc_pages(m->mm, GFP_KERNEL, 0);
	assert_true(pfn != PFN_NONE && pfn < split);
	pfn = alloc_pages(m->mm, GFP_DMA, 0);
	assert_true(pfn != PFN_NONE && pfn < ARCH_DMA_END_PFN);
	destroy(m);
}

/* Linux 6.1 prints these for a zone list of this shape: integer square root, shares, 0.1 percent steps. */
static void test_watermarks(void **state)
{
	struct machine *m = MAKE({ 0, 0x9f }, { 0x100, 0x20000 });
	struct zone *zone = m->mm->node[0].zone;

	(void)state;
	zone[0].managed_pages = 3840;
	zone[1].managed_pages = 120000;
	zone[2].managed_pages = 0;
	zones_set_watermarks(m->mm);
	/* sqrt(123840 * 4 * 16) = 2815 KiB = 703 pages */
	assert_int_equal(zone[0].watermark_min, 703 * 3840 / 123840);
	assert_int_equal(zone[1].watermark_min, 703 * 120000 / 123840);
	assert_int_equal(zone[1].watermark_low, 681 + 681 / 4);
	assert_int_equal(zone[1].watermark_high, 681 + 681 / 4 * 2);
	destroy(m);
}

/* However small the memory or large: 128 KiB to 256 MiB in all. */
static void test_watermarks_have_bounds(void **state)
{
	static const struct {
		uint64_t managed_pages, min_pages;
	} of[] = { { 200, 32 }, { 256, 32 }, { 289, 34 }, { (UINT64_C(1) << 30) - 1, 65535 },
		{ UINT64_C(1) << 30, 65536 }, { UINT64_C(1) << 34, 65536 } };
	struct machine *m = MAKE({ 0, 0x9f }, { 0x100, 0x20000 });
	struct zone *zone = m->mm->node[0].zone;

	(void)state;
	zone[0].managed_pages = zone[2].managed_pages = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(of); i++) {
		zone[1].managed_pages = of[i].managed_pages;
		zones_set_watermarks(m->mm);
		assert_int_equal(zone[1].watermark_min, of[i].min_pages);
	}
	destroy(m);
}

/*
 * High memory keeps back a thousandth of itself, from 32 pages to 128; any other zone its share, however small.
 * The steps are those of its share in either case.
 */
static void test_watermarks_of_third_zone(void **state)
{
	static const uint64_t managed[] = { 1, 32 * 1024 - 1, 33 * 1024, 100 * 1024, 128 * 1024,
		UINT64_C(1) << 24 };
	static const uint64_t high_min[] = { 32, 32, 33, 100, 128, 128 };
	struct machine *m = MAKE({ 0, 0x9f }, { 0x100, 0x20000 });
	struct zone *zone = m->mm->node[0].zone;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(managed); i++) {
		uint64_t low = 100000 + (ARCH_HIGHMEM ? 0 : managed[i]), min_kib = 0, share, step;

		zone[0].managed_pages = 0;
		zone[1].managed_pages = 100000;
		zone[2].managed_pages = managed[i];
		zones_set_watermarks(m->mm);
		while ((min_kib + 1) * (min_kib + 1) <= low * 4 * 16)
			min_kib++;
		share = min_kib / 4 * managed[i] / low;
		step = max_u64(share / 4, managed[i] / 1000);
		assert_int_equal(zone[2].watermark_min, ARCH_HIGHMEM ? high_min[i] : share);
		assert_int_equal(zone[2].watermark_low, zone[2].watermark_min + step);
		assert_int_equal(zone[2].watermark_high, zone[2].watermark_min + 2 * step);
	}
	destroy(m);
}

/* --- mem_init ------------------------------------------------------------------------------------------- */

/* A section with room for its descriptors has them itself, even where bootmem's last search passed it. */
static void test_descriptors_in_section(void **state)
{
	const pfn_t s = SECTION_PAGES, map_pages = s / PAGES_PER_MAP_PAGE;
	struct machine *m = MAKE({ 0, 160 }, { 256, 3 * s });
	pfn_t start;

	(void)state;
	m->pool.dma_limit = P(0x1100);
	own(m, OWNER_RESERVE, 0x1100 + map_pages, s);
	assert_true(pfn_down(take(m, OWNER_WORKSPACE, s / 2)) >= s);
	run_mem_init(m);
	for (uint32_t nr = 0; nr < 3; nr++) {
		start = section_map_pfn(section_nr(m->mm, nr));
		assert_true(start >= nr * s && start + map_pages <= (nr + 1) * s);
	}
	destroy(m);
}

/* Sections of one zone are deferred, also in many pieces; the counts are those of the eager way. */
static void test_deferred(void **state)
{
	const pfn_t s = SECTION_PAGES;
	struct machine *m = MAKE({ 0, 160 }, { 256, 5 * s });
	struct mm *mm = m->mm;
	uint64_t blocks[ARCH_NR_ZONES][NR_ORDERS];

	(void)state;
	for (pfn_t pfn = 2 * s + 1000; pfn < 3 * s; pfn += 1000)
		own(m, OWNER_RESERVE, pfn, pfn + 3);
	own(m, OWNER_RESERVE, 4 * s - 5, 4 * s + 5);
	run_mem_init(m);
	assert_true(section_nr(mm, 3)->flags & SECTION_DEFERRED);
	assert_true(section_nr(mm, 2)->flags & SECTION_DEFERRED);
	assert_true(section_nr(mm, 2)->runs > SECTION_INLINE_RUNS);
	assert_true(section_nr(mm, 0)->flags & SECTION_INITIALISED); /* DMA, and what follows */
	assert_int_equal(mm->sections_initialised, 1);
	for (uint32_t z = 0; z < ARCH_NR_ZONES; z++)
		for (unsigned order = 0; order < NR_ORDERS; order++)
			blocks[z][order] = zone_free_blocks(&mm->node[0].zone[z], order);
	sections_initialise_all(mm);
	assert_true(mm_check(mm));
	assert_int_equal(mm->sections_initialised, 5);
	for (uint32_t z = 0; z < ARCH_NR_ZONES; z++)
		for (unsigned order = 0; order < NR_ORDERS; order++)
			assert_int_equal(
				zone_free_blocks(&mm->node[0].zone[z], order), blocks[z][order]);
	destroy(m);
}

/*
 * Every other page free: the longest list of runs there can be, over descriptors that it must not be overwritten
 * by before it is read; then a few runs at the end of a section, with nothing before them.
 */
static void test_deferred_in_pieces(void **state)
{
	const pfn_t s = SECTION_PAGES;
	struct machine *m = MAKE({ 0, 160 }, { 256, 4 * s });
	struct mm *mm = m->mm;
	uint64_t free_pages = 0;

	(void)state;
	for (pfn_t pfn = 2 * s; pfn < 3 * s; pfn += 2)
		assert_int_equal(reserve_bootmem(&m->bootmem, P(pfn), PAGE_SIZE), BM_OK);
	for (pfn_t pfn = 3 * s; pfn < 4 * s - 8; pfn += 4096)
		assert_int_equal(
			reserve_bootmem(&m->bootmem, P(pfn), P(min_u64(4096, 4 * s - 8 - pfn))),
			BM_OK);
	assert_int_equal(reserve_bootmem(&m->bootmem, P(4 * s - 6), PAGE_SIZE), BM_OK);
	assert_int_equal(reserve_bootmem(&m->bootmem, P(4 * s - 3), PAGE_SIZE), BM_OK);
	/* Too many pieces for the table of owners, so only what is free is counted. */
	assert_int_equal(mem_init(mm, &m->pool, &m->owners, &m->map), BM_OK);
	assert_true(mm_check(mm));
	assert_int_equal(section_nr(mm, 2)->runs, s / 2);
	assert_int_equal(section_nr(mm, 2)->order, 0);
	assert_int_equal(section_nr(mm, 3)->runs, 3);
	assert_int_equal(section_nr(mm, 3)->order, 1);
	sections_initialise_all(mm);
	assert_true(mm_check(mm));
	for (pfn_t pfn = 2 * s; pfn < 4 * s; pfn++)
		if (!(page_flags(pfn_to_page(mm, pfn)) & PAGE_RESERVED))
			free_pages++;
	assert_int_equal(free_pages, s / 2 + 6);
	destroy(m);
}

/* A block that only a deferred section can give initialises that section and no other. */
static void test_initialised_when_needed(void **state)
{
	const pfn_t s = SECTION_PAGES;
	struct machine *m = MAKE({ 0, 160 }, { 256, 8 * s });
	struct mm *mm = m->mm;
	uint64_t initialised, last;
	uint32_t zone = 1;

	(void)state;
	run_mem_init(m);
	initialised = last = mm->sections_initialised;
	while (mm->node[0].zone[zone].deferred_head != SECTION_NONE) {
		assert_true(zone_alloc_pages(mm, zone, MAX_ORDER) != PFN_NONE);
		assert_true(mm->sections_initialised - last <= 1);
		last = mm->sections_initialised;
	}
	assert_true(last > initialised);
	assert_true(mm_check(mm));
	destroy(m);
}

/* --- the buddy allocator against a model -------------------------------------------------------------- */

struct block {
	pfn_t pfn;
	unsigned order;
	uint32_t zone;
};

#define MAX_BLOCKS 4096

struct model {
	struct block block[MAX_BLOCKS];
	uint32_t blocks;
	uint8_t *taken; /* by pfn */
};

static void model_take(struct model *model, const struct machine *m, struct block b)
{
	const struct zone *zone = &m->mm->node[0].zone[b.zone];

	assert_int_equal(b.pfn & ((1u << b.order) - 1), 0);
	assert_true(b.pfn >= zone->start_pfn);
	assert_true(b.pfn + (1u << b.order) <= zone->start_pfn + zone->spanned_pages);
	for (pfn_t pfn = b.pfn; pfn < b.pfn + (1u << b.order); pfn++) {
		const struct owner_range *r = owners_from(&m->owners, pfn);

		assert_int_equal(model->taken[pfn], 0);
		assert_int_equal(e820_type_at(&m->map, pfn), E820_RAM);
		assert_true(r == NULL || r->start > pfn);
		model->taken[pfn] = 1;
	}
	model->block[model->blocks++] = b;
}

static void model_give_back(struct model *model, struct machine *m, uint32_t i)
{
	struct block b = model->block[i];

	assert_int_equal(free_pages(m->mm, b.pfn, b.order), BM_OK);
	memset(model->taken + b.pfn, 0, 1u << b.order);
	model->block[i] = model->block[--model->blocks];
}

static void random_step(struct model *model, struct machine *m, uint64_t *seed)
{
	struct block b = { .order = (unsigned)random_below(seed, NR_ORDERS),
		.zone = (uint32_t)random_below(seed, ARCH_NR_ZONES) };

	if (model->blocks != 0 && random_below(seed, 5) < 2) {
		model_give_back(model, m, (uint32_t)random_below(seed, model->blocks));
		return;
	}
	b.pfn = zone_alloc_pages(m->mm, b.zone, b.order);
	if (b.pfn != PFN_NONE && model->blocks < MAX_BLOCKS)
		model_take(model, m, b);
}

static void check_mem_map_untouched(const struct machine *m, const struct model *model)
{
	for (uint32_t nr = 0; sparse_next(m->mm, &nr); nr++) {
		const struct section *section = section_nr(m->mm, nr);

		for (pfn_t i = 0; i < section->map_pages; i++)
			assert_int_equal(model->taken[section_map_pfn(section) + i], 0);
	}
}

static void test_random(void **state)
{
	const pfn_t s = SECTION_PAGES;
	uint64_t seed = random_seed("mm", 1024);

	(void)state;
	for (int round = 0; round < 6; round++) {
		struct machine *m = MAKE({ 0, 0x9f }, { 0x100, s + 77 }, { s + 80, 2 * s },
			{ 3 * s - 1, 4 * s + 12345 });
		struct model *model = calloc(1, sizeof(*model));
		struct zone before[ARCH_NR_ZONES];

		model->taken = calloc(1, 5 * s);
		for (int i = 0; i < 20; i++) {
			pfn_t pfn = 0x2000 + random_below(&seed, s);

			own(m, OWNER_RESERVE, pfn, pfn + random_below(&seed, 300));
		}
		run_mem_init(m);
		memcpy(before, m->mm->node[0].zone, sizeof(before));
		for (int step = 0; step < 3000; step++) {
			random_step(model, m, &seed);
			if (step % 500 == 0)
				assert_true(mm_check(m->mm));
		}
		check_mem_map_untouched(m, model);
		while (model->blocks != 0)
			model_give_back(model, m, (uint32_t)random_below(&seed, model->blocks));
		assert_true(mm_check(m->mm));
		for (uint32_t z = 0; z < ARCH_NR_ZONES; z++)
			for (unsigned order = 0; order < NR_ORDERS; order++)
				assert_int_equal(zone_free_blocks(&m->mm->node[0].zone[z], order),
					zone_free_blocks(&before[z], order));
		free(model->taken);
		free(model);
		destroy(m);
	}
}

/* What was not handed out, or not like that, is refused, and nothing changes. */
static void test_bad_frees(void **state)
{
	struct machine *m = MAKE({ 0, 0x9f }, { 0x100, 0x4000 });
	struct mm *mm = m->mm;
	pfn_t pfn;

	(void)state;
	run_mem_init(m);
	pfn = alloc_pages(mm, GFP_KERNEL, 3);
	assert_int_equal(free_pages(mm, pfn, 2), BM_INVALID);
	assert_int_equal(free_pages(mm, pfn + 1, 3), BM_INVALID);
	assert_int_equal(free_pages(mm, pfn, 3), BM_OK);
	assert_int_equal(free_pages(mm, pfn, 3), BM_INVALID);
	assert_int_equal(free_pages(mm, 0, 0), BM_INVALID);           /* reserved */
	assert_int_equal(free_pages(mm, 0xb0, 0), BM_INVALID);        /* a hole */
	assert_int_equal(free_pages(mm, PFN_END - 1, 0), BM_INVALID); /* no section */
	assert_int_equal(zone_alloc_pages(mm, 0, MAX_ORDER + 1), PFN_NONE);
	assert_int_equal(zone_alloc_pages(mm, 99, 0), PFN_NONE);
	assert_int_equal(alloc_pages_node(mm, 1, GFP_KERNEL, 0), PFN_NONE); /* no such node */
	assert_true(mm_check(mm));
	destroy(m);
}

/* Reserved pages that are given up merge with what is around them. */
static void test_free_reserved(void **state)
{
	struct machine *m = MAKE({ 0, 0x9f }, { 0x100, 0x8000 });
	struct zone *zone = &m->mm->node[0].zone[1];
	uint64_t before;

	(void)state;
	own(m, OWNER_IMAGE, 0x5000, 0x5400);
	run_mem_init(m);
	before = zone->free_pages;
	assert_int_equal(free_reserved_pages(m->mm, 0x4fff, 0x5400), BM_INVALID); /* free already */
	assert_int_equal(free_reserved_pages(m->mm, 0x5000, 0x5400), BM_OK);
	assert_int_equal(zone->free_pages, before + 0x400);
	assert_true(mm_check(m->mm));
	assert_int_equal(free_reserved_pages(m->mm, 0x5000, 0x5400), BM_INVALID);
	assert_int_equal(free_reserved_pages(m->mm, 0x5400, 0x5000), BM_INVALID);
	assert_int_equal(free_reserved_pages(m->mm, PFN_END, PFN_END + 1), BM_INVALID);
	assert_int_equal(
		free_reserved_pages(m->mm, PFN_END - 1, PFN_END), BM_INVALID); /* no section */
	assert_true(mm_check(m->mm));
	destroy(m);
}

static void test_selftest(void **state)
{
	struct machine *m = MAKE({ 0, 0x9f }, { 0x100, 0x8000 });
	bool balanced = false;

	(void)state;
	run_mem_init(m);
	assert_int_equal(mm_selftest(m->mm, &balanced), 2 * NR_ORDERS);
	assert_true(balanced);
	m->mm->node[0].zone[1].free_pages++; /* a count that lies must be seen */
	mm_selftest(m->mm, &balanced);
	assert_false(balanced);
	m->mm->node[0].zone[1].free_pages--;
	mm_selftest(m->mm, &balanced);
	assert_true(balanced);
	m->mm->node[0].zone[1].area[1].head_pfn =
		m->mm->node[0].zone[1].area[0].head_pfn; /* handed out twice */
	mm_selftest(m->mm, &balanced);
	assert_false(balanced);
	destroy(m);
}

/* Two halves of a block that were not joined: the self-test joins them, and says that the counts are not what they were. */
static void test_selftest_of_unjoined_halves(void **state)
{
	struct machine *m = MAKE({ 0, 0x9f }, { 0x100, 0x8000 });
	pfn_t low, half[64];
	unsigned taken = 0, i = 0;
	bool balanced;
	uint64_t info;

	(void)state;
	run_mem_init(m);
	while (taken < ARRAY_SIZE(half))
		half[taken++] = zone_alloc_pages(m->mm, 1, 0);
	while (i + 2 < taken && (half[i] ^ 1) != half[i + 1])
		i++;
	low = half[i] & ~UINT64_C(1);
	assert_int_equal(free_pages(m->mm, low, 0), BM_OK);
	info = pfn_to_page(m->mm, low)->info;
	pfn_to_page(m->mm, low)->info = 0; /* not to be seen while the other one comes back */
	assert_int_equal(free_pages(m->mm, low + 1, 0), BM_OK);
	pfn_to_page(m->mm, low)->info = info;
	mm_selftest(m->mm, &balanced);
	assert_false(balanced);
	destroy(m);
}

/* mm_check sees a broken list, a wrong order, a free buddy, a wrong count. */
static void test_checker(void **state)
{
	struct machine *m = MAKE({ 0, 0x9f }, { 0x100, 0x8000 });
	struct mm *mm = m->mm;
	struct zone *zone;
	struct page *page, saved;
	unsigned order = 0;

	(void)state;
	run_mem_init(m);
	sections_initialise_all(mm);
	zone = &mm->node[0].zone[1];
	while (zone->area[order].blocks == 0)
		order++;
	page = pfn_to_page(mm, zone->area[order].head_pfn);
	saved = *page;
	page->info = page_info(1, order + 1, PAGE_FREE);
	assert_false(mm_check(mm));
	page->info = page_info(1, order, PAGE_HEAD);
	assert_false(mm_check(mm));
	page->info = page_info(0, order, PAGE_FREE);
	assert_false(mm_check(mm));
	*page = saved;
	page->link ^= 1;
	assert_false(mm_check(mm));
	*page = saved;
	assert_true(mm_check(mm));
	zone->area[order].blocks++;
	assert_false(mm_check(mm));
	zone->area[order].blocks--;
	zone->area[order].head_pfn++;
	assert_false(mm_check(mm));
	zone->area[order].head_pfn = PFN_NONE - 1;
	assert_false(mm_check(mm));
	zone->area[order].head_pfn = page_to_pfn(mm, page);
	zone->deferred_pages++;
	assert_false(mm_check(mm));
	destroy(m);
}

/* And counts that contradict each other, and deferred sections that are none. */
static void test_checker_of_counts(void **state)
{
	struct machine *m = MAKE({ 0, 0x9f }, { 0x100, 0x80000 });
	struct zone *zone = &m->mm->node[0].zone[1], saved;

	(void)state;
	run_mem_init(m);
	section_initialise(m->mm, zone->deferred_head);
	saved = *zone;
	assert_true(mm_check(m->mm));
	zone->managed_pages = zone->free_pages - 1;
	assert_false(mm_check(m->mm));
	*zone = saved;
	zone->present_pages = zone->managed_pages - 1;
	assert_false(mm_check(m->mm));
	*zone = saved;
	zone->spanned_pages = zone->present_pages - 1;
	assert_false(mm_check(m->mm));
	*zone = saved;
	zone->deferred_blocks[0]++;
	assert_false(mm_check(m->mm));
	*zone = saved;
	for (uint32_t nr = 0; sparse_next(m->mm, &nr); nr++)
		if (section_nr(m->mm, nr)->flags & SECTION_INITIALISED)
			zone->deferred_head = nr;
	assert_false(mm_check(m->mm));
	zone->deferred_head = SECTION_NONE - 1;
	assert_false(mm_check(m->mm));
	*zone = saved;
	assert_true(mm_check(m->mm));
	destroy(m);
}

/* All three zones have free pages. Expect each kind of request to be served from the highest that it allows. */
static void test_highest_zone_first(void **state)
{
	static const uint32_t zone[] = { [GFP_DMA] = 0,
		[GFP_DMA32] = 1,
		[GFP_KERNEL] = ARCH_HIGHMEM ? 1 : 2,
		[GFP_HIGHUSER] = 2 };
	struct machine *m = MAKE({ 0, 0x8000 }, { 0x100000, 0x108000 });

	(void)state;
	run_mem_init(m);
	for (unsigned gfp = 0; gfp < ARRAY_SIZE(zone); gfp++) {
		pfn_t pfn = alloc_pages(m->mm, (enum gfp)gfp, 0), end;

		assert_true(pfn != PFN_NONE);
		assert_int_equal(zone_of_pfn(m->mm, pfn, PFN_END, &end), zone[gfp]);
	}
	assert_true(mm_check(m->mm));
	destroy(m);
}

/* A run from page 0 on is aligned to everything. */
static void test_run_from_page_0(void **state)
{
	uint64_t blocks[NR_ORDERS] = { 0 };

	(void)state;
	buddy_count_run(blocks, 0, 7);
	assert_true(blocks[0] == 1 && blocks[1] == 1 && blocks[2] == 1 && blocks[3] == 0);
}

/* RAM at 0 and at 48 GiB: of the section table's roots between there is nothing. Expect no section there. */
static void test_missing_roots(void **state)
{
	struct machine *m = MAKE({ 0, 0x8000 }, { 0xc00000, 0xc08000 });
	uint32_t nr = 0, last = 0xc00000 >> SECTION_PAGE_SHIFT, present = m->mm->sections_present;

	(void)state;
	assert_true(present > 1);
	for (uint32_t i = 0; i < present; i++)
		assert_true(sparse_next(m->mm, &nr) && nr++ <= 0xc07fff >> SECTION_PAGE_SHIFT);
	assert_non_null(section_nr(m->mm, last));
	assert_null(section_nr(m->mm, SECTIONS_PER_ROOT));
	assert_null(section_nr(m->mm, last - 1));
	assert_null(section_of_pfn(m->mm, 0xbfffff));
	assert_non_null(section_of_pfn(m->mm, 0xc00000));
	destroy(m);
}

/* Where a section's descriptors are: 40 bits of a pfn. */
static void test_far_descriptors(void **state)
{
	static const pfn_t pfn[] = { 1, UINT64_C(0xffffffff), UINT64_C(0x100000000),
		UINT64_C(0xa512345678) };
	struct section section = { 0 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(pfn); i++) {
		section_set_map(&section, pfn[i]);
		assert_true(section_map_pfn(&section) == pfn[i]);
	}
}

static void test_zone_names(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < ARCH_NR_ZONES; i++)
		assert_string_not_equal(zone_name(i), "none");
	assert_string_equal(zone_name(ARCH_NR_ZONES), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sections),
		cmocka_unit_test(test_section_edges),
		cmocka_unit_test(test_far_memory),
		cmocka_unit_test(test_section_table_pages),
		cmocka_unit_test(test_zone_sizes),
		cmocka_unit_test(test_third_zone),
		cmocka_unit_test(test_watermarks),
		cmocka_unit_test(test_watermarks_have_bounds),
		cmocka_unit_test(test_watermarks_of_third_zone),
		cmocka_unit_test(test_descriptors_in_section),
		cmocka_unit_test(test_deferred),
		cmocka_unit_test(test_deferred_in_pieces),
		cmocka_unit_test(test_initialised_when_needed),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_bad_frees),
		cmocka_unit_test(test_free_reserved),
		cmocka_unit_test(test_selftest),
		cmocka_unit_test(test_selftest_of_unjoined_halves),
		cmocka_unit_test(test_checker),
		cmocka_unit_test(test_checker_of_counts),
		cmocka_unit_test(test_run_from_page_0),
		cmocka_unit_test(test_highest_zone_first),
		cmocka_unit_test(test_missing_roots),
		cmocka_unit_test(test_far_descriptors),
		cmocka_unit_test(test_zone_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

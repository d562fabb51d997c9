/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs for Frama-C's Eva (`make prove`, docs/proofs.md): each calls a part of core with unknown values within bounds,
 * and Eva computes for every statement which values it may see. "No alarm" says that nothing C leaves undefined happens
 * for any of them: no access beside an object or to an uninitialised one, no impossible shift, no signed overflow.
 *
 * Eva reads no contract here. It keeps an interval for each variable and, as far as prove.py tells it to, several states
 * side by side; choose() makes one of each choice. What it can't compute is an alarm, so it never errs on the other side.
 */
#include <bootmem/e820.h>
#include <bootmem/limits.h>
#include <bootmem/mm.h>
#include <bootmem/node.h>
#include <bootmem/string.h>

/* Eva prints a line when it comes here: "end" must be reached, "wrong" must not. */
void Frama_C_show_each_end(void);
void Frama_C_show_each_wrong(void);

/* Read as any value, and another one each time. */
static volatile uint64_t any;

static uint64_t between(uint64_t low, uint64_t high)
{
	return min_u64(max_u64(any, low), high);
}

/* A number below n, each in a state of its own. */
static uint32_t choose(uint32_t n)
{
	uint32_t i = 0;

	while (i + 1 < n && any != 0)
		i++;
	return i;
}

static void expect(bool right)
{
	if (!right)
		Frama_C_show_each_wrong();
}

/* --- what the compiler brings along --------------------------------------------------------------- */

int __builtin_ctzll(unsigned long long x)
{
	int n = 0;

	while (n < 63 && ((x >> n) & 1) == 0)
		n++;
	return n;
}

int __builtin_ctz(unsigned x)
{
	int n = 0;

	while (n < 31 && ((x >> n) & 1) == 0)
		n++;
	return n;
}

int __builtin_clzll(unsigned long long x)
{
	int n = 0;

	while (n < 63 && ((x << n) >> 63) == 0)
		n++;
	return n;
}

void *memset(void *to, int byte, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		((unsigned char *)to)[i] = (unsigned char)byte;
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
	return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
	if ((unsigned char *)to < (const unsigned char *)from)
		return memcpy(to, from, bytes);
	while (bytes-- > 0)
		((unsigned char *)to)[bytes] = ((const unsigned char *)from)[bytes];
	return to;
}

/* --- e820 and limits -------------------------------------------------------------------------------- */

#define ENTRIES 64

/* A table of up to ENTRIES entries, not even in order. */
static struct e820 any_table(void)
{
	static struct e820_entry entry[ENTRIES];

	for (uint32_t i = 0; i < ENTRIES; i++)
		entry[i] = (struct e820_entry){ any, any, (uint32_t)any, 0 };
	return (struct e820){ entry, (uint32_t)between(0, ENTRIES), ENTRIES };
}

void eva_e820(void)
{
	struct e820 map = any_table(), other = any_table();
	uint32_t index = (uint32_t)any;
	struct pfn_range ram;

	other.count = (uint32_t)any;
	(void)e820_check(&other);
	other.count = (uint32_t)between(0, ENTRIES);
	(void)e820_check(&map);
	(void)e820_equal(&map, &other);
	(void)e820_type_at(&map, any);
	(void)e820_ram_pages(&map, any, any);
	(void)e820_next_ram(&map, &index, &ram);
	(void)e820_cut_ram(&map, any);
	(void)e820_type_name((uint32_t)any);
	(void)e820_type_label((uint32_t)between(0, E820_TYPES - 1));
	Frama_C_show_each_end();
}

void eva_limits(void)
{
	struct e820 map = any_table();
	struct split split = limits_split(between(0, PFN_END), any, any);
	struct limits limits;

	(void)split_refusal_text(split.vmalloc);
	(void)split_refusal_text(split.highmem);
	(void)limits_find(&limits, &map, any);
	Frama_C_show_each_end();
}

/* --- bootmem ------------------------------------------------------------------------------------------ */

#define LEVEL_WORDS(pages, level)                                                                  \
	(((pages) + (UINT64_C(64) << 6 * (level)) - 1) >> 6 * ((level) + 1))
#define BITMAP_WORDS(pages)                                                                        \
	(LEVEL_WORDS(pages, 0) +                                                                   \
		2 * (LEVEL_WORDS(pages, 1) + LEVEL_WORDS(pages, 2) + LEVEL_WORDS(pages, 3)))

/* A node that ends at a page and begins anywhere in the first 4096 pages from base on. Its bitmap says anything. */
static void make_node(struct bootmem *bm, uint64_t *words, uint64_t n, pfn_t base, pfn_t end)
{
	struct window window = { (uintptr_t)words - PAGE_SIZE };
	pfn_t start = between(base, min_u64(base + 4095, end));

	expect(init_bootmem(bm, window, PAGE_SIZE, start, end) == BM_OK);
	for (uint64_t i = 0; i < n; i++)
		words[i] = any;
}

#define WITH_NODE(drive, base, pages)                                                              \
	do {                                                                                       \
		static uint64_t words[BITMAP_WORDS(pages)];                                        \
		struct bootmem bm;                                                                 \
                                                                                                   \
		make_node(&bm, words, BITMAP_WORDS(pages), base, (base) + (pages));                \
		drive(&bm);                                                                        \
	} while (0)

static void drive_ranges(struct bootmem *bm)
{
	struct pfn_range run;

	for (uint32_t i = 0; i < BOOTMEM_CURSORS; i++)
		bm->cursor[i] = (struct bootmem_cursor){ any, any };
	(void)bootmem_reserved(bm, any);
	(void)bootmem_next_free(bm, any, any, &run);
	(void)bootmem_free_pages(bm);
	(void)free_bootmem(bm, any, any);
	(void)reserve_bootmem(bm, any, any);
}

void eva_bitmap(void)
{
	struct bootmem bm;

	(void)bootmem_bootmap_pages(any, any);
	expect(init_bootmem(&bm, (struct window){ 0 }, any, 1, 0) == BM_INVALID);
	expect(init_bootmem(&bm, (struct window){ 0 }, 1, 0, 1) == BM_INVALID);
	WITH_NODE(drive_ranges, 0, 12);
	WITH_NODE(drive_ranges, 4096, 64);
	WITH_NODE(drive_ranges, 0, 4097);
	WITH_NODE(drive_ranges, 262144, 262145);
	WITH_NODE(drive_ranges, PFN_END - 4096, 4096);
	Frama_C_show_each_end();
}

static enum bm_error refuse_some(void *ctx, pfn_t start_pfn, uint64_t pages)
{
	if (any != 0)
		return BM_OK;
	(void)reserve_bootmem((struct bootmem *)ctx, pfn_phys(start_pfn), pfn_phys(pages));
	return BM_REFUSED;
}

/* Any request, preferring a node; the second of them has no memory. What the cursors know may be anything in the node. */
static void request_any(struct bootmem *bm, bootmem_claim_fn claim, const uint8_t *order, int nid)
{
	struct bootmem node[2] = { *bm, { 0 } };
	struct bootmem_pool pool = { .node = node,
		.nodes = 2,
		.node_order = order,
		.current_limit = any,
		.claim = claim,
		.claim_ctx = &node[0] };
	struct bootmem_request request = { any, any, any, any, nid };
	struct bootmem_result result;
	phys_t end = pfn_phys(bm->end_pfn);

	for (uint32_t i = 0; i < BOOTMEM_CURSORS; i++)
		node[0].cursor[i] = (struct bootmem_cursor){ between(0, end), between(0, end) };
	(void)bootmem_alloc(&pool, &request, &result);
}

static void drive_requests(struct bootmem *bm)
{
	static const uint8_t order[] = { 0, 1, 1, 0 };

	request_any(bm, NULL, NULL, -1);
	request_any(bm, refuse_some, NULL, 1);
	request_any(bm, refuse_some, order, 1);
	request_any(bm, NULL, order, 2); /* there is no such node */
}

void eva_requests(void)
{
	WITH_NODE(drive_requests, 0, 262145);
	Frama_C_show_each_end();
}

/* --- nodes and zones ------------------------------------------------------------------------------------ */

#define MAX_PIECES 160 /* node_max_ranges of the tables below */

static struct e820_entry ram[] = {
	{ 0x1000, 0x9f000, E820_RAM, 0 },
	{ 0x100000, 0x3100000, E820_RAM, 0 },
	{ 0x3100000, 0x3200000, E820_RESERVED, 0 },
	{ 0x4000000, 0x9001000, E820_RAM, 0 },
};

/* A map by SRAT ranges that end, or overlap, or leave a gap, at one of these places; with or without numa=fake. */
static bool build_map(struct node_map *map)
{
	static const phys_t border[] = { 0x300000, 0x3100800, 0x5000000 };
	static struct srat_range range[2];
	static struct node_range piece[MAX_PIECES], scratch[MAX_PIECES];
	static struct findings findings;
	struct e820 table = { ram, ARRAY_SIZE(ram), ARRAY_SIZE(ram) };
	struct srat srat = { .range = range, .ranges = choose(3), .range_capacity = 2, .nodes = 2 };
	struct node_input input = { .e820 = &table,
		.srat = choose(2) != 0 ? &srat : NULL,
		.numa = (enum option_numa)choose(3),
		.fake_nodes = 2 };

	range[0] = (struct srat_range){ 0, border[choose(2)], 1, 0 };
	range[1] = (struct srat_range){ border[choose(3)], PHYS_END, choose(2), 0 };
	*map = (struct node_map){ .range = piece,
		.range_capacity = MAX_PIECES,
		.scratch = scratch,
		.scratch_capacity = MAX_PIECES };
	return node_map_build(map, &input, &findings) == BM_OK && node_map_check(map, &table);
}

/* Every page, of RAM or not, has a node and a zone. */
static void ask_any(struct mm *mm)
{
	uint32_t from = (uint32_t)between(0, mm->nodes - 1),
		 to = (uint32_t)between(0, mm->nodes - 1);
	pfn_t pfn = between(0, PFN_END - 1), end;

	(void)mm_pfn_to_nid(mm, any);
	(void)node_distance(mm, from, to);
	(void)node_nearest(mm, from, to);
	(void)zone_of_pfn(mm, pfn, any, &end);
	(void)zone_name((uint32_t)any);
	for (uint32_t z = 0; z < mm->nodes * ARCH_NR_ZONES; z++)
		mm_zone(mm, z)->managed_pages = any;
	zones_set_watermarks(mm);
}

void eva_nodes(void)
{
	static uint64_t table[2 * PAGE_SIZE / sizeof(uint64_t)];
	static uint32_t storage[(sizeof(struct mm) + 2 * sizeof(struct node)) / sizeof(uint32_t)];
	static struct node_map map;
	struct mm *mm = (struct mm *)(void *)storage;

	expect(build_map(&map));
	expect(nodes_table_pages(&map) * PAGE_SIZE == sizeof(table));
	mm->window.base = (uintptr_t)table - PAGE_SIZE;
	mm->limits = (struct limits){ any, between(0, PFN_END), any, any, any };
	nodes_init(mm, &map, 1);
	ask_any(mm);
	Frama_C_show_each_end();
}

/* --- sections and the buddy allocator --------------------------------------------------------------------- */

#define MACHINE_PAGES UINT64_C(256)

struct machine {
	pfn_t start_pfn, end_pfn;
	struct e820 map;
	struct node_map nodes;
	struct bootmem bootmem;
	struct bootmem_pool pool;
	struct owners owners;
	struct mm *mm;
};

/* All the memory there is, an array: Eva follows a window that is a pointer into it. */
static void make_machine(struct machine *m, pfn_t start_pfn)
{
	static uint64_t memory[MACHINE_PAGES * PAGE_SIZE / sizeof(uint64_t)];
	static struct e820_entry entry;
	static struct node_range range[MAX_PIECES], scratch[MAX_PIECES];
	static struct owner_range owned[4];
	struct window window = { (uintptr_t)memory - (uintptr_t)pfn_phys(start_pfn) };

	m->start_pfn = start_pfn;
	m->end_pfn = start_pfn + MACHINE_PAGES;
	entry = (struct e820_entry){ pfn_phys(m->start_pfn), pfn_phys(m->end_pfn), E820_RAM, 0 };
	m->map = (struct e820){ &entry, 1, 1 };
	m->nodes = (struct node_map){ .range = range,
		.range_capacity = MAX_PIECES,
		.scratch = scratch,
		.scratch_capacity = MAX_PIECES };
	m->owners = (struct owners){ owned, 0, ARRAY_SIZE(owned) };
	m->pool = (struct bootmem_pool){ .node = &m->bootmem,
		.nodes = 1,
		.current_limit = pfn_phys(m->end_pfn),
		.window = window };
}

/* Everything is free but the bitmap, the tables, and holes of a page at every other page from there on. */
static void boot(struct machine *m, uint32_t holes)
{
	static uint32_t storage[(sizeof(struct mm) + sizeof(struct node)) / sizeof(uint32_t)];
	struct node_input input = { .e820 = &m->map };
	pfn_t next = m->start_pfn + 1;

	m->mm = (struct mm *)(void *)storage;
	m->mm->window = m->pool.window;
	expect(limits_find(&m->mm->limits, &m->map, ARCH_SPLIT_PHYS) == BM_OK);
	expect(node_map_build(&m->nodes, &input, NULL) == BM_OK);
	nodes_init(m->mm, &m->nodes, next);
	next += nodes_table_pages(&m->nodes);
	sparse_init(m->mm, &m->map, next);
	next += sparse_table_pages(&m->map, m->mm->limits.max_pfn);

	expect(init_bootmem(&m->bootmem, m->pool.window, pfn_phys(m->start_pfn), m->start_pfn,
		       m->end_pfn) == BM_OK);
	expect(free_bootmem(&m->bootmem, pfn_phys(next), pfn_phys(m->end_pfn - next)) == BM_OK);
	for (uint32_t i = 0; i < holes; i++)
		expect(reserve_bootmem(&m->bootmem, pfn_phys(next + 2 * i + 1), 1) == BM_OK);
	expect(alloc_bootmem(&m->pool, 100) != NULL &&
		early_alloc(&m->pool, 2 * PAGE_SIZE) != NULL);
	expect(bootmem_check(&m->bootmem));
	expect(owners_add(&m->owners, &m->map, OWNER_BITMAP, m->start_pfn, m->start_pfn + 1) ==
		BM_OK);
	expect(owners_check(&m->owners));
	expect(mem_init(m->mm, &m->pool, &m->owners, &m->map) == BM_OK);
	expect(mm_check(m->mm));
}

/* A block of any order from any zone, perhaps given back; then a page of tables given up, with a free one at first. */
static void use(struct machine *m)
{
	unsigned order = choose(MAX_ORDER + 2);
	pfn_t pfn = alloc_pages_node(m->mm, (int)choose(2), (enum gfp)choose(4), order);

	if (pfn != PFN_NONE && choose(2) != 0)
		expect(free_pages(m->mm, pfn, order) == BM_OK);
	expect(free_pages(m->mm, m->start_pfn - 1, order) == BM_INVALID);
	expect(free_pages(m->mm, m->start_pfn + 1, order) == BM_INVALID);
	expect(free_reserved_pages(m->mm, m->start_pfn, m->start_pfn + 2) == BM_INVALID);
	expect(free_reserved_pages(m->mm, m->start_pfn + 1, m->start_pfn + 2) == BM_OK);
	expect(mm_check(m->mm));
}

void eva_mm(void)
{
	static const struct {
		pfn_t start_pfn;
		uint32_t holes;
	} layout[] = {
		{ ARCH_DMA_END_PFN - MACHINE_PAGES / 2,
			1 },             /* in two zones: descriptors written at once */
		{ ARCH_DMA_END_PFN, 0 }, /* deferred: one run */
		{ ARCH_DMA_END_PFN, 3 }, /* deferred: more runs than the section holds */
	};
	static struct machine m;
	uint32_t i = choose(ARRAY_SIZE(layout));
	bool balanced;

	make_machine(&m, layout[i].start_pfn);
	boot(&m, layout[i].holes);
	if (choose(2) != 0)
		use(&m);
	else
		expect(mm_selftest(m.mm, &balanced) != 0 && balanced);
	Frama_C_show_each_end();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables against a model: a plan is walked leaf by leaf with the largest pages that a naive
 * rule allows, every address is looked up as the CPU would, and the finished tables are read once
 * more without the plan, so that nothing else can be mapped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "naive_tables.h"

#define TABLES_PHYS UINT64_C(0x00a00000)
#define MAX_TABLES  4096u
#define PAD         0xa5

static const struct paging_mode all_modes[] = {
	{ .levels = 2, .phys_bits = 32 },
	{ .levels = 2, .large = true, .phys_bits = 36 },
	{ .levels = 2, .large = true, .nx = true, .phys_bits = 36 },
	{ .levels = 3, .phys_bits = 36 },
	{ .levels = 3, .large = true, .phys_bits = 36 },
	{ .levels = 3, .large = true, .nx = true, .phys_bits = 40 },
	{ .levels = 4, .nx = true, .phys_bits = 40 },
	{ .levels = 4, .large = true, .phys_bits = 40 },
	{ .levels = 4, .large = true, .nx = true, .phys_bits = 46 },
	{ .levels = 4, .large = true, .nx = true, .huge = true, .phys_bits = 46 },
	{ .levels = 5, .large = true, .nx = true, .phys_bits = 52 },
	{ .levels = 5, .large = true, .nx = true, .huge = true, .phys_bits = 52 },
};

/* The modes of the architecture under test. */
static bool mode_here(const struct paging_mode *mode)
{
	return (mode->levels <= 3) == (ARCH_HIGHMEM != 0);
}

static uint64_t next_random(uint64_t *seed)
{
	uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static uint64_t random_below(uint64_t *seed, uint64_t end)
{
	return next_random(seed) % end;
}

/* --- memory for tables --------------------------------------------------------------------------
 */

/* Filled with garbage, and one page longer at each end to show stray writes. */
static unsigned char *arena;

static int arena_setup(void **state)
{
	(void)state;
	arena = aligned_alloc(PAGE_SIZE, (MAX_TABLES + 2) * PAGE_SIZE);
	return arena ? 0 : -1;
}

static int arena_teardown(void **state)
{
	(void)state;
	free(arena);
	return 0;
}

static struct window arena_window(void)
{
	return (struct window){ (uintptr_t)arena + (uintptr_t)PAGE_SIZE - (uintptr_t)TABLES_PHYS };
}

static void assert_padding(const unsigned char *page)
{
	for (size_t i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(page[i], PAD);
}

/* --- the model
 * ------------------------------------------------------------------------------------ */

/* What one mode is, without asking the code under test. */
struct model {
	unsigned levels;
	unsigned shift[6];   /* [level] */
	uint64_t entries[6]; /* in a table of that level */
	unsigned entry_bytes;
	bool nx;
	unsigned top_leaf; /* highest level with pages */
};

static struct model model_of(const struct paging_mode *mode)
{
	unsigned bits = mode->levels == 2 ? 10 : 9;
	struct model m = {
		.levels = mode->levels,
		.entry_bytes = mode->levels == 2 ? 4 : 8,
		.nx = mode->nx && mode->levels > 2,
		.top_leaf = 1,
	};

	for (unsigned l = 1; l <= m.levels; l++) {
		m.shift[l] = 12 + (l - 1) * bits;
		m.entries[l] = UINT64_C(1) << bits;
	}
	if (m.levels == 3)
		m.entries[3] = 4;
	if (mode->large)
		m.top_leaf = mode->huge ? 3 : 2;
	return m;
}

static unsigned largest_leaf(const struct model *m, uint64_t virt, phys_t phys, uint64_t left)
{
	for (unsigned l = m->top_leaf; l > 1; l--) {
		uint64_t bytes = UINT64_C(1) << m->shift[l];

		if (virt % bytes == 0 && phys % bytes == 0 && left >= bytes)
			return l;
	}
	return 1;
}

/* Number of different (level, prefix) pairs, collected in any order. */
struct prefix_set {
	uint64_t *key;
	size_t count, capacity;
};

static void prefix_add(struct prefix_set *set, unsigned level, uint64_t prefix)
{
	if (set->count == set->capacity) {
		set->capacity = set->capacity ? 2 * set->capacity : 1024;
		set->key = realloc(set->key, set->capacity * sizeof(*set->key));
		assert_non_null(set->key);
	}
	set->key[set->count++] = (uint64_t)level << 60 | (prefix & (UINT64_MAX >> 4));
}

static int compare_keys(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t prefix_count(struct prefix_set *set)
{
	uint64_t different = 0;

	if (set->count != 0)
		qsort(set->key, set->count, sizeof(*set->key), compare_keys);
	for (size_t i = 0; i < set->count; i++)
		different += i == 0 || set->key[i] != set->key[i - 1];
	free(set->key);
	return different;
}

/* Tables from one level up to below the root that lead to virt. */
static void prefix_add_path(
	struct prefix_set *set, const struct model *m, unsigned level, uint64_t virt)
{
	for (unsigned l = level; l < m->levels; l++)
		prefix_add(set, l, virt >> m->shift[l + 1]);
}

static void prefix_add_area(
	struct prefix_set *set, const struct model *m, const struct map_area *area)
{
	unsigned lowest = area->kind == MAP_VMALLOC ? m->levels - 1 : 1;
	uint64_t bytes = PAGE_SIZE;

	if (area->kind == MAP_VMALLOC && m->levels == 2)
		return;
	for (uint64_t at = 0; at < area->bytes; at += bytes) {
		uint64_t virt = area->virt + at;

		if (area->rights & MAP_TABLES) {
			prefix_add_path(set, m, lowest, virt);
			bytes = UINT64_C(1) << m->shift[lowest];
		} else {
			unsigned l = largest_leaf(m, virt, area->phys + at, area->bytes - at);

			prefix_add_path(set, m, l, virt);
			bytes = UINT64_C(1) << m->shift[l];
		}
	}
}

static uint64_t model_table_pages(const struct model *m, const struct map_plan *plan)
{
	struct prefix_set set = { 0 };

	for (uint32_t i = 0; i < plan->count; i++)
		prefix_add_area(&set, m, &plan->area[i]);
	return 1 + prefix_count(&set);
}

/* --- checks ------------------------------------------------------------------------------------
 */

static uint32_t visible_rights(const struct model *m, uint32_t rights)
{
	return m->nx ? rights : rights | MAP_EXEC;
}

/* Walk an area from page to page; each must be the largest that fits, and say what the area says.
 */
static uint64_t check_area(
	const struct paging *p, const struct model *m, const struct map_area *area)
{
	uint64_t leaves = 0;
	struct paging_leaf leaf, again;

	for (uint64_t at = 0; at < area->bytes; at += leaf.bytes, leaves++) {
		uint64_t virt = area->virt + at;
		unsigned l = largest_leaf(m, virt, area->phys + at, area->bytes - at);

		assert_true(paging_lookup(p, arena_window(), virt, &leaf));
		assert_int_equal(leaf.virt, virt);
		assert_int_equal(leaf.phys, area->phys + at);
		assert_int_equal(leaf.bytes, UINT64_C(1) << m->shift[l]);
		assert_int_equal(leaf.rights, visible_rights(m, area->rights));
		assert_true(paging_lookup(p, arena_window(), virt + leaf.bytes - 1, &again));
		assert_int_equal(again.virt, leaf.virt);
		assert_int_equal(again.phys, leaf.phys);
		assert_int_equal(again.bytes, leaf.bytes);
		assert_int_equal(again.rights, leaf.rights);
	}
	return leaves;
}

static bool plan_maps(const struct map_plan *plan, uint64_t virt)
{
	for (uint32_t i = 0; i < plan->count; i++) {
		const struct map_area *a = &plan->area[i];

		if (!(a->rights & MAP_TABLES) && virt - a->virt < a->bytes)
			return true;
	}
	return false;
}

static void check_edges(const struct paging *p, const struct map_plan *plan)
{
	struct paging_leaf leaf;

	for (uint32_t i = 0; i < plan->count; i++) {
		const struct map_area *a = &plan->area[i];
		uint64_t edge[] = { a->virt - 1, a->virt, a->virt + a->bytes - 1,
			a->virt + a->bytes };

		for (size_t e = 0; e < ARRAY_SIZE(edge); e++)
			assert_int_equal(paging_lookup(p, arena_window(), edge[e], &leaf),
				plan_maps(plan, edge[e]));
	}
}

static uint64_t raw_entry(const struct model *m, phys_t table, uint64_t index)
{
	const unsigned char *at = arena + PAGE_SIZE + (table - TABLES_PHYS);
	uint64_t entry = 0;

	memcpy(&entry, at + index * m->entry_bytes, m->entry_bytes);
	return entry;
}

/* Bits every entry must have or must not have, by the manual and not by the code. */
static void check_entry(const struct model *m, unsigned level, uint64_t entry)
{
	bool leaf = level == 1 || (entry & 0x80);

	if (m->levels == 3 && level == 3) {
		assert_int_equal(entry & UINT64_C(0x80000000000001e7), 1);
		return;
	}
	assert_int_equal(entry & 0x25, 0x21); /* present, supervisor, accessed */
	assert_int_equal(entry & 0x100, 0);   /* not global */
	if (!m->nx)
		assert_int_equal(entry >> 63, 0);
	if (leaf && level > 1) /* PAT and the reserved bits below the address */
		assert_int_equal(
			entry & ((UINT64_C(1) << m->shift[level]) - 1) & ~UINT64_C(0xfff), 0);
	if (leaf) /* dirty exactly where writable */
		assert_int_equal((entry >> 6) & 1, (entry >> 1) & 1);
	else
		assert_int_equal(entry >> 63, 0);
}

/* Present leaves below a table; tables counts those met on the way. */
static uint64_t count_leaves(const struct model *m, unsigned level, phys_t table, uint64_t *tables)
{
	uint64_t slots = PAGE_SIZE / m->entry_bytes, leaves = 0;

	++*tables;
	for (uint64_t i = 0; i < slots; i++) {
		uint64_t entry = raw_entry(m, table, i);

		if (!(entry & 1)) {
			assert_int_equal(entry, 0);
			continue;
		}
		assert_true(i < m->entries[level]);
		check_entry(m, level, entry);
		if (level == 1 || (entry & 0x80))
			leaves++;
		else
			leaves += count_leaves(
				m, level - 1, entry & UINT64_C(0xffffffffff000), tables);
	}
	return leaves;
}

static struct paging build(const struct map_plan *plan, const struct paging_mode *mode)
{
	uint64_t pages = paging_table_pages(plan, mode);
	struct paging p;

	assert_true(pages <= MAX_TABLES);
	memset(arena, PAD, (size_t)(pages + 2) * PAGE_SIZE);
	assert_int_equal(paging_build(&p, plan, mode, TABLES_PHYS, pages, arena_window()), BM_OK);
	assert_padding(arena);
	assert_padding(arena + (pages + 1) * PAGE_SIZE);
	return p;
}

/* Expect: tables that map the plan and nothing else, in exactly the pages foretold. */
static struct paging check_plan(const struct map_plan *plan, const struct paging_mode *mode)
{
	struct model m = model_of(mode);
	struct paging p = build(plan, mode);
	struct shown_list shown = { 0 };
	uint64_t leaves = 0, tables = 0;

	assert_int_equal(p.root, TABLES_PHYS);
	assert_int_equal(p.tables_phys, TABLES_PHYS);
	assert_int_equal(p.table_pages, model_table_pages(&m, plan));
	for (uint32_t i = 0; i < plan->count; i++)
		if (!(plan->area[i].rights & MAP_TABLES))
			leaves += check_area(&p, &m, &plan->area[i]);
	check_edges(&p, plan);
	assert_int_equal(count_leaves(&m, m.levels, p.root, &tables), leaves);
	assert_int_equal(tables, p.table_pages);
	shown_read(&shown, p.root, mode, arena_window());
	shown_matches_plan(&shown, plan, mode);
	shown_free(&shown);
	return p;
}

/* --- tests: plans of machines
 * ---------------------------------------------------------------------- */

struct machine {
	const char *name;
	unsigned entries;
	struct e820_entry ram[8];
};

static const struct machine machines[] = {
	{ "16 MiB", 1, { { 0, 0x1000000, E820_RAM, 0 } } },
	{ "PC holes", 4,
		{ { 0, 0x9f000, E820_RAM, 0 }, { 0xf0000, 0x100000, E820_RESERVED, 0 },
			{ 0x100000, 0x7ff000, E820_RAM, 0 },
			{ 0x801000, 0x1c00000, E820_RAM, 0 } } },
	{ "islands", 5,
		{ { 0x1000, 0x2000, E820_RAM, 0 }, { 0x3000, 0x4000, E820_RAM, 0 },
			{ 0x3ff000, 0x401000, E820_RAM, 0 }, { 0x600000, 0x801000, E820_RAM, 0 },
			{ 0xfff000, 0x1001000, E820_RAM, 0 } } },
	{ "above 4 GiB", 3,
		{ { 0, 0xa0000, E820_RAM, 0 }, { 0x100000, 0x1fe0000, E820_RAM, 0 },
			{ 0x100000000, 0x101a01000, E820_RAM, 0 } } },
};

static const struct machine big_machines[] = {
	{ "6 GiB", 3,
		{ { 0, 0xa0000, E820_RAM, 0 }, { 0x100000, 0xbffe0000, E820_RAM, 0 },
			{ 0x100000000, 0x1c0000000, E820_RAM, 0 } } },
	{ "1 GiB aligned", 3,
		{ { 0, 0x1000, E820_RAM, 0 }, { 0x40000000, 0x80000000, E820_RAM, 0 },
			{ 0x100000000, 0x240100000, E820_RAM, 0 } } },
	{ "64 GiB", 4,
		{ { 0x1000, 0x9e000, E820_RAM, 0 }, { 0x100000, 0x7f000000, E820_RAM, 0 },
			{ 0x7f001000, 0x7f002000, E820_RAM, 0 },
			{ 0x100000000, 0x1080000000, E820_RAM, 0 } } },
};

static const struct map_special usual_specials[] = {
	{ 0x400000, 0x412000, MAP_EXEC, true, false, false, false },
	{ 0x412000, 0x418000, 0, true, false, false, false },
	{ 0x418000, 0x420000, MAP_WRITE, true, false, false, false },
	{ 0x600000, 0x608000, MAP_WRITE, true, false, false, false },
	{ 0x603000, 0x604000, 0, false, true, false, false },
	{ 0x80000000, 0x80300000, MAP_WRITE | MAP_WC, true, false, false, false },
	{ 0xa0000000, 0xa0001000, MAP_WRITE | MAP_UC, true, false, false, false },
};

static struct limits limits_of(const struct e820 *map)
{
	struct limits limits = { .min_low_pfn = 1 };
	struct pfn_range ram;

	for (uint32_t i = 0; e820_next_ram(map, &i, &ram);) {
		limits.max_pfn = ram.end;
		if (ram.start < pfn_down(ARCH_SPLIT_PHYS))
			limits.max_low_pfn = min_u64(ram.end, pfn_down(ARCH_SPLIT_PHYS));
	}
	limits.highstart_pfn = limits.max_low_pfn;
	limits.highend_pfn = limits.max_pfn;
	return limits;
}

static struct paging check_machine(const struct machine *machine, const struct paging_mode *mode)
{
	struct e820_entry entry[ARRAY_SIZE(machine->ram)];
	struct e820 map = { entry, machine->entries, ARRAY_SIZE(entry) };
	struct map_area area[64];
	struct map_plan plan = { area, 0, ARRAY_SIZE(area) };
	struct address_space space;
	struct limits limits;

	memcpy(entry, machine->ram, sizeof(entry));
	limits = limits_of(&map);
	arch_address_space(&space, &limits, mode);
	assert_int_equal(mapplan_build(&plan, &space, &map, &limits, usual_specials,
				 ARRAY_SIZE(usual_specials)),
		BM_OK);
	assert_true(mapplan_check(&plan, mode));
	return check_plan(&plan, mode);
}

static void machines_in_every_mode(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all_modes); i++)
		for (size_t k = 0; k < ARRAY_SIZE(machines); k++)
			if (mode_here(&all_modes[i]))
				check_machine(&machines[k], &all_modes[i]);
}

static void big_machines_with_large_pages(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all_modes); i++)
		for (size_t k = 0; k < ARRAY_SIZE(big_machines); k++)
			if (mode_here(&all_modes[i]) && all_modes[i].large)
				check_machine(&big_machines[k], &all_modes[i]);
}

/* --- tests: plans by hand
 * -------------------------------------------------------------------------- */

static const struct paging_mode *first_mode(bool large)
{
	for (size_t i = 0; i < ARRAY_SIZE(all_modes); i++)
		if (mode_here(&all_modes[i]) && all_modes[i].large == large)
			return &all_modes[i];
	fail();
	return NULL;
}

/*
 *  virt |..4K|== large ==|4K..|   one page before and after the large ones
 * Expect: the edges get small pages, nothing outside is mapped.
 */
static void edges_get_smaller_pages(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all_modes); i++) {
		const struct paging_mode *mode = &all_modes[i];
		struct map_area area = { 0x3ff000, 0x3ff000, 0xc02000, MAP_WRITE, MAP_IDENTITY };
		struct map_plan plan = { &area, 1, 1 };
		struct page_counts pages = paging_area_pages(&area, mode);

		if (!mode_here(mode) || !mode->large)
			continue;
		check_plan(&plan, mode);
		assert_int_equal(pages.pages_4k, 2);
		assert_int_equal(pages.pages_4m, mode->levels == 2 ? 3 : 0);
		assert_int_equal(pages.pages_2m, mode->levels == 2 ? 0 : 6);
	}
}

/* Expect: addresses that differ modulo a large page are never joined in one. */
static void incongruent_area_gets_small_pages(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all_modes); i++) {
		struct map_area area = { 0x800000, 0x1001000, 0x800000, MAP_WRITE, MAP_IDENTITY };
		struct map_plan plan = { &area, 1, 1 };

		if (!mode_here(&all_modes[i]))
			continue;
		check_plan(&plan, &all_modes[i]);
		assert_int_equal(paging_area_pages(&area, &all_modes[i]).pages_4k, 0x800);
	}
}

/* Expect: an empty plan is a root, all of it clear. */
static void empty_plan_is_a_root(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all_modes); i++) {
		struct map_plan plan = { 0 };

		if (mode_here(&all_modes[i]))
			assert_int_equal(check_plan(&plan, &all_modes[i]).table_pages, 1);
	}
}

static void last_mapped_page_but_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all_modes); i++) {
		uint64_t end = mode_here(&all_modes[i]) && ARCH_HIGHMEM ? UINT64_C(0xfffff000)
									: ~UINT64_C(0xfff);
		struct map_area area = { end - 0x800000, 0x3800000 - 0x1000, 0x800000, 0,
			MAP_DIRECT };
		struct map_plan plan = { &area, 1, 1 };

		if (mode_here(&all_modes[i]))
			check_plan(&plan, &all_modes[i]);
	}
}

/* Physical memory above 4 GiB below 4 GiB of virtual address: PAE can, two levels can't. */
static void two_levels_end_at_4_gib(void **state)
{
	struct map_area area = { 0x800000, UINT64_C(0xffffc000), 0x4000, 0, MAP_IDENTITY };
	struct map_plan plan = { &area, 1, 1 };
	struct paging out;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all_modes); i++) {
		const struct paging_mode *mode = &all_modes[i];
		uint64_t pages;

		if (!mode_here(mode))
			continue;
		area.bytes = 0x4000;
		check_plan(&plan, mode);
		area.bytes = 0x5000;
		pages = paging_table_pages(&plan, mode);
		if (mode->levels > 2)
			check_plan(&plan, mode);
		else
			assert_int_equal(
				paging_build(&out, &plan, mode, TABLES_PHYS, pages, arena_window()),
				BM_INVALID);
	}
}

static void refuses_what_does_not_fit(void **state)
{
	const struct paging_mode *mode = first_mode(true);
	struct map_area area[] = { { 0x800000, 0x800000, 0x1000, MAP_WRITE, MAP_IDENTITY },
		{ 0x900000, 0x800000, 0x1000, MAP_EXEC, MAP_IDENTITY } };
	struct map_plan plan = { area, 1, 2 };
	uint64_t pages = paging_table_pages(&plan, mode);
	phys_t end = arch_tables_end(mode);
	struct window w = arena_window();
	struct paging out, before;

	(void)state;
	memset(&out, PAD, sizeof(out));
	before = out;
	memset(arena, PAD, (size_t)(pages + 2) * PAGE_SIZE);
	assert_int_equal(paging_build(&out, &plan, mode, TABLES_PHYS, pages - 1, w), BM_INVALID);
	assert_int_equal(paging_build(&out, &plan, mode, TABLES_PHYS, pages + 1, w), BM_INVALID);
	assert_int_equal(paging_build(&out, &plan, mode, TABLES_PHYS + 8, pages, w), BM_INVALID);
	assert_int_equal(paging_build(&out, &plan, mode, end, pages, w), BM_INVALID);
	assert_int_equal(paging_build(&out, &plan, mode, end - PAGE_SIZE, pages, w), BM_INVALID);
	assert_int_equal(paging_build(&out, &plan, mode, end + PAGE_SIZE, pages, w), BM_INVALID);
	plan.count = 2; /* writable and executable */
	assert_int_equal(
		paging_build(&out, &plan, mode, TABLES_PHYS, paging_table_pages(&plan, mode), w),
		BM_INVALID);
	assert_memory_equal(&out, &before, sizeof(out));
	for (uint64_t i = 0; i < pages + 2; i++)
		assert_padding(arena + i * PAGE_SIZE);
}

/* The entry of a level on the only path there is: its tables lie in the order of their levels. */
static unsigned char *path_entry(const struct model *m, unsigned level, uint64_t virt)
{
	unsigned char *table = arena + PAGE_SIZE + (m->levels - level) * PAGE_SIZE;

	return table + ((virt >> m->shift[level]) & (m->entries[level] - 1)) * m->entry_bytes;
}

/* Expect: any table above the leaf can take rights away, as in the CPU. */
static void lookup_combines_levels(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all_modes); i++) {
		struct map_area area = { 0x800000, 0x800000, 0x1000, MAP_WRITE, MAP_IDENTITY };
		struct map_plan plan = { &area, 1, 1 };
		struct model m = model_of(&all_modes[i]);
		struct paging p;
		struct paging_leaf leaf;

		if (!mode_here(&all_modes[i]))
			continue;
		p = check_plan(&plan, &all_modes[i]);
		for (unsigned l = m.levels == 3 ? 2 : m.levels; l >= 2; l--) {
			unsigned char *entry = path_entry(&m, l, area.virt);

			assert_int_equal(*entry & 3, 3);
			*entry &= (unsigned char)~2u; /* read-only */
			assert_true(paging_lookup(&p, arena_window(), area.virt, &leaf));
			assert_int_equal(leaf.rights & MAP_WRITE, 0);
			*entry &= (unsigned char)~1u; /* not present */
			assert_false(paging_lookup(&p, arena_window(), area.virt, &leaf));
			*entry |= 3;
		}
	}
}

/* What the model can't see because the walk never asks for it. */
static void entries_and_limits_of_each_mode(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all_modes); i++) {
		const struct paging_mode *mode = &all_modes[i];
		struct model m = model_of(mode);
		unsigned bits = mode->levels < 4 ? 32 : 11 + 9 * mode->levels;

		if (!mode_here(mode))
			continue;
		for (unsigned l = 1; l <= mode->levels; l++) {
			assert_int_equal(arch_level_shift(mode, l), m.shift[l]);
			assert_int_equal(UINT64_C(1) << arch_level_bits(mode, l), m.entries[l]);
		}
		assert_true(arch_virt_canonical(mode, (UINT64_C(1) << bits) - 1));
		assert_false(arch_virt_canonical(mode, UINT64_C(1) << bits));
		assert_int_equal(arch_virt_canonical(mode, UINT64_MAX), mode->levels >= 4);
		assert_true(arch_tables_end(mode) ==
			    (mode->levels >= 4 ? arch_phys_end(mode) : 4 * GIB));
		assert_int_equal(arch_phys_end(mode),
			mode->levels == 2 ? 4 * GIB : UINT64_C(1) << mode->phys_bits);
		if (mode->levels == 2)
			assert_int_equal(arch_leaf_entry(mode, 1, 0x1000, 0) >> 32, 0);
	}
}

/*
 * Where i386 shows devices at or above PAGE_OFFSET: the framebuffer at the end of vmalloc, the serial port at the start of
 * the fixmap. Each leaves half of what there is, and a kernel its place. x86_64 shows them where they are.
 */
static void devices_get_a_place_or_none(void **state)
{
	const struct paging_mode mode = {
		.levels = ARCH_HIGHMEM ? 2 : 4, .large = true, .phys_bits = 32
	};
	const struct limits limits = { .max_low_pfn = pfn_down(512 * MIB),
		.max_pfn = pfn_down(512 * MIB) };
	struct address_space space, with_kernel;
	uint64_t vmalloc;

	(void)state;
	arch_address_space(&space, &limits, &mode);
	vmalloc = space.vmalloc_end - space.vmalloc_start;
	assert_int_equal(arch_place_screen(&space, 0xe0000000, 0xe0300000), ARCH_HIGHMEM);
	assert_int_equal(arch_place_serial(&space, 0xf0000000, 0xf0001000), ARCH_HIGHMEM);
	if (!ARCH_HIGHMEM)
		return;
	assert_true(
		space.screen.end <= ARCH_VMALLOC_END && space.vmalloc_end <= space.screen.start);
	assert_true(
		space.serial.start == ARCH_FIXMAP_START && space.fixmap_start == space.serial.end);
	arch_address_space(&space, &limits, &mode);
	assert_false(arch_place_screen(
		&space, 0xc0000000, 0xc0000000 + align_up(vmalloc / 2 + 1, 4 * MIB)));
	assert_false(arch_place_serial(&space, 0xf0000000,
		0xf0000000 + align_up((ARCH_FIXMAP_END - ARCH_FIXMAP_START) / 2 + 1, PAGE_SIZE)));
	/* a kernel in the middle leaves room behind it, one at the end does not */
	with_kernel = space;
	assert_true(arch_place_kernel(&with_kernel, 0xf0000000, 0xf0100000, 0xf0000000));
	assert_true(arch_place_screen(&with_kernel, 0xe0000000, 0xe0300000));
	assert_true(
		with_kernel.screen.start >= 0xf0100000 && with_kernel.vmalloc_end <= 0xf0000000);
	/* no table of the vmalloc area is also the kernel's */
	with_kernel = space;
	assert_true(arch_place_kernel(&with_kernel, 0xf03ff000, 0xf0500000, 0xf0000000));
	assert_int_equal(with_kernel.vmalloc_end, 0xf0000000);
	with_kernel = space;
	assert_true(arch_place_kernel(
		&with_kernel, ARCH_VMALLOC_END - MIB, ARCH_VMALLOC_END, 0xf0000000));
	assert_false(arch_place_screen(&with_kernel, 0xe0000000, 0xe0300000));
}

static void lookup_refuses_other_addresses(void **state)
{
	struct paging_leaf leaf;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all_modes); i++) {
		const struct paging_mode *mode = &all_modes[i];
		unsigned bits = mode->levels < 4 ? 32 : 12 + 9 * mode->levels;
		struct map_area area = { 0x1000, 0x1000, 0x1000, MAP_WRITE, MAP_IDENTITY };
		struct map_plan plan = { &area, 1, 1 };
		struct paging p;

		if (!mode_here(mode))
			continue;
		p = check_plan(&plan, mode);
		assert_true(paging_lookup(&p, arena_window(), 0x1000, &leaf));
		assert_false(
			paging_lookup(&p, arena_window(), 0x1000 | UINT64_C(1) << bits, &leaf));
	}
}

/* --- tests: random plans
 * ---------------------------------------------------------------------------- */

static const uint32_t some_rights[] = { 0, MAP_WRITE, MAP_WRITE, MAP_EXEC, MAP_WRITE | MAP_UC,
	MAP_WC };

/* A step that is often a multiple of a page size, so that edges meet every boundary. */
static uint64_t random_step(uint64_t *seed, uint64_t limit)
{
	static const unsigned shift[] = { 12, 12, 12, 16, 21, 22, 30 };
	uint64_t unit = UINT64_C(1) << shift[random_below(seed, ARRAY_SIZE(shift))];

	return random_below(seed, 5) * min_u64(unit, limit);
}

/* Ascending areas over disjoint physical pages, often congruent, sometimes not. */
static void random_plan(struct map_plan *plan, uint64_t *seed, const struct paging_mode *mode)
{
	uint64_t limit = mode->large ? (mode->huge ? GIB : 64 * MIB) : MIB;
	uint64_t virt = random_below(seed, 2) * (UINT64_C(1) << 22),
		 phys = random_step(seed, limit);
	uint64_t virt_end = mode->levels < 4 ? UINT64_C(0xffffe000) : UINT64_C(1) << 46;
	uint64_t phys_end = arch_phys_end(mode);

	plan->count = 0;
	while (plan->count < plan->capacity) {
		uint64_t gap = random_step(seed, limit);
		uint64_t bytes = random_step(seed, limit) + PAGE_SIZE * random_below(seed, 3);

		virt += gap;
		phys += random_below(seed, 4) ? gap : random_step(seed, limit);
		if (bytes == 0)
			bytes = PAGE_SIZE;
		if (virt + bytes > virt_end || phys + bytes > phys_end)
			break;
		plan->area[plan->count++] = (struct map_area){ virt, phys, bytes,
			some_rights[random_below(seed, ARRAY_SIZE(some_rights))], MAP_IDENTITY };
		virt += bytes;
		phys += bytes;
	}
}

static void random_plans(void **state)
{
	uint64_t seed = 1;
	struct map_area area[12];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all_modes); i++)
		for (unsigned round = 0; round < 60 && mode_here(&all_modes[i]); round++) {
			struct map_plan plan = { area, 0,
				1 + (uint32_t)random_below(&seed, ARRAY_SIZE(area)) };

			random_plan(&plan, &seed, &all_modes[i]);
			while (paging_table_pages(&plan, &all_modes[i]) > 200)
				plan.count--; /* large areas that allow only small pages */
			check_plan(&plan, &all_modes[i]);
		}
}

/* --- tests: tables without pages
 * ---------------------------------------------------------------------- */

static uint64_t tables_only(
	const struct paging_mode *mode, uint64_t start, uint64_t end, enum map_kind kind)
{
	struct map_area area = { start, 0, end - start, MAP_TABLES, kind };
	struct map_plan plan = { &area, 1, 1 };

	return check_plan(&plan, mode).table_pages;
}

/* Expect: fixmap and pkmap reach down to the lowest level, vmalloc to what address spaces share. */
static void table_only_areas(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all_modes); i++) {
		const struct paging_mode *mode = &all_modes[i];
		struct limits limits = { 1, 0x10000, 0x10000, 0x10000, 0x10000 };
		struct address_space s;

		if (!mode_here(mode))
			continue;
		arch_address_space(&s, &limits, mode);
		assert_int_equal(
			tables_only(mode, s.fixmap_start, s.fixmap_end, MAP_FIXMAP), mode->levels);
		assert_int_equal(tables_only(mode, s.vmalloc_start, s.vmalloc_end, MAP_VMALLOC),
			mode->levels == 2 ? 1 : 2);
		if (s.pkmap_start != s.pkmap_end)
			assert_int_equal(tables_only(mode, s.pkmap_start, s.pkmap_end, MAP_PKMAP),
				mode->levels);
	}
}

/* --- tests: cost ---------------------------------------------------------------------------------
 */

/* Numbers worked out by hand, too large to build here; counting does not look at every page. */
static void counts_what_is_too_large_to_build(void **state)
{
	static const struct {
		struct paging_mode mode;
		uint64_t virt, bytes, pages;
	} known[] = {
		{ { 4, true, false, false, false, 46 }, UINT64_C(0xffff888000000000), TIB,
			1 + 2 + 1024 + 512 * 1024 },
		{ { 4, true, true, false, false, 46 }, UINT64_C(0xffff888000000000), TIB,
			1 + 2 + 1024 },
		{ { 4, true, true, true, false, 46 }, UINT64_C(0xffff888000000000), TIB, 1 + 2 },
		{ { 5, true, true, true, false, 52 }, UINT64_C(0xff11000000000000), 2 * TIB,
			1 + 1 + 4 },
		{ { 3, true, false, false, false, 36 }, 0, 3 * GIB, 1 + 3 + 1536 },
		{ { 3, true, true, false, false, 36 }, 0, 3 * GIB, 1 + 3 },
		{ { 2, false, false, false, false, 32 }, 0, 3 * GIB, 1 + 768 },
		{ { 2, false, true, false, false, 32 }, 0, 3 * GIB, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		struct map_area area = { known[i].virt, 0, known[i].bytes, MAP_WRITE, MAP_DIRECT };
		struct map_plan plan = { &area, 1, 1 };

		if (mode_here(&known[i].mode))
			assert_int_equal(paging_table_pages(&plan, &known[i].mode), known[i].pages);
	}
}

static void put_small_page(
	const struct paging_mode *mode, unsigned index, phys_t phys, uint32_t rights)
{
	unsigned char *table = arena + PAGE_SIZE;
	uint64_t entry = arch_leaf_entry(mode, 1, phys, rights);
	size_t bytes = model_of(mode).entry_bytes;

	memcpy(table + index * bytes, &entry, bytes);
}

/* Pages in a row over two tables, but for one with other rights and one that is there twice. */
static void a_series_ends_where_bits_differ(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all_modes); i++) {
		const struct paging_mode *mode = &all_modes[i];
		unsigned entries = (unsigned)(PAGE_SIZE / model_of(mode).entry_bytes);

		if (!mode_here(mode))
			continue;
		for (unsigned e = 0; e < 2 * entries; e++)
			put_small_page(mode, e, pfn_phys(e), e == 100 ? 0 : MAP_WRITE);
		put_small_page(mode, 200, pfn_phys(199), MAP_WRITE);
		for (unsigned e = 0; e < entries; e++) {
			unsigned end = e < 100    ? 100
				       : e == 100 ? 101
				       : e < 200  ? 200
				       : e == 200 ? 201
						  : entries;

			assert_int_equal(
				paging_series(mode, arena_window(), TABLES_PHYS, 1, e), end - e);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(machines_in_every_mode),
		cmocka_unit_test(big_machines_with_large_pages),
		cmocka_unit_test(edges_get_smaller_pages),
		cmocka_unit_test(incongruent_area_gets_small_pages),
		cmocka_unit_test(empty_plan_is_a_root),
		cmocka_unit_test(last_mapped_page_but_one),
		cmocka_unit_test(two_levels_end_at_4_gib),
		cmocka_unit_test(refuses_what_does_not_fit),
		cmocka_unit_test(lookup_combines_levels),
		cmocka_unit_test(entries_and_limits_of_each_mode),
		cmocka_unit_test(devices_get_a_place_or_none),
		cmocka_unit_test(lookup_refuses_other_addresses),
		cmocka_unit_test(random_plans),
		cmocka_unit_test(table_only_areas),
		cmocka_unit_test(counts_what_is_too_large_to_build),
		cmocka_unit_test(a_series_ends_where_bits_differ),
	};

	return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}

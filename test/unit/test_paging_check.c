/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checker of finished tables: it accepts what the builder makes of machines in every mode, and
 * nothing that differs from it in a single bit or entry. Mutations are counted; there are no equivalent ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/paging.h>

#include "paging_modes.h"

#define TABLES_PHYS UINT64_C(0x00a00000)
#define MAX_TABLES  511u

/* --- a machine, its tables and its rules ----------------------------------------------------------- */

static unsigned char *arena;

static int arena_setup(void **state)
{
	(void)state;
	arena = aligned_alloc(PAGE_SIZE, (MAX_TABLES + 1) * PAGE_SIZE);
	if (arena == NULL)
		return -1;
	memset(arena, 0,
		(MAX_TABLES + 1) * PAGE_SIZE); /* one more: entries are compared with the next */
	return 0;
}

static int arena_teardown(void **state)
{
	(void)state;
	free(arena);
	return 0;
}

static struct window arena_window(void)
{
	return (struct window){ (uintptr_t)arena - (uintptr_t)TABLES_PHYS };
}

/*
 *   RAM     |0..9f|  |1M==========16M|hole|24M=====40M|     |4G=4G+2M|
 *   special   text rodata data, a stack with its guard, a framebuffer, registers, bad RAM
 */
static const struct e820_entry ram[] = {
	{ 0, 0x9f000, E820_RAM, 0 },
	{ 0xf0000, 0x100000, E820_RESERVED, 0 },
	{ 0x100000, 0x1000000, E820_RAM, 0 },
	{ 0x1000000, 0x1002000, E820_ACPI, 0 },
	{ 0x1800000, 0x2800000, E820_RAM, 0 },
	{ 0x100000000, 0x100200000, E820_RAM, 0 },
};

static const struct map_special specials[] = {
	{ 0x400000, 0x404000, MAP_EXEC, true, false, false, false },
	{ 0x404000, 0x406000, 0, true, false, false, false },
	{ 0x406000, 0x40a000, MAP_WRITE, true, false, false, false },
	{ 0x600000, 0x606000, MAP_WRITE, true, false, false, false },
	{ 0x602000, 0x603000, 0, false, true, false, false },
	{ 0x80000000, 0x80400000, MAP_WRITE | MAP_WC, true, false, false, false },
	{ 0xa0000000, 0xa0001000, MAP_WRITE | MAP_UC, true, false, false, false },
	{ 0x700000, 0x701000, 0, false, false, false, true },
};

struct world {
	struct paging_mode mode;
	struct e820_entry entry[8];
	struct e820 map;
	struct limits limits;
	struct address_space space;
	struct map_special special[ARRAY_SIZE(specials)];
	struct map_area area[64];
	struct map_plan plan;
	struct paging paging;
	struct paging_rules rules;
};

static struct world w;

static void world_init(const struct paging_mode *mode)
{
	memset(&w, 0, sizeof(w));
	w.mode = *mode;
	memcpy(w.entry, ram, sizeof(ram));
	w.map = (struct e820){ w.entry, ARRAY_SIZE(ram), ARRAY_SIZE(w.entry) };
	if (mode->levels == 2)
		w.map.count--; /* out of reach */
	w.limits.min_low_pfn = 1;
	w.limits.max_low_pfn = 0x2800;
	w.limits.max_pfn = pfn_down(w.entry[w.map.count - 1].end);
	memcpy(w.special, specials, sizeof(specials));
	w.plan = (struct map_plan){ w.area, 0, ARRAY_SIZE(w.area) };
	arch_address_space(&w.space, &w.limits, &w.mode);
	w.rules = (struct paging_rules){ &w.space, &w.map, &w.limits, w.special,
		ARRAY_SIZE(w.special) };
}

static void world_build(void)
{
	uint64_t pages;

	assert_int_equal(mapplan_build(&w.plan, &w.space, &w.map, &w.limits, w.special,
				 ARRAY_SIZE(w.special)),
		BM_OK);
	pages = paging_table_pages(&w.plan, &w.mode);
	assert_true(pages <= MAX_TABLES);
	assert_int_equal(
		paging_build(&w.paging, &w.plan, &w.mode, TABLES_PHYS, pages, arena_window()),
		BM_OK);
}

static struct paging_violation check(void)
{
	return paging_check(&w.paging, arena_window(), &w.rules);
}

static void assert_sound(void)
{
	struct paging_violation v = check();

	if (v.fault != PAGING_SOUND)
		fail_msg("%u levels: %s at %llx, physical %llx", w.mode.levels,
			paging_fault_text(v.fault), (unsigned long long)v.virt,
			(unsigned long long)v.phys);
}

static void assert_violation(enum paging_fault fault, uint64_t virt, phys_t phys)
{
	struct paging_violation v = check();

	assert_string_equal(paging_fault_text(v.fault), paging_fault_text(fault));
	assert_int_equal(v.virt, virt);
	assert_int_equal(v.phys, phys);
}

static void for_each_mode(void (*test)(void))
{
	for (size_t i = 0; i < ARRAY_SIZE(all_modes); i++) {
		if (!mode_here(&all_modes[i]))
			continue;
		world_init(&all_modes[i]);
		world_build();
		test();
	}
}

/* --- what the builder makes is sound ------------------------------------------------------------------- */

static void accepts_what_is_built(void **state)
{
	(void)state;
	for_each_mode(assert_sound);
}

/* --- every single mutation ---------------------------------------------------------------------------- */

static unsigned entry_bytes(void)
{
	return w.mode.levels == 2 ? 4 : 8;
}

static uint64_t mutations;

static uint64_t entry_at(uint64_t index)
{
	uint64_t entry = 0;

	memcpy(&entry, arena + index * entry_bytes(), entry_bytes());
	return entry;
}

/* Inside a series of like entries each is as good as another: those are sampled. */
static bool worth_mutating(uint64_t index)
{
	uint64_t step = entry_at(index + 1) - entry_at(index);

	return index == 0 || index % 61 == 0 || entry_at(index) - entry_at(index - 1) != step;
}

/* Each bit of an entry, and the entry cleared. */
static void flip_bits(uint64_t index)
{
	unsigned char *entry = arena + index * entry_bytes();

	for (unsigned bit = 0; bit < 8 * entry_bytes(); bit++) {
		entry[bit / 8] ^= (unsigned char)(1u << bit % 8);
		if (check().fault == PAGING_SOUND)
			fail_msg("%u levels: bit %u of entry %llu is not seen", w.mode.levels, bit,
				(unsigned long long)index);
		entry[bit / 8] ^= (unsigned char)(1u << bit % 8);
		mutations++;
	}
}

static void flip_every_bit(void)
{
	uint64_t entries = w.paging.table_pages * PAGE_SIZE / entry_bytes();

	for (uint64_t index = 0; index < entries; index++)
		if (worth_mutating(index))
			flip_bits(index);
	assert_sound();
}

static void sees_every_flipped_bit(void **state)
{
	(void)state;
	mutations = 0;
	for_each_mode(flip_every_bit);
	print_message("%llu mutations\n", (unsigned long long)mutations);
	assert_true(mutations > 20000);
}

/* One entry written over another one: cleared, doubled, a table met twice. */
static void copy_entry(uint64_t to, uint64_t from)
{
	unsigned size = entry_bytes();
	unsigned char old[8];

	if (entry_at(from) == entry_at(to))
		return;
	memcpy(old, arena + to * size, size);
	memcpy(arena + to * size, arena + from * size, size);
	assert_int_not_equal(check().fault, PAGING_SOUND);
	memcpy(arena + to * size, old, size);
	mutations++;
}

static void copy_entries(void)
{
	uint64_t entries = w.paging.table_pages * PAGE_SIZE / entry_bytes();

	for (uint64_t to = 0; to < entries; to++)
		for (uint64_t from = to % 23; from < entries && worth_mutating(to); from += 23)
			if (worth_mutating(from))
				copy_entry(to, from);
	assert_sound();
}

static void sees_every_copied_entry(void **state)
{
	(void)state;
	mutations = 0;
	for_each_mode(copy_entries);
	print_message("%llu mutations\n", (unsigned long long)mutations);
	assert_true(mutations > 3000);
}

/* --- each fault by its name ---------------------------------------------------------------------------- */

static void rebuild_with(const struct map_special *special, size_t i)
{
	struct map_special kept = w.special[i];

	w.special[i] = *special;
	world_build();
	w.special[i] = kept;
}

static bool has_nx(void)
{
	return w.mode.nx && w.mode.levels > 2;
}

/* Tables built from rules that differ in one special; the checker has the right ones. */
static void names_what_is_wrong(void)
{
	uint64_t direct = w.space.direct_base;

	rebuild_with(
		&(struct map_special){ 0x401000, 0x404000, MAP_EXEC, true, false, false, false },
		0);
	assert_violation(PAGING_MISSING, 0x400000, 0x400000);
	rebuild_with(
		&(struct map_special){ 0x3ff000, 0x404000, MAP_EXEC, true, false, false, false },
		0);
	assert_violation(PAGING_UNWANTED, 0x3ff000, 0x3ff000);
	rebuild_with(
		&(struct map_special){ 0x404000, 0x406000, MAP_WRITE, true, false, false, false },
		1);
	assert_violation(PAGING_RIGHTS, 0x404000, 0x404000);
	rebuild_with(
		&(struct map_special){ 0x400000, 0x404000, MAP_WRITE, true, false, false, false },
		0);
	assert_violation(PAGING_RIGHTS, 0x400000, 0x400000);
	rebuild_with(
		&(struct map_special){ 0x406000, 0x40a000, MAP_EXEC, true, false, false, false },
		2);
	assert_violation(has_nx() ? PAGING_WRITE_EXEC : PAGING_RIGHTS, 0x406000, 0x406000);
	rebuild_with(&(struct map_special){ 0x700000, 0x700000, 0, false, false, false, true }, 7);
	assert_violation(PAGING_UNWANTED, direct + 0x700000, 0x700000);
	rebuild_with(&(struct map_special){ 0x700000, 0x702000, 0, false, false, false, true }, 7);
	assert_violation(PAGING_MISSING, direct + 0x701000, 0x701000);
	rebuild_with(&(struct map_special){ 0x80000000, 0x80400000, MAP_WRITE | MAP_UC, true, false,
			     false, false },
		5);
	assert_violation(PAGING_MEMORY_TYPE, 0x80000000, 0x80000000);
}

static void names_each_fault(void **state)
{
	(void)state;
	for_each_mode(names_what_is_wrong);
}

/* A page of RAM written as code: visible only where the CPU can tell. */
static void names_write_and_execute(void)
{
	uint64_t virt = w.space.direct_base + 0x406000;

	assert_true(
		paging_set_page(&w.paging, arena_window(), virt, 0x406000, MAP_WRITE | MAP_EXEC));
	if (has_nx())
		assert_violation(PAGING_WRITE_EXEC, virt, 0x406000);
	else
		assert_sound();
	assert_true(paging_set_page(&w.paging, arena_window(), virt - 0x4000, 0x402000, MAP_WRITE));
	assert_violation(has_nx() ? PAGING_WRITE_EXEC : PAGING_RIGHTS, virt - 0x4000, 0x402000);
}

static void names_aliases_that_clash(void **state)
{
	(void)state;
	for_each_mode(names_write_and_execute);
}

static void names_pages_elsewhere(void)
{
	uint64_t virt = w.space.fixmap_start + 3 * PAGE_SIZE;

	assert_true(paging_set_page(&w.paging, arena_window(), virt, 0x300000, 0));
	assert_violation(PAGING_UNWANTED, virt, 0x300000);
	assert_true(paging_clear_page(&w.paging, arena_window(), virt));
	assert_sound();
	assert_true(paging_set_page(
		&w.paging, arena_window(), w.space.direct_base + 0x402000, 0x403000, 0));
	assert_violation(PAGING_ADDRESS, w.space.direct_base + 0x402000, 0x403000);
}

static void sees_pages_in_other_areas(void **state)
{
	(void)state;
	for_each_mode(names_pages_elsewhere);
}

/* The rules change, the tables do not: RAM that came or went since they were built. */
static void other_ram(void)
{
	uint64_t direct = w.space.direct_base;

	w.entry[4].start += PAGE_SIZE;
	assert_violation(PAGING_UNWANTED, direct + 0x1800000, 0x1800000);
	w.entry[4].start -= 2 * PAGE_SIZE;
	assert_violation(PAGING_MISSING, direct + 0x17ff000, 0x17ff000);
	w.entry[4].start += PAGE_SIZE;
	w.entry[0].end += PAGE_SIZE;
	assert_violation(PAGING_MISSING, direct + 0x9f000, 0x9f000);
}

static void sees_other_ram(void **state)
{
	(void)state;
	for_each_mode(other_ram);
}

/* RAM behind the last that the tables show: nothing comes after it in the direct map that would show the gap. */
static void more_ram(void)
{
	struct e820_entry *last = &w.entry[w.map.count - 1];

	if (w.space.direct_bytes < last->end)
		last = &w.entry[4]; /* low memory ends with it */
	last->end -= PAGE_SIZE;
	world_build();
	last->end += PAGE_SIZE;
	assert_violation(
		PAGING_MISSING, w.space.direct_base + last->end - PAGE_SIZE, last->end - PAGE_SIZE);
}

static void sees_more_ram_at_the_end(void **state)
{
	(void)state;
	for_each_mode(more_ram);
}

/*
 * A kernel of two pages and one that nobody may touch, at the end of its view.
 *
 * Expect its pages where they are linked, the guard nowhere, and each page that is missed named where it should be.
 */
static void kernel_with_a_guard(void)
{
	const uint64_t virt = w.space.vmalloc_end - 4 * MIB, phys = 0x900000;
	struct map_special kept[2] = { w.special[5], w.special[6] };

	if (w.mode.levels > 3)
		assert_true(arch_place_kernel(&w.space, ARCH_FIXMAP_START - 8 * MIB,
			ARCH_FIXMAP_START - 8 * MIB + 0x3000, ARCH_FIXMAP_START - 8 * MIB - phys));
	else
		assert_true(arch_place_kernel(&w.space, virt, virt + 0x3000, virt - phys));
	w.special[5] =
		(struct map_special){ phys, phys + 0x3000, MAP_WRITE, false, false, true, false };
	w.special[6] =
		(struct map_special){ phys + 0x1000, phys + 0x2000, 0, false, true, false, false };
	world_build();
	assert_sound();
	assert_true(paging_clear_page(&w.paging, arena_window(), w.space.kernel_start + 0x2000));
	assert_violation(PAGING_MISSING, w.space.kernel_start + 0x2000, phys + 0x2000);
	w.special[5] = kept[0];
	w.special[6] = kept[1];
}

static void sees_all_of_a_kernel(void **state)
{
	(void)state;
	for_each_mode(kernel_with_a_guard);
}

/*
 * A kernel linked where it is, and pages with an identity mapping before and behind it: one row of entries in two views.
 *
 * Expect each to be held against the rules of its own view.
 */
static void kernel_amid_identity(void)
{
	const uint64_t at = 0x900000;
	struct map_special kept[2] = { w.special[5], w.special[6] };

	assert_true(arch_place_kernel(&w.space, at, at + 0x3000, 0));
	w.special[5] =
		(struct map_special){ at, at + 0x3000, MAP_WRITE, false, false, true, false };
	for (unsigned behind = 0; behind < 2; behind++) {
		uint64_t beside = behind ? at + 0x3000 : at - 0x2000;

		w.special[6] = (struct map_special){ beside, beside + 0x2000, MAP_WRITE, true,
			false, false, false };
		world_build();
		assert_sound();
		assert_true(paging_clear_page(&w.paging, arena_window(), beside));
		assert_violation(PAGING_MISSING, beside, beside);
	}
	w.special[5] = kept[0];
	w.special[6] = kept[1];
}

static void sees_where_views_meet(void **state)
{
	(void)state;
	for_each_mode(kernel_amid_identity);
}

/* The same of i386's views of devices that lie above its identity part: their last page. */
static void devices_above(void)
{
	const phys_t screen = 0xe0000000, serial = 0xf0000000;

	if (!ARCH_HIGHMEM)
		return;
	assert_true(arch_place_screen(&w.space, screen, screen + 0x3000));
	assert_true(arch_place_serial(&w.space, serial, serial + 0x2000));
	w.special[5] = (struct map_special){ screen, screen + 0x3000, MAP_WRITE | MAP_WC, false,
		false, true, false };
	w.special[6] = (struct map_special){ serial, serial + 0x2000, MAP_WRITE | MAP_UC, false,
		false, true, false };
	world_build();
	assert_sound();
	assert_true(paging_clear_page(&w.paging, arena_window(), w.space.serial.start + 0x1000));
	assert_violation(PAGING_MISSING, w.space.serial.start + 0x1000, serial + 0x1000);
	world_build();
	assert_true(paging_clear_page(&w.paging, arena_window(), w.space.screen.start + 0x2000));
	assert_violation(PAGING_MISSING, w.space.screen.start + 0x2000, screen + 0x2000);
	w.special[5].guard = w.special[6].guard = true;
	world_build();
	assert_sound();
}

static void sees_all_of_a_device(void **state)
{
	(void)state;
	for_each_mode(devices_above);
}

/* More, fewer and other table pages than there are. */
static void other_tables(void)
{
	w.paging.table_pages++;
	assert_violation(PAGING_TABLES, 0, TABLES_PHYS + (w.paging.table_pages - 1) * PAGE_SIZE);
	w.paging.table_pages -= 2;
	assert_int_equal(check().fault, PAGING_TABLES);
	w.paging.table_pages++;
	assert_sound();
	w.paging.root += PAGE_SIZE;
	assert_violation(PAGING_TABLES, 0, TABLES_PHYS + PAGE_SIZE);
}

static void sees_other_tables(void **state)
{
	(void)state;
	for_each_mode(other_tables);
}

/* What the processor can't address is no page table entry, though it fits the bits. */
static void narrower_processor(void)
{
	if (w.mode.levels == 2)
		return;
	w.paging.mode.phys_bits = 31;
	assert_violation(PAGING_ENTRY, 0x80000000, 0);
}

static void sees_addresses_beyond_the_cpu(void **state)
{
	(void)state;
	for_each_mode(narrower_processor);
}

/* --- random machines --------------------------------------------------------------------------------- */

static uint64_t random_below(uint64_t *seed, uint64_t end)
{
	uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % end;
}

static void random_ram(uint64_t *seed)
{
	phys_t at = random_below(seed, 3) * PAGE_SIZE;

	w.map.count = 0;
	while (w.map.count < ARRAY_SIZE(w.entry)) {
		uint64_t unit = random_below(seed, 2) ? PAGE_SIZE : 2 * MIB;
		phys_t end = at + (1 + random_below(seed, 9)) * unit;

		w.entry[w.map.count++] = (struct e820_entry){ at, end, E820_RAM, 0 };
		at = end + (1 + random_below(seed, 5)) * unit;
	}
	w.limits.max_pfn = w.limits.max_low_pfn = pfn_down(w.entry[w.map.count - 1].end);
}

static void random_specials(uint64_t *seed)
{
	static const uint32_t rights[] = { 0, MAP_WRITE, MAP_EXEC, MAP_WRITE | MAP_UC, MAP_WC,
		MAP_EXEC | MAP_UC, MAP_WRITE | MAP_WC };

	for (size_t i = 0; i < ARRAY_SIZE(w.special); i++) {
		phys_t start = random_below(seed, w.limits.max_pfn + 64) * PAGE_SIZE;

		w.special[i] = (struct map_special){ start,
			start + random_below(seed, 700) * PAGE_SIZE,
			rights[random_below(seed, ARRAY_SIZE(rights))], random_below(seed, 4) != 0,
			random_below(seed, 6) == 0, false, random_below(seed, 8) == 0 };
	}
}

/* --- as few tables as any --------------------------------------------------------------------------- */

/* What one stretch of the address space shows, and how many tables below it that takes at least. */
struct shape {
	bool empty;
	bool uniform; /* one larger page could show all of it, were it allowed */
	phys_t phys;
	uint32_t rights;
	uint64_t tables;
};

/* Some area with pages that reaches into the stretch, or null. */
static const struct map_area *area_in(uint64_t virt, uint64_t bytes)
{
	for (uint32_t i = 0; i < w.plan.count; i++) {
		const struct map_area *a = &w.plan.area[i];

		if (!(a->rights & MAP_TABLES) && a->virt <= virt + (bytes - 1) &&
			virt <= a->virt + (a->bytes - 1))
			return a;
	}
	return NULL;
}

/* Must there be a table of this level without anything in it? */
static bool table_wanted(unsigned level, uint64_t virt, uint64_t bytes)
{
	const struct address_space *s = &w.space;
	uint64_t last = virt + (bytes - 1);
	bool vmalloc = virt < s->vmalloc_end && s->vmalloc_start <= last;
	bool fixmap = virt < s->fixmap_end && s->fixmap_start <= last;
	bool pkmap = virt < s->pkmap_end && s->pkmap_start <= last;

	return fixmap || pkmap || (vmalloc && w.mode.levels > 2 && level + 1u >= w.mode.levels);
}

/* Large enough for every level of pages; whatever the rights, a shape is read page by page. */
static struct shape shape_of_page(uint64_t virt)
{
	const struct map_area *a = area_in(virt, PAGE_SIZE);

	if (a == NULL)
		return (struct shape){ .empty = true };
	return (struct shape){
		.uniform = true, .phys = a->phys + (virt - a->virt), .rights = a->rights
	};
}

static void add_part(struct shape *whole, const struct shape *part, uint64_t offset)
{
	whole->empty &= part->empty;
	whole->tables += part->tables;
	if (offset == 0) {
		whole->phys = part->phys;
		whole->rights = part->rights;
	}
	whole->uniform &= part->uniform && part->rights == whole->rights &&
			  part->phys == whole->phys + offset;
}

static unsigned highest_page_level(void)
{
	return !w.mode.large ? 1 : w.mode.huge ? 3 : 2;
}

/* The stretch that one entry of a level covers; sign bits are left to the caller. */
static struct shape shape_of(unsigned level, uint64_t virt)
{
	unsigned bits = w.mode.levels == 2 ? 10 : 9;
	unsigned below = 12 + (level - 2) * bits;
	uint64_t bytes = UINT64_C(1) << below << bits;
	struct shape whole = { .empty = true, .uniform = true };

	if (level == 1)
		return shape_of_page(virt);
	if (area_in(virt, bytes) == NULL && !table_wanted(level - 1, virt, bytes))
		return (struct shape){ .empty = true };
	for (uint64_t offset = 0; offset < bytes; offset += UINT64_C(1) << below) {
		struct shape part = shape_of(level - 1, virt + offset);

		add_part(&whole, &part, offset);
	}
	whole.uniform = whole.uniform && !whole.empty && whole.phys % bytes == 0 &&
			level <= highest_page_level();
	if (whole.uniform)
		whole.tables = 0;
	else if (!whole.empty || table_wanted(level - 1, virt, bytes))
		whole.tables++;
	return whole;
}

static uint64_t fewest_tables(void)
{
	unsigned bits = w.mode.levels == 2 ? 10 : 9;
	unsigned shift = 12 + (w.mode.levels - 1) * bits;
	unsigned entries = w.mode.levels == 3 ? 4 : 1u << bits;
	uint64_t tables = 1;

	for (unsigned i = 0; i < entries; i++) {
		uint64_t virt = (uint64_t)i << shift;

		if (w.mode.levels > 3 && i >= entries / 2)
			virt |= UINT64_MAX << (shift + bits);
		tables += shape_of(w.mode.levels, virt).tables;
	}
	return tables;
}

static void uses_no_more_tables(void)
{
	assert_int_equal(w.paging.table_pages, fewest_tables());
}

static void usual_machines_need_no_table_more(void **state)
{
	(void)state;
	for_each_mode(uses_no_more_tables);
}

/* Two independent readings of the same rules agree, and no table could be saved. */
static void accepts_random_machines(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all_modes); i++)
		for (unsigned round = 0; round < 20 && mode_here(&all_modes[i]); round++) {
			world_init(&all_modes[i]);
			random_ram(&seed);
			random_specials(&seed);
			arch_address_space(&w.space, &w.limits, &w.mode);
			world_build();
			assert_sound();
			uses_no_more_tables();
		}
}

static void faults_have_texts(void **state)
{
	(void)state;
	for (unsigned fault = 0; fault < PAGING_FAULTS; fault++)
		assert_string_not_equal(paging_fault_text((enum paging_fault)fault), "?");
	assert_string_equal(paging_fault_text(PAGING_FAULTS), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_what_is_built),
		cmocka_unit_test(sees_every_flipped_bit),
		cmocka_unit_test(sees_every_copied_entry),
		cmocka_unit_test(names_each_fault),
		cmocka_unit_test(names_aliases_that_clash),
		cmocka_unit_test(sees_pages_in_other_areas),
		cmocka_unit_test(sees_other_ram),
		cmocka_unit_test(sees_more_ram_at_the_end),
		cmocka_unit_test(sees_all_of_a_kernel),
		cmocka_unit_test(sees_where_views_meet),
		cmocka_unit_test(sees_all_of_a_device),
		cmocka_unit_test(sees_other_tables),
		cmocka_unit_test(sees_addresses_beyond_the_cpu),
		cmocka_unit_test(usual_machines_need_no_table_more),
		cmocka_unit_test(accepts_random_machines),
		cmocka_unit_test(faults_have_texts),
	};

	return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}

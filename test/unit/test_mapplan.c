/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plan against a model that looks at one page at a time, and the checker against plans that are
 * wrong in one way each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/paging.h>

#define MODEL_PAGES 256u
#define MAX_AREAS   512u
#define LEVELS      (ARCH_HIGHMEM ? 3 : 4)

static const struct paging_mode mode = {
	.levels = LEVELS, .nx = true, .large = true, .phys_bits = 40
};

static uint64_t random_below(uint64_t *seed, uint64_t end)
{
	uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % end;
}

/* A machine, its specials and the plan for it. */
struct world {
	struct e820_entry entry[16];
	struct e820 map;
	struct map_special special[16];
	uint32_t specials;
	struct limits limits;
	struct address_space space;
	struct map_area area[MAX_AREAS];
	struct map_plan plan;
};

static struct world w;

static void world_init(void)
{
	memset(&w, 0, sizeof(w));
	w.map = (struct e820){ w.entry, 0, ARRAY_SIZE(w.entry) };
	w.plan = (struct map_plan){ w.area, 0, MAX_AREAS };
}

static void add_ram(phys_t start, phys_t end)
{
	w.entry[w.map.count++] = (struct e820_entry){ start, end, E820_RAM, 0 };
	w.limits.max_pfn = pfn_down(end);
	if (start < ARCH_SPLIT_PHYS)
		w.limits.max_low_pfn = pfn_down(min_u64(end, ARCH_SPLIT_PHYS));
}

static void add_special(phys_t start, phys_t end, uint32_t rights)
{
	w.special[w.specials++] =
		(struct map_special){ start, end, rights, true, false, false, false };
}

static void add_guard(phys_t start, phys_t end)
{
	w.special[w.specials++] = (struct map_special){ start, end, 0, false, true, false, false };
}

static enum bm_error build_plan(void)
{
	arch_address_space(&w.space, &w.limits, &mode);
	return mapplan_build(&w.plan, &w.space, &w.map, &w.limits, w.special, w.specials);
}

/* The area that shows a physical page in one of the two ways, or null. */
static const struct map_area *view(enum map_kind kind, phys_t phys)
{
	for (uint32_t i = 0; i < w.plan.count; i++) {
		const struct map_area *a = &w.plan.area[i];

		if (a->kind == (uint32_t)kind && phys - a->phys < a->bytes)
			return a;
	}
	return NULL;
}

static void assert_view(enum map_kind kind, phys_t phys, uint32_t rights)
{
	const struct map_area *a = view(kind, phys);
	uint64_t base = kind == MAP_DIRECT ? w.space.direct_base : 0;

	assert_non_null(a);
	assert_int_equal(a->rights, rights);
	assert_int_equal(a->virt + (phys - a->phys), base + phys);
}

/* --- shapes
 * ---------------------------------------------------------------------------------------- */

/*
 *   RAM  |0====================16M|
 * Expect: one direct area from page 1 on, and the table-only areas.
 */
static void plain_ram_is_one_area(void **state)
{
	(void)state;
	world_init();
	add_ram(0, 0x1000000);
	assert_int_equal(build_plan(), BM_OK);
	assert_int_equal(w.plan.count, ARCH_HIGHMEM ? 4 : 3);
	assert_int_equal(w.area[0].virt, ARCH_DIRECT_BASE + PAGE_SIZE);
	assert_int_equal(w.area[0].phys, PAGE_SIZE);
	assert_int_equal(w.area[0].bytes, 0x1000000 - PAGE_SIZE);
	assert_int_equal(w.area[0].rights, MAP_WRITE);
	assert_int_equal(w.area[1].kind, MAP_VMALLOC);
	assert_int_equal(w.area[1].rights, MAP_TABLES);
	assert_int_equal(w.area[w.plan.count - 1].kind, MAP_FIXMAP);
	if (ARCH_HIGHMEM)
		assert_int_equal(w.area[2].kind, MAP_PKMAP);
	assert_true(mapplan_check(&w.plan, &mode));
}

/*
 *   RAM    |==========================|
 *   image      |text|rodata|data|
 *   cpu                            |stack|guard|stack|
 */
static void parts_of_an_image(void **state)
{
	(void)state;
	world_init();
	add_ram(0, 0x1000000);
	add_special(0x400000, 0x410000, MAP_EXEC);
	add_special(0x410000, 0x418000, 0);
	add_special(0x418000, 0x420000, MAP_WRITE);
	add_special(0x500000, 0x503000, MAP_WRITE);
	add_guard(0x501000, 0x502000);
	assert_int_equal(build_plan(), BM_OK);
	assert_view(MAP_IDENTITY, 0x40f000, MAP_EXEC);
	assert_view(MAP_DIRECT, 0x40f000, 0);
	assert_view(MAP_IDENTITY, 0x410000, 0);
	assert_view(MAP_DIRECT, 0x410000, 0);
	assert_view(MAP_IDENTITY, 0x418000, MAP_WRITE);
	assert_view(MAP_DIRECT, 0x418000, MAP_WRITE);
	assert_view(MAP_IDENTITY, 0x500000, MAP_WRITE);
	assert_null(view(MAP_IDENTITY, 0x501000));
	assert_null(view(MAP_DIRECT, 0x501000));
	assert_view(MAP_IDENTITY, 0x502000, MAP_WRITE);
	assert_view(MAP_DIRECT, 0x502000, MAP_WRITE);
	assert_null(view(MAP_IDENTITY, 0x3ff000));
	assert_true(mapplan_check(&w.plan, &mode));
}

/* Expect: text and rodata have one read-only area in the direct map, not two. */
static void equal_rights_make_one_area(void **state)
{
	const struct map_area *a;

	(void)state;
	world_init();
	add_ram(0, 0x1000000);
	add_special(0x400000, 0x410000, MAP_EXEC);
	add_special(0x410000, 0x418000, 0);
	assert_int_equal(build_plan(), BM_OK);
	a = view(MAP_DIRECT, 0x400000);
	assert_int_equal(a->phys, 0x400000);
	assert_int_equal(a->bytes, 0x18000);
}

/* A framebuffer and device registers are no RAM: identity only, with their memory type. */
static void devices_are_in_the_identity_part_only(void **state)
{
	(void)state;
	world_init();
	add_ram(0, 0x1000000);
	add_special(0x80000000, 0x80300000, MAP_WRITE | MAP_WC);
	add_special(0xa0000000, 0xa0001000, MAP_WRITE | MAP_UC);
	assert_int_equal(build_plan(), BM_OK);
	assert_view(MAP_IDENTITY, 0x80000000, MAP_WRITE | MAP_WC);
	assert_view(MAP_IDENTITY, 0xa0000000, MAP_WRITE | MAP_UC);
	assert_null(view(MAP_DIRECT, 0x80000000));
	assert_null(view(MAP_DIRECT, 0xa0000000));
}

static void uncached_ram_is_uncached_everywhere(void **state)
{
	(void)state;
	world_init();
	add_ram(0, 0x1000000);
	add_special(0x400000, 0x401000, MAP_WRITE | MAP_UC);
	assert_int_equal(build_plan(), BM_OK);
	assert_view(MAP_IDENTITY, 0x400000, MAP_WRITE | MAP_UC);
	assert_view(MAP_DIRECT, 0x400000, MAP_WRITE | MAP_UC);
	assert_true(mapplan_check(&w.plan, &mode));
}

static void page_0_is_nowhere(void **state)
{
	(void)state;
	world_init();
	add_ram(0, 0x1000000);
	add_special(0, 0x3000, MAP_WRITE);
	assert_int_equal(build_plan(), BM_OK);
	assert_null(view(MAP_IDENTITY, 0));
	assert_null(view(MAP_DIRECT, 0));
	assert_view(MAP_IDENTITY, PAGE_SIZE, MAP_WRITE);
}

/* Memory above the split: in the direct map on x86_64, high memory on i386. */
static void direct_map_ends_with_low_memory(void **state)
{
	(void)state;
	world_init();
	add_ram(0x100000, 0x30000000);
	add_ram(0x37f00000, 0x38100000);
	add_ram(0x100000000, 0x140000000);
	assert_int_equal(build_plan(), BM_OK);
	assert_view(MAP_DIRECT, 0x37fff000, MAP_WRITE);
	if (ARCH_HIGHMEM) {
		assert_int_equal(w.space.direct_bytes, 0x38000000);
		assert_null(view(MAP_DIRECT, 0x38000000));
		assert_null(view(MAP_DIRECT, 0x100000000));
	} else {
		assert_int_equal(w.space.direct_bytes, 0x140000000);
		assert_view(MAP_DIRECT, 0x38000000, MAP_WRITE);
		assert_view(MAP_DIRECT, 0x13ffff000, MAP_WRITE);
	}
	assert_null(view(MAP_DIRECT, 0x30000000));
}

/* --- against the model
 * ------------------------------------------------------------------------------- */

struct model_page {
	bool ram, covered, identity, guard, bad;
	uint32_t rights;
};

/* Each rule of map_special, one page at a time. */
static struct model_page model_page(phys_t phys)
{
	struct model_page page = { .guard = phys == 0 };
	bool write = true, exec = true, uc = false, wc = false;

	for (uint32_t i = 0; i < w.map.count; i++)
		page.ram |= phys >= w.entry[i].start && phys < w.entry[i].end;
	for (uint32_t i = 0; i < w.specials; i++) {
		const struct map_special *s = &w.special[i];

		if (phys < s->start_phys || phys >= s->end_phys)
			continue;
		if (s->bad) {
			page.bad = true;
			continue;
		}
		page.covered = true;
		page.identity |= s->identity;
		page.guard |= s->guard;
		write = write && (s->rights & MAP_WRITE);
		exec = exec && (s->rights & MAP_EXEC);
		uc = uc || (s->rights & MAP_UC);
		wc = wc || (s->rights & MAP_WC);
	}
	page.rights = (write ? MAP_WRITE : 0) | (exec ? MAP_EXEC : 0) |
		      (uc          ? MAP_UC
			      : wc ? MAP_WC
				   : 0);
	return page;
}

static uint32_t model_direct_rights(const struct model_page *page)
{
	if (!page->covered)
		return MAP_WRITE;
	if (page->rights & MAP_EXEC)
		return page->rights & ~(MAP_WRITE | MAP_EXEC);
	return page->rights;
}

static void assert_like_model(phys_t phys)
{
	struct model_page page = model_page(phys);

	if (page.ram && !page.guard && !page.bad)
		assert_view(MAP_DIRECT, phys, model_direct_rights(&page));
	else
		assert_null(view(MAP_DIRECT, phys));
	if (page.identity && !page.guard)
		assert_view(MAP_IDENTITY, phys, page.rights);
	else
		assert_null(view(MAP_IDENTITY, phys));
}

/* Neighbours that could be one area would cost smaller pages. */
static void assert_merged(void)
{
	for (uint32_t i = 1; i < w.plan.count; i++) {
		const struct map_area *a = &w.area[i - 1], *b = &w.area[i];

		assert_false(a->kind == b->kind && a->rights == b->rights &&
			     a->virt + a->bytes == b->virt && a->phys + a->bytes == b->phys);
	}
}

static void random_world(uint64_t *seed)
{
	static const uint32_t rights[] = { 0, MAP_WRITE, MAP_EXEC, MAP_WRITE | MAP_UC, MAP_WC,
		MAP_EXEC | MAP_UC, MAP_WRITE | MAP_WC };
	phys_t at = pfn_phys(random_below(seed, 3));

	world_init();
	while (at < pfn_phys(MODEL_PAGES - 32) && w.map.count < ARRAY_SIZE(w.entry)) {
		phys_t end = at + pfn_phys(1 + random_below(seed, 48));

		add_ram(at, min_u64(end, pfn_phys(MODEL_PAGES)));
		at = end + pfn_phys(1 + random_below(seed, 12));
	}
	w.specials = (uint32_t)random_below(seed, ARRAY_SIZE(w.special) + 1);
	for (uint32_t i = 0; i < w.specials; i++) {
		pfn_t start = random_below(seed, MODEL_PAGES);

		w.special[i] = (struct map_special){ pfn_phys(start),
			pfn_phys(start + random_below(seed, 24)),
			rights[random_below(seed, ARRAY_SIZE(rights))], random_below(seed, 4) != 0,
			random_below(seed, 6) == 0, false, random_below(seed, 8) == 0 };
	}
}

static void random_worlds_like_the_model(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (unsigned round = 0; round < 500; round++) {
		random_world(&seed);
		assert_int_equal(build_plan(), BM_OK);
		assert_true(mapplan_check(&w.plan, &mode));
		assert_merged();
		assert_true(w.plan.count <= w.map.count + 4 * w.specials + 4);
		for (pfn_t pfn = 0; pfn < MODEL_PAGES + 32; pfn++)
			assert_like_model(pfn_phys(pfn));
	}
}

/* --- errors -------------------------------------------------------------------------------------
 */

/* Expect: one area short is BM_FULL and changes neither the list nor its length. */
static void full_plan_stays_as_it_was(void **state)
{
	struct map_area before[MAX_AREAS];
	uint32_t needed;

	(void)state;
	world_init();
	add_ram(0, 0x800000);
	add_ram(0xa00000, 0x1000000);
	add_special(0x400000, 0x410000, MAP_EXEC);
	assert_int_equal(build_plan(), BM_OK);
	needed = w.plan.count;
	memset(w.area, 0x5a, sizeof(w.area));
	memcpy(before, w.area, sizeof(before));
	w.plan.count = 3;
	w.plan.capacity = needed - 1;
	assert_int_equal(build_plan(), BM_FULL);
	assert_int_equal(w.plan.count, 3);
	assert_memory_equal(w.area, before, sizeof(before));
	w.plan.capacity = needed;
	assert_int_equal(build_plan(), BM_OK);
	assert_int_equal(w.plan.count, needed);
}

static void assert_special_gives(struct map_special special, enum bm_error error)
{
	world_init();
	add_ram(0, 0x1000000);
	w.special[w.specials++] = special;
	assert_int_equal(build_plan(), error);
	assert_true(error == BM_OK || w.plan.count == 0);
}

static void refuses_bad_specials(void **state)
{
	static const struct map_special bad[] = {
		{ 0x400000, 0x401000, MAP_WRITE | MAP_EXEC, true, false, false, false },
		{ 0x400000, 0x401000, MAP_UC | MAP_WC, true, false, false, false },
		{ 0x400000, 0x401000, MAP_UC | MAP_WC | MAP_WRITE, true, false, false, false },
		{ 0x400000, 0x401000, MAP_TABLES, true, false, false, false },
		{ 0x400800, 0x402000, MAP_WRITE, true, false, false, false },
		{ 0x400000, 0x401800, MAP_WRITE, true, false, false, false },
		{ 0x402000, 0x401000, MAP_WRITE, true, false, false, false },
		{ 0, PHYS_END + PAGE_SIZE, MAP_WRITE, false, false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_special_gives(bad[i], BM_INVALID);
}

/* Virtual == physical is impossible where the kernel's half begins. */
static void refuses_identity_in_the_kernels_half(void **state)
{
	phys_t end;

	(void)state;
	world_init();
	add_ram(0, 0x1000000);
	assert_int_equal(build_plan(), BM_OK);
	end = w.space.identity_end;
	assert_special_gives((struct map_special){ end - PAGE_SIZE, end + PAGE_SIZE, MAP_WRITE,
				     true, false, false, false },
		BM_CONFLICT);
	assert_special_gives(
		(struct map_special){ end, end + PAGE_SIZE, MAP_WRITE, true, false, false, false },
		BM_CONFLICT);
	assert_special_gives(
		(struct map_special){ end - PAGE_SIZE, end, MAP_WRITE, true, false, false, false },
		BM_OK);
	assert_special_gives((struct map_special){ end + PAGE_SIZE, end + PAGE_SIZE, MAP_WRITE,
				     true, false, false, false },
		BM_OK);
}

static void refuses_ram_beyond_the_direct_map(void **state)
{
	(void)state;
	world_init();
	add_ram(0, 0x1000000);
	arch_address_space(&w.space, &w.limits, &mode);
	w.space.direct_bytes -= PAGE_SIZE;
	assert_int_equal(
		mapplan_build(&w.plan, &w.space, &w.map, &w.limits, w.special, 0), BM_INVALID);
}

/* --- the address space
 * ------------------------------------------------------------------------------ */

static void assert_ascending(const struct address_space *s)
{
	uint64_t direct_end = s->direct_base + s->direct_bytes;

	assert_true(s->identity_end <= s->direct_base);
	assert_true(direct_end < s->vmalloc_start);
	assert_true(s->vmalloc_start < s->vmalloc_end);
	if (s->pkmap_start != s->pkmap_end) {
		assert_true(s->vmalloc_end <= s->pkmap_start);
		assert_true(s->pkmap_end <= s->fixmap_start);
	}
	assert_true(s->vmalloc_end <= s->fixmap_start);
	assert_true(s->fixmap_start < s->fixmap_end);
}

static void areas_do_not_overlap(void **state)
{
	static const uint64_t sizes[] = { MIB, 48 * MIB, 895 * MIB + PAGE_SIZE, 896 * MIB, 4 * GIB,
		64 * TIB, 4096 * TIB };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (uint8_t levels = ARCH_HIGHMEM ? 2 : 4; levels <= (ARCH_HIGHMEM ? 3 : 5);
			levels++) {
			struct paging_mode m = { .levels = levels, .phys_bits = 52 };
			struct limits limits = { .max_low_pfn = pfn_down(sizes[i]),
				.max_pfn = pfn_down(sizes[i]) };
			struct address_space space;

			arch_address_space(&space, &limits, &m);
			assert_ascending(&space);
			assert_true(space.direct_bytes <= sizes[i]);
		}
}

static void address_space_of_a_usual_machine(void **state)
{
	(void)state;
	world_init();
	add_ram(0, 0x38000000);
	assert_int_equal(build_plan(), BM_OK);
	assert_int_equal(w.space.direct_base, ARCH_DIRECT_BASE);
	assert_int_equal(w.space.direct_bytes, 0x38000000);
	if (ARCH_HIGHMEM) {
		assert_int_equal(w.space.vmalloc_start, 0xf8800000);
		assert_int_equal(w.space.vmalloc_end, 0xff800000);
	} else {
		assert_int_equal(w.space.identity_end, UINT64_C(1) << 47);
		assert_int_equal(w.space.vmalloc_start, UINT64_C(0xffffc90000000000));
	}
}

/* --- the checker --------------------------------------------------------------------------------
 */

/* Two areas as the checker likes them; each test spoils one thing. */
static struct map_area good[2];
static struct map_plan good_plan;

static bool check_spoiled(void (*spoil)(void))
{
	good[0] = (struct map_area){ 0x400000, 0x400000, 0x2000, MAP_EXEC, MAP_IDENTITY };
	good[1] = (struct map_area){ 0x600000, 0x401000, 0x2000, 0, MAP_DIRECT };
	good_plan = (struct map_plan){ good, 2, 2 };
	spoil();
	return mapplan_check(&good_plan, &mode);
}

static void spoil_nothing(void)
{
}

static void spoil_order(void)
{
	good[0].virt = 0x800000;
}

static void overlap_areas(void)
{
	good[1].virt = good[0].virt + PAGE_SIZE;
}

static void misalign_virt(void)
{
	good[0].virt += 0x800;
}

static void misalign_phys(void)
{
	good[0].phys += 0x800;
}

static void misalign_bytes(void)
{
	good[0].bytes += 0x800;
}

static void empty_area(void)
{
	good[0].bytes = 0;
}

static void wrap_area(void)
{
	good[1].bytes = UINT64_MAX - PAGE_SIZE + 1;
}

static void leave_canonical(void)
{
	good[1].virt = ARCH_HIGHMEM ? UINT64_C(0xfffff000) : UINT64_C(0x7ffffffff000);
}

static void bridge_the_hole(void)
{
	good[1] = (struct map_area){ 0x600000, 0, UINT64_C(0xffffffffff900000), MAP_TABLES,
		MAP_FIXMAP };
}

static void end_at_2_to_the_64(void)
{
	good[1].virt = UINT64_MAX - 2 * PAGE_SIZE + 1;
}

static void exceed_phys_width(void)
{
	good[1].phys = (UINT64_C(1) << 40) - PAGE_SIZE;
}

static void write_and_execute(void)
{
	good[0].rights |= MAP_WRITE;
}

static void writable_alias_of_code(void)
{
	good[1].rights |= MAP_WRITE;
}

static void two_memory_types(void)
{
	good[0].rights |= MAP_UC | MAP_WC;
}

static void alias_of_another_type(void)
{
	good[1].rights |= MAP_UC;
}

static void tables_with_rights(void)
{
	good[1] = (struct map_area){ 0x600000, 0, 0x2000, MAP_TABLES | MAP_WRITE, MAP_FIXMAP };
}

static void tables_with_phys(void)
{
	good[1].rights = MAP_TABLES;
}

static void only_tables(void)
{
	good[1] = (struct map_area){ 0x600000, 0, 0x2000, MAP_TABLES, MAP_FIXMAP };
}

static void writable_neighbour_of_code(void)
{
	good[1].phys = 0x402000;
	good[1].rights = MAP_WRITE;
}

static void checker_sees_each_fault(void **state)
{
	static void (*const faults[])(void) = { spoil_order, overlap_areas, misalign_virt,
		misalign_phys, misalign_bytes, empty_area, wrap_area, leave_canonical,
		bridge_the_hole, end_at_2_to_the_64, exceed_phys_width, write_and_execute,
		writable_alias_of_code, two_memory_types, alias_of_another_type, tables_with_rights,
		tables_with_phys };

	(void)state;
	assert_true(check_spoiled(spoil_nothing));
	assert_true(check_spoiled(only_tables));
	assert_true(check_spoiled(writable_neighbour_of_code));
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		if (check_spoiled(faults[i]))
			fail_msg("fault %u passed", (unsigned)i);
}

/* Neighbours with equal rights become one area, as mapplan_build has them. */
static void join_areas(struct map_plan *plan)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < plan->count; i++) {
		struct map_area *last = count != 0 ? &plan->area[count - 1] : NULL;
		const struct map_area *a = &plan->area[i];

		if (last != NULL && last->kind == a->kind && last->rights == a->rights &&
			last->virt + last->bytes == a->virt)
			last->bytes += a->bytes;
		else
			plan->area[count++] = *a;
	}
	plan->count = count;
}

/*
 *   16M      +8K  +16K     +32K
 *   |  init  | text | rodata |
 *
 * Expect that releasing init leaves, once joined, the plan of a machine that never had it, and that any part of the
 * text can be released.
 */
static void released_pages_are_ordinary_memory(void **state)
{
	const phys_t at = 16 * MIB, text_end = at + 4 * PAGE_SIZE;

	(void)state;
	for (phys_t start = at; start < text_end; start += PAGE_SIZE)
		for (phys_t end = start; end <= text_end; end += PAGE_SIZE) {
			struct map_area expected[MAX_AREAS];
			uint32_t count;

			world_init();
			add_ram(0, 64 * MIB);
			add_special(at, start, MAP_EXEC);
			add_special(end, text_end, MAP_EXEC);
			add_special(text_end, text_end + 4 * PAGE_SIZE, 0);
			assert_int_equal(build_plan(), BM_OK);
			memcpy(expected, w.area, sizeof(expected));
			count = w.plan.count;

			world_init();
			add_ram(0, 64 * MIB);
			add_special(at, text_end, MAP_EXEC);
			add_special(text_end, text_end + 4 * PAGE_SIZE, 0);
			assert_int_equal(build_plan(), BM_OK);
			assert_int_equal(mapplan_release(&w.plan, start, end), BM_OK);
			assert_true(mapplan_check(&w.plan, &mode));
			join_areas(&w.plan);
			assert_int_equal(w.plan.count, count);
			assert_memory_equal(w.area, expected, count * sizeof(*expected));
		}
}

/* Nothing is released, and nothing is cut in two, also where the end lies before the start. */
static void nothing_is_released(void **state)
{
	static const phys_t start[] = { 32 * MIB, 32 * MIB }, end[] = { 32 * MIB, 16 * MIB };
	struct map_area before[MAX_AREAS];
	uint32_t count;

	(void)state;
	world_init();
	add_ram(0, 64 * MIB);
	add_special(16 * MIB, 17 * MIB, MAP_EXEC);
	assert_int_equal(build_plan(), BM_OK);
	memcpy(before, w.area, sizeof(before));
	count = w.plan.count;
	for (unsigned i = 0; i < ARRAY_SIZE(start); i++) {
		assert_int_equal(mapplan_release(&w.plan, start[i], end[i]), BM_OK);
		assert_int_equal(w.plan.count, count);
		assert_memory_equal(w.area, before, count * sizeof(*before));
	}
}

/* And uses no more than it has. */
static void release_needs_room(void **state)
{
	struct map_area beyond[MAX_AREAS];

	(void)state;
	world_init();
	add_ram(0, 64 * MIB);
	add_special(16 * MIB, 17 * MIB, MAP_EXEC);
	assert_int_equal(build_plan(), BM_OK);
	w.plan.capacity = w.plan.count + 3;
	assert_int_equal(mapplan_release(&w.plan, 16 * MIB, 17 * MIB), BM_FULL);
	w.plan.capacity++;
	memset(&w.area[w.plan.capacity], 0xa5,
		sizeof(w.area) - w.plan.capacity * sizeof(w.area[0]));
	memcpy(beyond, w.area, sizeof(beyond));
	assert_int_equal(mapplan_release(&w.plan, 16 * MIB, 17 * MIB), BM_OK);
	assert_memory_equal(&w.area[w.plan.capacity], &beyond[w.plan.capacity],
		sizeof(w.area) - w.plan.capacity * sizeof(w.area[0]));
}

static void kinds_have_names(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < MAP_KINDS; kind++)
		assert_string_not_equal(map_kind_name((enum map_kind)kind), "?");
	assert_string_equal(map_kind_name(MAP_KINDS), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_ram_is_one_area),
		cmocka_unit_test(parts_of_an_image),
		cmocka_unit_test(equal_rights_make_one_area),
		cmocka_unit_test(devices_are_in_the_identity_part_only),
		cmocka_unit_test(uncached_ram_is_uncached_everywhere),
		cmocka_unit_test(page_0_is_nowhere),
		cmocka_unit_test(direct_map_ends_with_low_memory),
		cmocka_unit_test(random_worlds_like_the_model),
		cmocka_unit_test(full_plan_stays_as_it_was),
		cmocka_unit_test(refuses_bad_specials),
		cmocka_unit_test(refuses_identity_in_the_kernels_half),
		cmocka_unit_test(refuses_ram_beyond_the_direct_map),
		cmocka_unit_test(areas_do_not_overlap),
		cmocka_unit_test(address_space_of_a_usual_machine),
		cmocka_unit_test(checker_sees_each_fault),
		cmocka_unit_test(released_pages_are_ordinary_memory),
		cmocka_unit_test(nothing_is_released),
		cmocka_unit_test(release_needs_room),
		cmocka_unit_test(kinds_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

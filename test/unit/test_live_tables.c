/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page tables that the firmware runs on, and may have parked other processors on (Q74): who has them, at the start,
 * after the exit and after mem_init. The fake firmware lets nobody touch what was not granted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../core/boot_internal.h"
#include "fake_firmware.h"

#define WB      (EFI_ATTR_UC | EFI_ATTR_WC | EFI_ATTR_WT | EFI_ATTR_WB)
#define TOP     (512 * MIB)
#define BOOT_AT (256 * MIB) /* boot services' data, 16 MiB */
#define KEPT_AT (272 * MIB) /* reserved memory, 64 KiB */
#define FREE_AT (16 * MIB)  /* where the first allocation would go */
#define MOST    1200        /* tables */

struct machine {
	struct fake_firmware fw;
	struct boot boot;
	phys_t table[MOST]; /* the root first */
	uint32_t tables;
};

/*
 *   0      640K   1M            256M         272M     272M+64K            510M      512M
 *   [ free ]      [    free     ][boot data ][reserved][      free        ][runtime ]
 */
static struct machine *machine(void)
{
	struct machine *m = calloc(1, sizeof(*m));
	struct fake_firmware *fw = &m->fw;

	fake_init(fw, TOP);
	fake_add(fw, EFI_MEM_CONVENTIONAL, 0, 0xa0000, WB);
	fake_add(fw, EFI_MEM_CONVENTIONAL, MIB, BOOT_AT, WB);
	fake_add(fw, EFI_MEM_BOOT_DATA, BOOT_AT, KEPT_AT, WB);
	fake_add(fw, EFI_MEM_RESERVED, KEPT_AT, KEPT_AT + 64 * KIB, WB);
	fake_add(fw, EFI_MEM_CONVENTIONAL, KEPT_AT + 64 * KIB, TOP - 2 * MIB, WB);
	fake_add(fw, EFI_MEM_RUNTIME_DATA, TOP - 2 * MIB, TOP, WB | EFI_ATTR_RUNTIME);
	return m;
}

static void destroy(struct machine *m)
{
	fake_free(&m->fw);
	free(m);
}

static uint64_t *entries(struct machine *m, uint32_t i)
{
	return fake_open(&m->fw, m->table[i], m->table[i] + PAGE_SIZE);
}

/* Table i leads to what is at phys with its entry at index. */
static void lead(struct machine *m, uint32_t i, unsigned index, phys_t phys)
{
	unsigned level = i < m->fw.mode.levels ? m->fw.mode.levels - i : 1;

	entries(m, i)[index] = arch_table_entry(&m->fw.mode, level, phys);
}

/* The next table is at phys: first one of each level, root first, then all of the lowest, side by side. */
static void add_table(struct machine *m, phys_t phys)
{
	const uint32_t last = m->fw.mode.levels - 2; /* the one that leads to the lowest level */
	uint32_t i = m->tables++;

	assert_true(i < MOST && i < last + 512);
	m->table[i] = phys;
	entries(m, i);
	if (i == 0)
		m->fw.live_root = phys;
	else
		lead(m, i <= last ? i - 1 : last, i <= last ? 0 : i - last - 1, phys);
}

static void add_tables(struct machine *m, phys_t phys, uint32_t count, uint64_t distance)
{
	for (uint32_t i = 0; i < count; i++)
		add_table(m, phys + i * distance);
}

static uint64_t free_in_zones(const struct machine *m)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < ARCH_NR_ZONES; i++)
		pages += m->boot.mm->node[0].zone[i].free_pages;
	return pages;
}

static uint64_t owned(const struct machine *m)
{
	uint64_t pages = 0;

	for (unsigned owner = 0; owner < OWNER_COUNT; owner++)
		pages += boot_owner_pages(&m->boot, (enum owner)owner);
	return pages;
}

static uint32_t owner_at(const struct machine *m, phys_t phys)
{
	const struct owner_range *r = owners_from(&m->boot.owners, pfn_down(phys));

	return r != NULL && r->start <= pfn_down(phys) ? r->owner : OWNER_COUNT;
}

static uint64_t kept(const struct machine *m)
{
	return boot_owner_pages(&m->boot, OWNER_FIRMWARE_TABLES);
}

static void check_books(const struct machine *m)
{
	assert_true(owners_check(&m->boot.owners));
	assert_true(mm_check(m->boot.mm));
	assert_int_equal(boot_owner_pages(&m->boot, OWNER_FIRMWARE), 0);
	assert_int_equal(owned(m) + free_in_zones(m), e820_ram_pages(&m->boot.e820, 0, PFN_END));
}

static void boots(struct machine *m, const struct boot_options *options)
{
	if (fake_boot(&m->fw, &m->boot, options) != BM_OK)
		fail_msg("console:\n%s", m->fw.console_text);
	check_books(m);
}

/* Free pages of the same machine without tables. */
static uint64_t free_without_tables(const struct boot_options *options)
{
	struct machine *m = machine();
	uint64_t pages;

	boots(m, options);
	pages = free_in_zones(m);
	assert_int_equal(kept(m), 0);
	destroy(m);
	return pages;
}

/* Every page that can be had is none of the tables, and has no owner. */
static void take_every_page(struct machine *m)
{
	for (;;) {
		pfn_t pfn = alloc_pages(m->boot.mm, GFP_HIGHUSER, 0);

		if (pfn == PFN_NONE)
			break;
		assert_int_equal(owner_at(m, pfn_phys(pfn)), OWNER_COUNT);
	}
	assert_int_equal(free_in_zones(m), 0);
}

/* As a kernel does that has no processor parked on them any more: every page joins the zones. */
static void reclaim(struct machine *m)
{
	uint64_t before = free_in_zones(m), pages = kept(m);

	assert_true(owner_reclaimable(OWNER_FIRMWARE_TABLES));
	for (uint32_t i = 0; i < m->boot.owners.count; i++) {
		const struct owner_range *r = &m->boot.owners.range[i];

		if (r->owner == OWNER_FIRMWARE_TABLES)
			assert_int_equal(free_reserved_pages(m->boot.mm, r->start, r->end), BM_OK);
	}
	assert_int_equal(free_in_zones(m), before + pages);
	assert_true(mm_check(m->boot.mm));
}

/* All of the tables are kept, and cost exactly their pages; nobody wrote to them. */
static void keeps_all(struct machine *m, const struct boot_options *options)
{
	uint64_t sum = 0, sum_after = 0;

	for (uint32_t i = 0; i < m->tables; i++)
		for (uint32_t k = 0; k < PAGE_SIZE / 8; k++)
			sum = sum * 31 + entries(m, i)[k];
	boots(m, options);
	for (uint32_t i = 0; i < m->tables; i++) {
		assert_int_equal(owner_at(m, m->table[i]), OWNER_FIRMWARE_TABLES);
		for (uint32_t k = 0; k < PAGE_SIZE / 8; k++)
			sum_after = sum_after * 31 + entries(m, i)[k];
	}
	assert_int_equal(sum, sum_after);
	assert_int_equal(kept(m), m->tables);
	assert_int_equal(m->boot.findings.of[FINDING_TABLES_SCATTERED].count, 0);
	assert_int_equal(free_in_zones(m) + kept(m), free_without_tables(options));
	take_every_page(m);
	reclaim(m);
}

/* Side by side, and each alone. */
static void test_in_boot_services_memory(void **state)
{
	struct machine *m = machine();

	(void)state;
	add_tables(m, BOOT_AT + MIB, 300, PAGE_SIZE);
	keeps_all(m, NULL);
	destroy(m);
	m = machine();
	add_tables(m, BOOT_AT, 200, 3 * PAGE_SIZE);
	keeps_all(m, NULL);
	assert_int_equal(m->boot.findings.of[FINDING_TABLES_FREE].count, 0);
	destroy(m);
}

/* Q73: kept off from the start, said, and kept afterwards all the same. */
static void test_in_free_memory(void **state)
{
	struct machine *m = machine();

	(void)state;
	add_tables(m, FREE_AT, 20, PAGE_SIZE);
	keeps_all(m, NULL);
	assert_int_equal(m->boot.findings.of[FINDING_TABLES_FREE].count, 20);
	assert_int_equal(m->boot.findings.of[FINDING_TABLES_FREE].start_phys, FREE_AT);
	assert_int_equal(m->boot.findings.of[FINDING_TABLES_FREE].end_phys, FREE_AT + PAGE_SIZE);
	assert_int_equal(m->boot.audit.tables, 20);
	destroy(m);
}

/* Above the split of i386, where no bitmap reaches. */
static void test_in_high_memory(void **state)
{
	struct machine *m = machine();
	struct boot_options options;

	(void)state;
	options_defaults(&options);
	options.highmem_bytes = TOP - 128 * MIB;
	add_tables(m, BOOT_AT + MIB, 100, 2 * PAGE_SIZE);
	keeps_all(m, &options);
	if (ARCH_HIGHMEM)
		assert_true(m->boot.limits.max_low_pfn < BOOT_AT >> PAGE_SHIFT);
	destroy(m);
}

/* In memory that stays the firmware's nothing has to be done, and nothing is. */
static void test_in_memory_that_the_firmware_keeps(void **state)
{
	struct machine *m = machine();

	(void)state;
	add_tables(m, KEPT_AT, 8, PAGE_SIZE);
	add_tables(m, TOP - MIB, 8, PAGE_SIZE);
	boots(m, NULL);
	assert_int_equal(kept(m), 0);
	assert_int_equal(free_in_zones(m), free_without_tables(NULL));
	destroy(m);
}

/*
 *   tables     [ 0  1  2  3  4  5  6  7 ]  8 in page 3, 9 in page 0
 *   options          [badram]  [reserve]
 *
 * The first owner keeps a page.
 */
static void test_in_ranges_of_the_options(void **state)
{
	struct machine *m = machine();
	struct boot_options options;

	(void)state;
	options_defaults(&options);
	options.badrams = options.reserves = 1;
	options.badram[0] = (struct option_range){ BOOT_AT + 2 * PAGE_SIZE, 2 * PAGE_SIZE };
	options.reserve[0] = (struct option_range){ BOOT_AT + 5 * PAGE_SIZE, 2 * PAGE_SIZE };
	add_tables(m, BOOT_AT, 8, PAGE_SIZE);
	add_table(m, 0x3000);
	add_table(m, 0);
	boots(m, &options);
	assert_int_equal(kept(m), 4);
	assert_int_equal(boot_owner_pages(&m->boot, OWNER_BADRAM), 2);
	assert_int_equal(boot_owner_pages(&m->boot, OWNER_RESERVE), 2);
	assert_int_equal(owner_at(m, 0x3000), OWNER_LOW_64K);
	assert_int_equal(owner_at(m, 0), OWNER_PAGE_0);
	assert_int_equal(free_in_zones(m) + 4, free_without_tables(&options));
	destroy(m);
}

/* Beyond what is managed there is nothing to keep. */
static void test_in_ram_that_is_cut_off(void **state)
{
	struct machine *m = machine();
	struct boot_options options;

	(void)state;
	options_defaults(&options);
	options.mem_bytes = BOOT_AT + 4 * PAGE_SIZE;
	add_tables(m, BOOT_AT, 8, PAGE_SIZE);
	boots(m, &options);
	assert_int_equal(kept(m), 4);
	destroy(m);
}

/* Entries that lead back, to a table a second time, into our own pages, and to where no memory is. */
static void test_absurd_entries(void **state)
{
	struct machine *m = machine();

	(void)state;
	add_tables(m, BOOT_AT, 8, PAGE_SIZE);
	lead(m, 0, 1, m->table[0]);
	lead(m, m->fw.mode.levels - 2, 100, m->table[7]);
	lead(m, m->fw.mode.levels - 2, 101, m->table[0]);
	lead(m, m->fw.mode.levels - 2, 102,
		ARCH_HIGHMEM ? (UINT64_C(1) << 35) : (UINT64_C(1) << 45));
	keeps_all(m, NULL);
	destroy(m);
}

/* Descriptors of more than an address can say are no memory that a table could be in. */
static void test_absurd_descriptors(void **state)
{
	struct machine *m = machine();

	(void)state;
	fake_add(&m->fw, EFI_MEM_RESERVED, 4 * GIB, PHYS_END + MIB, 0);
	fake_add(&m->fw, EFI_MEM_RESERVED, PHYS_END, PHYS_END + MIB, 0);
	add_tables(m, BOOT_AT, 8, PAGE_SIZE);
	lead(m, m->fw.mode.levels - 2, 102,
		ARCH_HIGHMEM ? (UINT64_C(1) << 35) : (UINT64_C(1) << 45));
	boots(m, NULL);
	assert_false(m->boot.audit.complete);
	assert_int_equal(kept(m), 8);
	destroy(m);
}

/* The firmware splits a page of its own while it allocates: the exit finds a table more. */
static void split_a_page(struct fake_firmware *fw, void *ctx)
{
	struct machine *m = ctx;

	if (fw->stale_exits == 0 && m->tables == 8)
		add_table(m, BOOT_AT + 100 * PAGE_SIZE);
}

static void test_a_table_more_at_the_exit(void **state)
{
	struct machine *m = machine();

	(void)state;
	add_tables(m, BOOT_AT, 8, PAGE_SIZE);
	m->fw.meddle = split_a_page;
	m->fw.meddle_ctx = m;
	m->fw.stale_exits = 1;
	assert_int_equal(fake_start(&m->fw, &m->boot, NULL), BM_OK);
	assert_int_equal(boot_prepare(&m->boot), BM_OK);
	assert_int_equal(kept(m), 8);
	assert_int_equal(boot_exit(&m->boot), BM_OK);
	assert_int_equal(m->tables, 9);
	assert_int_equal(kept(m), 9);
	fake_activate(&m->fw, &m->boot);
	assert_int_equal(boot_mem_init(&m->boot), BM_OK);
	check_books(m);
	assert_int_equal(owner_at(m, m->table[8]), OWNER_FIRMWARE_TABLES);
	take_every_page(m);
	destroy(m);
}

/* The firmware keeps one of them for good: no collision, as it is not ours. */
static void keep_a_table(struct fake_firmware *fw, void *ctx)
{
	(void)ctx;
	for (uint32_t i = 0; fw->stale_exits == 0 && i < fw->count; i++)
		if (fw->desc[i].phys_start == BOOT_AT)
			fw->desc[i].type = EFI_MEM_RUNTIME_DATA;
}

static void test_kept_at_the_exit(void **state)
{
	struct machine *m = machine();

	(void)state;
	add_tables(m, FREE_AT, 4, PAGE_SIZE);
	add_tables(m, BOOT_AT, 4, PAGE_SIZE);
	m->fw.meddle = keep_a_table;
	m->fw.stale_exits = 1;
	boots(m, NULL);
	assert_int_equal(m->boot.findings.of[FINDING_SETTLED].count, 1);
	assert_int_equal(kept(m), 4);
	take_every_page(m);
	destroy(m);
}

/* In more runs than there is room for: as many are kept as go in, the others are counted, and the start goes on. */
static void test_in_too_many_places(void **state)
{
	struct machine *m = machine();

	(void)state;
	add_tables(m, BOOT_AT, BOOT_TABLE_RUNS + 100, 2 * PAGE_SIZE);
	boots(m, NULL);
	assert_int_equal(kept(m), BOOT_TABLE_RUNS);
	assert_int_equal(
		m->boot.findings.of[FINDING_TABLES_SCATTERED].count, 2 * 100); /* looked at twice */
	assert_int_equal(m->boot.findings.of[FINDING_TABLES_SCATTERED].end_phys,
		m->boot.findings.of[FINDING_TABLES_SCATTERED].start_phys + PAGE_SIZE);
	assert_int_equal(free_in_zones(m) + BOOT_TABLE_RUNS, free_without_tables(NULL));
	destroy(m);
}

/* Beside a run on either side there is still room for one. */
static void test_beside_the_last_runs(void **state)
{
	struct machine *m = machine();

	(void)state;
	add_tables(m, BOOT_AT + PAGE_SIZE, BOOT_TABLE_RUNS, 4 * PAGE_SIZE);
	add_table(m, BOOT_AT);
	add_table(m, BOOT_AT + 6 * PAGE_SIZE);
	boots(m, NULL);
	assert_int_equal(kept(m), BOOT_TABLE_RUNS + 2);
	assert_int_equal(m->boot.findings.of[FINDING_TABLES_SCATTERED].count, 0);
	destroy(m);
}

/* Free, says the map, from a descriptor's first page to its last. */
static void test_at_the_ends_of_free_memory(void **state)
{
	static const phys_t at[] = { MIB, BOOT_AT - PAGE_SIZE, BOOT_AT };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(at); i++) {
		struct machine *m = machine();
		const struct finding *hidden = &m->boot.findings.of[FINDING_RAM_UNMAPPED];

		add_tables(m, KEPT_AT, m->fw.mode.levels - 1u, PAGE_SIZE);
		add_table(m, at[i]);
		boots(m, NULL);
		assert_int_equal(m->boot.findings.of[FINDING_TABLES_FREE].count, at[i] != BOOT_AT);
		assert_true(hidden->count == 1 && hidden->start_phys == 0 && hidden->end_phys == 0);
		assert_true(hidden->bytes == pfn_phys(m->boot.audit.ram_unmapped_pages));
		destroy(m);
	}
}

/* Where a front end can only say where they are, as the simulator does, the same comes out. */
static void test_told_instead_of_read(void **state)
{
	static const struct pfn_range told[] = { { BOOT_AT >> PAGE_SHIFT,
							 (BOOT_AT >> PAGE_SHIFT) + 10 },
		{ FREE_AT >> PAGE_SHIFT, (FREE_AT >> PAGE_SHIFT) + 3 } };
	struct machine *m = machine();

	(void)state;
	m->fw.tables = told;
	m->fw.table_ranges = ARRAY_SIZE(told);
	boots(m, NULL);
	assert_int_equal(kept(m), 13);
	assert_int_equal(m->boot.findings.of[FINDING_TABLES_FREE].count, 3);
	assert_int_equal(m->boot.audit.levels, 0);
	take_every_page(m);
	destroy(m);
}

/* Tables that show all RAM where it is, in large pages: nothing is unmapped. */
static void test_that_show_all_ram(void **state)
{
	const unsigned large = ARCH_HIGHMEM ? 2 : 3; /* the level of its pages: 4 MiB, 1 GiB */
	struct machine *m = machine();

	(void)state;
	if (ARCH_HIGHMEM)
		m->fw.mode = (struct paging_mode){ .levels = 2, .large = true, .phys_bits = 32 };
	m->fw.live_root = m->table[0] = BOOT_AT;
	m->table[1] = BOOT_AT + PAGE_SIZE;
	entries(m, 0);
	if (!ARCH_HIGHMEM) {
		lead(m, 0, 0, m->table[1]);
		entries(m, 1)[0] = arch_leaf_entry(&m->fw.mode, large, 0, MAP_WRITE);
	} else {
		uint32_t *entry = (uint32_t *)(void *)entries(m, 0);

		for (uint32_t i = 0; i < TOP / (4 * MIB); i++)
			entry[i] = (uint32_t)arch_leaf_entry(
				&m->fw.mode, large, i * 4 * MIB, MAP_WRITE);
	}
	boots(m, NULL);
	assert_int_equal(m->boot.audit.ram_unmapped_pages, 0);
	assert_int_equal(m->boot.findings.of[FINDING_RAM_UNMAPPED].count, 0);
	assert_int_equal(kept(m), ARCH_HIGHMEM ? 1 : 2);
	destroy(m);
}

/* Tables can be wherever the map has something, below 4 GiB anywhere; descriptors that wrap, or are empty, say nothing. */
static void test_end_of_tables(void **state)
{
	static const struct {
		phys_t start;
		uint64_t pages;
		phys_t end;
	} of[] = { { 0, 16, 4 * GIB }, { 4 * GIB - PAGE_SIZE, 2, 4 * GIB + PAGE_SIZE },
		{ 8 * GIB, 1, 8 * GIB + PAGE_SIZE }, { PHYS_END - PAGE_SIZE, 1, PHYS_END },
		{ PHYS_END - PAGE_SIZE, 2, 4 * GIB }, { PHYS_END, 0, 4 * GIB },
		{ PHYS_END, 1, 4 * GIB }, { UINT64_MAX, 1, 4 * GIB },
		{ GIB, UINT64_MAX, 4 * GIB } };
	static struct boot boot;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(of); i++) {
		const struct efi_memory_desc desc = { .phys_start = of[i].start,
			.pages = of[i].pages };

		boot.map = (struct fw_map){
			.bytes = (const uint8_t *)&desc, .count = 1, .stride = sizeof(desc)
		};
		assert_true(boot_tables_end(&boot) == of[i].end);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_boot_services_memory),
		cmocka_unit_test(test_in_free_memory),
		cmocka_unit_test(test_in_high_memory),
		cmocka_unit_test(test_in_memory_that_the_firmware_keeps),
		cmocka_unit_test(test_in_ranges_of_the_options),
		cmocka_unit_test(test_in_ram_that_is_cut_off),
		cmocka_unit_test(test_absurd_entries),
		cmocka_unit_test(test_absurd_descriptors),
		cmocka_unit_test(test_a_table_more_at_the_exit),
		cmocka_unit_test(test_kept_at_the_exit),
		cmocka_unit_test(test_in_too_many_places),
		cmocka_unit_test(test_end_of_tables),
		cmocka_unit_test(test_beside_the_last_runs),
		cmocka_unit_test(test_at_the_ends_of_free_memory),
		cmocka_unit_test(test_told_instead_of_read),
		cmocka_unit_test(test_that_show_all_ram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole pipeline under the fake firmware, where only granted pages can be touched.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "acpi_bytes.h"
#include "fake_firmware.h"
#include "naive_tables.h"
#include "random.h"

#define WB      (EFI_ATTR_UC | EFI_ATTR_WC | EFI_ATTR_WT | EFI_ATTR_WB)
#define RUNTIME (WB | EFI_ATTR_RUNTIME)

struct machine {
	struct fake_firmware fw;
	struct boot boot;
};

/* What the processor was told to forget. */
static uint64_t flushed[256];
static unsigned flushes;

void arch_flush_page(uint64_t virt)
{
	if (flushes < ARRAY_SIZE(flushed))
		flushed[flushes] = virt;
	flushes++;
}

static bool was_flushed(uint64_t virt)
{
	unsigned i = 0;

	assert_true(flushes <= ARRAY_SIZE(flushed));
	while (i < flushes && flushed[i] != virt)
		i++;
	return i < flushes;
}

static uint64_t arena_bytes(uint64_t top)
{
	return min_u64(top, ARCH_HIGHMEM ? ARCH_SPLIT_PHYS : TIB);
}

/*
 * The shape of an OVMF map: holes in low memory, ACPI NVS at 8 MiB, boot services around it,
 * runtime and ACPI ranges below the top of low RAM, RAM above 4 GiB listed before the last low entries.
 */
static struct machine *ovmf(uint64_t ram_bytes)
{
	struct machine *m = calloc(1, sizeof(*m));
	uint64_t low = min_u64(ram_bytes, 2 * GIB);
	uint64_t top = ram_bytes > low ? 4 * GIB + (ram_bytes - low) : low;
	struct fake_firmware *fw = &m->fw;

	fake_init(fw, arena_bytes(top + 128 * MIB)); /* some tests add RAM above */
	fw->dirty = true;
	fake_add(fw, EFI_MEM_BOOT_CODE, 0, 0x1000, WB);
	fake_add(fw, EFI_MEM_CONVENTIONAL, 0x1000, 0xa0000, WB);
	fake_add(fw, EFI_MEM_CONVENTIONAL, 0x100000, 0x806000, WB);
	fake_add(fw, EFI_MEM_ACPI_NVS, 0x806000, 0x808000, WB);
	fake_add(fw, EFI_MEM_CONVENTIONAL, 0x808000, 0x810000, WB);
	fake_add(fw, EFI_MEM_ACPI_NVS, 0x810000, 0x900000, WB);
	fake_add(fw, EFI_MEM_BOOT_DATA, 0x900000, 0x1500000, WB);
	fake_add(fw, EFI_MEM_CONVENTIONAL, 0x1500000, low - 0x900000, WB);
	fake_add(fw, EFI_MEM_BOOT_DATA, low - 0x900000, low - 0x700000, WB);
	fake_add(fw, EFI_MEM_BOOT_CODE, low - 0x700000, low - 0x500000, WB);
	fake_add(fw, EFI_MEM_RESERVED, low - 0x500000, low - 0x4f0000, WB);
	fake_add(fw, EFI_MEM_ACPI_RECLAIM, low - 0x4f0000, low - 0x4d0000, WB);
	fake_add(fw, EFI_MEM_ACPI_NVS, low - 0x4d0000, low - 0x400000, WB);
	fake_add(fw, EFI_MEM_BOOT_DATA, low - 0x400000, low - 0x100000, WB);
	fake_add(fw, EFI_MEM_RUNTIME_DATA, low - 0x100000, low - 0x80000, RUNTIME);
	fake_add(fw, EFI_MEM_RUNTIME_CODE, low - 0x80000, low, RUNTIME);
	if (top > low)
		fake_add(fw, EFI_MEM_CONVENTIONAL, 4 * GIB, top, WB);
	fake_add(fw, EFI_MEM_RESERVED, 0xb0000000, 0xc0000000, 0);
	fake_add(fw, EFI_MEM_MMIO, 0xffc00000, 0x100000000, EFI_ATTR_UC | EFI_ATTR_RUNTIME);
	return m;
}

static void destroy(struct machine *m)
{
	fake_free(&m->fw);
	free(m);
}

static void boots(struct machine *m, const struct boot_options *options)
{
	enum bm_error error;

	flushes = 0;
	error = fake_boot(&m->fw, &m->boot, options);
	if (error != BM_OK)
		fail_msg("error %d, console:\n%s", error, m->fw.console_text);
}

static uint64_t free_in_zones(const struct mm *mm)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < mm->nodes * ARCH_NR_ZONES; i++)
		pages += mm->node[i / ARCH_NR_ZONES].zone[i % ARCH_NR_ZONES].free_pages;
	return pages;
}

static uint64_t owned(const struct boot *b)
{
	uint64_t pages = 0;

	for (unsigned owner = 0; owner < OWNER_COUNT; owner++)
		pages += boot_owner_pages(b, (enum owner)owner);
	return pages;
}

/* Everything that must hold after mem_init, whatever the machine. */
static void check_books(const struct machine *m)
{
	const struct boot *b = &m->boot;

	assert_true(e820_check(&b->e820));
	assert_true(owners_check(&b->owners));
	assert_true(mm_check(b->mm));
	assert_true(b->selftest.balanced);
	assert_int_equal(boot_owner_pages(b, OWNER_FIRMWARE), 0);
	assert_int_equal(boot_owner_pages(b, OWNER_BITMAP), 0);
	assert_int_equal(boot_owner_pages(b, OWNER_INIT), 0);
	assert_int_equal(owned(b) + free_in_zones(b->mm), e820_ram_pages(&b->e820, 0, PFN_END));
}

/* What the report says about pages is what the tables show now. */
static void check_tables(const struct boot *b)
{
	struct shown_list shown = { 0 };

	shown_read(&shown, b->paging.root, &b->paging.mode, b->pool.window);
	shown_matches_plan(&shown, &b->plan, &b->paging.mode);
	assert_int_equal(shown.tables, b->paging.table_pages);
	shown_free(&shown);
}

/* What is there once has the pages of one; what the first map's plan had went back. */
static void check_no_leftovers(const struct boot *b)
{
	assert_int_equal(boot_owner_pages(b, OWNER_PAGE_TABLES), b->paging.table_pages);
	assert_int_equal(boot_owner_pages(b, OWNER_CPU), ARCH_CPU_PAGES);
	assert_int_equal(boot_owner_pages(b, OWNER_MM), pfn_up(mm_bytes(b->node_map.nodes)));
	assert_int_equal(boot_owner_pages(b, OWNER_NODES), nodes_table_pages(&b->node_map));
	assert_int_equal(boot_owner_pages(b, OWNER_SECTIONS),
		sparse_table_pages(&b->e820, b->limits.max_pfn));
	assert_int_equal(boot_owner_pages(b, OWNER_ZERO_PAGE), 1);
	assert_int_equal(boot_owner_pages(b, OWNER_PKMAP), pkmap_table_pages(&b->space));
}

/* And on every machine with memory left. */
static void check_booted(const struct machine *m)
{
	check_books(m);
	check_no_leftovers(&m->boot);
	check_tables(&m->boot);
	assert_true(m->boot.selftest.blocks > 0);
}

static enum gfp any_zone(void)
{
	return GFP_HIGHUSER;
}

/* Take every page and see that it is RAM the accepted map gives away and that nobody owns it. */
static void check_every_page(struct machine *m)
{
	struct mm *mm = m->boot.mm;
	uint64_t free = free_in_zones(mm), taken = 0;
	pfn_t pfn;

	while ((pfn = alloc_pages(mm, any_zone(), 0)) != PFN_NONE) {
		const struct owner_range *r = owners_from(&m->boot.owners, pfn);

		assert_int_equal(e820_type_at(&m->boot.e820, pfn), E820_RAM);
		assert_true(r == NULL || r->start > pfn);
		taken++;
	}
	assert_int_equal(taken, free);
	assert_int_equal(free_in_zones(mm), 0);
	assert_true(mm_check(mm));
}

static const struct owner_range *owner_of(const struct boot *b, pfn_t pfn)
{
	const struct owner_range *r = owners_from(&b->owners, pfn);

	return r != NULL && r->start <= pfn ? r : NULL;
}

static void boots_at(uint64_t ram_bytes)
{
	struct machine *m = ovmf(ram_bytes);

	boots(m, NULL);
	check_booted(m);
	if (ram_bytes <= GIB)
		check_every_page(m);
	destroy(m);
}

static void test_sizes(void **state)
{
	static const uint64_t mib[] = { 48, 64, 100, 512, 1024, 4096, 6144, 65536 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(mib); i++)
		boots_at(mib[i] * MIB);
}

static void test_strides(void **state)
{
	static const uint32_t stride[] = { 40, 48, 56, 64 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(stride); i++) {
		struct machine *m = ovmf(512 * MIB);

		m->fw.hostile.fault[HOSTILE_STRIDE] = stride[i];
		boots(m, NULL);
		check_booted(m);
		assert_int_equal(m->boot.findings.of[FINDING_STRIDE].count, stride[i] > 48);
		destroy(m);
	}
}

/* Spoiled in every way that leaves a map: the same machine, to the page. */
static void test_spoiled_maps(void **state)
{
	static const struct option_hostile spoiled[] = {
		{ { [HOSTILE_ZERO] = 7 } },
		{ { [HOSTILE_NESTED] = 1000 } },
		{ { [HOSTILE_UNSORTED] = 3 } },
		{ { [HOSTILE_GROW] = 5 } },
		{ { [HOSTILE_REFUSE] = 9 } },
		{ { [HOSTILE_ZERO] = 100,
			[HOSTILE_NESTED] = 3,
			[HOSTILE_UNSORTED] = 65535,
			[HOSTILE_GROW] = 1,
			[HOSTILE_REFUSE] = 3,
			[HOSTILE_STRIDE] = 64 } },
	};
	static const enum finding_id shows[] = { FINDING_MAP_ZERO_LENGTH, FINDING_MAP_OVERLAP,
		FINDING_MAP_UNSORTED, FINDING_COUNT, FINDING_CLAIM_REFUSED, FINDING_STRIDE };
	struct machine *sane = ovmf(512 * MIB);

	(void)state;
	boots(sane, NULL);
	for (unsigned i = 0; i < ARRAY_SIZE(spoiled); i++) {
		struct machine *m = ovmf(512 * MIB);
		const struct e820 *map = &m->boot.e820;

		m->fw.hostile = spoiled[i];
		boots(m, NULL);
		check_booted(m);
		check_every_page(m);
		assert_int_equal(map->count, sane->boot.e820.count);
		assert_memory_equal(
			map->entry, sane->boot.e820.entry, map->count * sizeof(*map->entry));
		if (shows[i] != FINDING_COUNT)
			assert_true(m->boot.findings.of[shows[i]].count > 0);
		destroy(m);
	}
	destroy(sane);
}

/* Two descriptors disagree about a range: nobody asks the firmware for what one of them keeps. */
static void test_nested_ranges_are_not_claimed(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed < 30; seed++) {
		struct machine *m = ovmf(512 * MIB);

		m->fw.hostile = (struct option_hostile){
			{ [HOSTILE_NESTED] = 1000, [HOSTILE_UNSORTED] = seed }
		};
		boots(m, NULL);
		check_booted(m);
		assert_int_equal(m->fw.refused, 0);
		destroy(m);
	}
}

/* Strides that no map can have end in a message, and in a stop before anything was claimed. */
static void test_impossible_strides(void **state)
{
	static const uint32_t stride[] = { 8, 39, 44, 264 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(stride); i++) {
		struct machine *m = ovmf(512 * MIB);

		m->fw.hostile.fault[HOSTILE_STRIDE] = stride[i];
		assert_int_equal(fake_boot(&m->fw, &m->boot, NULL), BM_INVALID);
		assert_non_null(strstr(m->fw.console_text, "memory map can't be used"));
		assert_int_equal(m->fw.claims, 0);
		destroy(m);
	}
}

static void test_exit_is_retried(void **state)
{
	struct machine *m = ovmf(512 * MIB);

	(void)state;
	m->fw.stale_exits = 5;
	boots(m, NULL);
	check_booted(m);
	assert_int_equal(m->boot.exit_attempts, 6);
	assert_int_equal(m->boot.findings.of[FINDING_EXIT_RETRIED].count, 5);
	destroy(m);
}

static void test_exit_gives_up(void **state)
{
	struct machine *m = ovmf(512 * MIB);

	(void)state;
	m->fw.stale_exits = 1000;
	assert_int_equal(fake_boot(&m->fw, &m->boot, NULL), BM_REFUSED);
	assert_non_null(strstr(m->fw.console_text, "exit: the firmware refused 64 times"));
	destroy(m);
}

static void outgrow_buffer(struct fake_firmware *fw, void *ctx)
{
	(void)ctx;
	fw->hostile.fault[HOSTILE_GROW] = OPTIONS_FAULT_MAX;
}

static void break_stride(struct fake_firmware *fw, void *ctx)
{
	(void)ctx;
	fw->hostile.fault[HOSTILE_STRIDE] = 8;
}

/* The map that is read for the exit is of no use: that is the cause, no refusal, and the firmware can go on. */
static void test_exit_names_its_cause(void **state)
{
	static const struct {
		void (*meddle)(struct fake_firmware *fw, void *ctx);
		enum bm_error error;
		const char *says;
	} cause[] = {
		{ outgrow_buffer, BM_FULL,
			"exit: at attempt 1, the firmware's map outgrew its buffer (Q3)" },
		{ break_stride, BM_INVALID,
			"exit: at attempt 1, the firmware's map can't be used" },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cause); i++) {
		struct machine *m = ovmf(512 * MIB);

		m->fw.stale_exits = 1;
		m->fw.meddle = cause[i].meddle;
		assert_int_equal(fake_boot(&m->fw, &m->boot, NULL), cause[i].error);
		assert_non_null(strstr(m->fw.console_text, cause[i].says));
		assert_true(!m->boot.exited && m->boot.pool.claim != NULL);
		destroy(m);
	}
}

/* Pages that the map calls free but that are never granted: around them, and reported. */
static void test_refused_claims(void **state)
{
	struct machine *m = ovmf(512 * MIB);

	(void)state;
	m->fw.refuse[0] = (struct pfn_range){ 0x1500, 0x1502 };
	m->fw.refuse[1] = (struct pfn_range){ 0x1510, 0x1511 };
	m->fw.refuse[2] = (struct pfn_range){ 0x1600, 0x1700 };
	m->fw.refusals = 3;
	boots(m, NULL);
	check_booted(m);
	assert_true(m->boot.findings.of[FINDING_CLAIM_REFUSED].count > 0);
	assert_int_equal(m->boot.findings.of[FINDING_CLAIM_REFUSED].start_phys, pfn_phys(0x1500));
	assert_int_equal(m->boot.findings.of[FINDING_CLAIM_REFUSED].end_phys,
		pfn_phys(0x1500 + m->boot.bitmap_pages[0]));
	destroy(m);
}

/* Until our page tables are live nothing is where the firmware's may not reach: above 4 GiB, or the direct map's end. */
static void test_limit_until_activate(void **state)
{
	struct machine *m = ovmf(6 * GIB);
	struct boot *b = &m->boot;

	(void)state;
	assert_int_equal(fake_start(&m->fw, b, NULL), BM_OK);
	assert_int_equal(boot_prepare(b), BM_OK);
	assert_int_equal(b->pool.dma_limit, 16 * MIB);
	assert_true(b->pool.current_limit ==
		    (ARCH_HIGHMEM ? pfn_phys(b->limits.max_low_pfn) : 4 * GIB));
	assert_int_equal(boot_exit(b), BM_OK);
	assert_true(b->pool.current_limit ==
		    (ARCH_HIGHMEM ? pfn_phys(b->limits.max_low_pfn) : 4 * GIB));
	fake_activate(&m->fw, b);
	assert_true(b->pool.current_limit ==
		    (ARCH_HIGHMEM ? pfn_phys(b->limits.max_low_pfn) : PHYS_END));
	assert_int_equal(boot_mem_init(b), BM_OK);
	destroy(m);
}

/* No more special ranges count, of the front end's and of the user's bad RAM, than there are. */
static void test_as_many_specials_as_there_are(void **state)
{
	struct machine *m = ovmf(512 * MIB);
	struct boot_input *in = &m->boot.input;
	struct paging_leaf leaf;

	(void)state;
	assert_int_equal(fake_start(&m->fw, &m->boot, NULL), BM_OK);
	in->special[in->specials] =
		(struct map_special){ .start_phys = 64 * MIB, .end_phys = 65 * MIB, .guard = true };
	in->options.badram[in->options.badrams] = (struct option_range){ 66 * MIB, MIB };
	in->options.reserve[in->options.reserves] = (struct option_range){ 68 * MIB, MIB };
	assert_int_equal(boot_prepare(&m->boot), BM_OK);
	for (phys_t at = 64 * MIB; at < 70 * MIB; at += MIB) {
		assert_true(paging_lookup(&m->boot.paging, m->boot.pool.window,
			m->boot.space.direct_base + at, &leaf));
		assert_null(owner_of(&m->boot, pfn_down(at)));
	}
	destroy(m);
}

/* It goes where it just fits, and not where one page is missing. */
static void test_bitmap_fits_exactly(void **state)
{
	struct machine *m = ovmf(512 * MIB);
	struct boot_options options;
	pfn_t where, end;

	(void)state;
	boots(m, NULL);
	where = m->boot.bitmap_pfn[0];
	end = where + m->boot.bitmap_pages[0];
	destroy(m);
	options_defaults(&options);
	options.reserves = 1;
	for (unsigned missing = 0; missing < 2; missing++) {
		m = ovmf(512 * MIB);
		options.reserve[0] = (struct option_range){ pfn_phys(end - missing), MIB };
		boots(m, &options);
		check_booted(m);
		assert_int_equal(m->boot.bitmap_pfn[0] == where, missing == 0);
		destroy(m);
	}
}

/*
 * What only the start needed is free memory now: allocated like any other, writable in the direct map, and
 * no longer executable.
 */
static void test_free_initmem(void **state)
{
	struct machine *m = ovmf(512 * MIB);
	struct boot *b = &m->boot;
	struct paging_leaf leaf;

	(void)state;
	boots(m, NULL);
	assert_int_equal(
		b->freed_init_pages, pfn_down(b->input.init_end_phys - b->input.init_start_phys) +
					     (b->scratch.end - b->scratch.start));
	for (phys_t at = b->input.init_start_phys; at < b->input.init_end_phys; at += PAGE_SIZE) {
		assert_false(paging_lookup(&b->paging, b->pool.window, at, &leaf));
		assert_true(paging_lookup(
			&b->paging, b->pool.window, b->space.direct_base + at, &leaf));
		assert_int_equal(leaf.rights, MAP_WRITE | (b->paging.mode.nx ? 0 : MAP_EXEC));
		assert_null(owner_of(b, pfn_down(at)));
		assert_true(was_flushed(at) && was_flushed(b->space.direct_base + at));
	}
	assert_int_equal(flushes, 2 * pfn_down(b->input.init_end_phys - b->input.init_start_phys));
	assert_non_null(owner_of(b, pfn_down(b->input.init_end_phys))); /* the rest of the text */
	destroy(m);
}

/*
 *  direct map |===== ordinary RAM =====| init || text
 *                                            2 MiB border
 * Expect: after init was freed all below the border is ordinary memory, and the report counts the small pages that
 * it is still shown in.
 */
static void test_free_initmem_up_to_a_large_page(void **state)
{
	uint64_t large = ARCH_HIGHMEM ? 4 * MIB : 2 * MIB;
	phys_t init_end, moved;

	(void)state;
	for (uint64_t above = 0, round = 0; round < 2; round++) {
		struct machine *m = ovmf(512 * MIB);

		if (above != 0)
			assert_int_not_equal(fake_allocate_top(&m->fw, above, EFI_MEM_RESERVED,
						     pfn_down(512 * MIB)),
				PFN_END);
		boots(m, NULL);
		init_end = m->boot.input.init_end_phys;
		moved = init_end % large;
		above = pfn_down(moved);
		check_booted(m);
		destroy(m);
	}
	assert_int_equal(moved, 0);
}

/* Firmware that takes a page right where the next claims will go. */
static void take_behind_our_back(struct fake_firmware *fw, void *ctx)
{
	uint32_t *type = ctx;
	pfn_t pfn = 0x1500 + 16 + 7 * fw->claims;

	if (fw->claims < 12)
		fake_allocate(fw, pfn, 1, *type);
}

/* At the exit it takes pages, too, one for each refused key. */
static void take_at_the_exit(struct fake_firmware *fw, void *ctx)
{
	uint32_t *type = ctx;

	if (fw->stale_exits < 3)
		fake_allocate(fw, 0x1800 + 3 * fw->stale_exits, 2, *type);
	take_behind_our_back(fw, ctx);
}

static void test_firmware_allocates_meanwhile(void **state)
{
	uint32_t type = EFI_MEM_BOOT_DATA;
	struct machine *m = ovmf(512 * MIB);

	(void)state;
	m->fw.meddle = take_behind_our_back;
	m->fw.meddle_ctx = &type;
	boots(m, NULL);
	check_booted(m);
	check_every_page(m);
	destroy(m);
}

/* And single pages where it likes, four of them. */
static void keep_pages(struct fake_firmware *fw, void *ctx)
{
	const phys_t *phys = ctx;

	for (unsigned i = 0; fw->stale_exits == 0 && i < 4; i++)
		if (!fake_allocate(fw, pfn_down(phys[i]), 1, EFI_MEM_RUNTIME_DATA))
			fake_add(fw, EFI_MEM_RUNTIME_DATA, phys[i], phys[i] + PAGE_SIZE, RUNTIME);
}

/* What it keeps for good must be gone from RAM after the exit. */
static void test_settle_loses_ram(void **state)
{
	uint32_t type = EFI_MEM_RUNTIME_DATA;
	struct machine *m = ovmf(512 * MIB);

	(void)state;
	m->fw.meddle = take_at_the_exit;
	m->fw.meddle_ctx = &type;
	m->fw.stale_exits = 3;
	boots(m, NULL);
	check_booted(m);
	assert_int_equal(m->boot.findings.of[FINDING_SETTLED].count, 1);
	assert_int_equal(e820_type_at(&m->boot.e820, 0x1800), E820_RESERVED);
	assert_int_equal(e820_type_at(&m->boot.e820, 0x1806), E820_RESERVED);
	check_every_page(m);
	destroy(m);
}

/* Pages that nobody uses though they have an owner: the firmware may keep them, and they are no longer ours to count. */
static void test_settle_loses_what_nobody_uses(void **state)
{
	static const phys_t gone[] = { 0, 0x5000, 30 * MIB, 31 * MIB };
	struct machine *m = ovmf(512 * MIB);
	struct boot_options options;

	(void)state;
	options_defaults(&options);
	options.reserves = options.badrams = 1;
	options.reserve[0] = (struct option_range){ gone[2], 2 * PAGE_SIZE };
	options.badram[0] = (struct option_range){ gone[3], 2 * PAGE_SIZE };
	m->fw.meddle = keep_pages;
	m->fw.meddle_ctx = (void *)(uintptr_t)gone;
	m->fw.stale_exits = 1;
	boots(m, &options);
	check_booted(m);
	for (unsigned i = 0; i < ARRAY_SIZE(gone); i++) {
		assert_int_equal(e820_type_at(&m->boot.e820, pfn_down(gone[i])), E820_RESERVED);
		assert_null(owner_of(&m->boot, pfn_down(gone[i])));
	}
	assert_int_equal(boot_owner_pages(&m->boot, OWNER_RESERVE), 1);
	assert_int_equal(boot_owner_pages(&m->boot, OWNER_BADRAM), 1);
	check_every_page(m);
	destroy(m);
}

/* At the exit a driver gives reserved memory back. */
static void free_the_reserved(struct fake_firmware *fw, void *ctx)
{
	(void)ctx;
	for (uint32_t i = 0; fw->stale_exits == 0 && i < fw->count; i++)
		if (fw->desc[i].type == EFI_MEM_RESERVED && fw->desc[i].phys_start < GIB) {
			fw->desc[i].type = EFI_MEM_CONVENTIONAL;
			fw->desc[i].attribute = WB;
		}
}

static void test_settle_wins_ram(void **state)
{
	struct machine *m = ovmf(512 * MIB);
	pfn_t pfn = (512 * MIB - 0x500000) >> PAGE_SHIFT;

	(void)state;
	m->fw.meddle = free_the_reserved;
	m->fw.stale_exits = 1;
	boots(m, NULL);
	check_booted(m);
	assert_int_equal(e820_type_at(&m->boot.e820, pfn), E820_RAM);
	assert_int_equal(m->boot.findings.of[FINDING_SETTLED].count, 1);
	check_every_page(m);
	destroy(m);
}

/* What appears where options say that nobody shall go is not free, and bad RAM is not mapped either. */
static void test_settle_wins_bad_ram(void **state)
{
	const phys_t phys = 512 * MIB - 0x500000;
	struct machine *m = ovmf(512 * MIB);
	struct boot_options options;

	(void)state;
	options_defaults(&options);
	options.badrams = options.reserves = 1;
	options.badram[0] = (struct option_range){ phys, 2 * PAGE_SIZE };
	options.reserve[0] = (struct option_range){ phys + 4 * PAGE_SIZE, PAGE_SIZE };
	m->fw.meddle = free_the_reserved;
	m->fw.stale_exits = 1;
	boots(m, &options);
	check_booted(m);
	assert_int_equal(e820_type_at(&m->boot.e820, pfn_down(phys)), E820_RAM);
	assert_int_equal(boot_owner_pages(&m->boot, OWNER_BADRAM), 2);
	assert_int_equal(boot_owner_pages(&m->boot, OWNER_RESERVE), 1);
	check_every_page(m);
	destroy(m);
}

/* The firmware keeps a page that we were granted: the machine stops and names both. */
static void steal_page_tables(struct fake_firmware *fw, void *ctx)
{
	const struct boot *b = ctx;

	if (b->paging.root == 0)
		return;
	for (uint32_t i = 0; i < fw->count; i++)
		if (fw->desc[i].phys_start == b->paging.root)
			fw->desc[i].type = EFI_MEM_RUNTIME_DATA;
}

static void test_settle_collision(void **state)
{
	struct machine *m = ovmf(512 * MIB);

	(void)state;
	m->fw.meddle = steal_page_tables;
	m->fw.meddle_ctx = &m->boot;
	m->fw.stale_exits = 1;
	assert_int_equal(fake_boot(&m->fw, &m->boot, NULL), BM_CONFLICT);
	assert_non_null(strstr(m->fw.console_text, "page tables"));
	assert_non_null(strstr(m->fw.console_text, "reserved"));
	destroy(m);
}

static void test_options(void **state)
{
	struct machine *m = ovmf(512 * MIB);
	struct boot_options options;

	(void)state;
	options_defaults(&options);
	options.mem_bytes = 256 * MIB;
	options.reserves = options.badrams = 1;
	options.reserve[0] = (struct option_range){ 0x2000800, 0x1000 };
	options.badram[0] = (struct option_range){ 0x3000000, 0x1 };
	/* The image and the workspace are at the top of low memory: mem= cuts them off, too. */
	boots(m, &options);
	check_booted(m);
	assert_int_equal(boot_owner_pages(&m->boot, OWNER_RESERVE), 2);
	assert_int_equal(boot_owner_pages(&m->boot, OWNER_BADRAM), 1);
	assert_int_equal(m->boot.limits.max_pfn, 256 * MIB >> PAGE_SHIFT);
	assert_true(m->boot.findings.of[FINDING_RAM_BEYOND_MEM].bytes > 0);
	check_every_page(m);
	destroy(m);
}

/* RAM that no table, no direct map or no processor reaches is left out and counted. */
static void left_out(phys_t from, struct paging_mode mode, enum finding_id id)
{
	struct machine *m = ovmf(512 * MIB);

	fake_add(&m->fw, EFI_MEM_CONVENTIONAL, from, from + 3 * MIB, WB);
	m->fw.mode = mode;
	boots(m, NULL);
	check_booted(m);
	assert_int_equal(m->boot.findings.of[id].count, 1);
	assert_int_equal(m->boot.findings.of[id].bytes, 3 * MIB);
	assert_true(m->boot.findings.of[id].start_phys == from);
	assert_true(m->boot.findings.of[id].end_phys == from + 3 * MIB);
	assert_int_equal(m->boot.limits.max_pfn, m->boot.limits.max_low_pfn);
	destroy(m);
}

static void test_unreachable_ram(void **state)
{
	struct paging_mode mode = { .large = true, .nx = true, .phys_bits = 52 };

	(void)state;
	mode.levels = ARCH_HIGHMEM ? 2 : 4;
	mode.nx = !ARCH_HIGHMEM;
	if (ARCH_HIGHMEM)
		left_out(5 * GIB, mode, FINDING_RAM_BEYOND_PAGING);
	else
		left_out(100 * TIB, mode, FINDING_RAM_BEYOND_MAP);
	mode.levels = ARCH_HIGHMEM ? 3 : 4;
	mode.phys_bits = 36;
	left_out(64 * GIB, mode, FINDING_RAM_BEYOND_CPU);
}

/* --- the framebuffer -------------------------------------------------------------------------------- */

/* The map changes at the exit, so settle plans the address space a second time. */
static void boots_planning_twice(struct machine *m)
{
	m->fw.meddle = free_the_reserved;
	m->fw.stale_exits = 1;
	boots(m, NULL);
	check_booted(m);
	assert_int_equal(m->boot.findings.of[FINDING_SETTLED].count, 1);
}

static struct machine *with_framebuffer(phys_t phys, uint64_t bytes)
{
	struct machine *m = ovmf(512 * MIB);

	m->fw.framebuffer_phys = phys;
	m->fw.framebuffer_bytes = bytes;
	boots_planning_twice(m);
	return m;
}

static bool has_special_at(const struct boot *b, phys_t start, phys_t end, bool identity)
{
	for (uint32_t i = 0; i < b->specials; i++)
		if (b->special[i].start_phys == start && b->special[i].end_phys == end)
			return b->special[i].identity == identity &&
			       b->special[i].kernel != identity &&
			       b->special[i].rights == (MAP_WRITE | MAP_WC);
	return false;
}

/* Every page of it, from the address that the front end and the kernel are told. */
static void check_mapped(const struct boot *b, phys_t phys, uint64_t bytes)
{
	uint64_t address = boot_framebuffer_address(b);
	struct paging_leaf leaf;

	assert_int_not_equal(address, 0);
	for (uint64_t at = address; at < address + bytes; at = leaf.virt + leaf.bytes) {
		assert_true(paging_lookup(&b->paging, b->pool.window, at, &leaf));
		assert_int_equal(leaf.phys + (at - leaf.virt), phys + (at - address));
		assert_int_equal(leaf.rights & (MAP_WRITE | MAP_WC | MAP_UC), MAP_WRITE | MAP_WC);
	}
}

static void shows_framebuffer(phys_t phys, uint64_t bytes)
{
	struct machine *m = with_framebuffer(phys, bytes);
	phys_t end = align_up(phys + bytes, PAGE_SIZE);
	bool identity = end <= m->boot.space.identity_end;

	assert_int_equal(m->boot.findings.of[FINDING_FRAMEBUFFER_LEFT_OUT].count, 0);
	assert_true(has_special_at(&m->boot, align_down(phys, PAGE_SIZE), end, identity));
	check_mapped(&m->boot, phys, bytes);
	if (identity)
		assert_int_equal(boot_framebuffer_address(&m->boot), phys);
	else
		assert_true(boot_framebuffer_address(&m->boot) >= m->boot.space.vmalloc_end);
	destroy(m);
}

static void leaves_framebuffer_out(phys_t phys, uint64_t bytes)
{
	struct machine *m = with_framebuffer(phys, bytes);
	const struct finding *f = &m->boot.findings.of[FINDING_FRAMEBUFFER_LEFT_OUT];
	phys_t start = align_down(phys, PAGE_SIZE), end = align_up(phys + bytes, PAGE_SIZE);

	assert_int_equal(f->count, 1);
	assert_int_equal(f->start_phys, start);
	assert_int_equal(f->end_phys, end);
	assert_int_equal(f->bytes, end > start ? end - start : 0);
	assert_false(has_special_at(&m->boot, start, end, true));
	assert_false(has_special_at(&m->boot, start, end, false));
	assert_int_equal(boot_framebuffer_address(&m->boot), 0);
	destroy(m);
}

/*
 *   framebuffer   [A)  [B)  [C)              [D)       [E wraps)
 *   address space     ^ PAGE_OFFSET (i386)      ^ end of physical addresses
 *
 * Expect each mapped, write-combining, where it is or, on i386 at or above PAGE_OFFSET, above vmalloc; or left out
 * and said exactly once, though settle plans twice.
 */
static void test_framebuffer(void **state)
{
	struct machine *none = with_framebuffer(0xd0000000, 0);

	(void)state;
	assert_int_equal(none->boot.findings.of[FINDING_FRAMEBUFFER_LEFT_OUT].count, 0);
	assert_int_equal(boot_framebuffer_address(&none->boot), 0);
	destroy(none);
	shows_framebuffer(0xa0000000, 3 * MIB + 0x800);
	shows_framebuffer(0xbf800010, 8 * MIB - 0x10);
	shows_framebuffer(0xbf800000, 8 * MIB + 1);
	shows_framebuffer(0xc0000000, 3 * MIB);
	shows_framebuffer(0xc0001010, 33 * MIB);
	shows_framebuffer(UINT64_C(0x800000000), 33 * MIB);
	/* the vmalloc area keeps half of what it has */
	if (ARCH_HIGHMEM)
		leaves_framebuffer_out(0xc0000000, 512 * MIB);
	leaves_framebuffer_out(PHYS_END, 3 * MIB);
	leaves_framebuffer_out(UINT64_MAX - MIB, 3 * MIB);
}

/* --- a serial port in memory ------------------------------------------------------------------------- */

static struct machine *with_uart(phys_t phys, uint32_t stride)
{
	struct machine *m = ovmf(512 * MIB);

	m->fw.uart_phys = phys;
	m->fw.uart_stride = stride;
	boots_planning_twice(m);
	return m;
}

static void shows_uart(phys_t phys, uint32_t stride)
{
	struct machine *m = with_uart(phys, stride);
	const struct boot *b = &m->boot;
	uint64_t address = boot_uart_address(b), last = address + 8 * (uint64_t)stride - 1;
	struct paging_leaf leaf;

	assert_int_equal(b->findings.of[FINDING_UART_LEFT_OUT].count, 0);
	for (uint64_t at = address;; at = last) {
		assert_true(paging_lookup(&b->paging, b->pool.window, at, &leaf));
		assert_int_equal(leaf.phys + (at - leaf.virt), phys + (at - address));
		assert_int_equal(leaf.rights & (MAP_WRITE | MAP_WC | MAP_UC), MAP_WRITE | MAP_UC);
		if (at == last)
			break;
	}
	if (phys < b->space.identity_end) {
		assert_int_equal(address, phys);
		assert_int_equal(b->space.serial.start, b->space.serial.end);
	} else {
		assert_int_equal(align_down(address, PAGE_SIZE), b->space.serial.start);
		assert_int_equal(b->space.serial.end, b->space.fixmap_start);
	}
	destroy(m);
}

static void leaves_uart_out(phys_t phys)
{
	struct machine *m = with_uart(phys, 4);

	assert_int_equal(m->boot.findings.of[FINDING_UART_LEFT_OUT].count, 1);
	assert_int_equal(
		m->boot.findings.of[FINDING_UART_LEFT_OUT].start_phys, align_down(phys, PAGE_SIZE));
	assert_int_equal(boot_uart_address(&m->boot), 0);
	destroy(m);
}

/* Mapped uncached, where it is or, on i386 at or above PAGE_OFFSET, below the fixmap; never in RAM. */
static void test_uart_in_memory(void **state)
{
	struct machine *none = with_uart(0, 0);
	phys_t end = arch_phys_end(&none->boot.input.mode);

	(void)state;
	assert_int_equal(boot_uart_address(&none->boot), 0);
	destroy(none);
	shows_uart(0xa0000000, 1);
	shows_uart(0xfe034010, 4);
	shows_uart(0xfe034ff0, 4); /* its registers are in two pages */
	shows_uart(UINT64_C(0x800000000), 4);
	shows_uart(end - 8 * 4, 4); /* the last that the CPU can address */
	leaves_uart_out(end - 8 * 4 + 1);
	leaves_uart_out(0x3f8);
	leaves_uart_out(256 * MIB - 4);
	leaves_uart_out(PHYS_END - 32);
}

/* --- found by review -------------------------------------------------------------------------------- */

/* badram= where the loader runs can't be obeyed: said before the exit, and the firmware goes on. */
static void test_badram_over_the_image(void **state)
{
	struct machine *m = ovmf(512 * MIB);
	struct boot_options options;

	(void)state;
	options_defaults(&options);
	options.badrams = 1;
	options.badram[0] = (struct option_range){ 256 * MIB, 256 * MIB };
	assert_int_equal(fake_boot(&m->fw, &m->boot, &options), BM_CONFLICT);
	assert_false(m->fw.exited);
	assert_non_null(strstr(m->fw.console_text, "badram=256M@0x10000000 is"));
	destroy(m);
}

/* To the byte, at both ends of the image and of the workspace: what only touches them is no harm. */
static void test_badram_beside_the_image(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++)
		for (unsigned inside = 0; inside < 2; inside++) {
			struct machine *m = ovmf(512 * MIB);
			struct boot_input *in = &m->boot.input;
			phys_t edge;

			assert_int_equal(fake_start(&m->fw, &m->boot, NULL), BM_OK);
			in->workspace_end_phys -= PAGE_SIZE; /* it ended where the image begins */
			edge = (const phys_t[]){ in->image_start_phys, in->image_end_phys,
				in->workspace_start_phys, in->workspace_end_phys }[i];
			in->options.badrams = 1;
			in->options.badram[0] = (struct option_range){
				i % 2 == 0 ? edge - 1 + inside : edge - inside, 1
			};
			assert_int_equal(boot_prepare(&m->boot), inside ? BM_CONFLICT : BM_OK);
			destroy(m);
		}
}

/* Bad RAM is RAM: where badram= also covers the framebuffer and the firmware's runtime ranges, they stay mapped. */
static void test_badram_over_what_is_no_ram(void **state)
{
	struct machine *m = ovmf(512 * MIB);
	struct boot_options options;
	struct paging_leaf leaf;
	uint32_t runtime_ranges = 0;

	(void)state;
	options_defaults(&options);
	options.badrams = 3;
	options.badram[0] = (struct option_range){ 0, MIB };
	options.badram[1] = (struct option_range){ 0xd0001000, 0x1000 };
	m->fw.framebuffer_phys = 0xd0000000;
	m->fw.framebuffer_bytes = 4 * MIB;
	for (uint32_t i = 0; i < m->fw.count; i++) {
		const struct efi_memory_desc *desc = &m->fw.desc[i];

		if (desc->type != EFI_MEM_RUNTIME_CODE)
			continue;
		runtime_ranges++;
		options.badram[2] = (struct option_range){ desc->phys_start - PAGE_SIZE,
			pfn_phys(desc->pages) };
	}
	assert_int_not_equal(runtime_ranges, 0);
	boots(m, &options);
	check_booted(m);
	check_mapped(&m->boot, m->fw.framebuffer_phys, m->fw.framebuffer_bytes);
	assert_true(paging_lookup(&m->boot.paging, m->boot.pool.window,
		options.badram[2].start_phys + PAGE_SIZE, &leaf));
	assert_false(paging_lookup(
		&m->boot.paging, m->boot.pool.window, m->boot.space.direct_base + 0x3000, &leaf));
	destroy(m);
}

/* A section without room for its descriptors is left out to the page, whatever else lies in it. */
static void test_left_out_section(void **state)
{
	struct machine *m = ovmf(256 * MIB);
	struct boot_options options;
	const uint64_t section = UINT64_C(1) << ARCH_SECTION_SHIFT;

	(void)state;
	options_defaults(&options);
	options.reserves = 2;
	options.reserve[0] = (struct option_range){ 0, section };
	options.reserve[1] = (struct option_range){ section + 600 * KIB, 255 * MIB - section };
	boots(m, &options);
	check_books(m);
	assert_true(boot_owner_pages(&m->boot, OWNER_LEFT_OUT) > 0);
	check_every_page(m);
	destroy(m);
}

/* Said and counted before the exit, too: report mode has nothing after it. */
static void test_far_page_before_the_exit(void **state)
{
	struct machine *m = ovmf(512 * MIB);

	(void)state;
	m->fw.mode.phys_bits = 52;
	fake_add(&m->fw, EFI_MEM_CONVENTIONAL, 60 * TIB, 60 * TIB + MIB, WB);
	assert_int_equal(fake_start(&m->fw, &m->boot, NULL), BM_OK);
	assert_int_equal(boot_prepare(&m->boot), BM_OK);
	if (!ARCH_HIGHMEM) {
		assert_int_equal(m->boot.findings.of[FINDING_RAM_TOO_FAR].bytes, MIB);
		assert_non_null(strstr(
			m->fw.console_text, "bootmem: without the RAM from 3c0000000000 on\n"));
	}
	destroy(m);
}

/* All RAM is one range: highmem= takes from its end. */
static void test_highmem_of_a_single_range(void **state)
{
	struct machine *m = calloc(1, sizeof(*m));
	struct boot_options options;

	(void)state;
	options_defaults(&options);
	options.highmem_bytes = 64 * MIB;
	fake_init(&m->fw, 512 * MIB);
	fake_add(&m->fw, EFI_MEM_CONVENTIONAL, 0, 512 * MIB, WB);
	assert_int_equal(fake_start(&m->fw, &m->boot, &options), BM_OK);
	assert_int_equal(boot_prepare(&m->boot), BM_OK);
	assert_int_equal(m->boot.limits.max_low_pfn, pfn_down((ARCH_HIGHMEM ? 448 : 512) * MIB));
	destroy(m);
}

/* RAM so far away that no bitmap could reach it is left out, and the rest boots. */
static void test_far_page(void **state)
{
	struct machine *m = ovmf(512 * MIB);

	(void)state;
	m->fw.mode.phys_bits = 52;
	fake_add(&m->fw, EFI_MEM_CONVENTIONAL, 60 * TIB, 60 * TIB + MIB, WB);
	boots(m, NULL);
	check_booted(m);
	if (!ARCH_HIGHMEM) {
		assert_int_equal(m->boot.findings.of[FINDING_RAM_TOO_FAR].bytes, MIB);
		assert_int_equal(m->boot.limits.max_pfn, m->boot.limits.max_low_pfn);
	}
	destroy(m);
}

static struct efi_memory_desc *desc_at(struct machine *m, phys_t start)
{
	uint32_t i = 0;

	while (m->fw.desc[i].phys_start != start)
		i++;
	return &m->fw.desc[i];
}

/* Boot services' data that ends inside a page: all of that page is the firmware's until the exit. */
static void test_unaligned_boot_data(void **state)
{
	struct machine *m = ovmf(512 * MIB);
	struct efi_memory_desc *data = desc_at(m, 0x900000);
	struct efi_memory_desc *after = desc_at(m, 0x1500000);

	(void)state;
	data->phys_start += 0x800;
	after->phys_start += 0x800;
	assert_int_equal(fake_start(&m->fw, &m->boot, NULL), BM_OK);
	assert_int_equal(boot_prepare(&m->boot), BM_OK);
	assert_true(bootmem_reserved(&m->boot.bootmem[0], 0x1500));
	destroy(m);
}

/* RAM that appears below every bitmap stays out of use, and the books balance. */
static void free_the_lowest(struct fake_firmware *fw, void *ctx)
{
	(void)ctx;
	if (fw->stale_exits != 0)
		return;
	for (uint32_t i = 0; i < fw->count; i++)
		if (fw->desc[i].phys_start == 0x1000) {
			fw->desc[i].type = EFI_MEM_CONVENTIONAL;
			fw->desc[i].attribute = WB;
		}
}

static void test_settle_wins_lowest_ram(void **state)
{
	struct machine *m = ovmf(512 * MIB);

	(void)state;
	desc_at(m, 0)->type = EFI_MEM_RESERVED;
	desc_at(m, 0x1000)->type = EFI_MEM_RESERVED;
	m->fw.meddle = free_the_lowest;
	m->fw.stale_exits = 1;
	boots(m, NULL);
	check_booted(m);
	assert_true(boot_owner_pages(&m->boot, OWNER_LEFT_OUT) > 0);
	check_every_page(m);
	destroy(m);
}

/* --- hostile maps ----------------------------------------------------------------------------------- */

/* Descriptors anywhere: unsorted, overlapping, unaligned, empty, endless, of any type. */
static struct machine *hostile(uint64_t *seed)
{
	static const uint32_t usual[] = { 1, 2, 3, 4, 7, 7, 7, 7 };
	struct machine *m = calloc(1, sizeof(*m));
	uint32_t n = 2 + (uint32_t)random_below(seed, 40);

	fake_init(&m->fw, arena_bytes(16 * GIB));
	for (uint32_t i = 0; i < n; i++) {
		pfn_t start = random_below(seed, random_below(seed, 3) ? 0x20000 : 0x200000);
		pfn_t pages = 1 + random_below(seed, random_below(seed, 2) ? 8 : 0x4000);
		uint64_t kind = random_below(seed, 12);
		struct efi_memory_desc *d;

		fake_add(&m->fw,
			random_below(seed, 2) ? (uint32_t)random_below(seed, 17)
					      : usual[random_below(seed, 8)],
			pfn_phys(start), pfn_phys(start + pages),
			kind == 0   ? RUNTIME
			: kind == 1 ? 0
				    : WB);
		d = &m->fw.desc[m->fw.count - 1];
		if (random_below(seed, 8) == 0)
			d->phys_start += random_below(seed, 512) * 8;
		if (random_below(seed, 20) == 0)
			d->pages = 0;
		if (random_below(seed, 30) == 0 && d->type > 7)
			d->pages = UINT64_MAX >> random_below(seed, 30);
	}
	return m;
}

/* Nothing that a sane descriptor of another kind covers may be RAM. */
static void check_truth(const struct machine *m)
{
	for (uint32_t i = 0; i < m->fw.count; i++) {
		const struct efi_memory_desc *d = &m->fw.desc[i];
		phys_t end = d->phys_start + pfn_phys(d->pages);

		if (d->pages == 0 || d->pages > 0x100000 || fw_desc_e820_type(d, NULL) == E820_RAM)
			continue;
		assert_int_equal(
			e820_ram_pages(&m->boot.e820, pfn_down(d->phys_start), pfn_up(end)), 0);
	}
}

/* At the exit it keeps or gives up whatever it likes, but for what is ours. */
static void change_at_the_exit(struct fake_firmware *fw, void *ctx)
{
	static const uint32_t types[] = { 0, 3, 4, 5, 6, 7, 7, 9, 10, 11 };
	struct machine *m = (struct machine *)(void *)fw; /* its first member */
	uint64_t *seed = ctx;

	for (uint32_t k = 0; m->boot.stage == STAGE_EXIT && k < 4; k++) {
		struct efi_memory_desc *d = &fw->desc[random_below(seed, fw->count)];

		if (d->type == EFI_MEM_LOADER_CODE || d->type == EFI_MEM_LOADER_DATA ||
			d->pages > 0x100000)
			continue;
		d->type = types[random_below(seed, ARRAY_SIZE(types))];
		d->attribute = WB;
	}
}

/*
 * Whatever the map says: a machine that balances, or a message; never a touch of a page that was not
 * granted (the arena sees to that), never a page handed out that is not RAM.
 */
static void test_hostile_maps(void **state)
{
	uint64_t seed = 64;
	unsigned booted = 0;

	(void)state;
	for (int round = 0; round < 1500; round++) {
		struct machine *m = hostile(&seed);
		enum bm_error error;

		if (random_below(&seed, 2)) {
			m->fw.stale_exits = 1;
			m->fw.meddle = change_at_the_exit;
			m->fw.meddle_ctx = &seed;
		}
		error = fake_boot(&m->fw, &m->boot, NULL);
		if (error == BM_OK) {
			booted++;
			check_books(m);
			check_truth(m);
		} else if (m->boot.platform != NULL) {
			assert_true(m->fw.console.used > 0);
			assert_null(strstr(m->fw.console_text, "do not add up"));
		}
		destroy(m);
	}
	assert_true(booted > 500);
}

/* --- nodes ------------------------------------------------------------------------------------------ */

/* ACPI tables in a reserved range that only the machine's maker can write. */
#define TABLES 0xf0000

static uint8_t *tables_begin(struct machine *m)
{
	fake_add(&m->fw, EFI_MEM_ACPI_RECLAIM, TABLES, TABLES + 0x10000, WB);
	return fake_open(&m->fw, TABLES, TABLES + 0x10000);
}

#define SLIT_AT 0x8000

/* RSDP at 0, XSDT at 0x100, SRAT at 0x400, SLIT (of two nodes). */
static void tables_end(struct machine *m, uint8_t *at, const struct srat_bytes *srat)
{
	static const uint8_t distance[] = { 10, 33, 33, 10 };

	memcpy(at + 0x400, srat->bytes, srat->length);
	put(at + SLIT_AT + 36, 2, 8);
	memcpy(at + SLIT_AT + 44, distance, sizeof(distance));
	put_header(at + SLIT_AT, "SLIT", 48, 1);
	put(at + 0x100 + 36, TABLES + 0x400, 8);
	put(at + 0x100 + 44, TABLES + SLIT_AT, 8);
	put_header(at + 0x100, "XSDT", 52, 1);
	memcpy(at, "RSD PTR ", 8);
	at[15] = 2;
	put(at + 20, 36, 4);
	put(at + 24, TABLES + 0x100, 8);
	seal(at, 20, 8);
	seal(at, 36, 32);
	m->fw.rsdp_phys = TABLES;
}

/* Each node manages its own pages, and a block comes from the node it was asked from. */
static void check_nodes(struct machine *m)
{
	struct mm *mm = m->boot.mm;
	const struct node_map *map = &m->boot.node_map;

	assert_true(node_map_check(map, &m->boot.e820));
	for (uint32_t i = 0; i < map->ranges; i++) {
		assert_int_equal(mm_pfn_to_nid(mm, map->range[i].start), map->range[i].nid);
		assert_int_equal(mm_pfn_to_nid(mm, map->range[i].end - 1), map->range[i].nid);
	}
	for (uint32_t nid = 0; nid < mm->nodes; nid++) {
		pfn_t pfn = alloc_pages_node(mm, (int)nid, GFP_HIGHUSER, 0);

		assert_true(pfn != PFN_NONE);
		if (mm->node[nid].present_pages > 1000)
			assert_int_equal(mm_pfn_to_nid(mm, pfn), nid);
		assert_int_equal(free_pages(mm, pfn, 0), BM_OK);
	}
}

/* Every page of a block lies in the node that its zone belongs to. */
static void check_zones_are_of_nodes(struct machine *m)
{
	struct mm *mm = m->boot.mm;

	for (uint32_t z = 0; z < mm->nodes * ARCH_NR_ZONES; z++) {
		pfn_t block[64];
		uint32_t taken = 0;

		for (unsigned order = 0; taken < ARRAY_SIZE(block);
			order = (order + 1) % NR_ORDERS) {
			pfn_t pfn = zone_alloc_pages(mm, z, order);

			if (pfn == PFN_NONE)
				break;
			assert_int_equal(mm_pfn_to_nid(mm, pfn), z / ARCH_NR_ZONES);
			assert_int_equal(
				mm_pfn_to_nid(mm, pfn + (1u << order) - 1), z / ARCH_NR_ZONES);
			block[taken++] = pfn;
		}
		while (taken-- > 0)
			assert_int_equal(free_pages(mm, block[taken],
						 page_order(pfn_to_page(mm, block[taken]))),
				BM_OK);
	}
	sections_initialise_all(mm);
	assert_true(mm_check(mm));
}

/* Two nodes that meet at an odd place in low memory; the second goes on above 4 GiB. */
static void test_two_nodes(void **state)
{
	static const uint64_t meets[] = { 256 * MIB, 300 * MIB, 0x12345000, 0x8001000, 0x40123000,
		0x7ffe000 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(meets); i++) {
		struct machine *m = ovmf(3 * GIB);
		struct srat_bytes *srat = calloc(1, sizeof(*srat));
		uint8_t *at = tables_begin(m);

		srat_begin(srat);
		srat_memory(srat, 1, 0, meets[i], 1);
		srat_memory(srat, 0, meets[i], 8 * GIB, 1);
		srat_end(srat, 3);
		tables_end(m, at, srat);
		boots(m, NULL);
		check_booted(m);
		assert_int_equal(m->boot.node_map.nodes, 2);
		assert_int_equal(node_distance(m->boot.mm, 0, 1), 33);
		assert_int_equal(m->boot.node_map.domain[0], 1);
		check_nodes(m);
		check_zones_are_of_nodes(m);
		check_every_page(m);
		free(srat);
		destroy(m);
	}
}

/* Nodes that take turns: each spans the others' memory. */
static void test_interleaved_nodes(void **state)
{
	struct machine *m = ovmf(1 * GIB);
	struct srat_bytes *srat = calloc(1, sizeof(*srat));
	uint8_t *at = tables_begin(m);

	(void)state;
	srat_begin(srat);
	for (uint32_t i = 0; i < 16; i++)
		srat_memory(srat, i % 3, i * 64 * MIB, 64 * MIB, 1);
	srat_end(srat, 3);
	tables_end(m, at, srat);
	boots(m, NULL);
	check_booted(m);
	assert_int_equal(m->boot.node_map.nodes, 3);
	check_nodes(m);
	check_every_page(m);
	free(srat);
	destroy(m);
}

/* Two nodes in 1 GiB, which meet at an address. Returns the bytes of the tables. */
static uint8_t *two_nodes_meet(struct machine *m, phys_t meet)
{
	struct srat_bytes *srat = calloc(1, sizeof(*srat));
	uint8_t *at = tables_begin(m);

	srat_begin(srat);
	srat_memory(srat, 0, 0, meet, 1);
	srat_memory(srat, 1, meet, GIB - meet, 1);
	srat_end(srat, 3);
	tables_end(m, at, srat);
	free(srat);
	return at;
}

/* A broken SRAT is a finding and one node. */
static void test_broken_srat(void **state)
{
	struct machine *m = ovmf(1 * GIB);

	(void)state;
	two_nodes_meet(m, 512 * MIB)[0x400 + 60] ^= 1;
	boots(m, NULL);
	check_booted(m);
	assert_int_equal(m->boot.node_map.nodes, 1);
	assert_int_equal(m->boot.findings.of[FINDING_ACPI_BROKEN].count, 1);
	destroy(m);
}

/* More ranges than there is room for: a finding, and one node. */
static void test_srat_with_too_many_ranges(void **state)
{
	struct machine *m = ovmf(1 * GIB);
	struct srat_bytes *srat = calloc(1, sizeof(*srat));
	uint8_t *at = tables_begin(m);

	(void)state;
	srat_begin(srat);
	for (uint32_t i = 0; i <= BOOT_SRAT_RANGES; i++)
		srat_memory(srat, i % 2, i * MIB, MIB, 1);
	srat_end(srat, 3);
	tables_end(m, at, srat);
	boots(m, NULL);
	check_booted(m);
	assert_int_equal(m->boot.node_map.nodes, 1);
	assert_int_equal(m->boot.findings.of[FINDING_SRAT_RANGES].count, 1);
	free(srat);
	destroy(m);
}

/* Without distances that can be used nodes are as far from each other as the standard says. */
static void test_broken_slit(void **state)
{
	struct machine *m = ovmf(1 * GIB);
	uint8_t *slit = two_nodes_meet(m, 512 * MIB) + SLIT_AT;

	(void)state;
	slit[44] = 11; /* a node's distance to itself is 10 */
	put_header(slit, "SLIT", 48, 1);
	boots(m, NULL);
	check_booted(m);
	assert_int_equal(m->boot.node_map.nodes, 2);
	assert_int_equal(node_distance(m->boot.mm, 0, 1), 20);
	assert_int_equal(m->boot.slit.localities, 0);
	destroy(m);
}

/* Two bitmaps side by side where the nodes meet: one range of owners, and each page goes back to its own node. */
static void test_bitmaps_side_by_side(void **state)
{
	struct machine *m = ovmf(1 * GIB);

	(void)state;
	two_nodes_meet(m,
		0x1500000 + PAGE_SIZE); /* the first free page above 16 MiB is the first node's */
	boots(m, NULL);
	assert_int_equal(m->boot.bitmap_pfn[0] + 1, m->boot.bitmap_pfn[1]);
	check_booted(m);
	check_nodes(m);
	check_every_page(m);
	destroy(m);
}

static void test_fake_nodes(void **state)
{
	struct boot_options options;

	(void)state;
	options_defaults(&options);
	options.numa = NUMA_FAKE;
	for (options.numa_fake_nodes = 1; options.numa_fake_nodes <= 8; options.numa_fake_nodes++) {
		struct machine *m = ovmf(1 * GIB);

		boots(m, &options);
		check_booted(m);
		assert_int_equal(m->boot.node_map.nodes, options.numa_fake_nodes);
		check_nodes(m);
		check_every_page(m);
		destroy(m);
	}
}

static void test_as_many_nodes_as_can_be(void **state)
{
	struct machine *m = ovmf(4 * GIB);
	struct boot_options options;

	(void)state;
	options_defaults(&options);
	options.numa = NUMA_FAKE;
	options.numa_fake_nodes = BOOTMEM_MAX_NODES;
	boots(m, &options);
	check_booted(m);
	assert_int_equal(m->boot.node_map.nodes, BOOTMEM_MAX_NODES);
	check_nodes(m);
	destroy(m);
}

/* The firmware keeps RAM at the exit: nodes and all are made again. */
static void test_settle_with_nodes(void **state)
{
	uint32_t type = EFI_MEM_RUNTIME_DATA;
	struct machine *m = ovmf(1 * GIB);
	struct boot_options options;

	(void)state;
	options_defaults(&options);
	options.numa = NUMA_FAKE;
	options.numa_fake_nodes = 4;
	m->fw.meddle = take_at_the_exit;
	m->fw.meddle_ctx = &type;
	m->fw.stale_exits = 3;
	boots(m, &options);
	check_booted(m);
	assert_int_equal(m->boot.node_map.nodes, 4);
	check_nodes(m);
	check_every_page(m);
	destroy(m);
}

/* --- changes at the exit that move nodes or the split -------------------------------------------------- */

/* What the firmware does when the key is accepted: keeps free pages, or gives reserved ones back. */
struct last_moment {
	pfn_t start;
	uint64_t pages;
	uint32_t type;  /* EFI_MEM_CONVENTIONAL: give back the descriptor that starts there */
	bool boot_data; /* the pages are in boot services' data that ends with them */
};

static void at_last_moment(struct fake_firmware *fw, void *ctx)
{
	struct machine *m = (struct machine *)(void *)fw; /* its first member */
	const struct last_moment *what = ctx;

	if (m->boot.stage != STAGE_EXIT || fw->stale_exits != 0)
		return;
	if (what->boot_data) {
		struct efi_memory_desc *d = desc_at(m, 512 * MIB);

		d->pages -= what->pages;
		fake_add(fw, what->type, pfn_phys(what->start), pfn_phys(what->start + what->pages),
			RUNTIME);
		return;
	}
	if (what->type != EFI_MEM_CONVENTIONAL) {
		pfn_t start = what->start;

		/* Go on where something of ours is in the way. */
		for (int tries = 0; !fake_allocate(fw, start, what->pages, what->type); tries++) {
			assert_true(tries < 100);
			start += 256;
		}
		return;
	}
	desc_at(m, pfn_phys(what->start))->attribute = WB;
	desc_at(m, pfn_phys(what->start))->type = EFI_MEM_CONVENTIONAL;
}

static void boots_changing(
	struct machine *m, const struct boot_options *options, struct last_moment *what)
{
	m->fw.meddle = at_last_moment;
	m->fw.meddle_ctx = what;
	m->fw.stale_exits = 1;
	boots(m, options);
	check_booted(m);
	assert_int_equal(m->boot.findings.of[FINDING_SETTLED].count, 1);
	assert_true(node_map_check(&m->boot.node_map, &m->boot.e820));
	sections_initialise_all(m->boot.mm);
	assert_true(mm_check(m->boot.mm));
	check_every_page(m);
	destroy(m);
}

/* RAM that comes above all other is out of reach by now, and a finding says how much it is. */
static void test_settle_wins_ram_too_late(void **state)
{
	struct last_moment give = { pfn_down(600 * MIB), 0, EFI_MEM_CONVENTIONAL, false };
	struct machine *m = ovmf(512 * MIB);
	const struct finding *late = &m->boot.findings.of[FINDING_RAM_TOO_LATE];

	(void)state;
	fake_add(&m->fw, EFI_MEM_RESERVED, 600 * MIB, 602 * MIB, WB);
	m->fw.meddle = at_last_moment;
	m->fw.meddle_ctx = &give;
	m->fw.stale_exits = 1;
	boots(m, NULL);
	check_booted(m);
	assert_true(late->count == 1 && late->bytes == 2 * MIB && late->start_phys == 600 * MIB);
	assert_int_not_equal(e820_type_at(&m->boot.e820, pfn_down(600 * MIB)), E820_RAM);
	destroy(m);
}

/* RAM goes: fake nodes made anew would have other borders than the bitmaps. */
static void test_settle_keeps_node_borders(void **state)
{
	struct last_moment keep = { pfn_down(64 * MIB), 40 * MIB >> PAGE_SHIFT,
		EFI_MEM_RUNTIME_DATA, false };
	struct boot_options options;

	(void)state;
	options_defaults(&options);
	options.numa = NUMA_FAKE;
	for (options.numa_fake_nodes = 2; options.numa_fake_nodes <= 7; options.numa_fake_nodes++)
		boots_changing(ovmf(600 * MIB), &options, &keep);
}

/* RAM comes that the SRAT does not cover: two nodes stay two. */
static void test_settle_keeps_nodes(void **state)
{
	struct last_moment give = { pfn_down(GIB), 0, EFI_MEM_CONVENTIONAL, false };
	struct machine *m = ovmf(1 * GIB);
	struct srat_bytes *srat = calloc(1, sizeof(*srat));
	uint8_t *at = tables_begin(m);

	(void)state;
	srat_begin(srat);
	srat_memory(srat, 0, 0, 512 * MIB, 1);
	srat_memory(srat, 1, 512 * MIB, 512 * MIB, 1);
	srat_end(srat, 3);
	tables_end(m, at, srat);
	free(srat);
	fake_add(&m->fw, EFI_MEM_RESERVED, GIB, GIB + 2 * MIB, WB);
	fake_add(&m->fw, EFI_MEM_CONVENTIONAL, GIB + 64 * MIB, GIB + 64 * MIB + 0x40000, WB);
	boots_changing(m, NULL, &give);
}

/* The end of RAM moves by a few pages: the split that highmem= made stays. */
static void test_settle_keeps_the_split(void **state)
{
	struct boot_options options;

	(void)state;
	options_defaults(&options);
	options.highmem_bytes = 200 * MIB + PAGE_SIZE;
	for (uint64_t pages = 1; pages <= 112; pages += 37) {
		struct last_moment keep = { pfn_down(520 * MIB) - pages, pages,
			EFI_MEM_RUNTIME_DATA, false };
		struct machine *m = ovmf(512 * MIB);

		/* Boot services' at the start, so that nothing of ours comes to lie there. */
		fake_add(&m->fw, EFI_MEM_BOOT_DATA, 512 * MIB, 520 * MIB, WB);
		keep.boot_data = true;
		boots_changing(m, &options, &keep);
	}
}

/* Low RAM grows beyond the bitmap, right where it ends: what is free on both sides is one run. */
static void test_settle_low_ram_grows(void **state)
{
	(void)state;
	for (uint64_t k = 0; k < 4; k++) {
		phys_t edge = 256 * MIB + k * PAGE_SIZE;
		struct last_moment give = { pfn_down(edge), 0, EFI_MEM_CONVENTIONAL, false };
		struct machine *m = calloc(1, sizeof(*m));

		fake_init(&m->fw, arena_bytes(5 * GIB));
		fake_add(&m->fw, EFI_MEM_CONVENTIONAL, MIB, edge, WB);
		fake_add(&m->fw, EFI_MEM_RESERVED, edge, 272 * MIB, WB);
		fake_add(&m->fw, EFI_MEM_CONVENTIONAL, 4 * GIB, 4 * GIB + 64 * MIB, WB);
		boots_changing(m, NULL, &give);
	}
}

/* The rights of runtime code are the firmware's word, in a table: with it runtime services can be called. */
static void test_memory_attributes(void **state)
{
	(void)state;
	for (unsigned told = 0; told < 2; told++) {
		struct machine *m = ovmf(512 * MIB);
		const struct efi_memory_desc *code = desc_at(m, 512 * MIB - 0x80000);
		struct {
			uint32_t version, count, stride, flags;
			struct efi_memory_desc entry;
		} table = { 1, 1, sizeof(table.entry), 0, *code };
		struct paging_leaf leaf;
		phys_t phys = code->phys_start;

		table.entry.attribute = EFI_ATTR_RO;
		assert_int_equal(fake_start(&m->fw, &m->boot, NULL), BM_OK);
		m->boot.input.runtime_services = true;
		m->boot.input.memory_attributes = told ? &table : NULL;
		assert_int_equal(boot_prepare(&m->boot), BM_OK);
		assert_int_equal(m->boot.runtime_usable,
			told && !ARCH_HIGHMEM); /* i386 has no place for the flash */
		assert_int_equal(m->boot.findings.of[FINDING_RUNTIME_NO_RIGHTS].count, !told);
		assert_true(paging_lookup(&m->boot.paging, m->boot.pool.window, phys, &leaf));
		assert_int_equal(leaf.rights & (MAP_EXEC | MAP_WRITE), MAP_EXEC);
		destroy(m);
	}
}

/* RAM that is left out because it is too far leaves nothing behind, whoever was promised some. */
static void test_far_page_with_owners(void **state)
{
	struct boot_options options;

	(void)state;
	for (int k = 0; k < 2; k++) {
		struct machine *m = ovmf(512 * MIB);

		options_defaults(&options);
		options.reserves = k == 0;
		options.badrams = k == 1;
		options.reserve[0] = options.badram[0] =
			(struct option_range){ 60 * TIB + 4096, 8192 };
		m->fw.mode.phys_bits = 52;
		fake_add(&m->fw, EFI_MEM_CONVENTIONAL, 60 * TIB, 60 * TIB + MIB, WB);
		boots(m, &options);
		check_booted(m);
		destroy(m);
	}
}

/* Each node has its bitmap and its descriptors in its own memory where that can be, off the DMA zone. */
static void test_nodes_keep_to_themselves(void **state)
{
	struct machine *m = ovmf(1 * GIB);
	struct boot_options options;

	(void)state;
	options_defaults(&options);
	options.numa = NUMA_FAKE;
	options.numa_fake_nodes = 3;
	boots(m, &options);
	for (uint32_t nid = 0; nid < 3; nid++) {
		pfn_t bitmap = pfn_down(m->boot.bootmem[nid].bitmap_phys);

		if (m->boot.bootmem[nid].start_pfn < m->boot.bootmem[nid].end_pfn)
			assert_int_equal(mm_pfn_to_nid(m->boot.mm, bitmap), nid);
	}
	for (uint32_t nr = 0; sparse_next(m->boot.mm, &nr); nr++) {
		pfn_t map = section_map_pfn(section_nr(m->boot.mm, nr));
		pfn_t start = (pfn_t)nr << SECTION_PAGE_SHIFT;

		assert_true(map >= 16 * MIB >> PAGE_SHIFT);
		if (start + SECTION_PAGES <= m->boot.limits.max_low_pfn)
			assert_int_equal(mm_pfn_to_nid(m->boot.mm, map),
				mm_pfn_to_nid(m->boot.mm, max_u64(start, 1)));
	}
	destroy(m);
}

/* The watermarks are those of the managed pages that are reported. */
static void test_watermarks_are_of_the_end(void **state)
{
	struct machine *m = ovmf(48 * MIB);
	struct mm *mm;
	uint64_t min[ARCH_NR_ZONES];

	(void)state;
	boots(m, NULL);
	mm = m->boot.mm;
	for (uint32_t i = 0; i < ARCH_NR_ZONES; i++)
		min[i] = mm->node[0].zone[i].watermark_min;
	zones_set_watermarks(mm);
	for (uint32_t i = 0; i < ARCH_NR_ZONES; i++)
		assert_int_equal(mm->node[0].zone[i].watermark_min, min[i]);
	destroy(m);
}

static void test_no_memory(void **state)
{
	struct machine *m = calloc(1, sizeof(*m));

	(void)state;
	fake_init(&m->fw, 64 * MIB);
	fake_add(&m->fw, EFI_MEM_CONVENTIONAL, 0x100000, 0x160000, WB);
	assert_int_equal(fake_boot(&m->fw, &m->boot, NULL), BM_NOMEM);
	assert_non_null(strstr(m->fw.console_text, "no room for"));
	destroy(m);
}

/*
 * What boot_storage_bytes asks for is cut into tables with nothing left and nothing beyond: for so many descriptors, and
 * a few that the map may grow by. Expect a byte less to hold one descriptor fewer.
 */
static void test_storage(void **state)
{
	static const struct boot_platform platform;
	static const struct boot_input input;
	static const uint32_t descriptors[] = { 0, 1, 2, 100, 1000 };
	static struct boot b;
	uint32_t first = 0;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(descriptors); i++) {
		uint64_t bytes = boot_storage_bytes(descriptors[i]);
		uint8_t *storage = malloc(bytes);
		struct window window = { 0 };

		assert_non_null(storage);
		assert_int_equal(boot_init(&b, &platform, &input, storage, bytes, window), BM_OK);
		if (i == 0)
			first = b.raw_capacity;
		assert_true(first > 0);
		assert_int_equal(b.raw_capacity, first + descriptors[i]);
		assert_int_equal(b.e820.capacity, 2 * b.raw_capacity);
		assert_int_equal(b.next.capacity, 2 * b.raw_capacity);
		assert_ptr_equal(b.e820.entry, storage);
		assert_ptr_equal(b.owners.range, b.e820.entry + b.e820.capacity);
		assert_ptr_equal(b.node_map.range, b.owners.range + b.owners.capacity);
		assert_ptr_equal(b.plan.area, b.node_map.range + b.node_map.range_capacity);
		assert_ptr_equal(b.srat.range, b.plan.area + b.plan.capacity);
		assert_ptr_equal(b.raw, b.srat.range + b.srat.range_capacity);
		assert_ptr_equal(b.next.entry, b.raw + b.raw_capacity);
		assert_ptr_equal(b.next_range, b.next.entry + b.next.capacity);
		assert_ptr_equal(b.node_map.scratch, b.next_range + b.node_map.range_capacity);
		assert_ptr_equal(b.special, b.node_map.scratch + b.node_map.scratch_capacity);
		assert_ptr_equal(b.special + b.special_capacity, storage + bytes);
		assert_int_equal(boot_init(&b, &platform, &input, storage, bytes - 1, window),
			descriptors[i] == 0 ? BM_FULL : BM_OK);
		if (descriptors[i] != 0)
			assert_int_equal(b.raw_capacity, first + descriptors[i] - 1);
		free(storage);
	}
}

/* What a sink costs is the console's, once, and not the stage's in which it was written to. */
static void test_output_is_charged_once(void **state)
{
	struct machine *m = ovmf(512 * MIB);
	struct boot *b = &m->boot;
	struct boot_output output;
	struct sink sink;
	uint64_t before;

	(void)state;
	boots(m, NULL);
	before = b->cycles[STAGE_CONSOLE];
	boot_stage_begin(b, STAGE_REPORT);
	sink = boot_output_sink(&output, b, &sink_nowhere);
	boot_output_end(&output);
	assert_int_equal(b->cycles[STAGE_CONSOLE], before);
	sink_puts(&sink, "a"); /* each look at the clock is 100 cycles */
	sink_puts(&sink, "b");
	boot_output_end(&output);
	boot_output_end(&output);
	boot_stage_end(b);
	assert_int_equal(b->cycles[STAGE_CONSOLE], before + 200);
	assert_int_equal(b->cycles[STAGE_REPORT], 5 * 100 - 200);
	destroy(m);
}

static void test_stage_names(void **state)
{
	(void)state;
	for (unsigned stage = 0; stage < STAGE_COUNT; stage++)
		assert_string_not_equal(boot_stage_name((enum boot_stage)stage), "none");
	assert_string_equal(boot_stage_name(STAGE_COUNT), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_storage),
		cmocka_unit_test(test_output_is_charged_once),
		cmocka_unit_test(test_stage_names),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_strides),
		cmocka_unit_test(test_spoiled_maps),
		cmocka_unit_test(test_nested_ranges_are_not_claimed),
		cmocka_unit_test(test_impossible_strides),
		cmocka_unit_test(test_exit_is_retried),
		cmocka_unit_test(test_exit_gives_up),
		cmocka_unit_test(test_exit_names_its_cause),
		cmocka_unit_test(test_free_initmem),
		cmocka_unit_test(test_free_initmem_up_to_a_large_page),
		cmocka_unit_test(test_refused_claims),
		cmocka_unit_test(test_limit_until_activate),
		cmocka_unit_test(test_as_many_specials_as_there_are),
		cmocka_unit_test(test_bitmap_fits_exactly),
		cmocka_unit_test(test_firmware_allocates_meanwhile),
		cmocka_unit_test(test_settle_loses_ram),
		cmocka_unit_test(test_settle_loses_what_nobody_uses),
		cmocka_unit_test(test_settle_wins_ram),
		cmocka_unit_test(test_settle_wins_bad_ram),
		cmocka_unit_test(test_settle_collision),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_unreachable_ram),
		cmocka_unit_test(test_framebuffer),
		cmocka_unit_test(test_uart_in_memory),
		cmocka_unit_test(test_badram_over_the_image),
		cmocka_unit_test(test_badram_beside_the_image),
		cmocka_unit_test(test_badram_over_what_is_no_ram),
		cmocka_unit_test(test_left_out_section),
		cmocka_unit_test(test_far_page),
		cmocka_unit_test(test_far_page_before_the_exit),
		cmocka_unit_test(test_highmem_of_a_single_range),
		cmocka_unit_test(test_unaligned_boot_data),
		cmocka_unit_test(test_settle_wins_lowest_ram),
		cmocka_unit_test(test_hostile_maps),
		cmocka_unit_test(test_two_nodes),
		cmocka_unit_test(test_interleaved_nodes),
		cmocka_unit_test(test_broken_srat),
		cmocka_unit_test(test_srat_with_too_many_ranges),
		cmocka_unit_test(test_broken_slit),
		cmocka_unit_test(test_bitmaps_side_by_side),
		cmocka_unit_test(test_fake_nodes),
		cmocka_unit_test(test_as_many_nodes_as_can_be),
		cmocka_unit_test(test_settle_with_nodes),
		cmocka_unit_test(test_settle_wins_ram_too_late),
		cmocka_unit_test(test_settle_keeps_node_borders),
		cmocka_unit_test(test_settle_keeps_nodes),
		cmocka_unit_test(test_settle_keeps_the_split),
		cmocka_unit_test(test_settle_low_ram_grows),
		cmocka_unit_test(test_memory_attributes),
		cmocka_unit_test(test_far_page_with_owners),
		cmocka_unit_test(test_nodes_keep_to_themselves),
		cmocka_unit_test(test_watermarks_are_of_the_end),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

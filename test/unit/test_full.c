/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables that are too small: each one of a start, at every size below what it needs. Expect a message that names it, before
 * the exit or after it, and never a start with something missing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_firmware.h"
#include "kernel_file.h"

#define WB       (EFI_ATTR_UC | EFI_ATTR_WC | EFI_ATTR_WT | EFI_ATTR_WB)
#define LINKED   (ARCH_HIGHMEM ? UINT64_C(0xf0100000) : UINT64_C(0xffffffff80100000))
#define INITRD   (40 * MIB)
#define RESERVED (10 * MIB)
#define GIVEN    (60 * MIB) /* reserved until the exit */
#define KEPT     (50 * MIB) /* free until the exit */

struct machine {
	struct fake_firmware fw;
	struct boot boot;
	struct boot_options options;
	void *file;
};

/* Its page tables; at the exit one more, in the middle of what waits for the exit. */
static const struct pfn_range live_tables[] = { { 0x1400, 0x1402 }, { 0x1480, 0x1481 },
	{ 0x147f, 0x1480 }, { 0x14c0, 0x14c1 } };

/* At the exit the firmware keeps pages of two kinds, some in the middle of what a user reserved, and gives others back. */
static void change(struct fake_firmware *fw, void *ctx)
{
	struct machine *m = ctx;

	if (m->boot.stage != STAGE_EXIT || fw->stale_exits != 0)
		return;
	for (unsigned i = 0; i < 40; i++)
		fake_allocate(fw, pfn_down(KEPT) + 4 * i, 1, EFI_MEM_RUNTIME_DATA);
	fake_allocate(fw, pfn_down(KEPT) + 256, 2, EFI_MEM_BOOT_DATA);
	fake_allocate(fw, pfn_down(RESERVED) + 3, 2, EFI_MEM_RUNTIME_DATA);
	fw->tables = live_tables;
	fw->table_ranges = ARRAY_SIZE(live_tables);
	for (uint32_t i = 0; i < fw->count; i++)
		if (fw->desc[i].phys_start >= GIVEN && fw->desc[i].type == EFI_MEM_RESERVED) {
			fw->desc[i].type = EFI_MEM_CONVENTIONAL;
			fw->desc[i].attribute = WB;
		}
}

/* A start with everything in it that wants room in some table. */
static struct machine *machine(void)
{
	static struct record code = { .start = LINKED, .end = LINKED + 0x2000, .type = MAP_EXEC };
	static struct record data = {
		.start = LINKED + 0x3000, .end = LINKED + 0x4000, .type = MAP_WRITE
	};
	struct record segment[] = { code, data };
	const struct recorded_kernel k = { .entry = LINKED, .segments = { segment, 2, 2 } };
	struct machine *m = calloc(1, sizeof(*m));
	struct fake_firmware *fw = &m->fw;

	fake_init(fw, 96 * MIB);
	fake_add(fw, EFI_MEM_BOOT_CODE, 0, 0x1000, WB);
	fake_add(fw, EFI_MEM_CONVENTIONAL, 0x1000, 0xa0000, WB);
	fake_add(fw, EFI_MEM_CONVENTIONAL, MIB, 20 * MIB, WB);
	fake_add(fw, EFI_MEM_BOOT_DATA, 20 * MIB, 21 * MIB, WB);
	fake_add(fw, EFI_MEM_CONVENTIONAL, 21 * MIB, 60 * MIB, WB);
	fake_add(fw, EFI_MEM_RESERVED, GIVEN, GIVEN + MIB, WB);
	fake_add(fw, EFI_MEM_CONVENTIONAL, GIVEN + MIB, GIVEN + 2 * MIB, WB);
	fake_add(fw, EFI_MEM_RESERVED, GIVEN + 2 * MIB, GIVEN + 3 * MIB, WB);
	fake_add(fw, EFI_MEM_CONVENTIONAL, GIVEN + 3 * MIB, 96 * MIB, WB);
	assert_true(fake_allocate(fw, pfn_down(INITRD), 4, EFI_MEM_LOADER_DATA));
	fw->tables = live_tables;
	fw->table_ranges = ARRAY_SIZE(live_tables) - 1;
	fw->meddle = change;
	fw->meddle_ctx = m;
	fw->stale_exits = 1;
	options_defaults(&m->options);
	m->options.numa = NUMA_FAKE;
	m->options.numa_fake_nodes = 2;
	m->options.reserves = 2;
	m->options.reserve[0] = (struct option_range){ RESERVED, 0x8000 };
	m->options.reserve[1] = (struct option_range){ GIVEN + 0x8000, 0x1000 };
	m->options.badrams = 2;
	m->options.badram[0] = (struct option_range){ 11 * MIB, 0x1000 };
	m->options.badram[1] = (struct option_range){ GIVEN + 2 * MIB, 0x1000 };
	strcpy(m->options.kernel, "/kernel");
	if (fake_start(fw, &m->boot, &m->options) != BM_OK)
		fail_msg("console:\n%s", fw->console_text);
	m->boot.input.initrd_start_phys = INITRD;
	m->boot.input.initrd_end_phys = INITRD + 4 * PAGE_SIZE;
	m->file = kernel_file_make(&k, &m->boot.input.kernel_file_bytes);
	m->boot.input.kernel_file = m->file;
	return m;
}

/* One with a section that has no room for its descriptors: what is free in it needs an owner in the end. */
static struct machine *crowded_machine(void)
{
	const uint64_t section = UINT64_C(1) << ARCH_SECTION_SHIFT;
	struct machine *m = calloc(1, sizeof(*m));

	fake_init(&m->fw, 2 * section);
	fake_add(&m->fw, EFI_MEM_CONVENTIONAL, 0x1000, 0xa0000, WB);
	fake_add(&m->fw, EFI_MEM_CONVENTIONAL, MIB, 2 * section, WB);
	options_defaults(&m->options);
	m->options.reserve[m->options.reserves++] = (struct option_range){ 0, section };
	for (uint64_t at = 64 * KIB; at < 600 * KIB; at += 64 * KIB)
		m->options.reserve[m->options.reserves++] =
			(struct option_range){ section + at, PAGE_SIZE };
	m->options.reserve[m->options.reserves++] =
		(struct option_range){ section + 600 * KIB, section - 2 * MIB };
	if (fake_start(&m->fw, &m->boot, &m->options) != BM_OK)
		fail_msg("console:\n%s", m->fw.console_text);
	return m;
}

static void destroy(struct machine *m)
{
	fake_free(&m->fw);
	free(m->file);
	free(m);
}

static enum bm_error run(struct machine *m)
{
	enum bm_error error = boot_prepare(&m->boot);

	if (error == BM_OK)
		error = boot_exit(&m->boot);
	if (error != BM_OK)
		return error;
	fake_activate(&m->fw, &m->boot);
	error = boot_mem_init(&m->boot);
	return error == BM_OK ? boot_make_record(&m->boot) : error;
}

static const char *last_line(const struct machine *m)
{
	const char *line = m->fw.console_text;

	for (const char *at = line; *at != '\0'; at++)
		if (at[0] == '\n' && at[1] != '\0')
			line = at + 1;
	return line;
}

static void check_books(const struct machine *m)
{
	const struct boot *b = &m->boot;
	uint64_t pages = 0;

	for (unsigned owner = 0; owner < OWNER_COUNT; owner++)
		pages += boot_owner_pages(b, (enum owner)owner);
	for (uint32_t i = 0; i < b->mm->nodes * ARCH_NR_ZONES; i++)
		pages += b->mm->node[i / ARCH_NR_ZONES].zone[i % ARCH_NR_ZONES].free_pages;
	assert_int_equal(pages, e820_ram_pages(&b->e820, 0, PFN_END));
	assert_int_equal(b->findings.of[FINDING_SETTLED].count, m->fw.meddle != NULL);
	assert_true(mm_check(b->mm));
}

struct table {
	size_t capacity;  /* where in struct boot */
	const char *says; /* what the last line has in it, or LATE */
};

#define CAPACITY(member, sentence)                                                                 \
	{                                                                                          \
		offsetof(struct boot, member), sentence                                            \
	}
#define LATE "mem_init: the free pages can't be handed over (2)"

/* Every size that is too small, up to the first with which the machine starts; returns that. */
static uint32_t needed(struct machine *(*make)(void), const struct table *table)
{
	for (uint32_t capacity = 0;; capacity++) {
		struct machine *m = make();
		uint32_t *there = (uint32_t *)((uint8_t *)&m->boot + table->capacity);
		enum bm_error error;

		assert_true(capacity < *there);
		*there = capacity;
		error = run(m);
		if (error == BM_OK) {
			check_books(m);
			destroy(m);
			return capacity;
		}
		assert_int_equal(error, BM_FULL);
		if (strstr(last_line(m), table->says) == NULL && strstr(last_line(m), LATE) == NULL)
			fail_msg("room for %u, \"%s\" not said in the end:\n%s", capacity,
				table->says, m->fw.console_text);
		destroy(m);
	}
}

static void test_every_table_at_every_size(void **state)
{
	static const struct table tables[] = {
		CAPACITY(raw_capacity, "e820: "),
		CAPACITY(e820.capacity, "e820: "),
		CAPACITY(next.capacity, "e820: "),
		CAPACITY(owners.capacity, "owner ranges"),
		CAPACITY(node_map.range_capacity, "ranges"),
		CAPACITY(plan.capacity, "paging: the address space can't be laid out"),
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(tables); i++)
		assert_true(needed(machine, &tables[i]) > 2);
}

static void test_owners_of_what_is_left_out(void **state)
{
	static const struct table owners = CAPACITY(owners.capacity, "owner ranges");

	(void)state;
	assert_true(needed(crowded_machine, &owners) > 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_table_at_every_size),
		cmocka_unit_test(test_owners_of_what_is_left_out),
	};

	return cmocka_run_group_tests_name("full tables", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pipeline when something it relies on is wrong: memory that somebody else writes to, a firmware that grants nothing.
 * Expect a message that says what, and no start.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_firmware.h"
#include "kernel_file.h"

#define WB      (EFI_ATTR_UC | EFI_ATTR_WC | EFI_ATTR_WT | EFI_ATTR_WB)
#define RAM_END (128 * MIB)

struct machine {
	struct fake_firmware fw;
	struct boot boot;
	struct boot_options options;
	/* Once, by the harmful cycle counter, console or announcement of a stage. */
	void (*harm)(struct machine *m);
	const char
		*after; /* a line of the console; null: at the start of mem_init, or at its end */
	unsigned reads; /* of the counter since mem_init began */
	struct sink console;
};

static struct machine *machine(void)
{
	struct machine *m = calloc(1, sizeof(*m));

	fake_init(&m->fw, RAM_END);
	fake_add(&m->fw, EFI_MEM_CONVENTIONAL, 0, 0xa0000, WB);
	fake_add(&m->fw, EFI_MEM_CONVENTIONAL, MIB, RAM_END, WB);
	options_defaults(&m->options);
	return m;
}

static void destroy(struct machine *m)
{
	fake_free(&m->fw);
	free(m);
}

static void start(struct machine *m)
{
	if (fake_start(&m->fw, &m->boot, &m->options) != BM_OK)
		fail_msg("console:\n%s", m->fw.console_text);
}

static void says(const struct machine *m, const char *sentence)
{
	if (strstr(m->fw.console_text, sentence) == NULL)
		fail_msg("no \"%s\" in:\n%s", sentence, m->fw.console_text);
}

static void refused(struct machine *m, enum bm_error error, const char *sentence)
{
	assert_int_equal(boot_prepare(&m->boot), error);
	says(m, sentence);
	assert_false(m->boot.exited || m->fw.exited);
	destroy(m);
}

/* --- damage ---------------------------------------------------------------------------------------- */

static void harm_once(struct machine *m)
{
	void (*harm)(struct machine * m) = m->harm;

	m->harm = NULL;
	if (harm != NULL)
		harm(m);
}

static void harmful_write(void *ctx, const char *text, size_t length)
{
	struct machine *m = ctx;

	m->fw.console_sink.write(m->fw.console_sink.ctx, text, length);
	if (m->after != NULL && strstr(m->fw.console_text, m->after) != NULL)
		harm_once(m);
}

static void start_with_harm(struct machine *m, const char *after, void (*harm)(struct machine *m))
{
	start(m);
	m->console = (struct sink){ harmful_write, m };
	m->fw.platform.console = &m->console;
	m->after = after;
	m->harm = harm;
}

static void unmap_a_stack(struct machine *m)
{
	struct boot *b = &m->boot;

	assert_true(paging_clear_page(&b->paging, b->pool.window, b->cpu_block_phys));
}

static void make_code_writable(struct machine *m)
{
	struct boot *b = &m->boot;

	assert_true(paging_set_page(&b->paging, b->pool.window, b->input.init_start_phys,
		b->input.init_start_phys, MAP_WRITE));
}

static void forget_the_tables(struct machine *m)
{
	assert_int_equal(
		owners_remove(&m->boot.owners, pfn_down(m->boot.paging.root), PFN_END), BM_OK);
}

static void give_the_tables_away(struct machine *m)
{
	struct boot *b = &m->boot;
	pfn_t root = pfn_down(b->paging.root);

	assert_int_equal(owners_remove(&b->owners, root, root + 1), BM_OK);
	assert_int_equal(owners_add(&b->owners, &b->e820, OWNER_RESERVE, root, root + 1), BM_OK);
}

static void free_a_stack(struct machine *m)
{
	assert_int_equal(
		free_bootmem(&m->boot.bootmem[0], m->boot.cpu_block_phys, PAGE_SIZE), BM_OK);
}

/* Before the exit, where everything can still be given back. */
static void test_damage_before_the_exit(void **state)
{
	static const struct {
		const char *after;
		void (*harm)(struct machine *m);
		const char *says;
	} damage[] = {
		{ "paging: ", unmap_a_stack, "paging: a page is not mapped: " },
		{ "paging: ", make_code_writable, "paging: a page " },
		{ "paging: ", forget_the_tables, "are not in our pages" },
		{ "paging: ", give_the_tables_away, "are not in our pages" },
		{ "zones: ", free_a_stack, "zones: free and owned pages do not add up" },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(damage); i++) {
		struct machine *m = machine();

		start_with_harm(m, damage[i].after, damage[i].harm);
		refused(m, BM_CONFLICT, damage[i].says);
	}
}

static void forget_the_image(struct machine *m)
{
	assert_int_equal(owners_remove(&m->boot.owners, pfn_down(m->boot.input.init_end_phys),
				 pfn_down(m->boot.input.init_end_phys) + 1),
		BM_OK);
}

static void announce(void *ctx, enum boot_stage stage)
{
	struct machine *m = (struct machine *)ctx; /* fw is its first member */

	if (stage == STAGE_MEM_INIT && m->harm == forget_the_image)
		harm_once(m);
}

static void spoil_a_count(struct machine *m)
{
	m->boot.mm->node[0].zone[0].free_pages++;
}

static uint64_t harmful_counter(void *ctx)
{
	struct machine *m = (struct machine *)ctx;

	if (m->boot.stage == STAGE_MEM_INIT && ++m->reads == 2 && m->harm == spoil_a_count)
		harm_once(m);
	return ++m->fw.cycles;
}

/* And after it: nothing is started. */
static void test_damage_after_the_exit(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct machine *m = machine();

		start_with_harm(m, NULL, i == 0 ? forget_the_image : spoil_a_count);
		m->fw.platform.stage = announce;
		m->fw.platform.cycles = harmful_counter;
		assert_int_equal(boot_prepare(&m->boot), BM_OK);
		assert_int_equal(boot_exit(&m->boot), BM_OK);
		fake_activate(&m->fw, &m->boot);
		assert_int_equal(boot_mem_init(&m->boot), BM_CONFLICT);
		says(m, i == 0 ? "mem_init: free and reserved pages do not add up"
			       : "mem_init: the buddy allocator fails its self-test");
		destroy(m);
	}
}

/* The windows into high memory can't be opened. */
static void test_highmem_without_tables(void **state)
{
	struct machine *m = machine();
	enum bm_error wanted = ARCH_HIGHMEM ? BM_CONFLICT : BM_OK;

	(void)state;
	fake_add(&m->fw, EFI_MEM_CONVENTIONAL, 4 * GIB, 4 * GIB + 64 * MIB, WB);
	if (!ARCH_HIGHMEM) {
		destroy(m);
		m = machine();
	}
	assert_int_equal(fake_boot(&m->fw, &m->boot, NULL), BM_OK);
	m->boot.mm->paging.root = pfn_phys(m->boot.mm->zero_pfn);
	assert_int_equal(boot_test_highmem(&m->boot), wanted);
	if (ARCH_HIGHMEM)
		says(m, "mem_init: pkmap fails its self-test");
	destroy(m);
}

/* --- no room ---------------------------------------------------------------------------------------- */

static void test_no_storage(void **state)
{
	struct machine *m = machine();
	struct boot b;
	struct window window = { (uintptr_t)m->fw.arena };

	(void)state;
	start(m);
	assert_int_equal(boot_init(&b, m->boot.platform, &m->boot.input,
				 phys_to_virt(window, m->fw.storage_start_phys),
				 boot_storage_bytes(0) - 1, window),
		BM_FULL);
	assert_int_equal(boot_init(&b, m->boot.platform, &m->boot.input,
				 phys_to_virt(window, m->fw.storage_start_phys),
				 boot_storage_bytes(0), window),
		BM_OK);
	assert_true(boot_owner_pages(&b, OWNER_MEM_MAP) == 0); /* there is none yet */
	destroy(m);
}

/* A firmware that grants nothing is asked a number of times, and no more. */
static void test_nothing_is_granted(void **state)
{
	struct machine *m = machine();

	(void)state;
	m->fw.hostile.fault[HOSTILE_REFUSE] = OPTIONS_FAULT_MAX;
	start(m);
	assert_int_equal(boot_prepare(&m->boot), BM_NOMEM);
	says(m, "bootmem: no room for node 0's bitmap of ");
	assert_in_range(m->fw.refused, 64, 3 * 64);
	assert_int_equal(m->boot.claims, 0);
	destroy(m);
}

/* No more runs of pages than can be given back one day. */
static void test_too_many_claims(void **state)
{
	struct machine *m = machine();

	(void)state;
	start(m);
	m->boot.claims = BOOT_CLAIMS;
	assert_int_equal(boot_prepare(&m->boot), BM_NOMEM);
	assert_int_equal(m->fw.claims, 0);
	destroy(m);
}

static void refuse_and_spoil(struct fake_firmware *fw, void *ctx)
{
	(void)ctx;
	if (fw->claims < 3)
		return;
	fw->refuse[0] = (struct pfn_range){ 0, PFN_END };
	fw->refusals = 1;
	fw->hostile.fault[HOSTILE_STRIDE] = 8;
}

static phys_t take(struct machine *m, phys_t goal_phys, phys_t limit_phys, uint64_t pages)
{
	const struct bootmem_request request = { .size_bytes = pages << PAGE_SHIFT,
		.align_bytes = PAGE_SIZE,
		.goal_phys = goal_phys,
		.limit_phys = limit_phys,
		.nid = -1 };
	struct bootmem_result result;

	assert_int_equal(bootmem_alloc(&m->boot.pool, &request, &result), BM_OK);
	return result.start_phys;
}

static void give_back(struct machine *m, phys_t start_phys, uint64_t pages)
{
	assert_int_equal(free_bootmem(&m->boot.bootmem[0], start_phys, pages << PAGE_SHIFT), BM_OK);
}

/*
 *   pages   |  0  |  1  |  2  |  3  |
 *            granted    |  ?  | granted: all given back, then four are wanted there
 *
 * Expect one question, for page 2. Where the firmware has taken it meanwhile, four pages below.
 */
static void test_only_what_is_missing_is_claimed(void **state)
{
	const phys_t there = 64 * MIB;

	(void)state;
	for (unsigned taken = 0; taken < 2; taken++) {
		struct machine *m = machine();
		uint32_t claims;
		phys_t got;

		start(m);
		assert_int_equal(boot_prepare(&m->boot), BM_OK);
		assert_true(take(m, there, 0, 2) == there);
		assert_true(take(m, there + 3 * PAGE_SIZE, 0, 1) == there + 3 * PAGE_SIZE);
		give_back(m, there, 2);
		give_back(m, there + 3 * PAGE_SIZE, 1);
		if (taken)
			assert_true(
				fake_allocate(&m->fw, pfn_down(there) + 2, 1, EFI_MEM_BOOT_DATA));
		claims = m->fw.claims;
		got = take(m, there, there + 4 * PAGE_SIZE, 4);
		assert_int_equal(m->fw.refused, taken);
		assert_int_equal(m->fw.claims, claims + 1 + taken);
		assert_true(taken ? got + 4 * PAGE_SIZE <= there : got == there);
		memset(phys_to_virt(m->boot.pool.window, got), 0xff,
			4 * PAGE_SIZE); /* all of it was granted */
		destroy(m);
	}
}

/* After a refusal its map is of no use. */
static void test_map_is_spoiled_meanwhile(void **state)
{
	struct machine *m = machine();

	(void)state;
	m->fw.meddle = refuse_and_spoil;
	start(m);
	refused(m, BM_NOMEM, "claim: the firmware's map can't be read again");
}

static void test_badram_over_the_workspace(void **state)
{
	struct machine *m = machine();

	(void)state;
	m->options.badrams = 1;
	start(m);
	m->boot.input.options.badram[0] =
		(struct option_range){ m->boot.input.workspace_start_phys + 8, 1 };
	refused(m, BM_CONFLICT, "is where the firmware put this program");
}

/* Less memory than DMA reaches: all of it is below where bitmaps and kernels go elsewhere. */
static void test_small_machine(void **state)
{
	struct machine *m = calloc(1, sizeof(*m));

	(void)state;
	fake_init(&m->fw, 14 * MIB);
	fake_add(&m->fw, EFI_MEM_CONVENTIONAL, 0, 0xa0000, WB);
	fake_add(&m->fw, EFI_MEM_CONVENTIONAL, MIB, 14 * MIB, WB);
	if (fake_boot(&m->fw, &m->boot, NULL) != BM_OK)
		fail_msg("console:\n%s", m->fw.console_text);
	assert_true(mm_check(m->boot.mm) && m->boot.selftest.balanced);
	assert_true(m->boot.mm->node[0].zone[0].free_pages > 2000);
	destroy(m);
}

/* On i386 the loader can't run where the kernel's half begins, whatever it is to start. */
static void test_image_in_the_kernels_half(void **state)
{
	const phys_t image = 3 * GIB + 64 * MIB;
	const uint64_t linked = ARCH_HIGHMEM ? UINT64_C(0xf0100000) : UINT64_C(0xffffffff80100000);
	struct record segment = { .start = linked, .end = linked + 0x1000, .type = MAP_EXEC };
	const struct recorded_kernel kernel = { .entry = linked, .segments = { &segment, 1, 1 } };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct machine *m = machine();
		void *file = NULL;

		fake_add(&m->fw, EFI_MEM_LOADER_CODE, image, image + 8 * PAGE_SIZE, WB);
		start(m);
		m->boot.input.image_start_phys = m->boot.input.init_start_phys = image;
		m->boot.input.init_end_phys = image + PAGE_SIZE;
		m->boot.input.image_end_phys = image + 8 * PAGE_SIZE;
		m->boot.input.special[0] = (struct map_special){ .start_phys = image,
			.end_phys = image + 8 * PAGE_SIZE,
			.rights = MAP_EXEC,
			.identity = true };
		if (i == 1)
			m->boot.input.kernel_file = file =
				kernel_file_make(&kernel, &m->boot.input.kernel_file_bytes);
		if (ARCH_HIGHMEM) {
			refused(m, BM_CONFLICT, "paging: the address space can't be laid out (5)");
		} else {
			assert_int_equal(boot_prepare(&m->boot), BM_OK);
			destroy(m);
		}
		free(file);
	}
}

static void keep_a_page(struct fake_firmware *fw, void *ctx)
{
	(void)ctx;
	if (fw->stale_exits == 0)
		assert_true(fake_allocate(fw, pfn_down(RAM_END / 2), 1, EFI_MEM_RUNTIME_DATA));
}

/* Said once, though settle plans a second time. */
static void test_refused_split(void **state)
{
	struct machine *m = machine();
	const char *line;

	(void)state;
	m->options.vmalloc_bytes = 2 * GIB;
	m->options.highmem_bytes = 2 * GIB;
	m->fw.meddle = keep_a_page;
	m->fw.stale_exits = 1;
	if (fake_boot(&m->fw, &m->boot, &m->options) != BM_OK)
		fail_msg("console:\n%s", m->fw.console_text);
	assert_int_equal(m->boot.findings.of[FINDING_SETTLED].count, 1);
	line = strstr(m->fw.console_text, "limits: vmalloc= ignored: it ");
	assert_int_equal(line != NULL, ARCH_HIGHMEM);
	if (line != NULL)
		assert_null(strstr(line + 1, "limits: vmalloc= ignored: it "));
	assert_int_equal(
		strstr(m->fw.console_text, "limits: highmem= ignored: it ") != NULL, ARCH_HIGHMEM);
	destroy(m);
}

/* Descriptors of what no machine has are nobody's RAM. */
static void test_impossible_ranges(void **state)
{
	static const struct efi_memory_desc odd[] = {
		{ .type = EFI_MEM_RESERVED,
			.phys_start = RAM_END,
			.pages = UINT64_MAX >> PAGE_SHIFT },
		{ .type = EFI_MEM_RESERVED, .phys_start = 2 * PHYS_END, .pages = 1 },
		{ .type = EFI_MEM_BOOT_DATA, .phys_start = 2 * PHYS_END, .pages = UINT64_MAX },
	};
	struct machine *m = machine();

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(odd); i++)
		m->fw.desc[m->fw.count++] = odd[i];
	if (fake_boot(&m->fw, &m->boot, NULL) != BM_OK)
		fail_msg("console:\n%s", m->fw.console_text);
	assert_int_equal(
		e820_ram_pages(&m->boot.e820, 0, PFN_END), pfn_down(RAM_END - MIB + 0xa0000));
	assert_true(mm_check(m->boot.mm));
	destroy(m);
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(boot_stage_name(STAGE_COUNT), "none");
	assert_string_equal(e820_type_name(E820_TYPES), "none");
	assert_string_equal(zone_name(ARCH_NR_ZONES), "none");
	assert_string_equal(map_kind_name(MAP_KINDS), "?");
	assert_string_equal(paging_fault_text(PAGING_FAULTS), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_damage_before_the_exit),
		cmocka_unit_test(test_damage_after_the_exit),
		cmocka_unit_test(test_highmem_without_tables),
		cmocka_unit_test(test_no_storage),
		cmocka_unit_test(test_nothing_is_granted),
		cmocka_unit_test(test_too_many_claims),
		cmocka_unit_test(test_only_what_is_missing_is_claimed),
		cmocka_unit_test(test_map_is_spoiled_meanwhile),
		cmocka_unit_test(test_badram_over_the_workspace),
		cmocka_unit_test(test_small_machine),
		cmocka_unit_test(test_image_in_the_kernels_half),
		cmocka_unit_test(test_refused_split),
		cmocka_unit_test(test_impossible_ranges),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("trouble", tests, NULL, NULL);
}

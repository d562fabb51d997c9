/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pkmap: the window for high pages. All short sequences of kmap and kunmap on a small window against a model
 * of slots, the full window, and kmap_selftest on page tables that work: a fault handler plays the
 * processor, and remembers what it has seen until it is told to forget. Where there is no high memory, every page
 * is in the direct map, and the same sequences show that.
 */
#define _GNU_SOURCE /* memfd_create */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "naive_mm.h"

#define LOW       0x100
#define HIGH      0x300    /* the first high page */
#define FAR       0x100003 /* above 4 GiB; with 3 levels only */
#define ALL_SLOTS 512
#define FEW_SLOTS 3
#define FEW_PAGES 5

struct machine {
	struct naive *n;
	struct full full;
	struct mm *mm;
	struct address_space space;
	struct paging_mode mode;
	uint8_t *window; /* where slots are in this process; nothing is there */
	phys_t tables;
};

static const struct paging_mode modes[] = {
	{ .levels = 3, .nx = true, .large = true, .phys_bits = 40 },
	{ .levels = 2, .phys_bits = 32 },
};

/* --- the processor ----------------------------------------------------------------------------------- */

/* What it was told, and how it sees the window. */
static struct {
	const struct machine *m;
	uint64_t flushed[8]; /* addresses */
	phys_t shown[8];     /* the page that the tables showed there then, or 0 */
	uint32_t flushes;
	bool deaf;  /* forgets nothing */
	bool grows; /* when it is told something there is a slot more, once */
	int memory; /* a file: the high pages of the model */
	volatile sig_atomic_t faults;
} cpu;

/* The page that the tables show, 0: none, PHYS_END: in a way they should not. Without NX all can be executed. */
static phys_t shown_at(const struct machine *m, uint64_t virt)
{
	uint32_t rights = m->mode.nx ? MAP_WRITE : MAP_WRITE | MAP_EXEC;
	struct paging_leaf leaf;

	if (!paging_lookup(&m->mm->paging, m->mm->window, virt, &leaf))
		return 0;
	return leaf.bytes == PAGE_SIZE && leaf.rights == rights ? leaf.phys : PHYS_END;
}

static void forget(uint64_t virt)
{
	void *page = mmap((void *)(uintptr_t)virt, PAGE_SIZE, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);

	assert_true(page == (void *)(uintptr_t)virt);
}

void arch_flush_page(uint64_t virt)
{
	if (cpu.flushes < ARRAY_SIZE(cpu.flushed)) {
		cpu.flushed[cpu.flushes] = virt;
		cpu.shown[cpu.flushes] = shown_at(cpu.m, virt);
	}
	cpu.flushes++;
	cpu.m->mm->pkmap.slots += cpu.grows;
	cpu.grows = false;
	if (!cpu.deaf)
		forget(virt);
}

/* A page that was not looked at yet, or was forgotten: look at the tables. */
static void fault(int signal_number, siginfo_t *info, void *context)
{
	uintptr_t virt = (uintptr_t)info->si_addr & ~(uintptr_t)(PAGE_SIZE - 1);
	uint32_t i = naive_index(cpu.m->n, pfn_down(shown_at(cpu.m, virt)));

	(void)context;
	if (virt - (uintptr_t)cpu.m->window >= ALL_SLOTS * PAGE_SIZE || i == NAIVE_NONE ||
		mmap((void *)virt, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			cpu.memory, (off_t)(i * PAGE_SIZE)) == MAP_FAILED)
		signal(signal_number, SIG_DFL); /* and fault again */
	cpu.faults++;
}

/* --- a machine --------------------------------------------------------------------------------------- */

static phys_t take_pages(const struct machine *m, unsigned order)
{
	pfn_t pfn = alloc_pages(m->mm, GFP_KERNEL, order);

	assert_true(pfn != PFN_NONE);
	memset(phys_to_virt(m->mm->window, pfn_phys(pfn)), 0, (size_t)PAGE_SIZE << order);
	return pfn_phys(pfn);
}

static void build_tables(struct machine *m)
{
	struct map_area area = { (uintptr_t)m->window, 0, ALL_SLOTS * PAGE_SIZE, MAP_TABLES,
		MAP_PKMAP };
	struct map_plan plan = { &area, 1, 1 };
	uint64_t pages = paging_table_pages(&plan, &m->mode);

	assert_true(pages <= 8);
	m->tables = take_pages(m, 3);
	assert_int_equal(
		paging_build(&m->mm->paging, &plan, &m->mode, m->tables, pages, m->mm->window),
		BM_OK);
}

/* A window of so many slots, all empty, and a processor that remembers nothing. */
static void open_window(struct machine *m, uint32_t slots)
{
	m->space.pkmap_start = m->space.pkmap_end = (uintptr_t)m->window;
	if (ARCH_HIGHMEM)
		m->space.pkmap_end += slots * PAGE_SIZE;
	pkmap_init(m->mm, &m->space, pfn_down(take_pages(m, 1)));
	assert_int_equal(m->mm->pkmap.slots, ARCH_HIGHMEM ? slots : 0);
	assert_int_equal(pkmap_table_pages(&m->space), ARCH_HIGHMEM ? pfn_up(slots * 16) : 0);
	cpu.flushes = 0;
}

static struct machine *make(const struct paging_mode *mode)
{
	struct pfn_range window[] = { { LOW, HIGH + 600 }, { FAR, FAR + 8 } };
	struct machine *m = calloc(1, sizeof(*m));

	m->mode = *mode;
	m->n = naive_new(window, mode->levels > 2 ? 2 : 1);
	for (uint32_t w = 0; w < m->n->windows; w++)
		naive_fill(m->n, window[w].start, window[w].end, NAIVE_FREE, 0);
	assert_true(full_make(&m->full, m->n, ARCH_HIGHMEM ? HIGH : ARCH_DMA32_END_PFN));
	m->mm = m->full.mm;
	m->window = mmap(NULL, ALL_SLOTS * PAGE_SIZE, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_32BIT, -1,
		0); /* where i386's tables reach */
	assert_true(m->window != MAP_FAILED);
	memset(&cpu, 0, sizeof(cpu));
	cpu.m = m;
	if (ARCH_HIGHMEM)
		build_tables(m);
	return m;
}

static void destroy(struct machine *m)
{
	munmap(m->window, ALL_SLOTS * PAGE_SIZE);
	full_free(&m->full);
	naive_delete(m->n);
	free(m);
}

/* --- the model --------------------------------------------------------------------------------------- */

/* What each slot shows and how many use it, and which slot is next. */
struct model {
	uint32_t slots, next;
	pfn_t pfn[ALL_SLOTS]; /* 0: nothing */
	uint32_t users[ALL_SLOTS];
	uint32_t flushed; /* by the last call: slot + 1, or 0 */
};

static uint32_t slot_of(const struct model *model, pfn_t pfn)
{
	uint32_t i = 0;

	while (i < model->slots && model->pfn[i] != pfn)
		i++;
	return i;
}

/* The first slot without users from next on, around the end. */
static uint32_t choose(struct model *model)
{
	for (uint32_t k = 0; k < model->slots; k++) {
		uint32_t i = (model->next + k) % model->slots;

		if (model->users[i] == 0) {
			model->next = (i + 1) % model->slots;
			return i;
		}
	}
	return model->slots;
}

/* The slot, or slots: the window is full. */
static uint32_t model_kmap(struct model *model, pfn_t pfn)
{
	uint32_t i = slot_of(model, pfn);

	model->flushed = 0;
	if (i == model->slots) {
		i = choose(model);
		if (i == model->slots)
			return i;
		model->flushed = model->pfn[i] != 0 ? i + 1 : 0;
		model->pfn[i] = pfn;
	}
	model->users[i]++;
	return i;
}

static bool model_kunmap(struct model *model, pfn_t pfn)
{
	uint32_t i = slot_of(model, pfn);

	model->flushed = 0;
	if (i == model->slots || model->users[i] == 0)
		return false;
	model->users[i]--;
	return true;
}

static void compare(const struct machine *m, const struct model *model)
{
	const struct pkmap_slot *slot =
		phys_to_virt(m->mm->window, pfn_phys(m->mm->pkmap.table_pfn));

	for (uint32_t i = 0; i < model->slots; i++) {
		uint64_t virt = m->space.pkmap_start + i * PAGE_SIZE;
		pfn_t pfn = model->pfn[i] != 0 ? model->pfn[i] : PFN_NONE;

		if (slot[i].pfn != pfn || slot[i].users != model->users[i])
			fail_msg("slot %u is %llx with %llu users", i,
				(unsigned long long)slot[i].pfn, (unsigned long long)slot[i].users);
		if (shown_at(m, virt) != pfn_phys(model->pfn[i]))
			fail_msg("slot %u shows %llx", i, (unsigned long long)shown_at(m, virt));
	}
}

/* The processor was told of the slot that changed pages, after it had changed, and of nothing else. */
static void check_flush(const struct machine *m, const struct model *model)
{
	uint32_t slot = model->flushed - 1;

	if (cpu.flushes != (model->flushed != 0))
		fail_msg("%u flushes, expected %d", cpu.flushes, model->flushed != 0);
	if (cpu.flushes != 0 && (cpu.flushed[0] != m->space.pkmap_start + slot * PAGE_SIZE ||
					cpu.shown[0] != pfn_phys(model->pfn[slot])))
		fail_msg("flushed %llx, which showed %llx", (unsigned long long)cpu.flushed[0],
			(unsigned long long)cpu.shown[0]);
	cpu.flushes = 0;
}

static bool is_low(pfn_t pfn)
{
	return !ARCH_HIGHMEM || pfn < HIGH;
}

static void *expected_address(const struct machine *m, struct model *model, pfn_t pfn)
{
	uint32_t slot;

	if (is_low(pfn))
		return phys_to_virt(m->mm->window, pfn_phys(pfn));
	slot = model_kmap(model, pfn);
	return slot < model->slots ? m->window + slot * PAGE_SIZE : NULL;
}

static void do_kmap(const struct machine *m, struct model *model, pfn_t pfn)
{
	void *expected = expected_address(m, model, pfn), *got = kmap(m->mm, pfn);

	if (got != expected)
		fail_msg("kmap of %llx: %p, not %p", (unsigned long long)pfn, got, expected);
	check_flush(m, model);
}

static void do_kunmap(const struct machine *m, struct model *model, pfn_t pfn)
{
	bool expected = is_low(pfn) || model_kunmap(model, pfn);

	if ((kunmap(m->mm, pfn) == BM_OK) != expected)
		fail_msg("kunmap of %llx, expected %d", (unsigned long long)pfn, expected);
	check_flush(m, model);
}

/* --- all sequences ----------------------------------------------------------------------------------- */

#define SLOT_BYTES  (FEW_SLOTS * sizeof(struct pkmap_slot))
#define TABLE_BYTES (8 * PAGE_SIZE)

struct saved {
	struct model model;
	struct pkmap pkmap;
	uint8_t slots[SLOT_BYTES];
	uint8_t tables[TABLE_BYTES];
};

static void save(const struct machine *m, const struct model *model, struct saved *s)
{
	s->model = *model;
	s->pkmap = m->mm->pkmap;
	memcpy(s->slots, phys_to_virt(m->mm->window, pfn_phys(s->pkmap.table_pfn)), SLOT_BYTES);
	memcpy(s->tables, phys_to_virt(m->mm->window, m->tables), TABLE_BYTES);
}

static void restore(const struct machine *m, struct model *model, const struct saved *s)
{
	*model = s->model;
	m->mm->pkmap = s->pkmap;
	memcpy(phys_to_virt(m->mm->window, pfn_phys(s->pkmap.table_pfn)), s->slots, SLOT_BYTES);
	memcpy(phys_to_virt(m->mm->window, m->tables), s->tables, TABLE_BYTES);
}

static pfn_t few_page(const struct machine *m, uint32_t i)
{
	const pfn_t page[FEW_PAGES] = { HIGH, HIGH + 1, HIGH + 77, HIGH + 599,
		m->mode.levels > 2 ? FAR : HIGH + 2 };

	return page[i];
}

static uint64_t all_sequences(const struct machine *m, struct model *model, unsigned depth)
{
	struct saved *before = malloc(sizeof(*before));
	uint64_t sequences = 0;

	save(m, model, before);
	for (uint32_t i = 0; i < 2 * FEW_PAGES; i++) {
		if (i & 1)
			do_kunmap(m, model, few_page(m, i / 2));
		else
			do_kmap(m, model, few_page(m, i / 2));
		compare(m, model);
		sequences++;
		if (depth > 1)
			sequences += all_sequences(m, model, depth - 1);
		restore(m, model, before);
	}
	free(before);
	return sequences;
}

static uint64_t run_mode(const struct paging_mode *mode, unsigned depth)
{
	struct machine *m = make(mode);
	struct model *model = calloc(1, sizeof(*model));
	uint64_t sequences;

	cpu.deaf = true; /* nobody looks */
	m->tables = ARCH_HIGHMEM ? m->tables : take_pages(m, 3);
	open_window(m, FEW_SLOTS);
	model->slots = m->mm->pkmap.slots;
	sequences = all_sequences(m, model, depth);
	free(model);
	destroy(m);
	return sequences;
}

static void test_all_sequences(void **state)
{
	uint64_t sequences = run_mode(&modes[0], 6) + run_mode(&modes[1], 4);

	(void)state;
	print_message("pkmap: %llu sequences of up to 6 operations on %u slots and %u pages\n",
		(unsigned long long)sequences, FEW_SLOTS, FEW_PAGES);
	assert_int_equal(sequences, 1111110 + 11110);
}

/* --- the rest ---------------------------------------------------------------------------------------- */

/* Low pages are where they always are; what has no descriptor is no page. */
static void test_other_pages(void **state)
{
	struct machine *m = make(&modes[0]);

	(void)state;
	open_window(m, FEW_SLOTS);
	assert_ptr_equal(kmap(m->mm, LOW), phys_to_virt(m->mm->window, pfn_phys(LOW)));
	assert_int_equal(kunmap(m->mm, LOW), BM_OK);
	assert_int_equal(kunmap(m->mm, LOW), BM_OK); /* nobody counts */
	assert_null(kmap(m->mm, 0));
	assert_int_equal(kunmap(m->mm, 0), BM_INVALID);
	assert_null(kmap(m->mm, FAR + 0x1000));
	assert_int_equal(kunmap(m->mm, FAR + 0x1000), BM_INVALID);
	assert_null(kmap(m->mm, PFN_NONE));
	assert_int_equal(kunmap(m->mm, PFN_NONE), BM_INVALID);
	assert_int_equal(cpu.flushes, 0);
	destroy(m);
}

/* The window that a kernel has: every slot once, then none, then whichever is given back. */
static void test_whole_window(void **state)
{
	struct machine *m = make(&modes[0]);
	struct model *model = calloc(1, sizeof(*model));

	(void)state;
	open_window(m, ALL_SLOTS);
	model->slots = m->mm->pkmap.slots;
	for (pfn_t i = 0; i < ALL_SLOTS; i++)
		do_kmap(m, model, HIGH + i);
	do_kmap(m, model, HIGH + ALL_SLOTS); /* none is left */
	do_kmap(m, model, HIGH + 3);         /* but this one has a slot */
	do_kunmap(m, model, HIGH + 3);
	do_kunmap(m, model, HIGH + 400);
	do_kunmap(m, model, HIGH); /* a search that found nothing ended where it began: here */
	do_kmap(m, model, HIGH + ALL_SLOTS);
	do_kunmap(m, model, HIGH + 3);
	do_kunmap(m, model, HIGH + 2);
	do_kmap(m, model, HIGH + ALL_SLOTS + 1);
	do_kmap(m, model, HIGH + ALL_SLOTS + 2);
	do_kmap(m, model, HIGH + ALL_SLOTS + 3);
	compare(m, model);
	free(model);
	destroy(m);
}

/* Without tables for the window nothing is mapped, and no slot is used up. */
static void test_no_tables(void **state)
{
	struct machine *m = make(&modes[0]);
	struct model *model = calloc(1, sizeof(*model));

	(void)state;
	open_window(m, FEW_SLOTS);
	m->mm->paging.root = take_pages(m, 0);
	m->mm->paging.mode = m->mode;
	if (ARCH_HIGHMEM)
		assert_null(kmap(m->mm, HIGH));
	model->slots = m->mm->pkmap.slots;
	compare(m, model);
	assert_int_equal(cpu.flushes, 0);
	free(model);
	destroy(m);
}

static bool run_selftest_in_window(struct machine *m, uint32_t *pages)
{
	struct sigaction action = { .sa_sigaction = fault, .sa_flags = SA_SIGINFO }, before;
	bool ok;

	cpu.memory = memfd_create("high pages", 0);
	assert_true(cpu.memory >= 0);
	assert_int_equal(ftruncate(cpu.memory, (off_t)(m->n->pages * PAGE_SIZE)), 0);
	sigaction(SIGSEGV, &action, &before);
	*pages = kmap_selftest(m->mm, &ok);
	sigaction(SIGSEGV, &before, NULL);
	close(cpu.memory);
	return ok;
}

static bool run_selftest(struct machine *m, uint32_t slots, uint32_t *pages)
{
	open_window(m, slots);
	return run_selftest_in_window(m, pages);
}

static uint64_t free_pages_of(const struct mm *mm)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < ARCH_NR_ZONES; i++)
		pages += mm->node[0].zone[i].free_pages;
	return pages;
}

/* It passes on a processor that listens, fails on one that does not, and leaves pages and window as they were. */
static void test_selftest(void **state)
{
	(void)state;
	for (unsigned deaf = 0; deaf <= 1; deaf++) {
		struct machine *m = make(&modes[0]);
		uint64_t before;
		uint32_t pages;

		cpu.deaf = deaf;
		open_window(m, 24);
		before = free_pages_of(m->mm);
		assert_int_equal(run_selftest_in_window(m, &pages), !ARCH_HIGHMEM || !deaf);
		assert_int_equal(pages, ARCH_HIGHMEM ? 24 + 8 : 0);
		assert_int_equal(cpu.faults != 0, ARCH_HIGHMEM);
		assert_int_equal(free_pages_of(m->mm), before);
		for (uint32_t i = 0; i < m->mm->pkmap.slots; i++)
			assert_int_equal(shown_at(m, m->mm->pkmap.start + i * PAGE_SIZE), 0);
		assert_true(mm_check(m->mm));
		destroy(m);
	}
}

/* A window that is not full when all its slots are in use fails. */
static void test_selftest_of_a_window_that_grows(void **state)
{
	struct machine *m = make(&modes[0]);
	uint32_t pages;

	(void)state;
	open_window(m, 24);
	if (ARCH_HIGHMEM) {
		assert_non_null(kmap(m->mm, HIGH + 500)); /* a slot to be shown anew */
		assert_int_equal(kunmap(m->mm, HIGH + 500), BM_OK);
	}
	cpu.grows = true;
	assert_int_equal(run_selftest_in_window(m, &pages), !ARCH_HIGHMEM);
	assert_int_equal(cpu.grows, !ARCH_HIGHMEM);
	destroy(m);
}

/* Fewer pages than slots: it makes do with them. */
static void test_selftest_with_few_pages(void **state)
{
	struct machine *m = make(&modes[0]);
	struct zone *high = &m->mm->node[0].zone[2];
	uint32_t pages;

	(void)state;
	for (uint32_t left = ARCH_HIGHMEM ? 20 : 0; left-- > 0;) {
		while (high->free_pages > left)
			assert_int_not_equal(zone_alloc_pages(m->mm, 2, 0), PFN_NONE);
		assert_true(run_selftest(m, 24, &pages));
		assert_int_equal(pages, left);
		assert_int_equal(high->free_pages, left);
	}
	destroy(m);
}

/* Where windows can't be opened it fails, and gives back what it took. */
static void test_selftest_without_tables(void **state)
{
	struct machine *m = make(&modes[0]);
	uint64_t before = m->mm->node[0].zone[2].free_pages;
	uint32_t pages;

	(void)state;
	m->mm->paging.root = take_pages(m, 0);
	m->mm->paging.mode = m->mode;
	assert_int_equal(run_selftest(m, 24, &pages), !ARCH_HIGHMEM);
	if (ARCH_HIGHMEM)
		assert_int_equal(m->mm->node[0].zone[2].free_pages, before);
	assert_true(mm_check(m->mm));
	destroy(m);
}

/* No low memory for its list: it fails without having touched a page. */
static void test_selftest_without_low_memory(void **state)
{
	struct machine *m = make(&modes[0]);
	uint64_t before = m->mm->node[0].zone[2].free_pages;
	uint32_t pages;
	bool ok;

	(void)state;
	open_window(m, 24);
	while (alloc_pages(m->mm, GFP_KERNEL, 0) != PFN_NONE)
		;
	pages = kmap_selftest(m->mm, &ok);
	assert_int_equal(ok, !ARCH_HIGHMEM);
	assert_int_equal(pages, 0);
	if (ARCH_HIGHMEM)
		assert_int_equal(m->mm->node[0].zone[2].free_pages, before);
	while (zone_alloc_pages(m->mm, 2, 0) != PFN_NONE)
		;
	assert_int_equal(kmap_selftest(m->mm, &ok), 0);
	assert_true(ok); /* and without high memory there is nothing to try */
	destroy(m);
}

/* A page that somebody has mapped is in its way, and stays as it is. */
static void test_selftest_beside_a_user(void **state)
{
	struct machine *m = make(&modes[0]);
	uint64_t virt = (uintptr_t)m->window;
	uint32_t pages;
	bool ok;

	(void)state;
	open_window(m, 1);
	assert_non_null(kmap(m->mm, HIGH + 500));
	pages = kmap_selftest(m->mm, &ok);
	assert_int_equal(ok, !ARCH_HIGHMEM);
	assert_int_equal(pages, ARCH_HIGHMEM ? 9 : 0);
	if (ARCH_HIGHMEM)
		assert_int_equal(shown_at(m, virt), pfn_phys(HIGH + 500));
	assert_int_equal(kunmap(m->mm, HIGH + 500), BM_OK);
	assert_true(mm_check(m->mm));
	destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_sequences),
		cmocka_unit_test(test_other_pages),
		cmocka_unit_test(test_whole_window),
		cmocka_unit_test(test_no_tables),
		cmocka_unit_test(test_selftest),
		cmocka_unit_test(test_selftest_of_a_window_that_grows),
		cmocka_unit_test(test_selftest_with_few_pages),
		cmocka_unit_test(test_selftest_without_tables),
		cmocka_unit_test(test_selftest_without_low_memory),
		cmocka_unit_test(test_selftest_beside_a_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

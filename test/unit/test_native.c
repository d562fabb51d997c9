/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel of the native protocol on its way through the pipeline, under the fake firmware: where it is put, what it is
 * told, and what it does with that: adopt.h, whose side of the handoff runs in the kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/adopt.h>

#include "fake_firmware.h"
#include "kernel_file.h"

#define WB       (EFI_ATTR_UC | EFI_ATTR_WC | EFI_ATTR_WT | EFI_ATTR_WB)
#define LOW_END  (512 * MIB)
#define HIGH     (2 * GIB) /* RAM that i386's direct map does not show */
#define HIGH_END (HIGH + 64 * MIB)
#define LINKED   (ARCH_HIGHMEM ? UINT64_C(0xf0100000) : UINT64_C(0xffffffff80100000))
#define LOW      (4 * MIB)

struct machine {
	struct fake_firmware fw;
	struct boot boot;
	struct boot_options options;
	void *file;
};

/*
 *   0     640K          1M                          512M          2G      +64M
 *   | free |            |            free            |            |  free  |
 */
static struct machine *machine(void)
{
	struct machine *m = calloc(1, sizeof(*m));

	fake_init(&m->fw, ARCH_HIGHMEM ? ARCH_SPLIT_PHYS : 4 * GIB);
	fake_add(&m->fw, EFI_MEM_CONVENTIONAL, 0, 0xa0000, WB);
	fake_add(&m->fw, EFI_MEM_CONVENTIONAL, MIB, LOW_END, WB);
	fake_add(&m->fw, EFI_MEM_CONVENTIONAL, HIGH, HIGH_END, WB);
	options_defaults(&m->options);
	strcpy(m->options.kernel, "/kernel");
	return m;
}

static void destroy(struct machine *m)
{
	fake_free(&m->fw);
	free(m->file);
	free(m);
}

/* Code, constants, and data of so many bytes. */
static void give_kernel(struct machine *m, uint64_t virt, uint64_t data_bytes)
{
	struct record segment[] = {
		{ .start = virt, .end = virt + 0x2100, .type = MAP_EXEC },
		{ .start = virt + 0x4000, .end = virt + 0x4010 },
		{ .start = virt + 0x6000, .end = virt + 0x6000 + data_bytes, .type = MAP_WRITE },
	};
	const struct recorded_kernel k = { .entry = virt + 0x10, .segments = { segment, 3, 3 } };

	m->file = kernel_file_make(&k, &m->boot.input.kernel_file_bytes);
	m->boot.input.kernel_file = m->file;
}

static void succeeds(const struct machine *m, enum bm_error error)
{
	if (error != BM_OK)
		fail_msg("error %d, console:\n%s", error, m->fw.console_text);
}

static void start(struct machine *m, uint64_t virt, uint64_t data_bytes)
{
	succeeds(m, fake_start(&m->fw, &m->boot, &m->options));
	give_kernel(m, virt, data_bytes);
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
	assert_false(m->boot.exited);
	destroy(m);
}

static void run(struct machine *m)
{
	succeeds(m, boot_prepare(&m->boot));
	succeeds(m, boot_exit(&m->boot));
	fake_activate(&m->fw, &m->boot);
	succeeds(m, boot_mem_init(&m->boot));
}

static struct handoff *record_of(struct machine *m)
{
	succeeds(m, boot_make_record(&m->boot));
	boot_seal_record(&m->boot);
	return phys_to_virt(m->boot.pool.window, m->boot.record_phys);
}

/* So much initrd, in pages of the loader's. */
static void put_initrd(struct machine *m, phys_t start_phys, uint64_t bytes)
{
	assert_true(fake_allocate(
		&m->fw, pfn_down(start_phys), bytes >> PAGE_SHIFT, EFI_MEM_LOADER_DATA));
	m->boot.input.initrd_start_phys = start_phys;
	m->boot.input.initrd_end_phys = start_phys + bytes;
	strcpy(m->boot.input.options.initrd, "/initrd");
}

/* --- a place --------------------------------------------------------------------------------------- */

/* What a message about an exception says of an address. */
static void place_is(const struct machine *m, uint64_t virt, const char *wanted)
{
	char text[160];
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));

	boot_put_place(&m->boot, virt, &sink);
	assert_string_equal(text, wanted);
}

/* Each segment is mapped where it was linked, with its rights, and holds what is in the file; the gaps are free. */
static void test_segments(void **state)
{
	struct machine *m = machine();
	const struct boot_kernel *k = &m->boot.kernel;
	const uint32_t nx = m->fw.mode.nx ? 0 : MAP_EXEC;
	struct paging_leaf leaf;

	(void)state;
	start(m, LINKED, 0x1234);
	run(m);
	assert_int_equal(k->protocol, PROTOCOL_NATIVE);
	assert_true(k->virt == LINKED && k->entry == LINKED + 0x10);
	assert_memory_equal(phys_to_virt(m->boot.pool.window, k->phys), m->file, 0x11);
	assert_true(paging_lookup(&m->boot.paging, m->boot.pool.window, LINKED, &leaf));
	assert_true(leaf.phys == k->phys && leaf.rights == MAP_EXEC);
	assert_true(paging_lookup(&m->boot.paging, m->boot.pool.window, LINKED + 0x4000, &leaf));
	assert_true(leaf.phys == k->phys + 0x4000 && leaf.rights == nx);
	assert_true(paging_lookup(&m->boot.paging, m->boot.pool.window, LINKED + 0x7000, &leaf));
	assert_true(leaf.phys == k->phys + 0x7000 && leaf.rights == (MAP_WRITE | nx));
	assert_false(paging_lookup(&m->boot.paging, m->boot.pool.window, LINKED + 0x3000, &leaf));
	assert_int_equal(boot_owner_pages(&m->boot, OWNER_KERNEL), 3 + 1 + 2);
	place_is(m, LINKED, "the kernel");
	destroy(m);
}

/* A large kernel is put where large pages can map it, and pages before it stay free. */
static void test_large_kernel(void **state)
{
	struct machine *m = machine();

	(void)state;
	start(m, LINKED, 3 * MIB);
	run(m);
	assert_true(m->boot.kernel.phys % (2 * MIB) == LINKED % (2 * MIB));
	assert_int_equal(boot_owner_pages(&m->boot, OWNER_KERNEL), 3 + 1 + 3 * MIB / PAGE_SIZE);
	assert_int_equal(m->fw.refused, 0); /* what was given back is not asked for again */
	destroy(m);
}

/* Where no such place is left, it is put anywhere. */
static void test_large_kernel_anywhere(void **state)
{
	struct machine *m = machine();

	(void)state;
	for (phys_t at = 4 * MIB; at < HIGH_END; at += 4 * MIB)
		fake_allocate(&m->fw, pfn_down(at), 1, EFI_MEM_RESERVED);
	start(m, LINKED, 3 * MIB);
	run(m);
	assert_true(m->boot.kernel.phys % (2 * MIB) != LINKED % (2 * MIB));
	destroy(m);
}

static void test_kernel_without_room(void **state)
{
	struct machine *m = machine();

	(void)state;
	start(m, LINKED, 200 * MIB);
	fake_allocate(&m->fw, pfn_down(64 * MIB), pfn_down(LOW_END / 2), EFI_MEM_RESERVED);
	refused(m, BM_NOMEM, "handoff: /kernel: no room for its ");
}

static void test_broken_kernel(void **state)
{
	struct machine *m = machine();

	(void)state;
	start(m, LINKED, 0x1000);
	((uint8_t *)m->file)[18] ^= 1; /* the processor it is for */
	refused(m, BM_INVALID, "handoff: /kernel: ");
}

/* --- where it is linked ---------------------------------------------------------------------------- */

/* In the lower part it stands between the identity mappings of the switch, and hides what is not needed there. */
static void test_linked_low(void **state)
{
	struct machine *m = machine();
	struct paging_leaf leaf;

	(void)state;
	start(m, LOW, 0x1000);
	run(m);
	assert_true(paging_lookup(&m->boot.paging, m->boot.pool.window, LOW, &leaf));
	assert_true(leaf.phys == m->boot.kernel.phys);
	assert_true(
		paging_lookup(&m->boot.paging, m->boot.pool.window, m->boot.cpu_block_phys, &leaf));
	assert_true(leaf.phys == m->boot.cpu_block_phys);
	destroy(m);
}

static void test_linked_where_the_program_is(void **state)
{
	struct machine *m = machine();

	(void)state;
	succeeds(m, fake_start(&m->fw, &m->boot, &m->options));
	give_kernel(m, m->boot.input.image_start_phys, 0x1000);
	refused(m, BM_CONFLICT, "where this machine needs an identity mapping");
}

static void test_linked_elsewhere(void **state)
{
	static const uint64_t virt[] = { ARCH_DIRECT_BASE + MIB, ARCH_FIXMAP_START - 0x4000,
		ARCH_FIXMAP_START };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(virt); i++) {
		struct machine *m = machine();

		start(m, virt[i], 0x1000);
		refused(m, BM_CONFLICT, "which is not the kernel's (docs/address-space.md)");
	}
}

/* --- the record ------------------------------------------------------------------------------------ */

static void test_record_is_checked(void **state)
{
	struct machine *m = machine();
	struct handoff *r, sane;
	struct mm *mm = NULL;

	(void)state;
	start(m, LINKED, 0x1000);
	run(m);
	r = record_of(m);
	sane = *r;
	assert_true(handoff_valid(r));
	assert_int_equal(bootmem_adopt(r, &mm), BM_OK);
	assert_ptr_equal(mm, m->boot.mm);
	for (unsigned i = 0; i < 7; i++) {
		r->magic ^= i == 0;
		r->version += i == 1;
		r->machine ^= i == 2 ? 64 : 0;
		r->bytes -= i == 3;
		r->record_bytes = i == 4 ? r->bytes - 1 : i == 5 ? GIB + 1 : r->record_bytes;
		r->checksum += i == 6;
		assert_false(handoff_valid(r));
		assert_int_equal(bootmem_adopt(r, &mm), BM_INVALID);
		*r = sane;
	}
	r->layout_hash++;
	boot_seal_record(&m->boot);
	assert_true(handoff_valid(r));
	assert_int_equal(bootmem_adopt(r, &mm), BM_CONFLICT);
	destroy(m);
}

/* Free ranges and those of owners, each in order, are the RAM, page by page. */
static void test_record_ranges(void **state)
{
	struct machine *m = machine();
	const struct handoff_owner_range *owner;
	const struct handoff_range *range;
	uint64_t pages = 0, free_pages = 0;
	const struct handoff *r;

	(void)state;
	start(m, LINKED, 0x1000);
	run(m);
	r = record_of(m);
	owner = (const void *)(uintptr_t)r->owners.address;
	range = (const void *)(uintptr_t)r->free.address;
	assert_true(r->owners.count != 0 && r->free.count != 0);
	for (uint32_t i = 0; i < r->owners.count; i++) {
		assert_true(owner[i].start_pfn < owner[i].end_pfn);
		assert_true(i == 0 || owner[i - 1].end_pfn <= owner[i].start_pfn);
		pages += owner[i].end_pfn - owner[i].start_pfn;
	}
	for (uint32_t i = 0; i < r->free.count; i++) {
		pfn_t start = range[i].start, end = range[i].end;

		assert_true(start < end && (i == 0 || range[i - 1].end <= start));
		assert_int_equal(e820_ram_pages(&m->boot.e820, start, end), end - start);
		for (uint32_t k = 0; k < r->owners.count; k++)
			assert_true(owner[k].end_pfn <= start || owner[k].start_pfn >= end);
		free_pages += end - start;
	}
	assert_int_equal(pages + free_pages, e820_ram_pages(&m->boot.e820, 0, PFN_END));
	for (uint32_t zone = 0; zone < m->boot.mm->nodes * ARCH_NR_ZONES; zone++)
		free_pages -= mm_zone(m->boot.mm, zone)->free_pages;
	assert_int_equal(free_pages, 0);
	destroy(m);
}

/* What the processor offers is what the kernel is told. */
static void test_record_flags(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		struct machine *m = machine();
		uint32_t wanted = (i & 1 ? HANDOFF_NX : 0) | (i & 2 ? HANDOFF_PAT : 0);

		m->fw.mode.nx = i & 1;
		m->fw.mode.pat = i & 2;
		start(m, LINKED, 0x1000);
		run(m);
		assert_int_equal(record_of(m)->flags & (HANDOFF_NX | HANDOFF_PAT), wanted);
		destroy(m);
	}
}

/* A name that is too long for a table is cut; the command line is not. */
static void test_record_texts(void **state)
{
	struct machine *m = machine();
	const struct handoff_module *module;
	const struct handoff *r;
	char name[sizeof(module->name)] = "/";

	(void)state;
	strcpy(m->options.cmdline, "quiet  console=ttyS0");
	start(m, LINKED, 0x1000);
	put_initrd(m, 32 * MIB, MIB);
	memset(name + 1, 'n', sizeof(name) - 1);
	memcpy(m->boot.input.options.initrd, name, sizeof(name));
	m->boot.input.options.initrd[sizeof(name)] = 'x';
	m->boot.input.options.initrd[sizeof(name) + 1] = '\0';
	run(m);
	r = record_of(m);
	module = (const void *)(uintptr_t)r->modules.address;
	name[sizeof(name) - 1] = '\0';
	assert_string_equal(module->name, name);
	assert_string_equal((const char *)(uintptr_t)r->cmdline.address, "quiet  console=ttyS0");
	assert_int_equal(r->cmdline.count, sizeof("quiet  console=ttyS0"));
	assert_true(
		boot_record_address(&m->boot) == m->boot.space.direct_base + m->boot.record_phys);
	destroy(m);
}

/* A record that does not fit is an error that names what there was room for, whichever table it ends in. */
static void test_record_without_room(void **state)
{
	struct machine *m = machine();
	uint64_t needed = 0;

	(void)state;
	for (pfn_t pfn = pfn_down(100 * MIB), i = 0; i < 600; i++)
		assert_true(fake_allocate(&m->fw, pfn + 2 * i, 1, EFI_MEM_RESERVED));
	memset(m->options.cmdline, 'c', sizeof(m->options.cmdline) - 1);
	start(m, LINKED, 0x1000);
	run(m);
	for (uint64_t pages = 1; needed == 0; pages++) {
		struct boot *b = &m->boot;
		char sentence[80];

		b->record_pages = pages;
		if (boot_make_record(b) == BM_OK) {
			needed = pages;
			break;
		}
		snprintf(sentence, sizeof(sentence), "handoff: the record needs more than %u pages",
			(unsigned)pages);
		says(m, sentence);
		assert_true(mm_check(b->mm));
	}
	assert_true(needed > 1);
	destroy(m);
}

/* No kernel, no record. */
static void test_no_record(void **state)
{
	struct machine *m = machine();

	(void)state;
	assert_int_equal(fake_boot(&m->fw, &m->boot, NULL), BM_OK);
	assert_int_equal(boot_make_record(&m->boot), BM_OK);
	boot_seal_record(&m->boot);
	assert_true(boot_record_address(&m->boot) == 0 && m->boot.record_pages == 0);
	destroy(m);
}

/* --- what is given back ---------------------------------------------------------------------------- */

static uint64_t free_pages_of(const struct mm *mm)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < mm->nodes * ARCH_NR_ZONES; i++)
		pages += mm->node[i / ARCH_NR_ZONES].zone[i % ARCH_NR_ZONES].free_pages;
	return pages;
}

static bool shown(const struct machine *m, uint64_t virt, phys_t phys)
{
	struct paging_leaf leaf;

	return paging_lookup(&m->boot.mm->paging, m->boot.pool.window, virt, &leaf) &&
	       leaf.phys + (virt - leaf.virt) == phys;
}

static bool writable(const struct machine *m, phys_t phys)
{
	struct paging_leaf leaf;
	uint64_t virt = m->boot.space.direct_base + phys;

	return paging_lookup(&m->boot.mm->paging, m->boot.pool.window, virt, &leaf) &&
	       (leaf.rights & MAP_WRITE) != 0;
}

/*
 * All that is reclaimable and not kept becomes free, to the page; nobody can run it any more, and the direct map shows
 * it writable, guard pages too. What is kept stays as it is. A second time there is nothing left.
 */
static void test_reclaim(void **state)
{
	const uint64_t keep = OWNER_BIT(OWNER_CPU) | OWNER_BIT(OWNER_HANDOFF);
	struct machine *m = machine();
	const struct boot_input *in = &m->boot.input;
	uint64_t before, wanted;
	phys_t guard;
	struct handoff *r;

	(void)state;
	start(m, LINKED, 0x1000);
	put_initrd(m, 32 * MIB, 3 * MIB);
	run(m);
	r = record_of(m);
	guard = m->boot.cpu_block_phys + PAGE_SIZE;
	wanted = boot_owner_pages(&m->boot, OWNER_IMAGE) +
		 boot_owner_pages(&m->boot, OWNER_WORKSPACE) +
		 boot_owner_pages(&m->boot, OWNER_INITRD);
	before = free_pages_of(m->boot.mm);
	assert_int_equal(bootmem_reclaim(m->boot.mm, r, keep), wanted);
	assert_int_equal(free_pages_of(m->boot.mm), before + wanted);
	for (phys_t at = in->image_start_phys; at < in->image_end_phys; at += PAGE_SIZE) {
		assert_false(shown(m, at, at));
		assert_true(writable(m, at));
	}
	assert_true(writable(m, 32 * MIB));
	assert_false(writable(m, guard));
	assert_int_equal(bootmem_reclaim(m->boot.mm, r, keep), 0);
	assert_int_equal(bootmem_reclaim(m->boot.mm, r, OWNER_BIT(OWNER_HANDOFF)), ARCH_CPU_PAGES);
	assert_true(writable(m, guard));
	assert_true(mm_check(m->boot.mm));
	destroy(m);
}

/* A module where no direct map reaches on i386. */
static void test_reclaim_high_memory(void **state)
{
	struct machine *m = machine();
	const struct handoff_module *module;
	uint64_t before;
	struct handoff *r;

	(void)state;
	start(m, LINKED, 0x1000);
	put_initrd(m, HIGH + MIB, MIB);
	run(m);
	r = record_of(m);
	module = (const void *)(uintptr_t)r->modules.address;
	assert_int_equal(r->modules.count, 1);
	assert_string_equal(module->name, "/initrd");
	assert_true(module->address == (ARCH_HIGHMEM ? 0 : m->boot.space.direct_base + HIGH + MIB));
	before = free_pages_of(m->boot.mm);
	assert_int_equal(bootmem_reclaim(m->boot.mm, r, ~OWNER_BIT(OWNER_INITRD)), MIB / PAGE_SIZE);
	assert_int_equal(free_pages_of(m->boot.mm), before + MIB / PAGE_SIZE);
	destroy(m);
}

/* The kernel is linked at addresses that are also pages of its initrd: its own mapping stays. */
static void test_reclaim_below_a_low_kernel(void **state)
{
	struct machine *m = machine();
	struct handoff *r;

	(void)state;
	start(m, LOW, 0x1000);
	put_initrd(m, LOW, MIB);
	run(m);
	r = record_of(m);
	assert_int_equal(bootmem_reclaim(m->boot.mm, r, ~OWNER_BIT(OWNER_INITRD)), MIB / PAGE_SIZE);
	assert_true(shown(m, LOW, m->boot.kernel.phys));
	destroy(m);
}

/* Code in a large page can't be taken out of where it runs, so it does not become free. Data can stay there. */
static void test_reclaim_large_pages(void **state)
{
	const phys_t text = 64 * MIB, data = 72 * MIB, end = 80 * MIB;
	struct boot_input input = {
		.image_start_phys = text, .image_end_phys = end, .specials = 3
	};
	struct machine *m = machine();
	struct handoff *r;

	(void)state;
	m->fw.storage_start_phys = 96 * MIB;
	m->fw.storage_end_phys = 96 * MIB + align_up(boot_storage_bytes(64), PAGE_SIZE);
	input.mode = m->fw.mode;
	input.workspace_start_phys = m->fw.storage_start_phys;
	input.workspace_end_phys = m->fw.storage_end_phys;
	input.special[0] = (struct map_special){
		.start_phys = text, .end_phys = data, .rights = MAP_EXEC, .identity = true
	};
	input.special[1] = (struct map_special){
		.start_phys = data, .end_phys = end, .rights = MAP_WRITE, .identity = true
	};
	input.special[2] = (struct map_special){ .start_phys = m->fw.storage_start_phys,
		.end_phys = m->fw.storage_end_phys,
		.rights = MAP_WRITE,
		.identity = true };
	fake_allocate(&m->fw, pfn_down(text), pfn_down(end - text), EFI_MEM_LOADER_CODE);
	fake_allocate(&m->fw, pfn_down(m->fw.storage_start_phys),
		pfn_down(m->fw.storage_end_phys - m->fw.storage_start_phys), EFI_MEM_LOADER_DATA);
	m->fw.input = &input;
	start(m, LINKED, 0x1000);
	run(m);
	r = record_of(m);
	assert_int_equal(
		bootmem_reclaim(m->boot.mm, r, ~OWNER_BIT(OWNER_IMAGE)), pfn_down(end - data));
	assert_true(shown(m, text, text) && !writable(m, text));
	destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_large_kernel),
		cmocka_unit_test(test_large_kernel_anywhere),
		cmocka_unit_test(test_kernel_without_room),
		cmocka_unit_test(test_broken_kernel),
		cmocka_unit_test(test_linked_low),
		cmocka_unit_test(test_linked_where_the_program_is),
		cmocka_unit_test(test_linked_elsewhere),
		cmocka_unit_test(test_record_is_checked),
		cmocka_unit_test(test_record_ranges),
		cmocka_unit_test(test_record_flags),
		cmocka_unit_test(test_record_texts),
		cmocka_unit_test(test_record_without_room),
		cmocka_unit_test(test_no_record),
		cmocka_unit_test(test_reclaim),
		cmocka_unit_test(test_reclaim_high_memory),
		cmocka_unit_test(test_reclaim_below_a_low_kernel),
		cmocka_unit_test(test_reclaim_large_pages),
	};

	return cmocka_run_group_tests_name("native kernel", tests, NULL, NULL);
}

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

/* What the processor was told to forget. */
static uint64_t flushed[4096];
static unsigned flushes;

void arch_flush_page(uint64_t virt)
{
	assert_true(flushes < ARRAY_SIZE(flushed));
	flushed[flushes++] = virt;
}

static bool was_flushed(uint64_t virt)
{
	unsigned i = 0;

	while (i < flushes && flushed[i] != virt)
		i++;
	return i < flushes;
}

/*
 *   0     640K          1M                          512M          2G      +64M
 *   | free |            |            free            |            |  free  |
 */
static struct machine *machine(void)
{
	struct machine *m = calloc(1, sizeof(*m));

	fake_init(&m->fw, ARCH_HIGHMEM ? ARCH_SPLIT_PHYS : 4 * GIB);
	m->fw.dirty = true;
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

/* Its pages had something else in them before. */
static struct handoff *record_of(struct machine *m)
{
	struct handoff *record = phys_to_virt(m->boot.pool.window, m->boot.record_phys);

	memset(record, 0xa5, (size_t)pfn_phys(m->boot.record_pages));
	succeeds(m, boot_make_record(&m->boot));
	boot_seal_record(&m->boot);
	return record;
}

/* One of its tables, which is all in the record's block, aligned. */
static const void *table_of(
	const struct handoff *r, const struct handoff_table *t, uint64_t count, uint64_t stride)
{
	uint64_t start = (uintptr_t)(r + 1), end = (uintptr_t)r + r->record_bytes;

	assert_int_equal(t->count, count);
	assert_int_equal(t->stride, stride);
	assert_true(t->address % 16 == 0 && t->address >= start);
	assert_true(t->address + count * stride <= end);
	return (const void *)(uintptr_t)t->address;
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

/* A word of a segment in the file: 0 is where its bytes are, 1 its address, 3 how many bytes there are. */
static uint8_t *program(struct machine *m, unsigned segment, unsigned number)
{
	const unsigned word = 4 * ARCH_ELF_CLASS;

	return (uint8_t *)m->file + 40 + 3 * word + segment * (8 + 6 * word) + 4 * ARCH_ELF_CLASS +
	       number * word;
}

static void put_word(struct machine *m, unsigned segment, unsigned number, uint64_t value)
{
	memcpy(program(m, segment, number), &value, 4 * ARCH_ELF_CLASS);
}

/* Its bytes are where they belong, and all else in its pages is 0. */
static void holds(const struct machine *m, uint64_t offset, uint64_t bytes, uint64_t from)
{
	phys_t page = align_down(m->boot.kernel.phys + offset, PAGE_SIZE);
	const uint8_t *at = phys_to_virt(m->boot.pool.window, page);
	uint64_t head = offset % PAGE_SIZE;

	assert_memory_equal(at + head, (const uint8_t *)m->file + from, (size_t)bytes);
	for (uint64_t i = 0; i < PAGE_SIZE; i++)
		assert_true((i >= head && i < head + bytes) || at[i] == 0);
}

/* From anywhere in the file to anywhere in a page. */
static void test_bytes_of_segments(void **state)
{
	struct machine *m = machine();

	(void)state;
	start(m, LINKED, 0x800);
	m->boot.input.kernel_file_bytes = 0x3000;
	m->file = realloc(m->file, 0x3000);
	m->boot.input.kernel_file = m->file;
	for (unsigned i = 0x1000; i < 0x3000; i++)
		((uint8_t *)m->file)[i] = (uint8_t)(i * 7 + (i >> 8) + 1);
	put_word(m, 0, 0, 0x1001);
	put_word(m, 0, 3, 0x100);
	put_word(m, 1, 0, 0x2003);
	put_word(m, 1, 3, 0x10);
	put_word(m, 2, 0, 0x2105);
	put_word(m, 2, 1, LINKED + 0x6123);
	put_word(m, 2, 3, 0x345);
	run(m);
	holds(m, 0, 0x100, 0x1001);
	holds(m, 0x4000, 0x10, 0x2003);
	holds(m, 0x6123, 0x345, 0x2105);
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

/* One large page is enough to ask for a place where it can be one. */
static void test_kernel_of_one_large_page(void **state)
{
	(void)state;
	for (unsigned less = 0; less < 2; less++) {
		struct machine *m = machine();

		start(m, LINKED, 2 * MIB - 0x6000 - less * PAGE_SIZE);
		run(m);
		assert_int_equal(m->boot.kernel.bytes, 2 * MIB - less * PAGE_SIZE);
		assert_int_equal(m->boot.kernel.phys % (2 * MIB) == LINKED % (2 * MIB), less == 0);
		destroy(m);
	}
}

/* Right behind the bitmap: the pages before it go back, and are not asked for when they are wanted again. */
static void test_large_kernel_behind_the_bitmap(void **state)
{
	struct machine *m = machine();
	uint64_t bitmap;

	(void)state;
	start(m, LINKED, 3 * MIB);
	run(m);
	bitmap = m->boot.bitmap_pages[0];
	destroy(m);
	m = machine();
	assert_true(fake_allocate(
		&m->fw, pfn_down(16 * MIB), pfn_down(2 * MIB) - bitmap, EFI_MEM_RESERVED));
	start(m, LINKED, 3 * MIB);
	run(m);
	assert_int_equal(m->boot.bitmap_pfn[0] + bitmap, pfn_down(18 * MIB));
	assert_true(m->boot.kernel.phys == 18 * MIB + LINKED % (2 * MIB));
	assert_true(m->boot.cpu_block_phys == 18 * MIB);
	assert_int_equal(m->fw.refused, 0);
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

/* Free ranges and those of owners, each in order and as long as can be, are the RAM, page by page. */
static void check_ranges(const struct machine *m, const struct handoff *r)
{
	const struct handoff_owner_range *owner =
		table_of(r, &r->owners, r->owners.count, sizeof(*owner));
	const struct handoff_range *range = table_of(r, &r->free, r->free.count, sizeof(*range));
	uint64_t pages = 0, free_pages = 0;

	assert_true(r->owners.count != 0 && r->free.count != 0);
	for (uint32_t i = 0; i < r->owners.count; i++) {
		bool back = owner_reclaimable((enum owner)owner[i].owner);

		assert_true(owner[i].start_pfn < owner[i].end_pfn);
		assert_int_equal(owner[i].flags, back ? HANDOFF_RECLAIMABLE : 0);
		assert_true(i == 0 || owner[i - 1].end_pfn < owner[i].start_pfn ||
			    (owner[i - 1].end_pfn == owner[i].start_pfn &&
				    owner[i - 1].owner != owner[i].owner));
		pages += owner[i].end_pfn - owner[i].start_pfn;
	}
	for (uint32_t i = 0; i < r->free.count; i++) {
		pfn_t start = range[i].start, end = range[i].end;

		assert_true(start < end && (i == 0 || range[i - 1].end < start));
		assert_int_equal(e820_ram_pages(&m->boot.e820, start, end), end - start);
		for (uint32_t k = 0; k < r->owners.count; k++)
			assert_true(owner[k].end_pfn <= start || owner[k].start_pfn >= end);
		free_pages += end - start;
	}
	assert_int_equal(pages + free_pages, e820_ram_pages(&m->boot.e820, 0, PFN_END));
	for (uint32_t zone = 0; zone < m->boot.mm->nodes * ARCH_NR_ZONES; zone++)
		free_pages -= mm_zone(m->boot.mm, zone)->free_pages;
	assert_int_equal(free_pages, 0);
}

/* What boot services had is free for nothing but its own descriptors, which come first then and were found last. */
static void test_record_ranges_below_all_others(void **state)
{
	struct machine *m = calloc(1, sizeof(*m));

	(void)state;
	fake_init(&m->fw, LOW_END);
	fake_add(&m->fw, EFI_MEM_BOOT_DATA, 20 * MIB, 24 * MIB, WB);
	fake_add(&m->fw, EFI_MEM_CONVENTIONAL, 128 * MIB, LOW_END, WB);
	options_defaults(&m->options);
	strcpy(m->options.kernel, "/kernel");
	start(m, LINKED, 0x1000);
	run(m);
	check_ranges(m, record_of(m));
	destroy(m);
}

static uint64_t owned_in_record(const struct handoff *r, uint32_t owner)
{
	const struct handoff_owner_range *range = (const void *)(uintptr_t)r->owners.address;
	uint64_t pages = 0;

	for (uint32_t i = 0; i < r->owners.count; i++)
		pages += range[i].owner == owner ? range[i].end_pfn - range[i].start_pfn : 0;
	return pages;
}

/* Sections too small for descriptors of their own: those of one lie behind those of the other, and are one range. */
static void test_record_ranges(void **state)
{
	struct machine *m = machine();
	const struct handoff *r;

	(void)state;
	for (phys_t at = 3 * GIB; at < 3 * GIB + 512 * MIB; at += 128 * MIB)
		fake_add(&m->fw, EFI_MEM_CONVENTIONAL, at, at + PAGE_SIZE, WB);
	start(m, LINKED, 0x1000);
	run(m);
	r = record_of(m);
	check_ranges(m, r);
	for (uint32_t owner = 0; owner < OWNER_COUNT; owner++)
		assert_int_equal(
			owned_in_record(r, owner), boot_owner_pages(&m->boot, (enum owner)owner));
	destroy(m);
}

static void check_maps(const struct boot *b, const struct handoff *r)
{
	const struct handoff_e820 *e820 =
		table_of(r, &r->e820, b->e820.count, sizeof(struct handoff_e820));
	const struct handoff_node_range *range =
		table_of(r, &r->node_ranges, b->node_map.ranges, sizeof(*range));
	const struct handoff_area *area = table_of(r, &r->areas, b->plan.count, sizeof(*area));

	assert_memory_equal(table_of(r, &r->efi_map, b->map.count, b->map.stride), b->map.bytes,
		b->map.count * b->map.stride);
	assert_int_equal(r->efi_map_version, b->map.version);
	for (uint32_t i = 0; i < b->e820.count; i++) {
		assert_true(e820[i].start_phys == b->e820.entry[i].start);
		assert_true(e820[i].end_phys == b->e820.entry[i].end);
		assert_true(
			(e820[i].type == HANDOFF_E820_RAM) == (b->e820.entry[i].type == E820_RAM));
	}
	for (uint32_t i = 0; i < b->node_map.ranges; i++) {
		assert_true(range[i].start_pfn == b->node_map.range[i].start);
		assert_true(range[i].end_pfn == b->node_map.range[i].end);
		assert_int_equal(range[i].nid, b->node_map.range[i].nid);
	}
	for (uint32_t i = 0; i < b->plan.count; i++) {
		assert_true(area[i].virt == b->plan.area[i].virt);
		assert_true(area[i].phys == b->plan.area[i].phys);
		assert_true(area[i].bytes == b->plan.area[i].bytes);
		assert_int_equal(area[i].rights, b->plan.area[i].rights);
		assert_int_equal(area[i].kind, b->plan.area[i].kind);
	}
}

static void check_zones(const struct boot *b, const struct handoff *r)
{
	const struct handoff_node *node = table_of(r, &r->nodes, b->mm->nodes, sizeof(*node));
	const struct handoff_zone *zone =
		table_of(r, &r->zones, b->mm->nodes * ARCH_NR_ZONES, sizeof(*zone));

	for (uint32_t nid = 0; nid < b->mm->nodes; nid++) {
		assert_true(node[nid].start_pfn == b->mm->node[nid].start_pfn);
		assert_true(node[nid].end_pfn == b->mm->node[nid].end_pfn);
		assert_true(node[nid].present_pages == b->mm->node[nid].present_pages);
		assert_int_equal(node[nid].nid, nid);
	}
	for (uint32_t i = 0; i < b->mm->nodes * ARCH_NR_ZONES; i++) {
		const struct zone *z = mm_zone(b->mm, i);
		uint64_t pages = 0;

		assert_true(zone[i].start_pfn == z->start_pfn);
		assert_true(zone[i].spanned_pages == z->spanned_pages);
		assert_true(zone[i].present_pages == z->present_pages);
		assert_true(zone[i].managed_pages == z->managed_pages);
		assert_true(zone[i].free_pages == z->free_pages);
		assert_true(zone[i].watermark_min == z->watermark_min);
		assert_true(zone[i].watermark_low == z->watermark_low);
		assert_true(zone[i].watermark_high == z->watermark_high);
		assert_int_equal(zone[i].nid, i / ARCH_NR_ZONES);
		assert_int_equal(zone[i].index, i % ARCH_NR_ZONES);
		assert_string_equal(zone[i].name, zone_name(i % ARCH_NR_ZONES));
		for (unsigned order = 0; order < HANDOFF_ORDERS; order++) {
			assert_true(zone[i].free_blocks[order] == zone_free_blocks(z, order));
			pages += zone[i].free_blocks[order] << order;
		}
		assert_true(pages == z->free_pages);
	}
}

static void check_names(const struct boot *b, const struct handoff *r)
{
	const struct handoff_name *owner =
		table_of(r, &r->owner_names, OWNER_COUNT, sizeof(*owner));
	const struct handoff_name *area = table_of(r, &r->area_names, MAP_KINDS, sizeof(*area));
	const struct handoff_timing *timing =
		table_of(r, &r->timings, STAGE_COUNT, sizeof(*timing));

	for (unsigned i = 0; i < OWNER_COUNT; i++)
		assert_string_equal(owner[i].text, owner_name((enum owner)i));
	for (unsigned i = 0; i < MAP_KINDS; i++)
		assert_string_equal(area[i].text, map_kind_name((enum map_kind)i));
	for (unsigned i = 0; i < STAGE_COUNT; i++) {
		assert_string_equal(timing[i].stage, boot_stage_name((enum boot_stage)i));
		assert_true(timing[i].cycles == b->cycles[i]);
	}
}

static void check_places(const struct boot *b, const struct handoff *r)
{
	const uint64_t stack = b->cpu_block_phys + (ARCH_CPU_MAIN_STACK_PAGE << PAGE_SHIFT);

	assert_true(r->limits.min_low_pfn == b->limits.min_low_pfn);
	assert_true(r->limits.max_low_pfn == b->limits.max_low_pfn);
	assert_true(r->limits.max_pfn == b->limits.max_pfn);
	assert_true(r->limits.highstart_pfn == b->limits.highstart_pfn);
	assert_true(r->limits.highend_pfn == b->limits.highend_pfn);
	assert_true(r->paging.root_phys == b->paging.root);
	assert_true(r->paging.tables_phys == b->paging.tables_phys);
	assert_true(r->paging.tables_bytes == b->paging.table_pages * PAGE_SIZE);
	assert_true(r->paging.direct_base == b->space.direct_base);
	assert_true(r->paging.direct_bytes == b->space.direct_bytes);
	assert_true(r->paging.vmalloc.start == b->space.vmalloc_start);
	assert_true(r->paging.vmalloc.end == b->space.vmalloc_end);
	assert_true(r->paging.fixmap.start == b->space.fixmap_start);
	assert_true(r->paging.fixmap.end == b->space.fixmap_end);
	assert_true(r->paging.pkmap.start == b->space.pkmap_start);
	assert_true(r->paging.pkmap.end == b->space.pkmap_end);
	assert_int_equal(r->paging.levels, b->paging.mode.levels);
	assert_int_equal(r->paging.phys_bits, b->paging.mode.phys_bits);
	assert_true(r->kernel.virt == LINKED && r->kernel.phys == b->kernel.phys);
	assert_true(r->kernel.bytes == 0x7000 && r->kernel.entry == LINKED + 0x10);
	assert_true(r->kernel.stack.start == stack);
	assert_true(r->kernel.stack.end == stack + (ARCH_CPU_MAIN_STACK_PAGES << PAGE_SHIFT));
}

static void check_devices(const struct boot *b, const struct handoff *r)
{
	const struct handoff_framebuffer *screen = &b->input.screen;

	assert_true(r->framebuffer.phys == b->input.framebuffer_phys);
	assert_true(r->framebuffer.bytes == b->input.framebuffer_bytes);
	assert_true(r->framebuffer.address == boot_framebuffer_address(b));
	assert_true(r->framebuffer.address != 0);
	assert_memory_equal(&r->framebuffer.width, &screen->width,
		sizeof(*screen) - offsetof(struct handoff_framebuffer, width));
	assert_true(r->uart.phys == b->input.uart_phys && r->uart.stride == 4 && r->uart.pad == 0);
	assert_true(r->uart.address == boot_uart_address(b) && r->uart.address != 0);
	assert_memory_equal(&r->serial, &b->input.serial, sizeof(r->serial));
	assert_memory_equal(&r->firmware, &b->input.firmware, sizeof(r->firmware));
}

/* Everything in it is what the start knows, whatever was in its pages before; what is left of the block is 0. */
static void test_record_is_what_we_know(void **state)
{
	struct machine *m = machine();
	struct boot_input *in = &m->boot.input;
	struct boot *b = &m->boot;
	const struct handoff *r;

	(void)state;
	m->fw.framebuffer_phys = GIB;
	m->fw.framebuffer_bytes = MIB;
	m->fw.uart_phys = GIB + 64 * MIB;
	m->fw.uart_stride = 4;
	m->fw.stale_exits = 2;
	start(m, LINKED, 0x1000);
	in->screen = (struct handoff_framebuffer){ 1, 2, 3, 640, 400, 2560, 32, 1, 2, 4, 8 };
	in->serial = (struct handoff_serial){ 0x3f8, 115200 };
	in->firmware = (struct handoff_firmware){ 5, 6, 7, 8 };
	in->runtime_services = true;
	run(m);
	r = record_of(m);
	assert_true(r->magic == HANDOFF_MAGIC && r->version == HANDOFF_VERSION);
	assert_true(r->bytes == sizeof(*r) && r->machine == ARCH_ELF_MACHINE && r->pad == 0);
	assert_true(r->flags & HANDOFF_RUNTIME_USABLE);
	assert_true(r->layout_hash == handoff_layout_hash());
	assert_true(r->mm_address == (uintptr_t)b->mm);
	assert_true(r->record_phys == b->record_phys);
	assert_true(r->record_bytes == pfn_phys(b->record_pages));
	assert_int_equal(r->exit_attempts, 3);
	check_maps(b, r);
	check_zones(b, r);
	check_names(b, r);
	check_places(b, r);
	check_devices(b, r);
	check_ranges(m, r);
	table_of(r, &r->modules, 0, sizeof(struct handoff_module));
	for (const uint8_t *at = (const uint8_t *)(uintptr_t)r->free.address + 16 * r->free.count;
		at < (const uint8_t *)r + r->record_bytes; at++)
		assert_int_equal(*at, 0);
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
	module = table_of(r, &r->modules, 1, sizeof(*module));
	name[sizeof(name) - 1] = '\0';
	assert_string_equal(module->name, name);
	assert_string_equal((const char *)(uintptr_t)r->cmdline.address, "quiet  console=ttyS0");
	assert_int_equal(r->cmdline.count, sizeof("quiet  console=ttyS0"));
	assert_true(
		boot_record_address(&m->boot) == m->boot.space.direct_base + m->boot.record_phys);
	destroy(m);
}

/* Where what it needs ends: the free ranges come last, and the owners are joined after they were written. */
static uint64_t end_of_record(const struct boot *b)
{
	const struct handoff *r = phys_to_virt(b->pool.window, b->record_phys);
	uint64_t end = r->free.address + r->free.count * sizeof(struct handoff_range);
	uint64_t owners = b->owners.count + b->mm->sections_present;

	return max_u64(end, r->owners.address + owners * sizeof(struct handoff_owner_range)) -
	       (uintptr_t)r;
}

static bool fits(struct machine *m, uint64_t pages)
{
	char sentence[80];
	enum bm_error error;

	m->boot.record_pages = pages;
	error = boot_make_record(&m->boot);
	if (error == BM_OK)
		return true;
	assert_int_equal(error, BM_FULL);
	assert_int_equal(m->boot.record_pages, pages);
	snprintf(sentence, sizeof(sentence), "handoff: the record needs more than %u pages\n",
		(unsigned)pages);
	says(m, sentence);
	text_buffer_sink(&m->fw.console, m->fw.console_text, sizeof(m->fw.console_text));
	return false;
}

/* The initrd lies there, and many pages are not free. */
static struct machine *large_record(phys_t initrd)
{
	struct machine *m = machine();

	for (pfn_t pfn = pfn_down(100 * MIB), i = 0; i < 600; i++)
		assert_true(fake_allocate(&m->fw, pfn + 2 * i, 1, EFI_MEM_RESERVED));
	start(m, LINKED, 0x1000);
	put_initrd(m, initrd, PAGE_SIZE);
	run(m);
	return m;
}

/*
 * A record that does not fit is an error that names what there was room for, whichever table it ends in. One that just fits
 * is made, and what follows its pages is not touched.
 */
static void test_record_without_room(void **state)
{
	struct machine *m = large_record(32 * MIB);
	char *cmdline = m->boot.input.options.cmdline;
	uint64_t pages = 1, full = 0;

	(void)state;
	while (!fits(m, pages))
		pages++;
	assert_true(pages > 1);
	for (unsigned length = 0; length < OPTIONS_CMDLINE - 1; length++) {
		uint8_t *block = phys_to_virt(m->boot.pool.window, m->boot.record_phys);
		bool fit;

		cmdline[length] = 'c';
		cmdline[length + 1] = '\0';
		block[pages * PAGE_SIZE] = 0xa5;
		fit = fits(m, pages);
		assert_int_equal(block[pages * PAGE_SIZE], 0xa5);
		if (!fit)
			assert_true(fits(m, ++pages));
		assert_int_equal(pfn_up(end_of_record(&m->boot)), pages);
		full += end_of_record(&m->boot) == pages * PAGE_SIZE;
	}
	assert_true(full != 0);
	assert_true(mm_check(m->boot.mm));
	destroy(m);
}

/* The free end of its pages is one more free range, behind what it just fitted in. */
static void test_record_grows_by_its_end(void **state)
{
	struct machine *m = large_record(32 * MIB);
	phys_t end = m->boot.record_phys + pfn_phys(m->boot.record_pages);
	uint64_t reserved;
	char *cmdline;

	(void)state;
	destroy(m);
	m = large_record(end);
	cmdline = m->boot.input.options.cmdline;
	reserved = m->boot.record_pages;
	assert_true(m->boot.record_phys + pfn_phys(reserved) == end);
	for (uint64_t pages = 1; end_of_record(&m->boot) % PAGE_SIZE != 0;
		memset(cmdline, 'c', 16)) {
		memmove(cmdline + 16, cmdline, strlen(cmdline) + 1);
		while (!fits(m, pages))
			pages++;
	}
	m->boot.record_pages = reserved;
	check_ranges(m, record_of(m));
	assert_true(m->boot.record_pages < reserved);
	assert_true(mm_check(m->boot.mm));
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
	uint64_t before, wanted, changes = 0;
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
	for (phys_t at = in->image_start_phys; at < in->image_end_phys; at += PAGE_SIZE)
		changes += shown(m, at, at) + !writable(m, at);
	assert_true(changes != 0);
	changes += boot_owner_pages(&m->boot, OWNER_WORKSPACE);
	flushes = 0;
	assert_int_equal(bootmem_reclaim(m->boot.mm, r, keep), wanted);
	assert_int_equal(free_pages_of(m->boot.mm), before + wanted);
	for (phys_t at = in->image_start_phys; at < in->image_end_phys; at += PAGE_SIZE) {
		bool init = at < in->init_end_phys;

		assert_false(shown(m, at, at));
		assert_true(writable(m, at));
		assert_int_equal(was_flushed(at), !init);
		assert_int_equal(was_flushed(m->boot.space.direct_base + at),
			!init && at < in->special[2].start_phys);
	}
	assert_int_equal(flushes, changes);
	assert_true(writable(m, 32 * MIB));
	assert_false(writable(m, guard));
	assert_int_equal(bootmem_reclaim(m->boot.mm, r, keep), 0);
	assert_false(was_flushed(m->boot.space.direct_base + guard));
	assert_int_equal(bootmem_reclaim(m->boot.mm, r, OWNER_BIT(OWNER_HANDOFF)), ARCH_CPU_PAGES);
	assert_true(writable(m, guard));
	assert_true(was_flushed(m->boot.space.direct_base + guard));
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
		cmocka_unit_test(test_bytes_of_segments),
		cmocka_unit_test(test_large_kernel),
		cmocka_unit_test(test_kernel_of_one_large_page),
		cmocka_unit_test(test_large_kernel_behind_the_bitmap),
		cmocka_unit_test(test_large_kernel_anywhere),
		cmocka_unit_test(test_kernel_without_room),
		cmocka_unit_test(test_broken_kernel),
		cmocka_unit_test(test_linked_low),
		cmocka_unit_test(test_linked_where_the_program_is),
		cmocka_unit_test(test_linked_elsewhere),
		cmocka_unit_test(test_record_is_checked),
		cmocka_unit_test(test_record_ranges),
		cmocka_unit_test(test_record_ranges_below_all_others),
		cmocka_unit_test(test_record_is_what_we_know),
		cmocka_unit_test(test_record_flags),
		cmocka_unit_test(test_record_texts),
		cmocka_unit_test(test_record_without_room),
		cmocka_unit_test(test_record_grows_by_its_end),
		cmocka_unit_test(test_no_record),
		cmocka_unit_test(test_reclaim),
		cmocka_unit_test(test_reclaim_high_memory),
		cmocka_unit_test(test_reclaim_below_a_low_kernel),
		cmocka_unit_test(test_reclaim_large_pages),
	};

	return cmocka_run_group_tests_name("native kernel", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole start on a machine made of bytes (libFuzzer): descriptors, options, a firmware that refuses and allocates
 * meanwhile; with the layout of x86_64 and, as fuzz_start-i386, of i386. A start that fails says why. One that does not
 * passes every checker, and no page that the firmware keeps is RAM.
 */
#include <stdlib.h>
#include <string.h>

#include <bootmem/report.h>

#include "entries.h"
#include "fake_firmware.h"

#define MAX_DESCS 48u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake_firmware fw;
static struct boot boot;

/* --- the machine -------------------------------------------------------------------------------------------------- */

/* What the processor of the fake firmware can address, or all that the start touches: low memory, whatever vmalloc= says. */
static phys_t arena_end(void)
{
	return ARCH_HIGHMEM ? GIB : 64 * TIB;
}

/* Enough to start on, so that most inputs get far; the rest is the input's. */
static void add_descriptors(struct bytes *from)
{
	static const uint32_t types[] = { EFI_MEM_CONVENTIONAL, EFI_MEM_CONVENTIONAL,
		EFI_MEM_BOOT_DATA, EFI_MEM_LOADER_DATA, EFI_MEM_RUNTIME_DATA, EFI_MEM_RESERVED,
		EFI_MEM_ACPI_RECLAIM, EFI_MEM_ACPI_NVS, EFI_MEM_MMIO, EFI_MEM_UNUSABLE,
		EFI_MEM_PERSISTENT, EFI_MEM_UNACCEPTED, 16, 0x70000001 };
	uint32_t n = (uint32_t)take(from, 1) % MAX_DESCS;

	fake_add(&fw, EFI_MEM_CONVENTIONAL, 16 * MIB, 24 * MIB, EFI_ATTR_WB);
	for (uint32_t i = 0; i < n && from->left != 0; i++) {
		uint64_t kind = take(from, 1);
		phys_t start = align_down(take_address(from), PAGE_SIZE);
		uint64_t bytes = align_down(take_address(from), PAGE_SIZE);
		uint64_t attribute =
			(kind & 0x80 ? 0 : EFI_ATTR_WB) | (kind & 0x40 ? EFI_ATTR_RUNTIME : 0);

		start = min_u64(start, PHYS_END - PAGE_SIZE);
		fake_add(&fw, types[kind % ARRAY_SIZE(types)], start,
			start + min_u64(bytes, PHYS_END - start), attribute);
	}
}

static void take_ranges(struct bytes *from, struct option_range *range, uint32_t *ranges)
{
	for (*ranges = (uint32_t)take(from, 1) % 4; *ranges != 0 && from->left == 0;)
		*ranges = 0;
	for (uint32_t i = 0; i < *ranges; i++) {
		phys_t start = min_u64(take_address(from), PHYS_END - 1);

		range[i] = (struct option_range){ start,
			min_u64(1 + take(from, 3), PHYS_END - start) };
	}
}

static void take_options(struct bytes *from, struct boot_options *o)
{
	uint64_t flags = take(from, 1);

	options_defaults(o);
	o->numa = flags & 1 ? NUMA_FAKE : NUMA_ON;
	o->numa_fake_nodes = 1 + (uint32_t)(flags >> 1 & 7);
	if (flags & 0x10)
		o->mem_bytes = take_address(from);
	if (flags & 0x20)
		o->highmem_bytes = take_address(from);
	if (flags & 0x40)
		o->vmalloc_bytes = take_address(from);
	if (flags & 0x80) {
		take_ranges(from, o->reserve, &o->reserves);
		take_ranges(from, o->badram, &o->badrams);
	}
}

/* What the firmware takes for itself, now and then. */
static struct bytes behaviour;

static void meddle(struct fake_firmware *f, void *ctx)
{
	uint64_t what = take(&behaviour, 1);

	(void)ctx;
	if (what % 4 == 1)
		fake_allocate_top(f, 1 + what / 4, EFI_MEM_RUNTIME_DATA, PFN_END);
	else if (what % 4 == 2)
		fake_allocate_top(f, 1 + what / 4, EFI_MEM_BOOT_DATA, pfn_down(ARCH_SPLIT_PHYS));
}

static void take_behaviour(struct bytes *from)
{
	uint64_t flags = take(from, 1);

	if (ARCH_HIGHMEM && flags & 1)
		fw.mode = (struct paging_mode){ .levels = 2, .large = true, .phys_bits = 32 };
	else if (!ARCH_HIGHMEM && flags & 1)
		fw.mode.levels = 5;
	fw.mode.huge = fw.mode.huge && !(flags & 2);
	/* An old processor; and the tables of 64 TiB in pages of 2 MiB take a second. */
	if (!ARCH_HIGHMEM && !fw.mode.huge)
		fw.mode.phys_bits = 40;
	fw.mode.nx = fw.mode.nx && !(flags & 4);
	fw.stale_exits = flags & 8 ? 2 : 0;
	fw.hostile.fault[HOSTILE_REFUSE] = (uint32_t)(flags >> 4 & 3);
	if (flags & 0x40) {
		fw.meddle = meddle;
		behaviour = (struct bytes){ from->at, from->left };
	}
	if (flags & 0x80) {
		fw.framebuffer_phys = take_address(from);
		fw.framebuffer_bytes = MIB;
	}
}

/* --- what must hold ------------------------------------------------------------------------------------------------ */

static void check_kept(const struct e820 *table)
{
	for (uint32_t i = 0; i < fw.count; i++) {
		const struct efi_memory_desc *d = &fw.desc[i];

		if (d->pages != 0 && fw_desc_e820_type(d, NULL) != E820_RAM)
			require(e820_ram_pages(table, pfn_down(d->phys_start),
					pfn_down(d->phys_start) + d->pages) == 0,
				"a page that the firmware keeps is RAM");
	}
}

static void check_tables(const struct boot *b)
{
	const struct paging_rules rules = { &b->space, &b->e820, &b->limits, b->special,
		b->specials };

	require(paging_check(&b->paging, b->pool.window, &rules).fault == PAGING_SOUND,
		"the page tables are broken");
	require(mapplan_check(&b->plan, &b->input.mode), "the plan breaks its rules");
}

static void check_prepared(const struct boot *b)
{
	struct report_totals totals;

	require(e820_check(&b->e820), "the table is broken");
	require(owners_check(&b->owners), "the owners are broken");
	require(node_map_check(&b->node_map, &b->e820), "the nodes are broken");
	for (uint32_t nid = 0; nid < b->pool.nodes; nid++)
		require(b->bitmap_pages[nid] == 0 || bootmem_check(&b->bootmem[nid]),
			"a bitmap is broken");
	check_tables(b);
	report_totals(b, REPORT_REPORT, &totals);
	require(totals.present_pages == totals.free_pages + totals.reserved_pages,
		"the plan does not balance");
}

static void check_started(const struct boot *b)
{
	struct report_totals totals;

	require(e820_check(&b->e820), "the final table is broken");
	require(owners_check(&b->owners), "the final owners are broken");
	require(mm_check(b->mm), "the zones are broken");
	require(b->selftest.balanced, "the self-test fails");
	check_kept(&b->e820);
	report_totals(b, REPORT_BOOTED, &totals);
	require(totals.present_pages == totals.free_pages + totals.reserved_pages,
		"the pages don't balance");
	require(boot_owner_pages(b, OWNER_FIRMWARE) == 0 && boot_owner_pages(b, OWNER_BITMAP) == 0,
		"pages that are lost");
}

static enum bm_error start(const struct boot_options *options)
{
	enum bm_error error = fake_start(&fw, &boot, options);

	if (error != BM_OK)
		return error;
	error = boot_prepare(&boot);
	if (error == BM_OK) {
		check_prepared(&boot);
		error = boot_exit(&boot);
	}
	require(error == BM_OK || fw.console_text[0] != '\0', "a start fails without a word");
	if (error != BM_OK)
		return error;
	fake_activate(&fw, &boot);
	require(boot_mem_init(&boot) == BM_OK, "mem_init fails");
	check_started(&boot);
	return BM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes from = { data, size };
	struct boot_options options;

	fake_init(&fw, arena_end());
	take_behaviour(&from);
	take_options(&from, &options);
	add_descriptors(&from);
	(void)start(&options);
	fake_free(&fw);
	return 0;
}

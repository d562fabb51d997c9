/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live_tables: the page tables that the processor runs on until activate are the firmware's. They lie in boot services'
 * memory, or even where the map says free (Q73), and firmware may have parked the other processors on them (Q74): their
 * pages get an owner that outlives mem_init. Invariant: only pages that nobody has, or that wait for the exit, change
 * hands. Called by boot.c at the start, and by settle.c, as the firmware adds tables while it allocates.
 */
#include "boot_internal.h"

struct live_tables {
	struct boot *boot;
	enum bm_error error;
};

static bool map_calls_free(const struct fw_map *map, pfn_t pfn)
{
	for (uint32_t i = 0; i < map->count; i++) {
		struct efi_memory_desc desc = fw_map_entry(map, i);
		pfn_t start = pfn_down(desc.phys_start);

		if (desc.type == EFI_MEM_CONVENTIONAL && start <= pfn && pfn - start < desc.pages)
			return true;
	}
	return false;
}

/* Who has a page; OWNER_COUNT: nobody. */
static uint32_t owner_of(const struct owners *o, pfn_t pfn)
{
	const struct owner_range *r = owners_from(o, pfn);

	return r != NULL && r->start <= pfn ? r->owner : OWNER_COUNT;
}

/* Page 0 has an owner, and is none. */
static bool touches_table(const struct owners *o, pfn_t pfn)
{
	return owner_of(o, pfn + 1) == OWNER_FIRMWARE_TABLES ||
	       owner_of(o, pfn - 1) == OWNER_FIRMWARE_TABLES;
}

static uint32_t runs_of_tables(const struct owners *o)
{
	uint32_t runs = 0;

	for (uint32_t i = 0; i < o->count; i++)
		runs += o->range[i].owner == OWNER_FIRMWARE_TABLES;
	return runs;
}

static enum bm_error own_page(struct boot *b, pfn_t pfn)
{
	enum bm_error error = boot_disown(b, pfn, pfn + 1);

	return error == BM_OK ? boot_own(b, OWNER_FIRMWARE_TABLES, pfn, pfn + 1) : error;
}

static void own_table(void *ctx, phys_t table)
{
	struct live_tables *live = ctx;
	struct boot *b = live->boot;
	pfn_t pfn = pfn_down(table);
	uint32_t owner = owner_of(&b->owners, pfn);

	if (live->error != BM_OK || (owner != OWNER_COUNT && owner != OWNER_FIRMWARE) ||
		e820_ram_pages(&b->e820, pfn, pfn + 1) == 0)
		return;
	if (map_calls_free(&b->map, pfn))
		finding_add(&b->findings, FINDING_TABLES_FREE, pfn_phys(pfn), pfn_phys(pfn + 1));
	if (!touches_table(&b->owners, pfn) && runs_of_tables(&b->owners) == BOOT_TABLE_RUNS)
		finding_add(
			&b->findings, FINDING_TABLES_SCATTERED, pfn_phys(pfn), pfn_phys(pfn + 1));
	else
		live->error = own_page(b, pfn);
}

phys_t boot_tables_end(const struct boot *b)
{
	phys_t end = 4 * GIB;

	for (uint32_t i = 0; i < b->map.count; i++) {
		struct efi_memory_desc desc = fw_map_entry(&b->map, i);

		if (desc.phys_start < PHYS_END && desc.pages <= PFN_END - pfn_down(desc.phys_start))
			end = max_u64(end, desc.phys_start + pfn_phys(desc.pages));
	}
	return end;
}

enum bm_error boot_own_live_tables(struct boot *b)
{
	const struct paging firmware = { .root = b->input.firmware_root,
		.mode = b->input.firmware_mode };
	const struct boot_platform *platform = b->platform;
	struct live_tables live = { b, BM_OK };

	if (platform->live_tables != NULL)
		platform->live_tables(platform->ctx, own_table, &live);
	else if (firmware.root != 0)
		paging_visit_tables(
			&firmware, b->pool.window, boot_tables_end(b), own_table, &live);
	return live.error;
}

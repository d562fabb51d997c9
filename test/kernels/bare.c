/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bare: a kernel that links nothing of bootmem's and reads its facts from the record alone: it adds up what the
 * tables say, and finds that RAM is what is free and what has an owner.
 */
#include "console.h"
#include "firmware.h"
#include "record.h"

handoff_entry kernel;

static void say(const char *what, uint64_t pages)
{
	console_puts("BARE: ");
	console_puts(what);
	console_puts(" ");
	console_hex(pages);
	console_puts("\n");
}

/* Whole pages; a table of RAM may begin and end anywhere. */
static uint64_t ram_pages(const struct handoff *record)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < record->e820.count; i++) {
		const struct handoff_e820 *entry = table_at(&record->e820, i);
		uint64_t start = (entry->start_phys + 0xfff) >> 12, end = entry->end_phys >> 12;

		if (entry->type == HANDOFF_E820_RAM && start < end)
			pages += end - start;
	}
	return pages;
}

static uint64_t free_pages(const struct handoff *record)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < record->free.count; i++) {
		const struct handoff_range *range = table_at(&record->free, i);

		pages += range->end - range->start;
	}
	return pages;
}

static uint64_t owned_pages(const struct handoff *record, uint32_t flags)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < record->owners.count; i++) {
		const struct handoff_owner_range *range = table_at(&record->owners, i);

		if ((range->flags & flags) == flags)
			pages += range->end_pfn - range->start_pfn;
	}
	return pages;
}

/* The same count by zones. */
static uint64_t zone_pages(const struct handoff *record)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < record->zones.count; i++)
		pages += ((const struct handoff_zone *)table_at(&record->zones, i))->free_pages;
	return pages;
}

/* A page that the record calls free is the kernel's: write to the first one that the direct map shows. */
static bool free_page_holds(const struct handoff *record)
{
	const struct handoff_range *range = table_at(&record->free, 0);
	volatile uint64_t *word;

	if (record->free.count == 0 || range->start << 12 >= record->paging.direct_bytes)
		return false;
	word = (void *)(uintptr_t)(record->paging.direct_base + (range->start << 12));
	word[0] = HANDOFF_MAGIC;
	word[511] = ~HANDOFF_MAGIC;
	return word[0] == HANDOFF_MAGIC && word[511] == ~HANDOFF_MAGIC;
}

void kernel(const struct handoff *record)
{
	const struct firmware firmware = firmware_of(record);
	uint64_t ram = ram_pages(record), free = free_pages(record), owned = owned_pages(record, 0);

	console_open(record);
	console_puts("BARE: command line \"");
	console_puts((const char *)(uintptr_t)record->cmdline.address);
	console_puts("\"\n");
	say("pages of RAM", ram);
	say("free pages", free);
	say("owned pages", owned);
	say("reclaimable pages", owned_pages(record, HANDOFF_RECLAIMABLE));
	if (ram == free + owned && free == zone_pages(record) && free_page_holds(record))
		console_puts("BARE: ok\n");
	else
		console_puts("BARE: FAILED, the pages do not add up\n");
	firmware_power_off(&firmware);
}

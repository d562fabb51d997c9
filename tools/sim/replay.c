/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay: from a report to the start it is of (replay.h). Called by simulate.c.
 */
#include <stdlib.h>
#include <string.h>

#include <bootmem/efi_mat.h>

#include "kernel_file.h"
#include "replay.h"

static bool mode_fits(const struct paging_mode *mode)
{
	bool levels = ARCH_HIGHMEM ? mode->levels == 2 || mode->levels == 3
				   : mode->levels == 4 || mode->levels == 5;

	return levels && mode->phys_bits >= 32 && mode->phys_bits <= 52;
}

static bool page_aligned(const struct record *range)
{
	return ((range->start | range->end) & (PAGE_SIZE - 1)) == 0;
}

/* Pages in the ranges, or more than there can be. */
static uint64_t pages_in(const struct record_list *ranges)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < ranges->count && pages <= PAGING_AUDIT_TABLES; i++) {
		const struct record *r = &ranges->item[i];

		pages += r->start < r->end ? (r->end - r->start) >> PAGE_SHIFT
					   : PAGING_AUDIT_TABLES + 1;
	}
	return pages;
}

bool replay_possible(const struct recording *r)
{
	const struct recorded_start *s = &r->start;

	return s->known && strcmp(s->arch, ARCH_NAME) == 0 && r->efi.count != 0 &&
	       mode_fits(&s->mode) && s->parts.count <= BOOT_SPECIALS &&
	       s->claimed.count <= BOOT_CLAIMS && s->claimed.count != 0 &&
	       pages_in(&s->tables) <= PAGING_AUDIT_TABLES && s->image.start < s->image.end &&
	       page_aligned(&s->image) && page_aligned(&s->init) && page_aligned(&s->workspace) &&
	       s->storage.start % 16 == 0 && s->workspace.start <= s->storage.start &&
	       s->storage.start < s->storage.end && s->storage.end <= s->workspace.end;
}

/* --- the Memory Attributes table -------------------------------------------------------------- */

/* What the tables of that start showed of one runtime range; without NX, what can be read can be executed. */
static void add_entries(
	struct record_list *out, const struct record *range, const struct recorded_start *s)
{
	for (uint32_t i = 0; i < s->areas.count; i++) {
		const struct record *area = &s->areas.item[i];
		bool exec =
			(area->type & MAP_EXEC) != 0 && (s->mode.nx || !(area->type & MAP_WRITE));
		struct record entry = { .start = max_u64(range->start, area->start),
			.end = min_u64(range->end, area->end),
			.type = range->type,
			.attribute = EFI_ATTR_RUNTIME };

		entry.attribute |= area->type & MAP_WRITE ? 0 : EFI_ATTR_RO;
		entry.attribute |= exec ? 0 : EFI_ATTR_XP;
		if (entry.start < entry.end)
			record_add(out, entry);
	}
}

static void *table_of(const struct record_list *entries)
{
	const uint32_t header[] = { 1, entries->count, sizeof(struct efi_memory_desc), 0 };
	void *table = calloc(entries->count + 1, sizeof(struct efi_memory_desc));
	struct efi_memory_desc *desc;

	if (table == NULL)
		return NULL;
	desc = (void *)((uint8_t *)table + EFI_MAT_HEADER_BYTES);
	memcpy(table, header, sizeof(header));
	for (uint32_t i = 0; i < entries->count; i++)
		desc[i] = (struct efi_memory_desc){ .type = entries->item[i].type,
			.phys_start = entries->item[i].start,
			.pages = (entries->item[i].end - entries->item[i].start) >> PAGE_SHIFT,
			.attribute = entries->item[i].attribute };
	return table;
}

static void *memory_attributes(const struct recording *r)
{
	struct record_list entries = { 0 };
	void *table;

	for (uint32_t i = 0; i < r->efi.count; i++)
		if (r->efi.item[i].attribute & EFI_ATTR_RUNTIME)
			add_entries(&entries, &r->efi.item[i], &r->start);
	table = table_of(&entries);
	free(entries.item);
	return table;
}

/* --- the front end ---------------------------------------------------------------------------- */

static void fill_input(struct boot_input *input, const struct recorded_start *s)
{
	*input = (struct boot_input){
		.mode = s->mode,
		.image_start_phys = s->image.start,
		.image_end_phys = s->image.end,
		.init_start_phys = s->init.start,
		.init_end_phys = s->init.end,
		.workspace_start_phys = s->workspace.start,
		.workspace_end_phys = s->workspace.end,
		.initrd_start_phys = s->initrd.start,
		.initrd_end_phys = s->initrd.end,
		.framebuffer_phys = s->framebuffer.start,
		.framebuffer_bytes = s->framebuffer.end - s->framebuffer.start,
		.uart_phys = s->uart.start,
		.uart_stride = (uint32_t)((s->uart.end - s->uart.start) / 8),
		.firmware_revision = (uint32_t)s->revision,
		.runtime_services = s->runtime_services,
		.specials = s->parts.count,
	};
	for (uint32_t i = 0; i < s->parts.count; i++)
		input->special[i] = (struct map_special){ .start_phys = s->parts.item[i].start,
			.end_phys = s->parts.item[i].end,
			.rights = s->parts.item[i].type,
			.identity = true };
}

static struct pfn_range *tables(const struct record_list *list)
{
	struct pfn_range *range = calloc(list->count + 1, sizeof(*range));

	for (uint32_t i = 0; range != NULL && i < list->count; i++)
		range[i] = (struct pfn_range){ pfn_down(list->item[i].start),
			pfn_down(list->item[i].end) };
	return range;
}

bool replay_prepare(struct replay *replay, struct fake_firmware *fw, const struct recording *r)
{
	const struct recorded_start *s = &r->start;

	fill_input(&replay->input, s);
	replay->memory_attributes = s->memory_attributes ? memory_attributes(r) : NULL;
	replay->input.memory_attributes = replay->memory_attributes;
	replay->kernel_file = kernel_file_make(&s->kernel, &replay->input.kernel_file_bytes);
	replay->input.kernel_file = replay->kernel_file;
	fw->tables = replay->tables = tables(&s->tables);
	fw->table_ranges = s->tables.count;
	for (uint32_t i = 0; i < s->claimed.count; i++)
		if (!fake_release(fw, s->claimed.item[i].start, s->claimed.item[i].end))
			return false;
	if (s->descriptor_bytes >= 40 && s->descriptor_bytes <= 64 && s->descriptor_bytes % 8 == 0)
		fw->hostile.fault[HOSTILE_STRIDE] = (uint32_t)s->descriptor_bytes;
	if (s->exit_attempts > 1 && s->exit_attempts <= FAKE_EXIT_ATTEMPTS)
		fw->stale_exits = (uint32_t)s->exit_attempts - 1;
	fw->storage_start_phys = s->storage.start;
	fw->storage_end_phys = s->storage.end;
	fw->input = &replay->input;
	return true;
}

void replay_free(struct replay *replay)
{
	free(replay->memory_attributes);
	free(replay->kernel_file);
	free(replay->tables);
}

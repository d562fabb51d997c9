/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's firmware (fake_firmware.h): used by the simulator and by the tests of the pipeline.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fake_firmware.h"

#define INIT_PAGES  3  /* of the text */
#define IMAGE_PAGES 24 /* 8 of text, 8 of read-only data, 8 of data */

/* --- the arena ------------------------------------------------------------------------------------- */

static void *at_phys(const struct fake_firmware *fw, phys_t phys)
{
	return (void *)((uintptr_t)fw->arena + (uintptr_t)phys);
}

static void set_access(struct fake_firmware *fw, phys_t start, phys_t end, int access)
{
	start = max_u64(align_down(start, PAGE_SIZE), fw->arena_start);
	end = min_u64(end, fw->arena_bytes);
	end = align_up(end, PAGE_SIZE);
	if (start < end && mprotect(at_phys(fw, start), (size_t)(end - start), access) != 0)
		abort();
}

/* A current processor: PAE and NX, or 1 GiB pages. */
static struct paging_mode host_mode(void)
{
	return ARCH_HIGHMEM ? (struct paging_mode){ .levels = 3,
		.nx = true,
		.large = true,
		.phys_bits = 36 }
			    : (struct paging_mode){ .levels = 4,
				      .nx = true,
				      .large = true,
				      .huge = true,
				      .phys_bits = 46 };
}

static void *map_arena(void *where, uint64_t bytes, int fixed)
{
	return mmap(where, (size_t)bytes, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed, -1, 0);
}

static void init(struct fake_firmware *fw, uint64_t arena_bytes)
{
	memset(fw, 0, offsetof(struct fake_firmware, map));
	fw->hostile.fault[HOSTILE_STRIDE] = 48;
	fw->mode = host_mode();
	fw->key = 1;
	fw->arena_bytes = arena_bytes;
}

static _Noreturn void no_room(uint64_t arena_bytes)
{
	fprintf(stderr, "no room for %llu MiB of address space\n",
		(unsigned long long)(arena_bytes / MIB));
	exit(EXIT_FAILURE);
}

void fake_init(struct fake_firmware *fw, uint64_t arena_bytes)
{
	init(fw, arena_bytes);
	fw->arena = map_arena(NULL, arena_bytes, 0);
	if (fw->arena == MAP_FAILED)
		no_room(arena_bytes);
}

void fake_init_identity(struct fake_firmware *fw, uint64_t arena_bytes)
{
	static const phys_t lowest[] = { PAGE_SIZE, 64 * KIB }; /* what the host's kernel allows */
	void *there = MAP_FAILED;

	init(fw, arena_bytes);
	for (unsigned i = 0; i < ARRAY_SIZE(lowest) && there == MAP_FAILED; i++) {
		fw->arena_start = lowest[i];
		there = map_arena(
			at_phys(fw, lowest[i]), arena_bytes - lowest[i], MAP_FIXED_NOREPLACE);
	}
	if (there != at_phys(fw, fw->arena_start))
		no_room(arena_bytes);
}

void fake_free(struct fake_firmware *fw)
{
	munmap(at_phys(fw, fw->arena_start), (size_t)(fw->arena_bytes - fw->arena_start));
}

/* --- the map --------------------------------------------------------------------------------------- */

static phys_t desc_end(const struct efi_memory_desc *d)
{
	return d->phys_start + (d->pages << PAGE_SHIFT);
}

void fake_add(struct fake_firmware *fw, uint32_t type, phys_t start, phys_t end, uint64_t attribute)
{
	assert(fw->count < FAKE_MAX_DESCRIPTORS);
	fw->desc[fw->count++] = (struct efi_memory_desc){
		.type = type,
		.phys_start = start,
		.pages = (end - start) >> PAGE_SHIFT,
		.attribute = attribute,
	};
}

void *fake_open(struct fake_firmware *fw, phys_t start, phys_t end)
{
	set_access(fw, start, end, PROT_READ | PROT_WRITE);
	return at_phys(fw, start);
}

void fake_close(struct fake_firmware *fw, phys_t start, phys_t end)
{
	set_access(fw, start, end, PROT_NONE);
}

static void insert(struct fake_firmware *fw, uint32_t at, struct efi_memory_desc desc)
{
	if (desc.pages == 0)
		return;
	assert(fw->count < FAKE_MAX_DESCRIPTORS);
	memmove(&fw->desc[at + 1], &fw->desc[at], (fw->count - at) * sizeof(desc));
	fw->desc[at] = desc;
	fw->count++;
}

/* Cut [start, end) out of descriptor i, as another type; false when there is no room for the pieces. */
static bool split(struct fake_firmware *fw, uint32_t i, phys_t start, phys_t end, uint32_t type)
{
	struct efi_memory_desc before = fw->desc[i], after = fw->desc[i];

	if (fw->count + 2 > FAKE_MAX_DESCRIPTORS)
		return false;
	before.pages = (start - before.phys_start) >> PAGE_SHIFT;
	after.pages = (desc_end(&after) - end) >> PAGE_SHIFT;
	after.phys_start = end;
	fw->desc[i].type = type;
	fw->desc[i].phys_start = start;
	fw->desc[i].pages = (end - start) >> PAGE_SHIFT;
	insert(fw, i + 1, after);
	insert(fw, i, before);
	fw->key++;
	return true;
}

bool fake_allocate(struct fake_firmware *fw, pfn_t start_pfn, uint64_t pages, uint32_t type)
{
	phys_t start = pfn_phys(start_pfn), end = pfn_phys(start_pfn + pages);

	for (uint32_t i = 0; i < fw->count; i++) {
		const struct efi_memory_desc *d = &fw->desc[i];

		if (d->type == EFI_MEM_CONVENTIONAL && d->phys_start <= start && end <= desc_end(d))
			return split(fw, i, start, end, type);
	}
	return false;
}

pfn_t fake_allocate_top(struct fake_firmware *fw, uint64_t pages, uint32_t type, pfn_t limit_pfn)
{
	pfn_t best = PFN_END;

	for (uint32_t i = 0; i < fw->count; i++) {
		const struct efi_memory_desc *d = &fw->desc[i];
		pfn_t start = pfn_down(d->phys_start);
		pfn_t end = min_u64(pfn_down(desc_end(d)), limit_pfn);

		if (d->type != EFI_MEM_CONVENTIONAL || start >= end || end - start < pages)
			continue;
		if (best == PFN_END || end - pages > best)
			best = end - pages;
	}
	return best != PFN_END && fake_allocate(fw, best, pages, type) ? best : PFN_END;
}

/* The free descriptor that ends (or starts) at an address. */
static struct efi_memory_desc *free_beside(struct fake_firmware *fw, phys_t at, bool above)
{
	for (uint32_t i = 0; i < fw->count; i++) {
		struct efi_memory_desc *d = &fw->desc[i];

		if (d->type == EFI_MEM_CONVENTIONAL && (above ? d->phys_start : desc_end(d)) == at)
			return d;
	}
	return NULL;
}

static void join_free(struct fake_firmware *fw, phys_t at)
{
	struct efi_memory_desc *low = free_beside(fw, at, false);
	struct efi_memory_desc *high = free_beside(fw, at, true);

	if (low == NULL || high == NULL || low == high || low->attribute != high->attribute)
		return;
	low->pages += high->pages;
	memmove(high, high + 1, (size_t)(&fw->desc[--fw->count] - high) * sizeof(*high));
}

bool fake_release(struct fake_firmware *fw, phys_t start, phys_t end)
{
	for (uint32_t i = 0; i < fw->count; i++) {
		const struct efi_memory_desc *d = &fw->desc[i];
		phys_t from = max_u64(start, d->phys_start), to = min_u64(end, desc_end(d));

		if (d->type != EFI_MEM_LOADER_DATA || from >= to)
			continue;
		if (!split(fw, i, from, to, EFI_MEM_CONVENTIONAL))
			return false;
		join_free(fw, from);
		join_free(fw, to);
		i = UINT32_MAX; /* start again */
	}
	return true;
}

uint32_t fake_type_at(const struct fake_firmware *fw, pfn_t pfn)
{
	uint32_t type = UINT32_MAX;

	for (uint32_t i = 0; i < fw->count; i++)
		if (fw->desc[i].phys_start <= pfn_phys(pfn) &&
			pfn_phys(pfn) < desc_end(&fw->desc[i]))
			type = fw->desc[i].type;
	return type;
}

/* --- the platform ---------------------------------------------------------------------------------- */

/* The descriptors as they are. */
static struct fw_map plain_map(
	const struct fake_firmware *fw, const struct efi_memory_desc *desc, uint32_t count)
{
	return (struct fw_map){ .bytes = (const uint8_t *)desc,
		.count = count,
		.stride = sizeof(*desc),
		.version = 1,
		.key = fw->key };
}

static enum bm_error copy_descriptors(struct fake_firmware *fw, const struct efi_memory_desc *desc,
	uint32_t count, struct fw_map *map)
{
	struct fw_map plain = plain_map(fw, desc, count);
	uint32_t stride;
	uint64_t bytes = hostile_map(
		&fw->hostile, fw->readings++, &plain, fw->map, sizeof(fw->map), &stride);

	if (bytes > sizeof(fw->map))
		return BM_FULL;
	return fw_map_init(map, fw->map, bytes, stride, plain.version, plain.key);
}

static enum bm_error copy_map(struct fake_firmware *fw, struct fw_map *map)
{
	return copy_descriptors(fw, fw->desc, fw->count, map);
}

/* Where a list says at as desc says there: up to the end of one of its descriptors, or at itself. */
static phys_t same_until(const struct efi_memory_desc *list, uint32_t count,
	const struct efi_memory_desc *desc, phys_t at)
{
	for (uint32_t i = 0; i < count; i++)
		if (list[i].type == desc->type && list[i].attribute == desc->attribute &&
			list[i].phys_start <= at && at < desc_end(&list[i]))
			return desc_end(&list[i]);
	return at;
}

/* Does b say everything that a says? */
static bool says_all(
	const struct efi_memory_desc *b, uint32_t bs, const struct efi_memory_desc *a, uint32_t as)
{
	for (uint32_t i = 0; i < as; i++)
		for (phys_t at = a[i].phys_start, next; at < desc_end(&a[i]); at = next) {
			next = same_until(b, bs, &a[i], at);
			if (next == at)
				return false;
		}
	return true;
}

bool fake_says(const struct fake_firmware *fw, const struct efi_memory_desc *desc, uint32_t count)
{
	return says_all(desc, count, fw->desc, fw->count) &&
	       says_all(fw->desc, fw->count, desc, count);
}

static enum bm_error copy_last_map(struct fake_firmware *fw, struct fw_map *map)
{
	if (fw->last != NULL && fake_says(fw, fw->last, fw->lasts))
		return copy_descriptors(fw, fw->last, fw->lasts, map);
	return copy_map(fw, map);
}

/* Descriptors in the map that the start will see first. */
static uint32_t descriptors(const struct fake_firmware *fw)
{
	struct fw_map plain = plain_map(fw, fw->desc, fw->count);
	uint32_t stride;
	uint64_t bytes = hostile_map(&fw->hostile, fw->readings, &plain, NULL, 0, &stride);

	return (uint32_t)(bytes / stride);
}

static enum bm_error get_map(void *ctx, struct fw_map *map)
{
	struct fake_firmware *fw = ctx;

	assert(!fw->exited);
	return copy_map(fw, map);
}

static enum bm_error get_raw(
	void *ctx, struct e820_entry *raw, uint32_t capacity, uint32_t *count, struct findings *f)
{
	const struct fake_firmware *fw = ctx;

	if (fw->raws > capacity)
		return BM_FULL;
	for (uint32_t i = 0; i < fw->raws; i++) {
		raw[i] = fw->raw[i];
		if (raw[i].type >= E820_TYPES)
			finding_add(f, FINDING_MAP_UNKNOWN_TYPE, raw[i].start, raw[i].end);
	}
	*count = fw->raws;
	return BM_OK;
}

static void meddle(struct fake_firmware *fw)
{
	if (fw->meddle != NULL)
		fw->meddle(fw, fw->meddle_ctx);
}

static bool refuses(const struct fake_firmware *fw, pfn_t start, uint64_t pages)
{
	for (uint32_t i = 0; i < fw->refusals; i++)
		if (fw->refuse[i].start < start + pages && start < fw->refuse[i].end)
			return true;
	return false;
}

static enum bm_error claim(void *ctx, pfn_t start_pfn, uint64_t pages)
{
	struct fake_firmware *fw = ctx;

	assert(!fw->exited);
	meddle(fw);
	fw->claims++;
	if (fw->refused < fw->hostile.fault[HOSTILE_REFUSE] || refuses(fw, start_pfn, pages) ||
		!fake_allocate(fw, start_pfn, pages, EFI_MEM_LOADER_DATA)) {
		fw->refused++;
		return BM_REFUSED;
	}
	set_access(fw, pfn_phys(start_pfn), pfn_phys(start_pfn + pages), PROT_READ | PROT_WRITE);
	if (fw->dirty)
		memset(at_phys(fw, pfn_phys(start_pfn)), 0xa5, (size_t)pfn_phys(pages));
	return BM_OK;
}

/* From now on free memory can be touched too; what boot services use, not before the switch. */
static void open_type(struct fake_firmware *fw, uint32_t type)
{
	for (uint32_t i = 0; i < fw->count; i++)
		if (fw->desc[i].type == type)
			set_access(fw, fw->desc[i].phys_start, desc_end(&fw->desc[i]),
				PROT_READ | PROT_WRITE);
}

void fake_leave(struct fake_firmware *fw)
{
	fw->exited = true;
	open_type(fw, EFI_MEM_CONVENTIONAL);
}

/* Something comes between the map and the exit: the key that was handed out is stale, whatever it did. */
static void come_between(struct fake_firmware *fw)
{
	if (fw->stale_exits == 0)
		return;
	fw->stale_exits--;
	meddle(fw);
	fw->key++;
}

static enum bm_error exit_firmware(void *ctx, struct fw_map *map, uint32_t *attempts)
{
	struct fake_firmware *fw = ctx;
	enum bm_error error;

	for (*attempts = 0; *attempts < FAKE_EXIT_ATTEMPTS;) {
		error = copy_last_map(fw, map);
		if (error != BM_OK)
			return error;
		++*attempts;
		come_between(fw);
		if (fw->key != map->key)
			continue;
		fake_leave(fw);
		return BM_OK;
	}
	return BM_REFUSED;
}

static void live_tables(void *ctx, void (*visit)(void *visit_ctx, phys_t table), void *visit_ctx)
{
	const struct fake_firmware *fw = ctx;

	for (uint32_t i = 0; i < fw->table_ranges; i++)
		for (pfn_t pfn = fw->tables[i].start; pfn < fw->tables[i].end; pfn++)
			visit(visit_ctx, pfn_phys(pfn));
}

static uint64_t cycles(void *ctx)
{
	struct fake_firmware *fw = ctx;

	return fw->cycles += 100;
}

static void set_platform(struct fake_firmware *fw)
{
	fw->console_sink =
		text_buffer_sink(&fw->console, fw->console_text, sizeof(fw->console_text));
	fw->platform = (struct boot_platform){
		.ctx = fw,
		.get_map = get_map,
		.get_raw = fw->raw != NULL ? get_raw : NULL,
		.claim = claim,
		.exit = exit_firmware,
		.live_tables = fw->tables != NULL ? live_tables : NULL,
		.cycles = cycles,
		.console = &fw->console_sink,
	};
}

/* --- the front end --------------------------------------------------------------------------------- */

static struct map_special identity(pfn_t start, uint64_t pages, uint32_t rights)
{
	return (struct map_special){ .start_phys = pfn_phys(start),
		.end_phys = pfn_phys(start + pages),
		.rights = rights,
		.identity = true };
}

/* Allocate an image and a workspace with nothing but the core's storage. */
static enum bm_error place_front_end(struct fake_firmware *fw, struct boot_input *input)
{
	pfn_t limit = pfn_down(min_u64(fw->arena_bytes, ARCH_HIGHMEM ? ARCH_SPLIT_PHYS : 4 * GIB));
	uint64_t pages = pfn_up(boot_storage_bytes(descriptors(fw) + fw->raws));
	pfn_t image = fake_allocate_top(fw, IMAGE_PAGES, EFI_MEM_LOADER_CODE, limit);
	pfn_t storage = fake_allocate_top(fw, pages, EFI_MEM_LOADER_DATA, limit);

	if (image == PFN_END || storage == PFN_END)
		return BM_NOMEM;
	input->image_start_phys = pfn_phys(image);
	input->image_end_phys = pfn_phys(image + IMAGE_PAGES);
	input->init_start_phys = pfn_phys(image);
	input->init_end_phys = pfn_phys(image + INIT_PAGES);
	fw->storage_start_phys = input->workspace_start_phys = pfn_phys(storage);
	fw->storage_end_phys = input->workspace_end_phys = pfn_phys(storage + pages);
	input->special[0] = identity(image, 8, MAP_EXEC);
	input->special[1] = identity(image + 8, 8, 0);
	input->special[2] = identity(image + 16, 8, MAP_WRITE);
	input->special[3] = identity(storage, pages, MAP_WRITE);
	input->specials = 4;
	return BM_OK;
}

static void make_dirty(const struct fake_firmware *fw)
{
	uint64_t *word = at_phys(fw, fw->storage_start_phys);
	uint64_t words = (fw->storage_end_phys - fw->storage_start_phys) / sizeof(*word);

	for (uint64_t i = 0; i < words; i++)
		word[i] = pfn_down(24 * MIB) + i % pfn_down(4 * MIB);
}

enum bm_error fake_start(
	struct fake_firmware *fw, struct boot *b, const struct boot_options *options)
{
	struct boot_input input = { .mode = fw->mode,
		.framebuffer_phys = fw->framebuffer_phys,
		.framebuffer_bytes = fw->framebuffer_bytes,
		.uart_phys = fw->uart_phys,
		.uart_stride = fw->uart_stride,
		.firmware_mode = fw->mode,
		.firmware_root = fw->live_root };
	struct window window = { (uintptr_t)fw->arena };
	enum bm_error error = BM_OK;

	set_platform(fw);
	if (fw->input != NULL)
		input = *fw->input;
	else
		error = place_front_end(fw, &input);
	if (error == BM_OK && input.workspace_end_phys > fw->arena_bytes)
		error = BM_INVALID;
	if (error != BM_OK)
		return error;
	input.rsdp_phys = fw->rsdp_phys;
	snprintf(input.firmware_vendor, sizeof(input.firmware_vendor), "%s",
		fw->vendor != NULL ? fw->vendor : "fake");
	if (options != NULL)
		input.options = *options;
	else
		options_defaults(&input.options);
	set_access(
		fw, input.workspace_start_phys, input.workspace_end_phys, PROT_READ | PROT_WRITE);
	if (fw->dirty)
		make_dirty(fw);
	return boot_init(b, &fw->platform, &input, phys_to_virt(window, fw->storage_start_phys),
		fw->storage_end_phys - fw->storage_start_phys, window);
}

void fake_activate(struct fake_firmware *fw, struct boot *b)
{
	struct window window = { (uintptr_t)fw->arena };

	open_type(fw, EFI_MEM_BOOT_CODE);
	open_type(fw, EFI_MEM_BOOT_DATA);
	open_type(fw, EFI_MEM_LOADER_CODE);
	open_type(fw, EFI_MEM_LOADER_DATA);
	boot_activated(b, window);
}

enum bm_error fake_boot(
	struct fake_firmware *fw, struct boot *b, const struct boot_options *options)
{
	enum bm_error error = fake_start(fw, b, options);

	if (error == BM_OK)
		error = boot_prepare(b);
	if (error == BM_OK)
		error = boot_exit(b);
	if (error != BM_OK)
		return error;
	fake_activate(fw, b);
	return boot_mem_init(b);
}

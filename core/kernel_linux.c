/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Linux-protocol kernel's way into memory, and what it is told (linux_boot.h). Invariant: whatever can be refused is
 * refused before the exit; boot_params are filled then once for trial, and again from the final table.
 * Called by core/kernel.c, and by core/handoff.c for the last words.
 *
 * One run of pages (owner "handoff record") holds boot_params, a GDT, the command line, setup data for a map
 * of many entries and, where the entry is a 64-bit one, page tables: Linux moves and unpacks itself in place, so
 * it needs pages that can be both written and executed, which our own tables never show.
 */
#include <bootmem/string.h>

#include "boot_internal.h"

#define GROWTH     64 /* entries by which the table may still grow */
#define FAULT_TEXT 256

static enum bm_error refuse(struct boot *b, const struct linux_fault *fault)
{
	char text[FAULT_TEXT];
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));

	linux_explain(&sink, fault);
	return boot_fail(b, BM_INVALID, "handoff: %s: %s", b->input.options.kernel, text);
}

/* --- a place for the kernel ------------------------------------------------------------------------ */

/* Free pages in [start, end) at a multiple of align, or nothing. */
static bool try_place(
	struct boot *b, const struct linux_place *place, phys_t start, phys_t end, uint64_t align)
{
	struct bootmem_request request = {
		.size_bytes = place->size_bytes,
		.align_bytes = align,
		.goal_phys = start,
		.limit_phys = min_u64(end, b->pool.current_limit),
		.nid = -1,
	};
	struct bootmem_result result;

	if (bootmem_alloc(&b->pool, &request, &result) != BM_OK)
		return false;
	b->kernel.phys = result.start_phys;
	if (!result.below_goal)
		return true;
	/* Not there, then: back it goes. */
	return boot_free_pages(b, pfn_down(result.start_phys),
		       pfn_up(result.start_phys + place->size_bytes)) != BM_OK;
}

static bool find_place(struct boot *b, const struct linux_place *place)
{
	phys_t preferred = place->preferred_phys;
	phys_t start = max_u64(place->start_phys, b->pool.dma_limit);

	if (preferred != 0 &&
		try_place(b, place, preferred, preferred + place->size_bytes, PAGE_SIZE))
		return true;
	return place->movable &&
	       (try_place(b, place, start, place->end_phys, place->align_bytes) ||
		       try_place(b, place, start, place->end_phys, place->min_align_bytes) ||
		       try_place(b, place, place->start_phys, place->end_phys,
			       place->min_align_bytes));
}

static enum bm_error place_code(struct boot *b)
{
	struct boot_kernel *k = &b->kernel;
	struct linux_place place;
	struct linux_fault fault;

	if (linux_placement(&place, &k->bzimage, LINUX_KERNEL, 0, &fault) != LINUX_OK)
		return refuse(b, &fault);
	if (!find_place(b, &place))
		return boot_fail(b, BM_NOMEM, "handoff: %s: no room for its %llu KiB%s",
			b->input.options.kernel, ULL(place.size_bytes / KIB),
			place.movable ? "" : " where it has to be");
	k->virt = k->phys;
	k->bytes = place.size_bytes;
	memcpy(phys_to_virt(b->pool.window, k->phys),
		(const uint8_t *)b->input.kernel_file + k->bzimage.code_offset,
		(size_t)k->bzimage.code_bytes);
	return boot_own(b, OWNER_KERNEL, pfn_down(k->phys), pfn_up(k->phys + k->bytes));
}

/* --- what it is given ------------------------------------------------------------------------------- */

static uint64_t text_bytes(const char *text)
{
	uint64_t bytes = 0;

	while (text[bytes] != '\0')
		bytes++;
	return bytes;
}

/*
 * All that the jump and the first instructions touch: what is below 4 GiB, and the loader. The CPU can execute
 * every page, as tables without NX can't deny it.
 */
static uint32_t identity_plan(
	const struct boot *b, struct map_area area[2], struct paging_mode *mode)
{
	phys_t image = align_down(b->input.image_start_phys, PAGE_SIZE);
	uint32_t count = 1;

	*mode = b->input.mode;
	mode->nx = false;
	area[0] = (struct map_area){ .bytes = 4 * GIB, .rights = MAP_WRITE, .kind = MAP_IDENTITY };
	if (image >= 4 * GIB)
		area[count++] = (struct map_area){ .virt = image,
			.phys = image,
			.bytes = align_up(b->input.image_end_phys, PAGE_SIZE) - image,
			.rights = MAP_WRITE,
			.kind = MAP_IDENTITY };
	return count;
}

static uint64_t identity_tables(const struct boot *b)
{
	struct paging_mode mode;
	struct map_area area[2];
	struct map_plan plan = { area, identity_plan(b, area, &mode), 2 };

	return b->kernel.bzimage.mode == LINUX_64 ? paging_table_pages(&plan, &mode) : 0;
}

static enum bm_error build_identity(struct boot *b, phys_t tables_phys, uint64_t pages)
{
	struct paging_mode mode;
	struct map_area area[2];
	struct map_plan plan = { area, identity_plan(b, area, &mode), 2 };

	if (pages == 0)
		return BM_OK;
	return paging_build(
		&b->kernel.linux_paging, &plan, &mode, tables_phys, pages, b->pool.window);
}

static void describe_parts(struct boot *b, uint64_t cmdline, uint64_t setup_data)
{
	struct boot_kernel *k = &b->kernel;
	struct linux_handoff *h = &k->linux_handoff;
	phys_t at = b->record_phys;

	h->part[LINUX_KERNEL].start_phys = k->phys;
	h->part[LINUX_PARAMS].start_phys = at;
	at += LINUX_PARAMS_BYTES;
	k->linux_gdt_phys = at;
	at += ARCH_LINUX_GDT_BYTES;
	h->part[LINUX_CMDLINE] = (struct linux_range){ at, cmdline };
	at = align_up(at + cmdline + 1, 16);
	h->part[LINUX_SETUP_DATA] = (struct linux_range){ at, setup_data };
	h->part[LINUX_INITRD] = (struct linux_range){ b->input.initrd_start_phys,
		b->input.initrd_end_phys - b->input.initrd_start_phys };
}

static enum bm_error place_parts(struct boot *b)
{
	uint64_t cmdline = text_bytes(b->input.options.cmdline);
	uint64_t setup_data = linux_setup_data_bytes(b->e820.count + GROWTH);
	uint64_t tables = identity_tables(b);
	uint64_t bytes = LINUX_PARAMS_BYTES + ARCH_LINUX_GDT_BYTES + cmdline + 16 + setup_data;
	enum bm_error error;

	b->record_pages = pfn_up(bytes) + tables;
	error = boot_alloc(b, OWNER_HANDOFF, b->record_pages, &b->record_phys);
	if (error != BM_OK)
		return error;
	describe_parts(b, cmdline, setup_data);
	memset(phys_to_virt(b->pool.window, b->record_phys), 0, (size_t)pfn_phys(pfn_up(bytes)));
	memcpy(phys_to_virt(b->pool.window, b->kernel.linux_handoff.part[LINUX_CMDLINE].start_phys),
		b->input.options.cmdline, (size_t)cmdline);
	return build_identity(b, b->record_phys + pfn_phys(pfn_up(bytes)), tables);
}

/* --- filling boot_params ---------------------------------------------------------------------------- */

static struct linux_channel channel(uint32_t mask)
{
	struct linux_channel c = { 0, 0 };

	while (mask != 0 && (mask & 1) == 0) {
		mask >>= 1;
		c.position++;
	}
	for (; mask & 1; mask >>= 1)
		c.bits++;
	return c;
}

static struct linux_framebuffer framebuffer(const struct boot_input *in)
{
	const struct handoff_framebuffer *s = &in->screen;

	return (struct linux_framebuffer){ .base_phys = in->framebuffer_phys,
		.bytes = s->bits_per_pixel != 0 ? in->framebuffer_bytes : 0,
		.width = s->width,
		.height = s->height,
		.line_bytes = s->pitch,
		.bits_per_pixel = s->bits_per_pixel,
		.red = channel(s->red_mask),
		.green = channel(s->green_mask),
		.blue = channel(s->blue_mask),
		.reserved = channel(s->reserved_mask) };
}

/* Before the exit there is no final map yet, and none is told. */
static struct linux_efi efi(const struct boot *b)
{
	if (b->input.firmware.system_table_phys == 0 || !b->exited)
		return (struct linux_efi){ .map_bytes = 0 };
	return (struct linux_efi){ .system_table_phys = b->input.firmware.system_table_phys,
		.map_phys = b->map_phys,
		.map_bytes = (uint64_t)b->map.count * b->map.stride,
		.desc_bytes = b->map.stride,
		.desc_version = b->map.version };
}

enum bm_error boot_fill_linux(struct boot *b)
{
	struct boot_kernel *k = &b->kernel;
	struct linux_handoff *h = &k->linux_handoff;
	struct linux_fault fault;

	h->e820 = &b->e820;
	h->rsdp_phys = b->input.rsdp_phys;
	h->secure_boot = b->input.secure_boot;
	h->efi = efi(b);
	h->framebuffer = framebuffer(&b->input);
	h->setup_data = phys_to_virt(b->pool.window, h->part[LINUX_SETUP_DATA].start_phys);
	if (h->part[LINUX_SETUP_DATA].bytes == 0)
		h->setup_data = NULL;
	if (linux_fill_params(phys_to_virt(b->pool.window, b->record_phys), &k->bzimage, h,
		    &fault) != LINUX_OK)
		return refuse(b, &fault);
	return BM_OK;
}

/* Firmware that cuts free memory into many pieces hides this one: then the kernel takes another place. */
static bool is_free(const struct fw_map *map, phys_t start, phys_t end)
{
	for (uint32_t i = 0; i < map->count; i++) {
		struct efi_memory_desc desc = fw_map_entry(map, i);

		if (desc.type == EFI_MEM_CONVENTIONAL && desc.phys_start <= start &&
			desc.pages <= PFN_END && end <= desc.phys_start + pfn_phys(desc.pages))
			return true;
	}
	return false;
}

phys_t boot_linux_wish_end(const struct boot *b)
{
	struct linux_kernel k;
	struct linux_fault fault;

	if (linux_parse(&k, b->input.kernel_file, b->input.kernel_file_bytes, LINUX_NATIVE_MODE,
		    &fault) != LINUX_OK)
		return 0;
	if (!is_free(&b->map, k.preferred_phys, k.preferred_phys + k.memory_bytes))
		return 0;
	return k.preferred_phys + k.memory_bytes;
}

/* --- the whole -------------------------------------------------------------------------------------- */

enum bm_error boot_place_linux(struct boot *b)
{
	struct boot_kernel *k = &b->kernel;
	struct linux_fault fault;
	enum bm_error error;

	if (linux_parse(&k->bzimage, b->input.kernel_file, b->input.kernel_file_bytes,
		    LINUX_NATIVE_MODE, &fault) != LINUX_OK)
		return refuse(b, &fault);
	if (b->input.no_long_mode && k->bzimage.has_64_bit_entry)
		return boot_fail(b, BM_INVALID,
			"handoff: %s is a 64-bit kernel, and this CPU has no long mode",
			b->input.options.kernel);
	if (b->input.mode.levels == 5 && !k->bzimage.five_levels)
		return boot_fail(b, BM_INVALID,
			"handoff: %s can't be entered with 5-level paging, which is on",
			b->input.options.kernel);
	error = place_code(b);
	if (error == BM_OK)
		error = place_parts(b);
	if (error != BM_OK)
		return error;
	k->entry = linux_entry(&k->bzimage, k->phys);
	k->protocol = PROTOCOL_LINUX;
	boot_say(b, "handoff: %s at %llx", b->input.options.kernel, ULL(k->phys));
	return boot_fill_linux(b);
}

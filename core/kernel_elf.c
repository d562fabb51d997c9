/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An ELF kernel's way from its file into memory: placed in one run of pages, with the distances it was linked
 * with, and copied. Invariant: after an error nothing but pages of bootmem has changed. Called by core/kernel.c
 * before the exit; core/mapplan.c maps the segments.
 */
#include <bootmem/string.h>

#include "boot_internal.h"

#define LARGE_PAGE                                                                                 \
	(2 * MIB) /* where a kernel that is larger starts, so that it can be mapped with such pages */
#define FAULT_TEXT 256

static struct pfn_range segment_pages(const struct boot_kernel *k, const struct elf_segment *s)
{
	phys_t start = k->phys + (s->virt - k->virt);

	return (struct pfn_range){ pfn_down(start), pfn_up(start + s->mem_bytes) };
}

/* --- a place ------------------------------------------------------------------------------------ */

/* A run of pages whose first one is head bytes behind a multiple of align. */
static enum bm_error find_run(struct boot *b, uint64_t bytes, uint64_t align, phys_t *phys)
{
	struct bootmem_request request = {
		.size_bytes = bytes,
		.align_bytes = align,
		.goal_phys = b->pool.dma_limit,
		.nid = -1,
	};
	struct bootmem_result result = { 0 };
	enum bm_error error = bootmem_alloc(&b->pool, &request, &result);

	*phys = result.start_phys;
	return error;
}

/* Where large pages can map it, if there is such a place; else anywhere. */
static enum bm_error find_place(struct boot *b)
{
	struct boot_kernel *k = &b->kernel;
	uint64_t head = k->virt & (LARGE_PAGE - 1);
	phys_t phys;

	if (k->bytes >= LARGE_PAGE && find_run(b, head + k->bytes, LARGE_PAGE, &phys) == BM_OK) {
		k->phys = phys + head;
		return boot_free_pages(b, pfn_down(phys), pfn_down(k->phys));
	}
	return find_run(b, k->bytes, PAGE_SIZE, &k->phys);
}

/* Pages between segments go back. */
static enum bm_error own_segments(struct boot *b)
{
	struct boot_kernel *k = &b->kernel;
	pfn_t next = pfn_down(k->phys);
	enum bm_error error = BM_OK;

	for (uint32_t i = 0; i < k->elf.segments && error == BM_OK; i++) {
		struct pfn_range pages = segment_pages(k, &k->elf.segment[i]);

		error = boot_free_pages(b, next, pages.start);
		if (error == BM_OK) /* GCOVR_EXCL_BR_LINE: pages of bootmem's own are free then */
			error = boot_own(b, OWNER_KERNEL, pages.start, pages.end);
		next = pages.end;
	}
	return error;
}

static void load_segments(struct boot *b)
{
	const struct boot_kernel *k = &b->kernel;
	const uint8_t *file = b->input.kernel_file;

	for (uint32_t i = 0; i < k->elf.segments; i++) {
		const struct elf_segment *s = &k->elf.segment[i];
		struct pfn_range pages = segment_pages(k, s);

		memset(phys_to_virt(b->pool.window, pfn_phys(pages.start)), 0,
			(size_t)pfn_phys(pages.end - pages.start));
		memcpy(phys_to_virt(b->pool.window, k->phys + (s->virt - k->virt)),
			file + s->file_offset, (size_t)s->file_bytes);
	}
}

/* --- ELF ---------------------------------------------------------------------------------------- */

static enum bm_error refuse_elf(struct boot *b, const struct elf_fault *fault)
{
	char text[FAULT_TEXT];
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));

	elf_explain(&sink, fault);
	return boot_fail(b, BM_INVALID, "handoff: %s: %s", b->input.options.kernel, text);
}

enum bm_error boot_place_elf(struct boot *b)
{
	struct boot_kernel *k = &b->kernel;
	const struct elf_segment *last;
	struct elf_fault fault;
	enum bm_error error;

	if (elf_parse(&k->elf, b->input.kernel_file, b->input.kernel_file_bytes, &fault) != ELF_OK)
		return refuse_elf(b, &fault);
	last = &k->elf.segment[k->elf.segments - 1];
	k->virt = align_down(k->elf.segment[0].virt, PAGE_SIZE);
	k->bytes = align_up(last->virt + last->mem_bytes, PAGE_SIZE) - k->virt;
	error = find_place(b);
	if (error != BM_OK)
		return boot_fail(b, error, "handoff: %s: no room for its %llu KiB",
			b->input.options.kernel, ULL(k->bytes / KIB));
	error = own_segments(b);
	if (error != BM_OK)
		return error;
	load_segments(b);
	k->entry = k->elf.entry;
	k->protocol = PROTOCOL_NATIVE;
	boot_say(b, "handoff: %s at %llx, linked at %llx", b->input.options.kernel, ULL(k->phys),
		ULL(k->virt));
	return BM_OK;
}

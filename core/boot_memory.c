/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who owns which page during the start, and how the stages get pages: ownership, claims, allocations
 * (boot_internal.h). Invariant: a page that a bitmap calls reserved, or that is taken in high memory,
 * has an owner.
 */
#include "boot_internal.h"

/* --- owners ----------------------------------------------------------------------------------------- */

static enum bm_error owners_fit(struct boot *b, enum bm_error error)
{
	if (error != BM_OK)
		return boot_fail(b, error, "%s: more than %u owner ranges",
			boot_stage_name(b->stage), b->owners.capacity);
	return BM_OK;
}

enum bm_error boot_own_in(
	struct boot *b, const struct e820 *map, enum owner owner, struct pfn_range range)
{
	return owners_fit(b, owners_add(&b->owners, map, owner, range.start, range.end));
}

enum bm_error boot_disown(struct boot *b, pfn_t start, pfn_t end)
{
	return owners_fit(b, owners_remove(&b->owners, start, end));
}

enum bm_error boot_own(struct boot *b, enum owner owner, pfn_t start, pfn_t end)
{
	return boot_own_in(b, &b->e820, owner, (struct pfn_range){ start, end });
}

static struct pfn_range pages_of(phys_t start, phys_t end)
{
	return (struct pfn_range){ pfn_down(start), pfn_up(end) };
}

static enum bm_error own_ranges(struct boot *b, const struct e820 *map, enum owner owner,
	const struct option_range *range, uint32_t ranges)
{
	enum bm_error error = BM_OK;

	for (uint32_t i = 0; i < ranges && error == BM_OK; i++)
		error = boot_own_in(b, map, owner,
			pages_of(range[i].start_phys, range[i].start_phys + range[i].bytes));
	return error;
}

enum bm_error boot_own_fixed(struct boot *b, const struct e820 *map)
{
	const struct boot_input *in = &b->input;
	const struct boot_options *options = &in->options;
	const struct {
		enum owner owner;
		struct pfn_range pages;
	} program[] = {
		{ OWNER_INIT, pages_of(in->init_start_phys, in->init_end_phys) },
		{ OWNER_INIT, b->scratch },
		{ OWNER_IMAGE, pages_of(in->image_start_phys, in->image_end_phys) },
		{ OWNER_WORKSPACE, pages_of(in->workspace_start_phys, in->workspace_end_phys) },
		{ OWNER_INITRD, pages_of(in->initrd_start_phys, in->initrd_end_phys) },
		{ OWNER_LOW_64K, { 0, LOW_64K_PFN } },
	};
	enum bm_error error = boot_own_in(b, map, OWNER_PAGE_0, (struct pfn_range){ 0, 1 });

	if (error == BM_OK)
		error = own_ranges(b, map, OWNER_BADRAM, options->badram, options->badrams);
	for (uint32_t i = 0; i < ARRAY_SIZE(program) && error == BM_OK; i++)
		error = boot_own_in(b, map, program[i].owner, program[i].pages);
	if (error == BM_OK)
		error = own_ranges(b, map, OWNER_RESERVE, options->reserve, options->reserves);
	return error;
}

/* Reserve what is owned in every node's bitmap. */
enum bm_error boot_reserve_owned(struct boot *b)
{
	for (uint32_t i = 0; i < b->owners.count; i++)
		for (uint32_t nid = 0; nid < b->pool.nodes; nid++) {
			const struct owner_range *r = &b->owners.range[i];
			enum bm_error error = reserve_bootmem(&b->bootmem[nid], pfn_phys(r->start),
				(r->end - r->start) << PAGE_SHIFT);

			/* owners have RAM, which no address is beyond */
			if (error != BM_OK) /* GCOVR_EXCL_BR_LINE */
				return error;
		}
	return BM_OK;
}

/*
 * RAM that the firmware's map does not call conventional, and that is nobody's yet, is the firmware's
 * until the exit.
 */
enum bm_error boot_own_firmware_ranges(struct boot *b)
{
	for (uint32_t i = 0; i < b->map.count; i++) {
		struct efi_memory_desc desc = fw_map_entry(&b->map, i);
		enum bm_error error;

		/* Impossible ranges are not RAM in e820 either. */
		if (desc.type == EFI_MEM_CONVENTIONAL || desc.pages > PFN_END ||
			desc.phys_start > PHYS_END)
			continue;
		error = boot_own(b, OWNER_FIRMWARE, pfn_down(desc.phys_start),
			pfn_up(desc.phys_start + pfn_phys(desc.pages)));
		if (error != BM_OK)
			return error;
	}
	return BM_OK;
}

enum bm_error boot_own_firmware(struct boot *b)
{
	enum bm_error error = boot_own_firmware_ranges(b);

	return error == BM_OK ? boot_reserve_owned(b) : error;
}

uint64_t boot_owner_pages(const struct boot *b, enum owner owner)
{
	uint64_t pages = owners_pages(&b->owners, owner);

	if (owner == OWNER_MEM_MAP && b->mm != NULL)
		pages += mem_map_pages(b->mm);
	return pages;
}

/* --- claims and allocations ---------------------------------------------------------------------------- */

/* The firmware allocates behind our back: look at its map again and mark what is no longer free. */
static enum bm_error learn_from_refusal(struct boot *b, pfn_t start, uint64_t pages)
{
	enum bm_error error;

	finding_add(&b->findings, FINDING_CLAIM_REFUSED, pfn_phys(start), pfn_phys(start + pages));
	error = b->platform->get_map(b->platform->ctx, &b->map);
	if (error != BM_OK)
		return boot_fail(b, error, "claim: the firmware's map can't be read again");
	return boot_own_firmware(b);
}

static bool any_reserved(const struct boot *b, pfn_t start, uint64_t pages)
{
	const struct owner_range *r = owners_from(&b->owners, start);

	return r != NULL && r->start < start + pages;
}

static bool extend_last(struct boot *b, pfn_t start, pfn_t end)
{
	if (b->claims == 0 || b->claimed[b->claims - 1].end != start)
		return false;
	b->claimed[b->claims - 1].end = end;
	return true;
}

static enum bm_error claim_run(struct boot *b, pfn_t start, pfn_t end)
{
	enum bm_error error = BM_FULL;

	if (b->claims < BOOT_CLAIMS)
		error = b->platform->claim(b->platform->ctx, start, end - start);
	if (error == BM_OK && !extend_last(b, start, end))
		b->claimed[b->claims++] = (struct pfn_range){ start, end };
	return error;
}

/* Was this page granted before? Shortens *end to where that changes. */
static bool is_granted(const struct boot *b, pfn_t pfn, pfn_t *end)
{
	for (uint32_t i = 0; i < b->claims; i++) {
		const struct pfn_range *r = &b->claimed[i];

		if (r->start > pfn) {
			*end = min_u64(*end, r->start);
		} else if (r->end > pfn) {
			*end = min_u64(*end, r->end);
			return true;
		}
	}
	return false;
}

enum bm_error boot_claim_pages(struct boot *b, pfn_t start, uint64_t pages)
{
	pfn_t end = start + pages, stop;
	enum bm_error error = BM_OK;

	for (; start < end && error == BM_OK; start = stop) {
		stop = end;
		if (!is_granted(b, start, &stop))
			error = claim_run(b, start, stop);
	}
	return error;
}

/* bootmem's claim hook. After a refusal at least one of the pages is reserved. */
enum bm_error boot_claim(void *ctx, pfn_t start_pfn, uint64_t pages)
{
	struct boot *b = ctx;
	enum bm_error error;

	if (boot_claim_pages(b, start_pfn, pages) == BM_OK)
		return BM_OK;
	error = learn_from_refusal(b, start_pfn, pages);
	if (error == BM_OK && !any_reserved(b, start_pfn, pages)) {
		/* Its map calls them free all the same: leave them to it. */
		error = boot_own(b, OWNER_FIRMWARE, start_pfn, start_pfn + pages);
		if (error == BM_OK)
			error = boot_reserve_owned(b);
	}
	return error == BM_OK ? BM_REFUSED : error;
}

/* Whole pages from bootmem for a named owner, not cleared. */
enum bm_error boot_alloc(struct boot *b, enum owner owner, uint64_t pages, phys_t *phys)
{
	struct bootmem_request request = {
		.size_bytes = pages << PAGE_SHIFT,
		.align_bytes = PAGE_SIZE,
		.goal_phys = b->pool.dma_limit,
		.nid = -1,
	};
	struct bootmem_result result;
	enum bm_error error = bootmem_alloc(&b->pool, &request, &result);

	if (error != BM_OK)
		return boot_fail(b, error, "%s: no room for %llu page%s for \"%s\"",
			boot_stage_name(b->stage), ULL(pages), plural(pages), owner_name(owner));
	*phys = result.start_phys;
	return boot_own(b, owner, pfn_down(*phys), pfn_down(*phys) + pages);
}

enum bm_error boot_free_pages(struct boot *b, pfn_t start, pfn_t end)
{
	enum bm_error error = BM_OK;

	/* no error: it is RAM of its node */
	for (uint32_t i = 0; i < b->node_map.ranges && !error; i++) { /* GCOVR_EXCL_BR_LINE */
		const struct node_range *r = &b->node_map.range[i];
		pfn_t from = max_u64(r->start, start), to = min_u64(r->end, end);

		if (from < to)
			error = free_bootmem(
				&b->bootmem[r->nid], pfn_phys(from), pfn_phys(to - from));
	}
	return error;
}

enum bm_error boot_free(struct boot *b, enum owner owner)
{
	for (uint32_t i = 0; i < b->owners.count;) {
		struct owner_range r = b->owners.range[i];
		enum bm_error error;

		if (r.owner != (uint32_t)owner) {
			i++;
			continue;
		}
		error = boot_free_pages(b, r.start, r.end);
		if (error == BM_OK)
			error = owners_remove(&b->owners, r.start, r.end);
		if (error != BM_OK)
			return error;
	}
	return BM_OK;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * adopt: the kernel's side of the handoff (adopt.h). Runs in a kernel that links the library; the loader uses it
 * for the hash alone. Invariant: no page is freed that was not reclaimable.
 */
#include <stddef.h>

#include <bootmem/adopt.h>

#define FNV_START      UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME      UINT64_C(0x100000001b3)

/* What a kernel and its loader must agree on, beyond sizes. */
#define LAYOUT_VERSION 1

static uint64_t mix(uint64_t hash, const uint32_t *words, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		hash = (hash ^ words[i]) * FNV_PRIME;
	return hash;
}

uint64_t handoff_layout_hash(void)
{
	static const uint32_t words[] = { LAYOUT_VERSION, sizeof(struct mm), sizeof(struct node),
		sizeof(struct zone), sizeof(struct section), sizeof(struct page),
		sizeof(struct pkmap_slot), sizeof(struct paging), offsetof(struct mm, paging),
		offsetof(struct mm, pkmap), offsetof(struct mm, root_pfn),
		offsetof(struct mm, node), offsetof(struct zone, area),
		offsetof(struct zone, deferred_head), offsetof(struct zone, watermark_min),
		offsetof(struct section, run), ARCH_NR_ZONES, ARCH_SECTION_SHIFT, MAX_ORDER,
		SECTION_INLINE_RUNS };

	return mix(FNV_START, words, ARRAY_SIZE(words));
}

/* --- taking over ------------------------------------------------------------------------------- */

static uint32_t sum_words(const struct handoff *record)
{
	const uint32_t *word = (const uint32_t *)record;
	uint32_t sum = 0;

	for (uint64_t i = 0; i < record->record_bytes / sizeof(*word); i++)
		sum += word[i];
	return sum;
}

bool handoff_valid(const struct handoff *record)
{
	return record->magic == HANDOFF_MAGIC && record->version == HANDOFF_VERSION &&
	       record->machine == ARCH_ELF_MACHINE && record->bytes >= sizeof(*record) &&
	       record->record_bytes >= record->bytes && record->record_bytes <= GIB &&
	       sum_words(record) == 0;
}

enum bm_error bootmem_adopt(const struct handoff *record, struct mm **mm)
{
	if (!handoff_valid(record))
		return BM_INVALID;
	if (record->layout_hash != handoff_layout_hash())
		return BM_CONFLICT;
	*mm = (struct mm *)(uintptr_t)record->mm_address;
	return BM_OK;
}

/* --- giving back ------------------------------------------------------------------------------- */

/* Nothing may run it any more; a large page that only shows data can stay. */
static bool leave_identity(struct mm *mm, phys_t phys)
{
	struct paging_leaf leaf;

	if (!paging_lookup(&mm->paging, mm->window, phys, &leaf) || leaf.phys != leaf.virt)
		return true;
	if (!paging_clear_page(&mm->paging, mm->window, phys))
		return (leaf.rights & (MAP_WRITE | MAP_EXEC)) == MAP_WRITE;
	arch_flush_page(phys);
	return true;
}

/* Writable like all free memory, guard pages too. */
static bool enter_direct_map(struct mm *mm, uint64_t direct, phys_t phys)
{
	struct paging_leaf leaf;

	if (paging_lookup(&mm->paging, mm->window, direct, &leaf) && (leaf.rights & MAP_WRITE))
		return true;
	if (!paging_set_page(&mm->paging, mm->window, direct, phys, MAP_WRITE))
		return false;
	arch_flush_page(direct);
	return true;
}

static bool unprotect(struct mm *mm, const struct handoff_paging *p, phys_t phys)
{
	return leave_identity(mm, phys) &&
	       (phys >= p->direct_bytes || enter_direct_map(mm, p->direct_base + phys, phys));
}

static uint64_t free_range(
	struct mm *mm, const struct handoff *record, const struct handoff_owner_range *r)
{
	uint64_t freed = 0;

	for (pfn_t pfn = r->start_pfn; pfn < r->end_pfn; pfn++)
		if (unprotect(mm, &record->paging, pfn_phys(pfn)) &&
			free_reserved_pages(mm, pfn, pfn + 1) == BM_OK)
			freed++;
	return freed;
}

uint64_t bootmem_reclaim(struct mm *mm, const struct handoff *record, uint64_t keep)
{
	const struct handoff_table *t = &record->owners;
	uint64_t freed = 0;

	for (uint32_t i = 0; i < t->count; i++) {
		const struct handoff_owner_range *r =
			(const void *)(uintptr_t)(t->address + (uint64_t)i * t->stride);

		if ((r->flags & HANDOFF_RECLAIMABLE) && !(keep >> r->owner & 1))
			freed += free_range(mm, record, r);
	}
	return freed;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * highmem: windows into pages that the direct map does not show (pkmap of the lineage; mm.h). A slot
 * that nobody uses keeps showing its page, so mapping it again costs nothing; its entry changes, and the
 * processor is told, only when another page needs the slot.
 */
#include <bootmem/mm.h>

static uint64_t slots_of(const struct address_space *space)
{
	return (space->pkmap_end - space->pkmap_start) >> PAGE_SHIFT;
}

uint64_t pkmap_table_pages(const struct address_space *space)
{
	return pfn_up(slots_of(space) * sizeof(struct pkmap_slot));
}

static struct pkmap_slot *slot_table(const struct mm *mm)
{
	return phys_to_virt(mm->window, pfn_phys(mm->pkmap.table_pfn));
}

static uint64_t slot_virt(const struct mm *mm, uint32_t slot)
{
	return mm->pkmap.start + ((uint64_t)slot << PAGE_SHIFT);
}

void pkmap_init(struct mm *mm, const struct address_space *space, pfn_t table_pfn)
{
	struct pkmap_slot *slot;

	mm->pkmap = (struct pkmap){
		.start = space->pkmap_start,
		.slots = (uint32_t)slots_of(space),
		.table_pfn = table_pfn,
	};
	slot = slot_table(mm);
	for (uint32_t i = 0; i < mm->pkmap.slots; i++)
		slot[i] = (struct pkmap_slot){ .pfn = PFN_NONE };
}

/* The slot that shows a page, or slots. */
static uint32_t find_slot(const struct mm *mm, pfn_t pfn)
{
	const struct pkmap_slot *slot = slot_table(mm);
	uint32_t i = 0;

	while (i < mm->pkmap.slots && slot[i].pfn != pfn)
		i++;
	return i;
}

/* A slot that nobody uses, searched from where the last search ended, or slots. */
static uint32_t find_unused(struct mm *mm)
{
	const struct pkmap_slot *slot = slot_table(mm);
	struct pkmap *pkmap = &mm->pkmap;

	for (uint32_t tried = 0; tried < pkmap->slots; tried++) {
		uint32_t i = pkmap->next;

		pkmap->next = i + 1 < pkmap->slots ? i + 1 : 0;
		if (slot[i].users == 0)
			return i;
	}
	return pkmap->slots;
}

/* Show a page in a slot. */
static bool show(struct mm *mm, uint32_t i, pfn_t pfn)
{
	struct pkmap_slot *slot = &slot_table(mm)[i];

	if (!paging_set_page(&mm->paging, mm->window, slot_virt(mm, i), pfn_phys(pfn), MAP_WRITE))
		return false;
	if (slot->pfn != PFN_NONE)
		arch_flush_page(slot_virt(mm, i));
	slot->pfn = pfn;
	return true;
}

static bool is_high(const struct mm *mm, pfn_t pfn)
{
	return ARCH_HIGHMEM && pfn >= mm->limits.max_low_pfn;
}

void *kmap(struct mm *mm, pfn_t pfn)
{
	uint32_t i;

	if (!pfn_valid(mm, pfn))
		return NULL;
	if (!is_high(mm, pfn))
		return phys_to_virt(mm->window, pfn_phys(pfn));
	i = find_slot(mm, pfn);
	if (i == mm->pkmap.slots) {
		i = find_unused(mm);
		if (i == mm->pkmap.slots || !show(mm, i, pfn))
			return NULL;
	}
	slot_table(mm)[i].users++;
	return (void *)(uintptr_t)slot_virt(mm, i);
}

enum bm_error kunmap(struct mm *mm, pfn_t pfn)
{
	struct pkmap_slot *slot;
	uint32_t i;

	if (!is_high(mm, pfn))
		return pfn_valid(mm, pfn) ? BM_OK : BM_INVALID;
	i = find_slot(mm, pfn);
	slot = &slot_table(mm)[i];
	if (i == mm->pkmap.slots || slot->users == 0)
		return BM_INVALID;
	slot->users--;
	return BM_OK;
}

/* --- the self-test -------------------------------------------------------------------------------- */

#define HIGH_ZONE  (ARCH_NR_ZONES - 1)
#define LIST_ORDER 1 /* 1024 page numbers */

/* Pages for the test; their numbers are kept in low memory. */
struct trial {
	struct mm *mm;
	pfn_t list_pfn;
	pfn_t *pfn;
	uint32_t pages;
};

static void trial_begin(struct trial *t, struct mm *mm, uint32_t wanted)
{
	*t = (struct trial){ .mm = mm, .list_pfn = alloc_pages(mm, GFP_KERNEL, LIST_ORDER) };
	if (t->list_pfn == PFN_NONE)
		return;
	t->pfn = phys_to_virt(mm->window, pfn_phys(t->list_pfn));
	wanted = (uint32_t)min_u64(wanted, (PAGE_SIZE << LIST_ORDER) / sizeof(t->pfn[0]));
	for (uint32_t nid = 0; nid < mm->nodes && t->pages < wanted;) {
		pfn_t pfn = zone_alloc_pages(mm, nid * ARCH_NR_ZONES + HIGH_ZONE, 0);

		if (pfn != PFN_NONE)
			t->pfn[t->pages++] = pfn;
		else
			nid++;
	}
}

static bool trial_end(struct trial *t)
{
	bool ok = t->list_pfn != PFN_NONE;

	for (uint32_t i = 0; i < t->pages; i++)
		ok &= free_pages(t->mm, t->pfn[i], 0) == BM_OK;
	return ok && free_pages(t->mm, t->list_pfn, LIST_ORDER) == BM_OK;
}

/* Map a page, see in it what was written before (0: nothing yet), and write its number into both ends. */
static bool visit(struct mm *mm, pfn_t pfn, uint64_t expected)
{
	volatile uint64_t *word = kmap(mm, pfn);
	const size_t last = PAGE_SIZE / sizeof(*word) - 1;

	if (word == NULL)
		return false;
	if (expected != 0 && (word[0] != expected || word[last] != ~expected))
		return false;
	word[0] = pfn;
	word[last] = ~pfn;
	return true;
}

static bool unmap_all(const struct trial *t, uint32_t pages)
{
	bool ok = true;

	for (uint32_t i = 0; i < pages; i++)
		ok &= kunmap(t->mm, t->pfn[i]) == BM_OK;
	return ok;
}

/* Fill every slot, see the table full, give the slots to other pages, and find everything as written. */
static bool run_trial(const struct trial *t)
{
	uint32_t slots = (uint32_t)min_u64(t->mm->pkmap.slots, t->pages);
	bool ok = true;

	for (uint32_t i = 0; i < slots; i++)
		ok &= visit(t->mm, t->pfn[i], 0);
	if (t->pages > slots)
		ok &= kmap(t->mm, t->pfn[slots]) == NULL;
	ok &= unmap_all(t, slots);
	for (uint32_t i = slots; i < t->pages; i++)
		ok &= visit(t->mm, t->pfn[i], 0) && kunmap(t->mm, t->pfn[i]) == BM_OK;
	for (uint32_t i = 0; i < slots; i++)
		ok &= visit(t->mm, t->pfn[i], t->pfn[i]);
	return unmap_all(t, slots) && ok;
}

/* Slots that nobody uses show nothing any more. */
static bool empty_window(struct mm *mm)
{
	struct pkmap_slot *slot = slot_table(mm);

	for (uint32_t i = 0; i < mm->pkmap.slots; i++) {
		if (slot[i].pfn == PFN_NONE || slot[i].users != 0)
			continue;
		if (!paging_clear_page(&mm->paging, mm->window, slot_virt(mm, i)))
			return false;
		arch_flush_page(slot_virt(mm, i));
		slot[i].pfn = PFN_NONE;
	}
	return true;
}

uint32_t kmap_selftest(struct mm *mm, bool *ok)
{
	struct trial trial;
	uint64_t high_pages = 0;

	*ok = true;
	for (uint32_t nid = 0; nid < mm->nodes; nid++)
		high_pages += mm->node[nid].zone[HIGH_ZONE].free_pages;
	if (mm->pkmap.slots == 0 || high_pages == 0)
		return 0;
	trial_begin(&trial, mm, mm->pkmap.slots + 8);
	*ok = run_trial(&trial);
	*ok &= empty_window(mm);
	*ok &= trial_end(&trial);
	return trial.pages;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe, H15 to H24: what the page tables show. The tables themselves are walked, from the root in the record; the
 * record's areas are what they are held against.
 */
#include "probe.h"

#define RIGHTS        (MAP_WRITE | MAP_EXEC | MAP_UC | MAP_WC)

#define EFI_PHYS      8 /* offsets in EFI_MEMORY_DESCRIPTOR (UEFI 2.10, 7.2.3) */
#define EFI_PAGES     24
#define EFI_ATTRIBUTE 32
#define EFI_RUNTIME   (UINT64_C(1) << 63)

/* By kernel.lds. */
extern const uint8_t text_start[], rodata_start[], data_start[], kernel_end[];

/* --- helpers ----------------------------------------------------------------------------------- */

/* What a walk can tell on this machine. */
static uint32_t visible(const struct probe *p, uint32_t rights)
{
	if (!(p->record->flags & HANDOFF_NX))
		rights &= ~MAP_EXEC;
	if (!(p->record->flags & HANDOFF_PAT))
		rights &= ~MAP_WC;
	return rights & RIGHTS;
}

static bool is_unmapped(struct probe *p, uint64_t virt)
{
	struct paging_leaf leaf;

	if (!paging_lookup(&p->paging, p->window, virt, &leaf))
		return true;
	return saw(p, "%llx shows %llx", ULL(virt), ULL(leaf.phys));
}

bool is_mapped(struct probe *p, uint64_t virt, phys_t phys, uint64_t bytes, uint32_t rights)
{
	struct paging_leaf leaf;

	for (uint64_t done = 0; done < bytes; done = leaf.virt + leaf.bytes - virt) {
		if (!paging_lookup(&p->paging, p->window, virt + done, &leaf))
			return saw(p, "%llx is not mapped", ULL(virt + done));
		if (leaf.phys + (virt + done - leaf.virt) != phys + done)
			return saw(p, "%llx shows %llx, not %llx", ULL(virt + done),
				ULL(leaf.phys + (virt + done - leaf.virt)), ULL(phys + done));
		if (visible(p, leaf.rights) != visible(p, rights))
			return saw(p, "%llx has the rights %x, not %x", ULL(virt + done),
				leaf.rights, rights);
	}
	return true;
}

static const struct handoff_area *area_at(const struct probe *p, uint32_t i)
{
	return table_at(&p->record->areas, i);
}

/* --- areas and tables --------------------------------------------------------------------------- */

static bool areas_ascend(struct probe *p)
{
	for (uint32_t i = 0; i < p->record->areas.count; i++) {
		const struct handoff_area *a = area_at(p, i);

		if (a->bytes == 0 || ((a->virt | a->phys | a->bytes) & (PAGE_SIZE - 1)) != 0 ||
			a->kind >= p->record->area_names.count)
			return saw(p, "area %u at %llx: %llx bytes of kind %u", i, ULL(a->virt),
				ULL(a->bytes), a->kind);
		if (i > 0 && area_at(p, i - 1)->virt + area_at(p, i - 1)->bytes > a->virt)
			return saw(p, "area %u at %llx begins before the last one ends", i,
				ULL(a->virt));
	}
	return true;
}

/* The area at an address, or null. */
static const struct handoff_area *area_of(const struct probe *p, uint64_t virt)
{
	for (uint32_t i = 0; i < p->record->areas.count; i++)
		if (virt - area_at(p, i)->virt < area_at(p, i)->bytes)
			return area_at(p, i);
	return NULL;
}

/* Addresses are continued upwards from the highest bit that is translated. */
static uint64_t canonical(const struct probe *p, uint64_t virt)
{
	unsigned unused = p->paging.mode.levels < 4 ? 0 : 64 - 12 - 9 * p->paging.mode.levels;

	return (uint64_t)((int64_t)(virt << unused) >> unused);
}

struct walk {
	struct probe *p;
	uint64_t tables;
};

/* Every page under a table lies in an area; what is in an area was compared before. */
static bool walk_table(struct walk *w, phys_t table, unsigned level, uint64_t virt)
{
	const struct paging_mode *mode = &w->p->paging.mode;
	unsigned shift = arch_level_shift(mode, level);

	w->tables++;
	for (unsigned i = 0; i < 1u << arch_level_bits(mode, level); i++) {
		uint64_t entry = paging_read_entry(mode, w->p->window, table, i);
		uint64_t at = canonical(w->p, virt | (uint64_t)i << shift);

		if (!arch_entry_present(entry))
			continue;
		if (!arch_entry_is_leaf(level, entry)) {
			if (!walk_table(w, arch_entry_phys(mode, level, entry), level - 1, at))
				return false;
		} else if (area_of(w->p, at) == NULL) {
			return saw(w->p, "%llx is mapped and in no area", ULL(at));
		}
	}
	return true;
}

bool check_areas(struct probe *p)
{
	struct walk walk = { .p = p };

	if (!areas_ascend(p))
		return false;
	for (uint32_t i = 0; i < p->record->areas.count; i++) {
		const struct handoff_area *a = area_at(p, i);

		if (!(a->rights & HANDOFF_MAP_TABLES) &&
			!is_mapped(p, a->virt, a->phys, a->bytes, a->rights))
			return false;
	}
	if (!walk_table(&walk, p->paging.root, p->paging.mode.levels, 0))
		return false;
	if (walk.tables != p->paging.table_pages)
		return saw(p, "%llu tables, %llu pages for them", ULL(walk.tables),
			ULL(p->paging.table_pages));
	return true;
}

static bool pages_overlap(const struct handoff_area *a, const struct handoff_area *b)
{
	return !((a->rights | b->rights) & HANDOFF_MAP_TABLES) && a->phys < b->phys + b->bytes &&
	       b->phys < a->phys + a->bytes;
}

bool check_w_xor_x(struct probe *p)
{
	for (uint32_t i = 0; i < p->record->areas.count; i++)
		for (uint32_t k = 0; k < p->record->areas.count; k++) {
			const struct handoff_area *a = area_at(p, i), *b = area_at(p, k);

			if ((a->rights & HANDOFF_MAP_EXEC) && (b->rights & HANDOFF_MAP_WRITE) &&
				pages_overlap(a, b))
				return saw(p, "%llx can be executed, and is written at %llx",
					ULL(a->virt), ULL(b->virt));
		}
	return true;
}

bool check_page_0(struct probe *p)
{
	for (uint32_t i = 0; i < p->record->areas.count; i++)
		if (!(area_at(p, i)->rights & HANDOFF_MAP_TABLES) && area_at(p, i)->phys == 0)
			return saw(p, "%llx shows page 0", ULL(area_at(p, i)->virt));
	return is_unmapped(p, 0) && is_unmapped(p, p->record->kernel.stack.start - 1);
}

/* --- the kernel ---------------------------------------------------------------------------------- */

struct segment {
	const uint8_t *start, *end;
	uint32_t rights;
};

/* As they are in the file: code, constants, data and zeros. */
static const struct segment segments[] = {
	{ text_start, rodata_start, MAP_EXEC },
	{ rodata_start, data_start, 0 },
	{ data_start, kernel_end, MAP_WRITE },
};

static uint64_t segment_bytes(const struct segment *s)
{
	return align_up((uint64_t)(s->end - s->start), PAGE_SIZE);
}

static uint64_t segment_phys(const struct probe *p, const struct segment *s)
{
	return p->record->kernel.phys + ((uintptr_t)s->start - p->record->kernel.virt);
}

bool check_segments_mapped(struct probe *p)
{
	const struct handoff_kernel *k = &p->record->kernel;

	if (k->virt != (uintptr_t)text_start ||
		k->bytes != align_up((uint64_t)(kernel_end - text_start), PAGE_SIZE))
		return saw(p, "%llx bytes from %llx", ULL(k->bytes), ULL(k->virt));
	for (unsigned i = 0; i < ARRAY_SIZE(segments); i++)
		if (!is_mapped(p, (uintptr_t)segments[i].start, segment_phys(p, &segments[i]),
			    segment_bytes(&segments[i]), segments[i].rights))
			return false;
	return is_unmapped(p, k->virt - PAGE_SIZE) && is_unmapped(p, k->virt + k->bytes);
}

/* Code and constants can't be written there either. */
bool check_kernel_alias(struct probe *p)
{
	const struct handoff_paging *paging = &p->record->paging;

	for (unsigned i = 0; i < ARRAY_SIZE(segments); i++) {
		phys_t phys = segment_phys(p, &segments[i]);
		uint64_t bytes = segment_bytes(&segments[i]);

		if (phys + bytes <= paging->direct_bytes &&
			!is_mapped(p, paging->direct_base + phys, phys, bytes,
				segments[i].rights & MAP_WRITE))
			return false;
	}
	return true;
}

/* --- the direct map and what is beside it ----------------------------------------------------------- */

bool check_direct_map(struct probe *p)
{
	const struct handoff_paging *paging = &p->record->paging;

	for (uint32_t i = 0; i < p->record->free.count; i++) {
		const struct handoff_range *range = table_at(&p->record->free, i);
		phys_t start = pfn_phys(range->start);
		phys_t end = min_u64(pfn_phys(range->end), paging->direct_bytes);

		if (start < end &&
			!is_mapped(p, paging->direct_base + start, start, end - start, MAP_WRITE))
			return false;
	}
	if (!ARCH_HIGHMEM && paging->direct_bytes < pfn_phys(p->record->limits.max_pfn))
		return saw(p, "it ends at %llx", ULL(paging->direct_bytes));
	return true;
}

bool check_record_mapped(struct probe *p)
{
	const struct handoff *r = p->record;

	return is_mapped(p, r->paging.direct_base + r->record_phys, r->record_phys, r->record_bytes,
		MAP_WRITE);
}

static bool is_table_area(struct probe *p, const char *name, const struct handoff_range *range)
{
	const struct handoff_area *a = area_of(p, range->start);

	if (range->start == range->end)
		return true;
	if (range->start > range->end || (a == NULL && p->paging.mode.levels > 2))
		return saw(p, "%s: from %llx to %llx", name, ULL(range->start), ULL(range->end));
	if (a != NULL && (a->virt != range->start || a->bytes != range->end - range->start ||
				 !(a->rights & HANDOFF_MAP_TABLES)))
		return saw(p, "%s: the area at %llx is another one", name, ULL(a->virt));
	return true;
}

static bool shows_nothing(struct probe *p, const struct handoff_range *range)
{
	for (uint64_t at = range->start; at < range->end; at += PAGE_SIZE)
		if (!is_unmapped(p, at))
			return false;
	return true;
}

/* vmalloc can be as large as an entry of the root; that it is empty follows from H15's walk and this. */
bool check_windows(struct probe *p)
{
	const struct handoff_paging *paging = &p->record->paging;
	const struct handoff_range vmalloc_start = { paging->vmalloc.start,
		min_u64(paging->vmalloc.end, paging->vmalloc.start + 16 * MIB) };

	if (paging->vmalloc.start < paging->direct_base + paging->direct_bytes ||
		paging->vmalloc.start >= paging->vmalloc.end ||
		paging->fixmap.end - paging->fixmap.start < 256 * PAGE_SIZE ||
		(paging->pkmap.start == paging->pkmap.end) == (ARCH_HIGHMEM != 0))
		return saw(p, "vmalloc %llx to %llx, fixmap %llx to %llx",
			ULL(paging->vmalloc.start), ULL(paging->vmalloc.end),
			ULL(paging->fixmap.start), ULL(paging->fixmap.end));
	return is_table_area(p, "vmalloc", &paging->vmalloc) &&
	       is_table_area(p, "pkmap", &paging->pkmap) &&
	       is_table_area(p, "fixmap", &paging->fixmap) && shows_nothing(p, &vmalloc_start) &&
	       shows_nothing(p, &paging->fixmap);
}

bool check_framebuffer(struct probe *p)
{
	const struct handoff_framebuffer *fb = &p->record->framebuffer;
	uint32_t masks[4] = { fb->red_mask, fb->green_mask, fb->blue_mask, fb->reserved_mask };
	phys_t start = align_down(fb->phys, PAGE_SIZE);
	uint64_t virt = align_down(fb->address, PAGE_SIZE);
	uint32_t used = 0;

	if (fb->bits_per_pixel == 0)
		return fb->address == 0 || saw(p, "there is none, at %llx", ULL(fb->address));
	if (fb->width == 0 || fb->height == 0 || (uint64_t)fb->pitch * fb->height > fb->bytes ||
		(uint64_t)fb->width * fb->bits_per_pixel > (uint64_t)fb->pitch * 8)
		return saw(p, "%u by %u, %u bits, pitch %u, %llu bytes", fb->width, fb->height,
			fb->bits_per_pixel, fb->pitch, ULL(fb->bytes));
	for (unsigned i = 0; i < ARRAY_SIZE(masks); used |= masks[i++])
		if ((used & masks[i]) != 0 || (i < 3 && masks[i] == 0))
			return saw(p, "mask %u is %x", i, masks[i]);
	if (fb->address == 0)
		return true;
	if (fb->address - virt != fb->phys - start)
		return saw(p, "%llx is at %llx", ULL(fb->phys), ULL(fb->address));
	return is_mapped(p, virt, start, align_up(fb->phys + fb->bytes, PAGE_SIZE) - start,
		MAP_WRITE | MAP_WC);
}

/* --- runtime ranges -------------------------------------------------------------------------------- */

static uint64_t read_64(const void *descriptor, unsigned offset)
{
	return *(const uint64_t *)((const uint8_t *)descriptor + offset);
}

/* Rights are the firmware's own matter; every page is there, where it is. */
static bool is_identity(struct probe *p, phys_t start, phys_t end)
{
	struct paging_leaf leaf;

	for (phys_t at = start; at < end; at = leaf.virt + leaf.bytes) {
		if (!paging_lookup(&p->paging, p->window, at, &leaf))
			return saw(p, "%llx is not mapped", ULL(at));
		if (leaf.phys != leaf.virt)
			return saw(p, "%llx shows %llx", ULL(leaf.virt), ULL(leaf.phys));
	}
	return true;
}

bool check_runtime_mapped(struct probe *p)
{
	uint32_t ranges = 0;

	if (!(p->record->flags & HANDOFF_RUNTIME_USABLE))
		return true;
	for (uint32_t i = 0; i < p->record->efi_map.count; i++) {
		const void *descriptor = table_at(&p->record->efi_map, i);
		phys_t start = read_64(descriptor, EFI_PHYS);

		if (!(read_64(descriptor, EFI_ATTRIBUTE) & EFI_RUNTIME))
			continue;
		ranges++;
		if (!is_identity(p, start, start + pfn_phys(read_64(descriptor, EFI_PAGES))))
			return false;
	}
	return ranges != 0 || saw(p, "there are no runtime ranges");
}

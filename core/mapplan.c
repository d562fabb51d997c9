/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What appears where in the address space, as a list of areas. Invariant: mapplan_check. Called by
 * core/boot.c, before the exit and again when settle changed the map; core/paging.c turns the plan
 * into tables.
 */
#include <bootmem/paging.h>
#include <bootmem/string.h>

#define MEMORY_TYPES (MAP_UC | MAP_WC)
#define W_AND_X      (MAP_WRITE | MAP_EXEC)

struct plan_input {
	const struct address_space *space;
	const struct e820 *map;
	const struct map_special *special;
	uint32_t specials;
};

/* Takes areas in ascending order and joins neighbours. Without storage it only counts them. */
struct plan_writer {
	struct map_area *area; /* null: count */
	uint32_t count;
	struct map_area last;
};

/* What the specials say about one physical page. */
struct page_rights {
	bool covered, identity, kernel, guard, bad;
	uint32_t rights;
};

/* --- building --------------------------------------------------------------------------------- */

/* Within one kind, virtual and physical addresses run in step. */
static bool continues(const struct map_area *last, const struct map_area *next)
{
	return last->kind == next->kind && last->rights == next->rights &&
	       last->virt + last->bytes == next->virt;
}

static void put_area(struct plan_writer *w, struct map_area area)
{
	if (w->count != 0 && continues(&w->last, &area)) {
		w->last.bytes += area.bytes;
	} else {
		w->last = area;
		w->count++;
	}
	if (w->area)
		w->area[w->count - 1] = w->last;
}

static void put_tables(struct plan_writer *w, enum map_kind kind, uint64_t start, uint64_t end)
{
	struct map_area area = {
		.virt = start, .bytes = end - start, .rights = MAP_TABLES, .kind = kind
	};

	if (start < end)
		put_area(w, area);
}

/* Only what both allow, and the stricter memory type. */
static uint32_t meet(uint32_t a, uint32_t b)
{
	uint32_t type = (a | b) & MEMORY_TYPES;

	return (a & b & W_AND_X) | (type & MAP_UC ? MAP_UC : type);
}

static struct page_rights rights_at(const struct plan_input *in, phys_t phys)
{
	struct page_rights page = { .guard = phys < PAGE_SIZE, .rights = W_AND_X };

	for (uint32_t i = 0; i < in->specials; i++) {
		const struct map_special *s = &in->special[i];

		if (phys < s->start_phys || phys >= s->end_phys)
			continue;
		if (s->bad) {
			page.bad = true;
			continue;
		}
		page.covered = true;
		page.identity |= s->identity;
		page.kernel |= s->kernel;
		page.guard |= s->guard;
		page.rights = meet(page.rights, s->rights);
	}
	return page;
}

/* The first address above phys where a special begins or ends, or end. */
static phys_t next_edge(const struct plan_input *in, phys_t phys, phys_t end)
{
	if (phys < PAGE_SIZE)
		end = min_u64(end, PAGE_SIZE);
	for (uint32_t i = 0; i < in->specials; i++) {
		const struct map_special *s = &in->special[i];

		if (s->start_phys > phys)
			end = min_u64(end, s->start_phys);
		if (s->end_phys > phys)
			end = min_u64(end, s->end_phys);
	}
	return end;
}

/* What can be executed or only read elsewhere must not be writable through the direct map. */
static uint32_t direct_rights(const struct page_rights *page)
{
	if (!page->covered)
		return MAP_WRITE;
	if (page->rights & MAP_EXEC)
		return page->rights & MEMORY_TYPES;
	return page->rights;
}

static void put_direct(struct plan_writer *w, const struct plan_input *in, phys_t start, phys_t end)
{
	struct map_area area = { .kind = MAP_DIRECT };

	for (phys_t phys = start; phys < end; phys += area.bytes) {
		struct page_rights page = rights_at(in, phys);

		area.virt = in->space->direct_base + phys;
		area.phys = phys;
		area.bytes = next_edge(in, phys, end) - phys;
		area.rights = direct_rights(&page);
		if (!page.guard && !page.bad)
			put_area(w, area);
	}
}

static void put_identity(
	struct plan_writer *w, const struct plan_input *in, phys_t start, phys_t end)
{
	struct map_area area = { .kind = MAP_IDENTITY };

	for (phys_t phys = start; phys < end; phys += area.bytes) {
		struct page_rights page = rights_at(in, phys);

		area.virt = phys;
		area.phys = phys;
		area.bytes = next_edge(in, phys, end) - phys;
		area.rights = page.rights;
		if (page.identity && !page.guard)
			put_area(w, area);
	}
}

/* Pages between the segments of a kernel are nobody's, and not mapped here. */
static void put_span(struct plan_writer *w, const struct plan_input *in, enum map_kind kind,
	const struct map_span *span)
{
	struct map_area area = { .kind = kind };
	phys_t end = span->end - span->base;

	for (phys_t phys = span->start - span->base; phys < end; phys += area.bytes) {
		struct page_rights page = rights_at(in, phys);

		area.virt = span->base + phys;
		area.phys = phys;
		area.bytes = next_edge(in, phys, end) - phys;
		area.rights = page.rights;
		if (page.kernel && !page.guard)
			put_area(w, area);
	}
}

static void put_kernel(struct plan_writer *w, const struct plan_input *in)
{
	const struct address_space *s = in->space;
	const struct map_span span = { s->kernel_start, s->kernel_end, s->kernel_base };

	put_span(w, in, MAP_KERNEL, &span);
}

/* A kernel linked in the lower part stands between identity mappings. */
static void put_lower_part(struct plan_writer *w, const struct plan_input *in)
{
	const struct address_space *space = in->space;

	if (space->kernel_start >= space->direct_base || space->kernel_start == space->kernel_end) {
		put_identity(w, in, 0, space->identity_end);
		return;
	}
	put_identity(w, in, 0, space->kernel_start);
	put_kernel(w, in);
	put_identity(w, in, space->kernel_end, space->identity_end);
}

static uint32_t put_areas(struct map_area *area, const struct plan_input *in)
{
	const struct address_space *space = in->space;
	struct plan_writer w = { .area = area };
	struct pfn_range ram;

	put_lower_part(&w, in);
	for (uint32_t i = 0; e820_next_ram(in->map, &i, &ram);)
		put_direct(&w, in, pfn_phys(ram.start),
			min_u64(pfn_phys(ram.end), space->direct_bytes));
	put_tables(&w, MAP_VMALLOC, space->vmalloc_start, space->vmalloc_end);
	if (space->kernel_start >= space->direct_base)
		put_kernel(&w, in);
	put_span(&w, in, MAP_SCREEN, &space->screen);
	put_tables(&w, MAP_PKMAP, space->pkmap_start, space->pkmap_end);
	put_span(&w, in, MAP_SERIAL, &space->serial);
	put_tables(&w, MAP_FIXMAP, space->fixmap_start, space->fixmap_end);
	return w.count;
}

/* --- checking --------------------------------------------------------------------------------- */

static bool page_aligned(uint64_t x)
{
	return (x & (PAGE_SIZE - 1)) == 0;
}

static bool rights_sane(uint32_t rights)
{
	return (rights & W_AND_X) != W_AND_X && (rights & MEMORY_TYPES) != MEMORY_TYPES;
}

static bool special_valid(const struct map_special *s)
{
	return s->start_phys <= s->end_phys && s->end_phys <= PHYS_END &&
	       page_aligned(s->start_phys | s->end_phys) && rights_sane(s->rights) &&
	       (s->rights & ~(W_AND_X | MEMORY_TYPES)) == 0;
}

/* Would its identity mapping be where the kernel is linked? */
static bool in_kernel_span(const struct address_space *space, const struct map_special *s)
{
	return s->start_phys < space->kernel_end && space->kernel_start < s->end_phys;
}

static enum bm_error specials_check(const struct plan_input *in)
{
	for (uint32_t i = 0; i < in->specials; i++) {
		const struct map_special *s = &in->special[i];

		if (!special_valid(s))
			return BM_INVALID;
		if (s->identity && s->start_phys < s->end_phys &&
			(s->end_phys > in->space->identity_end || in_kernel_span(in->space, s)))
			return BM_CONFLICT;
	}
	return BM_OK;
}

/* An end of 2^64 would wrap to 0, so the last page of the address space stays free. */
static bool virt_valid(const struct map_area *a, const struct paging_mode *mode)
{
	uint64_t last = a->virt + a->bytes - 1;

	return page_aligned(a->virt | a->bytes) && a->virt < last && last < UINT64_MAX &&
	       arch_virt_canonical(mode, a->virt) && arch_virt_canonical(mode, last) &&
	       a->virt >> 63 == last >> 63;
}

static bool phys_valid(const struct map_area *a, const struct paging_mode *mode)
{
	phys_t end = arch_phys_end(mode);

	if (a->rights & MAP_TABLES)
		return a->rights == MAP_TABLES && a->phys == 0;
	return page_aligned(a->phys) && a->phys < end && a->bytes <= end - a->phys;
}

/* Two views of one physical page that must not exist together. */
static bool views_clash(const struct map_area *a, const struct map_area *b)
{
	uint32_t rights = a->rights | b->rights;

	if ((b->rights & MAP_TABLES) || a->phys >= b->phys + b->bytes ||
		b->phys >= a->phys + a->bytes)
		return false;
	return !rights_sane(rights) || ((a->rights ^ b->rights) & MEMORY_TYPES) != 0;
}

/* Only code and uncached memory can clash with ordinary views, and there is little of both. */
static bool area_clashes(const struct map_plan *plan, const struct map_area *a)
{
	if (!(a->rights & (MAP_EXEC | MEMORY_TYPES)))
		return false;
	for (uint32_t i = 0; i < plan->count; i++)
		if (views_clash(a, &plan->area[i]))
			return true;
	return false;
}

/* --- public ----------------------------------------------------------------------------------- */

enum bm_error mapplan_build(struct map_plan *plan, const struct address_space *space,
	const struct e820 *map, const struct limits *limits, const struct map_special *special,
	uint32_t specials)
{
	struct plan_input in = { space, map, special, specials };
	pfn_t end_pfn = ARCH_HIGHMEM ? limits->max_low_pfn : limits->max_pfn;
	enum bm_error error = specials_check(&in);

	if (error != BM_OK)
		return error;
	if (pfn_phys(end_pfn) > space->direct_bytes)
		return BM_INVALID;
	if (put_areas(NULL, &in) > plan->capacity)
		return BM_FULL;
	plan->count = put_areas(plan->area, &in);
	return BM_OK;
}

/* An area of its own, whatever its neighbours are: joined, it could look as if larger pages showed it. */
static void append_part(struct map_plan *plan, const struct map_area *a, phys_t start, phys_t end)
{
	struct map_area *part = &plan->area[plan->count];

	if (start >= end)
		return;
	*part = *a;
	part->virt += start - a->phys;
	part->phys = start;
	part->bytes = end - start;
	plan->count++;
}

static void append_released(
	struct map_plan *plan, const struct map_area *a, phys_t start, phys_t end)
{
	phys_t area_end = a->phys + a->bytes;
	struct map_area released = *a;

	if (a->rights & MAP_TABLES) {
		plan->area[plan->count++] = *a;
		return;
	}
	start = min_u64(max_u64(start, a->phys), area_end);
	end = min_u64(max_u64(end, start), area_end);
	released.rights = MAP_WRITE;
	append_part(plan, a, a->phys, start);
	if (a->kind == MAP_DIRECT)
		append_part(plan, &released, start, end);
	append_part(plan, a, end, area_end);
}

/* Written behind itself: the old areas wait at the end of the storage. */
enum bm_error mapplan_release(struct map_plan *plan, phys_t start_phys, phys_t end_phys)
{
	uint32_t areas = plan->count;
	struct map_area *old = plan->area + plan->capacity - areas;

	if (start_phys >= end_phys)
		return BM_OK;
	if (plan->capacity - areas < 4)
		return BM_FULL;
	memmove(old, plan->area, areas * sizeof(*old));
	plan->count = 0;
	for (uint32_t i = 0; i < areas; i++) {
		struct map_area area = old[i]; /* what is appended may overtake it */

		append_released(plan, &area, start_phys, end_phys);
	}
	return BM_OK;
}

bool mapplan_check(const struct map_plan *plan, const struct paging_mode *mode)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < plan->count; i++) {
		const struct map_area *a = &plan->area[i];

		if (!virt_valid(a, mode) || !phys_valid(a, mode) || !rights_sane(a->rights))
			return false;
		if (a->virt < end || area_clashes(plan, a))
			return false;
		end = a->virt + a->bytes;
	}
	return true;
}

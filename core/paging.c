/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page-table builder and the walk. Invariant: every entry of every table is written exactly
 * once, in ascending order of addresses, so nothing is cleared first and a run of leaves is one
 * loop. Called by core/boot.c; the result is loaded by arch/<arch>/cpu.c.
 */
#include <bootmem/paging.h>
#include <bootmem/string.h>

#define MAX_LEVELS 5

/* The table of one level on the path from the root to where the builder stands. */
struct open_table {
	unsigned char *entries; /* null: none open */
	uint64_t span;          /* which stretch of the address space it covers */
	unsigned filled;        /* entries written so far */
};

struct builder {
	const struct paging_mode *mode;
	struct window window;
	struct paging *out;
	phys_t next_phys;                       /* first unused table page */
	unsigned entry_shift;                   /* log2 of an entry's bytes */
	struct open_table open[MAX_LEVELS + 1]; /* [level]; [0] is unused */
};

/* Entries of one level in one table that map pages in a row. */
struct leaf_run {
	unsigned level, shift, count;
	uint64_t virt;
	phys_t phys;
};

/* Counts stretches of the address space that arrive in ascending order, each once. */
struct span_counter {
	uint64_t next; /* first one not seen yet */
	uint64_t count;
};

/* --- geometry
 * ------------------------------------------------------------------------------------- */

static uint64_t leaf_bytes(const struct paging_mode *mode, unsigned level)
{
	return UINT64_C(1) << arch_level_shift(mode, level);
}

/* log2 of the bytes that a table of this level covers. */
static unsigned span_shift(const struct paging_mode *mode, unsigned level)
{
	return arch_level_shift(mode, level) + arch_level_bits(mode, level);
}

static unsigned entry_index(const struct paging_mode *mode, unsigned level, uint64_t virt)
{
	unsigned mask = (1u << arch_level_bits(mode, level)) - 1;

	return (unsigned)(virt >> arch_level_shift(mode, level)) & mask;
}

/* A lowest table is always full of entries: 1024 of 4 bytes or 512 of 8. */
static unsigned entry_shift(const struct paging_mode *mode)
{
	return PAGE_SHIFT - arch_level_bits(mode, 1);
}

/* The largest page that starts here and ends within the bytes left. */
static unsigned leaf_level(
	const struct paging_mode *mode, uint64_t virt, phys_t phys, uint64_t left)
{
	unsigned level = 1;

	for (unsigned l = 2; l <= mode->levels && arch_leaf_allowed(mode, l); l++) {
		uint64_t bytes = leaf_bytes(mode, l);

		if (((virt | phys) & (bytes - 1)) != 0 || left < bytes)
			break;
		level = l;
	}
	return level;
}

/*
 * How far down the tables of an area without pages reach. pkmap and fixmap are changed where memory
 * must not be needed: down to the lowest. For vmalloc it is enough that address spaces share what
 * is below the top level. With 2 levels that would be every page table, up to 1 MiB of them: there
 * the kernel adds tables to the root as it goes, and copies them to its other roots.
 */
static unsigned lowest_table(const struct paging_mode *mode, const struct map_area *area)
{
	if (area->kind != MAP_VMALLOC)
		return 1;
	return mode->levels > 2 ? mode->levels - 1u : 2;
}

/* --- counting --------------------------------------------------------------------------------- */

static void count_spans(struct span_counter *c, uint64_t first, uint64_t end)
{
	first = max_u64(first, c->next);
	if (first >= end)
		return;
	c->count += end - first;
	c->next = end;
}

/* Every span that an area touches needs a table, but for those that larger pages fill. */
static void count_area(struct span_counter *c, const struct map_area *area,
	const struct paging_mode *mode, unsigned level)
{
	unsigned shift = span_shift(mode, level);
	uint64_t mask = (UINT64_C(1) << shift) - 1;
	uint64_t first = area->virt >> shift, end = ((area->virt + area->bytes - 1) >> shift) + 1;
	uint64_t full_first = first + ((area->virt & mask) != 0);
	uint64_t full_end = (area->virt + area->bytes) >> shift;
	bool larger = !(area->rights & MAP_TABLES) && arch_leaf_allowed(mode, level + 1) &&
		      ((area->virt ^ area->phys) & mask) == 0;

	count_spans(c, first, larger ? full_first : end);
	count_spans(c, full_end, end);
}

static uint64_t tables_of_level(
	const struct map_plan *plan, const struct paging_mode *mode, unsigned level)
{
	struct span_counter c = { 0 };

	for (uint32_t i = 0; i < plan->count; i++) {
		const struct map_area *area = &plan->area[i];

		if (!(area->rights & MAP_TABLES) || level >= lowest_table(mode, area))
			count_area(&c, area, mode, level);
	}
	return c.count;
}

/* --- building --------------------------------------------------------------------------------- */

/* As fast as one store follows the other. */
static void fill_64(uint64_t *entry, uint64_t value, uint64_t step, unsigned count)
{
#pragma GCC unroll 8
	for (unsigned i = 0; i < count; i++, value += step)
		entry[i] = value;
}

static void fill_32(uint32_t *entry, uint32_t value, uint32_t step, unsigned count)
{
#pragma GCC unroll 8
	for (unsigned i = 0; i < count; i++, value += step)
		entry[i] = value;
}

/* What lies between the last entry and this one is not mapped. */
static void clear_up_to(const struct builder *b, struct open_table *table, unsigned index)
{
	size_t start = (size_t)table->filled << b->entry_shift;
	size_t end = (size_t)index << b->entry_shift;

	memset(table->entries + start, 0, end - start);
	table->filled = index;
}

/* count entries from virt on: value, value + step, ... */
static void put_entries(struct builder *b, unsigned level, uint64_t virt, uint64_t value,
	uint64_t step, unsigned count)
{
	struct open_table *table = &b->open[level];
	unsigned index = entry_index(b->mode, level, virt);
	void *entry = table->entries + ((size_t)index << b->entry_shift);

	clear_up_to(b, table, index);
	if (b->entry_shift == 3)
		fill_64(entry, value, step, count);
	else
		fill_32(entry, (uint32_t)value, (uint32_t)step, count);
	table->filled = index + count;
}

/* PAE's root has four entries in a page of its own; the rest of that page is cleared as well. */
static void close_table(struct builder *b, unsigned level)
{
	struct open_table *table = &b->open[level];

	if (table->entries)
		clear_up_to(b, table, 1u << (PAGE_SHIFT - b->entry_shift));
}

static phys_t open_table(struct builder *b, unsigned level, uint64_t span)
{
	phys_t phys = b->next_phys;

	close_table(b, level);
	b->open[level] = (struct open_table){
		.entries = phys_to_virt(b->window, phys),
		.span = span,
	};
	b->next_phys += PAGE_SIZE;
	return phys;
}

/* Make the tables that cover virt, down to a level, the open ones. */
static void open_path(struct builder *b, uint64_t virt, unsigned level)
{
	for (unsigned l = b->mode->levels - 1u; l >= level; l--) {
		uint64_t span = virt >> span_shift(b->mode, l);

		if (!b->open[l].entries || b->open[l].span != span) {
			phys_t phys = open_table(b, l, span);

			put_entries(b, l + 1, virt, arch_table_entry(b->mode, l + 1, phys), 0, 1);
		}
	}
}

/* A run in one table: a larger page can begin only where a table ends. */
static struct leaf_run next_run(
	const struct paging_mode *mode, const struct map_area *area, uint64_t done)
{
	uint64_t virt = area->virt + done, left = area->bytes - done;
	unsigned level = leaf_level(mode, virt, area->phys + done, left);
	unsigned shift = arch_level_shift(mode, level);
	unsigned room = (1u << arch_level_bits(mode, level)) - entry_index(mode, level, virt);

	return (struct leaf_run){
		.level = level,
		.shift = shift,
		.count = (unsigned)min_u64(left >> shift, room),
		.virt = virt,
		.phys = area->phys + done,
	};
}

static void count_area_pages(
	struct page_counts *counts, const struct map_area *area, const struct paging_mode *mode)
{
	struct leaf_run run;

	if (area->rights & MAP_TABLES)
		return;
	for (uint64_t done = 0; done < area->bytes; done += (uint64_t)run.count << run.shift) {
		run = next_run(mode, area, done);
		page_counts_add(counts, run.shift, run.count);
	}
}

static void map_pages(struct builder *b, const struct map_area *area)
{
	struct leaf_run run;

	for (uint64_t done = 0; done < area->bytes; done += (uint64_t)run.count << run.shift) {
		run = next_run(b->mode, area, done);
		open_path(b, run.virt, run.level);
		put_entries(b, run.level, run.virt,
			arch_leaf_entry(b->mode, run.level, run.phys, area->rights),
			UINT64_C(1) << run.shift, run.count);
	}
}

static void map_tables(struct builder *b, const struct map_area *area)
{
	unsigned level = lowest_table(b->mode, area);
	unsigned shift = span_shift(b->mode, level);
	uint64_t last = (area->virt + area->bytes - 1) >> shift;

	for (uint64_t span = area->virt >> shift; span <= last; span++)
		open_path(b, span << shift, level);
}

static void build_tables(struct builder *b, const struct map_plan *plan)
{
	b->out->root = open_table(b, b->mode->levels, 0);
	for (uint32_t i = 0; i < plan->count; i++) {
		const struct map_area *area = &plan->area[i];

		if (area->rights & MAP_TABLES)
			map_tables(b, area);
		else
			map_pages(b, area);
	}
	for (unsigned l = b->mode->levels; l >= 1; l--)
		close_table(b, l);
}

static bool tables_fit(const struct paging_mode *mode, phys_t phys, uint64_t pages)
{
	phys_t end = arch_tables_end(mode);

	return (phys & (PAGE_SIZE - 1)) == 0 && phys < end && pages <= pfn_down(end - phys);
}

/* --- the walk --------------------------------------------------------------------------------- */

/* Firmware maps all it can address, page by page: the walk of its tables is this loop. */
static unsigned series_64(const uint64_t *entry, uint64_t step, unsigned left)
{
	uint64_t next = *entry + step;
	unsigned n = 1;

#pragma GCC unroll 8
	for (; n < left; n++, next += step)
		if (entry[n] != next)
			break;
	return n;
}

static unsigned series_32(const uint32_t *entry, uint32_t step, unsigned left)
{
	uint32_t next = *entry + step;
	unsigned n = 1;

#pragma GCC unroll 8
	for (; n < left; n++, next += step)
		if (entry[n] != next)
			break;
	return n;
}

static void describe_leaf(struct paging_leaf *leaf, const struct paging_mode *mode, unsigned level,
	uint64_t entry, uint64_t virt)
{
	leaf->bytes = leaf_bytes(mode, level);
	leaf->virt = align_down(virt, leaf->bytes);
	leaf->phys = arch_entry_phys(mode, level, entry);
	leaf->rights = arch_entry_rights(mode, level, entry);
}

/* --- public ----------------------------------------------------------------------------------- */

uint64_t paging_table_pages(const struct map_plan *plan, const struct paging_mode *mode)
{
	uint64_t pages = 1;

	for (unsigned level = 1; level < mode->levels; level++)
		pages += tables_of_level(plan, mode, level);
	return pages;
}

enum bm_error paging_build(struct paging *out, const struct map_plan *plan,
	const struct paging_mode *mode, phys_t tables_phys, uint64_t table_pages,
	struct window window)
{
	struct paging built = {
		.tables_phys = tables_phys,
		.table_pages = table_pages,
		.mode = *mode,
	};
	struct builder b = {
		.mode = mode,
		.window = window,
		.out = &built,
		.next_phys = tables_phys,
		.entry_shift = entry_shift(mode),
	};

	if (!mapplan_check(plan, mode) || !tables_fit(mode, tables_phys, table_pages) ||
		table_pages != paging_table_pages(plan, mode))
		return BM_INVALID;
	build_tables(&b, plan);
	*out = built;
	return BM_OK;
}

void page_counts_add(struct page_counts *counts, unsigned shift, uint64_t count)
{
	switch (shift) {
	case 12:
		counts->pages_4k += count;
		break;
	case 21:
		counts->pages_2m += count;
		break;
	case 22:
		counts->pages_4m += count;
		break;
	default:
		counts->pages_1g += count;
	}
}

struct page_counts paging_area_pages(const struct map_area *area, const struct paging_mode *mode)
{
	struct page_counts counts = { 0 };

	count_area_pages(&counts, area, mode);
	return counts;
}

struct page_counts paging_plan_pages(const struct map_plan *plan, const struct paging_mode *mode)
{
	struct page_counts counts = { 0 };

	for (uint32_t i = 0; i < plan->count; i++)
		count_area_pages(&counts, &plan->area[i], mode);
	return counts;
}

const char *map_kind_name(enum map_kind kind)
{
	static const char *const name[MAP_KINDS] = {
		[MAP_DIRECT] = "direct map",
		[MAP_IDENTITY] = "identity",
		[MAP_VMALLOC] = "vmalloc",
		[MAP_FIXMAP] = "fixmap",
		[MAP_PKMAP] = "pkmap",
		[MAP_KERNEL] = "kernel",
		[MAP_SCREEN] = "framebuffer",
		[MAP_SERIAL] = "serial port",
	};

	return kind < MAP_KINDS ? name[kind] : "?";
}

uint64_t paging_read_entry(
	const struct paging_mode *mode, struct window window, phys_t table, unsigned index)
{
	const void *entries = phys_to_virt(window, table);

	if (entry_shift(mode) == 3)
		return ((const uint64_t *)entries)[index];
	return ((const uint32_t *)entries)[index];
}

unsigned paging_series(const struct paging_mode *mode, struct window window, phys_t table,
	unsigned level, unsigned index)
{
	const void *entries = phys_to_virt(window, table);
	unsigned left = (1u << arch_level_bits(mode, level)) - index;
	uint64_t step = leaf_bytes(mode, level);

	if (entry_shift(mode) == 3)
		return series_64((const uint64_t *)entries + index, step, left);
	return series_32((const uint32_t *)entries + index, (uint32_t)step, left);
}

bool paging_lookup(
	const struct paging *paging, struct window window, uint64_t virt, struct paging_leaf *leaf)
{
	const struct paging_mode *mode = &paging->mode;
	uint32_t denied = 0; /* by a level above */
	phys_t table = paging->root;

	if (!arch_virt_canonical(mode, virt))
		return false;
	for (unsigned level = mode->levels; level >= 1; level--) {
		uint64_t entry =
			paging_read_entry(mode, window, table, entry_index(mode, level, virt));

		if (!arch_entry_present(entry))
			return false;
		if (arch_entry_is_leaf(level, entry)) {
			describe_leaf(leaf, mode, level, entry, virt);
			leaf->rights &= ~denied;
			return true;
		}
		denied |= ~arch_entry_rights(mode, level, entry) & (MAP_WRITE | MAP_EXEC);
		table = arch_entry_phys(mode, level, entry);
	}
	return false;
}

/* The lowest-level entry for virt; null where no table leads there. */
static void *lowest_entry(const struct paging *paging, struct window window, uint64_t virt)
{
	const struct paging_mode *mode = &paging->mode;
	phys_t table = paging->root;

	if (!arch_virt_canonical(mode, virt))
		return NULL;
	for (unsigned level = mode->levels; level > 1; level--) {
		uint64_t entry =
			paging_read_entry(mode, window, table, entry_index(mode, level, virt));

		if (!arch_entry_present(entry) || arch_entry_is_leaf(level, entry))
			return NULL;
		table = arch_entry_phys(mode, level, entry);
	}
	return phys_to_virt(
		window, table + ((phys_t)entry_index(mode, 1, virt) << entry_shift(mode)));
}

static bool write_lowest(
	const struct paging *paging, struct window window, uint64_t virt, uint64_t value)
{
	void *entry = lowest_entry(paging, window, virt);

	if (entry == NULL)
		return false;
	if (entry_shift(&paging->mode) == 3)
		fill_64(entry, value, 0, 1);
	else
		fill_32(entry, (uint32_t)value, 0, 1);
	return true;
}

bool paging_set_page(const struct paging *paging, struct window window, uint64_t virt, phys_t phys,
	uint32_t rights)
{
	return write_lowest(paging, window, virt, arch_leaf_entry(&paging->mode, 1, phys, rights));
}

bool paging_clear_page(const struct paging *paging, struct window window, uint64_t virt)
{
	return write_lowest(paging, window, virt, 0);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The firmware's page tables: a summary, and where they are. Nothing in them can be taken for granted: tables may
 * be shared or lead back to themselves. Invariant: a walk ends after PAGING_AUDIT_TABLES tables, and reads only.
 * Called by core/boot.c at the start, while these tables are live.
 */
#include <bootmem/paging.h>

#define W_AND_X (MAP_WRITE | MAP_EXEC)

struct audit {
	const struct paging *paging;
	struct window window;
	const struct e820 *map;
	struct paging_audit *out;
	phys_t tables_end;
	phys_t seen_start, seen_end; /* pages in a row, mapped where they are, not counted yet */
	uint64_t ram_seen;           /* pages */
};

/* A table, and what the levels above it allow. */
struct audited_table {
	phys_t phys;
	unsigned level;
	uint64_t virt;
	uint32_t rights;
};

static void count_seen(struct audit *a)
{
	a->ram_seen += e820_ram_pages(a->map, pfn_down(a->seen_start), pfn_down(a->seen_end));
}

/* Large machines have many pages, and few gaps between them. */
static void see(struct audit *a, phys_t start, phys_t end)
{
	if (start != a->seen_end) {
		count_seen(a);
		a->seen_start = start;
	}
	a->seen_end = end;
}

/* count of them, in a row. */
static void audit_leaves(struct audit *a, const struct audited_table *t, uint64_t virt,
	uint64_t entry, unsigned count)
{
	const struct paging_mode *mode = &a->paging->mode;
	unsigned shift = arch_level_shift(mode, t->level);
	phys_t phys = arch_entry_phys(mode, t->level, entry);
	uint32_t rights = arch_entry_rights(mode, t->level, entry) & t->rights;
	uint64_t bytes = (uint64_t)count << shift;

	page_counts_add(&a->out->pages, shift, count);
	if ((rights & W_AND_X) == W_AND_X)
		a->out->write_exec_bytes += bytes;
	if (virt == phys)
		see(a, phys, phys + bytes);
}

static bool table_is_read_only(const struct audit *a, phys_t phys)
{
	struct paging_leaf leaf;

	return paging_lookup(a->paging, a->window, phys, &leaf) && !(leaf.rights & MAP_WRITE);
}

/* Is there memory, and can it be seen through the window? */
static bool in_reach(struct window window, phys_t end, phys_t phys)
{
	return phys < end && phys <= UINTPTR_MAX - window.base;
}

/* Can this table be read, and is it not one too many? */
static bool enter(struct audit *a, phys_t phys)
{
	if (a->out->tables == PAGING_AUDIT_TABLES || !in_reach(a->window, a->tables_end, phys)) {
		a->out->complete = false;
		return false;
	}
	a->out->tables++;
	return true;
}

static void audit_table(struct audit *a, struct audited_table t);

static void audit_child(
	struct audit *a, const struct audited_table *parent, uint64_t virt, uint64_t entry)
{
	const struct paging_mode *mode = &a->paging->mode;

	audit_table(
		a, (struct audited_table){
			   .phys = arch_entry_phys(mode, parent->level, entry),
			   .level = parent->level - 1,
			   .virt = virt,
			   .rights = parent->rights & arch_entry_rights(mode, parent->level, entry),
		   });
}

static void audit_table(struct audit *a, struct audited_table t)
{
	const struct paging_mode *mode = &a->paging->mode;
	unsigned count;

	if (!enter(a, t.phys))
		return;
	a->out->read_only_tables += table_is_read_only(a, t.phys);
	for (unsigned i = 0; i < 1u << arch_level_bits(mode, t.level); i += count) {
		uint64_t entry = paging_read_entry(mode, a->window, t.phys, i);
		uint64_t virt = t.virt + ((uint64_t)i << arch_level_shift(mode, t.level));

		count = 1;
		if (!arch_entry_present(entry))
			continue;
		if (!arch_entry_is_leaf(t.level, entry)) {
			audit_child(a, &t, virt, entry);
			continue;
		}
		count = paging_series(mode, a->window, t.phys, t.level, i);
		audit_leaves(a, &t, virt, entry, count);
	}
}

void paging_audit(struct paging_audit *out, const struct paging *paging, struct window window,
	phys_t tables_end, const struct e820 *map)
{
	struct audit a = {
		.paging = paging, .window = window, .map = map, .out = out, .tables_end = tables_end
	};
	uint64_t ram = e820_ram_pages(map, 0, PFN_END);

	*out = (struct paging_audit){ .levels = paging->mode.levels, .complete = true };
	audit_table(&a, (struct audited_table){
				.phys = paging->root,
				.level = paging->mode.levels,
				.rights = W_AND_X,
			});
	count_seen(&a);
	out->ram_unmapped_pages = ram - min_u64(ram, a.ram_seen);
}

struct visitor {
	const struct paging *paging;
	struct window window;
	phys_t end;
	void (*visit)(void *ctx, phys_t table);
	void *ctx;
	uint32_t left;
};

static void visit_table(struct visitor *v, phys_t table, unsigned level)
{
	const struct paging_mode *mode = &v->paging->mode;
	unsigned entries = level > 1 ? 1u << arch_level_bits(mode, level) : 0;

	if (v->left == 0 || !in_reach(v->window, v->end, table))
		return;
	v->left--;
	v->visit(v->ctx, table);
	for (unsigned i = 0, count; i < entries; i += count) {
		uint64_t entry = paging_read_entry(mode, v->window, table, i);

		count = 1;
		if (!arch_entry_present(entry))
			continue;
		if (arch_entry_is_leaf(level, entry))
			count = paging_series(mode, v->window, table, level, i);
		else
			visit_table(v, arch_entry_phys(mode, level, entry), level - 1);
	}
}

void paging_visit_tables(const struct paging *paging, struct window window, phys_t tables_end,
	void (*visit)(void *ctx, phys_t table), void *ctx)
{
	struct visitor v = { paging, window, tables_end, visit, ctx, PAGING_AUDIT_TABLES };

	visit_table(&v, paging->root, paging->mode.levels);
}

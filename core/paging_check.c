/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The proof that finished tables map what they should and nothing else (paging_check). It shares
 * no code with the plan and the builder: the rules are read once more from e820 and the specials, the
 * tables once more from the root. Invariant: below view.next, everything that belongs into a view
 * was met, with its rights. Called by core/boot.c before the exit, and again after settle.
 */
#include <bootmem/paging.h>

#define MEMORY_TYPES (MAP_UC | MAP_WC)
#define W_AND_X      (MAP_WRITE | MAP_EXEC)

/*
 * The places where the physical memory [start, end) can appear; a page is at base + phys, modulo 2^64. The kernel's
 * may lie in the middle of the identity part, so it is asked first.
 */
enum { KERNEL, SCREEN, SERIAL, IDENTITY, DIRECT, VIEWS };

struct view {
	uint64_t base;
	phys_t start, end;
	phys_t next; /* all below was checked */
};

struct checker {
	const struct paging *paging;
	const struct paging_rules *rules;
	struct window window;
	struct view view[VIEWS];
	uint32_t unenforced; /* rights that the CPU can't deny */
	phys_t next_table;
	struct paging_violation found;
};

/* What belongs to [phys, end) in each view. */
struct rule {
	phys_t end;
	bool shown[VIEWS];
	uint32_t rights[VIEWS];
};

/* Leaves that run in step, all with the same rights. */
struct leaf_run {
	uint64_t virt;
	phys_t phys;
	uint64_t bytes;
	uint32_t rights;
};

static bool report(struct checker *c, enum paging_fault fault, uint64_t virt, phys_t phys)
{
	c->found = (struct paging_violation){ fault, virt, phys };
	return false;
}

/* --- the rules ---------------------------------------------------------------------------------- */

static phys_t nearer(phys_t end, phys_t edge, phys_t phys)
{
	return edge > phys && edge < end ? edge : end;
}

/* Is this RAM? Shortens *end to where that changes. */
static bool is_ram(const struct e820 *map, phys_t phys, phys_t *end)
{
	uint32_t low = 0, high = map->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (map->entry[middle].end <= phys)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == map->count)
		return false;
	*end = nearer(*end, map->entry[low].start, phys);
	*end = nearer(*end, map->entry[low].end, phys);
	return map->entry[low].start <= phys && map->entry[low].type == E820_RAM;
}

/* What all specials on one page leave. */
struct verdict {
	bool covered, identity, kernel, guard, bad;
	uint32_t denied; /* MAP_WRITE, MAP_EXEC */
	uint32_t types;
};

static void weigh(struct verdict *v, const struct map_special *s)
{
	if (s->bad) {
		v->bad = true;
		return;
	}
	v->covered = true;
	v->identity |= s->identity;
	v->kernel |= s->kernel;
	v->guard |= s->guard;
	v->denied |= ~s->rights & W_AND_X;
	v->types |= s->rights & MEMORY_TYPES;
}

static struct verdict verdict_at(const struct paging_rules *rules, phys_t phys, phys_t *end)
{
	struct verdict v = { .guard = phys < PAGE_SIZE };

	*end = nearer(*end, PAGE_SIZE, phys);
	for (uint32_t i = 0; i < rules->specials; i++) {
		const struct map_special *s = &rules->special[i];

		*end = nearer(*end, s->start_phys, phys);
		*end = nearer(*end, s->end_phys, phys);
		if (s->start_phys <= phys && phys < s->end_phys)
			weigh(&v, s);
	}
	return v;
}

static bool in_view(const struct view *view, phys_t phys)
{
	return view->start <= phys && phys < view->end;
}

static struct rule rule_at(const struct checker *c, phys_t phys)
{
	struct rule rule = { .end = PHYS_END };
	bool ram = is_ram(c->rules->map, phys, &rule.end);
	struct verdict v = verdict_at(c->rules, phys, &rule.end);
	uint32_t allowed = v.covered ? W_AND_X & ~v.denied : MAP_WRITE;
	uint32_t type = v.types & MAP_UC ? MAP_UC : v.types;

	rule.end = nearer(rule.end, c->view[DIRECT].end, phys);
	rule.shown[IDENTITY] = v.identity && !v.guard;
	rule.rights[IDENTITY] = allowed | type;
	rule.shown[KERNEL] = v.kernel && !v.guard && in_view(&c->view[KERNEL], phys);
	rule.rights[KERNEL] = allowed | type;
	rule.shown[SCREEN] = v.kernel && !v.guard && in_view(&c->view[SCREEN], phys);
	rule.rights[SCREEN] = allowed | type;
	rule.shown[SERIAL] = v.kernel && !v.guard && in_view(&c->view[SERIAL], phys);
	rule.rights[SERIAL] = allowed | type;
	rule.shown[DIRECT] = ram && !v.guard && !v.bad && phys < c->view[DIRECT].end;
	rule.rights[DIRECT] = (allowed & MAP_EXEC ? 0 : allowed) | type;
	return rule;
}

/* --- what was found against the rules ------------------------------------------------------------ */

/* Nothing that belongs into a view below phys was left out. */
static bool nothing_missing(struct checker *c, struct view *view, phys_t phys)
{
	unsigned which = (unsigned)(view - c->view);

	for (phys_t at = view->next; at < phys;) {
		struct rule rule = rule_at(c, at);

		if (rule.shown[which])
			return report(c, PAGING_MISSING, view->base + at, at);
		at = rule.end;
	}
	return true;
}

static enum paging_fault wrong_rights(uint32_t found, uint32_t wanted, uint32_t elsewhere)
{
	if (((found | elsewhere) & W_AND_X) == W_AND_X)
		return PAGING_WRITE_EXEC;
	if (((found ^ wanted) & MEMORY_TYPES) != 0)
		return PAGING_MEMORY_TYPE;
	return found != wanted ? PAGING_RIGHTS : PAGING_SOUND;
}

static enum paging_fault page_fault(
	const struct checker *c, const struct rule *rule, unsigned view, uint32_t found)
{
	uint32_t visible = ~c->unenforced, elsewhere = 0;

	if (!rule->shown[view])
		return PAGING_UNWANTED;
	for (unsigned other = 0; other < VIEWS; other++)
		if (other != view && rule->shown[other])
			elsewhere |= rule->rights[other];
	return wrong_rights(found & visible, rule->rights[view] & visible, elsewhere & visible);
}

static bool check_in_view(struct checker *c, struct view *view, const struct leaf_run *run)
{
	phys_t end = run->phys + run->bytes;

	if (run->virt - view->base != run->phys)
		return report(c, PAGING_ADDRESS, run->virt, run->phys);
	if (!nothing_missing(c, view, run->phys))
		return false;
	for (phys_t at = run->phys; at < end;) {
		struct rule rule = rule_at(c, at);
		enum paging_fault fault =
			page_fault(c, &rule, (unsigned)(view - c->view), run->rights);

		if (fault != PAGING_SOUND)
			return report(c, fault, view->base + at, at);
		at = rule.end;
	}
	view->next = end;
	return true;
}

static struct view *view_of(struct checker *c, uint64_t virt)
{
	for (unsigned i = 0; i < VIEWS; i++) {
		struct view *view = &c->view[i];
		phys_t phys = virt - view->base;

		if (phys >= view->start && phys < view->end)
			return view;
	}
	return NULL;
}

/* How much of a run lies in the view that it starts in: pages of two may run in step. */
static uint64_t bytes_in_view(
	const struct checker *c, const struct view *view, const struct leaf_run *run)
{
	const struct view *kernel = &c->view[KERNEL];
	uint64_t bytes = min_u64(run->bytes, view->end - (run->virt - view->base));
	uint64_t kernel_virt = kernel->base + kernel->start;

	return run->virt < kernel_virt ? min_u64(bytes, kernel_virt - run->virt) : bytes;
}

static bool check_run(struct checker *c, const struct leaf_run *run)
{
	struct leaf_run part = *run;

	for (uint64_t done = 0; done < run->bytes; done += part.bytes) {
		struct view *view;

		part.virt = run->virt + done;
		part.phys = run->phys + done;
		part.bytes = run->bytes - done;
		view = view_of(c, part.virt);
		if (view == NULL)
			return report(c, PAGING_UNWANTED, part.virt, part.phys);
		part.bytes = bytes_in_view(c, view, &part);
		if (!check_in_view(c, view, &part))
			return false;
	}
	return true;
}

/* --- the walk -------------------------------------------------------------------------------------- */

struct table {
	phys_t phys;
	unsigned level;
	uint64_t virt; /* of its first entry */
	unsigned entries;
};

static unsigned page_entries(const struct paging_mode *mode)
{
	return 1u << arch_level_bits(mode, 1);
}

/* Addresses of the upper half carry their sign. */
static uint64_t entry_virt(
	const struct paging_mode *mode, const struct table *table, unsigned index)
{
	unsigned shift = arch_level_shift(mode, table->level);
	uint64_t virt = table->virt + ((uint64_t)index << shift);

	if (!arch_virt_canonical(mode, virt))
		virt |= UINT64_MAX << (shift + arch_level_bits(mode, table->level));
	return virt;
}

static bool check_leaves(struct checker *c, const struct table *table, unsigned index,
	uint64_t entry, unsigned count)
{
	const struct paging_mode *mode = &c->paging->mode;
	struct leaf_run run = {
		.virt = entry_virt(mode, table, index),
		.phys = arch_entry_phys(mode, table->level, entry),
		.bytes = (uint64_t)count << arch_level_shift(mode, table->level),
		.rights = arch_entry_rights(mode, table->level, entry),
	};

	if (run.phys + run.bytes > arch_phys_end(mode))
		return report(c, PAGING_ENTRY, run.virt, run.phys);
	return check_run(c, &run);
}

static bool check_table(struct checker *c, struct table table);

static bool check_child(
	struct checker *c, const struct table *parent, unsigned index, uint64_t entry)
{
	const struct paging_mode *mode = &c->paging->mode;
	struct table child = {
		.phys = arch_entry_phys(mode, parent->level, entry),
		.level = parent->level - 1,
		.virt = entry_virt(mode, parent, index),
		.entries = 1u << arch_level_bits(mode, parent->level - 1),
	};

	return check_table(c, child);
}

/* Present entries only; *count tells how many were checked. */
static bool check_entry(struct checker *c, const struct table *table, unsigned index,
	uint64_t entry, unsigned *count)
{
	const struct paging_mode *mode = &c->paging->mode;

	if (index >= table->entries || !arch_entry_present(entry) ||
		!arch_entry_sound(mode, table->level, entry))
		return report(c, PAGING_ENTRY, entry_virt(mode, table, index), 0);
	if (!arch_entry_is_leaf(table->level, entry))
		return check_child(c, table, index, entry);
	*count = paging_series(mode, c->window, table->phys, table->level, index);
	return check_leaves(c, table, index, entry, *count);
}

/* PAE's root has four entries; the rest of its page is looked at, too. */
static bool check_table(struct checker *c, struct table table)
{
	const struct paging *p = c->paging;
	unsigned count;

	if (table.phys != c->next_table || table.phys >= p->tables_phys + pfn_phys(p->table_pages))
		return report(c, PAGING_TABLES, table.virt, table.phys);
	c->next_table += PAGE_SIZE;
	for (unsigned i = 0; i < page_entries(&p->mode); i += count) {
		uint64_t entry = paging_read_entry(&p->mode, c->window, table.phys, i);

		count = 1;
		if (entry != 0 && !check_entry(c, &table, i, entry, &count))
			return false;
	}
	return true;
}

/* --- public ----------------------------------------------------------------------------------------- */

static struct view span_view(const struct map_span *span)
{
	phys_t start = span->start - span->base;

	return (struct view){ span->base, start, span->end - span->base, start };
}

static struct checker checker_of(
	const struct paging *paging, struct window window, const struct paging_rules *rules)
{
	const struct paging_mode *mode = &paging->mode;
	pfn_t end = ARCH_HIGHMEM ? rules->limits->max_low_pfn : rules->limits->max_pfn;

	const struct address_space *space = rules->space;
	const struct map_span kernel = { space->kernel_start, space->kernel_end,
		space->kernel_base };

	return (struct checker){
		.paging = paging,
		.rules = rules,
		.window = window,
		.view = {
			[KERNEL] = span_view(&kernel),
			[SCREEN] = span_view(&space->screen),
			[SERIAL] = span_view(&space->serial),
			[IDENTITY] = { 0, 0, min_u64(space->identity_end, PHYS_END), 0 },
			[DIRECT] = { space->direct_base, 0, pfn_phys(end), 0 },
		},
		.unenforced = arch_entry_rights(mode, 1, arch_leaf_entry(mode, 1, 0, 0)),
		.next_table = paging->tables_phys,
	};
}

struct paging_violation paging_check(
	const struct paging *paging, struct window window, const struct paging_rules *rules)
{
	struct checker c = checker_of(paging, window, rules);
	struct table root = {
		.phys = paging->root,
		.level = paging->mode.levels,
		.entries = 1u << arch_level_bits(&paging->mode, paging->mode.levels),
	};

	if (check_table(&c, root) && nothing_missing(&c, &c.view[IDENTITY], c.view[IDENTITY].end) &&
		nothing_missing(&c, &c.view[DIRECT], c.view[DIRECT].end) &&
		nothing_missing(&c, &c.view[KERNEL], c.view[KERNEL].end) &&
		nothing_missing(&c, &c.view[SCREEN], c.view[SCREEN].end) &&
		nothing_missing(&c, &c.view[SERIAL], c.view[SERIAL].end) &&
		c.next_table != paging->tables_phys + pfn_phys(paging->table_pages))
		(void)report(&c, PAGING_TABLES, 0, c.next_table);
	return c.found;
}

const char *paging_fault_text(enum paging_fault fault)
{
	static const char *const text[PAGING_FAULTS] = {
		[PAGING_SOUND] = "no fault",
		[PAGING_ENTRY] = "an entry has bits it must not have",
		[PAGING_TABLES] = "a table is not one of ours, or not where it belongs",
		[PAGING_MISSING] = "a page is not mapped",
		[PAGING_UNWANTED] = "a page is mapped that must not be",
		[PAGING_ADDRESS] = "another page is mapped than belongs there",
		[PAGING_RIGHTS] = "a page has other rights than it should",
		[PAGING_WRITE_EXEC] = "a page can be written and executed",
		[PAGING_MEMORY_TYPE] = "a page has another memory type than it should",
	};

	return fault < PAGING_FAULTS ? text[fault] : "?";
}

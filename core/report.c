/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text report: one function for each section, in the order of the page. Invariant: a section
 * explains itself in its heading, and no line is longer than 79 columns. Called by the front ends
 * once the pipeline has run.
 */
#include <bootmem/report.h>

/* --- totals --------------------------------------------------------------------------------- */

static uint64_t zones_free_pages(const struct boot *b)
{
	uint64_t pages = 0;

	if (b->mm == NULL)
		return 0;
	for (uint32_t i = 0; i < b->mm->nodes * ARCH_NR_ZONES; i++)
		pages += mm_zone(b->mm, i)->free_pages;
	return pages;
}

bool report_is_live(enum report_stage stage)
{
	return stage == REPORT_BOOTED || stage == REPORT_SIMULATED;
}

void report_totals(const struct boot *b, enum report_stage stage, struct report_totals *out)
{
	struct report_totals t = { .present_pages = e820_ram_pages(&b->e820, 0, PFN_END) };

	for (unsigned owner = 0; owner < OWNER_COUNT; owner++) {
		uint64_t pages = boot_owner_pages(b, owner);

		t.reserved_pages += pages;
		t.reclaimable_pages += owner_reclaimable(owner) ? pages : 0;
	}
	if (ARCH_HIGHMEM)
		t.highmem_pages = e820_ram_pages(&b->e820, b->limits.highstart_pfn, PFN_END);
	t.free_pages =
		report_is_live(stage) ? zones_free_pages(b) : t.present_pages - t.reserved_pages;
	*out = t;
}

static bool totals_balance(const struct report_totals *t)
{
	return t->present_pages == t->free_pages + t->reserved_pages;
}

/* --- pieces --------------------------------------------------------------------------------- */

static void put_heading(const struct sink *out, const char *name, const char *explanation)
{
	sink_printf(out, "\n%s - %s\n", name, explanation);
}

/* One line for each range of addresses, wherever it appears. */
static void put_range(const struct sink *out, uint64_t start, uint64_t end, const char *what)
{
	char size[SIZE_TEXT_MAX];

	sink_printf(out, "  [0x%016llx, 0x%016llx)  %10s  %s\n", ULL(start), ULL(end),
		format_size(size, end - start), what);
}

static void put_pages(const struct sink *out, const char *what, uint64_t pages)
{
	char size[SIZE_TEXT_MAX];

	sink_printf(out, "  %-24s %12llu %12s", what, ULL(pages),
		format_size(size, pages << PAGE_SHIFT));
}

/* --- sections ------------------------------------------------------------------------------- */

static void put_title(const struct boot *b, const struct sink *out)
{
	sink_printf(out, "\nbootmem %s: this machine's memory, as a kernel finds it\n", ARCH_NAME);
	sink_printf(out, "firmware: %.48s, revision 0x%x\n",
		b->input.firmware_vendor[0] != '\0' ? b->input.firmware_vendor : "(no name)",
		b->input.firmware_revision);
	sink_printf(out, "its map:  %u entries of %u bytes", b->map.count, b->map.stride);
	if (b->exit_attempts != 0)
		sink_printf(out, "; left after %u attempt%s", b->exit_attempts,
			b->exit_attempts == 1 ? "" : "s");
	sink_puts(out, "\n");
}

static void put_live_verdict(
	const struct boot *b, const struct report_totals *t, const struct sink *out)
{
	bool good = totals_balance(t) && b->selftest.balanced;

	sink_puts(out, good ? "  READY. Page tables and page allocator work.\n"
			    : "  NOT READY. Do not start a kernel from here.\n");
	sink_printf(out, "  %s\n",
		totals_balance(t) ? "Every page of RAM is either free or has a named owner."
				  : "PROBLEM: free and reserved pages are not all of RAM.");
	sink_printf(out, "  Self-test: %u blocks taken and given back, %s\n", b->selftest.blocks,
		b->selftest.balanced ? "every count as before." : "PROBLEM: counts changed.");
	if (b->selftest.high_pages != 0)
		sink_printf(out, "  %u pages of high memory written and read through pkmap.\n",
			b->selftest.high_pages);
}

static void put_verdict(const struct boot *b, enum report_stage stage,
	const struct report_totals *t, const struct sink *out)
{
	put_heading(out, "VERDICT", "can a kernel start on this?");
	if (report_is_live(stage)) {
		put_live_verdict(b, t, out);
		return;
	}
	sink_puts(out,
		stage == REPORT_REPORT
			? "  REPORT ONLY. The firmware stays in charge and gets every page back.\n"
			: "  PLAN. The firmware is still in charge; this is what is to come.\n");
	if (!totals_balance(t))
		sink_puts(out, "  PROBLEM: owners hold more pages than there are.\n");
}

static void put_finding(const struct sink *out, unsigned id, const struct finding *found)
{
	sink_printf(out, "  %-4s %6u x  %s\n", finding_quirk(id), found->count, finding_text(id));
	if (found->start_phys < found->end_phys)
		put_range(out, found->start_phys, found->end_phys,
			found->count == 1 ? "there" : "first there");
}

static void put_findings(const struct boot *b, const struct sink *out)
{
	put_heading(out, "FINDINGS", "what was unusual, and what was done (docs/quirks.md)");
	if (findings_kinds(&b->findings) == 0)
		sink_puts(out, "  none\n");
	for (unsigned id = 0; id < FINDING_COUNT; id++)
		if (b->findings.of[id].count != 0)
			put_finding(out, id, &b->findings.of[id]);
}

static const char *e820_type_words(uint32_t type)
{
	static const char *const words[E820_TYPES] = {
		[E820_RAM] = "RAM",
		[E820_SOFT] = "special-purpose",
		[E820_PMEM] = "persistent",
		[E820_UNACCEPTED] = "unaccepted",
		[E820_ACPI] = "ACPI tables",
		[E820_NVS] = "ACPI NVS",
		[E820_UNUSABLE] = "unusable",
		[E820_RESERVED] = "reserved",
	};

	return type < E820_TYPES ? words[type] : "?";
}

static void put_e820(const struct boot *b, const struct sink *out)
{
	put_heading(out, "E820", "the address map; what no range covers is not memory");
	for (uint32_t i = 0; i < b->e820.count; i++)
		put_range(out, b->e820.entry[i].start, b->e820.entry[i].end,
			e820_type_words(b->e820.entry[i].type));
}

static void put_limit(const struct sink *out, const char *name, pfn_t pfn, const char *meaning)
{
	sink_printf(out, "  %-14s %12llu   0x%013llx   %s\n", name, ULL(pfn), ULL(pfn_phys(pfn)),
		meaning);
}

static void put_limits(const struct boot *b, const struct sink *out)
{
	const struct limits *l = &b->limits;

	put_heading(out, "LIMITS", "page numbers (pages of 4 KiB) and their addresses");
	put_limit(out, "min_low_pfn", l->min_low_pfn, "first usable page");
	put_limit(out, "max_low_pfn", l->max_low_pfn, "end of low memory");
	put_limit(out, "highstart_pfn", l->highstart_pfn, "start of high memory");
	put_limit(out, "highend_pfn", l->highend_pfn, "end of high memory");
	put_limit(out, "max_pfn", l->max_pfn, "end of memory");
}

static void put_node(const struct boot *b, uint32_t nid, const struct sink *out)
{
	const struct node_map *map = &b->node_map;
	struct pfn_range range;

	sink_printf(out, "  node %-3u domain %-5u distances", nid, map->domain[nid]);
	for (uint32_t to = 0; to < map->nodes && to < 12; to++)
		sink_printf(out, " %3u", map->distance[(size_t)nid * map->nodes + to]);
	sink_puts(out, map->nodes > 12 ? " ...\n" : "\n");
	for (uint32_t i = 0; node_next_range(map, nid, &i, &range);)
		put_range(out, pfn_phys(range.start), pfn_phys(range.end), "RAM of this node");
}

/* A machine that is all one node needs no table. */
static void put_nodes(const struct boot *b, const struct sink *out)
{
	if (b->node_map.nodes <= 1)
		return;
	put_heading(out, "NODES", "memory that is near to the same processors");
	for (uint32_t nid = 0; nid < b->node_map.nodes; nid++)
		put_node(b, nid, out);
}

static void put_zone(const struct sink *out, uint32_t index, const struct zone *zone)
{
	sink_printf(out, "  %-7s %4u %11llu %11llu %11llu %11llu %11llu\n", zone_name(index),
		zone->nid, ULL(zone->start_pfn), ULL(zone->spanned_pages), ULL(zone->present_pages),
		ULL(zone->managed_pages), ULL(zone->free_pages));
}

/* With several nodes most zones are empty. */
static bool worth_a_line(const struct mm *mm, const struct zone *zone)
{
	return mm->nodes == 1 || zone->present_pages != 0;
}

static void put_zones(const struct mm *mm, const struct sink *out)
{
	put_heading(out, "ZONES", "in pages; spanned with holes, present is RAM");
	sink_printf(out, "  %-7s %4s %11s %11s %11s %11s %11s\n", "zone", "node", "first page",
		"spanned", "present", "managed", "free");
	for (uint32_t nid = 0; nid < mm->nodes; nid++)
		for (uint32_t i = 0; i < ARCH_NR_ZONES; i++)
			if (worth_a_line(mm, &mm->node[nid].zone[i]))
				put_zone(out, i, &mm->node[nid].zone[i]);
}

static void put_zone_blocks(const struct sink *out, uint32_t index, const struct zone *zone)
{
	sink_printf(out, "  %-7s %4u", zone_name(index), zone->nid);
	for (unsigned order = 0; order < NR_ORDERS; order++)
		sink_printf(out, " %*llu", order < MAX_ORDER ? 4 : 9,
			ULL(zone_free_blocks(zone, order)));
	sink_puts(out, "\n");
}

static void put_free_blocks(const struct mm *mm, const struct sink *out)
{
	put_heading(out, "FREE BLOCKS", "how many of each order; order n is 2^n pages in a row");
	sink_printf(out, "  %-7s %4s", "zone", "node");
	for (unsigned order = 0; order < NR_ORDERS; order++)
		sink_printf(out, " %*u", order < MAX_ORDER ? 4 : 9, order);
	sink_puts(out, "\n");
	for (uint32_t nid = 0; nid < mm->nodes; nid++)
		for (uint32_t i = 0; i < ARCH_NR_ZONES; i++)
			if (worth_a_line(mm, &mm->node[nid].zone[i]))
				put_zone_blocks(out, i, &mm->node[nid].zone[i]);
}

static void put_owners(const struct boot *b, const struct report_totals *t, const struct sink *out)
{
	put_heading(out, "OWNERS", "who holds the reserved pages; may a kernel take them back?");
	sink_printf(out, "  %-24s %12s %12s   %s\n", "owner", "pages", "size", "reclaimable");
	for (unsigned owner = 0; owner < OWNER_COUNT; owner++) {
		uint64_t pages = boot_owner_pages(b, owner);

		if (pages == 0)
			continue;
		put_pages(out, owner_name(owner), pages);
		sink_puts(out, owner_reclaimable(owner) ? "   yes\n" : "   no\n");
	}
	put_pages(out, "together", t->reserved_pages);
	sink_printf(out, "   %llu of them\n", ULL(t->reclaimable_pages));
	if (b->freed_init_pages != 0) {
		put_pages(out, "freed after the start", b->freed_init_pages);
		sink_puts(out, "   init code and scratch\n");
	}
}

static void put_memory(const struct report_totals *t, const struct sink *out)
{
	put_heading(out, "MEMORY", "free and reserved pages are all pages of RAM");
	sink_printf(out, "  %-24s %12s %12s\n", "", "pages", "size");
	put_pages(out, "  free", t->free_pages);
	sink_puts(out, "\n");
	put_pages(out, "+ reserved", t->reserved_pages);
	sink_puts(out, "\n");
	put_pages(out, "= present", t->free_pages + t->reserved_pages);
	if (totals_balance(t))
		sink_puts(out, "   as e820 says\n");
	else
		sink_printf(out, "   PROBLEM: e820 has %llu\n", ULL(t->present_pages));
	if (t->highmem_pages != 0) {
		put_pages(out, "  of these high memory", t->highmem_pages);
		sink_puts(out, "\n");
	}
}

static void put_mapped(const struct page_counts *counts, const struct sink *out)
{
	const struct {
		const char *size;
		uint64_t pages;
	} of[] = {
		{ "4 KiB", counts->pages_4k },
		{ "2 MiB", counts->pages_2m },
		{ "4 MiB", counts->pages_4m },
		{ "1 GiB", counts->pages_1g },
	};

	sink_puts(out, "  mapped pages:");
	for (unsigned i = 0; i < ARRAY_SIZE(of); i++)
		if (of[i].pages != 0)
			sink_printf(out, "  %llu x %s", ULL(of[i].pages), of[i].size);
	sink_puts(out, "\n");
}

static void put_page_counts(const struct page_counts *counts, const struct sink *out)
{
	const struct {
		const char *size;
		uint64_t pages;
	} of[] = {
		{ "1G", counts->pages_1g },
		{ "4M", counts->pages_4m },
		{ "2M", counts->pages_2m },
		{ "4K", counts->pages_4k },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(of); i++)
		if (of[i].pages != 0)
			sink_printf(out, " %s:%llu", of[i].size, ULL(of[i].pages));
}

static const char *type_words(uint32_t rights)
{
	return rights & MAP_UC ? " UC" : rights & MAP_WC ? " WC" : "";
}

static void put_area(
	const struct map_area *area, const struct paging_mode *mode, const struct sink *out)
{
	const int digits = ARCH_HIGHMEM ? 8 : 16;
	struct page_counts counts = paging_area_pages(area, mode);

	sink_printf(out, "[%0*llx, %0*llx) ", digits, ULL(area->virt), digits,
		ULL(area->virt + area->bytes));
	if (area->rights & MAP_TABLES)
		sink_puts(out, "tables only");
	else
		sink_printf(out, "%s %s%s", area->rights & MAP_WRITE ? "RW" : "R ",
			mode->nx && !(area->rights & MAP_EXEC) ? "NX" : "X ",
			type_words(area->rights));
	put_page_counts(&counts, out);
	sink_printf(out, " %s\n", map_kind_name((enum map_kind)area->kind));
}

static void put_audit(const struct paging_audit *a, const struct sink *out)
{
	char size[SIZE_TEXT_MAX];

	if (a->levels == 0)
		return;
	sink_printf(out, "  the firmware's: %u levels, %llu tables, %llu of them read-only%s\n   ",
		a->levels, ULL(a->tables), ULL(a->read_only_tables),
		a->complete ? "" : "; there are more");
	put_page_counts(&a->pages, out);
	sink_printf(out, ", %s writable and executable\n", format_size(size, a->write_exec_bytes));
}

static void put_paging(const struct boot *b, const struct sink *out)
{
	const struct address_space *s = &b->space;
	const struct paging *p = &b->paging;
	struct page_counts counts = paging_plan_pages(&b->plan, &p->mode);

	put_heading(out, "PAGING", "virtual addresses; the direct map shows RAM in one piece");
	sink_printf(out, "  %u levels, root at 0x%llx, %llu pages of tables, NX %s\n",
		p->mode.levels, ULL(p->root), ULL(p->table_pages), p->mode.nx ? "on" : "off");
	put_mapped(&counts, out);
	put_range(out, s->direct_base, s->direct_base + s->direct_bytes, "direct map");
	put_range(out, s->vmalloc_start, s->vmalloc_end, "vmalloc");
	if (s->pkmap_start < s->pkmap_end)
		put_range(out, s->pkmap_start, s->pkmap_end, "pkmap");
	put_range(out, s->fixmap_start, s->fixmap_end, "fixmap");
	put_audit(&b->audit, out);
	sink_puts(out, "  mapped areas, with rights and pages of each size:\n");
	for (uint32_t i = 0; i < b->plan.count; i++)
		put_area(&b->plan.area[i], &p->mode, out);
}

static void put_kernel(const struct boot *b, const struct sink *out)
{
	const struct boot_kernel *k = &b->kernel;

	if (k->protocol == PROTOCOL_NONE)
		return;
	put_heading(out, "KERNEL", "what starts after this report");
	sink_printf(out, "  %s, %s protocol\n", b->input.options.kernel,
		boot_protocol_name(k->protocol));
	if (k->protocol == PROTOCOL_NATIVE)
		put_range(out, k->virt, k->virt + k->bytes, "as it is linked");
	put_range(out, k->phys, k->phys + k->bytes, "where it is");
	sink_printf(out, "  entry 0x%llx, %s at 0x%llx\n", ULL(k->entry),
		k->protocol == PROTOCOL_NATIVE ? "record" : "boot_params",
		ULL(boot_record_address(b)));
}

static void put_timing(const struct boot *b, const struct sink *out)
{
	unsigned shown = 0;

	/* A stage without cycles is still to come: this one, for example. */
	put_heading(out, "TIMING", "processor cycles of each stage; console is output alone");
	for (unsigned i = 0; i < STAGE_COUNT; i++) {
		if (b->cycles[i] == 0)
			continue;
		sink_printf(out, "%s%-9s %16llu", shown % 2 == 0 ? "  " : "      ",
			boot_stage_name(i), ULL(b->cycles[i]));
		if (shown++ % 2 != 0)
			sink_puts(out, "\n");
	}
	if (shown % 2 != 0)
		sink_puts(out, "\n");
}

/* On a terminal the verdict has scrolled away by now. */
static void put_last_line(const struct boot *b, enum report_stage stage,
	const struct report_totals *t, const struct sink *out)
{
	char free[SIZE_TEXT_MAX], present[SIZE_TEXT_MAX];
	bool good = totals_balance(t) && (!report_is_live(stage) || b->selftest.balanced);

	sink_printf(out, "\n%s: %s of %s free, %u kind%s of findings.\n\n",
		!good                   ? "NOT READY"
		: report_is_live(stage) ? "READY"
					: "PLANNED",
		format_size(free, t->free_pages << PAGE_SHIFT),
		format_size(present, t->present_pages << PAGE_SHIFT), findings_kinds(&b->findings),
		plural(findings_kinds(&b->findings)));
}

void report_text(const struct boot *b, enum report_stage stage, const struct sink *out)
{
	struct report_totals totals;

	report_totals(b, stage, &totals);
	put_title(b, out);
	put_verdict(b, stage, &totals, out);
	put_findings(b, out);
	put_e820(b, out);
	put_limits(b, out);
	put_nodes(b, out);
	if (b->mm != NULL) {
		put_zones(b->mm, out);
		if (report_is_live(stage))
			put_free_blocks(b->mm, out);
	}
	put_owners(b, &totals, out);
	put_memory(&totals, out);
	put_paging(b, out);
	put_kernel(b, out);
	put_timing(b, out);
	put_last_line(b, stage, &totals, out);
}

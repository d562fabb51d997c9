/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The JSON report, schema "bootmem-report/1". Invariant: whatever the boot holds, the document is
 * valid JSON: the writer places the commas, and every string that comes from outside is escaped.
 * One member or element on a line, so that a report can be read and compared as it is.
 */
#include <bootmem/report.h>

/* Past this many runs of mem_map, which grow with memory, only their number is told. */
#define MEM_MAP_RUNS_SHOWN 128

/* --- the writer ----------------------------------------------------------------------------- */

struct json {
	const struct sink *out;
	bool comma; /* something stands before in this object or array */
	bool line;  /* start the next item on a line of its own */
};

static void item(struct json *j)
{
	if (j->comma)
		sink_puts(j->out, j->line ? ",\n" : ", ");
	else if (j->line)
		sink_puts(j->out, "\n");
	j->comma = true;
	j->line = false;
}

static void open(struct json *j, const char *bracket)
{
	item(j);
	sink_puts(j->out, bracket);
	j->comma = false;
}

static void close(struct json *j, const char *bracket)
{
	sink_puts(j->out, bracket);
	j->comma = true;
	j->line = false;
}

/* Names are our own words and need no escapes. */
static void key(struct json *j, const char *name)
{
	item(j);
	sink_printf(j->out, "\"%s\": ", name);
	j->comma = false;
}

/* Anything that is not plain ASCII becomes an escape; bytes above it are read as Latin-1. */
static void put_character(const struct sink *out, unsigned char c)
{
	if (c == '"' || c == '\\')
		sink_printf(out, "\\%c", c);
	else if (c < ' ' || c > '~')
		sink_printf(out, "\\u%04x", c);
	else
		sink_printf(out, "%c", c);
}

static void string(struct json *j, const char *text)
{
	item(j);
	sink_puts(j->out, "\"");
	for (; *text != '\0'; text++)
		put_character(j->out, (unsigned char)*text);
	sink_puts(j->out, "\"");
}

static void number(struct json *j, uint64_t value)
{
	item(j);
	sink_printf(j->out, "%llu", ULL(value));
}

static void word(struct json *j, const char *literal)
{
	item(j);
	sink_puts(j->out, literal);
}

static void string_member(struct json *j, const char *name, const char *text)
{
	key(j, name);
	string(j, text);
}

static void number_member(struct json *j, const char *name, uint64_t value)
{
	key(j, name);
	number(j, value);
}

static void truth_member(struct json *j, const char *name, const bool *value)
{
	key(j, name);
	word(j, *value ? "true" : "false");
}

static void address_member(struct json *j, const char *name, uint64_t address)
{
	key(j, name);
	item(j);
	sink_printf(j->out, "\"0x%llx\"", ULL(address));
}

/* A member of the document itself, on a line of its own. */
static void open_member(struct json *j, const char *name, const char *bracket)
{
	j->line = true;
	key(j, name);
	open(j, bracket);
}

/* An element of an array that has a line for each. */
static void open_element(struct json *j)
{
	j->line = true;
	open(j, "{ ");
}

static void number_element(struct json *j, uint64_t number)
{
	item(j);
	sink_printf(j->out, "%llu", ULL(number));
}

static void range_element(struct json *j, pfn_t start, pfn_t end)
{
	open(j, "{ ");
	number_member(j, "start_pfn", start);
	number_member(j, "end_pfn", end);
	close(j, " }");
}

static void address_range_member(struct json *j, const char *name, uint64_t start, uint64_t end)
{
	key(j, name);
	if (start == end) {
		word(j, "null");
		return;
	}
	open(j, "{ ");
	address_member(j, "start", start);
	address_member(j, "end", end);
	close(j, " }");
}

/* --- members of the document ---------------------------------------------------------------- */

static const char *stage_word(enum report_stage stage)
{
	static const char *const words[] = {
		[REPORT_BOOTED] = "booted",
		[REPORT_REPORT] = "report",
		[REPORT_PLANNED] = "planned",
		[REPORT_SIMULATED] = "simulated",
	};

	return words[stage];
}

static void put_firmware(struct json *j, const struct boot *b)
{
	open_member(j, "firmware", "{ ");
	string_member(j, "vendor", b->input.firmware_vendor);
	number_member(j, "revision", b->input.firmware_revision);
	number_member(j, "descriptor_size", b->map.stride);
	number_member(j, "descriptors", b->map.count);
	number_member(j, "exit_attempts", b->exit_attempts);
	close(j, " }");
}

static void put_finding(struct json *j, unsigned id, const struct finding *found)
{
	open_element(j);
	string_member(j, "quirk", finding_quirk(id));
	number_member(j, "count", found->count);
	string_member(j, "text", finding_text(id));
	address_member(j, "start", found->start_phys);
	address_member(j, "end", found->end_phys);
	number_member(j, "bytes", found->bytes);
	close(j, " }");
}

static void put_findings(struct json *j, const struct boot *b)
{
	open_member(j, "findings", "[");
	for (unsigned id = 0; id < FINDING_COUNT; id++)
		if (b->findings.of[id].count != 0)
			put_finding(j, id, &b->findings.of[id]);
	close(j, "]");
}

static void put_e820(struct json *j, const struct boot *b)
{
	open_member(j, "e820", "[");
	for (uint32_t i = 0; i < b->e820.count; i++) {
		const struct e820_entry *entry = &b->e820.entry[i];

		open_element(j);
		address_member(j, "start", entry->start);
		address_member(j, "end", entry->end);
		string_member(j, "type", e820_type_name(entry->type));
		close(j, " }");
	}
	close(j, "]");
}

static void put_limits(struct json *j, const struct boot *b)
{
	open_member(j, "limits", "{ ");
	number_member(j, "min_low_pfn", b->limits.min_low_pfn);
	number_member(j, "max_low_pfn", b->limits.max_low_pfn);
	number_member(j, "max_pfn", b->limits.max_pfn);
	number_member(j, "highstart_pfn", b->limits.highstart_pfn);
	number_member(j, "highend_pfn", b->limits.highend_pfn);
	close(j, " }");
}

static void put_node_ranges(struct json *j, const struct boot *b, uint32_t nid)
{
	struct pfn_range range;

	key(j, "ranges");
	open(j, "[");
	for (uint32_t i = 0; node_next_range(&b->node_map, nid, &i, &range);)
		range_element(j, range.start, range.end);
	close(j, "]");
}

static void put_node_bootmem(struct json *j, const struct boot *b, uint32_t nid)
{
	const struct bootmem *bm = &b->bootmem[nid];

	key(j, "bootmem");
	open(j, "{ ");
	number_member(j, "bitmap_bytes", b->bitmap_pages[nid] << PAGE_SHIFT);
	number_member(j, "allocations", bm->allocations);
	number_member(j, "merged", bm->merged);
	number_member(j, "requested_bytes", bm->requested_bytes);
	number_member(j, "allocated_pages", bm->allocated_pages);
	close(j, " }");
}

static uint64_t node_pages(const struct boot *b, uint32_t nid)
{
	struct pfn_range range;
	uint64_t pages = 0;

	for (uint32_t i = 0; node_next_range(&b->node_map, nid, &i, &range);)
		pages += range.end - range.start;
	return pages;
}

/* A node's row of one of the two matrices. */
static void put_row(struct json *j, const struct boot *b, const char *name, const uint8_t *matrix,
	uint32_t nid)
{
	uint32_t nodes = b->node_map.nodes;

	key(j, name);
	open(j, "[");
	for (uint32_t to = 0; to < nodes; to++)
		number_element(j, matrix[(size_t)nid * nodes + to]);
	close(j, "]");
}

static void put_node(struct json *j, const struct boot *b, uint32_t nid)
{
	struct pfn_range span = node_span(&b->node_map, nid);

	open_element(j);
	number_member(j, "nid", nid);
	number_member(j, "start_pfn", span.start);
	number_member(j, "end_pfn", span.end);
	number_member(j, "present_pages", node_pages(b, nid));
	put_row(j, b, "distances", b->node_map.distance, nid);
	put_row(j, b, "fallback", b->node_map.order, nid);
	put_node_ranges(j, b, nid);
	put_node_bootmem(j, b, nid);
	close(j, " }");
}

static void put_nodes(struct json *j, const struct boot *b)
{
	open_member(j, "nodes", "[");
	for (uint32_t nid = 0; nid < b->node_map.nodes; nid++)
		put_node(j, b, nid);
	close(j, "]");
}

static void put_zone(struct json *j, uint32_t index, const struct zone *zone)
{
	open_element(j);
	number_member(j, "nid", zone->nid);
	string_member(j, "name", zone_name(index));
	number_member(j, "start_pfn", zone->start_pfn);
	number_member(j, "spanned_pages", zone->spanned_pages);
	number_member(j, "present_pages", zone->present_pages);
	number_member(j, "managed_pages", zone->managed_pages);
	number_member(j, "free_pages", zone->free_pages);
	key(j, "free_blocks");
	open(j, "[");
	for (unsigned order = 0; order < NR_ORDERS; order++)
		number(j, zone_free_blocks(zone, order));
	close(j, "]");
	key(j, "watermark");
	open(j, "{ ");
	number_member(j, "min", zone->watermark_min);
	number_member(j, "low", zone->watermark_low);
	number_member(j, "high", zone->watermark_high);
	close(j, " }");
	close(j, " }");
}

static void put_zones(struct json *j, const struct boot *b)
{
	uint32_t nodes = b->mm != NULL ? b->mm->nodes : 0;

	open_member(j, "zones", "[");
	for (uint32_t nid = 0; nid < nodes; nid++)
		for (uint32_t i = 0; i < ARCH_NR_ZONES; i++)
			put_zone(j, i, &b->mm->node[nid].zone[i]);
	close(j, "]");
}

static void put_sections(struct json *j, const struct boot *b)
{
	open_member(j, "sections", "{ ");
	number_member(j, "size_bytes", SECTION_PAGES << PAGE_SHIFT);
	number_member(j, "present", b->mm != NULL ? b->mm->sections_present : 0);
	number_member(j, "initialised", b->mm != NULL ? b->mm->sections_initialised : 0);
	close(j, " }");
}

static void put_area(struct json *j, const struct map_area *area, const struct paging_mode *mode)
{
	struct page_counts counts = paging_area_pages(area, mode);
	bool write = (area->rights & MAP_WRITE) != 0, tables = (area->rights & MAP_TABLES) != 0;
	bool exec = !tables && (!mode->nx || (area->rights & MAP_EXEC));

	open_element(j);
	address_member(j, "start", area->virt);
	address_member(j, "end", area->virt + area->bytes);
	address_member(j, "phys", area->phys);
	string_member(j, "kind", map_kind_name((enum map_kind)area->kind));
	truth_member(j, "tables_only", &tables);
	truth_member(j, "write", &write);
	truth_member(j, "exec", &exec);
	string_member(j, "type",
		area->rights & MAP_UC ? "UC" : area->rights & MAP_WC ? "WC" : "WB");
	number_member(j, "pages_4k", counts.pages_4k);
	number_member(j, "pages_2m", counts.pages_2m);
	number_member(j, "pages_4m", counts.pages_4m);
	number_member(j, "pages_1g", counts.pages_1g);
	close(j, " }");
}

/* Null where the firmware runs without paging. */
static void put_audit(struct json *j, const struct paging_audit *a)
{
	key(j, "firmware_tables");
	if (a->levels == 0) {
		word(j, "null");
		return;
	}
	open(j, "{ ");
	number_member(j, "levels", a->levels);
	truth_member(j, "complete", &a->complete);
	number_member(j, "tables", a->tables);
	number_member(j, "read_only_tables", a->read_only_tables);
	number_member(j, "pages_4k", a->pages.pages_4k);
	number_member(j, "pages_2m", a->pages.pages_2m);
	number_member(j, "pages_4m", a->pages.pages_4m);
	number_member(j, "pages_1g", a->pages.pages_1g);
	number_member(j, "write_exec_bytes", a->write_exec_bytes);
	number_member(j, "ram_unmapped_pages", a->ram_unmapped_pages);
	close(j, " }");
}

static void put_areas(struct json *j, const struct boot *b)
{
	key(j, "areas");
	open(j, "[");
	for (uint32_t i = 0; i < b->plan.count; i++)
		put_area(j, &b->plan.area[i], &b->paging.mode);
	close(j, "]");
}

static void put_paging(struct json *j, const struct boot *b)
{
	const struct paging *p = &b->paging;
	const struct address_space *s = &b->space;

	open_member(j, "paging", "{ ");
	number_member(j, "levels", p->mode.levels);
	address_member(j, "root", p->root);
	truth_member(j, "nx", &p->mode.nx);
	number_member(j, "pages_4k", p->pages_4k);
	number_member(j, "pages_2m", p->pages_2m);
	number_member(j, "pages_4m", p->pages_4m);
	number_member(j, "pages_1g", p->pages_1g);
	number_member(j, "table_pages", p->table_pages);
	key(j, "direct_map");
	open(j, "{ ");
	address_member(j, "base", s->direct_base);
	number_member(j, "bytes", s->direct_bytes);
	close(j, " }");
	address_range_member(j, "vmalloc", s->vmalloc_start, s->vmalloc_end);
	address_range_member(j, "fixmap", s->fixmap_start, s->fixmap_end);
	address_range_member(j, "pkmap", s->pkmap_start, s->pkmap_end);
	truth_member(j, "runtime_usable", &b->runtime_usable);
	put_audit(j, &b->audit);
	put_areas(j, b);
	close(j, " }");
}

/* --- owners --------------------------------------------------------------------------------- */

/* Ranges on their way out; those that touch become one. */
struct range_merger {
	struct json *j;
	struct pfn_range pending;
	uint32_t runs;
};

static void merger_flush(struct range_merger *m)
{
	if (m->pending.start == m->pending.end)
		return;
	if (m->runs++ < MEM_MAP_RUNS_SHOWN)
		range_element(m->j, m->pending.start, m->pending.end);
}

static void merger_add(struct range_merger *m, pfn_t start, pfn_t end)
{
	if (start == m->pending.end) {
		m->pending.end = end;
		return;
	}
	merger_flush(m);
	m->pending = (struct pfn_range){ start, end };
}

/* The descriptors' pages; all of them are told unless "runs" is larger than what "ranges" lists. */
static void put_mem_map_ranges(struct json *j, const struct boot *b)
{
	struct range_merger merger = { .j = j };

	key(j, "ranges");
	open(j, "[");
	for (uint32_t nr = 0; sparse_next(b->mm, &nr); nr++) {
		const struct section *section = section_nr(b->mm, nr);
		pfn_t start = section_map_pfn(section);

		if (start != 0)
			merger_add(&merger, start, start + section->map_pages);
	}
	merger_flush(&merger);
	close(j, "]");
	number_member(j, "runs", merger.runs);
}

static void put_owner_ranges(struct json *j, const struct boot *b, uint32_t owner)
{
	key(j, "ranges");
	open(j, "[");
	for (uint32_t i = 0; i < b->owners.count; i++)
		if (b->owners.range[i].owner == owner)
			range_element(j, b->owners.range[i].start, b->owners.range[i].end);
	close(j, "]");
}

static void put_owner(struct json *j, const struct boot *b, uint32_t owner, uint64_t pages)
{
	bool reclaimable = owner_reclaimable(owner);

	open_element(j);
	string_member(j, "owner", owner_name(owner));
	number_member(j, "pages", pages);
	truth_member(j, "reclaimable", &reclaimable);
	if (owner == OWNER_MEM_MAP && b->mm != NULL)
		put_mem_map_ranges(j, b);
	else
		put_owner_ranges(j, b, owner);
	close(j, " }");
}

static void put_owners(struct json *j, const struct boot *b)
{
	open_member(j, "owners", "[");
	for (unsigned owner = 0; owner < OWNER_COUNT; owner++) {
		uint64_t pages = boot_owner_pages(b, owner);

		if (pages != 0)
			put_owner(j, b, owner, pages);
	}
	close(j, "]");
}

/* --- the firmware's own ranges -------------------------------------------------------------- */

/* What to call a range that stays the firmware's, or null. */
static const char *firmware_kind(const struct efi_memory_desc *desc)
{
	switch (desc->type) {
	case EFI_MEM_RUNTIME_CODE:
		return "runtime code";
	case EFI_MEM_RUNTIME_DATA:
		return "runtime data";
	case EFI_MEM_ACPI_RECLAIM:
		return "acpi";
	case EFI_MEM_ACPI_NVS:
		return "nvs";
	case EFI_MEM_MMIO:
	case EFI_MEM_MMIO_PORT:
		return "mmio";
	default:
		return desc->attribute & EFI_ATTR_RUNTIME ? "other" : NULL;
	}
}

static void put_firmware_range(struct json *j, const struct efi_memory_desc *desc, const char *kind)
{
	open_element(j);
	address_member(j, "start", desc->phys_start);
	address_member(j, "end", desc->phys_start + (desc->pages << PAGE_SHIFT));
	string_member(j, "kind", kind);
	close(j, " }");
}

/* In the firmware's order, as it gave them. */
static void put_firmware_ranges(struct json *j, const struct boot *b)
{
	open_member(j, "firmware_ranges", "[");
	for (uint32_t i = 0; i < b->map.count; i++) {
		struct efi_memory_desc desc = fw_map_entry(&b->map, i);
		const char *kind = firmware_kind(&desc);

		/* What e820 dropped as impossible has no end to print. */
		if (kind != NULL && desc.pages != 0 && desc.phys_start < PHYS_END &&
			desc.pages <= PFN_END - pfn_down(desc.phys_start))
			put_firmware_range(j, &desc, kind);
	}
	close(j, "]");
}

/* --- the rest ------------------------------------------------------------------------------- */

static void put_memory(struct json *j, const struct boot *b, enum report_stage stage)
{
	struct report_totals t;

	report_totals(b, stage, &t);
	open_member(j, "memory", "{ ");
	number_member(j, "present_pages", t.present_pages);
	number_member(j, "free_pages", t.free_pages);
	number_member(j, "reserved_pages", t.reserved_pages);
	number_member(j, "highmem_pages", t.highmem_pages);
	number_member(j, "reclaimable_pages", t.reclaimable_pages);
	number_member(j, "freed_init_pages", b->freed_init_pages);
	close(j, " }");
}

/* Before mem_init there is nothing to test. */
static void put_selftest(struct json *j, const struct boot *b, enum report_stage stage)
{
	if (stage != REPORT_BOOTED && stage != REPORT_SIMULATED) {
		j->line = true;
		key(j, "selftest");
		word(j, "null");
		return;
	}
	open_member(j, "selftest", "{ ");
	number_member(j, "blocks", b->selftest.blocks);
	number_member(j, "high_pages", b->selftest.high_pages);
	truth_member(j, "balanced", &b->selftest.balanced);
	close(j, " }");
}

static void put_timing(struct json *j, const struct boot *b)
{
	open_member(j, "timing", "[");
	for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
		open_element(j);
		string_member(j, "stage", boot_stage_name(stage));
		number_member(j, "cycles", b->cycles[stage]);
		close(j, " }");
	}
	close(j, "]");
}

void report_json(const struct boot *b, enum report_stage stage, const struct sink *out)
{
	struct json writer = { .out = out };
	struct json *j = &writer;

	open(j, "{ ");
	string_member(j, "schema", "bootmem-report/1");
	string_member(j, "arch", ARCH_NAME);
	string_member(j, "stage", stage_word(stage));
	put_firmware(j, b);
	put_findings(j, b);
	put_e820(j, b);
	put_limits(j, b);
	put_nodes(j, b);
	put_zones(j, b);
	put_sections(j, b);
	put_paging(j, b);
	put_owners(j, b);
	put_firmware_ranges(j, b);
	put_memory(j, b, stage);
	put_selftest(j, b, stage);
	put_timing(j, b);
	j->line = true;
	key(j, "handoff");
	word(j, "null");
	close(j, " }\n");
}

void report_json_framed(const struct boot *b, enum report_stage stage, const struct sink *out)
{
	sink_puts(out, "-----BEGIN BOOTMEM REPORT-----\n");
	report_json(b, stage, out);
	sink_puts(out, "-----END BOOTMEM REPORT-----\n");
}

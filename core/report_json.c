/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The JSON report, schema "bootmem-report/1". One member or element on a line, so that a report can be
 * read and compared as it is. What the simulator needs to make the same start again is part of it
 * (tools/sim/parse_report.c).
 */
#include <bootmem/report.h>

#include "json.h"

/* Past this many runs of mem_map, which grow with memory, only their number is told. */
#define MEM_MAP_RUNS_SHOWN 128

static void range_element(struct json *j, pfn_t start, pfn_t end)
{
	json_open(j, "{ ");
	json_number_member(j, "start_pfn", start);
	json_number_member(j, "end_pfn", end);
	json_close(j, " }");
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
	json_open_member(j, "firmware", "{ ");
	json_string_member(j, "vendor", b->input.firmware_vendor);
	json_number_member(j, "revision", b->input.firmware_revision);
	json_number_member(j, "descriptor_size", b->map.stride);
	json_number_member(j, "descriptors", b->map.count);
	json_number_member(j, "exit_attempts", b->exit_attempts);
	json_close(j, " }");
}

static void put_finding(struct json *j, unsigned id, const struct finding *found)
{
	json_open_element(j);
	json_string_member(j, "quirk", finding_quirk(id));
	json_number_member(j, "count", found->count);
	json_string_member(j, "text", finding_text(id));
	json_address_member(j, "start", found->start_phys);
	json_address_member(j, "end", found->end_phys);
	json_number_member(j, "bytes", found->bytes);
	json_close(j, " }");
}

static void put_findings(struct json *j, const struct boot *b)
{
	json_open_member(j, "findings", "[");
	for (unsigned id = 0; id < FINDING_COUNT; id++)
		if (b->findings.of[id].count != 0)
			put_finding(j, id, &b->findings.of[id]);
	json_close(j, "]");
}

static void put_e820(struct json *j, const struct boot *b)
{
	json_open_member(j, "e820", "[");
	for (uint32_t i = 0; i < b->e820.count; i++) {
		const struct e820_entry *entry = &b->e820.entry[i];

		json_open_element(j);
		json_address_member(j, "start", entry->start);
		json_address_member(j, "end", entry->end);
		json_string_member(j, "type", e820_type_name(entry->type));
		json_close(j, " }");
	}
	json_close(j, "]");
}

static void put_limits(struct json *j, const struct boot *b)
{
	json_open_member(j, "limits", "{ ");
	json_number_member(j, "min_low_pfn", b->limits.min_low_pfn);
	json_number_member(j, "max_low_pfn", b->limits.max_low_pfn);
	json_number_member(j, "max_pfn", b->limits.max_pfn);
	json_number_member(j, "highstart_pfn", b->limits.highstart_pfn);
	json_number_member(j, "highend_pfn", b->limits.highend_pfn);
	json_close(j, " }");
}

static void put_node_ranges(struct json *j, const struct boot *b, uint32_t nid)
{
	struct pfn_range range;

	json_key(j, "ranges");
	json_open(j, "[");
	for (uint32_t i = 0; node_next_range(&b->node_map, nid, &i, &range);)
		range_element(j, range.start, range.end);
	json_close(j, "]");
}

static void put_node_bootmem(struct json *j, const struct boot *b, uint32_t nid)
{
	const struct bootmem *bm = &b->bootmem[nid];

	json_key(j, "bootmem");
	json_open(j, "{ ");
	json_number_member(j, "bitmap_pfn", b->bitmap_pfn[nid]);
	json_number_member(j, "bitmap_bytes", b->bitmap_pages[nid] << PAGE_SHIFT);
	json_number_member(j, "allocations", bm->allocations);
	json_number_member(j, "merged", bm->merged);
	json_number_member(j, "requested_bytes", bm->requested_bytes);
	json_number_member(j, "allocated_pages", bm->allocated_pages);
	json_close(j, " }");
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
static void put_row(
	struct json *j, const struct boot *b, const char *name, const uint8_t *matrix, uint32_t nid)
{
	uint32_t nodes = b->node_map.nodes;

	json_key(j, name);
	json_open(j, "[");
	for (uint32_t to = 0; to < nodes; to++)
		json_number(j, matrix[(size_t)nid * nodes + to]);
	json_close(j, "]");
}

static void put_node(struct json *j, const struct boot *b, uint32_t nid)
{
	struct pfn_range span = node_span(&b->node_map, nid);

	json_open_element(j);
	json_number_member(j, "nid", nid);
	json_number_member(j, "start_pfn", span.start);
	json_number_member(j, "end_pfn", span.end);
	json_number_member(j, "present_pages", node_pages(b, nid));
	put_row(j, b, "distances", b->node_map.distance, nid);
	put_row(j, b, "fallback", b->node_map.order, nid);
	put_node_ranges(j, b, nid);
	put_node_bootmem(j, b, nid);
	json_close(j, " }");
}

static void put_nodes(struct json *j, const struct boot *b)
{
	json_open_member(j, "nodes", "[");
	for (uint32_t nid = 0; nid < b->node_map.nodes; nid++)
		put_node(j, b, nid);
	json_close(j, "]");
}

static void put_zone(struct json *j, uint32_t index, const struct zone *zone)
{
	json_open_element(j);
	json_number_member(j, "nid", zone->nid);
	json_string_member(j, "name", zone_name(index));
	json_number_member(j, "start_pfn", zone->start_pfn);
	json_number_member(j, "spanned_pages", zone->spanned_pages);
	json_number_member(j, "present_pages", zone->present_pages);
	json_number_member(j, "managed_pages", zone->managed_pages);
	json_number_member(j, "free_pages", zone->free_pages);
	json_key(j, "free_blocks");
	json_open(j, "[");
	for (unsigned order = 0; order < NR_ORDERS; order++)
		json_number(j, zone_free_blocks(zone, order));
	json_close(j, "]");
	json_key(j, "watermark");
	json_open(j, "{ ");
	json_number_member(j, "min", zone->watermark_min);
	json_number_member(j, "low", zone->watermark_low);
	json_number_member(j, "high", zone->watermark_high);
	json_close(j, " }");
	json_close(j, " }");
}

static void put_zones(struct json *j, const struct boot *b)
{
	uint32_t nodes = b->mm != NULL ? b->mm->nodes : 0;

	json_open_member(j, "zones", "[");
	for (uint32_t nid = 0; nid < nodes; nid++)
		for (uint32_t i = 0; i < ARCH_NR_ZONES; i++)
			put_zone(j, i, &b->mm->node[nid].zone[i]);
	json_close(j, "]");
}

static void put_sections(struct json *j, const struct boot *b)
{
	json_open_member(j, "sections", "{ ");
	json_number_member(j, "size_bytes", SECTION_PAGES << PAGE_SHIFT);
	json_number_member(j, "present", b->mm != NULL ? b->mm->sections_present : 0);
	json_number_member(j, "initialised", b->mm != NULL ? b->mm->sections_initialised : 0);
	json_close(j, " }");
}

static void put_page_counts(struct json *j, const struct page_counts *counts)
{
	json_number_member(j, "pages_4k", counts->pages_4k);
	json_number_member(j, "pages_2m", counts->pages_2m);
	json_number_member(j, "pages_4m", counts->pages_4m);
	json_number_member(j, "pages_1g", counts->pages_1g);
}

static void put_area(struct json *j, const struct map_area *area, const struct paging_mode *mode)
{
	struct page_counts counts = paging_area_pages(area, mode);
	bool write = (area->rights & MAP_WRITE) != 0, tables = (area->rights & MAP_TABLES) != 0;
	bool exec = !tables && (!mode->nx || (area->rights & MAP_EXEC));

	json_open_element(j);
	json_address_member(j, "start", area->virt);
	json_address_member(j, "end", area->virt + area->bytes);
	json_address_member(j, "phys", area->phys);
	json_string_member(j, "kind", map_kind_name((enum map_kind)area->kind));
	json_truth_member(j, "tables_only", &tables);
	json_truth_member(j, "write", &write);
	json_truth_member(j, "exec", &exec);
	json_string_member(j, "type",
		area->rights & MAP_UC   ? "UC"
		: area->rights & MAP_WC ? "WC"
					: "WB");
	put_page_counts(j, &counts);
	json_close(j, " }");
}

/* Null where the firmware runs without paging. */
static void put_audit(struct json *j, const struct paging_audit *a)
{
	json_key(j, "firmware_tables");
	if (a->levels == 0) {
		json_word(j, "null");
		return;
	}
	json_open(j, "{ ");
	json_number_member(j, "levels", a->levels);
	json_truth_member(j, "complete", &a->complete);
	json_number_member(j, "tables", a->tables);
	json_number_member(j, "read_only_tables", a->read_only_tables);
	put_page_counts(j, &a->pages);
	json_number_member(j, "write_exec_bytes", a->write_exec_bytes);
	json_number_member(j, "ram_unmapped_pages", a->ram_unmapped_pages);
	json_close(j, " }");
}

static void put_areas(struct json *j, const struct boot *b)
{
	json_key(j, "areas");
	json_open(j, "[");
	for (uint32_t i = 0; i < b->plan.count; i++)
		put_area(j, &b->plan.area[i], &b->paging.mode);
	json_close(j, "]");
}

static void put_paging(struct json *j, const struct boot *b)
{
	const struct paging *p = &b->paging;
	struct page_counts counts = paging_plan_pages(&b->plan, &p->mode);
	const struct address_space *s = &b->space;

	json_open_member(j, "paging", "{ ");
	json_number_member(j, "levels", p->mode.levels);
	json_address_member(j, "root", p->root);
	json_truth_member(j, "nx", &p->mode.nx);
	put_page_counts(j, &counts);
	json_number_member(j, "table_pages", p->table_pages);
	json_key(j, "direct_map");
	json_open(j, "{ ");
	json_address_member(j, "base", s->direct_base);
	json_number_member(j, "bytes", s->direct_bytes);
	json_close(j, " }");
	json_address_range_member(j, "vmalloc", s->vmalloc_start, s->vmalloc_end);
	json_address_range_member(j, "fixmap", s->fixmap_start, s->fixmap_end);
	json_address_range_member(j, "pkmap", s->pkmap_start, s->pkmap_end);
	json_truth_member(j, "runtime_usable", &b->runtime_usable);
	put_audit(j, &b->audit);
	put_areas(j, b);
	json_close(j, " }");
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

	json_key(j, "ranges");
	json_open(j, "[");
	for (uint32_t nr = 0; sparse_next(b->mm, &nr); nr++) {
		const struct section *section = section_nr(b->mm, nr);
		pfn_t start = section_map_pfn(section);

		if (start != 0)
			merger_add(&merger, start, start + section->map_pages);
	}
	merger_flush(&merger);
	json_close(j, "]");
	json_number_member(j, "runs", merger.runs);
}

static void put_owner_ranges(struct json *j, const struct boot *b, uint32_t owner)
{
	json_key(j, "ranges");
	json_open(j, "[");
	for (uint32_t i = 0; i < b->owners.count; i++)
		if (b->owners.range[i].owner == owner)
			range_element(j, b->owners.range[i].start, b->owners.range[i].end);
	json_close(j, "]");
}

static void put_owner(struct json *j, const struct boot *b, uint32_t owner, uint64_t pages)
{
	bool reclaimable = owner_reclaimable(owner);

	json_open_element(j);
	json_string_member(j, "owner", owner_name(owner));
	json_number_member(j, "pages", pages);
	json_truth_member(j, "reclaimable", &reclaimable);
	if (owner == OWNER_MEM_MAP && b->mm != NULL)
		put_mem_map_ranges(j, b);
	else
		put_owner_ranges(j, b, owner);
	json_close(j, " }");
}

static void put_owners(struct json *j, const struct boot *b)
{
	json_open_member(j, "owners", "[");
	for (unsigned owner = 0; owner < OWNER_COUNT; owner++) {
		uint64_t pages = boot_owner_pages(b, owner);

		if (pages != 0)
			put_owner(j, b, owner, pages);
	}
	json_close(j, "]");
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
	json_open_element(j);
	json_address_member(j, "start", desc->phys_start);
	json_address_member(j, "end", desc->phys_start + (desc->pages << PAGE_SHIFT));
	json_string_member(j, "kind", kind);
	json_close(j, " }");
}

/* In the firmware's order, as it gave them. */
static void put_firmware_ranges(struct json *j, const struct boot *b)
{
	json_open_member(j, "firmware_ranges", "[");
	for (uint32_t i = 0; i < b->map.count; i++) {
		struct efi_memory_desc desc = fw_map_entry(&b->map, i);
		const char *kind = firmware_kind(&desc);

		/* What e820 dropped as impossible has no end to print. */
		if (kind != NULL && desc.pages != 0 && desc.phys_start < PHYS_END &&
			desc.pages <= PFN_END - pfn_down(desc.phys_start))
			put_firmware_range(j, &desc, kind);
	}
	json_close(j, "]");
}

/* --- what the start began with --------------------------------------------------------------- */

static void put_descriptor(struct json *j, const struct efi_memory_desc *desc)
{
	json_open_element(j);
	json_number_member(j, "type", desc->type);
	json_address_member(j, "start", desc->phys_start);
	json_number_member(j, "pages", desc->pages);
	json_address_member(j, "attribute", desc->attribute);
	json_close(j, " }");
}

/* The newest map there is, as the firmware gave it. */
static void put_firmware_map(struct json *j, const struct boot *b)
{
	json_open_member(j, "firmware_map", "[");
	for (uint32_t i = 0; i < b->map.count; i++) {
		struct efi_memory_desc desc = fw_map_entry(&b->map, i);

		put_descriptor(j, &desc);
	}
	json_close(j, "]");
}

static void put_affinity_range(struct json *j, const struct srat_range *r)
{
	bool hotplug = (r->flags & SRAT_HOTPLUG) != 0;
	bool nonvolatile = (r->flags & SRAT_NONVOLATILE) != 0;

	json_open_element(j);
	json_number_member(j, "nid", r->nid);
	json_address_member(j, "start", r->start_phys);
	json_address_member(j, "end", r->end_phys);
	json_truth_member(j, "hotplug", &hotplug);
	json_truth_member(j, "nonvolatile", &nonvolatile);
	json_close(j, " }");
}

/* The SRAT as it was read, before it was cut to the RAM that is there; null: none that is usable. */
static void put_affinity(struct json *j, const struct boot *b)
{
	if (b->srat.nodes == 0) {
		json_null_member(j, "affinity");
		return;
	}
	json_open_member(j, "affinity", "{ ");
	json_key(j, "processors");
	json_open(j, "[");
	for (uint32_t nid = 0; nid < b->srat.nodes; nid++)
		json_number(j, b->srat.processors[nid]);
	json_close(j, "]");
	json_key(j, "memory");
	json_open(j, "[");
	for (uint32_t i = 0; i < b->srat.ranges; i++)
		put_affinity_range(j, &b->srat.range[i]);
	json_close(j, "] }");
}

static void put_mode(struct json *j, const struct paging_mode *mode)
{
	json_key(j, "mode");
	json_open(j, "{ ");
	json_number_member(j, "levels", mode->levels);
	json_truth_member(j, "nx", &mode->nx);
	json_truth_member(j, "large", &mode->large);
	json_truth_member(j, "huge", &mode->huge);
	json_number_member(j, "phys_bits", mode->phys_bits);
	json_close(j, " }");
}

static void put_special(struct json *j, const struct map_special *special)
{
	bool write = (special->rights & MAP_WRITE) != 0, exec = (special->rights & MAP_EXEC) != 0;

	json_open(j, "{ ");
	json_address_member(j, "start", special->start_phys);
	json_address_member(j, "end", special->end_phys);
	json_truth_member(j, "write", &write);
	json_truth_member(j, "exec", &exec);
	json_close(j, " }");
}

static void put_parts(struct json *j, const struct boot_input *in)
{
	json_key(j, "parts");
	json_open(j, "[");
	for (uint32_t i = 0; i < in->specials; i++)
		put_special(j, &in->special[i]);
	json_close(j, "]");
}

static void put_claimed(struct json *j, const struct boot *b)
{
	json_key(j, "claimed");
	json_open(j, "[");
	for (uint32_t i = 0; i < b->claims; i++) {
		json_open(j, "{ ");
		json_number_member(j, "start_pfn", b->claimed[i].start);
		json_number_member(j, "end_pfn", b->claimed[i].end);
		json_close(j, " }");
	}
	json_close(j, "]");
}

/* Options, processor, where the firmware had put the loader, and what it granted to bootmem. */
static void put_input(struct json *j, const struct boot *b)
{
	const struct boot_input *in = &b->input;
	bool memory_attributes = in->memory_attributes != NULL;
	struct sink options;

	json_open_member(j, "input", "{ ");
	json_key(j, "options");
	options = json_string_begin(j);
	options_format(&in->options, &options);
	json_string_end(j);
	put_mode(j, &in->mode);
	json_address_range_member(j, "image", in->image_start_phys, in->image_end_phys);
	json_address_range_member(j, "init", in->init_start_phys, in->init_end_phys);
	json_address_range_member(j, "workspace", in->workspace_start_phys, in->workspace_end_phys);
	json_address_range_member(
		j, "storage", b->storage_phys, b->storage_phys + b->storage_bytes);
	json_address_range_member(j, "framebuffer", in->framebuffer_phys,
		in->framebuffer_phys + in->framebuffer_bytes);
	json_address_range_member(j, "uart", in->uart_phys, in->uart_phys + boot_uart_bytes(in));
	json_address_range_member(j, "initrd", in->initrd_start_phys, in->initrd_end_phys);
	json_truth_member(j, "runtime_services", &in->runtime_services);
	json_truth_member(j, "memory_attributes", &memory_attributes);
	put_parts(j, in);
	put_claimed(j, b);
	json_close(j, " }");
}

/* --- the rest ------------------------------------------------------------------------------- */

static void put_memory(struct json *j, const struct boot *b, enum report_stage stage)
{
	struct report_totals t;

	report_totals(b, stage, &t);
	json_open_member(j, "memory", "{ ");
	json_number_member(j, "present_pages", t.present_pages);
	json_number_member(j, "free_pages", t.free_pages);
	json_number_member(j, "reserved_pages", t.reserved_pages);
	json_number_member(j, "highmem_pages", t.highmem_pages);
	json_number_member(j, "reclaimable_pages", t.reclaimable_pages);
	json_number_member(j, "freed_init_pages", b->freed_init_pages);
	json_close(j, " }");
}

/* Before mem_init there is nothing to test. */
static void put_selftest(struct json *j, const struct boot *b, enum report_stage stage)
{
	if (stage != REPORT_BOOTED && stage != REPORT_SIMULATED) {
		json_null_member(j, "selftest");
		return;
	}
	json_open_member(j, "selftest", "{ ");
	json_number_member(j, "blocks", b->selftest.blocks);
	json_number_member(j, "high_pages", b->selftest.high_pages);
	json_truth_member(j, "balanced", &b->selftest.balanced);
	json_close(j, " }");
}

static void put_timing(struct json *j, const struct boot *b)
{
	json_open_member(j, "timing", "[");
	for (unsigned stage = 0; stage < STAGE_COUNT; stage++) {
		json_open_element(j);
		json_string_member(j, "stage", boot_stage_name(stage));
		json_number_member(j, "cycles", b->cycles[stage]);
		json_close(j, " }");
	}
	json_close(j, "]");
}

static void put_segment(struct json *j, const struct elf_segment *s)
{
	bool write = (s->rights & MAP_WRITE) != 0, exec = (s->rights & MAP_EXEC) != 0;

	json_open(j, "{ ");
	json_address_member(j, "virt", s->virt);
	json_number_member(j, "bytes", s->mem_bytes);
	json_truth_member(j, "write", &write);
	json_truth_member(j, "exec", &exec);
	json_close(j, " }");
}

static void put_segments(struct json *j, const struct elf_kernel *elf)
{
	json_key(j, "segments");
	json_open(j, "[");
	for (uint32_t i = 0; i < elf->segments; i++)
		put_segment(j, &elf->segment[i]);
	json_close(j, "]");
}

/* The setup header as the kernel's file has it, from offset 0x1f1 on, in hexadecimal. */
static void put_setup_header(struct json *j, const struct linux_kernel *bzimage)
{
	struct sink hex;

	json_key(j, "setup_header");
	hex = json_string_begin(j);
	for (uint32_t i = 0; i < bzimage->header_bytes; i++)
		sink_printf(&hex, "%02x", bzimage->header[i]);
	json_string_end(j);
}

/* What the kernel's file asked for; with it, the start can be made again without the file. */
static void put_demands(struct json *j, const struct boot_kernel *k)
{
	if (k->protocol == PROTOCOL_NATIVE)
		put_segments(j, &k->elf);
	else
		put_setup_header(j, &k->bzimage);
}

static void put_handoff(struct json *j, const struct boot *b)
{
	const struct boot_kernel *k = &b->kernel;

	if (k->protocol == PROTOCOL_NONE) {
		json_null_member(j, "handoff");
		return;
	}
	json_open_member(j, "handoff", "{ ");
	json_string_member(j, "protocol", boot_protocol_name(k->protocol));
	json_string_member(j, "kernel", b->input.options.kernel);
	json_address_member(j, "entry", k->entry);
	json_address_member(j, "record", boot_record_address(b));
	json_address_member(j, "virt", k->virt);
	json_address_member(j, "phys", k->phys);
	json_number_member(j, "bytes", k->bytes);
	put_demands(j, k);
	json_close(j, " }");
}

void report_json(const struct boot *b, enum report_stage stage, const struct sink *out)
{
	struct json writer = { .out = out };
	struct json *j = &writer;

	json_open(j, "{ ");
	json_string_member(j, "schema", "bootmem-report/1");
	json_string_member(j, "arch", ARCH_NAME);
	json_string_member(j, "stage", stage_word(stage));
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
	put_firmware_map(j, b);
	put_affinity(j, b);
	put_input(j, b);
	put_memory(j, b, stage);
	put_selftest(j, b, stage);
	put_timing(j, b);
	put_handoff(j, b);
	json_close(j, " }\n");
}

void report_json_framed(const struct boot *b, enum report_stage stage, const struct sink *out)
{
	sink_puts(out, "-----BEGIN BOOTMEM REPORT-----\n");
	report_json(b, stage, out);
	sink_puts(out, "-----END BOOTMEM REPORT-----\n");
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The handoff record (handoff.h): everything a kernel is told, in one run of pages. Its pages are set aside
 * before the exit, for the most that the tables can need; what is left over is freed. Invariant: owners and free ranges
 * together are all RAM. Called by the front end when mem_init is done.
 */
#include <bootmem/adopt.h>
#include <bootmem/string.h>

#include "boot_internal.h"

#define SLACK_SECTIONS 64
#define TABLE_ALIGN    16

_Static_assert(offsetof(struct handoff, e820) == 64, "the record's layout is a contract");
_Static_assert(offsetof(struct handoff, limits) == 280, "the record's layout is a contract");
_Static_assert(offsetof(struct handoff, firmware) == 528, "the record's layout is a contract");
_Static_assert(offsetof(struct handoff, uart) == 560, "the record's layout is a contract");
_Static_assert(sizeof(struct handoff) == 584, "the record's layout is a contract");
_Static_assert(sizeof(struct handoff_zone) == 176, "a table's layout is a contract");
_Static_assert(HANDOFF_ORDERS == NR_ORDERS, "handoff.h");
_Static_assert(HANDOFF_MAP_WRITE == MAP_WRITE && HANDOFF_MAP_EXEC == MAP_EXEC &&
		       HANDOFF_MAP_UC == MAP_UC && HANDOFF_MAP_WC == MAP_WC &&
		       HANDOFF_MAP_TABLES == MAP_TABLES,
	"handoff.h");

struct writer {
	struct boot *b;
	struct handoff *record;
	uint8_t *next;
	uint8_t *end; /* page aligned: the next table never starts behind it */
	/* What was asked for ended here or below; the owners are joined afterwards. */
	uint8_t *high;
	bool full;
};

/* --- pages ------------------------------------------------------------------------------------- */

/* Owners as the record tells them: with the runs of mem_map, and the record's own tail. */
static uint64_t max_owner_ranges(const struct boot *b)
{
	return b->owners.capacity + b->mm->sections_present + SLACK_SECTIONS;
}

/* The map may still grow: what there is storage for counts, which is the same when a report is replayed. */
static uint64_t max_bytes(const struct boot *b)
{
	uint64_t owners = max_owner_ranges(b);
	uint64_t descriptors = b->raw_capacity;
	uint64_t nodes = b->node_map.nodes;

	return sizeof(struct handoff) + b->e820.capacity * sizeof(struct handoff_e820) +
	       descriptors * b->map.stride + nodes * sizeof(struct handoff_node) +
	       b->node_map.range_capacity * sizeof(struct handoff_node_range) +
	       nodes * ARCH_NR_ZONES * sizeof(struct handoff_zone) +
	       (owners + b->e820.capacity) * sizeof(struct handoff_range) +
	       owners * sizeof(struct handoff_owner_range) +
	       (OWNER_COUNT + MAP_KINDS) * sizeof(struct handoff_name) +
	       b->plan.capacity * sizeof(struct handoff_area) + sizeof(struct handoff_module) +
	       STAGE_COUNT * sizeof(struct handoff_timing) + OPTIONS_CMDLINE + 16 * TABLE_ALIGN;
}

enum bm_error boot_reserve_record(struct boot *b)
{
	if (b->kernel.protocol != PROTOCOL_NATIVE)
		return BM_OK;
	b->record_pages = pfn_up(max_bytes(b));
	return boot_alloc(b, OWNER_HANDOFF, b->record_pages, &b->record_phys);
}

uint64_t boot_record_address(const struct boot *b)
{
	bool direct = b->kernel.protocol == PROTOCOL_NATIVE;

	return b->record_phys != 0 && direct ? b->space.direct_base + b->record_phys
					     : b->record_phys;
}

/* --- writing ----------------------------------------------------------------------------------- */

/* The address that the kernel will use for it, which is the one we use. */
static uint64_t address_of(const void *at)
{
	return (uintptr_t)at;
}

/* The next table: room for count elements. When they don't fit, which max_bytes rules out, it has none. */
static void *open_table(
	struct writer *w, struct handoff_table *table, uint64_t count, uint32_t stride)
{
	uint8_t *start = w->next + -(uintptr_t)w->next % TABLE_ALIGN;

	if ((uint64_t)(w->end - start) < count * stride) {
		w->full = true;
		*table = (struct handoff_table){ 0 };
		return start;
	}
	*table = (struct handoff_table){ address_of(start), (uint32_t)count, stride };
	w->next = start + count * stride;
	if (w->next > w->high)
		w->high = w->next;
	return start;
}

static uint32_t e820_number(uint32_t type)
{
	static const uint32_t number[E820_TYPES] = {
		[E820_RAM] = HANDOFF_E820_RAM,
		[E820_RESERVED] = HANDOFF_E820_RESERVED,
		[E820_ACPI] = HANDOFF_E820_ACPI,
		[E820_NVS] = HANDOFF_E820_NVS,
		[E820_UNUSABLE] = HANDOFF_E820_UNUSABLE,
		[E820_PMEM] = HANDOFF_E820_PMEM,
		[E820_UNACCEPTED] = HANDOFF_E820_UNACCEPTED,
		[E820_SOFT] = HANDOFF_E820_SOFT,
	};

	return number[type];
}

static void put_e820(struct writer *w)
{
	const struct e820 *map = &w->b->e820;
	struct handoff_e820 *out =
		open_table(w, &w->record->e820, map->count, sizeof(struct handoff_e820));

	for (uint32_t i = 0; i < w->record->e820.count; i++)
		out[i] = (struct handoff_e820){ .start_phys = map->entry[i].start,
			.end_phys = map->entry[i].end,
			.type = e820_number(map->entry[i].type) };
}

static void put_efi_map(struct writer *w)
{
	const struct fw_map *map = &w->b->map;
	void *out = open_table(w, &w->record->efi_map, map->count, map->stride);

	w->record->efi_map_version = map->version;
	memcpy(out, map->bytes, (size_t)w->record->efi_map.count * map->stride);
}

static void put_nodes(struct writer *w)
{
	const struct mm *mm = w->b->mm;
	struct handoff_node *out =
		open_table(w, &w->record->nodes, mm->nodes, sizeof(struct handoff_node));

	for (uint32_t nid = 0; nid < w->record->nodes.count; nid++)
		out[nid] = (struct handoff_node){ .start_pfn = mm->node[nid].start_pfn,
			.end_pfn = mm->node[nid].end_pfn,
			.present_pages = mm->node[nid].present_pages,
			.nid = nid };
}

static void put_node_ranges(struct writer *w)
{
	const struct node_map *map = &w->b->node_map;
	struct handoff_node_range *out = open_table(
		w, &w->record->node_ranges, map->ranges, sizeof(struct handoff_node_range));

	for (uint32_t i = 0; i < w->record->node_ranges.count; i++)
		out[i] = (struct handoff_node_range){ .start_pfn = map->range[i].start,
			.end_pfn = map->range[i].end,
			.nid = map->range[i].nid };
}

static void copy_text(char *to, size_t size, const char *from)
{
	size_t i = 0;

	for (; i + 1 < size && from[i] != '\0'; i++)
		to[i] = from[i];
	to[i] = '\0';
}

static void describe_zone(struct handoff_zone *out, const struct zone *zone, uint32_t index)
{
	*out = (struct handoff_zone){ .start_pfn = zone->start_pfn,
		.spanned_pages = zone->spanned_pages,
		.present_pages = zone->present_pages,
		.managed_pages = zone->managed_pages,
		.free_pages = zone->free_pages,
		.watermark_min = zone->watermark_min,
		.watermark_low = zone->watermark_low,
		.watermark_high = zone->watermark_high,
		.nid = zone->nid,
		.index = index };
	for (unsigned order = 0; order < NR_ORDERS; order++)
		out->free_blocks[order] = zone_free_blocks(zone, order);
	copy_text(out->name, sizeof(out->name), zone_name(index));
}

static void put_zones(struct writer *w)
{
	struct mm *mm = w->b->mm;
	uint32_t zones = mm->nodes * ARCH_NR_ZONES;
	struct handoff_zone *out =
		open_table(w, &w->record->zones, zones, sizeof(struct handoff_zone));

	for (uint32_t i = 0; i < w->record->zones.count; i++)
		describe_zone(&out[i], mm_zone(mm, i), i % ARCH_NR_ZONES);
}

/* --- owners and free pages --------------------------------------------------------------------- */

/* Nearly sorted already: mem_map mostly lies in its own sections. */
static void sort_ranges(struct handoff_owner_range *range, uint32_t count)
{
	for (uint32_t gap = count / 2; gap > 0; gap /= 2)
		for (uint32_t i = gap; i < count; i++) {
			struct handoff_owner_range moved = range[i];
			uint32_t k = i;

			for (; k >= gap && range[k - gap].start_pfn > moved.start_pfn; k -= gap)
				range[k] = range[k - gap];
			range[k] = moved;
		}
}

static uint32_t join_ranges(struct handoff_owner_range *range, uint32_t count)
{
	uint32_t last = 0;

	for (uint32_t i = 1; i < count; i++) {
		if (range[last].end_pfn == range[i].start_pfn &&
			range[last].owner == range[i].owner)
			range[last].end_pfn = range[i].end_pfn;
		else
			range[++last] = range[i];
	}
	return count != 0 ? last + 1 : 0;
}

static struct handoff_owner_range owned(pfn_t start, pfn_t end, uint32_t owner)
{
	uint32_t flags = owner_reclaimable((enum owner)owner) ? HANDOFF_RECLAIMABLE : 0;

	return (struct handoff_owner_range){ start, end, owner, flags };
}

static uint32_t collect_owners(const struct boot *b, struct handoff_owner_range *out)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < b->owners.count; i++)
		out[count++] = owned(
			b->owners.range[i].start, b->owners.range[i].end, b->owners.range[i].owner);
	for (uint32_t nr = 0; sparse_next(b->mm, &nr); nr++) {
		const struct section *section = section_nr(b->mm, nr);
		pfn_t start = section_map_pfn(section);

		if (start != 0)
			out[count++] = owned(start, start + section->map_pages, OWNER_MEM_MAP);
	}
	return count;
}

static void put_owners(struct writer *w)
{
	uint64_t most = w->b->owners.count + w->b->mm->sections_present;
	struct handoff_owner_range *out =
		open_table(w, &w->record->owners, most, sizeof(struct handoff_owner_range));
	uint32_t count;

	if (w->full)
		return;
	count = collect_owners(w->b, out);
	sort_ranges(out, count);
	w->record->owners.count = join_ranges(out, count);
	w->next = (uint8_t *)(out + w->record->owners.count);
}

static void put_free_range(struct writer *w, pfn_t start, pfn_t end)
{
	struct handoff_range *out = (struct handoff_range *)(void *)w->next;

	if (start >= end)
		return;
	if ((uint64_t)(w->end - (uint8_t *)out) < sizeof(*out)) {
		w->full = true;
		return;
	}
	*out = (struct handoff_range){ start, end };
	w->record->free.count++;
	w->next = (uint8_t *)(out + 1);
}

/* RAM that nobody owns; the owners are sorted. A record that is full is thrown away, whatever is in it. */
static void put_free(struct writer *w)
{
	const struct handoff_owner_range *owner =
		(const void *)(uintptr_t)w->record->owners.address;
	uint32_t k = 0, owners = w->record->owners.count;
	struct pfn_range ram;

	open_table(w, &w->record->free, 0, sizeof(struct handoff_range));
	for (uint32_t i = 0; e820_next_ram(&w->b->e820, &i, &ram);) {
		pfn_t from = ram.start;

		for (; k < owners && owner[k].start_pfn < ram.end; k++) {
			put_free_range(w, from, owner[k].start_pfn);
			from = owner[k].end_pfn;
		}
		put_free_range(w, from, ram.end);
	}
}

/* --- names, areas, the rest -------------------------------------------------------------------- */

static void put_names(struct writer *w)
{
	struct handoff_name *owner =
		open_table(w, &w->record->owner_names, OWNER_COUNT, sizeof(struct handoff_name));
	struct handoff_name *kind =
		open_table(w, &w->record->area_names, MAP_KINDS, sizeof(struct handoff_name));

	for (uint32_t i = 0; i < w->record->owner_names.count; i++)
		copy_text(owner[i].text, sizeof(owner[i].text), owner_name((enum owner)i));
	for (uint32_t i = 0; i < w->record->area_names.count; i++)
		copy_text(kind[i].text, sizeof(kind[i].text), map_kind_name((enum map_kind)i));
}

static void put_areas(struct writer *w)
{
	const struct map_plan *plan = &w->b->plan;
	struct handoff_area *out =
		open_table(w, &w->record->areas, plan->count, sizeof(struct handoff_area));

	for (uint32_t i = 0; i < w->record->areas.count; i++)
		out[i] = (struct handoff_area){ .virt = plan->area[i].virt,
			.phys = plan->area[i].phys,
			.bytes = plan->area[i].bytes,
			.rights = plan->area[i].rights,
			.kind = plan->area[i].kind };
}

static void put_modules(struct writer *w)
{
	const struct boot_input *in = &w->b->input;
	uint32_t count = in->initrd_start_phys < in->initrd_end_phys ? 1 : 0;
	struct handoff_module *out =
		open_table(w, &w->record->modules, count, sizeof(struct handoff_module));

	if (w->record->modules.count == 0)
		return;
	*out = (struct handoff_module){ .start_phys = in->initrd_start_phys,
		.end_phys = in->initrd_end_phys };
	if (in->initrd_end_phys <= w->b->space.direct_bytes)
		out->address = w->b->space.direct_base + in->initrd_start_phys;
	copy_text(out->name, sizeof(out->name), in->options.initrd);
}

static void put_timings(struct writer *w)
{
	struct handoff_timing *out =
		open_table(w, &w->record->timings, STAGE_COUNT, sizeof(struct handoff_timing));

	for (uint32_t i = 0; i < w->record->timings.count; i++)
		copy_text(out[i].stage, sizeof(out[i].stage), boot_stage_name((enum boot_stage)i));
}

static void put_cmdline(struct writer *w)
{
	const char *text = w->b->input.options.cmdline;
	uint64_t bytes = 1;
	char *out;

	while (text[bytes - 1] != '\0')
		bytes++;
	out = open_table(w, &w->record->cmdline, bytes, 1);
	memcpy(out, text, w->record->cmdline.count);
}

/* --- the record itself ------------------------------------------------------------------------- */

static void fill_limits(struct handoff_limits *out, const struct limits *limits)
{
	*out = (struct handoff_limits){ .min_low_pfn = limits->min_low_pfn,
		.max_low_pfn = limits->max_low_pfn,
		.max_pfn = limits->max_pfn,
		.highstart_pfn = limits->highstart_pfn,
		.highend_pfn = limits->highend_pfn };
}

static void fill_paging(struct handoff_paging *out, const struct boot *b)
{
	*out = (struct handoff_paging){ .root_phys = b->paging.root,
		.tables_phys = b->paging.tables_phys,
		.tables_bytes = pfn_phys(b->paging.table_pages),
		.direct_base = b->space.direct_base,
		.direct_bytes = b->space.direct_bytes,
		.vmalloc = { b->space.vmalloc_start, b->space.vmalloc_end },
		.fixmap = { b->space.fixmap_start, b->space.fixmap_end },
		.pkmap = { b->space.pkmap_start, b->space.pkmap_end },
		.levels = b->paging.mode.levels,
		.phys_bits = b->paging.mode.phys_bits };
}

static void fill_kernel(struct handoff_kernel *out, const struct boot *b)
{
	uint64_t stack = b->cpu_block_phys + ((uint64_t)ARCH_CPU_MAIN_STACK_PAGE << PAGE_SHIFT);

	*out = (struct handoff_kernel){ .virt = b->kernel.virt,
		.phys = b->kernel.phys,
		.bytes = b->kernel.bytes,
		.entry = b->kernel.entry,
		.stack = { stack, stack + ((uint64_t)ARCH_CPU_MAIN_STACK_PAGES << PAGE_SHIFT) } };
}

static void fill_framebuffer(struct handoff_framebuffer *out, const struct boot *b)
{
	*out = b->input.screen;
	out->phys = b->input.framebuffer_phys;
	out->bytes = b->input.framebuffer_bytes;
	out->address = boot_framebuffer_address(b);
}

static void fill_record(struct writer *w)
{
	struct handoff *r = w->record;
	const struct boot *b = w->b;

	*r = (struct handoff){ .magic = HANDOFF_MAGIC,
		.version = HANDOFF_VERSION,
		.bytes = sizeof(*r),
		.machine = ARCH_ELF_MACHINE,
		.flags = (b->runtime_usable ? HANDOFF_RUNTIME_USABLE : 0) |
			 (b->paging.mode.nx ? HANDOFF_NX : 0) |
			 (b->paging.mode.pat ? HANDOFF_PAT : 0),
		.layout_hash = handoff_layout_hash(),
		.mm_address = address_of(b->mm),
		.record_phys = b->record_phys,
		.exit_attempts = b->exit_attempts,
		.serial = b->input.serial,
		.firmware = b->input.firmware,
		.uart = { b->input.uart_phys, boot_uart_address(b), b->input.uart_stride, 0 } };
	fill_limits(&r->limits, &b->limits);
	fill_paging(&r->paging, b);
	fill_kernel(&r->kernel, b);
	fill_framebuffer(&r->framebuffer, b);
}

static void put_tables(struct writer *w)
{
	put_e820(w);
	put_efi_map(w);
	put_nodes(w);
	put_node_ranges(w);
	put_zones(w);
	put_names(w);
	put_areas(w);
	put_modules(w);
	put_timings(w);
	put_cmdline(w);
	put_owners(w);
	put_free(w);
}

static struct writer open_record(struct boot *b)
{
	struct handoff *record = phys_to_virt(b->pool.window, b->record_phys);

	return (struct writer){ .b = b,
		.record = record,
		.next = (uint8_t *)(record + 1),
		.end = (uint8_t *)record + pfn_phys(b->record_pages) };
}

/* The pages that the tables did not need, before anything is told about them. */
static enum bm_error free_tail(struct boot *b, const struct writer *w)
{
	const uint8_t *needed = w->high > w->next ? w->high : w->next;
	pfn_t used = pfn_up(b->record_phys + (uint64_t)(needed - (uint8_t *)w->record));
	pfn_t end = pfn_down(b->record_phys) + b->record_pages;
	enum bm_error error;

	if (used >= end)
		return BM_OK;
	error = owners_remove(&b->owners, used, end);
	if (error == BM_OK)
		error = free_reserved_pages(b->mm, used, end);
	b->record_pages = used - pfn_down(b->record_phys);
	return error;
}

/* Freeing the tail changes zones, owners and free ranges by a little: leave room for one more of each. */
static struct writer write_record(struct boot *b)
{
	struct writer w = open_record(b);

	fill_record(&w);
	put_tables(&w);
	return w;
}

enum bm_error boot_make_record(struct boot *b)
{
	struct writer w;
	enum bm_error error = BM_OK;

	if (b->kernel.protocol == PROTOCOL_LINUX)
		return boot_fill_linux(b);
	if (b->record_phys == 0)
		return BM_OK;
	w = write_record(b);
	if (!w.full) {
		w.next += sizeof(struct handoff_range) + sizeof(struct handoff_owner_range);
		error = free_tail(b, &w);
		w = write_record(b);
	}
	if (w.full || error != BM_OK)
		return boot_fail(b, BM_FULL, "handoff: the record needs more than %llu pages",
			ULL(b->record_pages));
	memset(w.next, 0, (size_t)(w.end - w.next));
	w.record->record_bytes = pfn_phys(b->record_pages);
	return BM_OK;
}

void boot_seal_record(struct boot *b)
{
	struct handoff *record = phys_to_virt(b->pool.window, b->record_phys);
	const uint32_t *word = (const uint32_t *)record;
	struct handoff_timing *timing;
	uint32_t sum = 0;

	if (b->kernel.protocol != PROTOCOL_NATIVE)
		return;
	timing = (void *)(uintptr_t)record->timings.address;
	for (unsigned i = 0; i < STAGE_COUNT; i++)
		timing[i].cycles = b->cycles[i];
	record->checksum = 0;
	for (uint64_t i = 0; i < record->record_bytes / sizeof(*word); i++)
		sum += word[i];
	record->checksum = 0 - sum;
}

const char *boot_protocol_name(enum boot_protocol protocol)
{
	static const char *const name[] = {
		[PROTOCOL_NONE] = "none",
		[PROTOCOL_NATIVE] = "native",
		[PROTOCOL_LINUX] = "linux",
	};

	return name[protocol];
}

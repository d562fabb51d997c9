/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * boot: the pipeline of docs/memory-flow.md as code (boot.h). Called by the front ends, in order.
 *
 * Until the exit the firmware owns everything: each page the core writes to was claimed first. A
 * page that is reserved in a bootmem bitmap, or taken in high memory, has an owner; mem_init_balances checks
 * it.
 */
#include <bootmem/string.h>

#include "boot_internal.h"

#define DMA_LIMIT_PHYS  (16 * MIB)
#define MAP_SLACK       192 /* descriptors that the map may grow by: a bitmap for each node splits it */
#define OWNERS_SLACK    (256 + 2 * BOOT_TABLE_RUNS) /* owner ranges beyond two for each descriptor */
#define NODE_SLACK      (2 * BOOT_SRAT_RANGES + 2 * BOOTMEM_MAX_NODES) /* node_max_scratch */
#define RUNTIME_PARTS   2  /* specials for each descriptor: its parts in the firmware's table */
#define BITMAP_ATTEMPTS 64 /* places the firmware may refuse */

/* --- progress, errors, time ------------------------------------------------------------------------ */

const char *boot_stage_name(enum boot_stage stage)
{
	static const char *const name[STAGE_COUNT] = {
		[STAGE_SNAPSHOT] = "snapshot",
		[STAGE_E820] = "e820",
		[STAGE_LIMITS] = "limits",
		[STAGE_NODES] = "nodes",
		[STAGE_BOOTMEM] = "bootmem",
		[STAGE_PAGING] = "paging",
		[STAGE_ZONES] = "zones",
		[STAGE_EXIT] = "exit",
		[STAGE_SETTLE] = "settle",
		[STAGE_ACTIVATE] = "activate",
		[STAGE_MEM_INIT] = "mem_init",
		[STAGE_REPORT] = "report",
		[STAGE_HANDOFF] = "handoff",
		[STAGE_CONSOLE] = "console",
	};

	return stage < STAGE_COUNT ? name[stage] : "none";
}

static uint64_t now(const struct boot *b)
{
	return b->platform->cycles(b->platform->ctx);
}

void boot_stage_begin(struct boot *b, enum boot_stage stage)
{
	b->stage = stage;
	if (b->platform->stage != NULL)
		b->platform->stage(b->platform->ctx, stage);
	b->stage_start = now(b);
	b->stage_console = b->cycles[STAGE_CONSOLE];
}

void boot_stage_end(struct boot *b)
{
	uint64_t console = b->cycles[STAGE_CONSOLE] - b->stage_console;

	b->cycles[b->stage] += now(b) - b->stage_start - console;
}

static void write_timed(void *ctx, const char *text, size_t length)
{
	struct boot_output *output = ctx;
	uint64_t start = now(output->boot);

	output->inner->write(output->inner->ctx, text, length);
	output->cycles += now(output->boot) - start;
}

struct sink boot_output_sink(struct boot_output *output, struct boot *b, const struct sink *inner)
{
	*output = (struct boot_output){ b, inner, 0 };
	return (struct sink){ write_timed, output };
}

void boot_output_end(struct boot_output *output)
{
	output->boot->cycles[STAGE_CONSOLE] += output->cycles;
	output->cycles = 0;
}

static void say(struct boot *b, const char *format, va_list args)
{
	struct boot_output output;
	struct sink sink = boot_output_sink(&output, b, b->platform->console);

	sink_vprintf(&sink, format, args);
	sink_puts(&sink, "\n");
	boot_output_end(&output);
}

void boot_say(struct boot *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(b, format, args);
	va_end(args);
}

enum bm_error boot_fail(struct boot *b, enum bm_error error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(b, format, args);
	va_end(args);
	return error;
}

/* --- storage ---------------------------------------------------------------------------------------- */

static uint64_t bytes_per_descriptor(void)
{
	return sizeof(struct e820_entry) + 2 * 2 * sizeof(struct e820_entry) +
	       2 * 2 * sizeof(struct node_range) + 2 * sizeof(struct owner_range) +
	       (2 + 2 * RUNTIME_PARTS) * sizeof(struct map_area) +
	       RUNTIME_PARTS * sizeof(struct map_special);
}

static uint64_t fixed_bytes(void)
{
	return OWNERS_SLACK * sizeof(struct owner_range) +
	       BOOT_SRAT_RANGES * sizeof(struct srat_range) +
	       3 * NODE_SLACK * sizeof(struct node_range) +
	       (4 * BOOT_ALL_SPECIALS + 4) * sizeof(struct map_area) +
	       BOOT_ALL_SPECIALS * sizeof(struct map_special);
}

uint64_t boot_storage_bytes(uint32_t descriptors)
{
	return fixed_bytes() + (descriptors + MAP_SLACK) * bytes_per_descriptor();
}

/* Cut n elements off the storage; all sizes are multiples of 8. */
static void *cut(uint8_t **storage, uint64_t n, size_t size)
{
	void *start = *storage;

	*storage += (size_t)n * size;
	return start;
}

static void lay_out_scratch(struct boot *b, uint8_t **storage, uint32_t n)
{
	b->raw_capacity = n;
	b->raw = cut(storage, n, sizeof(*b->raw));
	b->next.entry = cut(storage, b->next.capacity, sizeof(*b->next.entry));
	b->next_range = cut(storage, b->node_map.range_capacity, sizeof(*b->next_range));
	b->node_map.scratch_capacity = NODE_SLACK;
	b->node_map.scratch = cut(storage, NODE_SLACK, sizeof(*b->node_map.scratch));
	b->special_capacity = BOOT_ALL_SPECIALS + RUNTIME_PARTS * n;
	b->special = cut(storage, b->special_capacity, sizeof(*b->special));
}

/* What the report reads comes first, scratch last. */
static void lay_out_storage(struct boot *b, uint8_t *storage, uint32_t n)
{
	uint8_t *scratch;

	b->e820.capacity = b->next.capacity = 2 * n;
	b->e820.entry = cut(&storage, b->e820.capacity, sizeof(*b->e820.entry));
	b->owners.capacity = 2 * n + OWNERS_SLACK;
	b->owners.range = cut(&storage, b->owners.capacity, sizeof(*b->owners.range));
	b->node_map.range_capacity = 2 * n + NODE_SLACK;
	b->node_map.range = cut(&storage, b->node_map.range_capacity, sizeof(*b->node_map.range));
	b->plan.capacity = 2 * n + 4 * BOOT_ALL_SPECIALS + 2 * RUNTIME_PARTS * n + 4;
	b->plan.area = cut(&storage, b->plan.capacity, sizeof(*b->plan.area));
	b->srat.range_capacity = BOOT_SRAT_RANGES;
	b->srat.range = cut(&storage, BOOT_SRAT_RANGES, sizeof(*b->srat.range));
	scratch = storage;
	lay_out_scratch(b, &storage, n);
	b->scratch = (struct pfn_range){ pfn_up(virt_to_phys(b->pool.window, scratch)),
		pfn_down(virt_to_phys(b->pool.window, storage)) };
}

/* a / b in 32 bits where both fit, else the largest 32-bit count that is surely not too many. */
static uint32_t descriptors_in(uint64_t storage_bytes)
{
	uint64_t left = storage_bytes - fixed_bytes();

	return (uint32_t)min_u64(left, UINT32_MAX) / (uint32_t)bytes_per_descriptor();
}

enum bm_error boot_init(struct boot *b, const struct boot_platform *platform,
	const struct boot_input *input, void *storage, uint64_t storage_bytes, struct window window)
{
	memset(b, 0, sizeof(*b));
	b->platform = platform;
	b->input = *input;
	if (storage_bytes < boot_storage_bytes(0))
		return BM_FULL;
	b->pool = (struct bootmem_pool){
		.node = b->bootmem,
		.current_limit = ARCH_HIGHMEM ? ARCH_SPLIT_PHYS : 4 * GIB,
		.dma_limit = DMA_LIMIT_PHYS,
		.window = window,
		.claim = boot_claim,
		.claim_ctx = b,
	};
	b->storage_phys = virt_to_phys(window, storage);
	b->storage_bytes = storage_bytes;
	lay_out_storage(b, storage, descriptors_in(storage_bytes));
	return BM_OK;
}

/* --- stages 1 to 4: pure functions of the map ---------------------------------------------------------- */

static enum bm_error stage_snapshot(struct boot *b)
{
	enum bm_error error = b->platform->get_map(b->platform->ctx, &b->map);

	if (error != BM_OK)
		return boot_fail(b, error, "snapshot: the firmware's memory map can't be used");
	boot_say(b, "snapshot: %u descriptors of %u bytes", b->map.count, b->map.stride);
	return BM_OK;
}

void boot_cut_ram(struct e820 *map, phys_t limit, enum finding_id id, struct findings *f)
{
	phys_t first = PHYS_END, end = 0;
	struct pfn_range ram;
	uint64_t bytes;

	for (uint32_t i = 0; e820_next_ram(map, &i, &ram);) {
		if (pfn_phys(ram.end) <= limit)
			continue;
		first = min_u64(first, max_u64(pfn_phys(ram.start), align_down(limit, PAGE_SIZE)));
		end = pfn_phys(ram.end);
	}
	bytes = e820_cut_ram(map, limit);
	if (bytes != 0)
		finding_add_bytes(f, id, first, end, bytes);
}

/* What can't be reached, or was ruled out by the user, is not RAM for us. */
static void cut_unreachable(const struct boot *b, struct e820 *map, struct findings *f)
{
	const struct paging_mode *mode = &b->input.mode;

	if (b->input.options.mem_bytes != 0)
		boot_cut_ram(map, b->input.options.mem_bytes, FINDING_RAM_BEYOND_MEM, f);
	boot_cut_ram(
		map, min_u64(arch_direct_end(mode), SECTIONS_END_PHYS), FINDING_RAM_BEYOND_MAP, f);
	if (mode->levels == 2)
		boot_cut_ram(map, 4 * GIB, FINDING_RAM_BEYOND_PAGING, f);
	boot_cut_ram(map, UINT64_C(1) << mode->phys_bits, FINDING_RAM_BEYOND_CPU, f);
}

/* Empty if there is none. */
static struct pfn_range highest_ram(const struct e820 *map)
{
	struct pfn_range ram = { 0, 0 };

	for (uint32_t i = 0; e820_next_ram(map, &i, &ram);)
		;
	return ram;
}

static void apply_split(struct boot *b, struct e820 *map, struct findings *f)
{
	const struct boot_options *options = &b->input.options;

	/* Once: bitmaps and owners depend on it, so the accepted map can't move it any more. */
	if (!b->exited)
		b->split = limits_split(
			highest_ram(map).end, options->highmem_bytes, options->vmalloc_bytes);
	boot_cut_ram(map, b->split.ram_end_phys, FINDING_RAM_BEYOND_HIGHMEM, f);
}

/* The map in raw entries, as the platform has them or from its descriptors. */
static enum bm_error raw_entries(struct boot *b, uint32_t *count, struct findings *f)
{
	const struct boot_platform *platform = b->platform;

	if (platform->get_raw != NULL)
		return platform->get_raw(platform->ctx, b->raw, b->raw_capacity, count, f);
	*count = b->map.count;
	return fw_map_to_raw(&b->map, b->raw, b->raw_capacity, f);
}

enum bm_error boot_map_to_e820(struct boot *b, struct e820 *out, struct findings *f)
{
	uint32_t count;
	enum bm_error error = raw_entries(b, &count, f);

	if (error == BM_OK)
		error = e820_sanitise(b->raw, count, out, f);
	if (error != BM_OK)
		return boot_fail(b, error, "e820: %u descriptors, room for %u", b->map.count,
			b->raw_capacity);
	if (b->map.stride != 40 && b->map.stride != 48)
		finding_add(f, FINDING_STRIDE, b->map.stride, b->map.stride);
	cut_unreachable(b, out, f);
	if (b->far_phys != 0)
		boot_cut_ram(out, b->far_phys, FINDING_RAM_TOO_FAR, f);
	apply_split(b, out, f);
	return BM_OK;
}

/* What we run on until activate: told, not changed. */
static void audit_firmware_tables(struct boot *b)
{
	const struct paging live = { .root = b->input.firmware_root,
		.mode = b->input.firmware_mode };

	if (live.root == 0)
		return;
	paging_audit(&b->audit, &live, b->pool.window, boot_tables_end(b), &b->e820);
	if (b->audit.ram_unmapped_pages != 0)
		finding_add_bytes(&b->findings, FINDING_RAM_UNMAPPED, 0, 0,
			pfn_phys(b->audit.ram_unmapped_pages));
}

static enum bm_error stage_e820(struct boot *b)
{
	enum bm_error error = boot_map_to_e820(b, &b->e820, &b->findings);

	if (error != BM_OK)
		return error;
	boot_say(b, "e820: %u entries", b->e820.count);
	return BM_OK;
}

static void say_refused(struct boot *b, const char *option, enum split_refusal refusal)
{
	if (refusal != SPLIT_ACCEPTED && !b->exited)
		boot_say(b, "limits: %s= ignored: it %s", option, split_refusal_text(refusal));
}

enum bm_error boot_stage_limits(struct boot *b)
{
	enum bm_error error = limits_find(&b->limits, &b->e820, b->split.low_end_phys);

	say_refused(b, "vmalloc", b->split.vmalloc);
	say_refused(b, "highmem", b->split.highmem);
	if (error != BM_OK)
		return boot_fail(b, error, "limits: %s no RAM below %llu MiB",
			b->input.options.mem_bytes != 0 ? "mem= leaves" : "there is",
			(unsigned long long)(b->split.low_end_phys / MIB));
	if (ARCH_HIGHMEM)
		b->pool.current_limit = pfn_phys(b->limits.max_low_pfn);
	boot_say(b, "limits: max_low_pfn %llx, max_pfn %llx",
		(unsigned long long)b->limits.max_low_pfn, (unsigned long long)b->limits.max_pfn);
	return BM_OK;
}

/* SRAT and SLIT, once: after the exit there is nothing new in them. */
static void read_affinity(struct boot *b)
{
	struct findings *f = &b->findings;
	struct acpi acpi;
	struct acpi_table table;
	enum bm_error error = BM_INVALID;

	b->affinity_read = true;
	if (acpi_open(&acpi, b->pool.window, UINT64_MAX, b->input.rsdp_phys, f) != ACPI_OK)
		return;
	if (acpi_find(&acpi, "SRAT", &table, f) == ACPI_OK)
		error = srat_parse(&b->srat, &table, f);
	if (error == BM_FULL)
		finding_add(f, FINDING_SRAT_RANGES, 0, 0);
	if (error != BM_OK)
		b->srat.nodes = 0;
	if (acpi_find(&acpi, "SLIT", &table, f) == ACPI_OK &&
		slit_parse(&b->slit, &table, f) != BM_OK)
		b->slit.localities = 0;
}

enum bm_error boot_stage_nodes(struct boot *b)
{
	const struct boot_options *options = &b->input.options;
	struct node_input input = {
		.e820 = &b->e820,
		.numa = options->numa,
		.fake_nodes = options->numa_fake_nodes,
	};
	enum bm_error error;

	if (!b->affinity_read)
		read_affinity(b);
	findings_clear_nodes(&b->findings);
	input.srat = b->srat.nodes != 0 ? &b->srat : NULL;
	input.slit = b->slit.localities != 0 ? &b->slit : NULL;
	error = node_map_build(&b->node_map, &input, &b->findings);
	if (error != BM_OK)
		return boot_fail(
			b, error, "nodes: more than %u ranges", b->node_map.range_capacity);
	boot_say(b, "nodes: %u", b->node_map.nodes);
	return BM_OK;
}

/* --- stage 5: bootmem ------------------------------------------------------------------------------------ */

/* The first page in [from, end) where so many pages belong to nobody; end when there are none. */
static pfn_t unowned_run(const struct boot *b, pfn_t from, pfn_t end, uint64_t pages)
{
	while (from < end && end - from >= pages) {
		const struct owner_range *r = owners_from(&b->owners, from);

		if (r == NULL || r->start >= from + pages)
			return from;
		from = r->end;
	}
	return end;
}

/* Claim pages for a bitmap in [from, end); *tries counts refusals down. */
static bool claim_in(
	struct boot *b, pfn_t from, pfn_t end, uint64_t pages, uint32_t *tries, pfn_t *found)
{
	while (*tries != 0) {
		from = unowned_run(b, from, end, pages);
		if (from >= end)
			return false;
		if (boot_claim_pages(b, from, pages) == BM_OK) {
			*found = from;
			return true;
		}
		finding_add(&b->findings, FINDING_CLAIM_REFUSED, pfn_phys(from),
			pfn_phys(from + pages));
		(*tries)--;
		from += pages;
	}
	return false;
}

/* The same in what is a node's RAM of one descriptor, at or above floor and below the limit. */
static bool claim_in_desc(struct boot *b, const struct efi_memory_desc *desc, uint32_t nid,
	pfn_t floor, uint64_t pages, uint32_t *tries, pfn_t *found)
{
	pfn_t limit = pfn_down(b->pool.current_limit);
	pfn_t start = pfn_down(desc->phys_start);
	struct pfn_range ram;

	for (uint32_t i = 0; node_next_range(&b->node_map, nid, &i, &ram);) {
		pfn_t from = max_u64(max_u64(ram.start, start), floor);
		pfn_t end = min_u64(ram.end, start + min_u64(desc->pages, PFN_END));

		if (claim_in(b, from, min_u64(end, limit), pages, tries, found))
			return true;
	}
	return false;
}

/* The bitmap's place has to be found before there is a bitmap to look in. */
static bool find_bitmap_on(struct boot *b, uint32_t nid, pfn_t floor, uint64_t pages, pfn_t *found)
{
	uint32_t tries = BITMAP_ATTEMPTS;

	for (uint32_t i = 0; i < b->map.count; i++) {
		struct efi_memory_desc desc = fw_map_entry(&b->map, i);

		if (desc.type == EFI_MEM_CONVENTIONAL &&
			claim_in_desc(b, &desc, nid, floor, pages, &tries, found))
			return true;
	}
	return false;
}

/* In the node's own memory when that is below the limit, else in the nearest node that has some. Not in a kernel's way. */
static bool find_bitmap(struct boot *b, uint32_t nid, uint64_t pages, pfn_t *found)
{
	const uint8_t *order = &b->node_map.order[(size_t)nid * b->node_map.nodes];
	pfn_t dma_pfn = pfn_down(b->pool.dma_limit);
	pfn_t clear_pfn = max_u64(dma_pfn, pfn_up(boot_kernel_wish_end(b)));

	for (uint32_t i = 0; i < b->node_map.nodes; i++)
		if (find_bitmap_on(b, order[i], clear_pfn, pages, found) ||
			find_bitmap_on(b, order[i], dma_pfn, pages, found) ||
			find_bitmap_on(b, order[i], LOW_64K_PFN, pages, found))
			return true;
	return false;
}

static enum bm_error refuse_badram(struct boot *b, const struct option_range *range)
{
	char text[OPTION_RANGE_TEXT_MAX];
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));

	options_put_range(range, &sink);
	return boot_fail(
		b, BM_CONFLICT, "bootmem: badram=%s is where the firmware put this program", text);
}

/* Bad memory where the loader itself runs can't be avoided any more. */
static enum bm_error check_badram(struct boot *b)
{
	const struct boot_input *in = &b->input;

	for (uint32_t i = 0; i < in->options.badrams; i++) {
		const struct option_range *r = &in->options.badram[i];
		phys_t end = r->start_phys + r->bytes;

		if ((r->start_phys < in->image_end_phys && in->image_start_phys < end) ||
			(r->start_phys < in->workspace_end_phys && in->workspace_start_phys < end))
			return refuse_badram(b, r);
	}
	return BM_OK;
}

/* What bootmem manages of a node: on i386 its low memory. */
static struct pfn_range bootmem_span(const struct boot *b, uint32_t nid)
{
	struct pfn_range span = node_span(&b->node_map, nid);

	if (ARCH_HIGHMEM)
		span.end = min_u64(span.end, b->limits.max_low_pfn);
	if (span.start >= span.end)
		span.start = span.end = 0;
	return span;
}

static enum bm_error init_node(struct boot *b, uint32_t nid)
{
	struct pfn_range span = bootmem_span(b, nid);
	uint64_t pages = bootmem_bootmap_pages(span.start, span.end);
	enum bm_error error;
	pfn_t bitmap;

	b->bitmap_pages[nid] = 0;
	if (span.start == span.end)
		return BM_OK; /* no bootmem: everything in it is reserved */
	if (!find_bitmap(b, nid, pages, &bitmap))
		return boot_fail(b, BM_NOMEM,
			"bootmem: no room for node %u's bitmap of %llu page%s", nid, ULL(pages),
			plural(pages));
	b->bitmap_pfn[nid] = bitmap;
	b->bitmap_pages[nid] = pages;
	error = boot_own(b, OWNER_BITMAP, bitmap, bitmap + pages);
	if (error == BM_OK)
		error = init_bootmem(
			&b->bootmem[nid], b->pool.window, pfn_phys(bitmap), span.start, span.end);
	if (error == BM_OK)
		boot_say(b, "bootmem: node %u, bitmap of %llu KiB at %llx", nid,
			(unsigned long long)(pages << PAGE_SHIFT) / KIB,
			(unsigned long long)pfn_phys(bitmap));
	return error;
}

static enum bm_error init_nodes(struct boot *b)
{
	enum bm_error error = BM_OK;

	for (uint32_t nid = 0; nid < b->node_map.nodes && error == BM_OK; nid++)
		error = init_node(b, nid);
	return error;
}

/*
 * A bitmap spans its node: a page of RAM terabytes above all other may ask for more bitmap than there
 * is memory. Leave the highest range out, and plan again.
 */
static bool leave_out_farthest(struct boot *b)
{
	struct pfn_range ram = highest_ram(&b->e820);

	if (pfn_phys(ram.start) < 4 * GIB)
		return false;
	b->far_phys = pfn_phys(ram.start);
	boot_say(b, "bootmem: without the RAM from %llx on", (unsigned long long)b->far_phys);
	boot_cut_ram(&b->e820, b->far_phys, FINDING_RAM_TOO_FAR, &b->findings);
	if (owners_remove(&b->owners, pfn_down(b->far_phys), PFN_END) != BM_OK)
		return false;
	return boot_stage_limits(b) == BM_OK && boot_stage_nodes(b) == BM_OK;
}

/* RAM becomes free, then everything that has an owner is reserved again. */
static enum bm_error stage_bootmem(struct boot *b)
{
	/* First, so that a bitmap is not looked for where another descriptor says otherwise (Q11). */
	enum bm_error error = boot_own_firmware_ranges(b);

	if (error == BM_OK)
		error = init_nodes(b);
	while (error == BM_NOMEM && leave_out_farthest(b))
		error = init_nodes(b);
	b->pool.nodes = b->node_map.nodes;
	b->pool.node_order = b->node_map.order;
	if (error == BM_OK)
		error = boot_free_pages(b, 0, PFN_END);
	return error == BM_OK ? boot_own_firmware(b) : error;
}

/* --- stages 6 and 7: page tables and zones ------------------------------------------------------------- */

static void add_special(struct boot *b, struct map_special special)
{
	b->special[b->specials++] = special; /* BOOT_ALL_SPECIALS is the sum of all callers */
}

/* Identity mappings end here: what the space has room for, and the CPU can address. */
static phys_t identity_end(const struct boot *b)
{
	return min_u64(b->space.identity_end, arch_phys_end(&b->input.mode));
}

/*
 * Memory of a device: where it is, or in a span of its own if that is in the kernel's half. False: that has no room there, or
 * it is beyond what the CPU can address.
 */
static bool add_device(struct boot *b, phys_t start, phys_t end, uint32_t type,
	bool (*place)(struct address_space *space, phys_t start_phys, phys_t end_phys))
{
	bool identity = end <= identity_end(b);

	if (start >= end || end > arch_phys_end(&b->input.mode) ||
		(!identity && !place(&b->space, start, end)))
		return false;
	add_special(b, (struct map_special){ .start_phys = start,
			       .end_phys = end,
			       .rights = MAP_WRITE | type,
			       .identity = identity,
			       .kernel = !identity });
	return true;
}

static void add_framebuffer(struct boot *b)
{
	phys_t start = align_down(b->input.framebuffer_phys, PAGE_SIZE);
	phys_t end = align_up(b->input.framebuffer_phys + b->input.framebuffer_bytes, PAGE_SIZE);

	if (b->input.framebuffer_bytes != 0 &&
		!add_device(b, start, end, MAP_WC, arch_place_screen))
		finding_add(&b->findings, FINDING_FRAMEBUFFER_LEFT_OUT, start, end);
}

/* Registers in RAM would be somebody's data. */
static void add_uart(struct boot *b)
{
	phys_t start = align_down(b->input.uart_phys, PAGE_SIZE);
	phys_t end = align_up(b->input.uart_phys + boot_uart_bytes(&b->input), PAGE_SIZE);

	if (b->input.uart_stride != 0 &&
		(e820_ram_pages(&b->e820, pfn_down(start), pfn_down(end)) != 0 ||
			!add_device(b, start, end, MAP_UC, arch_place_serial)))
		finding_add(&b->findings, FINDING_UART_LEFT_OUT, start, end);
}

static uint64_t device_address(const struct boot *b, const struct map_span *span, phys_t phys,
	uint64_t bytes, uint32_t type)
{
	uint64_t virt = span->start == span->end ? phys : span->base + phys;
	struct paging_leaf leaf;

	if (bytes == 0 || !paging_lookup(&b->paging, b->pool.window, virt, &leaf) ||
		leaf.phys - leaf.virt != phys - virt || (leaf.rights & type) == 0)
		return 0;
	return virt;
}

uint64_t boot_framebuffer_address(const struct boot *b)
{
	return device_address(b, &b->space.screen, b->input.framebuffer_phys,
		b->input.framebuffer_bytes, MAP_WC | MAP_UC);
}

uint64_t boot_uart_address(const struct boot *b)
{
	return device_address(
		b, &b->space.serial, b->input.uart_phys, boot_uart_bytes(&b->input), MAP_UC);
}

/* The kernel's segments, with the rights of its program headers. */
static void add_kernel(struct boot *b)
{
	const struct boot_kernel *k = &b->kernel;

	for (uint32_t i = 0; k->protocol == PROTOCOL_NATIVE && i < k->elf.segments; i++) {
		const struct elf_segment *s = &k->elf.segment[i];
		phys_t start = k->phys + (s->virt - k->virt);

		add_special(b, (struct map_special){ .start_phys = align_down(start, PAGE_SIZE),
				       .end_phys = align_up(start + s->mem_bytes, PAGE_SIZE),
				       .rights = s->rights,
				       .kernel = true });
	}
}

/* What the firmware goes on using, from the newest map there is. */
static void add_runtime_ranges(struct boot *b)
{
	struct findings *f = b->input.runtime_services ? &b->findings : NULL;
	struct runtime_ranges ranges = {
		.special = b->special + b->specials,
		.capacity = b->special_capacity - b->specials,
	};
	struct efi_mat mat;

	if (efi_mat_open(&mat, b->input.memory_attributes) != BM_OK)
		mat.count = 0;
	runtime_ranges_find(&ranges, &b->map, &mat, identity_end(b), f);
	b->specials += ranges.count;
	b->runtime_usable = b->input.runtime_services && ranges.usable;
}

/*
 * The input's ranges, our stacks and tables with their guards, and bad RAM; the framebuffer, a serial port in memory and the
 * firmware's runtime ranges.
 */
static void collect_specials(struct boot *b)
{
	static const uint8_t guard[] = ARCH_CPU_GUARDS;
	const struct boot_options *options = &b->input.options;
	phys_t cpu = b->cpu_block_phys;

	b->specials = 0;
	findings_clear_plan(&b->findings);
	for (uint32_t i = 0; i < b->input.specials; i++)
		add_special(b, b->input.special[i]);
	add_special(b, (struct map_special){ .start_phys = cpu,
			       .end_phys = cpu + (ARCH_CPU_PAGES << PAGE_SHIFT),
			       .rights = MAP_WRITE,
			       .identity = true });
	for (uint32_t i = 0; i < ARRAY_SIZE(guard); i++) {
		phys_t at = cpu + ((phys_t)guard[i] << PAGE_SHIFT);

		add_special(
			b, (struct map_special){
				   .start_phys = at, .end_phys = at + PAGE_SIZE, .guard = true });
	}
	for (uint32_t i = 0; i < options->badrams; i++)
		add_special(b,
			(struct map_special){
				.start_phys = align_down(options->badram[i].start_phys, PAGE_SIZE),
				.end_phys = align_up(
					options->badram[i].start_phys + options->badram[i].bytes,
					PAGE_SIZE),
				.bad = true });
	add_framebuffer(b);
	add_uart(b);
	add_kernel(b);
	add_runtime_ranges(b);
}

/* What is where, with room for the kernel. */
static enum bm_error lay_out_space(struct boot *b)
{
	const struct boot_kernel *k = &b->kernel;

	arch_address_space(&b->space, &b->limits, &b->input.mode);
	if (k->protocol != PROTOCOL_NATIVE ||
		arch_place_kernel(&b->space, k->virt, k->virt + k->bytes, k->virt - k->phys))
		return BM_OK;
	return boot_fail(b, BM_CONFLICT,
		"paging: %s is linked at %llx, which is not the kernel's (docs/address-space.md)",
		b->input.options.kernel, ULL(k->virt));
}

static enum bm_error build_tables(struct boot *b)
{
	uint64_t pages = paging_table_pages(&b->plan, &b->input.mode);
	phys_t tables;
	enum bm_error error = boot_alloc(b, OWNER_PAGE_TABLES, pages, &tables);

	if (error != BM_OK)
		return error;
	error = paging_build(&b->paging, &b->plan, &b->input.mode, tables, pages, b->pool.window);
	if (error != BM_OK)
		return boot_fail(b, error, "paging: the tables can't be built");
	boot_say(b, "paging: %u levels, %llu table%s", b->input.mode.levels, ULL(pages),
		plural(pages));
	return BM_OK;
}

/* All tables are pages that bootmem handed out for them. */
static bool tables_are_ours(const struct boot *b)
{
	pfn_t start = pfn_down(b->paging.tables_phys);
	const struct owner_range *r = owners_from(&b->owners, start);

	return r != NULL && r->owner == OWNER_PAGE_TABLES && r->start <= start &&
	       start + b->paging.table_pages <= r->end;
}

/* The last chance to give everything back: afterwards the CPU believes these tables. */
static enum bm_error check_tables(struct boot *b)
{
	const struct paging_rules rules = { &b->space, &b->e820, &b->limits, b->special,
		b->specials };
	struct paging_violation v = paging_check(&b->paging, b->pool.window, &rules);

	if (v.fault != PAGING_SOUND)
		return boot_fail(b, BM_CONFLICT, "paging: %s: %llx (physical %llx)",
			paging_fault_text(v.fault), (unsigned long long)v.virt,
			(unsigned long long)v.phys);
	if (!tables_are_ours(b))
		return boot_fail(b, BM_CONFLICT, "paging: tables at %llx are not in our pages",
			(unsigned long long)b->paging.tables_phys);
	return BM_OK;
}

static enum bm_error refuse_plan(struct boot *b, enum bm_error error)
{
	const struct boot_kernel *k = &b->kernel;

	if (error != BM_CONFLICT || k->protocol != PROTOCOL_NATIVE ||
		k->virt >= b->space.identity_end)
		return boot_fail(
			b, error, "paging: the address space can't be laid out (%u)", error);
	return boot_fail(b, error,
		"paging: %s is linked at %llx, where this machine needs an identity mapping",
		b->input.options.kernel, ULL(k->virt));
}

enum bm_error boot_stage_paging(struct boot *b)
{
	enum bm_error error = BM_OK;

	if (b->cpu_block_phys == 0)
		error = boot_alloc(b, OWNER_CPU, ARCH_CPU_PAGES, &b->cpu_block_phys);
	if (error != BM_OK)
		return error;
	error = lay_out_space(b);
	if (error != BM_OK)
		return error;
	collect_specials(b);
	error = mapplan_build(&b->plan, &b->space, &b->e820, &b->limits, b->special, b->specials);
	if (error != BM_OK)
		return refuse_plan(b, error);
	if (!mapplan_check(&b->plan, &b->input.mode))
		return boot_fail(b, BM_INVALID, "paging: the plan breaks its own rules");
	error = build_tables(b);
	return error == BM_OK ? check_tables(b) : error;
}

static enum bm_error alloc_cleared(struct boot *b, enum owner owner, uint64_t pages, phys_t *phys)
{
	enum bm_error error = boot_alloc(b, owner, pages, phys);

	if (error == BM_OK)
		memset(phys_to_virt(b->pool.window, *phys), 0, (size_t)(pages << PAGE_SHIFT));
	return error;
}

/* struct mm, the node map, the section table, the zero page and the window's slots, in pages of their own. */
struct mm_pages {
	phys_t mm, nodes, sections, zero, pkmap;
};

static enum bm_error alloc_mm(struct boot *b, struct mm_pages *pages)
{
	uint64_t sections = sparse_table_pages(&b->e820, b->limits.max_pfn);
	uint64_t pkmap = pkmap_table_pages(&b->space);
	enum bm_error error =
		alloc_cleared(b, OWNER_MM, pfn_up(mm_bytes(b->node_map.nodes)), &pages->mm);

	if (error == BM_OK)
		error = alloc_cleared(
			b, OWNER_NODES, nodes_table_pages(&b->node_map), &pages->nodes);
	if (error == BM_OK)
		error = alloc_cleared(b, OWNER_SECTIONS, sections, &pages->sections);
	if (error == BM_OK)
		error = alloc_cleared(b, OWNER_ZERO_PAGE, 1, &pages->zero);
	if (error == BM_OK && pkmap != 0)
		error = alloc_cleared(b, OWNER_PKMAP, pkmap, &pages->pkmap);
	return error;
}

enum bm_error boot_stage_zones(struct boot *b)
{
	struct mm_pages pages = { 0 };
	enum bm_error error = alloc_mm(b, &pages);
	struct mm *mm;

	if (error != BM_OK)
		return error;
	mm = b->mm = phys_to_virt(b->pool.window, pages.mm);
	b->mm_phys = pages.mm;
	mm->window = b->pool.window;
	mm->limits = b->limits;
	mm->paging = b->paging;
	mm->zero_pfn = pfn_down(pages.zero);
	nodes_init(mm, &b->node_map, pfn_down(pages.nodes));
	sparse_init(mm, &b->e820, pfn_down(pages.sections));
	pkmap_init(mm, &b->space, pfn_down(pages.pkmap));
	boot_say(b, "zones: %llu section%s of %llu MiB", ULL(mm->sections_present),
		plural(mm->sections_present),
		(unsigned long long)((UINT64_C(1) << ARCH_SECTION_SHIFT) / MIB));
	return BM_OK;
}

/* --- running stages -------------------------------------------------------------------------------------- */

typedef enum bm_error (*stage_fn)(struct boot *b);

static enum bm_error run_stage(struct boot *b, enum boot_stage stage, stage_fn run)
{
	enum bm_error error;

	boot_stage_begin(b, stage);
	error = run(b);
	boot_stage_end(b);
	return error;
}

/* Below where the bitmaps end, each page of RAM is free in its node's or has an owner. */
static bool bitmaps_balance(const struct boot *b)
{
	pfn_t end = ARCH_HIGHMEM ? b->limits.max_low_pfn : b->limits.max_pfn;
	uint64_t counted = 0;

	for (uint32_t nid = 0; nid < b->pool.nodes; nid++)
		counted += bootmem_free_pages(&b->bootmem[nid]);
	for (uint32_t i = 0; i < b->owners.count && b->owners.range[i].start < end; i++)
		counted += min_u64(b->owners.range[i].end, end) - b->owners.range[i].start;
	return counted == e820_ram_pages(&b->e820, 0, end);
}

struct timed_stage {
	enum boot_stage stage;
	stage_fn run;
};

static enum bm_error run_stages(struct boot *b, const struct timed_stage *stage, unsigned count)
{
	enum bm_error error = BM_OK;

	for (unsigned i = 0; i < count && error == BM_OK; i++)
		error = run_stage(b, stage[i].stage, stage[i].run);
	return error;
}

/* Looking at the firmware's tables takes time that no stage is charged with: they are as many as it likes. */
enum bm_error boot_prepare(struct boot *b)
{
	static const struct timed_stage looking[] = {
		{ STAGE_SNAPSHOT, stage_snapshot },
		{ STAGE_E820, stage_e820 },
		{ STAGE_LIMITS, boot_stage_limits },
		{ STAGE_NODES, boot_stage_nodes },
	};
	static const struct timed_stage taking[] = {
		{ STAGE_BOOTMEM, stage_bootmem },
		{ STAGE_HANDOFF, boot_place_kernel },
		{ STAGE_PAGING, boot_stage_paging },
		{ STAGE_ZONES, boot_stage_zones },
		{ STAGE_HANDOFF, boot_reserve_record },
	};
	enum bm_error error = run_stages(b, looking, ARRAY_SIZE(looking));

	if (error == BM_OK)
		error = check_badram(b);
	if (error == BM_OK)
		error = boot_own_fixed(b, &b->e820);
	if (error == BM_OK)
		error = boot_own_live_tables(b);
	if (error == BM_OK)
		error = run_stages(b, taking, ARRAY_SIZE(taking));
	if (error != BM_OK)
		return error;
	if (!bitmaps_balance(b))
		return boot_fail(b, BM_CONFLICT, "zones: free and owned pages do not add up");
	audit_firmware_tables(b);
	return BM_OK;
}

/* --- stages 8 and 9: exit and settle --------------------------------------------------------------------- */

/* The map is read again before each attempt, and that can fail, too. */
static enum bm_error refuse_exit(struct boot *b, enum bm_error error)
{
	uint32_t attempts = b->exit_attempts;

	if (error == BM_REFUSED)
		return boot_fail(b, error, "exit: the firmware refused %u time%s", attempts,
			plural(attempts));
	return boot_fail(b, error, "exit: at attempt %u, %s", attempts + 1,
		error == BM_FULL ? "the firmware's map outgrew its buffer (Q3)"
				 : "the firmware's map can't be used");
}

static enum bm_error stage_exit(struct boot *b)
{
	enum bm_error error = b->platform->exit(b->platform->ctx, &b->map, &b->exit_attempts);

	b->map_phys = virt_to_phys(b->pool.window, b->map.bytes);
	b->exited =
		b->exit_attempts != 0; /* even a refused exit leaves nothing to return to (Q6) */
	if (b->exited)
		b->pool.claim = NULL;
	if (error != BM_OK)
		return refuse_exit(b, error);
	for (uint32_t i = 1; i < b->exit_attempts; i++)
		finding_add(&b->findings, FINDING_EXIT_RETRIED, 0, 0);
	return BM_OK;
}

enum bm_error boot_exit(struct boot *b)
{
	enum bm_error error = run_stage(b, STAGE_EXIT, stage_exit);

	return error == BM_OK ? run_stage(b, STAGE_SETTLE, boot_stage_settle) : error;
}

/* --- stages 10 and 11 ------------------------------------------------------------------------------------ */

void boot_activated(struct boot *b, struct window window)
{
	b->pool.window = window;
	b->pool.current_limit = ARCH_HIGHMEM ? pfn_phys(b->limits.max_low_pfn) : PHYS_END;
	for (uint32_t nid = 0; nid < b->pool.nodes; nid++)
		bootmem_set_window(&b->bootmem[nid], window);
	b->mm = phys_to_virt(window, b->mm_phys);
	b->mm->window = window;
}

/* Nothing runs these pages any more: no longer executable, and writable like all free memory. */
static enum bm_error unprotect_init(struct boot *b, struct pfn_range range)
{
	phys_t start = max_u64(pfn_phys(range.start), b->input.init_start_phys);
	phys_t end = min_u64(pfn_phys(range.end), b->input.init_end_phys);

	for (phys_t at = start; at < end; at += PAGE_SIZE) {
		uint64_t direct = b->space.direct_base + at;
		bool low = at < b->space.direct_bytes;

		if (!paging_clear_page(&b->paging, b->pool.window, at) ||
			(low && !paging_set_page(
					&b->paging, b->pool.window, direct, at, MAP_WRITE)))
			return BM_CONFLICT;
		arch_flush_page(at);
		if (low)
			arch_flush_page(direct);
	}
	return BM_OK;
}

/* Pages of a section without descriptors can't be free; they are left out with the rest of it. */
static enum bm_error free_init_range(struct boot *b, struct pfn_range range)
{
	enum bm_error error = unprotect_init(b, range);

	if (error == BM_OK)
		error = owners_remove(&b->owners, range.start, range.end);
	if (error == BM_OK)
		error = mapplan_release(&b->plan,
			max_u64(pfn_phys(range.start), b->input.init_start_phys),
			min_u64(pfn_phys(range.end), b->input.init_end_phys));
	if (error != BM_OK)
		return error;
	if (free_reserved_pages(b->mm, range.start, range.end) != BM_OK)
		return boot_own(b, OWNER_LEFT_OUT, range.start, range.end);
	b->freed_init_pages += range.end - range.start;
	return BM_OK;
}

/* free_initmem of the lineage. */
static enum bm_error free_initmem(struct boot *b)
{
	enum bm_error error = BM_OK;

	for (uint32_t i = 0; i < b->owners.count && error == BM_OK;) {
		struct owner_range r = b->owners.range[i];

		if (r.owner == OWNER_INIT)
			error = free_init_range(b, (struct pfn_range){ r.start, r.end });
		else
			i++;
	}
	return error;
}

/* present = free + reserved, to the last page. */
static bool balances(const struct boot *b)
{
	uint64_t present = e820_ram_pages(&b->e820, 0, PFN_END);
	uint64_t counted = 0;

	for (uint32_t owner = 0; owner < OWNER_COUNT; owner++)
		counted += boot_owner_pages(b, (enum owner)owner);
	for (uint32_t nid = 0; nid < b->mm->nodes; nid++)
		for (uint32_t i = 0; i < ARCH_NR_ZONES; i++)
			counted += b->mm->node[nid].zone[i].free_pages;
	return present == counted;
}

static enum bm_error stage_mem_init(struct boot *b)
{
	enum bm_error error = boot_free(b, OWNER_FIRMWARE);

	if (error == BM_OK)
		error = mem_init(b->mm, &b->pool, &b->owners, &b->e820);
	if (error == BM_OK)
		error = free_initmem(b);
	if (error == BM_OK)
		zones_set_watermarks(b->mm);
	if (error != BM_OK)
		return boot_fail(
			b, error, "mem_init: the free pages can't be handed over (%u)", error);
	if (!balances(b))
		return boot_fail(b, BM_CONFLICT, "mem_init: free and reserved pages do not add up");
	return BM_OK;
}

enum bm_error boot_mem_init(struct boot *b)
{
	enum bm_error error = run_stage(b, STAGE_MEM_INIT, stage_mem_init);

	if (error != BM_OK)
		return error;
	b->selftest.blocks = mm_selftest(b->mm, &b->selftest.balanced);
	if (!b->selftest.balanced)
		return boot_fail(
			b, BM_CONFLICT, "mem_init: the buddy allocator fails its self-test");
	return BM_OK;
}

enum bm_error boot_test_highmem(struct boot *b)
{
	bool ok;

	b->selftest.high_pages = kmap_selftest(b->mm, &ok);
	return ok ? BM_OK : boot_fail(b, BM_CONFLICT, "mem_init: pkmap fails its self-test");
}

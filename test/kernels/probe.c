/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe: checks every promise of docs/handoff.md, in the order of their numbers, and says PASS or FAIL for each. With the
 * word "fault" on the command line it then raises an exception, which the loader's tables must report.
 */
#include "probe.h"

#include "console.h"

struct promise {
	const char *name;
	probe_check *kept;
};

/* The first is H1. */
static const struct promise promises[] = {
	{ "begins at its entry point", check_entry },
	{ "the argument is the record", check_argument },
	{ "the other registers are 0", check_registers },
	{ "stack", check_stack },
	{ "flags", check_flags },
	{ "CR0", check_cr0 },
	{ "CR4", check_cr4 },
	{ "EFER", check_efer },
	{ "page attribute table", check_pat },
	{ "CR3", check_cr3 },
	{ "FPU and SSE are fresh", check_fpu },
	{ "segments", check_segments },
	{ "task register", check_tss },
	{ "interrupt table", check_idt },
	{ "the tables map the areas and nothing else", check_areas },
	{ "nothing is writable and executable", check_w_xor_x },
	{ "page 0 and the stack's guard are not mapped", check_page_0 },
	{ "segments have their rights", check_segments_mapped },
	{ "the direct map of the kernel", check_kernel_alias },
	{ "free memory is in the direct map", check_direct_map },
	{ "the record is in the direct map", check_record_mapped },
	{ "vmalloc, pkmap and fixmap", check_windows },
	{ "framebuffer", check_framebuffer },
	{ "runtime ranges are mapped", check_runtime_mapped },
	{ "the record's header", check_header },
	{ "the record's block", check_block },
	{ "e820", check_e820 },
	{ "EFI map", check_efi_map },
	{ "nodes", check_nodes },
	{ "nodes' ranges", check_node_ranges },
	{ "zones", check_zones },
	{ "owners", check_owners },
	{ "RAM is free or has an owner", check_all_ram },
	{ "free pages by zones", check_free },
	{ "limits", check_limits },
	{ "texts end", check_texts },
	{ "command line", check_cmdline },
	{ "modules", check_modules },
	{ "timings", check_timings },
	{ "serial port", check_serial },
	{ "firmware's tables", check_tables },
	{ "runtime services", check_runtime },
	{ "who owns what", check_who_owns },
	{ "the library adopts the record", check_adopt },
	{ "the library's zones are the record's", check_same_zones },
	{ "blocks of every order", check_blocks },
	{ "kmap", check_kmap },
	{ "node queries", check_node_queries },
	{ "fixmap can be written", check_fixmap },
	{ "reclaimable pages can be freed", check_reclaim },
	{ "reclaimed pages are ordinary memory", check_reclaimed },
};

static struct probe the_probe;

handoff_entry kernel;

static void write(void *ctx, const char *text, size_t length)
{
	(void)ctx;
	console_write(text, length);
}

static const struct sink out = { .write = write };

bool saw(struct probe *p, const char *format, ...)
{
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, p->seen, sizeof(p->seen));
	va_list args;

	va_start(args, format);
	sink_vprintf(&sink, format, args);
	va_end(args);
	return false;
}

/* The record's own description, before the library is asked. */
static void look_at_record(struct probe *p, const struct handoff *record)
{
	p->record = record;
	p->window = (struct window){ (uintptr_t)record->paging.direct_base };
	p->paging = (struct paging){
		.root = record->paging.root_phys,
		.tables_phys = record->paging.tables_phys,
		.table_pages = record->paging.tables_bytes >> PAGE_SHIFT,
		.mode = { .levels = (uint8_t)record->paging.levels,
			.nx = (record->flags & HANDOFF_NX) != 0,
			.large = true,
			.huge = true,
			.phys_bits = (uint8_t)record->paging.phys_bits },
	};
	p->firmware = firmware_of(record);
}

/* Facts that a test compares with what it gave to the machine. */
static void say_facts(const struct handoff *record)
{
	sink_printf(&out, "PROBE: linked at %llx, %u zones, cmdline \"%s\"\n",
		ULL(record->kernel.virt), record->zones.count,
		(const char *)(uintptr_t)record->cmdline.address);
	for (uint32_t i = 0; i < record->modules.count; i++) {
		const struct handoff_module *module = table_at(&record->modules, i);
		const uint8_t *bytes = (const uint8_t *)(uintptr_t)module->address;
		uint32_t sum = 0;

		for (uint64_t k = 0; bytes != NULL && k < module->end_phys - module->start_phys;
			k++)
			sum += bytes[k];
		sink_printf(&out, "PROBE: module %s, %llu bytes, sum %u\n", module->name,
			ULL(module->end_phys - module->start_phys), sum);
	}
}

/* On return nothing but the promise's own FAIL line tells what was wrong. */
static bool run_check(struct probe *p, uint32_t number)
{
	const struct promise *promise = &promises[number - 1];
	bool kept = promise->kept(p);

	if (kept)
		sink_printf(&out, "PASS H%u %s\n", number, promise->name);
	else
		sink_printf(&out, "FAIL H%u %s: %s\n", number, promise->name, p->seen);
	return kept;
}

void kernel(const struct handoff *record)
{
	struct probe *p = &the_probe;
	struct firmware firmware;
	uint32_t failed = 0;

	console_open(record);
	look_at_record(p, record);
	firmware = p->firmware;
	say_facts(record);
	for (uint32_t number = 1; number <= ARRAY_SIZE(promises); number++)
		failed += !run_check(p, number);
	sink_printf(&out, "PROBE: %u passed, %u failed\n", (uint32_t)ARRAY_SIZE(promises) - failed,
		failed);
	if (cmdline_has(record, "fault"))
		__asm__ volatile("ud2");
	firmware_power_off(&firmware);
}

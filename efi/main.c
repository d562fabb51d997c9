/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bootmem.efi: the firmware front end of the pipeline in <bootmem/boot.h>. It owns the program's
 * only mutable file-scope object; everything it takes from the firmware goes back to it unless the
 * exit succeeds.
 */
#include <bootmem/boot.h>
#include <bootmem/cpu.h>
#include <bootmem/overview.h>
#include <bootmem/report.h>
#include <bootmem/string.h>

#include "acpi.h"
#include "claim.h"
#include "config.h"
#include "crumb.h"
#include "exit.h"
#include "gop.h"
#include "hostile.h"
#include "image.h"
#include "kernel.h"
#include "log.h"
#include "measure.h"
#include "memory_map.h"
#include "power.h"
#include "relocate.h"
#include "report_files.h"
#include "screen.h"
#include "secure.h"
#include "tables.h"
#include "uefi.h"

#define PREPARE_TRIES      3 /* each with twice the slack for the map */

/*
 * Where the workspace, with the map buffer and the core's tables, must end: our page tables show it
 * where it is. In the direct map if that can be, else anywhere below the kernel's half of an i386
 * address space.
 */
#define WORKSPACE_END      ARCH_SPLIT_PHYS
#define WORKSPACE_LAST_END (ARCH_HIGHMEM ? ARCH_DIRECT_BASE : ARCH_SPLIT_PHYS)

struct app {
	EFI_HANDLE handle;
	EFI_SYSTEM_TABLE *system_table; /* the firmware's own, also with hostile= */
	EFI_BOOT_SERVICES *bs;          /* null once the exit begins */
	struct hostile hostile;
	EFI_LOADED_IMAGE *image;
	struct log log;
	struct screen screen;
	struct crumbs crumbs;
	struct arch_fault_handler fault_handler;
	struct memory_map map;
	struct kernel_files files;
	struct measure tpm;
	struct secure secure;
	EFI_PHYSICAL_ADDRESS workspace;
	UINTN workspace_pages;
	struct acpi_power acpi;
	EFI_RUNTIME_SERVICES *runtime;
	struct boot_platform platform;
	struct boot_input input;
	struct boot boot;
	bool kernel_started;
};

static struct app the_app;
static EFI_GUID loaded_image_guid = LOADED_IMAGE_PROTOCOL;

EFI_STATUS efi_main(EFI_HANDLE handle, EFI_SYSTEM_TABLE *st);

/* --- the platform: how the core sees the firmware --- */

static enum bm_error platform_get_map(void *ctx, struct fw_map *map)
{
	struct app *app = ctx;

	return memory_map_read(&app->map, app->bs, map);
}

static enum bm_error platform_claim(void *ctx, pfn_t start_pfn, uint64_t pages)
{
	struct app *app = ctx;

	return claim_pages(app->bs, start_pfn, pages);
}

static void take_screen(struct app *app);
static bool fault_console(
	void *ctx, const struct arch_fault *fault, unsigned turn, struct sink *out);
static void explain_fault(void *ctx, const struct arch_fault *fault, const struct sink *out);

static enum bm_error platform_exit(void *ctx, struct fw_map *map, uint32_t *attempts)
{
	struct app *app = ctx;
	enum bm_error error = exit_boot_services(app->bs, app->handle, &app->map, map, attempts);

	if (*attempts == 0)
		return error;
	if (error == BM_OK)
		arch_take_exceptions(app->boot.cpu_block_phys, &app->fault_handler);
	app->bs = NULL;
	log_leave_firmware(&app->log);
	take_screen(app);
	return error;
}

static void platform_stage(void *ctx, enum boot_stage stage)
{
	struct app *app = ctx;

	crumbs_stage(&app->crumbs, stage);
}

static uint64_t platform_cycles(void *ctx)
{
	(void)ctx;
	return arch_cycles();
}

/* --- before the start --- */

static enum bm_error app_init(struct app *app, EFI_HANDLE handle, EFI_SYSTEM_TABLE *st)
{
	void *interface;

	app->handle = handle;
	app->system_table = st;
	app->bs = st->BootServices;
	log_init(&app->log, st);
	app->platform = (struct boot_platform){
		.ctx = app,
		.get_map = platform_get_map,
		.claim = platform_claim,
		.exit = platform_exit,
		.cycles = platform_cycles,
		.stage = platform_stage,
		.console = &app->log.text,
	};
	app->fault_handler = (struct arch_fault_handler){ fault_console, explain_fault, app };
	/* The user may read for longer than five minutes (Q65). */
	app->bs->SetWatchdogTimer(0, 0, 0, NULL);
	if (EFI_ERROR(app->bs->HandleProtocol(handle, &loaded_image_guid, &interface))) {
		sink_puts(&app->log.text, "The firmware does not say what it has loaded.\n");
		return BM_REFUSED;
	}
	app->image = interface;
	return BM_OK;
}

/* Neither the TPM nor the check of signatures is what hostile= is about. */
static void read_options(struct app *app)
{
	const struct config_sources from = {
		.bs = app->bs,
		.image = app->image,
		.secure = secure_boot_on(table_secure_boot(app->system_table)),
		.tpm = &app->tpm,
	};

	measure_open(&app->tpm, app->bs, &app->log.text);
	app->secure = (struct secure){ .bs = app->bs,
		.image = app->handle,
		.device = app->image->DeviceHandle,
		.tpm = &app->tpm };
	config_read(&from, &app->input.options, &app->log.text);
}

/* serial=auto: where the firmware's own console is, else the first port. */
static void follow_spcr(struct app *app, EFI_SYSTEM_TABLE *st)
{
	struct spcr spcr;
	enum bm_error error;

	if (app->input.options.serial != SERIAL_AUTO)
		return;
	error = acpi_serial_find(st, &spcr);
	if (error == BM_OK && spcr.port != 0) {
		log_use_port(&app->log, spcr.port, spcr.baud);
	} else if (error == BM_OK && spcr.stride != 0) {
		app->input.uart_phys = spcr.phys;
		app->input.uart_stride = spcr.stride;
		log_use_memory(&app->log, st, spcr.stride);
	} else if (error != BM_OK) {
		sink_printf(&app->log.text, "serial=auto: %s; taking port 0x%x\n",
			error == BM_INVALID ? "the SPCR table is malformed"
					    : "the SPCR table names no 16550",
			app->log.at.port);
	}
}

static void describe_firmware(struct boot_input *input, EFI_SYSTEM_TABLE *st)
{
	const CHAR16 *vendor = st->FirmwareVendor;
	size_t i = 0;

	for (; vendor != NULL && vendor[i] != 0 && i + 1 < sizeof(input->firmware_vendor); i++)
		input->firmware_vendor[i] =
			vendor[i] < ' ' || vendor[i] > '~' ? '?' : (char)vendor[i];
	input->firmware_vendor[i] = '\0';
	input->firmware_revision = st->FirmwareRevision;
}

static void add_special(
	struct boot_input *input, phys_t start_phys, phys_t end_phys, uint32_t rights)
{
	if (start_phys < end_phys)
		input->special[input->specials++] = (struct map_special){
			.start_phys = start_phys,
			.end_phys = end_phys,
			.rights = rights,
			.identity = true,
		};
}

static void describe_memory(struct boot_input *input, const struct app *app)
{
	input->specials = 0;
	input->image_start_phys = (uintptr_t)image_start;
	input->image_end_phys = (uintptr_t)image_end;
	input->init_start_phys = (uintptr_t)init_start;
	input->init_end_phys = (uintptr_t)init_end;
	add_special(input, (uintptr_t)image_start, (uintptr_t)text_start, 0);
	add_special(input, (uintptr_t)text_start, (uintptr_t)rodata_start, MAP_EXEC);
	add_special(input, (uintptr_t)rodata_start, (uintptr_t)data_start, 0);
	add_special(input, (uintptr_t)data_start, (uintptr_t)image_end, MAP_WRITE);
	input->workspace_start_phys = app->workspace;
	input->workspace_end_phys = app->workspace + pfn_phys(app->workspace_pages);
	add_special(input, input->workspace_start_phys, input->workspace_end_phys, MAP_WRITE);
}

static void describe_machine(struct app *app, EFI_SYSTEM_TABLE *st)
{
	struct framebuffer fb = gop_framebuffer(st);

	describe_firmware(&app->input, st);
	app->input.framebuffer_phys = fb.start_phys;
	app->input.framebuffer_bytes = fb.bytes;
	app->input.rsdp_phys = table_acpi(st);
	app->acpi = acpi_power_find(st);
	if (!arch_firmware_paging(&app->input.firmware_mode, &app->input.firmware_root))
		app->input.firmware_root = 0;
	app->input.screen = fb.screen;
	screen_init(&app->screen, &fb.screen,
		app->input.options.console != CONSOLE_SERIAL ? fb.bytes : 0);
	app->input.serial = (struct handoff_serial){ app->log.at.port, app->log.at.baud };
	app->input.firmware =
		(struct handoff_firmware){ .system_table_phys = (uintptr_t)app->system_table,
			.rsdp_phys = app->input.rsdp_phys,
			.smbios_phys = table_smbios(st),
			.smbios3_phys = table_smbios3(st) };
	app->runtime = st->RuntimeServices;
	app->input.runtime_services = st->RuntimeServices != NULL;
	app->input.secure_boot = table_secure_boot(st);
	app->input.no_long_mode = !arch_has_long_mode();
	app->input.memory_attributes = (const void *)(uintptr_t)table_memory_attributes(st);
}

/* --- the workspace: map buffer, canary, the core's storage --- */

static bool allocate_below(struct app *app, phys_t end_phys)
{
	app->workspace = end_phys - 1;
	return !EFI_ERROR(app->bs->AllocatePages(
		AllocateMaxAddress, EfiLoaderData, app->workspace_pages, &app->workspace));
}

static enum bm_error allocate_workspace(struct app *app, uint64_t bytes)
{
	app->workspace_pages = (UINTN)pfn_up(bytes);
	if (allocate_below(app, WORKSPACE_END) || allocate_below(app, WORKSPACE_LAST_END))
		return BM_OK;
	app->workspace_pages = 0;
	sink_printf(&app->log.text, "workspace: the firmware has no %llu KiB in one piece\n",
		ULL(bytes / KIB));
	return BM_NOMEM;
}

/* A map that outgrows its buffer is tried again, and named only when that was in vain. */
static enum bm_error map_unusable(struct app *app, enum bm_error error)
{
	if (error == BM_INVALID && !app->map.overrun)
		sink_puts(&app->log.text, "snapshot: the entries of the firmware's map have an "
					  "impossible size (Q5)\n");
	else if (error == BM_REFUSED)
		sink_puts(&app->log.text, "snapshot: the firmware does not give its memory map\n");
	return error;
}

static enum bm_error set_up_workspace(
	struct app *app, uint32_t slack, void **storage, uint64_t *storage_bytes)
{
	uint32_t descriptors;
	UINTN map_bytes;
	enum bm_error error = memory_map_wanted(app->bs, slack, &map_bytes, &descriptors);
	uint64_t buffer_bytes;

	if (error != BM_OK)
		return map_unusable(app, error);
	map_bytes = (UINTN)align_up(map_bytes, 16);
	buffer_bytes = map_bytes + MEMORY_MAP_CANARY_BYTES;
	*storage_bytes = boot_storage_bytes(descriptors);
	error = allocate_workspace(app, buffer_bytes + *storage_bytes);
	if (error != BM_OK)
		return error;
	memory_map_init(&app->map, (void *)(uintptr_t)app->workspace, map_bytes);
	*storage = (void *)(uintptr_t)(app->workspace + buffer_bytes);
	return BM_OK;
}

/* Everything goes back to the firmware. */
static void give_back(struct app *app)
{
	bool all = claims_release(app->bs, app->boot.claimed, app->boot.claims);

	app->boot.claims = 0;
	if (app->workspace_pages != 0)
		all = !EFI_ERROR(app->bs->FreePages(app->workspace, app->workspace_pages)) && all;
	app->workspace_pages = 0;
	if (!all)
		sink_puts(&app->log.text, "The firmware did not take all of its memory back.\n");
}

/* --- the start --- */

static phys_t ram_end(const struct fw_map *map)
{
	phys_t end = 0;

	for (uint32_t i = 0; i < map->count; i++) {
		struct efi_memory_desc desc = fw_map_entry(map, i);

		if (fw_desc_e820_type(&desc, NULL) == E820_RAM && desc.pages <= PFN_END)
			end = max_u64(end, desc.phys_start + pfn_phys(desc.pages));
	}
	return end;
}

static enum bm_error detect_cpu(struct app *app)
{
	struct fw_map map;
	enum bm_error error = memory_map_read(&app->map, app->bs, &map);

	if (error != BM_OK)
		return map_unusable(app, error);
	arch_cpu_detect(&app->input.mode, app->input.options.pae, ram_end(&map));
	if (app->input.options.pae == PAE_ON && app->input.mode.levels == 2)
		sink_puts(&app->log.text, "pae=on: this CPU has no PAE, two levels it is\n");
	return BM_OK;
}

static enum bm_error prepare_once(struct app *app, uint32_t slack)
{
	uint64_t storage_bytes;
	void *storage;
	enum bm_error error = set_up_workspace(app, slack, &storage, &storage_bytes);

	if (error == BM_OK)
		error = detect_cpu(app);
	if (error != BM_OK)
		return error;
	describe_memory(&app->input, app);
	error = boot_init(&app->boot, &app->platform, &app->input, storage, storage_bytes,
		(struct window){ 0 });
	if (error != BM_OK)
		return error;
	if (slack > MEMORY_MAP_SLACK)
		finding_add(&app->boot.findings, FINDING_MAP_GREW, 0, 0);
	return boot_prepare(&app->boot);
}

/* A map that outgrows its buffer is no error: start over with more slack (Q3). */
static enum bm_error prepare(struct app *app)
{
	enum bm_error error = BM_FULL;

	for (unsigned try = 0; try < PREPARE_TRIES; try++) {
		error = prepare_once(app, MEMORY_MAP_SLACK << try);
		if (error == BM_OK || !app->map.outgrown)
			break;
		give_back(app);
	}
	if (app->map.outgrown)
		sink_printf(&app->log.text,
			"snapshot: the firmware's map grew by more than %u entries meanwhile "
			"(Q3)\n",
			MEMORY_MAP_SLACK << (PREPARE_TRIES - 1));
	return error;
}

/* The kernel's files, too; no boot service is used any more. */
static void give_all_back(struct app *app)
{
	give_back(app);
	if (!kernel_files_release(&app->files, app->bs))
		sink_puts(&app->log.text, "The firmware did not take the files' memory back.\n");
	if (!crumbs_close(&app->crumbs, app->system_table->BootServices))
		sink_puts(&app->log.text, "The firmware did not take the lowest pages back.\n");
	hostile_unwrap(&app->hostile, &app->log.text);
}

static EFI_STATUS refuse(struct app *app, enum bm_error error)
{
	static const EFI_STATUS status[] = {
		[BM_OK] = EFI_SUCCESS,
		[BM_NOMEM] = EFI_OUT_OF_RESOURCES,
		[BM_FULL] = EFI_OUT_OF_RESOURCES,
		[BM_INVALID] = EFI_UNSUPPORTED,
		[BM_REFUSED] = EFI_ABORTED,
		[BM_CONFLICT] = EFI_ABORTED,
	};

	if (app->map.overrun)
		sink_puts(&app->log.text, "The firmware wrote past the end of its map (Q4).\n");
	give_all_back(app);
	sink_puts(&app->log.text, "Nothing was changed; returning to the firmware.\n");
	return status[error];
}

/* The picture first: the serial line takes seconds. */
static void show_overview(struct app *app)
{
	uint64_t start = arch_cycles();

	screen_overview(&app->screen, &app->boot);
	app->boot.cycles[STAGE_CONSOLE] += arch_cycles() - start;
}

/* The text's output is charged to the console, the report to its stage; the document has both. */
static void report(struct app *app, enum report_stage stage)
{
	struct boot *boot = &app->boot;
	struct boot_output output;
	struct sink text = boot_output_sink(&output, boot, &app->log.report);

	boot_stage_begin(boot, STAGE_REPORT);
	if (stage == REPORT_BOOTED)
		show_overview(app);
	screen_keep_report(&app->screen, boot);
	report_text(boot, stage, &text);
	boot_output_end(&output);
	boot_stage_end(boot);
	report_json_framed(boot, stage, &app->log.record);
}

/* The firmware may allocate while it writes: settle will see it. */
static void write_files(struct app *app, enum report_stage stage)
{
	if (app->input.options.files == FILES_ON)
		report_files_write(
			app->bs, app->image->DeviceHandle, &app->boot, stage, &app->log.text);
}

static EFI_STATUS report_and_return(struct app *app)
{
	write_files(app, REPORT_REPORT);
	report(app, REPORT_REPORT);
	log_flush(&app->log);
	give_all_back(app);
	return EFI_SUCCESS;
}

/* The firmware is gone: what after= asks for is all that is left. */
static _Noreturn void stop(struct app *app)
{
	sink_puts(&app->log.text, "There is no firmware to return to; the start ends here.\n");
	crumbs_end(&app->crumbs, CRUMB_ERROR, NULL);
	power_finish(app->input.options.after, &app->acpi, NULL, &app->log);
}

/* As log.c will do it. Whether there is a port is seen only when it is opened, after the exit. */
static void say_where_it_goes_on(struct app *app)
{
	const struct log *log = &app->log;
	bool serial = log_has_port(log) && (!app->screen.on || log->console != CONSOLE_SCREEN);

	if (!app->screen.on && !serial) {
		sink_puts(&log->text,
			"Leaving the firmware; with serial=off and no screen nothing follows.\n");
		return;
	}
	sink_printf(&log->text, "Leaving the firmware; the report follows on the%s",
		app->screen.on ? " screen" : "");
	if (serial) {
		sink_printf(&log->text, "%s\n", app->screen.on ? " and the" : "");
		log_put_port(log, &log->text);
		sink_puts(&log->text, ", if there is one");
	}
	sink_puts(&log->text, ".\n");
}

/* Is a device's memory where it is under the tables that are live before ours? */
static bool firmware_shows(const struct boot_input *in, phys_t phys, uint64_t bytes)
{
	const struct paging live = { .root = in->firmware_root, .mode = in->firmware_mode };
	struct paging_leaf leaf;
	phys_t last = phys + bytes - 1;

	if (bytes == 0 || last > UINTPTR_MAX)
		return false;
	if (live.root == 0)
		return true;
	for (phys_t at = phys; at <= last; at = leaf.virt + leaf.bytes)
		if (!paging_lookup(&live, (struct window){ 0 }, at, &leaf) ||
			leaf.virt != leaf.phys)
			return false;
	return true;
}

/* A port in memory that can't be used makes way for the first one. */
static void choose_port(struct app *app)
{
	if (app->input.uart_stride == 0 || boot_uart_address(&app->boot) != 0)
		return;
	log_use_port(&app->log, SERIAL_COM1, 0);
	app->boot.input.serial = (struct handoff_serial){ app->log.at.port, app->log.at.baud };
	sink_printf(&app->log.text,
		"serial=auto: the port at 0x%llx is in RAM or out of reach; taking port 0x%x\n",
		ULL(app->input.uart_phys), app->log.at.port);
}

/* A port in memory, from the exit on, when nobody else uses it any more. */
static void see_port(struct app *app)
{
	const struct boot_input *in = &app->input;

	if (app->log.at.stride != 0 && firmware_shows(in, in->uart_phys, boot_uart_bytes(in)))
		log_memory_at(&app->log, in->uart_phys);
}

static void browse(void *ctx)
{
	struct app *app = ctx;

	screen_browse(&app->screen, &app->boot, POWER_HALTED);
}

/* The firmware's console is no longer there. */
static void take_screen(struct app *app)
{
	app->log.rest = browse;
	app->log.rest_ctx = app;
	if (!app->screen.on)
		return;
	screen_clear(&app->screen, "bootmem " ARCH_NAME, COLOUR_HEADING);
	log_show_past(&app->log, &app->screen.text);
}

static _Noreturn void start_linux(const struct boot *boot)
{
	const struct boot_kernel *k = &boot->kernel;
	const struct linux_start start = { .entry_phys = k->entry,
		.params_phys = boot->record_phys,
		.root_phys = k->linux_paging.root,
		.gdt_phys = k->linux_gdt_phys,
		.gdt = phys_to_virt(boot->pool.window, k->linux_gdt_phys) };

	arch_jump_linux(&start);
}

/* Never comes back where there is a kernel. */
static void start_kernel(struct app *app)
{
	struct boot *boot = &app->boot;

	if (boot->kernel.protocol == PROTOCOL_NONE)
		return;
	sink_printf(&app->log.text, "Starting %s.\n", app->input.options.kernel);
	log_flush(&app->log);
	crumbs_end(&app->crumbs, CRUMB_KERNEL, NULL);
	app->kernel_started = true;
	if (boot->kernel.protocol == PROTOCOL_LINUX)
		start_linux(boot);
	boot_seal_record(boot);
	arch_jump(boot->kernel.entry, boot_record_address(boot),
		boot->cpu_block_phys +
			pfn_phys(ARCH_CPU_MAIN_STACK_PAGE + ARCH_CPU_MAIN_STACK_PAGES));
}

static enum bm_error make_record(struct boot *boot)
{
	enum bm_error error;

	boot_stage_begin(boot, STAGE_HANDOFF);
	error = boot_make_record(boot);
	boot_stage_end(boot);
	return error;
}

/* Our page tables may show it elsewhere, or not at all, or at last. */
static void move_screen(struct app *app)
{
	screen_at(&app->screen, boot_framebuffer_address(&app->boot));
	if (!app->screen.on)
		app->log.screen = NULL;
	else if (app->log.screen == NULL)
		take_screen(app);
}

/* On our own stack, under our own page tables. */
static void after_activate(void *ctx)
{
	struct app *app = ctx;
	struct boot *boot = &app->boot;

	boot_stage_end(boot);
	boot_activated(boot, (struct window){ (uintptr_t)boot->space.direct_base });
	move_screen(app);
	if (app->log.at.stride != 0)
		log_memory_at(&app->log, boot_uart_address(boot));
	app->crumbs.window = boot->pool.window;
	if (boot_mem_init(boot) != BM_OK || boot_test_highmem(boot) != BM_OK)
		stop(app);
	if (make_record(boot) != BM_OK)
		stop(app);
	report(app, REPORT_BOOTED);
	start_kernel(app);
	crumbs_clear(&app->crumbs);
	power_finish(app->input.options.after, &app->acpi,
		boot->runtime_usable ? app->runtime : NULL, &app->log);
}

/*
 * The serial line first, then the crumb, so that it is there once somebody has read of the fault and resets the machine;
 * and last the screen, for drawing may be what is broken.
 */
static bool fault_console(
	void *ctx, const struct arch_fault *fault, unsigned turn, struct sink *out)
{
	struct app *app = ctx;

	if (turn == 0) {
		*out = app->log.record;
		return true;
	}
	if (turn > 1)
		return false;
	log_flush(&app->log);
	crumbs_end(&app->crumbs, CRUMB_EXCEPTION, fault);
	screen_clear(&app->screen, "bootmem " ARCH_NAME ": the start has died", COLOUR_BAD);
	*out = app->screen.text;
	return app->screen.on;
}

static void explain_fault(void *ctx, const struct arch_fault *fault, const struct sink *out)
{
	struct app *app = ctx;

	/* What tells places apart may be the kernel's memory by now. */
	if (app->kernel_started) {
		sink_puts(out, "  in the kernel\n");
		return;
	}
	sink_printf(out, "  in stage %s, at 0x%llx: ", boot_stage_name(app->boot.stage),
		ULL(fault->ip));
	boot_put_place(&app->boot, fault->ip, out);
	if (fault->ip >= app->input.image_start_phys && fault->ip < app->input.image_end_phys)
		sink_printf(out, ", image + 0x%llx", ULL(fault->ip - app->input.image_start_phys));
	sink_puts(out, "\n");
	if (fault->vector != ARCH_PAGE_FAULT)
		return;
	sink_printf(out, "  address 0x%llx: ", ULL(fault->address));
	boot_put_place(&app->boot, fault->address, out);
	sink_puts(out, "\n");
}

EFI_STATUS efi_main(EFI_HANDLE handle, EFI_SYSTEM_TABLE *st)
{
	struct app *app = &the_app;
	enum bm_error error;

	if (image_misplaced())
		return image_run_moved(efi_main, handle, st);
	error = app_init(app, handle, st);
	if (error != BM_OK)
		return refuse(app, error);
	read_options(app);
	st = hostile_wrap(&app->hostile, st, &app->input.options.hostile, &app->log.text);
	app->bs = st->BootServices;
	log_configure(&app->log, st, &app->input.options);
	follow_spcr(app, st);
	/* not what hostile= is about */
	crumbs_open(&app->crumbs, app->system_table->BootServices, &app->input.options);
	crumbs_tell(&app->crumbs, &app->log.text);
	describe_machine(app, st);

	if (!kernel_files_read(
		    &app->files, app->bs, app->image->DeviceHandle, &app->input, &app->log.text))
		return refuse(app, BM_INVALID);
	if (!secure_allows(&app->secure, &app->input, &app->log.text))
		return refuse(app, BM_REFUSED);
	error = prepare(app);
	if (error != BM_OK)
		return refuse(app, error);
	if (app->input.options.mode == MODE_REPORT)
		return report_and_return(app);

	write_files(app, REPORT_PLANNED);
	if (firmware_shows(&app->input, app->input.framebuffer_phys, app->input.framebuffer_bytes))
		screen_at(&app->screen, app->input.framebuffer_phys);
	choose_port(app);
	say_where_it_goes_on(app);
	see_port(app);
	error = boot_exit(&app->boot);
	if (error != BM_OK && !app->boot.exited)
		return refuse(app, error);
	if (error != BM_OK)
		stop(app);
	boot_stage_begin(&app->boot, STAGE_ACTIVATE);
	arch_activate(app->boot.cpu_block_phys, &app->boot.paging, after_activate, app);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every call of the firmware that can fail, made to fail at every position of a start, in every way it can; then every
 * two of them. All of efi/ and core/ is the application's own, up to the jump into our page tables; fake_efi.c is the
 * firmware, on three recorded maps.
 *
 * Expect one of three ends: a report whose pages balance, or a started machine whose books do; a message and the
 * firmware's map as it was; or, once ExitBootServices was called and there is nothing to return to, a message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <affinity.h>
#include <recording.h>

#include "../unit/linux_rules.h"
#include "fake_efi.h"

#include "../../efi/main.c"

#include <x86/io.h>

#define IMAGE_PAGES 24

/* --- the machines -------------------------------------------------------------------------------------------- */

static const char *const map_names[] = { "lenovo-20al008euk-8g-efi", "qemu-standard-pc-32g-numa4",
	"dell-inspiron-7520-efi-unsorted" };

#define MAPS ARRAY_SIZE(map_names)

static struct recording recordings[MAPS];

/* What a start is asked for. */
struct order {
	const char *name, *config;
	const char *kernel; /* on the host; null: none; "": made by linux_rules.h */
};

static const struct order orders[] = {
	{ "report", "mode = report\n", NULL },
	{ "report of a kernel", "mode = report\nkernel = /kernel\ninitrd = /initrd\n",
		"build/kernels/" ARCH_NAME "/hello.elf" },
	{ "boot", "mode = boot\n", NULL },
	{ "boot of a kernel", "kernel = /kernel\ninitrd = /initrd\n",
		"build/kernels/" ARCH_NAME "/hello.elf" },
	{ "boot of Linux", "kernel = /kernel\ninitrd = /initrd\ncmdline = quiet\n", "" },
};

#define ORDERS ARRAY_SIZE(orders)

static void *read_host_file(const char *path, size_t *bytes)
{
	FILE *file = fopen(path, "rb");
	long length = -1;
	void *data;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (length = ftell(file)) < 0)
		fail_msg("%s can't be read", path);
	rewind(file);
	*bytes = (size_t)length;
	data = malloc(*bytes + 1);
	assert_non_null(data);
	assert_int_equal(fread(data, 1, *bytes, file), *bytes);
	fclose(file);
	return data;
}

static const struct recording *recording_of(unsigned map)
{
	struct recording *r = &recordings[map];
	struct parse_error error;
	char path[128];
	size_t bytes;
	char *text;

	if (r->e820.count + r->efi.count != 0)
		return r;
	snprintf(path, sizeof(path), "test/maps/%s.txt", map_names[map]);
	text = read_host_file(path, &bytes);
	recording_init(r);
	if (!recording_parse(r, text, bytes, &error))
		fail_msg("%s, line %u: %s", path, error.line, error.expected);
	free(text);
	return r;
}

static void add_e820(struct fake_firmware *fw, const struct record *r)
{
	bool ram = r->type == E820_RAM;
	phys_t start = ram ? align_up(r->start, PAGE_SIZE) : align_down(r->start, PAGE_SIZE);
	phys_t end = ram ? align_down(r->end, PAGE_SIZE) : align_up(r->end, PAGE_SIZE);

	fake_add(fw, ram ? EFI_MEM_CONVENTIONAL : EFI_MEM_RESERVED, start, end, EFI_ATTR_WB);
}

static void add_map(struct fake_firmware *fw, const struct recording *r)
{
	for (uint32_t i = 0; i < r->efi.count; i++)
		fake_add(fw, r->efi.item[i].type, r->efi.item[i].start, r->efi.item[i].end,
			r->efi.item[i].attribute);
	for (uint32_t i = 0; r->efi.count == 0 && i < r->e820.count; i++)
		add_e820(fw, &r->e820.item[i]);
}

static phys_t arena_end(const struct recording *r)
{
	const struct record_list *list = r->efi.count != 0 ? &r->efi : &r->e820;
	uint32_t ram = r->efi.count != 0 ? EFI_MEM_CONVENTIONAL : E820_RAM;
	phys_t end = 0;

	for (uint32_t i = 0; i < list->count; i++)
		if (list->item[i].type == ram)
			end = max_u64(end, align_up(list->item[i].end, PAGE_SIZE));
	return ARCH_HIGHMEM ? min_u64(end, ARCH_SPLIT_PHYS) : end;
}

char *image_start, *text_start, *init_start, *init_end, *rodata_start, *data_start, *image_end;

static phys_t place(uint64_t bytes, uint32_t type)
{
	pfn_t limit = pfn_down(min_u64(fake_efi.fw.arena_bytes, 4 * GIB));
	pfn_t pfn = fake_allocate_top(&fake_efi.fw, pfn_up(bytes), type, limit);

	assert_true(pfn != PFN_END);
	return pfn_phys(pfn);
}

static void load_image(void)
{
	phys_t at = place(IMAGE_PAGES << PAGE_SHIFT, EFI_MEM_LOADER_CODE);

	image_start = (char *)(uintptr_t)at;
	text_start = image_start + PAGE_SIZE;
	init_start = text_start;
	init_end = init_start + 3 * PAGE_SIZE;
	rodata_start = image_start + 8 * PAGE_SIZE;
	data_start = image_start + 16 * PAGE_SIZE;
	image_end = image_start + IMAGE_PAGES * PAGE_SIZE;
}

static void make_acpi(const struct recording *r)
{
	phys_t at;

	if (r->srat.count == 0)
		return;
	at = place(affinity_bytes(r), EFI_MEM_ACPI_RECLAIM);
	affinity_write(fake_open(&fake_efi.fw, at, at + affinity_bytes(r)), at, r);
	fake_efi.fw.rsdp_phys = at;
}

/* Longer than any that is written: where it is written over, it shows. */
static char old_report[1 << 20];

static void fill_volume(const struct order *order)
{
	static uint8_t linux_file[RULES_FILE_BYTES];
	static void *kernel;
	static size_t bytes;

	fake_efi_add_file("\\bootmem.conf", order->config, strlen(order->config));
	fake_efi_add_file("\\bootmem", NULL, 0);
	memset(old_report, 'x', sizeof(old_report));
	fake_efi_add_file("\\bootmem\\report.txt", old_report, sizeof(old_report));
	fake_efi_add_file("\\bootmem\\report-1.txt", "older", 5);
	fake_efi_add_file("\\bootmem\\report-4.txt", "oldest", 6);
	fake_efi_add_file("\\initrd", "initrd", 6);
	if (order->kernel != NULL && order->kernel[0] == '\0') {
		rules_make_file(linux_file,
			LINUX_NATIVE_MODE == LINUX_32 ? RULES_DEBIAN_32 : RULES_DEBIAN_64);
		fake_efi_add_file("\\kernel", linux_file, sizeof(linux_file));
	} else if (order->kernel != NULL) {
		if (kernel == NULL)
			kernel = read_host_file(order->kernel, &bytes);
		fake_efi_add_file("\\kernel", kernel, bytes);
	}
}

static struct efi_memory_desc entry_desc[FAKE_MAX_DESCRIPTORS];
static uint32_t entry_descs;

static void make_machine(unsigned map, const struct order *order)
{
	const struct recording *r = recording_of(map);
	struct fake_firmware *fw = &fake_efi.fw;

	fake_init_identity(fw, arena_end(r));
	add_map(fw, r);
	make_acpi(r);
	load_image();
	fake_efi_init(place(FAKE_EFI_SCREEN_BYTES, EFI_MEM_RESERVED),
		place(PAGE_SIZE, EFI_MEM_RUNTIME_DATA));
	fill_volume(order);
	memcpy(entry_desc, fw->desc, fw->count * sizeof(fw->desc[0]));
	entry_descs = fw->count;
}

/* --- the machine side ------------------------------------------------------------------------------------------ */

enum end { RETURNED, STARTED, STOPPED };

static jmp_buf ends;
static char serial_text[1 << 16]; /* the newest part of what was sent */
static size_t serial_length;
static bool report_checked;
static uint64_t present_pages; /* of a clean start on this map */

static void check_planned(const struct boot *b);

static void check_report_once(void)
{
	if (the_app.boot.stage != STAGE_REPORT || report_checked)
		return;
	report_checked = true;
	check_planned(&the_app.boot);
}

uint64_t arch_cycles(void)
{
	static uint64_t cycles;

	check_report_once();
	return cycles += 100;
}

void arch_cpu_detect(struct paging_mode *mode, enum option_pae pae, phys_t ram_end_phys)
{
	(void)pae, (void)ram_end_phys;
	*mode = fake_efi.fw.mode;
}

bool arch_has_long_mode(void)
{
	return true;
}

bool arch_firmware_paging(struct paging_mode *mode, phys_t *root)
{
	(void)mode, (void)root;
	return false;
}

void arch_disable_interrupts(void)
{
}

void arch_write_back(const void *start, size_t bytes)
{
	(void)start, (void)bytes;
}

void arch_take_exceptions(phys_t cpu_block_phys, const struct arch_fault_handler *handler)
{
	assert_true(cpu_block_phys != 0 && handler->console != NULL && fake_efi.fw.exited);
}

void arch_activate(
	phys_t cpu_block_phys, const struct paging *paging, void (*next)(void *ctx), void *ctx)
{
	(void)next, (void)ctx;
	assert_true(cpu_block_phys != 0 && paging->root != 0);
	longjmp(ends, STARTED);
}

void power_finish(enum option_after after, const struct acpi_power *acpi, EFI_RUNTIME_SERVICES *rt,
	struct log *log)
{
	(void)after, (void)acpi, (void)rt, (void)log;
	longjmp(ends, STOPPED);
}

/* Behind the switch; nothing of it runs here. */
void arch_jump(uint64_t entry, uint64_t argument, uint64_t stack_end)
{
	(void)entry, (void)argument, (void)stack_end;
	abort();
}

void arch_jump_linux(const struct linux_start *start)
{
	(void)start;
	abort();
}

uint8_t io_in8(uint16_t port)
{
	(void)port;
	abort();
}

bool image_misplaced(void)
{
	return false;
}

EFI_STATUS image_run_moved(image_entry entry, EFI_HANDLE handle, EFI_SYSTEM_TABLE *st)
{
	(void)entry, (void)handle, (void)st;
	abort();
}

void serial_open(struct serial *s, const struct serial_at *at)
{
	*s = (struct serial){ *at, true };
}

void serial_write(struct serial *s, const char *text, size_t length)
{
	(void)s;
	if (serial_length + length >= sizeof(serial_text))
		serial_length = 0;
	length = (size_t)min_u64(length, sizeof(serial_text) - 1);
	memcpy(serial_text + serial_length, text, length);
	serial_length += length;
	serial_text[serial_length] = '\0';
}

void serial_flush(struct serial *s)
{
	(void)s;
}

/* --- what must hold ---------------------------------------------------------------------------------------------- */

static bool struck(enum call kind)
{
	for (uint32_t i = 0; i < fake_efi.struck; i++)
		if (fake_efi.struck_kind[i] == (uint8_t)kind)
			return true;
	return false;
}

static bool said(const char *words)
{
	return strstr(fake_efi.text, words) != NULL;
}

static uint64_t loader_pages(const struct efi_memory_desc *desc, uint32_t count)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < count; i++)
		pages += desc[i].type == EFI_MEM_LOADER_DATA ? desc[i].pages : 0;
	return pages;
}

/* What the application knows that it took. */
static uint64_t taken_pages(void)
{
	const struct app *app = &the_app;
	uint64_t pages = app->workspace_pages + app->files.kernel.pages + app->files.initrd.pages +
			 app->crumbs.pages;

	for (uint32_t i = 0; i < app->boot.claims; i++)
		pages += app->boot.claimed[i].end - app->boot.claimed[i].start;
	return pages;
}

static uint64_t refused_pages(void)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < fake_efi.refusals; i++)
		pages += fake_efi.refused[i].pages;
	return pages;
}

static void check_taken(void)
{
	const struct fake_firmware *fw = &fake_efi.fw;

	assert_int_equal(loader_pages(fw->desc, fw->count) - loader_pages(entry_desc, entry_descs),
		taken_pages() + refused_pages());
}

/* No page that the firmware keeps is RAM for us, and none that a clean start has is missing. */
static void check_e820(const struct boot *b)
{
	const struct fake_firmware *fw = &fake_efi.fw;

	assert_true(e820_check(&b->e820));
	for (uint32_t i = 0; i < fw->count; i++) {
		const struct efi_memory_desc *d = &fw->desc[i];

		if (fw_desc_e820_type(d, NULL) != E820_RAM)
			assert_int_equal(e820_ram_pages(&b->e820, pfn_down(d->phys_start),
						 pfn_down(d->phys_start) + d->pages),
				0);
	}
	if (present_pages == 0)
		present_pages = e820_ram_pages(&b->e820, 0, PFN_END);
	assert_int_equal(e820_ram_pages(&b->e820, 0, PFN_END), present_pages);
}

/*
 * Most faults lead to a state that another one has led to before: what follows from it alone is looked at once.
 */
#define STATES 65536

static uint64_t states[STATES]; /* a set of hashes; 0: free */
static uint32_t states_seen;

static uint64_t mix(uint64_t hash, const void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t hash_of(const struct boot *b)
{
	const struct fake_firmware *fw = &fake_efi.fw;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	hash = mix(hash, b->owners.range, b->owners.count * sizeof(*b->owners.range));
	hash = mix(hash, b->e820.entry, b->e820.count * sizeof(*b->e820.entry));
	hash = mix(hash, b->claimed, b->claims * sizeof(*b->claimed));
	hash = mix(hash, fw->desc, fw->count * sizeof(*fw->desc));
	hash = mix(hash, &b->input, sizeof(b->input));
	hash = mix(hash, &b->findings, sizeof(b->findings));
	hash = mix(hash, &b->exit_attempts, sizeof(b->exit_attempts));
	return mix(hash, &b->exited, sizeof(b->exited)) | 1;
}

/* Add a state to those that were seen; false: it was there. */
static bool first_seen(const struct boot *b)
{
	uint64_t hash = hash_of(b);
	uint32_t at = (uint32_t)(hash >> 32) % STATES;

	for (; states[at] != 0; at = (at + 1) % STATES)
		if (states[at] == hash)
			return false;
	assert_true(++states_seen < STATES);
	states[at] = hash;
	return true;
}

static void check_planned(const struct boot *b)
{
	const struct paging_rules rules = { &b->space, &b->e820, &b->limits, b->special,
		b->specials };
	struct report_totals totals;

	check_taken();
	if (!first_seen(b))
		return;
	check_e820(b);
	assert_true(owners_check(&b->owners));
	assert_true(node_map_check(&b->node_map, &b->e820));
	for (uint32_t nid = 0; nid < b->pool.nodes; nid++)
		assert_true(bootmem_check(&b->bootmem[nid]));
	assert_int_equal(paging_check(&b->paging, b->pool.window, &rules).fault, PAGING_SOUND);
	report_totals(b, REPORT_REPORT, &totals);
	assert_int_equal(totals.present_pages, totals.free_pages + totals.reserved_pages);
	assert_int_equal(totals.present_pages, present_pages);
}

static bool is_whole(const struct fake_file *file, const char *end)
{
	size_t length = strlen(end);

	return file->size > 1000 && memcmp(file->bytes + file->size - length, end, length) == 0;
}

/*
 * A file is whole, or the old one, or an empty one, or missing: then it was named. A part of one stays only where Close
 * or Delete failed.
 */
static void check_files(void)
{
	static const struct {
		const char *name, *end;
	} files[] = { { "report.txt", "\n" }, { "report.json", "}\n" }, { "map.svg", "</svg>\n" } };

	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		char name[64], part[64];
		const struct fake_file *file;
		bool old;

		snprintf(name, sizeof(name), "\\bootmem\\%s", files[i].name);
		snprintf(part, sizeof(part), "files: a part of %s stays", files[i].name);
		file = fake_efi_find(name);
		if (file != NULL && is_whole(file, files[i].end))
			continue;
		assert_true(said("files: no "));
		old = file != NULL && file->size == sizeof(old_report) &&
		      memcmp(file->bytes, old_report, sizeof(old_report)) == 0;
		if (file != NULL && file->size != 0 && !old)
			assert_true(struck(CALL_CLOSE) || said(part));
	}
}

static void check_returned(EFI_STATUS status)
{
	assert_int_equal(fake_efi.open_files, 0);
	assert_int_equal(fake_efi.exits, 0);
	for (uint32_t i = 0; i < fake_efi.refusals; i++)
		assert_true(fake_efi.refused[i].pool || said(" did not take "));
	fake_efi_free_refused();
	assert_true(fake_says(&fake_efi.fw, entry_desc, entry_descs));
	if (status == EFI_SUCCESS) {
		assert_true(report_checked);
		assert_true(said("VERDICT"));
		assert_non_null(strstr(serial_text, "-----END BOOTMEM REPORT-----"));
		check_files();
	} else {
		assert_true(said("\nNothing was changed; returning to the firmware.\n"));
	}
}

static void check_started(void)
{
	struct boot *b = &the_app.boot;
	struct report_totals totals;

	assert_int_equal(fake_efi.open_files, 0);
	check_files();
	check_taken();
	if (!first_seen(b))
		return;
	fake_activate(&fake_efi.fw, b);
	assert_int_equal(boot_mem_init(b), BM_OK);
	assert_int_equal(boot_make_record(b), BM_OK);
	check_e820(b);
	assert_true(owners_check(&b->owners));
	assert_true(mm_check(b->mm));
	assert_true(b->selftest.balanced && b->selftest.blocks > 0);
	assert_int_equal(boot_owner_pages(b, OWNER_FIRMWARE), 0);
	report_totals(b, REPORT_BOOTED, &totals);
	assert_int_equal(totals.present_pages, totals.free_pages + totals.reserved_pages);
	assert_int_equal(b->exit_attempts, fake_efi.exits);
	if (b->exit_attempts > 1)
		assert_int_equal(b->findings.of[FINDING_EXIT_RETRIED].count, b->exit_attempts - 1);
}

/* There was no way back. */
static void check_stopped(void)
{
	assert_int_not_equal(fake_efi.exits, 0);
	assert_int_equal(fake_efi.open_files, 0);
	assert_non_null(strstr(serial_text, "exit: "));
	assert_non_null(strstr(serial_text, "There is no firmware to return to"));
}

/* An error while the options were read leaves the defaults, and says so; that there is no file is none. */
static void check_options(const struct order *order)
{
	bool no_file = struck(CALL_HANDLE_PROTOCOL) || struck(CALL_OPEN_VOLUME);
	bool asked = strstr(order->config, "mode = report") == NULL ||
		     the_app.input.options.mode == MODE_REPORT;

	for (uint32_t i = 0; i < fake_efi.struck; i++)
		no_file |= fake_efi.struck_kind[i] == CALL_OPEN &&
			   fake_efi.struck_status[i] == EFI_NOT_FOUND;
	if (!asked && the_app.image != NULL && !no_file)
		assert_true(said("bootmem.conf: "));
}

/* --- a start -------------------------------------------------------------------------------------------------------- */

static char running[256]; /* what is running */

static void describe(
	unsigned map, const struct order *order, const struct efi_fault *fault, uint32_t faults)
{
	int used = snprintf(running, sizeof(running), "%s on %s", order->name, map_names[map]);

	for (uint32_t i = 0; i < faults; i++)
		used += snprintf(running + used, sizeof(running) - (size_t)used,
			", fault at call %u (way %u)", fault[i].at, fault[i].how);
}

/* What cmocka says about a failure is without what was running. */
static bool start_done = true;

static int tell_what_failed(void **state)
{
	(void)state;
	if (!start_done) {
		print_message("in: %s\n", running);
		for (uint32_t i = 0; i < fake_efi.struck; i++)
			print_message(
				"struck: %s\n", call_name((enum call)fake_efi.struck_kind[i]));
		print_message("console:\n%s\n", fake_efi.text);
		fake_free(&fake_efi.fw);
	}
	start_done = true;
	return 0;
}

static enum end start(
	unsigned map, const struct order *order, const struct efi_fault *fault, uint32_t faults)
{
	static EFI_STATUS status;
	int end;

	describe(map, order, fault, faults);
	start_done = false;
	memset(&the_app, 0, sizeof(the_app));
	for (uint32_t i = 0; i < faults; i++)
		fake_efi.fault[i] = fault[i];
	fake_efi.faults = faults;
	serial_length = 0;
	serial_text[0] = '\0';
	report_checked = false;
	make_machine(map, order);
	end = setjmp(ends);
	if (end == RETURNED)
		status = efi_main(fake_efi.image_handle, fake_efi.table);
	if (end == RETURNED)
		check_returned(status);
	else if (end == STARTED)
		check_started();
	else
		check_stopped();
	check_options(order);
	fake_free(&fake_efi.fw);
	start_done = true;
	return (enum end)end;
}

/* --- all of them ------------------------------------------------------------------------------------------------------- */

struct tally {
	uint32_t calls, faults, ends[3];
};

static uint32_t clean_start(unsigned map, const struct order *order)
{
	enum end wanted = strstr(order->config, "report") != NULL ? RETURNED : STARTED;

	if (start(map, order, NULL, 0) != wanted)
		fail_msg("%s, without a fault:\n%s", running, fake_efi.text);
	if (wanted == RETURNED)
		assert_true(report_checked);
	if (strcmp(order->name, "boot of a kernel") == 0)
		assert_int_equal(the_app.boot.kernel.protocol, PROTOCOL_NATIVE);
	if (strcmp(order->name, "boot of Linux") == 0)
		assert_int_equal(the_app.boot.kernel.protocol, PROTOCOL_LINUX);
	return fake_efi.calls;
}

static void singles(unsigned map, const struct order *order, uint32_t step, struct tally *t)
{
	uint32_t calls = clean_start(map, order), n = 0;
	uint8_t kind[FAKE_EFI_CALLS];

	memcpy(kind, fake_efi.kind, calls);
	t->calls += calls;
	for (uint32_t i = 0; i < calls; i++)
		for (uint32_t how = 0; how < call_ways((enum call)kind[i]); how++) {
			const struct efi_fault fault = { i, how };

			if (n++ % step != 0)
				continue;
			t->ends[start(map, order, &fault, 1)]++;
			assert_int_equal(fake_efi.struck, 1);
			t->faults++;
		}
}

#define RELEASE_EDGE 8

/* In the middle of pages that go back one by one, thousands of a large range: as the first and the last of them. */
static bool amid_release(const uint8_t *kind, uint32_t calls, uint32_t call)
{
	if (call < RELEASE_EDGE || call + RELEASE_EDGE >= calls)
		return false;
	for (uint32_t i = call - RELEASE_EDGE; i <= call + RELEASE_EDGE; i++)
		if (kind[i] != CALL_FREE_PAGES)
			return false;
	return true;
}

/* Every two calls; the second is one of those that there are after the first has failed. Of a sample, all of the exit. */
static void pairs(unsigned map, const struct order *order, uint32_t step, struct tally *t)
{
	static uint8_t clean[FAKE_EFI_CALLS], kind[FAKE_EFI_CALLS];
	uint32_t calls = clean_start(map, order), n = map;

	memcpy(clean, fake_efi.kind, calls);
	t->calls += calls;
	for (uint32_t i = 0; i < calls; i++) {
		struct efi_fault fault[2] = { { i, i }, { 0, 0 } };
		bool exit = clean[i] == CALL_EXIT;
		uint32_t left;

		if (n++ % step != 0 && !exit)
			continue;
		start(map, order, fault, 1);
		left = fake_efi.calls;
		memcpy(kind, fake_efi.kind, left);
		for (uint32_t j = i + 1; j < left; j++) {
			if (amid_release(kind, left, j) || (n++ % step != 0 && !exit))
				continue;
			fault[1] = (struct efi_fault){ j, i + j };
			t->ends[start(map, order, fault, 2)]++;
			assert_int_equal(fake_efi.struck, 2);
			t->faults++;
		}
	}
}

static void tell(const char *what, const struct tally *t)
{
	print_message("%s: %u calls that can fail, %u %s: %u returned, %u started, %u stopped\n",
		ARCH_NAME, t->calls, t->faults, what, t->ends[RETURNED], t->ends[STARTED],
		t->ends[STOPPED]);
}

static unsigned one_in(unsigned usual)
{
	return getenv("FULL") != NULL ? FULL_STEP : usual;
}

static void every_single_fault(void **state)
{
	struct tally t = { 0 };

	(void)state;
	for (unsigned map = 0; map < MAPS; map++) {
		present_pages = 0;
		for (unsigned i = 0; i < ORDERS; i++)
			singles(map, &orders[i], one_in(SINGLE_STEP), &t);
	}
	tell("single faults", &t);
}

static void every_pair_of_faults(void **state)
{
	struct tally t = { 0 };

	(void)state;
	for (unsigned map = 0; map < MAPS; map++) {
		present_pages = 0;
		for (unsigned i = 0; i < ORDERS; i++)
			pairs(map, &orders[i], one_in(PAIR_STEP), &t);
	}
	tell("pairs of faults", &t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(every_single_fault, tell_what_failed),
		cmocka_unit_test_teardown(every_pair_of_faults, tell_what_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The front end of a start of which everything is looked at (make_start.h): used by test_starts, test_made_starts and test_all_starts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/efi_mat.h>

#include "kernel_file.h"
#include "linux_rules.h"
#include "make_start.h"

#define LINKED     (ARCH_HIGHMEM ? UINT64_C(0xfb100000) : UINT64_C(0xffffffff80100000))
#define LINKED_LOW UINT64_C(0x400000)
#define MAP_PHYS   UINT64_C(0x7e00040) /* the host's firmware has its map elsewhere */
#define WORD       (4u * ARCH_ELF_CLASS)
#define ELF_BYTES  0x4000u
#define MAT_PARTS  3u
#define SCREEN_LOW UINT64_C(0xd0000000)

/* What the core only refers to while it runs. */
struct around {
	struct simulation *s;
	uint8_t elf[ELF_BYTES];
	uint8_t bzimage[RULES_FILE_BYTES];
	uint8_t *memory_attributes;
	struct pfn_range tables[3];
	struct pfn_range initrd;
};

/* --- kernels ------------------------------------------------------------------------------------- */

static void put_word(struct around *a, unsigned segment, unsigned number, uint64_t value)
{
	uint8_t *program = a->elf + 40 + 3 * WORD + segment * (8 + 6 * WORD) + 4 * ARCH_ELF_CLASS;

	memcpy(program + number * WORD, &value, WORD);
}

/* Code, constants and data, the last of which begins within a page; each with some bytes in the file. */
static void give_elf(struct around *a, uint64_t linked)
{
	struct record segment[] = {
		{ .start = linked, .end = linked + 0x2100, .type = MAP_EXEC },
		{ .start = linked + 0x4000, .end = linked + 0x4810 },
		{ .start = linked + 0x7123, .end = linked + 0x7123 + 2 * MIB, .type = MAP_WRITE },
	};
	const struct recorded_kernel k = { .entry = linked + 0x10, .segments = { segment, 3, 3 } };
	uint64_t bytes;
	uint8_t *file = kernel_file_make(&k, &bytes);

	for (unsigned i = 0; i < ELF_BYTES; i++)
		a->elf[i] = (uint8_t)(i * 7 + (i >> 8) + 1);
	memcpy(a->elf, file, (size_t)bytes);
	free(file);
	put_word(a, 0, 0, 0x1001);
	put_word(a, 0, 3, 0x1234);
	put_word(a, 1, 0, 0x2003);
	put_word(a, 1, 3, 0x810);
	put_word(a, 2, 0, 0x3105);
	put_word(a, 2, 3, 0x345);
	a->s->boot.input.kernel_file = a->elf;
	a->s->boot.input.kernel_file_bytes = sizeof(a->elf);
}

static void give_linux(struct around *a, uint32_t with)
{
	enum rules_kind debian = LINUX_NATIVE_MODE == LINUX_64 ? RULES_DEBIAN_64 : RULES_DEBIAN_32;

	rules_make_file(a->bzimage, with & WITH_LOW ? RULES_MEMTEST_64 : debian);
	((struct rules_header *)(a->bzimage + offsetof(struct rules_params, hdr)))->init_size =
		0x212345;
	for (unsigned i = RULES_SETUP_BYTES; i < RULES_FILE_BYTES; i++)
		a->bzimage[i] = (uint8_t)(i * 11 + (i >> 8));
	a->s->boot.input.kernel_file = a->bzimage;
	a->s->boot.input.kernel_file_bytes = sizeof(a->bzimage);
}

/* --- the firmware -------------------------------------------------------------------------------- */

static pfn_t low_end(const struct fake_firmware *fw)
{
	return pfn_down(min_u64(fw->arena_bytes, ARCH_HIGHMEM ? ARCH_SPLIT_PHYS : 4 * GIB));
}

/* Pages 1 and 3 to 4 of eight. */
static void give_tables(struct around *a)
{
	struct fake_firmware *fw = &a->s->fw;
	pfn_t at = fake_allocate_top(fw, 8, EFI_MEM_BOOT_DATA, low_end(fw));

	if (at == PFN_END)
		return;
	a->tables[0] = (struct pfn_range){ at + 3, at + 5 };
	a->tables[1] = (struct pfn_range){ at + 1, at + 2 };
	a->tables[2] = (struct pfn_range){ at + 2, at + 3 };
	fw->tables = a->tables;
	fw->table_ranges = 2;
}

/* Of some types one range changes hands at the first exit that fails; free pages are taken at each. */
static void change(struct fake_firmware *fw, void *ctx)
{
	struct around *a = ctx;

	if (a->s->boot.stage != STAGE_EXIT)
		return;
	fake_allocate_top(fw, 3, EFI_MEM_RUNTIME_DATA, low_end(fw));
	fake_allocate_top(fw, 2, EFI_MEM_BOOT_DATA, PFN_END);
	fake_allocate_top(fw, 1, EFI_MEM_ACPI_NVS, low_end(fw) / 2);
	if (fw->table_ranges == 2)
		fw->table_ranges = 3;
	for (uint32_t i = 0, given = 0; i < fw->count && given < 2 && fw->stale_exits == 0; i++) {
		if (fw->desc[i].type != EFI_MEM_RESERVED || fw->desc[i].pages == 0 ||
			fw->desc[i].pages > 4096)
			continue;
		fw->desc[i].type = given++ == 0 ? EFI_MEM_CONVENTIONAL : EFI_MEM_BOOT_CODE;
		fw->desc[i].attribute = EFI_ATTR_WB;
	}
}

/* Each runtime range in three parts: read-only, without execution, with neither; a large one has a gap. */
static void put_attributes(struct efi_memory_desc *out, const struct efi_memory_desc *desc)
{
	static const uint64_t rights[MAT_PARTS] = { EFI_ATTR_RO, EFI_ATTR_XP,
		EFI_ATTR_RO | EFI_ATTR_XP };
	uint64_t part = desc->pages / MAT_PARTS;

	for (unsigned i = 0; i < MAT_PARTS; i++)
		out[i] = (struct efi_memory_desc){ .type = desc->type,
			.phys_start = desc->phys_start + i * (part << PAGE_SHIFT),
			.pages = i < MAT_PARTS - 1 ? part : desc->pages - i * part,
			.attribute = EFI_ATTR_RUNTIME | rights[i] };
	if (part > 64)
		out[0].pages--;
}

static void give_attributes(struct around *a)
{
	const struct fake_firmware *fw = &a->s->fw;
	uint32_t header[] = { 1, 0, sizeof(struct efi_memory_desc), 0 };
	struct efi_memory_desc *out;

	a->memory_attributes =
		calloc(1, EFI_MAT_HEADER_BYTES + MAT_PARTS * fw->count * sizeof(*out));
	out = (void *)(a->memory_attributes + EFI_MAT_HEADER_BYTES);
	for (uint32_t i = 0; i < fw->count; i++)
		if ((fw->desc[i].attribute & EFI_ATTR_RUNTIME) && fw->desc[i].pages >= MAT_PARTS) {
			put_attributes(out + header[1], &fw->desc[i]);
			header[1] += MAT_PARTS;
		}
	memcpy(a->memory_attributes, header, sizeof(header));
	a->s->boot.input.memory_attributes = a->memory_attributes;
	a->s->boot.input.runtime_services = true;
}

static void give_devices(struct fake_firmware *fw, uint32_t with)
{
	uint64_t apart = with & WITH_HIGH_DEV ? 256 * MIB : 0;

	if (with & WITH_SCREEN) {
		fw->framebuffer_phys = SCREEN_LOW + apart;
		fw->framebuffer_bytes = 1024 * 600 * 4 + 0x123;
	}
	if (with & WITH_UART) {
		fw->uart_phys = UINT64_C(0xfe030000) - apart + 0x40;
		fw->uart_stride = 4;
	}
}

static void give_cpu(struct fake_firmware *fw, uint32_t with)
{
	if (with & WITH_NEW_CPU) {
		fw->mode.levels += !ARCH_HIGHMEM;
		fw->mode.pat = true;
	}
	if (with & WITH_OLD_CPU) {
		fw->mode.nx = fw->mode.huge = false;
		fw->mode.phys_bits = min_u64(fw->mode.phys_bits, 40);
	}
}

static void give_initrd(struct around *a)
{
	pfn_t at = fake_allocate_top(&a->s->fw, 0x123, EFI_MEM_LOADER_DATA, low_end(&a->s->fw));

	if (at != PFN_END)
		a->initrd = (struct pfn_range){ at, at + 0x123 };
}

/* Before the front end takes its pages. */
static void set_machine(struct around *a, const struct boot_options *options, uint32_t with)
{
	struct fake_firmware *fw = &a->s->fw;

	fw->dirty = true;
	for (unsigned i = 0; i < HOSTILE_FAULTS; i++)
		if (options->hostile.fault[i] != 0)
			fw->hostile.fault[i] = options->hostile.fault[i];
	give_cpu(fw, with);
	give_devices(fw, with);
	if (with & WITH_INITRD)
		give_initrd(a);
	if (with & WITH_TABLES)
		give_tables(a);
	if (with & WITH_CHANGES) {
		fw->stale_exits = 2;
		fw->meddle = change;
		fw->meddle_ctx = a;
	}
}

static void set_input(struct around *a, uint32_t with)
{
	struct boot_input *in = &a->s->boot.input;

	if (with & WITH_ELF)
		give_elf(a, with & WITH_LOW ? LINKED_LOW : LINKED);
	if (with & WITH_LINUX)
		give_linux(a, with);
	if (with & WITH_RUNTIME)
		give_attributes(a);
	if (a->initrd.end != 0) {
		in->initrd_start_phys = pfn_phys(a->initrd.start);
		in->initrd_end_phys = pfn_phys(a->initrd.end) - 0x321;
	}
	if (with & WITH_SCREEN)
		in->screen = (struct handoff_framebuffer){ .width = 1024,
			.height = 600,
			.pitch = 4096,
			.bits_per_pixel = 32,
			.red_mask = 0xff,
			.green_mask = 0xff00,
			.blue_mask = 0xff0000 };
	in->serial = (struct handoff_serial){ 0x2f8, 57600 };
	in->firmware = (struct handoff_firmware){ 0x7f01234, in->rsdp_phys, 0xf1230, 0x7f05678 };
	in->firmware_revision = 0x2000a;
	in->secure_boot =
		with & WITH_SECURE ? LINUX_SECURE_BOOT_ENABLED : LINUX_SECURE_BOOT_UNKNOWN;
}

/* --- the start ----------------------------------------------------------------------------------- */

static enum bm_error run(struct outcome *out, struct around *a, uint32_t with)
{
	struct boot *b = &a->s->boot;
	enum bm_error error = boot_prepare(b);

	if (error == BM_OK) {
		outcome_of_prepared(out, b);
		error = with & ONLY_PREPARED ? BM_OK : boot_exit(b);
	}
	if (error != BM_OK || (with & ONLY_PREPARED))
		return error;
	b->map_phys = MAP_PHYS;
	outcome_of_exited(out, b);
	fake_activate(&a->s->fw, b);
	error = boot_mem_init(b);
	if (error == BM_OK)
		error = boot_make_record(b);
	if (error != BM_OK)
		return error;
	boot_seal_record(b);
	outcome_of_started(out, b);
	return BM_OK;
}

void make_start(struct outcome *out, const struct recording *r, enum map_choice choice,
	const char *words, uint32_t with)
{
	struct around *a = calloc(1, sizeof(*a));
	struct boot_options options;
	struct text_buffer said;
	char text[1024];
	struct sink errors = text_buffer_sink(&said, text, sizeof(text));
	enum bm_error error;

	a->s = simulation_make(r, choice, words, &options, &errors);
	if (a->s == NULL)
		fail_msg("%s: %s", words, text);
	set_machine(a, &options, with);
	error = fake_start(&a->s->fw, &a->s->boot, &options);
	if (error == BM_OK) {
		set_input(a, with);
		error = run(out, a, with);
	}
	outcome_of_console(out, &a->s->fw, error);
	simulation_free(a->s);
	free(a->memory_attributes);
	free(a);
}

void read_recorded(struct recording *r, const char *map)
{
	static char text[64 * 1024];
	struct parse_error error;
	char path[160];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "test/maps/%s.txt", map);
	file = fopen(path, "r");
	if (file == NULL)
		fail_msg("%s is missing", path);
	size = fread(text, 1, sizeof(text), file);
	assert_true(size < sizeof(text));
	fclose(file);
	recording_init(r);
	if (!recording_parse(r, text, size, &error))
		fail_msg("%s: line %u: expected %s", path, error.line, error.expected);
}

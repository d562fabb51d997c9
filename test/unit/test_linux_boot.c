/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Linux boot protocol: files in a block of their exact size, every truncation, every refusal, places, pages with
 * every number of e820 entries that matters, and files and handoffs at random against linux_rules.h.
 *
 * The modes are a matter of arguments, so both are tested in both widths.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/linux_boot.h>

#include "linux_rules.h"
#include "random.h"

#define G4 (UINT64_C(4) << 30)

static uint8_t image[RULES_FILE_BYTES];
static struct rules_header *const header = (struct rules_header *)(image + 0x1f1);
static struct linux_kernel kernel;
static struct linux_fault fault;
static struct e820_entry entries[300];
static struct e820 map = { entries, 0, ARRAY_SIZE(entries) };
static struct linux_handoff handoff;

/* Parse the first bytes of the image from a block of just that size, and compare with the rules. */
static enum linux_error parse_bytes(uint64_t bytes, enum linux_mode mode)
{
	uint8_t *block = malloc(bytes != 0 ? bytes : 1);
	struct rules_file f = { block, bytes, mode };
	const char *wrong;

	memcpy(block, image, bytes);
	wrong = rules_parse(f, &kernel);
	if (wrong != NULL)
		fail_msg("%s (%llu bytes)", wrong, (unsigned long long)bytes);
	(void)!linux_parse(&kernel, block, bytes, mode, &fault);
	free(block);
	return fault.error;
}

static void begin(enum rules_kind kind, enum linux_mode mode)
{
	rules_make_file(image, kind);
	assert_int_equal(parse_bytes(sizeof(image), mode), LINUX_OK);
	rules_make_map(&map, 17);
	rules_make_handoff(&handoff, &kernel, &map);
}

static void refuses(enum linux_error error, enum linux_mode mode, uint64_t number)
{
	assert_int_equal(parse_bytes(sizeof(image), mode), error);
	assert_int_equal(fault.number, number);
}

/* --- the file ----------------------------------------------------------------------------------- */

/* The numbers of Debian's 6.1 kernels and of memtest86+ 6.10. */
static void parses_a_64_bit_kernel(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	assert_int_equal(kernel.version, 0x20f);
	assert_int_equal(kernel.code_offset, 2048);
	assert_int_equal(kernel.code_bytes, 0x640);
	assert_int_equal(kernel.memory_bytes, 0x3378000);
	assert_int_equal(kernel.align_bytes, 0x200000);
	assert_int_equal(kernel.min_align_bytes, 0x200000);
	assert_int_equal(kernel.preferred_phys, 0x1000000);
	assert_int_equal(kernel.initrd_end_phys, 0x80000000);
	assert_int_equal(kernel.cmdline_max_bytes, 2047);
	assert_int_equal(kernel.header_bytes, 0x26c - 0x1f1);
	assert_true(kernel.relocatable && kernel.above_4g && kernel.five_levels);
	assert_int_equal(linux_entry(&kernel, 0x1000000), 0x1000200);
	assert_int_equal(linux_entry(&kernel, G4), G4 + 0x200);
}

static void parses_a_32_bit_kernel(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_32, LINUX_32);
	assert_int_equal(kernel.align_bytes, 0x1000000);
	assert_int_equal(kernel.min_align_bytes, 0x2000);
	assert_true(kernel.relocatable);
	assert_false(kernel.above_4g || kernel.five_levels || kernel.has_64_bit_entry);
	assert_int_equal(linux_entry(&kernel, 0x1000000), 0x1000000);
	refuses(LINUX_64_BIT_ENTRY, LINUX_64, 4);
}

static void parses_memtest(void **state)
{
	(void)state;
	begin(RULES_MEMTEST_64, LINUX_64);
	assert_int_equal(kernel.memory_bytes, 0x6b000);
	assert_int_equal(kernel.initrd_end_phys, G4);
	assert_int_equal(kernel.cmdline_max_bytes, 255);
	assert_int_equal(kernel.header_bytes, 0x268 - 0x1f1);
	assert_false(kernel.relocatable || kernel.above_4g || kernel.five_levels);
	begin(RULES_MEMTEST_64, LINUX_32);
	assert_true(kernel.has_64_bit_entry);
}

/* Expect every length to be refused that lacks more than the end of the last paragraph. */
static void every_length(void **state)
{
	(void)state;
	for (unsigned kind = 0; kind < RULES_KINDS; kind++) {
		begin((enum rules_kind)kind, LINUX_32);
		for (uint64_t bytes = 0; bytes < sizeof(image); bytes++) {
			enum linux_error error = parse_bytes(bytes, LINUX_32);

			assert_int_equal(error, bytes < 0x206                ? LINUX_NOT_A_KERNEL
						: bytes < 0x264              ? LINUX_HEADER_END
						: bytes + 15 < sizeof(image) ? LINUX_TRUNCATED
									     : LINUX_OK);
			if (error == LINUX_OK)
				assert_int_equal(kernel.code_bytes, bytes - 2048);
		}
	}
}

/* Expect what follows the code not to be loaded. */
static void code_ends_where_syssize_says(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	header->syssize -= 3;
	assert_int_equal(parse_bytes(sizeof(image), LINUX_64), LINUX_OK);
	assert_int_equal(kernel.code_bytes, RULES_CODE_BYTES - 48);
	header->syssize = 0xffffffff;
	refuses(LINUX_TRUNCATED, LINUX_64, UINT64_C(0xffffffff) * 16 + 2048);
}

static void refuses_what_is_no_kernel(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	header->boot_flag = 0x55aa;
	refuses(LINUX_NOT_A_KERNEL, LINUX_64, sizeof(image));
	assert_false(linux_recognise(image, sizeof(image)));
	begin(RULES_DEBIAN_64, LINUX_64);
	assert_true(linux_recognise(image, 0x206));
	assert_false(linux_recognise(image, 0x205));
	header->magic[3] = 's';
	refuses(LINUX_NOT_A_KERNEL, LINUX_64, sizeof(image));
}

/* Expect 2.10 to be the oldest, and the flags of 2.12 to mean nothing before. */
static void versions(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	for (uint16_t version = 0x20c; version <= 0x210; version++) {
		header->version = version;
		assert_int_equal(parse_bytes(sizeof(image), LINUX_64), LINUX_OK);
		assert_true(kernel.above_4g);
	}
	for (uint16_t version = 0x20a; version < 0x20c; version++) {
		header->version = version;
		refuses(LINUX_64_BIT_ENTRY, LINUX_64, 0);
		assert_int_equal(parse_bytes(sizeof(image), LINUX_32), LINUX_OK);
		assert_false(kernel.has_64_bit_entry || kernel.above_4g || kernel.five_levels);
	}
	header->version = 0x209;
	refuses(LINUX_VERSION, LINUX_32, 0x209);
	header->version = 0;
	refuses(LINUX_VERSION, LINUX_32, 0);
	header->version = 0xa11;
	assert_int_equal(parse_bytes(sizeof(image), LINUX_64), LINUX_OK);
}

/* Expect a header of exactly the fields of 2.10 and the longest that a jump reaches, and nothing else. */
static void header_lengths(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	for (unsigned distance = 0; distance < 256; distance++) {
		bool good = distance >= 0x62 && distance <= 0x7f;

		header->jump_distance = (uint8_t)distance;
		assert_int_equal(
			parse_bytes(sizeof(image), LINUX_64), good ? LINUX_OK : LINUX_JUMP);
		if (good)
			assert_int_equal(kernel.header_bytes, 0x11 + distance);
	}
	assert_int_equal(LINUX_HEADER_MAX_BYTES, 0x11 + 0x7f);
	header->jump_distance = 0x6a;
	header->jump_opcode = 0xe9;
	refuses(LINUX_JUMP, LINUX_64, 0x6ae9);
}

static void refuses_missing_parts(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	header->loadflags = 0xfe;
	refuses(LINUX_LOADED_LOW, LINUX_64, 0xfe);
	begin(RULES_DEBIAN_64, LINUX_64);
	header->xloadflags = 0x807e;
	refuses(LINUX_64_BIT_ENTRY, LINUX_64, 0x807e);
	assert_int_equal(parse_bytes(sizeof(image), LINUX_32), LINUX_OK);
	begin(RULES_DEBIAN_64, LINUX_64);
	header->setup_sects = 0;
	refuses(LINUX_NO_SETUP, LINUX_64, 0);
}

/* Expect at least a byte at the entry: at 0x200 in long mode, at the start else. */
static void refuses_code_without_entry(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	header->syssize = 32;
	refuses(LINUX_NO_CODE, LINUX_64, 0x200);
	assert_int_equal(parse_bytes(sizeof(image), LINUX_32), LINUX_OK);
	header->syssize = 33;
	assert_int_equal(parse_bytes(2048 + 0x201, LINUX_64), LINUX_OK);
	assert_int_equal(parse_bytes(2048 + 0x200, LINUX_64), LINUX_TRUNCATED);
	header->syssize = 0;
	refuses(LINUX_NO_CODE, LINUX_32, 0);
}

/* Expect 15 bytes less than the code to be taken for the rounding of syssize. */
static void init_size(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	header->init_size = RULES_CODE_BYTES - 15;
	assert_int_equal(parse_bytes(sizeof(image), LINUX_64), LINUX_OK);
	assert_int_equal(kernel.memory_bytes, 4096);
	header->init_size = RULES_CODE_BYTES - 16;
	refuses(LINUX_INIT_SIZE, LINUX_64, RULES_CODE_BYTES - 16);
	header->init_size = 0;
	refuses(LINUX_INIT_SIZE, LINUX_64, 0);
	header->init_size = 0xffffffff;
	assert_int_equal(parse_bytes(sizeof(image), LINUX_64), LINUX_OK);
	assert_int_equal(kernel.memory_bytes, G4);
	refuses(LINUX_NO_PLACE, LINUX_32, G4);
}

static void refuses_alignment(enum linux_error error, uint32_t align, uint8_t exponent)
{
	begin(RULES_DEBIAN_64, LINUX_64);
	header->kernel_alignment = align;
	header->min_alignment = exponent;
	refuses(error, LINUX_64, error == LINUX_ALIGNMENT ? align : exponent);
	header->relocatable_kernel = 0;
	assert_int_equal(parse_bytes(sizeof(image), LINUX_64), LINUX_OK);
	assert_int_equal(kernel.align_bytes, 4096);
}

/* Expect a fixed kernel's alignment not to matter. */
static void alignments(void **state)
{
	(void)state;
	refuses_alignment(LINUX_ALIGNMENT, 0, 0);
	refuses_alignment(LINUX_ALIGNMENT, 0x300000, 12);
	refuses_alignment(LINUX_ALIGNMENT, 0xffffffff, 12);
	refuses_alignment(LINUX_MIN_ALIGNMENT, 0x200000, 22);
	refuses_alignment(LINUX_MIN_ALIGNMENT, 0x200000, 32);
	refuses_alignment(LINUX_MIN_ALIGNMENT, 0x200000, 255);
	begin(RULES_DEBIAN_64, LINUX_64);
	header->kernel_alignment = 1;
	header->min_alignment = 0;
	assert_int_equal(parse_bytes(sizeof(image), LINUX_64), LINUX_OK);
	assert_int_equal(kernel.align_bytes, 4096);
	assert_int_equal(kernel.min_align_bytes, 4096);
	header->kernel_alignment = 0x80000000;
	header->pref_address = 0x80000000;
	header->min_alignment = 31;
	assert_int_equal(parse_bytes(sizeof(image), LINUX_64), LINUX_OK);
	assert_int_equal(kernel.min_align_bytes, 0x80000000);
}

static void prefers(uint64_t address, enum linux_error error)
{
	header->pref_address = address;
	assert_int_equal(parse_bytes(sizeof(image), LINUX_64), error);
	if (error == LINUX_PREFERRED)
		assert_int_equal(fault.number, address);
}

static void preferred_addresses(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	prefers(0, LINUX_OK);
	prefers(0x1000001, LINUX_PREFERRED);
	prefers(0x1100000, LINUX_PREFERRED);
	prefers(G4 * 16, LINUX_OK);
	prefers((UINT64_C(1) << 46) - 0x3400000, LINUX_OK);
	prefers((UINT64_C(1) << 46) - 0x3200000, LINUX_NO_PLACE);
	prefers((UINT64_C(1) << 52) - 0x200000, LINUX_NO_PLACE);
	prefers(UINT64_C(1) << 52, LINUX_PREFERRED);
	prefers(UINT64_MAX - 0x1fffff, LINUX_PREFERRED);
	header->xloadflags = 1;
	prefers(G4 - 0x3400000, LINUX_OK);
	prefers(G4 - 0x3200000, LINUX_NO_PLACE);
	begin(RULES_MEMTEST_64, LINUX_64);
	prefers(0, LINUX_PREFERRED);
	prefers(0xff000, LINUX_PREFERRED);
	prefers(0x100800, LINUX_PREFERRED);
	prefers(G4 - 0x6b000, LINUX_OK);
	prefers(G4 - 0x6a000, LINUX_NO_PLACE);
}

/* --- placement ---------------------------------------------------------------------------------- */

static struct linux_place place_of(enum linux_part part, uint64_t bytes)
{
	struct rules_file f = { image, sizeof(image), kernel.mode };
	uint64_t seed = 7;
	struct linux_place place;
	const char *wrong = rules_place(f, &kernel, part, bytes, &seed);

	if (wrong != NULL)
		fail_msg("%s", wrong);
	assert_int_equal(linux_placement(&place, &kernel, part, bytes, &fault), LINUX_OK);
	assert_int_equal(fault.error, LINUX_OK);
	return place;
}

static void assert_place(enum linux_part part, uint64_t bytes, phys_t start, phys_t end)
{
	struct linux_place place = place_of(part, bytes);

	assert_int_equal(place.start_phys, start);
	assert_int_equal(place.end_phys, end);
}

/* Expect 64 TiB with the flag and 4 GiB without; never below the preferred address. */
static void places_of_a_64_bit_kernel(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	assert_true(place_of(LINUX_KERNEL, 0).movable);
	assert_int_equal(place_of(LINUX_KERNEL, 0).preferred_phys, 0x1000000);
	assert_place(LINUX_KERNEL, 0, 0x1000000, G4 << 14);
	assert_place(LINUX_PARAMS, 0, 4096, G4 << 14);
	assert_place(LINUX_CMDLINE, 2047, 4096, G4 << 14);
	assert_place(LINUX_INITRD, 1, 4096, G4 << 14);
	assert_place(LINUX_SETUP_DATA, 36, 4096, G4 << 14);
	header->xloadflags = 1;
	header->pref_address = 0;
	assert_int_equal(parse_bytes(sizeof(image), LINUX_64), LINUX_OK);
	assert_place(LINUX_KERNEL, 0, 0x100000, G4);
	assert_int_equal(place_of(LINUX_KERNEL, 0).preferred_phys, 0);
	assert_place(LINUX_PARAMS, 0, 4096, G4);
	assert_place(LINUX_INITRD, 1, 4096, 0x80000000);
}

/* Expect 512 MiB, or as far as its preferred place reaches. */
static void places_of_a_32_bit_kernel(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_32, LINUX_32);
	assert_place(LINUX_KERNEL, 0, 0x1000000, 0x20000000);
	assert_place(LINUX_CMDLINE, 0, 4096, G4);
	assert_place(LINUX_INITRD, 1, 4096, 0x80000000);
	assert_int_equal(place_of(LINUX_KERNEL, 0).min_align_bytes, 0x2000);
	header->pref_address = 0x30000000;
	assert_int_equal(parse_bytes(sizeof(image), LINUX_32), LINUX_OK);
	assert_place(LINUX_KERNEL, 0, 0x30000000, 0x31135000);
	begin(RULES_DEBIAN_64, LINUX_32);
	assert_place(LINUX_KERNEL, 0, 0x1000000, G4);
	assert_place(LINUX_PARAMS, 0, 4096, G4);
}

static void places_of_memtest(void **state)
{
	(void)state;
	begin(RULES_MEMTEST_64, LINUX_64);
	assert_false(place_of(LINUX_KERNEL, 0).movable);
	assert_place(LINUX_KERNEL, 0, 0x100000, 0x16b000);
	assert_int_equal(place_of(LINUX_KERNEL, 0).preferred_phys, 0x100000);
	assert_place(LINUX_INITRD, 1, 4096, G4);
}

/* Expect whole pages for the ramdisk, a byte for the command line's NUL, nothing for what is absent. */
static void sizes(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	assert_int_equal(place_of(LINUX_KERNEL, 0).size_bytes, 0x3378000);
	assert_int_equal(place_of(LINUX_PARAMS, 0).size_bytes, 4096);
	assert_int_equal(place_of(LINUX_CMDLINE, 0).size_bytes, 1);
	assert_int_equal(place_of(LINUX_CMDLINE, 2047).size_bytes, 2048);
	assert_int_equal(place_of(LINUX_INITRD, 0).size_bytes, 0);
	assert_int_equal(place_of(LINUX_INITRD, 4097).size_bytes, 8192);
	assert_int_equal(place_of(LINUX_SETUP_DATA, 0).size_bytes, 0);
	assert_int_equal(place_of(LINUX_SETUP_DATA, 36).size_bytes, 36);
}

static void refuses_place(
	enum linux_part part, uint64_t bytes, enum linux_error error, uint64_t number)
{
	struct rules_file f = { image, sizeof(image), kernel.mode };
	struct linux_place place;
	uint64_t seed = 7;

	assert_null(rules_place(f, &kernel, part, bytes, &seed));
	assert_int_equal(linux_placement(&place, &kernel, part, bytes, &fault), error);
	assert_int_equal(fault.part, part);
	assert_int_equal(fault.number, number);
}

/* Expect a long command line to be refused, not cut. */
static void command_lines(void **state)
{
	(void)state;
	begin(RULES_MEMTEST_64, LINUX_64);
	assert_int_equal(place_of(LINUX_CMDLINE, 255).size_bytes, 256);
	refuses_place(LINUX_CMDLINE, 256, LINUX_CMDLINE_LONG, 255);
	refuses_place(LINUX_CMDLINE, UINT64_MAX, LINUX_CMDLINE_LONG, 255);
	header->cmdline_size = 0;
	assert_int_equal(parse_bytes(sizeof(image), LINUX_64), LINUX_OK);
	assert_int_equal(place_of(LINUX_CMDLINE, 0).size_bytes, 1);
	refuses_place(LINUX_CMDLINE, 1, LINUX_CMDLINE_LONG, 0);
	header->cmdline_size = 0xffffffff;
	assert_int_equal(parse_bytes(sizeof(image), LINUX_64), LINUX_OK);
	refuses_place(LINUX_CMDLINE, 0xffffffff, LINUX_NO_ROOM, 0xffffffff);
	begin(RULES_DEBIAN_64, LINUX_64);
	handoff.part[LINUX_CMDLINE].bytes = 2048;
	assert_int_equal(linux_fill_params(image, &kernel, &handoff, &fault), LINUX_CMDLINE_LONG);
}

static void ramdisks(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_32, LINUX_32);
	assert_place(LINUX_INITRD, 0x80000000 - 4096, 4096, 0x80000000);
	refuses_place(LINUX_INITRD, 0x80000000 - 4095, LINUX_NO_ROOM, 0x80000000 - 4095);
	refuses_place(LINUX_INITRD, UINT64_MAX, LINUX_NO_ROOM, UINT64_MAX);
	refuses_place(LINUX_SETUP_DATA, UINT64_MAX, LINUX_NO_ROOM, UINT64_MAX);
	header->initrd_addr_max = 0;
	assert_int_equal(parse_bytes(sizeof(image), LINUX_32), LINUX_OK);
	assert_int_equal(place_of(LINUX_INITRD, 0).size_bytes, 0);
	refuses_place(LINUX_INITRD, 1, LINUX_NO_ROOM, 1);
	begin(RULES_DEBIAN_64, LINUX_64);
	assert_place(LINUX_INITRD, (G4 << 14) - 4096, 4096, G4 << 14);
	refuses_place(LINUX_INITRD, (G4 << 14) - 4095, LINUX_NO_ROOM, (G4 << 14) - 4095);
}

/* --- the page ----------------------------------------------------------------------------------- */

static enum linux_error fill(void)
{
	struct rules_file f = { image, sizeof(image), kernel.mode };
	uint8_t page[LINUX_PARAMS_BYTES];
	enum linux_error error;
	const char *wrong = rules_fill_wrong(f, &kernel, &handoff, &error);

	if (wrong != NULL)
		fail_msg("%s (%d)", wrong, error);
	if (error == LINUX_OK)
		return error;
	/* for the fault: what refuses needs no room */
	return linux_fill_params(page, &kernel, &handoff, &fault);
}

static void refuses_fill(enum linux_error error, enum linux_part part, uint64_t number)
{
	assert_int_equal(fill(), error);
	assert_int_equal(fault.part, part);
	assert_int_equal(fault.number, number);
}

static void each_kind_and_mode(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	assert_int_equal(fill(), LINUX_OK);
	begin(RULES_DEBIAN_64, LINUX_32);
	assert_int_equal(fill(), LINUX_OK);
	begin(RULES_DEBIAN_32, LINUX_32);
	assert_int_equal(fill(), LINUX_OK);
	begin(RULES_MEMTEST_64, LINUX_64);
	assert_int_equal(fill(), LINUX_OK);
	begin(RULES_MEMTEST_64, LINUX_32);
	assert_int_equal(fill(), LINUX_OK);
}

/* The fields by number, as a kernel reads them: nothing of linux_rules.h is asked. */
static void page_by_offset(void **state)
{
	uint8_t p[LINUX_PARAMS_BYTES];

	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	memset(p, 0xa5, sizeof(p));
	assert_int_equal(linux_fill_params(p, &kernel, &handoff, &fault), LINUX_OK);
	assert_int_equal(p[0x0f], 0x70);
	assert_memory_equal(p + 0x12, "\x20\x03\x58\x02\x20\x00", 6);
	assert_memory_equal(p + 0x18, "\0\0\0\x80\x00\x4c\x1d\x00", 8);
	assert_memory_equal(p + 0x24, "\x80\x0c\x08\x10\x08\x08\x08\x00\x08\x18", 10);
	assert_memory_equal(p + 0x32, "\x01\0\0\0\x01\0\0\0\0\0\0\0", 12);
	assert_memory_equal(p + 0x70, "\x14\xe0\xb7\x7f\0\0\0\0", 8);
	assert_memory_equal(p + 0x1c0, "EL64\x18\xe0\x9e\x7f\x30\0\0\0\x01\0\0\0", 16);
	assert_memory_equal(p + 0x1d0, "\0\0\0\x07\x60\x18\0\0\0\0\0\0\0\0\0\0", 16);
	assert_memory_equal(p + 0x1e0, "\0\x80\0\0\0\0\0\0\x11\0\0\0\x02\0\0\0\0\x03", 18);
	assert_memory_equal(p + 0x1fa, "\xff\xff\0\0\x55\xaa\xeb\x6aHdrS", 12);
	assert_memory_equal(p + 0x210, "\xff\x01", 2);
	assert_memory_equal(p + 0x214, "\0\0\0\x01\0\0\0\x08\x88\x13\0\0", 12);
	assert_memory_equal(p + 0x224, "\xe0\x5b\0\0\0\0\x02\0\xff\xff\xff\x7f", 12);
	assert_memory_equal(p + 0x250, "\0\0\0\0\0\0\0\0\0\0\0\x01", 12);
	assert_memory_equal(p + 0x268, "\x1c\xf9\xd7\0\0\0\0\0", 8);
	assert_memory_equal(p + 0x2d0, "\0\0\0\0\0\0\0\0\0\0\0\xc0\0\0\0\0\x01\0\0\0", 20);
}

/* Expect nothing to be told of what there is none of. */
static void nothing_but_memory(void **state)
{
	uint8_t p[LINUX_PARAMS_BYTES], zero[0x1c0] = { 0 };

	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	memset(&handoff.efi, 0, sizeof(handoff.efi));
	memset(&handoff.framebuffer, 0, sizeof(handoff.framebuffer));
	handoff.rsdp_phys = 0;
	handoff.part[LINUX_INITRD].bytes = 0;
	handoff.part[LINUX_CMDLINE].bytes = 0;
	assert_int_equal(fill(), LINUX_OK);
	assert_int_equal(linux_fill_params(p, &kernel, &handoff, &fault), LINUX_OK);
	assert_memory_equal(p, zero, 0x1c0);
	assert_memory_equal(p + 0x1c0, zero, 0x20);
	assert_memory_equal(p + 0x218, zero, 8);
	assert_memory_equal(p + 0x228, "\0\0\x02\0", 4);
}

/* Expect the file's own values to be overwritten where they are the loader's, the list of setup data too. */
static void foreign_header(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	header->setup_data = 0x123456789abc;
	header->loadflags = 0xff;
	header->type_of_loader = 0x72;
	header->ext_loader_type = 3;
	header->ext_loader_ver = 4;
	header->ramdisk_image = header->ramdisk_size = header->cmd_line_ptr = 0x77777777;
	header->jump_distance = 0x7f;
	assert_int_equal(parse_bytes(sizeof(image), LINUX_64), LINUX_OK);
	assert_int_equal(fill(), LINUX_OK);
	handoff.part[LINUX_INITRD].bytes = 0;
	assert_int_equal(fill(), LINUX_OK);
}

static void fill_entries(uint32_t count)
{
	rules_make_map(&map, count);
	handoff.part[LINUX_SETUP_DATA].bytes = linux_setup_data_bytes(count);
}

/* Expect 0 and 1 to be refused, 128 in the page, the rest in the node, which ends with its room. */
static void e820_entries(void **state)
{
	static const uint32_t good[] = { 2, 3, 127, 128, 129, 130, 255, 256, 257, 300 };

	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	for (uint32_t i = 0; i < ARRAY_SIZE(good); i++) {
		fill_entries(good[i]);
		assert_int_equal(fill(), LINUX_OK);
		handoff.part[LINUX_SETUP_DATA].bytes += 1000;
		assert_int_equal(fill(), LINUX_OK);
	}
	fill_entries(0);
	refuses_fill(LINUX_E820_SHORT, LINUX_PARTS, 0);
	fill_entries(1);
	refuses_fill(LINUX_E820_SHORT, LINUX_PARTS, 1);
	assert_int_equal(linux_setup_data_bytes(128), 0);
	assert_int_equal(linux_setup_data_bytes(129), 36);
	assert_int_equal(
		linux_setup_data_bytes(UINT32_MAX), 16 + 20 * (UINT64_C(0xffffffff) - 128));
}

/* Expect each of our types to be Linux's number. */
static void e820_types(void **state)
{
	static const uint32_t number[E820_TYPES] = { 1, 0xefffffff, 7, 2, 3, 4, 5, 2 };
	uint8_t p[LINUX_PARAMS_BYTES];

	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	for (uint32_t type = 0; type < E820_TYPES; type++) {
		uint32_t found;

		entries[5].type = type;
		assert_int_equal(fill(), LINUX_OK);
		assert_int_equal(linux_fill_params(p, &kernel, &handoff, &fault), LINUX_OK);
		memcpy(&found, p + 0x2d0 + 5 * 20 + 16, 4);
		assert_int_equal(found, number[type]);
	}
}

static void setup_data_room(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	fill_entries(300);
	handoff.part[LINUX_SETUP_DATA].bytes--;
	refuses_fill(LINUX_SETUP_ROOM, LINUX_SETUP_DATA, 16 + 20 * 172);
	handoff.part[LINUX_SETUP_DATA].bytes = 0;
	refuses_fill(LINUX_SETUP_ROOM, LINUX_SETUP_DATA, 16 + 20 * 172);
	fill_entries(300);
	handoff.setup_data = NULL;
	assert_int_equal(linux_fill_params(image, &kernel, &handoff, &fault), LINUX_SETUP_ROOM);
}

static void broken_map(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	entries[3].end = entries[3].start;
	refuses_fill(LINUX_E820_BROKEN, LINUX_PARTS, 17);
}

static void move_part(enum linux_part part, phys_t start, enum linux_error error)
{
	phys_t before = handoff.part[part].start_phys;

	handoff.part[part].start_phys = start;
	assert_int_equal(fill(), error);
	if (error != LINUX_OK) {
		assert_int_equal(fault.part, part);
		assert_int_equal(fault.number, start);
	}
	handoff.part[part].start_phys = before;
}

/* Expect everything at and above 4 GiB where the flag allows it, and up to there where it does not. */
static void around_4_gib(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	fill_entries(129);
	for (unsigned part = 0; part < LINUX_PARTS; part++) {
		move_part((enum linux_part)part, G4, LINUX_OK);
		move_part((enum linux_part)part, G4 + 0x12200000, LINUX_OK);
		move_part((enum linux_part)part, G4 << 14, LINUX_PART_PLACE);
		move_part((enum linux_part)part, 0, LINUX_PART_PLACE);
	}
	begin(RULES_DEBIAN_64, LINUX_32);
	fill_entries(129);
	for (unsigned part = 0; part < LINUX_PARTS; part++)
		move_part((enum linux_part)part, G4, LINUX_PART_PLACE);
	entries[128].start = UINT64_C(0xf0000000); /* RAM across 4 GiB */
	move_part(LINUX_PARAMS, G4 - 4096, LINUX_OK);
	move_part(LINUX_KERNEL, G4 - 0x3400000, LINUX_OK);
	move_part(LINUX_KERNEL, G4 - 0x3200000, LINUX_PART_PLACE);
	move_part(LINUX_CMDLINE, G4 - 22, LINUX_OK);
	move_part(LINUX_CMDLINE, G4 - 21, LINUX_PART_PLACE);
	move_part(LINUX_SETUP_DATA, G4 - 40, LINUX_OK);
	move_part(LINUX_SETUP_DATA, G4 - 32, LINUX_PART_PLACE);
	move_part(LINUX_INITRD, 0x80000000 - 8192, LINUX_OK);
	move_part(LINUX_INITRD, 0x80000000 - 4096, LINUX_PART_PLACE);
}

/* Expect all 64 bits of a length and of the root pointer. */
static void long_values(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	handoff.part[LINUX_INITRD] = (struct linux_range){ G4 * 16, G4 + 0x12345 };
	handoff.rsdp_phys = UINT64_C(0x0123456789abcdef);
	assert_int_equal(fill(), LINUX_OK);
}

/* Expect a kernel only where it would stay, and kernel_alignment to follow its address. */
static void kernel_addresses(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_32, LINUX_32);
	move_part(LINUX_KERNEL, 0x1002000, LINUX_OK);
	move_part(LINUX_KERNEL, 0x1800000, LINUX_OK);
	move_part(LINUX_KERNEL, 0x2000000, LINUX_OK);
	move_part(LINUX_KERNEL, 0x1001000, LINUX_PART_PLACE);
	move_part(LINUX_KERNEL, 0xffe000, LINUX_PART_PLACE);
	move_part(LINUX_KERNEL, 0x20000000 - 0x1134000, LINUX_PART_PLACE);
	move_part(LINUX_KERNEL, 0x20000000 - 0x1136000, LINUX_OK);
	begin(RULES_MEMTEST_64, LINUX_64);
	move_part(LINUX_KERNEL, 0x101000, LINUX_PART_PLACE);
	move_part(LINUX_KERNEL, 0x200000, LINUX_PART_PLACE);
}

static void not_ram(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	move_part(LINUX_PARAMS, UINT64_C(0xc0000000), LINUX_PART_NOT_RAM);
	move_part(LINUX_PARAMS, UINT64_C(0xbffff000), LINUX_OK);
	move_part(LINUX_CMDLINE, UINT64_C(0xc0000000) - 22, LINUX_OK);
	move_part(LINUX_CMDLINE, UINT64_C(0xc0000000) - 21, LINUX_PART_NOT_RAM);
	move_part(LINUX_KERNEL, UINT64_C(0xbce00000), LINUX_PART_NOT_RAM);
	move_part(LINUX_INITRD, UINT64_C(0xffffffffff) - 4095, LINUX_PART_NOT_RAM);
	entries[0].end = 0x1000000 + 0x3377000;
	move_part(LINUX_KERNEL, 0x1000000, LINUX_PART_NOT_RAM);
}

static void assert_meet(enum linux_part part, phys_t start)
{
	struct linux_range before = handoff.part[part];

	handoff.part[part].start_phys = start;
	assert_int_equal(fill(), LINUX_PARTS_MEET);
	handoff.part[part] = before;
}

/* Expect neighbours to be allowed, a shared byte not. */
static void parts_meet(void **state)
{
	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	fill_entries(129);
	assert_meet(LINUX_PARAMS, 0x1000000);
	assert_meet(LINUX_PARAMS, 0x1000000 + 0x3377000);
	move_part(LINUX_PARAMS, 0x1000000 + 0x3378000, LINUX_OK);
	move_part(LINUX_PARAMS, 0xfff000, LINUX_OK);
	assert_meet(LINUX_CMDLINE, 0x10fff);
	move_part(LINUX_CMDLINE, 0x11000, LINUX_OK);
	assert_meet(LINUX_CMDLINE, 0x10000 - 21);
	move_part(LINUX_CMDLINE, 0x10000 - 22, LINUX_OK);
	assert_meet(LINUX_SETUP_DATA, 0x8001ff8);
	move_part(LINUX_SETUP_DATA, 0x8002000, LINUX_OK);
	handoff.part[LINUX_INITRD].bytes = 0;
	move_part(LINUX_SETUP_DATA, 0x8001ff8, LINUX_OK);
}

static void efi_of(struct linux_efi efi, bool good)
{
	handoff.efi = efi;
	assert_int_equal(fill(), good ? LINUX_OK : LINUX_EFI);
	if (!good)
		assert_int_equal(fault.number, efi.map_bytes);
}

static void efi_tables(void **state)
{
	const phys_t end = UINT64_C(1) << 52;

	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	efi_of((struct linux_efi){ 1, 1, 40, 40, 1 }, true);
	efi_of((struct linux_efi){ 1, 1, 512, 256, 1 }, true);
	efi_of((struct linux_efi){ end - 1, end - 96, 96, 48, 0x12345678 }, true);
	efi_of((struct linux_efi){ end, 1, 96, 48, 1 }, false);
	efi_of((struct linux_efi){ 1, end - 95, 96, 48, 1 }, false);
	efi_of((struct linux_efi){ 0, 1, 96, 48, 1 }, false);
	efi_of((struct linux_efi){ 1, 0, 96, 48, 1 }, false);
	efi_of((struct linux_efi){ 1, 1, 97, 48, 1 }, false);
	efi_of((struct linux_efi){ 1, 1, 96, 32, 1 }, false);
	efi_of((struct linux_efi){ 1, 1, 96, 0, 1 }, false);
	efi_of((struct linux_efi){ 1, 1, 264, 264, 1 }, false);
	efi_of((struct linux_efi){ 1, 1, 44, 44, 1 }, false);
	efi_of((struct linux_efi){ 1, 1, G4, 64, 1 }, false);
	efi_of((struct linux_efi){ 1, 1, G4 - 64, 64, 1 }, true);
	begin(RULES_DEBIAN_32, LINUX_32);
	efi_of((struct linux_efi){ G4 - 1, G4 - 96, 96, 48, 1 }, true);
	efi_of((struct linux_efi){ G4, 1, 96, 48, 1 }, false);
	efi_of((struct linux_efi){ 1, G4 - 95, 96, 48, 1 }, false);
	efi_of((struct linux_efi){ 0, 0, 0, 48, 1 }, true);
	begin(RULES_MEMTEST_64, LINUX_64);
	efi_of((struct linux_efi){ G4, G4, 96, 48, 1 }, true);
}

static void screen_is(bool good)
{
	assert_int_equal(fill(), good ? LINUX_OK : LINUX_FRAMEBUFFER);
	handoff.framebuffer = (struct linux_framebuffer){ 0x80000000, 0x1d5000, 800, 600, 3200, 32,
		{ 8, 16 }, { 8, 8 }, { 8, 0 }, { 8, 24 } };
}

static void framebuffers(void **state)
{
	struct linux_framebuffer *fb = &handoff.framebuffer;

	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	fb->base_phys = UINT64_C(0x4000000000);
	screen_is(true);
	fb->bytes = 3200 * 600;
	screen_is(true);
	fb->bytes = 3200 * 600 - 1;
	screen_is(false);
	fb->base_phys = 0;
	screen_is(false);
	fb->base_phys = (UINT64_C(1) << 52) - 0x1d4000;
	screen_is(false);
	fb->base_phys = UINT64_MAX;
	screen_is(false);
	fb->width = 801;
	screen_is(false);
	fb->width = 0;
	screen_is(false);
	fb->width = 0x10000;
	fb->line_bytes = 0xffff;
	fb->bits_per_pixel = 1;
	fb->bytes = G4;
	screen_is(false);
	fb->height = 0;
	screen_is(false);
	fb->line_bytes = 0x10000;
	fb->bytes = G4;
	screen_is(false);
	fb->line_bytes = 0;
	screen_is(false);
	fb->width = 16383;
	fb->height = 0xffff;
	fb->line_bytes = 0xffff;
	fb->bytes = UINT64_C(0xffff) * 0xffff;
	screen_is(true);
	fb->height = 0x10000;
	fb->bytes = G4;
	screen_is(false);
	fb->width = fb->line_bytes = 0xffff;
	fb->bits_per_pixel = 8;
	fb->bytes = G4;
	fb->red = fb->green = fb->blue = fb->reserved = (struct linux_channel){ 2, 6 };
	screen_is(true);
}

static void pixels(void **state)
{
	struct linux_framebuffer *fb = &handoff.framebuffer;

	(void)state;
	begin(RULES_DEBIAN_64, LINUX_64);
	fb->bits_per_pixel = 33;
	screen_is(false);
	fb->bits_per_pixel = 0;
	screen_is(false);
	fb->bits_per_pixel = 24;
	fb->reserved = (struct linux_channel){ 0, 0 };
	fb->red.position = 0;
	fb->blue.position = 16;
	screen_is(true);
	fb->bits_per_pixel = 24;
	screen_is(false);
	fb->red.position = 25;
	screen_is(false);
	fb->green.bits = 25;
	screen_is(false);
	fb->blue = (struct linux_channel){ 255, 255 };
	screen_is(false);
}

/* --- at random ---------------------------------------------------------------------------------- */

/* Bits and bytes of the header, or a value that sits on an edge. */
static void mutate(uint8_t *bytes, uint64_t *seed)
{
	static const uint8_t edge[] = { 0, 1, 0x0a, 0x0c, 0x1f, 0x20, 0x62, 0x7f, 0x80, 0xff };
	uint64_t at = 0x1f1 + random_below(seed, 0x26c - 0x1f1);

	switch (random_below(seed, 3)) {
	case 0:
		bytes[at] ^= (uint8_t)(1u << random_below(seed, 8));
		break;
	case 1:
		bytes[at] = edge[random_below(seed, ARRAY_SIZE(edge))];
		break;
	default:
		bytes[at] = (uint8_t)random_next(seed);
		break;
	}
}

static void random_file(uint64_t *seed)
{
	uint64_t bytes = RULES_FILE_BYTES - random_below(seed, 3) * random_below(seed, 40);
	uint8_t *block = malloc(RULES_FILE_BYTES);
	struct rules_file f = { block, bytes, random_below(seed, 2) ? LINUX_64 : LINUX_32 };
	uint64_t mutations = random_below(seed, 5);
	const char *wrong;

	rules_make_file(block, (enum rules_kind)random_below(seed, RULES_KINDS));
	while (mutations-- > 0)
		mutate(block, seed);
	f.bytes = block = realloc(block, bytes);
	wrong = rules_all(f, *seed);
	if (wrong != NULL)
		fail_msg("%s (seed %llu)", wrong, (unsigned long long)*seed);
	free(block);
}

static void random_files(void **state)
{
	uint64_t seed = 11;

	(void)state;
	for (uint32_t round = 0; round < 20000; round++)
		random_file(&seed);
}

/* --- messages ----------------------------------------------------------------------------------- */

static const char *explain(enum linux_error error, enum linux_part part, uint64_t number)
{
	static char text[200];
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));

	linux_explain(&sink, &(struct linux_fault){ error, part, number });
	assert_true(buffer.used < sizeof(text));
	return text;
}

static void messages(void **state)
{
	(void)state;
	assert_string_equal(explain(LINUX_TRUNCATED, LINUX_PARTS, 144320),
		"it ends too early (bytes it should have 144320)");
	assert_string_equal(explain(LINUX_VERSION, LINUX_PARTS, 0x209),
		"its boot protocol is older than 2.10 (version 0x209)");
	assert_string_equal(
		explain(LINUX_NOT_A_KERNEL, LINUX_PARTS, 5), "it is not a Linux kernel");
	assert_string_equal(explain(LINUX_CMDLINE_LONG, LINUX_CMDLINE, 255),
		"command line: longer than this kernel takes (bytes at most 255)");
	assert_string_equal(explain(LINUX_PART_PLACE, LINUX_INITRD, G4),
		"ramdisk: placed where this kernel does not take it (address 0x100000000)");
	assert_string_equal(linux_error_text(LINUX_ERRORS), "?");
	assert_string_equal(linux_part_name(LINUX_PARTS), "?");
	assert_string_equal(explain(LINUX_ERRORS, LINUX_PARTS, 0), "?");
}

/* Expect a text of its own for every error and every part. */
static void every_message(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LINUX_ERRORS; i++) {
		const char *text = linux_error_text((enum linux_error)i);

		assert_non_null(text);
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(text, linux_error_text((enum linux_error)j));
	}
	for (unsigned i = 0; i < LINUX_PARTS; i++)
		assert_non_null(linux_part_name((enum linux_part)i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_a_64_bit_kernel),
		cmocka_unit_test(parses_a_32_bit_kernel),
		cmocka_unit_test(parses_memtest),
		cmocka_unit_test(every_length),
		cmocka_unit_test(code_ends_where_syssize_says),
		cmocka_unit_test(refuses_what_is_no_kernel),
		cmocka_unit_test(versions),
		cmocka_unit_test(header_lengths),
		cmocka_unit_test(refuses_missing_parts),
		cmocka_unit_test(refuses_code_without_entry),
		cmocka_unit_test(init_size),
		cmocka_unit_test(alignments),
		cmocka_unit_test(preferred_addresses),
		cmocka_unit_test(places_of_a_64_bit_kernel),
		cmocka_unit_test(places_of_a_32_bit_kernel),
		cmocka_unit_test(places_of_memtest),
		cmocka_unit_test(sizes),
		cmocka_unit_test(command_lines),
		cmocka_unit_test(ramdisks),
		cmocka_unit_test(each_kind_and_mode),
		cmocka_unit_test(page_by_offset),
		cmocka_unit_test(nothing_but_memory),
		cmocka_unit_test(foreign_header),
		cmocka_unit_test(e820_entries),
		cmocka_unit_test(e820_types),
		cmocka_unit_test(setup_data_room),
		cmocka_unit_test(broken_map),
		cmocka_unit_test(around_4_gib),
		cmocka_unit_test(long_values),
		cmocka_unit_test(kernel_addresses),
		cmocka_unit_test(not_ram),
		cmocka_unit_test(parts_meet),
		cmocka_unit_test(efi_tables),
		cmocka_unit_test(framebuffers),
		cmocka_unit_test(pixels),
		cmocka_unit_test(random_files),
		cmocka_unit_test(messages),
		cmocka_unit_test(every_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

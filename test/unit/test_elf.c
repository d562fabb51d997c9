/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF kernels: one that is in order, one broken rule after the other, the ends of every range, every truncation,
 * a kernel that ld made, and files at random. Whatever elf_parse says is held against elf_rules.h. Files are
 * copied to the last bytes of an allocation, at an odd address, where the sanitizers see a wrong read.
 *
 *   file     ELF header | program headers | code | constants | data
 *   memory   BASE + 0x1000 code   + 0x3000 constants   + 0x4010 data, zeros   + 0x8000 zeros
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "elf_rules.h"
#include "random.h"

#define IS_64      (RULES_WIDTH == 64)
#define BASE       ((addr_t)(IS_64 ? UINT64_C(0xffffffff80100000) : UINT64_C(0xc0100000)))
#define TOP        ((addr_t)-RULES_PAGE) /* the last page */
#define MOST       ((addr_t)-1)          /* of any offset, address or size */
#define TABLE      (sizeof(ehdr_t) + 3)  /* nothing is aligned */
#define PROGRAMS   32
#define FILE_BYTES 4096

#define CODE       1 /* program headers of the kernel that is in order */
#define CONSTANTS  3
#define DATA       0
#define ZEROS      4
#define IN_ORDER   7

/* A file before it becomes bytes. */
struct file {
	ehdr_t header;
	phdr_t program[PROGRAMS];
	uint64_t size;
};

static uint8_t image[FILE_BYTES];
static struct elf_kernel kernel;
static struct elf_fault fault;
static uint64_t met[ELF_ERRORS];

/* --- making files ----------------------------------------------------------------------------------- */

static phdr_t segment(uint32_t flags, addr_t virt, addr_t mem, addr_t offset, addr_t bytes)
{
	phdr_t program = { .p_type = PT_LOAD };

	program.p_flags = flags;
	program.p_vaddr = virt;
	program.p_paddr = 0x12345;
	program.p_memsz = mem;
	program.p_offset = offset;
	program.p_filesz = bytes;
	program.p_align = 3;
	return program;
}

static ehdr_t header_in_order(void)
{
	ehdr_t h = { .e_ident = ELFMAG };

	h.e_ident[EI_CLASS] = IS_64 ? ELFCLASS64 : ELFCLASS32;
	h.e_ident[EI_DATA] = ELFDATA2LSB;
	h.e_ident[EI_VERSION] = EV_CURRENT;
	h.e_type = ET_EXEC;
	h.e_machine = IS_64 ? EM_X86_64 : EM_386;
	h.e_version = EV_CURRENT;
	h.e_phoff = TABLE;
	h.e_phentsize = sizeof(phdr_t);
	return h;
}

/* Data comes first in the file's list, as no linker would put it. */
static struct file in_order(void)
{
	addr_t code = TABLE + IN_ORDER * sizeof(phdr_t);
	struct file f = { .header = header_in_order(), .size = code + 300 };

	f.header.e_phnum = IN_ORDER;
	f.header.e_entry = BASE + 0x1010;
	f.program[DATA] = segment(PF_R | PF_W, BASE + 0x4010, 0x2000, code + 250, 50);
	f.program[CODE] = segment(PF_R | PF_X, BASE + 0x1000, 200, code, 200);
	f.program[2] = segment(PF_R | PF_W | PF_X, 0, 0, 0, 0); /* empty: nobody's page 0 */
	f.program[CONSTANTS] = segment(PF_R, BASE + 0x3000, 0x1000, code + 200, 50);
	f.program[ZEROS] = segment(PF_R | PF_W, BASE + 0x8000, 0x1000, MOST, 0);
	f.program[5] = segment(PF_R | PF_W | PF_X, 1, 2, 3, MOST);
	f.program[5].p_type = PT_GNU_STACK;
	f.program[6] = segment(PF_R, BASE + 0x1000, 9, MOST, MOST);
	f.program[6].p_type = PT_TLS;
	return f;
}

/* One segment of code, 0x100 bytes and zeros up to a page; the others are the test's. */
static struct file bare(uint32_t programs)
{
	struct file f = { .header = header_in_order(), .size = FILE_BYTES };

	f.header.e_phnum = (uint16_t)programs;
	f.header.e_entry = BASE;
	f.program[0] = segment(PF_R | PF_X, BASE, 0x1000, 0, 0x100);
	return f;
}

/* What does not fit the size is cut. */
static void put(const struct file *f, uint64_t at, const void *bytes, size_t length)
{
	if (at >= f->size)
		return;
	if (length > f->size - at)
		length = (size_t)(f->size - at);
	memcpy(image + at, bytes, length);
}

static void write_image(const struct file *f)
{
	assert_true(f->size <= FILE_BYTES);
	memset(image, 0xcc, sizeof(image));
	put(f, f->header.e_phoff, f->program, sizeof(f->program));
	put(f, 0, &f->header, sizeof(f->header));
}

/* --- asking ----------------------------------------------------------------------------------------- */

static void assert_untouched(void)
{
	for (size_t i = 0; i < sizeof(kernel); i++)
		assert_int_equal(((const uint8_t *)&kernel)[i], 0xa5);
}

/* The answer, after it was held against the rules. */
static enum elf_error parse_bytes(const uint8_t *bytes, uint64_t size)
{
	uint8_t *block = malloc((size_t)size + 1);
	struct rules_file file = { block + 1, size };
	enum elf_error error;
	const char *wrong;

	memcpy(block + 1, bytes, (size_t)size);
	memset(&kernel, 0xa5, sizeof(kernel));
	memset(&fault, 0xa5, sizeof(fault));
	error = elf_parse(&kernel, block + 1, size, &fault);
	assert_int_equal(error, fault.error);
	wrong = rules_disagree(file, &kernel, &fault);
	if (wrong != NULL)
		fail_msg("says %d (%s), but: %s", error, elf_error_text(error), wrong);
	if (error != ELF_OK)
		assert_untouched();
	met[error]++;
	free(block);
	return error;
}

static enum elf_error parse(const struct file *f)
{
	write_image(f);
	return parse_bytes(image, f->size);
}

static void accepted(const struct file *f)
{
	assert_int_equal(parse(f), ELF_OK);
	assert_int_equal(fault.header, ELF_NO_HEADER);
	assert_int_equal(fault.other, ELF_NO_HEADER);
	assert_int_equal(fault.number, 0);
}

static void refused(const struct file *f, enum elf_error error, uint64_t number)
{
	assert_int_equal(parse(f), error);
	assert_int_equal(fault.number, number);
}

static void refused_at(const struct file *f, enum elf_error error, uint32_t header, uint64_t number)
{
	refused(f, error, number);
	assert_int_equal(fault.header, header);
	assert_int_equal(fault.other, ELF_NO_HEADER);
}

static void refused_pair(
	const struct file *f, enum elf_error error, uint32_t low, uint32_t high, uint64_t number)
{
	refused(f, error, number);
	assert_int_equal(fault.header, low);
	assert_int_equal(fault.other, high);
}

static void assert_segment(uint32_t i, uint32_t header, uint64_t virt, uint64_t mem_bytes,
	uint64_t file_offset, uint64_t file_bytes, uint32_t rights)
{
	const struct elf_segment *s = &kernel.segment[i];

	assert_int_equal(s->header, header);
	assert_int_equal(s->virt, virt);
	assert_int_equal(s->mem_bytes, mem_bytes);
	assert_int_equal(s->file_offset, file_offset);
	assert_int_equal(s->file_bytes, file_bytes);
	assert_int_equal(s->rights, rights);
}

/* --- in order --------------------------------------------------------------------------------------- */

static void reads_a_kernel(void **state)
{
	struct file f = in_order();
	uint64_t code = TABLE + IN_ORDER * sizeof(phdr_t);

	(void)state;
	accepted(&f);
	assert_int_equal(kernel.entry, BASE + 0x1010);
	assert_int_equal(kernel.segments, 4);
	assert_segment(0, CODE, BASE + 0x1000, 200, code, 200, MAP_EXEC);
	assert_segment(1, CONSTANTS, BASE + 0x3000, 0x1000, code + 200, 50, 0);
	assert_segment(2, DATA, BASE + 0x4010, 0x2000, code + 250, 50, MAP_WRITE);
	assert_segment(3, ZEROS, BASE + 0x8000, 0x1000, 0, 0, MAP_WRITE);
}

/* What ld leaves behind, with notes, a TLS template and a stack header. */
static void reads_what_ld_made(void **state)
{
	FILE *file = fopen(IS_64 ? "build/test/64/elf_kernel" : "build/test/32/elf_kernel", "rb");
	uint8_t *bytes = malloc(MIB);
	size_t size;

	(void)state;
	assert_non_null(file);
	size = fread(bytes, 1, MIB, file);
	fclose(file);
	assert_int_equal(parse_bytes(bytes, size), ELF_OK);
	assert_int_equal(kernel.segments, 4);
	assert_int_equal(kernel.segment[0].rights, 0);
	assert_int_equal(kernel.segment[1].rights, MAP_EXEC);
	assert_int_equal(kernel.segment[1].virt, kernel.entry);
	assert_int_equal(kernel.segment[2].rights, 0);
	assert_int_equal(kernel.segment[3].rights, MAP_WRITE);
	assert_true(kernel.segment[3].mem_bytes >= kernel.segment[3].file_bytes + 20000);
	assert_int_equal(bytes[kernel.segment[1].file_offset], 0xf4); /* hlt */
	assert_int_equal(bytes[kernel.segment[3].file_offset], 42);
	free(bytes);
}

static void recognises_by_magic(void **state)
{
	static const uint8_t elf[] = { 0x7f, 'E', 'L', 'F', 9 };
	uint8_t broken[4];

	(void)state;
	assert_true(elf_recognise(elf, 5));
	assert_true(elf_recognise(elf, 4));
	assert_false(elf_recognise(elf, 3));
	assert_false(elf_recognise(NULL, 0));
	for (unsigned i = 0; i < 4; i++) {
		memcpy(broken, elf, 4);
		broken[i] ^= 0x20;
		assert_false(elf_recognise(broken, 4));
	}
}

/* --- the ELF header --------------------------------------------------------------------------------- */

static void refuses_other_files(void **state)
{
	struct file f = in_order();

	(void)state;
	f.header.e_ident[0] = 'M';
	refused(&f, ELF_NOT_ELF, f.size);
	f.size = 0;
	refused(&f, ELF_NOT_ELF, 0);
}

/* The other class is told from a short file even where that file is shorter than our header. */
static void refuses_the_other_class(void **state)
{
	struct file f = in_order();
	uint8_t other = IS_64 ? ELFCLASS32 : ELFCLASS64;

	(void)state;
	f.header.e_ident[EI_CLASS] = other;
	refused(&f, ELF_CLASS, other);
	f.size = 20;
	refused(&f, ELF_CLASS, other);
	f.header.e_ident[EI_CLASS] = ELFCLASSNONE;
	refused(&f, ELF_CLASS, 0);
}

static void refuses_big_endian(void **state)
{
	struct file f = in_order();

	(void)state;
	f.header.e_ident[EI_DATA] = ELFDATA2MSB;
	refused(&f, ELF_BYTE_ORDER, ELFDATA2MSB);
}

static void refuses_other_versions(void **state)
{
	struct file f = in_order();

	(void)state;
	f.header.e_ident[EI_VERSION] = 2;
	refused(&f, ELF_VERSION, 2);
	f = in_order();
	f.header.e_version = 0x10001;
	refused(&f, ELF_VERSION, 0x10001);
}

static void refuses_other_processors(void **state)
{
	static const uint16_t machine[] = { EM_NONE, EM_AARCH64, EM_IAMCU };
	struct file f = in_order();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(machine); i++) {
		f.header.e_machine = machine[i];
		refused(&f, ELF_MACHINE, machine[i]);
	}
	f.header.e_machine = IS_64 ? EM_386 : EM_X86_64;
	refused(&f, ELF_MACHINE, f.header.e_machine);
}

static void refuses_position_independent_code(void **state)
{
	struct file f = in_order();

	(void)state;
	f.header.e_type = ET_DYN;
	refused(&f, ELF_POSITION_INDEPENDENT, ET_DYN);
}

static void refuses_other_types(void **state)
{
	static const uint16_t type[] = { ET_NONE, ET_REL, ET_CORE, 0xff02 };
	struct file f = in_order();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(type); i++) {
		f.header.e_type = type[i];
		refused(&f, ELF_TYPE, type[i]);
	}
}

static void refuses_a_count_kept_elsewhere(void **state)
{
	struct file f = in_order();

	(void)state;
	f.header.e_phnum = PN_XNUM;
	refused(&f, ELF_HEADER_COUNT, PN_XNUM);
}

static void refuses_other_header_sizes(void **state)
{
	struct file f = in_order();
	uint16_t right = f.header.e_phentsize;

	(void)state;
	for (int by = -1; by <= 1; by += 2) {
		f.header.e_phentsize = (uint16_t)(right + by);
		refused(&f, ELF_HEADER_SIZE, (uint64_t)(right + by));
	}
	f.header.e_phentsize = IS_64 ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr);
	refused(&f, ELF_HEADER_SIZE, f.header.e_phentsize);
}

/* The table may end where the file ends, not a byte later, and nowhere near the end of all numbers. */
static void refuses_a_table_outside(void **state)
{
	struct file f = in_order();
	uint64_t bytes = IN_ORDER * sizeof(phdr_t);
	const addr_t far[] = { (addr_t)f.size, (addr_t)f.size + 1, MOST, (addr_t)-bytes,
		(addr_t)(1 - bytes) };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(far); i++) {
		f.header.e_phoff = far[i];
		refused(&f, ELF_TABLE, far[i]);
	}
	f.header.e_phoff = (addr_t)(f.size - bytes);
	accepted(&f);
	f.header.e_phoff++;
	refused(&f, ELF_TABLE, f.header.e_phoff);
	f = in_order();
	f.header.e_phnum = PN_XNUM - 1;
	refused(&f, ELF_TABLE, TABLE);
}

/* --- one program header ----------------------------------------------------------------------------- */

static void refuses_an_interpreter(void **state)
{
	struct file f = in_order();

	(void)state;
	f.program[6].p_type = PT_INTERP;
	refused_at(&f, ELF_INTERPRETER, 6, PT_INTERP);
}

static void refuses_dynamic_linking(void **state)
{
	struct file f = in_order();

	(void)state;
	f.program[5].p_type = PT_DYNAMIC;
	refused_at(&f, ELF_DYNAMIC, 5, PT_DYNAMIC);
}

static void passes_over_other_types(void **state)
{
	static const uint32_t type[] = { PT_NULL, PT_NOTE, PT_SHLIB, PT_PHDR, PT_TLS, 8, PT_LOOS,
		PT_GNU_EH_FRAME, PT_GNU_STACK, PT_GNU_RELRO, PT_HIOS, PT_LOPROC, UINT32_MAX };
	struct file f = in_order();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(type); i++) {
		f.program[6].p_type = type[i];
		accepted(&f);
		assert_int_equal(kernel.segments, 4);
	}
}

static void refuses_more_file_than_memory(void **state)
{
	struct file f = in_order();

	(void)state;
	f.program[CODE].p_memsz = f.program[CODE].p_filesz - 1;
	refused_at(&f, ELF_FILE_BYTES, CODE, BASE + 0x1000);
	f.program[CODE].p_memsz = 0;
	refused_at(&f, ELF_FILE_BYTES, CODE, BASE + 0x1000);
}

/* As with the table: up to the last byte of the file, and no sum may wrap. */
static void refuses_bytes_outside_the_file(void **state)
{
	struct file f = bare(1);
	phdr_t *code = &f.program[0];

	(void)state;
	code->p_offset = FILE_BYTES - 0x100;
	accepted(&f);
	code->p_offset++;
	refused_at(&f, ELF_FILE_RANGE, 0, BASE);
	code->p_offset = FILE_BYTES;
	refused_at(&f, ELF_FILE_RANGE, 0, BASE);
	code->p_offset = MOST;
	refused_at(&f, ELF_FILE_RANGE, 0, BASE);
	code->p_offset = (addr_t)-0x100;
	refused_at(&f, ELF_FILE_RANGE, 0, BASE);
	code->p_offset = 1;
	code->p_filesz = code->p_memsz = MOST;
	refused_at(&f, ELF_FILE_RANGE, 0, BASE);
}

/* Zeros come from nowhere, so their offset says nothing. */
static void zeros_may_be_anywhere_in_the_file(void **state)
{
	static const uint64_t offset[] = { 0, 1, FILE_BYTES, FILE_BYTES + 1, UINT32_MAX };
	struct file f = bare(2);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(offset); i++) {
		f.program[1] = segment(PF_R | PF_W, BASE + 0x1000, 1, (addr_t)offset[i], 0);
		accepted(&f);
		assert_segment(1, 1, BASE + 0x1000, 1, 0, 0, MAP_WRITE);
	}
}

static void refuses_page_0(void **state)
{
	struct file f = bare(2);

	(void)state;
	f.program[1] = segment(PF_R, 0, 1, 0, 0);
	refused_at(&f, ELF_PAGE_0, 1, 0);
	f.program[1] = segment(PF_R, 0xfff, 1, 0, 0);
	refused_at(&f, ELF_PAGE_0, 1, 0xfff);
	f.program[1] = segment(PF_R, 0xfff, MOST, 0, 0);
	refused_at(&f, ELF_PAGE_0, 1, 0xfff);
	f.program[1] = segment(PF_R, 0x1000, 1, 0, 0);
	accepted(&f);
}

/* Up to the last page, which stays free: no range ends at 2^32 or 2^64. */
static void refuses_the_end_of_the_address_space(void **state)
{
	static const addr_t mem[] = { 0x1001, 0x1fff, 0x2000, 0x2001, MOST - 0x1000, MOST };
	struct file f = bare(2);

	(void)state;
	f.program[1] = segment(PF_R, TOP - 0x1000, 0x1000, 0, 0);
	accepted(&f);
	for (size_t i = 0; i < ARRAY_SIZE(mem); i++) {
		f.program[1].p_memsz = mem[i];
		refused_at(&f, ELF_VIRT_END, 1, TOP - 0x1000);
	}
	f.program[1] = segment(PF_R, TOP, 1, 0, 0);
	refused_at(&f, ELF_VIRT_END, 1, TOP);
	f.program[1] = segment(PF_R, MOST, 1, 0, 0);
	refused_at(&f, ELF_VIRT_END, 1, MOST);
	f.program[1] = segment(PF_R, 0x1000, MOST, 0, 0);
	refused_at(&f, ELF_VIRT_END, 1, 0x1000);
}

/* x86_64 only: 32 bits have no hole, and there the middle is as good as any place. */
static void refuses_what_is_not_canonical(void **state)
{
	static const uint64_t bad[][2] = { { 0x00007fffffffffff, 2 }, { 0x0000800000000000, 1 },
		{ 0x00007ffffffff000, 0x1001 }, { 0xffff7fffffffffff, 1 },
		{ 0xffff7fffffffffff, 2 }, { 0x8000000000000000, 1 },
		{ 0x0000000000001000, 0xfffffffffffe0000 }, { 0x1000000000000, 0x1000 } };
	static const uint64_t good[] = { 0x00007ffffffff000, 0xffff800000000000 };
	struct file f = bare(2);

	(void)state;
	for (size_t i = 0; IS_64 && i < ARRAY_SIZE(bad); i++) {
		addr_t virt = (addr_t)bad[i][0], mem = (addr_t)bad[i][1];

		f.program[1] = segment(PF_R, virt, mem, 0, 0);
		refused_at(&f, ELF_NOT_CANONICAL, 1, virt);
	}
	for (size_t i = 0; IS_64 && i < ARRAY_SIZE(good); i++) {
		f.program[1] = segment(PF_R, (addr_t)good[i], 0x1000, 0, 0);
		accepted(&f);
	}
	f.program[1] = segment(PF_R, 0x7ffff000, 0x2000, 0, 0);
	accepted(&f);
}

static void refuses_no_access(void **state)
{
	struct file f = in_order();

	(void)state;
	f.program[CONSTANTS].p_flags = 0;
	refused_at(&f, ELF_NO_ACCESS, CONSTANTS, BASE + 0x3000);
	f.program[CONSTANTS].p_flags = PF_MASKOS | PF_MASKPROC;
	refused_at(&f, ELF_NO_ACCESS, CONSTANTS, BASE + 0x3000);
}

static void refuses_writable_code(void **state)
{
	struct file f = in_order();

	(void)state;
	f.program[DATA].p_flags |= PF_X;
	refused_at(&f, ELF_WRITE_EXEC, DATA, BASE + 0x4010);
	f.program[DATA].p_flags = PF_W | PF_X;
	refused_at(&f, ELF_WRITE_EXEC, DATA, BASE + 0x4010);
}

/* Reading is always allowed, and bits of nobody's are nobody's. */
static void takes_rights_from_flags(void **state)
{
	static const struct {
		uint32_t flags, rights;
	} is[] = { { PF_R, 0 }, { PF_W, MAP_WRITE }, { PF_R | PF_W, MAP_WRITE }, { PF_X, MAP_EXEC },
		{ PF_R | PF_X, MAP_EXEC }, { PF_R | PF_MASKPROC, 0 },
		{ PF_W | PF_MASKOS, MAP_WRITE } };
	struct file f = bare(2);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(is); i++) {
		f.program[1] = segment(is[i].flags, BASE + 0x1000, 1, 0, 1);
		accepted(&f);
		assert_int_equal(kernel.segment[1].rights, is[i].rights);
	}
}

/* --- all of them ------------------------------------------------------------------------------------ */

static void refuses_nothing_to_load(void **state)
{
	struct file f = in_order();

	(void)state;
	for (uint32_t i = 0; i < IN_ORDER; i++)
		f.program[i].p_type = PT_NOTE;
	refused_at(&f, ELF_NO_SEGMENTS, ELF_NO_HEADER, IN_ORDER);
	f.program[0] = segment(PF_R | PF_X, BASE, 0, 0, 0);
	refused_at(&f, ELF_NO_SEGMENTS, ELF_NO_HEADER, IN_ORDER);
}

/* Without program headers their place and size are nobody's concern. */
static void refuses_no_program_headers(void **state)
{
	struct file f = in_order();

	(void)state;
	f.header.e_phnum = 0;
	f.header.e_phentsize = 0;
	f.header.e_phoff = MOST;
	refused_at(&f, ELF_NO_SEGMENTS, ELF_NO_HEADER, 0);
}

/* They come from the highest to the lowest, so that each is put in front of all others. */
static void fill_segments(struct file *f, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++)
		f->program[i] = segment(PF_R, BASE + (count - i) * 0x1000, 0x1000, 0, 0);
}

static void refuses_too_many_segments(void **state)
{
	struct file f = bare(ELF_MAX_SEGMENTS);

	(void)state;
	fill_segments(&f, PROGRAMS);
	f.program[0].p_vaddr = BASE - 0x10000;
	f.header.e_entry = BASE - 0x10000;
	accepted(&f);
	assert_int_equal(kernel.segments, ELF_MAX_SEGMENTS);
	assert_segment(ELF_MAX_SEGMENTS - 1, 1, BASE + (PROGRAMS - 1) * 0x1000, 0x1000, 0, 0, 0);
	f.header.e_phnum = ELF_MAX_SEGMENTS + 1;
	refused_at(&f, ELF_MANY_SEGMENTS, ELF_NO_HEADER, ELF_MAX_SEGMENTS + 1);
	f.header.e_phnum = PROGRAMS;
	refused_at(&f, ELF_MANY_SEGMENTS, ELF_NO_HEADER, PROGRAMS);
	f.program[PROGRAMS - 1].p_memsz = 0;
	refused_at(&f, ELF_MANY_SEGMENTS, ELF_NO_HEADER, PROGRAMS - 1);
}

/*
 *   0  |==code==|                     BASE, one page
 *   1         |---|     moves about
 */
static void refuses_overlapping_segments(void **state)
{
	struct file f = bare(2);
	phdr_t *other = &f.program[1];

	(void)state;
	*other = segment(PF_R, BASE, 0x1000, 0, 0);
	refused(&f, ELF_OVERLAP, BASE);
	*other = segment(PF_R, BASE + 0xfff, 1, 0, 0);
	refused_pair(&f, ELF_OVERLAP, 0, 1, BASE + 0xfff);
	*other = segment(PF_R, BASE - 0x1000, 0x1001, 0, 0);
	refused_pair(&f, ELF_OVERLAP, 1, 0, BASE);
	*other = segment(PF_R, BASE - 0x1000, 0x4000, 0, 0);
	refused_pair(&f, ELF_OVERLAP, 1, 0, BASE);
	*other = segment(PF_R, BASE - 0x1000, 0x1000, 0, 0);
	accepted(&f);
	*other = segment(PF_R, BASE + 0x1000, 0x1000, 0, 0);
	accepted(&f);
}

/* One that reaches over two others, of which only the first is its neighbour. */
static void refuses_overlap_with_the_next_but_one(void **state)
{
	struct file f = bare(3);

	(void)state;
	f.program[1] = segment(PF_R, BASE + 0x4000, 0x10, 0, 0);
	f.program[2] = segment(PF_R, BASE + 0x2000, 0x3000, 0, 0);
	refused_pair(&f, ELF_OVERLAP, 2, 1, BASE + 0x4000);
	f.program[1].p_vaddr = BASE + 0x5000;
	accepted(&f);
}

static void refuses_shared_pages(void **state)
{
	struct file f = bare(2);

	(void)state;
	f.program[0].p_memsz = 0x801;
	f.program[1] = segment(PF_R | PF_W, BASE + 0x801, 0x10, 0, 0);
	refused_pair(&f, ELF_SHARED_PAGE, 0, 1, BASE);
	f.program[1] = segment(PF_R | PF_X, BASE + 0xfff, 0x1001, 0, 0); /* equal rights, too */
	refused_pair(&f, ELF_SHARED_PAGE, 0, 1, BASE);
	f.program[1] = segment(PF_R | PF_W, BASE + 0x1000, 0x10, 0, 0);
	accepted(&f);
	f.program[0] = segment(PF_R | PF_X, BASE + 0x10, 0x10, 0, 0x10);
	f.header.e_entry = BASE + 0x10;
	f.program[1] = segment(PF_R | PF_W, BASE - 0x1000, 0x1001, 0, 0);
	refused_pair(&f, ELF_SHARED_PAGE, 1, 0, BASE);
}

/* Pages count, not bytes: one byte in a page more is too much. */
static void refuses_too_much_memory(void **state)
{
	struct file f = bare(3);
	addr_t low = 0x100000;

	(void)state;
	f.program[1] = segment(PF_R, low, (addr_t)(ELF_MAX_BYTES - 0x2000), 0, 0);
	f.program[2] = segment(PF_R, BASE + 0x1fff, 1, 0, 0);
	accepted(&f);
	f.program[2].p_memsz = 2;
	refused_at(&f, ELF_TOO_LARGE, ELF_NO_HEADER, ELF_MAX_BYTES + 0x1000);
	f.program[2].p_memsz = 1;
	f.program[1].p_vaddr = low - 1;
	refused_at(&f, ELF_TOO_LARGE, ELF_NO_HEADER, ELF_MAX_BYTES + 0x1000);
	f.program[1].p_vaddr = low;
	f.program[1].p_memsz = (addr_t)(IS_64 ? 0x00007ffffff00000 : 0xb0000000);
	refused_at(&f, ELF_TOO_LARGE, ELF_NO_HEADER, f.program[1].p_memsz + UINT64_C(0x2000));
}

static void refuses_entry_outside_code(void **state)
{
	struct file f = in_order();
	const addr_t bad[] = { 0, BASE + 0xfff, BASE + 0x1000 + 200, BASE + 0x3000, BASE + 0x4010,
		BASE + 0x8000, MOST };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		f.header.e_entry = bad[i];
		refused_at(&f, ELF_ENTRY, ELF_NO_HEADER, bad[i]);
	}
	f.header.e_entry = BASE + 0x1000;
	accepted(&f);
	f.header.e_entry = BASE + 0x1000 + 199;
	accepted(&f);
}

/* Zeros behind the file's bytes are no code, executable or not. */
static void refuses_entry_in_zeros(void **state)
{
	struct file f = bare(1);

	(void)state;
	f.header.e_entry = BASE + 0xff;
	accepted(&f);
	f.header.e_entry = BASE + 0x100;
	refused_at(&f, ELF_ENTRY, ELF_NO_HEADER, BASE + 0x100);
	f.program[0].p_filesz = 0;
	f.header.e_entry = BASE;
	refused_at(&f, ELF_ENTRY, ELF_NO_HEADER, BASE);
}

/* --- words ------------------------------------------------------------------------------------------ */

static void assert_explained(const struct elf_fault *what, const char *expected)
{
	char text[200];
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));

	elf_explain(&sink, what);
	assert_string_equal(text, expected);
}

static void explains_faults(void **state)
{
	const struct elf_fault none = { ELF_OK, ELF_NO_HEADER, ELF_NO_HEADER, 0 };
	const struct elf_fault many = { ELF_MANY_SEGMENTS, ELF_NO_HEADER, ELF_NO_HEADER, 17 };
	const struct elf_fault one = { ELF_WRITE_EXEC, 2, ELF_NO_HEADER, 0xc0101000 };
	const struct elf_fault two = { ELF_SHARED_PAGE, 1, 2, UINT64_C(0xffffffff80103000) };
	const struct elf_fault unknown = { ELF_ERRORS, 1, 2, 3 };

	(void)state;
	assert_explained(&none, "no error");
	assert_explained(&many, "it has more segments than ELF_MAX_SEGMENTS (segments 17)");
	assert_explained(&one,
		"a segment is both writable and executable (program header 2, address 0xc0101000)");
	assert_explained(&two, "two segments share a page (program headers 1 and 2, address "
			       "0xffffffff80103000)");
	assert_explained(&unknown, "?");
	assert_string_equal(elf_error_text(ELF_POSITION_INDEPENDENT),
		"it is position independent; link it at its address");
}

/* Each error has words of its own. */
static void every_error_has_a_text(void **state)
{
	(void)state;
	for (enum elf_error a = ELF_OK; a < ELF_ERRORS; a++) {
		assert_true(strlen(elf_error_text(a)) > 5);
		for (enum elf_error b = ELF_OK; b < a; b++)
			assert_string_not_equal(elf_error_text(a), elf_error_text(b));
	}
	assert_string_equal(elf_error_text(ELF_ERRORS), "?");
}

/* --- every length ----------------------------------------------------------------------------------- */

static enum elf_error expected_of_length(const struct file *f, uint64_t size)
{
	if (size < 4)
		return ELF_NOT_ELF;
	if (size < sizeof(ehdr_t))
		return ELF_TRUNCATED;
	if (size < TABLE + IN_ORDER * sizeof(phdr_t))
		return ELF_TABLE;
	return size < f->size ? ELF_FILE_RANGE : ELF_OK;
}

static void every_truncation_is_refused(void **state)
{
	struct file f = in_order();

	(void)state;
	write_image(&f);
	for (uint64_t size = 0; size <= f.size; size++)
		assert_int_equal(parse_bytes(image, size), expected_of_length(&f, size));
}

/* --- at random -------------------------------------------------------------------------------------- */

static addr_t interesting(uint64_t *seed)
{
	const uint64_t value[] = { 0, 1, 0xfff, 0x1000, 0x1001, FILE_BYTES, FILE_BYTES + 1,
		0x7fffffff, 0x80000000, 0xffff, UINT64_C(1) << 47, -(UINT64_C(1) << 47), BASE, TOP,
		TOP - 1, TOP - 0x1000, MOST, random_next(seed), ELF_MAX_BYTES };

	return (addr_t)value[random_below(seed, ARRAY_SIZE(value))];
}

/* Mostly segments of one to three pages, one behind the other; some meet, some are of another type. */
static void random_program(phdr_t *p, uint32_t place, uint64_t *seed)
{
	static const uint32_t type[] = { PT_NOTE, PT_TLS, PT_NULL, PT_GNU_STACK, PT_INTERP,
		PT_DYNAMIC };
	static const uint32_t flags[] = { PF_R, PF_R | PF_W, PF_R | PF_X, PF_X };
	uint64_t mem = random_below(seed, 0x3000) * (random_below(seed, 10) != 0);
	uint64_t bytes = random_below(seed, 3) ? random_below(seed, 0x200) : 0;

	*p = segment(flags[random_below(seed, ARRAY_SIZE(flags))],
		BASE + place * 0x3000 + (addr_t)random_below(seed, 0x20), (addr_t)mem,
		(addr_t)random_below(seed, FILE_BYTES - 0x200), (addr_t)min_u64(bytes, mem));
	if (random_below(seed, 30) == 0)
		p->p_type = type[random_below(seed, ARRAY_SIZE(type))];
	if (random_below(seed, 80) == 0)
		p->p_flags = (uint32_t)random_below(seed, 8);
}

static void random_file(struct file *f, uint64_t *seed)
{
	uint32_t programs =
		(uint32_t)(random_below(seed, 8) ? random_below(seed, 8) : random_below(seed, 31));

	*f = bare(1 + programs);
	for (uint32_t i = 1; i <= programs; i++)
		random_program(&f->program[i], i, seed);
	for (uint32_t i = programs; i > 0; i--) {
		uint32_t j = (uint32_t)random_below(seed, i + 1);
		phdr_t swap = f->program[i];

		f->program[i] = f->program[j];
		f->program[j] = swap;
	}
}

/* One number of one header becomes an interesting one. */
static void random_number(struct file *f, uint64_t *seed)
{
	phdr_t *p = &f->program[random_below(seed, f->header.e_phnum)];
	addr_t value = interesting(seed);

	switch (random_below(seed, 11)) {
	case 0:
		f->header.e_entry = value;
		break;
	case 1:
		f->header.e_phoff = value;
		break;
	case 2:
		f->header.e_phnum = (uint16_t)value;
		break;
	case 3:
		p->p_offset = value;
		break;
	case 4:
		p->p_filesz = value;
		break;
	case 5:
		f->header.e_type = (uint16_t)random_below(seed, 5);
		break;
	case 6:
		f->header.e_phentsize = (uint16_t)value;
		break;
	case 7:
		f->size = random_below(seed, FILE_BYTES + 1);
		break;
	case 8:
		p->p_vaddr = value;
		break;
	case 9: /* about as much as is allowed */
		value = (addr_t)(ELF_MAX_BYTES - 0x10000 + random_below(seed, 0x20000));
		*p = segment(PF_R, 0x100000, value, 0, 0);
		break;
	default:
		p->p_memsz = value;
	}
}

static void random_bytes(const struct file *f, uint64_t end, uint64_t *seed)
{
	for (uint64_t n = random_below(seed, 4); n > 0 && f->size != 0; n--)
		image[random_below(seed, min_u64(end, f->size))] = (uint8_t)random_next(seed);
}

/* A file that keeps all rules, with up to three bytes changed. */
static void mutations_keep_the_rules(void **state)
{
	struct file f = in_order();
	uint64_t headers = TABLE + IN_ORDER * sizeof(phdr_t), seed = 21;

	(void)state;
	memset(met, 0, sizeof(met));
	for (unsigned round = 0; round < 100000; round++) {
		write_image(&f);
		random_bytes(&f, round % 4 == 0 ? f.size : headers, &seed);
		(void)parse_bytes(image, f.size);
	}
	assert_true(met[ELF_OK] > 10000);
	assert_true(met[ELF_OK] < 90000);
}

/* Files of all shapes, some with one odd number, some with odd bytes. Every error must come up. */
static void random_files_keep_the_rules(void **state)
{
	uint64_t seed = 7;
	struct file f;

	(void)state;
	memset(met, 0, sizeof(met));
	for (unsigned round = 0; round < 100000; round++) {
		random_file(&f, &seed);
		if (round % 2 == 0)
			random_number(&f, &seed);
		write_image(&f);
		if (round % 3 == 0)
			random_bytes(&f, TABLE + 10 * sizeof(phdr_t), &seed);
		(void)parse_bytes(image, f.size);
	}
	for (enum elf_error e = ELF_OK; e < ELF_ERRORS; e++)
		if (met[e] < 5 && (IS_64 || e != ELF_NOT_CANONICAL))
			fail_msg("%u files: %s", (unsigned)met[e], elf_error_text(e));
	assert_true(met[ELF_OK] > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_kernel),
		cmocka_unit_test(reads_what_ld_made),
		cmocka_unit_test(recognises_by_magic),
		cmocka_unit_test(refuses_other_files),
		cmocka_unit_test(refuses_the_other_class),
		cmocka_unit_test(refuses_big_endian),
		cmocka_unit_test(refuses_other_versions),
		cmocka_unit_test(refuses_other_processors),
		cmocka_unit_test(refuses_position_independent_code),
		cmocka_unit_test(refuses_other_types),
		cmocka_unit_test(refuses_a_count_kept_elsewhere),
		cmocka_unit_test(refuses_other_header_sizes),
		cmocka_unit_test(refuses_a_table_outside),
		cmocka_unit_test(refuses_an_interpreter),
		cmocka_unit_test(refuses_dynamic_linking),
		cmocka_unit_test(passes_over_other_types),
		cmocka_unit_test(refuses_more_file_than_memory),
		cmocka_unit_test(refuses_bytes_outside_the_file),
		cmocka_unit_test(zeros_may_be_anywhere_in_the_file),
		cmocka_unit_test(refuses_page_0),
		cmocka_unit_test(refuses_the_end_of_the_address_space),
		cmocka_unit_test(refuses_what_is_not_canonical),
		cmocka_unit_test(refuses_no_access),
		cmocka_unit_test(refuses_writable_code),
		cmocka_unit_test(takes_rights_from_flags),
		cmocka_unit_test(refuses_nothing_to_load),
		cmocka_unit_test(refuses_no_program_headers),
		cmocka_unit_test(refuses_too_many_segments),
		cmocka_unit_test(refuses_overlapping_segments),
		cmocka_unit_test(refuses_overlap_with_the_next_but_one),
		cmocka_unit_test(refuses_shared_pages),
		cmocka_unit_test(refuses_too_much_memory),
		cmocka_unit_test(refuses_entry_outside_code),
		cmocka_unit_test(refuses_entry_in_zeros),
		cmocka_unit_test(explains_faults),
		cmocka_unit_test(every_error_has_a_text),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(mutations_keep_the_rules),
		cmocka_unit_test(random_files_keep_the_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

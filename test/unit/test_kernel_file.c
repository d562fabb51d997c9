/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files that stand in for a recorded kernel: the core's own parsers must read out of them what went in, and
 * whatever a report says, there is a file and it has bounds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/elf.h>

#include "kernel_file.h"
#include "random.h"

#define BASE       (ARCH_ELF_CLASS == 2 ? UINT64_C(0xffffffff80000000) : UINT64_C(0xc0000000))
#define MOST_BYTES (64 * MIB)

static void test_none(void **state)
{
	struct recorded_kernel k = { 0 };
	uint64_t bytes;

	(void)state;
	assert_null(kernel_file_make(&k, &bytes));
}

static void test_elf(void **state)
{
	static struct record segment[] = {
		{ .start = BASE + 0x100010, .end = BASE + 0x107123, .type = MAP_EXEC },
		{ .start = BASE + 0x108000, .end = BASE + 0x108001 },
		{ .start = BASE + 0x200000, .end = BASE + 0x900000, .type = MAP_WRITE },
	};
	const struct recorded_kernel k = { .entry = BASE + 0x105000,
		.segments = { segment, 3, 3 } };
	struct elf_kernel elf;
	struct elf_fault fault;
	uint64_t bytes;
	void *file = kernel_file_make(&k, &bytes);

	(void)state;
	assert_int_equal(elf_parse(&elf, file, bytes, &fault), ELF_OK);
	assert_true(elf.entry == k.entry);
	assert_int_equal(elf.segments, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(elf.segment[i].virt == segment[i].start);
		assert_true(elf.segment[i].mem_bytes == segment[i].end - segment[i].start);
		assert_int_equal(elf.segment[i].rights, segment[i].type);
	}
	free(file);
}

static void put(uint8_t *header, unsigned file_offset, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		header[file_offset - 0x1f1 + i] = (uint8_t)(value >> 8 * i);
}

/* boot.rst's fields, at their offsets in the file. */
static void test_bzimage(void **state)
{
	struct recorded_kernel k = { .setup_bytes = 0x7b };
	struct linux_kernel bzimage;
	struct linux_fault fault;
	uint64_t bytes;
	void *file;

	(void)state;
	put(k.setup_header, 0x1f1, 4, 1);
	put(k.setup_header, 0x1f4, 0x1234, 4);
	put(k.setup_header, 0x1fe, 0xaa55, 2);
	put(k.setup_header, 0x200, 0x6aeb, 2);
	put(k.setup_header, 0x202, 0x53726448, 4);
	put(k.setup_header, 0x206, 0x20f, 2);
	put(k.setup_header, 0x211, 1, 1);
	put(k.setup_header, 0x22c, 0x7fffffff, 4);
	put(k.setup_header, 0x230, 2 * MIB, 4);
	put(k.setup_header, 0x234, 0x1501, 2);
	put(k.setup_header, 0x236, 0x3, 2);
	put(k.setup_header, 0x238, 2047, 4);
	put(k.setup_header, 0x258, 16 * MIB, 8);
	put(k.setup_header, 0x260, 3 * MIB, 4);
	file = kernel_file_make(&k, &bytes);
	assert_int_equal(linux_parse(&bzimage, file, bytes, LINUX_NATIVE_MODE, &fault), LINUX_OK);
	assert_int_equal(bzimage.header_bytes, k.setup_bytes);
	assert_memory_equal(bzimage.header, k.setup_header, k.setup_bytes);
	assert_true(bzimage.code_bytes == 0x12340);
	assert_true(bzimage.memory_bytes == 3 * MIB);
	assert_true(bzimage.preferred_phys == 16 * MIB);
	free(file);
}

static uint64_t odd_number(uint64_t *random)
{
	return random_next(random) >> random_below(random, 64);
}

static void test_anything(void **state)
{
	struct elf_kernel elf;
	struct elf_fault fault;
	uint64_t random = random_seed("kernel files", 1);

	(void)state;
	for (unsigned round = 0; round < 12; round++) {
		struct record segment[4];
		struct recorded_kernel k = { .entry = odd_number(&random),
			.segments = { segment, 4, 4 } };
		uint64_t bytes;
		void *file;

		for (unsigned i = 0; i < 4; i++)
			segment[i] = (struct record){ .start = k.entry - odd_number(&random),
				.end = k.entry + odd_number(&random),
				.type = MAP_EXEC };
		file = kernel_file_make(&k, &bytes);
		assert_true(bytes <= MOST_BYTES);
		assert_int_not_equal(elf_parse(&elf, file, bytes, &fault), ELF_NOT_ELF);
		free(file);
		k.setup_bytes = LINUX_HEADER_MAX_BYTES;
		memset(k.setup_header, (int)random_below(&random, 256), sizeof(k.setup_header));
		file = kernel_file_make(&k, &bytes);
		assert_true(bytes <= MOST_BYTES);
		free(file);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_elf),
		cmocka_unit_test(test_bzimage),
		cmocka_unit_test(test_anything),
	};

	return cmocka_run_group_tests_name("kernel files", tests, NULL, NULL);
}

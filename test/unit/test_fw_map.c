/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fw_map: descriptors by the firmware's stride, and what each means.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/fw_map.h>

#define WB  (EFI_ATTR_UC | EFI_ATTR_WB)
#define RUN EFI_ATTR_RUNTIME

struct meaning {
	uint32_t type;
	uint64_t attribute;
	enum e820_type e820;
	int finding; /* -1: none */
};

static void check_meaning(const struct meaning *m)
{
	struct efi_memory_desc desc = {
		.type = m->type, .phys_start = 0x1000, .pages = 2, .attribute = m->attribute
	};
	struct findings f = { 0 };

	assert_int_equal(fw_desc_e820_type(&desc, &f), m->e820);
	for (int id = 0; id < FINDING_COUNT; id++)
		assert_int_equal(f.of[id].count, id == m->finding);
	if (m->finding >= 0) {
		assert_int_equal(f.of[m->finding].start_phys, 0x1000);
		assert_int_equal(f.of[m->finding].end_phys, 0x3000);
	}
}

static void test_types(void **state)
{
	static const struct meaning meaning[] = {
		{ EFI_MEM_RESERVED, WB, E820_RESERVED, -1 },
		{ EFI_MEM_LOADER_CODE, WB, E820_RAM, -1 },
		{ EFI_MEM_LOADER_DATA, WB, E820_RAM, -1 },
		{ EFI_MEM_BOOT_CODE, WB, E820_RAM, -1 },
		{ EFI_MEM_BOOT_DATA, WB, E820_RAM, -1 },
		{ EFI_MEM_RUNTIME_CODE, WB | RUN, E820_RESERVED, -1 },
		{ EFI_MEM_RUNTIME_DATA, WB | RUN, E820_RESERVED, -1 },
		{ EFI_MEM_CONVENTIONAL, WB, E820_RAM, -1 },
		{ EFI_MEM_UNUSABLE, WB, E820_UNUSABLE, -1 },
		{ EFI_MEM_ACPI_RECLAIM, WB, E820_ACPI, -1 },
		{ EFI_MEM_ACPI_NVS, WB, E820_NVS, -1 },
		{ EFI_MEM_MMIO, EFI_ATTR_UC, E820_RESERVED, -1 },
		{ EFI_MEM_MMIO, EFI_ATTR_UC | RUN, E820_RESERVED, -1 },
		{ EFI_MEM_MMIO_PORT, EFI_ATTR_UC, E820_RESERVED, -1 },
		{ EFI_MEM_PAL_CODE, WB, E820_RESERVED, -1 },
		{ EFI_MEM_PERSISTENT, WB, E820_PMEM, -1 },
		{ EFI_MEM_UNACCEPTED, WB, E820_UNACCEPTED, FINDING_UNACCEPTED },
		{ 16, WB, E820_RESERVED, FINDING_MAP_UNKNOWN_TYPE },
		{ 0x70000000, WB, E820_RESERVED, FINDING_MAP_UNKNOWN_TYPE },
		{ 0x80000000, WB, E820_RESERVED, FINDING_MAP_UNKNOWN_TYPE },
		{ UINT32_MAX, WB, E820_RESERVED, FINDING_MAP_UNKNOWN_TYPE },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(meaning); i++)
		check_meaning(&meaning[i]);
}

static void test_attributes(void **state)
{
	static const struct meaning meaning[] = {
		/* Q17: RAM that is not write-back is not RAM. */
		{ EFI_MEM_CONVENTIONAL, EFI_ATTR_UC | EFI_ATTR_WC | EFI_ATTR_WT, E820_RESERVED,
			FINDING_MAP_NO_WB },
		{ EFI_MEM_BOOT_DATA, 0, E820_RESERVED, FINDING_MAP_NO_WB },
		/* Q23: special-purpose memory is set apart. */
		{ EFI_MEM_CONVENTIONAL, WB | EFI_ATTR_SP, E820_SOFT, FINDING_SOFT_RESERVED },
		{ EFI_MEM_CONVENTIONAL, EFI_ATTR_SP, E820_RESERVED, FINDING_MAP_NO_WB },
		/* Q20: the RUNTIME attribute beats the type. */
		{ EFI_MEM_CONVENTIONAL, WB | RUN, E820_RESERVED, FINDING_RUNTIME_ON_RAM_TYPE },
		{ EFI_MEM_BOOT_CODE, WB | RUN, E820_RESERVED, FINDING_RUNTIME_ON_RAM_TYPE },
		{ EFI_MEM_LOADER_DATA, WB | RUN, E820_RESERVED, FINDING_RUNTIME_ON_RAM_TYPE },
		{ EFI_MEM_ACPI_RECLAIM, WB | RUN, E820_RESERVED, -1 },
		{ EFI_MEM_PERSISTENT, WB | RUN, E820_RESERVED, -1 },
		/* Q19, Q18: runtime without the attribute, or without caching. */
		{ EFI_MEM_RUNTIME_CODE, WB, E820_RESERVED, FINDING_RUNTIME_NO_ATTRIBUTE },
		{ EFI_MEM_MMIO, RUN, E820_RESERVED, FINDING_RUNTIME_NO_CACHE },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(meaning); i++)
		check_meaning(&meaning[i]);
}

static void test_stride(void **state)
{
	uint8_t bytes[2 * 256] = { 0 };
	struct fw_map map;

	(void)state;
	for (uint64_t stride = 0; stride <= 300; stride++) {
		bool good = stride >= 40 && stride <= 256 && stride % 8 == 0;

		assert_int_equal(fw_map_init(&map, bytes, 2 * stride, stride, 1, 7),
			good ? BM_OK : BM_INVALID);
		if (good) {
			assert_int_equal(map.count, 2);
			assert_int_equal(map.key, 7);
		}
	}
	assert_int_equal(fw_map_init(&map, bytes, 0, 48, 1, 7), BM_INVALID);
	assert_int_equal(fw_map_init(&map, bytes, 95, 48, 1, 7), BM_INVALID);
	assert_int_equal(fw_map_init(&map, bytes, UINT64_C(48) << 32, 48, 1, 7), BM_INVALID);
	assert_int_equal(
		fw_map_init(&map, bytes, 96, UINT64_C(48) | (UINT64_C(1) << 40), 1, 7), BM_INVALID);
}

/* Descriptors at an odd address with rubbish between them. */
static void test_walk(void **state)
{
	uint8_t bytes[1 + 3 * 56];
	struct fw_map map;
	struct e820_entry raw[3];

	(void)state;
	memset(bytes, 0xa5, sizeof(bytes));
	for (uint32_t i = 0; i < 3; i++) {
		struct efi_memory_desc desc = { .type = EFI_MEM_CONVENTIONAL,
			.phys_start = (i + 1) * 0x100000,
			.pages = i + 1,
			.attribute = WB };

		memcpy(bytes + 1 + i * 56, &desc, sizeof(desc));
	}
	assert_int_equal(fw_map_init(&map, bytes + 1, 3 * 56, 56, 1, 0), BM_OK);
	assert_int_equal(fw_map_to_raw(&map, raw, 2, NULL), BM_FULL);
	assert_int_equal(fw_map_to_raw(&map, raw, 3, NULL), BM_OK);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(raw[i].start, (i + 1) * 0x100000);
		assert_int_equal(raw[i].end, (i + 1) * 0x101000);
		assert_int_equal(raw[i].type, E820_RAM);
	}
}

/* Q10, Q13: an end that 64 bits can't hold must not look like an ordinary one. */
static void test_impossible_ends(void **state)
{
	static const struct {
		uint64_t start, pages;
	} bad[] = {
		{ 0x1000, UINT64_MAX },
		{ 0x1000, UINT64_C(1) << 52 },
		{ UINT64_MAX - 0xfff, 2 },
		{ 0xfffffffffffff000, 1 },
	};
	struct e820_entry raw[1], entry[2];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		struct efi_memory_desc desc = { .type = EFI_MEM_CONVENTIONAL,
			.phys_start = bad[i].start,
			.pages = bad[i].pages,
			.attribute = WB };
		struct e820 out = { .entry = entry, .capacity = 2 };
		struct findings f = { 0 };
		struct fw_map map;

		assert_int_equal(fw_map_init(&map, &desc, 40, 40, 1, 0), BM_OK);
		assert_int_equal(fw_map_to_raw(&map, raw, 1, &f), BM_OK);
		assert_int_equal(raw[0].type, E820_RESERVED);
		assert_int_equal(e820_sanitise(raw, 1, &out, &f), BM_OK);
		assert_int_equal(out.count, 0);
		assert_int_equal(f.of[FINDING_MAP_WRAPS].count, 1);
	}
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(efi_memory_type_name(EFI_MEM_CONVENTIONAL), "Conventional");
	assert_string_equal(efi_memory_type_name(EFI_MEM_UNACCEPTED), "Unaccepted");
	assert_string_equal(efi_memory_type_name(16), "unknown");
	assert_string_equal(efi_memory_type_name(0x70000001), "OEM/OS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_stride),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_impossible_ends),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

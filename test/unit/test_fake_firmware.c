/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules of the host's firmware (fake_firmware.h), which the tests of the pipeline and the simulator stand on: what
 * a firmware may do, it does, and what it must do, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_firmware.h"

#define WB EFI_ATTR_WB

static struct fake_firmware fw;
static struct boot boot;

/* [ boot data | free ................ | reserved ) */
static int set_up(void **state)
{
	(void)state;
	fake_init(&fw, 64 * MIB);
	fake_add(&fw, EFI_MEM_BOOT_DATA, 0, MIB, WB);
	fake_add(&fw, EFI_MEM_CONVENTIONAL, MIB, 48 * MIB, WB);
	fake_add(&fw, EFI_MEM_RESERVED, 48 * MIB, 64 * MIB, WB);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fake_free(&fw);
	return 0;
}

static void is_desc(uint32_t i, uint32_t type, phys_t start, phys_t end)
{
	assert_true(i < fw.count);
	assert_int_equal(fw.desc[i].type, type);
	assert_int_equal(fw.desc[i].phys_start, start);
	assert_int_equal(fw.desc[i].pages, (end - start) >> PAGE_SHIFT);
	assert_int_equal(fw.desc[i].attribute, WB);
}

static void is_as_made(void)
{
	assert_int_equal(fw.count, 3);
	is_desc(0, EFI_MEM_BOOT_DATA, 0, MIB);
	is_desc(1, EFI_MEM_CONVENTIONAL, MIB, 48 * MIB);
	is_desc(2, EFI_MEM_RESERVED, 48 * MIB, 64 * MIB);
}

/* From the middle two more descriptors, from an end one, all of it none; every time another key. */
static void test_descriptors_split(void **state)
{
	uint64_t key = fw.key;

	(void)state;
	assert_true(fake_allocate(&fw, 0x200, 0x10, EFI_MEM_LOADER_DATA));
	assert_int_equal(fw.count, 5);
	is_desc(1, EFI_MEM_CONVENTIONAL, MIB, 0x200000);
	is_desc(2, EFI_MEM_LOADER_DATA, 0x200000, 0x210000);
	is_desc(3, EFI_MEM_CONVENTIONAL, 0x210000, 48 * MIB);
	is_desc(4, EFI_MEM_RESERVED, 48 * MIB, 64 * MIB);
	assert_int_not_equal(fw.key, key);

	key = fw.key;
	assert_true(fake_allocate(&fw, 0x210, 1, EFI_MEM_BOOT_CODE));
	assert_int_equal(fw.count, 6);
	is_desc(3, EFI_MEM_BOOT_CODE, 0x210000, 0x211000);
	is_desc(4, EFI_MEM_CONVENTIONAL, 0x211000, 48 * MIB);
	assert_int_not_equal(fw.key, key);

	key = fw.key;
	assert_true(fake_allocate(&fw, 0x100, 0x100, EFI_MEM_LOADER_DATA));
	assert_int_equal(fw.count, 6);
	is_desc(1, EFI_MEM_LOADER_DATA, MIB, 0x200000);
	assert_int_not_equal(fw.key, key);
}

/* Not free, not all free, not there, too many pages: nothing changes, the key neither. */
static void test_what_is_not_free_is_refused(void **state)
{
	uint64_t key = fw.key;

	(void)state;
	assert_false(fake_allocate(&fw, 0x10, 1, EFI_MEM_LOADER_DATA));
	assert_false(fake_allocate(&fw, 0xff, 2, EFI_MEM_LOADER_DATA));
	assert_false(fake_allocate(&fw, 0x2fff, 2, EFI_MEM_LOADER_DATA));
	assert_false(fake_allocate(&fw, 0x5000, 1, EFI_MEM_LOADER_DATA));
	assert_int_equal(
		fake_allocate_top(&fw, 48 * MIB >> PAGE_SHIFT, EFI_MEM_LOADER_DATA, PFN_END),
		PFN_END);
	assert_int_equal(fake_allocate_top(&fw, 2, EFI_MEM_LOADER_DATA, 0x101), PFN_END);
	is_as_made();
	assert_int_equal(fw.key, key);
}

/* What goes back is one descriptor with its free neighbours again, under a new key. */
static void test_descriptors_join(void **state)
{
	uint64_t key;

	(void)state;
	assert_true(fake_allocate(&fw, 0x200, 0x10, EFI_MEM_LOADER_DATA));
	assert_int_equal(fake_allocate_top(&fw, 0x10, EFI_MEM_LOADER_DATA, PFN_END),
		(48 * MIB >> PAGE_SHIFT) - 0x10);
	assert_int_equal(fw.count, 6);
	key = fw.key;
	assert_true(fake_release(&fw, 0, 64 * MIB));
	is_as_made();
	assert_int_not_equal(fw.key, key);
	key = fw.key;
	assert_true(fake_release(&fw, 0, 64 * MIB));
	assert_int_equal(fw.key, key);
}

/* A map without room for the pieces refuses, and stays as it is. */
static void test_a_full_map_refuses(void **state)
{
	uint64_t key;

	(void)state;
	while (fw.count + 2 <= FAKE_MAX_DESCRIPTORS)
		fake_add(&fw, EFI_MEM_RESERVED, 56 * MIB, 56 * MIB + PAGE_SIZE, WB);
	key = fw.key;
	assert_false(fake_allocate(&fw, 0x200, 0x10, EFI_MEM_LOADER_DATA));
	is_desc(1, EFI_MEM_CONVENTIONAL, MIB, 48 * MIB);
	assert_int_equal(fw.key, key);
}

/* The front end and the platform, as a start has them. */
static const struct boot_platform *start(void)
{
	assert_int_equal(fake_start(&fw, &boot, NULL), BM_OK);
	return &fw.platform;
}

/* Descriptors lie a stride apart, and the key is the map's own. */
static void test_strides(void **state)
{
	const struct boot_platform *platform = start();

	(void)state;
	for (uint32_t stride = 40; stride <= 64; stride += 8) {
		struct fw_map map;

		fw.hostile.fault[HOSTILE_STRIDE] = stride;
		assert_int_equal(platform->get_map(platform->ctx, &map), BM_OK);
		assert_int_equal(map.stride, stride);
		assert_int_equal(map.count, fw.count);
		assert_int_equal(map.key, fw.key);
		for (uint32_t i = 0; i < map.count; i++) {
			struct efi_memory_desc desc = fw_map_entry(&map, i);

			assert_memory_equal(&desc, &fw.desc[i], sizeof(desc));
		}
	}
}

static bool can_read(phys_t phys)
{
	int ends[2];
	bool ok;

	assert_int_equal(pipe(ends), 0);
	ok = write(ends[1], fw.arena + phys, 1) == 1; /* EFAULT, not a signal */
	close(ends[0]);
	close(ends[1]);
	return ok;
}

/* Granted pages can be touched, others can't; a refusal changes nothing, whatever the map says. */
static void test_claims(void **state)
{
	const struct boot_platform *platform = start();
	uint64_t key;
	uint32_t count;

	(void)state;
	assert_false(can_read(2 * MIB));
	assert_int_equal(platform->claim(platform->ctx, 0x200, 2), BM_OK);
	assert_true(can_read(2 * MIB) && can_read(2 * MIB + 2 * PAGE_SIZE - 1));
	assert_false(can_read(2 * MIB - 1) || can_read(2 * MIB + 2 * PAGE_SIZE));
	assert_int_equal(fake_type_at(&fw, 0x201), EFI_MEM_LOADER_DATA);

	fw.refuse[fw.refusals++] = (struct pfn_range){ 0x300, 0x301 };
	key = fw.key;
	count = fw.count;
	assert_int_equal(platform->claim(platform->ctx, 0x200, 1), BM_REFUSED);
	assert_int_equal(platform->claim(platform->ctx, 0x2ff, 2), BM_REFUSED);
	assert_int_equal(platform->claim(platform->ctx, 0x300, 1), BM_REFUSED);
	assert_false(can_read(0x300000));
	assert_int_equal(fake_type_at(&fw, 0x300), EFI_MEM_CONVENTIONAL);
	assert_true(fw.key == key && fw.count == count && fw.refused == 3 && fw.claims == 4);
	assert_int_equal(platform->claim(platform->ctx, 0x301, 1), BM_OK);
}

/* The first n claims, wherever they are. */
static void test_first_claims_are_refused(void **state)
{
	const struct boot_platform *platform = start();

	(void)state;
	fw.hostile.fault[HOSTILE_REFUSE] = 2;
	assert_int_equal(platform->claim(platform->ctx, 0x200, 1), BM_REFUSED);
	assert_int_equal(platform->claim(platform->ctx, 0x400, 1), BM_REFUSED);
	assert_int_equal(fake_type_at(&fw, 0x200), EFI_MEM_CONVENTIONAL);
	assert_int_equal(platform->claim(platform->ctx, 0x200, 1), BM_OK);
}

static void take_a_page(struct fake_firmware *f, void *calls)
{
	++*(int *)calls;
	fake_allocate_top(f, 1, EFI_MEM_RUNTIME_DATA, PFN_END);
}

/* An exit is accepted with the key of the map as it is then, and no other. */
static void test_stale_keys(void **state)
{
	for (uint32_t n = 0; n <= FAKE_EXIT_ATTEMPTS + 1; n++) {
		const struct boot_platform *platform;
		uint32_t attempts = 0, runtime = 0;
		bool accepted = n < FAKE_EXIT_ATTEMPTS;
		struct fw_map map;
		int calls = 0;

		if (n != 0) {
			tear_down(state);
			set_up(state);
		}
		platform = start();
		fw.stale_exits = n;
		fw.meddle = take_a_page;
		fw.meddle_ctx = &calls;
		assert_int_equal(platform->exit(platform->ctx, &map, &attempts),
			accepted ? BM_OK : BM_REFUSED);
		assert_int_equal(fw.exited, accepted);
		assert_int_equal(attempts, accepted ? n + 1 : FAKE_EXIT_ATTEMPTS);
		assert_int_equal(calls, accepted ? n : FAKE_EXIT_ATTEMPTS);
		assert_int_equal(map.key == fw.key, accepted);
		for (uint32_t i = 0; i < map.count; i++)
			if (fw_map_entry(&map, i).type == EFI_MEM_RUNTIME_DATA)
				runtime += (uint32_t)fw_map_entry(&map, i).pages;
		/* The last map was read before the last change of an exit that failed. */
		assert_int_equal(runtime, accepted ? calls : calls - 1);
		/* Only behind the exit free memory is ours. */
		assert_int_equal(can_read(2 * MIB), accepted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_descriptors_split, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_what_is_not_free_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_descriptors_join, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_full_map_refuses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_strides, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_claims, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_first_claims_are_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stale_keys, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

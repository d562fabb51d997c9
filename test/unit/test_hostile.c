/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maps spoiled on purpose: every one still says the same about RAM, and is spoiled in the way that was asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/e820.h>
#include <bootmem/hostile.h>

#include "random.h"

#define ENTRIES 64
#define RAW     1024
#define MARGIN  4096 /* behind the room; must stay as it was */

/* Neighbours without a gap: 8 pages each, RAM at every other place, the rest of other types. */
static struct efi_memory_desc desc[ENTRIES];

static struct fw_map small_map(uint32_t count)
{
	static const uint32_t others[] = { 0, 3, 4, 5, 6, 9, 10, 11 };

	for (uint32_t i = 0; i < count; i++)
		desc[i] = (struct efi_memory_desc){
			.type = i % 2 == 0 ? EFI_MEM_CONVENTIONAL : others[i / 2 % 8],
			.phys_start = MIB + i * 8 * PAGE_SIZE,
			.pages = 8,
			.attribute = EFI_ATTR_WB,
		};
	return (struct fw_map){ .bytes = (const uint8_t *)desc,
		.count = count,
		.stride = sizeof(desc[0]),
		.version = 1 };
}

static uint8_t *room;
static struct fw_map spoiled;
static struct findings findings;

/* Spoil with room for exactly what is needed, and again with none: the same size. */
static void spoil(const struct option_hostile *hostile, uint32_t reading, const struct fw_map *map)
{
	uint32_t stride, same;
	uint64_t bytes = hostile_map(hostile, reading, map, NULL, 0, &stride);

	free(room);
	room = malloc((size_t)bytes);
	assert_true(hostile_map(hostile, reading, map, room, bytes, &same) == bytes);
	assert_int_equal(stride, same);
	assert_int_equal(fw_map_init(&spoiled, room, bytes, stride, 1, 0), BM_OK);
}

static void to_e820(const struct fw_map *map, struct e820 *out)
{
	static struct e820_entry raw[RAW];

	findings = (struct findings){ 0 };
	assert_int_equal(fw_map_to_raw(map, raw, RAW, &findings), BM_OK);
	assert_int_equal(
		e820_sanitise(raw, map->count, out, &findings), BM_OK);
}

static void assert_same_ram(const struct fw_map *map)
{
	static struct e820_entry entry[2][2 * RAW];
	struct e820 before = { .entry = entry[0], .capacity = 2 * RAW };
	struct e820 after = { .entry = entry[1], .capacity = 2 * RAW };

	to_e820(map, &before);
	to_e820(&spoiled, &after);
	assert_int_equal(before.count, after.count);
	assert_memory_equal(entry[0], entry[1], before.count * sizeof(entry[0][0]));
}

static void no_fault_changes_nothing(void **state)
{
	struct fw_map map = small_map(10);

	(void)state;
	spoil(&(struct option_hostile){ { 0 } }, 3, &map);
	assert_int_equal(spoiled.count, 10);
	assert_int_equal(spoiled.stride, 40);
	assert_memory_equal(room, desc, 10 * sizeof(desc[0]));
}

/* There is nothing to spoil, and no descriptor to take an example of. */
static void an_empty_map_stays_empty(void **state)
{
	const struct option_hostile faults = { { [HOSTILE_GROW] = 2,
		[HOSTILE_ZERO] = 3,
		[HOSTILE_NESTED] = 4,
		[HOSTILE_UNSORTED] = 5 } };
	struct fw_map map = { .stride = 40 };
	uint32_t stride;

	(void)state;
	assert_int_equal(hostile_map(&faults, 1, &map, room, sizeof(room), &stride), 0);
}

static void each_fault_shows(void **state)
{
	struct fw_map map = small_map(20);

	(void)state;
	spoil(&(struct option_hostile){ { [HOSTILE_ZERO] = 30 } }, 0, &map);
	assert_int_equal(spoiled.count, 50);
	assert_same_ram(&map);
	assert_int_equal(findings.of[FINDING_MAP_ZERO_LENGTH].count, 30);

	spoil(&(struct option_hostile){ { [HOSTILE_NESTED] = 4 } }, 0, &map);
	assert_int_equal(spoiled.count, 24);
	assert_same_ram(&map);
	assert_true(findings.of[FINDING_MAP_OVERLAP].count > 0);
	spoil(&(struct option_hostile){ { [HOSTILE_NESTED] = 1000 } }, 0, &map);
	assert_int_equal(spoiled.count, 30);

	spoil(&(struct option_hostile){ { [HOSTILE_UNSORTED] = 1 } }, 0, &map);
	assert_int_equal(spoiled.count, 20);
	assert_same_ram(&map);
	assert_true(findings.of[FINDING_MAP_UNSORTED].count > 0);

	spoil(&(struct option_hostile){ { [HOSTILE_STRIDE] = 56 } }, 0, &map);
	assert_int_equal(spoiled.stride, 56);
	assert_same_ram(&map);
	assert_int_equal(room[40], 0xa5);
}

/* Which of n descriptors is where, as a number in base n. */
static unsigned order_of(const struct fw_map *map)
{
	unsigned order = 0;

	for (uint32_t i = 0; i < map->count; i++)
		order = order * map->count +
			(unsigned)((fw_map_entry(map, i).phys_start - MIB) / (8 * PAGE_SIZE));
	return order;
}

/* With two descriptors, or three, every order comes up. */
static void every_order_comes_up(void **state)
{
	static const unsigned orders[] = { 1, 1, 2, 6 };

	(void)state;
	for (uint32_t n = 2; n <= 3; n++) {
		struct fw_map map = small_map(n);
		bool seen[27] = { false };
		unsigned found = 0;

		for (uint32_t seed = 1; seed < 100; seed++) {
			spoil(&(struct option_hostile){ { [HOSTILE_UNSORTED] = seed } }, 0, &map);
			found += !seen[order_of(&spoiled)];
			seen[order_of(&spoiled)] = true;
		}
		assert_int_equal(found, orders[n]);
	}
}

/* A free range of 8 pages can give 7 of them; it grows with every reading until then. */
static void maps_grow_with_the_readings(void **state)
{
	static const uint32_t count[] = { 10, 13, 16, 17, 17 };
	struct fw_map map = small_map(10);

	(void)state;
	for (uint32_t reading = 0; reading < ARRAY_SIZE(count); reading++) {
		spoil(&(struct option_hostile){ { [HOSTILE_GROW] = 3 } }, reading, &map);
		assert_int_equal(spoiled.count, count[reading]);
		assert_same_ram(&map);
	}
	desc[0].type = desc[2].type = desc[4].type = desc[6].type = desc[8].type = EFI_MEM_RESERVED;
	spoil(&(struct option_hostile){ { [HOSTILE_GROW] = 3 } }, 4, &map);
	assert_int_equal(spoiled.count, 10);
}

/* Whatever room there is, nothing is written behind it. */
static void room_is_never_exceeded(void **state)
{
	struct option_hostile hostile = { { [HOSTILE_ZERO] = 3,
		[HOSTILE_NESTED] = 3,
		[HOSTILE_UNSORTED] = 9,
		[HOSTILE_GROW] = 2 } };
	struct fw_map map = small_map(8);

	(void)state;
	for (uint32_t stride = 1; stride < 100; stride += 3)
		for (uint64_t bytes = 0; bytes < 22 * stride; bytes += 7) {
			uint8_t *block = malloc((size_t)bytes + MARGIN);
			uint32_t out;

			hostile.fault[HOSTILE_STRIDE] = stride;
			memset(block, 0x11, (size_t)bytes + MARGIN);
			assert_true(hostile_map(&hostile, 1, &map, block, bytes, &out) ==
				    16 * (uint64_t)stride);
			for (unsigned i = 0; i < MARGIN; i++)
				assert_int_equal(block[bytes + i], 0x11);
			free(block);
		}
}

static void mixtures(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct fw_map map = small_map(1 + (uint32_t)random_below(&seed, ENTRIES));
		struct option_hostile hostile = { { 0 } };

		hostile.fault[HOSTILE_ZERO] = (uint32_t)random_below(&seed, 20);
		hostile.fault[HOSTILE_NESTED] = (uint32_t)random_below(&seed, 20);
		hostile.fault[HOSTILE_UNSORTED] = (uint32_t)random_below(&seed, 20);
		hostile.fault[HOSTILE_GROW] = (uint32_t)random_below(&seed, 4);
		hostile.fault[HOSTILE_STRIDE] = 40 + 8 * (uint32_t)random_below(&seed, 28);
		spoil(&hostile, (uint32_t)random_below(&seed, 6), &map);
		assert_same_ram(&map);
	}
	free(room);
	room = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_fault_changes_nothing),
		cmocka_unit_test(an_empty_map_stays_empty),
		cmocka_unit_test(each_fault_shows),
		cmocka_unit_test(every_order_comes_up),
		cmocka_unit_test(maps_grow_with_the_readings),
		cmocka_unit_test(room_is_never_exceeded),
		cmocka_unit_test(mixtures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

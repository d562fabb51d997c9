/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starts of machines that nobody has: maps, affinity, options and kernels at random, the same ones each time. Everything that
 * comes out of each is as it is kept in test/unit/golden/made-starts-*, one line a start (outcome.h; GOLDEN=write records it
 * anew).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make_start.h"
#include "made.h"

#define STARTS  120
#define PLANS   120 /* more that are only prepared */
#define ENTRIES 24u
#define ALL     (EFI_ATTR_UC | EFI_ATTR_WC | EFI_ATTR_WT | EFI_ATTR_WB)

/* --- maps ---------------------------------------------------------------------------------------- */

/* In pages: few ones, and such as sections, zones, words of a bitmap and large pages have, or one more or less. */
static uint64_t some_pages(void)
{
	static const unsigned shift[] = { 0, 1, 4, 6, 8, 9, 10, 12, 15, 18 };
	uint64_t pages = UINT64_C(1) << shift[below(ARRAY_SIZE(shift))];

	pages *= one_in(3) ? 1 + below(7) : 1;
	return one_in(3) && pages > 1 ? pages - 1 + 2 * below(2) : pages;
}

static uint32_t some_type(bool efi)
{
	static const uint32_t rest[] = { EFI_MEM_RESERVED, EFI_MEM_RUNTIME_CODE,
		EFI_MEM_RUNTIME_DATA, EFI_MEM_UNUSABLE, EFI_MEM_ACPI_RECLAIM, EFI_MEM_ACPI_NVS,
		EFI_MEM_MMIO, EFI_MEM_PERSISTENT, EFI_MEM_UNACCEPTED, 16, 0x80000001 };
	static const uint32_t ram[] = { EFI_MEM_CONVENTIONAL, EFI_MEM_CONVENTIONAL,
		EFI_MEM_BOOT_DATA, EFI_MEM_BOOT_CODE, EFI_MEM_LOADER_DATA };

	if (!efi)
		return one_in(2) ? E820_RAM : (uint32_t)below(E820_TYPES + 1);
	return one_in(3) ? rest[below(ARRAY_SIZE(rest))] : ram[below(ARRAY_SIZE(ram))];
}

static uint64_t some_attributes(uint32_t type)
{
	bool runtime = type == EFI_MEM_RUNTIME_CODE || type == EFI_MEM_RUNTIME_DATA;
	uint64_t attributes = one_in(12) ? EFI_ATTR_UC | EFI_ATTR_WC : one_in(20) ? 0 : ALL;

	if (one_in(20))
		attributes |= EFI_ATTR_SP;
	return (runtime ? !one_in(10) : one_in(30)) ? attributes | EFI_ATTR_RUNTIME : attributes;
}

static void add_entry(struct record_list *list, bool efi, uint64_t start, uint64_t pages)
{
	struct record record = { .start = start << PAGE_SHIFT,
		.end = (start + pages) << PAGE_SHIFT,
		.type = some_type(efi) };

	if (efi) {
		record.attribute = some_attributes(record.type);
	} else if (one_in(4)) {
		record.start += below(PAGE_SIZE);
		record.end += below(PAGE_SIZE);
	}
	record_add(list, record);
}

static void shuffle(struct record_list *list)
{
	for (uint32_t i = list->count; i > 1; i--) {
		uint32_t k = (uint32_t)below(i);
		struct record moved = list->item[i - 1];

		list->item[i - 1] = list->item[k];
		list->item[k] = moved;
	}
}

/* Ascending, with gaps now and then, from 0 on; enough to start on is at 16 MiB. */
static void make_map(struct record_list *list, bool efi)
{
	uint64_t at = one_in(4) ? below(32) : 0;
	struct record enough = { .start = 16 * MIB,
		.end = (24 + 8 * below(20)) * MIB,
		.attribute = ALL,
		.type = efi ? EFI_MEM_CONVENTIONAL : E820_RAM };
	uint32_t entries = 1 + (uint32_t)below(ENTRIES);
	bool apart = !one_in(4);

	for (uint32_t i = 0; i < entries; i++) {
		uint64_t pages = some_pages();

		at += one_in(4) ? some_pages() : 0;
		if (one_in(40))
			at += pfn_down(one_in(2) ? 4 * GIB : one_in(6) ? 300 * GIB : 17 * GIB);
		if (apart && at < pfn_down(enough.end) && at + pages > pfn_down(enough.start))
			at = pfn_down(enough.end);
		add_entry(list, efi, at, pages);
		at += one_in(10) ? pages / 2 : pages;
	}
	record_add(list, enough);
	if (one_in(3))
		shuffle(list);
}

/* --- affinity ------------------------------------------------------------------------------------ */

/* Nodes from end to end of memory, cut where entries end or anywhere; some are given twice, some have a hole. */
static void make_affinity(struct recording *r, const struct record_list *map)
{
	uint32_t nodes = 1 + (uint32_t)below(6), ranges = nodes + (uint32_t)below(4);
	phys_t at = 0;

	for (uint32_t i = 0; i < ranges; i++) {
		const struct record *near = &map->item[below(map->count)];
		phys_t end = one_in(2) ? near->end : near->start + below(64 * MIB);
		struct record range = {
			.start = at, .end = i == ranges - 1 ? 64 * TIB : end, .type = i % nodes
		};

		range.attribute = one_in(10) ? SRAT_HOTPLUG : 0;
		if (range.start < range.end)
			record_add(&r->srat, range);
		at = max_u64(at, range.end) + (one_in(8) ? below(2 * MIB) : 0);
	}
	if (one_in(6))
		record_add(&r->srat,
			(struct record){ .start = 0, .end = MIB, .type = (uint32_t)below(nodes) });
	if (one_in(3))
		shuffle(&r->srat);
	r->processor_nids = one_in(2) ? 0 : 1 | below(UINT64_C(1) << nodes);
	r->start.nodes = one_in(3) ? 0 : nodes;
	for (uint32_t i = 0; i < nodes * nodes; i++)
		r->start.distance[i] =
			i % (nodes + 1) == 0 ? 10 : (uint8_t)(11 + below(one_in(2) ? 3 : 40));
}

/* --- options ------------------------------------------------------------------------------------- */

static void say_size(FILE *words, uint64_t bytes)
{
	if (bytes % MIB == 0)
		fprintf(words, "%lluM", (unsigned long long)(bytes / MIB));
	else
		fprintf(words, "0x%llx", (unsigned long long)bytes);
}

static void say_ranges(FILE *words, const char *key, const struct record_list *map)
{
	uint64_t ranges = 1 + below(3);

	fprintf(words, "%s=", key);
	for (uint64_t i = 0; i < ranges; i++) {
		const struct record *near = &map->item[below(map->count)];

		say_size(words, one_in(3) ? 1 + below(PAGE_SIZE) : some_pages() << PAGE_SHIFT);
		fprintf(words, "@0x%llx%s",
			(unsigned long long)(near->start + (one_in(2) ? 0 : below(4 * MIB))),
			i + 1 < ranges ? "," : " ");
	}
}

static void say_hostile(FILE *words)
{
	static const char *const fault[] = { "grow", "nested", "unsorted", "zero", "refuse",
		"stale" };

	fprintf(words, "hostile=%s=%u", fault[below(ARRAY_SIZE(fault))], 1 + (unsigned)below(4));
	if (one_in(2))
		fprintf(words, ",stride=%u", 40 + 8 * (unsigned)below(4));
	fputc(' ', words);
}

static void say_options(FILE *words, const struct record_list *map)
{
	if (one_in(5))
		fprintf(words, "numa=fake=%u ", 1 + (unsigned)below(9));
	else if (one_in(8))
		fprintf(words, "numa=off ");
	if (one_in(6)) {
		fprintf(words, "mem=");
		say_size(words, map->item[below(map->count)].end + (one_in(2) ? 0 : below(MIB)));
		fputc(' ', words);
	}
	if (one_in(4))
		say_ranges(words, "reserve", map);
	if (one_in(5))
		say_ranges(words, "badram", map);
	if (one_in(4))
		say_hostile(words);
	if (ARCH_HIGHMEM && one_in(4))
		fprintf(words, "highmem=%uM ", (unsigned)below(4096));
	if (ARCH_HIGHMEM && one_in(4))
		fprintf(words, "vmalloc=%uM ", 16 + (unsigned)below(600));
	if (ARCH_HIGHMEM && one_in(6))
		fprintf(words, "pae=off ");
	fprintf(words, "kernel=/made/k initrd=/made/i cmdline=%x", (unsigned)below(1u << 20));
}

static uint32_t some_surroundings(void)
{
	static const uint32_t kernel[] = { 0, WITH_ELF, WITH_ELF, WITH_ELF | WITH_LOW, WITH_LINUX,
		WITH_LINUX, WITH_LINUX, WITH_LINUX | WITH_LOW };
	static const uint32_t rest[] = { WITH_INITRD, WITH_SCREEN, WITH_UART, WITH_RUNTIME,
		WITH_OLD_CPU, WITH_NEW_CPU, WITH_CHANGES, WITH_TABLES, WITH_HIGH_DEV, WITH_SECURE };
	uint32_t with = kernel[below(ARRAY_SIZE(kernel))];

	for (unsigned i = 0; i < ARRAY_SIZE(rest); i++)
		with |= one_in(3) ? rest[i] : 0;
	return with;
}

/* --- the starts ---------------------------------------------------------------------------------- */

static void start_one(unsigned number, uint32_t with)
{
	struct outcome out = { .width = 40 + (uint32_t)below(900),
		.height = 40 + (uint32_t)below(700) };
	struct recording r;
	static char name[16]; /* a teardown may tell it */
	char *words;
	size_t size;
	FILE *options = open_memstream(&words, &size);
	bool efi = !one_in(4);

	snprintf(name, sizeof(name), "made-%u", number);
	outcomes_next(name);
	recording_init(&r);
	snprintf(r.machine, sizeof(r.machine), "Made %u", number);
	make_map(efi ? &r.efi : &r.e820, efi);
	if (one_in(2))
		make_affinity(&r, efi ? &r.efi : &r.e820);
	say_options(options, efi ? &r.efi : &r.e820);
	fclose(options);
	make_start(&out, &r, MAP_BEST, words, with | some_surroundings());
	outcomes_compare_joined(name, &out);
	recording_free(&r);
	free(words);
}

static void made_machines(void **unused)
{
	(void)unused;
	outcomes_open("test/unit/golden/made-starts-" ARCH_NAME);
	for (unsigned i = 0; i < STARTS + PLANS; i++) {
		places_seed(i);
		start_one(i, i < STARTS ? 0 : ONLY_PREPARED);
	}
	outcomes_close();
}

_Static_assert(__COUNTER__ <= PLACES, "made.h");

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(made_machines, outcomes_teardown),
	};

	return cmocka_run_group_tests_name("made starts", tests, NULL, NULL);
}

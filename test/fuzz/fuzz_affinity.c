/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SRAT and SLIT of any bytes at all (libFuzzer): half of the input is the one, the rest the other, with headers of their
 * length. No byte behind them is read; with a table of RAM they make a node map that keeps its rules and has every page.
 */
#include <stdlib.h>

#include <bootmem/node.h>
#include <bootmem/srat.h>

#include "entries.h"

#define MAX_RANGES  1024u
#define MAX_SCRATCH 4096u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct e820_entry ram_entry[] = { { .start = 0, .end = 0xa0000 },
	{ .start = MIB, .end = 2 * GIB },
	{ .start = 2 * GIB, .end = 3 * GIB, .type = E820_RESERVED },
	{ .start = 4 * GIB, .end = 12 * GIB }, { .start = 64 * GIB, .end = 65 * GIB } };

static void check_srat(const struct srat *srat)
{
	require(srat->nodes <= BOOTMEM_MAX_NODES && srat->ranges <= srat->range_capacity,
		"too many");
	for (uint32_t i = 0; i < srat->ranges; i++) {
		require(srat->range[i].start_phys < srat->range[i].end_phys, "an empty range");
		require(srat->range[i].nid < srat->nodes, "a range of no node");
	}
}

static void check_nodes(const struct node_map *map, const struct e820 *ram)
{
	uint64_t pages = 0;

	require(node_map_check(map, ram), "the node map breaks its rules");
	for (uint32_t i = 0; i < map->ranges; i++)
		pages += e820_ram_pages(ram, map->range[i].start, map->range[i].end);
	require(pages == e820_ram_pages(ram, 0, PFN_END), "RAM of no node");
}

static void build(const struct srat *srat, const struct slit *slit, uint32_t fake)
{
	static struct node_range range[MAX_RANGES], scratch[MAX_SCRATCH];
	struct e820 ram = { .entry = (struct e820_entry *)(uintptr_t)ram_entry,
		.count = ARRAY_SIZE(ram_entry) };
	struct node_map map = { .range = range,
		.range_capacity = MAX_RANGES,
		.scratch = scratch,
		.scratch_capacity = MAX_SCRATCH };
	struct node_input input = { .e820 = &ram,
		.srat = srat,
		.slit = slit,
		.numa = fake != 0 ? NUMA_FAKE : NUMA_ON,
		.fake_nodes = fake };
	struct findings findings = { 0 };

	if (node_max_ranges(&ram, srat) > MAX_RANGES || node_max_scratch(srat) > MAX_SCRATCH)
		return;
	require(node_map_build(&map, &input, &findings) == BM_OK, "there is room, and it fails");
	check_nodes(&map, &ram);
}

/* A table in a block of its exact size. */
static struct acpi_table make_table(const uint8_t *bytes, size_t size)
{
	uint8_t *block = malloc(size != 0 ? size : 1);

	memcpy(block, bytes, size);
	return (struct acpi_table){ block, (uint32_t)size };
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct srat_range range[MAX_RANGES];
	struct srat srat = { .range = range, .range_capacity = MAX_RANGES };
	struct bytes from = { data, size };
	uint32_t fake = (uint32_t)take(&from, 1) % 8;
	size_t first = (size_t)take(&from, 2);
	struct acpi_table table, other;
	struct findings findings = { 0 };
	struct slit slit = { 0 };
	bool nodes, distances;

	first = first < from.left ? first : from.left;
	if (first < ACPI_HEADER_BYTES || from.left - first < ACPI_HEADER_BYTES)
		return 0;
	table = make_table(from.at, first);
	other = make_table(from.at + first, from.left - first);
	nodes = srat_max_ranges(&table) <= MAX_RANGES &&
		srat_parse(&srat, &table, &findings) == BM_OK;
	distances = slit_parse(&slit, &other, &findings) == BM_OK;
	if (nodes)
		check_srat(&srat);
	build(nodes && srat.nodes != 0 ? &srat : NULL, distances ? &slit : NULL, fake);
	free((void *)(uintptr_t)table.bytes);
	free((void *)(uintptr_t)other.bytes);
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of everything that may be strange about a machine, with the words for it. Every stage
 * counts into a findings table; the report reads it.
 */
#include <bootmem/finding.h>

struct finding_words {
	const char *quirk;
	const char *text; /* at most 52 characters: one line of the report */
};

static const struct finding_words words[] = {
	[FINDING_MAP_ZERO_LENGTH] = { "Q10", "memory map entry without pages, dropped" },
	[FINDING_MAP_OVERLAP] = { "Q11", "memory map entries overlap, the stricter type won" },
	[FINDING_MAP_UNSORTED] = { "Q12", "memory map not in ascending order, sorted" },
	[FINDING_MAP_WRAPS] = { "Q13", "memory map entry ends beyond any address, dropped" },
	[FINDING_MAP_LARGE] = { "Q14", "more than 128 e820 entries, all kept" },
	[FINDING_MAP_UNKNOWN_TYPE] = { "Q15", "memory of an unknown or vendor type, reserved" },
	[FINDING_MAP_UNALIGNED] = { "Q35", "range not on page boundaries, rounded" },
	[FINDING_MAP_NO_WB] = { "Q17", "RAM without write-back caching, reserved" },
	[FINDING_RUNTIME_NO_CACHE] = { "Q18",
		"runtime range without cache type, taken as uncached" },
	[FINDING_RUNTIME_NO_ATTRIBUTE] = { "Q19",
		"runtime type without its attribute, kept as runtime" },
	[FINDING_RUNTIME_ON_RAM_TYPE] = { "Q20", "RAM the firmware uses at run time, reserved" },
	[FINDING_SOFT_RESERVED] = { "Q23", "special-purpose memory, left alone" },
	[FINDING_UNACCEPTED] = { "Q25", "unaccepted memory, never touched" },
	[FINDING_EXIT_RETRIED] = { "Q1", "firmware refused to exit at first, tried again" },
	[FINDING_MAP_GREW] = { "Q3", "memory map outgrew its buffer, read again" },
	[FINDING_STRIDE] = { "Q5", "unusual size of memory map entries, followed" },
	[FINDING_CLAIM_REFUSED] = { "Q51", "firmware refused pages its map calls free, avoided" },
	[FINDING_SETTLED] = { "P1", "memory map changed during the exit, plans redone" },
	[FINDING_RAM_BEYOND_CPU] = { "P2", "RAM beyond the CPU's address width, left out" },
	[FINDING_RAM_BEYOND_PAGING] = { "P3", "RAM above 4 GiB needs PAE paging, left out" },
	[FINDING_RAM_BEYOND_MEM] = { "P4", "RAM beyond the mem= option, left out" },
	[FINDING_RAM_BEYOND_HIGHMEM] = { "P7", "RAM beyond the highmem= option, left out" },
	[FINDING_RAM_TOO_FAR] = { "P8", "RAM too high for any bitmap to reach, left out" },
	[FINDING_SRAT_RANGES] = { "N10", "too many ranges in the SRAT, taken as one node" },
	[FINDING_RAM_BEYOND_MAP] = { "P6", "RAM beyond the end of the direct map, left out" },
	[FINDING_RAM_TOO_LATE] = { "P5", "RAM that appeared only at the exit, left out" },
	[FINDING_ACPI_BROKEN] = { "N1", "ACPI table broken (length or checksum), ignored" },
	[FINDING_ACPI_UNREACHABLE] = { "N2", "ACPI table at an address out of reach, ignored" },
	[FINDING_SRAT_ENTRY] = { "N3", "malformed SRAT entry, ignored" },
	[FINDING_SRAT_DOMAINS] = { "N4", "more NUMA nodes in the SRAT than fit, one node" },
	[FINDING_SRAT_OVERLAP] = { "N5", "SRAT gives the same memory to two nodes, one node" },
	[FINDING_SRAT_UNCOVERED] = { "N6", "SRAT leaves out 1 MiB of RAM or more, one node" },
	[FINDING_SRAT_GAP] = { "N7", "RAM missing in the SRAT, added to the node beside it" },
	[FINDING_SLIT] = { "N8", "SLIT breaks its rules, default distances taken" },
	[FINDING_RAM_UNMAPPED] = { "P11", "RAM that the firmware's tables do not map" },
	[FINDING_TABLES_FREE] = { "Q73", "live page tables in memory called free, kept off" },
	[FINDING_TABLES_SCATTERED] = { "Q74", "live page tables in too many places, not kept" },
	[FINDING_RUNTIME_NO_RIGHTS] = { "P9", "runtime code without usable rights, not called" },
	[FINDING_RUNTIME_LEFT_OUT] = { "P10", "runtime range out of reach, left unmapped" },
	[FINDING_FRAMEBUFFER_LEFT_OUT] = { "P12", "framebuffer out of reach, left unmapped" },
	[FINDING_UART_LEFT_OUT] = { "P13", "serial port in RAM or out of reach, not used" },
	[FINDING_NUMA_FAKE] = { "N9", "too little RAM for so many fake nodes, none made" },
};

_Static_assert(ARRAY_SIZE(words) == FINDING_COUNT, "words for every finding");

void finding_add_bytes(
	struct findings *f, enum finding_id id, phys_t start_phys, phys_t end_phys, uint64_t bytes)
{
	struct finding *finding;

	if (f == NULL)
		return;
	finding = &f->of[id];
	if (finding->count == 0) {
		finding->start_phys = start_phys;
		finding->end_phys = end_phys;
	}
	if (finding->count != UINT32_MAX)
		finding->count++;
	finding->bytes += bytes;
}

void finding_add(struct findings *f, enum finding_id id, phys_t start_phys, phys_t end_phys)
{
	finding_add_bytes(
		f, id, start_phys, end_phys, start_phys < end_phys ? end_phys - start_phys : 0);
}

void findings_take_map(struct findings *f, const struct findings *map)
{
	for (uint32_t id = 0; id <= FINDING_MAP_LAST; id++)
		f->of[id] = map->of[id];
}

void findings_clear_nodes(struct findings *f)
{
	for (uint32_t id = FINDING_NODE_FIRST; id < FINDING_PLAN_FIRST; id++)
		f->of[id] = (struct finding){ 0 };
}

void findings_clear_plan(struct findings *f)
{
	for (uint32_t id = FINDING_PLAN_FIRST; id < FINDING_COUNT; id++)
		f->of[id] = (struct finding){ 0 };
}

const char *finding_quirk(enum finding_id id)
{
	return words[id].quirk;
}

const char *finding_text(enum finding_id id)
{
	return words[id].text;
}

uint32_t findings_kinds(const struct findings *f)
{
	uint32_t kinds = 0;

	for (unsigned id = 0; id < FINDING_COUNT; id++)
		kinds += f->of[id].count != 0;
	return kinds;
}

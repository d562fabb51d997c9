/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * affinity: ACPI tables from a recording's SRAT lines (affinity.h). Invariant: every table's
 * bytes sum to 0. Called by simulate.c.
 */
#include <string.h>

#include <bootmem/acpi.h>

#include "affinity.h"

#define RSDP_BYTES      36
#define SLIT_FIRST      44
#define SRAT_OFFSET     128 /* behind RSDP and XSDT */
#define SRAT_FIRST      48
#define PROCESSOR_BYTES 24 /* type 2, x2APIC */
#define MEMORY_BYTES    40 /* type 1 */
#define ENTRY_ENABLED   1u

static void put(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static void seal(uint8_t *bytes, uint32_t length, uint32_t checksum)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + bytes[i]);
	bytes[checksum] = (uint8_t)(bytes[checksum] - sum);
}

static void put_header(uint8_t *table, const char *signature, uint32_t length, uint8_t revision)
{
	memcpy(table, signature, 4);
	put(table + 4, length, 4);
	table[8] = revision;
	memcpy(table + 10, "BMSIM SIMULATE", 14);
	seal(table, length, 9);
}

static uint64_t processor_nids(const struct recording *r)
{
	uint32_t top = 0;

	if (r->processor_nids != 0)
		return r->processor_nids;
	for (uint32_t i = 0; i < r->srat.count; i++)
		if (r->srat.item[i].type > top)
			top = r->srat.item[i].type;
	return top == 63 ? UINT64_MAX : (UINT64_C(1) << (top + 1)) - 1;
}

static uint8_t *put_processor(uint8_t *at, uint32_t nid)
{
	at[0] = 2;
	at[1] = PROCESSOR_BYTES;
	put(at + 4, nid, 4);
	put(at + 8, nid, 4);
	put(at + 12, ENTRY_ENABLED, 4);
	return at + PROCESSOR_BYTES;
}

static uint8_t *put_memory(uint8_t *at, const struct record *range)
{
	uint32_t flags = ENTRY_ENABLED;

	if (range->attribute & SRAT_HOTPLUG)
		flags |= 2;
	if (range->attribute & SRAT_NONVOLATILE)
		flags |= 4;
	at[0] = 1;
	at[1] = MEMORY_BYTES;
	put(at + 2, range->type, 4);
	put(at + 8, range->start, 8);
	put(at + 16, range->end - range->start, 8);
	put(at + 28, flags, 4);
	return at + MEMORY_BYTES;
}

uint64_t affinity_bytes(const struct recording *r)
{
	return SRAT_OFFSET + SRAT_FIRST + 64 * PROCESSOR_BYTES +
	       (uint64_t)r->srat.count * MEMORY_BYTES + SLIT_FIRST +
	       (uint64_t)r->start.nodes * r->start.nodes;
}

/* Its length. */
static uint32_t write_srat(uint8_t *table, const struct recording *r)
{
	uint64_t nids = processor_nids(r);
	uint8_t *at = table + SRAT_FIRST;

	put(table + 36, 1, 4);
	for (uint32_t nid = 0; nid < 64; nid++)
		if (nids >> nid & 1)
			at = put_processor(at, nid);
	for (uint32_t i = 0; i < r->srat.count; i++)
		at = put_memory(at, &r->srat.item[i]);
	put_header(table, "SRAT", (uint32_t)(at - table), 3);
	return (uint32_t)(at - table);
}

static void write_slit(uint8_t *table, const struct recorded_start *start)
{
	uint32_t entries = start->nodes * start->nodes;

	put(table + ACPI_HEADER_BYTES, start->nodes, 8);
	memcpy(table + SLIT_FIRST, start->distance, entries);
	put_header(table, "SLIT", SLIT_FIRST + entries, 1);
}

void affinity_write(uint8_t *out, phys_t phys, const struct recording *r)
{
	uint8_t *xsdt = out + RSDP_BYTES;
	uint32_t slit, tables = r->start.nodes != 0 ? 2 : 1;

	memset(out, 0, (size_t)affinity_bytes(r));
	slit = SRAT_OFFSET + write_srat(out + SRAT_OFFSET, r);
	if (tables == 2)
		write_slit(out + slit, &r->start);
	put(xsdt + ACPI_HEADER_BYTES, phys + SRAT_OFFSET, 8);
	put(xsdt + ACPI_HEADER_BYTES + 8, tables == 2 ? phys + slit : 0, 8);
	put_header(xsdt, "XSDT", ACPI_HEADER_BYTES + 8 * tables, 1);
	memcpy(out, "RSD PTR BMSIM ", 14);
	out[15] = 2;
	put(out + 20, RSDP_BYTES, 4);
	put(out + 24, phys + RSDP_BYTES, 8);
	seal(out, 20, 8);
	seal(out, RSDP_BYTES, 32);
}

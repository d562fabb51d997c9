/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SRAT and SLIT bytes to nids, ranges and distances. An entry is looked at only after its length
 * was found to lie within the table and to suffice for its type. Called by the node stage.
 */
#include <bootmem/srat.h>

/* Offsets: ACPI 6.5, tables 5.57 (SRAT), 5.58 to 5.60, 5.63 (entries), 5.65 (SLIT). */
#define SRAT_HEADER_BYTES   48

#define ENTRY_TYPE          0
#define ENTRY_LENGTH        1
#define ENTRY_BYTES         2 /* of the part that all types share */

#define TYPE_PROCESSOR      0
#define TYPE_MEMORY         1
#define TYPE_X2APIC         2
#define TYPE_INITIATOR      5

#define PROCESSOR_BYTES     16
#define PROCESSOR_DOMAIN    2 /* bits 0 to 7 */
#define PROCESSOR_FLAGS     4
#define PROCESSOR_DOMAIN_HI 9 /* bits 8 to 31 */

#define MEMORY_BYTES        40
#define MEMORY_DOMAIN       2
#define MEMORY_BASE         8
#define MEMORY_LENGTH       16
#define MEMORY_FLAGS        28

#define X2APIC_BYTES        24
#define X2APIC_DOMAIN       4
#define X2APIC_FLAGS        12

#define INITIATOR_BYTES     32
#define INITIATOR_DOMAIN    4
#define INITIATOR_FLAGS     24

#define FLAG_ENABLED        1u
#define FLAG_HOTPLUG        2u /* memory only, as the next */
#define FLAG_NONVOLATILE    4u

#define SLIT_LOCALITIES     36
#define SLIT_HEADER_BYTES   44

struct parser {
	struct srat out;
	struct findings *f;
	uint8_t revision;
	enum bm_error error; /* of the first entry that can't be kept */
};

/* What a pass over the table does with one entry of sound length. */
typedef void (*entry_fn)(struct parser *p, const uint8_t *entry, uint32_t length);

static void add_finding(struct parser *p)
{
	finding_add(p->f, FINDING_SRAT_ENTRY, 0, 0);
}

/* The nid of a domain, a new one if need be. False: too many, and the error is set. */
static bool map_domain(struct parser *p, uint32_t domain, uint32_t *nid)
{
	for (uint32_t i = 0; i < p->out.nodes; i++)
		if (p->out.domain[i] == domain) {
			*nid = i;
			return true;
		}
	if (p->out.nodes == BOOTMEM_MAX_NODES) {
		p->error = BM_INVALID;
		return false;
	}
	*nid = p->out.nodes++;
	p->out.domain[*nid] = domain;
	return true;
}

static uint32_t processor_domain(const struct parser *p, const uint8_t *entry)
{
	uint32_t domain = entry[PROCESSOR_DOMAIN];

	if (p->revision >= 2)
		domain |= (uint32_t)acpi_read16(entry + PROCESSOR_DOMAIN_HI) << 8 |
			  (uint32_t)entry[PROCESSOR_DOMAIN_HI + 2] << 24;
	return domain;
}

static uint32_t memory_domain(const struct parser *p, const uint8_t *entry)
{
	uint32_t domain = acpi_read32(entry + MEMORY_DOMAIN);

	return p->revision >= 2 ? domain : domain & 0xff;
}

/* A processor or an initiator, which counts as none: it only makes its domain a node. */
static void add_agent(struct parser *p, uint32_t domain, uint32_t flags, uint32_t processors)
{
	uint32_t nid;

	if ((flags & FLAG_ENABLED) != 0 && map_domain(p, domain, &nid))
		p->out.processors[nid] += processors;
}

static bool long_enough(struct parser *p, uint32_t length, uint32_t needed)
{
	if (length < needed)
		add_finding(p);
	return length >= needed;
}

static void read_agent(struct parser *p, const uint8_t *entry, uint32_t length)
{
	switch (entry[ENTRY_TYPE]) {
	case TYPE_PROCESSOR:
		if (long_enough(p, length, PROCESSOR_BYTES))
			add_agent(p, processor_domain(p, entry),
				acpi_read32(entry + PROCESSOR_FLAGS), 1);
		break;
	case TYPE_X2APIC:
		if (long_enough(p, length, X2APIC_BYTES))
			add_agent(p, acpi_read32(entry + X2APIC_DOMAIN),
				acpi_read32(entry + X2APIC_FLAGS), 1);
		break;
	case TYPE_INITIATOR:
		if (long_enough(p, length, INITIATOR_BYTES))
			add_agent(p, acpi_read32(entry + INITIATOR_DOMAIN),
				acpi_read32(entry + INITIATOR_FLAGS), 0);
		break;
	default:
		break;
	}
}

static uint32_t range_flags(uint32_t flags)
{
	return ((flags & FLAG_HOTPLUG) != 0 ? SRAT_HOTPLUG : 0) |
	       ((flags & FLAG_NONVOLATILE) != 0 ? SRAT_NONVOLATILE : 0);
}

static void add_range(struct parser *p, struct srat_range range)
{
	if (p->out.ranges == p->out.range_capacity) {
		p->error = BM_FULL;
		return;
	}
	p->out.range[p->out.ranges++] = range;
}

static void read_memory(struct parser *p, const uint8_t *entry, uint32_t length)
{
	struct srat_range range;
	uint64_t bytes;
	uint32_t flags;

	if (entry[ENTRY_TYPE] != TYPE_MEMORY || !long_enough(p, length, MEMORY_BYTES))
		return;
	flags = acpi_read32(entry + MEMORY_FLAGS);
	if ((flags & FLAG_ENABLED) == 0 || !map_domain(p, memory_domain(p, entry), &range.nid))
		return;
	bytes = acpi_read64(entry + MEMORY_LENGTH);
	range.start_phys = acpi_read64(entry + MEMORY_BASE);
	range.end_phys = range.start_phys + bytes;
	range.flags = range_flags(flags);
	if (range.end_phys < range.start_phys)
		finding_add(p->f, FINDING_SRAT_ENTRY, range.start_phys, range.end_phys);
	else if (bytes != 0)
		add_range(p, range);
}

/*
 * Every entry that lies whole in the table. Returns how many bytes at the end can't be used: there
 * an entry does not fit, or is shorter than its own header and so leads nowhere.
 */
static uint32_t for_each_entry(struct parser *p, const struct acpi_table *table, entry_fn fn)
{
	uint32_t at = SRAT_HEADER_BYTES;

	while (table->length - at >= ENTRY_BYTES && p->error == BM_OK) {
		const uint8_t *entry = table->bytes + at;
		uint32_t length = entry[ENTRY_LENGTH];

		if (length < ENTRY_BYTES || length > table->length - at)
			break;
		fn(p, entry, length);
		at += length;
	}
	return table->length - at;
}

uint32_t srat_max_ranges(const struct acpi_table *table)
{
	if (table->length < SRAT_HEADER_BYTES)
		return 0;
	return (table->length - SRAT_HEADER_BYTES) / MEMORY_BYTES;
}

enum bm_error srat_parse(struct srat *out, const struct acpi_table *table, struct findings *f)
{
	struct parser p = { .f = f };

	if (table->length < SRAT_HEADER_BYTES)
		return BM_INVALID;
	p.out.range = out->range;
	p.out.range_capacity = out->range_capacity;
	p.revision = table->bytes[ACPI_REVISION];
	for_each_entry(&p, table, read_agent);
	if (for_each_entry(&p, table, read_memory) != 0 && p.error == BM_OK)
		add_finding(&p);
	if (p.error == BM_INVALID)
		finding_add(f, FINDING_SRAT_DOMAINS, 0, 0);
	if (p.error == BM_OK)
		*out = p.out;
	return p.error;
}

static bool matrix_is_valid(const struct slit *slit)
{
	for (uint32_t from = 0; from < slit->localities; from++)
		for (uint32_t to = 0; to < slit->localities; to++) {
			uint8_t distance = slit->distance[from * slit->localities + to];

			if (from == to ? distance != DISTANCE_LOCAL : distance <= DISTANCE_LOCAL)
				return false;
		}
	return true;
}

/* The root of the largest matrix that a table can hold; keeps its square within 32 bits. */
#define SLIT_MAX_LOCALITIES 1024

static bool slit_is_valid(struct slit *slit, const struct acpi_table *table)
{
	uint64_t localities;

	if (table->length < SLIT_HEADER_BYTES)
		return false;
	localities = acpi_read64(table->bytes + SLIT_LOCALITIES);
	if (localities > SLIT_MAX_LOCALITIES ||
		table->length - SLIT_HEADER_BYTES != localities * localities)
		return false;
	slit->distance = table->bytes + SLIT_HEADER_BYTES;
	slit->localities = (uint32_t)localities;
	return matrix_is_valid(slit);
}

enum bm_error slit_parse(struct slit *out, const struct acpi_table *table, struct findings *f)
{
	struct slit next;

	if (!slit_is_valid(&next, table)) {
		finding_add(f, FINDING_SLIT, 0, 0);
		return BM_INVALID;
	}
	*out = next;
	return BM_OK;
}

uint8_t slit_distance(const struct slit *slit, uint32_t from_domain, uint32_t to_domain)
{
	if (from_domain == to_domain)
		return DISTANCE_LOCAL;
	if (slit == NULL || from_domain >= slit->localities || to_domain >= slit->localities)
		return DISTANCE_REMOTE;
	return slit->distance[from_domain * slit->localities + to_domain];
}

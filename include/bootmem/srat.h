/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SRAT and SLIT: which processors and which memory belong together, and how far apart they are
 * (ACPI 6.5, 5.2.16 and 5.2.17). Pure functions over the bytes of a table.
 *
 * The firmware numbers proximity domains as it likes. Here each domain gets a nid, counted from 0
 * in the order in which Linux meets them: first processors (type 0 and 2) and generic initiators
 * (type 5) in table order, then memory (type 1) in table order, enabled entries only.
 */
#ifndef BOOTMEM_SRAT_H
#define BOOTMEM_SRAT_H

#include <bootmem/acpi.h>
#include <bootmem/bootmem.h>
#include <bootmem/finding.h>
#include <bootmem/types.h>

#define SRAT_HOTPLUG     1u /* in struct srat_range's flags */
#define SRAT_NONVOLATILE 2u

/* Memory of one node, in bytes: not empty, not wrapping, not aligned. */
struct srat_range {
	phys_t start_phys, end_phys;
	uint32_t nid;
	uint32_t flags;
};

/* Ranges are in table order and may overlap. Their storage is the caller's. */
struct srat {
	struct srat_range *range;
	uint32_t ranges;
	uint32_t range_capacity;
	uint32_t nodes;                         /* nids given */
	uint32_t domain[BOOTMEM_MAX_NODES];     /* proximity domain of each nid */
	uint32_t processors[BOOTMEM_MAX_NODES]; /* enabled processors of each nid */
};

/* Ranges that the storage for a table must hold at most. */
uint32_t srat_max_ranges(const struct acpi_table *table);

/*
 * Read a table into *out, whose range and range_capacity are set.
 *
 * Domains have 32 bits; processor entries have 8 of them before revision 2 and memory entries use
 * only 8 there. Disabled entries are skipped, and so are unknown types. An enabled memory entry
 * of length 0 names its domain but no range. Counted as findings: an entry too short for its type
 * (skipped), one whose memory wraps (names its domain only), one shorter than its own header or
 * running past the end of the table (the rest of the table is not used).
 *
 * Not as Linux: a malformed entry does not make the others useless, and domain numbers have no
 * limit.
 *
 * BM_FULL: raise range_capacity to srat_max_ranges(). BM_INVALID: no header, or more domains than
 * BOOTMEM_MAX_NODES (a finding; the machine is best taken as one node).
 */
BM_MUST_USE enum bm_error srat_parse(
	struct srat *out, const struct acpi_table *table, struct findings *f);

#define DISTANCE_LOCAL  10 /* of a node to itself */
#define DISTANCE_REMOTE 20 /* of two nodes, where no SLIT says otherwise */

/* A view of the table's matrix; its bytes stay the firmware's. */
struct slit {
	const uint8_t *distance; /* [from * localities + to], indexed by proximity domain */
	uint32_t localities;
};

/*
 * Check a SLIT: its size is what the number of localities says, the diagonal is DISTANCE_LOCAL
 * and everything else greater. BM_INVALID, with a finding, where not; *out is then as it was.
 * Distances need not be symmetric, and domains without a node may be among the localities.
 */
BM_MUST_USE enum bm_error slit_parse(
	struct slit *out, const struct acpi_table *table, struct findings *f);

/* Of two proximity domains; the default where slit is null or does not have one of them. */
uint8_t slit_distance(const struct slit *slit, uint32_t from_domain, uint32_t to_domain);

#endif

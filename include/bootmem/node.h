/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The node map: which node each page of RAM belongs to, and how far apart the nodes are.
 *
 * Invariant (node_map_check): ranges are in ascending order, not empty, disjoint, and two that
 * touch differ in node; together they are exactly the RAM of the e820 table. A pure function of
 * e820, SRAT, SLIT and options, so that settle can repeat it.
 *
 * nids are those of the SRAT (srat.h), as Linux numbers them. A nid below the number of nodes may
 * be neither NODE_MEMORY nor NODE_PROCESSORS: its domain has only hotplug windows or other
 * devices, and Linux keeps its number too.
 */
#ifndef BOOTMEM_NODE_H
#define BOOTMEM_NODE_H

#include <bootmem/e820.h>
#include <bootmem/finding.h>
#include <bootmem/options.h>
#include <bootmem/srat.h>
#include <bootmem/types.h>

struct node_range {
	pfn_t start, end;
	uint32_t nid;
	uint32_t pad;
};

#define NODE_MEMORY      1u
#define NODE_PROCESSORS  2u

#define NODE_DOMAIN_NONE UINT32_MAX /* the machine is taken as one node */

/* Storage of range and scratch is the caller's. */
struct node_map {
	struct node_range *range;
	uint32_t ranges;
	uint32_t range_capacity;
	struct node_range *scratch; /* used by node_map_build only */
	uint32_t scratch_capacity;

	uint32_t nodes; /* 1 to BOOTMEM_MAX_NODES */
	/* proximity domain of each nid; with fake nodes, the real one's */
	uint32_t domain[BOOTMEM_MAX_NODES];
	uint8_t flags[BOOTMEM_MAX_NODES];
	/* [from * nodes + to]; DISTANCE_LOCAL on the diagonal */
	uint8_t distance[BOOTMEM_MAX_NODES * BOOTMEM_MAX_NODES];
	/*
	 * [nid * nodes + i]: the i-th nearest node to nid, nid itself first. Nodes
	 * equally far come in the order of counting up from nid and on from 0. (Linux also
	 * prefers nodes without processors, and spreads equal ones over their users.)
	 */
	uint8_t order[BOOTMEM_MAX_NODES * BOOTMEM_MAX_NODES];
};

struct node_input {
	const struct e820 *e820;
	const struct srat *srat; /* null: none that is usable */
	const struct slit *slit; /* null: default distances */
	enum option_numa numa;
	uint32_t fake_nodes; /* with NUMA_FAKE; at most BOOTMEM_MAX_NODES are made */
};

/* Capacities that always suffice; srat may be null. */
uint32_t node_max_ranges(const struct e820 *e820, const struct srat *srat);
uint32_t node_max_scratch(const struct srat *srat);

/*
 * Build the map. The rules are those of Linux's numa_cleanup_meminfo, numa_meminfo_cover_memory and
 * split_nodes_interleave:
 *
 *   - An SRAT range without RAM gives no memory to its node. The others end with RAM at the latest.
 *   - Ranges of one node may overlap and repeat. RAM between two of them is that node's, unless a
 *     range of another node lies between.
 *   - Ranges of two nodes that overlap contradict each other: a finding, and one node.
 *   - Other RAM without affinity: 1 MiB or more in all is a finding and one node; less is a
 *     finding, and goes to the node of the range below it, or of the first range where there is
 *     none below. (Linux tolerates it and leaves it to no node.)
 *   - A page belongs to the range that holds its first byte.
 *   - Processors make a node, with or without memory.
 *
 * NUMA_OFF, or no SRAT: one node with all RAM. NUMA_FAKE cuts the nodes found so far, in turn,
 * into pieces of about the same RAM, numbered as they are cut. The size is RAM / fake_nodes
 * rounded down to 32 MiB; as many nodes as the remainders make up are 32 MiB longer; less than 32
 * MiB of RAM up to 4 GiB and less than one size up to the end of a real node are not left over.
 * Fake nodes take the distances and processors of the real ones, so two on one real node are
 * DISTANCE_LOCAL apart. Of a real node in several parts the lowest is cut first (Linux: the first
 * in the SRAT). If a size would be 0, that is a finding and nothing is cut. (Linux does not count
 * page 0 as RAM; a boundary that hangs on this one page differs.)
 *
 * BM_FULL: range_capacity is below node_max_ranges() or scratch_capacity below node_max_scratch().
 */
BM_MUST_USE enum bm_error node_map_build(
	struct node_map *map, const struct node_input *input, struct findings *f);

/* Does the invariant hold, with distances and orders? */
bool node_map_check(const struct node_map *map, const struct e820 *e820);

/*
 * The next range of one node at or after *index; false at the end.
 * for (uint32_t i = 0; node_next_range(map, nid, &i, &range);) ...
 */
bool node_next_range(
	const struct node_map *map, uint32_t nid, uint32_t *index, struct pfn_range *range);

/* From a node's first page to its last; 0 to 0 for a node without memory. */
struct pfn_range node_span(const struct node_map *map, uint32_t nid);

/* --- pfn_to_nid ------------------------------------------------------------------------------- */

/*
 * physnode_map of the lineage: one byte of nid for each element of the address space. Elements
 * are 256 MiB, or as much finer as the places where the node changes ask for, down to 4 MiB; and
 * coarser, where these places allow it, when there would be more than PHYSNODE_MAX_ELEMENTS.
 * Where that does not work out (two nodes within 4 MiB), the map is a copy of the ranges, and
 * pfn_to_nid is a binary search instead of constant time.
 *
 * Holds no pointer and is the same for 32-bit and 64-bit readers, so it survives the handoff.
 * What follows the header is elements (uint8_t) or ranges (struct node_range).
 */
struct physnode_map {
	uint32_t shift; /* log2 of an element's pages; 0: ranges */
	uint32_t count; /* of elements or ranges */
};

#define PHYSNODE_SHIFT        16 /* 256 MiB */
#define PHYSNODE_SHIFT_MIN    10 /* 4 MiB */
#define PHYSNODE_MAX_ELEMENTS 65536

_Static_assert(sizeof(struct physnode_map) == 8 && sizeof(struct node_range) == 24,
	"the same layout for every reader");

/* Size of the physnode_map of a node map, header included. */
uint64_t physnode_map_bytes(const struct node_map *map);

/*
 * Write it into physnode_map_bytes() at out, 8-byte aligned and not cleared; page aligned where
 * it is to be kept.
 */
void physnode_map_build(struct physnode_map *out, const struct node_map *map);

/* The node of a page of RAM. For any other page the node of some RAM near it, or -1. */
int pfn_to_nid(const struct physnode_map *map, pfn_t pfn);

/* The first page above pfn for which pfn_to_nid may answer otherwise. */
pfn_t pfn_to_nid_end(const struct physnode_map *map, pfn_t pfn);

#endif

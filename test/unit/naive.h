/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * naive: nodes, zones, sections and the buddy allocator as the obvious model, one byte per page for each
 * question, answered by the obvious loops. The model knows nothing of the core's structures; the
 * comparisons read them, and fail the test with the trace of what was done so far.
 *
 * A model covers a few windows of physical memory; outside of them there is no RAM. It follows an
 * allocation (which block is taken is the allocator's choice) and judges it.
 */
#ifndef TEST_NAIVE_H
#define TEST_NAIVE_H

#include <bootmem/mm.h>

#define NAIVE_WINDOWS 8
#define NAIVE_NODES   8
#define NAIVE_ZONES   (NAIVE_NODES * ARCH_NR_ZONES)
#define NAIVE_NONE    UINT32_MAX /* no such page */
#define NO_BLOCK      0x7f       /* no block starts here */

enum naive_state { NAIVE_HOLE, NAIVE_RESERVED, NAIVE_FREE, NAIVE_TAKEN };

/* What became of the section a page is in. */
enum naive_section { NAIVE_ABSENT, NAIVE_WRITTEN, NAIVE_DEFERRED, NAIVE_LEFT_OUT };

enum naive_way { NAIVE_WRITE_ALL, NAIVE_DEFER };

struct naive_window {
	pfn_t start, end;
	uint32_t first; /* index of its first page */
};

/* Bytes are indexed by page; naive_index and naive_pfn translate. */
struct naive {
	struct naive_window window[NAIVE_WINDOWS];
	uint32_t windows;
	uint32_t pages; /* of all windows */
	uint32_t nodes;
	uint8_t distance[NAIVE_NODES * NAIVE_NODES]; /* [from * nodes + to] */
	struct limits limits;
	uint64_t mark[NAIVE_ZONES][3]; /* min, low, high */
	/* What operations change: one allocation of naive_saved_bytes(). */
	uint8_t *state;   /* enum naive_state */
	uint8_t *taken;   /* order of the allocated block that starts here */
	uint8_t *section; /* enum naive_section */
	/* What they don't change. */
	uint8_t *nid, *zone;
	uint8_t *order; /* naive_blocks: order of the free block that starts here */
	char trace[400];
};

/* Windows ascend and don't touch. Everything is a hole at first, of one node. */
struct naive *naive_new(const struct pfn_range *window, uint32_t windows);
void naive_delete(struct naive *n);

static inline size_t naive_saved_bytes(const struct naive *n)
{
	return (size_t)3 * n->pages;
}

/* Add a sentence to the trace. */
void naive_say(struct naive *n, const char *format, ...) BM_PRINTF(2, 3);

uint32_t naive_index(const struct naive *n, pfn_t pfn);
pfn_t naive_pfn(const struct naive *n, uint32_t i);

static inline bool naive_is_ram(const struct naive *n, uint32_t i)
{
	return n->state[i] != NAIVE_HOLE;
}

/* Pages [start, end), all in one window. */
void naive_fill(struct naive *n, pfn_t start, pfn_t end, enum naive_state state, uint32_t nid);

/* The limits, where low memory ends at split_pfn at the latest, and every page's zone. */
void naive_cut(struct naive *n, pfn_t split_pfn);

/* Which sections are present, and which of them are deferred if deferring is the way. */
void naive_lay_sections(struct naive *n, enum naive_way way);

/* The first stretch of free pages of one zone and section at or after index *i; *i becomes its end. */
bool naive_next_run(const struct naive *n, uint32_t *i, struct pfn_range *run);

/* The stretch of a section that has descriptors, in pages of descriptors; 0 pages without RAM. */
void naive_section_map(const struct naive *n, pfn_t nr, uint32_t *first, uint32_t *pages);

/* The same machine as e820 table and as node map; the caller's storage is large enough. */
void naive_e820(const struct naive *n, struct e820 *map);
void naive_node_map(const struct naive *n, struct node_map *map);

/* Every free page is a block; then buddies of one order and zone merge until none are left. */
void naive_blocks(struct naive *n);

/* Zone numbers in the order in which a request tries them; room for NAIVE_ZONES. */
uint32_t naive_zonelist(const struct naive *n, int nid, enum gfp gfp, uint32_t *list);

/*
 * The allocator tried these zones and answered pfn. It must be a block of free pages of the first
 * zone that has one, cut from the smallest that is large enough; a deferred section may be
 * opened only when no other has one. PFN_NONE is right when no zone has one.
 */
void naive_allocated(
	struct naive *n, const uint32_t *list, uint32_t zones, unsigned order, pfn_t pfn);

/* The same without the question whether the block was the right one; pfn is not PFN_NONE. */
void naive_followed(
	struct naive *n, const uint32_t *list, uint32_t zones, unsigned order, pfn_t pfn);

/* A block, or reserved pages, became free. */
void naive_freed(struct naive *n, pfn_t pfn);
void naive_released(struct naive *n, pfn_t start, pfn_t end);

/* The section of a page is written now, if it was deferred. */
void naive_opened(struct naive *n, pfn_t pfn);

/* The formula over the pages that are managed now. */
void naive_set_watermarks(struct naive *n);

/*
 * What operations don't change: nodes, spans, present pages, sections, and every page's node and
 * zone. Walks all pages of all nodes, holes included.
 */
void naive_compare_layout(const struct naive *n, const struct mm *mm);

/* Counts, lists, descriptors, sections and watermarks; mm_check first. */
void naive_compare(struct naive *n, const struct mm *mm);

#endif

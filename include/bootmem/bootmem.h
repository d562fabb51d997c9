/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bootmem: the first allocator. One bitmap per node, a bit for each page, 1 = reserved.
 *
 * Everything is reserved until free_bootmem says otherwise; free rounds in, reserve rounds out. The
 * bits have summary levels, so that cost follows the number of ranges and not the amount of memory. A unit of a
 * level is 64 of the level below, and has two bits:
 *
 *   level   a unit is              "full" and "some" take
 *     0     1 page                 32 KiB per GiB (the two are one bit)
 *     1     64 pages, 256 KiB      1 KiB per GiB
 *     2     4096 pages, 16 MiB     16 bytes per GiB
 *     3     1 GiB                  2 bits per GiB
 *
 * "full": every page of the unit is reserved; "some": at least one is. A unit that is full or not some is
 * uniform, and the word that describes its parts one level below is stale and never read. The words of level
 * 3 are always valid; init writes nothing else. bootmem_check verifies the relation.
 *
 * Cursors remember where the last request of a kind ended. Small requests share pages in a chunk; others take free
 * pages. A cursor is knowledge, not ownership: a free page that it knows is free for everybody, and whoever
 * changes it makes the cursors forget it. No two of them know the same.
 *
 * Addresses are physical. Memory is reached through a window: the virtual address at which
 * physical address 0 appears (identity before our page tables are live, the direct map after,
 * an arena in host programs).
 */
#ifndef BOOTMEM_BOOTMEM_H
#define BOOTMEM_BOOTMEM_H

#include <bootmem/types.h>

#define BOOTMEM_MAX_NODES 64

/* Where physical address 0 appears in the address space we run in. */
struct window {
	uintptr_t base;
};

static inline void *phys_to_virt(struct window w, phys_t phys)
{
	return (void *)(w.base + (uintptr_t)phys);
}

static inline phys_t virt_to_phys(struct window w, const void *virt)
{
	return (uintptr_t)virt - w.base;
}

#define BOOTMEM_LEVELS  4
#define BOOTMEM_CURSORS 6

/* A bit for each unit, by its number; at level 0 both are the same array. */
struct bootmem_level {
	uint64_t *full, *some;
};

/* What a search found and no request took yet: the rest of a reserved page (in chunks only), then free pages. */
struct bootmem_cursor {
	phys_t next, end; /* equal: nothing; the next search starts there */
};

/* bootmem_data_t of the lineage: the bitmap of one node. */
struct bootmem {
	pfn_t start_pfn, end_pfn; /* the node's span */
	pfn_t base_pfn; /* start_pfn rounded down to a unit of level 2; bit 0 of the bitmap */
	phys_t bitmap_phys;
	struct bootmem_level level[BOOTMEM_LEVELS];
	/* chunks, pages, pages aligned to more than one; of each without a goal and with one */
	struct bootmem_cursor cursor[BOOTMEM_CURSORS];
	/* for the report */
	uint64_t allocations, merged, requested_bytes, allocated_pages;
};

struct bootmem_request {
	uint64_t size_bytes;  /* not 0 */
	uint64_t align_bytes; /* of the physical address; a power of two; 0 means 1 */
	phys_t goal_phys;     /* first try at or above; 0: none */
	phys_t limit_phys;    /* never end above; 0: the pool's current_limit */
	int nid;              /* preferred node, -1: any */
};

struct bootmem_result {
	phys_t start_phys;
	uint32_t nid;
	bool below_goal; /* nothing fitted at or above the goal */
};

/*
 * Asks for whole pages before their first touch. Anything but BM_OK means: not these pages; the hook has
 * reserved (reserve_bootmem) at least one page of the range, and the search starts again.
 */
typedef enum bm_error (*bootmem_claim_fn)(void *ctx, pfn_t start_pfn, uint64_t pages);

/* All nodes, in nid order, and what applies to every allocation. */
struct bootmem_pool {
	struct bootmem *node; /* node[nid]; a node without bootmem has start_pfn == end_pfn */
	uint32_t nodes;
	/* node_order[nid * nodes + i]: the i-th nearest node to nid. Null: ascending from nid, wrapping. */
	const uint8_t *node_order;
	phys_t current_limit; /* none ends above, PHYS_END at most; raised with our page tables */
	phys_t dma_limit;     /* default goal of alloc_bootmem: keep what devices need */
	struct window window;
	bootmem_claim_fn claim; /* null after the exit */
	void *claim_ctx;
};

/* Pages of bitmap, all levels, for a node that spans [start_pfn, end_pfn). */
uint64_t bootmem_bootmap_pages(pfn_t start_pfn, pfn_t end_pfn);

/*
 * Lay the bitmap out at bitmap_phys (page aligned, bootmem_bootmap_pages long, need not be in the
 * node) and reserve everything. BM_INVALID for start_pfn > end_pfn or a bad address.
 */
BM_MUST_USE enum bm_error init_bootmem(struct bootmem *bm, struct window window, phys_t bitmap_phys,
	pfn_t start_pfn, pfn_t end_pfn);

/* The bitmap is now seen through another window. */
void bootmem_set_window(struct bootmem *bm, struct window window);

/*
 * free rounds in, reserve rounds out. Both clip to the node's span; a range that wraps is
 * BM_INVALID. Reserving a reserved page and freeing a free one is allowed. Nothing merges into a page that
 * was freed since (M8).
 */
BM_MUST_USE enum bm_error free_bootmem(struct bootmem *bm, phys_t addr_phys, uint64_t size_bytes);
BM_MUST_USE enum bm_error reserve_bootmem(
	struct bootmem *bm, phys_t addr_phys, uint64_t size_bytes);

/*
 * The general allocation: the preferred node first, then the others in its order; on each at or
 * above the goal first, below it only when no node has room above. A small request (16 KiB at most, less than page
 * aligned) goes on in the page where the last one ended, and in the pages behind it (classic merging). A goal is a lower
 * bound, not a wish to be near: as in the lineage, a request goes on where others have found room, anywhere at or above its
 * goal; without a goal, only behind others without one, from the lowest memory on. Memory is not cleared.
 * BM_NOMEM leaves everything as it was; BM_INVALID for size 0, a wrapping size, bad alignment.
 */
BM_MUST_USE enum bm_error bootmem_alloc(struct bootmem_pool *pool,
	const struct bootmem_request *request, struct bootmem_result *result);

/*
 * The classic entry points: memory is cleared and returned through the window; null on failure.
 *
 *   alloc_bootmem            cache-line aligned, above the DMA limit if possible
 *   alloc_bootmem_low        the same from the bottom
 *   alloc_bootmem_pages      page aligned, above the DMA limit if possible
 *   alloc_bootmem_low_pages  the same from the bottom
 *   alloc_bootmem_node       cache-line aligned, node nid preferred
 *   early_alloc              aligned to its own size, a power of two (ARM's, for tables)
 */
#define BOOTMEM_CACHE_LINE 64
void *alloc_bootmem(struct bootmem_pool *pool, uint64_t size_bytes);
void *alloc_bootmem_low(struct bootmem_pool *pool, uint64_t size_bytes);
void *alloc_bootmem_pages(struct bootmem_pool *pool, uint64_t size_bytes);
void *alloc_bootmem_low_pages(struct bootmem_pool *pool, uint64_t size_bytes);
void *alloc_bootmem_node(struct bootmem_pool *pool, int nid, uint64_t size_bytes);
void *early_alloc(struct bootmem_pool *pool, uint64_t size_bytes);

/* Is this page reserved? Pages outside the node's span are. */
bool bootmem_reserved(const struct bootmem *bm, pfn_t pfn);

/*
 * The first maximal run of free pages that starts in [from_pfn, end_pfn), cut at end_pfn.
 * Maximal: the page before it (unless before from_pfn) and after it are reserved.
 */
bool bootmem_next_free(
	const struct bootmem *bm, pfn_t from_pfn, pfn_t end_pfn, struct pfn_range *run);

uint64_t bootmem_free_pages(const struct bootmem *bm);

/* Does every level tell the truth about the level below, and is all outside the span reserved? */
bool bootmem_check(const struct bootmem *bm);

#endif

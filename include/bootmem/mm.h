/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mm: nodes, zones, sections and the buddy allocator; what a kernel goes on with.
 *
 * struct mm and everything it names lives in pages from bootmem (owner "mm", "section table",
 * "mem_map") and holds pfns, never pointers, so it survives the switch to our page tables and the handoff.
 *
 * Sections. Physical memory is cut into sections of SECTION_PAGES pages. A section with RAM is
 * present and has page descriptors, in pages that mem_init sets aside. A section whose free runs are all in one
 * zone is deferred: its descriptors are written only when its pages are needed. Until then the runs are a list: in the
 * section table as long as they are few, else where the descriptors will be. Free counts cover deferred pages too.
 *
 * The section table has two levels, so that holes cost nothing: root[] holds the pfn of a page
 * of SECTIONS_PER_ROOT sections, or 0.
 */
#ifndef BOOTMEM_MM_H
#define BOOTMEM_MM_H

#include <bootmem/arch.h>
#include <bootmem/bootmem.h>
#include <bootmem/e820.h>
#include <bootmem/limits.h>
#include <bootmem/node.h>
#include <bootmem/owner.h>
#include <bootmem/paging.h>
#include <bootmem/types.h>

#define MAX_ORDER          10 /* largest block: 2^10 pages, 4 MiB */
#define NR_ORDERS          (MAX_ORDER + 1)
#define PFN_NONE           ((UINT64_C(1) << 40) - 1) /* ends a list of pages */
#define SECTION_NONE       UINT32_C(0xffffffff)

#define SECTION_PAGE_SHIFT (ARCH_SECTION_SHIFT - PAGE_SHIFT)
#define SECTION_PAGES      (UINT64_C(1) << SECTION_PAGE_SHIFT)

/*
 * A page descriptor: two words, 16 bytes.
 *   link  next pfn (40 bits), section number (24 bits)
 *   info  prev pfn (40 bits), zone (16), order (4), flags (4)
 * next and prev link free blocks of one order; in an allocated block's head they are the owner's.
 */
struct page {
	uint64_t link;
	uint64_t info;
};

_Static_assert(sizeof(struct page) == 16, "a page descriptor is 16 bytes");

#define PAGE_FREE          1u /* head of a free block; order is valid */
#define PAGE_HEAD          2u /* head of an allocated block; order is valid */
#define PAGE_RESERVED      4u /* not the allocator's */

/* Section numbers have 24 bits: physical memory beyond this has none. */
#define SECTIONS_END_PHYS  (UINT64_C(1) << (24 + ARCH_SECTION_SHIFT))

#define PAGE_SECTION_SHIFT 40 /* in link */
#define PAGE_ZONE_SHIFT    40 /* in info */
#define PAGE_ORDER_SHIFT   56
#define PAGE_FLAGS_SHIFT   60

/* An info word that links nowhere. */
static inline uint64_t page_info(uint32_t zone, unsigned order, unsigned flags)
{
	return ((uint64_t)flags << PAGE_FLAGS_SHIFT) | ((uint64_t)order << PAGE_ORDER_SHIFT) |
	       ((uint64_t)zone << PAGE_ZONE_SHIFT) | PFN_NONE;
}

static inline uint32_t page_zone(const struct page *page)
{
	return (page->info >> PAGE_ZONE_SHIFT) & 0xffff;
}

static inline unsigned page_order(const struct page *page)
{
	return (page->info >> PAGE_ORDER_SHIFT) & 15;
}

static inline unsigned page_flags(const struct page *page)
{
	return (unsigned)(page->info >> PAGE_FLAGS_SHIFT);
}

/* Pages that one page of descriptors describes: 1 MiB of memory. */
#define PAGES_PER_MAP_PAGE  (PAGE_SIZE / sizeof(struct page))

#define SECTION_INLINE_RUNS 2

#define SECTION_PRESENT     1u
#define SECTION_INITIALISED 2u /* descriptors are written */
#define SECTION_DEFERRED    4u /* free runs below are not in the buddy lists yet */
#define SECTION_LEFT_OUT    8u /* there was no room for its descriptors */

struct section_run {
	uint32_t first; /* page index in the section */
	uint32_t pages;
};

/*
 * Descriptors cover the stretch of a section that holds RAM: map_pages pages of them, the first
 * for page index map_first * PAGES_PER_MAP_PAGE.
 *
 * Deferred runs ascend and do not touch; zone, runs, order and run[] are theirs. More than SECTION_INLINE_RUNS are
 * all at the start of the descriptors' pages: at most every other page begins a run, so the list takes a quarter of
 * them at most.
 */
struct section {
	uint32_t map_pfn_low; /* first page of descriptors, 40 bits; 0: none set aside */
	uint8_t map_pfn_high;
	uint8_t map_first;
	uint8_t map_pages;
	uint8_t flags;
	uint8_t zone;
	uint8_t order; /* of the largest block that a run can give */
	uint16_t runs;
	uint32_t next; /* next deferred section of that zone, or SECTION_NONE */
	struct section_run run[SECTION_INLINE_RUNS];
};

_Static_assert(sizeof(struct section) == 32, "the section table's stride");
_Static_assert(BOOTMEM_MAX_NODES *ARCH_NR_ZONES <= 256, "a zone's number is a byte");

#define SECTIONS_PER_ROOT (PAGE_SIZE / sizeof(struct section))

struct free_area {
	uint64_t head_pfn; /* or PFN_NONE */
	uint64_t blocks;
};

struct zone {
	pfn_t start_pfn;
	uint64_t spanned_pages; /* holes included */
	uint64_t present_pages; /* whole pages of RAM */
	uint64_t managed_pages; /* ever given to the buddy allocator */
	uint64_t free_pages;    /* deferred included */
	struct free_area area[NR_ORDERS];
	uint64_t deferred_blocks[NR_ORDERS]; /* the blocks that deferred runs will become */
	uint64_t deferred_pages;
	uint32_t deferred_head; /* section number, or SECTION_NONE */
	uint32_t nid;
	uint64_t watermark_min, watermark_low, watermark_high; /* pages */
};

/* pg_data_t of the lineage. */
struct node {
	pfn_t start_pfn, end_pfn;
	uint64_t present_pages;
	struct zone zone[ARCH_NR_ZONES];
};

/* The window for high pages; without high memory it has no slots. */
struct pkmap {
	uint64_t start; /* virtual address of slot 0 */
	uint32_t slots;
	uint32_t next;   /* where the search for a slot goes on */
	pfn_t table_pfn; /* struct pkmap_slot[slots] */
};

struct mm {
	struct window window; /* follows the address space; the only address in here */
	struct limits limits;
	uint32_t nodes;
	uint32_t pad;
	struct paging paging; /* the live page tables */
	struct pkmap pkmap;
	pfn_t nid_map_pfn;  /* struct physnode_map */
	pfn_t distance_pfn; /* uint8_t[nodes * nodes] of distances, then as many of order (node.h) */
	pfn_t zero_pfn;     /* a page of zeroes to share; nobody writes it */
	pfn_t root_pfn;     /* first page of the section table's root */
	uint64_t roots;     /* entries there */
	uint64_t sections_present;
	uint64_t sections_initialised;
	struct node node[]; /* [nodes] */
};

/* Bytes of struct mm for a number of nodes. */
static inline uint64_t mm_bytes(uint32_t nodes)
{
	return sizeof(struct mm) + (uint64_t)nodes * sizeof(struct node);
}

/* --- zones ------------------------------------------------------------------------------------ */

enum gfp { GFP_DMA, GFP_DMA32, GFP_KERNEL, GFP_HIGHUSER };

/* Zone numbers are nid * ARCH_NR_ZONES + index. */
static inline struct zone *mm_zone(struct mm *mm, uint32_t zone)
{
	return &mm->node[zone / ARCH_NR_ZONES].zone[zone % ARCH_NR_ZONES];
}

/* Pages for what nodes_init keeps of a node map. */
uint64_t nodes_table_pages(const struct node_map *map);

/*
 * Spans, zones, distances and pfn_to_nid of all nodes, from the node map and mm->limits; nothing is
 * free yet. table_pfn: nodes_table_pages cleared pages.
 */
void nodes_init(struct mm *mm, const struct node_map *map, pfn_t table_pfn);

/* The node of a page of RAM; of any other page, some node near it. */
uint32_t mm_pfn_to_nid(const struct mm *mm, pfn_t pfn);

/* SLIT distance, and the i-th nearest node to nid (i == 0: itself). */
uint8_t node_distance(const struct mm *mm, uint32_t from, uint32_t to);
uint32_t node_nearest(const struct mm *mm, uint32_t nid, uint32_t i);

/* min, low and high watermarks of every zone, by Linux's formula, from managed_pages. */
void zones_set_watermarks(struct mm *mm);

/* The zone a page of RAM belongs to, and where in [pfn, limit_pfn] that zone's pages end. */
uint32_t zone_of_pfn(const struct mm *mm, pfn_t pfn, pfn_t limit_pfn, pfn_t *end_pfn);

const char *zone_name(uint32_t index);

/* --- sections ---------------------------------------------------------------------------------- */

/* Pages the section table needs: its root, and one page for each stretch with RAM. */
uint64_t sparse_table_pages(const struct e820 *map, pfn_t max_pfn);

/*
 * Lay the table out in sparse_table_pages cleared pages from table_pfn and mark the sections that hold RAM
 * (memory_present, sparse_init). mm->window must be valid.
 */
void sparse_init(struct mm *mm, const struct e820 *map, pfn_t table_pfn);

/* The next present section at or after *nr; false at the end. */
bool sparse_next(const struct mm *mm, uint32_t *nr);

/* The section of a page, or null where the table has none. */
struct section *section_of_pfn(const struct mm *mm, pfn_t pfn);
struct section *section_nr(const struct mm *mm, uint32_t nr);

/* First page of a section's descriptors, 0: none. */
pfn_t section_map_pfn(const struct section *section);
void section_set_map(struct section *section, pfn_t map_pfn);

/* Is there a descriptor for this page? */
bool pfn_valid(const struct mm *mm, pfn_t pfn);

/* The descriptor of a page whose section is initialised, and back. */
struct page *pfn_to_page(const struct mm *mm, pfn_t pfn);
pfn_t page_to_pfn(const struct mm *mm, const struct page *page);

/*
 * Write a section's descriptors front to back, each once: pages in a run are free and go to the
 * buddy lists of their zone in the largest aligned blocks, all others are reserved. Runs ascend, are
 * maximal (no free page touches them) and lie in one zone each.
 */
struct section_writer {
	struct mm *mm;
	struct section *section;
	uint32_t nr;
	uint32_t cursor; /* page index of the next descriptor to write */
};

void section_open(struct section_writer *writer, struct mm *mm, uint32_t nr);
void section_put_run(struct section_writer *writer, struct section_run run, uint32_t zone);
void section_close(struct section_writer *writer);

/*
 * Leave the descriptors unwritten until they are needed: give the section its free runs, as section_put_run wants
 * them, then put it on its zone's list, from where on they count as free. False, and the runs so far are void: they are
 * not all in one zone.
 */
BM_MUST_USE bool section_defer_run(
	struct mm *mm, uint32_t nr, struct section_run run, uint32_t zone);
void section_defer(struct mm *mm, uint32_t nr);

/* The i-th run of a deferred section. */
struct section_run section_deferred_run(
	const struct mm *mm, const struct section *section, uint32_t i);

/* Write a deferred section's descriptors now. */
void section_initialise(struct mm *mm, uint32_t nr);

/* The eager way: every deferred section of every zone. */
void sections_initialise_all(struct mm *mm);

/* --- buddy ------------------------------------------------------------------------------------- */

/*@ predicate block_between(integer start, integer end, integer order) =
        \exists integer at; start <= at && at % (1 << order) == 0 && at + (1 << order) <= end; */

/* Order of the largest aligned block in a run that is not empty. */
/*@ requires start_pfn < end_pfn <= PFN_END;
    assigns \nothing;
    ensures \result <= MAX_ORDER;
    ensures block_between(start_pfn, end_pfn, \result);
    ensures \forall integer larger; \result < larger <= MAX_ORDER ==> !block_between(start_pfn, end_pfn, larger); */
unsigned buddy_largest_order(pfn_t start_pfn, pfn_t end_pfn);

/* Count the maximal aligned blocks of a run into blocks[NR_ORDERS]. */
/*@ requires \valid(blocks + (0 .. MAX_ORDER)) && end_pfn <= PFN_END;
    assigns blocks[0 .. MAX_ORDER]; */
void buddy_count_run(uint64_t blocks[NR_ORDERS], pfn_t start_pfn, pfn_t end_pfn);

/*
 * Put the blocks of a maximal run on a zone's lists. Its descriptors are written. Two free buddies
 * can't arise, so nothing is merged or looked up. Zone counts follow.
 */
void buddy_release_run(struct mm *mm, uint32_t zone, pfn_t start_pfn, pfn_t end_pfn);

/*
 * A block of 2^order pages: the zonelist of a node and a gfp is each node's zones from the highest that gfp
 * allows down, nodes by distance from nid (-1: node 0). Watermarks are the caller's business. PFN_NONE on failure.
 */
pfn_t alloc_pages_node(struct mm *mm, int nid, enum gfp gfp, unsigned order);

static inline pfn_t alloc_pages(struct mm *mm, enum gfp gfp, unsigned order)
{
	return alloc_pages_node(mm, -1, gfp, order);
}

/* From one zone only. */
pfn_t zone_alloc_pages(struct mm *mm, uint32_t zone, unsigned order);

/*
 * Give a block back; it merges with its free buddies. BM_INVALID, and nothing changes, when
 * pfn is not the head of an allocated block of that order.
 */
BM_MUST_USE enum bm_error free_pages(struct mm *mm, pfn_t pfn, unsigned order);

/* Free blocks of one order, deferred ones included. */
uint64_t zone_free_blocks(const struct zone *zone, unsigned order);

/*
 * Give reserved pages that nobody needs any more to the allocator, merging as needed (the
 * classic free_reserved_page). BM_INVALID, and nothing changes, when a page of the range has no
 * descriptor or is not reserved.
 */
BM_MUST_USE enum bm_error free_reserved_pages(struct mm *mm, pfn_t start_pfn, pfn_t end_pfn);

/* Are lists, links, counts and descriptors of every zone consistent? Walks everything. */
bool mm_check(const struct mm *mm);

/* --- high memory --------------------------------------------------------------------------------- */

/* One page of the window: what it shows, and how many use it. A page nobody uses stays until its slot is needed. */
struct pkmap_slot {
	uint64_t pfn; /* PFN_NONE: nothing */
	uint64_t users;
};

/* Pages that hold the slots of a window. */
uint64_t pkmap_table_pages(const struct address_space *space);

/* All slots empty. mm->window and mm->paging must be valid. */
void pkmap_init(struct mm *mm, const struct address_space *space, pfn_t table_pfn);

/*
 * A page's address: in the direct map, or for high pages a slot of the window, shared by all who map
 * that page. Null when every slot is in use (raise ARCH_PKMAP_END - ARCH_PKMAP_START), or there is
 * no such page of RAM. Each kmap needs a kunmap; BM_INVALID when the page is not mapped.
 */
void *kmap(struct mm *mm, pfn_t pfn);
BM_MUST_USE enum bm_error kunmap(struct mm *mm, pfn_t pfn);

/*
 * On a machine whose tables are live: write and read high pages through every slot, see a full
 * window refused, and slots reused; in the end the window shows nothing. Returns how many pages were tried, 0 without
 * high memory.
 */
uint32_t kmap_selftest(struct mm *mm, bool *ok);

/* --- mem_init ---------------------------------------------------------------------------------- */

/*
 * free_all_bootmem and high memory: set pages aside for the descriptors of every present section (owner
 * mem_map: in the section where that is in low memory and has room, else anywhere), then hand every
 * free page to its zone. pool has no claim hook any more; free pages are what its nodes call free and, above
 * them, RAM of map that nobody owns. The bitmaps' own pages are handed out too: bootmem ends here.
 */
BM_MUST_USE enum bm_error mem_init(
	struct mm *mm, struct bootmem_pool *pool, struct owners *owners, const struct e820 *map);

/* Pages set aside for descriptors. */
uint64_t mem_map_pages(const struct mm *mm);

/*
 * Take a block of every order from every zone that has one and give all of them back. Returns how
 * many; *balanced tells whether every count is as before and mm_check holds.
 */
uint32_t mm_selftest(struct mm *mm, bool *balanced);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Owners: who holds each reserved page of RAM, and whether a kernel may take it back.
 *
 * Ranges are sorted and disjoint; the first owner of a page keeps it. Together with the free pages
 * they cover all RAM: present = free + reserved. One owner is not stored as ranges: mem_map, whose pages the
 * section table knows (one run for each section would make the table grow with memory).
 */
#ifndef BOOTMEM_OWNER_H
#define BOOTMEM_OWNER_H

#include <bootmem/e820.h>
#include <bootmem/types.h>

enum owner {
	OWNER_PAGE_0,
	OWNER_LOW_64K,
	OWNER_INIT, /* what only the start needs: text, scratch; given back at the end of mem_init */
	OWNER_IMAGE,     /* the loader's code and data */
	OWNER_WORKSPACE, /* map buffers, e820, this table */
	OWNER_BITMAP,    /* bootmem's bitmaps; freed by free_all_bootmem */
	OWNER_PAGE_TABLES,
	OWNER_CPU,       /* stacks with their guard pages, GDT, IDT, TSS */
	OWNER_MM,        /* struct mm: nodes and zones */
	OWNER_NODES,     /* pfn_to_nid and distances */
	OWNER_ZERO_PAGE, /* shared, read only by agreement */
	OWNER_PKMAP,     /* slots of the window for high pages */
	OWNER_SECTIONS,  /* the section table */
	OWNER_MEM_MAP,   /* page descriptors; pages known to the section table */
	OWNER_KERNEL,    /* the kernel's segments */
	OWNER_INITRD,
	OWNER_HANDOFF,  /* the record that the kernel is given */
	OWNER_RESERVE,  /* reserve= */
	OWNER_BADRAM,   /* badram= */
	OWNER_LEFT_OUT, /* RAM without room for its descriptors, or that appeared out of reach */
	OWNER_FIRMWARE_TABLES, /* page tables that the firmware ran on, and may have parked other processors on (Q74) */
	OWNER_FIRMWARE, /* the firmware's until we leave it; empty after mem_init */
	OWNER_COUNT,
};

struct owner_range {
	pfn_t start, end;
	uint32_t owner;
	uint32_t pad;
};

/* Storage is the caller's. */
struct owners {
	struct owner_range *range;
	uint32_t count;
	uint32_t capacity;
};

/*
 * Give the RAM pages of [start_pfn, end_pfn) that nobody owns yet to an owner. Pages that are not
 * RAM in map are passed over. BM_FULL: the front end's storage is too small (boot_storage_bytes); what
 * was given before that stays given.
 */
BM_MUST_USE enum bm_error owners_add(
	struct owners *o, const struct e820 *map, enum owner owner, pfn_t start_pfn, pfn_t end_pfn);

/* Take [start_pfn, end_pfn) from whoever owns it. Splitting a range needs one slot: BM_FULL. */
BM_MUST_USE enum bm_error owners_remove(struct owners *o, pfn_t start_pfn, pfn_t end_pfn);

/* The first range that ends above pfn, or null. Ranges ascend, so this starts a walk. */
const struct owner_range *owners_from(const struct owners *o, pfn_t pfn);

/* Pages of one owner. */
uint64_t owners_pages(const struct owners *o, enum owner owner);

bool owners_check(const struct owners *o);

/* "page tables", ...: the words of the report. */
const char *owner_name(enum owner owner);

/* May a kernel take these pages once it no longer needs what they hold? */
bool owner_reclaimable(enum owner owner);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables: a plan says what appears where, the builder turns it into tables.
 *
 * A plan is a list of areas, sorted by virtual address and disjoint, and a pure function of e820,
 * limits and what must stay reachable. The builder uses the largest pages that an area's edges,
 * alignment and the CPU allow, puts all tables into one run of pages whose exact length it can tell
 * beforehand, and never edits anybody else's tables (Q38).
 *
 * The walk is written once (core/paging.c); an architecture gives the geometry of its levels and
 * encodes entries (arch/<arch>/paging.c), both pure, so that the host runs the real code.
 */
#ifndef BOOTMEM_PAGING_H
#define BOOTMEM_PAGING_H

#include <bootmem/arch.h>
#include <bootmem/bootmem.h>
#include <bootmem/e820.h>
#include <bootmem/limits.h>
#include <bootmem/types.h>

/* What the CPU offers and what was chosen from it. */
struct paging_mode {
	uint8_t levels;    /* 2, 3 (PAE), 4 or 5 */
	bool nx;           /* the execute-disable bit works */
	bool large;        /* 2 MiB (4 MiB with 2 levels) pages */
	bool huge;         /* 1 GiB pages */
	bool pat;          /* the page attribute table holds X86_PAT once the tables are live */
	uint8_t phys_bits; /* width of a physical address */
};

/*
 * Rights of an area; reading is always allowed. At most one memory type; none means write-back.
 * MAP_WRITE and MAP_EXEC never stand together, in one area or in two that show the same page.
 */
#define MAP_WRITE  1u
#define MAP_EXEC   2u
#define MAP_UC     4u /* uncached (MMIO) */
#define MAP_WC     8u /* write-combining (framebuffer) once the PAT holds X86_PAT (arch/x86/pte.h) */
#define MAP_TABLES 16u /* alone: no pages yet, only tables, for the kernel to fill at run time */

enum map_kind {
	MAP_DIRECT,   /* the direct map */
	MAP_IDENTITY, /* virtual == physical: what the switch and the jump need, runtime ranges */
	MAP_VMALLOC,
	MAP_FIXMAP,
	MAP_PKMAP,
	MAP_KERNEL, /* the kernel's segments, where it is linked */
	MAP_SCREEN, /* a framebuffer that can't be where it is */
	MAP_SERIAL, /* a serial port in memory that can't be where it is */
	MAP_KINDS,
};

struct map_area {
	uint64_t virt; /* canonical */
	phys_t phys;   /* 0 with MAP_TABLES */
	uint64_t bytes;
	uint32_t rights;
	uint32_t kind; /* enum map_kind */
};

/* Storage is the caller's. */
struct map_plan {
	struct map_area *area;
	uint32_t count;
	uint32_t capacity;
};

/*
 * A stretch of physical memory with rights of its own, in every place it is mapped.
 *
 * Specials may overlap, in any order: a page has only the rights that all of its specials give, the
 * strictest of their memory types (UC, WC, write-back), an identity mapping when one of them asks
 * for it, and no mapping at all when one of them is a guard. Page 0 is always a guard. Where a
 * special is executable or not writable, the direct map is read-only.
 */
struct map_special {
	phys_t start_phys, end_phys; /* page aligned; equal: nothing */
	uint32_t rights; /* MAP_WRITE or MAP_EXEC or neither; MAP_UC or MAP_WC or neither */
	bool identity;   /* map it where it is, with these rights */
	bool guard;      /* not mapped anywhere */
	bool kernel; /* map it in the kernel's span or a device's, where all of it lies, with these rights */
	bool bad; /* the RAM in it is not in the direct map; it has no other effect, whatever the other fields say */
};

/* A stretch of physical memory seen elsewhere: virtual == base + physical, modulo 2^64. start and end are virtual; equal: none. */
struct map_span {
	uint64_t start, end, base;
};

/* Where things are in the virtual address space of this machine, in ascending order. */
struct address_space {
	uint64_t identity_end; /* identity mappings end here or below */
	uint64_t direct_base;
	uint64_t direct_bytes; /* up to the end of the highest RAM in it */
	uint64_t vmalloc_start, vmalloc_end;
	uint64_t fixmap_start, fixmap_end;
	uint64_t pkmap_start, pkmap_end; /* equal: none */
	/* The kernel's span, in the hole or in the identity part; equal: none. virtual == kernel_base + physical, modulo 2^64. */
	uint64_t kernel_start, kernel_end;
	uint64_t kernel_base;
	struct map_span screen; /* a framebuffer, above vmalloc and the kernel's span */
	struct map_span serial; /* a serial port's registers, right below fixmap */
};

struct paging {
	phys_t root;
	phys_t tables_phys; /* all tables, one run; the root is its first page */
	uint64_t table_pages;
	struct paging_mode mode;
};

/* What a walk of finished tables finds at one address. */
struct paging_leaf {
	uint64_t virt; /* start of the page */
	phys_t phys;
	uint64_t bytes; /* of the page */
	uint32_t rights;
};

/* --- the plan: core/mapplan.c ------------------------------------------------------------------
 */

/*
 * Lay out the areas of one machine: the identity parts, the direct map of RAM (all of it, or low
 * memory where ARCH_HIGHMEM), and the table-only areas. Nothing but RAM is mapped unless a special
 * says so, and never page 0 or a guard. The direct map is writable where no special says otherwise
 * and never executable. Neighbours with equal rights are one area.
 *
 * BM_FULL: raise the plan's capacity (RAM entries + 4 * specials + 4 always suffice).
 * BM_INVALID: a special is unaligned, wraps, or asks for rights that exclude each other; or RAM
 * does not fit the direct map. BM_CONFLICT: an identity mapping would reach identity_end (on i386 a
 * special at or above PAGE_OFFSET), or lie in the kernel's span.
 */
BM_MUST_USE enum bm_error mapplan_build(struct map_plan *plan, const struct address_space *space,
	const struct e820 *map, const struct limits *limits, const struct map_special *special,
	uint32_t specials);

/*
 * What a plan says once the RAM of [start_phys, end_phys), page aligned, became ordinary memory in the tables: writable
 * in the direct map, and nowhere else. That was done page by page (paging_set_page), so the part is not joined with its
 * neighbours: paging_area_pages goes on telling what the tables hold. BM_FULL, and nothing changes: it needs up to 4
 * more areas than there is room for. An empty range changes nothing.
 */
BM_MUST_USE enum bm_error mapplan_release(
	struct map_plan *plan, phys_t start_phys, phys_t end_phys);

/*
 * Is this a plan that paging_build can build? Areas are sorted by address, disjoint, page aligned,
 * canonical and within the physical width; rights make sense; and over all areas no physical page
 * is both writable and executable, or has two memory types (SDM 3A, "Programming the PAT").
 */
bool mapplan_check(const struct map_plan *plan, const struct paging_mode *mode);

/* --- the walk: core/paging.c -------------------------------------------------------------------
 */

/*
 * Exact number of table pages that paging_build will use for a plan that passes mapplan_check; cost
 * grows with the number of areas, not with their size.
 */
uint64_t paging_table_pages(const struct map_plan *plan, const struct paging_mode *mode);

/*
 * Build into table_pages == paging_table_pages(...) pages at tables_phys, which stay the caller's
 * and need not be cleared. The root comes first. Accessed and dirty bits are set beforehand, so the
 * CPU never writes to these tables. *out is written on success only.
 *
 * BM_INVALID, before anything is written: the plan fails mapplan_check, table_pages is
 * another number, or the pages are unaligned or above arch_tables_end.
 */
BM_MUST_USE enum bm_error paging_build(struct paging *out, const struct map_plan *plan,
	const struct paging_mode *mode, phys_t tables_phys, uint64_t table_pages,
	struct window window);

struct page_counts {
	uint64_t pages_4k, pages_2m, pages_4m, pages_1g;
};

/* count more pages of 1 << shift bytes. */
void page_counts_add(struct page_counts *counts, unsigned shift, uint64_t count);

/*
 * Which pages the tables of a plan show in one area, none with MAP_TABLES, and in all of them. True after paging_build
 * and after mapplan_release; cost grows with the number of areas and of tables that lead to them.
 */
struct page_counts paging_area_pages(const struct map_area *area, const struct paging_mode *mode);
struct page_counts paging_plan_pages(const struct map_plan *plan, const struct paging_mode *mode);

/* "direct map", ...: the words of the report. */
const char *map_kind_name(enum map_kind kind);

/* Walk as the CPU would: rights are those of all levels together. False: not present. */
bool paging_lookup(
	const struct paging *paging, struct window window, uint64_t virt, struct paging_leaf *leaf);

/*
 * Change one small page of finished tables: show phys at virt with these rights, or nothing. False, and
 * nothing changes, where no lowest-level table leads to virt. The caller flushes (arch_flush_page).
 */
bool paging_set_page(const struct paging *paging, struct window window, uint64_t virt, phys_t phys,
	uint32_t rights);
bool paging_clear_page(const struct paging *paging, struct window window, uint64_t virt);

/* Entry index of a table, as it stands there. */
uint64_t paging_read_entry(
	const struct paging_mode *mode, struct window window, phys_t table, unsigned index);

/*
 * How many entries from index on, a page's, are pages in a row with equal bits: as many as the table has at most.
 * What walks tables takes them at once.
 */
unsigned paging_series(const struct paging_mode *mode, struct window window, phys_t table,
	unsigned level, unsigned index);

/* --- the proof: core/paging_check.c ------------------------------------------------------------
 */

/* What finished tables must show. The plan is not asked: it could be wrong, too. */
struct paging_rules {
	const struct address_space *space;
	const struct e820 *map;
	const struct limits *limits;
	const struct map_special *special; /* any order, as for mapplan_build */
	uint32_t specials;
};

enum paging_fault {
	PAGING_SOUND,
	PAGING_ENTRY,       /* bits that the CPU reserves or that these tables never set */
	PAGING_TABLES,      /* a table outside the run, met twice, or never */
	PAGING_MISSING,     /* a page of RAM, or one that a special asks for, is not mapped */
	PAGING_UNWANTED,    /* mapped, and nothing asks for it */
	PAGING_ADDRESS,     /* another physical page than belongs there */
	PAGING_RIGHTS,      /* other rights than the specials say */
	PAGING_WRITE_EXEC,  /* writable here and executable here or elsewhere, or the reverse */
	PAGING_MEMORY_TYPE, /* another memory type than the specials say, or than elsewhere */
	PAGING_FAULTS,
};

/* The first one in the order of virtual addresses; phys is 0 where there is none. */
struct paging_violation {
	enum paging_fault fault;
	uint64_t virt;
	phys_t phys;
};

/*
 * Walk the whole address space as the CPU would and hold what is found against the rules:
 *
 *   - every page of RAM (i386: of low memory) is in the direct map, once, at direct_base + phys;
 *     page 0 and guards are mapped nowhere
 *   - the identity part and the kernel's span show what the specials ask for, and nothing else is
 *     mapped at all
 *   - rights and memory types are those of the specials; as each page is in no more than these three
 *     places, none is writable in one and executable in another, or has two memory types
 *   - every entry is one the CPU accepts (arch_entry_sound), or is 0
 *   - the tables are the pages of paging's run, each met once, in the order in which paging_build
 *     takes them
 *
 * PAGING_SOUND proves all of it. Without NX the CPU can execute what it can read: there the tables can't
 * tell, and only the other rights are proven. Cost: each entry of each table once. No memory is needed.
 */
BM_MUST_USE struct paging_violation paging_check(
	const struct paging *paging, struct window window, const struct paging_rules *rules);

/* "a page is not mapped", ...: for people. */
const char *paging_fault_text(enum paging_fault fault);

/* --- somebody else's tables: core/paging_audit.c -----------------------------------------------
 */

#define PAGING_AUDIT_TABLES 65536 /* as many are read; more is left out, and said */

/* What the firmware's tables show. Pages are counted as often as they are mapped. */
struct paging_audit {
	uint8_t levels; /* 0: paging is off, or nobody knows */
	bool complete;  /* false: more tables than PAGING_AUDIT_TABLES, or one out of reach */
	uint64_t tables;
	struct page_counts pages;
	uint64_t write_exec_bytes;   /* can be both written and executed */
	uint64_t ram_unmapped_pages; /* RAM that is not where virtual equals physical */
	uint64_t read_only_tables;   /* tables that can't be written where they are (Q38) */
};

/*
 * Walk tables that paging_build did not make, whatever is in them, and write to none. paging gives root and
 * mode; memory is seen through window, and nothing is read from tables_end on, where there is none.
 */
void paging_audit(struct paging_audit *out, const struct paging *paging, struct window window,
	phys_t tables_end, const struct e820 *map);

/*
 * Call visit for every table, the root first; one that is shared is met again. At most PAGING_AUDIT_TABLES, and none
 * that can't be seen through window or is at or above tables_end.
 */
void paging_visit_tables(const struct paging *paging, struct window window, phys_t tables_end,
	void (*visit)(void *ctx, phys_t table), void *ctx);

/* --- the architecture's side: arch/<arch>/paging.c, pure ---------------------------------------
 */

/*
 * Where the areas of this machine are (docs/address-space.md). direct_bytes is cut to the room
 * there is; mapplan_build refuses RAM beyond it.
 */
void arch_address_space(
	struct address_space *space, const struct limits *limits, const struct paging_mode *mode);

/*
 * Make room in space, as arch_address_space left it, for a kernel linked at [start, end), page aligned: in the
 * lower part (x86_64: the lower half; i386: below PAGE_OFFSET), or in what is the kernel's above (x86_64: between
 * vmalloc and fixmap; i386: in the vmalloc area, which then ends below it, at a multiple of 4 MiB). base is
 * virtual minus physical. False, and nothing changes, where it is linked anywhere else.
 */
bool arch_place_kernel(struct address_space *space, uint64_t start, uint64_t end, uint64_t base);

/*
 * Make room in space for a framebuffer at [start_phys, end_phys), page aligned, that can't be identity-mapped; after
 * arch_place_kernel. i386: at the top of the vmalloc area, which then ends below it, at a multiple of 4 MiB, and keeps
 * half of its room. False, and nothing changes, where there is no room: on x86_64 always, because there everything that the
 * CPU can address is below identity_end, or almost.
 */
bool arch_place_screen(struct address_space *space, phys_t start_phys, phys_t end_phys);

/*
 * The same for a serial port's registers. i386: the first pages of the fixmap, which then starts above them and keeps half of
 * its room.
 */
bool arch_place_serial(struct address_space *space, phys_t start_phys, phys_t end_phys);

/* How many bits of virtual address a level (1: lowest) indexes, and the lowest of them. */
unsigned arch_level_shift(const struct paging_mode *mode, unsigned level);
unsigned arch_level_bits(const struct paging_mode *mode, unsigned level);

/* Can an entry of this level map a page? A level's pages imply those of the levels below. */
bool arch_leaf_allowed(const struct paging_mode *mode, unsigned level);

/* Is this an address the CPU accepts in this mode? */
bool arch_virt_canonical(const struct paging_mode *mode, uint64_t virt);

/* End of the physical memory that the direct map has room for. */
phys_t arch_direct_end(const struct paging_mode *mode);

/* End of what an entry can address, and of where tables can be. */
phys_t arch_phys_end(const struct paging_mode *mode);
phys_t arch_tables_end(const struct paging_mode *mode);

/*
 * Entries. Leaf entries of one level with equal rights differ by their physical addresses, so a run
 * of them is an arithmetic series. arch_entry_rights tells what one entry allows, be it a leaf or
 * not; memory types are those of leaves.
 */
uint64_t arch_leaf_entry(
	const struct paging_mode *mode, unsigned level, phys_t phys, uint32_t rights);
uint64_t arch_table_entry(const struct paging_mode *mode, unsigned level, phys_t phys);
bool arch_entry_present(uint64_t entry);
bool arch_entry_is_leaf(unsigned level, uint64_t entry);
phys_t arch_entry_phys(const struct paging_mode *mode, unsigned level, uint64_t entry);
uint32_t arch_entry_rights(const struct paging_mode *mode, unsigned level, uint64_t entry);

/*
 * Is this present entry one that the CPU accepts in this mode and that a table of ours may hold? No
 * reserved bit is set: NX without NX, an address beyond arch_phys_end, low bits of a large page's address.
 * Nothing is user, global or changed by a PAT bit, ignored bits are clear, accessed is set, and dirty exactly
 * in leaves that can be written. Tables allow everything.
 */
bool arch_entry_sound(const struct paging_mode *mode, unsigned level, uint64_t entry);

#endif

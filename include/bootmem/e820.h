/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * e820: the table every later stage works from.
 *
 * Invariant of a finished table (e820_check): entries are page aligned, not empty, in ascending
 * order, disjoint, below PHYS_END, and two entries that touch differ in type. What no entry covers is not
 * memory.
 */
#ifndef BOOTMEM_E820_H
#define BOOTMEM_E820_H

#include <bootmem/finding.h>
#include <bootmem/types.h>

/* In order of strictness: where ranges overlap, the greater value wins. */
enum e820_type {
	E820_RAM,
	E820_SOFT, /* special-purpose memory (EFI_MEMORY_SP) */
	E820_PMEM,
	E820_UNACCEPTED, /* TDX/SNP memory that must be accepted before it is touched */
	E820_ACPI,
	E820_NVS,
	E820_UNUSABLE,
	E820_RESERVED,
	E820_TYPES,
};

struct e820_entry {
	phys_t start, end; /* end exclusive */
	uint32_t type;     /* enum e820_type */
	uint32_t pad;
};

/* Storage is the caller's. */
struct e820 {
	struct e820_entry *entry;
	uint32_t count;
	uint32_t capacity;
};

/*@ predicate e820_readable(struct e820 *map) = \valid_read(map) && \valid_read(map->entry + (0 .. map->count - 1));

    predicate e820_typed(struct e820_entry *entry, integer n) = \forall integer i; 0 <= i < n ==>
        entry[i].start < entry[i].end <= PHYS_END && entry[i].type < E820_TYPES;
    predicate e820_disjoint(struct e820_entry *entry, integer n) = \forall integer i, j; 0 <= i < j < n ==>
        entry[i].end <= entry[j].start;
    predicate e820_merged(struct e820_entry *entry, integer n) = \forall integer i; 0 < i < n &&
        entry[i - 1].end == entry[i].start ==> entry[i - 1].type != entry[i].type;
    predicate e820_aligned(struct e820_entry *entry, integer n) = \forall integer i; 0 <= i < n ==>
        entry[i].start % PAGE_SIZE == 0 && entry[i].end % PAGE_SIZE == 0;
    predicate e820_ordered(struct e820_entry *entry, integer n) =
        e820_typed(entry, n) && e820_disjoint(entry, n) && e820_merged(entry, n);
    predicate e820_finished(struct e820 *map) =
        e820_ordered(map->entry, map->count) && e820_aligned(map->entry, map->count);

    predicate e820_covered(struct e820_entry *entry, integer n, integer type, integer x) =
        \exists integer i; 0 <= i < n && entry[i].type == type && entry[i].start <= x < entry[i].end;
    // A type or one that is stricter.
    predicate e820_as_strict(struct e820_entry *entry, integer n, integer type, integer x) =
        \exists integer i; 0 <= i < n && type <= entry[i].type && entry[i].start <= x < entry[i].end;

    // What raw entries say: those that make no sense say nothing, unknown types are reserved.
    predicate e820_raw_ok(struct e820_entry *e) = e->start < e->end <= PHYS_END;
    logic integer e820_known(integer type) = type < E820_TYPES ? type : (integer)E820_RESERVED;
    predicate e820_raw_covered(struct e820_entry *raw, integer n, integer type, integer x) = \exists integer i;
        0 <= i < n && e820_raw_ok(raw + i) && e820_known(raw[i].type) == type && raw[i].start <= x < raw[i].end;

    predicate e820_left(integer type, integer x, integer limit) = type != E820_RAM || x < limit;

    predicate e820_same{A, B}(struct e820_entry *a, struct e820_entry *b) = \at(a->start, A) == \at(b->start, B) &&
        \at(a->end, A) == \at(b->end, B) && \at(a->type, A) == \at(b->type, B);
*/

/*
 * Turn n raw entries, in any order and overlapping at will, into a finished table.
 *
 * Entries that touch or overlap are resolved in bytes first (the stricter type wins, equal types
 * merge); then RAM rounds inward to pages and everything else outward, again the stricter type winning.
 * Empty (start == end) and wrapping (start > end, end > PHYS_END) entries are dropped. Each repair is
 * counted in f.
 *
 * out->capacity must be at least 2 * n, else BM_FULL: what is not needed for the table is working storage. raw and
 * out->entry must not overlap.
 */
/*@ requires \valid_read(raw + (0 .. n - 1)) && \valid(out) && \valid(out->entry + (0 .. out->capacity - 1));
    requires f == \null || \valid(f);
    requires \base_addr(out) != \base_addr(out->entry);
    requires \base_addr(raw) != \base_addr(out) && \base_addr(raw) != \base_addr(out->entry);
    requires \separated(out, f) && \base_addr(f) != \base_addr(raw) && \base_addr(f) != \base_addr(out->entry);
    assigns out->count, out->entry[0 .. out->capacity - 1], *f;
    ensures \result == (n <= UINT32_MAX / 8 && 2 * n <= out->capacity ? BM_OK : BM_FULL);
    ensures \result == BM_OK ==> out->count <= out->capacity && e820_finished(out);
    // The strictest type that a raw entry gives a byte wins: no byte is RAM that any other entry covers.
    ensures \result == BM_OK ==> \forall integer t, u, x; e820_covered(out->entry, out->count, t, x) &&
        e820_raw_covered{Pre}(raw, n, u, x) ==> u <= t;
    ensures \result == BM_OK ==> \forall integer x; e820_covered(out->entry, out->count, E820_RAM, x) ==>
        e820_raw_covered{Pre}(raw, n, E820_RAM, x);
    // No byte that is not RAM is lost.
    ensures \result == BM_OK ==> \forall integer u, x; e820_raw_covered{Pre}(raw, n, u, x) && u != E820_RAM ==>
        e820_as_strict(out->entry, out->count, u, x); */
BM_MUST_USE enum bm_error e820_sanitise(
	const struct e820_entry *raw, uint32_t n, struct e820 *out, struct findings *f);

/* Does the invariant hold? */
/*@ requires \valid_read(map) && (map->count <= map->capacity ==> e820_readable(map));
    assigns \nothing;
    ensures \result <==> map->count <= map->capacity && e820_finished(map); */
bool e820_check(const struct e820 *map);

/*
 * Take all RAM at or above limit_phys out of the table and return how many bytes that was.
 * limit_phys rounds down to a page. Entries of other types stay.
 */
/*@ requires \valid(map) && \valid(map->entry + (0 .. map->count - 1)) && \base_addr(map) != \base_addr(map->entry);
    requires e820_finished(map) && map->count <= INT32_MAX;
    assigns map->count, map->entry[0 .. map->count - 1];
    ensures map->count <= \old(map->count) && e820_finished(map);
    ensures \let limit = limit_phys - limit_phys % PAGE_SIZE; \forall integer t, x;
        e820_covered(map->entry, map->count, t, x) <==>
        e820_covered{Pre}(map->entry, \old(map->count), t, x) && e820_left(t, x, limit); */
uint64_t e820_cut_ram(struct e820 *map, phys_t limit_phys);

/*
 * The next RAM entry at or after *index as pages; false at the end.
 * for (uint32_t i = 0; e820_next_ram(map, &i, &ram);) ...
 */
/*@ requires e820_readable(map) && e820_finished(map) && \valid(index) && \valid(ram);
    requires \separated(index, ram, map, map->entry + (0 .. map->count - 1));
    assigns *index, *ram;
    ensures \result ==> \old(*index) < *index <= map->count;
    ensures \result ==> map->entry[*index - 1].type == E820_RAM;
    ensures \result ==> ram->start * PAGE_SIZE == map->entry[*index - 1].start;
    ensures \result ==> ram->end * PAGE_SIZE == map->entry[*index - 1].end;
    ensures \forall integer i; \old(*index) <= i < (\result ? *index - 1 : map->count) ==> map->entry[i].type != E820_RAM; */
bool e820_next_ram(const struct e820 *map, uint32_t *index, struct pfn_range *ram);

/* Whole RAM pages in [start_pfn, end_pfn). */
uint64_t e820_ram_pages(const struct e820 *map, pfn_t start_pfn, pfn_t end_pfn);

/* The type that covers a page, or E820_TYPES where nothing does. */
/*@ requires e820_readable(map) && e820_finished(map) && pfn < PFN_END;
    assigns \nothing;
    ensures \forall integer i; 0 <= i < map->count &&
        map->entry[i].start <= pfn * PAGE_SIZE < map->entry[i].end ==> \result == map->entry[i].type;
    ensures (\forall integer i; 0 <= i < map->count ==>
        !(map->entry[i].start <= pfn * PAGE_SIZE < map->entry[i].end)) ==> \result == E820_TYPES; */
uint32_t e820_type_at(const struct e820 *map, pfn_t pfn);

/*@ requires e820_readable(a) && e820_readable(b);
    assigns \nothing;
    ensures \result <==> a->count == b->count && \forall integer i; 0 <= i < a->count ==>
        a->entry[i].start == b->entry[i].start && a->entry[i].end == b->entry[i].end &&
        a->entry[i].type == b->entry[i].type; */
bool e820_equal(const struct e820 *a, const struct e820 *b);

/* "ram", "reserved", ...: the words of the report. */
const char *e820_type_name(uint32_t type);

/* "RAM", "NVS", ...: a word for people, where a picture has little room. */
const char *e820_type_label(uint32_t type);

#endif

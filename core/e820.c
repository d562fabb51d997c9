/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * e820: from raw ranges to the table that every later stage works from (invariant: e820.h).
 *
 * A sweep over the ranges, in the order in which they begin, knows how far those of each type reach; the strictest type
 * that is open owns the stretch to where it ends or another range begins. That is done in bytes, so that touching pieces
 * merge before anything is rounded.
 * What was disjoint in bytes meets in one page at most when it is rounded, which needs no second sweep.
 */
#include <bootmem/e820.h>

/* The last to begin of a node of the heap and its children. */
static uint32_t last_of(const struct e820_entry *range, uint32_t root, uint32_t n)
{
	uint32_t child = 2 * root + 1, last = root;

	if (child < n && range[last].start < range[child].start)
		last = child;
	if (child + 1 < n && range[last].start < range[child + 1].start)
		last = child + 1;
	return last;
}

static void swap_ranges(struct e820_entry *range, uint32_t i, uint32_t j)
{
	struct e820_entry t = range[i];

	range[i] = range[j];
	range[j] = t;
}

static void sift_down(struct e820_entry *range, uint32_t root, uint32_t n)
{
	uint32_t last = last_of(range, root, n);

	while (last != root) {
		swap_ranges(range, root, last);
		root = last;
		last = last_of(range, root, n);
	}
}

/* By where they begin. Heap sort: no extra storage, and no firmware can make it slow. */
static void sort_ranges(struct e820_entry *range, uint32_t n)
{
	for (uint32_t i = n / 2; i-- > 0;)
		sift_down(range, i, n);
	for (uint32_t i = n; i-- > 1;) {
		swap_ranges(range, 0, i);
		sift_down(range, 0, i);
	}
}

/* The strictest type that is open at an address, or E820_TYPES. */
static uint32_t strictest(const phys_t until[E820_TYPES], phys_t at)
{
	for (uint32_t type = E820_TYPES; type-- > 0;)
		if (until[type] > at)
			return type;
	return E820_TYPES;
}

/* Does a stretch continue the last entry? */
/*@ requires \valid_read(out) && \valid_read(out->entry + (0 .. out->count - 1));
    assigns \nothing;
    ensures \result <==> out->count > 0 && out->entry[out->count - 1].end == start && out->entry[out->count - 1].type == type; */
static bool goes_on(const struct e820 *out, phys_t start, uint32_t type)
{
	return out->count != 0 && out->entry[out->count - 1].end == start &&
	       out->entry[out->count - 1].type == type;
}

/*@ requires \valid(out) && \valid(out->entry + out->count) && \separated(out, out->entry + out->count);
    requires out->count < UINT32_MAX;
    assigns out->count, out->entry[out->count];
    ensures out->count == \old(out->count) + 1;
    ensures out->entry[out->count - 1].start == start && out->entry[out->count - 1].end == end;
    ensures out->entry[out->count - 1].type == type; */
static void append(struct e820 *out, phys_t start, phys_t end, uint32_t type)
{
	struct e820_entry *next = &out->entry[out->count];

	next->start = start;
	next->end = end;
	next->type = type;
	next->pad = 0;
	out->count++;
}

/* Append a stretch; one that continues the last entry extends it. */
static void emit(struct e820 *out, phys_t start, phys_t end, uint32_t type)
{
	if (goes_on(out, start, type))
		out->entry[out->count - 1].end = end;
	else
		append(out, start, end, type);
}

/* Append what is open from one address to another, with until as in sweep. */
static void emit_until(struct e820 *out, const phys_t until[E820_TYPES], phys_t from, phys_t to)
{
	while (from < to) {
		uint32_t type = strictest(until, from);
		phys_t end;

		if (type == E820_TYPES)
			return;
		end = min_u64(until[type], to);
		emit(out, from, end, type);
		from = end;
	}
}

/*
 * The ranges in order, which lie at out->entry + n or behind it, become stretches in the front of the same table: each range
 * makes two at most, one that ends where it begins and one that ends with it, so none is overwritten before it was looked at.
 *
 * until[type] is where the ranges of a type that have begun end: a type is open at an address below that.
 */
static void sweep(const struct e820_entry *range, uint32_t n, struct e820 *out, struct findings *f)
{
	phys_t until[E820_TYPES] = { 0 };
	phys_t from = 0;

	out->count = 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct e820_entry *e = &range[i];

		emit_until(out, until, from, e->start);
		from = e->start;
		if (strictest(until, from) != E820_TYPES)
			finding_add(f, FINDING_MAP_OVERLAP, from, from);
		until[e->type] = max_u64(until[e->type], e->end);
	}
	emit_until(out, until, from, PHYS_END);
}

/* Does a raw entry make sense? */
static bool accept_raw(const struct e820_entry *e, phys_t last_start, struct findings *f)
{
	phys_t start = e->start, end = e->end;

	if (start == end) {
		finding_add(f, FINDING_MAP_ZERO_LENGTH, start, end);
		return false;
	}
	if (start > end || end > PHYS_END) {
		finding_add(f, FINDING_MAP_WRAPS, start, end);
		return false;
	}
	if (start < last_start)
		finding_add(f, FINDING_MAP_UNSORTED, start, end);
	return true;
}

/* The raw entries that make sense; the others are counted and dropped. */
static uint32_t ranges_of_raw(
	const struct e820_entry *raw, uint32_t n, struct e820_entry *range, struct findings *f)
{
	uint32_t ranges = 0;
	phys_t last_start = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct e820_entry *e = &raw[i];
		bool accepted = accept_raw(e, last_start, f);

		if (!accepted)
			continue;
		last_start = e->start;
		range[ranges] = *e;
		if (e->type >= E820_TYPES)
			range[ranges].type = E820_RESERVED;
		ranges++;
	}
	return ranges;
}

/* The last entry ends where it is told; nothing is left of it if it began there. */
/*@ requires \valid(out) && out->count > 0 && \valid(out->entry + (out->count - 1));
    requires \separated(out, out->entry + (out->count - 1)) && out->entry[out->count - 1].start <= end;
    assigns out->count, out->entry[out->count - 1].end;
    ensures out->count == \old(out->count) || out->count == \old(out->count) - 1;
    ensures out->count == \old(out->count) ==> out->entry[out->count - 1].end == end > out->entry[out->count - 1].start;
    ensures out->count < \old(out->count) ==> \at(out->entry[out->count - 1].start, Pre) == end; */
static void cut_last(struct e820 *out, phys_t end)
{
	struct e820_entry *last = &out->entry[out->count - 1];

	last->end = end;
	if (last->start == end)
		out->count--;
}

/* Append pages, of which the first may be the last of the table: the stricter type has it. */
static void emit_pages(struct e820 *out, phys_t start, phys_t end, uint32_t type)
{
	const struct e820_entry *next = &out->entry[out->count];

	if (out->count != 0 && start < next[-1].end) {
		if (type > next[-1].type)
			cut_last(out, start);
		else
			start = next[-1].end;
	}
	if (start < end)
		emit(out, start, end, type);
}

/* RAM must be whole pages, everything else keeps its pages. No entry becomes two: the table is its own output. */
static void round_to_pages(struct e820 *map, struct findings *f)
{
	uint32_t n = map->count;

	map->count = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct e820_entry e = map->entry[i];
		phys_t start = align_down(e.start, PAGE_SIZE);
		phys_t end = align_up(e.end, PAGE_SIZE);

		if (start != e.start || end != e.end)
			finding_add(f, FINDING_MAP_UNALIGNED, e.start, e.end);
		if (e.type == E820_RAM) {
			start = align_up(e.start, PAGE_SIZE);
			end = align_down(e.end, PAGE_SIZE);
		}
		emit_pages(map, start, end, e.type);
	}
}

enum bm_error e820_sanitise(
	const struct e820_entry *raw, uint32_t n, struct e820 *out, struct findings *f)
{
	struct e820_entry *range;
	uint32_t ranges;

	if (n > UINT32_MAX / 8 || out->capacity < 2 * n)
		return BM_FULL;
	range = out->entry + n;
	ranges = ranges_of_raw(raw, n, range, f);
	sort_ranges(range, ranges);
	sweep(range, ranges, out, f);
	round_to_pages(out, f);
	if (out->count > 128)
		finding_add(
			f, FINDING_MAP_LARGE, out->entry[0].start, out->entry[out->count - 1].end);
	return BM_OK;
}

/*@ requires \valid_read(e);
    assigns \nothing;
    ensures \result <==> e->start < e->end && e->end <= PHYS_END && e->type < E820_TYPES &&
        e->start % PAGE_SIZE == 0 && e->end % PAGE_SIZE == 0; */
static bool entry_check(const struct e820_entry *e)
{
	return e->start < e->end && e->end <= PHYS_END && e->type < E820_TYPES &&
	       ((e->start | e->end) & (PAGE_SIZE - 1)) == 0;
}

bool e820_check(const struct e820 *map)
{
	if (map->count > map->capacity)
		return false;
	for (uint32_t i = 0; i < map->count; i++) {
		const struct e820_entry *e = &map->entry[i];

		if (!entry_check(e))
			return false;
		if (i == 0)
			continue;
		if (e->start < e[-1].end)
			return false;
		if (e->start == e[-1].end && e->type == e[-1].type)
			return false;
	}
	return true;
}

uint64_t e820_cut_ram(struct e820 *map, phys_t limit_phys)
{
	phys_t limit = align_down(limit_phys, PAGE_SIZE);
	uint64_t cut = 0;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < map->count; i++) {
		struct e820_entry e = map->entry[i];

		if (e.type == E820_RAM && e.end > limit) {
			phys_t end = max_u64(e.start, limit);

			cut += e.end - end;
			e.end = end;
		}
		if (e.start < e.end)
			map->entry[kept++] = e;
	}
	map->count = kept;
	return cut;
}

bool e820_next_ram(const struct e820 *map, uint32_t *index, struct pfn_range *ram)
{
	/*@ loop invariant \at(*index, Pre) <= *index;
	    loop invariant *index <= map->count || *index == \at(*index, Pre);
	    loop invariant \forall integer i; \at(*index, Pre) <= i < *index && i < map->count ==>
	        map->entry[i].type != E820_RAM;
	    loop assigns *index; */
	while (*index < map->count) {
		const struct e820_entry *e = &map->entry[(*index)++];

		if (e->type == E820_RAM) {
			ram->start = pfn_down(e->start);
			ram->end = pfn_down(e->end);
			return true;
		}
	}
	return false;
}

uint64_t e820_ram_pages(const struct e820 *map, pfn_t start_pfn, pfn_t end_pfn)
{
	struct pfn_range ram;
	uint64_t pages = 0;

	for (uint32_t i = 0; e820_next_ram(map, &i, &ram);) {
		pfn_t start = max_u64(ram.start, start_pfn);
		pfn_t end = min_u64(ram.end, end_pfn);

		if (start < end)
			pages += end - start;
	}
	return pages;
}

uint32_t e820_type_at(const struct e820 *map, pfn_t pfn)
{
	phys_t at = pfn_phys(pfn);

	/*@ loop invariant 0 <= i <= map->count;
	    loop invariant \forall integer k; 0 <= k < i ==> map->entry[k].end <= at;
	    loop assigns i; */
	for (uint32_t i = 0; i < map->count && map->entry[i].start <= at; i++)
		if (at < map->entry[i].end)
			return map->entry[i].type;
	return E820_TYPES;
}

bool e820_equal(const struct e820 *a, const struct e820 *b)
{
	if (a->count != b->count)
		return false;
	/*@ loop invariant 0 <= i <= a->count;
	    loop invariant \forall integer k; 0 <= k < i ==> a->entry[k].start == b->entry[k].start &&
	        a->entry[k].end == b->entry[k].end && a->entry[k].type == b->entry[k].type;
	    loop assigns i; */
	for (uint32_t i = 0; i < a->count; i++) {
		const struct e820_entry *x = &a->entry[i], *y = &b->entry[i];

		if (x->start != y->start || x->end != y->end || x->type != y->type)
			return false;
	}
	return true;
}

const char *e820_type_name(uint32_t type)
{
	static const char *const name[E820_TYPES] = {
		[E820_RAM] = "ram",
		[E820_SOFT] = "soft",
		[E820_PMEM] = "pmem",
		[E820_UNACCEPTED] = "unaccepted",
		[E820_ACPI] = "acpi",
		[E820_NVS] = "nvs",
		[E820_UNUSABLE] = "unusable",
		[E820_RESERVED] = "reserved",
	};

	return type < E820_TYPES ? name[type] : "none";
}

const char *e820_type_label(uint32_t type)
{
	static const char *const label[E820_TYPES] = {
		[E820_RAM] = "RAM",
		[E820_SOFT] = "special",
		[E820_PMEM] = "persistent",
		[E820_UNACCEPTED] = "unaccepted",
		[E820_ACPI] = "ACPI",
		[E820_NVS] = "NVS",
		[E820_UNUSABLE] = "unusable",
		[E820_RESERVED] = "reserved",
	};

	return label[type];
}

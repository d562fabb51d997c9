/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * e820: from raw ranges to the table that every later stage works from (invariant: e820.h).
 *
 * A sweep over the sorted start and end points counts how many ranges of each type are open; the strictest open type
 * owns the stretch to the next point. That is done in bytes, so that touching pieces merge before anything is rounded.
 * What was disjoint in bytes meets in one page at most when it is rounded, which needs no second sweep.
 */
#include <bootmem/e820.h>

/*@ predicate event_ok(struct e820_event *e) =
        e->at <= PHYS_END && e->type < E820_TYPES && (e->delta == 1 || e->delta == -1);
    predicate events_ok(struct e820_event *event, integer n) =
        \forall integer i; 0 <= i < n ==> event_ok(event + i);

    // When an event happens: at one address ends come first.
    logic integer when(struct e820_event *e) = 2 * e->at + (e->delta > 0 ? 1 : 0);
*/

/* In this order events happen: ends before starts at one address, so that touching is not overlapping. */
/*@ requires \valid_read(a) && \valid_read(b) && event_ok(a) && event_ok(b);
    assigns \nothing;
    ensures \result <==> when(a) < when(b); */
static bool before(const struct e820_event *a, const struct e820_event *b)
{
	return a->at != b->at ? a->at < b->at : a->delta < b->delta;
}

static void swap_events(struct e820_event *event, uint32_t i, uint32_t j)
{
	struct e820_event t = event[i];

	event[i] = event[j];
	event[j] = t;
}

/* The last to happen of a node of the heap and its children. */
/*@ requires \valid_read(event + (0 .. n - 1)) && root < n <= INT32_MAX && events_ok(event, n);
    assigns \nothing;
    ensures \result == root || 2 * root < \result <= 2 * root + 2 && \result < n && when(event + root) < when(event + \result);
    ensures when(event + root) <= when(event + \result);
    ensures \forall integer child; 2 * root < child <= 2 * root + 2 && child < n ==>
        when(event + child) <= when(event + \result); */
static uint32_t last_of(const struct e820_event *event, uint32_t root, uint32_t n)
{
	uint32_t child = 2 * root + 1, last = root;

	if (child < n && before(&event[last], &event[child]))
		last = child;
	if (child + 1 < n && before(&event[last], &event[child + 1]))
		last = child + 1;
	return last;
}

static void sift_down(struct e820_event *event, uint32_t root, uint32_t n)
{
	uint32_t last = last_of(event, root, n);

	while (last != root) {
		swap_events(event, root, last);
		root = last;
		last = last_of(event, root, n);
	}
}

/* Heap sort: no extra storage, and no firmware can make it slow. */
static void sort_events(struct e820_event *event, uint32_t n)
{
	for (uint32_t i = n / 2; i-- > 0;)
		sift_down(event, i, n);
	for (uint32_t i = n; i-- > 1;) {
		swap_events(event, 0, i);
		sift_down(event, 0, i);
	}
}

/* The strictest type that is open, or E820_TYPES. */
/*@ requires \valid_read(open + (0 .. E820_TYPES - 1));
    assigns \nothing;
    ensures \result <= E820_TYPES;
    ensures \result < E820_TYPES ==> open[\result] != 0;
    ensures \forall integer type; \result < type < E820_TYPES ==> open[type] == 0;
    ensures \result == E820_TYPES ==> \forall integer type; 0 <= type < E820_TYPES ==> open[type] == 0; */
static uint32_t strictest(const int32_t open[E820_TYPES])
{
	/*@ loop invariant type <= E820_TYPES;
	    loop invariant \forall integer stricter; type <= stricter < E820_TYPES ==> open[stricter] == 0;
	    loop assigns type;
	    loop variant type; */
	for (uint32_t type = E820_TYPES; type-- > 0;)
		if (open[type] != 0)
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

/* Append a stretch if there is one and anything is open in it. */
static void emit_open(struct e820 *out, phys_t start, phys_t end, uint32_t type)
{
	if (type != E820_TYPES && start < end)
		emit(out, start, end, type);
}

/* A range that starts while another is open overlaps it. */
static void count_overlap(const struct e820_event *e, uint32_t open_type, struct findings *f)
{
	if (open_type != E820_TYPES && e->delta > 0)
		finding_add(f, FINDING_MAP_OVERLAP, e->at, e->at);
}

/* n events in order make at most n - 1 stretches, so out needs room for n - 1 entries. */
static void sweep_events(
	const struct e820_event *event, uint32_t n, struct e820 *out, struct findings *f)
{
	int32_t open[E820_TYPES] = { 0 };
	phys_t from = 0;

	out->count = 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct e820_event *e = &event[i];
		uint32_t type = strictest(open);

		emit_open(out, from, e->at, type);
		count_overlap(e, type, f);
		open[e->type] += e->delta;
		from = e->at;
	}
}

static uint32_t add_range(
	struct e820_event *event, uint32_t n, phys_t start, phys_t end, uint32_t type)
{
	event[n] = (struct e820_event){ .at = start, .type = type, .delta = 1 };
	event[n + 1] = (struct e820_event){ .at = end, .type = type, .delta = -1 };
	return n + 2;
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

/* Events of the raw entries that make sense; the others are counted and dropped. */
static uint32_t events_of_raw(
	const struct e820_entry *raw, uint32_t n, struct e820_event *event, struct findings *f)
{
	uint32_t events = 0;
	phys_t last_start = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct e820_entry *e = &raw[i];
		bool accepted = accept_raw(e, last_start, f);

		if (!accepted)
			continue;
		last_start = e->start;
		events = add_range(event, events, e->start, e->end,
			e->type < E820_TYPES ? e->type : E820_RESERVED);
	}
	return events;
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

enum bm_error e820_sanitise(const struct e820_entry *raw, uint32_t n, struct e820 *out,
	struct e820_event *events, uint32_t event_capacity, struct findings *f)
{
	uint32_t count;

	if (n > UINT32_MAX / 8 || out->capacity < 2 * n || event_capacity < 2 * n)
		return BM_FULL;
	count = events_of_raw(raw, n, events, f);
	sort_events(events, count);
	sweep_events(events, count, out, f);
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

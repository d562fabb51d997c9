/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * e820: from raw ranges to the table that every later stage works from (invariant: e820.h).
 *
 * A sweep over the sorted start and end points keeps count of how many ranges of each type are
 * open; the strictest open type owns the stretch to the next point. It runs twice: in bytes, so
 * that touching pieces merge before anything is rounded, and again in pages.
 */
#include <bootmem/e820.h>

struct sweep {
	struct e820 *out;
	uint32_t open[E820_TYPES];
	uint32_t total_open;
};

/*@ predicate event_ok(struct e820_event *e) =
        e->at <= PHYS_END && e->type < E820_TYPES && (e->delta == 1 || e->delta == -1);
    predicate events_ok(struct e820_event *event, integer n) =
        \forall integer i; 0 <= i < n ==> event_ok(event + i);
*/

/*@ requires \valid(a) && \valid(b) && \separated(a, b);
    assigns *a, *b;
    ensures *a == \old(*b) && *b == \old(*a); */
static void swap_events(struct e820_event *a, struct e820_event *b)
{
	struct e820_event t = *a;

	*a = *b;
	*b = t;
}

static void sift_down(struct e820_event *event, uint32_t root, uint32_t n)
{
	for (;;) {
		uint32_t child = 2 * root + 1;

		if (child >= n)
			return;
		if (child + 1 < n && event[child].at < event[child + 1].at)
			child++;
		if (event[root].at >= event[child].at)
			return;
		swap_events(&event[root], &event[child]);
		root = child;
	}
}

/* Heap sort: no extra storage, and no firmware can make it slow. */
static void sort_events(struct e820_event *event, uint32_t n)
{
	for (uint32_t i = n / 2; i-- > 0;)
		sift_down(event, i, n);
	for (uint32_t i = n; i-- > 1;) {
		swap_events(&event[0], &event[i]);
		sift_down(event, 0, i);
	}
}

/*@ requires \valid(event + (n .. n + 1)) && n <= UINT32_MAX - 2;
    requires events_ok(event, n) && start <= PHYS_END && end <= PHYS_END && type < E820_TYPES;
    assigns event[n .. n + 1];
    ensures \result == n + 2 && events_ok(event, \result);
    ensures event[n].at == start && event[n + 1].at == end && event[n].delta == 1 && event[n + 1].delta == -1; */
static uint32_t add_range(struct e820_event *event, uint32_t n, phys_t start, phys_t end,
	uint32_t type)
{
	event[n] = (struct e820_event){ .at = start, .type = type, .delta = 1 };
	event[n + 1] = (struct e820_event){ .at = end, .type = type, .delta = -1 };
	return n + 2;
}

/* The strictest type that is open, or E820_TYPES. */
/*@ requires \valid_read(s);
    assigns \nothing;
    ensures \result <= E820_TYPES;
    ensures \result < E820_TYPES ==> s->open[\result] != 0;
    ensures \forall integer type; \result < type < E820_TYPES ==> s->open[type] == 0;
    ensures \result == E820_TYPES ==> \forall integer type; 0 <= type < E820_TYPES ==> s->open[type] == 0; */
static uint32_t strictest(const struct sweep *s)
{
	/*@ loop invariant type <= E820_TYPES;
	    loop invariant \forall integer stricter; type <= stricter < E820_TYPES ==> s->open[stricter] == 0;
	    loop assigns type;
	    loop variant type; */
	for (uint32_t type = E820_TYPES; type-- > 0;)
		if (s->open[type] != 0)
			return type;
	return E820_TYPES;
}

/* Append a stretch; one that continues the last entry extends it. */
static void emit(struct e820 *out, phys_t start, phys_t end, uint32_t type)
{
	struct e820_entry *next = &out->entry[out->count];

	if (out->count != 0 && next[-1].end == start && next[-1].type == type) {
		next[-1].end = end;
		return;
	}
	*next = (struct e820_entry){ .start = start, .end = end, .type = type };
	out->count++;
}

/* Open and close what happens at one address; ends first, so that touching is not overlapping. */
static void apply_events(struct sweep *s, const struct e820_event *event, uint32_t n,
	struct findings *f)
{
	for (uint32_t i = 0; i < n; i++)
		if (event[i].delta < 0) {
			s->open[event[i].type]--;
			s->total_open--;
		}
	for (uint32_t i = 0; i < n; i++)
		if (event[i].delta > 0) {
			if (s->total_open != 0)
				finding_add(f, FINDING_MAP_OVERLAP, event[i].at, event[i].at);
			s->open[event[i].type]++;
			s->total_open++;
		}
}

/*
 * n events make at most n - 1 stretches, so out needs room for n - 1 entries; for one fewer than the entries of a merged table,
 * whose rounded events meet in pages that stretches of one type share, what the table itself needs is enough. The events are
 * all read before the stretch they bound is written: out may hold what the events were made from.
 */
static void sweep_events(struct e820_event *event, uint32_t n, struct e820 *out,
	struct findings *f)
{
	struct sweep s = { .out = out };
	phys_t from = 0;
	uint32_t i = 0;

	sort_events(event, n);
	out->count = 0;
	while (i < n) {
		phys_t at = event[i].at;
		uint32_t type = strictest(&s);
		uint32_t same = 1;

		if (type != E820_TYPES)
			emit(out, from, at, type);
		while (i + same < n && event[i + same].at == at)
			same++;
		apply_events(&s, &event[i], same, f);
		from = at;
		i += same;
	}
}

/* Events of the raw entries that make sense; the others are counted and dropped. */
static uint32_t events_of_raw(const struct e820_entry *raw, uint32_t n, struct e820_event *event,
	struct findings *f)
{
	uint32_t events = 0;
	phys_t last_start = 0;

	for (uint32_t i = 0; i < n; i++) {
		phys_t start = raw[i].start, end = raw[i].end;
		uint32_t type = raw[i].type < E820_TYPES ? raw[i].type : E820_RESERVED;

		if (start == end) {
			finding_add(f, FINDING_MAP_ZERO_LENGTH, start, end);
			continue;
		}
		if (start > end || end > PHYS_END) {
			finding_add(f, FINDING_MAP_WRAPS, start, end);
			continue;
		}
		if (start < last_start)
			finding_add(f, FINDING_MAP_UNSORTED, start, end);
		last_start = start;
		events = add_range(event, events, start, end, type);
	}
	return events;
}

/* Events of a merged table, rounded: RAM must be whole pages, everything else keeps its pages. */
static uint32_t events_of_pages(const struct e820 *map, struct e820_event *event,
	struct findings *f)
{
	uint32_t events = 0;

	for (uint32_t i = 0; i < map->count; i++) {
		const struct e820_entry *e = &map->entry[i];
		phys_t start = align_down(e->start, PAGE_SIZE);
		phys_t end = align_up(e->end, PAGE_SIZE);

		if (start != e->start || end != e->end)
			finding_add(f, FINDING_MAP_UNALIGNED, e->start, e->end);
		if (e->type == E820_RAM) {
			start = align_up(e->start, PAGE_SIZE);
			end = align_down(e->end, PAGE_SIZE);
		}
		if (start < end)
			events = add_range(event, events, start, end, e->type);
	}
	return events;
}

enum bm_error e820_sanitise(const struct e820_entry *raw, uint32_t n, struct e820 *out,
	struct e820_event *events, uint32_t event_capacity, struct findings *f)
{
	if (n > UINT32_MAX / 8 || out->capacity < 2 * n || event_capacity < 4 * n)
		return BM_FULL;
	sweep_events(events, events_of_raw(raw, n, events, f), out, f);
	/* Rounding makes neighbours overlap; that is our doing and not the firmware's. */
	sweep_events(events, events_of_pages(out, events, f), out, NULL);
	if (out->count > 128)
		finding_add(f, FINDING_MAP_LARGE, out->entry[0].start,
			out->entry[out->count - 1].end);
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

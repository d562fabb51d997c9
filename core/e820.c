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

/*@ predicate child_of(integer c, integer p) = c == 2 * p + 1 || c == 2 * p + 2;
    predicate heap(struct e820_entry *range, integer first, integer n) = \forall integer p, c;
        first <= p && c < n && child_of(c, p) ==> range[c].start <= range[p].start;
    predicate sorted(struct e820_entry *range, integer n) = \forall integer i, j;
        0 <= i <= j < n ==> range[i].start <= range[j].start;
    predicate begun(struct e820_entry *range, integer n, integer at) = \forall integer i;
        0 <= i < n ==> range[i].start <= at;

    // What findings do to a table: nothing.
    predicate kept{A, B}(struct e820_entry *entry) = \forall integer k; e820_same{A, B}(entry + k, entry + k);
    lemma kept_covered{A, B}: \forall struct e820_entry *entry, integer n, type, x; kept{A, B}(entry) ==>
        (e820_covered{A}(entry, n, type, x) <==> e820_covered{B}(entry, n, type, x));
    lemma kept_strict{A, B}: \forall struct e820_entry *entry, integer n, type, x; kept{A, B}(entry) ==>
        (e820_as_strict{A}(entry, n, type, x) <==> e820_as_strict{B}(entry, n, type, x));
    lemma kept_raw{A, B}: \forall struct e820_entry *entry, integer n, type, x; kept{A, B}(entry) ==>
        (e820_raw_covered{A}(entry, n, type, x) <==> e820_raw_covered{B}(entry, n, type, x));
    lemma kept_typed{A, B}: \forall struct e820_entry *entry, integer n; kept{A, B}(entry) && e820_typed{A}(entry, n) ==>
        e820_typed{B}(entry, n);
    lemma kept_disjoint{A, B}: \forall struct e820_entry *entry, integer n; kept{A, B}(entry) &&
        e820_disjoint{A}(entry, n) ==> e820_disjoint{B}(entry, n);
    lemma kept_merged{A, B}: \forall struct e820_entry *entry, integer n; kept{A, B}(entry) && e820_merged{A}(entry, n) ==>
        e820_merged{B}(entry, n);
    lemma kept_aligned{A, B}: \forall struct e820_entry *entry, integer n; kept{A, B}(entry) &&
        e820_aligned{A}(entry, n) ==> e820_aligned{B}(entry, n);
    lemma kept_sorted{A, B}: \forall struct e820_entry *entry, integer n; kept{A, B}(entry) && sorted{A}(entry, n) ==>
        sorted{B}(entry, n);

    // n ranges, and whatever follows them, are the same as before in another order.
    predicate same_ranges{A, B}(struct e820_entry *range, integer n) =
        (\forall integer m, type, x; n <= m ==>
            (e820_covered{A}(range, m, type, x) <==> e820_covered{B}(range, m, type, x))) &&
        (\forall integer m, at; n <= m && begun{A}(range, m, at) ==> begun{B}(range, m, at)) &&
        (\forall integer m; n <= m && e820_typed{A}(range, m) ==> e820_typed{B}(range, m));
    lemma same_ranges_again{A, B, C}: \forall struct e820_entry *range, integer m, n; m <= n &&
        same_ranges{A, B}(range, n) && same_ranges{B, C}(range, m) ==> same_ranges{A, C}(range, n);
*/

/* The last to begin of a node of the heap and its children. */
/*@ requires \valid_read(range + (0 .. n - 1)) && root < n <= INT32_MAX;
    assigns \nothing;
    ensures \result == root || child_of(\result, root) && range[root].start < range[\result].start;
    ensures root <= \result < n;
    ensures \forall integer c; c < n && child_of(c, root) ==> range[c].start <= range[\result].start; */
static uint32_t last_of(const struct e820_entry *range, uint32_t root, uint32_t n)
{
	uint32_t child = 2 * root + 1, last = root;

	if (child < n && range[last].start < range[child].start)
		last = child;
	if (child + 1 < n && range[last].start < range[child + 1].start)
		last = child + 1;
	return last;
}

/*@ requires \valid(range + i) && \valid(range + j) && i < j;
    assigns range[i], range[j];
    ensures e820_same{Pre, Post}(range + i, range + j) && e820_same{Pre, Post}(range + j, range + i);
    ensures \forall integer k; k != i && k != j ==> e820_same{Pre, Post}(range + k, range + k);
    ensures same_ranges{Pre, Post}(range, j + 1); */
static void swap_ranges(struct e820_entry *range, uint32_t i, uint32_t j)
{
	struct e820_entry t = range[i];

	range[i] = range[j];
	range[j] = t;
	/*@ assert e820_same{Pre, Here}(range + i, range + j) && e820_same{Pre, Here}(range + j, range + i); */
	/*@ assert \forall integer k; k != i && k != j ==> e820_same{Pre, Here}(range + k, range + k); */
	/*@ assert \forall integer n, type, x; j < n && e820_covered{Pre}(range, n, type, x) ==> e820_covered(range, n, type, x); */
	/*@ assert \forall integer n, type, x; j < n && e820_covered(range, n, type, x) ==> e820_covered{Pre}(range, n, type, x); */
	/*@ assert \forall integer n, at; j < n && begun{Pre}(range, n, at) ==> begun(range, n, at); */
	/*@ assert \forall integer n; j < n && e820_typed{Pre}(range, n) ==> e820_typed(range, n); */
}

/* A heap whose root may be out of order becomes one. */
/*@ requires \valid(range + (0 .. n - 1)) && root < n <= INT32_MAX;
    requires heap(range, root + 1, n);
    assigns range[root .. n - 1];
    ensures heap(range, root, n);
    ensures same_ranges{Pre, Post}(range, n); */
static void sift_down(struct e820_entry *range, uint32_t root, uint32_t n)
{
	uint32_t last = last_of(range, root, n);

	/*@ loop invariant \at(root, Pre) <= root <= last < n && (last == root || child_of(last, root));
	    loop invariant last != root ==> range[root].start < range[last].start;
	    loop invariant \forall integer c; c < n && child_of(c, root) ==> range[c].start <= range[last].start;
	    loop invariant \forall integer p, c; \at(root, Pre) <= p && p != root && c < n && child_of(c, p) ==>
	        range[c].start <= range[p].start;
	    loop invariant \forall integer p, c; \at(root, Pre) <= p && child_of(root, p) && c < n && child_of(c, root) ==>
	        range[c].start <= range[p].start;
	    loop invariant same_ranges{Pre, Here}(range, n);
	    loop assigns root, last, range[\at(root, Pre) .. n - 1];
	    loop variant n - root; */
	while (last != root) {
		swap_ranges(range, root, last);
		/*@ assert \forall integer c; c < n && child_of(c, root) ==> range[c].start <= range[root].start; */
		/*@ assert \forall integer p; \at(root, Pre) <= p && child_of(root, p) ==> range[root].start <= range[p].start; */
		/*@ assert \forall integer p, c; \at(root, Pre) <= p && p != root && p != last && c < n && c != root &&
		        child_of(c, p) ==> range[c].start <= range[p].start; */
		root = last;
		last = last_of(range, root, n);
	}
}

/* By where they begin. Heap sort: no extra storage, and no firmware can make it slow. */
/*@ requires \valid(range + (0 .. n - 1)) && n <= INT32_MAX;
    assigns range[0 .. n - 1];
    ensures sorted(range, n) && same_ranges{Pre, Post}(range, n); */
static void sort_ranges(struct e820_entry *range, uint32_t n)
{
	/*@ loop invariant 0 <= i <= n / 2 && heap(range, i, n);
	    loop invariant same_ranges{Pre, Here}(range, n);
	    loop assigns i, range[0 .. n - 1];
	    loop variant i; */
	for (uint32_t i = n / 2; i-- > 0;)
		sift_down(range, i, n);
	/*@ loop invariant same_ranges{Pre, Here}(range, n);
	    loop invariant 0 <= i <= n && (i == 0 ==> n == 0) && heap(range, 0, i);
	    loop invariant \forall integer k; i <= k < n ==> begun(range, i, range[k].start);
	    loop invariant \forall integer j, k; i <= j <= k < n ==> range[j].start <= range[k].start;
	    loop assigns i, range[0 .. n - 1];
	    loop variant i; */
	for (uint32_t i = n; i-- > 1;) {
		/*@ ghost
		    /@ loop invariant 1 <= k <= i + 1 && begun(range, k, range[0].start);
		       loop assigns k;
		       loop variant i + 1 - k; @/
		    for (uint32_t k = 1; k <= i; k++) {
		        /@ assert child_of(k, (k - 1) / 2) && 0 <= (k - 1) / 2 < k; @/
		    } */
		swap_ranges(range, 0, i);
		/*@ assert same_ranges{Pre, Here}(range, n); */
		/*@ assert begun(range, i + 1, range[i].start); */
		/*@ assert \forall integer k; i <= k < n ==> begun(range, i, range[k].start); */
		/*@ assert \forall integer j, k; i <= j <= k < n ==> range[j].start <= range[k].start; */
		sift_down(range, 0, i);
	}
}

/*@ // How many types are open.
    logic integer opened(phys_t *until, integer at) =
        (until[0] > at ? 1 : 0) + (until[1] > at ? 1 : 0) + (until[2] > at ? 1 : 0) + (until[3] > at ? 1 : 0) +
        (until[4] > at ? 1 : 0) + (until[5] > at ? 1 : 0) + (until[6] > at ? 1 : 0) + (until[7] > at ? 1 : 0);

    lemma fewer_open: \forall phys_t *until, integer a, b; a <= b ==> opened(until, b) <= opened(until, a);
    lemma closed: \forall phys_t *until, integer type, a, b; 0 <= type < E820_TYPES && a < until[type] <= b ==>
        opened(until, b) < opened(until, a);

    // A type is open at x, and none that is stricter.
    predicate is_open(phys_t *until, integer type, integer x) = 0 <= type < E820_TYPES && x < until[type];
    predicate rules(phys_t *until, integer type, integer x) = is_open(until, type, x) &&
        \forall integer s; type < s < E820_TYPES ==> !is_open(until, s, x);

    // One of the ranges from first to end covers x, and what rules there.
    predicate covered_by(struct e820_entry *entry, integer first, integer end, integer type, integer x) =
        \exists integer i; first <= i < end && entry[i].type == type && entry[i].start <= x < entry[i].end;
    predicate ruled_by(struct e820_entry *entry, integer first, integer end, integer type, integer x) =
        covered_by(entry, first, end, type, x) &&
        \forall integer s; type < s < E820_TYPES ==> !covered_by(entry, first, end, s, x);
*/

/* The strictest type that is open at an address, or E820_TYPES. */
/*@ requires \valid_read(until + (0 .. E820_TYPES - 1));
    assigns \nothing;
    ensures \result <= E820_TYPES;
    ensures \result < E820_TYPES ==> rules(until, \result, at) && until[\result] > at;
    ensures \forall integer type; \result < type < E820_TYPES ==> until[type] <= at;
    ensures \result == E820_TYPES ==> \forall integer type; 0 <= type < E820_TYPES ==> until[type] <= at; */
static uint32_t strictest(const phys_t until[E820_TYPES], phys_t at)
{
	/*@ loop invariant type <= E820_TYPES;
	    loop invariant \forall integer stricter; type <= stricter < E820_TYPES ==> until[stricter] <= at;
	    loop assigns type;
	    loop variant type; */
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

/*@ requires \valid(to);
    assigns *to;
    ensures to->start == start && to->end == end && to->type == type; */
static void set_entry(struct e820_entry *to, phys_t start, phys_t end, uint32_t type)
{
	to->start = start;
	to->end = end;
	to->type = type;
	to->pad = 0;
}

/*@ requires \valid(out) && \valid(out->entry + out->count) && \base_addr(out) != \base_addr(out->entry);
    requires out->count < UINT32_MAX;
    assigns out->count, out->entry[out->count];
    ensures out->count == \old(out->count) + 1;
    ensures out->entry[out->count - 1].start == start && out->entry[out->count - 1].end == end;
    ensures out->entry[out->count - 1].type == type;
    ensures \forall integer k; \old(out->count) != k ==> e820_same{Pre, Post}(out->entry + k, out->entry + k); */
static void append(struct e820 *out, phys_t start, phys_t end, uint32_t type)
{
	set_entry(&out->entry[out->count], start, end, type);
	out->count++;
}

/* Append a stretch; one that continues the last entry extends it. */
/*@ requires \valid(out) && \valid(out->entry + (0 .. out->count)) && \base_addr(out) != \base_addr(out->entry);
    requires out->count < UINT32_MAX && start < end <= PHYS_END && type < E820_TYPES;
    requires e820_ordered(out->entry, out->count);
    requires out->count > 0 ==> out->entry[out->count - 1].end <= start;
    assigns out->count, out->entry[(out->count > 0 ? out->count - 1 : 0) .. out->count];
    ensures \old(out->count) <= out->count <= \old(out->count) + 1 && 0 < out->count;
    ensures e820_typed(out->entry, out->count);
    ensures e820_disjoint(out->entry, out->count);
    ensures e820_merged(out->entry, out->count);
    ensures out->entry[out->count - 1].end == end;
    ensures \forall integer t, x; e820_covered(out->entry, out->count, t, x) <==>
        e820_covered{Pre}(out->entry, \old(out->count), t, x) || t == type && start <= x < end;
    ensures e820_aligned{Pre}(out->entry, \old(out->count)) && start % PAGE_SIZE == 0 && end % PAGE_SIZE == 0 ==>
        e820_aligned(out->entry, out->count);
    ensures \forall integer t, x; e820_as_strict{Pre}(out->entry, \old(out->count), t, x) || t <= type && start <= x < end ==>
        e820_as_strict(out->entry, out->count, t, x);
    ensures \forall integer k; \old(out->count) < k ==> e820_same{Pre, Post}(out->entry + k, out->entry + k); */
static void emit(struct e820 *out, phys_t start, phys_t end, uint32_t type)
{
	if (goes_on(out, start, type))
		out->entry[out->count - 1].end = end;
	else
		append(out, start, end, type);
	/*@ assert \forall integer x; start <= x < end ==> e820_covered(out->entry, out->count, type, x); */
	/*@ assert \forall integer t, x; e820_covered{Pre}(out->entry, \at(out->count, Pre), t, x) ==>
	        e820_covered(out->entry, out->count, t, x); */
	/*@ assert \forall integer t, x; e820_covered(out->entry, out->count, t, x) ==>
	        e820_covered{Pre}(out->entry, \at(out->count, Pre), t, x) || t == type && start <= x < end; */
}

/* Append what is open from one address to another, with until as in sweep. */
/*@ requires \valid_read(until + (0 .. E820_TYPES - 1)) && from <= to <= PHYS_END;
    requires \forall integer type; 0 <= type < E820_TYPES ==> until[type] <= PHYS_END;
    requires \let room = out->count + opened(until, from); \valid(out) && \valid(out->entry + (0 .. room - 1)) &&
        \base_addr(out) != \base_addr(out->entry) && room <= INT32_MAX;
    requires \base_addr(until) != \base_addr(out) && \base_addr(until) != \base_addr(out->entry);
    requires e820_ordered(out->entry, out->count);
    requires out->count > 0 ==> out->entry[out->count - 1].end <= from;
    assigns out->count, out->entry[0 .. out->count + opened(until, from) - 1];
    ensures \forall integer k; \old(out->count + opened(until, from)) <= k ==>
        e820_same{Pre, Post}(out->entry + k, out->entry + k);
    ensures \forall integer type; 0 <= type < E820_TYPES ==> until[type] == \old(until[type]);
    ensures e820_ordered(out->entry, out->count);
    ensures out->count > 0 ==> out->entry[out->count - 1].end <= to;
    ensures out->count + opened(until, to) <= \old(out->count + opened(until, from)) + 1;
    ensures (\forall integer type; 0 <= type < E820_TYPES ==> until[type] <= to) ==>
        out->count <= \old(out->count + opened(until, from));
    ensures \forall integer type, x; e820_covered(out->entry, out->count, type, x) <==>
        e820_covered{Pre}(out->entry, \old(out->count), type, x) || from <= x < to && rules{Pre}(until, type, x); */
static void emit_until(struct e820 *out, const phys_t until[E820_TYPES], phys_t from, phys_t to)
{
	/*@ loop invariant \at(from, Pre) <= from <= to;
	    loop invariant \forall integer type; 0 <= type < E820_TYPES ==> until[type] == \at(until[type], Pre);
	    loop invariant \forall integer k; \at(out->count + opened(until, from), Pre) <= k ==>
	        e820_same{Pre, Here}(out->entry + k, out->entry + k);
	    loop invariant out->count + opened{Pre}(until, from) <= \at(out->count + opened(until, from), Pre) ||
	        from == to && out->count + opened{Pre}(until, from) <= \at(out->count + opened(until, from), Pre) + 1 &&
	        \exists integer type; 0 <= type < E820_TYPES && until[type] > to;
	    loop invariant e820_ordered(out->entry, out->count);
	    loop invariant out->count > 0 ==> out->entry[out->count - 1].end <= from;
	    loop invariant \forall integer type, x; e820_covered(out->entry, out->count, type, x) <==>
	        e820_covered{Pre}(out->entry, \at(out->count, Pre), type, x) ||
	        \at(from, Pre) <= x < from && rules{Pre}(until, type, x);
	    loop assigns from, out->count, out->entry[0 .. \at(out->count + opened(until, from), Pre) - 1];
	    loop variant to - from; */
	while (from < to) {
		uint32_t type = strictest(until, from);
		phys_t end;

		if (type == E820_TYPES)
			return;
		end = min_u64(until[type], to);
		/*@ assert opened{Pre}(until, end) <= opened{Pre}(until, from) &&
		        (until[type] <= to ==> opened{Pre}(until, end) < opened{Pre}(until, from)); */
		/*@ assert \forall integer t, x; from <= x < end ==> (rules{Pre}(until, t, x) <==> t == type); */
		emit(out, from, end, type);
		from = end;
	}
}

/* A range of a type begins. */
/*@ requires \valid(until + (0 .. E820_TYPES - 1)) && type < E820_TYPES && end <= PHYS_END;
    requires \forall integer t; 0 <= t < E820_TYPES ==> until[t] <= PHYS_END;
    assigns until[type];
    ensures \forall integer t; 0 <= t < E820_TYPES ==> until[t] <= PHYS_END;
    ensures \forall integer t, x; is_open(until, t, x) <==> is_open{Pre}(until, t, x) || t == type && x < end;
    ensures \forall integer at; opened(until, at) <= opened{Pre}(until, at) + 1;
    ensures \forall struct e820_entry *entry, integer n; \base_addr(entry) != \base_addr(until) &&
        e820_ordered{Pre}(entry, n) ==> e820_ordered(entry, n);
    ensures \forall struct e820_entry *entry, integer n, t, x; \base_addr(entry) != \base_addr(until) ==>
        (e820_covered{Pre}(entry, n, t, x) <==> e820_covered(entry, n, t, x)); */
static void open_range(phys_t until[E820_TYPES], uint32_t type, phys_t end)
{
	until[type] = max_u64(until[type], end);
}

/* Append what is open from an address to where a range begins; the range is open from there on. */
/*@ requires \valid(until + (0 .. E820_TYPES - 1));
    requires from <= range.start < range.end <= PHYS_END && range.type < E820_TYPES;
    requires \forall integer type; 0 <= type < E820_TYPES ==> until[type] <= PHYS_END;
    requires \let room = out->count + opened(until, from); \valid(out) && \valid(out->entry + (0 .. room - 1)) &&
        \base_addr(out) != \base_addr(out->entry) && room <= INT32_MAX;
    requires \base_addr(until) != \base_addr(out) && \base_addr(until) != \base_addr(out->entry);
    requires e820_ordered(out->entry, out->count);
    requires out->count > 0 ==> out->entry[out->count - 1].end <= from;
    assigns out->count, out->entry[0 .. out->count + opened(until, from) - 1], until[0 .. E820_TYPES - 1];
    ensures e820_ordered(out->entry, out->count);
    ensures out->count > 0 ==> out->entry[out->count - 1].end <= range.start;
    ensures out->count + opened(until, range.start) <= \old(out->count + opened(until, from)) + 2;
    ensures \forall integer k; \old(out->count + opened(until, from)) <= k ==>
        e820_same{Pre, Post}(out->entry + k, out->entry + k);
    ensures \forall integer type; 0 <= type < E820_TYPES ==> until[type] <= PHYS_END;
    ensures \forall integer type, x; is_open(until, type, x) <==>
        is_open{Pre}(until, type, x) || type == range.type && x < range.end;
    ensures \forall integer type, x; e820_covered(out->entry, out->count, type, x) <==>
        e820_covered{Pre}(out->entry, \old(out->count), type, x) || from <= x < range.start && rules{Pre}(until, type, x); */
static void begin_range(
	struct e820 *out, phys_t until[E820_TYPES], phys_t from, struct e820_entry range)
{
	emit_until(out, until, from, range.start);
	open_range(until, range.type, range.end);
}

/* A range that begins below the end of one before it overlaps. */
/*@ requires \valid_read(range + (0 .. n - 1)) && (f == \null || \valid(f)) && \base_addr(range) != \base_addr(f);
    assigns *f;
    ensures kept{Pre, Post}(range); */
static void count_overlaps(const struct e820_entry *range, uint32_t n, struct findings *f)
{
	phys_t end = 0;

	/*@ loop invariant 0 <= i <= n;
	    loop invariant kept{Pre, Here}(range);
	    loop assigns i, end, *f;
	    loop variant n - i; */
	for (uint32_t i = 0; i < n; i++) {
		phys_t start = range[i].start;

		if (start < end)
			finding_add(f, FINDING_MAP_OVERLAP, start, start);
		end = max_u64(end, range[i].end);
	}
}

/*
 * n ranges in order, which begin at an index of n or more, become stretches in the front of the same table. Each makes two
 * at most, one that ends where it begins and one that ends with it, so that none is overwritten before it was looked at.
 *
 * until[type] is where the ranges of a type that have begun end: a type is open at an address below that.
 */
/*@ requires n <= first && first + n <= INT32_MAX && \valid(out) && \valid(out->entry + (0 .. first + n - 1));
    requires \base_addr(out) != \base_addr(out->entry);
    requires \forall integer k; first <= k < first + n ==>
        out->entry[k].start < out->entry[k].end <= PHYS_END && out->entry[k].type < E820_TYPES;
    requires \forall integer j, k; first <= j <= k < first + n ==> out->entry[j].start <= out->entry[k].start;
    assigns out->count, out->entry[0 .. first + n - 1];
    ensures out->count <= 2 * n;
    ensures e820_ordered(out->entry, out->count);
    ensures \forall integer type, x; e820_covered(out->entry, out->count, type, x) <==>
        ruled_by{Pre}(out->entry, first, first + n, type, x); */
static void sweep(struct e820 *out, uint32_t first, uint32_t n)
{
	phys_t until[E820_TYPES] = { 0 };
	phys_t from = 0;

	out->count = 0;
	/*@ assert \forall integer type, x; covered_by{Pre}(out->entry, first, first + n, type, x) ==>
	        0 <= type < E820_TYPES && x < PHYS_END; */
	/*@ loop invariant first <= i <= first + n && from <= PHYS_END;
	    loop invariant \forall integer type; 0 <= type < E820_TYPES ==> until[type] <= PHYS_END;
	    loop invariant \forall integer k; first <= k < i ==> \at(out->entry[k].start, Pre) <= from;
	    loop invariant \forall integer k; i <= k < first + n ==> from <= \at(out->entry[k].start, Pre);
	    loop invariant \forall integer k; i <= k < first + n ==> e820_same{Pre, Here}(out->entry + k, out->entry + k);
	    loop invariant out->count + opened(&until[0], from) <= 2 * (i - first);
	    loop invariant e820_ordered(out->entry, out->count);
	    loop invariant out->count > 0 ==> out->entry[out->count - 1].end <= from;
	    loop invariant \forall integer type, x; from <= x ==>
	        (is_open(&until[0], type, x) <==> covered_by{Pre}(out->entry, first, i, type, x));
	    loop invariant \forall integer type, x; e820_covered(out->entry, out->count, type, x) <==>
	        x < from && ruled_by{Pre}(out->entry, first, first + n, type, x);
	    loop assigns i, from, until[0 .. E820_TYPES - 1], out->count, out->entry[0 .. first + n - 1];
	    loop variant first + n - i; */
	for (uint32_t i = first; i < first + n; i++) {
		struct e820_entry e = out->entry[i];

		/*@ assert e.start == \at(out->entry[\at(i, Here)].start, Pre) && e.end == \at(out->entry[\at(i, Here)].end, Pre) &&
		        e.type == \at(out->entry[\at(i, Here)].type, Pre); */
		/*@ assert \forall integer type, x; covered_by{Pre}(out->entry, first, i + 1, type, x) <==>
		        covered_by{Pre}(out->entry, first, i, type, x) || type == e.type && e.start <= x < e.end; */
		/*@ assert \forall integer type, x; x < e.start ==> (covered_by{Pre}(out->entry, first, first + n, type, x) <==>
		        covered_by{Pre}(out->entry, first, i, type, x)); */
		/*@ assert \forall integer type, x; from <= x < e.start ==>
		        (is_open(&until[0], type, x) <==> covered_by{Pre}(out->entry, first, first + n, type, x)); */
		/*@ assert \forall integer type, x; from <= x < e.start ==>
		        (rules(&until[0], type, x) <==> ruled_by{Pre}(out->entry, first, first + n, type, x)); */
		begin_range(out, until, from, e);
		from = e.start;
	}
	/*@ assert \forall integer type, x; from <= x ==>
	        (is_open(&until[0], type, x) <==> covered_by{Pre}(out->entry, first, first + n, type, x)); */
	/*@ assert \forall integer type, x; from <= x ==>
	        (rules(&until[0], type, x) <==> ruled_by{Pre}(out->entry, first, first + n, type, x)); */
	emit_until(out, until, from, PHYS_END);
}

/* Does a raw entry make sense? */
/*@ assigns \nothing;
    ensures \result <==> start < end <= PHYS_END; */
static bool makes_sense(phys_t start, phys_t end)
{
	return start < end && end <= PHYS_END;
}

/*@ assigns \nothing;
    ensures \result == e820_known(type) && \result < E820_TYPES; */
static uint32_t known_type(uint32_t type)
{
	return type < E820_TYPES ? type : E820_RESERVED;
}

/*@ requires \valid_read(raw + (0 .. n - 1)) && (f == \null || \valid(f)) && \base_addr(raw) != \base_addr(f);
    assigns *f;
    ensures kept{Pre, Post}(raw); */
static void count_repairs(const struct e820_entry *raw, uint32_t n, struct findings *f)
{
	phys_t last_start = 0;

	/*@ loop invariant 0 <= i <= n;
	    loop invariant kept{Pre, Here}(raw);
	    loop assigns i, last_start, *f;
	    loop variant n - i; */
	for (uint32_t i = 0; i < n; i++) {
		phys_t start = raw[i].start, end = raw[i].end;

		if (start == end) {
			finding_add(f, FINDING_MAP_ZERO_LENGTH, start, end);
		} else if (!makes_sense(start, end)) {
			finding_add(f, FINDING_MAP_WRAPS, start, end);
		} else {
			if (start < last_start)
				finding_add(f, FINDING_MAP_UNSORTED, start, end);
			last_start = start;
		}
	}
}

/* The raw entries that make sense, and how many they are. */
/*@ requires \valid_read(raw + (0 .. n - 1)) && \valid(range + (0 .. n - 1)) && n <= INT32_MAX;
    requires \separated(raw + (0 .. n - 1), range + (0 .. n - 1));
    assigns range[0 .. n - 1];
    ensures \result <= n && e820_typed(range, \result);
    ensures \forall integer type, x; e820_covered(range, \result, type, x) <==> e820_raw_covered{Pre}(raw, n, type, x); */
static uint32_t take_ranges(const struct e820_entry *raw, uint32_t n, struct e820_entry *range)
{
	uint32_t ranges = 0;

	/*@ loop invariant 0 <= i <= n && ranges <= i;
	    loop invariant \forall integer k; 0 <= k < n ==> e820_same{Pre, Here}(raw + k, raw + k);
	    loop invariant e820_typed(range, ranges);
	    loop invariant \forall integer type, x; e820_covered(range, ranges, type, x) <==>
	        e820_raw_covered{Pre}(raw, i, type, x);
	    loop assigns i, ranges, range[0 .. n - 1];
	    loop variant n - i; */
	for (uint32_t i = 0; i < n; i++) {
		struct e820_entry e = raw[i];

		/*@ assert \forall integer type, x; e820_raw_covered{Pre}(raw, i + 1, type, x) <==>
		        e820_raw_covered{Pre}(raw, i, type, x) || e.start < e.end <= PHYS_END &&
		        type == e820_known(e.type) && e.start <= x < e.end; */
		/*@ assert !(e.start < e.end <= PHYS_END) ==> \forall integer type, x;
		        e820_covered(range, ranges, type, x) <==> e820_raw_covered{Pre}(raw, i + 1, type, x); */
		if (!makes_sense(e.start, e.end))
			continue;
		set_entry(&range[ranges], e.start, e.end, known_type(e.type));
		/*@ assert \forall integer type, x; e820_covered(range, ranges, type, x) <==>
		        e820_covered{LoopCurrent}(range, ranges, type, x); */
		/*@ assert \forall integer type, x; e820_covered(range, ranges + 1, type, x) <==>
		        e820_covered(range, ranges, type, x) || type == range[ranges].type && e.start <= x < e.end; */
		/*@ assert \forall integer type, x; e820_covered(range, ranges + 1, type, x) <==>
		        e820_raw_covered{Pre}(raw, i + 1, type, x); */
		ranges++;
		/*@ assert ranges == \at(ranges, LoopCurrent) + 1; */
	}
	return ranges;
}

/* Where pages begin that may begin in the last entry's last page: the stricter type has it. */
/*@ requires \valid(out) && \valid(out->entry + (0 .. out->count - 1)) && \base_addr(out) != \base_addr(out->entry);
    requires start <= PHYS_END && start % PAGE_SIZE == 0;
    requires e820_ordered(out->entry, out->count) && e820_aligned(out->entry, out->count);
    requires out->count > 0 ==> out->entry[out->count - 1].end <= start + PAGE_SIZE;
    assigns out->count, out->entry[(out->count > 0 ? out->count - 1 : 0) .. out->count - 1];
    ensures out->count <= \old(out->count) && e820_aligned(out->entry, out->count);
    ensures e820_typed(out->entry, out->count);
    ensures e820_disjoint(out->entry, out->count);
    ensures e820_merged(out->entry, out->count);
    ensures start <= \result <= start + PAGE_SIZE && \result % PAGE_SIZE == 0;
    ensures out->count > 0 ==> out->entry[out->count - 1].end <= \result;
    ensures \result > start ==> out->count > 0 && \result == out->entry[out->count - 1].end;
    ensures \forall integer k; \old(out->count) <= k ==> e820_same{Pre, Post}(out->entry + k, out->entry + k);
    ensures \forall integer t, x; e820_covered(out->entry, out->count, t, x) ==>
        e820_covered{Pre}(out->entry, \old(out->count), t, x);
    ensures \forall integer t, x; e820_as_strict{Pre}(out->entry, \old(out->count), t, x) ==>
        e820_as_strict(out->entry, out->count, t, x) || \result == start <= x < start + PAGE_SIZE && t < type;
    ensures \forall integer t, x; t <= type && start <= x < \result ==> e820_as_strict(out->entry, out->count, t, x); */
static phys_t make_room(struct e820 *out, phys_t start, uint32_t type)
{
	struct e820_entry *last;

	/*@ assert \forall integer i, j; 0 <= i < j < out->count ==> out->entry[i].end <= out->entry[j].start; */
	if (out->count == 0)
		return start;
	last = &out->entry[out->count - 1];
	if (last->end <= start)
		return start;
	if (type <= last->type)
		return last->end;
	/*@ assert last->start <= start; */
	if (last->start < start)
		last->end = start;
	else
		out->count--;
	/*@ assert \forall integer i, j; 0 <= i < j < out->count ==>
	        \at(out->entry[i].end, Pre) <= \at(out->entry[j].start, Pre); */
	/*@ assert \forall integer i; 0 <= i < out->count ==> out->entry[i].start == \at(out->entry[i].start, Pre) &&
	        out->entry[i].end <= \at(out->entry[i].end, Pre); */
	return start;
}

/* Append pages, of which the first may be the last of the table: the stricter type has it. */
/*@ requires \valid(out) && \valid(out->entry + (0 .. out->count)) && \base_addr(out) != \base_addr(out->entry);
    requires out->count < UINT32_MAX && start <= PHYS_END && end <= PHYS_END && type < E820_TYPES;
    requires start % PAGE_SIZE == 0 && end % PAGE_SIZE == 0;
    requires e820_ordered(out->entry, out->count) && e820_aligned(out->entry, out->count);
    requires out->count > 0 ==> out->entry[out->count - 1].end <= start + PAGE_SIZE;
    assigns out->count, out->entry[0 .. out->count];
    ensures out->count <= \old(out->count) + 1;
    ensures e820_ordered(out->entry, out->count);
    ensures e820_aligned(out->entry, out->count);
    ensures start < end ==> out->count > 0 && out->entry[out->count - 1].end == end;
    ensures start >= end ==> out->count == \old(out->count) && \forall integer k; e820_same{Pre, Post}(out->entry + k, out->entry + k);
    ensures \forall integer k; \old(out->count) < k ==> e820_same{Pre, Post}(out->entry + k, out->entry + k);
    ensures \forall integer t, x; e820_covered(out->entry, out->count, t, x) ==>
        e820_covered{Pre}(out->entry, \old(out->count), t, x) || t == type && start <= x < end;
    ensures \forall integer t, x; e820_as_strict{Pre}(out->entry, \old(out->count), t, x) || t <= type && start <= x < end ==>
        e820_as_strict(out->entry, out->count, t, x); */
static void emit_pages(struct e820 *out, phys_t start, phys_t end, uint32_t type)
{
	if (start >= end)
		return;
	/*@ assert start + PAGE_SIZE <= end; */
	start = make_room(out, start, type);
	/*@ assert \forall integer t, x; e820_as_strict{Pre}(out->entry, \at(out->count, Pre), t, x) ==>
	        e820_as_strict(out->entry, out->count, t, x) || t <= type && start <= x < end; */
	if (start < end)
		emit(out, start, end, type);
}

/*@ lemma next_page: \forall integer a, b; a % PAGE_SIZE == 0 && b % PAGE_SIZE == 0 && a < b + 2 * PAGE_SIZE ==>
        a <= b + PAGE_SIZE;
    logic integer page_down(integer x) = x - x % PAGE_SIZE;
    logic integer page_up(integer x) = page_down(x + (PAGE_SIZE - 1));
    logic integer round_start(integer start, integer type) = type == E820_RAM ? page_up(start) : page_down(start);
    logic integer round_end(integer end, integer type) = type == E820_RAM ? page_down(end) : page_up(end);
    predicate rounded_covered(struct e820_entry *entry, integer n, integer type, integer x) = \exists integer i;
        0 <= i < n && entry[i].type == type && round_start(entry[i].start, type) <= x < round_end(entry[i].end, type);
    predicate rounded_as_strict(struct e820_entry *entry, integer n, integer type, integer x) = \exists integer i;
        0 <= i < n && type <= entry[i].type &&
        round_start(entry[i].start, entry[i].type) <= x < round_end(entry[i].end, entry[i].type);
*/

/*@ requires \valid_read(map) && \valid_read(map->entry + (0 .. map->count - 1)) && (f == \null || \valid(f));
    requires \separated(map, f) && \base_addr(map->entry) != \base_addr(f);
    assigns *f;
    ensures map->count == \old(map->count) && map->entry == \old(map->entry) && kept{Pre, Post}(map->entry); */
static void count_unaligned(const struct e820 *map, struct findings *f)
{
	/*@ loop invariant 0 <= i <= map->count && map->count == \at(map->count, Pre) && map->entry == \at(map->entry, Pre);
	    loop invariant kept{Pre, Here}(map->entry);
	    loop assigns i, *f;
	    loop variant map->count - i; */
	for (uint32_t i = 0; i < map->count; i++) {
		const struct e820_entry *e = &map->entry[i];

		if ((e->start | e->end) % PAGE_SIZE != 0)
			finding_add(f, FINDING_MAP_UNALIGNED, e->start, e->end);
	}
}

/*@ requires \valid_read(map) && \valid_read(map->entry + (0 .. map->count - 1)) && (f == \null || \valid(f));
    requires \separated(map, f) && \base_addr(map->entry) != \base_addr(f);
    assigns *f;
    ensures map->count == \old(map->count) && map->entry == \old(map->entry) && kept{Pre, Post}(map->entry); */
static void count_large(const struct e820 *map, struct findings *f)
{
	if (map->count > 128)
		finding_add(
			f, FINDING_MAP_LARGE, map->entry[0].start, map->entry[map->count - 1].end);
}

/* RAM must be whole pages, everything else keeps its pages. */
/*@ requires start <= PHYS_END;
    assigns \nothing;
    ensures \result == round_start(start, type) && \result % PAGE_SIZE == 0 && \result <= PHYS_END;
    ensures start - PAGE_SIZE < \result; */
static phys_t rounded_start(phys_t start, uint32_t type)
{
	return type == E820_RAM ? align_up(start, PAGE_SIZE) : align_down(start, PAGE_SIZE);
}

/*@ requires end <= PHYS_END;
    assigns \nothing;
    ensures \result == round_end(end, type) && \result % PAGE_SIZE == 0 && \result <= PHYS_END;
    ensures \result < end + PAGE_SIZE; */
static phys_t rounded_end(phys_t end, uint32_t type)
{
	return type == E820_RAM ? align_down(end, PAGE_SIZE) : align_up(end, PAGE_SIZE);
}

/* No entry becomes two: the table is its own output. */
/*@ requires \valid(map) && \valid(map->entry + (0 .. map->count - 1)) && \base_addr(map) != \base_addr(map->entry);
    requires e820_ordered(map->entry, map->count) && map->count <= INT32_MAX;
    assigns map->count, map->entry[0 .. map->count - 1];
    ensures map->count <= \old(map->count);
    ensures e820_ordered(map->entry, map->count) && e820_aligned(map->entry, map->count);
    ensures \forall integer t, x; e820_covered(map->entry, map->count, t, x) ==>
        rounded_covered{Pre}(map->entry, \old(map->count), t, x);
    ensures \forall integer t, x; rounded_as_strict{Pre}(map->entry, \old(map->count), t, x) ==>
        e820_as_strict(map->entry, map->count, t, x); */
static void round_to_pages(struct e820 *map)
{
	uint32_t n = map->count;

	map->count = 0;
	/*@ loop invariant 0 <= i <= n && map->count <= i;
	    loop invariant \forall integer k; i <= k < n ==> e820_same{Pre, Here}(map->entry + k, map->entry + k);
	    loop invariant e820_ordered(map->entry, map->count) && e820_aligned(map->entry, map->count);
	    loop invariant map->count > 0 ==> i > 0 &&
	        map->entry[map->count - 1].end < \at(map->entry[\at(i, Here) - 1].end, Pre) + PAGE_SIZE;
	    loop invariant \forall integer t, x; e820_covered(map->entry, map->count, t, x) ==>
	        rounded_covered{Pre}(map->entry, i, t, x);
	    loop invariant \forall integer t, x; rounded_as_strict{Pre}(map->entry, i, t, x) ==>
	        e820_as_strict(map->entry, map->count, t, x);
	    loop assigns i, map->count, map->entry[0 .. n - 1];
	    loop variant n - i; */
	for (uint32_t i = 0; i < n; i++) {
		struct e820_entry e = map->entry[i];
		phys_t start = rounded_start(e.start, e.type), end = rounded_end(e.end, e.type);

		/*@ assert e.start == \at(map->entry[\at(i, Here)].start, Pre) && e.end == \at(map->entry[\at(i, Here)].end, Pre) &&
		        e.type == \at(map->entry[\at(i, Here)].type, Pre); */
		/*@ assert \forall integer t, x; rounded_covered{Pre}(map->entry, i + 1, t, x) <==>
		        rounded_covered{Pre}(map->entry, i, t, x) || t == e.type &&
		        round_start(e.start, e.type) <= x < round_end(e.end, e.type); */
		/*@ assert \forall integer t, x; rounded_covered{Pre}(map->entry, i + 1, t, x) <==>
		        rounded_covered{Pre}(map->entry, i, t, x) || t == e.type && start <= x < end; */
		/*@ assert \forall integer t, x; rounded_as_strict{Pre}(map->entry, i + 1, t, x) <==>
		        rounded_as_strict{Pre}(map->entry, i, t, x) || t <= e.type &&
		        round_start(e.start, e.type) <= x < round_end(e.end, e.type); */
		/*@ assert \forall integer t, x; rounded_as_strict{Pre}(map->entry, i + 1, t, x) <==>
		        rounded_as_strict{Pre}(map->entry, i, t, x) || t <= e.type && start <= x < end; */
		/*@ assert map->count > 0 ==> map->entry[map->count - 1].end < start + 2 * PAGE_SIZE; */
		/*@ assert map->count > 0 ==> map->entry[map->count - 1].end % PAGE_SIZE == 0; */
		/*@ assert map->count > 0 ==> map->entry[map->count - 1].end <= start + PAGE_SIZE; */
		/*@ assert i > 0 ==> \at(map->entry[\at(i, Here) - 1].end, Pre) < e.end; */
		emit_pages(map, start, end, e.type);
	}
}

/*@ lemma raw_types: \forall struct e820_entry *raw, integer n, type, x; e820_raw_covered(raw, n, type, x) ==>
        0 <= type < E820_TYPES;
    lemma covered_strict: \forall struct e820_entry *entry, integer n, u, v, x; u <= v && e820_covered(entry, n, v, x) ==>
        e820_as_strict(entry, n, u, x);
    lemma as_strict: \forall struct e820_entry *entry, integer n, u, v, x; u <= v && e820_as_strict(entry, n, v, x) ==>
        e820_as_strict(entry, n, u, x);
    lemma one_type: \forall struct e820_entry *entry, integer n, u, v, x; e820_disjoint(entry, n) &&
        e820_covered(entry, n, v, x) && e820_as_strict(entry, n, u, x) ==> u <= v;
    lemma rounded_ram: \forall struct e820_entry *entry, integer n, x; rounded_covered(entry, n, E820_RAM, x) ==>
        e820_covered(entry, n, E820_RAM, x);
    lemma pages: \forall integer x; 0 <= x ==> page_down(x) <= x <= page_up(x);
*/

/*@ predicate begun_from(struct e820_entry *entry, integer first, integer end, integer at) = \forall integer i;
        first <= i < end ==> entry[i].start <= at;
    logic struct e820_entry *entry_at(struct e820_entry *entry, integer i) = entry + i; */

/*@ ghost
    // What is known of a pointer's entries, said by the table's indexes.
    /@ requires first + n <= INT32_MAX && e820_typed(entry + first, n) && sorted(entry + first, n);
       assigns \nothing;
       ensures \forall integer k; first <= k < first + n ==>
           entry[k].start < entry[k].end <= PHYS_END && entry[k].type < E820_TYPES;
       ensures \forall integer j, k; first <= j <= k < first + n ==> entry[j].start <= entry[k].start;
       ensures \forall integer type, x; covered_by(entry, first, first + n, type, x) <==>
           e820_covered(entry + first, n, type, x); @/
    void by_index(struct e820_entry *entry, uint32_t first, uint32_t n)
    {
        uint32_t i = 0;

        /@ loop invariant 0 <= i <= n;
           loop invariant \forall integer k; first <= k < first + i ==>
               entry[k].start < entry[k].end <= PHYS_END && entry[k].type < E820_TYPES;
           loop invariant i > 0 ==> \forall integer j; first <= j < first + i ==>
               entry[j].start <= entry[first + i - 1].start;
           loop invariant \forall integer k; first <= k < first + i ==> begun_from(entry, first, k + 1, entry[k].start);
           loop invariant \forall integer type, x; covered_by(entry, first, first + i, type, x) <==>
               e820_covered(entry + first, i, type, x);
           loop assigns i;
           loop variant n - i; @/
        while (i < n) {
            /@ assert entry_at(entry + first, i) == entry_at(entry, first + i); @/
            /@ assert i > 0 ==> entry_at(entry + first, i - 1) == entry_at(entry, first + i - 1); @/
            /@ assert \forall integer j; first <= j < first + i + 1 ==> entry[j].start <= entry[first + i].start; @/
            /@ assert begun_from(entry, first, first + i + 1, entry[first + i].start); @/
            /@ assert \forall integer type, x; covered_by(entry, first, first + i + 1, type, x) <==>
                   covered_by(entry, first, first + i, type, x) ||
                   entry[first + i].type == type && entry[first + i].start <= x < entry[first + i].end; @/
            /@ assert \forall integer type, x; e820_covered(entry + first, i + 1, type, x) <==>
                   e820_covered(entry + first, i, type, x) ||
                   entry[first + i].type == type && entry[first + i].start <= x < entry[first + i].end; @/
            i++;
            /@ assert i == \at(i, LoopCurrent) + 1; @/
        }
    } */

/*@ ghost
    // Of the types that cover a byte one rules.
    /@ assigns \nothing;
       ensures \forall integer u, x; 0 <= u < E820_TYPES && covered_by(entry, first, end, u, x) ==>
           \exists integer v; u <= v && ruled_by(entry, first, end, v, x); @/
    void one_rules(struct e820_entry *entry, uint32_t first, uint32_t end)
    {
        /@ loop invariant 0 <= type <= E820_TYPES;
           loop invariant \forall integer u, x; type <= u < E820_TYPES && covered_by(entry, first, end, u, x) ==>
               \exists integer v; u <= v && ruled_by(entry, first, end, v, x);
           loop assigns type;
           loop variant type; @/
        for (uint32_t type = E820_TYPES; type-- > 0;) {
            /@ assert \forall integer x; covered_by(entry, first, end, type, x) &&
                   (\forall integer s; type < s < E820_TYPES ==> !covered_by(entry, first, end, s, x)) ==>
                   ruled_by(entry, first, end, type, x); @/
        }
    } */

/*@ ghost
    // What is not RAM keeps its bytes when it is rounded.
    /@ assigns \nothing;
       ensures \forall integer t, x; E820_RAM < t && e820_as_strict(entry, n, t, x) ==> rounded_as_strict(entry, n, t, x); @/
    void rounds_outward(struct e820_entry *entry, uint32_t n)
    {
        uint32_t i = 0;

        /@ loop invariant 0 <= i <= n;
           loop invariant \forall integer t, x; E820_RAM < t && e820_as_strict(entry, i, t, x) ==>
               rounded_as_strict(entry, i, t, x);
           loop assigns i;
           loop variant n - i; @/
        while (i < n) {
            /@ assert \forall integer t, x; e820_as_strict(entry, i + 1, t, x) <==>
                   e820_as_strict(entry, i, t, x) || t <= entry[i].type && entry[i].start <= x < entry[i].end; @/
            /@ assert \forall integer t, x; rounded_as_strict(entry, i + 1, t, x) <==>
                   rounded_as_strict(entry, i, t, x) || t <= entry[i].type &&
                   round_start(entry[i].start, entry[i].type) <= x < round_end(entry[i].end, entry[i].type); @/
            i++;
            /@ assert i == \at(i, LoopCurrent) + 1; @/
        }
    } */

enum bm_error e820_sanitise(
	const struct e820_entry *raw, uint32_t n, struct e820 *out, struct findings *f)
{
	uint32_t ranges;

	if (n > UINT32_MAX / 8 || out->capacity < 2 * n)
		return BM_FULL;
	count_repairs(raw, n, f);
	/*@ assert out->capacity == \at(out->capacity, Pre); */
	ranges = take_ranges(raw, n, out->entry + n);
	/*@ assert out->capacity == \at(out->capacity, Pre); */
	sort_ranges(out->entry + n, ranges);
	/*@ assert out->capacity == \at(out->capacity, Pre); */
	count_overlaps(out->entry + n, ranges, f);
	/*@ assert out->capacity == \at(out->capacity, Pre); */
	/*@ ghost by_index(out->entry, n, ranges); */
	/*@ ghost one_rules(out->entry, n, n + ranges); */
	/*@ assert \forall integer type, x; covered_by(out->entry, n, n + ranges, type, x) <==>
	        e820_raw_covered{Pre}(raw, n, type, x); */
	/*@ assert \forall integer u, x; e820_raw_covered{Pre}(raw, n, u, x) ==>
	        \exists integer v; u <= v && ruled_by(out->entry, n, n + ranges, v, x); */
	sweep(out, n, ranges);
	/*@ assert out->capacity == \at(out->capacity, Pre); */
	/*@ assert \forall integer t, x; e820_covered(out->entry, out->count, t, x) ==> e820_raw_covered{Pre}(raw, n, t, x); */
	/*@ assert \forall integer t, u, x; e820_covered(out->entry, out->count, t, x) && e820_raw_covered{Pre}(raw, n, u, x) ==>
	        u <= t; */
	/*@ assert \forall integer u, x; e820_raw_covered{Pre}(raw, n, u, x) ==>
	        \exists integer v; u <= v && e820_covered(out->entry, out->count, v, x); */
	/*@ assert \forall integer t, x; e820_raw_covered{Pre}(raw, n, t, x) ==> e820_as_strict(out->entry, out->count, t, x); */
	count_unaligned(out, f);
	/*@ assert out->capacity == \at(out->capacity, Pre); */
	/*@ assert e820_ordered(out->entry, out->count); */
	/*@ assert \forall integer t, x; e820_covered(out->entry, out->count, t, x) ==> e820_raw_covered{Pre}(raw, n, t, x); */
	/*@ assert \forall integer t, x; e820_raw_covered{Pre}(raw, n, t, x) ==> e820_as_strict(out->entry, out->count, t, x); */
	/*@ ghost rounds_outward(out->entry, out->count); */
	round_to_pages(out);
	/*@ assert out->capacity == \at(out->capacity, Pre); */
	/*@ assert \forall integer x; e820_covered(out->entry, out->count, E820_RAM, x) ==>
	        e820_raw_covered{Pre}(raw, n, E820_RAM, x); */
	/*@ assert \forall integer t, x; e820_raw_covered{Pre}(raw, n, t, x) && t != E820_RAM ==>
	        e820_as_strict(out->entry, out->count, t, x); */
	/*@ assert \forall integer t, u, x; e820_covered(out->entry, out->count, t, x) && e820_raw_covered{Pre}(raw, n, u, x) ==>
	        u <= t; */
	count_large(out, f);
	/*@ assert out->capacity == \at(out->capacity, Pre); */
	/*@ assert out->count <= 2 * n <= out->capacity; */
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
	/*@ loop invariant 0 <= i <= map->count && e820_typed(map->entry, i) && e820_disjoint(map->entry, i);
	    loop invariant e820_merged(map->entry, i) && e820_aligned(map->entry, i);
	    loop assigns i;
	    loop variant map->count - i; */
	for (uint32_t i = 0; i < map->count; i++) {
		const struct e820_entry *e = &map->entry[i];

		if (!entry_check(e))
			return false;
		if (i == 0)
			continue;
		if (e->start < e[-1].end)
			return false;
		/*@ assert \forall integer j; 0 <= j < i ==> map->entry[j].end <= map->entry[i].start; */
		if (e->start == e[-1].end && e->type == e[-1].type)
			return false;
	}
	return true;
}

/* Where an entry ends when no RAM is left from a limit on: where it begins if nothing is left of it. */
/*@ requires start < end;
    assigns \nothing;
    ensures start <= \result <= end;
    ensures \forall integer x; start <= x < end ==> (x < \result <==> e820_left(type, x, limit));
    ensures \result == start || \result == end || \result == limit; */
static phys_t cut_end(phys_t start, phys_t end, uint32_t type, phys_t limit)
{
	if (type != E820_RAM || end <= limit)
		return end;
	return max_u64(start, limit);
}

/* No entry becomes two: the table is its own output. */
uint64_t e820_cut_ram(struct e820 *map, phys_t limit_phys)
{
	phys_t limit = align_down(limit_phys, PAGE_SIZE);
	uint64_t cut = 0;
	uint32_t n = map->count;

	map->count = 0;
	/*@ loop invariant 0 <= i <= n && map->count <= i;
	    loop invariant \forall integer k; i <= k < n ==> e820_same{Pre, Here}(map->entry + k, map->entry + k);
	    loop invariant e820_ordered(map->entry, map->count) && e820_aligned(map->entry, map->count);
	    loop invariant map->count > 0 ==> i > 0 &&
	        map->entry[map->count - 1].end <= \at(map->entry[\at(i, Here) - 1].end, Pre);
	    loop invariant \forall integer t, x; e820_covered(map->entry, map->count, t, x) <==>
	        e820_covered{Pre}(map->entry, i, t, x) && e820_left(t, x, limit);
	    loop assigns i, cut, map->count, map->entry[0 .. n - 1];
	    loop variant n - i; */
	for (uint32_t i = 0; i < n; i++) {
		struct e820_entry e = map->entry[i];
		phys_t end = cut_end(e.start, e.end, e.type, limit);

		/*@ assert e.start == \at(map->entry[\at(i, Here)].start, Pre) && e.end == \at(map->entry[\at(i, Here)].end, Pre) &&
		        e.type == \at(map->entry[\at(i, Here)].type, Pre); */
		/*@ assert e.start < e.end <= PHYS_END && e.type < E820_TYPES && e.start % PAGE_SIZE == 0 && end % PAGE_SIZE == 0; */
		/*@ assert i > 0 ==> \at(map->entry[\at(i, Here) - 1].end, Pre) <= e.start; */
		/*@ assert \forall integer t, x; e820_covered{Pre}(map->entry, i + 1, t, x) <==>
		        e820_covered{Pre}(map->entry, i, t, x) || t == e.type && e.start <= x < e.end; */
		/*@ assert \forall integer t, x; e820_covered{Pre}(map->entry, i + 1, t, x) && e820_left(t, x, limit) <==>
		        e820_covered{Pre}(map->entry, i, t, x) && e820_left(t, x, limit) ||
		        t == e.type && e.start <= x < e.end && e820_left(e.type, x, limit); */
		/*@ assert \forall integer x; e.start <= x < e.end ==> (x < end <==> e820_left(e.type, x, limit)); */
		cut += e.end - end;
		if (e.start < end)
			emit(map, e.start, end, e.type);
		/*@ assert \forall integer t, x; e820_covered(map->entry, map->count, t, x) <==>
		        e820_covered{LoopCurrent}(map->entry, \at(map->count, LoopCurrent), t, x) ||
		        t == e.type && e.start <= x < end; */
		/*@ assert \forall integer t, x; t == e.type && e.start <= x < end ==>
		        e820_covered{Pre}(map->entry, i + 1, t, x) && e820_left(t, x, limit); */
		/*@ assert \forall integer t, x; e820_covered{LoopCurrent}(map->entry, \at(map->count, LoopCurrent), t, x) ==>
		        e820_covered{Pre}(map->entry, i + 1, t, x) && e820_left(t, x, limit); */
		/*@ assert \forall integer t, x; e820_covered{Pre}(map->entry, i + 1, t, x) && e820_left(t, x, limit) ==>
		        e820_covered(map->entry, map->count, t, x); */
		/*@ assert \forall integer t, x; e820_covered(map->entry, map->count, t, x) ==>
		        e820_covered{Pre}(map->entry, i + 1, t, x) && e820_left(t, x, limit); */
	}
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

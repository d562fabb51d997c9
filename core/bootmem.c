/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bootmem: the first allocator (invariant and interface: bootmem.h).
 *
 * Inside this file a page is an index: its pfn less the node's base_pfn. All changes of the bitmap
 * go through set_range, all searches through next_page; both work at the highest level that is
 * uniform, so a range costs at most two partial words of each level and the top level's bits between.
 * Allocations go on at a cursor, where free pages are known from the last search: usually nothing is searched, and one
 * word of the bitmap changes.
 */
#include <bootmem/bootmem.h>
#include <bootmem/string.h>

#define TOP             (BOOTMEM_LEVELS - 1)
#define ALL             (~UINT64_C(0))
#define BASE_PAGES      (UINT64_C(1) << 12) /* base_pfn is a multiple */
#define CHUNK_BYTES     (64 * KIB)
#define SMALL_BYTES     (16 * KIB)     /* largest request that shares a chunk */
#define LOOKAHEAD_PAGES UINT64_C(4096) /* how far a search looks for the end of what it found */

enum state { FREE, RESERVED };

/*@ // What the levels say of a page, which is an index here. The proofs know of them only what next_page and set_range
    // promise, and that the levels alone say it. WORDS(bm) are all their words (test/prove/prelude.h).
    axiomatic Bitmap {
        predicate reserved(struct bootmem *bm, integer page)
            reads bm->level[0 .. BOOTMEM_LEVELS - 1], bm->level[0 .. BOOTMEM_LEVELS - 1].full[0 .. PFN_END / 64],
                bm->level[0 .. BOOTMEM_LEVELS - 1].some[0 .. PFN_END / 64];
    }
    predicate same_words{A, B}(struct bootmem *bm) = \forall integer l; 0 <= l < BOOTMEM_LEVELS ==>
        \at(bm->level[l].full, A) == \at(bm->level[l].full, B) && \at(bm->level[l].some, A) == \at(bm->level[l].some, B) &&
        (\forall integer w; \at(bm->level[l].full[w], A) == \at(bm->level[l].full[w], B)) &&
        (\forall integer w; \at(bm->level[l].some[w], A) == \at(bm->level[l].some[w], B));
    admit lemma words_say{A, B}: \forall struct bootmem *bm, integer page; same_words{A, B}(bm) ==>
        (reserved{A}(bm, page) <==> reserved{B}(bm, page));

    predicate node_ok(struct bootmem *bm) = \valid_read(bm) && bm->base_pfn <= bm->start_pfn <= bm->end_pfn <= PFN_END;

    // No word of the bitmap is part of this object.
    predicate no_bits(struct bootmem *bm, char *object) = \forall integer l; 0 <= l < BOOTMEM_LEVELS ==>
        \base_addr(bm->level[l].full) != object && \base_addr(bm->level[l].some) != object;
    predicate apart(struct bootmem *bm, char *object) = no_bits(bm, object) && \base_addr(bm) != object;

    predicate same_pages{A, B}(struct bootmem *bm) = \forall integer page;
        reserved{A}(bm, page) <==> reserved{B}(bm, page);
    predicate same_span{A, B}(struct bootmem *bm) = \at(bm->start_pfn, A) == \at(bm->start_pfn, B) &&
        \at(bm->end_pfn, A) == \at(bm->end_pfn, B) && \at(bm->base_pfn, A) == \at(bm->base_pfn, B) &&
        (\forall integer l; 0 <= l < BOOTMEM_LEVELS ==> \at(bm->level[l].full, A) == \at(bm->level[l].full, B) &&
            \at(bm->level[l].some, A) == \at(bm->level[l].some, B));

    logic integer page_phys(struct bootmem *bm, integer page) = (bm->base_pfn + page) * PAGE_SIZE;
    lemma page_aligned{L}: \forall struct bootmem *bm, integer page; 0 <= bm->base_pfn + page ==> page_phys(bm, page) % PAGE_SIZE == 0;
    predicate same_cursor{A, B}(struct bootmem *bm, integer i) =
        \at(bm->cursor[i].next, A) == \at(bm->cursor[i].next, B) && \at(bm->cursor[i].end, A) == \at(bm->cursor[i].end, B);
    predicate same_cursors{A, B}(struct bootmem *bm) = \forall integer i; 0 <= i < BOOTMEM_CURSORS ==> same_cursor{A, B}(bm, i);

    // What a cursor knows lies in the node; a page that begins there is free, the page that it begins inside is reserved.
    predicate cursor_ok(struct bootmem *bm, integer i) =
        bm->cursor[i].next <= bm->cursor[i].end <= PHYS_END && (i >= 2 ==> bm->cursor[i].next % PAGE_SIZE == 0) &&
        (bm->cursor[i].next < bm->cursor[i].end ==> bm->cursor[i].end % PAGE_SIZE == 0 &&
            bm->start_pfn * PAGE_SIZE <= bm->cursor[i].next && bm->cursor[i].end <= bm->end_pfn * PAGE_SIZE &&
            (\forall integer page; bm->cursor[i].next <= page_phys(bm, page) < bm->cursor[i].end ==> !reserved(bm, page)) &&
            (\forall integer page; page_phys(bm, page) < bm->cursor[i].next < page_phys(bm, page + 1) ==> reserved(bm, page)));
    predicate disjoint(integer from, integer to, integer start, integer end) =
        from < to && start < end ==> to <= start || end <= from;
    // Pages that begin in [start, end) are reserved now, and no others that were not.
    predicate taken{A, B}(struct bootmem *bm, integer start, integer end) = \forall integer page;
        reserved{B}(bm, page) <==> reserved{A}(bm, page) || start <= page_phys{A}(bm, page) < end;
    lemma taken_ok{A, B}: \forall struct bootmem *bm, integer i, start, end; 0 <= i && cursor_ok{A}(bm, i) &&
        same_cursor{A, B}(bm, i) && same_span{A, B}(bm) && taken{A, B}(bm, start, end) &&
        disjoint(\at(bm->cursor[i].next, A), \at(bm->cursor[i].end, A), start, end) ==> cursor_ok{B}(bm, i);

    predicate pair_ok(struct bootmem *bm, integer i, integer j) =
        disjoint(bm->cursor[i].next, bm->cursor[i].end, bm->cursor[j].next, bm->cursor[j].end);
    predicate cursors_ok(struct bootmem *bm) = (\forall integer i; 0 <= i < BOOTMEM_CURSORS ==> cursor_ok(bm, i)) &&
        (\forall integer i, j; 0 <= i < BOOTMEM_CURSORS && 0 <= j < BOOTMEM_CURSORS && i != j ==> pair_ok(bm, i, j));

    // What the cursor knows now it knew before, up to where it is cut off.
    predicate cut{A, B}(struct bootmem *bm, integer i, integer end) =
        \at(bm->cursor[i].next, A) == \at(bm->cursor[i].next, B) && \at(bm->cursor[i].end, A) == \at(bm->cursor[i].end, B) ||
        \at(bm->cursor[i].next, B) == \at(bm->cursor[i].end, B) && (\at(bm->cursor[i].end, B) == 0 || \at(bm->cursor[i].end, B) == \at(bm->cursor[i].next, A)) ||
        \at(bm->cursor[i].next, A) == \at(bm->cursor[i].next, B) < \at(bm->cursor[i].end, B) == end < \at(bm->cursor[i].end, A);

    predicate same_outside{A, B}(struct bootmem *bm, integer from, integer to) = \forall integer page;
        page < from || to <= page ==> (reserved{A}(bm, page) <==> reserved{B}(bm, page));
    lemma cut_ok{A, B}: \forall struct bootmem *bm, integer i, end; 0 <= i && end % PAGE_SIZE == 0 && cursor_ok{A}(bm, i) &&
        cut{A, B}(bm, i, end) && same_span{A, B}(bm) && same_pages{A, B}(bm) ==> cursor_ok{B}(bm, i);
    lemma far_ok{A, B}: \forall struct bootmem *bm, integer i, from, to; 0 <= i && cursor_ok{A}(bm, i) &&
        \at(bm->cursor[i].next, A) == \at(bm->cursor[i].next, B) && \at(bm->cursor[i].end, A) == \at(bm->cursor[i].end, B) &&
        same_span{A, B}(bm) && same_outside{A, B}(bm, from, to) && from < to &&
        disjoint(\at(bm->cursor[i].next, A), \at(bm->cursor[i].end, A), page_phys{A}(bm, from), page_phys{A}(bm, to)) ==>
            cursor_ok{B}(bm, i);

    lemma steps: \forall integer p, q, a; 0 < a && q < p ==> q * a + a <= p * a;
    lemma next_multiple: \forall integer x, y, a; 0 < a && 0 <= x && 0 <= y && x % a == 0 && y % a == 0 && x < y + a ==> x <= y;
    lemma same_ok{A, B}: \forall struct bootmem *bm, integer i; 0 <= i && cursor_ok{A}(bm, i) && same_cursor{A, B}(bm, i) &&
        same_span{A, B}(bm) && same_pages{A, B}(bm) ==> cursor_ok{B}(bm, i);

    predicate bootmem_ok(struct bootmem *bm) = \valid(bm) && node_ok(bm) && no_bits(bm, \base_addr(bm)) && cursors_ok(bm);
    lemma each_still{A, B}: \forall struct bootmem *bm, integer i; cursors_ok{A}(bm) && same_pages{A, B}(bm) && same_span{A, B}(bm) &&
        same_cursors{A, B}(bm) && 0 <= i < BOOTMEM_CURSORS ==> cursor_ok{B}(bm, i);
    lemma pairs_still{A, B}: \forall struct bootmem *bm, integer i, j; cursors_ok{A}(bm) && same_cursors{A, B}(bm) &&
        0 <= i < BOOTMEM_CURSORS && 0 <= j < BOOTMEM_CURSORS && i != j ==> pair_ok{B}(bm, i, j);
    lemma all_ok{A, B}: \forall struct bootmem *bm; bootmem_ok{A}(bm) && same_words{A, B}(bm) && same_span{A, B}(bm) &&
        same_cursors{A, B}(bm) && \valid{B}(bm) ==> bootmem_ok{B}(bm);
*/

/* --- bits ------------------------------------------------------------------------------------- */

/* Bits [from, to) of a word, 0 <= from < to <= 64. */
/*@ requires from < to <= 64;
    assigns \nothing; */
static uint64_t mask(unsigned from, unsigned to)
{
	return (ALL << from) & (ALL >> (64 - to));
}

/*@ requires \valid(word);
    assigns *word;
    ensures *word == (state == RESERVED ? (\old(*word) | bits) : (\old(*word) & (uint64_t)~bits)); */
static void put_mask(uint64_t *word, uint64_t bits, enum state state)
{
	if (state == RESERVED)
		*word |= bits;
	else
		*word &= ~bits;
}

/* The same over several words. */
/*@ requires from < to && from / 64 < (to - 1) / 64 && \valid(words + (from / 64 .. (to - 1) / 64));
    assigns words[from / 64 .. (to - 1) / 64];
    ensures \forall integer i; from / 64 < i < (to - 1) / 64 ==> words[i] == (state == RESERVED ? UINT64_MAX : 0); */
static void put_long_bits(uint64_t *words, uint64_t from, uint64_t to, enum state state)
{
	uint64_t first = from >> 6, last = (to - 1) >> 6;

	put_mask(&words[first], mask(from & 63, 64), state);
	/*@ loop invariant first < i <= last;
	    loop invariant \forall integer k; first < k < i ==> words[k] == (state == RESERVED ? UINT64_MAX : 0);
	    loop assigns i, words[first + 1 .. last - 1];
	    loop variant last - i; */
	for (uint64_t i = first + 1; i < last; i++)
		words[i] = state == RESERVED ? ALL : 0;
	put_mask(&words[last], mask(0, ((to - 1) & 63) + 1), state);
}

/* Bits [from, to) of an array. */
/*@ requires from < to && \valid(words + (from / 64 .. (to - 1) / 64));
    assigns words[from / 64 .. (to - 1) / 64];
    ensures \forall integer i; from / 64 < i < (to - 1) / 64 ==> words[i] == (state == RESERVED ? UINT64_MAX : 0); */
static inline void put_bits(uint64_t *words, uint64_t from, uint64_t to, enum state state)
{
	if (from >> 6 == (to - 1) >> 6)
		put_mask(&words[from >> 6], mask(from & 63, ((to - 1) & 63) + 1), state);
	else
		put_long_bits(words, from, to, state);
}

/*@ requires \valid_read(words + i / 64);
    assigns \nothing; */
static bool get_bit(const uint64_t *words, uint64_t i)
{
	return (words[i >> 6] >> (i & 63)) & 1;
}

/*@ requires \valid(words + i / 64);
    assigns words[i / 64]; */
static void put_bit(uint64_t *words, uint64_t i, bool value)
{
	uint64_t *word = &words[i >> 6];

	*word = (*word & ~(UINT64_C(1) << (i & 63))) | (uint64_t)value << (i & 63);
}

/* --- the levels --------------------------------------------------------------------------------- */

/* Pages of one unit of a level are 1 << shift. */
/*@ requires level <= BOOTMEM_LEVELS;
    assigns \nothing;
    ensures \result == 6 * level; */
static unsigned unit_shift(unsigned level)
{
	return 6 * level;
}

static uint64_t words_of(uint64_t pages, unsigned level)
{
	return (pages + (UINT64_C(64) << unit_shift(level)) - 1) >> unit_shift(level + 1);
}

/* Neither full nor without a reserved page; the word that says so is valid. */
/*@ requires \valid_read(bm) && level < BOOTMEM_LEVELS;
    requires \valid_read(bm->level[level].some + unit / 64) && \valid_read(bm->level[level].full + unit / 64);
    assigns \nothing; */
static bool mixed(const struct bootmem *bm, unsigned level, uint64_t unit)
{
	const struct bootmem_level *l = &bm->level[level];

	return ((l->some[unit >> 6] ^ l->full[unit >> 6]) >> (unit & 63)) & 1;
}

/* Make a word valid: it is stale while its unit of the level above is uniform. */
static void open_word(struct bootmem *bm, unsigned level, uint64_t word)
{
	const struct bootmem_level *l = &bm->level[level], *above = &bm->level[level + 1];

	if (!mixed(bm, level + 1, word))
		l->full[word] = l->some[word] = get_bit(above->full, word) ? ALL : 0;
}

/* The level above says what the word has become. */
static void close_word(struct bootmem *bm, unsigned level, uint64_t word)
{
	const struct bootmem_level *l = &bm->level[level], *above = &bm->level[level + 1];

	put_bit(above->full, word, l->full[word] == ALL);
	put_bit(above->some, word, l->some[word] != 0);
}

static void set_at_level(
	struct bootmem *bm, unsigned level, uint64_t from, uint64_t to, enum state state);

/* Pages [from, to), a part of one unit. */
static void set_in_unit(
	struct bootmem *bm, unsigned level, uint64_t from, uint64_t to, enum state state)
{
	uint64_t word = from >> unit_shift(level);

	open_word(bm, level - 1, word);
	if (level == 1)
		put_bits(bm->level[0].full, from, to, state);
	else
		set_at_level(bm, level - 1, from, to, state);
	close_word(bm, level - 1, word);
}

/* Pages [from, to), not empty; the words of this level, above 0, that hold them are valid. */
static void set_at_level(
	struct bootmem *bm, unsigned level, uint64_t from, uint64_t to, enum state state)
{
	const struct bootmem_level *l = &bm->level[level];
	unsigned shift = unit_shift(level);
	uint64_t first = align_up(from, UINT64_C(1) << shift),
		 end = align_down(to, UINT64_C(1) << shift);

	if (first > end) {
		set_in_unit(bm, level, from, to, state);
		return;
	}
	if (from < first)
		set_in_unit(bm, level, from, first, state);
	if (first < end) {
		put_bits(l->full, first >> shift, end >> shift, state);
		put_bits(l->some, first >> shift, end >> shift, state);
	}
	if (end < to)
		set_in_unit(bm, level, end, to, state);
}

/*@ requires \valid_read(l) && \valid_read(l->full + word) && \valid_read(l->some + word);
    assigns \nothing;
    ensures \result <==> l->full[word] == UINT64_MAX || l->some[word] == 0; */
static bool word_is_uniform(const struct bootmem_level *l, uint64_t word)
{
	return l->full[word] == ALL || l->some[word] == 0;
}

/* Pages [from, to), not empty: down to the lowest mixed unit that holds them all, and up again while it is uniform now. */
static __attribute__((noinline)) void set_pages(
	struct bootmem *bm, uint64_t from, uint64_t to, enum state state)
{
	unsigned level = TOP;

	while (level > 0 && (from ^ (to - 1)) >> unit_shift(level) == 0 &&
		mixed(bm, level, from >> unit_shift(level)))
		level--;
	if (level == 0)
		put_bits(bm->level[0].full, from, to, state);
	else
		set_at_level(bm, level, from, to, state);
	for (; level < TOP && word_is_uniform(&bm->level[level], from >> unit_shift(level + 1));
		level++)
		close_word(bm, level, from >> unit_shift(level + 1));
}

/* Level 0's word is valid and neither full nor free. */
static inline bool word_is_mixed(const struct bootmem *bm, uint64_t word)
{
	return mixed(bm, 3, word >> 12) && mixed(bm, 2, word >> 6) && mixed(bm, 1, word);
}

/*
 * The same. The usual case is a mixed word that stays mixed: nothing else is read twice or written. As of next_page, its contract is
 * what the proofs of its callers are given.
 */
/*@ requires \valid(bm) && node_ok(bm) && no_bits(bm, \base_addr(bm)) && from < to <= bm->end_pfn - bm->base_pfn;
    requires state == FREE || state == RESERVED;
    assigns WORDS(bm);
    ensures same_span{Pre, Post}(bm) && same_cursors{Pre, Post}(bm);
    ensures \forall integer page; from <= page < to ==> (reserved(bm, page) <==> state == RESERVED);
    ensures \forall integer page; !(from <= page < to) ==> (reserved(bm, page) <==> reserved{Pre}(bm, page)); */
static inline void set_range(struct bootmem *bm, uint64_t from, uint64_t to, enum state state)
{
	uint64_t word = from >> 6;

	if ((to - 1) >> 6 == word && word_is_mixed(bm, word)) {
		uint64_t bits = bm->level[0].full[word];

		put_mask(&bits, mask(from & 63, ((to - 1) & 63) + 1), state);
		if (bits != 0 && bits != ALL) {
			bm->level[0].full[word] = bits;
			return;
		}
	}
	set_pages(bm, from, to, state);
}

/* Units of a word that may hold a page in this state, and those that hold nothing else. */
/*@ requires \valid_read(l) && \valid_read(l->full + word) && \valid_read(l->some + word);
    assigns \nothing; */
static uint64_t may_hold(const struct bootmem_level *l, uint64_t word, enum state state)
{
	return state == RESERVED ? l->some[word] : ~l->full[word];
}

/*@ requires \valid_read(l) && \valid_read(l->full + unit / 64) && \valid_read(l->some + unit / 64);
    assigns \nothing; */
static bool holds_only(const struct bootmem_level *l, uint64_t unit, enum state state)
{
	return state == RESERVED ? get_bit(l->full, unit) : !get_bit(l->some, unit);
}

/* Where a walk that leaves a word at its end goes on: the words of lower levels may be stale there. */
/*@ requires level < BOOTMEM_LEVELS;
    assigns \nothing;
    ensures \min(level + 1, TOP) <= \result <= TOP; */
static unsigned level_of_edge(uint64_t page, unsigned level)
{
	/*@ loop invariant level <= TOP && (level < TOP || level == \at(level, Pre));
	    loop invariant \at(level, Pre) <= level;
	    loop assigns level;
	    loop variant TOP - level; */
	do
		level++;
	while (level < TOP && ((page >> unit_shift(level)) & 63) == 0);
	return level < TOP ? level : TOP;
}

/*
 * The first page in [page, end) in this state, or end. Down into a mixed unit, up again at the end of a word
 * that has nothing more. Its contract is what the proofs of its callers are given; it is tested, not proved (docs/proofs.md).
 */
/*@ requires node_ok(bm) && page <= end <= bm->end_pfn - bm->base_pfn && (state == FREE || state == RESERVED);
    assigns \nothing;
    ensures page <= \result <= end;
    ensures state == FREE ==> \forall integer p; page <= p < \result ==> reserved(bm, p);
    ensures state == RESERVED ==> \forall integer p; page <= p < \result ==> !reserved(bm, p);
    ensures \result < end ==> (reserved(bm, \result) <==> state == RESERVED); */
static uint64_t next_page(const struct bootmem *bm, uint64_t page, uint64_t end, enum state state)
{
	unsigned level = TOP;

	while (page < end) {
		const struct bootmem_level *l = &bm->level[level];
		unsigned shift = unit_shift(level);
		uint64_t unit = page >> shift, word = unit >> 6;
		uint64_t hits = may_hold(l, word, state) & (ALL << (unit & 63));

		if (hits == 0) {
			page = (word + 1) << (shift + 6);
			level = level_of_edge(page, level);
			continue;
		}
		unit = (word << 6) + lowest_bit(hits);
		page = max_u64(page, unit << shift);
		if (holds_only(l, unit, state) || level == 0) /* a page is not mixed */
			return min_u64(page, end);
		level--;
	}
	return end;
}

/* --- set-up ------------------------------------------------------------------------------------- */

/*@ requires node_ok(bm);
    assigns \nothing;
    ensures \result == bm->end_pfn - bm->base_pfn; */
static uint64_t pages_of(const struct bootmem *bm)
{
	return bm->end_pfn - bm->base_pfn;
}

uint64_t bootmem_bootmap_pages(pfn_t start_pfn, pfn_t end_pfn)
{
	uint64_t pages = end_pfn - align_down(start_pfn, BASE_PAGES), words = words_of(pages, 0);

	for (unsigned level = 1; level < BOOTMEM_LEVELS; level++)
		words += 2 * words_of(pages, level);
	return pfn_up(words * sizeof(uint64_t));
}

/* The top level first: it is what init writes. */
void bootmem_set_window(struct bootmem *bm, struct window window)
{
	uint64_t *next = phys_to_virt(window, bm->bitmap_phys);

	for (unsigned level = TOP; level > 0; level--) {
		uint64_t words = words_of(pages_of(bm), level);

		bm->level[level] = (struct bootmem_level){ next, next + words };
		next += 2 * words;
	}
	bm->level[0] = (struct bootmem_level){ next, next };
}

enum bm_error init_bootmem(struct bootmem *bm, struct window window, phys_t bitmap_phys,
	pfn_t start_pfn, pfn_t end_pfn)
{
	if (start_pfn > end_pfn || end_pfn > PFN_END)
		return BM_INVALID;
	if ((bitmap_phys & (PAGE_SIZE - 1)) != 0)
		return BM_INVALID;
	*bm = (struct bootmem){
		.start_pfn = start_pfn,
		.end_pfn = end_pfn,
		.base_pfn = align_down(start_pfn, BASE_PAGES),
		.bitmap_phys = bitmap_phys,
	};
	bootmem_set_window(bm, window);
	memset(bm->level[TOP].full, 0xff, sizeof(uint64_t) * 2 * words_of(pages_of(bm), TOP));
	return BM_OK;
}

/* --- cursors --------------------------------------------------------------------------------------- */

/* The cursors of one kind of request: cursor[kind] without a goal, cursor[kind + 1] with one. */
enum kind {
	SMALL = 0, /* shares pages with others, in a chunk */
	PAGES = 2,
	ALIGNED = 4, /* to more than a page */
};

/*
 * Whole pages [start, end) are no longer what the cursors know. What lies below them stays known. A chunk that was
 * cut short leaves free pages behind, so the next search starts at its goal.
 */
/*@ requires \valid(bm) && no_bits(bm, \base_addr(bm)) && start < end <= PHYS_END;
    assigns bm->cursor[0 .. BOOTMEM_CURSORS - 1];
    ensures same_words{Pre, Post}(bm) && same_span{Pre, Post}(bm);
    ensures \forall integer i; 0 <= i < BOOTMEM_CURSORS ==> cut{Pre, Post}(bm, i, start) &&
        disjoint(bm->cursor[i].next, bm->cursor[i].end, start, end); */
static void forget(struct bootmem *bm, phys_t start, phys_t end)
{
	/*@ loop invariant i <= BOOTMEM_CURSORS && same_words{Pre, Here}(bm) && same_span{Pre, Here}(bm) && no_bits(bm, \base_addr(bm));
	    loop invariant \forall integer k; 0 <= k < BOOTMEM_CURSORS ==> cut{Pre, Here}(bm, k, start);
	    loop invariant \forall integer k; 0 <= k < i ==> disjoint(bm->cursor[k].next, bm->cursor[k].end, start, end);
	    loop assigns i, bm->cursor[0 .. BOOTMEM_CURSORS - 1];
	    loop variant BOOTMEM_CURSORS - i; */
	for (uint32_t i = 0; i < BOOTMEM_CURSORS; i++) {
		struct bootmem_cursor *c = &bm->cursor[i];

		if (c->end <= start || end <= c->next)
			continue;
		//@ assert old: cut{Pre, Here}(bm, i, start);
		c->end = max_u64(start, c->next);
		//@ assert now: cut{Pre, Here}(bm, i, start);
		if (i < PAGES)
			bm->cursor[PAGES + i].next = bm->cursor[PAGES + i].end = 0;
		//@ assert own: cut{Pre, Here}(bm, i, start);
		//@ assert pages: i < PAGES ==> cut{Pre, Here}(bm, 2 + i, start);
		//@ assert others: \forall integer k; 0 <= k < BOOTMEM_CURSORS && k != i && (k != 2 + i || i >= 2) ==> cut{Pre, Here}(bm, k, start);
	}
}

/* --- free and reserve --------------------------------------------------------------------------- */

/* Clip a range of pages to the node and change it. */
/*@ requires bootmem_ok(bm) && (state == FREE || state == RESERVED);
    assigns bm->cursor[0 .. BOOTMEM_CURSORS - 1], WORDS(bm);
    ensures bootmem_ok(bm) && same_span{Pre, Post}(bm);
    ensures \forall integer page; \max(start, bm->start_pfn) <= bm->base_pfn + page < \min(end, bm->end_pfn) ==>
        (reserved(bm, page) <==> state == RESERVED);
    ensures \forall integer page; !(\max(start, bm->start_pfn) <= bm->base_pfn + page < \min(end, bm->end_pfn)) ==>
        (reserved(bm, page) <==> reserved{Pre}(bm, page)); */
static void set_pfns(struct bootmem *bm, pfn_t start, pfn_t end, enum state state)
{
	start = max_u64(start, bm->start_pfn);
	end = min_u64(end, bm->end_pfn);
	if (start >= end)
		return;
	forget(bm, pfn_phys(start), pfn_phys(end));
	//@ assert pages: same_pages{Pre, Here}(bm);
	//@ ghost forgotten: ;
	//@ assert each: \forall integer i; 0 <= i < BOOTMEM_CURSORS ==> cursor_ok(bm, i);
	//@ assert all: bootmem_ok(bm);
	set_range(bm, start - bm->base_pfn, end - bm->base_pfn, state);
	//@ assert outside: same_outside{forgotten, Here}(bm, start - bm->base_pfn, end - bm->base_pfn);
	//@ assert each_still: \forall integer i; 0 <= i < BOOTMEM_CURSORS ==> cursor_ok(bm, i);
	//@ assert node: node_ok(bm) && no_bits(bm, \base_addr(bm));
}

/*@ requires bootmem_ok(bm);
    assigns bm->cursor[0 .. BOOTMEM_CURSORS - 1], WORDS(bm);
    ensures bootmem_ok(bm) && same_span{Pre, Post}(bm) && \result == (addr_phys + size_bytes <= UINT64_MAX ? BM_OK : BM_INVALID);
    ensures \forall integer page; bm->start_pfn <= bm->base_pfn + page < bm->end_pfn && \result == BM_OK &&
        addr_phys <= page_phys(bm, page) && page_phys(bm, page + 1) <= addr_phys + size_bytes ==> !reserved(bm, page);
    ensures \forall integer page; !(bm->start_pfn <= bm->base_pfn + page < bm->end_pfn && \result == BM_OK &&
        addr_phys <= page_phys(bm, page) && page_phys(bm, page + 1) <= addr_phys + size_bytes) ==>
            (reserved(bm, page) <==> reserved{Pre}(bm, page)); */
enum bm_error free_bootmem(struct bootmem *bm, phys_t addr_phys, uint64_t size_bytes)
{
	phys_t end_phys;

	if (__builtin_add_overflow(addr_phys, size_bytes, &end_phys))
		return BM_INVALID;
	set_pfns(bm, pfn_up(addr_phys), pfn_down(end_phys), FREE);
	return BM_OK;
}

/*@ requires bootmem_ok(bm);
    assigns bm->cursor[0 .. BOOTMEM_CURSORS - 1], WORDS(bm);
    ensures bootmem_ok(bm) && same_span{Pre, Post}(bm) && \result == (addr_phys + size_bytes <= UINT64_MAX ? BM_OK : BM_INVALID);
    ensures \forall integer page; bm->start_pfn <= bm->base_pfn + page < bm->end_pfn && \result == BM_OK &&
        size_bytes > 0 && addr_phys < page_phys(bm, page + 1) && page_phys(bm, page) < addr_phys + size_bytes ==> reserved(bm, page);
    ensures \forall integer page; !(bm->start_pfn <= bm->base_pfn + page < bm->end_pfn && \result == BM_OK &&
        size_bytes > 0 && addr_phys < page_phys(bm, page + 1) && page_phys(bm, page) < addr_phys + size_bytes) ==>
            (reserved(bm, page) <==> reserved{Pre}(bm, page)); */
enum bm_error reserve_bootmem(struct bootmem *bm, phys_t addr_phys, uint64_t size_bytes)
{
	phys_t end_phys;

	if (__builtin_add_overflow(addr_phys, size_bytes, &end_phys))
		return BM_INVALID;
	if (size_bytes != 0)
		set_pfns(bm, pfn_down(addr_phys), pfn_up(end_phys), RESERVED);
	return BM_OK;
}

/* --- allocation --------------------------------------------------------------------------------- */

/* A request on its way through the nodes: checked, with the limits that apply. */
struct search {
	const struct bootmem_pool *pool;
	uint64_t size_bytes, align_bytes;
	phys_t goal_phys, limit_phys;
	enum kind kind;
	bool stuck; /* the claim hook broke its promise */
};

/* Where a request goes. Its first byte may be in a page that is shared; the pages that begin behind it are free. */
struct place {
	uint32_t cursor;
	phys_t start, end;
};

/*@ predicate search_ok(struct search *s) = \valid_read(s) && 0 < s->size_bytes <= PHYS_END && s->align_bytes <= PHYS_END &&
        power_of_2(s->align_bytes) && s->goal_phys <= PHYS_END && s->limit_phys <= PHYS_END &&
        (s->kind == SMALL && s->align_bytes < PAGE_SIZE || s->kind == PAGES || s->kind == ALIGNED);

    predicate same_search{A, B}(struct search *s) = \at(s->size_bytes, A) == \at(s->size_bytes, B) &&
        \at(s->align_bytes, A) == \at(s->align_bytes, B) && \at(s->goal_phys, A) == \at(s->goal_phys, B) &&
        \at(s->limit_phys, A) == \at(s->limit_phys, B) && \at(s->kind, A) == \at(s->kind, B) && \at(s->pool, A) == \at(s->pool, B);

    // A place in what its cursor knows; a page that it begins inside is reserved, as only a chunk has any.
    predicate place_ok(struct bootmem *bm, struct place p) = p.cursor < BOOTMEM_CURSORS &&
        bm->cursor[p.cursor].next <= p.start < p.end <= bm->cursor[p.cursor].end &&
        (p.cursor >= PAGES ==> p.start % PAGE_SIZE == 0) &&
        (\forall integer page; page_phys(bm, page) < p.start < page_phys(bm, page + 1) ==> reserved(bm, page));
*/

/*@ requires p.start <= PHYS_END;
    assigns \nothing;
    ensures p.start <= \result < p.start + PAGE_SIZE && \result % PAGE_SIZE == 0; */
static phys_t pages_start(struct place p)
{
	return align_up(p.start, PAGE_SIZE);
}

/*@ requires p.end <= PHYS_END;
    assigns \nothing;
    ensures p.end <= \result < p.end + PAGE_SIZE && \result % PAGE_SIZE == 0; */
static phys_t pages_end(struct place p)
{
	return align_up(p.end, PAGE_SIZE);
}

/* Is there room in what a cursor knows? Only in a chunk a request begins inside a page. */
/*@ requires bootmem_ok(bm) && search_ok(s) && \valid(p) && cursor < BOOTMEM_CURSORS;
    requires \separated(p, bm, s) && apart(bm, \base_addr(p)) && \base_addr(p) != \base_addr(s);
    assigns *p;
    ensures same_words{Pre, Post}(bm) && same_span{Pre, Post}(bm) && same_cursors{Pre, Post}(bm) && bootmem_ok(bm);
    ensures search_ok(s) && same_search{Pre, Post}(s);
    ensures p->cursor == cursor && p->start % s->align_bytes == 0 && p->end == p->start + s->size_bytes;
    ensures bm->cursor[cursor].next <= p->start < bm->cursor[cursor].next + s->align_bytes;
    ensures \result <==> p->end <= bm->cursor[cursor].end && s->goal_phys <= p->start && p->end <= s->limit_phys; */
static inline bool fits(
	const struct bootmem *bm, uint32_t cursor, const struct search *s, struct place *p)
{
	const struct bootmem_cursor *c = &bm->cursor[cursor];

	//@ assert cursor: cursor_ok(bm, cursor);
	p->cursor = cursor;
	p->start = align_up(c->next, s->align_bytes);
	p->end = p->start + s->size_bytes;
	//@ assert same: same_words{Pre, Here}(bm) && same_span{Pre, Here}(bm) && same_cursors{Pre, Here}(bm) && same_search{Pre, Here}(s);
	return p->end <= c->end && p->start >= s->goal_phys && p->end <= s->limit_phys;
}

/* Requests without a goal look lowest; once they have come to its goal, one with a goal goes on there. */
/*@ requires \valid_read(bm) && search_ok(s);
    assigns \nothing;
    ensures \result == s->kind || \result == s->kind + 1; */
static inline uint32_t cursor_for(const struct bootmem *bm, const struct search *s)
{
	return s->kind + (bm->cursor[s->kind].next < s->goal_phys);
}

/*@ requires bootmem_ok(bm) && search_ok(s) && \valid(p) && apart(bm, \base_addr(p)) && \separated(bm, s) && \base_addr(p) != \base_addr(s);
    assigns *p;
    ensures same_words{Pre, Post}(bm) && same_span{Pre, Post}(bm) && same_cursors{Pre, Post}(bm) && bootmem_ok(bm);
    ensures search_ok(s) && same_search{Pre, Post}(s);
    ensures \result ==> place_ok(bm, *p) && p->start % s->align_bytes == 0 && p->end == p->start + s->size_bytes &&
        s->goal_phys <= p->start && p->end <= s->limit_phys; */
static inline bool find_place(const struct bootmem *bm, const struct search *s, struct place *p)
{
	bool room;

	//@ assert own: cursor_ok(bm, s->kind) && cursor_ok(bm, s->kind + 1);
	room = fits(bm, cursor_for(bm, s), s, p);
	//@ assert known: cursor_ok(bm, p->cursor);
	//@ assert large: s->align_bytes >= PAGE_SIZE ==> p->start % PAGE_SIZE == 0;
	//@ assert small: s->align_bytes < PAGE_SIZE && bm->cursor[p->cursor].next % PAGE_SIZE == 0 ==> p->start == bm->cursor[p->cursor].next;
	//@ assert divides: \forall integer x; 0 <= x <= UINT64_MAX && x % PAGE_SIZE == 0 && s->align_bytes < PAGE_SIZE ==> x % s->align_bytes == 0;
	//@ assert inside: \forall integer x; bm->cursor[p->cursor].next <= x <= UINT64_MAX && x % PAGE_SIZE == 0 && s->align_bytes < PAGE_SIZE ==> p->start <= x;
	//@ assert head: \forall integer page; s->align_bytes < PAGE_SIZE && bm->cursor[p->cursor].next <= page_phys(bm, page) <= UINT64_MAX ==> p->start <= page_phys(bm, page);
	return room;
}

/* What is left of the last page is the chunk of small requests if that is longer than the one there is. */
/*@ requires \valid(chunk) && start <= end && chunk->next <= chunk->end;
    assigns *chunk;
    ensures chunk->next == \old(chunk->next) && chunk->end == \old(chunk->end) || chunk->next == start && chunk->end == end;
    ensures chunk->end - chunk->next >= \max(end - start, \old(chunk->end - chunk->next)); */
static inline void keep_rest(struct bootmem_cursor *chunk, phys_t start, phys_t end)
{
	if (end - start > chunk->end - chunk->next)
		*chunk = (struct bootmem_cursor){ start, end };
}

/*@ requires bootmem_ok(bm);
    assigns bm->allocations, bm->merged, bm->requested_bytes, bm->allocated_pages;
    ensures same_words{Pre, Post}(bm) && same_span{Pre, Post}(bm) && same_cursors{Pre, Post}(bm) && bootmem_ok(bm); */
static inline void count(struct bootmem *bm, struct place p, phys_t start, phys_t end)
{
	bm->allocations++;
	bm->merged += p.start != start;
	bm->requested_bytes += p.end - p.start;
	bm->allocated_pages += pfn_down(end - start);
}

/* The cursor goes on behind a place, whose last page ends at end. */
/*@ requires bootmem_ok(bm) && place_ok(bm, p);
    requires p.end <= end < p.end + PAGE_SIZE && end % PAGE_SIZE == 0;
    assigns bm->cursor[0 .. BOOTMEM_CURSORS - 1];
    ensures same_words{Pre, Post}(bm) && same_span{Pre, Post}(bm);
    ensures \forall integer i; 0 <= i < BOOTMEM_CURSORS && i != p.cursor && i != p.cursor % 2 ==> same_cursor{Pre, Post}(bm, i);
    ensures bm->cursor[p.cursor].next == (p.cursor < 2 ? p.end : end);
    ensures bm->cursor[p.cursor].end == \old(bm->cursor[p.cursor].end);
    ensures p.cursor >= 2 ==> same_cursor{Pre, Post}(bm, p.cursor % 2) ||
        bm->cursor[p.cursor % 2].next == p.end && bm->cursor[p.cursor % 2].end == end; */
static inline void advance(struct bootmem *bm, struct place p, phys_t end)
{
	struct bootmem_cursor *c = &bm->cursor[p.cursor];

	//@ assert chunk: cursor_ok(bm, p.cursor % 2) && cursor_ok(bm, p.cursor);
	if (p.cursor < PAGES)
		c->next = p.end;
	else {
		c->next = end;
		keep_rest(&bm->cursor[p.cursor % 2], p.end, end);
	}
}

/* What a place holds is taken. The bitmap is last: nothing is needed after it. Inlined by force, so that a place never leaves the registers. */
/*@ requires bootmem_ok(bm) && place_ok(bm, p);
    assigns bm->allocations, bm->merged, bm->requested_bytes, bm->allocated_pages, bm->cursor[0 .. BOOTMEM_CURSORS - 1], WORDS(bm);
    ensures bootmem_ok(bm) && same_span{Pre, Post}(bm) && taken{Pre, Post}(bm, p.start, p.end); */
static inline __attribute__((always_inline)) void take(struct bootmem *bm, struct place p)
{
	//@ assert known_place: cursor_ok(bm, p.cursor) && cursor_ok(bm, p.cursor % 2);
	phys_t start = pages_start(p), end = pages_end(p);

	count(bm, p, start, end);
	//@ assert before: same_pages{Pre, Here}(bm) && cursor_ok(bm, p.cursor) && cursor_ok(bm, p.cursor % 2);
	//@ assert place: place_ok(bm, p) && end <= bm->cursor[p.cursor].end;
	//@ ghost counted: ;
	advance(bm, p, end);
	//@ assert same: same_pages{counted, Here}(bm) && same_span{Pre, Here}(bm);
	//@ assert step: \forall integer i; cursor_ok{counted}(bm, i) && same_cursor{counted, Here}(bm, i) && 0 <= i ==> cursor_ok(bm, i);
	//@ assert counted_ok: \forall integer i; 0 <= i < BOOTMEM_CURSORS ==> cursor_ok{counted}(bm, i);
	//@ assert known: \forall integer i; 0 <= i < BOOTMEM_CURSORS && i != p.cursor && i != p.cursor % 2 ==> cursor_ok(bm, i);
	//@ assert pairs: \forall integer i; 0 <= i < BOOTMEM_CURSORS && i != p.cursor ==> pair_ok{counted}(bm, i, p.cursor) && pair_ok{counted}(bm, p.cursor, i);
	//@ assert step_far: \forall integer i; pair_ok{counted}(bm, i, p.cursor) && same_cursor{counted, Here}(bm, i) ==> disjoint(bm->cursor[i].next, bm->cursor[i].end, p.start, end);
	//@ assert far: \forall integer i; 0 <= i < BOOTMEM_CURSORS && i != p.cursor && i != p.cursor % 2 ==> disjoint(bm->cursor[i].next, bm->cursor[i].end, p.start, end);
	//@ assert own_apart: \forall integer i; 0 <= i < BOOTMEM_CURSORS && i != p.cursor && i != p.cursor % 2 ==> pair_ok(bm, i, p.cursor) && pair_ok(bm, p.cursor, i);
	//@ assert step_pair: \forall integer i, j; pair_ok{counted}(bm, i, j) && same_cursor{counted, Here}(bm, i) && same_cursor{counted, Here}(bm, j) ==> pair_ok(bm, i, j);
	//@ assert others_apart: \forall integer i, j; 0 <= i < BOOTMEM_CURSORS && 0 <= j < BOOTMEM_CURSORS && i != j && i != p.cursor && i != p.cursor % 2 && j != p.cursor && j != p.cursor % 2 ==> pair_ok(bm, i, j);
	//@ assert step_chunk: p.cursor >= 2 && bm->cursor[p.cursor % 2].next == p.end && bm->cursor[p.cursor % 2].end == end ==> \forall integer i; disjoint(bm->cursor[i].next, bm->cursor[i].end, p.start, end) ==> pair_ok(bm, i, p.cursor % 2) && pair_ok(bm, p.cursor % 2, i);
	//@ assert chunk_others: \forall integer i; 0 <= i < BOOTMEM_CURSORS && i != p.cursor && i != p.cursor % 2 ==> pair_ok(bm, i, p.cursor % 2) && pair_ok(bm, p.cursor % 2, i);
	//@ assert chunk_own: p.cursor >= 2 ==> pair_ok(bm, p.cursor, p.cursor % 2) && pair_ok(bm, p.cursor % 2, p.cursor);
	//@ assert apart: \forall integer i, j; 0 <= i < BOOTMEM_CURSORS && 0 <= j < BOOTMEM_CURSORS && i != j ==> pair_ok(bm, i, j);
	//@ assert own_moved: p.cursor >= 2 ==> cursor_ok(bm, p.cursor);
	//@ ghost moved: ;
	if (start < end)
		set_range(
			bm, pfn_down(start) - bm->base_pfn, pfn_down(end) - bm->base_pfn, RESERVED);
	//@ assert span: same_span{moved, Here}(bm) && same_cursors{moved, Here}(bm);
	//@ assert taken: taken{moved, Here}(bm, p.start, p.end);
	//@ assert taken_all: taken{Pre, Here}(bm, p.start, p.end);
	//@ assert step_still: \forall integer i; 0 <= i && cursor_ok{moved}(bm, i) && same_cursor{moved, Here}(bm, i) && disjoint(\at(bm->cursor[i].next, moved), \at(bm->cursor[i].end, moved), p.start, end) ==> cursor_ok(bm, i);
	//@ assert others: \forall integer i; 0 <= i < BOOTMEM_CURSORS && i != p.cursor && i != p.cursor % 2 ==> cursor_ok(bm, i);
	//@ assert own_pages: p.cursor >= 2 ==> cursor_ok(bm, p.cursor);
	//@ assert own_chunk: p.cursor < 2 ==> cursor_ok(bm, p.cursor);
	//@ assert chunk: p.cursor >= 2 ==> cursor_ok(bm, p.cursor % 2);
	//@ assert step_apart: \forall integer i, j; pair_ok{moved}(bm, i, j) && same_cursor{moved, Here}(bm, i) && same_cursor{moved, Here}(bm, j) ==> pair_ok(bm, i, j);
	//@ assert disjoint: \forall integer i, j; 0 <= i < BOOTMEM_CURSORS && 0 <= j < BOOTMEM_CURSORS && i != j ==> pair_ok(bm, i, j);
}

/* The first run of free pages in [from, to) for a request, aligned as a physical address. */
/*@ requires bootmem_ok(bm) && search_ok(s) && \valid(found) && from <= PFN_END && to <= PFN_END;
    requires \separated(found, bm, s) && apart(bm, \base_addr(found));
    assigns *found;
    ensures same_words{Pre, Post}(bm);
    ensures \result ==> \max(from, bm->start_pfn) <= *found;
    ensures \result ==> *found + (s->size_bytes + PAGE_SIZE - 1) / PAGE_SIZE <= \min(to, \at(bm->end_pfn, Pre));
    ensures \result ==> *found % \max(s->align_bytes / PAGE_SIZE, 1) == 0;
    ensures \result ==> \forall integer page; *found <= bm->base_pfn + page < *found + (s->size_bytes + PAGE_SIZE - 1) / PAGE_SIZE ==>
        !reserved(bm, page);
    ensures search_ok(s) && bootmem_ok(bm) && same_span{Pre, Post}(bm) && s->size_bytes == \old(s->size_bytes); */
static bool find_run(
	const struct bootmem *bm, const struct search *s, pfn_t from, pfn_t to, pfn_t *found)
{
	pfn_t base = bm->base_pfn, pfn = max_u64(from, bm->start_pfn);
	uint64_t pages = pfn_up(s->size_bytes);

	to = min_u64(to, bm->end_pfn);
	/*@ loop invariant \max(from, bm->start_pfn) <= pfn && to <= bm->end_pfn && to <= \at(to, Pre);
	    loop assigns pfn;
	    loop variant to - pfn; */
	while (pfn < to) {
		pfn_t end, stop;

		pfn = base + next_page(bm, pfn - base, to - base, FREE);
		pfn = align_up(pfn, max_u64(s->align_bytes >> PAGE_SHIFT, 1));
		end = pfn + pages;
		if (end > to)
			return false;
		stop = base + next_page(bm, pfn - base, end - base, RESERVED);
		if (stop == end) {
			*found = pfn;
			//@ assert words: same_words{Pre, Here}(bm) && same_pages{Pre, Here}(bm);
			//@ assert node: same_span{Pre, Here}(bm) && same_cursors{Pre, Here}(bm);
			return true;
		}
		pfn = stop + 1; /* a known reserved page: never look at this hole again */
	}
	return false;
}

/* The cursor moves to free pages, and sees how far they go; what one cursor knows no other does. */
/*@ requires bootmem_ok(bm) && search_ok(s) && 2 <= cursor < BOOTMEM_CURSORS;
    requires bm->start_pfn <= found && found + (s->size_bytes + PAGE_SIZE - 1) / PAGE_SIZE <= bm->end_pfn;
    requires \forall integer page; found <= bm->base_pfn + page < found + (s->size_bytes + PAGE_SIZE - 1) / PAGE_SIZE ==>
        !reserved(bm, page);
    assigns bm->cursor[0 .. BOOTMEM_CURSORS - 1];
    ensures bootmem_ok(bm) && same_words{Pre, Post}(bm) && same_span{Pre, Post}(bm); */
static void move_cursor(struct bootmem *bm, uint32_t cursor, const struct search *s, pfn_t found)
{
	uint64_t end = found + pfn_up(s->size_bytes) - bm->base_pfn;

	end = next_page(bm, end, min_u64(end + LOOKAHEAD_PAGES, pages_of(bm)), RESERVED);
	//@ assert free: \forall integer page; found <= bm->base_pfn + page && page < end ==> !reserved(bm, page);
	//@ assert inside: found <= bm->base_pfn + end <= bm->end_pfn;
	forget(bm, pfn_phys(found), pfn_phys(bm->base_pfn + end));
	//@ ghost forgotten: ;
	//@ assert kept: same_pages{Pre, Here}(bm) && same_span{Pre, Here}(bm);
	//@ assert step_cut: \forall integer i; 0 <= i && cursor_ok{Pre}(bm, i) && cut{Pre, Here}(bm, i, found * PAGE_SIZE) ==> cursor_ok(bm, i);
	//@ assert cut_each: \forall integer i; 0 <= i < BOOTMEM_CURSORS ==> cursor_ok(bm, i);
	//@ assert cut_pairs: \forall integer i, j; 0 <= i < BOOTMEM_CURSORS && 0 <= j < BOOTMEM_CURSORS && i != j ==> pair_ok(bm, i, j);
	bm->cursor[cursor].next = pfn_phys(found);
	bm->cursor[cursor].end = pfn_phys(bm->base_pfn + end);
	//@ assert words: same_words{Pre, Here}(bm) && same_span{Pre, Here}(bm);
	//@ assert pages: same_pages{Pre, Here}(bm) && same_pages{forgotten, Here}(bm);
	//@ assert step: \forall integer i; 0 <= i && cursor_ok{forgotten}(bm, i) && same_cursor{forgotten, Here}(bm, i) ==> cursor_ok(bm, i);
	//@ assert others: \forall integer i; 0 <= i < BOOTMEM_CURSORS && i != cursor ==> cursor_ok(bm, i);
	//@ assert own_free: \forall integer page; found <= bm->base_pfn + page && page < end ==> !reserved(bm, page);
	//@ assert own: cursor_ok(bm, cursor);
	//@ assert step_pair: \forall integer i, j; pair_ok{forgotten}(bm, i, j) && same_cursor{forgotten, Here}(bm, i) && same_cursor{forgotten, Here}(bm, j) ==> pair_ok(bm, i, j);
	//@ assert own_pairs: \forall integer i; 0 <= i < BOOTMEM_CURSORS && i != cursor ==> pair_ok(bm, i, cursor) && pair_ok(bm, cursor, i);
	//@ assert pairs: \forall integer i, j; 0 <= i < BOOTMEM_CURSORS && 0 <= j < BOOTMEM_CURSORS && i != j ==> pair_ok(bm, i, j);
}

/* Move a page cursor to room for a request: behind where the last one found some, or from the goal on. */
/*@ requires bootmem_ok(bm) && search_ok(s) && \separated(bm, s) && no_bits(bm, \base_addr(s)) && 2 <= cursor < BOOTMEM_CURSORS;
    assigns bm->cursor[0 .. BOOTMEM_CURSORS - 1];
    ensures bootmem_ok(bm) && same_words{Pre, Post}(bm) && same_span{Pre, Post}(bm); */
static bool search(struct bootmem *bm, uint32_t cursor, const struct search *s)
{
	pfn_t goal = pfn_up(s->goal_phys), limit = pfn_down(s->limit_phys),
	      hint = pfn_down(bm->cursor[cursor].next);
	pfn_t found;

	//@ assert cursor: cursor_ok(bm, cursor);
	if ((hint <= goal || !find_run(bm, s, hint, limit, &found)) &&
		!find_run(bm, s, goal, limit, &found))
		return false;
	move_cursor(bm, cursor, s, found);
	return true;
}

/* The first pages of a page cursor become a chunk; what was left of the last chunk stays free. */
/*@ requires \valid(chunk) && \valid(pages) && \separated(chunk, pages) && pages->next <= pages->end <= PHYS_END;
    assigns *chunk, pages->next;
    ensures chunk->next == \old(pages->next) && chunk->end == pages->next == \min(pages->end, chunk->next + CHUNK_BYTES);
    ensures chunk->next <= chunk->end <= pages->end && chunk->end - chunk->next <= CHUNK_BYTES; */
static void open_chunk(struct bootmem_cursor *chunk, struct bootmem_cursor *pages)
{
	*chunk = (struct bootmem_cursor){ pages->next,
		min_u64(pages->end, pages->next + CHUNK_BYTES) };
	pages->next = chunk->end;
}

/* Make room where the request will look. */
/*@ requires bootmem_ok(bm) && search_ok(s) && \separated(bm, s) && no_bits(bm, \base_addr(s));
    assigns bm->cursor[0 .. BOOTMEM_CURSORS - 1];
    ensures bootmem_ok(bm) && same_words{Pre, Post}(bm) && same_span{Pre, Post}(bm) && search_ok(s) && same_search{Pre, Post}(s); */
static bool make_room(struct bootmem *bm, const struct search *s)
{
	uint32_t own = cursor_for(bm, s), pages = own < PAGES ? PAGES + own : own;
	struct place place;

	if (!fits(bm, pages, s, &place) && !search(bm, pages, s))
		return false;
	//@ assert ready: bootmem_ok(bm) && same_words{Pre, Here}(bm) && same_span{Pre, Here}(bm);
	//@ assert cursors: cursor_ok(bm, own) && cursor_ok(bm, pages);
	//@ assert all: \forall integer i; 0 <= i < BOOTMEM_CURSORS ==> cursor_ok(bm, i);
	//@ assert all_pairs: \forall integer i, j; 0 <= i < BOOTMEM_CURSORS && 0 <= j < BOOTMEM_CURSORS && i != j ==> pair_ok(bm, i, j);
	//@ ghost ready: ;
	if (own < PAGES)
		open_chunk(&bm->cursor[own], &bm->cursor[pages]);
	//@ assert words: same_words{ready, Here}(bm) && same_span{ready, Here}(bm);
	//@ assert same: same_pages{ready, Here}(bm);
	//@ assert bounds: own < PAGES ==> bm->cursor[own].next == \at(bm->cursor[pages].next, ready) && bm->cursor[own].end <= \at(bm->cursor[pages].end, ready) && bm->cursor[own].end % PAGE_SIZE == 0;
	//@ assert chunk: cursor_ok(bm, own);
	//@ assert rest: cursor_ok(bm, pages);
	//@ assert unmoved: \forall integer i; 0 <= i < BOOTMEM_CURSORS && i != own && i != pages ==> same_cursor{ready, Here}(bm, i);
	//@ assert step: \forall integer i; 0 <= i && cursor_ok{ready}(bm, i) && same_cursor{ready, Here}(bm, i) ==> cursor_ok(bm, i);
	//@ assert others: \forall integer i; 0 <= i < BOOTMEM_CURSORS && i != own && i != pages ==> cursor_ok(bm, i);
	//@ assert both: pair_ok(bm, own, pages) && pair_ok(bm, pages, own) || own == pages;
	//@ assert step_pair: \forall integer i; pair_ok{ready}(bm, i, pages) && pair_ok{ready}(bm, i, own) && same_cursor{ready, Here}(bm, i) ==> pair_ok(bm, i, pages) && pair_ok(bm, pages, i) && pair_ok(bm, i, own) && pair_ok(bm, own, i);
	//@ assert step_others: \forall integer i, j; pair_ok{ready}(bm, i, j) && same_cursor{ready, Here}(bm, i) && same_cursor{ready, Here}(bm, j) ==> pair_ok(bm, i, j);
	//@ assert own_pairs: \forall integer i; 0 <= i < BOOTMEM_CURSORS && i != own && i != pages ==> pair_ok(bm, i, pages) && pair_ok(bm, pages, i) && pair_ok(bm, i, own) && pair_ok(bm, own, i);
	//@ assert pairs: \forall integer i, j; 0 <= i < BOOTMEM_CURSORS && 0 <= j < BOOTMEM_CURSORS && i != j ==> pair_ok(bm, i, j);
	return true;
}

/*
 * Ask the firmware for pages that are free here. After a refusal at least one of them is reserved. What a claim hook may do (bootmem.h)
 * is taken as given: nothing, or reserve pages.
 */
/*@ requires bootmem_ok(bm) && \valid(s) && search_ok(s) && \valid_read(s->pool) && \separated(bm, s) && no_bits(bm, \base_addr(s));
    assigns bm->cursor[0 .. BOOTMEM_CURSORS - 1], s->stuck, WORDS(bm);
    ensures bootmem_ok(bm) && same_span{Pre, Post}(bm) && search_ok(s) && same_search{Pre, Post}(s);
    ensures s->pool->claim == \old(s->pool->claim);
    ensures \forall integer page; reserved{Pre}(bm, page) ==> reserved(bm, page);
    ensures \result ==> same_pages{Pre, Post}(bm) && same_cursors{Pre, Post}(bm); */
static bool ask(const struct bootmem *bm, struct search *s, pfn_t start, pfn_t end)
{
	uint64_t first = start - bm->base_pfn, last = end - bm->base_pfn;

	if (s->pool->claim(s->pool->claim_ctx, start, end - start) == BM_OK)
		return true;
	/* A hook that reserved nothing would make us ask for the same pages for ever. */
	s->stuck = next_page(bm, first, last, RESERVED) == last;
	return false;
}

/*@ requires bootmem_ok(bm) && \valid(s) && search_ok(s) && \valid_read(s->pool) && \separated(bm, s) && no_bits(bm, \base_addr(s));
    requires p.start <= p.end <= PHYS_END;
    assigns bm->cursor[0 .. BOOTMEM_CURSORS - 1], s->stuck, WORDS(bm);
    ensures bootmem_ok(bm) && same_span{Pre, Post}(bm) && search_ok(s) && same_search{Pre, Post}(s);
    ensures s->pool->claim == \old(s->pool->claim);
    ensures \forall integer page; reserved{Pre}(bm, page) ==> reserved(bm, page);
    ensures \result || s->pool->claim == \null ==> same_pages{Pre, Post}(bm) && same_cursors{Pre, Post}(bm);
    ensures s->pool->claim == \null ==> \result; */
static bool claim(const struct bootmem *bm, struct search *s, struct place p)
{
	phys_t start = pages_start(p), end = pages_end(p);

	return s->pool->claim == NULL || start == end || ask(bm, s, pfn_down(start), pfn_down(end));
}

/*@ requires bootmem_ok(bm) && \valid(s) && search_ok(s) && \valid_read(s->pool) && \valid(start);
    requires \separated(bm, s, start) && no_bits(bm, \base_addr(s)) && no_bits(bm, \base_addr(start));
    requires \separated(s->pool, bm, s, start) && no_bits(bm, \base_addr(s->pool));
    assigns *start, s->stuck, bm->allocations, bm->merged, bm->requested_bytes, bm->allocated_pages, bm->cursor[0 .. BOOTMEM_CURSORS - 1], WORDS(bm);
    ensures bootmem_ok(bm) && same_span{Pre, Post}(bm);
    ensures \result ==> *start % \old(s->align_bytes) == 0 && \old(s->goal_phys) <= *start && *start + \old(s->size_bytes) <= \old(s->limit_phys);
    ensures \result ==> bm->start_pfn * PAGE_SIZE <= *start && *start + \old(s->size_bytes) <= bm->end_pfn * PAGE_SIZE;
    ensures \result ==> \forall integer page; *start <= page_phys(bm, page) < *start + \old(s->size_bytes) ==> !reserved{Pre}(bm, page);
    ensures \result ==> \forall integer page; *start < page_phys(bm, page + 1) && page_phys(bm, page) < *start + \old(s->size_bytes) ==>
        reserved(bm, page);
    ensures \forall integer page; reserved{Pre}(bm, page) ==> reserved(bm, page);
    ensures \result && \old(s->pool->claim) == \null ==> taken{Pre, Post}(bm, *start, *start + \old(s->size_bytes));
    ensures !\result ==> search_ok(s) && same_search{Pre, Post}(s);
    ensures !\result && \old(s->pool->claim) == \null ==> same_pages{Pre, Post}(bm); */
static bool alloc_on_node(struct bootmem *bm, struct search *s, phys_t *start)
{
	struct place place;
	phys_t from;

	/*@ loop invariant bootmem_ok(bm) && search_ok(s) && same_span{Pre, Here}(bm) && same_search{Pre, Here}(s);
	    loop invariant s->pool->claim == \at(s->pool->claim, Pre);
	    loop invariant \separated(&place, bm->level[0].full + (0 .. PFN_END / 64));
	    loop invariant \separated(&place, bm->level[1].full + (0 .. PFN_END / 64));
	    loop invariant \separated(&place, bm->level[2].full + (0 .. PFN_END / 64));
	    loop invariant \separated(&place, bm->level[3].full + (0 .. PFN_END / 64));
	    loop invariant \separated(&place, bm->level[1].some + (0 .. PFN_END / 64));
	    loop invariant \separated(&place, bm->level[2].some + (0 .. PFN_END / 64));
	    loop invariant \separated(&place, bm->level[3].some + (0 .. PFN_END / 64));
	    loop invariant \separated(s, bm->level[0].full + (0 .. PFN_END / 64));
	    loop invariant \separated(s, bm->level[1].full + (0 .. PFN_END / 64));
	    loop invariant \separated(s, bm->level[2].full + (0 .. PFN_END / 64));
	    loop invariant \separated(s, bm->level[3].full + (0 .. PFN_END / 64));
	    loop invariant \separated(s, bm->level[1].some + (0 .. PFN_END / 64));
	    loop invariant \separated(s, bm->level[2].some + (0 .. PFN_END / 64));
	    loop invariant \separated(s, bm->level[3].some + (0 .. PFN_END / 64));
	    loop invariant apart(bm, \base_addr(&place)) && no_bits(bm, \base_addr(s)) && \base_addr(&place) != \base_addr(s);
	    loop invariant \forall integer page; reserved{Pre}(bm, page) ==> reserved(bm, page);
	    loop invariant s->pool->claim == \null ==> same_pages{Pre, Here}(bm);
	    loop assigns place, s->stuck, bm->cursor[0 .. BOOTMEM_CURSORS - 1], WORDS(bm); */
	while (!find_place(bm, s, &place) || !claim(bm, s, place))
		if (s->stuck || !make_room(bm, s))
			return false;
	from = place.start;
	//@ assert found: place_ok(bm, place) && cursor_ok(bm, place.cursor);
	//@ ghost uint64_t to = place.end;
	//@ assert place: from % s->align_bytes == 0 && s->goal_phys <= from && to == from + s->size_bytes && to <= s->limit_phys;
	//@ assert asked: from % \at(s->align_bytes, Pre) == 0 && \at(s->goal_phys, Pre) <= from && to == from + \at(s->size_bytes, Pre) && to <= \at(s->limit_phys, Pre);
	//@ assert in_node: bm->start_pfn * PAGE_SIZE <= from && to <= bm->end_pfn * PAGE_SIZE;
	//@ assert was_free: \forall integer page; from <= page_phys(bm, page) < to ==> !reserved(bm, page) && !reserved{Pre}(bm, page);
	//@ assert head: \forall integer page; page_phys(bm, page) < from < page_phys(bm, page + 1) ==> reserved(bm, page);
	//@ assert nobody: \at(s->pool->claim, Pre) == \null ==> same_pages{Pre, Here}(bm);
	//@ ghost found: ;
	take(bm, place);
	//@ assert span: same_span{found, Here}(bm) && same_span{Pre, Here}(bm);
	//@ assert more: taken{found, Here}(bm, from, to);
	//@ assert only_more: \forall integer page; reserved{Pre}(bm, page) ==> reserved(bm, page);
	//@ assert all: \forall integer page; from < page_phys(bm, page + 1) && page_phys(bm, page) < to ==> reserved(bm, page);
	//@ assert only: \at(s->pool->claim, Pre) == \null ==> taken{Pre, Here}(bm, from, to);
	//@ ghost taken: ;
	*start = from;
	//@ assert words: same_words{taken, Here}(bm) && same_span{taken, Here}(bm) && same_cursors{taken, Here}(bm);
	//@ assert pages: same_pages{taken, Here}(bm);
	//@ assert node: bootmem_ok(bm) && same_span{Pre, Here}(bm) && *start == from;
	return true;
}

/* The i-th node to try when nid is preferred. */
/*@ requires \valid_read(pool) && nid < pool->nodes <= BOOTMEM_MAX_NODES && i < pool->nodes;
    requires pool->node_order == \null || \valid_read(pool->node_order + (0 .. pool->nodes * pool->nodes - 1));
    assigns \nothing;
    ensures pool->node_order == \null ==> \result < pool->nodes && (\result == nid + i || \result == nid + i - pool->nodes);
    ensures pool->node_order != \null ==> \result == pool->node_order[nid * pool->nodes + i]; */
static uint32_t node_in_order(const struct bootmem_pool *pool, uint32_t nid, uint32_t i)
{
	uint32_t next = nid + i;

	/*@ assert 0 <= nid * pool->nodes && 0 <= (pool->nodes - 1 - nid) * pool->nodes; */
	/*@ assert pool->nodes * pool->nodes <= BOOTMEM_MAX_NODES * pool->nodes; */
	if (pool->node_order != NULL)
		return pool->node_order[(size_t)nid * pool->nodes + i];
	return next < pool->nodes ? next : next - pool->nodes;
}

static enum bm_error alloc_on_nodes(
	struct bootmem_pool *pool, uint32_t nid, struct search *s, struct bootmem_result *result)
{
	for (uint32_t i = 0; i < pool->nodes; i++) {
		uint32_t n = node_in_order(pool, nid, i);
		phys_t start;

		if (alloc_on_node(&pool->node[n], s, &start)) {
			*result = (struct bootmem_result){ .start_phys = start, .nid = n };
			return BM_OK;
		}
	}
	return BM_NOMEM;
}

/*@ requires \valid_read(request);
    assigns \nothing;
    ensures \result == (request->nid >= 0 ? request->nid : 0); */
static uint32_t preferred_node(const struct bootmem_request *request)
{
	return request->nid >= 0 ? (uint32_t)request->nid : 0;
}

/* 0 is a power of two here: no alignment. */
static bool is_valid(const struct bootmem_pool *pool, const struct bootmem_request *request)
{
	uint64_t size = request->size_bytes, align = request->align_bytes;

	return ((size - 1) | align | request->goal_phys) < PHYS_END && (align & (align - 1)) == 0 &&
	       preferred_node(request) < pool->nodes;
}

/*@ requires \valid_read(request);
    assigns \nothing;
    ensures \result == SMALL || \result == PAGES || \result == ALIGNED;
    ensures \result == SMALL ==> request->size_bytes <= SMALL_BYTES && request->align_bytes < PAGE_SIZE; */
static enum kind kind_of(const struct bootmem_request *request)
{
	if (request->align_bytes < PAGE_SIZE && request->size_bytes <= SMALL_BYTES)
		return SMALL;
	return request->align_bytes > PAGE_SIZE ? ALIGNED : PAGES;
}

/*@ requires \valid_read(pool) && \valid_read(request);
    assigns \nothing;
    ensures \result.limit_phys <= pool->current_limit;
    ensures request->limit_phys != 0 ==> \result.limit_phys <= request->limit_phys;
    ensures \result.size_bytes == request->size_bytes && \result.goal_phys == request->goal_phys;
    ensures \result.align_bytes == \max(request->align_bytes, 1) && \result.pool == pool;
    ensures \result.kind == SMALL || \result.kind == PAGES || \result.kind == ALIGNED; */
static inline struct search search_for(
	const struct bootmem_pool *pool, const struct bootmem_request *request)
{
	uint64_t limit = request->limit_phys;

	return (struct search){ .pool = pool,
		.size_bytes = request->size_bytes,
		.align_bytes = max_u64(request->align_bytes, 1),
		.goal_phys = request->goal_phys,
		.limit_phys =
			limit != 0 ? min_u64(limit, pool->current_limit) : pool->current_limit,
		.kind = kind_of(request) };
}

/* On all nodes, at or above the goal; then below it if need be. */
static __attribute__((noinline)) enum bm_error alloc_anywhere(struct bootmem_pool *pool,
	const struct bootmem_request *request, struct bootmem_result *result)
{
	struct search s = search_for(pool, request);
	enum bm_error error = alloc_on_nodes(pool, preferred_node(request), &s, result);

	if (error == BM_OK || s.goal_phys == 0)
		return error;
	s.goal_phys = 0;
	error = alloc_on_nodes(pool, preferred_node(request), &s, result);
	if (error == BM_OK)
		result->below_goal = true;
	return error;
}

/*
 * The usual case first: nobody to ask, and room in what the preferred node knows. What needs more is a function of its
 * own, so that the search of the usual case never leaves the registers.
 */
enum bm_error bootmem_alloc(struct bootmem_pool *pool, const struct bootmem_request *request,
	struct bootmem_result *result)
{
	uint32_t nid = preferred_node(request);
	struct search s;
	struct place place;

	if (!is_valid(pool, request))
		return BM_INVALID;
	s = search_for(pool, request);
	if (pool->claim != NULL || !find_place(&pool->node[nid], &s, &place))
		return alloc_anywhere(pool, request, result);
	*result = (struct bootmem_result){ .start_phys = place.start, .nid = nid };
	take(&pool->node[nid], place);
	return BM_OK;
}

static void *alloc_cleared(struct bootmem_pool *pool, const struct bootmem_request *request)
{
	struct bootmem_result result;
	void *memory;

	if (bootmem_alloc(pool, request, &result) != BM_OK)
		return NULL;
	memory = phys_to_virt(pool->window, result.start_phys);
	memset(memory, 0, (size_t)request->size_bytes);
	return memory;
}

void *alloc_bootmem(struct bootmem_pool *pool, uint64_t size_bytes)
{
	return alloc_bootmem_node(pool, -1, size_bytes);
}

void *alloc_bootmem_low(struct bootmem_pool *pool, uint64_t size_bytes)
{
	return alloc_cleared(pool,
		&(struct bootmem_request){
			.size_bytes = size_bytes, .align_bytes = BOOTMEM_CACHE_LINE, .nid = -1 });
}

void *alloc_bootmem_pages(struct bootmem_pool *pool, uint64_t size_bytes)
{
	return alloc_cleared(pool, &(struct bootmem_request){ .size_bytes = size_bytes,
					   .align_bytes = PAGE_SIZE,
					   .goal_phys = pool->dma_limit,
					   .nid = -1 });
}

void *alloc_bootmem_low_pages(struct bootmem_pool *pool, uint64_t size_bytes)
{
	return alloc_cleared(
		pool, &(struct bootmem_request){
			      .size_bytes = size_bytes, .align_bytes = PAGE_SIZE, .nid = -1 });
}

void *alloc_bootmem_node(struct bootmem_pool *pool, int nid, uint64_t size_bytes)
{
	return alloc_cleared(pool, &(struct bootmem_request){ .size_bytes = size_bytes,
					   .align_bytes = BOOTMEM_CACHE_LINE,
					   .goal_phys = pool->dma_limit,
					   .nid = nid });
}

void *early_alloc(struct bootmem_pool *pool, uint64_t size_bytes)
{
	return alloc_cleared(pool, &(struct bootmem_request){ .size_bytes = size_bytes,
					   .align_bytes = size_bytes,
					   .goal_phys = pool->dma_limit,
					   .nid = -1 });
}

/* --- looking ------------------------------------------------------------------------------------ */

/*@ requires node_ok(bm);
    assigns \nothing;
    ensures \result <==> pfn < bm->start_pfn || pfn >= bm->end_pfn || reserved(bm, pfn - bm->base_pfn); */
bool bootmem_reserved(const struct bootmem *bm, pfn_t pfn)
{
	uint64_t page;

	if (pfn < bm->start_pfn || pfn >= bm->end_pfn)
		return true;
	page = pfn - bm->base_pfn;
	return next_page(bm, page, page + 1, RESERVED) == page;
}

/*@ requires node_ok(bm) && \valid(run);
    assigns *run;
    ensures \result ==> \max(from_pfn, \at(bm->start_pfn, Pre)) <= run->start < run->end <=
        \min(end_pfn, \at(bm->end_pfn, Pre));
    ensures \result ==> \forall integer p; run->start <= p < run->end ==> !reserved{Pre}(bm, p - \at(bm->base_pfn, Pre));
    ensures \result ==> \forall integer p; \max(from_pfn, \at(bm->start_pfn, Pre)) <= p < run->start ==>
        reserved{Pre}(bm, p - \at(bm->base_pfn, Pre));
    ensures \result && run->end < \min(end_pfn, \at(bm->end_pfn, Pre)) ==>
        reserved{Pre}(bm, run->end - \at(bm->base_pfn, Pre));
    ensures !\result ==> \forall integer p; \max(from_pfn, \at(bm->start_pfn, Pre)) <= p <
        \min(end_pfn, \at(bm->end_pfn, Pre)) ==> reserved{Pre}(bm, p - \at(bm->base_pfn, Pre)); */
bool bootmem_next_free(
	const struct bootmem *bm, pfn_t from_pfn, pfn_t end_pfn, struct pfn_range *run)
{
	pfn_t base = bm->base_pfn, from = max_u64(from_pfn, bm->start_pfn);
	pfn_t end = min_u64(end_pfn, bm->end_pfn);
	pfn_t first, stop;

	if (from >= end)
		return false;
	first = base + next_page(bm, from - base, end - base, FREE);
	stop = base + next_page(bm, first - base, end - base, RESERVED);
	*run = (struct pfn_range){ first, stop };
	return first < end;
}

uint64_t bootmem_free_pages(const struct bootmem *bm)
{
	struct pfn_range run;
	uint64_t pages = 0;

	for (pfn_t pfn = bm->start_pfn; bootmem_next_free(bm, pfn, bm->end_pfn, &run);
		pfn = run.end)
		pages += run.end - run.start;
	return pages;
}

/* --- the checker -------------------------------------------------------------------------------- */

/* A valid word of a level, and everything below it. */
static bool check_word(const struct bootmem *bm, unsigned level, uint64_t word)
{
	const struct bootmem_level *l = &bm->level[level];

	if ((l->full[word] & ~l->some[word]) != 0)
		return false;
	for (uint64_t unit = word << 6; level > 0 && unit < (word + 1) << 6; unit++) {
		const struct bootmem_level *below = &bm->level[level - 1];

		if (!mixed(bm, level, unit))
			continue;
		if (below->full[unit] == ALL || below->some[unit] == 0 ||
			!check_word(bm, level - 1, unit))
			return false;
	}
	return true;
}

static bool all_free(const struct bootmem *bm, phys_t start, phys_t end)
{
	uint64_t first = pfn_up(start) - bm->base_pfn, last = pfn_down(end) - bm->base_pfn;

	return pfn_up(start) >= pfn_down(end) || next_page(bm, first, last, RESERVED) == last;
}

/* A chunk may begin inside a page, which is reserved; all else that a cursor knows is whole pages, all free. */
static bool check_cursor(const struct bootmem *bm, uint32_t i)
{
	const struct bootmem_cursor *c = &bm->cursor[i];
	bool inside_page = (c->next & (PAGE_SIZE - 1)) != 0;

	if (c->next == c->end)
		return i < PAGES || !inside_page;
	return c->next < c->end && (c->end & (PAGE_SIZE - 1)) == 0 &&
	       (!inside_page || (i < PAGES && bootmem_reserved(bm, pfn_down(c->next)))) &&
	       all_free(bm, c->next, c->end);
}

/* What one cursor knows no other does. */
static bool cursors_are_disjoint(const struct bootmem *bm)
{
	const struct bootmem_cursor *c = bm->cursor;

	for (uint32_t i = 0; i < BOOTMEM_CURSORS; i++)
		for (uint32_t j = 0; j < i; j++)
			if (max_u64(c[i].next, c[j].next) < min_u64(c[i].end, c[j].end))
				return false;
	return true;
}

bool bootmem_check(const struct bootmem *bm)
{
	uint64_t start = bm->start_pfn - bm->base_pfn, end = pages_of(bm);
	uint64_t all = words_of(end, TOP) << unit_shift(TOP + 1);

	for (uint64_t word = 0; word < words_of(end, TOP); word++)
		if (!check_word(bm, TOP, word))
			return false;
	if (next_page(bm, 0, start, FREE) != start || next_page(bm, end, all, FREE) != all)
		return false;
	for (uint32_t i = 0; i < BOOTMEM_CURSORS; i++)
		if (!check_cursor(bm, i))
			return false;
	return cursors_are_disjoint(bm);
}

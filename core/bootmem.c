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

/*@ // What the levels say of a page, which is an index here. The proofs know of them only what next_page promises.
    axiomatic Bitmap {
        predicate reserved(struct bootmem *bm, integer page)
            reads *bm, bm->level[0 .. BOOTMEM_LEVELS - 1].full[0 ..], bm->level[0 .. BOOTMEM_LEVELS - 1].some[0 ..];
    }
    predicate node_ok(struct bootmem *bm) = \valid_read(bm) && bm->base_pfn <= bm->start_pfn <= bm->end_pfn <= PFN_END;
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

/* The same. The usual case is a mixed word that stays mixed: nothing else is read twice or written. */
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
/*@ requires \valid(bm);
    assigns bm->cursor[0 .. BOOTMEM_CURSORS - 1]; */
static void forget(struct bootmem *bm, phys_t start, phys_t end)
{
	/*@ loop invariant i <= BOOTMEM_CURSORS;
	    loop assigns i, bm->cursor[0 .. BOOTMEM_CURSORS - 1];
	    loop variant BOOTMEM_CURSORS - i; */
	for (uint32_t i = 0; i < BOOTMEM_CURSORS; i++) {
		struct bootmem_cursor *c = &bm->cursor[i];

		if (c->end <= start || end <= c->next)
			continue;
		c->end = max_u64(start, c->next);
		if (i < PAGES)
			bm->cursor[PAGES + i] = (struct bootmem_cursor){ 0 };
	}
}

/* --- free and reserve --------------------------------------------------------------------------- */

/* Clip a range of pages to the node and change it. */
static void set_pfns(struct bootmem *bm, pfn_t start, pfn_t end, enum state state)
{
	start = max_u64(start, bm->start_pfn);
	end = min_u64(end, bm->end_pfn);
	if (start >= end)
		return;
	forget(bm, pfn_phys(start), pfn_phys(end));
	set_range(bm, start - bm->base_pfn, end - bm->base_pfn, state);
}

enum bm_error free_bootmem(struct bootmem *bm, phys_t addr_phys, uint64_t size_bytes)
{
	phys_t end_phys;

	if (__builtin_add_overflow(addr_phys, size_bytes, &end_phys))
		return BM_INVALID;
	set_pfns(bm, pfn_up(addr_phys), pfn_down(end_phys), FREE);
	return BM_OK;
}

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

static phys_t pages_start(const struct place *p)
{
	return align_up(p->start, PAGE_SIZE);
}

static phys_t pages_end(const struct place *p)
{
	return align_up(p->end, PAGE_SIZE);
}

/* Is there room in what a cursor knows? Only in a chunk a request begins inside a page. */
/*@ requires \valid_read(bm) && \valid_read(s) && \valid(p) && cursor < BOOTMEM_CURSORS && \separated(p, bm, s);
    requires bm->cursor[cursor].next <= PHYS_END && s->size_bytes <= PHYS_END && s->align_bytes <= PHYS_END;
    requires power_of_2(s->align_bytes);
    assigns *p;
    ensures p->cursor == cursor && p->start % s->align_bytes == 0 && p->end == p->start + s->size_bytes;
    ensures \result <==> p->end <= bm->cursor[cursor].end && s->goal_phys <= p->start && p->end <= s->limit_phys;
    ensures \result ==> bm->cursor[cursor].next <= p->start; */
static inline bool fits(
	const struct bootmem *bm, uint32_t cursor, const struct search *s, struct place *p)
{
	const struct bootmem_cursor *c = &bm->cursor[cursor];

	p->cursor = cursor;
	p->start = align_up(c->next, s->align_bytes);
	p->end = p->start + s->size_bytes;
	return p->end <= c->end && p->start >= s->goal_phys && p->end <= s->limit_phys;
}

/* Requests without a goal look lowest; once they have come to its goal, one with a goal goes on there. */
/*@ requires \valid_read(bm) && \valid_read(s) && (s->kind == SMALL || s->kind == PAGES || s->kind == ALIGNED);
    assigns \nothing;
    ensures \result == s->kind || \result == s->kind + 1; */
static inline uint32_t cursor_for(const struct bootmem *bm, const struct search *s)
{
	return s->kind + (bm->cursor[s->kind].next < s->goal_phys);
}

static inline bool find_place(const struct bootmem *bm, const struct search *s, struct place *p)
{
	return fits(bm, cursor_for(bm, s), s, p);
}

/* What is left of the last page is the chunk of small requests if that is longer than the one there is. */
/*@ requires \valid(chunk) && start <= end && chunk->next <= chunk->end;
    assigns *chunk;
    ensures *chunk == \old(*chunk) || chunk->next == start && chunk->end == end;
    ensures chunk->end - chunk->next >= \max(end - start, \old(chunk->end - chunk->next)); */
static inline void keep_rest(struct bootmem_cursor *chunk, phys_t start, phys_t end)
{
	if (end - start > chunk->end - chunk->next)
		*chunk = (struct bootmem_cursor){ start, end };
}

/* The bitmap is last: nothing is needed after it. Inlined by force, so that a place never leaves the registers. */
static inline __attribute__((always_inline)) void take(struct bootmem *bm, const struct place *p)
{
	struct bootmem_cursor *c = &bm->cursor[p->cursor];
	phys_t start = pages_start(p), end = pages_end(p);

	bm->allocations++;
	bm->merged += p->start != start;
	bm->requested_bytes += p->end - p->start;
	if (p->cursor < PAGES)
		c->next = p->end;
	else {
		c->next = end;
		keep_rest(&bm->cursor[p->cursor & 1], p->end, end);
	}
	if (start < end) {
		bm->allocated_pages += pfn_down(end - start);
		set_range(
			bm, pfn_down(start) - bm->base_pfn, pfn_down(end) - bm->base_pfn, RESERVED);
	}
}

/* The first run of free pages in [from, to) for a request, aligned as a physical address. */
/*@ requires node_ok(bm) && \valid_read(s) && \valid(found) && from <= PFN_END && to <= PFN_END;
    requires \separated(found, bm, s) && 0 < s->size_bytes <= PHYS_END && power_of_2(s->align_bytes) && s->align_bytes <= PHYS_END;
    assigns *found;
    ensures \result ==> \max(from, bm->start_pfn) <= *found;
    ensures \result ==> *found + (s->size_bytes + PAGE_SIZE - 1) / PAGE_SIZE <= \min(to, \at(bm->end_pfn, Pre));
    ensures \result ==> *found % \max(s->align_bytes / PAGE_SIZE, 1) == 0;
    ensures \result ==> \forall integer p; *found <= p < *found + (s->size_bytes + PAGE_SIZE - 1) / PAGE_SIZE ==>
        !reserved{Pre}(bm, p - \at(bm->base_pfn, Pre)); */
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
			return true;
		}
		pfn = stop + 1; /* a known reserved page: never look at this hole again */
	}
	return false;
}

/* The cursor moves to free pages, and sees how far they go; what one cursor knows no other does. */
static void move_cursor(
	struct bootmem *bm, struct bootmem_cursor *c, const struct search *s, pfn_t found)
{
	uint64_t end = found + pfn_up(s->size_bytes) - bm->base_pfn;

	end = next_page(bm, end, min_u64(end + LOOKAHEAD_PAGES, pages_of(bm)), RESERVED);
	forget(bm, pfn_phys(found), pfn_phys(bm->base_pfn + end));
	*c = (struct bootmem_cursor){ pfn_phys(found), pfn_phys(bm->base_pfn + end) };
}

/* Move a page cursor to room for a request: behind where the last one found some, or from the goal on. */
static bool search(struct bootmem *bm, struct bootmem_cursor *c, const struct search *s)
{
	pfn_t goal = pfn_up(s->goal_phys), limit = pfn_down(s->limit_phys),
	      hint = pfn_down(c->next);
	pfn_t found;

	if ((hint <= goal || !find_run(bm, s, hint, limit, &found)) &&
		!find_run(bm, s, goal, limit, &found))
		return false;
	move_cursor(bm, c, s, found);
	return true;
}

/* The first pages of a page cursor become a chunk; what was left of the last chunk stays free. */
/*@ requires \valid(chunk) && \valid(pages) && \separated(chunk, pages) && pages->next <= pages->end <= PHYS_END;
    assigns *chunk, pages->next;
    ensures chunk->next == \old(pages->next) && chunk->end == pages->next;
    ensures chunk->next <= chunk->end <= pages->end && chunk->end - chunk->next <= CHUNK_BYTES; */
static void open_chunk(struct bootmem_cursor *chunk, struct bootmem_cursor *pages)
{
	*chunk = (struct bootmem_cursor){ pages->next,
		min_u64(pages->end, pages->next + CHUNK_BYTES) };
	pages->next = chunk->end;
}

/* Make room where the request will look. */
static bool make_room(struct bootmem *bm, const struct search *s)
{
	uint32_t own = cursor_for(bm, s), pages = own < PAGES ? PAGES + own : own;
	struct place place;

	if (!fits(bm, pages, s, &place) && !search(bm, &bm->cursor[pages], s))
		return false;
	if (own < PAGES)
		open_chunk(&bm->cursor[own], &bm->cursor[pages]);
	return true;
}

/* Ask the firmware for pages that are free here. After a refusal at least one of them is reserved. */
static bool ask(const struct bootmem *bm, struct search *s, pfn_t start, pfn_t end)
{
	uint64_t first = start - bm->base_pfn, last = end - bm->base_pfn;

	if (s->pool->claim(s->pool->claim_ctx, start, end - start) == BM_OK)
		return true;
	/* A hook that reserved nothing would make us ask for the same pages for ever. */
	s->stuck = next_page(bm, first, last, RESERVED) == last;
	return false;
}

static bool claim(const struct bootmem *bm, struct search *s, const struct place *p)
{
	phys_t start = pages_start(p), end = pages_end(p);

	return s->pool->claim == NULL || start == end || ask(bm, s, pfn_down(start), pfn_down(end));
}

static bool alloc_on_node(struct bootmem *bm, struct search *s, phys_t *start)
{
	struct place place;

	while (!find_place(bm, s, &place) || !claim(bm, s, &place))
		if (s->stuck || !make_room(bm, s))
			return false;
	*start = place.start;
	take(bm, &place);
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
	take(&pool->node[nid], &place);
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

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bootmem: the first allocator (invariant and interface: bootmem.h).
 *
 * Inside this file a page is an index: its pfn less the node's base_pfn. All changes of the bitmap
 * go through set_range, all searches through next_page; both work at the highest level that is
 * uniform, so a range costs at most two partial words, two partial groups and the group bits between.
 */
#include <bootmem/bootmem.h>
#include <bootmem/string.h>

#define WORD_SHIFT  6  /* pages of a word */
#define GROUP_SHIFT 12 /* pages of a group: 64 words */
#define WORD_PAGES  (UINT64_C(1) << WORD_SHIFT)
#define GROUP_PAGES (UINT64_C(1) << GROUP_SHIFT)
#define ALL         (~UINT64_C(0))

enum state { FREE, RESERVED };

/* --- bits ------------------------------------------------------------------------------------- */

/* Bits [from, to) of a word, 0 <= from < to <= 64. */
static uint64_t mask(unsigned from, unsigned to)
{
	return (ALL << from) & (ALL >> (64 - to));
}

static void put_mask(uint64_t *word, uint64_t bits, enum state state)
{
	if (state == RESERVED)
		*word |= bits;
	else
		*word &= ~bits;
}

/* Bits [from, to) of an array. */
static void put_bits(uint64_t *words, uint64_t from, uint64_t to, enum state state)
{
	uint64_t first = from >> 6, last = (to - 1) >> 6;

	if (first == last) {
		put_mask(&words[first], mask(from & 63, ((to - 1) & 63) + 1), state);
		return;
	}
	put_mask(&words[first], mask(from & 63, 64), state);
	for (uint64_t i = first + 1; i < last; i++)
		words[i] = state == RESERVED ? ALL : 0;
	put_mask(&words[last], mask(0, ((to - 1) & 63) + 1), state);
}

static bool get_bit(const uint64_t *words, uint64_t i)
{
	return (words[i >> 6] >> (i & 63)) & 1;
}

static void put_bit(uint64_t *words, uint64_t i, bool value)
{
	put_mask(&words[i >> 6], UINT64_C(1) << (i & 63), value ? RESERVED : FREE);
}

/* --- the levels --------------------------------------------------------------------------------- */

static uint64_t groups(const struct bootmem *bm)
{
	return (bm->end_pfn - bm->base_pfn + GROUP_PAGES - 1) >> GROUP_SHIFT;
}

/* Make the word bits of a group valid. */
static void open_group(struct bootmem *bm, uint64_t group)
{
	if (get_bit(bm->group_full, group))
		bm->word_full[group] = bm->word_some[group] = ALL;
	else if (!get_bit(bm->group_some, group))
		bm->word_full[group] = bm->word_some[group] = 0;
}

/* Make the page bits of a word valid; its group is open. */
static void open_word(struct bootmem *bm, uint64_t word)
{
	if (get_bit(bm->word_full, word))
		bm->page_bits[word] = ALL;
	else if (!get_bit(bm->word_some, word))
		bm->page_bits[word] = 0;
}

/* Pages [from, to) of one word of an open group. */
static void set_in_word(struct bootmem *bm, uint64_t from, uint64_t to, enum state state)
{
	uint64_t word = from >> WORD_SHIFT;
	unsigned first = from & 63, end = (unsigned)(to - (word << WORD_SHIFT));

	open_word(bm, word);
	put_mask(&bm->page_bits[word], mask(first, end), state);
	put_bit(bm->word_full, word, bm->page_bits[word] == ALL);
	put_bit(bm->word_some, word, bm->page_bits[word] != 0);
}

/* Pages [from, to) of one group. */
static void set_in_group(struct bootmem *bm, uint64_t from, uint64_t to, enum state state)
{
	uint64_t group = from >> GROUP_SHIFT;
	uint64_t whole_from = align_up(from, WORD_PAGES), whole_to = align_down(to, WORD_PAGES);

	open_group(bm, group);
	if (whole_from > whole_to) { /* inside one word */
		set_in_word(bm, from, to, state);
	} else {
		if (from < whole_from)
			set_in_word(bm, from, whole_from, state);
		if (whole_from < whole_to) {
			put_bits(bm->word_full, whole_from >> WORD_SHIFT, whole_to >> WORD_SHIFT,
				state);
			put_bits(bm->word_some, whole_from >> WORD_SHIFT, whole_to >> WORD_SHIFT,
				state);
		}
		if (whole_to < to)
			set_in_word(bm, whole_to, to, state);
	}
	put_bit(bm->group_full, group, bm->word_full[group] == ALL);
	put_bit(bm->group_some, group, bm->word_some[group] != 0);
}

/* Pages [from, to). */
static void set_range(struct bootmem *bm, uint64_t from, uint64_t to, enum state state)
{
	uint64_t whole_from = align_up(from, GROUP_PAGES), whole_to = align_down(to, GROUP_PAGES);

	if (from >= to)
		return;
	if (whole_from > whole_to) { /* inside one group */
		set_in_group(bm, from, to, state);
		return;
	}
	if (from < whole_from)
		set_in_group(bm, from, whole_from, state);
	if (whole_from < whole_to) {
		put_bits(bm->group_full, whole_from >> GROUP_SHIFT, whole_to >> GROUP_SHIFT, state);
		put_bits(bm->group_some, whole_from >> GROUP_SHIFT, whole_to >> GROUP_SHIFT, state);
	}
	if (whole_to < to)
		set_in_group(bm, whole_to, to, state);
}

/* Units of a summary word that may hold a page in this state, and those that hold nothing else. */
static uint64_t may_hold(uint64_t full, uint64_t some, enum state state)
{
	return state == RESERVED ? some : ~full;
}

static bool holds_only(const uint64_t *full, const uint64_t *some, uint64_t i, enum state state)
{
	return state == RESERVED ? get_bit(full, i) : !get_bit(some, i);
}

/* The first group at or after group that may hold a page in this state, or groups(bm). */
static uint64_t next_group(const struct bootmem *bm, uint64_t group, enum state state)
{
	uint64_t end = groups(bm), word = group >> 6;
	uint64_t skip = ALL << (group & 63);

	for (; word << 6 < end; word++, skip = ALL) {
		uint64_t hits = skip & may_hold(bm->group_full[word], bm->group_some[word], state);

		if (hits != 0)
			return min_u64((word << 6) + lowest_bit(hits), end);
	}
	return end;
}

/* The first page at or after page, in its mixed group, in this state, or the end of the group. */
static uint64_t next_in_group(const struct bootmem *bm, uint64_t page, enum state state)
{
	uint64_t group = page >> GROUP_SHIFT, end = (group + 1) << GROUP_SHIFT;

	while (page < end) {
		unsigned first = (unsigned)(page >> WORD_SHIFT) & 63;
		uint64_t words = (ALL << first) &
			may_hold(bm->word_full[group], bm->word_some[group], state);
		uint64_t word, bits;

		if (words == 0)
			return end;
		word = (group << 6) + lowest_bit(words);
		page = max_u64(page, word << WORD_SHIFT);
		if (holds_only(bm->word_full, bm->word_some, word, state))
			return page;
		bits = state == RESERVED ? bm->page_bits[word] : ~bm->page_bits[word];
		bits &= ALL << (page & 63);
		if (bits != 0)
			return (word << WORD_SHIFT) + lowest_bit(bits);
		page = (word + 1) << WORD_SHIFT;
	}
	return end;
}

/* The first page in [page, end) in this state, or end. */
static uint64_t next_page(const struct bootmem *bm, uint64_t page, uint64_t end, enum state state)
{
	while (page < end) {
		uint64_t group = next_group(bm, page >> GROUP_SHIFT, state);
		uint64_t stop = (group + 1) << GROUP_SHIFT;

		page = max_u64(page, group << GROUP_SHIFT);
		if (page >= end || holds_only(bm->group_full, bm->group_some, group, state))
			return min_u64(page, end);
		page = next_in_group(bm, page, state);
		if (page < stop)
			return min_u64(page, end);
	}
	return end;
}

/* --- set-up ------------------------------------------------------------------------------------- */

static uint64_t group_count(pfn_t start_pfn, pfn_t end_pfn)
{
	return (end_pfn - align_down(start_pfn, GROUP_PAGES) + GROUP_PAGES - 1) >> GROUP_SHIFT;
}

static uint64_t summary_words(uint64_t group_count)
{
	return (group_count + 63) >> 6;
}

uint64_t bootmem_bootmap_pages(pfn_t start_pfn, pfn_t end_pfn)
{
	uint64_t g = group_count(start_pfn, end_pfn);

	return pfn_up(sizeof(uint64_t) * (2 * summary_words(g) + 2 * g + 64 * g));
}

/* Group bits first: they are what init writes. */
void bootmem_set_window(struct bootmem *bm, struct window window)
{
	uint64_t g = groups(bm), s = summary_words(g);

	bm->group_full = phys_to_virt(window, bm->bitmap_phys);
	bm->group_some = bm->group_full + s;
	bm->word_full = bm->group_some + s;
	bm->word_some = bm->word_full + g;
	bm->page_bits = bm->word_some + g;
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
		.base_pfn = align_down(start_pfn, GROUP_PAGES),
		.bitmap_phys = bitmap_phys,
	};
	bootmem_set_window(bm, window);
	memset(bm->group_full, 0xff, sizeof(uint64_t) * 2 * summary_words(groups(bm)));
	return BM_OK;
}

/* --- free and reserve --------------------------------------------------------------------------- */

/* Clip a range of pages to the node and change it. */
static void set_pfns(struct bootmem *bm, pfn_t start, pfn_t end, enum state state)
{
	start = max_u64(start, bm->start_pfn);
	end = min_u64(end, bm->end_pfn);
	if (start < end)
		set_range(bm, start - bm->base_pfn, end - bm->base_pfn, state);
}

enum bm_error free_bootmem(struct bootmem *bm, phys_t addr_phys, uint64_t size_bytes)
{
	phys_t end_phys;
	pfn_t start, end, last;

	if (__builtin_add_overflow(addr_phys, size_bytes, &end_phys))
		return BM_INVALID;
	start = pfn_up(addr_phys);
	end = pfn_down(end_phys);
	last = pfn_down(bm->last_end_phys);
	if (start <= last && last < end)
		bm->last_end_phys = 0;
	set_pfns(bm, start, end, FREE);
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
	uint64_t pages, align_pages;
};

/* The first run of s->pages free pages in [from, to), aligned as a physical address. */
static bool find_run(const struct bootmem *bm, const struct search *s, pfn_t from, pfn_t to,
	pfn_t *found)
{
	pfn_t base = bm->base_pfn, pfn = max_u64(from, bm->start_pfn);

	to = min_u64(to, bm->end_pfn);
	while (pfn < to) {
		pfn_t stop;

		pfn = base + next_page(bm, pfn - base, to - base, FREE);
		pfn = align_up(pfn, s->align_pages);
		if (pfn >= to || to - pfn < s->pages)
			return false;
		stop = base + next_page(bm, pfn - base, pfn + s->pages - base, RESERVED);
		if (stop == pfn + s->pages) {
			*found = pfn;
			return true;
		}
		pfn = stop + 1; /* a known reserved page: never look at this hole again */
	}
	return false;
}

/* From where the last search with this goal ended; then from the goal itself. */
static bool find_from_hint(const struct bootmem *bm, const struct search *s, pfn_t *found)
{
	pfn_t goal = pfn_up(s->goal_phys), limit = pfn_down(s->limit_phys);

	if (s->goal_phys == bm->hint_goal_phys && bm->hint_pfn > goal &&
		find_run(bm, s, bm->hint_pfn, limit, found))
		return true;
	return find_run(bm, s, goal, limit, found);
}

/* Ask the firmware for pages that are free here. After a refusal at least one of them is reserved. */
static bool claim(const struct bootmem *bm, const struct search *s, pfn_t start, uint64_t pages,
	bool *again)
{
	uint64_t first = start - bm->base_pfn;

	*again = false;
	if (pages == 0 || s->pool->claim == NULL ||
		s->pool->claim(s->pool->claim_ctx, start, pages) == BM_OK)
		return true;
	/* A hook that reserved nothing would make us ask for the same pages for ever. */
	*again = next_page(bm, first, first + pages, RESERVED) < first + pages;
	return false;
}

/*
 * Continue in the page where the last allocation ended, with free pages behind it as needed: the
 * classic merge. new_pages is what the bitmap has to give for it. A request that would look lower
 * than the last one did is not for that page.
 */
static bool fits_last_page(const struct bootmem *bm, const struct search *s, phys_t *start,
	uint64_t *new_pages)
{
	phys_t page_end = align_up(bm->last_end_phys, PAGE_SIZE), end;
	uint64_t first = pfn_down(page_end) - bm->base_pfn;

	*start = align_up(bm->last_end_phys, s->align_bytes);
	if (bm->last_end_phys == 0 || *start >= page_end || *start < s->goal_phys)
		return false;
	if (s->goal_phys < bm->hint_goal_phys)
		return false;
	end = *start + s->size_bytes;
	if (end > s->limit_phys || pfn_up(end) > bm->end_pfn)
		return false;
	*new_pages = end > page_end ? pfn_up(end - page_end) : 0;
	return next_page(bm, first, first + *new_pages, RESERVED) == first + *new_pages;
}

static void take(struct bootmem *bm, const struct search *s, phys_t start, pfn_t new_pfn,
	uint64_t new_pages)
{
	phys_t end = start + s->size_bytes;

	if (new_pages != 0)
		set_range(bm, new_pfn - bm->base_pfn, new_pfn + new_pages - bm->base_pfn, RESERVED);
	bm->last_end_phys = (end & (PAGE_SIZE - 1)) != 0 ? end : 0;
	bm->allocations++;
	bm->requested_bytes += s->size_bytes;
	bm->allocated_pages += new_pages;
}

static bool merge(struct bootmem *bm, const struct search *s, phys_t *start)
{
	uint64_t new_pages;
	pfn_t new_pfn = pfn_up(bm->last_end_phys);
	bool again;

	if (!fits_last_page(bm, s, start, &new_pages) || !claim(bm, s, new_pfn, new_pages, &again))
		return false;
	take(bm, s, *start, new_pfn, new_pages);
	bm->merged++;
	return true;
}

static bool alloc_on_node(struct bootmem *bm, const struct search *s, phys_t *start)
{
	bool again = true;
	pfn_t pfn;

	if (merge(bm, s, start))
		return true;
	while (again && find_from_hint(bm, s, &pfn)) {
		if (!claim(bm, s, pfn, s->pages, &again))
			continue;
		*start = pfn_phys(pfn);
		take(bm, s, *start, pfn, s->pages);
		bm->hint_goal_phys = s->goal_phys;
		bm->hint_pfn = pfn + s->pages;
		return true;
	}
	return false;
}

/* The i-th node to try when nid is preferred. */
static uint32_t node_in_order(const struct bootmem_pool *pool, uint32_t nid, uint32_t i)
{
	uint32_t next = nid + i;

	if (pool->node_order != NULL)
		return pool->node_order[(size_t)nid * pool->nodes + i];
	return next < pool->nodes ? next : next - pool->nodes;
}

static enum bm_error alloc_on_nodes(struct bootmem_pool *pool, uint32_t nid,
	const struct search *s, struct bootmem_result *result)
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

static enum bm_error search_init(struct search *s, const struct bootmem_pool *pool,
	const struct bootmem_request *request)
{
	uint64_t align = request->align_bytes != 0 ? request->align_bytes : 1;

	if (request->size_bytes == 0 || request->size_bytes > PHYS_END)
		return BM_INVALID;
	if (!is_power_of_2(align) || align > PHYS_END || request->goal_phys > PHYS_END)
		return BM_INVALID;
	*s = (struct search){
		.pool = pool,
		.size_bytes = request->size_bytes,
		.align_bytes = align,
		.goal_phys = request->goal_phys,
		.limit_phys = min_u64(pool->current_limit, PHYS_END),
		.pages = pfn_up(request->size_bytes),
		.align_pages = max_u64(align >> PAGE_SHIFT, 1),
	};
	if (request->limit_phys != 0)
		s->limit_phys = min_u64(s->limit_phys, request->limit_phys);
	return BM_OK;
}

enum bm_error bootmem_alloc(struct bootmem_pool *pool, const struct bootmem_request *request,
	struct bootmem_result *result)
{
	uint32_t nid = request->nid >= 0 ? (uint32_t)request->nid : 0;
	struct search s;
	enum bm_error error = search_init(&s, pool, request);

	if (error != BM_OK)
		return error;
	if (nid >= pool->nodes)
		return BM_INVALID;
	error = alloc_on_nodes(pool, nid, &s, result);
	if (error == BM_OK || s.goal_phys == 0)
		return error;
	s.goal_phys = 0;
	error = alloc_on_nodes(pool, nid, &s, result);
	if (error == BM_OK)
		result->below_goal = true;
	return error;
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
	return alloc_cleared(pool,
		&(struct bootmem_request){ .size_bytes = size_bytes,
			.align_bytes = PAGE_SIZE,
			.goal_phys = pool->dma_limit,
			.nid = -1 });
}

void *alloc_bootmem_low_pages(struct bootmem_pool *pool, uint64_t size_bytes)
{
	return alloc_cleared(pool,
		&(struct bootmem_request){
			.size_bytes = size_bytes, .align_bytes = PAGE_SIZE, .nid = -1 });
}

void *alloc_bootmem_node(struct bootmem_pool *pool, int nid, uint64_t size_bytes)
{
	return alloc_cleared(pool,
		&(struct bootmem_request){ .size_bytes = size_bytes,
			.align_bytes = BOOTMEM_CACHE_LINE,
			.goal_phys = pool->dma_limit,
			.nid = nid });
}

void *early_alloc(struct bootmem_pool *pool, uint64_t size_bytes)
{
	return alloc_cleared(pool,
		&(struct bootmem_request){ .size_bytes = size_bytes,
			.align_bytes = size_bytes,
			.goal_phys = pool->dma_limit,
			.nid = -1 });
}

/* --- looking ------------------------------------------------------------------------------------ */

bool bootmem_reserved(const struct bootmem *bm, pfn_t pfn)
{
	uint64_t page = pfn - bm->base_pfn;

	if (pfn < bm->start_pfn || pfn >= bm->end_pfn)
		return true;
	return next_page(bm, page, page + 1, RESERVED) == page;
}

bool bootmem_next_free(const struct bootmem *bm, pfn_t from_pfn, pfn_t end_pfn,
	struct pfn_range *run)
{
	pfn_t base = bm->base_pfn, from = max_u64(from_pfn, bm->start_pfn);
	pfn_t end = min_u64(end_pfn, bm->end_pfn);

	if (from >= end)
		return false;
	run->start = base + next_page(bm, from - base, end - base, FREE);
	run->end = base + next_page(bm, run->start - base, end - base, RESERVED);
	return run->start < end;
}

uint64_t bootmem_free_pages(const struct bootmem *bm)
{
	struct pfn_range run;
	uint64_t pages = 0;

	for (pfn_t pfn = bm->start_pfn; bootmem_next_free(bm, pfn, bm->end_pfn, &run); pfn = run.end)
		pages += run.end - run.start;
	return pages;
}

/* --- the checker -------------------------------------------------------------------------------- */

static bool check_word(const struct bootmem *bm, uint64_t word)
{
	uint64_t bits = bm->page_bits[word];

	if (get_bit(bm->word_full, word))
		return get_bit(bm->word_some, word);
	return !get_bit(bm->word_some, word) || (bits != 0 && bits != ALL);
}

static bool check_group(const struct bootmem *bm, uint64_t group)
{
	if (get_bit(bm->group_full, group))
		return get_bit(bm->group_some, group);
	if (!get_bit(bm->group_some, group))
		return true;
	if (bm->word_full[group] == ALL || bm->word_some[group] == 0)
		return false;
	for (uint64_t word = group << 6; word < (group + 1) << 6; word++)
		if (!check_word(bm, word))
			return false;
	return true;
}

bool bootmem_check(const struct bootmem *bm)
{
	uint64_t start = bm->start_pfn - bm->base_pfn, end = bm->end_pfn - bm->base_pfn;
	uint64_t all = groups(bm) << GROUP_SHIFT;

	for (uint64_t group = 0; group < groups(bm); group++)
		if (!check_group(bm, group))
			return false;
	if (next_page(bm, 0, start, FREE) != start || next_page(bm, end, all, FREE) != all)
		return false;
	return bm->last_end_phys == 0 || bootmem_reserved(bm, pfn_down(bm->last_end_phys));
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From SRAT ranges to the node map (invariant and rules: node.h). In between are "blocks": the
 * ranges in pages, sorted, disjoint, each followed by one of another node. A block holds the RAM
 * up to the next block's start, so what is left to do with e820 is to cut it at these places.
 */
#include <bootmem/node.h>
#include <bootmem/string.h>

#define GAP_PAGES      (MIB >> PAGE_SHIFT) /* as much RAM without affinity is too much */
#define FAKE_SHIFT     25                  /* fake nodes come in units of 32 MiB */
#define FAKE_MIN_PAGES ((UINT64_C(1) << FAKE_SHIFT) >> PAGE_SHIFT)
#define FAKE_DMA32_PFN (UINT64_C(4) * GIB >> PAGE_SHIFT)

#define NID_NONE       UINT32_MAX

/* Sorted storage for blocks: real ones, then room for the fake ones. */
struct builder {
	const struct e820 *e820;
	struct node_range *block;
	uint32_t blocks;
	pfn_t end_pfn; /* of RAM */
	struct findings *f;
};

/* What numa=fake cuts, and how. */
struct fake {
	const struct e820 *e820;
	struct node_range *real; /* what is left of each real block */
	uint32_t reals;
	struct node_range *piece;
	uint32_t pieces;
	uint32_t nodes;
	uint32_t longer; /* so many first pieces are one unit longer */
	uint64_t size_pages;
};

static void swap(struct node_range *a, struct node_range *b)
{
	struct node_range t = *a;

	*a = *b;
	*b = t;
}

static void sift_down(struct node_range *block, uint32_t root, uint32_t n)
{
	for (;;) {
		uint32_t child = 2 * root + 1;

		if (child >= n)
			return;
		if (child + 1 < n && block[child].start < block[child + 1].start)
			child++;
		if (block[root].start >= block[child].start)
			return;
		swap(&block[root], &block[child]);
		root = child;
	}
}

/* Heap sort, as for e820: no extra storage, and no firmware can make it slow. */
static void sort_blocks(struct node_range *block, uint32_t n)
{
	for (uint32_t i = n / 2; i-- > 0;)
		sift_down(block, i, n);
	for (uint32_t i = n; i-- > 1;) {
		swap(&block[0], &block[i]);
		sift_down(block, 0, i);
	}
}

static pfn_t ram_end(const struct e820 *e820)
{
	struct pfn_range ram = { 0, 0 };

	for (uint32_t i = 0; e820_next_ram(e820, &i, &ram);)
		;
	return ram.end;
}

/* All RAM as the block of one node. */
static void one_block(struct builder *b)
{
	b->block[0] = (struct node_range){ .start = 0, .end = b->end_pfn };
	b->blocks = 1;
}

/* --- blocks of the SRAT ----------------------------------------------------------------------- */

/* The ranges that have RAM, cut where RAM ends, in pages: a page is where its first byte is. */
static void take_ranges(struct builder *b, const struct srat *srat)
{
	phys_t end_phys = pfn_phys(b->end_pfn);

	b->blocks = 0;
	for (uint32_t i = 0; i < srat->ranges; i++) {
		const struct srat_range *range = &srat->range[i];
		pfn_t start = pfn_up(min_u64(range->start_phys, end_phys));
		pfn_t end = pfn_up(min_u64(range->end_phys, end_phys));

		if (start < end && e820_ram_pages(b->e820, start, end) != 0)
			b->block[b->blocks++] = (struct node_range){
				.start = start, .end = end, .nid = range->nid
			};
	}
}

/* One block for neighbours of one node. False: two nodes overlap. */
static bool merge_blocks(struct builder *b)
{
	uint32_t kept = 0;

	sort_blocks(b->block, b->blocks);
	for (uint32_t i = 0; i < b->blocks; i++) {
		struct node_range next = b->block[i];
		struct node_range *last = kept != 0 ? &b->block[kept - 1] : NULL;

		if (last == NULL || last->nid != next.nid) {
			if (last != NULL && next.start < last->end) {
				finding_add(b->f, FINDING_SRAT_OVERLAP, pfn_phys(next.start),
					pfn_phys(min_u64(last->end, next.end)));
				return false;
			}
			b->block[kept++] = next;
		} else {
			last->end = max_u64(last->end, next.end);
		}
	}
	b->blocks = kept;
	return true;
}

/* Count the RAM in [start, end), which no block holds. */
static void count_gap(const struct builder *b, enum finding_id id, pfn_t start, pfn_t end)
{
	struct pfn_range ram;

	for (uint32_t i = 0; e820_next_ram(b->e820, &i, &ram);) {
		pfn_t from = max_u64(ram.start, start);
		pfn_t to = min_u64(ram.end, end);

		if (from < to)
			finding_add(b->f, id, pfn_phys(from), pfn_phys(to));
	}
}

static void count_gaps(const struct builder *b, enum finding_id id)
{
	pfn_t covered = 0;

	for (uint32_t i = 0; i < b->blocks; i++) {
		count_gap(b, id, covered, b->block[i].start);
		covered = b->block[i].end;
	}
	count_gap(b, id, covered, b->end_pfn);
}

/* Is there so little RAM outside the blocks that it can be given to those beside it? */
static bool covers_ram(const struct builder *b)
{
	uint64_t pages = e820_ram_pages(b->e820, 0, b->end_pfn);
	bool covered;

	for (uint32_t i = 0; i < b->blocks; i++)
		pages -= e820_ram_pages(b->e820, b->block[i].start, b->block[i].end);
	covered = b->blocks != 0 && pages < GAP_PAGES;
	count_gaps(b, covered ? FINDING_SRAT_GAP : FINDING_SRAT_UNCOVERED);
	return covered;
}

/* False: the SRAT is of no use for the memory of this machine. */
static bool srat_blocks(struct builder *b, const struct srat *srat)
{
	take_ranges(b, srat);
	return merge_blocks(b) && covers_ram(b);
}

/* --- numa=fake -------------------------------------------------------------------------------- */

/* a / b for a < 2^56, b <= 64, in shifts: i386 has no 64-bit division without a library. */
static uint64_t divide(uint64_t a, uint32_t b)
{
	uint64_t quotient = 0;

	for (uint64_t bit = UINT64_C(1) << 56; bit != 0; bit >>= 1)
		if ((quotient | bit) * b <= a)
			quotient |= bit;
	return quotient;
}

/* Where [start, ...) has so many pages of RAM. */
static pfn_t ram_reaches(const struct e820 *e820, pfn_t start, uint64_t pages)
{
	struct pfn_range ram;

	for (uint32_t i = 0; e820_next_ram(e820, &i, &ram);) {
		pfn_t from = max_u64(ram.start, start);

		if (from >= ram.end)
			continue;
		if (ram.end - from >= pages)
			return from + pages;
		pages -= ram.end - from;
	}
	return PFN_END;
}

/* Where the next piece of a real block ends. */
static pfn_t piece_end(const struct fake *fake, const struct node_range *real)
{
	uint64_t longer = fake->pieces < fake->longer ? FAKE_MIN_PAGES : 0;
	pfn_t end = real->start + fake->size_pages + longer;
	pfn_t enough = ram_reaches(fake->e820, real->start, fake->size_pages);

	if (end < enough)
		end += align_up(enough - end, FAKE_MIN_PAGES);
	if (end < FAKE_DMA32_PFN &&
		e820_ram_pages(fake->e820, end, FAKE_DMA32_PFN) < FAKE_MIN_PAGES)
		end = FAKE_DMA32_PFN;
	if (end > real->end || e820_ram_pages(fake->e820, end, real->end) < fake->size_pages)
		end = real->end;
	return end;
}

/* The first block of a real node that is not used up, or null. */
static struct node_range *find_real(const struct fake *fake, uint32_t nid)
{
	for (uint32_t i = 0; i < fake->reals; i++)
		if (fake->real[i].nid == nid && fake->real[i].start < fake->real[i].end)
			return &fake->real[i];
	return NULL;
}

static void cut_piece(struct fake *fake, struct node_range *real, uint32_t *real_nid)
{
	uint32_t nid = fake->pieces % fake->nodes;
	pfn_t end = piece_end(fake, real);

	if (fake->pieces < fake->nodes)
		real_nid[nid] = real->nid;
	fake->piece[fake->pieces++] =
		(struct node_range){ .start = real->start, .end = end, .nid = nid };
	real->start = end;
}

/* A piece of each real node in turn, until nothing is left. */
static void cut_all(struct fake *fake, uint32_t *real_nid)
{
	uint32_t before;

	do {
		before = fake->pieces;
		for (uint32_t nid = 0; nid < BOOTMEM_MAX_NODES; nid++) {
			struct node_range *real = find_real(fake, nid);

			if (real != NULL)
				cut_piece(fake, real, real_nid);
		}
	} while (fake->pieces != before);
}

/*
 * Replace the blocks by fake ones; real_nid becomes the real node of each. Every piece but the last
 * of a block has the size in RAM, which is more than half of RAM / nodes, so there are at most
 * 2 * nodes + blocks pieces (node_max_scratch).
 */
static void fake_blocks(struct builder *b, uint32_t nodes, uint32_t *real_nid)
{
	struct fake fake = {
		.e820 = b->e820, .real = b->block, .reals = b->blocks, .piece = b->block + b->blocks
	};
	uint64_t share;

	fake.nodes = (uint32_t)min_u64(nodes, BOOTMEM_MAX_NODES);
	if (fake.nodes == 0)
		return;
	share = divide(pfn_phys(e820_ram_pages(b->e820, 0, b->end_pfn)), fake.nodes);
	fake.size_pages = pfn_down(share >> FAKE_SHIFT << FAKE_SHIFT);
	fake.longer = (uint32_t)((share - pfn_phys(fake.size_pages)) * fake.nodes >> FAKE_SHIFT);
	if (fake.size_pages == 0) {
		finding_add(b->f, FINDING_NUMA_FAKE, 0, pfn_phys(b->end_pfn));
		return;
	}
	for (uint32_t nid = 0; nid < BOOTMEM_MAX_NODES; nid++)
		real_nid[nid] = NID_NONE;
	cut_all(&fake, real_nid);
	b->block = fake.piece;
	b->blocks = fake.pieces;
	sort_blocks(b->block, b->blocks);
}

/* --- the map ---------------------------------------------------------------------------------- */

static void emit(struct node_map *map, pfn_t start, pfn_t end, uint32_t nid)
{
	struct node_range *last = map->ranges != 0 ? &map->range[map->ranges - 1] : NULL;

	if (last != NULL && last->end == start && last->nid == nid)
		last->end = end;
	else
		map->range[map->ranges++] =
			(struct node_range){ .start = start, .end = end, .nid = nid };
}

/* Cut RAM where a block starts; below the first block it is the first block's. */
static void assign_ram(struct node_map *map, const struct builder *b)
{
	struct pfn_range ram;
	uint32_t at = 0;

	map->ranges = 0;
	for (uint32_t i = 0; e820_next_ram(b->e820, &i, &ram);)
		while (ram.start < ram.end) {
			pfn_t end = ram.end;

			while (at + 1 < b->blocks && b->block[at + 1].start <= ram.start)
				at++;
			if (at + 1 < b->blocks)
				end = min_u64(end, b->block[at + 1].start);
			emit(map, ram.start, end, b->block[at].nid);
			ram.start = end;
		}
}

/* Nodes beyond the last that has anything are not counted. */
static void count_nodes(struct node_map *map)
{
	map->nodes = 1;
	for (uint32_t nid = 1; nid < BOOTMEM_MAX_NODES; nid++)
		if (map->flags[nid] != 0)
			map->nodes = nid + 1;
}

static void set_distances(struct node_map *map, const struct slit *slit)
{
	for (uint32_t from = 0; from < map->nodes; from++)
		for (uint32_t to = 0; to < map->nodes; to++)
			map->distance[from * map->nodes + to] =
				slit_distance(slit, map->domain[from], map->domain[to]);
}

/* Insertion keeps equal distances in the order they come in: from nid upwards, then from 0. */
static void set_order(struct node_map *map, uint32_t nid)
{
	const uint8_t *distance = &map->distance[nid * map->nodes];
	uint8_t *order = &map->order[nid * map->nodes];

	for (uint32_t i = 0; i < map->nodes; i++) {
		uint32_t node = nid + i < map->nodes ? nid + i : nid + i - map->nodes;
		uint32_t at = i;

		for (; at > 0 && distance[order[at - 1]] > distance[node]; at--)
			order[at] = order[at - 1];
		order[at] = (uint8_t)node;
	}
}

/* A machine taken as one, or fake nodes of it: all have its processors, and no domain. */
static void describe_one(struct node_map *map)
{
	memset(map->flags, 0, sizeof(map->flags));
	map->flags[0] = NODE_PROCESSORS;
	for (uint32_t i = 0; i < map->ranges; i++)
		map->flags[map->range[i].nid] = NODE_MEMORY | NODE_PROCESSORS;
	count_nodes(map);
	for (uint32_t nid = 0; nid < map->nodes; nid++)
		map->domain[nid] = NODE_DOMAIN_NONE;
}

/* real_nid is the SRAT's node that each node is, or was cut from. */
static void describe_nodes(struct node_map *map, const struct srat *srat, const uint32_t *real_nid)
{
	memset(map->flags, 0, sizeof(map->flags));
	for (uint32_t i = 0; i < map->ranges; i++)
		map->flags[map->range[i].nid] |= NODE_MEMORY;
	for (uint32_t nid = 0; nid < BOOTMEM_MAX_NODES; nid++)
		if (real_nid[nid] < srat->nodes && srat->processors[real_nid[nid]] != 0)
			map->flags[nid] |= NODE_PROCESSORS;
	count_nodes(map);
	for (uint32_t nid = 0; nid < map->nodes; nid++)
		map->domain[nid] = srat->domain[real_nid[nid]];
}

uint32_t node_max_ranges(const struct e820 *e820, const struct srat *srat)
{
	return e820->count + node_max_scratch(srat);
}

uint32_t node_max_scratch(const struct srat *srat)
{
	uint32_t blocks = srat != NULL && srat->ranges != 0 ? srat->ranges : 1;

	return 2 * blocks + 2 * BOOTMEM_MAX_NODES;
}

enum bm_error node_map_build(
	struct node_map *map, const struct node_input *input, struct findings *f)
{
	struct builder b = {
		.e820 = input->e820, .block = map->scratch, .end_pfn = ram_end(input->e820), .f = f
	};
	uint32_t real_nid[BOOTMEM_MAX_NODES];
	bool by_srat;

	if (map->range_capacity < node_max_ranges(input->e820, input->srat) ||
		map->scratch_capacity < node_max_scratch(input->srat))
		return BM_FULL;
	for (uint32_t nid = 0; nid < BOOTMEM_MAX_NODES; nid++)
		real_nid[nid] = nid;
	by_srat = input->numa != NUMA_OFF && input->srat != NULL && srat_blocks(&b, input->srat);
	if (!by_srat)
		one_block(&b);
	if (input->numa == NUMA_FAKE)
		fake_blocks(&b, input->fake_nodes, real_nid);
	assign_ram(map, &b);
	if (by_srat)
		describe_nodes(map, input->srat, real_nid);
	else
		describe_one(map);
	set_distances(map, by_srat ? input->slit : NULL);
	for (uint32_t nid = 0; nid < map->nodes; nid++)
		set_order(map, nid);
	return BM_OK;
}

/* --- checking and reading --------------------------------------------------------------------- */

static bool ranges_are_valid(const struct node_map *map)
{
	for (uint32_t i = 0; i < map->ranges; i++) {
		const struct node_range *r = &map->range[i];

		if (r->start >= r->end || r->nid >= map->nodes)
			return false;
		if (i != 0 &&
			(r->start < r[-1].end || (r->start == r[-1].end && r->nid == r[-1].nid)))
			return false;
	}
	return true;
}

/* Valid ranges are exactly RAM if all of them is RAM and they have as many pages. */
static bool ranges_are_ram(const struct node_map *map, const struct e820 *e820)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < map->ranges; i++) {
		const struct node_range *r = &map->range[i];

		if (e820_ram_pages(e820, r->start, r->end) != r->end - r->start)
			return false;
		pages += r->end - r->start;
	}
	return pages == e820_ram_pages(e820, 0, PFN_END);
}

/* Every node once, itself first, none nearer than the one before. */
static bool order_is_valid(const struct node_map *map, uint32_t nid)
{
	const uint8_t *distance = &map->distance[nid * map->nodes];
	const uint8_t *order = &map->order[nid * map->nodes];
	uint64_t seen = 0;

	if (distance[nid] != DISTANCE_LOCAL || order[0] != nid)
		return false;
	for (uint32_t i = 0; i < map->nodes; i++) {
		if (order[i] >= map->nodes || (seen >> order[i] & 1) != 0)
			return false;
		if (i != 0 && distance[order[i]] < distance[order[i - 1]])
			return false;
		seen |= UINT64_C(1) << order[i];
	}
	return true;
}

bool node_map_check(const struct node_map *map, const struct e820 *e820)
{
	if (map->nodes == 0 || map->nodes > BOOTMEM_MAX_NODES || map->ranges > map->range_capacity)
		return false;
	for (uint32_t nid = 0; nid < map->nodes; nid++)
		if (!order_is_valid(map, nid))
			return false;
	return ranges_are_valid(map) && ranges_are_ram(map, e820);
}

bool node_next_range(
	const struct node_map *map, uint32_t nid, uint32_t *index, struct pfn_range *range)
{
	while (*index < map->ranges) {
		const struct node_range *r = &map->range[(*index)++];

		if (r->nid == nid) {
			*range = (struct pfn_range){ r->start, r->end };
			return true;
		}
	}
	return false;
}

struct pfn_range node_span(const struct node_map *map, uint32_t nid)
{
	struct pfn_range span = { 0, 0 }, range;

	for (uint32_t i = 0; node_next_range(map, nid, &i, &range);) {
		if (span.end == 0)
			span.start = range.start;
		span.end = range.end;
	}
	return span;
}

/* --- pfn_to_nid ------------------------------------------------------------------------------- */

/* The largest element that never has RAM of two nodes. */
static uint32_t boundary_shift(const struct node_map *map)
{
	uint32_t shift = 63;

	for (uint32_t i = 1; i < map->ranges; i++) {
		const struct node_range *r = &map->range[i];

		if (r->nid != r[-1].nid)
			shift = (uint32_t)min_u64(shift, highest_bit((r[-1].end - 1) ^ r->start));
	}
	return shift;
}

static uint64_t elements(const struct node_map *map, uint32_t shift)
{
	return map->ranges == 0 ? 0 : ((map->range[map->ranges - 1].end - 1) >> shift) + 1;
}

/* 0: no size of element does. */
static uint32_t element_shift(const struct node_map *map)
{
	uint32_t most = boundary_shift(map);
	uint32_t shift = (uint32_t)min_u64(most, PHYSNODE_SHIFT);

	while (shift < most && elements(map, shift) > PHYSNODE_MAX_ELEMENTS)
		shift++;
	return shift < PHYSNODE_SHIFT_MIN || elements(map, shift) > PHYSNODE_MAX_ELEMENTS ? 0
											  : shift;
}

uint64_t physnode_map_bytes(const struct node_map *map)
{
	uint32_t shift = element_shift(map);
	uint64_t data = shift != 0 ? elements(map, shift)
				   : (uint64_t)map->ranges * sizeof(struct node_range);

	return sizeof(struct physnode_map) + data;
}

#define ELEMENT_NONE 0xff

void physnode_map_build(struct physnode_map *out, const struct node_map *map)
{
	uint8_t *element = (uint8_t *)(out + 1);

	out->shift = element_shift(map);
	if (out->shift == 0) {
		out->count = map->ranges;
		memcpy(out + 1, map->range, map->ranges * sizeof(struct node_range));
		return;
	}
	out->count = (uint32_t)elements(map, out->shift);
	memset(element, ELEMENT_NONE, out->count);
	for (uint32_t i = 0; i < map->ranges; i++) {
		const struct node_range *r = &map->range[i];
		uint64_t first = r->start >> out->shift;

		memset(element + first, (int)r->nid, ((r->end - 1) >> out->shift) + 1 - first);
	}
}

/* How many ranges start at or below a page. */
static uint32_t ranges_up_to(const struct physnode_map *map, pfn_t pfn)
{
	const struct node_range *range = (const struct node_range *)(map + 1);
	uint32_t low = 0, high = map->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (range[middle].start <= pfn)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The node of the range that holds a page, or of the one below it. */
static int search(const struct physnode_map *map, pfn_t pfn)
{
	const struct node_range *range = (const struct node_range *)(map + 1);
	uint32_t n = ranges_up_to(map, pfn);

	return n == 0 ? -1 : (int)range[n - 1].nid;
}

pfn_t pfn_to_nid_end(const struct physnode_map *map, pfn_t pfn)
{
	const struct node_range *range = (const struct node_range *)(map + 1);
	uint32_t n;

	if (map->shift != 0)
		return ((pfn >> map->shift) + 1) << map->shift;
	n = ranges_up_to(map, pfn);
	return n < map->count ? range[n].start : PFN_END;
}

int pfn_to_nid(const struct physnode_map *map, pfn_t pfn)
{
	const uint8_t *element = (const uint8_t *)(map + 1);
	uint64_t i = pfn >> map->shift;

	if (map->shift == 0)
		return search(map, pfn);
	return i >= map->count || element[i] == ELEMENT_NONE ? -1 : element[i];
}

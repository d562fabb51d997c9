/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zone: nodes and the zones they are cut into, their sizes and watermarks (mm.h). Pure arithmetic over
 * ranges, so that settle can repeat it.
 */
#include <bootmem/mm.h>
#include <bootmem/string.h>

/* End of a zone by its index; the last one has none. */
/*@ requires \valid_read(limits) && limits->max_low_pfn <= PFN_END && index < ARCH_NR_ZONES;
    assigns \nothing;
    ensures \result <= PFN_END;
    ensures index == ARCH_NR_ZONES - 1 ==> \result == PFN_END; */
static pfn_t zone_limit(const struct limits *limits, uint32_t index)
{
	if (index == 0)
		return ARCH_HIGHMEM ? min_u64(ARCH_DMA_END_PFN, limits->max_low_pfn)
				    : ARCH_DMA_END_PFN;
	if (index == 1)
		return ARCH_HIGHMEM ? limits->max_low_pfn : ARCH_DMA32_END_PFN;
	return PFN_END;
}

/* RAM pages of a node in [start, end). */
static uint64_t pages_between(const struct node_map *map, uint32_t nid, pfn_t start, pfn_t end)
{
	struct pfn_range ram;
	uint64_t pages = 0;

	for (uint32_t i = 0; node_next_range(map, nid, &i, &ram);) {
		pfn_t from = max_u64(ram.start, start), to = min_u64(ram.end, end);

		if (from < to)
			pages += to - from;
	}
	return pages;
}

static void zone_init(struct zone *zone, uint32_t nid)
{
	memset(zone, 0, sizeof(*zone));
	zone->nid = nid;
	zone->deferred_head = SECTION_NONE;
	for (unsigned order = 0; order < NR_ORDERS; order++)
		zone->area[order].head_pfn = PFN_NONE;
}

static void node_init(struct mm *mm, const struct node_map *map, uint32_t nid)
{
	struct node *node = &mm->node[nid];
	struct pfn_range span = node_span(map, nid);
	pfn_t from = 0;

	node->start_pfn = span.start;
	node->end_pfn = span.end;
	node->present_pages = pages_between(map, nid, 0, PFN_END);
	for (uint32_t i = 0; i < ARCH_NR_ZONES; i++) {
		pfn_t limit = zone_limit(&mm->limits, i);
		struct zone *zone = &node->zone[i];

		zone_init(zone, nid);
		zone->present_pages = pages_between(map, nid, from, limit);
		if (zone->present_pages != 0) {
			zone->start_pfn = max_u64(node->start_pfn, from);
			zone->spanned_pages = min_u64(node->end_pfn, limit) - zone->start_pfn;
		}
		from = limit;
	}
}

static uint64_t distance_bytes(uint32_t nodes)
{
	return (uint64_t)nodes * nodes;
}

uint64_t nodes_table_pages(const struct node_map *map)
{
	return pfn_up(physnode_map_bytes(map)) + pfn_up(2 * distance_bytes(map->nodes));
}

void nodes_init(struct mm *mm, const struct node_map *map, pfn_t table_pfn)
{
	size_t bytes = (size_t)distance_bytes(map->nodes);
	uint8_t *distance;

	mm->nodes = map->nodes;
	mm->nid_map_pfn = table_pfn;
	mm->distance_pfn = table_pfn + pfn_up(physnode_map_bytes(map));
	physnode_map_build(phys_to_virt(mm->window, pfn_phys(mm->nid_map_pfn)), map);
	distance = phys_to_virt(mm->window, pfn_phys(mm->distance_pfn));
	memcpy(distance, map->distance, bytes);
	memcpy(distance + bytes, map->order, bytes);
	for (uint32_t nid = 0; nid < map->nodes; nid++)
		node_init(mm, map, nid);
}

uint32_t mm_pfn_to_nid(const struct mm *mm, pfn_t pfn)
{
	int nid = mm->nodes > 1
			  ? pfn_to_nid(phys_to_virt(mm->window, pfn_phys(mm->nid_map_pfn)), pfn)
			  : 0;

	return nid > 0 ? (uint32_t)nid : 0;
}

static const uint8_t *distances(const struct mm *mm)
{
	return phys_to_virt(mm->window, pfn_phys(mm->distance_pfn));
}

uint8_t node_distance(const struct mm *mm, uint32_t from, uint32_t to)
{
	return distances(mm)[(size_t)from * mm->nodes + to];
}

uint32_t node_nearest(const struct mm *mm, uint32_t nid, uint32_t i)
{
	return distances(mm)[(size_t)distance_bytes(mm->nodes) + (size_t)nid * mm->nodes + i];
}

/* Where in [pfn, limit] the pages of pfn's node end. */
static pfn_t node_end(const struct mm *mm, pfn_t pfn, pfn_t limit)
{
	const struct physnode_map *map = phys_to_virt(mm->window, pfn_phys(mm->nid_map_pfn));
	uint32_t nid = mm_pfn_to_nid(mm, pfn);

	if (mm->nodes == 1)
		return limit;
	do
		pfn = pfn_to_nid_end(map, pfn);
	while (pfn < limit && mm_pfn_to_nid(mm, pfn) == nid);
	return min_u64(pfn, limit);
}

uint32_t zone_of_pfn(const struct mm *mm, pfn_t pfn, pfn_t limit_pfn, pfn_t *end_pfn)
{
	uint32_t index = 0;

	while (pfn >= zone_limit(&mm->limits, index))
		index++;
	*end_pfn = node_end(mm, pfn, min_u64(limit_pfn, zone_limit(&mm->limits, index)));
	return mm_pfn_to_nid(mm, pfn) * ARCH_NR_ZONES + index;
}

const char *zone_name(uint32_t index)
{
	static const char *const name[ARCH_NR_ZONES] = ARCH_ZONE_NAMES;

	return index < ARCH_NR_ZONES ? name[index] : "none";
}

/* --- watermarks --------------------------------------------------------------------------------- */

/* a / b, rounded down; shifts, because i386 has no 64-bit division of its own. b is not 0. */
/*@ requires b != 0;
    assigns \nothing; */
static uint64_t divide(uint64_t a, uint64_t b)
{
	uint64_t quotient = 0, rest = 0;

	/*@ loop invariant bit <= 64;
	    loop assigns bit, rest, quotient;
	    loop variant bit; */
	for (unsigned bit = 64; bit-- > 0;) {
		rest = (rest << 1) | ((a >> bit) & 1);
		if (rest >= b) {
			rest -= b;
			quotient |= UINT64_C(1) << bit;
		}
	}
	return quotient;
}

static uint64_t square_root(uint64_t x)
{
	uint64_t root = 0;

	for (unsigned bit = 32; bit-- > 0;) {
		uint64_t next = root | (UINT64_C(1) << bit);

		if (next * next <= x)
			root = next;
	}
	return root;
}

/*@ assigns \nothing;
    ensures \result <==> ARCH_HIGHMEM == 1 && index == ARCH_NR_ZONES - 1; */
static bool is_highmem(uint32_t index)
{
	return ARCH_HIGHMEM && index == ARCH_NR_ZONES - 1;
}

/* Pages the allocator manages outside high memory. */
static uint64_t low_pages(const struct mm *mm)
{
	uint64_t pages = 0;

	for (uint32_t nid = 0; nid < mm->nodes; nid++)
		for (uint32_t i = 0; i < ARCH_NR_ZONES; i++)
			if (!is_highmem(i))
				pages += mm->node[nid].zone[i].managed_pages;
	return pages;
}

/* High memory keeps little back: nothing but user pages lives there. */
/*@ assigns \nothing;
    ensures 32 <= \result <= 128; */
static uint64_t highmem_min(uint64_t managed_pages)
{
	return min_u64(max_u64(managed_pages >> 10, 32), 128);
}

/*
 * min: sixteen times the square root of low memory, both in KiB and within [128 KiB, 256 MiB], shared out by
 * size. low and high: a quarter of the zone's share more each, at least a thousandth of the zone.
 */
void zones_set_watermarks(struct mm *mm)
{
	uint64_t low = low_pages(mm);
	uint64_t min_kib = square_root(low * (PAGE_SIZE / KIB) * 16);
	uint64_t min_pages = min_u64(max_u64(min_kib, 128), 256 * KIB) / (PAGE_SIZE / KIB);

	for (uint32_t z = 0; z < mm->nodes * ARCH_NR_ZONES && low != 0; z++) {
		struct zone *zone = mm_zone(mm, z);
		uint64_t share = divide(min_pages * zone->managed_pages, low);
		uint64_t step = max_u64(share / 4, divide(zone->managed_pages * 10, 10000));

		zone->watermark_min =
			is_highmem(z % ARCH_NR_ZONES) ? highmem_min(zone->managed_pages) : share;
		zone->watermark_low = zone->watermark_min + step;
		zone->watermark_high = zone->watermark_min + 2 * step;
	}
}

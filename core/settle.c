/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settle: the first map was a promise, the map that the exit accepted is the truth. What the
 * firmware kept meanwhile becomes reserved; where that collides with an allocation, the machine stops and
 * names both; where the table differs, the stages that depend on it run again. Called by boot_exit.
 */
#include "boot_internal.h"

/* May the firmware have kept this owner's pages for itself without harm? */
static bool may_vanish(uint32_t owner)
{
	return owner == OWNER_PAGE_0 || owner == OWNER_LOW_64K || owner == OWNER_RESERVE ||
	       owner == OWNER_BADRAM || owner == OWNER_FIRMWARE_TABLES || owner == OWNER_FIRMWARE;
}

/* The first page of a range that is no longer RAM in the accepted table; end when all are. */
static pfn_t first_lost(const struct e820 *next, pfn_t start, pfn_t end)
{
	struct pfn_range ram;

	for (uint32_t i = 0; start < end && e820_next_ram(next, &i, &ram);)
		if (ram.start <= start && start < ram.end)
			start = ram.end;
	return min_u64(start, end);
}

/* Everything we use must still be RAM; what the firmware kept of the rest is no longer ours to count. */
static enum bm_error check_collisions(struct boot *b)
{
	for (uint32_t i = 0; i < b->owners.count; i++) {
		const struct owner_range *r = &b->owners.range[i];
		pfn_t lost = first_lost(&b->next, r->start, r->end);

		if (lost < r->end && !may_vanish(r->owner))
			return boot_fail(b, BM_CONFLICT,
				"settle: the firmware kept page %llx (%s), which holds our \"%s\"",
				(unsigned long long)lost,
				e820_type_name(e820_type_at(&b->next, lost)),
				owner_name((enum owner)r->owner));
	}
	return BM_OK;
}

/* Take what lies between the RAM of the accepted table from owners and bitmaps. */
static enum bm_error forget_range(struct boot *b, pfn_t start, pfn_t end)
{
	enum bm_error error = boot_disown(b, start, end);

	for (uint32_t nid = 0; nid < b->pool.nodes && error == BM_OK; nid++)
		error = reserve_bootmem(
			&b->bootmem[nid], pfn_phys(start), pfn_phys(end) - pfn_phys(start));
	return error;
}

static enum bm_error forget_lost_ram(struct boot *b)
{
	struct pfn_range ram;
	pfn_t from = 0;
	enum bm_error error = BM_OK;

	for (uint32_t i = 0; error == BM_OK && e820_next_ram(&b->next, &i, &ram); from = ram.end)
		error = forget_range(b, from, ram.start);
	return error == BM_OK ? forget_range(b, from, PFN_END) : error;
}

/* Where the stretch at or above pfn that some bitmap spans starts, and where it ends. */
static struct pfn_range next_span(const struct boot *b, pfn_t pfn)
{
	struct pfn_range span = { PFN_END, PFN_END };

	for (uint32_t nid = 0; nid < b->pool.nodes; nid++) {
		const struct bootmem *bm = &b->bootmem[nid];

		if (bm->end_pfn > pfn && bm->start_pfn < bm->end_pfn && bm->start_pfn < span.start)
			span = (struct pfn_range){ bm->start_pfn, bm->end_pfn };
	}
	return span;
}

/* RAM of the accepted table that no bitmap can hold: below the last one's end nobody would see it. */
static enum bm_error own_unspanned(struct boot *b, pfn_t start, pfn_t end)
{
	while (start < end) {
		struct pfn_range span = next_span(b, start);
		enum bm_error error;

		if (span.start == PFN_END)
			break; /* above all bitmaps: high memory */
		error = boot_own_in(b, &b->next, OWNER_LEFT_OUT,
			(struct pfn_range){ start, min_u64(end, max_u64(start, span.start)) });
		if (error != BM_OK)
			return error;
		start = span.end;
	}
	return BM_OK;
}

/* A stretch that had no RAM so far. What it has now waits with the firmware's until mem_init. */
static enum bm_error own_appeared(struct boot *b, pfn_t start, pfn_t end)
{
	enum bm_error error = own_unspanned(b, start, end);

	return error == BM_OK
		       ? boot_own_in(b, &b->next, OWNER_FIRMWARE, (struct pfn_range){ start, end })
		       : error;
}

/*
 * RAM of the accepted table that the first one did not call RAM; no bitmap ever called it free, and
 * boot_own_firmware, which follows, reserves what is owned here. What is above all RAM of the first table, where no
 * plan reaches, stays out, and is counted.
 */
static enum bm_error own_new_ram(struct boot *b)
{
	struct pfn_range ram;
	pfn_t from = 0;
	enum bm_error error;

	boot_cut_ram(
		&b->next, pfn_phys(b->limits.max_pfn), FINDING_RAM_TOO_LATE, &b->next_findings);
	error = boot_own_fixed(b, &b->next);
	for (uint32_t i = 0; error == BM_OK && e820_next_ram(&b->e820, &i, &ram); from = ram.end)
		error = own_appeared(b, from, ram.start);
	return error;
}

static void adopt_table(struct boot *b)
{
	struct e820 old = b->e820;

	b->e820 = b->next;
	b->next = old;
}

/* The node of RAM at pfn that no range had, and in *end how far that holds at most. */
static uint32_t node_of_new_ram(const struct boot *b, pfn_t pfn, uint32_t before, pfn_t *end)
{
	for (uint32_t nid = 0; nid < b->pool.nodes; nid++) {
		const struct bootmem *bm = &b->bootmem[nid];

		if (bm->start_pfn <= pfn && pfn < bm->end_pfn) {
			*end = min_u64(*end, bm->end_pfn);
			return nid;
		}
	}
	*end = min_u64(*end, next_span(b, pfn).start);
	return before;
}

static bool continues(const struct node_range *last, pfn_t start, uint32_t nid)
{
	return last->end == start && last->nid == nid;
}

/*
 * Cut one range of RAM where the old ranges do. None lies above the last of them, which ends with the RAM of the first
 * table (own_new_ram). Returns how many new ranges there are then.
 */
static uint32_t cut_by_node(struct boot *b, struct pfn_range ram, uint32_t count)
{
	const struct node_map *map = &b->node_map;
	struct node_range *next = b->next_range;
	uint32_t i = 0;

	while (ram.start < ram.end) {
		pfn_t end = ram.end;
		uint32_t nid;

		while (map->range[i].end <= ram.start)
			i++;
		end = min_u64(end,
			map->range[i].start > ram.start ? map->range[i].start : map->range[i].end);
		if (map->range[i].start <= ram.start)
			nid = map->range[i].nid;
		else
			nid = node_of_new_ram(
				b, ram.start, i > 0 ? map->range[i - 1].nid : 0, &end);
		if (count > 0 && continues(&next[count - 1], ram.start, nid))
			next[count - 1].end = end;
		else
			next[count++] = (struct node_range){ ram.start, end, nid, 0 };
		ram.start = end;
	}
	return count;
}

/*
 * The nodes stay those of the first table: their bitmaps are in use. RAM that went leaves its node,
 * RAM that came joins the node whose bitmap spans it. There are never more ranges than the old ones and
 * the stretches of RAM together.
 */
static enum bm_error refit_nodes(struct boot *b)
{
	struct node_range *old = b->node_map.range;
	struct pfn_range ram;
	uint32_t count = 0;

	if (b->node_map.ranges + 2 * b->e820.count > b->node_map.range_capacity)
		return boot_fail(b, BM_FULL, "settle: more than %u ranges of nodes",
			b->node_map.range_capacity);
	for (uint32_t i = 0; e820_next_ram(&b->e820, &i, &ram);)
		count = cut_by_node(b, ram, count);
	b->node_map.range = b->next_range;
	b->node_map.ranges = count;
	b->next_range = old;
	return BM_OK;
}

/* Stages 3, 6 and 7 again, on the table of the accepted map, and the nodes as far as they go. */
static enum bm_error settle_again(struct boot *b)
{
	static enum bm_error (*const again[])(struct boot * b) = { boot_stage_limits, refit_nodes,
		boot_stage_paging, boot_stage_zones };
	static const enum owner rebuilt[] = { OWNER_PAGE_TABLES, OWNER_MM, OWNER_SECTIONS,
		OWNER_NODES, OWNER_ZERO_PAGE, OWNER_PKMAP };
	enum bm_error error = BM_OK;

	for (uint32_t i = 0; i < ARRAY_SIZE(rebuilt) && error == BM_OK; i++)
		error = boot_free(b, rebuilt[i]);
	for (uint32_t i = 0; i < ARRAY_SIZE(again) && error == BM_OK; i++)
		error = again[i](b);
	return error;
}

static enum bm_error adopt_accepted(struct boot *b)
{
	enum bm_error error = check_collisions(b);

	if (error == BM_OK)
		error = own_new_ram(b);
	if (error == BM_OK)
		error = forget_lost_ram(b);
	if (error != BM_OK)
		return error;
	finding_add(&b->next_findings, FINDING_SETTLED, 0, 0);
	adopt_table(b);
	return BM_OK;
}

enum bm_error boot_stage_settle(struct boot *b)
{
	enum bm_error error = boot_map_to_e820(b, &b->next, &b->next_findings);
	bool differs;

	if (error != BM_OK)
		return error;
	differs = !e820_equal(&b->e820, &b->next);
	if (differs)
		error = adopt_accepted(b);
	findings_take_map(&b->findings, &b->next_findings);
	if (error == BM_OK)
		error = boot_own_live_tables(b);
	/* Its live stack may lie in what was conventional before: keep off until activate. */
	if (error == BM_OK)
		error = boot_own_firmware(b);
	if (error == BM_OK && differs)
		error = settle_again(b);
	return error;
}

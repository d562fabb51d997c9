/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * naive: see naive.h. Called by bench.c.
 */
#include <bootmem/types.h>

#include "machine.h"
#include "naive.h"

struct naive *naive_new(const struct wl_map *map)
{
	struct naive *n = malloc(sizeof(*n));

	if (n == NULL)
		machine_die("out of memory");
	n->pages = pfn_up(map->top);
	n->taken = malloc((size_t)n->pages);
	if (n->taken == NULL)
		machine_die("out of memory");
	return n;
}

void naive_delete(struct naive *n)
{
	free(n->taken);
	free(n);
}

static void set(struct naive *n, pfn_t start, pfn_t end, uint8_t taken)
{
	for (pfn_t pfn = start; pfn < end; pfn++)
		n->taken[pfn] = taken;
}

void naive_init(struct naive *n, const struct wl_map *map)
{
	set(n, 0, n->pages, 1);
	for (int i = 0; i < map->nr; i++)
		if (map->r[i].type == 1)
			set(n, pfn_up(map->r[i].base), pfn_down(map->r[i].base + map->r[i].size),
				0);
	for (int i = 0; i < map->nrsv; i++)
		set(n, pfn_down(map->rsv[i].base), pfn_up(map->rsv[i].base + map->rsv[i].size), 1);
}

/* The first fit at or above a page; n->pages when there is none. */
static pfn_t first_fit(const struct naive *n, pfn_t from, uint64_t pages, uint64_t align_pages)
{
	uint64_t run = 0;

	for (pfn_t pfn = from, start = align_up(from, align_pages); pfn < n->pages; pfn++) {
		if (pfn < start)
			continue;
		run = n->taken[pfn] ? 0 : run + 1;
		if (run == 0)
			start = align_up(pfn + 1, align_pages);
		if (run == pages)
			return start;
	}
	return n->pages;
}

uint64_t naive_alloc(struct naive *n, const struct wl_req *q)
{
	uint64_t pages = pfn_up(q->size), align_pages = max_u64(q->align >> PAGE_SHIFT, 1);
	pfn_t start = first_fit(n, pfn_up(q->goal), pages, align_pages);

	if (start == n->pages)
		start = first_fit(n, 0, pages, align_pages);
	if (start == n->pages)
		return UINT64_MAX;
	set(n, start, start + pages, 1);
	return pfn_phys(start);
}

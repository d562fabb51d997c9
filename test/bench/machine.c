/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine: see machine.h. Called by bench.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "machine.h"

_Noreturn void machine_die(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(EXIT_FAILURE);
}

static void must(enum bm_error error, const char *what)
{
	if (error != BM_OK)
		machine_die(what);
}

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (memory == NULL)
		machine_die("out of memory");
	return memory;
}

/* --- the map ------------------------------------------------------------------------------------ */

/* Types of workloads.h: 1 is RAM, the others are of no matter to an allocator. */
static void make_e820(struct machine *m)
{
	uint32_t n = (uint32_t)m->map.nr;
	struct e820_entry *raw = allocate(n, sizeof(*raw));

	for (uint32_t i = 0; i < n; i++)
		raw[i] = (struct e820_entry){ .start = m->map.r[i].base,
			.end = m->map.r[i].base + m->map.r[i].size,
			.type = m->map.r[i].type == 1 ? E820_RAM : E820_RESERVED };
	m->e820.capacity = 2 * n;
	m->e820.entry = allocate(2 * n, sizeof(*m->e820.entry));
	must(e820_sanitise(raw, n, &m->e820, NULL), "the map is no e820 table");
	must(limits_find(&m->limits, &m->e820, 4 * GIB), "the map has no RAM");
	free(raw);
}

static void make_nodes(struct machine *m)
{
	struct node_map *nodes = &m->nodes;

	nodes->nodes = (uint32_t)m->map.nodes;
	nodes->range = allocate((size_t)m->map.nr, sizeof(*nodes->range));
	for (int i = 0; i < m->map.nr; i++) {
		const struct wl_range *r = &m->map.r[i];

		if (r->type == 1)
			nodes->range[nodes->ranges++] = (struct node_range){ pfn_up(r->base),
				pfn_down(r->base + r->size), (uint32_t)r->nid, 0 };
	}
	for (uint32_t from = 0; from < nodes->nodes; from++)
		for (uint32_t i = 0; i < nodes->nodes; i++) {
			nodes->distance[from * nodes->nodes + i] = from == i ? 10 : 20;
			nodes->order[from * nodes->nodes + i] =
				(uint8_t)((from + i) % nodes->nodes);
		}
}

/* --- what the core needs for itself ---------------------------------------------------------------- */

static phys_t set_aside(struct machine *m, uint64_t pages)
{
	phys_t phys = m->next_phys;

	m->next_phys += pfn_phys(pages);
	return phys;
}

static void set_aside_bitmaps(struct machine *m)
{
	for (uint32_t nid = 0; nid < m->nodes.nodes; nid++) {
		struct pfn_range span = node_span(&m->nodes, nid);
		uint64_t pages = bootmem_bootmap_pages(span.start, span.end);

		m->bitmap_phys[nid] = set_aside(m, pages);
		m->bitmap_bytes += pfn_phys(pages);
	}
}

static void set_aside_mm(struct machine *m)
{
	m->mm_phys = set_aside(m, pfn_up(mm_bytes(m->nodes.nodes)));
	m->nodes_pages = nodes_table_pages(&m->nodes);
	m->nodes_phys = set_aside(m, m->nodes_pages);
	m->sections_pages = sparse_table_pages(&m->e820, m->limits.max_pfn);
	m->sections_phys = set_aside(m, m->sections_pages);
}

struct machine *machine_new(const char *map, enum machine_ram ram)
{
	struct machine *m = allocate(1, sizeof(*m));

	if (wl_get_map(&m->map, map) != 0)
		machine_die("no such map");
	make_e820(m);
	make_nodes(m);
	m->extra_phys = m->next_phys = align_up(m->map.top, 2 * MIB);
	set_aside_bitmaps(m);
	set_aside_mm(m);
	m->arena_start = ram == MACHINE_WITHOUT_RAM ? m->extra_phys : 0;
	m->arena_bytes = m->next_phys - m->arena_start;
	m->arena = mmap(NULL, (size_t)m->arena_bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->arena == MAP_FAILED)
		machine_die("no address space for the machine");
	m->pool = (struct bootmem_pool){ .node = m->bootmem,
		.nodes = m->nodes.nodes,
		.current_limit = PHYS_END,
		.dma_limit = 16 * MIB,
		.window = { (uintptr_t)m->arena - (uintptr_t)m->arena_start } };
	return m;
}

void machine_delete(struct machine *m)
{
	munmap(m->arena, (size_t)m->arena_bytes);
	free(m->e820.entry);
	free(m->nodes.range);
	free(m);
}

/* --- the work -------------------------------------------------------------------------------------- */

void *machine_memory(const struct machine *m, phys_t phys)
{
	return phys_to_virt(m->pool.window, phys);
}

void machine_init_bootmem(struct machine *m)
{
	for (uint32_t nid = 0; nid < m->nodes.nodes; nid++)
		must(init_bootmem(&m->bootmem[nid], m->pool.window, m->bitmap_phys[nid],
			     pfn_down(m->map.node_lo[nid]), pfn_up(m->map.node_hi[nid])),
			"init_bootmem");
	for (int i = 0; i < m->map.nr; i++)
		if (m->map.r[i].type == 1)
			must(free_bootmem(&m->bootmem[m->map.r[i].nid], m->map.r[i].base,
				     m->map.r[i].size),
				"free_bootmem");
	for (int i = 0; i < m->map.nrsv; i++)
		for (uint32_t nid = 0; nid < m->nodes.nodes; nid++)
			must(reserve_bootmem(
				     &m->bootmem[nid], m->map.rsv[i].base, m->map.rsv[i].size),
				"reserve_bootmem");
}

void machine_clear_mm(struct machine *m)
{
	m->mm = machine_memory(m, m->mm_phys);
	memset(m->mm, 0, (size_t)(m->next_phys - m->mm_phys));
	m->owners = (struct owners){ .range = m->owner, .capacity = MACHINE_RANGES };
}

void machine_mem_init(struct machine *m)
{
	m->mm->window = m->pool.window;
	m->mm->limits = m->limits;
	nodes_init(m->mm, &m->nodes, pfn_down(m->nodes_phys));
	sparse_init(m->mm, &m->e820, pfn_down(m->sections_phys));
	must(mem_init(m->mm, &m->pool, &m->owners, &m->e820), "mem_init");
}

uint64_t machine_free_pages(const struct machine *m)
{
	uint64_t pages = 0;

	for (uint32_t zone = 0; zone < m->nodes.nodes * ARCH_NR_ZONES; zone++)
		pages += mm_zone(m->mm, zone)->free_pages;
	return pages;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine: a map of workloads.h as the core sees it, over an arena of address space. Everything that the
 * workloads do not ask for (bitmaps, struct mm, tables) lies above the RAM, so that the core gets exactly the
 * ranges and reservations of the map. Fails by ending the program with a message.
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <bootmem/mm.h>

#include "workloads.h"

#define MACHINE_NODES  8
#define MACHINE_RANGES 128

struct machine {
	struct wl_map map;
	void *arena;
	phys_t arena_start;
	uint64_t arena_bytes;
	phys_t extra_phys; /* above all RAM: what the core needs for itself */
	phys_t next_phys;  /* the first free byte there */
	struct e820 e820;
	struct limits limits;
	struct node_map nodes;
	struct bootmem bootmem[MACHINE_NODES];
	phys_t bitmap_phys[MACHINE_NODES];
	uint64_t bitmap_bytes; /* of all nodes */
	struct bootmem_pool pool;
	/* mem_init's */
	phys_t mm_phys, nodes_phys, sections_phys;
	uint64_t nodes_pages, sections_pages;
	struct owner_range owner[MACHINE_RANGES];
	struct owners owners;
	struct mm *mm;
};

/* Without RAM only what the core needs for itself can be touched: valgrind has no room for a large machine. */
enum machine_ram { MACHINE_WITH_RAM, MACHINE_WITHOUT_RAM };

struct machine *machine_new(const char *map, enum machine_ram ram);
void machine_delete(struct machine *m);

void *machine_memory(const struct machine *m, phys_t phys);

/* W1, all of it: init_bootmem, every RAM range, the 8 reservations. */
void machine_init_bootmem(struct machine *m);

/* Clear the pages of struct mm, the node tables and the section table: boot_stage_zones has them cleared, too. */
void machine_clear_mm(struct machine *m);

/* From bootmem to the buddy allocator: nodes, sections, descriptors' room, release. machine_clear_mm came before. */
void machine_mem_init(struct machine *m);

uint64_t machine_free_pages(const struct machine *m);

/* "module: what" and the end of the program. */
_Noreturn void machine_die(const char *what);

#endif

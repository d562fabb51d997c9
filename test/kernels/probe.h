/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe's checks: one function for each promise of docs/handoff.md. True: it is kept. False: what was seen
 * instead has been noted with saw().
 */
#ifndef KERNELS_PROBE_H
#define KERNELS_PROBE_H

#include <bootmem/adopt.h>
#include <bootmem/format.h>

#include "firmware.h"
#include "physical.h"
#include "record.h"

#define SEEN_BYTES 160

struct probe {
	const struct handoff *record;
	struct paging paging; /* the live tables, as the record describes them */
	struct window window; /* the direct map */
	struct mm *mm;        /* null until the library has adopted the record */
	struct firmware firmware;
	struct physical physical;
	char seen[SEEN_BYTES];
};

/* Note what was seen. Returns false, so that a check can end with it. */
BM_PRINTF(2, 3) bool saw(struct probe *p, const char *format, ...);

/* --- helpers: probe_record.c, probe_map.c --------------------------------------------------------- */

/* Whole pages of RAM, range by range; *i starts at 0. */
bool next_ram(const struct probe *p, uint32_t *i, struct pfn_range *ram);
uint64_t ram_pages(const struct probe *p);

/* Pages that two ranges have in common. */
uint64_t common_pages(struct pfn_range a, struct pfn_range b);

/* Pages of [start, end) in a table of ranges of pages: free, owners or node_ranges. */
uint64_t pages_in_table(const struct handoff_table *table, struct pfn_range range);

/* Is this page the owner's? */
bool is_owned(const struct probe *p, pfn_t pfn, const char *owner);

/* Number of a name in a table of them, or its count. */
uint32_t name_index(const struct handoff_table *names, const char *text);

/*
 * Are [virt, virt + bytes) mapped to [phys, ...) with exactly these rights? Without NX and PAT, executable pages and
 * write-combining ones can't be told from others. Otherwise it has been noted.
 */
bool is_mapped(struct probe *p, uint64_t virt, phys_t phys, uint64_t bytes, uint32_t rights);

bool texts_equal(const char *a, const char *b);

/* --- checks, by file and in the order of their numbers ---------------------------------------------- */

typedef bool probe_check(struct probe *p);

probe_check check_entry, check_argument, check_registers, check_stack, check_flags, check_cr0,
	check_cr4, check_efer, check_pat, check_cr3, check_fpu, check_segments, check_tss,
	check_idt;
probe_check check_areas, check_w_xor_x, check_page_0, check_segments_mapped, check_kernel_alias,
	check_direct_map, check_record_mapped, check_windows, check_framebuffer,
	check_runtime_mapped;
probe_check check_header, check_block, check_e820, check_efi_map, check_nodes, check_node_ranges,
	check_zones, check_owners, check_all_ram, check_free, check_limits, check_texts,
	check_cmdline, check_modules, check_timings, check_serial, check_tables, check_runtime,
	check_who_owns;
probe_check check_adopt, check_same_zones, check_blocks, check_kmap, check_node_queries,
	check_fixmap, check_reclaim, check_reclaimed;

#endif

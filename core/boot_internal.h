/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of the pipeline share: boot.c (the stages), settle.c, boot_memory.c. Errors have been
 * said on the console when these return them.
 */
#ifndef BOOT_INTERNAL_H
#define BOOT_INTERNAL_H

#include <bootmem/boot.h>

#define LOW_64K_PFN (64 * KIB >> PAGE_SHIFT)

/* --- boot_memory.c ----------------------------------------------------------------------------- */

/* Give the RAM pages of a range that nobody owns to an owner: RAM as map has it, or the current table. */
enum bm_error boot_own_in(
	struct boot *b, const struct e820 *map, enum owner owner, struct pfn_range range);
enum bm_error boot_own(struct boot *b, enum owner owner, pfn_t start, pfn_t end);

/* Take a range from whoever owns pages of it. */
enum bm_error boot_disown(struct boot *b, pfn_t start, pfn_t end);

/* Who owns what before the first allocation, and what appears later. The first owner of a page keeps it. */
enum bm_error boot_own_fixed(struct boot *b, const struct e820 *map);

/* Reserve what is owned in every node's bitmap. */
enum bm_error boot_reserve_owned(struct boot *b);

/* RAM that the current map does not call conventional, and that nobody owns, is the firmware's. */
enum bm_error boot_own_firmware_ranges(
	struct boot *b); /* without reserving them: there is no bitmap yet */
enum bm_error boot_own_firmware(struct boot *b);

/* bootmem's claim hook; ctx is the boot. */
enum bm_error boot_claim(void *ctx, pfn_t start_pfn, uint64_t pages);

/*
 * Ask the firmware, and remember what it granted: it would refuse what was given back to bootmem since. BM_FULL: raise
 * BOOT_CLAIMS.
 */
enum bm_error boot_claim_pages(struct boot *b, pfn_t start, uint64_t pages);

/* Whole pages from bootmem for an owner, not cleared. */
enum bm_error boot_alloc(struct boot *b, enum owner owner, uint64_t pages, phys_t *phys);

/* Mark RAM pages free in the bitmaps of the nodes that have them. */
enum bm_error boot_free_pages(struct boot *b, pfn_t start, pfn_t end);

/* Give back to bootmem everything that an owner holds. */
enum bm_error boot_free(struct boot *b, enum owner owner);

/* --- live_tables.c ------------------------------------------------------------------------------- */

/*
 * Give the page tables that the firmware runs on to an owner of their own, those pages of RAM that are nobody's or
 * the firmware's until the exit. Without reserving them: boot_own_firmware does.
 */
enum bm_error boot_own_live_tables(struct boot *b);

/* Where no table is looked for, whatever an entry says: above all that the current map lists, and 4 GiB. */
phys_t boot_tables_end(const struct boot *b);

/* --- kernel.c ------------------------------------------------------------------------------------ */

/* Recognise the kernel's file, find a place for it and copy it there. */
enum bm_error boot_place_kernel(struct boot *b);

/* Where the place ends that the kernel prefers, or cannot do without, if it is free; 0: any place is as good. */
phys_t boot_kernel_wish_end(const struct boot *b);

/* --- kernel_elf.c, kernel_linux.c ---------------------------------------------------------------- */

enum bm_error boot_place_elf(struct boot *b);
enum bm_error boot_place_linux(struct boot *b);

/* boot_kernel_wish_end of a file that may be a Linux kernel. */
phys_t boot_linux_wish_end(const struct boot *b);

/* Fill boot_params from the final table. */
enum bm_error boot_fill_linux(struct boot *b);

/* --- handoff.c ----------------------------------------------------------------------------------- */

/* Set pages aside for the record, while the firmware still grants them. */
enum bm_error boot_reserve_record(struct boot *b);

/* --- boot.c -------------------------------------------------------------------------------------- */

/* The current map as a finished table, without the RAM that can't be reached or was ruled out. */
enum bm_error boot_map_to_e820(struct boot *b, struct e820 *out, struct findings *f);

/* Take RAM above a limit out of a table, as a finding. */
void boot_cut_ram(struct e820 *map, phys_t limit, enum finding_id id, struct findings *f);

/* The stages that are pure functions of the table: settle runs them again. */
enum bm_error boot_stage_limits(struct boot *b);
enum bm_error boot_stage_nodes(struct boot *b);
enum bm_error boot_stage_paging(struct boot *b);
enum bm_error boot_stage_zones(struct boot *b);

/* --- settle.c ------------------------------------------------------------------------------------ */

enum bm_error boot_stage_settle(struct boot *b);

#endif

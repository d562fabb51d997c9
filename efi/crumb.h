/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the start has got to, in memory that a reset leaves alone: the next start finds it there and says so.
 *
 * The same few words lie in several pages of the lowest 64 KiB, which are never handed out (owner "low 64 KiB"): firmware
 * that uses one of them may spare another. Nothing is promised: a machine that was switched off, or whose firmware clears
 * memory, has forgotten. No firmware variable is ever written.
 */
#ifndef EFI_CRUMB_H
#define EFI_CRUMB_H

#include <bootmem/boot.h>
#include <bootmem/cpu.h>

#include "uefi.h"

#define CRUMB_PAGES 3

enum crumb_end {
	CRUMB_NONE,  /* in the middle of the stage */
	CRUMB_ERROR, /* a message said why */
	CRUMB_EXCEPTION,
	CRUMB_KERNEL, /* the jump to it */
};

struct crumb {
	uint64_t magic;
	uint32_t stage; /* enum boot_stage */
	uint32_t end;   /* enum crumb_end */
	uint64_t ip, address;
	uint32_t vector;
	uint32_t sum; /* all words of the crumb add up to 0 */
};

struct crumbs {
	phys_t page[CRUMB_PAGES]; /* those that the firmware granted */
	uint32_t pages;
	struct window window; /* how memory is seen now */
	struct crumb now;
	bool found; /* the last start did not come to its end: */
	struct crumb last;
};

/*
 * Take the pages and read what the last start left there, but for bad RAM, which our page tables don't show. Without any
 * page nothing is kept.
 */
void crumbs_open(struct crumbs *c, EFI_BOOT_SERVICES *bs, const struct boot_options *options);

/* Say how the last start ended, if it left anything. */
void crumbs_tell(const struct crumbs *c, const struct sink *out);

/* A stage begins. */
void crumbs_stage(struct crumbs *c, enum boot_stage stage);

/* It ends before its time; fault is null unless it is an exception. */
void crumbs_end(struct crumbs *c, enum crumb_end end, const struct arch_fault *fault);

/* The start has come to its end: nothing to tell. */
void crumbs_clear(struct crumbs *c);

/* Clear them, and give the pages back to the firmware. False: it does not take all of them. */
bool crumbs_close(struct crumbs *c, EFI_BOOT_SERVICES *bs);

#endif

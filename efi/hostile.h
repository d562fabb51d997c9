/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostile=: boot services that misbehave as options ask, in front of the real ones. The firmware's own tables
 * are never changed: the program is given copies. What it takes and gives back is counted on the way.
 */
#ifndef EFI_HOSTILE_H
#define EFI_HOSTILE_H

#include <bootmem/format.h>
#include <bootmem/options.h>

#include "uefi.h"

struct hostile {
	struct option_hostile
		options; /* all zero: nothing is in the way, and the rest means nothing */
	EFI_BOOT_SERVICES *real;
	EFI_BOOT_SERVICES services;
	EFI_SYSTEM_TABLE table;
	EFI_PHYSICAL_ADDRESS map; /* where the real map is read to */
	UINTN map_pages;
	uint32_t readings; /* of the map */
	uint32_t exits, claims, pool_calls, page_calls;
	int64_t pages_held, blocks_held; /* by the program now */
};

/*
 * The system table to use from now on: st, or with faults in *options a copy, of which *h is the state; it must
 * stay where it is. Under Secure Boot, and without room for a copy of the map, nothing is wrapped, which is said on
 * out, and *options is cleared.
 */
EFI_SYSTEM_TABLE *hostile_wrap(struct hostile *h, EFI_SYSTEM_TABLE *st,
	struct option_hostile *options, const struct sink *out);

/* At the return to the firmware: give back what hostile_wrap took, and say on out what the program kept. */
void hostile_unwrap(struct hostile *h, const struct sink *out);

#endif

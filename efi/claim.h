/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages taken from the firmware at chosen addresses, and the list by which all of them go back.
 */
#ifndef EFI_CLAIM_H
#define EFI_CLAIM_H

#include <bootmem/types.h>

#include "uefi.h"

#define CLAIMS_MAX 256 /* ranges; pages that follow each other are one range */

struct claims {
	struct pfn_range range[CLAIMS_MAX];
	uint32_t count;
};

/*
 * AllocatePages(AllocateAddress, EfiLoaderData). BM_REFUSED: the firmware said no; BM_FULL: no room
 * to remember the range (raise CLAIMS_MAX), and nothing was taken.
 */
BM_MUST_USE enum bm_error claim_pages(
	struct claims *claims, EFI_BOOT_SERVICES *bs, pfn_t start_pfn, uint64_t pages);

/* Give everything back. False: the firmware would not take all of it. */
bool claims_release(struct claims *claims, EFI_BOOT_SERVICES *bs);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pages taken from the firmware at chosen addresses, and given back.
 */
#ifndef EFI_CLAIM_H
#define EFI_CLAIM_H

#include <bootmem/types.h>

#include "uefi.h"

/* AllocatePages(AllocateAddress, EfiLoaderData). BM_REFUSED: the firmware said no. */
BM_MUST_USE enum bm_error claim_pages(EFI_BOOT_SERVICES *bs, pfn_t start_pfn, uint64_t pages);

/* Give all ranges back, the last one first. False: the firmware would not take all of it. */
bool claims_release(EFI_BOOT_SERVICES *bs, const struct pfn_range *claimed, uint32_t claims);

#endif

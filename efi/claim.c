/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The claim hook of the platform: no page is written before the firmware has granted it. The core remembers what was
 * granted (boot.claimed); a failure before the exit, and mode=report, leave the machine as it was by that list.
 */
#include "claim.h"

enum bm_error claim_pages(EFI_BOOT_SERVICES *bs, pfn_t start_pfn, uint64_t pages)
{
	EFI_PHYSICAL_ADDRESS at = pfn_phys(start_pfn);

	if (EFI_ERROR(bs->AllocatePages(AllocateAddress, EfiLoaderData, (UINTN)pages, &at)))
		return BM_REFUSED;
	return BM_OK;
}

/* Firmware that keeps count by allocation refuses a range that two allocations made. */
static bool release_by_page(EFI_BOOT_SERVICES *bs, const struct pfn_range *range)
{
	bool all = true;

	for (pfn_t pfn = range->start; pfn < range->end; pfn++)
		all = !EFI_ERROR(bs->FreePages(pfn_phys(pfn), 1)) && all;
	return all;
}

bool claims_release(EFI_BOOT_SERVICES *bs, const struct pfn_range *claimed, uint32_t claims)
{
	bool all = true;

	while (claims > 0) {
		const struct pfn_range *range = &claimed[--claims];
		UINTN pages = (UINTN)(range->end - range->start);

		if (EFI_ERROR(bs->FreePages(pfn_phys(range->start), pages)))
			all = release_by_page(bs, range) && all;
	}
	return all;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The claim hook of the platform: no page is written before the firmware has granted it. The list
 * is what makes a failure before the exit, and mode=report, leave the machine as it was.
 */
#include "claim.h"

static bool extend_last(struct claims *claims, pfn_t start_pfn, pfn_t end_pfn)
{
	if (claims->count == 0 || claims->range[claims->count - 1].end != start_pfn)
		return false;
	claims->range[claims->count - 1].end = end_pfn;
	return true;
}

/* Firmware that keeps count by allocation refuses a range that two allocations made. */
static bool release_by_page(EFI_BOOT_SERVICES *bs, const struct pfn_range *range)
{
	bool all = true;

	for (pfn_t pfn = range->start; pfn < range->end; pfn++)
		all = !EFI_ERROR(bs->FreePages(pfn_phys(pfn), 1)) && all;
	return all;
}

enum bm_error claim_pages(
	struct claims *claims, EFI_BOOT_SERVICES *bs, pfn_t start_pfn, uint64_t pages)
{
	EFI_PHYSICAL_ADDRESS at = pfn_phys(start_pfn);

	if (claims->count == CLAIMS_MAX)
		return BM_FULL;
	if (EFI_ERROR(bs->AllocatePages(AllocateAddress, EfiLoaderData, (UINTN)pages, &at)))
		return BM_REFUSED;
	if (!extend_last(claims, start_pfn, start_pfn + pages))
		claims->range[claims->count++] = (struct pfn_range){ start_pfn, start_pfn + pages };
	return BM_OK;
}

bool claims_release(struct claims *claims, EFI_BOOT_SERVICES *bs)
{
	bool all = true;

	while (claims->count > 0) {
		const struct pfn_range *range = &claims->range[--claims->count];
		UINTN pages = (UINTN)(range->end - range->start);

		if (EFI_ERROR(bs->FreePages(pfn_phys(range->start), pages)))
			all = release_by_page(bs, range) && all;
	}
	return all;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a start takes from the firmware goes back: efi/claim.c between the pipeline and the host's firmware, whose map
 * is compared page by page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fake_firmware.h>

#include "../../efi/claim.c"

#define RAM_BYTES (64 * MIB)
#define PAGES     (RAM_BYTES >> PAGE_SHIFT)
#define WB        EFI_ATTR_WB

static struct fake_firmware fw;
static struct boot boot;
static EFI_BOOT_SERVICES services;
static uint32_t before[PAGES];
static uint8_t first_of[PAGES]; /* an allocation begins here */
static bool by_allocation;      /* refuse to free more than one allocation at once */
static uint32_t refused_frees;

/* --- the host's firmware behind EFI's functions ----------------------------------------------------- */

static EFI_STATUS EFIAPI efi_allocate_pages(
	EFI_ALLOCATE_TYPE how, EFI_MEMORY_TYPE type, UINTN pages, EFI_PHYSICAL_ADDRESS *at)
{
	assert_int_equal(how, AllocateAddress);
	assert_int_equal(type, EfiLoaderData);
	if (!fake_allocate(&fw, pfn_down(*at), pages, EFI_MEM_LOADER_DATA))
		return EFI_NOT_FOUND;
	(void)fake_open(&fw, *at, *at + pfn_phys(pages));
	first_of[pfn_down(*at)] = 1;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI efi_free_pages(EFI_PHYSICAL_ADDRESS at, UINTN pages)
{
	unsigned allocations = 0;

	for (pfn_t pfn = pfn_down(at); pfn < pfn_down(at) + pages; pfn++) {
		if (fake_type_at(&fw, pfn) != EFI_MEM_LOADER_DATA)
			return EFI_NOT_FOUND;
		allocations += first_of[pfn];
	}
	if (by_allocation && allocations > 1) {
		refused_frees++;
		return EFI_INVALID_PARAMETER;
	}
	fake_release(&fw, at, at + pfn_phys(pages));
	return EFI_SUCCESS;
}

static enum bm_error claim_hook(void *ctx, pfn_t start_pfn, uint64_t pages)
{
	(void)ctx;
	return claim_pages(&services, start_pfn, pages);
}

/* --- a machine, and a start on it ---------------------------------------------------------------------- */

static void set_up(void)
{
	memset(first_of, 0, sizeof(first_of));
	refused_frees = 0;
	by_allocation = false;
	services.AllocatePages = efi_allocate_pages;
	services.FreePages = efi_free_pages;
	fake_init(&fw, RAM_BYTES);
	fake_add(&fw, EFI_MEM_BOOT_CODE, 0, 0x1000, WB);
	fake_add(&fw, EFI_MEM_CONVENTIONAL, 0x1000, 0xa0000, WB);
	fake_add(&fw, EFI_MEM_CONVENTIONAL, 0x100000, 0x800000, WB);
	fake_add(&fw, EFI_MEM_ACPI_NVS, 0x800000, 0x900000, WB);
	fake_add(&fw, EFI_MEM_BOOT_DATA, 0x900000, 0x1100000, WB);
	fake_add(&fw, EFI_MEM_CONVENTIONAL, 0x1100000, RAM_BYTES, WB);
	assert_int_equal(fake_start(&fw, &boot, NULL), BM_OK);
	fw.platform.claim = claim_hook;
	for (pfn_t pfn = 0; pfn < PAGES; pfn++)
		before[pfn] = fake_type_at(&fw, pfn);
}

static uint64_t changed_pages(void)
{
	uint64_t changed = 0;

	for (pfn_t pfn = 0; pfn < PAGES; pfn++)
		changed += fake_type_at(&fw, pfn) != before[pfn];
	return changed;
}

static uint64_t claimed_pages(void)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < boot.claims; i++)
		pages += boot.claimed[i].end - boot.claimed[i].start;
	return pages;
}

/* --- tests --------------------------------------------------------------------------------------------- */

static void everything_goes_back(void **state)
{
	(void)state;
	for (int round = 0; round < 2; round++) {
		set_up();
		by_allocation = round == 1;
		assert_int_equal(boot_prepare(&boot), BM_OK);
		assert_true(changed_pages() > 20);
		assert_true(claimed_pages() == changed_pages());
		assert_true(claims_release(&services, boot.claimed, boot.claims));
		assert_true(changed_pages() == 0);
		assert_true((refused_frees != 0) == by_allocation);
		fake_free(&fw);
	}
}

/* Where the start ends early, what it had until then. */
static void a_start_that_fails_keeps_nothing(void **state)
{
	(void)state;
	set_up();
	boot.input.options.badrams = 1;
	boot.input.options.badram[0] = (struct option_range){ .start_phys = 0x1100000,
		.bytes = RAM_BYTES - 0x1100000 - 48 * KIB };
	assert_int_not_equal(boot_prepare(&boot), BM_OK);
	assert_true(claims_release(&services, boot.claimed, boot.claims));
	assert_true(changed_pages() == 0);
	fake_free(&fw);
}

/* The core's list has an end: one range more counts as refused, and nothing is taken for it. */
static void full_list_refuses(void **state)
{
	uint32_t claims;

	(void)state;
	set_up();
	assert_int_equal(boot_prepare(&boot), BM_OK);
	claims = boot.claims;
	boot.claims = BOOT_CLAIMS;
	assert_int_equal(boot.pool.claim(boot.pool.claim_ctx, 0x3000, 1), BM_REFUSED);
	assert_int_equal(fake_type_at(&fw, 0x3000), EFI_MEM_CONVENTIONAL);
	boot.claims = claims;
	assert_true(claims_release(&services, boot.claimed, boot.claims));
	assert_true(changed_pages() == 0);
	fake_free(&fw);
}

/* A page that is taken is refused; a firmware that forgets one is noticed. */
static void what_does_not_work_is_noticed(void **state)
{
	const struct pfn_range taken = { 0x1200, 0x1202 };

	(void)state;
	set_up();
	assert_int_equal(claim_pages(&services, 0x1200, 2), BM_OK);
	assert_int_equal(claim_pages(&services, 0x1200, 1), BM_REFUSED);
	fake_release(&fw, pfn_phys(0x1201), pfn_phys(0x1202));
	assert_false(claims_release(&services, &taken, 1));
	assert_true(changed_pages() == 0);
	fake_free(&fw);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_goes_back),
		cmocka_unit_test(a_start_that_fails_keeps_nothing),
		cmocka_unit_test(full_list_refuses),
		cmocka_unit_test(what_does_not_work_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

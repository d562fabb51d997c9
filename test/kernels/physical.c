/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fixmap as a window to the firmware's tables, and the checksums of those that ACPI describes (ACPI 6.5, 5.2.5
 * to 5.2.11). Called by probe, and by torture before and while its pattern stands.
 */
#include "physical.h"

#include <bootmem/acpi.h>
#include <bootmem/string.h>

#define RSDP_V1_BYTES     20
#define RSDP_REVISION     15
#define RSDP_RSDT         16
#define RSDP_LENGTH       20
#define RSDP_XSDT         24
#define RSDP_V2_BYTES     36
#define HEADER_BYTES      36
#define HEADER_LENGTH     4
#define FADT_DSDT         40
#define FADT_X_DSDT       140
#define FADT_X_DSDT_BYTES 148
#define ROOT_MAX          64 /* tables that are looked at */

struct physical physical_of(const struct handoff *record, struct mm *mm)
{
	return (struct physical){ mm, record->paging.fixmap, record->firmware.rsdp_phys };
}

const uint8_t *physical_show(const struct physical *p, phys_t phys, uint64_t bytes)
{
	phys_t start = align_down(phys, PAGE_SIZE);
	phys_t end = align_up(phys + bytes, PAGE_SIZE);
	uint64_t virt = p->fixmap.start;

	if (end - start > p->fixmap.end - virt)
		return NULL;
	for (phys_t at = start; at < end; at += PAGE_SIZE, virt += PAGE_SIZE) {
		if (!paging_set_page(&p->mm->paging, p->mm->window, virt, at, 0))
			return NULL;
		arch_flush_page(virt);
	}
	return (const uint8_t *)(uintptr_t)(p->fixmap.start + (phys - start));
}

/* --- ACPI --------------------------------------------------------------------------------------- */

static bool sums_to_zero(const uint8_t *bytes, uint32_t length)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; bytes != NULL && i < length; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return bytes != NULL && sum == 0;
}

static void note(struct acpi_result *result, phys_t phys, bool sound)
{
	if (sound)
		result->tables++;
	else if (result->broken_phys == 0)
		result->broken_phys = phys;
}

/* One table in its whole length, or null with its address noted. */
static const uint8_t *verified(const struct physical *p, phys_t phys, struct acpi_result *result)
{
	const uint8_t *bytes = physical_show(p, phys, HEADER_BYTES);
	uint32_t length = bytes != NULL ? acpi_read32(bytes + HEADER_LENGTH) : 0;
	bool sound;

	if (length >= HEADER_BYTES)
		bytes = physical_show(p, phys, length);
	sound = length >= HEADER_BYTES && sums_to_zero(bytes, length);
	note(result, phys, sound);
	return sound ? bytes : NULL;
}

/* The table that only the FADT knows. */
static void verify_dsdt(const struct physical *p, const uint8_t *fadt, struct acpi_result *result)
{
	uint32_t length = acpi_read32(fadt + HEADER_LENGTH);
	phys_t dsdt = length >= FADT_X_DSDT_BYTES ? acpi_read64(fadt + FADT_X_DSDT) : 0;

	if (dsdt == 0)
		dsdt = acpi_read32(fadt + FADT_DSDT);
	if (dsdt != 0)
		(void)verified(p, dsdt, result);
}

/* What an RSDT or XSDT lists. */
static uint32_t read_root(phys_t table[ROOT_MAX], const uint8_t *bytes, uint32_t entry_bytes)
{
	uint32_t length = acpi_read32(bytes + HEADER_LENGTH), count = 0;

	for (uint32_t at = HEADER_BYTES; count < ROOT_MAX && at + entry_bytes <= length;
		at += entry_bytes)
		table[count++] =
			entry_bytes == 8 ? acpi_read64(bytes + at) : acpi_read32(bytes + at);
	return count;
}

static void verify_root(
	const struct physical *p, phys_t root, uint32_t entry_bytes, struct acpi_result *result)
{
	phys_t table[ROOT_MAX];
	const uint8_t *bytes = verified(p, root, result);
	uint32_t count = bytes != NULL ? read_root(table, bytes, entry_bytes) : 0;

	for (uint32_t i = 0; i < count; i++) {
		bytes = verified(p, table[i], result);
		if (bytes != NULL && memcmp(bytes, "FACP", 4) == 0)
			verify_dsdt(p, bytes, result);
	}
}

struct acpi_result acpi_verify(const struct physical *p)
{
	struct acpi_result result = { 0 };
	const uint8_t *rsdp =
		p->rsdp_phys != 0 ? physical_show(p, p->rsdp_phys, RSDP_V2_BYTES) : NULL;
	phys_t rsdt, xsdt;

	if (rsdp == NULL)
		return result;
	rsdt = acpi_read32(rsdp + RSDP_RSDT);
	xsdt = rsdp[RSDP_REVISION] >= 2 ? acpi_read64(rsdp + RSDP_XSDT) : 0;
	note(&result, p->rsdp_phys,
		memcmp(rsdp, "RSD PTR ", 8) == 0 && sums_to_zero(rsdp, RSDP_V1_BYTES) &&
			(xsdt == 0 || sums_to_zero(rsdp, acpi_read32(rsdp + RSDP_LENGTH))));
	verify_root(p, xsdt != 0 ? xsdt : rsdt, xsdt != 0 ? 8 : 4, &result);
	return result;
}

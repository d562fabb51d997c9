/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the RSDP to a table. Every structure is reached in three steps: its fixed part lies within
 * reach, its length is sane and within reach, its bytes sum to 0. Only then its contents count.
 * The front end calls this for the FADT, the node stage for SRAT and SLIT.
 */
#include <bootmem/acpi.h>
#include <bootmem/string.h>

/* Offsets: ACPI 6.5, table 5.3. */
#define RSDP_REVISION    15
#define RSDP_RSDT        16
#define RSDP_ACPI1_BYTES 20 /* what the first checksum covers */
#define RSDP_LENGTH      20
#define RSDP_XSDT        24
#define RSDP_ACPI2_BYTES 36
#define RSDP_MAX_BYTES   256

#define TABLE_LENGTH     4

/* The bytes at phys, or null where not all of them can be read. */
static const uint8_t *reach(const struct acpi *acpi, phys_t phys, uint32_t bytes)
{
	if (phys >= acpi->end_phys || acpi->end_phys - phys < bytes)
		return NULL;
	return phys_to_virt(acpi->window, phys);
}

static bool sums_to_zero(const uint8_t *bytes, uint32_t length)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return sum == 0;
}

static enum acpi_error complain(struct findings *f, enum acpi_error error, phys_t phys)
{
	finding_add(f, error == ACPI_UNREACHABLE ? FINDING_ACPI_UNREACHABLE : FINDING_ACPI_BROKEN,
		phys, phys);
	return error;
}

/* Length and checksum of a table whose header was reached. */
static enum acpi_error verify(const struct acpi *acpi, phys_t phys, struct acpi_table *table)
{
	const uint8_t *bytes = phys_to_virt(acpi->window, phys);
	uint32_t length = acpi_read32(bytes + TABLE_LENGTH);

	if (length < ACPI_HEADER_BYTES || length > ACPI_TABLE_MAX_BYTES)
		return ACPI_BROKEN;
	if (reach(acpi, phys, length) == NULL)
		return ACPI_UNREACHABLE;
	if (!sums_to_zero(bytes, length))
		return ACPI_BROKEN;
	*table = (struct acpi_table){ .bytes = bytes, .length = length };
	return ACPI_OK;
}

enum acpi_error acpi_table_at(const struct acpi *acpi, phys_t phys, const char *signature,
	struct acpi_table *table, struct findings *f)
{
	const uint8_t *bytes = reach(acpi, phys, ACPI_HEADER_BYTES);
	enum acpi_error error;

	if (phys == 0)
		return ACPI_ABSENT;
	if (bytes == NULL)
		return complain(f, ACPI_UNREACHABLE, phys);
	if (memcmp(bytes, signature, 4) != 0)
		return complain(f, ACPI_BROKEN, phys);
	error = verify(acpi, phys, table);
	return error == ACPI_OK ? ACPI_OK : complain(f, error, phys);
}

/* ACPI 1.0's part of the RSDP, and where it says so the rest. */
static enum acpi_error check_rsdp(const struct acpi *acpi, phys_t phys, const uint8_t **rsdp)
{
	const uint8_t *bytes = reach(acpi, phys, RSDP_ACPI1_BYTES);

	if (phys == 0)
		return ACPI_ABSENT;
	if (bytes == NULL)
		return ACPI_UNREACHABLE;
	if (memcmp(bytes, "RSD PTR ", 8) != 0 || !sums_to_zero(bytes, RSDP_ACPI1_BYTES))
		return ACPI_BROKEN;
	*rsdp = bytes;
	return ACPI_OK;
}

/* The address of the XSDT; 0 where there is none. */
static phys_t find_xsdt(const struct acpi *acpi, phys_t phys, struct findings *f)
{
	const uint8_t *rsdp = phys_to_virt(acpi->window, phys);
	uint32_t length;

	if (rsdp[RSDP_REVISION] < 2)
		return 0;
	if (reach(acpi, phys, RSDP_ACPI2_BYTES) == NULL) {
		complain(f, ACPI_UNREACHABLE, phys);
		return 0;
	}
	length = acpi_read32(rsdp + RSDP_LENGTH);
	if (length < RSDP_ACPI2_BYTES || length > RSDP_MAX_BYTES ||
		reach(acpi, phys, length) == NULL || !sums_to_zero(rsdp, length)) {
		complain(f, ACPI_BROKEN, phys);
		return 0;
	}
	return acpi_read64(rsdp + RSDP_XSDT);
}

static uint32_t entries(const struct acpi *acpi)
{
	uint32_t shift = acpi->entry_bytes == 8 ? 3 : 2;

	return (acpi->list.length - ACPI_HEADER_BYTES) >> shift;
}

static phys_t entry(const struct acpi *acpi, uint32_t index)
{
	const uint8_t *at = acpi->list.bytes + ACPI_HEADER_BYTES + index * acpi->entry_bytes;

	return acpi->entry_bytes == 8 ? acpi_read64(at) : acpi_read32(at);
}

/* Said once, here, because such a table's signature can't be read: it may be the one looked for. */
static void count_unreachable(const struct acpi *acpi, struct findings *f)
{
	for (uint32_t i = 0; i < entries(acpi); i++)
		if (reach(acpi, entry(acpi, i), ACPI_HEADER_BYTES) == NULL)
			complain(f, ACPI_UNREACHABLE, entry(acpi, i));
}

static enum acpi_error open_list(
	struct acpi *acpi, phys_t rsdp_phys, const uint8_t *rsdp, struct findings *f)
{
	phys_t xsdt = find_xsdt(acpi, rsdp_phys, f);

	acpi->entry_bytes = 8;
	if (acpi_table_at(acpi, xsdt, "XSDT", &acpi->list, f) == ACPI_OK)
		return ACPI_OK;
	acpi->entry_bytes = 4;
	return acpi_table_at(acpi, acpi_read32(rsdp + RSDP_RSDT), "RSDT", &acpi->list, f);
}

/* The window ends where an address would wrap, and no processor reads beyond PHYS_END. */
static phys_t window_end(struct window window, phys_t end_phys)
{
	return min_u64(min_u64(end_phys, PHYS_END), UINTPTR_MAX - window.base);
}

enum acpi_error acpi_open(struct acpi *acpi, struct window window, phys_t end_phys,
	phys_t rsdp_phys, struct findings *f)
{
	struct acpi next = { .window = window, .end_phys = window_end(window, end_phys) };
	const uint8_t *rsdp = NULL;
	enum acpi_error error = check_rsdp(&next, rsdp_phys, &rsdp);

	if (error == ACPI_ABSENT)
		return error;
	if (error != ACPI_OK)
		return complain(f, error, rsdp_phys);
	error = open_list(&next, rsdp_phys, rsdp, f);
	if (error != ACPI_OK)
		return error;
	count_unreachable(&next, f);
	*acpi = next;
	return ACPI_OK;
}

enum acpi_error acpi_next(const struct acpi *acpi, const char *signature, uint32_t *index,
	struct acpi_table *table, struct findings *f)
{
	while (*index < entries(acpi)) {
		phys_t phys = entry(acpi, (*index)++);
		const uint8_t *bytes = reach(acpi, phys, ACPI_HEADER_BYTES);

		if (phys == 0 || bytes == NULL || memcmp(bytes, signature, 4) != 0)
			continue;
		if (acpi_table_at(acpi, phys, signature, table, f) == ACPI_OK)
			return ACPI_OK;
	}
	return ACPI_ABSENT;
}

enum acpi_error acpi_find(const struct acpi *acpi, const char *signature, struct acpi_table *table,
	struct findings *f)
{
	uint32_t index = 0;

	return acpi_next(acpi, signature, &index, table, f);
}

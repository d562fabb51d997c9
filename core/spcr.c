/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spcr: where the firmware's serial console is (spcr.h). Called by efi/acpi.c.
 */
#include <bootmem/spcr.h>

#define SPCR_TYPE 36
#define SPCR_SPACE                                                                                 \
	40 /* a generic address (ACPI 6.5, 5.2.3.2): space, bits, offset, access size, the address */
#define SPCR_BITS      41
#define SPCR_ACCESS    43
#define SPCR_ADDRESS   44
#define SPCR_BAUD      58
#define SPCR_BYTES     59
#define SPACE_MEMORY   0
#define SPACE_IO       1
#define ACCESS_ANY     0 /* then the bits tell */
#define ACCESS_BYTE    1
#define ACCESS_DWORD   3
#define LAST_PORT      0xfff8
#define REGISTERS      8

/* Interface types (DBG2's subtypes of a serial port) that are programmed like a 16550. */
#define TYPE_16550     0x00
#define TYPE_16450     0x01
#define TYPE_16550_GAS 0x12

static uint32_t baud_of(uint8_t code)
{
	switch (code) {
	case 3:
		return 9600;
	case 4:
		return 19200;
	case 6:
		return 57600;
	case 7:
		return 115200;
	default:
		return 0;
	}
}

static bool is_16550(uint8_t type)
{
	return type == TYPE_16550 || type == TYPE_16450 || type == TYPE_16550_GAS;
}

/* Of one register, 0 for a width that no 16550 here has. */
static uint32_t register_bytes(uint8_t access, uint8_t bits)
{
	if (access == ACCESS_BYTE || (access == ACCESS_ANY && bits == 8))
		return 1;
	return access == ACCESS_DWORD || (access == ACCESS_ANY && bits == 32) ? 4 : 0;
}

static enum bm_error parse_memory(struct spcr *out, const uint8_t *at)
{
	struct spcr found = { .phys = acpi_read64(at + SPCR_ADDRESS),
		.stride = register_bytes(at[SPCR_ACCESS], at[SPCR_BITS]) };

	if (found.stride == 0)
		return BM_REFUSED;
	if (found.phys == 0 || found.phys % found.stride != 0 ||
		found.phys > PHYS_END - REGISTERS * found.stride)
		return BM_INVALID;
	*out = found;
	return BM_OK;
}

enum bm_error spcr_parse(struct spcr *out, const struct acpi_table *table)
{
	const uint8_t *at = table->bytes;
	uint64_t address;

	if (table->length < SPCR_BYTES)
		return BM_INVALID;
	if (!is_16550(at[SPCR_TYPE]))
		return BM_REFUSED;
	if (at[SPCR_SPACE] == SPACE_MEMORY)
		return parse_memory(out, at);
	if (at[SPCR_SPACE] != SPACE_IO)
		return BM_REFUSED;
	address = acpi_read64(at + SPCR_ADDRESS);
	if (address == 0 || address > LAST_PORT)
		return BM_INVALID;
	*out = (struct spcr){ .port = (uint16_t)address, .baud = baud_of(at[SPCR_BAUD]) };
	return BM_OK;
}

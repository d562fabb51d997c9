/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * spcr: where the firmware's serial console is (spcr.h). Called by efi/acpi.c.
 */
#include <bootmem/spcr.h>

#define SPCR_TYPE      36
#define SPCR_SPACE     40 /* of a generic address: space, three bytes, the address */
#define SPCR_ADDRESS   44
#define SPCR_BAUD      58
#define SPCR_BYTES     59
#define SPACE_IO       1
#define LAST_PORT      0xfff8

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

enum bm_error spcr_parse(struct spcr *out, const struct acpi_table *table)
{
	const uint8_t *at = table->bytes;
	uint64_t address;

	if (table->length < SPCR_BYTES)
		return BM_INVALID;
	if (!is_16550(at[SPCR_TYPE]) || at[SPCR_SPACE] != SPACE_IO)
		return BM_REFUSED;
	address = acpi_read64(at + SPCR_ADDRESS);
	if (address == 0 || address > LAST_PORT)
		return BM_INVALID;
	*out = (struct spcr){ (uint16_t)address, baud_of(at[SPCR_BAUD]) };
	return BM_OK;
}

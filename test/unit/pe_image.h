/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PE image for tests, as Microsoft's "PE Format" lays it out: headers, the sections .eight88 and .config of 0x200
 * bytes each, and room for certificates.
 */
#ifndef PE_IMAGE_H
#define PE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PE_IMAGE_SIGNATURE 0x40
#define PE_IMAGE_HEADERS   0x200

struct pe_image {
	uint8_t at[0x800];
	size_t bytes;
	size_t table,
		directory; /* offsets of the section table, and of the certificates' data directory */
};

static inline void pe_image_put16(struct pe_image *image, size_t at, uint32_t value)
{
	image->at[at] = (uint8_t)value;
	image->at[at + 1] = (uint8_t)(value >> 8);
}

static inline void pe_image_put32(struct pe_image *image, size_t at, uint32_t value)
{
	pe_image_put16(image, at, value);
	pe_image_put16(image, at + 2, value >> 16);
}

static inline void pe_image_section(
	struct pe_image *image, size_t index, const char *name, uint32_t bytes, uint32_t address)
{
	size_t at = image->table + 40 * index;

	memcpy(image->at + at, name, strlen(name));
	pe_image_put32(image, at + 8, bytes);
	pe_image_put32(image, at + 12, address);
	pe_image_put32(image, at + 16, 0x200);
	pe_image_put32(image, at + 20, PE_IMAGE_HEADERS + 0x200 * (uint32_t)index);
}

/* plus: PE32+, whose addresses have 64 bits */
static inline void pe_image_init(struct pe_image *image, bool plus)
{
	const size_t coff = PE_IMAGE_SIGNATURE + 4, optional = coff + 20;
	const size_t directories = optional + (plus ? 112 : 96),
		     optional_bytes = directories - optional + 6 * 8;

	memset(image, 0, sizeof(*image));
	image->bytes = PE_IMAGE_HEADERS + 2 * 0x200;
	image->directory = directories + 4 * 8;
	image->table = optional + optional_bytes;
	memcpy(image->at, "MZ", 2);
	pe_image_put32(image, 0x3c, PE_IMAGE_SIGNATURE);
	memcpy(image->at + PE_IMAGE_SIGNATURE, "PE\0", 4);
	pe_image_put16(image, coff, plus ? 0x8664 : 0x14c);
	pe_image_put16(image, coff + 2, 2);
	pe_image_put16(image, coff + 16, (uint32_t)optional_bytes);
	pe_image_put16(image, optional, plus ? 0x20b : 0x10b);
	pe_image_put32(image, optional + 56, 0x3000);
	pe_image_put32(image, optional + 60, PE_IMAGE_HEADERS);
	pe_image_put32(image, directories - 4, 6);
	pe_image_section(image, 0, ".eight88", 0x180, 0x1000);
	pe_image_section(image, 1, ".config", 0x123, 0x2000);
}

/* Certificates of so many bytes at the end. */
static inline void pe_image_sign(struct pe_image *image, uint32_t bytes)
{
	pe_image_put32(image, image->directory, (uint32_t)image->bytes);
	pe_image_put32(image, image->directory + 4, bytes);
	image->bytes += bytes;
}

#endif

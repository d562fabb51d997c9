/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PE images (Microsoft's PE format; PE32 and PE32+), as far as Secure Boot makes them interesting: a named section of
 * the running image, and how much of a file its signature covers.
 */
#ifndef BOOTMEM_PE_H
#define BOOTMEM_PE_H

#include <bootmem/types.h>

#define PE_SECTION_NAME 8

struct pe {
	const uint8_t *at; /* the headers */
	uint64_t bytes;    /* that can be read there */
	uint64_t table;    /* offset of the section table, which lies within */
	uint32_t sections;
	uint32_t image_bytes, headers_bytes;
	uint32_t certificates, certificates_bytes; /* in the file; 0 bytes: none */
};

struct pe_section {
	uint32_t address, memory_bytes; /* in the loaded image */
	uint32_t offset, file_bytes;    /* in the file */
};

/* bytes: of a file, or those of a loaded image's headers. False: no PE image, or headers that end too early. */
bool pe_parse(struct pe *pe, const void *data, uint64_t bytes);

/* The first section with that name, of at most 8 characters; false: none, or not within the loaded image. */
bool pe_find(const struct pe *pe, const char *name, struct pe_section *section);

/*
 * Of a whole file: how many of its first bytes are part of what is signed, all but the fields for checksum and
 * certificates ("Windows Authenticode Portable Executable Signature Format"). That is all before the certificates,
 * which must end the file, when headers and sections are there without gap or overlap; else gaps are not signed, and
 * it is 0.
 */
uint64_t pe_signed_bytes(const struct pe *pe);

#endif

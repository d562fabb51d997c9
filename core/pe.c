/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading PE headers (pe.h). Invariant: nothing outside [at, at + bytes) is read. Called by core/trust.c for files, and
 * by efi/config.c for the running image.
 */
#include <bootmem/pe.h>
#include <bootmem/string.h>

/* Offsets from the signature "PE\0\0", then from the optional header, then in a section header. */
#define LFANEW               0x3c
#define SECTIONS             6
#define OPTIONAL_BYTES       20
#define OPTIONAL             24
#define IMAGE_BYTES          56
#define HEADERS_BYTES        60
#define CERTIFICATES         4 /* index of the data directory */
#define DIRECTORY_BYTES      8
#define SECTION_HEADER_BYTES 40

#define PE32                 0x10b
#define PE32_PLUS            0x20b

static uint32_t get16(const struct pe *pe, uint64_t at)
{
	return (uint32_t)(pe->at[at] | pe->at[at + 1] << 8);
}

static uint32_t get32(const struct pe *pe, uint64_t at)
{
	return get16(pe, at) | get16(pe, at + 2) << 16;
}

/* Where the count of data directories is; the directories follow it. 0: neither form of the header. */
static uint32_t directories_at(uint32_t magic)
{
	if (magic == PE32)
		return 92;
	return magic == PE32_PLUS ? 108 : 0;
}

/* The optional header lies at optional, and within the bytes. */
static bool parse_optional(struct pe *pe, uint64_t optional, uint32_t optional_bytes)
{
	uint32_t count_at = directories_at(get16(pe, optional));
	uint32_t directory = count_at + 4 + CERTIFICATES * DIRECTORY_BYTES;

	if (count_at == 0 || optional_bytes < count_at + 4)
		return false;
	pe->image_bytes = get32(pe, optional + IMAGE_BYTES);
	pe->headers_bytes = get32(pe, optional + HEADERS_BYTES);
	pe->certificates = pe->certificates_bytes = 0;
	if (get32(pe, optional + count_at) <= CERTIFICATES)
		return true;
	if (optional_bytes < directory + DIRECTORY_BYTES)
		return false;
	pe->certificates = get32(pe, optional + directory);
	pe->certificates_bytes = get32(pe, optional + directory + 4);
	return true;
}

static uint64_t table_end(const struct pe *pe)
{
	return pe->table + pe->sections * (uint64_t)SECTION_HEADER_BYTES;
}

bool pe_parse(struct pe *pe, const void *data, uint64_t bytes)
{
	uint64_t signature;
	uint32_t optional_bytes;

	*pe = (struct pe){ .at = data, .bytes = bytes };
	if (bytes < LFANEW + 4 || pe->at[0] != 'M' || pe->at[1] != 'Z')
		return false;
	signature = get32(pe, LFANEW);
	if (signature + OPTIONAL + 2 > bytes || memcmp(pe->at + signature, "PE\0", 4) != 0)
		return false;
	optional_bytes = get16(pe, signature + OPTIONAL_BYTES);
	pe->sections = get16(pe, signature + SECTIONS);
	pe->table = signature + OPTIONAL + optional_bytes;
	if (table_end(pe) > bytes)
		return false;
	return parse_optional(pe, signature + OPTIONAL, optional_bytes);
}

static struct pe_section section_at(const struct pe *pe, uint32_t i)
{
	uint64_t at = pe->table + i * (uint64_t)SECTION_HEADER_BYTES;

	return (struct pe_section){ .memory_bytes = get32(pe, at + 8),
		.address = get32(pe, at + 12),
		.file_bytes = get32(pe, at + 16),
		.offset = get32(pe, at + 20) };
}

static bool is_named(const struct pe *pe, uint32_t i, const char *name)
{
	const uint8_t *at = pe->at + pe->table + i * (uint64_t)SECTION_HEADER_BYTES;

	for (unsigned k = 0; k < PE_SECTION_NAME; k++) {
		if (at[k] != (uint8_t)name[k])
			return false;
		if (name[k] == '\0')
			break;
	}
	return true;
}

bool pe_find(const struct pe *pe, const char *name, struct pe_section *section)
{
	for (uint32_t i = 0; i < pe->sections; i++) {
		struct pe_section s = section_at(pe, i);

		if (!is_named(pe, i, name))
			continue;
		if (s.address > pe->image_bytes || s.memory_bytes > pe->image_bytes - s.address)
			return false;
		*section = s;
		return true;
	}
	return false;
}

/* The end of the section whose bytes in the file begin at start; start itself: there is none. */
static uint64_t section_end(const struct pe *pe, uint64_t start)
{
	for (uint32_t i = 0; i < pe->sections; i++) {
		struct pe_section s = section_at(pe, i);

		if (s.offset == start && s.file_bytes != 0)
			return start + s.file_bytes;
	}
	return start;
}

/* What the headers and all sections have together; more or less than the end of the last one: overlaps, or gaps. */
static uint64_t sum_of_parts(const struct pe *pe)
{
	uint64_t sum = pe->headers_bytes;

	for (uint32_t i = 0; i < pe->sections; i++)
		sum += section_at(pe, i).file_bytes;
	return sum;
}

uint64_t pe_signed_bytes(const struct pe *pe)
{
	uint64_t certificates = pe->bytes, end = pe->headers_bytes, next;

	if (pe->certificates_bytes != 0)
		certificates = pe->certificates;
	if (pe->certificates_bytes != pe->bytes - certificates || end < table_end(pe))
		return 0;
	while ((next = section_end(pe, end)) != end)
		end = next;
	return end == sum_of_parts(pe) && end <= certificates ? certificates : 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel_file: kernels without contents (kernel_file.h). Invariant: whatever the report says, the file has at
 * most FILE_MAX bytes. Called by replay.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bootmem/elf.h>

#include "kernel_file.h"

#define FILE_MAX       (64 * MIB)            /* larger kernels are refused as cut off */
#define WORD           (4u * ARCH_ELF_CLASS) /* an address, an offset or a size in the ELF file */
#define HEADER_BYTES   (40 + 3 * WORD)
#define PROGRAM_BYTES  (8 + 6 * WORD)
#define ELF_WRITE      2u
#define ELF_EXEC       1u
#define ELF_READ       4u

#define SETUP_OFFSET   0x1f1 /* of a bzImage's header in the file; setup_sects is its first byte */
#define SYSSIZE_OFFSET 3     /* in the header */

static uint8_t *allocate(uint64_t bytes)
{
	uint8_t *file = calloc(1, (size_t)bytes);

	if (file == NULL) {
		fputs("bootmem-sim: out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	return file;
}

static void put(uint8_t *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/* --- ELF ------------------------------------------------------------------------------------- */

/* Only the segment with the entry needs bytes of its file, up to there. */
static uint64_t file_bytes(const struct recorded_kernel *k, const struct record *s)
{
	bool entry = (s->type & MAP_EXEC) != 0 && s->start <= k->entry && k->entry < s->end;

	return entry && k->entry - s->start < FILE_MAX ? k->entry - s->start + 1 : 0;
}

static void put_header(uint8_t *file, const struct recorded_kernel *k)
{
	static const uint8_t ident[] = { 0x7f, 'E', 'L', 'F', ARCH_ELF_CLASS, 1, 1 };

	memcpy(file, ident, sizeof(ident));
	put(file + 16, 2, 2); /* ET_EXEC */
	put(file + 18, ARCH_ELF_MACHINE, 2);
	put(file + 20, 1, 4);
	put(file + 24, k->entry, WORD);
	put(file + 24 + WORD, HEADER_BYTES, WORD);
	put(file + 28 + 3 * WORD, HEADER_BYTES, 2);
	put(file + 30 + 3 * WORD, PROGRAM_BYTES, 2);
	put(file + 32 + 3 * WORD, k->segments.count, 2);
}

static void put_program(uint8_t *at, const struct record *s, uint64_t bytes)
{
	uint32_t flags = ELF_READ;

	flags |= s->type & MAP_WRITE ? ELF_WRITE : 0;
	flags |= s->type & MAP_EXEC ? ELF_EXEC : 0;
	put(at, 1, 4); /* PT_LOAD; its bytes begin with the file */
	put(at + (ARCH_ELF_CLASS == 2 ? 4 : 6 * WORD), flags, 4);
	at += ARCH_ELF_CLASS == 2 ? 8 : 4;
	put(at + WORD, s->start, WORD);
	put(at + 3 * WORD, bytes, WORD);
	put(at + 4 * WORD, s->end - s->start, WORD);
}

static void *make_elf(const struct recorded_kernel *k, uint64_t *bytes)
{
	uint32_t count = k->segments.count <= UINT16_MAX ? k->segments.count : 0;
	uint64_t most = 0;
	uint8_t *file;

	for (uint32_t i = 0; i < count; i++)
		most = max_u64(most, file_bytes(k, &k->segments.item[i]));
	*bytes = max_u64(most, HEADER_BYTES + (uint64_t)count * PROGRAM_BYTES);
	file = allocate(*bytes);
	put_header(file, k);
	for (uint32_t i = 0; i < count; i++)
		put_program(file + HEADER_BYTES + (size_t)i * PROGRAM_BYTES, &k->segments.item[i],
			file_bytes(k, &k->segments.item[i]));
	return file;
}

/* --- bzImage --------------------------------------------------------------------------------- */

static void *make_bzimage(const struct recorded_kernel *k, uint64_t *bytes)
{
	const uint8_t *h = k->setup_header;
	uint64_t setup = (h[0] + UINT64_C(1)) * 512;
	uint64_t paragraphs = 0;
	uint8_t *file;

	for (unsigned i = 0; i < 4; i++)
		paragraphs |= (uint64_t)h[SYSSIZE_OFFSET + i] << 8 * i;
	*bytes = min_u64(
		max_u64(setup + paragraphs * 16, SETUP_OFFSET + sizeof(k->setup_header)), FILE_MAX);
	file = allocate(*bytes);
	memcpy(file + SETUP_OFFSET, h, k->setup_bytes);
	return file;
}

void *kernel_file_make(const struct recorded_kernel *k, uint64_t *bytes)
{
	if (k->setup_bytes != 0)
		return make_bzimage(k, bytes);
	return k->segments.count != 0 ? make_elf(k, bytes) : NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Linux boot protocol on any bytes at all (libFuzzer): parse, placement and boot_params against
 * test/unit/linux_rules.h, which says what must be refused, what must not, and every byte of the page.
 *
 * The last bytes of the input choose: 8 for the handoff, 1 for the mode and for what the others are. They are a
 * file, or changes of 3 bytes (offset, value) to a kernel's header, which get past the magic number every time.
 */
#include <stdio.h>
#include <stdlib.h>

#include "linux_rules.h"

#define CHOICE_BYTES 9
#define CHANGE_BYTES 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In a block of its exact size, so that a byte read beyond it is noticed. */
static void try_file(struct rules_file f, uint64_t seed)
{
	uint8_t *block = malloc(f.size != 0 ? f.size : 1);
	const char *wrong;

	memcpy(block, f.bytes, f.size);
	f.bytes = block;
	wrong = rules_all(f, seed);
	if (wrong != NULL) {
		fprintf(stderr, "linux_boot: %s\n", wrong);
		abort();
	}
	free(block);
}

/* An offset beyond the file cuts it there, counted from its end. */
static void try_changes(struct rules_file f, uint8_t kind, uint64_t seed)
{
	uint8_t file[RULES_FILE_BYTES];
	uint64_t bytes = sizeof(file);

	rules_make_file(file, (enum rules_kind)(kind % RULES_KINDS));
	for (uint64_t i = 0; i + CHANGE_BYTES <= f.size; i += CHANGE_BYTES) {
		uint32_t at = 0x1f1u + f.bytes[i] + 256u * f.bytes[i + 1];

		if (at < sizeof(file))
			file[at] = f.bytes[i + 2];
		else
			bytes = sizeof(file) - f.bytes[i + 2];
	}
	try_file((struct rules_file){ file, bytes, f.mode }, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rules_file f = { .bytes = data };
	uint64_t seed;
	uint8_t choice;

	if (size < CHOICE_BYTES)
		return 0;
	f.size = size - CHOICE_BYTES;
	memcpy(&seed, data + f.size, sizeof(seed));
	choice = data[size - 1];
	f.mode = choice & 1 ? LINUX_64 : LINUX_32;
	if (choice & 2)
		try_changes(f, choice >> 2, seed);
	else
		try_file(f, seed);
	return 0;
}

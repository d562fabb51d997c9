/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PE headers from any bytes at all (libFuzzer): nothing beyond the input is read, a section that is found lies within the
 * image, and no more is signed than there is.
 */
#include <string.h>

#include <bootmem/pe.h>

#include "pe_image.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_image(const uint8_t *data, size_t size)
{
	struct pe_section s;
	struct pe pe;
	uint64_t signed_bytes;

	if (!pe_parse(&pe, data, size))
		return;
	if (pe_find(&pe, ".config", &s))
		require((uint64_t)s.address + s.memory_bytes <= pe.image_bytes,
			"a section beyond the image");
	signed_bytes = pe_signed_bytes(&pe);
	require(signed_bytes <= size, "more signed than there is");
	require(signed_bytes == 0 || signed_bytes + pe.certificates_bytes == size,
		"a gap before the certificates");
}

/* The input is a file, and changes (offset, value) to a good one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pe_image image;

	try_image(data, size);
	pe_image_init(&image, size % 2 != 0);
	pe_image_sign(&image, 0x58);
	for (size_t i = 0; i + 2 < size; i += 3)
		image.at[(data[i] | data[i + 1] << 8) % image.bytes] = data[i + 2];
	try_image(image.at, image.bytes);
	return 0;
}

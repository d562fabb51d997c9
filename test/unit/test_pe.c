/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PE headers: images made byte by byte as Microsoft's PE format lays them out, and every way in which they can be cut
 * off or lie.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/pe.h>

#include "pe_image.h"

static struct pe_image image;
static struct pe pe;

/* From a block of the exact length, so that reading past the end is noticed. */
static bool parses(size_t bytes)
{
	uint8_t *block = malloc(bytes + 1);
	bool good;

	memcpy(block + 1, image.at, bytes);
	good = pe_parse(&pe, block + 1, bytes);
	free(block);
	pe.at = image.at;
	return good;
}

static void both_forms(void **state)
{
	(void)state;
	for (int plus = 0; plus < 2; plus++) {
		pe_image_init(&image, plus == 1);
		assert_true(parses(image.bytes));
		assert_int_equal(pe.sections, 2);
		assert_int_equal(pe.headers_bytes, PE_IMAGE_HEADERS);
		assert_int_equal(pe.image_bytes, 0x3000);
		assert_int_equal(pe.certificates_bytes, 0);
		assert_true(pe_signed_bytes(&pe) == image.bytes);
	}
}

/* Headers that end anywhere before their end are refused, and a file of headers alone is good enough. */
static void cut_off(void **state)
{
	(void)state;
	for (int plus = 0; plus < 2; plus++) {
		pe_image_init(&image, plus == 1);
		for (size_t bytes = 0; bytes < image.table + 2 * 40; bytes++)
			assert_false(parses(bytes));
		assert_true(parses(image.table + 2 * 40));
	}
}

static void not_an_image(void **state)
{
	static const struct {
		size_t at; /* from the signature, but for the first ones */
		uint32_t value;
	} bad[] = { { 0, 0x454e }, { 24, 0x107 }, { 24, 0 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		pe_image_init(&image, true);
		pe_image_put16(&image, (i == 0 ? 0 : PE_IMAGE_SIGNATURE) + bad[i].at, bad[i].value);
		assert_false(parses(image.bytes));
	}
	pe_image_init(&image, true);
	pe_image_put32(&image, PE_IMAGE_SIGNATURE, 0x00014550);
	assert_false(parses(image.bytes));
	pe_image_init(&image, true);
	pe_image_put32(&image, 0x3c, 0xfffffff0);
	assert_false(parses(image.bytes));
	/* an optional header that ends before the directory it says it has */
	pe_image_init(&image, true);
	pe_image_put16(&image, PE_IMAGE_SIGNATURE + 20, 112 + 39);
	assert_false(parses(image.bytes));
	/* without such a directory there is no signature */
	pe_image_put32(&image, PE_IMAGE_SIGNATURE + 24 + 108, 4);
	assert_true(parses(image.bytes) && pe.certificates_bytes == 0);
	/* no optional header at all, at the end of the file */
	pe_image_put16(&image, PE_IMAGE_SIGNATURE + 20, 0);
	pe_image_put16(&image, PE_IMAGE_SIGNATURE + 6, 0);
	assert_false(parses(PE_IMAGE_SIGNATURE + 24));
	pe_image_init(&image, true);
	pe_image_put16(&image, PE_IMAGE_SIGNATURE + 6, 0xffff);
	assert_false(parses(image.bytes));
}

static void sections_by_name(void **state)
{
	static const char named[] = ".config\0\1\2\3", cut[] = ".con\0fig";
	struct pe_section s = { .address = 1 };

	(void)state;
	pe_image_init(&image, true);
	assert_true(parses(image.bytes));
	assert_true(pe_find(&pe, ".config", &s));
	assert_true(pe_find(&pe, named, &s)); /* a name ends with its NUL */
	assert_false(pe_find(&pe, cut, &s));
	pe_image_put32(&image, image.table + 40 + 4, 0x00676900);
	assert_true(pe_find(&pe, ".con", &s) && pe_find(&pe, cut, &s));
	pe_image_put32(&image, image.table + 40 + 4, 0x00676966);
	assert_int_equal(s.address, 0x2000);
	assert_int_equal(s.memory_bytes, 0x123);
	assert_int_equal(s.offset, PE_IMAGE_HEADERS + 0x200);
	assert_int_equal(s.file_bytes, 0x200);
	assert_true(pe_find(&pe, ".eight88", &s) && s.address == 0x1000);
	assert_false(pe_find(&pe, ".confi", &s));
	assert_false(pe_find(&pe, ".eight8", &s));
	assert_false(pe_find(&pe, "", &s));
	/* not within the image */
	pe_image_put32(&image, image.table + 40 + 8, 0x1001);
	assert_false(pe_find(&pe, ".config", &s));
	pe_image_put32(&image, image.table + 40 + 8, 0x1000);
	assert_true(pe_find(&pe, ".config", &s));
	pe_image_put32(&image, image.table + 40 + 12, 0x3001);
	assert_false(pe_find(&pe, ".config", &s));
	pe_image_put32(&image, image.table + 40 + 12, 0xffffffff);
	assert_false(pe_find(&pe, ".config", &s));
}

static uint64_t signed_bytes(void)
{
	assert_true(parses(image.bytes));
	return pe_signed_bytes(&pe);
}

/* All but the certificates at the end, and nothing where the hash would leave something out or count it twice. */
static void what_a_signature_covers(void **state)
{
	const size_t first = 0, second = 40, data = PE_IMAGE_HEADERS;

	(void)state;
	pe_image_init(&image, true);
	pe_image_sign(&image, 0x58);
	assert_true(signed_bytes() == image.bytes - 0x58);
	/* what follows the sections is hashed, too */
	pe_image_init(&image, true);
	image.bytes += 0x60;
	pe_image_sign(&image, 0x58);
	assert_true(signed_bytes() == image.bytes - 0x58);
	/* sections in another order, and one without bytes in the file */
	pe_image_put32(&image, image.table + first + 20, data + 0x200);
	pe_image_put32(&image, image.table + second + 20, data);
	assert_true(signed_bytes() == image.bytes - 0x58);
	pe_image_put32(&image, image.table + second + 20, 0x77);
	pe_image_put32(&image, image.table + second + 16, 0);
	pe_image_put32(&image, image.table + first + 20, data);
	assert_true(signed_bytes() == image.bytes - 0x58);
	pe_image_put32(&image, image.table + first + 16, 0);
	pe_image_put32(&image, image.table + second + 16, 0x200);
	pe_image_put32(&image, image.table + second + 20, data);
	assert_true(signed_bytes() == image.bytes - 0x58);

	/* a gap, an overlap, the same bytes twice */
	pe_image_init(&image, true);
	pe_image_put32(&image, image.table + second + 20, data + 0x201);
	assert_true(signed_bytes() == 0);
	pe_image_put32(&image, image.table + second + 20, data + 0x1ff);
	assert_true(signed_bytes() == 0);
	pe_image_put32(&image, image.table + second + 20, data);
	assert_true(signed_bytes() == 0);
	/* headers that leave the section table out, or reach into the first section */
	pe_image_init(&image, true);
	for (uint32_t end = (uint32_t)image.table + 2 * 40; end > 0; end--) {
		pe_image_put32(&image, PE_IMAGE_SIGNATURE + 24 + 60, end);
		pe_image_put32(&image, image.table + first + 16, data + 0x200 - end);
		pe_image_put32(&image, image.table + first + 20, end);
		assert_true((signed_bytes() != 0) == (end == image.table + 2 * 40));
	}
	pe_image_init(&image, true);
	pe_image_put32(&image, PE_IMAGE_SIGNATURE + 24 + 60, data + 1);
	assert_true(signed_bytes() == 0);
	/* certificates that do not end the file, reach beyond it, or begin within a section */
	pe_image_init(&image, true);
	pe_image_sign(&image, 0x58);
	image.bytes--;
	assert_true(signed_bytes() == 0);
	image.bytes += 2;
	assert_true(signed_bytes() == 0);
	pe_image_init(&image, true);
	pe_image_sign(&image, 0x58);
	pe_image_put32(&image, image.directory, (uint32_t)image.bytes - 0x59);
	pe_image_put32(&image, image.directory + 4, 0x59);
	assert_true(signed_bytes() == 0);
	pe_image_put32(&image, image.directory, 0xffffffff);
	pe_image_put32(&image, image.directory + 4, 0xffffffff);
	assert_true(signed_bytes() == 0);
}

/* A section that ends at its own beginning, after 2^32, does not go round for ever. */
static void ends_far_away(void **state)
{
	(void)state;
	pe_image_init(&image, true);
	pe_image_put32(&image, image.table + 40 + 16, 0xffffffff);
	assert_true(signed_bytes() == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_forms),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(not_an_image),
		cmocka_unit_test(sections_by_name),
		cmocka_unit_test(what_a_signature_covers),
		cmocka_unit_test(ends_far_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runtime ranges: the Memory Attributes table as bytes, then maps and tables at random against a model
 * that looks at one page at a time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/efi_mat.h>

#define STRIDE  48
#define MAX     16u
#define PAGES   96u
#define RUNTIME (EFI_ATTR_WB | EFI_ATTR_RUNTIME)

/* A table and a map in the firmware's bytes. */
struct firmware {
	uint8_t mat[EFI_MAT_HEADER_BYTES + MAX * STRIDE];
	uint8_t map[MAX * STRIDE];
	uint32_t entries, descriptors;
};

static struct firmware fw;
static struct map_special special[64];
static struct runtime_ranges out;
static struct findings findings;

static void set_header(uint32_t version, uint32_t count, uint32_t stride)
{
	const uint32_t header[4] = { version, count, stride, 0 };

	memcpy(fw.mat, header, sizeof(header));
}

static void start(void)
{
	memset(&fw, 0, sizeof(fw));
	memset(&findings, 0, sizeof(findings));
	out = (struct runtime_ranges){ .special = special, .capacity = ARRAY_SIZE(special) };
	set_header(1, 0, STRIDE);
}

static struct efi_memory_desc desc(uint32_t type, phys_t from, phys_t to, uint64_t attribute)
{
	return (struct efi_memory_desc){ .type = type,
		.phys_start = from,
		.pages = (to - from) >> PAGE_SHIFT,
		.attribute = attribute };
}

static void add_range(uint32_t type, phys_t from, phys_t to, uint64_t attribute)
{
	struct efi_memory_desc d = desc(type, from, to, attribute);

	memcpy(fw.map + fw.descriptors++ * STRIDE, &d, sizeof(d));
}

static void add_entry(phys_t from, phys_t to, uint64_t attribute)
{
	struct efi_memory_desc d = desc(EFI_MEM_RUNTIME_CODE, from, to, attribute);

	memcpy(fw.mat + EFI_MAT_HEADER_BYTES + fw.entries++ * STRIDE, &d, sizeof(d));
	set_header(1, fw.entries, STRIDE);
}

static void find(phys_t end)
{
	struct fw_map map;
	struct efi_mat mat;

	assert_int_equal(fw_map_init(&map, fw.map, fw.descriptors * STRIDE, STRIDE, 1, 0), BM_OK);
	assert_int_equal(efi_mat_open(&mat, fw.mat), BM_OK);
	runtime_ranges_find(&out, &map, &mat, end, &findings);
}

static void assert_special(uint32_t i, phys_t from, phys_t to, uint32_t rights)
{
	assert_true(i < out.count);
	assert_int_equal(special[i].start_phys, from);
	assert_int_equal(special[i].end_phys, to);
	assert_int_equal(special[i].rights, rights);
	assert_true(special[i].identity);
	assert_false(special[i].guard);
}

/* --- the table ---------------------------------------------------------------------------------------- */

static void refuses_broken_tables(void **state)
{
	static const uint32_t bad[][3] = { { 0, 1, 48 }, { 3, 1, 48 }, { 1, 1, 32 }, { 1, 1, 44 },
		{ 1, 1, 264 }, { 1, EFI_MAT_MAX_ENTRIES + 1, 48 } };
	struct efi_mat mat;

	(void)state;
	start();
	assert_int_equal(efi_mat_open(&mat, NULL), BM_INVALID);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		set_header(bad[i][0], bad[i][1], bad[i][2]);
		assert_int_equal(efi_mat_open(&mat, fw.mat), BM_INVALID);
		assert_int_equal(mat.count, 0);
	}
	set_header(2, 3, 40);
	assert_int_equal(efi_mat_open(&mat, fw.mat), BM_OK);
	assert_int_equal(mat.count, 3);
	assert_int_equal(mat.stride, 40);
	set_header(1, EFI_MAT_MAX_ENTRIES, 256); /* the most of each */
	assert_int_equal(efi_mat_open(&mat, fw.mat), BM_OK);
	assert_int_equal(mat.count, EFI_MAT_MAX_ENTRIES);
	assert_int_equal(mat.stride, 256);
}

/* --- shapes ------------------------------------------------------------------------------------------- */

/*
 *   map    |data|   |=======code=======|   |boot data|
 *   table           |hdr RO XP|text RO|data XP|
 */
static void image_in_runtime_code(void **state)
{
	(void)state;
	start();
	add_range(EFI_MEM_RUNTIME_DATA, 0x10000, 0x12000, RUNTIME);
	add_range(EFI_MEM_RUNTIME_CODE, 0x20000, 0x28000, RUNTIME);
	add_range(EFI_MEM_BOOT_DATA, 0x30000, 0x31000, EFI_ATTR_WB);
	add_entry(0x10000, 0x12000, EFI_ATTR_XP);
	add_entry(0x20000, 0x21000, EFI_ATTR_RO | EFI_ATTR_XP);
	add_entry(0x21000, 0x25000, EFI_ATTR_RO);
	add_entry(0x25000, 0x28000, EFI_ATTR_XP);
	find(PHYS_END);
	assert_int_equal(out.count, 4);
	assert_special(0, 0x10000, 0x12000, MAP_WRITE);
	assert_special(1, 0x20000, 0x21000, 0);
	assert_special(2, 0x21000, 0x25000, MAP_EXEC);
	assert_special(3, 0x25000, 0x28000, MAP_WRITE);
	assert_true(out.usable);
	assert_int_equal(findings_kinds(&findings), 0);
}

static void found_at(enum finding_id id, phys_t start, phys_t end)
{
	const struct finding *f = &findings.of[id];

	assert_int_equal(f->count, 1);
	assert_true(f->start_phys == start && f->end_phys == end && f->bytes == end - start);
}

/* Code that nobody describes is mapped as code, and not called. */
static void code_without_entry(void **state)
{
	(void)state;
	start();
	add_range(EFI_MEM_RUNTIME_CODE, 0x20000, 0x28000, RUNTIME);
	find(PHYS_END);
	assert_int_equal(out.count, 1);
	assert_special(0, 0x20000, 0x28000, MAP_EXEC);
	assert_false(out.usable);
	found_at(FINDING_RUNTIME_NO_RIGHTS, 0x20000, 0x28000);
}

static void writable_code_loses_execution(void **state)
{
	(void)state;
	start();
	add_range(EFI_MEM_RUNTIME_CODE, 0x20000, 0x22000, RUNTIME);
	add_entry(0x20000, 0x22000, 0);
	find(PHYS_END);
	assert_special(0, 0x20000, 0x22000, MAP_WRITE);
	assert_false(out.usable);
	found_at(FINDING_RUNTIME_NO_RIGHTS, 0x20000, 0x22000);
}

/* Flash and device registers: uncached unless the map says better. */
static void devices(void **state)
{
	(void)state;
	start();
	add_range(EFI_MEM_MMIO, 0x80000000, 0x80001000, EFI_ATTR_UC | EFI_ATTR_RUNTIME);
	add_range(EFI_MEM_MMIO, 0x80002000, 0x80003000, EFI_ATTR_WC | EFI_ATTR_RUNTIME);
	add_range(EFI_MEM_RESERVED, 0x80004000, 0x80005000, RUNTIME);
	find(PHYS_END);
	assert_int_equal(out.count, 3);
	assert_special(0, 0x80000000, 0x80001000, MAP_WRITE | MAP_UC);
	assert_special(1, 0x80002000, 0x80003000, MAP_WRITE | MAP_WC);
	assert_special(2, 0x80004000, 0x80005000, MAP_WRITE);
	assert_true(out.usable);
}

/* At the kernel's half, or without room: left out, said, and not usable. */
static void what_does_not_fit(void **state)
{
	(void)state;
	start();
	add_range(EFI_MEM_RUNTIME_DATA, 0xbffff000, 0xc0000000, RUNTIME);
	add_range(EFI_MEM_RUNTIME_DATA, 0xbffff000, 0xc0001000, RUNTIME);
	find(0xc0000000);
	assert_int_equal(out.count, 1);
	assert_special(0, 0xbffff000, 0xc0000000, MAP_WRITE);
	assert_false(out.usable);
	found_at(FINDING_RUNTIME_LEFT_OUT, 0xbffff000, 0xc0001000);
	out.capacity = 1;
	find(PHYS_END);
	assert_int_equal(out.count, 1);
	assert_false(out.usable);
	assert_int_equal(findings.of[FINDING_RUNTIME_LEFT_OUT].count, 2);
}

/* A range that ends beyond any address must not wrap. */
static void endless_range(void **state)
{
	struct efi_memory_desc d = desc(EFI_MEM_RUNTIME_DATA, 0x1000, 0x2000, RUNTIME);

	(void)state;
	start();
	d.pages = UINT64_MAX >> PAGE_SHIFT;
	memcpy(fw.map, &d, sizeof(d));
	fw.descriptors = 1;
	find(PHYS_END >> 4);
	assert_int_equal(out.count, 0);
	assert_false(out.usable);
}

/* A table in any order, with entries that say nothing, and ranges without a page: as the same table in order. */
static void odd_tables(void **state)
{
	(void)state;
	start();
	add_range(EFI_MEM_RUNTIME_CODE, 0x20000, 0x28000, RUNTIME);
	add_range(EFI_MEM_RUNTIME_DATA, 0x30000, 0x30000, RUNTIME);
	add_range(EFI_MEM_RUNTIME_DATA, PHYS_END, PHYS_END + 0x1000, RUNTIME);
	add_entry(0x24000, 0x28000, EFI_ATTR_XP);
	add_entry(0x22000, 0x22000, 0);
	add_entry(0x26000, 0x28000, 0);
	add_entry(0x20000, 0x24000, EFI_ATTR_RO);
	find(PHYS_END);
	assert_int_equal(out.count, 2);
	assert_special(0, 0x20000, 0x24000, MAP_EXEC);
	assert_special(1, 0x24000, 0x28000, MAP_WRITE);
	assert_true(out.usable);
}

/* No table at all is one without entries. */
static void no_table(void **state)
{
	struct fw_map map;

	(void)state;
	start();
	add_range(EFI_MEM_RUNTIME_DATA, 0x20000, 0x28000, RUNTIME);
	assert_int_equal(fw_map_init(&map, fw.map, fw.descriptors * STRIDE, STRIDE, 1, 0), BM_OK);
	runtime_ranges_find(&out, &map, NULL, PHYS_END, &findings);
	assert_int_equal(out.count, 1);
	assert_special(0, 0x20000, 0x28000, MAP_WRITE);
}

/* --- at random ---------------------------------------------------------------------------------------- */

static uint64_t random_below(uint64_t *seed, uint64_t end)
{
	uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % end;
}

struct model_page {
	bool runtime, code, told;
	uint32_t rights;
};

static struct model_page model[PAGES];

/* Disjoint ranges, and disjoint entries that need not fit them. */
static void random_firmware(uint64_t *seed)
{
	static const uint64_t rights[] = { EFI_ATTR_RO, EFI_ATTR_XP, EFI_ATTR_RO | EFI_ATTR_XP, 0 };

	memset(model, 0, sizeof(model));
	start();
	for (uint64_t at = random_below(seed, 4); at + 12 < PAGES && fw.descriptors < MAX;) {
		uint64_t end = at + 1 + random_below(seed, 12);
		bool code = random_below(seed, 2);

		add_range(code ? EFI_MEM_RUNTIME_CODE : EFI_MEM_RUNTIME_DATA, pfn_phys(at),
			pfn_phys(end), RUNTIME);
		for (; at < end; at++)
			model[at] = (struct model_page){ true, code, false,
				code ? MAP_EXEC : MAP_WRITE };
		at += random_below(seed, 5);
	}
	for (uint64_t at = random_below(seed, 4); at + 8 < PAGES && fw.entries < MAX;) {
		uint64_t end = at + 1 + random_below(seed, 8);
		uint64_t attribute = rights[random_below(seed, 4)];

		add_entry(pfn_phys(at), pfn_phys(end), attribute);
		for (; at < end; at++) {
			model[at].told = true;
			model[at].rights = (attribute & EFI_ATTR_RO ? 0 : MAP_WRITE) |
					   (attribute & EFI_ATTR_XP ? 0 : MAP_EXEC);
			if (attribute == 0)
				model[at].rights = MAP_WRITE;
		}
		at += random_below(seed, 4);
	}
}

static void assert_like_model(pfn_t pfn)
{
	const struct map_special *found = NULL;

	for (uint32_t i = 0; i < out.count; i++)
		if (special[i].start_phys <= pfn_phys(pfn) && pfn_phys(pfn) < special[i].end_phys) {
			assert_null(found);
			found = &special[i];
		}
	assert_int_equal(found != NULL, model[pfn].runtime);
	if (found != NULL)
		assert_int_equal(found->rights, model[pfn].rights);
}

static void random_maps_like_the_model(void **state)
{
	uint64_t seed = 11;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		random_firmware(&seed);
		find(PHYS_END);
		assert_int_equal(findings.of[FINDING_RUNTIME_LEFT_OUT].count, 0);
		for (pfn_t pfn = 0; pfn < PAGES; pfn++)
			assert_like_model(pfn);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_broken_tables),
		cmocka_unit_test(image_in_runtime_code),
		cmocka_unit_test(code_without_entry),
		cmocka_unit_test(writable_code_loses_execution),
		cmocka_unit_test(devices),
		cmocka_unit_test(what_does_not_fit),
		cmocka_unit_test(endless_range),
		cmocka_unit_test(odd_tables),
		cmocka_unit_test(no_table),
		cmocka_unit_test(random_maps_like_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inputs at random, the same ones each time, to everything that reads what others wrote, and to what plans by it: good
 * ones with a few fields changed to values that are just right or just wrong. What comes out, messages included, is as it is kept in
 * test/unit/golden/made-inputs-* (outcome.h; GOLDEN=write records it anew).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/acpi.h>
#include <bootmem/bootmem.h>
#include <bootmem/canvas.h>
#include <bootmem/efi_mat.h>
#include <bootmem/elf.h>
#include <bootmem/limits.h>
#include <bootmem/pe.h>
#include <bootmem/spcr.h>
#include <bootmem/terminal.h>
#include <bootmem/trust.h>

#include "acpi_bytes.h"
#include "kernel_file.h"
#include "linux_rules.h"
#include "outcome.h"
#include "pe_image.h"
#include "made.h"

#define LL(x) ((unsigned long long)(x))

/* A value near one that is there, near a limit, or any. */
static uint64_t changed(uint64_t value, uint64_t other)
{
	switch (below(9)) {
	case 0:
		return value + 1;
	case 1:
		return value - 1;
	case 2:
		return other;
	case 3:
		return other + 1 - below(3);
	case 4:
		return value << 1;
	case 5:
		return (UINT64_C(1) << below(64)) - below(2);
	case 6:
		return below(4);
	case 7:
		return UINT64_MAX - below(PAGE_SIZE);
	default:
		return any_number();
	}
}

/* One field of so many bytes becomes another value; other is one that it might be compared with. */
static void change_field(uint8_t *at, unsigned bytes, uint64_t other)
{
	uint64_t value = 0;

	memcpy(&value, at, bytes);
	value = changed(value, other);
	memcpy(at, &value, bytes);
}

/* --- ELF ----------------------------------------------------------------------------------------- */

#define WORD      (4u * ARCH_ELF_CLASS)
#define ELF_BASE  (ARCH_HIGHMEM ? UINT64_C(0xfb100000) : UINT64_C(0xffffffff80100000))
#define ELF_BYTES 0x800u
#define HEADER    (40 + 3 * WORD)
#define PROGRAM   (8 + 6 * WORD)

struct field {
	unsigned at, bytes;
};

/* One of the header's that the core reads, or of a program header: type, or one of six words. */
static struct field some_field(void)
{
	static const struct field small[] = { { 4, 1 }, { 5, 1 }, { 6, 1 }, { 16, 2 }, { 18, 2 },
		{ 20, 4 }, { 30 + 3 * WORD, 2 }, { 32 + 3 * WORD, 2 } };
	unsigned program = HEADER + (unsigned)below(4) * PROGRAM;

	switch (below(4)) {
	case 0:
		return small[below(ARRAY_SIZE(small))];
	case 1:
		return (struct field){ 24 + (unsigned)below(2) * WORD, WORD };
	case 2:
		return (struct field){ program, 4 };
	default:
		return (struct field){ program + 4 * ARCH_ELF_CLASS + (unsigned)below(6) * WORD,
			WORD };
	}
}

static void put_elf(struct growing_text *t, const uint8_t *file, uint64_t size)
{
	struct elf_kernel k = { 0 };
	struct elf_fault fault = { 0 };
	enum elf_error error = elf_parse(&k, file, size, &fault);

	fprintf(t->stream, "%u %u: header %u, other %u, ", elf_recognise(file, size), error,
		fault.header, fault.other);
	elf_explain(&t->sink, &fault);
	fputc('\n', t->stream);
	for (uint32_t i = 0; error == ELF_OK && i < k.segments; i++)
		fprintf(t->stream, " %llx+%llx %llx+%llx %u %u, entry %llx\n",
			LL(k.segment[i].virt), LL(k.segment[i].mem_bytes),
			LL(k.segment[i].file_offset), LL(k.segment[i].file_bytes),
			k.segment[i].rights, k.segment[i].header, LL(k.entry));
}

static uint8_t *make_elf(void)
{
	struct record segment[4];
	struct recorded_kernel k = { .entry = ELF_BASE + 0x10, .segments = { segment, 4, 4 } };
	uint64_t at = one_in(3) ? 4 * MIB : ELF_BASE, bytes;
	uint8_t *file = calloc(1, ELF_BYTES), *made;

	k.entry = at + 0x10;
	for (unsigned i = 0; i < 4; i++) {
		uint64_t size = one_in(8) ? PAGE_SIZE << below(12) : 1 + below(2 * PAGE_SIZE);

		segment[i] = (struct record){ .start = at,
			.end = at + size,
			.type = i == 0   ? MAP_EXEC
				: i == 1 ? 0
					 : MAP_WRITE };
		at = one_in(6) ? at + size : align_up(at + size, PAGE_SIZE) + below(3) * PAGE_SIZE;
	}
	made = kernel_file_make(&k, &bytes);
	memcpy(file, made, (size_t)min_u64(bytes, ELF_BYTES));
	free(made);
	return file;
}

static void elf_files(struct growing_text *t)
{
	for (unsigned n = 0; n < 6000; n++) {
		uint8_t *file = make_elf();
		uint64_t size = one_in(8) ? below(ELF_BYTES) : ELF_BYTES;

		for (uint64_t changes = below(4); changes != 0; changes--) {
			struct field field = some_field(), near = some_field();
			uint64_t other = 0;

			memcpy(&other, file + near.at, near.bytes);
			change_field(file + field.at, field.bytes, other);
		}
		put_elf(t, file, size);
		free(file);
	}
	for (enum elf_error e = ELF_OK; e < ELF_ERRORS; e++)
		fprintf(t->stream, "%s\n", elf_error_text(e));
}

/* --- Linux --------------------------------------------------------------------------------------- */

static void put_place(struct growing_text *t, const struct linux_kernel *k, enum linux_part part)
{
	uint64_t bytes =
		one_in(3) ? changed(PAGE_SIZE, k->cmdline_max_bytes) & 0xffffffffff : below(300);
	struct linux_place p = { 0 };
	struct linux_fault fault = { 0 };

	if (linux_placement(&p, k, part, bytes, &fault) == LINUX_OK)
		fprintf(t->stream, " %s: %llx, %llx %llx, [%llx, %llx) %llx %u\n",
			linux_part_name(part), LL(p.size_bytes), LL(p.align_bytes),
			LL(p.min_align_bytes), LL(p.start_phys), LL(p.end_phys),
			LL(p.preferred_phys), p.movable);
	linux_explain(&t->sink, &fault);
	fputc('\n', t->stream);
}

static void put_linux(struct growing_text *t, const uint8_t *file, uint64_t size)
{
	enum linux_mode mode = LINUX_NATIVE_MODE == LINUX_64 && one_in(2) ? LINUX_64 : LINUX_32;
	struct linux_kernel k = { 0 };
	struct linux_fault fault = { 0 };
	enum linux_error error = linux_parse(&k, file, size, mode, &fault);

	fprintf(t->stream, "%u %u: ", linux_recognise(file, size), error);
	linux_explain(&t->sink, &fault);
	fputc('\n', t->stream);
	if (error != LINUX_OK)
		return;
	fprintf(t->stream, " %u %x %llx+%llx, %llx, %llx %llx %llx %llx %llx, %u%u%u%u %u, %llx\n",
		k.mode, k.version, LL(k.code_offset), LL(k.code_bytes), LL(k.memory_bytes),
		LL(k.align_bytes), LL(k.min_align_bytes), LL(k.preferred_phys),
		LL(k.initrd_end_phys), LL(k.cmdline_max_bytes), k.relocatable, k.above_4g,
		k.has_64_bit_entry, k.five_levels, k.header_bytes, LL(linux_entry(&k, 16 * MIB)));
	for (unsigned part = 0; part < LINUX_PARTS; part++)
		put_place(t, &k, (enum linux_part)part);
}

static void linux_files(struct growing_text *t)
{
	static const uint8_t field[][2] = { { 0, 1 }, { 3, 4 }, { 13, 2 }, { 15, 2 }, { 17, 4 },
		{ 21, 2 }, { 32, 1 }, { 59, 4 }, { 63, 4 }, { 67, 1 }, { 68, 1 }, { 69, 2 },
		{ 71, 4 }, { 103, 8 }, { 111, 4 } };
	static uint8_t file[RULES_FILE_BYTES];

	for (unsigned n = 0; n < 5000; n++) {
		uint8_t *header = file + offsetof(struct rules_params, hdr);

		rules_make_file(file, (enum rules_kind)below(RULES_KINDS));
		for (uint64_t changes = below(4); changes != 0; changes--) {
			const uint8_t *f = field[below(ARRAY_SIZE(field))],
				      *g = field[below(ARRAY_SIZE(field))];
			uint64_t other = 0;

			memcpy(&other, header + g[0], g[1]);
			change_field(header + f[0], f[1], one_in(4) ? RULES_CODE_BYTES : other);
		}
		put_linux(t, file, one_in(6) ? below(RULES_FILE_BYTES) : RULES_FILE_BYTES);
	}
	for (enum linux_error e = LINUX_OK; e < LINUX_ERRORS; e++)
		fprintf(t->stream, "%s\n", linux_error_text(e));
}

/* --- PE ------------------------------------------------------------------------------------------ */

static void pe_files(struct growing_text *t)
{
	for (unsigned n = 0; n < 6000; n++) {
		struct pe_image image;
		struct pe pe = { 0 };
		struct pe_section s = { 0 };
		uint64_t size;
		bool ok, found;

		pe_image_init(&image, one_in(2));
		if (one_in(2))
			pe_image_sign(&image, (uint32_t)(8 * below(40)));
		size = one_in(6) ? below(image.bytes + 1) : image.bytes;
		for (uint64_t changes = below(3); changes != 0; changes--)
			change_field(image.at + 2 * below(one_in(2) ? 0xe0 : 0x60) +
					     (one_in(2) ? 0x3c : 0),
				one_in(2) ? 4 : 2, size);
		if (one_in(3))
			change_field(image.at + image.directory + 4 * below(2), 4, size);
		if (one_in(3))
			change_field(image.at + image.table + 8 + 4 * below(18), 4, size);
		ok = pe_parse(&pe, image.at, size);
		found = ok && pe_find(&pe,
				      one_in(2)   ? ".config"
				      : one_in(2) ? ".eight88"
						  : ".none",
				      &s);
		fprintf(t->stream, "%u %u: %llx %llx %u, %x %x, %x+%x, %x+%x at %x+%x, %llx\n", ok,
			found, LL(pe.bytes), LL(pe.table), pe.sections, pe.image_bytes,
			pe.headers_bytes, pe.certificates, pe.certificates_bytes, s.offset,
			s.file_bytes, s.address, s.memory_bytes, ok ? LL(pe_signed_bytes(&pe)) : 0);
	}
}

/* --- ACPI, affinity, nodes ----------------------------------------------------------------------- */

static void put_found(struct growing_text *t, const struct findings *f)
{
	for (unsigned id = 0; id < FINDING_COUNT; id++)
		if (f->of[id].count != 0)
			fprintf(t->stream, " %s %u [%llx, %llx) %llu;",
				finding_quirk((enum finding_id)id), f->of[id].count,
				LL(f->of[id].start_phys), LL(f->of[id].end_phys),
				LL(f->of[id].bytes));
	fputc('\n', t->stream);
}

static uint64_t some_address(void)
{
	uint64_t at = below(64) << (12 + below(20));

	return one_in(4) ? at + changed(0, PAGE_SIZE) % (2 * MIB) : at;
}

static void make_srat(struct srat_bytes *s, uint32_t domains)
{
	static const uint8_t field[] = { 0, 1, 2, 4, 8, 12, 16, 20, 24, 28 };
	uint64_t at = 0;

	srat_begin(s);
	for (uint64_t i = below(6); i != 0; i--) {
		uint32_t domain = (uint32_t)below(domains) * (one_in(9) ? 0x101 : 1);

		one_in(3)   ? srat_x2apic(s, domain, !one_in(8))
		: one_in(2) ? srat_processor(s, domain, !one_in(8))
			    : srat_initiator(s, domain, !one_in(8));
	}
	for (uint64_t i = below(9); i != 0; i--) {
		uint64_t end = at + some_address();

		srat_memory(s, (uint32_t)below(domains), one_in(9) ? some_address() : at, end - at,
			one_in(9) ? (uint32_t)below(8) : 1);
		at = end + (one_in(8) ? below(3) * MIB : 0);
	}
	if (one_in(5) && s->length > 48)
		change_field(s->bytes + 48 + below(s->length - 48) / 8 * 8 % (s->length - 48) +
				     field[below(2)],
			1, 16 + 24 * below(2));
	/* As many domains as there may be, and one more. */
	for (uint32_t i = one_in(40) ? 62 + (uint32_t)below(4) : 0; i != 0; i--)
		srat_x2apic(s, 1000 + i, 1);
	/* What is left at the end is no entry. */
	if (one_in(8))
		s->length += 1 + (uint32_t)below(3);
	srat_end(s, (uint8_t)(1 + below(3)));
	if (one_in(20))
		s->length -= (uint32_t)below(30);
}

static void make_slit(uint8_t *bytes, uint32_t *length, uint32_t domains)
{
	uint64_t localities = one_in(8) ? below(9) : domains;

	*length = 44 + (uint32_t)(localities * localities);
	memset(bytes, 0, *length);
	put(bytes + 36, one_in(20) ? localities + 1 : localities, 8);
	for (uint64_t i = 0; i < localities * localities; i++)
		bytes[44 + i] = i % (localities + 1) == 0
					? (one_in(30) ? 11 : 10)
					: (uint8_t)(one_in(30) ? 9 + below(3) : 11 + below(30));
	put_header(bytes, "SLIT", *length, 1);
}

#define E820_ENTRIES 12

static void make_e820(struct e820 *map)
{
	phys_t at = one_in(2) ? 0 : below(9) << PAGE_SHIFT;

	map->count = 1 + (uint32_t)below(E820_ENTRIES);
	for (uint32_t i = 0; i < map->count; i++) {
		uint64_t bytes = (1 + below(40)) << (12 + below(18));
		uint32_t type = one_in(3) ? (uint32_t)below(E820_TYPES) : E820_RAM;

		if (i != 0 && map->entry[i - 1].end == at && map->entry[i - 1].type == type)
			at += PAGE_SIZE;
		map->entry[i] = (struct e820_entry){ at, at + bytes, type, 0 };
		at += bytes + (one_in(2) ? 0 : (1 + below(10)) << (12 + below(12)));
	}
	assert_true(e820_check(map));
}

static void put_physnodes(
	struct growing_text *t, const struct node_map *map, const struct e820 *e820)
{
	uint64_t bytes = physnode_map_bytes(map);
	struct physnode_map *p = calloc(1, (size_t)bytes);

	physnode_map_build(p, map);
	fprintf(t->stream, " %llu bytes, shift %u, %u:", LL(bytes), p->shift, p->count);
	for (uint32_t i = 0; i < e820->count; i++)
		for (pfn_t pfn = pfn_down(e820->entry[i].end) - 2;
			pfn < pfn_down(e820->entry[i].end) + 2; pfn++)
			fprintf(t->stream, " %d up to %llx", pfn_to_nid(p, pfn),
				LL(pfn_to_nid_end(p, pfn)));
	fputc('\n', t->stream);
	free(p);
}

static void put_node_map(struct growing_text *t, const struct srat *srat, const struct slit *slit,
	struct findings *f)
{
	static struct node_range range[200], scratch[400];
	static struct e820_entry entry[E820_ENTRIES];
	struct e820 e820 = { entry, 0, E820_ENTRIES };
	struct node_map map = { .range = range,
		.range_capacity = one_in(9) ? (uint32_t)below(20) : 200,
		.scratch = scratch,
		.scratch_capacity = one_in(12) ? (uint32_t)below(20) : 400 };
	struct node_input in = { .e820 = &e820,
		.srat = srat,
		.slit = slit,
		.numa = (enum option_numa)below(3),
		.fake_nodes = 1 + (uint32_t)below(one_in(4) ? 70 : 8) };
	enum bm_error error;

	make_e820(&e820);
	error = node_map_build(&map, &in, f);
	fprintf(t->stream, "nodes: %u, most %u %u;", error, node_max_ranges(&e820, srat),
		srat != NULL ? node_max_scratch(srat) : 0);
	put_found(t, f);
	if (error != BM_OK)
		return;
	assert_true(node_map_check(&map, &e820));
	for (uint32_t i = 0; i < map.ranges; i++)
		fprintf(t->stream, " [%llx, %llx) %u", LL(range[i].start), LL(range[i].end),
			range[i].nid);
	for (uint32_t i = 0; i < map.nodes; i++)
		fprintf(t->stream, ", domain %u flags %u", map.domain[i], map.flags[i]);
	for (uint32_t i = 0; i < map.nodes * map.nodes; i++)
		fprintf(t->stream, " %u/%u", map.distance[i], map.order[i]);
	put_physnodes(t, &map, &e820);
	/* A map with a fault is one that the check refuses. */
	for (uint32_t i = 0; i < map.ranges && i < 4; i++) {
		struct node_range whole = range[i];
		uint64_t *word = one_in(2) ? &range[i].start : &range[i].end;

		*word = changed(*word, range[0].end);
		range[i].nid =
			one_in(8) ? (uint32_t)changed(range[i].nid, map.nodes) : range[i].nid;
		fprintf(t->stream, " %u", node_map_check(&map, &e820));
		range[i] = whole;
	}
	fputc('\n', t->stream);
}

static void affinity_tables(struct growing_text *t)
{
	static struct srat_bytes bytes;
	static struct srat_range range[24];
	static uint8_t slit_bytes[4096];

	for (unsigned n = 0; n < 5000; n++) {
		uint32_t domains = 1 + (uint32_t)below(6), length;
		struct srat srat = { .range = range,
			.range_capacity = one_in(10) ? (uint32_t)below(4) : ARRAY_SIZE(range) };
		struct slit slit = { 0 };
		struct findings f = { 0 };
		struct acpi_table table, slit_table;
		bool good, far;

		make_srat(&bytes, domains);
		table = (struct acpi_table){ bytes.bytes, bytes.length };
		good = srat_parse(&srat, &table, &f) == BM_OK;
		fprintf(t->stream, "%u, most %u, nodes %u:", good, srat_max_ranges(&table),
			srat.nodes);
		for (uint32_t i = 0; good && i < srat.nodes; i++)
			fprintf(t->stream, " %u %u", srat.domain[i], srat.processors[i]);
		for (uint32_t i = 0; good && i < srat.ranges; i++)
			fprintf(t->stream, " [%llx, %llx) %u %u", LL(range[i].start_phys),
				LL(range[i].end_phys), range[i].nid, range[i].flags);
		make_slit(slit_bytes, &length, domains);
		slit_table = (struct acpi_table){ slit_bytes, length };
		far = slit_parse(&slit, &slit_table, &f) == BM_OK;
		for (uint32_t i = 0; far && i < domains; i++)
			fprintf(t->stream, " %u", slit_distance(&slit, i, domains - i));
		put_node_map(t, good && srat.nodes != 0 ? &srat : NULL, far ? &slit : NULL, &f);
	}
}

/* An RSDP, its lists and three tables, in so many bytes. */
#define ACPI_BYTES 2048

static void make_acpi(uint8_t *m, bool xsdt)
{
	static const char *const name[] = { "SRAT", "SPCR", "SRAT" };
	unsigned width = xsdt ? 8 : 4;

	memset(m, 0, ACPI_BYTES);
	memcpy(m + 16, "RSD PTR BMTEST", 14);
	m[16 + 15] = xsdt ? 2 : 0;
	put(m + 16 + 16, 128, 4);
	put(m + 16 + 20, 36, 4);
	put(m + 16 + 24, 128, 8);
	seal(m + 16, 20, 8);
	seal(m + 16, 36, 32);
	for (unsigned i = 0; i < 3; i++) {
		put(m + 128 + 36 + i * width, 512 + 256 * i, width);
		for (unsigned k = 36; k < 90; k++)
			m[512 + 256 * i + k] = (uint8_t)(k * 5 + i);
		put_header(m + 512 + 256 * i, name[i], 80 + i, 1);
	}
	put_header(m + 128, xsdt ? "XSDT" : "RSDT", 36 + 3 * width, 1);
}

static void reseal(uint8_t *m)
{
	if (one_in(2))
		seal(m + 16, 20, 8);
	if (one_in(2))
		seal(m + 16, 36, 32);
	for (unsigned at = 128; at < ACPI_BYTES; at += at == 128 ? 384 : 256)
		if (!one_in(4))
			seal(m + at, (uint32_t)min_u64(acpi_read32(m + at + 4), 200), 9);
}

static void acpi_tables(struct growing_text *t)
{
	static uint8_t memory[ACPI_BYTES + 4096];
	struct window window = { (uintptr_t)memory };

	for (unsigned n = 0; n < 6000; n++) {
		static const uint16_t place[] = { 16, 24, 31, 32, 36, 40, 128, 132, 164, 168, 172,
			512, 516, 768, 772, 1024, 1028 };
		struct findings f = { 0 };
		struct acpi acpi = { 0 };
		struct acpi_table table = { 0 };
		enum acpi_error error;
		uint32_t index = 0;

		make_acpi(memory, one_in(2));
		for (uint64_t changes = below(3); changes != 0; changes--)
			change_field(memory + place[below(ARRAY_SIZE(place))], one_in(3) ? 1 : 4,
				36 + 4 * below(300));
		reseal(memory);
		error = acpi_open(&acpi, window, one_in(8) ? below(ACPI_BYTES) : ACPI_BYTES,
			one_in(20) ? below(3) : 16, &f);
		fprintf(t->stream, "%u %u:", error, acpi.entry_bytes);
		if (error == ACPI_OK) {
			error = acpi_find(&acpi, one_in(8) ? "SLIT" : "SPCR", &table, &f);
			fprintf(t->stream, " %u %u, next", error,
				error == ACPI_OK ? table.length : 0);
			while ((error = acpi_next(&acpi, "SRAT", &index, &table, &f)) == ACPI_OK)
				fprintf(t->stream, " %u of %u at %u", index, table.length,
					(unsigned)(table.bytes - memory));
			fprintf(t->stream, " %u", error);
		}
		put_found(t, &f);
	}
}

static void serial_tables(struct growing_text *t)
{
	uint8_t bytes[100];

	for (unsigned n = 0; n < 5000; n++) {
		static const uint8_t field[] = { 36, 40, 41, 42, 43, 44, 48, 58, 64, 76 };
		struct acpi_table table = { bytes, 80 };
		struct spcr out = { 0 };
		enum bm_error error;

		memset(bytes, 0, sizeof(bytes));
		bytes[36] = one_in(2) ? 0 : (uint8_t)below(20);
		bytes[40] = (uint8_t)below(2);
		bytes[41] = one_in(3) ? 32 : 8;
		bytes[43] = one_in(2) ? 1 : (uint8_t)below(5);
		put(bytes + 44, one_in(2) ? 0x3f8 : 0xfe030000, 8);
		bytes[58] = (uint8_t)below(9);
		put_header(bytes, "SPCR", 80, (uint8_t)(1 + below(4)));
		if (one_in(2))
			change_field(bytes + field[below(ARRAY_SIZE(field))], one_in(2) ? 1 : 4,
				0x10000);
		table.length = one_in(6) ? 36 + (uint32_t)below(50) : 80;
		error = spcr_parse(&out, &table);
		fprintf(t->stream, "%u: %x %u %llx %u\n", error, out.port, out.baud, LL(out.phys),
			out.stride);
	}
}

/* --- the firmware's map -------------------------------------------------------------------------- */

static void firmware_maps(struct growing_text *t)
{
	for (unsigned n = 0; n < 3000; n++) {
		struct efi_memory_desc desc[8];
		uint64_t stride = one_in(6) ? 8 * below(40) : 40,
			 size = one_in(6) ? below(400) : sizeof(desc);
		struct e820_entry raw[8];
		struct findings f = { 0 };
		struct fw_map map = { 0 };
		uint32_t capacity = one_in(8) ? (uint32_t)below(9) : 8;
		enum bm_error error;

		for (unsigned i = 0; i < 8; i++) {
			desc[i] = (struct efi_memory_desc){ .type = (uint32_t)below(18),
				.phys_start = some_address(),
				.pages = below(100) << below(12),
				.attribute = one_in(3) ? any_number() : 0xf };
			if (one_in(8))
				change_field((uint8_t *)&desc[i] + 8 * below(5), 8, PFN_END);
		}
		error = fw_map_init(&map, desc, size, stride, 1, 7);
		fprintf(t->stream, "%u: %u of %u;", error, map.count, map.stride);
		if (error == BM_OK && map.stride == 40)
			error = fw_map_to_raw(&map, raw, capacity, &f);
		for (uint32_t i = 0; error == BM_OK && map.stride == 40 && i < map.count; i++)
			fprintf(t->stream, " [%llx, %llx) %u", LL(raw[i].start), LL(raw[i].end),
				raw[i].type);
		put_found(t, &f);
	}
	for (uint32_t type = 0; type < 20; type++)
		fprintf(t->stream, "%s %s %s\n", efi_memory_type_name(type),
			e820_type_name(type % E820_TYPES), e820_type_label(type % E820_TYPES));
}

static void raw_maps(struct growing_text *t)
{
	for (unsigned n = 0; n < 6000; n++) {
		struct e820_entry raw[8], entry[16];
		struct e820 map = { entry, 0, one_in(12) ? (uint32_t)below(17) : 16 };
		struct findings f = { 0 };
		uint32_t raws = (uint32_t)below(9);
		phys_t limit = some_address();

		for (uint32_t i = 0; i < raws; i++) {
			phys_t start = one_in(3) ? some_address() : below(20) << PAGE_SHIFT;

			raw[i] = (struct e820_entry){ start,
				start + (one_in(2) ? below(9) << PAGE_SHIFT : below(3 * PAGE_SIZE)),
				one_in(2) ? E820_RAM : (uint32_t)below(E820_TYPES + 2), 0 };
			if (one_in(16))
				change_field((uint8_t *)&raw[i], 8, raw[i].end);
		}
		fprintf(t->stream, "%u:", e820_sanitise(raw, raws, &map, &f));
		for (uint32_t i = 0; i < map.count; i++)
			fprintf(t->stream, " [%llx, %llx) %u", LL(entry[i].start), LL(entry[i].end),
				entry[i].type);
		fprintf(t->stream, " cut at %llx: %llx", LL(limit), LL(e820_cut_ram(&map, limit)));
		fprintf(t->stream, ", %u %u", map.count, e820_check(&map));
		put_found(t, &f);
	}
}

static void attribute_tables(struct growing_text *t)
{
	for (unsigned n = 0; n < 5000; n++) {
		struct efi_memory_desc desc[6];
		struct {
			uint32_t header[4];
			struct efi_memory_desc entry[6];
		} table = { .header = { 1 + (uint32_t)below(2), 6, 40, 0 } };
		struct fw_map map = { (const uint8_t *)desc, 6, 40, 1, 1 };
		struct map_special special[24];
		struct runtime_ranges out = { special, 0, one_in(8) ? (uint32_t)below(8) : 24,
			false };
		struct findings f = { 0 };
		struct efi_mat mat = { 0 };
		phys_t at = 0;
		enum bm_error error;

		for (unsigned i = 0; i < 6; i++) {
			uint64_t pages = 1 + below(12);

			at += below(3) << PAGE_SHIFT;
			desc[i] = (struct efi_memory_desc){ .type = 4 + (uint32_t)below(4),
				.phys_start = at + (one_in(12) ? below(PAGE_SIZE) : 0),
				.pages = pages,
				.attribute = (one_in(5) ? 0 : EFI_ATTR_RUNTIME) | below(16) };
			table.entry[i] = (struct efi_memory_desc){ .type = desc[i].type,
				.phys_start = at + (below(3) << PAGE_SHIFT),
				.pages = 1 + below(pages + 1),
				.attribute = EFI_ATTR_RUNTIME | (one_in(2) ? EFI_ATTR_RO : 0) |
					     (one_in(2) ? EFI_ATTR_XP : 0) };
			at += pages << PAGE_SHIFT;
			if (one_in(15))
				change_field((uint8_t *)(one_in(2) ? &desc[i].phys_start
								   : &desc[i].pages),
					8, PFN_END);
		}
		table.header[1] = (uint32_t)below(7);
		if (one_in(8))
			change_field((uint8_t *)&table.header[below(3)], 4, 40);
		error = efi_mat_open(&mat, one_in(20) ? NULL : &table);
		fprintf(t->stream, "%u: %u of %u;", error, mat.count, mat.stride);
		if (mat.count > 6 || mat.stride != 40)
			mat.count = 0;
		runtime_ranges_find(
			&out, &map, &mat, one_in(4) ? some_address() : UINT64_C(1) << 40, &f);
		for (uint32_t i = 0; i < out.count; i++)
			fprintf(t->stream, " [%llx, %llx) %u%u", LL(special[i].start_phys),
				LL(special[i].end_phys), special[i].rights, special[i].identity);
		fprintf(t->stream, " %u", out.usable);
		put_found(t, &f);
	}
}

/* --- bootmem ------------------------------------------------------------------------------------- */

#define BOOTMEM_NODES 3
#define BOOTMEM_SPAN  9000 /* pages of a node */

static uint64_t some_bytes(void)
{
	static const uint64_t bytes[] = { 1, 64, 100, 4096, 8192, 16384, 20480, 65536 };

	return bytes[below(ARRAY_SIZE(bytes))] + below(3) - 1;
}

static void put_bootmem_request(struct growing_text *t, struct bootmem_pool *pool)
{
	struct bootmem_request request = { .size_bytes = some_bytes(),
		.align_bytes = one_in(2) ? 0 : UINT64_C(1) << below(15),
		.goal_phys = one_in(2) ? 0 : below(BOOTMEM_NODES * BOOTMEM_SPAN) << PAGE_SHIFT,
		.limit_phys = one_in(4) ? below(BOOTMEM_NODES * BOOTMEM_SPAN) << PAGE_SHIFT : 0,
		.nid = (int)below(BOOTMEM_NODES + 2) - 1 };
	struct bootmem_result result = { 0 };
	enum bm_error error = bootmem_alloc(pool, &request, &result);

	fprintf(t->stream, " %u %llx on %u%s;", error, LL(result.start_phys), result.nid,
		result.below_goal ? " below" : "");
}

static void bootmem_requests(struct growing_text *t)
{
	static uint8_t bitmaps[BOOTMEM_NODES][8 * 4096];
	struct window window = { (uintptr_t)bitmaps };

	for (unsigned n = 0; n < 60; n++) {
		struct bootmem node[BOOTMEM_NODES];
		struct bootmem_pool pool = { .node = node,
			.nodes = BOOTMEM_NODES,
			.current_limit = PHYS_END,
			.dma_limit = 16 * MIB,
			.window = window };
		pfn_t at = below(5000);

		for (unsigned nid = 0; nid < BOOTMEM_NODES; nid++) {
			pfn_t end = at + 1 + below(BOOTMEM_SPAN);

			assert_int_equal(init_bootmem(&node[nid], window,
						 (phys_t)nid * sizeof(bitmaps[0]), at, end),
				BM_OK);
			assert_int_equal(
				free_bootmem(&node[nid], pfn_phys(at), pfn_phys(end - at)), BM_OK);
			at = end + below(3) * 64;
		}
		for (unsigned i = 0; i < 120; i++) {
			struct bootmem *bm = &node[below(BOOTMEM_NODES)];
			phys_t from = pfn_phys(bm->start_pfn + below(BOOTMEM_SPAN));
			uint64_t bytes = some_bytes();

			if (!one_in(3))
				put_bootmem_request(t, &pool);
			else
				fprintf(t->stream, " %u;",
					(one_in(3) ? free_bootmem : reserve_bootmem)(
						bm, from + below(PAGE_SIZE), bytes));
			assert_true(bootmem_check(bm));
		}
		for (unsigned nid = 0; nid < BOOTMEM_NODES; nid++)
			fprintf(t->stream, " %llu free, %llu %llu %llu %llu;",
				LL(bootmem_free_pages(&node[nid])), LL(node[nid].allocations),
				LL(node[nid].merged), LL(node[nid].requested_bytes),
				LL(node[nid].allocated_pages));
		fputc('\n', t->stream);
	}
}

/* --- limits, address spaces, plans --------------------------------------------------------------- */

static void splits(struct growing_text *t)
{
	for (unsigned n = 0; n < 6000; n++) {
		uint64_t usual = UINT64_C(896) << 20;
		uint64_t highmem =
			one_in(3) ? LIMITS_NOT_GIVEN : changed(usual, below(9) << (20 + below(12)));
		uint64_t vmalloc = one_in(3) ? LIMITS_NOT_GIVEN
					     : changed(128 * MIB, below(9) << (20 + below(9)));
		pfn_t max = one_in(2) ? pfn_down(usual) + below(40) * 1024 - 20 * 1024
				      : 1 + (below(64) << below(24));
		struct split s = limits_split(max, highmem, vmalloc);

		fprintf(t->stream, "%llx %llx %s; %s\n", LL(s.low_end_phys), LL(s.ram_end_phys),
			split_refusal_text(s.vmalloc), split_refusal_text(s.highmem));
	}
}

static struct paging_mode some_mode(void)
{
	if (ARCH_HIGHMEM)
		return one_in(3) ? (struct paging_mode){ .levels = 2,
			.large = !one_in(3),
			.phys_bits = 32 }
				 : (struct paging_mode){ .levels = 3,
					   .nx = !one_in(3),
					   .large = true,
					   .phys_bits = 36 };
	return (struct paging_mode){ .levels = (uint8_t)(4 + below(2)),
		.nx = !one_in(4),
		.large = true,
		.huge = one_in(2),
		.phys_bits = (uint8_t)(36 + below(17)) };
}

/* Near an entry, or where the kernel's span begins or ends. */
static struct map_special some_special(const struct e820 *e820, const struct address_space *space)
{
	const struct e820_entry *near = &e820->entry[below(e820->count)];
	uint64_t edge = one_in(2) ? space->kernel_start : space->kernel_end;
	phys_t start = near->start + (below(20) << PAGE_SHIFT);
	static const uint32_t rights[] = { 0, MAP_WRITE, MAP_WRITE, MAP_EXEC, MAP_WRITE | MAP_UC,
		MAP_WRITE | MAP_WC };
	struct map_special s = { .start_phys = start,
		.end_phys = start + (below(9) << PAGE_SHIFT),
		.rights = rights[below(ARRAY_SIZE(rights))],
		.identity = one_in(2),
		.guard = one_in(6),
		.kernel = one_in(3),
		.bad = one_in(12) };

	if (one_in(2) && edge != 0) {
		s.start_phys = edge - space->kernel_base + (below(8) << PAGE_SHIFT) - 4 * PAGE_SIZE;
		s.end_phys = s.start_phys + (below(9) << PAGE_SHIFT);
		s.guard = s.bad = false;
	}
	if (one_in(20))
		change_field((uint8_t *)(one_in(2) ? &s.start_phys : &s.end_phys), 8, start);
	return s;
}

static void put_plan(
	struct growing_text *t, const struct map_plan *plan, const struct paging_mode *mode)
{
	struct page_counts all = paging_plan_pages(plan, mode);

	fprintf(t->stream, " %u areas, %llu tables, %llu %llu %llu %llu\n", plan->count,
		LL(paging_table_pages(plan, mode)), LL(all.pages_4k), LL(all.pages_2m),
		LL(all.pages_4m), LL(all.pages_1g));
	for (uint32_t i = 0; i < plan->count; i++)
		fprintf(t->stream, " %llx %llx+%llx %u %s", LL(plan->area[i].virt),
			LL(plan->area[i].phys), LL(plan->area[i].bytes), plan->area[i].rights,
			map_kind_name((enum map_kind)plan->area[i].kind));
	fputc('\n', t->stream);
}

#define PLAN_TABLES 64u

static void put_tables(struct growing_text *t, const struct map_plan *plan,
	const struct paging_mode *mode, const struct paging_rules *rules)
{
	static _Alignas(4096) uint8_t tables[PLAN_TABLES * 4096];
	const phys_t at = 16 * MIB;
	struct window window = { (uintptr_t)tables - (uintptr_t)at };
	uint64_t pages = paging_table_pages(plan, mode);
	struct paging paging;
	struct paging_violation v;
	struct paging_audit audit;

	if (pages > PLAN_TABLES || paging_build(&paging, plan, mode, at, pages, window) != BM_OK)
		return;
	v = paging_check(&paging, window, rules);
	fprintf(t->stream, " %s %llx %llx;", paging_fault_text(v.fault), LL(v.virt), LL(v.phys));
	paging_audit(&audit, &paging, window, at + pfn_phys(pages), rules->map);
	fprintf(t->stream, " audit %u %llu: %llu %llu %llu %llu, %llx %llx %llx\n", audit.complete,
		LL(audit.tables), LL(audit.pages.pages_4k), LL(audit.pages.pages_2m),
		LL(audit.pages.pages_4m), LL(audit.pages.pages_1g), LL(audit.write_exec_bytes),
		LL(audit.ram_unmapped_pages), LL(audit.read_only_tables));
	for (unsigned i = 0; i < 6; i++) {
		uint64_t *word = (void *)(tables + 8 * below(pages * 512)), old = *word;

		if (old == 0 && !one_in(8))
			continue;
		*word = one_in(3) ? changed(old, at) : old ^ UINT64_C(1) << below(64);
		v = paging_check(&paging, window, rules);
		fprintf(t->stream, " %u %llx %llx;", v.fault, LL(v.virt), LL(v.phys));
		*word = old;
	}
	fputc('\n', t->stream);
}

static void plans(struct growing_text *t)
{
	static struct e820_entry entry[E820_ENTRIES];
	static struct map_area area[120];

	for (unsigned n = 0; n < 2000; n++) {
		struct e820 e820 = { entry, 0, E820_ENTRIES };
		struct paging_mode mode = some_mode();
		struct map_plan plan = { area, 0,
			one_in(12) ? (uint32_t)below(30) : ARRAY_SIZE(area) };
		struct map_special special[6] = { 0 };
		uint64_t linked = one_in(2) ? 4 * MIB : ELF_BASE;
		uint64_t base = linked == ELF_BASE ? ELF_BASE - MIB : one_in(2) ? 0 : MIB;
		struct address_space space;
		struct limits limits;
		struct split split;
		uint32_t specials = (uint32_t)below(7);
		enum bm_error error;

		make_e820(&e820);
		e820_cut_ram(&e820, UINT64_C(1) << mode.phys_bits);
		split = limits_split(e820.count != 0 ? pfn_down(entry[e820.count - 1].end) : 0,
			LIMITS_NOT_GIVEN, LIMITS_NOT_GIVEN);
		if (e820.count == 0 || limits_find(&limits, &e820, split.low_end_phys) != BM_OK)
			continue;
		arch_address_space(&space, &limits, &mode);
		fprintf(t->stream, "place %u",
			arch_place_kernel(
				&space, linked, linked + (below(600) << PAGE_SHIFT), base));
		fprintf(t->stream, "%u",
			arch_place_screen(&space, UINT64_C(0xe0000000),
				UINT64_C(0xe0000000) + (below(9000) << PAGE_SHIFT)));
		fprintf(t->stream, "%u:",
			arch_place_serial(&space, UINT64_C(0xfe030000),
				UINT64_C(0xfe030000) + (below(3) << PAGE_SHIFT)));
		fprintf(t->stream,
			" %llx %llx+%llx [%llx, %llx) [%llx, %llx) [%llx, %llx) [%llx, %llx) "
			"[%llx, %llx) [%llx, %llx)\n",
			LL(space.identity_end), LL(space.direct_base), LL(space.direct_bytes),
			LL(space.vmalloc_start), LL(space.vmalloc_end), LL(space.fixmap_start),
			LL(space.fixmap_end), LL(space.pkmap_start), LL(space.pkmap_end),
			LL(space.kernel_start), LL(space.kernel_end), LL(space.screen.start),
			LL(space.screen.end), LL(space.serial.start), LL(space.serial.end));
		for (uint32_t i = 0; i < specials; i++)
			special[i] = some_special(&e820, &space);
		error = mapplan_build(&plan, &space, &e820, &limits, special, specials);
		fprintf(t->stream, " %u", error);
		if (error != BM_OK)
			continue;
		fprintf(t->stream, "%u", mapplan_check(&plan, &mode));
		put_plan(t, &plan, &mode);
		put_tables(t, &plan, &mode,
			&(struct paging_rules){ &space, &e820, &limits, special, specials });
		error = mapplan_release(&plan, special[0].start_phys & ~(phys_t)0xfff,
			special[0].end_phys & ~(phys_t)0xfff);
		fprintf(t->stream, " released %u", error);
		put_plan(t, &plan, &mode);
		for (unsigned i = 0; i < 4 && plan.count != 0; i++) {
			struct map_area *a = &plan.area[below(plan.count)], old = *a;

			change_field((uint8_t *)a + 8 * below(3), 8, plan.area[0].virt);
			a->rights = one_in(3) ? (uint32_t)below(32) : a->rights;
			fprintf(t->stream, " %u", mapplan_check(&plan, &mode));
			*a = old;
		}
		fputc('\n', t->stream);
	}
}

/* --- words and pixels ---------------------------------------------------------------------------- */

static const char *const option_lines[] = { "mem=", "mem=512M", "mem=0", "mem=1T", "mem=0x1000K",
	"mem=18446744073709551615", "mem=4Q", "numa=on", "numa=fake=4", "numa=fake=0",
	"numa=fake=64", "numa=fake=65", "numa=x", "pae=off", "pae=on", "pae=maybe",
	"serial=ttyS1,9600", "serial=0x2f8", "serial=0x2f8,115200", "serial=ttyS4", "serial=off",
	"serial=0xfff8", "serial=0xfff9", "serial=ttyS0,115201", "serial=ttyS0,57600,",
	"console=screen", "console=both", "console=none", "mode=report", "mode=boot",
	"after=reboot", "after=poweroff", "after=never", "files=off", "files=yes",
	"kernel=/boot/{arch}/k", "kernel=", "kernel=\"a b\"", "initrd=/i{arch}", "cmdline=a b",
	"cmdline=\"say \"\"hi\"\"\"", "\"cmdline=root=x quiet\"", "reserve=16M@64M", "reserve=1@0",
	"reserve=4K@0x1000,8K@1G", "reserve=0@1", "reserve=4K@", "badram=4K@0x1234000",
	"badram=64K@1M,", "highmem=512M", "highmem=0", "vmalloc=128M", "hostile=stale=2,refuse=1",
	"hostile=grow=65535,nogop=1", "hostile=grow=65536", "hostile=zero", "hostile=pool=3",
	"sha256=00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF", "sha256=0011",
	"frob=1", "frob", "=", "# no", "mem=1G # yes", "  mem = 2G  ", "mem=0x", "mem=1GG",
	"reserve=17179869184T@1", "reserve=1@0xfffffffffffff", "reserve=2@0xfffffffffffff" };

static void put_options(struct growing_text *t, const struct boot_options *o)
{
	fprintf(t->stream, " [");
	options_format(o, &t->sink);
	fprintf(t->stream, "] %u %u %u", o->denied, o->hashes,
		options_denied(o, false) * 16 + options_denied(o, true));
	for (uint32_t i = 0; i < o->hashes; i++) {
		char text[SHA256_TEXT_BYTES];

		fprintf(t->stream, " %s", sha256_text(text, &o->sha256[i]));
	}
	fputc('\n', t->stream);
}

/* What an editor that saves UTF-16 makes of a text; the last byte may be missing. */
static size_t widen(char *text, size_t length)
{
	static char narrow[3000];
	bool big = one_in(2);

	memcpy(narrow, text, length);
	text[big] = '\xfe';
	text[!big] = '\xff';
	for (size_t i = 0; i < length; i++) {
		text[2 + 2 * i + big] = narrow[i];
		text[2 + 2 * i + !big] = one_in(60) ? 1 : 0;
	}
	return 2 + 2 * length - (length != 0 && one_in(4));
}

static void option_texts(struct growing_text *t)
{
	for (unsigned n = 0; n < 5000; n++) {
		static struct boot_options o;
		char text[6002];
		size_t length = 0;
		bool file = one_in(2);

		options_defaults(&o);
		if (one_in(2))
			o.denied = (uint32_t)below(8);
		for (uint64_t lines = one_in(40) ? 40 : 1 + below(5); lines != 0; lines--)
			length += (size_t)sprintf(text + length, "%s%s",
				option_lines[below(ARRAY_SIZE(option_lines))],
				file        ? (one_in(9) ? "\r\n" : "\n")
				: one_in(9) ? "\t "
					    : " ");
		for (uint64_t changes = one_in(2) ? 0 : below(4); changes != 0; changes--)
			text[below(length)] = "\"=,@# 0xKMGT1fe{\n\xe9"[below(18)];
		if (one_in(4))
			length = (size_t)below(one_in(4) ? 3 : length + 1);
		if (one_in(4))
			length = widen(text, length);
		length = options_narrow(text, length);
		fprintf(t->stream, "%u:\n",
			(file ? options_parse_file : options_parse_words)(
				&o, file ? "conf" : "words", text, length, &t->sink));
		put_options(t, &o);
	}
}

static enum trust_answer verify(void *ctx, const void *image, uint64_t bytes)
{
	fprintf(((struct growing_text *)ctx)->stream, " asked about %llu %u;", LL(bytes),
		*(const uint8_t *)image);
	return (enum trust_answer)below(3);
}

static bool measure(void *ctx)
{
	fprintf(((struct growing_text *)ctx)->stream, " measured;");
	return !one_in(4);
}

static void trusts(struct growing_text *t)
{
	for (unsigned n = 0; n < 3000; n++) {
		static struct boot_options o;
		struct pe_image image;
		uint8_t initrd[] = "an initrd";
		struct trust trust = { one_in(2), &o, { image.at, 0 },
			{ initrd, one_in(2) ? 0 : sizeof(initrd) }, t, verify, measure };
		uint64_t bytes = 1234;
		bool allowed;

		options_defaults(&o);
		o.mode = one_in(4) ? MODE_REPORT : MODE_BOOT;
		strcpy(o.kernel, one_in(6) ? "" : "/k");
		strcpy(o.initrd, trust.initrd.bytes != 0 ? "/i" : "");
		pe_image_init(&image, one_in(2));
		if (!one_in(3))
			pe_image_sign(&image, 64);
		if (one_in(6))
			image.at[0] = 0;
		trust.kernel.bytes = image.bytes;
		if (one_in(2))
			o.sha256[o.hashes++] = sha256(image.at, image.bytes - below(2));
		if (one_in(2))
			o.sha256[o.hashes++] = sha256(initrd, sizeof(initrd) - below(2));
		allowed = trust_allows(&trust, &bytes, &t->sink);
		fprintf(t->stream, " %u, %llu\n", allowed, LL(bytes));
	}
}

static uint8_t rows_8[FONT_GLYPHS * 16], rows_12[FONT_GLYPHS * 24 * 2];

static void canvases(struct growing_text *t)
{
	static const struct font font[] = { { 8, 16, rows_8 }, { 12, 24, rows_12 } };
	static const struct fonts fonts = { font, 2 };
	static uint8_t pixels[200 * 120 * 4];

	for (size_t i = 0; i < sizeof(rows_8); i++)
		rows_8[i] = (uint8_t)(i * 37 + (i >> 4));
	for (size_t i = 0; i < sizeof(rows_12); i++)
		rows_12[i] = (uint8_t)(i * 59 + (i >> 3));
	for (unsigned n = 0; n < 1000; n++) {
		static const uint32_t mask[][3] = { { 0xff0000, 0xff00, 0xff },
			{ 0xff, 0xff00, 0xff0000 }, { 0xf800, 0x7e0, 0x1f },
			{ 0x7c00, 0x3e0, 0x1f }, { 0x3ff00000, 0xffc00, 0x3ff },
			{ 0xe0, 0x1c, 3 } };
		const uint32_t *m = mask[below(ARRAY_SIZE(mask))];
		uint32_t bits = m[0] > 0xffff || m[2] > 0xffff ? 24 + 8 * (uint32_t)below(2)
				: m[0] == 0xe0                 ? 8
							       : 16;
		struct handoff_framebuffer format = { .width = 1 + (uint32_t)below(180),
			.height = 1 + (uint32_t)below(120),
			.bits_per_pixel = bits,
			.red_mask = m[0],
			.green_mask = m[1],
			.blue_mask = m[2] };
		struct canvas c;
		struct pen pen;
		struct terminal terminal;
		struct sink sink;
		enum bm_error error;

		format.pitch = format.width * bits / 8 + (uint32_t)below(3) * 4;
		if (one_in(6))
			change_field((uint8_t *)(one_in(2)   ? &format.pitch
						 : one_in(2) ? &format.bits_per_pixel
							     : &format.green_mask),
				4, bits);
		memset(pixels, (int)n, sizeof(pixels));
		error = canvas_init(
			&c, &fonts, pixels, one_in(4) ? below(20000) : sizeof(pixels), &format);
		fprintf(t->stream, "%u:", error);
		if (error != BM_OK)
			continue;
		fprintf(t->stream, " %ux%u %u %u, %x", c.width, c.height, c.pitch, c.pixel_bytes,
			canvas_pixel(&c, 0x12ab9f));
		for (unsigned i = 0; i < 4; i++)
			canvas_fill(&c, (uint32_t)below(200), (uint32_t)below(130),
				(uint32_t)changed(40, c.width), (uint32_t)below(60),
				(uint32_t)any_number() & 0xffffff);
		pen = (struct pen){ .canvas = &c,
			.face = { &font[below(2)], 1 + (uint32_t)below(3) },
			.left = (uint32_t)below(40),
			.end_x = (uint32_t)below(220),
			.x = (uint32_t)below(40),
			.y = (uint32_t)below(100),
			.ink = 0xabcdef,
			.paper = 0x123 };
		sink = pen_sink(&pen);
		sink_puts(&sink, "Some \x7f text, and\na line\n");
		fprintf(t->stream, " %u %u", pen.x, pen.y);
		pen.face = face_largest(&c, 1 + (uint32_t)below(20), 1 + (uint32_t)below(6));
		fprintf(t->stream, " %u*%u", pen.face.font->width, pen.face.scale);
		pen.face = face_smallest(&c, 1 + (uint32_t)below(20), 1 + (uint32_t)below(6));
		fprintf(t->stream, " %u*%u", pen.face.font->width, pen.face.scale);
		pen.face = terminal_face(&c);
		terminal_init(&terminal, &c, one_in(2) ? &pen.face : &(struct face){ &font[0], 1 },
			(uint32_t)below(30), (uint32_t)below(30));
		terminal.page = one_in(2) ? UINT32_MAX : (uint32_t)below(3);
		sink = terminal_sink(&terminal);
		for (unsigned i = 0; i < 12; i++)
			sink_puts(&sink, one_in(4)   ? "HEADING\n"
					 : one_in(3) ? "  a line that is rather long, really\n"
						     : "word\n");
		fprintf(t->stream, " %u columns of %u lines of %u, page %u of %u\n",
			terminal.columns, terminal.lines, terminal.characters, terminal.at_page,
			terminal_pages(&terminal));
		outcome_put_digest(t->stream, pixels, sizeof(pixels));
	}
}

/* --- all of them --------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*make)(struct growing_text *t);
} kinds[] = {
	{ "elf", elf_files },
	{ "linux", linux_files },
	{ "pe", pe_files },
	{ "affinity", affinity_tables },
	{ "acpi", acpi_tables },
	{ "serial", serial_tables },
	{ "firmware-maps", firmware_maps },
	{ "raw-maps", raw_maps },
	{ "attributes", attribute_tables },
	{ "bootmem", bootmem_requests },
	{ "splits", splits },
	{ "plans", plans },
	{ "options", option_texts },
	{ "trust", trusts },
	{ "canvas", canvases },
};

static void made_inputs(void **unused)
{
	(void)unused;
	outcomes_open("test/unit/golden/made-inputs-" ARCH_NAME);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct outcome out = { 0 };
		struct growing_text t;

		outcomes_next(kinds[i].name);
		places_seed(i);
		text_open(&t);
		kinds[i].make(&t);
		outcome_add_text(&out, "all", &t);
		outcomes_compare(kinds[i].name, &out);
	}
	outcomes_close();
}

_Static_assert(__COUNTER__ <= PLACES, "made.h");

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(made_inputs, outcomes_teardown),
	};

	return cmocka_run_group_tests_name("made inputs", tests, NULL, NULL);
}

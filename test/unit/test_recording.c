/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parsers of the simulator, on lines that kernels, shells and people wrote, on lines that
 * nobody should have written, and on every beginning of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "random.h"
#include "recording.h"

static bool parse(struct recording *r, const char *text, struct parse_error *error)
{
	recording_init(r);
	return recording_parse(r, text, strlen(text), error);
}

static void parses(struct recording *r, const char *text)
{
	struct parse_error error = { 0 };

	if (!parse(r, text, &error))
		fail_msg("line %u: expected %s, in:\n%s", error.line, error.expected, text);
}

static void is_record(const struct record *r, phys_t start, phys_t end, uint32_t type)
{
	assert_int_equal(r->start, start);
	assert_int_equal(r->end, end);
	assert_int_equal(r->type, type);
}

static void one_e820(const char *text, phys_t start, phys_t end, uint32_t type)
{
	struct recording r;

	parses(&r, text);
	assert_int_equal(r.e820.count, 1);
	is_record(&r.e820.item[0], start, end, type);
	recording_free(&r);
}

static void one_efi(const char *text, phys_t start, phys_t end, uint32_t type, uint64_t attribute)
{
	struct recording r;

	parses(&r, text);
	assert_int_equal(r.efi.count, 1);
	is_record(&r.efi.item[0], start, end, type);
	assert_int_equal(r.efi.item[0].attribute, attribute);
	recording_free(&r);
}

static void rejects(const char *text, uint32_t line)
{
	struct recording r;
	struct parse_error error = { 0 };

	if (parse(&r, text, &error))
		fail_msg("was accepted:\n%s", text);
	assert_int_equal(error.line, line);
	assert_non_null(error.expected);
	recording_free(&r);
}

static void test_e820_lines(void **state)
{
	(void)state;
	one_e820("BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable", 0, 0x9fc00,
		E820_RAM);
	one_e820("<6>[    0.000000] BIOS-e820: [mem 0xf0000-0xfffff] reserved\r\n", 0xf0000,
		0x100000, E820_RESERVED);
	one_e820("kernel: BIOS-e820: [mem 0x1000-0x1fff] System RAM  (4 KiB)", 0x1000, 0x2000,
		E820_RAM);
	one_e820("BIOS-e820: [mem 0x1000-0x1fff] ACPI NVS", 0x1000, 0x2000, E820_NVS);
	one_e820("BIOS-e820: [mem 0x1000-0x1fff] type 20", 0x1000, 0x2000, RECORD_TYPE_UNKNOWN);
	one_e820("BIOS-e820: [mem 0x1000-0x1fff] persistent (type 12)", 0x1000, 0x2000, E820_PMEM);
	one_e820("BIOS-e820: [mem 0x1000-0x1fff] soft reserved", 0x1000, 0x2000, E820_SOFT);
	one_e820(" BIOS-e820: 0000000000100000 - 0000000004000000 (usable)", 0x100000, 0x4000000,
		E820_RAM);
	one_e820(" BIOS-e820: 0009fc00 @ 00000000 (usable)", 0, 0x9fc00, E820_RAM);
	one_e820(" BIOS-88: 0000000000000000 - 000000000009f000 (usable)", 0, 0x9f000, E820_RAM);
	one_e820("Xen: [mem 0x0000000000000000-0x000000000009ffff] usable", 0, 0xa0000, E820_RAM);
	/* Nothing is repaired here: an entry that wraps stays one. */
	one_e820("BIOS-e820: [mem 0x1000-0xffffffffffffffff] usable", 0x1000, 0, E820_RAM);
	one_e820("BIOS-e820: [gap 0x0-0xfff]\nBIOS-e820: [mem 0x1000-0x1fff] usable", 0x1000,
		0x2000, E820_RAM);
}

static void test_efi_lines(void **state)
{
	const uint64_t all = EFI_ATTR_UC | EFI_ATTR_WC | EFI_ATTR_WT | EFI_ATTR_WB;

	(void)state;
	one_efi("EFI: mem00: type=7, attr=0xf, range=[0x0000000000000000-0x000000000009f000) (0MB)",
		0, 0x9f000, EFI_MEM_CONVENTIONAL, all);
	one_efi("efi: mem01: [Boot Data          |   |  |  |  |   |WB|WT|WC|UC] "
		"range=[0x0000000000100000-0x0000000000101000) (0MB)",
		0x100000, 0x101000, EFI_MEM_BOOT_DATA, all);
	one_efi("[    0.000000] efi: mem130: [Runtime Code|RUN|  |  |  |  |  |  |  |  |WB|  |  "
		"|UC] "
		"range=[0x00000000be000000-0x00000000be000fff] (0MB)",
		0xbe000000, 0xbe001000, EFI_MEM_RUNTIME_CODE,
		EFI_ATTR_RUNTIME | EFI_ATTR_WB | EFI_ATTR_UC);
	one_efi("efi: mem02: [MMIO Port|] range=[0x1000-0x1fff] (0MB)", 0x1000, 0x2000,
		EFI_MEM_MMIO_PORT, 0);
	/* No pages at address 0. */
	one_efi("efi: mem53: [Reserved|   |UC] range=[0x0000000000000000-0xffffffffffffffff] (0MB)",
		0, 0, EFI_MEM_RESERVED, EFI_ATTR_UC);
	one_efi("BS_Data    0000000000001000-0000000000001FFF 0000000000000001 000000000000000F",
		0x1000, 0x2000, EFI_MEM_BOOT_DATA, all);
	one_efi("80000000   0000000021000000-0000000021FFFFFF 0000000000001000 000000000000000F",
		0x21000000, 0x22000000, 0x80000000, all);
	one_efi("efi 0x0 -0x1 0 attr=0x0", 0, 0, EFI_MEM_RESERVED, 0);
	one_efi("efi 0x1000 0x1fff 0x80000000 attr=0xf", 0x1000, 0x2000, 0x80000000, all);
}

static void test_noise_is_no_map(void **state)
{
	struct recording r;

	(void)state;
	parses(&r, "efi: Remove mem49: MMIO range=[0xbf200000-0xbf400fff] (2MB) from e820 map\n"
		   "e820: update [mem 0x00000000-0x00000fff] usable ==> reserved\n"
		   "ACPI: SRAT 0x00000000BFFE1B35 0000C8 (v01 BOCHS)\n"
		   "BIOS-e820: [mem 0x0-0xfff] usable\n"
		   "modified: [mem 0x0-0xfff] reserved\n"
		   "DMI: Some Corporation Box/Board, BIOS 1.0\n");
	assert_int_equal(r.e820.count, 1);
	assert_int_equal(r.efi.count, 0);
	assert_int_equal(r.srat.count, 0);
	assert_string_equal(r.machine, "Some Corporation Box/Board, BIOS 1.0");
	recording_free(&r);
}

static void test_srat_lines(void **state)
{
	struct recording r;

	(void)state;
	parses(&r, "BIOS-e820: [mem 0x0-0xfff] usable\n"
		   "ACPI: SRAT: Node 1 PXM 3 [mem 0x100000000-0x23fffffff] hotplug non-volatile\n"
		   "SRAT: Node 0 PXM 0 0-a0000\n"
		   "SRAT: PXM 0 -> APIC 0x00 -> Node 0\n"
		   "ACPI: SRAT: PXM 3 -> APIC 0x0010 -> Node 1\n");
	assert_int_equal(r.srat.count, 2);
	is_record(&r.srat.item[0], 0x100000000, 0x240000000, 1);
	assert_int_equal(r.srat.item[0].attribute, SRAT_HOTPLUG | SRAT_NONVOLATILE);
	is_record(&r.srat.item[1], 0, 0xa0000, 0);
	assert_int_equal(r.processor_nids, 3);
	recording_free(&r);
}

static void test_user_map_is_apart(void **state)
{
	struct recording r;

	(void)state;
	parses(&r, "BIOS-e820: [mem 0x0-0xfffffff] usable\n"
		   "e820: user-defined physical RAM map:\n user: [mem 0x0-0x7ffffff] usable\n");
	assert_int_equal(r.e820.count, 1);
	assert_int_equal(r.user.count, 1);
	is_record(&r.user.item[0], 0, 0x8000000, E820_RAM);
	recording_free(&r);
}

/* Without time stamps (dmesg -t) the map's name is all that stands before it; fuzz_log found that it had to have a blank. */
static void test_user_map_without_time_stamps(void **state)
{
	struct recording r;

	(void)state;
	parses(&r, "BIOS-e820: [mem 0x0-0xfffffff] usable\nuser: [mem 0x0-0xfff] usable\n"
		   "<6>user: 0000000000001000 - 0000000000002000 (reserved)\n"
		   "superuser: [mem and active-user: 0000000000000000 are no maps\n"
		   "auth ok for user: 0 of 3\nuser: user: [mem 0x2000-0x2fff] usable\n"
		   "user: 0009fc00 @ 00000000 (usable)\n");
	assert_int_equal(r.e820.count, 1);
	assert_int_equal(r.user.count, 4);
	is_record(&r.user.item[0], 0, 0x1000, E820_RAM);
	is_record(&r.user.item[1], 0x1000, 0x2000, E820_RESERVED);
	is_record(&r.user.item[2], 0x2000, 0x3000, E820_RAM);
	is_record(&r.user.item[3], 0, 0x9fc00, E820_RAM);
	recording_free(&r);
}

#define BOOT(version) "kernel: Linux version " version "\n"

/* A syslog file has many starts. */
static void test_starts_in_a_log(void **state)
{
	struct recording r;

	(void)state;
	parses(&r, BOOT("5.10") "BIOS-e820: [mem 0x0-0xfff] usable\nDMI: Old\n"
				"SRAT: Node 0 PXM 0 [mem 0x0-0xfff]\nSRAT: PXM 1 -> APIC 0x00 -> Node 1\n" BOOT(
		"6.1.0") "efi: mem00: type=7, attr=0xf, range=[0x0-0x1000) (0MB)\n"
			 "user: [mem 0x0-0xfff] usable\n" BOOT("6.1.1")
				 "BIOS-e820: [mem 0x2000-0x2fff] usable\n"
				 "BIOS-e820: [mem 0x3000-0x3fff] reserved\nDMI: New\n" BOOT("6.1.2"));
	assert_int_equal(r.log.earlier_starts, 2);
	assert_false(r.log.left_out);
	assert_int_equal(r.e820.count, 2);
	is_record(&r.e820.item[0], 0x2000, 0x3000, E820_RAM);
	assert_int_equal(r.efi.count + r.user.count + r.srat.count, 0);
	assert_int_equal(r.processor_nids, 0);
	assert_string_equal(r.machine, "New");
	recording_free(&r);

	parses(&r, "BIOS-e820: [mem 0x0-0xfff] usable\n" BOOT("6.1.0") BOOT("6.1.0"));
	assert_int_equal(r.log.earlier_starts, 0);
	assert_int_equal(r.e820.count, 1);
	recording_free(&r);
}

/* What is said of nodes, the machine and the kernel's own map by a start that lost its map is not of the one before. */
static void test_start_without_a_map(void **state)
{
	static const char *const line[] = { "SRAT: Node 1 PXM 1 [mem 0x0-0xfff]\n",
		"SRAT: PXM 1 -> APIC 0x00 -> Node 1\n", "user: [mem 0x0-0xfff] usable\n" };
	struct recording r;
	char text[512];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(line); i++) {
		snprintf(text, sizeof(text), "BIOS-e820: [mem 0x0-0xfff] usable\n%s%sDMI: X\n",
			BOOT("6.1.0"), line[i]);
		parses(&r, text);
		assert_int_equal(r.log.earlier_starts, 0);
		assert_true(r.log.left_out);
		assert_int_equal(r.e820.count, 1);
		assert_int_equal(r.user.count + r.srat.count, 0);
		assert_int_equal(r.processor_nids, 0);
		assert_string_equal(r.machine, "");
		recording_free(&r);
	}
}

/* A reset ends a line anywhere, and what an earlier start could not say is of no interest. */
static void test_start_that_was_cut_off(void **state)
{
	struct recording r;

	(void)state;
	parses(&r, "BIOS-e820: [mem 0x0-0xfff] usable\nBIOS-e820: [mem 0x1" BOOT("6.1.0")
		   "BIOS-e820: [mem 0x0-0x1fff] usable\nBIOS-e820: [mem 0x2\n" BOOT("6.1.1")
		   "BIOS-e820: [mem 0x0-0x2fff] usable\n");
	assert_int_equal(r.log.earlier_starts, 2);
	assert_int_equal(r.e820.count, 1);
	is_record(&r.e820.item[0], 0, 0x3000, E820_RAM);
	recording_free(&r);
	rejects("BIOS-e820: [mem 0x0-0xfff] usable\n" BOOT("6.1.0") "BIOS-e820: [mem 0x\nefi: mem0: x\n", 3);
}

static void test_sysfs_in_any_order(void **state)
{
	struct recording r;

	(void)state;
	parses(&r, "/sys/firmware/memmap/10/type:ACPI Tables\n/sys/firmware/memmap/2/end:0x9fbff\n"
		   "2/start:0x0\n/sys/firmware/memmap/10/end:0x1fff\nx/2/type:System RAM\n"
		   "/sys/firmware/memmap/10/start:0x1000\n");
	assert_int_equal(r.format, FORMAT_SYSFS);
	assert_int_equal(r.e820.count, 2);
	is_record(&r.e820.item[0], 0, 0x9fc00, E820_RAM);
	is_record(&r.e820.item[1], 0x1000, 0x2000, E820_ACPI);
	recording_free(&r);
}

static const char report[] =
	"noise { \"x\": 1 }\n-----BEGIN BOOTMEM REPORT-----\n"
	"{ \"schema\": \"bootmem-report/1\", \"arch\": \"x86_64\",\n"
	"\"firmware\": { \"vendor\": \"A \\\"quoted\\\" one\", \"revision\": 7, "
	"\"descriptor_size\": 56, \"exit_attempts\": 3 },\n"
	"\"e820\": [\n{ \"start\": \"0x0\", \"end\": \"0x100000\", \"type\": \"ram\", \"new\": [1, "
	"{}] }],\n"
	"\"nodes\": [\n{ \"nid\": 0, \"distances\": [10, 21] },\n"
	"{ \"nid\": 1, \"distances\": [31, 10] }],\n"
	"\"paging\": { \"levels\": 4, \"areas\": [\n"
	"{ \"start\": \"0x5000\", \"end\": \"0x6000\", \"kind\": \"identity\", \"write\": true, "
	"\"exec\": false },\n"
	"{ \"start\": \"0xffff888000001000\", \"end\": \"0xffff888000002000\", \"kind\": "
	"\"direct map\", \"write\": true, \"exec\": false }] },\n"
	"\"owners\": [\n{ \"owner\": \"image\", \"pages\": 1, \"ranges\": [{ \"start_pfn\": 7, "
	"\"end_pfn\": 8 }] },\n"
	"{ \"owner\": \"firmware page tables\", \"pages\": 2, \"ranges\": [{ \"start_pfn\": 64, "
	"\"end_pfn\": 66 }] }],\n"
	"\"firmware_map\": [\n{ \"type\": 7, \"start\": \"0x1000\", \"pages\": 3, \"attribute\": "
	"\"0x800000000000000f\" }],\n"
	"\"affinity\": { \"processors\": [2, 0, 1], \"memory\": [\n"
	"{ \"nid\": 2, \"start\": \"0x80000\", \"end\": \"0x100000\", \"hotplug\": true, "
	"\"nonvolatile\": false }] },\n"
	"\"input\": { \"options\": \"cmdline=\\\"a\\\\b\\u0009\\u00e9\\/\\t\\\"\", \"mode\": { "
	"\"levels\": 4, \"nx\": true, \"large\": "
	"true, "
	"\"huge\": false, \"phys_bits\": 40 }, \"image\": { \"start\": \"0x7000\", \"end\": "
	"\"0x8000\" }, "
	"\"init\": null, \"storage\": { \"start\": \"0x9100\", \"end\": \"0x9200\" }, "
	"\"runtime_services\": true, \"parts\": [{ \"start\": \"0x7000\", \"end\": \"0x8000\", "
	"\"write\": false, \"exec\": true }], \"initrd\": { \"start\": \"0x3000\", \"end\": "
	"\"0x3005\" },"
	"\"claimed\": [{ \"start_pfn\": 3, \"end_pfn\": 5 }, { \"start_pfn\": 16, \"end_pfn\": 18 "
	"}] },\n"
	"\"handoff\": { \"entry\": \"0x1234\", \"segments\": [{ \"virt\": \"0x1000\", \"bytes\": "
	"564, "
	"\"write\": false, \"exec\": true }], \"setup_header\": \"1f00ff\" }, \"ok\": true "
	"}\n-----END BOOTMEM REPORT-----\n";

static void test_report(void **state)
{
	struct recording r;

	(void)state;
	parses(&r, report);
	assert_int_equal(r.format, FORMAT_REPORT);
	assert_string_equal(r.machine, "A \"quoted\" one");
	assert_int_equal(r.e820.count, 1);
	is_record(&r.e820.item[0], 0, 0x100000, E820_RAM);
	assert_int_equal(r.efi.count, 1);
	is_record(&r.efi.item[0], 0x1000, 0x4000, EFI_MEM_CONVENTIONAL);
	assert_true(r.efi.item[0].attribute == (EFI_ATTR_RUNTIME | 0xf));
	assert_int_equal(r.srat.count, 1);
	is_record(&r.srat.item[0], 0x80000, 0x100000, 2);
	assert_int_equal(r.srat.item[0].attribute, SRAT_HOTPLUG);
	assert_int_equal(r.processor_nids, 5);
	recording_free(&r);
}

static void test_report_tells_the_start(void **state)
{
	struct recorded_start *s;
	struct recording r;

	(void)state;
	parses(&r, report);
	s = &r.start;
	assert_true(s->known);
	assert_string_equal(s->arch, "x86_64");
	assert_string_equal(s->options, "cmdline=\"a\\b\t\xe9/\t\"");
	assert_int_equal(s->descriptor_bytes, 56);
	assert_int_equal(s->exit_attempts, 3);
	is_record(&s->initrd, 0x3000, 0x3005, 0);
	assert_true(s->kernel.entry == 0x1234);
	assert_int_equal(s->kernel.segments.count, 1);
	is_record(&s->kernel.segments.item[0], 0x1000, 0x1234, MAP_EXEC);
	assert_int_equal(s->kernel.setup_bytes, 3);
	assert_memory_equal(s->kernel.setup_header, "\x1f\0\xff", 3);
	assert_int_equal(s->revision, 7);
	assert_int_equal(s->mode.levels, 4);
	assert_true(s->mode.nx && s->mode.large && !s->mode.huge);
	assert_int_equal(s->mode.phys_bits, 40);
	is_record(&s->image, 0x7000, 0x8000, 0);
	is_record(&s->init, 0, 0, 0);
	is_record(&s->storage, 0x9100, 0x9200, 0);
	assert_true(s->runtime_services);
	assert_int_equal(s->parts.count, 1);
	is_record(&s->parts.item[0], 0x7000, 0x8000, MAP_EXEC);
	assert_int_equal(s->areas.count, 1);
	is_record(&s->areas.item[0], 0x5000, 0x6000, MAP_WRITE);
	assert_int_equal(s->tables.count, 1);
	is_record(&s->tables.item[0], 0x40000, 0x42000, 0);
	assert_int_equal(s->claimed.count, 2);
	is_record(&s->claimed.item[0], 0x3000, 0x5000, 0);
	is_record(&s->claimed.item[1], 0x10000, 0x12000, 0);
	assert_int_equal(s->nodes, 2);
	assert_memory_equal(s->distance, ((uint8_t[]){ 10, 21, 31, 10 }), 4);
	recording_free(&r);
}

static void test_rejections(void **state)
{
	(void)state;
	rejects("", 1);
	rejects("e820 0x0 0xfff ram\nwhat\n", 2);
	rejects("e820 0x0 0xfff\n", 1);
	rejects("e820 0x0 0xfff ram extra\n", 1);
	rejects("e820 0x 0xfff ram\n", 1);
	rejects("e820 0x0 0x1ffffffffffffffff ram\n", 1);
	rejects("srat 0 0x0 0xfff\nsrat -1 0x0 0xfff\n", 2);
	rejects("BIOS-e820: [mem 0x0-0xfff usable\n", 1);
	rejects("BIOS-e820: [mem 0x0-0xfff] usable\nBIOS-e820: 0 - 1000 (lost)\n", 2);
	rejects("efi: mem00: [Gold|WB] range=[0x0-0xfff] (0MB)\n", 1);
	rejects("efi: mem00: type=7, range=[0x0-0x1000) (0MB)\n", 1);
	rejects("Available  0000000000000000-0000000000000FFF 2 000000000000000F\n", 1);
	rejects("0/start:0x0\n0/type:System RAM\n", 0);
	rejects("0/start:0x0\n0/end:0xfff\n0/type:System RAM\n0/start:0x2000\n", 4);
	rejects("4096/start:0x0\n", 1);
	rejects("efi 0x0 0x17ff Reserved WB\n", 1);
	rejects("efi 0x200 0xfff Reserved WB\n", 1);
	rejects("efi: mem00: [Reserved|WB] range=[0x0-0x17ff] (0MB)\n", 1);
	rejects("{ \"schema\": \"bootmem-report/1\",\n\"firmware_map\": [ { \"type\": 4294967303 } "
		"] }",
		2);
	rejects("note nothing else\n", 0);
	rejects("{ \"schema\": \"bootmem-report/1\" }", 0);
	rejects("{ \"schema\": \"bootmem-report/1\",\n\"e820\": [ { \"type\": \"gold\" } ] }", 2);
	rejects("{ \"schema\": \"bootmem-report/1\",\n\"nodes\": [ { \"nid\": 64 } ] }", 2);
	rejects("{ \"schema\": \"bootmem-report/1\",\n\"input\": { \"mode\": { \"levels\": 256 } } "
		"}",
		2);
	rejects("{ \"schema\": \"bootmem-report/1\",\n\"input\": { \"runtime_services\": 1 } }", 2);
	rejects("{ \"schema\": \"bootmem-report/1\",\n\"handoff\": { \"setup_header\": \"1\" } }",
		2);
	rejects("{ \"schema\": \"bootmem-report/1\",\n\"handoff\": { \"setup_header\": \"0x\" } }",
		2);
}

static void rejects_string(const char *string)
{
	char text[128];

	snprintf(text, sizeof(text), "{ \"schema\": \"bootmem-report/1\",\n\"arch\": %s }", string);
	rejects(text, 2);
}

/* A log that ends too early says so at its end; of several reports the last one counts. */
static void test_reports_in_a_log(void **state)
{
	static const char one[] =
		"x\n-----BEGIN BOOTMEM REPORT-----\n{ \"schema\": \"bootmem-report/1\",\n"
		"\"e820\": [{ \"start\": \"0x0\", \"end\": \"0x1000\", \"type\": \"ram\" }] }\n";
	static const char end[] = "-----END BOOTMEM REPORT-----\n";
	struct recording r;
	char text[1024];

	(void)state;
	rejects(one, 5);
	rejects("x\n-----BEGIN BOOTMEM REPORT-----\n", 3);
	rejects("x\n-----BEGIN BOOTMEM REPORT-----\n{ \"sche", 3);
	snprintf(text, sizeof(text), "%s%s%s", one, end, one);
	rejects(text, 10);
	snprintf(text, sizeof(text), "%s%s%s%s", one, end, one, end);
	*(strstr(strstr(text, end), "0x1000") + 2) = '7';
	parses(&r, text);
	assert_int_equal(r.e820.count, 1);
	is_record(&r.e820.item[0], 0, 0x7000, E820_RAM);
	recording_free(&r);
}

static void test_strings(void **state)
{
	(void)state;
	rejects_string("\"\\x\"");
	rejects_string("\"\\u12\"");
	rejects_string("\"\\u0x12\"");
	rejects_string("\"\\u12g4\"");
	rejects_string("\"a\tb\"");
	rejects_string("\"a\nb\"");
	rejects_string("\"open\\\"");
	rejects_string("\"open");
}

static const char *const samples[] = {
	report,
	"# machine: M\ne820 0x0 0x9ffff ram\nefi 0x0 0xfff BS_Data WB|UC\nsrat 0 0x0 0xfff "
	"hotplug\n"
	"expect user_map 0x0 0xfff ram\n",
	"[0.0] BIOS-e820: [mem 0x0-0xfff] usable\n BIOS-e820: 0 - 1000 (usable)\nefi: mem00: "
	"[Boot Data|WB|UC] range=[0x0-0xfff] (0MB)\nSRAT: Node 0 PXM 0 [mem 0x0-0xfff] hotplug\n",
	"BS_Data    0000000000001000-0000000000001FFF 0000000000000001 000000000000000F\n",
	"/sys/firmware/memmap/0/start:0x0\n0/end:0xfff\n0/type:System RAM\n",
};

/* Bytes in a block of their own size, so that a sanitiser sees the first byte too far. */
static void parse_exactly(const char *text, size_t size)
{
	char *bytes = malloc(size != 0 ? size : 1);
	struct parse_error error = { 0 };
	struct recording r;

	memcpy(bytes, text, size);
	recording_init(&r);
	if (!recording_parse(&r, bytes, size, &error))
		assert_non_null(error.expected);
	recording_free(&r);
	free(bytes);
}

static void test_every_beginning(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		for (size_t size = 0; size <= strlen(samples[i]); size++)
			parse_exactly(samples[i], size);
}

static void test_spoiled_bytes(void **state)
{
	uint64_t random = 1;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		size_t size = strlen(samples[i]);
		char *text = malloc(size);

		for (unsigned round = 0; round < 3000; round++) {
			memcpy(text, samples[i], size);
			for (unsigned n = 0; n < 3; n++)
				text[random_below(&random, size)] =
					(char)random_below(&random, 256);
			parse_exactly(text, size);
		}
		free(text);
	}
}

static void test_utf16(void **state)
{
	static const char ascii[] = "BS_Data    0000000000001000-0000000000001FFF 0000000000000001 "
				    "000000000000000F\r\n";
	char wide[2 + 2 * sizeof(ascii)] = { '\xff', '\xfe' };
	struct parse_error error;
	struct recording r;

	(void)state;
	for (size_t i = 0; i < sizeof(ascii) - 1; i++)
		wide[2 + 2 * i] = ascii[i];
	recording_init(&r);
	assert_true(recording_parse(&r, wide, 2 * sizeof(ascii), &error));
	assert_int_equal(r.efi.count, 1);
	recording_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_e820_lines),
		cmocka_unit_test(test_efi_lines),
		cmocka_unit_test(test_noise_is_no_map),
		cmocka_unit_test(test_srat_lines),
		cmocka_unit_test(test_user_map_is_apart),
		cmocka_unit_test(test_user_map_without_time_stamps),
		cmocka_unit_test(test_starts_in_a_log),
		cmocka_unit_test(test_start_without_a_map),
		cmocka_unit_test(test_start_that_was_cut_off),
		cmocka_unit_test(test_sysfs_in_any_order),
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_report_tells_the_start),
		cmocka_unit_test(test_rejections),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_reports_in_a_log),
		cmocka_unit_test(test_every_beginning),
		cmocka_unit_test(test_spoiled_bytes),
		cmocka_unit_test(test_utf16),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

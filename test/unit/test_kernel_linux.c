/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A Linux kernel on its way through the pipeline, under the fake firmware: where it is put, what it is told, and
 * that everything which can be refused is refused before the exit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_firmware.h"
#include "linux_rules.h"

#define WB        (EFI_ATTR_UC | EFI_ATTR_WC | EFI_ATTR_WT | EFI_ATTR_WB)
#define RAM_END   (512 * MIB)
#define TABLE     0x7000000 /* where some tests scatter reserved pages */
#define NATIVE    (LINUX_NATIVE_MODE == LINUX_64 ? RULES_DEBIAN_64 : RULES_DEBIAN_32)
#define PREFERRED (16 * MIB)

struct machine {
	struct fake_firmware fw;
	struct boot boot;
	struct boot_options options;
	uint8_t file[RULES_FILE_BYTES];
};

/*
 *   0     64K            1M                                              512M
 *   |     |     free     |                   free                        |
 */
static struct machine *machine(void)
{
	struct machine *m = calloc(1, sizeof(*m));

	fake_init(&m->fw, RAM_END);
	m->fw.dirty = true;
	fake_add(&m->fw, EFI_MEM_CONVENTIONAL, 0, 0xa0000, WB);
	fake_add(&m->fw, EFI_MEM_CONVENTIONAL, MIB, RAM_END, WB);
	options_defaults(&m->options);
	strcpy(m->options.kernel, "/vmlinuz");
	rules_make_file(m->file, NATIVE);
	return m;
}

static void destroy(struct machine *m)
{
	fake_free(&m->fw);
	free(m);
}

static struct rules_header *header(struct machine *m)
{
	return (struct rules_header *)(m->file + offsetof(struct rules_params, hdr));
}

static void start(struct machine *m)
{
	if (fake_start(&m->fw, &m->boot, &m->options) != BM_OK)
		fail_msg("console:\n%s", m->fw.console_text);
	m->boot.input.kernel_file = m->file;
	m->boot.input.kernel_file_bytes = sizeof(m->file);
}

static void prepare(struct machine *m)
{
	start(m);
	if (boot_prepare(&m->boot) != BM_OK)
		fail_msg("console:\n%s", m->fw.console_text);
	assert_int_equal(m->boot.kernel.protocol, PROTOCOL_LINUX);
}

static const struct rules_params *boot_params(struct machine *m)
{
	if (boot_exit(&m->boot) != BM_OK)
		fail_msg("console:\n%s", m->fw.console_text);
	fake_activate(&m->fw, &m->boot);
	if (boot_mem_init(&m->boot) != BM_OK || boot_make_record(&m->boot) != BM_OK)
		fail_msg("console:\n%s", m->fw.console_text);
	return phys_to_virt(m->boot.pool.window, m->boot.record_phys);
}

/* There is no room, or the initrd is where none is left, or the kernel is not as it has to be. */
static void refused(struct machine *m, const char *sentence)
{
	enum bm_error error = boot_prepare(&m->boot), wanted = BM_INVALID;

	if (strstr(m->fw.console_text, ": no room for") != NULL)
		wanted = BM_NOMEM;
	else if (strstr(m->fw.console_text, " lies at ") != NULL)
		wanted = BM_CONFLICT;
	assert_int_equal(error, wanted);
	if (strstr(m->fw.console_text, sentence) == NULL)
		fail_msg("no \"%s\" in:\n%s", sentence, m->fw.console_text);
	destroy(m);
}

/* Every page below a place is somebody else's until the exit. */
static void take_below(struct machine *m, phys_t end)
{
	assert_true(fake_allocate(&m->fw, pfn_down(MIB), pfn_down(end - MIB), EFI_MEM_BOOT_DATA));
}

/* --- a place --------------------------------------------------------------------------------------- */

static void test_preferred_address(void **state)
{
	struct machine *m = machine();

	(void)state;
	prepare(m);
	assert_int_equal(m->boot.kernel.phys, PREFERRED);
	assert_memory_equal(phys_to_virt(m->boot.pool.window, m->boot.kernel.phys),
		m->file + m->boot.kernel.bzimage.code_offset, RULES_CODE_BYTES);
	destroy(m);
}

/* Never below what it prefers: it would move itself there. As aligned as it likes it. */
static void test_above_the_preferred_address(void **state)
{
	struct machine *m = machine();

	(void)state;
	take_below(m, PREFERRED + MIB + PAGE_SIZE);
	prepare(m);
	assert_int_equal(m->boot.kernel.phys, PREFERRED + header(m)->kernel_alignment);
	destroy(m);
}

/* Free memory below is no place either. */
static void test_not_below_the_preferred_address(void **state)
{
	struct machine *m = machine();

	(void)state;
	assert_true(fake_allocate(&m->fw, pfn_down(PREFERRED) + 3, 1, EFI_MEM_RESERVED));
	prepare(m);
	assert_int_equal(m->boot.kernel.phys, PREFERRED + header(m)->kernel_alignment);
	destroy(m);
}

/* A place as aligned as it likes it is not there: then one that is aligned as it needs. */
static void test_least_alignment(void **state)
{
	const uint64_t align = 128 * MIB, least = 64 * KIB;
	struct machine *m = machine();

	(void)state;
	header(m)->kernel_alignment = (uint32_t)align;
	header(m)->min_alignment = 16;
	header(m)->pref_address = align;
	for (phys_t at = align; at < RAM_END; at += align)
		assert_true(fake_allocate(&m->fw, pfn_down(at), 1, EFI_MEM_RESERVED));
	prepare(m);
	assert_int_equal(m->boot.kernel.phys, align + least);
	destroy(m);
}

/* Nor is any above 16 MiB, where the others go: then one below. */
static void test_below_the_dma_limit(void **state)
{
	struct machine *m = machine();

	(void)state;
	header(m)->pref_address = 0;
	header(m)->kernel_alignment = (uint32_t)(2 * MIB);
	header(m)->min_alignment = 21;
	header(m)->init_size = (uint32_t)(12 * MIB);
	for (phys_t at = 24 * MIB; at < RAM_END; at += 8 * MIB)
		assert_true(fake_allocate(&m->fw, pfn_down(at), 1, EFI_MEM_RESERVED));
	prepare(m);
	assert_int_equal(m->boot.kernel.phys % (2 * MIB), 0);
	assert_true(m->boot.kernel.phys >= MIB && m->boot.kernel.phys + 12 * MIB <= 24 * MIB);
	assert_int_equal(m->fw.refused, 0); /* nothing is asked for twice */
	destroy(m);
}

/* A kernel that can't move has one place. */
static void test_fixed_kernel_in_use(void **state)
{
	struct machine *m = machine();

	(void)state;
	header(m)->relocatable_kernel = 0;
	take_below(m, PREFERRED + PAGE_SIZE);
	start(m);
	refused(m, "handoff: /vmlinuz: no room for its ");
}

static void test_fixed_kernel_in_free_memory(void **state)
{
	struct machine *m = machine();

	(void)state;
	header(m)->relocatable_kernel = 0;
	take_below(m, PREFERRED);
	prepare(m);
	assert_int_equal(m->boot.kernel.phys, PREFERRED);
	destroy(m);
}

static void test_fixed_kernel_above_free_memory(void **state)
{
	struct machine *m = machine();

	(void)state;
	header(m)->relocatable_kernel = 0;
	assert_true(fake_allocate(&m->fw, pfn_down(PREFERRED) + 1, 1, EFI_MEM_RESERVED));
	start(m);
	refused(m, "KiB where it has to be");
}

/* Room for the kernel, but for nothing else. */
static void test_no_room_for_parameters(void **state)
{
	struct machine *m = machine();
	phys_t rest = 16 * MIB + 5 * PAGE_SIZE; /* behind the bitmap */

	(void)state;
	header(m)->init_size = 15 * MIB;
	header(m)->pref_address = 0;
	header(m)->kernel_alignment = PAGE_SIZE;
	header(m)->min_alignment = 12;
	start(m);
	assert_true(fake_allocate(&m->fw, 0, pfn_down(0xa0000), EFI_MEM_RESERVED));
	assert_true(fake_allocate(&m->fw, pfn_down(rest),
		pfn_down(m->boot.input.workspace_start_phys - rest), EFI_MEM_RESERVED));
	refused(m, "for \"handoff record\"");
}

static void test_larger_than_memory(void **state)
{
	struct machine *m = machine();

	(void)state;
	header(m)->init_size = RAM_END - MIB;
	header(m)->pref_address = 0;
	start(m);
	refused(m, "handoff: /vmlinuz: no room for its ");
}

/* --- what is refused -------------------------------------------------------------------------------- */

static void test_64_bit_kernel_on_32_bit_processor(void **state)
{
	struct machine *m = machine();

	(void)state;
	rules_make_file(m->file, RULES_DEBIAN_64);
	start(m);
	m->boot.input.no_long_mode = true;
	refused(m, "handoff: /vmlinuz is a 64-bit kernel, and this CPU has no long mode");
}

/* But 32-bit kernels need no such processor, and the other way round. */
static void test_32_bit_kernel(void **state)
{
	struct machine *m = machine();

	(void)state;
	rules_make_file(m->file, RULES_DEBIAN_32);
	start(m);
	m->boot.input.no_long_mode = LINUX_NATIVE_MODE == LINUX_32;
	if (LINUX_NATIVE_MODE == LINUX_64) {
		refused(m, "handoff: /vmlinuz: it has no 64-bit entry");
		return;
	}
	assert_int_equal(boot_prepare(&m->boot), BM_OK);
	destroy(m);
}

/* A 64-bit kernel is entered with all below 4 GiB where it is, writable and executable, and the loader; nothing else. */
static void test_identity_mapping(void **state)
{
	struct machine *m = machine();
	const struct paging *p = &m->boot.kernel.linux_paging;
	struct paging_leaf leaf;

	(void)state;
	prepare(m);
	assert_int_equal(p->root != 0, LINUX_NATIVE_MODE == LINUX_64);
	for (phys_t at = 0; p->root != 0 && at <= 8 * GIB; at += GIB) {
		assert_int_equal(paging_lookup(p, m->boot.pool.window, at, &leaf), at < 4 * GIB);
		assert_int_equal(
			paging_lookup(p, m->boot.pool.window, at + GIB - 1, &leaf), at < 4 * GIB);
		assert_true(at >= 4 * GIB ||
			    (leaf.phys == leaf.virt && leaf.rights == (MAP_WRITE | MAP_EXEC)));
	}
	destroy(m);
}

/* With five levels of page tables only a kernel that says so can be entered. */
static void test_five_levels(void **state)
{
	(void)state;
	for (unsigned knows = 0; knows < 2 && LINUX_NATIVE_MODE == LINUX_64; knows++) {
		struct machine *m = machine();

		m->fw.mode.levels = 5;
		header(m)->xloadflags &= (uint16_t)(knows ? ~0 : ~(1 << 5));
		start(m);
		if (!knows) {
			refused(m, "handoff: /vmlinuz can't be entered with 5-level paging, which "
				   "is on");
			continue;
		}
		assert_int_equal(boot_prepare(&m->boot), BM_OK);
		destroy(m);
	}
}

/* What it is given lies side by side, whatever the length of the command line, which ends with a NUL. */
static void test_command_lines(void **state)
{
	(void)state;
	for (unsigned length = 0; length < 33; length++) {
		struct machine *m = machine();
		const struct linux_range *part = m->boot.kernel.linux_handoff.part;
		phys_t end;

		memset(m->options.cmdline, 'c', length);
		prepare(m);
		boot_params(m);
		end = part[LINUX_CMDLINE].start_phys + length;
		assert_int_equal(part[LINUX_CMDLINE].bytes, length);
		assert_true(part[LINUX_PARAMS].start_phys + sizeof(struct rules_params) +
				    ARCH_LINUX_GDT_BYTES <=
			    part[LINUX_CMDLINE].start_phys);
		assert_true(end < part[LINUX_SETUP_DATA].start_phys);
		assert_true(part[LINUX_SETUP_DATA].start_phys - end <= 16);
		assert_string_equal((const char *)phys_to_virt(
					    m->boot.pool.window, part[LINUX_CMDLINE].start_phys),
			m->options.cmdline);
		destroy(m);
	}
}

static void test_long_command_line(void **state)
{
	struct machine *m = machine();

	(void)state;
	header(m)->cmdline_size = 16;
	strcpy(m->options.cmdline, "12345678901234567");
	start(m);
	refused(m, "handoff: /vmlinuz: command line: longer than this kernel takes (bytes at most "
		   "16)");
	m = machine();
	header(m)->cmdline_size = 16;
	strcpy(m->options.cmdline, "1234567890123456");
	prepare(m);
	assert_string_equal((const char *)phys_to_virt(m->boot.pool.window,
				    m->boot.kernel.linux_handoff.part[LINUX_CMDLINE].start_phys),
		"1234567890123456");
	destroy(m);
}

static void test_initrd_out_of_reach(void **state)
{
	struct machine *m = machine();

	(void)state;
	header(m)->initrd_addr_max = PREFERRED - 1;
	header(m)->xloadflags &= (uint16_t)~2; /* not above 4 GiB, so the limit counts */
	start(m);
	m->boot.input.initrd_start_phys = RAM_END / 2;
	m->boot.input.initrd_end_phys = RAM_END / 2 + MIB;
	refused(m, "handoff: /vmlinuz: ramdisk: placed where this kernel does not take it");
}

/* The front end keeps below mem=; nobody can keep clear of all that a user reserves. */
static void test_initrd_in_reserved_memory(void **state)
{
	struct machine *m = machine();

	(void)state;
	strcpy(m->options.initrd, "/initrd");
	m->options.badrams = 1;
	m->options.badram[0] = (struct option_range){ RAM_END / 2 + MIB - 1, 1 };
	start(m);
	m->boot.input.initrd_start_phys = RAM_END / 2;
	m->boot.input.initrd_end_phys = RAM_END / 2 + MIB;
	refused(m, "handoff: /initrd lies at 10000000, where mem=, reserve= or badram= leave no "
		   "RAM for it");
}

static void test_unknown_file(void **state)
{
	struct machine *m = machine();

	(void)state;
	header(m)->magic[0] = 'h';
	start(m);
	refused(m, "handoff: /vmlinuz is neither an ELF file nor a Linux kernel (bzImage)");
}

/* --- what it is told --------------------------------------------------------------------------------- */

static void same_entries(
	const struct rules_e820 *told, const struct e820_entry *own, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		assert_int_equal(told[i].addr, own[i].start);
		assert_int_equal(told[i].size, own[i].end - own[i].start);
		assert_int_equal(told[i].type, rules_e820_type(own[i].type));
	}
}

static void test_told_what_is_reported(void **state)
{
	static const struct linux_framebuffer fb = { 0x80000000, 3200 * 600, 800, 600, 3200, 32,
		{ 8, 16 }, { 8, 8 }, { 8, 0 }, { 8, 24 } };
	struct rules_screen screen = { 0 };
	struct machine *m = machine();
	const struct rules_params *p;

	(void)state;
	strcpy(m->options.cmdline, "a  b");
	start(m);
	m->boot.input.secure_boot = LINUX_SECURE_BOOT_ENABLED;
	m->boot.input.framebuffer_phys = fb.base_phys;
	m->boot.input.framebuffer_bytes = fb.bytes;
	m->boot.input.screen = (struct handoff_framebuffer){ .width = 800,
		.height = 600,
		.pitch = 3200,
		.bits_per_pixel = 32,
		.red_mask = 0xff0000,
		.green_mask = 0xff00,
		.blue_mask = 0xff,
		.reserved_mask = 0xff000000 };
	assert_int_equal(boot_prepare(&m->boot), BM_OK);
	p = boot_params(m);
	assert_int_equal(p->e820_entries, m->boot.e820.count);
	same_entries(p->e820_table, m->boot.e820.entry, m->boot.e820.count);
	assert_int_equal(p->secure_boot, LINUX_SECURE_BOOT_ENABLED);
	rules_fill_screen(&screen, &fb);
	assert_memory_equal(&p->screen, &screen, sizeof(screen));
	assert_string_equal(phys_to_virt(m->boot.pool.window, p->hdr.cmd_line_ptr), "a  b");
	assert_int_equal(p->hdr.setup_data, 0);
	destroy(m);
}

/* Every second page is reserved; the map that the exit accepts has some more such pages. */
static void scatter(struct fake_firmware *fw, pfn_t from, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		assert_true(fake_allocate(fw, from + 2 * (pfn_t)i, 1, EFI_MEM_RESERVED));
}

static void scatter_more_at_the_exit(struct fake_firmware *fw, void *ctx)
{
	struct machine *m = ctx;

	if (m->boot.stage != STAGE_EXIT)
		return;
	fw->meddle = NULL;
	scatter(fw, pfn_down(TABLE) + 1000, 10);
}

static void test_more_entries_than_boot_params_hold(void **state)
{
	struct machine *m = machine();
	const struct rules_params *p;
	const struct rules_node *node;
	uint32_t count;

	(void)state;
	scatter(&m->fw, pfn_down(TABLE), 100);
	m->fw.stale_exits = 1;
	m->fw.meddle = scatter_more_at_the_exit;
	m->fw.meddle_ctx = m;
	prepare(m);
	count = m->boot.e820.count;
	p = boot_params(m);
	assert_int_equal(m->boot.e820.count, count + 20);
	assert_int_equal(p->e820_entries, LINUX_E820_ENTRIES);
	same_entries(p->e820_table, m->boot.e820.entry, LINUX_E820_ENTRIES);
	node = phys_to_virt(m->boot.pool.window, p->hdr.setup_data);
	assert_int_equal(node->next, 0);
	assert_int_equal(node->type, 1);
	assert_int_equal(node->length, (m->boot.e820.count - LINUX_E820_ENTRIES) * 20);
	same_entries(node->entry, m->boot.e820.entry + LINUX_E820_ENTRIES,
		m->boot.e820.count - LINUX_E820_ENTRIES);
	destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_preferred_address),
		cmocka_unit_test(test_above_the_preferred_address),
		cmocka_unit_test(test_not_below_the_preferred_address),
		cmocka_unit_test(test_least_alignment),
		cmocka_unit_test(test_below_the_dma_limit),
		cmocka_unit_test(test_fixed_kernel_in_use),
		cmocka_unit_test(test_fixed_kernel_above_free_memory),
		cmocka_unit_test(test_no_room_for_parameters),
		cmocka_unit_test(test_identity_mapping),
		cmocka_unit_test(test_five_levels),
		cmocka_unit_test(test_fixed_kernel_in_free_memory),
		cmocka_unit_test(test_larger_than_memory),
		cmocka_unit_test(test_64_bit_kernel_on_32_bit_processor),
		cmocka_unit_test(test_32_bit_kernel),
		cmocka_unit_test(test_command_lines),
		cmocka_unit_test(test_long_command_line),
		cmocka_unit_test(test_initrd_out_of_reach),
		cmocka_unit_test(test_initrd_in_reserved_memory),
		cmocka_unit_test(test_unknown_file),
		cmocka_unit_test(test_told_what_is_reported),
		cmocka_unit_test(test_more_entries_than_boot_params_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

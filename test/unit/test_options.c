/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The option parser: every key of the contract, every way to get one wrong, and the messages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/arch.h>
#include <bootmem/limits.h>
#include <bootmem/options.h>

#include "random.h"

static struct boot_options options;
static char said[4096];
static struct text_buffer said_buffer;

/* Texts are parsed from a block of their exact length, so that reading past the end is noticed. */
typedef uint32_t parse_fn(struct boot_options *o, const char *origin, const char *text,
	size_t length, const struct sink *errors);

static uint32_t parse(parse_fn *parser, const char *text)
{
	struct sink errors = text_buffer_sink(&said_buffer, said, sizeof(said));
	size_t length = strlen(text);
	char *block = test_malloc(length + 1);
	uint32_t refused;

	memcpy(block + 1, text, length);
	refused = parser(&options, "conf", block + 1, length, &errors);
	test_free(block);
	return refused;
}

static int reset(void **state)
{
	(void)state;
	options_defaults(&options);
	said[0] = '\0';
	return 0;
}

static void accepts(const char *text)
{
	assert_int_equal(parse(options_parse_file, text), 0);
	assert_string_equal(said, "");
}

/* What is written makes the same options again. */
static void writes(const char *text, const char *expected)
{
	struct boot_options first;
	char words[512];
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, words, sizeof(words));

	options_defaults(&options);
	assert_int_equal(parse(options_parse_words, text), 0);
	first = options;
	options_format(&options, &sink);
	assert_string_equal(words, expected);
	options_defaults(&options);
	assert_int_equal(parse(options_parse_words, words), 0);
	assert_memory_equal(&options, &first, sizeof(first));
}

static void options_as_words(void **state)
{
	(void)state;
	writes("mode=boot", "");
	writes("hostile=pages=3,nogop=1,stale=64 hostile=stale=2,zero=0",
		"hostile=stale=2,pages=3,nogop=1");
	writes("mode=report mem=512M", "mode=report mem=512M");
	writes("mem=1025K pae=off", "mem=1025K pae=off");
	writes("mem=0x12345678", "mem=305419896");
	writes("mem=4096T", "mem=4096T");
	writes("numa=off", "numa=off");
	writes("numa=fake=7", "numa=fake=7");
	writes("reserve=1@0 reserve=2M@0x1001,4K@1G badram=4097@1T",
		"reserve=1@0x0,2M@0x1001,4K@0x40000000 badram=4097@0x10000000000");
	writes("serial=ttyS1,9600 console=serial", "serial=0x2f8,9600 console=serial");
	writes("serial=off files=off after=reboot", "serial=off files=off after=reboot");
	writes("kernel=a.elf initrd=/b \"cmdline=c d=e\"",
		"kernel=\"a.elf\" cmdline=\"c d=e\" initrd=\"/b\"");
	writes("highmem=0 vmalloc=400M", "highmem=0 vmalloc=400M");
}

/* Any kernel, initrd and command line come back, whatever is in them. */
static void texts_as_words(void **state)
{
	static const char odd[] = "\" \\'#=,{}\t\"\"x";
	static char words[3 * sizeof(struct boot_options)];
	static struct boot_options first;
	uint64_t random = 1;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		struct text_buffer buffer;
		struct sink sink = text_buffer_sink(&buffer, words, sizeof(words));
		char *const text[] = { first.kernel, first.cmdline, first.initrd };
		const size_t size[] = { OPTIONS_PATH, OPTIONS_CMDLINE, OPTIONS_PATH };

		options_defaults(&first);
		for (unsigned i = 0; i < ARRAY_SIZE(text); i++) {
			size_t most = round % 4 == 0 ? size[i] : 8;
			size_t length = round == 0 ? size[i] - 1 : random_below(&random, most);

			for (size_t k = 0; k < length; k++)
				text[i][k] = odd[random_below(&random, sizeof(odd) - 1)];
		}
		options_format(&first, &sink);
		options_defaults(&options);
		assert_int_equal(parse(options_parse_words, words), 0);
		assert_string_equal(options.kernel, first.kernel);
		assert_string_equal(options.cmdline, first.cmdline);
		assert_string_equal(options.initrd, first.initrd);
		assert_memory_equal(&options, &first, sizeof(first));
	}
}

/* Quotes round a value, doubled within; anything else that has quotes is what it looks like. */
static void quotes(void **state)
{
	static const char *const cases[][2] = {
		{ "cmdline = \"a b\"", "a b" },
		{ "cmdline = \"say \"\"hi\"\"\"", "say \"hi\"" },
		{ "cmdline = a=\"b c\" d", "a=\"b c\" d" },
		{ "cmdline = \"a\" \"b\"", "\"a\" \"b\"" },
		{ "cmdline = \"\"\"\"", "\"" },
		{ "cmdline = \"\"", "" },
		{ "cmdline = \"", "\"" },
		{ "cmdline = a\"\"b", "a\"\"b" },
		{ "cmdline = \\\"x\\\"", "\\\"x\\\"" },
		{ "cmdline = \"x", "\"x" },
		{ "cmdline = x\"", "x\"" },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		options_defaults(&options);
		accepts(cases[i][0]);
		assert_string_equal(options.cmdline, cases[i][1]);
	}
	assert_int_equal(parse(options_parse_words, "x.efi \"cmdline=say \"\"hi\"\"\" mem=1G"), 0);
	assert_string_equal(options.cmdline, "say \"hi\"");
	assert_true(options.mem_bytes == GIB);
	assert_int_equal(
		parse(options_parse_words, "kernel=\\EFI\\x.elf \"initrd=\\my dir\\i\""), 0);
	assert_string_equal(options.kernel, "\\EFI\\x.elf");
	assert_string_equal(options.initrd, "\\my dir\\i");
}

static void numa(void **state)
{
	(void)state;
	accepts("numa=on");
	assert_int_equal(options.numa, NUMA_ON);
	accepts("numa=fake=4");
	assert_int_equal(options.numa, NUMA_FAKE);
	assert_int_equal(options.numa_fake_nodes, 4);
	accepts("numa=fake=64");
	assert_int_equal(options.numa_fake_nodes, 64);
	accepts("numa=off");
	assert_int_equal(options.numa, NUMA_OFF);
}

/* Where there is no high memory, the console says that they do nothing. */
static void split_options(void **state)
{
	(void)state;
	assert_true(options.highmem_bytes == LIMITS_NOT_GIVEN);
	assert_true(options.vmalloc_bytes == LIMITS_NOT_GIVEN);
	assert_int_equal(parse(options_parse_file, "highmem=64M"), 0);
	assert_int_equal(said[0] == '\0', ARCH_HIGHMEM);
	assert_true(options.highmem_bytes == 64 * MIB);
	assert_int_equal(parse(options_parse_file, "highmem=0\nvmalloc=0x8000000"), 0);
	assert_true(options.highmem_bytes == 0);
	assert_true(options.vmalloc_bytes == 128 * MIB);
	assert_int_equal(strstr(said, "does nothing on") == NULL, ARCH_HIGHMEM);
}

/* x86_64 always has the page tables that PAE brought. */
static void pae_option(void **state)
{
	(void)state;
	assert_int_equal(parse(options_parse_file, "pae=off"), 0);
	assert_int_equal(options.pae, PAE_OFF);
	assert_string_equal(said, ARCH_HIGHMEM ? "" : "conf:1: pae: does nothing on x86_64\n");
	assert_int_equal(parse(options_parse_file, "pae=on"), 0);
	assert_int_equal(options.pae, PAE_ON);
	assert_int_equal(said[0] == '\0', ARCH_HIGHMEM);
	accepts("pae=auto");
	assert_int_equal(options.pae, PAE_AUTO);
}

/* Refused once, with its line number, and nothing changed. */
static void refuses_line(const char *text)
{
	struct boot_options before;

	memcpy(&before, &options, sizeof(before));
	assert_int_equal(parse(options_parse_file, text), 1);
	assert_non_null(strstr(said, "conf:1: "));
	assert_non_null(strstr(said, "ignored"));
	/* list storage beyond the count is no part of the value */
	assert_int_equal(options.reserves, before.reserves);
	assert_int_equal(options.badrams, before.badrams);
	assert_memory_equal(&options, &before, offsetof(struct boot_options, reserve));
	assert_memory_equal(&options.highmem_bytes, &before.highmem_bytes,
		sizeof(before) - offsetof(struct boot_options, highmem_bytes));
}

/* And what the key expects is said. */
static void refuses(const char *text)
{
	refuses_line(text);
	assert_non_null(strstr(said, " ignored\n    expected "));
}

static void defaults_are_those_of_the_contract(void **state)
{
	(void)state;
	assert_int_equal(options.mode, MODE_BOOT);
	assert_int_equal(options.pae, PAE_AUTO);
	assert_int_equal(options.serial, SERIAL_AUTO);
	assert_int_equal(options.serial_port, 0x3f8);
	assert_int_equal(options.serial_baud, 115200);
	assert_int_equal(options.console, CONSOLE_BOTH);
	assert_int_equal(options.after, AFTER_HALT);
	assert_int_equal(options.numa, NUMA_ON);
	assert_int_equal(options.files, FILES_ON);
	assert_true(options.mem_bytes == 0);
	assert_int_equal(options.reserves + options.badrams, 0);
}

static void words_choose(void **state)
{
	(void)state;
	accepts("mode=report");
	assert_int_equal(options.mode, MODE_REPORT);
	accepts("mode = boot");
	assert_int_equal(options.mode, MODE_BOOT);
	accepts("after=poweroff");
	assert_int_equal(options.after, AFTER_POWEROFF);
	accepts("after=reboot");
	assert_int_equal(options.after, AFTER_REBOOT);
	accepts("console=serial");
	assert_int_equal(options.console, CONSOLE_SERIAL);
	accepts("numa=off");
	assert_int_equal(options.numa, NUMA_OFF);
	accepts("files=off");
	assert_int_equal(options.files, FILES_OFF);
	refuses("mode=reports");
	refuses("mode=repor");
	refuses("mode=");
	refuses_line("mode");
	refuses("pae=yes");
	refuses("after=halt now");
	refuses("console=tty");
	refuses("files=maybe");
}

static void assert_mem(const char *text, uint64_t bytes)
{
	options_defaults(&options);
	accepts(text);
	assert_true(options.mem_bytes == bytes);
}

static void sizes(void **state)
{
	(void)state;
	assert_mem("mem=512M", 512 * MIB);
	assert_mem("mem=512m", 512 * MIB);
	assert_mem("mem=0x1000", 0x1000);
	assert_mem("mem=0X10k", 0x4000);
	assert_mem("mem=4G", 4 * GIB);
	assert_mem("mem=2T", 2 * TIB);
	assert_mem("mem=0xabcdefABCDEF", UINT64_C(0xabcdefabcdef));
	assert_mem("mem=123456789012", UINT64_C(123456789012));
	assert_mem("mem=0xFFFFFFFFFFFFFFFF", UINT64_MAX);
	assert_mem("mem=18446744073709551615", UINT64_MAX);
	refuses("mem=18446744073709551616");
	refuses("mem=0x10000000000000000");
	refuses("mem=99999999999999999999999");
	refuses("mem=17179869184G");
	refuses("mem=0");
	refuses("mem=M");
	refuses("mem=0x");
	refuses("mem=");
	refuses("mem=-1");
	refuses("mem=12Q");
	refuses("mem=1 2");
	refuses("mem=12MB");
	refuses("mem=1f");
	refuses("mem=1:");
	refuses("mem=1/");
	refuses("mem=0x:");
	refuses("mem=0x@");
}

static void ranges(void **state)
{
	(void)state;
	accepts("reserve=16M@0x4000000,4K@1G");
	assert_int_equal(options.reserves, 2);
	assert_true(options.reserve[0].start_phys == 0x4000000);
	assert_true(options.reserve[0].bytes == 16 * MIB);
	assert_true(options.reserve[1].start_phys == 1 * GIB);
	assert_true(options.reserve[1].bytes == 4 * KIB);
	accepts("badram = 1@0 , 0x1000@0xffffffffff000");
	assert_int_equal(options.badrams, 2);
	assert_true(options.badram[0].start_phys == 0);
	assert_true(options.badram[0].bytes == 1);
	assert_true(options.badram[1].start_phys + options.badram[1].bytes == PHYS_END);
	refuses("reserve=4K");
	refuses("reserve=@4K");
	refuses("reserve=4K@");
	refuses("reserve=0@4K");
	refuses("reserve=4K@8K@12K");
	refuses("reserve=4K@8K,");
	refuses("reserve=,4K@8K");
	refuses("reserve=4K@8K,bad");
	refuses("badram=0x2000@0xffffffffff000");
	refuses("badram=0xffffffffffffffff@2");
	refuses("badram=4K@0xffffffffffffffff");
}

/* Lists add up, from both sources, up to their limit; the line that passes it changes nothing. */
static void ranges_add_up_to_their_limit(void **state)
{
	(void)state;
	for (unsigned i = 0; i < OPTIONS_RANGES - 1; i++)
		assert_int_equal(parse(options_parse_words, "reserve=4K@0x100000"), 0);
	assert_int_equal(options.reserves, OPTIONS_RANGES - 1);
	refuses_line("reserve=4K@0x200000,4K@0x300000");
	assert_non_null(strstr(said, "more than 32 ranges"));
	accepts("reserve=4K@0x200000");
	assert_int_equal(options.reserves, OPTIONS_RANGES);
	refuses_line("reserve=4K@0x200000");
	assert_int_equal(options.badrams, 0);
}

static void serial_ports(void **state)
{
	(void)state;
	accepts("serial=off");
	assert_int_equal(options.serial, SERIAL_OFF);
	accepts("serial=ttyS1");
	assert_int_equal(options.serial, SERIAL_PORT);
	assert_int_equal(options.serial_port, 0x2f8);
	assert_int_equal(options.serial_baud, 115200);
	accepts("serial=0x3e8,9600");
	assert_int_equal(options.serial_port, 0x3e8);
	assert_int_equal(options.serial_baud, 9600);
	accepts("serial=ttyS3,115200");
	assert_int_equal(options.serial_port, 0x2e8);
	assert_int_equal(options.serial_baud, 115200);
	accepts("serial=auto");
	assert_int_equal(options.serial, SERIAL_AUTO);
	accepts("serial=0x3f8,50");
	assert_int_equal(options.serial_baud, 50);
	refuses("serial=ttyS0,48");
	refuses("serial=ttyS4");
	refuses("serial=3f8");
	refuses("serial=0x0");
	refuses("serial=0xfff9");
	refuses("serial=0x103f8");
	refuses("serial=ttyS0,");
	refuses("serial=ttyS0,0");
	refuses("serial=ttyS0,115201");
	refuses("serial=ttyS0,100000");
	refuses("serial=ttyS0,0x100001c200");
	refuses("serial=ttyS0,9600,8");
	refuses("serial=");
}

static void kernels(void **state)
{
	char longest[OPTIONS_CMDLINE + 16] = "cmdline=";

	(void)state;
	accepts("kernel = \\EFI\\kernel.elf\ninitrd=/initrd.img");
	assert_string_equal(options.kernel, "\\EFI\\kernel.elf");
	assert_string_equal(options.initrd, "/initrd.img");
	accepts("kernel=/{arch}/hello-{arch}.elf{arch");
	assert_string_equal(options.kernel, "/" ARCH_NAME "/hello-" ARCH_NAME ".elf{arch");
	accepts("cmdline = console=ttyS0 root=/dev/sda1#2");
	assert_string_equal(options.cmdline, "console=ttyS0 root=/dev/sda1#2");
	accepts("cmdline = a# b #c");
	assert_string_equal(options.cmdline, "a# b");
	accepts("cmdline =");
	assert_string_equal(options.cmdline, "");
	accepts("kernel=a.elf\ninitrd=b\ncmdline=c\nkernel =\ninitrd=\"\"\ncmdline=");
	assert_string_equal(options.kernel, "");
	assert_string_equal(options.initrd, "");
	assert_string_equal(options.cmdline, "");
	memset(longest + strlen(longest), 'x', OPTIONS_CMDLINE - 1);
	accepts(longest);
	assert_int_equal(strlen(options.cmdline), OPTIONS_CMDLINE - 1);
	memset(longest + strlen(longest), 'x', 1);
	refuses(longest);
	memcpy(longest, "kernel =", 8);
	longest[8 + OPTIONS_PATH] = '\0';
	refuses(longest);
	longest[8 + OPTIONS_PATH - 1] = '\0';
	accepts(longest);
}

static void words_of_every_kind(void **state)
{
	(void)state;
	accepts("files=off");
	assert_int_equal(options.files, FILES_OFF);
	accepts("files=on");
	assert_int_equal(options.files, FILES_ON);
	accepts("console=screen");
	assert_int_equal(options.console, CONSOLE_SCREEN);
	accepts("console=serial");
	assert_int_equal(options.console, CONSOLE_SERIAL);
	accepts("console=both");
	assert_int_equal(options.console, CONSOLE_BOTH);
	refuses("highmem=much");
	refuses("vmalloc=0");
	refuses("numa=fake=0");
	refuses("numa=fake=65");
	refuses("numa=fake=");
	refuses("numa=maybe");
}

static void faults_of_the_firmware(void **state)
{
	(void)state;
	accepts("hostile=stale=2,stride=96, refuse=1");
	assert_int_equal(options.hostile.fault[HOSTILE_STALE], 2);
	assert_int_equal(options.hostile.fault[HOSTILE_STRIDE], 96);
	assert_int_equal(options.hostile.fault[HOSTILE_REFUSE], 1);
	accepts("hostile=stale=0,noconout=1");
	assert_int_equal(options.hostile.fault[HOSTILE_STALE], 0);
	assert_int_equal(options.hostile.fault[HOSTILE_STRIDE], 96);
	assert_int_equal(options.hostile.fault[HOSTILE_NOCONOUT], 1);
	refuses("hostile=");
	refuses("hostile=stale");
	refuses("hostile=stale=");
	refuses("hostile=stale=2,");
	refuses("hostile=grow=65536");
	refuses("hostile==2");
	refuses("hostile=Stale=2");
	refuses("hostile=pool=1,slow=2");
	assert_int_equal(options.hostile.fault[HOSTILE_POOL], 0);
	assert_non_null(strstr(said,
		"stale, grow, stride, nested, unsorted, zero, refuse, pool, pages, nogop, "
		"noconout"));
}

/* As editors on Windows save "Unicode", in either byte order, cut in the middle, or empty. */
static void utf16_becomes_ascii(void **state)
{
	char little[] = "\xff\xfem\0o\0d\0e\0=\0r\0e\0p\0o\0r\0t\0\r\0\n\0#\0\xac\x20";
	char big[] = "\xfe\xff\0m\0e\0m\0=\0"
		     "1\0M\0";
	char plain[] = "mode=boot", mark[] = "\xff\xfe", last[] = "\xff\xfe\x7f\0\x80\0\x81\0A\1";

	(void)state;
	assert_int_equal(options_narrow(little, sizeof(little) - 1), 15);
	assert_memory_equal(little, "mode=report\r\n#?", 15);
	assert_int_equal(options_narrow(big, sizeof(big) - 1), 6);
	assert_memory_equal(big, "mem=1M", 6);
	assert_int_equal(options_narrow(plain, sizeof(plain) - 1), sizeof(plain) - 1);
	assert_string_equal(plain, "mode=boot");
	assert_int_equal(options_narrow(last, sizeof(last) - 1), 4);
	assert_memory_equal(last, "\x7f???", 4);
	assert_int_equal(options_narrow(mark, 2), 0);
	assert_int_equal(options_narrow(mark, 1), 1);
	assert_int_equal(options_narrow(mark, 0), 0);
}

/* A file that is no text does not fill the screen; what can be used is used. */
static void rubbish_is_counted(void **state)
{
	char text[4096] = "";

	(void)state;
	for (int i = 0; i < 100; i++)
		strcat(text, "\x01\x02rubbish\n");
	strcat(text, "mode=report\n");
	assert_int_equal(parse(options_parse_file, text), 100);
	assert_int_equal(options.mode, MODE_REPORT);
	assert_non_null(strstr(said, "conf:16: \"??rubbish\" is no option"));
	assert_null(strstr(said, "conf:17:"));
	assert_non_null(strstr(said, "conf: 84 more that can't be used\n"));
}

static void the_last_of_a_key_counts(void **state)
{
	(void)state;
	accepts("mode=report\nmem=1G\nmode=boot\nmem=2G");
	assert_int_equal(options.mode, MODE_BOOT);
	assert_true(options.mem_bytes == 2 * GIB);
}

static void files_have_comments_blanks_and_marks(void **state)
{
	(void)state;
	accepts("\xef\xbb\xbf# settings\r\n\r\n  mem =  512M  # "
		"half\r\n\tmode=report\t#\r\nafter=halt");
	assert_true(options.mem_bytes == 512 * MIB);
	assert_int_equal(options.mode, MODE_REPORT);
	accepts("");
	accepts("\n\n   \n#\n # mem=bad");
	accepts("mode = \"boot\"");
	assert_int_equal(options.mode, MODE_BOOT);
	refuses("mem=512M#half");
}

/* Expect each bad line named by its own number, and the good ones between them applied. */
static void bad_lines_are_named_and_the_rest_applies(void **state)
{
	(void)state;
	assert_int_equal(
		parse(options_parse_file, "mem=bad\nnuma=off\n\nmemory=1G\nafter=reboot"), 2);
	assert_string_equal(said, "conf:1: mem=bad ignored\n"
				  "    expected a size like 512M\n"
				  "conf:4: \"memory\" is no option, ignored\n");
	assert_int_equal(options.numa, NUMA_OFF);
	assert_int_equal(options.after, AFTER_REBOOT);
	refuses_line("=5");
	refuses_line("Mode=boot");
	refuses_line("mod=boot");
	refuses_line("modes=boot");
}

/* Whatever the input is, a message is printable and fits the terminal. */
static void messages_are_short_and_printable(void **state)
{
	char noise[600];

	(void)state;
	for (unsigned i = 0; i < sizeof(noise) - 1; i++)
		noise[i] = (char)(i % 255 + 1);
	noise[sizeof(noise) - 1] = '\0';
	memcpy(noise, "mem=\x1b[2J", 8);
	assert_true(parse(options_parse_file, noise) >= 1);
	assert_true(parse(options_parse_words, noise) >= 1);
	for (const char *line = said; *line != '\0';) {
		size_t length = strcspn(line, "\n");

		assert_in_range(length, 1, 79);
		for (size_t i = 0; i < length; i++)
			assert_in_range(line[i], ' ', '~');
		line += length + (line[length] == '\n');
	}
}

/* Expect a value to be repeated as it is up to 24 characters, and cut with dots after that. */
static void messages_repeat_what_was_written(void **state)
{
	(void)state;
	refuses("mem= ~\x7f\x1f.");
	assert_non_null(strstr(said, "mem=~?\?. ignored\n"));
	refuses("mem=24 characters are shown.");
	assert_non_null(strstr(said, "mem=24 characters are shown. ignored\n"));
	refuses("mem=25 characters are too long");
	assert_non_null(strstr(said, "mem=25 characters are too lo... ignored\n"));
}

static void load_options_are_words(void **state)
{
	(void)state;
	assert_int_equal(parse(options_parse_words, "  mem=1G\tafter=poweroff  numa=off "), 0);
	assert_string_equal(said, "");
	assert_true(options.mem_bytes == 1 * GIB);
	assert_int_equal(options.after, AFTER_POWEROFF);
	assert_int_equal(options.numa, NUMA_OFF);

	assert_int_equal(parse(options_parse_words, "\\EFI\\BOOT\\BOOTX64.EFI mem=2G"), 0);
	assert_string_equal(said, "");
	assert_true(options.mem_bytes == 2 * GIB);

	assert_int_equal(parse(options_parse_words, "boot.efi stray mem=3G mem=x"), 2);
	assert_string_equal(said, "conf:2: \"stray\" is no option, ignored\n"
				  "conf:4: mem=x ignored\n"
				  "    expected a size like 512M\n");
	assert_true(options.mem_bytes == 3 * GIB);

	assert_int_equal(parse(options_parse_words, ""), 0);
	assert_int_equal(parse(options_parse_words, "boot.efi"), 0);
	assert_int_equal(parse(options_parse_words, "mem=1G\nmode=boot\rnuma=off\tpae=off"), 0);
	assert_true(options.mem_bytes == GIB && options.mode == MODE_BOOT);
	assert_true(options.numa == NUMA_OFF && options.pae == PAE_OFF);
}

static void quotes_hold_words_together(void **state)
{
	(void)state;
	assert_int_equal(
		parse(options_parse_words, "cmdline=\"a b c\" mem=1G \"after=reboot\""), 0);
	assert_true(options.mem_bytes == 1 * GIB);
	assert_int_equal(options.after, AFTER_REBOOT);
	assert_int_equal(parse(options_parse_words, "mem=\"2G\""), 0);
	assert_true(options.mem_bytes == 2 * GIB);
	assert_int_equal(parse(options_parse_words, "mem=1G \"mem=3G mem=4G"), 1);
	assert_true(options.mem_bytes == 1 * GIB);
}

/* NULs end the UTF-16 load options of some shells; Expect them to count as blanks. */
static void nul_bytes_are_blanks(void **state)
{
	static const char words[] = "x.efi\0mem=1G\0";
	struct sink errors = text_buffer_sink(&said_buffer, said, sizeof(said));

	(void)state;
	assert_int_equal(options_parse_words(&options, "conf", words, sizeof(words), &errors), 0);
	assert_true(options.mem_bytes == 1 * GIB);
}

/* But none can be in a value: what follows it would be lost. */
static void nul_bytes_are_no_values(void **state)
{
	static const char line[] = "cmdline=a\0b\nmem=2\0"
				   "G\nkernel=\"\0k\"";
	struct sink errors = text_buffer_sink(&said_buffer, said, sizeof(said));

	(void)state;
	assert_int_equal(options_parse_file(&options, "conf", line, sizeof(line) - 1, &errors), 3);
	assert_string_equal(options.cmdline, "");
	assert_true(options.mem_bytes == 0);
	assert_non_null(strstr(said, "conf:3: kernel=?k ignored\n    expected "));
	assert_non_null(strstr(said, "conf:1: cmdline=a?b ignored\n    expected "));
	assert_non_null(strstr(said, "conf:2: mem=2?G ignored\n    expected "));
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

/* --- who may say what ------------------------------------------------------------------------------ */

#define HASH_A     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define HASH_B     "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"

static void hashes(void **state)
{
	struct sha256 abc = sha256("abc", 3), empty = sha256("", 0);
	char text[(OPTIONS_HASHES + 1) * (2 * SHA256_BYTES + 9)] = "";

	(void)state;
	options.denied = 0;
	accepts("sha256 = " HASH_A);
	accepts("sha256 = " HASH_B " , " HASH_A "\nmem=1G\nsha256=" HASH_B);
	assert_int_equal(options.hashes, 4);
	assert_true(
		sha256_equal(&options.sha256[0], &abc) && sha256_equal(&options.sha256[2], &abc));
	assert_true(sha256_equal(&options.sha256[1], &empty) &&
		    sha256_equal(&options.sha256[3], &empty));
	/* nothing of a line that is refused; refuses() compares the list, too */
	options.hashes = 0;
	memset(options.sha256, 0, sizeof(options.sha256));
	refuses("sha256=");
	refuses("sha256=" HASH_A "0");
	refuses("sha256=" HASH_A " " HASH_B);
	refuses("sha256=ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	refuses("sha256=ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a/");
	refuses("sha256=0xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f2001");
	assert_int_equal(parse(options_parse_file, "sha256=" HASH_A ","), 1);
	assert_int_equal(options.hashes, 0);
	/* the list holds no more, and then none of the line */
	for (unsigned i = 0; i < OPTIONS_HASHES - 1; i++)
		strcat(text, "sha256=" HASH_A "\n");
	said[0] = '\0';
	accepts(text);
	assert_int_equal(parse(options_parse_file, "sha256=" HASH_A "," HASH_A), 1);
	assert_non_null(strstr(said, "conf:1: sha256: more than 32 hashes, line ignored"));
	assert_int_equal(options.hashes, OPTIONS_HASHES - 1);
}

/* Refused, and told so, without a change. */
static void denies(const char *text)
{
	static struct boot_options before;

	before = options;
	said[0] = '\0';
	assert_int_equal(parse(options_parse_file, text), 1);
	assert_non_null(
		strstr(said, " ignored: only the configuration in the signed image may say this"));
	assert_memory_equal(&options, &before, sizeof(before));
	said[0] = '\0';
}

/* Without Secure Boot: everything but what only the embedded configuration can say. */
static void nobody_else_names_hashes(void **state)
{
	denies("sha256=" HASH_A);
	for (int secure = 0; secure < 2; secure++) {
		options.denied = options_denied(&options, secure);
		denies("sha256=" HASH_A);
		denies("sha256=nonsense");
	}
	reset(state);
	strcpy(options.kernel, "/k");
	options.denied = options_denied(&options, false);
	accepts("kernel=/x\ninitrd=/y\ncmdline=z\nserial=0x3e8");
	assert_int_equal(parse(options_parse_file, "pae=off"), 0);
}

/* With Secure Boot on, key by key. */
static void what_can_not_harm(void **state)
{
	(void)state;
	options.denied = options_denied(&options, true);
	denies("pae=off");
	denies("pae=auto");
	denies("serial=0x3f8");
	denies("serial=0xb2,9600");
	accepts("mode=report\nmem=1G\nnuma=off\nreserve=1@0\nbadram=1@0\nserial=ttyS1,9600\nserial="
		"off");
	accepts("console=serial\nfiles=off\nafter=reboot\nhostile=stale=1\nkernel=/k\ninitrd=/"
		"i\ncmdline=c");
	assert_string_equal(options.kernel, "/k");
}

/* One of the three in the embedded configuration, and none of them is the stick's. */
static void start_is_embedded_as_a_whole(void **state)
{
	static const char *const embedded[] = { "kernel=/e", "initrd=/e", "cmdline=e" };

	for (size_t i = 0; i < ARRAY_SIZE(embedded); i++) {
		reset(state);
		options.denied = 0;
		accepts(embedded[i]);
		options.denied = options_denied(&options, true);
		denies("kernel=/s");
		denies("initrd=/s");
		denies("cmdline=s");
		denies("cmdline=");
		accepts("mem=1G");
	}
}

/* Found by fuzz_options: the NULs went away, and what was then "{arch}" was not expanded. */
static void values_with_a_nul_are_refused(void **state)
{
	static const char text[] = "kernel = /k/{\0arch}\ncmdline = a\0b\n";
	struct sink errors = text_buffer_sink(&said_buffer, said, sizeof(said));

	(void)state;
	assert_int_equal(options_parse_file(&options, "conf", text, sizeof(text) - 1, &errors), 2);
	assert_true(options.kernel[0] == '\0' && options.cmdline[0] == '\0');
	assert_non_null(strstr(said, "conf:1: kernel"));
	assert_non_null(strstr(said, "conf:2: cmdline"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(defaults_are_those_of_the_contract),
		TEST(words_choose),
		TEST(values_with_a_nul_are_refused),
		TEST(sizes),
		TEST(ranges),
		TEST(ranges_add_up_to_their_limit),
		TEST(serial_ports),
		TEST(options_as_words),
		TEST(texts_as_words),
		TEST(quotes),
		TEST(numa),
		TEST(split_options),
		TEST(pae_option),
		TEST(kernels),
		TEST(words_of_every_kind),
		TEST(faults_of_the_firmware),
		TEST(utf16_becomes_ascii),
		TEST(rubbish_is_counted),
		TEST(hashes),
		TEST(nobody_else_names_hashes),
		TEST(what_can_not_harm),
		TEST(start_is_embedded_as_a_whole),
		TEST(the_last_of_a_key_counts),
		TEST(files_have_comments_blanks_and_marks),
		TEST(bad_lines_are_named_and_the_rest_applies),
		TEST(messages_are_short_and_printable),
		TEST(messages_repeat_what_was_written),
		TEST(load_options_are_words),
		TEST(quotes_hold_words_together),
		TEST(nul_bytes_are_blanks),
		TEST(nul_bytes_are_no_values),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}

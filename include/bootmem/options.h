/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options: key=value words from bootmem.conf and from the load options, which win.
 *
 * Numbers are decimal or, with 0x, hexadecimal. Sizes and addresses may end in K, M, G or T (powers
 * of 1024). Ranges are size@address, several joined by commas. The keys reserve, badram, hostile and
 * sha256 add up over all texts; of every other key the last value counts; kernel, initrd and cmdline
 * without a value are none.
 *
 * A third text can be part of the signed image: the embedded configuration. sha256 is taken from there alone, and
 * with Secure Boot on other texts may only say what can't harm (docs/secure-boot.md).
 */
#ifndef BOOTMEM_OPTIONS_H
#define BOOTMEM_OPTIONS_H

#include <bootmem/format.h>
#include <bootmem/sha256.h>
#include <bootmem/types.h>

#define OPTIONS_RANGES  32   /* in reserve=, and in badram=; one more is refused */
#define OPTIONS_NODES   64   /* most nodes of numa=fake=N */
#define OPTIONS_PATH    256  /* bytes, with the NUL */
#define OPTIONS_CMDLINE 2048 /* as much as Linux takes on x86 */
#define OPTIONS_HASHES  32   /* of sha256=; one more is refused */

/* Kinds of options that not every text may give; everything else may come from anywhere. */
#define OPTIONS_START   1u /* kernel, initrd, cmdline */
#define OPTIONS_HARM                                                                               \
	2u /* pae, which can take NX away; serial with a port's number, which may be anything's */
#define OPTIONS_NAMES 4u /* sha256 */

enum option_mode { MODE_BOOT, MODE_REPORT };
enum option_pae { PAE_AUTO, PAE_ON, PAE_OFF };
enum option_serial { SERIAL_AUTO, SERIAL_OFF, SERIAL_PORT };
enum option_console { CONSOLE_BOTH, CONSOLE_SERIAL, CONSOLE_SCREEN };
enum option_after { AFTER_HALT, AFTER_POWEROFF, AFTER_REBOOT };
enum option_numa { NUMA_ON, NUMA_OFF, NUMA_FAKE };
enum option_files { FILES_ON, FILES_OFF };

/* What the firmware is made to do wrong (hostile=). */
enum hostile_fault {
	HOSTILE_STALE,  /* the first n exits fail, because a page is allocated right before each */
	HOSTILE_GROW,   /* each map has n more entries than the one before */
	HOSTILE_STRIDE, /* n bytes from one descriptor to the next */
	HOSTILE_NESTED, /* n ranges that are not free are listed once more, as free ones */
	HOSTILE_UNSORTED, /* the map's order is mixed, in a way that depends on n */
	HOSTILE_ZERO,     /* n descriptors without pages */
	HOSTILE_REFUSE,   /* the first n claims of pages at an address are refused */
	HOSTILE_POOL,     /* the n-th AllocatePool fails */
	HOSTILE_PAGES,    /* the n-th AllocatePages fails */
	HOSTILE_NOGOP,    /* not 0: there is no graphics output protocol */
	HOSTILE_NOCONOUT, /* not 0: there is no console output */
	HOSTILE_FAULTS,
};

#define OPTIONS_FAULT_MAX 65535u

struct option_hostile {
	uint32_t fault[HOSTILE_FAULTS]; /* n; 0: not this one */
};

struct option_range {
	phys_t start_phys; /* as given: not aligned */
	uint64_t bytes;    /* not 0; start_phys + bytes <= PHYS_END */
};

struct boot_options {
	enum option_mode mode;
	enum option_pae pae;
	enum option_serial serial;
	enum option_console console;
	enum option_after after;
	uint16_t serial_port; /* with SERIAL_PORT */
	uint32_t serial_baud; /* 115200 / n for a whole n */
	uint64_t mem_bytes;   /* 0: all */
	uint32_t reserves, badrams;
	struct option_range reserve[OPTIONS_RANGES];
	struct option_range badram[OPTIONS_RANGES];

	uint64_t highmem_bytes, vmalloc_bytes; /* LIMITS_NOT_GIVEN, or as limits_split takes them */
	enum option_numa numa;
	uint32_t numa_fake_nodes; /* with NUMA_FAKE */

	/* NUL-terminated; empty: none. {arch} in a path stands for x86_64 or i386. */
	char kernel[OPTIONS_PATH], initrd[OPTIONS_PATH];
	char cmdline[OPTIONS_CMDLINE];

	enum option_files files;
	struct option_hostile hostile;

	uint32_t denied; /* kinds that the next text may not give */
	uint32_t hashes;
	struct sha256 sha256[OPTIONS_HASHES]; /* of the kernels and initrds that may be started */
};

/* Nothing is denied but what is the embedded configuration's alone. */
void options_defaults(struct boot_options *options);

/*
 * What the texts behind the embedded configuration may not give, once that is parsed. With Secure Boot on: what can
 * harm; and as soon as the embedded configuration says one of kernel, initrd and cmdline, these three.
 */
uint32_t options_denied(const struct boot_options *embedded, bool secure);

/*
 * Apply a text: lines of "key = value" (a file), or words of key=value (load options). In a file, #
 * at the start of a line or after a blank starts a comment, and a byte order mark and "\r" are
 * passed over. In load options, double quotes hold a word with blanks together, and a first word
 * without = is the image's own name, which some shells put there (Q66). In both, quotes round a value (in load
 * options also round a word) are not part of it, and two quotes between them stand for one: "say ""hi""". A
 * backslash is a backslash.
 *
 * Every line that can't be used is named on errors with its origin, number, key and what
 * would be accepted, and changes nothing; so is one of a kind that is denied. A valid key that this version
 * does nothing with is named too. After the first 16 of a text the others are only counted, in one more line. text need not be
 * NUL-terminated. Returns how many were refused.
 */
uint32_t options_parse_file(struct boot_options *options, const char *origin, const char *text,
	size_t length, const struct sink *errors);
uint32_t options_parse_words(struct boot_options *options, const char *origin, const char *text,
	size_t length, const struct sink *errors);

/*
 * A text that an editor saved as UTF-16, which begins with a byte order mark, as ASCII in the same place ('?' for what
 * is not). Returns its length; any other text stays as it is.
 */
size_t options_narrow(char *text, size_t length);

/*
 * The words that differ from the defaults, in the order of the keys and with blanks between them;
 * options_parse_words makes the same options of them. Nothing is written for the defaults, nor for sha256, which has
 * no part in the start itself.
 */
void options_format(const struct boot_options *options, const struct sink *out);

/* One range as reserve= and badram= take it: 16G@0x0. */
#define OPTION_RANGE_TEXT_MAX 48
void options_put_range(const struct option_range *range, const struct sink *out);

#endif

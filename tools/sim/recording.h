/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A recording: what somebody wrote down about a machine's memory, in one of the formats below, as
 * plain lists. Nothing is sorted or repaired here; that is the core's business.
 *
 * Every parser is a pure function of bytes. It appends to a recording that recording_init made,
 * and on false has named the line and what should have stood there.
 */
#ifndef SIM_RECORDING_H
#define SIM_RECORDING_H

#include <bootmem/e820.h>
#include <bootmem/fw_map.h>
#include <bootmem/linux_boot.h>
#include <bootmem/paging.h>
#include <bootmem/srat.h>
#include <bootmem/types.h>

#include "text.h"

enum recording_format {
	FORMAT_PLAIN,  /* test/maps/README.md */
	FORMAT_LOG,    /* a Linux kernel's messages */
	FORMAT_SHELL,  /* the UEFI shell's memmap */
	FORMAT_SYSFS,  /* /sys/firmware/memmap, one "N/start:0x0" on a line */
	FORMAT_REPORT, /* bootmem-report/1 */
	FORMAT_UNKNOWN,
};

/* E820 type of an entry whose type has no name here; the core reserves it. */
#define RECORD_TYPE_UNKNOWN E820_TYPES

/*
 * The type is an enum efi_memory_type in efi, an enum e820_type in e820 and user, a nid in srat.
 */
struct record {
	phys_t start, end;  /* end exclusive; end == start: empty; end < start: it wrapped */
	uint64_t attribute; /* of efi: EFI_ATTR_*; of srat: SRAT_* */
	uint32_t type;
};

/* A firmware's entry: EFI memory descriptors count whole pages. */
static inline bool record_pages(const struct record *record)
{
	return ((record->start | record->end) & (PAGE_SIZE - 1)) == 0;
}

struct record_list {
	struct record *item;
	uint32_t count, capacity;
};

/*
 * What a report of our own says about the start it is of, besides the map: enough to make the same
 * start again. Empty ranges were not there.
 */
struct recorded_start {
	bool known;
	char arch[16];
	uint64_t revision; /* of the firmware */
	char *options;     /* words for options_parse_words, NUL-terminated; null: none */
	uint64_t descriptors, descriptor_bytes, exit_attempts;
	struct paging_mode mode;
	struct record image, init, workspace, storage, framebuffer, uart, initrd;
	bool runtime_services, memory_attributes; /* were there */
	struct record_list parts; /* of the image and the workspace; the type is MAP_* rights */
	struct record_list areas; /* identity mappings; the type is MAP_* rights */
	struct record_list
		tables; /* the firmware's page tables, as far as they are RAM that it gives up */
	struct record_list claimed; /* pages that the firmware granted to bootmem */
	struct recorded_kernel {
		uint64_t entry;
		struct record_list
			segments; /* virtual, of an ELF kernel; the type is MAP_* rights */
		uint8_t setup_header[LINUX_HEADER_MAX_BYTES];
		uint32_t setup_bytes; /* 0: it is no Linux-protocol kernel */
	} kernel;
	uint32_t nodes;                                          /* 0: no distances */
	uint8_t distance[BOOTMEM_MAX_NODES * BOOTMEM_MAX_NODES]; /* [from * nodes + to] */
};

struct recording {
	enum recording_format format;
	char machine[96]; /* printable ASCII; may be empty */
	struct record_list efi;
	struct record_list e820; /* the firmware's, byte granular */
	struct record_list user; /* the kernel's map after mem= and memmap= */
	struct record_list srat;
	uint64_t processor_nids; /* bit n: the recording names processors of node n */
	struct {
		uint32_t earlier_starts; /* with maps, that a kernel log has, too */
		bool left_out;           /* lines of a later start, which has no map */
	} log;
	struct recorded_start start;
};

/* line 0: no line of its own is to blame. */
struct parse_error {
	uint32_t line;
	const char *expected;
};

void recording_init(struct recording *r);
void recording_free(struct recording *r);

/* Append; ends the program when the host has no memory. */
void record_add(struct record_list *list, struct record record);

/*
 * Recognise the format by content and read all of it. UTF-16 with a byte order mark, as the UEFI
 * shell writes files, is narrowed first. False: *error says why, and *r is to be freed all the
 * same.
 */
bool recording_parse(
	struct recording *r, const char *bytes, size_t size, struct parse_error *error);

/*
 * For formats that are read line by line: parse returns null, or what it expected, which ends the
 * text with the line's number in *error.
 */
bool parse_lines(struct recording *r, struct text text,
	const char *(*parse)(struct recording *r, struct text line), struct parse_error *error);

const char *recording_format_name(enum recording_format format);

/* --- one for each format --------------------------------------------------------------------- */

bool parse_plain(struct recording *r, struct text text, struct parse_error *error);
bool parse_log(struct recording *r, struct text text, struct parse_error *error);
bool parse_shell(struct recording *r, struct text text, struct parse_error *error);
bool parse_sysfs(struct recording *r, struct text text, struct parse_error *error);
bool parse_report(struct recording *r, struct text text, struct parse_error *error);

/* Could this line be one of the format's own? */
bool plain_line(struct text line);
bool log_line(struct text line);
bool shell_line(struct text line);
bool sysfs_line(struct text line);
bool report_line(struct text line);

/* --- what they share: names.c ---------------------------------------------------------------- */

/* An e820 type in any of the spellings in use, or type=N, or "type N". */
bool e820_type_of(struct text name, uint32_t *type);

/*
 * An EFI memory type in any of the spellings in use, or a number; blanks, "_" and "-" don't
 * count.
 */
bool efi_type_of(struct text name, uint32_t *type);

/* "WB|WT|WC|UC" or attr=0xf; what has no name is passed over. */
uint64_t efi_attributes_of(struct text names);

/* "start-end" or "start - end" in hexadecimal; the record's end is what is written, untouched. */
bool record_range(struct text *t, struct record *out);

/* The inclusive end as written becomes exclusive. */
static inline void record_close(struct record *record)
{
	record->end++;
}

#endif

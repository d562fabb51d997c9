/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF kernels: bytes to segments (elf.h). Invariant: a byte is read only after its offset was held against the
 * size, and what is accepted keeps every rule of the header. Called by the handoff before the exit, where a
 * refusal still gives everything back.
 */
#include <bootmem/elf.h>
#include <bootmem/string.h>

/* Offsets and values: gABI, "ELF Header" and "Program Header"; both classes differ by WORD alone. */
#define WORD            (4u * ARCH_ELF_CLASS) /* an address, an offset or a size */

#define IDENT_CLASS     4
#define IDENT_DATA      5
#define IDENT_VERSION   6
#define IDENT_BYTES     16

#define HEADER_TYPE     16
#define HEADER_MACHINE  18
#define HEADER_VERSION  20
#define HEADER_ENTRY    24
#define HEADER_TABLE    (24 + WORD)     /* e_phoff */
#define HEADER_SIZE     (30 + 3 * WORD) /* e_phentsize */
#define HEADER_COUNT    (32 + 3 * WORD) /* e_phnum */
#define HEADER_BYTES    (40 + 3 * WORD)

#define PROGRAM_TYPE    0
#define PROGRAM_OFFSET  WORD
#define PROGRAM_VIRT    (2 * WORD)
#define PROGRAM_FILE    (4 * WORD) /* p_filesz */
#define PROGRAM_MEM     (5 * WORD) /* p_memsz */
#define PROGRAM_FLAGS   (ARCH_ELF_CLASS == 2 ? 4 : 24)
#define PROGRAM_BYTES   (ARCH_ELF_CLASS == 2 ? 56u : 32u)

#define LITTLE_ENDIAN   1      /* ELFDATA2LSB */
#define VERSION         1      /* EV_CURRENT */
#define TYPE_EXECUTABLE 2      /* ET_EXEC */
#define TYPE_DYNAMIC    3      /* ET_DYN */
#define COUNT_ELSEWHERE 0xffff /* PN_XNUM */

#define LOAD            1 /* PT_LOAD */
#define DYNAMIC         2
#define INTERPRETER     3

#define FLAG_EXEC       1u /* PF_X */
#define FLAG_WRITE      2u
#define FLAG_READ       4u

struct parser {
	const uint8_t *bytes;
	uint64_t size;
	uint64_t table; /* offset of the program headers */
	uint32_t headers;
	struct elf_fault *fault;
	struct elf_kernel kernel; /* segments may exceed the array: those are counted only */
};

struct message {
	const char *text;
	const char *number; /* what it is; null: not worth showing */
	enum { DECIMAL, HEX } base;
};

static uint64_t field(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | at[bytes];
	return value;
}

static bool refuse(struct parser *p, enum elf_error error, uint64_t number)
{
	p->fault->error = error;
	p->fault->number = number;
	return false;
}

static bool in_file(const struct parser *p, uint64_t offset, uint64_t bytes)
{
	return offset <= p->size && bytes <= p->size - offset;
}

/* --- the ELF header --------------------------------------------------------------------------- */

/* The class comes before the length of the header, which depends on it. */
static bool check_ident(struct parser *p)
{
	const uint8_t *ident = p->bytes;

	if (!elf_recognise(p->bytes, p->size))
		return refuse(p, ELF_NOT_ELF, p->size);
	if (p->size < IDENT_BYTES)
		return refuse(p, ELF_TRUNCATED, p->size);
	if (ident[IDENT_CLASS] != ARCH_ELF_CLASS)
		return refuse(p, ELF_CLASS, ident[IDENT_CLASS]);
	if (ident[IDENT_DATA] != LITTLE_ENDIAN)
		return refuse(p, ELF_BYTE_ORDER, ident[IDENT_DATA]);
	if (ident[IDENT_VERSION] != VERSION)
		return refuse(p, ELF_VERSION, ident[IDENT_VERSION]);
	return p->size >= HEADER_BYTES || refuse(p, ELF_TRUNCATED, p->size);
}

static bool check_kind(struct parser *p)
{
	uint64_t version = field(p->bytes + HEADER_VERSION, 4);
	uint64_t machine = field(p->bytes + HEADER_MACHINE, 2);
	uint64_t type = field(p->bytes + HEADER_TYPE, 2);

	if (version != VERSION)
		return refuse(p, ELF_VERSION, version);
	if (machine != ARCH_ELF_MACHINE)
		return refuse(p, ELF_MACHINE, machine);
	if (type == TYPE_DYNAMIC)
		return refuse(p, ELF_POSITION_INDEPENDENT, type);
	return type == TYPE_EXECUTABLE || refuse(p, ELF_TYPE, type);
}

/* Without program headers their size and place mean nothing. */
static bool find_table(struct parser *p)
{
	uint64_t entry_bytes = field(p->bytes + HEADER_SIZE, 2);

	p->headers = (uint32_t)field(p->bytes + HEADER_COUNT, 2);
	p->table = field(p->bytes + HEADER_TABLE, WORD);
	if (p->headers == 0)
		return true;
	if (p->headers == COUNT_ELSEWHERE)
		return refuse(p, ELF_HEADER_COUNT, p->headers);
	if (entry_bytes != PROGRAM_BYTES)
		return refuse(p, ELF_HEADER_SIZE, entry_bytes);
	return in_file(p, p->table, p->headers * PROGRAM_BYTES) || refuse(p, ELF_TABLE, p->table);
}

/* --- one program header ----------------------------------------------------------------------- */

static uint32_t rights_of(uint64_t flags)
{
	return (flags & FLAG_WRITE ? MAP_WRITE : 0) | (flags & FLAG_EXEC ? MAP_EXEC : 0);
}

static struct elf_segment segment_of(const uint8_t *at, uint32_t header)
{
	struct elf_segment s = {
		.virt = field(at + PROGRAM_VIRT, WORD),
		.mem_bytes = field(at + PROGRAM_MEM, WORD),
		.file_offset = field(at + PROGRAM_OFFSET, WORD),
		.file_bytes = field(at + PROGRAM_FILE, WORD),
		.rights = rights_of(field(at + PROGRAM_FLAGS, 4)),
		.header = header,
	};

	if (s.file_bytes == 0)
		s.file_offset = 0;
	return s;
}

static enum elf_error bytes_error(const struct parser *p, const struct elf_segment *s)
{
	if (s->file_bytes > s->mem_bytes)
		return ELF_FILE_BYTES;
	return in_file(p, s->file_offset, s->file_bytes) ? ELF_OK : ELF_FILE_RANGE;
}

/* After the second check virt + mem_bytes can't wrap. */
static enum elf_error place_error(const struct elf_segment *s)
{
	if (s->virt < PAGE_SIZE)
		return ELF_PAGE_0;
	if (s->virt >= ARCH_VIRT_END || s->mem_bytes > ARCH_VIRT_END - s->virt)
		return ELF_VIRT_END;
	if (s->virt + s->mem_bytes > ARCH_VIRT_LOW_END && s->virt < ARCH_VIRT_HIGH_START)
		return ELF_NOT_CANONICAL;
	return ELF_OK;
}

static enum elf_error rights_error(uint64_t flags)
{
	if ((flags & (FLAG_READ | FLAG_WRITE | FLAG_EXEC)) == 0)
		return ELF_NO_ACCESS;
	return (flags & FLAG_WRITE) && (flags & FLAG_EXEC) ? ELF_WRITE_EXEC : ELF_OK;
}

/* In ascending order of virt. */
static void insert(struct elf_kernel *kernel, const struct elf_segment *s)
{
	uint32_t i = kernel->segments++;

	if (i >= ELF_MAX_SEGMENTS)
		return;
	for (; i > 0 && kernel->segment[i - 1].virt > s->virt; i--)
		kernel->segment[i] = kernel->segment[i - 1];
	kernel->segment[i] = *s;
}

static bool read_segment(struct parser *p, const uint8_t *at, uint32_t header)
{
	struct elf_segment s = segment_of(at, header);
	enum elf_error error = bytes_error(p, &s);

	if (error == ELF_OK && s.mem_bytes == 0)
		return true;
	if (error == ELF_OK)
		error = place_error(&s);
	if (error == ELF_OK)
		error = rights_error(field(at + PROGRAM_FLAGS, 4));
	if (error != ELF_OK)
		return refuse(p, error, s.virt);
	insert(&p->kernel, &s);
	return true;
}

static bool read_header(struct parser *p, uint32_t header)
{
	const uint8_t *at = p->bytes + (size_t)p->table + header * PROGRAM_BYTES;
	uint64_t type = field(at + PROGRAM_TYPE, 4);

	switch (type) {
	case LOAD:
		return read_segment(p, at, header);
	case INTERPRETER:
		return refuse(p, ELF_INTERPRETER, type);
	case DYNAMIC:
		return refuse(p, ELF_DYNAMIC, type);
	default:
		return true;
	}
}

static bool read_headers(struct parser *p)
{
	for (uint32_t i = 0; i < p->headers; i++)
		if (!read_header(p, i)) {
			p->fault->header = i;
			return false;
		}
	return true;
}

/* --- all segments together -------------------------------------------------------------------- */

static bool check_count(struct parser *p)
{
	if (p->kernel.segments == 0)
		return refuse(p, ELF_NO_SEGMENTS, p->headers);
	return p->kernel.segments <= ELF_MAX_SEGMENTS ||
	       refuse(p, ELF_MANY_SEGMENTS, p->kernel.segments);
}

static bool refuse_pair(struct parser *p, const struct elf_segment *low,
	const struct elf_segment *high, enum elf_error error)
{
	uint64_t page = align_down(high->virt, PAGE_SIZE);

	p->fault->header = low->header;
	p->fault->other = high->header;
	return refuse(p, error, error == ELF_SHARED_PAGE ? page : high->virt);
}

/* Where any two of sorted segments meet, two neighbours do. */
static bool check_neighbours(struct parser *p)
{
	for (uint32_t i = 1; i < p->kernel.segments; i++) {
		const struct elf_segment *low = &p->kernel.segment[i - 1], *high = low + 1;
		uint64_t last = low->virt + low->mem_bytes - 1;

		if (last >= high->virt)
			return refuse_pair(p, low, high, ELF_OVERLAP);
		if (last >> PAGE_SHIFT == high->virt >> PAGE_SHIFT)
			return refuse_pair(p, low, high, ELF_SHARED_PAGE);
	}
	return true;
}

/* No page is counted twice, so the sum stays within the address space. */
static bool check_total(struct parser *p)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < p->kernel.segments; i++) {
		const struct elf_segment *s = &p->kernel.segment[i];

		bytes += align_up(s->virt + s->mem_bytes, PAGE_SIZE) -
			 align_down(s->virt, PAGE_SIZE);
	}
	return bytes <= ELF_MAX_BYTES || refuse(p, ELF_TOO_LARGE, bytes);
}

static bool check_entry(struct parser *p)
{
	uint64_t entry = field(p->bytes + HEADER_ENTRY, WORD);

	p->kernel.entry = entry;
	for (uint32_t i = 0; i < p->kernel.segments; i++) {
		const struct elf_segment *s = &p->kernel.segment[i];

		if ((s->rights & MAP_EXEC) && entry >= s->virt && entry - s->virt < s->file_bytes)
			return true;
	}
	return refuse(p, ELF_ENTRY, entry);
}

/* --- public ----------------------------------------------------------------------------------- */

bool elf_recognise(const void *bytes, uint64_t size_bytes)
{
	return size_bytes >= 4 && memcmp(bytes, "\177ELF", 4) == 0;
}

enum elf_error elf_parse(
	struct elf_kernel *out, const void *bytes, uint64_t size_bytes, struct elf_fault *fault)
{
	struct parser p = { .bytes = bytes, .size = size_bytes, .fault = fault };

	*fault = (struct elf_fault){ ELF_OK, ELF_NO_HEADER, ELF_NO_HEADER, 0 };
	if (check_ident(&p) && check_kind(&p) && find_table(&p) && read_headers(&p) &&
		check_count(&p) && check_neighbours(&p) && check_total(&p) && check_entry(&p))
		*out = p.kernel;
	return fault->error;
}

static const struct message *message_of(enum elf_error error)
{
	static const struct message message[ELF_ERRORS] = {
		[ELF_OK] = { "no error", NULL, DECIMAL },
		[ELF_NOT_ELF] = { "it is not an ELF file", NULL, DECIMAL },
		[ELF_TRUNCATED] = { "it ends within its ELF header", "bytes", DECIMAL },
		[ELF_CLASS] = { "its ELF class is not that of " ARCH_NAME, "class", DECIMAL },
		[ELF_BYTE_ORDER] = { "it is not little-endian", "EI_DATA", DECIMAL },
		[ELF_VERSION] = { "it is of an unknown version of ELF", "version", DECIMAL },
		[ELF_MACHINE] = { "it is for another processor than " ARCH_NAME, "e_machine",
			DECIMAL },
		[ELF_POSITION_INDEPENDENT] = { "it is position independent; link it at its address",
			"e_type", DECIMAL },
		[ELF_TYPE] = { "it is not an executable", "e_type", DECIMAL },
		[ELF_HEADER_COUNT] = { "it has more program headers than its ELF header can tell",
			"e_phnum", DECIMAL },
		[ELF_HEADER_SIZE] = { "its program headers do not have the size of that class",
			"e_phentsize", DECIMAL },
		[ELF_TABLE] = { "its program headers are not all in the file", "offset", HEX },
		[ELF_INTERPRETER] = { "it wants an interpreter; link it statically", "p_type",
			DECIMAL },
		[ELF_DYNAMIC] = { "it wants a dynamic linker; link it statically", "p_type",
			DECIMAL },
		[ELF_FILE_BYTES] = { "a segment has more bytes in the file than in memory",
			"address", HEX },
		[ELF_FILE_RANGE] = { "a segment's bytes are not all in the file", "address", HEX },
		[ELF_PAGE_0] = { "a segment is in page 0, which is never mapped", "address", HEX },
		[ELF_VIRT_END] = { "a segment reaches the last page of the address space",
			"address", HEX },
		[ELF_NOT_CANONICAL] = { "a segment's addresses are not canonical", "address", HEX },
		[ELF_NO_ACCESS] = { "a segment allows no access at all", "address", HEX },
		[ELF_WRITE_EXEC] = { "a segment is both writable and executable", "address", HEX },
		[ELF_NO_SEGMENTS] = { "it has no segment to load", "program headers", DECIMAL },
		[ELF_MANY_SEGMENTS] = { "it has more segments than ELF_MAX_SEGMENTS", "segments",
			DECIMAL },
		[ELF_OVERLAP] = { "two segments overlap", "address", HEX },
		[ELF_SHARED_PAGE] = { "two segments share a page", "address", HEX },
		[ELF_TOO_LARGE] = { "its segments need more memory than ELF_MAX_BYTES", "bytes",
			DECIMAL },
		[ELF_ENTRY] = { "its entry point is not in the code of any segment", "address",
			HEX },
	};

	return (unsigned)error < ELF_ERRORS ? &message[error] : NULL;
}

const char *elf_error_text(enum elf_error error)
{
	const struct message *m = message_of(error);

	return m != NULL ? m->text : "?";
}

static void put_headers(const struct sink *sink, const struct elf_fault *fault)
{
	if (fault->other != ELF_NO_HEADER)
		sink_printf(sink, "program headers %u and %u, ", fault->header, fault->other);
	else if (fault->header != ELF_NO_HEADER)
		sink_printf(sink, "program header %u, ", fault->header);
}

void elf_explain(const struct sink *sink, const struct elf_fault *fault)
{
	const struct message *m = message_of(fault->error);

	sink_puts(sink, elf_error_text(fault->error));
	if (m == NULL || m->number == NULL)
		return;
	sink_puts(sink, " (");
	put_headers(sink, fault);
	sink_printf(
		sink, m->base == HEX ? "%s 0x%llx)" : "%s %llu)", m->number, ULL(fault->number));
}

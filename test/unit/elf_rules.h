/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What <bootmem/elf.h> promises, written a second time from the other end: for each refusal the rule that
 * it stands for, over the whole file at once and with the C library's structures. For the unit test and
 * the fuzzer; in the width of the architecture's kernels, whatever the test's own is.
 */
#ifndef TEST_ELF_RULES_H
#define TEST_ELF_RULES_H

#include <elf.h>
#include <string.h>

#include <bootmem/elf.h>

#if ARCH_ELF_MACHINE == EM_X86_64
typedef Elf64_Ehdr ehdr_t;
typedef Elf64_Phdr phdr_t;
typedef Elf64_Addr addr_t; /* as wide as an offset and a size */
#else
typedef Elf32_Ehdr ehdr_t;
typedef Elf32_Phdr phdr_t;
typedef Elf32_Addr addr_t;
#endif

#define RULES_WIDTH (sizeof(addr_t) * 8)
#define RULES_PAGE  ((addr_t)4096)

struct rules_file {
	const uint8_t *bytes;
	uint64_t size;
};

static inline bool rules_within(struct rules_file f, uint64_t offset, uint64_t bytes)
{
	return bytes == 0 || (offset < f.size && bytes - 1 <= f.size - 1 - offset);
}

/* What is not there is 0. */
static inline ehdr_t rules_header(struct rules_file f)
{
	ehdr_t header;

	memset(&header, 0, sizeof(header));
	if (f.size != 0)
		memcpy(&header, f.bytes, f.size < sizeof(header) ? f.size : sizeof(header));
	return header;
}

static inline bool rules_table_within(struct rules_file f)
{
	ehdr_t h = rules_header(f);

	return rules_within(f, h.e_phoff, h.e_phnum * sizeof(phdr_t));
}

static inline uint32_t rules_programs(struct rules_file f)
{
	return rules_table_within(f) ? rules_header(f).e_phnum : 0;
}

static inline phdr_t rules_program(struct rules_file f, uint32_t i)
{
	phdr_t program;

	memcpy(&program, f.bytes + rules_header(f).e_phoff + i * sizeof(program), sizeof(program));
	return program;
}

/* --- one program header --- */

static inline bool rules_is_loaded(const phdr_t *p)
{
	return p->p_type == PT_LOAD && p->p_memsz != 0;
}

static inline addr_t rules_last(const phdr_t *p)
{
	return p->p_vaddr + p->p_memsz - 1;
}

static inline bool rules_canonical(uint64_t virt)
{
	return RULES_WIDTH == 32 || (uint64_t)((int64_t)(virt << 16) >> 16) == virt;
}

static inline bool rules_crosses_hole(const phdr_t *p)
{
	uint64_t first = p->p_vaddr, last = rules_last(p);

	return !rules_canonical(first) || !rules_canonical(last) || first >> 63 != last >> 63;
}

static inline bool rules_loaded_breaks(enum elf_error rule, const phdr_t *p)
{
	switch (rule) {
	case ELF_PAGE_0:
		return p->p_vaddr < RULES_PAGE;
	case ELF_VIRT_END:
		return rules_last(p) < p->p_vaddr || rules_last(p) >= (addr_t)-RULES_PAGE;
	case ELF_NOT_CANONICAL:
		return rules_crosses_hole(p);
	case ELF_NO_ACCESS:
		return !(p->p_flags & (PF_R | PF_W | PF_X));
	case ELF_WRITE_EXEC:
		return (p->p_flags & (PF_W | PF_X)) == (PF_W | PF_X);
	default:
		return false;
	}
}

static inline bool rules_program_breaks(enum elf_error rule, struct rules_file f, uint32_t i)
{
	phdr_t p = rules_program(f, i);

	switch (rule) {
	case ELF_INTERPRETER:
		return p.p_type == PT_INTERP;
	case ELF_DYNAMIC:
		return p.p_type == PT_DYNAMIC;
	case ELF_FILE_BYTES:
		return p.p_type == PT_LOAD && p.p_filesz > p.p_memsz;
	case ELF_FILE_RANGE:
		return p.p_type == PT_LOAD && !rules_within(f, p.p_offset, p.p_filesz);
	default:
		return rules_is_loaded(&p) && rules_loaded_breaks(rule, &p);
	}
}

static inline bool rules_any_program_breaks(enum elf_error rule, struct rules_file f)
{
	for (uint32_t i = 0; i < rules_programs(f); i++)
		if (rules_program_breaks(rule, f, i))
			return true;
	return false;
}

/* --- all of them --- */

static inline uint32_t rules_loaded(struct rules_file f)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < rules_programs(f); i++) {
		phdr_t p = rules_program(f, i);

		count += rules_is_loaded(&p);
	}
	return count;
}

static inline bool rules_meet(const phdr_t *a, const phdr_t *b, addr_t unit)
{
	return a->p_vaddr / unit <= rules_last(b) / unit &&
	       b->p_vaddr / unit <= rules_last(a) / unit;
}

static inline bool rules_pair_breaks(
	enum elf_error rule, struct rules_file f, uint32_t i, uint32_t j)
{
	phdr_t a = rules_program(f, i), b = rules_program(f, j);
	bool overlap = rules_meet(&a, &b, 1), share = rules_meet(&a, &b, RULES_PAGE);

	if (i == j || !rules_is_loaded(&a) || !rules_is_loaded(&b))
		return false;
	return rule == ELF_OVERLAP ? overlap : share && !overlap;
}

/* Beyond the number allowed nobody asks for pairs. */
static inline bool rules_any_pair_breaks(enum elf_error rule, struct rules_file f)
{
	if (rules_loaded(f) > ELF_MAX_SEGMENTS)
		return false;
	for (uint32_t i = 0; i < rules_programs(f); i++)
		for (uint32_t j = 0; j < i; j++)
			if (rules_pair_breaks(rule, f, i, j))
				return true;
	return false;
}

/* Sums that wrap belong to files that break another rule. */
static inline uint64_t rules_pages(struct rules_file f)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < rules_programs(f); i++) {
		phdr_t p = rules_program(f, i);

		if (rules_is_loaded(&p))
			pages += rules_last(&p) / RULES_PAGE - p.p_vaddr / RULES_PAGE + 1;
	}
	return pages;
}

static inline bool rules_entry_is_code(struct rules_file f)
{
	addr_t entry = rules_header(f).e_entry;

	for (uint32_t i = 0; i < rules_programs(f); i++) {
		phdr_t p = rules_program(f, i);

		if (rules_is_loaded(&p) && (p.p_flags & PF_X) && p.p_filesz != 0 &&
			p.p_vaddr <= entry && entry <= p.p_vaddr + p.p_filesz - 1)
			return true;
	}
	return false;
}

static inline bool rules_header_breaks(enum elf_error rule, struct rules_file f)
{
	ehdr_t h = rules_header(f);

	switch (rule) {
	case ELF_NOT_ELF:
		return f.size < SELFMAG || memcmp(h.e_ident, ELFMAG, SELFMAG) != 0;
	case ELF_TRUNCATED:
		return f.size < sizeof(h);
	case ELF_CLASS:
		return h.e_ident[EI_CLASS] != (RULES_WIDTH == 64 ? ELFCLASS64 : ELFCLASS32);
	case ELF_BYTE_ORDER:
		return h.e_ident[EI_DATA] != ELFDATA2LSB;
	case ELF_VERSION:
		return h.e_ident[EI_VERSION] != EV_CURRENT || h.e_version != EV_CURRENT;
	case ELF_MACHINE:
		return h.e_machine != (RULES_WIDTH == 64 ? EM_X86_64 : EM_386);
	case ELF_POSITION_INDEPENDENT:
		return h.e_type == ET_DYN;
	case ELF_TYPE:
		return h.e_type != ET_EXEC && h.e_type != ET_DYN;
	case ELF_HEADER_COUNT:
		return h.e_phnum == PN_XNUM;
	case ELF_HEADER_SIZE:
		return h.e_phnum != 0 && h.e_phentsize != sizeof(phdr_t);
	default:
		return !rules_table_within(f);
	}
}

/* Does the file break this rule? */
static inline bool rules_break(enum elf_error rule, struct rules_file f)
{
	if (rule <= ELF_TABLE)
		return rules_header_breaks(rule, f);
	switch (rule) {
	case ELF_NO_SEGMENTS:
		return rules_loaded(f) == 0;
	case ELF_MANY_SEGMENTS:
		return rules_loaded(f) > ELF_MAX_SEGMENTS;
	case ELF_OVERLAP:
	case ELF_SHARED_PAGE:
		return rules_any_pair_breaks(rule, f);
	case ELF_TOO_LARGE:
		return rules_pages(f) > UINT64_C(1) << (30 - 12);
	case ELF_ENTRY:
		return !rules_entry_is_code(f);
	default:
		return rules_any_program_breaks(rule, f);
	}
}

/* --- what the parser said --- */

static inline bool rules_same_segment(const struct elf_segment *s, const phdr_t *p)
{
	return rules_is_loaded(p) && s->virt == p->p_vaddr && s->mem_bytes == p->p_memsz &&
	       s->file_bytes == p->p_filesz &&
	       s->file_offset == (p->p_filesz != 0 ? p->p_offset : 0) &&
	       (s->rights & MAP_WRITE) == (p->p_flags & PF_W ? MAP_WRITE : 0) &&
	       (s->rights & MAP_EXEC) == (p->p_flags & PF_X ? MAP_EXEC : 0) &&
	       (s->rights & ~(MAP_WRITE | MAP_EXEC)) == 0;
}

static inline bool rules_same_kernel(const struct elf_kernel *k, struct rules_file f)
{
	if (k->entry != rules_header(f).e_entry || k->segments != rules_loaded(f))
		return false;
	for (uint32_t i = 0; i < k->segments; i++) {
		const struct elf_segment *s = &k->segment[i];
		phdr_t p;

		if (s->header >= rules_programs(f) || (i > 0 && s[-1].virt >= s->virt))
			return false;
		p = rules_program(f, s->header);
		if (!rules_same_segment(s, &p))
			return false;
	}
	return true;
}

/* The headers that the fault names are the ones at fault, and none is named that is not. */
static inline bool rules_place_right(const struct elf_fault *fault, struct rules_file f)
{
	bool one = fault->header != ELF_NO_HEADER, two = fault->other != ELF_NO_HEADER;
	enum elf_error e = fault->error;

	if (e == ELF_OVERLAP || e == ELF_SHARED_PAGE)
		return fault->header < rules_programs(f) && fault->other < rules_programs(f) &&
		       rules_pair_breaks(e, f, fault->header, fault->other);
	if (e > ELF_TABLE && e < ELF_NO_SEGMENTS)
		return fault->header < rules_programs(f) && !two &&
		       rules_program_breaks(e, f, fault->header);
	return !one && !two;
}

/* Null, or what is wrong with the parser's answer. kernel is looked at when the file was accepted. */
static inline const char *rules_disagree(
	struct rules_file f, const struct elf_kernel *kernel, const struct elf_fault *fault)
{
	if (fault->error >= ELF_ERRORS)
		return "no such error";
	if (!rules_place_right(fault, f))
		return "the fault names the wrong program header";
	if (fault->error != ELF_OK)
		return rules_break(fault->error, f) ? NULL : "refused without that reason";
	for (enum elf_error rule = ELF_OK + 1; rule < ELF_ERRORS; rule++)
		if (rules_break(rule, f))
			return elf_error_text(rule);
	return rules_same_kernel(kernel, f) ? NULL : "the segments are not those of the file";
}

#endif

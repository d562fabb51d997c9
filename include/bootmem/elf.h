/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ELF kernels: from the bytes of a file to the segments that are to be placed and mapped (System V gABI,
 * "ELF Header" and "Program Header"; the processor supplements give EM_386 and EM_X86_64).
 *
 * A kernel is a fixed executable: ELF32 on i386, ELF64 on x86_64, little endian, linked at its own virtual
 * addresses. Nothing in the file is believed before it is checked, no byte beyond its end is read, no
 * sum is formed that could wrap. Fields may lie unaligned.
 *
 * Only PT_LOAD is loaded. PT_INTERP and PT_DYNAMIC ask for somebody who is not there; every other type
 * (PT_NULL, PT_NOTE, PT_PHDR, PT_TLS, PT_GNU_STACK, ...) is passed over. Not looked at: sections, EI_OSABI, e_flags,
 * e_ehsize, p_paddr and p_align; a segment's pages are placed one by one, so that only their virtual
 * addresses matter. Not as the gABI: program headers need not ascend.
 */
#ifndef BOOTMEM_ELF_H
#define BOOTMEM_ELF_H

#include <bootmem/arch.h>
#include <bootmem/format.h>
#include <bootmem/paging.h>
#include <bootmem/types.h>

#define ELF_MAX_SEGMENTS 16  /* not empty ones; linkers make 3 to 5 */
#define ELF_MAX_BYTES    GIB /* of memory: all pages that a segment touches */
#define ELF_NO_HEADER    UINT32_MAX

/* Memory [virt, virt + mem_bytes): first the file's bytes, then zeros. */
struct elf_segment {
	uint64_t virt;        /* as linked; not page aligned */
	uint64_t mem_bytes;   /* not 0 */
	uint64_t file_offset; /* 0 when file_bytes is */
	uint64_t file_bytes;  /* <= mem_bytes */
	uint32_t rights;      /* MAP_WRITE or MAP_EXEC or neither */
	uint32_t header;      /* which program header it is, from 0 */
};

/* Segments ascend by virt, and no page belongs to two of them. */
struct elf_kernel {
	uint64_t entry; /* within the file's bytes of an executable segment */
	uint32_t segments;
	struct elf_segment segment[ELF_MAX_SEGMENTS];
};

/* Why a file is refused. The comment says what elf_fault's number is. */
enum elf_error {
	ELF_OK = 0,
	ELF_NOT_ELF,              /* the file's size */
	ELF_TRUNCATED,            /* the file's size; the ELF header is not all there */
	ELF_CLASS,                /* EI_CLASS */
	ELF_BYTE_ORDER,           /* EI_DATA */
	ELF_VERSION,              /* EI_VERSION or e_version, whichever is not 1 */
	ELF_MACHINE,              /* e_machine */
	ELF_POSITION_INDEPENDENT, /* e_type, ET_DYN */
	ELF_TYPE,                 /* e_type */
	ELF_HEADER_COUNT,         /* e_phnum, PN_XNUM: the real number stands elsewhere */
	ELF_HEADER_SIZE,          /* e_phentsize */
	ELF_TABLE,                /* e_phoff; the program headers are not all there */
	ELF_INTERPRETER,          /* p_type, PT_INTERP */
	ELF_DYNAMIC,              /* p_type, PT_DYNAMIC */
	/* Of one segment; the number is its p_vaddr. */
	ELF_FILE_BYTES,    /* p_filesz > p_memsz */
	ELF_FILE_RANGE,    /* its bytes are not all in the file */
	ELF_PAGE_0,        /* page 0 is never mapped */
	ELF_VIRT_END,      /* reaches the last page of the address space, or wraps */
	ELF_NOT_CANONICAL, /* below ARCH_VIRT_END, but not in one of the halves (arch.h) */
	ELF_NO_ACCESS,     /* neither PF_R nor PF_W nor PF_X: the gABI allows no access then */
	ELF_WRITE_EXEC,    /* PF_W and PF_X */
	/* Of all of them. */
	ELF_NO_SEGMENTS,   /* e_phnum */
	ELF_MANY_SEGMENTS, /* how many; raise ELF_MAX_SEGMENTS */
	ELF_OVERLAP,       /* the first byte that two of them have */
	ELF_SHARED_PAGE,   /* the page that two of them have */
	ELF_TOO_LARGE,     /* bytes of their pages; raise ELF_MAX_BYTES */
	ELF_ENTRY,         /* e_entry; zeros of an executable segment are no code either */
	ELF_ERRORS,
};

struct elf_fault {
	enum elf_error error;
	uint32_t header; /* the program header at fault, from 0; ELF_NO_HEADER: none */
	uint32_t other;  /* the second one, higher in memory; ELF_NO_HEADER: none */
	uint64_t number;
};

/* Does it begin as an ELF file does? Says nothing else about it: it chooses the protocol. */
bool elf_recognise(const void *bytes, uint64_t size_bytes);

/*
 * Read a kernel from the size_bytes at bytes, all readable; they stay the caller's and are not needed by what comes
 * out. Segments with p_memsz 0 are passed over. Cost grows with the number of program headers.
 *
 * *out is written on success only; *fault always (on success: ELF_OK, no headers, 0). The first broken rule is
 * told: first of the ELF header, then of the program headers one by one, then of all segments together.
 *
 * Whether the addresses are free in this machine's address space is for the plan to say (mapplan_check).
 */
BM_MUST_USE enum elf_error elf_parse(
	struct elf_kernel *out, const void *bytes, uint64_t size_bytes, struct elf_fault *fault);

/* "a segment is both writable and executable", ...: for people. */
const char *elf_error_text(enum elf_error error);

/*
 * The same with the place, without a line end: "two segments share a page (program headers 1 and 2, address
 * 0xffffffff80103000)".
 */
void elf_explain(const struct sink *sink, const struct elf_fault *fault);

#endif

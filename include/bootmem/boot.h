/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pipeline: from the firmware's map to a live buddy allocator.
 *
 *   boot_prepare        snapshot, e820, limits, nodes, bootmem, paging, zones. Nothing
 *                       irreversible: after an error the front end gives every claimed page back.
 *   boot_exit           exit, settle. From the first attempt on an error is the end of the machine.
 *   (the front end)     activate: own stack and descriptor tables, then the page tables
 *   boot_activated      the address space is ours
 *   boot_mem_init       mem_init: bootmem ends, the buddy allocator lives
 *
 * The core knows the firmware only through struct boot_platform. The EFI application and the host
 * programs are two front ends of the same pipeline.
 */
#ifndef BOOTMEM_BOOT_H
#define BOOTMEM_BOOT_H

#include <bootmem/bootmem.h>
#include <bootmem/e820.h>
#include <bootmem/efi_mat.h>
#include <bootmem/elf.h>
#include <bootmem/finding.h>
#include <bootmem/format.h>
#include <bootmem/fw_map.h>
#include <bootmem/handoff.h>
#include <bootmem/limits.h>
#include <bootmem/linux_boot.h>
#include <bootmem/mm.h>
#include <bootmem/node.h>
#include <bootmem/options.h>
#include <bootmem/owner.h>
#include <bootmem/paging.h>
#include <bootmem/types.h>

enum boot_stage {
	STAGE_SNAPSHOT,
	STAGE_E820,
	STAGE_LIMITS,
	STAGE_NODES,
	STAGE_BOOTMEM,
	STAGE_PAGING,
	STAGE_ZONES,
	STAGE_EXIT,
	STAGE_SETTLE,
	STAGE_ACTIVATE,
	STAGE_MEM_INIT,
	STAGE_REPORT,
	STAGE_HANDOFF,
	STAGE_CONSOLE, /* not a stage: what the others spent on output */
	STAGE_COUNT,
};

struct boot_platform {
	void *ctx;
	/* Read the firmware's map into the platform's own buffer; *map stays valid until the next call. */
	enum bm_error (*get_map)(void *ctx, struct fw_map *map);
	/*
	 * Null, or: the same map as raw e820 entries, with byte granularity and at most capacity of them
	 * (BM_FULL). Stage e820 then starts from these; the descriptors only tell what is free.
	 */
	enum bm_error (*get_raw)(void *ctx, struct e820_entry *raw, uint32_t capacity,
		uint32_t *count, struct findings *f);
	/* Ask the firmware for exactly these pages. */
	enum bm_error (*claim)(void *ctx, pfn_t start_pfn, uint64_t pages);
	/*
	 * Leave boot services; *map is the map whose key was accepted, at the last of so many attempts. An error before
	 * the first leaves the firmware as it was.
	 */
	enum bm_error (*exit)(void *ctx, struct fw_map *map, uint32_t *attempts);
	/*
	 * Null, or: call visit with the page tables that are live until activate, where they are known but can't be read;
	 * else they are found from the input's firmware_root on.
	 */
	void (*live_tables)(
		void *ctx, void (*visit)(void *visit_ctx, phys_t table), void *visit_ctx);
	uint64_t (*cycles)(void *ctx);
	void (*stage)(void *ctx, enum boot_stage stage); /* null, or: told when one begins */
	const struct sink *console; /* progress and error messages, safe in every phase */
};

/* What the front end knows about itself and the machine. Physical ranges are page aligned. */
#define BOOT_SPECIALS     16
#define BOOT_SRAT_RANGES  512 /* memory entries of an SRAT; more is a finding, and one node */
#define BOOT_ALL_SPECIALS (BOOT_SPECIALS + 9 + ELF_MAX_SEGMENTS + OPTIONS_RANGES)
#define BOOT_TABLE_RUNS                                                                            \
	256 /* runs of the firmware's page tables that are kept after the exit; more is a finding */
#define BOOT_CLAIMS 256 /* runs of pages that the firmware grants; one more counts as refused */
struct boot_input {
	struct paging_mode mode;
	phys_t image_start_phys, image_end_phys;
	/* the part of the image's text that nothing runs once boot_activated was called; empty: none */
	phys_t init_start_phys, init_end_phys;
	/* everything the front end allocated for itself before the start: map buffer and core's storage */
	phys_t workspace_start_phys, workspace_end_phys;
	/* identity-mapped with these rights: the parts of the image, the workspace */
	struct map_special special[BOOT_SPECIALS];
	uint32_t specials;
	phys_t rsdp_phys; /* ACPI's root pointer; 0: none */
	/* the tables that are live at the start; root 0: paging is off, or nobody knows */
	struct paging_mode firmware_mode;
	phys_t firmware_root;
	/* false: nobody will call runtime services, so nothing about them is a finding */
	bool runtime_services;
	enum linux_secure_boot secure_boot; /* for Linux, which locks itself down accordingly */
	bool no_long_mode;             /* a 64-bit kernel would stop without a word on this CPU */
	const void *memory_attributes; /* EFI's table, as the firmware shows it; null: none */
	phys_t framebuffer_phys;
	uint64_t framebuffer_bytes;
	struct handoff_framebuffer
		screen; /* its size and colours; phys, address and bytes are not looked at */
	struct handoff_serial serial;
	/* a 16550 in memory: eight registers, 1 or 4 bytes apart, as wide as that; stride 0: none */
	phys_t uart_phys;
	uint32_t uart_stride;
	struct handoff_firmware firmware;
	/* The kernel's file, in memory that is the firmware's until the exit; null: none. */
	const void *kernel_file;
	uint64_t kernel_file_bytes;
	/* Where the front end has put the initrd, in pages of its own; equal: none. */
	phys_t initrd_start_phys, initrd_end_phys; /* page aligned start */
	char firmware_vendor[64];                  /* ASCII */
	uint32_t firmware_revision;
	struct boot_options options;
};

enum boot_protocol { PROTOCOL_NONE, PROTOCOL_NATIVE, PROTOCOL_LINUX };

/* The kernel in memory: [virt, virt + bytes) as it is linked, at phys. A Linux-protocol kernel has virt == phys. */
struct boot_kernel {
	enum boot_protocol protocol;
	phys_t phys;
	uint64_t virt, bytes;
	uint64_t entry;
	struct elf_kernel elf;       /* PROTOCOL_NATIVE */
	struct linux_kernel bzimage; /* PROTOCOL_LINUX, and so is the rest */
	struct linux_handoff linux_handoff;
	struct paging
		linux_paging; /* the identity mapping that a 64-bit kernel is entered with; root 0: none */
	phys_t linux_gdt_phys; /* ARCH_LINUX_GDT_BYTES, for arch_jump_linux to fill */
};

/* Outcome of mm_selftest and kmap_selftest. */
struct boot_selftest {
	uint32_t blocks;     /* taken and given back */
	bool balanced;       /* every count as before, every list consistent */
	uint32_t high_pages; /* of kmap_selftest */
};

struct boot {
	const struct boot_platform *platform;
	struct boot_input input;
	enum boot_stage stage; /* the one that runs, or ran last */
	bool exited;
	phys_t map_phys; /* where the accepted map lies */

	/* storage, cut from the workspace by boot_init */
	phys_t storage_phys;
	uint64_t storage_bytes;
	struct e820_entry *raw;
	uint32_t raw_capacity;
	struct e820 next; /* the accepted map's table, until settle adopts it */
	struct findings next_findings;

	struct pfn_range
		scratch; /* pages of the storage that only the stages before mem_init use */
	uint64_t freed_init_pages; /* given back at the end of mem_init */

	/* every page that the firmware granted, in the order of the claims; those given back to bootmem, too */
	struct pfn_range claimed[BOOT_CLAIMS];
	uint32_t claims;

	phys_t far_phys; /* RAM from here on is left out (P8); 0: none */
	struct fw_map map;
	struct findings findings;
	struct e820 e820;
	struct split split;
	struct limits limits;
	bool affinity_read;
	struct srat srat; /* no nodes: none that is usable */
	struct slit
		slit; /* no localities: none; its bytes are the firmware's, valid until activate */
	struct node_map node_map;
	struct node_range *next_range; /* as long as node_map's; settle makes the new ranges here */
	struct bootmem bootmem[BOOTMEM_MAX_NODES]; /* by nid; the pool's */
	pfn_t bitmap_pfn[BOOTMEM_MAX_NODES];
	uint64_t bitmap_pages[BOOTMEM_MAX_NODES];
	struct bootmem_pool pool;
	struct owners owners;
	struct address_space space;
	struct map_special
		*special; /* the input's, the core's own, the firmware's; until mem_init */
	uint32_t specials, special_capacity;
	struct paging_audit audit; /* of the tables that were live at the start */
	bool runtime_usable;       /* runtime services can be called under our page tables */
	struct map_plan plan;
	struct paging paging;
	phys_t cpu_block_phys; /* ARCH_CPU_PAGES pages: stacks and descriptor tables */
	struct mm *mm;
	phys_t mm_phys;
	uint32_t exit_attempts;
	struct boot_selftest selftest;
	struct boot_kernel kernel;
	phys_t record_phys; /* of the handoff record; of boot_params */
	uint64_t record_pages;
	uint64_t cycles[STAGE_COUNT];
	uint64_t stage_start, stage_console; /* of the running stage */
};

/* Bytes of storage that boot_init needs for a map of so many descriptors; slack for growth included. */
uint64_t boot_storage_bytes(uint32_t descriptors);

/*
 * Set up *b (any contents) for one start. storage is boot_storage_bytes long, 16-byte aligned, and lies in
 * the input's workspace; window is how memory is seen now (identity under firmware).
 */
BM_MUST_USE enum bm_error boot_init(struct boot *b, const struct boot_platform *platform,
	const struct boot_input *input, void *storage, uint64_t storage_bytes,
	struct window window);

/* Stages 1 to 7. After an error, printed on the console, the firmware can go on. */
BM_MUST_USE enum bm_error boot_prepare(struct boot *b);

/* Stages 8 and 9. After an error, printed on the console, the machine stops; if b->exited is false the firmware can go on. */
BM_MUST_USE enum bm_error boot_exit(struct boot *b);

/* Our page tables are live and memory is seen through window. */
void boot_activated(struct boot *b, struct window window);

/* Stage 11: from bootmem to the buddy allocator, then the self-test. */
BM_MUST_USE enum bm_error boot_mem_init(struct boot *b);

/*
 * Where a kernel was placed: write its record or its boot_params, from all that is known now; the report may
 * follow. boot_seal_record then adds the last timings and the checksum, right before the jump.
 */
BM_MUST_USE enum bm_error boot_make_record(struct boot *b);
void boot_seal_record(struct boot *b);

/* What the kernel is given: the record's address in the direct map, or where boot_params are; 0: none. */
uint64_t boot_record_address(const struct boot *b);

/* "native", ... */
const char *boot_protocol_name(enum boot_protocol protocol);

/* Only where our page tables are live: the self-test of the windows into high memory. */
BM_MUST_USE enum bm_error boot_test_highmem(struct boot *b);

/*
 * One line of progress or error for people, on the platform's console. Its cost is charged to
 * STAGE_CONSOLE. boot_fail also returns the error: return boot_fail(b, BM_NOMEM, "paging: ...").
 */
BM_PRINTF(2, 3) void boot_say(struct boot *b, const char *format, ...);
BM_PRINTF(3, 4)
enum bm_error boot_fail(struct boot *b, enum bm_error error, const char *format, ...);

/*
 * A sink whose writes are charged to STAGE_CONSOLE, all at once by boot_output_end: for a report's output, which is the
 * same each time it is made.
 */
struct boot_output {
	struct boot *boot;
	const struct sink *inner;
	uint64_t cycles;
};

struct sink boot_output_sink(struct boot_output *output, struct boot *b, const struct sink *inner);
void boot_output_end(struct boot_output *output);

/* What an address of the live address space is, in a few words without a newline: "page 0, mapped nowhere". */
void boot_put_place(const struct boot *b, uint64_t virt, const struct sink *out);

/* Charge the cycles since the last call to a stage (the front end's stages: activate, report). */
void boot_stage_begin(struct boot *b, enum boot_stage stage);
void boot_stage_end(struct boot *b);

/* "snapshot", "e820", ...: the words of the report. */
const char *boot_stage_name(enum boot_stage stage);

/*
 * Where the framebuffer is seen under our page tables: where it is, or in an area of its own. 0: there is none, or it is
 * out of reach.
 */
uint64_t boot_framebuffer_address(const struct boot *b);

/* The same of the serial port in memory; also 0 where the firmware says that it is in RAM. */
uint64_t boot_uart_address(const struct boot *b);

/* Bytes of its registers; 0: there is none. */
static inline uint64_t boot_uart_bytes(const struct boot_input *in)
{
	return 8 * (uint64_t)in->uart_stride;
}

/* Pages of one owner in this start, mem_map included. */
uint64_t boot_owner_pages(const struct boot *b, enum owner owner);

#endif

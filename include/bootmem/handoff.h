/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The native handoff: what a kernel finds when bootmem jumps to it (docs/handoff.md says it in prose). This header
 * is the whole contract and needs <stdint.h> only. Fields have the same offsets for 32-bit and 64-bit readers; they only
 * grow at the end, and bytes tells how far.
 *
 * Units: _phys is a physical address in bytes, _pfn a page number (4 KiB), address a virtual address in the direct map
 * that the kernel can use as it is. Ends are exclusive. Every table is part of the record's one block of pages
 * (record_phys, record_bytes), which is the kernel's until it gives it back.
 */
#ifndef BOOTMEM_HANDOFF_H
#define BOOTMEM_HANDOFF_H

#include <stdint.h>

#define HANDOFF_MAGIC          UINT64_C(0x316d656d746f6f62) /* "bootmem1" in memory */
#define HANDOFF_VERSION        1u /* changes when an existing field does */

/* flags */
#define HANDOFF_RUNTIME_USABLE UINT32_C(1) /* EFI runtime services can be called where they are */
#define HANDOFF_NX             UINT32_C(2) /* execute-disable works */
#define HANDOFF_PAT            UINT32_C(4) /* the page attribute table is ours: entry 1 is write-combining */

/* count elements, stride bytes apart, from address on; address 0: none. */
struct handoff_table {
	uint64_t address;
	uint32_t count;
	uint32_t stride;
};

struct handoff_range {
	uint64_t start; /* in bytes or pages, as the field says */
	uint64_t end;
};

/* --- elements of the tables --------------------------------------------------------------------- */

/* Sorted, disjoint, byte granular; gaps are nobody's. The numbers are Linux's. */
#define HANDOFF_E820_RAM        1u
#define HANDOFF_E820_RESERVED   2u
#define HANDOFF_E820_ACPI       3u
#define HANDOFF_E820_NVS        4u
#define HANDOFF_E820_UNUSABLE   5u
#define HANDOFF_E820_PMEM       7u
#define HANDOFF_E820_UNACCEPTED 8u
#define HANDOFF_E820_SOFT       UINT32_C(0xefffffff)
struct handoff_e820 {
	uint64_t start_phys;
	uint64_t end_phys;
	uint32_t type;
	uint32_t pad;
};

/* In the order of their numbers. */
struct handoff_node {
	uint64_t start_pfn, end_pfn; /* span, holes included; equal: no memory */
	uint64_t present_pages;
	uint32_t nid;
	uint32_t pad;
};

/* RAM of one node; together they are all RAM, in ascending order. */
struct handoff_node_range {
	uint64_t start_pfn, end_pfn;
	uint32_t nid;
	uint32_t pad;
};

/* Every zone of every node, empty ones too, in the order nid, index. */
#define HANDOFF_ORDERS 11
struct handoff_zone {
	uint64_t start_pfn;
	uint64_t spanned_pages, present_pages, managed_pages, free_pages;
	uint64_t free_blocks[HANDOFF_ORDERS]; /* by order; those not written yet included */
	uint64_t watermark_min, watermark_low, watermark_high;
	uint32_t nid;
	uint32_t index;
	char name[16]; /* "DMA32" */
};

/* A reserved page of RAM has exactly one owner; ascending. Pages of RAM without an owner are free. */
#define HANDOFF_RECLAIMABLE 1u /* the kernel may take it once it needs nothing in it any more */
struct handoff_owner_range {
	uint64_t start_pfn, end_pfn;
	uint32_t owner; /* index into owner_names */
	uint32_t flags;
};

struct handoff_name {
	char text[32]; /* NUL-terminated */
};

/* What the page tables map, ascending by virtual address. */
#define HANDOFF_MAP_WRITE  1u
#define HANDOFF_MAP_EXEC   2u
#define HANDOFF_MAP_UC     4u
#define HANDOFF_MAP_WC     8u
#define HANDOFF_MAP_TABLES 16u /* no pages, only tables, for the kernel to fill */
struct handoff_area {
	uint64_t virt;
	uint64_t phys; /* 0 with HANDOFF_MAP_TABLES */
	uint64_t bytes;
	uint32_t rights;
	uint32_t kind; /* index into area_names */
};

struct handoff_module {
	uint64_t start_phys, end_phys; /* the bytes; pages are the kernel's, owner "initrd" */
	uint64_t address;              /* 0: not in the direct map (i386, high memory) */
	char name[104]; /* the path it was read from, NUL-terminated, cut if longer */
};

/* Processor cycles that a stage took. */
struct handoff_timing {
	uint64_t cycles;
	char stage[24];
};

/* --- parts of the record ----------------------------------------------------------------------- */

struct handoff_limits {
	uint64_t min_low_pfn, max_low_pfn, max_pfn, highstart_pfn, highend_pfn;
};

struct handoff_paging {
	uint64_t root_phys;   /* CR3 */
	uint64_t tables_phys; /* all tables, one run */
	uint64_t tables_bytes;
	uint64_t direct_base; /* virtual address of physical 0 in the direct map */
	uint64_t direct_bytes;
	struct handoff_range vmalloc, fixmap, pkmap; /* virtual; pkmap may be empty */
	uint32_t levels;
	uint32_t phys_bits;
};

struct handoff_kernel {
	uint64_t virt;  /* first page of the lowest segment */
	uint64_t phys;  /* where that page is; all segments keep their distance */
	uint64_t bytes; /* up to the end of the last page of the highest; gaps are free memory */
	uint64_t entry; /* virtual */
	struct handoff_range stack; /* virtual; a page below it is not mapped */
};

/* Mapped write-combining, where it is if that is below the direct map, else in an area of its own. A mask has the bits of one colour in a pixel. */
struct handoff_framebuffer {
	uint64_t phys;
	uint64_t address; /* 0: not mapped, or there is none */
	uint64_t bytes;
	uint32_t width, height;  /* pixels */
	uint32_t pitch;          /* bytes from one line to the next */
	uint32_t bits_per_pixel; /* 0: no framebuffer */
	uint32_t red_mask, green_mask, blue_mask, reserved_mask;
};

struct handoff_serial {
	uint32_t port; /* I/O port; 0: none */
	uint32_t baud;
};

/* A 16550 in memory instead of at I/O ports: eight registers, stride bytes apart and as wide. Mapped uncached. */
struct handoff_uart {
	uint64_t phys;
	uint64_t address; /* 0: not mapped, or there is none */
	uint32_t stride;  /* 1 or 4; 0: there is none */
	uint32_t pad;
};

struct handoff_firmware {
	uint64_t system_table_phys; /* EFI's; boot services are gone */
	uint64_t rsdp_phys;         /* 0: none, as the next two */
	uint64_t smbios_phys;
	uint64_t smbios3_phys;
};

/* --- the record -------------------------------------------------------------------------------- */

struct handoff {
	uint64_t magic;
	uint32_t version;
	uint32_t bytes; /* of this structure, as the loader knows it */
	uint32_t
		checksum; /* makes the sum of all 32-bit words of the record's block, modulo 2^32, 0 */
	uint32_t flags;
	uint32_t machine; /* ELF e_machine of the loader: 3 or 62 */
	uint32_t pad;
	uint64_t layout_hash; /* of the structures behind mm; libbootmem compares it with its own */
	uint64_t mm_address;  /* struct mm: the live allocator (<bootmem/mm.h>), for libbootmem */
	uint64_t record_phys;
	uint64_t record_bytes;     /* of the whole block, whole pages */
	struct handoff_table e820; /* struct handoff_e820 */
	struct handoff_table
		efi_map; /* the map the exit accepted, as the firmware wrote it (EFI_MEMORY_DESCRIPTOR) */
	struct handoff_table nodes;       /* struct handoff_node */
	struct handoff_table node_ranges; /* struct handoff_node_range */
	struct handoff_table zones;       /* struct handoff_zone */
	struct handoff_table
		free; /* struct handoff_range, in pages: every free page, as it was at the jump */
	struct handoff_table owners;      /* struct handoff_owner_range */
	struct handoff_table owner_names; /* struct handoff_name */
	struct handoff_table areas;       /* struct handoff_area */
	struct handoff_table area_names;  /* struct handoff_name */
	struct handoff_table modules;     /* struct handoff_module; the initrd is the first */
	struct handoff_table timings;     /* struct handoff_timing */
	struct handoff_table cmdline;     /* count bytes with the NUL, stride 1; never absent */
	uint32_t efi_map_version;
	uint32_t exit_attempts;
	struct handoff_limits limits;
	struct handoff_paging paging;
	struct handoff_kernel kernel;
	struct handoff_framebuffer framebuffer;
	struct handoff_serial serial;
	struct handoff_firmware firmware;
	struct handoff_uart uart;
};

/* --- entry ------------------------------------------------------------------------------------- */

/*
 * x86_64: void entry(const struct handoff *record) by the System V convention: rdi is the record; every other
 * general register but rsp is 0; rsp is 16-byte aligned + 8, and a return address of 0 stands there.
 * i386: the same by cdecl: the record is at 4(%esp) and in eax; every other general register but esp is 0.
 *
 * Interrupts are off, the direction flag is clear. CR0: PE, MP, ET, NE, WP, PG. CR4: PAE where tables are PAE, PSE with two
 * levels and large pages, LA57 with 5 levels, MCE, OSFXSR and OSXMMEXCPT where the processor has them; nothing else. EFER: LME, LMA, NXE as they apply, no SCE.
 * Other processors wait where the firmware parked them, perhaps on its page tables: what of those is RAM has the owner
 * "firmware page tables", to be freed when the kernel has started or stopped these processors itself.
 * FPU and SSE are in their initial state. GDT: flat code (0x08), flat data (0x10, in ds, es, ss; fs and gs are
 * null), a loaded TSS. The IDT's 32 exception gates print the fault on the loader's serial port and stop; it and
 * the stack stay valid until the kernel frees their owner, "cpu tables and stacks" and "image".
 */
typedef void handoff_entry(const struct handoff *record);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * x86_64: zones, sections and the virtual address space (docs/address-space.md).
 */
#ifndef ARCH_LAYOUT_H
#define ARCH_LAYOUT_H

#define ARCH_NAME          "x86_64"

#define ARCH_SECTION_SHIFT 27 /* 128 MiB */

#define ARCH_NR_ZONES      3
#define ARCH_ZONE_NAMES                                                                            \
	{                                                                                          \
		"DMA", "DMA32", "Normal"                                                           \
	}
#define ARCH_DMA_END_PFN     (UINT64_C(16) << (20 - 12))
#define ARCH_DMA32_END_PFN   (UINT64_C(4) << (30 - 12))
#define ARCH_SPLIT_PHYS      (UINT64_C(4) << 30)
#define ARCH_HIGHMEM         0

/*
 * Linux's documented bases. The vmalloc area is one top-level entry, whose table is present from the
 * start, so that a kernel's address spaces share it without ever copying entries.
 */
#define ARCH_DIRECT_BASE     UINT64_C(0xffff888000000000) /* 64 TiB */
#define ARCH_DIRECT_END      UINT64_C(0xffffc88000000000)
#define ARCH_VMALLOC_START   UINT64_C(0xffffc90000000000) /* 512 GiB */
#define ARCH_VMALLOC_END     UINT64_C(0xffffc98000000000)

/* The same with 5 levels. */
#define ARCH_DIRECT_BASE_5   UINT64_C(0xff11000000000000) /* 32 PiB */
#define ARCH_DIRECT_END_5    UINT64_C(0xff91000000000000)
#define ARCH_VMALLOC_START_5 UINT64_C(0xffa0000000000000) /* 256 TiB */
#define ARCH_VMALLOC_END_5   UINT64_C(0xffa1000000000000)

/* What a kernel can be linked at: canonical with 4 levels and so with 5, and below the last page. */
#define ARCH_VIRT_LOW_END    UINT64_C(0x0000800000000000)
#define ARCH_VIRT_HIGH_START UINT64_C(0xffff800000000000)
#define ARCH_VIRT_END        UINT64_C(0xfffffffffffff000)

/* Its file: ELFCLASS64, EM_X86_64. */
#define ARCH_ELF_CLASS       2
#define ARCH_ELF_MACHINE     62

#define ARCH_FIXMAP_START    UINT64_C(0xffffffffff400000) /* 2 MiB: one page table */
#define ARCH_FIXMAP_END      UINT64_C(0xffffffffff600000)

/*
 * The CPU block, by pages: tables, then stacks, each above a guard page. The guards are mapped nowhere.
 */
#define ARCH_CPU_PAGES       22
#define ARCH_CPU_GUARDS                                                                            \
	{                                                                                          \
		1, 10, 13, 16, 19                                                                  \
	}
#define ARCH_CPU_MAIN_STACK_PAGE  2 /* to 9 */
#define ARCH_CPU_MAIN_STACK_PAGES 8
#define ARCH_CPU_TRAP_STACK_PAGE  11 /* 11, 14, 17, 20: #DF, NMI, #MC, #PF */
#define ARCH_CPU_TRAP_STACK_PAGES 2
#define ARCH_CPU_TRAP_STACK_STEP  3
#define ARCH_CPU_TRAP_STACKS      4

/* The Linux protocol's selectors are 0x10 and 0x18. */
#define ARCH_LINUX_GDT_BYTES      32

#endif

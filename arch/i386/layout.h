/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * i386: zones, sections and the virtual address space (docs/address-space.md).
 *
 *   PAGE_OFFSET        direct map of low memory
 *   high_memory        + guard gap
 *   vmalloc            up to VMALLOC_END
 *   pkmap              2 MiB window for high pages
 *   fixmap             2 MiB at fixed addresses, up to the last page
 */
#ifndef ARCH_LAYOUT_H
#define ARCH_LAYOUT_H

#define ARCH_NAME          "i386"

#define ARCH_SECTION_SHIFT 26 /* 64 MiB: 256 KiB of descriptors, 14 sections of low memory */

#define ARCH_NR_ZONES      3
#define ARCH_ZONE_NAMES                                                                            \
	{                                                                                          \
		"DMA", "Normal", "HighMem"                                                         \
	}
#define ARCH_DMA_END_PFN     (UINT64_C(16) << (20 - 12))
#define ARCH_DMA32_END_PFN   UINT64_C(0)
#define ARCH_SPLIT_PHYS      (UINT64_C(896) << 20)
#define ARCH_HIGHMEM         1

#define ARCH_DIRECT_BASE     UINT64_C(0xc0000000) /* PAGE_OFFSET */
#define ARCH_VMALLOC_OFFSET  UINT64_C(0x800000)   /* guard gap above high_memory */
#define ARCH_VMALLOC_END     UINT64_C(0xff800000)
#define ARCH_PKMAP_START     UINT64_C(0xff800000)
#define ARCH_PKMAP_END       UINT64_C(0xffa00000)
#define ARCH_FIXMAP_START    UINT64_C(0xffe00000)
#define ARCH_FIXMAP_END      UINT64_C(0xfffff000)

/* What a kernel can be linked at: anything below the last page. There is no hole. */
#define ARCH_VIRT_LOW_END    UINT64_C(0xfffff000)
#define ARCH_VIRT_HIGH_START UINT64_C(0xfffff000)
#define ARCH_VIRT_END        UINT64_C(0xfffff000)

/* Its file: ELFCLASS32, EM_386. */
#define ARCH_ELF_CLASS       1
#define ARCH_ELF_MACHINE     3

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

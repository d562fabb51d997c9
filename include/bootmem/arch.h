/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the core asks of an architecture. layout.h has the constants; paging.c is pure and runs on
 * the host; cpu.c, trap.c and the .S files run on the machine only.
 */
#ifndef BOOTMEM_ARCH_H
#define BOOTMEM_ARCH_H

#include <bootmem/types.h>

/*
 * arch/<arch>/layout.h:
 *   ARCH_NAME           "x86_64"
 *   ARCH_SECTION_SHIFT  log2 of a section's bytes
 *   ARCH_NR_ZONES       zones of a node, in ascending order
 *   ARCH_SPLIT_PHYS     end of low memory unless an option moves it
 *   ARCH_HIGHMEM        1 where memory above the split is not in the direct map, else 0
 *   ARCH_ZONE_NAMES     initialiser of ARCH_NR_ZONES strings
 *   ARCH_DMA_END_PFN, ARCH_DMA32_END_PFN (0: no such zone)
 *   ARCH_DIRECT_BASE    virtual address of physical 0 in the direct map
 *   ARCH_VIRT_LOW_END, ARCH_VIRT_HIGH_START, ARCH_VIRT_END
 *                       a kernel is linked in [0, LOW_END) or [HIGH_START, END)
 *   ARCH_ELF_CLASS, ARCH_ELF_MACHINE
 *                       EI_CLASS (1: 32 bits, 2: 64 bits) and e_machine of its ELF file
 *   ARCH_LINUX_GDT_BYTES
 *                       of the GDT that a Linux-protocol kernel starts with
 */
#include <layout.h>

/* Forget what the processor remembers of one page's mapping (invlpg). In cpu.c; host programs bring their own. */
void arch_flush_page(uint64_t virt);

#endif

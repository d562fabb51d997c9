/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What cpu.c and the assembly files agree on: selectors, the layout of struct cpu_switch and of the
 * exception stubs. cpu.c checks the offsets.
 */
#ifndef ARCH_CPU_BLOCK_H
#define ARCH_CPU_BLOCK_H

#define SELECTOR_CODE    0x08
#define SELECTOR_DATA    0x10
#define SELECTOR_TSS     0x18 /* two slots */

#define TRAP_VECTORS     32
#define TRAP_STUB_SIZE   16         /* bytes from one stub to the next */
#define TRAP_ERROR_CODES 0x60227d00 /* bit n: the CPU pushes an error code for vector n */

#define SWITCH_GDTR      6
#define SWITCH_IDTR      22
#define SWITCH_STACK     32
#define SWITCH_CR4       40
#define SWITCH_CR3       48
#define SWITCH_CR0       56
#define SWITCH_NEXT      64
#define SWITCH_CTX       72

#endif

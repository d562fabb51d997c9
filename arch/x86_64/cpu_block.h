/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What cpu.c and the assembly files agree on: selectors, the layout of struct table_registers, of
 * struct cpu_switch and of the exception stubs. cpu.c checks the offsets.
 */
#ifndef ARCH_CPU_BLOCK_H
#define ARCH_CPU_BLOCK_H

#define SELECTOR_CODE    0x08
#define SELECTOR_DATA    0x10
#define SELECTOR_TSS     0x18 /* two slots */

#define TRAP_VECTORS     32
#define TRAP_STUB_SIZE   16         /* bytes from one stub to the next */
#define TRAP_ERROR_CODES 0x60227d00 /* bit n: the CPU pushes an error code for vector n */

#define TABLES_GDTR      6
#define TABLES_IDTR      22

#define SWITCH_STACK     0
#define SWITCH_CR4       8
#define SWITCH_CR3       16
#define SWITCH_CR0       24
#define SWITCH_NEXT      32
#define SWITCH_CTX       40

#define CR4_CET_BIT      23

#endif

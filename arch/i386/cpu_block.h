/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What cpu.c and the assembly files agree on: selectors, the layout of struct table_registers, of
 * struct cpu_switch and of the exception stubs. cpu.c checks the offsets.
 */
#ifndef ARCH_CPU_BLOCK_H
#define ARCH_CPU_BLOCK_H

#define SELECTOR_CODE     0x08
#define SELECTOR_DATA     0x10
#define SELECTOR_TSS      0x18
#define SELECTOR_TRAP_TSS 0x20 /* one for each vector with a task of its own */

#define TRAP_VECTORS      32
#define TRAP_STUB_SIZE    16         /* bytes from one stub to the next */
#define TRAP_ERROR_CODES  0x60227d00 /* bit n: the CPU pushes an error code for vector n */

#define TABLES_GDTR       2
#define TABLES_IDTR       10

#define SWITCH_STACK      0
#define SWITCH_CR4        4
#define SWITCH_CR3        8
#define SWITCH_CR0        12
#define SWITCH_HAS_EFER   16
#define SWITCH_EFER       20
#define SWITCH_NEXT       24
#define SWITCH_CTX        28

#define CR0_PG_BIT        31
#define CR4_CET_BIT       23
#define MSR_EFER          0xc0000080

#endif

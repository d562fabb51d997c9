/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions: the stubs of trap.S and the report of trap.c; set up by cpu.c.
 */
#ifndef ARCH_TRAP_H
#define ARCH_TRAP_H

#include <bootmem/cpu.h>

/* What trap.S pushes, from the top of the stack down to the CPU's own part. */
struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

/* The first stub; vector n starts n * TRAP_STUB_SIZE bytes further. */
extern const char trap_stubs[];

/* Who reports. */
void trap_set_handler(const struct arch_fault_handler *handler);

/* Report the exception and stop. Called by trap.S. */
_Noreturn void trap_report(const struct trap_frame *frame);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions: the stubs of trap.S and the report of trap.c; set up by cpu.c.
 *
 * #DF, NMI, #MC and #PF are tasks of their own: the CPU switches to a TSS with a good stack and
 * leaves the registers of what it interrupted in the TSS of the program.
 */
#ifndef ARCH_TRAP_H
#define ARCH_TRAP_H

#include <bootmem/cpu.h>

/* SDM 3A, 7.2.1 */
struct tss {
	uint32_t link;
	uint32_t esp0, ss0, esp1, ss1, esp2, ss2;
	uint32_t cr3, eip, eflags;
	uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
	uint32_t es, cs, ss, ds, fs, gs;
	uint32_t ldt;
	uint16_t trace, io_map;
};

_Static_assert(sizeof(struct tss) == 104, "SDM 3A, 7.2.1");

/* What the stubs push, from the top of the stack down to the CPU's own part. */
struct trap_frame {
	uint32_t edi, esi, ebp, esp_unused, ebx, edx, ecx, eax;
	uint32_t vector, error;
	uint32_t eip, cs, eflags;
};

/* The first stub; vector n starts n * TRAP_STUB_SIZE bytes further. */
extern const char trap_stubs[];
/* The same for the vectors with a task: #DF, NMI, #MC, #PF. */
extern const char trap_task_stubs[];

/* Who reports, and where the CPU saves the program's registers at a task switch. */
void trap_setup(const struct arch_fault_handler *handler, const struct tss *program);

/* Report the exception and stop. Called by trap.S. */
_Noreturn void trap_report(const struct trap_frame *frame);
_Noreturn void trap_task_report(uint32_t vector, uint32_t error);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine side of an architecture: what runs on the processor only and never on the host. Lives
 * in arch/<arch>/{cpu.c,trap.c,trap.S,activate.S,io.h}; called by the front end.
 *
 * The CPU block is ARCH_CPU_PAGES pages that the core allocates below 4 GiB (on i386 below
 * PAGE_OFFSET) and maps where they are, but for the guard pages of ARCH_CPU_GUARDS, which are
 * mapped nowhere. It holds, from its first page: GDT, TSS and IDT; the stack the program goes on
 * with; one stack each for #DF, NMI, #MC and #PF, so that a stack overflow is reported instead of
 * resetting the machine.
 */
#ifndef BOOTMEM_CPU_H
#define BOOTMEM_CPU_H

#include <bootmem/arch.h>
#include <bootmem/format.h>
#include <bootmem/options.h>
#include <bootmem/paging.h>
#include <bootmem/types.h>

/*
 * What this CPU offers, and what is chosen from it. x86_64 keeps the number of levels it runs with
 * (changing it needs a way through 32-bit mode, Q37). i386 chooses PAE by pae: on and off as said,
 * on only where the CPU has it; auto where the CPU has it and gains by it: NX works, or RAM ends
 * (ram_end_phys) above 4 GiB.
 */
void arch_cpu_detect(struct paging_mode *mode, enum option_pae pae, phys_t ram_end_phys);

/* Can this CPU run 64-bit code? */
bool arch_has_long_mode(void);

/* The tables that are live now, and how the CPU reads them; false where paging is off. */
bool arch_firmware_paging(struct paging_mode *mode, phys_t *root);

/* Time stamp counter; 0 on a CPU without one. */
uint64_t arch_cycles(void);

void arch_disable_interrupts(void);

/* Bring what was written there, at a multiple of 16, from the caches to memory. */
void arch_write_back(const void *start, size_t bytes);

/*
 * Let SSE instructions run, where there are any: firmware that is called after arch_activate, or a kernel, may be
 * compiled with them. This program has none. False: this CPU has none.
 */
bool arch_allow_sse(void);

/*
 * Leave for a kernel: its stack's end, then its entry with one argument (handoff.h says what it finds). FPU and SSE
 * are brought to their initial state. Interrupts must be off, and the entry mapped and executable.
 */
_Noreturn void arch_jump(uint64_t entry, uint64_t argument, uint64_t stack_end);

/* Where a Linux-protocol kernel starts, all physical and below 4 GiB (linux_boot.h). */
struct linux_start {
	phys_t entry_phys, params_phys;
	phys_t root_phys; /* x86_64: tables that show all below 4 GiB, and this program, where it is */
	phys_t gdt_phys; /* ARCH_LINUX_GDT_BYTES for the GDT that the protocol asks for, */
	uint64_t *gdt;   /* as they are seen now */
};

/*
 * Leave for a Linux-protocol kernel: at its 64-bit entry on x86_64, at its 32-bit entry, with paging off, on i386.
 * Interrupts must be off.
 */
_Noreturn void arch_jump_linux(const struct linux_start *start);

/* Stop for good. */
_Noreturn void arch_halt(void);

/* Reset by triple fault: the last resort where no reset register answers. */
_Noreturn void arch_triple_fault(void);

/* An exception, to those who tell about it. */
struct arch_fault {
	unsigned vector;
	uint64_t ip;
	uint64_t address; /* CR2, of a page fault; else 0 */
};

#define ARCH_PAGE_FAULT 14

/*
 * Who tells. console names a sink for the turn-th telling, from 0 on, or says that there is none; one that faults itself
 * is the last, so the surest comes first. explain adds lines of its own below the first line.
 */
struct arch_fault_handler {
	bool (*console)(void *ctx, const struct arch_fault *fault, unsigned turn, struct sink *out);
	void (*explain)(void *ctx, const struct arch_fault *fault, const struct sink *out);
	void *ctx;
};

/*
 * Make the exceptions ours, once no service of the firmware runs any more: fill the CPU block and load its GDT, TSS
 * and IDT. Stack and page tables stay the firmware's, whatever they are; a shadow stack (CR4.CET) goes off, for it knows
 * nothing of the new code segment. Interrupts must be off. The block and the caller's image must be mapped where they are.
 *
 * From here on an exception prints its vector, error code and registers, and stops. *handler must stay.
 */
void arch_take_exceptions(phys_t cpu_block_phys, const struct arch_fault_handler *handler);

/*
 * Make the machine ours, after arch_take_exceptions with the same block: switch to its stack, then to paging's tables with
 * a defined CR0, CR4 and EFER, and call next(ctx), which must not return. Interrupts must be off. The block and the
 * caller's image must be mapped where they are, before and after; the stack of the caller need not be mapped afterwards.
 *
 * The firmware may run in any state (Q36, Q37, Q44): i386 without paging, with two levels or with PAE,
 * with NX or without; x86_64 with 4 or 5 levels, the image anywhere. Registers are written whole (SDM 3A,
 * 2.2.1 and 2.5):
 *
 *   CR0   PG WP NE ET MP PE
 *   CR4   what the tables need: PAE, LA57 (with 5 levels) or PSE (with 4 MiB pages); and MCE where the CPU has
 *         it: with it off a machine check is a shutdown, with it on a report
 *   EFER  x86_64 LME LMA, i386 nothing; NXE where paging's mode has NX. Not touched on a CPU without it
 *   PAT   X86_PAT (arch/x86/pte.h), on a CPU that has one
 *
 * Everything else in them is off, whatever the firmware left: global pages and PCIDs, whose translations would
 * outlive the change of CR3; SMEP, SMAP, protection keys, CET and UMIP, which are a kernel's policy; SSE, XSAVE,
 * FSGSBASE and system calls, which are a kernel's to switch on.
 */
_Noreturn void arch_activate(
	phys_t cpu_block_phys, const struct paging *paging, void (*next)(void *ctx), void *ctx);

#endif

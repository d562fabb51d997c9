/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processor states that a firmware may leave behind and the packaged ones don't; entry.c names them and
 * starts bootmem in them, state.c and <arch>/tables.c set them.
 */
#ifndef ENTRY_STATE_H
#define ENTRY_STATE_H

#include <bootmem/format.h>
#include <bootmem/types.h>

/* Tables of our own: they map the address space to itself, everything writable and executable. */
#define STATE_LA57        (1u << 0) /* x86_64: 5 levels */
#define STATE_OFF         (1u << 1) /* i386: no paging */
#define STATE_PAE         (1u << 2) /* i386: PAE with 2 MiB pages */
#define STATE_TWO_LEVEL   (1u << 3) /* i386: 4 MiB pages */
#define STATE_NO_NX       (1u << 4) /* EFER.NXE off */
/* Placement. */
#define STATE_HIGH        (1u << 5) /* x86_64: the image above 4 GiB */
/* Control bits. */
#define STATE_CR4         (1u << 6) /* what CR4 can have besides; global pages, a PCID; no shadow stack */
#define STATE_CR0         (1u << 7) /* caches off, writes not protected, alignment checks on */
#define STATE_EFER        (1u << 8) /* system calls on */
#define STATE_PAT         (1u << 9) /* another page attribute table than after reset */
/* The firmware's own state, to see it. */
#define STATE_AS_IS       (1u << 10)
/* Memory: a map of many entries. */
#define STATE_CRUMBS      (1u << 11)

#define STATE_TABLE_PAGES 5

/* CR0, CR3, CR4, EFER and PAT as they are, in one line: "registers WHEN: cr0 ..". */
void state_print(const struct sink *sink, const char *when);

/*
 * Enter these states and stay in them, all but STATE_HIGH, STATE_AS_IS and STATE_CRUMBS. tables are STATE_TABLE_PAGES
 * cleared pages below 4 GiB that nobody takes before the exit. False, with nothing changed: this processor
 * or architecture can't. Interrupts must be off.
 */
bool state_enter(uint32_t states, void *tables);

/* --- state.c and <arch>/tables.c --- */

#define CR0_PG        (1ul << 31)
#define CR4_PSE       (1ul << 4)
#define CR4_PAE       (1ul << 5)
#define CR4_LA57      (1ul << 12)

#define ENTRY_PRESENT 0x003u /* and writable */
#define ENTRY_LARGE   0x080u
#define ENTRY_GLOBAL  0x100u

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

struct cpuid state_cpuid(uint32_t leaf);
void state_clear_nxe(void);

/* The states that this architecture has. */
extern const uint32_t tables_states;

/* Make and load page tables. False, with nothing changed: the processor has no such tables. */
bool tables_enter(uint32_t states, void *tables);

/*
 * What can be done only once CR4 is set: a PCID, and translations that outlive their tables and show other memory
 * than the direct map should. QEMU's own emulation forgets all of them with every CR3; under KVM they tell.
 */
void tables_leave_traces(void);

#define READ_CONTROL(n)                                                                            \
	({                                                                                         \
		unsigned long value_;                                                              \
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(value_));                             \
		value_;                                                                            \
	})
#define WRITE_CONTROL(n, value)                                                                    \
	__asm__ volatile("mov %0, %%cr" #n : : "r"((unsigned long)(value)) : "memory")

#endif

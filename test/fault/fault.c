/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ends of the application for the exception tests: linked instead of efi/power.c, each raises one
 * fault where the machine would have been switched off, or, linked with --wrap=boot_stage_settle, in the stage between the
 * exit and our own page tables. TEST_FAULT names which.
 */
#include <bootmem/boot.h>
#include <bootmem/cpu.h>

#include "image.h"
#include "power.h"

#define UNMAPPED ((uintptr_t)0x10) /* page 0 is mapped nowhere */

/* Two bytes of limit, then a base that is never used. */
struct idt_register {
	uint16_t limit;
	uintptr_t base;
} __attribute__((packed));

void raise_ud(void);
void raise_pf(void);
void raise_stack(void);
void raise_df(void);
void raise_nx(void);
void raise_text(void);
void raise_mc(void);
enum bm_error __wrap_boot_stage_settle(struct boot *b);

static void write_unmapped(void)
{
	__asm__ volatile("movb $1, (%0)" : : "r"(UNMAPPED) : "memory");
}

void raise_ud(void)
{
	__asm__ volatile("ud2");
}

void raise_pf(void)
{
	write_unmapped();
}

/* Down through the guard page. */
void raise_stack(void)
{
	__asm__ volatile("1: push $0; jmp 1b");
}

/* Vector 8 is the last the table still has: the page fault can't be delivered. */
void raise_df(void)
{
	struct idt_register idt;

	__asm__ volatile("sidt %0" : "=m"(idt));
	idt.limit = (uint16_t)(9 * 2 * sizeof(void *) - 1);
	__asm__ volatile("lidt %0" : : "m"(idt));
	write_unmapped();
}

/* Data does not run where the CPU can tell. */
void raise_nx(void)
{
	((void (*)(void))data_start)();
}

/* What runs can't be changed: CR0.WP holds for us, too. */
void raise_text(void)
{
	__asm__ volatile("movb $0xcc, (%0)" : : "r"(&write_unmapped) : "memory");
}

/* The vector of a machine check: it has a stack, on i386 a task, of its own, and no error code. */
void raise_mc(void)
{
	__asm__ volatile("int $18");
}

static void raise(const struct sink *console)
{
	sink_puts(console, "Now the fault.\n");
	TEST_FAULT();
	sink_puts(console, "No fault was raised.\n");
}

/* Before the report, so what settles is of no interest. */
enum bm_error __wrap_boot_stage_settle(struct boot *b)
{
	raise(b->platform->console);
	return BM_REFUSED;
}

_Noreturn void power_finish(enum option_after after, const struct acpi_power *acpi,
	EFI_RUNTIME_SERVICES *runtime, struct log *log)
{
	(void)runtime;
	(void)after;
	(void)acpi;
	raise(&log->text);
	arch_halt();
}

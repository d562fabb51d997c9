/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report of an exception. Nothing in this program raises one on purpose, so each is a defect:
 * say everything the CPU tells, once, and stop. Called by the stubs of trap.S.
 */
#include <bootmem/cpu.h>
#include <x86/trap_names.h>

#include "cpu_block.h"
#include "trap.h"

static const struct arch_fault_handler *trap_handler;
static const struct tss *trap_program;
static unsigned trap_depth;

static uint32_t read_cr0(void)
{
	uint32_t value;

	__asm__ volatile("movl %%cr0, %0" : "=r"(value));
	return value;
}

static uint32_t read_cr2(void)
{
	uint32_t value;

	__asm__ volatile("movl %%cr2, %0" : "=r"(value));
	return value;
}

static uint32_t read_cr3(void)
{
	uint32_t value;

	__asm__ volatile("movl %%cr3, %0" : "=r"(value));
	return value;
}

static uint32_t read_cr4(void)
{
	uint32_t value;

	__asm__ volatile("movl %%cr4, %0" : "=r"(value));
	return value;
}

static void print_four(const struct sink *out, const char *const name[4], const uint32_t value[4])
{
	sink_printf(out, "  %-6s %08x  %-6s %08x  %-6s %08x  %-6s %08x\n", name[0],
		(unsigned)value[0], name[1], (unsigned)value[1], name[2], (unsigned)value[2],
		name[3], (unsigned)value[3]);
}

static void print_registers(const struct sink *out, const struct tss *t)
{
	print_four(out, (const char *const[4]){ "eip", "eflags", "esp", "ebp" },
		(const uint32_t[4]){ t->eip, t->eflags, t->esp, t->ebp });
	print_four(out, (const char *const[4]){ "eax", "ebx", "ecx", "edx" },
		(const uint32_t[4]){ t->eax, t->ebx, t->ecx, t->edx });
	print_four(out, (const char *const[4]){ "esi", "edi", "cs", "ss" },
		(const uint32_t[4]){ t->esi, t->edi, t->cs, t->ss });
	print_four(out, (const char *const[4]){ "cr0", "cr2", "cr3", "cr4" },
		(const uint32_t[4]){ read_cr0(), read_cr2(), read_cr3(), read_cr4() });
}

static void print(const struct sink *out, const struct arch_fault *fault, uint32_t error,
	const struct tss *registers)
{
	trap_print_title(out, fault->vector, error);
	trap_handler->explain(trap_handler->ctx, fault, out);
	print_registers(out, registers);
	sink_puts(out, "The machine stops here.\n");
}

static _Noreturn void report(uint32_t vector, uint32_t error, const struct tss *registers)
{
	const struct arch_fault fault = { vector, registers->eip,
		vector == ARCH_PAGE_FAULT ? read_cr2() : 0 };
	struct sink out;

	/* A report that faults itself must not start over for ever. */
	if (trap_depth++ == 0)
		for (unsigned turn = 0;
			trap_handler->console(trap_handler->ctx, &fault, turn, &out); turn++)
			print(&out, &fault, error, registers);
	arch_halt();
}

void trap_setup(const struct arch_fault_handler *handler, const struct tss *program)
{
	trap_handler = handler;
	trap_program = program;
	trap_depth = 0;
}

_Noreturn void trap_report(const struct trap_frame *frame)
{
	/* No change of privilege: the interrupted stack continues right above the frame. */
	const struct tss registers = {
		.eip = frame->eip,
		.eflags = frame->eflags,
		.cs = frame->cs,
		.ss = SELECTOR_DATA,
		.esp = (uint32_t)(uintptr_t)(frame + 1),
		.eax = frame->eax,
		.ebx = frame->ebx,
		.ecx = frame->ecx,
		.edx = frame->edx,
		.esi = frame->esi,
		.edi = frame->edi,
		.ebp = frame->ebp,
	};

	report(frame->vector, frame->error, &registers);
}

_Noreturn void trap_task_report(uint32_t vector, uint32_t error)
{
	report(vector, error, trap_program);
}

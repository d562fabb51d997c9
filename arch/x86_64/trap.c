/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report of an exception. Nothing in this program raises one on purpose, so each is a defect:
 * say everything the CPU tells, once, and stop. Called by the stubs of trap.S on the stack of the
 * vector.
 */
#include <bootmem/cpu.h>

#include "trap.h"
#include <x86/trap_names.h>

static const struct arch_fault_handler *trap_handler;
static unsigned trap_depth;

static uint64_t read_cr0(void)
{
	uint64_t value;

	__asm__ volatile("movq %%cr0, %0" : "=r"(value));
	return value;
}

static uint64_t read_cr2(void)
{
	uint64_t value;

	__asm__ volatile("movq %%cr2, %0" : "=r"(value));
	return value;
}

static uint64_t read_cr3(void)
{
	uint64_t value;

	__asm__ volatile("movq %%cr3, %0" : "=r"(value));
	return value;
}

static uint64_t read_cr4(void)
{
	uint64_t value;

	__asm__ volatile("movq %%cr4, %0" : "=r"(value));
	return value;
}

static void print_four(const struct sink *out, const char *const name[4], const uint64_t value[4])
{
	for (unsigned i = 0; i < 4; i += 2)
		sink_printf(out, "  %-6s %016llx  %-6s %016llx\n", name[i],
			(unsigned long long)value[i], name[i + 1],
			(unsigned long long)value[i + 1]);
}

static void print_registers(const struct sink *out, const struct trap_frame *f)
{
	print_four(out, (const char *const[4]){ "rip", "rflags", "rsp", "rbp" },
		(const uint64_t[4]){ f->rip, f->rflags, f->rsp, f->rbp });
	print_four(out, (const char *const[4]){ "rax", "rbx", "rcx", "rdx" },
		(const uint64_t[4]){ f->rax, f->rbx, f->rcx, f->rdx });
	print_four(out, (const char *const[4]){ "rsi", "rdi", "r8", "r9" },
		(const uint64_t[4]){ f->rsi, f->rdi, f->r8, f->r9 });
	print_four(out, (const char *const[4]){ "r10", "r11", "r12", "r13" },
		(const uint64_t[4]){ f->r10, f->r11, f->r12, f->r13 });
	print_four(out, (const char *const[4]){ "r14", "r15", "cs", "ss" },
		(const uint64_t[4]){ f->r14, f->r15, f->cs, f->ss });
	print_four(out, (const char *const[4]){ "cr0", "cr2", "cr3", "cr4" },
		(const uint64_t[4]){ read_cr0(), read_cr2(), read_cr3(), read_cr4() });
}

static void print(
	const struct sink *out, const struct trap_frame *frame, const struct arch_fault *fault)
{
	trap_print_title(out, fault->vector, (uint32_t)frame->error);
	trap_handler->explain(trap_handler->ctx, fault, out);
	print_registers(out, frame);
	sink_puts(out, "The machine stops here.\n");
}

void trap_set_handler(const struct arch_fault_handler *handler)
{
	trap_handler = handler;
	trap_depth = 0;
}

_Noreturn void trap_report(const struct trap_frame *frame)
{
	const struct arch_fault fault = { (unsigned)frame->vector, frame->rip,
		frame->vector == ARCH_PAGE_FAULT ? read_cr2() : 0 };
	struct sink out;

	/* A report that faults itself must not start over for ever. */
	if (trap_depth++ == 0)
		for (unsigned turn = 0;
			trap_handler->console(trap_handler->ctx, &fault, turn, &out); turn++)
			print(&out, frame, &fault);
	arch_halt();
}

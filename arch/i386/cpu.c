/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor: what it can do, and making it ours. The CPU block's layout is in layout.h;
 * everything in it is reached at its physical address, which both the firmware's tables and ours
 * map to itself.
 */
#include <bootmem/cpu.h>
#include <bootmem/string.h>
#include <x86/pte.h>
#include <x86/trap_names.h>

#include "cpu_block.h"
#include "trap.h"

#define CPUID_1_EDX_PSE       (1u << 3)
#define CPUID_1_EDX_TSC       (1u << 4)
#define CPUID_1_EDX_PAE       (1u << 6)
#define CPUID_1_EDX_PAT       (1u << 16)
#define CPUID_1_EDX_FXSR      (1u << 24)
#define CPUID_1_EDX_MCE       (1u << 7)
#define CPUID_80000001_EDX_NX (1u << 20)
#define CPUID_80000001_EDX_LM (1u << 29)
#define CR4_PSE               (1u << 4)
#define CR4_PAE               (1u << 5)
#define CR0_PG                0x80000000u
#define CPUID_1_EDX_SSE       (1u << 25)
#define CR4_SSE               0x600u /* OSFXSR, OSXMMEXCPT */
#define CR4_MCE               (1u << 6)
#define CR0_DEFINED           0x80010033u /* PG, WP, NE, ET, MP, PE */
#define MSR_PAT               0x277u
#define EFER_NXE              (1u << 11)
/* SYSCALL, NX, long mode in CPUID 80000001 EDX: one of them, and there is an EFER. */
#define EFER_FEATURES         (1u << 11 | 1u << 20 | 1u << 29)
#define GDT_CODE32            UINT64_C(0x00cf9b000000ffff)
#define GDT_DATA              UINT64_C(0x00cf93000000ffff)
#define GATE_INTERRUPT        0x8e
#define GATE_TASK             0x85
#define EFLAGS_FIXED          2u

struct gate {
	uint16_t offset_low, selector;
	uint8_t zero, type;
	uint16_t offset_high;
};

_Static_assert(sizeof(struct gate) == 8, "SDM 3A, 6.11");

struct cpu_tables {
	uint64_t gdt[SELECTOR_TRAP_TSS / 8 + ARCH_CPU_TRAP_STACKS];
	struct gate idt[TRAP_VECTORS];
	struct tss program;
	struct tss trap[ARCH_CPU_TRAP_STACKS];
};

_Static_assert(sizeof(struct cpu_tables) <= PAGE_SIZE, "the tables have one page of the CPU block");

struct table_register {
	uint16_t pad;
	uint16_t limit;
	uint32_t base;
};

struct table_registers {
	struct table_register gdtr, idtr;
};

struct cpu_switch {
	uint32_t stack, cr4, cr3, cr0;
	uint32_t has_efer, efer;
	void (*next)(void *ctx);
	void *ctx;
};

/* The operand of lgdt starts at the limit. */
_Static_assert(offsetof(struct table_registers, gdtr) + 2 == TABLES_GDTR, "cpu_block.h");
_Static_assert(offsetof(struct table_registers, idtr) + 2 == TABLES_IDTR, "cpu_block.h");
_Static_assert(offsetof(struct cpu_switch, stack) == SWITCH_STACK, "cpu_block.h");
_Static_assert(offsetof(struct cpu_switch, cr4) == SWITCH_CR4, "cpu_block.h");
_Static_assert(offsetof(struct cpu_switch, cr3) == SWITCH_CR3, "cpu_block.h");
_Static_assert(offsetof(struct cpu_switch, cr0) == SWITCH_CR0, "cpu_block.h");
_Static_assert(offsetof(struct cpu_switch, has_efer) == SWITCH_HAS_EFER, "cpu_block.h");
_Static_assert(offsetof(struct cpu_switch, efer) == SWITCH_EFER, "cpu_block.h");
_Static_assert(offsetof(struct cpu_switch, next) == SWITCH_NEXT, "cpu_block.h");
_Static_assert(offsetof(struct cpu_switch, ctx) == SWITCH_CTX, "cpu_block.h");

void cpu_load_tables(const struct table_registers *to);
_Noreturn void cpu_switch(const struct cpu_switch *to);

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static bool tsc_present;

static struct cpuid cpuid(uint32_t leaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(0));
	return r;
}

/* A leaf of the extended range, or zeros where the CPU is too old for it. */
static struct cpuid cpuid_extended(uint32_t leaf)
{
	uint32_t last = cpuid(0x80000000).eax;

	return last >= leaf && last >= 0x80000000 ? cpuid(leaf) : (struct cpuid){ 0 };
}

/* The framebuffer's memory type; caches must not hold lines of another one (SDM 3A, 11.12.4). */
static void program_pat(void)
{
	if ((cpuid(1).edx & CPUID_1_EDX_PAT) != 0)
		__asm__ volatile("wbinvd; wrmsr"
				 :
				 : "a"((uint32_t)(X86_PAT & UINT32_MAX)),
				 "d"((uint32_t)(X86_PAT >> 32)), "c"(MSR_PAT)
				 : "memory");
}

/* The vectors with a task, in the order of their stacks and of trap_task_stubs. */
static unsigned trap_task_vector(unsigned index)
{
	static const uint8_t vector[ARCH_CPU_TRAP_STACKS] = { TRAP_DOUBLE_FAULT, TRAP_NMI,
		TRAP_MACHINE_CHECK, TRAP_PAGE_FAULT };

	return vector[index];
}

static uint32_t trap_stack_end(phys_t block_phys, unsigned index)
{
	return (uint32_t)(block_phys +
			  pfn_phys(ARCH_CPU_TRAP_STACK_PAGE + index * ARCH_CPU_TRAP_STACK_STEP +
				   ARCH_CPU_TRAP_STACK_PAGES));
}

/* An available 32-bit TSS, present (SDM 3A, 7.2.2). */
static uint64_t tss_descriptor(const struct tss *tss)
{
	uint64_t base = (uintptr_t)tss;

	return (sizeof(*tss) - 1) | (base & 0xffffff) << 16 | UINT64_C(0x89) << 40 |
	       (base >> 24) << 56;
}

static void fill_gdt(struct cpu_tables *t)
{
	t->gdt[SELECTOR_CODE / 8] = GDT_CODE32;
	t->gdt[SELECTOR_DATA / 8] = GDT_DATA;
	t->gdt[SELECTOR_TSS / 8] = tss_descriptor(&t->program);
	for (unsigned i = 0; i < ARCH_CPU_TRAP_STACKS; i++)
		t->gdt[SELECTOR_TRAP_TSS / 8 + i] = tss_descriptor(&t->trap[i]);
}

static void fill_idt(struct gate *idt)
{
	for (unsigned v = 0; v < TRAP_VECTORS; v++) {
		uint32_t entry = (uint32_t)(uintptr_t)trap_stubs + v * TRAP_STUB_SIZE;

		idt[v] = (struct gate){
			.offset_low = (uint16_t)entry,
			.selector = SELECTOR_CODE,
			.type = GATE_INTERRUPT,
			.offset_high = (uint16_t)(entry >> 16),
		};
	}
	for (unsigned i = 0; i < ARCH_CPU_TRAP_STACKS; i++)
		idt[trap_task_vector(i)] = (struct gate){
			.selector = (uint16_t)(SELECTOR_TRAP_TSS + 8 * i),
			.type = GATE_TASK,
		};
}

static void fill_trap_task(struct tss *tss, unsigned index, phys_t block_phys)
{
	*tss = (struct tss){
		.eip = (uint32_t)(uintptr_t)trap_task_stubs + index * TRAP_STUB_SIZE,
		.eflags = EFLAGS_FIXED,
		.esp = trap_stack_end(block_phys, index),
		.cs = SELECTOR_CODE,
		.ss = SELECTOR_DATA,
		.ds = SELECTOR_DATA,
		.es = SELECTOR_DATA,
		.io_map = sizeof(*tss),
	};
}

/* A task switch loads CR3 from the TSS and does not save it, so the program's has it too, should a task ever return. */
static void set_tasks_root(struct cpu_tables *tables, uint32_t root)
{
	tables->program.cr3 = root;
	for (unsigned i = 0; i < ARCH_CPU_TRAP_STACKS; i++)
		tables->trap[i].cr3 = root;
}

static struct cpu_tables *fill_block(phys_t block_phys)
{
	struct cpu_tables *tables = (struct cpu_tables *)(uintptr_t)block_phys;

	memset(tables, 0, sizeof(*tables));
	tables->program.io_map = sizeof(tables->program);
	for (unsigned i = 0; i < ARCH_CPU_TRAP_STACKS; i++)
		fill_trap_task(&tables->trap[i], i, block_phys);
	fill_gdt(tables);
	fill_idt(tables->idt);
	return tables;
}

/* Only what the tables need: SSE, SMEP and the like are the kernel's to switch on. */
static uint32_t defined_cr4(const struct paging_mode *mode)
{
	uint32_t cr4 = 0;

	if (mode->levels == 3)
		cr4 |= CR4_PAE;
	else if (mode->large)
		cr4 |= CR4_PSE;
	if ((cpuid(1).edx & CPUID_1_EDX_MCE) != 0)
		cr4 |= CR4_MCE;
	return cr4;
}

static bool choose_pae(enum option_pae pae, bool cpu_nx, phys_t ram_end_phys)
{
	if ((cpuid(1).edx & CPUID_1_EDX_PAE) == 0 || pae == PAE_OFF)
		return false;
	return pae == PAE_ON || cpu_nx || ram_end_phys > 4 * GIB;
}

void arch_cpu_detect(struct paging_mode *mode, enum option_pae pae, phys_t ram_end_phys)
{
	uint32_t features = cpuid(1).edx;
	bool cpu_nx = (cpuid_extended(0x80000001).edx & CPUID_80000001_EDX_NX) != 0;
	bool use_pae = choose_pae(pae, cpu_nx, ram_end_phys);
	uint8_t phys_bits = (uint8_t)cpuid_extended(0x80000008).eax;

	tsc_present = (features & CPUID_1_EDX_TSC) != 0;
	*mode = (struct paging_mode){
		.levels = use_pae ? 3 : 2,
		.nx = use_pae && cpu_nx,
		/* 2 MiB pages come with PAE itself */
		.large = use_pae || (features & CPUID_1_EDX_PSE) != 0,
		.pat = (features & CPUID_1_EDX_PAT) != 0,
		.phys_bits = 32,
	};
	if ((features & CPUID_1_EDX_PAE) != 0)
		mode->phys_bits = phys_bits != 0 ? phys_bits : 36;
}

bool arch_has_long_mode(void)
{
	return (cpuid_extended(0x80000001).edx & CPUID_80000001_EDX_LM) != 0;
}

bool arch_firmware_paging(struct paging_mode *mode, phys_t *root)
{
	uint32_t cr0, cr3, cr4;

	__asm__ volatile("movl %%cr0, %0; movl %%cr3, %1" : "=r"(cr0), "=r"(cr3));
	if ((cr0 & CR0_PG) == 0)
		return false;
	__asm__ volatile("movl %%cr4, %0" : "=r"(cr4));
	arch_cpu_detect(mode, (cr4 & CR4_PAE) != 0 ? PAE_ON : PAE_OFF, 0);
	/* PAE's root is four entries anywhere in a page. */
	*root = cr3 & ~((cr4 & CR4_PAE) != 0 ? 0x1fu : 0xfffu);
	return true;
}

uint64_t arch_cycles(void)
{
	uint32_t low, high;

	if (!tsc_present)
		return 0;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

bool arch_allow_sse(void)
{
	uint32_t cr4;

	if ((cpuid(1).edx & CPUID_1_EDX_FXSR) == 0)
		return false;
	__asm__ volatile("movl %%cr4, %0" : "=r"(cr4));
	__asm__ volatile("movl %0, %%cr4" : : "r"(cr4 | CR4_SSE));
	return (cpuid(1).edx & CPUID_1_EDX_SSE) != 0;
}

_Noreturn void arch_triple_fault(void)
{
	const struct table_register none = { .limit = 0 };

	__asm__ volatile("lidt %0; ud2" : : "m"(none.limit), "m"(none));
	__builtin_unreachable();
}

void arch_take_exceptions(phys_t cpu_block_phys, const struct arch_fault_handler *handler)
{
	struct cpu_tables *tables = fill_block(cpu_block_phys);
	const struct table_registers to = {
		.gdtr = { .limit = sizeof(tables->gdt) - 1, .base = (uintptr_t)tables->gdt },
		.idtr = { .limit = sizeof(tables->idt) - 1, .base = (uintptr_t)tables->idt },
	};
	uint32_t cr3;

	__asm__ volatile("movl %%cr3, %0" : "=r"(cr3));
	set_tasks_root(tables, cr3);
	trap_setup(handler, &tables->program);
	cpu_load_tables(&to);
}

_Noreturn void arch_activate(
	phys_t cpu_block_phys, const struct paging *paging, void (*next)(void *ctx), void *ctx)
{
	const struct cpu_switch to = {
		.stack = (uint32_t)(cpu_block_phys +
				    pfn_phys(ARCH_CPU_MAIN_STACK_PAGE + ARCH_CPU_MAIN_STACK_PAGES)),
		.cr4 = defined_cr4(&paging->mode),
		.cr3 = (uint32_t)paging->root,
		.cr0 = CR0_DEFINED,
		.has_efer = (cpuid_extended(0x80000001).edx & EFER_FEATURES) != 0,
		.efer = paging->mode.nx ? EFER_NXE : 0,
		.next = next,
		.ctx = ctx,
	};

	program_pat();
	/* Until CR3 follows, the tasks have the wrong tables: nothing in between faults. */
	set_tasks_root((struct cpu_tables *)(uintptr_t)cpu_block_phys, (uint32_t)paging->root);
	cpu_switch(&to);
}

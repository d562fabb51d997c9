/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor: what it can do, and making it ours. The CPU block's layout is in layout.h;
 * everything in it is reached at its physical address, which both the firmware's tables and ours
 * map to itself.
 */
#include <bootmem/cpu.h>
#include <bootmem/string.h>

#include "cpu_block.h"
#include "trap.h"
#include <x86/pte.h>
#include <x86/trap_names.h>

#define CPUID_1_EDX_PAT       (1u << 16)
#define CPUID_1_EDX_MCE       (1u << 7)
#define CPUID_80000001_EDX_NX (1u << 20)
#define CPUID_80000001_EDX_1G (1u << 26)
#define CR4_PAE               (UINT64_C(1) << 5)
#define CR4_SSE               0x600u /* OSFXSR, OSXMMEXCPT */
#define CR4_MCE               (UINT64_C(1) << 6)
#define CR4_LA57              (UINT64_C(1) << 12)
#define CR0_DEFINED           UINT64_C(0x80010033) /* PG, WP, NE, ET, MP, PE */
#define MSR_PAT               0x277u
#define MSR_EFER              0xc0000080u
#define EFER_LONG_MODE        0x500u /* LME, LMA */
#define EFER_NXE              (1u << 11)
#define GDT_CODE64            UINT64_C(0x00af9b000000ffff)
#define GDT_DATA              UINT64_C(0x00cf93000000ffff)
#define GATE_INTERRUPT        0x8e
#define DEFAULT_PHYS_BITS     36

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t io_map;
} __attribute__((packed));

_Static_assert(sizeof(struct tss) == 104, "SDM 3A, 7.7");

struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};

_Static_assert(sizeof(struct gate) == 16, "SDM 3A, 6.14.1");

struct cpu_tables {
	uint64_t gdt[5];
	struct gate idt[TRAP_VECTORS];
	struct tss tss;
};

_Static_assert(sizeof(struct cpu_tables) <= PAGE_SIZE, "the tables have one page of the CPU block");

struct table_register {
	uint16_t pad[3];
	uint16_t limit;
	uint64_t base;
};

struct table_registers {
	struct table_register gdtr, idtr;
};

struct cpu_switch {
	uint64_t stack, cr4, cr3, cr0;
	void (*next)(void *ctx);
	void *ctx;
};

/* The operand of lgdt starts at the limit. */
_Static_assert(offsetof(struct table_registers, gdtr) + 6 == TABLES_GDTR, "cpu_block.h");
_Static_assert(offsetof(struct table_registers, idtr) + 6 == TABLES_IDTR, "cpu_block.h");
_Static_assert(offsetof(struct cpu_switch, stack) == SWITCH_STACK, "cpu_block.h");
_Static_assert(offsetof(struct cpu_switch, cr4) == SWITCH_CR4, "cpu_block.h");
_Static_assert(offsetof(struct cpu_switch, cr3) == SWITCH_CR3, "cpu_block.h");
_Static_assert(offsetof(struct cpu_switch, cr0) == SWITCH_CR0, "cpu_block.h");
_Static_assert(offsetof(struct cpu_switch, next) == SWITCH_NEXT, "cpu_block.h");
_Static_assert(offsetof(struct cpu_switch, ctx) == SWITCH_CTX, "cpu_block.h");

void cpu_load_tables(const struct table_registers *to);
_Noreturn void cpu_switch(const struct cpu_switch *to);

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static struct cpuid cpuid(uint32_t leaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(0));
	return r;
}

static uint64_t read_cr4(void)
{
	uint64_t value;

	__asm__ volatile("movq %%cr4, %0" : "=r"(value));
	return value;
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

/* The firmware's tables, still live, may use NX: it goes off only where the CPU has none. */
static void define_efer(bool nx)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(MSR_EFER));
	low = (low & EFER_LONG_MODE) | (nx ? EFER_NXE : 0);
	__asm__ volatile("wrmsr" : : "a"(low), "d"(0), "c"(MSR_EFER));
}

/* Which of the stacks of its own a vector has, from 1; 0: it stays on the interrupted one. */
static uint8_t trap_stack(unsigned vector)
{
	switch (vector) {
	case TRAP_DOUBLE_FAULT:
		return 1;
	case TRAP_NMI:
		return 2;
	case TRAP_MACHINE_CHECK:
		return 3;
	case TRAP_PAGE_FAULT:
		return 4;
	default:
		return 0;
	}
}

static uint64_t trap_stack_end(phys_t block_phys, unsigned index)
{
	return block_phys + pfn_phys(ARCH_CPU_TRAP_STACK_PAGE + index * ARCH_CPU_TRAP_STACK_STEP +
				     ARCH_CPU_TRAP_STACK_PAGES);
}

static void fill_idt(struct gate *idt)
{
	for (unsigned v = 0; v < TRAP_VECTORS; v++) {
		uint64_t entry = (uint64_t)(uintptr_t)trap_stubs + (uint64_t)v * TRAP_STUB_SIZE;

		idt[v] = (struct gate){
			.offset_low = (uint16_t)entry,
			.selector = SELECTOR_CODE,
			.ist = trap_stack(v),
			.type = GATE_INTERRUPT,
			.offset_middle = (uint16_t)(entry >> 16),
			.offset_high = (uint32_t)(entry >> 32),
		};
	}
}

static void fill_gdt(uint64_t *gdt, const struct tss *tss)
{
	uint64_t base = (uintptr_t)tss;

	gdt[SELECTOR_CODE / 8] = GDT_CODE64;
	gdt[SELECTOR_DATA / 8] = GDT_DATA;
	/* available 64-bit TSS, present (SDM 3A, 7.2.3) */
	gdt[SELECTOR_TSS / 8] = (sizeof(*tss) - 1) | (base & 0xffffff) << 16 |
				UINT64_C(0x89) << 40 | (base >> 24 & 0xff) << 56;
	gdt[SELECTOR_TSS / 8 + 1] = base >> 32;
}

static struct cpu_tables *fill_block(phys_t block_phys)
{
	struct cpu_tables *tables = (struct cpu_tables *)(uintptr_t)block_phys;

	memset(tables, 0, sizeof(*tables));
	for (unsigned i = 0; i < ARCH_CPU_TRAP_STACKS; i++)
		tables->tss.ist[i] = trap_stack_end(block_phys, i);
	tables->tss.io_map = sizeof(tables->tss);
	fill_gdt(tables->gdt, &tables->tss);
	fill_idt(tables->idt);
	return tables;
}

/* Only what the tables need: SSE, PCID, SMEP and the like are the kernel's to switch on. */
static uint64_t defined_cr4(const struct paging_mode *mode)
{
	uint64_t cr4 = CR4_PAE;

	if (mode->levels == 5)
		cr4 |= CR4_LA57;
	if ((cpuid(1).edx & CPUID_1_EDX_MCE) != 0)
		cr4 |= CR4_MCE;
	return cr4;
}

void arch_cpu_detect(struct paging_mode *mode, enum option_pae pae, phys_t ram_end_phys)
{
	uint32_t last = cpuid(0x80000000).eax;
	uint32_t features = cpuid(0x80000001).edx;
	uint8_t phys_bits = last >= 0x80000008 ? (uint8_t)cpuid(0x80000008).eax : 0;

	(void)pae;
	(void)ram_end_phys;
	*mode = (struct paging_mode){
		.levels = (read_cr4() & CR4_LA57) != 0 ? 5 : 4,
		.nx = (features & CPUID_80000001_EDX_NX) != 0,
		.large = true,
		.huge = (features & CPUID_80000001_EDX_1G) != 0,
		.pat = (cpuid(1).edx & CPUID_1_EDX_PAT) != 0,
		.phys_bits = phys_bits != 0 ? phys_bits : DEFAULT_PHYS_BITS,
	};
}

bool arch_has_long_mode(void)
{
	return true;
}

bool arch_firmware_paging(struct paging_mode *mode, phys_t *root)
{
	uint64_t cr3;

	arch_cpu_detect(mode, PAE_AUTO, 0);
	__asm__ volatile("movq %%cr3, %0" : "=r"(cr3));
	*root = cr3 & PTE_ADDRESS;
	return true;
}

uint64_t arch_cycles(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

bool arch_allow_sse(void)
{
	uint64_t cr4;

	__asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
	__asm__ volatile("movq %0, %%cr4" : : "r"(cr4 | CR4_SSE));
	return true;
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

	trap_set_handler(handler);
	cpu_load_tables(&to);
}

_Noreturn void arch_activate(
	phys_t cpu_block_phys, const struct paging *paging, void (*next)(void *ctx), void *ctx)
{
	const struct cpu_switch to = {
		.stack = cpu_block_phys +
			 pfn_phys(ARCH_CPU_MAIN_STACK_PAGE + ARCH_CPU_MAIN_STACK_PAGES),
		.cr4 = defined_cr4(&paging->mode),
		.cr3 = paging->root,
		.cr0 = CR0_DEFINED,
		.next = next,
		.ctx = ctx,
	};

	define_efer(paging->mode.nx);
	program_pat();
	cpu_switch(&to);
}

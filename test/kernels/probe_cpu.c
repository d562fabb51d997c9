/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe, H1 to H14: the processor at the first instruction (entry_state, recorded by probe-<arch>.S), and what has
 * not changed since.
 */
#include "probe.h"

#include "probe_entry.h"

#define LONG_MODE          (sizeof(void *) == 8)
#define SP                 7 /* index in entry_state.general */
#define AX                 0
#define DI                 5

#define FLAGS_ALWAYS       UINT64_C(0x2)
#define FLAGS_RESULTS      UINT64_C(0x8d5) /* CF, PF, AF, ZF, SF, OF */

#define CR0_PROMISED       UINT64_C(0x80010033) /* PG, WP, NE, ET, MP, PE */
#define CR4_PSE            (1u << 4)
#define CR4_PAE            (1u << 5)
#define CR4_MCE            (1u << 6)
#define CR4_SSE            (3u << 9)
#define CR4_LA57           (1u << 12)

#define CPUID_PSE          (1u << 3) /* leaf 1, edx */
#define CPUID_MCE          (1u << 7)
#define CPUID_PAT          (1u << 16)
#define CPUID_FXSR         (1u << 24)
#define CPUID_SSE          (1u << 25)
#define CPUID_SYSCALL      (1u << 11) /* leaf 0x80000001, edx */
#define CPUID_NX           (1u << 20)
#define CPUID_LM           (1u << 29)

#define MSR_PAT            0x277u
#define MSR_EFER           0xc0000080u
#define EFER_LME_LMA       UINT64_C(0x500)
#define EFER_NXE           UINT64_C(0x800)
#define PAT_PROMISED       UINT64_C(0x0407050600070106)

#define SELECTOR_CODE      0x08
#define SELECTOR_DATA      0x10
#define CODE_64            UINT64_C(0x00af9b000000ffff)
#define CODE_32            UINT64_C(0x00cf9b000000ffff)
#define DATA               UINT64_C(0x00cf93000000ffff)
#define DESCRIPTOR_PRESENT (UINT64_C(1) << 47)
#define TYPE_BUSY_TSS      11

#define GATES              32
#define STACK_BYTES        16384 /* at least */
#define STACK_USED         32    /* at most: argument and return address */

/* Written by the assembler; the rest of the zeros must be zeros. */
struct entry_state entry_state;

static const uint32_t constants[4] = { 0x600dc0de, 1, 2, 0x0ddba11 };
static volatile uint32_t data[4] = { 3, 0xdecafbad, 5, 7 };
static volatile uint8_t zeros[10000];

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

static uint32_t extended_features(void)
{
	uint32_t last = cpuid(0x80000000).eax;

	return last >= 0x80000001 && last < 0x80010000 ? cpuid(0x80000001).edx : 0;
}

static uint64_t read_msr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static bool equals(struct probe *p, const char *what, uint64_t seen, uint64_t promised)
{
	if (seen == promised)
		return true;
	return saw(p, "%s is %llx, not %llx", what, ULL(seen), ULL(promised));
}

/* --- the jump ---------------------------------------------------------------------------------- */

static bool zeros_are_zero(void)
{
	for (size_t i = 0; i < sizeof(zeros); i++)
		if (zeros[i] != 0)
			return false;
	return true;
}

bool check_entry(struct probe *p)
{
	const volatile uint32_t *constant = constants;

	if (constant[0] != 0x600dc0de || constant[3] != 0x0ddba11 || data[1] != 0xdecafbad ||
		data[3] != 7)
		return saw(p, "constants or data differ from the file");
	if (!zeros_are_zero())
		return saw(p, "what is zero in the program is not zero");
	return equals(p, "kernel.entry", p->record->kernel.entry, (uintptr_t)probe_entry);
}

bool check_argument(struct probe *p)
{
	const struct handoff *r = p->record;
	uint64_t promised = r->paging.direct_base + r->record_phys;

	return equals(p, "the argument", (uintptr_t)r, promised) &&
	       equals(p, LONG_MODE ? "rdi" : "eax", entry_state.general[LONG_MODE ? DI : AX],
		       promised);
}

bool check_registers(struct probe *p)
{
	static const char name[16][4] = { "ax", "bx", "cx", "dx", "si", "di", "bp", "sp", "r8",
		"r9", "r10", "r11", "r12", "r13", "r14", "r15" };

	for (unsigned i = 0; i < ARRAY_SIZE(entry_state.general); i++)
		if (i != SP && i != (LONG_MODE ? DI : AX) && entry_state.general[i] != 0)
			return saw(p, "%s is %llx", name[i], ULL(entry_state.general[i]));
	return true;
}

/* The compiler's calls: above the return address the stack is at a multiple of 16. */
bool check_stack(struct probe *p)
{
	const struct handoff_range *stack = &p->record->kernel.stack;
	uint64_t sp = entry_state.general[SP];

	if (stack->end - stack->start < STACK_BYTES || (stack->start & (PAGE_SIZE - 1)) != 0)
		return saw(p, "from %llx to %llx", ULL(stack->start), ULL(stack->end));
	if (sp <= stack->start || sp > stack->end || stack->end - sp > STACK_USED)
		return saw(p, "sp is %llx, the stack ends at %llx", ULL(sp), ULL(stack->end));
	if ((sp + sizeof(void *)) % 16 != 0)
		return saw(p, "sp is %llx at entry", ULL(sp));
	if (*(const uintptr_t *)(uintptr_t)sp != 0)
		return saw(p, "the return address is %llx", ULL(*(const uintptr_t *)(uintptr_t)sp));
	for (uint64_t at = stack->start; at < stack->end; at += PAGE_SIZE) {
		struct paging_leaf leaf;

		if (!paging_lookup(&p->paging, p->window, at, &leaf))
			return saw(p, "%llx is not mapped", ULL(at));
		if (!is_mapped(p, at, leaf.phys + (at - leaf.virt), PAGE_SIZE, MAP_WRITE))
			return false;
	}
	return true;
}

/* --- registers ---------------------------------------------------------------------------------- */

bool check_flags(struct probe *p)
{
	return equals(p, "flags without results", entry_state.flags & ~FLAGS_RESULTS, FLAGS_ALWAYS);
}

bool check_cr0(struct probe *p)
{
	return equals(p, "CR0", entry_state.cr0, CR0_PROMISED);
}

bool check_cr4(struct probe *p)
{
	uint32_t features = cpuid(1).edx, levels = p->record->paging.levels;
	uint64_t promised = 0;

	if (levels == 2 && (features & CPUID_PSE))
		promised |= CR4_PSE;
	if (levels > 2)
		promised |= CR4_PAE;
	if (levels == 5)
		promised |= CR4_LA57;
	if (features & CPUID_MCE)
		promised |= CR4_MCE;
	if ((features & (CPUID_FXSR | CPUID_SSE)) == (CPUID_FXSR | CPUID_SSE))
		promised |= CR4_SSE;
	return equals(p, "CR4", entry_state.cr4, promised);
}

/* The register is there where something in it can be used. */
bool check_efer(struct probe *p)
{
	uint32_t features = extended_features();
	bool nx = (p->record->flags & HANDOFF_NX) != 0;
	uint64_t promised = (LONG_MODE ? EFER_LME_LMA : 0) | (nx ? EFER_NXE : 0);

	if (nx && !(features & CPUID_NX))
		return saw(p, "NX is promised, and the processor has none");
	if (!(features & (CPUID_SYSCALL | CPUID_NX | CPUID_LM)))
		return true;
	return equals(p, "EFER", read_msr(MSR_EFER), promised);
}

bool check_pat(struct probe *p)
{
	bool ours = (p->record->flags & HANDOFF_PAT) != 0;
	bool there = (cpuid(1).edx & CPUID_PAT) != 0;

	if (ours != there)
		return saw(p, "the flag is %u, the processor's %u", ours, there);
	return !ours || equals(p, "PAT", read_msr(MSR_PAT), PAT_PROMISED);
}

bool check_cr3(struct probe *p)
{
	return equals(p, "CR3", entry_state.cr3, p->record->paging.root_phys) &&
	       equals(p, "the first table", p->record->paging.tables_phys,
		       p->record->paging.root_phys);
}

bool check_fpu(struct probe *p)
{
	uint32_t features = cpuid(1).edx, mxcsr = 0x1f80;
	uint32_t environment[7]; /* control, status, tags, ...: 28 bytes in protected mode */

	__asm__ volatile("fnstenv %0" : "=m"(environment));
	if ((features & (CPUID_FXSR | CPUID_SSE)) == (CPUID_FXSR | CPUID_SSE))
		__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	return equals(p, "the control word", environment[0] & 0xffff, 0x37f) &&
	       equals(p, "the status word", environment[1] & 0xffff, 0) &&
	       equals(p, "the tag word", environment[2] & 0xffff, 0xffff) &&
	       equals(p, "MXCSR", mxcsr, 0x1f80);
}

/* --- descriptor tables --------------------------------------------------------------------------- */

static uint64_t descriptor(uint64_t selector)
{
	const uint64_t *gdt = (const uint64_t *)entry_state.gdtr.base;

	return gdt[selector / 8];
}

bool check_segments(struct probe *p)
{
	const struct entry_state *e = &entry_state;

	return equals(p, "cs", e->cs, SELECTOR_CODE) && equals(p, "ds", e->ds, SELECTOR_DATA) &&
	       equals(p, "es", e->es, SELECTOR_DATA) && equals(p, "ss", e->ss, SELECTOR_DATA) &&
	       equals(p, "fs", e->fs, 0) && equals(p, "gs", e->gs, 0) &&
	       equals(p, "the descriptor of code", descriptor(SELECTOR_CODE),
		       LONG_MODE ? CODE_64 : CODE_32) &&
	       equals(p, "the descriptor of data", descriptor(SELECTOR_DATA), DATA);
}

bool check_tss(struct probe *p)
{
	uint64_t tr = entry_state.tr, entry;

	if (tr == 0 || (tr & 7) != 0 || tr + 7 > entry_state.gdtr.limit)
		return saw(p, "tr is %llx, the GDT's limit %x", ULL(tr), entry_state.gdtr.limit);
	entry = descriptor(tr);
	if (!(entry & DESCRIPTOR_PRESENT))
		return saw(p, "its descriptor is %llx", ULL(entry));
	return equals(p, "the type of its descriptor", entry >> 40 & 15, TYPE_BUSY_TSS);
}

bool check_idt(struct probe *p)
{
	const unsigned gate_words = LONG_MODE ? 4 : 2;
	const uint32_t *idt = (const uint32_t *)entry_state.idtr.base;

	if (entry_state.idtr.limit + 1 < (int)(GATES * gate_words * 4))
		return saw(p, "the limit is %x", entry_state.idtr.limit);
	for (unsigned i = 0; i < GATES; i++)
		if (!(idt[i * gate_words + 1] & 1u << 15))
			return saw(p, "gate %u is not present", i);
	return true;
}

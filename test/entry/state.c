/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control registers of an odd firmware, the same way on both architectures. Called by entry.c, and by end.c
 * to print.
 */
#include "state.h"

#define CR0_NE   (1ul << 5)
#define CR0_WP   (1ul << 16)
#define CR0_AM   (1ul << 18)
#define CR0_CD   (1ul << 30)
#define MSR_PAT  0x277u
#define MSR_EFER 0xc0000080u
#define EFER_SCE 1u
#define EFER_NXE (1u << 11)

/* WB UC WP WB, UC- five times less one: no entry but the first is what it is after reset. */
#define PAT_ODD  UINT64_C(0x0707070706050006)

/* A bit of CR4, and the bit of CPUID that says it may be set. */
struct cr4_feature {
	uint8_t bit;
	uint8_t leaf;
	uint8_t reg; /* EAX 0 to EDX 3 */
	uint8_t feature;
};

static const struct cr4_feature cr4_features[] = {
	{ 2, 1, 3, 4 },   /* TSD */
	{ 3, 1, 3, 2 },   /* DE */
	{ 7, 1, 3, 13 },  /* PGE */
	{ 9, 1, 3, 24 },  /* OSFXSR */
	{ 10, 1, 3, 25 }, /* OSXMMEXCPT */
	{ 11, 7, 2, 2 },  /* UMIP */
	{ 16, 7, 1, 0 },  /* FSGSBASE */
	{ 18, 1, 2, 26 }, /* OSXSAVE */
	{ 20, 7, 1, 7 },  /* SMEP */
	{ 21, 7, 1, 20 }, /* SMAP */
	{ 22, 7, 2, 3 },  /* PKE */
	{ 23, 7, 2, 7 },  /* CET */
	{ 24, 7, 2, 31 }, /* PKS */
};

static uint64_t read_msr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static void write_msr(uint32_t msr, uint64_t value)
{
	__asm__ volatile("wrmsr"
			 :
			 : "a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "c"(msr)
			 : "memory");
}

static bool cpu_has(const struct cr4_feature *f)
{
	struct cpuid r = { 0 };
	uint32_t words[4];

	if (state_cpuid(0).eax >= f->leaf)
		r = state_cpuid(f->leaf);
	words[0] = r.eax;
	words[1] = r.ebx;
	words[2] = r.ecx;
	words[3] = r.edx;
	return (words[f->reg] >> f->feature & 1) != 0;
}

static void set_cr4_bits(void)
{
	unsigned long cr4 = READ_CONTROL(4);

	for (size_t i = 0; i < ARRAY_SIZE(cr4_features); i++)
		if (cpu_has(&cr4_features[i]))
			cr4 |= 1ul << cr4_features[i].bit;
	WRITE_CONTROL(4, cr4);
	tables_leave_traces();
}

struct cpuid state_cpuid(uint32_t leaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(0));
	return r;
}

void state_clear_nxe(void)
{
	write_msr(MSR_EFER, read_msr(MSR_EFER) & ~(uint64_t)EFER_NXE);
}

void state_print(const struct sink *sink, const char *when)
{
	sink_printf(sink, "registers %s: cr0 %llx cr3 %llx cr4 %llx efer %llx pat %llx\n", when,
		(unsigned long long)READ_CONTROL(0), (unsigned long long)READ_CONTROL(3),
		(unsigned long long)READ_CONTROL(4), (unsigned long long)read_msr(MSR_EFER),
		(unsigned long long)read_msr(MSR_PAT));
}

bool state_enter(uint32_t states, void *tables)
{
	const uint32_t control = STATE_CR4 | STATE_CR0 | STATE_EFER | STATE_PAT;

	if ((states & ~(control | tables_states)) != 0 || !tables_enter(states, tables))
		return false;
	if ((states & STATE_PAT) != 0)
		write_msr(MSR_PAT, PAT_ODD);
	if ((states & STATE_EFER) != 0)
		write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_SCE);
	if ((states & STATE_CR0) != 0)
		WRITE_CONTROL(0, (READ_CONTROL(0) & ~(CR0_WP | CR0_NE)) | CR0_AM | CR0_CD);
	if ((states & STATE_CR4) != 0)
		set_cr4_bits();
	return true;
}

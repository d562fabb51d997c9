/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * i386: no paging, PAE, or two levels. All 4 GiB are mapped to themselves, so that the change in between, with
 * paging off, goes unnoticed; above PAGE_OFFSET that is not what bootmem will have there. Called by state.c.
 */
#include <bootmem/arch.h>

#include "../state.h"

#define PER_TABLE       512u
#define PDPT_ENTRIES    4u
#define LARGE_PAE       (2 * MIB)
#define LARGE_TWO_LEVEL (4 * MIB)
#define CPUID_1_EDX_PSE (1u << 3)
#define CPUID_1_EDX_PAE (1u << 6)
#define LARGE_FLAGS     (ENTRY_PRESENT | ENTRY_LARGE | ENTRY_GLOBAL)

const uint32_t tables_states = STATE_OFF | STATE_PAE | STATE_TWO_LEVEL | STATE_NO_NX;

/* The four entries of the root have no rights of their own. */
static uint32_t fill_pae(uint64_t *directory)
{
	uint64_t *root = directory + PDPT_ENTRIES * PER_TABLE;

	for (uint64_t i = 0; i < PDPT_ENTRIES * PER_TABLE; i++)
		directory[i] = i * LARGE_PAE | LARGE_FLAGS;
	for (unsigned i = 0; i < PDPT_ENTRIES; i++)
		root[i] = (uintptr_t)(directory + i * PER_TABLE) | 1;
	return (uint32_t)(uintptr_t)root;
}

static uint32_t fill_two_level(uint32_t *directory)
{
	for (uint64_t i = 0; i < 2 * PER_TABLE; i++)
		directory[i] = (uint32_t)(i * LARGE_TWO_LEVEL | LARGE_FLAGS);
	return (uint32_t)(uintptr_t)directory;
}

bool tables_enter(uint32_t states, void *tables)
{
	const uint32_t own = STATE_OFF | STATE_PAE | STATE_TWO_LEVEL;
	unsigned long cr0 = READ_CONTROL(0), cr4 = READ_CONTROL(4) & ~(CR4_PAE | CR4_PSE);
	uint32_t features = state_cpuid(1).edx, root = 0;

	if ((states & own) == 0)
		return (states & STATE_NO_NX) == 0; /* the firmware's tables use it */
	if (((states & STATE_PAE) != 0 && (features & CPUID_1_EDX_PAE) == 0) ||
		((states & STATE_TWO_LEVEL) != 0 && (features & CPUID_1_EDX_PSE) == 0))
		return false;
	WRITE_CONTROL(0, cr0 & ~CR0_PG);
	if ((states & STATE_NO_NX) != 0)
		state_clear_nxe();
	if ((states & STATE_PAE) != 0) {
		root = fill_pae(tables);
		cr4 |= CR4_PAE;
	} else if ((states & STATE_TWO_LEVEL) != 0) {
		root = fill_two_level(tables);
		cr4 |= CR4_PSE;
	}
	WRITE_CONTROL(4, cr4);
	WRITE_CONTROL(3, root);
	if (root != 0)
		WRITE_CONTROL(0, cr0 | CR0_PG);
	return true;
}

void tables_leave_traces(void)
{
	const volatile uint8_t *direct = (const uint8_t *)(uintptr_t)ARCH_DIRECT_BASE;

	(void)direct[16 * MIB];
}

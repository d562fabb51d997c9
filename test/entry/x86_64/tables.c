/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * x86_64: four or five levels of 1 GiB pages, and translations that would show wrong memory in the direct map
 * if the switch let them live on. Called by state.c.
 */
#include <bootmem/arch.h>

#include "../state.h"

#define PER_TABLE             512u
#define CPUID_7_ECX_LA57      (1u << 16)
#define CPUID_80000001_EDX_1G (1u << 26)
#define CPUID_1_ECX_PCID      (1u << 17)
#define CR4_PCIDE             (1ul << 17)
#define PCID                  0xffful /* PWT and PCD among them, should PCIDE go off */

const uint32_t tables_states = STATE_LA57 | STATE_NO_NX;

/* Through 32-bit code without paging: nothing else may change the number of levels. In long_mode.S. */
void long_mode_switch(uint32_t root_phys, uint64_t cr4);

/* Entry i shows GiB number i + shift. */
static void fill_gigabytes(uint64_t *table, unsigned shift)
{
	for (uint64_t i = 0; i < PER_TABLE; i++)
		table[i] = (i + shift) * GIB | ENTRY_PRESENT | ENTRY_LARGE | ENTRY_GLOBAL;
}

static uint64_t table_entry(const uint64_t *table)
{
	return (uintptr_t)table | ENTRY_PRESENT;
}

static unsigned direct_slot(uint64_t base, unsigned shift)
{
	return (unsigned)(base >> shift) % PER_TABLE;
}

/* Identity below, and where bootmem will have its direct map: the same memory, a GiB too far. */
static uint64_t *fill_tables(uint64_t *table, bool five)
{
	uint64_t *identity = table, *shifted = table + PER_TABLE, *top = table + 2 * PER_TABLE,
		 *top_shifted = table + 3 * PER_TABLE, *root = table + 4 * PER_TABLE;

	fill_gigabytes(identity, 0);
	fill_gigabytes(shifted, 1);
	top[0] = table_entry(identity);
	if (!five) {
		top[direct_slot(ARCH_DIRECT_BASE, 39)] = table_entry(shifted);
		return top;
	}
	top_shifted[0] = table_entry(shifted);
	root[0] = table_entry(top);
	root[direct_slot(ARCH_DIRECT_BASE_5, 48)] = table_entry(top_shifted);
	return root;
}

static bool below_4g(const void *pointer)
{
	return (uintptr_t)pointer < 4 * GIB;
}

/* From 4 levels with 1 GiB pages; long_mode.S runs where it is, on this stack, without paging. */
static bool can_enter(bool five)
{
	if ((READ_CONTROL(4) & CR4_LA57) != 0 ||
		(state_cpuid(0x80000001).edx & CPUID_80000001_EDX_1G) == 0)
		return false;
	if (!five)
		return true;
	return (state_cpuid(7).ecx & CPUID_7_ECX_LA57) != 0 && below_4g(&five) &&
	       below_4g((const void *)long_mode_switch);
}

bool tables_enter(uint32_t states, void *tables)
{
	bool five = (states & STATE_LA57) != 0;
	uint64_t *root;

	if ((states & (STATE_LA57 | STATE_NO_NX | STATE_CR4)) == 0)
		return true; /* the firmware's will do */
	if (!can_enter(five))
		return false;
	root = fill_tables(tables, five);
	if (five)
		long_mode_switch((uint32_t)(uintptr_t)root, READ_CONTROL(4) | CR4_LA57);
	else
		WRITE_CONTROL(3, root);
	if ((states & STATE_NO_NX) != 0)
		state_clear_nxe();
	return true;
}

void tables_leave_traces(void)
{
	bool five = (READ_CONTROL(4) & CR4_LA57) != 0;
	const volatile uint8_t *direct =
		(const uint8_t *)(uintptr_t)(five ? ARCH_DIRECT_BASE_5 : ARCH_DIRECT_BASE);

	if ((state_cpuid(1).ecx & CPUID_1_ECX_PCID) != 0) {
		WRITE_CONTROL(4, READ_CONTROL(4) | CR4_PCIDE);
		WRITE_CONTROL(3, READ_CONTROL(3) | PCID);
	}
	(void)direct[16 * MIB];
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first line of an exception report: mnemonic, name and error code (SDM 3A, 6.3.1 and 4.7).
 */
#ifndef X86_TRAP_NAMES_H
#define X86_TRAP_NAMES_H

#include <bootmem/cpu.h>

#define TRAP_DOUBLE_FAULT  8
#define TRAP_NMI           2
#define TRAP_MACHINE_CHECK 18
#define TRAP_PAGE_FAULT    ARCH_PAGE_FAULT

#define PF_PRESENT         1u
#define PF_WRITE           2u
#define PF_RESERVED        8u
#define PF_FETCH           16u

/* Fixed widths and no pointers: nothing to relocate. */
static inline const char *trap_name(unsigned vector)
{
	static const char name[][28] = {
		"#DE divide error",
		"#DB debug",
		"NMI",
		"#BP breakpoint",
		"#OF overflow",
		"#BR bound range",
		"#UD invalid opcode",
		"#NM device not available",
		"#DF double fault",
		"coprocessor overrun",
		"#TS invalid TSS",
		"#NP segment not present",
		"#SS stack fault",
		"#GP general protection",
		"#PF page fault",
		"vector 15",
		"#MF x87 error",
		"#AC alignment check",
		"#MC machine check",
		"#XM SIMD exception",
		"#VE virtualization",
		"#CP control protection",
	};

	return vector < ARRAY_SIZE(name) ? name[vector] : "reserved vector";
}

static inline const char *trap_page_fault_text(uint32_t error)
{
	if ((error & PF_RESERVED) != 0)
		return ": reserved bit set in a page table";
	if ((error & PF_FETCH) != 0)
		return (error & PF_PRESENT) != 0 ? ": execution of a no-execute page"
						 : ": execution of an unmapped page";
	if ((error & PF_WRITE) != 0)
		return (error & PF_PRESENT) != 0 ? ": write to a read-only page"
						 : ": write to an unmapped page";
	return ": read of an unmapped page";
}

static inline void trap_print_title(const struct sink *console, unsigned vector, uint32_t error)
{
	sink_printf(console, "\nEXCEPTION %u, %s%s, error code 0x%x\n", vector, trap_name(vector),
		vector == TRAP_PAGE_FAULT ? trap_page_fault_text(error) : "", error);
}

#endif

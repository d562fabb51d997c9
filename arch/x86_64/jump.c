/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leaving for a Linux-protocol kernel (bootmem/cpu.h): its GDT, then the jump in jump_linux.S.
 */
#include <bootmem/cpu.h>

#define GDT_CODE64 UINT64_C(0x00af9b000000ffff)
#define GDT_DATA   UINT64_C(0x00cf93000000ffff)

struct table_register {
	uint16_t pad[3];
	uint16_t limit;
	uint64_t base;
};

_Noreturn void cpu_jump_linux(uint64_t entry, uint64_t params, uint64_t root, const void *gdtr);

_Noreturn void arch_jump_linux(const struct linux_start *start)
{
	const struct table_register gdtr = { .limit = ARCH_LINUX_GDT_BYTES - 1,
		.base = start->gdt_phys };

	start->gdt[0] = start->gdt[1] = 0;
	start->gdt[2] = GDT_CODE64;
	start->gdt[3] = GDT_DATA;
	cpu_jump_linux(start->entry_phys, start->params_phys, start->root_phys, &gdtr.limit);
}

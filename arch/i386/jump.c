/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leaving for a Linux-protocol kernel (bootmem/cpu.h): its GDT, then the jump in jump_linux.S.
 */
#include <bootmem/cpu.h>

#define GDT_CODE32 UINT64_C(0x00cf9b000000ffff)
#define GDT_DATA   UINT64_C(0x00cf93000000ffff)

struct table_register {
	uint16_t pad;
	uint16_t limit;
	uint32_t base;
};

_Noreturn void cpu_jump_linux(uint32_t entry, uint32_t params, const void *gdtr, uint32_t nx);

_Noreturn void arch_jump_linux(const struct linux_start *start)
{
	const struct table_register gdtr = { .limit = ARCH_LINUX_GDT_BYTES - 1,
		.base = (uint32_t)start->gdt_phys };
	struct paging_mode mode;
	phys_t root;
	bool nx = arch_firmware_paging(&mode, &root) && mode.nx;

	start->gdt[0] = start->gdt[1] = 0;
	start->gdt[2] = GDT_CODE32;
	start->gdt[3] = GDT_DATA;
	cpu_jump_linux((uint32_t)start->entry_phys, (uint32_t)start->params_phys, &gdtr.limit, nx);
}

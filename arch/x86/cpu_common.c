/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What both architectures do to their processor with the same instructions (bootmem/cpu.h).
 */
#include <bootmem/cpu.h>

void arch_flush_page(uint64_t virt)
{
	__asm__ volatile("invlpg (%0)" : : "r"((uintptr_t)virt) : "memory");
}

void arch_disable_interrupts(void)
{
	__asm__ volatile("cli" : : : "memory");
}

_Noreturn void arch_halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" : : : "memory");
}

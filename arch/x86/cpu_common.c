/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What both architectures do to their processor with the same instructions (bootmem/cpu.h).
 */
#include <bootmem/cpu.h>

#define MXCSR_INITIAL 0x1f80u

_Noreturn void cpu_jump(uintptr_t entry, uintptr_t argument, uintptr_t stack_end);

void arch_disable_interrupts(void)
{
	__asm__ volatile("cli" : : : "memory");
}

_Noreturn void arch_halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" : : : "memory");
}

_Noreturn void arch_jump(uint64_t entry, uint64_t argument, uint64_t stack_end)
{
	const uint32_t mxcsr = MXCSR_INITIAL;

	if (arch_allow_sse())
		__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
	cpu_jump((uintptr_t)entry, (uintptr_t)argument, (uintptr_t)stack_end);
}

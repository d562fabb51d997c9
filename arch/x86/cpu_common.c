/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What both architectures do to their processor with the same instructions (bootmem/cpu.h).
 */
#include <bootmem/cpu.h>

#define CPUID_1_EDX_CLFSH (1u << 19)
#define CACHE_LINE_MIN    16u
#define MXCSR_INITIAL     0x1f80u

_Noreturn void cpu_jump(uintptr_t entry, uintptr_t argument, uintptr_t stack_end);

void arch_disable_interrupts(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static bool has_clflush(void)
{
	uint32_t eax = 1, ebx, ecx, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
	return (edx & CPUID_1_EDX_CLFSH) != 0;
}

void arch_write_back(const void *start, size_t bytes)
{
	const char *at = start;

	if (!has_clflush()) {
		__asm__ volatile("wbinvd" : : : "memory");
		return;
	}
	for (size_t i = 0; i < bytes; i += CACHE_LINE_MIN)
		__asm__ volatile("clflush %0" : : "m"(at[i]) : "memory");
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

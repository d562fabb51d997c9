/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * invlpg (bootmem/arch.h), in a file of its own: a kernel that links the library needs it, and nothing else of what the
 * loader does to its processor.
 */
#include <bootmem/arch.h>

void arch_flush_page(uint64_t virt)
{
	__asm__ volatile("invlpg (%0)" : : "r"((uintptr_t)virt) : "memory");
}

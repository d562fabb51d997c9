/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine side of an architecture on the host: there is no processor to tell anything.
 */
#include <bootmem/arch.h>

void arch_flush_page(uint64_t virt)
{
	(void)virt;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * INIT and SIPI for all processors but this one, through its local APIC (Intel's manual, volume 3, "Advanced Programmable
 * Interrupt Controller": the interrupt command register; "Multiple-Processor Initialization"). After INIT alone, the next
 * system management interrupt resets QEMU's machine. Called by torture before it gives up the firmware's page tables.
 */
#include "processors.h"

#include <bootmem/string.h>

#define CPUID_1_EDX_APIC 0x200
#define MSR_APIC_BASE    0x1b
#define APIC_BASE_X2     0x400
#define APIC_BASE_ON     0x800
#define MSR_X2_ICR       0x830
#define ICR_LOW          0x300
#define ICR_INIT_OTHERS  0xc4500 /* assert, edge; to all excluding self */
#define ICR_SIPI_OTHERS  0xc4600 /* and the page to start in */
#define INIT_MICROS      10000
#define SIPI_MICROS      100000

static bool has_apic(void)
{
	uint32_t eax = 1, ebx, ecx = 0, edx;

	__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
	return (edx & CPUID_1_EDX_APIC) != 0;
}

static uint64_t read_msr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

/* An access to the port of the self-test takes about a microsecond, on every machine. */
static void wait(uint32_t micros)
{
	while (micros-- > 0)
		__asm__ volatile("outb %%al, $0x80" : : "a"(0));
}

/* The APIC's registers in the fixmap; null in x2APIC mode. */
static void send(volatile uint8_t *apic, uint32_t command)
{
	if (apic != NULL)
		*(volatile uint32_t *)(apic + ICR_LOW) = command;
	else
		__asm__ volatile("wrmsr" : : "a"(command), "d"(0), "c"(MSR_X2_ICR) : "memory");
}

static volatile uint8_t *show_apic(const struct physical *p, phys_t phys)
{
	const uint64_t virt = p->fixmap.start;

	if (!paging_set_page(&p->mm->paging, p->mm->window, virt, phys, MAP_WRITE | MAP_UC))
		return NULL;
	arch_flush_page(virt);
	return (volatile uint8_t *)(uintptr_t)virt;
}

bool processors_park(const struct physical *p, pfn_t pfn)
{
	static const uint8_t loop[] = { 0xfa, 0xf4, 0xeb, 0xfd }; /* cli; 1: hlt; jmp 1b */
	volatile uint8_t *apic = NULL;
	uint64_t base;

	if (!has_apic())
		return true;
	base = read_msr(MSR_APIC_BASE);
	if ((base & APIC_BASE_ON) == 0)
		return false;
	if ((base & APIC_BASE_X2) == 0) {
		apic = show_apic(p, align_down(base & (PHYS_END - 1), PAGE_SIZE));
		if (apic == NULL)
			return false;
	}
	memcpy(phys_to_virt(p->mm->window, pfn_phys(pfn)), loop, sizeof(loop));
	send(apic, ICR_INIT_OTHERS);
	wait(INIT_MICROS);
	send(apic, ICR_SIPI_OTHERS | (uint32_t)pfn);
	wait(SIPI_MICROS);
	return true;
}

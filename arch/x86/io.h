/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Port input and output, and registers in memory, the same on both architectures.
 */
#ifndef X86_IO_H
#define X86_IO_H

#include <stdint.h>

static inline uint8_t io_in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline uint16_t io_in16(uint16_t port)
{
	uint16_t value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static inline void io_out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

/* A register in memory, bytes wide: 1 or 4; the value is its lowest byte. */
static inline uint8_t io_read(uintptr_t address, unsigned bytes)
{
	return bytes == 4 ? (uint8_t) * (volatile uint32_t *)address : *(volatile uint8_t *)address;
}

static inline void io_write(uintptr_t address, unsigned bytes, uint8_t value)
{
	if (bytes == 4)
		*(volatile uint32_t *)address = value;
	else
		*(volatile uint8_t *)address = value;
}

/* No interrupt until io_restore_interrupts gets back what this returned. */
static inline unsigned long io_hold_interrupts(void)
{
	unsigned long flags;

	__asm__ volatile("pushf; pop %0; cli" : "=r"(flags) : : "memory");
	return flags;
}

static inline void io_restore_interrupts(unsigned long flags)
{
	__asm__ volatile("push %0; popf" : : "r"(flags) : "memory", "cc");
}

static inline void io_out16(uint16_t port, uint16_t value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * I/O ports for the tests of drivers, which have a model of the device behind them.
 */
#ifndef X86_IO_H
#define X86_IO_H

#include <stdint.h>

uint8_t io_in8(uint16_t port);
uint8_t io_read(uintptr_t address, unsigned bytes);
void io_write(uintptr_t address, unsigned bytes, uint8_t value);
void io_out8(uint16_t port, uint8_t value);
unsigned long io_hold_interrupts(void);
void io_restore_interrupts(unsigned long flags);

#endif

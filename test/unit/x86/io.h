/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * I/O ports for test_serial.c, which has a model of a 16550 behind them.
 */
#ifndef X86_IO_H
#define X86_IO_H

#include <stdint.h>

uint8_t io_in8(uint16_t port);
void io_out8(uint16_t port, uint8_t value);
unsigned long io_hold_interrupts(void);
void io_restore_interrupts(unsigned long flags);

#endif

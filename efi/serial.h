/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A 16550 serial port, polled. Every wait is bounded: a port that is absent or stuck costs
 * a moment once and is then left alone (Q64).
 */
#ifndef EFI_SERIAL_H
#define EFI_SERIAL_H

#include <bootmem/types.h>

#define SERIAL_COM1         0x3f8
#define SERIAL_DEFAULT_BAUD 115200u

struct serial {
	uint16_t port;
	bool present;
};

/* Probe the port; set it to baud (0: the default), 8N1. s->present tells whether one answered. */
void serial_open(struct serial *s, uint16_t port, uint32_t baud);

/* "\n" goes out as "\r\n". */
void serial_write(struct serial *s, const char *text, size_t length);

/* Until the last character has left, or the bound is reached. */
void serial_flush(struct serial *s);

#endif

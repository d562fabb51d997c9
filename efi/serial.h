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

/* At I/O ports, or in memory. */
struct serial_at {
	uint16_t port;   /* 0: in memory, or none at all */
	uint16_t stride; /* in memory: bytes from one register to the next, and of each: 1 or 4 */
	uint32_t
		baud; /* at I/O ports; 0: the default. In memory the clock is unknown, so the firmware's setting stays */
	uintptr_t address; /* in memory: where it is seen now; 0: nowhere yet */
};

struct serial {
	struct serial_at at;
	bool present;
};

/* Is there one to talk to? */
static inline bool serial_reachable(const struct serial_at *at)
{
	return at->port != 0 || at->address != 0;
}

/* Probe the port; set it to its baud and 8N1. s->present tells whether one answered. */
void serial_open(struct serial *s, const struct serial_at *at);

/* "\n" goes out as "\r\n". */
void serial_write(struct serial *s, const char *text, size_t length);

/* Until the last character has left, or the bound is reached. */
void serial_flush(struct serial *s);

#endif

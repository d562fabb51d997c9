/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial port after the firmware's console is gone; the console's sink and nobody else calls
 * it.
 */
#include "serial.h"

#include <x86/io.h>

enum uart_register {
	UART_DATA,
	UART_IER,
	UART_FCR,
	UART_LCR,
	UART_MCR,
	UART_LSR,
	UART_MSR,
	UART_SCRATCH
};

#define LCR_8N1      0x03
#define LCR_DLAB     0x80
#define FCR_ENABLE   0x07 /* on, both queues cleared */
#define MCR_DTR_RTS  0x03
#define MCR_LOOPBACK 0x1e
#define LSR_THRE     0x20
#define LSR_TEMT     0x40
#define UART_CLOCK   115200u

/*
 * A read of a port takes about a microsecond: a fifth of a second, enough for a full queue at 1200
 * baud.
 */
#define WAIT_READS   200000u

static uint8_t uart_in(const struct serial *s, enum uart_register r)
{
	if (s->at.port == 0)
		return io_read(s->at.address + r * (uintptr_t)s->at.stride, s->at.stride);
	return io_in8((uint16_t)(s->at.port + r));
}

static void uart_out(const struct serial *s, enum uart_register r, uint8_t value)
{
	if (s->at.port == 0)
		io_write(s->at.address + r * (uintptr_t)s->at.stride, s->at.stride, value);
	else
		io_out8((uint16_t)(s->at.port + r), value);
}

static bool wait_for(const struct serial *s, uint8_t bits)
{
	for (uint32_t i = 0; i < WAIT_READS; i++)
		if ((uart_in(s, UART_LSR) & bits) == bits)
			return true;
	return false;
}

/* An absent port reads as all ones, or as whatever the bus last carried. */
static bool scratch_holds(const struct serial *s, uint8_t value)
{
	uart_out(s, UART_SCRATCH, value);
	return uart_in(s, UART_SCRATCH) == value;
}

/* Before the exit the firmware's console polls the same port from a timer, and would take the byte away. */
static bool loops_back(const struct serial *s)
{
	unsigned long flags = io_hold_interrupts();
	bool same;

	uart_out(s, UART_MCR, MCR_LOOPBACK);
	uart_out(s, UART_DATA, 0xae);
	(void)wait_for(s, LSR_TEMT);
	same = uart_in(s, UART_DATA) == 0xae;
	uart_out(s, UART_MCR, MCR_DTR_RTS);
	io_restore_interrupts(flags);
	return same;
}

static void set_baud(const struct serial *s)
{
	uint32_t baud = s->at.baud;
	uint32_t divisor = baud == 0 || baud > UART_CLOCK ? 1 : UART_CLOCK / baud;

	uart_out(s, UART_LCR, LCR_DLAB | LCR_8N1);
	uart_out(s, UART_DATA, (uint8_t)divisor);
	uart_out(s, UART_IER, (uint8_t)(divisor >> 8));
}

static void set_line(const struct serial *s)
{
	uart_out(s, UART_IER, 0);
	if (s->at.port != 0)
		set_baud(s);
	uart_out(s, UART_LCR, LCR_8N1);
	uart_out(s, UART_FCR, FCR_ENABLE);
	uart_out(s, UART_MCR, MCR_DTR_RTS);
}

static void put(struct serial *s, char c)
{
	if (!s->present)
		return;
	s->present = wait_for(s, LSR_THRE);
	if (s->present)
		uart_out(s, UART_DATA, (uint8_t)c);
}

void serial_open(struct serial *s, const struct serial_at *at)
{
	*s = (struct serial){ .at = *at };
	if (!scratch_holds(s, 0x5a) || !scratch_holds(s, 0xa5))
		return;
	/* what the firmware still has in the queue */
	(void)wait_for(s, LSR_TEMT);
	set_line(s);
	s->present = loops_back(s);
}

void serial_write(struct serial *s, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\n')
			put(s, '\r');
		put(s, text[i]);
	}
}

void serial_flush(struct serial *s)
{
	if (s->present)
		(void)wait_for(s, LSR_TEMT);
}

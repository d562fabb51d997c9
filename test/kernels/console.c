/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loader has set the port up; all that is left is to wait until it takes a character, and not for ever.
 * Called by bare, probe and torture; hello shows the same in a few lines of its own.
 */
#include "console.h"

#include <x86/io.h>

#define UART_STATUS 5    /* offset of the line status register */
#define UART_EMPTY  0x20 /* the port takes a character */
#define WAIT_READS  200000

static uint16_t console_port;

static void put(char c)
{
	uint32_t reads = 0;

	while (!(io_in8(console_port + UART_STATUS) & UART_EMPTY))
		if (++reads == WAIT_READS)
			return;
	io_out8(console_port, (uint8_t)c);
}

void console_open(const struct handoff *record)
{
	console_port = (uint16_t)record->serial.port;
}

void console_write(const char *text, size_t length)
{
	if (console_port == 0)
		return;
	for (; length > 0; length--, text++) {
		if (*text == '\n')
			put('\r');
		put(*text);
	}
}

void console_puts(const char *text)
{
	size_t length = 0;

	while (text[length] != '\0')
		length++;
	console_write(text, length);
}

void console_hex(uint64_t number)
{
	int shift = 60;

	while (shift > 0 && number >> shift == 0)
		shift -= 4;
	console_puts("0x");
	for (; shift >= 0; shift -= 4)
		console_write(&"0123456789abcdef"[number >> shift & 15], 1);
}

void console_decimal(uint32_t number)
{
	char digits[10];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	console_write(digits + at, sizeof(digits) - at);
}

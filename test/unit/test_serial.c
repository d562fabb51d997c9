/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial port's driver on ports that work, are absent, or stop; and the table that names one. Costs are counted
 * in port accesses: about a microsecond each on a real machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/spcr.h>

#include "../../efi/serial.c"

/* --- a 16550 ------------------------------------------------------------------------------------- */

static struct {
	uint16_t port;
	uintptr_t address; /* where it is in memory; 0: it is at ports */
	unsigned stride;
	bool absent, stuck; /* nothing there; nothing leaves its queue */
	bool thief; /* a firmware that polls the port takes looped bytes, unless interrupts are held */
	bool held;
	uint8_t reg[8], looped;
	uint16_t divisor;
	char sent[64];
	size_t length;
	unsigned accesses;
} uart;

static uint8_t read_register(unsigned r)
{
	assert_true(r < 8);
	uart.accesses++;
	if (uart.absent)
		return 0xff;
	if (r == UART_LSR)
		return uart.stuck ? 0 : LSR_THRE | LSR_TEMT;
	if (r == UART_DATA)
		return uart.thief && !uart.held ? 0 : uart.looped;
	return uart.reg[r];
}

static void write_register(unsigned r, uint8_t value)
{
	assert_true(r < 8);
	uart.accesses++;
	if (r < 2 && (uart.reg[UART_LCR] & LCR_DLAB) != 0) {
		uart.divisor = r == 0 ? (uart.divisor & 0xff00) | value
				      : (uint16_t)((uart.divisor & 0xff) | value << 8);
		return;
	}
	if (r == UART_DATA && (uart.reg[UART_MCR] & 0x10) != 0)
		uart.looped = value;
	else if (r == UART_DATA && uart.length < sizeof(uart.sent))
		uart.sent[uart.length++] = (char)value;
	uart.reg[r] = value;
}

uint8_t io_in8(uint16_t port)
{
	assert_int_equal(uart.address, 0);
	return read_register(port - uart.port);
}

void io_out8(uint16_t port, uint8_t value)
{
	assert_int_equal(uart.address, 0);
	write_register(port - uart.port, value);
}

/* A real one decodes only accesses of its registers' width. */
static unsigned register_at(uintptr_t address, unsigned bytes)
{
	assert_int_not_equal(uart.address, 0);
	assert_int_equal(bytes, uart.stride);
	assert_int_equal((address - uart.address) % uart.stride, 0);
	return (unsigned)((address - uart.address) / uart.stride);
}

uint8_t io_read(uintptr_t address, unsigned bytes)
{
	return read_register(register_at(address, bytes));
}

void io_write(uintptr_t address, unsigned bytes, uint8_t value)
{
	write_register(register_at(address, bytes), value);
}

unsigned long io_hold_interrupts(void)
{
	uart.held = true;
	return 0x202;
}

void io_restore_interrupts(unsigned long flags)
{
	assert_int_equal(flags, 0x202);
	uart.held = false;
}

static struct serial opened(uint32_t baud)
{
	const struct serial_at at = { .port = uart.address != 0 ? 0 : uart.port,
		.stride = (uint16_t)uart.stride,
		.baud = baud,
		.address = uart.address };
	struct serial s;

	serial_open(&s, &at);
	return s;
}

static int new_uart(void **state)
{
	(void)state;
	memset(&uart, 0, sizeof(uart));
	uart.port = 0x2f8;
	return 0;
}

/* --- tests --------------------------------------------------------------------------------------- */

static void a_port_that_works(void **state)
{
	struct serial s = opened(9600);

	(void)state;
	assert_true(s.present);
	assert_int_equal(uart.divisor, 12);
	serial_write(&s, "a\nb", 3);
	assert_int_equal(uart.length, 4);
	assert_memory_equal(uart.sent, "a\r\nb", 4);
	assert_false(uart.held);
}

/* Its clock is unknown: what the firmware has set stays. */
static void a_port_in_memory(void **state)
{
	(void)state;
	for (unsigned stride = 1; stride <= 4; stride += 3) {
		struct serial s;

		memset(&uart, 0, sizeof(uart));
		uart.address = 0xfe034010;
		uart.stride = stride;
		uart.divisor = 26;
		s = opened(115200);
		assert_true(s.present);
		assert_int_equal(uart.divisor, 26);
		assert_int_equal(uart.reg[UART_LCR], LCR_8N1);
		serial_write(&s, "a\nb", 3);
		assert_memory_equal(uart.sent, "a\r\nb", 4);
		uart.absent = true;
		assert_false(opened(115200).present);
	}
}

/* Two accesses to find out, none afterwards, whatever is written. */
static void an_absent_port_costs_nothing(void **state)
{
	struct serial s;

	(void)state;
	uart.absent = true;
	s = opened(115200);
	assert_false(s.present);
	assert_int_equal(uart.accesses, 2);
	serial_write(&s, "report", 6);
	serial_flush(&s);
	assert_int_equal(uart.accesses, 2);
}

/* Every wait ends, and the port is left alone after the first that was in vain. */
static void a_port_that_stops_costs_one_wait(void **state)
{
	struct serial s = opened(115200);
	unsigned before;

	(void)state;
	assert_true(s.present);
	uart.stuck = true;
	before = uart.accesses;
	serial_write(&s, "report", 6);
	assert_false(s.present);
	assert_int_equal(uart.accesses - before, WAIT_READS);
	serial_write(&s, "more", 4);
	assert_int_equal(uart.accesses - before, WAIT_READS);
}

static void the_firmware_does_not_take_the_looped_byte(void **state)
{
	(void)state;
	uart.thief = true;
	assert_true(opened(115200).present);
	assert_false(uart.held);
}

/* --- SPCR ------------------------------------------------------------------------------------------ */

static uint8_t table[80];

/* The widths of a register in memory: bits, and the size of an access. */
static enum bm_error parse_memory(struct spcr *out, uint64_t address, uint8_t bits, uint8_t access)
{
	struct acpi_table t = { table, sizeof(table) };

	table[36] = 0;
	table[40] = 0;
	table[41] = bits;
	table[43] = access;
	memcpy(table + 44, &address, sizeof(address));
	table[58] = 7;
	return spcr_parse(out, &t);
}

static enum bm_error parse(
	struct spcr *out, uint8_t type, uint8_t space, uint64_t address, uint8_t baud)
{
	struct acpi_table t = { table, sizeof(table) };

	table[36] = type;
	table[40] = space;
	memcpy(table + 44, &address, sizeof(address));
	table[58] = baud;
	return spcr_parse(out, &t);
}

static void spcr_names_a_port(void **state)
{
	static const struct {
		uint8_t code;
		uint32_t baud;
	} bauds[] = { { 0, 0 }, { 3, 9600 }, { 4, 19200 }, { 6, 57600 }, { 7, 115200 }, { 99, 0 } };
	struct spcr out;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(bauds); i++) {
		assert_int_equal(parse(&out, i % 2 ? 0x12 : 0, 1, 0x2f8, bauds[i].code), BM_OK);
		assert_int_equal(out.port, 0x2f8);
		assert_int_equal(out.baud, bauds[i].baud);
	}
}

static void spcr_names_memory(void **state)
{
	static const struct {
		uint8_t bits, access;
		uint32_t stride;
	} widths[] = { { 8, 1, 1 }, { 8, 0, 1 }, { 32, 3, 4 }, { 32, 0, 4 }, { 32, 1, 1 },
		{ 8, 3, 4 } };
	struct spcr out;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(widths); i++) {
		assert_int_equal(
			parse_memory(&out, 0xfe034000, widths[i].bits, widths[i].access), BM_OK);
		assert_int_equal(out.port, 0);
		assert_int_equal(out.phys, 0xfe034000);
		assert_int_equal(out.stride, widths[i].stride);
	}
	assert_int_equal(parse_memory(&out, PHYS_END - 32, 32, 3), BM_OK);
}

static void spcr_that_is_no_use(void **state)
{
	struct spcr out = { .port = 7 };

	(void)state;
	assert_int_equal(parse_memory(&out, 0xfe034000, 16, 2), BM_REFUSED);
	assert_int_equal(parse_memory(&out, 0xfe034000, 16, 0), BM_REFUSED);
	assert_int_equal(parse_memory(&out, 0xfe034000, 64, 4), BM_REFUSED);
	assert_int_equal(parse_memory(&out, 0, 8, 1), BM_INVALID);
	assert_int_equal(parse_memory(&out, 0xfe034002, 32, 3), BM_INVALID);
	assert_int_equal(parse_memory(&out, PHYS_END - 28, 32, 3), BM_INVALID);
	assert_int_equal(parse_memory(&out, UINT64_MAX, 8, 1), BM_INVALID);
	assert_int_equal(parse(&out, 3, 1, 0x3f8, 7), BM_REFUSED);
	assert_int_equal(parse(&out, 0, 2, 0x3f8, 7), BM_REFUSED);
	assert_int_equal(parse(&out, 0, 1, 0, 7), BM_INVALID);
	assert_int_equal(parse(&out, 0, 1, 0xfff9, 7), BM_INVALID);
	assert_int_equal(parse(&out, 0, 1, UINT64_C(0x1000003f8), 7), BM_INVALID);
	for (uint32_t length = ACPI_HEADER_BYTES; length < 59; length++) {
		uint8_t *cut = malloc(length);
		struct acpi_table t = { cut, length };

		memcpy(cut, table, length);
		assert_int_equal(spcr_parse(&out, &t), BM_INVALID);
		free(cut);
	}
	assert_int_equal(out.port, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_port_that_works, new_uart),
		cmocka_unit_test_setup(a_port_in_memory, new_uart),
		cmocka_unit_test_setup(an_absent_port_costs_nothing, new_uart),
		cmocka_unit_test_setup(a_port_that_stops_costs_one_wait, new_uart),
		cmocka_unit_test_setup(the_firmware_does_not_take_the_looped_byte, new_uart),
		cmocka_unit_test(spcr_names_a_port),
		cmocka_unit_test(spcr_names_memory),
		cmocka_unit_test(spcr_that_is_no_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

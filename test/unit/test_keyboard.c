/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a keyboard sends, byte by byte, and the keys that come of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bootmem/types.h>

#include "../../efi/keyboard.c"

/* --- a controller with bytes in it ----------------------------------------------------------------- */

static struct {
	const uint8_t *byte;
	size_t count;
	bool absent, mouse;
} controller;

uint8_t io_in8(uint16_t port)
{
	if (controller.absent)
		return 0xff;
	if (port == PORT_STATUS)
		return (uint8_t)((controller.count != 0 ? STATUS_FULL : 0) |
				 (controller.mouse ? STATUS_MOUSE : 0));
	assert_int_equal(port, PORT_DATA);
	assert_int_not_equal(controller.count, 0);
	controller.count--;
	return *controller.byte++;
}

/* The keys of a sequence, as letters: n, b and f. */
static void sends(const uint8_t *byte, size_t count, const char *wanted)
{
	char keys[16] = "";
	size_t used = 0;

	controller.byte = byte;
	controller.count = count;
	while (controller.count != 0) {
		enum key key = keyboard_poll();

		if (key != KEY_NONE)
			keys[used++] = "-nbf"[key];
	}
	assert_int_equal(keyboard_poll(), KEY_NONE);
	assert_string_equal(keys, wanted);
}

#define SENDS(wanted, ...)                                                                         \
	sends((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), wanted)

static void keys_turn_pages(void **state)
{
	(void)state;
	SENDS("n", 0x39, 0xb9);                           /* blank */
	SENDS("n", 0xe0, 0x51, 0xe0, 0xd1);               /* Page Down */
	SENDS("b", 0xe0, 0x49, 0xe0, 0xc9);               /* Page Up */
	SENDS("b", 0x0e, 0x8e);                           /* Backspace */
	SENDS("f", 0x01, 0x81);                           /* Esc */
	SENDS("nbf", 0xe0, 0x4d, 0xe0, 0x4b, 0xe0, 0x47); /* right, left, Home, held down */
}

/* One key is one page, whatever it sends. */
static void modifiers_are_no_keys(void **state)
{
	static const uint8_t modifier[] = { 0x1d, 0x2a, 0x36, 0x38, 0x3a, 0x45, 0x46 };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(modifier); i++)
		SENDS("", modifier[i], (uint8_t)(modifier[i] | 0x80));
	SENDS("", 0x00, 0xff);                                      /* too many at once */
	SENDS("n", 0xe0, 0x2a, 0xe0, 0x37, 0xe0, 0xb7, 0xe0, 0xaa); /* Print Screen */
	SENDS("b", 0xe0, 0x2a, 0xe0, 0x48, 0xe0, 0xc8, 0xe0, 0xaa); /* up, with Num Lock */
	SENDS("b", 0xe0, 0xaa, 0xe0, 0x48, 0xe0, 0xc8, 0xe0, 0x2a); /* up, with Shift held */
	SENDS("", 0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5);              /* Pause */
}

static void other_devices_are_no_keyboard(void **state)
{
	(void)state;
	controller.mouse = true;
	SENDS("", 0x39, 0x08, 0x01);
	controller.mouse = false;
	controller.absent = true;
	assert_int_equal(keyboard_poll(), KEY_NONE);
	controller.absent = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_turn_pages),
		cmocka_unit_test(modifiers_are_no_keys),
		cmocka_unit_test(other_devices_are_no_keyboard),
	};

	return cmocka_run_group_tests_name("keyboard", tests, NULL, NULL);
}

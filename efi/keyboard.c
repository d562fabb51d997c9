/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scan codes of set 1, which is what the controller's translation makes of any keyboard (IBM PS/2 technical reference).
 * Called by screen.c alone.
 */
#include "keyboard.h"

#include <bootmem/types.h>
#include <x86/io.h>

#define PORT_DATA       0x60
#define PORT_STATUS     0x64
#define STATUS_FULL     0x01
#define STATUS_MOUSE    0x20
#define STATUS_ABSENT   0xff /* nobody drives the bus */

#define SCAN_ESCAPE     0x01
#define SCAN_BACKSPACE  0x0e
#define SCAN_HOME       0x47
#define SCAN_UP         0x48
#define SCAN_PAGE_UP    0x49
#define SCAN_LEFT       0x4b
#define SCAN_FIRST_UP   0x80 /* from here on: keys let go, and prefixes */

static enum key meaning(uint8_t scan)
{
	switch (scan) {
	case SCAN_ESCAPE:
	case SCAN_HOME:
		return KEY_FIRST;
	case SCAN_BACKSPACE:
	case SCAN_UP:
	case SCAN_PAGE_UP:
	case SCAN_LEFT:
		return KEY_BACK;
	default:
		return scan < SCAN_FIRST_UP ? KEY_NEXT : KEY_NONE;
	}
}

enum key keyboard_poll(void)
{
	uint8_t status = io_in8(PORT_STATUS), scan;

	if (status == STATUS_ABSENT || (status & STATUS_FULL) == 0)
		return KEY_NONE;
	scan = io_in8(PORT_DATA);
	return (status & STATUS_MOUSE) != 0 ? KEY_NONE : meaning(scan);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scan codes of set 1, which is what the controller's translation makes of any keyboard (IBM PS/2 technical reference).
 * Called by screen.c alone.
 */
#include "keyboard.h"

#include <bootmem/types.h>
#include <x86/io.h>

#define PORT_DATA        0x60
#define PORT_STATUS      0x64
#define STATUS_FULL      0x01
#define STATUS_MOUSE     0x20
#define STATUS_ABSENT    0xff /* nobody drives the bus */

#define SCAN_OVERRUN     0x00 /* more keys than the keyboard can tell apart */
#define SCAN_ESCAPE      0x01
#define SCAN_BACKSPACE   0x0e
#define SCAN_CTRL        0x1d
#define SCAN_SHIFT_LEFT  0x2a
#define SCAN_SHIFT_RIGHT 0x36
#define SCAN_ALT         0x38
#define SCAN_CAPS_LOCK   0x3a
#define SCAN_NUM_LOCK    0x45
#define SCAN_SCROLL_LOCK 0x46
#define SCAN_HOME        0x47
#define SCAN_UP          0x48
#define SCAN_PAGE_UP     0x49
#define SCAN_LEFT        0x4b
#define SCAN_FIRST_UP    0x80 /* from here on: keys let go, and prefixes */

/*
 * The modifiers mean nothing: some keys send a shift of their own around their code (Print Screen, and with Num Lock the
 * arrows), or come as Ctrl and Num Lock (Pause).
 */
static enum key meaning(uint8_t scan)
{
	switch (scan) {
	case SCAN_OVERRUN:
	case SCAN_CTRL:
	case SCAN_SHIFT_LEFT:
	case SCAN_SHIFT_RIGHT:
	case SCAN_ALT:
	case SCAN_CAPS_LOCK:
	case SCAN_NUM_LOCK:
	case SCAN_SCROLL_LOCK:
		return KEY_NONE;
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

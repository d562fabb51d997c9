/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PS/2 keyboard as the firmware left it, polled; laptops have one inside, and some firmware keeps up the
 * appearance of one for USB. Without one every poll says no key.
 */
#ifndef EFI_KEYBOARD_H
#define EFI_KEYBOARD_H

enum key { KEY_NONE, KEY_NEXT, KEY_BACK, KEY_FIRST };

/* A key that was pressed since the last poll. Takes about a microsecond, so it also measures time. */
enum key keyboard_poll(void);

#endif

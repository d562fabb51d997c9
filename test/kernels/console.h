/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The test kernels' only output: the serial port of the handoff record. Needs nothing but handoff.h.
 */
#ifndef KERNELS_CONSOLE_H
#define KERNELS_CONSOLE_H

#include <bootmem/handoff.h>
#include <stddef.h>

/* Remember the record's port; without one nothing is written. The record is not needed any more. */
void console_open(const struct handoff *record);

/* "\n" becomes "\r\n". A character that the port does not take in a fifth of a second is lost. */
void console_write(const char *text, size_t length);

void console_puts(const char *text);
void console_hex(uint64_t number); /* 0x1f, no leading zeros */
void console_decimal(uint32_t number);

#endif

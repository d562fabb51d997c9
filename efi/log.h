/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where text goes. Until the exit to the firmware's console, which shows it on the screen and, on
 * most machines, on the serial line as well; from the exit on to our own serial port and our own screen (Q6, Q7).
 */
#ifndef EFI_LOG_H
#define EFI_LOG_H

#include <bootmem/format.h>
#include <bootmem/options.h>

#include "serial.h"
#include "uefi.h"

#define LOG_KEPT 4096 /* bytes of the text before the exit, to be shown again after it */

struct log {
	SIMPLE_TEXT_OUTPUT_INTERFACE *firmware; /* null: not used, or gone */
	struct serial serial;
	struct serial_at at; /* port and stride 0: none wanted */
	bool opened;
	enum option_console console;
	const struct sink *screen; /* null: none, or not yet */
	void (*rest)(
		void *ctx); /* what there is to do instead of a halt; null: nothing. It may return. */
	void *rest_ctx;
	struct sink text; /* for people */
	struct sink
		report; /* for people, text that the screen shows in its own way: all but the screen */
	struct sink record; /* for programs: the serial port alone */
	size_t kept;
	char past[LOG_KEPT];
};

/* Everything to the firmware's console, or the first serial port without one; the options are not known yet. */
void log_init(struct log *log, EFI_SYSTEM_TABLE *st);

/*
 * Obey serial= and console=; st is the system table to go on with. Where both together leave nothing, the firmware's
 * console stays until the exit.
 */
void log_configure(struct log *log, EFI_SYSTEM_TABLE *st, const struct boot_options *options);

/* Another port; baud 0: the default. */
void log_use_port(struct log *log, uint16_t port, uint32_t baud);

/*
 * A port in memory, which is seen at address from now on; 0: not yet, so what is written is lost but for the screen. Until the exit
 * the firmware's console is in use, whatever console= says.
 */
void log_use_memory(struct log *log, EFI_SYSTEM_TABLE *st, uint32_t stride);
void log_memory_at(struct log *log, uint64_t address);

/* Our own port, in words for people: "serial port 0x3f8, 115200 baud"; or is none wanted? */
bool log_has_port(const struct log *log);
void log_put_port(const struct log *log, const struct sink *out);

/* The firmware's console must not be used any more. Calls nothing. */
void log_leave_firmware(struct log *log);

/* From now on text goes to this screen, too; it begins with what was said so far. */
void log_show_past(struct log *log, const struct sink *screen);

/* Everything is done: do what is left. */
void log_rest(const struct log *log);

void log_flush(struct log *log);

#endif

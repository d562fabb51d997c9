/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sinks of the application. The serial port is opened with its first character of ours, so
 * that an application that leaves it to the firmware never touches it.
 */
#include "log.h"

#include <bootmem/string.h>

#define FIRMWARE_CHUNK 96

static void write_serial(struct log *log, const char *text, size_t length)
{
	if (!serial_reachable(&log->at))
		return;
	if (!log->opened) {
		log->opened = true;
		serial_open(&log->serial, &log->at);
	}
	serial_write(&log->serial, text, length);
}

/* One call for each chunk: the firmware's serial console is slow to start a string. */
static void write_firmware(struct log *log, const char *text, size_t length)
{
	CHAR16 chunk[FIRMWARE_CHUNK];
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\n')
			chunk[used++] = '\r';
		chunk[used++] = (CHAR16)(unsigned char)text[i];
		/* room for two more and the end */
		if (used + 3 <= FIRMWARE_CHUNK && i + 1 < length)
			continue;
		chunk[used] = 0;
		log->firmware->OutputString(log->firmware, chunk);
		used = 0;
	}
}

/* The newest text stays: the older half makes room. */
static void keep(struct log *log, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (log->kept == LOG_KEPT) {
			log->kept /= 2;
			memmove(log->past, log->past + log->kept, log->kept);
		}
		log->past[log->kept++] = text[i];
	}
}

/* Without a screen the serial line carries on, whatever was asked for. */
static bool serial_is_wanted(const struct log *log)
{
	return log->console != CONSOLE_SCREEN || log->screen == NULL;
}

static void write_report(void *ctx, const char *text, size_t length)
{
	struct log *log = ctx;

	if (log->firmware != NULL)
		write_firmware(log, text, length);
	else if (serial_is_wanted(log))
		write_serial(log, text, length);
}

static void write_text(void *ctx, const char *text, size_t length)
{
	struct log *log = ctx;

	write_report(log, text, length);
	if (log->screen != NULL)
		log->screen->write(log->screen->ctx, text, length);
	else
		keep(log, text, length);
}

static void write_record(void *ctx, const char *text, size_t length)
{
	write_serial(ctx, text, length);
}

void log_init(struct log *log, EFI_SYSTEM_TABLE *st)
{
	*log = (struct log){
		.firmware = st->ConOut,
		.at = { .port = SERIAL_COM1 },
		.text = { write_text, log },
		.report = { write_report, log },
		.record = { write_record, log },
	};
}

void log_configure(struct log *log, EFI_SYSTEM_TABLE *st, const struct boot_options *options)
{
	log->opened = false;
	log->at = (struct serial_at){ .port = SERIAL_COM1, .baud = options->serial_baud };
	if (options->serial != SERIAL_AUTO)
		log->at.port = options->serial == SERIAL_PORT ? options->serial_port : 0;
	log->console = options->console;
	log->firmware = options->console == CONSOLE_SERIAL && log->at.port != 0 ? NULL : st->ConOut;
}

void log_use_port(struct log *log, uint16_t port, uint32_t baud)
{
	log->opened = false;
	log->at =
		(struct serial_at){ .port = port, .baud = baud != 0 ? baud : SERIAL_DEFAULT_BAUD };
}

void log_use_memory(struct log *log, EFI_SYSTEM_TABLE *st, uint32_t stride)
{
	log->opened = false;
	log->at = (struct serial_at){ .stride = (uint16_t)stride };
	log->firmware = st->ConOut;
}

void log_memory_at(struct log *log, uint64_t address)
{
	log->at.address = (uintptr_t)address;
	log->serial.at.address = log->at.address;
}

bool log_has_port(const struct log *log)
{
	return log->at.port != 0 || log->at.stride != 0;
}

void log_put_port(const struct log *log, const struct sink *out)
{
	if (log->at.port != 0)
		sink_printf(out, "serial port 0x%x, %u baud", log->at.port, log->at.baud);
	else
		sink_puts(out, "serial port in memory");
}

void log_leave_firmware(struct log *log)
{
	log->firmware = NULL;
}

void log_show_past(struct log *log, const struct sink *screen)
{
	log->screen = screen;
	screen->write(screen->ctx, log->past, log->kept);
}

void log_rest(const struct log *log)
{
	if (log->rest != NULL)
		log->rest(log->rest_ctx);
}

void log_flush(struct log *log)
{
	if (log->opened)
		serial_flush(&log->serial);
}

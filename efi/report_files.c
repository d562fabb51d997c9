/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing the report's files (report_files.h). Called by main.c between the start's preparation and the exit.
 */
#include <bootmem/svg.h>

#include "file.h"
#include "report_files.h"

#define DIRECTORY    L"\\bootmem"
#define NAME_LENGTH  24         /* of our names, with the NUL */
#define BUFFER_BYTES (32 * KIB) /* written at once */

typedef void report_writer(const struct boot *b, enum report_stage stage, const struct sink *out);

struct report_file {
	const char *stem, *suffix;
	report_writer *write;
};

static EFI_GUID file_info_guid = EFI_FILE_INFO_ID;

/* --- names and messages ------------------------------------------------------------------------ */

/* "report.txt", or with a number "report-1.txt". */
static void make_name(CHAR16 out[NAME_LENGTH], const struct report_file *file, unsigned number)
{
	char text[NAME_LENGTH];
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));
	size_t i = 0;

	if (number == 0)
		sink_printf(&sink, "%s.%s", file->stem, file->suffix);
	else
		sink_printf(&sink, "%s-%u.%s", file->stem, number, file->suffix);
	for (; text[i] != '\0'; i++)
		out[i] = (CHAR16)text[i];
	out[i] = 0;
}

static const char *reason(EFI_STATUS status)
{
	switch (status) {
	case EFI_WRITE_PROTECTED:
		return "the volume is read-only";
	case EFI_VOLUME_FULL:
		return "the volume is full";
	case EFI_OUT_OF_RESOURCES:
		return "there is no memory for it";
	default:
		return "the firmware can't write it";
	}
}

/* --- one file ---------------------------------------------------------------------------------- */

/* A sink into a file, through a buffer; the first error stays, and ends the writing. */
struct output {
	EFI_FILE_HANDLE handle;
	uint8_t *buffer;
	UINTN used;
	EFI_STATUS status;
};

static void flush(struct output *o)
{
	UINTN bytes = o->used;

	if (bytes == 0 || EFI_ERROR(o->status))
		return;
	o->status = o->handle->Write(o->handle, &bytes, o->buffer);
	if (!EFI_ERROR(o->status) && bytes != o->used)
		o->status = EFI_VOLUME_FULL;
	o->used = 0;
}

static void write_buffered(void *ctx, const char *text, size_t length)
{
	struct output *o = ctx;

	for (size_t i = 0; i < length && !EFI_ERROR(o->status); i++) {
		o->buffer[o->used++] = (uint8_t)text[i];
		if (o->used == BUFFER_BYTES)
			flush(o);
	}
}

static EFI_STATUS write_file(EFI_FILE_HANDLE directory, const struct report_file *file,
	uint8_t *buffer, const struct boot *b, enum report_stage stage)
{
	struct output o = { .buffer = buffer, .status = EFI_SUCCESS };
	struct sink sink = { write_buffered, &o };
	CHAR16 name[NAME_LENGTH];
	EFI_STATUS status;

	make_name(name, file, 0);
	status = directory->Open(directory, &o.handle, name,
		EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE | EFI_FILE_MODE_CREATE, 0);
	if (EFI_ERROR(status))
		return status;
	file->write(b, stage, &sink);
	flush(&o);
	if (EFI_ERROR(o.status)) {
		o.handle->Delete(o.handle);
		return o.status;
	}
	return o.handle->Close(o.handle);
}

/* --- older files --------------------------------------------------------------------------------- */

static EFI_FILE_HANDLE open_older(
	EFI_FILE_HANDLE directory, const struct report_file *file, unsigned number)
{
	EFI_FILE_HANDLE handle;
	CHAR16 name[NAME_LENGTH];

	make_name(name, file, number);
	if (EFI_ERROR(directory->Open(
		    directory, &handle, name, EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE, 0)))
		return NULL;
	return handle;
}

static EFI_STATUS rename_file(
	EFI_FILE_HANDLE handle, const struct report_file *file, unsigned number)
{
	union {
		EFI_FILE_INFO info;
		uint8_t bytes[offsetof(EFI_FILE_INFO, FileName) + 2 * NAME_LENGTH * sizeof(CHAR16)];
	} room;
	UINTN bytes = sizeof(room);
	EFI_STATUS status = handle->GetInfo(handle, &file_info_guid, &bytes, &room);

	if (EFI_ERROR(status))
		return status;
	make_name(room.info.FileName, file, number);
	room.info.Size = offsetof(EFI_FILE_INFO, FileName) + NAME_LENGTH * sizeof(CHAR16);
	return handle->SetInfo(handle, &file_info_guid, (UINTN)room.info.Size, &room);
}

/* Give the file of this number the next one, which is free by now; the last is deleted. */
static EFI_STATUS move_up(
	EFI_FILE_HANDLE directory, const struct report_file *file, unsigned number)
{
	EFI_FILE_HANDLE handle = open_older(directory, file, number);
	EFI_STATUS status;

	if (handle == NULL)
		return EFI_SUCCESS;
	if (number == REPORT_FILES_OLDER)
		return handle->Delete(handle);
	status = rename_file(handle, file, number + 1);
	handle->Close(handle);
	return status;
}

/* Firmware that can't rename (U-Boot) loses the last report, not this one. */
static void rotate(
	EFI_FILE_HANDLE directory, const struct report_file *file, const struct sink *messages)
{
	EFI_FILE_HANDLE last = open_older(directory, file, 0);
	EFI_STATUS status = EFI_SUCCESS;

	if (last == NULL)
		return;
	for (unsigned n = REPORT_FILES_OLDER + 1; n-- > 0 && !EFI_ERROR(status);)
		status = n != 0 ? move_up(directory, file, n) : rename_file(last, file, 1);
	if (!EFI_ERROR(status)) {
		last->Close(last);
		return;
	}
	sink_printf(messages, "files: the last %s.%s is not kept: %s\n", file->stem, file->suffix,
		status == EFI_WRITE_PROTECTED ? reason(status) : "the firmware can't rename it");
	last->Delete(last);
}

/* --- all of them ----------------------------------------------------------------------------------- */

static void draw_map(const struct boot *b, enum report_stage stage, const struct sink *out)
{
	const struct svg_page page = { .boot = b,
		.stage = stage,
		.title = b->input.firmware_vendor,
		.origin = "from its firmware" };

	svg_draw(&page, out);
}

static void write_all(EFI_FILE_HANDLE directory, uint8_t *buffer, const struct boot *b,
	enum report_stage stage, const struct sink *messages)
{
	static const struct report_file files[] = { { "report", "txt", report_text },
		{ "report", "json", report_json }, { "map", "svg", draw_map } };

	for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
		EFI_STATUS status;

		rotate(directory, &files[i], messages);
		status = write_file(directory, &files[i], buffer, b, stage);
		if (EFI_ERROR(status)) {
			sink_printf(messages, "files: no \\bootmem\\%s.%s: %s\n", files[i].stem,
				files[i].suffix, reason(status));
			return; /* the rest would not fare better */
		}
	}
}

static void write_to(EFI_FILE_HANDLE root, EFI_BOOT_SERVICES *bs, const struct boot *b,
	enum report_stage stage, const struct sink *messages)
{
	EFI_FILE_HANDLE directory;
	void *buffer;
	EFI_STATUS status = bs->AllocatePool(EfiLoaderData, BUFFER_BYTES, &buffer);

	if (EFI_ERROR(status)) {
		sink_printf(messages, "files: no report: %s\n", reason(EFI_OUT_OF_RESOURCES));
		return;
	}
	status = root->Open(root, &directory, DIRECTORY,
		EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE | EFI_FILE_MODE_CREATE,
		EFI_FILE_DIRECTORY);
	if (!EFI_ERROR(status)) {
		write_all(directory, buffer, b, stage, messages);
		directory->Close(directory);
	} else {
		sink_printf(messages, "files: no directory \\bootmem: %s\n", reason(status));
	}
	bs->FreePool(buffer);
}

void report_files_write(EFI_BOOT_SERVICES *bs, EFI_HANDLE device, const struct boot *b,
	enum report_stage stage, const struct sink *messages)
{
	EFI_FILE_HANDLE root = file_open_root(bs, device);

	if (root == NULL) {
		sink_puts(
			messages, "files: no report: this program was not loaded from a volume\n");
		return;
	}
	write_to(root, bs, b, stage, messages);
	root->Close(root);
}

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

/* What GetInfo has to say of a file with one of our names. */
union info {
	EFI_FILE_INFO file;
	uint8_t bytes[offsetof(EFI_FILE_INFO, FileName) + 2 * NAME_LENGTH * sizeof(CHAR16)];
};

static EFI_STATUS get_info(EFI_FILE_HANDLE handle, union info *info)
{
	UINTN bytes = sizeof(*info);

	return handle->GetInfo(handle, &file_info_guid, &bytes, info);
}

static EFI_STATUS open_numbered(EFI_FILE_HANDLE directory, const struct report_file *file,
	unsigned number, UINT64 create, EFI_FILE_HANDLE *handle)
{
	CHAR16 name[NAME_LENGTH];

	make_name(name, file, number);
	return directory->Open(directory, handle, name,
		EFI_FILE_MODE_READ | EFI_FILE_MODE_WRITE | create, 0);
}

/* The file to write, and how long it is: a new one is empty. Where that can't be known it is left alone. */
static EFI_STATUS create(EFI_FILE_HANDLE directory, const struct report_file *file,
	EFI_FILE_HANDLE *out, uint64_t *bytes)
{
	EFI_FILE_HANDLE handle;
	union info info;
	EFI_STATUS status = open_numbered(directory, file, 0, EFI_FILE_MODE_CREATE, &handle);

	if (EFI_ERROR(status))
		return status;
	status = get_info(handle, &info);
	if (EFI_ERROR(status)) {
		handle->Close(handle);
		return status;
	}
	*out = handle;
	*bytes = info.file.FileSize;
	return EFI_SUCCESS;
}

/* A file that is still there would show behind the end of a shorter one. Firmware that can't rename (U-Boot) loses it. */
static EFI_STATUS create_empty(EFI_FILE_HANDLE directory, const struct report_file *file,
	const struct sink *messages, EFI_FILE_HANDLE *out)
{
	EFI_FILE_HANDLE handle = NULL;
	uint64_t bytes = 0;
	EFI_STATUS status = create(directory, file, &handle, &bytes);

	if (!EFI_ERROR(status) && bytes != 0) {
		sink_printf(messages,
			"files: the last %s.%s is not kept: the firmware can't rename it\n",
			file->stem, file->suffix);
		handle->Delete(handle);
		status = create(directory, file, &handle, &bytes);
	}
	if (EFI_ERROR(status))
		return status;
	if (bytes != 0) {
		handle->Close(handle);
		return EFI_ACCESS_DENIED;
	}
	*out = handle;
	return EFI_SUCCESS;
}

/* Delete says that it could not by a warning. */
static void delete_part(
	EFI_FILE_HANDLE handle, const struct report_file *file, const struct sink *messages)
{
	if (handle->Delete(handle) != EFI_SUCCESS)
		sink_printf(messages, "files: a part of %s.%s stays: the firmware can't delete it\n",
			file->stem, file->suffix);
}

static EFI_STATUS write_file(EFI_FILE_HANDLE directory, const struct report_file *file,
	uint8_t *buffer, const struct boot *b, enum report_stage stage, const struct sink *messages)
{
	struct output o = { .buffer = buffer, .status = EFI_SUCCESS };
	struct sink sink = { write_buffered, &o };
	EFI_STATUS status = create_empty(directory, file, messages, &o.handle);

	if (EFI_ERROR(status))
		return status;
	file->write(b, stage, &sink);
	flush(&o);
	if (!EFI_ERROR(o.status))
		return o.handle->Close(o.handle);
	delete_part(o.handle, file, messages);
	return o.status;
}

/* --- older files --------------------------------------------------------------------------------- */

static EFI_STATUS rename_file(
	EFI_FILE_HANDLE handle, const struct report_file *file, unsigned number)
{
	union info info;
	EFI_STATUS status = get_info(handle, &info);

	if (EFI_ERROR(status))
		return status;
	make_name(info.file.FileName, file, number);
	info.file.Size = offsetof(EFI_FILE_INFO, FileName) + NAME_LENGTH * sizeof(CHAR16);
	return handle->SetInfo(handle, &file_info_guid, (UINTN)info.file.Size, &info);
}

/* Give the file of this number the next one, which is free by now; the last is deleted. */
static EFI_STATUS move_up(
	EFI_FILE_HANDLE directory, const struct report_file *file, unsigned number)
{
	EFI_FILE_HANDLE handle;
	EFI_STATUS status = open_numbered(directory, file, number, 0, &handle);

	if (EFI_ERROR(status))
		return status == EFI_NOT_FOUND ? EFI_SUCCESS : status;
	if (number == REPORT_FILES_OLDER)
		return handle->Delete(handle);
	status = rename_file(handle, file, number + 1);
	handle->Close(handle);
	return status;
}

/* Where it ends early, on an error or a warning, the last file stays what it was. */
static void rotate(EFI_FILE_HANDLE directory, const struct report_file *file)
{
	EFI_FILE_HANDLE last;
	EFI_STATUS status = open_numbered(directory, file, 0, 0, &last);

	if (EFI_ERROR(status))
		return;
	for (unsigned n = REPORT_FILES_OLDER; n > 0 && status == EFI_SUCCESS; n--)
		status = move_up(directory, file, n);
	if (status == EFI_SUCCESS)
		rename_file(last, file, 1);
	last->Close(last);
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

		rotate(directory, &files[i]);
		status = write_file(directory, &files[i], buffer, b, stage, messages);
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

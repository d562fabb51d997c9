/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading files through EFI_SIMPLE_FILE_SYSTEM; config.c and kernel.c call it.
 */
#include <bootmem/string.h>

#include "file.h"

/* Some firmware fails on large reads, and all of it is silent meanwhile (Q54). */
#define PIECE_BYTES (1u << 20)

static EFI_GUID file_system_guid = SIMPLE_FILE_SYSTEM_PROTOCOL;
static EFI_GUID file_info_guid = EFI_FILE_INFO_ID;

void file_wide_path(CHAR16 out[OPTIONS_PATH], const char *path)
{
	size_t i = 0;

	for (; path[i] != '\0'; i++)
		out[i] = path[i] == '/' ? '\\' : (CHAR16)(unsigned char)path[i];
	out[i] = 0;
}

EFI_FILE_HANDLE file_open_root(EFI_BOOT_SERVICES *bs, EFI_HANDLE device)
{
	EFI_FILE_IO_INTERFACE *volume;
	EFI_FILE_HANDLE root;
	void *interface;

	if (EFI_ERROR(bs->HandleProtocol(device, &file_system_guid, &interface)))
		return NULL;
	volume = interface;
	return EFI_ERROR(volume->OpenVolume(volume, &root)) ? NULL : root;
}

/* A file that is there and can't be opened is not one that is not there. */
static enum bm_error open_file(
	EFI_BOOT_SERVICES *bs, EFI_HANDLE device, CHAR16 *path, EFI_FILE_HANDLE *handle)
{
	EFI_FILE_HANDLE root = file_open_root(bs, device);
	EFI_STATUS status;

	if (root == NULL)
		return BM_REFUSED;
	status = root->Open(root, handle, path, EFI_FILE_MODE_READ, 0);
	root->Close(root);
	if (EFI_ERROR(status))
		return status == EFI_NOT_FOUND ? BM_REFUSED : BM_INVALID;
	return BM_OK;
}

/* The size of the information is the firmware's to say, so it is asked twice (Q56). */
static enum bm_error file_size(EFI_BOOT_SERVICES *bs, EFI_FILE_HANDLE handle, uint64_t *bytes)
{
	UINTN size = 0;
	void *buffer;
	EFI_STATUS status;

	if (handle->GetInfo(handle, &file_info_guid, &size, NULL) != EFI_BUFFER_TOO_SMALL)
		return BM_INVALID;
	if (EFI_ERROR(bs->AllocatePool(EfiLoaderData, size, &buffer)))
		return BM_NOMEM;
	status = handle->GetInfo(handle, &file_info_guid, &size, buffer);
	*bytes = ((const EFI_FILE_INFO *)buffer)->FileSize;
	bs->FreePool(buffer);
	return EFI_ERROR(status) ? BM_INVALID : BM_OK;
}

/* False on an error and when the file ends too early. */
static bool read_pieces(EFI_FILE_HANDLE handle, uint8_t *to, uint64_t bytes)
{
	while (bytes != 0) {
		UINTN piece = (UINTN)min_u64(bytes, PIECE_BYTES);

		if (EFI_ERROR(handle->Read(handle, &piece, to)) || piece == 0 || piece > bytes)
			return false;
		to += piece;
		bytes -= piece;
	}
	return true;
}

static enum bm_error read_all(
	EFI_BOOT_SERVICES *bs, EFI_FILE_HANDLE handle, UINTN limit, struct file *out)
{
	uint64_t bytes;
	void *buffer;
	UINTN length;
	enum bm_error error = file_size(bs, handle, &bytes);

	if (error != BM_OK)
		return error;
	if (bytes > limit)
		return BM_INVALID;
	length = (UINTN)bytes;
	if (EFI_ERROR(bs->AllocatePool(EfiLoaderData, length + 1, &buffer)))
		return BM_NOMEM;
	*out = (struct file){ .text = buffer, .length = length };
	if (read_pieces(handle, buffer, length))
		return BM_OK;
	file_free(bs, out);
	return BM_INVALID;
}

enum bm_error file_read(
	EFI_BOOT_SERVICES *bs, EFI_HANDLE device, CHAR16 *path, UINTN limit, struct file *out)
{
	EFI_FILE_HANDLE handle;
	enum bm_error error = open_file(bs, device, path, &handle);

	if (error != BM_OK)
		return error;
	error = read_all(bs, handle, limit, out);
	handle->Close(handle);
	return error;
}

static enum bm_error read_into_pages(
	EFI_BOOT_SERVICES *bs, EFI_FILE_HANDLE handle, phys_t limit_phys, struct file_pages *out)
{
	EFI_PHYSICAL_ADDRESS at = limit_phys - 1;
	uint64_t bytes;
	uint8_t *to;
	enum bm_error error = file_size(bs, handle, &bytes);

	if (error != BM_OK)
		return error;
	if (bytes == 0 || bytes >= limit_phys)
		return BM_INVALID;
	if (EFI_ERROR(bs->AllocatePages(
		    AllocateMaxAddress, EfiLoaderData, (UINTN)pfn_up(bytes), &at)))
		return BM_NOMEM;
	to = (uint8_t *)(uintptr_t)at;
	*out = (struct file_pages){ .start_phys = at, .bytes = bytes, .pages = pfn_up(bytes) };
	memset(to + bytes, 0, (size_t)(pfn_phys(out->pages) - bytes));
	return read_pieces(handle, to, bytes) ? BM_OK : BM_INVALID;
}

enum bm_error file_read_pages(EFI_BOOT_SERVICES *bs, EFI_HANDLE device, CHAR16 *path,
	phys_t limit_phys, struct file_pages *out)
{
	EFI_FILE_HANDLE handle;
	enum bm_error error = open_file(bs, device, path, &handle);

	if (error != BM_OK)
		return error;
	error = read_into_pages(bs, handle, limit_phys, out);
	handle->Close(handle);
	return error;
}

void file_free(EFI_BOOT_SERVICES *bs, struct file *file)
{
	bs->FreePool(file->text);
	*file = (struct file){ .text = NULL };
}

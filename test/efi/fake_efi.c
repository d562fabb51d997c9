/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EFI's tables on the host (fake_efi.h). Called by the application's own code, and by test_faults.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_efi.h"

#define HANDLES 16

struct fake_efi fake_efi;

/* --- faults ------------------------------------------------------------------------------------------- */

#define MAX_WAYS  4
#define END_EARLY EFIERR(0x7ffe) /* no error: less is read than was asked for */

static const struct {
	const char *name;
	EFI_STATUS way[MAX_WAYS]; /* up to EFI_SUCCESS */
} calls[CALL_KINDS] = {
	[CALL_ALLOCATE_PAGES] = { "AllocatePages", { EFI_OUT_OF_RESOURCES, EFI_NOT_FOUND } },
	[CALL_FREE_PAGES] = { "FreePages", { EFI_NOT_FOUND, EFI_INVALID_PARAMETER } },
	[CALL_ALLOCATE_POOL] = { "AllocatePool", { EFI_OUT_OF_RESOURCES } },
	[CALL_FREE_POOL] = { "FreePool", { EFI_INVALID_PARAMETER } },
	[CALL_MAP_SIZE] = { "GetMemoryMap (size)",
		{ EFI_INVALID_PARAMETER, EFI_OUT_OF_RESOURCES } },
	[CALL_MAP_READ] = { "GetMemoryMap", { EFI_BUFFER_TOO_SMALL, EFI_INVALID_PARAMETER } },
	[CALL_EXIT] = { "ExitBootServices", { EFI_INVALID_PARAMETER } },
	[CALL_HANDLE_PROTOCOL] = { "HandleProtocol", { EFI_UNSUPPORTED } },
	[CALL_LOCATE_HANDLES] = { "LocateHandleBuffer", { EFI_NOT_FOUND, EFI_OUT_OF_RESOURCES } },
	[CALL_SET_WATCHDOG] = { "SetWatchdogTimer", { EFI_UNSUPPORTED } },
	[CALL_OPEN_VOLUME] = { "OpenVolume", { EFI_OUT_OF_RESOURCES, EFI_NO_MEDIA } },
	[CALL_OPEN] = { "Open", { EFI_NOT_FOUND, EFI_WRITE_PROTECTED, EFI_DEVICE_ERROR } },
	[CALL_READ] = { "Read", { EFI_DEVICE_ERROR, END_EARLY } },
	[CALL_WRITE] = { "Write", { EFI_VOLUME_FULL, EFI_WRITE_PROTECTED, END_EARLY } },
	[CALL_INFO_SIZE] = { "GetInfo (size)", { EFI_DEVICE_ERROR } },
	[CALL_INFO] = { "GetInfo", { EFI_DEVICE_ERROR } },
	[CALL_SET_INFO] = { "SetInfo", { EFI_UNSUPPORTED, EFI_WRITE_PROTECTED } },
	[CALL_DELETE] = { "Delete", { EFI_WARN_DELETE_FAILURE } },
	[CALL_CLOSE] = { "Close", { EFI_DEVICE_ERROR } }, /* of FAT drivers that flush then */
	[CALL_VARIABLE] = { "GetVariable", { EFI_NOT_FOUND, EFI_DEVICE_ERROR } },
};

uint32_t call_ways(enum call kind)
{
	uint32_t n = 0;

	while (n < MAX_WAYS && calls[kind].way[n] != EFI_SUCCESS)
		n++;
	return n;
}

const char *call_name(enum call kind)
{
	return calls[kind].name;
}

/* Count a call; how it has to fail, else EFI_SUCCESS. */
static EFI_STATUS fault(enum call kind)
{
	struct fake_efi *e = &fake_efi;
	uint32_t call = e->calls++;

	assert_false(e->fw.exited);
	assert_true(call < FAKE_EFI_CALLS);
	e->kind[call] = (uint8_t)kind;
	/* After the first attempt the firmware has begun to shut down (Q6). */
	assert_true(e->exits == 0 || kind == CALL_MAP_READ || kind == CALL_EXIT);
	if (e->struck == e->faults || e->fault[e->struck].at != call)
		return EFI_SUCCESS;
	e->struck_kind[e->struck] = (uint8_t)kind;
	e->struck_status[e->struck] = calls[kind].way[e->fault[e->struck].how % call_ways(kind)];
	return e->struck_status[e->struck++];
}

/* --- memory --------------------------------------------------------------------------------------------- */

static pfn_t allocatable_end(EFI_ALLOCATE_TYPE how, phys_t at)
{
	phys_t end = fake_efi.fw.arena_bytes;

	return pfn_down(how == AllocateMaxAddress && at < end ? at + 1 : end);
}

static EFI_STATUS grant(
	EFI_ALLOCATE_TYPE how, uint32_t type, uint64_t pages, EFI_PHYSICAL_ADDRESS *at)
{
	struct fake_firmware *fw = &fake_efi.fw;
	pfn_t pfn = pfn_down(*at);

	if (how != AllocateAddress)
		pfn = fake_allocate_top(fw, pages, type, allocatable_end(how, *at));
	else if (*at < fw->arena_start || !fake_allocate(fw, pfn, pages, type))
		return EFI_NOT_FOUND;
	if (pfn == PFN_END)
		return EFI_OUT_OF_RESOURCES;
	*at = pfn_phys(pfn);
	(void)fake_open(fw, *at, *at + pfn_phys(pages));
	return EFI_SUCCESS;
}

/* Only what was allocated for us, and all of it. */
static void take_back(phys_t at, uint64_t pages)
{
	struct fake_firmware *fw = &fake_efi.fw;

	assert_int_equal(at % PAGE_SIZE, 0);
	assert_true(pages != 0);
	for (pfn_t pfn = pfn_down(at); pfn < pfn_down(at) + pages; pfn++)
		assert_int_equal(fake_type_at(fw, pfn), EFI_MEM_LOADER_DATA);
	assert_true(fake_release(fw, at, at + pfn_phys(pages)));
	fake_close(fw, at, at + pfn_phys(pages));
}

/* Who asks again for a part of what was refused takes the rest on himself. */
static EFI_STATUS free_or_refuse(EFI_STATUS status, phys_t at, uint64_t pages, bool pool)
{
	struct fake_efi *e = &fake_efi;
	phys_t end = at + pfn_phys(pages);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < e->refusals; i++)
		if (end <= e->refused[i].at || e->refused[i].at + pfn_phys(e->refused[i].pages) <= at)
			e->refused[kept++] = e->refused[i];
	e->refusals = kept;
	if (EFI_ERROR(status))
		e->refused[e->refusals++] = (struct refused){ at, pages, pool };
	else
		take_back(at, pages);
	return status;
}

void fake_efi_free_refused(void)
{
	for (uint32_t i = 0; i < fake_efi.refusals; i++)
		take_back(fake_efi.refused[i].at, fake_efi.refused[i].pages);
}

static EFI_STATUS EFIAPI allocate_some_pages(
	EFI_ALLOCATE_TYPE how, EFI_MEMORY_TYPE type, UINTN pages, EFI_PHYSICAL_ADDRESS *at)
{
	EFI_STATUS status = fault(CALL_ALLOCATE_PAGES);

	return EFI_ERROR(status) ? status : grant(how, type, pages, at);
}

static EFI_STATUS EFIAPI free_some_pages(EFI_PHYSICAL_ADDRESS at, UINTN pages)
{
	return free_or_refuse(fault(CALL_FREE_PAGES), at, pages, false);
}

/* A block begins with the number of its pages. */
static EFI_STATUS make_block(UINTN bytes, void **block)
{
	EFI_PHYSICAL_ADDRESS at = 0;
	uint64_t pages = pfn_up(bytes + 16);
	EFI_STATUS status = grant(AllocateAnyPages, EFI_MEM_LOADER_DATA, pages, &at);

	if (EFI_ERROR(status))
		return status;
	*(uint64_t *)(uintptr_t)at = pages;
	*block = (void *)(uintptr_t)(at + 16);
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI allocate_pool(EFI_MEMORY_TYPE type, UINTN bytes, VOID **block)
{
	EFI_STATUS status = fault(CALL_ALLOCATE_POOL);

	assert_int_equal(type, EfiLoaderData);
	return EFI_ERROR(status) ? status : make_block(bytes, block);
}

static EFI_STATUS EFIAPI free_pool(VOID *block)
{
	phys_t at = (uintptr_t)block - 16;

	return free_or_refuse(fault(CALL_FREE_POOL), at, *(uint64_t *)(uintptr_t)at, true);
}

static EFI_STATUS EFIAPI get_memory_map(
	UINTN *bytes, EFI_MEMORY_DESCRIPTOR *to, UINTN *key, UINTN *stride, UINT32 *version)
{
	const struct fake_firmware *fw = &fake_efi.fw;
	UINTN room = *bytes, step = 48;
	EFI_STATUS status = fault(to == NULL ? CALL_MAP_SIZE : CALL_MAP_READ);

	if (EFI_ERROR(status) && status != EFI_BUFFER_TOO_SMALL)
		return status;
	*bytes = (UINTN)fw->count * step;
	*stride = step;
	*version = 1;
	*key = (UINTN)fw->key;
	if (status == EFI_BUFFER_TOO_SMALL)
		*bytes = room + step; /* grown at this moment */
	if (EFI_ERROR(status) || to == NULL || *bytes > room)
		return EFI_BUFFER_TOO_SMALL;
	memset(to, 0xee, *bytes);
	for (uint32_t i = 0; i < fw->count; i++)
		memcpy((uint8_t *)to + i * step, &fw->desc[i], sizeof(fw->desc[i]));
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI exit_boot_services(EFI_HANDLE image, UINTN key)
{
	EFI_STATUS status = fault(CALL_EXIT);

	assert_ptr_equal(image, fake_efi.image_handle);
	fake_efi.exits++;
	if (EFI_ERROR(status))
		fake_efi.fw.key++; /* something came between */
	if (key != (UINTN)fake_efi.fw.key)
		return EFI_INVALID_PARAMETER;
	fake_leave(&fake_efi.fw);
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI set_watchdog(UINTN seconds, UINT64 code, UINTN bytes, CHAR16 *data)
{
	(void)code, (void)bytes, (void)data;
	assert_int_equal(seconds, 0);
	return fault(CALL_SET_WATCHDOG);
}

/* --- files ------------------------------------------------------------------------------------------------ */

struct handle {
	EFI_FILE protocol; /* first */
	struct fake_file *file;
	uint64_t at;
	bool open, wrote;
};

static struct handle handles[HANDLES];
static EFI_FILE file_functions;

static struct fake_file *find_file(const char *name)
{
	for (unsigned i = 0; i < FAKE_EFI_FILES; i++)
		if (fake_efi.file[i].there && strcmp(fake_efi.file[i].name, name) == 0)
			return &fake_efi.file[i];
	return NULL;
}

const struct fake_file *fake_efi_find(const char *name)
{
	return find_file(name);
}

static struct fake_file *make_file(const char *name)
{
	for (unsigned i = 0; i < FAKE_EFI_FILES; i++) {
		struct fake_file *file = &fake_efi.file[i];

		if (file->there)
			continue;
		file->there = true;
		file->directory = false;
		file->size = 0;
		assert_true(strlen(name) < sizeof(file->name));
		strcpy(file->name, name);
		return file;
	}
	fail_msg("too many files");
	return NULL;
}

static void write_file(struct fake_file *file, uint64_t at, const void *bytes, uint64_t size)
{
	if (at + size > file->capacity) {
		file->capacity = 2 * (at + size);
		file->bytes = realloc(file->bytes, (size_t)file->capacity);
		assert_non_null(file->bytes);
	}
	memcpy(file->bytes + at, bytes, (size_t)size);
	file->size = max_u64(file->size, at + size);
}

void fake_efi_add_file(const char *name, const void *bytes, uint64_t size)
{
	struct fake_file *file = make_file(name);

	file->directory = bytes == NULL;
	if (bytes != NULL)
		write_file(file, 0, bytes, size);
}

static EFI_FILE_HANDLE open_handle(struct fake_file *file)
{
	for (unsigned i = 0; i < HANDLES; i++) {
		if (handles[i].open)
			continue;
		handles[i] = (struct handle){ file_functions, file, 0, true, false };
		fake_efi.open_files++;
		return &handles[i].protocol;
	}
	fail_msg("too many open files");
	return NULL;
}

static struct handle *handle_of(EFI_FILE_HANDLE protocol)
{
	struct handle *handle = (struct handle *)protocol;

	assert_true(handle->open);
	return handle;
}

/* A name is relative to its directory unless a backslash leads it. */
static void whole_name(char out[96], const struct fake_file *directory, const CHAR16 *name)
{
	size_t length = 0;

	if (name[0] != '\\') {
		strcpy(out, directory->name);
		length = strlen(out);
		out[length++] = '\\';
	}
	for (; *name != 0; name++) {
		assert_true(length + 1 < 96);
		out[length++] = (char)*name;
	}
	out[length] = '\0';
}

static EFI_STATUS EFIAPI file_open(EFI_FILE_HANDLE directory, EFI_FILE_HANDLE *out, CHAR16 *name,
	UINT64 mode, UINT64 attributes)
{
	EFI_STATUS status = fault(CALL_OPEN);
	struct fake_file *file;
	char whole[96];

	whole_name(whole, handle_of(directory)->file, name);
	file = find_file(whole);
	if (EFI_ERROR(status))
		return status;
	if (file == NULL && (mode & EFI_FILE_MODE_CREATE) == 0)
		return EFI_NOT_FOUND;
	if (file == NULL) {
		file = make_file(whole);
		file->directory = (attributes & EFI_FILE_DIRECTORY) != 0;
	}
	*out = open_handle(file);
	return EFI_SUCCESS;
}

/* The handle is gone whatever Close says. */
static void close_handle(struct handle *handle)
{
	handle->open = false;
	fake_efi.open_files--;
}

static EFI_STATUS EFIAPI file_close(EFI_FILE_HANDLE protocol)
{
	EFI_STATUS status = fault(CALL_CLOSE);
	struct handle *handle = handle_of(protocol);

	if (EFI_ERROR(status) && handle->wrote)
		handle->file->size /= 2; /* the rest was only in memory */
	close_handle(handle);
	return status;
}

static EFI_STATUS EFIAPI file_delete(EFI_FILE_HANDLE protocol)
{
	EFI_STATUS status = fault(CALL_DELETE);
	struct handle *handle = handle_of(protocol);

	if (status == EFI_SUCCESS)
		handle->file->there = false;
	close_handle(handle);
	return status;
}

static EFI_STATUS EFIAPI file_read(EFI_FILE_HANDLE protocol, UINTN *bytes, VOID *to)
{
	EFI_STATUS status = fault(CALL_READ);
	struct handle *handle = handle_of(protocol);

	if (EFI_ERROR(status) && status != END_EARLY)
		return status;
	*bytes = status == END_EARLY ? 0 : (UINTN)min_u64(*bytes, handle->file->size - handle->at);
	memcpy(to, handle->file->bytes + handle->at, *bytes);
	handle->at += *bytes;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI file_write(EFI_FILE_HANDLE protocol, UINTN *bytes, VOID *from)
{
	EFI_STATUS status = fault(CALL_WRITE);
	struct handle *handle = handle_of(protocol);

	if (EFI_ERROR(status) && status != END_EARLY)
		return status;
	if (status == END_EARLY)
		*bytes /= 2;
	write_file(handle->file, handle->at, from, *bytes);
	handle->wrote = true;
	handle->at += *bytes;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI file_get_info(
	EFI_FILE_HANDLE protocol, EFI_GUID *type, UINTN *bytes, VOID *to)
{
	const struct fake_file *file = handle_of(protocol)->file;
	const char *name = strrchr(file->name, '\\') + 1;
	UINTN wanted = offsetof(EFI_FILE_INFO, FileName) + 2 * (strlen(name) + 1);
	EFI_STATUS status = fault(*bytes < wanted ? CALL_INFO_SIZE : CALL_INFO);
	EFI_FILE_INFO *info = to;

	(void)type;
	if (EFI_ERROR(status))
		return status;
	if (*bytes < wanted) {
		*bytes = wanted;
		return EFI_BUFFER_TOO_SMALL;
	}
	*bytes = wanted;
	memset(info, 0, wanted);
	info->Size = wanted;
	info->FileSize = file->size;
	for (size_t i = 0; name[i] != '\0'; i++)
		info->FileName[i] = (CHAR16)name[i];
	return EFI_SUCCESS;
}

/* A rename within the directory; all but the name must be as GetInfo says. */
static EFI_STATUS EFIAPI file_set_info(
	EFI_FILE_HANDLE protocol, EFI_GUID *type, UINTN bytes, VOID *from)
{
	EFI_STATUS status = fault(CALL_SET_INFO);
	struct fake_file *file = handle_of(protocol)->file, directory = *file;
	const EFI_FILE_INFO *info = from;
	char whole[96];

	(void)type;
	assert_true(bytes >= offsetof(EFI_FILE_INFO, FileName) && info->Size == bytes);
	assert_int_equal(info->FileSize, file->size);
	assert_int_equal(info->Attribute, 0);
	if (EFI_ERROR(status))
		return status;
	*strrchr(directory.name, '\\') = '\0';
	whole_name(whole, &directory, info->FileName);
	if (find_file(whole) != NULL)
		return EFI_ACCESS_DENIED;
	strcpy(file->name, whole);
	return EFI_SUCCESS;
}

static EFI_FILE file_functions = {
	.Open = file_open,
	.Close = file_close,
	.Delete = file_delete,
	.Read = file_read,
	.Write = file_write,
	.GetInfo = file_get_info,
	.SetInfo = file_set_info,
};

static EFI_STATUS EFIAPI open_volume(EFI_FILE_IO_INTERFACE *volume, EFI_FILE_HANDLE *root)
{
	static struct fake_file top = { .there = true, .directory = true };
	EFI_STATUS status = fault(CALL_OPEN_VOLUME);

	(void)volume;
	if (!EFI_ERROR(status))
		*root = open_handle(&top);
	return status;
}

/* --- protocols, console, variables ---------------------------------------------------------------------------- */

static EFI_BOOT_SERVICES services;
static EFI_RUNTIME_SERVICES runtime;
static EFI_LOADED_IMAGE loaded_image;
static EFI_FILE_IO_INTERFACE volume = { .OpenVolume = open_volume };
static SIMPLE_TEXT_OUTPUT_INTERFACE console;
static EFI_GRAPHICS_OUTPUT_MODE_INFORMATION mode_info = {
	.HorizontalResolution = 320,
	.VerticalResolution = 200,
	.PixelFormat = PixelBlueGreenRedReserved8BitPerColor,
	.PixelsPerScanLine = 320,
};
static EFI_GRAPHICS_OUTPUT_PROTOCOL_MODE mode = { .MaxMode = 1,
	.Info = &mode_info,
	.SizeOfInfo = sizeof(mode_info),
	.FrameBufferSize = FAKE_EFI_SCREEN_BYTES };
static EFI_GRAPHICS_OUTPUT_PROTOCOL gop = { .Mode = &mode };
static EFI_CONFIGURATION_TABLE acpi_table;
static uint8_t image_object, device_object, screen_object;

/* The console's own handle stands for several screens: the one with memory is found by a search. */
static EFI_STATUS EFIAPI handle_protocol(EFI_HANDLE handle, EFI_GUID *protocol, VOID **interface)
{
	static const EFI_GUID image = LOADED_IMAGE_PROTOCOL,
			      file_system = SIMPLE_FILE_SYSTEM_PROTOCOL,
			      screen = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
	EFI_STATUS status = fault(CALL_HANDLE_PROTOCOL);

	*interface = NULL;
	if (handle == &image_object && memcmp(protocol, &image, sizeof(image)) == 0)
		*interface = &loaded_image;
	else if (handle == &device_object && memcmp(protocol, &file_system, sizeof(image)) == 0)
		*interface = &volume;
	else if (handle == &screen_object && memcmp(protocol, &screen, sizeof(image)) == 0)
		*interface = &gop;
	if (EFI_ERROR(status))
		*interface = NULL;
	return *interface != NULL ? EFI_SUCCESS : EFI_UNSUPPORTED;
}

static EFI_STATUS EFIAPI locate_handle_buffer(
	EFI_LOCATE_SEARCH_TYPE how, EFI_GUID *protocol, VOID *key, UINTN *count, EFI_HANDLE **found)
{
	EFI_STATUS status = fault(CALL_LOCATE_HANDLES);
	void *block;

	(void)how, (void)protocol, (void)key;
	if (!EFI_ERROR(status))
		status = make_block(sizeof(EFI_HANDLE), &block);
	if (EFI_ERROR(status))
		return status;
	*found = block;
	**found = &screen_object;
	*count = 1;
	return EFI_SUCCESS;
}

/* There is no TPM. */
static EFI_STATUS EFIAPI locate_protocol(EFI_GUID *protocol, VOID *registration, VOID **interface)
{
	(void)protocol, (void)registration, (void)interface;
	assert_false(fake_efi.fw.exited || fake_efi.exits != 0);
	return EFI_NOT_FOUND;
}

/* Nobody looks at what it returns. */
static EFI_STATUS EFIAPI output_string(SIMPLE_TEXT_OUTPUT_INTERFACE *out, CHAR16 *text)
{
	struct fake_efi *e = &fake_efi;

	(void)out;
	assert_true(!e->fw.exited && e->exits == 0);
	for (; *text != 0; text++) {
		assert_true(e->said + 1 < sizeof(e->text));
		if (*text != '\r')
			e->text[e->said++] = (char)*text;
	}
	e->text[e->said] = '\0';
	return EFI_DEVICE_ERROR;
}

static EFI_STATUS EFIAPI get_variable(
	CHAR16 *name, EFI_GUID *vendor, UINT32 *attributes, UINTN *bytes, VOID *data)
{
	EFI_STATUS status = fault(CALL_VARIABLE);

	(void)name, (void)vendor, (void)attributes;
	if (EFI_ERROR(status))
		return status;
	*bytes = 1;
	*(uint8_t *)data = 0;
	return EFI_SUCCESS;
}

static void set_services(void)
{
	services.AllocatePages = allocate_some_pages;
	services.FreePages = free_some_pages;
	services.AllocatePool = allocate_pool;
	services.FreePool = free_pool;
	services.GetMemoryMap = get_memory_map;
	services.ExitBootServices = exit_boot_services;
	services.HandleProtocol = handle_protocol;
	services.LocateHandleBuffer = locate_handle_buffer;
	services.LocateProtocol = locate_protocol;
	services.SetWatchdogTimer = set_watchdog;
	runtime.GetVariable = get_variable;
	console.OutputString = output_string;
}

void fake_efi_init(phys_t screen, phys_t table)
{
	static const EFI_GUID acpi2 = { 0x8868e871, 0xe4f1, 0x11d3,
		{ 0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81 } };
	static CHAR16 vendor[] = L"fake";
	struct fake_efi *e = &fake_efi;

	set_services();
	mode.FrameBufferBase = screen;
	(void)fake_open(&e->fw, screen, screen + FAKE_EFI_SCREEN_BYTES);
	/* its headers can be read, and are none */
	loaded_image = (EFI_LOADED_IMAGE){ .DeviceHandle = &device_object,
		.ImageBase = fake_open(
			&e->fw, (uintptr_t)image_start, (uintptr_t)image_start + PAGE_SIZE) };
	acpi_table = (EFI_CONFIGURATION_TABLE){ acpi2, (void *)(uintptr_t)e->fw.rsdp_phys };
	e->image_handle = &image_object;
	e->table = fake_open(&e->fw, table, table + PAGE_SIZE);
	*e->table = (EFI_SYSTEM_TABLE){
		.FirmwareVendor = vendor,
		.ConOut = &console,
		.ConsoleOutHandle = &device_object,
		.BootServices = &services,
		.RuntimeServices = &runtime,
		.NumberOfTableEntries = e->fw.rsdp_phys != 0,
		.ConfigurationTable = &acpi_table,
	};
	e->struck = e->calls = e->exits = e->open_files = e->refusals = 0;
	e->said = 0;
	e->text[0] = '\0';
	memset(handles, 0, sizeof(handles));
	for (unsigned i = 0; i < FAKE_EFI_FILES; i++)
		e->file[i].there = false;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Boot services that misbehave (hostile.h). Boot services know no context, so the one that is in use is found
 * through a pointer. What a spoiled map looks like is core/hostile.c's to say. Called by main.c.
 */
#include <bootmem/hostile.h>
#include <bootmem/string.h>

#include "hostile.h"
#include "tables.h"

#define MAP_SPARE_PAGES 4 /* what the real map may grow by */

static struct hostile *in_use;

/* Is this call, the count-th of its kind, the one that has to fail? */
static bool strikes(enum hostile_fault fault, uint32_t count)
{
	return in_use->options.fault[fault] != 0 && in_use->options.fault[fault] == count;
}

/* --- memory -------------------------------------------------------------------------------------- */

static EFI_STATUS EFIAPI allocate_pages(
	EFI_ALLOCATE_TYPE how, EFI_MEMORY_TYPE type, UINTN pages, EFI_PHYSICAL_ADDRESS *at)
{
	struct hostile *h = in_use;
	EFI_STATUS status;

	if (how == AllocateAddress && h->claims < h->options.fault[HOSTILE_REFUSE]) {
		h->claims++;
		return EFI_NOT_FOUND;
	}
	if (strikes(HOSTILE_PAGES, ++h->page_calls))
		return EFI_OUT_OF_RESOURCES;
	status = h->real->AllocatePages(how, type, pages, at);
	if (!EFI_ERROR(status))
		h->pages_held += (int64_t)pages;
	return status;
}

static EFI_STATUS EFIAPI free_pages(EFI_PHYSICAL_ADDRESS at, UINTN pages)
{
	EFI_STATUS status = in_use->real->FreePages(at, pages);

	if (!EFI_ERROR(status))
		in_use->pages_held -= (int64_t)pages;
	return status;
}

static EFI_STATUS EFIAPI allocate_pool(EFI_MEMORY_TYPE type, UINTN bytes, VOID **block)
{
	EFI_STATUS status;

	if (strikes(HOSTILE_POOL, ++in_use->pool_calls))
		return EFI_OUT_OF_RESOURCES;
	status = in_use->real->AllocatePool(type, bytes, block);
	if (!EFI_ERROR(status))
		in_use->blocks_held++;
	return status;
}

static EFI_STATUS EFIAPI free_pool(VOID *block)
{
	EFI_STATUS status = in_use->real->FreePool(block);

	if (!EFI_ERROR(status))
		in_use->blocks_held--;
	return status;
}

/* --- the map and the exit -------------------------------------------------------------------------- */

static EFI_STATUS EFIAPI get_memory_map(
	UINTN *bytes, EFI_MEMORY_DESCRIPTOR *to, UINTN *key, UINTN *stride, UINT32 *version)
{
	struct hostile *h = in_use;
	UINTN real_bytes = h->map_pages * PAGE_SIZE, real_stride = sizeof(struct efi_memory_desc);
	uint8_t *real = (uint8_t *)(uintptr_t)h->map;
	EFI_STATUS status = h->real->GetMemoryMap(
		&real_bytes, (EFI_MEMORY_DESCRIPTOR *)(void *)real, key, &real_stride, version);
	uint32_t spoiled_stride;
	uint64_t spoiled_bytes;
	struct fw_map map;

	if (EFI_ERROR(status))
		return status;
	if (fw_map_init(&map, real, real_bytes, real_stride, *version, *key) != BM_OK)
		return EFI_DEVICE_ERROR;
	spoiled_bytes = hostile_map(
		&h->options, h->readings++, &map, to, to != NULL ? *bytes : 0, &spoiled_stride);
	status = to == NULL || spoiled_bytes > *bytes ? EFI_BUFFER_TOO_SMALL : EFI_SUCCESS;
	*bytes = (UINTN)spoiled_bytes;
	*stride = spoiled_stride;
	return status;
}

/* The key goes stale as on real firmware: something is allocated first. After the exit the page is RAM. */
static EFI_STATUS EFIAPI exit_boot_services_late(EFI_HANDLE image, UINTN key)
{
	struct hostile *h = in_use;
	EFI_PHYSICAL_ADDRESS page;

	if (h->exits < h->options.fault[HOSTILE_STALE]) {
		h->exits++;
		(void)h->real->AllocatePages(AllocateAnyPages, EfiBootServicesData, 1, &page);
	}
	return h->real->ExitBootServices(image, key);
}

/* --- protocols -------------------------------------------------------------------------------------- */

static bool hidden(const EFI_GUID *protocol)
{
	static const EFI_GUID gop = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;

	return in_use->options.fault[HOSTILE_NOGOP] != 0 && protocol != NULL &&
	       memcmp(protocol, &gop, sizeof(gop)) == 0;
}

static EFI_STATUS EFIAPI handle_protocol(EFI_HANDLE handle, EFI_GUID *protocol, VOID **interface)
{
	return hidden(protocol) ? EFI_UNSUPPORTED
				: in_use->real->HandleProtocol(handle, protocol, interface);
}

static EFI_STATUS EFIAPI open_protocol(EFI_HANDLE handle, EFI_GUID *protocol, VOID **interface,
	EFI_HANDLE agent, EFI_HANDLE controller, UINT32 attributes)
{
	return hidden(protocol) ? EFI_UNSUPPORTED
				: in_use->real->OpenProtocol(handle, protocol, interface, agent,
					  controller, attributes);
}

static EFI_STATUS EFIAPI locate_protocol(EFI_GUID *protocol, VOID *registration, VOID **interface)
{
	return hidden(protocol) ? EFI_NOT_FOUND
				: in_use->real->LocateProtocol(protocol, registration, interface);
}

static EFI_STATUS EFIAPI locate_handle(EFI_LOCATE_SEARCH_TYPE how, EFI_GUID *protocol, VOID *key,
	UINTN *bytes, EFI_HANDLE *handles)
{
	return hidden(protocol) ? EFI_NOT_FOUND
				: in_use->real->LocateHandle(how, protocol, key, bytes, handles);
}

/* The handles are a block of pool that the caller frees. */
static EFI_STATUS EFIAPI locate_handle_buffer(EFI_LOCATE_SEARCH_TYPE how, EFI_GUID *protocol,
	VOID *key, UINTN *count, EFI_HANDLE **handles)
{
	EFI_STATUS status;

	if (hidden(protocol))
		return EFI_NOT_FOUND;
	status = in_use->real->LocateHandleBuffer(how, protocol, key, count, handles);
	if (!EFI_ERROR(status))
		in_use->blocks_held++;
	return status;
}

/* --- wrapping ----------------------------------------------------------------------------------------- */

static bool asked_for(const struct option_hostile *options)
{
	uint32_t any = 0;

	for (unsigned i = 0; i < HOSTILE_FAULTS; i++)
		any |= options->fault[i];
	return any != 0;
}

/* Room for the real map, which is read into it before it is spoiled. */
static bool take_map_room(struct hostile *h)
{
	UINTN bytes = 0, key, stride = 0;
	UINT32 version;

	if (h->real->GetMemoryMap(&bytes, NULL, &key, &stride, &version) != EFI_BUFFER_TOO_SMALL)
		return false;
	h->map_pages = (UINTN)pfn_up(bytes) + MAP_SPARE_PAGES;
	return !EFI_ERROR(h->real->AllocatePages(
		AllocateAnyPages, EfiBootServicesData, h->map_pages, &h->map));
}

static void wrap_services(struct hostile *h)
{
	h->services = *h->real;
	h->services.AllocatePages = allocate_pages;
	h->services.FreePages = free_pages;
	h->services.GetMemoryMap = get_memory_map;
	h->services.AllocatePool = allocate_pool;
	h->services.FreePool = free_pool;
	h->services.HandleProtocol = handle_protocol;
	h->services.OpenProtocol = open_protocol;
	h->services.LocateProtocol = locate_protocol;
	h->services.LocateHandle = locate_handle;
	h->services.LocateHandleBuffer = locate_handle_buffer;
	h->services.ExitBootServices = exit_boot_services_late;
}

static EFI_SYSTEM_TABLE *refuse(struct option_hostile *options, const struct sink *out,
	EFI_SYSTEM_TABLE *st, const char *why)
{
	*options = (struct option_hostile){ { 0 } };
	sink_printf(out, "hostile= is refused: %s\n", why);
	return st;
}

EFI_SYSTEM_TABLE *hostile_wrap(struct hostile *h, EFI_SYSTEM_TABLE *st,
	struct option_hostile *options, const struct sink *out)
{
	enum linux_secure_boot secure;

	if (!asked_for(options))
		return st;
	secure = table_secure_boot(st);
	if (secure_boot_on(secure))
		return refuse(options, out, st,
			secure == LINUX_SECURE_BOOT_ENABLED ? "Secure Boot is on"
							    : "Secure Boot may be on");
	*h = (struct hostile){ .real = st->BootServices };
	if (!take_map_room(h))
		return refuse(options, out, st, "there is no room for a copy of the map");
	h->options = *options;
	wrap_services(h);
	h->table = *st;
	h->table.BootServices = &h->services;
	if (options->fault[HOSTILE_NOCONOUT] != 0) {
		h->table.ConOut = NULL;
		h->table.ConsoleOutHandle = NULL;
	}
	in_use = h;
	sink_puts(out, "hostile: the firmware misbehaves on purpose\n");
	return &h->table;
}

void hostile_unwrap(struct hostile *h, const struct sink *out)
{
	if (in_use == NULL)
		return;
	in_use = NULL;
	h->real->FreePages(h->map, h->map_pages);
	sink_printf(out, "hostile: the program has kept %d pages and %d blocks of pool\n",
		(int)h->pages_held, (int)h->blocks_held);
}

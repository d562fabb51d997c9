/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_efi: EFI's tables on top of the host's firmware (fake_firmware.h), so that all of efi/ runs on the host: boot
 * services for memory and for the exit, a volume with files, a console, a screen, one variable. Memory is seen where it
 * is, and a page that was not granted can't be touched. Blocks of pool are pages of the same map.
 *
 * Each call that may fail is counted, and fails when told so, in every way that the call can: with each error status,
 * a map that has grown, a read that ends early. What the firmware must never be asked for ends the test.
 */
#ifndef TEST_FAKE_EFI_H
#define TEST_FAKE_EFI_H

#include <fake_firmware.h>

#include "../../efi/uefi.h"

#define FAKE_EFI_CALLS  65536 /* that are counted in one start */
#define FAKE_EFI_FILES  24
#define FAKE_EFI_FAULTS 2

enum call {
	CALL_ALLOCATE_PAGES,
	CALL_FREE_PAGES,
	CALL_ALLOCATE_POOL,
	CALL_FREE_POOL,
	CALL_MAP_SIZE, /* GetMemoryMap without a buffer */
	CALL_MAP_READ,
	CALL_EXIT,
	CALL_HANDLE_PROTOCOL,
	CALL_LOCATE_HANDLES,
	CALL_SET_WATCHDOG,
	CALL_OPEN_VOLUME,
	CALL_OPEN,
	CALL_READ,
	CALL_WRITE,
	CALL_INFO_SIZE, /* GetInfo without a buffer */
	CALL_INFO,
	CALL_SET_INFO,
	CALL_DELETE,
	CALL_CLOSE,
	CALL_VARIABLE,
	CALL_KINDS,
};

/* The at-th call from now (the first is 0) fails in one of its ways. */
struct efi_fault {
	uint32_t at, how;
};

/* A file or a directory, by its whole name with backslashes. */
struct fake_file {
	bool there, directory;
	char name[96];
	uint8_t *bytes;
	uint64_t size, capacity;
};

struct fake_efi {
	struct fake_firmware fw;
	EFI_SYSTEM_TABLE *table;
	EFI_HANDLE image_handle;

	struct efi_fault fault[FAKE_EFI_FAULTS]; /* ascending */
	uint32_t faults;                         /* how many are wanted, */
	uint32_t struck;                         /* and have happened */
	uint8_t struck_kind[FAKE_EFI_FAULTS];
	EFI_STATUS struck_status[FAKE_EFI_FAULTS];
	uint32_t calls;
	uint8_t kind[FAKE_EFI_CALLS]; /* of each call */
	uint32_t exits;               /* of ExitBootServices */

	/* What FreePages and FreePool refused, and were not asked for again: a range that is asked for in parts is not here. */
	struct refused {
		phys_t at;
		uint64_t pages;
		bool pool;
	} refused[FAKE_EFI_FAULTS];
	uint32_t refusals;

	uint32_t open_files;
	struct fake_file file[FAKE_EFI_FILES];
	size_t said;
	char text[32768]; /* what the console showed, NUL-terminated */
};

/* There is one firmware. Its fw is made by the caller: map, arena, ACPI tables. */
extern struct fake_efi fake_efi;

/* In how many ways a call can fail. */
uint32_t call_ways(enum call kind);
const char *call_name(enum call kind);

/*
 * Tables, protocols and a volume with nothing on it. [screen, screen + FAKE_EFI_SCREEN_BYTES) is the framebuffer, the
 * system table is in the page at table: a kernel is told where. The image lies where fw says it was loaded.
 */
#define FAKE_EFI_SCREEN_BYTES (320 * 200 * 4)
void fake_efi_init(phys_t screen, phys_t table);

/* Free after all what was refused. */
void fake_efi_free_refused(void);

/* Put a file on the volume. */
void fake_efi_add_file(const char *name, const void *bytes, uint64_t size);
const struct fake_file *fake_efi_find(const char *name);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The firmware's memory map, as GetMemoryMap left it (UEFI 2.10, 7.2.3).
 *
 * Values and layouts are defined here and not taken from gnu-efi: its headers lack the newer types
 * and attributes and lay structures out wrongly on ia32 (M6, M7). Descriptors are read by the firmware's stride,
 * never by sizeof (Q5).
 */
#ifndef BOOTMEM_FW_MAP_H
#define BOOTMEM_FW_MAP_H

#include <bootmem/e820.h>
#include <bootmem/types.h>

enum efi_memory_type {
	EFI_MEM_RESERVED = 0,
	EFI_MEM_LOADER_CODE = 1,
	EFI_MEM_LOADER_DATA = 2,
	EFI_MEM_BOOT_CODE = 3,
	EFI_MEM_BOOT_DATA = 4,
	EFI_MEM_RUNTIME_CODE = 5,
	EFI_MEM_RUNTIME_DATA = 6,
	EFI_MEM_CONVENTIONAL = 7,
	EFI_MEM_UNUSABLE = 8,
	EFI_MEM_ACPI_RECLAIM = 9,
	EFI_MEM_ACPI_NVS = 10,
	EFI_MEM_MMIO = 11,
	EFI_MEM_MMIO_PORT = 12,
	EFI_MEM_PAL_CODE = 13,
	EFI_MEM_PERSISTENT = 14,
	EFI_MEM_UNACCEPTED = 15,
};

#define EFI_ATTR_UC           (UINT64_C(1) << 0)
#define EFI_ATTR_WC           (UINT64_C(1) << 1)
#define EFI_ATTR_WT           (UINT64_C(1) << 2)
#define EFI_ATTR_WB           (UINT64_C(1) << 3)
#define EFI_ATTR_UCE          (UINT64_C(1) << 4)
#define EFI_ATTR_SP           (UINT64_C(1) << 18)
#define EFI_ATTR_RUNTIME      (UINT64_C(1) << 63)

#define EFI_ATTR_CACHEABILITY (EFI_ATTR_UC | EFI_ATTR_WC | EFI_ATTR_WT | EFI_ATTR_WB | EFI_ATTR_UCE)

/* The standard part of a descriptor; firmware may append to it. */
struct efi_memory_desc {
	uint32_t type;
	uint32_t pad;
	uint64_t phys_start;
	uint64_t virt_start;
	uint64_t pages;
	uint64_t attribute;
};

_Static_assert(sizeof(struct efi_memory_desc) == 40, "UEFI 2.10, 7.2.3");

#define FW_MAP_MIN_STRIDE 40
#define FW_MAP_MAX_STRIDE 256

struct fw_map {
	const uint8_t *bytes;
	uint32_t count;  /* descriptors */
	uint32_t stride; /* bytes from one to the next */
	uint32_t version;
	uint64_t key; /* what ExitBootServices wants; changes with every change of the map */
};

/*
 * Describe size_bytes of descriptors at bytes. BM_INVALID for a stride outside
 * [FW_MAP_MIN_STRIDE, FW_MAP_MAX_STRIDE] or not a multiple of 8, and for a size that is 0 or no
 * multiple of the stride.
 */
BM_MUST_USE enum bm_error fw_map_init(struct fw_map *map, const void *bytes, uint64_t size_bytes,
	uint64_t stride, uint32_t version, uint64_t key);

/* Descriptor i < map->count, by value: the firmware's copy need not be aligned for us. */
struct efi_memory_desc fw_map_entry(const struct fw_map *map, uint32_t i);

/*
 * What a descriptor is in e820 terms. The RUNTIME attribute beats the type; RAM needs write-back
 * caching; special-purpose RAM is set apart; unknown types are reserved. Repairs are counted in f.
 */
enum e820_type fw_desc_e820_type(const struct efi_memory_desc *desc, struct findings *f);

/*
 * Convert the whole map to raw e820 entries for e820_sanitise, one for each descriptor, in the
 * firmware's order. capacity must be at least map->count, else BM_FULL. A descriptor whose end
 * does not fit 64 bits gets end < start, which e820_sanitise drops and counts; so are empty ones. The type of
 * both is E820_RESERVED, unread.
 */
BM_MUST_USE enum bm_error fw_map_to_raw(
	const struct fw_map *map, struct e820_entry *raw, uint32_t capacity, struct findings *f);

/* "Conventional", "BootServicesData", ...; "OEM/OS" and "unknown" for what has no name. */
const char *efi_memory_type_name(uint32_t type);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fw_map: the firmware's memory map, read by its own stride, and what each descriptor means in e820 terms.
 *
 * Called by the snapshot and by settle. Nothing here trusts a value before it is checked.
 */
#include <bootmem/fw_map.h>
#include <bootmem/string.h>

enum bm_error fw_map_init(struct fw_map *map, const void *bytes, uint64_t size_bytes,
	uint64_t stride, uint32_t version, uint64_t key)
{
	uint64_t count = 0;

	if (stride < FW_MAP_MIN_STRIDE || stride > FW_MAP_MAX_STRIDE || (stride & 7) != 0)
		return BM_INVALID;
	if (size_bytes == 0 || size_bytes > UINT32_MAX)
		return BM_INVALID;
	/* 32-bit on purpose: i386 has no 64-bit division of its own. */
	count = (uint32_t)size_bytes / (uint32_t)stride;
	if (count * stride != size_bytes)
		return BM_INVALID;
	*map = (struct fw_map){
		.bytes = bytes,
		.count = (uint32_t)count,
		.stride = (uint32_t)stride,
		.version = version,
		.key = key,
	};
	return BM_OK;
}

struct efi_memory_desc fw_map_entry(const struct fw_map *map, uint32_t i)
{
	struct efi_memory_desc desc;

	memcpy(&desc, map->bytes + (size_t)i * map->stride, sizeof(desc));
	return desc;
}

/* The end, or a value below the start (which e820_sanitise drops) when 64 bits can't hold it. */
static phys_t desc_end(const struct efi_memory_desc *desc)
{
	phys_t end;

	if (desc->pages == 0)
		return desc->phys_start;
	if (desc->pages > UINT64_MAX >> PAGE_SHIFT)
		return 0;
	if (__builtin_add_overflow(desc->phys_start, desc->pages << PAGE_SHIFT, &end))
		return 0;
	return end;
}

/* RAM that the firmware describes as such: is it ordinary memory? */
static enum e820_type ram_type(const struct efi_memory_desc *desc, struct findings *f)
{
	phys_t start = desc->phys_start, end = desc_end(desc);

	if (!(desc->attribute & EFI_ATTR_WB)) {
		finding_add(f, FINDING_MAP_NO_WB, start, end);
		return E820_RESERVED;
	}
	if (desc->attribute & EFI_ATTR_SP) {
		finding_add(f, FINDING_SOFT_RESERVED, start, end);
		return E820_SOFT;
	}
	return E820_RAM;
}

static bool ram_like(uint32_t type)
{
	return type == EFI_MEM_LOADER_CODE || type == EFI_MEM_LOADER_DATA ||
	       type == EFI_MEM_BOOT_CODE || type == EFI_MEM_BOOT_DATA ||
	       type == EFI_MEM_CONVENTIONAL;
}

static bool runtime_type(uint32_t type)
{
	return type == EFI_MEM_RUNTIME_CODE || type == EFI_MEM_RUNTIME_DATA;
}

/* What is odd about a runtime range; it is reserved in any case. */
static void check_runtime(const struct efi_memory_desc *desc, struct findings *f)
{
	phys_t start = desc->phys_start, end = desc_end(desc);

	if (!(desc->attribute & EFI_ATTR_RUNTIME))
		finding_add(f, FINDING_RUNTIME_NO_ATTRIBUTE, start, end);
	if (!(desc->attribute & EFI_ATTR_CACHEABILITY))
		finding_add(f, FINDING_RUNTIME_NO_CACHE, start, end);
	if (ram_like(desc->type))
		finding_add(f, FINDING_RUNTIME_ON_RAM_TYPE, start, end);
}

enum e820_type fw_desc_e820_type(const struct efi_memory_desc *desc, struct findings *f)
{
	if (runtime_type(desc->type) || (desc->attribute & EFI_ATTR_RUNTIME)) {
		check_runtime(desc, f);
		return E820_RESERVED;
	}
	if (ram_like(desc->type))
		return ram_type(desc, f);
	switch (desc->type) {
	case EFI_MEM_UNUSABLE:
		return E820_UNUSABLE;
	case EFI_MEM_ACPI_RECLAIM:
		return E820_ACPI;
	case EFI_MEM_ACPI_NVS:
		return E820_NVS;
	case EFI_MEM_PERSISTENT:
		return E820_PMEM;
	case EFI_MEM_UNACCEPTED:
		finding_add(f, FINDING_UNACCEPTED, desc->phys_start, desc_end(desc));
		return E820_UNACCEPTED;
	case EFI_MEM_RESERVED:
	case EFI_MEM_MMIO:
	case EFI_MEM_MMIO_PORT:
	case EFI_MEM_PAL_CODE:
		return E820_RESERVED;
	default:
		finding_add(f, FINDING_MAP_UNKNOWN_TYPE, desc->phys_start, desc_end(desc));
		return E820_RESERVED;
	}
}

enum bm_error fw_map_to_raw(
	const struct fw_map *map, struct e820_entry *raw, uint32_t capacity, struct findings *f)
{
	if (map->count > capacity)
		return BM_FULL;
	for (uint32_t i = 0; i < map->count; i++) {
		struct efi_memory_desc desc = fw_map_entry(map, i);

		raw[i] = (struct e820_entry){
			.start = desc.phys_start,
			.end = desc_end(&desc),
			.type = E820_RESERVED,
		};
		/* A range that will be dropped says nothing about its type. */
		if (raw[i].start < raw[i].end)
			raw[i].type = fw_desc_e820_type(&desc, f);
	}
	return BM_OK;
}

const char *efi_memory_type_name(uint32_t type)
{
	static const char *const name[] = {
		[EFI_MEM_RESERVED] = "Reserved",
		[EFI_MEM_LOADER_CODE] = "LoaderCode",
		[EFI_MEM_LOADER_DATA] = "LoaderData",
		[EFI_MEM_BOOT_CODE] = "BootServicesCode",
		[EFI_MEM_BOOT_DATA] = "BootServicesData",
		[EFI_MEM_RUNTIME_CODE] = "RuntimeServicesCode",
		[EFI_MEM_RUNTIME_DATA] = "RuntimeServicesData",
		[EFI_MEM_CONVENTIONAL] = "Conventional",
		[EFI_MEM_UNUSABLE] = "Unusable",
		[EFI_MEM_ACPI_RECLAIM] = "ACPIReclaim",
		[EFI_MEM_ACPI_NVS] = "ACPINVS",
		[EFI_MEM_MMIO] = "MMIO",
		[EFI_MEM_MMIO_PORT] = "MMIOPort",
		[EFI_MEM_PAL_CODE] = "PalCode",
		[EFI_MEM_PERSISTENT] = "Persistent",
		[EFI_MEM_UNACCEPTED] = "Unaccepted",
	};

	if (type < ARRAY_SIZE(name))
		return name[type];
	return type >= 0x70000000 ? "OEM/OS" : "unknown";
}

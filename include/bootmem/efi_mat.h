/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The firmware's runtime ranges and their rights: the memory map says where they are, the Memory
 * Attributes table (UEFI 2.10, 4.6.4) which parts of them are code and which are data.
 *
 * A range of code without an entry in that table holds both, in an order nobody tells. It is mapped as code, and
 * the runtime services are not usable: no page is both writable and executable, for firmware neither.
 */
#ifndef BOOTMEM_EFI_MAT_H
#define BOOTMEM_EFI_MAT_H

#include <bootmem/fw_map.h>
#include <bootmem/paging.h>

#define EFI_ATTR_XP          (UINT64_C(1) << 14) /* not executable */
#define EFI_ATTR_RO          (UINT64_C(1) << 17) /* not writable */

#define EFI_MAT_HEADER_BYTES 16
#define EFI_MAT_MAX_ENTRIES  4096 /* more is taken for a broken table */

/* The table's bytes stay the firmware's: boot-services data, gone after activate. */
struct efi_mat {
	const uint8_t *bytes; /* of the first entry */
	uint32_t count, stride;
};

/*
 * Describe the table at bytes, which must be readable for its header and for what that announces.
 * BM_INVALID, and no entries: null, a version other than 1 and 2, a stride that fw_map_init would refuse, or more
 * than EFI_MAT_MAX_ENTRIES entries.
 */
BM_MUST_USE enum bm_error efi_mat_open(struct efi_mat *mat, const void *bytes);

struct runtime_ranges {
	struct map_special *special; /* the caller's storage */
	uint32_t count, capacity;
	bool usable; /* all are there, with rights that firmware can live with */
};

/*
 * An identity special for every range of the map with the RUNTIME attribute (page aligned, outward),
 * split by the entries of mat, null or empty if there is none. Memory that can be cached is write-back, the rest
 * write-combining or uncached. What is left out, at or above end_phys or for want of room, is a finding, as is
 * code without an entry and an entry that is writable and executable (which loses execution).
 */
void runtime_ranges_find(struct runtime_ranges *out, const struct fw_map *map,
	const struct efi_mat *mat, phys_t end_phys, struct findings *f);

#endif

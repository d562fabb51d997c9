/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's side of the native handoff, for a kernel that links libbootmem.a: the loader's own allocator goes
 * on where it stopped. After bootmem_adopt everything in <bootmem/mm.h> works: alloc_pages, free_pages, kmap,
 * the node and zone queries.
 */
#ifndef BOOTMEM_ADOPT_H
#define BOOTMEM_ADOPT_H

#include <bootmem/handoff.h>
#include <bootmem/mm.h>
#include <bootmem/owner.h>
#include <bootmem/types.h>

/* Of the structures that survive the handoff: a library and a loader that differ in them don't fit. */
uint64_t handoff_layout_hash(void);

/* Magic, version, machine, size and checksum are as they should be. */
bool handoff_valid(const struct handoff *record);

/*
 * Take over the allocator of a record. BM_INVALID: handoff_valid says no. BM_CONFLICT: this library was built with
 * another layout than the loader; read the record instead. Call it once, in the address space of the handoff.
 */
BM_MUST_USE enum bm_error bootmem_adopt(const struct handoff *record, struct mm **mm);

#define OWNER_BIT(owner) (UINT64_C(1) << (owner))

/*
 * Free what the loader no longer needs into the zones: the ranges of all reclaimable owners but those whose
 * OWNER_BIT is in keep. Pages that were code or read-only become writable in the direct map and disappear from
 * where they were executed. Returns how many pages were freed; what was freed before, or can't be, is passed over.
 *
 * Until the kernel has its own descriptor tables and stack, keep OWNER_BIT(OWNER_CPU) | OWNER_BIT(OWNER_IMAGE) and
 * OWNER_BIT(OWNER_HANDOFF), in which the record lies. Until it has started or stopped all other processors, keep
 * OWNER_BIT(OWNER_FIRMWARE_TABLES): firmware may have parked them on these page tables (Q74).
 */
uint64_t bootmem_reclaim(struct mm *mm, const struct handoff *record, uint64_t keep);

#endif

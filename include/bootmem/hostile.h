/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spoiling a memory map on purpose (hostile=): what a bad firmware's GetMemoryMap would have said. Pure; the
 * application puts it before the real firmware (efi/hostile.c), the host before its own.
 *
 * A spoiled map describes the same RAM as the one it is made of: nothing that is free in it alone is RAM
 * that the firmware keeps, once the stricter of two overlapping types has won.
 */
#ifndef BOOTMEM_HOSTILE_H
#define BOOTMEM_HOSTILE_H

#include <bootmem/fw_map.h>
#include <bootmem/options.h>

/*
 * Write the spoiled form of a map to at most room_bytes at to: with hostile.fault[HOSTILE_STRIDE] bytes from
 * one descriptor to the next (0: as before; the rest of a long one is rubbish, a short one is cut off), and
 *
 *   HOSTILE_GROW      n * reading times a page of the largest free range as a descriptor of its own
 *   HOSTILE_ZERO      n descriptors without pages
 *   HOSTILE_NESTED    the first n ranges that are not free once more, as free ones
 *   HOSTILE_UNSORTED  in an order that depends on n
 *
 * reading counts from 0. Returns the bytes that the whole of it takes, however many were written; the order is
 * the map's own unless all of it fits. *stride is set in any case.
 */
uint64_t hostile_map(const struct option_hostile *hostile, uint32_t reading,
	const struct fw_map *map, void *to, uint64_t room_bytes, uint32_t *stride);

#endif

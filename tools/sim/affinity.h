/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * affinity: the ACPI tables of a simulated machine: an RSDP, an XSDT, an SRAT and, where distances are known, a SLIT (ACPI 6.5,
 * chapter 5.2), so that the core reads NUMA affinity as it does on a real one.
 */
#ifndef SIM_AFFINITY_H
#define SIM_AFFINITY_H

#include "recording.h"

/* Bytes that affinity_write needs. */
uint64_t affinity_bytes(const struct recording *r);

/*
 * Write the tables to out, which lies at phys (16-byte aligned); the RSDP comes first. A node's
 * proximity domain is its nid. Each nid up to the highest gets a processor where the recording
 * names none at all: kernels number nodes by processors first, and the recorded numbers must come
 * out again.
 */
void affinity_write(uint8_t *out, phys_t phys, const struct recording *r);

#endif

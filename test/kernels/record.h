/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the handoff record. Elements are found by the stride that the loader gives, which may be longer than the
 * structure a kernel was built with.
 */
#ifndef KERNELS_RECORD_H
#define KERNELS_RECORD_H

#include <bootmem/handoff.h>
#include <stdbool.h>

/* i < table->count. */
static inline const void *table_at(const struct handoff_table *table, uint32_t i)
{
	return (const void *)(uintptr_t)(table->address + (uint64_t)i * table->stride);
}

/* Is there such a word, between blanks, on the command line? */
bool cmdline_has(const struct handoff *record, const char *word);

#endif

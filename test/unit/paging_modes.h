/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The paging modes that processors have, for tests that build tables in each.
 */
#ifndef TEST_PAGING_MODES_H
#define TEST_PAGING_MODES_H

#include <bootmem/arch.h>
#include <bootmem/paging.h>

static const struct paging_mode all_modes[] = {
	{ .levels = 2, .phys_bits = 32 },
	{ .levels = 2, .large = true, .phys_bits = 36 },
	{ .levels = 3, .large = true, .phys_bits = 36 },
	{ .levels = 3, .large = true, .nx = true, .phys_bits = 40 },
	{ .levels = 4, .large = true, .phys_bits = 46 },
	{ .levels = 4, .large = true, .nx = true, .phys_bits = 46 },
	{ .levels = 4, .large = true, .nx = true, .huge = true, .phys_bits = 46 },
	{ .levels = 5, .large = true, .nx = true, .phys_bits = 52 },
	{ .levels = 5, .large = true, .nx = true, .huge = true, .phys_bits = 52 },
};

/* The modes of the architecture under test. */
static inline bool mode_here(const struct paging_mode *mode)
{
	return (mode->levels <= 3) == (ARCH_HIGHMEM != 0);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The other processors, which wait where the firmware parked them.
 */
#ifndef KERNELS_PROCESSORS_H
#define KERNELS_PROCESSORS_H

#include "physical.h"

#define PROCESSORS_LOW_PFN 0x100 /* their page lies below */

/*
 * Park all other processors in a page of the kernel's own, without paging: what the firmware parked them in can be given
 * up, and system management interrupts find them in a sound state. The page stays in use. Uses the first page of the
 * fixmap. False: there is a local APIC, and it can't be reached.
 */
bool processors_park(const struct physical *p, pfn_t pfn);

#endif

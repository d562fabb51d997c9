/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay: a report of our own as the start it is of. The firmware's map goes back to before bootmem claimed
 * anything, and the front end's part (struct boot_input) is made again, so that the same core must come to
 * the same limits, nodes, zones, owners and page tables. Of a kernel, a file is made that makes the same demands.
 *
 * What a report does not hold: what is in the firmware's page tables (no audit), the order of findings' first places in memory
 * that was in use, and, with numa=fake, the distances of the real nodes.
 */
#ifndef SIM_REPLAY_H
#define SIM_REPLAY_H

#include "fake_firmware.h"
#include "recording.h"

struct replay {
	struct boot_input input;
	void *memory_attributes, *kernel_file; /* what input points to */
	struct pfn_range *tables;
};

/* Is it a report of this architecture, with all that a start needs? */
bool replay_possible(const struct recording *r);

/*
 * fw has the recorded map; *replay must outlive the start, and r too. False: what
 * bootmem claimed is more than the firmware can keep account of.
 */
bool replay_prepare(struct replay *replay, struct fake_firmware *fw, const struct recording *r);
void replay_free(struct replay *replay);

#endif

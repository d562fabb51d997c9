/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * simulate: a machine made from a recording, and the whole pipeline run on it.
 *
 * The simulated loader's image and workspace lie at the top of the highest run of free memory
 * below the architecture's limit for early allocations (4 GiB on x86_64, the split on i386) that
 * has room.
 *
 * The processor is the largest that the layout serves: 4 levels, 1 GiB pages and 46 bits of
 * physical address, or PAE with NX and 36 bits (pae=off: two levels with 4 MiB pages, 32 bits).
 *
 * A report of our own, of this architecture, says all of that itself, its options too: it is replayed.
 */
#ifndef SIM_SIMULATE_H
#define SIM_SIMULATE_H

#include "fake_firmware.h"
#include "recording.h"
#include "replay.h"

/* Which of a recording's maps is the input. */
enum map_choice {
	MAP_BEST, /* the EFI map where there is one, else the firmware's e820 */
	MAP_EFI,
	MAP_E820,
	MAP_USER, /* the kernel's own after mem= and memmap= */
};

struct simulation {
	struct fake_firmware fw;
	struct boot boot;
	struct replay replay; /* of a report of our own */
	const struct recording *recording;
	bool from_efi;          /* the input was an EFI map */
	struct e820_entry *raw; /* the input in raw entries */
	uint32_t raws;
	struct e820 input;            /* the input, finished, before anything was cut */
	struct e820 other;            /* the e820 map beside an EFI input, finished; empty: none */
	struct efi_memory_desc *desc; /* of an EFI input, as recorded */
	uint32_t descs;
};

/*
 * A machine that has not started. options are options.c's, "key=value key=value"; they win over those of a report, and
 * parsed is what all of them together say. Null, with a line on errors: the recording has no such map, has too many
 * entries, or an option can't be used. The recording must outlive the simulation; simulation_free takes it down.
 */
struct simulation *simulation_make(const struct recording *r, enum map_choice choice,
	const char *options, struct boot_options *parsed, const struct sink *errors);

/*
 * The same with all stages run on it. Null, with a line on errors, also where the pipeline failed. Not null: options that do
 * nothing here are named on errors, a line for each.
 */
struct simulation *simulate(const struct recording *r, enum map_choice choice, const char *options,
	const struct sink *errors);
void simulation_free(struct simulation *s);

#endif

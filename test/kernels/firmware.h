/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the test kernels ask of the firmware: three of EFI's runtime services, called where they are. The system
 * table's address is from the record; the kernel may have given the record back by then.
 */
#ifndef KERNELS_FIRMWARE_H
#define KERNELS_FIRMWARE_H

#include <bootmem/handoff.h>
#include <stdbool.h>

struct firmware {
	uint64_t system_table_phys; /* 0: there are no runtime services, or they can't be used */
};

/* From a record; without HANDOFF_RUNTIME_USABLE there are none. */
struct firmware firmware_of(const struct handoff *record);

/* Does the table that the record names begin as EFI's system table does? */
bool firmware_has_signature(const struct firmware *firmware);

/* Ask for the time, and for a variable that every firmware has. False: an error, or nonsense. */
bool firmware_works(const struct firmware *firmware);

/* Switch the machine off; stops it where that can't be done. */
_Noreturn void firmware_power_off(const struct firmware *firmware);

/* Stop for good. */
_Noreturn void machine_halt(void);

#endif

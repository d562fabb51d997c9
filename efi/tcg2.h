/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * As much of EFI_TCG2_PROTOCOL as a loader needs (TCG EFI Protocol Specification, family 2.0, section 6), which gnu-efi does
 * not have.
 */
#ifndef EFI_TCG2_H
#define EFI_TCG2_H

#include <bootmem/types.h>

#include "uefi.h"

#define TCG2_EVENT_VERSION 1
#define TCG2_EV_IPL        0x0du /* TCG PC Client Platform Firmware Profile, 10.4.1 */

struct tcg2_capability {
	uint8_t size, structure_version[2], protocol_version[2];
	uint32_t hash_algorithms, event_logs;
	uint8_t present; /* whether there is a TPM */
	uint16_t max_command, max_response;
	uint32_t manufacturer, banks, active_banks;
};

/* An event for the log, without the data behind it. */
struct __attribute__((packed)) tcg2_event {
	uint32_t size; /* with the data */
	uint32_t header_size;
	uint16_t header_version;
	uint32_t pcr, type;
};

#define TCG2_EVENT_HEADER_BYTES 14 /* header_size and what follows it */

struct tcg2 {
	EFI_STATUS(EFIAPI *get_capability)(struct tcg2 *this, struct tcg2_capability *capability);
	void *get_event_log;
	EFI_STATUS(EFIAPI *hash_log_extend_event)
	(struct tcg2 *this, uint64_t flags, EFI_PHYSICAL_ADDRESS data, uint64_t bytes,
		struct tcg2_event *event);
	/* and more */
};

_Static_assert(offsetof(struct tcg2_capability, hash_algorithms) == 8, "TCG EFI Protocol, 6.4.2");
_Static_assert(offsetof(struct tcg2_capability, present) == 16, "TCG EFI Protocol, 6.4.2");
_Static_assert(offsetof(struct tcg2_capability, max_command) == 18, "TCG EFI Protocol, 6.4.2");
_Static_assert(sizeof(struct tcg2_capability) == 36, "TCG EFI Protocol, 6.4.2");
_Static_assert(offsetof(struct tcg2_event, header_version) == 8, "TCG EFI Protocol, 6.6.3");
_Static_assert(sizeof(struct tcg2_event) == 4 + TCG2_EVENT_HEADER_BYTES, "TCG EFI Protocol, 6.6.3");
_Static_assert(
	offsetof(struct tcg2, hash_log_extend_event) == 2 * UEFI_PTR, "TCG EFI Protocol, 6.2");

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TPM behind EFI_TCG2_PROTOCOL (measure.h). Called by main.c, config.c and secure.c.
 */
#include "measure.h"

void measure_open(struct measure *m, EFI_BOOT_SERVICES *bs, const struct sink *errors)
{
	static EFI_GUID guid = { 0x607f766c, 0x7455, 0x42be,
		{ 0x93, 0x0b, 0xe4, 0xd7, 0x6d, 0xb2, 0x72, 0x0f } };
	struct tcg2_capability capability = { .size = sizeof(capability) };
	struct tcg2 *tpm;
	void *interface;

	m->tpm = NULL;
	m->failed = false;
	m->errors = errors;
	if (EFI_ERROR(bs->LocateProtocol(&guid, NULL, &interface)))
		return;
	tpm = interface;
	if (!EFI_ERROR(tpm->get_capability(tpm, &capability)) && capability.present)
		m->tpm = tpm;
}

/* The description ends with its NUL, as GRUB's do. */
static void describe(struct measure *m, uint32_t pcr, const char *what, const char *detail)
{
	struct text_buffer text;
	struct sink sink =
		text_buffer_sink(&text, m->event.description, sizeof(m->event.description));

	sink_printf(&sink, detail[0] != '\0' ? "%s: %s" : "%s", what, detail);
	m->event.head = (struct tcg2_event){
		.size = (uint32_t)(sizeof(m->event.head) +
				   min_u64(text.used + 1, sizeof(m->event.description))),
		.header_size = TCG2_EVENT_HEADER_BYTES,
		.header_version = TCG2_EVENT_VERSION,
		.pcr = pcr,
		.type = TCG2_EV_IPL,
	};
}

void measure(struct measure *m, uint32_t pcr, const char *what, const char *detail,
	const void *data, uint64_t bytes)
{
	EFI_STATUS status;

	if (m->tpm == NULL || bytes == 0)
		return;
	describe(m, pcr, what, detail);
	status = m->tpm->hash_log_extend_event(m->tpm, 0, (uintptr_t)data, bytes, &m->event.head);
	/* extended, though the log has no room for it (TCG EFI Protocol, 6.6.5) */
	if (status == EFI_VOLUME_FULL)
		sink_printf(m->errors, "TPM: %s is measured, but the log is full\n", what);
	else if (EFI_ERROR(status)) {
		sink_printf(m->errors, "TPM: %s could not be measured (status 0x%llx)\n", what,
			ULL(status));
		m->failed = true;
	}
}

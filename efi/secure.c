/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking the firmware whether it would start an image (secure.h), by loading it from the bytes that we shall use, and
 * unloading it unstarted. Called by main.c.
 */
#include <bootmem/string.h>
#include <bootmem/trust.h>

#include "file.h"
#include "secure.h"
#include "tables.h"

#define NODE_HEADER_BYTES 4
#define NODE_END          0x7f /* type (UEFI 2.10, 10.3.1) */
#define NODE_MEDIA        4
#define NODE_MEDIA_FILE   4

/* Bytes of the volume's own path that were copied, without its end. */
static size_t put_volume(struct secure *s, size_t room)
{
	static EFI_GUID guid = DEVICE_PATH_PROTOCOL;
	size_t used = 0;
	void *interface;

	if (EFI_ERROR(s->bs->HandleProtocol(s->device, &guid, &interface)))
		return 0;
	for (const uint8_t *node = interface; node[0] != NODE_END;) {
		size_t bytes = node[2] | (size_t)node[3] << 8;

		if (bytes < NODE_HEADER_BYTES || bytes > room - used)
			return 0;
		memcpy(s->path + used, node, bytes);
		used += bytes;
		node += bytes;
	}
	return used;
}

/*
 * The path goes with the image, because firmware may judge by the kind of device it came from, and names it in the TPM's
 * log. A path that is too long loses its volume.
 */
static EFI_DEVICE_PATH *kernel_path(struct secure *s)
{
	static const uint8_t end[] = { NODE_END, 0xff, NODE_HEADER_BYTES, 0 };
	CHAR16 wide[OPTIONS_PATH];
	size_t text = 0, bytes, used;

	file_wide_path(wide, s->input->options.kernel);
	while (wide[text++] != 0)
		;
	bytes = NODE_HEADER_BYTES + text * sizeof(wide[0]);
	used = put_volume(s, sizeof(s->path) - bytes - sizeof(end));
	memcpy(s->path + used,
		(const uint8_t[]){
			NODE_MEDIA, NODE_MEDIA_FILE, (uint8_t)bytes, (uint8_t)(bytes >> 8) },
		NODE_HEADER_BYTES);
	memcpy(s->path + used + NODE_HEADER_BYTES, wide, bytes - NODE_HEADER_BYTES);
	memcpy(s->path + used + bytes, end, sizeof(end));
	return (EFI_DEVICE_PATH *)(void *)s->path;
}

/* With EFI_SECURITY_VIOLATION the image is loaded all the same (UEFI 2.10, 7.4.1). */
static enum trust_answer verify(void *ctx, const void *image, uint64_t bytes)
{
	struct secure *s = ctx;
	EFI_HANDLE handle = NULL;
	EFI_STATUS status = s->bs->LoadImage(
		FALSE, s->image, kernel_path(s), (void *)(uintptr_t)image, (UINTN)bytes, &handle);

	if (!EFI_ERROR(status) || status == EFI_SECURITY_VIOLATION)
		s->bs->UnloadImage(handle);
	if (status == EFI_SECURITY_VIOLATION || status == EFI_ACCESS_DENIED)
		return TRUST_SIGNATURE;
	return EFI_ERROR(status) ? TRUST_NO_ANSWER : TRUST_VERIFIED;
}

static bool measure_start(void *ctx)
{
	struct secure *s = ctx;
	const struct boot_input *in = s->input;
	const char *cmdline = in->options.cmdline;
	size_t length = 0;

	while (cmdline[length] != '\0')
		length++;
	measure(s->tpm, MEASURE_TEXTS, "cmdline", cmdline, cmdline, length);
	measure(s->tpm, MEASURE_FILES, "kernel", in->options.kernel, in->kernel_file,
		in->kernel_file_bytes);
	measure(s->tpm, MEASURE_FILES, "initrd", in->options.initrd,
		(const void *)(uintptr_t)in->initrd_start_phys,
		in->initrd_end_phys - in->initrd_start_phys);
	return !s->tpm->failed;
}

bool secure_allows(struct secure *s, struct boot_input *in, const struct sink *errors)
{
	const struct trust trust = {
		.secure = secure_boot_on(in->secure_boot),
		.options = &in->options,
		.kernel = { in->kernel_file, in->kernel_file_bytes },
		.initrd = { (const void *)(uintptr_t)in->initrd_start_phys,
			in->initrd_end_phys - in->initrd_start_phys },
		.ctx = s,
		.verify = verify,
		.measure = measure_start,
	};

	uint64_t bytes;

	s->input = in;
	if (in->kernel_file == NULL)
		return true;
	if (!trust_allows(&trust, &bytes, errors))
		return false;
	in->kernel_file_bytes = bytes;
	return true;
}

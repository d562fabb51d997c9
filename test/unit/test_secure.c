/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What efi/secure.c and efi/measure.c ask of firmware, against a firmware and a TPM that answer in every way: images are
 * unloaded where the specification says so, and a measurement is what the TCG's specification wants.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../efi/file.c"
#include "../../efi/measure.c"
#include "../../efi/secure.c"

#include "pe_image.h"

#define OUR_IMAGE ((EFI_HANDLE)0x10)
#define VOLUME    ((EFI_HANDLE)0x20)
#define LOADED    ((EFI_HANDLE)0x30)
#define EVENTS    8

struct event {
	uint32_t pcr;
	const void *data;
	uint64_t bytes;
	char description[MEASURE_DETAIL_MAX];
};

static EFI_BOOT_SERVICES services;
static struct boot_input input;
static struct measure chip;
static struct secure asker;
static struct pe_image image;
static char said[2048];
static struct text_buffer said_buffer;
static struct sink errors;

/* how firmware and TPM behave, and what they have seen */
static EFI_STATUS load_status, locate_status, capability_status, extend_status;
static bool present;
static unsigned loads, unloads, event_count;
static struct event events[EVENTS];
static uint8_t seen_path[SECURE_PATH_BYTES];
static uint8_t volume_path[SECURE_PATH_BYTES + 64];

/* --- a firmware ----------------------------------------------------------------------------------------- */

static EFI_STATUS EFIAPI load_image(BOOLEAN policy, EFI_HANDLE parent, EFI_DEVICE_PATH *path,
	VOID *source, UINTN bytes, EFI_HANDLE *handle)
{
	size_t used = 0;
	const uint8_t *node = (const uint8_t *)path;

	assert_false(policy);
	assert_ptr_equal(parent, OUR_IMAGE);
	assert_ptr_equal(source, image.at);
	assert_int_equal(bytes, image.bytes);
	while (node[used] != 0x7f)
		used += node[used + 2] | (size_t)node[used + 3] << 8;
	memcpy(seen_path, node, used + 4);
	loads++;
	if (!EFI_ERROR(load_status) || load_status == EFI_SECURITY_VIOLATION)
		*handle = LOADED;
	return load_status;
}

static EFI_STATUS EFIAPI unload_image(EFI_HANDLE handle)
{
	assert_ptr_equal(handle, LOADED);
	unloads++;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI handle_protocol(EFI_HANDLE handle, EFI_GUID *guid, VOID **interface)
{
	static const EFI_GUID device_path = { 0x09576e91, 0x6d3f, 0x11d2,
		{ 0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b } };

	assert_ptr_equal(handle, VOLUME);
	assert_memory_equal(guid, &device_path, sizeof(device_path));
	*interface = volume_path;
	return volume_path[0] != 0 ? EFI_SUCCESS : EFI_UNSUPPORTED;
}

static EFI_STATUS EFIAPI get_capability(struct tcg2 *this, struct tcg2_capability *capability)
{
	(void)this;
	assert_int_equal(capability->size, 36);
	capability->present = present;
	return capability_status;
}

static EFI_STATUS EFIAPI extend(struct tcg2 *this, uint64_t flags, EFI_PHYSICAL_ADDRESS data,
	uint64_t bytes, struct tcg2_event *event)
{
	const uint8_t *at = (const uint8_t *)event;
	struct event *e = &events[event_count++];

	(void)this;
	assert_in_range(event_count, 1, EVENTS);
	assert_true(flags == 0 && bytes != 0);
	/* byte by byte, as TCG EFI Protocol, 6.6.3 has them: size, 14, version 1, PCR, EV_IPL */
	assert_int_equal(at[0] | at[1] << 8, 18 + strlen((const char *)at + 18) + 1);
	assert_memory_equal(at + 4, "\16\0\0\0\1\0", 6);
	assert_memory_equal(at + 14, "\15\0\0\0", 4);
	*e = (struct event){ .pcr = at[10], .data = (const void *)(uintptr_t)data, .bytes = bytes };
	strcpy(e->description, (const char *)at + 18);
	return extend_status;
}

static struct tcg2 tpm = { .get_capability = get_capability, .hash_log_extend_event = extend };

static EFI_STATUS EFIAPI locate_protocol(EFI_GUID *guid, VOID *registration, VOID **interface)
{
	static const uint8_t tcg2[] = { 0x6c, 0x76, 0x7f, 0x60, 0x55, 0x74, 0xbe, 0x42, 0x93, 0x0b,
		0xe4, 0xd7, 0x6d, 0xb2, 0x72, 0x0f };

	assert_memory_equal(guid, tcg2, sizeof(tcg2));
	assert_null(registration);
	*interface = &tpm;
	return locate_status;
}

/* --- a start --------------------------------------------------------------------------------------------- */

static void put_node(size_t at, uint8_t type, uint16_t bytes)
{
	volume_path[at] = type;
	volume_path[at + 1] = 1;
	volume_path[at + 2] = (uint8_t)bytes;
	volume_path[at + 3] = (uint8_t)(bytes >> 8);
}

static int set_up(void **state)
{
	(void)state;
	memset(&services, 0, sizeof(services));
	services.LoadImage = load_image;
	services.UnloadImage = unload_image;
	services.HandleProtocol = handle_protocol;
	services.LocateProtocol = locate_protocol;
	load_status = locate_status = capability_status = extend_status = EFI_SUCCESS;
	present = true;
	loads = unloads = event_count = 0;
	memset(volume_path, 0, sizeof(volume_path));
	put_node(0, 2, 12);
	put_node(12, 0x7f, 4);
	errors = text_buffer_sink(&said_buffer, said, sizeof(said));
	pe_image_init(&image, true);
	pe_image_sign(&image, 0x58);
	memset(&input, 0, sizeof(input));
	options_defaults(&input.options);
	strcpy(input.options.kernel, "/a/k");
	strcpy(input.options.cmdline, "some words");
	input.kernel_file = image.at;
	input.kernel_file_bytes = image.bytes;
	input.secure_boot = LINUX_SECURE_BOOT_ENABLED;
	measure_open(&chip, &services, &errors);
	asker = (struct secure){
		.bs = &services, .image = OUR_IMAGE, .device = VOLUME, .tpm = &chip
	};
	return 0;
}

static bool allows(void)
{
	return secure_allows(&asker, &input, &errors);
}

/* --- signatures ------------------------------------------------------------------------------------------- */

/* Unloaded again, and cut to what is signed. */
static void accepted(void **state)
{
	(void)state;
	assert_true(allows());
	assert_int_equal(loads, 1);
	assert_int_equal(unloads, 1);
	assert_true(input.kernel_file_bytes == image.bytes - 0x58);
	assert_string_equal(said, "");
}

static void every_refusal(void **state)
{
	static const struct {
		EFI_STATUS status;
		unsigned unloads;
		const char *why;
	} cases[] = {
		{ EFI_SECURITY_VIOLATION, 1, "has no signature" },
		{ EFI_ACCESS_DENIED, 0, "has no signature" },
		{ EFI_UNSUPPORTED, 0, "can't load it" },
		{ EFI_LOAD_ERROR, 0, "can't load it" },
		{ EFI_OUT_OF_RESOURCES, 0, "can't load it" },
		{ EFI_INVALID_PARAMETER, 0, "can't load it" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		set_up(state);
		load_status = cases[i].status;
		assert_false(allows());
		assert_int_equal(unloads, cases[i].unloads);
		assert_non_null(strstr(said, cases[i].why));
		assert_true(input.kernel_file_bytes == image.bytes && event_count == 0);
	}
}

/* Off: nobody is asked. Unknown: as if it were on. */
static void asked_when_it_is_on(void **state)
{
	static const unsigned wanted[] = { [LINUX_SECURE_BOOT_UNSET] = 0,
		[LINUX_SECURE_BOOT_UNKNOWN] = 1,
		[LINUX_SECURE_BOOT_DISABLED] = 0,
		[LINUX_SECURE_BOOT_ENABLED] = 1 };

	for (unsigned i = 0; i < ARRAY_SIZE(wanted); i++) {
		set_up(state);
		input.secure_boot = (enum linux_secure_boot)i;
		load_status = EFI_ACCESS_DENIED;
		assert_int_equal(allows(), !wanted[i]);
		assert_int_equal(loads, wanted[i]);
	}
	set_up(state);
	input.kernel_file = NULL;
	assert_true(allows() && loads == 0 && event_count == 0);
}

/* The volume's path, then the file's, then the end; without the first where it does not fit or makes no sense. */
static void path_of_the_kernel(void **state)
{
	static const uint8_t file[] = { 4, 4, 14, 0, '\\', 0, 'a', 0, '\\', 0, 'k', 0, 0, 0, 0x7f,
		0xff, 4, 0 };
	static const uint16_t odd[] = { 0, 3, SECURE_PATH_BYTES, 0xffff };

	assert_true(allows());
	assert_memory_equal(seen_path, volume_path, 12);
	assert_memory_equal(seen_path + 12, file, sizeof(file));
	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		set_up(state);
		put_node(12, 3, odd[i]);
		assert_true(allows());
		assert_memory_equal(seen_path, file, sizeof(file));
	}
	set_up(state);
	volume_path[0] = 0;
	assert_true(allows());
	assert_memory_equal(seen_path, file, sizeof(file));
	/* the longest of both */
	set_up(state);
	memset(input.options.kernel, 'k', OPTIONS_PATH - 1);
	put_node(12, 3, SECURE_PATH_BYTES - 12 - 2 * OPTIONS_PATH - 8);
	put_node(SECURE_PATH_BYTES - 2 * OPTIONS_PATH - 8, 0x7f, 4);
	assert_true(allows());
	assert_memory_equal(seen_path, volume_path, 12);
	put_node(12, 3, SECURE_PATH_BYTES - 12 - 2 * OPTIONS_PATH - 7);
	put_node(SECURE_PATH_BYTES - 2 * OPTIONS_PATH - 7, 0x7f, 4);
	input.kernel_file_bytes = image.bytes;
	assert_true(allows());
	assert_memory_equal(seen_path, file, 2);
}

/* --- measurements ------------------------------------------------------------------------------------------ */

static void check_event(
	unsigned i, uint32_t pcr, const char *description, const void *data, uint64_t bytes)
{
	assert_int_equal(events[i].pcr, pcr);
	assert_string_equal(events[i].description, description);
	assert_ptr_equal(events[i].data, data);
	assert_true(events[i].bytes == bytes);
}

/* The whole kernel file, with the signature. */
static void what_is_measured(void **state)
{
	static char initrd[100];

	for (int secure = 0; secure < 2; secure++) {
		set_up(state);
		input.secure_boot = secure ? LINUX_SECURE_BOOT_ENABLED : LINUX_SECURE_BOOT_DISABLED;
		strcpy(input.options.initrd, "/i");
		input.initrd_start_phys = (uintptr_t)initrd;
		input.initrd_end_phys = (uintptr_t)initrd + sizeof(initrd);
		assert_true(allows());
		assert_int_equal(event_count, 3);
		check_event(0, 8, "cmdline: some words", input.options.cmdline, 10);
		check_event(1, 9, "kernel: /a/k", image.at, image.bytes);
		check_event(2, 9, "initrd: /i", initrd, sizeof(initrd));
	}
	set_up(state);
	input.options.cmdline[0] = '\0';
	assert_true(allows());
	assert_int_equal(event_count, 1);
	check_event(0, 9, "kernel: /a/k", image.at, image.bytes);
}

/* The longest command line is described in full. */
static void longest_description(void **state)
{
	(void)state;
	memset(input.options.cmdline, 'w', OPTIONS_CMDLINE - 1);
	assert_true(allows());
	assert_int_equal(strlen(events[0].description), strlen("cmdline: ") + OPTIONS_CMDLINE - 1);
	measure(&chip, 8, input.options.cmdline, input.options.cmdline, "x", 1);
	assert_int_equal(strlen(events[2].description), MEASURE_DETAIL_MAX - 1);
}

static void without_a_tpm_nothing_is_measured(void **state)
{
	for (int i = 0; i < 3; i++) {
		set_up(state);
		locate_status = i == 0 ? EFI_NOT_FOUND : EFI_SUCCESS;
		present = i != 1;
		capability_status = i == 2 ? EFI_DEVICE_ERROR : EFI_SUCCESS;
		measure_open(&chip, &services, &errors);
		assert_true(allows());
		assert_int_equal(event_count, 0);
		assert_string_equal(said, "");
	}
}

/* A message, and with Secure Boot the end; also when it was the configuration that could not be measured. */
static void failing_measurements(void **state)
{
	for (int secure = 0; secure < 2; secure++)
		for (int early = 0; early < 2; early++) {
			set_up(state);
			input.secure_boot =
				secure ? LINUX_SECURE_BOOT_ENABLED : LINUX_SECURE_BOOT_DISABLED;
			extend_status = EFI_DEVICE_ERROR;
			measure(&chip, 8, "bootmem.conf", "", "x", 1);
			assert_non_null(
				strstr(said, "TPM: bootmem.conf could not be measured (status 0x"));
			extend_status = early ? EFI_SUCCESS : EFI_DEVICE_ERROR;
			assert_int_equal(allows(), !secure);
			assert_int_equal(
				strstr(said, "TPM: kernel could not be measured") != NULL, !early);
		}
}

/* Extended all the same. */
static void full_log(void **state)
{
	(void)state;
	extend_status = EFI_VOLUME_FULL;
	assert_true(allows());
	assert_non_null(strstr(said, "TPM: kernel is measured, but the log is full\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(accepted, set_up),
		cmocka_unit_test(every_refusal),
		cmocka_unit_test(asked_when_it_is_on),
		cmocka_unit_test_setup(path_of_the_kernel, set_up),
		cmocka_unit_test(what_is_measured),
		cmocka_unit_test_setup(longest_description, set_up),
		cmocka_unit_test(without_a_tpm_nothing_is_measured),
		cmocka_unit_test(failing_measurements),
		cmocka_unit_test_setup(full_log, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A boot manager that starts bootmem in a processor state that no packaged firmware leaves behind. It is
 * \EFI\BOOT\BOOT*.EFI of its stick; \entry.txt names the states, \bootmem.efi is the real application.
 *
 * The states are entered after LoadImage and right before StartImage. They last while the firmware goes on
 * serving bootmem: EDK II's interrupt handlers save and restore CR0, CR3 and CR4, SMM does the same and
 * EFER, and nothing else of it writes them once the drivers run. That is not taken on trust: this program stands in
 * for ExitBootServices, and once the firmware's own has succeeded it prints the registers a second time. What runs
 * next is bootmem's settle stage, then the switch.
 */
#include <bootmem/cpu.h>
#include <bootmem/string.h>

#include "file.h"
#include "log.h"
#include "state.h"
#include "uefi.h"

#define WORDS_LIMIT     256u
#define IMAGE_LIMIT     (8u << 20)
#define FLAG_INTERRUPTS (1ul << 9)
#define HOARD_MAX       4096u
#define CRUMBS          150u
#define HOARD_FIRST     ((UINTN)1 << 20) /* pages of the first request; then half, and so on */

struct word {
	const char *text;
	uint32_t state;
};

static const struct word words[] = {
	{ "la57", STATE_LA57 },
	{ "off", STATE_OFF },
	{ "pae", STATE_PAE },
	{ "two-level", STATE_TWO_LEVEL },
	{ "no-nx", STATE_NO_NX },
	{ "high", STATE_HIGH },
	{ "cr4", STATE_CR4 },
	{ "cr0", STATE_CR0 },
	{ "efer", STATE_EFER },
	{ "pat", STATE_PAT },
	{ "as-is", STATE_AS_IS },
	{ "crumbs", STATE_CRUMBS },
};

struct entry {
	EFI_BOOT_SERVICES *bs;
	EFI_HANDLE self, volume, image;
	uint32_t states;
};

/* Memory below 4 GiB that was taken so that nobody else gets it. */
struct hoard {
	EFI_PHYSICAL_ADDRESS at[HOARD_MAX];
	UINTN pages[HOARD_MAX];
	uint32_t count;
};

static struct log the_log;
static struct hoard the_hoard;
static EFI_EXIT_BOOT_SERVICES firmware_exit;
static CHAR16 words_path[] = L"\\entry.txt";
static CHAR16 image_path[] = L"\\bootmem.efi";
static EFI_GUID loaded_image_guid = LOADED_IMAGE_PROTOCOL;

EFI_STATUS efi_main(EFI_HANDLE handle, EFI_SYSTEM_TABLE *st);

/* --- what is asked for ---------------------------------------------------------------------- */

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r';
}

/* 0: no such word. */
static uint32_t state_of(const char *text, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t at = 0;

		while (at < length && words[i].text[at] != '\0' && words[i].text[at] == text[at])
			at++;
		if (at == length && words[i].text[at] == '\0')
			return words[i].state;
	}
	return 0;
}

static bool parse_words(const struct file *file, uint32_t *states)
{
	size_t end;

	*states = 0;
	for (size_t at = 0; at < file->length; at = end + 1) {
		uint32_t state;

		for (end = at; end < file->length && !is_space(file->text[end]); end++)
			;
		if (end == at)
			continue;
		state = state_of(file->text + at, end - at);
		if (state == 0)
			return false;
		*states |= state;
	}
	return *states != 0;
}

static bool read_words(struct entry *e)
{
	struct file file;
	bool known;

	if (file_read(e->bs, e->volume, words_path, WORDS_LIMIT, &file) != BM_OK)
		return false;
	known = parse_words(&file, &e->states);
	file_free(e->bs, &file);
	return known;
}

/* --- the image ------------------------------------------------------------------------------ */

static void take_low_memory(EFI_BOOT_SERVICES *bs, struct hoard *hoard)
{
	UINTN pages = HOARD_FIRST;

	while (pages > 0 && hoard->count < HOARD_MAX) {
		EFI_PHYSICAL_ADDRESS at = 4 * GIB - 1;

		if (EFI_ERROR(bs->AllocatePages(AllocateMaxAddress, EfiLoaderData, pages, &at))) {
			pages /= 2;
			continue;
		}
		hoard->at[hoard->count] = at;
		hoard->pages[hoard->count++] = pages;
	}
}

static void give_low_memory_back(EFI_BOOT_SERVICES *bs, struct hoard *hoard)
{
	while (hoard->count > 0) {
		hoard->count--;
		bs->FreePages(hoard->at[hoard->count], hoard->pages[hoard->count]);
	}
}

/* The firmware puts an image below 4 GiB as long as there is room. */
static bool load(struct entry *e, const struct file *file)
{
	EFI_STATUS status;

	if ((e->states & STATE_HIGH) != 0)
		take_low_memory(e->bs, &the_hoard);
	status = e->bs->LoadImage(FALSE, e->self, NULL, file->text, file->length, &e->image);
	give_low_memory_back(e->bs, &the_hoard);
	return !EFI_ERROR(status);
}

static EFI_LOADED_IMAGE *loaded_image(const struct entry *e, EFI_HANDLE image)
{
	void *interface;

	if (EFI_ERROR(e->bs->HandleProtocol(image, &loaded_image_guid, &interface)))
		return NULL;
	return interface;
}

/* bootmem finds its configuration by the volume it came from. */
static bool load_bootmem(struct entry *e)
{
	EFI_LOADED_IMAGE *loaded;
	struct file file;

	if (file_read(e->bs, e->volume, image_path, IMAGE_LIMIT, &file) != BM_OK)
		return false;
	loaded = load(e, &file) ? loaded_image(e, e->image) : NULL;
	file_free(e->bs, &file);
	if (loaded == NULL)
		return false;
	loaded->DeviceHandle = e->volume;
	sink_printf(
		&the_log.text, "image at %llx\n", (unsigned long long)(uintptr_t)loaded->ImageBase);
	return true;
}

/* Every second page of a run stays reserved. */
static bool scatter_crumbs(EFI_BOOT_SERVICES *bs)
{
	EFI_PHYSICAL_ADDRESS at = 4 * GIB - 1;
	EFI_STATUS status = bs->AllocatePages(
		AllocateMaxAddress, EfiReservedMemoryType, (UINTN)CRUMBS * 2, &at);

	for (UINTN i = 0; i < CRUMBS && !EFI_ERROR(status); i++)
		status = bs->FreePages(at + pfn_phys(2 * i), 1);
	return !EFI_ERROR(status);
}

/* --- the state ------------------------------------------------------------------------------ */

static EFI_STATUS EFIAPI exit_and_print(EFI_HANDLE image, UINTN key)
{
	EFI_STATUS status = firmware_exit(image, key);

	if (EFI_ERROR(status))
		return status;
	arch_disable_interrupts();
	log_leave_firmware(&the_log);
	state_print(&the_log.text, "after the exit");
	log_flush(&the_log);
	return status;
}

static void stand_in_for_exit(EFI_BOOT_SERVICES *bs)
{
	firmware_exit = bs->ExitBootServices;
	bs->ExitBootServices = exit_and_print;
	bs->Hdr.CRC32 = 0;
	bs->CalculateCrc32(bs, bs->Hdr.HeaderSize, &bs->Hdr.CRC32);
}

/* Interrupts are on afterwards if they were before: not every firmware uses them. */
static bool enter_uninterrupted(uint32_t states, void *tables)
{
	unsigned long flags;
	bool entered;

	__asm__ volatile("pushf; pop %0; cli" : "=r"(flags) : : "memory");
	entered = state_enter(states, tables);
	if ((flags & FLAG_INTERRUPTS) != 0)
		__asm__ volatile("sti" : : : "memory");
	return entered;
}

static bool enter(const struct entry *e)
{
	EFI_PHYSICAL_ADDRESS tables = 4 * GIB - 1;

	if (EFI_ERROR(e->bs->AllocatePages(
		    AllocateMaxAddress, EfiBootServicesData, STATE_TABLE_PAGES, &tables)))
		return false;
	memset((void *)(uintptr_t)tables, 0, (size_t)pfn_phys(STATE_TABLE_PAGES));
	return enter_uninterrupted(
		e->states & ~(STATE_HIGH | STATE_AS_IS | STATE_CRUMBS), (void *)(uintptr_t)tables);
}

/* --- all together --------------------------------------------------------------------------- */

static EFI_STATUS fail(const char *what)
{
	sink_printf(&the_log.text, "entry: %s\n", what);
	return EFI_ABORTED;
}

static bool init(struct entry *e, EFI_HANDLE handle, EFI_SYSTEM_TABLE *st)
{
	EFI_LOADED_IMAGE *self;

	log_init(&the_log, st);
	the_log.at.port = SERIAL_COM1;
	*e = (struct entry){ .bs = st->BootServices, .self = handle };
	self = loaded_image(e, handle);
	if (self != NULL)
		e->volume = self->DeviceHandle;
	return self != NULL;
}

EFI_STATUS efi_main(EFI_HANDLE handle, EFI_SYSTEM_TABLE *st)
{
	struct entry e;

	if (!init(&e, handle, st))
		return fail("the firmware does not say where this program is from");
	if (!read_words(&e))
		return fail("entry.txt is missing or names no state");
	if (!load_bootmem(&e))
		return fail("bootmem.efi can't be loaded");
	if ((e.states & STATE_CRUMBS) != 0 && !scatter_crumbs(e.bs))
		return fail("the firmware does not take single pages back");
	stand_in_for_exit(e.bs);
	if (!enter(&e))
		return fail("this processor has no such state");
	state_print(&the_log.text, "before the start");
	e.bs->StartImage(e.image, NULL, NULL);
	return fail("bootmem.efi returned");
}

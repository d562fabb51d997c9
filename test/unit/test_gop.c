/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of the firmware's graphics outputs the screen is taken from, and what is understood of its mode: efi/gop.c
 * between outputs made up here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/types.h>

#include "../../efi/gop.c"

#define OUTPUTS 4
#define CONSOLE (OUTPUTS) /* the handle after the outputs' */

static struct {
	EFI_GRAPHICS_OUTPUT_PROTOCOL gop[OUTPUTS + 1];
	EFI_GRAPHICS_OUTPUT_PROTOCOL_MODE mode[OUTPUTS + 1];
	EFI_GRAPHICS_OUTPUT_MODE_INFORMATION info[OUTPUTS + 1];
	bool present[OUTPUTS + 1];
	EFI_HANDLE list[OUTPUTS];
	unsigned lists, frees;
	bool no_pool;
} fw;

static EFI_BOOT_SERVICES services;
static EFI_SYSTEM_TABLE table;

static EFI_HANDLE handle_of(unsigned i)
{
	return &fw.gop[i];
}

static EFI_STATUS EFIAPI handle_protocol(EFI_HANDLE handle, EFI_GUID *guid, void **interface)
{
	unsigned i = (unsigned)((EFI_GRAPHICS_OUTPUT_PROTOCOL *)handle - fw.gop);

	assert_memory_equal(guid, &gop_guid, sizeof(*guid));
	if (handle == NULL)
		return EFI_INVALID_PARAMETER;
	assert_true(i <= OUTPUTS);
	if (!fw.present[i])
		return EFI_UNSUPPORTED;
	*interface = &fw.gop[i];
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI locate_handle_buffer(
	EFI_LOCATE_SEARCH_TYPE how, EFI_GUID *guid, void *key, UINTN *count, EFI_HANDLE **handles)
{
	assert_int_equal(how, ByProtocol);
	assert_memory_equal(guid, &gop_guid, sizeof(*guid));
	assert_null(key);
	if (fw.no_pool)
		return EFI_OUT_OF_RESOURCES;
	*count = 0;
	for (unsigned i = 0; i < OUTPUTS; i++)
		if (fw.present[i])
			fw.list[(*count)++] = handle_of(i);
	if (*count == 0)
		return EFI_NOT_FOUND;
	*handles = fw.list;
	fw.lists++;
	return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI free_pool(void *pool)
{
	assert_ptr_equal(pool, fw.list);
	fw.frees++;
	return EFI_SUCCESS;
}

static int set_up(void **state)
{
	(void)state;
	memset(&fw, 0, sizeof(fw));
	services.HandleProtocol = handle_protocol;
	services.LocateHandleBuffer = locate_handle_buffer;
	services.FreePool = free_pool;
	table.BootServices = &services;
	table.ConsoleOutHandle = handle_of(CONSOLE);
	return 0;
}

/* An output of 800 by 600, its lines padded to 832 pixels. */
static void add(unsigned i, EFI_GRAPHICS_PIXEL_FORMAT format, EFI_PHYSICAL_ADDRESS base)
{
	fw.present[i] = true;
	fw.gop[i].Mode = &fw.mode[i];
	fw.mode[i].Info = &fw.info[i];
	fw.mode[i].FrameBufferBase = base;
	fw.mode[i].FrameBufferSize = 832 * 600 * 4;
	fw.info[i].HorizontalResolution = 800;
	fw.info[i].VerticalResolution = 600;
	fw.info[i].PixelsPerScanLine = 832;
	fw.info[i].PixelFormat = format;
}

static uint64_t found(void)
{
	struct framebuffer fb = gop_framebuffer(&table);

	assert_int_equal(fw.lists, fw.frees);
	assert_int_equal(fb.bytes == 0, fb.start_phys == 0);
	return fb.start_phys;
}

/* --- which ------------------------------------------------------------------------------------------ */

static void no_output_is_no_screen(void **state)
{
	(void)state;
	assert_int_equal(found(), 0);
	table.ConsoleOutHandle = NULL;
	assert_int_equal(found(), 0);
	fw.no_pool = true;
	add(1, PixelBlueGreenRedReserved8BitPerColor, 0x80000000);
	assert_int_equal(found(), 0);
}

static void the_console_s_own_comes_first(void **state)
{
	(void)state;
	add(0, PixelBlueGreenRedReserved8BitPerColor, 0x80000000);
	add(CONSOLE, PixelBlueGreenRedReserved8BitPerColor, 0x90000000);
	assert_int_equal(found(), 0x90000000);
}

/* Q59: the console stands for several outputs, and has no memory of its own. */
static void a_console_without_memory_leaves_it_to_the_others(void **state)
{
	(void)state;
	add(CONSOLE, PixelBltOnly, 0);
	add(0, PixelBltOnly, 0x80000000);
	add(1, PixelRedGreenBlueReserved8BitPerColor, 0);
	add(3, PixelRedGreenBlueReserved8BitPerColor, UINT64_C(0x4000000000));
	assert_int_equal(found(), UINT64_C(0x4000000000));
	assert_int_equal(fw.frees, 1);
}

static void outputs_that_can_only_be_blitted_to_are_none(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= OUTPUTS; i++)
		add(i, PixelBltOnly, 0x80000000);
	assert_int_equal(found(), 0);
	assert_int_equal(fw.frees, 1);
}

/* Q60 */
static void an_output_without_a_mode_is_passed_over(void **state)
{
	(void)state;
	add(0, PixelBlueGreenRedReserved8BitPerColor, 0x80000000);
	add(1, PixelBlueGreenRedReserved8BitPerColor, 0x90000000);
	add(2, PixelBlueGreenRedReserved8BitPerColor, 0xa0000000);
	fw.gop[0].Mode = NULL;
	fw.mode[1].Info = NULL;
	assert_int_equal(found(), 0xa0000000);
}

/* --- what is understood of it ----------------------------------------------------------------------- */

static struct handoff_framebuffer screen_of(
	EFI_GRAPHICS_PIXEL_FORMAT format, EFI_PIXEL_BITMASK mask)
{
	add(0, format, 0x80000000);
	fw.info[0].PixelInformation = mask;
	return gop_framebuffer(&table).screen;
}

static void assert_format(const struct handoff_framebuffer *s, uint32_t bits, uint32_t red,
	uint32_t green, uint32_t blue)
{
	assert_int_equal(s->width, 800);
	assert_int_equal(s->height, 600);
	assert_int_equal(s->bits_per_pixel, bits);
	assert_int_equal(s->pitch, 832 * bits / 8);
	assert_int_equal(s->red_mask, red);
	assert_int_equal(s->green_mask, green);
	assert_int_equal(s->blue_mask, blue);
}

static void formats_of_32_bits(void **state)
{
	/* left over from another mode, of no meaning */
	const EFI_PIXEL_BITMASK rubbish = { 1, 2, 4, 8 };
	struct handoff_framebuffer s;

	(void)state;
	s = screen_of(PixelBlueGreenRedReserved8BitPerColor, rubbish);
	assert_format(&s, 32, 0xff0000, 0x00ff00, 0x0000ff);
	s = screen_of(PixelRedGreenBlueReserved8BitPerColor, rubbish);
	assert_format(&s, 32, 0x0000ff, 0x00ff00, 0xff0000);
}

static void masks_give_the_depth(void **state)
{
	struct handoff_framebuffer s;

	(void)state;
	s = screen_of(PixelBitMask, (EFI_PIXEL_BITMASK){ 0xf800, 0x07e0, 0x001f, 0 });
	assert_format(&s, 16, 0xf800, 0x07e0, 0x001f);
	s = screen_of(PixelBitMask, (EFI_PIXEL_BITMASK){ 0x7c00, 0x03e0, 0x001f, 0x8000 });
	assert_format(&s, 16, 0x7c00, 0x03e0, 0x001f);
	s = screen_of(PixelBitMask, (EFI_PIXEL_BITMASK){ 0xff0000, 0x00ff00, 0x0000ff, 0 });
	assert_format(&s, 24, 0xff0000, 0x00ff00, 0x0000ff);
	s = screen_of(PixelBitMask,
		(EFI_PIXEL_BITMASK){ 0x3ff00000, 0x000ffc00, 0x000003ff, 0xc0000000 });
	assert_format(&s, 32, 0x3ff00000, 0x000ffc00, 0x000003ff);
	s = screen_of(PixelBitMask, (EFI_PIXEL_BITMASK){ 0, 0, 0, 0 });
	assert_format(&s, 0, 0, 0, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(no_output_is_no_screen, set_up),
		cmocka_unit_test_setup(the_console_s_own_comes_first, set_up),
		cmocka_unit_test_setup(a_console_without_memory_leaves_it_to_the_others, set_up),
		cmocka_unit_test_setup(outputs_that_can_only_be_blitted_to_are_none, set_up),
		cmocka_unit_test_setup(an_output_without_a_mode_is_passed_over, set_up),
		cmocka_unit_test_setup(formats_of_32_bits, set_up),
		cmocka_unit_test_setup(masks_give_the_depth, set_up),
	};

	return cmocka_run_group_tests_name("gop", tests, NULL, NULL);
}

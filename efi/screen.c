/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The screen after the exit (screen.h). Invariant: nothing is drawn unless s->on. Called by main.c and through the sinks of
 * log.c; an exception may come in the middle of it.
 */
#include "screen.h"

#include <bootmem/overview.h>
#include <bootmem/report.h>
#include <bootmem/string.h>

#include "fonts.h"
#include "keyboard.h"

/* In polls of the keyboard, about a microsecond each. */
#define OVERVIEW_POLLS 20000000u
#define PAGE_POLLS     10000000u
#define IDLE_POLLS     600000000u

/* --- the bar below ------------------------------------------------------------------------------ */

static uint32_t bar_height(const struct screen *s)
{
	struct face face = overview_face(&s->canvas);

	return face_height(&face) + face_height(&face) / 2;
}

static void clear_bar(struct screen *s)
{
	struct face face = overview_face(&s->canvas);
	uint32_t height = bar_height(s), left = overview_margin(&s->canvas);
	uint32_t top = s->canvas.height > height ? s->canvas.height - height : 0;

	canvas_fill(&s->canvas, 0, top, s->canvas.width, height, COLOUR_BAR);
	s->bar = (struct pen){ &s->canvas, face, left, s->canvas.width, left,
		top + face_height(&face) / 4, COLOUR_DIM, COLOUR_BAR };
	s->ended = false;
}

/* One message at a time. */
static void put_in_bar(struct screen *s, const char *text, size_t length)
{
	struct sink sink = pen_sink(&s->bar);

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '\n') {
			s->ended = true;
			continue;
		}
		if (s->ended)
			clear_bar(s);
		sink.write(sink.ctx, &text[i], 1);
	}
}

/* --- text ------------------------------------------------------------------------------------------- */

static void write_screen(void *ctx, const char *text, size_t length)
{
	struct screen *s = ctx;
	struct sink sink = terminal_sink(&s->terminal);

	if (!s->on)
		return;
	if (s->overview)
		put_in_bar(s, text, length);
	else
		sink.write(sink.ctx, text, length);
}

static void lay_out_terminal(struct screen *s, struct face face, uint32_t top, uint32_t bottom)
{
	terminal_init(&s->terminal, &s->canvas, &face, top, bottom);
	s->terminal.ink = COLOUR_INK;
	s->terminal.heading = COLOUR_HEADING;
	s->terminal.paper = COLOUR_PAPER;
}

void screen_init(struct screen *s, const struct handoff_framebuffer *format, uint64_t bytes)
{
	*s = (struct screen){ .format = *format, .bytes = bytes, .text = { write_screen, s } };
}

void screen_at(struct screen *s, uint64_t address)
{
	uint8_t *pixels = (uint8_t *)(uintptr_t)address;

	if (address == 0 || s->bytes == 0)
		s->on = false;
	else if (s->on)
		s->canvas.pixels = pixels;
	else
		s->on = canvas_init(&s->canvas, &the_fonts, pixels, s->bytes, &s->format) == BM_OK;
}

void screen_clear(struct screen *s, const char *title, uint32_t rgb)
{
	struct face face;
	struct pen pen;
	struct sink sink = pen_sink(&pen);
	uint32_t height;

	if (!s->on)
		return;
	s->overview = s->pages = false;
	face = overview_face(&s->canvas);
	height = face_height(&face);
	canvas_fill(&s->canvas, 0, 0, s->canvas.width, 2 * height, COLOUR_BAR);
	canvas_fill(&s->canvas, 0, 2 * height, s->canvas.width, s->canvas.height, COLOUR_PAPER);
	pen = (struct pen){ &s->canvas, face, 0, s->canvas.width, overview_margin(&s->canvas),
		height / 2, rgb, COLOUR_BAR };
	sink_puts(&sink, title);
	lay_out_terminal(s, face, 2 * height + height / 2, 0);
}

/* --- the report ------------------------------------------------------------------------------------- */

void screen_overview(struct screen *s, const struct boot *b)
{
	if (!s->on)
		return;
	overview_draw(&s->canvas, b, bar_height(s));
	clear_bar(s);
	s->overview = true;
}

void screen_keep_report(struct screen *s, const struct boot *b)
{
	memcpy(s->cycles, b->cycles, sizeof(s->cycles));
	s->pages = s->on;
}

/* Page 0 is the overview; the text's pages follow. Returns how many there are in all. */
static uint32_t show_page(struct screen *s, struct boot *b, uint32_t page)
{
	struct sink text = terminal_sink(&s->terminal);
	struct sink bar = pen_sink(&s->bar);
	uint32_t pages, top = face_height(&s->bar.face) / 2;

	memcpy(b->cycles, s->cycles, sizeof(s->cycles));
	lay_out_terminal(s, terminal_face(&s->canvas), top, bar_height(s) + top);
	if (page == 0)
		screen_overview(s, b);
	else
		canvas_fill(&s->canvas, 0, 0, s->canvas.width, s->canvas.height, COLOUR_PAPER);
	clear_bar(s);
	s->terminal.page = page != 0 ? page - 1 : TERMINAL_NO_PAGE;
	report_text(b, REPORT_BOOTED, &text);
	pages = terminal_pages(&s->terminal) + 1;
	sink_printf(&bar, "page %u of %u   any key: next   arrows: back, next   Esc: first",
		page + 1, pages);
	return pages;
}

/* The next key, or what time alone brings. */
static enum key wait_for_key(uint32_t polls, uint32_t *idle)
{
	for (; polls != 0; polls--) {
		enum key key = keyboard_poll();

		if (key != KEY_NONE) {
			*idle = 0;
			return key;
		}
		++*idle;
	}
	return KEY_NONE;
}

void screen_browse(struct screen *s, struct boot *b, const char *end)
{
	uint32_t page = 0, shown = 0, idle = 0, pages;
	bool turns = true; /* by itself, until somebody turned a page */

	if (!s->on || !s->pages)
		return;
	pages = show_page(s, b, page);
	while (idle < IDLE_POLLS) {
		enum key key = wait_for_key(page == 0 ? OVERVIEW_POLLS : PAGE_POLLS, &idle);

		turns = turns && key == KEY_NONE;
		if (key == KEY_FIRST)
			page = 0;
		else if (key == KEY_BACK)
			page = (page + pages - 1) % pages;
		else if (key == KEY_NEXT || turns)
			page = (page + 1) % pages;
		if (page != shown)
			pages = show_page(s, b, page);
		shown = page;
	}
	screen_overview(s, b);
	sink_puts(&s->text, end);
}

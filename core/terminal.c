/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text in columns and pages (terminal.h). Invariant: at_line < lines, at_column < columns, so each
 * character has a place. Called by the front end.
 */
#include <bootmem/terminal.h>

#define MOST_LINES 68 /* on one page, so that a large screen gets large letters */
#define MOST_GAP   3  /* characters between two columns */
#define EVERY_PAGE UINT32_MAX

/* Full lines where the canvas is wide enough, and columns of them side by side; the rest is space around them. */
static void lay_out_columns(struct terminal *t)
{
	uint32_t width = face_width(&t->face), canvas_width = t->canvas->width, column, space;

	t->characters = (uint32_t)min_u64(TERMINAL_COLUMNS, max_u64(canvas_width / width, 1));
	column = t->characters * width;
	t->columns = (uint32_t)max_u64(canvas_width / column, 1);
	space = canvas_width > t->columns * column ? canvas_width - t->columns * column : 0;
	t->gap = (uint32_t)min_u64(space / (t->columns + 1), MOST_GAP * width);
}

struct face terminal_face(const struct canvas *canvas)
{
	return face_smallest(canvas, TERMINAL_COLUMNS, MOST_LINES);
}

void terminal_init(struct terminal *t, const struct canvas *canvas, const struct face *face,
	uint32_t top, uint32_t bottom)
{
	uint32_t height = canvas->height > top + bottom ? canvas->height - top - bottom : 0;

	*t = (struct terminal){ .canvas = canvas, .face = *face, .top = top, .page = EVERY_PAGE };
	lay_out_columns(t);
	t->lines = (uint32_t)max_u64(height / face_height(&t->face), 1);
}

void terminal_clear(struct terminal *t)
{
	canvas_fill(
		t->canvas, 0, t->top, t->canvas->width, t->lines * face_height(&t->face), t->paper);
	t->at_column = t->at_line = t->at_character = 0;
}

uint32_t terminal_pages(const struct terminal *t)
{
	bool empty = t->at_column == 0 && t->at_line == 0 && t->at_character == 0;

	return t->at_page + (empty ? 0 : 1);
}

/* What begins a page when it is full; a full page that nothing follows stays. */
static void next_page(struct terminal *t)
{
	t->at_column = 0;
	t->at_page++;
	if (t->page == EVERY_PAGE)
		terminal_clear(t);
}

static void next_line(struct terminal *t)
{
	t->at_character = 0;
	if (++t->at_line < t->lines)
		return;
	t->at_line = 0;
	t->at_column++;
}

/* Headings and the verdict begin a line with a capital; tables are indented, progress is in small letters. */
static uint32_t ink_for(struct terminal *t, char ch)
{
	if (t->at_character == 0)
		t->in_heading = ch >= 'A' && ch <= 'Z';
	return t->in_heading ? t->heading : t->ink;
}

static void draw(struct terminal *t, char ch)
{
	uint32_t width = face_width(&t->face);
	uint32_t x = t->gap + t->at_column * (t->characters * width + t->gap);

	canvas_glyph(t->canvas, &t->face, x + t->at_character * width,
		t->top + t->at_line * face_height(&t->face), ch, ink_for(t, ch), t->paper);
}

static void put(struct terminal *t, char ch)
{
	if (t->at_column == t->columns)
		next_page(t);
	if (ch == '\n') {
		next_line(t);
		return;
	}
	if (t->at_character == t->characters)
		next_line(t);
	if (t->at_column == t->columns)
		next_page(t);
	if (t->page == EVERY_PAGE || t->page == t->at_page)
		draw(t, ch);
	t->at_character++;
}

static void write_terminal(void *ctx, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		put(ctx, text[i]);
}

struct sink terminal_sink(struct terminal *t)
{
	return (struct sink){ write_terminal, t };
}

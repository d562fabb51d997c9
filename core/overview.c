/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The overview (overview.h): a bar with the verdict, the strip, then zones, memory and findings beside the owners.
 * Invariant: what a column has no room for is counted in its last line. Called by the front end.
 */
#include <bootmem/overview.h>
#include <bootmem/report.h>

#include "strip.h"

#define COLUMNS      78 /* at least; see face_largest */
#define LINES        29
#define LEFT_WIDTH   39 /* characters of the left column */
#define MEMORY_LINES 5
#define FINDINGS_LEAST                                                                             \
	3 /* lines of findings that are shown however many zones there are: one, and "... more" */
#define FINDINGS_INDENT 5 /* characters: the quirk's number */
#define COLOUR_ON_BADGE 0x11171eu

struct sheet {
	const struct canvas *canvas;
	const struct boot *boot;
	struct face face;
	struct report_totals totals;
	uint32_t width, height; /* of a character */
	uint32_t left, right;   /* text is between these */
	uint32_t bottom;        /* nothing from here on */
};

/* Lines one below the other, as many as there is room for. */
struct column {
	struct pen pen;
	uint32_t bottom;
};

/* --- pieces ------------------------------------------------------------------------------------ */

static struct pen pen_at(
	const struct sheet *s, uint32_t x, uint32_t y, uint32_t ink, uint32_t paper)
{
	return (struct pen){ s->canvas, s->face, x, s->right, x, y, ink, paper };
}

static uint32_t lines_left(const struct column *c)
{
	uint32_t height = face_height(&c->pen.face);

	return c->pen.y >= c->bottom ? 0 : (c->bottom - c->pen.y) / height;
}

BM_PRINTF(3, 4)
static void put_line(struct column *c, uint32_t ink, const char *format, ...)
{
	struct sink sink = pen_sink(&c->pen);
	va_list args;

	if (lines_left(c) == 0)
		return;
	c->pen.ink = ink;
	va_start(args, format);
	sink_vprintf(&sink, format, args);
	va_end(args);
	sink_puts(&sink, "\n");
}

/* How many of count lines to show: all, or one less than there is room for, with a line about the others. */
static uint32_t lines_shown(const struct column *c, uint32_t count)
{
	uint32_t room = lines_left(c);

	return count <= room ? count : room != 0 ? room - 1 : 0;
}

static void put_rest(struct column *c, uint32_t shown, uint32_t count)
{
	if (shown < count)
		put_line(c, COLOUR_DIM, "... %u more", count - shown);
}

static void put_gap(struct column *c)
{
	c->pen.y += face_height(&c->pen.face) / 2;
}

/* --- title ----------------------------------------------------------------------------------------- */

static bool is_good(const struct sheet *s)
{
	return s->totals.present_pages == s->totals.free_pages + s->totals.reserved_pages &&
	       s->boot->selftest.balanced;
}

static void put_badge(const struct sheet *s, uint32_t bar_height)
{
	const char *text = is_good(s) ? "READY" : "NOT READY";
	uint32_t colour = is_good(s) ? COLOUR_GOOD : COLOUR_BAD;
	uint32_t width = text_width(&s->face, text) + 2 * s->width,
		 height = s->height + s->height / 4;
	uint32_t x = s->right > width ? s->right - width : 0, y = (bar_height - height) / 2;
	struct pen pen = pen_at(s, x + s->width, y + s->height / 8, COLOUR_ON_BADGE, colour);
	struct sink sink = pen_sink(&pen);

	canvas_fill(s->canvas, x, y, width, height, colour);
	sink_puts(&sink, text);
}

static uint32_t put_title(const struct sheet *s)
{
	uint32_t bar_height = 2 * s->height;
	struct pen pen = pen_at(s, s->left, s->height / 2, COLOUR_HEADING, COLOUR_BAR);
	struct sink sink = pen_sink(&pen);

	canvas_fill(s->canvas, 0, 0, s->canvas->width, bar_height, COLOUR_BAR);
	sink_printf(&sink, "bootmem %s", ARCH_NAME);
	pen.ink = COLOUR_DIM;
	sink_printf(&sink, "   %.32s",
		s->boot->input.firmware_vendor[0] != '\0' ? s->boot->input.firmware_vendor
							  : "firmware without a name");
	put_badge(s, bar_height);
	return bar_height;
}

static uint32_t put_summary(const struct sheet *s, uint32_t y)
{
	char free[SIZE_TEXT_MAX], present[SIZE_TEXT_MAX];
	struct pen pen = pen_at(s, s->left, y, COLOUR_INK, COLOUR_PAPER);
	struct sink sink = pen_sink(&pen);

	sink_printf(&sink, "%s of %s free", format_size(free, s->totals.free_pages << PAGE_SHIFT),
		format_size(present, s->totals.present_pages << PAGE_SHIFT));
	pen.ink = COLOUR_DIM;
	sink_puts(&sink, is_good(s) ? "   every page is free or has an owner"
				    : "   the counts do not agree");
	return y + s->height;
}

/* --- the left column --------------------------------------------------------------------------------- */

static void put_zone(struct column *c, uint32_t index, const struct zone *zone)
{
	char present[SIZE_TEXT_MAX], free[SIZE_TEXT_MAX];

	put_line(c, COLOUR_INK, "%-8s %4u %11s %11s", zone_name(index), zone->nid,
		format_size(present, zone->present_pages << PAGE_SHIFT),
		format_size(free, zone->free_pages << PAGE_SHIFT));
}

/* With several nodes most zones are empty. */
static bool worth_a_line(const struct mm *mm, const struct zone *zone)
{
	return mm->nodes == 1 || zone->present_pages != 0;
}

/* The zones leave room for what is below them. */
static void put_zones(struct column *c, struct mm *mm)
{
	uint32_t count = 0, shown, done = 0;

	for (uint32_t i = 0; i < mm->nodes * ARCH_NR_ZONES; i++)
		count += worth_a_line(mm, mm_zone(mm, i));
	put_line(c, COLOUR_HEADING, "ZONES");
	put_line(c, COLOUR_DIM, "%-8s %4s %11s %11s", "", "node", "present", "free");
	shown = lines_shown(c, count);
	for (uint32_t i = 0; done < shown; i++) {
		if (!worth_a_line(mm, mm_zone(mm, i)))
			continue;
		put_zone(c, i % ARCH_NR_ZONES, mm_zone(mm, i));
		done++;
	}
	put_rest(c, shown, count);
}

static void put_amount(struct column *c, const char *what, uint64_t pages)
{
	char size[SIZE_TEXT_MAX];

	put_line(c, COLOUR_INK, "%-12s %13llu %11s", what, ULL(pages),
		format_size(size, pages << PAGE_SHIFT));
}

static void put_memory(struct column *c, const struct report_totals *t)
{
	put_line(c, COLOUR_HEADING, "MEMORY");
	put_line(c, COLOUR_DIM, "%-12s %13s %11s", "", "pages", "size");
	put_amount(c, "  free", t->free_pages);
	put_amount(c, "+ reserved", t->reserved_pages);
	put_amount(c, "= present", t->present_pages);
}

/* Characters of a text that go on a line of so many: whole words, if there is one that fits. */
static size_t line_length(const char *text, size_t room)
{
	size_t length = 0, word_end = 0;

	for (; length < room && text[length] != '\0'; length++)
		if (text[length] == ' ')
			word_end = length;
	return text[length] == '\0' || text[length] == ' ' || word_end == 0 ? length : word_end;
}

/* What follows a line of a text. */
static const char *next_line(const char *text, size_t length)
{
	return text[length] == ' ' ? text + length + 1 : text + length;
}

/* Characters of a finding's text on one line. */
static size_t finding_room(const struct column *c)
{
	uint32_t columns = (c->pen.end_x - c->pen.left) / face_width(&c->pen.face);

	return columns > FINDINGS_INDENT ? columns - FINDINGS_INDENT : 1;
}

static uint32_t finding_lines(const struct column *c, enum finding_id id)
{
	const char *text = finding_text(id);
	uint32_t lines = 0;

	for (; *text != '\0'; lines++)
		text = next_line(text, line_length(text, finding_room(c)));
	return lines;
}

static uint32_t findings_lines(const struct column *c, const struct findings *f)
{
	uint32_t lines = 0;

	for (unsigned id = 0; id < FINDING_COUNT; id++)
		if (f->of[id].count != 0)
			lines += finding_lines(c, id);
	return lines;
}

static void put_finding(struct column *c, enum finding_id id)
{
	const char *text = finding_text(id), *quirk = finding_quirk(id);

	while (*text != '\0') {
		size_t length = line_length(text, finding_room(c));

		put_line(c, COLOUR_INK, "%-4s %.*s", quirk, (int)length, text);
		text = next_line(text, length);
		quirk = "";
	}
}

/* A finding goes on below where its line is full, and is shown as a whole or not at all: half of one may say the opposite. */
static void put_findings(struct column *c, const struct findings *f)
{
	uint32_t count = findings_kinds(f), shown = 0, used = 0, room;

	put_line(c, COLOUR_HEADING, "FINDINGS");
	if (count == 0)
		put_line(c, COLOUR_INK, "none");
	room = lines_shown(c, findings_lines(c, f));
	for (unsigned id = 0; id < FINDING_COUNT; id++) {
		if (f->of[id].count == 0)
			continue;
		if (used + finding_lines(c, id) > room)
			break;
		put_finding(c, id);
		used += finding_lines(c, id);
		shown++;
	}
	put_rest(c, shown, count);
}

/* --- the right column -------------------------------------------------------------------------------- */

static void put_owner(struct column *c, enum owner owner, uint64_t pages)
{
	char size[SIZE_TEXT_MAX];

	put_line(c, COLOUR_INK, "%-22s %11s", owner_name(owner),
		format_size(size, pages << PAGE_SHIFT));
}

static void put_owners(struct column *c, const struct boot *b, uint64_t reserved_pages)
{
	uint32_t count = 0, shown, done = 0;
	char size[SIZE_TEXT_MAX];

	for (unsigned owner = 0; owner < OWNER_COUNT; owner++)
		count += boot_owner_pages(b, owner) != 0;
	put_line(c, COLOUR_HEADING, "OWNERS of the reserved pages");
	put_line(c, COLOUR_DIM, "%-22s %11s", "together",
		format_size(size, reserved_pages << PAGE_SHIFT));
	shown = lines_shown(c, count);
	for (unsigned owner = 0; done < shown; owner++) {
		if (boot_owner_pages(b, owner) == 0)
			continue;
		put_owner(c, owner, boot_owner_pages(b, owner));
		done++;
	}
	put_rest(c, shown, count);
}

/* --- the page ------------------------------------------------------------------------------------------ */

/* Pixels from the zones' end on that memory and findings need at least. */
static uint32_t below_zones(const struct column *c, const struct findings *f)
{
	uint32_t findings = (uint32_t)min_u64(max_u64(findings_lines(c, f), 1), FINDINGS_LEAST);
	uint32_t gaps = 1; /* two halves */

	return (MEMORY_LINES + 1 + findings + gaps) * face_height(&c->pen.face);
}

static void put_columns(const struct sheet *s, uint32_t y)
{
	uint32_t across = (s->right - s->left) / s->width, gap = 2 * s->width;
	uint32_t wider = across > COLUMNS ? (across - COLUMNS) / 2
					  : 0; /* an even share of what is more than enough */
	uint32_t right = s->left + (LEFT_WIDTH + wider) * s->width, below;
	struct column left_column, right_column;

	left_column = (struct column){ pen_at(s, s->left, y, COLOUR_INK, COLOUR_PAPER), s->bottom };
	right_column =
		(struct column){ pen_at(s, right + gap, y, COLOUR_INK, COLOUR_PAPER), s->bottom };
	left_column.pen.end_x = (uint32_t)min_u64(right, s->right);
	below = below_zones(&left_column, &s->boot->findings);
	left_column.bottom = s->bottom > below ? s->bottom - below : 0;
	put_zones(&left_column, s->boot->mm);
	left_column.bottom = s->bottom;
	put_gap(&left_column);
	put_memory(&left_column, &s->totals);
	put_gap(&left_column);
	put_findings(&left_column, &s->boot->findings);
	put_owners(&right_column, s->boot, s->totals.reserved_pages);
}

struct face overview_face(const struct canvas *canvas)
{
	return face_largest(canvas, COLUMNS + 2, LINES + 1);
}

uint32_t overview_margin(const struct canvas *canvas)
{
	struct face face = overview_face(canvas);
	uint32_t width = face_width(&face);

	return canvas->width >= (COLUMNS + 6) * width ? 3 * width : width;
}

void overview_draw(const struct canvas *canvas, const struct boot *b, uint32_t bottom)
{
	struct sheet s = { .canvas = canvas, .boot = b, .face = overview_face(canvas) };
	uint32_t y;

	s.width = face_width(&s.face);
	s.height = face_height(&s.face);
	s.left = (uint32_t)min_u64(overview_margin(canvas), canvas->width);
	s.right = canvas->width - s.left > s.left ? canvas->width - s.left : s.left;
	s.bottom = canvas->height > bottom ? canvas->height - bottom : 0;
	report_totals(b, REPORT_BOOTED, &s.totals);
	canvas_fill(canvas, 0, 0, canvas->width, s.bottom, COLOUR_PAPER);
	y = put_title(&s) + s.height / 2;
	y = put_summary(&s, y) + s.height / 2;
	y = strip_draw(canvas, b, &s.face, s.left, y, s.right - s.left);
	y = strip_legend(canvas, b, &s.face, s.left, y + s.height / 4, s.right - s.left);
	put_columns(&s, y + s.height / 2);
}

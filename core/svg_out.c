/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svg_out: shapes and colours (svg_out.h). Invariant: whatever the text holds, the document stays
 * well formed. Called by svg.c and svg_memory.c.
 */
#include <bootmem/e820.h>
#include <bootmem/owner.h>

#include "svg_out.h"

static void number(const struct sink *out, const char *name, int64_t value)
{
	uint32_t size = (uint32_t)value;

	sink_printf(out, " %s=\"%u.%02u\"", name, size / PX, size % PX);
}

static void point(const struct sink *out, int64_t x, int64_t y)
{
	uint32_t across = (uint32_t)x, down = (uint32_t)y;

	sink_printf(out, "%u.%02u,%u.%02u ", across / PX, across % PX, down / PX, down % PX);
}

static void put_character(const struct sink *out, char c)
{
	switch (c) {
	case '&':
		sink_puts(out, "&amp;");
		break;
	case '<':
		sink_puts(out, "&lt;");
		break;
	case '>':
		sink_puts(out, "&gt;");
		break;
	case '"':
		sink_puts(out, "&quot;");
		break;
	default:
		sink_printf(out, "%c", c >= ' ' && c <= '~' ? c : '?');
	}
}

static void escaped(const struct sink *out, const char *text)
{
	for (; *text != '\0'; text++)
		put_character(out, *text);
}

void svg_box(const struct sink *out, struct box box, const char *fill, const char *title)
{
	sink_puts(out, "<rect");
	number(out, "x", box.x);
	number(out, "y", box.y);
	number(out, "width", box.width);
	number(out, "height", box.height);
	sink_printf(out, " fill=\"%s\"", fill);
	if (title == NULL) {
		sink_puts(out, "/>\n");
		return;
	}
	sink_puts(out, "><title>");
	escaped(out, title);
	sink_puts(out, "</title></rect>\n");
}

void svg_text(const struct sink *out, int64_t x, int64_t y, enum text_anchor anchor,
	const char *class, const char *text)
{
	static const char *const anchors[] = { "start", "middle", "end" };

	sink_printf(out, "<text class=\"%s\"", class);
	number(out, "x", x);
	number(out, "y", y);
	if (anchor != ANCHOR_START)
		sink_printf(out, " text-anchor=\"%s\"", anchors[anchor]);
	sink_puts(out, ">");
	escaped(out, text);
	sink_puts(out, "</text>\n");
}

void svg_line(
	const struct sink *out, int64_t x1, int64_t y1, int64_t x2, int64_t y2, const char *class)
{
	sink_printf(out, "<line class=\"%s\"", class);
	number(out, "x1", x1);
	number(out, "y1", y1);
	number(out, "x2", x2);
	number(out, "y2", y2);
	sink_puts(out, "/>\n");
}

void svg_funnel(const struct sink *out, int64_t top_x1, int64_t top_x2, int64_t top_y,
	int64_t bottom_x1, int64_t bottom_x2, int64_t bottom_y)
{
	sink_puts(out, "<polygon class=\"funnel\" points=\"");
	point(out, top_x1, top_y);
	point(out, top_x2, top_y);
	point(out, bottom_x2, bottom_y);
	point(out, bottom_x1, bottom_y);
	sink_puts(out, "\"/>\n");
}

void svg_printf(const struct sink *out, int64_t x, int64_t y, enum text_anchor anchor,
	const char *class, const char *format, ...)
{
	char text[SVG_TEXT];
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));
	va_list args;

	va_start(args, format);
	sink_vprintf(&sink, format, args);
	va_end(args);
	svg_text(out, x, y, anchor, class, text);
}

int64_t svg_text_width(const char *text)
{
	int64_t width = 0;

	for (; *text != '\0'; text++)
		width += 690; /* 6.9 pixels a letter at 11 pixels */
	return width;
}

int64_t svg_swatch(const struct sink *out, int64_t x, int64_t y, const char *fill, const char *text)
{
	sink_puts(out, "<g class=\"swatch\">");
	svg_box(out, (struct box){ x, y - 9 * PX, 11 * PX, 11 * PX }, fill, NULL);
	sink_puts(out, "</g>");
	svg_text(out, x + 16 * PX, y, ANCHOR_START, "t", text);
	return 16 * PX + svg_text_width(text) + 16 * PX;
}

/* --- colours --------------------------------------------------------------------------------- */

const char *svg_type_colour(uint32_t type)
{
	static const char *const colour[E820_TYPES + 1] = {
		[E820_RAM] = "#8fc9a3",
		[E820_SOFT] = "#74a9d8",
		[E820_PMEM] = "#9a86c9",
		[E820_UNACCEPTED] = "#d08bb0",
		[E820_ACPI] = "#f2c45a",
		[E820_NVS] = "#e58a3c",
		[E820_UNUSABLE] = "#cf4858",
		[E820_RESERVED] = "#9aa1ae",
		[E820_TYPES] = "url(#hole)",
	};

	return colour[type < E820_TYPES ? type : E820_TYPES];
}

/*
 * Owners are told apart by colour in one picture: those that are large or common get the best
 * ones.
 */
const char *svg_owner_colour(uint32_t owner)
{
	static const char *const colour[] = { "#a3b18a", "#e07a5f", "#f2cc8f", "#b79ad1", "#e3b08a",
		"#94d2bd", "#e58b88", "#9db4dc", "#f0b866", "#86c5a8", "#cfa6c4", "#d9c27e",
		"#8fb8de", "#6fa8dc", "#c0a080", "#d46a6a", "#b8b8b8", "#d7d3a5" };

	if (owner == OWNER_COUNT)
		return "#e4f2e7";
	if (owner == OWNER_MEM_MAP)
		return "#6aa0dc";
	return owner == OWNER_BADRAM ? "#d00000" : colour[owner % ARRAY_SIZE(colour)];
}

const char *svg_zone_colour(uint32_t index)
{
	static const char *const colour[] = { "#e9b872", "#90b8d8", "#a3a1d3" };

	return colour[index % ARRAY_SIZE(colour)];
}

const char *svg_node_colour(uint32_t nid)
{
	static const char *const colour[] = { "#b9c4d2", "#e0cdb8", "#b5d1c0", "#d6bdd8" };

	return colour[nid % ARRAY_SIZE(colour)];
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The strip of the overview (strip.h). Invariant: everything is drawn within [x, x + width). Called by
 * core/overview.c.
 */
#include "strip.h"

#include <bootmem/mm.h>
#include <bootmem/report.h>

#define COLOUR_HOLE      0x1c2630u
#define COLOUR_ON_PASTEL 0x1a2430u
#define SCALE_BITS       18 /* of an address when it is scaled; a width has at most 14 */

/* --- who uses it ---------------------------------------------------------------------------------- */

/* Owners by what they are for: a legend of twenty colours says nothing. */
enum use { USE_FREE, USE_LOADER, USE_TABLES, USE_MEM_MAP, USE_KERNEL, USE_KEPT, USE_COUNT };

static enum use use_of(uint32_t owner)
{
	switch (owner) {
	case OWNER_INIT:
	case OWNER_IMAGE:
	case OWNER_WORKSPACE:
	case OWNER_BITMAP:
	case OWNER_CPU:
		return USE_LOADER;
	case OWNER_PAGE_TABLES:
	case OWNER_MM:
	case OWNER_NODES:
	case OWNER_ZERO_PAGE:
	case OWNER_PKMAP:
	case OWNER_SECTIONS:
		return USE_TABLES;
	case OWNER_MEM_MAP:
		return USE_MEM_MAP;
	case OWNER_KERNEL:
	case OWNER_INITRD:
	case OWNER_HANDOFF:
		return USE_KERNEL;
	default:
		return USE_KEPT;
	}
}

static const char *use_name(enum use use)
{
	static const char *const name[USE_COUNT] = { "free", "loader", "tables", "mem_map",
		"kernel", "kept off" };

	return name[use];
}

static uint32_t use_colour(enum use use)
{
	static const uint32_t colour[USE_COUNT] = { 0x3d6b57u, 0xe5b567u, 0xb79ad1u, 0x6aa0dcu,
		0xe07a5fu, 0xcf4858u };

	return colour[use];
}

static uint32_t type_colour(uint32_t type)
{
	static const uint32_t colour[E820_TYPES] = {
		[E820_RAM] = 0x8fc9a3u,
		[E820_SOFT] = 0x74a9d8u,
		[E820_PMEM] = 0x9a86c9u,
		[E820_UNACCEPTED] = 0xd08bb0u,
		[E820_ACPI] = 0xf2c45au,
		[E820_NVS] = 0xe58a3cu,
		[E820_UNUSABLE] = 0xcf4858u,
		[E820_RESERVED] = 0x8b95a5u,
	};

	return colour[type < E820_TYPES ? type : E820_RESERVED];
}

static uint32_t zone_colour(uint32_t index)
{
	static const uint32_t colour[] = { 0xe9b872u, 0x90b8d8u, 0xa3a1d3u };

	return colour[index % ARRAY_SIZE(colour)];
}

static phys_t strip_end(const struct boot *b)
{
	return pfn_phys(b->limits.max_pfn);
}

/* --- scale ------------------------------------------------------------------------------------------ */

/* Pixels from the strip's start; 32 bits are enough for what can be seen. */
static uint32_t at(const struct strip *s, phys_t phys)
{
	unsigned bits = highest_bit(s->end) + 1;
	unsigned shift = bits > SCALE_BITS ? bits - SCALE_BITS : 0;

	return (uint32_t)(min_u64(phys, s->end) >> shift) * s->width / (uint32_t)(s->end >> shift);
}

static void mark(
	const struct strip *s, uint32_t y, uint32_t height, phys_t start, phys_t end, uint32_t rgb)
{
	uint32_t from = at(s, start), to = at(s, end);

	if (start >= s->end)
		return;
	if (to - from < s->thin)
		from = (uint32_t)min_u64(from, s->width - min_u64(s->thin, s->width));
	canvas_fill(s->canvas, s->x + from, y,
		(uint32_t)min_u64(max_u64(to - from, s->thin), s->width - from), height, rgb);
}

/* --- lanes -------------------------------------------------------------------------------------------- */

static void mark_types(
	const struct strip *s, uint32_t y, uint32_t height, uint32_t first, uint32_t last)
{
	const struct e820 *map = &s->boot->e820;

	for (uint32_t i = 0; i < map->count; i++)
		if (map->entry[i].type >= first && map->entry[i].type <= last)
			mark(s, y, height, map->entry[i].start, map->entry[i].end,
				type_colour(map->entry[i].type));
}

/* RAM first, so that what is thin lies on top of it. */
static void lane_map(const struct strip *s, uint32_t y, uint32_t height)
{
	canvas_fill(s->canvas, s->x, y, s->width, height, COLOUR_HOLE);
	mark_types(s, y, height, E820_RAM, E820_RAM);
	mark_types(s, y, height, E820_RAM + 1, E820_TYPES - 1);
}

/* One run for each section: not where they would hide everything else. */
static void mark_mem_map(const struct strip *s, uint32_t y, uint32_t height)
{
	const struct mm *mm = s->boot->mm;

	if (at(s, SECTION_PAGES << PAGE_SHIFT) < 3 * s->thin)
		return;
	for (uint32_t nr = 0; sparse_next(mm, &nr); nr++) {
		const struct section *section = section_nr(mm, nr);
		phys_t start = pfn_phys(section_map_pfn(section));

		if (start != 0)
			mark(s, y, height, start, start + pfn_phys(section->map_pages),
				use_colour(USE_MEM_MAP));
	}
}

static void lane_use(const struct strip *s, uint32_t y, uint32_t height)
{
	const struct owners *owners = &s->boot->owners;
	struct pfn_range ram;

	canvas_fill(s->canvas, s->x, y, s->width, height, COLOUR_HOLE);
	for (uint32_t i = 0; e820_next_ram(&s->boot->e820, &i, &ram);)
		mark(s, y, height, pfn_phys(ram.start), pfn_phys(ram.end), use_colour(USE_FREE));
	mark_mem_map(s, y, height);
	for (uint32_t i = 0; i < owners->count; i++)
		mark(s, y, height, pfn_phys(owners->range[i].start), pfn_phys(owners->range[i].end),
			use_colour(use_of(owners->range[i].owner)));
}

/* Its name inside, where there is room for it. */
static void lane_zone(
	const struct strip *s, uint32_t y, uint32_t height, uint32_t index, const struct zone *zone)
{
	phys_t start = pfn_phys(zone->start_pfn), end = start + pfn_phys(zone->spanned_pages);
	uint32_t from = at(s, start), to = at(s, end), width = face_width(&s->face);
	uint32_t name_width = text_width(&s->face, zone_name(index));
	struct pen pen = { s->canvas, s->face, 0, s->x + to, s->x + from + width,
		y + (height - face_height(&s->face)) / 2, COLOUR_ON_PASTEL, zone_colour(index) };
	struct sink sink = pen_sink(&pen);

	mark(s, y, height, start, end, zone_colour(index));
	if (to - from >= name_width + 2 * width)
		sink_puts(&sink, zone_name(index));
}

static void lane_zones(const struct strip *s, uint32_t y, uint32_t height)
{
	struct mm *mm = s->boot->mm;

	canvas_fill(s->canvas, s->x, y, s->width, height, COLOUR_HOLE);
	for (uint32_t i = 0; i < mm->nodes * ARCH_NR_ZONES; i++)
		if (mm_zone(mm, i)->spanned_pages != 0)
			lane_zone(s, y, height, i % ARCH_NR_ZONES, mm_zone(mm, i));
}

static void put_tick(const struct strip *s, uint32_t y, phys_t phys)
{
	uint32_t x = s->x + at(s, phys);
	char size[SIZE_TEXT_MAX];
	const char *text = phys == 0 ? "0" : format_size(size, phys);
	uint32_t width = text_width(&s->face, text);
	struct pen pen = { s->canvas, s->face, 0, s->x + s->width, x, y + 2 * s->thin, COLOUR_DIM,
		COLOUR_PAPER };
	struct sink sink = pen_sink(&pen);

	canvas_fill(s->canvas, x, y, s->thin, 2 * s->thin, COLOUR_DIM);
	if (x + width <= s->x + s->width)
		sink_puts(&sink, text);
}

static uint32_t put_scale(const struct strip *s, uint32_t y)
{
	phys_t step = UINT64_C(1) << highest_bit(s->end);
	uint32_t room = 11 * face_width(&s->face); /* "1023 MiB" and space */

	while (step << 3 > s->end && at(s, step / 2) >= room)
		step /= 2;
	for (phys_t phys = 0; phys < s->end; phys += step)
		put_tick(s, y, phys);
	return y + 2 * s->thin + face_height(&s->face);
}

/* --- legend ------------------------------------------------------------------------------------------- */

struct legend {
	const struct canvas *canvas;
	struct pen pen;
	uint32_t x, end_x;
};

static void legend_line(struct legend *l, const char *caption)
{
	struct sink sink = pen_sink(&l->pen);

	l->pen.x = l->pen.left;
	l->pen.ink = COLOUR_DIM;
	sink_printf(&sink, "%-6s", caption);
	l->x = l->pen.x;
}

/* A square of its colour, and the name; on the next line where this one is full. */
static void legend_entry(struct legend *l, uint32_t rgb, const char *name)
{
	uint32_t width = face_width(&l->pen.face), height = face_height(&l->pen.face);
	uint32_t needed = text_width(&l->pen.face, name) + 2 * width,
		 side = height / 2; /* a character wide */
	struct sink sink = pen_sink(&l->pen);

	if (l->x + needed > l->end_x) {
		l->pen.y += height;
		legend_line(l, "");
	}
	canvas_fill(l->canvas, l->x, l->pen.y + (height - side) / 2, side, side, rgb);
	l->pen.x = l->x + 2 * width;
	l->pen.ink = COLOUR_INK;
	sink_puts(&sink, name);
	l->x = l->pen.x + 2 * width;
}

/* Of what lies within the strip. */
static bool has_type(const struct e820 *map, uint32_t type, phys_t end)
{
	for (uint32_t i = 0; i < map->count && map->entry[i].start < end; i++)
		if (map->entry[i].type == type)
			return true;
	return false;
}

static uint64_t use_pages(const struct boot *b, enum use use)
{
	uint64_t pages = 0;

	for (uint32_t owner = 0; owner < OWNER_COUNT; owner++)
		if (use_of(owner) == use)
			pages += boot_owner_pages(b, owner);
	return pages;
}

/* --- for core/overview.c -------------------------------------------------------------------------- */

uint32_t strip_draw(const struct canvas *canvas, const struct boot *b, const struct face *face,
	uint32_t x, uint32_t y, uint32_t width)
{
	uint32_t lane = face_height(face), gap = lane / 8;
	struct strip s = { canvas, b, *face, x, width, lane / 8, strip_end(b) };

	if (s.end == 0 || width == 0)
		return y;
	lane_map(&s, y, lane + lane / 2);
	y += lane + lane / 2 + gap;
	lane_use(&s, y, lane * 3 / 4);
	y += lane * 3 / 4 + gap;
	lane_zones(&s, y, lane + gap);
	return put_scale(&s, y + lane + 2 * gap);
}

uint32_t strip_legend(const struct canvas *canvas, const struct boot *b, const struct face *face,
	uint32_t x, uint32_t y, uint32_t width)
{
	struct legend l = { canvas, { canvas, *face, x, x + width, x, y, COLOUR_INK, COLOUR_PAPER },
		x, x + width };

	legend_line(&l, "map");
	for (uint32_t type = 0; type < E820_TYPES; type++)
		if (has_type(&b->e820, type, strip_end(b)))
			legend_entry(&l, type_colour(type), e820_type_label(type));
	legend_entry(&l, COLOUR_HOLE, "not memory");
	l.pen.y += face_height(face);
	legend_line(&l, "use");
	for (unsigned use = 0; use < USE_COUNT; use++)
		if (use == USE_FREE || use_pages(b, use) != 0)
			legend_entry(&l, use_colour(use), use_name(use));
	return l.pen.y + face_height(face);
}

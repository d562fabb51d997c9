/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svg_memory: strips of memory and their enlargements (svg_memory.h). Invariant: within one panel
 * everything is to scale, but no range of the map is thinner than a hairline. Called by svg.c.
 *
 * A panel has lanes: the address map, who uses the RAM, zones, and nodes where there are several.
 * What to enlarge is found by looking for places where the borders of ranges crowd.
 */
#include <bootmem/mm.h>

#include "svg_memory.h"

#define LANE_MAP    (46 * PX)
#define LANE_USE    (22 * PX)
#define LANE_THIN   (11 * PX)
#define CAPTION     (16 * PX)
#define FUNNEL      (34 * PX)
#define PANEL_GAP   (22 * PX)
#define HAIRLINE    60 /* thinnest mark, in hundredths of a pixel */
#define CROWDED     (14 * PX)
#define SPARSE      (4 * PX) /* hairlines that come in numbers keep this distance */
#define MAX_ROW     3        /* panels side by side */
#define MAX_DEPTH   3        /* rows of enlargements */
#define LEAST_BYTES (64 * KIB)

struct panel {
	phys_t start, end;
	int64_t x, y, width;
};

struct canvas {
	const struct boot *b;
	const struct sink *out;
	int64_t x, width;
};

const char *svg_address(char text[ADDRESS_TEXT], phys_t phys)
{
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, ADDRESS_TEXT);

	sink_printf(&sink, "0x%llx", ULL(phys));
	return text;
}

/* --- scale ----------------------------------------------------------------------------------- */

static int64_t at(const struct panel *p, phys_t phys)
{
	phys_t inside = min_u64(max_u64(phys, p->start), p->end) - p->start;
	uint64_t bytes = p->end - p->start, sum = 0, hundredths = 0;

	/* Both factors below 2^46 leave room for widths of 17 bits; what is lost is far below a hundredth of a pixel. */
	while (bytes >> 46 != 0) {
		bytes >>= 1;
		inside >>= 1;
	}
	/* inside * width / bytes, digit by digit: i386 has no 64-bit division of its own. */
	for (int bit = 17; bit >= 0; bit--)
		if (sum + (bytes << bit) <= inside * (uint64_t)p->width) {
			sum += bytes << bit;
			hundredths |= UINT64_C(1) << bit;
		}
	return p->x + (int64_t)hundredths;
}

static bool visible(const struct panel *p, phys_t start, phys_t end)
{
	return start < p->end && end > p->start;
}

/* --- one range ------------------------------------------------------------------------------- */

struct mark {
	phys_t start, end;
	const char *fill;
	const char *label; /* drawn where it fits, and shown by browsers when pointed at */
};

static void put_title(char *text, size_t size, const struct mark *mark)
{
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, size);
	char bytes[SIZE_TEXT_MAX];

	sink_printf(&sink, "[0x%llx, 0x%llx)  %s  %s", ULL(mark->start), ULL(mark->end),
		format_size(bytes, mark->end - mark->start), mark->label);
}

/* The size of the whole range, of which the panel may show only a part. */
static void put_size(char text[2 * SIZE_TEXT_MAX], const struct panel *p, const struct mark *mark)
{
	bool whole = p->start <= mark->start && mark->end <= p->end;
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, 2 * SIZE_TEXT_MAX);
	char size[SIZE_TEXT_MAX];

	sink_printf(&sink, "%s%s", whole ? "" : "of ", format_size(size, mark->end - mark->start));
}

static void put_label(
	const struct canvas *c, const struct panel *p, struct box box, const struct mark *mark)
{
	char size[2 * SIZE_TEXT_MAX];
	int64_t middle = box.x + box.width / 2;

	if (svg_text_width(mark->label) + 6 * PX > box.width)
		return;
	if (box.height < 30 * PX) {
		svg_text(c->out, middle,
			box.y + box.height / 2 + (box.height < 16 * PX ? 3 : 4) * PX, ANCHOR_MIDDLE,
			box.height < 16 * PX ? "ts" : "t", mark->label);
		return;
	}
	put_size(size, p, mark);
	if (svg_text_width(size) + 6 * PX > box.width)
		size[0] = '\0';
	svg_text(c->out, middle, box.y + (size[0] != '\0' ? 20 : 27) * PX, ANCHOR_MIDDLE, "tb",
		mark->label);
	if (size[0] != '\0')
		svg_text(c->out, middle, box.y + 35 * PX, ANCHOR_MIDDLE, "t", size);
}

/* A range in a lane; nothing is thinner than a hairline. */
static void put_mark(const struct canvas *c, const struct panel *p, int64_t y, int64_t height,
	const struct mark *mark)
{
	int64_t x1 = at(p, mark->start), x2 = at(p, mark->end);
	struct box box = { x1, y, x2 - x1 < HAIRLINE ? HAIRLINE : x2 - x1, height };
	char title[128];

	if (!visible(p, mark->start, mark->end))
		return;
	put_title(title, sizeof(title), mark);
	svg_box(c->out, box, mark->fill, title);
	put_label(c, p, box, mark);
}

/* --- lanes ----------------------------------------------------------------------------------- */

static void lane_map(const struct canvas *c, const struct panel *p, int64_t y)
{
	const struct e820 *map = &c->b->e820;

	svg_box(c->out, (struct box){ p->x, y, p->width, LANE_MAP }, svg_type_colour(E820_TYPES),
		"not memory");
	for (uint32_t i = 0; i < map->count; i++) {
		const struct e820_entry *e = &map->entry[i];
		struct mark mark = { e->start, e->end, svg_type_colour(e->type),
			e820_type_label(e->type) };

		put_mark(c, p, y, LANE_MAP, &mark);
	}
}

static void put_free(const struct canvas *c, const struct panel *p, int64_t y)
{
	struct pfn_range ram;

	for (uint32_t i = 0; e820_next_ram(&c->b->e820, &i, &ram);) {
		struct mark mark = { pfn_phys(ram.start), pfn_phys(ram.end),
			svg_owner_colour(OWNER_COUNT), "free" };

		put_mark(c, p, y, LANE_USE, &mark);
	}
}

/*
 * The descriptors' pages, one run for each section: not where their hairlines would hide the
 * rest.
 */
static void put_mem_map(const struct canvas *c, const struct panel *p, int64_t y)
{
	const struct mm *mm = c->b->mm;

	for (uint32_t nr = 0; sparse_next(mm, &nr); nr++) {
		const struct section *section = section_nr(mm, nr);
		phys_t start = pfn_phys(section_map_pfn(section));
		struct mark mark = { start, start + ((phys_t)section->map_pages << PAGE_SHIFT),
			svg_owner_colour(OWNER_MEM_MAP), owner_name(OWNER_MEM_MAP) };

		phys_t next = start + (SECTION_PAGES << PAGE_SHIFT);

		if (start != 0 && at(p, min_u64(next, p->end)) - at(p, start) >= SPARSE)
			put_mark(c, p, y, LANE_USE, &mark);
	}
}

static void lane_use(const struct canvas *c, const struct panel *p, int64_t y)
{
	const struct owners *owners = &c->b->owners;

	put_free(c, p, y);
	put_mem_map(c, p, y);
	for (uint32_t i = 0; i < owners->count; i++) {
		const struct owner_range *r = &owners->range[i];
		struct mark mark = { pfn_phys(r->start), pfn_phys(r->end),
			svg_owner_colour(r->owner), owner_name((enum owner)r->owner) };

		put_mark(c, p, y, LANE_USE, &mark);
	}
}

/* What of a node's RAM lies in one zone, from first to last page. */
static void put_zone(const struct canvas *c, const struct panel *p, int64_t y, uint32_t zone)
{
	const struct zone *z = mm_zone(c->b->mm, zone);
	struct mark mark = { pfn_phys(z->start_pfn), pfn_phys(z->start_pfn + z->spanned_pages),
		svg_zone_colour(zone % ARCH_NR_ZONES), zone_name(zone % ARCH_NR_ZONES) };

	if (z->present_pages != 0)
		put_mark(c, p, y, LANE_THIN, &mark);
}

static void lane_zones(const struct canvas *c, const struct panel *p, int64_t y)
{
	for (uint32_t zone = 0; zone < c->b->mm->nodes * ARCH_NR_ZONES; zone++)
		put_zone(c, p, y, zone);
}

static void lane_nodes(const struct canvas *c, const struct panel *p, int64_t y)
{
	const struct node_map *map = &c->b->node_map;

	for (uint32_t i = 0; i < map->ranges; i++) {
		const struct node_range *r = &map->range[i];
		char label[16];
		struct text_buffer buffer;
		struct sink sink = text_buffer_sink(&buffer, label, sizeof(label));
		struct mark mark = { pfn_phys(r->start), pfn_phys(r->end), svg_node_colour(r->nid),
			label };

		sink_printf(&sink, "node %u", r->nid);
		put_mark(c, p, y, LANE_THIN, &mark);
	}
}

/* --- panels ---------------------------------------------------------------------------------- */

static void put_caption(const struct canvas *c, const struct panel *p, int64_t y)
{
	char start[ADDRESS_TEXT], end[ADDRESS_TEXT], size[SIZE_TEXT_MAX];

	svg_text(c->out, p->x, y, ANCHOR_START, "tm", svg_address(start, p->start));
	svg_text(c->out, p->x + p->width, y, ANCHOR_END, "tm", svg_address(end, p->end));
	format_size(size, p->end - p->start);
	if (p->width > 260 * PX)
		svg_text(c->out, p->x + p->width / 2, y, ANCHOR_MIDDLE, "tg", size);
}

static int64_t panel_height(const struct canvas *c)
{
	return CAPTION + LANE_MAP + 3 * PX + LANE_USE + 3 * PX + LANE_THIN +
	       (c->b->node_map.nodes > 1 ? 3 * PX + LANE_THIN : 0);
}

static void draw_panel(const struct canvas *c, const struct panel *p)
{
	int64_t y = p->y + CAPTION;

	put_caption(c, p, p->y + 11 * PX);
	lane_map(c, p, y);
	y += LANE_MAP + 3 * PX;
	lane_use(c, p, y);
	y += LANE_USE + 3 * PX;
	lane_zones(c, p, y);
	if (c->b->node_map.nodes > 1)
		lane_nodes(c, p, y + LANE_THIN + 3 * PX);
}

/* --- what to enlarge ------------------------------------------------------------------------- */

struct crowd {
	phys_t start, end;
	uint32_t borders;
	uint32_t panel; /* in the row above */
};

/* The borders of ranges and owners, ascending: both tables are sorted and without overlaps. */
struct border_walk {
	uint32_t entry, owner; /* the next, as 2 * index and 1 more for its end */
};

static phys_t border_of_entry(const struct e820 *map, uint32_t i)
{
	const struct e820_entry *e = &map->entry[i / 2];

	return i % 2 == 0 ? e->start : e->end;
}

static phys_t border_of_owner(const struct owners *owners, uint32_t i)
{
	const struct owner_range *r = &owners->range[i / 2];

	return pfn_phys(i % 2 == 0 ? r->start : r->end);
}

static bool next_border(const struct boot *b, struct border_walk *walk, phys_t *border)
{
	bool entry = walk->entry < 2 * b->e820.count, owner = walk->owner < 2 * b->owners.count;
	phys_t of_entry = entry ? border_of_entry(&b->e820, walk->entry) : PHYS_END;
	phys_t of_owner = owner ? border_of_owner(&b->owners, walk->owner) : PHYS_END;

	if (!entry && !owner)
		return false;
	if (entry && (!owner || of_entry <= of_owner))
		walk->entry++;
	else
		walk->owner++;
	*border = min_u64(of_entry, of_owner);
	return true;
}

/* Put a crowd among the best of a row, fullest first. */
static void keep_best(struct crowd *best, uint32_t *count, struct crowd crowd)
{
	uint32_t i = *count < MAX_ROW ? (*count)++ : MAX_ROW;

	if (i == MAX_ROW && best[--i].borders >= crowd.borders)
		return;
	best[i] = crowd;
	for (; i > 0 && best[i].borders > best[i - 1].borders; i--) {
		struct crowd t = best[i];

		best[i] = best[i - 1];
		best[i - 1] = t;
	}
}

/* Borders closer to each other than CROWDED belong together. */
static void find_crowds(const struct canvas *c, const struct panel *p, uint32_t panel,
	struct crowd *best, uint32_t *count)
{
	struct border_walk walk = { 0, 0 };
	struct crowd crowd = { 0 };
	phys_t border;

	while (next_border(c->b, &walk, &border)) {
		if (border < p->start || border > p->end)
			continue;
		if (crowd.borders != 0 && at(p, border) - at(p, crowd.end) < CROWDED) {
			crowd.borders += border != crowd.end;
			crowd.end = border;
			continue;
		}
		if (crowd.borders >= 3)
			keep_best(best, count, crowd);
		crowd = (struct crowd){ border, border, 1, panel };
	}
	if (crowd.borders >= 3)
		keep_best(best, count, crowd);
}

/* A little of what is around, whole pages, and not less than can be seen. */
static struct crowd widen(struct crowd crowd, const struct panel *above)
{
	uint64_t margin = max_u64((crowd.end - crowd.start) >> 4, PAGE_SIZE);

	if (crowd.end - crowd.start < LEAST_BYTES)
		margin = max_u64(margin, LEAST_BYTES / 2);
	crowd.start -= min_u64(margin, crowd.start - above->start);
	crowd.end = min_u64(crowd.end + margin, above->end);
	crowd.start = align_down(crowd.start, PAGE_SIZE);
	crowd.end = align_up(crowd.end, PAGE_SIZE);
	return crowd;
}

/* From left to right; there are few. */
static void sort_crowds(struct crowd *crowd, uint32_t count)
{
	for (uint32_t i = 1; i < count; i++)
		for (uint32_t k = i; k > 0 && crowd[k].start < crowd[k - 1].start; k--) {
			struct crowd t = crowd[k];

			crowd[k] = crowd[k - 1];
			crowd[k - 1] = t;
		}
}

static void draw_funnel(const struct canvas *c, const struct panel *above, const struct panel *p)
{
	int64_t x1 = at(above, p->start), x2 = at(above, p->end);

	if (x2 - x1 < PX)
		x2 = x1 + PX;
	svg_funnel(c->out, x1, x2, above->y + panel_height(c) + 2 * PX, p->x, p->x + p->width,
		p->y + CAPTION - 2 * PX);
}

/* The next row; returns how many panels it has, none when nothing is crowded any more. */
static uint32_t draw_row(const struct canvas *c, const struct panel *above, uint32_t aboves,
	struct panel *row, int64_t y)
{
	struct crowd best[MAX_ROW] = { { 0 } };
	uint32_t count = 0;

	for (uint32_t i = 0; i < aboves; i++)
		find_crowds(c, &above[i], i, best, &count);
	sort_crowds(best, count);
	for (uint32_t i = 0; i < count; i++) {
		struct crowd crowd = widen(best[i], &above[best[i].panel]);
		int64_t width =
			(int32_t)(c->width - (int64_t)(count - 1) * PANEL_GAP) / (int32_t)count;

		row[i] = (struct panel){ crowd.start, crowd.end,
			c->x + (int64_t)i * (width + PANEL_GAP), y, width };
		draw_funnel(c, &above[best[i].panel], &row[i]);
	}
	for (uint32_t i = 0; i < count; i++)
		draw_panel(c, &row[i]);
	return count;
}

/* Up to the last RAM, and what is not much further. */
static phys_t picture_end(const struct e820 *map, phys_t ram_end)
{
	phys_t end = ram_end;

	for (uint32_t i = 0; i < map->count; i++)
		if (map->entry[i].end <= ram_end + ram_end / 2)
			end = max_u64(end, map->entry[i].end);
	return end;
}

int64_t svg_memory(
	const struct boot *b, const struct sink *out, int64_t x, int64_t y, int64_t width)
{
	struct canvas c = { .b = b, .out = out, .x = x, .width = width };
	struct panel row[2][MAX_ROW];
	uint32_t count = 1;

	row[0][0] = (struct panel){ 0, picture_end(&b->e820, pfn_phys(b->limits.max_pfn)), x, y,
		width };
	draw_panel(&c, &row[0][0]);
	for (unsigned depth = 0; depth < MAX_DEPTH && count != 0; depth++) {
		y += panel_height(&c);
		count = draw_row(&c, row[depth % 2], count, row[(depth + 1) % 2], y + FUNNEL);
		y += count != 0 ? FUNNEL : 0;
	}
	if (count != 0)
		y += panel_height(&c);
	return y;
}

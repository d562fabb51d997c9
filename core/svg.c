/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svg: the page around the strips: title, legend, zones with their free blocks, owners, and remarks
 * (svg.h). Invariant: the height is known before the first byte, by drawing once into nothing.
 * Called by the front ends once the pipeline has run.
 */
#include <bootmem/svg.h>

#include "svg_memory.h"
#include "svg_out.h"

#define PAGE_WIDTH (1180 * PX)
#define MARGIN     (34 * PX)
#define INNER      (PAGE_WIDTH - 2 * MARGIN)
#define COLUMN     ((INNER - 40 * PX) / 2)
#define ROW        (17 * PX)

static const char style[] =
	"<style>\n"
	"text{font-family:\"DejaVu Sans\",Verdana,Helvetica,Arial,sans-serif;fill:#22303c}\n"
	".th{font-size:20px;font-weight:bold}.t{font-size:11px}.tb{font-size:12px;font-weight:bold}"
	"\n"
	".ts{font-size:8.5px}.tg{font-size:11px;fill:#667482}\n"
	".tm{font-size:10px;font-family:\"DejaVu Sans "
	"Mono\",Menlo,Consolas,monospace;fill:#45525e}\n"
	".funnel{fill:#22303c;fill-opacity:.08;stroke:#22303c;stroke-opacity:.18;stroke-width:.6}\n"
	".rule{stroke:#c9d1d8;stroke-width:1}.swatch rect{stroke:#45525e;stroke-width:.5}\n"
	"</style>\n"
	"<defs><pattern id=\"hole\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
	"patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" fill=\"#ffffff\"/>"
	"<rect width=\"1.2\" height=\"6\" fill=\"#dde2e6\"/></pattern></defs>\n";

struct sheet {
	const struct svg_page *page;
	const struct boot *b;
	const struct sink *out;
	struct report_totals totals;
};

/* --- title and legend ------------------------------------------------------------------------ */

static int64_t put_title(const struct sheet *p, int64_t y)
{
	char ram[SIZE_TEXT_MAX], free_text[SIZE_TEXT_MAX];

	svg_text(p->out, MARGIN, y + 22 * PX, ANCHOR_START, "th", p->page->title);
	svg_printf(p->out, MARGIN, y + 42 * PX, ANCHOR_START, "tg",
		"%s of RAM, %s free %s, %u node%s; %s rules, %s",
		format_size(ram, p->totals.present_pages << PAGE_SHIFT),
		format_size(free_text, p->totals.free_pages << PAGE_SHIFT),
		report_is_live(p->page->stage) ? "after the start" : "before the exit",
		p->b->mm->nodes, p->b->mm->nodes == 1 ? "" : "s", ARCH_NAME, p->page->origin);
	return y + 54 * PX;
}

static bool has_type(const struct e820 *map, uint32_t type)
{
	for (uint32_t i = 0; i < map->count; i++)
		if (map->entry[i].type == type)
			return true;
	return false;
}

static bool has_zone(const struct mm *mm, uint32_t zone)
{
	for (uint32_t nid = 0; nid < mm->nodes; nid++)
		if (mm->node[nid].zone[zone].present_pages != 0)
			return true;
	return false;
}

static int64_t put_legend(const struct sheet *p, int64_t y)
{
	int64_t x = MARGIN;

	for (uint32_t type = 0; type < E820_TYPES; type++)
		if (has_type(&p->b->e820, type))
			x += svg_swatch(p->out, x, y + 10 * PX, svg_type_colour(type),
				e820_type_name(type));
	x += svg_swatch(p->out, x, y + 10 * PX, svg_type_colour(E820_TYPES), "not memory");
	for (uint32_t zone = 0; zone < ARCH_NR_ZONES; zone++) {
		char name[32];
		struct text_buffer buffer;
		struct sink sink = text_buffer_sink(&buffer, name, sizeof(name));

		if (!has_zone(p->b->mm, zone))
			continue;
		sink_printf(&sink, "zone %s", zone_name(zone));
		x += svg_swatch(p->out, x, y + 10 * PX, svg_zone_colour(zone), name);
	}
	svg_text(p->out, PAGE_WIDTH - MARGIN, y + 10 * PX, ANCHOR_END, "tg",
		p->b->mm->nodes > 1 ? "map, use, zones, nodes; thin marks are widened"
				    : "map, use, zones; thin marks are widened");
	return y + 24 * PX;
}

/* --- zones and free blocks ------------------------------------------------------------------- */

static int64_t put_heading(const struct sheet *p, int64_t x, int64_t y, int64_t width,
	const char *heading, const char *remark)
{
	svg_line(p->out, x, y, x + width, y, "rule");
	svg_text(p->out, x, y + 18 * PX, ANCHOR_START, "tb", heading);
	svg_text(p->out, x + width, y + 18 * PX, ANCHOR_END, "tg", remark);
	return y + 26 * PX;
}

/* Bars grow with the number of digits in base 2: one block is seen beside a million. */
static int64_t bar_height(uint64_t blocks)
{
	return blocks == 0 ? 0 : (int64_t)(highest_bit(blocks) + 2) * 140;
}

#define CHART_HEIGHT (42 * PX)
#define CHART_X      (150 * PX)
#define CHART_STEP   ((INNER - CHART_X) / NR_ORDERS)

static void put_bar(const struct sheet *p, int64_t y, const struct zone *zone, unsigned order)
{
	uint64_t blocks = zone_free_blocks(zone, order);
	int64_t height = bar_height(blocks);
	int64_t x = MARGIN + CHART_X + (int64_t)order * CHART_STEP;
	svg_box(p->out,
		(struct box){
			x + 14 * PX, y + CHART_HEIGHT - height, CHART_STEP - 28 * PX, height + 50 },
		svg_zone_colour((uint32_t)(zone - p->b->mm->node[zone->nid].zone)), NULL);
	svg_printf(p->out, x + CHART_STEP / 2, y + CHART_HEIGHT - height - 3 * PX, ANCHOR_MIDDLE,
		blocks == 0 ? "tg" : "t", "%llu", ULL(blocks));
}

static int64_t put_zone(const struct sheet *p, int64_t y, uint32_t index, const struct zone *zone)
{
	char size[SIZE_TEXT_MAX];

	y += 8 * PX;
	svg_printf(p->out, MARGIN, y + 16 * PX, ANCHOR_START, "tb",
		p->b->mm->nodes > 1 ? "%s, node %u" : "%s", zone_name(index), zone->nid);
	svg_printf(p->out, MARGIN, y + 30 * PX, ANCHOR_START, "t", "%s present",
		format_size(size, zone->present_pages << PAGE_SHIFT));
	svg_printf(p->out, MARGIN, y + 43 * PX, ANCHOR_START, "t", "%s free",
		format_size(size, zone->free_pages << PAGE_SHIFT));
	for (unsigned order = 0; order < NR_ORDERS; order++)
		put_bar(p, y, zone, order);
	return y + CHART_HEIGHT + 4 * PX;
}

static void put_orders(const struct sheet *p, int64_t y)
{
	for (unsigned order = 0; order < NR_ORDERS; order++) {
		char size[SIZE_TEXT_MAX];

		svg_printf(p->out, MARGIN + CHART_X + (int64_t)order * CHART_STEP + CHART_STEP / 2,
			y, ANCHOR_MIDDLE, "tg", "%u: %s", order,
			format_size(size, PAGE_SIZE << order));
	}
}

static int64_t put_zones(const struct sheet *p, int64_t y)
{
	const struct mm *mm = p->b->mm;

	if (!report_is_live(p->page->stage))
		return y; /* the zones are empty yet */
	y = put_heading(p, MARGIN, y, INNER, "Zones and their free blocks",
		"number of blocks of each order; bars are logarithmic");
	for (uint32_t nid = 0; nid < mm->nodes; nid++)
		for (uint32_t i = 0; i < ARCH_NR_ZONES; i++)
			if (mm->node[nid].zone[i].present_pages != 0)
				y = put_zone(p, y, i, &mm->node[nid].zone[i]);
	put_orders(p, y + 14 * PX);
	return y + 32 * PX;
}

/* --- owners and doctor ----------------------------------------------------------------------- */

static void put_owner(
	const struct sheet *p, int64_t y, const char *colour, const char *name, uint64_t pages)
{
	char size[SIZE_TEXT_MAX];

	svg_swatch(p->out, MARGIN, y + 12 * PX, colour, name);
	svg_text(p->out, MARGIN + COLUMN, y + 12 * PX, ANCHOR_END, "t",
		format_size(size, pages << PAGE_SHIFT));
}

static int64_t put_owners(const struct sheet *p, int64_t y)
{
	y = put_heading(p, MARGIN, y, COLUMN, "Who uses the RAM", "present = free + reserved");
	put_owner(p, y, svg_owner_colour(OWNER_COUNT), "free", p->totals.free_pages);
	y += ROW;
	for (unsigned owner = 0; owner < OWNER_COUNT; owner++) {
		uint64_t pages = boot_owner_pages(p->b, (enum owner)owner);

		if (pages == 0)
			continue;
		put_owner(p, y, svg_owner_colour(owner), owner_name((enum owner)owner), pages);
		y += ROW;
	}
	return y;
}

static int64_t put_remark(
	const struct sheet *p, int64_t x, int64_t y, const struct svg_remark *remark)
{
	static const char *const colour[] = {
		[SVG_NOTE] = "#8fa3b0", [SVG_CARE] = "#e9a23b", [SVG_TROUBLE] = "#cf4858"
	};

	if (remark->mark != NULL)
		svg_swatch(p->out, x, y + 12 * PX, colour[remark->weight], remark->mark);
	svg_text(p->out, x + (remark->mark != NULL ? 48 * PX : 0), y + 12 * PX, ANCHOR_START, "t",
		remark->text);
	return y + ROW;
}

static int64_t put_findings(const struct sheet *p, int64_t x, int64_t y)
{
	const struct findings *f = &p->b->findings;

	y = put_heading(p, x, y, COLUMN, "Findings", "what was unusual, and what was done");
	for (unsigned id = 0; id < FINDING_COUNT; id++) {
		struct svg_remark remark = { finding_quirk((enum finding_id)id), SVG_NOTE,
			finding_text((enum finding_id)id) };

		if (f->of[id].count != 0)
			y = put_remark(p, x, y, &remark);
	}
	return y;
}

static int64_t put_remarks(const struct sheet *p, int64_t y)
{
	int64_t x = MARGIN + COLUMN + 40 * PX;

	if (p->page->heading == NULL)
		return put_findings(p, x, y);
	y = put_heading(p, x, y, COLUMN, p->page->heading, "");
	for (uint32_t i = 0; i < p->page->remarks; i++)
		y = put_remark(p, x, y, &p->page->remark[i]);
	return y;
}

/* --- the page -------------------------------------------------------------------------------- */

static int64_t put_page(const struct sheet *p)
{
	int64_t y = put_title(p, 20 * PX), owners, remarks;

	y = put_legend(p, y);
	y = svg_memory(p->b, p->out, MARGIN, y, INNER) + 24 * PX;
	y = put_zones(p, y);
	owners = put_owners(p, y);
	remarks = put_remarks(p, y);
	return (owners > remarks ? owners : remarks) + 24 * PX;
}

void svg_draw(const struct svg_page *page, const struct sink *out)
{
	struct sheet sheet = { .page = page, .b = page->boot, .out = &sink_nowhere };
	uint32_t height;

	report_totals(page->boot, page->stage, &sheet.totals);
	height = (uint32_t)put_page(&sheet) / PX;
	sink_printf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
		"viewBox=\"0 0 %d %u\">\n",
		PAGE_WIDTH / PX, height, PAGE_WIDTH / PX, height);
	sink_puts(out, style);
	sink_puts(out, "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
	sheet.out = out;
	put_page(&sheet);
	sink_puts(out, "</svg>\n");
}

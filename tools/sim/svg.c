/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svg: the page around the strips: title, legend, zones with their free blocks, owners, and the
 * doctor (svg.h). Invariant: the height is known before the first byte, by drawing once into
 * nothing. Called by main.c.
 */
#include <stdio.h>
#include <stdlib.h>

#include <bootmem/report.h>

#include "doctor.h"
#include "svg.h"
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
	const struct simulation *s;
	const struct sink *out;
	struct checkup *checkup;
	struct report_totals totals;
};

static void discard(void *ctx, const char *text, size_t length)
{
	(void)ctx;
	(void)text;
	(void)length;
}

/* --- title and legend ------------------------------------------------------------------------ */

static int64_t put_title(const struct sheet *p, int64_t y)
{
	char line[160], ram[SIZE_TEXT_MAX], free_text[SIZE_TEXT_MAX];

	svg_text(p->out, MARGIN, y + 22 * PX, ANCHOR_START, "th", p->s->fw.vendor);
	snprintf(line, sizeof(line),
		"%s of RAM, %s free after the start, %u node%s; %s rules, from a %s",
		format_size(ram, p->totals.present_pages << PAGE_SHIFT),
		format_size(free_text, p->totals.free_pages << PAGE_SHIFT), p->s->boot.mm->nodes,
		p->s->boot.mm->nodes == 1 ? "" : "s", ARCH_NAME,
		recording_format_name(p->s->recording->format));
	svg_text(p->out, MARGIN, y + 42 * PX, ANCHOR_START, "tg", line);
	return y + 54 * PX;
}

static bool has_type(const struct e820 *map, uint32_t type)
{
	for (uint32_t i = 0; i < map->count; i++)
		if (map->entry[i].type == type)
			return true;
	return false;
}

static int64_t put_legend(const struct sheet *p, int64_t y)
{
	int64_t x = MARGIN;

	for (uint32_t type = 0; type < E820_TYPES; type++)
		if (has_type(&p->s->boot.e820, type))
			x += svg_swatch(p->out, x, y + 10 * PX, svg_type_colour(type),
				e820_type_name(type));
	x += svg_swatch(p->out, x, y + 10 * PX, svg_type_colour(E820_TYPES), "not memory");
	for (uint32_t zone = 0; zone < ARCH_NR_ZONES; zone++) {
		char name[32];

		snprintf(name, sizeof(name), "zone %s", zone_name(zone));
		x += svg_swatch(p->out, x, y + 10 * PX, svg_zone_colour(zone), name);
	}
	svg_text(p->out, PAGE_WIDTH - MARGIN, y + 10 * PX, ANCHOR_END, "tg",
		p->s->boot.mm->nodes > 1 ? "map, use, zones, nodes; thin marks are widened"
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
	char text[24];

	snprintf(text, sizeof(text), "%llu", ULL(blocks));
	svg_box(p->out,
		(struct box){
			x + 14 * PX, y + CHART_HEIGHT - height, CHART_STEP - 28 * PX, height + 50 },
		svg_zone_colour((uint32_t)(zone - p->s->boot.mm->node[zone->nid].zone)), NULL);
	svg_text(p->out, x + CHART_STEP / 2, y + CHART_HEIGHT - height - 3 * PX, ANCHOR_MIDDLE,
		blocks == 0 ? "tg" : "t", text);
}

static int64_t put_zone(const struct sheet *p, int64_t y, uint32_t index, const struct zone *zone)
{
	char line[80], size[SIZE_TEXT_MAX];

	y += 8 * PX;
	snprintf(line, sizeof(line), p->s->boot.mm->nodes > 1 ? "%s, node %u" : "%s",
		zone_name(index), zone->nid);
	svg_text(p->out, MARGIN, y + 16 * PX, ANCHOR_START, "tb", line);
	snprintf(line, sizeof(line), "%s present",
		format_size(size, zone->present_pages << PAGE_SHIFT));
	svg_text(p->out, MARGIN, y + 30 * PX, ANCHOR_START, "t", line);
	snprintf(line, sizeof(line), "%s free", format_size(size, zone->free_pages << PAGE_SHIFT));
	svg_text(p->out, MARGIN, y + 43 * PX, ANCHOR_START, "t", line);
	for (unsigned order = 0; order < NR_ORDERS; order++)
		put_bar(p, y, zone, order);
	return y + CHART_HEIGHT + 4 * PX;
}

static void put_orders(const struct sheet *p, int64_t y)
{
	for (unsigned order = 0; order < NR_ORDERS; order++) {
		char text[40], size[SIZE_TEXT_MAX];

		snprintf(
			text, sizeof(text), "%u: %s", order, format_size(size, PAGE_SIZE << order));
		svg_text(p->out, MARGIN + CHART_X + (int64_t)order * CHART_STEP + CHART_STEP / 2, y,
			ANCHOR_MIDDLE, "tg", text);
	}
}

static int64_t put_zones(const struct sheet *p, int64_t y)
{
	const struct mm *mm = p->s->boot.mm;

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
		uint64_t pages = boot_owner_pages(&p->s->boot, (enum owner)owner);

		if (pages == 0)
			continue;
		put_owner(p, y, svg_owner_colour(owner), owner_name((enum owner)owner), pages);
		y += ROW;
	}
	return y;
}

static int64_t put_diagnosis(const struct sheet *p, int64_t x, int64_t y, const struct diagnosis *d)
{
	static const char *const colour[] = { [SEVERITY_NOTE] = "#8fa3b0",
		[SEVERITY_CARE] = "#e9a23b",
		[SEVERITY_TROUBLE] = "#cf4858" };

	svg_swatch(p->out, x, y + 12 * PX, colour[d->severity], d->quirk);
	svg_text(p->out, x + 48 * PX, y + 12 * PX, ANCHOR_START, "t", d->sentence);
	return y + ROW;
}

static int64_t put_doctor(const struct sheet *p, int64_t y)
{
	int64_t x = MARGIN + COLUMN + 40 * PX;
	char summary[96];

	doctor_summary(p->checkup, summary, sizeof(summary));
	y = put_heading(p, x, y, COLUMN, "Doctor", "");
	svg_text(p->out, x, y + 12 * PX, ANCHOR_START, "t", summary);
	y += ROW;
	for (uint32_t i = 0; i < p->checkup->count; i++)
		y = put_diagnosis(p, x, y, &p->checkup->of[i]);
	return y;
}

/* --- the page -------------------------------------------------------------------------------- */

static int64_t put_page(const struct sheet *p)
{
	int64_t y = put_title(p, 20 * PX), owners, doctor;

	y = put_legend(p, y);
	y = svg_memory(p->s, p->out, MARGIN, y, INNER) + 24 * PX;
	y = put_zones(p, y);
	owners = put_owners(p, y);
	doctor = put_doctor(p, y);
	return (owners > doctor ? owners : doctor) + 24 * PX;
}

void svg_draw(const struct simulation *s, const struct sink *out)
{
	const struct sink nowhere = { discard, NULL };
	struct sheet page = { .s = s, .out = &nowhere, .checkup = doctor_examine(s) };
	long long height;

	report_totals(&s->boot, REPORT_SIMULATED, &page.totals);
	height = put_page(&page) / PX;
	sink_printf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%llu\" "
		"viewBox=\"0 0 %d %llu\">\n",
		PAGE_WIDTH / PX, ULL(height), PAGE_WIDTH / PX, ULL(height));
	sink_puts(out, style);
	sink_puts(out, "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n");
	page.out = out;
	put_page(&page);
	sink_puts(out, "</svg>\n");
	free(page.checkup);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff: two machines side by side (diff.h). Invariant: both are only read. Called by main.c.
 */
#include <stdlib.h>
#include <string.h>

#include <bootmem/report.h>

#include "diff.h"
#include "doctor.h"

struct comparison {
	const struct simulation *before, *after;
	const struct sink *out;
	uint32_t differences;
};

/* A heading is written when the first difference below it is. */
static void differs(struct comparison *c, const char **heading)
{
	c->differences++;
	if (*heading != NULL)
		sink_printf(c->out, "\n%s\n", *heading);
	*heading = NULL;
}

/* --- the tables ------------------------------------------------------------------------------ */

/* The type at an address, and where the stretch of that type ends. */
static uint32_t stretch(const struct e820 *map, phys_t at, phys_t *end)
{
	for (uint32_t i = 0; i < map->count; i++) {
		const struct e820_entry *e = &map->entry[i];

		if (at < e->start) {
			*end = e->start;
			return E820_TYPES;
		}
		if (at < e->end) {
			*end = e->end;
			return e->type;
		}
	}
	*end = PHYS_END;
	return E820_TYPES;
}

static void put_change(struct comparison *c, phys_t start, phys_t end, uint32_t from, uint32_t to)
{
	char size[SIZE_TEXT_MAX];

	sink_printf(c->out, "  [0x%016llx, 0x%016llx)  %10s  %s -> %s\n", ULL(start), ULL(end),
		format_size(size, end - start), e820_type_name(from), e820_type_name(to));
}

static void compare_tables(struct comparison *c)
{
	const char *heading = "E820 - ranges whose type changed";
	phys_t at = 0;

	while (at < PHYS_END) {
		phys_t end_before, end_after, end;
		uint32_t before = stretch(&c->before->boot.e820, at, &end_before);
		uint32_t after = stretch(&c->after->boot.e820, at, &end_after);

		end = min_u64(end_before, end_after);
		if (before != after) {
			differs(c, &heading);
			put_change(c, at, end, before, after);
		}
		at = end;
	}
}

/* --- figures --------------------------------------------------------------------------------- */

static void compare_figure(struct comparison *c, const char **heading, const char *name,
	uint64_t before, uint64_t after)
{
	if (before == after)
		return;
	differs(c, heading);
	sink_printf(c->out, "  %-24s %14llu -> %14llu  (%s%llu)\n", name, ULL(before), ULL(after),
		after > before ? "+" : "-", ULL(after > before ? after - before : before - after));
}

static void compare_limits(struct comparison *c)
{
	const struct limits *a = &c->before->boot.limits, *b = &c->after->boot.limits;
	const char *heading = "LIMITS - in pages";

	compare_figure(c, &heading, "min_low_pfn", a->min_low_pfn, b->min_low_pfn);
	compare_figure(c, &heading, "max_low_pfn", a->max_low_pfn, b->max_low_pfn);
	compare_figure(c, &heading, "max_pfn", a->max_pfn, b->max_pfn);
}

static void compare_memory(struct comparison *c)
{
	struct report_totals a, b;
	const char *heading = "MEMORY - in pages";

	report_totals(&c->before->boot, REPORT_SIMULATED, &a);
	report_totals(&c->after->boot, REPORT_SIMULATED, &b);
	compare_figure(c, &heading, "present", a.present_pages, b.present_pages);
	compare_figure(c, &heading, "free", a.free_pages, b.free_pages);
	compare_figure(c, &heading, "reserved", a.reserved_pages, b.reserved_pages);
	compare_figure(c, &heading, "high memory", a.highmem_pages, b.highmem_pages);
}

static uint64_t present_in_zone(const struct mm *mm, uint32_t zone)
{
	uint64_t pages = 0;

	for (uint32_t nid = 0; nid < mm->nodes; nid++)
		pages += mm->node[nid].zone[zone].present_pages;
	return pages;
}

static uint64_t present_in_node(const struct mm *mm, uint32_t nid)
{
	return nid < mm->nodes ? mm->node[nid].present_pages : 0;
}

static void compare_zones(struct comparison *c)
{
	const struct mm *a = c->before->boot.mm, *b = c->after->boot.mm;
	const char *heading = "NODES AND ZONES - present pages";
	char name[32];
	struct text_buffer buffer;

	compare_figure(c, &heading, "number of nodes", a->nodes, b->nodes);
	for (uint32_t nid = 0; nid < a->nodes || nid < b->nodes; nid++) {
		struct sink sink = text_buffer_sink(&buffer, name, sizeof(name));

		sink_printf(&sink, "node %u", nid);
		compare_figure(c, &heading, name, present_in_node(a, nid), present_in_node(b, nid));
	}
	for (uint32_t i = 0; i < ARCH_NR_ZONES; i++)
		compare_figure(
			c, &heading, zone_name(i), present_in_zone(a, i), present_in_zone(b, i));
}

/* --- the doctor ------------------------------------------------------------------------------ */

static bool has(const struct checkup *checkup, const char *quirk)
{
	for (uint32_t i = 0; i < checkup->count; i++)
		if (strcmp(checkup->of[i].quirk, quirk) == 0)
			return true;
	return false;
}

/* What one has and the other has not. */
static void put_missing(struct comparison *c, const char *heading, const struct checkup *in,
	const struct checkup *from)
{
	for (uint32_t i = 0; i < in->count; i++)
		if (!has(from, in->of[i].quirk)) {
			differs(c, &heading);
			sink_printf(c->out, "  %-4s %-8s %s\n", in->of[i].quirk,
				severity_name(in->of[i].severity), in->of[i].sentence);
		}
}

static void compare_verdicts(struct comparison *c)
{
	struct checkup *before = doctor_examine(c->before);
	struct checkup *after = doctor_examine(c->after);

	put_missing(c, "DOCTOR - no longer found", before, after);
	put_missing(c, "DOCTOR - newly found", after, before);
	free(before);
	free(after);
}

void diff_text(
	const struct simulation *before, const struct simulation *after, const struct sink *out)
{
	struct comparison c = { before, after, out, 0 };

	sink_printf(out, "before: %s\nafter:  %s\n", before->recording->machine,
		after->recording->machine);
	compare_tables(&c);
	compare_limits(&c);
	compare_memory(&c);
	compare_zones(&c);
	compare_verdicts(&c);
	if (c.differences == 0)
		sink_puts(out, "\nno difference\n");
}

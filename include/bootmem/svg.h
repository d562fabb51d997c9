/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * svg: a picture of a start's physical memory, to scale: one XML document (SVG 1.1) without scripts, links or
 * fonts of its own. Reads the boot, changes nothing, needs no memory.
 */
#ifndef BOOTMEM_SVG_H
#define BOOTMEM_SVG_H

#include <bootmem/report.h>

/* A line of the lower right column. */
enum svg_weight { SVG_NOTE, SVG_CARE, SVG_TROUBLE };

struct svg_remark {
	const char *mark; /* a word beside a square in the colour of its weight; null: neither */
	enum svg_weight weight;
	const char *text;
};

struct svg_page {
	const struct boot *boot; /* prepared at least */
	enum report_stage stage;
	const char *title;
	const char *origin;  /* behind the figures: "from a kernel log" */
	const char *heading; /* of the remarks; null: the findings are shown instead */
	const struct svg_remark *remark;
	uint32_t remarks;
};

/* Written twice, the first time into nothing, because the height comes first. */
void svg_draw(const struct svg_page *page, const struct sink *out);

#endif

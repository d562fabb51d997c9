/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a start yields, part by part (outcome.h): used by test_starts, test_made_starts and test_made_inputs.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include <bootmem/adopt.h>
#include <bootmem/overview.h>
#include <bootmem/report.h>
#include <bootmem/svg.h>

#include "answers.h"
#include "naive_tables.h"
#include "outcome.h"

#define SHOWN_AT "build/starts"

/* --- parts --------------------------------------------------------------------------------------- */

static void write_stream(void *ctx, const char *text, size_t length)
{
	fwrite(text, 1, length, ctx);
}

void text_open(struct growing_text *t)
{
	t->stream = open_memstream(&t->bytes, &t->size);
	assert_non_null(t->stream);
	t->sink = (struct sink){ write_stream, t->stream };
}

static void add_part(struct outcome *out, struct part part)
{
	assert_true(out->parts < OUTCOME_PARTS);
	out->part[out->parts++] = part;
}

void outcome_add_text(struct outcome *out, const char *name, struct growing_text *t)
{
	fclose(t->stream);
	add_part(out, (struct part){ name, t->bytes, t->size, true });
}

static void add_bytes(struct outcome *out, const char *name, void *bytes, size_t size)
{
	add_part(out, (struct part){ name, bytes, size, false });
}

void outcome_free(struct outcome *out)
{
	for (unsigned i = 0; i < out->parts; i++)
		free(out->part[i].bytes);
	out->parts = 0;
}

/* Eight bytes at a time; the length is part of what is kept. Not the core's own SHA-256, which is under test too. */
static uint64_t digest(const void *bytes, size_t size)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325) ^ size;

	for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
		uint64_t word = 0;

		memcpy(&word, (const char *)bytes + at,
			size - at < sizeof(word) ? size - at : sizeof(word));
		sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		sum ^= sum >> 29;
	}
	return sum;
}

void outcome_put_digest(FILE *to, const void *bytes, size_t size)
{
	fprintf(to, "%016llx\n", (unsigned long long)digest(bytes, size));
}

/* --- reports ------------------------------------------------------------------------------------- */

static void add_report(
	struct outcome *out, const char *name, const struct boot *b, enum report_stage stage)
{
	struct growing_text t;

	text_open(&t);
	report_text(b, stage, &t.sink);
	outcome_add_text(out, name, &t);
}

static void add_json(
	struct outcome *out, const char *name, const struct boot *b, enum report_stage stage)
{
	struct growing_text t;

	text_open(&t);
	report_json_framed(b, stage, &t.sink);
	outcome_add_text(out, name, &t);
}

static void add_picture(
	struct outcome *out, const char *name, const struct boot *b, enum report_stage stage)
{
	const struct svg_page page = {
		.boot = b, .stage = stage, .title = b->input.firmware_vendor, .origin = "a test"
	};
	struct growing_text t;

	text_open(&t);
	svg_draw(&page, &t.sink);
	outcome_add_text(out, name, &t);
}

/* --- the screen ---------------------------------------------------------------------------------- */

static uint8_t rows_8[FONT_GLYPHS * 16], rows_12[FONT_GLYPHS * 24 * 2];
static const struct font font[] = { { 8, 16, rows_8 }, { 12, 24, rows_12 } };
static const struct fonts fonts = { font, 2 };

/* Glyphs that can be told apart. */
static void make_fonts(void)
{
	for (unsigned i = 0; i < FONT_GLYPHS; i++) {
		rows_8[i * 16 + 1] = (uint8_t)i;
		rows_12[(i * 24 + 1) * 2] = (uint8_t)i;
	}
}

/* The lowest tenth is not the overview's. */
static void add_screen(struct outcome *out, const char *name, const struct boot *b, uint32_t width,
	uint32_t height)
{
	size_t bytes = (size_t)width * height * 4;
	uint32_t *pixels = malloc(bytes);
	const struct handoff_framebuffer format = { .width = width,
		.height = height,
		.pitch = width * 4,
		.bits_per_pixel = 32,
		.red_mask = 0xff0000,
		.green_mask = 0xff00,
		.blue_mask = 0xff };
	struct canvas canvas;

	make_fonts();
	memset(pixels, 0xd5, bytes);
	assert_int_equal(canvas_init(&canvas, &fonts, pixels, bytes, &format), BM_OK);
	overview_draw(&canvas, b, height / 10);
	add_bytes(out, name, pixels, bytes);
}

static void add_screens(struct outcome *out, const char *name, const struct boot *b)
{
	if (out->width != 0)
		add_screen(out, name, b, out->width, out->height);
	else
		add_screen(out, name, b, 640, 480);
}

/* --- before mem_init ----------------------------------------------------------------------------- */

#define LL(x) ((unsigned long long)(x))

static void put_bitmap(FILE *to, const struct boot *b, uint32_t nid)
{
	const struct bootmem *bm = &b->bootmem[nid];
	struct pfn_range run = { bm->start_pfn, bm->start_pfn };

	fprintf(to,
		"node %u [%llx, %llx) bitmap %llx+%llx, %llu allocations, %llu merged, %llu bytes, "
		"%llu pages\n",
		nid, LL(bm->start_pfn), LL(bm->end_pfn), LL(b->bitmap_pfn[nid]),
		LL(b->bitmap_pages[nid]), LL(bm->allocations), LL(bm->merged),
		LL(bm->requested_bytes), LL(bm->allocated_pages));
	for (unsigned i = 0; i < BOOTMEM_CURSORS; i++)
		fprintf(to, "cursor %u [%llx, %llx)\n", i, LL(bm->cursor[i].next),
			LL(bm->cursor[i].end));
	while (bootmem_next_free(bm, run.end, bm->end_pfn, &run))
		fprintf(to, "free [%llx, %llx)\n", LL(run.start), LL(run.end));
}

static void put_findings(FILE *to, const struct findings *f)
{
	for (unsigned id = 0; id < FINDING_COUNT; id++) {
		const struct finding *found = &f->of[id];

		if (found->count != 0)
			fprintf(to, "%s %s: %u, [%llx, %llx), %llu bytes\n", finding_quirk(id),
				finding_text(id), found->count, LL(found->start_phys),
				LL(found->end_phys), LL(found->bytes));
	}
}

static void put_owners(FILE *to, const struct boot *b)
{
	for (uint32_t i = 0; i < b->owners.count; i++)
		fprintf(to, "%s [%llx, %llx)\n", owner_name(b->owners.range[i].owner),
			LL(b->owners.range[i].start), LL(b->owners.range[i].end));
}

static void put_map_nodes(FILE *to, const struct boot *b)
{
	const struct node_map *map = &b->node_map;

	for (uint32_t i = 0; i < map->ranges; i++)
		fprintf(to, "ram [%llx, %llx) node %u\n", LL(map->range[i].start),
			LL(map->range[i].end), map->range[i].nid);
	for (uint32_t i = 0; i < map->nodes * map->nodes; i++)
		fprintf(to, "%u to %u: %u, order %u\n", i / map->nodes, i % map->nodes,
			map->distance[i], map->order[i]);
}

static void put_plan(FILE *to, const struct boot *b)
{
	for (uint32_t i = 0; i < b->e820.count; i++)
		fprintf(to, "e820 [%llx, %llx) %s\n", LL(b->e820.entry[i].start),
			LL(b->e820.entry[i].end), e820_type_name(b->e820.entry[i].type));
	for (uint32_t i = 0; i < b->plan.count; i++) {
		const struct map_area *a = &b->plan.area[i];

		fprintf(to, "area %llx at %llx, %llx bytes, rights %u, %s\n", LL(a->phys),
			LL(a->virt), LL(a->bytes), a->rights, map_kind_name(a->kind));
	}
}

static void put_books(FILE *to, const struct boot *b)
{
	put_findings(to, &b->findings);
	put_plan(to, b);
	put_map_nodes(to, b);
	put_owners(to, b);
}

static void add_books(struct outcome *out, const char *name, const struct boot *b)
{
	struct growing_text t;

	text_open(&t);
	put_books(t.stream, b);
	for (uint32_t nid = 0; nid < b->pool.nodes; nid++)
		if (b->bitmap_pages[nid] != 0)
			put_bitmap(t.stream, b, nid);
	outcome_add_text(out, name, &t);
}

static void tables_show_the_plan(const struct boot *b)
{
	struct shown_list list = { 0 };

	shown_read(&list, b->paging.root, &b->paging.mode, b->pool.window);
	shown_matches_plan(&list, &b->plan, &b->paging.mode);
	assert_true(list.tables == b->paging.table_pages);
	shown_free(&list);
}

void outcome_of_prepared(struct outcome *out, struct boot *b)
{
	add_books(out, "prepared-books", b);
	add_report(out, "prepared-report", b, REPORT_REPORT);
	add_report(out, "planned", b, REPORT_PLANNED);
	add_json(out, "prepared-json", b, REPORT_PLANNED);
	add_picture(out, "prepared-svg", b, REPORT_REPORT);
	add_screens(out, "prepared-screen", b);
	tables_show_the_plan(b);
}

void outcome_of_exited(struct outcome *out, struct boot *b)
{
	add_books(out, "exited-books", b);
	tables_show_the_plan(b);
}

/* --- the allocator ------------------------------------------------------------------------------- */

static void put_list(FILE *to, const struct mm *mm, const struct zone *zone, unsigned order)
{
	pfn_t pfn = zone->area[order].head_pfn;

	fprintf(to, "order %u: %llu deferred, %llu:", order, LL(zone->deferred_blocks[order]),
		LL(zone->area[order].blocks));
	for (uint64_t i = 0; i < zone->area[order].blocks && pfn != PFN_NONE; i++) {
		fprintf(to, " %llx", LL(pfn));
		pfn = pfn_to_page(mm, pfn)->link & PFN_NONE;
	}
	fprintf(to, "%s\n", pfn == PFN_NONE ? "" : " ...");
}

static void put_zone(FILE *to, const struct mm *mm, const struct zone *zone, const char *name)
{
	fprintf(to,
		"node %u %s from %llx: %llu spanned, %llu present, %llu managed, %llu free, %llu "
		"deferred from %x on, "
		"watermarks %llu %llu %llu\n",
		zone->nid, name, LL(zone->start_pfn), LL(zone->spanned_pages),
		LL(zone->present_pages), LL(zone->managed_pages), LL(zone->free_pages),
		LL(zone->deferred_pages), zone->deferred_head, LL(zone->watermark_min),
		LL(zone->watermark_low), LL(zone->watermark_high));
	for (unsigned order = 0; order < NR_ORDERS; order++)
		put_list(to, mm, zone, order);
}

static void put_section(FILE *to, const struct mm *mm, uint32_t nr)
{
	const struct section *s = section_nr(mm, nr);

	fprintf(to,
		"section %u: map %llx, first %u, %u pages, flags %u, zone %u, order %u, next %x",
		nr, LL(section_map_pfn(s)), s->map_first, s->map_pages, s->flags, s->zone, s->order,
		s->next);
	for (uint32_t i = 0; (s->flags & SECTION_DEFERRED) && i < s->runs; i++) {
		struct section_run run = section_deferred_run(mm, s, i);

		fprintf(to, ", %u+%u", run.first, run.pages);
	}
	if (s->flags & SECTION_INITIALISED)
		fprintf(to, ", %016llx",
			LL(digest(phys_to_virt(mm->window, pfn_phys(section_map_pfn(s))),
				(size_t)s->map_pages << PAGE_SHIFT)));
	fputc('\n', to);
}

static void put_nodes(FILE *to, const struct mm *mm)
{
	for (uint32_t from = 0; from < mm->nodes; from++) {
		const struct node *node = &mm->node[from];

		fprintf(to, "node %u [%llx, %llx) %llu present\n", from, LL(node->start_pfn),
			LL(node->end_pfn), LL(node->present_pages));
		for (uint32_t to_nid = 0; to_nid < mm->nodes; to_nid++)
			fprintf(to, "%u %u; ", node_distance(mm, from, to_nid),
				node_nearest(mm, from, to_nid));
		fputc('\n', to);
		for (uint32_t i = 0; i < ARCH_NR_ZONES; i++)
			put_zone(to, mm, &node->zone[i], zone_name(i));
	}
}

static void add_mm(struct outcome *out, const struct mm *mm)
{
	struct growing_text t;

	text_open(&t);
	fprintf(t.stream,
		"limits %llx %llx %llx %llx %llx, %u nodes at %llx and %llx, zero page %llx, "
		"sections %llx+%llx, %llu present, "
		"%llu initialised\npkmap %llx: %u slots, next %u, at %llx\npaging %llx %llx+%llx\n",
		LL(mm->limits.min_low_pfn), LL(mm->limits.max_low_pfn), LL(mm->limits.max_pfn),
		LL(mm->limits.highstart_pfn), LL(mm->limits.highend_pfn), mm->nodes,
		LL(mm->nid_map_pfn), LL(mm->distance_pfn), LL(mm->zero_pfn), LL(mm->root_pfn),
		LL(mm->roots), LL(mm->sections_present), LL(mm->sections_initialised),
		LL(mm->pkmap.start), mm->pkmap.slots, mm->pkmap.next, LL(mm->pkmap.table_pfn),
		LL(mm->paging.root), LL(mm->paging.tables_phys), LL(mm->paging.table_pages));
	put_nodes(t.stream, mm);
	for (uint32_t nr = 0; sparse_next(mm, &nr); nr++)
		put_section(t.stream, mm, nr);
	outcome_add_text(out, "mm", &t);
}

/* --- what lies in memory ------------------------------------------------------------------------- */

/* Pages of these owners hold what the core wrote, without addresses of the host, which the native record has. */
static bool has_contents(const struct boot *b, uint32_t owner)
{
	return owner == OWNER_PAGE_TABLES || owner == OWNER_NODES || owner == OWNER_ZERO_PAGE ||
	       owner == OWNER_PKMAP || owner == OWNER_SECTIONS || owner == OWNER_KERNEL ||
	       (owner == OWNER_HANDOFF && b->kernel.protocol == PROTOCOL_LINUX);
}

static void add_memory(struct outcome *out, const char *name, const struct boot *b)
{
	struct growing_text t;

	text_open(&t);
	for (uint32_t i = 0; i < b->owners.count; i++) {
		const struct owner_range *r = &b->owners.range[i];

		if (has_contents(b, r->owner))
			fprintf(t.stream, "%s [%llx, %llx) %016llx\n", owner_name(r->owner),
				LL(r->start), LL(r->end),
				LL(digest(phys_to_virt(b->pool.window, pfn_phys(r->start)),
					(size_t)pfn_phys(r->end - r->start))));
	}
	outcome_add_text(out, name, &t);
}

/* --- what a kernel is told ----------------------------------------------------------------------- */

static struct handoff_table *tables_of(struct handoff *r, unsigned i)
{
	struct handoff_table *const table[] = { &r->e820, &r->efi_map, &r->nodes, &r->node_ranges,
		&r->zones, &r->free, &r->owners, &r->owner_names, &r->areas, &r->area_names,
		&r->modules, &r->timings, &r->cmdline };

	return i < ARRAY_SIZE(table) ? table[i] : NULL;
}

static void sums_to_0(const struct handoff *r)
{
	const uint32_t *word = (const void *)r;
	uint32_t sum = 0;

	for (uint64_t i = 0; i < r->record_bytes / 4; i++)
		sum += word[i];
	assert_int_equal(sum, 0);
}

static const void *table_at(const struct handoff_table *t)
{
	return (const void *)(uintptr_t)t->address;
}

/* Owners and free ranges, merged, are exactly the pages of RAM in the record's e820. */
static void pages_are_accounted_for(const struct handoff *r)
{
	const struct handoff_owner_range *owner = table_at(&r->owners);
	const struct handoff_range *unused = table_at(&r->free);
	const struct handoff_e820 *e = table_at(&r->e820);
	uint32_t o = 0, f = 0;

	for (uint32_t i = 0; i < r->e820.count; i++) {
		pfn_t at = e[i].start_phys >> PAGE_SHIFT, end = e[i].end_phys >> PAGE_SHIFT;

		while (e[i].type == HANDOFF_E820_RAM && at < end) {
			if (o < r->owners.count && owner[o].start_pfn == at) {
				at = owner[o++].end_pfn;
			} else {
				assert_true(f < r->free.count && unused[f].start == at);
				at = unused[f++].end;
			}
			assert_true(at <= end);
		}
	}
	assert_int_equal(o, r->owners.count);
	assert_int_equal(f, r->free.count);
}

/* The record's block, with addresses relative to the window, and without what depends on the width of the program. */
static void add_record(struct outcome *out, const struct boot *b)
{
	const struct handoff *record = phys_to_virt(b->pool.window, b->record_phys);
	size_t size = (size_t)record->record_bytes;
	struct handoff *copy = malloc(size);
	struct handoff_table *t;

	sums_to_0(record);
	pages_are_accounted_for(record);
	assert_true(record->layout_hash == handoff_layout_hash());
	memcpy(copy, record, size);
	for (unsigned i = 0; (t = tables_of(copy, i)) != NULL; i++)
		t->address -= t->address != 0 ? b->pool.window.base : 0;
	copy->mm_address -= b->pool.window.base;
	copy->layout_hash = 0;
	copy->checksum = 0;
	add_bytes(out, "record", copy, size);
}

static void add_linux(struct outcome *out, const struct boot *b)
{
	const struct linux_handoff *h = &b->kernel.linux_handoff;
	struct growing_text t;
	uint8_t *params = malloc(LINUX_PARAMS_BYTES);

	memcpy(params, phys_to_virt(b->pool.window, b->record_phys), LINUX_PARAMS_BYTES);
	add_bytes(out, "boot_params", params, LINUX_PARAMS_BYTES);
	text_open(&t);
	for (unsigned i = 0; i < LINUX_PARTS; i++)
		fprintf(t.stream, "part %u [%llx, %llx)\n", i, LL(h->part[i].start_phys),
			LL(h->part[i].start_phys + h->part[i].bytes));
	outcome_add_text(out, "linux", &t);
}

static void add_kernel(struct outcome *out, struct boot *b)
{
	struct growing_text t;

	if (b->kernel.protocol == PROTOCOL_NATIVE)
		add_record(out, b);
	else if (b->kernel.protocol == PROTOCOL_LINUX)
		add_linux(out, b);
	text_open(&t);
	fprintf(t.stream,
		"%s: %llx at %llx, %llx bytes, entry %llx, record %llx+%llx, told %llx, "
		"framebuffer %llx, uart %llx, "
		"%llu pages of init\n",
		boot_protocol_name(b->kernel.protocol), LL(b->kernel.phys), LL(b->kernel.virt),
		LL(b->kernel.bytes), LL(b->kernel.entry), LL(b->record_phys), LL(b->record_pages),
		LL(boot_record_address(b)), LL(boot_framebuffer_address(b)),
		LL(boot_uart_address(b)), LL(b->freed_init_pages));
	outcome_add_text(out, "kernel", &t);
}

static void add_answers(struct outcome *out, struct boot *b)
{
	struct growing_text t;

	text_open(&t);
	put_answers(t.stream, b);
	outcome_add_text(out, "answers", &t);
	text_open(&t);
	put_requests(t.stream, b);
	outcome_add_text(out, "requests", &t);
	add_memory(out, "memory-then", b);
}

void outcome_of_started(struct outcome *out, struct boot *b)
{
	add_kernel(out, b);
	add_mm(out, b->mm);
	add_memory(out, "memory", b);
	add_books(out, "books", b);
	add_report(out, "report", b, REPORT_BOOTED);
	add_report(out, "simulated", b, REPORT_SIMULATED);
	add_json(out, "json", b, REPORT_BOOTED);
	add_picture(out, "svg", b, REPORT_BOOTED);
	add_screens(out, "screen", b);
	if (out->width == 0)
		add_screen(out, "large-screen", b, 1400, 1050);
	tables_show_the_plan(b);
	add_answers(out, b);
}

void outcome_of_console(struct outcome *out, const struct fake_firmware *fw, enum bm_error error)
{
	struct growing_text t;

	text_open(&t);
	fputs(fw->console_text, t.stream);
	fprintf(t.stream, "error %u; %u claims, %u refused, %u maps, key %llu\n", error, fw->claims,
		fw->refused, fw->readings, LL(fw->key));
	outcome_add_text(out, "console", &t);
}

/* --- golden digests ------------------------------------------------------------------------------ */

enum golden { COMPARE, WRITE, SHOW };

static struct {
	enum golden mode;
	const char *path;
	char *text;                  /* to compare with */
	struct growing_text written; /* to be recorded */
	unsigned lines, used, different;
	const char *current; /* what is being started, until the end */
} golden;

static char *read_all(FILE *file)
{
	struct growing_text t;
	char bytes[4096];
	size_t n;

	text_open(&t);
	while ((n = fread(bytes, 1, sizeof(bytes), file)) != 0)
		fwrite(bytes, 1, n, t.stream);
	fclose(t.stream);
	return t.bytes;
}

static enum golden golden_mode(void)
{
	const char *mode = getenv("GOLDEN");

	if (mode == NULL)
		return COMPARE;
	if (strcmp(mode, "write") != 0 && strcmp(mode, "show") != 0)
		fail_msg("GOLDEN=%s: it is write or show", mode);
	return mode[0] == 'w' ? WRITE : SHOW;
}

void outcomes_open(const char *path)
{
	FILE *file;

	golden.mode = golden_mode();
	golden.path = path;
	if (golden.mode == WRITE)
		text_open(&golden.written);
	if (golden.mode != COMPARE)
		return;
	file = fopen(path, "r");
	if (file == NULL)
		fail_msg("%s: can't be read", path);
	golden.text = read_all(file);
	fclose(file);
	for (const char *at = golden.text; (at = strchr(at, '\n')) != NULL; at++)
		golden.lines++;
}

void outcomes_next(const char *name)
{
	golden.current = name;
}

/* Nothing is written before the last start has ended well. */
static void record(void)
{
	FILE *file = fopen(golden.path, "w");
	bool written;

	fclose(golden.written.stream);
	written = file != NULL &&
		  fwrite(golden.written.bytes, 1, golden.written.size, file) == golden.written.size;
	if (file == NULL || fclose(file) != 0 || !written)
		fail_msg("%s: can't be written", golden.path);
	free(golden.written.bytes);
}

void outcomes_close(void)
{
	golden.current = NULL;
	free(golden.text);
	if (golden.mode == WRITE)
		record();
	if (golden.different != 0)
		fail_msg("%u are not what they were; compare %s with GOLDEN=show of an older tree",
			golden.different, SHOWN_AT);
	if (golden.mode == COMPARE && golden.used != golden.lines)
		fail_msg("%u golden digests, %u were made", golden.lines, golden.used);
}

int outcomes_teardown(void **state)
{
	(void)state;
	if (golden.current != NULL)
		printf("%s (%s): that was the start\n", golden.current, ARCH_NAME);
	return 0;
}

/* Bytes sixteen in a line, lines like the one before left out. */
static void put_dump(FILE *to, const struct part *part)
{
	for (size_t at = 0; at < part->size; at += 16) {
		size_t n = part->size - at < 16 ? part->size - at : 16;

		if (at >= 16 && n == 16 && memcmp(part->bytes + at, part->bytes + at - 16, 16) == 0)
			continue;
		fprintf(to, "%08zx", at);
		for (size_t i = 0; i < n; i++)
			fprintf(to, " %02x", (uint8_t)part->bytes[at + i]);
		fputc('\n', to);
	}
}

static void show(const char *name, const struct part *part)
{
	char path[300];
	FILE *file;

	mkdir("build", 0777);
	mkdir(SHOWN_AT, 0777);
	snprintf(path, sizeof(path), "%s/%s.%s.%s", SHOWN_AT, ARCH_NAME, name, part->name);
	file = fopen(path, "w");
	if (file == NULL)
		return;
	if (part->text)
		fwrite(part->bytes, 1, part->size, file);
	else
		put_dump(file, part);
	fclose(file);
}

/* Does a line say the same as the golden one, which is recorded when that is what is asked for? */
static bool agrees(const char *name, const char *part, uint64_t sum, size_t size)
{
	char line[200];

	snprintf(line, sizeof(line), "%s %s %016llx %zu\n", name, part, LL(sum), size);
	golden.used++;
	if (golden.mode == WRITE)
		return fputs(line, golden.written.stream) >= 0;
	return golden.mode == SHOW || strstr(golden.text, line) != NULL;
}

static void finish(const char *name, struct outcome *out, const char *different)
{
	bool differs = different[0] != '\0';

	for (unsigned i = 0; (differs || golden.mode == SHOW) && i < out->parts; i++)
		show(name, &out->part[i]);
	if (differs)
		printf("%s (%s): not what it was: %s; see %s/%s.%s.*\n", name, ARCH_NAME, different,
			SHOWN_AT, ARCH_NAME, name);
	golden.different += differs;
	outcome_free(out);
}

void outcomes_compare(const char *name, struct outcome *out)
{
	char different[500] = "";

	for (unsigned i = 0; i < out->parts; i++) {
		const struct part *part = &out->part[i];

		if (!agrees(name, part->name, digest(part->bytes, part->size), part->size))
			strcat(strcat(different, different[0] != '\0' ? " " : ""), part->name);
	}
	finish(name, out, different);
}

void outcomes_compare_joined(const char *name, struct outcome *out)
{
	uint64_t sum = 0;
	size_t size = 0;

	for (unsigned i = 0; i < out->parts; i++) {
		sum = sum * 3 + digest(out->part[i].bytes, out->part[i].size);
		size += out->part[i].size;
	}
	finish(name, out, agrees(name, "all", sum, size) ? "" : "some part");
}

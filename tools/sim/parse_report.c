/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parse_report: a report of our own (schema bootmem-report/1), alone or between its two lines in
 * a serial log. Taken from it: the firmware's map, e820, affinity, and what the start began with, so that it can
 * be made again. Called by recording_parse.
 */
#include <stdlib.h>
#include <string.h>

#include <bootmem/owner.h>

#include "json_reader.h"
#include "recording.h"

#define FIELD(name, read, type, member)                                                            \
	{                                                                                          \
		name, read, offsetof(type, member)                                                 \
	}

/* --- ranges ---------------------------------------------------------------------------------- */

static void read_pfn(struct json_reader *j, void *target)
{
	phys_t *phys = target;

	json_read_number(j, phys);
	if (*phys > PFN_END)
		json_fail(j, "a page number of at most 2^40");
	*phys = pfn_phys(*phys);
}

static const struct json_field pfn_range_fields[] = {
	FIELD("start_pfn", read_pfn, struct record, start),
	FIELD("end_pfn", read_pfn, struct record, end),
};

static void read_pfn_range(struct json_reader *j, void *list)
{
	struct record range = { 0 };

	JSON_OBJECT(j, pfn_range_fields, &range);
	record_add(list, range);
}

static void read_pfn_ranges(struct json_reader *j, void *list)
{
	json_read_array(j, read_pfn_range, list);
}

static const struct json_field range_fields[] = {
	FIELD("start", json_read_address, struct record, start),
	FIELD("end", json_read_address, struct record, end),
};

/* An object, or null for an empty range. */
static void read_range(struct json_reader *j, void *range)
{
	if (!json_take_null(j))
		JSON_OBJECT(j, range_fields, range);
}

/* --- e820, the firmware's map, affinity ------------------------------------------------------ */

static void read_e820_type(struct json_reader *j, void *type)
{
	if (!e820_type_of(json_read_string(j), type))
		json_fail(j, "an e820 type");
}

static const struct json_field e820_fields[] = {
	FIELD("start", json_read_address, struct record, start),
	FIELD("end", json_read_address, struct record, end),
	FIELD("type", read_e820_type, struct record, type),
};

static void read_e820_entry(struct json_reader *j, void *list)
{
	struct record record = { 0 };

	JSON_OBJECT(j, e820_fields, &record);
	record_add(list, record);
}

static void read_e820(struct json_reader *j, void *list)
{
	json_read_array(j, read_e820_entry, list);
}

struct descriptor {
	uint64_t type, start, pages, attribute;
};

static const struct json_field descriptor_fields[] = {
	FIELD("type", json_read_number, struct descriptor, type),
	FIELD("start", json_read_address, struct descriptor, start),
	FIELD("pages", json_read_number, struct descriptor, pages),
	FIELD("attribute", json_read_address, struct descriptor, attribute),
};

static void read_descriptor(struct json_reader *j, void *list)
{
	struct descriptor d = { 0 };

	JSON_OBJECT(j, descriptor_fields, &d);
	if (d.type > UINT32_MAX)
		json_fail(j, "a type of 32 bits");
	/* As many bytes as fit: more than that wraps all the same, or ends where no memory is. */
	d.pages = min_u64(d.pages, UINT64_MAX >> PAGE_SHIFT);
	record_add(list, (struct record){ .start = d.start,
				 .end = d.start + pfn_phys(d.pages),
				 .attribute = d.attribute,
				 .type = (uint32_t)d.type });
}

static void read_firmware_map(struct json_reader *j, void *list)
{
	json_read_array(j, read_descriptor, list);
}

struct affinity_range {
	uint64_t nid, start, end;
	bool hotplug, nonvolatile;
};

static const struct json_field affinity_range_fields[] = {
	FIELD("nid", json_read_number, struct affinity_range, nid),
	FIELD("start", json_read_address, struct affinity_range, start),
	FIELD("end", json_read_address, struct affinity_range, end),
	FIELD("hotplug", json_read_truth, struct affinity_range, hotplug),
	FIELD("nonvolatile", json_read_truth, struct affinity_range, nonvolatile),
};

static bool nid_fits(struct json_reader *j, uint64_t nid)
{
	if (nid >= BOOTMEM_MAX_NODES)
		json_fail(j, "a node number below 64");
	return j->expected == NULL;
}

static void read_affinity_range(struct json_reader *j, void *list)
{
	struct affinity_range a = { 0 };

	JSON_OBJECT(j, affinity_range_fields, &a);
	if (nid_fits(j, a.nid))
		record_add(list, (struct record){ .start = a.start,
					 .end = a.end,
					 .attribute = (a.hotplug ? SRAT_HOTPLUG : 0) |
						      (a.nonvolatile ? SRAT_NONVOLATILE : 0),
					 .type = (uint32_t)a.nid });
}

static void read_affinity_memory(struct json_reader *j, void *list)
{
	json_read_array(j, read_affinity_range, list);
}

struct processors {
	uint64_t nids;
	uint32_t nid; /* the next one */
};

static void read_node_processors(struct json_reader *j, void *target)
{
	struct processors *processors = target;
	uint64_t count = 0;

	json_read_number(j, &count);
	if (nid_fits(j, processors->nid) && count != 0)
		processors->nids |= UINT64_C(1) << processors->nid;
	processors->nid++;
}

static void read_processors(struct json_reader *j, void *nids)
{
	struct processors processors = { 0 };

	json_read_array(j, read_node_processors, &processors);
	*(uint64_t *)nids = processors.nids;
}

static const struct json_field affinity_fields[] = {
	FIELD("processors", read_processors, struct recording, processor_nids),
	FIELD("memory", read_affinity_memory, struct recording, srat),
};

static void read_affinity(struct json_reader *j, void *recording)
{
	if (!json_take_null(j))
		JSON_OBJECT(j, affinity_fields, recording);
}

/* --- nodes ----------------------------------------------------------------------------------- */

struct node {
	uint64_t nid;
	struct row {
		uint64_t distance[BOOTMEM_MAX_NODES];
		uint32_t count;
	} row;
};

static void read_distance(struct json_reader *j, void *target)
{
	struct row *row = target;

	if (row->count == BOOTMEM_MAX_NODES)
		json_fail(j, "at most 64 distances");
	else
		json_read_number(j, &row->distance[row->count++]);
}

static void read_row(struct json_reader *j, void *row)
{
	json_read_array(j, read_distance, row);
}

static const struct json_field node_fields[] = {
	FIELD("nid", json_read_number, struct node, nid),
	FIELD("distances", read_row, struct node, row),
};

/* Rows come in order; of a matrix that is not square nothing is used. */
static void take_distances(struct recorded_start *start, const struct node *node)
{
	if (node->nid == 0)
		start->nodes = node->row.count;
	if (node->row.count != start->nodes || node->nid >= start->nodes)
		start->nodes = 0;
	for (uint32_t i = 0; i < start->nodes; i++)
		start->distance[node->nid * start->nodes + i] = (uint8_t)node->row.distance[i];
}

static void read_node(struct json_reader *j, void *target)
{
	struct node node = { 0 };

	JSON_OBJECT(j, node_fields, &node);
	if (nid_fits(j, node.nid))
		take_distances(target, &node);
}

static void read_nodes(struct json_reader *j, void *start)
{
	json_read_array(j, read_node, start);
}

/* --- owners ---------------------------------------------------------------------------------- */

static void read_text(struct json_reader *j, void *text)
{
	*(struct text *)text = json_read_string(j);
}

struct owned {
	struct text owner;
	struct record_list ranges;
};

static const struct json_field owned_fields[] = {
	FIELD("owner", read_text, struct owned, owner),
	FIELD("ranges", read_pfn_ranges, struct owned, ranges),
};

/* One owner's pages can't be worked out from all the rest. */
static void read_owned(struct json_reader *j, void *tables)
{
	struct owned owned = { 0 };

	JSON_OBJECT(j, owned_fields, &owned);
	if (text_is(owned.owner, owner_name(OWNER_FIRMWARE_TABLES)))
		for (uint32_t i = 0; i < owned.ranges.count; i++)
			record_add(tables, owned.ranges.item[i]);
	free(owned.ranges.item);
}

static void read_owners(struct json_reader *j, void *tables)
{
	json_read_array(j, read_owned, tables);
}

/* --- the start ------------------------------------------------------------------------------- */

struct mapping {
	phys_t start, end;
	struct text kind;
	bool write, exec;
};

static const struct json_field mapping_fields[] = {
	FIELD("start", json_read_address, struct mapping, start),
	FIELD("end", json_read_address, struct mapping, end),
	FIELD("kind", read_text, struct mapping, kind),
	FIELD("write", json_read_truth, struct mapping, write),
	FIELD("exec", json_read_truth, struct mapping, exec),
};

static struct record record_of(const struct mapping *m)
{
	return (struct record){ .start = m->start,
		.end = m->end,
		.type = (m->write ? MAP_WRITE : 0) | (m->exec ? MAP_EXEC : 0) };
}

static void read_part(struct json_reader *j, void *list)
{
	struct mapping mapping = { 0 };

	JSON_OBJECT(j, mapping_fields, &mapping);
	record_add(list, record_of(&mapping));
}

static void read_parts(struct json_reader *j, void *list)
{
	json_read_array(j, read_part, list);
}

/* Where virtual is physical. */
static void read_area(struct json_reader *j, void *list)
{
	struct mapping mapping = { 0 };

	JSON_OBJECT(j, mapping_fields, &mapping);
	if (text_is(mapping.kind, map_kind_name(MAP_IDENTITY)))
		record_add(list, record_of(&mapping));
}

static void read_areas(struct json_reader *j, void *list)
{
	json_read_array(j, read_area, list);
}

static const struct json_field paging_fields[] = {
	FIELD("areas", read_areas, struct recorded_start, areas),
};

static void read_paging(struct json_reader *j, void *start)
{
	JSON_OBJECT(j, paging_fields, start);
}

static void read_small(struct json_reader *j, void *target)
{
	uint64_t number = 0;

	json_read_number(j, &number);
	if (number > UINT8_MAX)
		json_fail(j, "a number below 256");
	*(uint8_t *)target = (uint8_t)number;
}

static const struct json_field mode_fields[] = {
	FIELD("levels", read_small, struct paging_mode, levels),
	FIELD("nx", json_read_truth, struct paging_mode, nx),
	FIELD("large", json_read_truth, struct paging_mode, large),
	FIELD("huge", json_read_truth, struct paging_mode, huge),
	FIELD("phys_bits", read_small, struct paging_mode, phys_bits),
};

static void read_mode(struct json_reader *j, void *mode)
{
	JSON_OBJECT(j, mode_fields, mode);
}

static void read_options(struct json_reader *j, void *target)
{
	char **options = target;

	free(*options);
	*options = json_string_value(json_read_string(j));
}

static const struct json_field input_fields[] = {
	FIELD("options", read_options, struct recorded_start, options),
	FIELD("mode", read_mode, struct recorded_start, mode),
	FIELD("image", read_range, struct recorded_start, image),
	FIELD("init", read_range, struct recorded_start, init),
	FIELD("workspace", read_range, struct recorded_start, workspace),
	FIELD("storage", read_range, struct recorded_start, storage),
	FIELD("framebuffer", read_range, struct recorded_start, framebuffer),
	FIELD("uart", read_range, struct recorded_start, uart),
	FIELD("initrd", read_range, struct recorded_start, initrd),
	FIELD("runtime_services", json_read_truth, struct recorded_start, runtime_services),
	FIELD("memory_attributes", json_read_truth, struct recorded_start, memory_attributes),
	FIELD("parts", read_parts, struct recorded_start, parts),
	FIELD("claimed", read_pfn_ranges, struct recorded_start, claimed),
};

static void read_input(struct json_reader *j, void *target)
{
	struct recorded_start *start = target;

	JSON_OBJECT(j, input_fields, start);
	start->known = true;
}

/* --- the kernel ------------------------------------------------------------------------------ */

struct segment {
	uint64_t virt, bytes;
	bool write, exec;
};

static const struct json_field segment_fields[] = {
	FIELD("virt", json_read_address, struct segment, virt),
	FIELD("bytes", json_read_number, struct segment, bytes),
	FIELD("write", json_read_truth, struct segment, write),
	FIELD("exec", json_read_truth, struct segment, exec),
};

static void read_segment(struct json_reader *j, void *list)
{
	struct segment s = { 0 };

	JSON_OBJECT(j, segment_fields, &s);
	record_add(list, (struct record){ .start = s.virt,
				 .end = s.virt + s.bytes,
				 .type = (s.write ? MAP_WRITE : 0) | (s.exec ? MAP_EXEC : 0) });
}

static void read_segments(struct json_reader *j, void *list)
{
	json_read_array(j, read_segment, list);
}

/* Two digits each. */
static void read_setup_header(struct json_reader *j, void *target)
{
	struct recorded_kernel *k = target;
	struct text hex = json_read_string(j);
	uint64_t byte;

	for (k->setup_bytes = 0; hex.end - hex.at >= 2; hex.at += 2) {
		struct text digits = { hex.at, hex.at + 2 };

		if (k->setup_bytes == LINUX_HEADER_MAX_BYTES || !text_hex(&digits, &byte) ||
			!text_empty(&digits))
			break;
		k->setup_header[k->setup_bytes++] = (uint8_t)byte;
	}
	if (!text_empty(&hex))
		json_fail(j, "at most 144 bytes in hexadecimal");
}

static const struct json_field kernel_fields[] = {
	FIELD("entry", json_read_address, struct recorded_kernel, entry),
	FIELD("segments", read_segments, struct recorded_kernel, segments),
	{ "setup_header", read_setup_header, 0 },
};

static void read_handoff(struct json_reader *j, void *kernel)
{
	if (!json_take_null(j))
		JSON_OBJECT(j, kernel_fields, kernel);
}

/* --- the document ---------------------------------------------------------------------------- */

static void read_vendor(struct json_reader *j, void *machine)
{
	char *vendor = json_string_value(json_read_string(j));

	text_copy(text_of(vendor), machine, sizeof(((struct recording *)NULL)->machine));
	free(vendor);
}

static const struct json_field firmware_fields[] = {
	FIELD("vendor", read_vendor, struct recording, machine),
	FIELD("revision", json_read_number, struct recording, start.revision),
	FIELD("descriptors", json_read_number, struct recording, start.descriptors),
	FIELD("descriptor_size", json_read_number, struct recording, start.descriptor_bytes),
	FIELD("exit_attempts", json_read_number, struct recording, start.exit_attempts),
};

static void read_firmware(struct json_reader *j, void *recording)
{
	JSON_OBJECT(j, firmware_fields, recording);
}

static void read_arch(struct json_reader *j, void *arch)
{
	text_copy(json_read_string(j), arch, sizeof(((struct recorded_start *)NULL)->arch));
}

static const struct json_field report_fields[] = {
	FIELD("arch", read_arch, struct recording, start.arch),
	{ "firmware", read_firmware, 0 },
	FIELD("e820", read_e820, struct recording, e820),
	FIELD("nodes", read_nodes, struct recording, start),
	FIELD("paging", read_paging, struct recording, start),
	FIELD("owners", read_owners, struct recording, start.tables),
	FIELD("firmware_map", read_firmware_map, struct recording, efi),
	{ "affinity", read_affinity, 0 },
	FIELD("input", read_input, struct recording, start),
	FIELD("handoff", read_handoff, struct recording, start.kernel),
};

#define BEGIN "-----BEGIN BOOTMEM REPORT-----"
#define END   "-----END BOOTMEM REPORT-----"

bool report_line(struct text line)
{
	return text_find(&line, BEGIN);
}

/*
 * Between its two lines in a log: the last report, as a machine may have started several times. False: it is
 * cut off. True without such lines, too.
 */
static bool seek_frame(struct text *t)
{
	struct text end = *t;

	if (!text_find(&end, BEGIN))
		return true;
	for (*t = end; text_find(&end, BEGIN);)
		*t = end;
	end = *t;
	if (!text_find(&end, END))
		return false;
	t->end = end.at - strlen(END);
	return true;
}

/* The document starts at the last brace before the schema's name. */
static void seek_document(struct json_reader *j)
{
	struct text schema = j->rest;

	if (!text_find(&schema, "bootmem-report/1"))
		return;
	while (schema.at > j->rest.at && *schema.at != '{')
		schema.at--;
	j->rest.at = schema.at;
}

bool parse_report(struct recording *r, struct text text, struct parse_error *error)
{
	struct json_reader j = { .rest = text, .start = text.at };

	if (!seek_frame(&j.rest)) {
		j.rest.at = j.rest.end;
		json_fail(&j, "the rest of the report, up to " END);
	}
	seek_document(&j);
	JSON_OBJECT(&j, report_fields, r);
	if (j.expected != NULL)
		*error = (struct parse_error){ json_line_number(&j), j.expected };
	else if (r->start.descriptors != 0 && r->start.descriptors != r->efi.count)
		*error = (struct parse_error){ 0,
			"as many entries of firmware_map as its \"descriptors\" says; a serial line "
			"may have lost some" };
	else
		return true;
	return false;
}

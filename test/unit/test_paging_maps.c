/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The page tables of every recorded machine (test/maps) in every mode of the architecture, with an image, stacks, a
 * kernel, devices and bad RAM in it: no table could be saved, the checker finds no fault, and whatever single entry is
 * changed, it finds one. What a kernel sees is read from the tables (naive_tables) and must be, page for page,
 * what is worked out here from e820 and the specials.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <bootmem/efi_mat.h>

#include "naive_tables.h"
#include "random.h"
#include "recording.h"
#include "paging_modes.h"

/* One in so many machines and modes: each machine in some mode. */
#ifndef SAMPLE
#define SAMPLE 1
#endif

#define MAPS         "test/maps"
#define MAX_MAPS     400u
#define TABLES_PHYS  UINT64_C(0x01000000)
#define MAX_SPECIALS 1024u
#define KERNEL_VIRT  (ARCH_HIGHMEM ? UINT64_C(0xfc000000) : UINT64_C(0xffffffff80000000))

/* In pages: what is put into RAM, one after the other. */
enum {
	TEXT = 9,
	RODATA = 5,
	DATA = 16,
	STACK = 8, /* the first one is the guard */
	KERNEL_TEXT = 520,
	KERNEL_GAP = 3, /* no segment: not mapped there */
	KERNEL_DATA = 130,
	PLACED = TEXT + RODATA + DATA + STACK + KERNEL_TEXT + KERNEL_GAP + KERNEL_DATA,
};

/* --- the recordings ------------------------------------------------------------------------------------ */

static char *names[MAX_MAPS];
static unsigned maps;

/* INDEX.tsv: a line for each map, its name first; the line above them is no map. */
static int find_maps(void **state)
{
	FILE *file = fopen(MAPS "/INDEX.tsv", "r");
	char line[2000];

	(void)state;
	if (file == NULL || fgets(line, sizeof(line), file) == NULL)
		return -1;
	while (maps < MAX_MAPS && fgets(line, sizeof(line), file) != NULL)
		names[maps++] = strndup(line, strcspn(line, "\t\n"));
	fclose(file);
	return 0;
}

static int forget_maps(void **state)
{
	(void)state;
	while (maps != 0)
		free(names[--maps]);
	return 0;
}

static void read_recording(struct recording *r, const char *name)
{
	static char text[1 << 20];
	struct parse_error error;
	char path[300];
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), MAPS "/%s.txt", name);
	file = fopen(path, "rb");
	assert_non_null(file);
	size = fread(text, 1, sizeof(text), file);
	fclose(file);
	recording_init(r);
	assert_true(recording_parse(r, text, size, &error));
}

/* --- a machine ---------------------------------------------------------------------------------------- */

struct world {
	const char *name;
	struct paging_mode mode;
	struct e820 map;
	struct limits limits;
	struct address_space space;
	struct map_special special[MAX_SPECIALS];
	uint32_t specials;
	struct map_plan plan;
	unsigned char *tables;
	struct paging paging;
	struct paging_rules rules;
	struct shown_list shown;  /* by the tables */
	struct shown_list wanted; /* by e820 and the specials; pages of no size */
};

static struct world w;

static struct window window(void)
{
	return (struct window){ (uintptr_t)w.tables - (uintptr_t)TABLES_PHYS };
}

static struct efi_memory_desc *descriptors(const struct record_list *list)
{
	struct efi_memory_desc *desc = calloc(list->count, sizeof(*desc));

	assert_non_null(desc);
	for (uint32_t i = 0; i < list->count; i++)
		desc[i] = (struct efi_memory_desc){ .type = list->item[i].type,
			.phys_start = list->item[i].start,
			.pages = (list->item[i].end - list->item[i].start) >> PAGE_SHIFT,
			.attribute = list->item[i].attribute };
	return desc;
}

static void make_table(const struct e820_entry *raw, uint32_t count)
{
	w.map = (struct e820){ .capacity = 2 * count };
	w.map.entry = calloc(w.map.capacity, sizeof(*w.map.entry));
	assert_non_null(w.map.entry);
	assert_int_equal(e820_sanitise(raw, count, &w.map, NULL), BM_OK);
}

static struct fw_map map_of(const struct efi_memory_desc *desc, uint32_t count)
{
	return (struct fw_map){
		.bytes = (const uint8_t *)desc, .stride = sizeof(*desc), .count = count
	};
}

static void take_map(const struct recording *r, const struct efi_memory_desc *desc)
{
	uint32_t count = desc != NULL ? r->efi.count : r->e820.count;
	struct e820_entry *raw = calloc(count, sizeof(*raw));

	assert_non_null(raw);
	if (desc != NULL) {
		struct fw_map map = map_of(desc, count);

		assert_int_equal(fw_map_to_raw(&map, raw, count, NULL), BM_OK);
	}
	for (uint32_t i = 0; desc == NULL && i < count; i++)
		raw[i] = (struct e820_entry){ r->e820.item[i].start, r->e820.item[i].end,
			r->e820.item[i].type, 0 };
	make_table(raw, count);
	free(raw);
}

static pfn_t ram_end(void)
{
	struct pfn_range ram = { 0, 0 };

	for (uint32_t i = 0; e820_next_ram(&w.map, &i, &ram);)
		;
	return ram.end;
}

/* As far as the CPU, its tables and the direct map go. */
static void find_limits(void)
{
	struct split split;

	(void)e820_cut_ram(&w.map, min_u64(arch_direct_end(&w.mode), arch_phys_end(&w.mode)));
	split = limits_split(ram_end(), LIMITS_NOT_GIVEN, LIMITS_NOT_GIVEN);
	(void)e820_cut_ram(&w.map, split.ram_end_phys);
	assert_int_equal(limits_find(&w.limits, &w.map, split.low_end_phys), BM_OK);
	arch_address_space(&w.space, &w.limits, &w.mode);
}

static void add_special(struct map_special special)
{
	assert_true(w.specials < MAX_SPECIALS);
	w.special[w.specials++] = special;
}

/* pages from *at on, which goes on behind them. */
static void place(phys_t *at, uint64_t pages, struct map_special special)
{
	special.start_phys = *at;
	special.end_phys = *at += pages * PAGE_SIZE;
	add_special(special);
}

static void place_kernel(phys_t at)
{
	uint64_t bytes = (KERNEL_TEXT + KERNEL_GAP + KERNEL_DATA) * PAGE_SIZE;

	assert_true(
		arch_place_kernel(&w.space, KERNEL_VIRT, KERNEL_VIRT + bytes, KERNEL_VIRT - at));
	place(&at, KERNEL_TEXT, (struct map_special){ .rights = MAP_EXEC, .kernel = true });
	at += KERNEL_GAP * PAGE_SIZE;
	place(&at, KERNEL_DATA, (struct map_special){ .rights = MAP_WRITE, .kernel = true });
}

/* In the largest range of low memory, somewhere. */
static void place_ours(uint64_t *seed)
{
	struct pfn_range ram, best = { 0, 0 };
	phys_t at;

	for (uint32_t i = 0; e820_next_ram(&w.map, &i, &ram);) {
		ram.end =
			min_u64(ram.end, min_u64(w.limits.max_low_pfn, pfn_down(ARCH_SPLIT_PHYS)));
		if (ram.start < ram.end && ram.end - ram.start > best.end - best.start)
			best = ram;
	}
	assert_true(best.end - best.start > PLACED + 1);
	add_special((struct map_special){ .start_phys = pfn_phys(best.end - 1),
		.end_phys = pfn_phys(best.end),
		.guard = true }); /* bad RAM */
	at = pfn_phys(best.start + random_below(seed, best.end - best.start - PLACED));
	place(&at, TEXT, (struct map_special){ .rights = MAP_EXEC, .identity = true });
	place(&at, RODATA, (struct map_special){ .identity = true });
	place(&at, DATA, (struct map_special){ .rights = MAP_WRITE, .identity = true });
	add_special((struct map_special){
		.start_phys = at, .end_phys = at + PAGE_SIZE, .guard = true });
	place(&at, STACK, (struct map_special){ .rights = MAP_WRITE, .identity = true });
	place_kernel(at);
}

/* Where nothing is, or no RAM at least: a framebuffer and registers, next to what comes before. */
static void place_devices(void)
{
	phys_t end = min_u64(w.space.identity_end, arch_phys_end(&w.mode)), at = 0;
	unsigned devices = 0;

	for (uint32_t i = 0; i < w.map.count && devices < 2; at = w.map.entry[i++].end) {
		const struct e820_entry *e = &w.map.entry[i];

		if (e->start - at < 8 * MIB || at + 8 * MIB > end)
			continue;
		add_special((struct map_special){ .start_phys = at,
			.end_phys = at + (devices == 0 ? 5 * MIB + PAGE_SIZE : PAGE_SIZE),
			.rights = MAP_WRITE | (devices == 0 ? MAP_WC : MAP_UC),
			.identity = true });
		devices++;
	}
}

/* From descriptors; where there are none, what ACPI must keep plays their part. */
static void place_runtime(const struct recording *r, const struct efi_memory_desc *desc)
{
	phys_t end = min_u64(w.space.identity_end, arch_phys_end(&w.mode));
	struct runtime_ranges ranges = { .special = w.special + w.specials,
		.capacity = MAX_SPECIALS - w.specials };
	struct efi_mat none = { 0 };

	if (desc != NULL) {
		struct fw_map map = map_of(desc, r->efi.count);

		runtime_ranges_find(&ranges, &map, &none, end, NULL);
		w.specials += ranges.count;
		return;
	}
	for (uint32_t i = 0; i < w.map.count; i++)
		if (w.map.entry[i].type == E820_NVS && w.map.entry[i].end <= end)
			add_special((struct map_special){ .start_phys = w.map.entry[i].start,
				.end_phys = w.map.entry[i].end,
				.rights = MAP_WRITE,
				.identity = true });
}

static void build_tables(void)
{
	uint64_t pages;

	w.plan.capacity = w.map.count + 4 * w.specials + 4;
	w.plan.area = calloc(w.plan.capacity, sizeof(*w.plan.area));
	assert_non_null(w.plan.area);
	assert_int_equal(
		mapplan_build(&w.plan, &w.space, &w.map, &w.limits, w.special, w.specials), BM_OK);
	pages = paging_table_pages(&w.plan, &w.mode);
	w.tables = aligned_alloc(PAGE_SIZE, (size_t)(pages * PAGE_SIZE));
	assert_non_null(w.tables);
	memset(w.tables, 0xa5, (size_t)(pages * PAGE_SIZE));
	assert_int_equal(
		paging_build(&w.paging, &w.plan, &w.mode, TABLES_PHYS, pages, window()), BM_OK);
	w.rules = (struct paging_rules){ &w.space, &w.map, &w.limits, w.special, w.specials };
}

static void world_make(const char *name, const struct recording *r, const struct paging_mode *mode)
{
	struct efi_memory_desc *desc = r->efi.count != 0 ? descriptors(&r->efi) : NULL;
	uint64_t seed = strlen(name) + mode->levels;

	memset(&w, 0, sizeof(w));
	w.name = name;
	w.mode = *mode;
	take_map(r, desc);
	find_limits();
	place_ours(&seed);
	place_devices();
	place_runtime(r, desc);
	free(desc);
	build_tables();
	shown_read(&w.shown, w.paging.root, &w.mode, window());
}

static void world_free(void)
{
	free(w.map.entry);
	free(w.plan.area);
	free(w.tables);
	shown_free(&w.shown);
	shown_free(&w.wanted);
}

/* In every mode of every map. */
static void for_each_world(void (*test)(void))
{
	assert_true(maps >= 265);
	for (unsigned i = 0; i < maps; i++) {
		struct recording r;

		read_recording(&r, names[i]);
		for (size_t k = 0; k < ARRAY_SIZE(all_modes); k++) {
			if (!mode_here(&all_modes[k]) || (i + k) % SAMPLE != 0)
				continue;
			world_make(names[i], &r, &all_modes[k]);
			test();
			world_free();
		}
		recording_free(&r);
	}
}

#define world_assert(condition)                                                                    \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail_msg("%s, %u levels%s%s%s: %s", w.name, w.mode.levels,                 \
				w.mode.large ? ", large" : "", w.mode.huge ? ", huge" : "",        \
				w.mode.nx ? ", NX" : "", #condition);                              \
	} while (0)

/* --- what must be seen --------------------------------------------------------------------------------- */

static bool has_nx(void)
{
	return w.mode.nx && w.mode.levels > 2;
}

static int compare_addresses(const void *a, const void *b)
{
	phys_t x = *(const phys_t *)a, y = *(const phys_t *)b;

	return (x > y) - (x < y);
}

/* Where anything changes, in ascending order. */
static uint32_t find_edges(phys_t **out)
{
	uint32_t count = 0;
	phys_t *edge = calloc(2 * (w.map.count + w.specials) + 3, sizeof(*edge));

	assert_non_null(edge);
	edge[count++] = 0;
	edge[count++] = PAGE_SIZE;
	edge[count++] = pfn_phys(ARCH_HIGHMEM ? w.limits.max_low_pfn : w.limits.max_pfn);
	for (uint32_t i = 0; i < w.map.count; i++) {
		edge[count++] = w.map.entry[i].start;
		edge[count++] = w.map.entry[i].end;
	}
	for (uint32_t i = 0; i < w.specials; i++) {
		edge[count++] = w.special[i].start_phys;
		edge[count++] = w.special[i].end_phys;
	}
	qsort(edge, count, sizeof(*edge), compare_addresses);
	*out = edge;
	return count;
}

static bool is_ram(phys_t phys)
{
	for (uint32_t i = 0; i < w.map.count; i++)
		if (w.map.entry[i].start <= phys && phys < w.map.entry[i].end)
			return w.map.entry[i].type == E820_RAM;
	return false;
}

/* [phys, end), in which nothing changes: once for each place where it must be seen. */
static void want(phys_t phys, phys_t end)
{
	bool covered = false, identity = false, kernel = false, write = true, exec = true;
	bool uncached = false, combining = false;
	uint32_t type, seen;

	if (phys == 0)
		return;
	for (uint32_t i = 0; i < w.specials; i++) {
		const struct map_special *s = &w.special[i];

		if (phys < s->start_phys || s->end_phys <= phys)
			continue;
		if (s->guard)
			return;
		covered = true;
		identity = identity || s->identity;
		kernel = kernel || s->kernel;
		write = write && (s->rights & MAP_WRITE) != 0;
		exec = exec && (s->rights & MAP_EXEC) != 0;
		uncached = uncached || (s->rights & MAP_UC) != 0;
		combining = combining || (s->rights & MAP_WC) != 0;
	}
	type = uncached ? MAP_UC : combining ? MAP_WC : 0;
	exec = exec && covered;
	seen = type | (write && !exec ? MAP_WRITE : 0) | (exec || !has_nx() ? MAP_EXEC : 0);
	if (identity)
		shown_add(&w.wanted, (struct shown){ phys, phys, end - phys, 0, seen });
	if (kernel)
		shown_add(&w.wanted,
			(struct shown){ w.space.kernel_base + phys, phys, end - phys, 0, seen });
	seen = type | (write && !exec ? MAP_WRITE : 0) | (has_nx() ? 0 : MAP_EXEC);
	if (is_ram(phys) && phys < pfn_phys(ARCH_HIGHMEM ? w.limits.max_low_pfn : w.limits.max_pfn))
		shown_add(&w.wanted,
			(struct shown){ w.space.direct_base + phys, phys, end - phys, 0, seen });
}

static int compare_shown(const void *a, const void *b)
{
	uint64_t x = ((const struct shown *)a)->virt, y = ((const struct shown *)b)->virt;

	return (x > y) - (x < y);
}

/* In ascending order and whatever the sizes of pages. */
static void join(struct shown_list *list)
{
	struct shown_list joined = { 0 };

	qsort(list->item, list->count, sizeof(*list->item), compare_shown);
	for (uint32_t i = 0; i < list->count; i++) {
		struct shown s = list->item[i];

		s.page_shift = 0;
		shown_add(&joined, s);
	}
	free(list->item);
	*list = joined;
}

static void work_out(void)
{
	phys_t *edge;
	uint32_t edges = find_edges(&edge);

	for (uint32_t i = 0; i + 1 < edges; i++)
		if (edge[i] < edge[i + 1])
			want(edge[i], edge[i + 1]);
	free(edge);
	join(&w.wanted);
}

/* --- the kernel's view --------------------------------------------------------------------------------- */

/* Two views of the same pages, or of others. */
static bool same_pages(const struct shown *a, const struct shown *b)
{
	return a->phys < b->phys + b->bytes && b->phys < a->phys + a->bytes;
}

static void aliases_agree(void)
{
	const uint32_t types = MAP_UC | MAP_WC, both = MAP_WRITE | MAP_EXEC;

	for (uint32_t i = 0; i < w.shown.count; i++)
		for (uint32_t k = i; k < w.shown.count; k++) {
			const struct shown *a = &w.shown.item[i], *b = &w.shown.item[k];

			if (!same_pages(a, b))
				continue;
			world_assert(!has_nx() || ((a->rights | b->rights) & both) != both);
			world_assert(((a->rights ^ b->rights) & types) == 0);
		}
}

/* What one special that caches asks for may be in a cacheable page, and RAM, nothing else. */
static bool may_be_cached(const struct shown *s)
{
	pfn_t start = pfn_down(s->phys), end = pfn_down(s->phys + s->bytes);

	if (e820_ram_pages(&w.map, start, end) == end - start)
		return true;
	for (uint32_t i = 0; i < w.specials; i++)
		if (w.special[i].start_phys <= s->phys &&
			s->phys + s->bytes <= w.special[i].end_phys &&
			(w.special[i].rights & (MAP_UC | MAP_WC)) == 0)
			return true;
	return false;
}

static void large_pages_are_memory(void)
{
	for (uint32_t i = 0; i < w.shown.count; i++) {
		const struct shown *s = &w.shown.item[i];

		if (s->page_shift > PAGE_SHIFT && (s->rights & (MAP_UC | MAP_WC)) == 0)
			world_assert(may_be_cached(s));
	}
}

static void view_is_as_worked_out(void)
{
	shown_matches_plan(&w.shown, &w.plan, &w.mode);
	aliases_agree();
	large_pages_are_memory();
	work_out();
	join(&w.shown);
	world_assert(w.shown.count == w.wanted.count);
	world_assert(
		memcmp(w.shown.item, w.wanted.item, w.wanted.count * sizeof(*w.wanted.item)) == 0);
}

static void kernel_sees_what_belongs_there(void **state)
{
	(void)state;
	for_each_world(view_is_as_worked_out);
}

/* --- as few tables as any ------------------------------------------------------------------------------ */

static unsigned shift_of(unsigned level)
{
	return PAGE_SHIFT + (level - 1) * (w.mode.levels == 2 ? 10 : 9);
}

static unsigned entries_of(unsigned level)
{
	return w.mode.levels == 3 && level == 3 ? 4 : w.mode.levels == 2 ? 1024 : 512;
}

static unsigned top_page_level(void)
{
	return !w.mode.large ? 1 : w.mode.huge ? 3 : 2;
}

/* The first stretch that ends above virt, or null. */
static const struct shown *wanted_from(uint64_t virt)
{
	uint32_t low = 0, high = w.wanted.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		const struct shown *s = &w.wanted.item[middle];

		if (s->virt + (s->bytes - 1) < virt)
			low = middle + 1;
		else
			high = middle;
	}
	return low < w.wanted.count ? &w.wanted.item[low] : NULL;
}

static bool meets(uint64_t start, uint64_t end, uint64_t virt, uint64_t last)
{
	return start < end && start <= last && virt < end;
}

/* Must a table of this level be there, though it may be empty? (docs/address-space.md, "Tables without pages") */
static bool table_promised(unsigned level, uint64_t virt, uint64_t last)
{
	const struct address_space *s = &w.space;

	return meets(s->fixmap_start, s->fixmap_end, virt, last) ||
	       meets(s->pkmap_start, s->pkmap_end, virt, last) ||
	       (meets(s->vmalloc_start, s->vmalloc_end, virt, last) && w.mode.levels > 2 &&
		       level + 1u >= w.mode.levels);
}

/* Tables under an entry whose stretch is shown in one piece. */
static uint64_t fewest_in_one_piece(unsigned level, uint64_t offset)
{
	if (level == 1)
		return 0;
	if (level <= top_page_level() && offset % (UINT64_C(1) << shift_of(level)) == 0)
		return 0;
	return 1 + entries_of(level - 1) * fewest_in_one_piece(level - 1, offset);
}

/* Tables under the entry of this level at virt. */
static uint64_t fewest_under(unsigned level, uint64_t virt)
{
	uint64_t last = virt + ((UINT64_C(1) << shift_of(level)) - 1), tables = 1;
	const struct shown *s = wanted_from(virt);
	bool empty = s == NULL || s->virt > last;

	if (level == 1 || (empty && !table_promised(level - 1, virt, last)))
		return 0;
	if (!empty && s->virt <= virt && last <= s->virt + (s->bytes - 1))
		return fewest_in_one_piece(level, s->virt - s->phys);
	for (unsigned i = 0; i < entries_of(level - 1); i++)
		tables += fewest_under(level - 1, virt + ((uint64_t)i << shift_of(level - 1)));
	return tables;
}

static uint64_t fewest_tables(void)
{
	unsigned entries = entries_of(w.mode.levels), shift = shift_of(w.mode.levels);
	uint64_t tables = 1;

	for (unsigned i = 0; i < entries; i++) {
		uint64_t virt = (uint64_t)i << shift;

		if (w.mode.levels > 3 && i >= entries / 2)
			virt |= UINT64_MAX << (shift + 9);
		tables += fewest_under(w.mode.levels, virt);
	}
	return tables;
}

static void no_table_could_be_saved(void)
{
	work_out();
	world_assert(w.shown.tables == w.paging.table_pages);
	world_assert(w.paging.table_pages == fewest_tables());
}

static void as_few_tables_as_any(void **state)
{
	(void)state;
	for_each_world(no_table_could_be_saved);
}

/* --- the checker --------------------------------------------------------------------------------------- */

static uint64_t mutations;

static struct paging_violation check(void)
{
	return paging_check(&w.paging, window(), &w.rules);
}

static unsigned entry_bytes(void)
{
	return w.mode.levels == 2 ? 4 : 8;
}

static void spoil(unsigned char *entry, const unsigned char *bytes)
{
	unsigned char old[8];

	if (memcmp(entry, bytes, entry_bytes()) == 0)
		return;
	memcpy(old, entry, entry_bytes());
	memcpy(entry, bytes, entry_bytes());
	if (check().fault == PAGING_SOUND)
		fail_msg("%s, %u levels: entry %lu is not seen to have changed", w.name,
			w.mode.levels,
			(unsigned long)((uintptr_t)(entry - w.tables) / entry_bytes()));
	memcpy(entry, old, entry_bytes());
	mutations++;
}

static unsigned char *entry_at(uint64_t index)
{
	return w.tables + (size_t)index * entry_bytes();
}

static bool is_present(const unsigned char *entry)
{
	return (entry[0] & 1) != 0;
}

/* Any entry of the first tables, or any present one. */
static uint64_t choose(uint64_t *seed, uint64_t tables, bool present)
{
	uint64_t entries = tables * PAGE_SIZE / entry_bytes(), index;

	do
		index = random_below(seed, entries);
	while (present && !is_present(entry_at(index)));
	return index;
}

/* Each bit: present, write, type, accessed, dirty, size, address, reserved and ignored ones, NX. */
static void flip_bits(unsigned char *entry)
{
	for (unsigned bit = 0; bit < 8 * entry_bytes(); bit++) {
		unsigned char changed[8];

		memcpy(changed, entry, entry_bytes());
		changed[bit / 8] ^= (unsigned char)(1u << bit % 8);
		spoil(entry, changed);
	}
}

/* Bits of an entry of the root and of any; an entry in another's place: another page, or another level. */
static void no_change_goes_unseen(void)
{
	uint64_t tables = w.paging.table_pages, seed = 31 * tables + w.map.count;
	unsigned copies = tables < 100 ? 12 : 2;

	world_assert(check().fault == PAGING_SOUND);
	flip_bits(entry_at(choose(&seed, 1, true)));
	flip_bits(entry_at(choose(&seed, tables, true)));
	for (unsigned i = 0; i < copies; i++)
		spoil(entry_at(choose(&seed, tables, i % 2)),
			entry_at(choose(&seed, tables, true)));
	world_assert(check().fault == PAGING_SOUND);
}

static void checker_sees_every_change(void **state)
{
	(void)state;
	mutations = 0;
	for_each_world(no_change_goes_unseen);
	print_message("%llu mutations\n", (unsigned long long)mutations);
	assert_true(mutations > 60000 / SAMPLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_sees_what_belongs_there),
		cmocka_unit_test(as_few_tables_as_any),
		cmocka_unit_test(checker_sees_every_change),
	};

	return cmocka_run_group_tests(tests, find_maps, forget_maps);
}

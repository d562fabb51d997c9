/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * torture: takes every free page of every zone and node, writes a pattern into each, calls the firmware, verifies the
 * pattern, frees everything in random order, and must find the zones exactly as they were.
 *
 * The pattern: each 64-bit word is its own physical address XOR PATTERN. Whoever looks from outside finds it in every
 * free page once "TORTURE: pattern stands" is printed; with the word "wait" on the command line the machine
 * then stands still.
 *
 * Words of the command line: "mixed" adds a round with blocks of all orders, "reclaim" frees what the loader may be
 * asked to give up before one more round, "all" then also gives up the loader's descriptor tables, its stack,
 * the record, and the page tables that the firmware parked other processors on, and adds a last round. Needs no memory of its own: what is taken forms a list through
 * the next fields of its page descriptors, which are the owner's (mm.h).
 */
#include <bootmem/adopt.h>
#include <bootmem/format.h>

#include "console.h"
#include "descriptors.h"
#include "firmware.h"
#include "physical.h"
#include "processors.h"

#define PATTERN        UINT64_C(0xb007b007b007b000) /* its low bits are 0: words of a page ascend by 8 */
#define WORDS          (PAGE_SIZE / sizeof(uint64_t))
#define ZONES          (BOOTMEM_MAX_NODES * ARCH_NR_ZONES)
#define BUCKETS        256
#define SHUFFLE_PASSES 3 /* 24 random bits for each block */
#define FAULTS_SHOWN   16

struct block_list {
	pfn_t first, last;
	uint64_t blocks;
};

struct counts {
	uint64_t free_pages;
	uint64_t free_blocks[NR_ORDERS];
};

/* Everything is here and not on the stack, so that the loader's can be given up. */
struct torture {
	struct mm *mm;
	const struct handoff *record; /* null once it was given up */
	struct firmware firmware;
	struct physical physical;
	bool mixed, reclaim, all, wait;
	uint64_t random;
	uint64_t pages; /* taken, in all rounds */
	uint32_t faults;
	struct block_list taken, bucket[BUCKETS];
	struct counts before[ZONES];
};

static struct torture the_torture;

handoff_entry kernel;

/* --- output ----------------------------------------------------------------------------------- */

static void write(void *ctx, const char *text, size_t length)
{
	(void)ctx;
	console_write(text, length);
}

static const struct sink out = { .write = write };

BM_PRINTF(2, 3) static void fault(struct torture *t, const char *format, ...)
{
	va_list args;

	if (t->faults++ >= FAULTS_SHOWN)
		return;
	va_start(args, format);
	sink_puts(&out, "TORTURE: ");
	sink_vprintf(&out, format, args);
	sink_puts(&out, "\n");
	va_end(args);
}

static _Noreturn void finish(struct torture *t)
{
	if (t->faults == 0)
		sink_printf(&out, "TORTURE: ok, %llu pages\n", ULL(t->pages));
	else
		sink_printf(&out, "TORTURE: FAILED, %u faults\n", t->faults);
	firmware_power_off(&t->firmware);
}

/* --- lists of blocks -------------------------------------------------------------------------- */

static pfn_t next_of(struct torture *t, pfn_t pfn)
{
	return pfn_to_page(t->mm, pfn)->link & PFN_NONE;
}

static void set_next(struct torture *t, pfn_t pfn, pfn_t next)
{
	struct page *page = pfn_to_page(t->mm, pfn);

	page->link = (page->link & ~PFN_NONE) | next;
}

static const struct block_list empty_list = { PFN_NONE, PFN_NONE, 0 };

static void append(struct torture *t, struct block_list *list, pfn_t pfn)
{
	set_next(t, pfn, PFN_NONE);
	if (list->blocks++ == 0)
		list->first = pfn;
	else
		set_next(t, list->last, pfn);
	list->last = pfn;
}

static void join(struct torture *t, struct block_list *list, const struct block_list *more)
{
	if (more->blocks == 0)
		return;
	if (list->blocks == 0)
		list->first = more->first;
	else
		set_next(t, list->last, more->first);
	list->last = more->last;
	list->blocks += more->blocks;
}

/* Marsaglia's xorshift with 13, 7, 17; never 0. */
static uint32_t next_random(struct torture *t)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return (uint32_t)(t->random >> 32);
}

/* Sorting by random digits: each pass deals the blocks out to the buckets and picks them up again. */
static void shuffle(struct torture *t)
{
	for (uint32_t pass = 0; pass < SHUFFLE_PASSES; pass++) {
		for (uint32_t i = 0; i < BUCKETS; i++)
			t->bucket[i] = empty_list;
		for (pfn_t pfn = t->taken.first, next; pfn != PFN_NONE; pfn = next) {
			next = next_of(t, pfn);
			append(t, &t->bucket[next_random(t) % BUCKETS], pfn);
		}
		t->taken = empty_list;
		for (uint32_t i = 0; i < BUCKETS; i++)
			join(t, &t->taken, &t->bucket[i]);
	}
}

/* --- the pattern ------------------------------------------------------------------------------ */

static void fill_page(struct torture *t, pfn_t pfn)
{
	const uint64_t base = pfn_phys(pfn) ^ PATTERN;
	uint64_t *word = kmap(t->mm, pfn);

	if (word == NULL) {
		fault(t, "page %llx can't be mapped", ULL(pfn));
		return;
	}
	for (uint32_t i = 0; i < WORDS; i += 4) {
		word[i] = base | (i * 8);
		word[i + 1] = base | (i * 8 + 8);
		word[i + 2] = base | (i * 8 + 16);
		word[i + 3] = base | (i * 8 + 24);
	}
	if (kunmap(t->mm, pfn) != BM_OK)
		fault(t, "page %llx can't be unmapped", ULL(pfn));
}

static bool differs(const uint64_t *word, uint64_t base)
{
	uint64_t wrong = 0;

	for (uint32_t i = 0; i < WORDS; i += 4) {
		wrong |= word[i] ^ (base | (i * 8));
		wrong |= word[i + 1] ^ (base | (i * 8 + 8));
		wrong |= word[i + 2] ^ (base | (i * 8 + 16));
		wrong |= word[i + 3] ^ (base | (i * 8 + 24));
	}
	return wrong != 0;
}

static void verify_page(struct torture *t, pfn_t pfn)
{
	const uint64_t base = pfn_phys(pfn) ^ PATTERN;
	const uint64_t *word = kmap(t->mm, pfn);
	uint32_t i = 0;

	if (word == NULL || differs(word, base)) {
		while (word != NULL && i + 1 < WORDS && word[i] == (base | (i * 8)))
			i++;
		fault(t, "page %llx: word %u is %llx", ULL(pfn), i,
			word != NULL ? ULL(word[i]) : 0);
	}
	if (kunmap(t->mm, pfn) != BM_OK)
		fault(t, "page %llx can't be unmapped", ULL(pfn));
}

static void each_page(struct torture *t, void (*visit)(struct torture *t, pfn_t pfn))
{
	for (pfn_t pfn = t->taken.first; pfn != PFN_NONE; pfn = next_of(t, pfn)) {
		uint64_t pages = UINT64_C(1) << page_order(pfn_to_page(t->mm, pfn));

		for (uint64_t i = 0; i < pages; i++)
			visit(t, pfn + i);
	}
}

/* --- taking and freeing ------------------------------------------------------------------------ */

static uint32_t zones_of(const struct torture *t)
{
	return t->mm->nodes * ARCH_NR_ZONES;
}

static struct counts counts_of(struct torture *t, uint32_t zone)
{
	const struct zone *z = mm_zone(t->mm, zone);
	struct counts counts = { .free_pages = z->free_pages };

	for (unsigned order = 0; order < NR_ORDERS; order++)
		counts.free_blocks[order] = zone_free_blocks(z, order);
	return counts;
}

static unsigned order_to_try(struct torture *t, bool mixed)
{
	return mixed ? next_random(t) % NR_ORDERS : 0;
}

/* Every block of a zone; when one order is used up, a smaller one. */
static void take_zone(struct torture *t, uint32_t zone, bool mixed)
{
	uint64_t pages = 0;

	for (;;) {
		unsigned order = order_to_try(t, mixed);
		pfn_t pfn = zone_alloc_pages(t->mm, zone, order);

		while (pfn == PFN_NONE && order > 0)
			pfn = zone_alloc_pages(t->mm, zone, --order);
		if (pfn == PFN_NONE)
			break;
		append(t, &t->taken, pfn);
		pages += UINT64_C(1) << order;
	}
	if (pages != t->before[zone].free_pages || mm_zone(t->mm, zone)->free_pages != 0)
		fault(t, "zone %u: %llu of %llu pages taken, %llu left", zone, ULL(pages),
			ULL(t->before[zone].free_pages), ULL(mm_zone(t->mm, zone)->free_pages));
	t->pages += pages;
}

static void take_all(struct torture *t, bool mixed)
{
	t->taken = empty_list;
	for (uint32_t zone = 0; zone < zones_of(t); zone++) {
		t->before[zone] = counts_of(t, zone);
		take_zone(t, zone, mixed);
	}
	if (alloc_pages(t->mm, GFP_HIGHUSER, 0) != PFN_NONE)
		fault(t, "there is a page when there is none");
}

static void free_all(struct torture *t)
{
	for (pfn_t pfn = t->taken.first, next; pfn != PFN_NONE; pfn = next) {
		unsigned order = page_order(pfn_to_page(t->mm, pfn));

		next = next_of(t, pfn);
		if (free_pages(t->mm, pfn, order) != BM_OK)
			fault(t, "block %llx of order %u can't be freed", ULL(pfn), order);
		if (free_pages(t->mm, pfn, order) == BM_OK)
			fault(t, "block %llx of order %u was freed twice", ULL(pfn), order);
	}
}

static void compare_counts(struct torture *t)
{
	for (uint32_t zone = 0; zone < zones_of(t); zone++) {
		struct counts now = counts_of(t, zone);
		const struct counts *before = &t->before[zone];

		if (now.free_pages != before->free_pages)
			fault(t, "zone %u: %llu pages free, %llu before", zone, ULL(now.free_pages),
				ULL(before->free_pages));
		for (unsigned order = 0; order < NR_ORDERS; order++)
			if (now.free_blocks[order] != before->free_blocks[order])
				fault(t, "zone %u: %llu blocks of order %u, %llu before", zone,
					ULL(now.free_blocks[order]), order,
					ULL(before->free_blocks[order]));
	}
	if (!mm_check(t->mm))
		fault(t, "the allocator's lists are broken");
}

/* The zones are as the record says: nobody took a page in between. */
static void compare_record(struct torture *t)
{
	for (uint32_t zone = 0; zone < zones_of(t) && zone < t->record->zones.count; zone++) {
		const struct handoff_zone *said = table_at(&t->record->zones, zone);

		if (mm_zone(t->mm, zone)->free_pages != said->free_pages)
			fault(t, "zone %u: %llu pages free, %llu in the record", zone,
				ULL(mm_zone(t->mm, zone)->free_pages), ULL(said->free_pages));
	}
}

/* --- rounds ------------------------------------------------------------------------------------ */

/* Nothing but free memory was written to. */
static void check_neighbours(struct torture *t)
{
	struct acpi_result acpi = acpi_verify(&t->physical);

	if (t->record != NULL && !handoff_valid(t->record))
		fault(t, "the record's checksum is wrong");
	if (acpi.tables == 0 && t->physical.rsdp_phys != 0)
		fault(t, "there are no ACPI tables");
	if (acpi.broken_phys != 0)
		fault(t, "the ACPI table at %llx is broken", ULL(acpi.broken_phys));
	if (t->firmware.system_table_phys != 0 && !firmware_works(&t->firmware))
		fault(t, "the firmware's runtime services don't work");
}

static void run_round(struct torture *t, const char *what, bool mixed)
{
	uint64_t before = t->pages;

	take_all(t, mixed);
	sink_printf(&out, "TORTURE: %s, %llu pages in %llu blocks\n", what, ULL(t->pages - before),
		ULL(t->taken.blocks));
	each_page(t, fill_page);
	check_neighbours(t);
	each_page(t, verify_page);
	sink_puts(&out, "TORTURE: pattern stands\n");
	if (t->wait)
		machine_halt();
	shuffle(t);
	free_all(t);
	compare_counts(t);
}

static void reclaim(struct torture *t, uint64_t keep)
{
	uint64_t before = 0, after = 0, freed;

	for (uint32_t zone = 0; zone < zones_of(t); zone++)
		before += mm_zone(t->mm, zone)->free_pages;
	freed = bootmem_reclaim(t->mm, t->record, keep);
	for (uint32_t zone = 0; zone < zones_of(t); zone++)
		after += mm_zone(t->mm, zone)->free_pages;
	sink_printf(&out, "TORTURE: %llu pages reclaimed\n", ULL(freed));
	if (freed == 0 || after - before != freed)
		fault(t, "%llu pages reclaimed, %llu more free", ULL(freed), ULL(after - before));
}

/* Take all of the first zone, give back all but one page that a processor can start in. */
static pfn_t take_low_page(struct torture *t)
{
	pfn_t low = PFN_NONE;

	t->taken = empty_list;
	t->before[0] = counts_of(t, 0);
	take_zone(t, 0, false);
	for (pfn_t pfn = t->taken.first, next; pfn != PFN_NONE; pfn = next) {
		next = next_of(t, pfn);
		if (low == PFN_NONE && pfn < PROCESSORS_LOW_PFN)
			low = pfn;
		else if (free_pages(t->mm, pfn, 0) != BM_OK)
			fault(t, "page %llx can't be freed", ULL(pfn));
	}
	t->pages -= t->before[0].free_pages;
	return low;
}

static void park_others(struct torture *t)
{
	pfn_t low = take_low_page(t);

	if (low == PFN_NONE || !processors_park(&t->physical, low))
		fault(t, "the other processors can't be parked");
}

/* On our own stack: of the loader's only page tables and the allocator are left. */
static _Noreturn void without_loader(void *ctx)
{
	struct torture *t = ctx;

	park_others(t);
	reclaim(t, 0);
	t->record = NULL;
	run_round(t, "without the loader", true);
	finish(t);
}

static void run(struct torture *t)
{
	compare_record(t);
	check_neighbours(t);
	run_round(t, "single pages", false);
	if (t->mixed)
		run_round(t, "mixed orders", true);
	compare_record(t);
	if (t->reclaim) {
		reclaim(t, OWNER_BIT(OWNER_CPU) | OWNER_BIT(OWNER_IMAGE) |
				   OWNER_BIT(OWNER_HANDOFF) | OWNER_BIT(OWNER_FIRMWARE_TABLES));
		run_round(t, "after reclaiming", false);
	}
	if (t->all)
		descriptors_switch(without_loader, t);
	finish(t);
}

void kernel(const struct handoff *record)
{
	struct torture *t = &the_torture;
	enum bm_error error;

	console_open(record);
	t->record = record;
	t->random = HANDOFF_MAGIC;
	t->firmware = firmware_of(record);
	t->mixed = cmdline_has(record, "mixed");
	t->reclaim = cmdline_has(record, "reclaim");
	t->all = cmdline_has(record, "all");
	t->wait = cmdline_has(record, "wait");
	error = bootmem_adopt(record, &t->mm);
	if (error == BM_OK) {
		t->physical = physical_of(record, t->mm);
		run(t);
	}
	fault(t, "the record can't be adopted (%u)", error);
	finish(t);
}

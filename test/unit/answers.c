/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Questions to a started machine (answers.h): used by outcome.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bootmem/adopt.h>

#include "answers.h"
#include "random.h"

#define LL(x)    ((unsigned long long)(x))
#define REQUESTS 160u
#define HELD     48u

/* --- pages --------------------------------------------------------------------------------------- */

static void put_page(FILE *to, const struct boot *b, pfn_t pfn)
{
	const struct owner_range *r = owners_from(&b->owners, pfn);
	bool owned = r != NULL && r->start <= pfn;
	pfn_t end = 0;

	fprintf(to, "page %llx: %u %s", LL(pfn), e820_type_at(&b->e820, pfn),
		owned ? owner_name(r->owner) : "-");
	if (pfn < b->limits.max_pfn)
		fprintf(to, " node %u%s", mm_pfn_to_nid(b->mm, pfn),
			pfn_valid(b->mm, pfn) ? " valid" : "");
	if (e820_type_at(&b->e820, pfn) == E820_RAM) {
		uint32_t zone = zone_of_pfn(b->mm, pfn, pfn + 0x100000, &end);

		fprintf(to, " zone %u up to %llx", zone, LL(end));
	}
	fprintf(to, " %llu\n", LL(e820_ram_pages(&b->e820, pfn, pfn + 1000)));
}

/* One before, one at and one behind an edge. */
static void put_around(FILE *to, const struct boot *b, pfn_t pfn)
{
	for (pfn_t at = pfn != 0 ? pfn - 1 : 0; at <= pfn + 1 && at < PFN_END; at++)
		put_page(to, b, at);
}

static void put_edges(FILE *to, const struct boot *b)
{
	for (uint32_t i = 0; i < b->e820.count; i++)
		put_around(to, b, pfn_down(b->e820.entry[i].end));
	for (uint32_t i = 0; i < b->owners.count; i++)
		put_around(to, b, b->owners.range[i].start);
	for (uint32_t i = 0; i < b->node_map.ranges; i++)
		put_around(to, b, b->node_map.range[i].end);
	for (uint32_t i = 0; i < b->mm->nodes * ARCH_NR_ZONES; i++) {
		const struct zone *zone = mm_zone(b->mm, i);

		put_around(to, b, zone->start_pfn);
		put_around(to, b, zone->start_pfn + zone->spanned_pages);
	}
}

static void put_spans(FILE *to, const struct boot *b)
{
	for (uint32_t nid = 0; nid < b->node_map.nodes; nid++) {
		struct pfn_range span = node_span(&b->node_map, nid), range;

		fprintf(to, "node %u spans [%llx, %llx):", nid, LL(span.start), LL(span.end));
		for (uint32_t i = 0; node_next_range(&b->node_map, nid, &i, &range);)
			fprintf(to, " [%llx, %llx)", LL(range.start), LL(range.end));
		fputc('\n', to);
	}
}

/* --- addresses ----------------------------------------------------------------------------------- */

static void put_address(FILE *to, const struct boot *b, uint64_t virt)
{
	char text[160];
	struct text_buffer buffer;
	struct sink sink = text_buffer_sink(&buffer, text, sizeof(text));
	struct paging_leaf leaf = { 0 };
	bool shown = paging_lookup(&b->paging, b->pool.window, virt, &leaf);

	boot_put_place(b, virt, &sink);
	fprintf(to, "%llx: %s", LL(virt), text);
	if (shown)
		fprintf(to, "; %llx at %llx, %llx bytes, %u", LL(leaf.phys), LL(leaf.virt),
			LL(leaf.bytes), leaf.rights);
	fputc('\n', to);
}

static void put_addresses(FILE *to, const struct boot *b)
{
	const struct address_space *s = &b->space;

	for (uint32_t i = 0; i < b->plan.count; i++) {
		const struct map_area *a = &b->plan.area[i];

		put_address(to, b, a->virt - 1);
		put_address(to, b, a->virt);
		put_address(to, b, a->virt + a->bytes - 1);
		put_address(to, b, a->virt + a->bytes);
	}
	for (uint32_t i = 0; i < b->owners.count; i++) {
		put_address(to, b, pfn_phys(b->owners.range[i].start));
		put_address(to, b, pfn_phys(b->owners.range[i].end));
		put_address(to, b, s->direct_base + pfn_phys(b->owners.range[i].start));
		put_address(to, b, s->direct_base + pfn_phys(b->owners.range[i].end) - 1);
	}
	for (unsigned i = 0; i < ARCH_CPU_PAGES; i++)
		put_address(to, b, b->cpu_block_phys + i * PAGE_SIZE);
	put_address(to, b, s->direct_base + s->direct_bytes);
	put_address(to, b, s->identity_end);
	put_address(to, b, s->identity_end - 1);
}

void put_answers(FILE *to, struct boot *b)
{
	put_edges(to, b);
	put_spans(to, b);
	put_addresses(to, b);
}

/* --- requests ------------------------------------------------------------------------------------ */

struct held {
	pfn_t pfn;
	unsigned order;
};

static void give_back(FILE *to, struct mm *mm, struct held *h)
{
	fprintf(to, "free %llx of order %u: %u", LL(h->pfn), h->order,
		free_pages(mm, h->pfn, h->order));
	fprintf(to, ", again %u\n", free_pages(mm, h->pfn, h->order));
	h->pfn = PFN_NONE;
}

static void take(FILE *to, struct mm *mm, struct held *h, uint64_t *random)
{
	int nid = (int)random_below(random, mm->nodes + 1) - 1;
	enum gfp gfp = (enum gfp)random_below(random, GFP_HIGHUSER + 1);

	h->order = (unsigned)random_below(random, MAX_ORDER + 1);
	h->pfn = alloc_pages_node(mm, nid, gfp, h->order);
	fprintf(to, "%d %u %u: %llx\n", nid, gfp, h->order, LL(h->pfn));
}

static void put_free(FILE *to, struct mm *mm)
{
	for (uint32_t i = 0; i < mm->nodes * ARCH_NR_ZONES; i++) {
		const struct zone *zone = mm_zone(mm, i);

		fprintf(to, "zone %u: %llu", i, LL(zone->free_pages));
		for (unsigned order = 0; order < NR_ORDERS; order++)
			fprintf(to, " %llu", LL(zone_free_blocks(zone, order)));
		fputc('\n', to);
	}
}

static void reclaim(FILE *to, const struct boot *b)
{
	const struct handoff *record = phys_to_virt(b->pool.window, b->record_phys);
	struct mm *mm = NULL;

	if (b->kernel.protocol != PROTOCOL_NATIVE)
		return;
	fprintf(to, "valid %u, adopt %u", handoff_valid(record), bootmem_adopt(record, &mm));
	assert_ptr_equal(mm, b->mm);
	fprintf(to, ", reclaimed %llu",
		LL(bootmem_reclaim(mm, record, OWNER_BIT(OWNER_CPU) | OWNER_BIT(OWNER_HANDOFF))));
	fprintf(to, " and %llu\n", LL(bootmem_reclaim(mm, record, OWNER_BIT(OWNER_HANDOFF))));
	put_free(to, mm);
}

void put_requests(FILE *to, struct boot *b)
{
	struct held held[HELD];
	uint64_t random = 1;

	for (unsigned i = 0; i < HELD; i++)
		held[i].pfn = PFN_NONE;
	for (unsigned i = 0; i < REQUESTS; i++) {
		struct held *h = &held[random_below(&random, HELD)];

		if (h->pfn != PFN_NONE)
			give_back(to, b->mm, h);
		else
			take(to, b->mm, h, &random);
	}
	put_free(to, b->mm);
	for (unsigned i = 0; i < HELD; i++)
		if (held[i].pfn != PFN_NONE)
			give_back(to, b->mm, &held[i]);
	put_free(to, b->mm);
	assert_true(mm_check(b->mm));
	reclaim(to, b);
	assert_true(mm_check(b->mm));
}

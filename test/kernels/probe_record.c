/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe, H25 to H43: the record and its tables, held against one another. The library's allocator is not asked.
 */
#include "probe.h"

#include <bootmem/string.h>
#include <x86/io.h>

#define STRIDE_MIN_EFI   40
#define EFI_TYPE         0 /* offsets in EFI_MEMORY_DESCRIPTOR (UEFI 2.10, 7.2.3) */
#define EFI_PHYS         8
#define EFI_PAGES        24
#define EFI_LOADER_CODE  1
#define EFI_BOOT_DATA    4
#define EFI_CONVENTIONAL 7

#define UART_IER         1
#define UART_LCR         3
#define UART_8N1         0x03
#define UART_CLOCK       115200

/* --- helpers ------------------------------------------------------------------------------------- */

bool texts_equal(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

bool next_ram(const struct probe *p, uint32_t *i, struct pfn_range *ram)
{
	for (; *i < p->record->e820.count; (*i)++) {
		const struct handoff_e820 *entry = table_at(&p->record->e820, *i);
		struct pfn_range pages = { pfn_up(entry->start_phys), pfn_down(entry->end_phys) };

		if (entry->type == HANDOFF_E820_RAM && pages.start < pages.end) {
			*ram = pages;
			(*i)++;
			return true;
		}
	}
	return false;
}

uint64_t ram_pages(const struct probe *p)
{
	struct pfn_range ram;
	uint64_t pages = 0;

	for (uint32_t i = 0; next_ram(p, &i, &ram);)
		pages += ram.end - ram.start;
	return pages;
}

uint64_t common_pages(struct pfn_range a, struct pfn_range b)
{
	pfn_t start = max_u64(a.start, b.start), end = min_u64(a.end, b.end);

	return start < end ? end - start : 0;
}

/* How many pages of a range are RAM. */
static uint64_t ram_in(const struct probe *p, struct pfn_range range)
{
	struct pfn_range ram;
	uint64_t pages = 0;

	for (uint32_t i = 0; next_ram(p, &i, &ram);)
		pages += common_pages(range, ram);
	return pages;
}

/* Tables of page ranges begin with start and end, whatever follows. */
static struct pfn_range range_at(const struct handoff_table *table, uint32_t i)
{
	const struct handoff_range *range = table_at(table, i);

	return (struct pfn_range){ range->start, range->end };
}

uint64_t pages_in_table(const struct handoff_table *table, struct pfn_range range)
{
	uint64_t pages = 0;

	for (uint32_t i = 0; i < table->count; i++)
		pages += common_pages(range_at(table, i), range);
	return pages;
}

uint32_t name_index(const struct handoff_table *names, const char *text)
{
	uint32_t i = 0;

	while (i < names->count &&
		!texts_equal(((const struct handoff_name *)table_at(names, i))->text, text))
		i++;
	return i;
}

bool is_owned(const struct probe *p, pfn_t pfn, const char *owner)
{
	uint32_t index = name_index(&p->record->owner_names, owner);

	for (uint32_t i = 0; i < p->record->owners.count; i++) {
		const struct handoff_owner_range *r = table_at(&p->record->owners, i);

		if (pfn >= r->start_pfn && pfn < r->end_pfn)
			return r->owner == index;
	}
	return false;
}

/* Ascending, disjoint, not empty, and nothing but RAM. */
static bool ranges_sound(struct probe *p, const struct handoff_table *table)
{
	for (uint32_t i = 0; i < table->count; i++) {
		struct pfn_range range = range_at(table, i);

		if (range.start >= range.end || (i > 0 && range_at(table, i - 1).end > range.start))
			return saw(p, "range %u, [%llx, %llx), is out of order", i,
				ULL(range.start), ULL(range.end));
		if (ram_in(p, range) != range.end - range.start)
			return saw(p, "range %u, [%llx, %llx), is not all RAM", i, ULL(range.start),
				ULL(range.end));
	}
	return true;
}

/* --- the block ------------------------------------------------------------------------------------ */

bool check_header(struct probe *p)
{
	const struct handoff *r = p->record;
	const uint32_t *word = (const uint32_t *)r;
	uint32_t sum = 0;

	if (r->magic != HANDOFF_MAGIC || r->version != HANDOFF_VERSION || r->bytes < sizeof(*r))
		return saw(
			p, "magic %llx, version %u, %u bytes", ULL(r->magic), r->version, r->bytes);
	if (r->machine != ARCH_ELF_MACHINE || (r->flags & ~7u) != 0)
		return saw(p, "machine %u, flags %x", r->machine, r->flags);
	for (uint64_t i = 0; i < r->record_bytes / sizeof(*word); i++)
		sum += word[i];
	return sum == 0 || saw(p, "the words add up to %x", sum);
}

struct table_rule {
	const struct handoff_table *table;
	uint32_t element_bytes, align;
};

static bool in_block(struct probe *p, unsigned number, const struct table_rule *rule)
{
	const struct handoff_table *t = rule->table;
	uint64_t start = (uintptr_t)p->record, end = start + p->record->record_bytes;
	uint64_t bytes = (uint64_t)t->count * t->stride;

	if (t->count == 0)
		return true;
	if (t->stride < rule->element_bytes ||
		((t->address | t->stride) & (rule->align - 1)) != 0 ||
		t->address < start + p->record->bytes || t->address > end ||
		bytes > end - t->address)
		return saw(p, "table %u: %u elements of %u bytes at %llx", number, t->count,
			t->stride, ULL(t->address));
	return true;
}

bool check_block(struct probe *p)
{
	const struct handoff *r = p->record;
	const struct table_rule rule[] = {
		{ &r->e820, sizeof(struct handoff_e820), 8 },
		{ &r->efi_map, STRIDE_MIN_EFI, 8 },
		{ &r->nodes, sizeof(struct handoff_node), 8 },
		{ &r->node_ranges, sizeof(struct handoff_node_range), 8 },
		{ &r->zones, sizeof(struct handoff_zone), 8 },
		{ &r->free, sizeof(struct handoff_range), 8 },
		{ &r->owners, sizeof(struct handoff_owner_range), 8 },
		{ &r->owner_names, sizeof(struct handoff_name), 1 },
		{ &r->areas, sizeof(struct handoff_area), 8 },
		{ &r->area_names, sizeof(struct handoff_name), 1 },
		{ &r->modules, sizeof(struct handoff_module), 8 },
		{ &r->timings, sizeof(struct handoff_timing), 8 },
		{ &r->cmdline, 1, 1 },
	};

	if (((r->record_phys | r->record_bytes) & (PAGE_SIZE - 1)) != 0 ||
		r->record_bytes < r->bytes)
		return saw(p, "%llx bytes at %llx", ULL(r->record_bytes), ULL(r->record_phys));
	for (unsigned i = 0; i < ARRAY_SIZE(rule); i++)
		if (!in_block(p, i, &rule[i]))
			return false;
	return true;
}

/* --- memory maps ----------------------------------------------------------------------------------- */

static bool type_known(uint32_t type)
{
	return (type >= HANDOFF_E820_RAM && type <= HANDOFF_E820_UNACCEPTED && type != 6) ||
	       type == HANDOFF_E820_SOFT;
}

bool check_e820(struct probe *p)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < p->record->e820.count; i++) {
		const struct handoff_e820 *entry = table_at(&p->record->e820, i);

		if (entry->start_phys < end || entry->end_phys <= entry->start_phys ||
			!type_known(entry->type))
			return saw(p, "entry %u: [%llx, %llx), type %u", i, ULL(entry->start_phys),
				ULL(entry->end_phys), entry->type);
		end = entry->end_phys;
	}
	return ram_pages(p) != 0 || saw(p, "there is no RAM");
}

/* The descriptor's pages where its type is RAM for a kernel that has left boot services. */
static struct pfn_range efi_ram(const uint8_t *descriptor)
{
	uint32_t type = *(const uint32_t *)(descriptor + EFI_TYPE);
	pfn_t start = pfn_down(*(const uint64_t *)(descriptor + EFI_PHYS));
	uint64_t pages = *(const uint64_t *)(descriptor + EFI_PAGES);
	bool ram = (type >= EFI_LOADER_CODE && type <= EFI_BOOT_DATA) || type == EFI_CONVENTIONAL;

	return (struct pfn_range){ start, ram ? start + pages : start };
}

bool check_efi_map(struct probe *p)
{
	const struct handoff_table *map = &p->record->efi_map;
	uint64_t pages = 0;

	if (map->count == 0 || map->stride < STRIDE_MIN_EFI || p->record->efi_map_version == 0)
		return saw(p, "%u descriptors of %u bytes, version %u", map->count, map->stride,
			p->record->efi_map_version);
	if (p->record->exit_attempts == 0)
		return saw(p, "no attempt to exit");
	for (uint32_t i = 0; i < map->count; i++)
		pages += ram_in(p, efi_ram(table_at(map, i)));
	return pages == ram_pages(p) ||
	       saw(p, "%llu of %llu pages of RAM are in it", ULL(pages), ULL(ram_pages(p)));
}

/* --- nodes and zones -------------------------------------------------------------------------------- */

static const struct handoff_zone *zone_at(const struct probe *p, uint32_t i)
{
	return table_at(&p->record->zones, i);
}

bool check_nodes(struct probe *p)
{
	uint64_t pages = 0;

	for (uint32_t nid = 0; nid < p->record->nodes.count; nid++) {
		const struct handoff_node *node = table_at(&p->record->nodes, nid);

		if (node->nid != nid || node->start_pfn > node->end_pfn ||
			node->present_pages > node->end_pfn - node->start_pfn)
			return saw(p, "node %u: number %u, [%llx, %llx), %llu pages", nid,
				node->nid, ULL(node->start_pfn), ULL(node->end_pfn),
				ULL(node->present_pages));
		pages += node->present_pages;
	}
	return pages == ram_pages(p) ||
	       saw(p, "%llu pages in them, %llu of RAM", ULL(pages), ULL(ram_pages(p)));
}

bool check_node_ranges(struct probe *p)
{
	const struct handoff_table *ranges = &p->record->node_ranges;

	if (!ranges_sound(p, ranges))
		return false;
	for (uint32_t i = 0; i < ranges->count; i++) {
		const struct handoff_node_range *r = table_at(ranges, i);
		const struct handoff_node *node = table_at(&p->record->nodes, r->nid);

		if (r->nid >= p->record->nodes.count || r->start_pfn < node->start_pfn ||
			r->end_pfn > node->end_pfn)
			return saw(p, "range %u is not in its node %u", i, r->nid);
	}
	return pages_in_table(ranges, (struct pfn_range){ 0, PFN_END }) == ram_pages(p) ||
	       saw(p, "they are not all RAM");
}

static uint64_t pages_in_blocks(const struct handoff_zone *zone)
{
	uint64_t pages = 0;

	for (unsigned order = 0; order < HANDOFF_ORDERS; order++)
		pages += zone->free_blocks[order] << order;
	return pages;
}

bool check_zones(struct probe *p)
{
	static const char *const names[] = ARCH_ZONE_NAMES;
	uint64_t present = 0;

	if (p->record->zones.count != p->record->nodes.count * ARCH_NR_ZONES)
		return saw(p, "%u zones", p->record->zones.count);
	for (uint32_t i = 0; i < p->record->zones.count; i++) {
		const struct handoff_zone *z = zone_at(p, i);

		if (z->nid != i / ARCH_NR_ZONES || z->index != i % ARCH_NR_ZONES ||
			!texts_equal(z->name, names[i % ARCH_NR_ZONES]))
			return saw(
				p, "zone %u: node %u, index %u, %s", i, z->nid, z->index, z->name);
		if (z->free_pages > z->managed_pages || z->managed_pages > z->present_pages ||
			z->present_pages > z->spanned_pages ||
			z->free_pages != pages_in_blocks(z) ||
			z->watermark_min > z->watermark_low || z->watermark_low > z->watermark_high)
			return saw(p,
				"zone %u: %llu spanned, %llu present, %llu managed, %llu free", i,
				ULL(z->spanned_pages), ULL(z->present_pages), ULL(z->managed_pages),
				ULL(z->free_pages));
		present += z->present_pages;
	}
	return present == ram_pages(p) ||
	       saw(p, "%llu pages in them, %llu of RAM", ULL(present), ULL(ram_pages(p)));
}

/* --- owners and free pages --------------------------------------------------------------------------- */

bool check_owners(struct probe *p)
{
	const struct handoff_table *owners = &p->record->owners;

	for (uint32_t i = 0; i < owners->count; i++) {
		const struct handoff_owner_range *r = table_at(owners, i);

		if (r->owner >= p->record->owner_names.count ||
			(r->flags & ~HANDOFF_RECLAIMABLE) != 0)
			return saw(p, "range %u: owner %u, flags %x", i, r->owner, r->flags);
	}
	return ranges_sound(p, owners);
}

/* Two tables without a page in common, inside RAM and as large together, are RAM. */
bool check_all_ram(struct probe *p)
{
	const struct handoff_table *free = &p->record->free;
	const struct pfn_range all = { 0, PFN_END };
	uint64_t pages = pages_in_table(free, all) + pages_in_table(&p->record->owners, all);

	if (!ranges_sound(p, free))
		return false;
	for (uint32_t i = 0; i < free->count; i++)
		if (pages_in_table(&p->record->owners, range_at(free, i)) != 0)
			return saw(p, "free range %u has an owner", i);
	return pages == ram_pages(p) ||
	       saw(p, "%llu pages, %llu of RAM", ULL(pages), ULL(ram_pages(p)));
}

/* Count the largest blocks of the free pages of a zone: runs are cut where its node's RAM ends. */
static void count_zone(
	const struct probe *p, const struct handoff_zone *zone, uint64_t blocks[NR_ORDERS])
{
	const struct handoff *r = p->record;

	for (uint32_t k = 0; k < r->node_ranges.count; k++) {
		const struct handoff_node_range *own = table_at(&r->node_ranges, k);
		pfn_t start = max_u64(own->start_pfn, zone->start_pfn);
		pfn_t end = min_u64(own->end_pfn, zone->start_pfn + zone->spanned_pages);

		for (uint32_t i = 0; own->nid == zone->nid && i < r->free.count; i++) {
			struct pfn_range free = range_at(&r->free, i);

			free.start = max_u64(free.start, start);
			free.end = min_u64(free.end, end);
			if (free.start < free.end)
				buddy_count_run(blocks, free.start, free.end);
		}
	}
}

bool check_free(struct probe *p)
{
	for (uint32_t i = 0; i < p->record->zones.count; i++) {
		const struct handoff_zone *zone = zone_at(p, i);
		uint64_t blocks[NR_ORDERS] = { 0 };

		count_zone(p, zone, blocks);
		for (unsigned order = 0; order < NR_ORDERS; order++)
			if (blocks[order] != zone->free_blocks[order])
				return saw(p,
					"zone %u: %llu blocks of order %u, %llu in the free ranges",
					i, ULL(zone->free_blocks[order]), order,
					ULL(blocks[order]));
	}
	return true;
}

bool check_limits(struct probe *p)
{
	const struct handoff_limits *l = &p->record->limits;
	struct pfn_range ram = { 0, 0 };

	for (uint32_t i = 0; next_ram(p, &i, &ram);)
		;
	if (l->max_pfn != ram.end || l->min_low_pfn == 0 || l->min_low_pfn >= l->max_low_pfn ||
		l->max_low_pfn > l->max_pfn || l->highstart_pfn != l->max_low_pfn ||
		l->highend_pfn != l->max_pfn)
		return saw(p, "low [%llx, %llx), high [%llx, %llx), max_pfn %llx",
			ULL(l->min_low_pfn), ULL(l->max_low_pfn), ULL(l->highstart_pfn),
			ULL(l->highend_pfn), ULL(l->max_pfn));
	return ram_in(p, (struct pfn_range){ l->min_low_pfn, l->min_low_pfn + 1 }) == 1 ||
	       saw(p, "page %llx is no RAM", ULL(l->min_low_pfn));
}

/* --- texts ------------------------------------------------------------------------------------------- */

/* Printable, not empty, and with its NUL in the room it has. */
static bool text_sound(const char *text, size_t room)
{
	size_t length = 0;

	while (length < room && text[length] >= ' ' && text[length] <= '~')
		length++;
	return length > 0 && length < room && text[length] == '\0';
}

static bool texts_sound(struct probe *p, const char *what, const struct handoff_table *table,
	size_t offset, size_t room)
{
	for (uint32_t i = 0; i < table->count; i++)
		if (!text_sound((const char *)table_at(table, i) + offset, room))
			return saw(p, "%s %u", what, i);
	return true;
}

bool check_texts(struct probe *p)
{
	const struct handoff *r = p->record;

	return texts_sound(p, "zone", &r->zones, offsetof(struct handoff_zone, name), 16) &&
	       texts_sound(p, "owner", &r->owner_names, 0, sizeof(struct handoff_name)) &&
	       texts_sound(p, "area", &r->area_names, 0, sizeof(struct handoff_name)) &&
	       texts_sound(p, "module", &r->modules, offsetof(struct handoff_module, name), 104) &&
	       texts_sound(p, "stage", &r->timings, offsetof(struct handoff_timing, stage), 24);
}

bool check_cmdline(struct probe *p)
{
	const struct handoff_table *t = &p->record->cmdline;
	const char *text = (const char *)(uintptr_t)t->address;

	if (t->count == 0 || t->stride != 1)
		return saw(p, "%u bytes, stride %u", t->count, t->stride);
	for (uint32_t i = 0; i < t->count; i++)
		if ((text[i] == '\0') != (i == t->count - 1))
			return saw(p, "byte %u of %u is %u", i, t->count, (unsigned)text[i]);
	return true;
}

bool check_modules(struct probe *p)
{
	const struct handoff_paging *paging = &p->record->paging;

	for (uint32_t i = 0; i < p->record->modules.count; i++) {
		const struct handoff_module *m = table_at(&p->record->modules, i);

		if (m->start_phys >= m->end_phys)
			return saw(p, "module %u: [%llx, %llx)", i, ULL(m->start_phys),
				ULL(m->end_phys));
		for (pfn_t pfn = pfn_down(m->start_phys); pfn < pfn_up(m->end_phys); pfn++)
			if (!is_owned(p, pfn, "initrd"))
				return saw(
					p, "module %u: page %llx has another owner", i, ULL(pfn));
		if (m->end_phys <= paging->direct_bytes
				? m->address != paging->direct_base + m->start_phys
				: m->address != 0)
			return saw(p, "module %u is at %llx", i, ULL(m->address));
	}
	return true;
}

bool check_timings(struct probe *p)
{
	const struct handoff_timing *first = table_at(&p->record->timings, 0);

	if (p->record->timings.count == 0 || !texts_equal(first->stage, "snapshot"))
		return saw(p, "%u of them", p->record->timings.count);
	for (uint32_t i = 0; i < p->record->timings.count; i++) {
		const struct handoff_timing *t = table_at(&p->record->timings, i);

		if (t->cycles >> 48 != 0)
			return saw(p, "%s took %llx cycles", t->stage, ULL(t->cycles));
	}
	return first->cycles != 0 || saw(p, "the first stage took no time");
}

/* --- machine and firmware ------------------------------------------------------------------------------ */

bool check_serial(struct probe *p)
{
	const struct handoff_serial *s = &p->record->serial;
	uint16_t port = (uint16_t)s->port;

	if (p->record->uart.stride != 0 && (p->record->uart.address == 0) != (s->port != 0))
		return saw(
			p, "port %x and registers at %llx", s->port, ULL(p->record->uart.address));
	if (s->port == 0)
		return true;
	if (s->port > UINT16_MAX || s->baud == 0 || UART_CLOCK % s->baud != 0)
		return saw(p, "port %x, %u baud", s->port, s->baud);
	if (io_in8(port + UART_LCR) != UART_8N1 || io_in8(port + UART_IER) != 0)
		return saw(p, "line control %x, interrupts %x", io_in8(port + UART_LCR),
			io_in8(port + UART_IER));
	return true;
}

static bool has_anchor(struct probe *p, phys_t phys, const char *anchor)
{
	size_t bytes = 0;

	while (anchor[bytes] != '\0')
		bytes++;
	if (phys == 0 || memcmp(physical_show(&p->physical, phys, bytes), anchor, bytes) == 0)
		return true;
	return saw(p, "there is no %s at %llx", anchor, ULL(phys));
}

/* The fixmap is cleared again: it shows nothing at the start, and so it is left. */
static void clear_fixmap(const struct probe *p)
{
	const struct handoff_range *fixmap = &p->record->paging.fixmap;

	for (uint64_t at = fixmap->start; at < fixmap->end; at += PAGE_SIZE)
		if (paging_clear_page(&p->paging, p->window, at))
			arch_flush_page(at);
}

bool check_tables(struct probe *p)
{
	const struct handoff_firmware *f = &p->record->firmware;
	struct mm view = { .window = p->window, .paging = p->paging };
	struct acpi_result acpi;
	bool kept;

	p->physical = physical_of(p->record, &view);
	acpi = acpi_verify(&p->physical);
	kept = has_anchor(p, f->rsdp_phys, "RSD PTR ") && has_anchor(p, f->smbios_phys, "_SM_") &&
	       has_anchor(p, f->smbios3_phys, "_SM3_") &&
	       has_anchor(p, f->system_table_phys, "IBI SYST");
	clear_fixmap(p);
	p->physical.mm = NULL;
	if (kept && acpi.broken_phys != 0)
		return saw(p, "the ACPI table at %llx is broken", ULL(acpi.broken_phys));
	if (kept && f->rsdp_phys != 0 && acpi.tables < 3)
		return saw(p, "%u ACPI tables", acpi.tables);
	return kept;
}

bool check_runtime(struct probe *p)
{
	if (!(p->record->flags & HANDOFF_RUNTIME_USABLE))
		return true;
	return firmware_works(&p->firmware) || saw(p, "a call failed");
}

static bool all_owned(struct probe *p, phys_t start, phys_t end, const char *owner)
{
	for (pfn_t pfn = pfn_down(start); pfn < pfn_up(end); pfn++)
		if (!is_owned(p, pfn, owner))
			return saw(p, "page %llx is not owned by \"%s\"", ULL(pfn), owner);
	return true;
}

bool check_who_owns(struct probe *p)
{
	const struct handoff *r = p->record;
	struct paging_leaf leaf = { 0 };

	if (!paging_lookup(&p->paging, p->window, r->kernel.stack.start, &leaf))
		return saw(p, "the stack is not mapped");
	return all_owned(p, r->kernel.phys, r->kernel.phys + r->kernel.bytes, "kernel") &&
	       all_owned(p, r->paging.tables_phys, r->paging.tables_phys + r->paging.tables_bytes,
		       "page tables") &&
	       all_owned(p, leaf.phys + (r->kernel.stack.start - leaf.virt),
		       leaf.phys + (r->kernel.stack.end - leaf.virt), "cpu tables and stacks") &&
	       all_owned(p, r->record_phys, r->record_phys + r->record_bytes, "handoff record") &&
	       all_owned(p, r->mm_address - r->paging.direct_base,
		       r->mm_address - r->paging.direct_base + 1, "mm");
}

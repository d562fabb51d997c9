/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * doctor: findings of the core and the shape of the map, in words for people (doctor.h).
 * Invariant: nothing is judged that is not in the map. Called by main.c, svg.c and diff.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

struct advice {
	enum severity severity;
	const char *sentence;
	const char *victims;
};

static const struct advice advice[FINDING_COUNT] = {
	[FINDING_MAP_ZERO_LENGTH] = { SEVERITY_NOTE,
		"The map has entries of no pages. They describe nothing.",
		"code that computes an end as start + size - 1, which wraps at address 0" },
	[FINDING_MAP_OVERLAP] = { SEVERITY_CARE,
		"Entries of the map overlap. The stricter type counts.",
		"loaders that add entries up one by one: they use reserved memory, or stop" },
	[FINDING_MAP_UNSORTED] = { SEVERITY_CARE, "The map is not in ascending order.",
		"kernels that merge neighbours, or take the last entry's end as the end of "
		"memory" },
	[FINDING_MAP_WRAPS] = { SEVERITY_CARE,
		"Entries end beyond any physical address. They are dropped.",
		"code that adds without checking: it sees enormous memory, or none" },
	[FINDING_MAP_LARGE] = { SEVERITY_CARE, "The finished table has more than 128 entries.",
		"loaders that fill the Linux zero page only, and tables with a fixed 128 places" },
	[FINDING_MAP_UNKNOWN_TYPE] = { SEVERITY_NOTE,
		"Ranges have a type that no standard names. They are reserved.",
		"loaders that index a table by type, or take unknown types for free memory" },
	[FINDING_MAP_UNALIGNED] = { SEVERITY_NOTE,
		"Ranges start or end inside a page. RAM is rounded inward, the rest outward.",
		"kernels that round both the same way: they use a page of the firmware's, or lose "
		"one" },
	[FINDING_MAP_NO_WB] = { SEVERITY_CARE,
		"RAM is described without write-back caching, so it is not used.",
		"kernels that look at types only: this memory is very slow, or not memory" },
	[FINDING_RUNTIME_NO_CACHE] = { SEVERITY_NOTE,
		"Runtime ranges have no cache attribute. They are mapped uncached.",
		"kernels that skip such ranges: the first call of a runtime service faults" },
	[FINDING_RUNTIME_NO_ATTRIBUTE] = { SEVERITY_CARE,
		"Runtime code or data lacks the RUNTIME attribute. It is kept all the same.",
		"kernels that map by attribute: GetVariable faults" },
	[FINDING_RUNTIME_ON_RAM_TYPE] = { SEVERITY_CARE,
		"Memory of a RAM type has the RUNTIME attribute. The firmware still uses it.",
		"kernels that look at types only: they overwrite the firmware" },
	[FINDING_SOFT_RESERVED] = { SEVERITY_NOTE,
		"There is special-purpose memory. It is left to drivers.",
		"kernels that ignore the attribute: ordinary data lands in slow or scarce memory" },
	[FINDING_UNACCEPTED] = { SEVERITY_TROUBLE,
		"There is memory that must be accepted before it is touched.",
		"every kernel and loader that does not know the type: the memory is lost, or the "
		"guest dies" },
	[FINDING_STRIDE] = { SEVERITY_NOTE, "Entries have an unusual size.",
		"loaders that step by the size of their own structure: they read garbage" },
	[FINDING_SETTLED] = { SEVERITY_CARE, "The map changed while boot services were left.",
		"loaders that build their e820 table before the last GetMemoryMap" },
	[FINDING_RAM_BEYOND_CPU] = { SEVERITY_TROUBLE,
		"RAM lies beyond what the processor can address, and is not used.",
		"kernels of this width: the memory needs a wider processor" },
	[FINDING_RAM_BEYOND_PAGING] = { SEVERITY_TROUBLE,
		"RAM above 4 GiB can't be reached without PAE.", "32-bit kernels without PAE" },
	[FINDING_RAM_BEYOND_MEM] = { SEVERITY_NOTE, "RAM was ruled out by mem=.", "nobody" },
	[FINDING_RAM_TOO_LATE] = { SEVERITY_TROUBLE,
		"RAM appeared only at the exit, above all other, and is not used.",
		"loaders that size their tables before the exit" },
	[FINDING_RAM_BEYOND_MAP] = { SEVERITY_TROUBLE,
		"RAM lies beyond the end of the direct map, and is not used.",
		"kernels with 4 levels of page tables" },
	[FINDING_RAM_BEYOND_HIGHMEM] = { SEVERITY_NOTE, "RAM was ruled out by highmem=.",
		"nobody" },
	[FINDING_RAM_TOO_FAR] = { SEVERITY_TROUBLE,
		"RAM lies so high that no bitmap reaching it fits below, and is not used.",
		"early allocators with one flat bitmap" },
	[FINDING_RUNTIME_NO_RIGHTS] = { SEVERITY_CARE,
		"Runtime code has no usable rights: no attributes, or writable and executable.",
		"kernels that map runtime code strictly: the first call faults" },
	[FINDING_RUNTIME_LEFT_OUT] = { SEVERITY_CARE,
		"A runtime range lies where the kernel's half of the address space is.",
		"32-bit kernels that want runtime services at their physical addresses" },
	[FINDING_TABLES_FREE] = { SEVERITY_TROUBLE,
		"The page tables in use lie in memory that the map calls free.",
		"loaders that write to free memory before they load tables of their own" },
	[FINDING_TABLES_SCATTERED] = { SEVERITY_CARE,
		"The page tables in use are in more places than are kept account of.",
		"kernels that overwrite them while other processors are parked on them" },
	[FINDING_FRAMEBUFFER_LEFT_OUT] = { SEVERITY_CARE,
		"The framebuffer lies where the kernel's half of the address space is.",
		"32-bit kernels that draw at its physical address: they must map it elsewhere" },
	[FINDING_UART_LEFT_OUT] = { SEVERITY_TROUBLE,
		"The firmware's table has a serial port where RAM is, or out of reach.",
		"kernels that use the console of the SPCR table: they write to memory" },
	[FINDING_EXIT_RETRIED] = { SEVERITY_CARE, "The firmware refused to leave at first.",
		"loaders that call ExitBootServices once" },
	[FINDING_MAP_GREW] = { SEVERITY_NOTE, "The map outgrew its buffer.",
		"loaders that trust the first size" },
	[FINDING_CLAIM_REFUSED] = { SEVERITY_CARE,
		"The firmware refused pages that its map calls free.",
		"loaders that place things at addresses from the map without asking" },
	[FINDING_ACPI_BROKEN] = { SEVERITY_CARE, "An ACPI table is broken and ignored.",
		"kernels that don't check lengths and checksums" },
	[FINDING_ACPI_UNREACHABLE] = { SEVERITY_CARE, "An ACPI table is out of reach.",
		"32-bit kernels" },
	[FINDING_SRAT_ENTRY] = { SEVERITY_CARE,
		"An SRAT entry is malformed or wraps, and is ignored.",
		"Linux ignores the whole table then: one node" },
	[FINDING_SRAT_DOMAINS] = { SEVERITY_CARE,
		"There are more NUMA nodes than fit; the machine is one node.",
		"kernels with a small limit of nodes" },
	[FINDING_SRAT_OVERLAP] = { SEVERITY_TROUBLE,
		"The SRAT gives the same memory to two nodes; the machine is one node.",
		"every kernel with NUMA: memory is taken for near that is far" },
	[FINDING_SRAT_UNCOVERED] = { SEVERITY_TROUBLE,
		"The SRAT leaves out a lot of RAM; the machine is one node.",
		"every kernel with NUMA: the affinity is not used" },
	[FINDING_SRAT_GAP] = { SEVERITY_NOTE,
		"The SRAT leaves out a little RAM, which goes to the node beside it.",
		"kernels that expect every page to have a node" },
	[FINDING_SLIT] = { SEVERITY_NOTE,
		"The table of distances breaks its rules; default distances are used.",
		"kernels that believe it: allocations go to far nodes" },
	[FINDING_NUMA_FAKE] = { SEVERITY_NOTE, "There is too little RAM for so many fake nodes.",
		"nobody" },
	[FINDING_SRAT_RANGES] = { SEVERITY_CARE,
		"The SRAT has too many ranges; the machine is one node.",
		"kernels with a fixed table of ranges" },
};

/* --- collecting ------------------------------------------------------------------------------ */

struct examination {
	const struct simulation *s;
	const struct e820 *map; /* the input, before options cut anything */
	struct checkup *out;
};

static void diagnose(struct examination *x, struct diagnosis diagnosis)
{
	if (x->out->count < DOCTOR_MAX)
		x->out->of[x->out->count++] = diagnosis;
}

/* A finding that nobody has written advice for yet still has the core's own words. */
static struct diagnosis of_finding(enum finding_id id, const struct finding *f)
{
	const struct advice *a = &advice[id];

	return (struct diagnosis){ .quirk = finding_quirk(id),
		.severity = a->severity,
		.sentence = a->sentence != NULL ? a->sentence : finding_text(id),
		.victims = a->victims != NULL ? a->victims : "not known",
		.count = f->count,
		.start = f->start_phys,
		.end = f->end_phys };
}

static void examine_findings(struct examination *x)
{
	for (unsigned id = 0; id < FINDING_COUNT; id++)
		if (x->s->boot.findings.of[id].count != 0)
			diagnose(x, of_finding((enum finding_id)id, &x->s->boot.findings.of[id]));
}

/* --- the shape of the table ------------------------------------------------------------------ */

/* RAM bytes in [start, end). */
static uint64_t ram_in(const struct e820 *map, phys_t start, phys_t end)
{
	return e820_ram_pages(map, pfn_down(start), pfn_down(end)) << PAGE_SHIFT;
}

static pfn_t ram_top(const struct e820 *map)
{
	struct pfn_range ram = { 0, 0 };

	for (uint32_t i = 0; e820_next_ram(map, &i, &ram);)
		;
	return ram.end;
}

static void examine_page_0(struct examination *x)
{
	if (e820_type_at(x->map, 0) != E820_RAM)
		diagnose(x, (struct diagnosis){ .quirk = "Q30",
				    .severity = SEVERITY_NOTE,
				    .sentence = "Page 0 is not RAM.",
				    .victims = "memory tests and kernels that start counting at 0",
				    .count = 1 });
}

#define LOW_LEAST (64 * KIB)

static void examine_low_memory(struct examination *x)
{
	uint64_t low = ram_in(x->map, PAGE_SIZE, MIB);

	if (low < LOW_LEAST)
		diagnose(x, (struct diagnosis){ .quirk = "Q28",
				    .severity = SEVERITY_TROUBLE,
				    .sentence = "There is less than 64 KiB of RAM below 1 MiB.",
				    .victims = "kernels that start other processors: the "
					       "trampoline has no place",
				    .count = 1,
				    .end = MIB });
	if (ram_in(x->map, 0xa0000, MIB) != 0)
		diagnose(x, (struct diagnosis){ .quirk = "S1",
				    .severity = SEVERITY_CARE,
				    .sentence = "The map calls 0xa0000 to 0xfffff RAM.",
				    .victims = "kernels that believe it: on a PC this is video "
					       "memory and ROM",
				    .count = 1,
				    .start = 0xa0000,
				    .end = MIB });
}

/* Where kernels with a fixed load address go. */
static void examine_load_addresses(struct examination *x)
{
	static const struct diagnosis at_1m = { .quirk = "S2",
		.severity = SEVERITY_CARE,
		.sentence = "Less than 8 MiB of RAM follow 1 MiB without a break.",
		.victims = "kernels and multiboot loaders that load at 1 MiB without looking",
		.count = 1,
		.start = MIB,
		.end = 9 * MIB };
	static const struct diagnosis at_16m = { .quirk = "S3",
		.severity = SEVERITY_CARE,
		.sentence = "The 16 MiB from 16 MiB on are not all RAM.",
		.victims = "Linux kernels without relocation: 16 MiB is their usual address",
		.count = 1,
		.start = 16 * MIB,
		.end = 32 * MIB };

	if (ram_in(x->map, MIB, 9 * MIB) != 8 * MIB)
		diagnose(x, at_1m);
	if (ram_in(x->map, 16 * MIB, 32 * MIB) != 16 * MIB)
		diagnose(x, at_16m);
}

/* The largest run of RAM below 4 GiB. */
static uint64_t largest_low_run(const struct e820 *map)
{
	struct pfn_range ram;
	uint64_t best = 0;

	for (uint32_t i = 0; e820_next_ram(map, &i, &ram);) {
		pfn_t end = min_u64(ram.end, pfn_down(4 * GIB));

		if (ram.start < end)
			best = max_u64(best, end - ram.start);
	}
	return best << PAGE_SHIFT;
}

static void examine_runs(struct examination *x)
{
	if (largest_low_run(x->map) < 256 * MIB && pfn_phys(ram_top(x->map)) > 512 * MIB)
		diagnose(x,
			(struct diagnosis){ .quirk = "Q53",
				.severity = SEVERITY_TROUBLE,
				.sentence = "No run of RAM below 4 GiB is 256 MiB long.",
				.victims =
					"loaders that want kernel and initial ramdisk in one piece",
				.count = 1 });
}

/* The end of the last entry, whatever its type. */
static void examine_top(struct examination *x)
{
	phys_t ram = pfn_phys(ram_top(x->map));
	phys_t last = x->map->count != 0 ? x->map->entry[x->map->count - 1].end : 0;

	if (last > 4 * GIB && last > 2 * ram)
		diagnose(x, (struct diagnosis){ .quirk = "S4",
				    .severity = SEVERITY_CARE,
				    .sentence = "Reserved ranges lie far above the last RAM.",
				    .victims = "kernels that take the end of the map for the end "
					       "of memory",
				    .count = 1,
				    .start = ram,
				    .end = last });
}

static void examine_holes(struct examination *x)
{
	struct pfn_range ram;
	pfn_t from = 0;

	for (uint32_t i = 0; e820_next_ram(x->map, &i, &ram); from = ram.end)
		if (pfn_phys(ram.start - from) > 64 * GIB) {
			diagnose(x,
				(struct diagnosis){ .quirk = "S5",
					.severity = SEVERITY_CARE,
					.sentence =
						"More than 64 GiB lie between two pieces of RAM.",
					.victims = "kernels with one flat array of pages: it "
						   "covers the hole too",
					.count = 1,
					.start = pfn_phys(from),
					.end = pfn_phys(ram.start) });
			return;
		}
}

static void examine_4g(struct examination *x)
{
	struct pfn_range ram;

	for (uint32_t i = 0; e820_next_ram(x->map, &i, &ram);)
		if (ram.start >= pfn_down(4 * GIB)) {
			if (ram.start != pfn_down(4 * GIB))
				diagnose(x,
					(struct diagnosis){ .quirk = "S6",
						.severity = SEVERITY_NOTE,
						.sentence =
							"RAM above 4 GiB does not begin at 4 GiB.",
						.victims = "kernels that know only the size of "
							   "that RAM",
						.count = 1,
						.start = 4 * GIB,
						.end = pfn_phys(ram.start) });
			return;
		}
}

static void examine_islands(struct examination *x)
{
	struct diagnosis d = { .quirk = "S7",
		.severity = SEVERITY_NOTE,
		.sentence = "Single pages of RAM stand alone.",
		.victims = "kernels with a small fixed table of ranges" };
	struct pfn_range ram;

	for (uint32_t i = 0; e820_next_ram(x->map, &i, &ram);)
		if (ram.end - ram.start == 1 && d.count++ == 0) {
			d.start = pfn_phys(ram.start);
			d.end = pfn_phys(ram.end);
		}
	if (d.count != 0)
		diagnose(x, d);
}

/* --- what only an EFI map tells -------------------------------------------------------------- */

static bool is_boot_services(const struct efi_memory_desc *desc)
{
	return desc->type == EFI_MEM_BOOT_CODE || desc->type == EFI_MEM_BOOT_DATA;
}

static void examine_descriptors(struct examination *x)
{
	if (x->s->descs > 128)
		diagnose(x, (struct diagnosis){ .quirk = "Q14",
				    .severity = SEVERITY_CARE,
				    .sentence = "The firmware's own map has more than 128 entries.",
				    .victims = "loaders with a fixed buffer: the map is cut, or "
					       "the exit fails",
				    .count = x->s->descs });
}

static void examine_mmio(struct examination *x)
{
	struct diagnosis d = { .quirk = "Q26",
		.severity = SEVERITY_NOTE,
		.sentence = "MMIO ranges of 256 KiB or more stand in the map.",
		.victims = "loaders that pass them on as reserved: PCI finds no room for devices" };

	for (uint32_t i = 0; i < x->s->descs; i++) {
		const struct efi_memory_desc *desc = &x->s->desc[i];

		if (desc->type == EFI_MEM_MMIO && desc->pages >= 256 * KIB >> PAGE_SHIFT &&
			d.count++ == 0) {
			d.start = desc->phys_start;
			d.end = desc->phys_start + (desc->pages << PAGE_SHIFT);
		}
	}
	if (d.count != 0)
		diagnose(x, d);
}

/* Does any free memory lie in [start, end) before the exit? */
static bool conventional_in(const struct simulation *s, phys_t start, phys_t end)
{
	for (uint32_t i = 0; i < s->descs; i++) {
		const struct efi_memory_desc *desc = &s->desc[i];

		if (desc->type == EFI_MEM_CONVENTIONAL && desc->phys_start < end &&
			desc->phys_start + (desc->pages << PAGE_SHIFT) > start)
			return true;
	}
	return false;
}

static void examine_boot_services(struct examination *x)
{
	struct diagnosis d = { .quirk = "Q27",
		.severity = SEVERITY_NOTE,
		.sentence = "Boot services hold memory that is free only after the exit.",
		.victims = "loaders that use it before; firmware that uses it after, when runtime "
			   "services are called" };

	for (uint32_t i = 0; i < x->s->descs; i++)
		d.count += is_boot_services(&x->s->desc[i]);
	if (d.count != 0)
		diagnose(x, d);
	if (x->s->from_efi && !conventional_in(x->s, PAGE_SIZE, MIB))
		diagnose(x, (struct diagnosis){ .quirk = "Q28",
				    .severity = SEVERITY_CARE,
				    .sentence = "Nothing below 1 MiB is free before the exit.",
				    .victims = "loaders that allocate a trampoline for other "
					       "processors there",
				    .count = 1,
				    .end = MIB });
}

/* RAM that one table has and the other has not, both ways. */
static uint64_t ram_difference(const struct e820 *a, const struct e820 *b)
{
	struct pfn_range ram;
	uint64_t pages = 0;

	for (uint32_t i = 0; e820_next_ram(a, &i, &ram);)
		pages += ram.end - ram.start - e820_ram_pages(b, ram.start, ram.end);
	for (uint32_t i = 0; e820_next_ram(b, &i, &ram);)
		pages += ram.end - ram.start - e820_ram_pages(a, ram.start, ram.end);
	return pages;
}

static void examine_other(struct examination *x)
{
	uint64_t pages = x->s->other.count != 0 ? ram_difference(x->map, &x->s->other) : 0;

	if (pages != 0)
		diagnose(x, (struct diagnosis){ .quirk = "S8",
				    .severity = SEVERITY_CARE,
				    .sentence = "The recorded e820 table and the EFI map differ in "
						"RAM (count: pages).",
				    .victims = "whoever trusts the loader's table: it kept memory, "
					       "or lost some",
				    .count = (uint32_t)min_u64(pages, UINT32_MAX) });
}

/* --- all ------------------------------------------------------------------------------------- */

/* Stable: within one severity the order of discovery stays. */
static void sort_by_severity(struct checkup *checkup)
{
	struct diagnosis *list = checkup->of;

	for (uint32_t i = 1; i < checkup->count; i++)
		for (uint32_t j = i; j > 0 && list[j].severity > list[j - 1].severity; j--) {
			struct diagnosis t = list[j];

			list[j] = list[j - 1];
			list[j - 1] = t;
		}
}

struct checkup *doctor_examine(const struct simulation *s)
{
	struct examination x = { .s = s, .map = &s->input, .out = calloc(1, sizeof(*x.out)) };

	if (x.out == NULL) {
		fputs("bootmem-sim: out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	examine_findings(&x);
	examine_page_0(&x);
	examine_low_memory(&x);
	examine_load_addresses(&x);
	examine_runs(&x);
	examine_top(&x);
	examine_holes(&x);
	examine_4g(&x);
	examine_islands(&x);
	examine_descriptors(&x);
	examine_mmio(&x);
	examine_boot_services(&x);
	examine_other(&x);
	sort_by_severity(x.out);
	return x.out;
}

const char *severity_name(enum severity severity)
{
	static const char *const name[] = {
		[SEVERITY_NOTE] = "note",
		[SEVERITY_CARE] = "care",
		[SEVERITY_TROUBLE] = "trouble",
	};

	return name[severity];
}

static uint32_t count_of(const struct checkup *checkup, enum severity severity)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < checkup->count; i++)
		n += checkup->of[i].severity == severity;
	return n;
}

void doctor_summary(const struct checkup *checkup, char *text, size_t size)
{
	uint32_t count = checkup->count;
	uint32_t trouble = count_of(checkup, SEVERITY_TROUBLE);
	uint32_t care = count_of(checkup, SEVERITY_CARE);

	if (count == 0)
		snprintf(text, size, "A clean map: nothing in it should trouble any kernel.");
	else if (trouble == 0 && care == 0)
		snprintf(text, size,
			"A good map: %u note%s, nothing that current kernels trip over.", count,
			count == 1 ? "" : "s");
	else
		snprintf(text, size, "%u trouble, %u to take care of, %u to note.", trouble, care,
			count - trouble - care);
}

static void put_diagnosis(const struct sink *out, const struct diagnosis *d)
{
	sink_printf(out, "  %-4s %-8s %s\n", d->quirk, severity_name(d->severity), d->sentence);
	sink_printf(out, "                trips: %s\n", d->victims);
	if (d->count > 1)
		sink_printf(out, "                %u times\n", d->count);
	if (d->start < d->end)
		sink_printf(out, "                [0x%016llx, 0x%016llx)\n", ULL(d->start),
			ULL(d->end));
}

void doctor_text(const struct simulation *s, const struct sink *out)
{
	struct checkup *checkup = doctor_examine(s);
	char summary[96];

	doctor_summary(checkup, summary, sizeof(summary));
	sink_printf(out, "DOCTOR - what other kernels and loaders will make of this map\n  %s\n",
		summary);
	for (uint32_t i = 0; i < checkup->count; i++)
		put_diagnosis(out, &checkup->of[i]);
	sink_puts(out, "\n");
	free(checkup);
}

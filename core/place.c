/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an address is, for whoever reads about an exception (boot_put_place). It reads the plan of the address space and
 * the owners of pages, and no page table: those may be what is broken. Called by the front end.
 */
#include <bootmem/boot.h>

/* Guard pages lie below the stacks of the CPU block: the program's, and those of the exceptions. */
static const char *guard_text(const struct boot *b, phys_t phys)
{
	static const uint8_t guard[] = ARCH_CPU_GUARDS;

	for (uint32_t i = 0; i < ARRAY_SIZE(guard); i++)
		if (pfn_down(phys) == pfn_down(b->cpu_block_phys) + guard[i])
			return guard[i] + 1 == ARCH_CPU_MAIN_STACK_PAGE
				       ? "the guard page below the program's stack"
				       : "the guard page below an exception's stack";
	return NULL;
}

static const char *image_text(const struct boot *b, phys_t phys)
{
	const struct boot_input *in = &b->input;

	if (phys >= in->init_start_phys && phys < in->init_end_phys)
		return "code that only the start needs";
	for (uint32_t i = 0; i < in->specials; i++) {
		const struct map_special *s = &in->special[i];

		if (phys >= s->start_phys && phys < s->end_phys)
			return (s->rights & MAP_EXEC) != 0    ? "the program's code"
			       : (s->rights & MAP_WRITE) != 0 ? "the program's data"
							      : "the program's constants";
	}
	return "the program";
}

static bool is_ram(const struct boot *b, phys_t phys)
{
	struct pfn_range ram;

	for (uint32_t i = 0; e820_next_ram(&b->e820, &i, &ram);)
		if (pfn_down(phys) >= ram.start && pfn_down(phys) < ram.end)
			return true;
	return false;
}

/* What physical memory is for. */
static const char *page_text(const struct boot *b, phys_t phys)
{
	const struct owner_range *r = owners_from(&b->owners, pfn_down(phys));
	const char *guard = guard_text(b, phys);

	if (phys < PAGE_SIZE)
		return "page 0, mapped nowhere";
	if (guard != NULL)
		return guard;
	if (phys >= b->input.image_start_phys && phys < b->input.image_end_phys)
		return image_text(b, phys);
	if (!is_ram(b, phys))
		return "not RAM";
	return r != NULL && r->start <= pfn_down(phys) ? owner_name((enum owner)r->owner)
						       : "free RAM";
}

static const struct map_area *area_at(const struct boot *b, uint64_t virt)
{
	for (uint32_t i = 0; i < b->plan.count; i++) {
		const struct map_area *a = &b->plan.area[i];

		if (virt >= a->virt && virt - a->virt < a->bytes)
			return a;
	}
	return NULL;
}

void boot_put_place(const struct boot *b, uint64_t virt, const struct sink *out)
{
	const struct map_area *area = area_at(b, virt);
	uint64_t direct = virt - b->space.direct_base;

	if (area != NULL && (area->rights & MAP_TABLES) != 0)
		sink_printf(out, "the %s area, where nothing is mapped yet",
			map_kind_name((enum map_kind)area->kind));
	else if (area != NULL && area->kind != MAP_IDENTITY && area->kind != MAP_DIRECT)
		sink_printf(out, "the %s", map_kind_name((enum map_kind)area->kind));
	else if (virt >= b->space.direct_base && direct < b->space.direct_bytes)
		sink_printf(out, "the direct map of 0x%llx, %s", ULL(direct), page_text(b, direct));
	else if (virt < b->space.identity_end)
		sink_printf(out, "%s%s", page_text(b, virt),
			area == NULL && virt >= PAGE_SIZE && guard_text(b, virt) == NULL
				? ", not mapped where it is"
				: "");
	else
		sink_puts(out, "an address that nothing is at");
}

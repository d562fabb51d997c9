/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last stage reached, across a reset (crumb.h). Each change is written to memory at once, past the caches, because a
 * reset drops what is only in them. Called by main.c.
 */
#include "crumb.h"

#include <bootmem/string.h>

#define CRUMB_MAGIC UINT64_C(0x314252435f4d4d42) /* "BMM_CRB1" */

/* Not where a BIOS has its data, nor where start-up code for other processors often lies (0x8000). */
static const uint16_t wanted_phys[CRUMB_PAGES] = { 0x3000, 0x6000, 0xe000 };

static uint32_t sum_of(const struct crumb *crumb)
{
	uint32_t word[sizeof(*crumb) / sizeof(uint32_t)], sum = 0;

	memcpy(word, crumb, sizeof(word));
	for (unsigned i = 0; i < ARRAY_SIZE(word); i++)
		sum += word[i];
	return sum;
}

static bool is_sound(const struct crumb *crumb)
{
	return crumb->magic == CRUMB_MAGIC && sum_of(crumb) == 0 && crumb->stage < STAGE_COUNT;
}

static void store(const struct crumbs *c)
{
	for (uint32_t i = 0; i < c->pages; i++) {
		struct crumb *to = phys_to_virt(c->window, c->page[i]);

		*to = c->now;
		arch_write_back(to, sizeof(*to));
	}
}

static void seal(struct crumbs *c)
{
	c->now.magic = CRUMB_MAGIC;
	c->now.sum = 0;
	c->now.sum = 0 - sum_of(&c->now);
	store(c);
}

static bool is_bad(const struct boot_options *options, phys_t page)
{
	for (uint32_t i = 0; i < options->badrams; i++) {
		const struct option_range *r = &options->badram[i];

		if (r->start_phys < page + PAGE_SIZE && page < r->start_phys + r->bytes)
			return true;
	}
	return false;
}

void crumbs_open(struct crumbs *c, EFI_BOOT_SERVICES *bs, const struct boot_options *options)
{
	*c = (struct crumbs){ .pages = 0 };
	for (unsigned i = 0; i < CRUMB_PAGES; i++) {
		EFI_PHYSICAL_ADDRESS at = wanted_phys[i];
		struct crumb there;

		if (is_bad(options, at) ||
			EFI_ERROR(bs->AllocatePages(AllocateAddress, EfiLoaderData, 1, &at)))
			continue;
		c->page[c->pages++] = at;
		memcpy(&there, phys_to_virt(c->window, at), sizeof(there));
		if (!c->found && is_sound(&there)) {
			c->found = true;
			c->last = there;
		}
	}
}

void crumbs_tell(const struct crumbs *c, const struct sink *out)
{
	const struct crumb *last = &c->last;

	if (!c->found)
		return;
	sink_printf(out, "The last start ended in stage %s: ", boot_stage_name(last->stage));
	if (last->end == CRUMB_EXCEPTION)
		sink_printf(out, "exception %u at 0x%llx, address 0x%llx.\n", last->vector,
			ULL(last->ip), ULL(last->address));
	else if (last->end == CRUMB_ERROR)
		sink_puts(out, "it gave up with a message.\n");
	else if (last->end == CRUMB_KERNEL)
		sink_puts(out, "the kernel was started.\n");
	else
		sink_puts(out, "no more is known.\n");
}

void crumbs_stage(struct crumbs *c, enum boot_stage stage)
{
	c->now = (struct crumb){ .stage = stage };
	seal(c);
}

void crumbs_end(struct crumbs *c, enum crumb_end end, const struct arch_fault *fault)
{
	c->now.end = end;
	if (fault != NULL) {
		c->now.vector = fault->vector;
		c->now.ip = fault->ip;
		c->now.address = fault->address;
	}
	seal(c);
}

void crumbs_clear(struct crumbs *c)
{
	c->now = (struct crumb){ .stage = c->now.stage };
	store(c);
}

bool crumbs_close(struct crumbs *c, EFI_BOOT_SERVICES *bs)
{
	bool all = true;

	crumbs_clear(c);
	for (uint32_t i = 0; i < c->pages; i++)
		all = !EFI_ERROR(bs->FreePages(c->page[i], 1)) && all;
	c->pages = 0;
	return all;
}

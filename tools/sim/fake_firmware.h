/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A firmware on the host: a memory map that changes as allocations split it, a key that changes with it, an
 * exit that can refuse, and an arena in which only what was granted can be touched.
 *
 * The arena is address space without memory behind it; a page costs something when it is first
 * written. Pages are inaccessible until the firmware grants them (or, after the exit, until they are RAM that
 * nobody uses), so a program that writes where it must not dies on the spot.
 */
#ifndef FAKE_FIRMWARE_H
#define FAKE_FIRMWARE_H

#include <bootmem/boot.h>
#include <bootmem/hostile.h>

#define FAKE_MAX_DESCRIPTORS 4096
#define FAKE_MAX_REFUSALS    16
#define FAKE_EXIT_ATTEMPTS   64

struct fake_firmware {
	uint8_t *arena;
	uint64_t arena_bytes; /* physical addresses above are never touched */
	phys_t arena_start;   /* and none below */
	struct efi_memory_desc desc[FAKE_MAX_DESCRIPTORS]; /* in the order the map has them */
	uint32_t count;
	uint64_t key;
	bool exited;

	/* How it behaves. */
	struct paging_mode mode; /* what the processor offers */
	phys_t rsdp_phys;        /* ACPI tables, if the test made some */
	phys_t framebuffer_phys;
	uint64_t framebuffer_bytes; /* 0: none */
	phys_t uart_phys;
	uint32_t uart_stride;           /* 0: none */
	phys_t live_root;               /* page tables in use, of the processor's mode; 0: none */
	const struct pfn_range *tables; /* not null: where they are, and they can't be read */
	uint32_t table_ranges;
	/* How its maps are spoiled, and how many of the first claims it refuses; other faults are not its own. */
	struct option_hostile hostile;
	bool dirty;         /* what it grants has something in it, the storage numbers of pages */
	uint32_t readings;  /* of its map */
	const char *vendor; /* null: "fake" */
	const struct e820_entry
		*raw;  /* not null: the map it really has, byte granular (get_raw), */
	uint32_t raws; /* and its entries; the descriptors only tell what is free */
	/* Not null: what the front end says, and its storage; else fake_start finds places for all. */
	const struct boot_input *input;
	phys_t storage_start_phys, storage_end_phys;
	/* Not null: the exit hands out this map, where it says the same as desc in other pieces. */
	const struct efi_memory_desc *last;
	uint32_t lasts;
	uint32_t stale_exits; /* this many exits fail with a stale key */
	uint32_t refusals;    /* ranges whose pages are never granted, though free in the map */
	struct pfn_range refuse[FAKE_MAX_REFUSALS];
	/* Called before each claim and each exit that fails: firmware that allocates behind our back. */
	void (*meddle)(struct fake_firmware *fw, void *ctx);
	void *meddle_ctx;

	/* What was asked of it. */
	uint32_t claims, refused;
	uint64_t cycles;

	uint8_t map[FAKE_MAX_DESCRIPTORS *
		    64]; /* what get_map handed out; large enough for stride 64 */
	struct text_buffer console;
	char console_text[16384];
	struct sink console_sink;
	struct boot_platform platform;
};

/* An empty machine. arena_bytes of physical addresses can be touched. Ends the program where there is no room. */
void fake_init(struct fake_firmware *fw, uint64_t arena_bytes);
/* The same with each physical address at itself, as firmware shows memory. Not under ASan, whose own is in the way. */
void fake_init_identity(struct fake_firmware *fw, uint64_t arena_bytes);
void fake_free(struct fake_firmware *fw);

/* Append a descriptor in bytes, [start, end). */
void fake_add(
	struct fake_firmware *fw, uint32_t type, phys_t start, phys_t end, uint64_t attribute);

/* Make physical memory accessible, as the firmware's own; a pointer to it. */
void *fake_open(struct fake_firmware *fw, phys_t start, phys_t end);

/* And inaccessible again. */
void fake_close(struct fake_firmware *fw, phys_t start, phys_t end);

/* Turn free pages into pages of another type, as an allocation does; false where they are not free. */
bool fake_allocate(struct fake_firmware *fw, pfn_t start, uint64_t pages, uint32_t type);

/*
 * Turn the loader's data within a range back into free pages, one descriptor with free neighbours. False: there
 * are too many descriptors, and some of it was left.
 */
bool fake_release(struct fake_firmware *fw, phys_t start, phys_t end);

/* The highest free run below limit_pfn, allocated; PFN_END on failure. */
pfn_t fake_allocate_top(struct fake_firmware *fw, uint64_t pages, uint32_t type, pfn_t limit_pfn);

/* Type of the last descriptor that covers a page; UINT32_MAX where none does. */
uint32_t fake_type_at(const struct fake_firmware *fw, pfn_t pfn);

/* Does its map say the same as these descriptors, in whatever pieces and order? */
bool fake_says(const struct fake_firmware *fw, const struct efi_memory_desc *desc, uint32_t count);

/* Boot services are over: free memory can be touched, too. */
void fake_leave(struct fake_firmware *fw);

/*
 * Be the front end: allocate an image and a workspace and fill in what a machine of this architecture
 * offers, or do as fw->input says; then call boot_init. options may be null.
 */
enum bm_error fake_start(
	struct fake_firmware *fw, struct boot *b, const struct boot_options *options);

/* Be the switch: what boot services used becomes accessible, then boot_activated. */
void fake_activate(struct fake_firmware *fw, struct boot *b);

/* The whole pipeline. */
enum bm_error fake_boot(
	struct fake_firmware *fw, struct boot *b, const struct boot_options *options);

#endif

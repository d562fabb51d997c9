/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Linux/x86 boot protocol as pure functions (linux_boot.h). Invariant: a byte of the file is read only after its
 * offset was held against the size, and a byte of boot_params is written only after everything was
 * checked. Called by the handoff: parse and placement before the exit, the page once more after it.
 */
#include <bootmem/fw_map.h>
#include <bootmem/linux_boot.h>
#include <bootmem/string.h>

/*
 * Fields as "offset, bytes", for get and put. Not a packed structure: a file lies at any alignment, the setup header
 * begins at an odd offset, and a field whose width stands beside its offset can't be read with another. The
 * unit test holds them against a packed structure written from the other end.
 *
 * The setup header (boot.rst, "The Real-Mode Kernel Header"), at the same offsets in file and boot_params.
 */
#define SETUP_SECTS         0x1f1, 1
#define SYSSIZE             0x1f4, 4
#define VID_MODE            0x1fa, 2
#define BOOT_FLAG           0x1fe, 2
#define JUMP                0x200, 2
#define MAGIC               0x202, 4
#define VERSION             0x206, 2
#define TYPE_OF_LOADER      0x210, 1
#define LOADFLAGS           0x211, 1
#define CODE32_START        0x214, 4
#define RAMDISK_IMAGE       0x218, 4
#define RAMDISK_SIZE        0x21c, 4
#define EXT_LOADER          0x226, 2 /* version and type, a byte each */
#define CMD_LINE_PTR        0x228, 4
#define INITRD_ADDR_MAX     0x22c, 4
#define KERNEL_ALIGNMENT    0x230, 4
#define RELOCATABLE_KERNEL  0x234, 1
#define MIN_ALIGNMENT       0x235, 1
#define XLOADFLAGS          0x236, 2
#define CMDLINE_SIZE        0x238, 4
#define SETUP_DATA          0x250, 8
#define PREF_ADDRESS        0x258, 8
#define INIT_SIZE           0x260, 4

#define HEADER_OFFSET       0x1f1
#define MAGIC_END           0x206
#define JUMP_FROM           0x202 /* what the jump's distance counts from */
#define FIELDS_END          0x264 /* of protocol 2.10 */

#define BOOT_FLAG_VALUE     0xaa55
#define MAGIC_VALUE         0x53726448 /* "HdrS" */
#define JUMP_OPCODE         0xeb
#define JUMP_MAX            0x7f /* beyond, it leads backward */
#define LOADED_HIGH         1u   /* in loadflags */
#define XLOADFLAGS_VERSION  0x020c
#define XLF_KERNEL_64       1u
#define XLF_ABOVE_4G        2u
#define XLF_5LEVEL          0x20u

#define SECTOR_BYTES        512
#define PARAGRAPH_BYTES     16 /* unit of syssize */
#define ENTRY_64            0x200

/* The rest of boot_params (zero-page.rst; screen_info: include/uapi/linux/screen_info.h). */
#define SCREEN_TYPE         0x00f, 1
#define SCREEN_WIDTH        0x012, 2
#define SCREEN_HEIGHT       0x014, 2
#define SCREEN_DEPTH        0x016, 2
#define SCREEN_BASE         0x018, 4
#define SCREEN_SIZE         0x01c, 4
#define SCREEN_LINE         0x024, 2
#define SCREEN_RED          0x026, 2 /* size and position, a byte each, as the next three */
#define SCREEN_GREEN        0x028, 2
#define SCREEN_BLUE         0x02a, 2
#define SCREEN_RESERVED     0x02c, 2
#define SCREEN_PAGES        0x032, 2
#define SCREEN_CAPABILITIES 0x036, 4
#define SCREEN_BASE_HIGH    0x03a, 4
#define ACPI_RSDP_ADDR      0x070, 8
#define EXT_RAMDISK_IMAGE   0x0c0, 4
#define EXT_RAMDISK_SIZE    0x0c4, 4
#define EXT_CMD_LINE_PTR    0x0c8, 4
#define EFI_SIGNATURE       0x1c0, 4
#define EFI_SYSTAB          0x1c4, 4
#define EFI_DESC_SIZE       0x1c8, 4
#define EFI_DESC_VERSION    0x1cc, 4
#define EFI_MEMMAP          0x1d0, 4
#define EFI_MEMMAP_SIZE     0x1d4, 4
#define EFI_SYSTAB_HIGH     0x1d8, 4
#define EFI_MEMMAP_HIGH     0x1dc, 4
#define ALT_MEM_K           0x1e0, 4
#define E820_COUNT          0x1e8, 1
#define SECURE_BOOT         0x1ec, 1
#define E820_TABLE          0x2d0

#define E820_ADDR           0, 8 /* of one entry, as the next two */
#define E820_SIZE           8, 8
#define E820_KIND           16, 4
#define E820_BYTES          20

#define NODE_NEXT           0, 8 /* struct setup_data */
#define NODE_TYPE           8, 4
#define NODE_LENGTH         12, 4
#define NODE_BYTES          16

#define VIDEO_TYPE_EFI      0x70
#define SCREEN_SKIP_QUIRKS  1u /* the EFI stub sets it for every mode it read from the firmware */
#define SCREEN_64_BIT_BASE  2u
#define SCREEN_MAX          0xffff
#define EFI_SIGNATURE_32    0x32334c45  /* "EL32" */
#define EFI_SIGNATURE_64    0x34364c45  /* "EL64" */
#define STUB_ALT_MEM_K      (32 * 1024) /* what the EFI stub writes */
#define LOADER_UNDEFINED    0xff
#define VID_MODE_NORMAL     0xffff
#define SETUP_E820_EXT      1
#define E820_LEAST          2

#define END_32              (4 * GIB)
#define END_64              (64 * TIB)  /* MAXMEM with 4 levels */
#define END_LOW             (512 * MIB) /* KERNEL_IMAGE_SIZE of 32-bit kernels */
#define CODE_START          MIB         /* of a kernel with LOADED_HIGH */

struct parser {
	const uint8_t *file;
	uint64_t size;
	struct linux_fault *fault;
	struct linux_kernel kernel;
};

struct message {
	const char *text;
	const char *number; /* what it is; null: not worth showing */
	enum { DECIMAL, HEX } base;
};

static uint64_t get(const uint8_t *base, uint32_t offset, uint32_t bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | base[offset + bytes];
	return value;
}

static void put(uint8_t *base, uint32_t offset, uint32_t bytes, uint64_t value)
{
	for (uint32_t i = 0; i < bytes; i++, value >>= 8)
		base[offset + i] = (uint8_t)value;
}

static bool refuse(struct linux_fault *fault, enum linux_error error, uint64_t number)
{
	fault->error = error;
	fault->number = number;
	return false;
}

static bool refuse_part(
	struct linux_fault *fault, enum linux_error error, enum linux_part part, uint64_t number)
{
	fault->part = part;
	return refuse(fault, error, number);
}

/* --- the file --------------------------------------------------------------------------------- */

static bool check_magic(struct parser *p)
{
	if (!linux_recognise(p->file, p->size))
		return refuse(p->fault, LINUX_NOT_A_KERNEL, p->size);
	if (p->size < FIELDS_END)
		return refuse(p->fault, LINUX_HEADER_END, p->size);
	p->kernel.version = (uint32_t)get(p->file, VERSION);
	return p->kernel.version >= LINUX_OLDEST_VERSION ||
	       refuse(p->fault, LINUX_VERSION, p->kernel.version);
}

static bool check_jump(struct parser *p)
{
	uint32_t jump = (uint32_t)get(p->file, JUMP);
	uint32_t end = JUMP_FROM + (jump >> 8);

	p->kernel.header_bytes = end - HEADER_OFFSET;
	return ((jump & 0xff) == JUMP_OPCODE && jump >> 8 <= JUMP_MAX && end >= FIELDS_END) ||
	       refuse(p->fault, LINUX_JUMP, jump);
}

static bool check_flags(struct parser *p)
{
	struct linux_kernel *k = &p->kernel;
	uint64_t loadflags = get(p->file, LOADFLAGS);
	uint64_t xloadflags = k->version >= XLOADFLAGS_VERSION ? get(p->file, XLOADFLAGS) : 0;

	k->has_64_bit_entry = (xloadflags & XLF_KERNEL_64) != 0;
	k->above_4g = k->mode == LINUX_64 && (xloadflags & XLF_ABOVE_4G) != 0;
	k->five_levels = (xloadflags & XLF_5LEVEL) != 0;
	if ((loadflags & LOADED_HIGH) == 0)
		return refuse(p->fault, LINUX_LOADED_LOW, loadflags);
	return k->mode == LINUX_32 || k->has_64_bit_entry ||
	       refuse(p->fault, LINUX_64_BIT_ENTRY, xloadflags);
}

static uint32_t entry_offset(const struct linux_kernel *k)
{
	return k->mode == LINUX_64 ? ENTRY_64 : 0;
}

/* The setup code fills two sectors at least, and so holds all of the header. */
static bool check_code(struct parser *p)
{
	struct linux_kernel *k = &p->kernel;
	uint64_t sectors = get(p->file, SETUP_SECTS);

	k->code_offset = (sectors + 1) * SECTOR_BYTES;
	k->code_bytes = get(p->file, SYSSIZE) * PARAGRAPH_BYTES;
	if (sectors == 0)
		return refuse(p->fault, LINUX_NO_SETUP, sectors);
	if (k->code_bytes <= entry_offset(k))
		return refuse(p->fault, LINUX_NO_CODE, k->code_bytes);
	if (p->size + PARAGRAPH_BYTES <= k->code_offset + k->code_bytes)
		return refuse(p->fault, LINUX_TRUNCATED, k->code_offset + k->code_bytes);
	k->code_bytes = min_u64(k->code_bytes, p->size - k->code_offset);
	return true;
}

/* init_size need not count the bytes by which syssize rounds up; pages hold them. */
static bool check_init_size(struct parser *p)
{
	uint64_t init_size = get(p->file, INIT_SIZE);

	p->kernel.memory_bytes = align_up(init_size, PAGE_SIZE);
	return align_up(init_size, PARAGRAPH_BYTES) >= p->kernel.code_bytes ||
	       refuse(p->fault, LINUX_INIT_SIZE, init_size);
}

/* A fixed kernel's alignment says nothing (boot.rst, kernel_alignment). */
static bool check_alignment(struct parser *p)
{
	struct linux_kernel *k = &p->kernel;
	uint64_t align = get(p->file, KERNEL_ALIGNMENT);
	uint64_t exponent = get(p->file, MIN_ALIGNMENT);

	k->relocatable = get(p->file, RELOCATABLE_KERNEL) != 0;
	k->align_bytes = k->min_align_bytes = PAGE_SIZE;
	if (!k->relocatable)
		return true;
	if (!is_power_of_2(align))
		return refuse(p->fault, LINUX_ALIGNMENT, align);
	if (exponent > 31 || UINT64_C(1) << exponent > align)
		return refuse(p->fault, LINUX_MIN_ALIGNMENT, exponent);
	k->align_bytes = max_u64(align, PAGE_SIZE);
	if (exponent == 0)
		k->min_align_bytes = k->align_bytes;
	else
		k->min_align_bytes = max_u64(UINT64_C(1) << exponent, PAGE_SIZE);
	return true;
}

/* The end of what the kernel reaches, for whatever has no limit of its own. */
static phys_t reach(const struct linux_kernel *k)
{
	return k->above_4g ? END_64 : END_32;
}

static phys_t kernel_start(const struct linux_kernel *k)
{
	return k->relocatable ? max_u64(k->preferred_phys, CODE_START) : k->preferred_phys;
}

static phys_t kernel_end(const struct linux_kernel *k)
{
	phys_t preferred_end = kernel_start(k) + k->memory_bytes;

	if (!k->relocatable)
		return preferred_end;
	return k->has_64_bit_entry ? reach(k) : max_u64(END_LOW, preferred_end);
}

static bool check_preferred(struct parser *p)
{
	struct linux_kernel *k = &p->kernel;
	phys_t preferred = get(p->file, PREF_ADDRESS);

	k->preferred_phys = preferred;
	if ((preferred & (k->align_bytes - 1)) != 0 || preferred >= PHYS_END)
		return refuse(p->fault, LINUX_PREFERRED, preferred);
	if (!k->relocatable && preferred < CODE_START)
		return refuse(p->fault, LINUX_PREFERRED, preferred);
	return kernel_start(k) + k->memory_bytes <= reach(k) ||
	       refuse(p->fault, LINUX_NO_PLACE, k->memory_bytes);
}

static void read_rest(struct parser *p)
{
	struct linux_kernel *k = &p->kernel;

	k->initrd_end_phys = get(p->file, INITRD_ADDR_MAX) + 1;
	k->cmdline_max_bytes = get(p->file, CMDLINE_SIZE);
	memcpy(k->header, p->file + HEADER_OFFSET, k->header_bytes);
}

bool linux_recognise(const void *file, uint64_t size_bytes)
{
	return size_bytes >= MAGIC_END && get(file, BOOT_FLAG) == BOOT_FLAG_VALUE &&
	       get(file, MAGIC) == MAGIC_VALUE;
}

enum linux_error linux_parse(struct linux_kernel *out, const void *file, uint64_t size_bytes,
	enum linux_mode mode, struct linux_fault *fault)
{
	struct parser p = { .file = file, .size = size_bytes, .fault = fault };

	*fault = (struct linux_fault){ LINUX_OK, LINUX_PARTS, 0 };
	p.kernel.mode = mode;
	if (check_magic(&p) && check_jump(&p) && check_flags(&p) && check_code(&p) &&
		check_init_size(&p) && check_alignment(&p) && check_preferred(&p)) {
		read_rest(&p);
		*out = p.kernel;
	}
	return fault->error;
}

/* --- placement -------------------------------------------------------------------------------- */

static struct linux_place kernel_place(const struct linux_kernel *k)
{
	return (struct linux_place){
		.size_bytes = k->memory_bytes,
		.align_bytes = k->align_bytes,
		.min_align_bytes = k->min_align_bytes,
		.start_phys = kernel_start(k),
		.end_phys = kernel_end(k),
		.preferred_phys = k->preferred_phys >= CODE_START ? k->preferred_phys : 0,
		.movable = k->relocatable,
	};
}

static struct linux_place data_place(uint64_t size_bytes, uint64_t align_bytes, phys_t end_phys)
{
	return (struct linux_place){
		.size_bytes = size_bytes,
		.align_bytes = align_bytes,
		.min_align_bytes = align_bytes,
		.start_phys = PAGE_SIZE,
		.end_phys = end_phys,
		.movable = true,
	};
}

/* The flag lifts initrd_addr_max, too (boot.rst, xloadflags). */
static phys_t initrd_end(const struct linux_kernel *k)
{
	return k->above_4g ? reach(k) : min_u64(k->initrd_end_phys, reach(k));
}

/* bytes is below END_64: nothing wraps. */
static struct linux_place place_of(
	const struct linux_kernel *k, enum linux_part part, uint64_t bytes)
{
	switch (part) {
	case LINUX_KERNEL:
		return kernel_place(k);
	case LINUX_CMDLINE:
		return data_place(bytes + 1, 1, reach(k));
	case LINUX_INITRD:
		return data_place(align_up(bytes, PAGE_SIZE), PAGE_SIZE, initrd_end(k));
	case LINUX_SETUP_DATA:
		return data_place(bytes, 8, reach(k));
	default:
		return data_place(LINUX_PARAMS_BYTES, PAGE_SIZE, reach(k));
	}
}

static bool has_room(const struct linux_place *place)
{
	return place->size_bytes == 0 ||
	       (place->start_phys < place->end_phys &&
		       place->size_bytes <= place->end_phys - place->start_phys);
}

enum linux_error linux_placement(struct linux_place *place, const struct linux_kernel *kernel,
	enum linux_part part, uint64_t bytes, struct linux_fault *fault)
{
	struct linux_place next = place_of(kernel, part, min_u64(bytes, END_64));

	*fault = (struct linux_fault){ LINUX_OK, LINUX_PARTS, 0 };
	if (part == LINUX_CMDLINE && bytes > kernel->cmdline_max_bytes) {
		refuse_part(fault, LINUX_CMDLINE_LONG, part, kernel->cmdline_max_bytes);
		return LINUX_CMDLINE_LONG;
	}
	if (!has_room(&next)) {
		refuse_part(fault, LINUX_NO_ROOM, part, bytes);
		return LINUX_NO_ROOM;
	}
	*place = next;
	return LINUX_OK;
}

uint64_t linux_setup_data_bytes(uint32_t e820_entries)
{
	if (e820_entries <= LINUX_E820_ENTRIES)
		return 0;
	return NODE_BYTES + (uint64_t)(e820_entries - LINUX_E820_ENTRIES) * E820_BYTES;
}

/* --- what boot_params is filled with ---------------------------------------------------------- */

static bool fits(const struct linux_place *place, phys_t start)
{
	return start >= place->start_phys && (start & (place->min_align_bytes - 1)) == 0 &&
	       start <= place->end_phys - place->size_bytes;
}

static bool check_ram(const struct linux_handoff *h, enum linux_part part, uint64_t size_bytes,
	struct linux_fault *fault)
{
	phys_t start = h->part[part].start_phys;
	pfn_t start_pfn = pfn_down(start), end_pfn = pfn_up(start + size_bytes);

	return e820_ram_pages(h->e820, start_pfn, end_pfn) == end_pfn - start_pfn ||
	       refuse_part(fault, LINUX_PART_NOT_RAM, part, start);
}

/* Also says how much memory it takes, 0 if none. */
static bool check_part(const struct linux_kernel *k, const struct linux_handoff *h,
	enum linux_part part, uint64_t *size_bytes, struct linux_fault *fault)
{
	const struct linux_range *range = &h->part[part];
	struct linux_place place;

	if (linux_placement(&place, k, part, range->bytes, fault) != LINUX_OK)
		return false;
	*size_bytes = place.size_bytes;
	if (place.size_bytes == 0)
		return true;
	if (!fits(&place, range->start_phys))
		return refuse_part(fault, LINUX_PART_PLACE, part, range->start_phys);
	return check_ram(h, part, place.size_bytes, fault);
}

static bool overlap(struct linux_range a, struct linux_range b)
{
	return a.start_phys < b.start_phys + b.bytes && b.start_phys < a.start_phys + a.bytes;
}

static bool check_parts(
	const struct linux_kernel *k, const struct linux_handoff *h, struct linux_fault *fault)
{
	struct linux_range range[LINUX_PARTS];

	for (unsigned i = 0; i < LINUX_PARTS; i++) {
		range[i].start_phys = h->part[i].start_phys;
		if (!check_part(k, h, (enum linux_part)i, &range[i].bytes, fault))
			return false;
	}
	for (unsigned i = 0; i < LINUX_PARTS; i++)
		for (unsigned j = 0; j < i; j++)
			if (range[i].bytes != 0 && range[j].bytes != 0 &&
				overlap(range[i], range[j]))
				return refuse_part(fault, LINUX_PARTS_MEET, (enum linux_part)i,
					range[i].start_phys);
	return true;
}

static bool check_e820(const struct linux_handoff *h, struct linux_fault *fault)
{
	uint32_t count = h->e820->count;

	if (!e820_check(h->e820))
		return refuse(fault, LINUX_E820_BROKEN, count);
	return count >= E820_LEAST || refuse(fault, LINUX_E820_SHORT, count);
}

/* A length has 32 bits in the node. */
static bool check_setup_data(const struct linux_handoff *h, struct linux_fault *fault)
{
	uint64_t bytes = linux_setup_data_bytes(h->e820->count);

	return bytes == 0 ||
	       (bytes <= h->part[LINUX_SETUP_DATA].bytes && bytes <= UINT32_MAX &&
		       h->setup_data != NULL) ||
	       refuse_part(fault, LINUX_SETUP_ROOM, LINUX_SETUP_DATA, bytes);
}

static bool in_reach(phys_t start, uint64_t bytes, phys_t end)
{
	return start != 0 && start < end && bytes <= end - start;
}

/* The flag about 4 GiB does not speak of the firmware's tables, only the mode does. */
static bool check_efi(
	const struct linux_kernel *k, const struct linux_efi *efi, struct linux_fault *fault)
{
	phys_t end = k->mode == LINUX_64 ? PHYS_END : END_32;

	if (efi->map_bytes == 0)
		return true;
	return (efi->map_bytes <= UINT32_MAX && efi->desc_bytes >= FW_MAP_MIN_STRIDE &&
		       efi->desc_bytes <= FW_MAP_MAX_STRIDE && efi->desc_bytes % 8 == 0 &&
		       (uint32_t)efi->map_bytes % efi->desc_bytes == 0 &&
		       in_reach(efi->system_table_phys, 1, end) &&
		       in_reach(efi->map_phys, efi->map_bytes, end)) ||
	       refuse(fault, LINUX_EFI, efi->map_bytes);
}

static bool channel_fits(struct linux_channel c, uint32_t bits_per_pixel)
{
	return (uint32_t)c.bits + c.position <= bits_per_pixel;
}

static bool pixels_fit(const struct linux_framebuffer *fb)
{
	uint32_t bits = fb->bits_per_pixel;

	return bits != 0 && bits <= 32 && channel_fits(fb->red, bits) &&
	       channel_fits(fb->green, bits) && channel_fits(fb->blue, bits) &&
	       channel_fits(fb->reserved, bits) && fb->width * bits <= fb->line_bytes * 8;
}

static bool check_framebuffer(const struct linux_framebuffer *fb, struct linux_fault *fault)
{
	if (fb->bytes == 0)
		return true;
	return (fb->width != 0 && fb->width <= SCREEN_MAX && fb->height != 0 &&
		       fb->height <= SCREEN_MAX && fb->line_bytes <= SCREEN_MAX && pixels_fit(fb) &&
		       fb->line_bytes * fb->height <= fb->bytes &&
		       in_reach(fb->base_phys, fb->bytes, PHYS_END)) ||
	       refuse(fault, LINUX_FRAMEBUFFER, fb->base_phys);
}

/* --- boot_params ------------------------------------------------------------------------------ */

/* As aligned as the address is, up to what the kernel likes best (boot.rst, min_alignment). */
static void put_alignment(uint8_t *page, const struct linux_kernel *k, phys_t load)
{
	uint64_t best = get(page, KERNEL_ALIGNMENT);

	if (k->relocatable)
		put(page, KERNEL_ALIGNMENT, min_u64(best, UINT64_C(1) << lowest_bit(load)));
}

/* Nothing but the header may come from the file, or the sentinel before it gives us away. */
static void put_header(uint8_t *page, const struct linux_kernel *k, const struct linux_handoff *h)
{
	phys_t load = h->part[LINUX_KERNEL].start_phys;

	memcpy(page + HEADER_OFFSET, k->header, k->header_bytes);
	put(page, VID_MODE, VID_MODE_NORMAL);
	put(page, TYPE_OF_LOADER, LOADER_UNDEFINED);
	put(page, EXT_LOADER, 0);
	put(page, LOADFLAGS, LOADED_HIGH); /* what is not the loader's to set must be 0 */
	put(page, CODE32_START, load < END_32 ? load : 0);
	put_alignment(page, k, load);
}

static void put_addresses(uint8_t *page, const struct linux_handoff *h)
{
	struct linux_range initrd = h->part[LINUX_INITRD];
	phys_t cmdline = h->part[LINUX_CMDLINE].start_phys;

	if (initrd.bytes == 0)
		initrd.start_phys = 0;
	put(page, RAMDISK_IMAGE, initrd.start_phys);
	put(page, EXT_RAMDISK_IMAGE, initrd.start_phys >> 32);
	put(page, RAMDISK_SIZE, initrd.bytes);
	put(page, EXT_RAMDISK_SIZE, initrd.bytes >> 32);
	put(page, CMD_LINE_PTR, cmdline);
	put(page, EXT_CMD_LINE_PTR, cmdline >> 32);
	put(page, ACPI_RSDP_ADDR, h->rsdp_phys);
}

/* Linux's numbers (arch/x86/include/asm/e820/types.h). */
static uint32_t linux_e820_type(uint32_t type)
{
	static const uint32_t number[E820_TYPES] = {
		[E820_RAM] = 1,
		[E820_SOFT] = 0xefffffff,
		[E820_PMEM] = 7,
		[E820_UNACCEPTED] = 2,
		[E820_ACPI] = 3,
		[E820_NVS] = 4,
		[E820_UNUSABLE] = 5,
		[E820_RESERVED] = 2,
	};

	return number[type];
}

static void put_e820_entry(uint8_t *at, const struct e820_entry *e)
{
	put(at, E820_ADDR, e->start);
	put(at, E820_SIZE, e->end - e->start);
	put(at, E820_KIND, linux_e820_type(e->type));
}

static void put_e820(uint8_t *page, uint8_t *node, const struct e820 *map)
{
	uint32_t inside = map->count < LINUX_E820_ENTRIES ? map->count : LINUX_E820_ENTRIES;

	put(page, E820_COUNT, inside);
	for (uint32_t i = 0; i < inside; i++)
		put_e820_entry(page + E820_TABLE + i * E820_BYTES, &map->entry[i]);
	for (uint32_t i = inside; i < map->count; i++)
		put_e820_entry(
			node + NODE_BYTES + (size_t)(i - inside) * E820_BYTES, &map->entry[i]);
}

/* The list has this node or none: what the file's header says is no address of this machine. */
static void put_setup_data(uint8_t *page, const struct linux_handoff *h)
{
	uint64_t bytes = linux_setup_data_bytes(h->e820->count);
	uint8_t *node = h->setup_data;

	put(page, SETUP_DATA, bytes != 0 ? h->part[LINUX_SETUP_DATA].start_phys : 0);
	if (bytes == 0)
		return;
	put(node, NODE_NEXT, 0);
	put(node, NODE_TYPE, SETUP_E820_EXT);
	put(node, NODE_LENGTH, bytes - NODE_BYTES);
}

/* Firmware is as wide as the entry that is used: an application can't leave the mode it began in before. */
static void put_efi(uint8_t *page, const struct linux_kernel *k, const struct linux_efi *efi)
{
	if (efi->map_bytes == 0)
		return;
	put(page, EFI_SIGNATURE, k->mode == LINUX_64 ? EFI_SIGNATURE_64 : EFI_SIGNATURE_32);
	put(page, EFI_SYSTAB, efi->system_table_phys);
	put(page, EFI_SYSTAB_HIGH, efi->system_table_phys >> 32);
	put(page, EFI_DESC_SIZE, efi->desc_bytes);
	put(page, EFI_DESC_VERSION, efi->desc_version);
	put(page, EFI_MEMMAP, efi->map_phys);
	put(page, EFI_MEMMAP_HIGH, efi->map_phys >> 32);
	put(page, EFI_MEMMAP_SIZE, efi->map_bytes);
}

static uint32_t channel(struct linux_channel c)
{
	return c.bits | (uint32_t)c.position << 8;
}

static void put_pixels(uint8_t *page, const struct linux_framebuffer *fb)
{
	put(page, SCREEN_DEPTH, fb->bits_per_pixel);
	put(page, SCREEN_LINE, fb->line_bytes);
	put(page, SCREEN_RED, channel(fb->red));
	put(page, SCREEN_GREEN, channel(fb->green));
	put(page, SCREEN_BLUE, channel(fb->blue));
	put(page, SCREEN_RESERVED, channel(fb->reserved));
}

/* As the EFI stub leaves it, the size too: that of the picture, not of the memory behind it. */
static void put_screen(uint8_t *page, const struct linux_framebuffer *fb)
{
	uint32_t high = (uint32_t)(fb->base_phys >> 32);

	if (fb->bytes == 0)
		return;
	put(page, SCREEN_TYPE, VIDEO_TYPE_EFI);
	put(page, SCREEN_WIDTH, fb->width);
	put(page, SCREEN_HEIGHT, fb->height);
	put(page, SCREEN_BASE, fb->base_phys);
	put(page, SCREEN_BASE_HIGH, high);
	put(page, SCREEN_SIZE, fb->line_bytes * fb->height);
	put(page, SCREEN_PAGES, 1);
	put(page, SCREEN_CAPABILITIES, SCREEN_SKIP_QUIRKS | (high != 0 ? SCREEN_64_BIT_BASE : 0));
	put_pixels(page, fb);
}

enum linux_error linux_fill_params(void *params, const struct linux_kernel *kernel,
	const struct linux_handoff *handoff, struct linux_fault *fault)
{
	uint8_t *page = params;

	*fault = (struct linux_fault){ LINUX_OK, LINUX_PARTS, 0 };
	if (!check_e820(handoff, fault) || !check_parts(kernel, handoff, fault) ||
		!check_setup_data(handoff, fault) || !check_efi(kernel, &handoff->efi, fault) ||
		!check_framebuffer(&handoff->framebuffer, fault))
		return fault->error;
	memset(page, 0, LINUX_PARAMS_BYTES);
	put_header(page, kernel, handoff);
	put_addresses(page, handoff);
	put_e820(page, handoff->setup_data, handoff->e820);
	put_setup_data(page, handoff);
	put_efi(page, kernel, &handoff->efi);
	put_screen(page, &handoff->framebuffer);
	put(page, ALT_MEM_K, STUB_ALT_MEM_K);
	put(page, SECURE_BOOT, handoff->secure_boot);
	return LINUX_OK;
}

phys_t linux_entry(const struct linux_kernel *kernel, phys_t load_phys)
{
	return load_phys + entry_offset(kernel);
}

/* --- messages --------------------------------------------------------------------------------- */

static const struct message *message_of(enum linux_error error)
{
	static const struct message message[LINUX_ERRORS] = {
		[LINUX_OK] = { "no error", NULL, DECIMAL },
		[LINUX_NOT_A_KERNEL] = { "it is not a Linux kernel", NULL, DECIMAL },
		[LINUX_HEADER_END] = { "it ends within its setup header", "bytes", DECIMAL },
		[LINUX_VERSION] = { "its boot protocol is older than 2.10", "version", HEX },
		[LINUX_JUMP] = { "its setup header does not begin with a jump over it",
			"instruction", HEX },
		[LINUX_LOADED_LOW] = { "it is a zImage, to be loaded below 1 MiB", "loadflags",
			HEX },
		[LINUX_64_BIT_ENTRY] = { "it has no 64-bit entry", "xloadflags", HEX },
		[LINUX_NO_SETUP] = { "it has no setup code", "setup_sects", DECIMAL },
		[LINUX_NO_CODE] = { "it has no code at its entry", "bytes of code", DECIMAL },
		[LINUX_TRUNCATED] = { "it ends too early", "bytes it should have", DECIMAL },
		[LINUX_INIT_SIZE] = { "it wants less memory than its code fills", "init_size",
			DECIMAL },
		[LINUX_ALIGNMENT] = { "its alignment is not a power of two", "kernel_alignment",
			HEX },
		[LINUX_MIN_ALIGNMENT] = { "its least alignment is more than its best one",
			"min_alignment", DECIMAL },
		[LINUX_PREFERRED] = { "its preferred address is impossible", "pref_address", HEX },
		[LINUX_NO_PLACE] = { "it wants more memory than it can reach", "bytes", DECIMAL },
		[LINUX_CMDLINE_LONG] = { "longer than this kernel takes", "bytes at most",
			DECIMAL },
		[LINUX_NO_ROOM] = { "larger than this kernel can reach", "bytes", DECIMAL },
		[LINUX_E820_BROKEN] = { "the memory map is not in order", "entries", DECIMAL },
		[LINUX_E820_SHORT] = { "the memory map has fewer than two entries, and Linux "
				       "ignores such a map",
			"entries", DECIMAL },
		[LINUX_PART_PLACE] = { "placed where this kernel does not take it", "address",
			HEX },
		[LINUX_PART_NOT_RAM] = { "placed in what the memory map does not call RAM",
			"address", HEX },
		[LINUX_PARTS_MEET] = { "placed over another part", "address", HEX },
		[LINUX_SETUP_ROOM] = { "no room for the rest of the memory map", "bytes", DECIMAL },
		[LINUX_EFI] = { "UEFI's tables are not as they can be told", "bytes of its map",
			DECIMAL },
		[LINUX_FRAMEBUFFER] = { "the framebuffer is not as it can be told", "address",
			HEX },
	};

	return (unsigned)error < LINUX_ERRORS ? &message[error] : NULL;
}

const char *linux_part_name(enum linux_part part)
{
	static const char *const name[LINUX_PARTS] = {
		[LINUX_KERNEL] = "kernel",
		[LINUX_PARAMS] = "boot_params",
		[LINUX_CMDLINE] = "command line",
		[LINUX_INITRD] = "ramdisk",
		[LINUX_SETUP_DATA] = "setup data",
	};

	return (unsigned)part < LINUX_PARTS ? name[part] : "?";
}

const char *linux_error_text(enum linux_error error)
{
	const struct message *m = message_of(error);

	return m != NULL ? m->text : "?";
}

void linux_explain(const struct sink *sink, const struct linux_fault *fault)
{
	const struct message *m = message_of(fault->error);

	if (fault->part != LINUX_PARTS)
		sink_printf(sink, "%s: ", linux_part_name(fault->part));
	sink_puts(sink, linux_error_text(fault->error));
	if (m == NULL || m->number == NULL)
		return;
	sink_printf(sink, m->base == HEX ? " (%s 0x%llx)" : " (%s %llu)", m->number,
		ULL(fault->number));
}

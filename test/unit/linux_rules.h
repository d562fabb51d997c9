/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What <bootmem/linux_boot.h> promises, written a second time from the other end: boot_params as a packed structure,
 * each refusal as a rule about it, the page that a handoff must give, and handoffs at random. For the unit test and the
 * fuzzer.
 */
#ifndef TEST_LINUX_RULES_H
#define TEST_LINUX_RULES_H

#include <stdlib.h>
#include <string.h>

#include <bootmem/linux_boot.h>

#include "random.h"

#define RULES_PACKED __attribute__((packed))

struct rules_e820 {
	uint64_t addr, size;
	uint32_t type;
} RULES_PACKED;

struct rules_node {
	uint64_t next;
	uint32_t type, length;
	struct rules_e820 entry[];
} RULES_PACKED;

struct rules_screen {
	uint8_t before[0x0f];
	uint8_t type;
	uint16_t points;
	uint16_t width, height, depth;
	uint32_t base, size;
	uint16_t magic, offset, line;
	uint8_t red_size, red_pos, green_size, green_pos;
	uint8_t blue_size, blue_pos, reserved_size, reserved_pos;
	uint16_t segment, segment_offset, pages, attributes;
	uint32_t capabilities, base_high;
	uint8_t after[2];
} RULES_PACKED;

struct rules_efi {
	char signature[4];
	uint32_t systab, desc_size, desc_version, memmap, memmap_size, systab_high, memmap_high;
} RULES_PACKED;

/* The setup header, up to the end of protocol 2.15. */
struct rules_header {
	uint8_t setup_sects;
	uint16_t root_flags;
	uint32_t syssize;
	uint16_t ram_size, vid_mode, root_dev, boot_flag;
	uint8_t jump_opcode, jump_distance;
	char magic[4];
	uint16_t version;
	uint32_t realmode_swtch;
	uint16_t start_sys_seg, kernel_version;
	uint8_t type_of_loader, loadflags;
	uint16_t setup_move_size;
	uint32_t code32_start, ramdisk_image, ramdisk_size, bootsect_kludge;
	uint16_t heap_end_ptr;
	uint8_t ext_loader_ver, ext_loader_type;
	uint32_t cmd_line_ptr, initrd_addr_max, kernel_alignment;
	uint8_t relocatable_kernel, min_alignment;
	uint16_t xloadflags;
	uint32_t cmdline_size, hardware_subarch;
	uint64_t hardware_subarch_data;
	uint32_t payload_offset, payload_length;
	uint64_t setup_data, pref_address;
	uint32_t init_size, handover_offset, kernel_info_offset;
} RULES_PACKED;

struct rules_params {
	struct rules_screen screen;
	uint8_t pad1[0x30];
	uint64_t acpi_rsdp_addr;
	uint8_t pad2[0x48];
	uint32_t ext_ramdisk_image, ext_ramdisk_size, ext_cmd_line_ptr;
	uint8_t pad3[0xf4];
	struct rules_efi efi;
	uint32_t alt_mem_k, scratch;
	uint8_t e820_entries, eddbuf_entries, edd_mbr_sig_buf_entries, kbd_status, secure_boot;
	uint8_t pad4[2];
	uint8_t sentinel;
	uint8_t pad5;
	struct rules_header hdr;
	uint8_t pad6[0x290 - 0x26c];
	uint8_t edd_mbr_sig_buffer[64];
	struct rules_e820 e820_table[128];
	uint8_t rest[0x330];
} RULES_PACKED;

#define RULES_AT(field, offset)                                                                    \
	_Static_assert(offsetof(struct rules_params, field) == (offset), "zero-page.rst, "         \
									 "boot.rst")

RULES_AT(screen.type, 0x00f);
RULES_AT(screen.base, 0x018);
RULES_AT(screen.line, 0x024);
RULES_AT(screen.pages, 0x032);
RULES_AT(screen.base_high, 0x03a);
RULES_AT(acpi_rsdp_addr, 0x070);
RULES_AT(ext_ramdisk_image, 0x0c0);
RULES_AT(efi, 0x1c0);
RULES_AT(alt_mem_k, 0x1e0);
RULES_AT(e820_entries, 0x1e8);
RULES_AT(secure_boot, 0x1ec);
RULES_AT(sentinel, 0x1ef);
RULES_AT(hdr, 0x1f1);
RULES_AT(hdr.magic, 0x202);
RULES_AT(hdr.code32_start, 0x214);
RULES_AT(hdr.cmd_line_ptr, 0x228);
RULES_AT(hdr.xloadflags, 0x236);
RULES_AT(hdr.setup_data, 0x250);
RULES_AT(hdr.init_size, 0x260);
RULES_AT(hdr.kernel_info_offset, 0x268);
RULES_AT(e820_table, 0x2d0);
_Static_assert(sizeof(struct rules_params) == LINUX_PARAMS_BYTES, "zero-page.rst");

/* --- the file --------------------------------------------------------------------------------- */

struct rules_file {
	const uint8_t *bytes;
	uint64_t size;
	enum linux_mode mode;
};

/* What is not there is 0. */
static inline struct rules_header rules_header(struct rules_file f)
{
	struct rules_header h;
	size_t from = offsetof(struct rules_params, hdr);

	memset(&h, 0, sizeof(h));
	if (f.size > from)
		memcpy(&h, f.bytes + from, f.size - from < sizeof(h) ? f.size - from : sizeof(h));
	return h;
}

static inline uint32_t rules_xloadflags(const struct rules_header *h)
{
	return h->version < 0x20c ? 0 : h->xloadflags;
}

static inline bool rules_is_64(const struct rules_header *h)
{
	return rules_xloadflags(h) & 1;
}

static inline uint64_t rules_pages(uint64_t bytes)
{
	return (bytes + 4095) / 4096;
}

/* The last byte that anything may lie at. */
static inline uint64_t rules_last(const struct rules_header *h, enum linux_mode mode)
{
	bool high = mode == LINUX_64 && (rules_xloadflags(h) & 2);

	return (UINT64_C(1) << (high ? 46 : 32)) - 1;
}

static inline uint64_t rules_kernel_least(const struct rules_header *h)
{
	return h->pref_address < 0x100000 ? 0x100000 : h->pref_address;
}

static inline uint64_t rules_kernel_last(const struct rules_header *h, enum linux_mode mode)
{
	uint64_t low = 0x1fffffff;
	uint64_t preferred = rules_kernel_least(h) + rules_pages(h->init_size) * 4096 - 1;

	if (rules_is_64(h))
		return rules_last(h, mode);
	return preferred > low ? preferred : low;
}

static inline unsigned rules_bits(uint64_t x)
{
	unsigned bits = 0;

	for (; x != 0; x &= x - 1)
		bits++;
	return bits;
}

/* Bytes of the last paragraph need not be there, all others must. */
static inline bool rules_truncated(struct rules_file f, const struct rules_header *h)
{
	uint64_t setup = 512 + 512 * (uint64_t)h->setup_sects;

	return f.size <= setup || (f.size - setup + 15) / 16 < h->syssize;
}

static inline uint64_t rules_code_bytes(struct rules_file f, const struct rules_header *h)
{
	uint64_t rest = f.size - 512 - 512 * (uint64_t)h->setup_sects;

	return rest / 16 < h->syssize ? rest : 16 * (uint64_t)h->syssize;
}

static inline bool rules_preferred_odd(const struct rules_header *h)
{
	uint64_t align = h->relocatable_kernel ? h->kernel_alignment : 1;

	if (h->pref_address % 4096 != 0 || h->pref_address % (align ? align : 1) != 0)
		return true;
	return h->pref_address >> 52 != 0 || (!h->relocatable_kernel && h->pref_address < 0x100000);
}

static inline bool rules_breaks(enum linux_error rule, struct rules_file f)
{
	struct rules_header h = rules_header(f);

	switch (rule) {
	case LINUX_NOT_A_KERNEL:
		return h.boot_flag != 0xaa55 || memcmp(h.magic, "HdrS", 4) != 0;
	case LINUX_HEADER_END:
		return f.size < 0x264;
	case LINUX_VERSION:
		return h.version < 0x20a;
	case LINUX_JUMP:
		return h.jump_opcode != 0xeb || (int8_t)h.jump_distance < 0x264 - 0x202;
	case LINUX_LOADED_LOW:
		return !(h.loadflags & 1);
	case LINUX_64_BIT_ENTRY:
		return f.mode == LINUX_64 && !rules_is_64(&h);
	case LINUX_NO_SETUP:
		return h.setup_sects == 0;
	case LINUX_NO_CODE:
		return h.syssize == 0 || (f.mode == LINUX_64 && h.syssize <= 32);
	case LINUX_TRUNCATED:
		return rules_truncated(f, &h);
	case LINUX_INIT_SIZE:
		return ((uint64_t)h.init_size + 15) / 16 < (rules_code_bytes(f, &h) + 15) / 16;
	case LINUX_ALIGNMENT:
		return h.relocatable_kernel && rules_bits(h.kernel_alignment) != 1;
	case LINUX_MIN_ALIGNMENT:
		return h.relocatable_kernel &&
		       (h.min_alignment > 31 || h.kernel_alignment >> h.min_alignment == 0);
	case LINUX_PREFERRED:
		return rules_preferred_odd(&h);
	case LINUX_NO_PLACE:
		return rules_pages(h.init_size) * 4096 + rules_kernel_least(&h) - 1 >
		       rules_last(&h, f.mode);
	default:
		return false;
	}
}

static inline enum linux_error rules_first(struct rules_file f)
{
	for (unsigned rule = LINUX_NOT_A_KERNEL; rule <= LINUX_NO_PLACE; rule++)
		if (rules_breaks((enum linux_error)rule, f))
			return (enum linux_error)rule;
	return LINUX_OK;
}

static inline const char *rules_kernel_wrong(struct rules_file f, const struct linux_kernel *k)
{
	struct rules_header h = rules_header(f);
	uint32_t flags = rules_xloadflags(&h);

	if (k->mode != f.mode || k->version != h.version)
		return "mode or version";
	if (k->code_offset != 512 * (1 + (uint64_t)h.setup_sects) ||
		k->code_bytes != rules_code_bytes(f, &h) || k->code_bytes > k->memory_bytes ||
		k->memory_bytes != 4096 * rules_pages(h.init_size))
		return "code or memory";
	if (k->initrd_end_phys != (uint64_t)h.initrd_addr_max + 1 ||
		k->cmdline_max_bytes != h.cmdline_size || k->preferred_phys != h.pref_address)
		return "a limit";
	if (k->relocatable != (h.relocatable_kernel != 0) ||
		k->above_4g != ((flags & 2) && f.mode == LINUX_64) ||
		k->has_64_bit_entry != (flags & 1) || k->five_levels != ((flags & 32) != 0))
		return "a flag";
	if (k->header_bytes != 0x202u + h.jump_distance - 0x1f1u ||
		memcmp(k->header, f.bytes + 0x1f1, k->header_bytes) != 0)
		return "the header";
	return NULL;
}

static inline const char *rules_untouched(const void *object, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (((const uint8_t *)object)[i] != 0xa5)
			return "a refusal wrote to the output";
	return NULL;
}

/* Parse and compare; what is wrong, or null. */
static inline const char *rules_parse(struct rules_file f, struct linux_kernel *k)
{
	struct linux_fault fault;
	enum linux_error error;

	memset(k, 0xa5, sizeof(*k));
	error = linux_parse(k, f.bytes, f.size, f.mode, &fault);
	if (error != fault.error || fault.part != LINUX_PARTS)
		return "two errors, or a part";
	if (error != rules_first(f))
		return "another rule is broken first";
	if (linux_recognise(f.bytes, f.size) != !rules_breaks(LINUX_NOT_A_KERNEL, f))
		return "recognised";
	return error == LINUX_OK ? rules_kernel_wrong(f, k) : rules_untouched(k, sizeof(*k));
}

/* --- placement -------------------------------------------------------------------------------- */

/* As much memory as no machine has stands for all that is more. */
static inline uint64_t rules_part_bytes(
	const struct rules_header *h, enum linux_part part, uint64_t bytes)
{
	if (bytes >> 50 != 0)
		bytes = UINT64_C(1) << 50;
	switch (part) {
	case LINUX_KERNEL:
		return rules_pages(h->init_size) * 4096;
	case LINUX_PARAMS:
		return 4096;
	case LINUX_CMDLINE:
		return bytes + 1;
	case LINUX_INITRD:
		return rules_pages(bytes) * 4096;
	default:
		return bytes;
	}
}

static inline uint64_t rules_part_last(
	const struct rules_header *h, enum linux_mode mode, enum linux_part part)
{
	uint64_t last = rules_last(h, mode);

	if (part == LINUX_KERNEL)
		return rules_kernel_last(h, mode);
	if (part == LINUX_INITRD && last < UINT64_C(1) << 32 && h->initrd_addr_max < last)
		return h->initrd_addr_max;
	return last;
}

static inline uint64_t rules_part_align(const struct rules_header *h, enum linux_part part)
{
	uint64_t align = h->kernel_alignment;

	if (part == LINUX_CMDLINE)
		return 1;
	if (part == LINUX_SETUP_DATA)
		return 8;
	if (part != LINUX_KERNEL || !h->relocatable_kernel)
		return 4096;
	if (h->min_alignment != 0)
		align = UINT64_C(1) << h->min_alignment;
	return align > 4096 ? align : 4096;
}

/* May a part be at this address? By the kernel's own arithmetic, one address at a time. */
static inline bool rules_allows(const struct rules_header *h, enum linux_mode mode,
	enum linux_part part, uint64_t bytes, uint64_t at)
{
	uint64_t size = rules_part_bytes(h, part, bytes);

	if (part == LINUX_KERNEL && !h->relocatable_kernel)
		return at == h->pref_address;
	if (part == LINUX_KERNEL && at < rules_kernel_least(h))
		return false;
	return at >= 4096 && at % rules_part_align(h, part) == 0 && at < UINT64_C(1) << 52 &&
	       at + size - 1 <= rules_part_last(h, mode, part);
}

/* If a part can't be here, it can be nowhere. */
static inline uint64_t rules_lowest(const struct rules_header *h, enum linux_part part)
{
	return part == LINUX_KERNEL ? rules_kernel_least(h) : 4096;
}

static inline bool rules_place_has(const struct linux_place *p, uint64_t at)
{
	return at >= p->start_phys && at <= p->end_phys - p->size_bytes &&
	       at % p->min_align_bytes == 0;
}

static inline const char *rules_place_at(struct rules_file f, const struct linux_place *p,
	enum linux_part part, uint64_t bytes, uint64_t at)
{
	struct rules_header h = rules_header(f);

	return rules_place_has(p, at) == rules_allows(&h, f.mode, part, bytes, at)
		       ? NULL
		       : "an address is allowed that is not, or the other way round";
}

/* At the edges, one step beside them, and anywhere. */
static inline const char *rules_place_edges(struct rules_file f, const struct linux_place *p,
	enum linux_part part, uint64_t bytes, uint64_t *seed)
{
	uint64_t step = p->min_align_bytes;
	uint64_t top = (p->end_phys - p->size_bytes) / step * step;
	uint64_t at[] = { 0, 4096, p->start_phys, p->start_phys - step, p->start_phys + step,
		p->start_phys / step * step, p->start_phys + 1, top, top + step, top + 1,
		p->preferred_phys, random_next(seed) >> random_below(seed, 64),
		random_next(seed) >> (18 + random_below(seed, 30)) << 12 };
	const char *wrong = NULL;

	for (unsigned i = 0; wrong == NULL && i < ARRAY_SIZE(at); i++)
		wrong = rules_place_at(f, p, part, bytes, at[i]);
	return wrong;
}

static inline const char *rules_place(struct rules_file f, const struct linux_kernel *k,
	enum linux_part part, uint64_t bytes, uint64_t *seed)
{
	struct rules_header h = rules_header(f);
	struct linux_place p;
	struct linux_fault fault;
	enum linux_error error;

	memset(&p, 0xa5, sizeof(p));
	error = linux_placement(&p, k, part, bytes, &fault);
	if (part == LINUX_CMDLINE && bytes > h.cmdline_size)
		return error == LINUX_CMDLINE_LONG ? rules_untouched(&p, sizeof(p)) : "too long";
	if (error == LINUX_NO_ROOM && rules_allows(&h, f.mode, part, bytes, rules_lowest(&h, part)))
		return "there is room";
	if (error != LINUX_OK)
		return error == LINUX_NO_ROOM ? rules_untouched(&p, sizeof(p)) : "another error";
	if (p.size_bytes != rules_part_bytes(&h, part, bytes))
		return "size";
	if (p.movable != (part != LINUX_KERNEL || h.relocatable_kernel) ||
		(p.preferred_phys != 0) != (part == LINUX_KERNEL && h.pref_address >= 0x100000))
		return "movable or preferred";
	return p.size_bytes == 0 ? NULL : rules_place_edges(f, &p, part, bytes, seed);
}

/* --- the page --------------------------------------------------------------------------------- */

static inline uint32_t rules_e820_type(uint32_t type)
{
	switch (type) {
	case E820_RAM:
		return 1;
	case E820_ACPI:
		return 3;
	case E820_NVS:
		return 4;
	case E820_UNUSABLE:
		return 5;
	case E820_PMEM:
		return 7;
	case E820_SOFT:
		return 0xefffffff;
	default:
		return 2;
	}
}

static inline void rules_fill_screen(struct rules_screen *s, const struct linux_framebuffer *fb)
{
	s->type = 0x70;
	s->width = (uint16_t)fb->width;
	s->height = (uint16_t)fb->height;
	s->depth = (uint16_t)fb->bits_per_pixel;
	s->line = (uint16_t)fb->line_bytes;
	s->base = (uint32_t)fb->base_phys;
	s->base_high = (uint32_t)(fb->base_phys >> 32);
	s->size = (uint32_t)s->line * s->height;
	s->pages = 1;
	s->capabilities = s->base_high ? 3 : 1;
	s->red_size = fb->red.bits;
	s->red_pos = fb->red.position;
	s->green_size = fb->green.bits;
	s->green_pos = fb->green.position;
	s->blue_size = fb->blue.bits;
	s->blue_pos = fb->blue.position;
	s->reserved_size = fb->reserved.bits;
	s->reserved_pos = fb->reserved.position;
}

static inline void rules_fill_efi(
	struct rules_efi *e, enum linux_mode mode, const struct linux_efi *efi)
{
	memcpy(e->signature, mode == LINUX_64 ? "EL64" : "EL32", 4);
	e->systab = (uint32_t)efi->system_table_phys;
	e->systab_high = (uint32_t)(efi->system_table_phys >> 32);
	e->memmap = (uint32_t)efi->map_phys;
	e->memmap_high = (uint32_t)(efi->map_phys >> 32);
	e->memmap_size = (uint32_t)efi->map_bytes;
	e->desc_size = efi->desc_bytes;
	e->desc_version = efi->desc_version;
}

static inline void rules_fill_header(struct rules_params *p, const struct linux_handoff *h)
{
	uint64_t load = h->part[LINUX_KERNEL].start_phys;
	uint64_t align = p->hdr.kernel_alignment;

	p->hdr.vid_mode = 0xffff;
	p->hdr.type_of_loader = 0xff;
	p->hdr.ext_loader_type = p->hdr.ext_loader_ver = 0;
	p->hdr.loadflags = 1;
	p->hdr.code32_start = load >> 32 ? 0 : (uint32_t)load;
	if (p->hdr.relocatable_kernel)
		while (load % align != 0)
			align /= 2;
	p->hdr.kernel_alignment = (uint32_t)align;
	p->hdr.cmd_line_ptr = (uint32_t)h->part[LINUX_CMDLINE].start_phys;
	p->ext_cmd_line_ptr = (uint32_t)(h->part[LINUX_CMDLINE].start_phys >> 32);
	if (h->part[LINUX_INITRD].bytes != 0) {
		p->hdr.ramdisk_image = (uint32_t)h->part[LINUX_INITRD].start_phys;
		p->ext_ramdisk_image = (uint32_t)(h->part[LINUX_INITRD].start_phys >> 32);
		p->hdr.ramdisk_size = (uint32_t)h->part[LINUX_INITRD].bytes;
		p->ext_ramdisk_size = (uint32_t)(h->part[LINUX_INITRD].bytes >> 32);
	} else {
		p->hdr.ramdisk_image = p->hdr.ramdisk_size = 0;
	}
	p->hdr.setup_data = h->e820->count > 128 ? h->part[LINUX_SETUP_DATA].start_phys : 0;
}

/* Entry i in the page or, from the 129th on, in the node. */
static inline void rules_fill_e820(
	struct rules_params *p, struct rules_node *node, const struct e820 *map)
{
	for (uint32_t i = 0; i < map->count; i++) {
		struct rules_e820 *e = i < 128 ? &p->e820_table[i] : &node->entry[i - 128];

		e->addr = map->entry[i].start;
		e->size = map->entry[i].end - map->entry[i].start;
		e->type = rules_e820_type(map->entry[i].type);
	}
	p->e820_entries = (uint8_t)(map->count < 128 ? map->count : 128);
	if (map->count > 128) {
		node->next = 0;
		node->type = 1;
		node->length = 20 * (map->count - 128);
	}
}

/* The page and the node (as long as it must be) that a handoff must give. */
static inline void rules_fill(struct rules_params *p, struct rules_node *node, struct rules_file f,
	const struct linux_handoff *h)
{
	memset(p, 0, sizeof(*p));
	memcpy(&p->hdr, f.bytes + 0x1f1, 0x202u + f.bytes[0x201] - 0x1f1u);
	rules_fill_header(p, h);
	rules_fill_e820(p, node, h->e820);
	p->acpi_rsdp_addr = h->rsdp_phys;
	p->alt_mem_k = 32768;
	p->secure_boot = (uint8_t)h->secure_boot;
	if (h->efi.map_bytes != 0)
		rules_fill_efi(&p->efi, f.mode, &h->efi);
	if (h->framebuffer.bytes != 0)
		rules_fill_screen(&p->screen, &h->framebuffer);
}

/* --- is a handoff as it should be? -------------------------------------------------------------- */

static inline bool rules_all_ram(const struct e820 *map, uint64_t from, uint64_t to)
{
	for (uint32_t i = 0; i < map->count && from < to; i++)
		if (map->entry[i].type == E820_RAM && map->entry[i].start <= from &&
			from < map->entry[i].end)
			from = map->entry[i].end;
	return from >= to;
}

static inline bool rules_part_ok(
	struct rules_file f, const struct linux_handoff *h, enum linux_part part)
{
	struct rules_header header = rules_header(f);
	const struct linux_range *r = &h->part[part];
	uint64_t size = rules_part_bytes(&header, part, r->bytes);

	if (size == 0)
		return true;
	if (part == LINUX_CMDLINE && r->bytes > header.cmdline_size)
		return false;
	return rules_allows(&header, f.mode, part, r->bytes, r->start_phys) &&
	       rules_all_ram(h->e820, r->start_phys, r->start_phys + size);
}

static inline bool rules_parts_apart(struct rules_file f, const struct linux_handoff *h)
{
	struct rules_header header = rules_header(f);

	for (unsigned i = 0; i < LINUX_PARTS; i++)
		for (unsigned j = 0; j < i; j++) {
			uint64_t a = h->part[i].start_phys, b = h->part[j].start_phys;
			uint64_t in_a = rules_part_bytes(&header, i, h->part[i].bytes);
			uint64_t in_b = rules_part_bytes(&header, j, h->part[j].bytes);

			if (in_a != 0 && in_b != 0 && (a < b ? b - a < in_a : a - b < in_b))
				return false;
		}
	return true;
}

static inline bool rules_efi_ok(enum linux_mode mode, const struct linux_efi *e)
{
	uint64_t last = mode == LINUX_64 ? (UINT64_C(1) << 52) - 1 : UINT32_MAX;

	if (e->map_bytes == 0)
		return true;
	return e->map_bytes <= UINT32_MAX && e->desc_bytes >= 40 && e->desc_bytes <= 256 &&
	       e->desc_bytes % 8 == 0 && e->map_bytes % e->desc_bytes == 0 &&
	       e->system_table_phys != 0 && e->system_table_phys <= last && e->map_phys != 0 &&
	       e->map_phys <= last && e->map_phys + e->map_bytes - 1 <= last;
}

static inline bool rules_channel_ok(struct linux_channel c, uint32_t bits)
{
	return (uint32_t)c.bits + c.position <= bits;
}

static inline bool rules_screen_ok(const struct linux_framebuffer *fb)
{
	uint64_t last = (UINT64_C(1) << 52) - 1, bits = fb->bits_per_pixel;

	if (fb->bytes == 0)
		return true;
	if (fb->width - 1 >= 65535 || fb->height - 1 >= 65535 || fb->line_bytes > 65535)
		return false;
	return bits - 1 < 32 && rules_channel_ok(fb->red, bits) &&
	       rules_channel_ok(fb->green, bits) && rules_channel_ok(fb->blue, bits) &&
	       rules_channel_ok(fb->reserved, bits) &&
	       (uint64_t)fb->line_bytes * 8 >= fb->width * bits &&
	       (uint64_t)fb->line_bytes * fb->height <= fb->bytes && fb->base_phys != 0 &&
	       fb->base_phys <= last && fb->bytes <= last - fb->base_phys + 1;
}

static inline bool rules_handoff_ok(struct rules_file f, const struct linux_handoff *h)
{
	uint64_t beyond = h->e820->count > 128 ? h->e820->count - 128 : 0;

	for (unsigned part = 0; part < LINUX_PARTS; part++)
		if (!rules_part_ok(f, h, (enum linux_part)part))
			return false;
	if (beyond != 0 &&
		(h->setup_data == NULL || h->part[LINUX_SETUP_DATA].bytes < 16 + 20 * beyond))
		return false;
	return e820_check(h->e820) && h->e820->count > 1 && rules_parts_apart(f, h) &&
	       rules_efi_ok(f.mode, &h->efi) && rules_screen_ok(&h->framebuffer);
}

/*
 * Fill and compare every byte. The page and the node are blocks of their exact size, so that the address sanitizer
 * sees a write beyond. What is wrong, or null; *error: what was answered.
 */
static inline const char *rules_fill_wrong(struct rules_file f, const struct linux_kernel *k,
	const struct linux_handoff *handoff, enum linux_error *error)
{
	struct linux_handoff h = *handoff;
	size_t room = (size_t)h.part[LINUX_SETUP_DATA].bytes;
	struct rules_params *page = malloc(sizeof(*page)), *expected = malloc(sizeof(*expected));
	struct rules_node *node = malloc(room + 1), *expected_node = malloc(room + 1);
	const char *wrong = NULL;
	struct linux_fault fault;

	memset(page, 0xa5, sizeof(*page));
	memset(node, 0xa5, room);
	memset(expected, 0xa5, sizeof(*expected));
	memset(expected_node, 0xa5, room);
	h.setup_data = room != 0 ? realloc(node, room) : NULL;
	*error = linux_fill_params(page, k, &h, &fault);
	if (*error == LINUX_OK)
		rules_fill(expected, expected_node, f, &h);
	if (*error != fault.error || (*error == LINUX_OK) != rules_handoff_ok(f, &h))
		wrong = "refused, or not refused";
	else if (memcmp(page, expected, sizeof(*page)) != 0)
		wrong = "another page";
	else if (room != 0 && memcmp(h.setup_data, expected_node, room) != 0)
		wrong = "another node";
	free(page);
	free(expected);
	free(room != 0 ? h.setup_data : node);
	free(expected_node);
	return wrong;
}

/* --- kernels and handoffs to begin with ----------------------------------------------------------- */

#define RULES_SETUP_BYTES 2048u
#define RULES_CODE_BYTES  0x640u
#define RULES_FILE_BYTES  (RULES_SETUP_BYTES + RULES_CODE_BYTES)

enum rules_kind { RULES_DEBIAN_64, RULES_DEBIAN_32, RULES_MEMTEST_64, RULES_KINDS };

/* A file with the header of a kernel of that kind; its code is 0xcc. */
static inline void rules_make_file(uint8_t bytes[RULES_FILE_BYTES], enum rules_kind kind)
{
	struct rules_header h = { .setup_sects = 3,
		.syssize = RULES_CODE_BYTES / 16,
		.root_flags = 1,
		.vid_mode = 0,
		.boot_flag = 0xaa55,
		.jump_opcode = 0xeb,
		.jump_distance = 0x6a,
		.magic = { 'H', 'd', 'r', 'S' },
		.version = 0x20f,
		.start_sys_seg = 0x1000,
		.loadflags = 1,
		.setup_move_size = 0x8000,
		.code32_start = 0x100000,
		.heap_end_ptr = 0x5be0,
		.initrd_addr_max = 0x7fffffff,
		.kernel_alignment = 0x200000,
		.relocatable_kernel = 1,
		.min_alignment = 21,
		.xloadflags = 0x7f,
		.cmdline_size = 2047,
		.pref_address = 0x1000000,
		.init_size = 0x3378000,
		.handover_offset = 0xd72f10,
		.kernel_info_offset = 0xd7f91c };

	if (kind == RULES_DEBIAN_32) {
		h.kernel_alignment = 0x1000000;
		h.min_alignment = 13;
		h.xloadflags = 4;
		h.init_size = 0x1135000;
	} else if (kind == RULES_MEMTEST_64) {
		h.version = 0x20c;
		h.jump_distance = 0x66;
		h.initrd_addr_max = 0xffffffff;
		h.kernel_alignment = 4096;
		h.min_alignment = 12;
		h.relocatable_kernel = 0;
		h.xloadflags = 9;
		h.cmdline_size = 255;
		h.pref_address = 0x100000;
		h.init_size = 0x6acf8;
	}
	memset(bytes, 0xff, RULES_SETUP_BYTES); /* the sentinel among it */
	memset(bytes + RULES_SETUP_BYTES, 0xcc, RULES_CODE_BYTES);
	memcpy(bytes + offsetof(struct rules_params, hdr), &h, sizeof(h));
}

/* RAM below 3 GiB and from 4 GiB to 1 TiB, all other entries of every type between them. */
static inline void rules_make_map(struct e820 *map, uint32_t count)
{
	const phys_t small = UINT64_C(3) << 30;

	map->count = count;
	for (uint32_t i = 0; i < count; i++) {
		phys_t at = small + i * UINT64_C(0x4000);

		map->entry[i] =
			(struct e820_entry){ at, at + 0x1000 + i % 3 * 0x1000, i % E820_TYPES, 0 };
	}
	if (count != 0)
		map->entry[0] = (struct e820_entry){ 0, small, E820_RAM, 0 };
	if (count > 1)
		map->entry[count - 1] =
			(struct e820_entry){ UINT64_C(4) << 30, UINT64_C(1) << 40, E820_RAM, 0 };
}

static inline void rules_make_handoff(
	struct linux_handoff *h, const struct linux_kernel *k, const struct e820 *map)
{
	*h = (struct linux_handoff){
		.part = { { k->preferred_phys, 0 }, { 0x10000, 0 }, { 0x20000, 21 },
			{ 0x8000000, 5000 }, { 0x9000000, linux_setup_data_bytes(map->count) } },
		.e820 = map,
		.rsdp_phys = 0x7fb7e014,
		.efi = { 0x7f9ee018, 0x7000000, 48 * 130, 48, 1 },
		.framebuffer = { 0x80000000, 0x1d5000, 800, 600, 3200, 32, { 8, 16 }, { 8, 8 },
			{ 8, 0 }, { 8, 24 } },
		.secure_boot = LINUX_SECURE_BOOT_DISABLED,
	};
}

static inline uint64_t rules_pick(uint64_t *seed, uint64_t usual)
{
	uint64_t wild = random_next(seed) >> random_below(seed, 64);

	switch (random_below(seed, 40)) {
	case 0:
		return 0;
	case 1:
		return wild;
	case 2:
		return wild << 12;
	case 3:
		return usual + 1;
	case 4:
		return usual + (UINT64_C(4) << 30);
	case 5:
		return UINT64_C(1) << random_below(seed, 53);
	case 6:
		return (UINT64_C(1) << 32) - random_below(seed, 3) * 4096;
	default:
		return usual;
	}
}

static inline void rules_vary_handoff(struct linux_handoff *h, uint64_t *seed)
{
	struct linux_framebuffer *fb = &h->framebuffer;

	for (unsigned i = 0; i < LINUX_PARTS; i++) {
		h->part[i].start_phys = rules_pick(seed, h->part[i].start_phys);
		h->part[i].bytes = rules_pick(seed, h->part[i].bytes) & 0xffffff;
	}
	h->part[LINUX_SETUP_DATA].bytes &= 0x3fff;
	h->efi.system_table_phys = rules_pick(seed, h->efi.system_table_phys);
	h->efi.map_phys = rules_pick(seed, h->efi.map_phys);
	h->efi.map_bytes = rules_pick(seed, h->efi.map_bytes);
	h->efi.desc_bytes = (uint32_t)rules_pick(seed, h->efi.desc_bytes);
	fb->base_phys = rules_pick(seed, fb->base_phys);
	fb->bytes = rules_pick(seed, fb->bytes);
	fb->width = (uint32_t)rules_pick(seed, fb->width);
	fb->height = (uint32_t)rules_pick(seed, fb->height);
	fb->line_bytes = (uint32_t)rules_pick(seed, fb->line_bytes);
	fb->bits_per_pixel = (uint32_t)rules_pick(seed, fb->bits_per_pixel);
	fb->green.position = (uint8_t)rules_pick(seed, fb->green.position);
	fb->reserved.bits = (uint8_t)rules_pick(seed, fb->reserved.bits);
}

/* Everything about one file, with a handoff that the seed chooses. What is wrong, or null. */
static inline const char *rules_all(struct rules_file f, uint64_t seed)
{
	static const uint32_t counts[] = { 0, 1, 2, 17, 128, 129, 300 };
	struct e820_entry entry[300];
	struct e820 map = { entry, 0, ARRAY_SIZE(entry) };
	struct linux_kernel k;
	struct linux_handoff h;
	enum linux_error error;
	const char *wrong = rules_parse(f, &k);

	if (wrong != NULL || rules_first(f) != LINUX_OK)
		return wrong;
	rules_make_map(&map, counts[random_below(&seed, ARRAY_SIZE(counts))]);
	rules_make_handoff(&h, &k, &map);
	if (random_below(&seed, 4) != 0)
		rules_vary_handoff(&h, &seed);
	for (unsigned part = 0; wrong == NULL && part < LINUX_PARTS; part++)
		wrong = rules_place(f, &k, (enum linux_part)part, h.part[part].bytes, &seed);
	return wrong != NULL ? wrong : rules_fill_wrong(f, &k, &h, &error);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Linux/x86 boot protocol: bzImage kernels and memtest86+ (Documentation/arch/x86/boot.rst and zero-page.rst).
 * Pure functions; what copies the kernel and jumps is elsewhere.
 *
 *   linux_parse        the file: is it a kernel, and what does it ask for?
 *   linux_placement    where may the kernel and each thing it is given be put?
 *   (the caller)       finds memory, copies the file's code to it, the command line, the initial ramdisk
 *   linux_fill_params  boot_params, the page that tells the kernel everything
 *   linux_entry        where to jump
 *
 * Protocol 2.10 (Linux 2.6.31, 2009) is the oldest that is understood: older kernels don't say how much memory they
 * want and where (init_size, pref_address), and so can't be placed by a map. memtest86+ 6 and 7 have 2.12,
 * kernels since 5.5 have 2.15. The 64-bit entry has a flag since 2.12.
 *
 * Where protocol and kernels differ, the kernel's own code is followed; each such place says so.
 */
#ifndef BOOTMEM_LINUX_BOOT_H
#define BOOTMEM_LINUX_BOOT_H

#include <bootmem/arch.h>
#include <bootmem/e820.h>
#include <bootmem/format.h>
#include <bootmem/types.h>

#define LINUX_OLDEST_VERSION   0x020a
#define LINUX_PARAMS_BYTES     4096 /* boot_params, the "zero page" */
#define LINUX_E820_ENTRIES     128  /* within it; the others go to the setup data */
#define LINUX_HEADER_MAX_BYTES 144  /* of a setup header: as far as its short jump reaches */

/* How the kernel is entered: in 32-bit protected mode without paging, or in long mode. */
enum linux_mode { LINUX_32, LINUX_64 };

/* What the architecture that this is compiled for can do. */
#define LINUX_NATIVE_MODE (ARCH_ELF_CLASS == 2 ? LINUX_64 : LINUX_32)

/* What a file says, checked. The load address, its alignments and memory_bytes are multiples of PAGE_SIZE. */
struct linux_kernel {
	enum linux_mode mode;
	uint32_t version;           /* of the protocol: 0x020f is 2.15 */
	uint64_t code_offset;       /* in the file: the protected-mode part, */
	uint64_t code_bytes;        /* which goes to the load address; at most memory_bytes */
	uint64_t memory_bytes;      /* wanted from the load address on; need not be cleared */
	uint64_t align_bytes;       /* of the load address, for speed; relocatable kernels only */
	uint64_t min_align_bytes;   /* what it needs; both are powers of two */
	phys_t preferred_phys;      /* 0: it does not say (relocatable kernels only) */
	phys_t initrd_end_phys;     /* initrd_addr_max + 1: no byte of the ramdisk at or above */
	uint64_t cmdline_max_bytes; /* without the NUL */
	bool relocatable;           /* else preferred_phys is the only address */
	bool above_4g;              /* everything may lie above 4 GiB; LINUX_64 only */
	bool has_64_bit_entry;
	bool five_levels;      /* may be entered with 5-level paging; others must not be */
	uint32_t header_bytes; /* of the setup header, which begins at offset 0x1f1 */
	uint8_t header[LINUX_HEADER_MAX_BYTES];
};

/* What a kernel is given memory for. */
enum linux_part {
	LINUX_KERNEL,
	LINUX_PARAMS,
	LINUX_CMDLINE,
	LINUX_INITRD,
	LINUX_SETUP_DATA, /* e820 entries that boot_params has no room for */
	LINUX_PARTS,
};

/* Why something is refused. The comment says what linux_fault's number is. */
enum linux_error {
	LINUX_OK = 0,
	/* linux_parse, in this order */
	LINUX_NOT_A_KERNEL,  /* the file's size; no boot flag 0xaa55 or no "HdrS" */
	LINUX_HEADER_END,    /* the file's size; the setup header is not all there */
	LINUX_VERSION,       /* of the protocol; older than LINUX_OLDEST_VERSION */
	LINUX_JUMP,          /* the two bytes; no short jump over all fields of protocol 2.10 */
	LINUX_LOADED_LOW,    /* loadflags without LOADED_HIGH: a zImage */
	LINUX_64_BIT_ENTRY,  /* xloadflags; LINUX_64 only */
	LINUX_NO_SETUP,      /* setup_sects, 0; it means 4 in kernels that are too old anyway */
	LINUX_NO_CODE,       /* bytes of code; none, or not as far as the entry */
	LINUX_TRUNCATED,     /* bytes that the file should have */
	LINUX_INIT_SIZE,     /* init_size; smaller than the code */
	LINUX_ALIGNMENT,     /* kernel_alignment; of a relocatable kernel, no power of two */
	LINUX_MIN_ALIGNMENT, /* min_alignment, an exponent; more than kernel_alignment */
	LINUX_PREFERRED,     /* pref_address; not aligned, or of a fixed kernel below 1 MiB */
	LINUX_NO_PLACE,      /* bytes; no address has as much above it that is in reach */
	/* linux_placement */
	LINUX_CMDLINE_LONG, /* bytes that this kernel takes at most */
	LINUX_NO_ROOM,      /* bytes; more than is in reach */
	/* linux_fill_params */
	LINUX_E820_BROKEN,  /* entries; e820_check fails */
	LINUX_E820_SHORT,   /* entries; fewer than two */
	LINUX_PART_PLACE,   /* the address; linux_placement does not allow it */
	LINUX_PART_NOT_RAM, /* the address; not all of it is RAM in the map */
	LINUX_PARTS_MEET,   /* the address; another part lies there too */
	LINUX_SETUP_ROOM,   /* bytes that the setup data needs */
	LINUX_EFI,         /* bytes of its map; an address is 0 or out of reach, or a size is odd */
	LINUX_FRAMEBUFFER, /* its address; sizes contradict each other or exceed screen_info's */
	LINUX_ERRORS,
};

struct linux_fault {
	enum linux_error error;
	enum linux_part part; /* the one at fault; LINUX_PARTS: none */
	uint64_t number;
};

/* Are there a boot flag and the magic number? Says nothing else: it chooses the protocol. */
bool linux_recognise(const void *file, uint64_t size_bytes);

/*
 * Read a kernel from the size_bytes at file, all readable; they stay the caller's, and only the code is needed later.
 * The code ends where syssize says, in paragraphs of 16 bytes; the file may end within the last of them (memtest86+
 * rounds up and does not pad). What follows, as a signature, is not loaded. xloadflags counts as 0 before
 * protocol 2.12. setup_data of the header is ignored: in a file it can name no memory.
 *
 * *out is written on success only; *fault always (on success: LINUX_OK, LINUX_PARTS, 0). The first broken rule is
 * told, in the order of the enum.
 */
BM_MUST_USE enum linux_error linux_parse(struct linux_kernel *out, const void *file,
	uint64_t size_bytes, enum linux_mode mode, struct linux_fault *fault);

/* Addresses at which a part may start: multiples of min_align_bytes so that all of it is in [start, end). */
struct linux_place {
	uint64_t size_bytes;  /* of memory; 0: the part is absent, and the rest means nothing */
	uint64_t align_bytes; /* better, a multiple of min_align_bytes */
	uint64_t min_align_bytes;
	phys_t start_phys, end_phys;
	phys_t preferred_phys; /* the best of all; 0: none is */
	bool movable;          /* false: preferred_phys is the only one */
};

/*
 * Where a part may go. bytes is the ramdisk's length, the command line's without its NUL, or the room wanted for setup
 * data (linux_setup_data_bytes, with some more for a map that grows); not used for the other parts.
 *
 * Whole pages for the kernel and for the ramdisk, which Linux frees by pages. Never page 0: address 0 means "none".
 *
 * A relocatable kernel does not go below its preferred address: Linux moves itself up to it, over whatever is there
 * (head_64.S and head_32.S; boot.rst says so since Linux's commit be4ca6c53e66). A fixed kernel has that address
 * only. 64-bit kernels may go up to 64 TiB, where those with 4 levels end; 32-bit ones up to 512 MiB, as
 * Linux's own EFI stub has it for every split of theirs, or to where their preferred place ends. above_4g lifts
 * initrd_addr_max, too.
 *
 * *place is written on success only.
 */
BM_MUST_USE enum linux_error linux_placement(struct linux_place *place,
	const struct linux_kernel *kernel, enum linux_part part, uint64_t bytes,
	struct linux_fault *fault);

/* Bytes of setup data that a map of so many entries needs: 0 up to LINUX_E820_ENTRIES. */
uint64_t linux_setup_data_bytes(uint32_t e820_entries);

/* Where a part is. bytes as linux_placement takes them; not used for kernel and params. */
struct linux_range {
	phys_t start_phys;
	uint64_t bytes;
};

/* What Linux may know of UEFI. map_bytes 0: nothing, it boots as if there were none. */
struct linux_efi {
	phys_t system_table_phys;
	phys_t map_phys; /* the final map, in memory that nobody reuses: Linux reserves it itself */
	uint64_t map_bytes; /* a multiple of desc_bytes */
	uint32_t desc_bytes, desc_version;
};

struct linux_channel {
	uint8_t bits, position; /* position of the lowest bit */
};

/* bytes 0: none that can be used. */
struct linux_framebuffer {
	phys_t base_phys;
	uint64_t bytes;          /* at least line_bytes * height */
	uint32_t width, height;  /* pixels */
	uint32_t line_bytes;     /* from one line to the next */
	uint32_t bits_per_pixel; /* the reserved ones included */
	struct linux_channel red, green, blue, reserved;
};

/* boot_params' secure_boot, as Linux counts it. */
enum linux_secure_boot {
	LINUX_SECURE_BOOT_UNSET,
	LINUX_SECURE_BOOT_UNKNOWN,
	LINUX_SECURE_BOOT_DISABLED,
	LINUX_SECURE_BOOT_ENABLED,
};

struct linux_handoff {
	struct linux_range part[LINUX_PARTS];
	void *setup_data; /* how part[LINUX_SETUP_DATA] is seen now; null where it has no bytes */
	const struct e820 *e820; /* the finished map */
	phys_t rsdp_phys;        /* ACPI's root pointer; 0: none */
	struct linux_efi efi;
	struct linux_framebuffer framebuffer;
	enum linux_secure_boot secure_boot;
};

/*
 * Fill boot_params, LINUX_PARAMS_BYTES at params with any contents, and the setup data where it is needed.
 * handoff->part says at which physical addresses they lie. It may be called any number of times: before the
 * exit, where a failure still gives everything back, and with the final map after it.
 *
 * The command line is always named, an empty one too; it must be there, with its NUL, when the kernel starts.
 * The loader is "undefined" (0xff), the video mode "normal" (0xffff). CAN_USE_HEAP is not set: it speaks of
 * the 16-bit setup code, which these entries leave out. Where the kernel lies at less than its favourite
 * alignment, kernel_alignment says so.
 *
 * e820: all entries, none merged. Special-purpose memory becomes soft reserved (0xefffffff), persistent 7, unusable 5,
 * unaccepted reserved: Linux accepts memory only with a bitmap that its EFI stub makes. Fewer than two entries
 * are refused: kernels before commit 157266edcc56 (2025) throw such a map away and invent one. Entries beyond
 * those that a kernel has room for (128, and 3 for each node it was built for) it drops, with a message.
 *
 * A part that is out of place, not RAM, or overlaps another is refused. On failure nothing is written but *fault.
 */
BM_MUST_USE enum linux_error linux_fill_params(void *params, const struct linux_kernel *kernel,
	const struct linux_handoff *handoff, struct linux_fault *fault);

/*
 * Where to jump: the load address itself (LINUX_32) or 0x200 above it (LINUX_64). boot.rst says with which registers,
 * and what LINUX_64 needs identity-mapped: the kernel's memory_bytes, boot_params (writable) and command line.
 */
phys_t linux_entry(const struct linux_kernel *kernel, phys_t load_phys);

/* "kernel", "command line", "ramdisk", ...: the words of the messages. */
const char *linux_part_name(enum linux_part part);

/* "it is a zImage, ...": for people. */
const char *linux_error_text(enum linux_error error);

/* The same with the part and the number, without a line end: "it ends too early (bytes it should have 144320)". */
void linux_explain(const struct sink *sink, const struct linux_fault *fault);

#endif

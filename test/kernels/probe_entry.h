/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processor as the kernel finds it, recorded by probe-<arch>.S before any C runs. Slots of 8 bytes on both
 * architectures; what i386 does not have stays 0. Included by the assembler too.
 */
#ifndef KERNELS_PROBE_ENTRY_H
#define KERNELS_PROBE_ENTRY_H

#define ENTRY_AX    0
#define ENTRY_BX    8
#define ENTRY_CX    16
#define ENTRY_DX    24
#define ENTRY_SI    32
#define ENTRY_DI    40
#define ENTRY_BP    48
#define ENTRY_SP    56
#define ENTRY_R8    64
#define ENTRY_R9    72
#define ENTRY_R10   80
#define ENTRY_R11   88
#define ENTRY_R12   96
#define ENTRY_R13   104
#define ENTRY_R14   112
#define ENTRY_R15   120
#define ENTRY_FLAGS 128
#define ENTRY_CR0   136
#define ENTRY_CR3   144
#define ENTRY_CR4   152
#define ENTRY_CS    160
#define ENTRY_DS    168
#define ENTRY_ES    176
#define ENTRY_SS    184
#define ENTRY_FS    192
#define ENTRY_GS    200
#define ENTRY_TR    208
#define ENTRY_GDTR  216 /* limit (2 bytes), then base; 16 bytes of room */
#define ENTRY_IDTR  232
#define ENTRY_BYTES 248

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

struct entry_table {
	uint16_t limit;
	uintptr_t base;
	uint8_t pad[16 - 2 - sizeof(uintptr_t)];
} __attribute__((packed));

struct entry_state {
	uint64_t general[16]; /* ax, bx, cx, dx, si, di, bp, sp, r8 to r15 */
	uint64_t flags, cr0, cr3, cr4;
	uint64_t cs, ds, es, ss, fs, gs, tr;
	struct entry_table gdtr, idtr;
};

_Static_assert(offsetof(struct entry_state, flags) == ENTRY_FLAGS, "the assembler's offsets");
_Static_assert(offsetof(struct entry_state, cs) == ENTRY_CS, "the assembler's offsets");
_Static_assert(offsetof(struct entry_state, gdtr) == ENTRY_GDTR, "the assembler's offsets");
_Static_assert(offsetof(struct entry_state, idtr) == ENTRY_IDTR, "the assembler's offsets");
_Static_assert(sizeof(struct entry_state) == ENTRY_BYTES, "the assembler's offsets");

extern struct entry_state entry_state;

/* The first instruction. */
void probe_entry(void);
#endif

#endif

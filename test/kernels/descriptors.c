/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A descriptor table and a stack in the kernel's own data (SDM 3A, 3.4.5). The segment registers keep what they have:
 * the same selectors mean the same in both tables. Called by torture when it gives up the loader's.
 */
#include "descriptors.h"

#include <bootmem/types.h>

#define STACK_BYTES 16384
#define CODE_64     UINT64_C(0x00af9b000000ffff)
#define CODE_32     UINT64_C(0x00cf9b000000ffff)
#define DATA        UINT64_C(0x00cf93000000ffff)

#ifdef __x86_64__
#define STACK_POINTER "rsp"
#else
#define STACK_POINTER "esp"
#endif

struct table_register {
	uint16_t limit;
	uintptr_t base;
} __attribute__((packed));

/* The flat segments where the loader had them: 0x08 and 0x10. */
static uint64_t descriptors[3] = { 0, sizeof(void *) == 8 ? CODE_64 : CODE_32, DATA };
static uint8_t stack[STACK_BYTES] __attribute__((aligned(16)));

static struct {
	void (*next)(void *ctx);
	void *ctx;
} after;

static void go_on(void)
{
	after.next(after.ctx);
}

_Noreturn void descriptors_switch(void (*next)(void *ctx), void *ctx)
{
	const struct table_register gdt = { sizeof(descriptors) - 1, (uintptr_t)descriptors };
	const struct table_register none = { 0, 0 };

	after.next = next;
	after.ctx = ctx;
	__asm__ volatile("lgdt %0; lidt %1" : : "m"(gdt), "m"(none));
	__asm__ volatile("mov %0, %%" STACK_POINTER "; call *%1"
			 :
			 : "r"(stack + STACK_BYTES), "r"(go_on)
			 : "memory");
	__builtin_unreachable();
}

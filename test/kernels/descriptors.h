/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a kernel needs of its own before it takes back the loader's: descriptor tables and a stack.
 */
#ifndef KERNELS_DESCRIPTORS_H
#define KERNELS_DESCRIPTORS_H

/*
 * Load a flat descriptor table of the kernel's own with the loader's selectors, and an empty interrupt table: from here
 * on a fault resets the machine. Then go on with next(ctx) on a stack in the kernel's own zeros.
 */
_Noreturn void descriptors_switch(void (*next)(void *ctx), void *ctx);

#endif

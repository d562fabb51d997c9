/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The four memory functions a freestanding compiler may call by itself (GCC manual, "Standards").
 * core/string.c has them for the application and for kernels; host programs use the C library's.
 */
#ifndef BOOTMEM_STRING_H
#define BOOTMEM_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

#endif

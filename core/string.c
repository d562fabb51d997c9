/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memcpy, memmove, memset and memcmp for the application and for kernels that link the library.
 * Words where both sides allow it, bytes otherwise. Built with -fno-tree-loop-distribute-patterns,
 * or the compiler would turn each loop into a call of the function it is in.
 */
#include <bootmem/string.h>

#include <stdint.h>

typedef uintptr_t __attribute__((may_alias)) word;

#define WORD sizeof(word)

static int aligned_together(const void *a, const void *b)
{
	return (((uintptr_t)a ^ (uintptr_t)b) & (WORD - 1)) == 0;
}

static void copy_bytes_up(unsigned char *to, const unsigned char *from, size_t bytes)
{
	while (bytes-- > 0)
		*to++ = *from++;
}

static void copy_up(unsigned char *to, const unsigned char *from, size_t bytes)
{
	for (; bytes > 0 && ((uintptr_t)to & (WORD - 1)) != 0; bytes--)
		*to++ = *from++;
	for (; bytes >= WORD; bytes -= WORD) {
		*(word *)(void *)to = *(const word *)(const void *)from;
		to += WORD;
		from += WORD;
	}
	copy_bytes_up(to, from, bytes);
}

static void copy_down(unsigned char *to, const unsigned char *from, size_t bytes)
{
	while (bytes-- > 0)
		to[bytes] = from[bytes];
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	if (aligned_together(to, from))
		copy_up(to, from, bytes);
	else
		copy_bytes_up(to, from, bytes);
	return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
	/* as unsigned distance: only a destination inside the source must go downwards */
	if ((uintptr_t)to - (uintptr_t)from >= bytes)
		return memcpy(to, from, bytes);
	copy_down(to, from, bytes);
	return to;
}

void *memset(void *to, int byte, size_t bytes)
{
	unsigned char *at = to;
	word pattern = (word)-1 / 255 * (unsigned char)byte;

	for (; bytes > 0 && ((uintptr_t)at & (WORD - 1)) != 0; bytes--)
		*at++ = (unsigned char)byte;
	for (; bytes >= WORD; bytes -= WORD) {
		*(word *)(void *)at = pattern;
		at += WORD;
	}
	while (bytes-- > 0)
		*at++ = (unsigned char)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const unsigned char *x = a, *y = b;

	for (; bytes > 0; bytes--, x++, y++)
		if (*x != *y)
			return *x < *y ? -1 : 1;
	return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Units and errors, shared by every header.
 *
 * Ranges are half open: [start, end). A name carries its unit: _pfn and _pages count 4 KiB pages,
 * _phys and _bytes count bytes. Physical addresses and pfns are 64 bits wide on every
 * architecture, i386 included: 32-bit firmware lists memory above 4 GiB too.
 */
#ifndef BOOTMEM_TYPES_H
#define BOOTMEM_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  (UINT64_C(1) << PAGE_SHIFT)

#define KIB        (UINT64_C(1) << 10)
#define MIB        (UINT64_C(1) << 20)
#define GIB        (UINT64_C(1) << 30)
#define TIB        (UINT64_C(1) << 40)

/* x86 physical addresses end here (52 bits); anything above is nonsense, not memory. */
#define PHYS_END   (UINT64_C(1) << 52)
#define PFN_END    (PHYS_END >> PAGE_SHIFT)

typedef uint64_t phys_t; /* a physical address, in bytes */
typedef uint64_t pfn_t;  /* a page frame number */

struct pfn_range {
	pfn_t start, end;
};

/* Errors are values. A function that fails leaves its outputs and its object as they were. */
enum bm_error {
	BM_OK = 0,
	BM_NOMEM,    /* no free memory satisfies the request */
	BM_FULL,     /* a table has no room; the header of the function names what to raise */
	BM_INVALID,  /* an argument or an input is outside its documented domain */
	BM_REFUSED,  /* the firmware said no */
	BM_CONFLICT, /* two owners for one page */
};

#define BM_MUST_USE         __attribute__((warn_unused_result))
#define BM_PRINTF(fmt, arg) __attribute__((format(printf, fmt, arg)))
#define ARRAY_SIZE(a)       (sizeof(a) / sizeof((a)[0]))

/*@ assigns \nothing;
    ensures \result == \min(a, b); */
static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*@ assigns \nothing;
    ensures \result == \max(a, b); */
static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/*@ assigns \nothing;
    ensures \result <==> power_of_2(x); */
static inline bool is_power_of_2(uint64_t x)
{
	return x != 0 && (x & (x - 1)) == 0;
}

/* x rounded to a multiple of align, a power of two; x + align must not wrap. */
/*@ requires power_of_2(align);
    assigns \nothing;
    ensures \result <= x < \result + align && \result % align == 0; */
static inline uint64_t align_down(uint64_t x, uint64_t align)
{
	return x & ~(align - 1);
}

/*@ requires power_of_2(align) && x + align <= UINT64_MAX;
    assigns \nothing;
    ensures x <= \result < x + align && \result % align == 0; */
static inline uint64_t align_up(uint64_t x, uint64_t align)
{
	return align_down(x + align - 1, align);
}

/*@ assigns \nothing;
    ensures \result == phys / PAGE_SIZE; */
static inline pfn_t pfn_down(phys_t phys)
{
	return phys >> PAGE_SHIFT;
}

/*@ assigns \nothing;
    ensures \result == (phys + PAGE_SIZE - 1) / PAGE_SIZE; */
static inline pfn_t pfn_up(phys_t phys)
{
	return (phys >> PAGE_SHIFT) + ((phys & (PAGE_SIZE - 1)) != 0);
}

/*@ requires pfn <= UINT64_MAX / PAGE_SIZE;
    assigns \nothing;
    ensures \result == pfn * PAGE_SIZE; */
static inline phys_t pfn_phys(pfn_t pfn)
{
	return pfn << PAGE_SHIFT;
}

/* Number of the lowest and of the highest set bit; x is not 0. */
/*@ requires x != 0;
    assigns \nothing;
    ensures \result < 64 && x % (1 << \result) == 0 && x % (1 << (\result + 1)) != 0; */
static inline unsigned lowest_bit(uint64_t x)
{
	/* in halves where a 32-bit compiler would call a helper for 64 bits */
	if (sizeof(long) == sizeof(x))
		return (unsigned)__builtin_ctzll(x);
	return (uint32_t)x != 0 ? (unsigned)__builtin_ctz((uint32_t)x)
				: 32 + (unsigned)__builtin_ctz((uint32_t)(x >> 32));
}

/*@ requires x != 0;
    assigns \nothing;
    ensures \result < 64 && (1 << \result) <= x < (1 << (\result + 1)); */
static inline unsigned highest_bit(uint64_t x)
{
	return 63u - (unsigned)__builtin_clzll(x);
}

#endif

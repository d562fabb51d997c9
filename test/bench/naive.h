/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * naive: the plain reference of the benchmark. One byte for each page up to the end of RAM, first fit from the
 * goal, then from the start; nothing smaller than a page.
 */
#ifndef BENCH_NAIVE_H
#define BENCH_NAIVE_H

#include "workloads.h"

struct naive {
	uint8_t *taken; /* by pfn */
	uint64_t pages;
};

struct naive *naive_new(const struct wl_map *map);
void naive_delete(struct naive *n);

/* W1: all taken, RAM free, reservations taken. */
void naive_init(struct naive *n, const struct wl_map *map);

/* The first byte of a block, or UINT64_MAX. */
uint64_t naive_alloc(struct naive *n, const struct wl_req *request);

#endif

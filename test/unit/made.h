/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers for inputs and machines that are made at random and must be the same with every compiler: each place in the source
 * has a sequence of its own, so that the order in which operands are evaluated does not matter.
 */
#ifndef TEST_MADE_H
#define TEST_MADE_H

#include "random.h"

#define PLACES 320

static uint64_t place_state[PLACES];

/* Start all sequences anew. */
static inline void places_seed(uint64_t seed)
{
	for (unsigned i = 0; i < PLACES; i++)
		place_state[i] = (seed << 16) + ((uint64_t)i << 40);
}

#define any_number() random_next(&place_state[__COUNTER__])
#define below(n)     random_below(&place_state[__COUNTER__], (n)) /* in [0, n) */
#define one_in(n)    (below(n) == 0)

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Repeatable random numbers (splitmix64) for the tests that compare with a naive model. SEED=n in the
 * environment starts a test that asks for it elsewhere.
 */
#ifndef TEST_RANDOM_H
#define TEST_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* A number in [0, n), 0 < n. */
static inline uint64_t random_below(uint64_t *state, uint64_t n)
{
	return random_next(state) % n;
}

/* Where a test starts: SEED from the environment, or the usual place. Printed, so that a failure can be repeated. */
static inline uint64_t random_seed(const char *what, uint64_t usual)
{
	const char *text = getenv("SEED");
	uint64_t seed = text != NULL ? strtoull(text, NULL, 0) : usual;

	printf("%s: seed %llu\n", what, (unsigned long long)seed);
	return seed;
}

#endif

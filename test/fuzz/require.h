/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a target requires of every input.
 */
#ifndef FUZZ_REQUIRE_H
#define FUZZ_REQUIRE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static inline void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "this input fails: %s\n", what);
	abort();
}

#endif

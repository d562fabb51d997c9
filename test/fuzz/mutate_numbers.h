/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mutation for texts full of numbers: memory maps in all their forms.
 */
#ifndef MUTATE_NUMBERS_H
#define MUTATE_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

/*
 * A custom mutator of libFuzzer: every second time one number of the text becomes another one (a border of some
 * type, a neighbour, one bit changed) in the same base, else it is libFuzzer's own mutation.
 */
size_t mutate_numbers(uint8_t *data, size_t size, size_t max_size, unsigned seed);

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Frama-C has to be told, and no compiler sees: `make prove` includes this file in front of every other.
 *
 * WP computes with mathematical integers and knows next to nothing of bits. The lemmas say in numbers what shifts and
 * masks of 64-bit words are. Each "admit lemma" is shown by z3 on bit vectors, under the same name in bits.smt2.
 *
 * The builtins that the core uses are as the GCC manual describes them ("Other Built-in Functions"); Frama-C's own
 * contracts of them say how large a result is, and not which.
 */
#ifndef TEST_PROVE_PRELUDE_H
#define TEST_PROVE_PRELUDE_H

#include <stdint.h>

/*@ predicate power_of_2(integer x) = x > 0 && (x & (uint64_t)(x - 1)) == 0;

    admit lemma right_0: \forall integer x; (x >> 0) == x;
    admit lemma right_6: \forall integer x; 0 <= x <= UINT64_MAX ==> (x >> 6) == x / 64;
    admit lemma right_12: \forall integer x; 0 <= x <= UINT64_MAX ==> (x >> 12) == x / 4096;
    admit lemma left_10: \forall integer x; 0 <= x <= UINT64_MAX / 1024 ==> (x << 10) == x * 1024;
    admit lemma left_12: \forall integer x; 0 <= x <= UINT64_MAX / 4096 ==> (x << 12) == x * 4096;
    admit lemma mask_6: \forall integer x; 0 <= x <= UINT64_MAX ==> (x & 63) == x % 64;
    admit lemma mask_over_6: \forall integer x; 0 <= x <= UINT64_MAX ==> (x & 0xffffffffffffffc0) == 64 * (x / 64);
    admit lemma mask_12: \forall integer x; 0 <= x <= UINT64_MAX ==> (x & 4095) == x % 4096;
    admit lemma mask_or_12: \forall integer x, y; 0 <= x <= UINT64_MAX && 0 <= y <= UINT64_MAX ==>
        (((x | y) & 4095) == 0 <==> x % 4096 == 0 && y % 4096 == 0);
    admit lemma mask_align: \forall integer x, a; 0 <= x <= UINT64_MAX && a <= UINT64_MAX && power_of_2(a) ==>
        \let r = x & (uint64_t)~(uint64_t)(a - 1); 0 <= r <= x && x - r < a && r % a == 0;
    admit lemma shifted_1: \forall integer k; 0 <= k < 64 ==> power_of_2(1 << k) && (1 << k) <= UINT64_MAX;
    admit lemma powers_ordered: \forall integer j, k; 0 <= j <= k < 64 ==> 0 < (1 << j) <= (1 << k);
    admit lemma powers_divide: \forall integer x, j, k; 0 <= j <= k < 64 && 0 <= x <= UINT64_MAX &&
        x % (1 << k) == 0 ==> x % (1 << j) == 0;
    admit lemma smaller_divides: \forall integer x, a, b; 0 <= x <= UINT64_MAX && power_of_2(a) && power_of_2(b) &&
        a <= b <= UINT64_MAX && x % b == 0 ==> x % a == 0;
    admit lemma power_right_12: \forall integer a; 4096 <= a <= UINT64_MAX && power_of_2(a) ==> power_of_2(a >> 12);
    lemma double_power: \forall integer k, one; 0 <= k && one == 1 ==>
        ((1 << k) << one) == (1 << (k + one)) == 2 * (1 << k);
*/

/* In contracts of bootmem.c: every word that a node's bitmap may have, of the levels' arrays. */
#define WORDS(bm) (bm)->level[0].full[0 .. PFN_END / 64], (bm)->level[1].full[0 .. PFN_END / 64], \
		  (bm)->level[2].full[0 .. PFN_END / 64], (bm)->level[3].full[0 .. PFN_END / 64], \
		  (bm)->level[1].some[0 .. PFN_END / 64], (bm)->level[2].some[0 .. PFN_END / 64], (bm)->level[3].some[0 .. PFN_END / 64]

/*@ requires x != 0;
    assigns \result \from x;
    ensures 0 <= \result < 64;
    ensures (1 << (63 - \result)) <= x < (1 << (64 - \result));
*/
int __builtin_clzll(unsigned long long x);

/*@ requires x != 0;
    assigns \result \from x;
    ensures 0 <= \result < 64;
    ensures x % (1 << \result) == 0;
    ensures x % (1 << (\result + 1)) != 0;
*/
int __builtin_ctzll(unsigned long long x);

/* The type decides what this one does; here it is always that of a 64-bit word. */
/*@ requires \valid(sum);
    assigns *sum;
    ensures \result <==> a + b > UINT64_MAX;
    ensures !\result ==> *sum == a + b;
*/
static inline _Bool add_overflow(uint64_t a, uint64_t b, uint64_t *sum)
{
	*sum = a + b;
	return *sum < a;
}

#define __builtin_add_overflow(a, b, sum) add_overflow(a, b, sum)

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * answers: what a started machine says when it is asked: about pages and addresses at every edge there is, and to requests.
 */
#ifndef TEST_ANSWERS_H
#define TEST_ANSWERS_H

#include <stdio.h>

#include <bootmem/boot.h>

/* Changes nothing. */
void put_answers(FILE *to, struct boot *b);

/* Takes pages and gives them back, in an order that is the same each time; in the end what a kernel can reclaim, too. */
void put_requests(FILE *to, struct boot *b);

#endif

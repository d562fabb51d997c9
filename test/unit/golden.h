/* SPDX-License-Identifier: BSD-2-Clause */
/* What a test made against what is kept in test/unit/golden; GOLDEN=write in the environment records it anew. */
#ifndef TEST_GOLDEN_H
#define TEST_GOLDEN_H

void matches_golden(const char *text, const char *path);

#endif

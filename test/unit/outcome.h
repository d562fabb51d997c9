/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outcome: everything that can be seen of a start, as parts with a name each, and their digests, which are held against a
 * file of golden ones. A digest says that something changed, not that it is wrong: the parts are written to build/starts, to be
 * compared with those of an older tree.
 *
 * Nothing in a part depends on the host: addresses are physical, or virtual in the machine.
 */
#ifndef TEST_OUTCOME_H
#define TEST_OUTCOME_H

#include <stdio.h>

#include "fake_firmware.h"

#define OUTCOME_PARTS 40

struct part {
	const char *name;
	char *bytes; /* text, or words in the order of memory */
	size_t size;
	bool text;
};

struct outcome {
	struct part part[OUTCOME_PARTS];
	unsigned parts;
	uint32_t width, height; /* of the only screen; 0: of the usual ones */
};

/* A text that grows, until it becomes a part. */
struct growing_text {
	FILE *stream;
	char *bytes;
	size_t size;
	struct sink sink;
};

void text_open(struct growing_text *t);
void outcome_add_text(struct outcome *out, const char *name, struct growing_text *t);

/* A line with the digest of some bytes. */
void outcome_put_digest(FILE *to, const void *bytes, size_t size);

/* What there is after boot_prepare, or after boot_exit: what the bitmaps say, and the reports. */
void outcome_of_prepared(struct outcome *out, struct boot *b);
void outcome_of_exited(struct outcome *out, struct boot *b);

/*
 * What there is at the handoff: reports, pictures, the record or boot_params, and what is in the pages of each owner. Judged
 * too, by what does not know the core: the record's checksum, that owners and free pages are all RAM, that the page tables
 * show what the plan says. Then the machine is asked (answers.h).
 */
void outcome_of_started(struct outcome *out, struct boot *b);

/* What was said, and how the start ended. */
void outcome_of_console(struct outcome *out, const struct fake_firmware *fw, enum bm_error error);

void outcome_free(struct outcome *out);

/* --- golden digests ---------------------------------------------------------------------------- */

/*
 * GOLDEN=write records them anew, at the end, GOLDEN=show compares nothing and writes all parts to build/starts. Else a start of
 * which a part differs is named, its parts are written there, and the test fails when all have been made.
 */
void outcomes_open(const char *path);

/* What comes now; a teardown of the test names it if the test ends there, before outcomes_close. name stays the caller's. */
void outcomes_next(const char *name);
int outcomes_teardown(void **state);

/* A digest for each part of a start, or one for all of them. Frees the outcome. */
void outcomes_compare(const char *name, struct outcome *out);
void outcomes_compare_joined(const char *name, struct outcome *out);

/* Every line was used. */
void outcomes_close(void);

#endif

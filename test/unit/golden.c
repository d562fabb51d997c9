/* SPDX-License-Identifier: BSD-2-Clause */
/* Text against a file's content, or into the file (golden.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "golden.h"

#define LONGEST (64 * 1024)

void matches_golden(const char *text, const char *path)
{
	static char golden[LONGEST + 2];
	const char *mode = getenv("GOLDEN");
	bool write = mode != NULL && strcmp(mode, "write") == 0;
	FILE *file = fopen(path, write ? "w" : "r");

	assert_non_null(file);
	assert_true(strlen(text) <= LONGEST);
	if (write)
		fwrite(text, 1, strlen(text), file);
	else
		golden[fread(golden, 1, sizeof(golden) - 1, file)] = '\0';
	fclose(file);
	if (!write)
		assert_string_equal(text, golden);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starts of every third recorded machine, without a kernel: everything that comes out of each is as it is kept in
 * test/unit/golden/all-starts-*, one line a machine (outcome.h; GOLDEN=write records it anew).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "make_start.h"

/* The screen is a little larger each time. */
static void all_machines(void **state)
{
	static char index[64 * 1024];
	uint32_t number = 0;
	FILE *file = fopen("test/maps/INDEX.tsv", "r");

	(void)state;
	assert_non_null(file);
	index[fread(index, 1, sizeof(index) - 1, file)] = '\0';
	fclose(file);
	outcomes_open("test/unit/golden/all-starts-" ARCH_NAME);
	for (char *line = strtok(index, "\n"); line != NULL; line = strtok(NULL, "\n"), number++) {
		struct outcome out = { .width = 320 + 5 * number % 700,
			.height = 200 + 3 * number % 500 };
		struct recording r;

		line[strcspn(line, "\t")] = '\0';
		if (number % 3 != 1) /* a third of them says as much */
			continue;
		read_recorded(&r, line);
		outcomes_next(line);
		make_start(&out, &r, MAP_BEST, "", number % 2 == 0 ? WITH_RUNTIME : 0);
		outcomes_compare_joined(line, &out);
		recording_free(&r);
	}
	outcomes_close();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(all_machines, outcomes_teardown),
	};

	return cmocka_run_group_tests_name("all starts", tests, NULL, NULL);
}

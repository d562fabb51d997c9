/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * meter: see meter.h. Called by bench.c.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <valgrind/callgrind.h>

#include "meter.h"

double meter_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

void meter_start(void)
{
	CALLGRIND_ZERO_STATS;
	CALLGRIND_TOGGLE_COLLECT;
}

void meter_stop(void)
{
	CALLGRIND_TOGGLE_COLLECT;
	CALLGRIND_DUMP_STATS;
}

/* The program's output goes to DIRECTORY/lines, the dumps to DIRECTORY/out.1 and so on. */
static bool run_callgrind(const char *program, const char *directory)
{
	char out[64], lines[64];
	int status = -1;
	pid_t child = fork();

	snprintf(out, sizeof(out), "--callgrind-out-file=%s/out", directory);
	snprintf(lines, sizeof(lines), "%s/lines", directory);
	if (child == 0) {
		if (freopen(lines, "w", stdout) != NULL)
			execlp("valgrind", "valgrind", "--tool=callgrind", "--quiet",
				"--collect-atstart=no", out, program, METER_CHILD, (char *)NULL);
		_exit(127);
	}
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

/* The number behind "totals:" of one dump; -1: there is none. */
static double total_of(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[512];
	double total = -1;

	while (file != NULL && total < 0 && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "totals: %lf", &total) != 1)
			total = -1;
	if (file != NULL)
		fclose(file);
	return total;
}

static void remove_all(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	char path[512];

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		unlink(path); /* not "." and "..", which are none */
	}
	if (dir != NULL)
		closedir(dir);
	rmdir(directory);
}

static bool read_results(const char *directory, void (*each)(const char *line, double instructions))
{
	char path[64], line[256];
	unsigned stretch = 1;
	double total = 0;
	FILE *lines;

	snprintf(path, sizeof(path), "%s/lines", directory);
	lines = fopen(path, "r");
	while (lines != NULL && total >= 0 && fgets(line, sizeof(line), lines) != NULL) {
		snprintf(path, sizeof(path), "%s/out.%u", directory, stretch++);
		total = total_of(path);
		if (total >= 0)
			each(line, total);
	}
	if (lines != NULL)
		fclose(lines);
	return lines != NULL && total >= 0;
}

bool meter_count_instructions(
	const char *program, void (*each)(const char *line, double instructions))
{
	char directory[] = "/tmp/bench-XXXXXX";
	bool done = mkdtemp(directory) != NULL && run_callgrind(program, directory) &&
		    read_results(directory, each);

	remove_all(directory);
	if (!done)
		fputs("bench: callgrind does not work here (package valgrind)\n", stderr);
	return done;
}

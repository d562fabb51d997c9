/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench: the core's cost on the workloads of workloads.h, by the object code of the library.
 *
 *   bench            ours WORKLOAD MAP N NANOSECONDS [key=value ...]
 *   bench W1 W2 ..   only these workloads
 *   bench --instr    all, with instructions per operation
 *
 * Time is CPU time of the thread, the median of ROUNDS; what a round needs is made before its time starts. Memory
 * that is handed out is not cleared: bootmem_alloc leaves that to its callers. Lines that begin with "naive" are
 * the plain reference (naive.h) on the same work.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "meter.h"
#include "naive.h"

#define ROUNDS       7
#define TENTHS       10
#define TABLE_PLACES 64
#define W3C_REQUESTS 10000
/* A bitmap up to this size is searched for the words that its initialisation wrote. */
#define PATTERN_MAX  (64 * MIB)

struct job {
	const struct workload *work;
	struct machine *m;
	struct naive *naive;
	struct wl_req *wanted;             /* [n] */
	struct bootmem_request *request;   /* the same, as the core takes them */
	struct bootmem_request *request_c; /* W3c's */
	struct wl_range *range;            /* [n] */
	struct map_area area;              /* W5's */
	struct map_plan plan;
	phys_t tables_phys;
	uint64_t table_pages;
	unsigned place;
};

struct workload {
	const char *who, *name, *map;
	size_t n;
	unsigned repeat; /* how often a round does it, where once is too short for the clock */
	void (*prepare)(struct job *j);
	uint64_t (*run)(struct job *j); /* how many operations */
	void (*more)(struct job *j);    /* print " key=value" */
	struct paging_mode mode;        /* W5's */
	uint64_t bytes;
};

static bool under_callgrind;

/* The library has a memset of its own; this is the one to compare with. */
static void *(*libc_memset)(void *to, int byte, size_t bytes);

/* --- W1 ------------------------------------------------------------------------------------------- */

static void prepare_nothing(struct job *j)
{
	(void)j;
}

static uint64_t run_init(struct job *j)
{
	machine_init_bootmem(j->m);
	return 1;
}

/* Bytes of the bitmaps that W1 writes to: a pattern does not survive there. */
static uint64_t bytes_written(struct job *j)
{
	const uint64_t pattern = UINT64_C(0xa5a5a5a5a5a5a5a5);
	uint64_t *word = machine_memory(j->m, j->m->bitmap_phys[0]), bytes = 0;

	for (uint64_t i = 0; i < j->m->bitmap_bytes / sizeof(*word); i++)
		word[i] = pattern;
	machine_init_bootmem(j->m);
	for (uint64_t i = 0; i < j->m->bitmap_bytes / sizeof(*word); i++)
		bytes += word[i] != pattern ? sizeof(*word) : 0;
	return bytes;
}

static void more_init(struct job *j)
{
	printf(" reserved_KiB_per_GiB=%.2f",
		(double)j->m->bitmap_bytes / KIB / ((double)j->m->map.usable / GIB));
	if (j->m->bitmap_bytes <= PATTERN_MAX)
		printf(" written_KiB=%.1f", (double)bytes_written(j) / KIB);
}

/* --- W2 ------------------------------------------------------------------------------------------- */

static void allocate(struct machine *m, const struct bootmem_request *request)
{
	struct bootmem_result result;

	if (bootmem_alloc(&m->pool, request, &result) != BM_OK)
		machine_die("bootmem_alloc: no memory");
}

static void prepare_init(struct job *j)
{
	machine_init_bootmem(j->m);
}

static uint64_t run_requests(struct job *j)
{
	for (size_t i = 0; i < j->work->n; i++)
		allocate(j->m, &j->request[i]);
	return j->work->n;
}

static uint64_t free_pages_now(const struct machine *m)
{
	uint64_t pages = 0;

	for (uint32_t nid = 0; nid < m->nodes.nodes; nid++)
		pages += bootmem_free_pages(&m->bootmem[nid]);
	return pages;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *sample, unsigned count)
{
	qsort(sample, count, sizeof(*sample), ascending);
	return sample[count / 2];
}

static double time_of_tenth(struct job *j, size_t first, size_t end)
{
	double sample[ROUNDS];

	for (unsigned round = 0; round < ROUNDS; round++) {
		double start;

		machine_init_bootmem(j->m);
		for (size_t i = 0; i < first; i++)
			allocate(j->m, &j->request[i]);
		start = meter_now();
		for (size_t i = first; i < end; i++)
			allocate(j->m, &j->request[i]);
		sample[round] = (meter_now() - start) / (double)(end - first);
	}
	return median(sample, ROUNDS);
}

static void more_requests(struct job *j)
{
	static const unsigned shown[] = { 1, 5, 10 };
	size_t n = j->work->n;
	uint64_t asked = 0, before;

	for (size_t i = 0; i < n; i++)
		asked += j->request[i].size_bytes;
	machine_init_bootmem(j->m);
	before = free_pages_now(j->m);
	run_requests(j);
	printf(" space=%.5f", (double)pfn_phys(before - free_pages_now(j->m)) / (double)asked);
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		printf(" d%u=%.1f", shown[i],
			time_of_tenth(j, n * (shown[i] - 1) / TENTHS, n * shown[i] / TENTHS));
}

/* --- W3 ------------------------------------------------------------------------------------------- */

static uint64_t run_reserve(struct job *j)
{
	for (size_t i = 0; i < j->work->n; i++)
		if (reserve_bootmem(&j->m->bootmem[0], j->range[i].base, j->range[i].size) != BM_OK)
			machine_die("reserve_bootmem");
	return j->work->n;
}

/* Every second one of the shuffled ranges. */
static uint64_t run_free(struct job *j)
{
	for (size_t i = 0; i < j->work->n; i += 2)
		if (free_bootmem(&j->m->bootmem[0], j->range[i].base, j->range[i].size) != BM_OK)
			machine_die("free_bootmem");
	return (j->work->n + 1) / 2;
}

static uint64_t run_above_4g(struct job *j)
{
	for (size_t i = 0; i < W3C_REQUESTS; i++)
		allocate(j->m, &j->request_c[i]);
	return W3C_REQUESTS;
}

static void prepare_reserved(struct job *j)
{
	machine_init_bootmem(j->m);
	run_reserve(j);
}

static void prepare_scattered(struct job *j)
{
	prepare_reserved(j);
	run_free(j);
}

/* --- W4 ------------------------------------------------------------------------------------------- */

static void prepare_requests_mm(struct job *j)
{
	machine_init_bootmem(j->m);
	run_requests(j);
	machine_clear_mm(j->m);
}

static void prepare_scattered_mm(struct job *j)
{
	prepare_scattered(j);
	machine_clear_mm(j->m);
}

static uint64_t run_mem_init(struct job *j)
{
	machine_mem_init(j->m);
	return machine_free_pages(j->m);
}

static uint64_t run_mem_init_eager(struct job *j)
{
	machine_mem_init(j->m);
	sections_initialise_all(j->m->mm);
	return machine_free_pages(j->m);
}

static void clear_maps(struct machine *m)
{
	for (uint32_t nr = 0; sparse_next(m->mm, &nr); nr++) {
		const struct section *section = section_nr(m->mm, nr);

		libc_memset(machine_memory(m, pfn_phys(section_map_pfn(section))), 0xff,
			(size_t)pfn_phys(section->map_pages));
	}
}

/* What it takes to write the same bytes. */
static void more_release(struct job *j)
{
	double sample[ROUNDS];

	for (unsigned round = 0; round < ROUNDS; round++) {
		double start = meter_now();

		clear_maps(j->m);
		sample[round] = meter_now() - start;
	}
	printf(" memset=%.4f bytes=%llu sections=%llu/%llu",
		median(sample, ROUNDS) / (double)machine_free_pages(j->m),
		ULL(pfn_phys(mem_map_pages(j->m->mm))), ULL(j->m->mm->sections_initialised),
		ULL(j->m->mm->sections_present));
}

/* --- W5 ------------------------------------------------------------------------------------------- */

static uint64_t leaves(const struct job *j)
{
	struct page_counts n = paging_area_pages(&j->area, &j->work->mode);

	return n.pages_4k + n.pages_2m + n.pages_4m + n.pages_1g;
}

/* Each time elsewhere: tables are written once, into memory that no cache holds. */
static void move_tables(struct job *j)
{
	j->place = (j->place + 1) % TABLE_PLACES;
	j->tables_phys = 16 * MIB + j->place * align_up(pfn_phys(j->table_pages), 2 * MIB);
}

static void prepare_plan(struct job *j)
{
	j->area = (struct map_area){ .virt = ARCH_DIRECT_BASE,
		.bytes = j->work->bytes,
		.rights = MAP_WRITE,
		.kind = MAP_DIRECT };
	j->plan = (struct map_plan){ &j->area, 1, 1 };
	j->table_pages = paging_table_pages(&j->plan, &j->work->mode);
	move_tables(j);
}

static uint64_t run_build(struct job *j)
{
	struct paging paging;

	if (paging_build(&paging, &j->plan, &j->work->mode, j->tables_phys, j->table_pages,
		    j->m->pool.window) != BM_OK)
		machine_die("paging_build");
	return leaves(j);
}

static void more_build(struct job *j)
{
	double sample[ROUNDS];
	unsigned repeat = j->work->repeat;
	uint64_t n = run_build(j);

	for (unsigned round = 0; round < ROUNDS; round++) {
		double start;

		move_tables(j);
		start = meter_now();
		for (unsigned i = 0; i < repeat; i++)
			libc_memset(machine_memory(j->m, j->tables_phys), (int)i,
				(size_t)pfn_phys(j->table_pages));
		sample[round] = (meter_now() - start) / repeat / (double)n;
	}
	printf(" memset=%.3f tables=%llu", median(sample, ROUNDS), ULL(j->table_pages));
}

/* --- the plain reference ----------------------------------------------------------------------------- */

static uint64_t run_naive_init(struct job *j)
{
	naive_init(j->naive, &j->m->map);
	return 1;
}

static void prepare_naive(struct job *j)
{
	naive_init(j->naive, &j->m->map);
}

static uint64_t run_naive_requests(struct job *j)
{
	for (size_t i = 0; i < j->work->n; i++)
		if (naive_alloc(j->naive, &j->wanted[i]) == UINT64_MAX)
			machine_die("naive: no memory");
	return j->work->n;
}

/* --- the table ------------------------------------------------------------------------------------- */

#define W1(map)                                                                                    \
	{                                                                                          \
		"ours", "W1", map, 1, 500, prepare_nothing, run_init, more_init, { 0 }, 0          \
	}
#define W2(name, n)                                                                                \
	{                                                                                          \
		"ours", name, "laptop64g", n, 1, prepare_init, run_requests, more_requests, { 0 }, \
			0                                                                          \
	}
#define W3(n)                                                                                      \
	{ "ours", "W3a", "laptop64g", n, 1, prepare_init, run_reserve, NULL, { 0 }, 0 },           \
		{ "ours", "W3b", "laptop64g", n, 1, prepare_reserved, run_free, NULL, { 0 }, 0 },  \
	{                                                                                          \
		"ours", "W3c", "laptop64g", n, 1, prepare_scattered, run_above_4g, NULL, { 0 }, 0  \
	}
#define W4(name, map, n, prepare)                                                                  \
	{ "ours", name, map, n, 1, prepare, run_mem_init, more_release, { 0 }, 0 },                \
	{                                                                                          \
		"ours", name "-eager", map, n, 1, prepare, run_mem_init_eager, more_release,       \
			{ 0 }, 0                                                                   \
	}
#define W5(map, bytes, repeat, large, huge)                                                        \
	{                                                                                          \
		"ours", "W5", map, 1, repeat, prepare_plan, run_build, more_build,                 \
			{ 4, true, large, huge, true, 46 }, bytes                                  \
	}

static const struct workload workloads[] = {
	W1("qemu4g"),
	W1("laptop64g"),
	W1("srv1024g2n"),
	W1("srv1024g8n"),
	W1("srv16384g8n"),
	W2("W2", 1000),
	W2("W2", 10000),
	W2("W2", 100000),
	W2("W2ng", 1000),
	W2("W2ng", 10000),
	W2("W2ng", 100000),
	W3(1000),
	W3(10000),
	W3(100000),
	W4("W4", "qemu4g", 1000, prepare_requests_mm),
	W4("W4", "laptop64g", 10000, prepare_requests_mm),
	W4("W4f", "laptop64g", 10000, prepare_scattered_mm),
	W4("W4f", "laptop64g", 100000, prepare_scattered_mm),
	W5("4g-by-4k", 4 * GIB, 1, false, false),
	W5("64g-largest", 64 * GIB, 1000, true, true),
	W5("1t-largest", TIB, 1000, true, true),
	{ "naive", "W1", "qemu4g", 1, 1, prepare_nothing, run_naive_init, NULL, { 0 }, 0 },
	{ "naive", "W1", "laptop64g", 1, 1, prepare_nothing, run_naive_init, NULL, { 0 }, 0 },
	{ "naive", "W2ng", "laptop64g", 1000, 1, prepare_naive, run_naive_requests, NULL, { 0 },
		0 },
};

/* --- measuring --------------------------------------------------------------------------------------- */

static void *array(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (memory == NULL)
		machine_die("out of memory");
	return memory;
}

static struct bootmem_request *to_requests(const struct wl_req *wanted, size_t n, phys_t least_goal)
{
	struct bootmem_request *request = array(n, sizeof(*request));

	for (size_t i = 0; i < n; i++)
		request[i] = (struct bootmem_request){ .size_bytes = wanted[i].size,
			.align_bytes = wanted[i].align,
			.goal_phys = max_u64(wanted[i].goal, least_goal),
			.nid = -1 };
	return request;
}

static void make_requests(struct job *j)
{
	struct wl_req *wanted_c = array(W3C_REQUESTS, sizeof(*wanted_c));
	uint64_t top = j->m->map.top;
	size_t n = j->work->n;

	j->wanted = array(n, sizeof(*j->wanted));
	j->range = array(n, sizeof(*j->range));
	wl_w2(j->wanted, n, top, WL_SEED_W2, strcmp(j->work->name, "W2ng") != 0);
	wl_w2(wanted_c, W3C_REQUESTS, top, WL_SEED_W3C, 0);
	j->request = to_requests(j->wanted, n, 0);
	j->request_c = to_requests(wanted_c, W3C_REQUESTS, 4 * GIB);
	free(wanted_c);
	if (strncmp(j->work->name, "W3", 2) == 0 || strncmp(j->work->name, "W4f", 3) == 0)
		wl_w3(j->range, n, top, WL_SEED_W3);
}

static bool touches_ram(const struct workload *w)
{
	return w->name[1] == '4' || w->name[1] == '5';
}

/* Its address space has less than 64 GiB. */
static bool too_large_for_callgrind(const struct workload *w)
{
	return touches_ram(w) && w->bytes == 0 && strcmp(w->map, "qemu4g") != 0;
}

static struct job job_new(const struct workload *w)
{
	struct job j = { .work = w };

	j.m = machine_new(strcmp(w->name, "W5") == 0 ? "qemu4g" : w->map,
		touches_ram(w) ? MACHINE_WITH_RAM : MACHINE_WITHOUT_RAM);
	if (strcmp(w->who, "naive") == 0)
		j.naive = naive_new(&j.m->map);
	make_requests(&j);
	return j;
}

static void job_delete(struct job *j)
{
	if (j->naive != NULL)
		naive_delete(j->naive);
	machine_delete(j->m);
	free(j->wanted);
	free(j->request);
	free(j->request_c);
	free(j->range);
}

/* Nanoseconds per operation of one round. */
static double time_once(struct job *j)
{
	uint64_t operations = 0;
	double start;

	j->work->prepare(j);
	start = meter_now();
	for (unsigned i = 0; i < j->work->repeat; i++)
		operations += j->work->run(j);
	return (meter_now() - start) / (double)operations;
}

static void print_time(struct job *j)
{
	const struct workload *w = j->work;
	double sample[ROUNDS];

	for (unsigned i = 0; i < (w->bytes != 0 ? TABLE_PLACES : 1); i++)
		time_once(j); /* memory is touched for the first time */
	for (unsigned round = 0; round < ROUNDS; round++)
		sample[round] = time_once(j);
	printf("%s %s %s %zu %.4g", w->who, w->name, w->map, w->n, median(sample, ROUNDS));
	if (w->more != NULL)
		w->more(j);
	putchar('\n');
	fflush(stdout);
}

/* The parent divides. What callgrind has no room for is left out. */
static void count_once(struct job *j)
{
	const struct workload *w = j->work;
	uint64_t operations;

	w->prepare(j);
	meter_start();
	operations = w->run(j);
	meter_stop();
	printf("%s %s %s %zu %llu\n", w->who, w->name, w->map, w->n, ULL(operations));
}

static void print_instructions(const char *line, double instructions)
{
	char name[64], who[16], map[64];
	unsigned long long operations;
	size_t n;

	if (sscanf(line, "%15s %63s %63s %zu %llu", who, name, map, &n, &operations) == 5)
		printf("%s %s %s %zu %.6g unit=instructions\n", who, name, map, n,
			instructions / (double)operations);
}

static bool is_wanted(const struct workload *w, int names, char **name)
{
	for (int i = 0; i < names; i++)
		if (strcmp(name[i], w->name) == 0)
			return true;
	return names == 0;
}

/* Null: all of them are workloads. */
static const char *unknown_name(int names, char **name)
{
	for (int i = 0; i < names; i++) {
		bool known = false;

		for (size_t k = 0; k < ARRAY_SIZE(workloads); k++)
			known |= is_wanted(&workloads[k], 1, name + i);
		if (!known)
			return name[i];
	}
	return NULL;
}

static void do_workload(const struct workload *w)
{
	struct job j = job_new(w);

	if (under_callgrind)
		count_once(&j);
	else
		print_time(&j);
	job_delete(&j);
}

int main(int argc, char **argv)
{
	char **name = argv + 1;
	int names = argc - 1;

	if (argc == 2 && strcmp(argv[1], "--instr") == 0)
		return meter_count_instructions(argv[0], print_instructions) ? EXIT_SUCCESS
									     : EXIT_FAILURE;
	if (argc == 2 && strcmp(argv[1], METER_CHILD) == 0) {
		under_callgrind = true;
		names = 0;
	}
	if (unknown_name(names, name) != NULL) {
		fprintf(stderr,
			"bench: %s: no such workload\nusage: bench [--instr | WORKLOAD...]\n",
			unknown_name(names, name));
		return 2;
	}
	*(void **)&libc_memset = dlsym(RTLD_DEFAULT, "memset");
	if (libc_memset == NULL)
		machine_die("no memset in the C library");
	for (size_t i = 0; i < ARRAY_SIZE(workloads); i++)
		if (is_wanted(&workloads[i], names, name) &&
			!(under_callgrind && too_large_for_callgrind(&workloads[i])))
			do_workload(&workloads[i]);
	return EXIT_SUCCESS;
}

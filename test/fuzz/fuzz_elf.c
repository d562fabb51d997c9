/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf_parse on any bytes at all (libFuzzer). No byte beyond the input is read, nothing is accepted that breaks a
 * rule of <bootmem/elf.h>, and nothing refused that keeps them: test/unit/elf_rules.h says which.
 */
#include <stdio.h>
#include <stdlib.h>

#include "elf_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count_text(void *ctx, const char *text, size_t length)
{
	(void)text;
	*(size_t *)ctx += length;
}

/* A refused file must leave the output alone. */
static const char *untouched(const struct elf_kernel *kernel)
{
	for (size_t i = 0; i < sizeof(*kernel); i++)
		if (((const uint8_t *)kernel)[i] != 0xa5)
			return "a refusal wrote to the output";
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rules_file file = { data, size };
	size_t length = 0;
	struct sink sink = { count_text, &length };
	struct elf_kernel kernel;
	struct elf_fault fault;
	const char *wrong;
	enum elf_error error;

	memset(&kernel, 0xa5, sizeof(kernel));
	error = elf_parse(&kernel, data, size, &fault);
	wrong = error == fault.error ? rules_disagree(file, &kernel, &fault) : "two errors";
	if (wrong == NULL && error != ELF_OK)
		wrong = untouched(&kernel);
	elf_explain(&sink, &fault);
	if (wrong == NULL && length == 0)
		wrong = "nothing to say";
	if (wrong != NULL) {
		fprintf(stderr, "elf_parse says %d: %s\n", error, wrong);
		abort();
	}
	return 0;
}

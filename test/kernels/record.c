/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line of the handoff record, word by word. Called by probe and torture.
 */
#include "record.h"

static bool word_is(const char *at, const char *word)
{
	while (*word != '\0' && *at == *word) {
		at++;
		word++;
	}
	return *word == '\0' && (*at == ' ' || *at == '\0');
}

bool cmdline_has(const struct handoff *record, const char *word)
{
	const char *at = (const char *)(uintptr_t)record->cmdline.address;

	while (*at != '\0') {
		if (word_is(at, word))
			return true;
		while (*at != ' ' && *at != '\0')
			at++;
		while (*at == ' ')
			at++;
	}
	return false;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of options that are a choice, in the order of their enums; the first is the default. Read by
 * the parser (options.c) and by the writer (options_format.c).
 */
#ifndef OPTIONS_WORDS_H
#define OPTIONS_WORDS_H

#include <bootmem/options.h>

extern const char *const options_mode_words[2];
extern const char *const options_pae_words[3];
extern const char *const options_numa_words[2];
extern const char *const options_serial_words[2];
extern const char *const options_console_words[3];
extern const char *const options_files_words[2];
extern const char *const options_after_words[3];

/* The faults of hostile=, which are no choice: each has a number. */
extern const char *const options_hostile_words[HOSTILE_FAULTS];

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/* core/string.c's functions under names of their own (on a command line of the compiler): the C library has those. */
#ifndef CORE_STRING_H
#define CORE_STRING_H

#define memcpy  core_memcpy
#define memmove core_memmove
#define memset  core_memset
#define memcmp  core_memcmp

#endif

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel for test_elf, linked by ld with the default script: code, read-only data, data and zeros, and what
 * a linker adds by itself. It is never run.
 */
	.text
	.globl	_start
_start:
	hlt
	jmp	_start

	.section .rodata
	.asciz	"read-only"

	.data
	.long	42

	.bss
	.globl	zeros
zeros:
	.skip	20000

	.section .tbss, "awT", @nobits
	.skip	64

	.section .note.test, "a", @note
	.long	4, 0, 1
	.asciz	"abc"

	.section .note.GNU-stack, "", @progbits

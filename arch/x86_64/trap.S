/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry stubs of the 32 exceptions: bring the stack to the shape of struct trap_frame, with an error code
 * of 0 where the CPU pushes none, and call trap_report, which does not return.
 */
#include "cpu_block.h"

	.text

	.balign	TRAP_STUB_SIZE
	.globl	trap_stubs
	.hidden	trap_stubs
trap_stubs:
	.set	vector, 0
	.rept	TRAP_VECTORS
	.balign	TRAP_STUB_SIZE
	/* The CPU pushes an error code for #DF, #TS, #NP, #SS, #GP, #PF, #AC, #CP (SDM 3A, 6.3.1), #VC and #SX
	   (APM 2, 8.2): a mask by vector. */
	.ifeq	(TRAP_ERROR_CODES >> vector) & 1
	pushq	$0
	.endif
	pushq	$vector
	jmp	trap_common
	.set	vector, vector + 1
	.endr

trap_common:
	pushq	%rax
	pushq	%rbx
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%rbp
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, %rdi
	andq	$-16, %rsp
	cld
	call	trap_report

	.section .note.GNU-stack, "", @progbits

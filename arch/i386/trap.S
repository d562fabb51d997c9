/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry stubs of the 32 exceptions: bring the stack to the shape of struct trap_frame, with an error code
 * of 0 where the CPU pushes none, and call trap_report, which does not return. Those with a task gate start
 * with nothing but the error code on a stack of their own.
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
	.ifeq	(TRAP_ERROR_CODES >> vector) & 1
	pushl	$0
	.endif
	pushl	$vector
	jmp	trap_common
	.set	vector, vector + 1
	.endr

	.balign	TRAP_STUB_SIZE
	.globl	trap_task_stubs
	.hidden	trap_task_stubs
trap_task_stubs:
	.irp	vector, 8, 2, 18, 14
	.balign	TRAP_STUB_SIZE
	.ifeq	(TRAP_ERROR_CODES >> \vector) & 1
	pushl	$0
	.endif
	pushl	$\vector
	call	trap_task_report
	.endr

trap_common:
	pushal
	movl	%esp, %eax
	andl	$-16, %esp
	subl	$12, %esp
	pushl	%eax
	cld
	call	trap_report

	.section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The jump into a native kernel: by the System V convention, with nothing else in the registers. Called once, by arch_jump
 * with (entry, argument, stack_end).
 */
	.text
	.globl	cpu_jump
	.hidden	cpu_jump
cpu_jump:
	fninit
	movq	%rdi, %rax
	movq	%rsi, %rdi
	andq	$-16, %rdx
	movq	%rdx, %rsp
	/* Point of no return: a kernel that returns runs into page 0, which is not mapped. */
	pushq	$0
	pushq	%rax
	xorl	%eax, %eax
	xorl	%ebx, %ebx
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	xorl	%esi, %esi
	xorl	%ebp, %ebp
	xorl	%r8d, %r8d
	xorl	%r9d, %r9d
	xorl	%r10d, %r10d
	xorl	%r11d, %r11d
	xorl	%r12d, %r12d
	xorl	%r13d, %r13d
	xorl	%r14d, %r14d
	xorl	%r15d, %r15d
	cld
	ret

	.section .note.GNU-stack, "", @progbits

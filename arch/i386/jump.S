/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The jump into a native kernel: by the cdecl convention, with nothing in the registers but the argument, which is in
 * %eax too. Called once, by arch_jump with (entry, argument, stack_end), 32 bits each.
 */
	.text
	.globl	cpu_jump
	.hidden	cpu_jump
cpu_jump:
	fninit
	movl	4(%esp), %ecx
	movl	8(%esp), %eax
	movl	12(%esp), %edx
	/* The argument lies at a multiple of 16, as the compiler's calls have it. */
	andl	$-16, %edx
	leal	-16(%edx), %esp
	movl	%eax, (%esp)
	/* Point of no return: a kernel that returns runs into page 0, which is not mapped. */
	pushl	$0
	pushl	%ecx
	xorl	%ebx, %ebx
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	xorl	%esi, %esi
	xorl	%edi, %edi
	xorl	%ebp, %ebp
	/* The flags of the last instruction are all that is left of us. */
	cld
	ret

	.section .note.GNU-stack, "", @progbits

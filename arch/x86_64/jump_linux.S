/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The jump into a Linux-protocol kernel at its 64-bit entry: flat segments 0x10 and 0x18, the tables that show what
 * it needs where it is, boot_params in %rsi (boot.rst, "64-bit Boot Protocol"). Runs where both page tables show it. Called
 * once, by arch_jump_linux with (entry, params, root, GDT register).
 */
#define LINUX_CODE 0x10
#define LINUX_DATA 0x18

	.text
	.globl	cpu_jump_linux
	.hidden	cpu_jump_linux
cpu_jump_linux:
	cli
	cld
	lgdt	(%rcx)
	/* Point of no return: our own view of memory is gone. */
	movq	%rdx, %cr3
	movl	$LINUX_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	pushq	$LINUX_CODE
	pushq	%rdi
	xorl	%ebx, %ebx
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	xorl	%edi, %edi
	xorl	%ebp, %ebp
	lretq

	.section .note.GNU-stack, "", @progbits

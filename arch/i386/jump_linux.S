/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The jump into a Linux-protocol kernel at its 32-bit entry: paging off, flat segments 0x10 and 0x18, boot_params in %esi
 * (boot.rst, "32-bit Boot Protocol"). Runs and has its stack where physical is virtual. Called once, by arch_jump_linux
 * with (entry, params, GDT register, EFER's NXE is on).
 */
#define LINUX_CODE    0x10
#define LINUX_DATA    0x18
#define CR0_PG        0x80000000
#define MSR_EFER      0xc0000080
#define EFER_NXE      0x800

	.text
	.globl	cpu_jump_linux
	.hidden	cpu_jump_linux
cpu_jump_linux:
	cli
	cld
	movl	4(%esp), %edi
	movl	8(%esp), %esi
	movl	12(%esp), %ecx
	movl	16(%esp), %ebx
	lgdt	(%ecx)
	/* Point of no return: from here on addresses are physical. */
	movl	%cr0, %eax
	andl	$~CR0_PG, %eax
	movl	%eax, %cr0
	xorl	%eax, %eax
	movl	%eax, %cr3
	movl	%eax, %cr4
	testl	%ebx, %ebx
	jz	1f
	movl	$MSR_EFER, %ecx
	rdmsr
	andl	$~EFER_NXE, %eax
	wrmsr
1:
	movl	$LINUX_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%eax, %ss
	pushl	$LINUX_CODE
	pushl	%edi
	xorl	%eax, %eax
	xorl	%ebx, %ebx
	xorl	%ecx, %ecx
	xorl	%edx, %edx
	xorl	%edi, %edi
	xorl	%ebp, %ebp
	lretl

	.section .note.GNU-stack, "", @progbits

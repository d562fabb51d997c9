/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The switch: from the firmware's descriptor tables, stack and page tables to ours, in this order,
 * so that at no point a fault meets half of each (Q42). Runs at an address that both page tables
 * map to itself. Called once, by arch_activate, with a struct cpu_switch in %rdi.
 */
#include "cpu_block.h"

	.text
	.globl	cpu_switch
	.hidden	cpu_switch
cpu_switch:
	cli
	lgdt	SWITCH_GDTR(%rdi)
	lidt	SWITCH_IDTR(%rdi)
	movl	$SELECTOR_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$SELECTOR_TSS, %eax
	ltr	%ax

	/* The structure is on the old stack: take what is left of it into registers. */
	movq	SWITCH_CR4(%rdi), %r8
	movq	SWITCH_CR3(%rdi), %r9
	movq	SWITCH_CR0(%rdi), %r10
	movq	SWITCH_NEXT(%rdi), %r11
	movq	SWITCH_CTX(%rdi), %rbx
	movq	SWITCH_STACK(%rdi), %rsp

	/* CR4 first: without PGE and PCIDE the load of CR3 drops every old translation (Q44). */
	movq	%r8, %cr4
	movq	%r9, %cr3
	/* Point of no return: the firmware's mappings are gone. */
	movq	%r10, %cr0

	/* Not before CR4: a shadow stack, if the firmware left one on, knows nothing of this return. */
	pushq	$SELECTOR_CODE
	leaq	1f(%rip), %rax
	pushq	%rax
	lretq
1:
	xorl	%ebp, %ebp
	movq	%rbx, %rdi
	cld
	call	*%r11
	ud2

	.section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the firmware's descriptor tables, stack and page tables to ours, in this order, so that at no point a fault
 * meets half of each (Q42).
 */
#include "cpu_block.h"

	.text
	/* Called once, by arch_take_exceptions, with a struct table_registers in %rdi. */
	.globl	cpu_load_tables
	.hidden	cpu_load_tables
cpu_load_tables:
	/* A shadow stack, if the firmware left one on, knows nothing of the far return below. */
	movq	%cr4, %rax
	btrq	$CR4_CET_BIT, %rax
	movq	%rax, %cr4
	lgdt	TABLES_GDTR(%rdi)
	lidt	TABLES_IDTR(%rdi)
	movl	$SELECTOR_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$SELECTOR_TSS, %eax
	ltr	%ax
	popq	%rax
	pushq	$SELECTOR_CODE
	pushq	%rax
	lretq

	/*
	 * Called once, by arch_activate, with a struct cpu_switch in %rdi. Runs at an address that both page tables map
	 * to itself.
	 */
	.globl	cpu_switch
	.hidden	cpu_switch
cpu_switch:
	/* The structure is on the old stack: take all of it into registers. */
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

	xorl	%ebp, %ebp
	movq	%rbx, %rdi
	cld
	call	*%r11
	ud2

	.section .note.GNU-stack, "", @progbits

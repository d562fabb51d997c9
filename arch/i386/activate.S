/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The switch: from the firmware's descriptor tables, stack and page tables to ours. The firmware may run
 * without paging, with two levels, or with PAE and NX; CR4.PAE must not change while paging is on, so paging
 * goes off in between (Q36). Runs at an address that both page tables map to itself. Called once, by
 * arch_activate, with a struct cpu_switch.
 */
#include "cpu_block.h"

	.text
	.globl	cpu_switch
	.hidden	cpu_switch
cpu_switch:
	cli
	movl	4(%esp), %edi
	lgdt	SWITCH_GDTR(%edi)
	lidt	SWITCH_IDTR(%edi)
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
	movl	SWITCH_CR4(%edi), %eax
	movl	SWITCH_CR3(%edi), %ebx
	movl	SWITCH_CR0(%edi), %ecx
	movl	SWITCH_NEXT(%edi), %edx
	movl	SWITCH_CTX(%edi), %esi
	movl	SWITCH_STACK(%edi), %esp

	pushl	$SELECTOR_CODE
	call	1f
1:	popl	%ebp
	addl	$2f - 1b, %ebp
	pushl	%ebp
	lret
2:
	movl	%cr0, %ebp
	btrl	$CR0_PG_BIT, %ebp
	movl	%ebp, %cr0
	movl	%eax, %cr4
	movl	%ebx, %cr3
	movl	%ecx, %cr0
	jmp	3f
3:
	/* Point of no return: the firmware's mappings are gone. */
	xorl	%ebp, %ebp
	subl	$12, %esp
	pushl	%esi
	cld
	call	*%edx
	ud2

	.section .note.GNU-stack, "", @progbits

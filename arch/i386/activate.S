/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The switch: from the firmware's descriptor tables, stack and page tables to ours. The firmware may run
 * without paging, with two levels, or with PAE and NX; CR4.PAE must not change while paging is on, nor EFER.NXE
 * under tables that use NX, so paging goes off in between (Q36). Runs at an address that both page tables map to
 * itself. Called once, by arch_activate, with a struct cpu_switch.
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

	movl	%cr0, %eax
	btrl	$CR0_PG_BIT, %eax
	movl	%eax, %cr0

	movl	SWITCH_CR4(%edi), %eax
	movl	%eax, %cr4
	movl	SWITCH_CR3(%edi), %eax
	movl	%eax, %cr3
	cmpl	$0, SWITCH_HAS_EFER(%edi)
	je	1f
	movl	$MSR_EFER, %ecx
	movl	SWITCH_EFER(%edi), %eax
	xorl	%edx, %edx
	wrmsr
1:
	/* The structure is on the old stack, which our tables need not show: take the rest into registers. */
	movl	SWITCH_CR0(%edi), %eax
	movl	SWITCH_STACK(%edi), %esp
	movl	SWITCH_NEXT(%edi), %edx
	movl	SWITCH_CTX(%edi), %esi
	movl	%eax, %cr0
	jmp	2f
2:
	/* Point of no return: the firmware's mappings are gone. */
	pushl	$SELECTOR_CODE
	call	3f
3:	popl	%ebp
	addl	$4f - 3b, %ebp
	pushl	%ebp
	/* Not before CR4: a shadow stack, if the firmware left one on, knows nothing of this return. */
	lret
4:
	xorl	%ebp, %ebp
	subl	$12, %esp
	pushl	%esi
	cld
	call	*%edx
	ud2

	.section .note.GNU-stack, "", @progbits

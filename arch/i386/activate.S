/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the firmware's descriptor tables, stack and page tables to ours, in this order. The firmware may run
 * without paging, with two levels, or with PAE and NX.
 */
#include "cpu_block.h"

	.text
	/* Called once, by arch_take_exceptions, with a struct table_registers. */
	.globl	cpu_load_tables
	.hidden	cpu_load_tables
cpu_load_tables:
	/* A shadow stack, if the firmware left one on, knows nothing of the far return below. */
	movl	%cr4, %eax
	btrl	$CR4_CET_BIT, %eax
	movl	%eax, %cr4
	movl	4(%esp), %eax
	lgdt	TABLES_GDTR(%eax)
	lidt	TABLES_IDTR(%eax)
	movl	$SELECTOR_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$SELECTOR_TSS, %eax
	ltr	%ax
	popl	%eax
	pushl	$SELECTOR_CODE
	pushl	%eax
	lret

	/*
	 * Called once, by arch_activate, with a struct cpu_switch. CR4.PAE must not change while paging is on, nor EFER.NXE
	 * under tables that use NX, so paging goes off in between (Q36). Runs at an address that both page tables map to
	 * itself.
	 */
	.globl	cpu_switch
	.hidden	cpu_switch
cpu_switch:
	movl	4(%esp), %edi
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
	xorl	%ebp, %ebp
	subl	$12, %esp
	pushl	%esi
	cld
	call	*%edx
	ud2

	.section .note.GNU-stack, "", @progbits

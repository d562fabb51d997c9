/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe's first instructions: every register is stored before anything changes it, then the argument and the stack
 * are as they were and C begins. Stores change no flags. The slots' upper halves stay 0.
 */
#include "probe_entry.h"

	.text
	.globl	probe_entry
probe_entry:
	movl	%eax, entry_state + ENTRY_AX
	movl	%ebx, entry_state + ENTRY_BX
	movl	%ecx, entry_state + ENTRY_CX
	movl	%edx, entry_state + ENTRY_DX
	movl	%esi, entry_state + ENTRY_SI
	movl	%edi, entry_state + ENTRY_DI
	movl	%ebp, entry_state + ENTRY_BP
	movl	%esp, entry_state + ENTRY_SP
	pushfl
	popl	entry_state + ENTRY_FLAGS
	movw	%cs, entry_state + ENTRY_CS
	movw	%ds, entry_state + ENTRY_DS
	movw	%es, entry_state + ENTRY_ES
	movw	%ss, entry_state + ENTRY_SS
	movw	%fs, entry_state + ENTRY_FS
	movw	%gs, entry_state + ENTRY_GS
	str	entry_state + ENTRY_TR
	sgdt	entry_state + ENTRY_GDTR
	sidt	entry_state + ENTRY_IDTR
	movl	%cr0, %eax
	movl	%eax, entry_state + ENTRY_CR0
	movl	%cr3, %eax
	movl	%eax, entry_state + ENTRY_CR3
	movl	%cr4, %eax
	movl	%eax, entry_state + ENTRY_CR4
	jmp	kernel

	.section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe's first instructions: every register is stored before anything changes it, then the argument and the stack
 * are as they were and C begins. Stores change no flags. Works wherever the kernel is linked.
 */
#include "probe_entry.h"

	.text
	.globl	probe_entry
probe_entry:
	movq	%rax, entry_state + ENTRY_AX(%rip)
	movq	%rbx, entry_state + ENTRY_BX(%rip)
	movq	%rcx, entry_state + ENTRY_CX(%rip)
	movq	%rdx, entry_state + ENTRY_DX(%rip)
	movq	%rsi, entry_state + ENTRY_SI(%rip)
	movq	%rdi, entry_state + ENTRY_DI(%rip)
	movq	%rbp, entry_state + ENTRY_BP(%rip)
	movq	%rsp, entry_state + ENTRY_SP(%rip)
	movq	%r8, entry_state + ENTRY_R8(%rip)
	movq	%r9, entry_state + ENTRY_R9(%rip)
	movq	%r10, entry_state + ENTRY_R10(%rip)
	movq	%r11, entry_state + ENTRY_R11(%rip)
	movq	%r12, entry_state + ENTRY_R12(%rip)
	movq	%r13, entry_state + ENTRY_R13(%rip)
	movq	%r14, entry_state + ENTRY_R14(%rip)
	movq	%r15, entry_state + ENTRY_R15(%rip)
	pushfq
	popq	entry_state + ENTRY_FLAGS(%rip)
	movw	%cs, entry_state + ENTRY_CS(%rip)
	movw	%ds, entry_state + ENTRY_DS(%rip)
	movw	%es, entry_state + ENTRY_ES(%rip)
	movw	%ss, entry_state + ENTRY_SS(%rip)
	movw	%fs, entry_state + ENTRY_FS(%rip)
	movw	%gs, entry_state + ENTRY_GS(%rip)
	str	entry_state + ENTRY_TR(%rip)
	sgdt	entry_state + ENTRY_GDTR(%rip)
	sidt	entry_state + ENTRY_IDTR(%rip)
	movq	%cr0, %rax
	movq	%rax, entry_state + ENTRY_CR0(%rip)
	movq	%cr3, %rax
	movq	%rax, entry_state + ENTRY_CR3(%rip)
	movq	%cr4, %rax
	movq	%rax, entry_state + ENTRY_CR4(%rip)
	jmp	kernel

	.section .note.GNU-stack, "", @progbits

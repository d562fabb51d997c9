/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leaves long mode and enters it again with other page tables and another CR4: void long_mode_switch(uint32_t
 * root_phys, uint64_t cr4). Code, stack and tables are below 4 GiB and mapped to themselves by both. Called by
 * tables.c with interrupts off; descriptor tables and selectors are as before afterwards.
 */
#define CODE64     0x08
#define CODE32     0x10
#define DATA32     0x18
#define CR0_PG_BIT 31

	.section .rodata
	.balign	8
gdt:
	.quad	0
	.quad	0x00af9b000000ffff
	.quad	0x00cf9b000000ffff
	.quad	0x00cf93000000ffff
gdt_end:

	.text
	.globl	long_mode_switch
	.hidden	long_mode_switch
long_mode_switch:
	pushq	%rbx
	pushq	%rbp
	subq	$16, %rsp
	sgdt	(%rsp)
	movl	%cs, %eax
	pushq	%rax
	movl	%ds, %eax
	pushq	%rax
	movl	%es, %eax
	pushq	%rax
	movl	%ss, %eax
	pushq	%rax

	leaq	gdt(%rip), %rax
	pushq	%rax
	pushw	$gdt_end - gdt - 1
	lgdt	(%rsp)
	addq	$10, %rsp
	movq	%rsp, %rbx
	leaq	back(%rip), %rbp

	pushq	$CODE32
	leaq	narrow(%rip), %rax
	pushq	%rax
	lretq

	.code32
narrow:
	movl	$DATA32, %eax
	movl	%eax, %ss
	movl	%cr0, %eax
	btrl	$CR0_PG_BIT, %eax
	movl	%eax, %cr0
	movl	%esi, %cr4
	movl	%edi, %cr3
	btsl	$CR0_PG_BIT, %eax
	movl	%eax, %cr0
	pushl	$CODE64
	pushl	%ebp
	lret

	.code64
back:
	/* the upper halves are undefined after 32-bit code */
	movl	%ebx, %ebx
	movq	%rbx, %rsp
	lgdt	32(%rsp)
	popq	%rax
	movl	%eax, %ss
	popq	%rax
	movl	%eax, %es
	popq	%rax
	movl	%eax, %ds
	popq	%rax
	addq	$16, %rsp
	leaq	1f(%rip), %rcx
	pushq	%rax
	pushq	%rcx
	lretq
1:
	popq	%rbp
	popq	%rbx
	ret

	.section .note.GNU-stack, "", @progbits

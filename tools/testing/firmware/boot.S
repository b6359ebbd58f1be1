/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A boot sector that tests whether the firmware can use a drive. It reads the
 * 512 sectors behind itself by INT 13h, adds them up as 32-bit words, writes
 * the last piece that it read to the sectors after those 512, prints the sum on
 * COM1 and resets the machine.
 */
	.code16
	.text
	.globl	_start

	.set	SECTORS, 64		/* of a piece: half a segment */
	.set	PIECES, 8
	.set	BUFFER, 0x1000		/* segment */
	.set	COM1, 0x3f8
	.set	RESET, 0xcf9

_start:
	ljmp	$0, $1f
1:	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$_start, %sp
	cld
	movb	%dl, drive
	movw	$PIECES, %bp

next:	movb	$0x42, %ah		/* extended read */
	movw	$failed_read, %di
	call	disk
	call	add_up
	addl	$SECTORS, lba
	decw	%bp
	jnz	next

	movw	$0x4300, %ax		/* extended write, no verify */
	movw	$failed_write, %di
	call	disk

	movw	$well, %si
	call	print
	movl	sum, %ebx
	movw	$8, %cx
digit:	roll	$4, %ebx
	movb	%bl, %al
	andb	$15, %al
	addb	$'0', %al
	cmpb	$'9', %al
	jbe	1f
	addb	$'a' - '9' - 1, %al
1:	call	put
	loop	digit
	jmp	end

/* Calls function %ax of INT 13h; %di is the message for a failure */
disk:	movb	drive, %dl
	movw	$packet, %si
	int	$0x13
	jc	fail
	ret
fail:	movw	%di, %si
	call	print
end:	movw	$line, %si
	call	print
	movw	$RESET, %dx
	movb	$2, %al
	outb	%al, %dx
	movb	$6, %al
	outb	%al, %dx
1:	hlt
	jmp	1b

add_up:	pushw	%ds
	movw	$BUFFER, %ax
	movw	%ax, %ds
	xorw	%si, %si
	xorl	%ebx, %ebx
	movw	$SECTORS * 512 / 4, %cx
1:	lodsl
	addl	%eax, %ebx
	loop	1b
	popw	%ds
	addl	%ebx, sum
	ret

print:	lodsb
	testb	%al, %al
	jz	1f
	call	put
	jmp	print
1:	ret

put:	pushw	%ax
	movw	$COM1 + 5, %dx
1:	inb	%dx, %al
	testb	$0x20, %al
	jz	1b
	popw	%ax
	movw	$COM1, %dx
	outb	%al, %dx
	ret

well:		.asciz	"SLUICE-BOOT ok "
failed_read:	.asciz	"SLUICE-BOOT read failed"
failed_write:	.asciz	"SLUICE-BOOT write failed"
line:		.asciz	"\r\n"
drive:		.byte	0
	.balign	4
sum:	.long	0
packet:	.byte	16, 0
	.word	SECTORS
	.word	0, BUFFER
lba:	.quad	1

	.org	510
	.word	0xaa55

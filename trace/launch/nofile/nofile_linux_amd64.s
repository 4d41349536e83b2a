#include "textflag.h"

// func read(l *Limit) (errno uintptr)
// prlimit64(0, RLIMIT_NOFILE, NULL, l)
TEXT ·read(SB),NOSPLIT,$0-16
	MOVQ	$302, AX
	XORL	DI, DI
	MOVL	$7, SI
	XORL	DX, DX
	MOVQ	l+0(FP), R10
	SYSCALL
	MOVQ	AX, errno+8(FP)
	RET

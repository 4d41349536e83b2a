#include "textflag.h"

// func read(l *Limit) (errno uintptr)
// prlimit64(0, RLIMIT_NOFILE, NULL, l)
TEXT ·read(SB),NOSPLIT,$0-16
	MOVD	$261, R8
	MOVD	ZR, R0
	MOVD	$7, R1
	MOVD	ZR, R2
	MOVD	l+0(FP), R3
	SVC
	MOVD	R0, errno+8(FP)
	RET

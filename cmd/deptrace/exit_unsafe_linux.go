package main

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// wordBits is the size of an element of unix.Sigset_t.
const wordBits = uint(unsafe.Sizeof(unix.Sigset_t{}.Val[0]) * 8)

// defaultAction gives a signal its default action back. signal.Reset does not: of
// what the Go runtime handles for itself (SIGSEGV, SIGQUIT) it only takes away the
// channels, and the signal would print the stacks of our goroutines.
func defaultAction(sig syscall.Signal) {
	// The kernel's struct sigaction, whatever the order of its fields, of zeros:
	// SIG_DFL, no flags, an empty mask. It has 32 bytes.
	var action [64]byte
	_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(sig), uintptr(unsafe.Pointer(&action)), 0, 8, 0, 0)
}

//go:build amd64 || arm64

package ptrace

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sigaction is struct kernel_sigaction of the kernel's rt_sigaction(2).
type sigaction struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

// saNoCldStop is SA_NOCLDSTOP (signal.h).
const saNoCldStop = 1

// noStopSignals keeps the kernel from sending this process a SIGCHLD at every stop of
// the step. The engine learns of stops from wait4, and the Go runtime would wake a
// thread for each: on 2 cores that was more than half of the cost of a stop. The
// runtime's handler stays in place; restore puts its flags back.
func noStopSignals() (restore func()) {
	var old sigaction
	set := func(new, old *sigaction) bool {
		_, _, errno := syscall.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(syscall.SIGCHLD),
			uintptr(unsafe.Pointer(new)), uintptr(unsafe.Pointer(old)), 8, 0, 0)
		return errno == 0
	}
	if !set(nil, &old) || old.flags&saNoCldStop != 0 {
		return func() {}
	}
	changed := old
	changed.flags |= saNoCldStop
	if !set(&changed, nil) {
		return func() {}
	}
	return func() { set(&old, nil) }
}

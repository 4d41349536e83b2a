//go:build amd64 || arm64

package ptrace

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// syscallInfo is struct ptrace_syscall_info (include/uapi/linux/ptrace.h). data is
// the union: for an entry the number and six arguments, for an exit the result and
// whether it is an error.
type syscallInfo struct {
	op      uint8
	_       [3]uint8
	arch    uint32
	ip, sp  uint64
	data    [7]uint64
	retData uint64
}

// infoExit is the op of a call's exit (PTRACE_SYSCALL_INFO_EXIT); the others that are
// seen here are entries.
const infoExit = 2

func (i *syscallInfo) nr() uint64      { return i.data[0] }
func (i *syscallInfo) args() [6]uint64 { return [6]uint64(i.data[1:7]) }
func (i *syscallInfo) result() int64   { return int64(i.data[0]) }
func (i *syscallInfo) failed() bool    { return uint8(i.data[1]) != 0 }

// request makes a ptrace call. It never blocks, so the scheduler need not know.
func request(req int, tid int, addr, data uintptr) error {
	_, _, errno := syscall.RawSyscall6(unix.SYS_PTRACE, uintptr(req), uintptr(tid), addr, data, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// requestAt makes a ptrace call whose data is in memory. The pointer becomes a number only
// in the call of RawSyscall6 itself: before that the stack may be moved, and what is on it.
func requestAt(req int, tid int, addr uintptr, data unsafe.Pointer) error {
	_, _, errno := syscall.RawSyscall6(unix.SYS_PTRACE, uintptr(req), uintptr(tid), addr, uintptr(data), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// getInfo fills i with the call that the thread is stopped at (Linux 5.3).
func getInfo(tid int, i *syscallInfo) error {
	return requestAt(unix.PTRACE_GET_SYSCALL_INFO, tid, unsafe.Sizeof(*i), unsafe.Pointer(i))
}

// getMessage returns the number that goes with an event stop.
func getMessage(tid int) (int, error) {
	var msg uint64
	err := requestAt(unix.PTRACE_GETEVENTMSG, tid, 0, unsafe.Pointer(&msg))
	return int(msg), err
}

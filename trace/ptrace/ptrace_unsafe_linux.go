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

// The ops: a stop at a call's entry or exit (PTRACE_SYSCALL_INFO_ENTRY, _EXIT). The third
// that is seen here is a stop of the filter, which is like one at an entry.
const infoEntry, infoExit = 1, 2

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

// ask returns a report of wait4(2) on a child or tracee of this thread if there is one, and 0
// otherwise. It does not block either.
func ask(ws *syscall.WaitStatus) (tid int, err error) {
	const all, flags = ^uintptr(0), unix.WALL | unix.WNOTHREAD | unix.WNOHANG
	var status int32
	r, _, errno := syscall.RawSyscall6(unix.SYS_WAIT4, all, uintptr(unsafe.Pointer(&status)), flags, 0, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	*ws = syscall.WaitStatus(status)
	return int(r), nil
}

// getInfo fills i with the call that the thread is stopped at (Linux 5.3).
func getInfo(tid int, i *syscallInfo) error {
	return requestAt(unix.PTRACE_GET_SYSCALL_INFO, tid, unsafe.Sizeof(*i), unsafe.Pointer(i))
}

// trapped reports whether a thread at the exit of a call has been sent the SIGSYS of a
// filter that answers SECCOMP_RET_TRAP: then the call was not made, and its number stands
// where a result does.
func trapped(tid int) bool {
	const peekSigInfo, sysSeccomp = 0x4209, 1 // PTRACE_PEEKSIGINFO; linux/ptrace.h, asm-generic/siginfo.h
	var infos [64][128]byte
	args := struct {
		offset uint64
		flags  uint32
		count  int32
	}{count: int32(len(infos))}
	n, _, errno := syscall.RawSyscall6(unix.SYS_PTRACE, peekSigInfo, uintptr(tid), uintptr(unsafe.Pointer(&args)), uintptr(unsafe.Pointer(&infos)), 0, 0)
	if errno != 0 {
		return false
	}
	for i := range infos[:n] {
		signo, code := *(*int32)(unsafe.Pointer(&infos[i][0])), *(*int32)(unsafe.Pointer(&infos[i][8]))
		if signo == int32(unix.SIGSYS) && code == sysSeccomp {
			return true
		}
	}
	return false
}

// getMessage returns the number that goes with an event stop.
func getMessage(tid int) (int, error) {
	var msg uint64
	err := requestAt(unix.PTRACE_GETEVENTMSG, tid, 0, unsafe.Pointer(&msg))
	return int(msg), err
}

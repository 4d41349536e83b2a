package tracee

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// From include/uapi/linux/pidfd.h.
const (
	pidfdThread  = unix.O_EXCL // PIDFD_THREAD: of a thread that need not be a leader, since Linux 6.9
	pidfdGetInfo = 0xc040ff0b  // PIDFD_GET_INFO with the first version of its structure, since Linux 6.13
)

// info is Status by a pidfd.
func info(tid int) (Process, syscall.Errno) {
	fd, _, errno := syscall.RawSyscall(unix.SYS_PIDFD_OPEN, uintptr(tid), pidfdThread, 0)
	if errno != 0 {
		return Process{}, errno
	}
	var i struct { // struct pidfd_info
		mask, cgroup    uint64
		pid, tgid, ppid int32
		_               [9]uint32
	}
	_, _, errno = syscall.RawSyscall(unix.SYS_IOCTL, fd, pidfdGetInfo, uintptr(unsafe.Pointer(&i)))
	syscall.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
	return Process{Leader: int(i.tgid), Parent: int(i.ppid)}, errno
}

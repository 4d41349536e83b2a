package tracee

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// readlink is readlink(2) of an absolute name with a NUL at its end.
func readlink(name, target []byte) (int, syscall.Errno) {
	dir := unix.AT_FDCWD
	n, _, errno := syscall.Syscall6(unix.SYS_READLINKAT, uintptr(dir), uintptr(unsafe.Pointer(&name[0])),
		uintptr(unsafe.Pointer(&target[0])), uintptr(len(target)), 0, 0)
	return int(n), errno
}

//go:build amd64 || arm64

package resolve

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// lstat is lstat(2). [unix.Lstat] allocates a copy of the name for its NUL.
func lstat(p string, st *unix.Stat_t) syscall.Errno {
	var name [256]byte
	if len(p) >= len(name) {
		errno, _ := unix.Lstat(p, st).(syscall.Errno)
		return errno
	}
	copy(name[:], p)
	dir := unix.AT_FDCWD // of no matter to an absolute name
	_, _, errno := syscall.Syscall6(unix.SYS_NEWFSTATAT, uintptr(dir), uintptr(unsafe.Pointer(&name)), uintptr(unsafe.Pointer(st)), unix.AT_SYMLINK_NOFOLLOW, 0, 0)
	return errno
}

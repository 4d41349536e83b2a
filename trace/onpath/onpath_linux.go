//go:build !amd64 && !arm64

package onpath

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Lstat is lstat(2).
func Lstat(path string, st *unix.Stat_t) syscall.Errno {
	errno, _ := unix.Lstat(path, st).(syscall.Errno)
	return errno
}

// Access is faccessat2(2), with the effective rights.
func Access(path string, mode uint32) syscall.Errno {
	errno, _ := unix.Faccessat(unix.AT_FDCWD, path, mode, unix.AT_EACCESS).(syscall.Errno)
	return errno
}

// Readlink is readlink(2). It returns how much of target the link's text fills.
func Readlink[Path string | []byte](path Path, target []byte) (int, syscall.Errno) {
	n, err := unix.Readlink(string(path), target)
	errno, _ := err.(syscall.Errno)
	return n, errno
}

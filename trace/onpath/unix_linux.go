//go:build !amd64 && !arm64

package onpath

import (
	"syscall"

	"golang.org/x/sys/unix"
)

func lstat(path string, st *unix.Stat_t) syscall.Errno {
	errno, _ := unix.Lstat(path, st).(syscall.Errno)
	return errno
}

func access(path string, mode uint32) syscall.Errno {
	errno, _ := unix.Faccessat(unix.AT_FDCWD, path, mode, unix.AT_EACCESS).(syscall.Errno)
	return errno
}

func readlink[Path string | []byte](path Path, target []byte) (int, syscall.Errno) {
	n, err := unix.Readlink(string(path), target)
	errno, _ := err.(syscall.Errno)
	return n, errno
}

//go:build !amd64 && !arm64

package resolve

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// lstat is lstat(2).
func lstat(p string, st *unix.Stat_t) syscall.Errno {
	errno, _ := unix.Lstat(p, st).(syscall.Errno)
	return errno
}

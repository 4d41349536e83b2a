package onpath

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Lstat is lstat(2).
func Lstat(path string, st *unix.Stat_t) syscall.Errno {
	for {
		if errno := lstat(path, st); errno != syscall.EINTR {
			return errno
		}
	}
}

// Access is faccessat2(2), with the effective rights.
func Access(path string, mode uint32) syscall.Errno {
	for {
		if errno := access(path, mode); errno != syscall.EINTR {
			return errno
		}
	}
}

// Readlink is readlink(2). It returns how much of target the link's text fills.
func Readlink[Path string | []byte](path Path, target []byte) (int, syscall.Errno) {
	for {
		if n, errno := readlink(path, target); errno != syscall.EINTR {
			return n, errno
		}
	}
}

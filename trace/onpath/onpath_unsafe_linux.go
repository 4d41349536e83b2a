//go:build amd64 || arm64

package onpath

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// usual is how long a path is that is copied to the stack, its NUL included.
const usual = 256

// The conversions to uintptr have to stand in the call of Syscall6 (package unsafe).

func lstat(path string, st *unix.Stat_t) syscall.Errno {
	if len(path) >= usual {
		errno, _ := unix.Lstat(path, st).(syscall.Errno)
		return errno
	}
	var name [usual]byte
	copy(name[:], path)
	dir := unix.AT_FDCWD // of no matter to an absolute path
	_, _, errno := syscall.Syscall6(unix.SYS_NEWFSTATAT, uintptr(dir), uintptr(unsafe.Pointer(&name)),
		uintptr(unsafe.Pointer(st)), unix.AT_SYMLINK_NOFOLLOW, 0, 0)
	return errno
}

func access(path string, mode uint32) syscall.Errno {
	if len(path) < usual {
		var name [usual]byte
		copy(name[:], path)
		dir := unix.AT_FDCWD
		_, _, errno := syscall.Syscall6(unix.SYS_FACCESSAT2, uintptr(dir), uintptr(unsafe.Pointer(&name)),
			uintptr(mode), unix.AT_EACCESS, 0, 0)
		if errno != syscall.ENOSYS && errno != syscall.EPERM { // since Linux 5.8; EPERM is a container's answer
			return errno
		}
	}
	errno, _ := unix.Faccessat(unix.AT_FDCWD, path, mode, unix.AT_EACCESS).(syscall.Errno)
	return errno
}

func readlink[Path string | []byte](path Path, target []byte) (int, syscall.Errno) {
	if len(path) >= usual {
		n, err := unix.Readlink(string(path), target)
		errno, _ := err.(syscall.Errno)
		return n, errno
	}
	var name [usual]byte
	copy(name[:], path)
	dir := unix.AT_FDCWD
	n, _, errno := syscall.Syscall6(unix.SYS_READLINKAT, uintptr(dir), uintptr(unsafe.Pointer(&name)),
		uintptr(unsafe.Pointer(unsafe.SliceData(target))), uintptr(len(target)), 0, 0)
	return int(n), errno
}

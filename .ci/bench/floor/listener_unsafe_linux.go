//go:build amd64 || arm64

package main

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// listener is the descriptor on which notifications arrive.
type listener int

const (
	setFlags     = 0x40082104 // SECCOMP_IOCTL_NOTIF_SET_FLAGS
	syncWakeUp   = 1          // SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
	flagContinue = 1          // SECCOMP_USER_NOTIF_FLAG_CONTINUE
)

func (l listener) wakeSynchronously() error {
	if _, _, errno := syscall.RawSyscall(unix.SYS_IOCTL, uintptr(l), setFlags, syncWakeUp); errno != 0 {
		return errno
	}
	return nil
}

// serve answers until nobody is left under the filter, and returns how many calls there were.
func (l listener) serve() (calls int, err error) {
	for {
		fds := [1]unix.PollFd{{Fd: int32(l), Events: unix.POLLIN}}
		_, _, errno := syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&fds[0])), 1, 0, 0, 0, 0)
		switch {
		case errno == syscall.EINTR:
			continue // the runtime's signal by which it interrupts a thread
		case errno != 0:
			return calls, fmt.Errorf("wait for notifications: %w", errno)
		case fds[0].Revents&unix.POLLIN == 0:
			return calls, nil
		}
		var recv [10]uint64 // struct seccomp_notif
		_, _, errno = syscall.RawSyscall(unix.SYS_IOCTL, uintptr(l), unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&recv)))
		if errno == syscall.ENOENT || errno == syscall.EINTR {
			continue // killed, or interrupted: then it is made anew
		}
		if errno != 0 {
			return calls, fmt.Errorf("receive a notification: %w", errno)
		}
		calls++
		send := [3]uint64{recv[0], 0, flagContinue << 32} // struct seccomp_notif_resp
		_, _, errno = syscall.RawSyscall(unix.SYS_IOCTL, uintptr(l), unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&send)))
		if errno != 0 && errno != syscall.ENOENT {
			return calls, fmt.Errorf("answer a notification: %w", errno)
		}
	}
}

//go:build amd64 || arm64

package launch

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The keeper is a process that goes on answering notifications when this one has
// ended: without it every watched call of what is still running would fail with
// ENOSYS. It is a copy of this process, like the command's, that runs nothing but the
// loop below; it holds no descriptor but the listener, has a session of its own, and
// ends with the last process under the filter.

// Keep starts a keeper for the processes under the filter of listener. When it has
// returned, the keeper answers, and the caller must not any more.
func Keep(listener int) error {
	name := [16]byte{}
	copy(name[:], "deptrace-keeper") // PR_SET_NAME takes 15 bytes
	k := &keeper{listener: listener, name: name, root: [2]byte{'/', 0}}
	syscall.ForkLock.Lock()
	pid, errno := k.fork()
	syscall.ForkLock.Unlock()
	if errno != 0 {
		return &Error{Forking, errno}
	}
	for {
		_, err := syscall.Wait4(pid, nil, unix.WALL, nil)
		if err != syscall.EINTR {
			return nil
		}
	}
}

// keeper is what a keeper needs.
type keeper struct {
	listener int
	name     [16]byte
	root     [2]byte
	recv     [10]uint64 // struct seccomp_notif
	send     [3]uint64  // struct seccomp_notif_resp: id, value, error and flags
	poll     unix.PollFd
}

//go:noinline
//go:norace
func (k *keeper) fork() (pid int, errno syscall.Errno) {
	beforeFork()
	r, _, errno := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	if errno == 0 && r == 0 {
		afterForkInChild()
		k.run()
	}
	afterFork()
	return int(r), errno
}

// run leaves the keeper to init and does its work. As in plan.run nothing may be allocated.
//
//go:nosplit
//go:norace
func (k *keeper) run() {
	syscall.RawSyscall(unix.SYS_SETSID, 0, 0, 0)
	if r, _, _ := syscall.RawSyscall6(unix.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0); r != 0 {
		exit()
	}
	syscall.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_NAME, uintptr(unsafe.Pointer(&k.name)), 0)
	syscall.RawSyscall(unix.SYS_CHDIR, uintptr(unsafe.Pointer(&k.root)), 0, 0)
	// The build's pipes must not stay open, or whoever reads them waits for us.
	const listener = 0
	syscall.RawSyscall(unix.SYS_DUP3, uintptr(k.listener), listener, unix.O_CLOEXEC)
	if _, _, errno := syscall.RawSyscall(unix.SYS_CLOSE_RANGE, listener+1, 1<<32-1, 0); errno != 0 {
		for fd := uintptr(listener + 1); fd < 1<<16; fd++ { // before 5.9
			syscall.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
		}
	}
	const flagContinue = 1 // SECCOMP_USER_NOTIF_FLAG_CONTINUE
	for {
		k.poll = unix.PollFd{Fd: listener, Events: unix.POLLIN}
		_, _, errno := syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&k.poll)), 1, 0, 0, 0, 0)
		if errno == syscall.EINTR {
			continue
		}
		if errno != 0 || k.poll.Revents&unix.POLLIN == 0 {
			exit() // nobody is left
		}
		for i := range k.recv {
			k.recv[i] = 0
		}
		if _, _, errno := syscall.RawSyscall(unix.SYS_IOCTL, listener, unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&k.recv))); errno != 0 {
			continue
		}
		k.send = [3]uint64{k.recv[0], 0, flagContinue << 32} // the id comes first in both
		syscall.RawSyscall(unix.SYS_IOCTL, listener, unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&k.send)))
	}
}

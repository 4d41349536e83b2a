//go:build amd64 || arm64

package notify

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The requests of ioctl(2) on a listener (include/uapi/linux/seccomp.h).
const (
	ioctlRecv     = unix.SECCOMP_IOCTL_NOTIF_RECV
	ioctlSend     = unix.SECCOMP_IOCTL_NOTIF_SEND
	ioctlIDValid  = 0x40082102 // SECCOMP_IOCTL_NOTIF_ID_VALID
	ioctlSetFlags = 0x40082104 // SECCOMP_IOCTL_NOTIF_SET_FLAGS, since 6.6

	flagContinue   = 1 // SECCOMP_USER_NOTIF_FLAG_CONTINUE, since 5.5
	flagSyncWakeUp = 1 // SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
)

// notification is struct seccomp_notif with its struct seccomp_data.
type notification struct {
	id    uint64
	pid   uint32 // of the thread, in this process's namespace; 0 if it has no number there
	flags uint32
	nr    int32
	arch  uint32
	ip    uint64
	args  [6]uint64
}

// response is struct seccomp_notif_resp.
type response struct {
	id    uint64
	val   int64
	errno int32
	flags uint32
}

// listener is the descriptor on which notifications arrive. The calls are raw, so that
// the scheduler is not told of them: none waits. Answers may come from any goroutine.
type listener int

// receive takes the next notification. ENOENT says that it is gone again.
func (l listener) receive(n *notification) syscall.Errno {
	*n = notification{} // the kernel insists
	return l.ioctl(ioctlRecv, unsafe.Pointer(n))
}

// proceed lets the kernel go on with the call. ENOENT says that nobody waits for that
// any more: the caller was killed, or a signal came.
func (l listener) proceed(id uint64) syscall.Errno {
	r := response{id: id, flags: flagContinue}
	return l.ioctl(ioctlSend, unsafe.Pointer(&r))
}

// valid reports whether the caller still waits.
func (l listener) valid(id uint64) bool { return l.ioctl(ioctlIDValid, unsafe.Pointer(&id)) == 0 }

// wakeSynchronously asks for the hand-over on the caller's processor, if the kernel has it.
func (l listener) wakeSynchronously() bool {
	_, _, errno := syscall.RawSyscall(unix.SYS_IOCTL, uintptr(l), ioctlSetFlags, flagSyncWakeUp)
	return errno == 0
}

func (l listener) ioctl(request uintptr, arg unsafe.Pointer) syscall.Errno {
	for {
		_, _, errno := syscall.RawSyscall(unix.SYS_IOCTL, uintptr(l), request, uintptr(arg))
		if errno != syscall.EINTR {
			return errno
		}
	}
}

// rawPoll waits as poll(2) does without a time limit and without telling the scheduler.
// See the package comment for why that is no danger to it.
func rawPoll(fds []unix.PollFd) syscall.Errno {
	_, _, errno := syscall.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&fds[0])), uintptr(len(fds)), 0, 0, 0, 0)
	return errno
}

// isSubreaper reports whether this process adopts orphans already (PR_GET_CHILD_SUBREAPER).
func isSubreaper() (bool, error) {
	var on int32
	err := unix.Prctl(unix.PR_GET_CHILD_SUBREAPER, uintptr(unsafe.Pointer(&on)), 0, 0, 0)
	return on != 0, err
}

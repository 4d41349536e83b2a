package syscalls

import (
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

const kernelAnswer = 77

// outcome is what a call came to.
type outcome struct {
	step      string
	err, want syscall.Errno
}

// underFilter calls f under the filter for the ABI of this program, which answers with
// kernelAnswer. The filter is on one thread, which ends with f.
func underFilter(t *testing.T, f func() []outcome) {
	t.Helper()
	native := map[string]ABI{"amd64": AMD64, "arm64": ARM64, "386": I386}[runtime.GOARCH]
	if native == Unknown {
		t.Fatalf("there is no table for %s", runtime.GOARCH)
	}
	outcomes := make(chan []outcome)
	go func() {
		runtime.LockOSThread() // and not unlocked: the thread is not used again
		p := Program(native, RetErrno|kernelAnswer, Options{})
		code := make([]unix.SockFilter, len(p))
		for i, in := range p {
			code[i] = unix.SockFilter{Code: in.Code, Jt: in.JT, Jf: in.JF, K: in.K}
		}
		prog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
		got := []outcome{
			call("no_new_privs", 0, unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1),
			call("seccomp", 0, unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&prog))),
		}
		runtime.KeepAlive(code)
		outcomes <- append(got, f()...)
	}()
	for _, o := range <-outcomes {
		if o.err != o.want {
			t.Errorf("%s: got %v, want %v", o.step, o.err, o.want)
		}
	}
}

func call(step string, want syscall.Errno, nr uintptr, args ...uintptr) outcome {
	var a [6]uintptr
	copy(a[:], args)
	_, _, err := syscall.RawSyscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	return outcome{step, err, want}
}

// The kernel takes the program and decides as the interpreter does.
func TestKernelTakesTheProgram(t *testing.T) {
	underFilter(t, func() []outcome {
		return []outcome{
			call("getpid", 0, unix.SYS_GETPID),
			call("openat", kernelAnswer, unix.SYS_OPENAT),
			call("statx of a descriptor", syscall.EFAULT, unix.SYS_STATX, 0, 0, 0),
			call("statx", kernelAnswer, unix.SYS_STATX, 0, 1, 0),
			call("close", syscall.EBADF, unix.SYS_CLOSE, 1<<30),
			call("unshare of nothing", 0, unix.SYS_UNSHARE, 0),
			call("unshare", kernelAnswer, unix.SYS_UNSHARE, CloneNew),
			call("io_uring_setup", syscall.ENOSYS, unix.SYS_IO_URING_SETUP, 0, 0),
			call("a filter", kernelAnswer, unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, 0),
			call("prctl", 0, unix.SYS_PRCTL, unix.PR_GET_DUMPABLE),
			call("a call of the future", kernelAnswer, 600),
		}
	})
}

package syscalls

import (
	"runtime"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The kernel takes the program and decides as the interpreter does. The filter is
// on one thread, which ends with the test.
func TestKernelTakesTheProgram(t *testing.T) {
	native := map[string]ABI{"amd64": AMD64, "arm64": ARM64, "386": I386}[runtime.GOARCH]
	if native == Unknown {
		t.Fatalf("there is no table for %s", runtime.GOARCH)
	}
	const answer = 77
	type result struct {
		step string
		err  syscall.Errno
		want syscall.Errno
	}
	results := make(chan []result)
	go func() {
		runtime.LockOSThread() // and not unlocked: the thread is not used again
		p := Program(native, RetErrno|answer, Options{})
		code := make([]unix.SockFilter, len(p))
		for i, in := range p {
			code[i] = unix.SockFilter{Code: in.Code, Jt: in.JT, Jf: in.JF, K: in.K}
		}
		prog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
		var rs []result
		call := func(step string, want syscall.Errno, nr uintptr, args ...uintptr) {
			var a [6]uintptr
			copy(a[:], args)
			_, _, err := syscall.RawSyscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
			rs = append(rs, result{step, err, want})
		}
		call("no_new_privs", 0, unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1)
		call("seccomp", 0, unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&prog)))
		runtime.KeepAlive(code)
		call("getpid", 0, unix.SYS_GETPID)
		call("openat", answer, unix.SYS_OPENAT)
		call("statx of a descriptor", syscall.EFAULT, unix.SYS_STATX, 0, 0, 0)
		call("statx", answer, unix.SYS_STATX, 0, 1, 0)
		call("close", syscall.EBADF, unix.SYS_CLOSE, 1<<30)
		call("unshare of nothing", 0, unix.SYS_UNSHARE, 0)
		call("unshare", answer, unix.SYS_UNSHARE, CloneNew)
		call("io_uring_setup", syscall.ENOSYS, unix.SYS_IO_URING_SETUP, 0, 0)
		call("a call of the future", answer, 600)
		results <- rs
	}()
	for _, r := range <-results {
		if r.err != r.want {
			t.Errorf("%s: got %v, want %v", r.step, r.err, r.want)
		}
	}
}

package syscalls

import (
	"os"
	"path/filepath"
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
	native := nativeABI(t)
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

func nativeABI(t *testing.T) ABI {
	t.Helper()
	abi := Native()
	if abi == Unknown {
		t.Fatalf("there is no table for %s", runtime.GOARCH)
	}
	return abi
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

// The kernel takes the name of an attribute from where the rows say that it is, and does with
// it what they say.
func TestKernelTakesTheAttribute(t *testing.T) {
	abi := nativeABI(t)
	file := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open(file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	path, err := unix.BytePtrFromString(file)
	if err != nil {
		t.Fatal(err)
	}
	name, err := unix.BytePtrFromString("user.deptrace")
	if err != nil {
		t.Fatal(err)
	}
	var value [16]byte // a struct xattr_args (linux/xattr.h) without a value
	All(func(s *Spec) {
		nr := s.Nr.Of(abi)
		if s.Xattr == NoXattr || nr == none {
			return
		}
		attempt := func(attr uintptr) syscall.Errno {
			var args [6]uintptr
			put := func(a Arg, v uintptr) {
				if a != NoArg {
					args[a-1] = v
				}
			}
			put(s.Dir, atCWD)
			put(s.Path, uintptr(unsafe.Pointer(path)))
			put(s.FD, uintptr(fd))
			if s.Dir != NoArg && (s.Xattr == GetXattr || s.Xattr == SetXattr) {
				args[4], args[5] = uintptr(unsafe.Pointer(&value)), unsafe.Sizeof(value)
			}
			put(s.Attr, attr)
			return call(s.Name, 0, uintptr(nr), args[:]...).err
		}
		var want syscall.Errno
		if s.Xattr == GetXattr || s.Xattr == RemoveXattr {
			want = syscall.ENODATA
		}
		unix.Removexattr(file, "user.deptrace") // which one of the others has set
		good := attempt(uintptr(unsafe.Pointer(name)))
		if good == syscall.ENOSYS && s.Dir != NoArg { // since Linux 6.13
			return
		}
		if good != want && good != syscall.EOPNOTSUPP {
			t.Errorf("%s: got %v, want %v", s.Name, good, want)
		}
		if bad := attempt(1); s.Xattr != ListXattr && bad != syscall.EFAULT {
			t.Errorf("%s without a name: got %v, want %v", s.Name, bad, syscall.EFAULT)
		}
	})
	runtime.KeepAlive(path)
	runtime.KeepAlive(name)
	runtime.KeepAlive(&value)
}

//go:build amd64 || arm64

package launch

import (
	"syscall"
	"unsafe"

	"deptrace/trace/launch/nofile"
	"deptrace/trace/syscalls"

	"golang.org/x/sys/unix"
)

// The Go runtime's part in a fork: signals are blocked around it, so that no handler
// of this process runs in the child, and the child takes the handlers off before it
// has its old mask back. These are package syscall's, open to others that fork by
// themselves (runtime/proc.go).

//go:linkname beforeFork syscall.runtime_BeforeFork
func beforeFork()

//go:linkname afterFork syscall.runtime_AfterFork
func afterFork()

//go:linkname afterForkInChild syscall.runtime_AfterForkInChild
func afterForkInChild()

// plan is what the child is to do, ready to be handed to the kernel.
type plan struct {
	parent       int
	dir          *byte // nil: stay
	path         *byte
	argv, envv   **byte
	shell        *byte
	shellArgv    **byte
	files        [3]int
	limit        *nofile.Limit   // nil: leave it
	filter       *unix.SockFprog // nil: none
	listen       bool
	gate, status int // ends of pipes; a gate of -1: none
}

// sharesFiles reports whether the child begins with its parent's table of descriptors.
func (p *plan) sharesFiles() bool { return p.listen }

// setFilter prepares the filter.
func (p *plan) setFilter(program []syscalls.Instruction) {
	filter := make([]unix.SockFilter, len(program))
	for i, in := range program {
		filter[i] = unix.SockFilter{Code: in.Code, Jt: in.JT, Jf: in.JF, K: in.K}
	}
	p.filter = &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
}

// report is what the child tells its parent: when its filter is installed, and when
// something fails.
type report struct {
	Stage      Stage
	errno      int32
	Listener   int32
	NoNewPrivs int32
}

// Two more stages, of reports only.
const (
	filtered Stage = -1 // the filter is installed
	executed Stage = -2 // the pipe was closed, by the exec
)

func (r *report) bytes() []byte { return unsafe.Slice((*byte)(unsafe.Pointer(r)), unsafe.Sizeof(*r)) }

// fork makes the child, which does not return.
//
//go:noinline
//go:norace
func fork(p *plan) (pid, pidfd int, errno syscall.Errno) {
	flags := uintptr(syscall.SIGCHLD) | unix.CLONE_PIDFD
	if p.sharesFiles() {
		flags |= unix.CLONE_FILES
	}
	var fd int32 = -1
	beforeFork()
	r, _, errno := syscall.RawSyscall6(unix.SYS_CLONE, flags, 0, uintptr(unsafe.Pointer(&fd)), 0, 0, 0)
	if errno == 0 && r == 0 {
		afterForkInChild()
		p.run()
	}
	afterFork()
	return int(r), int(fd), errno
}

// run is the child's part. It must not allocate, lock or grow its stack: of this
// process's threads only this one is left. The stages fail in the order in which they
// stand.
//
//go:nosplit
//go:norace
func (p *plan) run() {
	var r report
	r.Listener = -1
	syscall.RawSyscall(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(syscall.SIGKILL), 0)
	if parent, _, _ := syscall.RawSyscall(unix.SYS_GETPPID, 0, 0, 0); int(parent) != p.parent {
		exit() // the parent was gone before there was a signal to come
	}
	for p.gate >= 0 {
		var b [1]byte
		n, _, errno := syscall.RawSyscall(unix.SYS_READ, uintptr(p.gate), uintptr(unsafe.Pointer(&b)), 1)
		if errno == syscall.EINTR {
			continue
		}
		if errno != 0 || n != 1 {
			exit() // the parent is ending, and its signal is still to come
		}
		break
	}
	if p.limit != nil {
		syscall.RawSyscall6(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NOFILE, uintptr(unsafe.Pointer(p.limit)), 0, 0, 0)
	}
	if p.dir != nil {
		_, _, errno := syscall.RawSyscall(unix.SYS_CHDIR, uintptr(unsafe.Pointer(p.dir)), 0, 0)
		p.check(&r, Entering, errno)
	}
	if p.filter != nil {
		p.check(&r, Filtering, p.install(&r))
		if p.listen {
			p.check(&r, Unsharing, unshareFiles())
		}
		r.Stage = filtered
		p.tell(&r)
	}
	p.check(&r, Placing, p.place())
	_, _, errno := syscall.RawSyscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(p.path)), uintptr(unsafe.Pointer(p.argv)), uintptr(unsafe.Pointer(p.envv)))
	if errno == syscall.ENOEXEC {
		_, _, errno = syscall.RawSyscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(p.shell)), uintptr(unsafe.Pointer(p.shellArgv)), uintptr(unsafe.Pointer(p.envv)))
	}
	p.check(&r, Executing, errno)
}

// install installs the filter. With CAP_SYS_ADMIN it needs no no_new_privs, and then
// set-id programs keep their rights.
//
//go:nosplit
//go:norace
func (p *plan) install(r *report) syscall.Errno {
	// Without SPEC_ALLOW kernels before 5.16 slow down whatever runs under a filter.
	flags := uintptr(unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW)
	if p.listen {
		// Once a notification is taken only a fatal signal can interrupt the call
		// (since 5.19).
		flags |= unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
	}
	for {
		fd, _, errno := syscall.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(p.filter)))
		switch {
		case errno == 0:
			if p.listen {
				r.Listener = int32(fd)
			}
			return 0
		case errno == syscall.EACCES && r.NoNewPrivs == 0:
			if _, _, errno := syscall.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); errno != 0 {
				return errno
			}
			r.NoNewPrivs = 1
		case errno == syscall.EINVAL && flags&unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV != 0:
			flags &^= unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
		default:
			return errno
		}
	}
}

// unshareFiles gives the child a table of descriptors of its own. Containers refuse
// unshare(2) altogether where close_range(2), which can do the same (since 5.9), is
// allowed.
//
//go:nosplit
//go:norace
func unshareFiles() syscall.Errno {
	_, _, errno := syscall.RawSyscall(unix.SYS_UNSHARE, unix.CLONE_FILES, 0, 0)
	if errno == 0 {
		return 0
	}
	const none = 1<<32 - 1 // a descriptor that cannot be open
	_, _, second := syscall.RawSyscall(unix.SYS_CLOSE_RANGE, none, none, unix.CLOSE_RANGE_UNSHARE)
	if second == 0 {
		return 0
	}
	return errno
}

// place makes p.files the descriptors 0 to 2, which the command inherits. One that
// another would be written over is first moved out of the way.
//
//go:nosplit
//go:norace
func (p *plan) place() syscall.Errno {
	for i := range p.files {
		if p.files[i] >= i {
			continue
		}
		fd, _, errno := syscall.RawSyscall(unix.SYS_FCNTL, uintptr(p.files[i]), unix.F_DUPFD_CLOEXEC, 3)
		if errno != 0 {
			return errno
		}
		p.files[i] = int(fd)
	}
	for i := range p.files {
		var errno syscall.Errno
		if p.files[i] == i {
			_, _, errno = syscall.RawSyscall(unix.SYS_FCNTL, uintptr(i), unix.F_SETFD, 0)
		} else {
			_, _, errno = syscall.RawSyscall(unix.SYS_DUP3, uintptr(p.files[i]), uintptr(i), 0)
		}
		if errno != 0 {
			return errno
		}
	}
	return 0
}

// check ends the child if the stage has failed.
//
//go:nosplit
//go:norace
func (p *plan) check(r *report, s Stage, errno syscall.Errno) {
	if errno == 0 {
		return
	}
	r.Stage, r.errno = s, int32(errno)
	p.tell(r)
	exit()
}

//go:nosplit
//go:norace
func (p *plan) tell(r *report) {
	syscall.RawSyscall(unix.SYS_WRITE, uintptr(p.status), uintptr(unsafe.Pointer(r)), unsafe.Sizeof(*r))
}

//go:nosplit
//go:norace
func exit() {
	for {
		syscall.RawSyscall(unix.SYS_EXIT_GROUP, 127, 0, 0)
	}
}

//go:build amd64 || arm64

package launch

import (
	"runtime"
	"syscall"

	"deptrace/trace/launch/nofile"

	"golang.org/x/sys/unix"
)

// shell runs files that the kernel does not know how to execute.
const shell = "/bin/sh"

// Start starts the command's process. With Hold it waits for [Process.Go], else it is
// about to execute the command, behind its filter. The error is an [*Error]. The
// calling goroutine must be locked to its thread.
func Start(c *Command) (*Process, error) {
	p := &Process{Descriptor: -1, Listener: -1, gate: -1, status: -1}
	plan, err := c.plan()
	if err != nil {
		return nil, err
	}
	p.status, plan.status, err = pipe()
	if err == nil && c.Hold {
		plan.gate, p.gate, err = pipe()
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	syscall.ForkLock.Lock()
	pid, pidfd, errno := fork(plan)
	syscall.ForkLock.Unlock()
	runtime.KeepAlive(plan)
	if !plan.sharesFiles() || errno != 0 {
		closeAll(&plan.status, &plan.gate)
	}
	if errno != 0 {
		p.Close()
		return nil, &Error{Forking, errno}
	}
	p.PID, p.Descriptor = pid, pidfd
	if !plan.sharesFiles() {
		return p, nil
	}
	// The two have one table of descriptors until the report comes; then the child
	// has its own.
	err = p.awaitReport()
	closeAll(&plan.status, &plan.gate)
	if err == nil && p.report.Stage != filtered {
		err = &Error{p.report.Stage, syscall.Errno(p.report.errno)}
	}
	p.Listener = int(p.report.Listener)
	if err != nil {
		p.Kill()
		p.Close()
		return nil, err
	}
	p.NoNewPrivs = p.report.NoNewPrivs != 0
	return p, nil
}

// plan prepares all that the child needs, which cannot allocate.
func (c *Command) plan() (*plan, error) {
	path, err := syscall.BytePtrFromString(c.Path)
	if err != nil {
		return nil, &Error{Executing, syscall.EINVAL}
	}
	argv, err := syscall.SlicePtrFromStrings(c.Args)
	if err != nil || len(c.Args) == 0 {
		return nil, &Error{Executing, syscall.EINVAL}
	}
	envv, err := syscall.SlicePtrFromStrings(c.Env)
	if err != nil {
		return nil, &Error{Executing, syscall.EINVAL}
	}
	shellPath, _ := syscall.BytePtrFromString(shell)
	shellArgv := append([]*byte{shellPath, path}, argv[1:]...)
	p := &plan{
		parent: syscall.Getpid(), path: path, argv: &argv[0], envv: &envv[0],
		shell: shellPath, shellArgv: &shellArgv[0], files: c.Files, gate: -1, listen: c.Listen,
	}
	if c.Dir != "" {
		if p.dir, err = syscall.BytePtrFromString(c.Dir); err != nil {
			return nil, &Error{Entering, syscall.EINVAL}
		}
	}
	if len(c.Filter) > 0 {
		p.setFilter(c.Filter)
	}
	var now syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &now) == nil {
		if l, raised := nofile.Restore(nofile.Limit{Soft: now.Cur, Hard: now.Max}); raised {
			p.limit = &l
		}
	}
	return p, nil
}

// pipe returns the two ends of a pipe, both above the descriptors that the child is
// going to place.
func pipe() (r, w int, err error) {
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return -1, -1, err
	}
	for i, fd := range ends {
		if fd > 2 {
			continue
		}
		up, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			closeAll(&ends[0], &ends[1])
			return -1, -1, err
		}
		unix.Close(fd)
		ends[i] = up
	}
	return ends[0], ends[1], nil
}

func closeAll(fds ...*int) {
	for _, fd := range fds {
		if *fd >= 0 {
			unix.Close(*fd)
			*fd = -1
		}
	}
}

// awaitReport reads the child's report. If it dies before there is one, its end of the
// pipe may still be open in the table that the two share, so that is asked for, too.
func (p *Process) awaitReport() error {
	for {
		fds := []unix.PollFd{{Fd: int32(p.status), Events: unix.POLLIN}, {Fd: int32(p.Descriptor), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, -1); err == unix.EINTR {
			continue
		} else if err != nil {
			return err
		}
		if fds[0].Revents == 0 {
			return &Error{Filtering, syscall.ESRCH} // killed
		}
		return p.readReport()
	}
}

// readReport reads a report, if there is one still to come.
func (p *Process) readReport() error {
	for {
		n, err := unix.Read(p.status, p.report.bytes())
		switch {
		case err == unix.EINTR:
		case err != nil:
			return err
		case n == 0:
			p.report = report{Stage: executed}
			return nil
		default:
			return nil
		}
	}
}

// Go lets a process that is on hold go on.
func (p *Process) Go() {
	unix.Write(p.gate, []byte{0})
	closeAll(&p.gate)
}

// Ended returns what kept the command from being executed: an [*Error], or nil if it
// was executed. It must be called only when it has been, or when its process has
// ended.
func (p *Process) Ended() error {
	for p.status >= 0 && p.report.Stage != executed {
		if err := p.readReport(); err != nil {
			return err
		}
		switch p.report.Stage {
		case executed:
		case filtered:
			p.NoNewPrivs = p.report.NoNewPrivs != 0
		default:
			return &Error{p.report.Stage, syscall.Errno(p.report.errno)}
		}
	}
	return nil
}

// Kill kills the process and waits for its end. It is for one that is not going to
// be watched after all.
func (p *Process) Kill() {
	syscall.Kill(p.PID, syscall.SIGKILL)
	for {
		var ws syscall.WaitStatus // the first may be that of a stop
		if _, err := syscall.Wait4(p.PID, &ws, unix.WALL, nil); err != nil && err != syscall.EINTR || ws.Exited() || ws.Signaled() {
			return
		}
	}
}

// Close gives back the descriptors of p, the Listener included.
func (p *Process) Close() { closeAll(&p.gate, &p.status, &p.Descriptor, &p.Listener) }

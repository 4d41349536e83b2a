//go:build amd64 || arm64

package observe

import (
	"errors"
	"io/fs"
	"syscall"
	"time"

	"deptrace/trace/cause"
	"deptrace/trace/decode"
	"deptrace/trace/event"
	"deptrace/trace/tracee"
)

// A working directory is remembered until something may have changed it. To ask for it took
// a quarter of what there is to do for a relative name (4.4 of 18 µs).
//
// Its thread, or another one of the process, goes elsewhere: chdir(2) and fchdir(2) are watched.
// The call happens after it was looked at, at a time that is not told; so from then on the kernel
// is asked, for all of the process's threads, until the one that goes makes another call.
//
// Its path changes: wherever the resolver has to forget ways, so has this. What others than
// the step do is found out after a while.
//
// A process that shares its working directory with another one (CLONE_FS) is moved by that, and
// one whose number was chosen (set_tid of clone3(2), ns_last_pid of proc(5)) can be taken for
// another that has just ended: from the first of either kind on, nothing is remembered. Threads
// that have parted from their process's (unshare(2)) are no matter, because what is remembered
// is so for each thread by itself; but when one that is not the leader executes a program it gets
// the leader's number, so from there on nothing is remembered of the process.

// remembered is what is known of a thread's working directory.
type remembered struct {
	path string // empty: nothing
	// What it depends on: how often its process has gone elsewhere, the changes that the
	// resolver heard of, and when the kernel was asked.
	gone, changes int
	at            time.Time
}

// chdirs are a process's changes of its working directory.
type chdirs struct {
	done int
	// by is the thread whose change may be under way; 0 if there is none, and several for good
	// once there has been another one at the same time.
	by int
}

const several = -1

// freshFor is how long a working directory is remembered in any case. Somebody else can have
// renamed it; and the thread can have ended, and its number be another's: to get through 32,768
// numbers took 1.4 s (a loop of vforks), on one of two processors.
const freshFor = 5 * time.Millisecond

// calls notes that a thread makes a call, so that its last one is over.
func (p *Process) calls(tid int) {
	if p.chdirs.by == tid {
		p.chdirs.by = 0
		p.chdirs.done++
	}
}

// goes notes that a thread is about to change the working directory.
func (p *Process) goes(tid int) {
	if p.chdirs.by != 0 {
		tid = several
	}
	p.chdirs.by = tid
}

// setsNumbers reports whether a file is one of those by which is set what number the next
// process gets, and how many there are.
func setsNumbers(path string) bool {
	return path == "/proc/sys/kernel/ns_last_pid" || path == "/proc/sys/kernel/pid_max"
}

// fewNumbers reports whether there are so few numbers that one can come again at once. 32,768
// is what every system has that was not told otherwise, and what the times here were measured with.
func fewNumbers() bool {
	n, err := tracee.MaxPID()
	return err == nil && n < 1<<15
}

// Unsure reports whether a number may at any moment be that of another thread than a moment
// ago, because somebody chooses which to give, or because there are few.
func (o *Observer) Unsure() bool { return o.unsure }

// workingDirectory returns the path of a thread's working directory.
func (o *Observer) workingDirectory(t *Thread) (string, error) {
	chdirs, changes := &t.Process.chdirs, o.Resolver.Changes()
	steady := chdirs.by == 0 && !o.unsure
	now := time.Now()
	if m := &t.cwd; steady && m.path != "" && m.gone == chdirs.done && m.changes == changes && now.Sub(m.at) < freshFor {
		return m.path, nil
	}
	p, err := o.links.Cwd(t.TID)
	t.cwd = remembered{}
	if steady && err == nil {
		t.cwd = remembered{path: p, gone: chdirs.done, changes: changes, at: now}
	}
	return p, err
}

// directory returns the path of a descriptor or of the working directory. A process
// that has made itself undumpable (prctl(2)) shows them to privileged tracers only:
// that is told.
func (o *Observer) directory(t *Thread, fd int) (p string, err error) {
	if fd == decode.CWD {
		p, err = o.workingDirectory(t)
	} else {
		p, err = o.links.Descriptor(t.TID, fd)
	}
	if err == nil {
		return p, nil
	}
	var removed *tracee.Removed
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ESRCH):
	case errors.Is(err, tracee.ErrNameless), errors.As(err, &removed):
	case errors.Is(err, fs.ErrPermission):
		o.gap(t.Process, event.Memory, t.Process.Name)
	default: // longer than the kernel can say
		o.gap(t.Process, event.Lost, "a directory of "+t.Process.Name+": "+cause.Of(err).Error())
	}
	return p, err
}

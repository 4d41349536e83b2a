//go:build amd64 || arm64

package notify

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"deptrace/trace/tracee"

	"golang.org/x/sys/unix"
)

// together is how long a signal that was sent to the command as well as to this process
// has to take effect.
const together = 50 * time.Millisecond

// heed heeds signals until the step has ended: those for the command, and SIGCHLD, which
// says that the command has been stopped or that an adopted orphan has ended.
func (e *engine) heed() {
	children := make(chan os.Signal, 1)
	if e.c.Adopt || e.c.Stopped != nil {
		signal.Notify(children, syscall.SIGCHLD)
		defer signal.Stop(children)
	}
	for {
		select {
		case <-e.stop:
			return
		case s := <-e.c.Signals:
			if sig, ok := s.(syscall.Signal); ok {
				e.pass(sig)
			}
		case <-children:
			e.reapOrphans()
			e.tellStopped()
		}
	}
}

// pass passes a signal that this process has got on to the command, unless that got it by
// itself. This engine does not see signals arrive; what it can see is whether the command
// is still there with a signal that would have ended it, and then it cannot have got it.
// One that the command handles itself is taken to have reached it if it comes from the
// terminal that the two share, as Ctrl-C does.
func (e *engine) pass(sig syscall.Signal) {
	handled := tracee.Handles(e.root, sig)
	if !e.pause(together) || handled && (sig == syscall.SIGINT || sig == syscall.SIGQUIT) && inForeground() {
		return
	}
	e.kill(sig)
}

// pause waits, and reports whether there is still a step afterwards.
func (e *engine) pause(d time.Duration) bool {
	select {
	case <-e.stop:
		return false
	case <-time.After(d):
		return true
	}
}

// tellStopped tells if the command stands still. Ctrl-Z stops and SIGCONT continues this
// process as well, and perhaps a moment earlier than the command: so what it is a
// moment later counts.
func (e *engine) tellStopped() {
	if e.c.Stopped != nil && tracee.Stopped(e.root) && e.pause(together) && tracee.Stopped(e.root) {
		e.c.Stopped()
	}
}

// kill sends a signal to the command or, if that has ended, to what it has left.
func (e *engine) kill(sig syscall.Signal) {
	e.mu.Lock()
	_, root := e.living[e.root]
	if root {
		syscall.Kill(e.root, sig) // nobody else can have its number before it is reaped
	}
	e.mu.Unlock()
	if !root {
		for _, pid := range e.left() {
			syscall.Kill(pid, sig)
		}
	}
}

// inForeground reports whether this process group is the one that its terminal's keys
// send signals to.
func inForeground() bool {
	tty, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	defer unix.Close(tty)
	group, err := unix.IoctlGetInt(tty, unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

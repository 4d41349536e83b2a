//go:build amd64 || arm64

package notify

import (
	"os"
	"syscall"
	"time"

	"deptrace/trace/tracee"

	"golang.org/x/sys/unix"
)

// together is how long a signal that was sent to the command as well as to this process
// has to take effect.
const together = 50 * time.Millisecond

// passSignals passes the signals that this process gets on to the command, but for
// those that the command got by itself. This engine does not see signals arrive; what it
// can see is whether the command is still there with a signal that would have ended
// it, and then it cannot have got it. One that the command handles itself is taken to have
// reached it if it comes from the terminal that the two share, as Ctrl-C does.
func (e *engine) passSignals(stop <-chan struct{}) {
	for {
		var s os.Signal
		select {
		case <-stop:
			return
		case s = <-e.c.Signals:
		}
		sig, ok := s.(syscall.Signal)
		if !ok {
			continue
		}
		handled := tracee.Handles(e.root, sig)
		select {
		case <-stop:
			return
		case <-time.After(together):
		}
		if handled && (sig == syscall.SIGINT || sig == syscall.SIGQUIT) && inForeground() {
			continue
		}
		e.kill(sig)
	}
}

// kill sends a signal to the command or, if that has ended, to what it has left.
func (e *engine) kill(sig syscall.Signal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.living[e.root] {
		syscall.Kill(e.root, sig)
		return
	}
	for pid := range e.living {
		syscall.Kill(pid, sig)
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

//go:build amd64 || arm64

package ptrace

import (
	"os"
	"syscall"
	"time"
)

// killAll kills every process of the step, those that are yet to be reported
// included.
func (e *engine) killAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.killing = true
	for pid := range e.living {
		syscall.Kill(pid, syscall.SIGKILL)
	}
}

// together is how far apart the same signal may reach this process and the command
// to count as one that was sent to both: Ctrl-C on a terminal, or kill(2) of the
// process group.
const together = 50 * time.Millisecond

// passSignals passes the signals that this process gets on to the command, but for
// those that the command got by itself.
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
		came := time.Now()
		select {
		case <-stop:
			return
		case <-time.After(together):
		}
		e.mu.Lock()
		if e.delivery[sig].Before(came.Add(-together)) {
			if e.living[e.root] {
				syscall.Kill(e.root, sig)
			} else {
				for pid := range e.living {
					syscall.Kill(pid, sig)
				}
			}
		}
		e.mu.Unlock()
	}
}

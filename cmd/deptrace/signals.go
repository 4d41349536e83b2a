package main

import (
	"os"
	"os/signal"
	"syscall"
)

// passedOn are the signals that somebody can send to deptrace and mean the command.
var passedOn = []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2}

// catcher has the signals for the command arrive in a channel until it is released,
// from when on they end deptrace as they would any program: the command is over, and what
// is left to do can be interrupted without harm.
//
// A signal that was ignored when deptrace started is left ignored, for the command
// inherits that and may count on it (nohup). Nothing is ever newly ignored while there is a
// command to inherit it.
type catcher struct {
	signals chan os.Signal
	ready   chan struct{}
}

// catchSignals begins to catch. The Go runtime takes 0.1 ms for each signal, most of it
// waiting for another thread: so it is done beside all that comes before the command is
// executed, which has to wait for it.
func catchSignals() *catcher {
	c := &catcher{signals: make(chan os.Signal, 16), ready: make(chan struct{})}
	go func() {
		defer close(c.ready)
		for _, s := range passedOn {
			if !signal.Ignored(s) {
				signal.Notify(c.signals, s)
			}
		}
	}()
	return c
}

// wait waits until signals are caught.
func (c *catcher) wait() { <-c.ready }

// release ends the catching.
func (c *catcher) release() {
	c.wait()
	signal.Stop(c.signals)
}

// surviveWrites makes two things errors that would be the end: a write to standard output
// or error whose reader is gone, for which the Go runtime raises SIGPIPE, and a write
// beyond the limit for files. Neither is what the command's status should depend on. The
// command must not inherit an ignored signal: before it there is only Notify, for which
// somebody must listen, but need not hear; its default actions come back when the command
// is executed.
func surviveWrites(commandIsOver bool) {
	signals := []os.Signal{syscall.SIGPIPE, syscall.SIGXFSZ}
	if commandIsOver {
		signal.Ignore(signals...)
		return
	}
	c := make(chan os.Signal, 1)
	for _, s := range signals {
		if !signal.Ignored(s) {
			signal.Notify(c, s)
		}
	}
}

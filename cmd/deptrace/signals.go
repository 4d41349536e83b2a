package main

import (
	"os"
	"os/signal"
	"syscall"
)

// passedOn are the signals that somebody can send to deptrace and mean the command.
var passedOn = []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2}

// catchSignals has the signals for the command arrive in a channel until stop is
// called, from when on they end deptrace as they would any program: the command is
// over, and what is left to do can be interrupted without harm.
//
// A signal that was ignored when deptrace started is left ignored, for the command
// inherits that and may count on it (nohup). Nothing is ever newly ignored, for
// that would be inherited, too.
func catchSignals() (signals <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 16)
	for _, s := range passedOn {
		if !signal.Ignored(s) {
			signal.Notify(c, s)
		}
	}
	return c, func() { signal.Stop(c) }
}

// surviveWrites makes two things errors that would be the end: a write to standard
// output or error whose reader is gone, for which the Go runtime raises SIGPIPE, and
// a write beyond the limit for files. Neither is what the command's status should
// depend on. Somebody must listen for the signals, but need not hear them; the
// command gets their default actions back when it is executed.
func surviveWrites() {
	c := make(chan os.Signal, 1)
	for _, s := range []os.Signal{syscall.SIGPIPE, syscall.SIGXFSZ} {
		if !signal.Ignored(s) {
			signal.Notify(c, s)
		}
	}
}

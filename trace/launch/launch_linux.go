//go:build amd64 || arm64

package launch

import (
	"fmt"
	"syscall"

	"deptrace/trace/syscalls"
)

// Command is what to start.
type Command struct {
	Path  string // the program, found
	Args  []string
	Env   []string
	Dir   string // empty: this process's
	Files [3]int // its first descriptors; all others that are not close-on-exec are inherited

	// Filter is the seccomp filter to put the command under; nil: none.
	Filter []syscalls.Instruction
	// Listen asks for the descriptor on which the filter's notifications arrive.
	Listen bool
	// Hold has the process wait for [Process.Go] before it does anything.
	Hold bool
}

// Process is a command that has been started. Its methods must be called from one
// goroutine at a time.
type Process struct {
	PID int
	// Descriptor is a pidfd of it (pidfd_open(2)).
	Descriptor int
	// Listener is where notifications arrive, if that was asked for; else -1. The
	// caller closes it.
	Listener int
	// NoNewPrivs is set if the filter could be installed only at the price that
	// programs of the step cannot gain rights (prctl(2)). With [Command.Hold] it is known
	// after [Process.Ended].
	NoNewPrivs bool

	gate, status int // of pipes; -1: closed
	report       report
}

// Error is what kept a command from being executed.
type Error struct {
	Stage Stage
	Errno syscall.Errno
}

// Stage is how far a process came before its command was executed.
type Stage int32

// The stages, in the order in which they are passed.
const (
	Forking Stage = iota
	Entering
	Filtering
	Unsharing
	Placing
	Executing
)

var stageNames = [...]string{
	"fork", "enter the directory", "install the seccomp filter",
	"take a table of descriptors of its own", "place the descriptors", "execute",
}

func (s Stage) String() string { return stageNames[s] }

func (e *Error) Error() string { return fmt.Sprintf("%v: %v", e.Stage, e.Errno) }
func (e *Error) Unwrap() error { return e.Errno }

// Refused reports whether the way of watching is to blame, and not the command: it
// might be started in another way.
func (e *Error) Refused() bool { return e.Stage != Entering && e.Stage != Executing }

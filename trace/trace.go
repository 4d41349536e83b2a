// Package trace runs a command and tells what it and all its descendants do to
// files.
//
//	result, err := trace.Run(ctx, trace.Command{Args: []string{"cc", "-c", "x.c"}}, sink)
//
// [Run] is the front door: it searches the command in PATH, looks at the
// descriptors that the command inherits, chooses an engine and calls the sink with
// an [event.Event] for each operation, in the order in which they happen, until
// the command and its descendants have ended. Package footprint folds the events.
//
// # Engines
//
// An engine sees the system calls of the step. [Notify] is told of the calls that matter
// by a seccomp filter, before they are made, and leaves the step otherwise alone; it does
// not see what becomes of them. [Ptrace] stops a process at the same calls and sees each
// outcome. [PtraceSlow] stops it at every call, where seccomp(2) is refused or would be
// blind. What a step did to its files, as package footprint folds it, is the same under
// all.
//
// # What the command notices
//
// Its exit status, signals, terminal, job control and inherited descriptors are its own.
// It has the same process group and session as the caller. While an engine that uses
// ptrace(2) watches it, it cannot be traced by another debugger; under Notify it cannot
// have a seccomp listener of its own.
//
// # What is not seen
//
// What cannot be followed or is not modelled is told as an event with the
// operation [event.Incomplete]: silence means that there was nothing else. The
// arguments of calls live in the step's memory, where another thread of it can
// change them between the look of the engine and that of the kernel: recording is
// not enforcement.
package trace

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"deptrace/trace/event"
)

// Engine is a way of watching a step.
type Engine string

// The engines. Auto takes the fastest that works.
const (
	Auto       Engine = "auto"
	Notify     Engine = "notify"
	Ptrace     Engine = "ptrace"
	PtraceSlow Engine = "ptrace-slow"
)

// Daemons is what to do with processes that outlive the command.
type Daemons string

// After a short grace Leave lets them go on unwatched, with a process that answers for
// them what their filter asks; Wait waits until they end; Kill ends them. Each way those
// that outlive the grace are told as [event.Outlived]. Only [Notify] can leave them: what
// [Ptrace] traces is killed when the tracer ends.
const (
	Leave Daemons = "leave"
	Wait  Daemons = "wait"
	Kill  Daemons = "kill"
)

// DefaultGrace is the grace of a [Command] that says nothing else.
const DefaultGrace = 200 * time.Millisecond

// Command is what to run.
type Command struct {
	// Args is the command line; Args[0] is searched in the PATH of this process
	// if it has no slash. A file that the kernel cannot execute (ENOEXEC) is given
	// to /bin/sh, as execvp(3) does.
	Args []string
	// Dir is the working directory; empty: this process's.
	Dir string
	// Env is the environment; nil: this process's.
	Env []string
	// Stdin, Stdout and Stderr are the command's first three descriptors; nil:
	// this process's. All other descriptors of this process that are not marked
	// close-on-exec are inherited too.
	Stdin, Stdout, Stderr *os.File
	// StdoutTo is the file in which what is written to Stdout ends up, if that is another
	// one: a caller that passes the command's output on from a pipe to a file says so, and
	// the file is told as if the command had been given it. nil: there is none.
	StdoutTo *os.File

	// Tokens are descriptors that the command inherits and from which only tokens come, on
	// which nothing that it makes depends: those of make's job server. What is read from any
	// other pipe is told as [event.Pipe].
	Tokens []int

	// Terminal has it told as [event.Stdin], too, that the command reads from a terminal
	// that is its standard input.
	Terminal bool

	Engine  Engine  // empty: Auto
	Daemons Daemons // empty: Leave where the engine can, else Wait
	// Grace is how long a process may outlive the command and still be a part of the step: the
	// tail of a pipeline, a child that nobody waits for. 0: [DefaultGrace].
	Grace time.Duration

	// Descriptors asks for the events Close and Dup as well, which cost a stop
	// each. Notify cannot tell them.
	Descriptors bool
	// Adopt says that this process has no other children and may adopt the step's orphans
	// (PR_SET_CHILD_SUBREAPER). Notify then knows of every process that outlives the
	// command, by name and for Kill, and may look into orphans where Yama lets a process
	// look into its descendants only (kernel.yama.ptrace_scope is 1).
	Adopt bool
	// Signals are passed on to the command, unless it was sent the same signal
	// at the same time (Ctrl-C on a terminal reaches both). nil: none are.
	Signals <-chan os.Signal
	// Begin is called just before the command is executed, which waits for it. nil: there
	// is nothing to wait for.
	Begin func()
	// Stopped is called, from another goroutine, when the command has been stopped by a
	// signal, for callers that want to be seen to stop with it. Only Notify calls it.
	Stopped func()
	// Log receives a line now and then about what the engine does and why; nil:
	// nobody does.
	Log func(format string, args ...any)
}

// Result is how the command ended.
type Result struct {
	Engine Engine // the one that ran
	// Status is the exit status, or -1 if Signal ended the command.
	Status int
	Signal syscall.Signal
}

// ErrUnsupported is returned on systems that have no engine.
var ErrUnsupported = errors.New("tracing works on Linux on amd64 and arm64 only")

// StartError says that the command could not be started.
type StartError struct {
	Name string // as in Args[0]
	Err  error  // ErrNotFound, or wraps a syscall.Errno
}

// ErrNotFound is the Err of a [StartError] for a name that PATH does not hold.
var ErrNotFound = errors.New("command not found")

func (e *StartError) Error() string { return fmt.Sprintf("run %s: %v", e.Name, e.Err) }
func (e *StartError) Unwrap() error { return e.Err }

// EngineError says that an engine does not work here. The command has not run.
type EngineError struct {
	Engine Engine
	Err    error
}

func (e *EngineError) Error() string { return fmt.Sprintf("engine %s: %v", e.Engine, e.Err) }
func (e *EngineError) Unwrap() error { return e.Err }

// Run runs the command and tells its operations to sink until it and its
// descendants have ended. The sink is called from one goroutine at a time and
// after Run has returned no more.
//
// The error is a [*StartError] if the command could not be started, wraps an
// [*EngineError] for each engine tried if it could not be watched, is
// [ErrUnsupported] where there is no engine, and otherwise something that went
// wrong on the way: then what was told is not all, an Incomplete has said so, and
// the Result is what is known. When ctx is done, the step is killed.
func Run(ctx context.Context, c Command, sink event.Sink) (Result, error) {
	if len(c.Args) == 0 {
		return Result{}, errors.New("no command")
	}
	return run(ctx, c, sink)
}

//go:build amd64 || arm64

// Package watch is what the front door and the engines agree on: what to run and how, and
// how it ended.
package watch

import (
	"os"
	"syscall"
	"time"

	"deptrace/trace/launch"
	"deptrace/trace/syscalls"
)

// Config is what to run and how.
type Config struct {
	launch.Command // without a filter; that is the engine's

	Options syscalls.Options
	// Stdin is what proc calls descriptor 0 if reading from it is to be told (see
	// syscalls.Options.Stdin), as "pipe:[123]".
	Stdin string
	// Pipes are other pipes and the like that the command is given open, by what proc calls
	// them: reading from one as standard input, or opening one by a name (/dev/fd/63), is to
	// be told with the text that stands here.
	Pipes map[string]string

	// Grace is how long a process may outlive the command, Late what to do with it then.
	Grace time.Duration
	Late  Late
	// Signals are passed on to the command. nil: none are.
	Signals <-chan os.Signal
	// Begin is called just before the command is executed, which waits for it.
	Begin func()
	// Stopped is called, from another goroutine, when the command has been stopped by a
	// signal, if the engine sees that. nil: nobody wants to know.
	Stopped func()
	// Adopt lets this process adopt the step's orphans, so that they can be found, and
	// their memory read where only ancestors may (kernel.yama.ptrace_scope is 1). It takes
	// all of its children for the step's, then.
	Adopt bool

	// Seq is the number of the last event that was told before.
	Seq uint64
	// Started is called before anything is told, when the command has been executed or, by
	// an engine that does not see that, is about to be.
	Started func(pid int)
}

// Late is what to do with processes that outlive the command and the grace.
type Late int

// They can be left alone, with a keeper that goes on answering for them; waited for; or
// killed. An engine that cannot leave them waits.
const (
	Leave Late = iota
	Wait
	Kill
)

// Result is how the command ended.
type Result struct {
	Status int // exit status, or -1
	Signal syscall.Signal
}

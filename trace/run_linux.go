//go:build amd64 || arm64

package trace

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"deptrace/trace/event"
	"deptrace/trace/ptrace"
	"deptrace/trace/syscalls"
)

// grace is how long a process may outlive the command and still be a part of the
// step: the tail of a pipeline, a child that nobody waits for.
const grace = 200 * time.Millisecond

func run(ctx context.Context, c Command, sink event.Sink) (Result, error) {
	engines, err := c.engines()
	if err != nil {
		return Result{}, err
	}
	first := &numbered{sink: sink}
	files, stdin, err := c.inherited(first)
	if err != nil {
		return Result{}, err
	}
	p, err := c.search(first)
	if err != nil {
		return Result{}, &StartError{c.Args[0], err}
	}
	var refused []error
	for _, name := range engines {
		started := false
		config := ptrace.Config{
			Path: p, Args: c.Args, Env: c.Env, Dir: c.Dir, Files: files,
			EveryCall: name == PtraceSlow,
			Options:   syscalls.Options{Descriptors: c.Descriptors, Stdin: stdin != ""},
			Stdin:     stdin,
			Grace:     grace, KillLate: c.Daemons == Kill, Signals: c.Signals,
			Seq:     first.seq,
			Started: func(int) { started = true },
		}
		if config.Env == nil {
			config.Env = os.Environ()
		}
		r, err := ptrace.Run(ctx, config, sink)
		var cannot *ptrace.StartError
		if errors.As(err, &cannot) && cannot.Errno == syscall.ENOEXEC {
			config.Path, config.Args = shell, append([]string{shell, p}, c.Args[1:]...)
			r, err = ptrace.Run(ctx, config, sink)
		}
		if started || err == nil {
			c.log("engine %s", name)
			return Result{Engine: name, Status: r.Status, Signal: r.Signal}, err
		}
		if errors.As(err, &cannot) {
			return Result{}, &StartError{c.Args[0], cannot.Errno}
		}
		c.log("engine %s does not work here: %v", name, err)
		refused = append(refused, &EngineError{name, err})
	}
	return Result{}, errors.Join(refused...)
}

// numbered numbers the events that are told before an engine runs.
type numbered struct {
	sink event.Sink
	seq  uint64
}

// Event implements [event.Sink].
func (n *numbered) Event(e *event.Event) event.Hold {
	n.seq++
	e.Seq = n.seq
	return n.sink.Event(e)
}

// shell runs files that the kernel does not know how to execute.
const shell = "/bin/sh"

func (c *Command) log(format string, args ...any) {
	if c.Log != nil {
		c.Log(format, args...)
	}
}

// engines returns the engines to try, in order.
func (c *Command) engines() ([]Engine, error) {
	switch c.Engine {
	case Auto, "":
		return Engines, nil
	case Ptrace, PtraceSlow:
		return []Engine{c.Engine}, nil
	}
	return nil, &EngineError{c.Engine, errors.New("no such engine")}
}

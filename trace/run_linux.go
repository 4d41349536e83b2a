//go:build amd64 || arm64

package trace

import (
	"context"
	"errors"
	"os"
	"time"

	"deptrace/trace/event"
	"deptrace/trace/launch"
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
	command := launch.Command{Path: p, Args: c.Args, Env: c.Env, Dir: c.Dir, Files: files}
	if command.Env == nil {
		command.Env = os.Environ()
	}
	var refused []error
	for _, name := range engines {
		started := false
		r, err := ptrace.Run(ctx, ptrace.Config{
			Command:   command,
			EveryCall: name == PtraceSlow,
			Options:   syscalls.Options{Descriptors: c.Descriptors, Stdin: stdin != ""},
			Stdin:     stdin,
			Grace:     grace, KillLate: c.Daemons == Kill, Signals: c.Signals,
			Seq:     first.seq,
			Started: func(int) { started = true },
		}, sink)
		if started {
			c.log("engine %s", name)
			return Result{Engine: name, Status: r.Status, Signal: r.Signal}, err
		}
		var cannot *launch.Error
		if errors.As(err, &cannot) && !cannot.Refused() {
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

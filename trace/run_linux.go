//go:build amd64 || arm64

package trace

import (
	"cmp"
	"context"
	"errors"
	"os"

	"deptrace/trace/event"
	"deptrace/trace/launch"
	"deptrace/trace/notify"
	"deptrace/trace/ptrace"
	"deptrace/trace/syscalls"
	"deptrace/trace/watch"
)

func run(ctx context.Context, c Command, sink event.Sink) (Result, error) {
	engines, err := c.engines()
	if err != nil {
		return Result{}, err
	}
	first := &numbered{sink: sink}
	given, err := c.inherited(first)
	if err != nil {
		return Result{}, err
	}
	p, err := c.search(first)
	if err != nil {
		return Result{}, &StartError{c.Args[0], err}
	}
	command := launch.Command{Path: p, Args: c.Args, Env: c.Env, Dir: c.Dir, Files: given.files}
	if command.Env == nil {
		command.Env = os.Environ()
	}
	options := syscalls.Options{Descriptors: c.Descriptors, Stdin: given.stdin != "" || len(given.pipes) > 0}
	var refused []error
	for _, name := range engines {
		started := false
		config := watch.Config{
			Command: command, Options: options, Stdin: given.stdin, Pipes: given.pipes, Grace: cmp.Or(c.Grace, DefaultGrace), Late: c.late(),
			Signals: c.Signals, Begin: c.Begin, Stopped: c.Stopped, Adopt: c.Adopt,
			Seq: first.seq, Started: func(int) { started = true },
		}
		if config.Begin == nil {
			config.Begin = func() {}
		}
		var r watch.Result
		switch {
		case name == Notify:
			r, err = notify.Run(ctx, config, sink)
		case name == Ptrace && launch.Listened():
			err = errors.New("a seccomp listener stands above this process and takes calls away: " + string(PtraceSlow) + " sees them")
		default:
			r, err = ptrace.Run(ctx, config, name == PtraceSlow, sink)
		}
		var cannot *launch.Error
		if errors.As(err, &cannot) && !cannot.Refused() {
			return Result{}, &StartError{c.Args[0], cannot.Errno}
		}
		if started {
			c.log("engine %s", name)
			return Result{Engine: name, Status: r.Status, Signal: r.Signal}, err
		}
		c.log("engine %s does not work here: %v", name, err)
		refused = append(refused, &EngineError{name, err})
	}
	return Result{}, errors.Join(refused...)
}

// late is what to do with processes that outlive the command.
func (c *Command) late() watch.Late {
	switch c.Daemons {
	case Wait:
		return watch.Wait
	case Kill:
		return watch.Kill
	}
	return watch.Leave
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
		if c.Daemons == Leave {
			return []Engine{Notify}, nil
		}
		if c.Descriptors {
			return []Engine{Ptrace, PtraceSlow}, nil
		}
		return Engines, nil
	case Notify:
		if c.Descriptors {
			return nil, &EngineError{c.Engine, errors.New("it does not see which descriptors calls return")}
		}
		return []Engine{c.Engine}, nil
	case Ptrace, PtraceSlow:
		if c.Daemons == Leave {
			return nil, &EngineError{c.Engine, errors.New("it cannot leave processes behind: they would be killed")}
		}
		return []Engine{c.Engine}, nil
	}
	return nil, &EngineError{c.Engine, errors.New("no such engine")}
}

package trace

import (
	"context"
	"errors"
	"os"

	"deptrace/trace/event"
)

// Engines are the engines there are, in the order in which [Auto] tries them.
var Engines = []Engine{Notify, Ptrace, PtraceSlow}

// Probe reports whether an engine works here, by running program under it: nil, or
// what refused. The program is given no arguments but args, and its output is thrown
// away.
func Probe(ctx context.Context, e Engine, program string, args ...string) error {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	saw := false
	_, err = Run(ctx, Command{
		Args: append([]string{program}, args...), Stdin: null, Stdout: null, Stderr: null, Engine: e,
	}, event.SinkFunc(func(ev *event.Event) { saw = saw || ev.Op == event.Exec }))
	if err == nil && !saw {
		err = errors.New("it sees nothing")
	}
	return err
}

//go:build amd64 || arm64

package ptrace

import (
	"fmt"
	"syscall"

	"deptrace/trace/event"
	"deptrace/trace/launch"
	"deptrace/trace/syscalls"

	"golang.org/x/sys/unix"
)

// options of every watched process.
const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_TRACECLONE |
	unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_EXITKILL | unix.PTRACE_O_TRACESECCOMP

// start starts the command's process, seizes it while it is on hold, and lets it go on.
// Its filter, which would turn calls into ENOSYS without a tracer, is installed by itself
// afterwards.
func (e *engine) start() error {
	c := e.c.Command
	c.Hold = true
	if !e.always {
		c.Filter = syscalls.Program(syscalls.Native(), syscalls.RetTrace, e.c.Options)
	}
	child, err := launch.Start(&c)
	if err != nil {
		return err
	}
	give := func(what string, err error) error {
		child.Kill()
		child.Close()
		return fmt.Errorf("ptrace %s: %w", what, err)
	}
	if err := request(unix.PTRACE_SEIZE, child.PID, 0, options); err != nil {
		return give("seize", err)
	}
	if e.always {
		// It stops before it goes on from its wait, and from then on at each call.
		if err := request(unix.PTRACE_INTERRUPT, child.PID, 0, 0); err != nil {
			return give("interrupt", err)
		}
	}
	e.child, e.root = child, child.PID
	e.newTask(child.PID, child.PID, nil)
	e.c.Begin()
	child.Go()
	return nil
}

// launched handles the exec of the command itself: from here on there is a step.
func (e *engine) launched(t *task) {
	e.started = true
	if err := e.child.Ended(); err != nil {
		e.Incomplete(t.pid(), event.Lost, err.Error())
	}
	e.noNewPrivs = e.child.NoNewPrivs
	e.c.Started(e.root)
	e.Tell(&event.Event{Op: event.Fork, Child: e.root})
}

// cannotAsk handles a refused request that nothing works without. Before the command
// has been executed it is a reason to try another engine.
func (e *engine) cannotAsk(t *task, err error) {
	if e.started {
		e.Incomplete(t.pid(), event.Lost, err.Error())
		return
	}
	e.broken = err
	syscall.Kill(e.root, syscall.SIGKILL)
}

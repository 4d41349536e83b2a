//go:build amd64 || arm64

package ptrace

import (
	"context"
	"maps"
	"os"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"deptrace/trace/event"
	"deptrace/trace/launch"
	"deptrace/trace/observe"
	"deptrace/trace/watch"

	"golang.org/x/sys/unix"
)

// engine watches one step. All but the fields under mu belongs to its thread.
type engine struct {
	watch.Teller
	c watch.Config
	// always: every process stops at every call, and there is no filter.
	always   bool
	observer *observe.Observer
	child    *launch.Process

	tasks     map[int]*task
	processes map[int]*process
	// early are threads that ended before their creator told of them.
	early map[int]bool
	root  int
	// started is set once the command has been executed.
	started bool
	// privileged is set if this process may trace set-id programs without taking their
	// rights away, and noNewPrivs if the filter took them away all the same.
	privileged, noNewPrivs bool
	broken                 error // what ended the watch, and the step with it

	ended  time.Time // when the command ended
	result watch.Result
	waiter waiter

	leading  int // how many calls are under way that may have names lead elsewhere: see led
	holds    int
	released chan *task

	mu       sync.Mutex
	living   map[int]bool // processes, for killing
	killing  bool
	delivery map[syscall.Signal]time.Time
}

// task is a thread that is watched.
type task struct {
	observe.Thread
	process *process
	// call is the call that the thread is in and whose outcome is awaited: its own, or that
	// of the thread that has called exec for it.
	call *call
	own  call // used again for each call
	// held is set while the thread stands still for a [event.Hold]; then the call's
	// exit is awaited or not.
	held   bool
	toExit bool
	// entered is set from the stop at a call's entry to that at its exit, assumed if the last
	// of these stops was taken for one at an exit without asking.
	entered  bool
	assumed  bool
	finished bool
	// adopted is set until the creator has told of the thread.
	adopted bool
}

func (t *task) pid() int { return t.process.PID }

// process is a thread group.
type process struct {
	observe.Process
	// everyCall: it stops at every call, because a filter of the step's stands before
	// the engine's.
	everyCall bool
}

// Run runs the command and tells its operations to sink until all its descendants
// have ended. An error before Started was called is a [*launch.Error] if the command
// could not be executed, and otherwise means that the engine does not work here; one after
// it means that something was lost.
func Run(ctx context.Context, c watch.Config, always bool, sink event.Sink) (watch.Result, error) {
	e := newEngine(c, always, sink)
	type answer struct {
		r   watch.Result
		err error
	}
	done := make(chan answer)
	go func() {
		// The thread that traces ends with its goroutine and is not used again.
		runtime.LockOSThread()
		r, err := e.run(ctx)
		done <- answer{r, err}
	}()
	a := <-done
	return a.r, a.err
}

func newEngine(c watch.Config, always bool, sink event.Sink) *engine {
	e := &engine{
		c: c, always: always, Teller: watch.NewTeller(sink, c.Seq), privileged: os.Geteuid() == 0,
		tasks: make(map[int]*task), processes: make(map[int]*process), early: make(map[int]bool),
		released: make(chan *task, 64),
		living:   make(map[int]bool), delivery: make(map[syscall.Signal]time.Time),
	}
	e.observer = observe.New(c.Options, c.Stdin, c.Pipes, func(p *observe.Process, r event.Reason, detail string) { e.Incomplete(p.PID, r, detail) },
		func() []int { return slices.Collect(maps.Keys(e.processes)) })
	return e
}

func (e *engine) run(ctx context.Context) (watch.Result, error) {
	defer noStopSignals()()
	if err := e.start(); err != nil {
		return watch.Result{}, err
	}
	defer e.child.Close()

	stop := make(chan struct{})
	if e.c.Signals != nil {
		go e.passSignals(stop)
	}
	defer context.AfterFunc(ctx, e.killAll)()
	err := e.loop()
	close(stop)
	if err == nil {
		err = e.broken
	}
	if err == nil && !e.started {
		// It could not be executed, or was killed before.
		if err = e.child.Ended(); err == nil {
			e.c.Started(e.root)
		}
	}
	return e.result, err
}

// loop serves stops until no watched thread is left.
func (e *engine) loop() error {
	for {
		e.resumeReleased()
		var ws syscall.WaitStatus
		var tid int
		var err error
		if e.holds > 0 {
			tid, err = e.waiter.soon(&ws)
		} else {
			tid, err = e.waiter.wait(&ws)
		}
		switch {
		case err == syscall.EINTR:
		case err == syscall.ECHILD:
			if e.holds > 0 { // what is held was killed
				e.resume(<-e.released, 0)
				continue
			}
			return nil
		case err != nil:
			e.Incomplete(0, event.Lost, "wait4: "+err.Error())
			e.killAll()
			return err
		case tid == 0:
			// wait4 cannot be made to return by a goroutine that has finished.
			select {
			case t := <-e.released:
				e.resume(t, 0)
			case <-time.After(time.Millisecond):
			}
		default:
			e.serve(tid, ws)
		}
	}
}

func (e *engine) resumeReleased() {
	for e.holds > 0 {
		select {
		case t := <-e.released:
			e.resume(t, 0)
		default:
			return
		}
	}
}

// serve handles one report of wait4.
func (e *engine) serve(tid int, ws syscall.WaitStatus) {
	t := e.tasks[tid]
	if ws.Exited() || ws.Signaled() {
		e.gone(tid, t, ws)
		return
	}
	if !ws.Stopped() {
		return
	}
	if t == nil {
		// A child that stops before its parent has told of it.
		if t = e.adopt(tid); t == nil {
			return
		}
	}
	sig := ws.StopSignal()
	switch kind := uint32(ws) >> 16; {
	case kind == unix.PTRACE_EVENT_SECCOMP && t.entered:
		e.resume(t, 0) // the second stop of one entry
	case kind == unix.PTRACE_EVENT_SECCOMP, sig == syscall.SIGTRAP|0x80:
		e.syscallStop(t)
	case kind == unix.PTRACE_EVENT_FORK || kind == unix.PTRACE_EVENT_VFORK || kind == unix.PTRACE_EVENT_CLONE:
		e.cloned(t, kind != unix.PTRACE_EVENT_CLONE)
		e.resume(t, 0)
	case kind == unix.PTRACE_EVENT_EXEC:
		e.executed(t)
	case kind == unix.PTRACE_EVENT_STOP:
		switch sig {
		case syscall.SIGSTOP, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU:
			// A group stop: stay stopped until a SIGCONT, which is reported.
			request(unix.PTRACE_LISTEN, tid, 0, 0)
		default:
			e.resume(t, 0)
		}
	case kind != 0:
		e.resume(t, 0)
	default:
		e.signalled(t, sig)
	}
}

// signalled passes on a signal that the thread is about to get.
func (e *engine) signalled(t *task, sig syscall.Signal) {
	e.mu.Lock()
	e.delivery[sig] = time.Now()
	e.mu.Unlock()
	if e.started {
		e.Tell(&event.Event{Op: event.Signal, Process: t.pid(), Signal: int(sig)})
	}
	e.resume(t, sig)
}

// resume lets the thread go on, to the exit of its call if that is awaited. That it
// was killed meanwhile (ESRCH) will be reported by wait4.
func (e *engine) resume(t *task, sig syscall.Signal) {
	if t.held {
		t.held = false
		e.holds--
		if t.finished {
			return
		}
	}
	req := unix.PTRACE_CONT
	if e.always || t.process.everyCall || t.toExit {
		req = unix.PTRACE_SYSCALL
	}
	request(req, t.TID, 0, uintptr(sig))
}

// hold keeps the thread standing until h is closed.
func (e *engine) hold(t *task, h event.Hold) {
	t.held = true
	e.holds++
	go func() {
		<-h
		e.released <- t
	}()
}

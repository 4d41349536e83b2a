//go:build amd64 || arm64

package notify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"deptrace/trace/event"
	"deptrace/trace/launch"
	"deptrace/trace/observe"
	"deptrace/trace/syscalls"
	"deptrace/trace/watch"

	"golang.org/x/sys/unix"
)

// engine watches one step. All but the fields under mu belongs to its thread.
type engine struct {
	watch.Teller
	c        watch.Config
	observer *observe.Observer
	child    *launch.Process
	listener listener
	root     int

	threads   map[int]*thread
	keep      int // see thread
	processes map[int]*process
	moving    map[int]time.Time // see move

	telling event.Event // the one of a call that is being told

	started bool
	ended   time.Time // when it ended
	late    bool      // the grace is over
	result  watch.Result
	told    map[event.Reason]bool
	holds   sync.WaitGroup
	heeding bool          // heed runs
	stop    chan struct{} // closed when it is to end
	looked  time.Time     // when stragglers were last looked for

	mu sync.Mutex
	// living are the processes, for killing, with a time at which each was alive. Some may
	// have ended, and their numbers be others'.
	living   map[int]time.Time
	killing  bool
	finished bool
}

// Run runs the command and tells its operations to sink until it has ended, and its
// descendants, too, as far as Late says. An error before Started was called is a
// [*launch.Error] if the command could not be executed, and otherwise means that the
// engine does not work here; one after it means that something was lost.
func Run(ctx context.Context, c watch.Config, sink event.Sink) (watch.Result, error) {
	// Until then nobody would say that no process is left under the filter.
	if !kernelSince(5, 9) {
		return watch.Result{}, errors.New("it needs Linux 5.9")
	}
	e := &engine{
		c: c, Teller: watch.NewTeller(sink, c.Seq),
		threads: make(map[int]*thread), processes: make(map[int]*process), moving: make(map[int]time.Time),
		told: make(map[event.Reason]bool), living: make(map[int]time.Time),
	}
	e.observer = observe.New(c.Options, c.Stdin, c.Pipes, func(p *observe.Process, r event.Reason, detail string) { e.Incomplete(p.PID, r, detail) },
		func() []int { return slices.Collect(maps.Keys(e.processes)) })
	// The command's parent-death signal comes when the thread that forks it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return e.run(ctx)
}

func (e *engine) run(ctx context.Context) (watch.Result, error) {
	c := e.c.Command
	c.Filter, c.Listen = syscalls.Program(syscalls.Native(), syscalls.RetUserNotif, e.c.Options), true
	child, err := launch.Start(&c)
	if err != nil {
		return watch.Result{}, err
	}
	defer child.Close()
	e.child, e.listener, e.root = child, listener(child.Listener), child.PID
	e.listener.wakeSynchronously()
	if e.c.Adopt {
		restore := adoptOrphans()
		defer restore()
	}
	e.living[e.root] = time.Now()
	e.stop = make(chan struct{})
	defer context.AfterFunc(ctx, e.killAll)()
	err = e.loop()
	close(e.stop)
	e.over()
	e.holds.Wait()
	if failed := child.Ended(); failed != nil && err == nil {
		return watch.Result{}, failed
	}
	if !e.started {
		if err != nil {
			return watch.Result{}, err
		}
		// It was killed before its exec; or that succeeded against all that a look showed.
		e.start()
		e.Incomplete(e.root, event.Lost, "the start of the command was not seen")
		e.forget(e.processes[e.root], e.result)
	}
	return e.result, err
}

// adoptOrphans makes this process the parent of orphans below it, until restore.
func adoptOrphans() (restore func()) {
	was, err := isSubreaper()
	if err != nil || was || unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != nil {
		return func() {}
	}
	return func() { unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) }
}

// over sees to it that nothing is killed any more: what is left has been left alone, or
// has ended, and its number may be another's.
func (e *engine) over() {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.living)
	e.finished = true
}

// loop serves notifications until no process is left that could send one, or the rest
// is left to a keeper.
func (e *engine) loop() error {
	var n notification
	for {
		ready, err := e.wait()
		if err != nil {
			return e.breakOff(err)
		}
		if ready.call {
			switch errno := e.listener.receive(&n); errno {
			case 0:
				e.serve(&n)
			case syscall.ENOENT: // killed, or interrupted: then it is made anew
			default:
				return e.breakOff(fmt.Errorf("receive a notification: %w", errno))
			}
		} else if ready.nobody {
			e.reap(0)
			e.reapOrphans()
			return nil
		}
		if ready.ended {
			e.reap(syscall.WNOHANG)
		}
		if !e.ended.IsZero() {
			if done, err := e.afterEnd(); done || err != nil {
				return err
			}
		}
	}
}

// breakOff ends the step because nobody can answer for it any more.
func (e *engine) breakOff(err error) error {
	e.Incomplete(0, event.Lost, err.Error())
	e.killAll()
	e.reap(0)
	return err
}

// ready is what a wait found.
type ready struct {
	call   bool // a notification
	nobody bool // no process is left under the filter
	ended  bool // the command has ended
}

// wait waits for something to do.
func (e *engine) wait() (r ready, err error) {
	fds := [2]unix.PollFd{{Fd: int32(e.listener), Events: unix.POLLIN}, {Fd: int32(e.child.Descriptor), Events: unix.POLLIN}}
	set := fds[:]
	if e.ended.IsZero() {
		if errno := rawPoll(set); errno == syscall.EINTR {
			// Somebody wants this thread's place in the scheduler: it is given away for
			// the length of a wait.
			if _, err = unix.Poll(set, -1); err == unix.EINTR {
				err = nil
			}
		} else if errno != 0 {
			err = errno
		}
	} else {
		set = fds[:1]
		if _, err = unix.Poll(set, e.patience()); err == unix.EINTR {
			err = nil
		}
	}
	if err != nil {
		return r, fmt.Errorf("wait for notifications: %w", err)
	}
	r.call = fds[0].Revents&unix.POLLIN != 0
	r.nobody = fds[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0
	r.ended = len(set) > 1 && fds[1].Revents != 0
	return r, nil
}

// reap takes the command's exit status, if it has ended or flags allow to wait for
// that.
func (e *engine) reap(flags int) {
	if !e.ended.IsZero() {
		return
	}
	var ws syscall.WaitStatus
	for {
		pid, err := syscall.Wait4(e.root, &ws, flags|unix.WALL, nil)
		if err == syscall.EINTR {
			continue
		}
		if pid == e.root {
			e.rootEnded(ws)
		}
		return
	}
}

// rootEnded notes how the command has ended.
func (e *engine) rootEnded(ws syscall.WaitStatus) {
	e.ended = time.Now()
	e.result = watch.Result{Status: ws.ExitStatus()}
	if ws.Signaled() {
		e.result = watch.Result{Status: -1, Signal: ws.Signal()}
	}
	e.mu.Lock()
	delete(e.living, e.root)
	e.mu.Unlock()
	if p := e.processes[e.root]; p != nil {
		e.forget(p, e.result)
	}
}

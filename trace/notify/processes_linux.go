//go:build amd64 || arm64

package notify

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"

	"deptrace/trace/cause"
	"deptrace/trace/event"
	"deptrace/trace/observe"
	"deptrace/trace/tracee"
	"deptrace/trace/watch"
)

// A notification names a thread by its number, and numbers are used again. What is known
// of a thread is believed for a fifth of a second after its last call: it takes seven
// times as long to get through 32,768 numbers (measured with a loop of vforks). After
// that the process's start time decides.

// thread is a thread that has made a watched call.
type thread struct {
	observe.Thread
	process *process
	seen    time.Time
}

// process is a thread group.
type process struct {
	observe.Process
	seen  time.Time
	image image // see watchImage
}

// believed is how long what is known of a thread holds without a call of it.
const believed = time.Second / 5

// keepAtMost is how many threads are remembered before those that have ended are
// looked for.
const keepAtMost = 1024

// thread returns the thread of a notification, nil if it is gone.
func (e *engine) thread(tid int) *thread {
	now := time.Now()
	t := e.threads[tid]
	if t != nil && !e.observer.Unsure() && now.Sub(t.seen) < believed && e.processes[t.process.PID] == t.process {
		t.seen, t.process.seen = now, now
		return t
	}
	s, err := tracee.Status(tid)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ESRCH) {
			e.once(event.Lost, 0, "a process could not be looked at: "+cause.Of(err).Error())
		}
		return nil
	}
	p := e.process(s.Leader, s.Parent, now)
	if len(e.threads) >= max(e.keep, keepAtMost) {
		e.sweep()
		e.keep = 2 * len(e.threads) // or a step of many threads would be swept for each
	}
	t = &thread{Thread: *observe.NewThread(tid, &p.Process), process: p, seen: now}
	e.threads[tid] = t
	return t
}

// process returns the process with a number, a new one if the one that had it before has
// ended.
func (e *engine) process(pid, parent int, now time.Time) *process {
	p := e.processes[pid]
	if p != nil && now.Sub(p.seen) >= believed && !tracee.StartedBefore(pid, p.seen) {
		e.forget(p, watch.Result{Status: -1})
		p = nil
	}
	if p != nil {
		p.seen = now
		return p
	}
	above, name := 0, "?"
	if pid != e.root {
		if q := e.ancestor(parent, now); q != nil {
			above, name = q.PID, q.Name
		}
	}
	p = &process{Process: *observe.NewProcess(pid, name), seen: now}
	e.processes[pid] = p
	e.mu.Lock()
	e.living[pid] = now
	if e.killing && !e.finished {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	e.mu.Unlock()
	if e.started { // else start tells it
		e.Tell(&event.Event{Op: event.Fork, Process: above, Child: pid})
	}
	return p
}

// ancestor returns the process of the step with a number, or nil if it is none: that of
// an orphan whose parent has ended.
func (e *engine) ancestor(pid int, now time.Time) *process {
	if p := e.processes[pid]; p != nil {
		return e.process(pid, 0, now)
	}
	if pid <= 1 || pid == os.Getpid() {
		return nil
	}
	s, err := tracee.Status(pid)
	if err != nil || !e.below(s.Parent) {
		return nil
	}
	return e.process(pid, s.Parent, now)
}

// below reports whether the process with a number descends from the command.
func (e *engine) below(pid int) bool {
	for pid > 1 {
		if pid == e.root {
			return true
		}
		s, err := tracee.Status(pid)
		if err != nil {
			return false
		}
		pid = s.Parent
	}
	return false
}

// sweep forgets the processes that have ended.
func (e *engine) sweep() {
	for _, p := range e.processes {
		if p.PID != e.root && !tracee.Alive(p.PID) {
			e.forget(p, watch.Result{Status: -1})
		}
	}
	for tid, t := range e.threads {
		if e.processes[t.process.PID] != t.process || !tracee.Alive(tid) {
			delete(e.threads, tid)
		}
	}
}

// forget notes the end of a process. How it ended is known of the command alone; of
// the others it is told as -1.
func (e *engine) forget(p *process, r watch.Result) {
	delete(e.processes, p.PID) // and its threads are not believed any more
	e.mu.Lock()
	delete(e.living, p.PID)
	e.mu.Unlock()
	if e.started {
		e.Tell(&event.Event{Op: event.Exit, Process: p.PID, Status: r.Status, Signal: int(r.Signal)})
	}
}

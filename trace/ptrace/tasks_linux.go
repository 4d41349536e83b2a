//go:build amd64 || arm64

package ptrace

import (
	"syscall"
	"time"

	"deptrace/trace/event"
	"deptrace/trace/observe"
	"deptrace/trace/tracee"
	"deptrace/trace/watch"
)

// newTask notes a thread. parent is nil for a thread of a known process, and for the
// command itself.
func (e *engine) newTask(tid, pid int, parent *process) *task {
	p := e.processes[pid]
	if p == nil {
		p = &process{Process: *observe.NewProcess(pid, "?")}
		parentPid := 0
		if parent != nil {
			p.Name, p.everyCall, parentPid = parent.Name, parent.everyCall, parent.PID
		}
		e.processes[pid] = p
		e.mu.Lock()
		e.living[pid] = true
		if e.killing {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		e.mu.Unlock()
		if e.started {
			e.Tell(&event.Event{Op: event.Fork, Process: parentPid, Child: pid})
		}
	}
	t := &task{Thread: *observe.NewThread(tid, &p.Process), process: p}
	e.tasks[tid] = t
	return t
}

// cloned handles the report of a thread or process that t has made. It may have been
// seen already: the two reports come in any order.
func (e *engine) cloned(t *task, isProcess bool) {
	tid, err := getMessage(t.TID)
	if err != nil {
		return
	}
	if child := e.tasks[tid]; child != nil {
		child.adopted = false
		return
	}
	if e.early[tid] {
		delete(e.early, tid)
		return
	}
	pid := tid
	if !isProcess {
		// clone(2) makes a thread or, with another exit signal than SIGCHLD, a process.
		if s, err := tracee.Status(tid); err == nil {
			pid = s.Leader
		} else {
			pid = t.pid()
		}
	}
	e.newTask(tid, pid, t.process)
}

// adopt notes a thread that stops before its creator has told of it. It returns nil
// if the thread is gone again.
func (e *engine) adopt(tid int) *task {
	s, err := tracee.Status(tid)
	if err != nil {
		return nil
	}
	t := e.newTask(tid, s.Leader, e.processes[s.Parent])
	t.adopted = true
	return t
}

// gone handles the end of a thread. A process ends with its leader, whose end the
// kernel reports last.
func (e *engine) gone(tid int, t *task, ws syscall.WaitStatus) {
	if t == nil || t.adopted {
		e.early[tid] = true
	}
	if t == nil {
		return
	}
	e.led(t.call)
	t.finished = true
	delete(e.tasks, tid)
	p := t.process
	if tid != p.PID {
		return
	}
	for id, other := range e.tasks {
		if other.process == p { // vanished in an exec
			e.led(other.call)
			other.finished = true
			delete(e.tasks, id)
		}
	}
	delete(e.processes, p.PID)
	e.mu.Lock()
	delete(e.living, p.PID)
	e.mu.Unlock()
	ev := event.Event{Op: event.Exit, Process: p.PID, Status: ws.ExitStatus()}
	if ws.Signaled() {
		ev.Status, ev.Signal = -1, int(ws.Signal())
	}
	if !e.ended.IsZero() && time.Since(e.ended) > e.c.Grace {
		e.Incomplete(p.PID, event.Outlived, p.Name)
	}
	if e.started {
		e.Tell(&ev)
	}
	if p.PID == e.root {
		e.result = watch.Result{Status: ev.Status, Signal: syscall.Signal(ev.Signal)}
		e.rootEnded()
	}
}

// rootEnded starts the time that the command's descendants have left.
func (e *engine) rootEnded() {
	e.ended = time.Now()
	if e.c.Late == watch.Kill && len(e.processes) > 0 {
		time.AfterFunc(e.c.Grace, e.killAll)
	}
}

//go:build amd64 || arm64

package notify

import (
	"syscall"
	"time"

	"deptrace/trace/decode"
	"deptrace/trace/event"
	"deptrace/trace/observe"
	"deptrace/trace/syscalls"
)

// serve looks at the call of a notification, tells it, and lets it happen.
func (e *engine) serve(n *notification) {
	if len(e.moving) > 0 {
		e.moved(int(n.pid))
	}
	hold := e.look(n)
	if hold == nil {
		e.answer(n.id)
		if e.started && !e.heeding {
			// The first exec takes half a millisecond: time to start a thread in.
			e.heeding = true
			go e.heed()
		}
		return
	}
	e.holds.Add(1)
	go func(id uint64) {
		defer e.holds.Done()
		<-hold
		e.listener.proceed(id) // it fails only if nobody waits any more
	}(n.id)
}

func (e *engine) answer(id uint64) {
	if errno := e.listener.proceed(id); errno != 0 && errno != syscall.ENOENT {
		e.Incomplete(0, event.Lost, "answer a notification: "+errno.Error())
	}
}

// look looks at a call and tells it. It returns what the caller has to wait for.
func (e *engine) look(n *notification) event.Hold {
	if n.pid == 0 {
		e.once(event.NotFollowed, 0, "a process outside of this pid namespace")
		return nil
	}
	t := e.thread(int(n.pid))
	if t == nil {
		if e.listener.valid(n.id) {
			e.once(event.Lost, 0, "a process that waits and cannot be found")
		}
		return nil
	}
	if t.process.image.detail != "" {
		e.checkImage(t.process)
	}
	n.args = syscalls.ABIOf(n.arch, uint64(uint32(n.nr))).Args(n.args)
	d, ok := e.observer.Decode(&t.Thread, observe.Call{Arch: n.arch, Nr: uint64(uint32(n.nr)), Args: n.args})
	if !ok {
		return nil
	}
	if d.Reason == event.NotFollowed {
		return nil // CLONE_UNTRACED is for tracers: a filter is inherited all the same
	}
	launching := !e.started
	if launching && d.Op != event.Exec {
		return nil // what the child does before it executes the command is no business of the step's
	}
	ev := &e.telling
	looked, ok := e.observer.Event(&t.Thread, &d, ev)
	if !ok {
		return nil
	}
	var loads []event.Event
	if d.Op == event.Exec && looked.State == event.OK {
		loads = e.observer.Loads(&t.Thread, &d, ev)
	}
	ev.Outcome = e.expect(t, n, &d, ev, looked, loads)
	if !e.listener.valid(n.id) {
		return nil // what was read may be another process's
	}
	if launching {
		if ev.Outcome.State == event.Failed {
			return nil // the command is to be given to the shell, or cannot be executed
		}
		e.c.Begin()
		e.start()
	}
	if d.Op == event.Incomplete {
		return e.unmodelled(t, &d, ev)
	}
	e.move(t, ev)
	hold := e.Tell(ev)
	if d.Op == event.Exec {
		e.executes(t, ev, loads)
	}
	return hold
}

// start notes that there is a step from here on.
func (e *engine) start() {
	e.process(e.root, 0, time.Now())
	e.started = true
	e.c.Started(e.root)
	e.Tell(&event.Event{Op: event.Fork, Child: e.root})
}

// executes tells what the kernel reads for an exec besides the program.
func (e *engine) executes(t *thread, ev *event.Event, loads []event.Event) {
	loads = observe.Told(loads, ev.Outcome)
	for i := range loads {
		e.Tell(&loads[i])
	}
	if ev.Outcome.State == event.Failed {
		return
	}
	t.process.Executed(t.TID, ev)
	if e.child.NoNewPrivs && observe.SetID(ev.Name.Path) {
		e.Incomplete(t.process.PID, event.SetID, ev.Name.Path)
	}
}

// unmodelled tells a call that makes the record incomplete if it succeeds. One that
// fails was a lookup of its name and nothing else.
func (e *engine) unmodelled(t *thread, d *decode.Call, ev *event.Event) event.Hold {
	if d.Listens && runsThisProgram(t.process) && !kernelSince(syscalls.Kernel[0], syscalls.Kernel[1]+1) {
		return nil // a deptrace inside the step, which gets EBUSY and goes on in another way
	}
	if ev.Outcome.State != event.Failed {
		return e.Tell(ev)
	}
	if !observe.LookedUp(ev) {
		return nil
	}
	if d.Spec.Xattr == syscalls.ListXattr && ev.Outcome == event.Fail(noneOf) {
		ev.Outcome = event.Outcome{}
	}
	return e.Tell(ev)
}

// runsThisProgram reports whether a process runs the program that this one runs.
func runsThisProgram(p *process) bool {
	own, ok := (&process{Process: observe.Process{Self: "self"}}).runs()
	its, ok2 := p.runs()
	return ok && ok2 && own == its
}

// once tells a reason for the first time that it occurs.
func (e *engine) once(r event.Reason, pid int, detail string) {
	if !e.told[r] {
		e.told[r] = true
		e.Incomplete(pid, r, detail)
	}
}

// A directory or a link that is about to get another name, or to go, makes what the
// resolver remembers of ways through it wrong, from some time after the answer on. So
// it is told to forget again before each call, until the caller has made another call, has
// ended, or has had time enough for any rename. That it has ended is what most callers do next:
// rm, rmdir, mv and ln move their last operand and go. Without asking for it a configure script
// runs with nothing remembered from its first link on.

// renamed is how long a rename may take. That more time costs only a memory that is not
// used.
const renamed = 10 * time.Second

// move notes a call that may change where names lead.
func (e *engine) move(t *thread, ev *event.Event) {
	if ev.Outcome.State != event.Failed && e.observer.Leads(ev) {
		e.moving[t.TID] = time.Now()
		e.observer.Resolver.Clear()
	}
}

// moved forgets what the resolver remembers, and takes the moves of this thread and of those
// that have ended for done. They were done before it forgets.
func (e *engine) moved(tid int) {
	delete(e.moving, tid)
	for tid, since := range e.moving {
		if syscall.Kill(tid, 0) == syscall.ESRCH || time.Since(since) > renamed {
			delete(e.moving, tid)
		}
	}
	e.observer.Resolver.Clear()
}

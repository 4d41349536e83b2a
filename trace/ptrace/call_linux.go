//go:build amd64 || arm64

package ptrace

import (
	"encoding/binary"
	"fmt"
	"syscall"

	"deptrace/trace/decode"
	"deptrace/trace/event"
	"deptrace/trace/observe"
	"deptrace/trace/syscalls"

	"golang.org/x/sys/unix"
)

// call is a system call between its entry and its exit.
type call struct {
	ev    event.Event
	loads []event.Event // of an Exec: the interpreters that it needs
	lists bool          // attributes: the result 0 is that there are none
	leads bool          // see observe.Observer.Leads
	// refused is the error that the call gets instead of being made.
	refused uint16
	nr      int64
}

// syscallStop handles the stop at a call's entry or exit, or that of the filter.
func (e *engine) syscallStop(t *task) {
	if t.entered && t.call == nil {
		// An exit with nothing to tell. If it is none, the next one shows it.
		t.entered, t.assumed = false, true
		e.resume(t, 0)
		return
	}
	var info syscallInfo
	if err := getInfo(t.TID, &info); err != nil {
		if err != syscall.ESRCH {
			e.cannotAsk(t, fmt.Errorf("ptrace get_syscall_info (since Linux 5.3): %w", err))
		}
		e.resume(t, 0)
		return
	}
	assumed := t.assumed
	t.assumed = false
	if info.op == infoExit {
		if assumed { // the one before was an entry
			e.Incomplete(t.pid(), event.Lost, "a call was taken for the exit of another")
		}
		e.exit(t, &info)
		return
	}
	e.enter(t, &info)
}

// enter decodes the call that the thread is about to make, resolves its names and
// tells it, unless it is to be told with its outcome.
func (e *engine) enter(t *task, info *syscallInfo) {
	e.led(t.call) // if its exit was not seen
	t.call, t.toExit = nil, false
	t.entered = info.op == infoEntry
	c, hold := e.begin(t, info)
	if c != nil {
		t.call, t.toExit = c, true
	}
	if hold != nil {
		e.hold(t, hold)
		return
	}
	e.resume(t, 0)
}

// begin tells the beginning of a call. It returns the call if its outcome is to be
// told, too, and what the thread has to wait for.
func (e *engine) begin(t *task, info *syscallInfo) (*call, event.Hold) {
	made := observe.Call{Arch: info.arch, Nr: info.nr(), Args: info.args()}
	spec := syscalls.Lookup(syscalls.ABIOf(made.Arch, made.Nr), made.Nr)
	if e.always && spec != nil && spec.Refuse != 0 && spec.Applies(&made.Args) {
		e.refuse(t)
		t.own = call{refused: spec.Refuse}
		return &t.own, nil
	}
	if e.leading > 0 {
		e.observer.Resolver.Clear()
	}
	d, ok := e.observer.Decode(&t.Thread, made)
	if !ok || d.Untraced && !e.follow(t, &d, &made) {
		return nil, nil
	}
	if !e.started && d.Op != event.Exec {
		return nil, nil // what the child does before it executes the command is no business of the step's
	}
	if d.Reason == event.Listener {
		if d.Listens {
			e.stopAlways(t, &made)
		}
		return nil, nil // a filter for a tracer cannot be for another one than this
	}
	c := &t.own
	*c = call{lists: d.Spec.Xattr == syscalls.ListXattr, nr: int64(made.Nr)}
	looked, ok := e.observer.Event(&t.Thread, &d, &c.ev)
	if !ok {
		return nil, nil
	}
	c.ev.Seq = e.Next()
	if d.Op == event.Exec && looked.State == event.OK {
		c.loads = e.observer.Loads(&t.Thread, &d, &c.ev)
	}
	if d.Spec.When == syscalls.AtEntry {
		c.ev.Outcome = looked
		e.Tell(&c.ev)
		return nil, nil
	}
	if !c.ev.Changes() {
		return c, nil
	}
	if c.leads = e.observer.Leads(&c.ev); c.leads {
		e.leading++
	}
	c.ev.Outcome.State = event.Pending
	return c, e.Tell(&c.ev)
}

// tsync is SECCOMP_FILTER_FLAG_TSYNC: the filter is for all threads of the process.
const tsync = 1

// stopAlways has a process, and what it will make, stop at every call from here on: it is
// about to install a filter with a listener, and what that takes never gets to the
// engine's own. Threads that run are brought to a stop, so that they go on so, too. With
// TSYNC one of them can be under the new filter before that.
func (e *engine) stopAlways(t *task, c *observe.Call) {
	t.process.everyCall = true
	for _, other := range e.tasks {
		if other.process != t.process || other == t {
			continue
		}
		request(unix.PTRACE_INTERRUPT, other.TID, 0, 0)
		if c.Args[1]&tsync != 0 {
			e.Incomplete(t.pid(), event.Listener, "seccomp for all threads")
		}
	}
}

// follow takes CLONE_UNTRACED off a clone(2) or clone3(2): without it the child is
// watched like any other. It reports whether there is still something to tell: that it
// could not be done, or another reason.
func (e *engine) follow(t *task, d *decode.Call, c *observe.Call) bool {
	if !e.takeUntraced(t, d, c) {
		if d.Reason != event.NotFollowed {
			e.Incomplete(t.pid(), event.NotFollowed, d.Detail)
		}
		return true
	}
	return d.Reason != event.NotFollowed
}

// takeUntraced takes the flag away, which is in an argument, or first in a struct
// clone_args.
func (e *engine) takeUntraced(t *task, d *decode.Call, c *observe.Call) bool {
	abi := syscalls.ABIOf(c.Arch, c.Nr)
	if d.Spec.Style == syscalls.CloneArgs {
		at := c.Args[0]
		if abi == syscalls.I386 {
			at = uint64(uint32(at))
		}
		var flags [8]byte
		if e.observer.Memory.Read(at, flags[:]) != nil {
			return false
		}
		binary.LittleEndian.PutUint64(flags[:], binary.LittleEndian.Uint64(flags[:])&^syscalls.CloneUntraced)
		return e.observer.Memory.Write(at, flags[:]) == nil
	}
	var r registers
	if getRegisters(t.TID, &r) != nil {
		return false
	}
	setFirst(&r, abi, c.Args[0]&^syscalls.CloneUntraced)
	return setRegisters(t.TID, &r) == nil
}

// refuse keeps the call from being made. Its exit will be given the error.
func (e *engine) refuse(t *task) {
	var r registers
	if getRegisters(t.TID, &r) == nil && cancelCall(t.TID, &r) == nil {
		return
	}
	e.Incomplete(t.pid(), event.NotModelled, "a call that could not be refused")
}

// restarted is the first of the error numbers by which the kernel tells itself to
// make an interrupted call anew (include/linux/errno.h); the step never sees them.
const restarted, restartedLast = 512, 516

// exit tells the outcome of a call.
func (e *engine) exit(t *task, info *syscallInfo) {
	c := t.call
	e.led(c)
	t.call, t.toExit, t.entered = nil, false, false
	if c != nil && c.refused != 0 {
		var r registers
		if getRegisters(t.TID, &r) == nil {
			setResult(&r, -int64(c.refused))
			setRegisters(t.TID, &r)
		}
		c = nil
	}
	if c != nil {
		c.ev.Outcome = event.Outcome{}
		if info.failed() {
			errno := event.Errno(-info.result())
			if errno >= restarted && errno <= restartedLast {
				errno = event.EINTR
			}
			c.ev.Outcome = event.Fail(errno)
		} else if info.result() == c.nr && trapped(t.TID) {
			c.ev.Outcome = event.Fail(event.EINTR) // a filter of the step's own has kept it from happening
		}
		e.outcome(t, c, info.result())
	}
	e.resume(t, 0)
}

// outcome tells a call whose outcome is in its event.
func (e *engine) outcome(t *task, c *call, result int64) {
	failed := c.ev.Outcome.State == event.Failed
	if !e.started {
		return // the command is to be given to the shell, or cannot be executed
	}
	switch c.ev.Op {
	case event.Incomplete:
		if failed || c.lists && result == 0 {
			if !observe.LookedUp(&c.ev) {
				return
			}
		}
	case event.Dup:
		c.ev.Descriptor2 = 0
		if !failed {
			c.ev.Descriptor2 = int(result)
		}
	}
	if failed && c.ev.Outcome.Errno == event.EINTR && !c.ev.Changes() {
		return // it will be made anew, and told then
	}
	e.Tell(&c.ev)
	loads := observe.Told(c.loads, c.ev.Outcome)
	for i := range loads {
		e.Tell(&loads[i])
	}
}

// executed handles the report of a successful exec. If a thread other than the
// leader has called it, it is the leader now, and all others are gone.
func (e *engine) executed(t *task) {
	former, err := getMessage(t.TID)
	if err == nil && former != t.TID {
		if f := e.tasks[former]; f != nil {
			e.led(t.call)
			t.call = f.call
			f.finished = true
			delete(e.tasks, former)
		}
	}
	for id, other := range e.tasks {
		if other.process == t.process && other != t {
			e.led(other.call)
			other.finished = true
			delete(e.tasks, id)
		}
	}
	c := t.call
	t.call = nil
	// The exit of the call is still to come, with nothing to tell.
	t.toExit, t.entered, t.assumed = false, false, false
	if !e.started {
		e.launched(t)
		if c != nil {
			c.ev.Seq = e.Next()
		}
	}
	if c == nil || c.ev.Op != event.Exec {
		e.Incomplete(t.pid(), event.Lost, "an exec that was not seen before it was made")
	} else {
		t.process.Executed(t.TID, &c.ev)
		c.ev.Outcome = event.Outcome{}
		e.outcome(t, c, 0)
		// A privileged tracer does not take the rights away.
		if (!e.privileged || e.noNewPrivs) && observe.SetID(c.ev.Name.Path) {
			e.Incomplete(t.pid(), event.SetID, c.ev.Name.Path)
		}
	}
	e.resume(t, 0)
}

// led is told that a call has come to its end, or its thread has. Names lead elsewhere from some
// time after its entry on: others can see that, and be reported, before the call's own exit is.
// So from the one to the other the resolver forgets before each call of anybody's.
func (e *engine) led(c *call) {
	if c != nil && c.leads {
		c.leads = false
		e.leading--
		e.observer.Resolver.Clear()
	}
}

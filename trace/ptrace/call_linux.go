//go:build amd64 || arm64

package ptrace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"deptrace/trace/decode"
	"deptrace/trace/event"
	"deptrace/trace/resolve"
	"deptrace/trace/syscalls"
	"deptrace/trace/tracee"
)

// call is a system call between its entry and its exit.
type call struct {
	ev    event.Event
	loads []event.Event // of an Exec: the interpreters that it needs
	// zeroIsNone is that of the call's row (syscalls.Spec).
	zeroIsNone bool
	// refused is the error that the call gets instead of being made.
	refused uint16
}

// syscallStop handles the stop at a call's entry or exit, or that of the filter.
func (e *engine) syscallStop(t *task) {
	var info syscallInfo
	if err := getInfo(t.tid, &info); err != nil {
		if err != syscall.ESRCH {
			e.incomplete(t.process.pid, event.Lost, "ptrace get_syscall_info: "+err.Error())
		}
		e.resume(t, 0)
		return
	}
	if info.op == infoExit {
		e.exit(t, &info)
		return
	}
	e.enter(t, &info)
}

// enter decodes the call that the thread is about to make, resolves its names and
// tells it, unless it is to be told with its outcome.
func (e *engine) enter(t *task, info *syscallInfo) {
	t.call, t.toExit = nil, false
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
	abi := syscalls.ABIOf(info.arch, info.nr())
	if abi != native {
		if !e.told[event.ABINotModelled] {
			e.told[event.ABINotModelled] = true
			e.incomplete(t.process.pid, event.ABINotModelled, fmt.Sprintf("%v in %s", abi, t.process.name))
		}
		return nil, nil
	}
	args := info.args()
	spec := syscalls.Lookup(abi, info.nr())
	if told, reads := e.c.Options.Matters(spec, args); !told && !reads {
		return nil, nil // ptrace-slow stops here, too
	}
	if spec.Refuse != 0 && e.c.EveryCall {
		e.refuse(t)
		return &call{refused: spec.Refuse}, nil
	}
	e.memory.Thread = t.tid
	d, ok, err := decode.Decode(abi, info.nr(), args, &e.memory)
	if err != nil && !errors.Is(err, decode.ErrFault) && !errors.Is(err, syscall.ESRCH) {
		e.incomplete(t.process.pid, event.Memory, t.process.name)
	}
	if err == nil && d.Reads {
		e.readsStdin(t)
	}
	if ok && d.Reason == event.NotFollowed && e.followed(t, &d, &args) {
		if d, ok, err = decode.Decode(abi, info.nr(), args, &e.memory); err != nil {
			ok = false
		}
	}
	if !ok || d.Op == event.None || spec.OnDemand && !e.c.Options.Descriptors {
		return nil, nil
	}
	c := &call{zeroIsNone: spec.ZeroIsNone}
	looked, ok := e.event(t, &d, &c.ev)
	if !ok {
		return nil, nil
	}
	if d.Op == event.Exec && looked.State == event.OK {
		e.loads(t, &d, c)
	}
	if spec.When == syscalls.AtEntry {
		c.ev.Outcome = looked
		e.tell(&c.ev)
		return nil, nil
	}
	if !c.ev.Changes() {
		return c, nil
	}
	c.ev.Outcome.State = event.Pending
	return c, e.tell(&c.ev)
}

// readsStdin tells, once, that the step reads from its standard input, where that is
// a pipe or the like and has not been replaced since.
func (e *engine) readsStdin(t *task) {
	if !e.told[event.Stdin] && tracee.Raw(t.tid, 0) == e.c.Stdin {
		e.told[event.Stdin] = true
		e.incomplete(t.process.pid, event.Stdin, "")
	}
}

// followed takes CLONE_UNTRACED off a clone(2) or clone3(2): without it the child is
// watched like any other. The flag is in an argument, or first in a struct
// clone_args.
func (e *engine) followed(t *task, d *decode.Call, args *[6]uint64) bool {
	if d.Spec.Style == syscalls.CloneArgs {
		var flags [8]byte
		if e.memory.Read(args[0], flags[:]) != nil {
			return false
		}
		binary.LittleEndian.PutUint64(flags[:], binary.LittleEndian.Uint64(flags[:])&^syscalls.CloneUntraced)
		return e.memory.Write(args[0], flags[:]) == nil
	}
	var r registers
	if getRegisters(t.tid, &r) != nil {
		return false
	}
	args[0] &^= syscalls.CloneUntraced
	setFirst(&r, args[0])
	return setRegisters(t.tid, &r) == nil
}

// refuse keeps the call from being made. Its exit will be given the error.
func (e *engine) refuse(t *task) {
	var r registers
	if getRegisters(t.tid, &r) == nil && cancelCall(t.tid, &r) == nil {
		return
	}
	e.incomplete(t.process.pid, event.NotModelled, "a call that could not be refused")
}

// restarted is the first of the error numbers by which the kernel tells itself to
// make an interrupted call anew (include/linux/errno.h); the step never sees them.
const restarted, restartedLast = 512, 516

// exit tells the outcome of a call.
func (e *engine) exit(t *task, info *syscallInfo) {
	c := t.call
	t.call, t.toExit = nil, false
	if c != nil && c.refused != 0 {
		var r registers
		if getRegisters(t.tid, &r) == nil {
			setResult(&r, -int64(c.refused))
			setRegisters(t.tid, &r)
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
		}
		e.outcome(t, c, info.result())
	}
	e.resume(t, 0)
}

// outcome tells a call whose outcome is in its event.
func (e *engine) outcome(t *task, c *call, result int64) {
	failed := c.ev.Outcome.State == event.Failed
	switch c.ev.Op {
	case event.Incomplete:
		if failed || c.zeroIsNone && result == 0 {
			if c.ev.Name.Path == "" {
				return
			}
			// Nothing happened, but the name was looked up.
			c.ev.Op, c.ev.Reason, c.ev.Detail = event.Access, "", ""
		}
	case event.Dup:
		c.ev.Descriptor2 = 0
		if !failed {
			c.ev.Descriptor2 = int(result)
		}
	case event.Rename:
		if !failed {
			e.resolver.Renamed(c.ev.Name.Path, c.ev.Name2.Path)
		}
	case event.Rmdir, event.Unlink:
		if !failed {
			e.resolver.Removed(c.ev.Name.Path, c.ev.Op == event.Rmdir)
		}
	}
	if failed && c.ev.Outcome.Errno == event.EINTR && !c.ev.Changes() {
		return // it will be made anew, and told then
	}
	e.tell(&c.ev)
	if failed && c.ev.Outcome.Errno == event.EACCES {
		return // the kernel has read neither the program nor its interpreters
	}
	for i := range c.loads {
		if failed && c.loads[i].Op == event.Incomplete {
			continue
		}
		c.loads[i].Seq = e.next()
		e.tell(&c.loads[i])
	}
}

// event fills ev from a decoded call. ok is false if there is nothing to tell. looked is
// the outcome that the kernel is about to find, as far as the walk can tell.
func (e *engine) event(t *task, d *decode.Call, ev *event.Event) (looked event.Outcome, ok bool) {
	*ev = event.Event{
		Process: t.process.pid, Op: d.Op, Flags: d.Flags, Target: d.Target, Size: d.Size, Address: d.Address,
		Descriptor: d.Descriptor, Descriptor2: d.Descriptor2, Reason: d.Reason, Detail: d.Detail,
	}
	var r resolve.Result
	if d.Has {
		if r, ok = e.name(t, d.Name, &ev.Name); !ok {
			switch d.Op {
			case event.Incomplete, event.Connect:
			case event.Exec, event.LinkTo:
				// A file without a name can be run, and be given one.
			default:
				return event.Outcome{}, false
			}
		}
	}
	if d.Has2 {
		r2, ok := e.name(t, d.Name2, &ev.Name2)
		if !ok {
			return event.Outcome{}, false
		}
		upToMissing(r2, &ev.Name2)
	}
	if ev.Changes() {
		upToMissing(r, &ev.Name)
	}
	if d.Address == "unix:" {
		ev.Address += ev.Name.Path
	}
	ev.Seq = e.next()
	if r.Err != 0 {
		return event.Fail(r.Err), true
	}
	if d.Op == event.Exec && r.Type == resolve.Link {
		return event.Fail(event.ELOOP), true // not followed
	}
	if d.Op == event.Access && d.Flags&event.Directory != 0 && r.Type != resolve.Directory {
		return event.Fail(event.ENOTDIR), true // chdir
	}
	if d.Op == event.Readlink {
		if r.Type != resolve.Link {
			return event.Fail(event.EINVAL), true
		}
		ev.Target, _ = resolve.OS{}.Readlink(r.Path)
	}
	return event.Outcome{}, true
}

// upToMissing cuts a name at the directory that is not there. What a step wanted to
// make in it cannot matter: mkstemp(3) makes up a name for each try.
func upToMissing(r resolve.Result, name *event.Name) {
	if r.Missing != "" {
		name.Path = r.Missing
	}
}

// name resolves a name of a call. ok is false if it names nothing in the file
// system, or nothing at all.
func (e *engine) name(t *task, n decode.Name, to *event.Name) (r resolve.Result, ok bool) {
	if n.Self {
		p, err := e.directory(t, n.Dir)
		if err != nil {
			return r, false
		}
		to.Path = p
		r.Type, r.Err = resolve.OS{}.Type(p)
		r.Path = p
		return r, true
	}
	if n.Text == "" {
		return r, false // ENOENT, whatever is there
	}
	to.Spelled = n.Text
	if n.Text[0] != '/' {
		base, err := e.directory(t, n.Dir)
		var removed *tracee.Removed
		switch {
		case err == nil:
		case errors.As(err, &removed) && (n.Text == ".." || strings.HasPrefix(n.Text, "../")):
			base = removed.Path
		default:
			return r, false // EBADF, or nothing can be found in a directory that is gone
		}
		to.Base = base
	}
	r = e.resolver.Resolve(resolve.Request{
		Base: to.Base, Spelled: n.Text, Follow: !n.NoFollow,
		Self: t.process.self, Thread: t.self,
	})
	to.Path, to.Links, to.Ups = r.Path, r.Links, r.Ups
	if r.Err == event.ENAMETOOLONG && len(n.Text) < pathMax && len(to.Base)+len(n.Text) >= pathMax {
		// The kernel walks from the directory and does not mind; a look from here has
		// to spell the whole way.
		e.incomplete(t.process.pid, event.Lost, "a path longer than 4096 bytes")
	}
	return r, r.Path != ""
}

// pathMax is PATH_MAX (linux/limits.h).
const pathMax = 4096

// directory returns the path of a descriptor or of the working directory. A process
// that has made itself undumpable (prctl(2)) shows them to privileged tracers only:
// that is told.
func (e *engine) directory(t *task, fd int) (p string, err error) {
	if fd == decode.CWD {
		p, err = tracee.Cwd(t.tid)
	} else {
		p, err = tracee.Descriptor(t.tid, fd)
	}
	var removed *tracee.Removed
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ESRCH):
	case errors.Is(err, tracee.ErrNameless), errors.As(err, &removed):
	case errors.Is(err, fs.ErrPermission):
		e.incomplete(t.process.pid, event.Memory, t.process.name)
	default: // longer than the kernel can say
		e.incomplete(t.process.pid, event.Lost, "a directory of "+t.process.name+": "+err.Error())
	}
	return p, err
}

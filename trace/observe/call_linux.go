//go:build amd64 || arm64

package observe

import (
	"errors"
	"fmt"
	"syscall"

	"deptrace/trace/decode"
	"deptrace/trace/event"
	"deptrace/trace/resolve"
	"deptrace/trace/syscalls"
	"deptrace/trace/tracee"
)

// Call is a system call as seccomp and PTRACE_GET_SYSCALL_INFO tell it.
type Call struct {
	Arch uint32 // an AUDIT_ARCH value
	Nr   uint64
	Args [6]uint64
}

// Decode decodes a call. ok is false if it is not to be told. Whether it reads a
// standard input that counts, or is of an ABI that is not modelled, is told to gap. It has
// to be asked of each call that is seen: what is remembered of directories depends on them.
func (o *Observer) Decode(t *Thread, c Call) (d decode.Call, ok bool) {
	t.Process.calls(t.TID)
	abi := syscalls.ABIOf(c.Arch, c.Nr)
	if !syscalls.Knows(syscalls.Native(), abi) {
		o.once(t, event.ABINotModelled, fmt.Sprintf("%v in %s", abi, t.Process.Name))
		return d, false
	}
	spec := syscalls.Lookup(abi, c.Nr)
	told, reads := o.options.Matters(spec, c.Args)
	if !told && !reads {
		return d, false
	}
	o.Memory.Thread = t.TID
	d, ok, err := decode.Decode(abi, c.Nr, c.Args, &o.Memory)
	switch {
	case spec.Moves:
		t.Process.goes(t.TID)
	case spec.Op == event.Exec && t.TID != t.Process.PID:
		t.Process.goes(several) // it gets the number of the leader, which can be elsewhere
	case d.Shares || d.Numbered:
		o.unsure = true
	}
	if err != nil && !errors.Is(err, decode.ErrFault) && !errors.Is(err, syscall.ESRCH) {
		o.gap(t.Process, event.Memory, t.Process.Name)
	}
	if err == nil && reads && d.Reads {
		// It may be one that the step has put in its place.
		if now, seen := tracee.Raw(t.TID, 0); !seen {
			o.once(t, event.Stdin, "")
		} else {
			o.readsFrom(t, now)
		}
	}
	return d, ok && d.Op != event.None && (!spec.OnDemand || o.options.Descriptors)
}

// LookedUp makes of an Incomplete whose call came to nothing what is left of it: a lookup of
// its name. It reports false if there is no name.
func LookedUp(ev *event.Event) bool {
	if ev.Name.Path == "" {
		return false
	}
	ev.Op, ev.Reason, ev.Detail = event.Access, "", ""
	return true
}

// opensGiven tells of a pipe or the like that the command was given and that is opened by a
// name (/dev/stdin, /proc/self/fd/0, a shell's <(command)): it can be read from then on by any
// number.
func (o *Observer) opensGiven(t *Thread, n decode.Name) {
	if o.stdin == "" && len(o.pipes) == 0 || n.Self {
		return
	}
	if target, err := tracee.Readlink(opened(t, n)); err == nil {
		o.readsFrom(t, target)
	}
}

// readsFrom tells that the step reads from what proc calls by a name, if it was given that.
func (o *Observer) readsFrom(t *Thread, given string) {
	switch detail, ok := o.pipes[given]; {
	case given == o.stdin && given != "":
		o.once(t, event.Stdin, "")
	case ok:
		delete(o.pipes, given) // each is told once
		o.gap(t.Process, event.Pipe, detail)
	}
}

// once tells a gap that is told once a step.
func (o *Observer) once(t *Thread, r event.Reason, detail string) {
	if !o.told[r] {
		o.told[r] = true
		o.gap(t.Process, r, detail)
	}
}

// Leads reports whether names lead elsewhere, or nowhere, once the event has happened: what it
// renames or removes is a directory or a link, or it changes who may go through a directory.
// The file is looked at, and not what the resolver remembers of its path: the same one can be
// known by another path. So it has to be asked before.
func (o *Observer) Leads(ev *event.Event) bool {
	moves := ev.Op == event.Rename || ev.Op == event.Rmdir || ev.Op == event.Unlink
	if !moves && ev.Op != event.Chmod && ev.Op != event.Chown {
		return false
	}
	for _, p := range [...]string{ev.Name.Path, ev.Name2.Path} {
		if p == "" {
			continue
		}
		if t, _ := (resolve.OS{}).Type(p); t == resolve.Directory || moves && t == resolve.Link {
			return true
		}
	}
	return false
}

//go:build amd64 || arm64

package observe

import (
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"

	"deptrace/trace/decode"
	"deptrace/trace/event"
	"deptrace/trace/resolve"
	"deptrace/trace/syscalls"
	"deptrace/trace/tracee"
)

// Thread is a thread that stands still in a call.
type Thread struct {
	TID     int
	Process *Process
	// Own is what it calls /proc/thread-self: "123/task/125".
	Own string

	cwd remembered
}

// Process is a thread group.
type Process struct {
	PID  int
	Self string // what it calls /proc/self: "123"
	Name string // of its program, for messages

	chdirs chdirs
}

// NewProcess returns a process that runs a program.
func NewProcess(pid int, name string) *Process {
	return &Process{PID: pid, Self: strconv.Itoa(pid), Name: name}
}

// NewThread returns a thread of a process.
func NewThread(tid int, p *Process) *Thread {
	return &Thread{TID: tid, Process: p, Own: p.Self + "/task/" + strconv.Itoa(tid)}
}

// Observer looks at calls. It must not be used by two goroutines at a time.
type Observer struct {
	Resolver *resolve.Resolver
	Memory   tracee.Memory

	links   tracee.Links
	options syscalls.Options
	stdin   string
	pipes   map[string]string
	// gap is told what cannot be seen of a process's call.
	gap    Gap
	told   map[event.Reason]bool
	unsure bool // see Unsure
	// processes are those of the step that are known.
	processes func() []int
}

// Gap is told why a record is not complete.
type Gap func(p *Process, r event.Reason, detail string)

// New returns an Observer of the calls that the options are about. stdin is what proc
// calls a standard input from which reading is to be told (syscalls.Options.Stdin), pipes are
// others, with the text to be told.
// processes gives the step's processes, as far as they are known.
func New(options syscalls.Options, stdin string, pipes map[string]string, gap Gap, processes func() []int) *Observer {
	return &Observer{
		Resolver: resolve.New(resolve.OS{}), options: options, stdin: stdin, pipes: pipes, gap: gap, told: make(map[event.Reason]bool), processes: processes,
		unsure: fewNumbers(),
	}
}

// Event fills ev, all but Seq and Outcome, from a decoded call. ok is false if there is
// nothing to tell. looked is the outcome that the kernel is about to find, as far as
// the walk can tell.
func (o *Observer) Event(t *Thread, d *decode.Call, ev *event.Event) (looked event.Outcome, ok bool) {
	*ev = event.Event{
		Process: t.Process.PID, Op: d.Op, Flags: d.Flags, Target: d.Target, Size: d.Size, Address: d.Address,
		Descriptor: d.Descriptor, Descriptor2: d.Descriptor2, Reason: d.Reason, Detail: d.Detail,
	}
	var r resolve.Result
	if d.Has {
		if r, ok = o.name(t, d.Name, &ev.Name); !ok {
			switch d.Op {
			case event.Open:
				o.opensGiven(t, d.Name)
				return event.Outcome{}, false
			case event.Incomplete, event.Connect:
			case event.Exec, event.LinkTo:
				// A file without a name can be run, and be given one.
			default:
				return event.Outcome{}, false
			}
		}
	}
	var r2 resolve.Result
	if d.Has2 {
		if r2, ok = o.name(t, d.Name2, &ev.Name2); !ok {
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
	o.serves(t, ev)
	if d.Op == event.Open && ev.Flags&event.Write != 0 && setsNumbers(ev.Name.Path) {
		o.unsure = true
	}
	if r.Err != 0 && (r.Err != event.ENOENT || r.Missing != "" || !makes(ev)) {
		return event.Fail(r.Err), true
	}
	if r2.Missing != "" {
		return event.Fail(r2.Err), true
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
		switch r.Path { // links that lead each process elsewhere
		case "/proc/self":
			ev.Target = t.Process.Self
		case "/proc/thread-self":
			ev.Target = t.Own
		default:
			ev.Target, _ = o.links.Read(r.Path)
		}
	}
	return event.Outcome{}, true
}

// makes reports whether the operation makes what is not there.
func makes(ev *event.Event) bool {
	switch ev.Op {
	case event.Open:
		return ev.Flags&event.Create != 0
	case event.Mkdir, event.Symlink, event.Mknod, event.Bind:
		return true
	}
	return false
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
func (o *Observer) name(t *Thread, n decode.Name, to *event.Name) (r resolve.Result, ok bool) {
	if n.Self {
		p, err := o.directory(t, n.Dir)
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
		base, err := o.directory(t, n.Dir)
		if err != nil {
			var removed *tracee.Removed
			if !errors.As(err, &removed) || n.Text != ".." && !strings.HasPrefix(n.Text, "../") {
				return r, false // EBADF, or nothing can be found in a directory that is gone
			}
			base = removed.Path
		}
		to.Base = base
	}
	r = o.Resolver.Resolve(resolve.Request{
		Base: to.Base, Spelled: n.Text, Follow: !n.NoFollow,
		Beneath: n.Beneath, NoLinks: n.NoLinks, NoJumps: n.NoJumps,
		Self: t.Process.Self, Thread: t.Own,
	})
	to.Path, to.Links, to.Ups = r.Path, r.Links, r.Ups
	if n.NoLinks && len(r.Links) == 0 {
		// As a link each of the directories would refuse the lookup.
		to.Ups = slices.Clip(to.Ups)
		for dir := path.Dir(r.Path); dir != "/" && dir != "." && dir != to.Base; dir = path.Dir(dir) {
			to.Ups = append(to.Ups, dir)
		}
	}
	if r.Err == event.ENAMETOOLONG && len(n.Text) < pathMax && len(to.Base)+len(n.Text) >= pathMax {
		// The kernel walks from the directory and does not mind; a look from here has
		// to spell the whole way.
		o.gap(t.Process, event.Lost, "a path longer than 4096 bytes")
	}
	return r, r.Path != ""
}

// pathMax is PATH_MAX (linux/limits.h).
const pathMax = 4096

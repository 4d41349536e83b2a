//go:build amd64 || arm64

package ptrace

import (
	"fmt"
	"os"
	"path"
	"strings"

	"deptrace/trace/decode"
	"deptrace/trace/event"
	"deptrace/trace/resolve"
	"deptrace/trace/tracee"

	"golang.org/x/sys/unix"
)

// firstExec tells the exec of the command itself, which happened before the engine
// watched it.
func (e *engine) firstExec(t *task) {
	dir := e.c.Dir
	if cwd, err := tracee.Cwd(t.tid); err == nil {
		dir = cwd
	}
	d := decode.Call{Op: event.Exec, Has: true, Name: decode.Name{Dir: decode.CWD, Text: e.c.Path}}
	c := &call{ev: event.Event{Op: event.Exec, Process: t.process.pid, Seq: e.next()}}
	c.ev.Name = event.Name{Spelled: e.c.Path, Base: dir}
	if _, ok := e.name(t, d.Name, &c.ev.Name); !ok {
		e.incomplete(t.process.pid, event.Lost, "the name of "+e.c.Path)
		return
	}
	e.loads(t, &d, c)
	t.process.name = path.Base(e.c.Path)
	e.outcome(t, c, 0)
	e.setID(t, c.ev.Name.Path)
}

// executed handles the report of a successful exec. If a thread other than the
// leader has called it, it is the leader now, and all others are gone.
func (e *engine) executed(t *task) {
	former, err := getMessage(t.tid)
	if err == nil && former != t.tid {
		if f := e.tasks[former]; f != nil {
			t.call = f.call
			f.finished = true
			delete(e.tasks, former)
		}
	}
	for id, other := range e.tasks {
		if other.process == t.process && other != t {
			other.finished = true
			delete(e.tasks, id)
		}
	}
	c := t.call
	t.call = nil
	// The exit of the call is still to come, with nothing to tell.
	t.toExit = false
	if c != nil && c.ev.Op == event.Exec {
		t.process.name = path.Base(c.ev.Name.Path)
		if c.ev.Name.Path == "" {
			t.process.name = tracee.Command(t.tid)
		}
		c.ev.Outcome = event.Outcome{}
		e.outcome(t, c, 0)
		e.setID(t, c.ev.Name.Path)
	}
	e.resume(t, 0)
}

// setID tells that a set-id program runs without the rights that it should have.
func (e *engine) setID(t *task, p string) {
	if os.Geteuid() == 0 && !e.noNewPrivs {
		return // a privileged tracer does not take them away
	}
	var st unix.Stat_t
	if unix.Stat(p, &st) == nil && st.Mode&unix.S_IFREG != 0 && st.Mode&(unix.S_ISUID|unix.S_ISGID) != 0 {
		e.incomplete(t.process.pid, event.SetID, p)
	}
}

// maxInterpreters is how deep "#!" lines may lead (fs/exec.c).
const maxInterpreters = 5

// loads finds the files that the kernel reads besides the program itself: the
// interpreters of "#!" lines, and that of an ELF file.
func (e *engine) loads(t *task, d *decode.Call, c *call) {
	p := c.ev.Name.Path
	if p == "" {
		p = e.opened(t, d.Name)
	}
	for depth := 0; depth < maxInterpreters; depth++ {
		kind, interpreter := inspect(p)
		switch kind {
		case script:
			if depth == 0 {
				c.ev.Flags |= event.Script
			}
		case foreign:
			c.loads = append(c.loads, event.Event{Op: event.Incomplete, Process: t.process.pid,
				Reason: event.NotModelled, Detail: "binfmt_misc interpreter of " + p})
			return
		case unreadable:
			if c.ev.Name.Path != "" {
				c.loads = append(c.loads, event.Event{Op: event.Incomplete, Process: t.process.pid,
					Reason: event.Unreadable, Detail: p})
			}
			return
		}
		if interpreter == "" {
			return
		}
		load := event.Event{Op: event.Load, Process: t.process.pid}
		r, ok := e.name(t, decode.Name{Dir: decode.CWD, Text: interpreter}, &load.Name)
		if !ok {
			return
		}
		if r.Err != 0 {
			load.Outcome = event.Fail(r.Err)
		}
		c.loads = append(c.loads, load)
		if r.Err != 0 || r.Type != resolve.Else || kind == elfFile {
			return
		}
		p = load.Name.Path
	}
}

// opened returns a way to a file without a name that a process has open: by its
// descriptor, or by what the process calls /proc/self/fd/N or /dev/fd/N.
func (e *engine) opened(t *task, n decode.Name) string {
	own := fmt.Sprintf("/proc/%d", t.process.pid)
	if n.Self {
		return fmt.Sprintf("%s/fd/%d", own, n.Dir)
	}
	for prefix, to := range map[string]string{"/proc/self": own, "/dev/fd": own + "/fd"} {
		if rest, ok := strings.CutPrefix(n.Text, prefix+"/"); ok {
			return to + "/" + rest
		}
	}
	return n.Text
}

// programKind is what the kernel takes an executable file for.
type programKind int

const (
	unreadable programKind = iota
	script
	elfFile
	foreign // something that only binfmt_misc can run, if it runs
)

// inspect reads what kind of program p is, and the interpreter that it names.
func inspect(p string) (programKind, string) {
	fd, err := unix.Open(p, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return unreadable, ""
	}
	defer unix.Close(fd)
	var head [256]byte // BINPRM_BUF_SIZE
	n, err := unix.Pread(fd, head[:], 0)
	if err != nil {
		return unreadable, ""
	}
	switch b := head[:n]; {
	case n >= 2 && b[0] == '#' && b[1] == '!':
		line, _, _ := strings.Cut(string(b[2:]), "\n")
		line = strings.TrimLeft(line, " \t")
		if end := strings.IndexAny(line, " \t\x00"); end >= 0 {
			line = line[:end]
		}
		return script, line
	case n >= 64 && string(b[:4]) == "\x7fELF":
		return elfFile, elfInterpreter(descriptor(fd), b)
	}
	return foreign, ""
}

// descriptor reads at an offset, without the cost of an os.File.
type descriptor int

func (d descriptor) ReadAt(b []byte, at int64) (int, error) { return unix.Pread(int(d), b, at) }

//go:build amd64 || arm64

package observe

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"deptrace/trace/decode"
	"deptrace/trace/event"
	"deptrace/trace/resolve"
	"deptrace/trace/tracee"

	"golang.org/x/sys/unix"
)

// SetID reports whether the program at p is a set-id one.
func SetID(p string) bool {
	var st unix.Stat_t
	return unix.Stat(p, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFREG && st.Mode&(unix.S_ISUID|unix.S_ISGID) != 0
}

// maxInterpreters is how deep "#!" lines may lead (fs/exec.c).
const maxInterpreters = 5

// Loads returns, as events without a Seq, the files that the kernel reads for an Exec
// besides the program itself: the interpreters of "#!" lines, and that of an ELF file.
// An Incomplete among them is meant for the case that the exec succeeds. It sets the flag
// Script of ev.
func (o *Observer) Loads(t *Thread, d *decode.Call, ev *event.Event) (loads []event.Event) {
	p := ev.Name.Path
	if p == "" {
		p = opened(t, d.Name)
	}
	for depth := 0; depth < maxInterpreters; depth++ {
		kind, interpreter := inspect(p)
		switch kind {
		case script:
			if depth == 0 {
				ev.Flags |= event.Script
			}
		case foreign:
			loads = append(loads, event.Event{Op: event.Incomplete, Process: t.Process.PID,
				Reason: event.NotModelled, Detail: "binfmt_misc interpreter of " + p})
			return loads
		case unreadable:
			if ev.Name.Path != "" {
				loads = append(loads, event.Event{Op: event.Incomplete, Process: t.Process.PID,
					Reason: event.Unreadable, Detail: p})
			}
			return loads
		}
		if interpreter == "" {
			return loads
		}
		load := event.Event{Op: event.Load, Process: t.Process.PID}
		r, ok := o.name(t, decode.Name{Dir: decode.CWD, Text: interpreter}, &load.Name)
		if !ok {
			return loads
		}
		if r.Err != 0 {
			load.Outcome = event.Fail(r.Err)
		}
		loads = append(loads, load)
		if r.Err != 0 || r.Type != resolve.Else || kind == elfFile {
			return loads
		}
		p = load.Name.Path
	}
	return loads
}

// Told returns which of an exec's loads are to be told once its outcome is known. An exec
// refused with EACCES has read neither the program nor its interpreters, and one that failed
// has run nothing that could not be modelled.
func Told(loads []event.Event, o event.Outcome) []event.Event {
	if o.State != event.Failed {
		return loads
	}
	if o.Errno == event.EACCES {
		return nil
	}
	return slices.DeleteFunc(loads, func(load event.Event) bool { return load.Op == event.Incomplete })
}

// Executed gives a process the name of the program of a successful Exec, which its thread
// tid has called.
func (p *Process) Executed(tid int, ev *event.Event) {
	p.Name = path.Base(ev.Name.Path)
	if ev.Name.Path == "" {
		p.Name = tracee.Command(tid)
	}
}

// opened returns a way to a file without a name that a process has open: by its
// descriptor, or by what the process calls /proc/self/fd/N or /dev/fd/N.
func opened(t *Thread, n decode.Name) string {
	own := fmt.Sprintf("/proc/%d", t.Process.PID)
	if n.Self {
		return fmt.Sprintf("%s/fd/%d", own, n.Dir)
	}
	if n.Text == "/dev/stdin" {
		return own + "/fd/0"
	}
	for prefix, to := range map[string]string{"/proc/self": own, "/dev/fd": own + "/fd"} {
		if rest, ok := strings.CutPrefix(n.Text, prefix+"/"); ok {
			return to + "/" + rest
		}
	}
	switch {
	case path.IsAbs(n.Text):
		return n.Text
	case n.Dir == decode.CWD:
		return own + "/cwd/" + n.Text
	}
	return fmt.Sprintf("%s/fd/%d/%s", own, n.Dir, n.Text)
}

// Interpreter returns the interpreter that the program at p names: that of its "#!" line,
// or of an ELF file; "" if there is none.
func Interpreter(p string) string {
	_, interpreter := inspect(p)
	return interpreter
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

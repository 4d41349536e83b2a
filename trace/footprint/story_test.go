package footprint_test

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"deptrace/trace/event"
	"deptrace/trace/footprint"
)

// A story is a step on a memFS, told so that a test reads like what the step does:
//
//	s := newStory(t)
//	s.file("a.c", "int a;")       // before the step
//	cc := s.fork()
//	cc.exec("/usr/bin/cc")
//	cc.read("a.c")
//	cc.create("a.o", "code")
//	s.want("read /usr/bin/cc exec", "read /w/a.c", "out /w/a.o file")
//
// Every call happens in the file system and is told to a Folder as an engine tells
// it. The step works in /w, which is its root, too, with PATH=/usr/local/bin:/usr/bin,
// and deptrace itself writes *.d.
type story struct {
	*proc // the first process

	t       testing.TB
	fs      *memFS
	keeper  *memKeeper
	options footprint.Options
	// blind tells all operations once, before they happen, with outcome Unknown,
	// and no forks, as an engine does that sees no results.
	blind bool

	folder *footprint.Folder
	print  *footprint.Footprint
	forked bool
	told   *[]string // the events in short, if somebody wants to know
	seq    uint64
	pids   int
	found  map[string]found // before the step, by path
	edited bool             // somebody else has changed something
	used   []*inode         // opened for reading while they held what the step had found
	held   bool             // the step had to wait
}

// found is what was at a path before the step.
type found struct {
	*inode
	state footprint.State
	text  string
}

// proc is a process of a story.
type proc struct {
	*story
	pid  int
	dir  string
	deny event.Errno // what the next call fails with, if not 0
}

const firstPID = 100

func newStory(t testing.TB) *story {
	s := &story{t: t, fs: newMemFS(), pids: firstPID}
	s.fs.place("/w", footprint.Dir, "")
	s.fs.place("/tmp", footprint.Dir, "")
	s.keeper = &memKeeper{fs: s.fs}
	s.options = footprint.Options{FS: s.fs, Keeper: s.keeper, Path: []string{"/usr/local/bin", "/usr/bin"}, Dir: "/w",
		Own: func(path string) bool { return strings.HasSuffix(path, ".d") }}
	s.proc = &proc{story: s, pid: firstPID, dir: "/w"}
	return s
}

// again is another run of the step on what this one has left.
func (s *story) again() *story {
	s.finish()
	n := &story{t: s.t, fs: s.fs, blind: s.blind, options: s.options, pids: firstPID}
	n.keeper = &memKeeper{fs: s.fs}
	if s.options.Keeper != nil {
		n.options.Keeper = n.keeper
	}
	n.proc = &proc{story: n, pid: firstPID, dir: "/w"}
	return n
}

// What is there before the step. A path starts at /w.

func (s *story) place(p string, t footprint.Type, text string) *inode {
	if s.folder != nil {
		s.t.Fatalf("%s: the step has begun", p)
	}
	return s.fs.place(s.abs(p), t, text)
}

func (s *story) file(p, text string)         { s.place(p, footprint.File, text) }
func (s *story) program(p, text string)      { s.place(p, footprint.File, text).exec = true }
func (s *story) emptyDir(p string)           { s.place(p, footprint.Dir, "") }
func (s *story) symbolic(p, target string)   { s.place(p, footprint.Symlink, target) }
func (s *story) device(p string)             { s.place(p, footprint.Other, "").kernel = true }
func (s *story) fifo(p string)               { s.place(p, footprint.Other, "") }
func (s *story) kernelFile(p, text string)   { s.place(p, footprint.File, text).kernel = true }
func (s *story) hardLink(existing, p string) { s.fs.give(s.fs.names[s.abs(existing)], s.abs(p)) }
func (s *story) abs(p string) string {
	if path.IsAbs(p) {
		return p
	}
	return path.Join("/w", p)
}

// begin starts the step, if that has not happened yet.
func (s *story) begin() {
	if s.folder != nil {
		return
	}
	s.found = map[string]found{}
	for p, n := range s.fs.names {
		state, _ := s.fs.Lstat(p)
		s.found[p] = found{n, state, n.text}
	}
	s.folder = footprint.New(s.options)
}

// somebodyElse changes the file system while the step runs.
func (s *story) somebodyElse(do func(fs *memFS)) {
	s.begin()
	s.edited = true
	do(s.fs)
}

// tell tells an event, and waits where the Folder has the step wait.
func (s *story) tell(e event.Event) {
	s.begin()
	if e.Process == firstPID && !s.forked {
		s.forked = true // the command is deptrace's child, which any engine knows
		s.folder.Event(&event.Event{Op: event.Fork, Child: firstPID})
	}
	e.Name.Links = slices.Clone(e.Name.Links)
	if s.told != nil {
		*s.told = append(*s.told, fmt.Sprintln(e.Op, e.Flags, e.Outcome, e.Name.Path, e.Name2.Path, e.Target))
	}
	hold := s.folder.Event(&e)
	clear(e.Name.Links)
	e = event.Event{} // it is the engine's own
	if hold == nil {
		return
	}
	s.held = true
	s.keeper.work()
	select {
	case <-hold:
	case <-time.After(10 * time.Second):
		s.t.Fatal("the step is held up for ever")
	}
}

func (s *story) finish() *footprint.Footprint {
	s.begin()
	if s.print == nil {
		s.print = s.folder.Finish()
		s.keeper.work()
	}
	return s.print
}

// Processes.

func (p *proc) process(pid int) *proc { return &proc{story: p.story, pid: pid, dir: p.dir} }

func (p *proc) fork() *proc {
	p.pids++
	return p.forkAs(p.pids)
}

func (p *proc) forkAs(pid int) *proc {
	if !p.blind {
		p.once(event.Event{Op: event.Fork, Child: pid})
	}
	return p.process(pid)
}

func (p *proc) exit() { p.once(event.Event{Op: event.Exit}) }

// in is the process in another directory.
func (p *proc) in(dir string) *proc {
	real, _, _ := p.fs.walk(p.dir, dir, true)
	return &proc{story: p.story, pid: p.pid, dir: real}
}

// failing is the process with its next call about to fail.
func (p *proc) failing(with event.Errno) *proc {
	return &proc{story: p.story, pid: p.pid, dir: p.dir, deny: with}
}

// Telling calls.

// name is what a path means now.
func (p *proc) name(spelled string, follow bool) (event.Name, event.Errno) {
	n := event.Name{Spelled: spelled}
	if !path.IsAbs(spelled) {
		n.Base = p.dir
	}
	var errno event.Errno
	n.Path, n.Links, errno = p.fs.walk(p.dir, spelled, follow)
	return n, errno
}

// once tells an operation that has happened.
func (p *proc) once(e event.Event) {
	p.seq++
	e.Seq, e.Process = p.seq, p.pid
	p.tell(e)
}

// call makes a call and tells it.
func (p *proc) call(e event.Event, do func() event.Errno) event.Errno {
	p.begin()
	p.seq++
	e.Seq, e.Process = p.seq, p.pid
	if p.deny != 0 {
		errno := p.deny
		do = func() event.Errno { return errno }
	}
	if p.blind {
		e.Outcome.State = event.Unknown
		if errno := cmp.Or(p.wayTo(e.Name), p.wayTo(e.Name2)); errno != 0 {
			e.Outcome = event.Fail(errno) // which a look shows
		}
		p.tell(e)
		return do()
	}
	if e.Changes() {
		e.Outcome.State = event.Pending
		p.tell(e)
	}
	errno := do()
	e.Outcome = event.Outcome{}
	if errno != 0 {
		e.Outcome = event.Fail(errno)
	}
	p.tell(e)
	return errno
}

// wayTo is what is wrong with the way to a name.
func (p *proc) wayTo(n event.Name) event.Errno {
	if n.Path == "" || n.Path == "/" {
		return 0
	}
	switch above := p.fs.names[path.Dir(n.Path)]; {
	case above == nil:
		return event.ENOENT
	case above.typ != dirType:
		return event.ENOTDIR
	}
	return 0
}

// one makes a call on one path.
func (p *proc) one(op event.Op, spelled string, f event.Flags, do func(path string) event.Errno) event.Errno {
	name, errno := p.name(spelled, f&event.NoFollow == 0)
	return p.call(event.Event{Op: op, Name: name, Flags: f}, func() event.Errno {
		if errno != 0 {
			return errno
		}
		return do(name.Path)
	})
}

// fresh makes a call that gives something the new name spelled.
func (p *proc) fresh(op event.Op, spelled, target string, do func(path string) event.Errno) event.Errno {
	name, _ := p.name(spelled, false)
	return p.call(event.Event{Op: op, Name: name, Flags: event.NoFollow, Target: target},
		func() event.Errno { return do(name.Path) })
}

// paths are those at which something was before the step, in order.
func (s *story) paths() []string { return slices.Sorted(maps.Keys(s.found)) }

// interpreter returns what the "#!" line of a program names.
func interpreter(text string) string {
	line, ok := strings.CutPrefix(text, "#!")
	if !ok {
		return ""
	}
	line, _, _ = strings.Cut(line, "\n")
	return line
}

const (
	fileType  = footprint.File
	dirType   = footprint.Dir
	linkType  = footprint.Symlink
	otherType = footprint.Other
)

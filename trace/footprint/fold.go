package footprint

import "deptrace/trace/event"

// Options say where a Folder looks and what it need not know.
type Options struct {
	FS FS
	// Keeper saves contents that the step is about to destroy; nil if nobody
	// will ask for a content.
	Keeper Keeper
	// Path are the directories of PATH, as spelled, in which deptrace itself would
	// search a command.
	Path []string
	// Dir is the step's working directory, absolute, links resolved. Spellings are
	// rebased onto it.
	Dir string
	// Own reports whether deptrace itself writes path, an absolute one: then it
	// is neither an input nor an output nor a name in a list. nil: it writes none.
	Own func(path string) bool
	// Tokens is the path of a named pipe from which only tokens come, on which nothing
	// depends that the step makes: that of make's job server. Empty: there is none.
	Tokens string
}

// Folder folds the events of one step. It is an [event.Sink]; its methods must
// not be called at the same time.
type Folder struct {
	o     Options
	nodes map[string]*node
	// inodes finds the names that share a file, for the files seen to have several.
	inodes map[inode][]*node
	// writtenBy finds a path through which the step wrote to a file that has several
	// names: all of them hold what that one does.
	writtenBy map[inode]*node
	// held finds the path whose content was saved by keeping its file open, for the
	// case that the file is written to after all.
	held map[inode]*node
	// started holds, by Seq, what was found where an operation is Pending, until its
	// outcome is told.
	started map[uint64]*change

	processes map[int]*process
	searches  *pathIndex
	programs  map[string]string // name to path
	stdin     string            // see Footprint.Stdin
	bound     map[string]bool   // addresses that the step listens on
	gaps      map[Gap]bool
	uses      map[string]bool
}

// New returns a Folder that has seen nothing yet.
func New(o Options) *Folder {
	if o.Own == nil {
		o.Own = func(string) bool { return false }
	}
	return &Folder{
		o:         o,
		nodes:     make(map[string]*node),
		inodes:    make(map[inode][]*node),
		writtenBy: make(map[inode]*node),
		held:      make(map[inode]*node),
		started:   make(map[uint64]*change),
		processes: make(map[int]*process),
		searches:  newPathIndex(o.Path),
		programs:  make(map[string]string),
		bound:     make(map[string]bool),
		gaps:      make(map[Gap]bool),
		uses:      make(map[string]bool),
	}
}

// Event takes one event. The Hold it returns is closed when the contents that the
// operation is about to destroy have been saved.
func (f *Folder) Event(e *event.Event) event.Hold {
	switch e.Op {
	case event.Incomplete:
		f.gap(e.Reason, e.Detail)
		return nil
	case event.Fork:
		f.fork(e.Process, e.Child)
		return nil
	case event.Exit:
		delete(f.processes, e.Process)
		return nil
	case event.Bind, event.Connect:
		f.socket(e)
		return nil
	}
	if e.Name.Path == "" && e.Name2.Path == "" {
		return nil // signals, descriptors, files without a name
	}
	if e = f.withoutOwn(e); e == nil {
		return nil
	}
	if e.Outcome == event.Fail(event.EINTR) {
		delete(f.started, e.Seq) // it did not happen; if it is made anew, it is told anew
		return nil
	}
	if !e.Changes() {
		if e.Outcome.State != event.Pending {
			f.walked(e)
			return f.look(e)
		}
		return nil
	}
	switch e.Outcome.State {
	case event.Pending:
		return f.before(e)
	case event.Unknown:
		return f.blind(e)
	}
	if f.started[e.Seq] == nil {
		f.before(e) // told once only: too late to save a content
	}
	f.walked(e)
	f.after(e)
	return nil
}

// withoutOwn leaves files that deptrace writes out of an operation: nil, if nothing is
// left of it. The step may be a deptrace, too, which gives a temporary file that could be
// this one's a name that is not.
func (f *Folder) withoutOwn(e *event.Event) *event.Event {
	own, own2 := e.Name.Path != "" && f.o.Own(e.Name.Path), e.Name2.Path != "" && f.o.Own(e.Name2.Path)
	if !own && !own2 {
		return e
	}
	left := *e
	switch {
	case own2 && !own && e.Op == event.Rename:
		left.Op, left.Name2 = event.Unlink, event.Name{}
	case own && !own2 && e.Name2.Path != "":
		// What was left out so far is the step's after all: it begins to exist here.
		if n := f.nodes[e.Name.Path]; n == nil || e.Outcome.State == event.Pending || e.Outcome.State == event.Unknown {
			f.made(e.Name.Path)
		}
		return e
	default:
		return nil
	}
	return &left
}

// walked records the symbolic links that the lookups of e went through.
func (f *Folder) walked(e *event.Event) {
	for _, name := range [...]*event.Name{&e.Name, &e.Name2} {
		for _, p := range name.Ups {
			f.metadata(f.node(p)) // a directory: as a link it would lead elsewhere
		}
		for _, l := range name.Links {
			n := f.node(l.Path)
			if !n.own {
				n.uses |= useLink
				n.walks++
				n.target = l.Target
			}
		}
	}
}

func (f *Folder) gap(r event.Reason, detail string) { f.gaps[Gap{r, detail}] = true }

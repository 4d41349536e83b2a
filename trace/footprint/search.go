package footprint

import (
	"strings"

	"deptrace/trace/event"
)

// PATH counts by its effect, not by its text. A process that looks for a command in
// the directories of PATH, in order, and runs the first one it finds leaves a row of
// failed lookups; what they say together is "cc was found in /usr/bin". The folder
// follows each process along the directories, and when the row ends in the
// program being run (or in one that is known to be found there, or that is asked whether it can
// be run, or at the end of PATH, with nothing found), notes the program and takes its lookups
// off the account of the paths. A shell searches before it
// forks, execvp(3) after: so a child goes on where its parent stood.

// process is what is known of one process.
type process struct {
	parent *process
	// searches are how far the process has come, by name.
	searches map[string]*search
}

// search is a row of failed lookups of one name, from the first directory on.
type search struct {
	next   int       // the directory that is due
	looked int       // how many have been, in their turn
	missed int       // how many were left out
	failed []counted // the lookups so far
	walked []counted // the links that they went through
}

// counted is a node and how often it was met in a row.
type counted struct {
	n     *node
	times int
}

func count(list []counted, n *node) []counted {
	if last := len(list) - 1; last >= 0 && list[last].n == n {
		list[last].times++
		return list
	}
	return append(list, counted{n, 1})
}

// pathIndex finds the place of a directory in PATH.
type pathIndex struct {
	place map[string]int
	dirs  []string
}

func newPathIndex(dirs []string) *pathIndex {
	x := &pathIndex{place: make(map[string]int)}
	for _, d := range dirs {
		if d == "" {
			d = "."
		}
		if len(d) > 1 {
			d = strings.TrimRight(d, "/")
		}
		if _, twice := x.place[d]; !twice {
			x.place[d] = len(x.dirs)
			x.dirs = append(x.dirs, d)
		}
	}
	return x
}

// split returns the place in PATH of the directory that a name is spelled in, and
// the name's last part.
func (x *pathIndex) split(spelled string) (int, string, bool) {
	i := strings.LastIndexByte(spelled, '/')
	if i < 0 || i == len(spelled)-1 {
		return 0, "", false
	}
	place, ok := x.place[strings.TrimRight(spelled[:i], "/")]
	return place, spelled[i+1:], ok
}

func (f *Folder) process(pid int) *process {
	p := f.processes[pid]
	if p == nil {
		p = &process{}
		f.processes[pid] = p
		if pid != 0 {
			p.parent = f.process(0) // deptrace itself, unless a Fork says otherwise
		}
	}
	return p
}

func (f *Folder) fork(parent, child int) {
	f.process(child).parent = f.process(parent)
}

// find returns the search for name that p or the nearest process above it is on.
func (p *process) find(name string) *search {
	for ; p != nil; p = p.parent {
		if s := p.searches[name]; s != nil {
			return s
		}
	}
	return nil
}

// search follows a lookup if it is a step of a search in PATH.
func (f *Folder) search(e *event.Event, n *node) {
	if e.Op != event.Stat && e.Op != event.Access && e.Op != event.Exec {
		return
	}
	place, name, ok := f.searches.split(e.Name.Spelled)
	if !ok {
		return
	}
	p := f.process(e.Process)
	s := p.find(name)
	failed := !n.present || e.Outcome.State == event.Failed
	if e.Op == event.Exec && !failed {
		// A program of the step's own is none that a search could find beforehand: the
		// lookups before it stand for themselves.
		if s != nil {
			f.catchUp(s, place, name)
		}
		if (place == 0 || s != nil && s.next >= place && s.inOrder()) && !n.own {
			f.found(s, name, f.searches.dirs[place]+"/"+name)
		}
		return
	}
	if s == nil {
		s = &search{}
		if f.catchUp(s, place, name); place > s.next {
			return
		}
		if p.searches == nil {
			p.searches = make(map[string]*search)
		}
		p.searches[name] = s
	}
	if f.catchUp(s, place, name); place > s.next {
		return
	}
	if !n.present && !n.own {
		s.failed = count(s.failed, n)
		for _, l := range e.Name.Links {
			s.walked = count(s.walked, f.node(l.Path))
		}
	}
	if place == s.next && failed {
		s.next++
		s.looked++
	}
	if !failed && place <= s.next && s.inOrder() {
		switch dir, known := f.searches.dirs[place], f.programs[name]; {
		case inDirectory(known, dir, name): // gcc looks for itself, where it has been found before
			f.found(s, name, known)
		case e.Op == event.Access && e.Flags&event.Executable != 0 && n.found.Exec && !n.own:
			f.found(s, name, dir+"/"+name) // ld's nm, in case it is needed
		}
	}
	if s.next == len(f.searches.dirs) && s.inOrder() { // by now or before: what looks again explains itself
		f.found(s, name, "")
	}
}

// inDirectory reports whether p is name in dir.
func inDirectory(p, dir, name string) bool {
	return len(p) == len(dir)+1+len(name) && strings.HasPrefix(p, dir) && strings.HasSuffix(p, name)
}

// catchUp lets a search go past one directory in which nothing is. Dash goes on with the
// next one when a signal interrupts its lookup (its handler of SIGCHLD has no SA_RESTART, and
// a child that ends while the next command is searched is the rule in a pipeline); such a
// lookup was not made, and nobody tells of it.
func (f *Folder) catchUp(s *search, place int, name string) {
	if place != s.next+1 || s.missed > 0 {
		return
	}
	left := f.searches.dirs[s.next] + "/" + name
	if st, err := f.o.FS.Lstat(left); left[0] == '/' && err == nil && st.Type == None {
		s.next, s.missed = place, 1
	}
}

// inOrder reports whether so much of a search was seen that what was not can be left open.
func (s *search) inOrder() bool { return s.looked >= 2*s.missed }

// found ends a search: its lookups are explained.
func (f *Folder) found(s *search, name, path string) {
	if old, known := f.programs[name]; !known || old == "" {
		f.programs[name] = path
	}
	if s != nil {
		for _, c := range s.failed {
			c.n.explained += c.times
		}
		for _, c := range s.walked {
			c.n.walksExplained += c.times
		}
		s.failed, s.walked = nil, nil
	}
}

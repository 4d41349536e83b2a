package footprint

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"deptrace/trace/event"
)

// Finish compares every path with what is there now and returns the footprint. The
// Folder must not be used afterwards.
func (f *Folder) Finish() *Footprint {
	r := &Footprint{Stdin: f.stdin}
	f.settleAll()
	f.unfinished()
	for _, n := range f.nodes {
		f.compare(n)
	}
	for _, n := range f.nodes {
		if n.path == f.o.Tokens {
			continue // no two makes have the same
		}
		if n.special {
			r.Specials = append(r.Specials, n.path)
		}
		if n.found.Kernel || n.now.Kernel && n.now.Type != Other {
			continue
		}
		if n.output && !f.o.Own(n.path) {
			f.addOutput(n, r)
		}
		f.addInputs(n, r)
		if n.uses&useFlow != 0 {
			f.gap(event.Pipe, n.path) // what came from there is not known
		}
	}
	for name, path := range f.programs {
		r.Programs = append(r.Programs, Program{name, path})
	}
	for g := range f.gaps {
		r.Incomplete = append(r.Incomplete, g)
	}
	for u := range f.uses {
		r.Uses = append(r.Uses, u)
	}
	slices.SortFunc(r.Inputs, func(a, b Input) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Kind, b.Kind))
	})
	slices.SortFunc(r.Outputs, func(a, b Output) int { return strings.Compare(a.Path, b.Path) })
	slices.SortFunc(r.Programs, func(a, b Program) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(r.Incomplete, func(a, b Gap) int { return strings.Compare(a.String(), b.String()) })
	slices.Sort(r.Uses)
	slices.Sort(r.Specials)
	return r
}

// unfinished tells of operations of which the outcome never came, because their threads were
// killed in them, but which have happened, as it seems: what they have left is not known to be
// the step's. That somebody else has changed the same file since explains what is there now, and
// not what was lost before.
func (f *Folder) unfinished() {
	for _, c := range f.started {
		for i, p := range c.names {
			if p != "" && !f.lstat(p).Same(c.at[i]) {
				f.gap(event.Lost, "what became of a call about "+p)
			}
		}
	}
}

// compare finds out what has become of n.
func (f *Folder) compare(n *node) {
	now, err := f.o.FS.Lstat(n.path)
	if err != nil {
		if n.touched || n.uses != 0 {
			f.gap(event.Unreadable, n.path) // the step has shut it off
		}
		now = n.found // what cannot be looked at has not been seen to change
	}
	n.now = now
	if n.entered && !n.wished && n.found.Type == File && now.Same(n.found) {
		n.own = false // an empty file was truncated, and not every file system notes that
	}
	if n.touched && !n.own && now.Same(n.found) && (n.uses == 0 || n.entered) {
		f.unchanged(n)
	}
	nothing := n.found.Type == None && n.now.Type == None
	changed := n.touched && (n.wished || !n.now.Same(n.found))
	n.temporary = nothing && n.replaced && (!n.wished || f.inTemporary(n))
	n.special = changed && !n.found.Kernel && n.now.Type == Other && (n.found.Type != Other || n.now.Ino != n.found.Ino || n.now.Dev != n.found.Dev)
	n.output = changed && !n.temporary && !n.shared && n.now.Type != Other
	if !n.touched && !n.own && !n.found.Kernel && f.edited(n, n.now) {
		f.gap(event.Edited, n.path)
	}
}

// unchanged notes what it mattered to find at n, if what could have changed it has not.
func (f *Folder) unchanged(n *node) {
	if n.entered && n.found.Type == File {
		f.metadata(n)
	} else {
		f.failed(n)
	}
}

// addOutput adds n, which is an output, to r.
func (f *Folder) addOutput(n *node, r *Footprint) {
	o := Output{Path: n.path, State: n.now, InOut: f.contentMattered(n)}
	empty := n.found.Type == File && n.found.Size == 0 && (n.partial || n.meta) && !n.replaced
	runs := n.found.Exec && n.now.Exec && n.found.Ino == n.now.Ino && !n.moded
	o.Adds = n.now.Type == File && (n.adds || empty)
	o.Needs = n.now.Type != None && (n.needs || runs)
	if n.now.Type == Symlink {
		target, err := f.o.FS.Readlink(n.path)
		if err != nil {
			f.gap(event.Unreadable, n.path)
		}
		o.Target = target
	}
	r.Outputs = append(r.Outputs, o)
}

// contentMattered reports whether the old content of n, which has changed in some
// way, mattered: it was read, or what is there now is made from it. Of an empty file
// there is nothing to matter: `touch stamp` does the same whether it is there or
// not.
func (f *Folder) contentMattered(n *node) bool {
	if n.found.Type != File {
		return false
	}
	return n.uses&useRead != 0 || (n.partial || n.meta) && !n.replaced && n.found.Size > 0
}

// addInputs adds to r what mattered of the state that the step found at n.
func (f *Folder) addInputs(n *node, r *Footprint) {
	in := Input{Path: n.path, State: n.found}
	add := func(in Input, k Kind) {
		in.Kind = k
		r.Inputs = append(r.Inputs, in)
	}
	// A look at what was then replaced whole does not count.
	looked := !n.replaced || !n.output && !n.temporary && !n.special
	file := in
	file.Kept, file.InOut, file.Names = n.kept, n.output, f.spellings(n)
	file.Asked, file.Denied = n.asked, n.denied
	switch {
	case n.uses&useRead != 0 || n.output && f.contentMattered(n):
		if n.kept == nil && f.o.Keeper != nil && n.touched && !n.now.SameContent(n.found) {
			// It went away under a call that was not told before it happened.
			f.gap(event.Lost, "the old content of "+n.path)
		}
		add(file, Read)
	case !looked:
	case n.found.Type == None:
		if n.absences > n.explained && !f.inTemporary(n) && !f.behindOwnLink(n) {
			add(in, Absent)
		}
	case n.uses&useStat != 0:
		add(file, Stat)
	case n.uses&useExists != 0:
		in.Asked, in.Denied = n.asked, n.denied
		add(in, Exists)
	}
	if n.walks > n.walksExplained && (looked || n.carried) && n.found.Type == Symlink {
		link := in
		link.Target = n.target
		add(link, Link)
	}
	if n.uses&useList != 0 && !n.temporary && !f.inTemporary(n) {
		list := in
		list.Entries = f.entries(n)
		add(list, List)
	}
}

// entries are the names that a listing found, less the step's outputs and
// temporaries, and less what deptrace itself writes: so a listing of the directory
// that the outputs go to is the same from a clean tree as over old outputs.
func (f *Folder) entries(n *node) []Entry {
	var kept []Entry
	for _, e := range n.list {
		p := path.Join(n.path, e.Name)
		if m := f.nodes[p]; m != nil && (m.output || m.temporary) || f.o.Own(p) {
			continue
		}
		kept = append(kept, e)
	}
	slices.SortFunc(kept, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return kept
}

// inTemporary reports whether n was in, or was, a directory that the step made and
// did not leave: there is nothing to say about what was not found there.
func (f *Folder) inTemporary(n *node) bool {
	for p := n.path; p != "/" && p != "."; p = path.Dir(p) {
		if d := f.nodes[p]; d != nil && d.fresh && d.found.Type == None && f.lstat(p).Type == None {
			return true
		}
	}
	return false
}

// behindOwnLink reports whether a directory above n is a symbolic link that the step
// made: what is there now is somewhere else, and says nothing about n.
func (f *Folder) behindOwnLink(n *node) bool {
	for p := path.Dir(n.path); p != "/" && p != "."; p = path.Dir(p) {
		if d := f.nodes[p]; d != nil && d.own && f.lstat(p).Type == Symlink {
			return true
		}
	}
	return false
}

// edited reports whether an input that the step did not touch has changed since the
// step first used it.
func (f *Folder) edited(n *node, now State) bool {
	switch {
	case n.found.Type == None:
		return n.absences > n.explained && now.Type != None && !f.behindOwnLink(n)
	case n.uses == 0 || n.uses == useList:
		return false
	case now.Type != n.found.Type:
		return true
	case n.found.Type == Symlink:
		target, err := f.o.FS.Readlink(n.path)
		return n.uses&useLink != 0 && (err != nil || target != n.target)
	case n.found.Type == File && n.uses&(useRead|useStat) != 0:
		if now.Exec != n.found.Exec || !now.SameContent(n.found) {
			return true
		}
		// Only ctime moved. Another name made or removed moves it; without such a
		// reason it may hide an edit whose mtime was set back.
		return now.Ctime != n.found.Ctime && now.Nlink == n.found.Nlink && !n.linked
	}
	return false
}

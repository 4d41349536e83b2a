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
	r := &Footprint{}
	for _, n := range f.nodes {
		f.finish(n, r)
	}
	for i := range r.Inputs {
		if r.Inputs[i].Kind == List {
			r.Inputs[i].Entries = f.entries(f.nodes[r.Inputs[i].Path])
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
	return r
}

// finish adds what is known of n to r.
func (f *Folder) finish(n *node, r *Footprint) {
	now := f.lstat(n.path)
	if n.found.Kernel || now.Kernel {
		return
	}
	changed := n.touched && (n.wished || !now.Same(n.found))
	n.temporary = n.found.Type == None && now.Type == None && n.replaced && !n.wished
	if n.found.Type == None && now.Type == None && n.wished && f.inTemporary(n) {
		changed, n.temporary = false, true
	}
	if changed && now.Type != Other {
		n.output = true
		f.output(n, now, r)
	}
	if n.found.Type != Other {
		f.inputs(n, now, changed, r)
	}
	if n.touched || n.own {
		return
	}
	if f.edited(n, now) {
		f.gap(event.Edited, n.path)
	}
}

func (f *Folder) output(n *node, now State, r *Footprint) {
	o := Output{Path: n.path, State: now, InOut: f.contentMattered(n)}
	if now.Type == Symlink {
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

func (f *Folder) inputs(n *node, now State, changed bool, r *Footprint) {
	in := Input{Path: n.path, State: n.found}
	add := func(k Kind) {
		in.Kind = k
		r.Inputs = append(r.Inputs, in)
	}
	probed := !n.replaced || !changed && !n.temporary
	switch {
	case n.uses&useRead != 0 || changed && f.contentMattered(n):
		content := in
		content.Kind, content.Kept, content.InOut, content.Names = Read, n.kept, changed, f.spellings(n)
		if n.kept == nil && f.o.Keeper != nil && n.touched && !now.SameContent(n.found) {
			// It went away under a call that was not told before it happened.
			f.gap(event.Lost, "the old content of "+n.path)
		}
		r.Inputs = append(r.Inputs, content)
	case !probed:
	case n.found.Type == None:
		if n.absences > n.explained && !f.inTemporary(n) {
			add(Absent)
		}
	case n.uses&useStat != 0:
		stat := in
		stat.Kind, stat.Names, stat.Kept, stat.InOut = Stat, f.spellings(n), n.kept, changed
		r.Inputs = append(r.Inputs, stat)
	case n.uses&useExists != 0:
		add(Exists)
	}
	if n.uses&useLink != 0 && probed && n.found.Type == Symlink {
		link := in
		link.Kind, link.Target = Link, n.target
		r.Inputs = append(r.Inputs, link)
	}
	if n.uses&useList != 0 && !n.temporary && !f.inTemporary(n) {
		add(List)
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

// edited reports whether an input that the step did not touch has changed since the
// step first used it.
func (f *Folder) edited(n *node, now State) bool {
	switch {
	case n.found.Type == None:
		return n.absences > n.explained && now.Type != None
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

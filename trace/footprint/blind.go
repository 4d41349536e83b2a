package footprint

import (
	"path"

	"deptrace/trace/event"
)

// An engine that sees no results tells an operation once, before it happens. What it
// comes to is guessed, and the guess is put to the test whenever the path comes up again:
// what is there then shows whether the operation has happened. Each of a process's calls
// has, when its next one is told; so a step whose processes do not race each other is
// folded as if the outcomes were known.

// doubt is what is not known of a path whose last change is a guess.
type doubt struct {
	at State // what was there when it was made
	// content is set if it is the content of a file that the operation changes, and
	// not which file the name is of.
	content bool
	// before and after are the marks for the case that it did not happen, or did.
	before, after mark
	// uses are those before it: a file that gets another name counts as read, unless it
	// does not get it.
	uses   use
	undone bool // the node has the mark for the case that it did not
	// lookup is set on the names of the operation itself: if it fails, it mattered
	// what it found there.
	lookup bool
}

// blind folds an operation whose outcome will not be told.
func (f *Folder) blind(e *event.Event) event.Hold {
	hold := f.before(e)
	guess := *e
	guess.Outcome = f.guess(e)
	f.walked(e)
	if c := f.started[e.Seq]; guess.Outcome.State != event.OK || c != nil && c.same {
		f.after(&guess) // nothing changes, and so nothing will show
		return hold
	}
	nodes, lookups := f.concerned(e)
	behind := make([]bool, len(nodes)) // what a link leads to: the names below it are free
	for _, top := range nodes[:lookups] {
		if f.lstat(top.path).Type != Dir {
			for i, n := range nodes[lookups:] {
				behind[lookups+i] = behind[lookups+i] || under(n.path, top.path)
			}
		}
	}
	doubts := make([]doubt, len(nodes))
	for i, n := range nodes {
		at := State{}
		if !behind[i] {
			at = f.lstat(n.path)
		}
		doubts[i] = doubt{
			at: at, content: e.Op == event.Open || e.Op == event.Truncate,
			before: n.mark, uses: n.uses, lookup: i < lookups,
		}
	}
	f.after(&guess)
	for i, n := range nodes {
		d := &doubts[i]
		d.after, n.doubt = n.mark, nil
		if d.after.own != d.before.own || d.after.present != d.before.present || d.after.replaced != d.before.replaced {
			n.doubt = d
		}
	}
	return hold
}

// concerned returns the nodes whose marks the operation, which has been announced, may
// change: those of its names, as many as lookups says, and of what is below them.
func (f *Folder) concerned(e *event.Event) (nodes []*node, lookups int) {
	for _, name := range []string{e.Name.Path, e.Name2.Path} {
		if name != "" {
			nodes = append(nodes, f.node(name))
		}
	}
	lookups = len(nodes)
	dirs := make([]bool, lookups)
	for i, top := range nodes {
		dirs[i] = f.lstat(top.path).Type == Dir
	}
	c := f.started[e.Seq]
	nodes = append(nodes, c.others...)
	for _, b := range append(c.tree[:len(c.tree):len(c.tree)], c.tree2...) {
		for i, top := range nodes[:lookups] {
			p := path.Join(top.path, b.rel)
			if f.nodes[p] == nil && !dirs[i] {
				f.nodes[p] = &node{path: p} // nothing, or what a link leads to
			}
			nodes = append(nodes, f.node(p))
		}
	}
	return nodes, lookups
}

// settle finds out whether the change that is in doubt has happened. If it has not, it
// may still come: the doubt remains.
func (f *Folder) settle(n *node) {
	now, d := f.lstat(n.path), n.doubt
	if now.Same(d.at) || !d.content && now.Type == d.at.Type && now.Dev == d.at.Dev && now.Ino == d.at.Ino {
		if !d.undone {
			after := n.uses
			n.mark, n.uses, d.uses, d.undone = d.before, d.uses, after, true
		}
		return
	}
	if d.undone {
		n.uses |= d.uses
	}
	n.mark, n.doubt = d.after, nil
}

func (f *Folder) settleIfDoubted(n *node) {
	if n.doubt != nil {
		f.settle(n)
	}
}

// settleAll settles all doubts when the step has ended: what has not happened by now
// has failed.
func (f *Folder) settleAll() {
	for _, n := range f.nodes {
		if n.doubt == nil {
			continue
		}
		f.settle(n)
		if n.doubt != nil && n.doubt.lookup {
			f.unchanged(n)
		}
	}
}

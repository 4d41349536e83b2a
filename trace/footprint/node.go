package footprint

import (
	"path"
)

// use is a set of ways in which what was found at a path mattered.
type use uint8

const (
	useRead use = 1 << iota
	useStat
	useExists
	useLink
	useList
	useFlow // data came out of it, which is not a file's content
)

// node is what is known of one path.
type node struct {
	path string
	// found is what was there before the step did anything to the path.
	found State
	uses  use
	// asked is what the step asked whether it may do, or tried in vain, and denied what of
	// that it may not.
	asked, denied Rights
	// absences counts the failed lookups that mattered, and explained those of them
	// that a search in PATH accounts for.
	absences, explained int
	// walks and walksExplained are the same for a symbolic link that lookups went
	// through, or that was looked at itself.
	walks, walksExplained int

	mark
	doubt *doubt // nil: the mark is certain
	// shared is set on a log that is not the step's alone.
	shared bool
	// entered is set if the step opened the file to write to it, or truncated it: if it is as
	// it was all the same, it mattered how long it is.
	entered bool
	// carried is set if what was found has got another name, under which it lives on.
	carried bool
	// linked is set if the step made or removed another name of the same file.
	linked bool

	// now is what is there after the step, and output, temporary and special are what
	// that makes of n: special is a pipe, socket or device that the step made.
	now                        State
	output, temporary, special bool

	target string  // of the link that was found
	list   []Entry // of the directory that was found, at the first look
	moving []Entry // of a directory, when it was last about to be renamed
	kept   Kept
	names  []string // spellings

	// wordings are those seen, so that a file that is opened a million times by a few names is
	// spelled out once for each.
	wordings []wording
}

// mark is what the step's calls have made of a path.
type mark struct {
	// present is whether something is there now, as far as the events tell.
	present bool
	// own is set once whatever is there, or is not, is the step's own doing.
	own bool
	// replaced is set once the step has put something whole in the place of what it
	// found: a probe made of the path does not count then.
	replaced bool
	// touched is set by a call that can change what is there, and wished by one that
	// found it already as it was to be.
	touched, wished bool
	// partial is set by a call that changes a part of the content and lets the
	// rest live on, and meta by one that changes only metadata.
	partial, meta bool
	// fresh is set on a directory that the step made: what is in it was not there
	// before.
	fresh bool
	// adds is set if the step made the file by a call that would have kept what it had found.
	adds bool
	// makes is set if the step changed the file by a call that would have made it (O_CREAT),
	// and needs if it changed it by one that makes nothing, before any of the first kind.
	// O_TRUNC without O_CREAT is neither: cp(1) looks first whether the file is there, and
	// opens it in one of two ways that come to the same.
	makes, needs bool
	// moded is set by a chmod.
	moded bool
}

// inode identifies a file whatever its name.
type inode struct{ dev, ino uint64 }

// node returns the node of a path, looking at the path if this is the first time.
func (f *Folder) node(p string) *node {
	if n := f.nodes[p]; n != nil {
		f.settleIfDoubted(n)
		return n
	}
	n := &node{path: p}
	f.nodes[p] = n
	now := f.lstat(p)
	n.present = now.Type != None
	if n.present && f.underFresh(p) {
		// The step made the directory, and so what is in it.
		n.own = true
		return n
	}
	n.found = now
	if now.Type == File && now.Nlink > 1 {
		f.shares(n, now)
		if w := f.writtenBy[inode{now.Dev, now.Ino}]; w != nil {
			// The first look at this name comes after a write through another: it had
			// what the other one had.
			f.settleIfDoubted(w)
			before := n.mark
			n.found, n.kept, n.own, n.touched, n.replaced, n.partial = w.found, w.kept, w.own, true, w.replaced, w.partial
			if w.doubt != nil { // perhaps there was no write
				after := n.mark
				after.own, after.replaced = true, true
				n.mark, n.found = before, now
				n.doubt = &doubt{at: now, content: true, before: before, after: after, undone: true}
			}
		}
	}
	return n
}

// made returns the node of a path that the step is known to have made and where
// nothing can have been before.
func (f *Folder) made(p string) *node {
	n := f.nodes[p]
	if n == nil {
		n = &node{path: p}
		f.nodes[p] = n
	}
	n.put()
	return n
}

// put notes that the step has put something whole at n. That an earlier call wished it to be
// as it was is no matter any more: `rm -f t; echo >t; mv t u` makes of t a temporary.
func (n *node) put() {
	n.present, n.own, n.replaced, n.touched, n.wished, n.partial, n.meta, n.adds = true, true, true, true, false, false, false, false
}

// remove notes that the step has taken away what was at n.
func (n *node) remove() {
	n.put()
	n.present = false
}

// need notes that n is changed by a call that makes nothing.
func (n *node) need() { n.needs = n.needs || n.original() && !n.makes }

// original reports whether what is at n now was there before the step.
func (n *node) original() bool { return n.present && !n.own }

// shares notes the names that a file with several has.
func (f *Folder) shares(n *node, s State) {
	key := inode{s.Dev, s.Ino}
	for _, m := range f.inodes[key] {
		if m == n {
			return
		}
	}
	f.inodes[key] = append(f.inodes[key], n)
}

// others returns the other known names of the file that is at n now.
func (f *Folder) others(n *node) []*node {
	if len(f.inodes) == 0 {
		return nil
	}
	s := f.lstat(n.path)
	if s.Type != File || s.Nlink < 2 {
		return nil
	}
	var others []*node
	for _, m := range f.inodes[inode{s.Dev, s.Ino}] {
		f.settleIfDoubted(m)
		if m != n && m.present {
			others = append(others, m)
		}
	}
	return others
}

// underFresh reports whether a directory above p was made by the step.
func (f *Folder) underFresh(p string) bool {
	for p != "/" && p != "." {
		p = path.Dir(p)
		if n := f.nodes[p]; n != nil {
			f.settleIfDoubted(n)
			if n.fresh {
				return true
			}
		}
	}
	return false
}

// lstat looks at p. An error other than that nothing is there counts as nothing:
// the step, which can see less than deptrace, cannot have seen more.
func (f *Folder) lstat(p string) State {
	s, err := f.o.FS.Lstat(p)
	if err != nil {
		return State{}
	}
	return s
}

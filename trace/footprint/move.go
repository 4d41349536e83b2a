package footprint

import (
	"path"

	"deptrace/trace/event"
)

// What moves keeps its content under another name: a rename takes everything below a
// directory along, and a link gives a file one name more.

// branch is something below a directory that is renamed.
type branch struct {
	rel string // the path from there
	dir bool
}

// sameFile reports whether two names are of one file.
func (f *Folder) sameFile(n, n2 *node) bool {
	s, s2 := f.lstat(n.path), f.lstat(n2.path)
	return s.Type != None && s.Dev == s2.Dev && s.Ino == s2.Ino
}

// aboutToMove prepares for a rename of n: what was there before the step moves on
// with it, and of a directory all that it holds.
func (f *Folder) aboutToMove(n *node) (dir bool, tree []branch) {
	if !n.present {
		return false, nil
	}
	f.aboutToLose(n, true)
	dir = f.below(n.path, "", &tree)
	for _, b := range tree {
		f.aboutToLose(f.node(path.Join(n.path, b.rel)), true)
	}
	return dir, tree
}

// below appends what is below the directory at root, and reports whether it is one.
func (f *Folder) below(root, rel string, tree *[]branch) bool {
	dir := path.Join(root, rel)
	if f.lstat(dir).Type != Dir {
		return false
	}
	entries, err := f.o.FS.ReadDir(dir)
	if err != nil {
		f.gap(event.Unreadable, dir)
		return true
	}
	f.node(dir).moving = entries
	for _, e := range entries {
		sub := path.Join(rel, e.Name)
		*tree = append(*tree, branch{sub, e.Type == Dir})
		if e.Type == Dir {
			f.below(root, sub, tree)
		}
	}
	return true
}

// renamed folds a successful rename. The content of what moves lives on under
// another name: if it was there before the step, it mattered.
func (f *Folder) renamed(c *change, n, n2 *node, exchange bool) {
	f.unlinked(n2)
	f.moveOut(n, c.tree)
	if exchange {
		f.moveOut(n2, c.tree2)
		f.moveIn(n, c.dir2, c.tree2)
	}
	f.moveIn(n2, c.dir, c.tree)
}

func (f *Folder) moveOut(n *node, tree []branch) {
	f.carry(n)
	for _, b := range tree {
		f.carry(f.node(path.Join(n.path, b.rel)))
	}
}

// carry notes that what is at n moves to another name.
func (f *Folder) carry(n *node) {
	f.content(n)
	n.carried = n.carried || n.original()
	if n.original() && n.found.Type == Dir && n.uses&useList == 0 {
		n.uses |= useList // which names there were decides which there are now
		n.list = n.moving
	}
	n.remove()
}

func (f *Folder) moveIn(n *node, dir bool, tree []branch) {
	n.put()
	n.fresh = dir
	for _, b := range tree {
		f.made(path.Join(n.path, b.rel)).fresh = b.dir
	}
}

// linkedTo folds a successful link.
func (f *Folder) linkedTo(n, n2 *node) {
	n2.put()
	if n == nil {
		return // a file without a name (O_TMPFILE) gets one
	}
	f.content(n)
	s := f.lstat(n.path)
	f.shares(n, s)
	f.shares(n2, s)
	for _, m := range f.inodes[inode{s.Dev, s.Ino}] {
		m.linked = true
	}
}

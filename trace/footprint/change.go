package footprint

import "deptrace/trace/event"

// change is an operation between its Pending and its outcome.
type change struct {
	// was is whether there was something at Name and Name2.
	was, was2 bool
	// others are the other names of the file whose content changes.
	others []*node
	// dir and dir2 are whether that is a directory, for a rename; tree and tree2 what is
	// below.
	dir, dir2   bool
	tree, tree2 []branch
	// same is whether both names of a rename are of one file: nothing happens then.
	same bool
	// names are those of an operation whose outcome is to be told, and at what was there.
	names [2]string
	at    [2]State
}

// before folds an operation that is about to happen: it looks at what is there
// and has contents saved that mattered.
func (f *Folder) before(e *event.Event) event.Hold {
	c := &change{}
	f.started[e.Seq] = c
	if e.Outcome.State == event.Pending {
		c.names = [...]string{e.Name.Path, e.Name2.Path}
		for i, p := range c.names {
			if p != "" {
				c.at[i] = f.lstat(p)
			}
		}
	}
	var n, n2 *node
	if e.Name.Path != "" {
		n = f.node(e.Name.Path)
		c.was = n.present
	}
	if e.Name2.Path != "" {
		n2 = f.node(e.Name2.Path)
		c.was2 = n2.present
	}
	f.stillAsFound(n)
	f.stillAsFound(n2)
	switch e.Op {
	case event.Open:
		if n.present && e.Flags&(event.Write|event.Truncated) != 0 {
			return f.aboutToWrite(c, n, e.Flags&event.Truncated != 0)
		}
	case event.Truncate:
		if n != nil && n.present {
			return f.aboutToWrite(c, n, e.Size == 0)
		}
	case event.Unlink:
		f.aboutToLose(n, false)
	case event.Utime:
		// A new mtime says of the file that it was written to, so that a look later
		// could not tell whether it was.
		if n != nil && n.present {
			return f.aboutToWrite(c, n, false)
		}
	case event.Chmod, event.Chown, event.SetXattr, event.LinkTo:
		if n != nil {
			f.aboutToLose(n, true)
		}
	case event.Rename:
		if c.same = n.present && n2.present && f.sameFile(n, n2); c.same {
			return nil
		}
		c.dir, c.tree = f.aboutToMove(n)
		if e.Flags&event.Exchange != 0 {
			c.dir2, c.tree2 = f.aboutToMove(n2)
		} else {
			f.aboutToLose(n2, false)
		}
	}
	return nil
}

// stillAsFound compares an input with what the step found, just before the step
// changes it and the comparison at the end says nothing any more.
func (f *Folder) stillAsFound(n *node) {
	if n != nil && n.uses != 0 && !n.touched && !n.own && f.edited(n, f.lstat(n.path)) {
		f.gap(event.Edited, n.path)
	}
}

// aboutToWrite saves the content of n, and of the file's other names, before it
// changes, if it mattered. whole says that none of it will be left.
func (f *Folder) aboutToWrite(c *change, n *node, whole bool) event.Hold {
	c.others = f.others(n)
	hold := both(f.save(n, whole), f.saveHeld(n))
	for _, m := range c.others {
		hold = both(hold, f.save(m, whole))
	}
	return hold
}

// saveHeld has the content of the file that is now at n digested, if the step found
// it under another name and it was only kept open so far.
func (f *Folder) saveHeld(n *node) event.Hold {
	if len(f.held) == 0 {
		return nil
	}
	s := f.lstat(n.path)
	key := inode{s.Dev, s.Ino}
	m := f.held[key]
	if m == nil {
		return nil
	}
	delete(f.held, key)
	m.kept = f.o.Keeper.Digest(n.path)
	return m.kept.Done()
}

// save has the content of n digested before it changes, unless it does not matter:
// it is the step's own, or the step never read it and leaves nothing of it.
func (f *Folder) save(n *node, whole bool) event.Hold {
	if f.o.Keeper == nil || n.kept != nil || !n.original() || n.found.Type != File {
		return nil
	}
	if whole && n.uses&useRead == 0 {
		return nil
	}
	n.kept = f.o.Keeper.Digest(n.path)
	return n.kept.Done()
}

// both returns a Hold that is closed when a and b are.
func both(a, b event.Hold) event.Hold {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	done := make(chan struct{})
	go func() {
		<-a
		<-b
		close(done)
	}()
	return done
}

// aboutToLose keeps hold of the content of n before its name or its metadata go, if
// the step has read it or hands it on to another name.
func (f *Folder) aboutToLose(n *node, handedOn bool) {
	if handedOn && n.original() && n.found.Type == Symlink {
		f.readTarget(n)
		return
	}
	if f.o.Keeper == nil || n.kept != nil || !n.original() || n.found.Type != File {
		return
	}
	if handedOn || n.uses&useRead != 0 {
		n.kept = f.o.Keeper.Open(n.path)
		f.held[inode{n.found.Dev, n.found.Ino}] = n
	}
}

// after folds the outcome of an operation that can change something.
func (f *Folder) after(e *event.Event) {
	c := f.started[e.Seq]
	delete(f.started, e.Seq)
	var n, n2 *node
	if e.Name.Path != "" {
		n = f.node(e.Name.Path)
	}
	if e.Name2.Path != "" {
		n2 = f.node(e.Name2.Path)
	}
	if e.Outcome.State == event.Failed {
		f.notDone(e, n, n2)
		return
	}
	switch e.Op {
	case event.Open:
		f.opened(c, n, e)
	case event.Mkdir:
		n.put()
		n.fresh = true
	case event.Symlink, event.Mknod:
		n.put()
	case event.Rmdir, event.Unlink:
		f.unlinked(n)
		n.remove()
	case event.Rename:
		if c.same {
			// Two names of one file: nothing happens (rename(2)). The second is as it was
			// to be, which over old outputs is how ln -f ends.
			f.failed(n)
			if n != n2 && !n2.own {
				n2.put()
				n2.wished = true
			}
			return
		}
		f.renamed(c, n, n2, e.Flags&event.Exchange != 0)
	case event.LinkTo:
		f.linkedTo(n, n2)
	case event.Truncate:
		if n != nil {
			n.entered = true
			n.need()
			f.written(c, n, e.Size == 0)
		}
	case event.Chmod, event.Chown, event.Utime, event.SetXattr:
		if n != nil {
			if n.found.Type == Symlink {
				f.metadata(n) // of the link itself: what it leads to stays
			}
			n.touched, n.moded = true, n.moded || e.Op == event.Chmod
			n.need()
			n.meta = n.meta || !n.own
			for _, m := range f.others(n) {
				m.touched, m.meta = true, m.meta || !m.own
			}
			f.spell(n, e.Name)
		}
	}
}

// opened folds a successful open that can change something.
func (f *Folder) opened(c *change, n *node, e *event.Event) {
	f.facts(e)
	if e.Flags&event.TempFile != 0 {
		f.use(n, useExists) // the directory; the file has no name
		return
	}
	switch {
	case !c.was && e.Flags&event.Create != 0:
		adds := !n.own && e.Flags&(event.Truncated|event.Exclusive) == 0
		n.put()
		n.adds = adds
	case e.Flags&event.Truncated != 0:
		n.makes = n.makes || e.Flags&event.Create != 0
		f.written(c, n, true)
	case e.Flags&event.Write != 0:
		n.makes = n.makes || e.Flags&event.Create != 0
		n.need()
		if e.Flags&event.Read != 0 {
			f.open(n, e)
		}
		f.spell(n, e.Name)
		f.asks(n, event.Write) // without the permission another step
		n.entered = true
		f.written(c, n, false)
	default: // O_CREAT on a file that is there, read only
		n.makes = true
		f.open(n, e)
	}
}

// written notes that the content of n, by whatever name, may now differ. whole says
// that nothing of the old one is left.
func (f *Folder) written(c *change, n *node, whole bool) {
	for _, m := range append(c.others, n) {
		if whole {
			m.put()
		} else {
			m.touched = true
			m.partial = m.partial || !m.own
		}
	}
	if n.found.Nlink > 1 {
		f.writtenBy[inode{n.found.Dev, n.found.Ino}] = n
	}
}

// unlinked notes that a name of a file is going: its other names see their ctime
// move.
func (f *Folder) unlinked(n *node) {
	if n.found.Nlink > 1 {
		for _, m := range f.inodes[inode{n.found.Dev, n.found.Ino}] {
			m.linked = true
		}
	}
}

// notDone folds an operation that failed. One that found its wish fulfilled counts
// as done, so that the record is the same over old outputs as from a clean tree;
// of the others it mattered what they found.
func (f *Folder) notDone(e *event.Event, n, n2 *node) {
	errno := e.Outcome.Errno
	switch {
	case e.Op == event.Mkdir && errno == event.EEXIST && n.present && f.lstat(n.path).Type == Dir:
		// The step's own directory, and what is above it, is there in every clean tree.
		if !n.own && !under(f.o.Dir, n.path) {
			n.put()
			n.wished = true
		}
		return
	case n != nil && n2 != nil && !n.present:
		f.failed(n) // whatever there is at the second name
		return
	case (e.Op == event.Unlink || e.Op == event.Rmdir) && errno == event.ENOENT && !n.present:
		if !n.own {
			n.remove()
			n.wished = true
		}
		return
	case e.Op == event.Rmdir && (errno == event.ENOTEMPTY || errno == event.EEXIST):
		f.listing(n)
	case e.Op == event.Rename && n2.found.Type == Dir && (errno == event.ENOTEMPTY || errno == event.EEXIST && e.Flags&event.NoReplace == 0):
		f.listing(n2)
	}
	for _, m := range []*node{n, n2} {
		if m != nil {
			f.failed(m)
		}
	}
	switch {
	case e.Op == event.Open:
		f.refused(n, e.Flags)
	case e.Op == event.Truncate && n != nil:
		f.refused(n, event.Write)
	}
}

package footprint

import (
	"deptrace/trace/event"
)

// look folds an operation that changes nothing.
func (f *Folder) look(e *event.Event) event.Hold {
	n := f.node(e.Name.Path)
	switch e.Op {
	case event.Open:
		f.facts(e)
		f.open(n, e)
	case event.Inherit:
		return f.inherit(n, e)
	case event.Exec, event.Load:
		// What is there was read, whatever became of the call: the kernel reads a
		// file before it finds that it cannot run it.
		if !f.missing(n) {
			f.content(n)
			f.spell(n, e.Name)
		}
	case event.Stat:
		if !f.missing(n) {
			if e.Outcome.State == event.Failed {
				f.failed(n)
			} else {
				f.metadata(n)
				f.spell(n, e.Name)
			}
		}
	case event.Access:
		if !f.missing(n) {
			switch {
			case e.Flags&event.Executable != 0:
				f.metadata(n) // whether it is executable
				f.spell(n, e.Name)
			case e.Flags&event.Directory != 0:
				f.metadata(n) // chdir(2): whether it is a directory, and no link
			default:
				f.use(n, useExists)
			}
			f.asks(n, e.Flags)
		}
	case event.Readlink:
		if !f.missing(n) {
			switch n.found.Type {
			case Symlink, Dir:
				f.metadata(n) // of a directory: that it is no link
			default:
				f.use(n, useExists)
			}
		}
	case event.List:
		f.listing(n)
	}
	f.search(e, n)
	return nil
}

// open folds an open that changes nothing, or the reading side of one that does.
func (f *Folder) open(n *node, e *event.Event) {
	if e.Outcome.State == event.Failed || e.Outcome.State == event.Unknown && f.guessOpen(n, e.Flags) != 0 {
		f.failed(n)
		f.refused(n, e.Flags)
		return
	}
	switch {
	case f.missing(n):
	case e.Flags&event.Read != 0 && e.Flags&event.Directory == 0:
		f.content(n)
		f.spell(n, e.Name)
	default:
		f.metadata(n)
		f.spell(n, e.Name)
	}
}

// failed folds a lookup that did not lead to what was asked for: it mattered
// whether something is there.
func (f *Folder) failed(n *node) {
	if f.missing(n) {
		return
	}
	switch n.found.Type {
	case Symlink, // that O_NOFOLLOW did not follow
		Dir: // a file in its place could be opened, removed or replaced
		f.metadata(n)
	default:
		f.use(n, useExists)
	}
}

// asks notes which permissions, of those that flags ask for, there are.
func (f *Folder) asks(n *node, flags event.Flags) {
	if asked := rightsOf(flags) &^ n.asked; asked != 0 && n.ruled() {
		n.denied |= f.o.FS.Denied(n.path, asked)
		n.asked |= asked
	}
}

// refused notes which permissions kept an open from what its flags ask for. One that failed
// for another reason would have failed with them, too.
func (f *Folder) refused(n *node, flags event.Flags) {
	if asked := rightsOf(flags) &^ n.denied; asked != 0 && n.ruled() {
		denied := f.o.FS.Denied(n.path, asked)
		n.denied |= denied
		n.asked |= denied
	}
}

// ruled reports whether permissions say what may be done with what was found at n.
func (n *node) ruled() bool {
	return n.original() && !n.found.Kernel && n.found.Type != Symlink
}

func rightsOf(flags event.Flags) (r Rights) {
	if flags&event.Read != 0 {
		r |= Reading
	}
	if flags&event.Write != 0 {
		r |= Writing
	}
	return r
}

// missing folds a lookup that found nothing, and reports whether this is one.
func (f *Folder) missing(n *node) bool {
	if n.present {
		return false
	}
	if !n.own {
		n.absences++
	}
	return true
}

func (f *Folder) use(n *node, u use) {
	if !n.own {
		n.uses |= u
	}
}

// content notes that the content of n mattered.
func (f *Folder) content(n *node) {
	if n.found.Type == File {
		f.use(n, useRead)
		return
	}
	if n.found.Type == Other {
		f.use(n, useFlow)
	}
	f.metadata(n)
}

// metadata notes that the metadata of n mattered. Of a link, the target says all
// that there is to say.
func (f *Folder) metadata(n *node) {
	if n.own {
		return
	}
	if n.found.Type != Symlink {
		n.uses |= useStat
		return
	}
	n.uses |= useLink
	n.walks++
	f.readTarget(n)
}

// readTarget finds out what the link that was found at n holds, if that is not known.
func (f *Folder) readTarget(n *node) {
	if n.target != "" {
		return
	}
	target, err := f.o.FS.Readlink(n.path)
	if err != nil {
		f.gap(event.Unreadable, n.path)
	}
	n.target = target
}

// listing notes that the names in n mattered. They are taken now, as the step sees
// them; a second look of the step at the same directory adds nothing.
func (f *Folder) listing(n *node) {
	if n.uses&useList != 0 || n.found.Kernel {
		return
	}
	entries, err := f.o.FS.ReadDir(n.path)
	if err != nil {
		f.gap(event.Unreadable, n.path)
		return
	}
	n.uses |= useList
	n.list = entries
}

// inherit folds a descriptor that the step was given. Of a file that the shell has
// just emptied for it (`> out.h`) the step is the author, even if it writes
// nothing. A log that is not the step's alone is left out: others write to it at the
// same time, and what is in it is no product of the step.
func (f *Folder) inherit(n *node, e *event.Event) event.Hold {
	if n.found.Type != File {
		return nil
	}
	if e.Flags&event.Read != 0 {
		f.content(n)
		f.spell(n, e.Name)
		if e.Descriptor == 0 && !n.found.Kernel {
			f.stdin = n.path
		}
	}
	if e.Flags&event.Write == 0 {
		return nil
	}
	if e.Flags&event.Shared != 0 {
		n.put()
		n.shared = true
		return nil
	}
	if n.found.Size == 0 {
		n.put()
		n.wished = true
		return nil
	}
	if e.Flags&event.Append == 0 {
		// Something is there already: the shell's own beginning of the file, or a
		// log that other steps write to. It is an output if it has changed.
		hold := f.save(n, true)
		n.put()
		return hold
	}
	n.touched, n.partial = true, true
	return f.save(n, false)
}

// facts notes what an open says about the step as a whole.
func (f *Folder) facts(e *event.Event) {
	if e.Outcome.State == event.Failed || e.Flags&event.Read == 0 {
		return
	}
	switch e.Name.Path {
	case "/dev/random", "/dev/urandom", "/proc/sys/kernel/random/uuid":
		f.uses["random"] = true
	case "/proc/cpuinfo":
		f.uses["machine"] = true
	}
}

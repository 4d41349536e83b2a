package footprint_test

import (
	"deptrace/trace/event"
	"deptrace/trace/footprint"
)

// The calls of a process, named as in section 2 of the manual. A path is spelled as
// the process spells it.

// file is what a process has open.
type file struct {
	*inode
	p    *proc
	path string
}

func (p *proc) open(spelled string, f event.Flags) *file {
	excl := f&event.Create != 0 && f&event.Exclusive != 0
	name, errno := p.name(spelled, f&event.NoFollow == 0 && !excl)
	opened := &file{p: p, path: name.Path}
	p.call(event.Event{Op: event.Open, Name: name, Flags: f}, func() event.Errno {
		if errno != 0 && errno != event.ENOENT {
			return errno
		}
		n, errno := p.fs.open(name.Path, f)
		if errno != 0 {
			return errno
		}
		opened.inode = n
		if was, ok := p.found[name.Path]; ok && f&event.Read != 0 && f&event.Truncated == 0 &&
			was.inode == n && n.typ == footprint.File && !n.kernel && was.state.Mtime == n.mtime {
			p.used = append(p.used, n)
		}
		return 0
	})
	return opened
}

// ok reports whether the open succeeded.
func (f *file) ok() bool { return f.inode != nil }

func (f *file) mustBeOpen() {
	if !f.ok() {
		f.p.t.Fatalf("%s is not open", f.path)
	}
}

// Reads and writes through a descriptor are no events.

func (f *file) write(text string) {
	f.mustBeOpen()
	f.inode.write(f.p.fs, text)
}

func (f *file) append(text string) { f.write(f.text + text) }

// The calls on a descriptor.

func (f *file) call(op event.Op, size int64, do func(n *inode)) {
	f.mustBeOpen()
	e := event.Event{Op: op, Name: event.Name{Path: f.path}, Flags: event.ByDescriptor, Size: size}
	f.p.call(e, func() event.Errno {
		do(f.inode)
		if e.Changes() {
			f.ctime = f.p.fs.tick()
		}
		return 0
	})
}

func (f *file) stat()           { f.call(event.Stat, 0, func(*inode) {}) }
func (f *file) list()           { f.call(event.List, 0, func(*inode) {}) }
func (f *file) chmod(exec bool) { f.call(event.Chmod, 0, func(n *inode) { n.exec = exec }) }
func (f *file) utime()          { f.call(event.Utime, 0, func(n *inode) { n.mtime = f.p.fs.tick() }) }
func (f *file) truncate(n int64) {
	f.call(event.Truncate, n, func(i *inode) { i.truncate(f.p.fs, n) })
}

// Opening.

func (p *proc) read(spelled string) *file { return p.open(spelled, event.Read) }

const (
	creat = event.Write | event.Create | event.Truncated // fopen(…, "w")
	newly = event.Read | event.Write | event.Create | event.Exclusive
)

// create makes a file as cp and most programs do.
func (p *proc) create(spelled, text string) {
	f := p.open(spelled, creat)
	if text != "" {
		f.write(text)
	}
}

// mkstemp makes a file with a name of its own.
func (p *proc) mkstemp(spelled, text string) *file {
	f := p.open(spelled, newly)
	f.write(text)
	return f
}

// add appends to a file, as >> does.
func (p *proc) add(spelled, text string) {
	p.open(spelled, event.Write|event.Create|event.Append).append(text)
}

// list reads a directory as opendir and readdir do.
func (p *proc) list(spelled string) bool {
	f := p.open(spelled, event.Read|event.Directory)
	if f.ok() {
		f.stat()
		f.list()
	}
	return f.ok()
}

// Looking.

func there(string) event.Errno { return 0 }

func (p *proc) stat(spelled string) event.Errno { return p.one(event.Stat, spelled, 0, there) }
func (p *proc) lstat(spelled string) event.Errno {
	return p.one(event.Stat, spelled, event.NoFollow, there)
}
func (p *proc) access(spelled string) event.Errno {
	return p.one(event.Access, spelled, 0, there)
}

// accessTo asks whether it may read or write.
func (p *proc) accessTo(spelled string, f event.Flags) event.Errno {
	return p.one(event.Access, spelled, f, there)
}

func (p *proc) accessX(spelled string) event.Errno {
	return p.one(event.Access, spelled, event.Executable, func(path string) event.Errno {
		if n := p.fs.names[path]; n.typ == footprint.File && !n.exec {
			return event.EACCES
		}
		return 0
	})
}

func (p *proc) readlink(spelled string) event.Errno {
	name, errno := p.name(spelled, false)
	n := p.fs.names[name.Path]
	e := event.Event{Op: event.Readlink, Name: name, Flags: event.NoFollow}
	switch {
	case errno != 0:
	case n.typ != footprint.Symlink:
		errno = event.EINVAL
	default:
		e.Target = n.text
	}
	return p.call(e, func() event.Errno { return errno })
}

// Running.

func (p *proc) exec(spelled string) event.Errno {
	p.begin()
	name, errno := p.name(spelled, true)
	n := p.fs.names[name.Path]
	e := event.Event{Op: event.Exec, Name: name}
	switch {
	case errno != 0:
	case n.typ != footprint.File || !n.exec:
		errno = event.EACCES
	case interpreter(n.text) != "":
		e.Flags = event.Script
	}
	errno = p.call(e, func() event.Errno { return errno })
	for depth := 0; errno == 0 && depth < 5 && interpreter(n.text) != ""; depth++ {
		name, missing := p.name(interpreter(n.text), true)
		n = p.fs.names[name.Path]
		p.call(event.Event{Op: event.Load, Name: name}, func() event.Errno { return missing })
		if missing != 0 {
			break
		}
	}
	return errno
}

// Changing names.

func (p *proc) mkdir(spelled string) event.Errno {
	return p.fresh(event.Mkdir, spelled, "", func(path string) event.Errno { return p.fs.mknod(path, footprint.Dir, "") })
}

func (p *proc) symlink(target, spelled string) event.Errno {
	return p.fresh(event.Symlink, spelled, target, func(path string) event.Errno { return p.fs.mknod(path, footprint.Symlink, target) })
}

func (p *proc) mknod(spelled string, t footprint.Type) event.Errno {
	return p.fresh(event.Mknod, spelled, "", func(path string) event.Errno { return p.fs.mknod(path, t, "") })
}

func (p *proc) rmdir(spelled string) event.Errno {
	return p.fresh(event.Rmdir, spelled, "", p.fs.rmdir)
}

func (p *proc) unlink(spelled string) event.Errno {
	return p.fresh(event.Unlink, spelled, "", p.fs.unlink)
}

func (p *proc) rename(from, to string) event.Errno    { return p.renameat2(from, to, 0) }
func (p *proc) exchange(a, b string) event.Errno      { return p.renameat2(a, b, event.Exchange) }
func (p *proc) renameNew(from, to string) event.Errno { return p.renameat2(from, to, event.NoReplace) }
func (p *proc) renameat2(from, to string, f event.Flags) event.Errno {
	return p.two(event.Rename, from, to, f, func(a, b string) event.Errno { return p.fs.rename(a, b, f) })
}

func (p *proc) link(existing, new string) event.Errno {
	return p.two(event.LinkTo, existing, new, 0, p.fs.link)
}

// linkTo gives a file that has no name one. It has none in what is told of it, either.
func (f *file) linkTo(new string) event.Errno {
	name, _ := f.p.name(new, false)
	return f.p.call(event.Event{Op: event.LinkTo, Flags: event.ByDescriptor, Name2: name}, func() event.Errno {
		if errno := f.p.fs.vacant(name.Path); errno != 0 {
			return errno
		}
		f.p.fs.give(f.inode, name.Path)
		return 0
	})
}

func (p *proc) two(op event.Op, from, to string, f event.Flags, do func(a, b string) event.Errno) event.Errno {
	a, _ := p.name(from, false)
	b, _ := p.name(to, false)
	return p.call(event.Event{Op: op, Name: a, Name2: b, Flags: f | event.NoFollow},
		func() event.Errno { return do(a.Path, b.Path) })
}

// Changing files.

func (p *proc) truncate(spelled string, size int64) event.Errno {
	name, errno := p.name(spelled, true)
	return p.call(event.Event{Op: event.Truncate, Name: name, Size: size}, func() event.Errno {
		if errno != 0 {
			return errno
		}
		return p.fs.truncate(name.Path, size)
	})
}

func (p *proc) chmod(spelled string, exec bool) event.Errno {
	return p.meta(event.Chmod, spelled, 0, func(n *inode) { n.exec = exec })
}

func (p *proc) chown(spelled string) event.Errno {
	return p.meta(event.Chown, spelled, 0, func(*inode) {})
}

func (p *proc) lchown(spelled string) event.Errno {
	return p.meta(event.Chown, spelled, event.NoFollow, func(*inode) {})
}

func (p *proc) utime(spelled string) event.Errno {
	return p.meta(event.Utime, spelled, 0, func(n *inode) { n.mtime = p.fs.tick() })
}

func (p *proc) setxattr(spelled string) event.Errno {
	return p.meta(event.SetXattr, spelled, 0, func(*inode) {})
}

func (p *proc) meta(op event.Op, spelled string, f event.Flags, do func(*inode)) event.Errno {
	return p.one(op, spelled, f, func(path string) event.Errno { return p.fs.change(path, do) })
}

// Sockets.

func (p *proc) bind(address string) {
	p.call(event.Event{Op: event.Bind, Address: address}, func() event.Errno { return 0 })
}

// bindFile binds a socket in the file system.
func (p *proc) bindFile(spelled string) {
	name, _ := p.name(spelled, false)
	p.call(event.Event{Op: event.Bind, Name: name, Address: "unix:" + name.Path},
		func() event.Errno { return p.fs.mknod(name.Path, footprint.Other, "") })
}

func (p *proc) connect(address string) {
	p.call(event.Event{Op: event.Connect, Address: address}, func() event.Errno { return 0 })
}

func (p *proc) connectFile(spelled string) event.Errno {
	name, errno := p.name(spelled, true)
	return p.call(event.Event{Op: event.Connect, Name: name, Address: "unix:" + name.Path},
		func() event.Errno { return errno })
}

// What deptrace tells itself, before the step: its own search for the command, and
// the descriptors that the command is given.

func (s *story) search(name string) {
	self := &proc{story: s, dir: "/w"}
	for _, dir := range s.options.Path {
		spelled := dir + "/" + name
		n, errno := self.name(spelled, true)
		e := event.Event{Op: event.Access, Name: n}
		if errno != 0 {
			e.Outcome = event.Fail(errno)
		}
		s.tell(e)
		if errno == 0 {
			return
		}
	}
}

// inherit is a file that a shell has opened for the command.
func (s *story) inherit(descriptor int, p string, f event.Flags) *file {
	p = s.abs(p)
	s.tell(event.Event{Op: event.Inherit, Descriptor: descriptor, Name: event.Name{Path: p}, Flags: f})
	return &file{s.fs.names[p], s.proc, p}
}

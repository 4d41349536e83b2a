package footprint_test

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"deptrace/trace/event"
	"deptrace/trace/footprint"
)

// memFS is a file system in memory. It keeps what the kernel keeps that matters
// here: inodes with several names, link counts, and times that move as they do on
// ext4 (a rename moves ctime, a new name moves the times of its directory). Its
// clock ticks at every change, so that every state is one of its own.
type memFS struct {
	names map[string]*inode
	clock int64
	inos  uint64
}

// inode is a file. Text is the content of a regular file, the target of a link.
type inode struct {
	typ          footprint.Type
	text         string
	exec         bool
	kernel       bool
	denied       footprint.Rights // to the step
	ino, nlink   uint64
	mtime, ctime int64
}

func newMemFS() *memFS {
	m := &memFS{names: map[string]*inode{}}
	m.names["/"] = m.make(footprint.Dir, "")
	return m
}

func (m *memFS) tick() int64 {
	m.clock++
	return m.clock
}

func (m *memFS) make(t footprint.Type, text string) *inode {
	m.inos++
	now := m.tick()
	return &inode{typ: t, text: text, ino: m.inos, nlink: 1, mtime: now, ctime: now}
}

// add gives n the name p.
func (m *memFS) add(p string, n *inode) {
	m.names[p] = n
	m.entriesMoved(p)
}

// remove takes the name p away.
func (m *memFS) remove(p string) {
	n := m.names[p]
	delete(m.names, p)
	n.nlink--
	n.ctime = m.tick()
	m.entriesMoved(p)
}

// entriesMoved moves the times of the directory that holds p.
func (m *memFS) entriesMoved(p string) {
	dir := m.names[path.Dir(p)]
	dir.mtime = m.tick()
	dir.ctime = dir.mtime
}

func (n *inode) write(m *memFS, text string) {
	n.text = text
	n.mtime = m.tick()
	n.ctime = n.mtime
}

// place puts something at p before the step, with the directories above it.
func (m *memFS) place(p string, t footprint.Type, text string) *inode {
	if dir := path.Dir(p); m.names[dir] == nil {
		m.place(dir, footprint.Dir, "")
	}
	n := m.make(t, text)
	m.add(p, n)
	return n
}

// walk follows a path as the kernel does. What it returns is an event.Name's Path
// and Links, and why nothing is there, if nothing is.
func (m *memFS) walk(base, spelled string, follow bool) (string, []event.Link, event.Errno) {
	cur, rest := base, strings.Split(spelled, "/")
	if path.IsAbs(spelled) {
		cur = "/"
	}
	var links []event.Link
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			cur = path.Dir(cur)
			continue
		}
		p := path.Join(cur, name)
		n := m.names[p]
		switch {
		case n == nil:
			return path.Join(p, path.Join(rest...)), links, event.ENOENT
		case n.typ == footprint.Symlink && (follow || len(rest) > 0):
			links = append(links, event.Link{Path: p, Target: n.text})
			if len(links) > 40 {
				return p, links, event.ELOOP
			}
			if path.IsAbs(n.text) {
				cur = "/"
			}
			rest = append(strings.Split(n.text, "/"), rest...)
			continue
		case n.typ != footprint.Dir && len(rest) > 0:
			return path.Join(p, path.Join(rest...)), links, event.ENOTDIR
		}
		cur = p
	}
	return cur, links, 0
}

// at returns what is at p, whose directories may hold links.
func (m *memFS) at(p string) *inode {
	real, _, errno := m.walk("/", p, false)
	if errno != 0 {
		return nil
	}
	return m.names[real]
}

// inKernel reports whether p is, or would be, in a file system of the kernel's.
func (m *memFS) inKernel(p string) bool {
	for ; ; p = path.Dir(p) {
		if n := m.names[p]; n != nil {
			return n.kernel
		}
	}
}

func (m *memFS) below(dir string) []string {
	var paths []string
	for p := range m.names {
		if strings.HasPrefix(p, dir+"/") {
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	return paths
}

// Lstat implements FS.
func (m *memFS) Lstat(p string) (footprint.State, error) {
	n := m.at(p)
	if n == nil {
		return footprint.State{Kernel: m.inKernel(p)}, nil
	}
	s := footprint.State{Type: n.typ, Exec: n.typ == footprint.File && n.exec, Size: int64(len(n.text)), Dev: 1, Ino: n.ino,
		Nlink: n.nlink, Mtime: n.mtime, Ctime: n.ctime, Kernel: n.kernel}
	if n.typ == footprint.Dir {
		s.Size = int64(32 * len(m.below(p)))
	}
	return s, nil
}

// Readlink implements FS.
func (m *memFS) Readlink(p string) (string, error) {
	n := m.at(p)
	if n == nil || n.typ != footprint.Symlink {
		return "", &fs.PathError{Op: "readlink", Path: p, Err: errors.New("no link")}
	}
	return n.text, nil
}

// Denied implements FS.
func (m *memFS) Denied(p string, r footprint.Rights) footprint.Rights {
	if n := m.at(p); n != nil {
		return r & n.denied
	}
	return 0
}

// ReadDir implements FS.
func (m *memFS) ReadDir(p string) ([]footprint.Entry, error) {
	if n := m.at(p); n == nil || n.typ != footprint.Dir {
		return nil, &fs.PathError{Op: "readdir", Path: p, Err: errors.New("no directory")}
	}
	var entries []footprint.Entry
	for _, q := range m.below(strings.TrimSuffix(p, "/")) {
		if path.Dir(q) == p {
			entries = append(entries, footprint.Entry{Name: path.Base(q), Type: m.names[q].typ})
		}
	}
	slices.Reverse(entries) // in any order
	return entries, nil
}

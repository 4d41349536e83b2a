package footprint_test

import (
	"path"
	"strings"

	"deptrace/trace/event"
	"deptrace/trace/footprint"
)

// The system calls, on paths whose directories' links are resolved.

// parent returns why nothing can be made in the directory of p, or 0.
func (m *memFS) parent(p string) event.Errno {
	switch dir := m.names[path.Dir(p)]; {
	case dir == nil:
		return event.ENOENT
	case dir.typ != footprint.Dir:
		return event.ENOTDIR
	}
	return 0
}

// vacant returns why nothing new can be made at p, or 0.
func (m *memFS) vacant(p string) event.Errno {
	if m.names[p] != nil {
		return event.EEXIST
	}
	return m.parent(p)
}

func (m *memFS) open(p string, f event.Flags) (*inode, event.Errno) {
	n := m.names[p]
	has := func(g event.Flags) bool { return f&g != 0 }
	switch {
	case has(event.TempFile):
		if n == nil {
			return nil, event.ENOENT
		}
		n = m.make(footprint.File, "")
		n.nlink = 0
		return n, 0
	case n == nil:
		if errno := m.parent(p); errno != 0 {
			return nil, errno
		}
		if !has(event.Create) {
			return nil, event.ENOENT
		}
		n = m.make(footprint.File, "")
		m.add(p, n)
		return n, 0
	case has(event.Create) && has(event.Exclusive):
		return nil, event.EEXIST
	case n.typ == footprint.Symlink && !has(event.PathOnly):
		return nil, event.ELOOP
	case n.typ != footprint.Dir && has(event.Directory):
		return nil, event.ENOTDIR
	case n.typ == footprint.Dir && has(event.Write|event.Create|event.Truncated):
		return nil, event.EISDIR
	}
	if n.typ == footprint.File && has(event.Truncated) {
		n.write(m, "")
	}
	return n, 0
}

func (m *memFS) mknod(p string, t footprint.Type, text string) event.Errno {
	if errno := m.vacant(p); errno != 0 {
		return errno
	}
	m.add(p, m.make(t, text))
	return 0
}

func (m *memFS) rmdir(p string) event.Errno {
	switch n := m.names[p]; {
	case n == nil:
		return event.ENOENT
	case n.typ != footprint.Dir:
		return event.ENOTDIR
	case len(m.below(p)) > 0:
		return event.ENOTEMPTY
	}
	m.remove(p)
	return 0
}

func (m *memFS) unlink(p string) event.Errno {
	switch n := m.names[p]; {
	case n == nil:
		if errno := m.parent(p); errno != 0 {
			return errno
		}
		return event.ENOENT
	case n.typ == footprint.Dir:
		return event.EISDIR
	}
	m.remove(p)
	return 0
}

func (m *memFS) link(from, to string) event.Errno {
	n := m.names[from]
	switch {
	case n == nil:
		return event.ENOENT
	case n.typ == footprint.Dir:
		return event.EPERM
	}
	if errno := m.vacant(to); errno != 0 {
		return errno
	}
	m.give(n, to)
	return 0
}

// give gives n one name more.
func (m *memFS) give(n *inode, p string) {
	n.nlink++
	n.ctime = m.tick()
	m.add(p, n)
}

func (m *memFS) rename(from, to string, f event.Flags) event.Errno {
	a, b := m.names[from], m.names[to]
	switch {
	case a == nil:
		return event.ENOENT
	case b == nil && f&event.Exchange != 0:
		return event.ENOENT
	case m.parent(to) != 0:
		return m.parent(to)
	case b != nil && f&event.NoReplace != 0:
		return event.EEXIST
	case strings.HasPrefix(to, from+"/"), f&event.Exchange != 0 && strings.HasPrefix(from, to+"/"):
		return event.EINVAL
	case b != nil && strings.HasPrefix(from, to+"/") && f&event.Exchange == 0:
		return event.ENOTEMPTY // what is to be replaced holds what is to replace it
	case a == b:
		return 0
	}
	moved, back := m.take(from), map[string]*inode(nil)
	if b != nil {
		switch {
		case f&event.Exchange != 0:
			back = m.take(to)
		case a.typ == footprint.Dir && b.typ != footprint.Dir:
			m.put(from, moved)
			return event.ENOTDIR
		case a.typ != footprint.Dir && b.typ == footprint.Dir:
			m.put(from, moved)
			return event.EISDIR
		case len(m.below(to)) > 0:
			m.put(from, moved)
			return event.ENOTEMPTY
		default:
			m.remove(to)
		}
	}
	m.put(to, moved)
	m.put(from, back)
	m.entriesMoved(from)
	m.entriesMoved(to)
	a.ctime = m.tick()
	if back != nil {
		b.ctime = m.tick()
	}
	return 0
}

// take removes the tree at p and returns it, by the rest of its paths.
func (m *memFS) take(p string) map[string]*inode {
	tree := map[string]*inode{"": m.names[p]}
	for _, q := range m.below(p) {
		tree[strings.TrimPrefix(q, p)] = m.names[q]
		delete(m.names, q)
	}
	delete(m.names, p)
	return tree
}

func (m *memFS) put(p string, tree map[string]*inode) {
	for rest, n := range tree {
		m.names[p+rest] = n
	}
}

func (m *memFS) truncate(p string, size int64) event.Errno {
	n := m.names[p]
	switch {
	case n == nil:
		return event.ENOENT
	case n.typ == footprint.Dir:
		return event.EISDIR
	}
	n.truncate(m, size)
	return 0
}

func (n *inode) truncate(m *memFS, size int64) {
	text := n.text + strings.Repeat("\x00", int(max(0, size-int64(len(n.text)))))
	n.write(m, text[:size])
}

// change changes metadata: ctime moves, whatever else does.
func (m *memFS) change(p string, do func(*inode)) event.Errno {
	n := m.names[p]
	if n == nil {
		return event.ENOENT
	}
	do(n)
	n.ctime = m.tick()
	return 0
}

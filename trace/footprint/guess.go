package footprint

import (
	"strings"

	"deptrace/trace/event"
)

// guess is the outcome to expect of an operation whose outcome will not be told, as
// seccomp user notification does not, from what is there now: the errors that the kernel
// finds by looking, in the order in which it looks. Where the guess is wrong
// (permissions), the comparison at the end finds that nothing changed.
func (f *Folder) guess(e *event.Event) event.Outcome {
	if e.Name.Path == "" {
		return event.Outcome{} // a file without a name gets one
	}
	n := f.node(e.Name.Path)
	errno := event.Errno(0)
	switch e.Op {
	case event.Open:
		errno = f.guessOpen(n, e.Flags)
	case event.Mkdir, event.Symlink, event.Mknod:
		if n.present {
			errno = event.EEXIST
		}
	case event.Unlink, event.Rmdir:
		if e.Op == event.Rmdir && lastPart(e.Name.Spelled) == "." {
			errno = event.EINVAL
			break
		}
		errno = f.guessRemove(n, e.Op == event.Rmdir)
	case event.LinkTo:
		switch {
		case !n.present:
			errno = event.ENOENT
		case f.node(e.Name2.Path).present:
			errno = event.EEXIST
		}
	case event.Rename:
		errno = f.guessRename(n, f.node(e.Name2.Path), e.Flags)
		for _, spelled := range []string{e.Name.Spelled, e.Name2.Spelled} {
			if last := lastPart(spelled); last == "." || last == ".." {
				errno = event.EBUSY
			}
		}
	case event.Truncate:
		switch {
		case !n.present:
			errno = event.ENOENT
		case f.lstat(n.path).Type == Dir:
			errno = event.EISDIR
		}
	default:
		if !n.present {
			errno = event.ENOENT
		}
	}
	if errno != 0 {
		return event.Fail(errno)
	}
	return event.Outcome{}
}

func (f *Folder) guessOpen(n *node, flags event.Flags) event.Errno {
	switch {
	case !n.present && flags&event.Create == 0:
		return event.ENOENT
	case !n.present:
		return 0
	case flags&event.Exclusive != 0:
		return event.EEXIST
	}
	changes := flags&(event.Write|event.Create|event.Truncated) != 0 && flags&event.TempFile == 0
	if !changes && flags&event.Directory == 0 {
		return 0 // most opens: what is there need not be asked
	}
	switch dir := f.lstat(n.path).Type == Dir; {
	case dir && changes:
		return event.EISDIR
	case !dir && flags&event.Directory != 0:
		return event.ENOTDIR
	}
	return 0
}

func (f *Folder) guessRemove(n *node, asDir bool) event.Errno {
	dir := n.present && f.lstat(n.path).Type == Dir
	switch {
	case !n.present:
		return event.ENOENT
	case dir && !asDir:
		return event.EISDIR
	case !dir && asDir:
		return event.ENOTDIR
	case dir && !f.empty(n.path):
		return event.ENOTEMPTY
	}
	return 0
}

func (f *Folder) guessRename(n, n2 *node, flags event.Flags) event.Errno {
	if !n.present {
		return event.ENOENT
	}
	dir := f.lstat(n.path).Type == Dir
	switch {
	case flags&event.Exchange != 0:
		if !n2.present {
			return event.ENOENT
		}
		if n != n2 && (under(n2.path, n.path) || under(n.path, n2.path)) {
			return event.EINVAL
		}
		return 0
	case dir && n2 != n && under(n2.path, n.path):
		return event.EINVAL
	case !n2.present:
		return 0
	case flags&event.NoReplace != 0:
		return event.EEXIST
	case n == n2:
		return 0
	case under(n.path, n2.path):
		return event.ENOTEMPTY
	}
	dir2 := f.lstat(n2.path).Type == Dir
	switch {
	case !dir && dir2:
		return event.EISDIR
	case dir && !dir2:
		return event.ENOTDIR
	case dir2 && !f.empty(n2.path):
		return event.ENOTEMPTY
	}
	return 0
}

// lastPart is the last name in a path as spelled.
func lastPart(spelled string) string {
	spelled = strings.TrimRight(spelled, "/")
	return spelled[strings.LastIndexByte(spelled, '/')+1:]
}

// empty reports whether a directory holds nothing.
func (f *Folder) empty(dir string) bool {
	names, err := f.o.FS.ReadDir(dir)
	return err == nil && len(names) == 0
}

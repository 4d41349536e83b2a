package resolve

import (
	"deptrace/trace/event"
	"deptrace/trace/onpath"
	"deptrace/trace/tracee"

	"golang.org/x/sys/unix"
)

// OS is the file system of this process.
type OS struct{}

// Type implements [FS].
func (OS) Type(p string) (Type, event.Errno) {
	var st unix.Stat_t
	if errno := onpath.Lstat(p, &st); errno != 0 {
		return Nothing, event.Errno(errno)
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return Directory, 0
	case unix.S_IFLNK:
		return Link, 0
	}
	return Else, 0
}

// Readlink implements [FS].
func (OS) Readlink(p string) (string, error) { return tracee.Readlink(p) }

// Jump implements [FS].
func (OS) Jump(p, target string) (string, bool) {
	to, err := tracee.Named(p, target)
	return to, err == nil
}

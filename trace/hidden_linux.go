//go:build amd64 || arm64

package trace

import (
	"deptrace/trace/event"
	"deptrace/trace/tracee"

	"golang.org/x/sys/unix"
)

// hidden says of a file or directory that this process holds, st, whether its name leads
// to another one: something has been mounted over it or above it since it was opened. The
// kernel goes on giving it the name that it had, and so would every name be wrong that is
// resolved from there.
func hidden(name string, st *unix.Stat_t) bool {
	var there unix.Stat_t
	switch err := unix.Lstat(name, &there); err {
	case nil:
	case unix.ENOENT, unix.ENOTDIR:
		return true
	default: // not to be looked at by this user
		return false
	}
	return there.Dev != st.Dev || there.Ino != st.Ino
}

// tellHidden tells that what the command is given under a name is not what the name leads
// to.
func tellHidden(sink event.Sink, name string) {
	sink.Event(&event.Event{Op: event.Incomplete, Reason: event.Mount, Detail: name + " is hidden by what is mounted there"})
}

// directory tells if the working directory that the command inherits is hidden.
func (c *Command) directory(sink event.Sink, links *tracee.Links, self int) {
	var st unix.Stat_t
	if c.Dir != "" || unix.Stat(".", &st) != nil {
		return // entered by its name, or removed: then nothing can be looked up from it
	}
	if name, err := links.Cwd(self); err == nil && hidden(name, &st) {
		tellHidden(sink, name)
	}
}

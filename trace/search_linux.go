//go:build amd64 || arm64

package trace

import (
	"path/filepath"
	"strings"
	"syscall"

	"deptrace/trace/event"
	"deptrace/trace/resolve"

	"golang.org/x/sys/unix"
)

// search finds the command as execvp(3) would in the directory that it is going to
// run in, and tells its lookups: they are the first of the step.
func (c *Command) search(sink event.Sink) (string, error) {
	name := c.Args[0]
	if name == "" {
		return "", ErrNotFound
	}
	if strings.Contains(name, "/") {
		return name, nil
	}
	dir, err := filepath.Abs(c.Dir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return "", err
	}
	resolver := resolve.New(resolve.OS{})
	var refused error
	for _, d := range SearchPath() {
		if d == "" {
			d = "."
		}
		candidate := strings.TrimSuffix(d, "/") + "/" + name
		e := event.Event{Op: event.Access, Name: event.Name{Spelled: candidate}}
		if candidate[0] != '/' {
			e.Name.Base = dir
		}
		r := resolver.Resolve(resolve.Request{Base: dir, Spelled: candidate, Follow: true})
		e.Name.Path, e.Name.Links, e.Name.Ups = r.Path, r.Links, r.Ups
		seen := candidate // from here
		if candidate[0] != '/' {
			seen = dir + "/" + candidate
		}
		var st unix.Stat_t
		err := unix.Stat(seen, &st)
		switch {
		case err != nil:
			e.Outcome = event.Fail(event.Errno(err.(syscall.Errno)))
		case st.Mode&unix.S_IFMT != unix.S_IFREG || unix.Faccessat(unix.AT_FDCWD, seen, unix.X_OK, unix.AT_EACCESS) != nil:
			e.Outcome, refused = event.Fail(event.EACCES), syscall.EACCES
		}
		sink.Event(&e)
		if e.Outcome.State == event.OK {
			return candidate, nil
		}
	}
	if refused != nil {
		return "", refused
	}
	return "", ErrNotFound
}

//go:build amd64 || arm64

package trace

import (
	"os"
	"strings"
	"syscall"

	"deptrace/trace/event"
	"deptrace/trace/resolve"

	"golang.org/x/sys/unix"
)

// search finds a command as execvp(3) would, and tells its lookups: they are the
// first of the step.
func search(name string, sink event.Sink) (string, error) {
	if name == "" {
		return "", ErrNotFound
	}
	if strings.Contains(name, "/") {
		return name, nil
	}
	dir, err := os.Getwd()
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
		e := event.Event{Seq: 0, Op: event.Access, Name: event.Name{Spelled: candidate}}
		if candidate[0] != '/' {
			e.Name.Base = dir
		}
		r := resolver.Resolve(resolve.Request{Base: dir, Spelled: candidate, Follow: true})
		e.Name.Path, e.Name.Links = r.Path, r.Links
		var st unix.Stat_t
		err := unix.Stat(candidate, &st)
		switch {
		case err != nil:
			e.Outcome = event.Fail(event.Errno(err.(syscall.Errno)))
		case st.Mode&unix.S_IFMT != unix.S_IFREG || unix.Faccessat(unix.AT_FDCWD, candidate, unix.X_OK, unix.AT_EACCESS) != nil:
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

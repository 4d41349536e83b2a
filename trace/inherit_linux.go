//go:build amd64 || arm64

package trace

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"

	"deptrace/trace/event"
	"deptrace/trace/tracee"

	"golang.org/x/sys/unix"
)

// inheritance is what a command is given open.
type inheritance struct {
	files [3]int // standard input, output and error, as descriptors of this process
	// stdin is what proc calls the standard input, if it is a pipe or the like from which
	// something could be read, and pipes are others of that kind. See watch.Config.
	stdin string
	pipes map[string]string
}

// inherited tells the files that the command is given open, and waits until their
// contents have been saved where that is asked for. Where the name of one, or of a directory
// that it is given, leads elsewhere, that is told.
func (c *Command) inherited(sink event.Sink) (is inheritance, err error) {
	given := map[int]int{} // descriptor of the command to that of this process
	for i, f := range []*os.File{c.Stdin, c.Stdout, c.Stderr} {
		fd := i
		if f != nil {
			fd = int(f.Fd())
		}
		is.files[i] = fd
		given[i] = fd
	}
	if c.StdoutTo != nil {
		given[1] = int(c.StdoutTo.Fd())
	}
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return is, fmt.Errorf("list the inherited descriptors: %w", err)
	}
	for _, n := range names {
		fd, err := strconv.Atoi(n.Name())
		if err != nil || fd <= 2 {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			given[fd] = fd
		}
	}
	self := os.Getpid()
	var links tracee.Links
	c.directory(sink, &links, self)
	for _, to := range slices.Sorted(maps.Keys(given)) {
		fd := given[to]
		var st unix.Stat_t
		if unix.Fstat(fd, &st) != nil {
			continue // closed
		}
		name, err := links.Descriptor(self, fd)
		kind := st.Mode & unix.S_IFMT
		if (kind == unix.S_IFREG || kind == unix.S_IFDIR) && err == nil && hidden(name, &st) {
			tellHidden(sink, name)
		}
		if kind != unix.S_IFREG || err != nil {
			if to == 0 && (Readable(fd) || c.Terminal && terminal(fd)) {
				is.stdin, _ = tracee.Raw(self, fd)
			}
			if to > 2 && Readable(fd) && !writeOnly(fd) {
				is.pipe(self, fd, to, c.Tokens)
			}
			continue
		}
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		if err != nil {
			continue
		}
		e := event.Event{Op: event.Inherit, Descriptor: to, Name: event.Name{Path: name}}
		switch flags & unix.O_ACCMODE {
		case unix.O_RDONLY:
			e.Flags = event.Read
		case unix.O_WRONLY:
			e.Flags = event.Write
		case unix.O_RDWR:
			e.Flags = event.Read | event.Write
		}
		if flags&unix.O_APPEND != 0 {
			e.Flags |= event.Append
		}
		if flags&unix.O_PATH != 0 {
			continue
		}
		if shared(os.Getppid(), to, &st) {
			e.Flags |= event.Shared
		}
		if hold := sink.Event(&e); hold != nil {
			<-hold
		}
	}
	return is, nil
}

// pipe notes a pipe that the command is given, unless it is standard input, too, or has
// only tokens in it.
func (is *inheritance) pipe(self, fd, to int, tokens []int) {
	name, ok := tracee.Raw(self, fd)
	if _, twice := is.pipes[name]; twice || !ok || name == "" || name == is.stdin {
		return
	}
	for _, fd := range tokens {
		if token, _ := tracee.Raw(self, fd); token == name {
			return
		}
	}
	if is.pipes == nil {
		is.pipes = map[string]string{}
	}
	is.pipes[name] = fmt.Sprintf("descriptor %d", to)
}

func writeOnly(fd int) bool {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_ACCMODE == unix.O_WRONLY
}

func terminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}

// Readable reports of a descriptor that names no file whether a command which reads from it
// as its standard input could get something that its record does not have: from a pipe or
// socket whose other end is open or that holds data, or from a file without a name (a
// shell's here-document).
// GNU make gives all but one of its parallel jobs a pipe whose writing end is closed.
func Readable(fd int) bool {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return false
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFIFO, unix.S_IFSOCK:
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if _, err := unix.Poll(poll, 0); err != nil {
			return true
		}
		return poll[0].Revents&unix.POLLIN != 0 || poll[0].Revents&unix.POLLHUP == 0
	case unix.S_IFREG:
		return true
	}
	return false
}

package tracee

import (
	"os"
	"strconv"
	"strings"

	"deptrace/trace/intern"
	"deptrace/trace/onpath"
)

// Links reads links, those of proc(5) to what a process has open before all. Unlike [Readlink]
// it allocates nothing for what it has read before. The zero Links is ready for use. It must not
// be used by two goroutines at a time.
type Links struct {
	name   []byte
	target [pathMax]byte
	texts  intern.Table
}

// Read returns the text of the link at p.
func (l *Links) Read(p string) (string, error) {
	l.name = append(l.name[:0], p...)
	return l.read()
}

// Cwd returns the absolute path of the working directory of a thread.
func (l *Links) Cwd(tid int) (string, error) {
	l.of(tid, "/cwd")
	return l.named()
}

// Descriptor returns the absolute path of the file that is open as fd.
func (l *Links) Descriptor(tid, fd int) (string, error) {
	l.of(tid, "/fd/")
	l.name = strconv.AppendInt(l.name, int64(fd), 10)
	return l.named()
}

// of has the name be that of a link in a thread's directory.
func (l *Links) of(tid int, what string) {
	l.name = strconv.AppendInt(append(l.name[:0], "/proc/"...), int64(tid), 10)
	l.name = append(l.name, what...)
}

// named reads a link to an open file.
func (l *Links) named() (string, error) {
	s, err := l.read()
	if err != nil || strings.HasPrefix(s, "/") && !strings.HasSuffix(s, gone) {
		return s, err
	}
	return Named(string(l.name), s)
}

// read reads the link with the name.
func (l *Links) read() (string, error) {
	n, errno := onpath.Readlink(l.name, l.target[:])
	if errno != 0 {
		return "", &os.PathError{Op: "readlink", Path: string(l.name), Err: errno}
	}
	return l.texts.String(l.target[:n]), nil
}

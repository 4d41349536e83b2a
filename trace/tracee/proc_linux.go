package tracee

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"deptrace/trace/onpath"

	"golang.org/x/sys/unix"
)

// Removed is the error for a directory that was removed: it has no name any more, but
// ".." still leads up from it.
type Removed struct{ Path string } // where it was

func (r *Removed) Error() string { return r.Path + ": removed" }

// ErrNameless says that a descriptor, or the working directory, has no name in the
// file system: a pipe, a socket, a memfd, or a file that was removed.
var ErrNameless = errors.New("no name in the file system")

// Raw returns what proc says of a descriptor, as "pipe:[123]", or "" if it is
// closed. ok is false if that cannot be seen.
func Raw(tid, fd int) (s string, ok bool) {
	s, err := Readlink(proc(tid, "fd/"+strconv.Itoa(fd)))
	return s, err == nil || errors.Is(err, fs.ErrNotExist)
}

func proc(tid int, what string) string {
	return "/proc/" + strconv.Itoa(tid) + "/" + what
}

// Readlink returns the text of the link at p, which is at most as long as a path.
func Readlink(p string) (string, error) {
	var buf [pathMax]byte
	n, errno := onpath.Readlink(p, buf[:])
	if errno != 0 {
		return "", &os.PathError{Op: "readlink", Path: p, Err: errno}
	}
	return string(buf[:n]), nil
}

// gone is what the kernel writes behind the name of a file that was removed.
const gone = " (deleted)"

// Named returns the path that a link of proc(5) to an open file, which reads target,
// stands for. What the kernel writes behind the name of a removed file can be a part of a
// file's name, too: whether the two are the same file decides.
func Named(p, target string) (string, error) {
	if !strings.HasPrefix(target, "/") {
		return "", ErrNameless
	}
	if !strings.HasSuffix(target, gone) {
		return target, nil
	}
	var open, there unix.Stat_t
	if unix.Stat(p, &open) != nil {
		return "", ErrNameless
	}
	if unix.Lstat(target, &there) == nil && open.Dev == there.Dev && open.Ino == there.Ino {
		return target, nil
	}
	if open.Mode&unix.S_IFMT == unix.S_IFDIR {
		return "", &Removed{strings.TrimSuffix(target, gone)}
	}
	return "", ErrNameless
}

// Command returns the name of the program of a thread, at most 15 bytes, or "?".
func Command(tid int) string {
	b, err := readFile(proc(tid, "comm"))
	if err != nil {
		return "?"
	}
	return strings.TrimSuffix(string(b), "\n")
}

// Alive reports whether there is a thread with the number that has not ended. One
// that has ended and waits for its parent to notice is none.
func Alive(tid int) bool {
	f, ok := stat(tid)
	return ok && f[0] != "Z" && f[0] != "X"
}

// Stopped reports whether a process has been stopped by a signal.
func Stopped(pid int) bool {
	f, ok := stat(pid)
	return ok && f[0] == "T"
}

// tick is the unit of the kernel's start times (proc(5)): there are a hundred in a second.
const tick = 10 * time.Millisecond

// StartedBefore reports whether the process with the number started before a time: if
// not, it is not the one that had the number then.
func StartedBefore(pid int, t time.Time) bool {
	const startTime = 22 - 3
	since := time.Since(t) // first: what passes until the other clock is read must not count
	f, ok := stat(pid)
	if !ok || len(f) <= startTime {
		return false
	}
	ticks, err := strconv.ParseInt(f[startTime], 10, 64)
	var now unix.Timespec
	if err != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return false
	}
	age := time.Duration(now.Nano()) - time.Duration(ticks)*tick
	return age >= since
}

// stat returns what /proc/TID/stat has behind the name: the state and all that
// follows it.
func stat(tid int) (fields []string, ok bool) {
	b, err := readFile(proc(tid, "stat"))
	if err != nil {
		return nil, false
	}
	fields = strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	return fields, len(fields) > 0
}

// Capable reports whether a thread has a capability (capabilities(7)); true also where
// that cannot be seen.
func Capable(tid, capability int) bool {
	b, err := readFile(proc(tid, "status"))
	return err != nil || statusBits(b, "\nCapEff:")&(1<<capability) != 0
}

// Handles reports whether a process has a handler for a signal, or ignores or blocks
// it: so that getting it would not end the process.
func Handles(pid int, sig syscall.Signal) bool {
	b, err := readFile(proc(pid, "status"))
	if err != nil {
		return false
	}
	for _, set := range []string{"\nSigBlk:", "\nSigIgn:", "\nSigCgt:"} {
		if statusBits(b, set)&(1<<(sig-1)) != 0 {
			return true
		}
	}
	return false
}

// statusBits returns a set of bits of /proc/PID/status; key begins with the line's end
// before it.
func statusBits(status []byte, key string) uint64 {
	_, rest, _ := bytes.Cut(status, []byte(key))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	set, _ := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 64)
	return set
}

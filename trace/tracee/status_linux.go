package tracee

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Process is a process's place in the process tree.
type Process struct {
	Leader int // the process (thread group) id
	Parent int
}

// noInfo is set once the kernel has shown that a pidfd does not tell (before Linux 6.13).
var noInfo atomic.Bool

// Status returns the place in the process tree of a thread. Where a pidfd tells, that is asked:
// it takes 5 µs. The file of proc(5) has much more to say and takes 13, and 40 if the os package
// reads it. Each process pays that for its first call.
func Status(tid int) (Process, error) {
	if !noInfo.Load() {
		p, errno := info(tid)
		switch errno {
		case 0:
			return p, nil
		case unix.ESRCH:
			return Process{}, &os.PathError{Op: "look at", Path: proc(tid, ""), Err: errno}
		case unix.EMFILE, unix.ENFILE, unix.ENOMEM:
		default:
			noInfo.Store(true)
		}
	}
	return status(tid)
}

// status is Status by proc(5).
func status(tid int) (Process, error) {
	b, err := readFile(proc(tid, "status"))
	if err != nil {
		return Process{}, err
	}
	var p Process
	for line := range bytes.Lines(b) {
		key, value, _ := bytes.Cut(line, []byte(":"))
		if string(key) != "Tgid" && string(key) != "PPid" {
			continue
		}
		n, err := strconv.Atoi(string(bytes.TrimSpace(value)))
		if err != nil {
			break
		}
		if key[0] == 'T' {
			p.Leader = n
			continue
		}
		p.Parent = n
		return p, nil
	}
	return Process{}, errors.New("read " + proc(tid, "status") + ": no Tgid or PPid")
}

// readFile reads a file of proc(5) that the kernel writes in one piece, so that a read that
// does not fill the buffer is the last one. [os.ReadFile] asks for the size, offers the file to
// the poller, and has it written once more to see the end.
func readFile(p string) ([]byte, error) {
	fd, err := unix.Open(p, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: p, Err: err}
	}
	defer unix.Close(fd)
	b := make([]byte, 0, 2048)
	for {
		n, err := unix.Read(fd, b[len(b):cap(b)])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, &os.PathError{Op: "read", Path: p, Err: err}
		}
		if b = b[:len(b)+n]; len(b) < cap(b) {
			return b, nil
		}
		b = append(b, 0)[:len(b)]
	}
}

// MaxPID returns how many numbers of processes and threads there are in this process's namespace.
func MaxPID() (int, error) {
	b, err := readFile("/proc/sys/kernel/pid_max")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(bytes.TrimSpace(b)))
}

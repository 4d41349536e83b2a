package tracee

import (
	"bytes"
	"os"
	"strconv"
	"strings"
)

// The kernel's lists of sockets (proc(5), net) are those of a thread's network namespace.
// certain says whether a list could be read whole and would show what was asked for.

// eachSocket calls f with each line but the first of a list.
func eachSocket(tid int, list string, f func(line []byte)) (certain bool) {
	b, err := os.ReadFile(proc(tid, "net/"+list))
	if err != nil {
		return false
	}
	first := true
	for line := range bytes.Lines(b) {
		if !first {
			f(bytes.TrimSuffix(line, []byte("\n")))
		}
		first = false
	}
	return true
}

// AbstractSockets returns the inodes of the Unix sockets that are bound to an abstract
// name, which begins with "@". The list shows NUL as "@", too, and ends a line at a
// newline in a name.
func AbstractSockets(tid int, name string) (inodes []string, certain bool) {
	if strings.ContainsRune(name, '\n') {
		return nil, false
	}
	name = strings.ReplaceAll(name, "\x00", "@")
	const columns, inode = 7, 6 // before the name, with one space behind each
	certain = eachSocket(tid, "unix", func(line []byte) {
		var column []byte
		var is string
		for i := range columns {
			column, line, _ = bytes.Cut(bytes.TrimLeft(line, " "), []byte(" "))
			if i == inode {
				is = string(column)
			}
		}
		if string(line) == name {
			inodes = append(inodes, is)
		}
	})
	return inodes, certain
}

// Listening is the state of a TCP socket that is listened on (TCP_LISTEN), for SocketsAt.
const Listening = "0A"

// SocketsAt returns the inodes of the sockets in a list ("tcp", "udp") and, where there is
// IPv6, in its twin, that have a local port; state is that of the socket in the list's
// words, if it matters.
func SocketsAt(tid int, list string, port uint16, state string) (inodes []string, certain bool) {
	const local, st, inode = 1, 3, 9
	add := func(line []byte) {
		f := bytes.Fields(line)
		if len(f) <= inode || state != "" && string(f[st]) != state {
			return
		}
		n, err := strconv.ParseUint(string(f[local][bytes.LastIndexByte(f[local], ':')+1:]), 16, 16)
		if err == nil && uint16(n) == port {
			inodes = append(inodes, string(f[inode]))
		}
	}
	if !eachSocket(tid, list, add) {
		return inodes, false
	}
	if _, err := os.Stat(proc(tid, "net/"+list+"6")); err != nil {
		return inodes, true // there is no IPv6 here
	}
	return inodes, eachSocket(tid, list+"6", add)
}

// HoldsSocket reports whether a process has one of the sockets open.
func HoldsSocket(pid int, inodes []string) bool {
	names, err := os.ReadDir(proc(pid, "fd"))
	if err != nil {
		return false
	}
	for _, n := range names {
		target, err := Readlink(proc(pid, "fd/"+n.Name()))
		inode, ok := strings.CutPrefix(target, "socket:[")
		if err != nil || !ok {
			continue
		}
		for _, want := range inodes {
			if inode == want+"]" {
				return true
			}
		}
	}
	return false
}

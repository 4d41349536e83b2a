//go:build amd64 || arm64

package trace

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"

	"deptrace/trace/tracee"

	"golang.org/x/sys/unix"
)

// shells are programs that open a redirection for the command that they run.
var shells = []string{"sh", "dash", "bash", "ash", "busybox", "ksh", "ksh93", "mksh", "zsh", "fish"}

// wrappers run one command, and have open what it has.
var wrappers = []string{"timeout", "time", "flock", "setsid", "xargs", "parallel", "script", "chronic", "sudo", "doas", "strace", "ltrace", "perf", "valgrind", "deptrace"}

// shared reports whether a file that the command has open at fd was not opened for the
// command: it is the log of what had the command run, to which others write, too. pid is the
// process that had it run; between the two there may be wrappers.
//
// A process that is no shell opens a file for a child in the child, so what it has itself is
// its own: make's in `make >log`. A shell does the same (bash), or redirects itself and puts
// aside what it had before, at a descriptor from 10 on that is closed on exec (dash for each
// command, all of them for { } and functions). So what a shell has without having put another
// aside it was started with, or has taken for good (`exec >log`): it is the log of its
// script. Only a part of a shell, ( ), opens it and puts nothing aside, or has it from
// the shell that it is a part of.
func shared(pid, fd int, st *unix.Stat_t) bool {
	for hasOpen(pid, fd, st) {
		name := program(pid)
		s, err := tracee.Status(pid)
		switch {
		case err != nil:
			return true
		case slices.Contains(wrappers, name):
		case !slices.Contains(shells, name):
			return true
		case !hasOpen(s.Parent, fd, st) && putAside(pid, s.Parent, fd):
			return false
		case !sameWords(pid, s.Parent):
			return true
		}
		pid = s.Parent
	}
	return false
}

// program returns the name of the file that a process executes, so of a script that of its
// interpreter.
func program(pid int) string {
	if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err == nil {
		return path.Base(exe)
	}
	return tracee.Command(pid)
}

// sameWords reports whether two processes run a program with the same words, as a shell
// and a part of it do.
func sameWords(pid, parent int) bool {
	words := func(pid int) []byte {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		return b
	}
	return bytes.Equal(words(pid), words(parent))
}

// putAside reports whether a shell has redirected fd for the command that it runs, and so
// has put aside what it had there. What it put aside says which file that was and not at
// which descriptor: one alone is taken for that of standard output, unless the shell has that
// from its parent.
func putAside(pid, parent, fd int) bool {
	dir := fmt.Sprintf("/proc/%d/fdinfo", pid)
	names, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	aside := 0
	for _, n := range names {
		kept, err := strconv.Atoi(n.Name())
		if err != nil || kept < 10 {
			continue
		}
		info, err := os.ReadFile(dir + "/" + n.Name())
		if err != nil {
			continue
		}
		flags, ok := openFlags(info)
		if ok && flags&unix.O_CLOEXEC != 0 && flags&unix.O_ACCMODE != unix.O_RDONLY {
			aside++ // and no script, which the shell only reads
		}
	}
	var out unix.Stat_t
	return aside > 1 || aside == 1 && (fd == 1 || statOpen(pid, 1, &out) && hasOpen(parent, 1, &out))
}

// hasOpen reports whether a process has a file open at fd.
func hasOpen(pid, fd int, st *unix.Stat_t) bool {
	var theirs unix.Stat_t
	return statOpen(pid, fd, &theirs) && theirs.Dev == st.Dev && theirs.Ino == st.Ino
}

func statOpen(pid, fd int, st *unix.Stat_t) bool {
	return unix.Stat(fmt.Sprintf("/proc/%d/fd/%d", pid, fd), st) == nil
}

// openFlags takes the flags out of what proc(5) says of a descriptor, where they stand in
// octal behind "flags:".
func openFlags(info []byte) (int64, bool) {
	_, rest, ok := bytes.Cut(info, []byte("flags:"))
	if !ok {
		return 0, false
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	flags, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 8, 64)
	return flags, err == nil
}

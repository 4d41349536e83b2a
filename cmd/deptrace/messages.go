package main

// What deptrace says. Everything goes to standard error behind "deptrace: ", in
// lower case and without a period; a hint stands on a line of its own. Nothing goes
// to standard output but what was asked for: under run it is the command's.
//
// That a message cannot be written changes nothing: standard error may be closed,
// full, or a pipe that nobody reads any more.

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"
)

func errorf(format string, args ...any) { say("deptrace: ", format, args) }
func warnf(format string, args ...any)  { say("deptrace: warning: ", format, args) }
func hintf(format string, args ...any)  { say("deptrace: hint: ", format, args) }

// say writes one line in one write, so that the lines of parallel steps do not mix.
func say(prefix, format string, args []any) {
	// Not through os.Stderr, which would have a reader that is gone be the end of us.
	_, _ = syscall.Write(2, []byte(prefix+fmt.Sprintf(format, args...)+"\n"))
}

// printable returns a name as it can stand in a message: as it is, or quoted where
// it holds what a terminal or a reader of lines would not take for a name.
func printable(name string) string {
	plain := func(r rune) bool { return r >= ' ' && r != 0x7f && r != '"' }
	if name != "" && utf8.ValidString(name) && strings.IndexFunc(name, func(r rune) bool { return !plain(r) }) < 0 {
		return name
	}
	return strconv.Quote(name)
}

// listed joins names for a message, and counts those behind the first few.
func listed(names []string) string {
	const most = 5
	var b strings.Builder
	for i, n := range names {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(names)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(printable(n))
	}
	return b.String()
}

// count is "1 file" or "2 files".
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

// cause takes the name off an error of package os whose message names it already.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		return l.Err
	}
	var s *os.SyscallError
	if errors.As(err, &s) {
		return s.Err
	}
	var e syscall.Errno
	if errors.As(err, &e) {
		return e
	}
	return err
}

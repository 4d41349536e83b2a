package main

// What deptrace says. Everything goes to standard error behind "deptrace: ", in
// lower case and without a period; a hint stands on a line of its own. Nothing goes
// to standard output but what was asked for: under run it is the command's.
//
// Names are bytes, and one can hold a line end or what a terminal obeys: they go through
// printable wherever they come into a message, and each line once more through cache.Line,
// for what others have put into an error.
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

	"deptrace/cache"
)

func errorf(format string, args ...any) { say("deptrace: ", format, args) }
func warnf(format string, args ...any)  { say("deptrace: warning: ", format, args) }
func hintf(format string, args ...any)  { say("deptrace: hint: ", format, args) }

// say writes one line in one write, so that the lines of parallel steps do not mix.
func say(prefix, format string, args []any) {
	// Not through os.Stderr, which would have a reader that is gone be the end of us.
	_, _ = syscall.Write(2, []byte(prefix+cache.Line(fmt.Sprintf(format, args...))+"\n"))
}

// printable returns a name as it can stand in a message.
func printable(name string) string { return cache.Printable(name) }

// listed joins names for a message, and counts those behind the first few.
func listed(names []string) string {
	words := make([]string, len(names))
	for i, n := range names {
		words[i] = printable(n)
	}
	return enumerated(words)
}

// enumerated is listed for what is printable already.
func enumerated(words []string) string {
	const most = 5
	var b strings.Builder
	for i, w := range words {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(words)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(w)
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

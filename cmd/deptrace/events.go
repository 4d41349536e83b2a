package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"deptrace/depfile/outfile"
	"deptrace/trace/event"
)

// eventLog is the file of --events: JSON Lines, first what was run, then each event
// whenever it is told, so that an operation told before it happens and again with
// its outcome has two lines with the same number.
//
// A regular file is written under a temporary name and appears when it is whole.
type eventLog struct {
	path string
	temp bool // f has a temporary name
	f    *os.File
	w    *bufio.Writer
	err  error // the first one; nothing is written after it
}

// regularToBe reports whether the path is or would become a regular file, to be
// replaced by one that is whole: not a fifo or a terminal, nor what another
// process's descriptor names.
func regularToBe(path string) bool {
	if path == "-" || strings.HasPrefix(path, "/dev/") || strings.HasPrefix(path, "/proc/") {
		return false
	}
	info, err := os.Stat(path)
	return err != nil || info.Mode().IsRegular()
}

// openEvents opens the file of --events. That it cannot be opened is told at the
// end: the command runs all the same.
func (s *step) openEvents() {
	path := s.f.events
	if path == "" {
		return
	}
	l := &eventLog{path: path}
	s.events = l
	fd, open := descriptor(path)
	switch {
	case path == "-":
		l.f = os.Stdout
	case open:
		l.f, l.err = openDescriptor(fd)
	case !regularToBe(path):
		l.f, l.err = os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	default:
		if target, err := filepath.EvalSymlinks(path); err == nil {
			l.path = target
		}
		l.f, l.err = outfile.CreateTemp(filepath.Dir(l.path), 0o666)
		l.temp = l.err == nil
	}
	l.w = bufio.NewWriterSize(l.f, 1<<16)
	argv := make([]event.Bytes, len(s.argv))
	for i, word := range s.argv {
		argv[i] = event.Bytes(word)
	}
	l.line(struct {
		Version int           `json:"version"`
		Argv    []event.Bytes `json:"argv"`
	}{1, argv})
}

func (l *eventLog) write(e *event.Event) {
	if l != nil {
		l.line(e)
	}
}

func (l *eventLog) line(v any) {
	if l.err != nil {
		return
	}
	b, err := json.Marshal(v)
	if err == nil {
		_, err = l.w.Write(append(b, '\n'))
	}
	l.err = err
}

// commit writes what is left and has the file appear.
func (l *eventLog) commit() error {
	if l == nil {
		return nil
	}
	err := l.err
	if err == nil {
		err = l.w.Flush()
	}
	switch {
	case l.temp:
		err = outfile.Publish(l.f, l.path, err)
	case l.f != nil && l.f != os.Stdout:
		if closed := l.f.Close(); err == nil {
			err = closed
		}
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", printable(l.path), cause(err))
	}
	return nil
}

// discard leaves nothing behind: the command did not run.
func (l *eventLog) discard() {
	if l != nil && l.temp {
		l.f.Close()
		os.Remove(l.f.Name())
	}
}

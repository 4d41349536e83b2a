package footprint_test

import (
	"slices"
	"testing"

	"deptrace/trace/event"
	"deptrace/trace/footprint"
)

// What a shell has opened for the step, before deptrace started.
func TestInherit(t *testing.T) {
	inOut := []string{"read /w/a inout", "inout /w/a file"}
	run(t, []row{
		{"< in", old, func(s *story) { s.inherit(0, "a", r) }, []string{"read /w/a"}, false},
		{"> out", old, func(s *story) { s.inherit(1, "empty", w).write("new") }, []string{"out /w/empty file"}, false},
		{"> out, nothing written", old, func(s *story) { s.inherit(1, "empty", w) }, []string{"out /w/empty file"}, false},
		{"> out 2>&1", old, func(s *story) { s.inherit(1, "empty", w).write("new"); s.inherit(2, "empty", w) }, []string{"out /w/empty file"}, false},
		{"> out, read back", old, func(s *story) { s.inherit(1, "empty", w).write("new"); s.read("empty") }, []string{"out /w/empty file"}, false},
		{"> out, removed", old, func(s *story) { s.inherit(1, "empty", w).write("new"); s.unlink("empty") }, []string{"out /w/empty removed"}, false},
		{">> log", old, func(s *story) { s.inherit(1, "a", w|app).append("more") }, inOut, false},
		{"<> file", old, func(s *story) { s.inherit(0, "a", rw).write("new") }, inOut, false},
		{"< in > out", old, func(s *story) { s.inherit(0, "a", r); s.inherit(1, "empty", w).write("new") },
			[]string{"read /w/a", "out /w/empty file"}, false},
		{"device", func(s *story) { s.device("/dev/null") }, func(s *story) { s.inherit(0, "/dev/null", r); s.inherit(1, "/dev/null", w) }, nil, false},
		{"kernel's file", func(s *story) { s.kernelFile("/proc/x", "1") }, func(s *story) { s.inherit(0, "/proc/x", r) }, nil, false},
	})
}

// Which file the standard input was is told of regular files only, of those whose name is
// the same each time, and of no other descriptor.
func TestInheritStandardInput(t *testing.T) {
	s := newStory(t)
	old(s)
	s.device("/dev/null")
	s.kernelFile("/proc/x", "1")
	s.begin()
	for _, c := range []struct {
		descriptor int
		name       string
		flags      event.Flags
		want       string
	}{
		{0, "/w/a", r, "/w/a"}, {0, "/w/a", rw, "/w/a"}, {0, "/w/a", w, ""}, {3, "/w/a", r, ""}, {0, "/dev/null", r, ""}, {0, "/proc/x", r, ""},
	} {
		f := footprint.New(s.options)
		f.Event(&event.Event{Seq: 1, Op: event.Inherit, Descriptor: c.descriptor, Flags: c.flags, Name: event.Name{Path: c.name}})
		if got := f.Finish().Stdin; got != c.want {
			t.Errorf("%d is %s: got %q, want %q", c.descriptor, c.name, got, c.want)
		}
	}
}

// What is there when the step starts is saved before the step can append to it.
func TestInheritIsHeld(t *testing.T) {
	s := newStory(t)
	old(s)
	log := s.inherit(1, "a", w|app)
	if !s.held {
		t.Error("the step was not held up")
	}
	log.append("more")
	s.want("read /w/a inout", "inout /w/a file")
}

// A log that others write to, too, is nothing of the step's, whoever wrote; but its
// name is one of those in its directory.
func TestInheritedLogOfOthers(t *testing.T) {
	const log = event.Write | event.Append | event.Shared
	folder := func(name string) (*footprint.Folder, *story) {
		s := newStory(t)
		old(s)
		f := footprint.New(s.options)
		f.Event(&event.Event{Seq: 1, Op: event.Inherit, Descriptor: 1, Flags: log, Name: event.Name{Path: name}})
		return f, s
	}
	for _, name := range []string{"/w/a", "/w/empty"} {
		f, s := folder(name)
		s.fs.names[name].text += "more"
		s.fs.names[name].mtime++
		fp := f.Finish()
		if len(fp.Inputs)+len(fp.Outputs)+len(fp.Incomplete) != 0 {
			t.Errorf("%s: got %v, %v, %v, want nothing", name, fp.Inputs, fp.Outputs, fp.Incomplete)
		}
	}
	f, _ := folder("/w/a")
	f.Event(&event.Event{Seq: 2, Op: event.List, Name: event.Name{Path: "/w"}})
	for _, in := range f.Finish().Inputs {
		if in.Kind == footprint.List && slices.ContainsFunc(in.Entries, func(e footprint.Entry) bool { return e.Name == "a" }) {
			return
		}
	}
	t.Error("the log is not in the list of its directory")
}

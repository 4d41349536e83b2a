package footprint_test

import (
	"strings"
	"testing"

	"deptrace/trace/event"
)

// Somebody else works in the tree while the step runs.
func TestEditedDuringTheRun(t *testing.T) {
	edit := func(p string) func(*memFS) { return func(fs *memFS) { fs.names[p].write(fs, "edited") } }
	replace := func(p string) func(*memFS) {
		return func(fs *memFS) { fs.remove(p); fs.place(p, fileType, "edited") }
	}
	remove := func(p string) func(*memFS) { return func(fs *memFS) { fs.remove(p) } }
	make := func(p string) func(*memFS) { return func(fs *memFS) { fs.place(p, fileType, "") } }
	const edited = "incomplete input-edited"
	for _, c := range []struct {
		name string
		use  func(s *story)
		edit func(fs *memFS)
		want []string
	}{
		{"read", func(s *story) { s.read("a") }, edit("/w/a"), []string{"read /w/a", edited}},
		{"read, replaced", func(s *story) { s.read("a") }, replace("/w/a"), []string{"read /w/a", edited}},
		{"read, removed", func(s *story) { s.read("a") }, remove("/w/a"), []string{"read /w/a", edited}},
		{"run", func(s *story) { s.exec("d/x") }, edit("/w/d/x"), []string{"read /w/d/x", edited}},
		{"stat", func(s *story) { s.stat("a") }, edit("/w/a"), []string{"stat /w/a file", edited}},
		{"absent, made", func(s *story) { s.stat("n") }, make("/w/n"), []string{"absent /w/n", edited}},
		{"exists, removed", func(s *story) { s.access("a") }, remove("/w/a"), []string{"exists /w/a", edited}},
		{"exists, edited", func(s *story) { s.access("a") }, edit("/w/a"), []string{"exists /w/a"}},
		{"link turned", func(s *story) { s.readlink("l") }, func(fs *memFS) { fs.remove("/w/l"); fs.place("/w/l", linkType, "b") },
			[]string{"link /w/l -> a", edited}},
		{"link walked, turned", func(s *story) { s.access("l") }, func(fs *memFS) { fs.remove("/w/l"); fs.place("/w/l", linkType, "b") },
			[]string{"exists /w/a", "link /w/l -> a", edited}},
		{"directory removed", func(s *story) { s.stat("e") }, remove("/w/e"), []string{"stat /w/e dir", edited}},
		{"something made in a directory", func(s *story) { s.stat("d") }, make("/w/d/new"), []string{"stat /w/d dir"}},
		{"something made in a listed directory", func(s *story) { s.list("d") }, make("/w/d/new"), []string{"stat /w/d dir", "list /w/d: x"}},
		// An edit whose mtime was set back looks so.
		{"only ctime", func(s *story) { s.read("a") }, func(fs *memFS) { fs.names["/w/a"].ctime = fs.tick() }, []string{"read /w/a", edited}},
		{"only a second name", func(s *story) { s.read("a") }, func(fs *memFS) { fs.give(fs.names["/w/a"], "/w/z") }, []string{"read /w/a"}},
		{"executable now", func(s *story) { s.read("a") }, func(fs *memFS) { fs.names["/w/a"].exec = true; fs.names["/w/a"].ctime = fs.tick() },
			[]string{"read /w/a", edited}},
		{"not an input", func(s *story) { s.read("d/x") }, edit("/w/a"), []string{"read /w/d/x"}},
		{"not an input any more", func(s *story) { s.stat("a"); s.create("a", "new") }, edit("/w/a"), []string{"out /w/a file"}},
		{"output removed", func(s *story) { s.create("n", "new") }, remove("/w/n"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			old(s)
			s.emptyDir("e")
			c.use(s)
			s.somebodyElse(c.edit)
			s.want(c.want...)
		})
	}
}

// The edit comes before the step changes the file itself.
func TestEditedBeforeOwnChange(t *testing.T) {
	s := newStory(t)
	old(s)
	s.read("a")
	s.somebodyElse(func(fs *memFS) { fs.names["/w/a"].write(fs, "edited") })
	s.create("a", "new")
	s.want("read /w/a inout", "inout /w/a file", "incomplete input-edited")
}

func TestEditedInputIsNamed(t *testing.T) {
	s := newStory(t)
	old(s)
	s.read("a")
	s.somebodyElse(func(fs *memFS) { fs.remove("/w/a") })
	gaps := s.finish().Incomplete
	if len(gaps) != 1 || !strings.Contains(gaps[0].Detail, "a") {
		t.Errorf("incomplete: %v, want one reason that names a", gaps)
	}
}

// A thread is killed in a call: its outcome is never told. Where it shows that the call has
// happened, it is not known what else it did; where not, it was killed before.
func TestUnfinished(t *testing.T) {
	const lost = "incomplete events-lost"
	at := func(p string) event.Name { return event.Name{Spelled: p, Path: "/w/" + p} }
	for _, c := range []struct {
		name  string
		call  event.Event
		made  func(fs *memFS)
		after func(s *story)
		want  []string
	}{
		{"made", event.Event{Op: event.Mkdir, Name: at("n")}, func(fs *memFS) { fs.place("/w/n", dirType, "") }, nil, []string{lost}},
		{"not made", event.Event{Op: event.Mkdir, Name: at("n")}, nil, nil, nil},
		{"removed", event.Event{Op: event.Unlink, Name: at("a")}, func(fs *memFS) { fs.remove("/w/a") }, nil, []string{lost}},
		{"renamed", event.Event{Op: event.Rename, Name: at("a"), Name2: at("n")},
			func(fs *memFS) { fs.remove("/w/a"); fs.place("/w/n", fileType, "") }, nil, []string{lost, lost}},
		{"emptied", event.Event{Op: event.Open, Flags: event.Write | event.Truncated, Name: at("a")},
			func(fs *memFS) { fs.names["/w/a"].write(fs, "") }, nil, []string{lost}},
		{"made, and written by another call", event.Event{Op: event.Open, Flags: event.Write | event.Create, Name: at("n")},
			func(fs *memFS) { fs.place("/w/n", fileType, "") }, func(s *story) { s.create("n", "new") }, []string{"out /w/n file", lost}},
		{"not made, and made by another call", event.Event{Op: event.Mkdir, Name: at("n")}, nil,
			func(s *story) { s.mkdir("n") }, []string{"out /w/n dir", lost}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			old(s)
			c.call.Seq, c.call.Process, c.call.Outcome.State = 1000, firstPID, event.Pending
			s.tell(c.call)
			if c.made != nil {
				s.somebodyElse(c.made) // as it seems to whoever was not told
			}
			if c.after != nil {
				c.after(s)
			}
			s.want(c.want...)
		})
	}
}

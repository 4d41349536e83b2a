package footprint_test

import (
	"testing"

	"deptrace/trace/event"

	"github.com/google/go-cmp/cmp"
)

// The content that the step found mattered before the step changed it.
func TestInOut(t *testing.T) {
	inOut := []string{"read /w/a inout", "inout /w/a file"}
	removed := []string{"read /w/a inout", "inout /w/a removed"}
	run(t, []row{
		{"read, overwritten in place", old, func(s *story) { s.read("a"); s.create("a", "new") }, inOut, false},
		{"read, truncated", old, func(s *story) { s.read("a"); s.truncate("a", 0) }, inOut, false},
		{"read, renamed over", old, func(s *story) { s.read("a"); s.create("t", "new"); s.rename("t", "a") }, inOut, false},
		{"read, removed and made again", old, func(s *story) { s.read("a"); s.unlink("a"); s.create("a", "new") }, inOut, false},
		{"read, removed", old, func(s *story) { s.read("a"); s.unlink("a") }, removed, false},
		{"read, linked over", old, func(s *story) { s.read("a"); s.create("t", "n"); s.unlink("a"); s.link("t", "a"); s.unlink("t") }, inOut, false},
		{"read, then written through the same descriptor", old, func(s *story) { s.open("a", rw).write("new") }, inOut, false},
		{"appended", old, func(s *story) { s.add("a", "more") }, inOut, false},
		{"appended, then read", old, func(s *story) { s.add("a", "more"); s.read("a") }, inOut, false},
		{"appended, read, then removed", old, func(s *story) { s.add("a", "more"); s.read("a"); s.unlink("a") }, removed, false},
		{"appended, read, then replaced", old, func(s *story) { s.add("a", "more"); s.read("a"); s.create("a", "new") }, inOut, false},
		{"appended, then moved", old, func(s *story) { s.add("a", "more"); s.rename("a", "b") }, append([]string{"out /w/b file"}, removed...), false},
		{"chmod-ed, then moved", old, func(s *story) { s.chmod("a", false); s.rename("a", "b") }, append([]string{"out /w/b file"}, removed...), false},
		{"chmod-ed, read, then replaced", old, func(s *story) { s.chmod("a", false); s.read("a"); s.create("a", "new") }, inOut, false},
		{"written without O_TRUNC, read, then replaced", old, func(s *story) {
			s.open("a", w).write("Old")
			s.read("a")
			s.create("a", "new")
		}, inOut, false},
		// Nobody has seen what was there, and nothing is left of it: the same record
		// as from a clean tree.
		{"appended, then removed", old, func(s *story) { s.add("a", "more"); s.unlink("a") }, []string{"out /w/a removed"}, false},
		{"appended, then replaced", old, func(s *story) { s.add("a", "more"); s.create("a", "new") }, []string{"out /w/a file"}, false},
		{"chmod-ed, then removed", old, func(s *story) { s.chmod("a", false); s.unlink("a") }, []string{"out /w/a removed"}, false},
		{"run, then replaced", func(s *story) { s.program("a", "p") },
			func(s *story) { s.exec("/w/a"); s.create("t", "q"); s.rename("t", "a") },
			[]string{"read /w/a exec inout", "inout /w/a file"}, false},
		{"stat-ed, appended", old, func(s *story) { s.stat("a"); s.add("a", "more") }, inOut, false},
		{"stat-ed, made executable", old, func(s *story) { s.stat("a"); s.chmod("a", true) },
			[]string{"read /w/a inout", "inout /w/a file exec"}, false},
		{"replaced, then read", old, func(s *story) { s.create("a", "new"); s.read("a") }, []string{"out /w/a file"}, false},
		{"removed, then appended", old, func(s *story) { s.unlink("a"); s.add("a", "new") }, []string{"out /w/a file"}, false},
		{"removed, never there, then appended", nil, func(s *story) { s.unlink("a"); s.add("a", "new") }, []string{"out /w/a file"}, false},
		{"read, not overwritten", old, func(s *story) { s.read("a"); s.failing(event.EACCES).open("a", creat) }, []string{"read /w/a"}, false},
		{"sed -i", old, func(s *story) {
			s.read("a")
			s.mkstemp("sedQ1w2", "new").chmod(false)
			s.rename("sedQ1w2", "a")
		}, inOut, false},
		{"patch with a backup", old, func(s *story) {
			s.read("a")
			s.rename("a", "a.orig")
			s.create("a", "new")
		}, append([]string{"out /w/a.orig file"}, inOut...), false},
	})
}

// The content that is about to go is saved, once, and only if it mattered.
func TestKeeper(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps func(s *story)
		want  []string
	}{
		{"only read", func(s *story) { s.read("a") }, nil},
		{"only replaced", func(s *story) { s.stat("a"); s.create("a", "new") }, nil},
		{"only removed", func(s *story) { s.unlink("a") }, nil},
		{"only renamed over", func(s *story) { s.stat("a"); s.create("t", "new"); s.rename("t", "a") }, nil},
		{"own file", func(s *story) { s.create("n", "1"); s.read("n"); s.create("n", "2"); s.add("n", "3"); s.unlink("n") }, nil},
		{"read, overwritten", func(s *story) { s.read("a"); s.create("a", "new") }, []string{"digest /w/a: old"}},
		{"read, truncated", func(s *story) { s.read("a"); s.truncate("a", 1) }, []string{"digest /w/a: old"}},
		{"appended", func(s *story) { s.add("a", "more") }, []string{"digest /w/a: old"}},
		{"updated", func(s *story) { s.open("a", rw).write("new") }, []string{"digest /w/a: old"}},
		{"overwritten twice", func(s *story) { s.read("a"); s.create("a", "1"); s.read("a"); s.create("a", "2") }, []string{"digest /w/a: old"}},
		{"read, removed", func(s *story) { s.read("a"); s.unlink("a") }, []string{"open /w/a: old"}},
		{"read, renamed over", func(s *story) { s.read("a"); s.create("t", "new"); s.rename("t", "a") }, []string{"open /w/a: old"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			old(s)
			c.steps(s)
			s.finish()
			if d := cmp.Diff(c.want, s.keeper.calls); d != "" {
				t.Errorf("calls of the Keeper (-want +got)\n%s", d)
			}
			s.checkFound()
		})
	}
}

// The content that was found is the one that is kept, whatever becomes of the file
// afterwards. (The check is in want.)
func TestKeptContentSurvives(t *testing.T) {
	run(t, []row{
		{"moved away, then overwritten there", old, func(s *story) {
			s.read("a")
			s.rename("a", "b")
			s.create("b", "new")
		}, []string{"read /w/a inout", "inout /w/a removed", "out /w/b file"}, false},
		{"moved away, then appended to there", old, func(s *story) {
			s.rename("a", "b")
			s.add("b", "more")
		}, []string{"read /w/a inout", "inout /w/a removed", "out /w/b file"}, false},
		{"moved away and back, overwritten", old, func(s *story) {
			s.read("a")
			s.rename("a", "b")
			s.rename("b", "a")
			s.create("a", "new")
		}, []string{"read /w/a inout", "inout /w/a file"}, false},
		{"second name, first one removed, overwritten", old, func(s *story) {
			s.read("a")
			s.link("a", "b")
			s.unlink("a")
			s.create("b", "new")
		}, []string{"read /w/a inout", "inout /w/a removed", "out /w/b file"}, false},
		{"removed while open for writing", old, func(s *story) {
			f := s.open("a", rw)
			s.unlink("a")
			f.write("new")
		}, []string{"read /w/a inout", "inout /w/a removed"}, false},
		{"renamed over while its other name is written", func(s *story) { s.file("a", "old"); s.hardLink("a", "z") }, func(s *story) {
			s.read("a")
			s.create("t", "new")
			s.rename("t", "a")
			s.create("z", "newer")
		}, []string{"read /w/a inout", "inout /w/a file", "out /w/z file"}, false},
		{"exchanged, then overwritten at the other name", old, func(s *story) {
			s.create("n", "new")
			s.exchange("n", "a")
			s.create("n", "newer")
		}, []string{"read /w/a inout", "inout /w/a file", "out /w/n file"}, false},
		{"in a directory that is moved", old, func(s *story) {
			s.read("d/x")
			s.rename("d", "e")
			s.create("e/x", "new")
		}, []string{"read /w/d/x inout", "inout /w/d/x removed", "list /w/d:", "out /w/d removed", "out /w/e dir", "out /w/e/x file"}, false},
	})
}

// Without a Keeper nothing is held up, and nothing is kept.
func TestNoKeeper(t *testing.T) {
	s := newStory(t)
	s.options.Keeper = nil
	old(s)
	s.read("a")
	s.create("a", "new")
	s.add("d/x", "y")
	s.want("read /w/a inout", "inout /w/a file", "read /w/d/x inout", "inout /w/d/x file")
	for _, in := range s.print.Inputs {
		if in.Kept != nil {
			t.Errorf("%s: kept", in.Path)
		}
	}
}

// The step is held up for a content that is being destroyed, and not for one that
// only loses its name.
func TestHold(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(s *story)
		held bool
	}{
		{"read", func(s *story) { s.read("a") }, false},
		{"overwritten", func(s *story) { s.read("a"); s.create("a", "new") }, true},
		{"appended", func(s *story) { s.add("a", "more") }, true},
		{"overwritten unread", func(s *story) { s.create("a", "new") }, false},
		{"removed", func(s *story) { s.read("a"); s.unlink("a") }, false},
		{"renamed over", func(s *story) { s.read("a"); s.create("t", "new"); s.rename("t", "a") }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			old(s)
			c.do(s)
			if s.held != c.held {
				t.Errorf("held up: %v, want %v", s.held, c.held)
			}
		})
	}
}

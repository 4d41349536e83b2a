package footprint_test

import (
	"testing"

	"deptrace/trace/event"
)

func TestNames(t *testing.T) {
	given := func(s *story) {
		links(s)
		s.file("a.h", "a")
		s.file("/tmp/t.h", "t")
		s.file("/usr/include/stdio.h", "s")
	}
	for _, c := range []struct {
		name  string
		steps func(s *story)
		want  []string
	}{
		{"relative", func(s *story) { s.read("a.h") }, []string{"/w/a.h: a.h"}},
		{"stat counts", func(s *story) { s.stat("a.h") }, []string{"/w/a.h: a.h"}},
		{"existence does not", func(s *story) { s.access("a.h"); s.stat("no.h") }, nil},
		{"directories do not", func(s *story) { s.list("d") }, nil},
		{"absolute", func(s *story) { s.read("/usr/include/stdio.h") }, []string{"/usr/include/stdio.h: /usr/include/stdio.h"}},
		{"absolute, under the step's directory", func(s *story) { s.read("/w/a.h") }, []string{"/w/a.h: a.h"}},
		{"relative and absolute are the same", func(s *story) { s.read("a.h"); s.read("/w/a.h") }, []string{"/w/a.h: a.h"}},
		{"from another directory", func(s *story) { s.in("d").read("b.h") }, []string{"/w/d/b.h: d/b.h"}},
		{"up from another directory", func(s *story) { s.in("d/e").read("../../a.h") }, []string{"/w/a.h: a.h"}},
		{"from a directory elsewhere", func(s *story) { s.in("/tmp").read("t.h") }, []string{"/tmp/t.h: ../tmp/t.h"}},
		{"up and out", func(s *story) { s.read("../usr/include/stdio.h") }, []string{"/usr/include/stdio.h: ../usr/include/stdio.h"}},
		{"down and up", func(s *story) { s.read("d/../a.h") }, []string{"/w/a.h: a.h"}},
		{"down a link and up", func(s *story) { s.read("deep/../b.h") }, []string{"/w/d/b.h: deep/../b.h"}},
		{"absolute, down a link and up", func(s *story) { s.read("/w/deep/../b.h") }, []string{"/w/d/b.h: deep/../b.h"}},
		{"through a link", func(s *story) { s.read("inc/x.h") }, []string{"/w/include/x.h: inc/x.h"}},
		{"through a link at the end", func(s *story) { s.read("l3") }, []string{"/w/include/x.h: l3"}},
		{"two spellings", func(s *story) { s.read("inc/x.h"); s.read("include/x.h"); s.read("inc/x.h") },
			[]string{"/w/include/x.h: inc/x.h include/x.h"}},
		{"the descriptor adds none", func(s *story) { s.read("inc/x.h").stat() }, []string{"/w/include/x.h: inc/x.h"}},
		{"an inherited descriptor is all there is", func(s *story) { s.inherit(0, "a.h", event.Read) }, []string{"/w/a.h: a.h"}},
		{"an inherited descriptor from elsewhere", func(s *story) { s.inherit(0, "/tmp/t.h", event.Read) }, []string{"/tmp/t.h: /tmp/t.h"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			given(s)
			c.steps(s)
			s.wantNames(c.want...)
		})
	}
}

// The step's directory need not be the root, nor the root of a project.
func TestNamesInASubdirectory(t *testing.T) {
	s := newStory(t)
	s.options.Dir = "/w/app"
	s.file("app/a.c", "a")
	s.file("lib/l.h", "l")
	s.file("app.h", "h")
	p := s.in("app")
	p.read("a.c")
	p.read("../lib/l.h")
	p.read("/w/app.h")
	p.in("../lib").read("l.h")
	s.wantNames("/w/app.h: /w/app.h", "/w/app/a.c: a.c", "/w/lib/l.h: ../lib/l.h")
}

package footprint_test

import (
	"testing"

	"deptrace/trace/event"
)

// two puts two files there.
func two(s *story) {
	s.file("a", "A")
	s.file("b", "B")
}

func TestRename(t *testing.T) {
	run(t, []row{
		{"own file published", nil, func(s *story) { s.create("tmp", "new"); s.rename("tmp", "final") }, []string{"out /w/final file"}, false},
		{"own file over an old one", two, func(s *story) { s.create("tmp", "new"); s.rename("tmp", "a") }, []string{"out /w/a file"}, false},
		{"own file twice", nil, func(s *story) { s.create("t1", "new"); s.rename("t1", "t2"); s.rename("t2", "final") },
			[]string{"out /w/final file"}, false},
		{"old file", two, func(s *story) { s.rename("a", "c") },
			[]string{"read /w/a inout", "inout /w/a removed", "out /w/c file"}, false},
		{"old file read before", two, func(s *story) { s.read("a"); s.rename("a", "c") },
			[]string{"read /w/a inout", "inout /w/a removed", "out /w/c file"}, false},
		{"old file over an old one", two, func(s *story) { s.rename("a", "b") },
			[]string{"read /w/a inout", "inout /w/a removed", "out /w/b file"}, false},
		{"old file over one that was read", two, func(s *story) { s.read("b"); s.rename("a", "b") },
			[]string{"read /w/a inout", "inout /w/a removed", "read /w/b inout", "inout /w/b file"}, false},
		{"away and back", two, func(s *story) { s.rename("a", "c"); s.rename("c", "a") },
			[]string{"read /w/a inout", "inout /w/a file"}, false},
		{"away, made again", two, func(s *story) { s.rename("a", "a~"); s.create("a", "new") },
			[]string{"read /w/a inout", "inout /w/a file", "out /w/a~ file"}, false},
		{"away, removed there", two, func(s *story) { s.rename("a", "t"); s.unlink("t") },
			[]string{"read /w/a inout", "inout /w/a removed"}, false},
		{"read where it has gone", two, func(s *story) { s.rename("a", "c"); s.read("c") },
			[]string{"read /w/a inout", "inout /w/a removed", "out /w/c file"}, false},
		{"over a link", func(s *story) { s.file("a", "A"); s.symbolic("l", "a") },
			func(s *story) { s.create("t", "new"); s.rename("t", "l") }, []string{"out /w/l file"}, false},
		{"source missing", two, func(s *story) { s.rename("x", "b") }, []string{"absent /w/x"}, false},
		{"source missing, target below a file", two, func(s *story) { s.rename("x", "b/y") }, []string{"absent /w/x"}, false},
		{"directory to itself", old, func(s *story) { s.rename("d", "d") }, []string{"stat /w/d dir"}, false},
		{"file onto its directory", old, func(s *story) { s.rename("d/x", "d") }, []string{"exists /w/d/x", "list /w/d: x", "stat /w/d dir"}, false},
		{"no replace, free", nil, func(s *story) { s.create("t", "new"); s.renameNew("t", "c") }, []string{"out /w/c file"}, false},
		{"no replace, taken", two, func(s *story) { s.create("t", "new"); s.renameNew("t", "b"); s.unlink("t") }, []string{"exists /w/b"}, false},
		{"exchange of old files", two, func(s *story) { s.exchange("a", "b") },
			[]string{"read /w/a inout", "inout /w/a file", "read /w/b inout", "inout /w/b file"}, false},
		{"exchange of own files", nil, func(s *story) { s.create("x", "X"); s.create("y", "Y"); s.exchange("x", "y"); s.unlink("y") },
			[]string{"out /w/x file"}, false},
		{"exchange of a directory and a link to it", func(s *story) { s.file("v1/x", "X"); s.symbolic("now", "v1") },
			func(s *story) { s.exchange("now", "v1") }, []string{
				"link /w/now -> v1", "out /w/now dir", "out /w/now/x file",
				"list /w/v1:", "out /w/v1 link -> v1", "read /w/v1/x inout", "inout /w/v1/x removed",
			}, false},
		{"exchange of an own and an old file", two, func(s *story) { s.create("t", "new"); s.exchange("t", "a") },
			[]string{"read /w/a inout", "inout /w/a file", "out /w/t file"}, false},
		{"file onto a directory", old, func(s *story) { s.rename("a", "d"); s.read("d/x") },
			[]string{"exists /w/a", "stat /w/d dir", "read /w/d/x"}, false},
		{"directory onto a file", old, func(s *story) { s.rename("d", "a"); s.read("a") }, []string{"stat /w/d dir", "read /w/a"}, false},
		{"directory onto one that is not empty", func(s *story) { old(s); s.file("e/y", "y") }, func(s *story) { s.rename("d", "e"); s.read("e/y") },
			[]string{"stat /w/d dir", "stat /w/e dir", "list /w/e: y", "read /w/e/y"}, false},
		{"directory into itself", old, func(s *story) { s.rename("d", "d/y"); s.read("d/x") },
			[]string{"stat /w/d dir", "absent /w/d/y", "read /w/d/x"}, false},
		{"across file systems", two, func(s *story) { s.failing(event.EXDEV).rename("a", "/tmp/a") }, []string{"exists /w/a", "absent /tmp/a"}, true},
		{"interrupted", two, func(s *story) { s.failing(event.EINTR).rename("a", "b") }, nil, true},
	})
}

// A failed call leaves what is known as it is.
func TestFailedRenameChangesNothing(t *testing.T) {
	for _, errno := range []event.Errno{event.EXDEV, event.EACCES, event.EBUSY, event.EINVAL, event.EPERM} {
		t.Run(errno.String(), func(t *testing.T) {
			s := newStory(t)
			two(s)
			s.read("a")
			s.create("b", "new")
			s.failing(errno).rename("a", "b")
			s.read("b")
			s.stat("a")
			s.want("read /w/a", "out /w/b file")
		})
	}
}

func TestRenameOfADirectory(t *testing.T) {
	tree := func(s *story) {
		s.file("d/x", "X")
		s.file("d/sub/y", "Y")
	}
	run(t, []row{
		{"own", nil, func(s *story) {
			s.mkdir("t")
			s.create("t/x", "X")
			s.mkdir("t/sub")
			s.create("t/sub/y", "Y")
			s.rename("t", "final")
		}, []string{"out /w/final dir", "out /w/final/x file", "out /w/final/sub dir", "out /w/final/sub/y file"}, false},
		{"own, then more in it", nil, func(s *story) {
			s.mkdir("t")
			s.create("t/x", "X")
			s.rename("t", "final")
			s.read("final/x")
			s.create("final/z", "Z")
			s.unlink("final/x")
		}, []string{"out /w/final dir", "out /w/final/z file"}, false},
		{"own, with what was probed in it", nil, func(s *story) {
			s.mkdir("t")
			s.stat("t/no")
			s.list("t")
			s.create("t/x", "X")
			s.rename("t", "final")
		}, []string{"out /w/final dir", "out /w/final/x file"}, false},
		{"own, with a file written before it was moved in", nil, func(s *story) {
			s.create("x", "X")
			s.mkdir("t")
			s.rename("x", "t/x")
			s.rename("t", "final")
		}, []string{"out /w/final dir", "out /w/final/x file"}, false},
		{"own, with an old file moved in", two, func(s *story) {
			s.mkdir("t")
			s.rename("a", "t/a")
			s.rename("t", "final")
		}, []string{"read /w/a inout", "inout /w/a removed", "out /w/final dir", "out /w/final/a file"}, false},
		{"old", tree, func(s *story) { s.rename("d", "e") }, []string{
			"out /w/d removed", "out /w/d/sub removed", "list /w/d:", "list /w/d/sub:",
			"read /w/d/x inout", "inout /w/d/x removed", "read /w/d/sub/y inout", "inout /w/d/sub/y removed",
			"out /w/e dir", "out /w/e/x file", "out /w/e/sub dir", "out /w/e/sub/y file",
		}, false},
		// Only the directory itself is another than before.
		{"old, away and back", tree, func(s *story) { s.rename("d", "e"); s.rename("e", "d") },
			[]string{"out /w/d dir", "list /w/d: sub/ x", "list /w/d/sub: y", "stat /w/d/sub dir", "read /w/d/x", "read /w/d/sub/y"}, false},
		{"name with the same beginning", nil, func(s *story) {
			s.mkdir("t")
			s.create("t.c", "c")
			s.create("t/x", "X")
			s.rename("t", "u")
		}, []string{"out /w/t.c file", "out /w/u dir", "out /w/u/x file"}, false},
		{"exchange of an own and an old one", tree, func(s *story) {
			s.mkdir("n")
			s.create("n/x", "new")
			s.exchange("n", "d")
		}, []string{
			"out /w/d dir", "out /w/d/sub removed", "list /w/d:", "list /w/d/sub:",
			"read /w/d/x inout", "inout /w/d/x file", "read /w/d/sub/y inout", "inout /w/d/sub/y removed",
			"out /w/n dir", "out /w/n/x file", "out /w/n/sub dir", "out /w/n/sub/y file",
		}, false},
	})
}

func TestHardLinks(t *testing.T) {
	pair := func(s *story) {
		s.file("a", "A")
		s.hardLink("a", "z")
	}
	run(t, []row{
		{"of an old file", two, func(s *story) { s.link("a", "c") }, []string{"read /w/a", "out /w/c file"}, false},
		{"of an own file", nil, func(s *story) { s.create("x", "X"); s.link("x", "y") }, []string{"out /w/x file", "out /w/y file"}, false},
		{"of an own file, first name removed", nil, func(s *story) { s.create("t", "X"); s.link("t", "y"); s.unlink("t") },
			[]string{"out /w/y file"}, false},
		{"new name taken", two, func(s *story) { s.link("a", "b") }, []string{"exists /w/a", "exists /w/b"}, false},
		{"nothing to link", nil, func(s *story) { s.link("a", "c") }, []string{"absent /w/a"}, false},
		{"new name removed again", two, func(s *story) { s.link("a", "lock"); s.unlink("lock") }, []string{"read /w/a"}, false},
		{"written through the new name", two, func(s *story) { s.link("a", "c"); s.create("c", "new") },
			[]string{"read /w/a inout", "inout /w/a file", "out /w/c file"}, false},
		{"read, written through its other name", pair, func(s *story) { s.read("a"); s.create("z", "new") },
			[]string{"read /w/a inout", "inout /w/a file", "out /w/z file"}, false},
		{"written through its other name, then read", pair, func(s *story) { s.create("z", "new"); s.read("a") },
			[]string{"out /w/a file", "out /w/z file"}, false},
		{"other name removed", pair, func(s *story) { s.read("a"); s.unlink("z") }, []string{"read /w/a", "out /w/z removed"}, false},
		{"other name replaced", pair, func(s *story) { s.read("a"); s.create("t", "new"); s.rename("t", "z") },
			[]string{"read /w/a", "out /w/z file"}, false},
		{"stat-ed, other name removed", pair, func(s *story) { s.stat("a"); s.unlink("z") }, []string{"stat /w/a file", "out /w/z removed"}, false},
		{"both read", pair, func(s *story) { s.read("a"); s.read("z") }, []string{"read /w/a", "read /w/z"}, false},
	})
}

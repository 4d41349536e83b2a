package footprint_test

import (
	"testing"

	"deptrace/trace/event"
)

func src(s *story) {
	s.file("src/a.c", "a")
	s.file("src/b.c", "b")
	s.file("src/sub/c.c", "c")
	s.symbolic("src/l", "a.c")
}

func TestList(t *testing.T) {
	run(t, []row{
		{"names and types", src, func(s *story) { s.list("src") }, []string{"stat /w/src dir", "list /w/src: a.c b.c l@ sub/"}, false},
		{"empty", func(s *story) { s.emptyDir("e") }, func(s *story) { s.list("e") }, []string{"stat /w/e dir", "list /w/e:"}, false},
		{"nothing there", nil, func(s *story) { s.list("e") }, []string{"absent /w/e"}, false},
		{"outside the project", func(s *story) { s.file("/usr/include/stdio.h", "") }, func(s *story) { s.list("/usr/include") },
			[]string{"stat /usr/include dir", "list /usr/include: stdio.h"}, false},
		{"twice", src, func(s *story) { s.list("src/sub"); s.list("src/sub") }, []string{"stat /w/src/sub dir", "list /w/src/sub: c.c"}, false},
		{"less an output made before", src, func(s *story) { s.create("src/new", "n"); s.list("src") },
			[]string{"stat /w/src dir", "list /w/src: a.c b.c l@ sub/", "out /w/src/new file"}, false},
		{"less an output made after", src, func(s *story) { s.list("src"); s.create("src/new", "n") },
			[]string{"stat /w/src dir", "list /w/src: a.c b.c l@ sub/", "out /w/src/new file"}, false},
		{"less an output that was there", src, func(s *story) { s.list("src"); s.create("src/a.c", "n") },
			[]string{"stat /w/src dir", "list /w/src: b.c l@ sub/", "out /w/src/a.c file"}, false},
		{"less what is removed", src, func(s *story) { s.list("src"); s.unlink("src/a.c") },
			[]string{"stat /w/src dir", "list /w/src: b.c l@ sub/", "out /w/src/a.c removed"}, false},
		{"less what was removed", src, func(s *story) { s.unlink("src/a.c"); s.list("src") },
			[]string{"stat /w/src dir", "list /w/src: b.c l@ sub/", "out /w/src/a.c removed"}, false},
		{"less a temporary", src, func(s *story) { s.create("src/t", "n"); s.list("src"); s.unlink("src/t") },
			[]string{"stat /w/src dir", "list /w/src: a.c b.c l@ sub/"}, false},
		{"less what deptrace writes", func(s *story) { src(s); s.file("src/a.d", "") }, func(s *story) { s.list("src") },
			[]string{"stat /w/src dir", "list /w/src: a.c b.c l@ sub/"}, false},
		{"own directory", nil, func(s *story) { s.mkdir("n"); s.create("n/x", "x"); s.list("n") },
			// As over its old outputs, where a stranger's file would be seen.
			[]string{"out /w/n dir", "out /w/n/x file", "list /w/n:"}, false},
		{"temporary directory", nil, func(s *story) {
			s.mkdir("/tmp/t1")
			s.create("/tmp/t1/x", "x")
			s.list("/tmp/t1")
			s.unlink("/tmp/t1/x")
			s.rmdir("/tmp/t1")
		}, nil, false},
		{"while deleting", src, func(s *story) {
			s.list("src/sub")
			s.unlink("src/sub/c.c")
			s.rmdir("src/sub")
		}, []string{"list /w/src/sub:", "out /w/src/sub removed", "out /w/src/sub/c.c removed"}, false},
		{"made though it was there", func(s *story) { s.file("out/foreign", "f"); s.file("out/x", "old") }, func(s *story) {
			s.mkdir("out")
			s.create("out/x", "x")
			s.list("out")
		}, []string{"out /w/out dir", "out /w/out/x file", "list /w/out: foreign"}, false},
	})
}

// What deptrace itself writes is in no list, and nothing else about it is left out.
func TestOwn(t *testing.T) {
	s := newStory(t)
	s.options.Own = func(p string) bool { return p == "/w/a.d" || p == "/w/gone.d" }
	s.file("a.d", "a.o: a.c")
	s.file("a.c", "a")
	s.list("/w")
	s.want("stat /w dir", "list /w: a.c")
}

// A step that is a deptrace itself writes through temporary names like this one's.
func TestOwnTemporaryOfTheStep(t *testing.T) {
	given := func(s *story) { s.file("m.toml", "old") }
	run(t, []row{
		{"renamed", given, func(s *story) { s.stat("m.toml"); s.create("t.d", "new"); s.rename("t.d", "m.toml") }, []string{"out /w/m.toml file"}, false},
		{"renamed over what was read", given, func(s *story) {
			for _, text := range []string{"new", "newer"} {
				s.read("m.toml")
				s.create("t.d", text)
				s.rename("t.d", "m.toml")
			}
		}, []string{"read /w/m.toml inout", "inout /w/m.toml file"}, false},
		{"not renamed", given, func(s *story) {
			s.create("t.d", "new")
			s.failing(event.EACCES).rename("t.d", "m.toml")
			s.proc.deny = 0
			s.unlink("t.d")
		},
			[]string{"exists /w/m.toml"}, true},
		{"linked", nil, func(s *story) { s.create("t.d", "new"); s.link("t.d", "m.toml"); s.unlink("t.d") }, []string{"out /w/m.toml file"}, false},
	})
}

func TestTemporaries(t *testing.T) {
	run(t, []row{
		{"file", nil, func(s *story) { s.mkstemp("/tmp/ccX.s", "mov"); s.read("/tmp/ccX.s"); s.unlink("/tmp/ccX.s") }, nil, false},
		{"probed first", nil, func(s *story) { s.stat("t"); s.create("t", ""); s.unlink("t") }, nil, false},
		{"probed afterwards", nil, func(s *story) { s.create("t", ""); s.unlink("t"); s.stat("t"); s.access("t"); s.read("t") }, nil, false},
		{"the same name again", nil, func(s *story) {
			for range 3 {
				s.create("t", "x")
				s.unlink("t")
			}
		}, nil, false},
		{"name used for good in the end", nil, func(s *story) { s.create("t", "x"); s.unlink("t"); s.create("t", "y") }, []string{"out /w/t file"}, false},
		{"directory", nil, func(s *story) { s.mkdir("t"); s.rmdir("t") }, nil, false},
		{"directory made again", nil, func(s *story) { s.mkdir("t"); s.rmdir("t"); s.mkdir("t") }, []string{"out /w/t dir"}, false},
		{"link", nil, func(s *story) { s.symlink("a", "t"); s.readlink("t"); s.unlink("t") }, nil, false},
		{"removed before, in case it is there", nil, func(s *story) { s.unlink("t"); s.create("t", "x"); s.unlink("t") }, nil, false},
		{"removed before, and moved away", nil, func(s *story) { s.unlink("t"); s.create("t", "x"); s.rename("t", "u") }, []string{"out /w/u file"}, false},
		{"removed before, and it was there", func(s *story) { s.file("t", "old") }, func(s *story) { s.unlink("t"); s.create("t", "x"); s.unlink("t") },
			[]string{"out /w/t removed"}, false},
		{"removed in case it is there", nil, func(s *story) { s.unlink("t") }, []string{"out /w/t removed"}, false},
		{"names inside it", nil, func(s *story) {
			s.mkdir("/tmp/t")
			s.stat("/tmp/t/x")
			s.read("/tmp/t/inc/y.h")
			s.mkdir("/tmp/t/d")
			s.create("/tmp/t/d/z", "z")
			s.stat("/tmp/t/d/q")
			s.unlink("/tmp/t/d/z")
			s.rmdir("/tmp/t/d")
			s.rmdir("/tmp/t")
			s.stat("/tmp/t/x")
		}, nil, false},
		{"renamed", nil, func(s *story) { s.create("t1", "x"); s.rename("t1", "t2"); s.unlink("t2") }, nil, false},
		{"directory renamed", nil, func(s *story) {
			s.mkdir("t1")
			s.create("t1/x", "x")
			s.rename("t1", "t2")
			s.unlink("t2/x")
			s.rmdir("t2")
		}, nil, false},
		{"of an old name, which is then gone", old, func(s *story) { s.create("a", "x"); s.unlink("a") }, []string{"out /w/a removed"}, false},
		{"metadata changed", nil, func(s *story) {
			f := s.mkstemp("t", "x")
			f.chmod(true)
			f.utime()
			s.chown("t")
			s.unlink("t")
		}, nil, false},
		{"socket and fifo", nil, func(s *story) { s.bindFile("s"); s.mknod("f", otherType); s.unlink("s"); s.unlink("f") }, nil, false},
	})
}

// The directories in which the step makes something change by that; it is not an
// edit of somebody else's, and does not make them outputs.
func TestDirectoriesOfOutputs(t *testing.T) {
	run(t, []row{
		{"stat-ed before", src, func(s *story) { s.stat("src"); s.create("src/n", "n"); s.mkdir("src/m") },
			[]string{"stat /w/src dir", "out /w/src/n file", "out /w/src/m dir"}, false},
		{"stat-ed after", src, func(s *story) { s.create("src/n", "n"); s.stat("src") },
			[]string{"stat /w/src dir", "out /w/src/n file"}, false},
		{"stat-ed, only a temporary in it", src, func(s *story) { s.stat("src"); s.create("src/n", "n"); s.unlink("src/n") },
			[]string{"stat /w/src dir"}, false},
		{"accessed", src, func(s *story) { s.access("src"); s.unlink("src/a.c") },
			[]string{"exists /w/src", "out /w/src/a.c removed"}, false},
	})
}

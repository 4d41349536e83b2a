package footprint_test

import (
	"testing"

	"deptrace/trace/event"
	"deptrace/trace/footprint"
)

const (
	r, w     = event.Read, event.Write
	rw       = r | w
	create   = event.Create
	excl     = event.Exclusive
	trunc    = event.Truncated
	app      = event.Append
	nofollow = event.NoFollow
)

// old puts a file with content, an empty one, a directory and a link there.
func old(s *story) {
	s.file("a", "old")
	s.file("empty", "")
	s.file("d/x", "x")
	s.symbolic("l", "a")
}

// opens opens /w/a with the flags and goes on as a program that opens a file so
// does: it writes, if that is what it has opened the file for.
func opens(f event.Flags) func(*story) {
	return func(s *story) {
		file := s.open("a", f)
		if f&event.Append != 0 {
			file.append("more")
		} else if f&event.Write != 0 {
			file.write("new")
		}
	}
}

// What is opened is there.
func TestOpenOfAFile(t *testing.T) {
	in := []string{"read /w/a"}
	out := []string{"out /w/a file"}
	inOut := []string{"read /w/a inout", "inout /w/a file"}
	run(t, []row{
		{"r", old, opens(r), in, false},
		{"r+", old, opens(rw), inOut, false},
		{"w", old, opens(w | create | trunc), out, false},
		{"w+", old, opens(rw | create | trunc), out, false},
		{"a", old, opens(w | create | app), inOut, false},
		{"a+", old, opens(rw | create | app), inOut, false},
		{"rdwr, append", old, opens(rw | app), inOut, false},
		{"wronly, append", old, opens(w | app), inOut, false},
		{"rdwr, create", old, opens(rw | create), inOut, false},
		{"rdwr, truncate", old, opens(rw | trunc), out, false},
		{"rdonly, create", old, opens(r | create), in, false},
		{"rdonly, truncate destroys", old, opens(r | trunc), out, false},
		{"rdonly, create, truncate destroys", old, opens(r | create | trunc), out, false},
		{"wronly, truncate", old, opens(w | trunc), out, false},
		{"append, truncate", old, opens(w | trunc | app), out, false},
		// The old content lives on behind what is written.
		{"wronly", old, opens(w), inOut, false},
		{"wronly, create", old, opens(w | create), inOut, false},
		{"path only", old, opens(event.PathOnly), []string{"stat /w/a file"}, false},
		{"by absolute path", old, func(s *story) { s.read("/w/a") }, in, false},
		{"from a directory descriptor", old, func(s *story) { s.in("d").read("x") }, []string{"read /w/d/x"}, false},
		{"read and not written", old, func(s *story) { s.open("a", rw) }, []string{"read /w/a may write"}, false},
		{"made if need be, and it need", nil, func(s *story) { s.open("lock", r|create) }, []string{"out /w/lock file"}, false},
		{"made if need be, and something in it", old, func(s *story) { s.open("a", r|create) }, in, false},
		// fstat(2) and lseek(2) say how long it is.
		{"wronly, not written", old, func(s *story) { s.open("a", w) }, []string{"stat /w/a file may write"}, false},
		{"append, not written", old, func(s *story) { s.open("a", w|create|app) }, []string{"stat /w/a file may write"}, false},
		{"not written, then replaced", old, func(s *story) { s.open("a", w); s.create("a", "new") }, out, false},
		{"opened twice", old, func(s *story) { s.read("a"); s.read("a") }, in, false},
		{"truncated to nothing, not written", old, func(s *story) { s.create("a", "") }, out, false},
	})
}

// A file that was empty has no content that could live on.
func TestOpenOfAnEmptyFile(t *testing.T) {
	for name, f := range map[string]event.Flags{"wronly": w, "wronly, create": w | create, "w": creat} {
		run(t, []row{{name, old, func(s *story) { s.open("empty", f).write("new") }, []string{"out /w/empty file"}, false}})
	}
}

// What is opened is not there.
func TestOpenOfNothing(t *testing.T) {
	absent := []string{"absent /w/a"}
	out := []string{"out /w/a file"}
	run(t, []row{
		{"r", nil, func(s *story) { s.read("a") }, absent, false},
		{"r+", nil, func(s *story) { s.open("a", rw) }, absent, false},
		{"wronly", nil, func(s *story) { s.open("a", w) }, absent, false},
		{"append", nil, func(s *story) { s.open("a", w|app) }, absent, false},
		{"truncate", nil, func(s *story) { s.open("a", w|trunc) }, absent, false},
		{"path only", nil, func(s *story) { s.open("a", event.PathOnly) }, absent, false},
		{"w", nil, opens(w | create | trunc), out, false},
		{"w+", nil, opens(rw | create | trunc), out, false},
		{"a", nil, opens(w | create | app), out, false},
		{"a+", nil, opens(rw | create | app), out, false},
		{"rdwr, create", nil, opens(rw | create), out, false},
		{"wronly, create", nil, opens(w | create), out, false},
		{"rdonly, create", nil, opens(r | create), out, false},
		{"exclusive", nil, opens(rw | create | excl), out, false},
		{"created and not written", nil, func(s *story) { s.create("a", "") }, out, false},
		{"creat, read back", nil, func(s *story) {
			s.open("a", rw|create|trunc).write("new")
			s.read("a")
		}, out, false},
		{"old content replaced, read back", old, func(s *story) {
			s.create("a", "new")
			s.read("a")
			s.add("a", "more")
		}, out, false},
		{"in a missing directory", nil, func(s *story) { s.read("no/such/x.h") }, []string{"absent /w/no/such/x.h"}, false},
		{"below a file", old, func(s *story) { s.read("a/x.h") }, []string{"absent /w/a/x.h"}, false},
	})
}

// Opens that fail and nevertheless find something.
func TestOpenFails(t *testing.T) {
	exists := []string{"exists /w/a"}
	run(t, []row{
		{"rdonly, not permitted", old, func(s *story) { s.failing(event.EACCES).read("a") }, exists, true},
		{"wronly, not permitted", old, func(s *story) { s.failing(event.EACCES).open("a", w|create|trunc) }, exists, false},
		{"append, not permitted", old, func(s *story) { s.failing(event.EACCES).open("a", w|app) }, exists, true},
		{"rdwr, read-only file system", old, func(s *story) { s.failing(event.EROFS).open("a", rw) }, exists, true},
		{"another name of a file that was not emptied", func(s *story) { old(s); s.hardLink("a", "h") },
			func(s *story) { s.failing(event.EPERM).open("a", w|create|trunc); s.read("h") }, []string{"exists /w/a", "read /w/h"}, false},
		{"another name of a file that was not written to", func(s *story) { old(s); s.hardLink("a", "h") },
			func(s *story) { s.failing(event.EPERM).open("a", w|app); s.read("h") }, []string{"exists /w/a", "read /w/h"}, true},
		{"running program", old, func(s *story) { s.failing(event.ETXTBSY).open("a", w|trunc) }, exists, true},
		{"exclusive", old, func(s *story) { s.open("a", newly) }, exists, false},
		{"exclusive on a link", old, func(s *story) {
			if s.open("l", newly).ok() {
				t.Error("opened")
			}
		}, []string{"link /w/l -> a"}, false},
		{"interrupted", old, func(s *story) { s.failing(event.EINTR).read("a") }, nil, true},
		{"create, interrupted", nil, func(s *story) { s.failing(event.EINTR).open("a", creat) }, nil, true},
		{"create, not permitted", nil, func(s *story) { s.failing(event.EACCES).open("a", creat) }, []string{"absent /w/a"}, true},
		{"directory for writing", old, func(s *story) { s.open("d", creat) }, []string{"stat /w/d dir"}, false},
		{"file as a directory", old, func(s *story) { s.open("a", r|event.Directory) }, exists, false},
		{"link not followed", old, func(s *story) { s.open("l", r|nofollow) }, []string{"link /w/l -> a"}, false},
	})
}

// An open for writing that does not write makes no output, whatever it finds out.
func TestOpenForWritingThatWritesNothing(t *testing.T) {
	for name, f := range map[string]event.Flags{
		"wronly": w, "wronly, create": w | create, "append": w | create | app, "rdwr": rw, "rdwr, append": rw | app,
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			old(s)
			s.open("a", f)
			if outs := s.finish().Outputs; len(outs) > 0 {
				t.Errorf("outputs %+v, want none", outs)
			}
			s.checkFound()
			s.checkForm()
		})
	}
}

func TestOpenOfADirectory(t *testing.T) {
	for name, f := range map[string]event.Flags{"plain": r, "as a directory": r | event.Directory, "path only": event.PathOnly | event.Directory} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			old(s)
			s.open("d", f)
			for _, in := range s.finish().Inputs {
				if in.Kind == footprint.List || in.Kind == footprint.Read {
					t.Errorf("%s %s: nothing was read from it", in.Kind, in.Path)
				}
			}
			if len(s.print.Inputs) != 1 {
				t.Errorf("inputs %q, want one for /w/d", render(s.print))
			}
		})
	}
}

func TestTruncate(t *testing.T) {
	run(t, []row{
		{"nothing there", nil, func(s *story) { s.truncate("a", 0) }, []string{"absent /w/a"}, false},
		{"to nothing", old, func(s *story) { s.truncate("a", 0) }, []string{"out /w/a file"}, false},
		{"to a part", old, func(s *story) { s.truncate("a", 2) }, []string{"read /w/a inout", "inout /w/a file"}, false},
		{"longer", old, func(s *story) { s.truncate("a", 9) }, []string{"read /w/a inout", "inout /w/a file"}, false},
		{"empty file", old, func(s *story) { s.truncate("empty", 9) }, []string{"out /w/empty file"}, false},
		{"not permitted", old, func(s *story) { s.failing(event.EACCES).truncate("a", 0) }, []string{"exists /w/a"}, true},
		{"a directory", old, func(s *story) { s.truncate("d", 0); s.create("d/y", "") }, []string{"stat /w/d dir", "out /w/d/y file"}, false},
		{"an empty file, which does not show", old, func(s *story) {
			was := *s.fs.names["/w/empty"]
			s.truncate("empty", 0)
			s.fs.names["/w/empty"].mtime, s.fs.names["/w/empty"].ctime = was.mtime, was.ctime
		}, []string{"stat /w/empty file"}, false},
		{"fails, then works", nil, func(s *story) {
			s.truncate("a", 0)
			s.create("a", "new")
			s.truncate("a", 1)
		}, []string{"out /w/a file"}, false},
		{"own file by descriptor", nil, func(s *story) { s.open("a", rw|create).truncate(4) }, []string{"out /w/a file"}, false},
		{"old file by descriptor", old, func(s *story) { s.open("a", rw).truncate(0) }, []string{"read /w/a inout", "inout /w/a file"}, false},
		{"old file by descriptor, unread", old, func(s *story) { s.open("a", w|create).truncate(0) }, []string{"out /w/a file"}, false},
	})
}

// A file without a name is nothing until it is given one.
func TestTempFile(t *testing.T) {
	for name, c := range map[string]struct {
		to   string
		want []string
	}{
		"never linked":              {"", nil},
		"linked":                    {"new", []string{"out /w/new file"}},
		"linked, over another":      {"old", []string{"exists /w/old"}},
		"linked, into no directory": {"none/new", []string{"absent /w/none/new"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			s.file("old", "old")
			f := s.open("/w", rw|event.TempFile)
			f.write("new")
			if c.to != "" {
				f.linkTo(c.to)
			}
			s.want(append(c.want, "exists /w")...)
		})
	}
}

//go:build amd64 || arm64

package trace_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"deptrace/trace"
	"deptrace/trace/event"

	"golang.org/x/sys/unix"
)

// TestInherit: "> out", ">> log" and "< in" of a recipe are the shell's work, but the
// step's files.
func TestInherit(t *testing.T) {
	open := func(t *testing.T, s *step, name string, flags int) *os.File {
		t.Helper()
		f, err := os.OpenFile(filepath.Join(s.dir, name), flags, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	everyEngine(t, func(t *testing.T, engine trace.Engine) {
		s := victimStep(t, engine, "nothing")
		s.Stdin = open(t, s, "link", os.O_RDONLY)
		s.Stdout = open(t, s, "out", os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
		s.Stderr = open(t, s, "log", os.O_WRONLY|os.O_CREATE|os.O_APPEND)
		wantLines(t, engine, s.good(t).files(), `
			inherit read f as 0 ok
			inherit write out as 1 ok
			inherit write,append log as 2 ok`)
	})
	t.Run("higher", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "nothing")
			f := open(t, s, "f", os.O_RDWR)
			if err := syscall.Dup3(int(f.Fd()), 50, 0); err != nil {
				t.Fatal(err)
			}
			defer syscall.Close(50)
			wantLines(t, engine, s.good(t).files(), `inherit read,write f as 50 ok`)
		})
	})
	// The same file for two, as after "2>&1".
	t.Run("shared", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "nothing")
			s.Stdout = open(t, s, "out", os.O_WRONLY|os.O_CREATE)
			s.Stderr = s.Stdout
			wantLines(t, engine, s.good(t).files(), `
				inherit write out as 1 ok
				inherit write out as 2 ok`)
		})
	})
	t.Run("no files", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "nothing")
			null, err := os.Open(os.DevNull)
			if err != nil {
				t.Fatal(err)
			}
			defer null.Close()
			s.Stdin = null
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			defer w.Close()
			s.Stdout = w
			for _, e := range s.good(t).events {
				if e.Op == event.Inherit && e.Descriptor < 2 {
					t.Errorf("descriptor %d is told as %s", e.Descriptor, e.Name.Path)
				}
			}
		})
	})
	t.Run("held", func(t *testing.T) {
		// Whoever wants the content of before gets the time to save it.
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "args")
			s.Stdout = open(t, s, "f", os.O_WRONLY)
			hold := make(chan struct{})
			released := false
			s.then = func(e *event.Event) event.Hold {
				switch {
				case e.Op == event.Inherit && e.Name.Path == filepath.Join(s.dir, "f"):
					go func() { released = true; close(hold) }()
					return hold
				case e.Op == event.Fork:
					if !released {
						t.Error("the command runs before the content is saved")
					}
				}
				return nil
			}
			s.good(t)
		})
	})
}

// TestStdin: a record does not have what a step reads from a pipe.
func TestStdin(t *testing.T) {
	const incomplete = "incomplete stdin"
	filled := func(t *testing.T) (*os.File, func()) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		w.WriteString("data")
		return r, func() { r.Close(); w.Close() }
	}
	socket := func(t *testing.T) (*os.File, func()) {
		p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		unix.Write(p[1], []byte("data"))
		f := os.NewFile(uintptr(p[0]), "socket")
		return f, func() { f.Close(); unix.Close(p[1]) }
	}
	writersGone := func(t *testing.T) (*os.File, func()) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		w.Close()
		return r, func() { r.Close() }
	}
	null := func(t *testing.T) (*os.File, func()) {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		return f, func() { f.Close() }
	}
	removed := func(t *testing.T) (*os.File, func()) { // a shell's here-document
		f, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		f.WriteString("data")
		f.Seek(0, 0)
		os.Remove(f.Name())
		return f, func() { f.Close() }
	}
	for _, c := range []struct {
		name, victim string
		stdin        func(*testing.T) (*os.File, func())
		want         string
	}{
		{"read", "read0", filled, incomplete},
		{"readv", "readv", filled, incomplete},
		{"duplicate", "dup0", filled, incomplete},
		{"splice", "splice0", filled, incomplete},
		{"child", "child0", filled, "2: " + incomplete},
		{"socket", "read0", socket, incomplete},
		{"removed file", "read0", removed, incomplete},
		{"not read", "nothing", filled, ""},
		{"socket not read", "nothing", socket, ""},
		{"replaced", "replaced0", filled, ""},
		{"closed", "closed0", filled, ""},
		{"writers gone", "read0", writersGone, ""},
		{"null", "read0", null, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			everyEngine(t, func(t *testing.T, engine trace.Engine) {
				s := victimStep(t, engine, c.victim)
				f, closeAll := c.stdin(t)
				defer closeAll()
				s.Stdin = f
				wantLines(t, engine, s.good(t).of(event.Incomplete), c.want)
			})
		})
	}
	// Nor is it one where duplicates are told for their own sake.
	t.Run("closed, with descriptors", func(t *testing.T) {
		tracers(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "dupclosed0")
			f, closeAll := null(t)
			defer closeAll()
			s.Stdin, s.Descriptors = f, true
			wantLines(t, engine, s.good(t).of(event.Incomplete), "")
		})
	})
}

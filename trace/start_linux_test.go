//go:build amd64 || arm64

package trace_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"deptrace/trace"
	"deptrace/trace/event"
)

// seedStart: the command is watched from its very first instruction on, and what
// cannot be started is a clear error.
func seedStart(t *testing.T) {
	t.Run("first call", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			r := victimStep(t, engine, "nothing").good(t)
			var got []string
			for _, e := range r.events {
				switch {
				case e.Op == event.Exec || e.Op == event.Load:
					got = append(got, e.Op.String())
				case e.Op == event.Open && e.Outcome.State != event.Failed:
					got = append(got, filepath.Base(e.Name.Path))
				}
			}
			if len(got) < 4 || strings.Join(got[:2], " ") != "exec load" || got[2] != "ld.so.cache" || !strings.HasPrefix(got[3], "libc") {
				t.Errorf("got %q, want exec, load, and the dynamic linker's ld.so.cache and libc", got)
			}
		})
	})
	t.Run("PATH", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine)
			mkdir(t, s.dir, "p1", "p2", "p3", "p2/tool")
			write(t, s.dir, "p1/tool", "", 0o644)
			symlink(t, s.dir, victim(t), "p3/tool")
			p := func(n string) string { return filepath.Join(s.dir, n) }
			t.Setenv("PATH", strings.Join([]string{p("none"), p("p1"), p("p2"), p("p3"), "/bin"}, ":"))
			s.Args = []string{"tool", "reads", "f"}
			wantLines(t, engine, s.good(t).of(event.Access, event.Exec, event.Open), `
				access none/tool ENOENT
				access p1/tool EACCES
				access p2/tool EACCES
				access VICTIM [p3/tool -> `+victim(t)+`] ok
				exec VICTIM [p3/tool -> `+victim(t)+`] ok
				open read f ok`)
		})
	})
	t.Run("argv", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine)
			s.Args = []string{"sh", "-c", `echo "$0"`}
			if out, _, _ := s.output(t); out != "sh\n" {
				t.Errorf("argv[0] is %q, want sh", out)
			}
		})
	})
	failing := func(name string, want error, prepare func(t *testing.T, s *step)) {
		t.Run(name, func(t *testing.T) {
			everyEngine(t, func(t *testing.T, engine trace.Engine) {
				s := victimStep(t, engine)
				prepare(t, s)
				r, _, err := s.try(t)
				var start *trace.StartError
				if !errors.As(err, &start) || !errors.Is(err, want) || start.Name != s.Args[0] {
					t.Errorf("Run: got %v, want a StartError with %v", err, want)
				}
				got := r.of(event.Exec, event.Fork, event.Exit)
				if engine == trace.Notify && want == syscall.E2BIG {
					// No look at the files tells, so the exec is told before it fails.
					wantLines(t, engine, got, `
						fork 1
						exec VICTIM errno 7?
						exit 127`)
					return
				}
				for _, l := range got {
					t.Errorf("told of a command that did not start: %s", l)
				}
			})
		})
	}
	failing("empty name", trace.ErrNotFound, func(t *testing.T, s *step) { s.Args = []string{""} })
	failing("not in PATH", trace.ErrNotFound, func(t *testing.T, s *step) { s.Args = []string{"no-such-command"} })
	failing("not there", syscall.ENOENT, func(t *testing.T, s *step) { s.Args = []string{filepath.Join(s.dir, "missing")} })
	failing("not executable", syscall.EACCES, func(t *testing.T, s *step) { s.Args = []string{filepath.Join(s.dir, "f")} })
	failing("directory", syscall.EACCES, func(t *testing.T, s *step) { s.Args = []string{filepath.Join(s.dir, "d")} })
	failing("not executable in PATH", syscall.EACCES, func(t *testing.T, s *step) {
		t.Setenv("PATH", s.dir)
		s.Args = []string{"f"}
	})
	failing("no interpreter", syscall.ENOENT, func(t *testing.T, s *step) {
		write(t, s.dir, "script", "#!/no/such/interpreter\n", 0o755)
		s.Args = []string{filepath.Join(s.dir, "script")}
	})
	failing("too long", syscall.E2BIG, func(t *testing.T, s *step) {
		s.Args = append(s.Args, "reads", strings.Repeat("x", 140<<10)) // MAX_ARG_STRLEN is 128 KiB
	})
	t.Run("no command", func(t *testing.T) {
		var start *trace.StartError
		if _, err := trace.Run(context.Background(), trace.Command{}, &recorder{}); err == nil || errors.As(err, &start) {
			t.Errorf("Run without arguments: got %v, want an error", err)
		}
	})
	t.Run("no such engine", func(t *testing.T) {
		s := victimStep(t, "best")
		var e *trace.EngineError
		if _, _, err := s.try(t); !errors.As(err, &e) {
			t.Errorf("Run: got %v, want an EngineError", err)
		}
	})
	t.Run("no such directory", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "nothing")
			s.Dir = filepath.Join(s.dir, "missing")
			if _, _, err := s.try(t); !errors.Is(err, syscall.ENOENT) {
				t.Errorf("Run: got %v, want ENOENT", err)
			}
		})
	})
	// A file that is no program the kernel knows, but is executable, is the shell's.
	t.Run("ENOEXEC", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine)
			write(t, s.dir, "script", `read line <f; echo "$line, $0, $1"`+"\n", 0o755)
			s.Args = []string{filepath.Join(s.dir, "script"), "one"}
			out, r, result := s.output(t)
			if want := "content, " + s.Args[0] + ", one\n"; out != want || result.Status != 0 {
				t.Errorf("got status %d, output %q, want %q", result.Status, out, want)
			}
			wantLines(t, engine, r.of(event.Open), `
				open read script ok
				open read f ok`)
		})
	})
	// Args[0] is searched where the command is going to run.
	t.Run("relative", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine)
			mkdir(t, s.dir, "bin")
			symlink(t, s.dir, victim(t), "bin/tool")
			s.Args = []string{"bin/tool", "reads", "f"}
			wantLines(t, engine, s.good(t).of(event.Open), `open read f ok`)
			t.Setenv("PATH", "bin")
			s.Args = []string{"tool", "reads", "f"}
			wantLines(t, engine, s.good(t).of(event.Open), `open read f ok`)
		})
	})
	t.Run("auto", func(t *testing.T) {
		for want, descriptors := range map[trace.Engine]bool{trace.Notify: false, trace.Ptrace: true} {
			s := victimStep(t, trace.Auto, "reads", "f")
			s.Descriptors = descriptors
			var log []string
			s.Log = func(format string, args ...any) { log = append(log, format) }
			if _, result := s.run(t); result.Engine != want || len(log) == 0 {
				t.Errorf("descriptors asked for: %v: engine %s, log %q, want %s and why", descriptors, result.Engine, log, want)
			}
		}
	})
}

// TestNested: what one engine watches another can watch, too, where the kernel lets
// them, and is refused where it would be blind.
func TestNested(t *testing.T) {
	const refused = "" // of the engine that takes the place of the inner one
	const read = "2: open read f ok"
	for _, c := range []struct {
		outer, inner, want trace.Engine
		told               string // by the outer one
	}{
		{trace.Ptrace, trace.Ptrace, refused, ""}, // a process has one tracer
		{trace.Ptrace, trace.PtraceSlow, refused, ""},
		{trace.PtraceSlow, trace.Ptrace, refused, ""},
		{trace.PtraceSlow, trace.PtraceSlow, refused, ""},
		{trace.Ptrace, trace.Auto, trace.Notify, read},
		{trace.PtraceSlow, trace.Auto, trace.Notify, read},
		{trace.Ptrace, trace.Notify, trace.Notify, read},
		{trace.PtraceSlow, trace.Notify, trace.Notify, read},
		// First it tries to listen, then it asks why that did not work, each time in a
		// process of its own. The record does not suffer: whoever is refused so finds
		// another way.
		{trace.Notify, trace.Auto, trace.PtraceSlow, "4: open read f ok"},
		{trace.Notify, trace.PtraceSlow, trace.PtraceSlow, read},
		{trace.Notify, trace.Ptrace, refused, ""}, // its filter would not see what the outer one takes
		{trace.Notify, trace.Notify, refused, ""}, // there is one listener at most above a process
	} {
		t.Run(string(c.inner+" in "+c.outer), func(t *testing.T) {
			s := victimStep(t, c.outer)
			s.Args = []string{self(t), victim(t), "reads", "f"}
			s.Env = append(os.Environ(), roleVar+"=tracer", "DEPTRACE_TEST_ENGINE="+string(c.inner), "DEPTRACE_TEST_TELL="+s.dir)
			said, finish := collect(t)
			s.Stderr = said
			out, r, result := s.output(t)
			text := finish()
			wantLines(t, c.outer, r.of(event.Open, event.Incomplete), c.told)
			if c.want == refused {
				if result.Status != 125 || out != "" || !strings.HasPrefix(text, "run: engine "+string(c.inner)+": ") {
					t.Errorf("ended with %+v, want status 125; it said\n%s%s", result, out, text)
				}
				return
			}
			if result.Status != 0 || text != "engine "+string(c.want)+"\n" {
				t.Errorf("ended with %+v, want status 0 and engine %s; it said\n%s", result, c.want, text)
			}
			wantLines(t, c.want, lines(out), `open read f ok`)
		})
	}
}

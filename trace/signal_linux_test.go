//go:build amd64 || arm64

package trace_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"deptrace/trace"
	"deptrace/trace/event"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// untraced runs a victim without an engine and returns what it prints: what it must
// print under one.
func untraced(t *testing.T, s *step) string {
	t.Helper()
	c := exec.Command(s.Args[0], s.Args[1:]...)
	c.Dir, c.Env, c.Stderr = s.Dir, s.Env, os.Stderr
	var out bytes.Buffer
	c.Stdout = &out
	if s.Stdin != nil {
		c.Stdin = s.Stdin
	}
	if err := c.Run(); err != nil {
		t.Fatalf("%q without an engine: %v\n%s", s.Args, err, &out)
	}
	return out.String()
}

// same runs a victim with and without an engine and wants it to print the same.
func same(t *testing.T, engine trace.Engine, args ...string) *recorder {
	t.Helper()
	want := untraced(t, victimStep(t, engine, args...))
	got, r, result := victimStep(t, engine, args...).output(t)
	if diff := cmp.Diff(want, got); diff != "" || result.Status != 0 {
		t.Errorf("%q under the engine ends with status %d and prints (-without +with):\n%s", args, result.Status, diff)
	}
	return r
}

func seedSignals(t *testing.T) {
	t.Run("delivered unchanged", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			r := same(t, engine, "caught")
			want := []string{"signal SIGUSR1", "signal SIGUSR1", "signal ", "signal ", "signal SIGSEGV"}
			if diff := difference(engine, want, r.of(event.Signal)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	})
	t.Run("a program's own SIGTRAP", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) { same(t, engine, "sigtrap") })
	})
	t.Run("death by SIGTRAP", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			if _, result := victimStep(t, engine, "die", "5").run(t); result.Signal != syscall.SIGTRAP {
				t.Errorf("got %+v, want SIGTRAP", result)
			}
		})
	})
	t.Run("interrupted calls", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			fifo := func(s *step) *step {
				if err := unix.Mkfifo(filepath.Join(s.dir, "fifo"), 0o644); err != nil {
					t.Fatal(err)
				}
				return s
			}
			args := []string{"eintr"}
			if engine == trace.Notify {
				// A signal that comes before the notification has been received makes any
				// call fail with EINTR: what is not told did not happen.
				args = append(args, "again")
			}
			want := untraced(t, fifo(victimStep(t, engine, args...)))
			got, r, result := fifo(victimStep(t, engine, args...)).output(t)
			if got != want || result.Status != 0 {
				t.Errorf("status %d, printed %q, want 0, %q", result.Status, got, want)
			}
			opens := map[string]int{}
			for _, l := range supposed(engine, r.of(event.Open)) {
				opens[l]++
			}
			// A call that is made anew is told once. The one that is given up has to
			// be told if it could have changed something.
			fifos := opens["open read fifo ok"]
			if engine == trace.Notify && fifos >= 2 {
				fifos = 1 // the one that is given up, and the one that is made anew while it waits
			}
			if opens["open read f ok"] != 300 || fifos != 1 {
				t.Errorf("got %v, want 300 opens of f and one of fifo for reading", opens)
			}
		})
	})
	// Signals that deptrace itself gets are meant for the command.
	t.Run("passed on", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT} {
				s := victimStep(t, engine, "onterm", strconv.Itoa(int(sig)))
				signals := make(chan os.Signal, 1)
				s.Signals = signals
				s.then = func(e *event.Event) event.Hold {
					if e.Op == event.Open && filepath.Base(e.Name.Path) == "f" {
						signals <- sig
					}
					return nil
				}
				r, result := s.run(t)
				if result.Status != 3 || len(r.of(event.Signal)) != 1 && engine != trace.Notify {
					t.Errorf("%v: ended with %+v after %q, want status 3 after one signal", sig, result, r.of(event.Signal))
				}
			}
		})
	})
	// One that the command has got by itself is not doubled. Notify, which does not see
	// it arrive, knows it of the terminal's keys only: TestInterrupt.
	t.Run("not doubled", func(t *testing.T) {
		tracers(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "onterm", strconv.Itoa(int(syscall.SIGINT)))
			signals := make(chan os.Signal, 1)
			s.Signals = signals
			var pid int
			s.then = func(e *event.Event) event.Hold {
				switch {
				case e.Op == event.Fork:
					pid = e.Child
				case e.Op == event.Open && filepath.Base(e.Name.Path) == "f":
					syscall.Kill(pid, syscall.SIGINT)
					signals <- syscall.SIGINT
				}
				return nil
			}
			r, result := s.run(t)
			if got := r.of(event.Signal); result.Status != 3 || len(got) != 1 {
				t.Errorf("ended with %+v after %q, want status 3 after one SIGINT", result, got)
			}
		})
	})
}

// seedAttachStops: of the stops by which an engine takes a process over nobody hears,
// and of the real ones everybody.
func seedAttachStops(t *testing.T) {
	t.Run("real stops", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) { same(t, engine, "stopcont") })
	})
	t.Run("calls over a stop", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) { same(t, engine, "restart") })
	})
	t.Run("no stops of new children", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine)
			s.Args = []string{"bash", "--norc", "-c", `set -m; for i in {1..20}; do /bin/true; echo $?; done; jobs`}
			out, _, _ := s.output(t)
			want := ""
			for range 20 {
				want += "0\n"
			}
			if out != want {
				t.Errorf("got %q, want 20 times 0", out)
			}
		})
	})
	t.Run("job control", jobControl)
	// The command itself can be stopped, and goes on.
	t.Run("the command", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "onterm", strconv.Itoa(int(syscall.SIGTERM)))
			var pid int
			stopped := make(chan bool, 1)
			s.then = func(e *event.Event) event.Hold {
				switch {
				case e.Op == event.Fork:
					pid = e.Child
				case e.Op == event.Open && filepath.Base(e.Name.Path) == "f":
					go func() {
						syscall.Kill(pid, syscall.SIGSTOP)
						stopped <- awaitState(pid, 'T', 't')
						syscall.Kill(pid, syscall.SIGCONT)
						syscall.Kill(pid, syscall.SIGTERM)
					}()
				}
				return nil
			}
			if _, result := s.run(t); result.Status != 3 || !<-stopped {
				t.Errorf("ended with %+v, want to have been stopped and then status 3", result)
			}
		})
	})
}

// awaitState waits until a process is in one of the states (proc(5)).
func awaitState(pid int, states ...byte) bool {
	gone := false
	return await(func() bool {
		p, ok := look(pid)
		gone = !ok
		return gone || slices.Contains(states, p.state)
	}) && !gone
}

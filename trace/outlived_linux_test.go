//go:build amd64 || arm64

package trace_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"deptrace/trace"
	"deptrace/trace/event"
)

func TestOutlived(t *testing.T) {
	// open gives the next step one end of a pipe as descriptor n, inherited: one that is
	// free. It returns the other end.
	open := func(t *testing.T, n int, forReading bool) *os.File {
		t.Helper()
		theirs, ours, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		if !forReading {
			theirs, ours = ours, theirs
		}
		defer theirs.Close()
		t.Cleanup(func() { ours.Close() })
		if err := syscall.Dup3(int(theirs.Fd()), n, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { syscall.Close(n) })
		return ours
	}
	daemon := func(t *testing.T, engine trace.Engine) (s *step, w *os.File) {
		w = open(t, 209, true)
		s = victimStep(t, engine, "daemon")
		s.Adopt = true // it makes no call that notify would notice
		return s, w
	}
	t.Run("wait", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s, w := daemon(t, engine)
			want := `
				open read d/g ok
				3: open read f ok
				3: incomplete process-outlived-step: victim`
			if engine == trace.Notify {
				// It has not noticed the daemon when the grace is over, and never notices the
				// process between.
				s.Daemons = trace.Wait
				want = `
				open read d/g ok
				incomplete process-outlived-step: victim
				2: open read f ok`
			}
			root := 0
			s.then = func(e *event.Event) event.Hold {
				switch {
				case e.Op == event.Fork && e.Process == 0:
					root = e.Child
				case e.Op == event.Incomplete && engine == trace.Notify:
					w.Close()
				case e.Op == event.Exit && e.Process == root && engine != trace.Notify:
					time.AfterFunc(trace.DefaultGrace*3/2, func() { w.Close() })
				}
				return nil
			}
			wantLines(t, engine, s.good(t).of(event.Open, event.Incomplete), want)
		})
	})
	t.Run("within the grace", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s, w := daemon(t, engine)
			s.Grace = 2 * limit // however slow the machine is
			root := 0
			s.then = func(e *event.Event) event.Hold {
				switch {
				case e.Op == event.Fork && e.Process == 0 && root == 0:
					root = e.Child
				case e.Op == event.Exit && e.Process == root:
					w.Close()
				}
				return nil
			}
			want := `
				open read d/g ok
				3: open read f ok`
			if engine == trace.Notify {
				want = strings.ReplaceAll(want, "3:", "2:") // without the process between
			}
			wantLines(t, engine, s.good(t).of(event.Open, event.Incomplete), want)
		})
	})
	t.Run("kill", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s, w := daemon(t, engine)
			s.Daemons = trace.Kill
			const long = limit / 6
			alive := time.AfterFunc(long, func() { w.Close() }) // or else a failure hangs
			gone := lifeline(t)
			r := s.good(t)
			if !alive.Stop() {
				t.Errorf("the daemon lived on for %v", long)
			}
			gone()
			if engine == trace.Notify {
				wantLines(t, engine, r.of(event.Open, event.Incomplete), `
					open read d/g ok
					incomplete process-outlived-step: victim`)
				return
			}
			wantLines(t, engine, r.of(event.Open, event.Incomplete), `
				open read d/g ok
				3: incomplete process-outlived-step: victim`)
			if exits := r.of(event.Exit); !slices.Contains(exits, "3: exit SIGKILL") {
				t.Errorf("exits: got %q, want the daemon to be killed", exits)
			}
		})
	})
	// What is left goes on as if nothing had been, and a keeper as long as that does.
	for name, how := range map[string]trace.Daemons{"leave": trace.Leave, "leave by default": ""} {
		t.Run(name, func(t *testing.T) {
			work, answers := open(t, 209, true), bufio.NewReader(open(t, 210, false))
			s := victimStep(t, trace.Notify, "server")
			s.Daemons = how
			before := keepers(t)
			wantLines(t, trace.Notify, s.good(t).of(event.Open, event.Incomplete), `
				2: open read d/g ok
				incomplete process-outlived-step: victim`)
			syscall.Close(209)
			syscall.Close(210)
			var kept []int
			if !await(func() bool { // until it has given itself its name
				kept = slices.DeleteFunc(keepers(t), func(pid int) bool { return slices.Contains(before, pid) })
				return len(kept) == 1
			}) {
				t.Errorf("%d keepers, want 1", len(kept))
			}
			for range 10 {
				if _, err := work.WriteString("x"); err != nil {
					t.Fatal(err)
				}
				if l, err := answers.ReadString('\n'); l != "opened\n" {
					t.Fatalf("after the step the daemon says %q, %v, want that it has opened the file", l, err)
				}
			}
			work.Close()
			if l, err := answers.ReadString('\n'); err != io.EOF {
				t.Errorf("the daemon says %q, %v, or something else holds its pipe open, want its end", l, err)
			}
			if !await(func() bool {
				return !slices.ContainsFunc(keepers(t), func(pid int) bool { return slices.Contains(kept, pid) })
			}) {
				t.Errorf("the keeper is still there after the daemon's end")
			}
		})
	}
	t.Run("not left", func(t *testing.T) {
		tracers(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "nothing")
			s.Daemons = trace.Leave
			var refused *trace.EngineError
			if r, _, err := s.try(t); !errors.As(err, &refused) || len(r.events) > 0 {
				t.Errorf("Run: got %v after %q, want an EngineError: what it traces is killed with it", err, r.story())
			}
		})
	})
}

// keepers are the processes that this one has left behind to answer for others.
func keepers(t *testing.T) (pids []int) {
	t.Helper()
	for _, p := range processes() {
		if p.command != "deptrace-keeper" || p.state == 'Z' {
			continue
		}
		if exe, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", p.pid)); err != nil || exe != self(t) {
			continue // another's
		}
		if p.parent == os.Getpid() {
			t.Errorf("the keeper %d is this process's child", p.pid)
		}
		pids = append(pids, p.pid)
	}
	return pids
}

func TestCancel(t *testing.T) {
	everyEngine(t, func(t *testing.T, engine trace.Engine) {
		s := victimStep(t, engine, "forever")
		gone := lifeline(t)
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		r := &recorder{engine: engine, dir: s.dir, then: func(e *event.Event) event.Hold {
			if e.Op == event.Open && filepath.Base(e.Name.Path) == "f" {
				cancel()
			}
			return nil
		}}
		result, err := trace.Run(ctx, s.Command, r)
		if err != nil || result.Signal != syscall.SIGKILL {
			t.Errorf("Run: got %+v, %v, want SIGKILL", result, err)
		}
		r.check(t) // all processes have ended
		gone()     // whether they were told or not
	})
	t.Run("before", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			s := victimStep(t, engine, "forever")
			gone := lifeline(t)
			r := &recorder{engine: engine, dir: s.dir}
			result, err := trace.Run(ctx, s.Command, r)
			if err == nil && result.Signal != syscall.SIGKILL {
				t.Errorf("Run: got %+v, %v, want it killed", result, err)
			}
			r.check(t)
			gone()
		})
	})
}

// lifeline has all the processes of the next step hold a pipe open. gone wants them to
// have ended.
func lifeline(t *testing.T) (gone func()) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	held, err := syscall.Dup(int(w.Fd())) // which is inherited
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	return func() {
		t.Helper()
		syscall.Close(held)
		if err := r.SetReadDeadline(deadline()); err != nil {
			t.Fatal(err)
		}
		if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("a process of the step lives on: %v", err)
		}
	}
}

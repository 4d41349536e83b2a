//go:build amd64 || arm64

package trace_test

import (
	"context"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"deptrace/trace"
	"deptrace/trace/event"
)

// beforehand reports whether the event is told before its operation, which is one that
// changes something, can happen.
func beforehand(e *event.Event) bool {
	return e.Outcome.State == event.Pending || e.Outcome.State == event.Unknown && e.Changes()
}

// TestHold: a sink that needs time before something is destroyed keeps only the
// process waiting that is about to do it.
func TestHold(t *testing.T) {
	everyEngine(t, func(t *testing.T, engine trace.Engine) {
		s := victimStep(t, engine, "held")
		held := filepath.Join(s.dir, "held")
		hold := make(chan struct{})
		pending, looks := false, 0
		s.then = func(e *event.Event) event.Hold {
			switch {
			case e.Name.Path != held:
			case e.Op == event.Access && pending:
				if looks++; looks == 20 {
					if _, err := os.Lstat(held); err == nil {
						t.Error("the file is there while its creator is held")
					}
					close(hold)
				}
			case e.Op == event.Open && beforehand(e):
				pending = true
				return hold
			}
			return nil
		}
		s.good(t)
		if !pending || looks < 20 {
			t.Errorf("pending: %v, then %d looks of the other process, want 20", pending, looks)
		}
	})
	// A sink may let go at once, and may be slow when nobody else is there.
	t.Run("alone", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "openat2")
			n := 0
			s.then = func(e *event.Event) event.Hold {
				if !beforehand(e) {
					return nil
				}
				n++
				hold := make(chan struct{})
				time.AfterFunc(20*time.Millisecond, func() { close(hold) })
				return hold
			}
			s.good(t)
			if n != 1 {
				t.Errorf("%d operations were pending, want 1", n)
			}
		})
	})
	t.Run("closed already", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "killed", "20")
			hold := make(chan struct{})
			close(hold)
			s.then = func(e *event.Event) event.Hold {
				if beforehand(e) {
					return hold
				}
				return nil
			}
			s.good(t)
		})
	})
	// What is held can be killed, and the hold end later.
	t.Run("killed", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "heldkilled")
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			s.Stdin = r
			hold := make(chan struct{})
			s.then = func(e *event.Event) event.Hold {
				switch {
				case beforehand(e):
					w.Close()
					return hold
				case e.Op == event.Open && filepath.Base(e.Name.Path) == "f":
					close(hold)
				}
				return nil
			}
			got := s.good(t)
			if _, err := os.Lstat(filepath.Join(s.dir, "held")); err == nil {
				t.Error("the file that a killed process was to create is there")
			}
			wantLines(t, engine, got.of(event.Exit), `
				2: exit SIGKILL
				exit 0`)
		})
	})
	// A context that ends while something is held ends the hold's owner, too.
	t.Run("cancelled", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "openat2")
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			defer cancel()
			hold := make(chan struct{})
			r := &recorder{engine: engine, dir: s.dir, then: func(e *event.Event) event.Hold {
				if beforehand(e) {
					cancel()
					time.AfterFunc(20*time.Millisecond, func() { close(hold) })
					return hold
				}
				return nil
			}}
			result, err := trace.Run(ctx, s.Command, r)
			if err != nil || result.Signal != syscall.SIGKILL {
				t.Errorf("Run: got %+v, %v, want SIGKILL", result, err)
			}
		})
	})
}

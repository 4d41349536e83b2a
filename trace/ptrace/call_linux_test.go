//go:build amd64 || arm64

package ptrace

import (
	"slices"
	"testing"

	"deptrace/trace/event"
	"deptrace/trace/observe"
)

// TestMistaken has the engine take the entry of a call for an exit, as it would if the kernel
// left one out. It wants that to be noticed, and told, at the next call's.
func TestMistaken(t *testing.T) {
	const line = `[ -e /before ]; kill -WINCH $$; [ -e /mistaken ]; [ -e /after ]; true`
	const lost = "events-lost: a call was taken for the exit of another"
	for _, mistaken := range []bool{false, true} {
		var told events
		r, err := run(shell(line), true, func(e *engine) event.Sink {
			return event.SinkFunc(func(ev *event.Event) {
				told.Event(ev)
				if ev.Op == event.Signal && mistaken {
					e.tasks[ev.Process].entered = true // it is in no call
				}
			})
		})
		if err != nil || r.Status != 0 {
			t.Fatalf("the command ended with %+v, %v", r, err)
		}
		if got := slices.Contains(told, lost); got != mistaken {
			t.Errorf("mistaken %v: got %v for %q in %q", mistaken, got, lost, told)
		}
		for _, want := range []string{"/before", "/after"} {
			if !slices.Contains(told, want) {
				t.Errorf("mistaken %v: got %q, want %q, too", mistaken, told, want)
			}
		}
	}
}

// TestUnseenExec: an exec whose entry was not looked at has run a program that nobody knows of.
func TestUnseenExec(t *testing.T) {
	const lost = "events-lost: an exec that was not seen before it was made"
	for _, c := range []struct {
		name string
		call *call
		lost bool
	}{
		{"seen", &call{ev: event.Event{Op: event.Exec, Name: event.Name{Path: "/bin/true"}}}, false},
		{"in no call", nil, true},
		{"in another call", &call{ev: event.Event{Op: event.Mkdir}}, true},
	} {
		var told events
		e := newEngine(program("/bin/true"), true, &told)
		const nobody = 1 << 30
		p := &process{Process: *observe.NewProcess(nobody, "sh")}
		thread := &task{Thread: *observe.NewThread(nobody, &p.Process), process: p, call: c.call}
		e.tasks[nobody], e.started = thread, true
		e.executed(thread)
		if got := slices.Contains(told, lost); got != c.lost {
			t.Errorf("%s: got %q", c.name, told)
		}
	}
}

//go:build amd64 || arm64

package trace_test

import (
	"context"
	"runtime"
	"strconv"
	"testing"

	"deptrace/trace"
	"deptrace/trace/event"
	"deptrace/trace/footprint"
	"deptrace/trace/footprint/osfs"
)

// allocations is a sink that folds events, and counts what this process allocates from one
// of them to another.
type allocations struct {
	folder       *footprint.Folder
	first, last  int
	events       int
	before, then runtime.MemStats
}

func (a *allocations) Event(e *event.Event) event.Hold {
	switch a.events++; a.events {
	case a.first:
		runtime.ReadMemStats(&a.before)
	case a.last:
		runtime.ReadMemStats(&a.then)
	}
	return a.folder.Event(e)
}

// TestSteady: an event like those before it allocates nothing, on its way from the kernel to the
// footprint, whatever the step: a million of them cost what ten thousand do.
func TestSteady(t *testing.T) {
	for engine, calls := range map[trace.Engine]int{trace.Notify: 1_000_000, trace.Ptrace: 50_000, trace.PtraceSlow: 20_000} {
		if testing.Short() {
			calls = 20_000
		}
		t.Run(string(engine), func(t *testing.T) {
			s := victimStep(t, engine, "steady", strconv.Itoa(calls))
			a := &allocations{first: 10_000, last: calls, folder: footprint.New(footprint.Options{FS: new(osfs.FS), Dir: s.dir})}
			r, err := trace.Run(context.Background(), s.Command, a)
			if err != nil || r.Status != 0 || r.Signal != 0 || a.events < calls {
				t.Fatalf("%+v, %v after %d events", r, err, a.events)
			}
			if f := a.folder.Finish(); len(f.Incomplete) > 0 {
				t.Errorf("incomplete: %v", f.Incomplete)
			}
			n := a.then.Mallocs - a.before.Mallocs
			t.Logf("%d allocations, %d bytes for %d events", n, a.then.TotalAlloc-a.before.TotalAlloc, a.last-a.first)
			if each := float64(n) / float64(a.last-a.first); each > 0.01 {
				t.Errorf("%.3f allocations for each event", each)
			}
		})
	}
}

//go:build amd64 || arm64

package ptrace

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"deptrace/trace/event"
	"deptrace/trace/watch"
)

// TestSleeps wants a thread that has asked in vain, and then got its report as soon as it
// slept, to ask less and less often, and one that gets what it asks for to go on so.
func TestSleeps(t *testing.T) {
	for _, c := range []struct {
		name string
		took time.Duration // until there was a report that was asked for in vain
		want int           // asked for of a thousand
	}{
		{"at once", 10 * time.Microsecond, 10},
		{"after long", time.Millisecond, 1000},
	} {
		var w waiter
		asked := 0
		for range 1000 {
			if !w.sleeps() {
				asked++
				w.inVain(c.took)
			}
		}
		if asked != c.want {
			t.Errorf("%s: asked for %d of 1000 reports, want %d", c.name, asked, c.want)
		}
	}
}

// TestHeard wants a thread that has got what it asked for to have forgotten how often it
// asked in vain before.
func TestHeard(t *testing.T) {
	w := waiter{vain: disdain}
	w.heard()
	w.inVain(0)
	if !w.sleeps() || w.sleeps() {
		t.Errorf("%+v is left, want one wait to be slept through", w)
	}
}

// TestWait wants each end of a child to be reported, whether it is asked for or slept
// through, and that there is none left.
func TestWait(t *testing.T) {
	for _, slept := range []int{0, 100} {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		w := waiter{left: slept}
		var want, got []int
		for range 10 {
			pid, err := syscall.ForkExec("/bin/true", []string{"true"}, &syscall.ProcAttr{})
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, pid)
		}
		for {
			var ws syscall.WaitStatus
			pid, err := w.wait(&ws)
			if err == syscall.EINTR {
				continue
			}
			if err != nil {
				if err != syscall.ECHILD {
					t.Errorf("wait: %v, want ECHILD", err)
				}
				break
			}
			if !ws.Exited() || ws.ExitStatus() != 0 {
				t.Errorf("true ended with %#x", ws)
			}
			got = append(got, pid)
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("ends of %v were reported, want of %v", got, want)
		}
	}
}

// TestCollect collects garbage while the step makes no call and the engine's thread sleeps:
// neither waits for the other. Nothing else in this process would go on if one did, so the
// step goes on by itself, too late.
func TestCollect(t *testing.T) {
	const late = 20 * time.Second
	everyMode(t, func(t *testing.T, always bool) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		defer w.Close()
		c := shell(fmt.Sprintf("[ -e /first ]; timeout %v head -n 1 >/dev/null; [ -e /second ]", late.Seconds()))
		c.Files[0] = int(r.Fd())
		var told events
		first := make(chan bool, 1)
		ended := make(chan error, 1)
		var result watch.Result
		go func() {
			var err error
			result, err = run(c, always, func(*engine) event.Sink {
				return event.SinkFunc(func(e *event.Event) {
					told.Event(e)
					if e.Name.Path == "/first" {
						first <- true
					}
				})
			})
			ended <- err
		}()
		<-first
		start := time.Now()
		for range 50 {
			runtime.GC()
		}
		if took := time.Since(start); took > late/2 {
			t.Errorf("50 collections took %v while the step made no call", took)
		}
		w.Write([]byte("\n"))
		if err := <-ended; err != nil || result.Status != 1 || !slices.Contains(told, "/second") {
			t.Errorf("the step ended with %+v, %v after %q", result, err, told)
		}
	})
}

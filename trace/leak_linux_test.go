//go:build amd64 || arm64

package trace_test

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"deptrace/trace"
	"deptrace/trace/event"
)

// resources are what a process holds.
type resources struct{ descriptors, threads, children int }

func held(t *testing.T) (r resources) {
	t.Helper()
	count := func(dir string) int {
		names, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		return len(names)
	}
	r.descriptors = count("/proc/self/fd")
	r.threads = count("/proc/self/task")
	r.children = len(children(os.Getpid()))
	return r
}

// children are the processes whose parent is pid.
func children(pid int) (all []string) {
	tasks, _ := os.ReadDir("/proc")
	for _, p := range tasks {
		b, err := os.ReadFile("/proc/" + p.Name() + "/stat")
		if err != nil {
			continue
		}
		fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(pid) {
			all = append(all, p.Name())
		}
	}
	return all
}

// TestLeaks: 200 runs leave nothing behind. Threads of the Go runtime come and go;
// there must not be one more for each run.
func TestLeaks(t *testing.T) {
	both(t, func(t *testing.T, engine trace.Engine) {
		run := func() {
			c := trace.Command{Args: []string{"/bin/true"}, Engine: engine}
			if _, err := trace.Run(t.Context(), c, event.SinkFunc(func(*event.Event) {})); err != nil {
				t.Fatal(err)
			}
		}
		for range 20 {
			run()
		}
		before := held(t)
		runs := 200
		if testing.Short() {
			runs = 40
		}
		for range runs {
			run()
		}
		after := held(t)
		if after.descriptors != before.descriptors || after.children != before.children || after.threads > before.threads+8 {
			t.Errorf("before %+v, after %d runs %+v", before, runs, after)
		}
	})
}

func deadline() time.Time { return time.Now().Add(limit) }

// awaitChildren waits until the process has children.
func awaitChildren(pid, n int) bool {
	for end := deadline(); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if len(children(pid)) >= n {
			return true
		}
	}
	return false
}

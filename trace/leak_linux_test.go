//go:build amd64 || arm64

package trace_test

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
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
func children(pid int) (all []int) {
	for _, p := range processes() {
		if p.parent == pid {
			all = append(all, p.pid)
		}
	}
	return all
}

// process is what proc(5) says of a process.
type process struct {
	pid, parent int
	command     string
	state       byte
}

// processes are all that there are.
func processes() (all []process) {
	names, _ := os.ReadDir("/proc")
	for _, n := range names {
		pid, err := strconv.Atoi(n.Name())
		if err != nil {
			continue
		}
		if p, ok := look(pid); ok {
			all = append(all, p)
		}
	}
	return all
}

// look looks at a process. ok is false if there is none.
func look(pid int) (p process, ok bool) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return p, false
	}
	before, after := bytes.IndexByte(b, '('), bytes.LastIndexByte(b, ')')
	p = process{pid: pid, command: string(b[before+1 : after])}
	_, err = fmt.Sscanf(string(b[after+1:]), " %c %d", &p.state, &p.parent)
	return p, err == nil
}

// TestLeaks: hundreds of runs leave nothing behind. Threads of the Go runtime come and go;
// there must not be one more for each run.
func TestLeaks(t *testing.T) {
	everyEngine(t, func(t *testing.T, engine trace.Engine) {
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
		switch {
		case testing.Short():
			runs = 40
		case engine == trace.Notify: // which makes a thread and a listener for each
			runs = 1000
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

// await waits until a condition holds. It returns false if that takes too long.
func await(condition func() bool) bool {
	for end := deadline(); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

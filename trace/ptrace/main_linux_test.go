//go:build amd64 || arm64

package ptrace

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"testing"

	"deptrace/trace/event"
	"deptrace/trace/launch"
	"deptrace/trace/usertest"
	"deptrace/trace/watch"
	"deptrace/trace/watch/watchtest"
)

func TestMain(m *testing.M) {
	watchtest.Program()
	os.Exit(m.Run())
}

// TestAsUser runs the tests again as an ordinary user.
func TestAsUser(t *testing.T) { usertest.Run(t, "TestUnseenExec") }

// modes are the engine with a filter, and without.
var modes = []struct {
	name   string
	always bool
}{{"filtered", false}, {"every call", true}}

func everyMode(t *testing.T, f func(t *testing.T, always bool)) {
	for _, m := range modes {
		t.Run(m.name, func(t *testing.T) { f(t, m.always) })
	}
}

// shell is what runs a command line.
func shell(line string) watch.Config {
	return program("/bin/sh", "-c", line)
}

func program(path string, args ...string) watch.Config {
	return watch.Config{
		Command: launch.Command{Path: path, Args: append([]string{path}, args...), Env: os.Environ(), Files: [3]int{0, 1, 2}},
		Late:    watch.Wait, Begin: func() {}, Started: func(int) {},
	}
}

// run runs a command under an engine; sink is given it.
func run(c watch.Config, always bool, sink func(*engine) event.Sink) (r watch.Result, err error) {
	e := newEngine(c, always, nil)
	e.Teller = watch.NewTeller(sink(e), c.Seq)
	done := make(chan bool)
	go func() {
		defer close(done)
		runtime.LockOSThread()
		r, err = e.run(context.Background())
	}()
	<-done
	return r, err
}

// events are what was told: names, and reasons.
type events []string

func (s *events) Event(e *event.Event) event.Hold {
	text := e.Name.Path
	if e.Op == event.Incomplete {
		text = fmt.Sprint(e.Reason, ": ", e.Detail)
	}
	*s = append(*s, text)
	return nil
}

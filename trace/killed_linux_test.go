//go:build amd64 || arm64

package trace_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"deptrace/trace"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// TestTracerKilled: a tracer that is killed outright in the middle of a step takes the
// whole of it along under the engines that trace. Under Notify it takes the command;
// what goes on finds that the calls that are watched fail, those that it makes later
// as well as the one that waits for an answer, and that all others work.
func TestTracerKilled(t *testing.T) {
	for _, waits := range []bool{false, true} {
		t.Run(fmt.Sprintf("waiting in a call %v", waits), func(t *testing.T) {
			everyEngine(t, func(t *testing.T, engine trace.Engine) { tracerKilled(t, engine, waits) })
		})
	}
}

func tracerKilled(t *testing.T, engine trace.Engine, waits bool) {
	c := tracer(t, string(engine), "exec", "abandoned")
	// Reading from a pipe as standard input would be watched.
	waitsFor, goOn, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer goOn.Close()
	c.ExtraFiles = []*os.File{waitsFor}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	// The step's processes have it open as long as they live.
	c.Stdout, c.Stderr = w, w
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	waitsFor.Close()
	r.SetReadDeadline(deadline())
	said := bufio.NewReader(r)
	line, _ := said.ReadString('\n') // what is missing shows below
	var child, command int
	if _, err := fmt.Sscanf(line, "child %d of %d", &child, &command); err != nil {
		kill(c)
		t.Fatalf("the step says %q, %v", line, err)
	}

	if waits {
		// Nobody answers the child's call, which it is in when the tracer is killed.
		if err := c.Process.Signal(syscall.SIGSTOP); err != nil || !awaitState(c.Process.Pid, 'T') {
			t.Errorf("the tracer does not stop: %v", err)
		}
		goOn.Close()
		if !await(func() bool { return standsStill(child) }) {
			t.Errorf("the child does not come to a call that has to be answered")
		}
	}
	kill(c)
	goOn.Close()
	r.SetReadDeadline(deadline())
	rest, err := io.ReadAll(said)
	if err != nil {
		t.Errorf("the step lives on after its tracer: %v", err)
		unix.Kill(child, syscall.SIGKILL)
	}
	want := ""
	if engine == trace.Notify {
		want = `
			openat: Function not implemented
			all else: done`
	}
	if diff := cmp.Diff(lines(want), lines(string(rest))); diff != "" {
		t.Errorf("what the command's child says (-want +got):\n%s", diff)
	}
	if _, err := os.Stat(filepath.Join(c.Dir, "d/g")); err != nil {
		t.Errorf("a call that failed was made: %v", err)
	}
	for _, pid := range []int{command, child} {
		if !await(func() bool { p, ok := look(pid); return !ok || p.state == 'Z' || p.state == 'X' }) {
			t.Errorf("process %d of the step does not end", pid)
		}
	}
}

// kill kills a program outright and waits for its end.
func kill(c *exec.Cmd) {
	c.Process.Kill()
	c.Wait()
}

// standsStill reports whether a process waits for its tracer, or in an openat, where it
// would not wait by itself (proc(5), syscall).
func standsStill(pid int) bool {
	if p, _ := look(pid); p.state == 't' {
		return true
	}
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", pid))
	return strings.HasPrefix(string(b), fmt.Sprintf("%d ", unix.SYS_OPENAT))
}

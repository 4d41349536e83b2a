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
	goOn, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.SetReadDeadline(deadline()); err != nil {
		t.Fatal(err)
	}
	// The step's processes have it open as long as they live.
	c.Stdout, c.Stderr = w, w
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	said := bufio.NewReader(r)
	line, err := said.ReadString('\n')
	var child, command int
	if _, err := fmt.Sscanf(line, "child %d of %d", &child, &command); err != nil {
		kill(c)
		t.Fatalf("the step says %q, %v", line, err)
	}

	if waits {
		// Nobody answers the child's call, which it is in when the tracer is killed.
		tracers := c.Process.Pid
		if err := c.Process.Signal(syscall.SIGSTOP); err != nil || !awaitState(tracers, 'T') {
			t.Errorf("the tracer does not stop: %v", err)
		}
		goOn.Close()
		if !await(func() bool { return strings.HasPrefix(inCall(child), fmt.Sprintf("%d ", unix.SYS_OPENAT)) }) {
			t.Errorf("the child does not come to its call; it is in %q", inCall(child))
		}
	}
	kill(c)
	goOn.Close()
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
		if p, ok := look(pid); ok && p.state != 'Z' && p.state != 'X' {
			t.Errorf("process %d (%s) of the step is still there", pid, p.command)
		}
	}
}

// kill kills a program outright and waits for its end.
func kill(c *exec.Cmd) {
	c.Process.Kill()
	c.Wait()
}

// inCall is the call that a process waits in, its number first (proc(5), syscall).
func inCall(pid int) string {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", pid))
	return string(b)
}

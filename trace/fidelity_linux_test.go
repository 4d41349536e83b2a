//go:build amd64 || arm64

package trace_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"deptrace/trace"
	"deptrace/trace/event"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func TestExitStatus(t *testing.T) {
	everyEngine(t, func(t *testing.T, engine trace.Engine) {
		dir := fixture(t)
		for code := range 256 {
			if testing.Short() && code%16 != 0 {
				continue
			}
			s := &step{dir: dir, Command: trace.Command{
				Args: []string{victim(t), "exit", strconv.Itoa(code)}, Dir: dir, Engine: engine}}
			if _, result := s.run(t); result != (trace.Result{Engine: engine, Status: code}) {
				t.Errorf("got %+v, want status %d", result, code)
			}
		}
	})
}

func TestDeathBySignal(t *testing.T) {
	everyEngine(t, func(t *testing.T, engine trace.Engine) {
		for _, args := range [][]string{{"9"}, {"11"}, {"11", "really"}, {"15"}, {"1"}, {"2"}, {"3"}, {"6"}, {"13"}, {"34"}, {"64"}} {
			sig, _ := strconv.Atoi(args[0])
			r, result := victimStep(t, engine, append([]string{"die"}, args...)...).run(t)
			if want := (trace.Result{Engine: engine, Status: -1, Signal: syscall.Signal(sig)}); result != want {
				t.Errorf("got %+v, want %+v", result, want)
			}
			last := r.events[len(r.events)-1]
			if last.Op != event.Exit || last.Signal != sig || last.Status != -1 {
				t.Errorf("signal %d: the last event is %s", sig, r.line(&last))
			}
		}
	})
}

// tracer runs a victim under an engine in a process of its own, with a shell's line in
// front of it that ends in "exec".
func tracer(t *testing.T, engine, line string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command("/bin/bash", append([]string{"-c", line + ` "$@"`, "bash", self(t), victim(t)}, args...)...)
	c.Env = append(os.Environ(), roleVar+"=tracer", "DEPTRACE_TEST_ENGINE="+engine)
	c.Dir = fixture(t)
	c.Stderr = os.Stderr
	return c
}

// TestState: what a command finds out about itself is what it would find out without
// an engine: signals, limits, descriptors, rights, process group.
func TestState(t *testing.T) {
	blocked := func(sig syscall.Signal) string {
		return fmt.Sprintf("exec %s blocked %d", victim(t), sig)
	}
	for name, line := range map[string]string{
		"plain":            "exec",
		"limit of files":   "ulimit -Sn 256; exec",
		"hard limit":       "ulimit -n 300; exec",
		"nohup":            "trap '' HUP; exec",
		"ignored":          "trap '' HUP INT QUIT PIPE USR1 TERM CHLD TSTP URG; exec",
		"jobserver":        "exec 3<>fifo 7<>fifo; exec",
		"closed":           "exec <&- >&2; exec",
		"SIGUSR1 blocked":  blocked(syscall.SIGUSR1),
		"SIGCONT blocked":  blocked(syscall.SIGCONT),
		"SIGCHLD blocked":  blocked(syscall.SIGCHLD),
		"SIGTRAP blocked":  blocked(syscall.SIGTRAP),
		"SIGTRAP ignored":  "trap '' TRAP CONT; exec",
		"many descriptors": "exec 4<f 5>>f 6<>f 100</dev/null; exec",
	} {
		t.Run(name, func(t *testing.T) {
			print := func(engine string) string {
				c := tracer(t, engine, line, "state")
				if err := unix.Mkfifo(filepath.Join(c.Dir, "fifo"), 0o644); err != nil {
					t.Fatal(err)
				}
				var out strings.Builder
				c.Stdout = &out
				if name == "closed" {
					c.Stdout, c.Stderr = nil, &out
				}
				if err := c.Run(); err != nil {
					t.Errorf("%s: %v", engine, err)
				}
				return out.String()
			}
			want := print("none")
			if !strings.Contains(want, "SigIgn") {
				t.Fatalf("without an engine the victim prints %q", want)
			}
			for _, engine := range trace.Engines {
				if diff := cmp.Diff(lines(want), lines(print(string(engine)))); diff != "" {
					t.Errorf("%s (-without +with):\n%s", engine, diff)
				}
			}
		})
	}
}

// TestJobserver: make gives its children the jobserver's pipe at numbers that it tells
// them; descriptors that are closed on exec stay our own.
func TestJobserver(t *testing.T) {
	everyEngine(t, func(t *testing.T, engine trace.Engine) {
		var p [2]int
		if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
		at := []int{3, 7}
		for i, want := range at {
			// Low numbers are taken here; the numbers that are told are what matters.
			n, err := unix.FcntlInt(uintptr(p[i]), unix.F_DUPFD, want)
			if err != nil {
				t.Fatal(err)
			}
			defer unix.Close(n)
			at[i] = n
		}
		defer unix.Close(p[0])
		defer unix.Close(p[1])
		victimStep(t, engine, "jobserver", strconv.Itoa(at[0]), strconv.Itoa(at[1]), strconv.Itoa(p[0])).good(t)
	})
}

func TestArguments(t *testing.T) {
	everyEngine(t, func(t *testing.T, engine trace.Engine) {
		s := victimStep(t, engine, "args", "", "a b", "", "$x\n'\"\\", "\xff\xfe", "-", "--", strings.Repeat("x", 100<<10), "")
		s.Env = []string{"EMPTY=", "=", "A=1", "A=2", "LONG=" + strings.Repeat("y", 100<<10), "BYTES=\xff", "NOEQUALS"}
		want := "10\n4 [args]\n" // argv without the victim's own name
		for _, a := range s.Args[2:] {
			want += strconv.Itoa(len(a)) + " [" + a + "]\n"
		}
		for _, e := range s.Env {
			want += strconv.Itoa(len(e)) + " [" + e + "]\n"
		}
		if got, _, _ := s.output(t); got != want {
			t.Errorf("(-want +got):\n%s", cmp.Diff(lines(want), lines(got)))
		}
		// No environment is one, too; nil is this process's.
		s = victimStep(t, engine, "args")
		s.Env = []string{}
		if got, _, _ := s.output(t); got != "1\n4 [args]\n" {
			t.Errorf("empty environment: got %q", got)
		}
		t.Setenv("DEPTRACE_TEST_INHERITED", "yes")
		s = victimStep(t, engine, "args")
		if got, _, _ := s.output(t); !strings.Contains(got, "[DEPTRACE_TEST_INHERITED=yes]") {
			t.Errorf("this process's environment: got %q", got)
		}
	})
}

func TestStandardFiles(t *testing.T) {
	everyEngine(t, func(t *testing.T, engine trace.Engine) {
		s := victimStep(t, engine, "cat")
		f, err := os.Open(filepath.Join(s.dir, "f"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		s.Stdin = f
		if out, _, _ := s.output(t); out != "content\n" {
			t.Errorf("got %q through the standard input and output", out)
		}
	})
}

// TestKilled: if the tracer is killed outright, the step goes with it. Under Notify only
// the command does, and what else is left fails loudly.
func TestKilled(t *testing.T) {
	everyEngine(t, func(t *testing.T, engine trace.Engine) {
		c := tracer(t, string(engine), "exec", "bereaved")
		// The step's processes have the pipe open as long as they live.
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		c.Stdout = w
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		// Until the command has a child.
		if !await(func() bool {
			return slices.ContainsFunc(children(c.Process.Pid), func(pid int) bool { return len(children(pid)) > 0 })
		}) {
			t.Fatal("the command does not start")
		}
		c.Process.Kill()
		c.Wait()
		if err := r.SetReadDeadline(deadline()); err != nil {
			t.Fatal(err)
		}
		said, err := io.ReadAll(r)
		if err != nil {
			t.Errorf("the step lives on after its tracer: %v", err)
		}
		want := ""
		if engine == trace.Notify {
			want = "Function not implemented\n" // ENOSYS
		}
		if string(said) != want {
			t.Errorf("the command's child says %q, want %q", said, want)
		}
	})
}

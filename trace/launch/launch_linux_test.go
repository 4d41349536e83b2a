//go:build amd64 || arm64

package launch_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"deptrace/trace/launch"
	"deptrace/trace/syscalls"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// blocked gives a command a standard input that has nothing until the test ends.
func blocked(t *testing.T, c *launch.Command) {
	t.Helper()
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(p[0]); unix.Close(p[1]) })
	c.Files[0] = p[0]
}

// finish ends a command.
func finish(p *launch.Process) {
	p.Kill()
	p.Close()
}

// ofProcess returns what proc(5) has of a process, split at the NULs.
func ofProcess(t *testing.T, p *launch.Process, what string) []string {
	t.Helper()
	b, err := os.ReadFile("/proc/" + strconv.Itoa(p.PID) + "/" + what)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(b), "\x00"), "\x00")
}

// TestCommand: a command has the arguments, the environment and the directory that were
// asked for, byte for byte.
func TestCommand(t *testing.T) {
	everyWay(t, func(t *testing.T, c launch.Command) {
		args := []string{"other name", "-c", "read x", "", "a b", "\xff\n", strings.Repeat("x", 100<<10), ""}
		env := []string{"A=1", "A=2", "=", "NOEQUALS", "BYTES=\xff", "LONG=" + strings.Repeat("y", 100<<10)}
		dir, err := filepath.EvalSymlinks(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		c.Path, c.Args, c.Env, c.Dir = "/bin/sh", args, env, dir
		blocked(t, &c)
		p, err := begin(&c)
		if err != nil {
			t.Fatal(err)
		}
		defer finish(p)
		if diff := cmp.Diff(args, ofProcess(t, p, "cmdline")); diff != "" {
			t.Errorf("arguments (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(env, ofProcess(t, p, "environ")); diff != "" {
			t.Errorf("environment (-want +got):\n%s", diff)
		}
		if got, err := os.Readlink("/proc/" + strconv.Itoa(p.PID) + "/cwd"); got != dir {
			t.Errorf("directory: got %q, %v, want %q", got, err, dir)
		}
		// With the right to do it a filter takes away none of the step's rights.
		want := "0"
		if p.NoNewPrivs {
			want = "1"
		}
		if got := status(p.PID, "NoNewPrivs"); got != want || p.NoNewPrivs && (c.Filter == nil || os.Geteuid() == 0) {
			t.Errorf("NoNewPrivs: %v, and proc says %s", p.NoNewPrivs, got)
		}
		if (p.Listener >= 0) != c.Listen {
			t.Errorf("Listen: %v, and the listener is %d", c.Listen, p.Listener)
		}
	})
}

// TestDefaults: no directory and an empty environment.
func TestDefaults(t *testing.T) {
	everyWay(t, func(t *testing.T, c launch.Command) {
		c.Env = nil
		blocked(t, &c)
		p, err := begin(shell(c, "read x"))
		if err != nil {
			t.Fatal(err)
		}
		defer finish(p)
		if got := ofProcess(t, p, "environ"); !slices.Equal(got, []string{""}) {
			t.Errorf("environment: got %q, want none", got)
		}
		own, err := os.Readlink("/proc/self/cwd")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.Readlink("/proc/" + strconv.Itoa(p.PID) + "/cwd"); got != own {
			t.Errorf("directory: got %q, %v, want this process's, %q", got, err, own)
		}
	})
}

// TestScript: a file that the kernel does not know how to execute is the shell's, with
// its path for a name and its arguments behind that.
func TestScript(t *testing.T) {
	everyWay(t, func(t *testing.T, c launch.Command) {
		c.Path = filepath.Join(t.TempDir(), "script")
		if err := os.WriteFile(c.Path, []byte("read x\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"zero"}, {"zero", "one", "", "-two"}} {
			c.Args = args
			blocked(t, &c)
			p, err := begin(&c)
			if err != nil {
				t.Fatal(err)
			}
			want := append([]string{"/bin/sh", c.Path}, args[1:]...)
			if diff := cmp.Diff(want, ofProcess(t, p, "cmdline")); diff != "" {
				t.Errorf("arguments (-want +got):\n%s", diff)
			}
			finish(p)
		}
	})
}

// TestErrors: what keeps a command from being executed is told by the stage at which
// it failed; whether another way of watching might do better follows from that.
func TestErrors(t *testing.T) {
	dir := t.TempDir()
	file, script := filepath.Join(dir, "file"), filepath.Join(dir, "script")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(script, []byte("#!/no/such/interpreter\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	const commands, refused = false, true // whose fault it is
	for name, c := range map[string]struct {
		change func(c *launch.Command)
		want   launch.Error
		whose  bool
		only   func(c *launch.Command) bool
	}{
		"no program":       {func(c *launch.Command) { c.Path = filepath.Join(dir, "missing") }, launch.Error{Stage: launch.Executing, Errno: syscall.ENOENT}, commands, nil},
		"no interpreter":   {func(c *launch.Command) { c.Path = script }, launch.Error{Stage: launch.Executing, Errno: syscall.ENOENT}, commands, nil},
		"not executable":   {func(c *launch.Command) { c.Path = file }, launch.Error{Stage: launch.Executing, Errno: syscall.EACCES}, commands, nil},
		"a directory":      {func(c *launch.Command) { c.Path = dir }, launch.Error{Stage: launch.Executing, Errno: syscall.EACCES}, commands, nil},
		"empty path":       {func(c *launch.Command) { c.Path = "" }, launch.Error{Stage: launch.Executing, Errno: syscall.ENOENT}, commands, nil},
		"below a file":     {func(c *launch.Command) { c.Path = file + "/x" }, launch.Error{Stage: launch.Executing, Errno: syscall.ENOTDIR}, commands, nil},
		"too long":         {func(c *launch.Command) { c.Args = append(c.Args, strings.Repeat("x", 140<<10)) }, launch.Error{Stage: launch.Executing, Errno: syscall.E2BIG}, commands, nil},
		"NUL in the path":  {func(c *launch.Command) { c.Path = "a\x00b" }, launch.Error{Stage: launch.Executing, Errno: syscall.EINVAL}, commands, nil},
		"no arguments":     {func(c *launch.Command) { c.Args = nil }, launch.Error{Stage: launch.Executing, Errno: syscall.EINVAL}, commands, nil},
		"NUL in arguments": {func(c *launch.Command) { c.Args = []string{"a\x00b"} }, launch.Error{Stage: launch.Executing, Errno: syscall.EINVAL}, commands, nil},
		"NUL in a value":   {func(c *launch.Command) { c.Env = []string{"A=\x00"} }, launch.Error{Stage: launch.Executing, Errno: syscall.EINVAL}, commands, nil},
		"NUL in directory": {func(c *launch.Command) { c.Dir = "a\x00b" }, launch.Error{Stage: launch.Entering, Errno: syscall.EINVAL}, commands, nil},
		"no directory":     {func(c *launch.Command) { c.Dir = filepath.Join(dir, "missing") }, launch.Error{Stage: launch.Entering, Errno: syscall.ENOENT}, commands, nil},
		"a file to enter":  {func(c *launch.Command) { c.Dir = file }, launch.Error{Stage: launch.Entering, Errno: syscall.ENOTDIR}, commands, nil},
		// Of a missing directory and a missing program the first is told.
		"neither":       {func(c *launch.Command) { c.Dir, c.Path = filepath.Join(dir, "missing"), file }, launch.Error{Stage: launch.Entering, Errno: syscall.ENOENT}, commands, nil},
		"no descriptor": {func(c *launch.Command) { c.Files[1] = 1 << 20 }, launch.Error{Stage: launch.Placing, Errno: syscall.EBADF}, refused, nil},
		"a bad filter": {func(c *launch.Command) { c.Filter = []syscalls.Instruction{{Code: 0x20}} }, launch.Error{Stage: launch.Filtering, Errno: syscall.EINVAL}, refused,
			func(c *launch.Command) bool { return c.Filter != nil }},
	} {
		t.Run(name, func(t *testing.T) {
			everyWay(t, func(t *testing.T, command launch.Command) {
				if c.only != nil && !c.only(&command) {
					return
				}
				command.Path, command.Args = "/bin/true", []string{"true"}
				c.change(&command)
				p, err := begin(&command)
				if err == nil {
					finish(p)
				}
				var got *launch.Error
				if !errors.As(err, &got) || *got != c.want || !errors.Is(err, c.want.Errno) {
					t.Errorf("got %v, want %v", err, &c.want)
				} else if got.Refused() != c.whose {
					t.Errorf("%v: the way of watching is to blame: %v, want %v", err, got.Refused(), c.whose)
				}
			})
		})
	}
}

// TestHold: a process on hold does nothing until it is let go.
func TestHold(t *testing.T) {
	everyWay(t, func(t *testing.T, c launch.Command) {
		if !c.Hold {
			return
		}
		own, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		blocked(t, &c)
		p, err := launch.Start(shell(c, "read x"))
		if err != nil {
			t.Fatal(err)
		}
		defer finish(p)
		exe := "/proc/" + strconv.Itoa(p.PID) + "/exe"
		// It waits in the one call that it is let to make.
		if !await(func() bool { return strings.HasPrefix(status(p.PID, "State"), "S") }) {
			t.Errorf("it does not wait: %s", status(p.PID, "State"))
		}
		if got, err := os.Readlink(exe); got != own || status(p.PID, "Seccomp") != status(os.Getpid(), "Seccomp") {
			t.Errorf("it has done something already: runs %q, %v, filter %s", got, err, status(p.PID, "Seccomp"))
		}
		p.Go()
		if err := p.Ended(); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.Readlink(exe); got == own {
			t.Errorf("it runs %s, want the shell", got)
		}
		if filtered := status(p.PID, "Seccomp") == "2"; filtered != (c.Filter != nil) && status(os.Getpid(), "Seccomp") != "2" {
			t.Errorf("it is under a filter: %v, want %v", filtered, c.Filter != nil)
		}
	})
}

// TestThreadEnds: the command does not outlive the thread that has started it.
func TestThreadEnds(t *testing.T) {
	everyWay(t, func(t *testing.T, c launch.Command) {
		blocked(t, &c)
		var p *launch.Process
		var err error
		onThread(func() { p, err = begin(shell(c, "read x")) })
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		var ws syscall.WaitStatus
		if !await(func() bool { pid, _ := syscall.Wait4(p.PID, &ws, unix.WNOHANG|unix.WALL, nil); return pid == p.PID }) {
			p.Kill()
			t.Fatal("it lives on")
		}
		if !ws.Signaled() || ws.Signal() != syscall.SIGKILL {
			t.Errorf("it ended with %#x, want it killed", ws)
		}
	})
}

// onThread calls f on a thread that ends afterwards. That is the end of a goroutine that
// is locked to its thread, unless it is the first one of the process.
func onThread(f func()) {
	done := make(chan bool)
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if unix.Gettid() == os.Getpid() {
			defer runtime.UnlockOSThread()
			onThread(f)
			return
		}
		f()
	}()
	<-done
}

// TestNothingLeft: starting and killing a command, and failing to start one, leave neither
// descriptors nor processes.
func TestNothingLeft(t *testing.T) {
	descriptors := func() []string {
		names, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, n := range names {
			// That of the directory that is being read is gone by now.
			if to, err := os.Readlink("/proc/self/fd/" + n.Name()); err == nil {
				all = append(all, n.Name()+" "+to)
			}
		}
		return all
	}
	everyWay(t, func(t *testing.T, c launch.Command) {
		blocked(t, &c)
		before := descriptors()
		for i := range 200 {
			command := shell(c, "read x")
			switch i % 4 {
			case 0:
				p, err := launch.Start(command) // killed on hold, or at any time
				if err != nil {
					t.Fatal(err)
				}
				finish(p)
				continue
			case 1:
				command.Path = "/no/such/program"
			case 2:
				command.Dir = "/no/such/directory"
			}
			if p, err := begin(command); err == nil {
				finish(p)
			}
		}
		if diff := cmp.Diff(before, descriptors()); diff != "" {
			t.Errorf("descriptors (-before +after):\n%s", diff)
		}
		if pid, err := syscall.Wait4(-1, nil, unix.WNOHANG|unix.WALL, nil); err != syscall.ECHILD {
			t.Errorf("a child is left: %d, %v", pid, err)
		}
	})
}

// TestListened: a listener is there where there is one, and asking leaves none.
func TestListened(t *testing.T) {
	for range 3 {
		if launch.Listened() {
			t.Error("a listener stands above this process: do the tests run under deptrace?")
		}
	}
	everyWay(t, func(t *testing.T, c launch.Command) {
		var out [2]int
		if err := unix.Pipe2(out[:], unix.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
		role := asRole(t, "listened")
		c.Path, c.Args, c.Env, c.Files[1] = role.Path, role.Args, role.Env, out[1]
		p, err := begin(&c)
		unix.Close(out[1])
		said := os.NewFile(uintptr(out[0]), "pipe")
		defer said.Close()
		if err != nil {
			t.Fatal(err)
		}
		defer finish(p)
		b := make([]byte, 64)
		n, err := said.Read(b)
		if got, want := string(b[:n]), strconv.FormatBool(c.Listen)+"\n"; got != want {
			t.Errorf("Listened in the command: got %q, %v, want %q", got, err, want)
		}
	})
}

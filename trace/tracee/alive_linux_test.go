package tracee_test

import (
	"bufio"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"deptrace/trace/tracee"

	"golang.org/x/sys/unix"
)

// noProcess is a number that no process has: PID_MAX_LIMIT is 1<<22.
const noProcess = 1<<22 + 1

// started starts a command that ends with its standard input, when the test does.
func started(t *testing.T, c *exec.Cmd) *exec.Cmd {
	t.Helper()
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); c.Wait() })
	return c
}

// ready is a shell that has run a line and then waits.
func ready(t *testing.T, line string) (pid int) {
	t.Helper()
	c := exec.Command("/bin/sh", "-c", line+"; echo; read x")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c.Stdout = w
	started(t, c)
	w.Close()
	if _, err := bufio.NewReader(r).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return c.Process.Pid
}

func TestAlive(t *testing.T) {
	want := func(what string, tid int, want bool) {
		t.Helper()
		if got := tracee.Alive(tid); got != want {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	want("this process", os.Getpid(), true)
	want("no process", noProcess, false)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	want("this thread", unix.Gettid(), true)
	// A name that looks like what comes behind it.
	const comm = "/proc/thread-self/comm"
	old, err := os.ReadFile(comm)
	if err != nil {
		t.Fatal(err)
	}
	defer os.WriteFile(comm, old, 0o644)
	for _, name := range []string{"a) Z (b", ") Z 1 1", "x\n) X 1", "((("} {
		if err := os.WriteFile(comm, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
		want("a thread called "+name, unix.Gettid(), true)
	}

	pid := ready(t, ":")
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var ws syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &ws, unix.WUNTRACED, nil); err != nil || !ws.Stopped() {
		t.Fatalf("stop: %#x, %v", ws, err)
	}
	want("stopped", pid, true)
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}

	c := exec.Command("/bin/true")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	var info unix.Siginfo
	for {
		err := unix.Waitid(unix.P_PID, c.Process.Pid, &info, unix.WEXITED|unix.WNOWAIT, nil)
		if err == nil {
			break
		}
		if err != unix.EINTR {
			t.Fatal(err)
		}
	}
	want("ended and not waited for", c.Process.Pid, false)
	if tracee.StartedBefore(c.Process.Pid, time.Now().Add(-time.Hour)) {
		t.Error("ended and not waited for: started an hour ago, too")
	}
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	want("ended", c.Process.Pid, false)
}

// TestStartedBefore: the kernel tells start times in ticks of 10 ms, so nothing closer than
// that is wanted.
func TestStartedBefore(t *testing.T) {
	before := time.Now().Add(-2 * 10 * time.Millisecond)
	pid := ready(t, ":")
	for _, c := range []struct {
		what string
		pid  int
		t    time.Time
		want bool
	}{
		{"now", pid, time.Now(), true},
		{"when it had not been started", pid, before, false},
		{"an hour ago", pid, time.Now().Add(-time.Hour), false},
		{"in an hour", pid, time.Now().Add(time.Hour), true},
		{"this process, now", os.Getpid(), time.Now(), true},
		{"this process, 10 years ago", os.Getpid(), time.Now().AddDate(-10, 0, 0), false},
		{"no process", noProcess, time.Now(), false},
	} {
		if got := tracee.StartedBefore(c.pid, c.t); got != c.want {
			t.Errorf("%s: got %v, want %v", c.what, got, c.want)
		}
	}
}

func TestHandles(t *testing.T) {
	pid := ready(t, "trap '' HUP; trap : TERM USR1")
	for sig, want := range map[syscall.Signal]bool{
		syscall.SIGHUP: true, syscall.SIGTERM: true, syscall.SIGUSR1: true,
		syscall.SIGUSR2: false, syscall.SIGALRM: false, syscall.SIGKILL: false, 64: false,
	} {
		if got := tracee.Handles(pid, sig); got != want {
			t.Errorf("%v in the shell: got %v, want %v", sig, got, want)
		}
	}
	if tracee.Handles(noProcess, syscall.SIGTERM) {
		t.Error("no process handles a signal")
	}
	// Blocked, the first and the last that there is.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var old unix.Sigset_t
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP, syscall.SIGHUP, 33, 64} {
		var set unix.Sigset_t
		set.Val[(sig-1)/64] |= 1 << ((sig - 1) % 64)
		if err := unix.PthreadSigmask(unix.SIG_SETMASK, &set, &old); err != nil {
			t.Fatal(err)
		}
		got := tracee.Handles(unix.Gettid(), sig)
		if err := unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil); err != nil {
			t.Fatal(err)
		}
		if want := sig != syscall.SIGKILL && sig != syscall.SIGSTOP; got != want {
			t.Errorf("signal %d blocked: got %v, want %v", sig, got, want)
		}
	}
}

func TestCapable(t *testing.T) {
	// What the kernel says of this thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		t.Fatal(err)
	}
	for capability := 0; capability <= unix.CAP_LAST_CAP; capability++ {
		want := data[capability/32].Effective&(1<<(capability%32)) != 0
		if got := tracee.Capable(unix.Gettid(), capability); got != want {
			t.Errorf("capability %d: got %v, want %v", capability, got, want)
		}
	}
	if !tracee.Capable(noProcess, unix.CAP_CHOWN) {
		t.Error("what cannot be seen is said not to be")
	}
	if os.Geteuid() != 0 {
		return // only root can start a process that has others
	}
	c := exec.Command("/bin/cat")
	c.SysProcAttr = &syscall.SysProcAttr{
		Credential:  &syscall.Credential{Uid: 65534, Gid: 65534},
		AmbientCaps: []uintptr{unix.CAP_SYS_CHROOT},
	}
	started(t, c)
	for capability, want := range map[int]bool{unix.CAP_SYS_CHROOT: true, unix.CAP_SYS_ADMIN: false, unix.CAP_CHOWN: false} {
		if got := tracee.Capable(c.Process.Pid, capability); got != want {
			t.Errorf("capability %d of an ordinary user's process: got %v, want %v", capability, got, want)
		}
	}
}

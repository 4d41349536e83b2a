//go:build amd64 || arm64

package launch_test

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"deptrace/trace/launch"
	"deptrace/trace/syscalls"
)

// The test binary is also the programs that the tests need, which have to have a state
// of their own: see roles.
const roleVar = "DEPTRACE_TEST_ROLE"

var roles = map[string]func(){
	"limits":   limitsRole,
	"files":    filesRole,
	"listened": func() { fmt.Println(launch.Listened()) },
}

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVar); role != "" {
		os.Unsetenv(roleVar)
		roles[role]()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// asRole is the test binary in a role.
func asRole(t *testing.T, role string, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe, args...)
	c.Env = append(os.Environ(), roleVar+"="+role)
	return c
}

// allow is a filter that lets everything happen.
var allow = []syscalls.Instruction{{Code: 0x06, K: syscalls.RetAllow}} // BPF_RET|BPF_K

// ways are the ways in which the engines start a command, and none of them.
var ways = []struct {
	name   string
	filter []syscalls.Instruction
	listen bool
	hold   bool
}{
	{"plain", nil, false, false},
	{"on hold", nil, false, true},       // ptrace-slow
	{"filtered", allow, false, true},    // ptrace
	{"listened to", allow, true, false}, // notify
}

// everyWay runs a test for each way to start a command. make fills in the rest.
func everyWay(t *testing.T, f func(t *testing.T, c launch.Command)) {
	t.Helper()
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			// A command lives as long as the thread that has started it.
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			f(t, launch.Command{Files: [3]int{0, 1, 2}, Env: os.Environ(), Filter: w.filter, Listen: w.listen, Hold: w.hold})
		})
	}
}

// begin starts a command and waits until it is executed, or cannot be.
func begin(c *launch.Command) (*launch.Process, error) {
	p, err := launch.Start(c)
	if err != nil {
		return nil, err
	}
	if c.Hold {
		p.Go()
	}
	if err := p.Ended(); err != nil {
		p.Kill()
		p.Close()
		return nil, err
	}
	return p, nil
}

// shell is a command line that is given to the shell.
func shell(c launch.Command, line string, args ...string) *launch.Command {
	c.Path, c.Args = "/bin/sh", append([]string{"sh", "-c", line}, args...)
	return &c
}

// await waits until a condition holds. It returns false if that takes too long.
func await(condition func() bool) bool {
	for end := time.Now().Add(30 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// status returns a line of /proc/PID/status.
func status(pid int, key string) string {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut("\n"+string(b), "\n"+key+":")
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(line)
}

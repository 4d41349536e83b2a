//go:build amd64 || arm64

package trace_test

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// The test binary is also what some tests need as a program: see [roles]. A role is
// chosen by an environment variable, for its arguments are the role's own.
const roleVar = "DEPTRACE_TEST_ROLE"

// victimVar is where the compiled victim is, if it has been compiled already by the
// test process that started this one.
const victimVar = "DEPTRACE_TEST_VICTIM"

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVar); role != "" {
		os.Unsetenv(roleVar)
		roles[role]()
		os.Exit(0)
	}
	// Whoever runs the tests may have anything here.
	os.Setenv("PATH", "/usr/local/bin:/usr/bin:/bin")
	heed()
	code := m.Run()
	if built != "" {
		os.RemoveAll(built)
	}
	os.Exit(code)
}

// heed has signals that were ignored when the tests were started (nohup, or in the
// background of a script) do again what they do: the commands of the tests would inherit that.
func heed() {
	for _, sig := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT} {
		if signal.Ignored(sig) {
			signal.Notify(make(chan os.Signal, 1), sig)
		}
	}
}

// roles are the programs that the test binary can be.
var roles = map[string]func(){
	"tracer": tracerRole,
	"opener": openerRole,
}

var built string // the directory of the compiled victim

var compile = sync.OnceValues(func() (string, error) {
	if v := os.Getenv(victimVar); v != "" {
		return v, nil
	}
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		return "", fmt.Errorf("the tests need gcc: %w", err)
	}
	sources, err := filepath.Glob("testdata/victim/*.c")
	if err != nil {
		return "", err
	}
	if built, err = os.MkdirTemp("", "deptrace-victim"); err != nil {
		return "", err
	}
	// An ordinary user runs it, too.
	if err := os.Chmod(built, 0o755); err != nil {
		return "", err
	}
	out := filepath.Join(built, "victim")
	args := append([]string{"-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", out}, sources...)
	if b, err := exec.Command(gcc, args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile the victim: %w\n%s", err, b)
	}
	return filepath.EvalSymlinks(out)
})

// victim returns the path of the compiled victim (testdata/victim).
func victim(t testing.TB) string {
	t.Helper()
	v, err := compile()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// self is the test binary, to be run in a role.
func self(t testing.TB) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

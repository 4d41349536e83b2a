//go:build amd64 || arm64

package trace_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// nobody is a user without privileges.
const nobody = 65534

// TestAsUser runs all the tests of this package again as an ordinary user, for whom
// much in the kernel is different: ptrace(2) and proc(5) ask for rights, a filter
// needs no_new_privs.
func TestAsUser(t *testing.T) {
	if os.Geteuid() != 0 {
		return // the tests run as one already
	}
	dir, err := os.MkdirTemp("", "deptrace-user")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	copyTo := func(name, from string) string {
		to := filepath.Join(dir, name)
		in, err := os.Open(from)
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE, 0o755)
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		if _, err := io.Copy(out, in); err != nil {
			t.Fatal(err)
		}
		return to
	}
	// Short: how often something is done does not depend on the user.
	c := exec.Command(copyTo("trace.test", self(t)), "-test.v", "-test.count=1", "-test.short")
	c.Dir = dir
	c.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "LC_ALL=C",
		victimVar + "=" + copyTo("victim", victim(t)), againVar + "=yes",
	}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	passes(t, c)
}

// againVar is set where the tests are run by one of them.
const againVar = "DEPTRACE_TEST_AGAIN"

// TestOnOneProcessor runs the tests again on one processor and with one P, where
// nobody does anything while somebody waits in the wrong way. Left out are those that
// would only be the same again.
func TestOnOneProcessor(t *testing.T) {
	if os.Getenv(againVar) != "" {
		return
	}
	c := exec.Command("taskset", "-c", "0", self(t), "-test.v", "-test.count=1", "-test.short",
		"-test.skip=^(TestAsUser|TestState|TestExec|TestStdin|TestInterrupt|Example.*)$|TestSeed/(system calls decoded|open flags|two-path calls|path resolution|reading strings)")
	c.Env = append(os.Environ(), victimVar+"="+victim(t), againVar+"=yes", "GOMAXPROCS=1")
	passes(t, c)
}

// passes wants a run of the tests to pass.
func passes(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if d, ok := t.Deadline(); ok { // let it say itself where it hangs
		c.Args = append(c.Args, "-test.timeout="+(time.Until(d)*9/10).String())
	}
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Run(); err != nil {
		t.Errorf("%v\n%s", err, failures(out.String()))
	} else if !strings.Contains(out.String(), "\nPASS\n") {
		t.Errorf("the tests do not say PASS:\n%s", &out)
	}
}

// failures returns what a test binary's output says about the tests that failed. What
// a test logs stands behind its "=== RUN" line and before the next one.
func failures(out string) string {
	var b strings.Builder
	var block []string
	flush := func() {
		if len(block) > 1 {
			b.WriteString(strings.Join(block, "\n") + "\n")
		}
		block = nil
	}
	for _, l := range strings.Split(out, "\n") {
		trimmed := strings.TrimLeft(l, " ")
		switch {
		case strings.HasPrefix(l, "=== RUN"):
			flush()
			block = []string{l}
		case strings.HasPrefix(l, "=== "), strings.HasPrefix(trimmed, "--- PASS"), strings.HasPrefix(trimmed, "--- SKIP"):
		case strings.HasPrefix(trimmed, "--- FAIL"):
			flush()
			b.WriteString(l + "\n")
		default:
			block = append(block, l)
		}
	}
	flush()
	return b.String()
}

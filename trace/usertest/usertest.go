// Package usertest runs the tests of a package that were started by root again as an ordinary
// user, for whom much in the kernel is different.
package usertest

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

// Nobody is the number of a user, and of a group, without privileges.
const Nobody = 65534

// Run runs all tests of the package that calls it again as Nobody, if root runs them now.
// Those that are named must have run, and passed.
func Run(t *testing.T, tests ...string) {
	t.Helper()
	if os.Geteuid() == 0 { // or the tests run as one already
		Passes(t, Command(t), tests...)
	}
}

// Command is a run of the tests as Nobody in a directory of the user's own, to which the test
// binary is copied: where it is only root may enter. How often something is done does not
// depend on the user, so the tests are short.
func Command(t *testing.T) *exec.Cmd {
	t.Helper()
	dir, err := os.MkdirTemp("", "deptrace-user") // t.TempDir is below one that only root enters
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chown(dir, Nobody, Nobody); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(Copy(t, dir, self), "-test.v", "-test.count=1", "-test.short")
	c.Dir = dir
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "LC_ALL=C"}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: Nobody, Gid: Nobody}}
	return c
}

// Copy copies a program to a directory and returns its path there.
func Copy(t *testing.T, dir, program string) string {
	t.Helper()
	in, err := os.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	to := filepath.Join(dir, filepath.Base(program))
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

// Passes wants a run of the tests with -test.v to pass, and those that are named to be among
// them.
func Passes(t *testing.T, c *exec.Cmd, tests ...string) {
	t.Helper()
	if d, ok := t.Deadline(); ok { // let it say itself where it hangs
		c.Args = append(c.Args, "-test.timeout="+(time.Until(d)*9/10).String())
	}
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Run(); err != nil {
		t.Errorf("%v\n%s", err, failures(out.String()))
		return
	}
	for _, line := range append(tests, "PASS") {
		if line != "PASS" {
			line = "--- PASS: " + line + " ("
		}
		if !strings.Contains(out.String(), "\n"+line) {
			t.Errorf("the tests do not say %q:\n%s", line, &out)
		}
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

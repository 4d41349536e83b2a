//go:build amd64 || arm64

package trace_test

import (
	"os"
	"os/exec"
	"testing"

	"deptrace/trace/usertest"
)

// TestAsUser runs all the tests of this package again as an ordinary user, for whom
// much in the kernel is different: ptrace(2) and proc(5) ask for rights, a filter
// needs no_new_privs.
func TestAsUser(t *testing.T) {
	if os.Geteuid() != 0 {
		return // the tests run as one already
	}
	c := usertest.Command(t)
	c.Env = append(c.Env, victimVar+"="+usertest.Copy(t, c.Dir, victim(t)), againVar+"=yes")
	usertest.Passes(t, c, "TestIncomplete")
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
	usertest.Passes(t, c, "TestIncomplete")
}

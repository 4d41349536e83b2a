package result

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestAsUser runs all tests of this package again as an ordinary user.
func TestAsUser(t *testing.T) {
	if os.Geteuid() != 0 {
		return // the tests run as one already
	}
	const nobody = 65534
	dir, err := os.MkdirTemp("", "deptrace-user")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chown(dir, nobody, nobody))
	data, err := os.ReadFile("/proc/self/exe")
	must(t, err)
	must(t, os.WriteFile(dir+"/result.test", data, 0o755))
	c := exec.Command(dir+"/result.test", "-test.v", "-test.count=1")
	c.Dir = dir
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir}
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestUntimed") {
		t.Errorf("%v:\n%s", err, out)
	}
}

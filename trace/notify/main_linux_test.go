//go:build amd64 || arm64

package notify

import (
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"deptrace/trace/watch/watchtest"
)

// roleVar has the test binary be a program that asks for the way to addresses.
const roleVar = "DEPTRACE_TEST_ROUTES"

func TestMain(m *testing.M) {
	if addrs := os.Getenv(roleVar); addrs != "" {
		for _, a := range strings.Fields(addrs) {
			fmt.Println(int(route(netip.MustParseAddrPort(a))))
		}
		os.Exit(0)
	}
	watchtest.Program()
	os.Exit(m.Run())
}

// alone is what route says of addresses to a process in a network of its own, where the
// interfaces are down.
func alone(t *testing.T, addrs ...string) []string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Env = append(os.Environ(), roleVar+"="+strings.Join(addrs, " "))
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if os.Geteuid() != 0 { // who may have one as root of his own
		c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
	}
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

// Package remotetest starts the real server that the tests of a remote cache talk to.
package remotetest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Start starts a server with additional arguments and returns its address without the
// scheme, and how to kill it. The server ends with the test.
func Start(t testing.TB, args ...string) (host string, kill func()) {
	t.Helper()
	program, err := exec.LookPath("bazel-remote")
	if err != nil {
		t.Fatal("bazel-remote is missing: run make tools")
	}
	c := exec.Command(program, append([]string{
		"--dir", t.TempDir(), "--max_size", "1", "--http_address", "127.0.0.1:0", "--grpc_address", "none", "--access_log_level", "none",
	}, args...)...)
	c.Env = []string{"PATH=/nowhere"}
	log, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		c.Process.Kill()
		c.Wait()
	})
	t.Cleanup(kill)
	// It says so when it listens, but not where.
	var said bytes.Buffer
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "Starting HTTP") {
			go io.Copy(io.Discard, log)
			return listening(t, c.Process.Pid), kill
		}
	}
	t.Fatalf("bazel-remote does not start:\n%s", &said)
	return "", nil
}

// listening finds the one address that a process listens on.
func listening(t testing.TB, pid int) string {
	t.Helper()
	fds, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil {
		t.Fatal(err)
	}
	sockets := make(map[string]bool)
	for _, fd := range fds {
		if target, err := os.Readlink(fd); err == nil {
			sockets[strings.TrimSuffix(strings.TrimPrefix(target, "socket:["), "]")] = true
		}
	}
	table, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		const local, state, inode, listens = 1, 3, 9, "0A" // proc_net_tcp(5)
		words := strings.Fields(line)
		if len(words) <= inode || words[state] != listens || !sockets[words[inode]] {
			continue
		}
		_, port, _ := strings.Cut(words[local], ":")
		n, err := strconv.ParseUint(port, 16, 16)
		if err != nil {
			t.Fatal(err)
		}
		return "127.0.0.1:" + strconv.FormatUint(n, 10)
	}
	t.Fatalf("process %d does not listen:\n%s", pid, table)
	return ""
}

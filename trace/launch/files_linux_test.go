//go:build amd64 || arm64

package launch_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"deptrace/trace/launch"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// ended waits until a command has ended, or stopped if that is waited for, too.
func ended(p *launch.Process, flags int) (ws syscall.WaitStatus) {
	for {
		if _, err := syscall.Wait4(p.PID, &ws, unix.WALL|flags, nil); err != syscall.EINTR {
			return ws
		}
	}
}

// TestLimit: package syscall raises the limit of open descriptors before main runs; a
// command sees the one that this process was started with.
func TestLimit(t *testing.T) {
	for _, c := range []struct{ name, line, arg, want string }{
		{"raised", "ulimit -Sn 100; ulimit -Hn 400", "", "100 400"},
		{"nothing to raise", "ulimit -n 300", "", "300 300"},
		{"just below", "ulimit -Sn 399; ulimit -Hn 400", "", "399 400"},
		// What this process has set itself is meant for the command, too.
		{"set since", "ulimit -Sn 100; ulimit -Hn 400", "200", "200 400"},
	} {
		t.Run(c.name, func(t *testing.T) {
			role := asRole(t, "limits", c.arg)
			cmd := exec.Command("/bin/sh", append([]string{"-c", c.line + `; exec "$@"`, "sh", role.Path}, role.Args[1:]...)...)
			cmd.Env = role.Env
			out, err := cmd.CombinedOutput()
			if want := strings.Repeat(c.want+"\n", len(ways)); err != nil || string(out) != want {
				t.Errorf("got %q, %v, want %q", out, err, want)
			}
		})
	}
}

// limitsRole sets its limit to an argument that is not empty, and runs commands that
// print theirs.
func limitsRole() {
	if soft := os.Args[1]; soft != "" {
		var l syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
			panic(err)
		}
		if _, err := fmt.Sscan(soft, &l.Cur); err != nil {
			panic(err)
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
			panic(err)
		}
	}
	runtime.LockOSThread()
	for _, w := range ways {
		c := launch.Command{Env: os.Environ(), Files: [3]int{0, 1, 2}, Filter: w.filter, Listen: w.listen, Hold: w.hold}
		p, err := begin(shell(c, "echo $(ulimit -Sn) $(ulimit -Hn)"))
		if err != nil {
			panic(err)
		}
		ended(p, 0)
		p.Close()
	}
}

// few are descriptors that a command's first three are made from, in every order: those
// that are written over, and others.
var few = []int{0, 1, 2, 5}

// TestFiles: whatever is asked for as the first three descriptors, a command has it, and
// has of the others those that are not close-on-exec. Nothing changes here.
func TestFiles(t *testing.T) {
	for _, closing := range []string{"", "0 1 2 5"} {
		t.Run("close on exec "+closing, func(t *testing.T) {
			dir, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			role := asRole(t, "files", append([]string{dir}, strings.Fields(closing)...)...)
			open := func(n int) *os.File {
				f, err := os.Create(filepath.Join(dir, fmt.Sprint(n)))
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { f.Close() })
				return f
			}
			role.Stdin, role.Stdout, role.Stderr = open(0), open(1), open(2)
			for n := 3; n < some; n++ {
				role.ExtraFiles = append(role.ExtraFiles, open(n))
			}
			if err := role.Run(); err != nil {
				b, _ := os.ReadFile(filepath.Join(dir, "2"))
				t.Fatalf("%v\n%s", err, b)
			}
			got, err := os.ReadFile(filepath.Join(dir, "report"))
			if err != nil {
				t.Fatal(err)
			}
			var want strings.Builder
			for range ways {
				for _, files := range triples() {
					fmt.Fprintln(&want, files)
					for to, from := range files {
						fmt.Fprintln(&want, to, from)
					}
					for n := 3; n < some; n++ {
						if !slices.Contains(strings.Fields(closing), fmt.Sprint(n)) {
							fmt.Fprintln(&want, n, n)
						}
					}
				}
			}
			if diff := cmp.Diff(want.String(), string(got)); diff != "" {
				t.Errorf("descriptors that a command has, and the file of each (-want +got):\n%s", diff)
			}
		})
	}
}

// some is how many descriptors are looked at. Whoever runs the tests may have others.
const some = 8

// triples are all that can be asked for.
func triples() (all [][3]int) {
	for _, a := range few {
		for _, b := range few {
			for _, c := range few {
				all = append(all, [3]int{a, b, c})
			}
		}
	}
	return all
}

// filesRole has descriptors 0 to 7 open as files of these names in a directory. It runs a
// command in every way with every triple, and has the command say what it has.
func filesRole() {
	dir := os.Args[1]
	for _, arg := range os.Args[2:] {
		var fd int
		if _, err := fmt.Sscan(arg, &fd); err != nil {
			panic(err)
		}
		unix.CloseOnExec(fd)
	}
	own := func() (all string) {
		for fd := range some {
			flags, _ := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
			all += fmt.Sprintln(opened("self", fd), flags)
		}
		return all
	}
	before := own()
	report, err := os.OpenFile(filepath.Join(dir, "report"), os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		panic(err)
	}
	runtime.LockOSThread()
	for _, w := range ways {
		for _, files := range triples() {
			c := launch.Command{Env: os.Environ(), Files: files, Filter: w.filter, Listen: w.listen, Hold: w.hold}
			p, err := begin(shell(c, "kill -STOP $$"))
			if err != nil {
				panic(err)
			}
			// By then the dynamic linker has closed what it opens.
			if ws := ended(p, unix.WUNTRACED); !ws.Stopped() {
				panic(fmt.Sprintf("the command ended with %#x", ws))
			}
			fmt.Fprintln(report, files)
			for fd := range some {
				if name := opened(fmt.Sprint(p.PID), fd); name != "" {
					fmt.Fprintln(report, fd, name)
				}
			}
			finish(p)
		}
	}
	if after := own(); after != before {
		panic("own descriptors have changed:\n" + before + "\n" + after)
	}
}

// opened is the name of the file that a process has open as a descriptor.
func opened(pid string, fd int) string {
	to, err := os.Readlink(fmt.Sprintf("/proc/%s/fd/%d", pid, fd))
	if err != nil {
		return ""
	}
	return filepath.Base(to)
}

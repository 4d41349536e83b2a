//go:build amd64 || arm64

package trace_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"deptrace/trace"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal with somebody who types and reads.
type terminal struct {
	t      *testing.T
	master *os.File
	mu     sync.Mutex
	came   *sync.Cond
	screen string // what came since the last expectation
	all    string
	closed bool
}

// openTerminal returns a terminal and the file that a program has it as.
func openTerminal(t *testing.T) (*terminal, *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	control, err := master.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var slave *os.File
	control.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err != nil {
			return
		}
		var n int
		if n, err = unix.IoctlGetInt(int(fd), unix.TIOCGPTN); err != nil {
			return
		}
		slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	})
	if err != nil {
		t.Fatalf("open a terminal: %v", err)
	}
	tty := &terminal{t: t, master: master}
	tty.came = sync.NewCond(&tty.mu)
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := master.Read(b)
			tty.mu.Lock()
			tty.screen += string(b[:n])
			tty.all += string(b[:n])
			tty.closed = err != nil // EIO: nobody has the terminal any more
			tty.came.Broadcast()
			tty.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return tty, slave
}

func (tty *terminal) typed(s string) {
	tty.t.Helper()
	if _, err := tty.master.WriteString(s); err != nil {
		tty.t.Fatalf("type %q: %v", s, err)
	}
}

// expect waits until the text is on the screen and returns what came before it.
func (tty *terminal) expect(text string) string {
	tty.t.Helper()
	late := false
	timer := time.AfterFunc(limit, func() {
		tty.mu.Lock()
		late = true
		tty.came.Broadcast()
		tty.mu.Unlock()
	})
	defer timer.Stop()
	tty.mu.Lock()
	defer tty.mu.Unlock()
	for {
		if before, after, ok := strings.Cut(tty.screen, text); ok {
			tty.screen = after
			return before
		}
		if late || tty.closed {
			tty.t.Fatalf("%q does not come; all that came:\n%s", text, tty.all)
		}
		tty.came.Wait()
	}
}

// jobControl runs an interactive shell on a terminal, under an engine of its own
// process, as a user would.
func jobControl(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatalf("the tests need bash: %v", err)
	}
	// First without an engine: what is expected is what happens.
	for _, engine := range []string{"none", string(trace.Notify), string(trace.Ptrace), string(trace.PtraceSlow)} {
		t.Run(engine, func(t *testing.T) {
			tty, slave := openTerminal(t)
			c := exec.Command(self(t), bash, "--norc", "--noprofile", "-i")
			c.Dir = fixture(t)
			c.Env = append(os.Environ(), roleVar+"=tracer", "DEPTRACE_TEST_ENGINE="+engine,
				"PS1=@@ ", "PS2=", "TERM=dumb", "HOME="+c.Dir, "HISTFILE=", "INPUTRC=/dev/null", "LC_ALL=C")
			c.Stdin, c.Stdout, c.Stderr = slave, slave, slave
			c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			slave.Close()
			defer c.Process.Kill()
			tty.expect("@@ ")
			tty.typed("bind 'set enable-bracketed-paste off'; stty -echo; echo quiet\n")
			tty.expect("quiet\r\n@@ ")

			// command types a line and returns what it prints.
			command := func(line string) string {
				tty.typed(line + "\n")
				return strings.ReplaceAll(tty.expect("@@ "), "\r\n", "\n")
			}
			want := func(line, want string) {
				t.Helper()
				if got := command(line); got != want {
					t.Errorf("%s: got %q, want %q", line, got, want)
				}
			}
			for range 20 {
				want("/bin/true; echo $?", "0\n")
			}
			want("/bin/sh -c 'exit 7' | cat; echo ${PIPESTATUS[*]}", "7 0\n")

			// A foreground job is stopped, goes on behind, which its reading of the
			// terminal stops, and is fetched back.
			tty.typed("cat\n")
			tty.typed("hello\n")
			tty.expect("hello\r\n")
			tty.typed("\x1a") // Ctrl-Z
			tty.expect("Stopped")
			tty.expect("@@ ")
			want("echo $?", "148\n") // 128+SIGTSTP
			tty.typed("bg\n")
			tty.expect("cat &")
			tty.expect("@@ ")
			// Bash tells of the stop when it next looks; wait(1) looks.
			for end := time.Now().Add(limit); !strings.Contains(command("jobs"), "Stopped"); {
				if time.Now().After(end) {
					t.Fatalf("the job that reads from behind is not stopped:\n%s", tty.all)
				}
			}
			tty.typed("fg\n")
			tty.expect("cat\r\n")
			tty.typed("again\n")
			tty.expect("again\r\n")
			tty.typed("\x03") // Ctrl-C
			tty.expect("@@ ")
			want("echo $?", "130\n")
			want("jobs", "")

			// A job that sleeps is stopped and continued from outside.
			tty.typed("sleep 1000 &\n")
			tty.expect("@@ ")
			command("kill -STOP %1")
			for end := time.Now().Add(limit); !strings.Contains(command("jobs %1"), "Stopped"); {
				if time.Now().After(end) {
					t.Fatalf("SIGSTOP does not arrive:\n%s", tty.all)
				}
			}
			command("kill -CONT %1")
			for end := time.Now().Add(limit); !strings.Contains(command("jobs %1"), "Running"); {
				if time.Now().After(end) {
					t.Fatalf("SIGCONT does not arrive:\n%s", tty.all)
				}
			}
			command("kill %1; wait %1")
			tty.typed("exit 5\n")
			err := c.Wait()
			if code := c.ProcessState.ExitCode(); code != 5 {
				t.Errorf("the shell ended with %v, want status 5; all that came:\n%s", err, tty.all)
			}
			if strings.Contains(tty.all, "incomplete") {
				t.Errorf("not all was watched:\n%s", tty.all)
			}
		})
	}
}

// TestInterrupt: Ctrl-C reaches deptrace as well as the command, which gets it once.
func TestInterrupt(t *testing.T) {
	for _, engine := range []string{"none", string(trace.Notify), string(trace.Ptrace), string(trace.PtraceSlow)} {
		// onTerminal runs a victim in the foreground of a terminal.
		onTerminal := func(t *testing.T, args ...string) (*terminal, *exec.Cmd) {
			tty, slave := openTerminal(t)
			c := tracer(t, engine, "exec", args...)
			c.Stdin, c.Stdout, c.Stderr = slave, slave, slave
			c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			slave.Close()
			t.Cleanup(func() { c.Process.Kill(); c.Wait() })
			return tty, c
		}
		t.Run(engine, func(t *testing.T) {
			t.Run("caught", func(t *testing.T) {
				tty, c := onTerminal(t, "interrupts")
				tty.expect("ready\r\n")
				tty.typed("\x03")
				tty.expect("SIGINT: 1\r\n")
				if err := c.Wait(); err != nil {
					t.Errorf("the command ended with %v, want status 0", err)
				}
			})
			t.Run("not caught", func(t *testing.T) {
				tty, c := onTerminal(t, "waits")
				tty.expect("ready\r\n")
				tty.typed("\x03")
				c.Wait()
				ws := c.ProcessState.Sys().(syscall.WaitStatus)
				if ws.ExitStatus() != 128+int(syscall.SIGINT) && ws.Signal() != syscall.SIGINT {
					t.Errorf("the command ended with %v, want it interrupted", c.ProcessState)
				}
			})
		})
	}
}

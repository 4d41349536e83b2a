package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// What a command prints under cached.
func TestCachedStreams(t *testing.T) {
	built := newTree(t)
	for name, test := range map[string]func(*tree){
		"terminal":    onTerminal,
		"order":       keepsOrder,
		"straggler":   leavesOneBehind,
		"reader gone": readerGone,
		"much":        printsMuch,
		"answers":     asksAgain,
		"interrupted": canBeInterrupted,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(built.withCache(t))
		})
	}
}

// onTerminal runs a command with a terminal as its output, and returns what appears there.
func (tr *tree) onTerminal(args ...string) string {
	tr.t.Helper()
	master, slave, err := newTerminal(-1)
	if err != nil {
		tr.t.Fatal(err)
	}
	defer master.Close()
	if err := unix.IoctlSetWinsize(int(master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 17, Col: 71}); err != nil {
		tr.t.Fatal(err)
	}
	cmd := exec.Command(tr.look(args[0]), args[1:]...)
	cmd.Dir, cmd.Env = tr.dir, tr.env
	cmd.Stdout, cmd.Stderr = slave, slave
	if err := cmd.Start(); err != nil {
		tr.t.Fatal(err)
	}
	slave.Close()
	var screen bytes.Buffer
	_, _ = io.Copy(&screen, master) // until nobody holds it open: EIO
	if err := cmd.Wait(); err != nil {
		tr.t.Fatalf("%q: %v\n%s", args, err, &screen)
	}
	return screen.String()
}

// On a terminal the command has a terminal, of the same size, and a hit looks the same.
func onTerminal(tr *tree) {
	t := tr.t
	tr.program("say", `test -t 1 && test -t 2 && printf 'both\n' && printf 'are\n' >&2; stty size <&1; printf '\033[1mbold\033[m\n'`)
	args := []string{"deptrace", "cached", "--", "./say"}
	const want = "both\r\nare\r\n17 71\r\n\x1b[1mbold\x1b[m\r\n"
	for _, run := range []string{"miss", "hit"} {
		if got := tr.onTerminal(args...); got != want {
			t.Errorf("%s: it shows %q, want %q", run, got, want)
		}
	}
	if out, _, _ := tr.try(args...); strings.Contains(out, "both") {
		t.Errorf("with a pipe it got what was made for a terminal: %q", out)
	}
}

// The order of what is written to standard output and error is kept where they are one
// file, and each is kept apart where they are not.
func keepsOrder(tr *tree) {
	t := tr.t
	tr.program("say", `i=0; while test $i -lt 200; do echo o$i; echo e$i >&2; i=$((i+1)); done`)
	var both, outs, errs strings.Builder
	for i := range 200 {
		both.WriteString("o" + strconv.Itoa(i) + "\ne" + strconv.Itoa(i) + "\n")
		outs.WriteString("o" + strconv.Itoa(i) + "\n")
		errs.WriteString("e" + strconv.Itoa(i) + "\n")
	}
	for _, run := range []string{"miss", "hit"} {
		if got, _, _ := tr.try("sh", "-c", "deptrace cached -- ./say 2>&1"); got != both.String() {
			t.Errorf("%s into one pipe: %q", run, got)
		}
		tr.try("sh", "-c", "deptrace cached -- ./say >log 2>&1")
		if got := string(tr.read("log")); got != both.String() {
			t.Errorf("%s into one file: %q", run, got)
		}
		out, err, _ := tr.try("deptrace", "cached", "--", "./say")
		if out != outs.String() || err != errs.String() {
			t.Errorf("%s into two pipes: %q and %q", run, out, err)
		}
	}
}

// A process that outlives the command and holds its output open does not hold up the end.
func leavesOneBehind(built *tree) {
	for _, how := range []string{"pipe", "terminal", "pipe, writing", "terminal, writing"} {
		built.t.Run(how, func(t *testing.T) {
			tr := built.withCache(t)
			how, writing := strings.CutSuffix(how, ", writing")
			straggler := "sleep 1000"
			if writing {
				straggler = "yes" // never leaves the stream empty
			}
			tr.program("say", "echo said; "+straggler+" & echo $! >pid")
			args := []string{"deptrace", "cached", "--daemons", "leave", "--", "./say"}
			var got string
			if how == "terminal" {
				got = tr.onTerminal(args...)
			} else {
				out, errs, _ := tr.try(args...)
				got = out + errs
			}
			pid, err := strconv.Atoi(strings.TrimSpace(string(tr.read("pid"))))
			if err != nil {
				t.Fatal(err)
			}
			defer syscall.Kill(pid, syscall.SIGKILL)
			if err := syscall.Kill(pid, 0); err != nil && !writing { // who writes finds nobody who reads
				t.Errorf("the straggler is gone: %v", err)
			}
			if !strings.HasPrefix(got, "said") || !strings.Contains(got, "incomplete record: process-outlived-step") {
				t.Errorf("it shows %.1000q", got)
			}
		})
	}
}

// A command whose reader goes away is told so, and deptrace ends as it does.
func readerGone(tr *tree) {
	t := tr.t
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(tr.look("deptrace"), "cached", "--", "sh", "-c", "while echo y; do :; done 2>&-")
	cmd.Dir, cmd.Env, cmd.Stdout = tr.dir, tr.env, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	line := make([]byte, 2)
	if _, err := io.ReadFull(r, line); err != nil || string(line) != "y\n" {
		t.Errorf("read %q, %v", line, err)
	}
	r.Close()
	_ = cmd.Wait()
	if ws := cmd.ProcessState.Sys().(syscall.WaitStatus); ws.Signal() != syscall.SIGPIPE {
		t.Errorf("it ended with %v, want SIGPIPE", cmd.ProcessState)
	}
}

// What is printed on one hit and on a miss is all there is, however much it is.
func printsMuch(tr *tree) {
	t := tr.t
	tr.program("say", "head -c 3000000 /dev/zero | tr '\\0' x; echo")
	want := strings.Repeat("x", 3000000) + "\n"
	for _, run := range []string{"miss", "hit"} {
		if got, _, status := tr.try("deptrace", "cached", "--", "./say"); got != want || status != 0 {
			t.Errorf("%s: %d bytes, exit %d", run, len(got), status)
		}
	}
	tr.program("say", "head -c 20000000 /dev/zero | tr '\\0' x; echo")
	out, err, _ := tr.try("deptrace", "cached", "--", "./say")
	if len(out) != 20000001 || !strings.Contains(err, "not cached: the command printed more than 16 MiB") {
		t.Errorf("%d bytes, and %q", len(out), err)
	}
}

// What somebody typed in is no result: the command asks each time.
func asksAgain(built *tree) {
	for _, engine := range []string{"notify", "ptrace", "ptrace-slow"} {
		built.t.Run(engine, func(t *testing.T) {
			tr := built.withCache(t)
			for _, answer := range []string{"one", "two"} {
				master, slave, err := newTerminal(-1)
				if err != nil {
					t.Fatal(err)
				}
				defer master.Close()
				defer slave.Close()
				if _, err := master.WriteString(answer + "\n"); err != nil {
					t.Fatal(err)
				}
				cmd := exec.Command(tr.look("deptrace"), "cached", "--engine", engine, "--", "sh", "-c", "read x; echo $x")
				cmd.Dir, cmd.Env, cmd.Stdin = tr.dir, tr.env, slave
				if got, err := cmd.Output(); err != nil || string(got) != answer+"\n" {
					t.Errorf("it was told %s and says %q, %v", answer, got, err)
				}
			}
		})
	}
}

// A hit that nobody reads can be ended by a signal.
func canBeInterrupted(tr *tree) {
	t := tr.t
	tr.program("say", "head -c 1000000 /dev/zero; echo said >out")
	tr.try("deptrace", "cached", "--", "./say")
	if err := os.Remove(tr.path("out")); err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(tr.look("deptrace"), "cached", "--", "./say")
	cmd.Dir, cmd.Env, cmd.Stdout = tr.dir, tr.env, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if _, err := io.ReadFull(r, make([]byte, 1)); err != nil { // it prints
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if ws := cmd.ProcessState.Sys().(syscall.WaitStatus); ws.Signal() != syscall.SIGTERM {
		t.Errorf("it ended with %v, want SIGTERM", cmd.ProcessState)
	}
	if got := string(tr.read("out")); got != "said\n" {
		t.Errorf("it brought back %q", got)
	}
}

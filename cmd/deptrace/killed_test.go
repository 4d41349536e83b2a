package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"deptrace/depfile/outfile"
)

// A deptrace that is killed outright in the middle of a step leaves nothing of its own
// that is half written or new, and make takes the target for not made.
func TestKilledInStep(t *testing.T) {
	needs(t, "make", "sh")
	built := newTree(t)
	for _, engine := range []string{"notify", "ptrace", "ptrace-slow"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			k := &killed{built.another(t), engine}
			k.write("Makefile", "x: in step\n\tdeptrace --engine "+engine+" -MF x.d -MT x -m m.toml -- ./step\n-include x.d\n")
			k.write("in", "one\n")
			k.write("part", "part\n")
			// Where there is a fifo for it, it says there who runs it, and then waits.
			k.program("step", "cat in >x\nif test -p parent; then echo $PPID >parent; read line <gate; fi\ncat part >>x\n")

			// Of the first run ever.
			k.killedInStep()
			k.wantNone("x.d", "m.toml")
			k.wantMade("one\npart\n")
			k.wantFresh("m.toml")

			// Of one that would have had another outcome.
			record, depfile := k.read("m.toml"), k.read("x.d")
			k.age()
			k.write("in", "two\n")
			k.killedInStep()
			for name, want := range map[string][]byte{"m.toml": record, "x.d": depfile} {
				if got := k.read(name); !bytes.Equal(got, want) {
					t.Errorf("%s has changed to\n%s", name, got)
				}
			}
			// The earlier record still tells of the earlier step.
			k.wantStale("m.toml", "x: was left a file, is absent", "in: was read sha256 …")
			k.write("in", "one\n")
			k.write("x", "one\npart\n")
			k.wantFresh("m.toml")
			k.write("in", "two\n")
			if err := os.Remove(k.path("x")); err != nil { // as make has left it
				t.Fatal(err)
			}
			k.wantMade("two\npart\n")
			k.wantFresh("m.toml")
		})
	}
}

// killed is a tree in which deptrace is killed.
type killed struct {
	*tree
	engine string
}

// killedInStep runs make and kills deptrace as soon as the step is half done.
func (k *killed) killedInStep() {
	k.t.Helper()
	for _, fifo := range []string{"parent", "gate"} {
		if err := syscall.Mkfifo(k.path(fifo), 0o666); err != nil {
			k.t.Fatal(err)
		}
		defer os.Remove(k.path(fifo))
	}
	// To open it for reading alone would wait for a step that may not come that far.
	f, err := os.OpenFile(k.path("parent"), os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		k.t.Fatal(err)
	}
	defer f.Close()
	var said bytes.Buffer
	cmd := exec.Command(k.look("make"))
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = k.dir, k.env, &said, &said
	cmd.WaitDelay = time.Minute
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	f.SetReadDeadline(time.Now().Add(time.Minute))
	line := make([]byte, 100)
	n, err := f.Read(line)
	pid, err2 := strconv.Atoi(strings.TrimSpace(string(line[:n])))
	if err != nil || err2 != nil || k.runs(pid) != "deptrace" {
		cmd.Process.Kill()
		k.t.Fatalf("the step is run by %q (%s), %v, %v\n%s", line[:n], k.runs(pid), err, err2, &said)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		k.t.Fatal(err)
	}
	// The step has make's output open as long as it lives.
	if err := cmd.Wait(); err == nil || errors.Is(err, exec.ErrWaitDelay) {
		k.t.Errorf("make is content, or the step lives on: %v\n%s", err, &said)
	}
	// Make has taken away what was half made, as after the death of any other command.
	k.wantNone("x")
	k.files(func(path string, _ fs.FileInfo) {
		if outfile.IsTemp(filepath.Base(path)) {
			k.t.Errorf("%s is left", path)
		}
	})
}

// runs is the name of the program that a process runs.
func (k *killed) runs(pid int) string {
	exe, err := os.Readlink("/proc/" + strconv.Itoa(pid) + "/exe")
	if err != nil {
		return err.Error()
	}
	return filepath.Base(exe)
}

func (k *killed) wantNone(names ...string) {
	k.t.Helper()
	for _, name := range names {
		if _, err := os.Lstat(k.path(name)); err == nil {
			k.t.Errorf("%s is there:\n%s", name, k.read(name))
		}
	}
}

// wantMade wants make to run the recipe, and then to be content.
func (k *killed) wantMade(content string) {
	k.t.Helper()
	const quiet = "make: 'x' is up to date.\n"
	if said := k.run("make"); !strings.Contains(said, "deptrace --engine "+k.engine) {
		k.t.Errorf("make does not run the recipe again: %s", said)
	}
	if got := string(k.read("x")); got != content {
		k.t.Errorf("x is %q, want %q", got, content)
	}
	if said := k.run("make"); said != quiet {
		k.t.Errorf("make is not content: %s", said)
	}
}

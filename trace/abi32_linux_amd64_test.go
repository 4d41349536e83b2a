package trace_test

import (
	_ "embed"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"deptrace/trace"
	"deptrace/trace/event"
)

// The source is in the test binary, which also runs elsewhere (TestAsUser).
//
//go:embed testdata/victim32/victim32.c
var victim32Source string

// victim32 returns the path of a real 32-bit program, which needs no 32-bit C library to
// be compiled.
func victim32(t *testing.T) string {
	t.Helper()
	gcc, err := exec.LookPath("gcc")
	if err != nil {
		t.Fatalf("the tests need gcc: %v", err)
	}
	out := filepath.Join(t.TempDir(), "victim32")
	c := exec.Command(gcc, "-m32", "-O1", "-Wall", "-Wextra", "-Werror", "-nostdlib", "-static", "-fno-pie", "-no-pie",
		"-fno-stack-protector", "-ffreestanding", "-o", out, "-x", "c", "-")
	c.Stdin = strings.NewReader(victim32Source)
	if b, err := c.CombinedOutput(); err != nil {
		t.Fatalf("compile the 32-bit victim: %v\n%s", err, b)
	}
	return out
}

// Test32Bit: a 32-bit program's calls are told as a 64-bit one's are. A kernel can be
// built and booted without the calls of i386, and then the test fails: it cannot execute
// the program. Other architectures than amd64 have no such programs that are watched.
func Test32Bit(t *testing.T) {
	prog := victim32(t)
	for name, want := range map[string]string{
		"opens": `
			open read f ok
			open read d/g ok
			open read missing ENOENT
			open read,directory d [dlink -> d] ok
			open read d/g ok
			list descriptor d ok
			open write f ok
			open write,create,truncate new ok`,
		"looks": `
			stat f [link -> f] ok
			stat nofollow link ok
			stat d/g ok
			stat f ok
			access read d/g ok
			access nowhere [dangling -> nowhere] ENOENT
			readlink dlink =d ok
			access directory d ok
			access read d/g ok`,
		"changes": `
			mkdir m ok
			rename f m/f ok
			link nofollow m/f h ok
			unlink h ok
			symlink s =m/f ok
			rename s t ok
			rename exchange t m/f ok
			mknod fifo ok
			chmod d/g ok
			chown d/g ok
			truncate d/g to 4294967299 ok
			open write d/g ok
			truncate descriptor d/g to 5 ok
			utime d/g ok
			utime d/g ok
			unlink d/g ok
			rmdir d ok
			rmdir e ok`,
		"forks": `
			2: open read d/g ok
			3: open read d/g ok
			open read f ok`,
		"sockets": `
			connect d/sock unix:DIR/d/sock ENOENT
			bind d/sock unix:DIR/d/sock ok
			connect unix:@nobody there at all errno 111`,
		"vdso": `
			open read f ok
			access missing ENOENT`,
	} {
		t.Run(name, func(t *testing.T) {
			everyEngine(t, func(t *testing.T, engine trace.Engine) {
				s := victimStep(t, engine)
				s.Args = []string{prog, name}
				wantLines(t, engine, s.good(t).files(), want)
			})
		})
	}
	// A 64-bit program becomes a 32-bit one, and that a 64-bit one.
	for name, want := range map[string]string{
		"exec": `
			exec missing ENOENT
			exec VICTIM ok`,
		"execat": `exec VICTIM ok`,
	} {
		t.Run(name, func(t *testing.T) {
			everyEngine(t, func(t *testing.T, engine trace.Engine) {
				s := victimStep(t, engine)
				s.Args = []string{"/usr/bin/env", prog, name, victim(t), "reads", "f"}
				want := "exec " + prog + " ok\n" + want + "\nload " + loader(t) + " ok\nopen read f ok"
				r := s.good(t)
				wantLines(t, engine, execStory(r), want)
				for _, l := range r.of(event.Incomplete) {
					t.Error(l)
				}
			})
		})
	}
}

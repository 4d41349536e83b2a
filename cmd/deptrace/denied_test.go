package main

import (
	"os"
	"testing"
)

// What a step may not do, and asks for or tries, it may do after somebody has changed a
// mode: then it is another step.
func TestDenied(t *testing.T) {
	tr := newTree(t)
	tr.openTo(nobody)
	tr.setenv("DEPTRACE_CACHE_DIR", tr.path("cache"))
	for _, c := range []struct {
		name, step string
		mode       os.FileMode // of f before, and after it is one for all
		reason     string
	}{
		{"test -r", "test -r f && cat f || echo no", 0, "f: was denied, is allowed to read\n"},
		{"test -w", "test -w f && echo yes || echo no", 0o444, "f: was denied, is allowed to write\n"},
		{"open", "cat f 2>/dev/null || echo no", 0, "f: was denied, is allowed to read\n"},
		{"open to write", "(echo >>f) 2>/dev/null && echo yes || echo no", 0o444, "f: was denied, is allowed to write\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, engine := range []string{"notify", "ptrace", "ptrace-slow"} {
				tr.write("f", "one\n")
				if os.Geteuid() == 0 {
					if err := os.Chown(tr.path("f"), nobody, nobody); err != nil {
						t.Fatal(err)
					}
				}
				chmod := func(mode os.FileMode) {
					if err := os.Chmod(tr.path("f"), mode); err != nil {
						t.Fatal(err)
					}
				}
				chmod(c.mode)
				run := []string{"deptrace", "--engine", engine, "-m", "m.toml", "--", "sh", "-c", c.step}
				if said, status := tr.tryAs(nobody, run...); status != 0 || said != "no\n" {
					t.Fatalf("%s: it ended with %d and said\n%s", engine, status, said)
				}
				if said, status := tr.tryAs(nobody, "deptrace", "check", "m.toml"); status != 0 {
					t.Errorf("%s: check ended with %d and said\n%s", engine, status, said)
				}
				chmod(0o666)
				if said, status := tr.tryAs(nobody, "deptrace", "check", "m.toml"); status != statusStale || said != c.reason {
					t.Errorf("%s: check ended with %d and said\n%swant\n%s", engine, status, said, c.reason)
				}
			}
			// A result of before is none for now, and is one again.
			cached := []string{"deptrace", "cached", "--", "sh", "-c", c.step}
			for i, mode := range []os.FileMode{c.mode, 0o666, c.mode} {
				tr.write("f", "one\n")
				if err := os.Chmod(tr.path("f"), mode); err != nil {
					t.Fatal(err)
				}
				if said, status := tr.tryAs(nobody, cached...); status != 0 || (said == "no\n") != (i != 1) {
					t.Errorf("cached with mode %v ended with %d and said\n%s", mode, status, said)
				}
			}
		})
	}
}

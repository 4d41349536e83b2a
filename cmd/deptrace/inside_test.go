package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTracersInside: programs that trace work in a step as they do outside, with notify,
// which traces nothing. The other engines leave them no way to do it: they fail then, and
// the record says what they did and that it ended so. (Strace is in engines.txtar.)
func TestTracersInside(t *testing.T) {
	needs(t, "gcc", "gdb")
	built := newTree(t)
	for _, c := range []struct {
		name   string
		flag   string // of the compiler
		body   string // of main
		step   []string
		status int
		says   string // on either output, with notify
		traced string // the same with the others
	}{
		// It stops its own threads with ptrace(2) when the program ends.
		{"LeakSanitizer", "-fsanitize=leak", "volatile char *p = malloc(1234); p = NULL; return p != NULL;",
			[]string{"./prog"}, 23, "1234 byte(s) leaked in 1 allocation(s)", "LeakSanitizer does not work under ptrace"},
		{"gdb", "-O0", "abort();",
			[]string{"gdb", "-q", "-nx", "-batch", "-ex", "run", "-ex", "bt", "./prog"}, 0, "in main () at prog.c:", "Could not trace the inferior process"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tr := built.another(t)
			tr.setenv("DEBUGINFOD_URLS", "")
			tr.write("in", "in\n")
			tr.write("prog.c", "#include <stdio.h>\n#include <stdlib.h>\nint main(void)\n{\n\tif (fopen(\"in\", \"r\") == NULL)\n\t\treturn 1;\n\t"+c.body+"\n}\n")
			tr.run("gcc", "-g", c.flag, "-o", "prog", "prog.c")
			plain := ended(tr.try(c.step...))
			if plain.status != c.status || !strings.Contains(plain.stdout+plain.stderr, c.says) {
				t.Fatalf("outside: ended with %d, want %d and %q\n%s%s", plain.status, c.status, c.says, plain.stdout, plain.stderr)
			}
			record := func(engine string) (how, shown) {
				m := engine + ".toml"
				got := ended(tr.try(append([]string{"deptrace", "--engine", engine, "-m", m, "--"}, c.step...)...))
				s := tr.show(m)
				if !s.Complete {
					t.Errorf("%s: incomplete: %q", engine, s.Incomplete)
				}
				if kind := s.input("prog"); kind != "read" {
					t.Errorf("%s: the program is an input of kind %q, want read", engine, kind)
				}
				return got, s
			}

			got, s := record("notify")
			if diff := cmp.Diff(plain, got, cmp.AllowUnexported(how{})); diff != "" {
				t.Errorf("in a step (-outside +inside):\n%s", diff)
			}
			if kind := s.input("in"); kind != "read" {
				t.Errorf("what the program opens is an input of kind %q, want read", kind)
			}
			if c.status == 0 {
				tr.wantFresh("notify.toml")
			} else {
				tr.wantStale("notify.toml", "notify.toml: the step failed: exit 23")
			}

			for _, engine := range []string{"ptrace", "ptrace-slow"} {
				got, _ := record(engine)
				if !strings.Contains(got.stdout+got.stderr, c.traced) || got.status == 0 {
					t.Errorf("%s: ended with %d, want a failure and %q\n%s%s", engine, got.status, c.traced, got.stdout, got.stderr)
				}
				if _, _, status := tr.try("deptrace", "check", "-q", engine+".toml"); status != 1 {
					t.Errorf("%s: check of the record ends with %d, want 1: the step has failed", engine, status)
				}
			}
		})
	}
}

// how is how a command ended and what it said, less what differs between any two runs: the
// numbers of processes, and addresses.
type how struct {
	stdout, stderr string
	status         int
}

var varies = regexp.MustCompile(`==[0-9]+==|0x[0-9a-f]+`)

func ended(stdout, stderr string, status int) how {
	return how{varies.ReplaceAllString(stdout, "N"), varies.ReplaceAllString(stderr, "N"), status}
}

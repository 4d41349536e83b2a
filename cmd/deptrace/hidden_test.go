package main

import (
	"os"
	"testing"

	"deptrace/depfile/manifest"

	"github.com/google/go-cmp/cmp"
)

// Where something has been mounted over the directory that a step is started in, or over
// what it is given open, the names that the kernel has for these lead elsewhere. The step
// runs as it would, and the record says that it cannot be right.
func TestHidden(t *testing.T) {
	needs(t, "unshare", "mount")
	unshare := "-m"
	if os.Geteuid() != 0 {
		unshare = "-rm" // in which he may mount
	}
	tr := newTree(t)
	for _, name := range []string{"d/f", "d/sub/f"} {
		tr.write(name, "hidden\n")
		tr.write("other/"+name[2:], "seen\n")
	}
	const step = "deptrace -m $TOP/m.toml --root $TOP -- "
	hidden := func(name string) []string { return []string{"mount: " + name + " is hidden by what is mounted there"} }
	for _, c := range []struct {
		name, line, says string
		want             []string
	}{
		{"the directory", "cd d && mount --bind ../other . && " + step + "cat f", "hidden\n", hidden("d")},
		{"a directory above", "cd d/sub && mount --bind $TOP/other $TOP/d && " + step + "cat f", "hidden\n", hidden("d/sub")},
		{"entered anew", "cd d && mount --bind ../other . && cd $TOP/d && " + step + "cat f", "seen\n", nil},
		{"mounted elsewhere", "cd d && mount --bind sub $TOP/other && " + step + "cat f", "hidden\n", nil},
		{"standard input", "exec <d/f && mount --bind other d && " + step + "cat", "hidden\n", hidden("d/f")},
		{"another descriptor", "exec 5<d/f && mount --bind other d && " + step + "cat /dev/fd/5", "hidden\n", hidden("d/f")},
		{"a directory given open", "exec 5<d && mount --bind other d && " + step + "cat /dev/fd/5/f", "hidden\n", hidden("d")},
	} {
		t.Run(c.name, func(t *testing.T) {
			said, stderr, status := tr.try("unshare", unshare, "sh", "-c", "TOP=$PWD; "+c.line)
			if status != 0 || said != c.says {
				t.Fatalf("the step said %q and ended with %d\n%s", said, status, stderr)
			}
			m, err := manifest.Read(tr.path("m.toml"))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, m.Incomplete); d != "" {
				t.Errorf("incomplete (-want +got)\n%s", d)
			}
		})
	}
}

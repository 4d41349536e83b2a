package result

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deptrace/cache"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func someGiven() Given {
	return Given{
		Argv: []string{"cc", "-I/src/proj/include", "a b.c"},
		Dir:  "/src/proj/sub", Root: "/src/proj", Program: "/home/user/bin/cc",
		World:   cache.NewWorld([]string{"PATH=/bin", "HOME=/home/user", "PWD=/src/proj/sub", "CFLAGS=-I/src/proj", "TERM=xterm", "LANG=C", "LANG=de"}),
		Flags:   []string{"MF=/src/proj/out.d"},
		Open:    []string{"1 pipe", "2 with 1"},
		EnvOnly: nil, Env: nil,
	}
}

// The parts of the weak key. Results that are kept stand under it: where this changes, the
// format of the weak key must.
func TestCommandParts(t *testing.T) {
	system := "system=" + runtime.GOOS + "/" + runtime.GOARCH
	for name, tt := range map[string]struct {
		edit func(*Given)
		want []string
	}{
		"in its place": {
			edit: func(*Given) {},
			want: []string{
				system, `command line="cc" "-I/src/proj/include" "a b.c" `, "directory=sub", "variable PWD=", "root=at /src/proj", "program=~/bin/cc",
				`a flag of deptrace itself="MF=/src/proj/out.d" `, `a file that it is given open="1 pipe" "2 with 1" `, "variable CFLAGS=-I/src/proj", "variable LANG=C", "variable HOME=/home/user",
			},
		},
		"relocatable": {
			edit: func(g *Given) { g.Relocatable = true },
			want: []string{
				system, `command line="cc" "-I\x00root\x00/include" "a b.c" `, "directory=sub", "variable PWD=", "root=any", "program=~/bin/cc",
				`a flag of deptrace itself="MF=\x00root\x00/out.d" `, `a file that it is given open="1 pipe" "2 with 1" `, "variable CFLAGS=-I\x00root\x00", "variable LANG=C",
			},
		},
		"relocatable, and it is told the home": {
			edit: func(g *Given) { g.Relocatable = true; g.Argv = []string{"cc", "-I/home/user/include"} },
			want: []string{
				system, `command line="cc" "-I/home/user/include" `, "directory=sub", "variable PWD=", "root=any", "program=~/bin/cc",
				`a flag of deptrace itself="MF=\x00root\x00/out.d" `, `a file that it is given open="1 pipe" "2 with 1" `, "variable CFLAGS=-I\x00root\x00", "variable LANG=C", "variable HOME=/home/user",
			},
		},
		"some variables": {
			edit: func(g *Given) { g.EnvOnly, g.Env = []string{"NOTHING"}, []string{"TERM"} },
			want: []string{
				system, `command line="cc" "-I/src/proj/include" "a b.c" `, "directory=sub", "variable PWD=", "root=at /src/proj", "program=~/bin/cc",
				`a flag of deptrace itself="MF=/src/proj/out.d" `, `a file that it is given open="1 pipe" "2 with 1" `, "variable LANG=C", "variable TERM=xterm", "variable HOME=/home/user",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := someGiven()
			tt.edit(&g)
			var got []string
			for _, p := range NewCommand(g).weak.Parts {
				got = append(got, p.Name+"="+p.Text)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// The other name of a directory counts if it is one.
func TestCommandOtherName(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	must(t, os.Mkdir(dir+"/real", 0o777))
	must(t, os.Symlink("real", dir+"/other"))
	for _, tt := range []struct{ pwd, want string }{
		{dir + "/real", ""},
		{dir + "/other", dir + "/other"},
		{dir, ""},                 // another directory's
		{dir + "/gone", ""},       // nobody's
		{"other", ""},             // relative
		{"", ""},                  // unset
		{dir + "/other/../x", ""}, // leads nowhere
	} {
		g := someGiven()
		g.Dir = dir + "/real"
		g.World = cache.NewWorld([]string{"PWD=" + tt.pwd, "PWD=" + dir + "/other"}) // the first one counts
		if got := NewCommand(g).otherName(); got != tt.want {
			t.Errorf("PWD=%s: got %q, want %q", tt.pwd, got, tt.want)
		}
	}
}

// The note about what a command is given holds no value.
func TestNoteHidesValues(t *testing.T) {
	g := someGiven()
	g.World.Environ = append(g.World.Environ, "TOKEN=hush-hush", "TWO\nLINES=1")
	note := string(NewCommand(g).note())
	if strings.Contains(note, "hush") || strings.Contains(note, "LINES") || !strings.Contains(note, " variable TOKEN\n") {
		t.Error(note)
	}
	sum, _, _ := strings.Cut(note, " ")
	if len(sum) != 8 {
		t.Errorf("the digest %s is long enough to be sure of a guess", sum)
	}
	// The same value under another name, or of another command, looks another way.
	sums := map[string]string{}
	for i, argv := range [][]string{{"a"}, {"b"}} {
		g.Argv = argv
		cmd := NewCommand(g)
		for _, name := range []string{"variable X", "variable Y"} {
			h := cmd.hide(cache.Part{Name: name, Text: "value"})
			if was, twice := sums[h]; twice {
				t.Errorf("%d %s looks like %s", i, name, was)
			}
			sums[h] = fmt.Sprint(i, name)
		}
	}
}

package manifest

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deptrace/trace/footprint"
)

// small is a well-formed record that the cases below damage.
const small = `version = 1
complete = true
root = ".."
entries = 3

[step]
argv = ["cc", "x.c"]
dir = "."
exit = 0
env = {LANG = "C"}

[[input]]
path = "a.h"
kind = "absent"

[[input]]
path = "x.c"
kind = "read"
sha256 = "1111111111111111111111111111111111111111111111111111111111111111"
size = 3

[[output]]
path = "x.o"
kind = "file"
sha256 = "2222222222222222222222222222222222222222222222222222222222222222"
`

func TestSmall(t *testing.T) {
	m, err := Decode([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(small, string(m.Encode())); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestDamaged(t *testing.T) {
	one := strings.Repeat("1", 64)
	for _, tt := range []struct{ name, old, new, want string }{
		{"empty", small, "", "version is missing"},
		{"not TOML", "version = 1", "version 1", "line 1: expected '.' or '=', but got '1' instead"},
		{"no complete", "complete = true\n", "", "complete is missing"},
		{"complete of another type", "complete = true", `complete = "true"`, "complete is not true or false"},
		{"complete in capitals", "complete", "COMPLETE", "complete is missing"},
		{"complete, but", "complete = true", "complete = true\nincomplete = [\"stdin\"]", "complete is true, and there are 1 reasons why it is not"},
		{"incomplete without reason", "complete = true", "complete = false", "complete is false, and there are 0 reasons why it is not"},
		{"root downwards", `root = ".."`, `root = "../x"`, `root "../x" does not lead upwards`},
		{"unknown key", "entries = 3", "entries = 3\nfuture = 1", `key "future" is unknown`},
		{"unknown key of the step", `dir = "."`, "dir = \".\"\numask = 18", `step: key "umask" is unknown`},
		{"unknown key of an input", `kind = "absent"`, "kind = \"absent\"\nsize = 1", `input 1: key "size" is unknown`},
		{"a key twice", `dir = "."`, "dir = \".\"\ndir = \".\"", `line 9: Key 'step.dir' has already been defined.`},
		{"cut between two tables", small[strings.Index(small, "\n[[output]]"):], "", "3 entries are announced, 2 are there"},
		{"cut within a table", small[strings.Index(small, "size"):], "", "input 2: size is missing"},
		{"cut before the step", small[strings.Index(small, "\n[step]"):], "", "step is missing"},
		{"no argv", `argv = ["cc", "x.c"]` + "\n", "", "step: argv is missing"},
		{"empty argv", `argv = ["cc", "x.c"]`, "argv = []", "step: argv is missing"},
		{"argv of numbers", `["cc", "x.c"]`, "[1]", "step: argv holds something that is not a string"},
		{"no exit", "exit = 0\n", "", "step: exit is missing"},
		{"exit of another type", "exit = 0", "exit = 0.0", "step: exit is not a whole number"},
		{"a signal with another exit", "exit = 0", "exit = 1\nsignal = 9", "step: exit is 1, which is not 128 + signal 9"},
		{"standard input with dots", "exit = 0", "exit = 0\nstdin = \"../a\"", `step: stdin "../a" is not in the form that a record uses`},
		{"standard input both ways", "exit = 0", "exit = 0\nstdin = \"a\"\nstdin_hex = \"ff\"", "step: stdin and stdin_hex are both there"},
		{"unknown stat", "exit = 0", "exit = 0\nstat = \"x\"", `step: stat "x" is unknown`},
		{"bad glob", "exit = 0", "exit = 0\nignore = [\"[\"]", `step: ignore: pattern "[": syntax error in pattern`},
		{"env with numbers", `"C"}`, `1}`, "step: env: LANG is not a string"},
		{"env both ways", "exit = 0", "exit = 0\nenv_hex = [\"4c414e473dff\"]", "step: env and env_hex both have LANG"},
		{"unknown kind", `"absent"`, `"maybe"`, `input 1: kind "maybe" is unknown`},
		{"unknown kind of output", `"file"`, `"fifo"`, `output 1: kind "fifo" is unknown`},
		{"unknown type", `kind = "absent"`, "kind = \"stat\"\ntype = \"none\"", `input 1: type "none" is unknown`},
		{"unknown right", `kind = "absent"`, "kind = \"exists\"\nasked = \"execute\"", `input 1: asked "execute" is unknown`},
		{"denied and not asked for", `kind = "absent"`, "kind = \"exists\"\nasked = \"read\"\ndenied = \"write\"", `input 1: denied is more than asked`},
		{"a right to nothing", `kind = "absent"`, "kind = \"absent\"\ndenied = \"read\"", `input 1: key "denied" is unknown`},
		{"both paths", `path = "a.h"`, "path = \"a.h\"\npath_hex = \"ff\"", "input 1: path and path_hex are both there"},
		{"hex without need", `path = "a.h"`, `path_hex = "61"`, "input 1: path_hex holds what path can"},
		{"hex that is none", `path = "a.h"`, `path_hex = "fg"`, "input 1: path_hex is not in lower-case hexadecimal"},
		{"no path", "path = \"a.h\"\n", "", "input 1: path is missing"},
		{"a path with dots", `"a.h"`, `"../a.h"`, `input 1: path "../a.h" is not in the form that a record uses`},
		{"no digest", `sha256 = "` + one + "\"\n", "", "input 2: sha256 is missing"},
		{"short digest", one, one[1:], "input 2: sha256 does not have 64 digits"},
		{"digest in capitals", one, strings.Repeat("A", 64), "input 2: sha256 is not in lower-case hexadecimal"},
		{"negative size", "size = 3", "size = -3", "input 2: size is -3, which cannot be"},
		{"not sorted", `"a.h"`, `"z.h"`, `input "x.c" is out of order or there twice`},
		{"twice", `"a.h"`, `"x.c"`, `input "x.c" is out of order or there twice`},
		{"two kinds of lookup", "[[input]]\npath = \"x.c\"\nkind = \"read\"\nsha256 = \"" + one + "\"\nsize = 3", "[[input]]\npath = \"a.h\"\nkind = \"absent\"", `input "a.h" is out of order or there twice`},
		{"output outside", `"x.o"`, `"/x.o"`, `output 1: path "/x.o" is on the wrong side of the root`},
		{"side inside", "[[output]]", "[[side]]", `side 1: path "x.o" is on the wrong side of the root`},
		{"input as one table", small[strings.Index(small, "\n[[input]]"):], "[input]\n", "input is not a list of tables"},
		{"nested deeply", `"C"`, strings.Repeat("[", 100) + strings.Repeat("]", 100), "tables in it are nested too deeply"},
		{"not UTF-8", `"a.h"`, "\"\xff\"", "line 13: invalid UTF-8 byte: 0xff"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data := strings.Replace(small, tt.old, tt.new, 1)
			if data == small {
				t.Fatal("the case damages nothing")
			}
			m, err := Decode([]byte(data))
			var d *DamagedError
			if m != nil || !errors.As(err, &d) {
				t.Fatalf("Decode = %v, %v; want a DamagedError", m, err)
			}
			if d.Reason != tt.want {
				t.Errorf("got  %s\nwant %s", d.Reason, tt.want)
			}
		})
	}
}

// The version is judged before anything else, as far as the file is TOML.
func TestVersion(t *testing.T) {
	for _, tt := range []struct{ version, want string }{
		{"2", "the record has version 2, newer than 1, the newest that this deptrace reads"},
		{"0", "the record has version 0, this deptrace reads version 1"},
	} {
		_, err := Decode([]byte("version = " + tt.version + "\nfuture = 1\n"))
		var v *VersionError
		if !errors.As(err, &v) || err.Error() != tt.want {
			t.Errorf("got  %v\nwant %s", err, tt.want)
		}
	}
}

// However little is missing at the end, it is noticed.
func TestEveryTruncation(t *testing.T) {
	data := everything().Encode()
	for n := range len(data) - 1 { // without its last newline it is whole
		if m, err := Decode(data[:n]); err == nil {
			t.Fatalf("the first %d bytes are taken for a record: %v", n, m)
		}
	}
}

func TestReadNothing(t *testing.T) {
	_, err := Read(filepath.Join(t.TempDir(), "x.toml"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want ErrNotExist", err)
	}
}

func TestWrite(t *testing.T) {
	want, err := Decode([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.toml")
	if err := want.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestDeeper(t *testing.T) {
	for _, tt := range []struct {
		text string
		want bool
	}{
		{"[[[", true},
		{"[[]]{}[[]]", false},
		{`"[[[" '[[[' # [[[`, false},
		{`"\"[[[" [`, false},
		{"\"\"\"\n[[[ \"\" \\\"\"\"\" [[[", true},
		{`"""a""""" [[[`, true},
		{`'''[['[''' [[`, false},
		{"'' [[[", true},
		{"a.b.c = 1\na.b.c = 2.0\n", true},
		{"a.b.c = 1\na.b.c = 20\n", false},
		{"a.'...'.c = 1 # ...", false},
	} {
		if got := deeper([]byte(tt.text), 2); got != tt.want {
			t.Errorf("deeper(%s) = %t, want %t", tt.text, got, tt.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(small))
	f.Add(everything().Encode())
	f.Add([]byte("version = 1\ninput = [{}]\n"))
	f.Add([]byte("version = 1\ninput = [1]\nstep = 1979-05-27\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Decode(data)
		if err != nil {
			var v *VersionError
			var d *DamagedError
			if m != nil || !errors.As(err, &v) && !errors.As(err, &d) {
				t.Fatalf("Decode = %v, %v", m, err)
			}
			return
		}
		// What is well-formed has one encoding.
		once := m.Encode()
		again, err := Decode(once)
		if err != nil {
			t.Fatalf("%v:\n%s", err, once)
		}
		if twice := again.Encode(); !bytes.Equal(once, twice) {
			t.Errorf("got\n%s\nwant\n%s", twice, once)
		}
		for i := range m.Inputs {
			if in := &m.Inputs[i]; m.Complete && in.Kind == footprint.Read && in.Digest.IsZero() {
				t.Errorf("%s: a complete record without a digest", in.Path)
			}
		}
	})
}

package manifest

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"

	"deptrace/trace/footprint"
)

var update = flag.Bool("update", false, "write testdata anew")

func sum(s string) Digest { return sha256.Sum256([]byte(s)) }

// everything has each kind of entry and each key.
func everything() *Manifest {
	return &Manifest{
		Version:    Version,
		Complete:   false,
		Incomplete: []string{"input-edited: a.h", "stdin"},
		Root:       "../..",
		Step: Step{
			Argv: []string{"sh", "-c", "cc \"$1\"\n\t# \\ \x01\x7f é", ""}, Dir: "sub", Stdin: "in\xff", Exit: 137, Signal: 9,
			Env:      map[string]string{"LANG": "C", "A.B": "x", "": "", "RAW": "\xff=", "\xfe": ""},
			EnvUnset: []string{"CPATH", "X"}, EnvOff: []string{"TZ"}, Ignore: []string{"**/*.log"}, Writes: []string{"sub/x.d"}, Stat: "meta",
		},
		Programs: []Program{{"cc", "/usr/bin/cc"}, {"l\xffd", "~/\xff"}, {"nowhere", ""}},
		Inputs: []Input{
			{Path: "./~u", Kind: footprint.Read, Digest: sum("1"), Size: 79, Exec: true},
			{Path: "./~u", Kind: footprint.Link, Target: "\xff"},
			{Path: "/usr/include", Kind: footprint.Stat, Type: footprint.Dir},
			{Path: "a", Kind: footprint.Stat, Type: footprint.File, Size: 0},
			{Path: "a.h", Kind: footprint.Read, Size: 3, Asked: footprint.Writing},
			{Path: "b", Kind: footprint.Exists},
			{Path: "b", Kind: footprint.List, Digest: sum("list")},
			{Path: "c\xff", Kind: footprint.Absent},
			{Path: "d", Kind: footprint.Stat, Type: footprint.Symlink},
			{Path: "e", Kind: footprint.Exists, Type: footprint.File, Asked: footprint.Reading | footprint.Writing, Denied: footprint.Writing},
			{Path: "~", Kind: footprint.Stat, Type: footprint.Other},
		},
		Outputs: []Output{
			{Path: "o", Kind: File, Digest: sum("o"), Exec: true},
			{Path: "o.d", Kind: File, Digest: sum("o.d"), Handed: true, Adds: true},
			{Path: "p", Kind: Symlink, Target: "o"},
			{Path: "q", Kind: Dir, Needs: true},
			{Path: "r", Kind: Removed},
		},
		Side: []Output{{Path: "/tmp/x", Kind: File}, {Path: "~/.cache/y", Kind: File, Digest: sum("y")}},
		Uses: []string{"network", "random"},
	}
}

func TestGolden(t *testing.T) {
	m := everything()
	delete(m.Step.Env, "") // no environment has it
	got := m.Encode()
	const name = "testdata/everything.toml"
	if *update {
		if err := os.WriteFile(name, got, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if !utf8.Valid(got) {
		t.Error("the record is not UTF-8")
	}
	back, err := Read(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(m, back); d != "" {
		t.Errorf("what is read is not what was written (-want +got)\n%s", d)
	}
}

// The quick parser knows all that Encode writes.
func TestEncodedIsCanonical(t *testing.T) {
	partial := everything()
	delete(partial.Step.Env, "")
	for _, want := range []*Manifest{partial, large(10), mustDecode(t, small)} {
		data := want.Encode()
		got, ok := parseCanonical(data)
		if !ok {
			t.Fatalf("not canonical:\n%s", data)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
	}
}

func mustDecode(t *testing.T, text string) *Manifest {
	t.Helper()
	m, err := Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A record that was reformatted is still one.
func TestReformatted(t *testing.T) {
	m := everything()
	delete(m.Step.Env, "")
	data := bytes.ReplaceAll(m.Encode(), []byte(" = "), []byte("="))
	data = bytes.ReplaceAll(data, []byte("\n"), []byte(" # x\r\n"))
	if _, ok := parseCanonical(data); ok {
		t.Fatal("this is not canonical")
	}
	got, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(m, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

// What the quick parser takes, the other one takes for the same.
func FuzzCanonical(f *testing.F) {
	f.Add([]byte(small))
	f.Add(everything().Encode())
	f.Add(large(3).Encode())
	for _, edit := range [][2]string{
		{"exit = 0", "exit = 137\nsignal = 9"}, {"exit = 0", "exit = 007"}, {"exit = 0", "exit = 9223372036854775807"}, {"exit = 0", "stdin = \"a\"\nexit = 0"}, {"exit = 0", "stdin = \"../a\"\nexit = 0"}, {"exit = 0", "stdin_hex = \"ff\"\nexit = 0"},
		{"{LANG = \"C\"}", "{LANG = \"C\", LANG = \"D\"}"}, {"LANG = ", "\"A.B\" = "}, {"env = {LANG = \"C\"}", "env_hex = [\"4c3dff\"]\nstat = \"meta\""},
		{"path = \"a.h\"", "path_hex = \"ff\""}, {"path = \"a.h\"", "path = \"~/\\u0001\\\\\""}, {"\"a.h\"", "\"z.h\""}, {"1111\"", "111G\""},
		{"kind = \"absent\"", "kind = \"list\"\nsha256 = \"" + sum("x").String() + "\""}, {"kind = \"absent\"", "kind = \"stat\"\ntype = \"dir\""},
		{"size = 3", "size = 3\nexec = true"}, {"\"..\"", "\"../x\""}, {"[[output]]\npath = \"", "[[side]]\npath = \"/"}, {"[[output]]", "[[side]]"},
		{"[step]", "[step] "}, {"entries = 3", "entries = 300000000000"}, {"version = 1", "version = 2"}, {"argv = [\"cc\", \"x.c\"]", "argv = []"},
	} {
		f.Add([]byte(strings.Replace(small, edit[0], edit[1], 1)))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, ok := parseCanonical(data)
		if !ok {
			return
		}
		want, err := decodeAny(data)
		if err != nil {
			t.Fatalf("%q is taken, but: %v", data, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q (-want +got)\n%s", data, d)
		}
	})
}

func FuzzString(f *testing.F) {
	f.Add("é\u2028\ufffd\ufeff\x00", "\xff")
	f.Fuzz(func(t *testing.T, a, b string) {
		if a == "" {
			return
		}
		m := &Manifest{Version: Version, Complete: true, Step: Step{Argv: []string{a, b}, Dir: ".", Env: map[string]string{"V": a, "W": b}},
			Inputs: []Input{{Path: "x", Kind: footprint.Link, Target: a}}}
		data := m.Encode()
		top := map[string]any{}
		if _, err := toml.Decode(string(data), &top); err != nil {
			t.Fatalf("%v:\n%s", err, data)
		}
		got, err := Decode(data)
		if err != nil {
			t.Fatalf("%v:\n%s", err, data)
		}
		if d := cmp.Diff(m, got); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
	})
}

// large is a record of a C compilation with n headers.
func large(n int) *Manifest {
	m := &Manifest{Version: Version, Complete: true, Root: ".", Step: Step{Argv: []string{"cc", "-c", "x.c"}, Dir: ".", Env: map[string]string{"LANG": "C"}}}
	for i := range n {
		in := Input{Path: fmt.Sprintf("/usr/include/dir%03d/header%04d.h", i/20, i), Kind: footprint.Read, Size: int64(i), Digest: sum(fmt.Sprint(i))}
		if i%3 == 0 {
			in = Input{Path: in.Path, Kind: footprint.Absent}
		}
		m.Inputs = append(m.Inputs, in)
	}
	m.Outputs = []Output{{Path: "x.o", Digest: sum("x")}}
	return m
}

func BenchmarkEncode1000(b *testing.B) {
	m := large(1000)
	for b.Loop() {
		m.Encode()
	}
}

func BenchmarkDecode1000(b *testing.B) {
	data := large(1000).Encode()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}

// What the same record costs if it is not in the form that Encode writes.
func BenchmarkDecodeReformatted1000(b *testing.B) {
	data := append(large(1000).Encode(), "# x\n"...)
	for b.Loop() {
		if _, err := Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}

package cache

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

// aRecord has something of everything.
func aRecord() *manifest.Manifest {
	return &manifest.Manifest{
		Version: 1, Complete: true, Root: ".",
		Step: manifest.Step{
			Argv: []string{"cc", "-O1", "-c", "hello.c"}, Dir: ".",
			Env: map[string]string{"LANG": "C", "X": "1"}, EnvUnset: []string{"Y"},
		},
		Programs: []manifest.Program{{Name: "as"}, {Name: "cc", Path: "/usr/bin/cc"}},
		Inputs: []manifest.Input{
			{Path: "/bin", Kind: footprint.Link, Target: "usr/bin"},
			{Path: "/usr/include/a.h", Kind: footprint.Read, Size: 3, Digest: sumOf("a.h")},
			{Path: "early.h", Kind: footprint.Absent},
			{Path: "hello.c", Kind: footprint.Read, Size: 3, Digest: sumOf("one")},
			{Path: "mod.py", Kind: footprint.Stat, Type: footprint.File, Size: 3, Digest: sumOf("mod")},
			{Path: "src", Kind: footprint.Stat, Type: footprint.Dir},
			{Path: "src", Kind: footprint.List, Digest: sumOf("names")},
			{Path: "there", Kind: footprint.Exists, Type: footprint.File},
			{Path: "~/.ccrc", Kind: footprint.Read, Size: 1, Digest: sumOf("rc")},
		},
		Outputs: []manifest.Output{
			{Path: "hello.o", Digest: sumOf("object")},
			{Path: "lib.so", Kind: manifest.Symlink, Target: "lib.so.1"},
		},
		Side: []manifest.Output{{Path: "~/.cache", Kind: manifest.Dir}, {Path: "~/.seen", Digest: sumOf("seen")}},
		Uses: []string{"machine"},
	}
}

func TestDiff(t *testing.T) {
	at := func(m *manifest.Manifest, path string, kind footprint.Kind) *manifest.Input {
		i := slices.IndexFunc(m.Inputs, func(in manifest.Input) bool { return in.Path == path && in.Kind == kind })
		return &m.Inputs[i]
	}
	for _, tt := range []struct {
		name   string
		change func(*manifest.Manifest)
		want   []string
	}{
		{"nothing", func(*manifest.Manifest) {}, nil},
		{"another place", func(m *manifest.Manifest) { m.Root, m.Step.Writes = "..", []string{"x.d"} }, nil},

		{"a word", func(m *manifest.Manifest) { m.Step.Argv[1] = "-O2" }, []string{"argument 1: was -O1, is -O2"}},
		{"a word more", func(m *manifest.Manifest) { m.Step.Argv = slices.Insert(m.Step.Argv, 2, "-DX=a b", "-g") },
			[]string{`argument 2: was absent, is "-DX=a b" -g`}},
		{"words less", func(m *manifest.Manifest) { m.Step.Argv = m.Step.Argv[:2] }, []string{"argument 2: was -c hello.c, is absent"}},
		{"two words apart", func(m *manifest.Manifest) { m.Step.Argv = []string{"clang", "-O1", "-c", "", "hello.c"} },
			[]string{"command: was cc, is clang", `argument 3: was absent, is ""`}},
		{"a word that means absence", func(m *manifest.Manifest) { m.Step.Argv = append(m.Step.Argv, "absent") },
			[]string{"argument 4: was absent, is \"absent\""}},
		{"the directory", func(m *manifest.Manifest) { m.Step.Dir = "sub" }, []string{"directory: was ., is sub"}},
		{"the end", func(m *manifest.Manifest) { m.Step.Exit, m.Step.Signal = 137, 9 }, []string{"end: was exit 0, is signal 9"}},
		{"what is ignored", func(m *manifest.Manifest) { m.Step.Ignore = []string{"nothing"} }, []string{`ignored: was nothing, is "nothing"`}},
		{"the stat", func(m *manifest.Manifest) { m.Step.Stat = "meta" }, []string{"stat: was content, is meta"}},

		{"variables", func(m *manifest.Manifest) {
			m.Step.Env = map[string]string{"LANG": "de", "LC_ALL": "C", "Y": ""}
			m.Step.EnvUnset = []string{"X"}
		}, []string{`LANG: was "C", is "de"`, `LC_ALL: was unset, is "C"`, `X: was "1", is unset`, `Y: was unset, is ""`}},
		{"variables that are not asked for", func(m *manifest.Manifest) {
			m.Step.Env, m.Step.EnvUnset, m.Step.EnvOff = nil, nil, []string{"LANG"}
		}, []string{`LANG: was "C", is not recorded`, `X: was "1", is not recorded`, `Y: was unset, is not recorded`}},

		{"programs", func(m *manifest.Manifest) {
			m.Programs = []manifest.Program{{Name: "cc", Path: "/opt/cc"}, {Name: "cc", Path: "/usr/bin/cc"}, {Name: "ld"}}
		}, []string{
			"program as: was nowhere, is not searched for",
			"program cc: was /usr/bin/cc, is /opt/cc and /usr/bin/cc",
			"program ld: was not searched for, is nowhere",
		}},

		{"contents", func(m *manifest.Manifest) {
			at(m, "hello.c", footprint.Read).Digest = sumOf("two")
			at(m, "mod.py", footprint.Stat).Digest = manifest.Digest{}
			at(m, "src", footprint.List).Digest = sumOf("other names")
			at(m, "/bin", footprint.Link).Target = "usr/sbin"
		}, []string{
			"hello.c: was read sha256 7692c3ad3540…, is 3fc4ccfe7458…",
			"mod.py: was sha256 e55cffc81a5a…, is without a digest",
			"src: was list sha256 aeb24056810d…, is c59de1a75304…",
			`/bin: was a link to "usr/bin", is a link to "usr/sbin"`,
		}},
		{"a size", func(m *manifest.Manifest) {
			in := at(m, "hello.c", footprint.Read)
			in.Size, in.Exec, in.Digest = 1, true, sumOf("1")
		}, []string{"hello.c: was not executable, is executable", "hello.c: was 3 bytes, is 1 byte"}},
		{"types", func(m *manifest.Manifest) {
			at(m, "there", footprint.Exists).Type = footprint.Dir
			at(m, "src", footprint.Stat).Type = footprint.Symlink
		}, []string{"src: was a directory, is a link", "there: was a file, is a directory"}},
		{"kinds", func(m *manifest.Manifest) {
			*at(m, "early.h", footprint.Absent) = manifest.Input{Path: "early.h", Kind: footprint.Read}
			*at(m, "mod.py", footprint.Stat) = manifest.Input{Path: "mod.py", Kind: footprint.Read, Size: 3, Digest: sumOf("mod")}
			*at(m, "src", footprint.Stat) = manifest.Input{Path: "src", Kind: footprint.Exists, Type: footprint.Dir}
			*at(m, "there", footprint.Exists) = manifest.Input{Path: "there", Kind: footprint.Stat, Type: footprint.File}
		}, []string{
			"early.h: was absent, is read", "mod.py: was looked at, is read",
			"src: was looked at, a directory, is found, a directory", "there: was found, is looked at",
		}},
		{"a kind and a content", func(m *manifest.Manifest) {
			*at(m, "mod.py", footprint.Stat) = manifest.Input{Path: "mod.py", Kind: footprint.Read, Size: 3, Digest: sumOf("dom")}
		}, []string{"mod.py: was looked at, is read", "mod.py: was sha256 e55cffc81a5a…, is 7e6e9877fff0…"}},
		{"came and went", func(m *manifest.Manifest) {
			m.Inputs = append([]manifest.Input{{Path: "a: b", Kind: footprint.Absent}}, m.Inputs[2:]...)
		}, []string{
			`"a: b": was no input, is absent`,
			`/bin: was a link to "usr/bin", is no input`, "/usr/include/a.h: was read, is no input",
		}},
		{"a list went", func(m *manifest.Manifest) { m.Inputs = slices.Delete(m.Inputs, 6, 7) }, []string{"src: was listed, is no input"}},

		{"outputs", func(m *manifest.Manifest) {
			m.Outputs = []manifest.Output{
				{Path: "hello.o", Digest: sumOf("other"), Exec: true}, {Path: "lib.so", Kind: manifest.Symlink, Target: "lib.so.2"},
				{Path: "old", Kind: manifest.Removed},
			}
			m.Side = m.Side[1:]
		}, []string{
			"hello.o: was left not executable, is executable", "hello.o: was left sha256 2958d416d08a…, is d9298a10d1b0…",
			`lib.so: was left a link to "lib.so.1", is a link to "lib.so.2"`, "old: was no output, is removed",
			"~/.cache: was left a directory, is no output",
		}},
		{"kinds of outputs", func(m *manifest.Manifest) {
			m.Outputs = []manifest.Output{{Path: "hello.o", Kind: manifest.Dir}, {Path: "lib.so", Kind: manifest.Removed}}
		}, []string{"hello.o: was left a file, is left a directory", "lib.so: was left a link, is removed"}},
		{"uses", func(m *manifest.Manifest) { m.Uses = []string{"network"} },
			[]string{"machine: was used, is not used", "network: was not used, is used"}},
		{"completeness", func(m *manifest.Manifest) { m.Complete, m.Incomplete = false, []string{"mount", "stdin"} },
			[]string{"the record: was complete, is incomplete: mount; stdin"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := aRecord()
			tt.change(m)
			got := diffLines(aRecord(), m)
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			// The other way round it says as much.
			if back := diffLines(m, aRecord()); len(back) != len(got) {
				t.Errorf("%d differences, and %d the other way round:\n%s", len(got), len(back), strings.Join(back, "\n"))
			}
		})
	}
}

func sumOf(s string) manifest.Digest { return sha256.Sum256([]byte(s)) }

func diffLines(old, new *manifest.Manifest) (lines []string) {
	for _, r := range Diff(old, new) {
		lines = append(lines, r.String())
	}
	return lines
}

// What Encode writes of a record, Diff tells, but for where the record is: nothing that a
// record can hold is forgotten.
func TestDiffForgetsNothing(t *testing.T) {
	base := strings.Split(string(aRecord().Encode()), "\n")
	silent := map[string]bool{}
	tried := 0
	for i, line := range base {
		key, value, ok := strings.Cut(line, " = ")
		if !ok || key == "version" || key == "complete" || key == "entries" {
			continue
		}
		for _, edit := range []func(string) string{
			func(v string) string { return strings.Replace(v, `"`, `"0`, 1) },                   // another name
			func(v string) string { return strings.NewReplacer("0", "1", "3", "4").Replace(v) }, // another number or digest
		} {
			edited := edit(value)
			lines := slices.Clone(base)
			lines[i] = key + " = " + edited
			m, err := manifest.Decode([]byte(strings.Join(lines, "\n")))
			if edited == value || err != nil {
				continue // no other value, or none that a record can have there
			}
			tried++
			if len(Diff(aRecord(), m)) == 0 {
				silent[key] = true
			}
		}
	}
	if tried < 20 {
		t.Fatalf("only %d records differ: the test looks at too little", tried)
	}
	if got := slices.Sorted(maps.Keys(silent)); len(got) > 0 {
		t.Errorf("no difference is told in %s", got)
	}
}

func TestHunks(t *testing.T) {
	for _, tt := range []struct{ old, new, want string }{
		{"", "", ""},
		{"a b c", "a b c", ""},
		{"", "a b", "0:[]>[a b]"},
		{"a b", "", "0:[a b]>[]"},
		{"a b c d e", "a x c d y z e", "1:[b]>[x] 4:[]>[y z]"},
		{"a a a", "a a", "2:[a]>[]"},
		{"a b c", "b c a", "0:[a]>[] 2:[]>[a]"},
		{"a x b y c", "b q y", "0:[a x]>[] 1:[]>[q] 4:[c]>[]"},
	} {
		var got []string
		for _, h := range hunks(strings.Fields(tt.old), strings.Fields(tt.new)) {
			got = append(got, fmt.Sprintf("%d:%v>%v", h.at, h.was, h.is))
		}
		if got := strings.Join(got, " "); got != tt.want {
			t.Errorf("%q to %q: got %s, want %s", tt.old, tt.new, got, tt.want)
		}
	}
	// Of two lists of thousands of words that have little in common no table is made.
	long := func(prefix string) []string {
		list := []string{"cc"}
		for i := range 5000 {
			list = append(list, fmt.Sprint(prefix, i))
		}
		return append(list, "-o", "x")
	}
	got := hunks(long("a"), long("b"))
	if len(got) != 1 || got[0].at != 1 || len(got[0].was) != 5000 || len(got[0].is) != 5000 {
		t.Errorf("long lists: %d hunks", len(got))
	}
}

// Whatever the lists: the hunks make the one of the other.
func FuzzHunks(f *testing.F) {
	f.Add("a b c", "b d c")
	f.Fuzz(func(t *testing.T, a, b string) {
		old, new := strings.Split(a, " "), strings.Split(b, " ")
		if len(old)*len(new) > 1<<16 {
			return
		}
		var built []string
		rest := old
		at := 0 // of rest in old
		for _, h := range hunks(old, new) {
			keep := h.at - at
			if len(h.was) == 0 {
				keep = h.at - len(built)
			}
			if keep < 0 || keep+len(h.was) > len(rest) || !slices.Equal(rest[keep:keep+len(h.was)], h.was) {
				t.Fatalf("%q to %q: the hunk %+v has no place", old, new, h)
			}
			built = append(append(built, rest[:keep]...), h.is...)
			at += keep + len(h.was)
			rest = rest[keep+len(h.was):]
		}
		if built = append(built, rest...); !slices.Equal(built, new) {
			t.Fatalf("%q to %q makes %q", old, new, built)
		}
	})
}

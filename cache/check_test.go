package cache

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deptrace/depfile/manifest"
)

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*project)
		want   []string // empty: fresh
	}{
		{"nothing changed", func(*project) {}, nil},
		{"touched", func(p *project) { p.write("root/hello.c", "int main;\n") }, nil},
		{"edited, same length", func(p *project) { p.write("root/hello.c", "int mein;\n") },
			[]string{"hello.c: was read sha256 e352c1cd57a8…, is 3166f3b323df…"}},
		{"edited, another length", func(p *project) { p.write("root/hello.c", "x") },
			[]string{"hello.c: was 10 bytes, is 1 byte"}},
		{"an input removed", func(p *project) { p.remove("root/hello.c") }, []string{"hello.c: was read, is absent"}},
		{"an input is a directory now", func(p *project) { p.remove("root/hello.c"); p.mkdir("root/hello.c") },
			[]string{"hello.c: was read, is a directory"}},
		{"an input is a link to the same now", func(p *project) {
			p.must(os.Rename(p.path("root/hello.c"), p.path("root/h")))
			p.symlink("h", "root/hello.c")
		}, []string{"hello.c: was read, is a link"}},
		{"a script lost its bit", func(p *project) { p.must(os.Chmod(p.path("root/tool.sh"), 0o666)) },
			[]string{"tool.sh: was executable, is not executable"}},
		{"a file in home", func(p *project) { p.write("home/.ccrc", "-O3\n") },
			[]string{"~/.ccrc: was read sha256 ad549bd62e2e…, is bb1a9492ac67…"}},
		{"no home any more", func(p *project) { p.setenv("HOME") },
			[]string{"~/.ccrc: was read, is absent", "~/same: was read, is absent", "the record names files in the user's home, and HOME is not set"}},
		{"the metadata's file was edited", func(p *project) { p.write("root/stat.h", "#define T\n") },
			[]string{"stat.h: was sha256 342725162b65…, is e842e6567ab1…"}},
		{"the metadata's file is a directory", func(p *project) { p.remove("root/stat.h"); p.mkdir("root/stat.h") },
			[]string{"stat.h: was a file, is a directory"}},
		{"what was there is not", func(p *project) { p.remove("root/there") }, []string{"there: was a file, is absent"}},
		{"what was there is another thing", func(p *project) { p.remove("root/there"); p.mkdir("root/there") },
			[]string{"there: was a file, is a directory"}},
		{"what was there has other content", func(p *project) { p.write("root/there", "x") }, nil},
		{"what was absent is not", func(p *project) { p.write("root/include/hello.h", "") },
			[]string{"include/hello.h: was absent, is a file"}},
		{"a link turned", func(p *project) { p.remove("root/link"); p.symlink("x\n", "root/link") },
			[]string{`link: was a link to "hello.c", is a link to "x\n"`}},
		{"a link replaced", func(p *project) { p.remove("root/link"); p.write("root/link", "") },
			[]string{`link: was a link to "hello.c", is a file`}},
		{"a new name in a list", func(p *project) { p.write("root/src/b.c", "") },
			[]string{"src: was list sha256 6e6d23793be9…, is 244b0c9f0218…"}},
		{"names that do not count in a list", func(p *project) {
			p.write("root/src/b.log", "")
			p.remove("root/src/x.d")
		}, nil},
		{"the listed directory gone", func(p *project) { p.remove("root/src") },
			[]string{"src: was a directory, is absent", "src/made.c: was left a file, is absent"}},

		{"an output edited", func(p *project) { p.write("root/hello.o", "O") },
			[]string{"hello.o: was left sha256 65c74c15a686…, is c4694f2e93d5…"}},
		{"an output removed", func(p *project) { p.remove("root/hello.o") }, []string{"hello.o: was left a file, is absent"}},
		{"an output made executable", func(p *project) { p.must(os.Chmod(p.path("root/hello.o"), 0o777)) },
			[]string{"hello.o: was left not executable, is executable"}},
		{"an output directory gone", func(p *project) { p.remove("root/tmp.d") }, []string{"tmp.d: was left a directory, is absent"}},
		{"what was removed is back", func(p *project) { p.write("root/gone", "") }, []string{"gone: was removed, is a file"}},
		{"an output link turned", func(p *project) { p.remove("root/lib.so"); p.symlink("lib.so.2", "root/lib.so") },
			[]string{`lib.so: was left a link to "lib.so.1", is a link to "lib.so.2"`}},
		{"an in-out as it was found", func(p *project) { p.write("root/inout", "old") },
			[]string{"inout: was left sha256 11507a0e2f5e…, is cba06b5736fa…"}},
		{"outputs outside the root", func(p *project) { p.remove("home/.cache") }, nil},
		{"an in-out outside the root that was left as found", func(p *project) { p.write("home/same", "new") },
			[]string{"~/same: was read sha256 cba06b5736fa…, is 11507a0e2f5e…"}},

		{"another value", func(p *project) { p.setenv("LANG=de_DE.UTF-8") }, []string{`LANG: was "C", is "de_DE.UTF-8"`}},
		{"unset", func(p *project) { p.setenv("LANG"); p.setenv("X") }, []string{`LANG: was "C", is unset`, `X: was "1", is unset`}},
		{"empty is not unset", func(p *project) { p.setenv("X=") }, []string{`X: was "1", is ""`}},
		{"a listed one appears", func(p *project) { p.setenv("LD_PRELOAD=/x.so") }, []string{`LD_PRELOAD: was unset, is "/x.so"`}},
		{"one that was asked for appears", func(p *project) { p.setenv("Y=2") }, []string{`Y: was unset, is "2"`}},
		{"others do not count", func(p *project) { p.setenv("EDITOR=vi") }, nil},

		{"PATH spelled otherwise", func(p *project) { p.setenv("PATH=/nowhere:" + p.path("home") + "/..//bin/:") }, nil},
		{"a program shadowed", func(p *project) {
			p.program("bin2/cc")
			p.setenv("PATH=" + p.path("bin2") + ":" + p.path("bin"))
		}, []string{"program cc: was BIN/cc, is BIN2/cc"}},
		{"a program shadowed by a link to it", func(p *project) {
			p.symlink("../bin/cc", "bin2/cc")
			p.setenv("PATH=" + p.path("bin2") + ":" + p.path("bin"))
		}, nil},
		{"a program gone", func(p *project) { p.remove("bin/cc") }, []string{"program cc: was BIN/cc, is nowhere"}},
		{"a program not executable", func(p *project) { p.must(os.Chmod(p.path("bin/cc"), 0o666)) },
			[]string{"program cc: was BIN/cc, is nowhere"}},
		{"a program appears", func(p *project) { p.program("bin2/ld") }, []string{"program ld: was nowhere, is BIN2/ld"}},
		{"a directory is no program, but it is there", func(p *project) { p.mkdir("bin2/ld") },
			[]string{"program ld: was nowhere, is behind BIN2/ld, which cannot be run"}},

		{"incomplete", func(p *project) {
			p.edit(func(m *manifest.Manifest) { m.Complete, m.Incomplete = false, []string{"mount", "stdin"} })
		}, []string{"the record is incomplete: mount", "the record is incomplete: stdin"}},
		{"failed", func(p *project) { p.edit(func(m *manifest.Manifest) { m.Step.Exit = 2 }) }, []string{"the step failed: exit 2"}},
		{"killed", func(p *project) { p.edit(func(m *manifest.Manifest) { m.Step.Exit, m.Step.Signal = 137, 9 }) },
			[]string{"the step failed: signal 9"}},
		{"cheap ones first", func(p *project) {
			p.write("root/hello.c", "int mein;\n")
			p.remove("root/hello.o")
			p.setenv("LANG")
		}, []string{`LANG: was "C", is unset`, "hello.o: was left a file, is absent", "hello.c: was read sha256 e352c1cd57a8…, is 3166f3b323df…"}},

		{"no record", func(p *project) { p.remove("root/out/m.toml") }, []string{"no manifest"}},
		{"no directory of the record", func(p *project) { p.remove("root/out") }, []string{"no manifest"}},
		{"an empty record", func(p *project) { p.write("root/out/m.toml", "") }, []string{"the record is damaged: version is missing"}},
		{"a record of the future", func(p *project) { p.write("root/out/m.toml", "version = 7\nx = 1\n") },
			[]string{"the record has version 7, newer than 1, the newest that this deptrace reads"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newProject(t)
			p.record()
			tt.change(p)
			d, err := CheckFile(p.place(), p.world())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range d.Reasons {
				s := strings.ReplaceAll(r.String(), p.path("bin2"), "BIN2")
				got = append(got, strings.ReplaceAll(s, p.path("bin"), "BIN"))
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			if d.Fresh != (len(tt.want) == 0) {
				t.Errorf("fresh = %t", d.Fresh)
			}
		})
	}
}

func TestZeroDecisionIsStale(t *testing.T) {
	if (Decision{}).Fresh {
		t.Error("it is fresh")
	}
}

// A record outside its root is about the root that it is told.
func TestRootFromOutside(t *testing.T) {
	p := newProject(t)
	p.record()
	p.edit(func(m *manifest.Manifest) { m.Root = "" })
	p.must(os.Rename(p.path("root/out/m.toml"), p.path("m.toml")))
	at := Place{Manifest: p.path("m.toml")}
	if _, err := CheckFile(at, p.world()); !errors.Is(err, ErrNoRoot) {
		t.Errorf("got %v, want ErrNoRoot", err)
	}
	p.symlink("root", "r")
	at.Root = p.path("r")
	if d, err := CheckFile(at, p.world()); err != nil || !d.Fresh {
		t.Errorf("got %v, %v; want fresh", d, err)
	}
	at.Root = p.path("nowhere")
	if _, err := CheckFile(at, p.world()); err == nil {
		t.Error("a root that is not there is no error")
	}
}

// The whole project can move, and a record can be reached through a link.
func TestMovedProject(t *testing.T) {
	p := newProject(t)
	p.record()
	p.must(os.Rename(p.path("root"), p.path("elsewhere")))
	p.symlink("elsewhere", "root")
	if d, err := CheckFile(p.place(), p.world()); err != nil || !d.Fresh {
		t.Errorf("got %v, %v; want fresh", d, err)
	}
}

func TestReasonIsOneLine(t *testing.T) {
	for _, name := range []string{"a\nb", "a\xffb", "a\x1b[31m", "a\u202eb", "a: was b", `"`, ""} {
		if s := (Reason{Printable(name), "absent", "a file"}).String(); strings.ContainsAny(s, "\n\x1b\u202e") || strings.Contains(s, "\xff") || !strings.HasPrefix(s, `"`) {
			t.Errorf("%q becomes %s", name, s)
		}
	}
	if got := Printable("é b.h"); got != "é b.h" {
		t.Errorf("got %s", got)
	}
}

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"é: \"b\" \\": "é: \"b\" \\", "": "", "a\nb\tc": `a\nb\tc`, "\x1b[31m\x7f": `\x1b[31m\x7f`, "a\xffb\u202e\ufffd": `a\xffb\u202e` + "\ufffd",
	} {
		if got := Line(text); got != want {
			t.Errorf("%q becomes %s, want %s", text, got, want)
		}
	}
}

// BenchmarkCheck1000 is a fresh check of 1,000 inputs of 1 KiB each, a third of them
// lookups that failed.
func BenchmarkCheck1000(b *testing.B) {
	dir := b.TempDir()
	m := &manifest.Manifest{Version: manifest.Version, Complete: true, Root: ".", Step: manifest.Step{Argv: []string{"cc"}, Dir: "."}}
	for i := range 1000 {
		in := manifest.Input{Path: fmt.Sprintf("h%04d.h", i), Size: 1024}
		if i%3 == 0 {
			in = manifest.Input{Path: in.Path, Kind: 3}
		} else {
			data := []byte(fmt.Sprintf("%-1024d", i))
			in.Digest = sha256.Sum256(data)
			if err := os.WriteFile(dir+"/"+in.Path, data, 0o666); err != nil {
				b.Fatal(err)
			}
		}
		m.Inputs = append(m.Inputs, in)
	}
	at := Place{Manifest: dir + "/m.toml"}
	if err := m.Write(at.Manifest); err != nil {
		b.Fatal(err)
	}
	now := NewWorld(os.Environ())
	m.Step.Env, _ = m.Step.EnvironmentNow(now.Environ)
	if err := m.Write(at.Manifest); err != nil {
		b.Fatal(err)
	}
	b.Run("file", func(b *testing.B) {
		for b.Loop() {
			if d, err := CheckFile(at, now); err != nil || !d.Fresh {
				b.Fatal(d, err)
			}
		}
	})
	r, err := Load(at)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("decoded", func(b *testing.B) {
		for b.Loop() {
			if d := Check(r, now); !d.Fresh {
				b.Fatal(d)
			}
		}
	})
}

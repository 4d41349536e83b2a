package cache

import (
	"crypto/sha256"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deptrace/depfile/manifest"
)

var update = flag.Bool("update", false, "write testdata anew")

func (p *project) load() *Record {
	p.t.Helper()
	r, err := Load(p.place())
	p.must(err)
	return r
}

func (p *project) explain(salt string) string {
	p.t.Helper()
	var b strings.Builder
	p.must(Explain(&b, []*Record{p.load()}, p.world(), salt))
	return b.String()
}

func (p *project) key() Key {
	p.t.Helper()
	k, err := KeyOf([]*Record{p.load()}, p.world(), "")
	p.must(err)
	return k
}

func TestExplain(t *testing.T) {
	p := newProject(t)
	p.record()
	got := p.explain(`a "b"`)
	var short []string
	for line := range strings.Lines(got) {
		if i := strings.Index(line, "sha256 "); i >= 0 {
			rest := line[i+7:]
			line = line[:i+7] + rest[:12] + rest[64:]
		}
		short = append(short, line)
	}
	const name = "testdata/explain.txt"
	if *update {
		if err := os.WriteFile(name, []byte(strings.Join(short, "")), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(golden), strings.Join(short, "")); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	k, err := KeyOf([]*Record{p.load()}, p.world(), `a "b"`)
	if err != nil {
		t.Fatal(err)
	}
	if want := Key(sha256.Sum256([]byte(got))); k != want {
		t.Errorf("the key is not the digest of the text: %s, want %s", k, want)
	}
}

// What moves a key, and what does not.
func TestKey(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*project)
		moves  bool
	}{
		{"nothing", func(*project) {}, false},
		{"an input edited", func(p *project) { p.write("root/hello.c", "x") }, true},
		{"an input removed", func(p *project) { p.remove("root/hello.c") }, true},
		{"an input a directory", func(p *project) { p.remove("root/hello.c"); p.mkdir("root/hello.c") }, true},
		{"an input not executable", func(p *project) { p.must(os.Chmod(p.path("root/tool.sh"), 0o666)) }, true},
		{"the file of a stat edited", func(p *project) { p.write("root/stat.h", "#define T\n") }, true},
		{"a lookup that fails now", func(p *project) { p.remove("root/there") }, true},
		{"a lookup that finds another thing", func(p *project) { p.remove("root/there"); p.mkdir("root/there") }, true},
		{"a lookup that finds another file", func(p *project) { p.write("root/there", "x") }, false},
		{"a lookup that succeeds now", func(p *project) { p.write("root/include/hello.h", "") }, true},
		{"a link turned", func(p *project) { p.remove("root/link"); p.symlink("x", "root/link") }, true},
		{"a new name in a list", func(p *project) { p.write("root/src/b.c", "") }, true},
		{"names that do not count", func(p *project) { p.write("root/src/b.log", ""); p.remove("root/src/made.c") }, false},
		{"an in-out edited", func(p *project) { p.write("root/inout", "x") }, true},
		{"outputs removed", func(p *project) { p.remove("root/hello.o"); p.remove("root/lib.so"); p.remove("home/.cache") }, false},
		{"a variable set", func(p *project) { p.setenv("Y=1") }, true},
		{"a listed variable set", func(p *project) { p.setenv("TZ=UTC") }, true},
		{"another variable set", func(p *project) { p.setenv("EDITOR=vi") }, false},
		{"a program's bytes", func(p *project) { p.write("bin/cc", "x") }, true},
		{"the same program elsewhere", func(p *project) { p.must(os.Rename(p.path("bin/cc"), p.path("bin2/cc"))) }, false},
		{"a program appears", func(p *project) { p.program("bin2/ld") }, true},
		{"the root elsewhere", func(p *project) {
			p.must(os.Rename(p.path("root"), p.path("elsewhere")))
			p.symlink("elsewhere", "root")
		}, false},
		{"another command", func(p *project) { p.edit(func(m *manifest.Manifest) { m.Step.Argv[1] = "x" }) }, true},
		{"another standard input", func(p *project) { p.edit(func(m *manifest.Manifest) { m.Step.Stdin = "hello.c" }) }, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newProject(t)
			p.record()
			before, was := p.key(), p.explain("")
			tt.change(p)
			if moved := p.key() != before; moved != tt.moves {
				t.Errorf("moved = %t, want %t\n%s", moved, tt.moves, cmp.Diff(was, p.explain("")))
			}
		})
	}
}

// Another checkout, in another home, under another path, has the same key.
func TestKeyOfAnotherCheckout(t *testing.T) {
	p, q := newProject(t), newProject(t)
	p.record()
	q.record()
	if d := cmp.Diff(p.explain(""), q.explain("")); d != "" {
		t.Error(d)
	}
	for _, s := range []string{p.dir, q.dir} {
		if strings.Contains(p.explain(""), s) {
			t.Errorf("the text has %s in it", s)
		}
	}
}

func TestKeyOfSeveral(t *testing.T) {
	p, q := newProject(t), newProject(t)
	p.record()
	q.record()
	q.write("root/hello.c", "other")
	key := func(rs ...*Record) Key {
		k, err := KeyOf(rs, p.world(), "")
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	a, b := p.load(), q.load()
	if key(a, b) != key(b, a, b) {
		t.Error("order or doubles count")
	}
	if key(a, b) == key(a) || key(a) == key(b) {
		t.Error("two records have the key of one")
	}
	if k, err := KeyOf([]*Record{a}, p.world(), "x"); err != nil || k == key(a) {
		t.Errorf("the salt does not count: %v", err)
	}
}

func TestNoKey(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(*manifest.Manifest)
		want string
	}{
		{"incomplete", func(m *manifest.Manifest) { m.Complete, m.Incomplete = false, []string{"mount", "stdin"} },
			"m.toml has no key: the record is incomplete: mount; the record is incomplete: stdin"},
		{"failed", func(m *manifest.Manifest) { m.Step.Exit = 1 }, "m.toml has no key: the step failed: exit 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newProject(t)
			p.record()
			p.edit(tt.edit)
			_, err := KeyOf([]*Record{p.load()}, p.world(), "")
			var no *NoKeyError
			if !errors.As(err, &no) || !strings.HasSuffix(err.Error(), tt.want) {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
	t.Run("no home", func(t *testing.T) {
		p := newProject(t)
		p.record()
		p.setenv("HOME")
		if k, err := KeyOf([]*Record{p.load()}, p.world(), ""); err == nil {
			t.Errorf("got %s, want an error", k)
		}
	})
}

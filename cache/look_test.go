package cache

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"deptrace/cache/digest"
	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
	"deptrace/trace/footprint/osfs"
)

// However the inputs are shared out, and whatever is in the way to them, each is seen as
// if it were alone.
func TestInputsAreSeen(t *testing.T) {
	p := newProject(t)
	p.write("root/f", "")
	p.symlink("a0", "root/link")
	m := &manifest.Manifest{}
	add := func(form string) { m.Inputs = append(m.Inputs, manifest.Input{Path: form, Kind: footprint.Absent}) }
	for i := range 60 {
		if i%3 > 0 {
			p.write(fmt.Sprintf("root/a%d/x1", i), "x")
		}
		for j := range 6 {
			add(fmt.Sprintf("a%d/x%d", i, j))
		}
	}
	p.write("home/h1", "")
	for _, form := range []string{"f", "f/x", "f/y", "f/z", "link/x1", "link/x2", ".", "/", "/none", "~", "~/h1", "~/h2", "~/h3"} {
		add(form)
	}
	l := newLook(&Record{Manifest: m, Root: p.path("root")}, p.world())
	for i, s := range l.inputs() {
		path := manifest.Abs(m.Inputs[i].Path, p.path("root"), p.path("home"))
		if st, err := osfs.Lstat(path); s.path != path || s.st != st || s.err != nil || err != nil {
			t.Errorf("%s: got %+v, want %+v (%v)", m.Inputs[i].Path, s, st, err)
		}
	}
	if l.homeless {
		t.Error("there is a home")
	}
	l.now = &World{}
	if l.inputs(); !l.homeless {
		t.Error("it is not noticed that there is no home")
	}
}

// The whole of a check but the start of a process, with the digests known: the record is
// read, inputs that are there and some that are not are looked at, and all is as it was.
func benchmarkCheck(b *testing.B, n int) {
	dir := b.TempDir()
	m := &manifest.Manifest{Version: manifest.Version, Complete: true, Root: ".", Step: manifest.Step{Argv: []string{"cc"}, Dir: "."}}
	for i := range n {
		in := manifest.Input{Path: fmt.Sprintf("third_party/library%03d/include/header_%05d.h", i/100, i), Kind: footprint.Absent}
		if i%4 > 0 {
			in.Kind, in.Size, in.Digest = footprint.Read, 8, sha256.Sum256([]byte("#define\n"))
			p := filepath.Join(dir, in.Path)
			if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
				b.Fatal(err)
			}
			if err := os.WriteFile(p, []byte("#define\n"), 0o666); err != nil {
				b.Fatal(err)
			}
		}
		m.Inputs = append(m.Inputs, in)
	}
	p := Place{Manifest: dir + "/m.toml"}
	if err := m.Write(p.Manifest); err != nil {
		b.Fatal(err)
	}
	memo, err := digest.OpenMemo(dir + "/memo")
	if err != nil {
		b.Skip(err) // there is none on this system
	}
	defer memo.Close()
	now := &World{Files: memo.Look}
	// Until the files are old enough to be known.
	for before := -1; ; {
		_, hashed := memo.Counts()
		if hashed == before {
			break
		}
		before = hashed
		if _, err := CheckFile(p, now); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if d, err := CheckFile(p, now); err != nil || !d.Fresh {
			b.Fatal(d, err)
		}
	}
}

func BenchmarkCheckKnown1000(b *testing.B)  { benchmarkCheck(b, 1000) }
func BenchmarkCheckKnown50000(b *testing.B) { benchmarkCheck(b, 50000) }

package cache

import (
	"bytes"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deptrace/cache/digest"
	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

var someWeak = Key{7}

// set is the input set of a record in the record's place.
func set(r *Record, now *World) *Record {
	return &Record{Manifest: InputSet(r, now), Path: r.Path, Root: r.Root}
}

func (p *project) strong(r *Record) Key {
	p.t.Helper()
	k, err := StrongKey(someWeak, set(r, p.world()), p.world())
	p.must(err)
	return k
}

func (p *project) recorded(r *Record) (found, left Key) {
	p.t.Helper()
	found, left, err := RecordedKeys(someWeak, r, p.world())
	p.must(err)
	return found, left
}

// whole is a project with all inputs as the step found them, and its record: it has every
// kind of input, and what [project.record] does not have of them.
func whole(t *testing.T, edit func(*manifest.Manifest)) (*project, *Record) {
	t.Helper()
	p := newProject(t)
	p.record()
	p.write("root/inout", "old")
	if edit != nil {
		p.edit(edit)
	}
	return p, p.load()
}

// What a run records is what somebody finds who looks for its result, before the run and
// after it.
func TestStrongKeyIsRecorded(t *testing.T) {
	p, r := whole(t, nil)
	found, left := p.recorded(r)
	if got := p.strong(r); got != found {
		t.Errorf("before the run: %s, recorded as found %s", got, found)
	}
	p.write("root/inout", "new")
	if got := p.strong(r); got != left {
		t.Errorf("after the run: %s, recorded as left %s", got, left)
	}
	if found == left {
		t.Error("it changed what it had read, and both keys are one")
	}
	if other, _, err := RecordedKeys(Key{8}, r, p.world()); err != nil || other == found {
		t.Errorf("the weak key does not count, %v", err)
	}
	// Nothing of it is looked up in files that can change.
	p.write("root/hello.c", "changed since")
	p.remove("root/src")
	p.program("bin/ld")
	if f, l := p.recorded(r); f != found || l != left {
		t.Error("the recorded keys are not those of the record")
	}
}

// Under --stat=meta the size stands for the content.
func TestStrongKeyMeta(t *testing.T) {
	p, r := whole(t, func(m *manifest.Manifest) {
		m.Step.Stat = "meta"
		for i := range m.Inputs {
			if m.Inputs[i].Kind == footprint.Stat {
				m.Inputs[i].Digest = manifest.Digest{}
			}
		}
	})
	found, left := p.recorded(r)
	if got := p.strong(r); got != found || left != found {
		t.Errorf("got %s, recorded as found %s and left %s", got, found, left)
	}
	p.write("root/stat.h", "#define T\n")
	if p.strong(r) != found {
		t.Error("the content counts")
	}
	p.write("root/stat.h", "#define LONG\n")
	if p.strong(r) == found {
		t.Error("the size does not count")
	}
}

// Each single change of what the step looked at moves the key; nothing else does.
func TestStrongKeyMoves(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*project)
		moves  bool
	}{
		{"read", func(p *project) { p.write("root/hello.c", "int mein;\n") }, true},
		{"read, gone", func(p *project) { p.remove("root/hello.c") }, true},
		{"read, now a link to the same", func(p *project) {
			p.must(os.Rename(p.path("root/hello.c"), p.path("root/h")))
			p.symlink("h", "root/hello.c")
		}, true},
		{"read, executable", func(p *project) { p.must(os.Chmod(p.path("root/hello.c"), 0o777)) }, true},
		{"read, not executable", func(p *project) { p.must(os.Chmod(p.path("root/tool.sh"), 0o666)) }, true},
		{"stat", func(p *project) { p.write("root/stat.h", "#define T\n") }, true},
		{"stat, executable", func(p *project) { p.must(os.Chmod(p.path("root/stat.h"), 0o777)) }, true},
		{"stat, gone", func(p *project) { p.remove("root/stat.h") }, true},
		{"stat of a directory, now a file", func(p *project) { p.remove("root/src"); p.write("root/src", "") }, true},
		{"exists", func(p *project) { p.remove("root/there") }, true},
		{"exists, another type", func(p *project) { p.remove("root/there"); p.symlink("x", "root/there") }, true},
		{"exists, another content", func(p *project) { p.write("root/there", "x") }, false},
		{"absent", func(p *project) { p.mkdir("root/include/hello.h") }, true},
		{"absent, its directory too", func(p *project) { p.mkdir("root/include") }, false},
		{"link", func(p *project) { p.remove("root/link"); p.symlink("hello.c ", "root/link") }, true},
		{"link, now a file", func(p *project) { p.remove("root/link"); p.write("root/link", "hello.c") }, true},
		{"list, more", func(p *project) { p.write("root/src/b.c", "") }, true},
		{"list, less", func(p *project) { p.remove("root/src/a.c") }, true},
		{"list, another type", func(p *project) { p.remove("root/src/a.c"); p.mkdir("root/src/a.c") }, true},
		{"list, a content", func(p *project) { p.write("root/src/a.c", "x") }, false},
		{"list, an output", func(p *project) { p.remove("root/src/made.c") }, false},
		{"list, what deptrace writes", func(p *project) { p.remove("root/src/x.d") }, false},
		{"list, ignored", func(p *project) { p.write("root/src/more.log", "") }, false},
		{"in-out", func(p *project) { p.write("root/inout", "another") }, true},
		{"in home", func(p *project) { p.write("home/.ccrc", "-O3\n") }, true},
		{"program", func(p *project) { p.write("bin/cc", "x") }, true},
		{"program, gone", func(p *project) { p.remove("bin/cc") }, true},
		{"program, elsewhere", func(p *project) { p.must(os.Rename(p.path("bin/cc"), p.path("bin2/cc"))) }, true},
		{"program, its directory now behind a link", func(p *project) { p.symlink("bin", "bin3"); p.setenv("PATH=" + p.path("bin3") + ":" + p.path("bin2")) }, false},
		{"program, one in front", func(p *project) {
			p.must(os.Rename(p.path("bin/cc"), p.path("bin2/cc")))
			p.write("bin/cc", "another")
			p.must(os.Chmod(p.path("bin/cc"), 0o777))
		}, true},
		{"program, found now", func(p *project) { p.program("bin/ld") }, true},
		{"outputs", func(p *project) { p.remove("root/hello.o"); p.remove("root/tmp.d"); p.write("root/gone", "") }, false},
		{"what nobody asked for", func(p *project) { p.write("root/other", "") }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, r := whole(t, nil)
			before := p.strong(r)
			tt.change(p)
			if moved := p.strong(r) != before; moved != tt.moves {
				t.Errorf("moved = %t, want %t", moved, tt.moves)
			}
		})
	}
	p, r := whole(t, nil)
	p.setenv("HOME")
	if k, err := StrongKey(someWeak, set(r, p.world()), p.world()); err == nil {
		t.Errorf("without a home: %s, want an error", k)
	}
	if k, _, err := RecordedKeys(someWeak, r, p.world()); err == nil {
		t.Errorf("without a home: %s, want an error", k)
	}
}

// Records of one step in different states have one input set, byte for byte.
func TestInputSet(t *testing.T) {
	p, r := whole(t, nil)
	_, other := whole(t, func(m *manifest.Manifest) {
		for i := range m.Inputs {
			in := &m.Inputs[i]
			switch in.Kind {
			case footprint.Exists:
				in.Kind, in.Type = footprint.Absent, footprint.None
			case footprint.Absent:
				in.Kind, in.Type = footprint.Exists, footprint.Dir
			case footprint.Link:
				in.Target += "x"
			case footprint.List:
				in.Digest[0]++
			case footprint.Read:
				in.Digest[0]++
				in.Size++
				in.Exec = !in.Exec
			case footprint.Stat:
				in.Type, in.Digest, in.Size = footprint.Other, manifest.Digest{}, 0
			}
		}
		for i := range m.Outputs {
			m.Outputs[i] = manifest.Output{Path: m.Outputs[i].Path, Kind: manifest.Removed}
		}
		m.Programs[0].Path, m.Programs[1].Path = "", "/bin/ld"
		m.Step.Argv, m.Step.Env = []string{"x"}, nil
		m.Uses, m.Side, m.Root = []string{"machine"}, nil, "."
	})
	a, b := InputSet(r, p.world()), InputSet(other, p.world())
	if !bytes.Equal(a.Encode(), b.Encode()) {
		t.Errorf("two sets:\n%s", cmp.Diff(string(a.Encode()), string(b.Encode())))
	}
	if d := cmp.Diff(a, InputSet(&Record{Manifest: a, Root: r.Root}, p.world())); d != "" {
		t.Errorf("the set of a set is another one:\n%s", d)
	}
	b.Inputs[0].Path += "x"
	if bytes.Equal(a.Encode(), b.Encode()) {
		t.Error("what was looked at does not count")
	}
}

// A directory that the step listed and then removed, or made something else, is listed by
// nobody afterwards.
func TestLeftOfList(t *testing.T) {
	for _, tt := range []struct {
		name string
		out  manifest.Output
		do   func(*project)
	}{
		{"removed", manifest.Output{Path: "d", Kind: manifest.Removed}, func(p *project) { p.remove("root/d") }},
		{"a file", manifest.Output{Path: "d", Kind: manifest.File}, func(p *project) { p.remove("root/d"); p.write("root/d", "") }},
		{"a link", manifest.Output{Path: "d", Kind: manifest.Symlink, Target: "src"}, func(p *project) { p.remove("root/d"); p.symlink("src", "root/d") }},
		{"still one", manifest.Output{Path: "d", Kind: manifest.Dir}, func(p *project) { p.must(os.Chmod(p.path("root/d"), 0o755)) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, r := whole(t, nil)
			p.mkdir("root/d")
			r.Inputs = []manifest.Input{{Path: "d", Kind: footprint.List, Digest: manifest.ListDigest(nil, nil)}}
			r.Outputs = []manifest.Output{tt.out}
			found, left := p.recorded(r)
			if got := p.strong(r); got != found {
				t.Errorf("before the run: %s, recorded as found %s", got, found)
			}
			tt.do(p)
			if got := p.strong(r); got != left {
				t.Errorf("after the run: %s, recorded as left %s", got, left)
			}
		})
	}
}

// A program that the step itself puts where it had looked for one was not there when it
// started.
func TestProgramMadeByStep(t *testing.T) {
	for _, tt := range []struct {
		name   string
		before func(*project)
		after  manifest.Output
		do     func(*project)
	}{
		{"made", func(*project) {}, manifest.Output{Path: "tools/ld", Kind: manifest.File, Exec: true}, func(p *project) { p.program("root/tools/ld") }},
		{"replaced", func(p *project) { p.program("root/tools/ld") }, manifest.Output{Path: "tools/ld", Kind: manifest.File, Exec: true},
			func(p *project) { p.write("root/tools/ld", "another") }},
		{"removed", func(p *project) { p.program("root/tools/ld") }, manifest.Output{Path: "tools/ld", Kind: manifest.Removed},
			func(p *project) { p.remove("root/tools/ld") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, r := whole(t, nil)
			p.setenv("PATH=" + p.path("root/tools"))
			p.mkdir("root/tools")
			tt.before(p)
			r.Programs, r.Inputs = []manifest.Program{{Name: "ld"}}, nil
			r.Outputs = []manifest.Output{tt.after}
			if res := p.world().files([]digest.Request{{Path: p.path("root/tools/ld")}})[0]; res.Err == nil {
				r.Programs[0].Path = "tools/ld"
				r.Inputs = []manifest.Input{{Path: "tools/ld", Kind: footprint.Read, Digest: manifest.Digest(res.Sum), Exec: true}}
			}
			before := p.strong(r)
			tt.do(p)
			if res := p.world().files([]digest.Request{{Path: p.path("root/tools/ld")}})[0]; res.Err == nil {
				r.Outputs[0].Digest = manifest.Digest(res.Sum)
			}
			found, left := p.recorded(r)
			if before != found {
				t.Errorf("before the run: %s, recorded as found %s", before, found)
			}
			if got := p.strong(r); got != left {
				t.Errorf("after the run: %s, recorded as left %s", got, left)
			}
		})
	}
}

// A step can write down where it found a program that it did not run, or that it found none.
func TestLookedForInPath(t *testing.T) {
	p, r := whole(t, func(m *manifest.Manifest) {
		m.Inputs = []manifest.Input{
			{Path: "bin/other", Kind: footprint.Absent}, // in no directory of PATH
			{Path: "tools/what", Kind: footprint.Absent},
		}
		m.Programs = nil
	})
	p.mkdir("root/tools")
	p.mkdir("root/bin")
	p.setenv("PATH=" + p.path("root/tools") + ":" + p.path("bin"))
	if got := InputSet(r, p.world()).Programs; len(got) != 1 || got[0].Name != "what" {
		t.Errorf("the set searches for %v, want what", got)
	}
	found, left := p.recorded(r)
	if got := p.strong(r); got != found || got != left {
		t.Errorf("got %s, recorded as found %s and left %s", got, found, left)
	}
	p.program("bin2/what")
	if p.strong(r) != found {
		t.Error("a program counts that is not in PATH")
	}
	searched := set(r, p.world())
	p.setenv("PATH=" + p.path("bin2") + ":" + p.path("root/tools"))
	now, err := StrongKey(someWeak, searched, p.world())
	if err != nil || now == found {
		t.Errorf("what PATH leads to now does not count, %v", err)
	}
}

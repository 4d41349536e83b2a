package cache

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"deptrace/cache/digest"
	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
	"deptrace/trace/footprint/osfs"
)

// project is a directory with a root, a home and a directory of programs in it.
type project struct {
	t   *testing.T
	dir string
	env []string
}

func newProject(t *testing.T) *project {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p := &project{t: t, dir: dir}
	p.env = []string{"PATH=" + p.path("bin") + ":" + p.path("bin2"), "HOME=" + p.path("home"), "LANG=C", "X=1"}
	for _, d := range []string{"root", "home", "bin", "bin2"} {
		p.mkdir(d)
	}
	return p
}

func (p *project) path(name string) string { return filepath.Join(p.dir, name) }

func (p *project) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *project) mkdir(name string) { p.must(os.MkdirAll(p.path(name), 0o777)) }

func (p *project) write(name, content string) {
	p.must(os.MkdirAll(filepath.Dir(p.path(name)), 0o777))
	p.must(os.WriteFile(p.path(name), []byte(content), 0o666))
}

func (p *project) program(name string) {
	p.write(name, "#!/bin/sh\n# "+filepath.Base(name)+"\n")
	p.must(os.Chmod(p.path(name), 0o777))
}

func (p *project) symlink(target, name string) { p.must(os.Symlink(target, p.path(name))) }

func (p *project) remove(name string) { p.must(os.RemoveAll(p.path(name))) }

// footprint is that of a step that used every kind of input and left every kind of
// output, as the files are now. The content of root/inout was "old".
func (p *project) footprint() *footprint.Footprint {
	p.t.Helper()
	fp := &footprint.Footprint{Programs: []footprint.Program{{Name: "cc", Path: p.path("bin/cc")}, {Name: "ld"}}}
	in := func(name string, kind footprint.Kind) *footprint.Input {
		st, err := osfs.Lstat(p.path(name))
		p.must(err)
		fp.Inputs = append(fp.Inputs, footprint.Input{Path: p.path(name), Kind: kind, State: st})
		return &fp.Inputs[len(fp.Inputs)-1]
	}
	out := func(name string) *footprint.Output {
		st, err := osfs.Lstat(p.path(name))
		p.must(err)
		fp.Outputs = append(fp.Outputs, footprint.Output{Path: p.path(name), State: st})
		return &fp.Outputs[len(fp.Outputs)-1]
	}
	in("root/hello.c", footprint.Read)
	in("root/tool.sh", footprint.Read)
	in("root/stat.h", footprint.Stat)
	in("root/src", footprint.Stat)
	in("root/there", footprint.Exists)
	in("root/include/hello.h", footprint.Absent)
	in("home/.ccrc", footprint.Read)
	in("root/link", footprint.Link).Target = "hello.c"
	in("root/src", footprint.List).Entries = []footprint.Entry{{Name: "a.c", Type: footprint.File}}
	for _, name := range []string{"root/inout", "home/same"} {
		i := in(name, footprint.Read)
		i.InOut, i.State.Size = true, 3
		i.Kept = kept("old")
		out(name).InOut = true
	}
	out("root/hello.o")
	out("root/src/made.c")
	out("root/tmp.d")
	out("root/gone")
	out("root/lib.so").Target = "lib.so.1"
	out("home/.cache/x")
	return fp
}

// kept is a content that was saved.
type kept string

func (k kept) Done() <-chan struct{} { return nil }
func (k kept) Sum() ([32]byte, error) {
	f, err := os.CreateTemp("", "")
	if err != nil {
		return [32]byte{}, err
	}
	defer os.Remove(f.Name())
	if err := os.WriteFile(f.Name(), []byte(k), 0o600); err != nil {
		return [32]byte{}, err
	}
	r := (&World{}).files([]digest.Request{{Path: f.Name()}})[0]
	return r.Sum, r.Err
}

// record runs the step, as it were, and writes its record to root/out/m.toml.
func (p *project) record() {
	p.t.Helper()
	p.program("bin/cc")
	p.write("root/hello.c", "int main;\n")
	p.program("root/tool.sh")
	p.write("root/stat.h", "#define S\n")
	p.write("root/there", "")
	p.write("root/src/a.c", "")
	p.write("root/src/made.c", "")
	p.write("root/src/x.d", "")
	p.write("root/src/ignored.log", "")
	p.write("home/.ccrc", "-O2\n")
	p.symlink("hello.c", "root/link")
	p.write("root/inout", "new")
	p.write("home/same", "old")
	p.write("root/hello.o", "o")
	p.mkdir("root/tmp.d")
	p.symlink("lib.so.1", "root/lib.so")
	p.write("home/.cache/x", "x")
	p.mkdir("root/out")
	m, err := manifest.Build(p.footprint(), manifest.Options{
		Root: p.path("root"), Dir: p.path("root"), Home: p.path("home"), Path: p.path("root/out/m.toml"),
		Own:  []string{p.path("root/src/x.d")},
		Argv: []string{"cc", "hello.c"}, Environ: p.env, Env: []string{"X", "Y"}, Ignore: []string{"**/*.log"},
	}, Digester{})
	p.must(err)
	p.must(m.Write(p.path("root/out/m.toml")))
}

func (p *project) place() Place { return Place{Manifest: p.path("root/out/m.toml")} }

func (p *project) world() *World { return NewWorld(p.env) }

// setenv sets a variable, or takes it away if it has no "=".
func (p *project) setenv(e string) {
	name, _, set := strings.Cut(e, "=")
	p.env = slices.DeleteFunc(slices.Clone(p.env), func(old string) bool { return strings.HasPrefix(old, name+"=") })
	if set {
		p.env = append(p.env, e)
	}
}

// edit changes the record.
func (p *project) edit(f func(*manifest.Manifest)) {
	m, err := manifest.Read(p.place().Manifest)
	p.must(err)
	f(m)
	p.must(m.Write(p.place().Manifest))
}

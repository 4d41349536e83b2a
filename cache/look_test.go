package cache

import (
	"fmt"
	"testing"

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

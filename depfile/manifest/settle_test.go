package manifest

import (
	"testing"

	"deptrace/trace/footprint"
)

func TestSameStep(t *testing.T) {
	first := func() *Manifest {
		return &Manifest{
			Version: Version, Complete: true, Root: ".",
			Step:    Step{Argv: []string{"ar", "rcs", "lib.a", "x.o"}, Dir: "."},
			Inputs:  []Input{{Path: "x.o", Kind: footprint.Read, Digest: Digest{1}, Size: 3}},
			Outputs: []Output{{Path: "build", Kind: Dir}, {Path: "lib.a", Kind: File, Digest: Digest{2}}},
		}
	}
	oldArchive := Input{Path: "lib.a", Kind: footprint.Read, Digest: Digest{2}, Size: 5}
	for name, c := range map[string]struct {
		change func(*Manifest)
		want   bool
	}{
		"the same":        {func(m *Manifest) {}, true},
		"old output read": {func(m *Manifest) { m.Inputs = append([]Input{oldArchive}, m.Inputs...) }, true},
		"old output stat-ed": {func(m *Manifest) {
			m.Inputs = append([]Input{{Path: "build", Kind: footprint.Stat, Type: footprint.Dir}}, m.Inputs...)
		}, true},
		"old output listed, empty": {func(m *Manifest) {
			m.Inputs = append([]Input{{Path: "build", Kind: footprint.List, Digest: ListDigest(nil, nil)}}, m.Inputs...)
		}, true},
		"old output listed, with others": {func(m *Manifest) {
			m.Inputs = append([]Input{{Path: "build", Kind: footprint.List, Digest: Digest{9}}}, m.Inputs...)
		}, false},
		"another old output read": {func(m *Manifest) {
			in := oldArchive
			in.Digest = Digest{3}
			m.Inputs = append([]Input{in}, m.Inputs...)
		}, false},
		"old output read, another left": {func(m *Manifest) {
			m.Inputs = append([]Input{oldArchive}, m.Inputs...)
			m.Outputs[1].Digest = Digest{3}
		}, false},
		"another input": {func(m *Manifest) {
			m.Inputs = append([]Input{oldArchive}, m.Inputs...)
			m.Inputs[1].Digest = Digest{4}
		}, false},
		"another command": {func(m *Manifest) {
			m.Inputs = append([]Input{oldArchive}, m.Inputs...)
			m.Step.Argv[1] = "r"
		}, false},
		"another standard input": {func(m *Manifest) {
			m.Inputs = append([]Input{oldArchive}, m.Inputs...)
			m.Step.Stdin = "x.o"
		}, false},
		"one input more": {func(m *Manifest) { m.Inputs = append(m.Inputs, Input{Path: "y.o", Kind: footprint.Absent}) }, false},
	} {
		m := first()
		c.change(m)
		if got := m.SameStep(first()); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	// What was an input of the first run, too, is one.
	m, old := first(), first()
	m.Inputs = append([]Input{oldArchive}, m.Inputs...)
	old.Inputs = append([]Input{{Path: "lib.a", Kind: footprint.Link, Target: "z"}}, old.Inputs...)
	if m.SameStep(old) {
		t.Error("an in-out of the first run is no input of the second")
	}
}

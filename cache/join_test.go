package cache

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

// lineRecord is the record of a line: its inputs and outputs as "kind path content".
func lineRecord(line string, inputs, outputs []string) *manifest.Manifest {
	m := &manifest.Manifest{
		Version: 1, Complete: true, Root: ".",
		Step: manifest.Step{Argv: []string{"/bin/sh", "-c", line}, Dir: "."},
	}
	kinds := map[string]footprint.Kind{
		"read": footprint.Read, "stat": footprint.Stat, "exists": footprint.Exists, "absent": footprint.Absent, "list": footprint.List,
	}
	for _, s := range inputs {
		w := strings.Fields(s)
		in := manifest.Input{Path: w[1], Kind: kinds[w[0]]}
		if len(w) > 2 {
			in.Digest, in.Size, in.Type = sumOf(w[2]), int64(len(w[2])), footprint.File
		}
		if in.Kind == footprint.Read || in.Kind == footprint.List {
			in.Type = footprint.None
		}
		if in.Kind == footprint.List {
			in.Size = 0
		}
		m.Inputs = append(m.Inputs, in)
	}
	for _, s := range outputs {
		w := strings.Fields(s)
		out := manifest.Output{Path: w[1], Kind: map[string]manifest.OutputKind{"file": manifest.File, "dir": manifest.Dir, "removed": manifest.Removed}[w[0]]}
		if len(w) > 2 {
			out.Digest = sumOf(w[2])
		}
		m.Outputs = append(m.Outputs, out)
	}
	return m
}

func TestJoin(t *testing.T) {
	compile := lineRecord("cc", []string{"absent early.h", "read x.c code", "stat x.o.tmp.d old"}, []string{"file x.o.tmp object"})
	for _, tt := range []struct {
		name        string
		first, then *manifest.Manifest
		want        *manifest.Manifest
	}{
		{"renamed", compile, lineRecord("mv", []string{"stat x.o old", "read x.o.tmp object"}, []string{"file x.o object", "removed x.o.tmp"}),
			lineRecord("(cc\n) && (mv\n)", []string{"absent early.h", "read x.c code", "stat x.o old", "stat x.o.tmp.d old"},
				[]string{"file x.o object", "removed x.o.tmp"})},
		{"changed in place", lineRecord("echo", nil, []string{"file x one"}), lineRecord("echo more", []string{"read x one", "read y two"}, []string{"file x onetwo"}),
			lineRecord("(echo\n) && (echo more\n)", []string{"read y two"}, []string{"file x onetwo"})},
		{"the stronger kind, and the first state", lineRecord("a", []string{"exists h", "read i one"}, []string{"file x one"}),
			lineRecord("b", []string{"read h text", "read i two", "read x one"}, []string{"file x two"}),
			lineRecord("(a\n) && (b\n)", []string{"read h text", "read i one"}, []string{"file x two"})},
		{"the same line again", lineRecord("(ar a\n) && (ar b\n)", []string{"read a one", "read b one"}, []string{"file lib one"}),
			lineRecord("ar b", []string{"read b two", "read lib one"}, []string{"file lib two"}),
			lineRecord("(ar a\n) && (ar b\n)", []string{"read a one", "read b two"}, []string{"file lib two"})},
		{"the only line again", lineRecord("ar", []string{"read a one"}, []string{"file lib one"}),
			lineRecord("ar", []string{"read a two", "read lib one"}, []string{"file lib two"}),
			lineRecord("ar", []string{"read a two"}, []string{"file lib two"})},
		{"a list of a directory that it made", lineRecord("a", nil, []string{"dir d", "file d/x one"}),
			lineRecord("b", []string{"list . all", "list d names", "read d/x one"}, []string{"file d/x two"}),
			lineRecord("(a\n) && (b\n)", []string{"list . all", "list d names"}, []string{"dir d", "file d/x two"})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !GoesOn(tt.first, tt.then.Step.Dir, tt.then.Step.Argv) {
				t.Fatal("it does not go on with the first")
			}
			got := string(Join(tt.first, tt.then).Encode())
			if d := cmp.Diff(string(tt.want.Encode()), got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			if _, err := manifest.Decode([]byte(got)); err != nil {
				t.Errorf("what is joined is no record: %v", err)
			}
		})
	}
}

// What concerns the record as a whole is of both, and nothing bad is lost.
func TestJoinWhole(t *testing.T) {
	first := lineRecord("a", nil, []string{"file x one"})
	first.Complete, first.Incomplete, first.Uses = false, []string{"stdin"}, []string{"network"}
	first.Step.Exit = 2
	first.Step.Env, first.Step.EnvUnset = map[string]string{"LANG": "C"}, []string{"X", "Y"}
	first.Programs = []manifest.Program{{Name: "cc", Path: "/usr/bin/cc"}}
	first.Side = []manifest.Output{{Path: "/var/x", Kind: manifest.Dir}}
	then := lineRecord("b", []string{"read x other"}, []string{"file x two"})
	then.Step.Env = map[string]string{"LANG": "de", "X": "1"}
	then.Step.Ignore, then.Step.Writes, then.Step.Stat = []string{"*.log"}, []string{"x.d"}, "meta"
	then.Programs = []manifest.Program{{Name: "as", Path: "/usr/bin/as"}, {Name: "cc", Path: "/usr/bin/cc"}}

	j := Join(first, then)
	want := lineRecord("(a\n) && (b\n)", nil, []string{"file x two"})
	want.Complete, want.Incomplete, want.Uses = false, []string{"input-edited: x", "stdin"}, []string{"network"}
	want.Step.Exit = 2
	want.Step.Env, want.Step.EnvUnset = map[string]string{"LANG": "C", "X": "1"}, []string{"Y"}
	want.Step.Ignore, want.Step.Writes, want.Step.Stat = []string{"*.log"}, []string{"x.d"}, "meta"
	want.Programs = then.Programs
	want.Side = first.Side
	if d := cmp.Diff(string(want.Encode()), string(j.Encode())); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}

	if GoesOn(first, "sub", then.Step.Argv) || GoesOn(first, ".", []string{"/bin/bash", "-c", "b"}) || GoesOn(first, ".", []string{"b"}) {
		t.Error("a step of another directory or shell goes on with the first")
	}
}

func TestWithout(t *testing.T) {
	m := lineRecord("a", nil, []string{"dir d", "file d/x one", "file d/y two"})
	rest, files := Without(m, func(form string) bool { return form == "d/x" })
	if !files || len(rest.Outputs) != 2 || len(m.Outputs) != 3 {
		t.Errorf("%d outputs are left, of them files: %t; the record has %d", len(rest.Outputs), files, len(m.Outputs))
	}
	rest, files = Without(rest, func(form string) bool { return form == "d/y" })
	if files || !slices.Equal(rest.Outputs, m.Outputs[:1]) {
		t.Errorf("left are %v, and a file: %t", rest.Outputs, files)
	}
}

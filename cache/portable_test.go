package cache

import (
	"testing"

	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

// What ties a record to its checkout, and what is left out because every checkout has it.
func TestPortable(t *testing.T) {
	const root = "/home/u/src/one"
	now := &World{Environ: []string{"PATH=/home/u/bin:/usr/bin"}, Home: "/home/u"}
	for _, tt := range []struct {
		path   string
		kind   footprint.Kind
		kept   bool
		beside bool
	}{
		{"hello.c", footprint.Read, true, false},
		{".", footprint.List, true, false},
		{"/usr/include/stdio.h", footprint.Read, true, false},
		{"/etc/ld.so.cache", footprint.Read, true, false},
		{"/home", footprint.Stat, false, false},
		{"~", footprint.Stat, false, false},
		{"~/src", footprint.Exists, false, false},
		{"/", footprint.Stat, false, false},
		{"~/src", footprint.List, true, true},
		{"~/src/inc/h.h", footprint.Read, true, true},
		{"~/src/.clang-format", footprint.Absent, true, true},
		{"~/src/one-more/h.h", footprint.Read, true, true},
		{"~/.config", footprint.Absent, true, true},
		{"/home/other/h.h", footprint.Stat, true, true},
		{"~/bin/gcc", footprint.Absent, true, false},
		{"~/bin/sub/gcc", footprint.Absent, true, true},
	} {
		m := &manifest.Manifest{Inputs: []manifest.Input{{Path: tt.path, Kind: tt.kind}}}
		p, beside := Portable(m, root, now)
		if kept := len(p.Inputs) == 1; kept != tt.kept {
			t.Errorf("%s %s: kept is %t", tt.kind, tt.path, kept)
		}
		if (beside != "") != tt.beside || tt.beside && beside != tt.path {
			t.Errorf("%s %s: beside is %q", tt.kind, tt.path, beside)
		}
		if len(m.Inputs) != 1 {
			t.Errorf("%s: the record itself was changed", tt.path)
		}
	}
	// A checkout among the system's files.
	for path, want := range map[string]bool{"/usr/include/h.h": false, "/usr/src/inc/h.h": true, "/usr/src": false} {
		m := &manifest.Manifest{Inputs: []manifest.Input{{Path: path, Kind: footprint.Read}}}
		if _, beside := Portable(m, "/usr/src/app", now); (beside != "") != want {
			t.Errorf("%s beside /usr/src/app: %q", path, beside)
		}
	}
}

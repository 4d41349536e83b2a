package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"deptrace/depfile"
	"deptrace/depfile/outfile"
	"deptrace/trace/footprint"
)

// writeDepfile writes the depfile of a step that succeeded.
//
// What the dialect cannot say must not be lost in silence. Without --lenient it is
// an error, and the depfile is written with what can be said and marked incomplete:
// GNU make takes a target for made when its recipe has written it and failed.
func (s *step) writeDepfile(fp *footprint.Footprint, n names, incomplete bool) {
	rule := depfile.Rule{Targets: s.f.targets, Incomplete: incomplete}
	if len(rule.Targets) == 0 && s.line == nil {
		t, err := s.defaultTarget(fp, n)
		if err != nil {
			s.failf("%v", err)
			hintf("-MT TARGET gives it one")
			return
		}
		rule.Targets = []depfile.Target{t}
	}
	rule.Phony = s.f.dialect != depfile.Ninja
	if s.f.phony != nil {
		rule.Phony = *s.f.phony
	}
	rule.Deps = s.dependencies(fp, rule.Targets)
	if s.line != nil {
		s.line.rule(&rule)
	}
	names := rule.Deps
	rule.Deps = nil
	for _, name := range names {
		err := depfile.Expressible(name, s.f.dialect, false)
		switch {
		case err == nil:
			rule.Deps = append(rule.Deps, name)
		case s.f.lenient:
			warnf("%v; it is left out", err)
		default:
			rule.Incomplete = true
			s.unsaid(err)
		}
	}
	data, err := depfile.Append(nil, rule, s.f.dialect)
	if err != nil {
		s.unsaid(err)
		return
	}
	if !rule.Incomplete {
		s.result.depfile = data
	}
	s.putDepfile(n.depfile, data)
}

// putDepfile writes a depfile to where it was asked for.
func (s *step) putDepfile(path string, data []byte) {
	if path == "-" {
		if _, err := os.Stdout.Write(data); err != nil {
			s.failf("write the depfile to standard output: %v", cause(err))
		}
		return
	}
	if err := putFile(path, data); err != nil {
		s.failf("%v", err)
	}
}

// putFile has a file hold data. Its error names the file as messages do.
func putFile(path string, data []byte) error {
	if fd, ok := descriptor(path); ok {
		if err := writeDescriptor(fd, data); err != nil {
			return fmt.Errorf("write %s: %w", printable(path), cause(err))
		}
		return nil
	}
	if err := outfile.Write(path, data); err != nil {
		return fmt.Errorf("write %s: %w", printable(path), errors.Unwrap(err))
	}
	return nil
}

// unsaid tells about a name that the dialect cannot express.
func (s *step) unsaid(err error) {
	s.failf("%v", err)
	var e *depfile.NameError
	if !errors.As(err, &e) {
		return
	}
	if e.Role == depfile.AsDep {
		hintf("rename the file, or leave it out with --lenient")
	}
	if e.Dialect == depfile.Common {
		for _, d := range []depfile.Dialect{depfile.Make, depfile.Ninja} {
			if depfile.Expressible(e.Name, d, false) == nil {
				hintf("--dialect %s can say it", d)
			}
		}
	}
}

// dependencies are the names of the files whose content mattered, less what the
// step changed.
func (s *step) dependencies(fp *footprint.Footprint, targets []depfile.Target) []string {
	changed := make(map[string]bool, len(fp.Outputs)+len(targets))
	for i := range fp.Outputs {
		changed[fp.Outputs[i].Path] = true
	}
	for _, t := range targets {
		// -MT may hold several names.
		for _, name := range append(strings.Fields(t.Name), t.Name) {
			changed[s.place(name)] = true
		}
	}
	var names []string
	for i := range fp.Inputs {
		in := &fp.Inputs[i]
		if in.State.Type != footprint.File || changed[in.Path] {
			continue
		}
		if in.Kind != footprint.Read && (in.Kind != footprint.Stat || s.f.stat == statMeta) {
			continue
		}
		if s.f.project && !under(in.Path, s.root) || s.ignored(in.Path) {
			continue
		}
		if len(in.Names) == 0 {
			names = append(names, s.relative(in.Path))
		}
		for _, name := range in.Names {
			if !s.f.dialect.Keeps(name) {
				name = s.relative(in.Path) // links resolved
			}
			names = append(names, name)
		}
	}
	return names
}

// summary tells in a few lines what a step did, to a user who asked for no file.
func (s *step) summary(fp *footprint.Footprint) {
	kinds := map[footprint.Kind]int{}
	for i := range fp.Inputs {
		kinds[fp.Inputs[i].Kind]++
	}
	var parts []string
	for _, k := range []struct {
		kind footprint.Kind
		what string
	}{
		{footprint.Read, "read"}, {footprint.Stat, "looked at"}, {footprint.Exists, "found"},
		{footprint.Absent, "not found"}, {footprint.List, "listed"}, {footprint.Link, "followed"},
	} {
		if n := kinds[k.kind]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, k.what))
		}
	}
	if len(parts) == 0 {
		parts = []string{"none"}
	}
	errorf("inputs: %s", strings.Join(parts, ", "))
	var outputs []string
	for i := range fp.Outputs {
		name := printable(s.relative(fp.Outputs[i].Path))
		if fp.Outputs[i].State.Type == footprint.None {
			name += " (removed)"
		}
		outputs = append(outputs, name)
	}
	if len(outputs) == 0 {
		outputs = []string{"none"}
	}
	errorf("outputs: %s", enumerated(outputs))
	hintf("-MF FILE writes a depfile, -m FILE a manifest")
}

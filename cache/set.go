package cache

import (
	"crypto/sha256"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"deptrace/cache/digest"
	"deptrace/depfile/manifest"
	"deptrace/trace/env"
	"deptrace/trace/footprint"
)

// An input set is a record without states: what a step looked at, not what it found
// there. Two records of a step that looked at the same things in different states have
// the same input set; and whoever knows the set can find out, without running the step,
// in which state it would find things now. The key of that state is the strong key.
//
// A set is a [manifest.Manifest] in which only that is filled in.
//
// Here a program counts by its place, too, and not only by its content as in the key of a
// record: a script takes its data from beside itself, and python in a virtual environment
// is a link to the python outside. And a program that a step looked for in PATH without
// running it (command -v, configure) is searched for like one that it ran: it can have
// written down what it found.

// InputSet returns the input set of a record, whose step was given an environment.
func InputSet(r *Record, now *World) *manifest.Manifest {
	m := r.Manifest
	set := &manifest.Manifest{
		Version: m.Version,
		// Which digests count and which names no list contains.
		Step: manifest.Step{Dir: m.Step.Dir, Ignore: m.Step.Ignore, Writes: m.Step.Writes, Stat: m.Step.Stat},
	}
	for _, p := range searched(r, now) {
		set.Programs = append(set.Programs, manifest.Program{Name: p.Name})
	}
	for i := range m.Inputs {
		in := manifest.Input{Path: m.Inputs[i].Path, Kind: m.Inputs[i].Kind, Asked: m.Inputs[i].Asked}
		if in.Kind == footprint.Absent {
			in.Kind = footprint.Exists // which of the two is a state
		}
		set.Inputs = append(set.Inputs, in)
	}
	for _, out := range m.Outputs {
		set.Outputs = append(set.Outputs, manifest.Output{Path: out.Path})
	}
	return set
}

// strongFormat is the first line of the text of a strong key.
const strongFormat = "deptrace result v1\n"

// StrongKey returns the key of the state in which a command, known by its weak key, that
// looks at an input set would find everything now. The record is one of the set, in its
// place.
func StrongKey(weak Key, set *Record, now *World) (Key, error) {
	d := &describer{look: newLook(set, now), places: true}
	found, err := d.programs()
	if err != nil {
		return Key{}, err
	}
	states, err := d.hash(found)
	if err != nil {
		return Key{}, err
	}
	if err := d.states(found, states); err != nil {
		return Key{}, err
	}
	return d.strong(weak), nil
}

func (d *describer) strong(weak Key) Key {
	h := sha256.New()
	io.WriteString(h, strongFormat)
	h.Write(weak[:])
	h.Write(d.text.Bytes())
	return Key(h.Sum(nil))
}

// RecordedKeys returns the strong keys of the state that the step of a record found, and
// of the one that it left: the two differ if it changed files that it had looked at. Over
// its own outputs it would have nothing to do, and so both lead to the same result.
//
// They are made from the record and not from the files, which somebody else can have
// changed since then; but for a program that was found in PATH and that no input of the
// record is, which is read now.
func RecordedKeys(weak Key, r *Record, now *World) (found, left Key, err error) {
	whole := *r.Manifest
	whole.Programs = searched(r, now)
	r = &Record{Manifest: &whole, Path: r.Path, Root: r.Root}
	d := &describer{look: newLook(r, now), places: true}
	outputs := make(map[string]*manifest.Output, len(r.Outputs))
	for i := range r.Outputs {
		outputs[r.Outputs[i].Path] = &r.Outputs[i]
	}
	started, ended, err := d.recordedPrograms(outputs)
	if err != nil {
		return Key{}, Key{}, err
	}
	strong := func(programs []program, state func(*manifest.Input) condition) Key {
		d.text.Reset()
		for _, p := range programs {
			d.program(p)
		}
		for i := range r.Inputs {
			d.write(&r.Inputs[i], state(&r.Inputs[i]))
		}
		return d.strong(weak)
	}
	found = strong(started, recorded)
	left = strong(ended, func(in *manifest.Input) condition {
		out := outputs[in.Path]
		// A list of what is still a directory is counted without the step's own outputs.
		if out == nil || in.Kind == footprint.List && out.Kind == manifest.Dir {
			return recorded(in)
		}
		left := leftBy(out)
		if out.Kind != manifest.Removed {
			left.Denied = in.Denied
		}
		return left
	})
	if r.Step.Stat == "meta" {
		// A record does not have the size of an output, which counts there.
		left = found
	}
	if d.homeless {
		err = errHomeless
	}
	return found, left, err
}

// searched returns the programs of a record and those that its step looked for in the
// directories of PATH, in ways that the record has as inputs like others.
func searched(r *Record, now *World) []manifest.Program {
	programs := slices.Clone(r.Programs)
	known := map[string]bool{}
	for _, p := range programs {
		known[p.Name] = true
	}
	made := map[string]bool{}
	for _, out := range r.Outputs {
		made[out.Path] = true
	}
	l := newLook(r, now)
	dirs := map[string]bool{}
	for _, dir := range env.SearchPath(now.Environ) {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(l.abs(r.Step.Dir), dir)
		}
		if dir, err := filepath.EvalSymlinks(dir); err == nil {
			dirs[manifest.Form(dir, r.Root, now.Home)] = true
		}
	}
	for i := range r.Inputs {
		in := &r.Inputs[i]
		dir, name := path.Dir(in.Path), path.Base(in.Path)
		if in.Kind == footprint.List || !dirs[dir] || known[name] {
			continue
		}
		known[name] = true
		p := manifest.Program{Name: name}
		// What the step made was not there when it looked.
		if at, _ := l.search(name); at != "" && !made[manifest.Form(at, r.Root, now.Home)] {
			p.Path = manifest.Form(at, r.Root, now.Home)
		}
		programs = append(programs, p)
	}
	slices.SortFunc(programs, func(a, b manifest.Program) int { return strings.Compare(a.Name, b.Name) })
	return programs
}

// recordedPrograms returns what the searches of a step found when it started, and what
// they would find when it has ended: another thing only if the step made, replaced or
// removed it. What else has come into PATH meanwhile is somebody else's.
func (d *describer) recordedPrograms(outputs map[string]*manifest.Output) (started, ended []program, err error) {
	known := map[string]digest.Sum{}
	for i := range d.r.Inputs {
		if in := &d.r.Inputs[i]; in.Kind == footprint.Read {
			known[d.abs(in.Path)] = digest.Sum(in.Digest)
		}
	}
	made := func(path string) *manifest.Output {
		if path == "" {
			return nil
		}
		return outputs[manifest.Form(path, d.r.Root, d.now.Home)]
	}
	at, err := d.programs()
	if err != nil {
		return nil, nil, err
	}
	for i, p := range d.r.Programs {
		was := program{name: p.Name}
		if p.Path != "" {
			path := d.abs(p.Path)
			if was, err = d.located(p.Name, path); err != nil { // the step has removed it
				was = program{name: p.Name, at: filepath.Clean(path), place: p.Path}
			}
			if was.sum, err = d.sumOf(was.at, known); err != nil {
				return nil, nil, err
			}
		}
		started = append(started, was)

		is := at[i]
		switch out := made(is.at); {
		case out != nil && out.Kind == manifest.File:
			is.sum = digest.Sum(out.Digest)
		case made(was.at) == nil:
			is = was
		case is.at != "":
			if is.sum, err = d.sumOf(is.at, known); err != nil {
				return nil, nil, err
			}
		}
		ended = append(ended, is)
	}
	return started, ended, nil
}

// sumOf returns the digest of a program: the known one, or that of the file.
func (d *describer) sumOf(path string, known map[string]digest.Sum) (digest.Sum, error) {
	if sum, ok := known[path]; ok {
		return sum, nil
	}
	r := d.now.files([]digest.Request{{Path: path}})[0]
	return r.Sum, r.Err
}

// recorded is the state in which a step found an input.
func recorded(in *manifest.Input) condition {
	s := condition{Digest: in.Digest, Size: in.Size, Exec: in.Exec, Target: in.Target, Denied: in.Denied}
	switch in.Kind {
	case footprint.Read:
		s.Type = footprint.File
	case footprint.Stat, footprint.Exists:
		s.Type = in.Type
	case footprint.Link:
		s.Type = footprint.Symlink
	case footprint.List:
		s.Type = footprint.Dir
	}
	return s
}

// leftBy is the state in which a step left an output.
func leftBy(out *manifest.Output) condition {
	return condition{Type: leftTypes[out.Kind], Digest: out.Digest, Exec: out.Exec, Target: out.Target}
}

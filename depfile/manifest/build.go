package manifest

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"deptrace/trace/event"
	"deptrace/trace/footprint"
)

// Options say what Build cannot know from a footprint. Every path is absolute,
// clean and without links.
type Options struct {
	Root string
	Dir  string // the step's working directory
	Home string // the user's home; may be empty
	// Path is where the manifest will be written; empty if it will not be.
	Path string
	// Own are the other files that deptrace writes: depfile, events.
	Own []string

	Argv   []string
	Exit   int // ignored where Signal is set
	Signal int // that killed the command, or 0
	// Environ is the environment that the command was given; Env are the names of
	// --env. See [Environment].
	Environ []string
	Env     []string
	// Ignore are globs over path forms. See [Glob].
	Ignore []string
	// Handed are the files, absolute, that the step makes for the build tool. See Output.
	Handed []string
	// StatMeta leaves the digests of files of kind stat out.
	StatMeta bool
}

// Build turns a footprint into a record. It asks d once for all digests that the
// footprint does not bring along. A file that cannot be read, or is no longer in
// the state in which the step used it, makes the record incomplete. The error is
// about the options.
func Build(fp *footprint.Footprint, o Options, d Digester) (*Manifest, error) {
	ignore, err := ParseGlobs(o.Ignore)
	if err != nil {
		return nil, err
	}
	b := &builder{o: &o, ignore: ignore, m: &Manifest{Version: Version}, gaps: map[string]bool{}}
	b.step()
	b.stdin(fp.Stdin)
	b.programs(fp.Programs)
	b.inputs(fp.Inputs)
	b.outputs(fp.Outputs)
	b.hashAll(d)
	for _, g := range fp.Incomplete {
		b.gap(g.Reason, g.Detail)
	}
	b.finish(fp.Uses)
	return b.m, nil
}

type builder struct {
	o      *Options
	ignore Globs
	m      *Manifest
	gaps   map[string]bool
	wants  []want
}

func (b *builder) form(abs string) string { return Form(abs, b.o.Root, b.o.Home) }

// gap notes a reason for incompleteness. A detail that begins with a path of the
// project is shortened to its form, so that the record is the same everywhere.
func (b *builder) gap(r event.Reason, detail string) {
	if strings.HasPrefix(detail, "/") {
		detail = b.form(detail)
	}
	if !utf8.ValidString(detail) || strings.ContainsFunc(detail, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		detail = strconv.Quote(detail)
	}
	b.gaps[footprint.Gap{Reason: r, Detail: detail}.String()] = true
}

func (b *builder) step() {
	s := &b.m.Step
	s.Argv = slices.Clone(b.o.Argv)
	s.Dir = b.form(b.o.Dir)
	s.Exit, s.Signal = b.o.Exit, b.o.Signal
	if s.Signal != 0 {
		s.Exit = 128 + s.Signal
	}
	s.Env, s.EnvUnset, s.EnvOff = Environment(b.o.Environ, b.o.Env)
	s.Ignore = slices.Compact(slices.Sorted(slices.Values(b.o.Ignore)))
	if b.o.StatMeta {
		s.Stat = "meta"
	}
	if b.o.Path != "" {
		b.m.Root = RootFrom(b.o.Path, b.o.Root)
	}
}

// stdin notes which file the standard input was. Of one that is left out everywhere
// there is nothing to say.
func (b *builder) stdin(abs string) {
	if form := b.form(abs); abs != "" && !b.ignore.Match(form) {
		b.m.Step.Stdin = form
	}
}

// RootFrom returns the way from the directory of a manifest at path to the root above it,
// or an empty string if root is not above it. Both are absolute, clean and without links.
func RootFrom(manifest, root string) string {
	if rel, ok := under(path.Dir(manifest), root); ok {
		return upTo(rel)
	}
	return ""
}

// upTo returns the way from a directory at rel below the root up to the root.
func upTo(rel string) string {
	if rel == "." {
		return "."
	}
	return strings.Repeat("../", strings.Count(rel, "/")) + ".."
}

func (b *builder) programs(programs []footprint.Program) {
	for _, p := range programs {
		q := Program{Name: p.Name}
		if p.Path != "" {
			q.Path = b.form(spelled(p.Path, b.o.Dir))
		}
		b.m.Programs = append(b.m.Programs, q)
	}
}

// spelled makes a path as PATH spells it absolute. It is cleaned only where that
// cannot lead elsewhere: ".." behind a symbolic link is not the directory above.
func spelled(p, dir string) string {
	if !strings.HasPrefix(p, "/") {
		p = dir + "/" + p
	}
	if slices.Contains(strings.Split(p, "/"), "..") {
		return p
	}
	return path.Clean(p)
}

func (b *builder) inputs(inputs []footprint.Input) {
	listed := map[string]bool{}
	for i := range inputs {
		in := &inputs[i]
		form := b.form(in.Path)
		if in.State.Kernel || b.ignore.Match(form) || b.implied(in) {
			continue
		}
		m := Input{Path: form, Kind: in.Kind, Asked: in.Asked, Denied: in.Denied}
		if in.Kind == footprint.Read && in.State.Type != footprint.File {
			m.Kind = footprint.Stat // what has no content to read
		}
		if m.Kind == footprint.Stat && in.State.Type == footprint.None {
			m.Kind = footprint.Absent
		}
		switch m.Kind {
		case footprint.Read, footprint.Stat:
			if m.Kind == footprint.Stat {
				m.Type = in.State.Type
			}
			if in.State.Type != footprint.File {
				break
			}
			m.Size, m.Exec = in.State.Size, in.State.Exec
			if m.Kind == footprint.Read || !b.o.StatMeta {
				b.want(want{path: in.Path, state: in.State, kept: in.Kept, chmodded: in.InOut, input: len(b.m.Inputs)})
			}
		case footprint.Exists:
			m.Type = in.State.Type
		case footprint.Link:
			m.Target = in.Target
		case footprint.List:
			listed[in.Path] = true
			m.Digest = ListDigest(in.Entries, func(name string) bool {
				return b.own(in.Path, name) || b.ignore.Match(b.form(join(in.Path, name)))
			})
		}
		b.m.Inputs = append(b.m.Inputs, m)
	}
	for _, own := range b.o.Own {
		if own != b.o.Path && listed[path.Dir(own)] {
			b.m.Step.Writes = append(b.m.Step.Writes, b.form(own))
		}
	}
}

// implied reports whether an input says only that a directory above the root is one: where
// there is a root, there is that, and its path would be another one in each checkout.
func (b *builder) implied(in *footprint.Input) bool {
	if in.Kind > footprint.Exists || in.State.Type != footprint.Dir || in.Asked != 0 {
		return false
	}
	_, above := under(b.o.Root, in.Path)
	return above && in.Path != b.o.Root
}

// own reports whether deptrace writes the file with this name in dir.
func (b *builder) own(dir, name string) bool {
	p := join(dir, name)
	return p == b.o.Path || slices.Contains(b.o.Own, p)
}

func (b *builder) outputs(outputs []footprint.Output) {
	for i := range outputs {
		out := &outputs[i]
		form := b.form(out.Path)
		if out.State.Type == footprint.Other || b.ignore.Match(form) {
			continue
		}
		m := Output{Path: form, Handed: slices.Contains(b.o.Handed, out.Path)}
		if !out.InOut { // the input says it all
			m.Adds, m.Needs = out.Adds, out.Needs
		}
		list := &b.m.Outputs
		side := outside(form)
		if side {
			list = &b.m.Side
		}
		switch out.State.Type {
		case footprint.File:
			m.Kind, m.Exec = File, out.State.Exec
			b.want(want{path: out.Path, state: out.State, input: -1, output: len(*list), side: side})
		case footprint.Symlink:
			m.Kind, m.Target = Symlink, out.Target
		case footprint.Dir:
			m.Kind = Dir
		case footprint.None:
			m.Kind = Removed
		}
		*list = append(*list, m)
	}
}

// finish puts everything in order.
func (b *builder) finish(uses []string) {
	m := b.m
	slices.SortFunc(m.Programs, compareProgram)
	m.Programs = slices.Compact(m.Programs)
	slices.SortFunc(m.Inputs, compareInput)
	m.Inputs = slices.CompactFunc(m.Inputs, func(a, b Input) bool { return compareInput(a, b) == 0 })
	slices.SortFunc(m.Outputs, compareOutput)
	slices.SortFunc(m.Side, compareOutput)
	slices.Sort(m.Step.Writes)
	m.Step.Writes = slices.Compact(m.Step.Writes)
	m.Uses = slices.Compact(slices.Sorted(slices.Values(uses)))
	for g := range b.gaps {
		m.Incomplete = append(m.Incomplete, g)
	}
	slices.Sort(m.Incomplete)
	m.Complete = len(m.Incomplete) == 0
}

func compareProgram(a, b Program) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Path, b.Path))
}

func compareInput(a, b Input) int {
	return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Kind, b.Kind))
}

func compareOutput(a, b Output) int { return strings.Compare(a.Path, b.Path) }

package manifest

import (
	"fmt"
	"os"

	"github.com/BurntSushi/toml"

	"deptrace/trace/footprint"
)

// maxNesting is how deep tables and arrays may stand in each other before a file is
// taken for no record at all: Encode needs 2, and the TOML decoder calls itself once
// for each, so that a hostile file could exhaust the stack.
const maxNesting = 16

// Read reads the record in a file. Beside the errors of Decode it returns those of
// [os.ReadFile].
func Read(path string) (*Manifest, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Decode(data)
}

// Decode reads a record. The error is a [*VersionError] or a [*DamagedError].
func Decode(data []byte) (*Manifest, error) {
	if m, ok := parseCanonical(data); ok {
		return m, nil
	}
	return decodeAny(data)
}

// decodeAny reads a record in whatever way TOML lets it be written.
func decodeAny(data []byte) (*Manifest, error) {
	if deeper(data, maxNesting) {
		return nil, damaged("tables in it are nested too deeply")
	}
	top := map[string]any{}
	if _, err := toml.Decode(string(data), &top); err != nil {
		return nil, damaged("%s", oneLine(err))
	}
	w := &walker{}
	m := w.manifest(&table{m: top})
	if w.err != nil {
		return nil, w.err
	}
	return m, nil
}

func oneLine(err error) string {
	if p, ok := err.(toml.ParseError); ok {
		return fmt.Sprintf("line %d: %s", p.Position.Line, p.Message)
	}
	return err.Error()
}

// walker turns decoded TOML into a manifest. It keeps the first error; what is
// returned after one is of no use.
type walker struct {
	err      error
	complete bool // digests can be missing only if not
	meta     bool
}

func (w *walker) fail(t *table, format string, args ...any) {
	if w.err == nil {
		w.err = damaged("%s%s", t.where(), fmt.Sprintf(format, args...))
	}
}

func (w *walker) manifest(t *table) *Manifest {
	// The version comes first: nothing else of a newer record can be judged.
	version := w.integer(t, "version", 0)
	if w.err == nil && version != Version {
		w.err = &VersionError{version}
		return nil
	}
	m := &Manifest{Version: Version}
	m.Complete = w.boolean(t, "complete")
	w.complete = m.Complete
	m.Incomplete = w.sorted(t, "incomplete")
	if m.Complete != (len(m.Incomplete) == 0) {
		w.fail(t, "complete is %t, and there are %d reasons why it is not", m.Complete, len(m.Incomplete))
	}
	if t.has("root") {
		m.Root = w.text(t, "root")
		if !upward(m.Root) {
			w.fail(t, "root %q does not lead upwards", m.Root)
		}
	}
	m.Uses = w.sorted(t, "uses")
	entries := w.integer(t, "entries", 0)
	if s := w.sub(t, "step"); s != nil {
		m.Step = w.step(s)
		w.rest(s)
	}
	w.meta = m.Step.Stat == "meta"
	w.each(t, "program", func(t *table) { m.Programs = append(m.Programs, w.program(t)) })
	w.each(t, "input", func(t *table) { m.Inputs = append(m.Inputs, w.input(t)) })
	w.each(t, "output", func(t *table) { m.Outputs = append(m.Outputs, w.output(t, false)) })
	w.each(t, "side", func(t *table) { m.Side = append(m.Side, w.output(t, true)) })
	w.rest(t)
	if n := int64(m.entries()); w.err == nil && n != entries {
		w.fail(t, "%d entries are announced, %d are there", entries, n)
	}
	w.order(t, m)
	return m
}

// order checks that the lists are sorted and hold nothing twice. Of the kinds that
// are about one lookup, a path has one.
func (w *walker) order(t *table, m *Manifest) {
	if w.err != nil {
		return
	}
	for i := 1; i < len(m.Programs); i++ {
		if compareProgram(m.Programs[i-1], m.Programs[i]) >= 0 {
			w.fail(t, "program %q is out of order or there twice", m.Programs[i].Name)
		}
	}
	for i := 1; i < len(m.Inputs); i++ {
		a, b := &m.Inputs[i-1], &m.Inputs[i]
		if compareInput(*a, *b) >= 0 || a.Path == b.Path && b.Kind <= footprint.Absent {
			w.fail(t, "input %q is out of order or there twice", b.Path)
		}
	}
	for _, list := range [][]Output{m.Outputs, m.Side} {
		for i := 1; i < len(list); i++ {
			if compareOutput(list[i-1], list[i]) >= 0 {
				w.fail(t, "output %q is out of order or there twice", list[i].Path)
			}
		}
	}
}

func (w *walker) step(t *table) Step {
	s := Step{
		Argv:     w.list(t, "argv"),
		Dir:      w.path(t, "dir"),
		Exit:     int(w.integer(t, "exit", 0)),
		EnvUnset: w.sorted(t, "env_unset"),
		EnvOff:   w.sorted(t, "env_off"),
		Ignore:   w.sorted(t, "ignore"),
		Writes:   w.sorted(t, "writes"),
		Env:      w.environment(t),
	}
	if len(s.Argv) == 0 {
		w.fail(t, "argv is missing")
	}
	if t.has("stdin") || t.has("stdin_hex") {
		s.Stdin = w.path(t, "stdin")
	}
	if t.has("signal") {
		s.Signal = int(w.integer(t, "signal", 1))
		if s.Exit != 128+s.Signal {
			w.fail(t, "exit is %d, which is not 128 + signal %d", s.Exit, s.Signal)
		}
	}
	if t.has("stat") {
		if s.Stat = w.text(t, "stat"); s.Stat != "meta" {
			w.fail(t, "stat %q is unknown", s.Stat)
		}
	}
	if _, err := ParseGlobs(s.Ignore); err != nil {
		w.fail(t, "ignore: %v", err)
	}
	for _, p := range s.Writes {
		if !validForm(p) {
			w.fail(t, "path %q is not in the form that a record uses", p)
		}
	}
	return s
}

func (w *walker) program(t *table) Program {
	p := Program{Name: w.text(t, "name")}
	if t.has("path") || t.has("path_hex") {
		if p.Path = w.text(t, "path"); p.Path == "" {
			w.fail(t, "path is empty")
		}
	}
	if p.Name == "" {
		w.fail(t, "name is empty")
	}
	return p
}

func (w *walker) input(t *table) Input {
	in := Input{Path: w.path(t, "path")}
	in.Kind = named(w, t, "kind", footprint.Read, footprint.List)
	if in.Kind == footprint.Stat || in.Kind == footprint.Exists && t.has("type") {
		in.Type = named(w, t, "type", footprint.File, footprint.Other)
	}
	if in.regular() {
		in.Size = w.integer(t, "size", 0)
		in.Exec = w.exec(t)
	}
	if in.regular() || in.Kind == footprint.List {
		in.Digest = w.digest(t, in.Kind == footprint.Stat && w.meta)
	}
	if in.Kind <= footprint.Exists && t.has("asked") {
		in.Asked = named(w, t, "asked", footprint.Reading, footprint.Reading|footprint.Writing)
		if t.has("denied") {
			in.Denied = named(w, t, "denied", footprint.Reading, footprint.Reading|footprint.Writing)
		}
		if in.Denied&^in.Asked != 0 {
			w.fail(t, "denied is more than asked")
		}
	}
	if in.Kind == footprint.Link {
		in.Target = w.text(t, "target")
	}
	return in
}

func (w *walker) output(t *table, side bool) Output {
	out := Output{Path: w.path(t, "path")}
	if w.err == nil && outside(out.Path) != side {
		w.fail(t, "path %q is on the wrong side of the root", out.Path)
	}
	out.Kind = named(w, t, "kind", File, Removed)
	switch out.Kind {
	case File:
		out.Digest = w.digest(t, false)
		out.Exec = w.exec(t)
	case Symlink:
		out.Target = w.text(t, "target")
	}
	for _, f := range []struct {
		key string
		set *bool
	}{{"handed", &out.Handed}, {"adds", &out.Adds}, {"needs", &out.Needs}} {
		*f.set = t.has(f.key) && w.boolean(t, f.key)
	}
	return out
}

// exec reads a key that is only there if it is true.
func (w *walker) exec(t *table) bool { return t.has("exec") && w.boolean(t, "exec") }

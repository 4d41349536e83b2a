package manifest

import (
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"deptrace/depfile/outfile"
	"deptrace/trace/footprint"
)

// Encode returns the record as TOML. The manifest must be as Build or Decode returns
// it: its lists sorted, its paths in path form.
func (m *Manifest) Encode() []byte {
	e := make(encoder, 0, 512+160*(len(m.Inputs)+len(m.Outputs)+len(m.Side)))
	e.integer("version", int64(m.Version))
	e.key("complete")
	e = strconv.AppendBool(e, m.Complete)
	e = append(e, '\n')
	if len(m.Incomplete) > 0 {
		e.list("incomplete", m.Incomplete)
	}
	if m.Root != "" {
		e.text("root", m.Root)
	}
	if len(m.Uses) > 0 {
		e.list("uses", m.Uses)
	}
	e.integer("entries", int64(m.entries()))

	e.step(&m.Step)
	for i := range m.Programs {
		p := &m.Programs[i]
		e = append(e, "\n[[program]]\n"...)
		e.text("name", p.Name)
		if p.Path != "" {
			e.text("path", p.Path)
		}
	}
	for i := range m.Inputs {
		e.input(&m.Inputs[i])
	}
	for i := range m.Outputs {
		e.output("output", &m.Outputs[i])
	}
	for i := range m.Side {
		e.output("side", &m.Side[i])
	}
	return e
}

// Write makes the record the content of the file at path, in one piece or not at all.
// A file that holds it already is left alone.
func (m *Manifest) Write(path string) error { return outfile.Write(path, m.Encode()) }

// entries is the number of tables of which there can be several.
func (m *Manifest) entries() int {
	return len(m.Programs) + len(m.Inputs) + len(m.Outputs) + len(m.Side)
}

// encoder is TOML so far.
type encoder []byte

func (e *encoder) step(s *Step) {
	*e = append(*e, "\n[step]\n"...)
	e.list("argv", s.Argv)
	e.text("dir", s.Dir)
	if s.Stdin != "" {
		e.text("stdin", s.Stdin)
	}
	e.integer("exit", int64(s.Exit))
	if s.Signal != 0 {
		e.integer("signal", int64(s.Signal))
	}
	e.environment(s.Env)
	for _, l := range []struct {
		key  string
		list []string
	}{{"env_unset", s.EnvUnset}, {"env_off", s.EnvOff}, {"ignore", s.Ignore}, {"writes", s.Writes}} {
		if len(l.list) > 0 {
			e.list(l.key, l.list)
		}
	}
	if s.Stat != "" {
		e.text("stat", s.Stat)
	}
}

// environment writes the variables as a table on one line; those that are not UTF-8
// become a list of NAME=VALUE in hexadecimal.
func (e *encoder) environment(env map[string]string) {
	var raw []string
	comma := ""
	for _, name := range slices.Sorted(maps.Keys(env)) {
		value := env[name]
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			raw = append(raw, name+"="+value)
			continue
		}
		if comma == "" {
			e.key("env")
			*e = append(*e, '{')
		}
		*e = append(*e, comma...)
		comma = ", "
		if bare(name) {
			*e = append(*e, name...)
		} else {
			e.quote(name)
		}
		*e = append(*e, " = "...)
		e.quote(value)
	}
	if comma != "" {
		*e = append(*e, "}\n"...)
	}
	if len(raw) > 0 {
		e.hexList("env_hex", raw)
	}
}

func (e *encoder) input(in *Input) {
	*e = append(*e, "\n[[input]]\n"...)
	e.text("path", in.Path)
	e.text("kind", in.Kind.String())
	if in.Type != footprint.None {
		e.text("type", in.Type.String())
	}
	e.digest(in.Digest)
	if in.regular() {
		e.integer("size", in.Size)
	}
	e.exec(in.Exec)
	if in.Asked != 0 {
		e.text("asked", in.Asked.String())
	}
	if in.Denied != 0 {
		e.text("denied", in.Denied.String())
	}
	if in.Kind == footprint.Link {
		e.text("target", in.Target)
	}
}

// regular reports whether the input is a regular file with size and content.
func (in *Input) regular() bool {
	return in.Kind == footprint.Read || in.Kind == footprint.Stat && in.Type == footprint.File
}

func (e *encoder) output(table string, out *Output) {
	*e = append(*e, "\n[["...)
	*e = append(*e, table...)
	*e = append(*e, "]]\n"...)
	e.text("path", out.Path)
	e.text("kind", out.Kind.String())
	e.digest(out.Digest)
	e.exec(out.Exec)
	if out.Kind == Symlink {
		e.text("target", out.Target)
	}
	for _, f := range []struct {
		key string
		set bool
	}{{"handed", out.Handed}, {"adds", out.Adds}, {"needs", out.Needs}} {
		if f.set {
			*e = append(append(*e, f.key...), " = true\n"...)
		}
	}
}

func (e *encoder) key(key string) {
	*e = append(*e, key...)
	*e = append(*e, " = "...)
}

func (e *encoder) integer(key string, n int64) {
	e.key(key)
	*e = strconv.AppendInt(*e, n, 10)
	*e = append(*e, '\n')
}

func (e *encoder) exec(exec bool) {
	if exec {
		*e = append(*e, "exec = true\n"...)
	}
}

func (e *encoder) digest(d Digest) {
	if !d.IsZero() {
		e.key("sha256")
		*e = append(*e, '"')
		*e = hex.AppendEncode(*e, d[:])
		*e = append(*e, "\"\n"...)
	}
}

// text writes a string, under key_hex if it is not UTF-8.
func (e *encoder) text(key, s string) {
	if !utf8.ValidString(s) {
		key, s = key+"_hex", hex.EncodeToString([]byte(s))
	}
	e.key(key)
	e.quote(s)
	*e = append(*e, '\n')
}

// list writes strings, all of them under key_hex if one is not UTF-8.
func (e *encoder) list(key string, list []string) {
	if slices.ContainsFunc(list, func(s string) bool { return !utf8.ValidString(s) }) {
		e.hexList(key+"_hex", list)
		return
	}
	e.key(key)
	*e = append(*e, '[')
	for i, s := range list {
		if i > 0 {
			*e = append(*e, ", "...)
		}
		e.quote(s)
	}
	*e = append(*e, "]\n"...)
}

func (e *encoder) hexList(key string, list []string) {
	coded := make([]string, len(list))
	for i, s := range list {
		coded[i] = hex.EncodeToString([]byte(s))
	}
	e.list(key, coded)
}

// quote writes a TOML basic string. Only what TOML asks for is escaped.
func (e *encoder) quote(s string) {
	*e = append(*e, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			*e = append(*e, '\\', c)
		case c == '\n':
			*e = append(*e, `\n`...)
		case c == '\t':
			*e = append(*e, `\t`...)
		case c < ' ' || c == 0x7f:
			const digits = "0123456789abcdef"
			*e = append(*e, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		default:
			*e = append(*e, c)
		}
	}
	*e = append(*e, '"')
}

package manifest

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"deptrace/trace/footprint"
)

// parseCanonical reads a record that is as Encode writes it, to the byte, which is what
// nearly every record is, in a thirtieth of the time that it takes to decode TOML and
// to look at the result: 20 ms for 50,000 inputs. All that Decode wants of a record it
// wants, too. Of any other record, well-formed or not, it only says that it is not
// canonical. A fuzz test holds the two ways together.
func parseCanonical(data []byte) (m *Manifest, ok bool) {
	if !utf8.Valid(data) {
		return nil, false
	}
	p := &parser{rest: string(data)}
	m = p.manifest()
	if p.bad || p.rest != "" {
		return nil, false
	}
	w := &walker{}
	w.order(&table{}, m)
	return m, w.err == nil
}

// parser is the rest of the text. Each method takes what it reads from its beginning;
// bad is set as soon as something else is there.
type parser struct {
	rest     string
	bad      bool
	complete bool // digests can be missing only if not
	meta     bool
}

func (p *parser) skip(s string) (ok bool) {
	p.rest, ok = strings.CutPrefix(p.rest, s)
	return ok
}

func (p *parser) want(ok bool) { p.bad = p.bad || !ok }

func (p *parser) manifest() *Manifest {
	m := &Manifest{Version: Version}
	p.want(p.integer("version") == Version)
	m.Complete = p.skip("complete = true\n")
	p.want(m.Complete || p.skip("complete = false\n"))
	p.complete = m.Complete
	m.Incomplete = p.sorted("incomplete")
	p.want(m.Complete == (len(m.Incomplete) == 0))
	if p.at("root") {
		m.Root = p.text("root")
		p.want(upward(m.Root))
	}
	m.Uses = p.sorted("uses")
	entries := p.integer("entries")
	p.want(p.skip("\n[step]\n"))
	p.step(&m.Step)
	p.meta = m.Step.Stat == "meta"

	for !p.bad && p.skip("\n[[program]]\n") {
		q := Program{Name: p.text("name")}
		if p.at("path") {
			q.Path = p.text("path")
			p.want(q.Path != "")
		}
		p.want(q.Name != "")
		m.Programs = append(m.Programs, q)
	}
	// Nearly all entries are inputs; none is shorter than this.
	const shortest = len("\n[[input]]\npath = \"x\"\nkind = \"list\"\n")
	if n := min(entries, int64(len(p.rest)/shortest)); n > 0 {
		m.Inputs = make([]Input, 0, n)
	}
	for !p.bad && p.skip("\n[[input]]\n") {
		m.Inputs = append(m.Inputs, p.input())
	}
	if len(m.Inputs) == 0 {
		m.Inputs = nil
	}
	for !p.bad && p.skip("\n[[output]]\n") {
		m.Outputs = append(m.Outputs, p.output(false))
	}
	for !p.bad && p.skip("\n[[side]]\n") {
		m.Side = append(m.Side, p.output(true))
	}
	p.want(int64(m.entries()) == entries)
	return m
}

func (p *parser) step(s *Step) {
	s.Argv = p.list("argv")
	p.want(len(s.Argv) > 0)
	s.Dir = p.path("dir")
	if p.at("stdin") {
		s.Stdin = p.path("stdin")
	}
	s.Exit = int(p.integer("exit"))
	if p.at("signal") {
		s.Signal = int(p.integer("signal"))
		p.want(s.Signal > 0 && s.Exit == 128+s.Signal)
	}
	s.Env = p.environment()
	s.EnvUnset = p.sorted("env_unset")
	s.EnvOff = p.sorted("env_off")
	s.Ignore = p.sorted("ignore")
	_, err := ParseGlobs(s.Ignore)
	p.want(err == nil)
	s.Writes = p.sorted("writes")
	for _, w := range s.Writes {
		p.want(validForm(w))
	}
	if p.at("stat") {
		s.Stat = p.text("stat")
		p.want(s.Stat == "meta")
	}
}

// environment reads env and env_hex, each sorted: what is there twice is not canonical.
func (p *parser) environment() map[string]string {
	env := map[string]string{}
	last := ""
	if p.skip("env = {") {
		for !p.bad && !p.skip("}\n") {
			p.want(last == "" || p.skip(", "))
			name := p.bareKey()
			if name == "" {
				name = p.quoted()
			}
			p.want(name > last && !strings.ContainsAny(name, "=\x00") && p.skip(" = "))
			env[name] = p.quoted()
			last = name
		}
		p.want(len(env) > 0)
	}
	if p.skip("env_hex") {
		for _, v := range p.items() {
			v = p.unhex(v)
			name, value, ok := strings.Cut(v, "=")
			_, both := env[name]
			p.want(ok && name != "" && !both && !utf8.ValidString(v))
			env[name] = value
		}
	}
	return env
}

func (p *parser) input() Input {
	in := Input{Path: p.path("path")}
	in.Kind = parseName(p, "kind", footprint.Read, footprint.List)
	if in.Kind == footprint.Stat || in.Kind == footprint.Exists && p.at("type") {
		in.Type = parseName(p, "type", footprint.File, footprint.Other)
	}
	regular := in.regular()
	if regular || in.Kind == footprint.List {
		in.Digest = p.digest(in.Kind == footprint.Stat && p.meta)
	}
	if regular {
		in.Size = p.integer("size")
		in.Exec = p.skip("exec = true\n")
	}
	if in.Kind <= footprint.Exists && p.at("asked") {
		in.Asked = parseName(p, "asked", footprint.Reading, footprint.Reading|footprint.Writing)
		if p.at("denied") {
			in.Denied = parseName(p, "denied", footprint.Reading, footprint.Reading|footprint.Writing)
		}
		p.want(in.Denied&^in.Asked == 0)
	}
	if in.Kind == footprint.Link {
		in.Target = p.text("target")
	}
	return in
}

func (p *parser) output(side bool) Output {
	out := Output{Path: p.path("path")}
	p.want(!p.bad && outside(out.Path) == side)
	out.Kind = parseName(p, "kind", File, Removed)
	switch out.Kind {
	case File:
		out.Digest = p.digest(false)
		out.Exec = p.skip("exec = true\n")
	case Symlink:
		out.Target = p.text("target")
	}
	out.Handed = p.skip("handed = true\n")
	out.Adds = p.skip("adds = true\n")
	out.Needs = p.skip("needs = true\n")
	return out
}

// at reports whether a key is next, or the same with _hex.
func (p *parser) at(key string) bool {
	rest, ok := strings.CutPrefix(p.rest, key)
	return ok && (strings.HasPrefix(rest, " ") || strings.HasPrefix(rest, "_hex "))
}

func (p *parser) key(key string) { p.want(p.skip(key) && p.skip(" = ")) }

func (p *parser) integer(key string) int64 {
	p.key(key)
	n := strings.IndexByte(p.rest, '\n')
	if n <= 0 || n > 1 && p.rest[0] == '0' || p.rest[0] < '0' || p.rest[0] > '9' {
		p.bad = true
		return 0
	}
	v, err := strconv.ParseInt(p.rest[:n], 10, 64)
	p.want(err == nil && v <= math.MaxInt64/2)
	p.rest = p.rest[n+1:]
	return v
}

// parseName reads one of the names that the values from first to last have.
func parseName[K interface {
	~uint8
	String() string
}](p *parser, key string, first, last K) K {
	p.want(p.skip(key) && p.skip(` = "`))
	name, rest, ok := strings.Cut(p.rest, "\"\n")
	p.rest = rest
	for k := first; ok && k <= last; k++ {
		if k.String() == name {
			return k
		}
	}
	p.bad = true
	return first
}

func (p *parser) path(key string) string {
	s := p.text(key)
	p.want(validForm(s))
	return s
}

// digest reads a SHA-256, which can be missing in an incomplete record and where the
// caller says so.
func (p *parser) digest(optional bool) (d Digest) {
	if !p.skip(`sha256 = "`) {
		p.want(optional || !p.complete)
		return d
	}
	if len(p.rest) < 2*len(d) {
		p.bad = true
		return d
	}
	p.unhexTo(d[:], p.rest)
	p.rest = p.rest[2*len(d):]
	p.want(!d.IsZero() && p.skip("\"\n"))
	return d
}

// digits holds the values of hexadecimal digits in lower case and 16 more; 0 is no
// digit. Those of a digest are random, and a branch for each would be guessed wrong.
var digits = [256]byte{
	'0': 16, '1': 17, '2': 18, '3': 19, '4': 20, '5': 21, '6': 22, '7': 23, '8': 24, '9': 25,
	'a': 26, 'b': 27, 'c': 28, 'd': 29, 'e': 30, 'f': 31,
}

// unhexTo turns hexadecimal digits into as many bytes as there is room for.
func (p *parser) unhexTo(raw []byte, s string) {
	all := byte(16)
	for i := range raw {
		hi, lo := digits[s[2*i]], digits[s[2*i+1]]
		all &= hi & lo
		raw[i] = hi<<4 | lo&15
	}
	p.want(all != 0)
}

func (p *parser) unhex(s string) string {
	raw := make([]byte, len(s)/2)
	p.unhexTo(raw, s)
	p.want(len(s)%2 == 0)
	return string(raw)
}

// text reads a string that stands under key or, because it is not UTF-8, in
// hexadecimal under key_hex.
func (p *parser) text(key string) string {
	p.want(p.skip(key))
	if p.skip("_hex = ") {
		s := p.unhex(p.quoted())
		p.want(!utf8.ValidString(s) && p.skip("\n"))
		return s
	}
	p.want(p.skip(" = "))
	s := p.quoted()
	p.want(p.skip("\n"))
	return s
}

// list reads strings that stand under key or, all in hexadecimal, under key_hex.
func (p *parser) list(key string) []string {
	p.want(p.skip(key))
	coded := p.skip("_hex")
	list := p.items()
	if !coded {
		return list
	}
	valid := true
	for i := range list {
		list[i] = p.unhex(list[i])
		valid = valid && utf8.ValidString(list[i])
	}
	p.want(!valid)
	return list
}

// sorted reads a list that is left out when empty, and sorted and without doubles
// otherwise.
func (p *parser) sorted(key string) []string {
	if !p.at(key) {
		return nil
	}
	list := p.list(key)
	p.want(len(list) > 0)
	for i := 1; i < len(list); i++ {
		p.want(list[i-1] < list[i])
	}
	return list
}

// items reads the strings behind the key of a list.
func (p *parser) items() (list []string) {
	p.want(p.skip(" = ["))
	for !p.bad && !p.skip("]\n") {
		p.want(len(list) == 0 || p.skip(", "))
		list = append(list, p.quoted())
	}
	return list
}

func (p *parser) bareKey() string {
	n := 0
	for n < len(p.rest) && bareByte(p.rest[n]) {
		n++
	}
	key := p.rest[:n]
	p.rest = p.rest[n:]
	return key
}

// quoted reads a basic string in the escapes that quote writes.
func (p *parser) quoted() string {
	if !p.skip(`"`) {
		p.bad = true
		return ""
	}
	n := 0
	for n < len(p.rest) && p.rest[n] != '"' && p.rest[n] != '\\' {
		if p.rest[n] < ' ' || p.rest[n] == 0x7f {
			p.bad = true
			return ""
		}
		n++
	}
	s := p.rest[:n]
	p.rest = p.rest[n:]
	if p.skip(`"`) {
		return s
	}
	raw := []byte(s)
	for p.rest != "" {
		c := p.rest[0]
		p.rest = p.rest[1:]
		switch {
		case c == '"':
			return string(raw)
		case c < ' ' || c == 0x7f:
			p.bad = true
			return ""
		case c != '\\':
			raw = append(raw, c)
		case p.skip(`"`):
			raw = append(raw, '"')
		case p.skip(`\`):
			raw = append(raw, '\\')
		case p.skip("n"):
			raw = append(raw, '\n')
		case p.skip("t"):
			raw = append(raw, '\t')
		case p.skip("u00"):
			if len(p.rest) < 2 {
				p.bad = true
				return ""
			}
			v, err := strconv.ParseUint(p.rest[:2], 16, 7)
			if err != nil {
				p.bad = true
				return ""
			}
			raw = append(raw, byte(v))
			p.rest = p.rest[2:]
		default:
			p.bad = true
			return ""
		}
	}
	p.bad = true
	return ""
}

// bare reports whether TOML takes the key without quotes.
func bare(key string) bool {
	for i := range len(key) {
		if !bareByte(key[i]) {
			return false
		}
	}
	return key != ""
}

func bareByte(c byte) bool {
	return c == '_' || c == '-' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

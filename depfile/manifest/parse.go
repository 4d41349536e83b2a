package manifest

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// parseCanonical reads the subset of TOML that Encode writes, which is what is in
// nearly every record, in a small part of the time that a decoder for all of TOML
// takes. What it returns is what that decoder returns; of anything else, well-formed
// or not, it only says that it is not canonical. A fuzz test holds the two together.
func parseCanonical(data []byte) (top map[string]any, ok bool) {
	if !utf8.Valid(data) {
		return nil, false
	}
	p := parser{rest: string(data)}
	top = make(map[string]any, 12)
	current := top
	for p.rest != "" {
		switch {
		case p.skip("\n"):
		case p.skip("[["):
			name, _ := p.bareKey()
			if name == "" || !p.skip("]]\n") {
				return nil, false
			}
			list, isList := top[name].([]map[string]any)
			if !isList && top[name] != nil {
				return nil, false
			}
			current = make(map[string]any, 6)
			top[name] = append(list, current)
		case p.skip("["):
			name, _ := p.bareKey()
			if name == "" || top[name] != nil || !p.skip("]\n") {
				return nil, false
			}
			current = make(map[string]any, 12)
			top[name] = current
		default:
			if !p.pair(current) || !p.skip("\n") {
				return nil, false
			}
		}
	}
	return top, true
}

// parser is the rest of the text. Each method takes what it reads from its
// beginning, and reports whether it was there.
type parser struct{ rest string }

func (p *parser) skip(s string) (ok bool) {
	p.rest, ok = strings.CutPrefix(p.rest, s)
	return ok
}

// pair reads KEY = VALUE into a table that does not have KEY.
func (p *parser) pair(m map[string]any) bool {
	key, ok := p.bareKey()
	if !ok && strings.HasPrefix(p.rest, `"`) {
		key, ok = p.text()
	}
	if !ok || !p.skip(" = ") {
		return false
	}
	if _, twice := m[key]; twice {
		return false
	}
	v, ok := p.value()
	if ok {
		m[key] = v
	}
	return ok
}

func (p *parser) bareKey() (string, bool) {
	n := 0
	for n < len(p.rest) && bareByte(p.rest[n]) {
		n++
	}
	key := p.rest[:n]
	p.rest = p.rest[n:]
	return key, n > 0
}

func (p *parser) value() (any, bool) {
	switch {
	case p.rest == "":
		return nil, false
	case p.rest[0] == '"':
		return p.text()
	case p.skip("true"):
		return true, true
	case p.skip("false"):
		return false, true
	case p.skip("["):
		return p.list()
	case p.skip("{"):
		return p.inline()
	}
	return p.integer()
}

func (p *parser) integer() (any, bool) {
	n := 0
	for n < len(p.rest) && p.rest[n] >= '0' && p.rest[n] <= '9' {
		n++
	}
	digits := p.rest[:n]
	p.rest = p.rest[n:]
	if n > 1 && digits[0] == '0' {
		return nil, false
	}
	v, err := strconv.ParseInt(digits, 10, 64)
	return v, err == nil
}

// list reads the strings of a list behind its bracket.
func (p *parser) list() (any, bool) {
	list := []any{}
	for !p.skip("]") {
		if len(list) > 0 && !p.skip(", ") {
			return nil, false
		}
		s, ok := p.text()
		if !ok {
			return nil, false
		}
		list = append(list, s)
	}
	return list, true
}

// inline reads the pairs of a table on one line behind its brace.
func (p *parser) inline() (any, bool) {
	m := map[string]any{}
	for !p.skip("}") {
		if len(m) > 0 && !p.skip(", ") {
			return nil, false
		}
		if strings.HasPrefix(p.rest, "{") || !p.pair(m) {
			return nil, false
		}
	}
	return m, true
}

// text reads a basic string in the escapes that quote writes.
func (p *parser) text() (string, bool) {
	if !p.skip(`"`) {
		return "", false
	}
	n := 0
	for n < len(p.rest) && p.rest[n] != '"' && p.rest[n] != '\\' {
		if p.rest[n] < ' ' || p.rest[n] == 0x7f {
			return "", false
		}
		n++
	}
	s := p.rest[:n]
	p.rest = p.rest[n:]
	if p.skip(`"`) {
		return s, true
	}
	raw := []byte(s)
	for p.rest != "" {
		c := p.rest[0]
		p.rest = p.rest[1:]
		switch {
		case c == '"':
			return string(raw), true
		case c < ' ' || c == 0x7f:
			return "", false
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
				return "", false
			}
			v, err := strconv.ParseUint(p.rest[:2], 16, 7)
			if err != nil {
				return "", false
			}
			raw = append(raw, byte(v))
			p.rest = p.rest[2:]
		default:
			return "", false
		}
	}
	return "", false
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

// deeper reports whether brackets and braces outside of strings and comments stand
// more than n deep in each other, or a line has a key of more than n parts: a decoder
// takes time with the square of that.
func deeper(data []byte, n int) bool {
	depth, dots := 0, 0
	var quote byte // of the string we are in
	var long bool  // whether it is one of three quotes
	for i := 0; i < len(data); i++ {
		c := data[i]
		triple := i+2 < len(data) && data[i+1] == c && data[i+2] == c
		switch {
		case quote != 0:
			switch {
			case c == '\\' && quote == '"':
				i++
			case c == '\n' && !long, c == quote && !long:
				quote = 0
			case c == quote && triple:
				quote, i = 0, i+2
				// One or two more are the last of the string.
				for j := 0; j < 2 && i+1 < len(data) && data[i+1] == c; j++ {
					i++
				}
			}
		case c == '"' || c == '\'':
			quote, long = c, triple
			if triple {
				i += 2
			}
		case c == '#':
			for i+1 < len(data) && data[i+1] != '\n' {
				i++
			}
		case c == '[' || c == '{':
			if depth++; depth > n {
				return true
			}
		case c == ']' || c == '}':
			depth--
		case c == '.':
			if dots++; dots > n {
				return true
			}
		case c == '\n':
			dots = 0
		}
	}
	return false
}

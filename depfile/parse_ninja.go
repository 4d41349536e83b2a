package depfile

import "bytes"

// parseNinja reads the dialects Ninja (strict) and Common.
func parseNinja(data []byte, strict bool) ([]Rule, error) {
	var rules []Rule
	var r Rule
	inputs := map[string]bool{} // of all rules, as ninja keeps them
	colon, colons := false, 0   // in this rule, in the file
	poisoned := false           // a target of this rule is an input of another
	start := 0                  // of this line

	endRule := func() error {
		if !colon && len(r.Targets) > 0 && !strict {
			return syntaxError(data, start, "expected ':' after %q", r.Targets[len(r.Targets)-1].Name)
		}
		if colon && len(r.Targets) == 0 {
			return syntaxError(data, start, "no target before ':'")
		}
		if colon {
			rules = append(rules, r)
		} else if len(r.Targets) > 0 && len(rules) > 0 {
			// To ninja these are outputs all the same.
			for _, t := range r.Targets {
				addTarget(&rules[len(rules)-1], t.Name)
			}
		}
		r, colon, poisoned = Rule{}, false, false
		return nil
	}

	for i := 0; i < len(data); {
		if !strict && len(r.Targets) == 0 && !colon && data[i] == '#' {
			for i < len(data) && data[i] != '\n' {
				i++
			}
			continue
		}
		if n := fillerAt(data, i); n > 0 && colon && !strict {
			i += n
			continue
		}
		at := i
		name, next, newline := ninjaName(data, i, strict)
		i = next
		isTarget := !colon
		if n := len(name); n > 0 && name[n-1] == ':' {
			name = name[:n-1]
			colon = true
			colons++
		}
		if name != "" {
			switch {
			case isTarget:
				poisoned = poisoned || inputs[name]
				addTarget(&r, name)
			case inputs[name]:
				r.Deps = append(r.Deps, clean(name))
			case poisoned && strict:
				return nil, syntaxError(data, at, "inputs may not also have inputs: %q", r.Targets[0].Name)
			default:
				inputs[name] = true
				r.Deps = append(r.Deps, clean(name))
			}
		}
		if newline {
			if err := endRule(); err != nil {
				return nil, err
			}
			start = i
		}
	}
	if err := endRule(); err != nil {
		return nil, err
	}
	if colons == 0 && len(data) > 0 && (strict || len(rules) > 0) {
		return nil, syntaxError(data, 0, "expected ':' in depfile")
	}
	return rules, nil
}

// fillerAt returns the length of the word at i if it is one that Write puts in for
// make. To ninja both are white space.
func fillerAt(data []byte, i int) int {
	if i > 0 && !isSpace(data[i-1]) {
		return 0
	}
	for _, filler := range []string{frontFiller, endFiller} {
		if rest, ok := bytes.CutPrefix(data[i:], []byte(filler)); ok && (len(rest) == 0 || isSpace(rest[0])) {
			return len(filler)
		}
	}
	return 0
}

// ninjaName reads one name at i, up to and with the byte that ends it. The name may
// be empty: between two blanks there is one.
func ninjaName(data []byte, i int, strict bool) (name string, next int, newline bool) {
	plain := func(c byte) bool {
		if strict {
			return ninjaPlain(c)
		}
		return c != 0 && c != '$' && !isSpace(c)
	}
	peek := func(i int) byte { // past the end ninja sees a zero byte
		if i < len(data) {
			return data[i]
		}
		return 0
	}
	atNewline := func(i int) int { // the newline's length
		switch {
		case peek(i) == '\n':
			return 1
		case peek(i) == '\r' && peek(i+1) == '\n':
			return 2
		}
		return 0
	}

	var b []byte
	for i < len(data) {
		n := 0
		for peek(i+n) == '\\' {
			n++
		}
		c, after := peek(i+n), i+n+1
		switch {
		case n == 0 && c == '$' && peek(after) == '$':
			b = append(b, '$')
			i = after + 1
		case n == 0 && plain(c):
			b = append(b, c)
			i = after
		case n == 0:
			if l := atNewline(i); l > 0 {
				return string(b), i + l, true
			}
			return string(b), after, false

		case c == ' ' && n%2 == 1:
			b = append(appendSlashes(b, n/2), ' ')
			i = after
		case c == ' ':
			return string(appendSlashes(b, n)), after, false
		case c == '#':
			b = append(appendSlashes(b, n-1), '#')
			i = after
		case c == ':':
			if d := peek(after); d == 0 || isBlank(d) || d == '\n' || d == '\r' {
				// The colon that ends the targets, after a name that ends in
				// backslashes.
				b = append(appendSlashes(b, n), ':')
				if d == '\r' {
					return string(b), after, false // the newline is read next
				}
				return string(b), min(after+1, len(data)), d == '\n'
			}
			b = append(appendSlashes(b, n-1), ':')
			i = after
		case n == 1 && atNewline(i+1) > 0:
			return string(b), i + 1 + atNewline(i+1), false
		case c == 0 || c == '\r' || c == '\n':
			if n == 1 {
				return string(b), i + 1, false
			}
			b = appendSlashes(b, n)
			i += n
		default:
			b = append(appendSlashes(b, n), c)
			i = after
		}
	}
	return string(b), i, false
}

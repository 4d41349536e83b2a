package depfile

import (
	"bytes"
	"strings"
)

func parseMake(data []byte) ([]Rule, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	var rules []Rule
	for i := 0; i < len(data); {
		line, next := makeLine(data, i)
		r, err := makeRule(line)
		if err != nil {
			return nil, syntaxError(data, i, "%s", err)
		}
		if len(r.Targets) > 0 {
			rules = append(rules, r)
		}
		i = next
	}
	return rules, nil
}

// makeLine returns the logical line at i. As make does it, a newline after an odd
// number of backslashes makes one space of itself, its backslash and the blanks
// around them, and only there are the other backslashes halved.
func makeLine(data []byte, i int) (line string, next int) {
	var b []byte
	for i < len(data) {
		text, rest, found := bytes.Cut(data[i:], []byte{'\n'})
		text = bytes.TrimSuffix(text, []byte{'\r'})
		i = len(data) - len(rest)
		name := bytes.TrimRight(text, `\`)
		n := len(text) - len(name)
		if !found || n%2 == 0 {
			b = append(b, text...)
			break
		}
		b = appendSlashes(append(b, name...), n/2)
		b = append(bytes.TrimRight(b, " \t"), ' ')
		for i < len(data) && isBlank(data[i]) {
			i++
		}
	}
	return string(b), i
}

// makeSyntax is what is wrong with a line.
type makeSyntax string

func (s makeSyntax) Error() string { return string(s) }

// makeRule reads a logical line. A line without a rule in it has no targets.
func makeRule(line string) (Rule, error) {
	if strings.HasPrefix(line, "\t") && strings.TrimSpace(line) != "" {
		return Rule{}, makeSyntax("a recipe")
	}
	var r Rule
	role := AsTarget
	orderOnly := false
	first := true // dependency
	for i := 0; ; {
		for i < len(line) && isSpace(line[i]) {
			i++
		}
		w, next, stop, err := makeWord(line, i, role)
		if err != nil {
			return Rule{}, err
		}
		text := line[i:next]
		i = next
		switch {
		case text == "":
		case role == AsTarget && text == "&" && stop == ':':
			return Rule{}, makeSyntax("grouped targets")
		case role == AsTarget:
			if stop == ':' && strings.HasSuffix(text, "&") {
				return Rule{}, makeSyntax("grouped targets")
			}
			addTarget(&r, w)
		case text == frontFiller:
			first = false
		default:
			if first && strings.Contains(text, "=") {
				return Rule{}, makeSyntax("a target-specific variable")
			}
			first = false
			if !orderOnly {
				r.Deps = append(r.Deps, clean(w))
			}
		}
		switch stop {
		case ':':
			if role == AsDep {
				return Rule{}, makeSyntax("a static pattern or double-colon rule")
			}
			if len(r.Targets) == 0 {
				return Rule{}, makeSyntax("no target before ':'")
			}
			role = AsDep
			i++
		case '|':
			orderOnly = true
			i++
		case 0, '#':
			if role == AsTarget && len(r.Targets) > 0 {
				return Rule{}, makeSyntax("expected ':' in \"" + strings.TrimSpace(line) + "\"")
			}
			return r, nil
		}
	}
}

// makeWord reads one word of a rule. It ends before stop: a blank, a colon, a bar
// (to the right of the colon), "#", or 0 at the end of the line.
func makeWord(line string, i int, role Role) (name string, next int, stop byte, err error) {
	if strings.HasPrefix(line[i:], frontFiller) {
		i += len(frontFiller)
		if i < len(line) {
			stop = line[i]
		}
		if stop == 0 || isSpace(stop) {
			return "", i, stop, nil
		}
		return "", i, 0, makeSyntax("a variable")
	}

	var b []byte
	for stop == 0 {
		n := 0
		for i+n < len(line) && line[i+n] == '\\' {
			n++
		}
		if i+n == len(line) {
			b = appendSlashes(b, n) // there is nothing that they could quote
			i += n
			break
		}
		c := line[i+n]
		if c == '\t' && role == AsTarget {
			c = ' '
		}
		switch {
		case isBlank(c), c == ':', c == '#', c == '|' && role == AsDep:
			b = appendSlashes(b, n/2)
			if n%2 == 0 {
				i += n
				stop = c
				continue
			}
		case c == '%' && role == AsTarget:
			if n%2 == 0 {
				return "", 0, 0, makeSyntax("a pattern rule")
			}
			b = appendSlashes(b, n/2)
		case c == ';':
			if n%4 != 3 {
				return "", 0, 0, makeSyntax("a recipe")
			}
			b = appendSlashes(b, n/4)
		case c == '$':
			if !strings.HasPrefix(line[i+n:], "$$") {
				return "", 0, 0, makeSyntax("a variable")
			}
			b = appendSlashes(b, n)
			i++
		case c == '=' && role == AsTarget:
			return "", 0, 0, makeSyntax("a variable")
		case c == '=' && n > 0:
			return "", 0, 0, makeSyntax("a backslash before '='")
		default:
			b = appendSlashes(b, n)
		}
		b = append(b, c)
		i += n + 1
	}
	return globUnquote(string(b)), i, stop, nil
}

// globUnquote is the reverse of globQuote. To make a word without wildcards is no
// pattern, and its backslashes are backslashes.
func globUnquote(word string) string {
	if !strings.ContainsAny(word, globBytes) {
		return word
	}
	var b strings.Builder
	if rest, ok := strings.CutPrefix(word, "[~]"); ok {
		b.WriteByte('~')
		word = rest
	}
	for i := 0; i < len(word); i++ {
		if word[i] == '\\' && i+1 < len(word) {
			i++
		}
		b.WriteByte(word[i])
	}
	return b.String()
}

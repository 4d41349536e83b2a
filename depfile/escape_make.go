package depfile

import "strings"

// GNU make reads a rule in passes, and each pass unquotes on its own: comments and
// semicolons on the raw line, variables, semicolons again, colons, blanks and bars,
// wildcards, percent signs. A pass that looks for a byte halves the backslashes
// directly before it and leaves all others alone. So what has to be written depends
// on how many passes look for a byte, and on the side of the colon.

// globBytes make a name a pattern for make.
const globBytes = "*?["

// makeTargets are the names that mean something else to the left of a colon. (make
// has more variables that start with a dot, but these are the targets.)
var makeTargets = map[string]bool{
	".DEFAULT": true, ".DELETE_ON_ERROR": true, ".EXPORT_ALL_VARIABLES": true, ".IGNORE": true,
	".INTERMEDIATE": true, ".LOW_RESOLUTION_TIME": true, ".NOTINTERMEDIATE": true, ".NOTPARALLEL": true,
	".ONESHELL": true, ".PHONY": true, ".POSIX": true, ".PRECIOUS": true, ".SECONDARY": true,
	".SECONDEXPANSION": true, ".SILENT": true, ".SUFFIXES": true,
}

// makeWords start a directive where the first word of a line is one of them and not
// followed by a colon, as when there are several targets.
var makeWords = map[string]bool{
	"define": true, "else": true, "endef": true, "endif": true, "export": true, "ifdef": true, "ifeq": true,
	"ifndef": true, "ifneq": true, "-include": true, "include": true, "-load": true, "load": true,
	"override": true, "private": true, "sinclude": true, "undefine": true, "unexport": true, "vpath": true,
}

// makeModifiers introduce a variable where the first word after the colon is one
// of them.
var makeModifiers = map[string]bool{
	"define": true, "export": true, "override": true, "private": true, "undefine": true,
}

// quoteMake returns name as GNU make 4.3 reads it.
func quoteMake(name string, role Role) (string, *fault) {
	if f := makeFault(name, role); f != nil {
		return "", f
	}
	pattern := name
	// With a wildcard in it the name goes through glob(3), which unquotes every
	// backslash. If the file is there, the pattern matches exactly its name; if
	// not, the pattern stays as it is, in the phony line as well. A "~" would be a
	// home directory, even after "./", which make strips first.
	if isPattern(name) {
		pattern = globQuote(name)
	}
	var b []byte
	if needsDot(name, role) {
		b = append(b, "./"...)
	}
	for u := range units(pattern) {
		b = makeUnit(b, u, role)
	}
	return string(b), nil
}

// needsDot reports whether make would take the start of name for something else,
// and not if it follows "./", which make takes off.
func needsDot(name string, role Role) bool {
	switch name[0] {
	case '\v', '\f', '\r':
		return true // skipped with the blanks before it
	case '=', '+', '!':
		// "out: a += b" sets a variable.
		return strings.HasPrefix(strings.TrimLeft(name[:min(2, len(name))], "+!"), "=")
	}
	// The phony line has it too, because ninja compares the two as they are spelled.
	return role != AsTarget && makeModifiers[name]
}

// makeFault finds what no escape helps.
func makeFault(name string, role Role) *fault {
	if name == "" {
		return &fault{0, "an empty name"}
	}
	for u := range units(name) {
		switch {
		case u.last:
		case u.c == '\n':
			return &fault{u.offset, "the line ends there, and make has no escape for it"}
		case u.c == 0:
			return &fault{u.offset, "make has no escape for it"}
		case u.c == '\t' && role != AsDep:
			return &fault{u.offset, "make reads a space, and has no escape for it in a target"}
		case u.c == '=' && role != AsDep:
			return &fault{u.offset, "the line sets a variable, and make has no escape for it in a target"}
		case u.c == '=' && u.slashes > 0:
			// Backslashes before the first "=" of a line that has none before it are
			// halved, those before a later one are not.
			return &fault{u.offset, "how make reads a backslash before it depends on the rest of the line"}
		}
	}
	if i := strings.IndexByte(name, '('); i > 0 && strings.HasSuffix(name, ")") {
		return &fault{i, "make reads a member of an archive, and has no escape for it"}
	}
	if i := strings.IndexByte(name, '%'); i >= 0 && role != AsDep && isPattern(name) {
		return &fault{i, "make reads a pattern rule: its wildcards undo the escape"}
	}
	if role != AsDep && makeTargets[name] {
		return &fault{0, "a special target of make's"}
	}
	if role == AsDep && name == ".WAIT" {
		return &fault{0, "make 4.4 reads it as a command to wait"}
	}
	return nil
}

func isPattern(name string) bool {
	return strings.ContainsAny(name, globBytes) || strings.HasPrefix(name, "~")
}

// globQuote returns a pattern that matches name only.
func globQuote(name string) string {
	var b strings.Builder
	for i := range len(name) {
		switch c := name[i]; {
		case c == '~' && i == 0:
			b.WriteString("[~]") // a backslash would be tried for a user's name
		case c == '\\' || strings.IndexByte(globBytes, c) >= 0:
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func makeUnit(b []byte, u unit, role Role) []byte {
	n := u.slashes
	if u.last {
		return appendSlashes(b, 2*n) // a blank or a colon follows
	}
	switch u.c {
	case ' ', '\t', '#', ':':
		n = 2*n + 1
	case '|':
		if role == AsDep {
			n = 2*n + 1
		}
	case '%':
		// No pass looks for it on the right.
		if role != AsDep {
			n = 2*n + 1
		}
	case ';':
		n = 4*n + 3 // two passes
	case '$':
		b = appendSlashes(b, n)
		return append(b, "$$"...)
	}
	b = appendSlashes(b, n)
	return append(b, u.c)
}

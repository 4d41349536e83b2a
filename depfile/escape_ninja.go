package depfile

import "strings"

// ninja's depfiles have three escapes: a backslash before a space, "#" or ":", and
// $$. A backslash before anything else is a backslash, and keeps what follows in
// the name whatever it is. What is neither escaped nor in the list of plain bytes
// ends the name, as a space would.

// ninjaPlain reports whether c can stand in a name as it is. From 1.13 on ninja
// takes ? " ' & as well.
func ninjaPlain(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c >= 0x80 ||
		strings.IndexByte("+,/_:.~()}{%=@[]!-", c) >= 0
}

// quoteNinja returns name as ninja reads it, on either side of the colon.
func quoteNinja(name string) (string, *fault) {
	var b []byte
	for u := range units(name) {
		if f := ninjaFault(u, u.offset == len(name)-1); f != nil {
			return "", f
		}
		b = ninjaUnit(b, u)
	}
	return string(b), nil
}

func ninjaFault(u unit, atEnd bool) *fault {
	switch {
	case u.last:
		return &fault{u.offset, "ninja reads a backslash at the end of a name together with what follows"}
	case u.c == ':' && atEnd:
		return &fault{u.offset, "ninja reads the end of a target, and has no escape for it"}
	case u.c == ' ' || u.c == '#' || u.c == '$' || ninjaPlain(u.c):
		return nil
	case u.slashes > 0 && u.c != '\n' && u.c != '\r' && u.c != 0:
		return nil
	}
	return &fault{u.offset, "ninja reads the end of the name, and has no escape for it"}
}

func ninjaUnit(b []byte, u unit) []byte {
	switch {
	case u.last:
		return appendSlashes(b, u.slashes)
	case u.c == ' ':
		b = appendSlashes(b, 2*u.slashes+1)
	case u.c == '#' || u.c == ':':
		// Only one backslash is taken off, however many there are. A lone colon
		// needs none, but make wants it.
		b = appendSlashes(b, u.slashes+1)
	case u.c == '$' && u.slashes == 0:
		b = append(b, '$')
	default:
		b = appendSlashes(b, u.slashes)
	}
	return append(b, u.c)
}

package cache

import (
	"bytes"
	"io"
	"strings"
)

// What a command is given can hold the path of the checkout: -ffile-prefix-map=/a/b=. or
// a variable. Between checkouts at different paths it is the same if it only
// differs in that, and so the path is taken out of it, where it is one: at the
// beginning of an absolute path, and up to the end of a name. Of a directory whose name
// begins with "-", or has a "=" or a blank in it, nobody can tell: what is relative to it
// can be taken for a path. What follows the root is not looked at, so that "/a/b/../c" is
// the same for two checkouts, too, and names a file outside of each.

// rootMark stands for the root in what has been relocated. No argument and no variable
// can hold it.
const rootMark = "\x00root\x00"

// Relocate returns text with rootMark for the root wherever the root stands in it as a
// path or the beginning of one. "-I/a/b/include" and "/a/b=." are, for a root /a/b;
// "/x/a/b", "/a/bc" and "x/a/b" are not.
func Relocate(text, root string) string {
	if root == "/" || root == "" {
		return text
	}
	var b strings.Builder
	rest, begin := text, 0 // rest is text[begin:]
	for {
		i := strings.Index(rest, root)
		if i < 0 {
			break
		}
		end := i + len(root)
		if startsPath(text[:begin+i]) && (end == len(rest) || !nameByte(rest[end])) {
			b.WriteString(rest[:i])
			b.WriteString(rootMark)
		} else {
			b.WriteString(rest[:end])
		}
		rest, begin = rest[end:], begin+end
	}
	b.WriteString(rest)
	return b.String()
}

// startsPath reports whether a "/" behind text is the first of an absolute path: the word
// that ends there is empty or "@", or it is a flag. Behind any other word it leads on from
// there, as in "gen/a/b" and "$HOME/a/b", and so it does behind a path ("-I/x").
func startsPath(text string) bool {
	begin := len(text)
	for begin > 0 && nameByte(text[begin-1]) {
		begin--
	}
	word := text[begin:]
	if begin > 0 && text[begin-1] == '/' {
		return false
	}
	return word == "" || word == "@" || word[0] == '-'
}

// nameByte reports whether a byte can be expected in the name of a file: whatever does
// not separate paths in lists, assignments and quotes.
func nameByte(c byte) bool {
	return !strings.ContainsRune("/=:;,'\"`()<>[]{}| \t\n\x00", rune(c))
}

// HoldsRoot reports whether the bytes of r hold the path of the root.
func HoldsRoot(r io.Reader, root string) (bool, error) {
	if root == "/" || root == "" {
		return false, nil
	}
	want := []byte(root)
	buf := make([]byte, 256<<10)
	kept := 0 // bytes at the beginning of buf that stood before what is read now
	for {
		n, err := r.Read(buf[kept:])
		if bytes.Contains(buf[:kept+n], want) {
			return true, nil
		}
		if err == io.EOF {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		total := kept + n
		kept = min(len(want)-1, total)
		copy(buf, buf[total-kept:total])
	}
}

package cache

import (
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"

	"deptrace/depfile/manifest"
)

// weakFormat is the first line of the text of a weak key. Whatever changes the meaning of
// a part, of an entry or of an input set changes it.
const weakFormat = "deptrace command v1\n"

// Part is one of the things that a weak key is made of.
type Part struct {
	// Name is what a message calls it: "directory", "variable CFLAGS".
	Name string
	// Text is all that counts of it. It can be a secret.
	Text string
}

// Weak is everything that a command is given, beside the files that it looks at.
// Its parts are in a fixed order.
type Weak struct {
	Parts []Part
}

// Add adds a part.
func (w *Weak) Add(name, format string, args ...any) {
	w.Parts = append(w.Parts, Part{name, fmt.Sprintf(format, args...)})
}

// AddWords adds a part that is a list of words.
func (w *Weak) AddWords(name string, words []string) {
	var b strings.Builder
	for _, s := range words {
		fmt.Fprintf(&b, "%q ", s)
	}
	w.Parts = append(w.Parts, Part{name, b.String()})
}

// AddEnviron adds the variables of an environment that count: all but the noise, or, if
// only names any, just those and those that every record has (see [manifest.IsListed]),
// without which a compiler finds other files; and in any case those that are asked for, in
// the form of [manifest.Environment]. Each is a part called "variable NAME", and value
// says how its value is to be taken.
func (w *Weak) AddEnviron(environ, only, asked []string, value func(string) string) {
	seen := map[string]bool{}
	var parts []Part
	for _, e := range environ {
		name, v, ok := strings.Cut(e, "=")
		if !ok || seen[name] { // getenv(3) finds the first one
			continue
		}
		seen[name] = true
		switch {
		case slices.Contains(asked, name):
		case len(only) > 0:
			if !slices.Contains(only, name) && !manifest.IsListed(name) {
				continue
			}
		case name == "MAKEFLAGS" || name == "GNUMAKEFLAGS":
			if v = makeFlags(v); v == "" {
				continue
			}
		case IsNoise(name):
			continue
		}
		parts = append(parts, Part{"variable " + name, value(v)})
	}
	slices.SortFunc(parts, func(a, b Part) int { return strings.Compare(a.Name, b.Name) })
	w.Parts = append(w.Parts, parts...)
}

// Key returns the weak key.
func (w *Weak) Key() Key {
	h := sha256.New()
	io.WriteString(h, weakFormat)
	for _, p := range w.Parts {
		fmt.Fprintf(h, "%q %q\n", p.Name, p.Text)
	}
	return Key(h.Sum(nil))
}

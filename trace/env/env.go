// Package env reads an environment, in the form of [os.Environ], as the C library does.
package env

import (
	"slices"
	"strings"
)

// Lookup returns the value of a variable, and whether there is one. Of several with one name
// it is the first, as for getenv(3).
func Lookup(environ []string, name string) (string, bool) {
	for _, e := range environ {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			return v, true
		}
	}
	return "", false
}

// Get returns the value of a variable; "" if there is none.
func Get(environ []string, name string) string {
	v, _ := Lookup(environ, name)
	return v
}

// SearchPath returns the directories of PATH as spelled, or those that execvp(3) takes where
// there is none.
func SearchPath(environ []string) []string {
	list, ok := Lookup(environ, "PATH")
	if !ok {
		list = "/bin:/usr/bin"
	}
	return strings.Split(list, ":")
}

// Names are names of variables, and beginnings of names.
type Names struct {
	names    map[string]bool
	prefixes []string
}

// NewNames returns the names of a list. One that ends in "*" stands for all that begin so.
func NewNames(list []string) *Names {
	n := &Names{names: make(map[string]bool, len(list))}
	for _, name := range list {
		if prefix, ok := strings.CutSuffix(name, "*"); ok {
			n.prefixes = append(n.prefixes, prefix)
		} else {
			n.names[name] = true
		}
	}
	return n
}

// Has reports whether a name is among them.
func (n *Names) Has(name string) bool {
	return n.names[name] || slices.ContainsFunc(n.prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

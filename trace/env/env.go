// Package env reads an environment, in the form of [os.Environ], as the C library does.
package env

import "strings"

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

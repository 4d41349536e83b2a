package manifest

import (
	"fmt"
	"path"
	"strings"
)

// Glob is a pattern over path forms. It is matched name by name, each as
// [path.Match] does; a part that is just "**" matches any number of names, none
// included, so that "**/__pycache__/**" matches such a directory itself and all
// that is in it, at any depth, and "**" alone matches the root, too. A pattern is
// relative to the root unless it begins with "/" or "~/", and matches nothing on the
// other side of that border.
type Glob struct {
	parts []string
	space byte
}

// ParseGlob reads a pattern. Its error says what is wrong with it.
func ParseGlob(pattern string) (Glob, error) {
	space, rest := split(pattern)
	g := Glob{parts: strings.Split(rest, "/"), space: space}
	for _, p := range g.parts {
		switch p {
		case "", ".", "..":
			return Glob{}, fmt.Errorf("pattern %q: no file's path has a part %q", pattern, p)
		}
		if _, err := path.Match(p, ""); err != nil {
			return Glob{}, fmt.Errorf("pattern %q: %w", pattern, err)
		}
	}
	return g, nil
}

// Match reports whether the pattern matches the whole of a path form.
func (g Glob) Match(form string) bool {
	space, rest := split(form)
	if space != g.space {
		return false
	}
	// Where a part fails after a "**", that one takes one name more and the parts
	// behind it start anew. Only the last "**" need ever be asked, for whatever an
	// earlier one could take, the last one could too: the work is at most the
	// product of the lengths.
	parts := g.parts
	var retry []string // the parts behind the last "**"
	var after string   // the names that it has not taken
	again := false
	for rest != "" || len(parts) > 0 {
		if len(parts) > 0 && parts[0] == "**" {
			parts = parts[1:]
			retry, after, again = parts, rest, true
			continue
		}
		if len(parts) > 0 && rest != "" {
			name, tail, _ := strings.Cut(rest, "/")
			if ok, _ := path.Match(parts[0], name); ok {
				parts, rest = parts[1:], tail
				continue
			}
		}
		if !again || after == "" {
			return false
		}
		_, after, _ = strings.Cut(after, "/")
		parts, rest = retry, after
	}
	return true
}

// split tells the three spaces of path forms apart: absolute, home and root.
func split(form string) (space byte, rest string) {
	switch {
	case strings.HasPrefix(form, "/"):
		return '/', form[1:]
	case strings.HasPrefix(form, "~/"):
		return '~', form[2:]
	case form == "~":
		return '~', ""
	case form == ".":
		return '.', ""
	}
	return '.', strings.TrimPrefix(form, "./")
}

// Globs are patterns of which one is enough.
type Globs []Glob

// ParseGlobs reads several patterns.
func ParseGlobs(patterns []string) (Globs, error) {
	var gs Globs
	for _, p := range patterns {
		g, err := ParseGlob(p)
		if err != nil {
			return nil, err
		}
		gs = append(gs, g)
	}
	return gs, nil
}

// Match reports whether one of the patterns matches a path form.
func (gs Globs) Match(form string) bool {
	for _, g := range gs {
		if g.Match(form) {
			return true
		}
	}
	return false
}

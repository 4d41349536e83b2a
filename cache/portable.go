package cache

import (
	"strings"

	"deptrace/depfile/manifest"
	"deptrace/trace/env"
	"deptrace/trace/footprint"
)

// Portable returns a record as it counts for checkouts at other paths, and the first input
// that ties it to the checkout at root; "" for none.
//
// The directories above the root are left out: they are directories for every checkout,
// only elsewhere. What lies beside the root, below one of them, ties: the step can have
// come there by way of "..", or by looking upwards for a .clang-format, and in another
// checkout would find another file there, or none. What the record tells is where the file
// is, not how the step spelled it; so a file in the home of a user counts as beside a
// checkout that is in there, too. Programs and libraries of the system are beside nothing,
// nor is what was looked for in a directory of PATH.
func Portable(m *manifest.Manifest, root string, now *World) (portable *manifest.Manifest, beside string) {
	searched := map[string]bool{}
	for dir := range strings.SplitSeq(env.Get(now.Environ, "PATH"), ":") {
		if strings.HasPrefix(dir, "/") {
			searched[strings.TrimRight(dir, "/")] = true
		}
	}
	p := *m
	p.Inputs = nil
	for i := range m.Inputs {
		in := &m.Inputs[i]
		at := manifest.Abs(in.Path, root, now.Home)
		if above(at, root) && in.Kind != footprint.List && at != root {
			continue
		}
		p.Inputs = append(p.Inputs, *in)
		if beside == "" && isBeside(at, root) && !searched[at[:strings.LastIndexByte(at, '/')]] {
			beside = in.Path
		}
	}
	return &p, beside
}

// above reports whether dir is path or a directory above it.
func above(dir, path string) bool {
	return dir == "/" || path == dir || strings.HasPrefix(path, dir) && path[len(dir)] == '/'
}

// isBeside reports whether a path outside root lies below a directory above root, other
// than "/": then the first names of the two are the same.
func isBeside(at, root string) bool {
	if above(root, at) {
		return false
	}
	if above("/usr", at) && !above("/usr/src", at) && !above("/usr/home", at) {
		return false
	}
	first, _, _ := strings.Cut(root[1:], "/")
	return above("/"+first, at)
}

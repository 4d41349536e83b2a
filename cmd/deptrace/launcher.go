package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"deptrace/depfile"
	"deptrace/trace/footprint"
)

// Launcher mode, -MD, is for CC="deptrace -MD -- gcc": one command line for every
// compile, link and test program of a build, with nothing on it that differs from
// step to step. So the names come from what the step does, and a step that makes
// nothing (gcc --version, -E to standard output, -o /dev/null) leaves nothing.

// names are the files to write; empty ones are not.
type names struct {
	depfile, manifest string
	// output is the file that the other two are named after, as the step spelled
	// it; empty outside launcher mode.
	output string
}

// chooseNames returns the files to write. An error is one of launcher mode: there is
// something to write and no name for it.
func (s *step) chooseNames(fp *footprint.Footprint, ok bool) (names, error) {
	n := names{depfile: s.f.depfile, manifest: s.f.manifest}
	if !s.f.launcher {
		return n, nil
	}
	var out string
	var err error
	if s.line != nil {
		out = s.line.output(fp)
	} else if out, err = s.launched(fp, ok); err != nil {
		return n, err
	}
	if out == "" {
		s.logf("the step has no output to name a depfile and a manifest after")
		return n, nil
	}
	n.output = out
	base := s.beside(out)
	for _, f := range []struct {
		name   *string
		suffix string
		what   string
	}{{&n.depfile, ".d", "depfile"}, {&n.manifest, ".toml", "manifest"}} {
		if *f.name != "" {
			continue // chosen by the user
		}
		path := base + f.suffix
		if wrote(fp, s.place(path)) {
			return names{}, &collision{fmt.Sprintf("the step itself writes %s, where its %s would go", printable(path), f.what)}
		}
		*f.name = path
	}
	if s.f.dir != "" {
		for _, path := range []string{n.depfile, n.manifest} {
			if strings.HasPrefix(path, base) {
				if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
					return names{}, fmt.Errorf("make directory %s: %w", printable(filepath.Dir(path)), cause(err))
				}
			}
		}
	}
	s.logf("depfile %s, manifest %s", printable(n.depfile), printable(n.manifest))
	return n, nil
}

// collision is a name of launcher mode that the step itself uses.
type collision struct{ message string }

func (e *collision) Error() string { return e.message }

func wrote(fp *footprint.Footprint, path string) bool {
	return slices.ContainsFunc(fp.Outputs, func(o footprint.Output) bool { return o.Path == path })
}

// launched returns the file that a step in launcher mode is about, or nothing.
func (s *step) launched(fp *footprint.Footprint, ok bool) (string, error) {
	given := s.givenOutputs()
	if len(given) > 0 {
		if info, err := os.Stat(given[0].name); err == nil && info.Mode()&os.ModeDevice != 0 {
			return "", nil // whatever it made besides, it was not made to be kept
		}
	}
	for _, g := range given {
		path := s.place(g.name)
		if slices.ContainsFunc(fp.Outputs, func(o footprint.Output) bool {
			return o.Path == path && o.State.Type == footprint.File
		}) {
			return g.name, nil
		}
	}
	products := s.products(fp)
	switch {
	case len(products) == 1:
		return s.spelled(products[0]), nil
	case len(products) > 1:
		if main := principal(products); main != "" {
			return s.spelled(main), nil
		}
		if !ok {
			return "", nil
		}
		return "", &ambiguity{"cannot tell what to name depfile and manifest after: the step wrote " + listed(s.relatives(products))}
	}
	// The step made nothing: it found its output up to date, or it failed, and what
	// it would have made is not there.
	for _, g := range given {
		info, err := os.Stat(g.name)
		if err == nil && info.Mode().IsRegular() {
			return g.name, nil
		}
		if err != nil && !ok && !g.joined && g.name != "-" && isDir(filepath.Dir(g.name)) {
			return g.name, nil
		}
	}
	return "", nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// given is the word behind a -o. joined is whether it is joined to it: then it may
// as well be something else (ld -oformat).
type given struct {
	name   string
	joined bool
}

// givenOutputs are the words behind -o on the step's command line, the last one
// first: it is the one that counts for a compiler.
func (s *step) givenOutputs() []given {
	var list []given
	words := s.words()
	for i := 1; i < len(words); i++ {
		switch word := words[i]; {
		case word == "-o" && i+1 < len(words):
			i++
			list = append(list, given{words[i], false})
		case strings.HasPrefix(word, "-o") && len(word) > 2:
			list = append(list, given{word[2:], true})
		}
	}
	slices.Reverse(list)
	return list
}

// principal picks the main one of several outputs of a compiler that was given no
// -o: besides it there may be .d, .gcno, .dwo and .su files.
func principal(outputs []string) string {
	main := ""
	for _, o := range outputs {
		if strings.HasSuffix(o, ".o") || filepath.Base(o) == "a.out" {
			if main != "" {
				return ""
			}
			main = o
		}
	}
	return main
}

// beside returns the name, but for the suffix, of the files named after out.
//
// With --dir, an output keeps its way below DIR, so that two of the same name in
// different directories do not meet: its way from the working directory, if DIR is
// relative to that, too, or from the directory that holds DIR, if DIR is absolute and
// so the same for several working directories. What does not lie below that
// keeps its absolute path, behind a directory "@".
func (s *step) beside(out string) string {
	if s.f.dir == "" {
		return out
	}
	base := s.dir
	if filepath.IsAbs(s.f.dir) {
		base = filepath.Dir(s.place(s.f.dir))
	}
	path := s.place(out)
	if !under(path, base) || path == base {
		return filepath.Join(s.f.dir, "@", path)
	}
	rel := strings.TrimPrefix(path[len(base):], "/")
	if strings.HasPrefix(rel, "@") {
		rel = "@" + rel
	}
	return filepath.Join(s.f.dir, rel)
}

// products are the regular files under the root that the step made: what a depfile
// can be about. A log is one only if nothing else is there, and never in launcher
// mode: `./configure > log` is no reason to name anything after the log.
func (s *step) products(fp *footprint.Footprint) []string {
	var paths, logs []string
	for _, o := range fp.Outputs {
		if o.State.Type != footprint.File || !under(o.Path, s.root) || s.ignored(o.Path) {
			continue
		}
		if s.isLog(o.Path) {
			logs = append(logs, o.Path)
		} else {
			paths = append(paths, o.Path)
		}
	}
	if len(paths) == 0 && !s.f.launcher {
		return logs
	}
	return paths
}

// openLogs returns the files that standard output and error are sent to and that
// are, as it seems, a log of more than this step: all that is behind standard error,
// and behind standard output what is appended to or held something before (`> out.h`
// is neither).
func openLogs() []os.FileInfo {
	var logs []os.FileInfo
	for _, f := range []*os.File{os.Stderr, os.Stdout} {
		info, err := f.Stat()
		if err != nil || !info.Mode().IsRegular() {
			continue
		}
		if f == os.Stderr || info.Size() > 0 || appends(f) {
			logs = append(logs, info)
		}
	}
	return logs
}

func appends(f *os.File) bool {
	flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_APPEND != 0
}

func (s *step) isLog(path string) bool {
	if len(s.logs) == 0 {
		return false
	}
	info, err := os.Stat(path)
	return err == nil && slices.ContainsFunc(s.logs, func(l os.FileInfo) bool { return os.SameFile(l, info) })
}

// spelled returns a path as the step's command line spells it, for the build knows
// it by that name; else from the working directory, if both are under the root.
func (s *step) spelled(path string) string {
	for _, word := range s.words()[1:] {
		for _, name := range []string{word, strings.TrimPrefix(word, "-o")} {
			if name != "" && filepath.Base(name) == filepath.Base(path) && s.place(name) == path {
				return name
			}
		}
	}
	if under(path, s.root) && under(s.dir, s.root) {
		// Both are without links, so that ".." leads where it seems to.
		if rel, err := filepath.Rel(s.dir, path); err == nil {
			return rel
		}
	}
	return path
}

func (s *step) relatives(paths []string) []string {
	list := make([]string, len(paths))
	for i, p := range paths {
		list[i] = s.relative(p)
	}
	return list
}

// ambiguity is the lack of a single output.
type ambiguity struct{ message string }

func (e *ambiguity) Error() string { return e.message }

// defaultTarget returns the target of a depfile for which the user gave none.
func (s *step) defaultTarget(fp *footprint.Footprint, n names) (depfile.Target, error) {
	if n.output != "" {
		return depfile.Target{Name: n.output}, nil
	}
	products := s.products(fp)
	switch len(products) {
	case 1:
		return depfile.Target{Name: s.spelled(products[0])}, nil
	case 0:
		return depfile.Target{}, &ambiguity{"the depfile has no target: the step wrote no regular file under " + printable(s.root)}
	}
	return depfile.Target{}, &ambiguity{"the depfile could have several targets: the step wrote " + listed(s.relatives(products))}
}

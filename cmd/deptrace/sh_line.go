package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"deptrace/cache"
	"deptrace/depfile"
	"deptrace/depfile/manifest"
	"deptrace/trace/footprint"
)

// line is a line of a recipe.
//
// Its record is named after the file that it left: of several the one behind a -o, else the
// object, else the first. A line that goes on with the content of
// what another line left (mv x.tmp x, strip x, chmod +x x, echo >> x) takes that one's record
// into its own; the two were one step in two lines. A record of which others have removed
// outputs, or made anew the one that it is named after, loses them, and goes with the last:
// after `make clean` there is none.
//
// That all this is one recipe and the lines come one after the other nobody says either; it
// is what make does unless two recipes write one file, which is wrong without deptrace.
type line struct {
	*step
	argv []string
	text string // what the shell is to run

	// prior are the records of what this line goes on with.
	prior []*record
	// files are the regular files that the line and those before it left.
	files []string
	// made has, of the directories of DIR that were searched, the record of each output.
	made map[string]map[string]string
}

// record is one that another line left.
type record struct {
	path string
	*manifest.Manifest
}

// words are the words of a step's command line, in which outputs can be named.
func (s *step) words() []string {
	if s.line == nil {
		return s.argv
	}
	words := []string{s.argv[0]}
	return append(words, strings.FieldsFunc(s.line.text, func(r rune) bool { return strings.ContainsRune(" \t\n;&|()<>'\"`", r) })...)
}

// output finds out what a line goes on with, and returns the file that its record is named
// after, or nothing if it left none.
func (l *line) output(fp *footprint.Footprint) string {
	files := map[string]bool{}
	for i := range fp.Outputs {
		o := &fp.Outputs[i]
		if !o.InOut {
			continue
		}
		r := l.recordOf(o.Path, true)
		if r == nil || !cache.GoesOn(r.Manifest, manifest.Form(l.dir, l.root, l.home), l.argv) || slices.Contains(l.prior, r) {
			continue
		}
		l.prior = append(l.prior, r)
		for _, out := range r.Outputs {
			if out.Kind == manifest.File {
				files[manifest.Abs(out.Path, l.root, l.home)] = true
			}
		}
	}
	for i := range fp.Outputs {
		delete(files, fp.Outputs[i].Path)
	}
	for _, path := range l.products(fp) {
		files[path] = true
	}
	for path := range files {
		l.files = append(l.files, path)
	}
	slices.Sort(l.files)
	if len(l.files) == 0 {
		return ""
	}
	for _, g := range l.givenOutputs() {
		if path := l.place(g.name); files[path] {
			return l.spelled(path)
		}
	}
	if main := principal(l.files); main != "" {
		return l.spelled(main)
	}
	return l.spelled(l.files[0])
}

// recordOf returns the record that has a file among its outputs, or nil. search says whether
// to look also into those that are named after another output.
func (l *line) recordOf(file string, search bool) *record {
	form := manifest.Form(file, l.root, l.home)
	for _, r := range l.prior {
		if r.left(form) {
			return r
		}
	}
	named := l.beside(file) + ".toml"
	if r := l.readRecord(named); r != nil && r.left(form) {
		return r
	}
	if !search {
		return nil
	}
	// What one line leaves is mostly in one directory.
	dir := filepath.Dir(named)
	if l.made == nil {
		l.made = map[string]map[string]string{}
	}
	if l.made[dir] == nil {
		l.made[dir] = l.outputsIn(dir)
	}
	if name := l.made[dir][form]; name != "" {
		return l.readRecord(name)
	}
	return nil
}

// outputsIn returns the outputs of all records in a directory, with the record of each.
func (l *line) outputsIn(dir string) map[string]string {
	made := map[string]string{}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		if !strings.HasSuffix(name, ".toml") {
			continue
		}
		if r := l.readRecord(name); r != nil {
			for _, o := range r.Outputs {
				made[o.Path] = name
			}
		}
	}
	return made
}

// readRecord reads a record of another line, or returns nil: of a file that is none, or is
// about another root, nothing is to be made.
func (l *line) readRecord(name string) *record {
	m, err := manifest.Read(name)
	if err != nil || m.Root != manifest.RootFrom(l.place(name), l.root) {
		return nil
	}
	return &record{name, m}
}

func (r *record) left(form string) bool {
	return slices.ContainsFunc(r.Outputs, func(o manifest.Output) bool { return o.Path == form })
}

// depfile is where the depfile of the record's line is.
func (r *record) depfile() string { return strings.TrimSuffix(r.path, ".toml") + ".d" }

func (r *record) remove() {
	os.Remove(r.path)
	os.Remove(r.depfile())
}

// join makes one record of that of this line and of those that it goes on with.
func (l *line) join(m *manifest.Manifest) *manifest.Manifest {
	for _, r := range l.prior {
		m = cache.Join(r.Manifest, m)
	}
	return m
}

// tidy takes from the other records what this line has made or removed, and removes those
// of which nothing is left; n is where its own record is. What it went on with is in that.
func (l *line) tidy(fp *footprint.Footprint, n names) {
	changed := map[string]bool{}
	for i := range fp.Outputs {
		changed[manifest.Form(fp.Outputs[i].Path, l.root, l.home)] = true
	}
	for i := range fp.Outputs {
		o := &fp.Outputs[i]
		r := l.recordOf(o.Path, o.State.Type == footprint.None)
		if r == nil || r.path == n.manifest || slices.Contains(l.prior, r) {
			continue
		}
		rest, files := cache.Without(r.Manifest, func(form string) bool { return changed[form] })
		if !files {
			r.remove()
		} else if err := rest.Write(r.path); err != nil {
			l.failf("%v", err)
		}
	}
	for _, r := range l.prior {
		if r.path != n.manifest {
			r.remove()
		}
	}
}

// rule adds to a rule what the depfiles of the lines say that this one goes on with, and has
// all the files that they left for targets.
func (l *line) rule(rule *depfile.Rule) {
	known := map[string]string{} // how they spell what they left
	for _, r := range l.prior {
		data, err := os.ReadFile(r.depfile())
		var rules []depfile.Rule
		if err == nil {
			rules, err = depfile.Parse(data, l.f.dialect)
		}
		if err != nil || len(rules) == 0 {
			rule.Incomplete = true // better once too often
			continue
		}
		for _, old := range rules {
			rule.Incomplete = rule.Incomplete || old.Incomplete
			for _, t := range old.Targets {
				known[l.place(t.Name)] = t.Name
			}
			rule.Deps = append(rule.Deps, old.Deps...)
		}
	}
	rule.Deps = slices.DeleteFunc(rule.Deps, func(dep string) bool { return slices.Contains(l.files, l.place(dep)) })
	slices.Sort(rule.Deps)
	rule.Deps = slices.Compact(rule.Deps)
	for _, path := range l.files {
		name := known[path]
		if name == "" {
			name = l.spelled(path)
		}
		rule.Targets = append(rule.Targets, depfile.Target{Name: name})
	}
}

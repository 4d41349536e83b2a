package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// workload is a job that is run untraced and under each candidate.
type workload struct {
	name, what string
	// argv is the command. In that of a build whose compiles are wrapped one by one $CC is
	// the compiler, which each candidate wraps in its way.
	argv    func(b *bench) []string
	wrapped bool
	// base is what the candidates are compared with; nil: the command untraced.
	base func(b *bench) []string
	// template makes the files that each run gets a copy of.
	template func(b *bench, dir string) error
	// inPlace has all runs share the template itself, which they do not change.
	inPlace bool
	// outputs are files that a run has to leave, relative to its directory.
	outputs []string
	// rule says that the job can be said to tup: its input files and the one output.
	rule bool
	// compiler says that compilers run, which is what bear and ccache are about.
	compiler bool
	quick    bool // less than a second under the slowest candidate
	whole    bool // a whole build, for which there is a budget of its own
	// goal is the ratio that the first of deptrace's candidates is to stay within, limit the
	// time in seconds; 0: none.
	goal, limit float64
	// candidates are those of this workload; nil: recorders.
	candidates func(b *bench, w *workload) []*candidate
}

// often is how many times as many rounds as asked for a workload is given.
func (w *workload) often() int {
	if w.quick {
		return 3
	}
	return 1
}

// workloads are all of them, in the order of the table.
func workloads() []*workload {
	var all []*workload
	all = append(all, compiles()...)
	all = append(all, builds()...)
	all = append(all, storms()...)
	all = append(all, records()...)
	return append(all, caches()...)
}

// files returns a template of the given files.
func files(contents map[string]string) func(*bench, string) error {
	return func(_ *bench, dir string) error {
		for name, text := range contents {
			p := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
				return err
			}
			if err := os.WriteFile(p, []byte(text), 0o666); err != nil {
				return err
			}
		}
		return nil
	}
}

// source returns a template of the sources that `make tools` has fetched, in which a
// command has been run.
func source(name string, argv ...string) func(*bench, string) error {
	return func(b *bench, dir string) error {
		from := filepath.Join(b.top, ".tools/src", name)
		if _, err := os.Stat(from); err != nil {
			return fmt.Errorf("the sources of %s are not there (make tools fetches them): %w", name, err)
		}
		if err := copyTree(dir, from); err != nil || len(argv) == 0 {
			return err
		}
		return command(dir, b.env, argv...)
	}
}

// copyTree copies a tree as cp -a does, times included: a build looks at them.
func copyTree(to, from string) error {
	return command(from, nil, "cp", "-a", ".", to)
}

// line is a command that does not depend on anything.
func line(argv ...string) func(*bench) []string { return func(*bench) []string { return argv } }

package main

import (
	"slices"
	"testing"
)

// strace is a second witness: what real programs read by its account, deptrace has as
// inputs, and the other way round. Each difference has an explanation, and each explanation
// explains something.
func TestWitness(t *testing.T) {
	needs(t, "gcc", "g++", "make", "node", "tar", "git", "strace")
	built := newTree(t)
	for name, value := range map[string]string{
		"GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com",
		"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com",
		// The same commit, and so the same names of objects, each time.
		"GIT_AUTHOR_DATE": "2001-09-09T01:46:40Z", "GIT_COMMITTER_DATE": "2001-09-09T01:46:40Z",
	} {
		built.setenv(name, value)
	}
	shell := func(line string) []string { return []string{"sh", "-c", line} }
	for _, c := range []struct {
		name  string
		given func(tr *tree)
		step  []string
		// own: the step reads files that it has written. loads: it runs programs whose ELF
		// interpreter nobody opens; a linker opens it.
		own, loads bool
	}{
		{name: "gcc, compiling and linking", step: []string{"gcc", "-g", "-o", "prog", "a.c", "b.c"}},
		{name: "g++, compiling and linking", step: []string{"g++", "-o", "prog", "main.cc", "c.cc"},
			given: func(tr *tree) { tr.write("main.cc", "int main() {}\n") }},
		{name: "node", step: []string{"node", "-e", "require('./mod.js'); require('fs').cpSync('dir', 'copy', {recursive: true})"}, loads: true},
		{name: "tar", step: shell("tar cf out.tar dir && mkdir x && tar xf out.tar -C x && cat x/dir/x"), own: true, loads: true},
		{name: "make -j2", step: []string{"make", "-j2"}, own: true},
		{name: "git clone", step: []string{"git", "clone", "-q", "--no-local", "repo", "clone"}, own: true, loads: true,
			given: func(tr *tree) {
				tr.run("git", "init", "-q", "repo")
				tr.run("cp", "a.c", "b.c", "text", "repo")
				tr.run("git", "-C", "repo", "add", ".")
				tr.run("git", "-C", "repo", "commit", "-q", "-m", "x")
			}},
		{name: "configure", step: shell("cd zlib && CFLAGS=-O0 ./configure"), own: true,
			given: func(tr *tree) { tr.below("zlib").copyFrom("../../.tools/src/zlib") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tr := built.another(t)
			lay := func(tr *tree) {
				tr.layDifferential()
				if c.given != nil {
					c.given(tr)
				}
			}
			lay(tr)
			var outputs []entry
			w := traceComparison{step: c.step, record: "record.toml", between: func(tr *tree) {
				outputs = tr.show("record.toml").Output
				lay(tr)
			}}
			if c.loads {
				w.more = onlyInterpreter
			}
			if c.own {
				w.fewer = func(straced) []explained {
					return []explained{{why: "what the step had written itself", is: func(path string) bool {
						return slices.ContainsFunc(outputs, func(o entry) bool { return tr.path(o.Path) == path })
					}}}
				}
			}
			w.run(tr)
		})
	}
}

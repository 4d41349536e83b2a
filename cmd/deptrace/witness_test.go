package main

import (
	"slices"
	"testing"
)

// strace is a second witness: what real programs read by its account, deptrace has as
// inputs, and the other way round. Each difference has an explanation, and each explanation
// explains something.
func TestWitness(t *testing.T) {
	needs(t, "gcc", "g++", "clang", "make", "cmake", "ninja", "node", "tar", "git", "groff", "strace")
	built := newTree(t)
	built.setGit()
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
		{name: "clang, compiling and linking", step: []string{"clang", "-g", "-o", "prog", "a.c", "b.c"}},
		{name: "node", step: []string{"node", "-e", "require('./mod.js'); require('fs').cpSync('dir', 'copy', {recursive: true})"}, loads: true},
		{name: "tar", step: shell("tar cf out.tar dir && mkdir x && tar xf out.tar -C x && cat x/dir/x"), own: true, loads: true},
		{name: "make -j2", step: []string{"make", "-j2"}, own: true},
		{name: "git clone", step: []string{"git", "clone", "-q", "--no-local", "repo", "clone"}, own: true, loads: true, given: (*tree).layRepository},
		{name: "configure", step: shell("cd zlib && CFLAGS=-O0 ./configure"), own: true, given: layZlib},
		{name: "autoconf's configure", step: shell("cd dash && CFLAGS=-O0 ./configure"), own: true, given: layDash},
		{name: "cmake", step: []string{"cmake", "-G", "Ninja", "-S", ".", "-B", "build"}, own: true, given: (*tree).layCMake},
		{name: "groff", step: shell("groff -t -man -Tps page.1 >page.ps"), loads: true, given: (*tree).layGroff},
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

// setGit has git do the same each time: the same commits, and so the same names of objects,
// and the same lines in its logs.
func (tr *tree) setGit() {
	for name, value := range map[string]string{
		"GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com",
		"GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com",
		"GIT_AUTHOR_DATE": "2001-09-09T01:46:40Z", "GIT_COMMITTER_DATE": "2001-09-09T01:46:40Z",
	} {
		tr.setenv(name, value)
	}
}

// layRepository lays a repository with one commit.
func (tr *tree) layRepository() {
	tr.t.Helper()
	tr.run("git", "init", "-q", "repo")
	tr.run("cp", "a.c", "b.c", "text", "repo")
	tr.run("git", "-C", "repo", "add", ".")
	tr.run("git", "-C", "repo", "commit", "-q", "-m", "x")
}

// The sources that make tools has fetched.
func layZlib(tr *tree) { tr.below("zlib").copyFrom("../../.tools/src/zlib") }
func layDash(tr *tree) { tr.below("dash").copyFrom("../../.tools/src/dash") }

// layCMake lays what cmake configures: with a compiler to look for, a file to fill in and
// one to include.
func (tr *tree) layCMake() {
	tr.write("CMakeLists.txt", "cmake_minimum_required(VERSION 3.10)\nproject(prog C)\ninclude(CheckIncludeFile)\n"+
		"check_include_file(stdio.h HAVE_STDIO)\ninclude(more.cmake)\nconfigure_file(made.h.in made.h)\nadd_executable(prog a.c b.c)\n")
	tr.write("more.cmake", "file(GLOB texts dir/*)\nset(TEXTS ${texts})\n")
	tr.write("made.h.in", "#cmakedefine HAVE_STDIO\n#define TEXTS \"@TEXTS@\"\n")
}

// layGroff lays a page with a table and a part in another file.
func (tr *tree) layGroff() {
	tr.setenv("SOURCE_DATE_EPOCH", "1000000000") // a page in PostScript names the second it was made in
	tr.write("page.1", ".TH PAGE 1\n.SH NAME\npage \\- a page\n.so part.1\n.TS\nl l.\none\ttwo\n.TE\n")
	tr.write("part.1", ".SH MORE\n.B More\nof it.\n")
}

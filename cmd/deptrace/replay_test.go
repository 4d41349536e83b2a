package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Steps of all kinds run again where only what their records name exists, and leave the
// same. Take one input out of a record, and the replay names it.
func TestReplay(t *testing.T) {
	needs(t, "gcc", "g++", "clang", "make", "cmake", "ninja", "python3", "node", "tar", "git", "groff", "go")
	built := newTree(t)
	built.setenv("GOFLAGS", "-mod=mod")
	built.setenv("GOPROXY", "off")
	built.setenv("GOTOOLCHAIN", "local")
	built.setenv("CGO_ENABLED", "0")
	warm := built.another(t)
	warm.layDifferential()
	warm.run("python3", "use.py") // Python's own modules are compiled
	built.setenv("GOCACHE", filepath.Join(built.getenv("HOME"), "gocache"))
	warm.env = built.env
	warm.run("go", "build", "errors") // links nothing: that would be noted in the cache, and changed in place
	built.setGit()

	// What is another each time, and so is no fault of a record's.
	other := func(file, why string) []explained {
		is := regexp.MustCompile("^" + file + ": has other bytes: ").MatchString
		return []explained{{why: why, is: is}}
	}

	shell := func(line string) []string { return []string{"sh", "-c", line} }
	for _, c := range []struct {
		name   string
		given  func(tr *tree) // what there is besides the usual files
		step   []string
		status int
		varies []explained
	}{
		{name: "gcc", step: []string{"gcc", "-g", "-MD", "-o", "prog", "a.c", "b.c"}},
		{name: "g++", step: []string{"g++", "-O1", "-c", "c.cc"}},
		{name: "clang", step: []string{"clang", "-g", "-o", "prog", "a.c", "b.c"}},
		{name: "go build", step: []string{"go", "build", "-o", "prog", "./hello"},
			varies: other("~/gocache/../[0-9a-f]*-a", "go build notes the time in its cache")},
		{name: "python", step: []string{"python3", "use.py"}},
		{name: "python again", given: func(tr *tree) { tr.run("python3", "use.py") }, step: []string{"python3", "use.py"}},
		{name: "node", step: []string{"node", "-e", "const fs = require('fs'); require('./mod.js'); fs.cpSync('dir', 'copy', {recursive: true})"}},
		{name: "tar", step: shell("tar --sort=name -cf out.tar dir && mkdir -p x && tar xf out.tar -C x && tar tf out.tar >list")},
		{name: "make -j2", step: []string{"make", "-j2"}},
		{name: "git clone", given: (*tree).layRepository, step: []string{"git", "clone", "-q", "--no-local", "repo", "clone"},
			varies: other("clone/.git/index", "git notes the numbers and times of files in its index")},
		{name: "configure", given: layZlib, step: shell("cd zlib && CFLAGS=-O0 ./configure"),
			varies: other("zlib/configure.log", "configure names files after its process, and its log shows that")},
		{name: "autoconf's configure", given: layDash, step: shell("cd dash && CFLAGS=-O0 ./configure")},
		{name: "cmake", given: (*tree).layCMake, step: []string{"cmake", "-G", "Ninja", "-S", ".", "-B", "build"},
			varies: other("build/CMakeFiles/CMakeOutput.log", "cmake tries the compiler under names from random numbers, and its log shows them")},
		{name: "groff", given: (*tree).layGroff, step: shell("groff -t -man -Tps page.1 >page.ps")},
		{name: "a failing step", step: shell("cat text dir/* >out; exit 7"), status: 7},
		{name: "a script", step: []string{"./script"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tr := built.another(t)
			tr.layDifferential()
			tr.write("deps/keep", "")
			if c.given != nil {
				c.given(tr)
			}
			_, stderr, status := tr.try(append([]string{"deptrace", "-m", "deps/record.toml", "--root", ".", "--"}, c.step...)...)
			if status != c.status || stderr != "" && c.status == 0 {
				t.Fatalf("the step ended with %d, want %d\n%s", status, c.status, stderr)
			}
			out, stderr, status := tr.try("deptrace", "replay", "-v", "deps/record.toml")
			switch {
			case len(c.varies) > 0 && status == statusStale:
				explain(t, "the replay", strings.Split(strings.TrimSuffix(out, "\n"), "\n"), c.varies...)
			case status != 0 || len(c.varies) > 0 || !strings.HasPrefix(out, "deps/record.toml: the step needs nothing else and leaves the same: "):
				t.Fatalf("replay ended with %d: %s%s", status, out, stderr)
			}
			tr.replayWithout("deps/record.toml", 10)
		})
	}
}

// processes are names that a step has made of the number of a process: zlib's configure does.
var processes = regexp.MustCompile(`(ztest)\d+`)

// replayWithout replays a record n times with one of its inputs taken out.
func (tr *tree) replayWithout(name string, n int) {
	tr.t.Helper()
	tables := regexp.MustCompile(`(?m)^\[\[`).Split(string(tr.read(name)), -1)
	var inputs []int
	for i, table := range tables {
		if strings.HasPrefix(table, "input]]") {
			inputs = append(inputs, i)
		}
	}
	field := regexp.MustCompile(`(?m)^(path|kind) = "(.*)"$`)
	random := rand.New(rand.NewPCG(1, 2)) // others each time would be another test each time
	for _, drop := range random.Perm(len(inputs))[:min(n, len(inputs))] {
		i := inputs[drop]
		found := field.FindAllStringSubmatch(tables[i], 2)
		path, kind := found[0][2], found[1][2]
		record := fmt.Sprintf("entries = %d", len(tables)-2)
		record = regexp.MustCompile(`(?m)^entries = \d+$`).ReplaceAllString(tables[0], record)
		for j, table := range tables[1:] {
			if j+1 != i {
				record += "[[" + table
			}
		}
		without := filepath.Join(filepath.Dir(name), "without.toml")
		tr.write(without, record)
		out, stderr, status := tr.try("deptrace", "replay", without)
		first, _, _ := strings.Cut(processes.ReplaceAllString(out, "$1"), "\n")
		if status != statusStale || !strings.HasPrefix(first, processes.ReplaceAllString(path, "$1")+": ") {
			tr.t.Errorf("without the %s of %s replay ended with %d and said\n%.1000s%.1000s", kind, path, status, out, stderr)
		}
	}
}

// What an ordinary user may not do by himself he does in a namespace.
func TestReplayAsUser(t *testing.T) {
	if os.Geteuid() != 0 {
		return // the other tests do
	}
	tr := newTree(t)
	tr.write("in.txt", "in\n")
	tr.openTo(nobody)
	for _, args := range [][]string{
		{"deptrace", "-m", "m.toml", "--", "sh", "-c", "cat in.txt >out.txt; id -u >>out.txt"},
		{"deptrace", "replay", "m.toml"},
	} {
		if out, status := tr.tryAs(nobody, args...); status != 0 {
			t.Fatalf("%q: %d\n%s", args, status, out)
		}
	}
}

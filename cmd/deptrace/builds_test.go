package main

import (
	"deptrace/depfile/manifest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"deptrace/depfile"
)

// A step run from a clean tree and run again over its own outputs leaves the same
// manifest, byte for byte.
func TestCleanAgainstAgain(t *testing.T) {
	needs(t, "gcc", "ar", "install", "python3", "sed", "tar")
	built := newTree(t)
	// Python's own modules are compiled once for all of them.
	warm := built.another(t)
	warm.write("mod.py", "x = 1\n")
	warm.run("python3", "-m", "py_compile", "mod.py")

	files := map[string]string{
		"a.c":      "#include <stdio.h>\n#include \"a.h\"\nint main(void) { return puts(A) < 0; }\n",
		"a.h":      "#define A \"a\"\n",
		"b.c":      "int b(void) { return 1; }\n",
		"mod.py":   "import os\nprint(os.sep)\n",
		"text":     "one\ntwo\n",
		"gen.sh":   "cat text; echo three\n",
		"dir/x":    "x\n",
		"dir/y/z":  "z\n",
		"deep/a/b": "",
	}
	for _, c := range []struct {
		name   string
		before []string // makes what the step finds both times
		step   []string
	}{
		{"gcc -c", nil, []string{"gcc", "-c", "-o", "a.o", "a.c"}},
		{"gcc -c, no -o, with debugging and its own depfile", nil, []string{"gcc", "-g", "-MD", "-c", "a.c"}},
		{"gcc, compiling and linking", nil, []string{"gcc", "-o", "a", "a.c"}},
		{"gcc, linking", []string{"gcc", "-c", "a.c", "b.c"}, []string{"gcc", "-o", "a", "a.o", "b.o"}},
		{"ld -r", []string{"gcc", "-c", "a.c", "b.c"}, []string{"ld", "-r", "-o", "ab.o", "a.o", "b.o"}},
		{"rm and ar", []string{"gcc", "-c", "a.c", "b.c"}, []string{"sh", "-c", "rm -f lib.a && ar rcs lib.a a.o b.o"}},
		{"install", nil, []string{"install", "-m", "755", "text", "installed"}},
		{"rm and ln -s", nil, []string{"sh", "-c", "rm -f link && ln -s text link"}},
		{"py_compile", nil, []string{"python3", "-m", "py_compile", "mod.py"}},
		{"sed -i", nil, []string{"sh", "-c", "cp text copy && sed -i s/one/uno/ copy"}},
		{"ln -f", nil, []string{"ln", "-f", "text", "name"}},
		{"mkdir -p", nil, []string{"mkdir", "-p", "deep/a/c/d", "new/e"}},
		{"rm and a redirect", nil, []string{"sh", "-c", "rm -f out; sh gen.sh > out"}},
		{"a redirect", nil, []string{"sh", "-c", "sh gen.sh > out"}},
		{"a temporary and mv", nil, []string{"sh", "-c", "sh gen.sh > out.tmp && mv out.tmp out"}},
		{"tar x", []string{"tar", "cf", "in.tar", "dir"}, []string{"sh", "-c", "mkdir -p x && tar xf in.tar -C x"}},
		{"tar c", nil, []string{"tar", "cf", "out.tar", "dir"}},
		{"tar cz", nil, []string{"tar", "czf", "out.tar.gz", "dir"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tr := built.another(t)
			for name, text := range files {
				tr.write(name, text)
			}
			if c.before != nil {
				tr.run(c.before...)
			}
			var manifests [2]string
			for i := range manifests {
				// The recording is judged, not that an old record may be kept.
				if err := os.RemoveAll(tr.path("record.toml")); err != nil {
					t.Fatal(err)
				}
				_, stderr, status := tr.try(append([]string{"deptrace", "-m", "record.toml", "--"}, c.step...)...)
				manifests[i] = string(tr.read("record.toml"))
				s := tr.show("record.toml")
				if len(s.Output) == 0 {
					t.Errorf("run %d: no outputs", i+1)
				}
				if status != 0 || stderr != "" || !s.Complete {
					t.Errorf("run %d: exit status %d, complete %t\n%s", i+1, status, s.Complete, stderr)
				}
				tr.wantFresh("record.toml")
			}
			if diff := cmp.Diff(manifests[0], manifests[1]); diff != "" {
				t.Errorf("the manifest differs (-clean +again):\n%s", diff)
			}
		})
	}

	// ar adds to the archive that is there. Whether its content mattered cannot be seen
	// from the second run alone; next to the first one's record it can.
	t.Run("ar over an archive", func(t *testing.T) {
		t.Parallel()
		tr := built.another(t)
		tr.write("b.c", files["b.c"])
		tr.run("gcc", "-c", "b.c")
		step := []string{"ar", "rcs", "lib.a", "b.o"}
		clean := string(tr.record("record.toml", step...))
		if got := tr.show("record.toml").input("lib.a"); got != "" {
			t.Errorf("from a clean tree lib.a is an input of kind %q", got)
		}
		if diff := cmp.Diff(clean, string(tr.record("record.toml", step...))); diff != "" {
			t.Errorf("the manifest differs (-clean +again):\n%s", diff)
		}
		tr.record("other.toml", step...)
		if got := tr.show("other.toml").input("lib.a"); got != "read" {
			t.Errorf("without the first record lib.a is an input of kind %q, want read", got)
		}
		tr.wantFresh("record.toml", "other.toml")
	})
}

// A step that only asked for a source's metadata goes stale when its content changes
// and nothing else does.
func TestStatOnlySources(t *testing.T) {
	needs(t, "gcc", "make", "python3")
	built := newTree(t)

	t.Run("make", func(t *testing.T) {
		tr := built.another(t)
		tr.write("Makefile", "prog: a.o b.o\n\tgcc -o $@ $^\n%.o: %.c a.h\n\tgcc -c -o $@ $<\n")
		tr.write("a.c", "#include \"a.h\"\nint b(void);\nint main(void) { return b(); }\n")
		tr.write("b.c", "#include \"a.h\"\nint b(void) { return B + 1; }\n")
		tr.write("a.h", "#define B 1\n")
		tr.record("make.toml", "make")
		tr.wantFresh("make.toml")
		tr.record("make.toml", "make")
		s := tr.show("make.toml")
		for _, name := range []string{"a.c", "b.c", "a.h", "a.o", "prog"} {
			if got := s.input(name); got != "stat" {
				t.Errorf("second make: %s is an input of kind %q, want stat", name, got)
			}
		}
		tr.wantFresh("make.toml")
		tr.editUnseen("b.c", "+ 1", "+ 2")
		tr.wantStale("make.toml", "b.c: was sha256 …")
		tr.editUnseen("b.c", "+ 2", "+ 1")
		tr.wantFresh("make.toml")
		tr.editUnseen("a.h", "B 1", "B 2")
		tr.wantStale("make.toml", "a.h: was sha256 …")
	})

	t.Run("python", func(t *testing.T) {
		tr := built.another(t)
		tr.write("main.py", "import mod\nprint(mod.x)\n")
		tr.write("mod.py", "x = 1\n")
		tr.run("python3", "main.py")
		tr.record("py.toml", "python3", "main.py")
		s := tr.show("py.toml")
		pyc, err := filepath.Glob(tr.path("__pycache__/mod.*.pyc"))
		if err != nil || len(pyc) != 1 {
			t.Fatalf("bytecode of mod.py: %q, %v, want one", pyc, err)
		}
		pycName := "__pycache__/" + filepath.Base(pyc[0])
		if got := s.input("mod.py"); got != "stat" {
			t.Errorf("mod.py is an input of kind %q, want stat", got)
		}
		if got := s.input(pycName); got != "read" {
			t.Errorf("%s is an input of kind %q, want read", pycName, got)
		}
		tr.wantFresh("py.toml")
		tr.editUnseen("mod.py", "x = 1", "x = 2")
		tr.wantStale("py.toml", "mod.py: was sha256 …")
	})
}

// PATH counts by what is found on it.
func TestPATH(t *testing.T) {
	built := newTree(t)
	tr := built.another(t)
	tr.program("one/tool", "helper; absent-helper 2>/dev/null || echo none\n")
	tr.program("two/helper", "echo helped\n")
	for _, dir := range []string{"front", "back"} {
		if err := os.Mkdir(tr.path(dir), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	system := tr.getenv("PATH")
	path := func(dirs ...string) {
		for i, dir := range dirs {
			dirs[i] = tr.path(dir)
			if strings.HasSuffix(dir, "/") {
				dirs[i] += "/"
			}
		}
		tr.setenv("PATH", strings.Join(dirs, ":")+":"+system)
	}
	path("front", "one", "two")
	tr.record("path.toml", "tool")
	s := tr.show("path.toml")
	got := map[string]string{}
	for _, p := range s.Program {
		got[p.Name] = p.Path
	}
	if diff := cmp.Diff(map[string]string{"tool": "one/tool", "helper": "two/helper", "absent-helper": ""}, got); diff != "" {
		t.Errorf("programs (-want +got):\n%s", diff)
	}
	for _, c := range []struct {
		name string
		dirs []string
	}{
		{"as it was", []string{"front", "one", "two"}},
		{"in another order", []string{"two", "one", "front"}},
		{"with directories that are not there", []string{"/nonexistent/bin", "one", "none", "two", "front"}},
		{"without one that has nothing", []string{"one", "two"}},
		{"with slashes at the end", []string{"front/", "one/", "two/"}},
		{"twice over", []string{"one", "one", "two", "two", "one"}},
		{"with one that has something else", []string{"one", "two", "data"}},
	} {
		path(c.dirs...)
		t.Run(c.name, func(t *testing.T) {
			tr := *tr
			tr.t = t
			tr.wantFresh("path.toml")
		})
	}

	path("front", "one", "two")
	for _, c := range []struct{ name, file, program, was string }{
		{"a program in front of the one that was run", "front/tool", "tool", "one/tool"},
		{"one in front of a descendant's", "front/helper", "helper", "two/helper"},
		{"in the directory of another", "one/helper", "helper", "two/helper"},
		{"one that was found nowhere", "two/absent-helper", "absent-helper", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := *tr
			tr.t = t
			tr.program(c.file, "echo other\n")
			was := "nowhere"
			if c.was != "" {
				was = tr.path(c.was)
			}
			tr.wantStale("path.toml", "program "+c.program+": was "+was+", is "+tr.path(c.file))
			if err := os.Remove(tr.path(c.file)); err != nil {
				t.Fatal(err)
			}
			tr.wantFresh("path.toml")
		})
	}

	// A link to the same file is the same program.
	if err := os.Symlink("../two/helper", tr.path("front/helper")); err != nil {
		t.Fatal(err)
	}
	tr.wantFresh("path.toml")
	path("one")
	tr.wantStale("path.toml", "program helper: was "+tr.path("two/helper")+", is nowhere")
}

// zlib's own configure and make, with nothing changed but CC.
func TestZlib(t *testing.T) {
	needs(t, "gcc", "make", "strace")
	const source = "../../.tools/src/zlib"
	if _, err := os.Stat(source); err != nil {
		t.Fatalf("zlib's sources are missing: run make tools: %v", err)
	}
	tr := newTree(t)
	tr.copyFrom(source)
	tr.setenv("CC", "deptrace -MD --dir deps -- gcc")
	tr.setenv("CFLAGS", "-O0") // for the test's own time: the compiles are made again
	tr.run("./configure")
	built := tr.run("make", "-j2")
	tr.run("./example")
	compiles := strings.Count(built, " -c -o ")

	records, err := filepath.Glob(tr.path("deps/*.o.toml"))
	more, err2 := filepath.Glob(tr.path("deps/objs/*.o.toml"))
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	records = append(records, more...)
	var objects atomic.Int64
	var files, gccFiles atomic.Int64
	t.Run("objects", func(t *testing.T) {
		for _, record := range records {
			name := strings.TrimSuffix(strings.TrimPrefix(record, tr.path("deps")+"/"), ".toml")
			if strings.HasPrefix(name, "ztest") {
				continue // configure's, whose source is gone
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				tr := *tr
				tr.t = t
				objects.Add(1)
				listed, gcc := tr.compareCompile(name)
				files.Add(int64(listed))
				gccFiles.Add(int64(gcc))
			})
		}
	})
	if int(objects.Load()) != compiles || compiles < 30 {
		t.Errorf("make compiled %d objects, %d have records", compiles, objects.Load())
	}
	t.Logf("%d compiles: %d files in deptrace's depfiles, %d in gcc's", objects.Load(), files.Load(), gccFiles.Load())
}

// compareCompile compares the depfile of a compile with what gcc lists for it, and with
// what strace sees it do. It returns how many files deptrace and gcc list.
func (tr *tree) compareCompile(name string) (listed, byGCC int) {
	t := tr.t
	t.Helper()
	record := tr.show("deps/" + name + ".toml")
	if !record.Complete {
		t.Errorf("incomplete: %q", record.Incomplete)
	}
	argv := record.Step.Argv
	full := tr.deps("deps/"+name+".d", name)

	gcc := tr.gccLists(argv, "-M")
	if missed := without(gcc, full); len(missed) > 0 {
		t.Errorf("gcc -M lists, and deptrace does not: %q", missed)
	}
	if err := os.MkdirAll(tr.path("objs"), 0o777); err != nil { // which make has removed
		t.Fatal(err)
	}
	saw := tr.strace(argv...)
	explain(t, "deptrace lists, and strace did not see", without(full, saw.touched), elfInterpreter)
	explain(t, "strace saw it read, and deptrace does not list it", without(saw.read(), full))

	// The same with -MMD, which leaves out what is outside the root.
	own := name + ".own.d"
	tr.run(append([]string{"deptrace", "-MMD", "-MF", own, "--"}, argv...)...)
	project := tr.deps(own, name)
	if missed := without(tr.gccLists(argv, "-MM"), project); len(missed) > 0 {
		t.Errorf("gcc -MM lists, and deptrace -MMD does not: %q", missed)
	}
	under := map[string]bool{}
	for path := range full {
		if strings.HasPrefix(path, tr.dir+"/") {
			under[path] = true
		}
	}
	if diff := cmp.Diff(under, project); diff != "" {
		t.Errorf("-MMD against what -MD has under the root (-want +got):\n%s", diff)
	}
	return len(full), len(gcc)
}

// deps returns what a depfile with one rule lists for a target, resolved.
func (tr *tree) deps(name, target string) map[string]bool {
	tr.t.Helper()
	return tr.parseDeps(tr.read(name), target)
}

func (tr *tree) parseDeps(text []byte, target string) map[string]bool {
	tr.t.Helper()
	rules, err := depfile.Parse(text, depfile.Make)
	if err != nil || len(rules) != 1 {
		tr.t.Fatalf("%d rules, %v\n%s", len(rules), err, text)
	}
	if got := rules[0].Targets; len(got) != 1 || got[0].Name != target {
		tr.t.Errorf("the targets are %v, want %s", got, target)
	}
	return resolved(tr.t, tr.dir, rules[0].Deps)
}

// gccLists returns what gcc itself says a compile depends on.
func (tr *tree) gccLists(argv []string, flag string) map[string]bool {
	tr.t.Helper()
	args := slices.Clone(argv)
	o := slices.Index(args, "-o")
	args = slices.Delete(args, o, o+2)
	args = slices.DeleteFunc(args, func(a string) bool { return a == "-c" })
	args = slices.Insert(args, 1, flag, "-MT", "x")
	return tr.parseDeps([]byte(tr.run(args...)), "x")
}

// inputs returns the files whose content a record has as an input, resolved.
func (tr *tree) inputs(manifest string) map[string]bool {
	tr.t.Helper()
	s := tr.show(manifest)
	if !s.Complete {
		tr.t.Errorf("incomplete: %q", s.Incomplete)
	}
	var paths []string
	for _, e := range s.Input {
		if e.Kind != "read" {
			continue
		}
		if rest, ok := strings.CutPrefix(e.Path, "~/"); ok {
			e.Path = filepath.Join(tr.getenv("HOME"), rest)
		}
		paths = append(paths, e.Path)
	}
	return resolved(tr.t, filepath.Join(filepath.Dir(tr.path(manifest)), s.Root), paths)
}

// traceComparison holds the record of a step against what strace sees it do. Files that one
// has and the other has not need an explanation, and every explanation a file.
type traceComparison struct {
	step    []string
	record  string
	between func(*tree)               // puts back what the step found
	more    func(straced) []explained // what deptrace alone has
	fewer   func(straced) []explained // what strace alone has
}

func (c traceComparison) run(tr *tree) {
	tr.t.Helper()
	tr.record(c.record, c.step...)
	got := tr.inputs(c.record)
	if c.between != nil {
		c.between(tr)
	}
	saw := tr.strace(c.step...)
	want := saw.read()
	tr.t.Logf("files read: deptrace has %d, strace %d", len(got), len(want))
	var more, fewer []explained
	if c.more != nil {
		more = c.more(saw)
	}
	if c.fewer != nil {
		fewer = c.fewer(saw)
	}
	explain(tr.t, "deptrace has, and strace does not", without(got, want), more...)
	explain(tr.t, "strace has, and deptrace does not", without(want, got), fewer...)
}

func onlyInterpreter(straced) []explained { return []explained{elfInterpreter} }

// A statically linked toolchain of many threads and processes.
func TestGoBuild(t *testing.T) {
	needs(t, "go", "strace")
	built := newTree(t)
	built.setenv("GOFLAGS", "-mod=mod")
	built.setenv("GOPROXY", "off")
	built.setenv("GOTOOLCHAIN", "local")
	built.setenv("CGO_ENABLED", "0")
	built.setenv("GOCACHE", filepath.Join(built.getenv("HOME"), "gocache"))
	for _, telemetry := range []string{"off", "local"} { // local is how Go comes
		t.Run("telemetry "+telemetry, func(t *testing.T) {
			tr, other := built.another(t), built.another(t)
			tr.write(filepath.Join(tr.getenv("HOME"), ".config/go/telemetry/mode"), telemetry)
			tr.write("go.mod", "module example.com/hello\n\ngo 1.21\n")
			tr.write("main.go", "package main\n\nimport \"example.com/hello/words\"\n\nfunc main() { println(words.Hello) }\n")
			tr.write("words/words.go", "package words\n\nconst Hello = \"hello\"\n")
			// What is not cached yet differs, so that packages are assembled and
			// compiled.
			std := map[string]string{"off": "errors", "local": "hash/crc32"}[telemetry]
			other.write("go.mod", "module example.com/other\n\ngo 1.21\n")
			other.write("main.go", "package main\n\nimport _ \""+std+"\"\n\nfunc main() {}\n")

			// The go command looks at the files beside the sources, and at their times.
			tr.write("build/x", "")
			tr.age()
			remove := func(tr *tree) {
				if err := os.Remove(tr.path("build/hello")); err != nil {
					t.Fatal(err)
				}
			}
			build := []string{"go", "build", "-o", "build/hello", "."}
			for range 2 {
				tr.run(build...)
				remove(tr)
			}
			const record = "build/record.toml"
			traceComparison{step: build, record: record, between: remove, more: func(saw straced) []explained {
				return []explained{{
					why: "opened for writing and not truncated: old bytes could stay",
					is:  func(path string) bool { return saw.kept[path] },
				}}
			}, fewer: func(straced) []explained {
				return []explained{{
					why: "the Go commands' telemetry, which is left out",
					is:  func(path string) bool { return strings.Contains(path, "/.config/go/telemetry/") },
				}}
			}}.run(tr)
			tr.wantFresh(record)
			other.run("go", "build", "-o", "other", ".")
			tr.wantFresh(record)
			tr.editUnseen("words/words.go", `"hello"`, `"jello"`)
			tr.wantStale(record, "words/words.go: was read sha256 …")
		})
	}
}

func TestPythonImports(t *testing.T) {
	needs(t, "python3", "strace")
	tr := newTree(t)
	tr.write("main.py", "import json\nimport pack.mod\nprint(json.dumps(pack.mod.table()))\n")
	tr.write("pack/__init__.py", "")
	tr.write("pack/mod.py", "import pathlib\n\n\ndef table():\n    return pathlib.Path(__file__).with_name('table.txt').read_text().split()\n")
	tr.write("pack/table.txt", "one two\n")
	tr.run("python3", "main.py")
	traceComparison{step: []string{"python3", "main.py"}, record: "record.toml", more: onlyInterpreter}.run(tr)
	tr.wantFresh("record.toml")
	tr.editUnseen("pack/table.txt", "one", "two")
	tr.wantStale("record.toml", "pack/table.txt: was read sha256 …")
}

func TestPipeline(t *testing.T) {
	needs(t, "sort", "uniq", "sed", "strace")
	tr := newTree(t)
	tr.write("words", "b\na\nb\n")
	tr.write("script.sed", "s/b/B/\n")
	tr.program("filter", "exec sed -f script.sed\n")
	traceComparison{
		step:   []string{"sh", "-c", "sort words | uniq -c | ./filter | cat - words > out && cat < out > out2"},
		record: "record.toml",
		more:   onlyInterpreter,
		fewer: func(straced) []explained {
			return []explained{{
				why: "what the step had written itself",
				is:  func(path string) bool { return path == tr.path("out") },
			}}
		},
	}.run(tr)
	tr.wantFresh("record.toml")
	tr.editUnseen("script.sed", "B", "C")
	tr.wantStale("record.toml", "script.sed: was read sha256 …")
}

// A log of the whole build is no output of the step that has something to say, and
// what others write to it later makes no record stale. The output of one recipe is
// one, though the shell opens it.
func TestBuildLog(t *testing.T) {
	needs(t, "make", "gcc")
	tr := newTree(t)
	tr.write("warn.c", "#warning talks\nint f(void) { return 1; }\n")
	tr.write("still.c", "int g(void) { return 2; }\n")
	tr.write("Makefile", strings.Join([]string{
		"all: warn.o still.o out.h more.h",
		"%.o: %.c", "\tdeptrace -m $@.toml -- gcc -c -o $@ $<",
		"out.h:", "\tdeptrace -m $@.toml -- echo one >$@",
		"more.h:", "\techo one >$@; deptrace -m $@.toml -- echo two >>$@", "",
	}, "\n"))
	tr.run("sh", "-c", "make -j2 >log 2>&1; echo more >>log")
	tr.wantFresh("warn.o.toml", "still.o.toml", "out.h.toml", "more.h.toml")
	for name, output := range map[string]string{"warn.o": "warn.o", "still.o": "still.o", "out.h": "out.h", "more.h": "more.h"} {
		m, err := manifest.Read(tr.path(name + ".toml"))
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Side) != 0 {
			t.Errorf("%s: side %v", name, m.Side)
		}
		if len(m.Outputs) != 1 || m.Outputs[0].Path != output || !m.Complete {
			t.Errorf("%s: outputs %v, complete %v, want %s alone", name, m.Outputs, m.Complete, output)
		}
		for _, in := range m.Inputs {
			if in.Path == "log" {
				t.Errorf("%s: the log is an input: %v", name, in)
			}
		}
	}
}

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// All engines give the same record of the same step, byte for byte: that of ptrace, which
// sees every outcome, is the reference.
func TestEnginesAgree(t *testing.T) {
	needs(t, "gcc", "g++", "ar", "make", "python3", "node", "sed", "tar", "go")
	built := newTree(t)
	built.setenv("GOFLAGS", "-mod=mod")
	built.setenv("GOPROXY", "off")
	built.setenv("GOTOOLCHAIN", "local")
	built.setenv("CGO_ENABLED", "0")

	// What differs between any two runs: in what go build keeps of the times of files, and
	// where configure calls a file after its process.
	goCache := regexp.MustCompile(`(?m)^(path = "gocache/.*"\n(?:.+\n)*?sha256 = )"[0-9a-f]*"$`)
	configure := regexp.MustCompile(`(ztest)\d+|(path = "zlib/configure.log"\nkind = "file"\nsha256 = )"[0-9a-f]*"`)
	shell := func(line string) []string { return []string{"sh", "-c", line} }
	for _, c := range []struct {
		name   string
		given  func(tr *tree) // what there is besides the usual files
		step   []string
		status int
		varies *regexp.Regexp // but for its groups
	}{
		{name: "gcc", step: []string{"gcc", "-g", "-MD", "-o", "prog", "a.c", "b.c"}},
		{name: "gcc, a header that is not there", step: []string{"gcc", "-Inone", "-Iinc", "-c", "wrong.c"}, status: 1},
		{name: "g++", step: []string{"g++", "-O1", "-c", "c.cc"}},
		{name: "go build", step: []string{"go", "build", "-o", "prog", "./hello"}, varies: goCache},
		{name: "python", step: []string{"python3", "use.py"}},
		{name: "python again", given: func(tr *tree) { tr.run("python3", "use.py") }, step: []string{"python3", "use.py"}},
		{name: "python, subprocesses", step: []string{"python3", "-c", "import subprocess, tempfile\n" +
			"with tempfile.TemporaryDirectory() as d:\n  subprocess.run(['cp', 'text', d + '/x'], check=True)\n" +
			"  open('out', 'w').write(open(d + '/x').read())\nsubprocess.run('cat no-such-file; true', shell=True)"}},
		{name: "node", step: []string{"node", "-e", "const fs = require('fs'); require('./mod.js'); fs.cpSync('dir', 'copy', {recursive: true})"}},
		{name: "tar", step: shell("tar czf out.tgz dir && mkdir -p x && tar xzf out.tgz -C x && tar tf out.tgz >list")},
		{name: "make -j2", step: []string{"make", "-j2"}},
		{name: "make again", given: func(tr *tree) { tr.run("make") }, step: []string{"make"}},
		{name: "configure and make", given: func(tr *tree) { tr.below("zlib").copyFrom("../../.tools/src/zlib") }, step: shell("cd zlib; CFLAGS=-O0 ./configure >log && make -j2 minigzip >>log && ./minigzip <zlib.h >z.gz"), varies: configure},
		{name: "files of all kinds", step: shell(`
			sed -i s/one/uno/ text; cp -a dir dir2; mv dir2 dir3; rm -r dir3/y; ln -sf text link; cat link link2 >both
			cp text /dev/shm/deptrace-test.$$; mv /dev/shm/deptrace-test.$$ moved; ln text hard; echo more >>hard
			install -m 755 script installed; ./installed; mkdir -p dir/new; rmdir dir/new; touch stamp a.c; chmod +x b.c
			test -e none || test -d dir; find . -name '*.c' >found; : >empty; mkfifo fifo; rm fifo; ls >/dev/null
			(exit 3) || true; no-such-command; ./not-executable; ./dir; ./no-interpreter; ./plain`)},
		{name: "refused", step: shell(`
			rm dir; rmdir dir/y; mkdir text; cat dir; ln text b.c; mv dir text/x; cp none x; cat text >none/x; mv text /proc/x
			cat loop; cd text; cd none; chmod 600 none; ln -s a b.c; true`)},
		{name: "a failing step", step: shell("cat text >out; exit 7"), status: 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tr := built.another(t)
			tr.setenv("GOCACHE", tr.path("gocache"))
			if c.varies == goCache || strings.HasPrefix(c.name, "python") {
				// What go keeps under HOME, and Python beside its own modules, is there from
				// then on.
				tr.layDifferential()
				tr.run(c.step...)
			}
			var records []string
			engines := []string{"ptrace", "ptrace-slow", "notify"}
			for _, engine := range engines {
				tr.layDifferential()
				if c.given != nil {
					c.given(tr)
				}
				args := append([]string{"deptrace", "--engine", engine, "-m", "../record.toml", "--root", ".", "--"}, c.step...)
				_, stderr, status := tr.tryIn(tr.path("."), args...)
				if status != c.status {
					t.Fatalf("%s: ended with %d, want %d\n%s", engine, status, c.status, stderr)
				}
				record := string(tr.read("../record.toml"))
				if c.varies != nil {
					record = c.varies.ReplaceAllString(record, "$1$2")
				}
				records = append(records, record)
			}
			if !regexp.MustCompile(`(?m)^complete = true$`).MatchString(records[0]) {
				t.Errorf("the record is not complete:\n%.300s", records[0])
			}
			for i, engine := range engines[1:] {
				if diff := cmp.Diff(records[0], records[i+1]); diff != "" {
					t.Errorf("the record differs (-%s +%s):\n%s", engines[0], engine, diff)
				}
			}
		})
	}
}

// layDifferential lays the files of TestEnginesAgree, and nothing else, at a place that
// is the same every time.
func (tr *tree) layDifferential() {
	tr.t.Helper()
	names, err := filepath.Glob(tr.path("*"))
	if err != nil {
		tr.t.Fatal(err)
	}
	for _, name := range names {
		if err := os.RemoveAll(name); err != nil {
			tr.t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"a.c":         "#include <stdio.h>\n#include \"a.h\"\nint b(void);\nint main(void) { return puts(A) < b(); }\n",
		"a.h":         "#define A \"a\"\n",
		"b.c":         "int b(void) { return 0; }\n",
		"inc/x.h":     "#include \"none.h\"\n",
		"wrong.c":     "#include \"x.h\"\n",
		"c.cc":        "#include <map>\n#include <string>\nstd::map<std::string, int> m{{\"a\", 1}};\n",
		"go.mod":      "module example.com/hello\n\ngo 1.21\n",
		"hello/m.go":  "package main\n\nimport \"errors\"\n\nfunc main() { println(errors.New(\"x\").Error()) }\n",
		"mod.py":      "import json\nX = json.dumps([1])\n",
		"use.py":      "import mod, os\nos.listdir('dir')\nopen('made', 'w').write(mod.X)\ntry:\n  import none\nexcept ImportError:\n  pass\n",
		"mod.js":      "exports.x = require('./data.json')\n",
		"data.json":   "[1]\n",
		"text":        "one\ntwo\n",
		"dir/x":       "x\n",
		"dir/y/z":     "z\n",
		"Makefile":    "prog: a.o b.o\n\tgcc -o $@ $^\n%.o: %.c a.h gen.h\n\tgcc -c -o $@ $<\ngen.h: text\n\tsed 's/^/\\/\\/ /' text > $@.tmp && mv $@.tmp $@\n",
		"link2/keep":  "",
		"plain":       "echo a script without an interpreter\n",
		"no-readable": "",
	} {
		tr.write(name, text)
	}
	tr.program("script", "cat dir/x; exec cat text")
	for name, text := range map[string]string{"no-interpreter": "#!/no/such/interpreter\n", "not-executable": "#!/bin/sh\n"} {
		tr.write(name, text)
	}
	for _, name := range []string{"plain", "no-interpreter"} {
		if err := os.Chmod(tr.path(name), 0o755); err != nil {
			tr.t.Fatal(err)
		}
	}
	if err := os.Symlink("loop", tr.path("loop")); err != nil {
		tr.t.Fatal(err)
	}
	// The same times for all: Python keeps them in what it compiles, tar those of
	// directories, too.
	at := time.Unix(1e9, 0)
	err = filepath.WalkDir(tr.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink != 0 {
			return err
		}
		return os.Chtimes(path, at, at)
	})
	if err != nil {
		tr.t.Fatal(err)
	}
}

// below returns the tree of a directory in this one, which it makes.
func (tr *tree) below(name string) *tree {
	tr.t.Helper()
	if err := os.Mkdir(tr.path(name), 0o777); err != nil {
		tr.t.Fatal(err)
	}
	return &tree{tr.t, tr.path(name), tr.env}
}

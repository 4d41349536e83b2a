package footprint_test

import (
	"slices"
	"testing"

	"deptrace/trace/event"

	"github.com/google/go-cmp/cmp"
)

func tools(s *story) {
	for _, p := range []string{"cc", "cc1", "as", "ld", "install", "mkdir", "rm", "gen", "tar", "python3"} {
		s.program("/usr/bin/"+p, "\x7fELF "+p)
	}
	s.file("a.c", "int a;")
	s.file("b.o", "90")
	s.file("inc/a.h", "h")
	s.file("mod.py", "x = 1")
}

// compile is gcc -c -o a.o a.c: the assembler looks at its output and removes it.
func compile(s *story) {
	s.exec("/usr/bin/cc")
	s.accessX("/usr/bin/cc1")
	s.mkstemp("/tmp/ccX.s", "")
	cc1 := s.fork()
	cc1.exec("/usr/bin/cc1")
	cc1.read("a.c")
	cc1.stat("inc/no.h")
	cc1.read("no.h")
	cc1.read("inc/a.h")
	cc1.create("/tmp/ccX.s", "mov")
	as := s.fork()
	as.exec("/usr/bin/as")
	as.lstat("a.o")
	as.unlink("a.o")
	as.open("a.o", rw|create|trunc).write("code")
	as.read("/tmp/ccX.s")
	s.unlink("/tmp/ccX.s")
}

// link is ld -o prog a.o b.o.
func link(s *story) {
	s.exec("/usr/bin/ld")
	if s.stat("prog") == 0 {
		s.lstat("prog")
		s.unlink("prog")
	}
	f := s.open("prog", rw|create|trunc)
	s.read("b.o")
	f.write("code")
	f.chmod(true)
	s.chmod("prog", true)
}

// install is install b.o out/b.o.
func install(s *story) {
	s.exec("/usr/bin/install")
	s.stat("out/b.o")
	s.stat("b.o")
	if s.lstat("out/b.o") == 0 {
		s.unlink("out/b.o")
	}
	s.read("b.o")
	f := s.open("out/b.o", w|create|excl)
	f.write("90")
	f.chmod(true)
}

// mkdirP is mkdir -p build/x/y.
func mkdirP(s *story) {
	s.exec("/usr/bin/mkdir")
	for _, d := range []string{"build", "build/x", "build/x/y"} {
		if s.mkdir(d) == event.EEXIST {
			s.stat(d)
		}
	}
}

// extract is tar -x: it makes every file anew.
func extract(s *story) {
	s.read("b.o")
	if s.mkdir("t") == event.EEXIST {
		s.lstat("t")
	}
	if f := s.open("t/f", w|create|excl|nofollow); f.ok() {
		f.write("f")
	} else {
		s.unlink("t/f")
		s.open("t/f", w|create|excl|nofollow).write("f")
	}
	if s.symlink("f", "t/l") == event.EEXIST {
		s.unlink("t/l")
		s.symlink("f", "t/l")
	}
	s.link("t/f", "t/g")
	if s.exists("t/g") {
		s.unlink("t/g")
		s.link("t/f", "t/g")
	}
	s.utime("t/f")
	s.lchown("t/l")
	s.chmod("t", true)
}

// exists reports whether p is there.
func (s *story) exists(p string) bool { return s.fs.at(s.abs(p)) != nil }

// pyCompile is python -m py_compile mod.py.
func pyCompile(s *story) {
	s.stat("mod.py")
	s.read("mod.py")
	s.mkdir("__pycache__") // os.makedirs(exist_ok=True)
	s.open("__pycache__/mod.pyc.1", w|create|excl).write("byte code")
	s.rename("__pycache__/mod.pyc.1", "__pycache__/mod.pyc")
}

// mkdirsFirst is a step that makes its output directory and looks around in it.
func mkdirsFirst(s *story) {
	s.mkdir("out")
	s.stat("out/config")
	s.create("out/x", "x")
	s.list("out")
}

var plainSteps = []row{
	{"gcc -c", tools, compile, []string{
		"read /usr/bin/cc exec", "read /usr/bin/cc1 exec", "read /usr/bin/as exec",
		"read /w/a.c", "absent /w/inc/no.h", "absent /w/no.h", "read /w/inc/a.h", "out /w/a.o file",
	}, false},
	{"ld", tools, link, []string{"read /usr/bin/ld exec", "read /w/b.o", "out /w/prog file exec"}, false},
	{"install", tools, func(s *story) { s.mkdir("out"); install(s) },
		[]string{"read /usr/bin/install exec", "read /w/b.o", "out /w/out dir", "out /w/out/b.o file exec"}, false},
	{"mkdir -p", tools, mkdirP, []string{"read /usr/bin/mkdir exec", "out /w/build dir", "out /w/build/x dir", "out /w/build/x/y dir"}, false},
	{"rm -f x; gen > x", tools, func(s *story) {
		s.unlink("x")
		s.create("x", "")
		s.exec("/usr/bin/gen")
		s.add("x", "generated")
	}, []string{"read /usr/bin/gen exec", "out /w/x file"}, false},
	{"rm -f x; gen >> x", nil, func(s *story) { s.unlink("x"); s.add("x", "generated") }, []string{"out /w/x file"}, false},
	{"tar -x", tools, extract, []string{"read /w/b.o", "out /w/t dir", "out /w/t/f file", "out /w/t/g file", "out /w/t/l link -> f"}, false},
	{"py_compile", tools, pyCompile, []string{"read /w/mod.py", "out /w/__pycache__ dir", "out /w/__pycache__/mod.pyc file"}, false},
	{"touch stamp", nil, func(s *story) { touch(s, "stamp") }, []string{"out /w/stamp file"}, false},
	{"temporary, renamed", tools, func(s *story) {
		s.read("a.c")
		s.mkstemp("out.tmp", "x").chmod(false)
		s.rename("out.tmp", "out")
	}, []string{"read /w/a.c", "out /w/out file"}, false},
	{"ln -sf", nil, func(s *story) {
		if s.symlink("a.c", "l") == event.EEXIST {
			s.symlink("a.c", "CuXyZ")
			s.rename("CuXyZ", "l")
		}
	}, []string{"out /w/l link -> a.c"}, false},
	{"make its directory, look around in it", nil, mkdirsFirst,
		[]string{"out /w/out dir", "out /w/out/x file", "list /w/out:", "absent /w/out/config"}, false},
	{"write, move into place as a tree", nil, func(s *story) {
		s.mkdir("new")
		s.create("new/x", "x")
		if s.lstat("final") == 0 {
			s.unlink("final/x")
			s.rmdir("final")
		}
		s.rename("new", "final")
	}, []string{"out /w/final dir", "out /w/final/x file"}, false},
	{"list, then add to it", src, func(s *story) {
		s.list("src")
		s.read("src/a.c")
		s.create("src/a.o", "code")
	}, []string{"stat /w/src dir", "list /w/src: a.c b.c l@ sub/", "read /w/src/a.c", "out /w/src/a.o file"}, false},
	{"copy over, with permissions and times", tools, func(s *story) {
		s.stat("copy")
		s.read("b.o")
		f := s.open("copy", w|create|trunc)
		f.write("90")
		f.utime()
		f.chmod(false)
	}, []string{"read /w/b.o", "out /w/copy file"}, false},
	{"ar, into a new archive", tools, func(s *story) {
		s.unlink("lib.a")
		s.stat("lib.a")
		s.read("b.o")
		f := s.open("stXyZ", newly)
		f.write("!<arch>")
		s.stat("lib.a")
		s.rename("stXyZ", "lib.a")
		s.chmod("lib.a", false)
	}, []string{"read /w/b.o", "out /w/lib.a file"}, false},
	{"fifo between two processes", nil, func(s *story) {
		s.unlink("pipe")
		s.mknod("pipe", otherType)
		s.fork().open("pipe", w)
		s.fork().read("pipe")
	}, nil, false},
}

// An unchanged step gives the same record from a clean tree and over its old
// outputs, seen by an engine that sees results or by one that does not.
func TestSameRecordEveryTime(t *testing.T) {
	for _, r := range plainSteps {
		t.Run(r.name, func(t *testing.T) {
			var first []string
			for _, blind := range []bool{false, true} {
				s := newStory(t)
				s.blind = blind
				for i, tree := range []string{"clean tree", "old outputs", "old outputs again"} {
					if i == 0 && r.given != nil {
						r.given(s)
					}
					r.steps(s)
					record := s.record()
					if first == nil {
						first = record
						s.want(slices.Clone(r.want)...)
					}
					s.checkFound()
					s.checkForm()
					if d := cmp.Diff(first, record); d != "" {
						t.Errorf("%s, blind %v: differs from the first record (-first +this)\n%s", tree, blind, d)
					}
					s = s.again()
				}
			}
		})
	}
}

// A step that works on its own output has another record each time, but always says
// so.
func TestStepsOnTheirOwnOutput(t *testing.T) {
	s := newStory(t)
	for i, want := range [][]string{
		{"out /w/log file"},
		{"read /w/log inout", "inout /w/log file"},
		{"read /w/log inout", "inout /w/log file"},
	} {
		s.add("log", "line\n")
		s.want(want...)
		if t.Failed() {
			t.Fatalf("run %d", i+1)
		}
		s = s.again()
	}
}

// A list is an input also where the step removes the directory afterwards: one run
// alone cannot tell `rm -rf build` from `ls build >names; rm -rf build`. That the
// second run of the first is like the first one shows when both are compared
// (depfile/manifest).
func TestListOfADirectoryMadeAnew(t *testing.T) {
	s := newStory(t)
	s.emptyDir("build")
	s.file("build/x", "x")
	s.list("build")
	s.unlink("build/x")
	s.rmdir("build")
	s.mkdir("build")
	s.create("build/x", "x")
	s.want("list /w/build:", "out /w/build dir", "out /w/build/x file")
}

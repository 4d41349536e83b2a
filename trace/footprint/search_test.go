package footprint_test

import (
	"testing"

	"deptrace/trace/event"
)

func commands(s *story) {
	s.emptyDir("/usr/local/bin")
	s.program("/usr/bin/cc", "cc")
	s.program("/usr/bin/as", "as")
	s.program("/usr/local/bin/mine", "mine")
	s.file("a.h", "h")
}

// execvp tries to run the name in each directory.
func execvp(p *proc, name string) {
	for _, dir := range p.options.Path {
		if p.exec(dir+"/"+name) == 0 {
			return
		}
	}
}

// dash looks for the name before it forks.
func dash(p *proc, name string) *proc {
	for _, dir := range p.options.Path {
		if p.stat(dir+"/"+name) == 0 {
			child := p.fork()
			child.exec(dir + "/" + name)
			return child
		}
	}
	return nil
}

// bash looks several times, and in several ways, at what it has found.
func bash(p *proc, name string) {
	for _, dir := range p.options.Path {
		c := dir + "/" + name
		if p.stat(c) != 0 {
			continue
		}
		p.stat(c)
		p.accessX(c)
		p.stat(c)
		p.access(c)
		child := p.fork()
		child.exec(c)
		child.exit()
		return
	}
}

func TestSearch(t *testing.T) {
	found := []string{"program cc /usr/bin/cc", "read /usr/bin/cc exec"}
	nowhere := []string{"program yacc nowhere"}
	// What an absolute name or something that is no search leaves.
	probed := []string{"absent /usr/local/bin/cc", "read /usr/bin/cc exec"}
	run(t, []row{
		{"deptrace's own", commands, func(s *story) { s.search("cc"); s.exec("/usr/bin/cc") }, found, false},
		{"deptrace's own, in the first directory", commands, func(s *story) { s.search("mine"); s.exec("/usr/local/bin/mine") },
			[]string{"program mine /usr/local/bin/mine", "read /usr/local/bin/mine exec"}, false},
		{"execvp", commands, func(s *story) { execvp(s.fork(), "cc") }, found, false},
		{"execvp, in the first directory", commands, func(s *story) { execvp(s.fork(), "mine") },
			[]string{"program mine /usr/local/bin/mine", "read /usr/local/bin/mine exec"}, false},
		{"dash", commands, func(s *story) { dash(s.proc, "cc") }, found, true},
		{"bash", commands, func(s *story) { bash(s.proc, "cc") }, found, true},
		{"access", commands, func(s *story) {
			s.accessX("/usr/local/bin/cc")
			s.accessX("/usr/bin/cc")
			s.exec("/usr/bin/cc")
		}, found, false},
		{"a program that looks for itself", commands, func(s *story) {
			execvp(s.proc, "cc")
			for range 2 {
				s.accessX("/usr/local/bin/cc")
				s.accessX("/usr/bin/cc")
			}
		}, found, false},
		{"a program that looks for another one of its name", commands, func(s *story) {
			s.exec("/usr/bin/cc")
			s.stat("/usr/local/bin/cc")
			s.stat("/usr/bin/cc")
		}, probed, false},
		{"a program that looks for itself in no order", commands, func(s *story) {
			execvp(s.proc, "mine")
			s.accessX("/usr/bin/mine")
			s.accessX("/usr/local/bin/mine")
		}, []string{"program mine /usr/local/bin/mine", "read /usr/local/bin/mine exec", "absent /usr/bin/mine"}, false},
		{"two names", commands, func(s *story) { execvp(s.fork(), "cc"); execvp(s.fork(), "as") },
			append([]string{"program as /usr/bin/as", "read /usr/bin/as exec"}, found...), false},
		{"one name in several processes", commands, func(s *story) {
			execvp(s.fork(), "cc")
			dash(s.proc, "cc")
			execvp(s.fork(), "cc")
		}, found, true},
		{"two searches at a time", commands, func(s *story) {
			a, b := s.fork(), s.fork()
			a.exec("/usr/local/bin/cc")
			b.exec("/usr/local/bin/as")
			a.exec("/usr/bin/cc")
			b.exec("/usr/bin/as")
		}, append([]string{"program as /usr/bin/as", "read /usr/bin/as exec"}, found...), false},
		{"other files between the probes", commands, func(s *story) {
			s.exec("/usr/local/bin/cc")
			s.read("a.h")
			s.exec("/usr/bin/cc")
		}, append([]string{"read /w/a.h"}, found...), false},
		{"remembered by the shell", commands, func(s *story) { dash(s.proc, "cc"); s.fork().exec("/usr/bin/cc") }, found, true},
		{"nowhere, execvp", commands, func(s *story) { execvp(s.fork(), "yacc") }, nowhere, false},
		{"nowhere, dash", commands, func(s *story) { dash(s.proc, "yacc") }, nowhere, false},
		{"nowhere, twice", commands, func(s *story) { p := s.fork(); execvp(p, "yacc"); execvp(p, "yacc") }, nowhere, false},
		{"nowhere, and again in a child", commands, func(s *story) { p := s.fork(); execvp(p, "yacc"); execvp(p.fork(), "yacc") }, nowhere, false},
		{"nowhere, deptrace's own", commands, func(s *story) { s.search("yacc") }, nowhere, false},
		{"a program that the step has made", commands, func(s *story) {
			f := s.mkstemp("/usr/bin/conf", "x")
			f.chmod(true)
			execvp(s.fork(), "conf")
			s.unlink("/usr/bin/conf")
		}, []string{"absent /usr/local/bin/conf"}, true},

		{"absolute, not searched", commands, func(s *story) { s.fork().exec("/usr/bin/cc") }, []string{"read /usr/bin/cc exec"}, false},
		{"probed by another process", commands, func(s *story) {
			other := s.fork()
			other.exec("/usr/local/bin/cc")
			s.fork().exec("/usr/bin/cc")
		}, probed, false},
		{"probed by another process with the same id", commands, func(s *story) {
			other := s.forkAs(7)
			other.exec("/usr/local/bin/cc")
			other.exit()
			s.forkAs(7).exec("/usr/bin/cc")
		}, probed, true},
		{"found and not run", commands, func(s *story) { s.stat("/usr/local/bin/cc"); s.stat("/usr/bin/cc") },
			[]string{"absent /usr/local/bin/cc", "stat /usr/bin/cc file exec"}, false},
		{"found, asked whether it can be run, and not run", commands, func(s *story) {
			s.stat("/usr/local/bin/cc")
			s.stat("/usr/bin/cc")
			s.accessX("/usr/bin/cc")
		}, []string{"program cc /usr/bin/cc", "stat /usr/bin/cc file exec"}, false},
		{"the same in the first directory", commands, func(s *story) { s.accessX("/usr/local/bin/mine") },
			[]string{"program mine /usr/local/bin/mine", "stat /usr/local/bin/mine file exec"}, false},
		{"found, and cannot be run", func(s *story) { commands(s); s.file("/usr/bin/data", "") }, func(s *story) {
			s.accessX("/usr/local/bin/data")
			s.accessX("/usr/bin/data")
		}, []string{"program data nowhere", "stat /usr/bin/data file"}, true},
		{"not all directories", commands, func(s *story) { s.stat("/usr/local/bin/yacc") }, []string{"absent /usr/local/bin/yacc"}, false},
		{"another path of search", func(s *story) { commands(s); s.program("/opt/bin/cc", "cc") },
			func(s *story) { s.exec("/usr/local/bin/cc"); s.exec("/opt/bin/cc") },
			[]string{"absent /usr/local/bin/cc", "read /opt/bin/cc exec"}, false},
		{"headers are not searched so", commands, func(s *story) {
			s.read("/usr/local/include/x.h")
			s.read("/usr/include/x.h")
		}, []string{"absent /usr/local/include/x.h", "absent /usr/include/x.h"}, false},
	})
}

// Directories of PATH that are links: the search explains the walk through those where
// nothing was found. The program keeps the spelling of PATH, and the link through
// which it was run.
func TestSearchThroughALink(t *testing.T) {
	s := newStory(t)
	s.options.Path = []string{"/opt/current/bin", "/bin"}
	commands(s)
	s.emptyDir("/opt/v1/bin")
	s.symbolic("/opt/current", "v1")
	s.symbolic("/bin", "usr/bin")
	execvp(s.fork(), "cc")
	s.want("program cc /bin/cc", "link /bin -> usr/bin", "read /usr/bin/cc exec")
}

// Lookups in the directories of PATH in another order than theirs are no search.
func TestNotInTheOrderOfPath(t *testing.T) {
	for _, order := range [][]string{{"/b", "/a", "/c"}, {"/b", "/c"}, {"/c", "/b", "/a", "/c"}, {"/a", "/c"}} {
		s := newStory(t)
		s.options.Path = []string{"/a", "/b", "/c"}
		s.program("/c/cc", "cc")
		want := []string{"read /c/cc exec"}
		for _, dir := range order {
			if s.exec(dir+"/cc") != 0 {
				want = append(want, "absent "+dir+"/cc")
			}
		}
		s.want(want...)
	}
}

// A signal can keep a shell from looking into one directory. That is still a search, but
// not if something is there.
func TestInterruptedSearch(t *testing.T) {
	for name, c := range map[string]struct {
		looks []string
		want  []string
	}{
		"the first":          {[]string{"/b", "/c"}, []string{"program cc /d/cc"}},
		"one between":        {[]string{"/a", "/c"}, []string{"program cc /d/cc"}},
		"the last":           {[]string{"/a", "/b"}, []string{"program cc /d/cc"}},
		"two":                {[]string{"/c"}, []string{"absent /c/cc"}},
		"two, one of them":   {[]string{"/b"}, []string{"absent /b/cc"}},
		"all but the second": {[]string{"/a", "/c", "/c"}, []string{"program cc /d/cc"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			s.options.Path = []string{"/a", "/b", "/c", "/d"}
			s.program("/d/cc", "cc")
			for _, dir := range c.looks {
				s.stat(dir + "/cc")
			}
			s.fork().exec("/d/cc")
			s.want(append(c.want, "read /d/cc exec")...)
		})
	}
	t.Run("nowhere", func(t *testing.T) {
		s := newStory(t)
		s.options.Path = []string{"/a", "/b", "/c"}
		s.stat("/b/cc")
		s.stat("/c/cc")
		s.want("program cc nowhere")
	})
	t.Run("past one that is there", func(t *testing.T) {
		s := newStory(t)
		s.options.Path = []string{"/a", "/b", "/c", "/d"}
		s.program("/a/cc", "cc")
		s.program("/d/cc", "cc")
		s.stat("/b/cc")
		s.stat("/c/cc")
		s.exec("/d/cc")
		s.want("absent /b/cc", "absent /c/cc", "read /d/cc exec")
	})
}

// The empty entry of PATH is the working directory.
func TestSearchInTheWorkingDirectory(t *testing.T) {
	s := newStory(t)
	s.options.Path = []string{"/usr/local/bin", ""}
	s.program("cc", "cc")
	s.exec("/usr/local/bin/cc")
	s.exec("./cc")
	s.want("program cc ./cc", "read /w/cc exec")
}

// What a search has dropped is kept if something else looks there, too.
func TestSearchAndAnotherLook(t *testing.T) {
	run(t, []row{
		{"before", commands, func(s *story) { s.fork().read("/usr/local/bin/cc"); execvp(s.fork(), "cc") },
			[]string{"absent /usr/local/bin/cc", "program cc /usr/bin/cc", "read /usr/bin/cc exec"}, false},
		{"after", commands, func(s *story) { execvp(s.fork(), "cc"); s.fork().read("/usr/local/bin/cc") },
			[]string{"absent /usr/local/bin/cc", "program cc /usr/bin/cc", "read /usr/bin/cc exec"}, false},
	})
}

func TestRun(t *testing.T) {
	scripts := func(s *story) {
		s.program("/usr/bin/sh", "\x7fELF")
		s.program("/usr/bin/env", "\x7fELF")
		s.symbolic("/bin", "usr/bin")
		s.program("run", "#!/bin/sh\n")
		s.program("deep", "#!/w/run\n")
		s.program("lost", "#!/no/such\n")
		s.file("data", "x")
		s.emptyDir("d")
	}
	run(t, []row{
		{"script", scripts, func(s *story) { s.exec("/w/run") }, []string{"read /w/run exec", "link /bin -> usr/bin", "read /usr/bin/sh exec"}, false},
		{"script run by a script", scripts, func(s *story) { s.exec("deep") },
			[]string{"read /w/deep exec", "read /w/run exec", "link /bin -> usr/bin", "read /usr/bin/sh exec"}, false},
		{"interpreter missing", scripts, func(s *story) { s.exec("/w/lost") }, []string{"read /w/lost exec", "absent /no/such"}, true},
		{"not executable", scripts, func(s *story) { s.exec("/w/data") }, []string{"read /w/data"}, false},
		{"unknown format", scripts, func(s *story) { s.failing(event.ENOEXEC).exec("/w/data") }, []string{"read /w/data"}, true},
		{"directory", scripts, func(s *story) { s.exec("/w/d") }, []string{"stat /w/d dir"}, true},
		{"missing", scripts, func(s *story) { s.exec("/w/no") }, []string{"absent /w/no"}, false},
		{"own program", scripts, func(s *story) { s.mkstemp("conftest", "x").chmod(true); s.exec("./conftest"); s.unlink("conftest") }, nil, false},
	})
}

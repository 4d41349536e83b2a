package footprint_test

import (
	"testing"

	"deptrace/trace/event"
)

// What decides whether something is an output is the call and the identity, not the
// bytes.
func TestOutputs(t *testing.T) {
	run(t, []row{
		{"created", nil, func(s *story) { s.create("a", "new") }, []string{"out /w/a file"}, false},
		{"replaced", old, func(s *story) { s.create("a", "new") }, []string{"out /w/a file"}, false},
		{"replaced with the same bytes", old, func(s *story) { s.create("a", "old") }, []string{"out /w/a file"}, false},
		{"renamed onto with the same bytes", old, func(s *story) { s.create("t", "old"); s.rename("t", "a") }, []string{"out /w/a file"}, false},
		{"removed and made again with the same bytes", old, func(s *story) { s.unlink("a"); s.create("a", "old") }, []string{"out /w/a file"}, false},
		{"made executable", nil, func(s *story) { s.create("p", "new"); s.chmod("p", true) }, []string{"out /w/p file exec"}, false},
		{"made executable by descriptor", nil, func(s *story) { s.mkstemp("p", "new").chmod(true) }, []string{"out /w/p file exec"}, false},
		{"removed", old, func(s *story) { s.unlink("a") }, []string{"out /w/a removed"}, false},
		{"removed, never there", nil, func(s *story) { s.unlink("a") }, []string{"out /w/a removed"}, false},
		{"directory removed, never there", nil, func(s *story) { s.rmdir("a") }, []string{"out /w/a removed"}, false},
		{"directory", nil, func(s *story) { s.mkdir("n") }, []string{"out /w/n dir"}, false},
		{"directory that is there", old, func(s *story) { s.mkdir("d") }, []string{"out /w/d dir"}, false},
		{"directory in the place of a file", old, func(s *story) { s.mkdir("a") }, []string{"exists /w/a"}, false},
		{"empty directory removed", func(s *story) { s.emptyDir("e") }, func(s *story) { s.rmdir("e") }, []string{"out /w/e removed"}, false},
		{"file not removed as a directory", old, func(s *story) { s.rmdir("a") }, []string{"exists /w/a"}, false},
		{"directory not removed as a file", old, func(s *story) { s.unlink("d"); s.read("d/x") }, []string{"stat /w/d dir", "read /w/d/x"}, false},
		{"directory that is not empty not removed", old, func(s *story) { s.rmdir("d") }, []string{"stat /w/d dir", "list /w/d: x"}, false},
		{"link", nil, func(s *story) { s.symlink("no/where", "l") }, []string{"out /w/l link -> no/where"}, false},
		{"link removed", old, func(s *story) { s.unlink("l") }, []string{"out /w/l removed"}, false},
		{"link replaced", old, func(s *story) { s.unlink("l"); s.symlink("b", "l") }, []string{"out /w/l link -> b"}, false},
		{"link replaced by a rename", old, func(s *story) { s.symlink("b", "t"); s.rename("t", "l") }, []string{"out /w/l link -> b"}, false},
		{"own link chowned", nil, func(s *story) { s.symlink("b", "l"); s.lchown("l") }, []string{"out /w/l link -> b"}, false},
		{"outside the root", nil, func(s *story) { s.create("/w2", "x") }, []string{"out /w2 file"}, false},
		{"not removed", old, func(s *story) { s.failing(event.EACCES).unlink("a") }, []string{"exists /w/a"}, false},
		{"not removed, then read", old, func(s *story) { s.failing(event.EPERM).unlink("a"); s.read("a") }, []string{"read /w/a"}, false},
		{"not removed, then written to", old, func(s *story) { s.failing(event.EPERM).unlink("a"); s.add("a", "more") },
			[]string{"read /w/a inout", "inout /w/a file"}, false},
		{"not renamed, copied and removed", old, func(s *story) { // mv to another file system
			s.failing(event.EXDEV).rename("a", "/tmp/a")
			s.read("a")
			s.create("/tmp/a", "old")
			s.unlink("a")
		}, []string{"out /tmp/a file", "read /w/a inout", "inout /w/a removed"}, false},
		{"directory not renamed, then read", old, func(s *story) { s.failing(event.EBUSY).rename("d", "e"); s.read("d/x") },
			[]string{"absent /w/e", "stat /w/d dir", "read /w/d/x"}, true},
		{"not made", nil, func(s *story) { s.failing(event.EACCES).mkdir("n") }, []string{"absent /w/n"}, false},
		{"not made, not there", nil, func(s *story) { s.failing(event.EACCES).open("n", creat); s.read("n") }, []string{"absent /w/n"}, false},
		{"link moved", old, func(s *story) { s.rename("l", "m") },
			[]string{"link /w/l -> a", "out /w/l removed", "out /w/m link -> a"}, false},
		{"interrupted", old, func(s *story) { s.failing(event.EINTR).truncate("a", 0) }, nil, true},
	})
}

func TestMetadataChanges(t *testing.T) {
	changes := map[string]func(p *proc, path string) event.Errno{
		"chmod":    func(p *proc, path string) event.Errno { return p.chmod(path, false) },
		"chown":    (*proc).chown,
		"utime":    (*proc).utime,
		"setxattr": (*proc).setxattr,
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			run(t, []row{
				// The content lives on.
				{"file", old, func(s *story) { change(s.proc, "a") }, []string{"read /w/a inout", "inout /w/a file"}, false},
				{"file read before", old, func(s *story) { s.read("a"); change(s.proc, "a") }, []string{"read /w/a inout", "inout /w/a file"}, false},
				{"empty file", old, func(s *story) { change(s.proc, "empty") }, []string{"out /w/empty file"}, false},
				{"own file", nil, func(s *story) { s.create("n", "new"); change(s.proc, "n") }, []string{"out /w/n file"}, false},
				{"directory", old, func(s *story) { change(s.proc, "d") }, []string{"out /w/d dir"}, false},
				{"through a link", old, func(s *story) { change(s.proc, "l") },
					[]string{"link /w/l -> a", "read /w/a inout", "inout /w/a file"}, false},
				{"nothing there", nil, func(s *story) { change(s.proc, "a") }, []string{"absent /w/a"}, false},
				{"not permitted", old, func(s *story) { change(s.failing(event.EPERM), "a") }, []string{"exists /w/a"}, true},
			})
		})
	}
}

func touch(s *story, path string) { s.open(path, w|create).utime() }

func TestTouch(t *testing.T) {
	run(t, []row{
		{"new", nil, func(s *story) { touch(s, "stamp") }, []string{"out /w/stamp file"}, false},
		{"empty", old, func(s *story) { touch(s, "empty") }, []string{"out /w/empty file"}, false},
		{"with content", old, func(s *story) { touch(s, "a") }, []string{"read /w/a inout", "inout /w/a file"}, false},
	})
}

// A probe of a path that is then replaced whole is no input.
func TestProbesOfWhatIsReplaced(t *testing.T) {
	probes := map[string]func(p *proc, path string) event.Errno{
		"stat":     (*proc).stat,
		"lstat":    (*proc).lstat,
		"access":   (*proc).access,
		"readlink": (*proc).readlink,
		"open fails": func(p *proc, path string) event.Errno {
			p.open(path, newly|event.NoFollow)
			p.unlink(path)
			return 0
		},
	}
	replacements := map[string]func(s *story){
		"truncated":         func(s *story) { s.create("a", "new") },
		"unlinked, created": func(s *story) { s.unlink("a"); s.mkstemp("a", "new") },
		"renamed onto":      func(s *story) { s.create("t", "new"); s.rename("t", "a") },
		"linked":            func(s *story) { s.create("b", "new"); s.unlink("a"); s.link("b", "a"); s.unlink("b") },
		"truncated by path": func(s *story) { s.create("t", "new"); s.rename("t", "a"); s.truncate("a", 1) },
		"exchanged with own": func(s *story) {
			s.unlink("a")
			s.create("a", "x")
			s.create("t", "y")
			s.exchange("a", "t")
			s.unlink("t")
		},
	}
	for probe, look := range probes {
		for replacement, replace := range replacements {
			for state, given := range map[string]func(*story){"over old": old, "clean": nil} {
				run(t, []row{{probe + ", " + replacement + ", " + state, given,
					func(s *story) { look(s.proc, "a"); replace(s) }, []string{"out /w/a file"}, false}})
			}
		}
	}
	run(t, []row{
		{"removed", old, func(s *story) { s.stat("a"); s.unlink("a") }, []string{"out /w/a removed"}, false},
		{"link removed", old, func(s *story) { s.lstat("l"); s.unlink("l") }, []string{"out /w/l removed"}, false},
		{"link of which another file is made", old, func(s *story) { s.stat("l"); s.create("t", "t"); s.rename("t", "l") },
			[]string{"out /w/l file", "stat /w/a file"}, false},
		{"directory removed", old, func(s *story) { s.stat("d"); s.unlink("d/x"); s.rmdir("d") },
			[]string{"out /w/d removed", "out /w/d/x removed"}, false},
		{"directory made", nil, func(s *story) { s.stat("n"); s.mkdir("n") }, []string{"out /w/n dir"}, false},
		{"name in a directory that is then made", nil, func(s *story) { s.stat("n/x"); s.mkdir("n"); s.create("n/x", "x") },
			[]string{"out /w/n dir", "out /w/n/x file"}, false},
		{"name below what becomes a link", old, func(s *story) { s.stat("t/x"); s.symlink("d", "t") },
			[]string{"out /w/t link -> d"}, false},
		{"not replaced after all", old, func(s *story) { s.stat("a"); s.failing(event.EACCES).open("a", creat) }, []string{"stat /w/a file"}, true},
		{"opened for writing, not written", old, func(s *story) { s.stat("a"); s.open("a", w) }, []string{"stat /w/a file may write"}, false},
		{"probed afterwards", old, func(s *story) { s.create("a", "new"); s.stat("a"); s.access("a") }, []string{"out /w/a file"}, false},
		{"probed between removal and creation", old, func(s *story) { s.unlink("a"); s.stat("a"); s.create("a", "new") }, []string{"out /w/a file"}, false},
		{"probed after removal", old, func(s *story) { s.unlink("a"); s.stat("a"); s.access("a") }, []string{"out /w/a removed"}, false},
	})
}

// A process that another one has started sees what the first one has made.
func TestOrderOverTheProcessTree(t *testing.T) {
	run(t, []row{
		{"child writes, parent reads", old, func(s *story) {
			child := s.fork()
			child.create("a", "new")
			child.exit()
			s.read("a")
		}, []string{"out /w/a file"}, false},
		{"child reads, parent writes", old, func(s *story) {
			s.fork().read("a")
			s.create("a", "new")
		}, []string{"read /w/a inout", "inout /w/a file"}, false},
		{"siblings", nil, func(s *story) {
			as, cc := s.fork(), s.fork()
			cc.create("/tmp/x.s", "mov")
			as.read("/tmp/x.s")
			as.create("x.o", "90")
			cc.unlink("/tmp/x.s")
		}, []string{"out /w/x.o file"}, false},
	})
}

//go:build amd64 || arm64

package trace_test

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deptrace/trace"
	"deptrace/trace/event"
)

// programs puts into a fixture: bin/prog, a copy of the victim; proglink, a link to
// it; bin/outer, a script of bin/inner, which is one of bin/prog; bin/s1 to bin/s7,
// each a script of the one before; text, executable but no program; badscript.
func programs(t *testing.T, s *step) {
	t.Helper()
	mkdir(t, s.dir, "bin")
	b, err := os.ReadFile(victim(t))
	if err != nil {
		t.Fatal(err)
	}
	write(t, s.dir, "bin/prog", string(b), 0o755)
	symlink(t, s.dir, "bin/prog", "proglink")
	in := func(n string) string { return filepath.Join(s.dir, "bin", n) }
	write(t, s.dir, "bin/inner", "#! "+in("prog")+" script\n", 0o755)
	write(t, s.dir, "bin/outer", "#!"+in("inner")+"\n", 0o755)
	before := in("prog") + " script"
	for i := range 7 {
		name := fmt.Sprintf("s%d", i+1)
		write(t, s.dir, "bin/"+name, "#!"+before+"\n", 0o755)
		before = in(name)
	}
	write(t, s.dir, "text", "no program\n", 0o755)
	write(t, s.dir, "badscript", "#!"+in("missing")+" x\n", 0o755)
}

// loader is the ELF interpreter of the victim.
func loader(t *testing.T) string {
	t.Helper()
	f, err := elf.Open(victim(t))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := f.Section(".interp").Data()
	if err != nil {
		t.Fatal(err)
	}
	p, err := filepath.EvalSymlinks(strings.TrimSuffix(string(b), "\x00"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestExec(t *testing.T) {
	for name, want := range map[string]string{
		"execfails": `
			exec missing ENOENT
			exec f EACCES
			exec d EACCES
			exec f/x ENOTDIR
			exec text ENOEXEC
			exec script badscript ENOENT
			load bin/missing ENOENT
			open read f ok`,
		"execve": `
			exec VICTIM ok
			load LOADER ok
			open read f ok`,
		"execlink": `
			exec bin/prog [proglink -> bin/prog] ok
			load LOADER ok
			open read f ok`,
		"execveat": `
			open path VICTIM ok
			exec descriptor VICTIM ok
			load LOADER ok
			open read f ok`,
		"execveatdir": `
			open path bin ok
			exec nofollow proglink ELOOP
			exec bin/prog ok
			load LOADER ok
			open read f ok`,
		"execmemfd": `
			open read VICTIM ok
			exec descriptor ok
			load LOADER ok
			open read f ok`,
		"execremoved": `
			open read bin/prog ok
			unlink bin/prog ok
			exec descriptor ok
			load LOADER ok
			open read f ok`,
		"execself": `
			exec VICTIM ok
			load LOADER ok
			open read f ok`,
		"execscript": `
			exec script bin/outer ok
			load bin/inner ok
			load bin/prog ok
			load LOADER ok
			open read f ok`,
		"execscriptfd": `
			open read bin/outer ok
			exec descriptor,script bin/outer ok
			load bin/inner ok
			load bin/prog ok
			load LOADER ok
			open read f ok`,
		"execchdir": `
			access directory bin ok
			access directory . ok
			access directory bin ok
			exec bin/prog ok
			load LOADER ok
			open read f ok`,
	} {
		t.Run(name, func(t *testing.T) {
			everyEngine(t, func(t *testing.T, engine trace.Engine) {
				s := victimStep(t, engine, name, victim(t))
				programs(t, s)
				r := s.good(t)
				wantLines(t, engine, execStory(r), strings.ReplaceAll(want, "LOADER", loader(t)))
				for _, l := range r.of(event.Incomplete) {
					t.Error(l)
				}
			})
		})
	}
	t.Run("too deep", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "execdeep")
			programs(t, s)
			// What the kernel read before it gave up: not more than it could have, and
			// not less than it did.
			wantLines(t, engine, execStory(s.good(t)), `
				exec script bin/s7 ELOOP?
				load bin/s6 ok
				load bin/s5 ok
				load bin/s4 ok
				load bin/s3 ok
				load bin/s2 ok`)
		})
	})
	t.Run("scripts as the command", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine)
			programs(t, s)
			s.Args = []string{"bin/outer", "f"}
			r := s.good(t)
			var got []string
			for i := range r.events {
				if e := &r.events[i]; e.Op == event.Exec || e.Op == event.Load || e.Op == event.Open && r.mine(e.Name) {
					got = append(got, r.line(e))
				}
			}
			wantLines(t, engine, got, strings.ReplaceAll(`
				exec script bin/outer ok
				load bin/inner ok
				load bin/prog ok
				load LOADER ok
				open read f ok`, "LOADER", loader(t)))
		})
	})
}

// execStory renders what comes after the exec of the command itself: execs, loads, and
// what concerns the test's directory or the victim.
func execStory(r *recorder) []string {
	v, _ := compile()
	got := []string{}
	first := true
	for i := range r.events {
		e := &r.events[i]
		switch {
		case e.Op == event.Fork || e.Op == event.Exit || e.Op == event.Signal || e.Op == event.Inherit || e.Outcome.State == event.Pending:
			continue
		case e.Op == event.Exec || e.Op == event.Load:
			if first && e.Op == event.Load {
				first = false
				continue
			}
			if first {
				continue
			}
		case !r.mine(e.Name) && e.Name.Path != v:
			continue
		}
		got = append(got, r.line(e))
	}
	return got
}

// TestNames: names that lead somewhere else than they say.
func TestNames(t *testing.T) {
	t.Run("proc", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "procfd")
			s.Args = append(s.Args, filepath.Join(s.dir, "f"))
			wantLines(t, engine, s.good(t).files(), `
				open read f ok
				open read f ok
				open read f ok
				open read f ok
				open read f ok
				open path d ok
				open read d/g ok
				open read d/g ok
				open read f ok`)
		})
	})
	t.Run("stdin", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "devstdin")
			f, err := os.Open(filepath.Join(s.dir, "f"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			s.Stdin = f
			wantLines(t, engine, s.good(t).files(), `
				inherit read f as 0 ok
				open read f ok
				open read f ok`)
		})
	})
	for _, name := range []string{"tmpfile", "tmpfileempty"} {
		t.Run(name, func(t *testing.T) {
			everyEngine(t, func(t *testing.T, engine trace.Engine) {
				got := supposed(engine, victimStep(t, engine, name).good(t).files())
				if len(got) < 2 || got[0] != "open write,tmpfile d ok" || !strings.HasPrefix(got[1], "link ") || !strings.HasSuffix(got[len(got)-1], " d/new ok") {
					t.Errorf("got %q, want the directory opened for a file without a name, and then the name d/new for it", got)
				}
			})
		})
	}
}

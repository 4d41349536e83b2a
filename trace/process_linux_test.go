//go:build amd64 || arm64

package trace_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"deptrace/trace"
	"deptrace/trace/event"

	"github.com/google/go-cmp/cmp"
)

// seedPairing: what was decoded at the entry of a call is told at the exit of the same
// call of the same thread; recorder.check compares the two. A child has nothing of
// what its parent was in.
func seedPairing(t *testing.T) {
	t.Run("thread in a call", func(t *testing.T) {
		both(t, func(t *testing.T, engine trace.Engine) {
			r := victimStep(t, engine, "pairing").good(t)
			got := strings.Join(r.of(event.Open, event.Unlink), "\n")
			for _, want := range []string{
				"open write,create new ok", "2: unlink missing ENOENT", "2: unlink new ok",
				"open read fifo ok", "open write fifo ok",
			} {
				if strings.Count(got, want) != 1 {
					t.Errorf("got\n%s\nwant one %q", got, want)
				}
			}
		})
	})
	for name, want := range map[string]string{
		"fork":  `2: open read d/g ok\n open read f ok`,
		"vfork": `2: open read d/g ok\n open read f ok`,
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, engine trace.Engine) {
				wantLines(t, victimStep(t, engine, name).good(t).files(), strings.ReplaceAll(want, `\n`, "\n"))
			})
		})
	}
	// The leader, and another thread, wait in an open whose outcome never comes.
	for _, name := range []string{"threadexec", "threadexecalone"} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, engine trace.Engine) {
				r := victimStep(t, engine, name, victim(t)).good(t)
				wantLines(t, r.of(event.Exec, event.Open, event.Exit), `
					exec VICTIM ok
					exec VICTIM ok
					open read f ok
					exit 0`)
			})
		})
	}
}

func seedEvents(t *testing.T) {
	both(t, func(t *testing.T, engine trace.Engine) {
		wantLines(t, victimStep(t, engine, "fork").good(t).story(), `
			exec VICTIM ok
			fork 2
			2: open read d/g ok
			2: exit 3
			signal SIGCHLD
			open read f ok
			exit 0`)
		s := victimStep(t, engine, "execve", victim(t))
		wantLines(t, s.good(t).story(), `
			exec VICTIM ok
			exec VICTIM ok
			open read f ok
			exit 0`)
		s = victimStep(t, engine, "die", strconv.Itoa(int(syscall.SIGUSR1)))
		r, result := s.run(t)
		wantLines(t, r.story(), `
			exec VICTIM ok
			signal SIGUSR1
			exit SIGUSR1`)
		if want := (trace.Result{Engine: engine, Status: -1, Signal: syscall.SIGUSR1}); result != want {
			t.Errorf("Result: got %+v, want %+v", result, want)
		}
	})
	t.Run("numbers from 1", func(t *testing.T) {
		// The command's own search and its inherited files are operations, too.
		s := victimStep(t, trace.Ptrace, "nothing")
		f, err := os.Open(filepath.Join(s.dir, "f"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		s.Stdin = f
		s.Args = []string{"true"}
		r := s.good(t)
		var last uint64
		for i := range r.events {
			e := &r.events[i]
			if e.Seq <= last {
				t.Errorf("event %d, %s: number %d after number %d", i, r.line(e), e.Seq, last)
			}
			last = e.Seq
			if e.Op == event.Exec {
				break
			}
		}
	})
}

func seedFollowing(t *testing.T) {
	for name, want := range map[string]string{
		"fork": `
			exec VICTIM ok
			fork 2
			2: open read d/g ok
			2: exit 3
			open read f ok
			exit 0`,
		"vfork": `
			exec VICTIM ok
			fork 2
			2: open read d/g ok
			2: exit 4
			open read f ok
			exit 0`,
		"clone3": `
			exec VICTIM ok
			fork 2
			2: open read d/g ok
			2: exit 5
			open read f ok
			exit 0`,
		"clonesignal": `
			exec VICTIM ok
			fork 2
			2: open read d/g ok
			2: exit 4
			fork 3
			3: open read d/g ok
			3: exit 4
			exit 0`,
		"threads": `
			exec VICTIM ok
			open read d/g ok
			open read f ok
			open read d/g ok
			exit 0`,
		"threadfork": `
			exec VICTIM ok
			fork 2
			2: open read d/g ok
			2: exit 6
			exit 0`,
		"leaderends": `
			exec VICTIM ok
			open read f ok
			exit 7`,
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, engine trace.Engine) {
				r, _ := victimStep(t, engine, name).run(t)
				got := r.of(event.Exec, event.Open, event.Exit, event.Fork)
				if got[0] == "fork 1" {
					got = got[1:] // the command itself
				}
				wantLines(t, got, want)
			})
		})
	}
	t.Run("cloneparent", func(t *testing.T) {
		both(t, func(t *testing.T, engine trace.Engine) {
			r := victimStep(t, engine, "cloneparent").good(t)
			if got := strings.Join(r.story(), "\n"); strings.Count(got, "3: open read d/g ok") != 1 || strings.Count(got, "3: exit 4") != 1 {
				t.Errorf("got\n%s\nwant the calls of process 3", got)
			}
		})
	})
	// Every task until none is left.
	t.Run("orphan", func(t *testing.T) {
		both(t, func(t *testing.T, engine trace.Engine) {
			r := victimStep(t, engine, "orphan").good(t)
			// The command's descriptors are closed a moment before its end is told.
			story := r.of(event.Open, event.Exit)
			slices.Sort(story)
			if diff := cmp.Diff([]string{"2: exit 0", "3: exit 8", "3: open read f ok", "exit 0"}, story); diff != "" {
				t.Errorf("sorted (-want +got):\n%s", diff)
			}
		})
	})
	t.Run("deep", func(t *testing.T) {
		both(t, func(t *testing.T, engine trace.Engine) {
			const depth = 60
			r := victimStep(t, engine, "deep", strconv.Itoa(depth)).good(t)
			var want []string
			for i := range depth {
				prefix := fmt.Sprintf("%d: ", i+1)
				if i == 0 {
					prefix = ""
				}
				want = append(want, fmt.Sprintf("%sopen read no%d ENOENT", prefix, depth-i))
			}
			if diff := cmp.Diff(want, r.files()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	})
	t.Run("64 processes", func(t *testing.T) {
		both(t, func(t *testing.T, engine trace.Engine) {
			const processes, opens = 64, 100
			got := map[string]int{}
			for _, l := range victimStep(t, engine, "parallel", strconv.Itoa(processes), strconv.Itoa(opens)).good(t).files() {
				got[l]++
			}
			lost := 0
			for p := range processes {
				for i := range opens {
					if n := got[fmt.Sprintf("%d: open read no-%d-%d ENOENT", p+2, p, i)]; n != 1 {
						lost++
					}
				}
			}
			if lost > 0 || len(got) != processes*opens {
				t.Errorf("%d of %d opens were not told once, %d different ones were", lost, processes*opens, len(got))
			}
		})
	})
	t.Run("short threads", func(t *testing.T) {
		both(t, func(t *testing.T, engine trace.Engine) {
			if got := len(victimStep(t, engine, "storm").good(t).files()); got != 50 {
				t.Errorf("%d opens, want 50", got)
			}
		})
	})
	t.Run("Go threads", goThreads)
}

// goThreads: a Go program is interrupted by SIGURG all the time, and makes calls anew.
func goThreads(t *testing.T) {
	both(t, func(t *testing.T, engine trace.Engine) {
		files := 2000
		if testing.Short() {
			files = 500
		}
		dir := fixture(t)
		mkdir(t, dir, "files")
		for i := range files {
			write(t, dir, "files/"+strconv.Itoa(i), "", 0o644)
		}
		s := &step{dir: dir, Command: trace.Command{
			Args: []string{self(t), strconv.Itoa(files)}, Dir: dir, Engine: engine,
			Env: append(os.Environ(), roleVar+"=opener"),
		}}
		signals := 0
		s.then = func(e *event.Event) event.Hold {
			if e.Op == event.Signal && e.Signal == int(syscall.SIGURG) {
				signals++
			}
			return nil
		}
		seen := map[string]int{}
		all := s.good(t).of(event.Open)
		for _, l := range all {
			seen[l]++
		}
		for i := range files {
			if n := seen[fmt.Sprintf("open read files/%d ok", i)]; n != 1 {
				t.Errorf("file %d: opened %d times, want once", i, n)
			}
		}
		if len(all) != files {
			t.Errorf("%d opens, want %d", len(all), files)
		}
		if signals < files/10 {
			t.Errorf("%d times SIGURG: that disturbs nobody", signals)
		}
	})
}

// seedRaces: a process that is gone before the engine has got to it is no error.
func seedRaces(t *testing.T) {
	for _, args := range [][]string{{"quick", "400"}, {"killed", "60"}, {"killedthreads", "30"}} {
		t.Run(args[0], func(t *testing.T) {
			both(t, func(t *testing.T, engine trace.Engine) {
				s := victimStep(t, engine, args...)
				r := s.good(t)
				forks, exits := len(r.of(event.Fork)), len(r.of(event.Exit))
				n, _ := strconv.Atoi(args[1])
				if forks != n+1 || exits != n+1 {
					t.Errorf("%d forks and %d exits, want %d of each", forks, exits, n+1)
				}
				for _, l := range r.of(event.Incomplete) {
					t.Error(l)
				}
			})
		})
	}
	t.Run("shell", func(t *testing.T) {
		both(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine)
			s.Args = []string{"/bin/sh", "-c", "i=0; while [ $i -lt 200 ]; do /bin/true & i=$((i+1)); done; wait"}
			if n := len(s.good(t).of(event.Exit)); n != 201 {
				t.Errorf("%d exits, want 201", n)
			}
		})
	})
}

// grace is how long a process may outlive the command unmentioned.
const grace = 200 * time.Millisecond

func TestOutlived(t *testing.T) {
	daemon := func(t *testing.T, engine trace.Engine, args ...string) (s *step, w *os.File) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		t.Cleanup(func() { w.Close() })
		// The daemon has it as descriptor 209, inherited: one that is free.
		if err := syscall.Dup3(int(r.Fd()), 209, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { syscall.Close(209) })
		return victimStep(t, engine, append([]string{"daemon"}, args...)...), w
	}
	t.Run("wait", func(t *testing.T) {
		both(t, func(t *testing.T, engine trace.Engine) {
			s, w := daemon(t, engine)
			root := 0
			s.then = func(e *event.Event) event.Hold {
				switch {
				case e.Op == event.Fork && e.Process == 0:
					root = e.Child
				case e.Op == event.Exit && e.Process == root:
					time.AfterFunc(grace+grace/2, func() { w.Close() })
				}
				return nil
			}
			r := s.good(t)
			wantLines(t, r.of(event.Open, event.Incomplete), `
				open read d/g ok
				3: open read f ok
				3: incomplete process-outlived-step: victim`)
		})
	})
	t.Run("within the grace", func(t *testing.T) {
		both(t, func(t *testing.T, engine trace.Engine) {
			s, w := daemon(t, engine)
			root := 0
			var ended time.Time
			late := false
			s.then = func(e *event.Event) event.Hold {
				switch {
				case e.Op == event.Fork && e.Process == 0:
					root = e.Child
				case e.Op == event.Exit && e.Process == root:
					ended = time.Now()
					w.Close()
				case !ended.IsZero():
					late = late || time.Since(ended) > grace/2
				}
				return nil
			}
			want := `
				open read d/g ok
				3: open read f ok`
			if r := s.good(t); !late { // or else the machine is too busy to say
				wantLines(t, r.of(event.Open, event.Incomplete), want)
			}
		})
	})
	t.Run("kill", func(t *testing.T) {
		both(t, func(t *testing.T, engine trace.Engine) {
			s, _ := daemon(t, engine, "forever")
			s.Daemons = trace.Kill
			r := s.good(t)
			wantLines(t, r.of(event.Open, event.Incomplete), `
				open read d/g ok
				3: incomplete process-outlived-step: victim`)
			if exits := r.of(event.Exit); !slices.Contains(exits, "3: exit SIGKILL") {
				t.Errorf("exits: got %q, want the daemon to be killed", exits)
			}
		})
	})
}

func TestCancel(t *testing.T) {
	both(t, func(t *testing.T, engine trace.Engine) {
		s := victimStep(t, engine, "forever")
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		r := &recorder{dir: s.dir, then: func(e *event.Event) event.Hold {
			if e.Op == event.Open && filepath.Base(e.Name.Path) == "f" {
				cancel()
			}
			return nil
		}}
		result, err := trace.Run(ctx, s.Command, r)
		if err != nil || result.Signal != syscall.SIGKILL {
			t.Errorf("Run: got %+v, %v, want SIGKILL", result, err)
		}
		r.check(t) // all processes have ended
	})
	t.Run("before", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		s := victimStep(t, trace.Ptrace, "forever")
		result, err := trace.Run(ctx, s.Command, event.SinkFunc(func(*event.Event) {}))
		if err == nil && result.Signal != syscall.SIGKILL {
			t.Errorf("Run: got %+v, %v, want it killed", result, err)
		}
	})
}

// TestHold: a sink that needs time before something is destroyed keeps only the
// process waiting that is about to do it.
func TestHold(t *testing.T) {
	both(t, func(t *testing.T, engine trace.Engine) {
		s := victimStep(t, engine, "held")
		held := filepath.Join(s.dir, "held")
		hold := make(chan struct{})
		pending, looks := false, 0
		s.then = func(e *event.Event) event.Hold {
			switch {
			case e.Name.Path != held:
			case e.Op == event.Access && pending:
				if looks++; looks == 20 {
					if _, err := os.Lstat(held); err == nil {
						t.Error("the file is there while its creator is held")
					}
					close(hold)
				}
			case e.Op == event.Open && e.Outcome.State == event.Pending:
				pending = true
				return hold
			}
			return nil
		}
		s.good(t)
		if !pending || looks < 20 {
			t.Errorf("pending: %v, then %d looks of the other process, want 20", pending, looks)
		}
	})
	// A sink may let go at once, and may be slow when nobody else is there.
	t.Run("alone", func(t *testing.T) {
		both(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "openat2")
			n := 0
			s.then = func(e *event.Event) event.Hold {
				if e.Outcome.State != event.Pending {
					return nil
				}
				n++
				hold := make(chan struct{})
				time.AfterFunc(20*time.Millisecond, func() { close(hold) })
				return hold
			}
			s.good(t)
			if n != 1 {
				t.Errorf("%d operations were pending, want 1", n)
			}
		})
	})
	t.Run("closed already", func(t *testing.T) {
		both(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "killed", "20")
			hold := make(chan struct{})
			close(hold)
			s.then = func(e *event.Event) event.Hold {
				if e.Outcome.State == event.Pending {
					return hold
				}
				return nil
			}
			s.good(t)
		})
	})
	// What is held can be killed, and the hold end later.
	t.Run("killed", func(t *testing.T) {
		both(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "heldkilled")
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			s.Stdin = r
			hold := make(chan struct{})
			s.then = func(e *event.Event) event.Hold {
				switch {
				case e.Outcome.State == event.Pending:
					w.Close()
					return hold
				case e.Op == event.Open && filepath.Base(e.Name.Path) == "f":
					close(hold)
				}
				return nil
			}
			got := s.good(t)
			if _, err := os.Lstat(filepath.Join(s.dir, "held")); err == nil {
				t.Error("the file that a killed process was to create is there")
			}
			if l := got.of(event.Exit); len(l) != 2 || l[0] != "2: exit SIGKILL" {
				t.Errorf("exits: got %q", l)
			}
		})
	})
	// A context that ends while something is held ends the hold's owner, too.
	t.Run("cancelled", func(t *testing.T) {
		both(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine, "openat2")
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			defer cancel()
			hold := make(chan struct{})
			r := &recorder{dir: s.dir, then: func(e *event.Event) event.Hold {
				if e.Outcome.State == event.Pending {
					cancel()
					time.AfterFunc(20*time.Millisecond, func() { close(hold) })
					return hold
				}
				return nil
			}}
			result, err := trace.Run(ctx, s.Command, r)
			if err != nil || result.Signal != syscall.SIGKILL {
				t.Errorf("Run: got %+v, %v, want SIGKILL", result, err)
			}
		})
	})
}

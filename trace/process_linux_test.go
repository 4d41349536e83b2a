//go:build amd64 || arm64

package trace_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"deptrace/trace"
	"deptrace/trace/event"
)

// seedPairing: what was decoded at the entry of a call is told at the exit of the same
// call of the same thread; recorder.check compares the two. A child has nothing of
// what its parent was in.
func seedPairing(t *testing.T) {
	t.Run("thread in a call", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			r := victimStep(t, engine, "pairing").good(t)
			got := strings.Join(supposed(engine, r.of(event.Open, event.Unlink)), "\n")
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
			everyEngine(t, func(t *testing.T, engine trace.Engine) {
				wantLines(t, engine, victimStep(t, engine, name).good(t).files(), strings.ReplaceAll(want, `\n`, "\n"))
			})
		})
	}
	// The leader, and another thread, wait in an open whose outcome never comes. Notify
	// tells of it when it begins, if it begins before the exec.
	for name, most := range map[string]int{"threadexec": 2, "threadexecalone": 0} {
		t.Run(name, func(t *testing.T) {
			everyEngine(t, func(t *testing.T, engine trace.Engine) {
				r := victimStep(t, engine, name, victim(t)).good(t)
				got := r.of(event.Exec, event.Open, event.Exit)
				if engine == trace.Notify {
					all := len(got)
					got = slices.DeleteFunc(got, func(l string) bool { return l == "open write fifo unknown" })
					if all-len(got) > most {
						t.Errorf("%d opens of the fifo were told, want at most %d", all-len(got), most)
					}
				}
				wantLines(t, engine, got, `
					exec VICTIM ok
					exec VICTIM ok
					open read f ok
					exit 0`)
			})
		})
	}
}

func seedEvents(t *testing.T) {
	everyEngine(t, func(t *testing.T, engine trace.Engine) {
		wantLines(t, engine, victimStep(t, engine, "fork").good(t).story(), `
			exec VICTIM ok
			fork 2
			2: open read d/g ok
			2: exit 3
			signal SIGCHLD
			open read f ok
			exit 0`)
		s := victimStep(t, engine, "execve", victim(t))
		wantLines(t, engine, s.good(t).story(), `
			exec VICTIM ok
			exec VICTIM ok
			open read f ok
			exit 0`)
		s = victimStep(t, engine, "die", strconv.Itoa(int(syscall.SIGUSR1)))
		r, result := s.run(t)
		wantLines(t, engine, r.story(), `
			exec VICTIM ok
			signal SIGUSR1
			exit SIGUSR1`)
		if want := (trace.Result{Engine: engine, Status: -1, Signal: syscall.SIGUSR1}); result != want {
			t.Errorf("Result: got %+v, want %+v", result, want)
		}
	})
	t.Run("numbers from 1", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			// The command's own search and its inherited files are operations, too.
			s := victimStep(t, engine, "nothing")
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
				// Notify tells nothing twice, and so goes on to the end without a gap.
				if e.Seq <= last || engine == trace.Notify && e.Seq != last+1 {
					t.Errorf("event %d, %s: number %d after number %d", i, r.line(e), e.Seq, last)
				}
				last = e.Seq
				if e.Op == event.Exec && engine != trace.Notify {
					break
				}
			}
		})
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
			everyEngine(t, func(t *testing.T, engine trace.Engine) {
				r, _ := victimStep(t, engine, name).run(t)
				got := r.of(event.Exec, event.Open, event.Exit, event.Fork)
				if got[0] == "fork 1" {
					got = got[1:] // the command itself
				}
				wantLines(t, engine, got, want)
			})
		})
	}
	t.Run("cloneparent", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			r := victimStep(t, engine, "cloneparent").good(t)
			if engine == trace.Notify {
				// It does not notice the process between, which makes no watched call.
				wantLines(t, engine, r.story(), `
					exec VICTIM ok
					fork 2
					2: open read d/g ok
					exit 0`)
				return
			}
			if got := strings.Join(r.story(), "\n"); strings.Count(got, "3: open read d/g ok") != 1 || strings.Count(got, "3: exit 4") != 1 {
				t.Errorf("got\n%s\nwant the calls of process 3", got)
			}
		})
	})
	// Every task until none is left.
	t.Run("orphan", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			r := victimStep(t, engine, "orphan").good(t)
			// The command's descriptors are closed a moment before its end is told.
			story := r.of(event.Open, event.Exit)
			slices.Sort(story)
			want := []string{"2: exit 0", "3: exit 8", "3: open read f ok", "exit 0"}
			if engine == trace.Notify {
				want = []string{"2: open read f ok", "exit 0"} // the parent makes no watched call
			}
			if diff := difference(engine, want, story); diff != "" {
				t.Errorf("sorted (-want +got):\n%s", diff)
			}
		})
	})
	t.Run("deep", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
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
			if diff := difference(engine, want, r.files()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	})
	t.Run("64 processes", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			const processes, opens = 64, 100
			got := map[string]int{}
			number := map[int]int{} // of the process that makes the opens no-P-*
			for p := range processes {
				number[p] = p + 2
			}
			for _, l := range victimStep(t, engine, "parallel", strconv.Itoa(processes), strconv.Itoa(opens)).good(t).files() {
				got[l]++
				// Notify numbers them in the order in which they make their first calls.
				var n, p, i int
				if k, _ := fmt.Sscanf(l, "%d: open read no-%d-%d", &n, &p, &i); k == 3 && i == 0 && engine == trace.Notify {
					number[p] = n
				}
			}
			lost := 0
			distinct := map[int]bool{}
			for p := range processes {
				distinct[number[p]] = true
				for i := range opens {
					if n := got[fmt.Sprintf("%d: open read no-%d-%d ENOENT", number[p], p, i)]; n != 1 {
						lost++
					}
				}
			}
			if len(distinct) != processes {
				t.Errorf("%d processes, want %d", len(distinct), processes)
			}
			if lost > 0 || len(got) != processes*opens {
				t.Errorf("%d of %d opens were not told once, %d different ones were", lost, processes*opens, len(got))
			}
		})
	})
	t.Run("short threads", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			if got := len(victimStep(t, engine, "storm").good(t).files()); got != 50 {
				t.Errorf("%d opens, want 50", got)
			}
		})
	})
	t.Run("Go threads", goThreads)
}

// goThreads: a Go program is interrupted by SIGURG all the time, and makes calls anew.
func goThreads(t *testing.T) {
	everyEngine(t, func(t *testing.T, engine trace.Engine) {
		files := 10000
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
		all := supposed(engine, s.good(t).of(event.Open))
		for _, l := range all {
			seen[l]++
		}
		wrong := 0
		for i := range files {
			if n := seen[fmt.Sprintf("open read files/%d ok", i)]; n != 1 {
				if wrong++; wrong <= 10 {
					t.Errorf("file %d: opened %d times, want once", i, n)
				}
			}
		}
		if len(all) != files || wrong > 0 {
			t.Errorf("%d opens, %d files not opened once, want %d opens", len(all), wrong, files)
		}
		if signals < files/10 && engine != trace.Notify { // which sees none
			t.Errorf("%d times SIGURG: that disturbs nobody", signals)
		}
	})
}

// seedRaces: a process that is gone before the engine has got to it is no error.
func seedRaces(t *testing.T) {
	for _, c := range []struct {
		args    []string
		noticed [2]int // of the processes, those that Notify notices for their calls: at least and at most
	}{
		{[]string{"quick", "400"}, [2]int{0, 0}},
		{[]string{"killed", "60"}, [2]int{30, 60}}, // every other one before it is killed
		{[]string{"killedthreads", "30"}, [2]int{0, 30}},
	} {
		t.Run(c.args[0], func(t *testing.T) {
			everyEngine(t, func(t *testing.T, engine trace.Engine) {
				s := victimStep(t, engine, c.args...)
				r := s.good(t)
				forks, exits := len(r.of(event.Fork)), len(r.of(event.Exit))
				n, _ := strconv.Atoi(c.args[1])
				if engine == trace.Notify {
					if noticed := forks - 1; noticed < c.noticed[0] || noticed > c.noticed[1] {
						t.Errorf("%d processes noticed, want %d", noticed, c.noticed)
					}
				} else if forks != n+1 || exits != n+1 {
					t.Errorf("%d forks and %d exits, want %d of each", forks, exits, n+1)
				}
				for _, l := range r.of(event.Incomplete) {
					t.Error(l)
				}
			})
		})
	}
	t.Run("shell", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine)
			s.Args = []string{"/bin/sh", "-c", "i=0; while [ $i -lt 200 ]; do /bin/true & i=$((i+1)); done; wait"}
			r := s.good(t)
			if n := len(r.of(event.Fork)); n != 201 {
				t.Errorf("%d forks, want 201", n)
			}
			if n := len(r.of(event.Exit)); n != 201 && engine != trace.Notify {
				t.Errorf("%d exits, want 201", n)
			}
		})
	})
}

//go:build amd64 || arm64

package trace_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"deptrace/trace"
	"deptrace/trace/event"
)

// TestIncomplete: whatever is not seen or not modelled is said so; what merely looks
// like it, or failed, is not.
func TestIncomplete(t *testing.T) {
	root := os.Geteuid() == 0
	for _, c := range []struct {
		victim string
		want   string
		root   bool // needs privileges
		amd64  bool
	}{
		{victim: "mount", root: true, want: `
			incomplete namespace: unshare
			incomplete mount: mount
			incomplete mount: mount
			incomplete mount: umount2`},
		{victim: "chroot", root: true, want: `incomplete chroot: chroot`},
		{victim: "chrootfails", root: true, want: `access missing ENOENT`},
		{victim: "unshare", root: true, want: `incomplete namespace: unshare`},
		{victim: "setns", root: true, want: `incomplete namespace: setns`},
		{victim: "clonenew", root: true, want: `incomplete namespace: clone3`},
		{victim: "unsharefs", want: `open read f ok`},
		{victim: "handle", want: `
			incomplete file-handle: name_to_handle_at
			access nofollow missing ENOENT`},
		{victim: "iouring", want: `open read f ok`}, // ENOSYS: programs fall back
		{victim: "ringoutside", want: ``},
		{victim: "int80", amd64: true, want: `open read f ok`},
		{victim: "x32", amd64: true, want: `incomplete abi-not-modelled: x32 in victim`},
		{victim: "newer", want: ``}, // there is none: ENOSYS
		{victim: "negative", want: `open read f ok`},
		{victim: "filter", want: `open read f ok`},
	} {
		if c.root && !root || c.amd64 && runtime.GOARCH != "amd64" {
			continue
		}
		t.Run(c.victim, func(t *testing.T) {
			everyEngine(t, func(t *testing.T, engine trace.Engine) {
				wantLines(t, engine, victimStep(t, engine, c.victim).good(t).files(), c.want)
			})
		})
	}
	if !root {
		t.Run("mountfails", func(t *testing.T) {
			everyEngine(t, func(t *testing.T, engine trace.Engine) {
				wantLines(t, engine, victimStep(t, engine, "mountfails").good(t).files(), "")
			})
		})
	}
	t.Run("clone untraced", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			// Either the flag is taken away and the child is followed, or that it is
			// not is said. Its calls must work in any case. A filter is inherited all the same.
			out, r, _ := victimStep(t, engine, "cloneuntraced").output(t)
			got := strings.Join(supposed(engine, r.files()), "\n")
			if got != "2: open read f ok" && (got != "incomplete process-not-followed: clone" || engine == trace.Notify) {
				t.Errorf("got %q, want the open of the child, or that it was not followed", got)
			}
			if out != "opened\n" {
				t.Errorf("the child says %q, want that it has opened the file", out)
			}
		})
	})
	if root {
		for _, call := range []string{"clone", "clone3"} {
			t.Run(call+" untraced into a namespace", func(t *testing.T) {
				everyEngine(t, func(t *testing.T, engine trace.Engine) {
					wantLines(t, engine, victimStep(t, engine, "cloneuntracednew", call).good(t).files(), `
						incomplete namespace: `+call+`
						2: open read f ok`)
				})
			})
		}
	}
	// A step's own listener that takes the opens away and lets them happen.
	t.Run("listener", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			wantOut, want := "listens\n", `
				open read f ok
				2: open read d/g ok`
			if engine == trace.Notify {
				// There can be one listener only, and the step has to do without its own.
				wantOut, want = "busy\n", "incomplete seccomp-listener: seccomp"+want
			}
			out, r, result := victimStep(t, engine, "listener").output(t)
			wantLines(t, engine, r.files(), want)
			if out != wantOut || result.Status != 0 {
				t.Errorf("the step says %q and ends with %+v, want %q and status 0", out, result, wantOut)
			}
		})
	})
	// Calls that a step's own filter refuses have not happened.
	t.Run("filterunlink", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			if engine == trace.Notify {
				// A refusal is stronger than a notification, which then is not made.
				wantLines(t, engine, victimStep(t, engine, "filterunlink").good(t).files(), `open read f ok`)
				return
			}
			for _, l := range victimStep(t, engine, "filterunlink").good(t).files() {
				if l != "open read f ok" && l != "unlink f EPERM" {
					t.Errorf("got %s, want no unlink that happened", l)
				}
			}
		})
	})
	t.Run("bad arguments", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) { victimStep(t, engine, "badargs").good(t) })
	})
	t.Run("sockets", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			wantLines(t, engine, victimStep(t, engine, "unixsocket").good(t).files(), `
				connect d/sock [dlink -> d] unix:DIR/d/sock ENOENT
				bind d/sock [dlink -> d] unix:DIR/d/sock ok
				connect d/sock [dlink -> d] unix:DIR/d/sock ok
				bind d/sock [dlink -> d] unix:DIR/d/sock errno 98
				connect unix:@no such name errno 111`)
		})
	})
}

// TestUndumpable: without the right to look into a process names are not known, and
// that is said. Root has the right.
func TestUndumpable(t *testing.T) {
	root := os.Geteuid() == 0
	for name, args := range map[string][]string{"descriptor": nil, "name": {"more"}} {
		t.Run(name, func(t *testing.T) {
			everyEngine(t, func(t *testing.T, engine trace.Engine) {
				r := victimStep(t, engine, append([]string{"undumpable"}, args...)...).good(t)
				told := strings.Join(supposed(engine, r.files()), "\n")
				if root {
					want := "open write f ok\ntruncate descriptor f to 3 ok"
					if name == "name" {
						want += "\nopen read d/g ok"
					}
					if told != want {
						t.Errorf("got\n%s\nwant\n%s", told, want)
					}
				} else if !strings.Contains(told, "truncate descriptor f to 3 ok") && !strings.Contains(told, "incomplete memory-unreadable") {
					t.Errorf("got\n%s\nwant the truncation, or that it could not be seen", told)
				}
			})
		})
	}
	// A program that may be executed and not read makes such a process.
	t.Run("unreadable program", func(t *testing.T) {
		everyEngine(t, func(t *testing.T, engine trace.Engine) {
			s := victimStep(t, engine)
			b, err := os.ReadFile(victim(t))
			if err != nil {
				t.Fatal(err)
			}
			write(t, s.dir, "prog", string(b), 0o111)
			s.Args = []string{"/bin/sh", "-c", "./prog reads f; exit $?"}
			told := strings.Join(supposed(engine, s.good(t).files()), "\n")
			if !strings.Contains(told, "open read f ok") && !strings.Contains(told, "incomplete memory-unreadable") {
				t.Errorf("got\n%s\nwant the open, or that it could not be seen", told)
			}
			// As the command itself it may be refused, before it has run.
			s.Args = []string{filepath.Join(s.dir, "prog"), "reads", "f"}
			r, _, err := s.try(t)
			var refused *trace.EngineError
			if err != nil && (root || !errors.As(err, &refused) || len(r.of(event.Exec)) > 0) {
				t.Errorf("Run: got %v after %q, want it watched or refused", err, r.story())
			}
		})
	})
}
